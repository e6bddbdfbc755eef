//! Questions about an estate: `can`, `who-can`, `diff`, `fences`.

use crate::cli::Exit;
use crate::question::{self, Given};
use crate::replay::Format;
use crate::text::{safe, safe_json};
use keyfence_analysis::access::{
    self, Call, Decrypts, Evidence, Explained, Reached, candidates, witness,
};
use keyfence_analysis::diff::{Difference, Question, between};
use keyfence_analysis::estate::Estate;
use keyfence_analysis::fence::{Fence, fences};
use keyfence_analysis::judge::difference_json;
use keyfence_analysis::model::{Access, Formula, Principal, Resource, Verdict};
use serde_json::{Value, json};
use std::io::Write;

/// Names of a list that are shown; the rest is counted. JSON has them all.
const SHOWN: usize = 20;
/// Evidence that is shown per principal. JSON has all of it.
const FEW: usize = 4;

/// `1 principal`, `2 principals`.
fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

fn line(value: &Value, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "{}", safe_json(&value.to_string()))
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
    let (mut explained, request, who, cloud) = match Access::parse(action) {
        Some(access) => {
            if !given.is_empty() {
                return Err(question::of_a_kind(action));
            }
            let found = question::resource(estate, on)?;
            question::fits(access, &found)?;
            let who = question::principal(estate, found.cloud, principal)?;
            let explained = access::explained(estate, &who, access, &found);
            let request = witness(&who, access, &found, &explained.answer.allowed);
            (explained, request, who, found.cloud)
        }
        None => {
            let cloud = question::action(action, on)?;
            let who = question::principal(estate, cloud, principal)?;
            let call = Call {
                principal: who.clone(),
                action: action.into(),
                resource: on.into(),
                context: given.context()?,
                session_policies: given.session_policies()?,
            };
            let request = format!("{who}: {action} {on}");
            (access::can(estate, cloud, &call), request, who, cloud)
        }
    };
    question::doubts(estate, cloud, &who, action, &mut explained);
    match format {
        Format::Json => line(&explained_json(principal, action, on, &explained, &request), out)?,
        Format::Text => explained_text(principal, action, on, &explained, out)?,
    }
    Ok(Exit::Quiet)
}

/// A request is shown where the cloud would allow it.
fn shown(verdict: Verdict, request: &str) -> Option<&str> {
    match verdict {
        Verdict::Yes | Verdict::Conditional => Some(request),
        Verdict::Unknown | Verdict::No => None,
    }
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
        "witness": shown(answer.verdict(), request),
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
        let lock = step.lock.word();
        writeln!(out, "  {title:<9} {lock} lock: {}: {}", safe(&step.looked_at), safe(&step.said))?;
    }
    evidence_text(&explained.evidence, out)
}

fn evidence_text(evidence: &[Evidence], out: &mut dyn Write) -> std::io::Result<()> {
    listed(("  opened by", 12), SHOWN, evidence.iter().map(told).collect(), out)
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
    let resource = question::resource(estate, on)?;
    question::fits(access, &resource)?;
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
        writeln!(
            out,
            "{access}  {}  {}",
            safe(resource.name()),
            counted(found.len(), "principal")
        )?;
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
                listed(("", 4), FEW, reached.evidence.iter().map(told).collect(), out)?;
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
        "witness": shown(reached.answer.verdict(), &witness(principal, access, resource, &reached.answer.allowed)),
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
        Format::Text => difference_text(before, after, &difference, out)?,
    }
    Ok(if difference.is_empty() { Exit::Quiet } else { Exit::Findings })
}

fn difference_text(
    before: &Estate,
    after: &Estate,
    difference: &Difference,
    out: &mut dyn Write,
) -> std::io::Result<()> {
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
        for condition in gain.before.conditions() {
            writeln!(out, "          was if {}", safe(&condition))?;
        }
        for one in gain.evidence.iter().take(FEW) {
            writeln!(out, "          {}", safe(&told(one)))?;
        }
        for step in stopped(before, after, q).iter().take(FEW) {
            let (name, said) = (safe(&step.looked_at), safe(&step.said));
            writeln!(out, "          before, {name}: {said}")?;
        }
    }
    let mut asker = access::Asker::new(after);
    for loss in &difference.lost {
        let q = &loss.question;
        let now = asker.evaluate(&q.principal, q.access, &q.resource);
        let dark = if now.is_dark() { "  dark: the key does not open for the service" } else { "" };
        writeln!(
            out,
            "lost    {}  {}  {}  {}{dark}",
            safe(q.principal.name()),
            q.access,
            safe(q.resource.name()),
            loss.after.verdict()
        )?;
        for condition in loss.after.conditions() {
            writeln!(out, "          left if {}", safe(&condition))?;
        }
        if q.access == Access::KeyAdminister && difference.ungoverned.contains(&q.resource) {
            writeln!(out, "          nobody administers this key any more")?;
        }
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

/// What looked at the question before and does no more: among it the limiter that went.
fn stopped(before: &Estate, after: &Estate, q: &Question) -> Vec<access::Step> {
    let steps = |estate| access::explained(estate, &q.principal, q.access, &q.resource).steps;
    let now = steps(after);
    let mut gone = steps(before);
    let gave = |step: &access::Step| ["allows", "leaves"].iter().any(|g| step.said.starts_with(g));
    gone.retain(|step| !now.contains(step) && !gave(step));
    gone
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
        let of = |kind: Option<bool>| found.iter().filter(|f| f.is_fence() == kind).count();
        write!(out, "{}", counted(found.len(), "protected store"))?;
        write!(out, ", {} of them without a fence", of(Some(false)))?;
        match of(None) {
            0 => writeln!(out)?,
            unknown => writeln!(out, ", {unknown} of them unknown")?,
        }
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
    let block = |title, entries, out: &mut dyn Write| listed((title, 16), SHOWN, entries, out);
    block("  key", fence.keys.iter().map(|k| k.name().to_owned()).collect(), out)?;
    writeln!(out, "  {:<13} {}", "readers", fence.readers.len())?;
    let reader = |(p, verdict): (&Principal, Verdict)| match verdict {
        Verdict::Yes => p.to_string(),
        Verdict::No | Verdict::Unknown | Verdict::Conditional => format!("{p} ({verdict})"),
    };
    block("  without key", fence.without_key().map(reader).collect(), out)?;
    let short =
        fence.one_short.iter().map(|(p, lock)| format!("{p} (the {} lock is closed)", lock.word()));
    block("  one short", short.collect(), out)?;
    block("  dark for", fence.dark_for.iter().map(ToString::to_string).collect(), out)?;
    block(
        "  dark with it",
        fence.shares_keys_with.iter().map(|s| s.name().to_owned()).collect(),
        out,
    )?;
    writeln!(out)
}

/// One entry a line, the first after a title, all of them in one column; of many the rest is counted.
fn listed(
    (title, width): (&str, usize),
    most: usize,
    entries: Vec<String>,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    for (i, entry) in entries.iter().take(most).enumerate() {
        writeln!(out, "{:<width$}{}", if i == 0 { title } else { "" }, safe(entry))?;
    }
    if entries.len() > most {
        writeln!(out, "{:<width$}and {} more", "", entries.len() - most)?;
    }
    Ok(())
}
