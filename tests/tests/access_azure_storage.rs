//! Who reads, writes, deletes and administers blob data in Azure, by which way: account keys, anonymous access, path ACLs,
//! local users; and what locks and network rules change about it. Each case holds only what it needs, and the expected
//! verdict follows from the vendor's documentation, by the numbered rules of `shared/analysis/semantics/azure.md`.

use keyfence_analysis::model::Access::{Administer, Delete, Read, Write};
use keyfence_analysis::model::Verdict::{Conditional, No, Unknown, Yes};
use keyfence_tests::azure_world::*;
use keyfence_tests::with;
use serde_json::{Value, json};

// --- account keys

/// AZURE-021, AZURE-068, AZURE-070: roles of `*` reach data through listKeys even without data actions, Reader does not;
/// "permits requests that are authorized with Shared Key when the property value is null or when it is true".
#[test]
fn who_may_list_account_keys_reads_writes_and_deletes() {
    for shared in [json!(true), json!(null)] {
        let tenant = Tenant::new().resource(account(&json!({"allowSharedKeyAccess": shared})));
        for role in [OWNER, CONTRIBUTOR, ACCOUNT_CONTRIBUTOR, KEY_OPERATOR] {
            let tenant = tenant.clone().assign(ANNA, role, GROUP);
            for access in [Read, Write, Delete] {
                check(&tenant, ANNA, access, ACCOUNT, Yes);
            }
        }
        for role in [READER, USER_ACCESS_ADMINISTRATOR, DELEGATOR, VAULT_CONTRIBUTOR] {
            let tenant = tenant.clone().assign(ANNA, role, GROUP);
            check(&tenant, ANNA, Read, ACCOUNT, No);
        }
    }
}

/// AZURE-071: an account key opens every container; the operation is one of the account.
#[test]
fn account_keys_open_containers_but_not_from_the_scope_of_one() {
    let tenant = Tenant::new()
        .resource(account(&json!({"allowSharedKeyAccess": true})))
        .resource(container(REPORTS, &json!({"publicAccess": "None"})));
    check(&tenant.clone().assign(ANNA, OWNER, ACCOUNT), ANNA, Read, REPORTS, Yes);
    check(&tenant.assign(ANNA, OWNER, REPORTS), ANNA, Read, REPORTS, No);
}

/// AZURE-068, AZURE-069: listKeys, ListAccountSas and regenerateKey each open everything.
#[test]
fn each_operation_that_yields_a_key_or_an_account_sas_is_a_way() {
    let cases = [
        ("Microsoft.Storage/storageAccounts/listKeys/action", Yes),
        ("Microsoft.Storage/storageAccounts/ListAccountSas/action", Yes),
        ("Microsoft.Storage/storageAccounts/regeneratekey/action", Yes),
        ("Microsoft.Storage/storageAccounts/*", Yes),
        ("*/action", Yes),
        ("Microsoft.Storage/storageAccounts/read", No),
        ("Microsoft.Storage/storageAccounts/listKeys/read", No),
    ];
    for (action, expected) in cases {
        let tenant = Tenant::new()
            .resource(account(&json!({"allowSharedKeyAccess": true})))
            .anna_may(&json!([control(action)]));
        check(&tenant, ANNA, Read, ACCOUNT, expected);
    }
}

/// AZURE-070: "Service SAS: request is denied. Account SAS: request is denied" when `allowSharedKeyAccess` is false; the
/// portal's default of authorization is no setting of access.
#[test]
fn an_account_that_refuses_shared_keys_refuses_sas_too_and_the_portals_default_closes_nothing() {
    for operation in ["listKeys", "regenerateKey", "ListAccountSas", "ListServiceSas"] {
        let action = format!("Microsoft.Storage/storageAccounts/{operation}/action");
        let at = |allowed: bool| {
            Tenant::new()
                .resource(account(&json!({
                    "allowSharedKeyAccess": allowed,
                    "defaultToOAuthAuthentication": true,
                })))
                .anna_may(&json!([control(&action)]))
        };
        check(&at(false), ANNA, Read, ACCOUNT, No);
        check(&at(true), ANNA, Read, ACCOUNT, Yes);
    }
}

