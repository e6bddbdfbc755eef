//! Attribute conditions (ABAC) in Azure: each operator, each source of attributes, and what cannot be read. The numbers
//! are those of the rules in `shared/analysis/semantics/azure.md`.

use keyfence_analysis::model::Access::{Administer, Delete, KeyAdminister, Read, Write};
use keyfence_analysis::model::Verdict;
use keyfence_analysis::model::Verdict::{Conditional, No, Unknown, Yes};
use keyfence_tests::azure_world::*;
use serde_json::{Value, json};

// --- what a condition narrows

/// AZURE-003, AZURE-039, AZURE-045: a condition narrows only the actions that it names.
#[test]
fn a_condition_on_the_container_is_decided_for_a_container() {
    let tenant = Tenant::plain()
        .resource(container(REPORTS, &json!({"publicAccess": "None"})))
        .resource(container(PAYROLL, &json!({"publicAccess": "None"})))
        .assign_if(ANNA, BLOB_CONTRIBUTOR, ACCOUNT, &read_only_if(&container_is("reports")));
    check(&tenant, ANNA, Read, REPORTS, Yes);
    check(&tenant, ANNA, Read, PAYROLL, No);
    check(&tenant, ANNA, Read, ACCOUNT, Conditional);
    check(&tenant, ANNA, Write, PAYROLL, Yes);
    check(&tenant, ANNA, Delete, ACCOUNT, Yes);
}

/// AZURE-047, AZURE-048, AZURE-049, AZURE-064, AZURE-065: what is known at the request only, and what nobody can read.
#[test]
fn a_condition_on_the_request_makes_the_verdict_conditional() {
    let conditions = [
        "@Environment[isPrivateLink] BoolEquals true",
        "@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Engineering_Project] StringEquals 'x'",
        "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags:Project<$key_case_sensitive$>] StringEquals 'x'",
        "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringLike 'public/*'",
        "@Environment[UtcNow] DateTimeGreaterThan '2026-05-01T13:00:00.000Z'",
        "what nobody can read",
    ];
    for condition in conditions {
        let tenant = Tenant::plain().assign_if(ANNA, BLOB_READER, ACCOUNT, condition);
        check(&tenant, ANNA, Read, ACCOUNT, Conditional);
        let free = tenant.assign(ANNA, BLOB_READER, GROUP);
        check(&free, ANNA, Read, ACCOUNT, Yes);
    }
}

/// AZURE-017, AZURE-062: conditions inside role definitions limit their block.
#[test]
fn a_condition_inside_a_role_counts_for_its_block() {
    let blocks = json!([
        {"dataActions": [format!("{BLOBS}/read")], "condition": read_only_if(&container_is("payroll")), "conditionVersion": "2.0"},
        {"dataActions": [format!("{BLOBS}/write")]},
    ]);
    let tenant = Tenant::plain()
        .resource(container(REPORTS, &json!({"publicAccess": "None"})))
        .anna_may(&blocks);
    check(&tenant, ANNA, Read, REPORTS, No);
    check(&tenant, ANNA, Write, REPORTS, Yes);
}

/// AZURE-062, AZURE-067: who may assign some roles only administers under that condition. The built-in role *Key Vault
/// Data Access Administrator* carries such a condition.
#[test]
fn delegated_assignment_of_some_roles_is_conditional() {
    let some = format!(
        "((!(ActionMatches{{'Microsoft.Authorization/roleAssignments/write'}})) OR (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{BLOB_READER}}}))"
    );
    let tenant = Tenant::plain().assign_if(ANNA, USER_ACCESS_ADMINISTRATOR, ACCOUNT, &some);
    check(&tenant, ANNA, Administer, ACCOUNT, Conditional);
    let tenant = Tenant::under_key().assign(ANNA, VAULT_DATA_ACCESS, VAULT);
    check(&tenant, ANNA, KeyAdminister, KEY, Conditional);
}

