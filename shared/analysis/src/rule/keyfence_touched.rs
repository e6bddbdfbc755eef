//! keyfence's own rules, functions, queues, sinks, trail or identities were changed, it lost access, or its identity did
//! something that no recorded intent explains.

use super::{Case, Remark};
use crate::change::{AzureEdit, Edit};
use crate::diff::Loss;
use crate::model::{Principal, Severity};

pub(super) fn judge(case: &Case<'_>) -> Option<Remark> {
    let critical = |why: String| Some(Remark { severity: Severity::Critical, why });
    let own = &case.after.own;
    if own.is_own(&case.change.resource) {
        return critical(format!("{} belongs to keyfence", case.change.resource));
    }
    let ousted = case.inverse.iter().find_map(|edit| match edit {
        Edit::Azure(AzureEdit::Assignment { state: Some(was), .. })
            if own.is_identity(&was.principal) =>
        {
            Some(&*was.principal)
        }
        Edit::Aws(_) | Edit::Azure(_) | Edit::Gcp(_) => None,
    });
    let given = case.edits.iter().find_map(|edit| match edit {
        Edit::Azure(AzureEdit::Assignment { state: Some(is), .. })
            if own.is_identity(&is.principal) =>
        {
            Some(&*is.principal)
        }
        Edit::Aws(_) | Edit::Azure(_) | Edit::Gcp(_) => None,
    });
    if let Some(identity) = given {
        return critical(format!("{identity}, by which keyfence works, got a role"));
    }
    // What everyone lost, keyfence lost as well: that is no attack on it.
    let lost = &case.difference.lost;
    let with_everyone = |l: &Loss| {
        lost.iter().any(|o| {
            !matches!(o.question.principal, Principal::Named(_))
                && o.question.resource == l.question.resource
                && o.question.access == l.question.access
        })
    };
    let own_loss = lost.iter().filter(|l| own.is_identity(l.question.principal.name()));
    let loss = own_loss.filter(|l| !with_everyone(l)).map(|l| l.question.principal.name()).next();
    if let Some(identity) = ousted.or(loss) {
        return critical(format!("{identity}, by which keyfence works, lost rights"));
    }
    // A low remark: whether the change is a rollback is told by what the other rules say of it.
    case.by_own_identity.then(|| {
        let gave = !case.difference.gained.is_empty() || !case.difference.latent.is_empty();
        let unseen = case.blind.is_some() || case.edits.is_empty();
        let severity = if gave || unseen { Severity::Critical } else { Severity::Low };
        Remark {
            severity,
            why: "keyfence's own identity made this change, and no recorded intent explains it"
                .to_owned(),
        }
    })
}
