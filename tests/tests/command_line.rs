//! The command line as a user meets it: the built program, its streams and exit codes.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use keyfence_tests::{keyfence, own, root};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// The program, built once.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--package", "keyfence", "--message-format", "json"])
            .current_dir(root())
            .output()
            .unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let messages = String::from_utf8_lossy(&built.stdout).into_owned();
        let artifacts = messages.lines().filter_map(|l| serde_json::from_str::<Value>(l).ok());
        let path =
            artifacts.filter_map(|m| Some(m.get("executable")?.as_str()?.to_owned())).next_back();
        PathBuf::from(path.unwrap())
    })
}

fn run(arguments: &[&str]) -> Output {
    Command::new(program()).args(arguments).current_dir(root()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_shipped_examples_show_the_difference_between_the_clouds() {
    let ran = run(&["replay", "tests/examples/events", "--estate", "tests/examples/estate"]);
    let out = text(&ran.stdout);
    assert_eq!(ran.status.code(), Some(2), "{out}");
    // In AWS the storage grant is latent until the key policy opens …
    assert!(out.contains("latent    arn:aws:iam::111122223333:role/report-runner  read  arn:aws:s3:::ledger-archive  only the key lock is closed"));
    assert!(
        out.contains("both locks are open, storage and key; an earlier step: AttachRolePolicy")
    );
    // … in Azure and Google Cloud it opens the data at once.
    assert_eq!(out.matches("the customer-managed key is no fence").count(), 2, "{out}");
    let talk = text(&ran.stderr);
    for cloud in ["aws", "azure", "gcp"] {
        assert!(talk.lines().any(|l| l.starts_with(cloud)), "{talk}");
    }
    for reason in ["failed call", "read-only", "start-only record"] {
        assert!(talk.contains(reason), "{talk}");
    }
}

#[test]
fn the_readme_shows_what_the_program_prints() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let out = text(
        &run(&["replay", "tests/examples/events", "--estate", "tests/examples/estate"]).stdout,
    );
    let blocks: Vec<&str> =
        readme.split("```text\n").skip(1).filter_map(|b| b.split("```").next()).collect();
    let shown: Vec<&str> = blocks
        .iter()
        .flat_map(|b| b.lines())
        .filter(|l| {
            l.starts_with("  finding") || l.starts_with("  decision") || l.starts_with("2026-")
        })
        .collect();
    assert!(shown.len() >= 9, "the README follows one event of each cloud: {shown:?}");
    for line in shown {
        assert!(
            out.contains(line),
            "the README shows a line that the program does not print:\n{line}"
        );
    }
}

#[test]
fn standard_input_is_read_and_json_has_one_line_an_event() {
    let events = std::fs::read(own("scenarios/aws/org-deny-removed/events.jsonl")).unwrap();
    let estate = own("scenarios/aws/org-deny-removed/estate");
    let mut child = Command::new(program())
        .args(["replay", "-", "--format", "json", "--estate"])
        .arg(estate)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&events).unwrap();
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(2));
    let out = text(&done.stdout);
    assert_eq!(out.lines().count(), 1);
    let line: Value = serde_json::from_str(&out).unwrap();
    for member in ["event", "outcome", "change", "difference", "findings", "decision", "plan"] {
        assert!(line.get(member).is_some(), "{member}");
    }
    for member in ["cloud", "id", "name", "time", "actor"] {
        assert!(line["event"].get(member).is_some(), "{member}");
    }
    assert_eq!(line["decision"]["mode"], "observe");
}

#[test]
fn exit_codes_follow_the_contract() {
    let quiet = own("scenarios/aws/create-grant-by-service");
    let path = |p: &Path| p.to_string_lossy().into_owned();
    let (events, estate) = (path(&quiet.join("events.jsonl")), path(&quiet.join("estate")));
    assert_eq!(run(&["replay", &events, "--estate", &estate]).status.code(), Some(0));
    assert_eq!(run(&["replay"]).status.code(), Some(64));
    assert_eq!(run(&["reply"]).status.code(), Some(64));
    assert_eq!(run(&["--help"]).status.code(), Some(0));
    assert_eq!(run(&["replay", "no-such-file.json"]).status.code(), Some(1));
}