/// AZURE-039: "you should use identical conditions on both these permissions": writing blobs needs either.
#[test]
fn a_condition_on_one_of_two_actions_leaves_the_other_free() {
    let both = ["write", "add/action"].map(|o| format!("!(ActionMatches{{'{BLOBS}/{o}'}})"));
    let [write, add] = &both;
    let at = |condition: &str| {
        Tenant::plain().containers().assign_if(ANNA, BLOB_CONTRIBUTOR, ACCOUNT, condition)
    };
    let payroll = container_is("payroll");
    check(&at(&format!("(({write}) OR ({payroll}))")), ANNA, Write, REPORTS, Yes);
    check(&at(&format!("(({write} AND {add}) OR ({payroll}))")), ANNA, Write, REPORTS, No);
    check(&at(&format!("(({write} AND {add}) OR ({payroll}))")), ANNA, Write, PAYROLL, Yes);
    check(&at(&format!("(({write} AND {add}) OR ({payroll}))")), ANNA, Read, REPORTS, Yes);
}

/// AZURE-040: as the matching of actions in a permission.
#[test]
fn actions_are_matched_as_in_role_definitions() {
    let cases = [
        (format!("{BLOBS}/read"), No),
        (format!("{BLOBS}/READ").to_uppercase(), No),
        (format!("{BLOBS}/*"), No),
        ("Microsoft.Storage/*".to_owned(), No),
        ("*".to_owned(), No),
        (format!("{BLOBS}/rea"), Yes),
        (format!("{BLOBS}/write"), Yes),
        ("Microsoft.Storage/storageAccounts/queueServices/*".to_owned(), Yes),
    ];
    for (pattern, expected) in cases {
        let condition =
            format!("((!(ActionMatches{{'{pattern}'}})) OR ({}))", container_is("payroll"));
        check(&reading_if(&condition), ANNA, Read, REPORTS, expected);
    }
}

/// AZURE-041: "Read a blob: all blob read operations excluding list" is `NOT Blob.List`.
#[test]
fn listing_is_a_sub_operation_of_reading() {
    let payroll = container_is("payroll");
    let target =
        |sub: &str| format!("((!(ActionMatches{{'{BLOBS}/read'}} AND {sub})) OR ({payroll}))");
    let reading = reading_if(&target("NOT SubOperationMatches{'Blob.List'}"));
    check(&reading, ANNA, Read, REPORTS, No);
    check(&reading, ANNA, Read, PAYROLL, Yes);
    let listing = reading_if(&target("SubOperationMatches{'Blob.List'}"));
    check(&listing, ANNA, Read, REPORTS, Yes);
}

/// AZURE-042: each part narrows its own actions.
#[test]
fn several_conditions_each_narrow_their_actions() {
    let part = |operation: &str, name: &str| {
        format!("((!(ActionMatches{{'{BLOBS}/{operation}'}})) OR ({}))", container_is(name))
    };
    let condition = format!("{} AND {}", part("read", "reports"), part("delete", "payroll"));
    let tenant =
        Tenant::plain().containers().assign_if(ANNA, BLOB_CONTRIBUTOR, ACCOUNT, &condition);
    check(&tenant, ANNA, Read, REPORTS, Yes);
    check(&tenant, ANNA, Read, PAYROLL, No);
    check(&tenant, ANNA, Delete, REPORTS, No);
    check(&tenant, ANNA, Delete, PAYROLL, Yes);
    check(&tenant, ANNA, Write, REPORTS, Yes);
}

/// AZURE-065: "any unconditional role assignment can allow users to bypass the condition"; a condition has no "explicit deny
/// effect".
#[test]
fn a_condition_takes_nothing_from_another_assignment() {
    let tenant = reading_if(&read_only_if(&container_is("payroll")));
    check(&tenant, ANNA, Read, REPORTS, No);
    for scope in [SUBSCRIPTION, ACCOUNT, REPORTS] {
        let free = tenant.clone().assign(ANNA, BLOB_CONTRIBUTOR, scope);
        check(&free, ANNA, Read, REPORTS, Yes);
    }
    let other =
        tenant.assign_if(ANNA, BLOB_CONTRIBUTOR, ACCOUNT, &read_only_if(&container_is("reports")));
    check(&other, ANNA, Read, REPORTS, Yes);
    check(&other, ANNA, Read, PAYROLL, Yes);
}

/// AZURE-062: the block's condition and the assignment's must both hold.
#[test]
fn conditions_of_block_and_assignment_must_both_hold() {
    let blocks = json!([{
        "dataActions": [format!("{BLOBS}/read")],
        "condition": container_is("reports"),
        "conditionVersion": "2.0",
    }]);
    let at = |condition: &str| {
        Tenant::plain().containers().role(&blocks).assign_if(ANNA, CUSTOM, ACCOUNT, condition)
    };
    check(&at(&container_is("reports")), ANNA, Read, REPORTS, Yes);
    check(&at(&container_is("payroll")), ANNA, Read, REPORTS, No);
    check(&at(&container_is("payroll")), ANNA, Read, PAYROLL, No);
}

