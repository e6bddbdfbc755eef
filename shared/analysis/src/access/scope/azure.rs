//! Slices and tags in Azure.

use super::{Slice, Tags};
use crate::access::azure::{account_of, keys_of};
use crate::change::AzureEdit;
use crate::estate::azure::{Azure, Part};
use crate::model::azure::{ArmId, ArmKind, ArmResource, KeySource};
use crate::model::{Cloud, Principal, Resource};
use std::collections::BTreeSet;
use std::sync::Arc;

type Principals = BTreeSet<Principal>;

pub(super) fn slice(azure: &Azure, edit: &AzureEdit, slice: &mut Slice) {
    match edit {
        AzureEdit::Assignment { id, state } => {
            let assignments = [state.as_deref(), azure.assignments.get(id)];
            for assignment in assignments.into_iter().flatten() {
                add_grant(azure, &assignment.principal, &assignment.scope, slice);
            }
        }
        AzureEdit::Definition { id, .. } => {
            let name = id.name().to_lowercase();
            for assignment in
                azure.assignments.values().filter(|a| a.role.name().eq_ignore_ascii_case(&name))
            {
                add_grant(azure, &assignment.principal, &assignment.scope, slice);
            }
        }
        AzureEdit::Deny { id, state } => {
            let denies = [state.as_deref(), azure.denies.get(id)];
            for deny in denies.into_iter().flatten() {
                resources_below(azure, &deny.scope).for_each(|r| add_resource(azure, r, slice));
            }
        }
        AzureEdit::Resource { id, state } => {
            for resource in [azure.resources.get(id), state.as_ref()].into_iter().flatten() {
                add_resource(azure, resource, slice);
            }
        }
        AzureEdit::Patch { id, .. } | AzureEdit::AccessPolicies { vault: id, .. } => {
            if let Some(resource) = azure.resources.get(id) {
                add_resource(azure, resource, slice);
            }
        }
        AzureEdit::Member { member, .. } => {
            let ids = azure.members_of(member);
            let members = ids.iter().cloned().map(Principal::Named).collect();
            slice.add(&members, azure.resources.values().filter_map(resource));
            add_accounts_of(azure, &ids, slice);
        }
    }
}

/// All accounts, containers and keys.
pub(super) fn resources(azure: &Azure) -> impl Iterator<Item = Resource> {
    azure.resources.values().filter_map(resource)
}

/// The customer-managed keys of an account or container.
pub(super) fn keys_of_store(azure: &Azure, store: &Resource) -> BTreeSet<Resource> {
    let id = ArmId::new(store.name());
    let Some(account) = account_of(azure, &id) else { return BTreeSet::new() };
    let container = azure.resources.get(&id).filter(|r| r.kind() == ArmKind::Container);
    let references = keys_of(azure, account, container);
    let found = references.iter().filter_map(|reference| azure.find_key(reference));
    found.map(|key| Resource::key(Cloud::Azure, key.id.as_str())).collect()
}

/// The resource of a question, for the kinds that have an answer.
fn resource(arm: &ArmResource) -> Option<Resource> {
    match arm.kind() {
        ArmKind::StorageAccount | ArmKind::Container => {
            Some(Resource::store(Cloud::Azure, arm.id.as_str()))
        }
        ArmKind::Key => Some(Resource::key(Cloud::Azure, arm.id.as_str())),
        ArmKind::EncryptionScope
        | ArmKind::Vault
        | ArmKind::Identity
        | ArmKind::Lock
        | ArmKind::Other => None,
    }
}

fn resources_below<'a>(
    azure: &'a Azure,
    scope: &'a ArmId,
) -> impl Iterator<Item = &'a ArmResource> {
    azure.resources.values().filter(move |r| azure.scope_contains(scope, &r.id))
}

/// A principal got or lost a role at a scope. When it is the identity of storage accounts, everybody's access to those
/// hangs on it.
fn add_grant(azure: &Azure, principal: &str, scope: &ArmId, slice: &mut Slice) {
    let members = azure.members_of(principal);
    let principals = members.iter().cloned().map(Principal::Named).collect();
    // A scope inside an account (a container that the estate does not list) reaches a part of that account; what is below
    // a management group may be unknown.
    let around = scope.ancestor("storageAccounts").and_then(|id| azure.resources.get(&id));
    let unplaced =
        scope.folded().contains("/managementgroups/") && !azure.knows(Part::ManagementGroups);
    let reached =
        azure.resources.values().filter(|r| unplaced || azure.scope_contains(scope, &r.id));
    slice.add(&principals, reached.chain(around).filter_map(resource));
    add_accounts_of(azure, &members, slice);
}

