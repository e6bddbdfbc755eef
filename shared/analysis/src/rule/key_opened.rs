//! Somebody gained direct use of a key. That alone is no access to stored data: in AWS it is one of two locks, in Azure
//! and Google Cloud the wrapped data never leaves the storage service.

use super::{Case, Remark, few, severity};
use crate::diff::Gain;
use crate::model::{Access, Reach};

pub(super) fn judge(case: &Case<'_>) -> Option<Remark> {
    let of_key = |g: &&Gain| g.question.access == Access::Decrypt && g.reach != Reach::Public;
    let gains: Vec<&Gain> = case.difference.gained.iter().filter(of_key).collect();
    let severity = severity::of_gains(&gains)?;
    let who = few(gains.iter().map(|g| &g.question.principal));
    let on = few(gains.iter().map(|g| &g.question.resource));
    Some(Remark { severity, why: format!("{who} can now use {on} directly") })
}
