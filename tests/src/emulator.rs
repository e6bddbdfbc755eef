//! Emulators as processes of their own, on loopback, each ended by its own id.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long one may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running emulator. It ends when this is dropped, and also when this process does: then its standard input closes.
#[derive(Debug)]
pub struct Emulator {
    process: Child,
    /// Where it answers: `http://127.0.0.1:<port>`.
    pub url: String,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Emulator {
    /// moto, which emulates AWS.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn moto(python: &Path) -> Self {
        let program = "import os, sys, threading\n\
             from moto.server import main\n\
             threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()\n\
             main(['-H', '127.0.0.1', '-p', '0'])";
        let mut command = Command::new(python);
        command.args(["-c", program]);
        Self::start(command, "Running on ")
    }

    /// Azurite, which emulates Azure Blob Storage.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn azurite(installed: &Path) -> Self {
        let ends = "data:text/javascript,process.stdin.on('end',()=>process.exit()).resume()";
        let mut command = Command::new("node");
        command.current_dir(installed).args(["--import", ends, "node_modules/.bin/azurite-blob"]);
        command.args(["--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence"]);
        command.args(["--skipApiVersionCheck", "--silent", "--disableTelemetry"]);
        Self::start(command, "successfully listens on ")
    }

    /// Starts one that says where it listens behind these words.
    #[expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail like tests")]
    fn start(mut command: Command, words: &'static str) -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let (found, wanted) = mpsc::channel();
        let streams: [Box<dyn Read + Send>; 2] =
            [Box::new(process.stdout.take().unwrap()), Box::new(process.stderr.take().unwrap())];
        for stream in streams {
            let found = found.clone();
            // Read to the end, or the emulator would wait for a reader.
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if let Some((_, url)) = line.split_once(words) {
                        let _ = found.send(url.trim().to_owned());
                    }
                }
            });
        }
        drop(found);
        match wanted.recv_timeout(PATIENCE) {
            Ok(url) => Self { process, url },
            Err(_) => {
                let _ = process.kill();
                let _ = process.wait();
                panic!("{command:?} does not say `{words}`");
            }
        }
    }
}