#[test]
fn broken_input_is_named_counted_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let good =
        std::fs::read_to_string(own("scenarios/gcp/bucket-all-users-cmek/events.jsonl")).unwrap();
    let lines = format!("{{\"broken\": \n{good}{{\"message\": {{\"data\": \"!!\"}}}}\n");
    std::fs::write(folder.path().join("a.jsonl"), lines).unwrap();
    std::fs::write(folder.path().join("b.json.gz"), b"\x1f\x8b\x08broken").unwrap();
    std::fs::write(folder.path().join("notes.md"), "no events").unwrap();
    let estate = own("scenarios/gcp/bucket-all-users-cmek/estate").to_string_lossy().into_owned();
    let ran = keyfence([
        "replay",
        &folder.path().to_string_lossy(),
        "--estate",
        &estate,
        "--format",
        "json",
    ]);
    assert_eq!(ran.exit.code(), 1, "findings do not hide unreadable input");
    assert_eq!(ran.lines().len(), 1, "the good event is judged: {}", ran.out);
    assert_eq!(ran.lines()[0]["outcome"], "finding");
    assert!(ran.talk.contains("a.jsonl: line 1, byte 0: the value has no end"), "{}", ran.talk);
    assert!(
        ran.talk.contains("a.jsonl: line 3, ") && ran.talk.contains("`message.data` is not base64"),
        "{}",
        ran.talk
    );
    assert!(ran.talk.contains("b.json.gz"), "{}", ran.talk);
    assert!(ran.talk.lines().any(|l| l.contains("malformed") && l.ends_with(" 3")), "{}", ran.talk);
    assert!(ran.talk.contains("1 files in the folders are no event files"), "{}", ran.talk);
}

#[test]
fn events_are_judged_in_the_order_of_their_times_across_files() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = own("scenarios/aws/public-policy-then-block-removed");
    let text = std::fs::read_to_string(scenario.join("events.jsonl")).unwrap();
    let [first, second] = text.lines().collect::<Vec<_>>()[..] else { panic!("two events") };
    // The later event stands in the file that is read first.
    std::fs::write(folder.path().join("a.json"), second).unwrap();
    std::fs::write(folder.path().join("b.json"), first).unwrap();
    let estate = scenario.join("estate").to_string_lossy().into_owned();
    let ran = keyfence([
        "replay",
        &folder.path().to_string_lossy(),
        "--estate",
        &estate,
        "--format",
        "json",
    ]);
    let lines = ran.lines();
    let names: Vec<&str> = lines.iter().filter_map(|l| l["event"]["name"].as_str()).collect();
    assert_eq!(names, ["PutBucketPolicy", "DeleteBucketPublicAccessBlock"]);
    let gained = lines[1]["difference"]["gained"].to_string();
    assert!(gained.contains("public"), "{gained}");
    assert!(
        lines[1]["findings"][0]["why"]
            .as_str()
            .unwrap()
            .contains("an earlier step: PutBucketPolicy"),
        "{}",
        lines[1]["findings"]
    );
}

