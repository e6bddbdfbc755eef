//! Edits of the AWS part: apply one and get its inverse; compare a touched part with the live state.

use super::index::Place;
use super::organization::OrganizationPolicy;
use super::{Account, Aws};
use crate::change::{AwsEdit, BucketEdit, IamRef, KeyEdit, PolicyEdit, PrincipalEdit, Target};
use crate::model::aws::{
    AccountId, Arn, Bucket, BucketEncryption, Document, IamPrincipal, Key, ManagedPolicy,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What has to be read to see whether an edit came about.
#[must_use]
pub fn target_of(edit: &AwsEdit) -> Option<Target> {
    match edit {
        AwsEdit::Principal(who, _) => Some(Target::Iam(who.clone())),
        AwsEdit::Policy(policy, _) => Some(Target::ManagedPolicy(policy.clone())),
        AwsEdit::Bucket(name, _) => Some(Target::Bucket(name.clone())),
        AwsEdit::Key(key, _) => Some(Target::Key(key.clone())),
        AwsEdit::AccountBlock { .. }
        | AwsEdit::Alias { .. }
        | AwsEdit::OrganizationPolicy { .. }
        | AwsEdit::OrganizationAttachment { .. } => None,
    }
}

impl Aws {
    /// Applies an edit; returns its inverse.
    pub fn apply(&mut self, edit: &AwsEdit) -> AwsEdit {
        let affected = self.affected(edit);
        self.index_touched(edit, false);
        affected.iter().for_each(|place| self.index_speech(place, false));
        let inverse = self.set(edit);
        self.index_touched(edit, true);
        affected.iter().for_each(|place| self.index_speech(place, true));
        inverse
    }

    /// The principals whose own side an edit changes.
    fn affected(&self, edit: &AwsEdit) -> Vec<Place> {
        match edit {
            AwsEdit::Principal(who, _) => {
                self.affected_by(&(who.account.clone(), who.kind, who.name.clone()))
            }
            AwsEdit::Policy(policy, _) => {
                self.holders_of(policy).flat_map(|place| self.affected_by(place)).collect()
            }
            AwsEdit::Bucket(..)
            | AwsEdit::Key(..)
            | AwsEdit::AccountBlock { .. }
            | AwsEdit::Alias { .. }
            | AwsEdit::OrganizationPolicy { .. }
            | AwsEdit::OrganizationAttachment { .. } => Vec::new(),
        }
    }

    /// Takes what an edit touches out of the indexes, or puts it in.
    fn index_touched(&mut self, edit: &AwsEdit, there: bool) {
        match edit {
            AwsEdit::Principal(who, _) => {
                let state = self
                    .accounts
                    .get(&who.account)
                    .and_then(|a| a.principals.get(&(who.kind, who.name.clone())));
                if let Some(state) = state {
                    self.index.principal(&who.account, &who.name, state, there);
                }
            }
            AwsEdit::Bucket(name, _) => {
                if let Some((owner, bucket)) = self.buckets.get(name) {
                    self.index.bucket(owner, bucket, there);
                }
            }
            AwsEdit::Key(arn, _) => {
                if let Some(key) = self.keys.get(arn) {
                    self.index.key(key, there);
                }
            }
            AwsEdit::Alias { alias, .. } => {
                if let Some(key) = self.aliases.get(alias) {
                    self.index.alias(alias, key, there);
                }
            }
            AwsEdit::Policy(..)
            | AwsEdit::AccountBlock { .. }
            | AwsEdit::OrganizationPolicy { .. }
            | AwsEdit::OrganizationAttachment { .. } => {}
        }
    }

    fn set(&mut self, edit: &AwsEdit) -> AwsEdit {
        match edit {
            AwsEdit::Principal(who, change) => {
                AwsEdit::Principal(who.clone(), self.edit_principal(who, change))
            }
            AwsEdit::Policy(policy, change) => {
                AwsEdit::Policy(policy.clone(), self.edit_policy(policy, change))
            }
            AwsEdit::Bucket(name, change) => {
                AwsEdit::Bucket(name.clone(), self.edit_bucket(name, change))
            }
            AwsEdit::Key(key, change) => AwsEdit::Key(key.clone(), self.edit_key(key, change)),
            AwsEdit::AccountBlock { account, block } => {
                let state = self.accounts.entry(account.clone()).or_default();
                let was = std::mem::replace(&mut state.block, *block);
                self.drop_if_unknown(account);
                AwsEdit::AccountBlock { account: account.clone(), block: was }
            }
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
                let attached = member(&mut state.targets, target, *attached);
                AwsEdit::OrganizationAttachment {
                    policy: policy.clone(),
                    target: target.clone(),
                    attached,
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

    /// Edits a principal; one that the estate does not hold is added, and the inverse takes it away again.
    fn edit_principal(&mut self, who: &IamRef, edit: &PrincipalEdit) -> PrincipalEdit {
        let account = self.accounts.entry(who.account.clone()).or_default();
        let place = (who.kind, who.name.clone());
        if let PrincipalEdit::Whole(state) = edit {
            let was = put(&mut account.principals, place, state.as_deref().cloned());
            self.drop_if_unknown(&who.account);
            return PrincipalEdit::Whole(was.map(Box::new));
        }
        match account.principals.get_mut(&place) {
            Some(principal) => set_in_principal(principal, edit),
            None => {
                let mut principal = IamPrincipal::new(who.arn_without_path(), who.kind);
                principal.complete = false;
                set_in_principal(&mut principal, edit);
                account.principals.insert(place, principal);
                PrincipalEdit::Whole(None)
            }
        }
    }

    fn edit_policy(&mut self, policy: &Arn, edit: &PolicyEdit) -> PolicyEdit {
        match edit {
            PolicyEdit::Whole(state) => {
                let was = self.set_policy(policy, state.as_deref().cloned());
                PolicyEdit::Whole(was.map(Box::new))
            }
            PolicyEdit::Version { version, document } => {
                let account = policy.account().and_then(|a| self.accounts.get_mut(&a));
                // A version of a policy that no file holds cannot be placed.
                let Some(state) = account.and_then(|a| a.policies.get_mut(policy)) else {
                    return edit.clone();
                };
                let was = put(&mut state.versions, version.clone(), document.clone());
                PolicyEdit::Version { version: version.clone(), document: was }
            }
            PolicyEdit::DefaultVersion { version, document } => {
                self.set_default_version(policy, version, document.as_ref())
            }
        }
    }

    fn set_policy(&mut self, policy: &Arn, state: Option<ManagedPolicy>) -> Option<ManagedPolicy> {
        let account = policy.account()?;
        let state_of = self.accounts.entry(account.clone()).or_default();
        let was = put(&mut state_of.policies, policy.clone(), state);
        self.drop_if_unknown(&account);
        was
    }

    fn set_default_version(
        &mut self,
        policy: &Arn,
        version: &Arc<str>,
        document: Option<&Document>,
    ) -> PolicyEdit {
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
            (Some(was), None) => {
                PolicyEdit::DefaultVersion { version: was.default_version.clone(), document: None }
            }
            (_, _) => PolicyEdit::Whole(was.map(Box::new)),
        }
    }

    fn edit_bucket(&mut self, name: &Arc<str>, edit: &BucketEdit) -> BucketEdit {
        if let BucketEdit::Whole(state) = edit {
            let was = put(&mut self.buckets, name.clone(), state.as_deref().cloned());
            return BucketEdit::Whole(was.map(Box::new));
        }
        match self.buckets.get_mut(name) {
            Some((_, bucket)) => set_in_bucket(bucket, edit),
            None => {
                let mut bucket = Bucket::unknown(name);
                set_in_bucket(&mut bucket, edit);
                // INVARIANT: the account of a bucket that no file holds is unknown; twelve zeros is nobody's account.
                if let Some(nobody) = AccountId::parse("000000000000") {
                    self.buckets.insert(name.clone(), (nobody, bucket));
                }
                BucketEdit::Whole(None)
            }
        }
    }

    fn edit_key(&mut self, arn: &Arn, edit: &KeyEdit) -> KeyEdit {
        if let KeyEdit::Whole(state) = edit {
            let was = put(&mut self.keys, arn.clone(), state.as_deref().cloned());
            return KeyEdit::Whole(was.map(Box::new));
        }
        match self.keys.get_mut(arn) {
            Some(key) => set_in_key(key, edit),
            None => {
                let mut key = Key::unknown(arn.clone());
                set_in_key(&mut key, edit);
                self.keys.insert(arn.clone(), key);
                KeyEdit::Whole(None)
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
                let whole = PrincipalEdit::Whole(is.cloned().map(Box::new));
                let edit = || AwsEdit::Principal(who.clone(), whole);
                Some(if was == is { Vec::new() } else { vec![edit()] })
            }
            Target::ManagedPolicy(arn) => {
                let account = live.accounts.get(&arn.account()?).filter(|a| a.iam_known)?;
                let (was, is) = (
                    self.accounts.get(&arn.account()?).and_then(|a| a.policies.get(arn)),
                    account.policies.get(arn),
                );
                let whole = PolicyEdit::Whole(is.cloned().map(Box::new));
                let edit = || AwsEdit::Policy(arn.clone(), whole);
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
            return Some(vec![AwsEdit::Bucket(name.clone(), BucketEdit::Whole(state))]);
        };
        let mut edits = Vec::new();
        if was.policy != is.policy {
            edits.push(BucketEdit::Policy(is.policy.clone()));
        }
        if was.block != is.block {
            edits.push(BucketEdit::Block(is.block));
        }
        match (&was.encryption, &is.encryption) {
            (was, Some(is)) if was.as_ref().is_none_or(|w| w.current != is.current) => {
                edits.push(BucketEdit::DefaultEncryption(is.current.clone()));
            }
            (_, _) => {}
        }
        if was.acl != is.acl {
            edits.push(BucketEdit::Acl(is.acl.clone()));
        }
        if was.ownership != is.ownership {
            edits.push(BucketEdit::Ownership(is.ownership));
        }
        if was.tags != is.tags || was.access_points != is.access_points {
            // Whole, with what the edits before it have set; the history of the encryption is ours.
            let mut next = is.clone();
            next.encryption = match (&was.encryption, &is.encryption) {
                (Some(was), Some(is)) => Some(was.changed_to(is.current.clone())),
                (was, None) => was.clone(),
                (None, is) => is.clone(),
            };
            edits.push(BucketEdit::Whole(Some(Box::new((account, next)))));
        }
        Some(edits.into_iter().map(|e| AwsEdit::Bucket(name.clone(), e)).collect())
    }

    fn key_towards(&self, live: &Self, arn: &Arn) -> Option<Vec<AwsEdit>> {
        live.accounts.get(&arn.account()?).filter(|a| a.keys_known)?;
        let (Some(was), Some(is)) = (self.keys.get(arn), live.keys.get(arn)) else {
            let state = live.keys.get(arn).cloned().map(Box::new);
            return Some(vec![AwsEdit::Key(arn.clone(), KeyEdit::Whole(state))]);
        };
        let mut edits = Vec::new();
        if was.policy != is.policy {
            edits.push(KeyEdit::Policy(is.policy.clone()));
        }
        if was.state != is.state {
            edits.push(KeyEdit::State(is.state));
        }
        if was.rotation != is.rotation {
            edits.push(KeyEdit::Rotation(is.rotation));
        }
        let (before, after) = (&was.grants, &is.grants);
        let ids: BTreeSet<&Arc<str>> =
            before.keys().chain(after.keys()).filter(|_| is.grants_known).collect();
        for id in ids {
            if before.get(id) != after.get(id) {
                edits.push(KeyEdit::Grant {
                    id: id.clone(),
                    grant: after.get(id).cloned().map(Box::new),
                });
            }
        }
        if was.tags != is.tags {
            // Whole, with what the edits before it have set.
            let mut next = is.clone();
            if !is.grants_known {
                next.grants = was.grants.clone();
                next.grants_known = was.grants_known;
            }
            edits.push(KeyEdit::Whole(Some(Box::new(next))));
        }
        Some(edits.into_iter().map(|e| AwsEdit::Key(arn.clone(), e)).collect())
    }
}

/// Sets or removes an entry and returns what was there.
fn put<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) -> Option<V> {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    }
}

/// Puts an entry into a set or takes it out; returns whether it was there.
fn member<T: Ord + Clone>(set: &mut BTreeSet<T>, entry: &T, is: bool) -> bool {
    if is { !set.insert(entry.clone()) } else { set.remove(entry) }
}

/// Sets a slot; returns the inverse. `Whole` has no slot.
fn set_in_principal(principal: &mut IamPrincipal, edit: &PrincipalEdit) -> PrincipalEdit {
    match edit {
        PrincipalEdit::Whole(_) => edit.clone(),
        PrincipalEdit::Attachment { policy, attached } => PrincipalEdit::Attachment {
            policy: policy.clone(),
            attached: member(&mut principal.attached, policy, *attached),
        },
        PrincipalEdit::Inline { name, document } => {
            let was = put(&mut principal.inline, name.clone(), document.clone());
            PrincipalEdit::Inline { name: name.clone(), document: was }
        }
        PrincipalEdit::Boundary(policy) => {
            PrincipalEdit::Boundary(std::mem::replace(&mut principal.boundary, policy.clone()))
        }
        PrincipalEdit::Trust(document) => {
            PrincipalEdit::Trust(std::mem::replace(&mut principal.trust, document.clone()))
        }
        PrincipalEdit::Membership { group, member: is } => PrincipalEdit::Membership {
            group: group.clone(),
            member: member(&mut principal.groups, group, *is),
        },
    }
}

fn set_in_bucket(bucket: &mut Bucket, edit: &BucketEdit) -> BucketEdit {
    match edit {
        BucketEdit::Whole(_) => edit.clone(),
        BucketEdit::Policy(document) => {
            BucketEdit::Policy(std::mem::replace(&mut bucket.policy, document.clone()))
        }
        BucketEdit::Block(block) => BucketEdit::Block(std::mem::replace(&mut bucket.block, *block)),
        BucketEdit::DefaultEncryption(to) => {
            let next = match &bucket.encryption {
                Some(was) => was.changed_to(to.clone()),
                None => BucketEncryption::only(to.clone()),
            };
            BucketEdit::EncryptionState(bucket.encryption.replace(next))
        }
        BucketEdit::EncryptionState(state) => {
            BucketEdit::EncryptionState(std::mem::replace(&mut bucket.encryption, state.clone()))
        }
        BucketEdit::Acl(acl) => BucketEdit::Acl(std::mem::replace(&mut bucket.acl, acl.clone())),
        BucketEdit::Ownership(ownership) => {
            BucketEdit::Ownership(std::mem::replace(&mut bucket.ownership, *ownership))
        }
    }
}

fn set_in_key(key: &mut Key, edit: &KeyEdit) -> KeyEdit {
    match edit {
        KeyEdit::Whole(_) => edit.clone(),
        KeyEdit::Policy(document) => {
            KeyEdit::Policy(std::mem::replace(&mut key.policy, document.clone()))
        }
        KeyEdit::State(state) => KeyEdit::State(std::mem::replace(&mut key.state, *state)),
        KeyEdit::Grant { id, grant } => {
            let was = put(&mut key.grants, id.clone(), grant.as_deref().cloned());
            KeyEdit::Grant { id: id.clone(), grant: was.map(Box::new) }
        }
        KeyEdit::Rotation(on) => KeyEdit::Rotation(std::mem::replace(&mut key.rotation, *on)),
    }
}
