//! The operator's configuration: TOML, checked in full, errors by line.
//!
//! ```
//! use keyfence_analysis::decision::Config;
//! let config = Config::parse(r#"
//! mode = "notify"            # observe (default), notify, ask, enforce
//! severity = "medium"        # below it: recorded only
//!
//! [rules]
//! public-exposure = "enforce"
//!
//! [[exemption]]
//! principal = "arn:aws:iam::444455556666:root"
//! resource  = "arn:aws:s3:::partner-*"
//! owner     = "dana@example.com"
//! reason    = "partner delivery until the new bucket stands"
//! expires   = "2026-12-01"
//! "#).unwrap();
//! assert_eq!(config.exemptions.len(), 1);
//! ```

use crate::model::{Pattern, Severity, Timestamp};
use crate::rule::Rule;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use toml::Spanned;

/// An exemption may last this long at most.
const LONGEST_EXEMPTION_DAYS: i64 = 90;

/// How far keyfence may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Record what would have been done.
    #[default]
    Observe,
    /// Tell.
    Notify,
    /// Tell, and ask for approval of a plan.
    Ask,
    /// Carry out proved plans.
    Enforce,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Observe => "observe",
            Self::Notify => "notify",
            Self::Ask => "ask",
            Self::Enforce => "enforce",
        })
    }
}

/// The configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The mode where no rule has its own.
    pub mode: Mode,
    /// Findings below it are recorded only.
    pub severity: Severity,
    /// Nothing is changed or asked for while it is on.
    pub kill_switch: bool,
    /// Modes by rule.
    pub rules: BTreeMap<Rule, Mode>,
    /// What is accepted for a time.
    pub exemptions: Vec<Exemption>,
}

/// Something is accepted, by somebody, for a reason, for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemption {
    /// For which principals; all when absent.
    pub principal: Option<Pattern>,
    /// On which resources; all when absent.
    pub resource: Option<Pattern>,
    /// For which rule; all when absent.
    pub rule: Option<Rule>,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires: Timestamp,
}

/// What is wrong with a configuration: the line, the problem, the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ConfigError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong and what would be right.
    pub problem: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mode: Mode::Observe,
            severity: Severity::Low,
            kill_switch: false,
            rules: BTreeMap::new(),
            exemptions: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    mode: Mode,
    severity: Option<Severity>,
    #[serde(default)]
    kill_switch: bool,
    #[serde(default)]
    rules: BTreeMap<Spanned<String>, Mode>,
    #[serde(default)]
    exemption: Vec<Spanned<FileExemption>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileExemption {
    principal: Option<String>,
    resource: Option<String>,
    rule: Option<Spanned<String>>,
    owner: Option<String>,
    reason: Option<String>,
    expires: Option<Spanned<toml::Value>>,
}

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    /// All errors that can be told apart, by line.
    pub fn parse(text: &str) -> Result<Self, Vec<ConfigError>> {
        let file: File = toml::from_str(text).map_err(|e| {
            let line = e.span().map_or(1, |span| line_of(text, span.start));
            vec![ConfigError { line, problem: e.message().to_owned() }]
        })?;
        let mut errors = Vec::new();
        let mut rules = BTreeMap::new();
        for (id, mode) in &file.rules {
            match rule(text, id) {
                Ok(rule) => {
                    rules.insert(rule, *mode);
                }
                Err(error) => errors.push(error),
            }
        }
        let mut exemptions = Vec::new();
        for entry in &file.exemption {
            match exemption(text, entry) {
                Ok(exemption) => exemptions.push(exemption),
                Err(mut found) => errors.append(&mut found),
            }
        }
        errors.sort_by_key(|e| e.line);
        if errors.is_empty() {
            Ok(Self {
                mode: file.mode,
                severity: file.severity.unwrap_or(Severity::Low),
                kill_switch: file.kill_switch,
                rules,
                exemptions,
            })
        } else {
            Err(errors)
        }
    }

    /// The mode for findings of a rule.
    #[must_use]
    pub fn mode_of(&self, rule: Rule) -> Mode {
        self.rules.get(&rule).copied().unwrap_or(self.mode)
    }

    /// What deserves a word though it is no error, at a given time.
    #[must_use]
    pub fn warnings(&self, now: Timestamp) -> Vec<String> {
        let mut warnings = Vec::new();
        for e in &self.exemptions {
            let what = format!("the exemption of {} (`{}`)", e.owner, e.reason);
            if e.expires <= now {
                warnings.push(format!("{what} has ended: remove it or renew it with a new date"));
            } else if e.expires > now.plus_days(LONGEST_EXEMPTION_DAYS) {
                warnings.push(format!(
                    "{what} lasts more than {LONGEST_EXEMPTION_DAYS} days: choose an earlier date"
                ));
            }
            let open = |p: &Option<Pattern>| {
                p.as_ref().is_none_or(|p| p.as_str().chars().all(|c| c == '*'))
            };
            if open(&e.principal) && open(&e.resource) && e.rule.is_none() {
                warnings.push(format!(
                    "{what} covers everything: name a principal, a resource or a rule"
                ));
            }
        }
        warnings
    }
}

