//! Ways around: roles that a principal can assume, and power over principals.
//!
//! Who can assume a role has what the role has; chains are followed. [`super::power`] adds who can change principals.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage-assume.html>

use super::identity::identity;
use super::organization::resource_control;
use super::policy::resource_says;
use super::power::{Powers, by_power};
use super::storage::Store;
use super::subject::Subject;
use super::{PLAIN, Request, ResourceTags, Target, bucket, direct};
use crate::access::{Answer, Lock, Trace};
use crate::estate::aws::{Aws, Truster};
use crate::model::aws::{AccountId, Action, Arn, IamKind, IamPrincipal, Known, Ownership};
use crate::model::{Access, Formula, Principal, Resource};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

/// Chains are followed this far: longer ones are no longer told apart from noise.
const CHAIN: usize = 4;

/// A role that somebody can become.
#[derive(Debug)]
pub(in crate::access) struct Way<'a> {
    role: Subject<'a>,
    condition: Formula,
    /// The roles to be assumed, in order; the last one is this role.
    path: Vec<Arc<str>>,
}

/// What is known of a principal, whatever the resource that is asked about.
#[derive(Debug)]
pub(in crate::access) struct Profile<'a> {
    pub(super) subject: Subject<'a>,
    ways: OnceCell<Vec<Way<'a>>>,
    pub(super) powers: Powers<'a>,
}

impl<'a> Profile<'a> {
    fn ways(&self, aws: &'a Aws) -> &[Way<'a>] {
        self.ways.get_or_init(|| ways(aws, &self.subject))
    }
}

/// What many questions share: profiles of principals, and what principals have on the resource that was asked about last.
pub(in crate::access) struct Memory<'a> {
    pub(super) aws: &'a Aws,
    profiles: HashMap<Principal, Rc<Profile<'a>>>,
    resource: Option<Resource>,
    store: Option<Store<'a>>,
    answers: HashMap<(Arn, Access), Answer>,
    /// Who has a kind of access to the resource himself, by account.
    having: HashMap<(Access, AccountId), Having<'a>>,
    /// Whether a key that cannot matter is asked all the same.
    both_locks: bool,
}

impl<'a> Memory<'a> {
    pub(in crate::access) fn of(aws: &'a Aws) -> Self {
        Self {
            aws,
            profiles: HashMap::new(),
            resource: None,
            store: None,
            answers: HashMap::new(),
            having: HashMap::new(),
            both_locks: true,
        }
    }

    /// From now on the key is asked only where the storage side gives something.
    pub(in crate::access) const fn look_at_allowed_only(&mut self) {
        self.both_locks = false;
    }

    fn profile(&mut self, principal: &Principal) -> Rc<Profile<'a>> {
        if let Some(profile) = self.profiles.get(principal) {
            return profile.clone();
        }
        let subject = Subject::of(self.aws, principal);
        let profile =
            Rc::new(Profile { subject, ways: OnceCell::new(), powers: Powers::default() });
        self.profiles.insert(principal.clone(), profile.clone());
        profile
    }

    /// What a principal may do himself. The store that was asked about last is kept at hand.
    pub(super) fn direct(
        &mut self,
        subject: &Subject<'a>,
        access: Access,
        resource: &Resource,
        trace: &mut Trace<'_>,
    ) -> Answer {
        if self.resource.as_ref() != Some(resource) {
            self.resource = Some(resource.clone());
            self.answers.clear();
            self.having.clear();
            let found = bucket(self.aws, resource);
            self.store = found.map(|(owner, bucket)| Store::of(self.aws, owner, bucket, PLAIN));
        }
        let known = subject.arn().filter(|_| trace.is_none() && subject.is_plain()).cloned();
        if let Some(answer) = known.clone().and_then(|arn| self.answers.get(&(arn, access))) {
            return answer.clone();
        }
        let answer = match &self.store {
            Some(store) => store.evaluate(subject, access, self.both_locks, trace),
            None => direct(self.aws, subject, access, resource, PLAIN, trace),
        };
        if let Some(arn) = known {
            self.answers.insert((arn, access), answer.clone());
        }
        answer
    }
}

/// Principals with what they have.
type Having<'a> = Rc<[(Subject<'a>, Formula)]>;

impl<'a> Memory<'a> {
    /// The principals of an account that have a kind of access to a resource themselves.
    pub(super) fn having(
        &mut self,
        access: Access,
        resource: &Resource,
        account: &AccountId,
    ) -> Having<'a> {
        let key = (access, account.clone());
        if let Some(known) =
            self.having.get(&key).filter(|_| self.resource.as_ref() == Some(resource))
        {
            return known.clone();
        }
        let mut found = Vec::new();
        for principal in may_have(self.aws, resource, account) {
            let profile = self.profile(&Principal::Named(principal.arn.text()));
            let allowed = self.direct(&profile.subject, access, resource, &mut None).allowed;
            if !allowed.is_never() {
                found.push((profile.subject.clone(), allowed));
            }
        }
        let found: Having<'a> = found.into();
        self.having.insert(key, found.clone());
        found
    }
}

