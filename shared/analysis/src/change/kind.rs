//! The catalogue: every kind of change, with the rows that it covers, the answer of an enforcing configuration, and its
//! nature.

use serde::{Serialize, Serializer};
use std::fmt;

/// What an enforcing configuration does when the access difference confirms the risk and the proof holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// Roll the change back.
    Revert,
    /// Ask a person.
    Ask,
    /// Tell a person.
    Notify,
}

/// What a kind of change is about: which rules look at it beside the difference of access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nature {
    /// May give or take access.
    Grant,
    /// May take a protection away.
    Guard,
    /// The life of a key.
    KeyLife,
    /// Other doors for data: shares, snapshots, exports.
    OtherDoor,
    /// Credentials and federation.
    Credential,
    /// The logs that keyfence and others see by.
    Feed,
    /// Matters only when it is keyfence's own.
    OwnOnly,
    /// Good order: rotation, logging, versioning.
    Hygiene,
    /// A mutating call of a watched service that no row names: kept, never dropped.
    Unlisted,
}

macro_rules! kinds {
    ($($variant:ident $word:literal [$($row:literal),*] $answer:ident $nature:ident;)*) => {
        /// A kind of change. Its word is stable: operators' configuration and expectations use it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $(#[doc = concat!("`", $word, "`")] $variant,)*
        }

        impl Kind {
            /// All kinds, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word of the JSON contract.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The rows of the catalogue that this kind covers; empty for siblings that no row names.
            #[must_use]
            pub const fn rows(self) -> &'static [u16] {
                match self { $(Self::$variant => &[$($row),*],)* }
            }

            /// The answer of an enforcing configuration.
            #[must_use]
            pub const fn answer(self) -> Answer {
                match self { $(Self::$variant => Answer::$answer,)* }
            }

            /// What the change is about.
            #[must_use]
            pub const fn nature(self) -> Nature {
                match self { $(Self::$variant => Nature::$nature,)* }
            }
        }
    };
}

