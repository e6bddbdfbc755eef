//! Azure: from an Activity Log, Entra or Key Vault record to a change.
//!
//! Operation names and ids are compared without case. Names that the catalogue marks with ° were looked up in
//! Microsoft's tables of permissions and of log operations; where those differ (`locations/deletedVaults/purge/action`,
//! `sites/stop/action`, `GetUserDelegationKey`, `SetPathAccessControl`, `KeyRotationPolicySet`) the log's own spelling is
//! matched.

use super::edit::{AccessPolicyUpdate, AzureEdit, Edit, Target};
use super::{Change, Claim, Dropped, Kind};
use crate::event::azure::{Call, Log};
use crate::event::{Actor, clip};
use crate::model::azure::{ArmId, RoleAssignment, RoleDefinition};
use crate::model::json;
use serde_json::{Value, json};

/// GUID of the built-in role User Access Administrator.
const USER_ACCESS_ADMINISTRATOR: &str = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9";

/// The change that a call makes, whether or not it succeeded.
pub(super) fn recognise(call: &Call, actor: &Actor) -> Result<Change, Dropped> {
    let kind = match call.log {
        Log::Entra => entra(&call.operation),
        Log::Resource => resource_log(call),
        Log::Activity | Log::EventGrid => activity(&call.operation),
    }?;
    let (claim, resource, doubt) = claim(kind, call, actor);
    let resource = resource.unwrap_or_else(|| call.resource.as_str().to_owned());
    Ok(Change { kind, resource: clip(&resource, 2_000), claim, doubt })
}

fn activity(operation: &str) -> Result<Kind, Dropped> {
    if operation.ends_with("/read") || operation.ends_with("/read/action") {
        return Err(Dropped::ReadOnly);
    }
    if let Some((on, rest)) = operation.split_once("/providers/") {
        return extension(on, rest);
    }
    let (provider, rest) = operation.split_once('/').unwrap_or((operation, ""));
    let kind = match provider {
        "microsoft.authorization" => authorization(rest),
        "microsoft.storage" => storage(rest),
        "microsoft.keyvault" => key_vault(rest),
        "microsoft.managedidentity"
            if rest.starts_with("userassignedidentities/federatedidentitycredentials/") =>
        {
            Some(Kind::FederatedCredentialChanged)
        }
        "microsoft.managedidentity" => Some(Kind::FederatedCredentialChanged)
            .filter(|_| rest.starts_with("userassignedidentities/")),
        "microsoft.compute" => compute(rest),
        "microsoft.insights" => {
            Some(Kind::DiagnosticSettingChanged).filter(|_| rest.starts_with("diagnosticsettings/"))
        }
        "microsoft.eventgrid" => Some(Kind::EventSubscriptionChanged)
            .filter(|_| rest.contains("eventsubscriptions/") || rest.starts_with("systemtopics/")),
        "microsoft.web" => Some(Kind::WebSiteChanged).filter(|_| is_site_change(rest)),
        "microsoft.eventhub" => {
            Some(Kind::EventSubscriptionChanged).filter(|_| rest.starts_with("namespaces"))
        }
        _ => None,
    };
    kind.ok_or(Dropped::Unrelated)
}

/// `<type>/providers/microsoft.insights/diagnosticsettings/write`: the feeds of vaults, managed HSMs and storage accounts
/// matter; those of other resources do not.
fn extension(on: &str, rest: &str) -> Result<Kind, Dropped> {
    let watched = ["microsoft.keyvault/", "microsoft.storage/"].iter().any(|p| on.starts_with(p));
    match rest.split_once('/') {
        Some(("microsoft.insights", r)) if watched && r.starts_with("diagnosticsettings/") => {
            Ok(Kind::DiagnosticSettingChanged)
        }
        Some(("microsoft.authorization", r)) => authorization(r).ok_or(Dropped::Unrelated),
        Some(("microsoft.eventgrid", _)) => Ok(Kind::EventSubscriptionChanged),
        Some(_) | None => Err(Dropped::Unrelated),
    }
}

