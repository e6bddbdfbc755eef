//! Role assignments, role definitions, scopes, groups and deny assignments in Azure. The numbers are those of the rules in
//! `shared/analysis/semantics/azure.md`.

use keyfence_analysis::model::Access::{Administer, Decrypt, Delete, KeyAdminister, Read, Write};
use keyfence_analysis::model::Verdict::{Conditional, No, Unknown, Yes};
use keyfence_tests::azure_world::*;
use serde_json::{Value, json};

// --- actions and data actions

/// AZURE-021, AZURE-072: "Azure roles such as Owner, Contributor … don't provide access to the blob data via Microsoft
/// Entra ID"; and the right to a delegation key alone opens nothing.
#[test]
fn control_roles_read_no_data_without_account_keys() {
    for role in [OWNER, CONTRIBUTOR, READER, ACCOUNT_CONTRIBUTOR, KEY_OPERATOR, DELEGATOR] {
        let tenant = Tenant::plain().assign(ANNA, role, SUBSCRIPTION);
        for access in [Read, Write, Delete] {
            check(&tenant, ANNA, access, ACCOUNT, No);
        }
    }
}

/// AZURE-014: `DataActions` and `Actions` are never each other's.
#[test]
fn an_action_is_no_data_action() {
    let read = format!("{BLOBS}/read");
    check(&Tenant::plain().anna_may(&json!([control(&read)])), ANNA, Read, ACCOUNT, No);
    check(&Tenant::plain().anna_may(&json!([control("*")])), ANNA, Read, ACCOUNT, No);
    check(&Tenant::plain().anna_may(&json!([data(&read)])), ANNA, Read, ACCOUNT, Yes);
    check(&Tenant::plain().anna_may(&json!([data("*")])), ANNA, Administer, ACCOUNT, No);
}

/// AZURE-004, AZURE-110: what the data roles allow; a role on queues is none on blobs.
#[test]
fn each_data_role_gives_its_verbs() {
    let cases = [
        (BLOB_READER, [Yes, No, No, No]),
        (BLOB_CONTRIBUTOR, [Yes, Yes, Yes, No]),
        (BLOB_OWNER, [Yes, Yes, Yes, No]),
        (QUEUE_CONTRIBUTOR, [No, No, No, No]),
        (READER, [No, No, No, No]),
    ];
    for (role, expected) in cases {
        check_all(&Tenant::plain().assign(ANNA, role, ACCOUNT), expected);
    }
}

/// AZURE-004, AZURE-018, AZURE-019: write is `blobs/write` or `blobs/add/action`; `*` spans slashes; case and blanks do
/// not count.
#[test]
fn wildcards_span_segments_and_case() {
    let cases = [
        ("*", [Yes, Yes, Yes]),
        ("Microsoft.Storage/*", [Yes, Yes, Yes]),
        ("MICROSOFT.STORAGE/storageaccounts/*/READ", [Yes, No, No]),
        ("*/read", [Yes, No, No]),
        ("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*", [Yes, Yes, Yes]),
        ("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*/action", [No, Yes, No]),
        (
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action",
            [No, Yes, No],
        ),
        ("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete", [No, No, Yes]),
        ("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/rea", [No, No, No]),
        ("Microsoft.Storage/storageAccounts/queueServices/*", [No, No, No]),
        (" Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read ", [Yes, No, No]),
    ];
    for (action, expected) in cases {
        let tenant = Tenant::plain().anna_may(&json!([data(action)]));
        for (access, expected) in [Read, Write, Delete].into_iter().zip(expected) {
            check(&tenant, ANNA, access, ACCOUNT, expected);
        }
    }
}

/// AZURE-006, AZURE-015, AZURE-016: "NotDataActions … subtracted from DataActions"; "not a deny rule".
#[test]
fn what_a_role_leaves_out_another_role_may_give() {
    let blocks = json!([{"dataActions": [format!("{BLOBS}/*")], "notDataActions": [format!("{BLOBS}/delete")]}]);
    let tenant = Tenant::plain().anna_may(&blocks);
    check_all(&tenant, [Yes, Yes, No, No]);
    check_all(&tenant.assign(ANNA, BLOB_CONTRIBUTOR, GROUP), [Yes, Yes, Yes, No]);
}

