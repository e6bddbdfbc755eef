//! Power over principals: who can change what a principal may do, or become it by making credentials for it, *administers* what
//! that principal reads; power over oneself is power over all of one's account.

use super::identity::{identity, identity_beside};
use super::indirect::{Memory, Profile};
use super::organization::resource_control;
use super::own::Own;
use super::storage::{Part, Store};
use super::subject::{Iam, Subject};
use super::{PLAIN, Request, ResourceTags, Target, bucket, direct, key};
use crate::access::{Lock, Trace};
use crate::estate::aws::Aws;
use crate::model::aws::{AccountId, Arn, IamKind, IamPrincipal, Known};
use crate::model::{Access, Formula, Resource, ResourceKind};
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

/// All actions by which principals are changed or become another one, as a mask.
pub(in crate::access) const POWERS: u64 =
    OVER | mask(&AS_USER) | mask(&AS_ROLE) | mask(&[Known::AddUserToGroup, Known::PassRole]);

/// Those by which permissions are changed.
const OVER: u64 = mask(&OVER_USER)
    | mask(&OVER_ROLE)
    | mask(&OVER_GROUP)
    | mask(&OVER_POLICY)
    | mask(&UNBOUND_USER)
    | mask(&UNBOUND_ROLE);

const fn mask(actions: &[Known]) -> u64 {
    let (mut all, mut i) = (0, 0);
    while i < actions.len() {
        #[expect(clippy::indexing_slicing, reason = "a constant function has no iterators")]
        {
            all |= actions[i].mask();
        }
        i += 1;
    }
    all
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

/// What somebody has power over, whatever the resource that is asked about; worked out as far as it is asked for.
#[derive(Debug, Default)]
pub(super) struct Powers<'a> {
    /// Over his own policies.
    own: OnceCell<Formula>,
    /// Over other principals of his account, by ARN.
    over: RefCell<HashMap<Arn, Formula>>,
    /// To put himself into groups: himself as he would be then.
    joins: OnceCell<Vec<(Subject<'a>, Formula)>>,
    /// To make services run what he gives them, in the order of [`RUNNERS`].
    runs: [OnceCell<Formula>; RUNNERS.len()],
}

impl Powers<'_> {
    fn over(&self, power: &Power<'_>, own: &Own<'_>, other: &IamPrincipal) -> Formula {
        if let Some(known) = self.over.borrow().get(&other.arn) {
            return known.clone();
        }
        let mut over = if own.speaks_of_any(OVER) { power.over(other) } else { Formula::never() };
        if !over.is_always() && own.speaks_of_any(mask(&AS_USER) | mask(&AS_ROLE)) {
            over = over.or(power.becomes(other));
        }
        if !over.is_always() && own.speaks_of_any(Known::PassRole.mask()) {
            over = over.or(power.passes(other, &self.runs));
        }
        self.over.borrow_mut().insert(other.arn.clone(), over.clone());
        over
    }
}

/// The groups that a user can put himself into, each with himself as he would be then.
fn joins<'a>(aws: &'a Aws, power: &Power<'_>, iam: &Iam<'a>) -> Vec<(Subject<'a>, Formula)> {
    let user = iam.principal;
    if !iam.own.speaks_of_any(Known::AddUserToGroup.mask()) || user.kind != IamKind::User {
        return Vec::new();
    }
    let state = aws.accounts.get(power.account).into_iter().flat_map(|a| a.principals.values());
    let groups = state.filter(|p| p.kind == IamKind::Group && !user.groups.contains(p.name()));
    groups
        .map(|group| (group, power.may(Known::AddUserToGroup, &group.arn)))
        .filter(|(_, joins)| !joins.is_never())
        .map(|(group, joins)| (Subject::as_member(aws, user, group), joins))
        .collect()
}

/// What power over principals gives: over oneself, all of the account; over another one, what that one reads.
pub(super) fn by_power<'a>(
    memory: &mut Memory<'a>,
    profile: &Profile<'a>,
    access: Access,
    resource: &Resource,
    trace: &mut Trace<'_>,
) -> Formula {
    let Subject::Iam(iam) = &profile.subject else { return Formula::never() };
    let Some(account) = &iam.own.account else { return Formula::never() };
    if !iam.own.speaks_of_any(POWERS) {
        return Formula::never();
    }
    let aws = memory.aws;
    let power = Power { aws, subject: &profile.subject, account };
    let mut found = Formula::never();
    if iam.own.speaks_of_any(OVER) {
        let own = profile.powers.own.get_or_init(|| power.over(iam.principal));
        if !own.is_never() {
            found = own.clone().and(power.limits(access, resource));
        }
        if let (Some(trace), false) = (trace.as_mut(), found.is_never()) {
            trace.becoming(&["power over its own policies".into()]);
            trace.evidence(Lock::Storage, format!("policies of {}", iam.principal.arn), true);
            trace.becoming(&[]);
        }
    }
    let wanted = match access {
        Access::KeyAdminister => Access::KeyAdminister,
        Access::Read | Access::Write | Access::Delete | Access::Administer | Access::Decrypt => {
            Access::Read
        }
    };
    for (other, theirs) in memory.having(wanted, resource, account).iter() {
        if found.is_always() {
            return found;
        }
        let Subject::Iam(them) = other else { continue };
        if them.principal.arn == iam.principal.arn {
            continue;
        }
        let gives = profile.powers.over(&power, &iam.own, them.principal).and(theirs.clone());
        if let (Some(trace), false) = (trace.as_mut(), gives.is_never()) {
            let arn = &them.principal.arn;
            trace.becoming(&[format!("power over {arn}").into()]);
            trace.evidence(Lock::Storage, format!("{arn} has {wanted}"), true);
            trace.becoming(&[]);
        }
        found = found.or(gives);
    }
    for (member, joins) in profile.powers.joins.get_or_init(|| joins(aws, &power, iam)) {
        let theirs = direct(aws, member, wanted, resource, PLAIN, &mut None).allowed;
        found = found.or(joins.clone().and(theirs));
    }
    found
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
            limits: None,
            asked: PLAIN,
        };
        // Nobody gives it but his own side.
        let own = identity_beside(&request, Lock::Storage, false, &mut None);
        own.limited(Formula::never(), Formula::never(), own.allow.clone()).unless(own.deny)
    }

    fn any(&self, actions: &[Known], target: &Arn) -> Formula {
        if let Subject::Iam(iam) = self.subject
            && !iam.own.may_allow(mask(actions), target)
        {
            return Formula::never();
        }
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
                    let store = Store::of(self.aws, owner, bucket, PLAIN);
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
    fn passes(&self, role: &IamPrincipal, runs: &[OnceCell<Formula>]) -> Formula {
        if is_reserved(role) {
            return Formula::never();
        }
        let Some(trust) = &role.trust else { return Formula::never() };
        let served =
            RUNNERS.iter().zip(runs).filter(|((service, _), _)| trust.trusts_service(service));
        let run = |action: Known| {
            let anything = Arn::parse("arn:aws:*:*:*:*").ok();
            anything.map_or_else(Formula::never, |any| self.may(action, &any))
        };
        let runs = Formula::any(
            served.map(|((_, action), known)| known.get_or_init(|| run(*action)).clone()),
        );
        if runs.is_never() { runs } else { runs.and(self.any(&[Known::PassRole], &role.arn)) }
    }
}
