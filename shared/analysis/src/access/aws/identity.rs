//! The requester's own side: identity policies of himself and his groups, permissions boundary, session policies.

use super::Request;
use super::organization::service_control;
use super::own::Own;
use super::policy::{Said, says};
use super::subject::{Iam, Subject};
use crate::access::{Lock, Trace};
use crate::model::Formula;
use crate::model::aws::IamKind;

/// What the requester's own side says, with the limits on it.
pub(super) struct Identity {
    pub(super) allow: Formula,
    pub(super) deny: Formula,
    /// Permissions boundary: an allow that it must repeat.
    boundary: Formula,
    /// Session policies: likewise.
    session: Formula,
    /// Whether the requester is a user: what a resource policy gives a *user* by ARN is not limited by his boundary (what it
    /// gives a role is).
    user: bool,
    /// Service control policies: bind everything that the principal does.
    control: Formula,
}

/// Keeps as a step that the requester's own account gives nothing, where another account would let him in.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>
pub(super) fn own_side_missing(
    request: &Request<'_>,
    lock: Lock,
    theirs: &Formula,
    identity: &Identity,
    trace: &mut Trace<'_>,
) {
    let Some(trace) = trace else { return };
    let (Subject::Iam(_), Some(account)) = (request.subject, request.subject.account()) else {
        return;
    };
    if !theirs.is_never() && identity.allow.is_never() {
        let said = "no policy allows it there: from another account both sides must allow";
        trace.step(lock, format!("identity policies in account {account}"), said);
    }
}

impl Identity {
    /// Within the owner's account. `direct` is what a resource policy gives the principal by name, `to_session` what it gives
    /// his session by name; `own` needs his identity policies.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html#access_policies_boundaries-eval-logic>
    pub(super) fn limited(&self, direct: Formula, to_session: Formula, own: Formula) -> Formula {
        let inner = self.unbounded();
        let direct = if self.user { direct } else { direct.and(inner.clone()) };
        direct.or(to_session).or(own.and(inner)).and(self.control.clone())
    }

    /// From another account: his own side must allow too, whatever the resource policy names.
    pub(super) fn with_consent_of(&self, theirs: Formula) -> Formula {
        if theirs.is_never() {
            return theirs;
        }
        self.limited(Formula::never(), Formula::never(), theirs.and(self.allow.clone()))
    }

    /// What service control policies leave.
    pub(super) fn controlled(&self) -> Formula {
        self.control.clone()
    }

    /// Whether no limit but the organisation's stands in the way, for sure.
    pub(super) fn unbounded(&self) -> Formula {
        self.boundary.clone().and(self.session.clone())
    }

    /// Whether no limit stands in the way, for sure.
    pub(super) fn unlimited(&self) -> Formula {
        self.unbounded().and(self.control.clone())
    }
}

/// The requester's identity policies and the limits on them. For somebody outside of the estate his own side is not ours to
/// know: it is taken to allow, since his administrators decide.
pub(super) fn identity(request: &Request<'_>, lock: Lock, trace: &mut Trace<'_>) -> Identity {
    identity_beside(request, lock, true, trace)
}

/// The same, where the resource's own side may give nothing: then what the requester's side does not allow is allowed by
/// nobody, and limits need not be looked at.
pub(super) fn identity_beside(
    request: &Request<'_>,
    lock: Lock,
    resource_gives: bool,
    trace: &mut Trace<'_>,
) -> Identity {
    let iam = match request.subject {
        Subject::Iam(iam) => iam,
        Subject::Account(_)
        | Subject::AnyAccount
        | Subject::Outside(_)
        | Subject::Anonymous
        | Subject::Federated(_)
        | Subject::Nobody => {
            let Said { allow, deny } = own_side_unseen(request);
            let control = service_control(request, trace);
            return Identity {
                allow,
                deny: deny.or(control.deny),
                boundary: Formula::always(),
                session: Formula::always(),
                user: true,
                control: control.allow,
            };
        }
    };
    let principal = iam.principal;
    let said = identity_policies(request, &iam.own, lock, trace);
    if !resource_gives && said.allow.is_never() && trace.is_none() {
        return Identity {
            allow: Formula::never(),
            deny: Formula::never(),
            boundary: Formula::always(),
            session: Formula::always(),
            user: false,
            control: Formula::always(),
        };
    }
    let boundary = boundary(request, &iam.own, trace);
    let session = session_policies(request, iam, trace);
    let control = service_control(request, trace);
    Identity {
        allow: said.allow,
        deny: said.deny.or(boundary.deny).or(session.deny).or(control.deny),
        boundary: boundary.allow,
        session: session.allow,
        user: principal.kind == IamKind::User && !iam.federated,
        control: control.allow,
    }
}

/// The own side of somebody who is no user or role of the estate. In an account outside of the estate it is taken to
/// allow and to deny nothing: that is the business of its administrators. A principal that a known account does not have
/// is nobody; where the account's principals are not known, its policies may allow, and they may deny whatever a resource
/// policy gives.
fn own_side_unseen(request: &Request<'_>) -> Said {
    let Subject::Outside(arn) = request.subject else { return Said::everything() };
    match arn.account().and_then(|a| request.aws.accounts.get(&a)) {
        None => Said::everything(),
        Some(account) if account.iam_known => Said::nothing(),
        Some(_) => Said::unknown(&format!("the policies of {arn} are not in the estate")),
    }
}

fn identity_policies(
    request: &Request<'_>,
    own: &Own<'_>,
    lock: Lock,
    trace: &mut Trace<'_>,
) -> Said {
    let mut said = Said::nothing();
    if trace.is_none() && !own.speaks_of(request.action) {
        return said;
    }
    for held in &own.documents {
        said = said.join(says(held.document, request, Some(lock), format_args!("{held}"), trace));
    }
    own.unseen.iter().fold(said, |said, because| said.join(Said::unknown(because)))
}

/// What the permissions boundary leaves; everything where there is none.
fn boundary(request: &Request<'_>, own: &Own<'_>, trace: &mut Trace<'_>) -> Said {
    match own.boundary {
        None => Said::everything(),
        Some((policy, Some(document))) => {
            says(document, request, None, format_args!("permissions boundary {policy}"), trace)
        }
        Some((policy, None)) => {
            Said::unknown(&format!("the permissions boundary {policy} is not in the estate"))
        }
    }
}

/// What the session policies leave: one of them must allow.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session>
fn session_policies(request: &Request<'_>, iam: &Iam<'_>, trace: &mut Trace<'_>) -> Said {
    match request.asked.sessions {
        [] if iam.federated => Said {
            allow: Formula::unknown(
                "the session policies of a federated user are not in the estate",
            ),
            deny: Formula::never(),
        },
        [] => Said::everything(),
        documents => documents.iter().fold(Said::nothing(), |said, document| {
            said.join(says(document, request, None, format_args!("session policy"), trace))
        }),
    }
}
