//! From an event to a decision: the whole first line of the flow, within one estate.
//!
//! ```text
//! Event -> Change -> access before / after -> Difference -> Findings -> Plan -> Proof -> Decision
//! ```
//!
//! A [`Judge`] holds the *known* state. An event brings a *claim*. The *live* state is a second estate that a read of the
//! cloud, or an overlay in replay, gives. A change whose event carries the new state is judged by its claim; one whose
//! event carries none is judged by the live state, or, without one, reported as what cannot be told.

use crate::access::{self, Protection, Slice, witness};
use crate::change::{self, Change, Claim, Dropped, Edit, Kind, Nature};
use crate::decision::{Action, Config, Decision, Remedy, decide};
use crate::diff::{Difference, Gain, Picture, Question, compare};
use crate::estate::Estate;
use crate::event::azure::Bodies;
use crate::event::{Call, Event, Identity};
use crate::finding::{Finding, find};
use crate::model::aws::{AccountId, Bucket};
use crate::model::{Principal, Reach, Resource, Timestamp, Verdict};
use crate::plan::{self, Live, Plan};
use crate::proof::{Proof, prove};
use crate::rule::Case;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Identities of changes that are remembered to recognise duplicates.
const REMEMBERED: usize = 200_000;

/// Contents that are remembered under one id: archives that mask ids hold many events under one.
const CONTENTS_PER_ID: usize = 64;

/// Two records of one change, from two feeds, are this many seconds apart at most.
const SAME_CHANGE_SECONDS: i64 = 120;

/// Earlier steps that are remembered per resource.
const EARLIER_STEPS: usize = 4;

/// The live states that stand for reads of the clouds.
#[derive(Debug, Default)]
pub struct LiveStates {
    /// For all events without a state of their own.
    pub common: Option<Estate>,
    /// By the number of the event in its file.
    pub numbered: BTreeMap<usize, Estate>,
}

impl LiveStates {
    fn of(&self, number: usize) -> Option<&Estate> {
        self.numbered.get(&number).or(self.common.as_ref())
    }
}

/// Judges events in the order in which they are given.
#[derive(Debug, Default)]
pub struct Judge {
    estate: Estate,
    live: LiveStates,
    config: Config,
    bodies: Bodies,
    seen: Seen,
    earlier: BTreeMap<Resource, VecDeque<String>>,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The event.
    pub event: Event,
    /// What became of it.
    pub outcome: Outcome,
}

/// Dropped, or judged.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// No change.
    Dropped(Dropped),
    /// A change, with all that was concluded from it.
    Judged(Box<Conclusion>),
}

/// All that was concluded from a change.
#[derive(Debug, Clone, PartialEq)]
pub struct Conclusion {
    /// The change.
    pub change: Change,
    /// What it did to access.
    pub difference: Difference,
    /// Why the difference is not all there is to know.
    pub blind: Option<String>,
    /// What the rules say.
    pub findings: Vec<Finding>,
    /// What is done.
    pub decision: Decision,
    /// The way back, when there is one, with its proof.
    pub plan: Option<(Plan, Proof)>,
    /// Whether the plan may be carried out without asking.
    pub auto: bool,
}

impl Judge {
    /// A judge over an estate, with the live states and the operator's configuration.
    #[must_use]
    pub fn new(estate: Estate, live: LiveStates, config: Config) -> Self {
        Self { estate, live, config, ..Self::default() }
    }

    /// The known state after all events judged so far.
    #[must_use]
    pub const fn estate(&self) -> &Estate {
        &self.estate
    }

