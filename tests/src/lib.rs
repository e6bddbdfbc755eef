//! Whole-system tests of keyfence stand in `tests/`; this library only finds things for them.

use std::path::{Path, PathBuf};

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

/// Other people's data beside the repository (`../shared/<name>`), when it is there.
#[must_use]
pub fn beside(name: &str) -> Option<PathBuf> {
    let path = root().parent()?.join("shared").join(name);
    path.exists().then_some(path)
}
