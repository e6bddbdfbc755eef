//! What a trail asks of a store, the same for every store.

use futures::future::join_all;
use keyfence_trail::{
    Created, Draft, FileKey, Kind, Moment, Place, SealOptions, Trail, VerifyOptions, Writer,
    entries, seal, verify,
};
use object_store::ObjectStore;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

fn at(seconds: i64) -> Moment {
    Moment::from_millis(1_795_521_600_000 + seconds * 1000)
}

fn decision(number: usize) -> Draft {
    Draft::new(Kind::heartbeat(), json!({"number": number}))
}

/// Runs the whole suite on an empty store.
///
/// # Panics
/// When the store does not do what a trail needs.
pub async fn conforms(store: Arc<dyn ObjectStore>) {
    // Objects that belong into no trail lie beside it.
    let beside = Trail::new(Arc::new(PrefixStore::new(store.clone(), "beside")));
    an_object_is_created_once(&beside).await;
    of_many_one_creates(&beside).await;
    what_is_listed_is_all_that_is_there(&beside).await;
    writers_and_sealers_make_one_log(&Trail::new(store)).await;
}

fn blob(name: u8) -> Place {
    Place::Blob(format!("{name:02x}").repeat(32))
}

#[expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]
async fn an_object_is_created_once(trail: &Trail) {
    let place = blob(1);
    assert_eq!(trail.get(&place).await.unwrap(), None);
    assert_eq!(trail.create(&place, "one".into()).await.unwrap(), Created::Here);
    // The same again is one's own write.
    assert_eq!(trail.create(&place, "one".into()).await.unwrap(), Created::Here);
    assert_eq!(trail.create(&place, "two".into()).await.unwrap(), Created::Taken("one".into()));
    assert_eq!(trail.get(&place).await.unwrap(), Some("one".into()));
    let binary = bytes::Bytes::from((0..=255).collect::<Vec<u8>>());
    assert_eq!(trail.create(&blob(2), binary.clone()).await.unwrap(), Created::Here);
    assert_eq!(trail.get(&blob(2)).await.unwrap(), Some(binary));
    assert_eq!(trail.create(&blob(3), "".into()).await.unwrap(), Created::Here);
    assert_eq!(trail.get(&blob(3)).await.unwrap(), Some("".into()));
}

#[expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]
async fn of_many_one_creates(trail: &Trail) {
    let place = blob(4);
    let one = |number: usize| {
        let place = place.clone();
        async move { trail.create(&place, number.to_string().into()).await.unwrap() }
    };
    let all = join_all((0..16).map(one)).await;
    let winners = all.iter().filter(|created| **created == Created::Here).count();
    assert_eq!(winners, 1);
    let there = trail.get(&place).await.unwrap().unwrap();
    let losers = all.iter().filter(|created| **created == Created::Taken(there.clone())).count();
    assert_eq!(losers, 15);
}

#[expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]
async fn what_is_listed_is_all_that_is_there(trail: &Trail) {
    let places: Vec<Place> = (10..=255).map(blob).collect();
    for some in places.chunks(32) {
        join_all(some.iter().map(|place| trail.create(place, "x".into()))).await;
    }
    let listed = trail.list(&Path::from("trail/blob")).await.unwrap();
    let listed: BTreeSet<String> = listed.into_iter().collect();
    let expected: BTreeSet<String> = places.iter().map(ToString::to_string).collect();
    assert!(expected.is_subset(&listed));
    assert_eq!(listed.len(), expected.len() + 4);
    assert_eq!(trail.list(&Path::from("trail/bl")).await.unwrap(), Vec::<String>::new());
}

#[expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]
async fn writers_and_sealers_make_one_log(trail: &Trail) {
    let key = FileKey::generate("a.test/log").unwrap();
    trail.found(&key, at(0)).await.unwrap();
    let options = SealOptions {
        lookback: Some(Duration::from_secs(7200)),
        segment: 40,
        ..SealOptions::default()
    };
    let mut acknowledged = BTreeSet::new();
    for round in 0..3 {
        let write = |number: usize| async move {
            let writer = Writer::new(trail.clone(), at(round)).unwrap();
            let mut ids = Vec::new();
            for _ in 0..4 {
                ids.push(writer.append(decision(number), at(round)).await.unwrap().id);
            }
            ids
        };
        acknowledged.extend(join_all((0..10).map(write)).await.into_iter().flatten());
        let sealers = (0..2).map(|_| async {
            let writer = Writer::new(trail.clone(), at(round)).unwrap();
            seal(trail, &key, &writer, at(round), &options).await.unwrap()
        });
        let sealed = join_all(sealers).await;
        assert!(sealed.iter().all(|s| s.refused.is_empty()), "{sealed:?}");
    }
    let last = Writer::new(trail.clone(), at(9)).unwrap();
    seal(trail, &key, &last, at(9), &SealOptions::default()).await.unwrap();
    let report = verify(trail, &VerifyOptions::at(at(10))).await.unwrap();
    assert_eq!((report.unsealed, report.keys), (0, 1));
    let mut there = BTreeSet::new();
    entries(trail, |entry| {
        assert!(entry.index.is_some());
        there.insert(entry.record.id);
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(acknowledged.len(), 120);
    assert!(acknowledged.is_subset(&there));
}
