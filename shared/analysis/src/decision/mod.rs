//! What keyfence does about the findings, under the operator's configuration; always with the reason.

mod config;

pub use config::{Config, ConfigError, Exemption, Mode};

use crate::change::Answer;
use crate::diff::Difference;
use crate::finding::Finding;
use crate::model::{Severity, Timestamp};
use crate::rule::Rule;
use serde::{Serialize, Serializer};

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Nothing; there is no finding.
    Ignore,
    /// A line in the record.
    Record,
    /// A message.
    Alert,
    /// A message that asks for approval of the plan.
    Ask,
    /// The plan is carried out.
    Remediate,
}

impl Action {
    /// The word of the JSON contract.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Record => "record",
            Self::Alert => "alert",
            Self::Ask => "ask",
            Self::Remediate => "remediate",
        }
    }
}

/// Whether there is a way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// A plan exists, its proof holds, and nothing is left to judge.
    Automatic,
    /// A plan exists; a person must judge.
    Manual,
    /// No plan.
    None,
}

/// What is done, in which mode, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What is done.
    pub action: Action,
    /// The mode that decided; the strictest of the findings' modes.
    pub mode: Mode,
    /// Why.
    pub reason: String,
}

impl Serialize for Decision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let mut object = serializer.serialize_struct("Decision", 3)?;
        object.serialize_field("action", &self.action)?;
        object.serialize_field("mode", &self.mode)?;
        object.serialize_field("reason", &self.reason)?;
        object.end()
    }
}

/// Decides. `at` is the time of the event: an exemption that had ended then does not count.
#[must_use]
pub fn decide(
    config: &Config,
    findings: &[Finding],
    difference: &Difference,
    remedy: Remedy,
    answer: Answer,
    at: Option<Timestamp>,
) -> Decision {
    if findings.is_empty() {
        return Decision {
            action: Action::Ignore,
            mode: config.mode,
            reason: "no rule speaks up".to_owned(),
        };
    }
    let exempt = |f: &&Finding| config.exemption_for(f.rule, difference, at);
    let open: Vec<&Finding> = findings.iter().filter(|f| exempt(f).is_none()).collect();
    let Some(worst) = open.iter().max_by_key(|f| (config.mode_of(f.rule), f.severity)) else {
        let exemption = findings.iter().find_map(|f| exempt(&f));
        let reason = exemption.map_or_else(String::new, |e| {
            format!("exempt until {}: {} (owner {})", e.expires, e.reason, e.owner)
        });
        return Decision { action: Action::Record, mode: config.mode, reason };
    };
    let mode = config.mode_of(worst.rule);
    let severity = open.iter().map(|f| f.severity).max().unwrap_or(Severity::Low);
    let (action, reason) = by_table(mode, remedy, answer);
    if mode != Mode::Observe && severity < config.severity {
        return Decision {
            action: Action::Record,
            mode,
            reason: format!("{severity} is below the configured severity {}", config.severity),
        };
    }
    if config.kill_switch && action > Action::Alert {
        return Decision {
            action: Action::Alert,
            mode,
            reason: format!("the kill switch is on; {reason}"),
        };
    }
    Decision { action, mode, reason }
}

/// The design's table of actions.
fn by_table(mode: Mode, remedy: Remedy, answer: Answer) -> (Action, String) {
    let (action, reason) = match (mode, remedy) {
        (Mode::Observe, Remedy::Automatic) => match answer {
            Answer::Revert => (Action::Record, "observe: would remediate"),
            Answer::Ask => (Action::Record, "observe: would ask"),
            Answer::Notify => (Action::Record, "observe: would alert"),
        },
        (Mode::Observe, Remedy::Manual) => (Action::Record, "observe: would ask"),
        (Mode::Observe, Remedy::None) => (Action::Record, "observe: there is no plan"),
        (Mode::Notify, _) => (Action::Alert, "notify"),
        (Mode::Ask, Remedy::Automatic | Remedy::Manual) => (Action::Ask, "ask: a plan exists"),
        (Mode::Ask, Remedy::None) => (Action::Alert, "ask: there is no plan"),
        (Mode::Enforce, Remedy::Automatic) => match answer {
            Answer::Revert => (Action::Remediate, "enforce: the plan is proved"),
            Answer::Ask => (Action::Ask, "enforce: a person decides on changes of this kind"),
            Answer::Notify => (Action::Alert, "enforce: changes of this kind are told, not undone"),
        },
        (Mode::Enforce, Remedy::Manual) => {
            (Action::Ask, "enforce: the plan is not to be carried out without asking")
        }
        (Mode::Enforce, Remedy::None) => (Action::Alert, "enforce: there is no plan"),
    };
    (action, reason.to_owned())
}

