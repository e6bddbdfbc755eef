//! Google Cloud: from an audit log entry to a change.
//!
//! `SetIamPolicy` has many names, so a call is matched by service, the last segment of the method and the collection in
//! it, all without case; `resource.type` only chooses the kind of target. Names marked ° in the catalogue were looked up
//! in the audit logging pages of the services; those that are not listed there (managed folders, `buckets.patch`) are
//! accepted in the spelling that the API reference suggests.

use super::edit::{Edit, GcpEdit, Target};
use super::{Change, Claim, Dropped, Kind, names};
use crate::event::clip;
use crate::event::gcp::Call;
use crate::model::gcp::{FullName, Policy, PolicyDelta};
use crate::model::json;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The change that a call makes, whether or not it succeeded.
pub(super) fn recognise(call: &Call) -> Result<Change, Dropped> {
    let kind = kind(call)?;
    let name = target(kind, call);
    let doubt = call.split.then(|| "the entry is one part of a larger one".to_owned());
    let claim = if call.split { touched(name.as_ref()) } else { claim(kind, call, name.as_ref()) };
    let resource = name.map_or_else(|| call.resource_name.clone(), |n| n.as_str().to_owned());
    Ok(Change { kind, resource: clip(&resource, 2_000), claim, doubt })
}

fn last_segment(method: &str) -> String {
    method.rsplit('.').next().unwrap_or(method).to_lowercase()
}

fn kind(call: &Call) -> Result<Kind, Dropped> {
    let verb = last_segment(&call.method);
    let method = call.method.to_lowercase();
    let service = call.service.strip_suffix(".googleapis.com").unwrap_or(&call.service);
    let found = match service {
        "storage" => storage(&method, call),
        "cloudresourcemanager" => resource_manager(&verb, &method),
        "cloudkms" => kms(&verb),
        "iam" => iam(&verb, &method),
        "iamcredentials" => ["generateaccesstoken", "generateidtoken", "signblob", "signjwt"]
            .contains(&verb.as_str())
            .then_some(Kind::ServiceAccountUsed),
        "orgpolicy" => (!names::only_reads(&verb)).then_some(Kind::OrgConstraintChanged),
        "accesscontextmanager" => (!names::only_reads(&verb)).then_some(Kind::PerimeterChanged),
        "admin" => verb.contains("groupmember").then_some(Kind::GroupMemberAdded),
        "cloudidentity" => method
            .contains("membership")
            .then_some(Kind::GroupMemberAdded)
            .filter(|_| !names::only_reads(&verb)),
        "compute" | "" => compute(&verb, &method),
        "logging" => logging(&verb),
        "pubsub" => pubsub(&verb),
        "run" => (method.contains("services.")
            && ["replaceservice", "deleteservice", "updateservice"].contains(&verb.as_str()))
        .then_some(Kind::ServiceOrQueueChanged),
        "eventarc" | "cloudscheduler" => {
            (!names::only_reads(&verb) && verb != "runjob").then_some(Kind::ServiceOrQueueChanged)
        }
        _ => None,
    };
    match found {
        Some(kind) => Ok(kind),
        None if names::only_reads(&verb) => Err(Dropped::ReadOnly),
        None => Err(Dropped::Unrelated),
    }
}

fn storage(method: &str, call: &Call) -> Option<Kind> {
    // Other services log under this name as well (`cloudsql.instances.update`).
    if !method.starts_with("storage.") && !method.contains(".storage.") {
        return None;
    }
    let folder =
        call.resource_name.contains("/managedFolders/") || method.contains("managedfolders");
    Some(match last_segment(method).as_str() {
        "setiampermissions" | "setiampolicy" if folder => Kind::ManagedFolderPolicyWritten,
        "setiampermissions" | "setiampolicy" => Kind::BucketIamPolicyWritten,
        "create" | "delete" | "update" if folder => Kind::ManagedFolderPolicyWritten,
        "create" if method.contains("hmackeys") => Kind::HmacKeyCreated,
        "update" | "delete" if method.contains("hmackeys") => Kind::GcpOther,
        "create" | "insert" if method.contains("buckets.") => Kind::GcsBucketCreated,
        "delete" if method.contains("buckets.") => Kind::GcsBucketDeleted,
        "update" | "patch" | "lockretentionpolicy" | "relocate" | "restore"
            if method.contains("buckets.") =>
        {
            Kind::BucketUpdated
        }
        "update" | "patch" if method.contains("objects.") => Kind::ObjectAclChanged,
        "insert" | "update" | "patch" | "delete" if method.contains("accesscontrols") => {
            Kind::ObjectAclChanged
        }
        _ => return None,
    })
}

