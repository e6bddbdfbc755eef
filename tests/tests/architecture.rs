//! Dependencies run one way. Crates: `analysis <- clouds, notify <- response <- functions`, `trail <- response,
//! functions`. Modules of the analysis crate: in the order of the flow, `model` below all.

use cargo_metadata::MetadataCommand;
use keyfence_tests::{files, root};
use std::collections::{BTreeMap, BTreeSet};
use syn::visit::Visit;

/// The project's crates and which of each other they may depend on.
const CRATES: [(&str, &[&str]); 12] = [
    ("keyfence-analysis", &[]),
    ("keyfence-trail", &[]),
    ("keyfence-clouds", &["keyfence-analysis"]),
    ("keyfence-notify", &["keyfence-analysis"]),
    (
        "keyfence-response",
        &["keyfence-analysis", "keyfence-clouds", "keyfence-notify", "keyfence-trail"],
    ),
    ("keyfence-aws", FUNCTION),
    ("keyfence-azure", FUNCTION),
    ("keyfence-gcp", FUNCTION),
    ("keyfence", FUNCTION),
    // What tests are made of knows nothing of what they test.
    ("keyfence-estates", &[]),
    ("keyfence-reference", &[]),
    (
        "keyfence-tests",
        &[
            "keyfence",
            "keyfence-analysis",
            "keyfence-clouds",
            "keyfence-estates",
            "keyfence-notify",
            "keyfence-reference",
            "keyfence-response",
            "keyfence-trail",
        ],
    ),
];

const FUNCTION: &[&str] = &[
    "keyfence-analysis",
    "keyfence-clouds",
    "keyfence-notify",
    "keyfence-response",
    "keyfence-trail",
];

/// The flow: a module may use itself and what stands before it.
const FLOW: [&str; 14] = [
    "model", "event", "change", "estate", "access", "fence", "diff", "rule", "finding", "decision",
    "plan", "proof", "judge", "lib",
];

/// What would make the pure crate impure.
const IMPURE: [&str; 14] = [
    "tokio",
    "async-std",
    "reqwest",
    "hyper",
    "ureq",
    "tracing",
    "log",
    "rand",
    "getrandom",
    "chrono",
    "object_store",
    "walkdir",
    "tempfile",
    "lambda_runtime",
];

/// `cargo run` without `--bin` is the README's first command.
#[test]
fn there_is_one_binary_to_run() {
    let metadata =
        MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
    let binaries: Vec<&str> = metadata
        .workspace_default_packages()
        .into_iter()
        .flat_map(|package| &package.targets)
        .filter(|target| target.is_bin())
        .map(|target| target.name.as_str())
        .collect();
    assert_eq!(binaries, ["keyfence"], "make others examples");
}

#[test]
fn crates_depend_one_way() {
    let metadata =
        MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        CRATES.iter().map(|(name, on)| (*name, on.iter().copied().collect())).collect();
    for package in &metadata.packages {
        let name = package.name.as_str();
        let may = allowed
            .get(name)
            .unwrap_or_else(|| panic!("{name} has no place in the order of crates"));
        for dependency in package
            .dependencies
            .iter()
            .map(|d| d.name.as_str())
            .filter(|d| d.starts_with("keyfence"))
        {
            assert!(may.contains(dependency), "{name} must not depend on {dependency}");
        }
    }
}

#[test]
fn the_analysis_crate_is_pure() {
    let metadata =
        MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
    let analysis =
        metadata.packages.iter().find(|p| p.name.as_str() == "keyfence-analysis").unwrap();
    for dependency in &analysis.dependencies {
        let sdk = dependency.name.starts_with("aws-")
            || dependency.name.starts_with("azure_")
            || dependency.name.starts_with("google-cloud");
        assert!(
            !sdk && !IMPURE.contains(&dependency.name.as_str()),
            "{} is not pure",
            dependency.name
        );
    }
    let clippy = std::fs::read_to_string(root().join("shared/analysis/clippy.toml")).unwrap();
    for ban in ["std::time::SystemTime::now", "std::env::var", "std::fs::File", "std::fs::read"] {
        assert!(clippy.contains(ban), "shared/analysis/clippy.toml does not ban {ban}");
    }
}

#[test]
fn modules_of_the_analysis_use_earlier_ones_only() {
    let source = root().join("shared/analysis/src");
    let mut wrong = Vec::new();
    let mut checked = 0;
    for file in files(&source, &[".rs"]) {
        let relative = file.strip_prefix(&source).unwrap().to_string_lossy().into_owned();
        let module = relative.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        let rank =
            rank(&module).unwrap_or_else(|| panic!("module `{module}` has no place in the flow"));
        let mut used = Used::default();
        used.visit_file(&syn::parse_file(&std::fs::read_to_string(&file).unwrap()).unwrap());
        for other in used.0 {
            checked += 1;
            match self::rank(&other) {
                Some(of) if of <= rank => {}
                Some(_) | None => wrong.push(format!("{relative} uses crate::{other}")),
            }
        }
    }
    assert!(checked > 100, "the test sees no imports: {checked}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn rank(module: &str) -> Option<usize> {
    FLOW.iter().position(|m| *m == module)
}

/// First segments behind `crate::`, in imports and in paths.
#[derive(Default)]
struct Used(BTreeSet<String>);

impl<'ast> Visit<'ast> for Used {
    fn visit_use_tree(&mut self, tree: &'ast syn::UseTree) {
        if let syn::UseTree::Path(path) = tree
            && path.ident == "crate"
        {
            self.first_of(&path.tree);
        }
        syn::visit::visit_use_tree(self, tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let mut segments = path.segments.iter().map(|s| s.ident.to_string());
        if segments.next().as_deref() == Some("crate")
            && let Some(module) = segments.next()
        {
            self.0.insert(module);
        }
        syn::visit::visit_path(self, path);
    }
}

impl Used {
    fn first_of(&mut self, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => {
                self.0.insert(path.ident.to_string());
            }
            syn::UseTree::Name(name) => {
                self.0.insert(name.ident.to_string());
            }
            syn::UseTree::Rename(rename) => {
                self.0.insert(rename.ident.to_string());
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|t| self.first_of(t)),
            syn::UseTree::Glob(_) => {
                self.0.insert("*".to_owned());
            }
        }
    }
}

#[test]
fn the_test_of_modules_can_fail() {
    let mut used = Used::default();
    used.visit_file(
        &syn::parse_str("use crate::{diff::Gain, model}; fn f() { crate::judge::x(); }").unwrap(),
    );
    assert_eq!(used.0, ["diff", "judge", "model"].map(str::to_owned).into());
    assert!(rank("judge") > rank("access"));
}

#[test]
fn every_crate_takes_the_workspace_lints() {
    for manifest in files(&root(), &["Cargo.toml"]) {
        let text = std::fs::read_to_string(&manifest).unwrap();
        let member = text.contains("[package]") && !manifest.to_string_lossy().contains("/target/");
        assert!(!member || text.contains("[lints]\nworkspace = true"), "{}", manifest.display());
    }
}
