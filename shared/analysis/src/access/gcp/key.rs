//! Keys: the service agent's right on them, and everybody else's.
//! <https://cloud.google.com/storage/docs/encryption/customer-managed-keys>

use super::allow::{Permission, permitted};
use super::{Asked, power};
use crate::access::{Decrypts, Lock, Trace};
use crate::estate::gcp::Gcp;
use crate::model::gcp::{Asset, FullName, KeyVersionState};
use crate::model::{Access, Formula, Principal, json};
use std::collections::BTreeMap;

const DECRYPT: &str = "cloudkms.cryptoKeyVersions.useToDecrypt";
const ENCRYPT: &str = "cloudkms.cryptoKeyVersions.useToEncrypt";

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

/// Whether the service agent can still use the keys of a bucket: the default key for new objects; for reading also those that
/// objects were written under before, each of which opens a class of objects.
pub(super) fn service_opens(by: &Asked<'_, '_>, bucket: &Asset, access: Access) -> Formula {
    let view = bucket.bucket();
    let current = view
        .default_key
        .as_ref()
        .map_or_else(Formula::always, |key| agent_opens(by, bucket, key, access));
    if access == Access::Write || view.former_keys.is_empty() {
        return current;
    }
    let former: Vec<(&FullName, Formula)> =
        view.former_keys.iter().map(|key| (key, agent_opens(by, bucket, key, access))).collect();
    if former.iter().all(|(_, opens)| *opens == current) {
        return current;
    }
    let newer = Formula::class("only objects stored under the current default key").and(current);
    let older = former.into_iter().map(|(key, opens)| {
        Formula::class(format!("only objects stored under key {}", key.name())).and(opens)
    });
    Formula::any(older).or(newer)
}

/// Keeps as a step why the default key does not open for the service agent.
pub(super) fn tell_closed(
    by: &Asked<'_, '_>,
    bucket: &Asset,
    access: Access,
    trace: &mut Trace<'_>,
) {
    let key = bucket.bucket().default_key;
    let (Some(trace), Some(key), Some(agent)) = (trace, key, service_agent(bucket)) else { return };
    let (looked_at, said) = if Versions::of(by.gcp, &key).usable(access).is_never() {
        (format!("key {key}"), "is disabled: no version of it opens for anybody".to_owned())
    } else {
        (format!("service agent {agent}"), format!("has no right on key {key}"))
    };
    trace.step(Lock::Key, looked_at, said);
}

fn agent_opens(by: &Asked<'_, '_>, bucket: &Asset, key: &FullName, access: Access) -> Formula {
    let gcp = by.gcp;
    let Some(agent) = service_agent(bucket) else {
        let name = &bucket.name;
        return Formula::unknown(format!("the project number of {name} is not in the estate"));
    };
    if !gcp.assets.contains_key(key) {
        return Formula::unknown(format!("key {key} is not in the estate"));
    }
    let permission = match access {
        Access::Write => ENCRYPT,
        Access::Read
        | Access::Delete
        | Access::Administer
        | Access::Decrypt
        | Access::KeyAdminister => DECRYPT,
    };
    // The same request, made by the agent.
    let mut asked = by.made_by(&agent);
    asked.object = None;
    let right = permitted(&asked, Permission::new(permission, key, Lock::Key), &mut None);
    if right.is_never() { right } else { right.and(Versions::of(gcp, key).usable(access)) }
}

/// What is known of the versions of a key.
struct Versions<'a> {
    key: &'a FullName,
    states: BTreeMap<String, KeyVersionState>,
    primary: Option<String>,
}

impl<'a> Versions<'a> {
    fn of(gcp: &Gcp, key: &'a FullName) -> Self {
        let mut states: BTreeMap<String, KeyVersionState> = gcp
            .versions_of(key)
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
        Self { key, states, primary: text("name").map(str::to_owned) }
    }

    fn usable(mut self, access: Access) -> Formula {
        if let (Access::Write, Some(primary)) = (access, &self.primary) {
            // New objects are encrypted with the primary version alone.
            if let Some(state) = self.states.get(primary) {
                return Formula::known(*state == KeyVersionState::Enabled);
            }
        }
        // What was encrypted with a destroyed version is nobody's any more; a key lives on without it.
        if self.states.values().any(|s| *s != KeyVersionState::Destroyed) {
            self.states.retain(|_, s| *s != KeyVersionState::Destroyed);
        }
        let enabled = self.states.values().filter(|s| **s == KeyVersionState::Enabled).count();
        let key = self.key;
        match enabled {
            0 if self.states.is_empty() => {
                Formula::unknown(format!("the versions of key {key} are not in the estate"))
            }
            0 => Formula::never(),
            n if n == self.states.len() => Formula::always(),
            _ if access == Access::Write => Formula::unknown(format!(
                "which version of key {key} is primary is not in the estate"
            )),
            _ => Formula::class("only objects encrypted with a key version that is enabled"),
        }
    }
}

pub(super) fn allowed(
    asked: &Asked<'_, '_>,
    access: Access,
    key: &FullName,
    trace: &mut Trace<'_>,
) -> Formula {
    match access {
        Access::Decrypt => {
            let right = permitted(asked, Permission::new(DECRYPT, key, Lock::Key), trace);
            if right.is_never() {
                right
            } else {
                right.and(Versions::of(asked.gcp, key).usable(access))
            }
        }
        Access::KeyAdminister => {
            const POWERS: [&str; 5] = [
                "cloudkms.cryptoKeys.setIamPolicy",
                "cloudkms.cryptoKeyVersions.destroy",
                "cloudkms.cryptoKeyVersions.restore",
                "cloudkms.cryptoKeyVersions.update",
                "cloudkms.cryptoKeys.update",
            ];
            let mut ways = Formula::never();
            for name in POWERS {
                ways = ways.or(permitted(asked, Permission::new(name, key, Lock::Key), trace));
            }
            ways.or(power::above(asked, key, trace)).or(power::of_roles(asked, key, trace))
        }
        Access::Read | Access::Write | Access::Delete | Access::Administer => Formula::never(),
    }
}