fn resource_manager(verb: &str, method: &str) -> Option<Kind> {
    Some(match verb {
        "setiampolicy" | "forcesetprojectiampolicy"
            if method.contains("tagkeys") || method.contains("tagvalues") =>
        {
            Kind::GcpOther
        }
        "setiampolicy" | "forcesetprojectiampolicy" => Kind::ProjectIamPolicyWritten,
        "insertprojectownershipinvite"
        | "insertprojectownershipinviteforpantheon"
        | "acceptprojectownership" => Kind::OwnershipInvited,
        "setorgpolicy" | "clearorgpolicy" => Kind::OrgConstraintChanged,
        "createtagbinding" | "deletetagbinding" => Kind::TagBindingChanged,
        "moveproject" | "updateproject" | "movefolder" | "deleteproject" => Kind::ProjectMoved,
        v if !names::only_reads(v) => Kind::GcpOther,
        _ => return None,
    })
}

fn kms(verb: &str) -> Option<Kind> {
    Some(match verb {
        "setiampolicy" => Kind::KeyIamPolicyWritten,
        "destroycryptokeyversion" | "updatecryptokeyversion" | "restorecryptokeyversion" => {
            Kind::KeyVersionChanged
        }
        "updatecryptokey"
        | "updatecryptokeyprimaryversion"
        | "importcryptokeyversion"
        | "createcryptokeyversion"
        | "createcryptokey"
        | "createkeyring"
        | "createimportjob"
        | "createekmconnection"
        | "updateekmconnection"
        | "updateekmconfig" => Kind::CryptoKeyChanged,
        v if !names::only_reads(v) && !names::only_uses(v) => Kind::GcpOther,
        _ => return None,
    })
}

fn iam(verb: &str, method: &str) -> Option<Kind> {
    Some(match verb {
        "setiampolicy"
            if method.contains("workloadidentitypools") || method.contains("workforcepools") =>
        {
            Kind::WorkloadIdentityChanged
        }
        "setiampolicy" => Kind::ServiceAccountPolicyWritten,
        "createserviceaccountkey" | "uploadserviceaccountkey" => Kind::ServiceAccountKeyCreated,
        "createrole" | "updaterole" | "deleterole" | "undeleterole" => Kind::CustomRoleChanged,
        "createserviceaccount"
        | "disableserviceaccount"
        | "deleteserviceaccount"
        | "enableserviceaccount"
        | "undeleteserviceaccount"
        | "patchserviceaccount"
        | "updateserviceaccount" => Kind::ServiceAccountChanged,
        "signblob" | "signjwt" => Kind::ServiceAccountUsed,
        v if names::only_reads(v) => return None,
        _ if method.contains("workloadidentitypools")
            || method.contains("workforcepools")
            || method.contains("oauthclients") =>
        {
            Kind::WorkloadIdentityChanged
        }
        _ if method.contains(".policies.")
            || method.contains("policybindings")
            || method.contains("principalaccessboundary") =>
        {
            Kind::DenyPolicyChanged
        }
        _ => Kind::GcpOther,
    })
}

fn compute(verb: &str, method: &str) -> Option<Kind> {
    let data = ["disks.", "images.", "snapshots.", "regiondisks.", "machineimages."]
        .iter()
        .any(|c| method.contains(c));
    (verb == "setiampolicy" && method.contains("compute.") && data)
        .then_some(Kind::ComputePolicyWritten)
}

fn logging(verb: &str) -> Option<Kind> {
    let named = [
        "updatesink",
        "deletesink",
        "createsink",
        "createexclusion",
        "updateexclusion",
        "deleteexclusion",
        "deletebucket",
        "updatebucket",
        "updatebucketasync",
        "updatesettings",
        "updatecmeksettings",
        "deletelog",
        "deleteview",
        "deletelink",
    ];
    named.contains(&verb).then_some(Kind::LogSinkChanged)
}

fn pubsub(verb: &str) -> Option<Kind> {
    let named = [
        "deletesubscription",
        "updatesubscription",
        "modifypushconfig",
        "deletetopic",
        "updatetopic",
        "detachsubscription",
        "seek",
        "setiampolicy",
    ];
    named.contains(&verb).then_some(Kind::ServiceOrQueueChanged)
}

