//! Trails, rules, diagnostic settings or sinks were touched. Whether they are keyfence's own is another rule's matter.

use super::{Case, Remark};
use crate::change::Nature;
use crate::model::Severity;

pub(super) fn judge(case: &Case<'_>) -> Option<Remark> {
    let feed =
        case.change.kind.nature() == Nature::Feed && !case.after.own.is_own(&case.change.resource);
    feed.then(|| Remark {
        severity: Severity::Low,
        why: format!("{}: a feed of events was changed", case.change.kind),
    })
}