/// AZURE-063: "Defaults to 2.0 and is the only publicly supported version".
#[test]
fn a_condition_of_another_version_is_not_read_as_this_one() {
    let at = |name: &str, version: Value| {
        let condition = read_only_if(&container_is(name));
        let more = json!({"condition": condition, "conditionVersion": version});
        Tenant::plain().containers().assign_with(ANNA, BLOB_READER, ACCOUNT, &more)
    };
    for version in [json!("2.0"), json!(null)] {
        check(&at("reports", version.clone()), ANNA, Read, REPORTS, Yes);
        check(&at("payroll", version), ANNA, Read, REPORTS, No);
    }
    check(&at("reports", json!("1.0")), ANNA, Read, REPORTS, Conditional);
    check(&at("payroll", json!("1.0")), ANNA, Read, REPORTS, Conditional);
}

/// AZURE-064: a condition that cannot be read is neither dropped nor false.
#[test]
fn a_damaged_condition_is_kept_as_a_whole() {
    let payroll = container_is("payroll");
    let damaged = [
        format!("({payroll}"),
        format!("{payroll} trailing"),
        payroll.replace("StringEquals", "Resembles"),
        payroll.replace("StringEquals", "ForSome:StringEquals"),
        payroll.replace("@Resource", "@Nothing"),
        format!("{payroll} AND"),
        "()".to_owned(),
    ];
    for condition in damaged {
        check(&reading_if(&condition), ANNA, Read, REPORTS, Conditional);
        check(&reading_if(&condition), BEN, Read, REPORTS, No);
    }
}

// --- operators of logic

/// AZURE-043: the two spellings of each operator.
#[test]
fn logical_operators_have_two_spellings_each() {
    let (yes, no) = (container_is("reports"), container_is("payroll"));
    let cases = [
        (format!("{yes} AND {yes}"), Yes),
        (format!("{yes} && {no}"), No),
        (format!("{no} OR {yes}"), Yes),
        (format!("{no} || {no}"), No),
        (format!("NOT {yes}"), No),
        (format!("!{no}"), Yes),
        (format!("!({no} || {no}) && ({yes})"), Yes),
        (format!("NOT ({yes} AND NOT {no})"), No),
        (format!("({no} AND {no}) OR {yes}"), Yes),
        (format!("{no} AND ({no} OR {yes})"), No),
    ];
    for (condition, expected) in cases {
        check(&reading_if(&condition), ANNA, Read, REPORTS, expected);
    }
}

/// AZURE-044: "the evaluation order is ambiguous"; here the two readings differ.
#[test]
fn mixed_operators_without_parentheses_are_not_read() {
    let (yes, no) = (container_is("reports"), container_is("payroll"));
    check(&reading_if(&format!("{no} AND {no} OR {yes}")), ANNA, Read, REPORTS, Conditional);
    check(&reading_if(&format!("{yes} OR {no} AND {no}")), ANNA, Read, REPORTS, Conditional);
    // One kind of operator has one reading.
    check(&reading_if(&format!("{no} OR {no} OR {yes}")), ANNA, Read, REPORTS, Yes);
    check(&reading_if(&format!("{yes} AND {yes} AND {no}")), ANNA, Read, REPORTS, No);
}

// --- attributes

/// AZURE-045, AZURE-047: the names are known; a path is a class of objects.
#[test]
fn names_of_account_and_container_are_known() {
    let account = "@Resource[Microsoft.Storage/storageAccounts:name]";
    check_on(ANNA, REPORTS, &format!("{account} StringEquals 'lake'"), Yes);
    check_on(ANNA, REPORTS, &format!("{account} StringEquals 'lake2'"), No);
    check_on(ANNA, ACCOUNT, &format!("{account} StringEquals 'lake'"), Yes);
    check_on(ANNA, REPORTS, &container_is("reports"), Yes);
    check_on(ANNA, PAYROLL, &container_is("reports"), No);
    check_on(ANNA, ACCOUNT, &container_is("reports"), Conditional);
    let path = format!("@Resource[{BLOBS}:path]");
    check_on(ANNA, REPORTS, &format!("{path} StringStartsWith 'public/'"), Conditional);
    check_on(ANNA, ACCOUNT, &format!("{path} StringLike 'public/*'"), Conditional);
    check_undecided(&format!("{path} StringEquals 'a.csv'"));
}

