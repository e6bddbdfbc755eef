//! Slices, reach and tags in AWS.

use super::{Slice, Tags};
use crate::access::aws::bucket;
use crate::change::{AwsEdit, IamRef, KeyEdit, PolicyEdit, PrincipalEdit};
use crate::estate::aws::Aws;
use crate::model::aws::{
    AccountId, Arn, Bucket, Clause, Document, Encryption, IamKind, IamPrincipal, Key,
    PrincipalMatch, PrincipalPattern,
};
use crate::model::{Cloud, Principal, Reach, Resource, ResourceKind};
use std::collections::BTreeSet;

type Principals = BTreeSet<Principal>;

pub(super) fn slice(aws: &Aws, edit: &AwsEdit, slice: &mut Slice) {
    match edit {
        // Trust decides who may become the role; what the role may do stays.
        AwsEdit::Principal(_, PrincipalEdit::Trust(_))
        | AwsEdit::Policy(_, PolicyEdit::Version { .. })
        | AwsEdit::Key(_, KeyEdit::Rotation(_)) => {}
        AwsEdit::Principal(who, _) => slice.add(&holders(aws, who), all_resources(aws)),
        AwsEdit::Policy(policy, _) => slice.add(&attached_to(aws, policy), all_resources(aws)),
        AwsEdit::Bucket(name, _) => add_bucket(aws, name, slice),
        AwsEdit::Key(key, _) => add_key(aws, key, slice),
        AwsEdit::AccountBlock { account, .. } => {
            let names: Vec<_> = aws
                .buckets
                .iter()
                .filter(|(_, (owner, _))| owner == account)
                .map(|(name, _)| name.clone())
                .collect();
            names.iter().for_each(|name| add_bucket(aws, name, slice));
        }
        AwsEdit::Alias { alias, .. } => {
            let uses = |b: &Bucket| {
                let of = |e: &Encryption| matches!(e, Encryption::Kms { key, .. } if names_alias(key, alias));
                b.encryption.as_ref().is_some_and(|e| e.former.iter().chain([&e.current]).any(of))
            };
            let names: Vec<_> = aws
                .buckets
                .iter()
                .filter(|(_, (_, b))| uses(b))
                .map(|(name, _)| name.clone())
                .collect();
            names.iter().for_each(|name| add_bucket(aws, name, slice));
        }
        AwsEdit::OrganizationPolicy { .. } | AwsEdit::OrganizationAttachment { .. } => {
            everything(aws, slice);
        }
    }
}

/// All principals of the estate and all that policies name, with all buckets and keys.
pub(super) fn everything(aws: &Aws, slice: &mut Slice) {
    let mut everyone: Principals =
        aws.accounts.keys().flat_map(|a| aws.requesters(a)).map(principal).collect();
    everyone.extend(aws.buckets.values().flat_map(|(owner, b)| bucket_candidates(aws, owner, b)));
    everyone.extend(aws.keys.values().flat_map(|k| key_candidates(aws, k)));
    slice.add(&everyone, all_resources(aws));
}

fn names_alias(key: &str, alias: &Arn) -> bool {
    key == alias.as_str() || key == alias.resource()
}

fn principal(entity: &IamPrincipal) -> Principal {
    Principal::named(entity.arn.as_str())
}

/// Those who hold what is attached to an entity: itself, or the members of a group.
fn holders(aws: &Aws, who: &IamRef) -> Principals {
    match who.kind {
        IamKind::Group => aws.members_of(&who.account, &who.name).map(principal).collect(),
        IamKind::User | IamKind::Role => [Principal::named(aws.arn_of(who).as_str())].into(),
    }
}

fn attached_to(aws: &Aws, policy: &Arn) -> Principals {
    let mut found = Principals::new();
    for (account, state) in &aws.accounts {
        for entity in state.principals.values() {
            if entity.attached.contains(policy) || entity.boundary.as_ref() == Some(policy) {
                let who = IamRef {
                    account: account.clone(),
                    kind: entity.kind,
                    name: entity.name().into(),
                };
                found.extend(holders(aws, &who));
            }
        }
    }
    found
}

fn store(bucket: &Bucket) -> Resource {
    Resource::store(Cloud::Aws, bucket.arn().as_str())
}

fn all_resources(aws: &Aws) -> impl Iterator<Item = Resource> {
    let keys = aws.keys.keys().map(|arn| Resource::key(Cloud::Aws, arn.as_str()));
    aws.buckets.values().map(|(_, b)| store(b)).chain(keys)
}

