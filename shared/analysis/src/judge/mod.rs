//! From an event to a decision: the whole first line of the flow, within one estate.
//!
//! ```text
//! Event -> Change -> access before / after -> Difference -> Findings -> Plan -> Proof -> Decision
//! ```
//!
//! A [`Judge`] holds the *known* state. An event brings a *claim*. The *live* state is a second estate that a read of the
//! cloud, or an overlay in replay, gives. A change whose event carries the new state is judged by its claim; one whose
//! event carries none is judged by the live state, or, without one, reported as what cannot be told.

mod json;
mod seen;

pub use json::{difference_json, event_json};

use crate::access::{self, Protection, Slice};
use crate::change::{
    self, Answer, AwsEdit, AzureEdit, BucketEdit, Change, Claim, Dropped, Edit, GcpEdit, KeyEdit,
    Kind, Nature, Target,
};
use crate::decision::{Config, Decision, Remedy, Situation, decide};
use crate::diff::{Difference, Picture, Question, compare};
use crate::estate::Estate;
use crate::estate::azure::Part;
use crate::event::azure::Bodies;
use crate::event::{Call, Event};
use crate::finding::{Finding, find};
use crate::model::aws::{AccountId, Arn, Bucket, Effect, Key, PrincipalMatch, PrincipalPattern};
use crate::model::{Principal, Reach, Resource, Severity};
use crate::plan::{self, Live, Plan};
use crate::proof::{Proof, prove};
use crate::rule::{Case, Rule};
use seen::Seen;
use std::collections::{BTreeMap, VecDeque};

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
    earlier: BTreeMap<(Resource, Principal), VecDeque<String>>,
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
        let (edits, unread) = self.edits(&change, number);
        let done = self.carry_out(&edits);
        self.name_as_estate(&mut change, &edits);
        let blind = unread.or_else(|| self.blind_spot(&edits));
        let by_own_identity = self.by_own_identity(event);
        let case = Case {
            change: &change,
            edits: &edits,
            inverse: &done.inverse,
            difference: &done.difference,
            after: &self.estate,
            by_own_identity,
            blind: blind.as_deref(),
        };
        let mut findings = find(&case);
        // Without a recorded intent to match, an own change is taken for a rollback only when it is fully understood,
        // gives nobody anything and takes no protection away. Anything else by that identity is judged like anybody's.
        if by_own_identity && is_harmless(&edits, blind.as_deref(), &done.difference, &findings) {
            return Outcome::Dropped(Dropped::Own);
        }
        self.tell_earlier_steps(event, &change, &done.difference, &mut findings);
        let answer = plan::answer(change.kind, &edits, &done.inverse);
        // The way back is worked out in every mode, but only where there is something to go back from.
        let planned = if findings.is_empty() { None } else { self.way_back(&done) };
        let live = Live { edits: &edits, inverse: &done.inverse };
        let touched_own = findings.iter().any(|f| f.rule == Rule::KeyfenceTouched);
        let mut sound = false;
        let planned = planned.map(|(mut plan, proof)| {
            plan.doubts = plan::doubts(&change, &live, &done.difference);
            if touched_own {
                plan.doubts
                    .insert(0, "keyfence does not undo changes of itself by itself".to_owned());
            }
            sound = proof.holds && plan.doubts.is_empty();
            plan.doubts.extend(plan::reserve(answer));
            (plan, proof)
        });
        let remedy = match (&planned, sound) {
            (Some(_), true) => Remedy::Automatic,
            (Some(_), false) => Remedy::Manual,
            (None, _) => Remedy::None,
        };
        let auto = sound && answer == Answer::Revert;
        let situation = Situation {
            resource: &change.resource,
            difference: &done.difference,
            remedy,
            answer,
            at: event.time,
        };
        let decision = decide(&self.config, &findings, &situation);
        let difference = done.difference;
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

    /// What an event names and no file holds is there all the same: a bucket in the account whose trail logged it, a key
    /// under its ARN. Nothing is known of it yet.
    fn adopt(&mut self, event: &Event, change: &Change) {
        let Call::Aws(call) = &event.call else { return };
        let creates =
            matches!(change.kind, Kind::BucketCreated | Kind::KeyCreated | Kind::BucketDeleted);
        if creates {
            return;
        }
        if let (Some(account), Some(name)) =
            (&call.account, change.resource.strip_prefix("arn:aws:s3:::"))
            && !self.estate.aws.buckets.contains_key(name)
        {
            let bucket = (AccountId::clone(account), Bucket::unknown(name));
            let state = BucketEdit::Whole(Some(Box::new(bucket)));
            self.estate.apply(&Edit::Aws(AwsEdit::Bucket(name.into(), state)));
        }
        if let Some(key) = Arn::parse(&change.resource)
            .ok()
            .filter(|a| a.service() == "kms" && a.resource().starts_with("key/"))
            && !self.estate.aws.keys.contains_key(&key)
        {
            let state = KeyEdit::Whole(Some(Box::new(Key::unknown(key.clone()))));
            self.estate.apply(&Edit::Aws(AwsEdit::Key(key, state)));
        }
    }

    /// The edits that the change made: those that it claims, or those that the live state shows; and why they are not
    /// known, where they are not.
    fn edits(&self, change: &Change, number: usize) -> (Vec<Edit>, Option<String>) {
        match &change.claim {
            Claim::Edits(edits) => (edits.clone(), None),
            Claim::Outside => match change.kind.nature() {
                Nature::Grant | Nature::Guard | Nature::KeyLife => (
                    Vec::new(),
                    Some(format!(
                        "what a change of kind {} does to access is not worked out yet",
                        change.kind
                    )),
                ),
                Nature::OtherDoor
                | Nature::Credential
                | Nature::Feed
                | Nature::OwnOnly
                | Nature::Hygiene
                | Nature::Unlisted => (Vec::new(), None),
            },
            Claim::Touched(target) => {
                if let Some(edits) =
                    self.live.of(number).and_then(|live| self.estate.towards(live, target))
                {
                    return (edits, None);
                }
                let unread = format!(
                    "the event does not carry the new state of {target}, and no live state was read"
                );
                // A guard that changed, nobody knows how, must not be relied upon from now on.
                let forgotten = match target {
                    Target::OrgPolicies(resource) => {
                        vec![Edit::Gcp(GcpEdit::OrgPolicies {
                            resource: resource.clone(),
                            constraints: None,
                        })]
                    }
                    Target::Bucket(_)
                    | Target::Key(_)
                    | Target::Iam(_)
                    | Target::ManagedPolicy(_)
                    | Target::Arm(_)
                    | Target::Asset(_)
                    | Target::Role(_)
                    | Target::DenyPolicy(_) => Vec::new(),
                };
                (forgotten, Some(unread))
            }
        }
    }

    /// Applies the edits and compares access before and after.
    fn carry_out(&mut self, edits: &[Edit]) -> Done {
        if edits.is_empty() {
            return Done::default();
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
        let mut difference = compare(&before, &later, &self.estate, &protection);
        if inverse.iter().any(is_removal) {
            // What did not exist before was nobody's: that its owner's own people have it is no gain.
            difference.gained.retain(|g| g.reach != Reach::Internal);
            difference.latent.retain(|l| l.reach != Reach::Internal);
        }
        Done { difference, inverse, slice, before }
    }

    fn way_back(&mut self, done: &Done) -> Option<(Plan, Proof)> {
        let plan = plan::plan(&mut self.estate, &done.inverse)?;
        let proof = prove(&mut self.estate, &plan, &done.before, &done.difference, &done.slice);
        Some((plan, proof))
    }

    /// The name that the estate has for the changed resource: events write paths away and cases wrong.
    fn name_as_estate(&self, change: &mut Change, edits: &[Edit]) {
        let Some(target) = edits.first().and_then(Estate::target_of) else { return };
        let name = match &target {
            Target::Iam(who) => self.estate.aws.arn_of(who).as_str().to_owned(),
            Target::Asset(name) => self.estate.gcp.canonical(name).as_str().to_owned(),
            Target::Arm(id) => {
                let resource = self.estate.azure.resources.get(id).map(|r| r.id.as_str());
                let assignment = self.estate.azure.assignments.get(id).map(|a| a.id.as_str());
                resource.or(assignment).unwrap_or(&change.resource).to_owned()
            }
            Target::Bucket(_)
            | Target::Key(_)
            | Target::ManagedPolicy(_)
            | Target::Role(_)
            | Target::OrgPolicies(_)
            | Target::DenyPolicy(_) => return,
        };
        change.resource = name;
    }

    /// Why an empty difference does not mean that nothing changed: the part of the estate that the edits work on is not
    /// known.
    fn blind_spot(&self, edits: &[Edit]) -> Option<String> {
        edits.iter().find_map(|edit| match edit {
            Edit::Aws(_) => {
                let account = match Estate::target_of(edit)? {
                    Target::Iam(who) => who.account,
                    Target::ManagedPolicy(arn) | Target::Key(arn) => arn.account()?,
                    Target::Bucket(name) => {
                        self.estate.aws.buckets.get(&name).map(|(a, _)| a.clone())?
                    }
                    Target::Arm(_)
                    | Target::Asset(_)
                    | Target::Role(_)
                    | Target::OrgPolicies(_)
                    | Target::DenyPolicy(_) => return None,
                };
                let account_of = self.estate.aws.accounts.get(&account);
                let known =
                    account_of.is_some_and(|a| a.iam_known && a.buckets_known && a.keys_known);
                (!known).then(|| format!("account {account} is not in the estate, or only in part"))
            }
            Edit::Azure(_) => {
                let known = self.estate.azure.knows(Part::Resources)
                    && self.estate.azure.knows(Part::Assignments);
                (!known).then(|| "the tenant is not in the estate, or only in part".to_owned())
            }
            Edit::Gcp(_) => match Estate::target_of(edit) {
                _ if !self.estate.gcp.assets_known => {
                    Some("no assets are in the estate".to_owned())
                }
                Some(Target::Asset(name)) => {
                    let name = self.estate.gcp.canonical(&name);
                    let around = name.segment("managedFolders").and_then(|_| name.up_to("buckets"));
                    let known =
                        self.estate.gcp.assets.contains_key(around.as_ref().unwrap_or(&name));
                    (!known && !self.is_gone(edit)).then(|| format!("{name} is not in the estate"))
                }
                Some(_) | None => None,
            },
        })
    }

    fn is_gone(&self, edit: &Edit) -> bool {
        matches!(edit, Edit::Gcp(GcpEdit::Asset { state: None, .. }))
    }

    /// A gain may be the last of several steps: the changes that opened another lock for the same principal are named.
    fn tell_earlier_steps(
        &mut self,
        event: &Event,
        change: &Change,
        difference: &Difference,
        findings: &mut [Finding],
    ) {
        let of = |q: &Question| (q.resource.clone(), q.principal.clone());
        let steps = difference
            .gained
            .iter()
            .filter_map(|g| self.earlier.get(&of(&g.question)))
            .filter_map(VecDeque::back);
        if let (Some(step), Some(worst)) = (steps.max(), findings.first_mut()) {
            worst.why.push_str("; an earlier step: ");
            worst.why.push_str(step);
        }
        for loss in &difference.lost {
            self.earlier.remove(&of(&loss.question));
        }
        let time = event.time.map_or_else(|| "an unknown time".to_owned(), |t| t.to_string());
        let told = format!("{} by {} at {time}", event.name, event.actor);
        let mut opened: Vec<(Resource, Principal)> =
            difference.latent.iter().map(|l| of(&l.question)).collect();
        if difference.gained.is_empty() && opens_to_everyone(&change.claim) {
            // A public grant without effect, under Block Public Access.
            let store = Resource::store(event.cloud, change.resource.as_str());
            opened
                .extend([(store.clone(), Principal::Public), (store, Principal::AnyAuthenticated)]);
        }
        for key in opened {
            let steps = self.earlier.entry(key).or_default();
            if steps.back() != Some(&told) {
                steps.push_back(told.clone());
            }
            if steps.len() > EARLIER_STEPS {
                steps.pop_front();
            }
        }
    }
}

