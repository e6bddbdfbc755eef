//! Policy documents and their statements.

use super::condition;
use super::context::Context;
use super::pattern::{Reading, pattern, text_fits};
use super::question::Question;
use serde_json::Value;

/// What the `Version` element says about variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// 2012-10-17: variables are replaced.
    Variables,
    /// Earlier, or no version at all: "variables like ${aws:username} are treated as literal strings in the policy".
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
    Literal,
}

/// What a statement does when it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

/// One statement, with the language of its document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Statement<'a> {
    pub value: &'a Value,
    pub language: Language,
}

/// The statements of a document: a list, or a single one.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_statement.html>
pub(super) fn statements(document: &Value) -> Vec<Statement<'_>> {
    let language = match document.get("Version").and_then(Value::as_str) {
        Some("2012-10-17") => Language::Variables,
        Some(_) | None => Language::Literal,
    };
    let list = match document.get("Statement") {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    list.into_iter().map(|value| Statement { value, language }).collect()
}

/// The strings of an element that may be one value or a list; numbers and booleans as policies write them.
pub(super) fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().flat_map(strings).collect(),
        Value::String(text) => vec![text.clone()],
        Value::Bool(_) | Value::Number(_) => vec![value.to_string()],
        Value::Null | Value::Object(_) => Vec::new(),
    }
}

impl<'a> Statement<'a> {
    pub(super) fn element(self, name: &str) -> Option<&'a Value> {
        self.value.get(name)
    }

    fn list(self, name: &str) -> Option<Vec<String>> {
        self.element(name).map(strings)
    }

    /// Whether action, resource and condition fit the question; who asks is looked at elsewhere.
    pub(super) fn applies(self, effect: Effect, question: &Question) -> bool {
        let word = match effect {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny",
        };
        self.element("Effect").and_then(Value::as_str) == Some(word)
            && self.names_action(&question.action)
            && self.names_resource(&question.resource, &question.context)
            && self.element("Condition").is_none_or(|condition| {
                condition::all_match(condition, self.language, &question.context)
            })
    }

    /// "The prefix and the action name are case insensitive"; `*` and `?` are wildcards.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>,
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html>
    fn names_action(self, action: &str) -> bool {
        let reading = Reading { wildcards: true, variables: false };
        let fits = |list: Vec<String>| {
            list.iter().any(|wanted| {
                pattern(&wanted.to_lowercase(), reading, &Context::default())
                    .is_some_and(|p| text_fits(&p, &action.to_lowercase()))
            })
        };
        match (self.list("Action"), self.list("NotAction")) {
            (Some(actions), _) => fits(actions),
            (None, Some(others)) => !fits(others),
            (None, None) => false,
        }
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>,
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html>. "The resource that
    /// includes a policy variable with no value will not match any resource."
    fn names_resource(self, resource: &str, context: &Context) -> bool {
        let reading = Reading { wildcards: true, variables: self.language == Language::Variables };
        let fits = |list: Vec<String>| {
            list.iter().any(|wanted| {
                pattern(wanted, reading, context).is_some_and(|p| text_fits(&p, resource))
            })
        };
        match (self.list("Resource"), self.list("NotResource")) {
            (Some(resources), _) => fits(resources),
            (None, Some(others)) => !fits(others),
            (None, None) => false,
        }
    }
}

/// Whether a statement without principal in one of the documents applies.
pub(super) fn any_applies(documents: &[Value], effect: Effect, question: &Question) -> bool {
    documents.iter().flat_map(statements).any(|statement| statement.applies(effect, question))
}