/// AZURE-017: each permission block on its own.
#[test]
fn what_a_block_leaves_out_another_block_of_the_role_may_give() {
    let blocks = json!([
        {"dataActions": [format!("{BLOBS}/*")], "notDataActions": [format!("{BLOBS}/delete")]},
        {"dataActions": [format!("{BLOBS}/delete")]},
    ]);
    check_all(&Tenant::plain().anna_may(&blocks), [Yes, Yes, Yes, No]);
}

/// AZURE-015, AZURE-016: `NotActions` take from `Actions`, here the listing of keys.
#[test]
fn not_actions_take_the_listing_of_keys_away() {
    let not = [
        "listKeys/action",
        "regenerateKey/action",
        "ListAccountSas/action",
        "ListServiceSas/action",
    ]
    .map(|o| format!("Microsoft.Storage/storageAccounts/{o}"));
    let tenant = Tenant::new()
        .resource(account(&json!({"allowSharedKeyAccess": true})))
        .anna_may(&json!([{"actions": ["*"], "notActions": not}]));
    check(&tenant, ANNA, Read, ACCOUNT, No);
    check(&tenant.assign(ANNA, KEY_OPERATOR, ACCOUNT), ANNA, Read, ACCOUNT, Yes);
}

/// AZURE-001, AZURE-013: a role that no file and no table knows may give anything.
#[test]
fn an_unknown_role_is_unknown() {
    let tenant = Tenant::plain().assign(ANNA, "bbbbbbbb-0000-4000-8000-000000000009", ACCOUNT);
    check_all(&tenant, [Unknown, Unknown, Unknown, Unknown]);
    check_all(&tenant.assign(ANNA, BLOB_READER, ACCOUNT), [Yes, Unknown, Unknown, Unknown]);
}

/// AZURE-004: each operation of the verbs by itself, and what is none of them.
#[test]
fn each_data_action_gives_its_verb_and_no_other() {
    let cases = [
        (data(&format!("{BLOBS}/read")), [Yes, No, No]),
        (data(&format!("{BLOBS}/write")), [No, Yes, No]),
        (data(&format!("{BLOBS}/add/action")), [No, Yes, No]),
        (data(&format!("{BLOBS}/delete")), [No, No, Yes]),
        (data(&format!("{BLOBS}/tags/read")), [No, No, No]),
        (data(&format!("{BLOBS}/filter/action")), [No, No, No]),
        (control("Microsoft.Storage/storageAccounts/delete"), [No, No, No]),
        (control("Microsoft.Storage/storageAccounts/blobServices/containers/delete"), [No, No, No]),
    ];
    for (block, expected) in cases {
        let tenant = Tenant::plain().anna_may(&json!([block]));
        for (access, expected) in [Read, Write, Delete].into_iter().zip(expected) {
            check(&tenant, ANNA, access, ACCOUNT, expected);
        }
    }
}

/// AZURE-020: the vendor's own role has `userAssignedIdentities/*/assign/action` for `userAssignedIdentities/assign/action`.
#[test]
fn a_wildcard_between_slashes_may_stand_for_nothing_where_it_allows() {
    let allowed = control("Microsoft.Storage/storageAccounts/*/listKeys/action");
    let tenant = Tenant::with_account_keys().anna_may(&json!([allowed]));
    check(&tenant, ANNA, Read, ACCOUNT, Yes);
    // An exception is no wider than written.
    let excepted = json!([{
        "actions": ["Microsoft.Storage/storageAccounts/listKeys/action"],
        "notActions": ["Microsoft.Storage/storageAccounts/*/listKeys/action"],
    }]);
    check(&Tenant::with_account_keys().anna_may(&excepted), ANNA, Read, ACCOUNT, Yes);
    let data_side = Tenant::plain().anna_may(&json!([data(
        "Microsoft.Storage/storageAccounts/blobServices/containers/*/blobs/read"
    )]));
    check(&data_side, ANNA, Read, ACCOUNT, Yes);
}

