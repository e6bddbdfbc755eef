//! What questions of one context share, worked out once: who somebody is, whom he can act as, what is attached where.

use super::impersonation::{Step, Way};
use super::member::{perhaps_standing_for, project_in_address, standing_for};
use crate::access::kept::{Kept, KeptFor};
use crate::estate::gcp::{Gcp, Grants};
use crate::model::gcp::{Asset, AssetKind, Binding, Cel, DenyPolicy, FullName};
use crate::model::{Access, Formula, Principal};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A principal with all that its members are given.
pub(super) struct Identity<'a> {
    /// All members that stand for the principal for sure.
    pub(super) members: BTreeSet<Arc<str>>,
    sure: Vec<&'a Grants>,
    /// Members that may stand for the principal, though not for sure.
    perhaps: Vec<(Formula, &'a Grants)>,
    /// Whether a basic role is among what is given, wherever that is.
    pub(super) basic: bool,
}

/// The accounts that a principal may act as in one step.
type Steps = Arc<[(Arc<str>, Step)]>;

/// Answers that do not depend on who asks, or on what he asks about. They hold for one context of requests.
pub(in crate::access) struct Memory<'a> {
    gcp: &'a Gcp,
    identities: Kept<Principal, Arc<Identity<'a>>>,
    ways: Kept<Principal, Arc<[Way]>>,
    steps: Kept<Principal, Steps>,
    /// What the principals that were asked about may do themselves to the resources that were asked about last.
    direct: KeptFor<FullName, (Access, Principal), Formula>,
    opens: Kept<(FullName, Access), Formula>,
    folders: Kept<FullName, Arc<[(FullName, String)]>>,
    conditions: Kept<(Cel, FullName, Box<str>), Formula>,
    denies: OnceCell<Vec<Attached<'a>>>,
    accounts: OnceCell<HashMap<FullName, Vec<&'a Asset>>>,
    unlisted: OnceCell<BTreeMap<&'a FullName, Vec<&'a Arc<str>>>>,
}

/// A deny policy with where it is attached, by the name that the estate uses.
pub(super) struct Attached<'a> {
    pub(super) name: &'a Arc<str>,
    pub(super) policy: &'a DenyPolicy,
    pub(super) to: FullName,
}

fn is_basic(binding: &Binding) -> bool {
    matches!(&*binding.role, "roles/viewer" | "roles/editor" | "roles/owner")
}

impl<'a> Identity<'a> {
    fn of(gcp: &'a Gcp, principal: &Principal) -> Self {
        let members = standing_for(gcp, principal);
        let sure = members.iter().filter_map(|member| gcp.grants(member)).collect();
        let perhaps = perhaps_standing_for(gcp, principal, &members);
        let perhaps = perhaps.into_iter().filter_map(|(m, when)| Some((when, gcp.grants(&m)?)));
        let mut identity = Self { members, sure, perhaps: perhaps.collect(), basic: false };
        let basic = identity.places().any(|(_, given)| given.iter().any(is_basic));
        identity.basic = basic;
        identity
    }

    /// What the policy of a resource gives, each with whether the member stands for the principal.
    pub(super) fn given_on<'b>(
        &'b self,
        on: &'b FullName,
    ) -> impl Iterator<Item = (&'a Binding, Formula)> + 'b {
        let sure = self.sure.iter().filter_map(move |grants| grants.get(on)).flatten();
        let perhaps = self.perhaps.iter().filter_map(move |(w, g)| Some((w, g.get(on)?)));
        let perhaps =
            perhaps.flat_map(|(w, bindings)| bindings.iter().map(move |b| (b, w.clone())));
        sure.map(|binding| (binding, Formula::always())).chain(perhaps)
    }

    /// The resources whose policies give something.
    pub(super) fn places(&self) -> impl Iterator<Item = (&'a FullName, &'a BTreeSet<Binding>)> {
        let perhaps = self.perhaps.iter().map(|(_, grants)| *grants);
        self.sure.iter().copied().chain(perhaps).flatten()
    }
}

