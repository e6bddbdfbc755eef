//! Questions about an estate: `can`, `who-can`, `diff`, `fences`.

use crate::cli::Exit;
use crate::replay::Format;
use crate::text::{safe, safe_json};
use anyhow::{Context as _, bail};
use keyfence_analysis::access::{
    self, Call, Context, Decrypts, Evidence, Explained, Reached, candidates, witness,
};
use keyfence_analysis::diff::{Difference, between};
use keyfence_analysis::estate::Estate;
use keyfence_analysis::fence::{Fence, fences};
use keyfence_analysis::judge::difference_json;
use keyfence_analysis::model::aws::Document;
use keyfence_analysis::model::{Access, Formula, Principal, Resource, Verdict};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;

/// Names of a list that are shown; the rest is counted. JSON has them all.
const SHOWN: usize = 20;

fn line(value: &Value, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "{}", safe_json(&value.to_string()))
}

/// A store or key that the estate holds.
fn resource(estate: &Estate, name: &str) -> anyhow::Result<Resource> {
    let Some(wanted) = Resource::parse(name) else {
        bail!(
            "`{name}` is no resource: expected an ARN (`arn:aws:s3:::bucket`), an ARM id (`/subscriptions/…`) or a full resource name (`//storage.googleapis.com/…`)"
        );
    };
    // The estate's own spelling: ARM ids are compared without case, partitions of ARNs do not count in names of buckets.
    let same = |r: &Resource| {
        *r == wanted
            || r.cloud == wanted.cloud
                && r.name().rsplit(":::").next() == wanted.name().rsplit(":::").next()
    };
    access::resources(estate).find(same).with_context(|| {
        format!("`{name}` is not in the estate: check its spelling, or add the file that lists it")
    })
}

/// What a request carries beside who, what and where.
#[derive(Debug, Default)]
pub struct Given {
    /// `key=value`, as often as there are values.
    pub context: Vec<String>,
    /// Whether there is nothing else.
    pub closed: bool,
    /// Session policies, as JSON.
    pub session_policies: Vec<String>,
}

impl Given {
    fn context(&self) -> anyhow::Result<Context> {
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for pair in &self.context {
            let (key, value) = pair.split_once('=').with_context(|| {
                format!("`{pair}`: expected `key=value`, such as `aws:SourceIp=10.1.2.3`")
            })?;
            values.entry(key.to_owned()).or_default().push(value.to_owned());
        }
        Ok(if self.closed { Context::closed(values) } else { Context::open(values) })
    }

    fn session_policies(&self) -> anyhow::Result<Vec<Document>> {
        let read = |text: &String| -> anyhow::Result<Document> {
            Document::parse(&serde_json::from_str(text).context("a session policy is not JSON")?)
                .context("a session policy cannot be used")
        };
        self.session_policies.iter().map(read).collect()
    }
}

/// `can PRINCIPAL ACTION RESOURCE`: one request, explained.
///
/// # Errors
/// When the resource or action is none, the context cannot be read, or nothing can be written.
pub fn can(
    estate: &Estate,
    (principal, action, on): (&str, &str, &str),
    given: &Given,
    format: Format,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let who = Principal::named(principal);
    let (explained, request) = match Access::parse(action) {
        Some(access) => {
            if !given.context.is_empty() || given.closed || !given.session_policies.is_empty() {
                bail!(
                    "`{action}` is a kind of access, not one request: name an action of the cloud, such as `s3:GetObject`, to give a context"
                );
            }
            let found = resource(estate, on)?;
            let explained = access::explained(estate, &who, access, &found);
            (explained, witness(&who, access, &found))
        }
        None => {
            let cloud = Resource::parse(on)
                .with_context(|| format!("`{on}` is no resource of AWS, Azure or Google Cloud"))?
                .cloud;
            if !action.contains([':', '.', '/']) {
                bail!(
                    "`{action}` is neither a kind of access ({}) nor an action of a cloud",
                    words()
                );
            }
            let call = Call {
                principal: who.clone(),
                action: action.into(),
                resource: on.into(),
                context: given.context()?,
                session_policies: given.session_policies()?,
            };
            (access::can(estate, cloud, &call), format!("{who}: {action} {on}"))
        }
    };
    match format {
        Format::Json => line(&explained_json(principal, action, on, &explained, &request), out)?,
        Format::Text => explained_text(principal, action, on, &explained, out)?,
    }
    Ok(Exit::Quiet)
}

fn words() -> String {
    Access::ALL.map(Access::word).join(", ")
}

