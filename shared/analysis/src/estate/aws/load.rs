//! Loads AWS accounts from the shapes of the IAM, S3, KMS and Organizations APIs.

use super::organization::{Organization, OrganizationPolicy, OrganizationPolicyKind};
use super::{Account, Aws};
use crate::estate::files::{self, FileError};
use crate::model::aws::{
    AccessPoint, AccountId, Acl, Arn, Bucket, BucketEncryption, Constraint, Document, Encryption,
    IamKind, IamPrincipal, Key, KeyState, KmsGrant, ManagedPolicy, PublicAccessBlock,
};
use crate::model::json;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

type Loaded<T> = Result<T, FileError>;

impl Aws {
    pub(in crate::estate) fn load_account(
        &mut self,
        path: &str,
        account: &str,
        file: &str,
        content: &[u8],
    ) -> Loaded<()> {
        let id = AccountId::parse(account).ok_or_else(|| {
            FileError::new(
                path,
                format!("the folder `{account}` is not an account id of 12 digits"),
            )
        })?;
        match file {
            "authorization-details.json" => {
                let value = files::json(path, content)?;
                self.accounts.entry(id).or_default().load_iam(path, &value)
            }
            "buckets.json" => {
                self.accounts.entry(id.clone()).or_default().buckets_known = true;
                for (i, value) in files::json_list(path, content)?.iter().enumerate() {
                    let bucket = bucket(&Place { path, at: format!("[{i}]") }, &id, value)?;
                    self.buckets.insert(bucket.name.clone(), (id.clone(), bucket));
                }
                Ok(())
            }
            "keys.json" => {
                self.accounts.entry(id.clone()).or_default().keys_known = true;
                for (i, value) in files::json_list(path, content)?.iter().enumerate() {
                    self.load_key(&Place { path, at: format!("[{i}]") }, value)?;
                }
                Ok(())
            }
            "account.json" => {
                let value = files::json(path, content)?;
                let account = self.accounts.entry(id).or_default();
                account.file_known = true;
                account.block = match value.get("PublicAccessBlock") {
                    None => None,
                    // The account has no configuration: nothing is blocked at this level.
                    Some(Value::Null) => Some(PublicAccessBlock::default()),
                    Some(flags) => {
                        Some(block(&Place { path, at: "PublicAccessBlock".to_owned() }, flags)?)
                    }
                };
                account.organization_id = json::text(&value, "OrganizationId").map(Into::into);
                account.canonical_id = json::first(&value, &["CanonicalUserId", "CanonicalId"])
                    .and_then(Value::as_str)
                    .map(Into::into);
                Ok(())
            }
            // Files that a later version knows.
            _ => Ok(()),
        }
    }

    fn load_key(&mut self, place: &Place<'_>, value: &Value) -> Loaded<()> {
        let metadata =
            value.get("KeyMetadata").ok_or_else(|| place.error("`KeyMetadata` is missing"))?;
        let arn = json::text(metadata, "Arn")
            .and_then(|a| Arn::parse(a).ok())
            .ok_or_else(|| place.error("`KeyMetadata.Arn` is not an ARN"))?;
        for alias in value.get("Aliases").map(json::list).unwrap_or_default() {
            let target = json::text(alias, "TargetKeyId").unwrap_or_else(|| arn.name());
            // One that is listed by its name alone stands in the account and region of its key.
            let (stem, named) =
                (arn.as_str().split(":key/").next(), json::text(alias, "AliasName"));
            let by_name = || Some(format!("{}:{}", stem?, named?));
            let written = json::text(alias, "AliasArn").map(str::to_owned).or_else(by_name);
            if let Some(alias) = written.and_then(|a| Arn::parse(&a).ok()) {
                self.aliases.insert(alias, target.into());
            }
        }
        let listed = value.get("Grants").filter(|g| !g.is_null());
        let grants = listed
            .map(json::list)
            .unwrap_or_default()
            .into_iter()
            .map(|g| grant(place, g).map(|g| (g.id.clone(), g)));
        let grants = grants.collect::<Loaded<BTreeMap<_, _>>>()?;
        let state = match json::text(metadata, "KeyState") {
            None => None,
            Some(text) => Some(
                KeyState::parse(text)
                    .ok_or_else(|| place.error(format!("`{text}` is not a key state")))?,
            ),
        };
        let key = Key {
            state,
            aws_managed: json::text(metadata, "KeyManager") == Some("AWS"),
            policy: document(place, "Policy", value.get("Policy"))?,
            grants,
            grants_known: listed.is_some(),
            rotation: value.get("KeyRotationEnabled").and_then(json::boolean),
            tags: tags(value.get("Tags")),
            arn: arn.clone(),
        };
        self.keys.insert(arn, key);
        Ok(())
    }