/// AZURE-072: a user-delegation SAS is the intersection of what the SAS says and what its signer may do by role, and is
/// authorized by Microsoft Entra ID.
#[test]
fn a_delegation_key_opens_no_more_than_its_owners_data_roles() {
    for shared in [true, false] {
        let tenant = Tenant::new()
            .resource(account(&json!({"allowSharedKeyAccess": shared})))
            .assign(ANNA, DELEGATOR, ACCOUNT);
        check_all(&tenant, [No, No, No, No]);
        check_all(&tenant.assign(ANNA, BLOB_READER, ACCOUNT), [Yes, No, No, No]);
    }
}

/// AZURE-066: "These conditions can be bypassed if you allow access using alternate authorization methods: Shared Key,
/// account SAS, service SAS."
#[test]
fn a_condition_on_reading_does_not_bind_who_holds_the_account_key() {
    let blocks = json!([{
        "actions": ["Microsoft.Storage/storageAccounts/listKeys/action"],
        "dataActions": [format!("{BLOBS}/read")],
    }]);
    let at = |shared: bool| {
        Tenant::new()
            .resource(account(&json!({"allowSharedKeyAccess": shared})))
            .containers()
            .role(&blocks)
            .assign_if(ANNA, CUSTOM, ACCOUNT, &read_only_if(&container_is("payroll")))
    };
    check(&at(false), ANNA, Read, REPORTS, No);
    check(&at(true), ANNA, Read, REPORTS, Yes);
}

// --- anonymous access

/// AZURE-073, AZURE-074, AZURE-076: both the account and the container must say so; null of the account is unknown.
#[test]
fn everyone_reads_a_container_only_where_account_and_container_allow_it() {
    let cases = [
        (json!(true), json!("Blob"), Yes),
        (json!(true), json!("Container"), Yes),
        (json!(true), json!("None"), No),
        (json!(false), json!("Blob"), No),
        (json!(false), json!("Container"), No),
        (json!(null), json!("Blob"), Unknown),
        (json!(null), json!("None"), No),
    ];
    for (account_allows, level, expected) in cases {
        let tenant = Tenant::new()
            .resource(account(&json!({"allowBlobPublicAccess": account_allows})))
            .resource(container(REPORTS, &json!({"publicAccess": level})));
        check(&tenant, PUBLIC, Read, REPORTS, expected);
        for access in [Write, Delete, Administer] {
            check(&tenant, PUBLIC, access, REPORTS, No);
        }
    }
}

/// AZURE-075: what the export does not say is unknown.
#[test]
fn a_container_that_does_not_say_whether_it_is_public_is_unknown() {
    let tenant = Tenant::new()
        .resource(account(&json!({"allowBlobPublicAccess": true})))
        .resource(container(REPORTS, &json!({})));
    check(&tenant, PUBLIC, Read, REPORTS, Unknown);
}

/// AZURE-075: the setting of the account rules over all its containers, listed or not.
#[test]
fn containers_that_are_not_listed_may_be_public_unless_the_account_forbids_it() {
    let at = |allowed: Value| {
        Tenant::new().resource(account(&json!({"allowBlobPublicAccess": allowed})))
    };
    check(&at(json!(true)), PUBLIC, Read, ACCOUNT, Unknown);
    check(&at(json!(false)), PUBLIC, Read, ACCOUNT, No);
}

/// AZURE-077: anonymous access needs no authorization at all, so an identity takes nothing away; a deny assignment blocks
/// operations that are authorized by role.
#[test]
fn whoever_may_go_anonymously_may_go_with_identity() {
    let tenant = Tenant::new()
        .resource(account(&json!({"allowBlobPublicAccess": true})))
        .resource(container(REPORTS, &json!({"publicAccess": "Blob"})))
        .resource(container(PAYROLL, &json!({"publicAccess": "None"})));
    for who in [PUBLIC, "any-authenticated", ANNA, BEN] {
        check(&tenant, who, Read, REPORTS, Yes);
        check(&tenant, who, Read, PAYROLL, No);
        check(&tenant, who, Write, REPORTS, No);
        check(&tenant, who, Delete, REPORTS, No);
    }
    let denied = tenant.deny(EVERYONE, ACCOUNT, data("*"), &json!({}));
    check(&denied, ANNA, Read, REPORTS, Yes);
}

