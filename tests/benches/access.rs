//! How long the access engine takes on generated estates: loading, the whole matrix, one change, who-can, single evaluations.
//!
//! `cargo bench -p keyfence-tests --bench access -- [aws|azure|gcp|all] [SIZE]`; SIZE is a factor of the default size (10,000
//! principals, 1,000 buckets and 1,000 keys in AWS). Figures are printed, not asserted: a machine that is busy is no defect.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark may fail, and prints"
)]

use keyfence_analysis::access::{Asker, Matrix, candidates, resources};
use keyfence_analysis::change::{AwsEdit, AzureEdit, Edit, GcpEdit, IamRef, PrincipalEdit};
use keyfence_analysis::estate::{Estate, Files};
use keyfence_analysis::model::aws::{Document, IamKind};
use keyfence_analysis::model::gcp::{Binding, PolicyDelta};
use keyfence_analysis::model::{Access, Principal, Resource, ResourceKind};
use keyfence_estates::Size;
use serde_json::json;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

const SEED: u64 = 7;

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let cloud = arguments.first().map_or("all", String::as_str);
    let size: f64 = arguments.get(1).map_or(1.0, |s| s.parse().unwrap());
    let size = Size::default().scale(size);
    type Generate = fn(&Size, u64) -> BTreeMap<String, Vec<u8>>;
    let clouds: [(&str, Generate); 3] = [
        ("aws", |s, seed| keyfence_estates::aws(s, seed)),
        ("azure", |s, seed| keyfence_estates::azure(s, seed)),
        ("gcp", |s, seed| keyfence_estates::gcp(s, seed)),
    ];
    for (name, generate) in clouds {
        if cloud == "all" || cloud == name {
            measure(name, generate(&size, SEED));
        }
    }
}

fn measure(cloud: &str, content: BTreeMap<String, Vec<u8>>) {
    let bytes: usize = content.values().map(Vec::len).sum();
    let mut files = Files::new();
    for (path, content) in content {
        files.insert(path, content);
    }
    let (mut estate, loading) = timed(|| Estate::load(&files).unwrap());
    println!("{cloud}: {} MB of estate", bytes / 1_000_000);
    println!("  loading              {}", shown(loading));
    let (mut matrix, building) = timed(|| Matrix::build(&estate));
    let (yes, open) = matrix.counts();
    println!(
        "  whole matrix         {}  ({} questions, {yes} yes, {open} open)",
        shown(building),
        matrix.questions()
    );
    println!("  memory               {} MB at most so far", peak());
    who_can(&estate);
    pairs(&estate);
    let (narrow, wide) = edits(cloud, &estate);
    let mut times = Vec::new();
    let asked = matrix.questions();
    for edit in &narrow {
        let (_, took) = timed(|| matrix.apply(&mut estate, edit));
        times.push(took);
    }
    times.sort();
    if !times.is_empty() {
        println!(
            "  narrow change        median {}  p99 {}  ({} changes, {} questions each)",
            shown(times[times.len() / 2]),
            shown(times[times.len() * 99 / 100]),
            times.len(),
            (matrix.questions() - asked) / times.len(),
        );
    }
    for (what, edit) in wide {
        let asked = matrix.questions();
        let (changed, took) = timed(|| matrix.apply(&mut estate, &edit));
        println!(
            "  wide change          {}  ({what}: {} questions, {} answers changed)",
            shown(took),
            matrix.questions() - asked,
            changed.len()
        );
    }
    println!("  memory               {} MB at most", peak());
}

/// Everybody who reads, for the store with the most candidates among some.
fn who_can(estate: &Estate) {
    let stores = resources(estate).filter(|r| r.kind == ResourceKind::Store).take(50);
    let store = stores.max_by_key(|s| candidates(estate, s).len()).unwrap();
    let (readers, took) = timed(|| {
        let mut asker = Asker::new(estate);
        let all = candidates(estate, &store);
        all.iter().filter(|p| !asker.evaluate(p, Access::Read, &store).allowed.is_never()).count()
    });
    println!(
        "  who-can read         {}  ({readers} readers of {} candidates)",
        shown(took),
        candidates(estate, &store).len()
    );
}

/// Reading of a store: in AWS, GetObject and Decrypt.
fn pairs(estate: &Estate) {
    let mut questions: Vec<(Principal, Resource)> = Vec::new();
    for store in resources(estate).filter(|r| r.kind == ResourceKind::Store).step_by(7).take(100) {
        questions
            .extend(candidates(estate, &store).into_iter().step_by(3).map(|p| (p, store.clone())));
    }
    let mut asker = Asker::new(estate);
    let (_, took) = timed(|| {
        for (principal, store) in &questions {
            black_box(asker.evaluate(principal, Access::Read, store));
        }
    });
    let a_second = questions.len() as f64 / took.as_secs_f64();
    println!("  single evaluations   {a_second:.0} a second  ({} asked)", questions.len());
}

