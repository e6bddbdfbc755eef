//! A key was disabled, scheduled for destruction, lost its material, or its vault is gone.

use super::{Case, Remark};
use crate::change::{AwsEdit, AzureEdit, Edit, GcpEdit, KeyEdit, Kind};
use crate::model::Severity;
use crate::model::aws::KeyState;
use serde_json::Value;

pub(super) fn judge(case: &Case<'_>) -> Option<Remark> {
    // Compared with what stood before: a cancelled deletion leaves a key disabled, and that is better than it was.
    let worst =
        |edits: &[Edit]| edits.iter().filter_map(edit).max_by_key(|(severity, _)| *severity);
    let (is, was) = (worst(case.edits), worst(case.inverse));
    let by_edit = is.filter(|(is, _)| was.is_none_or(|(was, _)| *is > was));
    let by_kind = || kind(case.change.kind).filter(|_| case.edits.is_empty());
    let (severity, what) = by_edit.or_else(by_kind)?;
    let lost = match case.difference.lost.len() {
        0 => String::new(),
        n => format!("; {n} access path{} lost", if n == 1 { "" } else { "s" }),
    };
    Some(Remark { severity, why: format!("{} {what}{lost}", named(case)) })
}

fn named<'a>(case: &'a Case<'_>) -> &'a str {
    if case.change.resource.is_empty() { "a key" } else { &case.change.resource }
}

fn edit(edit: &Edit) -> Option<(Severity, &'static str)> {
    match edit {
        Edit::Aws(AwsEdit::Key(_, KeyEdit::State(Some(state)))) => match state {
            KeyState::PendingDeletion => Some((Severity::Critical, "is scheduled for deletion")),
            KeyState::PendingImport => Some((Severity::Critical, "lost its key material")),
            KeyState::Disabled => Some((Severity::High, "is disabled")),
            KeyState::Enabled | KeyState::Unavailable => None,
        },
        Edit::Aws(AwsEdit::Key(_, KeyEdit::Whole(None))) => {
            Some((Severity::Critical, "is deleted"))
        }
        Edit::Azure(AzureEdit::Resource { id, state: None })
            if id.folded().contains("/vaults/") =>
        {
            Some((Severity::Critical, "is deleted"))
        }
        Edit::Azure(AzureEdit::Resource { state: Some(resource), .. })
            if resource.key_enabled() == Some(false) =>
        {
            Some((Severity::High, "is disabled"))
        }
        Edit::Gcp(GcpEdit::Data { patch, .. }) => version_state(patch.get("state")),
        Edit::Gcp(GcpEdit::Asset { state: Some(asset), .. }) => {
            version_state(asset.data.get("state"))
        }
        Edit::Aws(_) | Edit::Azure(_) | Edit::Gcp(_) => None,
    }
}

fn version_state(state: Option<&Value>) -> Option<(Severity, &'static str)> {
    match state?.as_str()? {
        "DESTROY_SCHEDULED" | "DESTROYED" => {
            Some((Severity::Critical, "is scheduled for destruction"))
        }
        "DISABLED" => Some((Severity::High, "is disabled")),
        _ => None,
    }
}

/// Kinds that say it all by themselves, for changes whose key the estate does not hold.
fn kind(kind: Kind) -> Option<(Severity, &'static str)> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "five of a hundred kinds speak for themselves"
    )]
    match kind {
        Kind::KeyDeletionScheduled => Some((Severity::Critical, "is scheduled for deletion")),
        Kind::VaultPurged => Some((Severity::Critical, "is purged")),
        Kind::VaultDeleted => Some((Severity::Critical, "is deleted")),
        Kind::KeyDisabled => Some((Severity::High, "is disabled")),
        Kind::ObjectReencrypted => Some((Severity::Critical, "holds data under a foreign key now")),
        _ => None,
    }
}
