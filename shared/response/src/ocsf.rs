//! Recorded decisions as events of the Open Cybersecurity Schema Framework, version 1.8.0: one Detection Finding (class 2004) for a
//! decision with findings, and one Remediation Activity (class 7001) for the rollback that it leads to, or would lead to.
//! <https://schema.ocsf.io/1.8.0/classes/detection_finding>, <https://schema.ocsf.io/1.8.0/classes/remediation_activity>
//!
//! The hard rule: what was not attempted never has a status of an attempt. A rollback that waits, or that observe mode holds back,
//! has status 99 with words. Nothing is `null`; what is not known is left out.

use crate::record::{Actor, Decided, Difference, Finding, Origin, Plan};
use keyfence_analysis::model::Timestamp;
use keyfence_trail::Record;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// The most entries of a list; what is cut is said.
const MOST: usize = 100;

const PROFILES: [&str; 3] = ["cloud", "host", "security_control"];

/// A decision with all its parts.
#[derive(Debug)]
pub struct Recorded<'a> {
    /// The record.
    pub record: &'a Record,
    /// Its number in the log.
    pub index: Option<u64>,
    /// Its body.
    pub decided: &'a Decided,
    /// The difference.
    pub difference: &'a Difference,
    /// The plan.
    pub plan: Option<&'a Plan>,
}

