//! Strings of policies: wildcards and variables.

use super::context::Context;

/// One sign of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// This character.
    Is(char),
    /// `?`: any one character.
    One,
    /// `*`: any characters, also none.
    Many,
}

/// What may stand in a string of a policy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// `*` and `?` are wildcards.
    pub wildcards: bool,
    /// `${key}` is replaced by the key's value.
    pub variables: bool,
}

/// A string of a policy as a pattern; none when one of its variables has no value.
///
/// "When policy variables reference a condition context key that has no value or is not present in an authorization
/// context for a request, the value is effectively null. There is no equal or like value." `${*}`, `${?}` and `${$}` are
/// the characters themselves; `${key, 'default'}` has a default.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
pub(super) fn pattern(text: &str, reading: Reading, context: &Context) -> Option<Vec<Sign>> {
    let mut signs = Vec::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let after = rest.get(next.len_utf8()..).unwrap_or_default();
        if reading.variables
            && let Some(inner) = rest.strip_prefix("${")
            && let Some((variable, behind)) = inner.split_once('}')
        {
            signs.extend(value_of(variable, context)?.chars().map(Sign::Is));
            rest = behind;
            continue;
        }
        signs.push(match next {
            '*' if reading.wildcards => Sign::Many,
            '?' if reading.wildcards => Sign::One,
            other => Sign::Is(other),
        });
        rest = after;
    }
    Some(signs)
}

/// The value of what stands between `${` and `}`. Only keys with a single value can be used.
fn value_of(variable: &str, context: &Context) -> Option<String> {
    if ["*", "?", "$"].contains(&variable) {
        return Some(variable.to_owned());
    }
    let (key, default) = match variable.split_once(',') {
        Some((key, default)) => {
            (key.trim(), default.trim().strip_prefix('\'').and_then(|d| d.strip_suffix('\'')))
        }
        None => (variable.trim(), None),
    };
    match context.values(key) {
        Some([one]) => Some(one.clone()),
        Some(_) | None => default.map(str::to_owned),
    }
}

/// Whether a text fits a pattern.
pub(super) fn fits(pattern: &[Sign], text: &[char]) -> bool {
    let Some((sign, signs)) = pattern.split_first() else { return text.is_empty() };
    match sign {
        Sign::Many => {
            (0..=text.len()).any(|skipped| fits(signs, text.get(skipped..).unwrap_or_default()))
        }
        Sign::One => text.split_first().is_some_and(|(_, left)| fits(signs, left)),
        Sign::Is(c) => {
            text.split_first().is_some_and(|(first, left)| first == c && fits(signs, left))
        }
    }
}

/// [`fits`], for a text that is no list of characters yet.
pub(super) fn text_fits(pattern: &[Sign], text: &str) -> bool {
    fits(pattern, &text.chars().collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::{Reading, pattern, text_fits};
    use crate::aws::context::Context;

    const ALL: Reading = Reading { wildcards: true, variables: true };

    fn context() -> Context {
        let mut context = Context::default();
        context.set("aws:username", vec!["alice".to_owned()]);
        context
    }

    #[track_caller]
    fn check(policy: &str, text: &str, expected: Option<bool>) {
        let found = pattern(policy, ALL, &context()).map(|p| text_fits(&p, text));
        assert_eq!(found, expected, "{policy} against {text}");
    }

    #[test]
    fn wildcards_and_variables() {
        check("a*c", "abbc", Some(true));
        check("a?c", "ac", Some(false));
        check("b/${aws:username}/*", "b/alice/x", Some(true));
        check("b/${AWS:UserName}/*", "b/bob/x", Some(false));
        check("b/${aws:PrincipalTag/team}", "b/", None);
        check("b/${aws:PrincipalTag/team, 'red'}", "b/red", Some(true));
        check("b/${*}", "b/x", Some(false));
        check("b/${*}", "b/*", Some(true));
    }
}
