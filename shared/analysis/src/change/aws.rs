//! AWS: from a CloudTrail call to a change.
//!
//! Matched on eventSource *and* eventName: names collide between services (`DeleteRule` in events and waf, `CreateUser` in
//! iam and sso-directory). Names that the catalogue marks with ° were looked up in the S3, KMS, Lambda, Organizations
//! and Identity Center CloudTrail pages where those list them; the rest follow the API reference, whose operation names
//! CloudTrail uses unless told otherwise (`PutBucketEncryption`, `PutBucketLifecycle`, `PutBucketReplication`).

use super::edit::{AwsEdit, Edit, IamRef, Target};
use super::{Change, Claim, Dropped, Kind, names};
use crate::event::aws::Call;
use crate::event::clip;
use crate::model::aws::{
    AccountId, Acl, AclGrant, AclGrantee, Arn, Document, Encryption, IamKind, IamPrincipal, Key,
    KeyState, KmsGrant, ManagedPolicy, Ownership, PublicAccessBlock,
};
use crate::model::json;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The change that a call makes, whether or not it succeeded.
pub(super) fn recognise(call: &Call) -> Result<Change, Dropped> {
    let kind = kind(call)?;
    let mut doubt = call.omitted.then(|| {
        "the request was left out of the record as too large: a way to hide a change".to_owned()
    });
    let (claim, resource) = claim(kind, call, &mut doubt);
    let resource = resource.unwrap_or_else(|| {
        target(&claim).or_else(|| call.resources.first().cloned()).unwrap_or_default()
    });
    Ok(Change { kind, resource: clip(&resource, 2_000), claim, doubt })
}

fn kind(call: &Call) -> Result<Kind, Dropped> {
    let service = call.source.strip_suffix(".amazonaws.com").unwrap_or(&call.source);
    if let Some(kind) = listed(service, &call.name, call) {
        return Ok(kind);
    }
    let reads = call.read_only.unwrap_or_else(|| names::only_reads(&call.name))
        || names::only_reads(&call.name);
    let kind = match service {
        "iam" => Kind::IamOther,
        "kms" if !names::only_uses(&call.name) => Kind::KmsOther,
        "s3" if !call.data_event => Kind::S3Other,
        "cloudtrail" => Kind::TrailChanged,
        "events" => Kind::EventRuleChanged,
        _ if reads => return Err(Dropped::ReadOnly),
        _ => return Err(Dropped::Unrelated),
    };
    if reads { Err(Dropped::ReadOnly) } else { Ok(kind) }
}

fn listed(service: &str, name: &str, call: &Call) -> Option<Kind> {
    match service {
        "s3" | "s3-object-lambda" | "s3express" => s3(name, call),
        "kms" => kms(name),
        "iam" => iam(name),
        "rolesanywhere" => (name.ends_with("TrustAnchor") || name.ends_with("Profile"))
            .then_some(Kind::RolesAnywhereChanged)
            .filter(|_| !names::only_reads(name)),
        "sso" => sso(name),
        "organizations" => organizations(name),
        "sts" => sts(name),
        "ram" | "lakeformation" | "ec2" | "rds" | "ecr" | "secretsmanager" | "backup" => {
            other_door(service, name)
        }
        "lambda" | "sqs" | "dynamodb" | "config" | "access-analyzer" | "events" | "cloudtrail" => {
            feed(service, name)
        }
        _ => None,
    }
}