/// A number with its caption.
type Enum = (u8, &'static str);

/// The events of a decision, none for one without findings.
#[must_use]
pub fn events(recorded: &Recorded<'_>) -> Vec<Value> {
    let Some(worst) = recorded.decided.worst() else { return Vec::new() };
    let mut events = vec![recorded.finding(worst)];
    if let Some(plan) = recorded.plan
        && let Some(state) = recorded.rollback_state()
    {
        events.push(recorded.rollback(worst, plan, &state));
    }
    events.into_iter().map(without_empty).collect()
}

/// How far a rollback is.
struct State {
    status: &'static str,
    disposition: Enum,
    /// Whether somebody must act.
    waits: bool,
    verb: &'static str,
}

const fn severity(word: &str) -> Enum {
    match word.as_bytes() {
        b"critical" => (5, "Critical"),
        b"high" => (4, "High"),
        b"medium" => (3, "Medium"),
        b"low" => (2, "Low"),
        _ => (1, "Informational"),
    }
}

impl Recorded<'_> {
    fn finding(&self, worst: &Finding) -> Value {
        let decided = self.decided;
        let loud = self.is_loud();
        let exempt = decided.decision.reason.starts_with("exempt until");
        let status: Enum = if exempt { (3, "Suppressed") } else { (1, "New") };
        let disposition: Enum = if loud { (19, "Alert") } else { (17, "Logged") };
        let (severity_id, severity) = severity(&worst.severity);
        let confidence = self.confidence();
        let at = self.event_millis();
        let others = decided.findings.iter().skip(1).map(analytic);
        json!({
            "activity_id": 1, "activity_name": "Create",
            "category_uid": 2, "category_name": "Findings",
            "class_uid": 2004, "class_name": "Detection Finding",
            "type_uid": 200_401, "type_name": "Detection Finding: Create",
            "time": self.record.at.millis(), "start_time": at, "timezone_offset": 0,
            "severity_id": severity_id, "severity": severity,
            "status_id": status.0, "status": status.1, "status_detail": decided.decision.reason,
            "is_alert": loud,
            "confidence_id": confidence.0, "confidence": confidence.1,
            "message": worst.why,
            "action_id": 3, "action": "Observed",
            "disposition_id": disposition.0, "disposition": disposition.1,
            "policy": self.policy(),
            "metadata": self.metadata("finding"),
            "finding_info": {
                "uid": decided.change_key,
                "title": worst.title,
                "desc": lines(decided.findings.iter().map(|f| f.why.clone())),
                "types": decided.findings.iter().map(|f| &f.rule).collect::<Vec<_>>(),
                "created_time": self.record.at.millis(), "first_seen_time": at, "last_seen_time": at,
                "data_sources": [source(&decided.event.cloud)],
                "analytic": analytic(worst),
                "related_analytics": others.collect::<Vec<_>>(),
            },
            "cloud": cloud(&decided.event.cloud, &decided.origin),
            "api": self.api(),
            "actor": actor(&decided.event.actor),
            "resources": self.resources(),
            "evidences": self.evidences(),
            "remediation": self.plan.map(|plan| json!({"desc": steps(plan)})),
            "observables": self.observables(),
            "unmapped": {
                "change": decided.change, "decision": decided.decision, "findings": decided.findings,
                "lost": self.difference.lost, "latent": self.difference.latent, "unknown": decided.unknown,
            },
        })
    }

    fn rollback(&self, worst: &Finding, plan: &Plan, state: &State) -> Value {
        let decided = self.decided;
        let (severity_id, severity) =
            if state.waits { severity(&worst.severity) } else { (1, "Informational") };
        let what = plan.steps.iter().map(|s| format!("{} {}", s.call, s.target));
        let targets: BTreeSet<&str> = plan.steps.iter().map(|s| s.target.as_str()).collect();
        let observables = targets
            .iter()
            .take(MOST)
            .map(|t| json!({"type_id": 10, "type": "Resource UID", "value": t}));
        json!({
            "activity_id": 3, "activity_name": "Restore",
            "category_uid": 7, "category_name": "Remediation",
            "class_uid": 7001, "class_name": "Remediation Activity",
            "type_uid": 700_103, "type_name": "Remediation Activity: Restore",
            "time": self.record.at.millis(), "timezone_offset": 0,
            "severity_id": severity_id, "severity": severity,
            "status_id": 99, "status": state.status, "status_detail": decided.decision.reason,
            "is_alert": state.waits,
            "message": format!("{}: {}", state.verb, what.collect::<Vec<_>>().join("; ")),
            "action_id": 1, "action": "Allowed",
            "disposition_id": state.disposition.0, "disposition": state.disposition.1,
            "command_uid": format!("{}/rollback", decided.change_key),
            "policy": self.policy(),
            "countermeasures": [{
                "d3f_tactic": {"name": "Restore", "src_url": "https://d3fend.mitre.org/tactic/d3f:Restore/"},
                "d3f_technique": {"uid": "D3-RC", "name": "Restore Configuration"},
            }],
            "metadata": self.metadata("rollback"),
            "cloud": cloud(&decided.event.cloud, &decided.origin),
            "api": call(plan),
            "actor": {"app_name": "keyfence"},
            "remediation": {"desc": steps(plan)},
            "observables": observables.collect::<Vec<_>>(),
            "unmapped": {"finding_uid": decided.change_key, "decision": decided.decision},
        })
    }

    /// `None` where no rollback is meant.
    fn rollback_state(&self) -> Option<State> {
        let decision = &self.decided.decision;
        let would = |what: &str| decision.reason.starts_with(&format!("observe: would {what}"));
        let (status, disposition, waits, verb) = match decision.action.as_str() {
            "remediate" => ("Pending", (14, "Delayed"), false, "Will roll back"),
            "ask" => ("Awaiting approval", (14, "Delayed"), true, "Asks to roll back"),
            "record" if would("remediate") => {
                ("Not attempted: observe mode", (16, "No Action"), false, "Would roll back")
            }
            "record" if would("ask") => {
                ("Not attempted: observe mode", (16, "No Action"), false, "Would ask to roll back")
            }
            _ => return None,
        };
        Some(State { status, disposition, waits, verb })
    }

    fn is_loud(&self) -> bool {
        matches!(self.decided.decision.action.as_str(), "alert" | "ask" | "remediate")
    }

    fn confidence(&self) -> Enum {
        let any = |verdict: &str| self.difference.gained.iter().any(|g| g.verdict == verdict);
        if self.decided.unknown.is_some() || any("unknown") {
            (1, "Low")
        } else if any("conditional") {
            (2, "Medium")
        } else {
            (3, "High")
        }
    }

    fn event_millis(&self) -> Option<i64> {
        let time = Timestamp::parse(self.decided.event.time.as_deref()?).ok()?;
        let (seconds, nanos) = time.to_unix();
        Some(seconds * 1000 + i64::from(nanos / 1_000_000))
    }

    fn policy(&self) -> Value {
        json!({
            "name": self.decided.decision.mode, "type": "keyfence mode",
            "version": self.decided.versions.config,
        })
    }

    fn metadata(&self, what: &str) -> Value {
        let decided = self.decided;
        json!({
            "version": "1.8.0",
            "profiles": PROFILES,
            "product": {
                "name": "keyfence", "vendor_name": "keyfence", "uid": "keyfence",
                "version": decided.versions.keyfence,
            },
            "uid": format!("{}/{what}", self.record.id),
            "correlation_uid": decided.change_key,
            "original_event_uid": decided.event.id,
            "log_name": "keyfence", "log_provider": "keyfence",
            "tenant_uid": decided.origin.organization,
            "logged_time": self.record.at.millis(),
            "sequence": self.index,
            "is_truncated": (self.difference.gained.len() > MOST).then_some(true),
        })
    }

    fn api(&self) -> Value {
        json!({
            "operation": self.decided.event.name,
            "service": self.decided.origin.service.as_ref().map(|s| json!({"name": s})),
        })
    }

    /// The changed resource, then those to which access changed.
    fn affected(&self) -> Vec<&str> {
        let d = self.difference;
        let gained = d.gained.iter().map(|g| &g.resource);
        let latent = d.latent.iter().map(|l| &l.resource);
        let others = gained.chain(latent).chain(d.lost.iter().map(|l| &l.resource));
        let mut found = vec![self.decided.change.resource.as_str()];
        for resource in others {
            if !found.contains(&resource.as_str()) && found.len() < MOST {
                found.push(resource);
            }
        }
        found
    }

    fn resources(&self) -> Vec<Value> {
        let role = |i: usize| if i == 0 { (1, "Target") } else { (3, "Affected") };
        let with_role = |(i, uid): (usize, &str)| {
            let mut resource = resource(uid);
            resource.insert("role_id".to_owned(), json!(role(i).0));
            resource.insert("role".to_owned(), json!(role(i).1));
            Value::Object(resource)
        };
        self.affected().into_iter().enumerate().map(with_role).collect()
    }

    fn evidences(&self) -> Vec<Value> {
        let event = &self.decided.event;
        let first = json!({
            "name": "audit event", "uid": event.id, "actor": actor(&event.actor), "api": self.api(),
            "src_endpoint": event.actor.address.as_deref().map(endpoint),
        });
        let gained = self.difference.gained.iter().take(MOST - 1).map(|g| {
            json!({
                "name": "access gained",
                "user": user(Some(&g.principal), None),
                "resources": [resource(&g.resource)],
                "data": {
                    "access": g.access, "verdict": g.verdict, "before": g.before,
                    "conditions": g.conditions, "witness": g.witness, "evidence": g.evidence,
                },
            })
        });
        std::iter::once(first).chain(gained).collect()
    }

    fn observables(&self) -> Vec<Value> {
        let one = |name: &str, (id, kind): Enum, value: &str| json!({"name": name, "type_id": id, "type": kind, "value": value});
        let mut found: Vec<Value> = self
            .affected()
            .into_iter()
            .map(|uid| one("resources.uid", (10, "Resource UID"), uid))
            .collect();
        let event = &self.decided.event;
        if let Some(principal) = &event.actor.principal {
            found.push(one("actor.user.uid", (31, "User Object: uid"), principal));
        }
        let address = event.actor.address.as_deref();
        if let Some(ip) = address.filter(|a| a.parse::<IpAddr>().is_ok()) {
            found.push(one("evidences.src_endpoint.ip", (2, "IP Address"), ip));
        }
        let gaining: BTreeSet<&str> =
            self.difference.gained.iter().map(|g| g.principal.as_str()).collect();
        let users =
            gaining.into_iter().map(|p| one("evidences.user.uid", (31, "User Object: uid"), p));
        found.extend(users);
        found.truncate(MOST);
        found
    }
}

