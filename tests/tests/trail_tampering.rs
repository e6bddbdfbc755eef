//! Whatever is changed in a sealed trail, verifying finds it and names the place.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail like tests"
)]

use bytes::Bytes;
use futures::executor::block_on;
use keyfence_tests::trail::{Objects, of, trail_on};
use keyfence_trail::{
    Draft, FileKey, Id, KeyRing, Kind, Moment, Record, SealOptions, Signer as _, Trail,
    VerifyError, VerifyOptions, Writer, seal, sha256_hex, verify,
};
use proptest::prelude::*;
use serde_json::json;
use std::sync::{Arc, LazyLock};

fn at(seconds: i64) -> Moment {
    Moment::parse("2026-11-24T12:00:00.000Z").unwrap().plus_millis(seconds * 1000)
}

fn kind(name: &str) -> Kind {
    Kind::new(name).unwrap()
}

/// A trail with two keys, five checkpoints, over a tile of entries, a blob, an intent and its outcome; all of it sealed.
struct Sample {
    objects: Objects,
    /// The first key, and the second.
    keys: [FileKey; 2],
    /// An early checkpoint, kept elsewhere.
    kept: Bytes,
    intent: Id,
    outcome: Id,
}

static SAMPLE: LazyLock<Sample> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(sample())
});

async fn sample() -> Sample {
    let store = Arc::new(object_store::memory::InMemory::new());
    let trail = Trail::new(store.clone());
    let (first, second) =
        (FileKey::generate("a.test/log").unwrap(), FileKey::generate("a.test/log").unwrap());
    trail.found(&first, at(0)).await.unwrap();
    let writers = [0, 1, 2].map(|_| Writer::new(trail.clone(), at(0)).unwrap());
    let sealer = Writer::new(trail.clone(), at(0)).unwrap();
    let options = SealOptions { segment: 100, ..SealOptions::default() };
    let draft = Draft::new(kind("intent"), json!({"plan": 1})).to_be_answered_until(at(60));
    let intent = writers[0].append(draft, at(1)).await.unwrap().id;
    for i in 0..3 {
        writers[i % 3]
            .append(Draft::new(kind("decision"), json!({"number": i})), at(2))
            .await
            .unwrap();
    }
    let kept = seal(&trail, &first, &sealer, at(3), &options).await.unwrap().checkpoint.unwrap();
    let state = b"the state before".to_vec();
    let draft = Draft::new(kind("outcome"), json!({"before": sha256_hex(&state)}))
        .with_blob(state)
        .answers(intent);
    let outcome = writers[1].append(draft, at(4)).await.unwrap().id;
    seal(&trail, &first, &sealer, at(5), &options).await.unwrap();
    seal(&trail, &first, &sealer, at(6), &options).await.unwrap();
    KeyRing::rotate(&trail, &first, &second, at(7)).await.unwrap();
    for i in 0..280 {
        writers[i % 3]
            .append(Draft::new(kind("decision"), json!({"number": i})), at(8))
            .await
            .unwrap();
    }
    seal(&trail, &second, &sealer, at(9), &options).await.unwrap();
    seal(&trail, &second, &sealer, at(4000), &options).await.unwrap();
    let objects = of(&*store).await;
    Sample { objects, keys: [first, second], kept, intent, outcome }
}

fn verified(objects: &Objects, options: &VerifyOptions) -> Result<keyfence_trail::Report, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let (trail, _) = trail_on(objects).await;
        verify(&trail, options).await.map_err(|error| match error {
            VerifyError::Broken(broken) => broken.to_string(),
            VerifyError::Failed(error) => panic!("{error}"),
        })
    })
}

fn checked(objects: &Objects) -> Result<keyfence_trail::Report, String> {
    verified(objects, &VerifyOptions::at(at(5000)))
}

#[track_caller]
fn broken(objects: &Objects, expected: &str) {
    let said = checked(objects).expect_err("nothing was found");
    assert!(said.contains(expected), "said `{said}`, expected `{expected}`");
}

/// The only object whose path contains a text, or the first of them.
fn path(part: &str) -> String {
    SAMPLE.objects.keys().find(|p| p.contains(part)).unwrap().clone()
}