fn s3(name: &str, call: &Call) -> Option<Kind> {
    Some(match name {
        "PutBucketPolicy" => Kind::BucketPolicyWritten,
        "DeleteBucketPolicy" => Kind::BucketPolicyDeleted,
        "PutBucketAcl" | "PutObjectAcl" => Kind::AclWritten,
        "PutBucketPublicAccessBlock" | "DeleteBucketPublicAccessBlock" => {
            Kind::BucketPublicAccessBlockChanged
        }
        "PutAccountPublicAccessBlock" | "DeleteAccountPublicAccessBlock" => {
            Kind::AccountPublicAccessBlockChanged
        }
        "PutBucketOwnershipControls" | "DeleteBucketOwnershipControls" => {
            Kind::BucketOwnershipChanged
        }
        "PutBucketEncryption" | "DeleteBucketEncryption" => Kind::BucketEncryptionChanged,
        "PutBucketReplication" | "DeleteBucketReplication" => Kind::BucketReplicationChanged,
        "PutBucketLifecycle" | "PutBucketLifecycleConfiguration" | "DeleteBucketLifecycle" => {
            Kind::BucketLifecycleChanged
        }
        "PutBucketVersioning" if strengthens_versioning(call) => Kind::S3Other,
        "PutBucketVersioning" => Kind::BucketVersioningChanged,
        "PutBucketLogging"
            if call.request.pointer("/BucketLoggingStatus/LoggingEnabled").is_some() =>
        {
            Kind::S3Other
        }
        "PutBucketLogging" => Kind::BucketLoggingChanged,
        // S3 has no call to delete notifications (an empty Put does it); the name is accepted because tools list it.
        "PutBucketNotification"
        | "PutBucketNotificationConfiguration"
        | "DeleteBucketNotification" => Kind::BucketNotificationChanged,
        "PutBucketWebsite" | "DeleteBucketWebsite" => Kind::BucketWebsiteChanged,
        "PutBucketCors" | "DeleteBucketCors" => Kind::BucketCorsChanged,
        "PutObjectLockConfiguration"
        | "PutBucketObjectLockConfiguration"
        | "PutObjectRetention"
        | "PutObjectLegalHold" => Kind::ObjectLockChanged,
        "CreateAccessPoint"
        | "DeleteAccessPoint"
        | "PutAccessPointPolicy"
        | "DeleteAccessPointPolicy" => Kind::AccessPointChanged,
        "PutMultiRegionAccessPointPolicy"
        | "CreateMultiRegionAccessPoint"
        | "DeleteMultiRegionAccessPoint"
        | "PutAccessPointPolicyForObjectLambda"
        | "DeleteAccessPointPolicyForObjectLambda"
        | "CreateAccessPointForObjectLambda" => Kind::OtherAccessPointChanged,
        "CreateAccessGrant"
        | "DeleteAccessGrant"
        | "CreateAccessGrantsLocation"
        | "UpdateAccessGrantsLocation"
        | "DeleteAccessGrantsLocation"
        | "CreateAccessGrantsInstance"
        | "PutAccessGrantsInstanceResourcePolicy"
        | "DeleteAccessGrantsInstanceResourcePolicy"
        | "AssociateAccessGrantsIdentityCenter" => Kind::AccessGrantChanged,
        "UpdateObjectEncryption" => Kind::ObjectReencrypted,
        "PutObject" | "CopyObject" | "UploadPartCopy" | "CompleteMultipartUpload"
            if foreign_encryption(call) =>
        {
            Kind::ObjectReencrypted
        }
        "DeleteBucket" | "DeleteObjects" => Kind::BucketDeleted,
        "RestoreObject" => Kind::ObjectsTakenOut,
        "CreateBucket" => Kind::BucketCreated,
        "PutBucketTagging"
        | "DeleteBucketTagging"
        | "PutBucketAbac"
        | "TagResource"
        | "UntagResource" => Kind::TagsChanged,
        _ => return None,
    })
}

/// Versioning on, and MFA delete not taken away.
fn strengthens_versioning(call: &Call) -> bool {
    let setting = |name: &str| {
        call.request.pointer(&format!("/VersioningConfiguration/{name}")).and_then(Value::as_str)
    };
    setting("Status") == Some("Enabled") && setting("MfaDelete") != Some("Disabled")
}

/// SSE-C, or a KMS key of an account other than the bucket's: what ransomware does to objects.
fn foreign_encryption(call: &Call) -> bool {
    let header = |name: &str| call.request.get(name).or_else(|| call.response.get(name));
    if header("x-amz-server-side-encryption-customer-algorithm").is_some() {
        return true;
    }
    let key = header("x-amz-server-side-encryption-aws-kms-key-id")
        .and_then(Value::as_str)
        .and_then(|k| Arn::parse(k).ok());
    match (key.and_then(|k| k.account()), &call.account) {
        (Some(key), Some(bucket)) => key != *bucket,
        (Some(_) | None, _) => false,
    }
}

fn kms(name: &str) -> Option<Kind> {
    Some(match name {
        "PutKeyPolicy" => Kind::KeyPolicyWritten,
        "CreateGrant" => Kind::GrantCreated,
        "RevokeGrant" | "RetireGrant" => Kind::GrantRemoved,
        "ScheduleKeyDeletion" | "DeleteKey" => Kind::KeyDeletionScheduled,
        "DisableKey" => Kind::KeyDisabled,
        "EnableKey" | "CancelKeyDeletion" => Kind::KeyReopened,
        "DisableKeyRotation" => Kind::KeyRotationDisabled,
        "EnableKeyRotation" => Kind::KeyRotationEnabled,
        "DeleteImportedKeyMaterial" | "ImportKeyMaterial" | "DeleteExpiredKeyMaterial" => {
            Kind::KeyMaterialChanged
        }
        "CreateAlias" | "UpdateAlias" | "DeleteAlias" => Kind::AliasChanged,
        "ReplicateKey" | "UpdatePrimaryRegion" => Kind::KeyReplicated,
        "CreateKey" => Kind::KeyCreated,
        "TagResource" | "UntagResource" => Kind::TagsChanged,
        "DeleteCustomKeyStore"
        | "DisconnectCustomKeyStore"
        | "ConnectCustomKeyStore"
        | "UpdateCustomKeyStore"
        | "CreateCustomKeyStore" => Kind::CustomKeyStoreChanged,
        _ => return None,
    })
}

