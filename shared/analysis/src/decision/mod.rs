//! What keyfence does about the findings, under the operator's configuration; always with the reason.

mod config;

pub use config::{Config, ConfigError, Exemption, Mode};

use crate::change::Answer;
use crate::diff::Difference;
use crate::finding::Finding;
use crate::model::Timestamp;
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

/// What a decision is made on, beside the findings.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The changed resource.
    pub resource: &'a str,
    /// What the change did to access.
    pub difference: &'a Difference,
    /// Whether there is a way back.
    pub remedy: Remedy,
    /// The answer of an enforcing configuration for changes of this kind.
    pub answer: Answer,
    /// The time of the event: an exemption that had ended then does not count.
    pub at: Option<Timestamp>,
}

/// Decides on each finding by its own severity and its rule's mode; the strongest action counts.
#[must_use]
pub fn decide(config: &Config, findings: &[Finding], situation: &Situation<'_>) -> Decision {
    let decisions = findings.iter().map(|f| decide_one(config, f, situation));
    let strongest = decisions.max_by(|a, b| (a.action, a.mode).cmp(&(b.action, b.mode)));
    strongest.unwrap_or_else(|| Decision {
        action: Action::Ignore,
        mode: config.mode,
        reason: "no rule speaks up".to_owned(),
    })
}

fn decide_one(config: &Config, finding: &Finding, situation: &Situation<'_>) -> Decision {
    let mode = config.mode_of(finding.rule);
    let record = |reason: String| Decision { action: Action::Record, mode, reason };
    if let Some(e) = config.exemption_for(finding.rule, situation) {
        return record(format!("exempt until {}: {} (owner {})", e.expires, e.reason, e.owner));
    }
    if finding.severity < config.severity {
        return record(format!(
            "{} is below the configured severity {}",
            finding.severity, config.severity
        ));
    }
    // Observe says what enforce would have done, with all its limits.
    let as_if = if mode == Mode::Observe { Mode::Enforce } else { mode };
    let (action, reason) = by_table(as_if, situation.remedy, situation.answer);
    let (action, reason) = if config.kill_switch && action > Action::Alert {
        (Action::Alert, format!("the kill switch is on; {reason}"))
    } else {
        (action, reason.to_owned())
    };
    if mode == Mode::Observe {
        return record(format!("observe: would {} ({reason})", action.word()));
    }
    Decision { action, mode, reason: format!("{mode}: {reason}") }
}

/// The design's table of actions. Observe has no row of its own: it records what enforce would do.
const fn by_table(mode: Mode, remedy: Remedy, answer: Answer) -> (Action, &'static str) {
    match (mode, remedy) {
        (Mode::Notify, _) => (Action::Alert, "only told"),
        (Mode::Ask, Remedy::Automatic | Remedy::Manual) => (Action::Ask, "a plan exists"),
        (Mode::Ask | Mode::Enforce | Mode::Observe, Remedy::None) => {
            (Action::Alert, "there is no plan")
        }
        (Mode::Enforce | Mode::Observe, Remedy::Automatic) => match answer {
            Answer::Revert => (Action::Remediate, "the plan is proved"),
            Answer::Ask => (Action::Ask, "a person decides on changes of this kind"),
            Answer::Notify => (Action::Alert, "changes of this kind are told, not undone"),
        },
        (Mode::Enforce | Mode::Observe, Remedy::Manual) => {
            (Action::Ask, "the plan is not to be carried out without asking")
        }
    }
}

impl Config {
    /// The exemption that covers a finding. A finding about access is covered when each gain and each latent access is,
    /// by whichever exemption; any other finding by an exemption of its resource or rule that names no principal.
    fn exemption_for(&self, rule: Rule, situation: &Situation<'_>) -> Option<&Exemption> {
        // keyfence's own protection knows no exemption.
        if rule == Rule::KeyfenceTouched {
            return None;
        }
        let in_force = |e: &&Exemption| {
            // Without a time the exemption cannot be shown to be in force.
            situation.at.is_some_and(|t| t < e.expires) && e.rule.is_none_or(|r| r == rule)
        };
        let usable: Vec<&Exemption> = self.exemptions.iter().filter(in_force).collect();
        if !rule.is_about_access() {
            return usable.into_iter().find(|e| {
                e.principal.is_none()
                    && (e.rule.is_some() || e.resource.is_some())
                    && e.covers("", situation.resource)
            });
        }
        let gained = situation.difference.gained.iter().map(|g| &g.question);
        let questions: Vec<_> =
            gained.chain(situation.difference.latent.iter().map(|l| &l.question)).collect();
        let covers = |e: &&Exemption, q: &crate::diff::Question| {
            e.covers(q.principal.name(), q.resource.name())
        };
        let all =
            !questions.is_empty() && questions.iter().all(|q| usable.iter().any(|e| covers(e, q)));
        let first = questions.first()?;
        usable.iter().find(|e| all && covers(e, first)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Severity;

    fn finding(severity: Severity) -> Finding {
        Finding { rule: Rule::HygieneWeakened, severity, title: "", why: String::new() }
    }

    #[track_caller]
    fn check(config: &str, severity: Severity, remedy: Remedy, answer: Answer, expect: Action) {
        let config = Config::parse(config).unwrap();
        let at = Timestamp::parse("2026-06-01T00:00:00Z").ok();
        let difference = Difference::default();
        let situation = Situation { resource: "r", difference: &difference, remedy, answer, at };
        let decision = decide(&config, &[finding(severity)], &situation);
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
                "mode = \"enforce\"\n[[exemption]]\nrule = \"hygiene-weakened\"\nowner = \"dana\"\nreason = \"migration\"\nexpires = \"{day}\"\n"
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
