//! Conditions of bindings and deny rules: the part of CEL that `iam/docs/conditions-attribute-reference` names.
//!
//! "If part of a condition uses an attribute that isn't available for a resource, then that part of the condition is never
//! interpreted as granting access"; `&&` and `||` absorb the error of one side when the other side decides
//! (`cel-spec/doc/langdef.md`, "Logical Operators").

use super::Estate;
use super::tag::{Tag, effective};
use super::target::Target;
use crate::answer::Answer;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// Whether the condition is true.
pub(super) fn holds(estate: &Estate, expression: &str, time: &str, target: &Target) -> Answer {
    let Some(expr) = parse(expression) else {
        return Answer::Undecided("a condition that cannot be read");
    };
    let scene = Scene { time, target, tags: effective(estate, target) };
    Answer::of(evaluate(&expr, &scene) == Some(Value::Bool(true)))
}

struct Scene<'a> {
    time: &'a str,
    target: &'a Target,
    tags: Vec<Tag>,
}

#[derive(Debug, Clone, PartialEq, PartialOrd)]
enum Value {
    Bool(bool),
    Text(String),
    Time(OffsetDateTime),
    Span(Duration),
    Number(i64),
}

#[derive(Debug)]
enum Expr {
    Or(Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Compare(Box<Expr>, &'static str, Box<Expr>),
    Plus(Box<Expr>, Box<Expr>),
    Minus(Box<Expr>, Box<Expr>),
    Text(String),
    Number(i64),
    Bool(bool),
    /// `resource.name` and its like.
    Attribute(String),
    /// `timestamp(…)`.
    Function(String, Vec<Expr>),
    /// `x.startsWith(…)`.
    Method(Box<Expr>, String, Vec<Expr>),
}

/// The value, or nothing for an error.
fn evaluate(expr: &Expr, scene: &Scene) -> Option<Value> {
    let of = |e: &Expr| evaluate(e, scene);
    match expr {
        Expr::Text(text) => Some(Value::Text(text.clone())),
        Expr::Number(number) => Some(Value::Number(*number)),
        Expr::Bool(value) => Some(Value::Bool(*value)),
        Expr::Or(a, b) => logical(boolean(of(a)), boolean(of(b)), true),
        Expr::And(a, b) => logical(boolean(of(a)), boolean(of(b)), false),
        Expr::Not(a) => Some(Value::Bool(!boolean(of(a))?)),
        Expr::Compare(a, operator, b) => compare(&of(a)?, operator, &of(b)?),
        Expr::Plus(a, b) => match (of(a)?, of(b)?) {
            (Value::Time(t), Value::Span(d)) => Some(Value::Time(t.checked_add(d)?)),
            (Value::Text(a), Value::Text(b)) => Some(Value::Text(a + &b)),
            _ => None,
        },
        Expr::Minus(a, b) => match (of(a)?, of(b)?) {
            (Value::Time(t), Value::Span(d)) => Some(Value::Time(t.checked_sub(d)?)),
            _ => None,
        },
        Expr::Attribute(name) => attribute(name, scene),
        Expr::Function(name, arguments) => {
            let [argument] = arguments.as_slice() else { return None };
            function(name, &text(of(argument))?)
        }
        Expr::Method(on, name, arguments) => {
            let arguments: Option<Vec<Value>> = arguments.iter().map(of).collect();
            method(on, name, &arguments?, scene)
        }
    }
}

/// `true || error` is true, `false && error` is false, on either side.
fn logical(a: Option<bool>, b: Option<bool>, decisive: bool) -> Option<Value> {
    if a == Some(decisive) || b == Some(decisive) {
        return Some(Value::Bool(decisive));
    }
    a?;
    b?;
    Some(Value::Bool(!decisive))
}

fn boolean(value: Option<Value>) -> Option<bool> {
    match value {
        Some(Value::Bool(value)) => Some(value),
        _ => None,
    }
}

fn text(value: Option<Value>) -> Option<String> {
    match value {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

/// Values of one kind only.
fn compare(a: &Value, operator: &str, b: &Value) -> Option<Value> {
    if std::mem::discriminant(a) != std::mem::discriminant(b) {
        return None;
    }
    Some(Value::Bool(match operator {
        "==" => a == b,
        "!=" => a != b,
        "<" => a < b,
        "<=" => a <= b,
        ">" => a > b,
        _ => a >= b,
    }))
}

/// "Resource attributes" and "Date/time attribute".
fn attribute(name: &str, scene: &Scene) -> Option<Value> {
    match name {
        "resource.name" => Some(Value::Text(scene.target.name.clone()?)),
        "resource.type" => Some(Value::Text(scene.target.kind.to_owned())),
        "resource.service" => Some(Value::Text(scene.target.service.to_owned())),
        "request.time" => instant(scene.time),
        _ => None,
    }
}

fn instant(text: &str) -> Option<Value> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(Value::Time)
}

/// `timestamp`: RFC 3339; `date`: `YYYY-MM-DD`, at 00:00 UTC; `duration`: seconds, followed by `s`.
fn function(name: &str, argument: &str) -> Option<Value> {
    match name {
        "timestamp" => instant(argument),
        "date" => instant(&format!("{argument}T00:00:00Z")),
        "duration" => {
            argument.strip_suffix('s')?.parse().ok().map(|s| Value::Span(Duration::seconds(s)))
        }
        _ => None,
    }
}

fn method(on: &Expr, name: &str, arguments: &[Value], scene: &Scene) -> Option<Value> {
    if matches!(on, Expr::Attribute(name) if name == "resource") {
        return tag_function(name, arguments, &scene.tags).map(Value::Bool);
    }
    match (evaluate(on, scene)?, name, arguments) {
        (Value::Text(on), "startsWith", [Value::Text(a)]) => Some(Value::Bool(on.starts_with(a))),
        (Value::Text(on), "endsWith", [Value::Text(a)]) => Some(Value::Bool(on.ends_with(a))),
        (Value::Text(on), "extract", [Value::Text(a)]) => extract(&on, a).map(Value::Text),
        (Value::Time(on), "getFullYear", []) => Some(Value::Number(on.year().into())),
        (Value::Time(on), "getHours", []) => Some(Value::Number(on.hour().into())),
        _ => None,
    }
}

/// "Resource tags": by namespaced name and short name, or by permanent ids.
fn tag_function(name: &str, arguments: &[Value], tags: &[Tag]) -> Option<bool> {
    match (name, arguments) {
        ("matchTag", [Value::Text(key), Value::Text(value)]) => {
            Some(tags.iter().any(|t| t.key == *key && t.value == *value))
        }
        ("matchTagId", [Value::Text(key), Value::Text(value)]) => {
            Some(tags.iter().any(|t| t.key_id == *key && t.value_id == *value))
        }
        ("hasTagKey", [Value::Text(key)]) => Some(tags.iter().any(|t| t.key == *key)),
        ("hasTagKeyId", [Value::Text(key)]) => Some(tags.iter().any(|t| t.key_id == *key)),
        _ => None,
    }
}

/// "Extract values from attributes": between the first occurrence of the prefix and the first subsequent one of the suffix;
/// an empty string where either does not occur.
fn extract(of: &str, template: &str) -> Option<String> {
    let (prefix, rest) = template.split_once('{')?;
    let (_, suffix) = rest.split_once('}')?;
    let after =
        if prefix.is_empty() { Some(of) } else { of.split_once(prefix).map(|(_, after)| after) };
    let found = if suffix.is_empty() {
        after
    } else {
        after.and_then(|a| a.split_once(suffix)).map(|(found, _)| found)
    };
    Some(found.unwrap_or_default().to_owned())
}

// --- the grammar: or, and, comparison, sum, not, member

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Sign(&'static str),
    Text(String),
    Number(i64),
    Word(String),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    const SIGNS: [&str; 15] =
        ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "(", ")", ",", ".", "!", "+", "-"];
    let mut rest = text.trim_start();
    let mut found = Vec::new();
    while let Some(first) = rest.chars().next() {
        if first == '\'' || first == '"' {
            let body = rest.get(1..)?;
            let end = body.find(first)?;
            found.push(Token::Text(body.get(..end)?.to_owned()));
            rest = body.get(end + 1..)?;
        } else if let Some(sign) = SIGNS.iter().find(|s| rest.starts_with(**s)) {
            found.push(Token::Sign(sign));
            rest = rest.get(sign.len()..)?;
        } else {
            let stops = |c: char| !(c.is_alphanumeric() || c == '_');
            let end = rest.find(stops).unwrap_or(rest.len());
            let word = rest.get(..end).filter(|w| !w.is_empty())?;
            found.push(word.parse().map_or_else(|_| Token::Word(word.to_owned()), Token::Number));
            rest = rest.get(end..)?;
        }
        rest = rest.trim_start();
    }
    Some(found)
}

fn parse(text: &str) -> Option<Expr> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0 };
    let expr = parser.or()?;
    (parser.at == parser.tokens.len()).then_some(expr)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn or(&mut self) -> Option<Expr> {
        let mut left = self.and()?;
        while self.sign("||") {
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        Some(left)
    }

    fn and(&mut self) -> Option<Expr> {
        let mut left = self.relation()?;
        while self.sign("&&") {
            left = Expr::And(Box::new(left), Box::new(self.relation()?));
        }
        Some(left)
    }

    fn relation(&mut self) -> Option<Expr> {
        let left = self.sum()?;
        for operator in ["==", "!=", "<=", ">=", "<", ">"] {
            if self.sign(operator) {
                return Some(Expr::Compare(Box::new(left), operator, Box::new(self.sum()?)));
            }
        }
        Some(left)
    }

    fn sum(&mut self) -> Option<Expr> {
        let mut left = self.unary()?;
        loop {
            if self.sign("+") {
                left = Expr::Plus(Box::new(left), Box::new(self.unary()?));
            } else if self.sign("-") {
                left = Expr::Minus(Box::new(left), Box::new(self.unary()?));
            } else {
                return Some(left);
            }
        }
    }

    fn unary(&mut self) -> Option<Expr> {
        if self.sign("!") {
            return Some(Expr::Not(Box::new(self.unary()?)));
        }
        let mut on = self.primary()?;
        while self.sign(".") {
            let Token::Word(name) = self.next()? else { return None };
            on = if self.sign("(") {
                Expr::Method(Box::new(on), name, self.arguments()?)
            } else if let Expr::Attribute(of) = on {
                Expr::Attribute(format!("{of}.{name}"))
            } else {
                return None;
            };
        }
        Some(on)
    }

    fn primary(&mut self) -> Option<Expr> {
        if self.sign("(") {
            let inner = self.or()?;
            return self.sign(")").then_some(inner);
        }
        match self.next()? {
            Token::Text(text) => Some(Expr::Text(text)),
            Token::Number(number) => Some(Expr::Number(number)),
            Token::Word(word) if word == "true" || word == "false" => {
                Some(Expr::Bool(word == "true"))
            }
            Token::Word(word) if self.sign("(") => Some(Expr::Function(word, self.arguments()?)),
            Token::Word(word) => Some(Expr::Attribute(word)),
            Token::Sign(_) => None,
        }
    }

    fn arguments(&mut self) -> Option<Vec<Expr>> {
        let mut arguments = Vec::new();
        if self.sign(")") {
            return Some(arguments);
        }
        arguments.push(self.or()?);
        while self.sign(",") {
            arguments.push(self.or()?);
        }
        self.sign(")").then_some(arguments)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn sign(&mut self, sign: &'static str) -> bool {
        let taken = self.tokens.get(self.at) == Some(&Token::Sign(sign));
        self.at += usize::from(taken);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: &str = "projects/_/buckets/acme-orders-aaa/objects/data_lake/orders/order_date=2019-11-03/aef87g87ae0876";

    #[track_caller]
    fn check(expression: &str, expected: bool) {
        let estate = Estate::default();
        let target = Target::of(&estate, &format!("//storage.googleapis.com/{ORDER}"));
        let answer = holds(&estate, expression, "2026-06-01T12:00:00Z", &target);
        assert_eq!(answer, Answer::of(expected), "{expression}");
    }

    /// The table of "Extract values from attributes".
    #[test]
    fn the_table_of_extraction_templates() {
        let cases = [
            ("/order_date={date}/", "2019-11-03"),
            ("buckets/{name}/", "acme-orders-aaa"),
            ("/orders/{empty}order_date", ""),
            ("{start}/objects/data_lake", "projects/_/buckets/acme-orders-aaa"),
            ("orders/{end}", "order_date=2019-11-03/aef87g87ae0876"),
            ("{all}", ORDER),
            ("/orders/{none}/order_date=", ""),
            ("/orders/order_date=2019-11-03/{id}/data_lake", ""),
        ];
        for (template, expected) in cases {
            assert_eq!(extract(ORDER, template).as_deref(), Some(expected), "{template}");
        }
    }

    #[test]
    fn errors_are_absorbed_by_what_decides() {
        check("date(resource.name.extract('/order_date={d}/')) < request.time", true);
        check("date(resource.name.extract('/none={d}/')) < request.time", false);
        check("date('') < request.time || resource.service == 'storage.googleapis.com'", true);
        check("resource.service == 'storage.googleapis.com' || date('') < request.time", true);
        check("!(date('') < request.time)", false);
        check("!(date('') < request.time && false)", true);
    }

    #[test]
    fn precedence_and_time() {
        check("false && false || true", true);
        check("true || false && false", true);
        check(
            "!false && request.time < timestamp('2026-06-01T11:00:00Z') + duration('7200s')",
            true,
        );
        check("request.time >= timestamp(\"2026-06-01T12:00:00.00Z\")", true);
        check("request.time.getHours() == 12", true);
        check("resource.type != 'storage.googleapis.com/Bucket'", true);
    }
}
