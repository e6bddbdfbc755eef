//! Condition operators, taken apart.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

/// An operator taken apart: `ForAnyValue:StringNotEqualsIfExists`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operator {
    /// What is compared.
    pub comparison: Comparison,
    /// The opposite of the comparison, for every value.
    pub negated: bool,
    /// Whether an absent key is enough.
    pub if_exists: bool,
    /// How several values are taken together.
    pub set: Set,
}

/// How several values of a request are taken together.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// No qualifier: keys of one value.
    One,
    /// `ForAnyValue`: false for an absent key.
    Any,
    /// `ForAllValues`: true for an absent key.
    All,
}

/// The kinds of comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Letter by letter.
    StringEquals,
    /// In any case.
    StringEqualsIgnoreCase,
    /// As a pattern.
    StringLike,
    /// `ArnLike` and `ArnEquals` behave identically: each of the six parts is a glob of its own.
    ArnLike,
    /// Truth values.
    Bool,
    /// Bytes in base 64.
    Binary,
    /// Numbers.
    Numeric(Order),
    /// Dates.
    Date(Order),
    /// Within a range of addresses.
    IpAddress,
    /// `Null`: whether the key is absent.
    Null,
}

/// Order of numbers and dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The same.
    Equals,
    /// Less.
    LessThan,
    /// Less or the same.
    LessThanEquals,
    /// More.
    GreaterThan,
    /// More or the same.
    GreaterThanEquals,
}

impl Operator {
    /// Reads an operator, whatever its case; `None` for a word that is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (set, rest) = match text.split_once(':') {
            Some((set, rest)) if set.eq_ignore_ascii_case("ForAllValues") => (Set::All, rest),
            Some((set, rest)) if set.eq_ignore_ascii_case("ForAnyValue") => (Set::Any, rest),
            Some(_) => return None,
            None => (Set::One, text),
        };
        let lower = rest.to_ascii_lowercase();
        let (base, if_exists) =
            lower.strip_suffix("ifexists").map_or((lower.as_str(), false), |base| (base, true));
        let (comparison, negated) = match base {
            "stringequals" => (Comparison::StringEquals, false),
            "stringnotequals" => (Comparison::StringEquals, true),
            "stringequalsignorecase" => (Comparison::StringEqualsIgnoreCase, false),
            "stringnotequalsignorecase" => (Comparison::StringEqualsIgnoreCase, true),
            "stringlike" => (Comparison::StringLike, false),
            "stringnotlike" => (Comparison::StringLike, true),
            "arnlike" | "arnequals" => (Comparison::ArnLike, false),
            "arnnotlike" | "arnnotequals" => (Comparison::ArnLike, true),
            "bool" => (Comparison::Bool, false),
            "binaryequals" => (Comparison::Binary, false),
            "ipaddress" => (Comparison::IpAddress, false),
            "notipaddress" => (Comparison::IpAddress, true),
            "numericnotequals" => (Comparison::Numeric(Order::Equals), true),
            "datenotequals" => (Comparison::Date(Order::Equals), true),
            "null" => (Comparison::Null, false),
            other => (order(other)?, false),
        };
        Some(Self { comparison, negated, if_exists, set })
    }
}

fn order(base: &str) -> Option<Comparison> {
    let (of, rest): (fn(Order) -> Comparison, &str) = match base.strip_prefix("numeric") {
        Some(rest) => (Comparison::Numeric, rest),
        None => (Comparison::Date, base.strip_prefix("date")?),
    };
    Some(of(match rest {
        "equals" => Order::Equals,
        "lessthan" => Order::LessThan,
        "lessthanequals" => Order::LessThanEquals,
        "greaterthan" => Order::GreaterThan,
        "greaterthanequals" => Order::GreaterThanEquals,
        _ => return None,
    }))
}