/// AZURE-012: only the last segment identifies a role.
#[test]
fn a_role_is_known_by_its_guid_whatever_the_path_before() {
    let paths = [
        format!("/providers/Microsoft.Authorization/roleDefinitions/{BLOB_READER}"),
        format!(
            "/subscriptions/17522aa9-82a2-4fb0-9593-6db2b571c539/providers/Microsoft.Authorization/roleDefinitions/{BLOB_READER}"
        ),
        format!("{TEAM_GROUP}/providers/Microsoft.Authorization/roleDefinitions/{BLOB_READER}"),
        BLOB_READER.to_owned(),
    ];
    for path in paths {
        let tenant = Tenant::plain().assign_with(
            ANNA,
            BLOB_READER,
            ACCOUNT,
            &json!({"roleDefinitionId": path}),
        );
        check_all(&tenant, [Yes, No, No, No]);
    }
}

/// AZURE-013: the estate's own definition is newer than the one that is shipped.
#[test]
fn a_definition_in_the_estate_counts_before_the_built_in_one() {
    let tenant = Tenant::plain()
        .definition(BLOB_READER, &json!([data(&format!("{BLOBS}/delete"))]))
        .assign(ANNA, BLOB_READER, ACCOUNT);
    check_all(&tenant, [No, No, Yes, No]);
}

// --- scopes

/// AZURE-007, AZURE-009, AZURE-011: "lower levels inherit role permissions from higher levels".
#[test]
fn assignments_are_inherited_from_every_level_above() {
    for scope in ["/", ROOT_GROUP, TEAM_GROUP, SUBSCRIPTION, GROUP, ACCOUNT] {
        let tenant = Tenant::plain()
            .resource(container(REPORTS, &json!({"publicAccess": "None"})))
            .assign(ANNA, BLOB_READER, scope);
        check(&tenant, ANNA, Read, ACCOUNT, Yes);
        check(&tenant, ANNA, Read, REPORTS, Yes);
    }
}

/// AZURE-008: siblings inherit nothing, and a name is no prefix of another.
#[test]
fn assignments_reach_no_siblings() {
    let sibling = format!("{GROUP}-2");
    let scopes = [
        OTHER_ACCOUNT,
        &sibling,
        "/subscriptions/17522aa9-82a2-4fb0-9593-6db2b571c539",
        "/providers/Microsoft.Management/managementGroups/elsewhere",
        VAULT,
    ];
    for scope in scopes {
        check(&Tenant::plain().assign(ANNA, BLOB_READER, scope), ANNA, Read, ACCOUNT, No);
    }
}

/// AZURE-018: object ids, roles and scopes in any case.
#[test]
fn ids_are_compared_without_regard_to_case() {
    let tenant = Tenant::plain().assign(
        &ANNA.to_uppercase(),
        &BLOB_READER.to_uppercase(),
        &GROUP.to_uppercase(),
    );
    check(&tenant, ANNA, Read, ACCOUNT, Yes);
    check(&tenant, ANNA, Read, &ACCOUNT.to_uppercase(), Yes);
}

/// AZURE-007, AZURE-008: a role may be assigned at one container.
#[test]
fn an_assignment_at_a_container_opens_that_container_alone() {
    let tenant = Tenant::plain()
        .resource(container(REPORTS, &json!({"publicAccess": "None"})))
        .resource(container(PAYROLL, &json!({"publicAccess": "None"})))
        .assign(ANNA, BLOB_READER, REPORTS);
    check(&tenant, ANNA, Read, REPORTS, Yes);
    check(&tenant, ANNA, Read, PAYROLL, No);
}

