//! What calls of KMS claim.

use super::{aws, document};
use crate::change::Claim;
use crate::change::edit::{AwsEdit, KeyEdit, Target};
use crate::event::aws::Call;
use crate::model::aws::{Arn, Constraint, Key, KeyState, KmsGrant};
use crate::model::json;
use serde_json::Value;

pub(super) fn claim(call: &Call, doubt: &mut Option<String>) -> (Claim, Option<String>) {
    if let "CreateAlias" | "UpdateAlias" | "DeleteAlias" = call.name.as_str() {
        return alias_claim(call);
    }
    let Some(key) = key_arn(call) else {
        return (Claim::Outside, json::text(&call.request, "keyId").map(str::to_owned));
    };
    let resource = Some(key.as_str().to_owned());
    let edit = |edit: KeyEdit| aws(AwsEdit::Key(key.clone(), edit));
    let state = |state: KeyState| edit(KeyEdit::State(Some(state)));
    let touched = || Claim::Touched(Target::Key(key.clone()));
    let claim = match call.name.as_str() {
        "PutKeyPolicy" => document(call.request.get("policy"), doubt)
            .map_or_else(touched, |d| edit(KeyEdit::Policy(Some(d)))),
        "CreateGrant" => grant(call).map_or_else(touched, |g| {
            edit(KeyEdit::Grant { id: g.id.clone(), grant: Some(Box::new(g)) })
        }),
        "RevokeGrant" | "RetireGrant" => json::text(&call.request, "grantId")
            .map_or_else(touched, |id| edit(KeyEdit::Grant { id: id.into(), grant: None })),
        "ScheduleKeyDeletion" => state(KeyState::PendingDeletion),
        "DeleteKey" => edit(KeyEdit::Whole(None)),
        // CancelKeyDeletion leaves the key disabled.
        "DisableKey" | "CancelKeyDeletion" => state(KeyState::Disabled),
        "EnableKey" => state(KeyState::Enabled),
        "DisableKeyRotation" => edit(KeyEdit::Rotation(Some(false))),
        "EnableKeyRotation" => edit(KeyEdit::Rotation(Some(true))),
        "DeleteImportedKeyMaterial" | "DeleteExpiredKeyMaterial" => state(KeyState::PendingImport),
        "CreateKey" => {
            let created = Key {
                state: Some(KeyState::Enabled),
                policy: document(call.request.get("policy"), doubt),
                grants_known: true,
                ..Key::unknown(key.clone())
            };
            edit(KeyEdit::Whole(Some(Box::new(created))))
        }
        "ReplicateKey" => return replica(call, doubt).unwrap_or((touched(), resource)),
        "ImportKeyMaterial" | "UpdatePrimaryRegion" | "TagResource" | "UntagResource" => touched(),
        _ => Claim::Outside,
    };
    (claim, resource)
}

/// A replica is a key of its own, with a policy of its own (the default one where the request gives none).
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ReplicateKey.html>
fn replica(call: &Call, doubt: &mut Option<String>) -> Option<(Claim, Option<String>)> {
    let metadata = call.response.get("replicaKeyMetadata")?;
    let arn = Arn::parse(json::first(metadata, &["arn", "Arn"])?.as_str()?).ok()?;
    let policy = call.response.get("replicaPolicy").or_else(|| call.request.get("policy"));
    let replica = Key {
        state: Some(KeyState::Enabled),
        policy: document(policy, doubt),
        grants_known: true,
        ..Key::unknown(arn.clone())
    };
    let resource = Some(arn.as_str().to_owned());
    Some((aws(AwsEdit::Key(arn, KeyEdit::Whole(Some(Box::new(replica))))), resource))
}

/// The key by ARN: from the resources of the record, the request, or the response; a bare id is completed from the
/// record's region and account.
fn key_arn(call: &Call) -> Option<Arn> {
    let is_key = |text: &str| {
        Arn::parse(text).ok().filter(|a| a.service() == "kms" && a.resource().starts_with("key/"))
    };
    let response = [
        json::text(&call.response, "keyId"),
        call.response
            .get("keyMetadata")
            .and_then(|m| json::first(m, &["arn", "Arn"]))
            .and_then(Value::as_str),
    ];
    let request = json::text(&call.request, "keyId");
    let texts = call
        .resources
        .iter()
        .map(String::as_str)
        .chain(request)
        .chain(response.into_iter().flatten());
    if let Some(arn) = texts.clone().find_map(is_key) {
        return Some(arn);
    }
    let id = request.filter(|id| !id.contains(':') && !id.contains('/')).map(str::to_owned)?;
    let account = call.account.as_ref()?;
    Arn::parse(&format!("arn:aws:kms:{}:{account}:key/{id}", call.region)).ok()
}

fn alias_claim(call: &Call) -> (Claim, Option<String>) {
    let is_alias = |r: &&String| Arn::parse(r).is_ok_and(|a| a.resource().starts_with("alias/"));
    let listed = call.resources.iter().find(is_alias).and_then(|r| Arn::parse(r).ok());
    let built = json::text(&call.request, "aliasName").zip(call.account.as_ref()).and_then(
        |(name, account)| Arn::parse(&format!("arn:aws:kms:{}:{account}:{name}", call.region)).ok(),
    );
    let Some(alias) = listed.or(built) else { return (Claim::Outside, None) };
    let target =
        json::text(&call.request, "targetKeyId").map(|t| t.rsplit('/').next().unwrap_or(t).into());
    let resource = Some(alias.as_str().to_owned());
    let complete = call.name == "DeleteAlias" || target.is_some();
    (if complete { aws(AwsEdit::Alias { alias, target }) } else { Claim::Outside }, resource)
}

fn grant(call: &Call) -> Option<KmsGrant> {
    let id = json::text(&call.response, "grantId")?;
    // A service may be named by a parameter of its own.
    let grantee = json::text(&call.request, "granteePrincipal")
        .or_else(|| json::text(&call.request, "granteeServicePrincipal"))?;
    let operations = json::strings(call.request.get("operations")?)?;
    Some(KmsGrant {
        id: id.into(),
        grantee: grantee.into(),
        operations: operations.into_iter().map(Into::into).collect(),
        constraints: call.request.get("constraints").map(Constraint::parse).unwrap_or_default(),
        retiring: json::text(&call.request, "retiringPrincipal").map(Into::into),
        for_service: KmsGrant::grantee_is_service(grantee),
    })
}