impl Exemption {
    /// Whether it covers a principal on a resource. Who accepts everyone accepts everyone who signs in.
    #[must_use]
    pub fn covers(&self, principal: &str, resource: &str) -> bool {
        let matches = |pattern: &Option<Pattern>, text: &str| {
            pattern.as_ref().is_none_or(|p| p.lowercase().matches(&text.to_lowercase()))
        };
        let everyone = principal == "any-authenticated" && matches(&self.principal, "public");
        (everyone || matches(&self.principal, principal)) && matches(&self.resource, resource)
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

fn rule(text: &str, id: &Spanned<String>) -> Result<Rule, ConfigError> {
    Rule::by_id(id.get_ref()).ok_or_else(|| {
        let known: Vec<&str> = Rule::ALL.iter().map(|r| r.id()).collect();
        let problem =
            format!("there is no rule `{}`; the rules are {}", id.get_ref(), known.join(", "));
        ConfigError { line: line_of(text, id.span().start), problem }
    })
}

fn exemption(text: &str, entry: &Spanned<FileExemption>) -> Result<Exemption, Vec<ConfigError>> {
    let file = entry.get_ref();
    let line = line_of(text, entry.span().start);
    let mut errors = Vec::new();
    if [&file.principal, &file.resource].into_iter().flatten().any(String::is_empty) {
        let problem =
            "an empty `principal` or `resource` matches nothing: leave it out to cover all";
        errors.push(ConfigError { line, problem: problem.to_owned() });
    }
    let mut needs =
        |value: &Option<String>, name: &str, what: &str| match value.as_deref().map(str::trim) {
            Some(v) if !v.is_empty() => v.to_owned(),
            Some(_) | None => {
                errors.push(ConfigError {
                    line,
                    problem: format!("an exemption needs `{name}`: {what}"),
                });
                String::new()
            }
        };
    let owner = needs(&file.owner, "owner", "who answers for it");
    let reason = needs(&file.reason, "reason", "why it is accepted");
    let rule = match file.rule.as_ref().map(|id| rule(text, id)).transpose() {
        Ok(rule) => rule,
        Err(error) => {
            errors.push(error);
            None
        }
    };
    let expires = match &file.expires {
        None => Err(ConfigError { line, problem: "an exemption needs `expires`: a date such as \"2026-12-01\"".to_owned() }),
        Some(value) => expiry(value.get_ref()).ok_or_else(|| ConfigError {
            line: line_of(text, value.span().start),
            problem: format!("`expires = {}` is not a date such as \"2026-12-01\" or a time such as \"2026-12-01T12:00:00Z\"", value.get_ref()),
        }),
    };
    match expires {
        Ok(expires) if errors.is_empty() => Ok(Exemption {
            principal: file.principal.as_deref().map(Pattern::new),
            resource: file.resource.as_deref().map(Pattern::new),
            rule,
            owner,
            reason,
            expires,
        }),
        Ok(_) => Err(errors),
        Err(error) => {
            errors.push(error);
            Err(errors)
        }
    }
}

/// A date ends with its first second, UTC.
fn expiry(value: &toml::Value) -> Option<Timestamp> {
    let text = match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Datetime(time) => time.to_string(),
        toml::Value::Integer(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(_)
        | toml::Value::Array(_)
        | toml::Value::Table(_) => return None,
    };
    Timestamp::parse(&text).or_else(|_| Timestamp::parse(&format!("{text}T00:00:00Z"))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(text: &str, expect: &Expect) {
        let errors = Config::parse(text).unwrap_err();
        expect.assert_eq(&errors.iter().map(|e| format!("{e}\n")).collect::<String>());
    }

    #[test]
    fn errors_name_the_line_and_the_remedy() {
        check(
            "mode = \"observe\"\n\n[rules]\npublic-exposur = \"ask\"\n",
            &expect![[r#"
                line 4: there is no rule `public-exposur`; the rules are keyfence-touched, public-exposure, access-gained, control-gained, key-opened, one-grant-short, data-darkened, data-moved, key-ungoverned, key-at-risk, guard-removed, access-elevated, trust-opened, request-hidden, credential-changed, feed-weakened, other-door, hygiene-weakened, state-unread
            "#]],
        );
        check(
            "mode = \"enforced\"",
            &expect![[r#"
            line 1: unknown variant `enforced`, expected one of `observe`, `notify`, `ask`, `enforce`
        "#]],
        );
        check(
            "\nmod = \"observe\"",
            &expect![[r#"
            line 2: unknown field `mod`, expected one of `mode`, `severity`, `kill_switch`, `rules`, `exemption`
        "#]],
        );
    }

    #[test]
    fn an_exemption_without_owner_reason_or_end_is_refused() {
        check(
            "[[exemption]]\nresource = \"x\"\n",
            &expect![[r#"
            line 1: an exemption needs `owner`: who answers for it
            line 1: an exemption needs `reason`: why it is accepted
            line 1: an exemption needs `expires`: a date such as "2026-12-01"
        "#]],
        );
        check(
            "[[exemption]]\nowner = \"a\"\nreason = \"b\"\nexpires = \"soon\"\n",
            &expect![[r#"
            line 4: `expires = "soon"` is not a date such as "2026-12-01" or a time such as "2026-12-01T12:00:00Z"
        "#]],
        );
    }

    #[test]
    fn an_exemption_that_lasts_too_long_or_covers_everything_is_warned_about() {
        let now = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
        let config = Config::parse(
            "[[exemption]]\nowner = \"a\"\nreason = \"b\"\nexpires = \"2026-12-01\"\n",
        )
        .unwrap();
        assert_eq!(config.warnings(now).len(), 2);
    }
}