fn authorization(rest: &str) -> Option<Kind> {
    Some(match rest {
        "roleassignments/write" => Kind::RoleAssignmentWritten,
        "roleassignments/delete" => Kind::RoleAssignmentDeleted,
        "roledefinitions/write" | "roledefinitions/delete" => Kind::RoleDefinitionChanged,
        "elevateaccess/action" => Kind::AccessElevated,
        "locks/write" | "locks/delete" => Kind::LockChanged,
        "denyassignments/write" | "denyassignments/delete" => Kind::DenyAssignmentChanged,
        r if r.starts_with("roleassignmentschedule")
            || r.starts_with("roleeligibilityschedule")
            || r.starts_with("rolemanagementpolic") =>
        {
            Kind::PrivilegedRoleRequested
        }
        // A written assignment is a guard that was set; what weakens is a deletion or an exemption.
        r if ["policyassignments/", "policydefinitions/", "policysetdefinitions/"]
            .iter()
            .any(|p| r.starts_with(p) && r.ends_with("/delete")) =>
        {
            Kind::PolicyGuardChanged
        }
        "policyexemptions/write" | "policyassignments/exempt/action" => Kind::PolicyGuardChanged,
        r if r.starts_with("diagnosticsettings/") => Kind::DiagnosticSettingChanged,
        r if is_mutation(r) => Kind::AzureOther,
        _ => return None,
    })
}

fn is_mutation(rest: &str) -> bool {
    rest.ends_with("/write") || rest.ends_with("/delete") || rest.ends_with("/action")
}

fn storage(rest: &str) -> Option<Kind> {
    let inner = rest.strip_prefix("storageaccounts/")?;
    Some(match inner {
        "write" => Kind::StorageAccountWritten,
        "delete" => Kind::StorageAccountDeleted,
        "listkeys/action" | "listaccountsas/action" | "listservicesas/action" => {
            Kind::AccountKeysListed
        }
        "regeneratekey/action" | "rotatekey/action" | "revokeuserdelegationkeys/action" => {
            Kind::AccountKeyRegenerated
        }
        "blobservices/containers/write" | "blobservices/containers/delete" => {
            Kind::ContainerWritten
        }
        "blobservices/write" => Kind::ImmutabilityChanged,
        i if i.starts_with("blobservices/containers/immutabilitypolicies/")
            || i.starts_with("managementpolicies/") =>
        {
            Kind::ImmutabilityChanged
        }
        "blobservices/containers/setlegalhold/action"
        | "blobservices/containers/clearlegalhold/action" => Kind::ImmutabilityChanged,
        i if i.ends_with("/generateuserdelegationkey/action") => Kind::DelegationKeyGenerated,
        i if i.starts_with("encryptionscopes/") => Kind::EncryptionScopeWritten,
        i if i.starts_with("objectreplicationpolicies/") => Kind::ObjectReplicationWritten,
        i if i.starts_with("localusers/") => Kind::LocalUserChanged,
        i if i.ends_with("manageownership/action") || i.ends_with("modifypermissions/action") => {
            Kind::PathAclChanged
        }
        i if i.starts_with("fileservices/") => Kind::FileShareChanged,
        i if is_mutation(i) => Kind::AzureOther,
        _ => return None,
    })
}

fn key_vault(rest: &str) -> Option<Kind> {
    Some(match rest {
        "vaults/write" => Kind::VaultWritten,
        "vaults/delete" => Kind::VaultDeleted,
        "vaults/accesspolicies/write" => Kind::VaultAccessPolicyWritten,
        r if r.contains("deletedvaults/") || r.contains("deletedmanagedhsms/") => Kind::VaultPurged,
        r if r.starts_with("vaults/keys/") && is_mutation(r) => Kind::VaultKeyChanged,
        r if r.starts_with("managedhsms/") && is_mutation(r) => Kind::ManagedHsmChanged,
        _ => return None,
    })
}