kinds! {
    // 1 AWS: storage
    BucketPolicyWritten "bucket-policy-written" [1, 2, 3] Revert Grant;
    BucketPolicyDeleted "bucket-policy-deleted" [4] Ask Guard;
    AclWritten "acl-written" [5] Revert Grant;
    BucketPublicAccessBlockChanged "bucket-public-access-block-changed" [6] Revert Guard;
    AccountPublicAccessBlockChanged "account-public-access-block-changed" [7] Revert Guard;
    BucketOwnershipChanged "bucket-ownership-changed" [8] Ask Guard;
    BucketEncryptionChanged "bucket-encryption-changed" [9, 10, 11] Ask Grant;
    BucketReplicationChanged "bucket-replication-changed" [12] Ask OtherDoor;
    BucketLifecycleChanged "bucket-lifecycle-changed" [13] Ask Hygiene;
    BucketVersioningChanged "bucket-versioning-changed" [14] Revert Hygiene;
    BucketLoggingChanged "bucket-logging-changed" [15] Revert Hygiene;
    BucketNotificationChanged "bucket-notification-changed" [16] Ask OtherDoor;
    BucketWebsiteChanged "bucket-website-changed" [17] Ask OtherDoor;
    BucketCorsChanged "bucket-cors-changed" [18] Notify Hygiene;
    ObjectLockChanged "object-lock-changed" [19] Notify Hygiene;
    AccessPointChanged "access-point-changed" [20] Revert Grant;
    OtherAccessPointChanged "multi-region-or-lambda-access-point-changed" [21] Ask Grant;
    AccessGrantChanged "access-grant-changed" [22] Ask Grant;
    ObjectReencrypted "object-encrypted-with-foreign-key" [23] Notify KeyLife;
    BucketDeleted "bucket-deleted" [24] Notify Hygiene;
    ObjectsTakenOut "objects-restored-or-read" [25] Notify OtherDoor;
    BucketCreated "bucket-created" [] Notify Grant;
    // 2 AWS: KMS
    KeyPolicyWritten "key-policy-written" [26, 27, 28, 29] Revert Grant;
    GrantCreated "grant-created" [30, 31] Revert Grant;
    GrantRemoved "grant-removed" [32] Notify Grant;
    KeyDeletionScheduled "key-deletion-scheduled" [33] Revert KeyLife;
    KeyDisabled "key-disabled" [34] Ask KeyLife;
    KeyReopened "key-enabled-or-deletion-cancelled" [35] Notify Grant;
    KeyRotationDisabled "key-rotation-disabled" [36] Revert Hygiene;
    KeyRotationEnabled "key-rotation-enabled" [] Notify Unlisted;
    KeyMaterialChanged "key-material-changed" [37] Notify KeyLife;
    AliasChanged "alias-changed" [38] Ask Grant;
    KeyReplicated "key-replicated" [39] Ask Grant;
    KeyCreated "key-created" [40] Ask Grant;
    TagsChanged "tags-changed" [41, 58] Ask Grant;
    CustomKeyStoreChanged "custom-key-store-changed" [42] Notify KeyLife;
    // 3 AWS: IAM, organisation, identity centre
    InlinePolicyWritten "inline-policy-written" [43] Revert Grant;
    PolicyAttached "policy-attached" [44] Revert Grant;
    PolicyVersionSet "policy-version-set" [45] Revert Grant;
    PolicyRemoved "policy-removed" [46] Ask Guard;
    BoundaryChanged "permissions-boundary-changed" [47] Revert Guard;
    GroupMembershipChanged "group-membership-changed" [48] Ask Grant;
    TrustPolicyWritten "trust-policy-written" [49] Revert Grant;
    OidcProviderChanged "oidc-provider-changed" [50] Ask Credential;
    SamlProviderChanged "saml-provider-changed" [51] Ask Credential;
    RolesAnywhereChanged "roles-anywhere-changed" [52] Ask Credential;
    AccessKeyChanged "user-or-access-key-created" [53] Ask Credential;
    LoginProfileChanged "login-profile-changed" [54] Notify Credential;
    MfaDeactivated "mfa-deactivated" [55] Notify Credential;
    ServiceCredentialCreated "service-credential-created" [56] Ask Credential;
    InstanceProfileChanged "instance-profile-changed" [57] Notify Credential;
    PermissionSetChanged "permission-set-changed" [59] Ask Grant;
    OrganizationPolicyChanged "organization-policy-changed" [60] Ask Guard;
    RootUsed "root-or-federation-session" [61] Notify Credential;
    ResourceShared "resource-shared" [62] Notify OtherDoor;
    SnapshotShared "snapshot-or-secret-shared" [63] Notify OtherDoor;
    OrganizationOther "organization-other-change" [] Notify Unlisted;
    IamPrincipalChanged "iam-principal-changed" [] Notify Unlisted;
    IamOther "iam-other-change" [] Notify Unlisted;
    KmsOther "kms-other-change" [] Notify Unlisted;
    S3Other "s3-other-change" [] Notify Unlisted;
    // 4 Azure
    RoleAssignmentWritten "role-assignment-written" [64, 65] Revert Grant;
    RoleAssignmentDeleted "role-assignment-deleted" [66] Ask Grant;
    RoleDefinitionChanged "role-definition-changed" [67] Ask Grant;
    AccessElevated "access-elevated" [68] Ask Grant;
    PrivilegedRoleRequested "privileged-role-requested" [69] Notify Grant;
    LockChanged "lock-changed" [70] Revert Guard;
    DenyAssignmentChanged "deny-assignment-changed" [70] Notify Guard;
    PolicyGuardChanged "policy-assignment-or-exemption-changed" [70] Revert Guard;
    StorageAccountWritten "storage-account-written" [71, 72, 73, 74, 75, 76, 77] Revert Guard;
    ObjectReplicationWritten "object-replication-written" [76] Ask OtherDoor;
    LocalUserChanged "local-user-changed" [77] Revert Credential;
    AccountKeysListed "account-keys-or-sas-listed" [78] Ask Credential;
    DelegationKeyGenerated "user-delegation-key-generated" [79] Ask Credential;
    AccountKeyRegenerated "account-key-regenerated" [80] Notify Credential;
    ContainerWritten "container-written" [81] Revert Grant;
    ImmutabilityChanged "immutability-or-blob-service-changed" [82] Revert Hygiene;
    EncryptionScopeWritten "encryption-scope-written" [83] Ask Grant;
    PathAclChanged "path-acl-changed" [84] Notify Grant;
    StorageAccountDeleted "storage-account-deleted" [85] Notify Hygiene;
    FileShareChanged "file-share-changed" [] Notify Unlisted;
    AzureOther "azure-other-change" [] Notify Unlisted;
    VaultWritten "vault-written" [86] Ask Grant;
    VaultAccessPolicyWritten "vault-access-policy-written" [87] Revert Grant;
    VaultDeleted "vault-deleted" [88] Revert KeyLife;
    VaultPurged "vault-purged" [88] Notify KeyLife;
    VaultKeyChanged "vault-key-changed" [89] Ask KeyLife;
    ManagedHsmChanged "managed-hsm-changed" [90] Notify KeyLife;
    FederatedCredentialChanged "federated-credential-changed" [91] Ask Credential;
    DiskShared "disk-or-snapshot-shared" [92] Notify OtherDoor;
    DirectoryChanged "directory-changed" [93] Ask Grant;
    // 5 Google Cloud
    BucketIamPolicyWritten "bucket-iam-policy-written" [94, 95, 103] Revert Grant;
    BucketUpdated "bucket-updated" [96, 97] Revert Guard;
    ObjectAclChanged "object-acl-changed" [98] Ask Grant;
    ManagedFolderPolicyWritten "managed-folder-policy-written" [99] Ask Grant;
    HmacKeyCreated "hmac-key-created" [100] Ask Credential;
    GcsBucketCreated "gcs-bucket-created" [94] Notify Grant;
    GcsBucketDeleted "gcs-bucket-deleted" [101] Notify Hygiene;
    ProjectIamPolicyWritten "hierarchy-iam-policy-written" [102, 103, 104] Revert Grant;
    OwnershipInvited "project-ownership-invited" [102] Ask Grant;
    KeyIamPolicyWritten "key-iam-policy-written" [105] Revert Grant;
    KeyVersionChanged "key-version-changed" [106] Revert KeyLife;
    CryptoKeyChanged "crypto-key-changed" [107] Ask KeyLife;
    ServiceAccountKeyCreated "service-account-key-created" [108] Ask Credential;
    ServiceAccountPolicyWritten "service-account-policy-written" [109] Revert Grant;
    CustomRoleChanged "custom-role-changed" [110] Ask Grant;
    ServiceAccountChanged "service-account-changed" [111] Notify Credential;
    ServiceAccountUsed "service-account-token-minted" [112] Notify Credential;
    WorkloadIdentityChanged "workload-identity-changed" [113] Ask Credential;
    DenyPolicyChanged "deny-policy-changed" [114] Ask Guard;
    OrgConstraintChanged "org-constraint-changed" [115] Ask Guard;
    PerimeterChanged "perimeter-changed" [116] Ask Guard;
    TagBindingChanged "tag-binding-changed" [117] Ask Grant;
    ProjectMoved "project-moved" [118] Notify Guard;
    GroupMemberAdded "group-member-changed" [119] Notify Grant;
    ComputePolicyWritten "disk-or-image-policy-written" [120] Notify OtherDoor;
    GcpOther "gcp-other-change" [] Notify Unlisted;
    // 6 Self-protection
    EventRuleChanged "event-rule-changed" [121] Ask Feed;
    FunctionChanged "function-changed" [122] Notify OwnOnly;
    QueueOrTableChanged "queue-or-table-changed" [123] Notify OwnOnly;
    RoleAssumed "role-assumed" [124] Notify OwnOnly;
    TrailChanged "trail-changed" [125] Ask Feed;
    DetectorChanged "detector-changed" [125] Notify Feed;
    DiagnosticSettingChanged "diagnostic-setting-changed" [126] Ask Feed;
    EventSubscriptionChanged "event-subscription-changed" [126] Ask OwnOnly;
    WebSiteChanged "web-site-changed" [126] Notify OwnOnly;
    LogSinkChanged "log-sink-changed" [127] Ask Feed;
    ServiceOrQueueChanged "service-or-queue-changed" [127] Notify OwnOnly;
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_row_of_the_catalogue_has_a_kind() {
        let covered: BTreeSet<u16> = Kind::ALL.iter().flat_map(|k| k.rows()).copied().collect();
        // 128 is a property of any CloudTrail record (`Call::omitted`), 129 the absence of an event.
        let missing: Vec<u16> = (1..=127).filter(|row| !covered.contains(row)).collect();
        assert_eq!(missing, [] as [u16; 0]);
    }

    #[test]
    fn words_are_unique() {
        let words: BTreeSet<&str> = Kind::ALL.iter().map(|k| k.word()).collect();
        assert_eq!(words.len(), Kind::ALL.len());
    }
}