fn iam(name: &str) -> Option<Kind> {
    Some(match name {
        "PutUserPolicy" | "PutRolePolicy" | "PutGroupPolicy" => Kind::InlinePolicyWritten,
        "AttachUserPolicy" | "AttachRolePolicy" | "AttachGroupPolicy" => Kind::PolicyAttached,
        "CreatePolicyVersion" | "SetDefaultPolicyVersion" => Kind::PolicyVersionSet,
        "DeleteUserPolicy"
        | "DeleteRolePolicy"
        | "DeleteGroupPolicy"
        | "DetachUserPolicy"
        | "DetachRolePolicy"
        | "DetachGroupPolicy"
        | "DeletePolicy"
        | "DeletePolicyVersion" => Kind::PolicyRemoved,
        "PutUserPermissionsBoundary"
        | "PutRolePermissionsBoundary"
        | "DeleteUserPermissionsBoundary"
        | "DeleteRolePermissionsBoundary" => Kind::BoundaryChanged,
        "AddUserToGroup" | "RemoveUserFromGroup" => Kind::GroupMembershipChanged,
        "UpdateAssumeRolePolicy" | "CreateRole" => Kind::TrustPolicyWritten,
        "CreateOpenIDConnectProvider"
        | "DeleteOpenIDConnectProvider"
        | "UpdateOpenIDConnectProviderThumbprint"
        | "AddClientIDToOpenIDConnectProvider"
        | "RemoveClientIDFromOpenIDConnectProvider" => Kind::OidcProviderChanged,
        "CreateSAMLProvider" | "UpdateSAMLProvider" | "DeleteSAMLProvider" => {
            Kind::SamlProviderChanged
        }
        "CreateUser" | "CreateAccessKey" | "UpdateAccessKey" => Kind::AccessKeyChanged,
        "CreateLoginProfile" | "UpdateLoginProfile" => Kind::LoginProfileChanged,
        "DeactivateMFADevice" | "DeleteVirtualMFADevice" => Kind::MfaDeactivated,
        "CreateServiceSpecificCredential"
        | "UpdateServiceSpecificCredential"
        | "ResetServiceSpecificCredential"
        | "DeleteServiceSpecificCredential" => Kind::ServiceCredentialCreated,
        "AddRoleToInstanceProfile"
        | "RemoveRoleFromInstanceProfile"
        | "CreateInstanceProfile"
        | "DeleteInstanceProfile" => Kind::InstanceProfileChanged,
        "TagRole" | "UntagRole" | "TagUser" | "UntagUser" | "TagPolicy" | "UntagPolicy" => {
            Kind::TagsChanged
        }
        "DeleteRole"
        | "DeleteUser"
        | "DeleteGroup"
        | "CreateGroup"
        | "CreatePolicy"
        | "CreateServiceLinkedRole"
        | "DeleteServiceLinkedRole"
        | "UpdateRole"
        | "UpdateUser"
        | "UpdateGroup"
        | "DeleteAccessKey"
        | "DeleteLoginProfile"
        | "ChangePassword"
        | "EnableMFADevice"
        | "CreateVirtualMFADevice"
        | "ResyncMFADevice" => Kind::IamPrincipalChanged,
        _ => return None,
    })
}

fn sso(name: &str) -> Option<Kind> {
    let named = name.contains("AccountAssignment")
        || name.contains("PermissionSet")
        || [
            "PutPermissionsPolicy",
            "DeletePermissionsPolicy",
            "AssociateProfile",
            "DisassociateProfile",
        ]
        .contains(&name);
    (named && !names::only_reads(name)).then_some(Kind::PermissionSetChanged)
}

/// What can weaken a guard, and the rest.
fn organizations(name: &str) -> Option<Kind> {
    match name {
        "AttachPolicy"
        | "DetachPolicy"
        | "UpdatePolicy"
        | "DeletePolicy"
        | "DisablePolicyType"
        | "MoveAccount"
        | "LeaveOrganization"
        | "RemoveAccountFromOrganization"
        | "DeleteOrganization" => Some(Kind::OrganizationPolicyChanged),
        "CreatePolicy"
        | "EnablePolicyType"
        | "PutResourcePolicy"
        | "DeleteResourcePolicy"
        | "RegisterDelegatedAdministrator"
        | "DeregisterDelegatedAdministrator"
        | "EnableAWSServiceAccess"
        | "DisableAWSServiceAccess" => Some(Kind::OrganizationOther),
        _ => None,
    }
}

fn sts(name: &str) -> Option<Kind> {
    match name {
        "AssumeRoot" | "GetFederationToken" => Some(Kind::RootUsed),
        "AssumeRole" | "AssumeRoleWithSAML" | "AssumeRoleWithWebIdentity" => {
            Some(Kind::RoleAssumed)
        }
        _ => None,
    }
}

fn other_door(service: &str, name: &str) -> Option<Kind> {
    match (service, name) {
        (
            "ram",
            "CreateResourceShare"
            | "AssociateResourceShare"
            | "UpdateResourceShare"
            | "DisassociateResourceShare"
            | "DeleteResourceShare",
        )
        | ("ram", "EnableSharingWithAwsOrganization")
        | (
            "lakeformation",
            "GrantPermissions"
            | "BatchGrantPermissions"
            | "RevokePermissions"
            | "PutDataLakeSettings",
        ) => Some(Kind::ResourceShared),
        ("ec2", "ModifySnapshotAttribute" | "ResetSnapshotAttribute" | "ModifyImageAttribute")
        | (
            "rds",
            "ModifyDBSnapshotAttribute"
            | "ModifyDBClusterSnapshotAttribute"
            | "ModifyDbClusterSnapshotAttribute"
            | "StartExportTask",
        )
        | ("ecr", "SetRepositoryPolicy" | "DeleteRepositoryPolicy" | "PutRegistryPolicy")
        | ("secretsmanager", "PutResourcePolicy" | "DeleteResourcePolicy")
        | (
            "backup",
            "PutBackupVaultAccessPolicy"
            | "DeleteBackupVaultAccessPolicy"
            | "PutBackupVaultLockConfiguration"
            | "DeleteBackupVaultLockConfiguration",
        ) => Some(Kind::SnapshotShared),
        (_, _) => None,
    }
}

