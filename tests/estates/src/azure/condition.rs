//! Attribute conditions of role assignments, in the forms that the portal's editor writes.
//! <https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-examples>

use crate::draw::Draw;

const BLOBS: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";

/// A condition on blob data.
pub(super) fn of_data(draw: &mut Draw) -> String {
    let action = draw.one(&["read", "read", "write", "delete"]);
    let name = draw.one(&["reports", "incoming", "raw", "curated", "exports"]);
    let attribute = match draw.below(6) {
        0 | 1 => format!(
            "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals '{name}'"
        ),
        2 | 3 => format!("@Resource[{BLOBS}:path] StringLike '{name}/*'"),
        4 => format!("@Resource[{BLOBS}/tags:Project<$key_case_sensitive$>] StringEquals '{name}'"),
        _ => format!(
            "@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Engineering_Project] StringEquals @Resource[{BLOBS}/tags:Project<$key_case_sensitive$>]"
        ),
    };
    if action == "read" && draw.percent(40) {
        return format!(
            "((!(ActionMatches{{'{BLOBS}/read'}} AND NOT SubOperationMatches{{'Blob.List'}})) OR ({attribute}))"
        );
    }
    format!("((!(ActionMatches{{'{BLOBS}/{action}'}})) OR ({attribute}))")
}

/// Whoever may assign roles may assign only this one.
pub(super) fn of_delegation(role: &str) -> String {
    let write = "Microsoft.Authorization/roleAssignments/write";
    format!(
        "((!(ActionMatches{{'{write}'}})) OR (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{role}}}))"
    )
}