/// AZURE-003: only some classes of objects is *conditional*; here a container that no file lists.
#[test]
fn a_container_that_is_not_listed_is_a_part_of_its_account() {
    let tenant = Tenant::plain().assign(ANNA, BLOB_READER, REPORTS);
    check_all(&tenant, [Conditional, No, No, No]);
}

/// AZURE-011, AZURE-088, AZURE-125: User Access Administrator at scope `/` may assign roles in all subscriptions.
#[test]
fn an_elevated_administrator_administers_everything() {
    let tenant = Tenant::under_key().assign(ANNA, USER_ACCESS_ADMINISTRATOR, "/");
    check_all(&tenant, [No, No, No, Yes]);
    check(&tenant, ANNA, KeyAdminister, KEY, Yes);
}

/// AZURE-010: "All subscriptions and management groups fold up into one root management group within the directory"; "The ID
/// is the same value as the … tenant ID".
#[test]
fn the_root_management_group_stands_above_every_subscription() {
    let root = format!("/providers/Microsoft.Management/managementGroups/{TENANT}");
    let tenant =
        Tenant::plain().file("management-groups", json!([])).assign(ANNA, BLOB_READER, &root);
    check(&tenant, ANNA, Read, ACCOUNT, Yes);
    check(&tenant, BEN, Read, ACCOUNT, No);
    let other =
        Tenant::plain().file("management-groups", json!([])).assign(ANNA, BLOB_READER, TEAM_GROUP);
    check(&other, ANNA, Read, ACCOUNT, No);
}

/// AZURE-009: parents are told from above (`children`) or from below (`details.parent`).
#[test]
fn management_groups_nest() {
    let top = "/providers/Microsoft.Management/managementGroups/top";
    let groups = json!([
        {"id": top, "properties": {"details": {}}},
        {"id": ROOT_GROUP, "properties": {"details": {"parent": {"id": top}}, "children": [{"id": SUBSCRIPTION}]}},
    ]);
    let tenant = Tenant::plain().file("management-groups", groups).assign(ANNA, BLOB_READER, top);
    check(&tenant, ANNA, Read, ACCOUNT, Yes);
}

/// AZURE-002: without the resources nothing is known of one.
#[test]
fn without_the_resources_nothing_is_known_of_the_account() {
    let tenant = Tenant::plain().assign(ANNA, BLOB_READER, ACCOUNT).without("resources");
    check_all(&tenant, [Unknown, Unknown, Unknown, Unknown]);
    check(&tenant, ANNA, Decrypt, KEY, Unknown);
}

// --- principals and groups

/// AZURE-024: groups are transitive.
#[test]
fn members_of_nested_groups_have_what_the_outer_group_has() {
    let tenant = Tenant::plain().group(OUTER, &[INNER]).group(INNER, &[ANNA]).assign(
        OUTER,
        BLOB_READER,
        ACCOUNT,
    );
    for who in [ANNA, INNER, OUTER] {
        check(&tenant, who, Read, ACCOUNT, Yes);
    }
    check(&tenant, BEN, Read, ACCOUNT, No);
    let other_way =
        Tenant::plain().group(OUTER, &[INNER, ANNA]).assign(INNER, BLOB_READER, ACCOUNT);
    check(&other_way, ANNA, Read, ACCOUNT, No);
}

/// AZURE-024: groups may contain each other.
#[test]
fn a_circle_of_groups_does_no_harm() {
    let tenant = Tenant::plain().group(OUTER, &[INNER]).group(INNER, &[OUTER, ANNA]).assign(
        OUTER,
        BLOB_READER,
        ACCOUNT,
    );
    check(&tenant, ANNA, Read, ACCOUNT, Yes);
}

/// AZURE-022: the anonymous hold no roles.
#[test]
fn everyone_has_no_roles() {
    let tenant = Tenant::under_key().assign(EVERYONE, OWNER, SUBSCRIPTION);
    check(&tenant, PUBLIC, Read, ACCOUNT, No);
    check(&tenant, PUBLIC, Administer, ACCOUNT, No);
    check(&tenant, PUBLIC, Decrypt, KEY, No);
    check(&tenant, PUBLIC, KeyAdminister, KEY, No);
}

