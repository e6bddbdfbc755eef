//! The `keyfence` command.

use keyfence::cli::{Surroundings, run};
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

fn main() -> ExitCode {
    // The environment is read here, once; nothing else reads it.
    let surroundings = Surroundings {
        colour: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        progress: std::io::stderr().is_terminal(),
        now: keyfence::cli::now(),
        clock: keyfence_trail::now,
    };
    let mut stdout = std::io::BufWriter::new(std::io::stdout().lock());
    let mut stderr = std::io::stderr().lock();
    let code = run(std::env::args_os(), &surroundings, &mut stdout, &mut stderr);
    // A closed pipe (`| head`) is no failure of ours.
    let _ = stdout.flush();
    code.into()
}
