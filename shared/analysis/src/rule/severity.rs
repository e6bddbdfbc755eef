//! The table of severity by who gained what.
//!
//! | gained | public | other organisation | other account | internal |
//! |---|---|---|---|---|
//! | read, write, delete of data under a customer's key | critical | critical | high | high if broad, else medium |
//! | power over access or the key | critical | critical | high | high |
//! | use of the key alone, or one lock still closed | high | medium | medium | low |
//! | read, write, delete of other data | high | high | medium | low |
//!
//! One step up when a tag or the name marks the data as sensitive or more than ten resources are reached at once; one step down when
//! the verdict is conditional or unknown.

use crate::diff::{Gain, Latent};
use crate::model::{Access, Reach, Severity, Verdict};
use std::collections::BTreeSet;

/// More resources than this at once are one step worse.
const MANY: usize = 10;

/// The worst severity of some gains.
#[must_use]
pub fn of_gains(gains: &[&Gain]) -> Option<Severity> {
    let many = gains.iter().map(|g| &g.question.resource).collect::<BTreeSet<_>>().len() > MANY;
    gains.iter().map(|g| of_gain(g, many)).max()
}

fn of_gain(gain: &Gain, many: bool) -> Severity {
    let broad = gain.evidence.iter().any(|e| e.broad);
    let base = by_table(gain.question.access, gain.reach, gain.protection.customer_key, broad);
    let raised = if gain.protection.sensitive || many { base.raised() } else { base };
    match gain.after.verdict() {
        Verdict::Conditional | Verdict::Unknown => raised.lowered(),
        Verdict::Yes | Verdict::No => raised,
    }
}

/// The worst severity of some latent access.
#[must_use]
pub fn of_latents(latents: &[Latent]) -> Option<Severity> {
    let many = latents.iter().map(|l| &l.question.resource).collect::<BTreeSet<_>>().len() > MANY;
    let one = |l: &Latent| {
        let base = alone(l.reach);
        if l.protection.sensitive || many { base.raised() } else { base }
    };
    latents.iter().map(one).max()
}

fn by_table(access: Access, reach: Reach, customer_key: bool, broad: bool) -> Severity {
    match access {
        Access::Administer | Access::KeyAdminister => match reach {
            Reach::Public | Reach::OtherOrganisation => Severity::Critical,
            Reach::OtherAccount | Reach::Internal => Severity::High,
        },
        Access::Decrypt => alone(reach),
        Access::Read | Access::Write | Access::Delete => match (reach, customer_key) {
            (Reach::Public | Reach::OtherOrganisation, true) => Severity::Critical,
            (Reach::Public | Reach::OtherOrganisation, false) | (Reach::OtherAccount, true) => {
                Severity::High
            }
            (Reach::Internal, true) if broad => Severity::High,
            (Reach::Internal, true) | (Reach::OtherAccount, false) => Severity::Medium,
            (Reach::Internal, false) => Severity::Low,
        },
    }
}

const fn alone(reach: Reach) -> Severity {
    match reach {
        Reach::Public => Severity::High,
        Reach::OtherOrganisation | Reach::OtherAccount => Severity::Medium,
        Reach::Internal => Severity::Low,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table() {
        use Access::{Administer, Decrypt, KeyAdminister, Read};
        use Reach::{Internal, OtherAccount, OtherOrganisation, Public};
        use Severity::{Critical, High, Low, Medium};
        let rows = [
            (Read, true, false, [Critical, Critical, High, Medium]),
            (Read, true, true, [Critical, Critical, High, High]),
            (Read, false, true, [High, High, Medium, Low]),
            (Administer, false, false, [Critical, Critical, High, High]),
            (KeyAdminister, true, false, [Critical, Critical, High, High]),
            (Decrypt, true, true, [High, Medium, Medium, Low]),
        ];
        for (access, key, broad, expect) in rows {
            let got = [Public, OtherOrganisation, OtherAccount, Internal]
                .map(|reach| by_table(access, reach, key, broad));
            assert_eq!(got, expect, "{access} key {key} broad {broad}");
        }
    }
}
