//! Conditions: which context keys of a request are known, and what an operator makes of them.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
//!
//! A key whose value the estate does not give leaves the condition as a readable residue. Rules that other tools get
//! wrong: a negated operator is true for an absent key, so is `…IfExists`, so is `ForAllValues`.

use super::{Request, Subject};
use crate::model::aws::{Clause, IamKind};
use crate::model::{Formula, Pattern};
use std::sync::Arc;

/// What is known of a context key.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Known {
    /// The request does not carry the key.
    Absent,
    /// It carries this value.
    Value(String),
    /// It carries some value, or none, but not this one.
    Not(String),
    /// It carries this value unless the requester asks for another: enough to match, not enough not to.
    Usually(String),
    /// It may carry any value.
    Open,
}

/// Whether all clauses hold.
pub(super) fn holds(clauses: &[Clause], request: &Request<'_>) -> Formula {
    Formula::all(clauses.iter().map(|c| clause_holds(c, request)))
}

/// An operator taken apart: `ForAnyValue:StringNotEqualsIfExists`.
struct Operator<'a> {
    base: &'a str,
    if_exists: bool,
    for_all: bool,
}

fn operator(text: &str) -> Operator<'_> {
    let (for_all, rest) = match text.split_once(':') {
        Some((set, rest)) => (set.eq_ignore_ascii_case("ForAllValues"), rest),
        None => (false, text),
    };
    match rest.strip_suffix("IfExists") {
        Some(base) => Operator { base, if_exists: true, for_all },
        None => Operator { base: rest, if_exists: false, for_all },
    }
}

fn clause_holds(clause: &Clause, request: &Request<'_>) -> Formula {
    let operator = operator(&clause.operator);
    let known = lookup(&clause.key.to_lowercase(), request);
    let residue = || Formula::condition(readable(clause));
    if operator.base.eq_ignore_ascii_case("Null") {
        let wants_absent = clause.values.iter().any(|v| v.eq_ignore_ascii_case("true"));
        return match known {
            Known::Absent => Formula::known(wants_absent),
            Known::Value(_) | Known::Usually(_) => Formula::known(!wants_absent),
            Known::Not(_) | Known::Open => residue(),
        };
    }
    // `0.0.0.0/0` is every address: no limit.
    let everywhere = |v: &Arc<str>| matches!(&**v, "0.0.0.0/0" | "::/0");
    if operator.base.eq_ignore_ascii_case("IpAddress") && clause.values.iter().any(everywhere) {
        return Formula::always();
    }
    let Some(test) = Test::of(operator.base) else { return residue() };
    if clause.values.iter().any(|v| v.contains("${")) {
        return residue();
    }
    match known {
        Known::Absent => Formula::known(test.negated || operator.if_exists || operator.for_all),
        Known::Value(value) => {
            Formula::known(clause.values.iter().any(|v| test.matches(v, &value)) != test.negated)
        }
        Known::Usually(value) if clause.values.iter().any(|v| test.matches(v, &value)) => {
            Formula::known(!test.negated)
        }
        // Whatever the value is, it is not that one: enough when the clause speaks of that one only.
        Known::Not(other) if clause.values.iter().all(|v| **v == *other) => {
            if test.negated || !(operator.if_exists || operator.for_all) {
                Formula::known(test.negated)
            } else {
                residue()
            }
        }
        Known::Not(_) | Known::Usually(_) | Known::Open => residue(),
    }
}

/// A comparison of strings, ARNs or booleans. Numbers, dates, addresses and binaries depend on the request: a residue.
struct Test {
    negated: bool,
    comparison: Comparison,
}

enum Comparison {
    Exact,
    AnyCase,
    Glob,
    /// Each of the six parts of an ARN is a glob of its own.
    Arn,
}

impl Test {
    fn of(base: &str) -> Option<Self> {
        let lower = base.to_lowercase();
        let test = |negated, comparison| Some(Self { negated, comparison });
        match lower.as_str() {
            "stringequals" => test(false, Comparison::Exact),
            "stringnotequals" => test(true, Comparison::Exact),
            "stringequalsignorecase" => test(false, Comparison::AnyCase),
            "stringnotequalsignorecase" => test(true, Comparison::AnyCase),
            "bool" => test(false, Comparison::AnyCase),
            "stringlike" => test(false, Comparison::Glob),
            "stringnotlike" => test(true, Comparison::Glob),
            // ArnEquals and ArnLike behave identically.
            "arnlike" | "arnequals" => test(false, Comparison::Arn),
            "arnnotlike" | "arnnotequals" => test(true, Comparison::Arn),
            _ => None,
        }
    }

