//! The identity by which a storage service uses its key lost that key: nobody reads the data from now on. That is an
//! outage, not a protection.

use super::{Case, Remark, few};
use crate::access::service_identities;
use crate::model::{Access, Resource, Severity};
use std::collections::BTreeSet;

pub(super) fn judge(case: &Case<'_>) -> Option<Remark> {
    let lost = &case.difference.lost;
    let dark: BTreeSet<&Resource> =
        lost.iter().filter(|l| l.darkened).map(|l| &l.question.resource).collect();
    if !dark.is_empty() {
        let why = format!(
            "nobody can read {} any more: the storage service cannot use its key",
            few(dark)
        );
        return Some(Remark { severity: Severity::Critical, why });
    }
    let services = service_identities(case.after);
    let loss = lost.iter().find(|l| {
        l.question.access == Access::Decrypt
            && l.after.is_never()
            && services.contains(&l.question.principal)
    })?;
    let why = format!(
        "{}, by which a storage service decrypts, lost its right on {}",
        loss.question.principal, loss.question.resource
    );
    Some(Remark { severity: Severity::Critical, why })
}
