//! A protection was taken away: high when that changed access, else medium.

use super::{Case, Remark};
use crate::change::{
    AwsEdit, AzureEdit, BucketEdit, Claim, Edit, GcpEdit, KeyEdit, Kind, PrincipalEdit,
};
use crate::model::aws::{
    AccountId, Arn, Document, Effect, IamKind, Ownership, PublicAccessBlock, Statement,
};
use crate::model::azure::{ArmKind, ArmResource, KeySource};
use crate::model::gcp::{Asset, AssetKind};
use crate::model::{Severity, json};
use serde_json::Value;

pub(super) fn judge(case: &Case<'_>) -> Option<Remark> {
    let gives = !case.difference.gained.is_empty() || !case.difference.latent.is_empty();
    let by_edit = case
        .edits
        .iter()
        .find_map(|edit| case.inverse.iter().find_map(|was| weakened(edit, was, gives)));
    let what = by_edit.or_else(|| detached_deny(case)).or_else(|| by_kind(case))?;
    let severity = if gives { Severity::High } else { Severity::Medium };
    Some(Remark {
        severity,
        why: format!(
            "{what} on {}",
            if case.change.resource.is_empty() { "a resource" } else { &case.change.resource }
        ),
    })
}

/// A managed policy with a Deny was detached, or a user left a group that holds one.
fn detached_deny(case: &Case<'_>) -> Option<&'static str> {
    let aws = &case.after.aws;
    let denies = |account: &AccountId, policy: &Arn| {
        aws.managed_document(account, policy)
            .is_some_and(|d| d.statements().iter().any(|s| s.effect == Effect::Deny))
    };
    case.edits.iter().find_map(|edit| match edit {
        Edit::Aws(AwsEdit::Principal(
            who,
            PrincipalEdit::Attachment { policy, attached: false },
        )) => denies(&who.account, policy).then_some("a policy with a Deny was detached"),
        Edit::Aws(AwsEdit::Principal(who, PrincipalEdit::Membership { group, member: false })) => {
            let account = aws.accounts.get(&who.account)?;
            let group = account.principals.get(&(IamKind::Group, group.clone()))?;
            let inline = group.inline.values().any(|d| lost_deny(None, Some(d)));
            let attached = group.attached.iter().any(|p| denies(&who.account, p));
            (inline || attached).then_some("a user left a group with a Deny")
        }
        Edit::Aws(_) | Edit::Azure(_) | Edit::Gcp(_) => None,
    })
}

/// What an edit took away, told from the edit that would put it back.
fn weakened(edit: &Edit, was: &Edit, gives: bool) -> Option<&'static str> {
    match (edit, was) {
        (Edit::Aws(is), Edit::Aws(was)) => aws(is, was, gives),
        (Edit::Azure(is), Edit::Azure(was)) => azure(is, was),
        (Edit::Gcp(is), Edit::Gcp(was)) => gcp(is, was, gives),
        (Edit::Aws(_) | Edit::Azure(_) | Edit::Gcp(_), _) => None,
    }
}

fn aws(is: &AwsEdit, was: &AwsEdit, gives: bool) -> Option<&'static str> {
    match (is, was) {
        (AwsEdit::Bucket(_, is), AwsEdit::Bucket(_, was)) => store(is, was),
        (AwsEdit::Principal(_, is), AwsEdit::Principal(_, was)) => principal(is, was, gives),
        (AwsEdit::Key(_, KeyEdit::Policy(is)), AwsEdit::Key(_, KeyEdit::Policy(was))) => {
            lost_deny(is.as_ref(), was.as_ref())
                .then_some("a Deny of the key policy was removed or narrowed")
        }
        (AwsEdit::AccountBlock { block: is, .. }, AwsEdit::AccountBlock { block: was, .. }) => {
            weaker_block(*is, *was)
        }
        (
            AwsEdit::OrganizationPolicy { document: is, .. },
            AwsEdit::OrganizationPolicy { document: was, .. },
        ) => lost_deny(is.as_ref(), was.as_ref())
            .then_some("a Deny of a policy of the organisation was removed or narrowed"),
        (
            AwsEdit::OrganizationAttachment { attached: false, .. },
            AwsEdit::OrganizationAttachment { attached: true, .. },
        ) => Some("a policy of the organisation was detached"),
        (_, _) => None,
    }
}

