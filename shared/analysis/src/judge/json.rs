//! The JSON contract of a judgement.

use super::{Conclusion, Judgement, Outcome};
use crate::access::witness;
use crate::decision::Action;
use crate::diff::{Difference, Gain, Question};
use crate::event::Event;
use crate::model::Verdict;
use crate::plan;
use serde_json::{Map, Value, json};

impl Judgement {
    /// `finding`, `quiet` or `dropped`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match &self.outcome {
            Outcome::Dropped(_) => "dropped",
            Outcome::Judged(conclusion) if conclusion.findings.is_empty() => "quiet",
            Outcome::Judged(_) => "finding",
        }
    }

    /// One line of the JSON contract.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut line = Map::new();
        line.insert("event".to_owned(), event_json(&self.event));
        line.insert("outcome".to_owned(), Value::from(self.word()));
        match &self.outcome {
            Outcome::Dropped(dropped) => {
                line.insert("reason".to_owned(), Value::from(dropped.reason()));
                line.insert("detail".to_owned(), Value::from(dropped.to_string()));
            }
            Outcome::Judged(conclusion) => conclusion.write(&mut line),
        }
        Value::Object(line)
    }
}

/// The header of an event as the contract writes it.
#[must_use]
pub fn event_json(event: &Event) -> Value {
    json!({
        "cloud": event.cloud,
        "id": event.identity.id,
        "name": event.name,
        "time": event.time,
        "actor": event.actor,
    })
}

impl Conclusion {
    fn write(&self, line: &mut Map<String, Value>) {
        let mut change = json!({"kind": self.change.kind, "resource": self.change.resource, "rows": self.change.kind.rows()});
        if let (Some(doubt), Some(object)) = (&self.change.doubt, change.as_object_mut()) {
            object.insert("doubt".to_owned(), Value::from(doubt.as_str()));
        }
        line.insert("change".to_owned(), change);
        if let Some(blind) = &self.blind {
            line.insert("unknown".to_owned(), Value::from(blind.as_str()));
        }
        line.insert("difference".to_owned(), difference_json(&self.difference));
        line.insert("findings".to_owned(), json!(self.findings));
        line.insert("decision".to_owned(), json!(self.decision));
        line.insert("plan".to_owned(), self.plan_json());
    }

    fn plan_json(&self) -> Value {
        let Some((plan, proof)) = &self.plan else { return Value::Null };
        let step = |s: &plan::Step| json!({"call": s.call.call, "target": s.call.target, "change": s.call.change, "expects": s.expects, "undo": s.undo});
        json!({"auto": self.auto, "steps": plan.steps.iter().map(step).collect::<Vec<_>>(), "doubts": plan.doubts, "proof": proof})
    }

    /// Whether the decision is more than a line in the record.
    #[must_use]
    pub fn is_loud(&self) -> bool {
        self.decision.action > Action::Record
    }
}

/// A difference as the contract writes it.
#[must_use]
pub fn difference_json(difference: &Difference) -> Value {
    let about = |q: &Question| {
        let mut object = Map::new();
        object.insert("principal".to_owned(), Value::from(q.principal.name()));
        object.insert("access".to_owned(), Value::from(q.access.word()));
        object.insert("resource".to_owned(), Value::from(q.resource.name()));
        object
    };
    let gain = |g: &Gain| {
        let mut object = about(&g.question);
        object.insert("verdict".to_owned(), Value::from(g.after.verdict().word()));
        let conditions = g.after.conditions();
        if !conditions.is_empty() {
            object.insert("conditions".to_owned(), json!(conditions));
        }
        object.insert("before".to_owned(), Value::from(g.before.verdict().word()));
        object.insert(
            "witness".to_owned(),
            Value::from(witness(
                &g.question.principal,
                g.question.access,
                &g.question.resource,
                &g.after,
            )),
        );
        object.insert("evidence".to_owned(), json!(g.evidence));
        Value::Object(object)
    };
    let gained: Vec<Value> = difference.gained.iter().map(gain).collect();
    let lost: Vec<Value> = difference
        .lost
        .iter()
        .map(|l| {
            let mut object = about(&l.question);
            if l.after.verdict() != Verdict::No {
                object.insert("left".to_owned(), Value::from(l.after.to_string()));
            }
            Value::Object(object)
        })
        .collect();
    let latent: Vec<Value> = difference
        .latent
        .iter()
        .map(|l| {
            let mut object = about(&l.question);
            object.insert("missing".to_owned(), Value::from(l.missing.word()));
            Value::Object(object)
        })
        .collect();
    json!({"gained": gained, "lost": lost, "latent": latent})
}
