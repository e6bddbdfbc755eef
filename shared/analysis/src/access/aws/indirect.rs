//! Ways around: roles that a principal can assume, and power over principals.
//!
//! Who can assume a role has what the role has; chains are followed. Who can change what a principal may do, or become it by
//! making credentials for it, *administers* what that principal reads; power over oneself is power over all of one's
//! account.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage-assume.html>

use super::identity::identity;
use super::organization::{is_service_linked, resource_control};
use super::policy::resource_says;
use super::storage::{Part, Store};
use super::subject::Subject;
use super::{PLAIN, Request, ResourceTags, Target, bucket, direct, key};
use crate::access::{Answer, Lock, Trace};
use crate::estate::aws::{Aws, Truster};
use crate::model::aws::{AccountId, Action, Arn, IamKind, IamPrincipal, Known};
use crate::model::{Access, Formula, Resource, ResourceKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Chains are followed this far: longer ones are no longer told apart from noise.
const CHAIN: usize = 4;

/// A role that somebody can become.
#[derive(Debug, Clone)]
pub(in crate::access) struct Way<'a> {
    pub(super) role: &'a IamPrincipal,
    pub(super) condition: Formula,
    /// The roles to be assumed, in order; the last one is this role.
    pub(super) path: Vec<Arc<str>>,
}