fn feed(service: &str, name: &str) -> Option<Kind> {
    match (service, name) {
        (
            "events",
            "DisableRule" | "DeleteRule" | "RemoveTargets" | "PutRule" | "PutTargets"
            | "PutPermission" | "RemovePermission" | "EnableRule",
        )
        | ("events", "DeleteEventBus" | "UpdateEventBus") => Some(Kind::EventRuleChanged),
        (
            "lambda",
            "DeleteFunction"
            | "UpdateFunctionCode"
            | "UpdateFunctionConfiguration"
            | "PutFunctionConcurrency"
            | "RemovePermission"
            | "AddPermission"
            | "DeleteEventSourceMapping"
            | "UpdateEventSourceMapping"
            | "CreateEventSourceMapping"
            | "DeleteFunctionConcurrency"
            | "PublishVersion"
            | "UpdateAlias",
        ) => Some(Kind::FunctionChanged),
        (
            "sqs",
            "DeleteQueue" | "PurgeQueue" | "SetQueueAttributes" | "AddPermission"
            | "RemovePermission",
        )
        | ("dynamodb", "DeleteTable" | "UpdateTable" | "UpdateTimeToLive") => {
            Some(Kind::QueueOrTableChanged)
        }
        (
            "cloudtrail",
            "StopLogging" | "StartLogging" | "DeleteTrail" | "UpdateTrail" | "CreateTrail"
            | "PutEventSelectors",
        )
        | (
            "cloudtrail",
            "PutInsightSelectors" | "DeleteEventDataStore" | "StopEventDataStoreIngestion",
        ) => Some(Kind::TrailChanged),
        (
            "config",
            "StopConfigurationRecorder"
            | "DeleteConfigurationRecorder"
            | "DeleteDeliveryChannel"
            | "PutConfigurationRecorder",
        )
        | ("access-analyzer", "DeleteAnalyzer" | "CreateArchiveRule") => {
            Some(Kind::DetectorChanged)
        }
        (_, _) => None,
    }
}

/// The claim, and the resource's name where it is not the target of the claim.
fn claim(kind: Kind, call: &Call, doubt: &mut Option<String>) -> (Claim, Option<String>) {
    let service = call.source.strip_suffix(".amazonaws.com").unwrap_or(&call.source);
    match service {
        "s3" => s3_claim(kind, call, doubt),
        "kms" => kms_claim(call, doubt),
        "iam" => iam_claim(call, doubt),
        "organizations" => organizations_claim(call, doubt),
        _ => (Claim::Outside, name_in_request(call)),
    }
}

/// A document of a request; one that cannot be read puts the whole claim in doubt.
fn document(value: Option<&Value>, doubt: &mut Option<String>) -> Option<Document> {
    match Document::parse(value?) {
        Ok(document) => Some(document),
        Err(error) => {
            doubt.get_or_insert_with(|| format!("the event's policy cannot be read: {error}"));
            None
        }
    }
}

fn aws(edit: AwsEdit) -> Claim {
    Claim::Edits(vec![Edit::Aws(edit)])
}

fn s3_claim(kind: Kind, call: &Call, doubt: &mut Option<String>) -> (Claim, Option<String>) {
    if kind == Kind::AccountPublicAccessBlockChanged {
        let account = control_account(call).or_else(|| call.account.clone());
        let block = if call.name.starts_with("Delete") {
            Some(PublicAccessBlock::default())
        } else {
            block(&call.request)
        };
        let resource = account.as_ref().map(|a| a.root().as_str().to_owned());
        let claim = match (account, block) {
            (Some(account), Some(block)) => {
                aws(AwsEdit::AccountBlock { account, block: Some(block) })
            }
            (_, _) => Claim::Outside,
        };
        return (claim, resource);
    }
    let Some(bucket) = json::text(&call.request, "bucketName").map(Arc::<str>::from) else {
        return (Claim::Outside, None);
    };
    let touched = || Claim::Touched(Target::Bucket(bucket.clone()));
    let claim = match call.name.as_str() {
        "PutBucketPolicy" => document(call.request.get("bucketPolicy"), doubt)
            .map_or_else(touched, |d| {
                aws(AwsEdit::BucketPolicy { bucket: bucket.clone(), document: Some(Some(d)) })
            }),
        "DeleteBucketPolicy" => {
            aws(AwsEdit::BucketPolicy { bucket: bucket.clone(), document: Some(None) })
        }
        "PutBucketPublicAccessBlock" => block(&call.request).map_or_else(touched, |b| {
            aws(AwsEdit::BucketBlock { bucket: bucket.clone(), block: Some(b) })
        }),
        "DeleteBucketPublicAccessBlock" => aws(AwsEdit::BucketBlock {
            bucket: bucket.clone(),
            block: Some(PublicAccessBlock::default()),
        }),
        "PutBucketEncryption" => encryption(&call.request).map_or_else(touched, |to| {
            aws(AwsEdit::DefaultEncryption { bucket: bucket.clone(), to })
        }),
        // Since January 2023 a bucket without a configuration encrypts with SSE-S3.
        "DeleteBucketEncryption" => {
            aws(AwsEdit::DefaultEncryption { bucket: bucket.clone(), to: Encryption::S3Managed })
        }
        "PutBucketAcl" => acl(&call.request).map_or_else(touched, |acl| {
            aws(AwsEdit::Acl { bucket: bucket.clone(), acl: Some(acl) })
        }),
        "PutBucketOwnershipControls" => ownership(&call.request).map_or_else(touched, |o| {
            aws(AwsEdit::Ownership { bucket: bucket.clone(), ownership: Some(o) })
        }),
        // Without ownership controls the object writer owns, and ACLs count.
        "DeleteBucketOwnershipControls" => aws(AwsEdit::Ownership {
            bucket: bucket.clone(),
            ownership: Some(Ownership::ObjectWriter),
        }),
        "DeleteBucket" => aws(AwsEdit::Bucket { name: bucket.clone(), state: None }),
        "CreateBucket" | "PutObjectAcl" | "PutBucketTagging" | "DeleteBucketTagging" => touched(),
        _ => Claim::Outside,
    };
    (claim, Some(Arn::bucket(&bucket).as_str().to_owned()))
}