/// AZURE-046: "Whether hierarchical namespace is enabled on the storage account".
#[test]
fn whether_the_account_has_a_hierarchical_namespace_is_known() {
    let attribute = "@Resource[Microsoft.Storage/storageAccounts:isHnsEnabled]";
    for (test, flat, hierarchical) in [
        ("BoolEquals true", No, Yes),
        ("BoolEquals false", Yes, Unknown),
        ("BoolNotEquals true", Yes, Unknown),
    ] {
        let at = |enabled: bool| {
            Tenant::new().resource(account(&json!({"isHnsEnabled": enabled}))).assign_if(
                ANNA,
                BLOB_READER,
                GROUP,
                &read_only_if(&format!("{attribute} {test}")),
            )
        };
        check(&at(false), ANNA, Read, ACCOUNT, flat);
        // Without a role the path ACLs decide: AZURE-079.
        check(&at(true), ANNA, Read, ACCOUNT, hierarchical);
    }
}

/// AZURE-048: what is written on blobs is not in the estate.
#[test]
fn what_blobs_carry_is_not_in_the_estate() {
    let attributes = [
        "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags:Project<$key_case_sensitive$>",
        "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags&$keys$&",
        "Microsoft.Storage/storageAccounts/blobServices/containers/metadata:team",
        "Microsoft.Storage/storageAccounts/encryptionScopes:name",
    ];
    for attribute in attributes {
        check_undecided(&format!("@Resource[{attribute}] StringEquals 'x'"));
    }
    check_undecided(&format!("@Resource[{BLOBS}:isCurrentVersion] BoolEquals true"));
}

/// AZURE-049: what comes with the request.
#[test]
fn what_comes_with_the_request_is_not_in_the_estate() {
    let comparisons = [
        format!("@Request[{BLOBS}:prefix] StringStartsWith 'a/'"),
        format!("@Request[{BLOBS}:versionId] DateTimeEquals '2022-06-01T00:00:00.0Z'"),
        "@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Engineering_Project] StringEquals 'x'".to_owned(),
        "@Environment[isPrivateLink] BoolEquals true".to_owned(),
        "@Environment[Microsoft.Network/privateEndpoints] StringEqualsIgnoreCase '/subscriptions/s/x'".to_owned(),
        "@Environment[Microsoft.Network/virtualNetworks/subnets] StringEqualsIgnoreCase '/subscriptions/s/y'".to_owned(),
        "@Environment[UtcNow] DateTimeLessThan '2030-01-01T00:00:00.0Z'".to_owned(),
        // An attribute on the right side.
        "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals @Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Engineering_Project]".to_owned(),
    ];
    for comparison in comparisons {
        check_undecided(&comparison);
    }
}

// --- operators of comparison, on the name of the container `reports`

/// AZURE-050: "Case-sensitive (or case-insensitive) matching. The values must exactly match the string."
#[test]
fn string_equals() {
    let cases = [
        ("StringEquals 'reports'", Yes),
        ("StringEquals 'Reports'", No),
        ("StringEquals 'report'", No),
        ("StringEquals 'report*'", No),
        ("StringEqualsIgnoreCase 'Reports'", Yes),
        ("StringEqualsIgnoreCase 'Report'", No),
        ("StringNotEquals 'reports'", No),
        ("StringNotEquals 'Reports'", Yes),
        ("StringNotEqualsIgnoreCase 'Reports'", No),
        ("StringNotEqualsIgnoreCase 'payroll'", Yes),
    ];
    cases.into_iter().for_each(|(test, expected)| check_name(test, expected));
}

/// AZURE-051: "The values start with the string."
#[test]
fn string_starts_with() {
    let cases = [
        ("StringStartsWith 'rep'", Yes),
        ("StringStartsWith 'Rep'", No),
        ("StringStartsWith 'ports'", No),
        ("StringStartsWith 'rep*'", No),
        ("StringStartsWithIgnoreCase 'REP'", Yes),
        ("StringNotStartsWith 'rep'", No),
        ("StringNotStartsWith 'Rep'", Yes),
        ("StringNotStartsWithIgnoreCase 'Rep'", No),
        ("StringNotStartsWithIgnoreCase 'x'", Yes),
    ];
    cases.into_iter().for_each(|(test, expected)| check_name(test, expected));
}