/// AZURE-074, AZURE-077: what is unknown of everyone is unknown of each.
#[test]
fn an_account_that_may_be_public_may_let_anybody_in() {
    let tenant = Tenant::new()
        .resource(account(&json!({"allowBlobPublicAccess": null})))
        .resource(container(REPORTS, &json!({"publicAccess": "Container"})));
    check(&tenant, ANNA, Read, REPORTS, Unknown);
    check(&tenant, ANNA, Write, REPORTS, No);
    check(&tenant.assign(ANNA, BLOB_READER, ACCOUNT), ANNA, Read, REPORTS, Yes);
}

/// AZURE-130: "Disallowing anonymous access for a storage account does not affect any static websites hosted in that storage
/// account. The $web container is always publicly accessible."
#[test]
fn the_container_of_a_static_website_may_be_public_whatever_the_account_says() {
    let web = REPORTS.replace("/reports", "/$web");
    for allowed in [true, false] {
        let tenant = Tenant::new()
            .resource(account(&json!({"allowBlobPublicAccess": allowed})))
            .resource(container(&web, &json!({"publicAccess": "None"})))
            .resource(container(REPORTS, &json!({"publicAccess": "None"})));
        check(&tenant, PUBLIC, Read, &web, Unknown);
        check(&tenant, PUBLIC, Write, &web, No);
        check(&tenant, PUBLIC, Read, REPORTS, No);
        check(&tenant.assign(ANNA, BLOB_READER, ACCOUNT), ANNA, Read, &web, Yes);
    }
}

// --- path ACLs, local users

/// AZURE-079: roles are evaluated first and suffice; ACLs may give more, and no export shows them.
#[test]
fn a_hierarchical_namespace_leaves_unknown_who_has_no_role() {
    let tenant = Tenant::new().resource(account(&json!({"isHnsEnabled": true}))).assign(
        ANNA,
        BLOB_READER,
        ACCOUNT,
    );
    check_all(&tenant, [Yes, Unknown, Unknown, No]);
    check(&tenant, BEN, Read, ACCOUNT, Unknown);
}

/// AZURE-079: "Role assignments are evaluated first and take priority over any ACL assignments"; who has no identity has
/// no ACL entry of his own, but may be among *others*.
#[test]
fn path_acls_concern_data_only() {
    let tenant = Tenant::new().resource(account(&json!({"isHnsEnabled": true})));
    check(&tenant, ANNA, Read, ACCOUNT, Unknown);
    check(&tenant, ANNA, Administer, ACCOUNT, No);
    check_all(&tenant.assign(ANNA, BLOB_CONTRIBUTOR, ACCOUNT), [Yes, Yes, Yes, No]);
}

/// AZURE-080: "DataAction for all data operations on storage accounts with hierarchical namespace enabled".
#[test]
fn a_super_user_of_a_hierarchical_namespace_does_everything_with_data() {
    let may = |hierarchical: bool| {
        Tenant::new()
            .resource(account(&json!({"isHnsEnabled": hierarchical})))
            .anna_may(&json!([data(&format!("{BLOBS}/runAsSuperUser/action"))]))
    };
    for access in [Read, Write, Delete] {
        check(&may(true), ANNA, access, ACCOUNT, Yes);
        check(&may(false), ANNA, access, ACCOUNT, No);
    }
}

/// AZURE-080: Storage Blob Data Owner "permits the security principal to set the owner an item, and to modify the ACLs of
/// all items"; Contributor only those of its own items.
#[test]
fn who_may_change_path_acls_administers_a_hierarchical_namespace() {
    let at = |hierarchical: bool, role: &str| {
        Tenant::new()
            .resource(account(&json!({"isHnsEnabled": hierarchical})))
            .assign(ANNA, role, ACCOUNT)
    };
    check(&at(true, BLOB_OWNER), ANNA, Administer, ACCOUNT, Yes);
    check(&at(false, BLOB_OWNER), ANNA, Administer, ACCOUNT, No);
    check(&at(true, BLOB_CONTRIBUTOR), ANNA, Administer, ACCOUNT, No);
    for action in ["modifyPermissions/action", "manageOwnership/action"] {
        let tenant = Tenant::new()
            .resource(account(&json!({"isHnsEnabled": true})))
            .anna_may(&json!([data(&format!("{BLOBS}/{action}"))]));
        check(&tenant, ANNA, Administer, ACCOUNT, Yes);
    }
}

