//! One lock was opened and the other is still closed: the next change of the other one completes the path.

use super::{Case, Remark, few, severity};

pub(super) fn judge(case: &Case<'_>) -> Option<Remark> {
    let latents = &case.difference.latent;
    let severity = severity::of_latents(latents)?;
    let who = few(latents.iter().map(|l| &l.question.principal));
    let on = few(latents.iter().map(|l| &l.question.resource));
    let missing = few(latents.iter().map(|l| l.missing.word()));
    Some(Remark {
        severity,
        why: format!("{who} is one grant short of {on}: only the {missing} lock is closed"),
    })
}
