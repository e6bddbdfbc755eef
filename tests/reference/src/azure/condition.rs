//! Conditions of role assignments, version 2.0: `role-based-access-control/conditions-format`.
//!
//! A comparison with an attribute that the request does not have cannot be evaluated, and grants nothing
//! (`storage/blobs/storage-auth-abac-attributes`, "Suboperations": such operations "cannot evaluate this condition, and will
//! fail the authorization access check"; `storage-auth-abac-examples`, private link: `StringNotEquals 'high'` has to be
//! followed by `OR NOT Exists …` to admit blobs without the tag). No page tells what `NOT` makes of it: where that matters,
//! the answer is undecided.

use crate::answer::Answer;
use std::collections::BTreeMap;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Attributes by name.
#[derive(Debug, Clone, Default)]
pub struct Attributes(BTreeMap<String, Vec<String>>);

impl Attributes {
    /// Those of a request.
    #[must_use]
    pub fn new(given: &BTreeMap<String, Vec<String>>) -> Self {
        Self(given.iter().map(|(name, values)| (folded(name), values.clone())).collect())
    }

    /// One that the resource has by its name, unless it is given.
    pub fn resource(&mut self, name: &str, value: &str) {
        self.0.entry(folded(&format!("@Resource[{name}]"))).or_insert_with(|| vec![value.into()]);
    }

    fn get(&self, name: &str) -> Option<&[String]> {
        self.0.get(&folded(name)).map(Vec::as_slice)
    }
}

/// `storage/blobs/storage-auth-abac-attributes`: "Attributes and values listed are considered case-insensitive, unless
/// stated otherwise"; keys of tags are case-sensitive.
fn folded(name: &str) -> String {
    let lower = name.to_lowercase();
    let (Some(start), Some(end)) =
        (lower.find("/tags:").map(|i| i + "/tags:".len()), lower.find("<$key_case_sensitive$>"))
    else {
        return lower;
    };
    let (before, after) = (lower.get(..start), lower.get(end..));
    match (before, name.get(start..end), after) {
        (Some(before), Some(key), Some(after)) => format!("{before}{key}{after}"),
        _ => lower,
    }
}

/// Whether the condition lets the action through.
#[must_use]
pub fn holds(text: &str, action: &str, attributes: &Attributes) -> Answer {
    let Some(condition) = parse(text) else {
        return Answer::Undecided("a condition that cannot be read");
    };
    let reading = |absent| evaluate(&condition, action, attributes, absent);
    match (reading(Absent::Void), reading(Absent::False)) {
        (Truth::Unread(why), _) | (_, Truth::Unread(why)) => Answer::Undecided(why),
        (Truth::True, Truth::True) => Answer::Allowed,
        (Truth::True, _) | (_, Truth::True) => Answer::Undecided("NOT over an absent attribute"),
        (Truth::False | Truth::Void, Truth::False | Truth::Void) => Answer::Refused,
    }
}

/// How a comparison with an absent attribute is read.
#[derive(Clone, Copy)]
enum Absent {
    /// It has no value; `NOT` leaves it so.
    Void,
    /// It is false; `NOT` makes it true.
    False,
}