/// AZURE-052: `*` and `?` anywhere in the string; "these characters can be escaped by add a backslash".
#[test]
fn string_like() {
    let cases = [
        ("StringLike 'rep*'", Yes),
        ("StringLike '*port?'", Yes),
        ("StringLike 'rep?'", No),
        ("StringLike 'Rep*'", No),
        ("StringLike 'eport*'", No),
        (r"StringLike 'rep\*'", No),
        (r"StringLike 'report\?'", No),
        ("StringLikeIgnoreCase 'REP*'", Yes),
        ("StringNotLike 'rep*'", No),
        ("StringNotLike 'pay*'", Yes),
        (r"StringNotLike 'rep\*'", Yes),
        ("StringNotLikeIgnoreCase 'REP*'", No),
        ("StringNotLikeIgnoreCase 'PAY*'", Yes),
    ];
    cases.into_iter().for_each(|(test, expected)| check_name(test, expected));
}

/// AZURE-053: truth values, in the spellings that are in use.
#[test]
fn booleans() {
    let attribute = "@Resource[Microsoft.Storage/storageAccounts:isHnsEnabled]";
    let cases = [
        ("BoolEquals false", Yes),
        ("boolequals false", Yes),
        ("BoolEquals true", No),
        ("BoolNotEquals false", No),
        ("BoolNotEquals true", Yes),
    ];
    for (test, expected) in cases {
        check_on(ANNA, REPORTS, &format!("{attribute} {test}"), expected);
    }
    check_undecided("@Resource[HasObotoken] boolequals true");
    check_undecided("@Environment[isPrivateLink] BoolNotEquals true");
}

/// AZURE-054: "Number matching. Only integers are supported."
#[test]
fn numbers() {
    for test in [
        "NumericEquals",
        "NumericNotEquals",
        "NumericLessThan",
        "NumericLessThanEquals",
        "NumericGreaterThan",
        "NumericGreaterThanEquals",
    ] {
        check_undecided(&format!(
            "@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Engineering_Level] {test} 3"
        ));
    }
}

/// AZURE-055: "Used for blob version ID, blob snapshot, and UTC now"; no clock decides here.
#[test]
fn times() {
    for test in [
        "DateTimeEquals",
        "DateTimeNotEquals",
        "DateTimeLessThan",
        "DateTimeLessThanEquals",
        "DateTimeGreaterThan",
        "DateTimeGreaterThanEquals",
    ] {
        check_undecided(&format!("@Environment[UtcNow] {test} '2001-01-01T00:00:00.0000000Z'"));
    }
}

/// AZURE-056: the forms of the vendor's own definitions; a role that may be assigned is one of the request.
#[test]
fn guids() {
    let attribute = "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]";
    let values = [
        "GuidEquals 2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
        "GuidNotEquals '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'",
        "ForAnyOfAnyValues:GuidEquals {2a2b9908-6ea1-4ae2-8e65-a410df84e7d1, ba92f5b4-2d11-453d-a403-e96b0029c9fe}",
        "ForAnyOfAnyValues:GuidEquals{8b9dfcab4b774632a6df94bd07820648,c8ae62795a0b4cb2b3f0d4d62845742c}",
        "ForAnyOfAllValues:GuidNotEquals {2A2B9908-6EA1-4AE2-8E65-A410DF84E7D1,  'ba92f5b4-2d11-453d-a403-e96b0029c9fe'}",
    ];
    for value in values {
        let at = |condition: &str| {
            Tenant::plain().assign_if(ANNA, USER_ACCESS_ADMINISTRATOR, ACCOUNT, condition)
        };
        let comparison = format!("{attribute} {value}");
        check(&at(&comparison), ANNA, Administer, ACCOUNT, Conditional);
        // It was read: beside what is false for this action it is false.
        let never = format!("ActionMatches{{'Microsoft.Storage/*'}} AND {comparison}");
        check(&at(&never), ANNA, Administer, ACCOUNT, No);
    }
}

// --- cross products: the attribute has one value, `reports`

