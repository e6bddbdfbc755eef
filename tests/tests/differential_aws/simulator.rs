//! iam-simulate as a process, installed in the build folder.

use keyfence_tests::tools::npm;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Where iam-simulate is installed, in the build folder; none when node or npm is not there.
pub(super) fn installed() -> Option<PathBuf> {
    let build = Path::new(env!("CARGO_TARGET_TMPDIR"));
    npm(build, "iam-simulate", &["simulate.mjs"])
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