#[derive(Clone, Copy, PartialEq)]
enum Truth {
    True,
    False,
    Void,
    /// The reference does not know the operator, or not on such values.
    Unread(&'static str),
}

#[derive(Debug)]
enum Expr {
    Any(Vec<Expr>),
    All(Vec<Expr>),
    Not(Box<Expr>),
    ActionMatches(String),
    SubOperationMatches(String),
    Exists(String),
    Compare(Operand, String, Operand),
}

#[derive(Debug)]
enum Operand {
    Attribute(String),
    Values(Vec<String>),
}

fn evaluate(expr: &Expr, action: &str, attributes: &Attributes, absent: Absent) -> Truth {
    let inner = |e: &Expr| evaluate(e, action, attributes, absent);
    let known = |value: bool| if value { Truth::True } else { Truth::False };
    match expr {
        Expr::Any(parts) => join(parts.iter().map(inner), Truth::True, Truth::False),
        Expr::All(parts) => join(parts.iter().map(inner), Truth::False, Truth::True),
        Expr::Not(part) => match inner(part) {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            other @ (Truth::Void | Truth::Unread(_)) => other,
        },
        Expr::ActionMatches(pattern) => known(super::role::matches(pattern, action)),
        Expr::SubOperationMatches(pattern) => {
            let current = attributes.get("suboperation").unwrap_or_default();
            known(current.iter().any(|s| super::role::matches(pattern, s)))
        }
        Expr::Exists(name) => known(attributes.get(name).is_some()),
        Expr::Compare(left, operator, right) => {
            let (Some(left), Some(right)) = (values(left, attributes), values(right, attributes))
            else {
                return match absent {
                    Absent::Void => Truth::Void,
                    Absent::False => Truth::False,
                };
            };
            match compare(&left, operator, &right) {
                Some(value) => known(value),
                None => {
                    Truth::Unread("an operator that no page tells the meaning of on these values")
                }
            }
        }
    }
}

/// `decisive` if one part is, else open if one part is, else `otherwise`.
fn join(parts: impl Iterator<Item = Truth>, decisive: Truth, otherwise: Truth) -> Truth {
    let mut open = otherwise;
    for part in parts {
        if part == decisive {
            return decisive;
        }
        if matches!(part, Truth::Void | Truth::Unread(_)) && !matches!(open, Truth::Unread(_)) {
            open = part;
        }
    }
    open
}

fn values(operand: &Operand, attributes: &Attributes) -> Option<Vec<String>> {
    match operand {
        Operand::Attribute(name) => attributes.get(name).map(<[String]>::to_vec),
        Operand::Values(values) => Some(values.clone()),
    }
}

/// "Cross product comparison operators": `ForAnyOfAnyValues` and its like quantify over the left-hand and the right-hand
/// side. Without one, both sides have one value.
fn compare(left: &[String], operator: &str, right: &[String]) -> Option<bool> {
    let operator = operator.to_lowercase();
    let Some((quantifier, function)) = operator.split_once(':') else {
        let ([left], [right]) = (left, right) else { return None };
        return one(left, &operator, right);
    };
    let table: Option<Vec<Vec<bool>>> =
        left.iter().map(|l| right.iter().map(|r| one(l, function, r)).collect()).collect();
    let table = table?;
    Some(match quantifier {
        "foranyofanyvalues" => table.iter().any(|row| row.iter().any(|v| *v)),
        "forallofanyvalues" => table.iter().all(|row| row.iter().any(|v| *v)),
        "foranyofallvalues" => table.iter().any(|row| row.iter().all(|v| *v)),
        "forallofallvalues" => table.iter().all(|row| row.iter().all(|v| *v)),
        _ => return None,
    })
}

/// One value with one value.
fn one(left: &str, function: &str, right: &str) -> Option<bool> {
    let lower = |s: &str| s.to_lowercase();
    Some(match function {
        "stringequals" => left == right,
        "stringnotequals" => left != right,
        "stringequalsignorecase" => lower(left) == lower(right),
        "stringnotequalsignorecase" => lower(left) != lower(right),
        "stringstartswith" => left.starts_with(right),
        "stringnotstartswith" => !left.starts_with(right),
        "stringstartswithignorecase" => lower(left).starts_with(&lower(right)),
        "stringnotstartswithignorecase" => !lower(left).starts_with(&lower(right)),
        "stringlike" => like(left, right),
        "stringnotlike" => !like(left, right),
        "stringlikeignorecase" => like(&lower(left), &lower(right)),
        "stringnotlikeignorecase" => !like(&lower(left), &lower(right)),
        "boolequals" => boolean(left)? == boolean(right)?,
        "boolnotequals" => boolean(left)? != boolean(right)?,
        "guidequals" => guid(left) == guid(right),
        "guidnotequals" => guid(left) != guid(right),
        "numericequals" => number(left)? == number(right)?,
        "numericnotequals" => number(left)? != number(right)?,
        "numericlessthan" => number(left)? < number(right)?,
        "numericlessthanequals" => number(left)? <= number(right)?,
        "numericgreaterthan" => number(left)? > number(right)?,
        "numericgreaterthanequals" => number(left)? >= number(right)?,
        "datetimeequals" => instant(left)? == instant(right)?,
        "datetimenotequals" => instant(left)? != instant(right)?,
        "datetimelessthan" => instant(left)? < instant(right)?,
        "datetimelessthanequals" => instant(left)? <= instant(right)?,
        "datetimegreaterthan" => instant(left)? > instant(right)?,
        "datetimegreaterthanequals" => instant(left)? >= instant(right)?,
        _ => return None,
    })
}

fn boolean(text: &str) -> Option<bool> {
    text.to_lowercase().parse().ok()
}

fn number(text: &str) -> Option<i64> {
    text.parse().ok()
}

fn guid(text: &str) -> String {
    text.to_lowercase()
}

fn instant(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

/// "multi-character match wildcard (`*`) or a single-character match wildcard (`?`) anywhere …; escaped by a backslash".
fn like(text: &str, pattern: &str) -> bool {
    let mut chars = pattern.chars();
    match chars.next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = chars.as_str();
            let starts = text.char_indices().map(|(i, _)| i).chain([text.len()]);
            starts.filter_map(|i| text.get(i..)).any(|tail| like(tail, rest))
        }
        Some('?') => {
            let mut of = text.chars();
            of.next().is_some() && like(of.as_str(), chars.as_str())
        }
        Some('\\') if matches!(chars.as_str().chars().next(), Some('*' | '?')) => {
            let wanted = chars.next();
            let mut of = text.chars();
            of.next() == wanted && like(of.as_str(), chars.as_str())
        }
        Some(wanted) => {
            let mut of = text.chars();
            of.next() == Some(wanted) && like(of.as_str(), chars.as_str())
        }
    }
}

