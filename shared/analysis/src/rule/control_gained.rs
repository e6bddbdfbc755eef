//! Somebody gained the power to change who has access to storage or to a key.

use super::{Case, Remark, few, severity};
use crate::diff::Gain;
use crate::model::{Access, Reach};

pub(super) fn judge(case: &Case<'_>) -> Option<Remark> {
    let of_power = |g: &&Gain| match g.question.access {
        Access::Administer | Access::KeyAdminister => g.reach != Reach::Public,
        Access::Read | Access::Write | Access::Delete | Access::Decrypt => false,
    };
    let gains: Vec<&Gain> = case.difference.gained.iter().filter(of_power).collect();
    let severity = severity::of_gains(&gains)?;
    let who = few(gains.iter().map(|g| &g.question.principal));
    let on = few(gains.iter().map(|g| &g.question.resource));
    Some(Remark { severity, why: format!("{who} can now change who has access to {on}") })
}