    pub(in crate::estate) fn load_organization(
        &mut self,
        path: &str,
        content: &[u8],
    ) -> Loaded<()> {
        let value = files::json(path, content)?;
        let place = Place { path, at: "Organization".to_owned() };
        let about = value.get("Organization").ok_or_else(|| place.error("is missing"))?;
        let mut organization = Organization {
            id: json::text(about, "Id").ok_or_else(|| place.error("`Id` is missing"))?.into(),
            management: json::first(about, &["MasterAccountId", "ManagementAccountId"])
                .and_then(Value::as_str)
                .and_then(AccountId::parse),
            policies_known: value.get("Policies").is_some(),
            ..Organization::default()
        };
        let items = |key: &str| value.get(key).map(json::list).unwrap_or_default();
        for item in items("OrganizationalUnits").into_iter().chain(items("Accounts")) {
            if let (Some(id), Some(parent)) = (json::text(item, "Id"), json::text(item, "ParentId"))
            {
                organization.parents.insert(id.into(), parent.into());
            }
        }
        organization.accounts = items("Accounts")
            .into_iter()
            .filter_map(|a| AccountId::parse(json::text(a, "Id")?))
            .collect();
        organization.accounts.extend(organization.management.clone());
        for (i, item) in items("Policies").into_iter().enumerate() {
            let place = Place { path, at: format!("Policies[{i}]") };
            let (id, policy) = organization_policy(&place, item)?;
            organization.policies.insert(id, policy);
        }
        self.organization = Some(organization);
        Ok(())
    }
}

fn organization_policy(place: &Place<'_>, item: &Value) -> Loaded<(Arc<str>, OrganizationPolicy)> {
    let summary =
        item.get("PolicySummary").ok_or_else(|| place.error("`PolicySummary` is missing"))?;
    let id =
        json::text(summary, "Id").ok_or_else(|| place.error("`PolicySummary.Id` is missing"))?;
    let kind = match json::text(summary, "Type") {
        Some("SERVICE_CONTROL_POLICY") => OrganizationPolicyKind::Service,
        Some("RESOURCE_CONTROL_POLICY") => OrganizationPolicyKind::Resource,
        Some("S3_POLICY") => OrganizationPolicyKind::Storage,
        Some(_) | None => OrganizationPolicyKind::Other,
    };
    let targets = item.get("Targets").ok_or_else(|| {
        place.error(
            "`Targets` is missing: add what `aws organizations list-targets-for-policy` gives",
        )
    })?;
    let targets = json::list(targets);
    let policy = OrganizationPolicy {
        kind,
        name: json::text(summary, "Name").unwrap_or(id).into(),
        document: match kind {
            OrganizationPolicyKind::Service | OrganizationPolicyKind::Resource => {
                document(place, "Content", item.get("Content"))?
            }
            OrganizationPolicyKind::Storage | OrganizationPolicyKind::Other => None,
        },
        block: match kind {
            OrganizationPolicyKind::Storage => public_access_of(item.get("Content")),
            OrganizationPolicyKind::Service
            | OrganizationPolicyKind::Resource
            | OrganizationPolicyKind::Other => None,
        },
        targets: targets
            .into_iter()
            .filter_map(|t| Some(json::text(t, "TargetId")?.into()))
            .collect(),
    };
    Ok((id.into(), policy))
}

