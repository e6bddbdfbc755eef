//! The calls that make an edit in AWS.

use super::Draft;
use crate::change::{AwsEdit, Edit, IamRef};
use crate::estate::aws::Aws;
use crate::model::aws::{
    Acl, AclGrant, AclGrantee, Arn, Document, Encryption, IamKind, KeyState, PublicAccessBlock,
};
use serde_json::{Value, json};

pub(super) fn drafts(now: &Aws, edit: &AwsEdit) -> Option<Vec<Draft>> {
    let one = |call: &str, target: &str, change: Value| {
        Some(vec![draft(call, target, change, edit.clone())])
    };
    match edit {
        AwsEdit::Attachment { who, policy, attached } => {
            let verb = if *attached { "Attach" } else { "Detach" };
            one(
                &format!("iam:{verb}{}Policy", noun(who)),
                arn(now, who).as_str(),
                json!({"PolicyArn": policy.as_str()}),
            )
        }
        AwsEdit::Inline { who, name, document: None } => one(
            &format!("iam:Delete{}Policy", noun(who)),
            arn(now, who).as_str(),
            json!({"PolicyName": &**name}),
        ),
        AwsEdit::Inline { who, name, document: Some(document) } => one(
            &format!("iam:Put{}Policy", noun(who)),
            arn(now, who).as_str(),
            json!({"PolicyName": &**name, "PolicyDocument": document.source()}),
        ),
        AwsEdit::Boundary { who, policy: Some(policy) } => one(
            &format!("iam:Put{}PermissionsBoundary", noun(who)),
            arn(now, who).as_str(),
            json!({"PermissionsBoundary": policy.as_str()}),
        ),
        AwsEdit::Boundary { who, policy: None } => one(
            &format!("iam:Delete{}PermissionsBoundary", noun(who)),
            arn(now, who).as_str(),
            json!({}),
        ),
        AwsEdit::Trust { who, document: Some(document) } => one(
            "iam:UpdateAssumeRolePolicy",
            arn(now, who).as_str(),
            json!({"PolicyDocument": document.source()}),
        ),
        AwsEdit::Membership { user, group, member } => {
            let call = if *member { "iam:AddUserToGroup" } else { "iam:RemoveUserFromGroup" };
            one(
                call,
                arn(now, user).as_str(),
                json!({"GroupName": &**group, "UserName": &*user.name}),
            )
        }
        AwsEdit::DefaultVersion { policy, version, document: None } => {
            one("iam:SetDefaultPolicyVersion", policy.as_str(), json!({"VersionId": &**version}))
        }
        AwsEdit::Policy { policy, state: Some(was) } => default_version(now, policy, was),
        AwsEdit::BucketPolicy { bucket, document: Some(document) } => {
            let target = Arn::bucket(bucket);
            match document {
                Some(document) => {
                    one("s3:PutBucketPolicy", target.as_str(), json!({"Policy": document.source()}))
                }
                None => one("s3:DeleteBucketPolicy", target.as_str(), json!({})),
            }
        }
        AwsEdit::BucketBlock { bucket, block: Some(block) } => one(
            "s3:PutPublicAccessBlock",
            Arn::bucket(bucket).as_str(),
            json!({"PublicAccessBlockConfiguration": flags(*block)}),
        ),
        AwsEdit::AccountBlock { account, block: Some(block) } => one(
            "s3control:PutPublicAccessBlock",
            account.root().as_str(),
            json!({"PublicAccessBlockConfiguration": flags(*block)}),
        ),
        AwsEdit::EncryptionState { bucket, state: Some(state) } => {
            // Objects stored in between keep what they got: the effect is a change of the default, not of history.
            let effect =
                AwsEdit::DefaultEncryption { bucket: bucket.clone(), to: state.current.clone() };
            let change =
                json!({"ServerSideEncryptionConfiguration": {"Rules": [rule(&state.current)]}});
            Some(vec![draft(
                "s3:PutBucketEncryption",
                Arn::bucket(bucket).as_str(),
                change,
                effect,
            )])
        }
        AwsEdit::DefaultEncryption { bucket, to } => one(
            "s3:PutBucketEncryption",
            Arn::bucket(bucket).as_str(),
            json!({"ServerSideEncryptionConfiguration": {"Rules": [rule(to)]}}),
        ),
        AwsEdit::Acl { bucket, acl: Some(acl) } if acl.owner.is_some() => one(
            "s3:PutBucketAcl",
            Arn::bucket(bucket).as_str(),
            json!({"AccessControlPolicy": acl_json(acl)?}),
        ),
        AwsEdit::Ownership { bucket, ownership: Some(ownership) } => one(
            "s3:PutBucketOwnershipControls",
            Arn::bucket(bucket).as_str(),
            json!({"OwnershipControls": {"Rules": [{"ObjectOwnership": ownership.word()}]}}),
        ),
        AwsEdit::KeyPolicy { key, document: Some(document) } => one(
            "kms:PutKeyPolicy",
            key.as_str(),
            json!({"PolicyName": "default", "Policy": document.source()}),
        ),
        AwsEdit::KeyState { key, state: Some(to) } => key_state(now, key, *to),
        AwsEdit::Grant { key, id, grant: None } => {
            one("kms:RevokeGrant", key.as_str(), json!({"GrantId": &**id}))
        }
        AwsEdit::Rotation { key, on: Some(on) } => one(
            if *on { "kms:EnableKeyRotation" } else { "kms:DisableKeyRotation" },
            key.as_str(),
            json!({}),
        ),
        AwsEdit::Alias { alias, target: Some(target) } => one(
            "kms:UpdateAlias",
            alias.as_str(),
            json!({"AliasName": alias.resource(), "TargetKeyId": &**target}),
        ),
        AwsEdit::OrganizationAttachment { policy, target, attached } => {
            let call =
                if *attached { "organizations:AttachPolicy" } else { "organizations:DetachPolicy" };
            one(call, target, json!({"PolicyId": &**policy, "TargetId": &**target}))
        }
        AwsEdit::OrganizationPolicy { id, document: Some(document) } => one(
            "organizations:UpdatePolicy",
            id,
            json!({"PolicyId": &**id, "Content": document.source()}),
        ),
        // What was unknown before cannot be restored; what was created is not deleted whole; what was deleted whole cannot
        // be made again as it was.
        AwsEdit::Principal { .. }
        | AwsEdit::Trust { .. }
        | AwsEdit::Policy { .. }
        | AwsEdit::PolicyVersion { .. }
        | AwsEdit::DefaultVersion { .. }
        | AwsEdit::Bucket { .. }
        | AwsEdit::BucketPolicy { .. }
        | AwsEdit::BucketBlock { .. }
        | AwsEdit::AccountBlock { .. }
        | AwsEdit::EncryptionState { .. }
        | AwsEdit::Acl { .. }
        | AwsEdit::Ownership { .. }
        | AwsEdit::Key { .. }
        | AwsEdit::KeyPolicy { .. }
        | AwsEdit::KeyState { .. }
        | AwsEdit::Grant { .. }
        | AwsEdit::Rotation { .. }
        | AwsEdit::Alias { .. }
        | AwsEdit::OrganizationPolicy { .. } => None,
    }
}

