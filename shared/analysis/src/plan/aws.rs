//! The calls that make an edit in AWS.

use super::Draft;
use crate::change::{AwsEdit, BucketEdit, Edit, IamRef, KeyEdit, PolicyEdit, PrincipalEdit};
use crate::estate::aws::Aws;
use crate::model::aws::{
    Acl, AclGrant, AclGrantee, Arn, BucketEncryption, Document, Encryption, IamKind, KeyState,
    ManagedPolicy, PublicAccessBlock,
};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn drafts(now: &Aws, edit: &AwsEdit) -> Option<Vec<Draft>> {
    let one = |call: &str, target: &str, change: Value| {
        Some(vec![draft(call, target, change, edit.clone())])
    };
    match edit {
        AwsEdit::Principal(who, change) => {
            let (call, body) = principal(who, change)?;
            one(&call, now.arn_of(who).as_str(), body)
        }
        AwsEdit::Policy(policy, change) => self::policy(now, policy, change),
        AwsEdit::Bucket(name, change) => bucket(name, change),
        AwsEdit::Key(key, change) => self::key(now, key, change),
        AwsEdit::AccountBlock { account, block: Some(block) } => one(
            "s3control:PutPublicAccessBlock",
            account.root().as_str(),
            json!({"PublicAccessBlockConfiguration": flags(*block)}),
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
        // What was unknown before cannot be restored.
        AwsEdit::AccountBlock { .. }
        | AwsEdit::Alias { .. }
        | AwsEdit::OrganizationPolicy { .. } => None,
    }
}

/// The call and its body. What was unknown before cannot be restored; who was created is not deleted whole, and who was
/// deleted cannot be made again as he was.
fn principal(who: &IamRef, edit: &PrincipalEdit) -> Option<(String, Value)> {
    let noun = match who.kind {
        IamKind::User => "User",
        IamKind::Role => "Role",
        IamKind::Group => "Group",
    };
    Some(match edit {
        PrincipalEdit::Attachment { policy, attached } => {
            let verb = if *attached { "Attach" } else { "Detach" };
            (format!("iam:{verb}{noun}Policy"), json!({"PolicyArn": policy.as_str()}))
        }
        PrincipalEdit::Inline { name, document: None } => {
            (format!("iam:Delete{noun}Policy"), json!({"PolicyName": &**name}))
        }
        PrincipalEdit::Inline { name, document: Some(document) } => (
            format!("iam:Put{noun}Policy"),
            json!({"PolicyName": &**name, "PolicyDocument": document.source()}),
        ),
        PrincipalEdit::Boundary(Some(policy)) => (
            format!("iam:Put{noun}PermissionsBoundary"),
            json!({"PermissionsBoundary": policy.as_str()}),
        ),
        PrincipalEdit::Boundary(None) => {
            (format!("iam:Delete{noun}PermissionsBoundary"), json!({}))
        }
        PrincipalEdit::Trust(Some(document)) => {
            ("iam:UpdateAssumeRolePolicy".to_owned(), json!({"PolicyDocument": document.source()}))
        }
        PrincipalEdit::Membership { group, member } => {
            let call = if *member { "iam:AddUserToGroup" } else { "iam:RemoveUserFromGroup" };
            (call.to_owned(), json!({"GroupName": &**group, "UserName": &*who.name}))
        }
        PrincipalEdit::Whole(_) | PrincipalEdit::Trust(None) => return None,
    })
}

fn bucket(name: &Arc<str>, edit: &BucketEdit) -> Option<Vec<Draft>> {
    let (call, body) = match edit {
        BucketEdit::Policy(Some(Some(document))) => {
            ("s3:PutBucketPolicy", json!({"Policy": document.source()}))
        }
        BucketEdit::Policy(Some(None)) => ("s3:DeleteBucketPolicy", json!({})),
        BucketEdit::Block(Some(block)) => {
            ("s3:PutPublicAccessBlock", json!({"PublicAccessBlockConfiguration": flags(*block)}))
        }
        BucketEdit::EncryptionState(Some(BucketEncryption { current, .. }))
        | BucketEdit::DefaultEncryption(current) => (
            "s3:PutBucketEncryption",
            json!({"ServerSideEncryptionConfiguration": {"Rules": [rule(current)]}}),
        ),
        BucketEdit::Acl(Some(acl)) if acl.owner.is_some() => {
            ("s3:PutBucketAcl", json!({"AccessControlPolicy": acl_json(acl)?}))
        }
        BucketEdit::Ownership(Some(ownership)) => (
            "s3:PutBucketOwnershipControls",
            json!({"OwnershipControls": {"Rules": [{"ObjectOwnership": ownership.word()}]}}),
        ),
        BucketEdit::Whole(_)
        | BucketEdit::Policy(None)
        | BucketEdit::Block(None)
        | BucketEdit::EncryptionState(None)
        | BucketEdit::Acl(_)
        | BucketEdit::Ownership(None) => return None,
    };
    let effect = match edit {
        // Objects stored in between keep what they got: the effect is a change of the default, not of history.
        BucketEdit::EncryptionState(Some(state)) => {
            BucketEdit::DefaultEncryption(state.current.clone())
        }
        BucketEdit::Whole(_)
        | BucketEdit::Policy(_)
        | BucketEdit::Block(_)
        | BucketEdit::DefaultEncryption(_)
        | BucketEdit::EncryptionState(None)
        | BucketEdit::Acl(_)
        | BucketEdit::Ownership(_) => edit.clone(),
    };
    let effect = AwsEdit::Bucket(name.clone(), effect);
    Some(vec![draft(call, Arn::bucket(name).as_str(), body, effect)])
}

fn key(now: &Aws, key: &Arn, edit: &KeyEdit) -> Option<Vec<Draft>> {
    let (call, body) = match edit {
        KeyEdit::Policy(Some(document)) => {
            ("kms:PutKeyPolicy", json!({"PolicyName": "default", "Policy": document.source()}))
        }
        KeyEdit::State(Some(to)) => return key_state(now, key, *to),
        KeyEdit::Grant { id, grant: None } => ("kms:RevokeGrant", json!({"GrantId": &**id})),
        KeyEdit::Rotation(Some(true)) => ("kms:EnableKeyRotation", json!({})),
        KeyEdit::Rotation(Some(false)) => ("kms:DisableKeyRotation", json!({})),
        // A grant that was revoked would get another id and token.
        KeyEdit::Whole(_)
        | KeyEdit::Policy(None)
        | KeyEdit::State(None)
        | KeyEdit::Grant { .. }
        | KeyEdit::Rotation(None) => return None,
    };
    Some(vec![draft(call, key.as_str(), body, AwsEdit::Key(key.clone(), edit.clone()))])
}

fn policy(now: &Aws, policy: &Arn, edit: &PolicyEdit) -> Option<Vec<Draft>> {
    match edit {
        PolicyEdit::DefaultVersion { version, document: None } => Some(vec![draft(
            "iam:SetDefaultPolicyVersion",
            policy.as_str(),
            json!({"VersionId": &**version}),
            AwsEdit::Policy(policy.clone(), edit.clone()),
        )]),
        PolicyEdit::Whole(Some(was)) => default_version(now, policy, was),
        PolicyEdit::Whole(None)
        | PolicyEdit::Version { .. }
        | PolicyEdit::DefaultVersion { .. } => None,
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

/// A new version was made the default: pointing back to the earlier one is enough, the new one stays without effect.
fn default_version(now: &Aws, policy: &Arn, was: &ManagedPolicy) -> Option<Vec<Draft>> {
    let is = now.accounts.get(&policy.account()?)?.policies.get(policy)?;
    let same_content =
        |version: &Arc<str>, document: &Document| is.versions.get(version) == Some(document);
    let kept = was.versions.iter().all(|(version, document)| same_content(version, document));
    if !kept || is.default_version == was.default_version {
        return None;
    }
    let effect =
        PolicyEdit::DefaultVersion { version: was.default_version.clone(), document: None };
    Some(vec![draft(
        "iam:SetDefaultPolicyVersion",
        policy.as_str(),
        json!({"VersionId": &*was.default_version}),
        AwsEdit::Policy(policy.clone(), effect),
    )])
}

/// A key pending deletion is disabled when the deletion is cancelled; it is enabled only when it was enabled before.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys-scheduling-key-deletion.html>
fn key_state(now: &Aws, key: &Arn, to: KeyState) -> Option<Vec<Draft>> {
    let state = |state: KeyState| AwsEdit::Key(key.clone(), KeyEdit::State(Some(state)));
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
