//! Keys: the service agent's right on them, and everybody else's.
//! <https://cloud.google.com/storage/docs/encryption/customer-managed-keys>

use super::allow::permitted;
use crate::access::{Decrypts, Lock, Trace};
use crate::estate::gcp::Gcp;
use crate::model::gcp::{Asset, AssetKind, FullName, KeyVersionState};
use crate::model::{Access, Formula, Principal, json};
use std::collections::BTreeMap;

/// The Cloud Storage service agent of a bucket's project.
pub(in crate::access) fn service_agent(bucket: &Asset) -> Option<Principal> {
    let number = bucket.bucket().project_number?;
    Some(Principal::Named(
        format!("serviceAccount:service-{number}@gs-project-accounts.iam.gserviceaccount.com")
            .into(),
    ))
}

pub(super) fn decrypts(gcp: &Gcp, bucket: &FullName) -> Decrypts {
    let Some(asset) = gcp.assets.get(bucket) else { return Decrypts::Unknown };
    match (asset.bucket().default_key, service_agent(asset)) {
        (None, _) => Decrypts::ProviderKey,
        (Some(_), Some(agent)) => Decrypts::AsService(agent),
        (Some(_), None) => Decrypts::Unknown,
    }
}

/// Whether the service agent can still use the bucket's default key.
pub(super) fn service_opens(gcp: &Gcp, bucket: &FullName, access: Access) -> Formula {
    let Some(asset) = gcp.assets.get(bucket) else { return Formula::never() };
    let Some(key) = asset.bucket().default_key else { return Formula::always() };
    let Some(agent) = service_agent(asset) else {
        return Formula::unknown(format!("the project number of {bucket} is not in the estate"));
    };
    if !gcp.assets.contains_key(&key) {
        return Formula::unknown(format!("key {key} is not in the estate"));
    }
    let permission = match access {
        Access::Write => "cloudkms.cryptoKeyVersions.useToEncrypt",
        Access::Read
        | Access::Delete
        | Access::Administer
        | Access::Decrypt
        | Access::KeyAdminister => "cloudkms.cryptoKeyVersions.useToDecrypt",
    };
    let right = permitted(gcp, &agent, permission, &key, Lock::Key, &mut None);
    right.and(usable(gcp, &key))
}

/// Objects are encrypted with the version that was primary when they were written.
fn usable(gcp: &Gcp, key: &FullName) -> Formula {
    let versions = gcp
        .of_kind(AssetKind::CryptoKeyVersion)
        .filter(|v| v.name.up_to("cryptoKeys").as_ref() == Some(key));
    let mut states: BTreeMap<String, KeyVersionState> = versions
        .filter_map(|v| {
            Some((v.name.relative().to_owned(), KeyVersionState::parse(v.text("state")?)))
        })
        .collect();
    // The key's own view of its primary version, where that version is not listed by itself.
    let primary = gcp.assets.get(key).and_then(|k| k.data.get("primary"));
    let text = |field: &str| primary.and_then(|p| json::text(p, field));
    if let (Some(name), Some(state)) = (text("name"), text("state")) {
        states.entry(name.to_owned()).or_insert_with(|| KeyVersionState::parse(state));
    }
    // What was encrypted with a destroyed version is nobody's any more; a key lives on without it.
    if states.values().any(|s| *s != KeyVersionState::Destroyed) {
        states.retain(|_, s| *s != KeyVersionState::Destroyed);
    }
    let enabled = states.values().filter(|s| **s == KeyVersionState::Enabled).count();
    match enabled {
        0 if states.is_empty() => {
            Formula::unknown(format!("the versions of key {key} are not in the estate"))
        }
        0 => Formula::never(),
        n if n == states.len() => Formula::always(),
        _ => Formula::class("only objects encrypted with a key version that is enabled"),
    }
}

pub(super) fn allowed(
    gcp: &Gcp,
    principal: &Principal,
    access: Access,
    key: &FullName,
    trace: &mut Trace<'_>,
) -> Formula {
    match access {
        Access::Decrypt => {
            let right = permitted(
                gcp,
                principal,
                "cloudkms.cryptoKeyVersions.useToDecrypt",
                key,
                Lock::Key,
                trace,
            );
            if right.is_never() { right } else { right.and(usable(gcp, key)) }
        }
        Access::KeyAdminister => {
            const POWERS: [&str; 5] = [
                "cloudkms.cryptoKeys.setIamPolicy",
                "cloudkms.keyRings.setIamPolicy",
                "cloudkms.cryptoKeyVersions.destroy",
                "cloudkms.cryptoKeyVersions.update",
                "cloudkms.cryptoKeys.update",
            ];
            let own: Vec<Formula> = POWERS
                .iter()
                .map(|p| permitted(gcp, principal, p, key, Lock::Key, trace))
                .collect();
            Formula::any(own).or(power_above(gcp, principal, key, trace))
        }
        Access::Read | Access::Write | Access::Delete | Access::Administer => Formula::never(),
    }
}

/// Who may write the policy of a project, folder or organisation above can give himself anything below.
pub(super) fn power_above(
    gcp: &Gcp,
    principal: &Principal,
    resource: &FullName,
    trace: &mut Trace<'_>,
) -> Formula {
    let mut ways = Vec::new();
    for name in gcp.lineage(resource) {
        let permission = match gcp.assets.get(&name).map(Asset::kind) {
            Some(AssetKind::Project) => "resourcemanager.projects.setIamPolicy",
            Some(AssetKind::Folder) => "resourcemanager.folders.setIamPolicy",
            Some(AssetKind::Organization) => "resourcemanager.organizations.setIamPolicy",
            Some(
                AssetKind::Bucket
                | AssetKind::ManagedFolder
                | AssetKind::KeyRing
                | AssetKind::CryptoKey
                | AssetKind::CryptoKeyVersion
                | AssetKind::ServiceAccount
                | AssetKind::Other,
            )
            | None => continue,
        };
        ways.push(permitted(gcp, principal, permission, &name, Lock::Storage, trace));
    }
    Formula::any(ways)
}