fn lock_json(lock: &Formula) -> Value {
    json!({"verdict": lock.verdict(), "conditions": lock.conditions()})
}

fn explained_json(
    principal: &str,
    action: &str,
    on: &str,
    explained: &Explained,
    request: &str,
) -> Value {
    let answer = &explained.answer;
    json!({
        "principal": principal,
        "action": action,
        "resource": on,
        "verdict": answer.verdict(),
        "conditions": answer.allowed.conditions(),
        "storage": lock_json(&answer.storage),
        "key": answer.key.as_ref().map(lock_json),
        "steps": explained.steps,
        "evidence": explained.evidence,
        "witness": (!answer.allowed.is_never()).then_some(request),
    })
}

fn explained_text(
    principal: &str,
    action: &str,
    on: &str,
    explained: &Explained,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let answer = &explained.answer;
    writeln!(out, "{}  {}  {}", safe(principal), safe(action), safe(on))?;
    writeln!(out, "  {:<9} {}", "verdict", answer.verdict())?;
    for condition in answer.allowed.conditions() {
        writeln!(out, "  {:<9} {}", "if", safe(&condition))?;
    }
    if let Some(key) = &answer.key {
        writeln!(out, "  {:<9} {}", "storage", answer.storage.verdict())?;
        writeln!(out, "  {:<9} {}", "key", key.verdict())?;
    }
    for (i, step) in explained.steps.iter().enumerate() {
        let title = if i == 0 { "looked at" } else { "" };
        writeln!(out, "  {title:<9} {}: {}", safe(&step.looked_at), safe(&step.said))?;
    }
    evidence_text(&explained.evidence, out)
}

fn evidence_text(evidence: &[Evidence], out: &mut dyn Write) -> std::io::Result<()> {
    for (i, one) in evidence.iter().take(SHOWN).enumerate() {
        let title = if i == 0 { "opened by" } else { "" };
        writeln!(out, "  {title:<9} {}", safe(&told(one)))?;
    }
    Ok(())
}

fn told(evidence: &Evidence) -> String {
    let via: Vec<&str> = evidence.via.iter().map(|step| &**step).collect();
    let via = if via.is_empty() { String::new() } else { format!("as {}: ", via.join(" -> ")) };
    format!("{} lock: {via}{}", evidence.lock.word(), evidence.grant)
}

/// `who-can ACCESS RESOURCE`: principals with their paths.
///
/// # Errors
/// When the resource is none of the estate, or nothing can be written.
pub fn who_can(
    estate: &Estate,
    access: Access,
    on: &str,
    format: Format,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let resource = resource(estate, on)?;
    let mut asker = access::Asker::new(estate);
    let mut found: Vec<(Principal, Reached)> = Vec::new();
    for principal in candidates(estate, &resource) {
        if !asker.evaluate(&principal, access, &resource).allowed.is_never() {
            let reached = access::reached(estate, &principal, access, &resource);
            found.push((principal, reached));
        }
    }
    // Who has it for sure comes first, then the shorter way.
    found.sort_by(|(p, a), (q, b)| {
        let place = |r: &Reached| (std::cmp::Reverse(r.answer.verdict()), r.steps);
        place(a).cmp(&place(b)).then_with(|| p.cmp(q))
    });
    if format == Format::Text {
        writeln!(out, "{access}  {}  {} principals", safe(resource.name()), found.len())?;
    }
    for (principal, reached) in &found {
        match format {
            Format::Json => line(&who_json(principal, access, &resource, reached), out)?,
            Format::Text => {
                let verdict = reached.answer.verdict();
                writeln!(
                    out,
                    "\n  {verdict:<11} {}  {}",
                    safe(principal.name()),
                    steps(reached.steps)
                )?;
                for condition in reached.answer.allowed.conditions() {
                    writeln!(out, "    {:<9} {}", "if", safe(&condition))?;
                }
                for one in reached.evidence.iter().take(4) {
                    writeln!(out, "    {}", safe(&told(one)))?;
                }
            }
        }
    }
    Ok(Exit::Quiet)
}

fn steps(steps: usize) -> String {
    match steps {
        0 => "direct".to_owned(),
        1 => "indirect, 1 step".to_owned(),
        many => format!("indirect, {many} steps"),
    }
}

fn who_json(
    principal: &Principal,
    access: Access,
    resource: &Resource,
    reached: &Reached,
) -> Value {
    json!({
        "principal": principal,
        "access": access,
        "resource": resource,
        "verdict": reached.answer.verdict(),
        "conditions": reached.answer.allowed.conditions(),
        "direct": reached.steps == 0,
        "steps": reached.steps,
        "evidence": reached.evidence,
        "witness": witness(principal, access, resource),
    })
}