fn without(part: &str) -> Objects {
    let mut objects = SAMPLE.objects.clone();
    objects.remove(&path(part)).unwrap();
    objects
}

fn with(path: &str, content: impl Into<Bytes>) -> Objects {
    let mut objects = SAMPLE.objects.clone();
    objects.insert(path.to_owned(), content.into());
    objects
}

#[test]
fn what_nobody_touched_holds() {
    let report = checked(&SAMPLE.objects).unwrap();
    assert_eq!((report.checkpoints, report.keys, report.unsealed, report.open), (4, 2, 0, 0));
    assert_eq!((report.instances, report.loose_blobs), (4, 0));
    assert_eq!(report.entries, 291);
    assert_eq!(report.vkey, SAMPLE.keys[0].vkey());
}

#[test]
fn an_object_that_is_gone_is_missed() {
    for (part, expected) in [
        ("README", "trail/README.txt: is not there"),
        ("keys/1.json", "trail/keys/1.json: is not there"),
        ("keys/2.json", "no key of the trail"),
        ("-intent.json", "pending/ is not there"),
        ("-decision.json", "pending/ is not there"),
        ("-heartbeat.json", "pending/ is not there"),
        ("blob/", "is not there; record"),
        ("seq/00000000000000000000", "seq/00000000000000000000.jsonl: is not there"),
        ("seq/00000000000000000006", "seq/00000000000000000006.jsonl: is not there"),
        ("tile/0/000.p/6", "trail/tile/0/000.p/6: is not there"),
        ("tile/0/001", "is not there"),
        ("tile/1/", "is not there"),
        ("tile/entries/000", "is not there"),
        ("checkpoints/00000000000000000006", "checkpoints/00000000000000000006: is not there"),
        ("checkpoints/00000000000000000291", "is not there, and state/trail-head names it"),
    ] {
        broken(&without(part), expected);
    }
}

#[test]
fn an_object_that_is_added_does_not_belong() {
    let pending = path("-decision.json");
    let copy = pending.replace("-decision", "-allowed");
    let sealed = SAMPLE.objects[&pending].clone();
    for (added, content, expected) in [
        ("trail/other.txt", "x".into(), "does not belong"),
        ("trail/seq/1.jsonl", "x".into(), "does not belong"),
        ("trail/seq/00000000000000000005.jsonl", "x".into(), "is not there, and"),
        ("trail/seq/00000000000000000291.jsonl", "{}\n".into(), "no record"),
        ("trail/checkpoints/00000000000000000000", "x".into(), "no signed note"),
        (
            "trail/checkpoints/00000000000000000012",
            SAMPLE.kept.clone(),
            "is the checkpoint of size 6",
        ),
        ("trail/keys/4.json", "{}".into(), "the key before it is not there"),
        ("trail/keys/3.json", SAMPLE.objects["trail/keys/2.json"].clone(), "of another key"),
        ("trail/tile/0/009", vec![0; 8192].into(), "beyond the entries"),
        ("trail/tile/63/x999/x999/x999/x999/x999/999", vec![0; 8192].into(), "beyond the entries"),
        ("trail/tile/2/000.p/1", vec![0; 32].into(), "beyond the entries"),
        (&copy, sealed, "is not the entry"),
        (
            "trail/blob/sha256/0000000000000000000000000000000000000000000000000000000000000000",
            "x".into(),
            "has another hash",
        ),
    ] {
        let content: Bytes = content;
        let objects = with(added, content);
        let said = checked(&objects).expect_err(added);
        assert!(said.contains(expected), "{added}: said `{said}`");
    }
}

#[test]
fn an_object_with_the_content_of_another_is_found() {
    for (part, other) in [
        ("checkpoints/00000000000000000006", "checkpoints/00000000000000000008"),
        ("seq/00000000000000000000", "seq/00000000000000000006"),
        ("tile/0/000.p/6", "tile/0/001.p"),
        ("keys/1.json", "keys/2.json"),
    ] {
        let (a, b) = (path(part), path(other));
        let mut objects = SAMPLE.objects.clone();
        let (of_a, of_b) = (objects[&a].clone(), objects[&b].clone());
        objects.insert(a.clone(), of_b);
        objects.insert(b, of_a);
        checked(&objects).expect_err(&a);
    }
}

