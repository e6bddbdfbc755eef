//! The role tables that keyfence ships agree with the vendors' (as published in iann0036/iam-dataset), for what they hold.
//!
//! The data stands beside the repository; without it the test says so and passes.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use keyfence_analysis::estate::{azure, gcp};
use keyfence_analysis::model::azure::{ArmId, RoleDefinition};
use keyfence_tests::beside;
use serde_json::Value;

fn data(name: &str) -> Option<Value> {
    let Some(folder) = beside("data") else {
        println!("the role data is not there: nothing was checked");
        return None;
    };
    Some(serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap())
}

#[test]
fn azure_roles_decide_as_microsoft_defines_them() {
    let Some(roles) = data("azure-roles.json") else { return };
    const ACTIONS: [&str; 6] = [
        "microsoft.authorization/roleassignments/write",
        "microsoft.storage/storageaccounts/listkeys/action",
        "microsoft.storage/storageaccounts/listaccountsas/action",
        "microsoft.storage/storageaccounts/write",
        "microsoft.keyvault/vaults/write",
        "microsoft.keyvault/vaults/accesspolicies/write",
    ];
    const DATA: [&str; 8] = [
        "microsoft.storage/storageaccounts/blobservices/containers/blobs/read",
        "microsoft.storage/storageaccounts/blobservices/containers/blobs/write",
        "microsoft.storage/storageaccounts/blobservices/containers/blobs/delete",
        "microsoft.keyvault/vaults/keys/read",
        "microsoft.keyvault/vaults/keys/wrap/action",
        "microsoft.keyvault/vaults/keys/unwrap/action",
        "microsoft.keyvault/vaults/keys/decrypt/action",
        "microsoft.keyvault/vaults/keys/delete",
    ];
    let mut compared = 0;
    for role in roles.as_array().unwrap() {
        let name = role["name"].as_str().unwrap();
        let Some(shipped) = azure::shipped_role(name) else { continue };
        compared += 1;
        let theirs = RoleDefinition::parse(&ArmId::new(name), role).unwrap();
        let allows = |d: &RoleDefinition, action: &str| {
            d.permissions.iter().any(|p| p.allows_action(action))
        };
        let allows_data = |d: &RoleDefinition, action: &str| {
            d.permissions.iter().any(|p| p.allows_data_action(action))
        };
        for action in ACTIONS {
            assert_eq!(
                allows(shipped, action),
                allows(&theirs, action),
                "{} {action}",
                theirs.role_name
            );
        }
        for action in DATA {
            assert_eq!(
                allows_data(shipped, action),
                allows_data(&theirs, action),
                "{} {action}",
                theirs.role_name
            );
        }
        let conditions =
            |d: &RoleDefinition| d.permissions.iter().filter(|p| p.condition.is_some()).count();
        assert_eq!(conditions(shipped), conditions(&theirs), "{}", theirs.role_name);
    }
    assert!(compared >= 25, "{compared}");
}

#[test]
fn google_roles_hold_the_permissions_that_google_lists() {
    let Some(roles) = data("gcp-roles.json") else { return };
    const ASKED: [&str; 14] = [
        "storage.objects.get",
        "storage.objects.create",
        "storage.objects.update",
        "storage.objects.delete",
        "storage.buckets.setIamPolicy",
        "storage.buckets.update",
        "cloudkms.cryptoKeyVersions.useToDecrypt",
        "cloudkms.cryptoKeys.setIamPolicy",
        "cloudkms.cryptoKeyVersions.destroy",
        "iam.serviceAccounts.getAccessToken",
        "iam.serviceAccounts.signBlob",
        "iam.serviceAccountKeys.create",
        "resourcemanager.projects.setIamPolicy",
        "resourcemanager.organizations.setIamPolicy",
    ];
    let mut compared = 0;
    for (name, role) in roles.as_object().unwrap() {
        let Some(shipped) = gcp::shipped_role(name) else { continue };
        compared += 1;
        let theirs: Vec<&str> = role["includedPermissions"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        for permission in ASKED {
            assert_eq!(
                shipped.contains(permission),
                theirs.contains(&permission),
                "{name} {permission}"
            );
        }
    }
    assert!(compared >= 60, "{compared}");
}
