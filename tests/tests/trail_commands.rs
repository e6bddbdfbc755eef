//! `keyfence replay --trail` and `keyfence trail`, run whole; and what tools that are not ours say of the trails.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail like tests"
)]

use keyfence::cli::Exit;
use keyfence_tests::{Ran, files, is_nightly, keyfence, own, tools};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A folder for a trail and what belongs to it.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn trail(&self) -> String {
        self.path("audit").display().to_string()
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let trail = self.trail();
        keyfence(arguments.iter().copied().chain(["--trail", &trail]))
    }

    /// Judges a scenario and records it.
    fn record(&self, scenario: &Path, more: &[&str]) -> Ran {
        let text = |path: PathBuf| path.display().to_string();
        let (events, estate) = (text(scenario.join("events.jsonl")), text(scenario.join("estate")));
        let mut arguments = vec!["replay", &events, "--estate", &estate];
        let after = text(scenario.join("after"));
        if scenario.join("after").is_dir() {
            arguments.extend(["--after", &after]);
        }
        arguments.extend(more);
        self.run(&arguments)
    }

    /// The objects of a trail, one kind of them.
    fn objects(&self, part: &str) -> Vec<PathBuf> {
        let all = files(&self.path("audit"), &[""]);
        all.into_iter().filter(|p| p.to_string_lossy().contains(part)).collect()
    }
}

fn scenario(name: &str) -> PathBuf {
    own("scenarios").join(name)
}

fn attached() -> PathBuf {
    scenario("aws/attach-s3fullaccess-key-delegated")
}

fn scenarios() -> Vec<PathBuf> {
    let all = files(&own("scenarios"), &["events.jsonl"]);
    all.iter().filter_map(|events| events.parent().map(Path::to_owned)).collect()
}

/// A trail with all scenarios, judged in a mode by a configuration.
fn all_scenarios(mode: &str) -> Desk {
    let desk = Desk::new();
    let config = desk.path("keyfence.toml");
    std::fs::write(&config, format!("mode = \"{mode}\"\n")).unwrap();
    for scenario in scenarios() {
        let ran = desk.record(&scenario, &["--config", &config.display().to_string()]);
        assert!(matches!(ran.exit, Exit::Quiet | Exit::Findings), "{scenario:?}: {}", ran.talk);
    }
    desk
}

#[test]
fn what_is_judged_is_recorded_sealed_and_verified() {
    let desk = Desk::new();
    let ran = desk.record(&attached(), &[]);
    assert_eq!(ran.exit, Exit::Findings);
    assert!(
        ran.talk.contains("1 decisions recorded") && ran.talk.contains("3 entries sealed"),
        "{}",
        ran.talk
    );
    let verified = desk.run(&["trail", "verify"]);
    assert_eq!(verified.exit, Exit::Quiet, "{}", verified.out);
    assert!(verified.out.ends_with("the trail holds\n"), "{}", verified.out);
    // A second run adds to the same trail.
    desk.record(&attached(), &[]);
    let verified = desk.run(&["trail", "verify", "--format", "json"]);
    assert_eq!(verified.lines()[0]["entries"], 5);
    assert_eq!(verified.lines()[0]["checkpoints"], 2);
}

