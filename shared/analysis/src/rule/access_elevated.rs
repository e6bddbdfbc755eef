//! A Global Administrator made himself User Access Administrator at the root scope: power over every subscription.
//! <https://learn.microsoft.com/azure/role-based-access-control/elevate-access-global-admin>

use super::{Case, Remark};
use crate::change::Kind;
use crate::model::Severity;

pub(super) fn judge(case: &Case<'_>) -> Option<Remark> {
    let why = "User Access Administrator at `/` reaches every subscription of the tenant";
    (case.change.kind == Kind::AccessElevated)
        .then(|| Remark { severity: Severity::Critical, why: why.to_owned() })
}