fn store(is: &BucketEdit, was: &BucketEdit) -> Option<&'static str> {
    match (is, was) {
        (BucketEdit::Block(is), BucketEdit::Block(was)) => weaker_block(*is, *was),
        (BucketEdit::Policy(is), BucketEdit::Policy(was)) => {
            lost_deny(is.as_ref().and_then(Option::as_ref), was.as_ref().and_then(Option::as_ref))
                .then_some("a Deny of the bucket policy was removed or narrowed")
        }
        (BucketEdit::Ownership(is), BucketEdit::Ownership(was)) => {
            let enforced =
                |o: &Option<Ownership>| matches!(o, Some(Ownership::BucketOwnerEnforced));
            (!enforced(is) && (enforced(was) || was.is_none())).then_some("ACLs were switched on")
        }
        (_, _) => None,
    }
}

fn principal(is: &PrincipalEdit, was: &PrincipalEdit, gives: bool) -> Option<&'static str> {
    match (is, was) {
        (
            PrincipalEdit::Inline { document: is, .. },
            PrincipalEdit::Inline { document: was, .. },
        ) => lost_deny(is.as_ref(), was.as_ref())
            .then_some("a Deny of an inline policy was removed or narrowed"),
        (PrincipalEdit::Boundary(None), PrincipalEdit::Boundary(Some(_))) => {
            Some("the permissions boundary was removed")
        }
        // Another boundary may be a tighter one: only what it gives tells.
        (PrincipalEdit::Boundary(Some(is)), PrincipalEdit::Boundary(Some(was)))
            if is != was && gives =>
        {
            Some("the permissions boundary was replaced by a wider one")
        }
        (_, _) => None,
    }
}

fn weaker_block(
    is: Option<PublicAccessBlock>,
    was: Option<PublicAccessBlock>,
) -> Option<&'static str> {
    // Unknown flags may all have been on.
    let all = PublicAccessBlock {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };
    let holds = is.is_some_and(|is| is.holds(was.unwrap_or(all)));
    (!holds).then_some("Block Public Access was weakened")
}

/// Whether a Deny that stood before is covered by none that stands now.
fn lost_deny(is: Option<&Document>, was: Option<&Document>) -> bool {
    let denies = |d: Option<&Document>| -> Vec<Statement> {
        let statements = d.map(Document::statements).unwrap_or_default();
        statements.iter().filter(|s| s.effect == Effect::Deny).cloned().collect()
    };
    let now = denies(is);
    denies(was).iter().any(|gone| !now.iter().any(|s| s.covers(gone)))
}

fn azure(is: &AzureEdit, was: &AzureEdit) -> Option<&'static str> {
    match (is, was) {
        (AzureEdit::Deny { state: None, .. }, AzureEdit::Deny { state: Some(_), .. }) => {
            Some("a deny assignment was deleted")
        }
        (AzureEdit::Resource { id, state: None }, AzureEdit::Resource { state: Some(was), .. })
            if was.kind() == ArmKind::Lock && id == &was.id =>
        {
            Some("a lock was deleted")
        }
        (
            AzureEdit::Resource { state: Some(is), .. },
            AzureEdit::Resource { state: Some(was), .. },
        ) => resource(is, was),
        (AzureEdit::Patch { .. }, AzureEdit::Resource { state: Some(was), .. }) => {
            resource(&is.resource_after(was)?, was)
        }
        (_, _) => None,
    }
}

