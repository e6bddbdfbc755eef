//! The record of a decision: what was judged, from which event, under which versions, and what was concluded.
//!
//! It holds names, policies and verdicts; never a secret, never the content of an object, never the event itself: of an event only
//! what the judgement names. What does not fit into a record lies in blobs beside it.

use keyfence_analysis::event::{Call, Event as Logged};
use keyfence_analysis::judge::{Judgement, Outcome};
use keyfence_trail::{Draft, Kind, Malformed, Record, sha256_hex};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The version of the body.
pub const VERSION: u8 = 1;

/// The kind of the record of a decision.
pub const KIND: &str = "decision";

/// A part of a record that is larger than this lies in a blob.
const MOST_INLINE_BYTES: usize = 16 * 1024;

/// The body of the record of a decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decided {
    /// [`VERSION`].
    pub v: u8,
    /// What identifies the change, whatever delivers it: SHA-256 (hex) over cloud, account, region, resource and the event's id.
    pub change_key: String,
    /// The event that was judged.
    pub event: Event,
    /// Where it happened.
    pub origin: Origin,
    /// By what it was judged.
    pub versions: Versions,
    /// Whether a rule spoke up.
    pub outcome: Word,
    /// What was changed.
    pub change: Change,
    /// What it did to access.
    pub difference: Part<Difference>,
    /// Why the difference is not all there is to know.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unknown: Option<String>,
    /// What the rules say, the worst first.
    pub findings: Vec<Finding>,
    /// What is done.
    pub decision: Decision,
    /// The way back.
    pub plan: Option<Part<Plan>>,
}

/// A part that lies in the record, or in a blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Part<T> {
    /// In a blob, as JSON.
    Blob(Blob),
    /// In the record.
    Here(T),
}

/// A blob of the trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blob {
    /// Its hash (hex).
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: usize,
}

/// The header of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// `aws`, `azure` or `gcp`.
    pub cloud: String,
    /// The id that people see.
    pub id: String,
    /// The call.
    pub name: String,
    /// When.
    pub time: Option<String>,
    /// By whom.
    pub actor: Actor,
}

/// Who made a call.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// The principal.
    pub principal: Option<String>,
    /// How people know it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// The address that the call came from, as logged.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub address: Option<String>,
    /// The service that called on its behalf.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub via: Option<String>,
}

/// Where an event happened.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The account, subscription or project.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub account: Option<String>,
    /// The region.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub region: Option<String>,
    /// The service that was called.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub service: Option<String>,
    /// The tenant or organisation.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub organization: Option<String>,
}

/// By what a change was judged.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Versions {
    /// keyfence.
    pub keyfence: String,
    /// The hash of the configuration as it was read (hex); none without one.
    pub config: Option<String>,
}

/// Whether a rule spoke up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    /// One did.
    Finding,
    /// None did.
    Quiet,
}

/// What was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The kind of change.
    pub kind: String,
    /// The resource.
    pub resource: String,
    /// The rows of the catalogue.
    pub rows: Vec<u32>,
    /// What is doubtful about it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub doubt: Option<String>,
}

/// What a change did to access.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// Who gained what.
    pub gained: Vec<Gained>,
    /// Who lost what.
    pub lost: Vec<Lost>,
    /// Who is one grant short of what.
    pub latent: Vec<Latent>,
}

/// Access that was gained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gained {
    /// Who.
    pub principal: String,
    /// Which access.
    pub access: String,
    /// To what.
    pub resource: String,
    /// How surely.
    pub verdict: String,
    /// Under which conditions.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub conditions: Vec<String>,
    /// How surely before.
    pub before: String,
    /// One request that is allowed now.
    pub witness: String,
    /// What gives it.
    pub evidence: Vec<Evidence>,
}

/// What gives access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// `storage` or `key`.
    pub lock: String,
    /// The grant in words.
    pub grant: String,
    /// Whether it reaches more than this resource.
    pub broad: bool,
    /// Who has to be become first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub via: Vec<String>,
}

/// Access that was lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lost {
    /// Who.
    pub principal: String,
    /// Which access.
    pub access: String,
    /// To what.
    pub resource: String,
    /// What is left of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub left: Option<String>,
}

/// Access that one further grant would give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latent {
    /// Who.
    pub principal: String,
    /// Which access.
    pub access: String,
    /// To what.
    pub resource: String,
    /// The lock that is closed.
    pub missing: String,
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The rule.
    pub rule: String,
    /// How bad it is.
    pub severity: String,
    /// In short.
    pub title: String,
    /// In full.
    pub why: String,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// `ignore`, `record`, `alert`, `ask` or `remediate`.
    pub action: String,
    /// The mode that decided.
    pub mode: String,
    /// Why.
    pub reason: String,
}

