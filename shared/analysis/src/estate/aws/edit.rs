//! Edits of the AWS part: apply one and get its inverse; compare a touched part with the live state.

use super::organization::OrganizationPolicy;
use super::{Account, Aws};
use crate::change::{AwsEdit, IamRef, Target};
use crate::model::aws::{AccountId, Arn, Bucket, IamPrincipal, Key, ManagedPolicy};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What has to be read to see whether an edit came about.
#[must_use]
pub fn target_of(edit: &AwsEdit) -> Option<Target> {
    match edit {
        AwsEdit::Principal { who, .. }
        | AwsEdit::Attachment { who, .. }
        | AwsEdit::Inline { who, .. }
        | AwsEdit::Boundary { who, .. }
        | AwsEdit::Trust { who, .. }
        | AwsEdit::Membership { user: who, .. } => Some(Target::Iam(who.clone())),
        AwsEdit::Policy { policy, .. }
        | AwsEdit::PolicyVersion { policy, .. }
        | AwsEdit::DefaultVersion { policy, .. } => Some(Target::ManagedPolicy(policy.clone())),
        AwsEdit::Bucket { name: bucket, .. }
        | AwsEdit::BucketPolicy { bucket, .. }
        | AwsEdit::BucketBlock { bucket, .. }
        | AwsEdit::DefaultEncryption { bucket, .. }
        | AwsEdit::EncryptionState { bucket, .. }
        | AwsEdit::Acl { bucket, .. }
        | AwsEdit::Ownership { bucket, .. } => Some(Target::Bucket(bucket.clone())),
        AwsEdit::Key { key, .. }
        | AwsEdit::KeyPolicy { key, .. }
        | AwsEdit::KeyState { key, .. }
        | AwsEdit::Grant { key, .. }
        | AwsEdit::Rotation { key, .. } => Some(Target::Key(key.clone())),
        AwsEdit::AccountBlock { .. }
        | AwsEdit::Alias { .. }
        | AwsEdit::OrganizationPolicy { .. }
        | AwsEdit::OrganizationAttachment { .. } => None,
    }
}

