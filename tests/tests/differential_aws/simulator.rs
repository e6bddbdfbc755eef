//! iam-simulate as a process, installed in the build folder.

use keyfence_tests::tools_are_required;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Where iam-simulate is installed, in the build folder; none when node or npm is not there.
pub(super) fn installed() -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("iam-simulate");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("iam-simulate");
    let works = |program: &str| {
        Command::new(program).arg("--version").output().is_ok_and(|o| o.status.success())
    };
    if !works("node") || !works("npm") {
        return absent("node and npm are not installed");
    }
    std::fs::create_dir_all(&folder).unwrap();
    let mut changed = !folder.join("node_modules").exists();
    for file in ["package.json", "package-lock.json", "simulate.mjs"] {
        let wanted = std::fs::read(source.join(file)).unwrap();
        if std::fs::read(folder.join(file)).ok().as_ref() != Some(&wanted) {
            std::fs::write(folder.join(file), wanted).unwrap();
            changed |= file != "simulate.mjs";
        }
    }
    if changed {
        let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
        let ran = Command::new("npm").args(install).current_dir(&folder).output().unwrap();
        if !ran.status.success() {
            return absent(&format!("npm ci failed: {}", String::from_utf8_lossy(&ran.stderr)));
        }
    }
    Some(folder)
}

fn absent(why: &str) -> Option<PathBuf> {
    assert!(!tools_are_required(), "iam-simulate is required: {why}");
    eprintln!("NOT COMPARED with iam-simulate: {why}");
    None
}

/// One process that answers one simulation after the other.
pub(super) struct Simulator {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Simulator {
    pub(super) fn start(folder: &Path) -> Self {
        let mut process = Command::new("node")
            .arg("simulate.mjs")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = process.stdin.take().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, input, output }
    }

    pub(super) fn ask(&mut self, simulation: &Value) -> Value {
        writeln!(self.input, "{}", json!({"simulation": simulation})).unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // The end of a test must not wait for a process that does not end by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
