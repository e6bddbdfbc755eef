//! Slices, reach and tags in AWS.

use super::{Slice, Tags};
use crate::access::aws::bucket;
use crate::access::aws::power::POWERS;
use crate::change::{AwsEdit, IamRef, KeyEdit, PolicyEdit, PrincipalEdit};
use crate::estate::aws::{Aws, Named, OrganizationPolicyKind, Truster, literal_name};
use crate::model::aws::{
    AccountId, Arn, Bucket, BucketEncryption, Clause, Document, Effect, Encryption, IamKind,
    IamPrincipal, Key, KmsGrant, Known, ManagedPolicy, PrincipalMatch, PrincipalPattern,
    ResourceMatch,
};
use crate::model::{Cloud, Overlap, Pattern, Principal, Reach, Resource, ResourceKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

type Principals = BTreeSet<Principal>;

/// What an edit can touch: the principals that it speaks of and those that can become them, with the resources that the
/// changed documents speak of.
pub(super) fn slice(aws: &Aws, edit: &AwsEdit, slice: &mut Slice) {
    // An account that comes into the estate, or leaves it, may be meant by any policy for everyone.
    if account_of(edit).is_some_and(|account| !aws.accounts.contains_key(&account)) {
        for resource in resources(aws) {
            slice.add(&candidates(aws, &resource), [resource]);
        }
    }
    add_edit(aws, edit, slice);
    // The root user of an account is asked about in other accounts only.
    slice.retain(|resource, principal| {
        let arn = Arn::parse(principal.name()).ok().filter(|arn| arn.resource() == "root");
        arn.is_none_or(|arn| arn.account() != owner_of(aws, resource))
    });
}

fn owner_of(aws: &Aws, resource: &Resource) -> Option<AccountId> {
    match resource.kind {
        ResourceKind::Store => bucket(aws, resource).map(|(owner, _)| owner.clone()),
        ResourceKind::Key => Arn::parse(resource.name()).ok().and_then(|a| a.account()),
    }
}

/// The account whose entry in the estate an edit may make or remove.
fn account_of(edit: &AwsEdit) -> Option<AccountId> {
    match edit {
        AwsEdit::Principal(who, _) => Some(who.account.clone()),
        AwsEdit::Policy(policy, _) => policy.account(),
        AwsEdit::AccountBlock { account, .. } => Some(account.clone()),
        AwsEdit::Bucket(..)
        | AwsEdit::Key(..)
        | AwsEdit::Alias { .. }
        | AwsEdit::OrganizationPolicy { .. }
        | AwsEdit::OrganizationAttachment { .. } => None,
    }
}

fn add_edit(aws: &Aws, edit: &AwsEdit, slice: &mut Slice) {
    match edit {
        AwsEdit::Key(_, KeyEdit::Rotation(_)) => {}
        // Trust decides who may become the role; what the role may do stays.
        AwsEdit::Principal(who, PrincipalEdit::Trust(_)) => {
            let role = [Principal::named(aws.arn_of(who).as_str())].into();
            let mut others = with_assumers(aws, &role);
            others.retain(|p| !role.contains(p));
            slice.add(&others, reached_from(aws, &who.account));
        }
        AwsEdit::Principal(who, edit) => {
            let spoken = Spoken::of_edit(aws, who, edit);
            let mut changed = holders(aws, who);
            // One that comes with its path.
            if let (PrincipalEdit::Whole(Some(state)), None) = (edit, aws.find(who)) {
                changed = [principal(state)].into();
            }
            let principals = affected(aws, &changed, &who.account);
            slice.add(&principals, spoken.resources(aws, &who.account));
        }
        AwsEdit::Policy(policy, edit) => {
            let mut documents: Vec<&Document> = Vec::new();
            let current = policy.account().and_then(|a| aws.accounts.get(&a)?.policies.get(policy));
            documents.extend(current.and_then(ManagedPolicy::document));
            let next = match edit {
                PolicyEdit::Whole(state) => state.as_deref().and_then(ManagedPolicy::document),
                PolicyEdit::DefaultVersion { version, document } => {
                    document.as_ref().or(current.and_then(|p| p.versions.get(version)))
                }
                // Another version than the one in force says nothing.
                PolicyEdit::Version { version, .. }
                    if current.is_none_or(|p| p.default_version != *version) =>
                {
                    return;
                }
                PolicyEdit::Version { document, .. } => document.as_ref(),
            };
            // A document that is not known may speak of anything.
            let unknown = next.is_none() || current.is_some_and(|p| p.document().is_none());
            documents.extend(next);
            let mut by_account: BTreeMap<AccountId, Principals> = BTreeMap::new();
            let mut bounded = false;
            for (account, kind, name) in aws.holders_of(policy) {
                let who = IamRef { account: account.clone(), kind: *kind, name: name.clone() };
                bounded |= aws.find(&who).is_some_and(|p| p.boundary.as_ref() == Some(policy));
                by_account.entry(account.clone()).or_default().extend(holders(aws, &who));
            }
            let spoken = if bounded || unknown { Spoken::Anything } else { Spoken::of(&documents) };
            for (account, principals) in by_account {
                let principals = affected(aws, &principals, &account);
                slice.add(&principals, spoken.resources(aws, &account));
            }
        }
        AwsEdit::Bucket(name, _) => add_bucket(aws, name, slice),
        AwsEdit::Key(key, KeyEdit::Grant { id, grant }) => {
            let grants = aws.keys.get(key).and_then(|k| k.grants.get(id));
            add_key_grants(aws, key, &mut grants.into_iter().chain(grant.as_deref()), slice);
        }
        AwsEdit::Key(key, _) => add_key(aws, key, slice),
        AwsEdit::AccountBlock { account, .. } => {
            aws.buckets_in(account).for_each(|name| add_bucket(aws, name, slice));
        }
        AwsEdit::Alias { alias, .. } => {
            aws.buckets_of_alias(alias).for_each(|name| add_bucket(aws, name, slice));
        }
        AwsEdit::OrganizationPolicy { id, .. } => {
            let policy = aws.organization.as_ref().and_then(|o| o.policies.get(id));
            for target in policy.iter().flat_map(|p| &p.targets) {
                add_organization(aws, id, target, slice);
            }
        }
        AwsEdit::OrganizationAttachment { policy, target, .. } => {
            add_organization(aws, policy, target, slice);
        }
    }
}

/// A policy of the organisation on a root, unit or account binds the principals, or the resources, of the accounts below.
fn add_organization(aws: &Aws, policy: &str, target: &Arc<str>, slice: &mut Slice) {
    let Some(organization) = &aws.organization else { return };
    let Some(policy) = organization.policies.get(policy) else { return };
    let below = organization.accounts.iter().filter(|a| organization.path(a).contains(target));
    for account in below {
        match policy.kind {
            OrganizationPolicyKind::Service => {
                let own: Principals = aws.requesters(account).map(principal).collect();
                let mut bound = with_assumers(aws, &own);
                bound.insert(Principal::named(account.root().as_str()));
                slice.add(&bound, reached_from(aws, account));
            }
            OrganizationPolicyKind::Resource | OrganizationPolicyKind::Storage => {
                aws.buckets_in(account).for_each(|name| add_bucket(aws, name, slice));
                aws.keys_in(account).for_each(|key| add_key(aws, key, slice));
            }
            OrganizationPolicyKind::Other => {}
        }
    }
}

/// Of which resources changed documents speak.
enum Spoken<'a> {
    /// Any: a boundary, power over principals, a role to be assumed, or a document that is not known.
    Anything,
    /// Those that match.
    Matching(Vec<&'a ResourceMatch>),
}

impl<'a> Spoken<'a> {
    fn of_edit(aws: &'a Aws, who: &IamRef, edit: &'a PrincipalEdit) -> Self {
        let held = aws.find(who);
        match edit {
            PrincipalEdit::Attachment { policy, .. } => {
                match aws.managed_document(&who.account, policy) {
                    Some(document) => Self::of(&[document]),
                    None => Self::Anything,
                }
            }
            PrincipalEdit::Inline { name, document } => {
                let was = held.and_then(|p| p.inline.get(name));
                let both: Vec<&Document> = was.into_iter().chain(document).collect();
                Self::of(&both)
            }
            PrincipalEdit::Whole(_)
            | PrincipalEdit::Boundary(_)
            | PrincipalEdit::Trust(_)
            | PrincipalEdit::Membership { .. } => Self::Anything,
        }
    }

    fn of(documents: &[&'a Document]) -> Self {
        let mut matching = Vec::new();
        for statement in documents.iter().flat_map(|d| d.statements()) {
            if Known::reaches_principals(statement.actions) {
                return Self::Anything;
            }
            if statement.actions != 0 {
                matching.push(&statement.resource);
            }
        }
        Self::Matching(matching)
    }

    /// The resources, among those that principals of an account may reach. A key comes with the buckets that it encrypts.
    fn resources(&self, aws: &Aws, account: &AccountId) -> BTreeSet<Resource> {
        let patterns: Vec<&ResourceMatch> = match self {
            Self::Anything => return reached_from(aws, account),
            Self::Matching(patterns) => patterns.clone(),
        };
        let literal: Option<Vec<&str>> = patterns
            .iter()
            .map(|m| literal_buckets(m))
            .collect::<Option<Vec<_>>>()
            .map(|v| v.concat());
        if let Some(names) = literal {
            // Every pattern names its bucket: no need to look at the others.
            let found = names.into_iter().filter_map(|n| aws.buckets.get(n));
            return found.map(|(_, bucket)| store(bucket)).collect();
        }
        let reach = within_reach(aws, &[account.clone()].into());
        let mut found = BTreeSet::new();
        for (_, bucket) in reach.buckets.iter().filter_map(|name| aws.buckets.get(name)) {
            let points = bucket.access_points.values().map(|p| &p.arn);
            let of = |arn: &Arn, objects: &str| {
                let (whole, inside) =
                    (Pattern::new(arn.as_str()), Pattern::new(format!("{arn}/{objects}")));
                patterns.iter().any(|m| may_match(m, &whole) || may_match(m, &inside))
            };
            if of(&bucket.arn(), "*") || points.into_iter().any(|arn| of(arn, "object/*")) {
                found.insert(store(bucket));
            }
        }
        for key in &reach.keys {
            if patterns.iter().any(|m| may_match(m, &Pattern::new(key.as_str()))) {
                found.insert(Resource::key(Cloud::Aws, key.as_str()));
                let encrypted = aws.buckets_of_key(key);
                found.extend(
                    encrypted.iter().filter_map(|n| aws.buckets.get(n)).map(|(_, b)| store(b)),
                );
            }
        }
        found
    }
}

/// The buckets that all patterns of a statement name literally; `None` when one is wider, or speaks of something else.
fn literal_buckets(resource: &ResourceMatch) -> Option<Vec<&str>> {
    let ResourceMatch::Is(patterns) = resource else { return None };
    patterns
        .iter()
        .map(|p| literal_name(p.as_str()).filter(|name| !name.starts_with("arn:")))
        .collect()
}

fn may_match(resource: &ResourceMatch, target: &Pattern) -> bool {
    match resource {
        // Policy variables may stand for anything.
        ResourceMatch::Is(patterns) => {
            patterns.iter().any(|p| p.as_str().contains("${") || p.overlap(target) != Overlap::None)
        }
        ResourceMatch::Not(_) | ResourceMatch::Attached => true,
    }
}

/// What principals of some accounts may reach at all: what is in the accounts, and what names them, their account or everyone.
#[derive(Default)]
struct WithinReach {
    buckets: BTreeSet<Arc<str>>,
    keys: BTreeSet<Arn>,
}

impl WithinReach {
    fn into_resources(self, aws: &Aws) -> BTreeSet<Resource> {
        let buckets = self.buckets.iter().filter_map(|n| aws.buckets.get(n)).map(|(_, b)| store(b));
        let keys = self.keys.iter().map(|k| Resource::key(Cloud::Aws, k.as_str()));
        buckets.chain(keys).collect()
    }
}

/// What principals of an account may reach themselves or through roles of other accounts that may let them in.
fn reached_from(aws: &Aws, account: &AccountId) -> BTreeSet<Resource> {
    let mut entered: BTreeSet<AccountId> = [account.clone()].into();
    let mut todo = vec![account.clone()];
    while let Some(from) = todo.pop() {
        for (other, _) in aws.accounts.iter().filter(|(id, _)| **id != from) {
            let lets_in = |truster: &Truster| match truster {
                Truster::Everyone => true,
                Truster::Account(id) => *id == from,
                Truster::Principal(name) => {
                    Arn::parse(name).ok().and_then(|arn| arn.account()).is_none_or(|id| id == from)
                }
            };
            if !entered.contains(other) && aws.trusters_into(other).any(lets_in) {
                entered.insert(other.clone());
                todo.push(other.clone());
            }
        }
    }
    within_reach(aws, &entered).into_resources(aws)
}

fn within_reach(aws: &Aws, accounts: &BTreeSet<AccountId>) -> WithinReach {
    let mut found = WithinReach::default();
    let mut trusters = vec![Truster::Everyone];
    for account in accounts {
        found.buckets.extend(aws.buckets_in(account).cloned());
        found.keys.extend(aws.keys_in(account).cloned());
        trusters.extend(aws.trusters_of(account));
    }
    for resource in trusters.iter().flat_map(|truster| aws.naming(truster)) {
        match resource {
            Named::Bucket(name) => found.buckets.insert(name.clone()),
            Named::Key(arn) => found.keys.insert(arn.clone()),
        };
    }
    // A key whose policy or grants are not known may name anybody.
    let open = aws.keys.values().filter(|k| k.policy.is_none() || !k.grants_known);
    found.keys.extend(open.map(|k| k.arn.clone()));
    // Buckets whose policy is not known or whose ACL may name an account; a key comes with its buckets.
    let encrypted: BTreeSet<Arc<str>> =
        found.keys.iter().flat_map(|k| aws.buckets_of_key(k)).collect();
    found.buckets.extend(encrypted);
    let open = aws.buckets.iter().filter(|(_, (_, bucket))| {
        bucket.policy.is_none() || bucket.acl.as_ref().is_none_or(|acl| !acl.grants.is_empty())
    });
    found.buckets.extend(open.map(|(name, _)| name.clone()));
    found
}

/// Whom a change of some principals of an account affects: themselves, those that can become them, and those with power over
/// principals of the account.
fn affected(aws: &Aws, principals: &Principals, account: &AccountId) -> Principals {
    let mut found = with_assumers(aws, principals);
    found.extend(aws.speaking_of(account, POWERS).map(principal));
    found
}

/// Some principals with all that can become them, as far as policies name them.
fn with_assumers(aws: &Aws, principals: &Principals) -> Principals {
    let mut found = principals.clone();
    let mut todo: Vec<Principal> = principals.iter().cloned().collect();
    while let Some(one) = todo.pop() {
        let arn = Arn::parse(one.name()).ok();
        let role = arn.as_ref().and_then(|a| aws.principal(a)).filter(|p| p.kind == IamKind::Role);
        let owner = arn.as_ref().and_then(|a| a.account());
        // A role whose trust policy is not known may be open to its account.
        if let (Some(IamPrincipal { trust: None, .. }), Some(owner)) = (role, &owner) {
            let mut new = Principals::new();
            add_trusted(aws, &Truster::Account(owner.clone()), owner, &mut new);
            new.insert(Principal::named(owner.root().as_str()));
            new.retain(|p| !found.contains(p));
            found.extend(new.iter().cloned());
            todo.extend(new);
        }
        let trust = role.and_then(|p| p.trust.as_ref());
        if let (Some(trust), Some(owner)) = (trust, owner) {
            let new: Vec<Principal> =
                trusted(aws, trust, &owner).into_iter().filter(|p| !found.contains(p)).collect();
            found.extend(new.iter().cloned());
            todo.extend(new);
        }
    }
    found
}

/// Whom a trust policy lets in, as far as it names them.
fn trusted(aws: &Aws, trust: &Document, owner: &AccountId) -> Principals {
    let mut found = Principals::new();
    for truster in Aws::trusted_by(trust) {
        add_trusted(aws, &truster, owner, &mut found);
    }
    found
}

fn add_trusted(aws: &Aws, truster: &Truster, owner: &AccountId, found: &mut Principals) {
    let assuming = |account: &AccountId| {
        aws.speaking_of(account, Known::AssumeRole.mask()).map(principal).collect::<Vec<_>>()
    };
    match truster {
        Truster::Everyone => {
            found.insert(Principal::AnyAuthenticated);
            let members = aws.organization.iter().flat_map(|o| &o.accounts);
            for account in aws.accounts.keys().chain(members) {
                if account != owner {
                    found.insert(Principal::named(account.root().as_str()));
                }
                found.extend(assuming(account));
            }
        }
        Truster::Account(account) => {
            if account != owner {
                found.insert(Principal::named(account.root().as_str()));
            }
            found.extend(assuming(account));
        }
        Truster::Principal(name) => {
            found.insert(named_principal(aws, name));
        }
    }
}

/// Those who can come into an account from outside: whom the trust policies of its roles name, with those who can become them.
fn entrants(aws: &Aws, account: &AccountId) -> Principals {
    let mut direct = Principals::new();
    for truster in aws.trusters_into(account) {
        add_trusted(aws, truster, account, &mut direct);
    }
    direct.retain(|p| {
        Arn::parse(p.name()).ok().and_then(|a| a.account()).as_ref() != Some(account)
            || is_provider(p)
    });
    with_assumers(aws, &direct)
}

fn is_provider(principal: &Principal) -> bool {
    principal.name().contains("-provider/")
}

fn principal(entity: &IamPrincipal) -> Principal {
    Principal::Named(entity.arn.text())
}

/// Those who hold what is attached to an entity: itself, or the members of a group.
fn holders(aws: &Aws, who: &IamRef) -> Principals {
    match who.kind {
        IamKind::Group => aws.members_of(&who.account, &who.name).map(principal).collect(),
        // Who is not there has nothing.
        IamKind::User | IamKind::Role => aws.find(who).map(principal).into_iter().collect(),
    }
}

fn store(bucket: &Bucket) -> Resource {
    Resource::store(Cloud::Aws, bucket.arn().as_str())
}

/// All buckets and keys.
pub(super) fn resources(aws: &Aws) -> impl Iterator<Item = Resource> {
    let keys = aws.keys.keys().map(|arn| Resource::key(Cloud::Aws, arn.as_str()));
    aws.buckets.values().map(|(_, b)| store(b)).chain(keys)
}

fn add_bucket(aws: &Aws, name: &str, slice: &mut Slice) {
    if let Some((owner, bucket)) = aws.buckets.get(name) {
        slice.add(&store_candidates(aws, owner, bucket), [store(bucket)]);
    }
}

/// Everybody who may get at a bucket: a bucket policy may name an account, the key policy one of its roles, and that role
/// may be assumed by somebody else.
fn store_candidates(aws: &Aws, owner: &AccountId, bucket: &Bucket) -> Principals {
    let mut candidates = bucket_candidates(aws, owner, bucket);
    for key in keys_of(aws, owner, bucket) {
        candidates.extend(key_candidates(aws, key));
    }
    with_entrants(aws, owner, candidates)
}

fn with_entrants(aws: &Aws, owner: &AccountId, candidates: Principals) -> Principals {
    let mut found = with_assumers(aws, &candidates);
    found.extend(entrants(aws, owner));
    found
}

/// The customer-managed keys of a bucket, now and formerly.
pub(super) fn keys_of_store(aws: &Aws, store: &Resource) -> BTreeSet<Resource> {
    let Some((owner, bucket)) = bucket(aws, store) else { return BTreeSet::new() };
    let texts = bucket.encryption.iter().flat_map(BucketEncryption::keys);
    texts
        .filter_map(|key| aws.resolve_key(key, owner, &bucket.region))
        .filter(|arn| aws.keys.get(arn).is_none_or(|k| !k.aws_managed))
        .map(|arn| Resource::key(Cloud::Aws, arn.as_str()))
        .collect()
}

fn keys_of<'a>(aws: &'a Aws, owner: &AccountId, bucket: &Bucket) -> Vec<&'a Key> {
    let texts = bucket.encryption.iter().flat_map(BucketEncryption::keys);
    texts.filter_map(|key| aws.keys.get(&aws.resolve_key(key, owner, &bucket.region)?)).collect()
}

