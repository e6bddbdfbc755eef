//! Rotation, versioning, logging, lifecycle: good order, low.

use super::{Case, Remark};
use crate::change::{AzureEdit, Edit, GcpEdit, Nature};
use crate::model::azure::{ArmKind, ArmResource};
use crate::model::gcp::AssetKind;
use crate::model::{Severity, json};
use serde_json::Value;

pub(super) fn judge(case: &Case<'_>) -> Option<Remark> {
    let low = |what: &str| Remark {
        severity: Severity::Low,
        why: format!("{what} on {}", case.change.resource),
    };
    if case.change.kind.nature() == Nature::Hygiene {
        return Some(low(&case.change.kind.to_string()));
    }
    let pairs = case.edits.iter().flat_map(|is| case.inverse.iter().map(move |was| (is, was)));
    pairs.filter_map(|(is, was)| setting(is, was)).map(low).next()
}

/// Settings of good order in Google Cloud, where one call changes all settings of a bucket or key. The settings are
/// judged as changed, not as weakened: what a lifecycle rule does to whom is not told by its text.
fn setting(is: &Edit, was: &Edit) -> Option<&'static str> {
    // A write that leaves the audit settings out leaves them as they are.
    if let (
        Edit::Gcp(GcpEdit::Policy { policy: Some(is), .. }),
        Edit::Gcp(GcpEdit::Policy { policy: was, .. }),
    ) = (is, was)
    {
        let earlier = was.as_ref().and_then(|w| w.audit_configs.as_ref());
        let changed = is.audit_configs.is_some() && is.audit_configs.as_ref() != earlier;
        return changed.then_some("the logging of data access was changed");
    }
    if let (Edit::Azure(is), Edit::Azure(AzureEdit::Resource { state: Some(was), .. })) = (is, was)
    {
        return storage_account(is, was);
    }
    let (
        Edit::Gcp(GcpEdit::Asset { state: Some(is), .. }),
        Edit::Gcp(GcpEdit::Asset { state: Some(was), .. }),
    ) = (is, was)
    else {
        return None;
    };
    let settings: &[(&str, &str)] = match was.kind() {
        AssetKind::Bucket => &[
            ("versioning", "versioning was changed"),
            ("lifecycle", "lifecycle rules were changed"),
            ("logging", "access logging was changed"),
        ],
        AssetKind::CryptoKey => &[("rotationPeriod", "rotation was changed")],
        AssetKind::Organization
        | AssetKind::Folder
        | AssetKind::Project
        | AssetKind::ManagedFolder
        | AssetKind::KeyRing
        | AssetKind::CryptoKeyVersion
        | AssetKind::ServiceAccount
        | AssetKind::Other => &[],
    };
    settings.iter().find(|(name, _)| is.data.get(name) != was.data.get(name)).map(|(_, what)| *what)
}

/// Settings of a storage account that were weakened.
fn storage_account(is: &AzureEdit, was: &ArmResource) -> Option<&'static str> {
    if was.kind() != ArmKind::StorageAccount {
        return None;
    }
    let is = is.resource_after(was)?;
    let flag = |r: &ArmResource, name: &str| r.property(&[name]).and_then(json::boolean);
    let on = |name: &str| flag(&is, name) == Some(true) && flag(was, name) != Some(true);
    let version = |r: &ArmResource| {
        r.property(&["minimumTlsVersion"]).and_then(Value::as_str).map(str::to_uppercase)
    };
    if flag(&is, "supportsHttpsTrafficOnly") == Some(false)
        && flag(was, "supportsHttpsTrafficOnly") == Some(true)
    {
        Some("unencrypted HTTP was allowed")
    } else if version(was).zip(version(&is)).is_some_and(|(was, is)| is < was) {
        Some("older TLS was allowed")
    } else if on("isSftpEnabled") || on("isLocalUserEnabled") {
        Some("SFTP or local users were switched on")
    } else if on("allowCrossTenantReplication") {
        Some("replication to other tenants was allowed")
    } else {
        None
    }
}
