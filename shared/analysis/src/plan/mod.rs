//! The minimal inverse of a change, as steps.
//!
//! A plan is made from the edits that would lead back to the state before ([`crate::estate::Estate::apply`] gives them).
//! Each step names the call, what it expects to find, what it writes, and how it is undone, and carries the edits that it
//! would make in the estate, so that [`crate::proof`] can try it there. Never a whole policy is deleted where a statement,
//! a member or a binding is enough; where no faithful inverse is known there is no plan.

mod aws;
mod azure;
mod gcp;

use crate::change::{Answer, AzureEdit, Change, Claim, Edit, GcpEdit, Kind};
use crate::diff::Difference;
use crate::estate::Estate;
use crate::model::Verdict;
use crate::model::gcp::AssetKind;
use serde::Serialize;
use serde_json::Value;

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Call {
    /// The call (`iam:DetachRolePolicy`, `DELETE Microsoft.Authorization/roleAssignments`, `storage.buckets.patch`).
    pub call: String,
    /// The resource it is made on.
    pub target: String,
    /// What it writes, in the call's own parameter names.
    pub change: Value,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The call.
    pub call: Call,
    /// What must stand there for the step to be carried out.
    pub expects: String,
    /// The calls that undo it.
    pub undo: Vec<Call>,
    /// What it does to the estate.
    pub effects: Vec<Edit>,
}

/// The steps that lead back, in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
    /// Why the plan must not be carried out without asking; empty when it may.
    pub doubts: Vec<String>,
}

/// A step before it knows how to be undone.
pub(crate) struct Draft {
    call: String,
    target: String,
    change: Value,
    effects: Vec<Edit>,
}

/// Plans the way back from `after` along the inverse edits. `None` when some edit has no inverse call that keyfence
/// makes. Each step is worked out on the state that the steps before it leave.
#[must_use]
pub fn plan(after: &mut Estate, inverse: &[Edit]) -> Option<Plan> {
    let mut steps = Vec::new();
    let mut undone = Vec::new();
    let complete = inverse.iter().all(|edit| {
        let Some(drafts) = drafts(after, edit) else { return false };
        for draft in drafts {
            let back = after.apply_all(&draft.effects);
            // The step's undo is the inverse of its own effect, as calls.
            let undo = back.iter().filter_map(|e| self::drafts(after, e)).flatten();
            let undo =
                undo.map(|d| Call { call: d.call, target: d.target, change: d.change }).collect();
            undone.push(back);
            let expects = format!("{} is as the change left it", draft.target);
            let call = Call { call: draft.call, target: draft.target, change: draft.change };
            steps.push(Step { call, expects, undo, effects: draft.effects });
        }
        true
    });
    for back in undone.iter().rev() {
        after.apply_all(back);
    }
    (complete && !steps.is_empty()).then_some(Plan { steps, doubts: Vec::new() })
}

/// The calls that make an edit; `None` when keyfence has none, an empty list when the edit changes nothing.
fn drafts(now: &Estate, edit: &Edit) -> Option<Vec<Draft>> {
    match edit {
        Edit::Aws(edit) => aws::drafts(&now.aws, edit),
        Edit::Azure(edit) => azure::drafts(&now.azure, edit),
        Edit::Gcp(edit) => gcp::drafts(&now.gcp, edit),
    }
}

impl Plan {
    /// All effects in order.
    #[must_use]
    pub fn effects(&self) -> Vec<Edit> {
        self.steps.iter().flat_map(|s| s.effects.clone()).collect()
    }
}

/// Why a plan for this change must not be carried out without asking; the first few reasons.
#[must_use]
pub fn doubts(change: &Change, live: &Live<'_>, difference: &Difference) -> Vec<String> {
    let mut doubts: Vec<String> = change.doubt.iter().cloned().collect();
    if !live.is_claimed(&change.claim) {
        doubts.push("the state shows more edits than the event speaks of: one of them may be somebody else's".to_owned());
    }
    let gives = !difference.gained.is_empty() || !difference.latent.is_empty();
    if let (true, Some(loss)) = (gives, difference.lost.iter().find(|l| !l.darkened)) {
        let q = &loss.question;
        doubts.push(format!(
            "the change also closed something, which the plan would open again: {} of {} on {}",
            q.access, q.principal, q.resource
        ));
    }
    for gain in &difference.gained {
        let told = format!("{} of {}", gain.question.access, gain.question.principal);
        match gain.after.verdict() {
            Verdict::Unknown => doubts.push(format!("{told} is unknown: {}", gain.after)),
            Verdict::Conditional => doubts.push(format!("{told} is conditional: {}", gain.after)),
            Verdict::Yes | Verdict::No => {}
        }
    }
    let more = doubts.len().saturating_sub(SHOWN_DOUBTS);
    doubts.truncate(SHOWN_DOUBTS);
    if more > 0 {
        doubts.push(format!("and {more} more reasons"));
    }
    doubts
}

