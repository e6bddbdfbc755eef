//! Writers and sealers die, are lied to, and race: the log always verifies afterwards, and no record that was acknowledged is
//! missing.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail like tests")]

use keyfence_tests::trail::{Fault, Faults, Objects, Plan, of};
use keyfence_trail::{
    Draft, Error, FileKey, Id, Kind, Moment, SealOptions, Trail, VerifyOptions, Writer, entries,
    seal, verify,
};
use object_store::memory::InMemory;
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

static KEY: LazyLock<FileKey> = LazyLock::new(|| FileKey::generate("a.test/log").unwrap());

fn at(seconds: i64) -> Moment {
    Moment::parse("2026-11-24T12:00:00.000Z").unwrap().plus_millis(seconds * 1000)
}

fn draft(number: usize) -> Draft {
    Draft::new(Kind::new("decision").unwrap(), json!({"number": number}))
}

fn small() -> SealOptions {
    SealOptions { segment: 3, ..SealOptions::default() }
}

/// What was acknowledged.
type Acknowledged = Mutex<BTreeSet<Id>>;

/// One life: begins the trail, writes and seals, writes and seals.
async fn live(trail: &Trail, acknowledged: &Acknowledged, began: i64) -> Result<(), Error> {
    trail.found(&*KEY, at(began)).await?;
    let writer = Writer::new(trail.clone(), at(began))?;
    let sealer = Writer::new(trail.clone(), at(began))?;
    for round in 0..2_i64 {
        for number in 0..4 {
            let draft = match number {
                1 => draft(number).with_blob(vec![u8::try_from(number).unwrap(); 10]),
                _ => draft(number),
            };
            let record = writer.append(draft, at(began + round)).await?;
            acknowledged.lock().unwrap().insert(record.id);
        }
        seal(trail, &*KEY, &sealer, at(began + round), &small()).await?;
    }
    Ok(())
}

/// A last life without faults; then all is sealed, verifies, and nothing is missing.
async fn assert_sound(store: &Arc<InMemory>, acknowledged: &Acknowledged, what: &str) {
    let trail = Trail::new(store.clone());
    live(&trail, acknowledged, 100).await.unwrap_or_else(|e| panic!("{what}: {e:?}"));
    let report = verify(&trail, &VerifyOptions::at(at(200))).await;
    let report = report.unwrap_or_else(|e| panic!("{what}: {e}"));
    assert_eq!(report.unsealed, 0, "{what}");
    let mut sealed = BTreeSet::new();
    entries(&trail, |entry| {
        sealed.insert(entry.record.id);
        Ok(())
    })
    .await
    .unwrap();
    assert!(acknowledged.lock().unwrap().is_subset(&sealed), "{what}: a record is missing");
}

/// How many operations a life has on a store.
async fn operations(store: &Arc<InMemory>) -> usize {
    let copy = Arc::new(InMemory::new());
    for (path, content) in of(&**store).await {
        use object_store::ObjectStoreExt as _;
        copy.put(&path.into(), content.into()).await.unwrap();
    }
    let faults = Faults::over(copy, Plan::None);
    live(&Trail::new(faults.clone()), &Acknowledged::default(), 0).await.unwrap();
    faults.operations()
}