fn resource(is: &ArmResource, was: &ArmResource) -> Option<&'static str> {
    let by_network =
        matches!(was.kind(), ArmKind::StorageAccount | ArmKind::Vault) && network_loosened(is, was);
    if by_network {
        return Some("network rules were opened");
    }
    match was.kind() {
        ArmKind::StorageAccount => {
            let (is, was) = (is.storage_account(), was.storage_account());
            if is.allow_blob_public_access == Some(true)
                && was.allow_blob_public_access == Some(false)
            {
                Some("anonymous access was allowed")
            } else if is.allow_shared_key_access && !was.allow_shared_key_access {
                Some("shared keys were allowed")
            } else if matches!(was.key_source, KeySource::Customer { .. })
                && matches!(is.key_source, KeySource::Microsoft)
            {
                Some("the customer-managed key was given up")
            } else {
                None
            }
        }
        ArmKind::Lock => {
            let read_only = |r: &ArmResource| {
                r.lock_level().is_some_and(|l| l.eq_ignore_ascii_case("readonly"))
            };
            (read_only(was) && !read_only(is)).then_some("a lock was weakened")
        }
        ArmKind::Container
        | ArmKind::EncryptionScope
        | ArmKind::Vault
        | ArmKind::Key
        | ArmKind::Identity
        | ArmKind::Other => None,
    }
}

fn gcp(is: &GcpEdit, was: &GcpEdit, gives: bool) -> Option<&'static str> {
    match (is, was) {
        (GcpEdit::Asset { state: Some(is), .. }, GcpEdit::Asset { state: Some(was), .. })
            if was.kind() == AssetKind::Bucket =>
        {
            bucket(is, was)
        }
        (GcpEdit::Deny { policy: None, .. }, GcpEdit::Deny { policy: Some(_), .. }) => {
            Some("a deny policy was deleted")
        }
        (
            GcpEdit::OrgPolicies { constraints: Some(is), .. },
            GcpEdit::OrgPolicies { constraints: was, .. },
        ) if gives || lifted(is, was.as_deref().unwrap_or_default()) => {
            Some("a constraint of the organisation was lifted")
        }
        (_, _) => None,
    }
}

/// Whether the firewall of an account or a vault lets more through than before.
/// <https://learn.microsoft.com/azure/storage/common/storage-network-security>
fn network_loosened(is: &ArmResource, was: &ArmResource) -> bool {
    let text = |r: &ArmResource, path: &[&str]| {
        r.property(path).and_then(Value::as_str).map(str::to_lowercase)
    };
    let becomes = |path: &[&str], from: &str, to: &str| {
        text(was, path).as_deref() == Some(from) && text(is, path).as_deref() == Some(to)
    };
    let rules = |r: &ArmResource, list: &str| -> Vec<Value> {
        let found = r.property(&["networkAcls", list]).map(json::list).unwrap_or_default();
        found.into_iter().cloned().collect()
    };
    let added = |list: &str| {
        let earlier = rules(was, list);
        rules(is, list).iter().any(|rule| !earlier.contains(rule))
    };
    // While everything is allowed, a list of what is allowed says nothing.
    let denies =
        |r: &ArmResource| text(r, &["networkAcls", "defaultAction"]).as_deref() == Some("deny");
    denies(was) && text(is, &["networkAcls", "defaultAction"]).as_deref() == Some("allow")
        || becomes(&["publicNetworkAccess"], "disabled", "enabled")
        || becomes(&["networkAcls", "bypass"], "none", "azureservices")
        || denies(was) && (added("ipRules") || added("virtualNetworkRules"))
}

/// Whether a constraint that stood before is gone, is enforced no longer, or lists other values.
fn lifted(is: &[Value], was: &[Value]) -> bool {
    let name = |c: &Value| json::any_case_str(c, &["constraint"]).map(str::to_owned);
    let enforced =
        |c: &Value| json::any_case_path(c, &["booleanPolicy", "enforced"]).and_then(json::boolean);
    let lists = |c: &Value| json::any_case(c, "listPolicy").cloned();
    was.iter().any(|was| match is.iter().find(|is| name(is) == name(was)) {
        None => enforced(was) != Some(false),
        Some(is) => {
            enforced(was) == Some(true) && enforced(is) != Some(true)
                || lists(was).is_some() && lists(is) != lists(was)
        }
    })
}

