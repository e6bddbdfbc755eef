//! Somebody gained read, write or delete of stored data. Where the data is under a customer's key, the remark says why
//! the key is no fence, or which two locks are open now.

use super::{Case, Remark, few, severity};
use crate::access::{Decrypts, Lock, decrypts};
use crate::diff::Gain;
use crate::model::{Access, Reach};

pub(super) fn judge(case: &Case<'_>) -> Option<Remark> {
    let of_data = |g: &&Gain| match g.question.access {
        Access::Read | Access::Write | Access::Delete => g.reach != Reach::Public,
        Access::Administer | Access::Decrypt | Access::KeyAdminister => false,
    };
    let gains: Vec<&Gain> = case.difference.gained.iter().filter(of_data).collect();
    let severity = severity::of_gains(&gains)?;
    let who = few(gains.iter().map(|g| &g.question.principal));
    let what = few(gains.iter().map(|g| g.question.access));
    let on = few(gains.iter().map(|g| &g.question.resource));
    let key = gains.first().map(|g| fence(case, g)).unwrap_or_default();
    Some(Remark { severity, why: format!("{who} gained {what} on {on}{key}") })
}

fn fence(case: &Case<'_>, gain: &Gain) -> &'static str {
    if !gain.protection.customer_key {
        return "";
    }
    match decrypts(case.after, &gain.question.resource) {
        Decrypts::AsService(_) => {
            "; the customer-managed key is no fence, the storage service decrypts for whoever may read"
        }
        Decrypts::AsCaller if gain.evidence.iter().any(|e| e.lock == Lock::Key) => {
            "; both locks are open, storage and key"
        }
        Decrypts::AsCaller | Decrypts::ProviderKey | Decrypts::Unknown => "",
    }
}
