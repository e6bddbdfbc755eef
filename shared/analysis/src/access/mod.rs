//! Who may do what with which store or key, and why.
//!
//! The one equation, for a principal P, an object O and the key K that O is encrypted with:
//!
//! ```text
//! P can read O  =  the storage path allows P to read O
//!                  AND the key opens for whoever decrypts
//! ```
//!
//! Who decrypts is told by [`Decrypts`], once, per store; no rule decides it again. [`evaluate`] gives an [`Answer`]: the
//! residual formula, the two locks apart, and on request the evidence. [`slice()`] says which principals and resources an
//! edit can touch, so that a change is judged by what it touches and not by the whole estate.

mod asker;
pub mod aws;
pub mod azure;
pub mod gcp;
mod kept;
mod matrix;
mod request;
mod scope;

pub use asker::Asker;
pub use matrix::{Changed, Matrix};
pub use request::{Call, Context, Explained, Step};
pub use scope::{
    Protection, Slice, candidates, everything, keys_of, protection, reach, resources, slice,
};

use crate::estate::Estate;
use crate::model::azure::ArmKind;
use crate::model::gcp::AssetKind;
use crate::model::{Access, Cloud, Formula, Principal, Resource, ResourceKind, Verdict};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Who decrypts stored objects when somebody reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decrypts {
    /// The caller needs the right on the key himself: AWS SSE-KMS and DSSE-KMS. The key is a fence.
    AsCaller,
    /// The storage service's own identity decrypts for everybody: Azure and Google Cloud with a customer-managed key.
    /// The key is no fence, only a switch that darkens the data for all.
    AsService(Principal),
    /// The provider's own key: SSE-S3, Microsoft- and Google-managed keys. Nobody needs anything.
    ProviderKey,
    /// It cannot be told from the estate.
    Unknown,
}

/// The answer to one question of access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Whether it is allowed, both locks together.
    pub allowed: Formula,
    /// The storage lock alone (for a key: the whole answer).
    pub storage: Formula,
    /// The key lock, where the caller needs the key himself.
    pub key: Option<Formula>,
}

/// Which lock a principal is short of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Lock {
    /// The storage lock is closed, the key lock open.
    Storage,
    /// The key lock is closed, the storage lock open.
    Key,
}

impl Lock {
    /// The word of the JSON contract.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Storage => "storage",
            Self::Key => "key",
        }
    }
}

/// Why access is given: one statement, assignment, binding or grant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Evidence {
    /// Which lock it opens.
    pub lock: Lock,
    /// What opens it, in words.
    pub grant: String,
    /// Whether it reaches more than this resource: a wildcard, or a scope above.
    pub broad: bool,
    /// Indirect ways: the steps before it, such as roles to be assumed or service accounts to be impersonated, in order. Empty
    /// for what the principal holds himself.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "as_texts")]
    pub via: Vec<Arc<str>>,
}