/// The changed resource by full name.
#[expect(clippy::wildcard_enum_match_arm, reason = "most kinds name their target the same way")]
fn target(kind: Kind, call: &Call) -> Option<FullName> {
    let name = call.resource_name.as_str();
    let label = |key: &str| json::text(&call.labels, key);
    let named = |service: &str| (!name.is_empty()).then(|| FullName::of(service, name));
    match kind {
        Kind::ServiceAccountPolicyWritten
        | Kind::ServiceAccountKeyCreated
        | Kind::ServiceAccountChanged
        | Kind::ServiceAccountUsed => {
            // `projects/-/serviceAccounts/<number>`: the project stands in the labels, the e-mail too.
            let id = label("email_id")
                .or_else(|| name.rsplit_once("/serviceAccounts/").map(|(_, id)| id))
                .or_else(|| label("unique_id"))?;
            let project = label("project_id").unwrap_or("-");
            Some(FullName::of(
                "iam.googleapis.com",
                &format!("projects/{project}/serviceAccounts/{id}"),
            ))
        }
        Kind::ProjectIamPolicyWritten
        | Kind::OwnershipInvited
        | Kind::ProjectMoved
        | Kind::OrgConstraintChanged => {
            let request = json::text(&call.request, "resource");
            let labelled = label("project_id").map(|p| format!("projects/{p}"));
            let relative = [Some(name.to_owned()), request.map(str::to_owned), labelled]
                .into_iter()
                .flatten()
                .find(|n| !n.is_empty())?;
            // A project may be named by its id alone.
            let bare = !relative.contains('/');
            let relative = if bare { format!("projects/{relative}") } else { relative };
            Some(FullName::of("cloudresourcemanager.googleapis.com", &relative))
        }
        Kind::KeyVersionChanged => {
            let request = json::text(&call.request, "name")
                .or_else(|| json::any_case_str(&call.request, &["cryptoKeyVersion", "name"]));
            request
                .map(|n| FullName::of("cloudkms.googleapis.com", n))
                .or_else(|| named("cloudkms.googleapis.com"))
        }
        Kind::BucketIamPolicyWritten
        | Kind::BucketUpdated
        | Kind::GcsBucketCreated
        | Kind::GcsBucketDeleted => {
            named("storage.googleapis.com").or_else(|| label("bucket_name").map(FullName::bucket))
        }
        _ => named(&call.service),
    }
}

fn gcp(edit: GcpEdit) -> Claim {
    Claim::Edits(vec![Edit::Gcp(edit)])
}

fn touched(name: Option<&FullName>) -> Claim {
    name.map_or(Claim::Outside, |n| Claim::Touched(Target::Asset(n.clone())))
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "most kinds change nothing that the estate holds"
)]
fn claim(kind: Kind, call: &Call, name: Option<&FullName>) -> Claim {
    let Some(resource) = name.cloned() else { return Claim::Outside };
    match kind {
        Kind::BucketIamPolicyWritten
        | Kind::ManagedFolderPolicyWritten
        | Kind::ProjectIamPolicyWritten
        | Kind::KeyIamPolicyWritten
        | Kind::ServiceAccountPolicyWritten => policy_claim(call, resource),
        Kind::GcsBucketDeleted => gcp(GcpEdit::Asset { name: resource, state: None }),
        Kind::KeyVersionChanged => key_version(call, resource),
        Kind::CustomRoleChanged => role(call),
        // `organizations/1/policies/storage.publicAccessPrevention`: the constraint stands on the organisation.
        Kind::OrgConstraintChanged => {
            let on = resource.as_str().split("/policies/").next().unwrap_or_default();
            Claim::Touched(Target::OrgPolicies(FullName::new(on)))
        }
        Kind::DenyPolicyChanged => {
            let policy: Arc<str> = resource.relative().into();
            let deleted = last_segment(&call.method) == "deletepolicy";
            match (policy.starts_with("policies/"), deleted) {
                (true, true) => gcp(GcpEdit::Deny { name: policy, policy: None }),
                (true, false) => Claim::Touched(Target::DenyPolicy(policy)),
                (false, _) => Claim::Outside,
            }
        }
        Kind::GroupMemberAdded => group_member(call),
        Kind::BucketUpdated
        | Kind::CryptoKeyChanged
        | Kind::OwnershipInvited
        | Kind::GcsBucketCreated
        | Kind::ObjectAclChanged => touched(Some(&resource)),
        Kind::ServiceAccountChanged => touched(Some(&resource)),
        _ => Claim::Outside,
    }
}

