//! What an attribute condition leaves of a request.
//!
//! The request is the plain one of the witness: the operation without a sub-operation, on the account, the container or
//! the key that is asked about, unless the context says more. What only the request, the principal or the environment knows
//! stays as a readable residue; paths and tags of blobs become classes of objects, so that a widened path is a gain.

use super::Asked;
use super::role::Operation;
use super::storage::BLOBS;
use crate::model::azure::{
    ArmId, Attribute, Comparison, Condition, Expression, Right, Source, Test,
};
use crate::model::{Formula, Pattern};
use std::borrow::Cow;
use std::sync::Arc;

const ACCOUNT: &str = "microsoft.storage/storageaccounts:name";
const NAMESPACE: &str = "microsoft.storage/storageaccounts:ishnsenabled";
const CONTAINER: &str = "microsoft.storage/storageaccounts/blobservices/containers:name";
const PATH: &str = "microsoft.storage/storageaccounts/blobservices/containers/blobs:path";

/// Whether a condition holds for an operation at a resource; true where there is none.
pub(super) fn holds(
    condition: Option<&Condition>,
    operation: Operation<'_>,
    at: &ArmId,
    asked: &Asked<'_, '_>,
) -> Formula {
    let Some(condition) = condition else { return Formula::always() };
    condition.expression().map_or_else(
        || Formula::condition(condition.text()),
        |expression| Request { operation, at, asked }.expression(expression),
    )
}