/// Block Public Access in an S3 policy of the organisation: all four settings or none.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_s3_syntax.html>
fn public_access_of(content: Option<&Value>) -> Option<PublicAccessBlock> {
    let parsed = match content? {
        Value::String(text) => serde_json::from_str(text).ok()?,
        other @ (Value::Object(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Array(_)) => other.clone(),
    };
    let assigned = parsed.get("s3_attributes")?.get("public_access_block_configuration")?;
    let word = assigned.get("@@assign").unwrap_or(assigned).as_str()?;
    match word {
        "all" => Some(PublicAccessBlock {
            block_public_acls: true,
            ignore_public_acls: true,
            block_public_policy: true,
            restrict_public_buckets: true,
        }),
        "none" => Some(PublicAccessBlock::default()),
        _ => None,
    }
}

struct Place<'a> {
    path: &'a str,
    at: String,
}

impl Place<'_> {
    fn error(&self, problem: impl AsRef<str>) -> FileError {
        FileError::new(self.path, format!("`{}`: {}", self.at, problem.as_ref()))
    }
}

fn document(place: &Place<'_>, key: &str, value: Option<&Value>) -> Loaded<Option<Document>> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            Document::parse(value).map(Some).map_err(|e| place.error(format!("`{key}`: {e}")))
        }
    }
}

fn block(place: &Place<'_>, value: &Value) -> Loaded<PublicAccessBlock> {
    let flags = value.get("PublicAccessBlockConfiguration").unwrap_or(value);
    serde_json::from_value(flags.clone()).map_err(|e| place.error(e.to_string()))
}

/// `[{Key, Value}]` as IAM and S3 write tags, `[{TagKey, TagValue}]` as KMS does.
fn tags(value: Option<&Value>) -> BTreeMap<Arc<str>, Arc<str>> {
    let items = value.map(json::list).unwrap_or_default();
    let text = |tag: &Value, keys: [&str; 2]| {
        json::first(tag, &keys).and_then(Value::as_str).map(Arc::<str>::from)
    };
    items
        .into_iter()
        .filter_map(|t| Some((text(t, ["Key", "TagKey"])?, text(t, ["Value", "TagValue"])?)))
        .collect()
}

fn bucket(place: &Place<'_>, account: &AccountId, value: &Value) -> Loaded<Bucket> {
    let name = json::text(value, "Name").ok_or_else(|| place.error("`Name` is missing"))?;
    let mut bucket = Bucket::unknown(name);
    bucket.region = json::text(value, "Region").unwrap_or_default().into();
    bucket.policy = match value.get("Policy") {
        None => None,
        some => Some(document(place, "Policy", some)?),
    };
    bucket.block = match value.get("PublicAccessBlock") {
        None => None,
        Some(Value::Null) => Some(PublicAccessBlock::default()),
        Some(flags) => Some(block(place, flags)?),
    };
    bucket.encryption = encryption(place, value)?;
    bucket.acl = match value.get("Acl") {
        None => None,
        Some(Value::Null) => Some(Acl::default()),
        Some(acl) => Some(
            Acl::parse(acl).ok_or_else(|| place.error("`Acl` is not an access control list"))?,
        ),
    };
    bucket.ownership = match value.get("OwnershipControls") {
        None => None,
        // No ownership controls: ACLs count, the writer owns.
        Some(Value::Null) => Some(crate::model::aws::Ownership::ObjectWriter),
        Some(controls) => {
            let rule = controls
                .get("Rules")
                .map(json::list)
                .unwrap_or_default()
                .first()
                .and_then(|r| r.get("ObjectOwnership"))
                .cloned();
            let word = rule.ok_or_else(|| {
                place.error("`OwnershipControls.Rules[0].ObjectOwnership` is missing")
            })?;
            Some(
                serde_json::from_value(word)
                    .map_err(|e| place.error(format!("`OwnershipControls`: {e}")))?,
            )
        }
    };
    bucket.tags = tags(value.get("Tags"));
    bucket.abac = match value.get("Abac").or_else(|| value.get("AbacStatus")) {
        None => None,
        // Never switched on.
        Some(Value::Null) => Some(false),
        Some(Value::String(status)) => Some(status == "Enabled"),
        Some(abac) => Some(json::text(abac, "Status") == Some("Enabled")),
    };
    for point in value.get("AccessPoints").map(json::list).unwrap_or_default() {
        let (name, point) = access_point(place, account, &bucket.region, point)?;
        bucket.access_points.insert(name, point);
    }
    Ok(bucket)
}

