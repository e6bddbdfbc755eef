//! Other people's tools, installed into the build folder from pinned files.

use crate::{own, tools_are_required};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Says that a comparison is not made; fails where it may not be left out.
fn absent(of: &str, why: &str) -> Option<PathBuf> {
    assert!(!tools_are_required(), "{of} is required: {why}");
    eprintln!("NOT COMPARED with {of}: {why}");
    None
}

fn ran(command: &mut Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}

/// Whether a program is installed on the machine.
#[must_use]
pub fn works(program: &str, version: &str) -> bool {
    Command::new(program).arg(version).output().is_ok_and(|o| o.status.success())
}

/// The interpreter of a virtual environment in the build folder, with what `<of>/requirements.txt` pins.
///
/// # Panics
/// When the environment cannot be made and other evaluators may not be left out.
#[expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]
pub fn python(build: &Path, of: &str) -> Option<PathBuf> {
    let folder = build.join(of);
    let python = folder.join("bin/python");
    let requirements = own(of).join("requirements.txt");
    let wanted = std::fs::read_to_string(&requirements).unwrap();
    let done = folder.join("installed.txt");
    if std::fs::read_to_string(&done).is_ok_and(|installed| installed == wanted) {
        return Some(python);
    }
    if !ran(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder)) {
        return absent(of, "python3 cannot make a virtual environment");
    }
    let install =
        ["-m", "pip", "install", "--quiet", "--only-binary", ":all:", "--require-hashes", "-r"];
    if !ran(Command::new(&python).args(install).arg(&requirements)) {
        return absent(of, "pip install failed");
    }
    std::fs::write(done, wanted).unwrap();
    Some(python)
}

/// A folder in the build folder, with what `<of>/package-lock.json` pins installed and `files` copied beside it.
///
/// # Panics
/// When it cannot be installed and other evaluators may not be left out.
#[expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]
pub fn npm(build: &Path, of: &str, files: &[&str]) -> Option<PathBuf> {
    let folder = build.join(of);
    if !works("node", "--version") || !works("npm", "--version") {
        return absent(of, "node and npm are not installed");
    }
    std::fs::create_dir_all(&folder).unwrap();
    let mut changed = !folder.join("node_modules").exists();
    for file in ["package.json", "package-lock.json"].iter().chain(files) {
        let wanted = std::fs::read(own(of).join(file)).unwrap();
        if std::fs::read(folder.join(file)).ok().as_ref() != Some(&wanted) {
            std::fs::write(folder.join(file), wanted).unwrap();
            changed |= !files.contains(file);
        }
    }
    let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    if changed && !ran(Command::new("npm").args(install).current_dir(&folder)) {
        return absent(of, "npm ci failed");
    }
    Some(folder)
}
