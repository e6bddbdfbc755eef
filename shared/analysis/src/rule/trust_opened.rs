//! A role's trust policy lets somebody from outside of the account assume it: what the role may do is theirs as well.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-user.html>

use super::{Case, Remark, few};
use crate::change::{AwsEdit, Edit, PrincipalEdit};
use crate::model::Severity;
use crate::model::aws::{
    AccountId, Arn, Document, Effect, PrincipalMatch, PrincipalPattern, Statement,
};
use std::collections::BTreeMap;

pub(super) fn judge(case: &Case<'_>) -> Option<Remark> {
    let (account, now) = case.edits.iter().find_map(|edit| match edit {
        Edit::Aws(AwsEdit::Principal(who, PrincipalEdit::Trust(Some(document)))) => {
            Some((&who.account, document))
        }
        Edit::Aws(AwsEdit::Principal(who, PrincipalEdit::Whole(Some(state)))) => {
            Some((&who.account, state.trust.as_ref()?))
        }
        Edit::Aws(_) | Edit::Azure(_) | Edit::Gcp(_) => None,
    })?;
    let was = case.inverse.iter().find_map(|edit| match edit {
        Edit::Aws(AwsEdit::Principal(_, PrincipalEdit::Trust(document))) => document.as_ref(),
        Edit::Aws(_) | Edit::Azure(_) | Edit::Gcp(_) => None,
    });
    let known = was.map(|d| outsiders(d, account, case)).unwrap_or_default();
    let new: BTreeMap<String, Severity> = outsiders(now, account, case)
        .into_iter()
        .filter(|(who, _)| !known.contains_key(who))
        .collect();
    let severity = *new.values().max()?;
    let why = format!("{} can be assumed by {}", case.change.resource, few(new.keys()));
    Some(Remark { severity, why })
}

/// Who from outside may assume the role, and how bad that is by itself.
fn outsiders(
    document: &Document,
    account: &AccountId,
    case: &Case<'_>,
) -> BTreeMap<String, Severity> {
    let allows = document.statements().iter().filter(|s| s.effect == Effect::Allow);
    allows.flat_map(|s| of_statement(s, account, case)).collect()
}

fn of_statement(
    statement: &Statement,
    account: &AccountId,
    case: &Case<'_>,
) -> Vec<(String, Severity)> {
    let patterns = match &statement.principal {
        PrincipalMatch::Is(patterns) => patterns,
        PrincipalMatch::Not(_) => return vec![("everyone but a few".to_owned(), Severity::High)],
        PrincipalMatch::Attached => return Vec::new(),
    };
    let open = statement.conditions.is_empty();
    let foreign = |other: &AccountId| {
        let ours = case.after.aws.same_organization(other) == Some(true);
        (other != account).then_some(if ours { Severity::Low } else { Severity::Medium })
    };
    let one = |pattern: &PrincipalPattern| match pattern {
        PrincipalPattern::Everyone => {
            Some(("everyone".to_owned(), if open { Severity::Critical } else { Severity::Medium }))
        }
        PrincipalPattern::Account(other) => Some((format!("account {other}"), foreign(other)?)),
        PrincipalPattern::Arn(arn) => {
            let other = Arn::parse(arn).ok()?.account()?;
            Some((arn.to_string(), foreign(&other)?))
        }
        // A provider without a condition on the subject lets in everybody whom the provider knows.
        PrincipalPattern::Federated(provider) if provider.contains("oidc-provider/") => {
            let pinned =
                statement.conditions.iter().any(|c| c.key.to_lowercase().ends_with(":sub"));
            (!pinned).then(|| (format!("anybody known to {provider}"), Severity::High))
        }
        PrincipalPattern::Federated(_)
        | PrincipalPattern::Service(_)
        | PrincipalPattern::UniqueId(_)
        | PrincipalPattern::CanonicalUser(_) => None,
    };
    patterns.iter().filter_map(one).collect()
}
