//! `generate-estate CLOUD SIZE SEED FOLDER`: writes a generated estate to a folder.
//!
//! CLOUD is `aws`, `azure`, `gcp` or `all`; SIZE is a factor, 1 being the default size; the files go below FOLDER, which
//! is made where it does not exist.

use keyfence_estates::{EstateFiles, Size, aws, azure, gcp};
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str =
    "usage: generate-estate aws|azure|gcp|all SIZE SEED FOLDER (SIZE is a factor: 0.1, 1, 10)";

type Generate = fn(&Size, u64) -> EstateFiles;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((files, folder)) = generate(&arguments) else {
        eprintln!("{USAGE}");
        return ExitCode::from(64);
    };
    match write(&files, Path::new(folder)) {
        Ok(()) => {
            let total: usize = files.values().map(Vec::len).sum();
            eprintln!("{} files, {total} bytes", files.len());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("`{folder}` cannot be written: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The files that the arguments ask for, and the folder; `None` for wrong usage.
fn generate(arguments: &[String]) -> Option<(EstateFiles, &str)> {
    let [cloud, factor, seed, folder] = arguments else { return None };
    let factor: f64 = factor.parse().ok().filter(|f: &f64| f.is_finite() && *f > 0.0)?;
    let (size, seed) = (Size::default().scale(factor), seed.parse().ok()?);
    let mut files = EstateFiles::new();
    let clouds: [(&str, Generate); 3] = [("aws", aws), ("azure", azure), ("gcp", gcp)];
    for (name, of) in clouds {
        if cloud == name || cloud == "all" {
            files.extend(of(&size, seed));
        }
    }
    (!files.is_empty()).then_some((files, folder))
}

fn write(files: &EstateFiles, folder: &Path) -> std::io::Result<()> {
    for (path, content) in files {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, content)?;
    }
    Ok(())
}