    /// Judges the next event. `number` is its place in its file, for the numbered live states.
    pub fn judge(&mut self, mut event: Event, number: usize) -> Judgement {
        self.bodies.join(&mut event);
        let change = match change::recognise(&event) {
            Ok(change) => change,
            Err(dropped) => return Judgement { event, outcome: Outcome::Dropped(dropped) },
        };
        if self.is_others(&change, &event) {
            return Judgement { event, outcome: Outcome::Dropped(Dropped::Unrelated) };
        }
        if !self.seen.is_new(&event.identity) {
            return Judgement { event, outcome: Outcome::Dropped(Dropped::Duplicate) };
        }
        let outcome = self.conclude(change, &event, number);
        Judgement { event, outcome }
    }

    /// Kinds that matter only when they touch keyfence's own resources.
    fn is_others(&self, change: &Change, event: &Event) -> bool {
        if change.kind.nature() != Nature::OwnOnly {
            return false;
        }
        let own = self.estate.own.is_own(&change.resource);
        // keyfence assuming its own role is everyday work.
        let everyday = change.kind == Kind::RoleAssumed && self.by_own_identity(event);
        !own || everyday
    }

    fn by_own_identity(&self, event: &Event) -> bool {
        let named = [event.actor.principal.as_deref(), event.actor.name.as_deref()];
        named.into_iter().flatten().any(|name| self.estate.own.is_identity(name))
    }

    fn conclude(&mut self, mut change: Change, event: &Event, number: usize) -> Outcome {
        self.adopt(event, &change);
        let (edits, blind) = self.edits(&change, number);
        let (difference, inverse, slice, before) = self.carry_out(&edits);
        let by_own_identity = self.by_own_identity(event);
        // Without a recorded intent to match, an own change is taken for a rollback only when it gives nobody anything.
        if by_own_identity
            && difference.gained.is_empty()
            && !self.estate.own.is_own(&change.resource)
        {
            return Outcome::Dropped(Dropped::Own);
        }
        self.name_as_estate(&mut change, &edits);
        let blind = blind.or_else(|| self.blind_spot(&edits));
        let case = Case {
            change: &change,
            edits: &edits,
            inverse: &inverse,
            difference: &difference,
            after: &self.estate,
            by_own_identity,
            blind: blind.as_deref(),
        };
        let mut findings = find(&case);
        self.tell_earlier_steps(event, &change, &difference, &mut findings);
        let answer = plan::answer(change.kind, &edits, &inverse);
        // The way back is worked out in every mode, but only where there is something to go back from.
        let planned = if findings.is_empty() {
            None
        } else {
            self.way_back(&inverse, &before, &difference, &slice)
        };
        let live = Live { edits: &edits, read: false, as_claimed: false };
        let planned = planned.map(|(mut plan, proof)| {
            plan.doubts = plan::doubts(&change, &live, &difference, answer);
            (plan, proof)
        });
        let auto =
            planned.as_ref().is_some_and(|(plan, proof)| proof.holds && plan.doubts.is_empty());
        let remedy = match (&planned, auto) {
            (Some(_), true) => Remedy::Automatic,
            (Some((plan, proof)), false) if proof.holds && only_answer_doubts(plan) => {
                Remedy::Automatic
            }
            (Some(_), false) => Remedy::Manual,
            (None, _) => Remedy::None,
        };
        let decision = decide(&self.config, &findings, &difference, remedy, answer, event.time);
        Outcome::Judged(Box::new(Conclusion {
            change,
            difference,
            blind,
            findings,
            decision,
            plan: planned,
            auto,
        }))
    }

    /// A bucket that an event names and no file holds belongs to the account whose trail logged it.
    fn adopt(&mut self, event: &Event, change: &Change) {
        let Call::Aws(call) = &event.call else { return };
        let (Some(account), Some(name)) =
            (&call.account, change.resource.strip_prefix("arn:aws:s3:::"))
        else {
            return;
        };
        let known = self.estate.aws.accounts.get(account).is_some_and(|a| a.buckets_known);
        if !known && change.kind != Kind::BucketDeleted {
            let bucket = || (AccountId::clone(account), Bucket::unknown(name));
            self.estate.aws.buckets.entry(name.into()).or_insert_with(bucket);
        }
    }