fn access_point(
    place: &Place<'_>,
    account: &AccountId,
    region: &str,
    point: &Value,
) -> Loaded<(Arc<str>, AccessPoint)> {
    let name =
        json::text(point, "Name").ok_or_else(|| place.error("an access point has no `Name`"))?;
    let arn = match json::text(point, "AccessPointArn") {
        Some(arn) => arn.to_owned(),
        None => format!("arn:aws:s3:{region}:{account}:accesspoint/{name}"),
    };
    let policy = match point.get("Policy") {
        None => None,
        some => Some(document(place, "AccessPoints[].Policy", some)?),
    };
    let block =
        point.get("PublicAccessBlockConfiguration").or_else(|| point.get("PublicAccessBlock"));
    let vpc_only =
        json::text(point, "NetworkOrigin").is_some_and(|o| o.eq_ignore_ascii_case("VPC"));
    let point = AccessPoint {
        arn: Arn::parse(&arn).map_err(|e| place.error(format!("`AccessPointArn`: {e}")))?,
        vpc_only,
        policy,
        block: block.map(|b| self::block(place, b)).transpose()?,
    };
    Ok((name.into(), point))
}

fn encryption(place: &Place<'_>, value: &Value) -> Loaded<Option<BucketEncryption>> {
    let Some(configuration) = value.get("Encryption") else { return Ok(None) };
    let rules = configuration.get("Rules").map(json::list).unwrap_or_default();
    let current = match rules.first() {
        // Since January 2023 a bucket without a configuration encrypts with SSE-S3.
        None => Encryption::S3Managed,
        Some(rule) => Encryption::of_rule(rule)
            .ok_or_else(|| place.error("`Encryption.Rules[0]` is not an encryption rule"))?,
    };
    let former = json::first(value, &["FormerKeys", "FormerKmsKeys", "FormerEncryption"])
        .map(json::list)
        .unwrap_or_default();
    let former = former.into_iter().filter_map(|f| match f.as_str() {
        Some(key) => Some(Encryption::Kms { key: key.into(), dual_layer: false, bucket_key: None }),
        None => Encryption::of_rule(f),
    });
    Ok(Some(BucketEncryption {
        former: former.filter(|f| *f != current).collect::<BTreeSet<_>>(),
        current,
    }))
}

fn grant(place: &Place<'_>, value: &Value) -> Loaded<KmsGrant> {
    let text = |key: &str| json::text(value, key);
    // A service that made the grant for itself may be named in a field of its own.
    let grantee = text("GranteePrincipal")
        .or_else(|| text("GranteeServicePrincipal"))
        .ok_or_else(|| place.error("a grant has no `GranteePrincipal`"))?;
    let operations = value.get("Operations").and_then(json::strings).unwrap_or_default();
    let issuer = text("IssuingAccount").unwrap_or_default();
    Ok(KmsGrant {
        id: text("GrantId").ok_or_else(|| place.error("a grant has no `GrantId`"))?.into(),
        grantee: grantee.into(),
        operations: operations.into_iter().map(Into::into).collect(),
        constraints: value.get("Constraints").map(Constraint::parse).unwrap_or_default(),
        retiring: text("RetiringPrincipal").map(Into::into),
        for_service: KmsGrant::grantee_is_service(grantee) || issuer.ends_with(".amazonaws.com"),
    })
}