fn add_bucket(aws: &Aws, name: &str, slice: &mut Slice) {
    if let Some((owner, bucket)) = aws.buckets.get(name) {
        let mut candidates = bucket_candidates(aws, owner, bucket);
        // A bucket policy may name an account, the key policy one of its roles: that role is asked about too.
        for key in keys_of(aws, owner, bucket) {
            candidates.extend(key_candidates(aws, key));
        }
        slice.add(&candidates, [store(bucket)]);
    }
}

fn keys_of<'a>(aws: &'a Aws, owner: &AccountId, bucket: &Bucket) -> Vec<&'a Key> {
    let encryptions = bucket.encryption.iter().flat_map(|e| e.former.iter().chain([&e.current]));
    let texts = encryptions.filter_map(|e| match e {
        Encryption::Kms { key, .. } => Some(key),
        Encryption::S3Managed | Encryption::AwsManagedKey => None,
    });
    texts.filter_map(|key| aws.keys.get(&aws.resolve_key(key, owner, &bucket.region)?)).collect()
}

fn add_key(aws: &Aws, arn: &Arn, slice: &mut Slice) {
    let Some(key) = aws.keys.get(arn) else { return };
    let mut candidates = key_candidates(aws, key);
    slice.add(&candidates, [Resource::key(Cloud::Aws, arn.as_str())]);
    for name in aws.buckets_of_key(arn) {
        if let Some((owner, bucket)) = aws.buckets.get(&name) {
            candidates.extend(bucket_candidates(aws, owner, bucket));
            slice.add(&candidates, [store(bucket)]);
        }
    }
}

pub(super) fn candidates(aws: &Aws, resource: &Resource) -> Principals {
    match resource.kind {
        ResourceKind::Store => {
            let found = bucket(aws, resource);
            found.map(|(owner, b)| bucket_candidates(aws, owner, b)).unwrap_or_default()
        }
        ResourceKind::Key => {
            let key = Arn::parse(resource.name()).ok().and_then(|arn| aws.keys.get(&arn));
            key.map(|k| key_candidates(aws, k)).unwrap_or_default()
        }
    }
}

/// Everybody who may have access to a bucket: the owner's principals, whom the policy or ACL names, and everyone.
fn bucket_candidates(aws: &Aws, owner: &AccountId, bucket: &Bucket) -> Principals {
    let mut found: Principals = aws.requesters(owner).map(principal).collect();
    found.extend([Principal::Public, Principal::AnyAuthenticated]);
    if let Some(Some(policy)) = &bucket.policy {
        found.extend(named(aws, policy, owner));
    }
    let acl_accounts = aws.accounts.iter().filter(|(account, state)| {
        let listed = |id: &std::sync::Arc<str>| {
            let is = |g: &crate::model::aws::AclGrant| matches!(&g.grantee, crate::model::aws::AclGrantee::CanonicalUser(c) if c == id);
            bucket.acl.as_ref().is_some_and(|acl| acl.grants.iter().any(is))
        };
        *account != owner && state.canonical_id.as_ref().is_some_and(listed)
    });
    found.extend(acl_accounts.map(|(account, _)| Principal::named(account.root().as_str())));
    found
}

fn key_candidates(aws: &Aws, key: &Key) -> Principals {
    let owner = key.arn.account();
    let mut found: Principals =
        owner.iter().flat_map(|o| aws.requesters(o)).map(principal).collect();
    found.insert(Principal::AnyAuthenticated);
    if let (Some(policy), Some(owner)) = (&key.policy, &owner) {
        found.extend(named(aws, policy, owner));
    }
    let grantees =
        key.grants.values().filter(|g| !g.for_service).filter_map(|g| Arn::parse(&g.grantee).ok());
    for grantee in grantees {
        found.insert(named_principal(aws, grantee.as_str()));
        // An account as grantee hands on to its principals.
        if let ("root", Some(account)) = (grantee.resource(), grantee.account()) {
            found.extend(aws.requesters(&account).map(principal));
        }
    }
    found
}

