//! Policy documents: the JSON language of identity, resource, key, boundary and organisation policies.
//!
//! The document as it was written is kept beside the parsed statements, because a rollback writes documents back as
//! they were. Grammar:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use super::{AccountId, Action, Known, Operator};
use crate::model::{Pattern, json};
use serde_json::Value;
use std::sync::Arc;

/// A policy document: as written, and parsed.
#[derive(Debug, Clone)]
pub struct Document {
    source: Arc<Value>,
    statements: Arc<[Statement]>,
    /// Whether `${…}` are policy variables: since version 2012-10-17.
    variables: bool,
    /// The [`Known`] actions that some statement speaks of.
    actions: u64,
}

/// A document that is no policy: what is wrong, and where in the document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at `{place}` of the policy document")]
pub struct PolicyError {
    place: String,
    problem: &'static str,
}

/// Allow or deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// The statement allows.
    Allow,
    /// The statement denies, and wins.
    Deny,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its place in the document, from 0.
    pub index: usize,
    /// Its name, when it has one.
    pub sid: Option<Arc<str>>,
    /// Allow or deny.
    pub effect: Effect,
    /// Whom it speaks of.
    pub principal: PrincipalMatch,
    /// Of which actions (patterns in lower case).
    pub action: ActionMatch,
    /// On which resources.
    pub resource: ResourceMatch,
    /// Under which conditions; all must hold.
    pub conditions: Vec<Clause>,
    /// The [`Known`] actions that it speaks of, by bit: worked out once instead of at each question.
    pub actions: u64,
}

/// The principal part of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalMatch {
    /// None: an identity policy speaks of whom it is attached to.
    Attached,
    /// `Principal`.
    Is(Vec<PrincipalPattern>),
    /// `NotPrincipal`.
    Not(Vec<PrincipalPattern>),
}

/// One principal of a resource policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalPattern {
    /// `*`: everyone.
    Everyone,
    /// A whole account, by id or root ARN.
    Account(AccountId),
    /// A user, role or session by ARN.
    Arn(Arc<str>),
    /// The unique id that IAM writes in place of a deleted principal's ARN.
    UniqueId(Arc<str>),
    /// An AWS service.
    Service(Arc<str>),
    /// An identity provider.
    Federated(Arc<str>),
    /// The canonical user id of an account.
    CanonicalUser(Arc<str>),
}

/// The action part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionMatch {
    /// `Action`.
    Is(Vec<Pattern>),
    /// `NotAction`.
    Not(Vec<Pattern>),
}

/// The resource part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourceMatch {
    /// None, as in trust policies: whatever the policy is attached to.
    Attached,
    /// `Resource`.
    Is(Vec<Pattern>),
    /// `NotResource`.
    Not(Vec<Pattern>),
}

/// One operator with one key: `"StringEquals": {"aws:PrincipalOrgID": ["o-1"]}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// The operator as written (`ForAnyValue:StringLikeIfExists`).
    pub operator: Arc<str>,
    /// The condition key as written.
    pub key: Arc<str>,
    /// The values; any one may match.
    pub values: Vec<Arc<str>>,
    /// The operator taken apart; `None` for a word that is none.
    pub parsed: Option<Operator>,
    /// The condition key in lower case.
    pub folded: Arc<str>,
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Document {}

impl Document {
    /// Reads a document from JSON, from a JSON string, or from the URL-encoded JSON string that IAM returns.
    ///
    /// # Errors
    /// When the JSON is no policy; the error names the place.
    pub fn parse(value: &Value) -> Result<Self, PolicyError> {
        let source = match value {
            Value::String(text) => parse_text(text)?,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => value.clone(),
        };
        if !source.is_object() {
            return Err(error("Document", "expected an object"));
        }
        let statements = source
            .get("Statement")
            .map(json::list)
            .unwrap_or_default()
            .into_iter()
            .enumerate()
            .map(|(index, s)| statement(index, s))
            .collect::<Result<Vec<_>, _>>()?;
        let actions = statements.iter().fold(0, |all, s| all | s.actions);
        let variables = source.get("Version").and_then(Value::as_str) == Some("2012-10-17");
        Ok(Self { source: Arc::new(source), statements: statements.into(), variables, actions })
    }