impl Aws {
    /// Applies an edit; returns its inverse.
    pub fn apply(&mut self, edit: &AwsEdit) -> AwsEdit {
        match edit {
            AwsEdit::Principal { who, state } => self.set_principal(who, state.as_deref().cloned()),
            AwsEdit::Attachment { who, policy, attached } => self.on_principal(who, |p| {
                let was = if *attached {
                    !p.attached.insert(policy.clone())
                } else {
                    p.attached.remove(policy)
                };
                AwsEdit::Attachment { who: who.clone(), policy: policy.clone(), attached: was }
            }),
            AwsEdit::Inline { who, name, document } => self.on_principal(who, |p| {
                let was = put(&mut p.inline, name.clone(), document.clone());
                AwsEdit::Inline { who: who.clone(), name: name.clone(), document: was }
            }),
            AwsEdit::Boundary { who, policy } => self.on_principal(who, |p| {
                let was = std::mem::replace(&mut p.boundary, policy.clone());
                AwsEdit::Boundary { who: who.clone(), policy: was }
            }),
            AwsEdit::Trust { who, document } => self.on_principal(who, |p| {
                let was = std::mem::replace(&mut p.trust, document.clone());
                AwsEdit::Trust { who: who.clone(), document: was }
            }),
            AwsEdit::Membership { user, group, member } => self.on_principal(user, |p| {
                let was =
                    if *member { !p.groups.insert(group.clone()) } else { p.groups.remove(group) };
                AwsEdit::Membership { user: user.clone(), group: group.clone(), member: was }
            }),
            AwsEdit::Policy { policy, state } => self.set_policy(policy, state.as_deref().cloned()),
            AwsEdit::PolicyVersion { policy, version, document } => {
                let account = policy.account().and_then(|a| self.accounts.get_mut(&a));
                // A version of a policy that no file holds cannot be placed.
                let Some(state) = account.and_then(|a| a.policies.get_mut(policy)) else {
                    return edit.clone();
                };
                let was = put(&mut state.versions, version.clone(), document.clone());
                AwsEdit::PolicyVersion {
                    policy: policy.clone(),
                    version: version.clone(),
                    document: was,
                }
            }
            AwsEdit::DefaultVersion { policy, version, document } => {
                self.set_default_version(policy, version, document.as_ref())
            }
            AwsEdit::Bucket { .. }
            | AwsEdit::BucketPolicy { .. }
            | AwsEdit::BucketBlock { .. }
            | AwsEdit::DefaultEncryption { .. }
            | AwsEdit::EncryptionState { .. }
            | AwsEdit::Acl { .. }
            | AwsEdit::Ownership { .. } => self.apply_to_bucket(edit),
            AwsEdit::AccountBlock { account, block } => {
                let was = std::mem::replace(
                    &mut self.accounts.entry(account.clone()).or_default().block,
                    *block,
                );
                self.drop_if_unknown(account);
                AwsEdit::AccountBlock { account: account.clone(), block: was }
            }
            AwsEdit::Key { .. }
            | AwsEdit::KeyPolicy { .. }
            | AwsEdit::KeyState { .. }
            | AwsEdit::Grant { .. }
            | AwsEdit::Rotation { .. } => self.apply_to_key(edit),
            AwsEdit::Alias { alias, target } => {
                let was = put(&mut self.aliases, alias.clone(), target.clone());
                AwsEdit::Alias { alias: alias.clone(), target: was }
            }
            AwsEdit::OrganizationPolicy { id, document } => {
                let Some(policy) = self.organization_policy(id) else { return edit.clone() };
                let was = std::mem::replace(&mut policy.document, document.clone());
                AwsEdit::OrganizationPolicy { id: id.clone(), document: was }
            }
            AwsEdit::OrganizationAttachment { policy, target, attached } => {
                let Some(state) = self.organization_policy(policy) else { return edit.clone() };
                let was = if *attached {
                    !state.targets.insert(target.clone())
                } else {
                    state.targets.remove(target)
                };
                AwsEdit::OrganizationAttachment {
                    policy: policy.clone(),
                    target: target.clone(),
                    attached: was,
                }
            }
        }
    }

    /// A policy of the organisation; `None` when the estate does not hold it. What an event says of a policy that no file
    /// holds cannot be placed: the organisation stays as unknown as it is.
    fn organization_policy(&mut self, id: &Arc<str>) -> Option<&mut OrganizationPolicy> {
        self.organization.as_mut()?.policies.get_mut(id)
    }

    /// An account of which nothing is known is no account of the estate.
    fn drop_if_unknown(&mut self, id: &AccountId) {
        if self.accounts.get(id).is_some_and(|a| *a == Account::default()) {
            self.accounts.remove(id);
        }
    }

    fn set_principal(&mut self, who: &IamRef, state: Option<IamPrincipal>) -> AwsEdit {
        let account = self.accounts.entry(who.account.clone()).or_default();
        let was = put(&mut account.principals, (who.kind, who.name.clone()), state);
        self.drop_if_unknown(&who.account);
        AwsEdit::Principal { who: who.clone(), state: was.map(Box::new) }
    }

    /// Edits a principal; one that the estate does not hold is added, and the inverse takes it away again.
    fn on_principal(
        &mut self,
        who: &IamRef,
        edit: impl FnOnce(&mut IamPrincipal) -> AwsEdit,
    ) -> AwsEdit {
        let account = self.accounts.entry(who.account.clone()).or_default();
        match account.principals.get_mut(&(who.kind, who.name.clone())) {
            Some(principal) => edit(principal),
            None => {
                let mut principal = IamPrincipal::new(who.arn_without_path(), who.kind);
                principal.complete = false;
                edit(&mut principal);
                account.principals.insert((who.kind, who.name.clone()), principal);
                AwsEdit::Principal { who: who.clone(), state: None }
            }
        }
    }

    fn set_policy(&mut self, policy: &Arn, state: Option<ManagedPolicy>) -> AwsEdit {
        let restored = |was: Option<ManagedPolicy>| AwsEdit::Policy {
            policy: policy.clone(),
            state: was.map(Box::new),
        };
        let Some(account) = policy.account() else { return restored(None) };
        let state_of = self.accounts.entry(account.clone()).or_default();
        let was = put(&mut state_of.policies, policy.clone(), state);
        self.drop_if_unknown(&account);
        restored(was)
    }

