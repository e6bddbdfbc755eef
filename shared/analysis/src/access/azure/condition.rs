//! What an attribute condition leaves of a request.
//!
//! The request is the plain one of the witness: the operation without a sub-operation, on the account, the container or
//! the key that is asked about. What only the request, the principal or the environment knows stays as a readable residue; the
//! path of a blob becomes a class of objects, so that a widened path is a gain.

use super::role::Operation;
use crate::model::azure::{ArmId, Comparison, Condition, Expression, Source, Test};
use crate::model::{Formula, Pattern};

const ACCOUNT: &str = "microsoft.storage/storageaccounts:name";
const CONTAINER: &str = "microsoft.storage/storageaccounts/blobservices/containers:name";
const PATH: &str = "microsoft.storage/storageaccounts/blobservices/containers/blobs:path";

/// Whether a condition holds for an operation at a resource; true where there is none.
pub(super) fn holds(
    condition: Option<&Condition>,
    operation: Operation<'_>,
    at: &ArmId,
) -> Formula {
    let Some(condition) = condition else { return Formula::always() };
    condition.expression().map_or_else(
        || Formula::condition(condition.text()),
        |expression| Asked { operation, at }.expression(expression),
    )
}

struct Asked<'a> {
    operation: Operation<'a>,
    at: &'a ArmId,
}

impl Asked<'_> {
    fn expression(&self, expression: &Expression) -> Formula {
        match expression {
            Expression::All(parts) => Formula::all(parts.iter().map(|p| self.expression(p))),
            Expression::Any(parts) => Formula::any(parts.iter().map(|p| self.expression(p))),
            Expression::Not(inner) => self.expression(inner).negated(),
            Expression::Action(pattern) => Formula::known(pattern.matches(self.operation.name())),
            // Listing is a read that shows names only; the read of the witness is none.
            Expression::SubOperation(name) if name.eq_ignore_ascii_case("Blob.List") => {
                Formula::never()
            }
            Expression::SubOperation(name) => {
                Formula::condition(format!("the sub-operation is {name}"))
            }
            Expression::Exists(attribute) => {
                if attribute.source == Source::Resource
                    && [ACCOUNT, CONTAINER, PATH].contains(&attribute.name.as_str())
                {
                    Formula::always()
                } else {
                    Formula::condition(format!("the attribute {} is there", attribute.name))
                }
            }
            Expression::Compare(comparison) => self.comparison(comparison),
        }
    }

    fn comparison(&self, comparison: &Comparison) -> Formula {
        let residue = || Formula::condition(comparison.text.clone());
        let (Some(values), Source::Resource) = (&comparison.values, comparison.attribute.source)
        else {
            return residue();
        };
        let one = |value: &String| match comparison.attribute.name.as_str() {
            ACCOUNT => {
                self.name_of("storageaccounts").and_then(|name| compares(comparison, &name, value))
            }
            CONTAINER => match self.name_of("containers") {
                Some(name) => compares(comparison, &name, value),
                None => Some(Formula::class(format!("only objects with {}", comparison.text))),
            },
            PATH => paths(comparison, value),
            _ => None,
        };
        let Some(parts) = values.iter().map(one).collect::<Option<Vec<_>>>() else {
            return residue();
        };
        if comparison.every_value { Formula::all(parts) } else { Formula::any(parts) }
    }

    /// The name of the account or container that is asked about; both are always in lower case.
    fn name_of(&self, kind: &str) -> Option<String> {
        self.at.ancestor(kind).map(|id| id.name().to_lowercase())
    }
}

/// A known name against a value.
fn compares(comparison: &Comparison, name: &str, value: &str) -> Option<Formula> {
    let (name, value) = if comparison.fold {
        (name.to_lowercase(), value.to_lowercase())
    } else {
        (name.to_owned(), value.to_owned())
    };
    let is = match comparison.test {
        Test::Equals => name == value,
        Test::Like => Pattern::new(value).matches(&name),
        Test::StartsWith => name.starts_with(&value),
        Test::Other => return None,
    };
    Some(Formula::known(is != comparison.negated))
}

/// The objects whose path compares to a value. A path with wildcard characters of its own, or without regard to case, is
/// no pattern.
fn paths(comparison: &Comparison, value: &str) -> Option<Formula> {
    let literal = !value.contains(['*', '?']);
    let pattern = match comparison.test {
        Test::Equals if literal => value.to_owned(),
        Test::StartsWith if literal => format!("{value}*"),
        Test::Like => value.to_owned(),
        Test::Equals | Test::StartsWith | Test::Other => return None,
    };
    if comparison.fold {
        return None;
    }
    let objects = Formula::objects(Pattern::new(pattern));
    Some(if comparison.negated { objects.negated() } else { objects })
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    const READ: &str = "microsoft.storage/storageaccounts/blobservices/containers/blobs/read";
    const WRITE: &str = "microsoft.storage/storageaccounts/blobservices/containers/blobs/write";
    const CONTAINER: &str = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/lake/blobServices/default/containers/reports";
    const ACCOUNT: &str =
        "/subscriptions/s/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/lake";

    #[track_caller]
    fn check(text: &str, operation: &str, at: &str, expect: &Expect) {
        let formula =
            holds(Some(&Condition::new(text)), Operation::Data(operation), &ArmId::new(at));
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
            let formula = holds(Some(&condition), Operation::Data(READ), &ArmId::new(ACCOUNT));
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
