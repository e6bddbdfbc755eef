//! A trail as a map of its objects.

use bytes::Bytes;
use futures::TryStreamExt as _;
use keyfence_trail::Trail;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Objects by path.
pub type Objects = BTreeMap<String, Bytes>;

/// All objects of a store.
///
/// # Panics
/// When the store fails.
#[expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]
pub async fn of(store: &dyn ObjectStore) -> Objects {
    let listed: Vec<_> = store.list(None).try_collect().await.unwrap();
    let mut objects = Objects::new();
    for meta in listed {
        let content = store.get(&meta.location).await.unwrap().bytes().await.unwrap();
        objects.insert(meta.location.to_string(), content);
    }
    objects
}

/// A trail that has these objects.
///
/// # Panics
/// When memory fails.
#[expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]
pub async fn trail_on(objects: &Objects) -> (Trail, Arc<InMemory>) {
    let store = Arc::new(InMemory::new());
    for (path, content) in objects {
        store.put(&Path::from(path.as_str()), content.clone().into()).await.unwrap();
    }
    (Trail::new(store.clone()), store)
}