/// `<account>.s3-control.<region>.amazonaws.com`: account-level calls name their account nowhere else.
fn control_account(call: &Call) -> Option<AccountId> {
    let host = json::first(&call.request, &["Host", "host"]).and_then(json::scalar)?;
    let (account, _) = host.split_once(".s3-control.")?;
    AccountId::parse(account)
}

fn block(request: &Value) -> Option<PublicAccessBlock> {
    let flags = request.get("PublicAccessBlockConfiguration")?;
    let flag = |name: &str| flags.get(name).and_then(json::boolean).unwrap_or(false);
    Some(PublicAccessBlock {
        block_public_acls: flag("BlockPublicAcls"),
        ignore_public_acls: flag("IgnorePublicAcls"),
        block_public_policy: flag("BlockPublicPolicy"),
        restrict_public_buckets: flag("RestrictPublicBuckets"),
    })
}

fn encryption(request: &Value) -> Option<Encryption> {
    let configuration = request.get("ServerSideEncryptionConfiguration")?;
    let rules = json::first(configuration, &["Rule", "Rules"]).map(json::list)?;
    Encryption::of_rule(rules.first()?)
}

fn ownership(request: &Value) -> Option<Ownership> {
    let controls = request.get("OwnershipControls")?;
    let rules = json::first(controls, &["Rule", "Rules"]).map(json::list)?;
    let word = rules.first()?.get("ObjectOwnership")?;
    serde_json::from_value(word.clone()).ok()
}

/// Three shapes: a canned ACL, an access control policy, and grant headers. Scalars and one-element lists alternate.
fn acl(request: &Value) -> Option<Acl> {
    if let Some(canned) = request.get("x-amz-acl").and_then(json::scalar) {
        return canned_acl(canned);
    }
    if let Some(policy) = request.get("AccessControlPolicy") {
        return Acl::parse(policy);
    }
    let headers = request.get("accessControlList").unwrap_or(request).as_object()?;
    let mut grants = Vec::new();
    for (name, value) in headers {
        let Some(permission) = name.strip_prefix("x-amz-grant-") else { continue };
        let permission = permission.to_uppercase().replace('-', "_");
        for grantee in json::scalar(value)?.split(',') {
            let grantee = match grantee.trim().split_once('=') {
                Some((kind, name)) => grantee_of(kind, name.trim_matches('"')),
                None => AclGrantee::Other(grantee.trim().into()),
            };
            grants.push(AclGrant { grantee, permission: permission.as_str().into() });
        }
    }
    (!grants.is_empty()).then_some(Acl { owner: None, grants })
}