/// Adds to a direct answer what the principal reaches on ways around.
pub(super) fn add(
    aws: &Aws,
    subject: &Subject<'_>,
    access: Access,
    resource: &Resource,
    mut answer: Answer,
    ways: &[Way<'_>],
    trace: &mut Trace<'_>,
) -> Answer {
    for way in ways {
        if answer.allowed.is_always() && trace.is_none() {
            break;
        }
        if let Some(trace) = trace.as_mut() {
            trace.becoming(&way.path);
        }
        let theirs = direct(aws, &Subject::iam(way.role), access, resource, PLAIN, trace);
        answer.allowed = answer.allowed.or(way.condition.clone().and(theirs.allowed));
    }
    if let Some(trace) = trace.as_mut() {
        trace.becoming(&[]);
    }
    let by_power = match access {
        Access::Administer | Access::KeyAdminister => {
            by_power(aws, subject, access, resource, trace)
        }
        Access::Read | Access::Write | Access::Delete | Access::Decrypt => Formula::never(),
    };
    answer.allowed = answer.allowed.or(by_power.clone());
    if answer.key.is_none() {
        answer.storage = answer.storage.or(by_power);
    }
    answer
}

/// All roles that somebody can become, by the shortest chain.
pub(super) fn ways<'a>(aws: &'a Aws, subject: &Subject<'a>) -> Vec<Way<'a>> {
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
                next.push((Subject::iam(role), all.clone(), path.clone()));
                let path = known.map_or(path, |w| w.path.clone());
                found.insert(&role.arn, Way { role, condition: all, path });
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
            if let (true, Some(account)) = (
                speaks_of(aws, iam.principal, Known::AssumeRole.into()),
                iam.principal.arn.account(),
            ) {
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

/// Whether a principal's own side speaks of assuming roles.
pub(in crate::access) fn may_assume(aws: &Aws, principal: &IamPrincipal) -> bool {
    speaks_of(aws, principal, Known::AssumeRole.into())
}

/// Whether a principal's own side speaks of changing or becoming other principals.
pub(in crate::access) fn has_power(aws: &Aws, principal: &IamPrincipal) -> bool {
    let all = UNBOUND_USER
        .iter()
        .chain(&UNBOUND_ROLE)
        .chain(&OVER_USER)
        .chain(&OVER_ROLE)
        .chain(&OVER_GROUP)
        .chain(&OVER_POLICY);
    let mut all =
        all.chain(&AS_USER).chain(&AS_ROLE).chain(&[Known::AddUserToGroup, Known::PassRole]);
    all.any(|action| speaks_of(aws, principal, (*action).into()))
}

/// Whether some document of a principal's own side speaks of an action; *yes* when not all of it is known.
fn speaks_of(aws: &Aws, principal: &IamPrincipal, action: Action<'_>) -> bool {
    let Some(account) = principal.arn.account() else { return false };
    let state = aws.accounts.get(&account);
    let groups = principal
        .groups
        .iter()
        .filter_map(|name| state?.principals.get(&(IamKind::Group, name.clone())));
    let unknown = !principal.complete || !state.is_some_and(|a| a.iam_known);
    unknown
        || std::iter::once(principal).chain(groups).any(|holder| {
            holder.inline.values().any(|d| d.speaks_of(action))
                || holder.attached.iter().any(|policy| {
                    aws.managed_document(&account, policy).is_none_or(|d| d.speaks_of(action))
                })
        })
}

/// Whether somebody may assume a role: its trust policy must allow, and, unless it names the principal himself within the
/// account, his own side as well. Roles that services made for themselves are not assumable by people.
fn may_become(aws: &Aws, subject: &Subject<'_>, role: &IamPrincipal) -> Formula {
    let Some(owner) = role.arn.account() else { return Formula::never() };
    if is_service_linked(&Subject::iam(role)) {
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
        own.from_outside(said.any_allow())
    };
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
        asked: PLAIN,
    }
}

/// Actions by which a principal's permissions are changed.
const OVER_USER: [Known; 2] = [Known::PutUserPolicy, Known::AttachUserPolicy];
const OVER_ROLE: [Known; 2] = [Known::PutRolePolicy, Known::AttachRolePolicy];
/// Actions by which one becomes another principal.
const AS_USER: [Known; 3] =
    [Known::CreateAccessKey, Known::CreateLoginProfile, Known::UpdateLoginProfile];
const AS_ROLE: [Known; 1] = [Known::UpdateAssumeRolePolicy];
const OVER_GROUP: [Known; 2] = [Known::PutGroupPolicy, Known::AttachGroupPolicy];
const OVER_POLICY: [Known; 2] = [Known::CreatePolicyVersion, Known::SetDefaultPolicyVersion];
/// Actions by which the limit on a principal is taken away.
const UNBOUND_USER: [Known; 2] =
    [Known::DeleteUserPermissionsBoundary, Known::PutUserPermissionsBoundary];
const UNBOUND_ROLE: [Known; 2] =
    [Known::DeleteRolePermissionsBoundary, Known::PutRolePermissionsBoundary];
/// Services that run what their caller gives them as a role that the caller passes: the service's principal, and the action
/// that makes it run.
const RUNNERS: [(&str, Known); 7] = [
    ("lambda.amazonaws.com", Known::CreateFunction),
    ("ec2.amazonaws.com", Known::RunInstances),
    ("ecs-tasks.amazonaws.com", Known::RunTask),
    ("glue.amazonaws.com", Known::CreateGlueJob),
    ("cloudformation.amazonaws.com", Known::CreateStack),
    ("sagemaker.amazonaws.com", Known::CreateNotebookInstance),
    ("codebuild.amazonaws.com", Known::CreateProject),
];

/// Roles that AWS keeps to itself: service-linked ones and those of Identity Center.
/// <https://docs.aws.amazon.com/singlesignon/latest/userguide/using-service-linked-roles.html>
fn is_reserved(principal: &IamPrincipal) -> bool {
    let resource = principal.arn.resource();
    resource.starts_with("role/aws-service-role/") || resource.starts_with("role/aws-reserved/")
}

/// What power over principals gives: over oneself, all of the account; over another one, what that one reads.
fn by_power(
    aws: &Aws,
    subject: &Subject<'_>,
    access: Access,
    resource: &Resource,
    trace: &mut Trace<'_>,
) -> Formula {
    let Subject::Iam(iam) = subject else { return Formula::never() };
    let Some(account) = iam.principal.arn.account() else { return Formula::never() };
    let speaks =
        |actions: &[Known]| actions.iter().any(|a| speaks_of(aws, iam.principal, (*a).into()));
    let becomes = speaks(&AS_USER) || speaks(&AS_ROLE);
    let writes = speaks(&UNBOUND_USER)
        || speaks(&UNBOUND_ROLE)
        || speaks(&OVER_USER)
        || speaks(&OVER_ROLE)
        || speaks(&OVER_GROUP)
        || speaks(&OVER_POLICY);
    let adds = speaks(&[Known::AddUserToGroup]);
    let passes = speaks(&[Known::PassRole]);
    if !(writes || becomes || adds || passes) {
        return Formula::never();
    }
    let power = Power { aws, subject, account: &account };
    let mut found = Formula::never();
    if writes {
        let own = power.over(iam.principal).and(power.limits(access, resource));
        if let (Some(trace), false) = (trace.as_mut(), own.is_never()) {
            trace.becoming(&["power over its own policies".into()]);
            trace.evidence(Lock::Storage, format!("policies of {}", iam.principal.arn), true);
            trace.becoming(&[]);
        }
        found = own;
    }
    if found.is_always() {
        return found;
    }
    let wanted = match access {
        Access::KeyAdminister => Access::KeyAdminister,
        Access::Read | Access::Write | Access::Delete | Access::Administer | Access::Decrypt => {
            Access::Read
        }
    };
    for other in aws.requesters(&account).filter(|p| p.arn != iam.principal.arn) {
        let mut over = if writes { power.over(other) } else { Formula::never() };
        if becomes && !over.is_always() {
            over = over.or(power.becomes(other));
        }
        if passes && !over.is_always() {
            over = over.or(power.passes(other));
        }
        if over.is_never() {
            continue;
        }
        let theirs = direct(aws, &Subject::iam(other), wanted, resource, PLAIN, &mut None).allowed;
        let gives = over.and(theirs);
        if let (Some(trace), false) = (trace.as_mut(), gives.is_never()) {
            trace.becoming(&[format!("power over {}", other.arn).into()]);
            trace.evidence(Lock::Storage, format!("{} has {wanted}", other.arn), true);
            trace.becoming(&[]);
        }
        found = found.or(gives);
        if found.is_always() {
            return found;
        }
    }
    if adds { found.or(power.by_joining(iam.principal, wanted, resource)) } else { found }
}

/// Somebody's power within his account.
struct Power<'a> {
    aws: &'a Aws,
    subject: &'a Subject<'a>,
    account: &'a AccountId,
}

impl Power<'_> {
    fn may(&self, action: Known, target: &Arn) -> Formula {
        let request = Request {
            aws: self.aws,
            subject: self.subject,
            action: action.into(),
            target: Target::One(target.clone()),
            owner: self.account,
            region: "",
            tags: ResourceTags::Unknown,
            via: None,
            point: None,
            asked: PLAIN,
        };
        let own = identity(&request, Lock::Storage, &mut None);
        own.limited(Formula::never(), Formula::never(), own.allow.clone()).unless(own.deny)
    }

    fn any(&self, actions: &[Known], target: &Arn) -> Formula {
        Formula::any(actions.iter().map(|a| self.may(*a, target)))
    }

    /// Power to become another principal: to make credentials for a user, or to open a role's trust.
    fn becomes(&self, target: &IamPrincipal) -> Formula {
        if is_reserved(target) {
            return Formula::never();
        }
        match target.kind {
            IamKind::User => self.any(&AS_USER, &target.arn),
            IamKind::Role => self.any(&AS_ROLE, &target.arn),
            IamKind::Group => Formula::never(),
        }
    }

    /// Power over a principal: over itself, its customer-managed policies, or its groups.
    fn over(&self, target: &IamPrincipal) -> Formula {
        if is_reserved(target) {
            return Formula::never();
        }
        let mut found = match target.kind {
            IamKind::User => self.any(&OVER_USER, &target.arn),
            IamKind::Role => self.any(&OVER_ROLE, &target.arn),
            IamKind::Group => self.any(&OVER_GROUP, &target.arn),
        };
        let own_policies =
            target.attached.iter().filter(|p| p.account().as_ref() == Some(self.account));
        for policy in own_policies {
            if found.is_always() {
                break;
            }
            found = found.or(self.any(&OVER_POLICY, policy));
        }
        if target.boundary.is_some() && !found.is_always() {
            found = found.or(match target.kind {
                IamKind::User => self.any(&UNBOUND_USER, &target.arn),
                IamKind::Role => self.any(&UNBOUND_ROLE, &target.arn),
                IamKind::Group => Formula::never(),
            });
        }
        let state = self.aws.accounts.get(self.account);
        for name in &target.groups {
            let group = state.and_then(|a| a.principals.get(&(IamKind::Group, name.clone())));
            found = found.or(group.map_or_else(Formula::never, |g| self.over(g)));
        }
        found
    }

    /// What limits leave of the power to give oneself anything: boundary, organisation, and for a key its policy.
    fn limits(&self, access: Access, resource: &Resource) -> Formula {
        match resource.kind {
            ResourceKind::Store => match bucket(self.aws, resource) {
                Some((owner, bucket)) if owner == self.account => {
                    let store = Store { aws: self.aws, owner, bucket, asked: PLAIN };
                    let request =
                        store.request(self.subject, Known::PutBucketPolicy.into(), Part::Bucket);
                    identity(&request, Lock::Storage, &mut None)
                        .unlimited()
                        .and(resource_control(&request, &mut None))
                }
                Some(_) | None => Formula::never(),
            },
            ResourceKind::Key => {
                let found =
                    Arn::parse(resource.name()).ok().and_then(|arn| self.aws.keys.get(&arn));
                let own = found.filter(|k| k.arn.account().as_ref() == Some(self.account));
                match own {
                    Some(found) if access == Access::KeyAdminister => {
                        key::delegates(self.aws, self.subject, Known::PutKeyPolicy, found)
                    }
                    Some(_) | None => Formula::never(),
                }
            }
        }
    }

    /// Power to run something as a role: to pass it to a service that trusts it is served by, and to make that service run.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>
    fn passes(&self, role: &IamPrincipal) -> Formula {
        if is_reserved(role) {
            return Formula::never();
        }
        let Some(trust) = &role.trust else { return Formula::never() };
        let served = RUNNERS.iter().filter(|(service, _)| trust.trusts_service(service));
        let runs: Vec<Formula> = served
            .map(|(_, action)| {
                let anything = Arn::parse("arn:aws:*:*:*:*").ok();
                anything.map_or_else(Formula::never, |any| self.may(*action, &any))
            })
            .collect();
        let runs = Formula::any(runs);
        if runs.is_never() { runs } else { runs.and(self.may(Known::PassRole, &role.arn)) }
    }

    /// What a user gets by putting himself into a group.
    fn by_joining(&self, user: &IamPrincipal, wanted: Access, resource: &Resource) -> Formula {
        let Some(state) = self.aws.accounts.get(self.account) else { return Formula::never() };
        if user.kind != IamKind::User {
            return Formula::never();
        }
        let groups = state.principals.values().filter(|p| p.kind == IamKind::Group);
        let gives = groups.filter(|g| !user.groups.contains(g.name())).map(|group| {
            let joins = self.may(Known::AddUserToGroup, &group.arn);
            if joins.is_never() {
                return joins;
            }
            let mut member = user.clone();
            member.groups.insert(group.name().into());
            let theirs =
                direct(self.aws, &Subject::iam(&member), wanted, resource, PLAIN, &mut None);
            joins.and(theirs.allowed)
        });
        Formula::any(gives.collect::<Vec<_>>())
    }
}
