//! The catalogue's rows by service and name of the call.

use crate::change::{Kind, names};
use crate::event::aws::Call;
use crate::model::aws::Arn;
use crate::model::json;
use serde_json::Value;

pub(super) fn listed(service: &str, name: &str, call: &Call) -> Option<Kind> {
    match service {
        "s3" | "s3-object-lambda" | "s3express" => s3(name, call),
        "kms" => kms(name),
        "iam" => iam(name, call),
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

fn iam(name: &str, call: &Call) -> Option<Kind> {
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
        "UpdateAccessKey" if json::text(&call.request, "status") == Some("Inactive") => {
            Kind::IamPrincipalChanged
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