/// `diff BEFORE AFTER`: access gained and lost.
///
/// # Errors
/// When nothing can be written.
pub fn diff(
    before: &Estate,
    after: &Estate,
    format: Format,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let difference = between(before, after);
    match format {
        Format::Json => line(&difference_json(&difference), out)?,
        Format::Text => difference_text(&difference, out)?,
    }
    Ok(if difference.is_empty() { Exit::Quiet } else { Exit::Findings })
}

fn difference_text(difference: &Difference, out: &mut dyn Write) -> std::io::Result<()> {
    for gain in &difference.gained {
        let q = &gain.question;
        let was = if gain.before.is_never() {
            String::new()
        } else {
            format!(" (was {})", gain.before.verdict())
        };
        writeln!(
            out,
            "gained  {}  {}  {}  {}{was}",
            safe(q.principal.name()),
            q.access,
            safe(q.resource.name()),
            gain.after.verdict()
        )?;
        for condition in gain.after.conditions() {
            writeln!(out, "          if {}", safe(&condition))?;
        }
        for one in gain.evidence.iter().take(4) {
            writeln!(out, "          {}", safe(&told(one)))?;
        }
    }
    for loss in &difference.lost {
        let q = &loss.question;
        writeln!(
            out,
            "lost    {}  {}  {}  {}",
            safe(q.principal.name()),
            q.access,
            safe(q.resource.name()),
            loss.after.verdict()
        )?;
    }
    for latent in &difference.latent {
        let q = &latent.question;
        writeln!(
            out,
            "latent  {}  {}  {}  only the {} lock is closed",
            safe(q.principal.name()),
            q.access,
            safe(q.resource.name()),
            latent.missing.word()
        )?;
    }
    if difference.is_empty() {
        writeln!(out, "no difference in access")?;
    }
    Ok(())
}

/// `fences`: per protected store, is its key a fence?
///
/// # Errors
/// When nothing can be written.
pub fn show_fences(estate: &Estate, format: Format, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let found = fences(estate);
    for fence in &found {
        match format {
            Format::Json => line(&fence.to_json(), out)?,
            Format::Text => fence_text(fence, out)?,
        }
    }
    if format == Format::Text {
        let no_fence = found.iter().filter(|f| !f.is_fence()).count();
        writeln!(out, "{} protected stores, {no_fence} of them without a fence", found.len())?;
    }
    Ok(Exit::Quiet)
}

fn fence_text(fence: &Fence, out: &mut dyn Write) -> std::io::Result<()> {
    let what = match &fence.decrypts {
        Decrypts::AsCaller => "the key is a fence: the caller decrypts".to_owned(),
        Decrypts::AsService(identity) => {
            format!("the key is no fence: {identity} decrypts for everybody")
        }
        Decrypts::ProviderKey => {
            "the key is no fence: new objects are under the provider's key".to_owned()
        }
        Decrypts::Unknown => "whether the key is a fence cannot be told from the estate".to_owned(),
    };
    writeln!(out, "{}", safe(fence.store.name()))?;
    writeln!(out, "  {:<13} {}", "fence", safe(&what))?;
    listed("key", fence.keys.iter().map(|k| k.name().to_owned()).collect(), out)?;
    writeln!(out, "  {:<13} {}", "readers", fence.readers.len())?;
    let reader = |(p, verdict): (&Principal, Verdict)| match verdict {
        Verdict::Yes => p.to_string(),
        Verdict::No | Verdict::Unknown | Verdict::Conditional => format!("{p} ({verdict})"),
    };
    listed("without key", fence.without_key().map(reader).collect(), out)?;
    let short =
        fence.one_short.iter().map(|(p, lock)| format!("{p} (the {} lock is closed)", lock.word()));
    listed("one short", short.collect(), out)?;
    listed(
        "dark with it",
        fence.shares_keys_with.iter().map(|s| s.name().to_owned()).collect(),
        out,
    )?;
    writeln!(out)
}

fn listed(title: &str, entries: Vec<String>, out: &mut dyn Write) -> std::io::Result<()> {
    for (i, entry) in entries.iter().take(SHOWN).enumerate() {
        writeln!(out, "  {:<13} {}", if i == 0 { title } else { "" }, safe(entry))?;
    }
    if entries.len() > SHOWN {
        writeln!(out, "  {:<13} and {} more", "", entries.len() - SHOWN)?;
    }
    Ok(())
}