fn analytic(finding: &Finding) -> Value {
    json!({
        "uid": finding.rule, "name": finding.title, "type_id": 1, "type": "Rule",
        "version": env!("CARGO_PKG_VERSION"),
    })
}

fn source(cloud: &str) -> &'static str {
    match cloud {
        "aws" => "AWS CloudTrail",
        "azure" => "Azure Activity Log",
        _ => "Google Cloud Audit Logs",
    }
}

fn cloud(cloud: &str, origin: &Origin) -> Value {
    let (provider, kind) = match cloud {
        "aws" => ("AWS", (10, "AWS Account")),
        "azure" => ("Azure", (13, "Azure Subscription")),
        _ => ("GCP", (11, "GCP Project")),
    };
    json!({
        "provider": provider,
        "account": origin.account.as_ref().map(|uid| json!({"uid": uid, "type_id": kind.0, "type": kind.1})),
        "region": origin.region,
        "org": origin.organization.as_ref().filter(|_| cloud != "azure").map(|uid| json!({"uid": uid})),
    })
}

/// The call of a plan of one step.
fn call(plan: &Plan) -> Option<Value> {
    let [step] = plan.steps.as_slice() else { return None };
    // `iam:DetachRolePolicy`, `DELETE Microsoft.Authorization/…`, `storage.buckets.setIamPolicy`.
    let service = match step.call.split_once(' ') {
        Some((_, path)) => path.split('/').next(),
        None => step.call.split(['/', ':', '.']).next(),
    };
    Some(json!({"operation": step.call, "service": service.map(|s| json!({"name": s}))}))
}

