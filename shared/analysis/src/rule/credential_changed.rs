//! Users, access keys, federation, account keys: persistence leaves its first trace here.

use super::{Case, Remark};
use crate::change::Nature;
use crate::model::Severity;

pub(super) fn judge(case: &Case<'_>) -> Option<Remark> {
    let credential = case.change.kind.nature() == Nature::Credential;
    credential.then(|| Remark {
        severity: Severity::Low,
        why: format!("{} on {}", case.change.kind, case.change.resource),
    })
}