/// Narrow changes, and wide ones with what they are.
fn edits(cloud: &str, estate: &Estate) -> (Vec<Edit>, Vec<(&'static str, Edit)>) {
    match cloud {
        "aws" => aws_edits(estate),
        "azure" => azure_edits(estate),
        _ => gcp_edits(estate),
    }
}

fn aws_edits(estate: &Estate) -> (Vec<Edit>, Vec<(&'static str, Edit)>) {
    let roles = estate.aws.accounts.iter().flat_map(|(account, state)| {
        state
            .principals
            .keys()
            .filter(|(kind, _)| *kind == IamKind::Role)
            .map(move |(_, name)| (account, name))
    });
    let mut narrow = Vec::new();
    for (account, name) in roles.step_by(37).take(200) {
        let Some(bucket) = estate.aws.buckets_in(account).next() else { continue };
        let document = Document::parse(&json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{bucket}/*")},
        ]}));
        let who = IamRef { account: account.clone(), kind: IamKind::Role, name: name.clone() };
        let edit =
            PrincipalEdit::Inline { name: "bench".into(), document: Some(document.unwrap()) };
        narrow.push(Edit::Aws(AwsEdit::Principal(who, edit)));
    }
    let mut wide = Vec::new();
    let organization = estate.aws.organization.as_ref().unwrap();
    if let Some((id, policy)) = organization.policies.iter().find(|(_, p)| {
        p.kind == keyfence_analysis::estate::aws::OrganizationPolicyKind::Service
            && p.targets.iter().any(|t| t.starts_with("ou-"))
    }) {
        let target = policy.targets.iter().next().unwrap().clone();
        wide.push((
            "a service control policy detached from a unit",
            Edit::Aws(AwsEdit::OrganizationAttachment {
                policy: id.clone(),
                target,
                attached: false,
            }),
        ));
    }
    let most = estate
        .aws
        .accounts
        .values()
        .flat_map(|a| a.policies.keys())
        .max_by_key(|p| estate.aws.holders_of(p).count());
    if let Some(policy) = most {
        let document = Document::parse(&json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["s3:*", "kms:*"], "Resource": "*"},
        ]}));
        let edit = keyfence_analysis::change::PolicyEdit::DefaultVersion {
            version: "v99".into(),
            document: Some(document.unwrap()),
        };
        wide.push((
            "the most attached policy allows everything",
            Edit::Aws(AwsEdit::Policy(policy.clone(), edit)),
        ));
    }
    (narrow, wide)
}

fn azure_edits(estate: &Estate) -> (Vec<Edit>, Vec<(&'static str, Edit)>) {
    let inside =
        estate.azure.assignments.values().filter(|a| a.scope.ancestor("containers").is_some());
    let removed = |a: &keyfence_analysis::model::azure::RoleAssignment| {
        Edit::Azure(AzureEdit::Assignment { id: a.id.clone(), state: None })
    };
    let narrow = inside.take(100).map(removed).collect();
    let high =
        estate.azure.assignments.values().find(|a| a.scope.as_str().contains("managementGroups"));
    (
        narrow,
        high.map(|a| ("an assignment at a management group removed", removed(a)))
            .into_iter()
            .collect(),
    )
}

fn gcp_edits(estate: &Estate) -> (Vec<Edit>, Vec<(&'static str, Edit)>) {
    let bind = |resource: &keyfence_analysis::model::gcp::FullName| {
        let binding = Binding {
            role: "roles/storage.objectViewer".into(),
            member: "user:bench@example.com".into(),
            condition: None,
        };
        let delta = PolicyDelta { added: [binding].into(), removed: [].into() };
        Edit::Gcp(GcpEdit::Delta { resource: resource.clone(), delta })
    };
    let buckets = estate.gcp.of_kind(keyfence_analysis::model::gcp::AssetKind::Bucket);
    let narrow = buckets.step_by(11).take(150).map(|b| bind(&b.name)).collect();
    let organization =
        estate.gcp.of_kind(keyfence_analysis::model::gcp::AssetKind::Organization).next();
    (
        narrow,
        organization
            .map(|o| ("a binding at the organisation", bind(&o.name)))
            .into_iter()
            .collect(),
    )
}

fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = run();
    (result, start.elapsed())
}

fn shown(duration: Duration) -> String {
    let micros = duration.as_secs_f64() * 1e6;
    match micros {
        m if m < 1_000.0 => format!("{m:>8.1} µs"),
        m if m < 1_000_000.0 => format!("{:>8.2} ms", m / 1e3),
        m => format!("{:>8.2} s ", m / 1e6),
    }
}

/// The largest resident size so far, in MB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().trim_end_matches(" kB").trim().parse::<u64>().ok()).unwrap_or(0)
        / 1_000
}