/// What is known of an attribute.
enum Given<'a> {
    Absent,
    One(Cow<'a, str>),
    Many(&'a [Arc<str>]),
    /// The path of some blob.
    Path,
    /// A property of blobs: each value is a class of them.
    OfBlobs,
    /// The container, of which only the account is asked about.
    SomeContainer,
    Open,
}

struct Request<'a, 'm> {
    operation: Operation<'a>,
    at: &'a ArmId,
    asked: &'a Asked<'a, 'm>,
}

impl Request<'_, '_> {
    fn expression(&self, expression: &Expression) -> Formula {
        match expression {
            Expression::All(parts) => Formula::all(parts.iter().map(|p| self.expression(p))),
            Expression::Any(parts) => Formula::any(parts.iter().map(|p| self.expression(p))),
            Expression::Not(inner) => self.expression(inner).negated(),
            Expression::Action(pattern) => Formula::known(pattern.matches(self.operation.name())),
            Expression::SubOperation(name) => self.sub_operation(name),
            Expression::Exists(attribute) => match self.attribute(attribute) {
                Given::Absent => Formula::never(),
                Given::One(_) | Given::Path | Given::SomeContainer => Formula::always(),
                Given::Many(values) => Formula::known(!values.is_empty()),
                Given::OfBlobs => Formula::class(format!("only blobs with {}", attribute.name)),
                Given::Open => {
                    Formula::condition(format!("the attribute {} is there", attribute.name))
                }
            },
            Expression::Compare(comparison) => self.comparison(comparison),
        }
    }

    fn sub_operation(&self, name: &str) -> Formula {
        if let Some(given) = self.asked.context.get("suboperation") {
            return Formula::known(given.iter().any(|g| g.eq_ignore_ascii_case(name)));
        }
        // Listing is a read that shows names only; the read of the witness is none.
        if self.asked.context.is_closed() || name.eq_ignore_ascii_case("Blob.List") {
            return Formula::never();
        }
        Formula::condition(format!("the sub-operation is {name}"))
    }

    fn attribute(&self, attribute: &Attribute) -> Given<'_> {
        let context = self.asked.context;
        let source = match attribute.source {
            Source::Resource => "@resource",
            Source::Request => "@request",
            Source::Principal => "@principal",
            Source::Environment => "@environment",
        };
        if let Some(values) = context.get(&format!("{source}[{}]", attribute.name)) {
            return Given::Many(values);
        }
        let open = if context.is_closed() { Given::Absent } else { Given::Open };
        if attribute.source != Source::Resource {
            return open;
        }
        match attribute.name.as_str() {
            ACCOUNT => self.name_of("storageaccounts").map_or(open, |n| Given::One(n.into())),
            NAMESPACE => match super::account_of(self.asked.azure, self.at) {
                Some(account) => {
                    let enabled = account.storage_account().hierarchical_namespace;
                    Given::One(if enabled { "true" } else { "false" }.into())
                }
                None => open,
            },
            CONTAINER => match self.name_of("containers") {
                Some(name) => Given::One(name.into()),
                None if self.name_of("storageaccounts").is_some() => Given::SomeContainer,
                None => open,
            },
            // A listing has no path.
            PATH if self.asked.lists() => Given::Absent,
            PATH => match self.asked.path {
                Some(path) => Given::One(path.into()),
                None => Given::Path,
            },
            name if name.starts_with(BLOBS) && !context.is_closed() => Given::OfBlobs,
            _ => open,
        }
    }

    fn comparison(&self, comparison: &Comparison) -> Formula {
        let residue = || Formula::condition(comparison.text.clone());
        let given = self.attribute(&comparison.attribute);
        let right: Vec<Cow<'_, str>> = match &comparison.right {
            Right::Values(values) => values.iter().map(|v| v.as_str().into()).collect(),
            Right::Attribute(attribute) => match self.attribute(attribute) {
                // What is not there compares to nothing.
                Given::Absent => return Formula::never(),
                Given::One(value) => vec![value],
                Given::Many(values) => values.iter().map(|v| (&**v).into()).collect(),
                Given::Path | Given::OfBlobs | Given::SomeContainer | Given::Open => {
                    return residue();
                }
            },
        };
        let join = |parts: Vec<Formula>| {
            if comparison.every_value { Formula::all(parts) } else { Formula::any(parts) }
        };
        let one = |value: &str| {
            let each =
                right.iter().map(|wanted| comparison.holds(value, wanted).map(Formula::known));
            each.collect::<Option<Vec<_>>>().map(&join)
        };
        match given {
            Given::Absent => Formula::never(),
            Given::One(value) => one(&value).unwrap_or_else(residue),
            Given::Many(values) => {
                let each: Option<Vec<_>> = values.iter().map(|v| one(v)).collect();
                match each {
                    None => residue(),
                    Some(parts) if parts.is_empty() => Formula::never(),
                    Some(parts) if comparison.every_attribute => Formula::all(parts),
                    Some(parts) => Formula::any(parts),
                }
            }
            Given::Path => {
                let parts = right.iter().map(|value| paths(comparison, value));
                parts.collect::<Option<Vec<_>>>().map_or_else(residue, join)
            }
            Given::OfBlobs | Given::SomeContainer => {
                Formula::class(format!("only objects with {}", comparison.text))
            }
            Given::Open => residue(),
        }
    }

    /// The name of the account or container that is asked about; both are always in lower case.
    fn name_of(&self, kind: &str) -> Option<String> {
        self.at.ancestor(kind).map(|id| id.name().to_lowercase())
    }
}

/// The objects whose path compares to a value. A path with wildcard characters of its own, or without regard to case, is
/// no pattern.
fn paths(comparison: &Comparison, value: &str) -> Option<Formula> {
    let literal = !value.contains(['*', '?']) && !Comparison::is_escaped(value);
    let pattern = match comparison.test {
        Test::Equals if literal => value.to_owned(),
        Test::StartsWith if literal => format!("{value}*"),
        Test::Like if !Comparison::is_escaped(value) => value.to_owned(),
        Test::Equals
        | Test::StartsWith
        | Test::Like
        | Test::Guid
        | Test::Numeric(_)
        | Test::DateTime(_)
        | Test::Other => return None,
    };
    if comparison.fold {
        return None;
    }
    let objects = Formula::objects(Pattern::new(pattern));
    Some(if comparison.negated { objects.negated() } else { objects })
}