/// AZURE-023: a guest, or an application of another tenant, is an object id like any other.
#[test]
fn a_stranger_has_what_is_assigned_to_it() {
    let stranger = "7e4f3b62-4f0e-4c1c-9d7a-0f2f0a6f8b11";
    let tenant = Tenant::plain().assign(stranger, BLOB_READER, ACCOUNT);
    check(&tenant, stranger, Read, ACCOUNT, Yes);
    check(&tenant, stranger, Write, ACCOUNT, No);
    check(&tenant, ANNA, Read, ACCOUNT, No);
}

/// AZURE-026: the members of a group of another directory are in no list of this one.
#[test]
fn a_foreign_group_leaves_unknown_who_is_in_it() {
    let foreign = "5d0c6f1a-22d5-4b34-8a41-6c1b8e2f9d30";
    let more = json!({"principalType": "ForeignGroup"});
    let tenant = Tenant::plain().assign_with(foreign, BLOB_READER, ACCOUNT, &more).assign(
        BEN,
        BLOB_READER,
        ACCOUNT,
    );
    check(&tenant, foreign, Read, ACCOUNT, Yes);
    check_all(&tenant, [Unknown, No, No, No]);
    check(&tenant, BEN, Read, ACCOUNT, Yes);
}

// --- deny assignments

/// AZURE-027, AZURE-028: "block users from performing specific Azure resource actions even if a role assignment grants them
/// access".
#[test]
fn a_deny_assignment_beats_every_role() {
    let tenant = Tenant::plain().assign(ANNA, BLOB_OWNER, ACCOUNT).assign(BEN, BLOB_OWNER, ACCOUNT);
    for scope in [SUBSCRIPTION, GROUP, ACCOUNT] {
        let denied = tenant.clone().deny(ANNA, scope, data(&format!("{BLOBS}/read")), &json!({}));
        check_all(&denied, [No, Yes, Yes, No]);
        check(&denied, BEN, Read, ACCOUNT, Yes);
    }
    let elsewhere = tenant.deny(ANNA, OTHER_ACCOUNT, data(&format!("{BLOBS}/read")), &json!({}));
    check(&elsewhere, ANNA, Read, ACCOUNT, Yes);
}

/// AZURE-030, AZURE-031: the all-zero id is all principals; `excludePrincipals` are spared, groups too.
#[test]
fn the_excluded_are_not_denied() {
    let tenant = Tenant::plain()
        .group(OUTER, &[INNER])
        .group(INNER, &[ANNA])
        .assign(ANNA, BLOB_READER, ACCOUNT)
        .assign(BEN, BLOB_READER, ACCOUNT);
    let everyone = |excluded: Value| {
        tenant.clone().deny(EVERYONE, GROUP, data("*"), &json!({"excludePrincipals": excluded}))
    };
    let nobody_spared = everyone(json!([]));
    check(&nobody_spared, ANNA, Read, ACCOUNT, No);
    check(&nobody_spared, BEN, Read, ACCOUNT, No);
    for spared in [ANNA, OUTER] {
        let tenant = everyone(json!([{"id": spared, "type": "Group"}]));
        check(&tenant, ANNA, Read, ACCOUNT, Yes);
        check(&tenant, BEN, Read, ACCOUNT, No);
    }
}

/// AZURE-032: a group that is denied denies its members.
#[test]
fn members_of_a_denied_group_are_denied() {
    let tenant = Tenant::plain()
        .group(OUTER, &[INNER])
        .group(INNER, &[ANNA])
        .assign(ANNA, BLOB_READER, ACCOUNT)
        .deny(OUTER, ACCOUNT, data(&format!("{BLOBS}/read")), &json!({}));
    check(&tenant, ANNA, Read, ACCOUNT, No);
}

