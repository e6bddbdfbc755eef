//! Azure's engine against a slow, literal second reading of the same pages (`keyfence_reference::azure`), on random tenants.
//!
//! A concrete request with all its attributes must be decided as the reference decides it. The coarse question, which the
//! product asks, must cover the concrete ones: *yes* means that all sampled requests are allowed, *no* that none is. What the
//! vendor's words leave open is not compared. On a disagreement the test prints the smallest tenant that shows it.

mod differential;

use differential::{Report, agree};
use keyfence_analysis::access::{self, Call, Context, can};
use keyfence_analysis::estate::Estate;
use keyfence_analysis::model::{Access, Cloud, Formula, Principal, Resource, Verdict};
use keyfence_reference::answer::Answer;
use keyfence_reference::azure::generate::{case, container};
use keyfence_reference::azure::{Request, decide};
use keyfence_tests::{Sources, cases, load};
use std::collections::BTreeSet;

/// What the engine says of one concrete request.
fn engine(estate: &Estate, request: &Request) -> Verdict {
    formula(estate, request).verdict()
}

/// The same, with the reasons that stay open.
fn formula(estate: &Estate, request: &Request) -> Formula {
    let call = Call {
        principal: Principal::named(&request.principal),
        action: request.action.as_str().into(),
        resource: request.resource.as_str().into(),
        context: Context::closed(request.attributes.clone()),
        session_policies: Vec::new(),
    };
    can(estate, Cloud::Azure, &call).answer.allowed
}

#[test]
fn concrete_requests_are_decided_as_the_pages_say() {
    let mut report = Report::default();
    for seed in 0..cases() {
        let case = case(seed);
        let Some(estate) = load(&case.estate) else { panic!("seed {seed}: does not load") };
        for request in &case.requests {
            let reference = decide(&case.estate, request);
            report.compare(reference);
            let verdict = engine(&estate, request);
            if agree(verdict, reference) {
                continue;
            }
            let kind = format!("{}: engine {verdict}, reference {reference:?}", request.action);
            let still = |smaller: &Sources| {
                load(smaller).is_some_and(|e| engine(&e, request) == verdict)
                    && decide(smaller, request) == reference
            };
            let open = formula(&estate, request);
            let what = format!("seed {seed}: {request:#?}\nengine: {open}");
            report.add(kind, &what, &case.estate, &still);
        }
    }
    assert!(report.allowed * 10 > report.compared, "few requests are allowed");
    assert!(report.allowed * 10 < report.compared * 9, "few requests are refused");
    report.finish("concrete requests");
}

#[test]
fn the_coarse_question_covers_the_concrete_ones() {
    let mut report = Report::default();
    for seed in 0..cases() {
        let case = case(seed);
        let Some(estate) = load(&case.estate) else { panic!("seed {seed}: does not load") };
        let who: BTreeSet<&String> = case.requests.iter().take(3).map(|r| &r.principal).collect();
        for (principal, name) in who.into_iter().flat_map(|p| [(p, "reports"), (p, "payroll")]) {
            let verdict = read(&estate, principal, name);
            let against = match verdict {
                Verdict::Yes => Answer::Refused,
                Verdict::No => Answer::Allowed,
                Verdict::Conditional | Verdict::Unknown => continue,
            };
            for request in reads(&case.requests, principal, name) {
                let reference = decide(&case.estate, &request);
                report.compare(reference);
                if reference != against {
                    continue;
                }
                let still = |smaller: &Sources| {
                    load(smaller).is_some_and(|e| read(&e, principal, name) == verdict)
                        && decide(smaller, &request) == against
                };
                let kind = format!("read: engine {verdict}, reference {reference:?}");
                report.add(kind, &format!("seed {seed}: {request:#?}"), &case.estate, &still);
            }
        }
    }
    report.finish("coarse question");
}

/// May the principal read the container?
fn read(estate: &Estate, principal: &str, name: &str) -> Verdict {
    let store = Resource::store(Cloud::Azure, container(name));
    access::evaluate(estate, &Principal::named(principal), Access::Read, &store).verdict()
}

/// Reads of single blobs of the container, in some contexts of the case.
fn reads(requests: &[Request], principal: &str, name: &str) -> Vec<Request> {
    const READ: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";
    let mut reads = Vec::new();
    for request in requests.iter().take(3) {
        let mut attributes = request.attributes.clone();
        attributes.remove("suboperation");
        for path in ["public/a.txt", "secret.txt"] {
            reads.push(Request {
                principal: principal.to_owned(),
                action: READ.to_owned(),
                resource: format!("{}/blobs/{path}", container(name)),
                attributes: attributes.clone(),
            });
        }
    }
    reads
}