#[tokio::test(start_paused = true)]
async fn a_life_that_ends_at_any_operation_leaves_a_sound_trail() {
    let all = operations(&Arc::new(InMemory::new())).await;
    assert!(all > 60, "{all}");
    for operation in 0..all {
        for death in Fault::DEATHS {
            let store = Arc::new(InMemory::new());
            let acknowledged = Acknowledged::default();
            let faults = Faults::over(store.clone(), Plan::At(operation, death));
            let trail = Trail::new(faults.clone());
            let _ = faults.run(live(&trail, &acknowledged, 0)).await;
            assert_sound(&store, &acknowledged, &format!("{death:?} at {operation}")).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_lives_that_end_at_any_operations_leave_a_sound_trail() {
    let all = operations(&Arc::new(InMemory::new())).await;
    // All pairs in the long runs, every eleventh in both otherwise.
    let step = if keyfence_tests::is_nightly() { 1 } else { 11 };
    for first in (0..all).step_by(step) {
        for second in (first % step..all).step_by(step) {
            let store = Arc::new(InMemory::new());
            let acknowledged = Acknowledged::default();
            for (life, operation) in [first, second].into_iter().enumerate() {
                let death = Fault::DEATHS[(first + second + life) % 2];
                let faults = Faults::over(store.clone(), Plan::At(operation, death));
                let trail = Trail::new(faults.clone());
                let _ = faults.run(live(&trail, &acknowledged, life as i64 * 10)).await;
            }
            assert_sound(&store, &acknowledged, &format!("deaths at {first} and {second}")).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lie_at_any_operation_is_seen_through() {
    let all = operations(&Arc::new(InMemory::new())).await;
    for operation in 0..all {
        for lie in Fault::LIES {
            let store = Arc::new(InMemory::new());
            let acknowledged = Acknowledged::default();
            let faults = Faults::over(store.clone(), Plan::At(operation, lie));
            let trail = Trail::new(faults.clone());
            let what = format!("{lie:?} at {operation}");
            live(&trail, &acknowledged, 0).await.unwrap_or_else(|e| panic!("{what}: {e:?}"));
            let report = verify(&Trail::new(store.clone()), &VerifyOptions::at(at(50))).await;
            let report = report.unwrap_or_else(|e| panic!("{what}: {e}"));
            // Two rounds of four records with a heartbeat each, and the record of the key: none of them twice.
            assert_eq!((report.entries, report.unsealed), (11, 0), "{what}");
        }
    }
}

fn race(seed: u64) -> Objects {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let store = Arc::new(InMemory::new());
        let trail = Trail::new(Faults::over(store.clone(), Plan::Shuffled(seed)));
        let acknowledged = Acknowledged::default();
        trail.found(&*KEY, at(0)).await.unwrap();
        let one = |life: i64| live(&trail, &acknowledged, life);
        let (a, b, c) = tokio::join!(one(0), one(1), one(2));
        a.and(b).and(c).unwrap_or_else(|e| panic!("seed {seed}: {e:?}"));
        assert_sound(&store, &acknowledged, &format!("seed {seed}")).await;
        of(&*store).await
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if keyfence_tests::is_nightly() { 5_000 } else { 60 }))]

    #[test]
    fn sealers_that_race_make_one_log(seed in any::<u64>()) {
        let objects = race(seed);
        prop_assert!(objects.keys().any(|path| path.starts_with("trail/checkpoints/")));
    }
}

/// A trail with one record on a store whose faults begin later, and its writer.
async fn one_written() -> (Arc<Faults>, Trail, Writer) {
    let faults = Faults::over(Arc::new(InMemory::new()), Plan::None);
    let trail = Trail::new(faults.clone());
    trail.found(&*KEY, at(0)).await.unwrap();
    let writer = Writer::new(trail.clone(), at(0)).unwrap();
    writer.append(draft(1), at(1)).await.unwrap();
    (faults, trail, writer)
}

#[tokio::test(start_paused = true)]
async fn a_store_that_stays_away_is_an_error_and_the_record_is_settled_later() {
    let (faults, trail, writer) = one_written().await;
    faults.fail_from_now_on(true);
    let error = writer.append(draft(2), at(2)).await.unwrap_err();
    assert_eq!(error.class(), keyfence_trail::Class::Retry);
    faults.fail_from_now_on(false);
    // The chain has no gap: the one of which nothing was known is there before the next.
    let third = writer.append(draft(3), at(3)).await.unwrap();
    assert_eq!(third.by.number, 3);
    seal(&trail, &*KEY, &writer, at(4), &SealOptions::default()).await.unwrap();
    verify(&trail, &VerifyOptions::at(at(5))).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_seal_that_looks_back_takes_nothing_twice() {
    let store = Arc::new(InMemory::new());
    let trail = Trail::new(store.clone());
    trail.found(&*KEY, at(0)).await.unwrap();
    let hour = 3600;
    let back = SealOptions { lookback: Some(Duration::from_secs(7200)), ..small() };
    let writer = Writer::new(trail.clone(), at(0)).unwrap();
    for round in 0..12 {
        for number in 0..5 {
            writer.append(draft(number), at(round * hour)).await.unwrap();
        }
        let sealer = Writer::new(trail.clone(), at(round * hour)).unwrap();
        let sealed = seal(&trail, &*KEY, &sealer, at(round * hour + 1), &back).await.unwrap();
        assert!(sealed.new >= 6, "{}", sealed.new);
    }
    // One came late: only a seal that looks for all finds it.
    let late = Writer::new(trail.clone(), at(0)).unwrap();
    late.append(draft(0), at(hour)).await.unwrap();
    let now = at(11 * hour + 60);
    assert_eq!(seal(&trail, &*KEY, &writer, now, &back).await.unwrap().new, 0);
    assert_eq!(seal(&trail, &*KEY, &writer, now, &small()).await.unwrap().new, 2);
    let later = at(11 * hour + 120);
    assert_eq!(seal(&trail, &*KEY, &writer, later, &back).await.unwrap().new, 0);
    verify(&trail, &VerifyOptions::at(later)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn silence_is_sealed_once_an_hour() {
    let trail = Trail::new(Arc::new(InMemory::new()));
    trail.found(&*KEY, at(0)).await.unwrap();
    let sealer = Writer::new(trail.clone(), at(0)).unwrap();
    let new = async |seconds| {
        seal(&trail, &*KEY, &sealer, at(seconds), &SealOptions::default()).await.unwrap().new
    };
    assert_eq!((new(0).await, new(60).await, new(3599).await, new(3700).await), (2, 0, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_record_is_left_and_told() {
    use object_store::ObjectStoreExt as _;
    let store = Arc::new(InMemory::new());
    let trail = Trail::new(store.clone());
    trail.found(&*KEY, at(0)).await.unwrap();
    let name = "trail/pending/20261124T12/01M86PTREG6WK21JX7KT9QVZEH-decision.json";
    store.put(&name.into(), "{}".into()).await.unwrap();
    let sealer = Writer::new(trail.clone(), at(0)).unwrap();
    let sealed = seal(&trail, &*KEY, &sealer, at(3600), &SealOptions::default()).await.unwrap();
    assert_eq!(sealed.refused.len(), 1);
    assert_eq!(sealed.refused[0].0, name);
    let said = verify(&trail, &VerifyOptions::at(at(3601))).await.unwrap_err().to_string();
    assert!(said.contains(name), "{said}");
}

#[tokio::test(start_paused = true)]
async fn tiles_that_were_tampered_with_are_not_signed_again() {
    use object_store::ObjectStoreExt as _;
    let store = Arc::new(InMemory::new());
    let trail = Trail::new(store.clone());
    live(&trail, &Acknowledged::default(), 0).await.unwrap();
    let sealer = Writer::new(trail.clone(), at(10)).unwrap();
    for part in ["trail/tile/0/000.p/11", "trail/tile/entries/000.p/11"] {
        let objects = of(&*store).await;
        let mut content = objects[part].to_vec();
        content[5] ^= 1;
        store.put(&part.into(), content.into()).await.unwrap();
        let error =
            seal(&trail, &*KEY, &sealer, at(4000), &SealOptions::default()).await.unwrap_err();
        assert_eq!(error.class(), keyfence_trail::Class::Stop, "{error}");
        store.put(&part.into(), objects[part].clone().into()).await.unwrap();
    }
}

#[tokio::test]
async fn a_thousand_writers_at_once() {
    let store = Arc::new(InMemory::new());
    let faults = Faults::over(store.clone(), Plan::Shuffled(1));
    let trail = Trail::new(faults.clone());
    trail.found(&*KEY, at(0)).await.unwrap();
    let before = faults.creations();
    let one = |number| {
        let trail = trail.clone();
        async move {
            let writer = Writer::new(trail, at(0)).unwrap();
            writer.append(draft(number), at(1)).await.unwrap()
        }
    };
    let records = futures::future::join_all((0..1000).map(one)).await;
    // One request a record.
    assert_eq!((records.len(), faults.creations() - before), (1000, 1000));
    let sealer = Writer::new(trail.clone(), at(2)).unwrap();
    let sealed = seal(&trail, &*KEY, &sealer, at(2), &SealOptions::default()).await.unwrap();
    assert_eq!(sealed.new, 1002);
    assert_eq!(verify(&trail, &VerifyOptions::at(at(3))).await.unwrap().entries, 1002);
}

/// A write that landed and was answered 503, then refusals: the number is not given twice.
#[tokio::test(start_paused = true)]
async fn a_refusal_after_an_ambiguous_write_is_no_answer() {
    let (faults, trail, writer) = one_written().await;
    faults.refuse_after_landing(true);
    writer.append(draft(2), at(2)).await.unwrap_err();
    writer.append(draft(3), at(3)).await.unwrap_err();
    faults.refuse_after_landing(false);
    writer.append(draft(4), at(4)).await.unwrap();
    seal(&trail, &*KEY, &writer, at(5), &SealOptions::default()).await.unwrap();
    verify(&trail, &VerifyOptions::at(at(6))).await.unwrap();
}

/// A sealer dies after its heartbeat, which a seal that looks for all takes up later: the next one that looks back takes nothing twice.
#[tokio::test(start_paused = true)]
async fn a_heartbeat_that_comes_late_does_not_end_the_looking_back() {
    let trail = Trail::new(Arc::new(InMemory::new()));
    trail.found(&*KEY, at(0)).await.unwrap();
    let back = SealOptions { lookback: Some(Duration::from_secs(7200)), ..small() };
    let hour = 3600;
    let writer = Writer::new(trail.clone(), at(0)).unwrap();
    let late = Draft::new(Kind::heartbeat(), json!({"checkpoint": 0, "pending": 0}));
    writer.append(draft(0), at(0)).await.unwrap();
    seal(&trail, &*KEY, &writer, at(1), &back).await.unwrap();
    let dead = Writer::new(trail.clone(), at(2)).unwrap();
    dead.append(late, at(2)).await.unwrap();
    for number in 0..5 {
        writer.append(draft(number), at(9 * hour)).await.unwrap();
    }
    seal(&trail, &*KEY, &writer, at(9 * hour + 1), &back).await.unwrap();
    seal(&trail, &*KEY, &writer, at(9 * hour + 2), &small()).await.unwrap();
    writer.append(draft(9), at(9 * hour + 60)).await.unwrap();
    seal(&trail, &*KEY, &writer, at(9 * hour + 61), &back).await.unwrap();
    verify(&trail, &VerifyOptions::at(at(10 * hour))).await.unwrap();
}

/// Who may create objects writes a segment of his own: it is not signed.
#[tokio::test(start_paused = true)]
async fn a_segment_that_nobody_recorded_is_not_signed() {
    use object_store::ObjectStoreExt as _;
    let store = Arc::new(InMemory::new());
    let trail = Trail::new(store.clone());
    live(&trail, &Acknowledged::default(), 0).await.unwrap();
    let sealer = Writer::new(trail.clone(), at(10)).unwrap();
    let record = sealer.append(draft(1), at(10)).await.unwrap();
    let genuine = String::from_utf8(record.to_bytes().unwrap()).unwrap();
    let forged = genuine.replace("\"number\":1}", "\"number\":2}");
    let sealed =
        String::from_utf8(of(&*store).await["trail/seq/00000000000000000000.jsonl"].to_vec())
            .unwrap();
    let again = sealed.lines().next().unwrap().to_owned();
    for line in [forged, again] {
        let place = "trail/seq/00000000000000000011.jsonl";
        store.put(&place.into(), format!("{line}\n").into()).await.unwrap();
        let error =
            seal(&trail, &*KEY, &sealer, at(4000), &SealOptions::default()).await.unwrap_err();
        assert!(error.to_string().contains(place), "{error}");
        store.delete(&place.into()).await.unwrap();
    }
}

/// A trail that was set back is not built upon.
#[tokio::test(start_paused = true)]
async fn a_trail_that_was_set_back_is_not_sealed() {
    use object_store::ObjectStoreExt as _;
    let store = Arc::new(InMemory::new());
    let trail = Trail::new(store.clone());
    live(&trail, &Acknowledged::default(), 0).await.unwrap();
    let newest = of(&*store).await.into_keys().filter(|p| p.contains("checkpoints")).max().unwrap();
    store.delete(&newest.as_str().into()).await.unwrap();
    let sealer = Writer::new(trail.clone(), at(10)).unwrap();
    let error = seal(&trail, &*KEY, &sealer, at(4000), &SealOptions::default()).await.unwrap_err();
    assert_eq!(error.class(), keyfence_trail::Class::Stop);
    assert!(error.to_string().contains(&newest), "{error}");
}

/// An object that is larger than any that belongs there is not read.
#[tokio::test(start_paused = true)]
async fn what_is_too_large_is_told_and_not_read() {
    use object_store::ObjectStoreExt as _;
    let store = Arc::new(InMemory::new());
    let trail = Trail::new(store.clone());
    live(&trail, &Acknowledged::default(), 0).await.unwrap();
    let name = "trail/pending/20261124T12/01M86PTREG6WK21JX7KT9QVZEH-decision.json";
    store.put(&name.into(), vec![b'x'; 70_000].into()).await.unwrap();
    let said = verify(&trail, &VerifyOptions::at(at(50))).await.unwrap_err().to_string();
    assert!(said.contains(name) && said.contains("70000"), "{said}");
}
