//! Looks things up in the files of an estate, each time anew.

use serde_json::Value;
use std::collections::BTreeMap;

/// The estate's files as JSON, by path (`aws/<account>/buckets.json`).
pub type Estate = BTreeMap<String, Value>;

/// A text field.
pub(super) fn text(value: &Value, field: &str) -> Option<String> {
    value.get(field).and_then(Value::as_str).map(str::to_owned)
}

/// A list field; empty when it is absent.
pub(super) fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn is(value: &Value, field: &str, wanted: &str) -> bool {
    value.get(field).and_then(Value::as_str) == Some(wanted)
}

fn iam<'a>(estate: &'a Estate, account: &str, kind: &str) -> &'a [Value] {
    estate
        .get(&format!("aws/{account}/authorization-details.json"))
        .map(|details| list(details, kind))
        .unwrap_or_default()
}

pub(super) fn user<'a>(estate: &'a Estate, account: &str, arn: &str) -> Option<&'a Value> {
    iam(estate, account, "UserDetailList").iter().find(|u| is(u, "Arn", arn))
}

pub(super) fn role<'a>(estate: &'a Estate, account: &str, arn: &str) -> Option<&'a Value> {
    iam(estate, account, "RoleDetailList").iter().find(|r| is(r, "Arn", arn))
}

pub(super) fn role_named<'a>(estate: &'a Estate, account: &str, name: &str) -> Option<&'a Value> {
    iam(estate, account, "RoleDetailList").iter().find(|r| is(r, "RoleName", name))
}

pub(super) fn group<'a>(estate: &'a Estate, account: &str, name: &str) -> Option<&'a Value> {
    let groups = iam(estate, account, "GroupDetailList").iter();
    groups.rev().find(|g| text(g, "Arn").is_some_and(|arn| arn.rsplit('/').next() == Some(name)))
}

/// The document of the default version of a managed policy.
pub(super) fn managed_policy<'a>(
    estate: &'a Estate,
    account: &str,
    arn: &str,
) -> Option<&'a Value> {
    let policy = iam(estate, account, "Policies").iter().find(|p| is(p, "Arn", arn))?;
    let is_default = |version: &&Value| match text(policy, "DefaultVersionId") {
        Some(default) => is(version, "VersionId", &default),
        None => version.get("IsDefaultVersion").and_then(Value::as_bool) == Some(true),
    };
    list(policy, "PolicyVersionList").iter().find(is_default)?.get("Document")
}

/// The bucket's name in the ARN of a bucket or object.
pub(super) fn bucket_name(arn: &str) -> &str {
    arn.rsplit(":::").next().and_then(|path| path.split('/').next()).unwrap_or_default()
}

fn in_files<'a>(estate: &'a Estate, file: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    estate.iter().filter_map(move |(path, content)| {
        let account = path.strip_prefix("aws/")?.strip_suffix(file)?.strip_suffix('/')?;
        Some((account, content))
    })
}

pub(super) fn bucket<'a>(estate: &'a Estate, name: &str) -> Option<&'a Value> {
    in_files(estate, "buckets.json")
        .flat_map(|(_, buckets)| buckets.as_array().into_iter().flatten())
        .find(|b| is(b, "Name", name))
}

pub(super) fn bucket_owner(estate: &Estate, name: &str) -> Option<String> {
    in_files(estate, "buckets.json")
        .find(|(_, buckets)| buckets.as_array().into_iter().flatten().any(|b| is(b, "Name", name)))
        .map(|(account, _)| account.to_owned())
}

pub(super) fn key<'a>(estate: &'a Estate, arn: &str) -> Option<&'a Value> {
    in_files(estate, "keys.json")
        .flat_map(|(_, keys)| keys.as_array().into_iter().flatten())
        .find(|k| k.get("KeyMetadata").is_some_and(|m| is(m, "Arn", arn)))
}

/// `alias/…`, as `kms:ResourceAliases` has them.
pub(super) fn aliases(key: &Value) -> Vec<String> {
    list(key, "Aliases").iter().filter_map(|a| text(a, "AliasName")).collect()
}