/// AZURE-057: "at least one value on the left-hand side satisfies the comparison to at least one value on the right".
#[test]
fn for_any_of_any_values() {
    let cases = [
        ("ForAnyOfAnyValues:StringEquals {'payroll', 'reports'}", Yes),
        ("ForAnyOfAnyValues:StringEquals {'payroll', 'x'}", No),
        ("ForAnyOfAnyValues:StringNotEquals {'payroll', 'reports'}", Yes),
        ("ForAnyOfAnyValues:StringNotEquals {'reports'}", No),
        ("ForAnyOfAnyValues:StringLikeIgnoreCase {'PAY*', 'REP*'}", Yes),
    ];
    cases.into_iter().for_each(|(test, expected)| check_name(test, expected));
}

/// AZURE-058: "every value on the left-hand side satisfies the comparison to at least one value on the right".
#[test]
fn for_all_of_any_values() {
    let cases = [
        ("ForAllOfAnyValues:StringEquals {'payroll', 'reports'}", Yes),
        ("ForAllOfAnyValues:StringEquals {'payroll', 'x'}", No),
        ("ForAllOfAnyValues:StringNotEquals {'payroll', 'reports'}", Yes),
        ("ForAllOfAnyValues:StringStartsWith {'x', 'rep'}", Yes),
    ];
    cases.into_iter().for_each(|(test, expected)| check_name(test, expected));
}

/// AZURE-059: "at least one value on the left-hand side satisfies the comparison to every value on the right".
#[test]
fn for_any_of_all_values() {
    let cases = [
        ("ForAnyOfAllValues:StringEquals {'reports'}", Yes),
        ("ForAnyOfAllValues:StringEquals {'payroll', 'reports'}", No),
        ("ForAnyOfAllValues:StringNotEquals {'payroll', 'x'}", Yes),
        ("ForAnyOfAllValues:StringNotEquals {'payroll', 'reports'}", No),
        ("ForAnyOfAllValues:StringLike {'rep*', '*ports'}", Yes),
    ];
    cases.into_iter().for_each(|(test, expected)| check_name(test, expected));
}

/// AZURE-060: "every value on the left-hand side satisfies the comparison to every value on the right".
#[test]
fn for_all_of_all_values() {
    let cases = [
        ("ForAllOfAllValues:StringEquals {'reports', 'reports'}", Yes),
        ("ForAllOfAllValues:StringEquals {'payroll', 'reports'}", No),
        ("ForAllOfAllValues:StringNotEquals {'payroll', 'x'}", Yes),
        ("ForAllOfAllValues:StringNotEquals {'payroll', 'reports'}", No),
    ];
    cases.into_iter().for_each(|(test, expected)| check_name(test, expected));
}

/// AZURE-061: "Checks if the specified attribute exists."
#[test]
fn exists() {
    let name = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name]";
    check_on(ANNA, REPORTS, &format!("Exists {name}"), Yes);
    check_on(ANNA, REPORTS, &format!("NOT Exists {name}"), No);
    check_on(ANNA, REPORTS, &format!("NotExists {name}"), No);
    check_undecided(&format!("Exists @Request[{BLOBS}:snapshot]"));
    check_undecided(&format!("NOT Exists @Request[{BLOBS}:versionId]"));
    check_undecided("Exists @Resource[Microsoft.Storage/storageAccounts/encryptionScopes:name]");
}

// --- the checks

/// Anna reads blobs of the account under a condition.
fn reading_if(condition: &str) -> Tenant {
    Tenant::plain().containers().assign_if(ANNA, BLOB_READER, ACCOUNT, condition)
}

/// Whether somebody reads a resource when reading is bound to `expression`.
#[track_caller]
fn check_on(principal: &str, resource: &str, expression: &str, expected: Verdict) {
    check(&reading_if(&read_only_if(expression)), principal, Read, resource, expected);
}

/// Compares the name of the container `reports`.
#[track_caller]
fn check_name(test: &str, expected: Verdict) {
    let name = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name]";
    check_on(ANNA, REPORTS, &format!("{name} {test}"), expected);
}

/// The expression is understood, and open: true beside what is true, false beside what is false.
#[track_caller]
fn check_undecided(expression: &str) {
    check_on(ANNA, REPORTS, expression, Conditional);
    check_on(ANNA, REPORTS, &format!("({expression}) OR ({})", container_is("reports")), Yes);
    check_on(ANNA, REPORTS, &format!("({expression}) AND ({})", container_is("payroll")), No);
}