    fn set_default_version(
        &mut self,
        policy: &Arn,
        version: &Arc<str>,
        document: Option<&crate::model::aws::Document>,
    ) -> AwsEdit {
        let was =
            policy.account().and_then(|a| self.accounts.get(&a)?.policies.get(policy).cloned());
        let mut next = was.clone().unwrap_or_else(|| ManagedPolicy {
            arn: policy.clone(),
            default_version: version.clone(),
            versions: BTreeMap::new(),
        });
        next.default_version = version.clone();
        if let Some(document) = document {
            next.versions.insert(version.clone(), document.clone());
        }
        self.set_policy(policy, Some(next));
        match (&was, document) {
            // Only the pointer moved: the inverse moves it back and can be written as one call.
            (Some(was), None) => AwsEdit::DefaultVersion {
                policy: policy.clone(),
                version: was.default_version.clone(),
                document: None,
            },
            (_, _) => AwsEdit::Policy { policy: policy.clone(), state: was.map(Box::new) },
        }
    }

    fn apply_to_bucket(&mut self, edit: &AwsEdit) -> AwsEdit {
        if let AwsEdit::Bucket { name, state } = edit {
            let was = put(&mut self.buckets, name.clone(), state.as_deref().cloned());
            return AwsEdit::Bucket { name: name.clone(), state: was.map(Box::new) };
        }
        let Some(Target::Bucket(name)) = target_of(edit) else { return edit.clone() };
        match self.buckets.get_mut(&name) {
            Some((_, bucket)) => set_bucket_slot(bucket, edit),
            None => {
                let mut bucket = Bucket::unknown(&name);
                set_bucket_slot(&mut bucket, edit);
                // INVARIANT: the account of a bucket that no file holds is unknown; twelve zeros is nobody's account.
                if let Some(nobody) = AccountId::parse("000000000000") {
                    self.buckets.insert(name.clone(), (nobody, bucket));
                }
                AwsEdit::Bucket { name, state: None }
            }
        }
    }

    fn apply_to_key(&mut self, edit: &AwsEdit) -> AwsEdit {
        if let AwsEdit::Key { key, state } = edit {
            let was = put(&mut self.keys, key.clone(), state.as_deref().cloned());
            return AwsEdit::Key { key: key.clone(), state: was.map(Box::new) };
        }
        let Some(Target::Key(arn)) = target_of(edit) else { return edit.clone() };
        match self.keys.get_mut(&arn) {
            Some(key) => set_key_slot(key, edit),
            None => {
                let mut key = Key::unknown(arn.clone());
                set_key_slot(&mut key, edit);
                self.keys.insert(arn.clone(), key);
                AwsEdit::Key { key: arn, state: None }
            }
        }
    }

    /// The edits that lead to the live state of a touched part; `None` when the live estate does not know it.
    #[must_use]
    pub fn towards(&self, live: &Self, target: &Target) -> Option<Vec<AwsEdit>> {
        match target {
            Target::Bucket(name) => self.bucket_towards(live, name),
            Target::Key(arn) => self.key_towards(live, arn),
            Target::Iam(who) => {
                live.accounts.get(&who.account).filter(|a| a.iam_known)?;
                let (was, is) = (self.find(who), live.find(who));
                let edit =
                    || AwsEdit::Principal { who: who.clone(), state: is.cloned().map(Box::new) };
                Some(if was == is { Vec::new() } else { vec![edit()] })
            }
            Target::ManagedPolicy(arn) => {
                let account = live.accounts.get(&arn.account()?).filter(|a| a.iam_known)?;
                let (was, is) = (
                    self.accounts.get(&arn.account()?).and_then(|a| a.policies.get(arn)),
                    account.policies.get(arn),
                );
                let edit =
                    || AwsEdit::Policy { policy: arn.clone(), state: is.cloned().map(Box::new) };
                Some(if was == is { Vec::new() } else { vec![edit()] })
            }
            Target::Arm(_)
            | Target::Asset(_)
            | Target::Role(_)
            | Target::OrgPolicies(_)
            | Target::DenyPolicy(_) => None,
        }
    }