/// AZURE-029: `doNotApplyToChildScopes`.
#[test]
fn a_deny_assignment_may_spare_the_scopes_below() {
    let only = json!({"doNotApplyToChildScopes": true});
    let tenant = Tenant::plain()
        .resource(container(REPORTS, &json!({"publicAccess": "None"})))
        .assign(ANNA, BLOB_READER, SUBSCRIPTION);
    let at = |scope: &str| tenant.clone().deny(ANNA, scope, data("*"), &only);
    check(&at(GROUP), ANNA, Read, ACCOUNT, Yes);
    check(&at(ACCOUNT), ANNA, Read, ACCOUNT, No);
    check(&at(ACCOUNT), ANNA, Read, REPORTS, Yes);
    check(&at(REPORTS), ANNA, Read, REPORTS, No);
}

/// AZURE-033: a deny assignment has actions and data actions apart, and leaves out its own `Not…`.
#[test]
fn a_deny_assignment_denies_what_it_names_and_no_more() {
    let tenant = Tenant::new()
        .resource(account(&json!({"allowSharedKeyAccess": true})))
        .assign(ANNA, OWNER, GROUP);
    let keys = control("Microsoft.Storage/storageAccounts/*/action");
    check(&tenant.clone().deny(ANNA, GROUP, keys, &json!({})), ANNA, Read, ACCOUNT, No);
    check(&tenant.clone().deny(ANNA, GROUP, data("*"), &json!({})), ANNA, Read, ACCOUNT, Yes);
    let all_but = json!({"actions": ["*"], "notActions": ["*/action"]});
    let tenant = tenant.deny(ANNA, GROUP, all_but.clone(), &json!({}));
    check(&tenant, ANNA, Read, ACCOUNT, Yes);
    // Without account keys no other power is left.
    let plain = Tenant::plain().assign(ANNA, OWNER, GROUP);
    check(&plain, ANNA, Administer, ACCOUNT, Yes);
    check(&plain.deny(ANNA, GROUP, all_but, &json!({})), ANNA, Administer, ACCOUNT, No);
}

/// AZURE-028, AZURE-027: at a container, and at a management group above.
#[test]
fn deny_assignments_stand_at_every_scope() {
    let tenant = Tenant::plain().containers().assign(ANNA, BLOB_READER, SUBSCRIPTION);
    let at = |scope: &str| tenant.clone().deny(ANNA, scope, data("*"), &json!({}));
    check(&at(REPORTS), ANNA, Read, REPORTS, No);
    check(&at(REPORTS), ANNA, Read, PAYROLL, Yes);
    check(&at(TEAM_GROUP), ANNA, Read, REPORTS, No);
    check(&at(ROOT_GROUP), ANNA, Read, REPORTS, No);
    check(&at(OTHER_ACCOUNT), ANNA, Read, REPORTS, Yes);
}

/// AZURE-034: the denied principal may be a group that the caller is in, and so may the excluded one.
#[test]
fn without_the_groups_a_deny_assignment_leaves_unknown_whom_it_hits() {
    let tenant =
        Tenant::plain().assign(ANNA, BLOB_READER, ACCOUNT).assign(BEN, BLOB_READER, ACCOUNT);
    let denied = tenant.clone().deny(OUTER, ACCOUNT, data("*"), &json!({}));
    check(&denied, ANNA, Read, ACCOUNT, Yes);
    check(&denied.without("groups"), ANNA, Read, ACCOUNT, Unknown);
    let spared = json!({"excludePrincipals": [{"id": OUTER, "type": "Group"}, {"id": BEN}]});
    let spared = tenant.deny(EVERYONE, ACCOUNT, data("*"), &spared);
    check(&spared, ANNA, Read, ACCOUNT, No);
    let spared = spared.without("groups");
    check(&spared, ANNA, Read, ACCOUNT, Unknown);
    // By name, not by group.
    check(&spared, BEN, Read, ACCOUNT, Yes);
}

