//! Generated estates load, are the same for the same seed, and are not trivial: questions on them have every verdict.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use keyfence_analysis::access::{evaluate, everything};
use keyfence_analysis::estate::{Estate, Files};
use keyfence_analysis::model::{Access, Verdict};
use keyfence_estates::{EstateFiles, Size, aws, azure, gcp};
use std::collections::BTreeMap;

/// A fiftieth of the default.
fn small() -> Size {
    Size::default().scale(0.02)
}

#[track_caller]
fn load(files: &EstateFiles) -> Estate {
    let mut loaded = Files::new();
    for (path, content) in files {
        loaded.insert(path.as_str(), content.as_slice());
    }
    Estate::load(&loaded).unwrap()
}

/// Asks questions that are spread evenly over all principals and resources of two estates.
#[track_caller]
fn check(generate: fn(&Size, u64) -> EstateFiles) {
    let files = generate(&small(), 1);
    assert_eq!(files, generate(&small(), 1), "the same seed gave other bytes");
    assert_ne!(files, generate(&small(), 2), "another seed gave the same bytes");
    let mut found: BTreeMap<Verdict, usize> = BTreeMap::new();
    for seed in 1..=2 {
        let estate = load(&generate(&small(), seed));
        let all = everything(&estate);
        let step = (all.iter().count() / 200).max(1);
        for (resource, principal) in all.iter().step_by(step) {
            let kinds: &[Access] = resource.kind.accesses();
            for access in kinds {
                let answer = evaluate(&estate, principal, *access, resource);
                *found.entry(answer.verdict()).or_default() += 1;
            }
        }
    }
    for verdict in [Verdict::Yes, Verdict::No, Verdict::Conditional] {
        assert!(
            found.get(&verdict).is_some_and(|n| *n >= 3),
            "{verdict:?} hardly comes: {found:?}"
        );
    }
}

#[test]
fn an_aws_organisation_has_every_verdict() {
    check(aws);
}

#[test]
fn an_azure_tenant_has_every_verdict() {
    check(azure);
}

#[test]
fn a_google_cloud_organisation_has_every_verdict() {
    check(gcp);
}

#[test]
fn the_least_estate_loads() {
    let least = Size::default().scale(0.0);
    for generate in [aws, azure, gcp] {
        load(&generate(&least, 9));
    }
}