// --- the grammar

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// `(`, `)`, `{`, `}`, `,`, `!`, `&&`, `||`.
    Sign(&'static str),
    Attribute(String),
    Quoted(String),
    Word(String),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    const SIGNS: [&str; 8] = ["&&", "||", "(", ")", "{", "}", ",", "!"];
    let mut rest = text.trim_start();
    let mut found = Vec::new();
    while !rest.is_empty() {
        if let Some(sign) = SIGNS.iter().find(|s| rest.starts_with(**s)) {
            found.push(Token::Sign(sign));
            rest = rest.get(sign.len()..)?;
        } else if let Some(quoted) = rest.strip_prefix('\'') {
            let end = quoted.find('\'')?;
            found.push(Token::Quoted(quoted.get(..end)?.to_owned()));
            rest = quoted.get(end + 1..)?;
        } else if rest.starts_with('@') {
            let end = rest.find(']')? + 1;
            found.push(Token::Attribute(rest.get(..end)?.to_owned()));
            rest = rest.get(end..)?;
        } else {
            let stops = |c: char| c.is_whitespace() || "(){},!&|'@".contains(c);
            let end = rest.find(stops).unwrap_or(rest.len());
            found.push(Token::Word(rest.get(..end).filter(|w| !w.is_empty())?.to_owned()));
            rest = rest.get(end..)?;
        }
        rest = rest.trim_start();
    }
    Some(found)
}