/// AZURE-036: "The conditions on the deny assignment. This limits the resources it can be assigned to."
#[test]
fn a_condition_limits_what_a_deny_assignment_denies() {
    let denied = |condition: &str| {
        let more = json!({"condition": condition, "conditionVersion": "2.0"});
        Tenant::plain().containers().assign(ANNA, BLOB_READER, ACCOUNT).deny(
            EVERYONE,
            ACCOUNT,
            data("*"),
            &more,
        )
    };
    let payroll = denied(&container_is("payroll"));
    check(&payroll, ANNA, Read, PAYROLL, No);
    check(&payroll, ANNA, Read, REPORTS, Yes);
    check(&payroll, ANNA, Read, ACCOUNT, Conditional);
    let link = denied("@Environment[isPrivateLink] BoolEquals false");
    check(&link, ANNA, Read, REPORTS, Conditional);
    // AZURE-064: neither dropped nor taken for true.
    check(&denied("what nobody can read"), ANNA, Read, REPORTS, Conditional);
}

/// AZURE-037: "'enforced' blocks access, 'audit' logs without blocking".
#[test]
fn a_deny_assignment_that_only_audits_blocks_nothing() {
    let at = |effect: Value| {
        let more = json!({"denyAssignmentEffect": effect});
        Tenant::plain().assign(ANNA, BLOB_READER, ACCOUNT).deny(ANNA, ACCOUNT, data("*"), &more)
    };
    check(&at(json!("audit")), ANNA, Read, ACCOUNT, Yes);
    check(&at(json!("enforced")), ANNA, Read, ACCOUNT, No);
    check(&at(json!(null)), ANNA, Read, ACCOUNT, No);
}

// --- what no file says

/// AZURE-002: a missing file means *unknown*, an empty one *none*.
#[test]
fn without_the_assignments_nothing_is_known() {
    check_all(&Tenant::plain(), [No, No, No, No]);
    check_all(&Tenant::plain().without("role-assignments"), [Unknown, Unknown, Unknown, Unknown]);
    let key = Tenant::under_key_without_right().without("role-assignments");
    check(&key, ANNA, Decrypt, KEY, Unknown);
}

/// AZURE-025: the same for groups: what somebody has by himself stays certain.
#[test]
fn without_the_groups_membership_is_unknown() {
    let tenant =
        Tenant::plain().assign(OUTER, BLOB_READER, ACCOUNT).assign(BEN, BLOB_READER, ACCOUNT);
    check(&tenant, ANNA, Read, ACCOUNT, No);
    let tenant = tenant.without("groups");
    check(&tenant, ANNA, Read, ACCOUNT, Unknown);
    check(&tenant, BEN, Read, ACCOUNT, Yes);
}

/// AZURE-035: without deny assignments a grant may be taken away.
#[test]
fn without_the_deny_assignments_a_grant_is_unknown() {
    let tenant = Tenant::plain().assign(ANNA, BLOB_READER, ACCOUNT).without("deny-assignments");
    check_all(&tenant, [Unknown, No, No, No]);
}

/// AZURE-009: what stands below a management group is told by its file.
#[test]
fn without_the_management_groups_their_assignments_are_unknown() {
    let tenant = Tenant::plain().assign(ANNA, BLOB_READER, ROOT_GROUP).without("management-groups");
    check(&tenant, ANNA, Read, ACCOUNT, Unknown);
    check(&tenant, BEN, Read, ACCOUNT, No);
    check(&tenant.assign(ANNA, BLOB_READER, GROUP), ANNA, Read, ACCOUNT, Yes);
}

/// AZURE-013: built-in roles are shipped, so that their definitions may be missing.
#[test]
fn without_the_role_definitions_built_in_roles_are_still_known() {
    let tenant = Tenant::plain().assign(ANNA, BLOB_READER, ACCOUNT).without("role-definitions");
    check(&tenant, ANNA, Read, ACCOUNT, Yes);
    let tenant = Tenant::plain().assign(ANNA, CUSTOM, ACCOUNT).without("role-definitions");
    check(&tenant, ANNA, Read, ACCOUNT, Unknown);
}