#[test]
fn a_broken_estate_names_file_and_place() {
    let folder = tempfile::tempdir().unwrap();
    let account = folder.path().join("aws/111122223333");
    std::fs::create_dir_all(&account).unwrap();
    std::fs::write(
        account.join("buckets.json"),
        r#"[{"Name": "b", "Policy": {"Statement": [{"Effect": "Maybe"}]}}]"#,
    )
    .unwrap();
    std::fs::write(account.join("keys.json"), "[{").unwrap();
    let events = own("scenarios/aws/org-deny-removed/events.jsonl").to_string_lossy().into_owned();
    let ran = keyfence(["replay", &events, "--estate", &folder.path().to_string_lossy()]);
    assert_eq!(ran.exit.code(), 1);
    assert!(
        ran.talk.contains("aws/111122223333/buckets.json: `[0]`: `Policy`: expected `Allow` or `Deny` at `Statement[0].Effect` of the policy document"),
        "{}",
        ran.talk
    );
    assert!(
        ran.talk.contains("aws/111122223333/keys.json: not JSON:")
            && ran.talk.contains("line 1 column 2"),
        "{}",
        ran.talk
    );
}

#[test]
fn the_configuration_decides() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = own("scenarios/gcp/bucket-all-users-cmek");
    let decide = |config: &str| {
        let file = folder.path().join("keyfence.toml");
        std::fs::write(&file, config).unwrap();
        let path = |name: &str| scenario.join(name).to_string_lossy().into_owned();
        let ran = keyfence([
            "replay",
            &path("events.jsonl"),
            "--estate",
            &path("estate"),
            "--config",
            &file.to_string_lossy(),
            "--format",
            "json",
        ]);
        ran.lines()[0]["decision"]["action"].clone()
    };
    assert_eq!(decide(""), json!("record"));
    assert_eq!(decide("mode = \"notify\""), json!("alert"));
    assert_eq!(decide("mode = \"ask\""), json!("ask"));
    assert_eq!(decide("mode = \"enforce\""), json!("remediate"));
    assert_eq!(decide("[rules]\npublic-exposure = \"enforce\""), json!("remediate"));
    let exempt = "mode = \"enforce\"\n[[exemption]]\nprincipal = \"public\"\nresource = \"*/lb-loan-*\"\nowner = \"a\"\nreason = \"b\"\nexpires = \"2026-07-01\"\n";
    assert_eq!(decide(exempt), json!("record"));
    assert_eq!(
        decide(&exempt.replace("2026-07", "2026-04")),
        json!("remediate"),
        "an exemption that has ended"
    );
}

#[test]
fn config_check_explains_by_line() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        file.path(),
        "mode = \"notify\"\n\n[[exemption]]\nrule = \"public\"\nowner = \"a\"\n",
    )
    .unwrap();
    let ran = keyfence(["config", "check", &file.path().to_string_lossy()]);
    assert_eq!(ran.exit.code(), 1);
    assert!(ran.out.contains(":4: error: there is no rule `public`; the rules are"), "{}", ran.out);
    assert!(ran.out.contains(":3: error: an exemption needs `reason`"), "{}", ran.out);
    std::fs::write(file.path(), "mode = \"notify\"\n").unwrap();
    assert_eq!(keyfence(["config", "check", &file.path().to_string_lossy()]).exit.code(), 0);
}

#[test]
fn rules_are_listed() {
    let ran = keyfence(["rules"]);
    assert!(ran.out.lines().any(|l| l.starts_with("public-exposure ")), "{}", ran.out);
    assert!(keyfence(["rules", "--format", "json"]).lines().iter().all(|l| l["rule"].is_string()));
}

#[test]
fn hostile_names_cannot_steer_the_terminal() {
    let mut event: Value = serde_json::from_slice(
        &std::fs::read(own("scenarios/gcp/bucket-all-users-cmek/events.jsonl")).unwrap(),
    )
    .unwrap();
    event["protoPayload"]["authenticationInfo"]["principalEmail"] =
        json!("\u{1b}[2J\u{202e}evil@x.example");
    event["protoPayload"]["authenticationInfo"]["principalSubject"] = json!("user:\u{1b}]0;x\u{7}");
    event["protoPayload"]["methodName"] = json!("storage.\u{1b}[31m.setIamPermissions");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), event.to_string()).unwrap();
    let ran = keyfence(["replay", &file.path().to_string_lossy(), "--all"]);
    assert!(!ran.out.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{:?}", ran.out);
}