fn as_texts<S: serde::Serializer>(texts: &[Arc<str>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(texts.iter().map(|text| &**text))
}

/// Collects evidence and steps, or not: the bulk of questions needs none.
pub(crate) type Trace<'a> = Option<&'a mut Tracer>;

/// What was found on the way to an answer.
#[derive(Debug, Default)]
pub(crate) struct Tracer {
    evidence: Vec<Evidence>,
    steps: Vec<Step>,
    /// Who has to be become first, from the one who asks to the one whose grants are looked at.
    via: Vec<Arc<str>>,
}

/// What a step says: `allows`, or `allows if …`.
pub(crate) fn verb_if(verb: &str, when: &Formula) -> String {
    if when.is_always() { verb.to_owned() } else { format!("{verb} if {when}") }
}

impl Tracer {
    /// Something that opens a lock.
    pub(crate) fn evidence(&mut self, lock: Lock, grant: String, broad: bool) {
        self.evidence.push(Evidence { lock, grant, broad, via: self.via.clone() });
    }

    /// Something that was looked at.
    pub(crate) fn step(
        &mut self,
        lock: Lock,
        looked_at: impl Into<String>,
        said: impl Into<String>,
    ) {
        let step = Step { lock, looked_at: looked_at.into(), said: said.into() };
        // Several operations of one kind of access look at the same policies.
        if !self.steps.contains(&step) {
            self.steps.push(step);
        }
    }

    /// Says more of what was looked at last.
    pub(crate) fn explain_last(&mut self, looked_at: &str, said: &str) {
        if let Some(last) = self.steps.pop_if(|step| step.looked_at == looked_at) {
            self.step(last.lock, last.looked_at, said);
        }
    }

    /// All of another one; its evidence only where it counts.
    pub(crate) fn join(&mut self, other: Self, evidence_counts: bool) {
        self.steps.extend(other.steps);
        if evidence_counts {
            let via = &self.via;
            let own = |e: Evidence| Evidence { via: via.clone(), ..e };
            self.evidence.extend(other.evidence.into_iter().map(own));
        }
    }

    /// All evidence of another one, as a way of its own.
    pub(crate) fn join_as(&mut self, way: &str, other: Self) {
        self.steps.extend(other.steps);
        let own = |e: Evidence| Evidence { grant: format!("{way} {}", e.grant), ..e };
        self.evidence.extend(other.evidence.into_iter().map(own));
    }

    /// What people are told of an answer.
    fn told(self, mut answer: Answer, kind: ResourceKind) -> Explained {
        let only = match kind {
            ResourceKind::Store => Lock::Storage,
            ResourceKind::Key => Lock::Key,
        };
        // Nothing opens a lock that is closed; who becomes somebody else uses what that one holds.
        let closed = |lock: Lock| match (&answer.key, lock) {
            (Some(key), Lock::Key) => key.is_never(),
            (Some(_), Lock::Storage) | (None, _) => answer.storage.is_never(),
        };
        let opens =
            |e: &Evidence| !closed(e.lock) || !e.via.is_empty() && !answer.allowed.is_never();
        let evidence = sorted(self.evidence.into_iter().filter(opens).collect());
        let mut steps = self.steps;
        if steps.is_empty() && answer.allowed.is_never() {
            let (looked_at, said) =
                ("the estate", "nothing in it gives this principal anything here");
            steps.push(Step { lock: only, looked_at: looked_at.into(), said: said.into() });
        }
        // Both locks are open on the way over somebody else.
        if let Some(key) = &mut answer.key {
            for lock in [&mut answer.storage, key] {
                if lock.is_never() {
                    *lock = answer.allowed.clone();
                }
            }
        }
        Explained { answer, evidence, steps }
    }

    /// From here on, what is found is found for somebody whom the asker can become.
    pub(crate) fn becoming(&mut self, path: &[Arc<str>]) {
        self.via = path.to_vec();
    }
}

impl Answer {
    /// Denied, whatever the request.
    #[must_use]
    pub const fn never() -> Self {
        Self { allowed: Formula::never(), storage: Formula::never(), key: None }
    }

    /// An answer in which the caller needs no key.
    #[must_use]
    pub fn of(storage: Formula) -> Self {
        Self { allowed: storage.clone(), storage, key: None }
    }

    /// An answer in which the caller needs both locks.
    #[must_use]
    pub fn of_locks(storage: Formula, key: Formula) -> Self {
        Self { allowed: storage.clone().and(key.clone()), storage, key: Some(key) }
    }

    /// What people are told.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.allowed.verdict()
    }

    /// Whether the storage right is there and the service's own identity cannot decrypt: an outage, for everybody.
    #[must_use]
    pub fn is_dark(&self) -> bool {
        self.key.is_none() && self.allowed.is_never() && !self.storage.is_never()
    }

    /// The lock that alone is missing, when exactly one is closed for sure.
    #[must_use]
    pub fn one_short(&self) -> Option<Lock> {
        let key = self.key.as_ref()?;
        // An unknown lock is not an open one.
        let open = |lock: &Formula| matches!(lock.verdict(), Verdict::Yes | Verdict::Conditional);
        match (open(&self.storage), open(key)) {
            // Who gets there on another way is short of nothing.
            (_, _) if !self.allowed.is_never() => None,
            (true, false) if key.is_never() => Some(Lock::Key),
            (false, true) if self.storage.is_never() => Some(Lock::Storage),
            (_, _) => None,
        }
    }
}

/// Whether a principal has a kind of access to a resource.
#[must_use]
pub fn evaluate(
    estate: &Estate,
    principal: &Principal,
    access: Access,
    resource: &Resource,
) -> Answer {
    Asker::new(estate).evaluate(principal, access, resource)
}

/// The same with the evidence behind it, the widest grant first.
#[must_use]
pub fn explain(
    estate: &Estate,
    principal: &Principal,
    access: Access,
    resource: &Resource,
) -> (Answer, Vec<Evidence>) {
    let explained = explained(estate, principal, access, resource);
    (explained.answer, explained.evidence)
}

/// The same step by step.
#[must_use]
pub fn explained(
    estate: &Estate,
    principal: &Principal,
    access: Access,
    resource: &Resource,
) -> Explained {
    let mut tracer = Tracer::default();
    let answer = Asker::new(estate).ask(principal, access, resource, Some(&mut tracer));
    tracer.told(answer, resource.kind)
}

/// How somebody gets at a resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Reached {
    /// The answer.
    pub answer: Answer,
    /// What opens the locks, the nearest first.
    pub evidence: Vec<Evidence>,
    /// How many steps lie between: 0 for what the principal holds himself, 1 for a role that he can assume, …
    pub steps: usize,
}

/// How somebody gets at a resource, if he does.
#[must_use]
pub fn reached(
    estate: &Estate,
    principal: &Principal,
    access: Access,
    resource: &Resource,
) -> Reached {
    let (answer, evidence) = explain(estate, principal, access, resource);
    // A way counts where everything that it needs is there: both locks, where the caller needs the key.
    let locks = if answer.key.is_some() { 2 } else { 1 };
    let mut ways: std::collections::BTreeMap<&[Arc<str>], BTreeSet<Lock>> =
        std::collections::BTreeMap::new();
    for one in &evidence {
        ways.entry(&one.via).or_default().insert(one.lock);
    }
    let whole = ways.iter().filter(|(_, opened)| opened.len() >= locks).map(|(via, _)| via.len());
    let any = ways.keys().map(|via| via.len()).min();
    let steps = whole.min().or(any).unwrap_or_default();
    Reached { answer, evidence, steps }
}

