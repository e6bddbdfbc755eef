//! Candidates are complete: who is not among the candidates of a resource has no access to it, so that bulk questions need not
//! ask everybody.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use keyfence_analysis::access::{Asker, candidates, resources};
use keyfence_analysis::estate::{Estate, Files};
use keyfence_analysis::model::{Access, Principal};
use keyfence_estates::Size;
use std::collections::{BTreeMap, BTreeSet};

#[track_caller]
fn check(content: BTreeMap<String, Vec<u8>>, keep: usize) {
    let mut files = Files::new();
    for (path, content) in content {
        files.insert(path, content);
    }
    let estate = Estate::load(&files).unwrap();
    let all: BTreeMap<_, BTreeSet<Principal>> =
        resources(&estate).map(|r| (r.clone(), candidates(&estate, &r))).collect();
    let everybody: BTreeSet<&Principal> = all.values().flatten().collect();
    let mut asker = Asker::new(&estate);
    let mut missed = Vec::new();
    for (resource, known) in all.iter().step_by(keep) {
        let kinds: &[Access] = resource.kind.accesses();
        // What everyone has needs no names.
        let everyone = [Principal::Public, Principal::AnyAuthenticated];
        for access in kinds {
            let open: Vec<_> =
                everyone.iter().map(|p| asker.evaluate(p, *access, resource).allowed).collect();
            // An account's root user has what is in the account; it is asked about elsewhere only.
            let root = |p: &Principal| p.name().ends_with(":root");
            for principal in everybody.iter().filter(|p| !known.contains(**p) && !root(p)) {
                let allowed = asker.evaluate(principal, *access, resource).allowed;
                if !open.iter().any(|o| allowed.implies(o)) {
                    missed.push(format!("{principal} {access} {resource}: {allowed}"));
                }
            }
        }
    }
    assert!(
        missed.is_empty(),
        "{} missed, such as\n{}",
        missed.len(),
        missed.iter().take(5).cloned().collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn aws() {
    check(keyfence_estates::aws(&Size::default().scale(0.008), 3), 3);
}

#[test]
fn azure() {
    check(keyfence_estates::azure(&Size::default().scale(0.01), 3), 5);
}

#[test]
fn gcp() {
    check(keyfence_estates::gcp(&Size::default().scale(0.004), 3), 3);
}