/// The delta where the entry has one, else the whole new policy of the request, to be compared with the known one.
fn policy_claim(call: &Call, resource: FullName) -> Claim {
    let delta =
        json::first(&call.service_data, &["policyDelta", "policy_delta"]).map(PolicyDelta::parse);
    if let Some(delta) = delta.filter(|d| !d.is_empty()) {
        return gcp(GcpEdit::Delta { resource, delta });
    }
    let whole = json::first(&call.request, &["policy"]).filter(|p| p.is_object());
    match whole {
        Some(policy) => gcp(GcpEdit::Policy { resource, policy: Some(Policy::parse(policy)) }),
        None => Claim::Touched(Target::Asset(resource)),
    }
}

fn key_version(call: &Call, name: FullName) -> Claim {
    let state = match last_segment(&call.method).as_str() {
        "destroycryptokeyversion" => Some("DESTROY_SCHEDULED"),
        // A restored version is disabled until somebody enables it.
        "restorecryptokeyversion" => Some("DISABLED"),
        _ => match json::any_case_path(&call.request, &["cryptoKeyVersion", "state"]) {
            Some(Value::String(s)) => Some(s.as_str()),
            Some(Value::Number(n)) => match n.as_u64() {
                Some(1) => Some("ENABLED"),
                Some(2) => Some("DISABLED"),
                Some(3) => Some("DESTROYED"),
                Some(4) => Some("DESTROY_SCHEDULED"),
                Some(_) | None => None,
            },
            Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => None,
        },
    };
    match state {
        Some(state) => gcp(GcpEdit::Data { name, patch: json!({"state": state}) }),
        None => Claim::Touched(Target::Asset(name)),
    }
}

fn role(call: &Call) -> Claim {
    if call.resource_name.is_empty() {
        return Claim::Outside;
    }
    let role: Arc<str> = call.resource_name.as_str().into();
    let permissions = |value: &Value, key: [&str; 2]| -> BTreeSet<Arc<str>> {
        let listed = json::first(value, &key).map(json::list).unwrap_or_default();
        listed.into_iter().filter_map(Value::as_str).map(Into::into).collect()
    };
    match last_segment(&call.method).as_str() {
        // A deleted role gives nothing; that is known.
        "deleterole" => gcp(GcpEdit::Role { role, permissions: Some(BTreeSet::new()) }),
        "createrole" => {
            let body = call.request.get("role").unwrap_or(&Value::Null);
            gcp(GcpEdit::Role {
                role,
                permissions: Some(permissions(
                    body,
                    ["included_permissions", "includedPermissions"],
                )),
            })
        }
        "updaterole" => {
            match json::first(&call.service_data, &["permissionDelta", "permission_delta"]) {
                Some(delta) => gcp(GcpEdit::RoleDelta {
                    role,
                    added: permissions(delta, ["addedPermissions", "added_permissions"]),
                    removed: permissions(delta, ["removedPermissions", "removed_permissions"]),
                }),
                None => {
                    let bodies = [call.request.get("role"), Some(&call.response)];
                    let listed = bodies
                        .into_iter()
                        .flatten()
                        .map(|b| permissions(b, ["included_permissions", "includedPermissions"]))
                        .find(|p| !p.is_empty());
                    match listed {
                        Some(listed) => gcp(GcpEdit::Role { role, permissions: Some(listed) }),
                        None => Claim::Touched(Target::Role(role)),
                    }
                }
            }
        }
        _ => Claim::Touched(Target::Role(role)),
    }
}

/// Workspace audit events name group and member in their parameters.
fn group_member(call: &Call) -> Claim {
    let events = json::first(&call.metadata, &["event"]).map(json::list).unwrap_or_default();
    let parameters =
        events.iter().flat_map(|e| e.get("parameter").map(json::list).unwrap_or_default());
    let find = |wanted: &str| {
        let of = parameters.clone().find(|p| json::text(p, "name") == Some(wanted));
        of.and_then(|p| json::text(p, "value")).map(str::to_owned)
    };
    let present = match last_segment(&call.method).as_str() {
        "addgroupmember" => true,
        "removegroupmember" => false,
        _ => return Claim::Outside,
    };
    match (find("GROUP_EMAIL"), find("USER_EMAIL")) {
        (Some(group), Some(member)) => {
            let kind =
                if member.ends_with(".gserviceaccount.com") { "serviceAccount" } else { "user" };
            gcp(GcpEdit::Member {
                group: group.into(),
                member: format!("{kind}:{member}").into(),
                present,
            })
        }
        (_, _) => Claim::Outside,
    }
}