    fn bucket_towards(&self, live: &Self, name: &Arc<str>) -> Option<Vec<AwsEdit>> {
        let account =
            self.buckets.get(name).or_else(|| live.buckets.get(name)).map(|(a, _)| a.clone())?;
        live.accounts.get(&account).filter(|a| a.buckets_known)?;
        let (Some((_, was)), Some((_, is))) = (self.buckets.get(name), live.buckets.get(name))
        else {
            let state = live.buckets.get(name).cloned().map(Box::new);
            return Some(vec![AwsEdit::Bucket { name: name.clone(), state }]);
        };
        let bucket = || name.clone();
        let mut edits = Vec::new();
        if was.policy != is.policy {
            edits.push(AwsEdit::BucketPolicy { bucket: bucket(), document: is.policy.clone() });
        }
        if was.block != is.block {
            edits.push(AwsEdit::BucketBlock { bucket: bucket(), block: is.block });
        }
        match (&was.encryption, &is.encryption) {
            (was, Some(is)) if was.as_ref().is_none_or(|w| w.current != is.current) => {
                edits.push(AwsEdit::DefaultEncryption { bucket: bucket(), to: is.current.clone() });
            }
            (_, _) => {}
        }
        if was.acl != is.acl {
            edits.push(AwsEdit::Acl { bucket: bucket(), acl: is.acl.clone() });
        }
        if was.ownership != is.ownership {
            edits.push(AwsEdit::Ownership { bucket: bucket(), ownership: is.ownership });
        }
        if was.tags != is.tags || was.access_points != is.access_points {
            // Whole, with what the edits before it have set; the history of the encryption is ours.
            let mut next = is.clone();
            next.encryption = match (&was.encryption, &is.encryption) {
                (Some(was), Some(is)) => Some(was.changed_to(is.current.clone())),
                (was, None) => was.clone(),
                (None, is) => is.clone(),
            };
            edits.push(AwsEdit::Bucket { name: bucket(), state: Some(Box::new((account, next))) });
        }
        Some(edits)
    }

    fn key_towards(&self, live: &Self, arn: &Arn) -> Option<Vec<AwsEdit>> {
        live.accounts.get(&arn.account()?).filter(|a| a.keys_known)?;
        let (Some(was), Some(is)) = (self.keys.get(arn), live.keys.get(arn)) else {
            let state = live.keys.get(arn).cloned().map(Box::new);
            return Some(vec![AwsEdit::Key { key: arn.clone(), state }]);
        };
        let key = || arn.clone();
        let mut edits = Vec::new();
        if was.policy != is.policy {
            edits.push(AwsEdit::KeyPolicy { key: key(), document: is.policy.clone() });
        }
        if was.state != is.state {
            edits.push(AwsEdit::KeyState { key: key(), state: is.state });
        }
        if was.rotation != is.rotation {
            edits.push(AwsEdit::Rotation { key: key(), on: is.rotation });
        }
        let (before, after) = (&was.grants, &is.grants);
        let ids: BTreeSet<&Arc<str>> =
            before.keys().chain(after.keys()).filter(|_| is.grants_known).collect();
        for id in ids {
            if before.get(id) != after.get(id) {
                edits.push(AwsEdit::Grant {
                    key: key(),
                    id: id.clone(),
                    grant: after.get(id).cloned().map(Box::new),
                });
            }
        }
        Some(edits)
    }
}

/// Sets or removes an entry and returns what was there.
fn put<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) -> Option<V> {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    }
}

