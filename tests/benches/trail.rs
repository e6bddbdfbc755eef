//! How long the trail takes: appending, sealing, verifying, proving; in memory and in a local folder.
//!
//! `cargo bench -p keyfence-tests --bench trail -- [RECORDS]`; 100,000 records without a number. Figures are printed, not asserted.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark may fail, and prints")]

use futures::StreamExt as _;
use keyfence_trail::{
    Draft, FileKey, Kind, Moment, SealOptions, Trail, VerifyOptions, Writer, entries, now, prove,
    seal, sha256_hex, verify,
};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::throttle::{ThrottleConfig, ThrottledStore};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn main() {
    let number = std::env::args().skip(1).find(|a| !a.starts_with("--"));
    let records: usize = number.map_or(100_000, |n| n.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        hashing();
        many_writers().await;
        println!("in memory");
        measure(Trail::new(Arc::new(InMemory::new())), records).await;
        let folder = tempfile::tempdir().unwrap();
        let store = LocalFileSystem::new_with_prefix(folder.path()).unwrap();
        println!("in a local folder, writes not forced to the disk");
        measure(Trail::new(Arc::new(store.clone())), records).await;
        let folder = tempfile::tempdir().unwrap();
        let store = LocalFileSystem::new_with_prefix(folder.path()).unwrap().with_fsync(true);
        println!("in a local folder, each write forced to the disk");
        measure(Trail::new(Arc::new(store)), records.min(2_000)).await;
    });
}

/// What the machine can do: a reference for the other figures.
fn hashing() {
    let body = body(0).to_string();
    let bytes = body.len();
    let started = Instant::now();
    let mut count = 0_u32;
    while started.elapsed() < Duration::from_millis(500) {
        std::hint::black_box(sha256_hex(body.as_bytes()));
        count += 1;
    }
    println!("SHA-256 of a body     {} a second ({bytes} bytes)", count * 2);
}

/// A body of the size of a decision.
fn body(number: usize) -> Value {
    let gained: Vec<Value> = (0..3)
        .map(|i| {
            json!({
                "principal": format!("arn:aws:iam::111122223333:role/worker-{number}"), "access": "read",
                "resource": format!("arn:aws:s3:::bucket-{i}"), "verdict": "yes", "before": "no",
                "witness": format!("s3:GetObject arn:aws:s3:::bucket-{i}/<object>"),
                "evidence": [{"lock": "storage", "grant": "policy arn:aws:iam::aws:policy/AmazonS3FullAccess, statement 1", "broad": true}],
            })
        })
        .collect();
    json!({"v": 1, "number": number, "difference": {"gained": gained, "lost": [], "latent": []}})
}

fn draft(number: usize) -> Draft {
    Draft::new(Kind::new("decision").unwrap(), body(number))
}

/// A thousand instances at once on a store that takes 15 ms to read and 30 ms to write.
async fn many_writers() {
    let wait = ThrottleConfig {
        wait_get_per_call: Duration::from_millis(15),
        wait_put_per_call: Duration::from_millis(30),
        wait_list_per_call: Duration::from_millis(15),
        ..ThrottleConfig::default()
    };
    let trail = Trail::new(Arc::new(ThrottledStore::new(InMemory::new(), wait)));
    let key = FileKey::generate("bench.test/log").unwrap();
    trail.found(&key, now()).await.unwrap();
    let one = |number| {
        let trail = trail.clone();
        async move {
            let writer = Writer::new(trail, now()).unwrap();
            let started = Instant::now();
            writer.append(draft(number), now()).await.unwrap();
            started.elapsed()
        }
    };
    let started = Instant::now();
    let mut took = futures::future::join_all((0..1000).map(one)).await;
    let all = started.elapsed();
    took.sort();
    println!("1,000 writers at once on a store with 30 ms a write and 15 ms a read");
    println!("  all recorded        {all:.0?}, the median {:.0?}", took.get(500).unwrap());
    let sealer = Writer::new(trail.clone(), now()).unwrap();
    let started = Instant::now();
    let sealed = seal(&trail, &key, &sealer, now(), &SealOptions::default()).await.unwrap();
    println!("  sealed              {:.0?} ({} entries)", started.elapsed(), sealed.new);
}

async fn measure(trail: Trail, records: usize) {
    let key = FileKey::generate("bench.test/log").unwrap();
    trail.found(&key, now()).await.unwrap();
    // Fifty instances, one record at a time each.
    let started = Instant::now();
    let writers: Vec<Writer> =
        (0..50).map(|_| Writer::new(trail.clone(), now()).unwrap()).collect();
    let each = |(start, writer)| {
        let writer: &Writer = writer;
        async move {
            let mut number = start;
            while number < records {
                writer.append(draft(number), now()).await.unwrap();
                number += 50;
            }
        }
    };
    futures::stream::iter(writers.iter().enumerate())
        .for_each_concurrent(50, |(i, w)| each((i, w)))
        .await;
    let took = started.elapsed();
    println!("  appended            {:.0} a second", records as f64 / took.as_secs_f64());
    let sealer = Writer::new(trail.clone(), now()).unwrap();
    let started = Instant::now();
    let sealed = seal(&trail, &key, &sealer, now(), &SealOptions::default()).await.unwrap();
    let took = started.elapsed();
    println!(
        "  sealed              {took:.2?}, {:.0} a second",
        sealed.new as f64 / took.as_secs_f64()
    );
    let started = Instant::now();
    let report = verify(&trail, &VerifyOptions::at(Moment::from_millis(i64::MAX))).await.unwrap();
    println!("  verified            {:.2?} ({} entries)", started.elapsed(), report.entries);
    let mut some = None;
    entries(&trail, |entry| {
        some = some.or((entry.index == Some(report.entries / 2)).then_some(entry.record.id));
        Ok(())
    })
    .await
    .unwrap();
    let started = Instant::now();
    let proof = prove(&trail, some.unwrap()).await.unwrap().unwrap();
    println!("  proved              {:.2?}, {} bytes", started.elapsed(), proof.len());
}
