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
            let missing = || Error::Missing { place: Place::Key(1).to_string() };
            let ring = KeyRing::load(self).await?.ok_or_else(missing)?;
            ring.index_of(signer.vkey())?;
        }
        Ok(())
    }

    /// Creates an object. A write that failed may have landed, and *already exists* may speak of one's own write: whatever is not
    /// confirmed is read back.
    ///
    /// # Errors
    /// When the store keeps failing; then it is not known whether the object is there.
    pub async fn create(&self, place: &Place, content: Bytes) -> Result<Created, Error> {
        let path = place.path();
        let mut wait = FIRST_WAIT;
        let mut attempt = 1;
        loop {
            let mode = PutMode::Create.into();
            let Err(error) = self.store.put_opts(&path, content.clone().into(), mode).await else {
                return Ok(Created::Here);
            };
            if is_refusal(&error) {
                return Err(Error::Refused { place: place.to_string(), source: error });
            }
            // Read back: same content is our own write.
            match self.read(&path).await {
                Ok(there) if there == content => return Ok(Created::Here),
                Ok(there) => return Ok(Created::Taken(there)),
                Err(_) if attempt < ATTEMPTS => {}
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

    async fn read(&self, path: &Path) -> Result<Bytes, object_store::Error> {
        self.store.get(path).await?.bytes().await
    }

    /// An object, if it is there.
    ///
    /// # Errors
    /// When the store keeps failing.
    pub async fn get(&self, place: &Place) -> Result<Option<Bytes>, Error> {
        let path = place.path();
        let mut wait = FIRST_WAIT;
        let mut attempt = 1;
        loop {
            match self.read(&path).await {
                Ok(content) => return Ok(Some(content)),
                Err(object_store::Error::NotFound { .. }) => return Ok(None),
                Err(source) if is_refusal(&source) => {
                    return Err(Error::Refused { place: place.to_string(), source });
                }
                Err(source) if attempt == ATTEMPTS => {
                    return Err(Error::Store { place: place.to_string(), source });
                }
                Err(_) => {}
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
            attempt += 1;
        }
    }

    /// The paths of all objects in a folder, in order.
    ///
    /// # Errors
    /// When the store keeps failing.
    pub async fn list(&self, folder: &Path) -> Result<Vec<String>, Error> {
        let mut wait = FIRST_WAIT;
        let mut attempt = 1;
        loop {
            let listed = self.store.list(Some(folder)).map_ok(|meta| meta.location.to_string());
            match listed.try_collect::<Vec<_>>().await {
                Ok(mut paths) => {
                    paths.sort();
                    return Ok(paths);
                }
                Err(source) if is_refusal(&source) => {
                    return Err(Error::Refused { place: folder.to_string(), source });
                }
                Err(source) if attempt == ATTEMPTS => {
                    return Err(Error::Store { place: folder.to_string(), source });
                }
                Err(_) => {}
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
            attempt += 1;
        }
    }

    /// The names of the folders in a folder.
    pub(crate) async fn folders(&self, folder: &Path) -> Result<Vec<String>, Error> {
        let failed = |source| Error::Store { place: folder.to_string(), source };
        let listed = self.store.list_with_delimiter(Some(folder)).await.map_err(failed)?;
        let name = |path: &Path| path.filename().map(str::to_owned);
        Ok(listed.common_prefixes.iter().filter_map(name).collect())
    }

    /// Keeps the hint at the newest checkpoint. It is a hint: failing is no failure.
    pub(crate) async fn hint(&self, size: u64) {
        let _ = self.store.put(&Place::Head.path(), size.to_string().into()).await;
    }

    /// The names that follow another in a folder, that one included if it is there.
    pub(crate) async fn list_from(
        &self,
        folder: &Path,
        from: &Place,
    ) -> Result<Vec<String>, Error> {
        let failed = |source| Error::Store { place: folder.to_string(), source };
        let listed = self.store.list_with_offset(Some(folder), &from.path());
        let mut paths: Vec<String> =
            listed.map_ok(|m| m.location.to_string()).try_collect().await.map_err(failed)?;
        if self.get(from).await?.is_some() {
            paths.push(from.to_string());
        }
        paths.sort();
        paths.dedup();
        Ok(paths)
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