    fn matches(&self, pattern: &str, value: &str) -> bool {
        match self.comparison {
            Comparison::Exact => pattern == value,
            Comparison::AnyCase => pattern.eq_ignore_ascii_case(value),
            Comparison::Glob => Pattern::new(pattern).matches(value),
            Comparison::Arn => {
                let parts =
                    |text: &'_ str| text.splitn(6, ':').map(Pattern::new).collect::<Vec<_>>();
                let (patterns, values) = (parts(pattern), parts(value));
                patterns.len() == values.len()
                    && patterns.iter().zip(&values).all(|(p, v)| p.matches(v.as_str()))
            }
        }
    }
}

fn readable(clause: &Clause) -> String {
    let values: Vec<&str> = clause.values.iter().map(|v| &**v).collect();
    format!("{} {} [{}]", clause.key, clause.operator, values.join(", "))
}

/// The value of a key (lower case) in a request.
fn lookup(key: &str, request: &Request<'_>) -> Known {
    let of = |value: Option<String>| value.map_or(Known::Absent, Known::Value);
    let aws = request.aws;
    match key {
        "aws:principalarn" => match request.subject {
            Subject::Iam(p) => Known::Value(p.arn.as_str().to_owned()),
            Subject::Outside(arn) => Known::Value(arn.as_str().to_owned()),
            Subject::Anonymous => Known::Absent,
            Subject::Account(_) | Subject::AnyAccount | Subject::Nobody => Known::Open,
        },
        "aws:principalaccount" | "kms:calleraccount" => match request.subject {
            Subject::Anonymous => Known::Absent,
            Subject::AnyAccount => Known::Not(request.owner.as_str().to_owned()),
            Subject::Nobody => Known::Open,
            Subject::Account(_) | Subject::Iam(_) | Subject::Outside(_) => {
                of(request.subject.account().map(|a| a.as_str().to_owned()))
            }
        },
        "aws:principalorgid" => organization_of(request),
        "aws:principalisawsservice" => Known::Value("false".to_owned()),
        // The witness request is an ordinary one over TLS, made by the principal himself.
        "aws:securetransport" => Known::Value("true".to_owned()),
        "aws:viaawsservice" => Known::Value(request.via.is_some().to_string()),
        "kms:viaservice" => of(request.via.clone()),
        "kms:grantisforawsresource" => Known::Value("false".to_owned()),
        "aws:principaltype" => match request.subject {
            Subject::Anonymous => Known::Value("Anonymous".to_owned()),
            Subject::Iam(p) if p.kind == IamKind::User => Known::Value("User".to_owned()),
            Subject::Iam(_) => Known::Value("AssumedRole".to_owned()),
            Subject::Outside(_) | Subject::Account(_) | Subject::AnyAccount | Subject::Nobody => {
                Known::Open
            }
        },
        "aws:username" => match request.subject {
            Subject::Iam(p) if p.kind == IamKind::User => Known::Value(p.name().to_owned()),
            Subject::Iam(_) | Subject::Anonymous => Known::Absent,
            Subject::Outside(_) | Subject::Account(_) | Subject::AnyAccount | Subject::Nobody => {
                Known::Open
            }
        },
        "aws:resourceaccount" => Known::Value(request.owner.as_str().to_owned()),
        "aws:resourceorgid" => match aws.organization.as_ref() {
            Some(o) if o.contains(request.owner) => Known::Value(o.id.to_string()),
            Some(_) => Known::Absent,
            None => Known::Open,
        },
        _ => tag_or_context(key, request),
    }
}

fn organization_of(request: &Request<'_>) -> Known {
    let Some(organization) = &request.aws.organization else {
        return if matches!(request.subject, Subject::Anonymous) {
            Known::Absent
        } else {
            Known::Open
        };
    };
    match request.subject {
        Subject::Anonymous => Known::Absent,
        Subject::AnyAccount => Known::Not(organization.id.to_string()),
        Subject::Nobody => Known::Open,
        Subject::Account(_) | Subject::Iam(_) | Subject::Outside(_) => {
            match request.subject.account() {
                Some(account) if organization.contains(&account) => {
                    Known::Value(organization.id.to_string())
                }
                Some(_) | None => Known::Not(organization.id.to_string()),
            }
        }
    }
}