fn grantee_of(kind: &str, name: &str) -> AclGrantee {
    match kind {
        "uri" => AclGrantee::of_group(name),
        "id" => AclGrantee::CanonicalUser(name.into()),
        _ => AclGrantee::Other(name.into()),
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl>
fn canned_acl(name: &str) -> Option<Acl> {
    let grant =
        |grantee: AclGrantee, permission: &str| AclGrant { grantee, permission: permission.into() };
    let grants = match name {
        "private"
        | "bucket-owner-read"
        | "bucket-owner-full-control"
        | "log-delivery-write"
        | "aws-exec-read" => Vec::new(),
        "public-read" => vec![grant(AclGrantee::AllUsers, "READ")],
        "public-read-write" => {
            vec![grant(AclGrantee::AllUsers, "READ"), grant(AclGrantee::AllUsers, "WRITE")]
        }
        "authenticated-read" => vec![grant(AclGrantee::AuthenticatedUsers, "READ")],
        _ => return None,
    };
    Some(Acl { owner: None, grants })
}

fn kms_claim(call: &Call, doubt: &mut Option<String>) -> (Claim, Option<String>) {
    if let "CreateAlias" | "UpdateAlias" | "DeleteAlias" = call.name.as_str() {
        return alias_claim(call);
    }
    let Some(key) = key_arn(call) else {
        return (Claim::Outside, json::text(&call.request, "keyId").map(str::to_owned));
    };
    let resource = Some(key.as_str().to_owned());
    let state = |state: KeyState| aws(AwsEdit::KeyState { key: key.clone(), state: Some(state) });
    let claim = match call.name.as_str() {
        "PutKeyPolicy" => document(call.request.get("policy"), doubt).map_or_else(
            || Claim::Touched(Target::Key(key.clone())),
            |d| aws(AwsEdit::KeyPolicy { key: key.clone(), document: Some(d) }),
        ),
        "CreateGrant" => grant(call).map_or_else(
            || Claim::Touched(Target::Key(key.clone())),
            |g| {
                aws(AwsEdit::Grant { key: key.clone(), id: g.id.clone(), grant: Some(Box::new(g)) })
            },
        ),
        "RevokeGrant" | "RetireGrant" => json::text(&call.request, "grantId").map_or_else(
            || Claim::Touched(Target::Key(key.clone())),
            |id| aws(AwsEdit::Grant { key: key.clone(), id: id.into(), grant: None }),
        ),
        "ScheduleKeyDeletion" => state(KeyState::PendingDeletion),
        "DeleteKey" => aws(AwsEdit::Key { key: key.clone(), state: None }),
        // CancelKeyDeletion leaves the key disabled.
        "DisableKey" | "CancelKeyDeletion" => state(KeyState::Disabled),
        "EnableKey" => state(KeyState::Enabled),
        "DisableKeyRotation" => aws(AwsEdit::Rotation { key: key.clone(), on: Some(false) }),
        "EnableKeyRotation" => aws(AwsEdit::Rotation { key: key.clone(), on: Some(true) }),
        "DeleteImportedKeyMaterial" | "DeleteExpiredKeyMaterial" => state(KeyState::PendingImport),
        "CreateKey" => {
            let created = Key {
                state: Some(KeyState::Enabled),
                policy: document(call.request.get("policy"), doubt),
                grants_known: true,
                ..Key::unknown(key.clone())
            };
            aws(AwsEdit::Key { key: key.clone(), state: Some(Box::new(created)) })
        }
        "ReplicateKey"
        | "ImportKeyMaterial"
        | "UpdatePrimaryRegion"
        | "TagResource"
        | "UntagResource" => Claim::Touched(Target::Key(key.clone())),
        _ => Claim::Outside,
    };
    (claim, resource)
}

/// The key by ARN: from the resources of the record, the request, or the response; a bare id is completed from the
/// record's region and account.
fn key_arn(call: &Call) -> Option<Arn> {
    let is_key = |text: &str| {
        Arn::parse(text).ok().filter(|a| a.service() == "kms" && a.resource().starts_with("key/"))
    };
    let response = [
        json::text(&call.response, "keyId"),
        call.response
            .get("keyMetadata")
            .and_then(|m| json::first(m, &["arn", "Arn"]))
            .and_then(Value::as_str),
    ];
    let request = json::text(&call.request, "keyId");
    let texts = call
        .resources
        .iter()
        .map(String::as_str)
        .chain(request)
        .chain(response.into_iter().flatten());
    if let Some(arn) = texts.clone().find_map(is_key) {
        return Some(arn);
    }
    let id = request.filter(|id| !id.contains(':') && !id.contains('/')).map(str::to_owned)?;
    let account = call.account.as_ref()?;
    Arn::parse(&format!("arn:aws:kms:{}:{account}:key/{id}", call.region)).ok()
}

fn alias_claim(call: &Call) -> (Claim, Option<String>) {
    let is_alias = |r: &&String| Arn::parse(r).is_ok_and(|a| a.resource().starts_with("alias/"));
    let listed = call.resources.iter().find(is_alias).and_then(|r| Arn::parse(r).ok());
    let built = json::text(&call.request, "aliasName").zip(call.account.as_ref()).and_then(
        |(name, account)| Arn::parse(&format!("arn:aws:kms:{}:{account}:{name}", call.region)).ok(),
    );
    let Some(alias) = listed.or(built) else { return (Claim::Outside, None) };
    let target =
        json::text(&call.request, "targetKeyId").map(|t| t.rsplit('/').next().unwrap_or(t).into());
    let resource = Some(alias.as_str().to_owned());
    let complete = call.name == "DeleteAlias" || target.is_some();
    (if complete { aws(AwsEdit::Alias { alias, target }) } else { Claim::Outside }, resource)
}

fn grant(call: &Call) -> Option<KmsGrant> {
    let id = json::text(&call.response, "grantId")?;
    let grantee = json::text(&call.request, "granteePrincipal")?;
    let operations = json::strings(call.request.get("operations")?)?;
    let constraints = call.request.get("constraints").and_then(Value::as_object);
    let readable = constraints.into_iter().flatten().filter(|(_, v)| !v.is_null());
    Some(KmsGrant {
        id: id.into(),
        grantee: grantee.into(),
        operations: operations.into_iter().map(Into::into).collect(),
        constraints: readable.map(|(name, value)| format!("{name} {value}").into()).collect(),
        retiring: json::text(&call.request, "retiringPrincipal").map(Into::into),
        for_service: KmsGrant::grantee_is_service(grantee),
    })
}

fn iam_claim(call: &Call, doubt: &mut Option<String>) -> (Claim, Option<String>) {
    let text = |key: &str| json::text(&call.request, key);
    let policy = || text("policyArn").and_then(|p| Arn::parse(p).ok());
    let who = entity(call);
    let claim = match (call.name.as_str(), &who) {
        (
            "CreatePolicyVersion"
            | "SetDefaultPolicyVersion"
            | "DeletePolicy"
            | "DeletePolicyVersion"
            | "CreatePolicy",
            _,
        ) => {
            return policy_claim(call, doubt);
        }
        ("PutUserPolicy" | "PutRolePolicy" | "PutGroupPolicy", Some(who)) => {
            match (text("policyName"), document(call.request.get("policyDocument"), doubt)) {
                (Some(name), Some(document)) => aws(AwsEdit::Inline {
                    who: who.clone(),
                    name: name.into(),
                    document: Some(document),
                }),
                (_, _) => Claim::Touched(Target::Iam(who.clone())),
            }
        }
        ("DeleteUserPolicy" | "DeleteRolePolicy" | "DeleteGroupPolicy", Some(who)) => {
            text("policyName").map_or_else(
                || Claim::Touched(Target::Iam(who.clone())),
                |name| aws(AwsEdit::Inline { who: who.clone(), name: name.into(), document: None }),
            )
        }
        (
            "AttachUserPolicy" | "AttachRolePolicy" | "AttachGroupPolicy" | "DetachUserPolicy"
            | "DetachRolePolicy" | "DetachGroupPolicy",
            Some(who),
        ) => {
            let attached = call.name.starts_with("Attach");
            policy().map_or_else(
                || Claim::Touched(Target::Iam(who.clone())),
                |policy| aws(AwsEdit::Attachment { who: who.clone(), policy, attached }),
            )
        }
        ("PutUserPermissionsBoundary" | "PutRolePermissionsBoundary", Some(who)) => {
            let boundary = text("permissionsBoundary").and_then(|p| Arn::parse(p).ok());
            boundary.map_or_else(
                || Claim::Touched(Target::Iam(who.clone())),
                |b| aws(AwsEdit::Boundary { who: who.clone(), policy: Some(b) }),
            )
        }
        ("DeleteUserPermissionsBoundary" | "DeleteRolePermissionsBoundary", Some(who)) => {
            aws(AwsEdit::Boundary { who: who.clone(), policy: None })
        }
        ("UpdateAssumeRolePolicy", Some(who)) => {
            document(call.request.get("policyDocument"), doubt).map_or_else(
                || Claim::Touched(Target::Iam(who.clone())),
                |d| aws(AwsEdit::Trust { who: who.clone(), document: Some(d) }),
            )
        }
        ("AddUserToGroup" | "RemoveUserFromGroup", Some(user)) => {
            let member = call.name.starts_with("Add");
            text("groupName").map_or(Claim::Outside, |group| {
                aws(AwsEdit::Membership { user: user.clone(), group: group.into(), member })
            })
        }
        ("CreateRole" | "CreateUser" | "CreateGroup", Some(who)) => aws(AwsEdit::Principal {
            who: who.clone(),
            state: Some(Box::new(created(call, who, doubt))),
        }),
        ("DeleteRole" | "DeleteUser" | "DeleteGroup", Some(who)) => {
            aws(AwsEdit::Principal { who: who.clone(), state: None })
        }
        ("TagRole" | "UntagRole" | "TagUser" | "UntagUser", Some(who)) => {
            Claim::Touched(Target::Iam(who.clone()))
        }
        (_, _) => Claim::Outside,
    };
    let resource =
        who.map(|w| w.arn_without_path().as_str().to_owned()).or_else(|| name_in_request(call));
    (claim, resource)
}

/// The user, role or group that a call is about. `AddUserToGroup` names both: the user is the one that gains.
fn entity(call: &Call) -> Option<IamRef> {
    let account = call.account.clone()?;
    let named =
        |key: &str, kind| json::text(&call.request, key).map(|name| (kind, Arc::<str>::from(name)));
    let (kind, name) = named("userName", IamKind::User)
        .or_else(|| named("roleName", IamKind::Role))
        .or_else(|| named("groupName", IamKind::Group))?;
    Some(IamRef { account, kind, name })
}

fn created(call: &Call, who: &IamRef, doubt: &mut Option<String>) -> IamPrincipal {
    let response = ["role", "user", "group"].iter().find_map(|k| call.response.get(k));
    let arn = response
        .and_then(|r| json::text(r, "arn"))
        .and_then(|a| Arn::parse(a).ok())
        .unwrap_or_else(|| who.arn_without_path());
    let mut principal = IamPrincipal::new(arn, who.kind);
    principal.unique_id = response
        .and_then(|r| json::first(r, &["roleId", "userId", "groupId"]))
        .and_then(Value::as_str)
        .map(Into::into);
    principal.trust = document(call.request.get("assumeRolePolicyDocument"), doubt);
    principal.boundary =
        json::text(&call.request, "permissionsBoundary").and_then(|b| Arn::parse(b).ok());
    principal
}

fn policy_claim(call: &Call, doubt: &mut Option<String>) -> (Claim, Option<String>) {
    let text = |key: &str| json::text(&call.request, key);
    if call.name == "CreatePolicy" {
        let arn = call
            .response
            .get("policy")
            .and_then(|p| json::text(p, "arn"))
            .and_then(|a| Arn::parse(a).ok());
        let arn =
            arn.or_else(|| Some(Arn::iam(call.account.as_ref()?, "policy", text("policyName")?)));
        let claim = arn.clone().zip(document(call.request.get("policyDocument"), doubt)).map_or(
            Claim::Outside,
            |(policy, document)| {
                let version: Arc<str> = "v1".into();
                let state = ManagedPolicy {
                    arn: policy.clone(),
                    default_version: version.clone(),
                    versions: BTreeMap::from([(version, document)]),
                };
                aws(AwsEdit::Policy { policy, state: Some(Box::new(state)) })
            },
        );
        return (claim, arn.map(|a| a.as_str().to_owned()));
    }
    let Some(policy) = text("policyArn").and_then(|p| Arn::parse(p).ok()) else {
        return (Claim::Outside, None);
    };
    let resource = Some(policy.as_str().to_owned());
    let touched = Claim::Touched(Target::ManagedPolicy(policy.clone()));
    let claim = match call.name.as_str() {
        "DeletePolicy" => aws(AwsEdit::Policy { policy, state: None }),
        "DeletePolicyVersion" => text("versionId").map_or(touched, |version| {
            aws(AwsEdit::PolicyVersion { policy, version: version.into(), document: None })
        }),
        "SetDefaultPolicyVersion" => text("versionId").map_or(touched, |version| {
            aws(AwsEdit::DefaultVersion { policy, version: version.into(), document: None })
        }),
        "CreatePolicyVersion" => {
            let version =
                call.response.get("policyVersion").and_then(|v| json::text(v, "versionId"));
            // A version that is not made the default changes nobody's access; it may be made the default later.
            let in_force = call.request.get("setAsDefault").and_then(json::boolean) == Some(true);
            match (version, document(call.request.get("policyDocument"), doubt)) {
                (Some(version), document @ Some(_)) if in_force => {
                    aws(AwsEdit::DefaultVersion { policy, version: version.into(), document })
                }
                (Some(version), document @ Some(_)) => {
                    aws(AwsEdit::PolicyVersion { policy, version: version.into(), document })
                }
                (_, _) => touched,
            }
        }
        _ => Claim::Outside,
    };
    (claim, resource)
}

fn organizations_claim(call: &Call, doubt: &mut Option<String>) -> (Claim, Option<String>) {
    let text = |key: &str| json::text(&call.request, key);
    let Some(policy) = text("policyId").map(Arc::<str>::from) else {
        return (Claim::Outside, name_in_request(call));
    };
    let claim = match call.name.as_str() {
        "AttachPolicy" | "DetachPolicy" => text("targetId").map_or(Claim::Outside, |target| {
            let attached = call.name == "AttachPolicy";
            aws(AwsEdit::OrganizationAttachment {
                policy: policy.clone(),
                target: target.into(),
                attached,
            })
        }),
        "UpdatePolicy" => document(call.request.get("content"), doubt)
            .map_or(Claim::Outside, |d| {
                aws(AwsEdit::OrganizationPolicy { id: policy.clone(), document: Some(d) })
            }),
        // A policy can only be deleted once it is attached nowhere: nothing changes any more.
        _ => Claim::Outside,
    };
    (claim, Some(policy.to_string()))
}

/// The first member of the request that names something, for people.
fn name_in_request(call: &Call) -> Option<String> {
    const NAMES: [&str; 22] = [
        "functionName",
        "name",
        "rule",
        "trailName",
        "queueUrl",
        "tableName",
        "roleArn",
        "openIDConnectProviderArn",
        "sAMLProviderArn",
        "instanceProfileName",
        "userName",
        "policyArn",
        "resourceShareArn",
        "permissionSetArn",
        "targetId",
        "snapshotId",
        "dBSnapshotIdentifier",
        "secretId",
        "repositoryName",
        "backupVaultName",
        "keyId",
        "customKeyStoreId",
    ];
    // An event source mapping is named by a UUID; the answer says whose it is.
    let answered = json::text(&call.response, "functionArn");
    let text = NAMES.iter().find_map(|name| json::text(&call.request, name)).or(answered)?;
    // Rules and functions go by ARN in keyfence's own list.
    let built = match (call.source.as_str(), &call.account) {
        ("events.amazonaws.com", Some(account)) if !text.starts_with("arn:") => {
            let bus = json::text(&call.request, "eventBusName")
                .filter(|b| *b != "default")
                .map_or_else(String::new, |b| format!("{b}/"));
            Some(format!("arn:aws:events:{}:{account}:rule/{bus}{text}", call.region))
        }
        ("lambda.amazonaws.com", Some(account)) => {
            // A name, a partial ARN (`<account>:function:<name>`) or an ARN, each perhaps with `:<alias or version>`.
            let parts: Vec<&str> = text.split(':').collect();
            let name = match parts.iter().position(|p| *p == "function") {
                Some(i) => parts.get(i + 1),
                None => parts.first(),
            };
            name.map(|name| format!("arn:aws:lambda:{}:{account}:function:{name}", call.region))
        }
        (_, _) => None,
    };
    Some(built.unwrap_or_else(|| text.to_owned()))
}

fn target(claim: &Claim) -> Option<String> {
    match claim {
        Claim::Touched(target) => Some(target.to_string()),
        Claim::Edits(_) | Claim::Outside => None,
    }
}