/// AZURE-078: "To set up access permissions, you'll create a local user … for each container in your account, you can
/// specify the level of access"; "Local users do not interoperate with other Azure Storage permission models".
#[test]
fn who_may_write_local_users_administers_an_account_of_sftp() {
    let at = |sftp: bool, local: bool| {
        Tenant::new()
            .resource(account(&json!({
                "isHnsEnabled": true,
                "isSftpEnabled": sftp,
                "isLocalUserEnabled": local,
            })))
            .anna_may(&json!([control("Microsoft.Storage/storageAccounts/localUsers/write")]))
    };
    check(&at(true, true), ANNA, Administer, ACCOUNT, Yes);
    check(&at(false, true), ANNA, Administer, ACCOUNT, No);
    check(&at(true, false), ANNA, Administer, ACCOUNT, No);
}

/// AZURE-078: who holds a local user's password is told nowhere.
#[test]
fn local_users_leave_unknown_who_reads() {
    let tenant = Tenant::new().resource(account(&json!({
        "isHnsEnabled": true,
        "isSftpEnabled": true,
        "isLocalUserEnabled": true,
    })));
    for access in [Read, Write, Delete] {
        check(&tenant, ANNA, access, ACCOUNT, Unknown);
    }
}

// --- locks

/// AZURE-081, AZURE-082: "a read-only lock on a storage account prevents users from listing the account keys"; inherited
/// from above.
#[test]
fn a_read_only_lock_stops_the_listing_of_keys() {
    let tenant = Tenant::new().resource(account(&json!({"allowSharedKeyAccess": true}))).assign(
        ANNA,
        CONTRIBUTOR,
        SUBSCRIPTION,
    );
    for scope in [SUBSCRIPTION, GROUP, ACCOUNT] {
        check(&tenant.clone().lock(scope, "ReadOnly"), ANNA, Read, ACCOUNT, No);
    }
    check(&tenant.lock(OTHER_ACCOUNT, "ReadOnly"), ANNA, Read, ACCOUNT, Yes);
}

/// AZURE-084: CanNotDelete lets everything but deletion of the resource pass; POST is none.
#[test]
fn a_delete_lock_does_not_stop_reading() {
    let tenant = Tenant::new()
        .resource(account(&json!({"allowSharedKeyAccess": true})))
        .assign(ANNA, CONTRIBUTOR, SUBSCRIPTION)
        .lock(ACCOUNT, "CanNotDelete");
    for access in [Read, Write, Delete] {
        check(&tenant, ANNA, access, ACCOUNT, Yes);
    }
}

/// AZURE-083: "does not protect containers or blobs within that account from being deleted or overwritten".
#[test]
fn a_read_only_lock_does_not_stop_data_roles() {
    let tenant = Tenant::plain().assign(ANNA, BLOB_CONTRIBUTOR, ACCOUNT).lock(ACCOUNT, "ReadOnly");
    check_all(&tenant, [Yes, Yes, Yes, No]);
}

/// AZURE-081: "Locks prevent the POST method from sending data to the Azure Resource Manager (ARM) API": each of the
/// operations that yield a key or a SAS is one.
#[test]
fn a_read_only_lock_stops_each_operation_that_yields_a_key() {
    for operation in ["listKeys", "regenerateKey", "ListAccountSas", "ListServiceSas"] {
        let action = format!("Microsoft.Storage/storageAccounts/{operation}/action");
        let tenant = Tenant::with_account_keys().anna_may(&json!([control(&action)]));
        check(&tenant, ANNA, Read, ACCOUNT, Yes);
        check(&tenant.lock(ACCOUNT, "ReadOnly"), ANNA, Read, ACCOUNT, No);
    }
}