fn compute(rest: &str) -> Option<Kind> {
    let share = rest.ends_with("/begingetaccess/action")
        || rest.starts_with("diskencryptionsets/")
        || rest == "snapshots/write";
    share.then_some(Kind::DiskShared)
}

/// Any change of an app, its code, settings or slots: it matters only when the app is keyfence's own.
fn is_site_change(rest: &str) -> bool {
    rest.starts_with("sites/") && is_mutation(rest)
}

fn entra(operation: &str) -> Result<Kind, Dropped> {
    let elevated = operation
        .starts_with("user has elevated their access to user access administrator")
        || operation == "assigns the caller to user access admin";
    if elevated {
        return Ok(Kind::AccessElevated);
    }
    const WATCHED: [&str; 17] = [
        "add member to group",
        "remove member from group",
        "add owner to group",
        "add app role assignment to service principal",
        "add app role assignment grant to user",
        "add app role assignment to group",
        "add owner to service principal",
        "add owner to application",
        "add service principal credentials",
        "remove service principal credentials",
        "update application - certificates and secrets management",
        "update federated credential",
        "add member to role",
        "add eligible member to role",
        "add delegated permission grant",
        "consent to application",
        "remove member from role",
    ];
    if WATCHED.contains(&operation) { Ok(Kind::DirectoryChanged) } else { Err(Dropped::Unrelated) }
}

fn resource_log(call: &Call) -> Result<Kind, Dropped> {
    match call.operation.as_str() {
        "keydelete"
        | "keyupdate"
        | "keypurge"
        | "keybackup"
        | "keyrestore"
        | "keyrecover"
        | "keycreate"
        | "keyimport"
        | "keyrotate"
        | "keyrotationpolicyset" => Ok(Kind::VaultKeyChanged),
        "vaultput" | "vaultpatch" => Ok(Kind::VaultWritten),
        "vaultdelete" => Ok(Kind::VaultDeleted),
        "vaultpurge" => Ok(Kind::VaultPurged),
        "keyrelease" => Ok(Kind::ManagedHsmChanged),
        o if o.contains("roleassignment") && is_hsm(call) => Ok(Kind::ManagedHsmChanged),
        "getuserdelegationkey" => Ok(Kind::DelegationKeyGenerated),
        "setpathaccesscontrol" | "setpathaccesscontrolrecursive" => Ok(Kind::PathAclChanged),
        "setcontaineracl" => Ok(Kind::ContainerWritten),
        o if [
            "get",
            "list",
            "head",
            "vaultget",
            "keyget",
            "keylist",
            "secretget",
            "certificateget",
        ]
        .iter()
        .any(|r| o.starts_with(r)) =>
        {
            Err(Dropped::ReadOnly)
        }
        _ => Err(Dropped::Unrelated),
    }
}

fn is_hsm(call: &Call) -> bool {
    call.resource.folded().contains("/managedhsms/")
}

type Found = (Claim, Option<String>, Option<String>);

