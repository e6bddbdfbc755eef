//! Laws that hold whatever the estate and the change.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use keyfence_analysis::access::{self, Slice};
use keyfence_analysis::change::{self, Claim, Edit, Target};
use keyfence_analysis::decision::Config;
use keyfence_analysis::diff::{Picture, compare};
use keyfence_analysis::estate::Estate;
use keyfence_analysis::event::{self, Decoded, Event, Unwrapped};
use keyfence_analysis::judge::{Judge, LiveStates};
use keyfence_analysis::model::Principal;
use keyfence_tests::own;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// One scenario: the state before, the events, and the live state where there is one.
struct World {
    name: String,
    estate: Estate,
    live: Option<Estate>,
    events: Vec<Event>,
}

fn worlds() -> Vec<World> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for cloud in ["aws", "azure", "gcp"] {
        let entries = std::fs::read_dir(own("scenarios").join(cloud)).unwrap();
        folders.extend(
            entries.map(|e| e.unwrap().path()).filter(|p| p.join("expected.json").exists()),
        );
    }
    folders.sort();
    let load = |folder: &PathBuf| World {
        name: folder.to_string_lossy().into_owned(),
        estate: keyfence::estate::load(&folder.join("estate")).unwrap(),
        live: folder
            .join("after")
            .is_dir()
            .then(|| keyfence::estate::load(&folder.join("after")).unwrap()),
        events: events(&std::fs::read_to_string(folder.join("events.jsonl")).unwrap()),
    };
    folders.iter().map(load).collect()
}

fn events(text: &str) -> Vec<Event> {
    let values = text.lines().map(|l| serde_json::from_str(l).unwrap());
    let records = values.flat_map(event::unwrap).filter_map(|u| match u {
        Unwrapped::Record(record) => Some(record),
        Unwrapped::LogFile(_) | Unwrapped::Malformed(_) => None,
    });
    records
        .filter_map(|r| match event::decode(&r) {
            Decoded::Event(event) => Some(*event),
            Decoded::Unrecognised(_) => None,
        })
        .collect()
}

/// The edits of all changes of all scenarios.
fn edits(world: &World) -> Vec<Edit> {
    let mut found = Vec::new();
    for event in &world.events {
        match change::recognise(event).map(|c| c.claim) {
            Ok(Claim::Edits(edits)) => found.extend(edits),
            Ok(Claim::Touched(target)) => found.extend(live_edits(world, &target)),
            Ok(Claim::Outside) | Err(_) => {}
        }
    }
    found
}

fn live_edits(world: &World, target: &Target) -> Vec<Edit> {
    world.live.as_ref().and_then(|live| world.estate.towards(live, target)).unwrap_or_default()
}

#[test]
fn undo_after_do_restores_every_estate_with_the_edits_of_every_scenario() {
    let worlds = worlds();
    let all: Vec<Edit> = worlds.iter().flat_map(edits).collect();
    assert!(all.len() > 25, "{}", all.len());
    for world in &worlds {
        let mut estate = world.estate.clone();
        // Foreign edits too: an event may name what no file holds.
        for edit in &all {
            let undo = estate.apply(edit);
            estate.apply(&undo);
            assert!(estate == world.estate, "{}: {edit:?} is not undone by {undo:?}", world.name);
        }
    }
}

#[test]
fn the_difference_of_a_picture_with_itself_is_empty_and_mirrors_itself() {
    for world in worlds() {
        for edit in edits(&world) {
            let mut after = world.estate.clone();
            let mut slice = access::slice(&after, &edit);
            let undo = after.apply(&edit);
            slice.join(access::slice(&after, &edit));
            slice.join(access::slice(&after, &undo));
            let (before, later) =
                (Picture::take(&world.estate, &slice), Picture::take(&after, &slice));
            let none = BTreeMap::new();
            assert!(compare(&before, &before, &world.estate, &none).is_empty(), "{}", world.name);
            assert!(compare(&later, &later, &after, &none).is_empty(), "{}", world.name);
            // What one way gains for sure is lost the other way.
            let (there, back) = (
                compare(&before, &later, &after, &none),
                compare(&later, &before, &world.estate, &none),
            );
            for gain in there.gained.iter().filter(|g| g.after.is_always()) {
                let lost = later.answer(&gain.question).allowed.is_always();
                let listed = back.lost.iter().any(|l| l.question == gain.question);
                let echo = back.lost.iter().any(|l| {
                    l.question.principal == gain.question.principal
                        && l.question.access == gain.question.access
                });
                assert!(lost && (listed || echo), "{}: {:?}", world.name, gain.question);
            }
        }
    }
}