impl Config {
    /// The exemption that covers a finding of a rule: every gain (or, without gains, the rule as a whole) must be covered.
    fn exemption_for(
        &self,
        rule: Rule,
        difference: &Difference,
        at: Option<Timestamp>,
    ) -> Option<&Exemption> {
        // keyfence's own protection knows no exemption.
        if rule == Rule::KeyfenceTouched {
            return None;
        }
        self.exemptions.iter().find(|e| {
            // Without a time the exemption cannot be shown to be in force.
            let in_force = at.is_some_and(|t| t < e.expires);
            let of_rule = e.rule.is_none_or(|r| r == rule);
            let gains = difference
                .gained
                .iter()
                .all(|g| e.covers(g.question.principal.name(), g.question.resource.name()));
            let latent = difference
                .latent
                .iter()
                .all(|l| e.covers(l.question.principal.name(), l.question.resource.name()));
            let something = !difference.gained.is_empty()
                || !difference.latent.is_empty()
                || e.principal.is_none() && e.resource.is_none();
            in_force && of_rule && gains && latent && something
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(severity: Severity) -> Finding {
        Finding { rule: Rule::AccessGained, severity, title: "", why: String::new() }
    }

    #[track_caller]
    fn check(config: &str, severity: Severity, remedy: Remedy, answer: Answer, expect: Action) {
        let config = Config::parse(config).unwrap();
        let at = Timestamp::parse("2026-06-01T00:00:00Z").ok();
        let decision =
            decide(&config, &[finding(severity)], &Difference::default(), remedy, answer, at);
        assert_eq!(decision.action, expect, "{}", decision.reason);
        assert!(!decision.reason.is_empty());
    }

    #[test]
    fn the_table_of_actions() {
        use Action::{Alert, Ask, Record, Remediate};
        use Remedy::{Automatic, Manual, None};
        let rows = [
            ("observe", [Record, Record, Record, Record, Record]),
            ("notify", [Alert, Alert, Alert, Alert, Alert]),
            ("ask", [Ask, Ask, Ask, Ask, Alert]),
            ("enforce", [Remediate, Ask, Alert, Ask, Alert]),
        ];
        for (mode, expect) in rows {
            let config = format!("mode = \"{mode}\"");
            check(&config, Severity::High, Automatic, Answer::Revert, expect[0]);
            check(&config, Severity::High, Automatic, Answer::Ask, expect[1]);
            check(&config, Severity::High, Automatic, Answer::Notify, expect[2]);
            check(&config, Severity::High, Manual, Answer::Revert, expect[3]);
            check(&config, Severity::High, None, Answer::Revert, expect[4]);
        }
    }

    #[test]
    fn below_the_configured_severity_it_is_recorded() {
        check(
            "mode = \"notify\"\nseverity = \"high\"",
            Severity::Medium,
            Remedy::None,
            Answer::Revert,
            Action::Record,
        );
        check(
            "mode = \"notify\"\nseverity = \"high\"",
            Severity::High,
            Remedy::None,
            Answer::Revert,
            Action::Alert,
        );
    }

    #[test]
    fn an_exemption_counts_until_it_ends() {
        let exemption = |day: &str| {
            format!(
                "mode = \"enforce\"\n[[exemption]]\nrule = \"access-gained\"\nowner = \"dana\"\nreason = \"migration\"\nexpires = \"{day}\"\n"
            )
        };
        check(
            &exemption("2026-07-01"),
            Severity::High,
            Remedy::Automatic,
            Answer::Revert,
            Action::Record,
        );
        check(
            &exemption("2026-05-01"),
            Severity::High,
            Remedy::Automatic,
            Answer::Revert,
            Action::Remediate,
        );
    }

    #[test]
    fn the_kill_switch_stops_acting_and_not_telling() {
        check(
            "mode = \"enforce\"\nkill_switch = true",
            Severity::High,
            Remedy::Automatic,
            Answer::Revert,
            Action::Alert,
        );
    }
}
