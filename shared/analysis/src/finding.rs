//! Findings: what the rules said about a change, the worst first.

use crate::model::Severity;
use crate::rule::{Case, Rule};
use serde::Serialize;

/// A rule spoke up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which rule.
    pub rule: Rule,
    /// How bad.
    pub severity: Severity,
    /// The rule's title.
    pub title: &'static str,
    /// Why, in one sentence.
    pub why: String,
}

/// Puts a case to all rules.
#[must_use]
pub fn find(case: &Case<'_>) -> Vec<Finding> {
    let spoken = Rule::ALL.iter().filter_map(|rule| Some((*rule, rule.judge(case)?)));
    let mut findings: Vec<Finding> = spoken
        .map(|(rule, remark)| Finding {
            rule,
            severity: remark.severity,
            title: rule.title(),
            why: remark.why,
        })
        .collect();
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.rule.cmp(&b.rule)));
    findings
}