fn owns(aws: &Aws, resource: &Resource, account: &AccountId) -> bool {
    match bucket(aws, resource) {
        Some((owner, _)) => owner == account,
        None => {
            Arn::parse(resource.name()).ok().and_then(|a| a.account()).as_ref() == Some(account)
        }
    }
}

/// The principals of an account that may have access to a resource: whose own side speaks of it, or whom its policy may name.
fn may_have<'a>(aws: &'a Aws, resource: &Resource, account: &AccountId) -> Vec<&'a IamPrincipal> {
    let (name, named, open) = match bucket(aws, resource) {
        Some((_, bucket)) => {
            let points = bucket.access_points.values().map(|p| &p.policy);
            let policies = points.chain([&bucket.policy]).flatten().flatten();
            let named: BTreeSet<Truster> = policies.flat_map(Aws::trusted_by).collect();
            // What ACLs give is told by no policy.
            let acls = bucket.ownership != Some(Ownership::BucketOwnerEnforced);
            (&*bucket.name, named, bucket.policy.is_none() || acls)
        }
        None => match Arn::parse(resource.name()).ok().and_then(|arn| aws.keys.get(&arn)) {
            Some(key) => {
                let mut named: BTreeSet<Truster> =
                    key.policy.iter().flat_map(Aws::trusted_by).collect();
                let grants = key.grants.values().map(|g| Truster::Principal(g.grantee.clone()));
                named.extend(grants);
                (key.arn.as_str(), named, key.policy.is_none() || !key.grants_known)
            }
            None => return Vec::new(),
        },
    };
    let everyone = open || named.contains(&Truster::Everyone);
    if !owns(aws, resource, account) {
        // From another account nothing goes without the resource's side.
        let theirs = |t: &Truster| match t {
            Truster::Everyone => true,
            Truster::Account(of) => of == account,
            Truster::Principal(arn) => {
                Arn::parse(arn).ok().and_then(|a| a.account()).as_ref() == Some(account)
            }
        };
        if !open && !named.iter().any(theirs) {
            return Vec::new();
        }
        return aws.may_speak_of(account, name).collect();
    }
    if everyone {
        return aws.requesters(account).collect();
    }
    let by_name = named.iter().filter_map(|truster| match truster {
        Truster::Principal(arn) => Arn::parse(arn).ok(),
        Truster::Everyone | Truster::Account(_) => None,
    });
    let by_name = by_name.filter_map(|arn| match arn.session_role() {
        Some((of, role)) => aws.principal(&Arn::iam(&of, "role", role)),
        None => aws.principal(&arn),
    });
    let own =
        by_name.filter(|p| p.arn.account().as_ref() == Some(account) && p.kind != IamKind::Group);
    let mut found: Vec<&IamPrincipal> = aws.may_speak_of(account, name).chain(own).collect();
    found.sort_by(|a, b| a.arn.cmp(&b.arn));
    found.dedup_by(|a, b| a.arn == b.arn);
    found
}

/// Whether a principal has a kind of access: himself, or on ways around.
pub(in crate::access) fn evaluate<'a>(
    memory: &mut Memory<'a>,
    principal: &Principal,
    access: Access,
    resource: &Resource,
    trace: &mut Trace<'_>,
) -> Answer {
    let profile = memory.profile(principal);
    let mut answer = memory.direct(&profile.subject, access, resource, trace);
    if answer.allowed.is_always() {
        return answer;
    }
    for way in profile.ways(memory.aws) {
        if answer.allowed.is_always() && trace.is_none() {
            break;
        }
        if let Some(trace) = trace.as_mut() {
            trace.becoming(&way.path);
        }
        let theirs = memory.direct(&way.role, access, resource, trace);
        if !theirs.allowed.is_never() {
            answer.allowed = answer.allowed.or(way.condition.clone().and(theirs.allowed));
        }
    }
    if let Some(trace) = trace.as_mut() {
        trace.becoming(&[]);
    }
    if matches!(access, Access::Administer | Access::KeyAdminister) && !answer.allowed.is_always() {
        let by_power = by_power(memory, &profile, access, resource, trace);
        if answer.key.is_none() {
            answer.storage = answer.storage.or(by_power.clone());
        }
        answer.allowed = answer.allowed.or(by_power);
    }
    answer
}

