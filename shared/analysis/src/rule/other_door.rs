//! Shares, replication, snapshots, websites: data can leave without any change of who may read the store.

use super::{Case, Remark};
use crate::change::Nature;
use crate::model::Severity;

pub(super) fn judge(case: &Case<'_>) -> Option<Remark> {
    let door = case.change.kind.nature() == Nature::OtherDoor;
    door.then(|| Remark {
        severity: Severity::Low,
        why: format!("{} on {}", case.change.kind, case.change.resource),
    })
}
