//! The numbered rules of `shared/analysis/semantics/{aws,azure,gcp}.md` and the tests that show them belong together: each
//! number is given once, names a page of the vendor, and stands in a comment of at least one test; a test names no number
//! that is not there.
//!
//! What counts as a test's comment: a comment line (not a module's `//!`) of a file in `tests/tests`, or of the test module
//! of a file of the analysis crate.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail like tests")]

use keyfence_tests::{files, own, root};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The rules of one cloud: the document's name, the numbers' prefix, and where the vendor's pages are.
struct Rules {
    document: &'static str,
    prefix: &'static str,
    domains: &'static [&'static str],
}

const AWS: Rules = Rules {
    document: "aws.md",
    prefix: "AWS-",
    domains: &["docs.aws.amazon.com", "aws.amazon.com"],
};
const AZURE: Rules =
    Rules { document: "azure.md", prefix: "AZURE-", domains: &["learn.microsoft.com"] };
const GCP: Rules = Rules {
    document: "gcp.md",
    prefix: "GCP-",
    domains: &["cloud.google.com", "docs.cloud.google.com", "developers.google.com"],
};

#[test]
fn the_rules_of_aws_have_numbers_pages_and_tests() {
    check(&AWS);
}

#[test]
fn the_rules_of_azure_have_numbers_pages_and_tests() {
    check(&AZURE);
}

#[test]
fn the_rules_of_gcp_have_numbers_pages_and_tests() {
    check(&GCP);
}

#[track_caller]
fn check(rules: &Rules) {
    let path = root().join("shared/analysis/semantics").join(rules.document);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|e| panic!("{} cannot be read: {e}", path.display()));
    let wrong = problems(rules, &text, &sources());
    assert!(wrong.is_empty(), "{} problems:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is wrong between a document and the tests, as sentences.
fn problems(rules: &Rules, document: &str, sources: &BTreeMap<String, String>) -> Vec<String> {
    let (sections, mut wrong) = sections(rules, document);
    let given: BTreeSet<&str> = sections.iter().map(|s| s.number.as_str()).collect();
    for section in &sections {
        let number = &section.number;
        if sections.iter().filter(|s| s.number == *number).count() > 1 {
            wrong.push(format!("{}: {number} is given more than once", rules.document));
        }
        if !section.lines.iter().any(|line| is_vendor_page(rules, line)) {
            wrong.push(format!(
                "{}: {number} has no line `Page: <https://…>` on {}",
                rules.document,
                rules.domains.join(" or ")
            ));
        }
        if section.lines.iter().all(|line| line.starts_with("Page:") || line.trim().is_empty()) {
            wrong.push(format!("{}: {number} says nothing", rules.document));
        }
    }
    let mut tested = BTreeSet::new();
    for (file, text) in sources {
        for line in text.lines().filter(|l| is_comment(l)) {
            for number in numbers(rules.prefix, line) {
                if given.contains(number.as_str()) {
                    tested.insert(number);
                } else {
                    wrong.push(format!("{file}: names {number}, which {} has not", rules.document));
                }
            }
        }
    }
    for number in given.iter().filter(|n| !tested.contains(**n)) {
        wrong.push(format!("{}: {number} is named in no test", rules.document));
    }
    wrong.sort();
    wrong.dedup();
    wrong
}

/// A rule: its number and the lines below its heading.
struct Section {
    number: String,
    lines: Vec<String>,
}

/// The rules of a document, and what is wrong with their headings.
fn sections(rules: &Rules, document: &str) -> (Vec<Section>, Vec<String>) {
    let (mut found, mut wrong): (Vec<Section>, _) = (Vec::new(), Vec::new());
    let mut within = false;
    for line in document.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            let (number, title) = heading.split_once(' ').unwrap_or((heading, ""));
            within = numbers(rules.prefix, number) == [number];
            if within && !title.trim().is_empty() {
                found.push(Section { number: number.to_owned(), lines: Vec::new() });
            } else {
                let expected = format!("### {}<three digits> <title>", rules.prefix);
                wrong.push(format!("{}: `{line}` is not `{expected}`", rules.document));
            }
        } else if line.starts_with('#') {
            within = false;
        } else if let (true, Some(section)) = (within, found.last_mut()) {
            section.lines.push(line.to_owned());
        }
    }
    if found.is_empty() {
        wrong.push(format!("{} has no rules", rules.document));
    }
    (found, wrong)
}

