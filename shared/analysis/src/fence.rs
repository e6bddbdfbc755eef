//! Is the key a fence? For every store that a customer's key protects: who decrypts, who reads the data with no right on the key,
//! who is one grant short, and what goes dark with the key.
//!
//! In AWS the caller decrypts, so that the key is a fence around the data. In Azure and Google Cloud the storage service's
//! own identity decrypts for everybody: the key is a switch, and whoever has a storage role reads.

use crate::access::{self, Asker, Decrypts, Lock};
use crate::estate::Estate;
use crate::model::{Access, Principal, Resource, Verdict};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What the key of one store does.
#[derive(Debug, Clone, PartialEq)]
pub struct Fence {
    /// The bucket, account or container.
    pub store: Resource,
    /// Who decrypts.
    pub decrypts: Decrypts,
    /// The keys, as far as they can be told; objects may be under different ones.
    pub keys: BTreeSet<Resource>,
    /// Everybody who reads, or may read.
    pub readers: BTreeMap<Principal, Reader>,
    /// Who has the storage right and reads nothing, because the key does not open for the service: the store is dark.
    pub dark_for: BTreeSet<Principal>,
    /// Who is one grant short of reading, and which lock is closed for him.
    pub one_short: BTreeMap<Principal, Lock>,
    /// Other stores under one of the keys: they go dark with it too.
    pub shares_keys_with: BTreeSet<Resource>,
}

/// Somebody who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    /// Whether he reads.
    pub reads: Verdict,
    /// Whether he has a right on a key himself: then he is behind the fence for a reason.
    pub on_key: Verdict,
}

impl Fence {
    /// Whether the key keeps anybody out who has a right on the storage alone; `None` when that cannot be told.
    #[must_use]
    pub const fn is_fence(&self) -> Option<bool> {
        match self.decrypts {
            Decrypts::AsCaller => Some(true),
            Decrypts::AsService(_) | Decrypts::ProviderKey => Some(false),
            Decrypts::Unknown => None,
        }
    }

    /// Who reads the data with no right on the key, and whether he reads it for sure.
    pub fn without_key(&self) -> impl Iterator<Item = (&Principal, Verdict)> {
        self.readers.iter().filter(|(_, r)| r.on_key == Verdict::No).map(|(p, r)| (p, r.reads))
    }

    /// One line of the JSON contract.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let reader = |(p, reads): (&Principal, Verdict)| json!({"principal": p, "verdict": reads});
        let short = |(p, lock): (&Principal, &Lock)| json!({"principal": p, "missing": lock});
        let decrypts = match &self.decrypts {
            Decrypts::AsCaller => json!({"who": "caller"}),
            Decrypts::AsService(identity) => json!({"who": "service", "identity": identity}),
            Decrypts::ProviderKey => json!({"who": "provider"}),
            Decrypts::Unknown => json!({"who": "unknown"}),
        };
        json!({
            "store": self.store,
            "cloud": self.store.cloud,
            "fence": self.is_fence(),
            "decrypts": decrypts,
            "keys": self.keys,
            "readers": self.readers.len(),
            "reads_without_key": self.without_key().map(reader).collect::<Vec<_>>(),
            "dark_for": self.dark_for,
            "one_grant_short": self.one_short.iter().map(short).collect::<Vec<_>>(),
            "dark_with_key": self.shares_keys_with,
        })
    }
}

/// All stores that a customer's key protects, by name; the others have no key to ask about.
#[must_use]
pub fn fences(estate: &Estate) -> Vec<Fence> {
    let protected: Vec<Resource> = access::resources(estate)
        .filter(|r| r.kind == crate::model::ResourceKind::Store)
        .filter(|store| access::protection(estate, store).customer_key)
        .collect();
    let mut under: BTreeMap<Resource, BTreeSet<Resource>> = BTreeMap::new();
    for store in &protected {
        for key in access::keys_of(estate, store) {
            under.entry(key).or_default().insert(store.clone());
        }
    }
    let mut asker = Asker::new(estate);
    let mut found: Vec<Fence> =
        protected.into_iter().map(|store| fence(estate, store, &under, &mut asker)).collect();
    found.sort_by(|a, b| a.store.cmp(&b.store));
    found
}

fn fence(
    estate: &Estate,
    store: Resource,
    under: &BTreeMap<Resource, BTreeSet<Resource>>,
    asker: &mut Asker<'_>,
) -> Fence {
    let keys = access::keys_of(estate, &store);
    let decrypts = access::decrypts(estate, &store);
    // The provider's key is open to everybody: nobody is short of it, nobody has passed it.
    let everybodys = matches!(decrypts, Decrypts::ProviderKey);
    let mut readers = BTreeMap::new();
    let mut one_short = BTreeMap::new();
    let mut dark_for = BTreeSet::new();
    for principal in access::candidates(estate, &store) {
        let answer = asker.evaluate(&principal, Access::Read, &store);
        // No key ever opens for a request without identity: that one is never a grant away.
        if let (Some(lock), true, false) =
            (answer.one_short(), principal != Principal::Public, everybodys)
        {
            one_short.insert(principal.clone(), lock);
        }
        let reads = answer.verdict();
        if reads == Verdict::No {
            if answer.is_dark() {
                dark_for.insert(principal);
            }
            continue;
        }
        // Where the caller decrypts, who reads has passed the key's lock.
        let passed = answer.key.as_ref().filter(|_| !everybodys);
        let passed = passed.map_or(Verdict::No, |key| key.verdict());
        let direct =
            keys.iter().map(|key| asker.evaluate(&principal, Access::Decrypt, key).verdict());
        let on_key = direct.chain([passed]).max().unwrap_or(Verdict::No);
        readers.insert(principal, Reader { reads, on_key });
    }
    let shared = keys.iter().filter_map(|key| under.get(key)).flatten();
    let shares_keys_with = shared.filter(|other| **other != store).cloned().collect();
    Fence { store, decrypts, keys, readers, dark_for, one_short, shares_keys_with }
}