#[test]
fn a_slice_misses_nothing_that_the_whole_matrix_shows() {
    for world in worlds() {
        let edits = edits(&world);
        let mut after = world.estate.clone();
        let mut slice = Slice::default();
        edits.iter().for_each(|e| slice.join(access::slice(&after, e)));
        let undo = after.apply_all(&edits);
        edits.iter().chain(&undo).for_each(|e| slice.join(access::slice(&after, e)));
        // The whole matrix: every principal that any slice of the scenario names, with every resource.
        let mut whole = access::everything(&world.estate);
        whole.join(access::everything(&after));
        let asked: std::collections::BTreeSet<_> = slice.iter().collect();
        for (resource, principal) in whole.iter().filter(|pair| !asked.contains(pair)) {
            for kind in keyfence_analysis::model::Access::STORE
                .iter()
                .chain(&keyfence_analysis::model::Access::KEY)
            {
                let was = access::evaluate(&world.estate, principal, *kind, resource);
                let is = access::evaluate(&after, principal, *kind, resource);
                // What everyone gained, everyone outside of the slice gained as well: told once.
                let echo =
                    [Principal::Public, Principal::AnyAuthenticated].iter().any(|everyone| {
                        asked.contains(&(resource, everyone))
                            && is == access::evaluate(&after, everyone, *kind, resource)
                    });
                if echo {
                    continue;
                }
                assert_eq!(
                    was, is,
                    "{}: {principal} {kind} {resource} changed outside of the slice",
                    world.name
                );
            }
        }
    }
}

#[test]
fn handling_twice_equals_once() {
    for world in worlds() {
        let mut judge = Judge::new(
            world.estate.clone(),
            LiveStates { common: world.live.clone(), ..LiveStates::default() },
            Config::default(),
        );
        for (i, event) in world.events.iter().enumerate() {
            judge.judge(event.clone(), i + 1);
            let state = judge.estate().clone();
            let again = judge.judge(event.clone(), i + 1);
            assert_eq!(again.word(), "dropped", "{}: {}", world.name, event.name);
            assert!(*judge.estate() == state, "{}", world.name);
        }
    }
}

#[test]
fn a_proved_plan_gives_back_the_access_before_and_minds_being_applied_twice() {
    let mut proved = 0;
    for world in worlds() {
        let live = || LiveStates { common: world.live.clone(), ..LiveStates::default() };
        let mut judge = Judge::new(world.estate.clone(), live(), Config::default());
        for (i, event) in world.events.iter().enumerate() {
            let before = judge.estate().clone();
            let judgement = judge.judge(event.clone(), i + 1);
            let keyfence_analysis::judge::Outcome::Judged(conclusion) = &judgement.outcome else {
                continue;
            };
            let Some((plan, proof)) = conclusion.plan.as_ref().filter(|_| conclusion.auto) else {
                continue;
            };
            assert!(proof.holds);
            proved += 1;
            let mut rolled = judge.estate().clone();
            rolled.apply_all(&plan.effects());
            let once = rolled.clone();
            rolled.apply_all(&plan.effects());
            assert!(rolled == once, "{}: applied twice", world.name);
            let slice = access::everything(&before);
            for (resource, principal) in slice.iter() {
                for kind in keyfence_analysis::model::Access::STORE
                    .iter()
                    .chain(&keyfence_analysis::model::Access::KEY)
                {
                    let was = access::evaluate(&before, principal, *kind, resource);
                    let is = access::evaluate(&once, principal, *kind, resource);
                    assert_eq!(was, is, "{}: {principal} {kind} {resource}", world.name);
                }
            }
        }
    }
    assert!(proved >= 15, "{proved}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_edits_is_undone_in_reverse(order in proptest::collection::vec(any::<prop::sample::Index>(), 1..12), at in any::<prop::sample::Index>()) {
        static WORLDS: std::sync::LazyLock<(Vec<Estate>, Vec<Edit>)> = std::sync::LazyLock::new(|| {
            let worlds = worlds();
            let edits = worlds.iter().flat_map(edits).collect();
            (worlds.into_iter().map(|w| w.estate).collect(), edits)
        });
        let (estates, edits) = &*WORLDS;
        let start = at.get(estates);
        let mut estate = start.clone();
        let chosen: Vec<Edit> = order.iter().map(|i| i.get(edits).clone()).collect();
        let undo = estate.apply_all(&chosen);
        estate.apply_all(&undo);
        prop_assert!(estate == *start);
    }
}
