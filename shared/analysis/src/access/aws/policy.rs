//! Whether statements of a policy speak of a request.

use super::context;
use super::variable::{Resolved, resolve};
use super::{Request, Subject, Target};
use crate::access::{Lock, Trace, verb_if};
use crate::model::aws::{
    AccountId, Action, Arn, Document, Effect, Known, PrincipalMatch, PrincipalPattern,
    ResourceMatch, Statement,
};
use crate::model::{Formula, Overlap, Pattern};
use std::fmt;

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

    pub(super) const fn everything() -> Self {
        Self { allow: Formula::always(), deny: Formula::never() }
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

/// What a document of the requester's own side says: an identity policy (which opens a lock), or a limit (which opens
/// none). `label` names the document for people.
pub(super) fn says(
    document: &Document,
    request: &Request<'_>,
    opens: Option<Lock>,
    label: fmt::Arguments<'_>,
    trace: &mut Trace<'_>,
) -> Said {
    let mut said = Said::nothing();
    if document.speaks_of(request.action) {
        for statement in document.statements() {
            let attached = match &statement.principal {
                PrincipalMatch::Attached => true,
                PrincipalMatch::Is(_) | PrincipalMatch::Not(_) => false,
            };
            if !attached || !speaks(statement, request) {
                continue;
            }
            let applies = applies(statement, document, request);
            if applies.is_never() {
                unmet(statement, document, request, &label, trace);
                continue;
            }
            note(statement, request, &applies, opens, &label, trace);
            match statement.effect {
                Effect::Deny => said.deny = said.deny.or(applies),
                Effect::Allow => said.allow = said.allow.or(applies),
            }
        }
    }
    told(&said, lock_of(request), &label, trace);
    said
}

/// What a resource policy says to a requester.
#[derive(Debug, Clone)]
pub(super) struct ResourceSaid {
    /// Allowed by a statement that names the requester himself, or everyone.
    pub(super) direct: Formula,
    /// Allowed by a statement that names a *session* of the requester's role.
    pub(super) session: Formula,
    /// Allowed by a statement that names the requester's *account*: it hands the decision on to that account's identity
    /// policies.
    pub(super) delegated: Formula,
    /// Denied.
    pub(super) deny: Formula,
}

impl ResourceSaid {
    pub(super) const fn nothing() -> Self {
        Self {
            direct: Formula::never(),
            session: Formula::never(),
            delegated: Formula::never(),
            deny: Formula::never(),
        }
    }

    pub(super) fn unknown(because: &str) -> Self {
        let Said { allow, deny } = Said::unknown(because);
        Self { direct: allow, session: Formula::never(), delegated: Formula::never(), deny }
    }

    /// Allowed to somebody of another account, whose own side must allow as well: every form of naming is good.
    pub(super) fn any_allow(&self) -> Formula {
        self.direct.clone().or(self.session.clone()).or(self.delegated.clone())
    }

    /// The same without what one more formula takes away from all forms of allowing.
    pub(super) fn unless(self, blocked: &Formula) -> Self {
        if blocked.is_never() {
            return self;
        }
        Self {
            direct: self.direct.unless(blocked.clone()),
            session: self.session.unless(blocked.clone()),
            delegated: self.delegated.unless(blocked.clone()),
            deny: self.deny,
        }
    }
}

/// What a policy attached to a resource says. Without `opens` it is a limit (a resource control policy).
pub(super) fn resource_says(
    document: &Document,
    request: &Request<'_>,
    opens: Option<Lock>,
    label: fmt::Arguments<'_>,
    trace: &mut Trace<'_>,
) -> ResourceSaid {
    let mut said = ResourceSaid::nothing();
    if document.speaks_of(request.action) {
        for statement in document.statements() {
            if !speaks(statement, request) {
                continue;
            }
            let named = named_by(statement, request);
            if named.is_nobody() {
                continue;
            }
            let applies = applies(statement, document, request);
            if applies.is_never() {
                unmet(statement, document, request, &label, trace);
                continue;
            }
            note(statement, request, &applies, opens, &label, trace);
            match statement.effect {
                Effect::Deny => {
                    said.deny = said.deny.or(named.directly.or(named.session).and(applies));
                }
                // What everyone has is limited by no boundary and no session policy.
                Effect::Allow if is_for_everyone(statement, request) => {
                    said.session = said.session.or(named.directly.or(named.session).and(applies));
                }
                Effect::Allow => {
                    said.direct = said.direct.or(named.directly.and(applies.clone()));
                    said.session = said.session.or(named.session.and(applies.clone()));
                    if named.account {
                        said.delegated = said.delegated.or(applies);
                    }
                }
            }
        }
    }
    if trace.is_some() {
        let lock = lock_of(request);
        let gives = said.direct.clone().or(said.session.clone());
        if let (true, false, Some(trace)) =
            (gives.is_never(), said.delegated.is_never(), trace.as_mut())
        {
            let handed = "leaves it to the identity policies of the principal's account";
            trace.step(lock, label.to_string(), handed);
            if said.deny.is_never() {
                return said;
            }
        }
        let all = Said { allow: gives, deny: said.deny.clone() };
        told(&all, lock, &label, trace);
    }
    said
}

/// Whether a statement is for everyone, and the requester is somebody in particular: it is given to his sessions as they are.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
fn is_for_everyone(statement: &Statement, request: &Request<'_>) -> bool {
    let everyone = match &statement.principal {
        PrincipalMatch::Is(patterns) => patterns.contains(&PrincipalPattern::Everyone),
        PrincipalMatch::Attached | PrincipalMatch::Not(_) => false,
    };
    everyone && matches!(request.subject, Subject::Iam(_))
}

/// Keeps a statement that applies: as evidence when it allows, as a step when it denies.
fn note(
    statement: &Statement,
    request: &Request<'_>,
    applies: &Formula,
    opens: Option<Lock>,
    label: &fmt::Arguments<'_>,
    trace: &mut Trace<'_>,
) {
    if let Some(trace) = trace {
        let grant = format!("{label}, {}", statement.label());
        if statement.effect == Effect::Deny {
            trace.step(lock_of(request), grant, verb_if("denies", applies));
        } else if let Some(lock) = opens {
            trace.evidence(lock, grant, is_broad(statement, request));
        }
    }
}

/// Keeps a statement whose conditions the request does not meet as a step.
fn unmet(
    statement: &Statement,
    document: &Document,
    request: &Request<'_>,
    label: &fmt::Arguments<'_>,
    trace: &mut Trace<'_>,
) {
    let Some(trace) = trace else { return };
    let variables = document.has_variables();
    if resource_matches(&statement.resource, variables, request).is_never()
        || !context::holds(&statement.conditions, variables, request).is_never()
    {
        return;
    }
    let conditions: Vec<String> = statement.conditions.iter().map(context::readable).collect();
    let said = format!("does not apply: {} does not hold", conditions.join(" and "));
    trace.step(lock_of(request), format!("{label}, {}", statement.label()), said);
}

/// At which lock a request stands: at the key's for the actions of KMS.
pub(super) fn lock_of(request: &Request<'_>) -> Lock {
    let kms = request.action.name().get(..4).is_some_and(|p| p.eq_ignore_ascii_case("kms:"));
    if kms { Lock::Key } else { Lock::Storage }
}

/// Keeps what a document said as a step.
fn told(said: &Said, lock: Lock, label: &fmt::Arguments<'_>, trace: &mut Trace<'_>) {
    if let Some(trace) = trace {
        let text = match (said.allow.is_never(), said.deny.is_never()) {
            // Statements that deny are steps of their own.
            (true, false) => return,
            (true, true) => "says nothing".to_owned(),
            (false, _) => verb_if("allows", &said.allow),
        };
        trace.step(lock, label.to_string(), text);
    }
}

/// Whether a statement speaks of the action and the resource, whatever its conditions.
fn speaks(statement: &Statement, request: &Request<'_>) -> bool {
    match request.action.bit() {
        Some(bit) => statement.actions & bit != 0,
        None => statement.action.matches(request.action.name()),
    }
}

fn applies(statement: &Statement, document: &Document, request: &Request<'_>) -> Formula {
    let variables = document.has_variables();
    let resource = resource_matches(&statement.resource, variables, request);
    if resource.is_never() {
        return resource;
    }
    resource.and(context::holds(&statement.conditions, variables, request))
}

fn resource_matches(resource: &ResourceMatch, variables: bool, request: &Request<'_>) -> Formula {
    let any = |patterns: &[Pattern]| match patterns {
        [one] => pattern_matches(one, variables, request),
        many => Formula::any(many.iter().map(|p| pattern_matches(p, variables, request))),
    };
    match resource {
        ResourceMatch::Attached => Formula::always(),
        ResourceMatch::Is(patterns) => any(patterns),
        ResourceMatch::Not(patterns) => any(patterns).negated(),
    }
}

fn pattern_matches(pattern: &Pattern, variables: bool, request: &Request<'_>) -> Formula {
    if !(variables && pattern.as_str().contains("${")) {
        return covers(pattern, &request.target);
    }
    // A variable without a value matches nothing.
    let Some(resolved) = resolve(pattern.as_str(), request) else { return Formula::never() };
    let matched = match &request.target {
        Target::One(arn) => Formula::known(resolved.matches(arn.as_str())),
        Target::Objects(_) => covers(&Pattern::new(resolved.pattern.as_str()), &request.target),
    };
    match resolved {
        // What a variable stands for is decided by the request.
        Resolved { open: true, .. } if !matched.is_never() => {
            Formula::condition(format!("the resource matches {pattern}"))
        }
        Resolved { .. } => matched,
    }
}

/// How much of a target a pattern covers.
fn covers(pattern: &Pattern, target: &Target) -> Formula {
    if !is_plain(pattern) {
        return covers_by_part(pattern, target);
    }
    match target {
        Target::One(arn) => Formula::known(pattern.matches(arn.as_str())),
        Target::Objects(objects) => match pattern.overlap(objects) {
            Overlap::Whole => Formula::always(),
            Overlap::Part => Formula::objects(pattern.clone()),
            Overlap::None => Formula::never(),
        },
    }
}

/// Whether all wildcards in the first five parts of an ARN stand at the end of their part, where they may run over colons.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
fn is_plain(pattern: &Pattern) -> bool {
    let bytes = pattern.as_str().as_bytes();
    let mut colons = 0;
    for (i, byte) in bytes.iter().enumerate() {
        match byte {
            b':' => colons += 1,
            b'*' if !matches!(bytes.get(i + 1), None | Some(b':' | b'*')) => return false,
            _ => {}
        }
        if colons == 5 {
            break;
        }
    }
    true
}

/// The same part by part: "a wildcard that is not at the end of its part stays within it".
fn covers_by_part(pattern: &Pattern, target: &Target) -> Formula {
    let text = match target {
        Target::One(arn) => arn.as_str(),
        Target::Objects(objects) => objects.as_str(),
    };
    let parts = |text: &'_ str| text.splitn(6, ':').map(Pattern::new).collect::<Vec<_>>();
    let (patterns, values) = (parts(pattern.as_str()), parts(text));
    if patterns.len() != values.len() {
        return Formula::never();
    }
    let overlaps: Vec<Overlap> = patterns.iter().zip(&values).map(|(p, v)| p.overlap(v)).collect();
    if overlaps.contains(&Overlap::None) {
        Formula::never()
    } else if overlaps.contains(&Overlap::Part) {
        Formula::objects(pattern.clone())
    } else {
        Formula::always()
    }
}

/// How a statement names the requester.
struct Named {
    directly: Formula,
    session: Formula,
    account: bool,
}

impl Named {
    fn is_nobody(&self) -> bool {
        self.directly.is_never() && self.session.is_never() && !self.account
    }

    const fn directly(directly: Formula) -> Self {
        Self { directly, session: Formula::never(), account: false }
    }
}

fn named_by(statement: &Statement, request: &Request<'_>) -> Named {
    match &statement.principal {
        // A resource policy without principal is damaged and speaks of nobody.
        PrincipalMatch::Attached => Named::directly(Formula::never()),
        PrincipalMatch::Is(patterns) => {
            let directly =
                Formula::any(patterns.iter().map(|p| names(p, statement.effect, request)));
            // Who is named himself, and his session too, has it in both ways.
            let by_session = matches!(request.subject, Subject::Iam(iam) if iam.session.is_some());
            if directly.is_always() && !by_session {
                return Named::directly(directly);
            }
            Named {
                directly,
                session: Formula::any(patterns.iter().map(|p| names_session(p, request))),
                account: patterns.iter().any(|p| names_account(p, request)),
            }
        }
        PrincipalMatch::Not(patterns) => Named::directly(all_but(patterns, statement, request)),
    }
}

/// Everyone but those named. An account in the list takes out its root only unless each principal is listed too, so nobody but
/// an exact match is taken out here: with an Allow that over-estimates exposure; with a Deny the statement may then be too
/// strong, which is why an account there leaves it open.
fn all_but(patterns: &[PrincipalPattern], statement: &Statement, request: &Request<'_>) -> Formula {
    // <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>: such a Deny always denies a
    // principal with a permissions boundary, whatever it names.
    if request.subject.is_bounded() && statement.effect == Effect::Deny {
        return Formula::always();
    }
    let named = Formula::any(
        patterns.iter().map(|p| names(p, Effect::Allow, request).or(names_session(p, request))),
    );
    let own = request.subject.account();
    let by_account = statement.effect == Effect::Deny
        && patterns
            .iter()
            .any(|p| matches!((p, &own), (PrincipalPattern::Account(a), Some(b)) if a == b));
    // Beside an account, a principal of it that is listed is meant alone: all the others are not excepted.
    let principals = patterns.iter().any(|p| matches!(p, PrincipalPattern::Arn(_)));
    if by_account && named.is_never() && !principals {
        Formula::unknown("a NotPrincipal names the account")
    } else {
        named.negated()
    }
}

/// Whether a pattern names the requester himself. In a Deny an account means all its principals; in an Allow it hands
/// the decision on, except to the account asked about as a whole.
fn names(pattern: &PrincipalPattern, effect: Effect, request: &Request<'_>) -> Formula {
    let subject = request.subject;
    Formula::known(match pattern {
        // With a token of a provider one only assumes roles; then one is the role.
        PrincipalPattern::Everyone => {
            !matches!(subject, Subject::Federated(_)) || is_web(request.action)
        }
        PrincipalPattern::Account(account) => match subject {
            Subject::Account(own) => own == account,
            Subject::Iam(_) | Subject::Outside(_) => {
                effect == Effect::Deny && subject.account().as_ref() == Some(account)
            }
            Subject::Anonymous | Subject::AnyAccount | Subject::Federated(_) | Subject::Nobody => {
                false
            }
        },
        // A canonical id is another name of an account.
        PrincipalPattern::CanonicalUser(id) => {
            let Some(account) = account_of_canonical_id(request, id) else {
                return may_be_canonical_id(request, id);
            };
            return names(&PrincipalPattern::Account(account), effect, request);
        }
        PrincipalPattern::Arn(arn) => subject.arn().is_some_and(|own| own.as_str() == &**arn),
        PrincipalPattern::UniqueId(id) => match subject {
            Subject::Iam(iam) => iam.principal.unique_id.as_ref() == Some(id),
            Subject::Outside(_)
            | Subject::Account(_)
            | Subject::Anonymous
            | Subject::AnyAccount
            | Subject::Federated(_)
            | Subject::Nobody => false,
        },
        PrincipalPattern::Federated(provider) => {
            matches!(subject, Subject::Federated(own) if own == provider)
        }
        PrincipalPattern::Service(_) => false,
    })
}

fn is_web(action: Action<'_>) -> bool {
    [Known::AssumeRoleWithSaml, Known::AssumeRoleWithWebIdentity]
        .into_iter()
        .any(|known| action == known.into())
}

fn names_session(pattern: &PrincipalPattern, request: &Request<'_>) -> Formula {
    match pattern {
        PrincipalPattern::Arn(arn) => session_of(arn, request.subject),
        PrincipalPattern::Everyone
        | PrincipalPattern::Account(_)
        | PrincipalPattern::UniqueId(_)
        | PrincipalPattern::Service(_)
        | PrincipalPattern::Federated(_)
        | PrincipalPattern::CanonicalUser(_) => Formula::never(),
    }
}

fn names_account(pattern: &PrincipalPattern, request: &Request<'_>) -> bool {
    let own = request.subject.account();
    match pattern {
        PrincipalPattern::Account(account) => own.as_ref() == Some(account),
        PrincipalPattern::CanonicalUser(id) => {
            own.is_some() && account_of_canonical_id(request, id) == own
        }
        PrincipalPattern::Everyone
        | PrincipalPattern::Arn(_)
        | PrincipalPattern::UniqueId(_)
        | PrincipalPattern::Service(_)
        | PrincipalPattern::Federated(_) => false,
    }
}

/// An id that no account of the estate has may be that of an account whose id is not known.
fn may_be_canonical_id(request: &Request<'_>, id: &str) -> Formula {
    let Some(own) = request.subject.account() else { return Formula::never() };
    let known = request.aws.accounts.get(&own).is_some_and(|a| a.canonical_id.is_some());
    if known || own == *request.owner {
        Formula::never()
    } else {
        Formula::unknown(format!("whose canonical user id {id} is, is not in the estate"))
    }
}

/// The account behind a canonical user id, among those of the estate.
fn account_of_canonical_id(request: &Request<'_>, id: &str) -> Option<AccountId> {
    let mut accounts = request.aws.accounts.iter();
    accounts
        .find(|(_, a)| a.canonical_id.as_deref() == Some(id))
        .map(|(account, _)| account.clone())
}

/// Whether an ARN means a principal: himself, or one session of his role.
pub(super) fn arn_names(arn: &str, subject: &Subject<'_>) -> Formula {
    if subject.arn().is_some_and(|own| own.as_str() == arn) {
        Formula::always()
    } else {
        session_of(arn, subject)
    }
}

/// Whether an ARN names a *session* of a role. It means that session only: for the role it is a condition.
fn session_of(arn: &str, subject: &Subject<'_>) -> Formula {
    let Some(own) = subject.arn() else { return Formula::never() };
    let asked = match subject {
        Subject::Iam(iam) => iam.session.as_ref(),
        Subject::Outside(_)
        | Subject::Account(_)
        | Subject::Anonymous
        | Subject::AnyAccount
        | Subject::Federated(_)
        | Subject::Nobody => None,
    };
    if let Some(asked) = asked {
        return Formula::known(asked.as_str() == arn);
    }
    let Ok(session) = Arn::parse(arn) else { return Formula::never() };
    let Some((account, role)) = session.session_role() else { return Formula::never() };
    let of_role =
        own.account() == Some(account) && own.resource().starts_with("role/") && own.name() == role;
    if of_role {
        Formula::condition(format!("only session `{}`", session.name()))
    } else {
        Formula::never()
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