    /// Whether `${…}` are policy variables: in version 2012-10-17 only; before, they are text.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
    #[must_use]
    pub const fn has_variables(&self) -> bool {
        self.variables
    }

    /// Whether a trust policy lets an AWS service act as the role.
    #[must_use]
    pub fn trusts_service(&self, service: &str) -> bool {
        let is = |p: &PrincipalPattern| match p {
            PrincipalPattern::Service(name) => &**name == service,
            PrincipalPattern::Everyone
            | PrincipalPattern::Account(_)
            | PrincipalPattern::Arn(_)
            | PrincipalPattern::UniqueId(_)
            | PrincipalPattern::Federated(_)
            | PrincipalPattern::CanonicalUser(_) => false,
        };
        self.statements.iter().any(|s| {
            let named = match &s.principal {
                PrincipalMatch::Is(patterns) => patterns.iter().any(is),
                PrincipalMatch::Attached | PrincipalMatch::Not(_) => false,
            };
            s.effect == Effect::Allow && named
        })
    }

    /// The known actions that some statement speaks of, as a mask.
    #[must_use]
    pub const fn actions(&self) -> u64 {
        self.actions
    }

    /// Whether some statement speaks of an action.
    #[must_use]
    pub fn speaks_of(&self, action: Action<'_>) -> bool {
        action.bit().is_none_or(|bit| self.actions & bit != 0)
    }

    /// The document as it was written.
    #[must_use]
    pub fn source(&self) -> &Value {
        &self.source
    }

    /// Its statements in order.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The statement as it was written.
    #[must_use]
    pub fn statement_source(&self, index: usize) -> Option<&Value> {
        json::list(self.source.get("Statement")?).get(index).copied()
    }
}

impl Statement {
    /// The statement's name for people: its Sid, or its number counted from 1.
    #[must_use]
    pub fn label(&self) -> String {
        self.sid.as_ref().map_or_else(
            || format!("statement {}", self.index + 1),
            |sid| format!("statement `{sid}`"),
        )
    }
}

impl Statement {
    /// Whether this statement speaks of everything that the other one speaks of: same effect, principals, actions and
    /// resources at least as wide, conditions no more than the other has. *No* when that cannot be seen.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let principals = match (&self.principal, &other.principal) {
            (PrincipalMatch::Attached, PrincipalMatch::Attached) => true,
            (PrincipalMatch::Is(own), PrincipalMatch::Is(theirs)) => {
                own.contains(&PrincipalPattern::Everyone) || theirs.iter().all(|p| own.contains(p))
            }
            (PrincipalMatch::Not(own), PrincipalMatch::Not(theirs)) => {
                own.iter().all(|p| theirs.contains(p))
            }
            (PrincipalMatch::Is(own), PrincipalMatch::Not(_)) => {
                own.contains(&PrincipalPattern::Everyone)
            }
            (PrincipalMatch::Attached | PrincipalMatch::Not(_), _)
            | (PrincipalMatch::Is(_), PrincipalMatch::Attached) => false,
        };
        let wide = |own: &[Pattern], theirs: &[Pattern]| {
            theirs.iter().all(|t| own.iter().any(|o| o.covers(t)))
        };
        let actions = match (&self.action, &other.action) {
            (ActionMatch::Is(own), ActionMatch::Is(theirs)) => wide(own, theirs),
            (ActionMatch::Not(own), ActionMatch::Not(theirs)) => wide(theirs, own),
            (ActionMatch::Is(own), ActionMatch::Not(_)) => own.iter().any(|p| p.as_str() == "*"),
            (ActionMatch::Not(_), ActionMatch::Is(_)) => false,
        };
        let resources = match (&self.resource, &other.resource) {
            (ResourceMatch::Attached, ResourceMatch::Attached) => true,
            (ResourceMatch::Is(own), ResourceMatch::Is(theirs)) => wide(own, theirs),
            (ResourceMatch::Not(own), ResourceMatch::Not(theirs)) => wide(theirs, own),
            (ResourceMatch::Is(own), ResourceMatch::Not(_)) => {
                own.iter().any(|p| p.as_str() == "*")
            }
            (ResourceMatch::Attached | ResourceMatch::Not(_), _)
            | (ResourceMatch::Is(_), ResourceMatch::Attached) => false,
        };
        let conditions = self.conditions.iter().all(|c| other.conditions.contains(c));
        self.effect == other.effect && principals && actions && resources && conditions
    }
}

