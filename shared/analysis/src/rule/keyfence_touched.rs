//! keyfence's own rules, functions, queues, sinks, trail or identities were changed, or its identity was used to give
//! access.

use super::{Case, Remark};
use crate::model::Severity;

pub(super) fn judge(case: &Case<'_>) -> Option<Remark> {
    if case.after.own.is_own(&case.change.resource) {
        return Some(Remark {
            severity: Severity::Critical,
            why: format!("{} belongs to keyfence", case.change.resource),
        });
    }
    let abused = case.by_own_identity && !case.difference.gained.is_empty();
    abused.then(|| Remark {
        severity: Severity::Critical,
        why: "keyfence's own identity gave access, and no recorded intent says so".to_owned(),
    })
}