#[test]
fn an_object_that_is_cut_off_is_found() {
    for path in SAMPLE.objects.keys().filter(|p| p.starts_with("trail/")) {
        if path.contains("-decision") {
            continue;
        }
        let content = &SAMPLE.objects[path];
        checked(&with(path, content.slice(..content.len() - 1))).expect_err(path);
        checked(&with(path, Bytes::new())).expect_err(path);
    }
}

/// A trail whose entries and signatures were made again, all of them.
async fn rewritten(keys: &FileKey) -> Objects {
    let store = Arc::new(object_store::memory::InMemory::new());
    let trail = Trail::new(store.clone());
    trail.found(keys, at(0)).await.unwrap();
    let writer = Writer::new(trail.clone(), at(0)).unwrap();
    for i in 0..10 {
        writer.append(Draft::new(kind("decision"), json!({"number": i})), at(1)).await.unwrap();
    }
    seal(&trail, keys, &writer, at(2), &SealOptions::default()).await.unwrap();
    of(&*store).await
}

fn options(against: &[&Bytes], vkey: Option<&str>) -> VerifyOptions {
    VerifyOptions {
        against: against.iter().map(|b| ("kept".to_owned(), b.to_vec())).collect(),
        vkey: vkey.map(str::to_owned),
        now: at(5000),
    }
}

#[test]
fn a_history_that_was_rewritten_is_found_by_a_checkpoint_from_elsewhere() {
    let kept = &SAMPLE.kept;
    verified(&SAMPLE.objects, &options(&[kept], Some(SAMPLE.keys[0].vkey()))).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    // With the stolen key all is consistent in itself, and does not fit what was kept.
    let stolen = runtime.block_on(rewritten(&SAMPLE.keys[0]));
    checked(&stolen).unwrap();
    let said = verified(&stolen, &options(&[kept], None)).unwrap_err();
    assert!(said.contains("the history was rewritten"), "{said}");
    // With another key neither the checkpoint nor the known key fits.
    let other = runtime.block_on(rewritten(&FileKey::generate("a.test/log").unwrap()));
    checked(&other).unwrap();
    let said = verified(&other, &options(&[kept], None)).unwrap_err();
    assert!(said.contains("is not of this trail"), "{said}");
    let said = verified(&other, &options(&[], Some(SAMPLE.keys[0].vkey()))).unwrap_err();
    assert!(said.contains("another key than the one that is known"), "{said}");
    // A trail that was set back has fewer entries than the one that a kept checkpoint speaks of.
    let last = &SAMPLE.objects["trail/checkpoints/00000000000000000291"];
    let said = verified(&stolen, &options(&[last], None)).unwrap_err();
    assert!(said.contains("is not of this trail") || said.contains("and the trail only"), "{said}");
}

#[test]
fn a_key_that_was_followed_signs_no_more() {
    let sign_again = |size: u64| {
        let path = format!("trail/checkpoints/{size:020}");
        let text = String::from_utf8(SAMPLE.objects[&path].to_vec()).unwrap();
        let (text, _) = text.split_once("\n\n").unwrap();
        let text = format!("{text}\n");
        let by = |key: &FileKey| {
            let signer = signed_note::StandardSigner::new(key.to_secret_text()).unwrap();
            let mut note = signed_note::Note::new(text.as_bytes(), &[]).unwrap();
            note.add_sigs(&[&signer]).unwrap();
            note.to_bytes()
        };
        (
            path.clone(),
            by(&SAMPLE.keys[0]),
            by(&SAMPLE.keys[1]),
            by(&FileKey::generate("a.test/log").unwrap()),
        )
    };
    // The sizes: 6, 8 by the first key; 290, 291 by the second.
    let (path, first, _, other) = sign_again(291);
    broken(&with(&path, first), "after its reign had ended");
    broken(&with(&path, other), "no key of the trail");
    let (path, _, second, _) = sign_again(6);
    broken(&with(&path, second), "before its reign began");
}

#[test]
fn a_note_with_a_further_line_is_found() {
    let path = path("checkpoints/00000000000000000006");
    let text = String::from_utf8(SAMPLE.objects[&path].to_vec()).unwrap();
    let line = text.lines().last().unwrap();
    broken(&with(&path, format!("{text}{line}\n")), "one form");
    let (head, _) = text.split_once("\n\n").unwrap();
    broken(&with(&path, text.replace(head, &format!("{head}\nmore"))), "");
}