fn steps(plan: &Plan) -> String {
    let one = |(i, step): (usize, &crate::record::Step)| {
        format!("{}. {} {} {}", i + 1, step.call, step.target, step.change)
    };
    lines(plan.steps.iter().enumerate().map(one))
}

fn lines(all: impl Iterator<Item = String>) -> String {
    all.collect::<Vec<_>>().join("\n")
}

fn actor(actor: &Actor) -> Option<Value> {
    let named = actor.principal.is_some() || actor.name.is_some();
    let user = named.then(|| user(actor.principal.as_deref(), actor.name.as_deref()));
    (named || actor.via.is_some()).then(|| json!({"user": user, "app_name": actor.via}))
}

fn user(uid: Option<&str>, name: Option<&str>) -> Value {
    let member = uid.and_then(|u| u.split_once(':')).filter(|(kind, _)| *kind != "arn");
    let address = name.or(member.map(|(_, address)| address)).filter(|a| is_address(a));
    let account = uid.filter(|u| u.starts_with("arn:")).and_then(|u| u.split(':').nth(4));
    let account = account.filter(|a| a.len() == 12 && a.bytes().all(|b| b.is_ascii_digit()));
    let (kind, known) = kind_of(uid.unwrap_or_default());
    let everyone = matches!(uid, Some("public" | "any-authenticated"));
    json!({
        "uid": uid,
        "name": name.or(uid.filter(|_| everyone)),
        "email_addr": address,
        "account": account.map(|a| json!({"uid": a, "type_id": 10, "type": "AWS Account"})),
        "type_id": kind.as_ref().map(|_| known),
        "type": kind,
    })
}

/// What a principal is: a caption, with its number; 99 for what OCSF has none for.
fn kind_of(uid: &str) -> (Option<String>, u8) {
    if matches!(uid, "public" | "any-authenticated") {
        return (Some("Everyone".to_owned()), 99);
    }
    let Some((kind, _)) = uid.split_once(':') else { return (None, 0) };
    if kind != "arn" {
        return match kind {
            "user" => (Some("User".to_owned()), 1),
            "serviceAccount" => (Some("Service".to_owned()), 4),
            other => (Some(other.to_owned()), 99),
        };
    }
    let resource = uid.splitn(6, ':').nth(5).unwrap_or_default();
    match resource.split('/').next().unwrap_or_default() {
        "user" => (Some("User".to_owned()), 1),
        "role" => (Some("IAM Role".to_owned()), 99),
        "root" => (Some("AWS Account".to_owned()), 99),
        "" => (None, 0),
        other => (Some(other.to_owned()), 99),
    }
}