/// Principal tags are known for principals of the estate; other keys depend on the request.
fn tag_or_context(key: &str, request: &Request<'_>) -> Known {
    if let Some(tag) = key.strip_prefix("aws:principaltag/") {
        return match request.subject {
            Subject::Iam(p) => {
                // Session tags may add to a role's own.
                let own = p
                    .tags
                    .iter()
                    .find(|(name, _)| name.eq_ignore_ascii_case(tag))
                    .map(|(_, value)| value.to_string());
                match (own, p.kind) {
                    // A session tag may stand in the place of the role's own.
                    (Some(value), IamKind::Role) => Known::Usually(value),
                    (Some(value), IamKind::User | IamKind::Group) => Known::Value(value),
                    (None, IamKind::Role) => Known::Open,
                    (None, IamKind::User | IamKind::Group) => Known::Absent,
                }
            }
            Subject::Anonymous => Known::Absent,
            Subject::Outside(_) | Subject::Account(_) | Subject::AnyAccount | Subject::Nobody => {
                Known::Open
            }
        };
    }
    // The witness request is made by the principal himself.
    if key == "aws:calledvia" && request.via.is_none() { Known::Absent } else { Known::Open }
}

#[cfg(test)]
mod tests {
    use super::super::Target;
    use super::*;
    use crate::estate::aws::{Aws, Organization};
    use crate::model::aws::{AccountId, Document};
    use serde_json::{Value, json};

    fn account(id: &str) -> AccountId {
        AccountId::parse(id).unwrap()
    }

    #[track_caller]
    fn check(condition: Value, subject: &Subject<'_>, expect: Option<bool>) {
        let document = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}});
        let document = Document::parse(&document).unwrap();
        let mut aws = Aws::default();
        let accounts = [account("111122223333")].into();
        aws.organization =
            Some(Organization { id: "o-1".into(), accounts, ..Organization::default() });
        let owner = account("111122223333");
        let target = Target::Objects(Pattern::new("arn:aws:s3:::b/*"));
        let request = Request {
            aws: &aws,
            subject,
            action: "s3:getobject",
            target,
            owner: &owner,
            via: None,
        };
        let formula = holds(&document.statements()[0].conditions, &request);
        let decided = if formula.is_always() {
            Some(true)
        } else if formula.is_never() {
            Some(false)
        } else {
            None
        };
        assert_eq!(decided, expect, "{formula}");
    }

    #[test]
    fn a_source_ip_of_everywhere_is_no_limit() {
        check(
            json!({"IpAddress": {"aws:SourceIp": ["0.0.0.0/0"]}}),
            &Subject::Anonymous,
            Some(true),
        );
        check(json!({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}}), &Subject::Anonymous, None);
    }

    #[test]
    fn for_all_values_is_true_for_an_absent_key() {
        check(
            json!({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
            &Subject::Anonymous,
            Some(true),
        );
        check(
            json!({"ForAnyValue:StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
            &Subject::Anonymous,
            Some(false),
        );
    }

    #[test]
    fn negated_operators_are_true_for_an_absent_key() {
        check(
            json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}),
            &Subject::Anonymous,
            Some(true),
        );
    }

    #[test]
    fn if_exists_is_true_for_an_absent_key() {
        check(
            json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}),
            &Subject::Anonymous,
            Some(true),
        );
    }

    #[test]
    fn the_organization_of_members_and_of_others() {
        let member = Subject::Account(account("111122223333"));
        let other = Subject::Account(account("444455556666"));
        check(json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}), &member, Some(true));
        check(json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}), &other, Some(false));
        check(json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}), &other, Some(true));
        check(json!({"StringEquals": {"aws:PrincipalOrgID": "o-2"}}), &other, None);
    }

    #[test]
    fn what_only_the_request_tells_is_a_residue() {
        check(json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}}), &Subject::Anonymous, None);
        check(json!({"Bool": {"aws:SecureTransport": "false"}}), &Subject::Anonymous, Some(false));
        check(json!({"Null": {"aws:PrincipalOrgID": "true"}}), &Subject::Anonymous, Some(true));
        check(
            json!({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/${aws:username}"}}),
            &Subject::Anonymous,
            None,
        );
    }
}
