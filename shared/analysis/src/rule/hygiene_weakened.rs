//! Rotation, versioning, logging, lifecycle: good order, low.

use super::{Case, Remark};
use crate::change::Nature;
use crate::model::Severity;

pub(super) fn judge(case: &Case<'_>) -> Option<Remark> {
    let hygiene = case.change.kind.nature() == Nature::Hygiene;
    hygiene.then(|| Remark {
        severity: Severity::Low,
        why: format!("{} on {}", case.change.kind, case.change.resource),
    })
}
