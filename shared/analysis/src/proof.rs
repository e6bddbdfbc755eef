//! Does a plan do what it says, and nothing else?
//!
//! The plan is applied to the estate in memory and access is evaluated again. It holds only if every gain is gone *and*
//! nothing that was allowed before the change is lost, the access of service identities and the power of administrators
//! included.

use crate::access::{Slice, witness};
use crate::diff::{Difference, Picture};
use crate::estate::Estate;
use crate::plan::Plan;
use serde::Serialize;

/// What the trial showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Whether the plan may be relied upon.
    pub holds: bool,
    /// What speaks against it, in words; empty when it holds.
    pub failures: Vec<String>,
    /// One request that the change allowed and that was refused when it was asked again after the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<String>,
    /// How many questions were asked again.
    pub questions: usize,
}

/// Failures that are listed; the rest is counted.
const SHOWN_FAILURES: usize = 5;

/// Tries a plan. `before` is the picture before the change; the estate stands after it and is left so.
#[must_use]
pub fn prove(
    after: &mut Estate,
    plan: &Plan,
    before: &Picture,
    difference: &Difference,
    slice: &Slice,
) -> Proof {
    let undone = after.apply_all(&plan.effects());
    let rolled = Picture::take(after, slice);
    after.apply_all(&undone);
    let mut failures = Vec::new();
    let mut refused = None;
    for gain in &difference.gained {
        let q = &gain.question;
        let now = rolled.answer(q).allowed;
        if !now.implies(&gain.before) {
            failures.push(format!("{} would keep {} on {}", q.principal, q.access, q.resource));
        } else if now.is_never() && gain.after.is_always() && refused.is_none() {
            refused = Some(witness(&q.principal, q.access, &q.resource, &gain.after));
        }
    }
    let mut questions = 0;
    for (q, was) in before.iter() {
        questions += 1;
        if !was.allowed.implies(&rolled.answer(q).allowed) {
            failures.push(format!(
                "{} would lose {} on {}, which it had before",
                q.principal, q.access, q.resource
            ));
        }
    }
    let more = failures.len().saturating_sub(SHOWN_FAILURES);
    failures.truncate(SHOWN_FAILURES);
    if more > 0 {
        failures.push(format!("and {more} more"));
    }
    Proof { holds: failures.is_empty(), failures, witness: refused, questions }
}
