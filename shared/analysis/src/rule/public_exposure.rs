//! Everyone gained something: with or without identity, whatever their account.

use super::{Case, Remark, few, severity};
use crate::model::Reach;

pub(super) fn judge(case: &Case<'_>) -> Option<Remark> {
    let gains: Vec<_> =
        case.difference.gained.iter().filter(|g| g.reach == Reach::Public).collect();
    let severity = severity::of_gains(&gains)?;
    let what = few(gains.iter().map(|g| g.question.access));
    let on = few(gains.iter().map(|g| &g.question.resource));
    let who = few(gains.iter().map(|g| &g.question.principal));
    Some(Remark { severity, why: format!("{who} gained {what} on {on}") })
}