fn is_vendor_page(rules: &Rules, line: &str) -> bool {
    let page = line.strip_prefix("Page: <https://").and_then(|rest| rest.split_once('>'));
    page.is_some_and(|(address, _)| {
        let (host, path) = address.split_once('/').unwrap_or((address, ""));
        rules.domains.contains(&host) && !path.is_empty() && !path.contains(char::is_whitespace)
    })
}

/// A comment of the code itself; a module's own text names no test.
fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("//") && !line.starts_with("//!")
}

/// The numbers in a text: the prefix with three digits, no letter or digit before or behind.
fn numbers(prefix: &str, text: &str) -> Vec<String> {
    let found = text.match_indices(prefix).filter_map(|(at, _)| {
        let before = text[..at].chars().next_back();
        let digits: String =
            text[at + prefix.len()..].chars().take_while(char::is_ascii_alphanumeric).collect();
        let whole = digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit());
        (whole && !before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '-'))
            .then(|| format!("{prefix}{digits}"))
    });
    found.collect()
}

/// Test code by file: all of `tests/tests`, and the test modules of the analysis crate.
fn sources() -> BTreeMap<String, String> {
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let name = |path: &Path| path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
    let mut found = BTreeMap::new();
    for path in files(&own("tests"), &[".rs"]) {
        // This file's own cases name numbers that no document has.
        if !path.ends_with("semantics.rs") {
            found.insert(name(&path), read(&path));
        }
    }
    for path in files(&root().join("shared/analysis/src"), &[".rs"]) {
        if let Some((_, tests)) = read(&path).split_once("#[cfg(test)]") {
            found.insert(name(&path), tests.to_owned());
        }
    }
    assert!(found.len() > 10, "the test sees too few sources: {}", found.len());
    found
}

#[test]
fn the_check_of_rules_can_fail() {
    let good = "### AWS-001 One\nText.\nPage: <https://docs.aws.amazon.com/a.html>\n";
    let says = |document: &str, test: &str| {
        problems(&AWS, document, &BTreeMap::from([("t.rs".to_owned(), test.to_owned())])).join("; ")
    };
    let named = "/// AWS-001: one.\n#[test]\nfn one() {}";
    assert_eq!(says(good, named), "");
    assert_eq!(says(good, "fn one() { // AWS-001\n}"), "aws.md: AWS-001 is named in no test");
    assert_eq!(says(good, "//! AWS-001"), "aws.md: AWS-001 is named in no test");
    assert_eq!(says(good, "// AWS-001, AWS-002."), "t.rs: names AWS-002, which aws.md has not");
    assert_eq!(says(&format!("{good}{good}"), named), "aws.md: AWS-001 is given more than once");
    for page in
        ["Page: https://docs.aws.amazon.com/a.html", "Page: <https://example.com/a.html>", ""]
    {
        let document = format!("### AWS-001 One\nText.\n{page}\n");
        let expected = "aws.md: AWS-001 has no line `Page: <https://…>` on docs.aws.amazon.com or aws.amazon.com";
        assert_eq!(says(&document, named), expected);
    }
    assert!(says("### AWS-1 One\nText.\n", "").contains("`### AWS-1 One` is not"));
    assert_eq!(says("# Nothing\n", ""), "aws.md has no rules");
    let silent = "### AWS-001 One\nPage: <https://docs.aws.amazon.com/a.html>\n";
    assert_eq!(says(silent, named), "aws.md: AWS-001 says nothing");
    assert_eq!(numbers("AWS-", "AWS-0012 XAWS-001 AWS-12a"), Vec::<String>::new());
}