/// Whether a text is an e-mail address as OCSF has them.
fn is_address(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    let Some((first, rest)) = host.split_once('.') else { return false };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let local_part = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
    !local.is_empty()
        && !first.is_empty()
        && !rest.is_empty()
        && local.bytes().all(local_part)
        && first.bytes().all(plain)
        && rest.bytes().all(|b| plain(b) || b == b'.')
}

fn endpoint(address: &str) -> Value {
    match address.parse::<IpAddr>() {
        Ok(ip) => json!({"ip": ip.to_string()}),
        // `AWS Internal`, `s3.amazonaws.com`.
        Err(_) => json!({"name": address}),
    }
}

fn resource(uid: &str) -> Map<String, Value> {
    let name = uid.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
    let mut resource = Map::new();
    resource.insert("uid".to_owned(), json!(uid));
    resource.insert("name".to_owned(), json!(name));
    if let Some(kind) = resource_type(uid) {
        resource.insert("type".to_owned(), json!(kind));
    }
    resource
}

fn resource_type(uid: &str) -> Option<String> {
    if uid.starts_with("arn:") {
        let mut parts = uid.splitn(6, ':');
        let (service, resource) = (parts.nth(2)?, parts.nth(2)?);
        let kind = resource.split('/').next()?;
        let known = match (service, kind) {
            ("s3", _) if !resource.contains('/') => "AWS::S3::Bucket",
            ("kms", "key") => "AWS::KMS::Key",
            ("iam", "role") => "AWS::IAM::Role",
            ("iam", "user") => "AWS::IAM::User",
            ("iam", "group") => "AWS::IAM::Group",
            ("iam", "policy") => "AWS::IAM::ManagedPolicy",
            (_, _) => return None,
        };
        return Some(known.to_owned());
    }
    if uid.starts_with("//") {
        let collection = uid.rsplit('/').nth(1)?;
        let known = match collection {
            "buckets" => "storage.googleapis.com/Bucket",
            "projects" => "cloudresourcemanager.googleapis.com/Project",
            "folders" => "cloudresourcemanager.googleapis.com/Folder",
            "organizations" => "cloudresourcemanager.googleapis.com/Organization",
            "cryptoKeys" => "cloudkms.googleapis.com/CryptoKey",
            "serviceAccounts" => "iam.googleapis.com/ServiceAccount",
            _ => return None,
        };
        return Some(known.to_owned());
    }
    // `…/providers/Microsoft.Storage/storageAccounts/a/blobServices/default/containers/c`: the namespace and every type.
    let (_, below) = uid.rsplit_once("/providers/")?;
    let mut parts = below.split('/');
    let namespace = parts.next()?;
    let types: Vec<&str> = parts.step_by(2).collect();
    (!types.is_empty()).then(|| format!("{namespace}/{}", types.join("/")))
}

/// Without what is null or empty: OCSF leaves out what is not known.
fn without_empty(value: Value) -> Value {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    match value {
        Value::Object(object) => {
            let kept = object.into_iter().map(|(k, v)| (k, without_empty(v)));
            Value::Object(kept.filter(|(_, v)| !is_empty(v)).collect())
        }
        Value::Array(list) => {
            Value::Array(list.into_iter().map(without_empty).filter(|v| !is_empty(v)).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_resources() {
        for (uid, kind) in [
            ("arn:aws:s3:::b", Some("AWS::S3::Bucket")),
            ("arn:aws:iam::111122223333:role/x", Some("AWS::IAM::Role")),
            (
                "//storage.googleapis.com/projects/_/buckets/b",
                Some("storage.googleapis.com/Bucket"),
            ),
            (
                "/subscriptions/s/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/a/blobServices/default/containers/c",
                Some("Microsoft.Storage/storageAccounts/blobServices/containers"),
            ),
            ("/subscriptions/s", None),
            ("nothing", None),
        ] {
            assert_eq!(resource_type(uid).as_deref(), kind, "{uid}");
        }
    }

    #[test]
    fn addresses() {
        assert!(is_address("dana@example.com"));
        for text in ["dana", "dana@example", "d a@example.com", "dana@exa mple.com", "@example.com"]
        {
            assert!(!is_address(text), "{text}");
        }
    }
}