impl<'a> Memory<'a> {
    pub(in crate::access) fn of(gcp: &'a Gcp) -> Self {
        Self {
            gcp,
            identities: Kept::default(),
            ways: Kept::default(),
            steps: Kept::default(),
            direct: KeptFor::default(),
            opens: Kept::default(),
            folders: Kept::default(),
            conditions: Kept::default(),
            denies: OnceCell::new(),
            accounts: OnceCell::new(),
            unlisted: OnceCell::new(),
        }
    }

    pub(super) fn identity(&self, principal: &Principal) -> Arc<Identity<'a>> {
        self.identities.of(principal, || Arc::new(Identity::of(self.gcp, principal)))
    }

    pub(super) fn ways(&self, who: &Principal, find: impl FnOnce() -> Vec<Way>) -> Arc<[Way]> {
        self.ways.of(who, || find().into())
    }

    pub(super) fn steps(
        &self,
        who: &Principal,
        find: impl FnOnce() -> Vec<(Arc<str>, Step)>,
    ) -> Steps {
        self.steps.of(who, || find().into())
    }

    /// What a principal may do himself; kept for a few resources at a time.
    pub(super) fn direct(
        &self,
        on: &FullName,
        access: Access,
        who: &Principal,
        find: impl FnOnce() -> Formula,
    ) -> Formula {
        self.direct.of(on, &(access, who.clone()), find)
    }

    /// Whether the service agent opens the keys of a bucket.
    pub(super) fn opens(
        &self,
        bucket: &FullName,
        access: Access,
        find: impl FnOnce() -> Formula,
    ) -> Formula {
        self.opens.of(&(bucket.clone(), access), find)
    }

    /// Whether a condition holds for a permission on a resource: the same for everybody.
    pub(super) fn condition(
        &self,
        expression: &Cel,
        on: &FullName,
        permission: &str,
        find: impl FnOnce() -> Formula,
    ) -> Formula {
        self.conditions.of(&(expression.clone(), on.clone(), permission.into()), find)
    }

    /// The managed folders of a bucket, each with the pattern of its objects.
    pub(super) fn folders(
        &self,
        bucket: &FullName,
        find: impl FnOnce() -> Vec<(FullName, String)>,
    ) -> Arc<[(FullName, String)]> {
        self.folders.of(bucket, || find().into())
    }

    pub(super) fn denies(&self) -> &[Attached<'a>] {
        self.denies.get_or_init(|| {
            let all = self.gcp.denies.iter();
            all.map(|(name, policy)| Attached {
                name,
                policy,
                to: self.gcp.canonical(&policy.attachment),
            })
            .collect()
        })
    }

    /// The service accounts at and below a resource.
    pub(super) fn accounts_below(&self, level: &FullName) -> &[&'a Asset] {
        let by_level = self.accounts.get_or_init(|| {
            let mut by_level: HashMap<FullName, Vec<&Asset>> = HashMap::new();
            for account in self.gcp.of_kind(AssetKind::ServiceAccount) {
                for above in self.gcp.lineage(&account.name).iter() {
                    by_level.entry(above.clone()).or_default().push(account);
                }
            }
            by_level
        });
        by_level.get(level).map(Vec::as_slice).unwrap_or_default()
    }

    /// Members that are service accounts of a listed project and are not listed themselves, by project.
    pub(super) fn unlisted(&self) -> &BTreeMap<&'a FullName, Vec<&'a Arc<str>>> {
        self.unlisted.get_or_init(|| {
            let mut by_project: BTreeMap<&FullName, Vec<&Arc<str>>> = BTreeMap::new();
            for member in self.gcp.members_from("serviceAccount:") {
                let email = member.strip_prefix("serviceAccount:").unwrap_or_default();
                if self.gcp.service_account(email).is_none()
                    && let Some(project) =
                        project_in_address(email).and_then(|id| self.gcp.project(id))
                {
                    by_project.entry(&project.name).or_default().push(member);
                }
            }
            by_project
        })
    }
}
