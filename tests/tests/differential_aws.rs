//! The engine against two other opinions, on random estates and requests: the literal reference in `tests/reference`, and
//! iam-simulate, a simulator that other people wrote (`tests/iam-simulate/README.md`).
//!
//! A seed names a case for ever, so that a failure can be looked at again. With a complete estate and a closed context
//! every verdict must be *yes* or *no*, and the reference's. What is printed is the smallest part of the estate and the
//! request on which the two still differ.

#![expect(
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "helpers of tests may fail like tests, and tell when a tool is absent"
)]

use example::{example, facts, parts_of};
use keyfence_analysis::access::{Call, Context, can};
use keyfence_analysis::estate::{Estate as Loaded, Files};
use keyfence_analysis::model::aws::Document;
use keyfence_analysis::model::{Cloud, Formula, Principal, Verdict};
use keyfence_reference::aws::generate::{self, Options};
use keyfence_reference::aws::{self, Decision, Estate, Request};
use keyfence_reference::shrink;
use keyfence_tests::cases;
use serde_json::{Value, json};
use simulation::{questions, simulation};
use simulator::Simulator;
use std::collections::BTreeMap;
use std::sync::OnceLock;

#[path = "differential_aws/example.rs"]
mod example;
#[path = "differential_aws/known.rs"]
mod known;
#[path = "differential_aws/simulation.rs"]
mod simulation;
#[path = "differential_aws/simulator.rs"]
mod simulator;

/// Simulations given to iam-simulate.
const SIMULATIONS: usize = 10_000;
/// Disagreements that are made small and shown.
const SHOWN: usize = 5;

// --- the engine

/// The engine's verdicts on one request.
#[derive(Debug, Clone)]
struct Verdicts {
    allowed: Verdict,
    storage: Verdict,
    key: Option<Verdict>,
    /// What is left open.
    open: Vec<String>,
}

fn loaded(estate: &Estate) -> Result<Loaded, String> {
    let mut files = Files::new();
    for (path, content) in estate {
        files.insert(path.as_str(), content.to_string());
    }
    Loaded::load(&files).map_err(|errors| format!("{errors:?}"))
}

fn engine(estate: &Loaded, request: &Request) -> Result<Verdicts, String> {
    let parsed = request.session_policies.iter().map(Document::parse);
    let call = Call {
        principal: Principal::named(&request.principal),
        action: request.action.as_str().into(),
        resource: request.resource.as_str().into(),
        context: Context::closed(request.context.clone()),
        session_policies: parsed.collect::<Result<_, _>>().map_err(|e| e.to_string())?,
    };
    let answer = can(estate, Cloud::Aws, &call).answer;
    Ok(Verdicts {
        allowed: answer.allowed.verdict(),
        storage: answer.storage.verdict(),
        key: answer.key.as_ref().map(Formula::verdict),
        open: answer.allowed.conditions(),
    })
}

// --- engine against reference

/// What each side says of one part of a request, when they do not say the same; the parts one after the other.
fn differences(estate: &Loaded, files: &Estate, request: &Request) -> Result<Vec<String>, String> {
    let said = engine(estate, request)?;
    let expected = aws::answer(files, request);
    let parts = [
        ("storage", expected.storage, Some(said.storage)),
        ("key", expected.key, said.key),
        ("allowed", Some(expected.allowed), Some(said.allowed)),
    ];
    let differ = |(part, expected, said): (&str, Option<Decision>, Option<Verdict>)| {
        let (expected, said) = (expected?, said?);
        let same = match expected {
            Decision::Allowed => said == Verdict::Yes,
            Decision::Denied => said == Verdict::No,
            Decision::Undocumented => true,
        };
        (!same).then(|| format!("{part}: the reference says {expected:?}, the engine {said}"))
    };
    Ok(parts.into_iter().filter_map(differ).collect())
}