    /// The edits that the change made: those that it claims, or those that the live state shows.
    fn edits(&self, change: &Change, number: usize) -> (Vec<Edit>, Option<String>) {
        match &change.claim {
            Claim::Edits(edits) => (edits.clone(), None),
            Claim::Outside => (Vec::new(), None),
            Claim::Touched(target) => {
                match self.live.of(number).and_then(|live| self.estate.towards(live, target)) {
                    Some(edits) => (edits, None),
                    None => (
                        Vec::new(),
                        Some(format!(
                            "the event does not carry the new state of {target}, and no live state was read"
                        )),
                    ),
                }
            }
        }
    }

    /// Applies the edits and compares access before and after.
    fn carry_out(&mut self, edits: &[Edit]) -> (Difference, Vec<Edit>, Slice, Picture) {
        if edits.is_empty() {
            return (Difference::default(), Vec::new(), Slice::default(), Picture::default());
        }
        let mut slice = Slice::default();
        edits.iter().for_each(|e| slice.join(access::slice(&self.estate, e)));
        let inverse = self.estate.apply_all(edits);
        edits.iter().chain(&inverse).for_each(|e| slice.join(access::slice(&self.estate, e)));
        let later = Picture::take(&self.estate, &slice);
        // Back for a moment: principals and resources that only the new state shows are asked about in the old one too.
        let forward = self.estate.apply_all(&inverse);
        let before = Picture::take(&self.estate, &slice);
        let protection: BTreeMap<Resource, Protection> =
            slice.resources().map(|r| (r.clone(), access::protection(&self.estate, r))).collect();
        self.estate.apply_all(&forward);
        let difference = compare(&before, &later, &self.estate, &protection);
        (difference, inverse, slice, before)
    }

    fn way_back(
        &mut self,
        inverse: &[Edit],
        before: &Picture,
        difference: &Difference,
        slice: &Slice,
    ) -> Option<(Plan, Proof)> {
        let plan = plan::plan(&mut self.estate, inverse)?;
        let proof = prove(&mut self.estate, &plan, before, difference, slice);
        Some((plan, proof))
    }

    /// The name that the estate has for the changed resource: events write paths away and cases wrong.
    fn name_as_estate(&self, change: &mut Change, edits: &[Edit]) {
        let Some(target) = edits.first().and_then(Estate::target_of) else { return };
        let name = match &target {
            change::Target::Iam(who) => self.estate.aws.arn_of(who).as_str().to_owned(),
            change::Target::Asset(name) => self.estate.gcp.canonical(name).as_str().to_owned(),
            change::Target::Arm(id) => {
                let resource = self.estate.azure.resources.get(id).map(|r| r.id.as_str());
                let assignment = self.estate.azure.assignments.get(id).map(|a| a.id.as_str());
                resource.or(assignment).unwrap_or(&change.resource).to_owned()
            }
            change::Target::Bucket(_)
            | change::Target::Key(_)
            | change::Target::ManagedPolicy(_)
            | change::Target::Role(_) => return,
        };
        change.resource = name;
    }

    /// Why an empty difference does not mean that nothing changed: the part of the estate that the edits work on is not
    /// known.
    fn blind_spot(&self, edits: &[Edit]) -> Option<String> {
        edits.iter().find_map(|edit| match edit {
            Edit::Aws(_) => {
                let account = match Estate::target_of(edit)? {
                    change::Target::Iam(who) => who.account,
                    change::Target::ManagedPolicy(arn) | change::Target::Key(arn) => {
                        arn.account()?
                    }
                    change::Target::Bucket(name) => {
                        self.estate.aws.buckets.get(&name).map(|(a, _)| a.clone())?
                    }
                    change::Target::Arm(_) | change::Target::Asset(_) | change::Target::Role(_) => {
                        return None;
                    }
                };
                let known = self
                    .estate
                    .aws
                    .accounts
                    .get(&account)
                    .is_some_and(|a| a.iam_known && a.buckets_known && a.keys_known);
                (!known).then(|| format!("account {account} is not in the estate, or only in part"))
            }
            Edit::Azure(_) => {
                use crate::estate::azure::Part;
                let known = self.estate.azure.knows(Part::Resources)
                    && self.estate.azure.knows(Part::Assignments);
                (!known).then(|| "the tenant is not in the estate, or only in part".to_owned())
            }
            Edit::Gcp(_) => {
                (!self.estate.gcp.assets_known).then(|| "no assets are in the estate".to_owned())
            }
        })
    }