fn azure(edit: AzureEdit) -> Claim {
    Claim::Edits(vec![Edit::Azure(edit)])
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "most kinds change nothing that the estate holds"
)]
fn claim(kind: Kind, call: &Call, actor: &Actor) -> Found {
    let id = call.resource.clone();
    let touched = || Claim::Touched(Target::Arm(id.clone()));
    let deleted = call.operation.ends_with("/delete");
    match kind {
        Kind::RoleAssignmentWritten => (
            assignment(call).map_or_else(touched, |a| {
                azure(AzureEdit::Assignment { id: id.clone(), state: Some(Box::new(a)) })
            }),
            None,
            None,
        ),
        Kind::RoleAssignmentDeleted => {
            (azure(AzureEdit::Assignment { id, state: None }), None, None)
        }
        Kind::RoleDefinitionChanged if deleted => {
            (azure(AzureEdit::Definition { id, state: None }), None, None)
        }
        Kind::RoleDefinitionChanged => {
            let definition = call.body.as_ref().and_then(|b| RoleDefinition::parse(&id, b));
            (
                definition.map_or_else(touched, |d| {
                    azure(AzureEdit::Definition { id: id.clone(), state: Some(Box::new(d)) })
                }),
                None,
                None,
            )
        }
        Kind::DenyAssignmentChanged if deleted => {
            (azure(AzureEdit::Deny { id, state: None }), None, None)
        }
        Kind::DenyAssignmentChanged => (touched(), None, None),
        Kind::AccessElevated => elevated(actor),
        Kind::StorageAccountDeleted | Kind::VaultDeleted | Kind::VaultPurged => {
            (azure(AzureEdit::Resource { id, state: None }), None, None)
        }
        Kind::LockChanged | Kind::ContainerWritten | Kind::EncryptionScopeWritten if deleted => {
            (azure(AzureEdit::Resource { id, state: None }), None, None)
        }
        Kind::StorageAccountWritten
        | Kind::ContainerWritten
        | Kind::EncryptionScopeWritten
        | Kind::VaultWritten
        | Kind::LockChanged => {
            let body = call.body.as_ref().and_then(written);
            (
                body.map_or_else(touched, |body| azure(AzureEdit::Patch { id: id.clone(), body })),
                None,
                None,
            )
        }
        Kind::VaultAccessPolicyWritten => match id.ancestor("vaults") {
            Some(vault) => {
                let claim = access_policies(&vault, &id, call.body.as_ref())
                    .unwrap_or_else(|| Claim::Touched(Target::Arm(vault.clone())));
                (claim, Some(vault.as_str().to_owned()), None)
            }
            None => (touched(), None, None),
        },
        Kind::VaultKeyChanged => vault_key(call),
        Kind::DirectoryChanged => directory(call),
        _ => (Claim::Outside, None, None),
    }
}

/// What a write body says about the resource: its members except those that are no state.
fn written(body: &Value) -> Option<Value> {
    let object = body.as_object()?;
    let kept: serde_json::Map<String, Value> = object
        .iter()
        .filter(|(k, _)| {
            ["properties", "tags", "identity", "sku", "kind"]
                .iter()
                .any(|w| k.eq_ignore_ascii_case(w))
        })
        .map(|(k, v)| (k.to_lowercase(), v.clone()))
        .collect();
    (!kept.is_empty()).then_some(Value::Object(kept))
}

/// `…/vaults/v/accessPolicies/add` (or `remove`) with the policies in the body. What `replace` leaves of others is for a
/// read of the vault to tell.
fn access_policies(vault: &ArmId, id: &ArmId, body: Option<&Value>) -> Option<Claim> {
    let how = match id.name().to_lowercase().as_str() {
        "add" => AccessPolicyUpdate::Add,
        "remove" => AccessPolicyUpdate::Remove,
        _ => return None,
    };
    let listed = json::any_case_path(body?, &["properties", "accessPolicies"])?;
    let policies: Vec<Value> = json::list(listed).into_iter().cloned().collect();
    Some(azure(AzureEdit::AccessPolicies { vault: vault.clone(), how, policies }))
}

/// Bodies come as `{"Id","Properties":{"PrincipalId",…,"Scope"}}` (portal) and `{"properties":{…}}` without scope (command
/// line): keys without case, the scope is the id without its last part.
fn assignment(call: &Call) -> Option<RoleAssignment> {
    RoleAssignment::parse(&call.resource, call.body.as_ref()?)
}