/// The way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Whether it may be carried out without asking.
    pub auto: bool,
    /// Its steps.
    pub steps: Vec<Step>,
    /// What a person must judge.
    pub doubts: Vec<String>,
    /// The proof.
    pub proof: Value,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The call.
    pub call: String,
    /// On what.
    pub target: String,
    /// What is written.
    pub change: Value,
    /// What is expected to be found.
    pub expects: Value,
    /// How it is undone.
    pub undo: Value,
}

/// A judgement that is no record, or a record that is no judgement.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The judgement has another form than the record.
    #[error("the judgement cannot be recorded: {0}")]
    Judgement(serde_json::Error),
    /// The record has another form than a decision.
    #[error("the record is no decision of version {VERSION}: {0}")]
    Body(serde_json::Error),
    /// It is of another version.
    #[error("the record is of version {0}, and this keyfence reads version {VERSION}")]
    Version(u8),
    /// It cannot be a record at all.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// The members that a judgement brings as the contract of the command line has them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Judged {
    event: Event,
    outcome: Word,
    change: Change,
    difference: Difference,
    #[serde(default)]
    unknown: Option<String>,
    findings: Vec<Finding>,
    decision: Decision,
    plan: Option<Plan>,
}

/// The kind of the record of a decision of which only the head can be recorded.
pub const SHORT_KIND: &str = "decision-in-short";

/// The head of a decision that cannot be recorded whole, and why.
///
/// # Errors
/// Never for a judgement: all of it is short.
pub fn in_short(
    judgement: &Judgement,
    versions: &Versions,
    why: &str,
) -> Result<Draft, RecordError> {
    let clip = |text: &str| text.chars().take(400).collect::<String>();
    let event = &judgement.event;
    let (resource, action) = match &judgement.outcome {
        Outcome::Judged(conclusion) => {
            (clip(&conclusion.change.resource), conclusion.decision.action.word())
        }
        Outcome::Dropped(_) => (String::new(), "ignore"),
    };
    let body = json!({
        "v": VERSION,
        "event": {
            "cloud": event.cloud, "id": clip(&event.identity.id), "name": clip(&event.name),
            "time": event.time,
        },
        "resource": resource,
        "action": action,
        "versions": versions,
        "why": clip(why),
    });
    Ok(Draft::new(Kind::new(SHORT_KIND)?, body))
}

/// What is to be recorded of a judgement; `None` for an event that is no change.
///
/// # Errors
/// When the judgement has a member that the record does not know.
pub fn draft(judgement: &Judgement, versions: &Versions) -> Result<Option<Draft>, RecordError> {
    if matches!(judgement.outcome, Outcome::Dropped(_)) {
        return Ok(None);
    }
    let judged: Judged =
        serde_json::from_value(judgement.to_json()).map_err(RecordError::Judgement)?;
    let origin = Origin::of(&judgement.event);
    let mut blobs = Vec::new();
    let body = Decided {
        v: VERSION,
        change_key: change_key(&judged, &origin),
        origin,
        versions: versions.clone(),
        outcome: judged.outcome,
        change: judged.change,
        difference: part(judged.difference, &mut blobs)?,
        unknown: judged.unknown,
        findings: judged.findings,
        decision: judged.decision,
        plan: judged.plan.map(|plan| part(plan.without_secrets(), &mut blobs)).transpose()?,
        event: judged.event,
    };
    let body = serde_json::to_value(&body).map_err(RecordError::Judgement)?;
    let draft = Draft::new(Kind::new(KIND)?, body);
    Ok(Some(blobs.into_iter().fold(draft, Draft::with_blob)))
}

fn part<T: Serialize>(content: T, blobs: &mut Vec<Vec<u8>>) -> Result<Part<T>, RecordError> {
    let bytes = serde_json::to_vec(&content).map_err(RecordError::Judgement)?;
    if bytes.len() <= MOST_INLINE_BYTES {
        return Ok(Part::Here(content));
    }
    // What is read later must be readable: not nested too deep.
    serde_json::from_slice::<Value>(&bytes).map_err(RecordError::Judgement)?;
    let blob = Blob { sha256: sha256_hex(&bytes), bytes: bytes.len() };
    blobs.push(bytes);
    Ok(Part::Blob(blob))
}

