//! The change may have given access, and what it did cannot be told from the event and the estate. Unknown is never no.

use super::{Case, Remark};
use crate::change::Nature;
use crate::model::Severity;

pub(super) fn judge(case: &Case<'_>) -> Option<Remark> {
    let blind = case.blind?;
    let matters = match case.change.kind.nature() {
        Nature::Grant | Nature::Guard | Nature::KeyLife => true,
        Nature::OtherDoor
        | Nature::Credential
        | Nature::Feed
        | Nature::OwnOnly
        | Nature::Hygiene
        | Nature::Unlisted => false,
    };
    matters.then(|| Remark { severity: Severity::Low, why: blind.to_owned() })
}