/// The caller made himself User Access Administrator at `/`. The event does not carry the id of that assignment.
fn elevated(actor: &Actor) -> Found {
    let Some(principal) = &actor.principal else {
        return (Claim::Outside, Some("/".to_owned()), None);
    };
    let id = ArmId::new(&format!(
        "/providers/Microsoft.Authorization/roleAssignments/elevated-{principal}"
    ));
    let body = json!({"properties": {
        "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{USER_ACCESS_ADMINISTRATOR}"),
        "principalId": principal, "principalType": "User", "scope": "/",
    }});
    let claim = RoleAssignment::parse(&id, &body)
        .map_or(Claim::Outside, |a| azure(AzureEdit::Assignment { id, state: Some(Box::new(a)) }));
    (
        claim,
        Some("/".to_owned()),
        Some("the event does not carry the id of the role assignment at `/`".to_owned()),
    )
}

/// A key in a resource log is named by its URL; in the Activity Log by its id.
fn vault_key(call: &Call) -> Found {
    let id = match (call.log, json::text(&call.properties, "id")) {
        (Log::Resource, Some(url)) => url
            .split_once("/keys/")
            .and_then(|(_, rest)| rest.split('/').next())
            .map(|name| ArmId::new(&format!("{}/keys/{name}", call.resource))),
        (Log::Resource | Log::Activity | Log::EventGrid | Log::Entra, _) => None,
    };
    let id = id.unwrap_or_else(|| call.resource.clone());
    let name = Some(id.as_str().to_owned());
    let gone = ["keydelete", "keypurge"].contains(&call.operation.as_str())
        || call.operation.ends_with("/keys/delete");
    let quiet =
        ["keybackup", "keyrotate", "keyrotationpolicyset"].contains(&call.operation.as_str());
    let claim = match (gone, quiet, id.folded().contains("/keys/")) {
        (true, _, true) => azure(AzureEdit::Resource { id, state: None }),
        (_, true, _) | (true, false, false) => Claim::Outside,
        (false, false, _) => Claim::Touched(Target::Arm(id)),
    };
    (claim, name, None)
}

/// Group membership: the member stands in `targetResources`, the group beside it or in `Group.ObjectID`.
fn directory(call: &Call) -> Found {
    let targets =
        json::any_case(&call.properties, "targetResources").map(json::list).unwrap_or_default();
    let id_of = |wanted_group: bool| {
        targets
            .iter()
            .find(|t| {
                json::any_case_str(t, &["type"]).is_some_and(|k| (k == "Group") == wanted_group)
            })
            .and_then(|t| json::any_case_str(t, &["id"]))
            .map(str::to_lowercase)
    };
    let property = |name: &str| {
        let of = |t: &&Value| {
            json::any_case(t, "modifiedProperties")
                .map(json::list)
                .unwrap_or_default()
                .into_iter()
                .cloned()
                .collect::<Vec<_>>()
        };
        let all = targets.iter().flat_map(of);
        let found =
            all.into_iter().find(|p| json::any_case_str(p, &["displayName"]) == Some(name))?;
        let value = json::any_case_str(&found, &["newValue"])
            .or_else(|| json::any_case_str(&found, &["oldValue"]))?;
        Some(value.trim_matches('"').to_lowercase())
    };
    let group = property("Group.ObjectID").or_else(|| id_of(true));
    // A group may be the member: then both targets are groups.
    let nested = || {
        let ids = targets.iter().filter_map(|t| json::any_case_str(t, &["id"]));
        ids.map(str::to_lowercase).find(|id| Some(id) != group.as_ref())
    };
    let member = id_of(false).or_else(nested);
    let resource = group.clone().or_else(|| {
        targets.first().and_then(|t| json::any_case_str(t, &["id"])).map(str::to_owned)
    });
    let present = match call.operation.as_str() {
        "add member to group" => true,
        "remove member from group" => false,
        _ => return (Claim::Outside, resource, None),
    };
    let claim = match (group.clone(), member) {
        (Some(group), Some(member)) => {
            azure(AzureEdit::Member { group: group.into(), member: member.into(), present })
        }
        (_, _) => Claim::Outside,
    };
    (claim, resource, None)
}
