//! Whether statements of a policy speak of a request.

use super::context;
use super::{Request, Subject, Target};
use crate::access::{Evidence, Lock, Trace};
use crate::model::aws::{
    AccountId, ActionMatch, Arn, Document, Effect, PrincipalMatch, PrincipalPattern, ResourceMatch,
    Statement,
};
use crate::model::{Formula, Pattern};

/// How a policy is tied to principals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Attached to the requester: identity policies, boundaries, service control policies.
    Identity,
    /// Attached to the resource: the statement's principal must be the requester himself.
    Resource,
    /// Attached to the resource, and the statement names the requester's *account*: it hands the decision on to that
    /// account's identity policies.
    Delegation,
}

/// What a policy says: allow and deny apart.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) allow: Formula,
    pub(super) deny: Formula,
}

impl Said {
    pub(super) const fn nothing() -> Self {
        Self { allow: Formula::never(), deny: Formula::never() }
    }

    pub(super) fn join(self, other: Self) -> Self {
        Self { allow: self.allow.or(other.allow), deny: self.deny.or(other.deny) }
    }

    /// Both sides depend on a document that is not known. They are two facts: it may allow, and it may deny. As one fact
    /// they would make *unknown and not unknown*, which is *no*.
    pub(super) fn unknown(because: &str) -> Self {
        Self {
            allow: Formula::unknown(because),
            deny: Formula::unknown(format!("{because}: it may deny")),
        }
    }
}

/// What a document says to a request. `label` names the document in the evidence.
pub(super) fn says(
    document: &Document,
    side: Side,
    request: &Request<'_>,
    lock: Lock,
    label: &str,
    trace: &mut Trace<'_>,
) -> Said {
    let mut said = Said::nothing();
    for statement in document.statements() {
        let applies = applies(statement, side, request);
        if applies.is_never() {
            continue;
        }
        match statement.effect {
            Effect::Deny => said.deny = said.deny.or(applies),
            Effect::Allow => {
                if let Some(trace) = trace {
                    let grant = format!("{label}, {}", statement.label());
                    trace.push(Evidence { lock, grant, broad: is_broad(statement, request) });
                }
                said.allow = said.allow.or(applies);
            }
        }
    }
    said
}

fn applies(statement: &Statement, side: Side, request: &Request<'_>) -> Formula {
    if !action_matches(&statement.action, request.action) {
        return Formula::never();
    }
    let principal = principal_matches(statement, side, request);
    if principal.is_never() {
        return principal;
    }
    let resource = resource_matches(&statement.resource, &request.target);
    if resource.is_never() {
        return resource;
    }
    principal.and(resource).and(context::holds(&statement.conditions, request))
}

fn action_matches(action: &ActionMatch, name: &str) -> bool {
    match action {
        ActionMatch::Is(patterns) => patterns.iter().any(|p| p.matches(name)),
        ActionMatch::Not(patterns) => !patterns.iter().any(|p| p.matches(name)),
    }
}

fn resource_matches(resource: &ResourceMatch, target: &Target) -> Formula {
    let any =
        |patterns: &[Pattern]| Formula::any(patterns.iter().map(|p| pattern_matches(p, target)));
    match resource {
        ResourceMatch::Attached => Formula::always(),
        ResourceMatch::Is(patterns) => any(patterns),
        ResourceMatch::Not(patterns) => any(patterns).negated(),
    }
}

fn pattern_matches(pattern: &Pattern, target: &Target) -> Formula {
    let open = without_variables(pattern);
    let wide = open.as_ref().unwrap_or(pattern).in_main_partition();
    let matched = match target {
        Target::One(arn) => {
            Formula::known(wide.matches(Pattern::new(arn.as_str()).in_main_partition().as_str()))
        }
        Target::Objects(objects) if wide.covers(objects) => Formula::always(),
        Target::Objects(objects) if wide.meets(objects) => Formula::objects(wide.clone()),
        Target::Objects(_) => Formula::never(),
    };
    // What a variable stands for is decided by the request.
    if open.is_some() && !matched.is_never() {
        Formula::condition(format!("the resource matches {pattern}"))
    } else {
        matched
    }
}

/// The pattern with a wildcard in place of each policy variable; `None` when it has none.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
fn without_variables(pattern: &Pattern) -> Option<Pattern> {
    let mut rest = pattern.as_str();
    let mut open = String::new();
    while let Some((before, after)) = rest.split_once("${") {
        let (_, behind) = after.split_once('}')?;
        open.push_str(before);
        open.push('*');
        rest = behind;
    }
    (!open.is_empty()).then(|| Pattern::new(format!("{open}{rest}")))
}