fn set_bucket_slot(bucket: &mut Bucket, edit: &AwsEdit) -> AwsEdit {
    match edit {
        AwsEdit::BucketPolicy { bucket: name, document } => {
            let was = std::mem::replace(&mut bucket.policy, document.clone());
            AwsEdit::BucketPolicy { bucket: name.clone(), document: was }
        }
        AwsEdit::BucketBlock { bucket: name, block } => {
            let was = std::mem::replace(&mut bucket.block, *block);
            AwsEdit::BucketBlock { bucket: name.clone(), block: was }
        }
        AwsEdit::DefaultEncryption { bucket: name, to } => {
            let next = match &bucket.encryption {
                Some(was) => was.changed_to(to.clone()),
                None => crate::model::aws::BucketEncryption::only(to.clone()),
            };
            let was = bucket.encryption.replace(next);
            AwsEdit::EncryptionState { bucket: name.clone(), state: was }
        }
        AwsEdit::EncryptionState { bucket: name, state } => {
            let was = std::mem::replace(&mut bucket.encryption, state.clone());
            AwsEdit::EncryptionState { bucket: name.clone(), state: was }
        }
        AwsEdit::Acl { bucket: name, acl } => {
            let was = std::mem::replace(&mut bucket.acl, acl.clone());
            AwsEdit::Acl { bucket: name.clone(), acl: was }
        }
        AwsEdit::Ownership { bucket: name, ownership } => {
            let was = std::mem::replace(&mut bucket.ownership, *ownership);
            AwsEdit::Ownership { bucket: name.clone(), ownership: was }
        }
        other @ (AwsEdit::Principal { .. }
        | AwsEdit::Attachment { .. }
        | AwsEdit::Inline { .. }
        | AwsEdit::Boundary { .. }
        | AwsEdit::Trust { .. }
        | AwsEdit::Membership { .. }
        | AwsEdit::Policy { .. }
        | AwsEdit::PolicyVersion { .. }
        | AwsEdit::DefaultVersion { .. }
        | AwsEdit::Bucket { .. }
        | AwsEdit::AccountBlock { .. }
        | AwsEdit::Key { .. }
        | AwsEdit::KeyPolicy { .. }
        | AwsEdit::KeyState { .. }
        | AwsEdit::Grant { .. }
        | AwsEdit::Rotation { .. }
        | AwsEdit::Alias { .. }
        | AwsEdit::OrganizationPolicy { .. }
        | AwsEdit::OrganizationAttachment { .. }) => other.clone(),
    }
}

fn set_key_slot(slot: &mut Key, edit: &AwsEdit) -> AwsEdit {
    match edit {
        AwsEdit::KeyPolicy { key, document } => {
            let was = std::mem::replace(&mut slot.policy, document.clone());
            AwsEdit::KeyPolicy { key: key.clone(), document: was }
        }
        AwsEdit::KeyState { key, state } => {
            let was = std::mem::replace(&mut slot.state, *state);
            AwsEdit::KeyState { key: key.clone(), state: was }
        }
        AwsEdit::Grant { key, id, grant } => {
            let was = put(&mut slot.grants, id.clone(), grant.as_deref().cloned());
            AwsEdit::Grant { key: key.clone(), id: id.clone(), grant: was.map(Box::new) }
        }
        AwsEdit::Rotation { key, on } => {
            let was = std::mem::replace(&mut slot.rotation, *on);
            AwsEdit::Rotation { key: key.clone(), on: was }
        }
        other @ (AwsEdit::Principal { .. }
        | AwsEdit::Attachment { .. }
        | AwsEdit::Inline { .. }
        | AwsEdit::Boundary { .. }
        | AwsEdit::Trust { .. }
        | AwsEdit::Membership { .. }
        | AwsEdit::Policy { .. }
        | AwsEdit::PolicyVersion { .. }
        | AwsEdit::DefaultVersion { .. }
        | AwsEdit::Bucket { .. }
        | AwsEdit::BucketPolicy { .. }
        | AwsEdit::BucketBlock { .. }
        | AwsEdit::AccountBlock { .. }
        | AwsEdit::DefaultEncryption { .. }
        | AwsEdit::EncryptionState { .. }
        | AwsEdit::Acl { .. }
        | AwsEdit::Ownership { .. }
        | AwsEdit::Key { .. }
        | AwsEdit::Alias { .. }
        | AwsEdit::OrganizationPolicy { .. }
        | AwsEdit::OrganizationAttachment { .. }) => other.clone(),
    }
}
