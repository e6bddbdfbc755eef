//! Cloud Storage by its XML API, as far as `object_store` uses it: objects with generations and preconditions, listings in pages, a
//! retention policy on what lies under `trail/`, and answers that do not tell what happened.
//! <https://cloud.google.com/storage/docs/xml-api/overview>

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Objects of a page of a listing: small, so that every listing has several.
const PAGE: usize = 100;

/// A server on loopback.
#[derive(Debug)]
pub struct CloudStorage {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<Mutex<Objects>>,
}

#[derive(Debug, Default)]
struct Objects {
    objects: BTreeMap<String, (u64, Bytes)>,
    generation: u64,
    /// Every so manieth write is answered with 503 although it was done.
    lies: Option<u64>,
    writes: u64,
}

type Shared = Arc<Mutex<Objects>>;

fn locked(state: &Shared) -> MutexGuard<'_, Objects> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl CloudStorage {
    /// Starts a server with one bucket, in the runtime of the caller; it ends with it. With `lies`, every so manieth write is answered
    /// with 503 although it was done.
    ///
    /// # Panics
    /// When there is no free port.
    #[expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]
    pub async fn start(lies: Option<u64>) -> Self {
        let state = Arc::new(Mutex::new(Objects { lies, ..Objects::default() }));
        let app = Router::new()
            .route("/{bucket}", get(list))
            .route("/{bucket}/{*object}", get(read).put(write).delete(delete))
            .with_state(state.clone());
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, state }
    }

    /// How many writes there were.
    #[must_use]
    pub fn writes(&self) -> u64 {
        locked(&self.state).writes
    }
}

fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let body = format!(
        "<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    (status, [(header::CONTENT_TYPE, "application/xml; charset=UTF-8")], body).into_response()
}

async fn write(
    State(state): State<Shared>,
    Path((_, object)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut state = locked(&state);
    state.writes += 1;
    let there = state.objects.get(&object).map(|(generation, _)| *generation);
    let wanted: Option<u64> =
        headers.get("x-goog-if-generation-match").and_then(|v| v.to_str().ok()?.parse().ok());
    // Generation 0: only if there is no live version.
    // <https://cloud.google.com/storage/docs/request-preconditions>
    if let Some(wanted) = wanted
        && wanted != there.unwrap_or_default()
    {
        return error(
            StatusCode::PRECONDITION_FAILED,
            "PreconditionFailed",
            "At least one of the pre-conditions you specified did not hold.",
        );
    }
    // <https://cloud.google.com/storage/docs/bucket-lock>
    if there.is_some() && object.starts_with("trail/") {
        return error(
            StatusCode::FORBIDDEN,
            "RetentionPolicyNotMet",
            "Object is subject to bucket's retention policy and cannot be deleted, overwritten or archived.",
        );
    }
    state.generation += 1;
    let generation = state.generation;
    state.objects.insert(object, (generation, body));
    if state.lies.is_some_and(|each| state.writes.is_multiple_of(each)) {
        return error(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "Try again.");
    }
    let generation = generation.to_string();
    let tag = format!("\"{generation}\"");
    ([("etag", tag), ("x-goog-generation", generation)], "").into_response()
}

async fn read(State(state): State<Shared>, Path((_, object)): Path<(String, String)>) -> Response {
    match locked(&state).objects.get(&object) {
        Some((generation, content)) => (
            [
                ("etag", format!("\"{generation}\"")),
                ("x-goog-generation", generation.to_string()),
                ("last-modified", "Tue, 24 Nov 2026 12:00:00 GMT".to_owned()),
            ],
            content.clone(),
        )
            .into_response(),
        None => error(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist."),
    }
}

async fn delete(Path((_, object)): Path<(String, String)>) -> Response {
    let text = format!("{object} is subject to the bucket's retention policy.");
    error(StatusCode::FORBIDDEN, "RetentionPolicyNotMet", &text)
}

async fn list(
    State(state): State<Shared>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let (prefix, delimiter) = (text("prefix"), text("delimiter"));
    let after = text("continuation-token").max(text("start-after"));
    let state = locked(&state);
    let (mut contents, mut folders) = (String::new(), Vec::<String>::new());
    let (mut count, mut last, mut truncated) = (0, String::new(), false);
    for (name, (generation, content)) in
        state.objects.range(prefix.to_owned()..).take_while(|(name, _)| name.starts_with(prefix))
    {
        if name.as_str() <= after {
            continue;
        }
        if count == PAGE {
            truncated = true;
            break;
        }
        last.clone_from(name);
        let rest = name.get(prefix.len()..).unwrap_or_default();
        if let (false, Some((folder, _))) = (delimiter.is_empty(), rest.split_once(delimiter)) {
            let folder = format!("{prefix}{folder}{delimiter}");
            if !folders.contains(&folder) {
                folders.push(folder);
                count += 1;
            }
            continue;
        }
        count += 1;
        let size = content.len();
        let _ = write!(
            contents,
            "<Contents><Key>{name}</Key><Generation>{generation}</Generation><LastModified>2026-11-24T12:00:00.000Z</LastModified><ETag>\"{generation}\"</ETag><Size>{size}</Size></Contents>"
        );
    }
    for folder in folders {
        let _ = write!(contents, "<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>");
    }
    let next = if truncated {
        format!("<NextContinuationToken>{last}</NextContinuationToken>")
    } else {
        String::new()
    };
    let body = format!(
        "<?xml version='1.0' encoding='UTF-8'?><ListBucketResult xmlns='http://doc.s3.amazonaws.com/2006-03-01'><Prefix>{prefix}</Prefix><IsTruncated>{truncated}</IsTruncated>{next}{contents}</ListBucketResult>"
    );
    ([(header::CONTENT_TYPE, "application/xml; charset=UTF-8")], body).into_response()
}
