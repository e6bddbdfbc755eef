//! Does a plan do what it says, and nothing else?
//!
//! The plan is applied to the estate in memory and access is evaluated again. It holds only if every gain is gone *and*
//! nothing that was allowed before the change is lost, the access of service identities and the power of administrators
//! included.

use crate::access::witness;
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
    /// One request that the change allowed and the plan refuses again; absent when the change allowed none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<String>,
    /// How many questions were asked again.
    pub questions: usize,
}

/// Tries a plan. `before` is the picture before the change; the estate stands after it and is left so.
#[must_use]
pub fn prove(
    after: &mut Estate,
    plan: &Plan,
    before: &Picture,
    difference: &Difference,
    slice: &crate::access::Slice,
) -> Proof {
    let undone = after.apply_all(&plan.effects());
    let rolled = Picture::take(after, slice);
    after.apply_all(&undone);
    let mut failures = Vec::new();
    for gain in &difference.gained {
        let now = rolled.answer(&gain.question).allowed;
        if !now.implies(&gain.before) {
            failures.push(format!(
                "{} would keep {} on {}",
                gain.question.principal, gain.question.access, gain.question.resource
            ));
        }
    }
    let mut questions = 0;
    for (question, was) in before.iter() {
        questions += 1;
        let now = rolled.answer(question).allowed;
        if !was.allowed.implies(&now) {
            failures.push(format!(
                "{} would lose {} on {}, which it had before",
                question.principal, question.access, question.resource
            ));
        }
    }
    failures.truncate(5);
    let shown = difference
        .gained
        .first()
        .map(|g| witness(&g.question.principal, g.question.access, &g.question.resource));
    Proof { holds: failures.is_empty(), failures, witness: shown, questions }
}