fn bucket(is: &Asset, was: &Asset) -> Option<&'static str> {
    let seconds = |asset: &Asset, (part, name): (&str, &str)| {
        let value = asset.data.get(part).and_then(|o| o.get(name));
        value.map_or(0, |v| match v {
            Value::String(text) => text.parse().unwrap_or(0),
            Value::Number(n) => n.as_u64().unwrap_or(0),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => 0,
        })
    };
    let shorter = |part: &str, name: &str| seconds(is, (part, name)) < seconds(was, (part, name));
    if shorter("retentionPolicy", "retentionPeriod") {
        return Some("the retention policy was removed or shortened");
    }
    if shorter("softDeletePolicy", "retentionDurationSeconds") {
        return Some("soft delete was switched off or shortened");
    }
    let (is, was) = (is.bucket(), was.bucket());
    if was.default_key.is_some() && is.default_key.is_none() {
        return Some("the default key was removed, new objects get Google's own,");
    }
    if was.public_access_prevented == Some(true) && is.public_access_prevented != Some(true) {
        Some("public access prevention was lowered")
    } else if was.uniform_access == Some(true) && is.uniform_access != Some(true) {
        Some("uniform bucket-level access was switched off")
    } else {
        None
    }
}

/// Guards that the estate does not hold: their kind says that something was taken away. A change of which the new state was
/// not read is another rule's matter.
fn by_kind(case: &Case<'_>) -> Option<&'static str> {
    let outside = case.edits.is_empty() && matches!(case.change.claim, Claim::Outside);
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the other guards are judged by their edits"
    )]
    match case.change.kind {
        Kind::PolicyGuardChanged if outside => {
            Some("a policy assignment was deleted or an exemption made")
        }
        Kind::OrganizationPolicyChanged if outside => {
            Some("the organisation's policies or structure were changed")
        }
        Kind::PerimeterChanged if outside => Some("a service perimeter was changed"),
        Kind::ProjectMoved if outside => Some("a project was moved or changed"),
        _ => None,
    }
}

#[cfg(test)]
mod setting_tests {
    use super::*;
    use serde_json::json;

    fn account(properties: &Value) -> ArmResource {
        let id = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/a";
        ArmResource::parse(&json!({"id": id, "type": "Microsoft.Storage/storageAccounts", "properties": properties})).unwrap()
    }

    #[test]
    fn which_changes_of_a_firewall_let_more_through() {
        let denies = |more: Value| {
            let mut acls = json!({"defaultAction": "Deny", "bypass": "None", "ipRules": []});
            json::merge(&mut acls, &more);
            json!({"networkAcls": acls})
        };
        let base = denies(json!({}));
        let cases = [
            (denies(json!({"defaultAction": "Allow"})), true),
            (denies(json!({"bypass": "AzureServices"})), true),
            (denies(json!({"ipRules": [{"value": "0.0.0.0/1"}]})), true),
            (base.clone(), false),
        ];
        for (is, expect) in cases {
            assert_eq!(network_loosened(&account(&is), &account(&base)), expect, "{is}");
            assert!(!network_loosened(&account(&base), &account(&is)), "back from {is}");
        }
    }

    #[test]
    fn which_constraints_count_as_lifted() {
        let constraint = |enforced: bool| {
            vec![json!({"constraint": "c", "booleanPolicy": {"enforced": enforced}})]
        };
        let list = |value: &str| {
            vec![json!({"constraint": "d", "listPolicy": {"allowedValues": [value]}})]
        };
        let cases = [
            (constraint(true), vec![], true),
            (constraint(true), constraint(false), true),
            (list("y"), list("x"), true),
            (constraint(false), constraint(true), false),
            (vec![], constraint(true), false),
            (list("x"), list("x"), false),
        ];
        for (was, is, expect) in cases {
            assert_eq!(lifted(&is, &was), expect, "{was:?} -> {is:?}");
        }
    }
}