impl Account {
    fn load_iam(&mut self, path: &str, value: &Value) -> Loaded<()> {
        self.iam_known = true;
        let lists = [
            ("UserDetailList", IamKind::User, "UserName", "UserId", "UserPolicyList"),
            ("RoleDetailList", IamKind::Role, "RoleName", "RoleId", "RolePolicyList"),
            ("GroupDetailList", IamKind::Group, "GroupName", "GroupId", "GroupPolicyList"),
        ];
        for (list, kind, name, id, inline) in lists {
            let items = value.get(list).map(json::list).unwrap_or_default();
            for (i, item) in items.into_iter().enumerate() {
                let place = Place { path, at: format!("{list}[{i}]") };
                let principal = principal(&place, item, kind, id, inline)?;
                let name = json::text(item, name).unwrap_or_else(|| principal.name());
                self.principals.insert((kind, name.into()), principal);
            }
        }
        for (i, item) in
            value.get("Policies").map(json::list).unwrap_or_default().into_iter().enumerate()
        {
            let policy = managed_policy(&Place { path, at: format!("Policies[{i}]") }, item)?;
            self.policies.insert(policy.arn.clone(), policy);
        }
        Ok(())
    }
}

fn principal(
    place: &Place<'_>,
    item: &Value,
    kind: IamKind,
    id: &str,
    inline: &str,
) -> Loaded<IamPrincipal> {
    let arn = json::text(item, "Arn")
        .and_then(|a| Arn::parse(a).ok())
        .ok_or_else(|| place.error("`Arn` is not an ARN"))?;
    let mut principal = IamPrincipal::new(arn, kind);
    principal.unique_id = json::text(item, id).map(Into::into);
    for policy in item.get(inline).map(json::list).unwrap_or_default() {
        let name = json::text(policy, "PolicyName")
            .ok_or_else(|| place.error(format!("`{inline}` has a policy without `PolicyName`")))?;
        let document = document(place, name, policy.get("PolicyDocument"))?
            .ok_or_else(|| place.error(format!("policy `{name}` has no document")))?;
        principal.inline.insert(name.into(), document);
    }
    for attached in item.get("AttachedManagedPolicies").map(json::list).unwrap_or_default() {
        let policy = json::text(attached, "PolicyArn").and_then(|a| Arn::parse(a).ok());
        principal.attached.insert(
            policy.ok_or_else(|| {
                place.error("`AttachedManagedPolicies` has a policy without an ARN")
            })?,
        );
    }
    if let Some(boundary) = item.get("PermissionsBoundary").filter(|b| !b.is_null()) {
        let policy =
            json::text(boundary, "PermissionsBoundaryArn").and_then(|a| Arn::parse(a).ok());
        principal.boundary =
            Some(policy.ok_or_else(|| place.error("`PermissionsBoundaryArn` is not an ARN"))?);
    }
    principal.trust =
        document(place, "AssumeRolePolicyDocument", item.get("AssumeRolePolicyDocument"))?;
    let groups = item.get("GroupList").map(json::list).unwrap_or_default();
    principal.groups = groups.into_iter().filter_map(|g| Some(g.as_str()?.into())).collect();
    principal.tags = tags(item.get("Tags"));
    Ok(principal)
}

fn managed_policy(place: &Place<'_>, item: &Value) -> Loaded<ManagedPolicy> {
    let arn = json::text(item, "Arn")
        .and_then(|a| Arn::parse(a).ok())
        .ok_or_else(|| place.error("`Arn` is not an ARN"))?;
    let mut versions = BTreeMap::new();
    let mut default = json::text(item, "DefaultVersionId").map(Arc::<str>::from);
    for version in item.get("PolicyVersionList").map(json::list).unwrap_or_default() {
        let id = json::text(version, "VersionId")
            .ok_or_else(|| place.error("a version has no `VersionId`"))?;
        if let Some(document) = document(place, id, version.get("Document"))? {
            versions.insert(Arc::<str>::from(id), document);
        }
        if default.is_none()
            && version.get("IsDefaultVersion").and_then(json::boolean) == Some(true)
        {
            default = Some(id.into());
        }
    }
    let default_version = default.ok_or_else(|| place.error("no version is the default"))?;
    Ok(ManagedPolicy { arn, default_version, versions })
}