fn add_key(aws: &Aws, arn: &Arn, slice: &mut Slice) {
    let Some(key) = aws.keys.get(arn) else { return };
    let owner = arn.account();
    let mut candidates = key_candidates(aws, key);
    if let Some(owner) = &owner {
        candidates = with_entrants(aws, owner, candidates);
    }
    slice.add(&candidates, [Resource::key(Cloud::Aws, arn.as_str())]);
    for name in aws.buckets_of_key(arn) {
        if let Some((owner, bucket)) = aws.buckets.get(&name) {
            let mut all = candidates.clone();
            all.extend(store_candidates(aws, owner, bucket));
            slice.add(&all, [store(bucket)]);
        }
    }
}

/// A grant speaks of its grantee and of those who can become him.
fn add_key_grants(
    aws: &Aws,
    arn: &Arn,
    grants: &mut dyn Iterator<Item = &KmsGrant>,
    slice: &mut Slice,
) {
    let grantees: Principals = grants.flat_map(|grant| grantees(aws, grant)).collect();
    let mut principals = with_assumers(aws, &grantees);
    for account in grantees.iter().filter_map(|p| Arn::parse(p.name()).ok()?.account()) {
        principals.extend(aws.speaking_of(&account, POWERS).map(principal));
    }
    slice.add(&principals, [Resource::key(Cloud::Aws, arn.as_str())]);
    let encrypted = aws.buckets_of_key(arn);
    let buckets = encrypted.iter().filter_map(|name| aws.buckets.get(name));
    slice.add(&principals, buckets.map(|(_, bucket)| store(bucket)));
}