/// AZURE-083: a lock of either level is none on the data plane.
#[test]
fn no_lock_stops_data_roles() {
    for level in ["ReadOnly", "CanNotDelete"] {
        for scope in [SUBSCRIPTION, GROUP, ACCOUNT] {
            let tenant = Tenant::plain().assign(ANNA, BLOB_CONTRIBUTOR, ACCOUNT).lock(scope, level);
            check_all(&tenant, [Yes, Yes, Yes, No]);
        }
    }
}

/// AZURE-085: "A ReadOnly lock prevents users from deleting a storage account or modifying its configuration"; "A read-only
/// lock also prevents the assignment of Azure RBAC roles that are scoped to the storage account or to a data container".
#[test]
fn a_read_only_lock_stops_administration_at_the_account() {
    for operation in
        ["Microsoft.Storage/storageAccounts/write", "Microsoft.Authorization/roleAssignments/write"]
    {
        let tenant = Tenant::plain().anna_may(&json!([control(operation)]));
        check(&tenant, ANNA, Administer, ACCOUNT, Yes);
        check(&tenant.clone().lock(GROUP, "ReadOnly"), ANNA, Administer, ACCOUNT, No);
        check(&tenant.clone().lock(ACCOUNT, "ReadOnly"), ANNA, Administer, ACCOUNT, No);
        // AZURE-084: the milder level stops deletion only.
        check(&tenant.lock(ACCOUNT, "CanNotDelete"), ANNA, Administer, ACCOUNT, Yes);
    }
}

/// AZURE-085: a role that is assigned above the lock counts below it.
#[test]
fn a_read_only_lock_does_not_stop_the_assignment_of_roles_above_it() {
    let tenant = Tenant::plain()
        .role(&json!([control("Microsoft.Authorization/roleAssignments/write")]))
        .assign(ANNA, CUSTOM, GROUP);
    check(&tenant.lock(ACCOUNT, "ReadOnly"), ANNA, Administer, ACCOUNT, Yes);
}

/// AZURE-085: "To create or delete management locks, you need access to `Microsoft.Authorization/*` or
/// `Microsoft.Authorization/locks/*` actions. Only the Owner and the User Access Administrator …".
#[test]
fn a_read_only_lock_does_not_stop_who_may_delete_it() {
    let locked = |role: &str| {
        let tenant = Tenant::plain().assign(ANNA, role, ACCOUNT).lock(ACCOUNT, "ReadOnly");
        tenant.assign(BEN, CONTRIBUTOR, ACCOUNT)
    };
    check(&locked(OWNER), ANNA, Administer, ACCOUNT, Yes);
    check(&locked(USER_ACCESS_ADMINISTRATOR), ANNA, Administer, ACCOUNT, Yes);
    check(&locked(OWNER), BEN, Administer, ACCOUNT, No);
}

// --- network

/// AZURE-086: network rules make a verdict conditional, never no.
#[test]
fn network_rules_make_reading_conditional() {
    let rules = [
        json!({"publicNetworkAccess": "Disabled"}),
        json!({"publicNetworkAccess": "SecuredByPerimeter"}),
        json!({"networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.7"}]}}),
    ];
    for rule in rules {
        let tenant = Tenant::new().resource(account(&rule)).assign(ANNA, BLOB_READER, ACCOUNT);
        check(&tenant, ANNA, Read, ACCOUNT, Conditional);
        check(&tenant, BEN, Read, ACCOUNT, No);
    }
}

/// AZURE-087: firewall rules of the data plane do not touch the control plane.
#[test]
fn network_rules_do_not_touch_administration() {
    let tenant = Tenant::new()
        .resource(account(&json!({"publicNetworkAccess": "Disabled"})))
        .assign(ANNA, OWNER, ACCOUNT);
    check(&tenant, ANNA, Administer, ACCOUNT, Yes);
}