fn error(place: impl Into<String>, problem: &'static str) -> PolicyError {
    PolicyError { place: place.into(), problem }
}

fn parse_text(text: &str) -> Result<Value, PolicyError> {
    let decoded;
    let json = if text.trim_start().starts_with('%') {
        decoded = percent_decoded(text).ok_or_else(|| error("Document", "broken URL encoding"))?;
        &decoded
    } else {
        text
    };
    serde_json::from_str(json).map_err(|_| error("Document", "expected JSON"))
}

/// `%7B` and `+`: the form encoding of `responseElements.role.assumeRolePolicyDocument`.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(b) = rest.next() {
        match b {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
            }
            b'+' => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).ok()
}

fn statement(index: usize, value: &Value) -> Result<Statement, PolicyError> {
    let at = |part: &str| format!("Statement[{index}].{part}");
    let object = value
        .as_object()
        .ok_or_else(|| error(format!("Statement[{index}]"), "expected an object"))?;
    let effect = match object.get("Effect").and_then(Value::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        Some(_) | None => return Err(error(at("Effect"), "expected `Allow` or `Deny`")),
    };
    let principal = match (object.get("Principal"), object.get("NotPrincipal")) {
        (None, None) => PrincipalMatch::Attached,
        (Some(p), None) => PrincipalMatch::Is(
            principals(p).ok_or_else(|| error(at("Principal"), "expected principals"))?,
        ),
        (None, Some(p)) => PrincipalMatch::Not(
            principals(p).ok_or_else(|| error(at("NotPrincipal"), "expected principals"))?,
        ),
        (Some(_), Some(_)) => return Err(error(at("NotPrincipal"), "stands beside `Principal`")),
    };
    let patterns = |part: &str, fold: bool| -> Result<Option<Vec<Pattern>>, PolicyError> {
        let Some(value) = object.get(part) else { return Ok(None) };
        let texts =
            json::strings(value).ok_or_else(|| error(at(part), "expected a string or strings"))?;
        Ok(Some(
            texts
                .into_iter()
                .map(|t| if fold { Pattern::new(t.to_lowercase()) } else { Pattern::new(t) })
                .collect(),
        ))
    };
    let action = match (patterns("Action", true)?, patterns("NotAction", true)?) {
        (Some(is), None) => ActionMatch::Is(is),
        (None, Some(not)) => ActionMatch::Not(not),
        (None, None) => return Err(error(at("Action"), "missing")),
        (Some(_), Some(_)) => return Err(error(at("NotAction"), "stands beside `Action`")),
    };
    let resource = match (patterns("Resource", false)?, patterns("NotResource", false)?) {
        (Some(is), None) => ResourceMatch::Is(is),
        (None, Some(not)) => ResourceMatch::Not(not),
        (None, None) => ResourceMatch::Attached,
        (Some(_), Some(_)) => return Err(error(at("NotResource"), "stands beside `Resource`")),
    };
    let conditions = match object.get("Condition") {
        None | Some(Value::Null) => Vec::new(),
        Some(block) => clauses(block)
            .ok_or_else(|| error(at("Condition"), "expected `{operator: {key: value}}`"))?,
    };
    let sid = object.get("Sid").and_then(Value::as_str).filter(|s| !s.is_empty()).map(Into::into);
    let spoken = Known::ALL.iter().filter(|known| action.matches(known.name()));
    let actions = spoken.fold(0, |all, known| all | known.mask());
    Ok(Statement { index, sid, effect, principal, action, resource, conditions, actions })
}