/// The accounts that decrypt by one of these identities.
fn add_accounts_of(azure: &Azure, identities: &BTreeSet<Arc<str>>, slice: &mut Slice) {
    let accounts = azure.of_kind(ArmKind::StorageAccount).filter(|a| uses_identity(a, identities));
    accounts.for_each(|account| add_account(azure, account, slice));
}

fn uses_identity(account: &ArmResource, identities: &BTreeSet<Arc<str>>) -> bool {
    match account.storage_account().key_source {
        KeySource::Customer { identity: Some(identity), .. } => identities.contains(&identity),
        KeySource::Customer { identity: None, .. } | KeySource::Microsoft | KeySource::Unclear => {
            false
        }
    }
}

fn add_account(azure: &Azure, account: &ArmResource, slice: &mut Slice) {
    for one in azure.containers_of(&account.id).chain([account]) {
        slice.add(&candidates(azure, &one.id), resource(one));
    }
}

fn add_resource(azure: &Azure, changed: &ArmResource, slice: &mut Slice) {
    match changed.kind() {
        ArmKind::StorageAccount => add_account(azure, changed, slice),
        // What is said of an account depends on which of its containers are listed.
        ArmKind::Container => {
            slice.add(&candidates(azure, &changed.id), resource(changed));
            if let Some(account) = account_of(azure, &changed.id) {
                add_account(azure, account, slice);
            }
        }
        ArmKind::EncryptionScope => {
            if let Some(account) = account_of(azure, &changed.id) {
                add_account(azure, account, slice);
            }
        }
        ArmKind::Key => add_key(azure, changed, slice),
        ArmKind::Vault => {
            azure
                .of_kind(ArmKind::Key)
                .filter(|k| changed.id.contains(&k.id))
                .for_each(|key| add_key(azure, key, slice));
        }
        ArmKind::Lock => {
            let Some(scope) = changed.id.scope_of_extension() else { return };
            for below in resources_below(azure, &scope) {
                match below.kind() {
                    ArmKind::StorageAccount => add_account(azure, below, slice),
                    ArmKind::Container | ArmKind::Key => {
                        slice.add(&candidates(azure, &below.id), resource(below));
                    }
                    ArmKind::EncryptionScope
                    | ArmKind::Vault
                    | ArmKind::Identity
                    | ArmKind::Lock
                    | ArmKind::Other => {}
                }
            }
        }
        ArmKind::Identity | ArmKind::Other => {}
    }
}

fn add_key(azure: &Azure, key: &ArmResource, slice: &mut Slice) {
    slice.add(&candidates(azure, &key.id), resource(key));
    for account in azure.of_kind(ArmKind::StorageAccount) {
        if let KeySource::Customer { key: reference, .. } = account.storage_account().key_source
            && azure.find_key(&reference).is_none_or(|k| k.id == key.id)
        {
            add_account(azure, account, slice);
        }
    }
}

/// Everybody who may have access to a resource: who has a role at it or above, who stands in the vault's access
/// policies, and everyone.
pub(super) fn candidates(azure: &Azure, id: &ArmId) -> Principals {
    let above = azure
        .assignments
        .values()
        .filter(|a| azure.scope_contains(&a.scope, id) || id.contains(&a.scope));
    let mut found: Principals =
        above.flat_map(|a| azure.members_of(&a.principal)).map(Principal::Named).collect();
    if let Some(vault) = azure.vault_of(id) {
        found.extend(
            vault
                .vault()
                .policies
                .into_iter()
                .flat_map(|p| azure.members_of(&p.principal))
                .map(Principal::Named),
        );
    }
    found.extend([Principal::Public, Principal::AnyAuthenticated]);
    found
}

/// A container inherits the tags of its account.
pub(super) fn tags(azure: &Azure, resource: &Resource) -> Tags {
    let id = ArmId::new(resource.name());
    let own = azure.resources.get(&id).map(ArmResource::tags).unwrap_or_default();
    let above = account_of(azure, &id).map(ArmResource::tags).unwrap_or_default();
    above.into_iter().chain(own).collect()
}