/// Appends to an unsealed trail: intent, work, outcome; returns the objects and the names of the three.
async fn unsealed() -> (Objects, [Record; 3]) {
    let (trail, store) = trail_on(&SAMPLE.objects).await;
    let writer = Writer::new(trail, at(4001)).unwrap();
    let draft = Draft::new(kind("intent"), json!({})).to_be_answered_until(at(4060));
    let intent = writer.append(draft, at(4001)).await.unwrap();
    let work = writer.append(Draft::new(kind("applied"), json!({})), at(4002)).await.unwrap();
    let draft = Draft::new(kind("outcome"), json!({})).answers(intent.id);
    let outcome = writer.append(draft, at(4003)).await.unwrap();
    (of(&*store).await, [intent, work, outcome])
}

#[test]
fn a_record_dropped_before_it_was_sealed_is_missed() {
    let (objects, records) = block_on(unsealed());
    assert_eq!(checked(&objects).unwrap().unsealed, 3);
    for (record, expected) in records.iter().zip([
        "record number 1 is missing",
        "record number 2 is missing",
        "no record answers it",
    ]) {
        let mut objects = objects.clone();
        let path = objects.keys().find(|p| p.contains(&record.id.to_string())).unwrap().clone();
        objects.remove(&path);
        broken(&objects, expected);
    }
    // All of an instance: its answers are missed where there were any.
    let mut objects = objects;
    for record in &records {
        objects.retain(|path, _| !path.contains(&record.id.to_string()));
    }
    checked(&objects).unwrap();
}

#[test]
fn an_answer_is_given_once_and_to_something() {
    let appended = |answers: Id| {
        block_on(async {
            let (trail, store) = trail_on(&SAMPLE.objects).await;
            let writer = Writer::new(trail, at(4001)).unwrap();
            let draft = Draft::new(kind("outcome"), json!({})).answers(answers);
            writer.append(draft, at(4001)).await.unwrap();
            of(&*store).await
        })
    };
    broken(&appended(SAMPLE.intent), "is answered twice");
    broken(&appended(SAMPLE.outcome), "is missing");
}

#[test]
fn a_record_that_is_never_sealed_is_missed() {
    let objects = block_on(async {
        let (trail, store) = trail_on(&SAMPLE.objects).await;
        let writer = Writer::new(trail, at(-40_000)).unwrap();
        writer.append(Draft::new(kind("decision"), json!({})), at(-40_000)).await.unwrap();
        of(&*store).await
    });
    broken(&objects, "was never put into the log");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if keyfence_tests::is_nightly() { 20_000 } else { 120 }))]

    /// Any byte of any object.
    #[test]
    fn a_flipped_bit_is_found(object in any::<prop::sample::Index>(), byte in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let paths: Vec<&String> = SAMPLE.objects.keys().filter(|p| p.starts_with("trail/")).collect();
        let path = paths[object.index(paths.len())];
        let mut content = SAMPLE.objects[path].to_vec();
        let at = byte.index(content.len());
        content[at] ^= 1 << bit;
        prop_assert!(checked(&with(path, content)).is_err(), "{path} at {at}");
    }

    /// Any object deleted, doubled under another name of its folder, or exchanged with another one.
    #[test]
    fn objects_do_not_change_places(one in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(), way in 0_u8..3) {
        let paths: Vec<&String> = SAMPLE.objects.keys().filter(|p| p.starts_with("trail/")).collect();
        let (a, b) = (paths[one.index(paths.len())], paths[other.index(paths.len())]);
        let mut objects = SAMPLE.objects.clone();
        let (of_a, of_b) = (objects[a].clone(), objects[b].clone());
        match way {
            0 => drop(objects.remove(a)),
            1 => drop(objects.insert(a.clone(), of_b.clone())),
            _ => {
                objects.insert(a.clone(), of_b.clone());
                objects.insert(b.clone(), of_a.clone());
            }
        }
        prop_assume!(way == 0 || of_a != of_b);
        prop_assert!(checked(&objects).is_err(), "{a} {b}");
    }
}