/// Why a plan that raises no doubts is not carried out without asking all the same: the kind of the change.
#[must_use]
pub fn reserve(answer: Answer) -> Option<String> {
    match answer {
        Answer::Revert => None,
        Answer::Ask => Some("a person must judge changes of this kind".to_owned()),
        Answer::Notify => Some("changes of this kind are told, not undone".to_owned()),
    }
}

/// Doubts that are listed; the rest is counted.
const SHOWN_DOUBTS: usize = 5;

/// What led from the known to the live state, and back.
#[derive(Debug, Clone, Copy)]
pub struct Live<'a> {
    /// The edits that led there.
    pub edits: &'a [Edit],
    /// The edits that lead back.
    pub inverse: &'a [Edit],
}

impl Live<'_> {
    /// An edit that the event carries is claimed. An event that only names the resource claims one setting of it: more
    /// than one may be somebody else's.
    fn is_claimed(&self, claim: &Claim) -> bool {
        match claim {
            Claim::Edits(_) => true,
            Claim::Touched(_) => {
                let pairs = self.edits.iter().zip(self.inverse.iter().rev());
                pairs.map(|(is, was)| settings_in(is, was)).sum::<usize>() == 1
            }
            Claim::Outside => false,
        }
    }
}

/// How many settings an edit changes: for a whole resource those that differ, in a list the entries that differ.
fn settings_in(is: &Edit, was: &Edit) -> usize {
    match (is, was) {
        (
            Edit::Azure(AzureEdit::Resource { state: Some(is), .. }),
            Edit::Azure(AzureEdit::Resource { state: Some(was), .. }),
        ) => azure::differing_settings(is, was),
        (
            Edit::Gcp(GcpEdit::Asset { state: Some(is), .. }),
            Edit::Gcp(GcpEdit::Asset { state: Some(was), .. }),
        ) => gcp::differing_settings(is, was),
        (
            Edit::Gcp(GcpEdit::Policy { policy: Some(is), .. }),
            Edit::Gcp(GcpEdit::Policy { policy: Some(was), .. }),
        ) => {
            let delta = was.delta_to(is);
            delta.added.len().max(delta.removed.len())
        }
        (_, _) => 1,
    }
}

/// The answer of an enforcing configuration for a change: its kind's, except where one kind covers settings of different
/// weight.
#[must_use]
pub fn answer(kind: Kind, edits: &[Edit], inverse: &[Edit]) -> Answer {
    let only = |settings: &[&str]| {
        let changed = edits
            .iter()
            .zip(inverse.iter().rev())
            .flat_map(|(is, was)| changed_settings(is, was))
            .collect::<Vec<_>>();
        !changed.is_empty()
            && changed.iter().all(|c| settings.iter().any(|s| c.eq_ignore_ascii_case(s)))
    };
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "two kinds cover settings of different weight"
    )]
    match kind {
        Kind::StorageAccountWritten => {
            let revert = [
                "allowBlobPublicAccess",
                "supportsHttpsTrafficOnly",
                "minimumTlsVersion",
                "isSftpEnabled",
                "isLocalUserEnabled",
            ];
            if only(&revert) { Answer::Revert } else { Answer::Ask }
        }
        Kind::BucketUpdated => {
            if only(&["iamConfiguration"]) {
                Answer::Revert
            } else {
                Answer::Ask
            }
        }
        other => other.answer(),
    }
}

/// The names of the settings of a resource that differ.
fn changed_settings(is: &Edit, was: &Edit) -> Vec<String> {
    match (is, was) {
        (
            Edit::Azure(AzureEdit::Resource { state: Some(is), .. }),
            Edit::Azure(AzureEdit::Resource { state: Some(was), .. }),
        ) => azure::changed_properties(is, was),
        (
            Edit::Azure(AzureEdit::Patch { body, .. }),
            Edit::Azure(AzureEdit::Resource { state: Some(_), .. }),
        ) => {
            let properties =
                crate::model::json::any_case(body, "properties").and_then(Value::as_object);
            properties.into_iter().flatten().map(|(k, _)| k.clone()).collect()
        }
        (
            Edit::Gcp(GcpEdit::Asset { state: Some(is), .. }),
            Edit::Gcp(GcpEdit::Asset { state: Some(was), .. }),
        ) if was.kind() == AssetKind::Bucket => gcp::changed_settings(is, was),
        (_, _) => Vec::new(),
    }
}