    /// A gain may be the last of several steps: changes that opened another lock of the same resource before are named.
    fn tell_earlier_steps(
        &mut self,
        event: &Event,
        change: &Change,
        difference: &Difference,
        findings: &mut [Finding],
    ) {
        let steps: Vec<String> = difference
            .gained
            .iter()
            .filter_map(|g| self.earlier.get(&g.question.resource))
            .flatten()
            .cloned()
            .collect();
        if let (Some(first), Some(worst)) = (steps.first(), findings.first_mut()) {
            worst.why.push_str("; an earlier step: ");
            worst.why.push_str(first);
        }
        let time = event.time.map_or_else(|| "an unknown time".to_owned(), |t| t.to_string());
        let told = format!("{} by {} at {time}", event.name, event.actor);
        let mut remember = |resource: &Resource| {
            let steps = self.earlier.entry(resource.clone()).or_default();
            if !steps.contains(&told) {
                steps.push_back(told.clone());
            }
            if steps.len() > EARLIER_STEPS {
                steps.pop_front();
            }
        };
        difference.latent.iter().for_each(|l| remember(&l.question.resource));
        if difference.gained.is_empty()
            && change.kind.nature() == Nature::Grant
            && event.cloud == crate::model::Cloud::Aws
        {
            // A grant without effect, such as a public policy under Block Public Access.
            if change.resource.starts_with("arn:aws:s3:::") {
                remember(&Resource::store(event.cloud, change.resource.as_str()));
            }
        }
    }
}

/// Whether nothing but the kind's own answer keeps the plan from being automatic: then the table of actions decides.
fn only_answer_doubts(plan: &Plan) -> bool {
    plan.doubts.len() == 1 && plan.doubts.iter().all(|d| d.contains("changes of this kind"))
}

/// Identities of changes that were seen: contents and times by id and subject.
#[derive(Debug, Default)]
struct Seen {
    contents: HashMap<(String, String), Vec<(Option<u64>, Option<Timestamp>)>>,
    order: VecDeque<(String, String)>,
}

impl Seen {
    /// Whether a change is new. A feed without content (Event Grid) that comes later tells nothing new of a change that was
    /// judged; one that came first does not silence the feed that has the content. What happened much later under the same
    /// id is another change: callers choose their correlation ids.
    fn is_new(&mut self, identity: &Identity) -> bool {
        if identity.id.is_empty() {
            return true;
        }
        let key = (identity.id.clone(), identity.subject.clone());
        let known = self.contents.entry(key.clone()).or_default();
        let same = |(content, time): &(Option<u64>, Option<Timestamp>)| {
            let near = match (time, identity.time) {
                (Some(a), Some(b)) => a.is_within(b, SAME_CHANGE_SECONDS),
                (None, _) | (_, None) => true,
            };
            near && (identity.content.is_none() || *content == identity.content)
        };
        if known.iter().any(same) {
            return false;
        }
        if known.is_empty() {
            self.order.push_back(key);
        }
        known.push((identity.content, identity.time));
        if known.len() > CONTENTS_PER_ID {
            known.remove(0);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.contents.remove(&oldest);
        }
        true
    }
}

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

fn difference_json(difference: &Difference) -> Value {
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
            Value::from(witness(&g.question.principal, g.question.access, &g.question.resource)),
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