fn draft(call: &str, target: &str, change: Value, effect: AwsEdit) -> Draft {
    Draft {
        call: call.to_owned(),
        target: target.to_owned(),
        change,
        effects: vec![Edit::Aws(effect)],
    }
}

const fn noun(who: &IamRef) -> &'static str {
    match who.kind {
        IamKind::User => "User",
        IamKind::Role => "Role",
        IamKind::Group => "Group",
    }
}

fn arn(now: &Aws, who: &IamRef) -> Arn {
    now.arn_of(who)
}

/// A new version was made the default: pointing back to the earlier one is enough, the new one stays without effect.
fn default_version(
    now: &Aws,
    policy: &Arn,
    was: &crate::model::aws::ManagedPolicy,
) -> Option<Vec<Draft>> {
    let is = now.accounts.get(&policy.account()?)?.policies.get(policy)?;
    let same_content = |version: &std::sync::Arc<str>, document: &Document| {
        is.versions.get(version) == Some(document)
    };
    let kept = was.versions.iter().all(|(version, document)| same_content(version, document));
    if !kept || is.default_version == was.default_version {
        return None;
    }
    let effect = AwsEdit::DefaultVersion {
        policy: policy.clone(),
        version: was.default_version.clone(),
        document: None,
    };
    Some(vec![draft(
        "iam:SetDefaultPolicyVersion",
        policy.as_str(),
        json!({"VersionId": &*was.default_version}),
        effect,
    )])
}

/// A key pending deletion is disabled when the deletion is cancelled; it is enabled only when it was enabled before.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys-scheduling-key-deletion.html>
fn key_state(now: &Aws, key: &Arn, to: KeyState) -> Option<Vec<Draft>> {
    let state = |state: KeyState| AwsEdit::KeyState { key: key.clone(), state: Some(state) };
    let cancel =
        || draft("kms:CancelKeyDeletion", key.as_str(), json!({}), state(KeyState::Disabled));
    let enable = || draft("kms:EnableKey", key.as_str(), json!({}), state(KeyState::Enabled));
    match (now.keys.get(key)?.state?, to) {
        (KeyState::PendingDeletion, KeyState::Enabled) => Some(vec![cancel(), enable()]),
        (KeyState::PendingDeletion, KeyState::Disabled) => Some(vec![cancel()]),
        (KeyState::Disabled, KeyState::Enabled) => Some(vec![enable()]),
        (KeyState::Enabled, KeyState::Disabled) => {
            Some(vec![draft("kms:DisableKey", key.as_str(), json!({}), state(KeyState::Disabled))])
        }
        (_, _) => None,
    }
}

fn flags(block: PublicAccessBlock) -> Value {
    serde_json::to_value(block).unwrap_or(Value::Null)
}

fn rule(encryption: &Encryption) -> Value {
    match encryption {
        Encryption::S3Managed => {
            json!({"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": false})
        }
        Encryption::AwsManagedKey => {
            json!({"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}})
        }
        Encryption::Kms { key, dual_layer, bucket_key } => {
            let algorithm = if *dual_layer { "aws:kms:dsse" } else { "aws:kms" };
            let mut rule = json!({"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm, "KMSMasterKeyID": &**key}});
            if let (Some(enabled), Some(object)) = (bucket_key, rule.as_object_mut()) {
                object.insert("BucketKeyEnabled".to_owned(), Value::Bool(*enabled));
            }
            rule
        }
    }
}

fn acl_json(acl: &Acl) -> Option<Value> {
    let grant = |g: &AclGrant| {
        let grantee = match &g.grantee {
            AclGrantee::AllUsers => {
                json!({"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"})
            }
            AclGrantee::AuthenticatedUsers => {
                json!({"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"})
            }
            AclGrantee::CanonicalUser(id) => json!({"Type": "CanonicalUser", "ID": &**id}),
            AclGrantee::Other(uri) if uri.starts_with("http") => {
                json!({"Type": "Group", "URI": &**uri})
            }
            AclGrantee::Other(_) => return None,
        };
        Some(json!({"Grantee": grantee, "Permission": &*g.permission}))
    };
    let grants = acl.grants.iter().map(grant).collect::<Option<Vec<_>>>()?;
    Some(json!({"Owner": {"ID": acl.owner.as_deref()?}, "Grants": grants}))
}