/// All roles that somebody can become, by the shortest chain.
fn ways<'a>(aws: &'a Aws, subject: &Subject<'a>) -> Vec<Way<'a>> {
    let mut found: BTreeMap<&'a Arn, Way<'a>> = BTreeMap::new();
    let mut todo: Vec<(Subject<'a>, Formula, Vec<Arc<str>>)> =
        vec![(subject.clone(), Formula::always(), Vec::new())];
    for _ in 0..CHAIN {
        let mut next = Vec::new();
        for (from, condition, path) in std::mem::take(&mut todo) {
            for role in trusting(aws, &from) {
                if from.arn() == Some(&role.arn) {
                    continue;
                }
                let edge = condition.clone().and(may_become(aws, &from, role));
                let known = found.get(&role.arn);
                if edge.is_never() || known.is_some_and(|w| edge.implies(&w.condition)) {
                    continue;
                }
                let mut path = path.clone();
                path.push(role.arn.as_str().into());
                let all = known.map_or_else(Formula::never, |w| w.condition.clone()).or(edge);
                let as_role = Subject::iam(aws, role);
                next.push((as_role.clone(), all.clone(), path.clone()));
                let path = known.map_or(path, |w| w.path.clone());
                found.insert(&role.arn, Way { role: as_role, condition: all, path });
            }
        }
        if next.is_empty() {
            break;
        }
        todo = next;
    }
    found.into_values().collect()
}

/// Roles whose trust policy may speak of somebody. Those that trust his account need an identity policy of his as well.
fn trusting<'a>(aws: &'a Aws, subject: &Subject<'a>) -> Vec<&'a IamPrincipal> {
    let mut roles = BTreeSet::new();
    let mut add = |truster: &Truster| roles.extend(aws.trusting(truster));
    add(&Truster::Everyone);
    match subject {
        Subject::Anonymous | Subject::Nobody => return Vec::new(),
        Subject::AnyAccount => {}
        Subject::Federated(provider) => add(&Truster::Principal(provider.clone())),
        Subject::Account(account) => add(&Truster::Account(account.clone())),
        Subject::Iam(iam) => {
            add(&Truster::Principal(iam.principal.arn.as_str().into()));
            if let Some(account) = iam.principal.arn.account() {
                add(&Truster::session(&account, iam.principal.name()));
            }
            if let (true, Some(account)) =
                (iam.own.speaks_of(Known::AssumeRole.into()), iam.principal.arn.account())
            {
                add(&Truster::Account(account));
            }
        }
        Subject::Outside(arn) => {
            add(&Truster::Principal(arn.as_str().into()));
            if let Some(account) = arn.account() {
                add(&Truster::Account(account));
            }
        }
    }
    roles.into_iter().filter_map(|place| aws.role_at(place)).collect()
}

/// Whether somebody may assume a role: its trust policy must allow, and, unless it names the principal himself within the
/// account, his own side as well. Roles that services made for themselves are not assumable by people.
fn may_become(aws: &Aws, subject: &Subject<'_>, role: &IamPrincipal) -> Formula {
    let Some(owner) = role.arn.account() else { return Formula::never() };
    if role.arn.is_service_linked_role() {
        return Formula::never();
    }
    let action = match subject {
        Subject::Federated(provider) if provider.contains(":saml-provider/") => {
            Known::AssumeRoleWithSaml
        }
        Subject::Federated(_) => Known::AssumeRoleWithWebIdentity,
        Subject::Anonymous
        | Subject::AnyAccount
        | Subject::Account(_)
        | Subject::Iam(_)
        | Subject::Outside(_)
        | Subject::Nobody => Known::AssumeRole,
    };
    let request = on_principal(aws, subject, action.into(), role, &owner);
    let Some(trust) = &role.trust else {
        if matches!(subject, Subject::Federated(_)) {
            return Formula::never();
        }
        // A role without a trust policy in the estate: an event named it.
        return Formula::unknown(format!("the trust policy of {} is not in the estate", role.arn));
    };
    let said = resource_says(
        trust,
        &request,
        None,
        format_args!("trust policy of {}", role.arn),
        &mut None,
    );
    if said.any_allow().is_never() {
        return Formula::never();
    }
    if matches!(subject, Subject::Federated(_)) {
        return said.direct.unless(said.deny);
    }
    let own = identity(&request, Lock::Storage, &mut None);
    let allow = if subject.account().as_ref() == Some(&owner) {
        let by_identity = said.delegated.and(own.allow.clone());
        own.limited(said.direct, said.session, by_identity)
    } else {
        own.with_consent_of(said.any_allow())
    };
    if allow.is_never() {
        return allow;
    }
    allow.and(resource_control(&request, &mut None)).unless(said.deny.or(own.deny))
}

/// A request on a principal.
fn on_principal<'a>(
    aws: &'a Aws,
    subject: &'a Subject<'a>,
    action: Action<'a>,
    target: &'a IamPrincipal,
    owner: &'a AccountId,
) -> Request<'a> {
    Request {
        aws,
        subject,
        action,
        target: Target::One(target.arn.clone()),
        owner,
        region: "",
        tags: ResourceTags::Count(&target.tags),
        via: None,
        point: None,
        limits: None,
        asked: PLAIN,
    }
}