/// What carrying out some edits showed.
#[derive(Default)]
struct Done {
    difference: Difference,
    inverse: Vec<Edit>,
    slice: Slice,
    before: Picture,
}

/// Whether an inverse edit takes away a store or a key: then the edit itself made it.
fn is_removal(inverse: &Edit) -> bool {
    match inverse {
        Edit::Aws(
            AwsEdit::Bucket(_, BucketEdit::Whole(None)) | AwsEdit::Key(_, KeyEdit::Whole(None)),
        )
        | Edit::Azure(AzureEdit::Resource { state: None, .. })
        | Edit::Gcp(GcpEdit::Asset { state: None, .. }) => true,
        Edit::Aws(_) | Edit::Azure(_) | Edit::Gcp(_) => false,
    }
}

/// Whether a change is understood in full, gives nothing, darkens nothing, and no rule speaks up.
fn is_harmless(
    edits: &[Edit],
    blind: Option<&str>,
    difference: &Difference,
    findings: &[Finding],
) -> bool {
    let gives = !difference.gained.is_empty() || !difference.latent.is_empty();
    let spoken =
        findings.iter().any(|f| f.rule != Rule::KeyfenceTouched || f.severity > Severity::Low);
    !edits.is_empty() && blind.is_none() && !gives && !spoken
}

/// Whether a claim is a bucket policy that allows everyone something.
fn opens_to_everyone(claim: &Claim) -> bool {
    let Claim::Edits(edits) = claim else { return false };
    edits.iter().any(|edit| match edit {
        Edit::Aws(AwsEdit::Bucket(_, BucketEdit::Policy(Some(Some(document))))) => document.statements().iter().any(|s| {
            let everyone = matches!(&s.principal, PrincipalMatch::Is(p) if p.contains(&PrincipalPattern::Everyone));
            s.effect == Effect::Allow && everyone
        }),
        Edit::Aws(_) | Edit::Azure(_) | Edit::Gcp(_) => false,
    })
}