/// One key per change. What is absent is an empty line.
fn change_key(judged: &Judged, origin: &Origin) -> String {
    let parts = [
        judged.event.cloud.as_str(),
        origin.account.as_deref().unwrap_or_default(),
        origin.region.as_deref().unwrap_or_default(),
        &judged.change.resource,
        &judged.event.id,
    ];
    sha256_hex(parts.join("\n").as_bytes())
}

impl Origin {
    fn of(event: &Logged) -> Self {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        match &event.call {
            Call::Aws(call) => Self {
                account: call.account.as_ref().map(ToString::to_string),
                region: given(&call.region),
                service: given(&call.source),
                organization: None,
            },
            Call::Azure(call) => Self {
                account: call.resource.subscription().map(str::to_owned),
                region: None,
                service: call.operation.split_once('/').and_then(|(service, _)| given(service)),
                organization: call.tenant.clone(),
            },
            Call::Gcp(call) => {
                let label =
                    |name: &str| call.labels.get(name).and_then(Value::as_str).and_then(given);
                Self {
                    account: label("project_id"),
                    region: label("location").filter(|l| l != "global"),
                    service: given(&call.service),
                    organization: label("organization_id"),
                }
            }
        }
    }
}

impl Decided {
    /// Reads the body of a record; `None` for a record of another kind.
    ///
    /// # Errors
    /// When the body has another form.
    pub fn of(record: &Record) -> Result<Option<Self>, RecordError> {
        if record.kind.as_str() != KIND {
            return Ok(None);
        }
        let read: Self = serde_json::from_value(record.body.clone()).map_err(RecordError::Body)?;
        if read.v != VERSION {
            return Err(RecordError::Version(read.v));
        }
        Ok(Some(read))
    }

    /// The worst finding.
    #[must_use]
    pub fn worst(&self) -> Option<&Finding> {
        self.findings.first()
    }
}

/// Names of members whose values are secrets, wherever a document puts them.
const SECRET_NAMES: [&str; 9] = [
    "password",
    "secretaccesskey",
    "sessiontoken",
    "connectionstring",
    "accountkey",
    "sastoken",
    "sharedaccesskey",
    "privatekey",
    "clientsecret",
];

/// What texts that carry a secret contain.
const SECRET_MARKS: [&str; 6] = [
    "accountkey=",
    "sharedaccesskey=",
    "sharedaccesssignature",
    "sig=",
    "private key-----",
    "password=",
];

impl Plan {
    /// Settings are recorded as they are, secrets in them as their hash: bodies of requests carry what people put into them.
    fn without_secrets(mut self) -> Self {
        for step in &mut self.steps {
            for part in [&mut step.change, &mut step.expects, &mut step.undo] {
                hide_secrets(part, false);
            }
        }
        self
    }
}

fn hide_secrets(value: &mut Value, named_secret: bool) {
    match value {
        Value::String(text) => {
            let lower = text.to_lowercase();
            if named_secret || SECRET_MARKS.iter().any(|mark| lower.contains(mark)) {
                *text = format!("not recorded, sha256 {}", sha256_hex(text.as_bytes()));
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|v| hide_secrets(v, named_secret)),
        Value::Object(object) => {
            for (name, value) in object.iter_mut() {
                let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
                let named = SECRET_NAMES.contains(&plain.to_lowercase().as_str());
                hide_secrets(value, named_secret || named);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

impl<T: DeserializeOwned + Clone> Part<T> {
    /// The blob that is needed to have the part.
    #[must_use]
    pub const fn blob(&self) -> Option<&Blob> {
        match self {
            Self::Blob(blob) => Some(blob),
            Self::Here(_) => None,
        }
    }

    /// The part. `content` is that of its blob, where it has one.
    ///
    /// # Errors
    /// When the blob does not hold it.
    pub fn get(&self, content: Option<&[u8]>) -> Result<T, RecordError> {
        match self {
            Self::Here(part) => Ok(part.clone()),
            Self::Blob(_) => {
                serde_json::from_slice(content.unwrap_or_default()).map_err(RecordError::Body)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_recorded_as_their_hash() {
        let mut value = json!({
            "properties": {"networkAcls": {"conn": "x;AccountKey=CANARY=="}, "clientSecret": "CANARY"},
            "list": [{"SAS-Token": ["CANARY"]}, "https://a.test/?sv=1&sig=CANARY"],
            "Policy": {"Resource": "arn:aws:secretsmanager:eu-west-1:1:secret:x", "Sid": "Password rules"},
        });
        hide_secrets(&mut value, false);
        let text = value.to_string();
        assert!(!text.contains("CANARY"), "{text}");
        assert!(text.contains("secretsmanager") && text.contains("Password rules"), "{text}");
    }
}