/// `Key` and `Value`, as IAM and S3 write tags; `TagKey` and `TagValue`, as KMS does.
pub(super) fn tags(owner: &Value) -> Vec<(String, String)> {
    let pair = |tag: &Value| {
        let key = text(tag, "Key").or_else(|| text(tag, "TagKey"))?;
        let value = text(tag, "Value").or_else(|| text(tag, "TagValue"))?;
        Some((key, value))
    };
    list(owner, "Tags").iter().filter_map(pair).collect()
}

pub(super) fn abac_enabled(bucket: &Value) -> bool {
    bucket.get("Abac").is_some_and(|a| is(a, "Status", "Enabled"))
}

fn encryption(bucket: &Value) -> Option<&Value> {
    bucket.get("Encryption").and_then(|e| list(e, "Rules").first())
}

/// The key that new and old objects are encrypted with; none for SSE-S3.
pub(super) fn encryption_key(bucket: &Value) -> Option<String> {
    let default = encryption(bucket)?.get("ApplyServerSideEncryptionByDefault")?;
    let algorithm = text(default, "SSEAlgorithm")?;
    algorithm.starts_with("aws:kms").then(|| text(default, "KMSMasterKeyID"))?
}

pub(super) fn bucket_key_enabled(bucket: &Value) -> bool {
    encryption(bucket).and_then(|r| r.get("BucketKeyEnabled")).and_then(Value::as_bool)
        == Some(true)
}

fn organization(estate: &Estate) -> Option<&Value> {
    estate.get("aws/organization.json")
}

/// The management account, by which the organisation is paid.
pub(super) fn is_management(estate: &Estate, account: &str) -> bool {
    organization(estate)
        .and_then(|o| o.get("Organization"))
        .is_some_and(|about| is(about, "MasterAccountId", account))
}

fn parent(estate: &Estate, id: &str) -> Option<String> {
    let organization = organization(estate)?;
    let units = list(organization, "OrganizationalUnits").iter();
    let all = units.chain(list(organization, "Accounts"));
    all.into_iter().find(|item| is(item, "Id", id)).and_then(|item| text(item, "ParentId"))
}

/// The organisation that an account is a member of.
pub(super) fn organization_of(estate: &Estate, account: &str) -> Option<String> {
    let organization = organization(estate)?;
    let member = list(organization, "Accounts").iter().any(|a| is(a, "Id", account));
    let about = organization.get("Organization")?;
    if member || is_management(estate, account) { text(about, "Id") } else { None }
}

/// The root, the units below it, and the account: where organisation policies are attached.
pub(super) fn levels(estate: &Estate, account: &str) -> Vec<String> {
    let mut levels = vec![account.to_owned()];
    while let Some(above) = levels.last().and_then(|id| parent(estate, id)) {
        levels.push(above);
    }
    levels.reverse();
    levels
}

/// `o-…/r-…/ou-…/`, as `aws:PrincipalOrgPaths` has it.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed-view-data-orgs.html#access_policies_last-accessed-viewing-orgs-entity-path>
pub(super) fn organization_path(estate: &Estate, account: &str) -> Option<String> {
    let mut path = vec![organization_of(estate, account)?];
    let mut levels = levels(estate, account);
    levels.pop();
    path.extend(levels);
    Some(path.join("/") + "/")
}

fn policies<'a>(estate: &'a Estate, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    let all = organization(estate).map(|o| list(o, "Policies")).unwrap_or_default();
    all.iter().filter(move |p| p.get("PolicySummary").is_some_and(|s| is(s, "Type", kind)))
}

/// Whether the organisation has any policy of a type.
pub(super) fn has_policies(estate: &Estate, kind: &str) -> bool {
    policies(estate, kind).next().is_some()
}

/// The organisation policies of a type that are attached to a root, unit or account.
pub(super) fn policies_at(estate: &Estate, level: &str, kind: &str) -> Vec<Value> {
    policies(estate, kind)
        .filter(|p| list(p, "Targets").iter().any(|t| is(t, "TargetId", level)))
        .filter_map(|p| p.get("Content").cloned())
        .collect()
}