#[cfg(test)]
mod tests {
    use super::super::Memory;
    use super::*;
    use crate::estate::azure::Azure;
    use crate::model::Principal;
    use expect_test::{Expect, expect};

    const READ: &str = "microsoft.storage/storageaccounts/blobservices/containers/blobs/read";
    const WRITE: &str = "microsoft.storage/storageaccounts/blobservices/containers/blobs/write";
    const CONTAINER: &str = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/lake/blobServices/default/containers/reports";
    const ACCOUNT: &str =
        "/subscriptions/s/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/lake";

    #[track_caller]
    fn check(text: &str, operation: &str, at: &str, expect: &Expect) {
        let azure = Azure::default();
        let memory = Memory::default();
        let asked = Asked::by(&azure, &Principal::named("p"), &memory);
        let condition = Condition::new(text);
        let formula = holds(Some(&condition), Operation::Data(operation), &ArmId::new(at), &asked);
        expect.assert_eq(&formula.to_string());
    }

    /// <https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-examples>
    #[test]
    fn a_condition_limits_only_the_action_that_it_names() {
        let text = "((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'} AND NOT SubOperationMatches{'Blob.List'})) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'reports'))";
        check(text, READ, CONTAINER, &expect!["always"]);
        check(text, READ, &CONTAINER.replace("reports", "salaries"), &expect!["never"]);
        check(text, WRITE, &CONTAINER.replace("reports", "salaries"), &expect!["always"]);
        check(
            text,
            READ,
            ACCOUNT,
            &expect![
                "only objects with @Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'reports'"
            ],
        );
    }

    #[test]
    fn a_path_is_a_class_of_objects() {
        let path =
            "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path]";
        check(
            &format!("{path} StringLike 'public/*'"),
            READ,
            CONTAINER,
            &expect!["only objects matching public/*"],
        );
        check(
            &format!("{path} StringStartsWith 'public/'"),
            READ,
            CONTAINER,
            &expect!["only objects matching public/*"],
        );
        check(
            &format!("{path} StringNotEquals 'a.csv'"),
            READ,
            CONTAINER,
            &expect!["not (only objects matching a.csv)"],
        );
        check(
            &format!("{path} ForAnyOfAnyValues:StringEquals {{'a', 'b'}}"),
            READ,
            CONTAINER,
            &expect!["only objects matching a or only objects matching b"],
        );
    }

    #[test]
    fn names_compare_as_the_operator_says() {
        let name = "@Resource[Microsoft.Storage/storageAccounts:name]";
        let cases = [
            ("StringEquals 'lake'", "always"),
            ("StringEquals 'LAKE'", "never"),
            ("StringEqualsIgnoreCase 'LAKE'", "always"),
            ("StringNotEquals 'lake'", "never"),
            ("StringLike 'l*'", "always"),
            ("ForAnyOfAnyValues:StringEquals {'a', 'lake'}", "always"),
            ("ForAllOfAllValues:StringNotEquals {'a', 'lake'}", "never"),
        ];
        for (comparison, expect) in cases {
            let condition = Condition::new(format!("{name} {comparison}"));
            let azure = Azure::default();
            let memory = Memory::default();
            let asked = Asked::by(&azure, &Principal::named("p"), &memory);
            let formula =
                holds(Some(&condition), Operation::Data(READ), &ArmId::new(ACCOUNT), &asked);
            assert_eq!(formula.to_string(), expect, "{comparison}");
        }
    }

    #[test]
    fn what_only_the_request_knows_stays_readable() {
        check(
            "@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:a_b] StringEquals 'x'",
            READ,
            ACCOUNT,
            &expect![
                "@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:a_b] StringEquals 'x'"
            ],
        );
        check("not a condition", READ, ACCOUNT, &expect!["not a condition"]);
    }
}