/// AZURE-086: the rules stand before every way to the data; null counts as `Enabled`.
#[test]
fn network_rules_bind_account_keys_and_the_anonymous_too() {
    let closed = json!({"defaultAction": "Deny", "bypass": "AzureServices"});
    let at = |rules: &Value| {
        let open = json!({"allowSharedKeyAccess": true, "allowBlobPublicAccess": true});
        Tenant::new()
            .resource(account(&with(open, rules)))
            .resource(container(REPORTS, &json!({"publicAccess": "Blob"})))
            .assign(ANNA, KEY_OPERATOR, ACCOUNT)
    };
    let denied = at(&json!({"networkAcls": closed}));
    check(&denied, ANNA, Read, REPORTS, Conditional);
    check(&denied, ANNA, Delete, REPORTS, Conditional);
    check(&denied, PUBLIC, Read, REPORTS, Conditional);
    let unsaid = at(&json!({"publicNetworkAccess": null, "networkAcls": null}));
    check(&unsaid, ANNA, Read, REPORTS, Yes);
    check(&unsaid, PUBLIC, Read, REPORTS, Yes);
}

// --- administration

/// AZURE-088, AZURE-089: roleAssignments/write at or above, storageAccounts/write.
#[test]
fn who_may_assign_roles_or_write_the_account_administers() {
    let cases = [
        (OWNER, Yes),
        (USER_ACCESS_ADMINISTRATOR, Yes),
        // Not by assigning roles (its NotActions), but by writing the account.
        (CONTRIBUTOR, Yes),
        (ACCOUNT_CONTRIBUTOR, Yes),
        (READER, No),
        (BLOB_OWNER, No),
        (VAULT_CONTRIBUTOR, No),
    ];
    for (role, expected) in cases {
        for scope in [TEAM_GROUP, SUBSCRIPTION, GROUP, ACCOUNT] {
            let tenant = Tenant::plain().assign(ANNA, role, scope);
            check(&tenant, ANNA, Administer, ACCOUNT, expected);
        }
    }
}

/// AZURE-088, AZURE-089: a role without `roleAssignments/write` assigns none; here only that operation is asked of.
#[test]
fn a_custom_role_administers_by_the_operation_alone() {
    let cases = [
        (json!([control("Microsoft.Authorization/roleAssignments/write")]), Yes),
        (json!([control("Microsoft.Authorization/*/Write")]), Yes),
        (json!([control("Microsoft.Authorization/roleAssignments/read")]), No),
        (json!([control("Microsoft.Storage/storageAccounts/write")]), Yes),
        (json!([{"actions": ["*"], "notActions": ["*/write"]}]), No),
    ];
    for (blocks, expected) in cases {
        check(&Tenant::plain().anna_may(&blocks), ANNA, Administer, ACCOUNT, expected);
    }
}

/// AZURE-090: Set Container ACL sets "whether blobs in a container may be accessed publicly" and stored access policies;
/// the account key authorizes it. access.md names listKeys under *administer*.
#[test]
fn who_holds_the_account_key_administers() {
    for operation in ["listKeys", "regenerateKey"] {
        let action = format!("Microsoft.Storage/storageAccounts/{operation}/action");
        let may = json!([control(&action)]);
        let tenant = Tenant::with_account_keys().anna_may(&may);
        check(&tenant, ANNA, Administer, ACCOUNT, Yes);
        check(&tenant.lock(ACCOUNT, "ReadOnly"), ANNA, Administer, ACCOUNT, No);
        check(&Tenant::plain().anna_may(&may), ANNA, Administer, ACCOUNT, No);
    }
}

/// AZURE-091: the access level is a property of the container.
#[test]
fn who_may_write_a_container_administers_that_container() {
    let only = json!([control("Microsoft.Storage/storageAccounts/blobServices/containers/write")]);
    let tenant = Tenant::plain().containers().role(&only).assign(ANNA, CUSTOM, REPORTS);
    check(&tenant, ANNA, Administer, REPORTS, Yes);
    check(&tenant, ANNA, Administer, PAYROLL, No);
    check(&tenant, ANNA, Administer, ACCOUNT, No);
    let owner = Tenant::plain().containers().assign(ANNA, OWNER, REPORTS);
    check(&owner, ANNA, Administer, REPORTS, Yes);
    check(&owner, ANNA, Administer, ACCOUNT, No);
}

/// AZURE-092: a lost key stops operations on data, not those on the account.
#[test]
fn administration_goes_on_without_the_key() {
    let tenant = Tenant::under_key_without_right().assign(ANNA, OWNER, ACCOUNT);
    check(&tenant, ANNA, Read, ACCOUNT, No);
    check(&tenant, ANNA, Administer, ACCOUNT, Yes);
}