impl ActionMatch {
    /// Whether an action (in lower case) is spoken of.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::Is(patterns) => patterns.iter().any(|p| p.matches(name)),
            Self::Not(patterns) => !patterns.iter().any(|p| p.matches(name)),
        }
    }
}

fn principals(value: &Value) -> Option<Vec<PrincipalPattern>> {
    match value {
        Value::String(s) if s == "*" => Some(vec![PrincipalPattern::Everyone]),
        Value::Object(kinds) => {
            let mut found = Vec::new();
            for (kind, names) in kinds {
                for name in json::strings(names)? {
                    found.push(principal(kind, name));
                }
            }
            Some(found)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            None
        }
    }
}

fn principal(kind: &str, name: &str) -> PrincipalPattern {
    match kind {
        "AWS" if name == "*" => PrincipalPattern::Everyone,
        "AWS" => match AccountId::parse(name) {
            Some(account) => PrincipalPattern::Account(account),
            None if name.starts_with("arn:") => arn_principal(name),
            None => PrincipalPattern::UniqueId(name.into()),
        },
        "Service" => PrincipalPattern::Service(name.into()),
        "CanonicalUser" => PrincipalPattern::CanonicalUser(name.into()),
        // `Federated`, and what may come: an identity provider is never one of the account's principals.
        _ => PrincipalPattern::Federated(name.into()),
    }
}

fn arn_principal(name: &str) -> PrincipalPattern {
    super::Arn::parse(name)
        .ok()
        .filter(|arn| arn.service() == "iam" && arn.resource() == "root")
        .and_then(|arn| arn.account())
        .map_or_else(|| PrincipalPattern::Arn(name.into()), PrincipalPattern::Account)
}

fn clauses(block: &Value) -> Option<Vec<Clause>> {
    let mut found = Vec::new();
    for (operator, keys) in block.as_object()? {
        for (key, values) in keys.as_object()? {
            let values =
                json::list(values).into_iter().map(condition_value).collect::<Option<Vec<_>>>()?;
            found.push(Clause {
                operator: operator.as_str().into(),
                key: key.as_str().into(),
                values,
                parsed: Operator::parse(operator),
                folded: key.to_lowercase().into(),
            });
        }
    }
    Some(found)
}

/// Booleans and numbers may be written without quotes.
fn condition_value(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::String(s) => Some(s.as_str().into()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string().into()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn all_spellings_of_an_account_are_the_account() {
        let account = AccountId::parse("111122223333").unwrap();
        for spelling in ["111122223333", "arn:aws:iam::111122223333:root"] {
            let doc = Document::parse(
                &json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": spelling}, "Action": "s3:*", "Resource": "*"}}),
            );
            let doc = doc.unwrap();
            assert_eq!(
                doc.statements()[0].principal,
                PrincipalMatch::Is(vec![PrincipalPattern::Account(account.clone())])
            );
        }
    }

    #[test]
    fn a_url_encoded_string_is_a_document() {
        let text = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";
        assert_eq!(Document::parse(&json!(text)).unwrap().statements().len(), 0);
    }

    #[test]
    fn an_error_names_the_place() {
        let doc = json!({"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, {"Effect": "allow"}]});
        let message = Document::parse(&doc).unwrap_err().to_string();
        assert_eq!(
            message,
            "expected `Allow` or `Deny` at `Statement[1].Effect` of the policy document"
        );
    }
}
