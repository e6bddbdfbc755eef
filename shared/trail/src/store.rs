//! The store beneath a trail: objects that are created once, and the hint that may be rewritten.

use crate::error::Error;
use crate::key::{KeyRing, Signer, Statement};
use crate::layout::Place;
use crate::record::Moment;
use crate::{README, sha256_hex};
use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode};
use std::sync::Arc;
use std::time::Duration;

/// How often a write is tried.
const ATTEMPTS: u32 = 6;
/// The wait after the first failure; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(40);

/// A trail on a store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Trail {
    store: Arc<dyn ObjectStore>,
}

/// What became of a creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// It is there, with this content.
    Here,
    /// Somebody else's content is there.
    Taken(Bytes),
}

impl Trail {
    /// The trail on a store: its objects are `trail/…` and `state/…`. For a part of a bucket see [`object_store::prefix::PrefixStore`].
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store }
    }

    /// Begins a trail: the text for people and the first key. Twice does the same once.
    ///
    /// # Errors
    /// When the store fails, or the trail was begun with another key.
    pub async fn found(&self, signer: &dyn Signer, at: Moment) -> Result<(), Error> {
        if let Some(ring) = KeyRing::load(self).await? {
            return ring.index_of(signer.vkey()).map(|_| ());
        }
        self.create_exactly(&Place::Readme, README.as_bytes().into()).await?;
        let statement = Statement::first(signer, at, &sha256_hex(README.as_bytes())).await?;
        if let Created::Taken(_) = self.create(&Place::Key(1), statement.into()).await? {
            // Another one was first, perhaps with the same key.
            KeyRing::of(self).await?.index_of(signer.vkey())?;
        }
        Ok(())
    }

    /// Creates an object. A write that failed may have landed, and *already exists* may speak of one's own write: whatever is not
    /// confirmed is read back.
    ///
    /// # Errors
    /// When the store refuses at once, so that nothing was written; or keeps failing: then it is not known whether the object
    /// is there.
    pub async fn create(&self, place: &Place, content: Bytes) -> Result<Created, Error> {
        let path = place.path();
        let mut wait = FIRST_WAIT;
        let mut attempt = 1;
        loop {
            let mode = PutMode::Create.into();
            let Err(error) = self.store.put_opts(&path, content.clone().into(), mode).await else {
                return Ok(Created::Here);
            };
            // Later refusals say nothing of the attempts before.
            if attempt == 1 && is_refusal(&error) {
                return Err(Error::Refused { place: place.to_string(), source: error });
            }
            // Read back: same content is our own write.
            match self.read(place).await {
                Ok(Ok(there)) if there == content => return Ok(Created::Here),
                Ok(Ok(there)) => return Ok(Created::Taken(there)),
                Ok(Err(damaged)) => return Err(damaged),
                Err(_) if attempt < ATTEMPTS && !is_refusal(&error) => {}
                Err(_) => return Err(Error::Store { place: place.to_string(), source: error }),
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
            attempt += 1;
        }
    }

    /// The same for what can have one content only.
    ///
    /// # Errors
    /// As above; and when another content is there.
    pub async fn create_exactly(&self, place: &Place, content: Bytes) -> Result<(), Error> {
        match self.create(place, content).await? {
            Created::Here => Ok(()),
            Created::Taken(_) => Err(Error::Taken { place: place.to_string() }),
        }
    }

    /// Reads an object, unless it is larger than any that belongs there.
    async fn read(&self, place: &Place) -> Result<Result<Bytes, Error>, object_store::Error> {
        let found = self.store.get(&place.path()).await?;
        let most = place.most_bytes();
        if found.meta.size > most {
            let problem = format!("has {} bytes, more than {most}", found.meta.size);
            return Ok(Err(Error::damaged(place, problem)));
        }
        Ok(Ok(found.bytes().await?))
    }

    /// An object, if it is there.
    ///
    /// # Errors
    /// When the store keeps failing, or the object is larger than any that belongs there.
    pub async fn get(&self, place: &Place) -> Result<Option<Bytes>, Error> {
        let read = || async {
            match self.read(place).await {
                Err(object_store::Error::NotFound { .. }) => Ok(None),
                other => other.map(Some),
            }
        };
        retried(&place.to_string(), read).await?.transpose()
    }

    /// An object that must be there.
    ///
    /// # Errors
    /// As above; and when it is not there.
    pub(crate) async fn needed(&self, place: &Place) -> Result<Bytes, Error> {
        let missing = || Error::Missing { place: place.to_string() };
        self.get(place).await?.ok_or_else(missing)
    }

    /// The paths of all objects in a folder, in order.
    ///
    /// # Errors
    /// When the store keeps failing.
    pub async fn list(&self, folder: &Path) -> Result<Vec<String>, Error> {
        let list = || async {
            let listed = self.store.list(Some(folder)).map_ok(|meta| meta.location.to_string());
            listed.try_collect::<Vec<_>>().await
        };
        let mut paths = retried(folder.as_ref(), list).await?;
        paths.sort();
        Ok(paths)
    }

    /// The names of the folders in a folder.
    pub(crate) async fn folders(&self, folder: &Path) -> Result<Vec<String>, Error> {
        let list = || self.store.list_with_delimiter(Some(folder));
        let listed = retried(folder.as_ref(), list).await?;
        let name = |path: &Path| path.filename().map(str::to_owned);
        Ok(listed.common_prefixes.iter().filter_map(name).collect())
    }

    /// The names that follow another in a folder, that one included if it is there.
    pub(crate) async fn list_from(
        &self,
        folder: &Path,
        from: &Place,
    ) -> Result<Vec<String>, Error> {
        let offset = from.path();
        let list = || async {
            let listed = self.store.list_with_offset(Some(folder), &offset);
            listed.map_ok(|m| m.location.to_string()).try_collect::<Vec<_>>().await
        };
        let mut paths = retried(folder.as_ref(), list).await?;
        if self.get(from).await?.is_some() {
            paths.push(from.to_string());
        }
        paths.sort();
        paths.dedup();
        Ok(paths)
    }

    /// Keeps the hint at the newest checkpoint. It is a hint: failing is no failure.
    pub(crate) async fn hint(&self, size: u64) {
        let _ = self.store.put(&Place::Head.path(), size.to_string().into()).await;
    }
}

/// Asks the store until it answers, a few times.
async fn retried<T, F: Future<Output = Result<T, object_store::Error>>>(
    place: &str,
    ask: impl Fn() -> F,
) -> Result<T, Error> {
    let mut wait = FIRST_WAIT;
    let mut attempt = 1;
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(source) if is_refusal(&source) => {
                return Err(Error::Refused { place: place.to_owned(), source });
            }
            Err(source) if attempt == ATTEMPTS => {
                return Err(Error::Store { place: place.to_owned(), source });
            }
            Err(_) => {}
        }
        tokio::time::sleep(wait).await;
        wait *= 2;
        attempt += 1;
    }
}

/// A store that says no will say no again.
fn is_refusal(error: &object_store::Error) -> bool {
    matches!(
        error,
        object_store::Error::PermissionDenied { .. }
            | object_store::Error::Unauthenticated { .. }
            | object_store::Error::NotImplemented { .. }
            | object_store::Error::InvalidPath { .. }
            | object_store::Error::UnknownConfigurationKey { .. }
    )
}