/// The nearest and widest grant first.
fn sorted(mut evidence: Vec<Evidence>) -> Vec<Evidence> {
    let place = |e: &Evidence| (e.lock, e.via.len(), !e.broad);
    evidence.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.cmp(b)));
    evidence.dedup();
    evidence
}

/// What becomes of one concrete request, step by step. In AWS a read or write of an object is asked at both locks.
#[must_use]
pub fn can(estate: &Estate, cloud: Cloud, call: &Call) -> Explained {
    let mut tracer = Tracer::default();
    let answer = match cloud {
        Cloud::Aws => aws::can(&estate.aws, call, &mut tracer),
        Cloud::Azure => azure::can(&estate.azure, call, &mut tracer),
        Cloud::Gcp => gcp::can(&estate.gcp, call, &mut tracer),
    };
    let kind = Resource::parse(&call.resource).map_or(ResourceKind::Store, |r| r.kind);
    tracer.told(answer, kind)
}

/// Who decrypts the objects of a store. For a key there is nothing stored: [`Decrypts::ProviderKey`].
#[must_use]
pub fn decrypts(estate: &Estate, store: &Resource) -> Decrypts {
    match store.cloud {
        Cloud::Aws => aws::decrypts(&estate.aws, store),
        Cloud::Azure => azure::decrypts(&estate.azure, store),
        Cloud::Gcp => gcp::decrypts(&estate.gcp, store),
    }
}

/// The identities by which storage services decrypt.
#[must_use]
pub fn service_identities(estate: &Estate) -> BTreeSet<Principal> {
    let accounts = estate
        .azure
        .of_kind(ArmKind::StorageAccount)
        .map(|a| Resource::store(Cloud::Azure, a.id.as_str()));
    let buckets =
        estate.gcp.of_kind(AssetKind::Bucket).map(|b| Resource::store(Cloud::Gcp, b.name.as_str()));
    let of = |store: Resource| match decrypts(estate, &store) {
        Decrypts::AsService(identity) => Some(identity),
        Decrypts::AsCaller | Decrypts::ProviderKey | Decrypts::Unknown => None,
    };
    accounts.chain(buckets).filter_map(of).collect()
}

/// One concrete request that the cloud would allow when the answer is *yes*.
#[must_use]
pub fn witness(
    principal: &Principal,
    access: Access,
    resource: &Resource,
    allowed: &Formula,
) -> String {
    // Of a class of objects, one of the class.
    let class = allowed.some_objects().map(|p| {
        let name = p.as_str().split_once(&format!("{resource}/")).map_or(p.as_str(), |(_, n)| n);
        name.replace('*', "<object>")
    });
    let object = class.as_deref().unwrap_or("<object>");

    let call = match (resource.cloud, access) {
        (Cloud::Aws, Access::Read) => format!("s3:GetObject {resource}/{object}"),
        (Cloud::Aws, Access::Write) => format!("s3:PutObject {resource}/{object}"),
        (Cloud::Aws, Access::Delete) => format!("s3:DeleteObject {resource}/{object}"),
        (Cloud::Aws, Access::Administer) => format!("s3:PutBucketPolicy {resource}"),
        (Cloud::Aws, Access::Decrypt) => format!("kms:Decrypt {resource}"),
        (Cloud::Aws, Access::KeyAdminister) => format!("kms:PutKeyPolicy {resource}"),
        (Cloud::Azure, Access::Read) => format!("GET {resource}/<blob>"),
        (Cloud::Azure, Access::Write) => format!("PUT {resource}/<blob>"),
        (Cloud::Azure, Access::Delete) => format!("DELETE {resource}/<blob>"),
        (Cloud::Azure, Access::Administer) => {
            format!("PUT {resource}/providers/Microsoft.Authorization/roleAssignments/<id>")
        }
        (Cloud::Azure, Access::Decrypt) => format!("POST {resource}/decrypt"),
        (Cloud::Azure, Access::KeyAdminister) => format!("PUT {resource}"),
        (Cloud::Gcp, Access::Read) => format!("storage.objects.get {resource}/objects/{object}"),
        (Cloud::Gcp, Access::Write) => {
            format!("storage.objects.create {resource}/objects/{object}")
        }
        (Cloud::Gcp, Access::Delete) => {
            format!("storage.objects.delete {resource}/objects/{object}")
        }
        (Cloud::Gcp, Access::Administer) => format!("storage.buckets.setIamPolicy {resource}"),
        (Cloud::Gcp, Access::Decrypt) => {
            format!("cloudkms.cryptoKeyVersions.useToDecrypt {resource}")
        }
        (Cloud::Gcp, Access::KeyAdminister) => {
            format!("cloudkms.cryptoKeys.setIamPolicy {resource}")
        }
    };
    format!("{principal}: {call}")
}
