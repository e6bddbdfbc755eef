//! The expression of a condition: CEL, read by the `cel` crate at first need.
//! <https://cloud.google.com/iam/docs/conditions-overview>

use cel::IdedExpr;
use cel::common::ast::{Expr, LiteralValue, operators};
use cel::parser::Parser;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

/// Brackets and signs within each other beyond this are not read: event content is hostile.
const DEEPEST: usize = 48;
/// Longer texts are not read: IAM itself takes no condition of this length.
const LONGEST: usize = 8_192;

/// A condition's expression: its text alone tells it apart, its meaning is read once.
#[derive(Clone)]
pub struct Cel {
    text: Arc<str>,
    read: Arc<OnceLock<Option<Arc<IdedExpr>>>>,
}

impl Cel {
    /// Any text.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self { text: text.into(), read: Arc::new(OnceLock::new()) }
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it means; `None` when it cannot be read.
    pub(crate) fn expression(&self) -> Option<&IdedExpr> {
        let read = || {
            let fits = self.text.len() <= LONGEST && depth(&self.text) <= DEEPEST;
            fits.then(|| Parser::new().parse(&self.text).ok()).flatten().map(Arc::new)
        };
        self.read.get_or_init(read).as_deref()
    }
}

/// How deep brackets and signs stand within each other, at most.
fn depth(text: &str) -> usize {
    let (mut deep, mut deepest, mut signs) = (0_usize, 0_usize, 0_usize);
    for c in text.chars() {
        match c {
            '(' | '[' | '{' => deep += 1,
            ')' | ']' | '}' => deep = deep.saturating_sub(1),
            '!' | '-' | '?' => signs += 1,
            _ => {}
        }
        deepest = deepest.max(deep);
    }
    deepest + signs
}

/// An expression as text again, for people.
pub(crate) fn written(expression: &IdedExpr) -> String {
    match &expression.expr {
        Expr::Ident(name) => name.clone(),
        Expr::Literal(literal) => literal_text(literal),
        Expr::Select(select) if select.test => {
            format!("has({}.{})", written(&select.operand), select.field)
        }
        Expr::Select(select) => format!("{}.{}", written(&select.operand), select.field),
        Expr::List(list) => format!("[{}]", joined(&list.elements)),
        Expr::Call(call) => match (&call.target, call.args.as_slice()) {
            (Some(target), args) => {
                format!("{}.{}({})", written(target), call.func_name, joined(args))
            }
            (None, [one]) if call.func_name == operators::LOGICAL_NOT => {
                format!("!({})", written(one))
            }
            (None, [a, b]) => {
                match call.func_name.strip_prefix('_').and_then(|n| n.strip_suffix('_')) {
                    Some(sign) => format!("{} {sign} {}", written(a), written(b)),
                    None if call.func_name == operators::IN => {
                        format!("{} in {}", written(a), written(b))
                    }
                    None => format!("{}({})", call.func_name, joined(&call.args)),
                }
            }
            (None, args) => format!("{}({})", call.func_name, joined(args)),
        },
        Expr::Map(_) | Expr::Struct(_) | Expr::Comprehension(_) | Expr::Unspecified => {
            "(an expression)".to_owned()
        }
    }
}

fn joined(parts: &[IdedExpr]) -> String {
    parts.iter().map(written).collect::<Vec<_>>().join(", ")
}

fn literal_text(literal: &LiteralValue) -> String {
    match literal {
        LiteralValue::String(text) => format!("'{}'", text.inner()),
        LiteralValue::Boolean(value) => value.inner().to_string(),
        LiteralValue::Int(value) => value.inner().to_string(),
        LiteralValue::UInt(value) => value.inner().to_string(),
        LiteralValue::Double(value) => value.inner().to_string(),
        LiteralValue::Null => "null".to_owned(),
        LiteralValue::Bytes(_) => "(bytes)".to_owned(),
    }
}

impl fmt::Debug for Cel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl fmt::Display for Cel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl PartialEq for Cel {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Cel {}

impl PartialOrd for Cel {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Cel {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl Hash for Cel {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_expression_is_written_as_it_was_read() {
        let cases = [
            "resource.name.startsWith('projects/_/buckets/b/objects/a/')",
            "resource.type == 'storage.googleapis.com/Object'",
            "'a' in request.auth.access_levels",
            "request.time < timestamp('2027-01-01T00:00:00Z')",
            "api.getAttribute('x', []).hasOnly(['a', 'b'])",
        ];
        for text in cases {
            assert_eq!(written(Cel::new(text).expression().unwrap()), text);
        }
    }

    #[test]
    fn what_is_too_deep_is_not_read() {
        for text in ["(".repeat(100_000), "!".repeat(100_000), "a?b:".repeat(100_000)] {
            assert!(Cel::new(text).expression().is_none());
        }
    }

    proptest! {
        #[test]
        fn no_text_does_harm(text in "[a-z().'\"&|!?:<>=0-9 \\[\\]{}\\\\,äß-]{0,60}") {
            let _ = Cel::new(text.as_str()).expression().map(written);
        }
    }
}