/// The grantee of a grant; an account as grantee hands on to its principals.
fn grantees(aws: &Aws, grant: &KmsGrant) -> Principals {
    let mut found = Principals::new();
    if grant.for_service {
        return found;
    }
    if let Ok(grantee) = Arn::parse(&grant.grantee) {
        found.insert(named_principal(aws, grantee.as_str()));
        if let ("root", Some(account)) = (grantee.resource(), grantee.account()) {
            found.extend(aws.requesters(&account).map(principal));
        }
    }
    found
}

pub(super) fn candidates(aws: &Aws, resource: &Resource) -> Principals {
    let owner = owner_of(aws, resource);
    let mut found = all_candidates(aws, resource);
    if let Some(owner) = owner {
        found.remove(&Principal::named(owner.root().as_str()));
    }
    found
}

fn all_candidates(aws: &Aws, resource: &Resource) -> Principals {
    match resource.kind {
        ResourceKind::Store => {
            let found = bucket(aws, resource);
            found.map(|(owner, b)| store_candidates(aws, owner, b)).unwrap_or_default()
        }
        ResourceKind::Key => {
            let key = Arn::parse(resource.name()).ok().and_then(|arn| aws.keys.get(&arn));
            let Some((key, owner)) = key.and_then(|k| Some((k, k.arn.account()?))) else {
                return Principals::new();
            };
            with_entrants(aws, &owner, key_candidates(aws, key))
        }
    }
}