#[cfg(unix)]
#[test]
fn the_key_lies_beside_the_trail_where_nobody_else_reads_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new();
    desk.record(&attached(), &[]);
    let mode = std::fs::metadata(desk.path("audit.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let secret = std::fs::read_to_string(desk.path("audit.key")).unwrap();
    for object in desk.objects("") {
        let content = std::fs::read(&object).unwrap();
        let content = String::from_utf8_lossy(&content);
        assert!(!content.contains(secret.trim()), "{object:?}");
    }
    // Without its key the trail cannot be sealed, and is told how.
    std::fs::remove_file(desk.path("audit.key")).unwrap();
    let ran = desk.run(&["trail", "seal"]);
    assert_eq!(ran.exit, Exit::Failed);
    assert!(ran.talk.contains("--key FILE"), "{}", ran.talk);
}

#[test]
fn a_broken_trail_is_exit_3_and_names_the_place() {
    for (part, expected) in [
        ("/pending/", "pending/"),
        ("/seq/", "seq/"),
        ("/checkpoints/", "checkpoints/"),
        ("/tile/0/", "tile/0/"),
        ("/entries/", "entries/"),
        ("/keys/", "keys/1.json"),
        ("README", "README.txt"),
    ] {
        let desk = Desk::new();
        desk.record(&attached(), &[]);
        let object = desk.objects(part).remove(0);
        let mut content = std::fs::read(&object).unwrap();
        content[12] ^= 1;
        std::fs::write(&object, content).unwrap();
        let ran = desk.run(&["trail", "verify"]);
        assert_eq!((ran.exit, ran.exit.code()), (Exit::Broken, 3), "{part}");
        assert!(
            ran.out.contains("the trail is broken") && ran.out.contains(expected),
            "{}",
            ran.out
        );
        let ran = desk.run(&["trail", "verify", "--format", "json"]);
        assert!(ran.lines()[0]["broken"]["place"].is_string());
    }
}

#[test]
fn a_damaged_segment_is_exit_3_for_who_reads_it_too() {
    let desk = Desk::new();
    desk.record(&attached(), &[]);
    let object = desk.objects("/seq/").remove(0);
    std::fs::write(&object, "{}\n").unwrap();
    for command in [["trail", "list"], ["trail", "export"], ["trail", "seal"]] {
        let ran = desk.run(&command);
        assert_eq!(ran.exit, Exit::Broken, "{command:?}: {}", ran.talk);
    }
}

#[test]
fn a_rewritten_history_does_not_fit_a_checkpoint_that_was_kept() {
    let desk = Desk::new();
    desk.record(&attached(), &[]);
    let kept = desk.path("kept");
    let kept = kept.display().to_string();
    desk.run(&["trail", "seal", "--copy", &kept]);
    assert_eq!(desk.run(&["trail", "verify", "--against", &kept]).exit, Exit::Quiet);
    // Who has the key begins again.
    std::fs::remove_dir_all(desk.path("audit")).unwrap();
    let key = desk.path("audit.key").display().to_string();
    desk.record(&scenario("aws/second-lock-put-role-policy-decrypt"), &["--key", &key]);
    assert_eq!(desk.run(&["trail", "verify"]).exit, Exit::Quiet);
    let ran = desk.run(&["trail", "verify", "--against", &kept]);
    assert_eq!(ran.exit, Exit::Broken);
    assert!(ran.out.contains("rewritten") || ran.out.contains("and the trail only"), "{}", ran.out);
}

#[test]
fn a_key_follows_another() {
    let desk = Desk::new();
    desk.record(&attached(), &[]);
    let new = desk.path("new.key").display().to_string();
    let ran = desk.run(&["trail", "rotate", "--new-key", &new]);
    assert_eq!(ran.exit, Exit::Quiet, "{}", ran.talk);
    // The old one signs no more.
    let ran = desk.record(&attached(), &[]);
    assert_eq!(ran.exit, Exit::Failed);
    assert!(ran.talk.contains("followed by key 2"), "{}", ran.talk);
    desk.record(&attached(), &["--key", &new]);
    let verified = desk.run(&["trail", "verify", "--format", "json"]);
    assert_eq!(verified.lines()[0]["keys"], 2);
    // A key file is never overwritten.
    let ran = desk.run(&["trail", "rotate", "--key", &new, "--new-key", &new]);
    assert_eq!(ran.exit, Exit::Failed);
}

#[test]
fn decisions_are_listed_by_what_they_are_about() {
    let desk = all_scenarios("enforce");
    let count = |filter: &[&str]| {
        let ran = desk.run(&[&["trail", "list"], filter].concat());
        assert_eq!(ran.exit, Exit::Quiet, "{}", ran.talk);
        ran.out.lines().count()
    };
    let all = count(&[]);
    let by_cloud = ["aws", "azure", "gcp"].map(|cloud| count(&["--cloud", cloud]));
    assert!(by_cloud.iter().all(|n| *n > 5) && by_cloud.iter().sum::<usize>() == all);
    let actions = ["ignore", "record", "alert", "ask", "remediate"];
    assert_eq!(actions.map(|action| count(&["--decision", action])).iter().sum::<usize>(), all);
    assert!(count(&["--rule", "access-gained"]) > 0 && count(&["--rule", "no-such-rule"]) == 0);
    assert!(count(&["--account", "111122223333"]) > 0 && count(&["--account", "1"]) == 0);
    assert!(count(&["--resource", "customer-exports"]) > 0);
    assert!(count(&["--actor", "dana"]) > 0 && count(&["--actor", "nobody-at-all"]) == 0);
    assert_eq!(count(&["--since", "2026-11-24"]), all);
    assert_eq!(count(&["--until", "2026-11-24T12:00:00Z"]), 0);
    let ran = desk.run(&["trail", "list", "--since", "yesterday"]);
    assert_eq!(ran.exit, Exit::Usage);
    // JSON names the same ones.
    let ran = desk.run(&["trail", "list", "--format", "json"]);
    let ids: BTreeSet<String> = ran.lines().iter().map(|l| l["id"].to_string()).collect();
    assert_eq!(ids.len(), all);
}

#[test]
fn one_decision_is_explained_and_proved() {
    let desk = Desk::new();
    desk.record(&attached(), &[]);
    let proof = desk.path("proof.tlog-proof").display().to_string();
    let ran = desk.run(&["trail", "show", "ac751c5a", "--proof", &proof]);
    assert_eq!(ran.exit, Exit::Quiet, "{}", ran.talk);
    for expected in [
        "changed     policy-attached arn:aws:iam::111122223333:role/etl-worker",
        "before      no arn:aws:iam::111122223333:role/etl-worker: read arn:aws:s3:::customer-exports",
        "after       yes arn:aws:iam::111122223333:role/etl-worker: read arn:aws:s3:::customer-exports",
        "decided     record (observe: would remediate (the plan is proved))",
        "iam:DetachRolePolicy",
        "proof       holds",
    ] {
        assert!(ran.out.contains(expected), "{expected}\n{}", ran.out);
    }
    let text = std::fs::read_to_string(&proof).unwrap();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nindex 0\n"), "{text}");
    let ran = desk.run(&["trail", "show", "zzzzzz"]);
    assert_eq!(ran.exit, Exit::Failed);
    assert!(ran.talk.contains("keyfence trail list"), "{}", ran.talk);
    // Recorded twice, the event's id means two.
    desk.record(&attached(), &[]);
    let ran = desk.run(&["trail", "show", "ac751c5a"]);
    assert!(ran.talk.contains("more than one"), "{}", ran.talk);
}

#[test]
fn there_is_no_trail_where_none_was_begun() {
    let desk = Desk::new();
    for command in ["verify", "list", "export", "seal"] {
        let ran = desk.run(&["trail", command]);
        assert_eq!(ran.exit, Exit::Failed, "{command}");
        assert!(ran.talk.contains("keyfence replay --trail"), "{}", ran.talk);
    }
    assert!(!desk.path("audit").exists());
}

#[test]
fn what_is_large_lies_in_blobs_and_is_there_again() {
    let desk = Desk::new();
    let ran = desk.record(&wide(desk.folder.path()), &[]);
    assert_eq!(ran.exit, Exit::Findings, "{}", ran.talk);
    assert!(!desk.objects("/blob/").is_empty());
    let printed = keyfence_line(&desk);
    let recorded = desk.run(&["trail", "export"]).lines().remove(0);
    assert_eq!(recorded["decision"]["difference"], printed["difference"]);
    assert_eq!(desk.run(&["trail", "verify"]).exit, Exit::Quiet);
}

/// The same as `replay --format json` prints it.
fn keyfence_line(desk: &Desk) -> Value {
    let folder = desk.folder.path().join("wide");
    let (events, estate) = (folder.join("events.jsonl"), folder.join("estate"));
    let ran = keyfence([
        "replay",
        &events.display().to_string(),
        "--estate",
        &estate.display().to_string(),
        "--format",
        "json",
    ]);
    ran.lines().remove(0)
}

/// The scenario of the attached policy with sixty buckets more.
fn wide(folder: &Path) -> PathBuf {
    let to = folder.join("wide");
    let from = attached();
    for file in files(&from, &[""]) {
        let there = to.join(file.strip_prefix(&from).unwrap());
        std::fs::create_dir_all(there.parent().unwrap()).unwrap();
        std::fs::copy(file, there).unwrap();
    }
    let file = files(&to, &["buckets.json"]).remove(0);
    let mut buckets: Vec<Value> = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let first = buckets[0].clone();
    for number in 0..60 {
        let mut bucket = first.clone();
        bucket["Name"] = Value::from(format!("customer-exports-{number}"));
        bucket.as_object_mut().unwrap().remove("Policy");
        buckets.push(bucket);
    }
    std::fs::write(&file, serde_json::to_vec(&buckets).unwrap()).unwrap();
    to
}

#[test]
fn exports_are_lines() {
    let desk = all_scenarios("enforce");
    let json = desk.run(&["trail", "export"]).lines();
    assert!(json.iter().all(|line| line["decision"]["v"] == 1));
    let csv = desk.run(&["trail", "export", "--as", "csv"]);
    assert_eq!(csv.out.lines().count(), json.len() + 1);
    assert!(csv.out.starts_with("id,recorded,index,cloud,"));
    let ocsf = desk.run(&["trail", "export", "--as", "ocsf"]).lines();
    let classes: BTreeSet<u64> = ocsf.iter().map(|e| e["class_uid"].as_u64().unwrap()).collect();
    assert_eq!(classes, BTreeSet::from([2004, 7001]));
}

#[test]
fn ocsf_events_are_valid() {
    let Some(python) = tools::python(Path::new(env!("CARGO_TARGET_TMPDIR")), "ocsf") else {
        return;
    };
    let validate = |events: &str| {
        use std::io::Write as _;
        let mut child = Command::new(&python)
            .arg(own("ocsf/validate.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(events.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    for mode in ["observe", "notify", "ask", "enforce"] {
        let desk = all_scenarios(mode);
        let events = desk.run(&["trail", "export", "--as", "ocsf"]).out;
        let (valid, said) = validate(&events);
        assert!(valid && said.starts_with("ok: "), "{mode}: {said}");
        // The validator can say no.
        let (valid, _) = validate(&events.replacen("\"time\":", "\"when\":", 1));
        assert!(!valid);
    }
}

#[test]
fn an_independent_verifier_agrees() {
    let Some(python) = tools::python(Path::new(env!("CARGO_TARGET_TMPDIR")), "trail") else {
        return;
    };
    let verify = |arguments: &[&str]| {
        let output =
            Command::new(&python).arg(own("trail/verify.py")).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let desk = all_scenarios("enforce");
    let trail = desk.trail();
    let (code, said) = verify(&[&trail]);
    assert_eq!(code, Some(0), "{said}");
    let verified = desk.run(&["trail", "verify", "--format", "json"]).lines().remove(0);
    assert!(said.starts_with(&format!("ok: {} entries", verified["entries"])), "{said}");
    // A proof holds for its record alone.
    let proof = desk.path("p.tlog-proof").display().to_string();
    let record = format!("{proof}.record.json");
    let id = desk.run(&["trail", "list", "--format", "json"]).lines()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    desk.run(&["trail", "show", &id, "--proof", &proof]);
    let vkey = verified["vkey"].as_str().unwrap();
    let proves = || verify(&["--proof", &proof, "--record", &record, "--vkey", vkey]).0;
    assert_eq!(proves(), Some(0));
    let mut bytes = std::fs::read(&record).unwrap();
    bytes[20] ^= 1;
    std::fs::write(&record, bytes).unwrap();
    assert_eq!(proves(), Some(3));
    // What one finds broken, the other does.
    for part in ["/pending/", "/seq/", "/checkpoints/", "/tile/0/", "/entries/", "/keys/"] {
        let object = desk.objects(part).pop().unwrap();
        let good = std::fs::read(&object).unwrap();
        let mut bad = good.clone();
        bad[good.len() / 2] ^= 1;
        std::fs::write(&object, bad).unwrap();
        let (code, said) = verify(&[&trail]);
        assert_eq!(code, Some(3), "{part}: {said}");
        assert_eq!(desk.run(&["trail", "verify"]).exit, Exit::Broken);
        std::fs::write(&object, good).unwrap();
    }
    if is_nightly() {
        let status = Command::new(&python).arg(own("trail/selftest.py")).status().unwrap();
        assert!(status.success());
    }
}

#[test]
fn the_packages_of_gos_checksum_database_agree() {
    let sources = Path::new("/usr/share/gocode/src/golang.org/x/mod/sumdb");
    if !tools::works("go", "version") || !sources.is_dir() {
        eprintln!("NOT COMPARED with golang.org/x/mod/sumdb: Go or the package is not installed");
        return;
    }
    let desk = all_scenarios("observe");
    let program = desk.path("verify");
    let built = Command::new("go")
        .args(["build", "-o"])
        .args([&program, &own("trail/sumdb/verify.go")])
        .env("GO111MODULE", "off")
        .env("GOPATH", "/usr/share/gocode")
        .env("GOFLAGS", "")
        .env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go"))
        .status()
        .unwrap();
    assert!(built.success());
    let verify = || {
        let output = Command::new(&program).arg(desk.trail()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, said) = verify();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("ok: "), "{said}");
    for part in ["/checkpoints/", "/tile/0/", "/entries/"] {
        // Those of the newest checkpoint; older partial ones are not looked at.
        let width = |path: &PathBuf| -> usize {
            path.file_name().and_then(|n| n.to_str()?.parse().ok()).unwrap_or_default()
        };
        let object = desk.objects(part).into_iter().max_by_key(width).unwrap();
        let good = std::fs::read(&object).unwrap();
        let mut bad = good.clone();
        bad[good.len() / 2] ^= 1;
        std::fs::write(&object, bad).unwrap();
        assert_eq!(verify().0, Some(3), "{part}");
        std::fs::write(&object, good).unwrap();
    }
}

#[test]
fn nothing_of_an_event_is_recorded_but_what_the_judgement_names() {
    let desk = Desk::new();
    let from = attached();
    let to = desk.path("scenario");
    for file in files(&from, &[""]) {
        let there = to.join(file.strip_prefix(&from).unwrap());
        std::fs::create_dir_all(there.parent().unwrap()).unwrap();
        std::fs::copy(file, there).unwrap();
    }
    let events = std::fs::read_to_string(to.join("events.jsonl")).unwrap();
    let mut event: Value = serde_json::from_str(events.lines().next().unwrap()).unwrap();
    for member in ["requestParameters", "responseElements", "userIdentity", "additionalEventData"] {
        event[member]["sessionToken"] = Value::from("CANARY-TOKEN");
        event[member]["secretAccessKey"] = Value::from("CANARY-SECRET");
    }
    event["userAgent"] = Value::from("CANARY-AGENT");
    std::fs::write(to.join("events.jsonl"), event.to_string()).unwrap();
    let ran = desk.record(&to, &[]);
    assert_eq!(ran.exit, Exit::Findings, "{}", ran.talk);
    for object in desk.objects("") {
        let content = String::from_utf8_lossy(&std::fs::read(&object).unwrap()).into_owned();
        assert!(!content.contains("CANARY"), "{object:?}");
    }
}