fn principal_matches(statement: &Statement, side: Side, request: &Request<'_>) -> Formula {
    match (&statement.principal, side) {
        (PrincipalMatch::Attached, Side::Identity) => Formula::always(),
        // A resource control policy names `*`; a resource policy without principal is damaged and speaks of nobody.
        (PrincipalMatch::Attached, Side::Resource | Side::Delegation) => Formula::never(),
        (PrincipalMatch::Is(patterns) | PrincipalMatch::Not(patterns), Side::Identity) => {
            let _ = patterns;
            Formula::never()
        }
        (PrincipalMatch::Is(patterns), Side::Resource) => {
            Formula::any(patterns.iter().map(|p| names(p, statement.effect, request)))
        }
        (PrincipalMatch::Is(patterns), Side::Delegation) => {
            let own = request.subject.account();
            let is_own = |p: &PrincipalPattern| match p {
                PrincipalPattern::Account(account) => own.as_ref() == Some(account),
                PrincipalPattern::CanonicalUser(id) => {
                    own.is_some() && account_of_canonical_id(request, id) == own
                }
                PrincipalPattern::Everyone
                | PrincipalPattern::Arn(_)
                | PrincipalPattern::UniqueId(_)
                | PrincipalPattern::Service(_)
                | PrincipalPattern::Federated(_) => false,
            };
            Formula::known(patterns.iter().any(is_own))
        }
        // Everyone but those named. An account in the list takes out its root only unless each principal is listed too,
        // so nobody but an exact match is taken out here: with an Allow that over-estimates exposure; with a Deny the
        // statement may then be too strong, which is why an account there leaves it open.
        (PrincipalMatch::Not(patterns), Side::Resource) => {
            // <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>: such a Deny always
            // denies a principal with a permissions boundary, whatever it names.
            let bounded = matches!(request.subject, Subject::Iam(p) if p.boundary.is_some());
            if bounded && statement.effect == Effect::Deny {
                return Formula::always();
            }
            let named = Formula::any(patterns.iter().map(|p| names(p, Effect::Allow, request)));
            let by_account = statement.effect == Effect::Deny
                && patterns.iter().any(|p| matches!((p, request.subject.account()), (PrincipalPattern::Account(a), Some(b)) if *a == b));
            if by_account && named.is_never() {
                Formula::unknown("a NotPrincipal names the account")
            } else {
                named.negated()
            }
        }
        (PrincipalMatch::Not(_), Side::Delegation) => Formula::never(),
    }
}

/// Whether a pattern names the requester himself. In a Deny an account means all its principals; in an Allow it hands
/// the decision on ([`Side::Delegation`]), except to the account asked about as a whole.
fn names(pattern: &PrincipalPattern, effect: Effect, request: &Request<'_>) -> Formula {
    let subject = request.subject;
    Formula::known(match pattern {
        PrincipalPattern::Everyone => true,
        PrincipalPattern::Account(account) => match subject {
            Subject::Account(own) => own == account,
            Subject::Iam(_) | Subject::Outside(_) => {
                effect == Effect::Deny && subject.account().as_ref() == Some(account)
            }
            Subject::Anonymous | Subject::AnyAccount | Subject::Nobody => false,
        },
        // A canonical id is another name of an account.
        PrincipalPattern::CanonicalUser(id) => {
            let Some(account) = account_of_canonical_id(request, id) else {
                return Formula::never();
            };
            return names(&PrincipalPattern::Account(account), effect, request);
        }
        PrincipalPattern::Arn(arn) => {
            return subject.arn().map_or_else(Formula::never, |own| arn_names(arn, own));
        }
        PrincipalPattern::UniqueId(id) => match subject {
            Subject::Iam(principal) => principal.unique_id.as_ref() == Some(id),
            Subject::Outside(_)
            | Subject::Account(_)
            | Subject::Anonymous
            | Subject::AnyAccount
            | Subject::Nobody => false,
        },
        PrincipalPattern::Service(_) | PrincipalPattern::Federated(_) => false,
    })
}

/// The account behind a canonical user id, among those of the estate.
fn account_of_canonical_id(request: &Request<'_>, id: &str) -> Option<AccountId> {
    let mut accounts = request.aws.accounts.iter();
    accounts
        .find(|(_, a)| a.canonical_id.as_deref() == Some(id))
        .map(|(account, _)| account.clone())
}

/// Whether an ARN means a principal. One that names a *session* of a role means that session only: for the role it is a
/// condition.
pub(super) fn arn_names(arn: &str, principal: &Arn) -> Formula {
    if principal.as_str() == arn {
        return Formula::always();
    }
    let Ok(session) = Arn::parse(arn) else { return Formula::never() };
    match session.session_role() {
        Some((account, role))
            if principal.account().as_ref() == Some(&account)
                && principal.resource().starts_with("role/")
                && principal.name() == role =>
        {
            Formula::condition(format!("only session `{}`", session.name()))
        }
        Some(_) | None => Formula::never(),
    }
}

/// Whether a statement reaches beyond the resource asked about.
fn is_broad(statement: &Statement, request: &Request<'_>) -> bool {
    let beyond = match &request.target {
        Target::One(arn) => Pattern::new(arn.as_str()),
        Target::Objects(objects) => objects.clone(),
    };
    match &statement.resource {
        ResourceMatch::Is(patterns) => {
            patterns.iter().any(|p| p.covers(&beyond) && !beyond.covers(p))
        }
        ResourceMatch::Not(_) => true,
        ResourceMatch::Attached => false,
    }
}