fn parse(text: &str) -> Option<Expr> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0 };
    let expr = parser.any()?;
    (parser.at == parser.tokens.len()).then_some(expr)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn any(&mut self) -> Option<Expr> {
        let mut parts = vec![self.all()?];
        while self.sign("||") || self.word("OR") {
            parts.push(self.all()?);
        }
        Some(Expr::Any(parts))
    }

    fn all(&mut self) -> Option<Expr> {
        let mut parts = vec![self.unary()?];
        while self.sign("&&") || self.word("AND") {
            parts.push(self.unary()?);
        }
        Some(Expr::All(parts))
    }

    fn unary(&mut self) -> Option<Expr> {
        if self.sign("!") || self.word("NOT") {
            return Some(Expr::Not(Box::new(self.unary()?)));
        }
        if self.sign("(") {
            let inner = self.any()?;
            return self.sign(")").then_some(inner);
        }
        if self.word("ActionMatches") {
            return Some(Expr::ActionMatches(self.single()?));
        }
        if self.word("SubOperationMatches") {
            return Some(Expr::SubOperationMatches(self.single()?));
        }
        if self.word("Exists") {
            return match self.next()? {
                Token::Attribute(name) => Some(Expr::Exists(name)),
                Token::Sign(_) | Token::Quoted(_) | Token::Word(_) => None,
            };
        }
        let left = self.operand()?;
        let Token::Word(operator) = self.next()? else { return None };
        Some(Expr::Compare(left, operator, self.operand()?))
    }

    fn operand(&mut self) -> Option<Operand> {
        if self.sign("{") {
            let mut values = vec![self.value()?];
            while self.sign(",") {
                values.push(self.value()?);
            }
            return self.sign("}").then_some(Operand::Values(values));
        }
        match self.next()? {
            Token::Attribute(name) => Some(Operand::Attribute(name)),
            Token::Quoted(value) | Token::Word(value) => Some(Operand::Values(vec![value])),
            Token::Sign(_) => None,
        }
    }

    fn single(&mut self) -> Option<String> {
        if !self.sign("{") {
            return None;
        }
        let value = self.value()?;
        self.sign("}").then_some(value)
    }

    fn value(&mut self) -> Option<String> {
        match self.next()? {
            Token::Quoted(value) | Token::Word(value) => Some(value),
            Token::Attribute(_) | Token::Sign(_) => None,
        }
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn sign(&mut self, sign: &'static str) -> bool {
        self.take(|t| *t == Token::Sign(sign))
    }

    fn word(&mut self, word: &str) -> bool {
        self.take(|t| matches!(t, Token::Word(w) if w.eq_ignore_ascii_case(word)))
    }

    fn take(&mut self, wanted: impl Fn(&Token) -> bool) -> bool {
        let taken = self.tokens.get(self.at).is_some_and(wanted);
        self.at += usize::from(taken);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(condition: &str, given: &[(&str, &[&str])], expected: Answer) {
        let owned = |v: &&str| (*v).to_owned();
        let given =
            given.iter().map(|(n, v)| ((*n).to_owned(), v.iter().map(owned).collect())).collect();
        assert_eq!(holds(condition, READ, &Attributes::new(&given)), expected, "{condition}");
    }

    const READ: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";

    /// The examples of `conditions-format`.
    #[test]
    fn the_examples_of_the_page() {
        let cases = [
            ("{'red', 'blue'} ForAnyOfAnyValues:StringEquals {'blue', 'green'}", true),
            ("{'red', 'blue'} ForAnyOfAnyValues:StringEquals {'orange', 'green'}", false),
            ("{'red', 'blue'} ForAllOfAnyValues:StringEquals {'orange', 'red', 'blue'}", true),
            ("{'red', 'blue'} ForAllOfAnyValues:StringEquals {'red', 'green'}", false),
            ("{10, 20} ForAnyOfAllValues:NumericLessThan {15, 18}", true),
            ("{10, 20} ForAllOfAllValues:NumericLessThan {5, 15, 18}", false),
            ("{10, 20} ForAllOfAllValues:NumericLessThan {25, 30}", true),
            ("{10, 20} ForAllOfAllValues:NumericLessThan {15, 25, 30}", false),
            ("'abcd' StringLike 'a*c?'", true),
            ("'abcd' StringLike 'A*C?'", false),
            ("'abcd' StringLike 'a*c'", false),
            (r"'a*c' StringLike 'a\*c'", true),
            (r"'abc' StringLike 'a\*c'", false),
        ];
        for (condition, expected) in cases {
            check(condition, &[], Answer::of(expected));
        }
    }

    /// `storage-auth-abac-examples`, "Require private link access to read blobs with high sensitivity": its truth table.
    #[test]
    fn the_truth_table_of_private_links() {
        const TAG: &str = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags:sensitivity<$key_case_sensitive$>]";
        let condition = format!(
            "( ( !(ActionMatches{{'{READ}'}} AND NOT SubOperationMatches{{'Blob.List'}}) ) OR ( ( {TAG} StringEquals 'high' AND @Environment[isPrivateLink] BoolEquals true ) OR {TAG} StringNotEquals 'high' OR NOT Exists {TAG} ) )"
        );
        let link = |value| ("@Environment[isPrivateLink]", value);
        let (yes, no): (&[&str], &[&str]) = (&["true"], &["false"]);
        check(&condition, &[(TAG, &["high"]), link(yes)], Answer::Allowed);
        check(&condition, &[(TAG, &["high"]), link(no)], Answer::Refused);
        check(&condition, &[(TAG, &["low"]), link(no)], Answer::Allowed);
        check(&condition, &[link(no)], Answer::Allowed);
        check(&condition, &[("suboperation", &["Blob.List"]), link(no)], Answer::Allowed);
        check(&condition, &[(TAG, &["high"])], Answer::Refused);
    }

    #[test]
    fn an_absent_attribute_grants_nothing_and_its_negation_is_open() {
        check("@Request[x:y] StringEquals 'a'", &[], Answer::Refused);
        check("@Request[x:y] StringNotEquals 'a'", &[], Answer::Refused);
        check(
            "NOT @Request[x:y] StringEquals 'a'",
            &[],
            Answer::Undecided("NOT over an absent attribute"),
        );
        check("@Request[x:y] StringEquals 'a' || true BoolEquals true", &[], Answer::Allowed);
    }

    #[test]
    fn keys_of_tags_have_case_other_names_have_none() {
        let tag = |key: &str| format!("@Resource[A/blobs/tags:{key}<$key_case_sensitive$>]");
        let condition = format!("{} StringEquals 'x'", tag("Project"));
        check(&condition, &[(&tag("Project"), &["x"])], Answer::Allowed);
        check(&condition, &[(&tag("Project").replace("blobs", "BLOBS"), &["x"])], Answer::Allowed);
        check(&condition, &[(&tag("project"), &["x"])], Answer::Refused);
    }
}