/// Whom a resource policy names outside of the owner's account, and by ARN inside of it. An account of the estate that is
/// named as a whole is asked about as a whole and by its principals. What is given to everyone under conditions is given
/// to those who meet them: the accounts of the estate and of the organisation, and those that the conditions name.
fn named(aws: &Aws, policy: &Document, owner: &AccountId) -> Principals {
    let mut found = Principals::new();
    for statement in policy.statements() {
        let (patterns, others) = match &statement.principal {
            PrincipalMatch::Is(patterns) => {
                (patterns, patterns.contains(&PrincipalPattern::Everyone))
            }
            PrincipalMatch::Not(patterns) => (patterns, true),
            PrincipalMatch::Attached => continue,
        };
        if others
            && (!statement.conditions.is_empty()
                || matches!(statement.principal, PrincipalMatch::Not(_)))
        {
            found.extend(everybody_of_ours(aws, owner));
            found.extend(statement.conditions.iter().flat_map(named_in_condition));
        }
        for pattern in patterns {
            match pattern {
                PrincipalPattern::Account(account) if account != owner => {
                    found.insert(Principal::named(account.root().as_str()));
                    found.extend(aws.requesters(account).map(principal));
                }
                PrincipalPattern::Arn(arn) => {
                    found.insert(named_principal(aws, arn));
                }
                PrincipalPattern::Account(_)
                | PrincipalPattern::Everyone
                | PrincipalPattern::UniqueId(_)
                | PrincipalPattern::Service(_)
                | PrincipalPattern::Federated(_)
                | PrincipalPattern::CanonicalUser(_) => {}
            }
        }
    }
    found
}

fn everybody_of_ours(aws: &Aws, owner: &AccountId) -> Principals {
    let members = aws.organization.iter().flat_map(|o| &o.accounts);
    let others = aws.accounts.keys().chain(members).filter(|a| *a != owner);
    let mut found = Principals::new();
    for account in others {
        found.insert(Principal::named(account.root().as_str()));
        found.extend(aws.requesters(account).map(principal));
    }
    found
}

/// Accounts and principals that a condition names literally.
fn named_in_condition(clause: &Clause) -> Principals {
    let key = clause.key.to_lowercase();
    let literal = clause.values.iter().filter(|v| !v.contains(['*', '?', '$']));
    match key.as_str() {
        "aws:principalaccount" | "kms:calleraccount" | "aws:sourceaccount" => literal
            .filter_map(|v| AccountId::parse(v))
            .map(|a| Principal::named(a.root().as_str()))
            .collect(),
        "aws:principalarn" => {
            literal.filter(|v| v.starts_with("arn:")).map(|v| Principal::named(v)).collect()
        }
        _ => Principals::new(),
    }
}

/// A session is asked about as its role, under the role's own ARN where the estate has it.
fn named_principal(aws: &Aws, arn: &str) -> Principal {
    let role = Arn::parse(arn)
        .ok()
        .and_then(|a| a.session_role().map(|(account, role)| Arn::iam(&account, "role", role)));
    match role {
        Some(role) => Principal::named(aws.principal(&role).map_or(&role, |p| &p.arn).as_str()),
        None => Principal::named(arn),
    }
}

pub(super) fn reach(aws: &Aws, principal: &Principal, resource: &Resource) -> Reach {
    let theirs = Arn::parse(principal.name()).ok().and_then(|a| a.account());
    let owner = match resource.kind {
        ResourceKind::Store => bucket(aws, resource).map(|(owner, _)| owner.clone()),
        ResourceKind::Key => Arn::parse(resource.name()).ok().and_then(|a| a.account()),
    };
    match (theirs, owner) {
        (Some(theirs), Some(owner)) if theirs == owner => Reach::Internal,
        (Some(theirs), Some(owner)) => {
            match (aws.same_organization(&theirs), aws.same_organization(&owner)) {
                (Some(true), Some(true)) => Reach::OtherAccount,
                (_, _) => Reach::OtherOrganisation,
            }
        }
        (_, _) => Reach::OtherOrganisation,
    }
}

pub(super) fn tags(aws: &Aws, resource: &Resource) -> Tags {
    match resource.kind {
        ResourceKind::Store => {
            bucket(aws, resource).map(|(_, b)| b.tags.clone()).unwrap_or_default()
        }
        ResourceKind::Key => Arn::parse(resource.name())
            .ok()
            .and_then(|a| aws.keys.get(&a))
            .map(|k| k.tags.clone())
            .unwrap_or_default(),
    }
}

pub(super) fn has_customer_key(aws: &Aws, resource: &Resource) -> bool {
    let Some((owner, bucket)) = bucket(aws, resource) else { return true };
    let Some(encryption) = &bucket.encryption else { return true };
    encryption.former.iter().chain([&encryption.current]).any(|e| match e {
        Encryption::S3Managed | Encryption::AwsManagedKey => false,
        Encryption::Kms { key, .. } => {
            let key =
                aws.resolve_key(key, owner, &bucket.region).and_then(|arn| aws.keys.get(&arn));
            key.is_none_or(|k| !k.aws_managed)
        }
    })
}
