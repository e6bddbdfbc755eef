//! A key lost its last administrator: it cannot be governed or recovered any more.

use super::{Case, Remark, few};
use crate::model::Severity;

pub(super) fn judge(case: &Case<'_>) -> Option<Remark> {
    let keys = &case.difference.ungoverned;
    (!keys.is_empty()).then(|| Remark {
        severity: Severity::Critical,
        why: format!("nobody can administer {} any more", few(keys)),
    })
}