/// The smallest part of an example on which the first difference is still there. Where the engine does not know, only
/// policies and the request are made smaller: with facts taken away it would rightly not know.
fn smallest(estate: &Estate, request: &Request, first: &str) -> Value {
    let whole = example(estate, request);
    let facts = facts(&whole);
    let unknown = first.ends_with("unknown") || first.ends_with("conditional");
    shrink(whole, |candidate| {
        (!unknown || self::facts(candidate) == facts)
            && parts_of(candidate).is_some_and(|(estate, request)| {
                loaded(&estate)
                    .and_then(|l| differences(&l, &estate, &request))
                    .is_ok_and(|found| found.first().is_some_and(|f| f == first))
            })
    })
}

#[test]
fn the_engine_says_what_the_reference_says() {
    let options = Options::default();
    let mut shown: BTreeMap<String, String> = BTreeMap::new();
    let (mut wrong, mut seen) = (0, BTreeMap::new());
    let cases = cases();
    for seed in 0..cases.div_ceil(u64::try_from(options.requests).unwrap()) {
        let case = generate::case(seed, &options);
        let estate = loaded(&case.estate).unwrap();
        for request in &case.requests {
            *seen
                .entry(format!("{:?}", aws::answer(&case.estate, request).allowed))
                .or_insert(0) += 1;
            let found = differences(&estate, &case.estate, request).unwrap();
            let Some(first) = found.first() else { continue };
            wrong += 1;
            if shown.len() < SHOWN && !shown.contains_key(first) {
                let open = engine(&estate, request).unwrap().open;
                let small = smallest(&case.estate, request, first);
                let text = format!("seed {seed}: {found:?} {open:?}\n{small:#}");
                shown.insert(first.clone(), text);
            }
        }
    }
    let shown: Vec<String> = shown.into_values().collect();
    assert!(wrong == 0, "{wrong} of {cases} requests differ ({seen:?})\n{}", shown.join("\n\n"));
    assert_is_mixed(&seen);
}

/// Cases that are nearly all refused would show nothing.
#[track_caller]
fn assert_is_mixed(seen: &BTreeMap<String, usize>) {
    let all: usize = seen.values().sum();
    let allowed = seen.get("Allowed").copied().unwrap_or_default();
    let undocumented = seen.get("Undocumented").copied().unwrap_or_default();
    assert!((all / 5..all * 4 / 5).contains(&allowed), "{seen:?}");
    assert!(undocumented * 20 < all, "{seen:?}");
}

// --- iam-simulate against reference and engine

/// What iam-simulate said of one part of a request.
struct Simulated {
    seed: u64,
    request: usize,
    part: &'static str,
    allowed: bool,
    /// What it and the reference say, when that is not the same.
    difference: Option<String>,
    /// The class of the difference, when it is known.
    class: Option<&'static str>,
}

fn options_for_simulator() -> Options {
    Options { beyond_policies: false, invented_keys: false, ..Options::default() }
}

/// What iam-simulate says of one request, part by part.
fn simulated(
    simulator: &mut Simulator,
    estate: &Estate,
    request: &Request,
) -> Vec<(&'static str, bool, Option<String>, Option<&'static str>)> {
    let answered = questions(estate, request).into_iter().map(|asked| {
        let simulation = simulation(&asked.question, &asked.policies);
        let answer = simulator.ask(&simulation);
        let Some(said) = answer["result"].as_str() else {
            return (asked.part, false, Some(format!("{}: {answer}", asked.part)), None);
        };
        assert_eq!(answer["ignored"], json!([]), "{simulation:#}");
        let allowed = said == "Allowed";
        if allowed == (asked.expected == Decision::Allowed) {
            return (asked.part, allowed, None, None);
        }
        let words =
            format!("{}: the reference says {:?}, iam-simulate {said}", asked.part, asked.expected);
        let class = known::class(simulator, &asked, &simulation);
        (asked.part, allowed, Some(words), class)
    });
    answered.collect()
}