/// Everybody who may have access to a bucket: the owner's principals, whom the policy or ACL names, and everyone.
fn bucket_candidates(aws: &Aws, owner: &AccountId, bucket: &Bucket) -> Principals {
    let points = bucket.access_points.values().map(|p| &p.policy);
    let policies: Vec<&Document> = points.chain([&bucket.policy]).flatten().flatten().collect();
    let known = bucket.policy.is_some();
    let mut found = own_candidates(aws, owner, &bucket.name, &policies, known);
    found.extend([Principal::Public, Principal::AnyAuthenticated]);
    for policy in policies {
        found.extend(named(aws, policy, owner, &bucket.name));
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

/// The principals of the owner's account who may have access: those whose own side speaks of the resource or who have power over
/// principals; all of them where the resource's policy admits everyone, or is not known.
fn own_candidates(
    aws: &Aws,
    owner: &AccountId,
    name: &str,
    policies: &[&Document],
    known: bool,
) -> Principals {
    let admits_everyone = policies.iter().any(|policy| {
        let trusters = Aws::trusted_by(policy);
        trusters.contains(&Truster::Everyone)
    });
    if admits_everyone || !known {
        return aws.requesters(owner).map(principal).collect();
    }
    aws.may_speak_of(owner, name).chain(aws.speaking_of(owner, POWERS)).map(principal).collect()
}

fn key_candidates(aws: &Aws, key: &Key) -> Principals {
    let Some(owner) = key.arn.account() else { return Principals::new() };
    let policies: Vec<&Document> = key.policy.iter().collect();
    let name = key.arn.as_str();
    // Grants that are not known may be anybody's.
    let known = key.policy.is_some() && key.grants_known;
    let mut found = own_candidates(aws, &owner, name, &policies, known);
    found.insert(Principal::AnyAuthenticated);
    for policy in policies {
        found.extend(named(aws, policy, &owner, name));
    }
    found.extend(key.grants.values().flat_map(|grant| grantees(aws, grant)));
    found
}

/// Whom a resource policy names outside of the owner's account, and by ARN inside of it. An account of the estate that is
/// named as a whole is asked about as a whole and by its principals. What is given to everyone under conditions is given
/// to those who meet them: the accounts of the estate and of the organisation, and those that the conditions name.
fn named(aws: &Aws, policy: &Document, owner: &AccountId, name: &str) -> Principals {
    let mut found = Principals::new();
    // A Deny gives nothing to anybody.
    for statement in policy.statements().iter().filter(|s| s.effect == Effect::Allow) {
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
            found.extend(everybody_of_ours(aws, owner, name));
            found.extend(statement.conditions.iter().flat_map(named_in_condition));
        }
        for pattern in patterns {
            match pattern {
                PrincipalPattern::Account(account) if account != owner => {
                    found.insert(Principal::named(account.root().as_str()));
                    found.extend(aws.may_speak_of(account, name).map(principal));
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

fn everybody_of_ours(aws: &Aws, owner: &AccountId, name: &str) -> Principals {
    let members = aws.organization.iter().flat_map(|o| &o.accounts);
    let others = aws.accounts.keys().chain(members).filter(|a| *a != owner);
    let mut found = Principals::new();
    for account in others {
        found.insert(Principal::named(account.root().as_str()));
        found.extend(aws.may_speak_of(account, name).map(principal));
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
    let arn = Arn::parse(principal.name()).ok();
    // Whoever the provider vouches for: an OIDC provider serves many tenants, a SAML provider is the account's own.
    if arn.as_ref().is_none_or(|a| a.resource().starts_with("oidc-provider/")) {
        return Reach::OtherOrganisation;
    }
    let theirs = arn.and_then(|a| a.account());
    match (theirs, owner_of(aws, resource)) {
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
    encryption.all().any(|e| match e {
        Encryption::S3Managed | Encryption::AwsManagedKey => false,
        Encryption::Kms { key, .. } => {
            let key =
                aws.resolve_key(key, owner, &bucket.region).and_then(|arn| aws.keys.get(&arn));
            key.is_none_or(|k| !k.aws_managed)
        }
    })
}
