//! The log says that something was changed and leaves out what: a known way to hide a change.

use super::{Case, Remark};
use crate::model::Severity;

pub(super) fn judge(case: &Case<'_>) -> Option<Remark> {
    let doubt = case.change.doubt.as_deref()?;
    doubt
        .contains("left out of the record")
        .then(|| Remark { severity: Severity::High, why: doubt.to_owned() })
}