/// All that iam-simulate was asked, once for all tests; none when it is absent. It knows one session policy.
fn simulations() -> Option<&'static [Simulated]> {
    static SIMULATIONS_DONE: OnceLock<Option<Vec<Simulated>>> = OnceLock::new();
    let done = SIMULATIONS_DONE.get_or_init(|| {
        let mut simulator = Simulator::start(&simulator::installed()?);
        let mut done = Vec::new();
        for seed in 0.. {
            if done.len() >= SIMULATIONS {
                break;
            }
            let case = generate::case(seed, &options_for_simulator());
            for (index, request) in case.requests.iter().enumerate() {
                if request.session_policies.len() > 1 {
                    continue;
                }
                let parts = simulated(&mut simulator, &case.estate, request);
                done.extend(parts.into_iter().map(|(part, allowed, difference, class)| {
                    Simulated { seed, request: index, part, allowed, difference, class }
                }));
            }
        }
        Some(done)
    });
    done.as_deref()
}

#[test]
fn iam_simulate_says_what_the_reference_says() {
    let Some(done) = simulations() else { return };
    let mut known = BTreeMap::new();
    for class in done.iter().filter_map(|s| s.class) {
        *known.entry(class).or_insert(0) += 1;
    }
    eprintln!("{} simulations; known disagreements with iam-simulate: {known:?}", done.len());
    let unknown = || done.iter().filter(|s| s.class.is_none() && s.difference.is_some());
    if unknown().next().is_none() {
        return;
    }
    let mut simulator = Simulator::start(&simulator::installed().unwrap());
    let shown: Vec<String> =
        unknown().take(SHOWN).map(|s| smallest_simulated(&mut simulator, s)).collect();
    panic!("{} of {} simulations differ\n{}", unknown().count(), done.len(), shown.join("\n\n"));
}

fn smallest_simulated(simulator: &mut Simulator, simulation: &Simulated) -> String {
    let case = generate::case(simulation.seed, &options_for_simulator());
    let words = simulation.difference.clone().unwrap();
    let small = shrink(example(&case.estate, &case.requests[simulation.request]), |candidate| {
        parts_of(candidate).is_some_and(|(estate, request)| {
            let found = simulated(simulator, &estate, &request);
            found.iter().any(|(_, _, w, class)| w.as_ref() == Some(&words) && class.is_none())
        })
    });
    format!("seed {}: {words}\n{small:#}", simulation.seed)
}

/// Where iam-simulate and the reference agree, the engine agrees with them.
#[test]
fn the_engine_says_what_iam_simulate_says() {
    let Some(done) = simulations() else { return };
    let mut wrong = Vec::new();
    for of_case in done.chunk_by(|a, b| a.seed == b.seed) {
        let case = generate::case(of_case[0].seed, &options_for_simulator());
        let estate = loaded(&case.estate).unwrap();
        for simulation in of_case.iter().filter(|s| s.difference.is_none()) {
            let request = &case.requests[simulation.request];
            wrong.extend(engine_differs(&case.estate, &estate, request, simulation));
        }
    }
    let shown: Vec<&str> = wrong.iter().take(SHOWN).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} of {} differ\n{}", wrong.len(), done.len(), shown.join("\n\n"));
}

fn engine_differs(
    files: &Estate,
    estate: &Loaded,
    request: &Request,
    simulation: &Simulated,
) -> Option<String> {
    let said = engine(estate, request).unwrap();
    let said = match simulation.part {
        "storage" => said.storage,
        _ if request.action.starts_with("kms:") => said.allowed,
        _ => said.key?,
    };
    // That a key is disabled is no matter of policies: iam-simulate does not know it.
    let disabled = simulation.part == "key"
        && simulation.allowed
        && aws::answer(files, request).key == Some(Decision::Denied);
    let expected = if simulation.allowed { Verdict::Yes } else { Verdict::No };
    (said != expected && !disabled).then(|| {
        let (seed, part) = (simulation.seed, simulation.part);
        format!(
            "seed {seed} ({part}): iam-simulate says {expected}, the engine {said}\n{:#}",
            request.to_json()
        )
    })
}

#[test]
fn every_known_disagreement_is_explained() {
    let page =
        std::fs::read_to_string(keyfence_tests::own("iam-simulate/disagreements.md")).unwrap();
    let headings: Vec<&str> = page.lines().filter_map(|l| l.strip_prefix("## ")).collect();
    let classes: Vec<&str> = known::KNOWN.iter().map(|(class, _)| *class).collect();
    assert_eq!(headings, classes);
}
