//! A store in memory that does to its caller what real ones do: it dies, fails, lies, answers in any order. It refuses to
//! overwrite or delete what is created once.

use futures::StreamExt as _;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// What happens at one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The caller dies before it has an effect.
    DieBefore,
    /// The caller dies after it has had its effect.
    DieAfter,
    /// It has its effect, and is answered as failed.
    LandedButFailed,
    /// It has its effect, and is answered as if it had been there before (a repeated request).
    LandedButExists,
    /// It has no effect: a conflict.
    Conflict,
    /// It has no effect: a time-out.
    TimedOut,
}

impl Fault {
    /// Those that a caller survives.
    pub const LIES: [Self; 4] =
        [Self::LandedButFailed, Self::LandedButExists, Self::Conflict, Self::TimedOut];
    /// Those that it does not.
    pub const DEATHS: [Self; 2] = [Self::DieBefore, Self::DieAfter];
}

/// When faults happen.
#[derive(Debug, Clone, Default)]
pub enum Plan {
    /// Never.
    #[default]
    None,
    /// At the operation with this number, once.
    At(usize, Fault),
    /// Operations are answered in any order, by a seed.
    Shuffled(u64),
}

/// The store.
pub struct Faults {
    inner: Arc<InMemory>,
    plan: Mutex<Plan>,
    operations: AtomicUsize,
    creations: AtomicUsize,
    seed: AtomicU64,
    dead: AtomicBool,
    away: AtomicBool,
    refuse: AtomicBool,
    landed: AtomicBool,
    died: Notify,
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faults")
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faults")
    }
}

fn failed(what: &'static str) -> Error {
    Error::Generic { store: "faults", source: what.into() }
}

impl Faults {
    /// Over the objects of another one.
    #[must_use]
    pub fn over(inner: Arc<InMemory>, plan: Plan) -> Arc<Self> {
        let seed = match plan {
            Plan::Shuffled(seed) => seed,
            Plan::None | Plan::At(..) => 0,
        };
        Arc::new(Self {
            inner,
            plan: Mutex::new(plan),
            operations: AtomicUsize::new(0),
            creations: AtomicUsize::new(0),
            seed: AtomicU64::new(seed.wrapping_mul(2).wrapping_add(1)),
            dead: AtomicBool::new(false),
            away: AtomicBool::new(false),
            refuse: AtomicBool::new(false),
            landed: AtomicBool::new(false),
            died: Notify::new(),
        })
    }

    /// Whether all writes fail from now on, without effect.
    pub fn fail_from_now_on(&self, fail: bool) {
        self.away.store(fail, Ordering::SeqCst);
    }

    /// Whether the first write from now on lands and is answered 503, and all others and all reads are refused.
    pub fn refuse_after_landing(&self, refuse: bool) {
        self.refuse.store(refuse, Ordering::SeqCst);
        self.landed.store(false, Ordering::SeqCst);
    }

    fn refusal(&self, path: &Path) -> Option<Error> {
        self.refuse
            .load(Ordering::SeqCst)
            .then(|| Error::PermissionDenied { path: path.to_string(), source: "expired".into() })
    }

    /// How many operations there were.
    pub fn operations(&self) -> usize {
        self.operations.load(Ordering::SeqCst)
    }

    /// How many requests to create an object there were.
    pub fn creations(&self) -> usize {
        self.creations.load(Ordering::SeqCst)
    }

    /// Runs work until it ends or dies; `None` when it died.
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.died.notified() => None,
            done = work => Some(done),
        }
    }

    async fn die(&self) -> ! {
        self.dead.store(true, Ordering::SeqCst);
        self.died.notify_one();
        std::future::pending().await
    }

    /// One operation; what happens to it.
    async fn operation(&self) -> Option<Fault> {
        if self.dead.load(Ordering::SeqCst) {
            self.die().await;
        }
        let number = self.operations.fetch_add(1, Ordering::SeqCst);
        let plan = self.plan.lock().ok().map(|p| p.clone()).unwrap_or_default();
        match plan {
            Plan::None => None,
            Plan::At(at, fault) => (at == number).then_some(fault),
            Plan::Shuffled(_) => {
                for _ in 0..self.random() % 8 {
                    tokio::task::yield_now().await;
                }
                None
            }
        }
    }

    /// A listing is an operation as well; whoever would die in it dies at the next one.
    fn listing_fails(&self) -> bool {
        let number = self.operations.fetch_add(1, Ordering::SeqCst);
        let plan = self.plan.lock().ok().map(|p| p.clone()).unwrap_or_default();
        match plan {
            Plan::At(at, Fault::DieBefore | Fault::DieAfter) if at == number => {
                self.dead.store(true, Ordering::SeqCst);
                false
            }
            Plan::At(at, _) => at == number,
            Plan::None | Plan::Shuffled(_) => false,
        }
    }

    fn random(&self) -> u64 {
        // xorshift64
        let step = |mut x: u64| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            Some(x)
        };
        self.seed.fetch_update(Ordering::SeqCst, Ordering::SeqCst, step).unwrap_or_default()
    }

    async fn with<T>(&self, work: impl Future<Output = Result<T>>, path: &Path) -> Result<T> {
        if let Some(refusal) = self.refusal(path) {
            if self.landed.swap(true, Ordering::SeqCst) {
                return Err(refusal);
            }
            work.await?;
            return Err(failed("503 after the effect"));
        }
        if self.away.load(Ordering::SeqCst) {
            return Err(failed("503"));
        }
        let exists = || Error::AlreadyExists { path: path.to_string(), source: "repeated".into() };
        match self.operation().await {
            None => work.await,
            Some(Fault::DieBefore) => self.die().await,
            Some(Fault::DieAfter) => {
                let _ = work.await;
                self.die().await
            }
            Some(Fault::LandedButFailed) => {
                work.await?;
                Err(failed("503 after the effect"))
            }
            Some(Fault::LandedButExists) => {
                work.await?;
                Err(exists())
            }
            Some(Fault::Conflict) => Err(exists()),
            Some(Fault::TimedOut) => Err(failed("time-out")),
        }
    }
}

#[async_trait::async_trait]
impl ObjectStore for Faults {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let once = location.as_ref().starts_with("trail/");
        assert!(!once || options.mode == PutMode::Create, "{location} would be overwritten");
        if once {
            self.creations.fetch_add(1, Ordering::SeqCst);
        }
        self.with(self.inner.put_opts(location, payload, options), location).await
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(failed("not used"))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if let Some(refusal) = self.refusal(location) {
            return Err(refusal);
        }
        match self.operation().await {
            Some(Fault::DieBefore | Fault::DieAfter) => self.die().await,
            Some(
                Fault::LandedButFailed | Fault::LandedButExists | Fault::Conflict | Fault::TimedOut,
            ) => Err(failed("time-out")),
            None => self.inner.get_opts(location, options).await,
        }
    }

    fn delete_stream(
        &self,
        _: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        unreachable!("nothing is deleted")
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        if self.listing_fails() {
            return futures::stream::once(async { Err(failed("time-out")) }).boxed();
        }
        self.inner.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        if self.listing_fails() {
            return futures::stream::once(async { Err(failed("time-out")) }).boxed();
        }
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(failed("not used"))
    }
}
