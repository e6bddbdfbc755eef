//! Data is to be encrypted with a key outside of the owner's hands: whoever holds that key can take the data away.

use super::{Case, Remark};
use crate::change::{AwsEdit, AzureEdit, BucketEdit, Edit, GcpEdit};
use crate::estate::Estate;
use crate::model::Severity;
use crate::model::aws::{AccountId, Encryption};
use crate::model::azure::{ArmId, ArmKind, KeySource};
use crate::model::gcp::AssetKind;

pub(super) fn judge(case: &Case<'_>) -> Option<Remark> {
    let key = case.edits.iter().find_map(|edit| foreign_key(edit, case.after, case.inverse))?;
    let why = format!(
        "{} is encrypted with {key}, which is none of the owner's keys",
        case.change.resource
    );
    Some(Remark { severity: Severity::Critical, why })
}

/// The foreign key that an edit moves data to.
fn foreign_key(edit: &Edit, after: &Estate, inverse: &[Edit]) -> Option<String> {
    match edit {
        Edit::Aws(AwsEdit::Bucket(
            bucket,
            BucketEdit::DefaultEncryption(Encryption::Kms { key, .. }),
        )) => {
            let (owner, state) = after.aws.buckets.get(bucket)?;
            // An alias means a key of whoever writes: of the owner here, of a stranger when a stranger writes.
            let arn = after.aws.resolve_key(key, owner, &state.region)?;
            let holder = arn.account()?;
            (holder != *owner && !same_organization(after, &holder, owner)).then(|| arn.to_string())
        }
        Edit::Azure(AzureEdit::Resource { id, .. } | AzureEdit::Patch { id, .. }) => {
            azure_key(id, after, inverse)
        }
        Edit::Gcp(GcpEdit::Asset { name, .. } | GcpEdit::Data { name, .. }) => {
            let bucket = after.gcp.assets.get(name).filter(|a| a.kind() == AssetKind::Bucket)?;
            let key = bucket.bucket().default_key?;
            let was = inverse.iter().find_map(|e| match e {
                Edit::Gcp(GcpEdit::Asset { state: Some(was), .. }) => {
                    Some(was.bucket().default_key)
                }
                Edit::Gcp(_) | Edit::Aws(_) | Edit::Azure(_) => None,
            });
            let ours = key.segment("projects").is_some_and(|p| after.gcp.project(p).is_some());
            (was != Some(Some(key.clone())) && !ours).then(|| key.to_string())
        }
        Edit::Aws(_) | Edit::Azure(_) | Edit::Gcp(_) => None,
    }
}

fn same_organization(after: &Estate, a: &AccountId, b: &AccountId) -> bool {
    after.aws.same_organization(a) == Some(true) && after.aws.same_organization(b) == Some(true)
}

fn azure_key(id: &ArmId, after: &Estate, inverse: &[Edit]) -> Option<String> {
    let account = after.azure.resources.get(id).filter(|r| r.kind() == ArmKind::StorageAccount)?;
    let KeySource::Customer { key, .. } = account.storage_account().key_source else { return None };
    let was = inverse.iter().find_map(|e| match e {
        Edit::Azure(AzureEdit::Resource { state: Some(was), .. }) => {
            Some(was.storage_account().key_source)
        }
        Edit::Azure(_) | Edit::Aws(_) | Edit::Gcp(_) => None,
    });
    let moved = !matches!(was, Some(KeySource::Customer { key: earlier, .. }) if earlier == key);
    let ours = after.azure.of_kind(ArmKind::Vault).any(|v| v.vault().host == key.vault_host);
    (moved && !ours).then(|| format!("key `{}` of {}", key.key_name, key.vault_host))
}
