//! Slices, reach and labels in Google Cloud.

use super::{Slice, Tags};
use crate::access::gcp::{account_of, actors_of, lets_act, service_agent};
use crate::change::GcpEdit;
use crate::estate::gcp::Gcp;
use crate::model::gcp::{Asset, AssetKind, Binding, FullName};
use crate::model::{Cloud, Principal, Reach, Resource};
use std::collections::BTreeSet;
use std::sync::Arc;

type Principals = BTreeSet<Principal>;

pub(super) fn slice(gcp: &Gcp, edit: &GcpEdit, slice: &mut Slice) {
    match edit {
        // Of a policy that is not known everybody below may have anything.
        GcpEdit::Policy { resource, policy: None } => {
            add_policy(gcp, resource, BTreeSet::new(), slice);
            add_below(gcp, resource, slice);
        }
        GcpEdit::Policy { resource, policy } => {
            let bindings: BTreeSet<&Binding> = policy.iter().flat_map(|p| &p.bindings).collect();
            add_policy(gcp, resource, bindings, slice);
        }
        GcpEdit::Delta { resource, delta } => {
            add_policy(gcp, resource, delta.added.iter().chain(&delta.removed).collect(), slice)
        }
        GcpEdit::Asset { name, state } => {
            let name = gcp.canonical(name);
            // What it was may bear another address than what it is.
            for asset in gcp.assets.get(&name).into_iter().chain(state) {
                add_asset(gcp, asset, slice);
            }
        }
        GcpEdit::Data { name, .. } => {
            if let Some(asset) = gcp.assets.get(&gcp.canonical(name)) {
                add_asset(gcp, asset, slice);
            }
        }
        GcpEdit::Role { role, .. } | GcpEdit::RoleDelta { role, .. } => {
            let holders =
                gcp.policies.iter().filter(|(_, p)| p.bindings.iter().any(|b| b.role == *role));
            for (name, policy) in holders {
                add_policy(
                    gcp,
                    name,
                    policy.bindings.iter().filter(|b| b.role == *role).collect(),
                    slice,
                );
            }
        }
        GcpEdit::OrgPolicies { resource, .. } => add_below(gcp, resource, slice),
        GcpEdit::Deny { name, policy } => {
            for deny in [policy.as_ref(), gcp.denies.get(name)].into_iter().flatten() {
                add_below(gcp, &deny.attachment, slice);
            }
        }
        GcpEdit::Member { member, .. } => {
            let members = gcp.expand(member);
            let actors = actors_among(gcp, &members);
            let principals = members.into_iter().map(Principal::Named).chain(actors).collect();
            slice.add(&principals, gcp.assets.values().filter_map(resource));
        }
    }
}

/// All buckets and keys.
pub(super) fn resources(gcp: &Gcp) -> impl Iterator<Item = Resource> {
    gcp.of_kind(AssetKind::Bucket).chain(gcp.of_kind(AssetKind::CryptoKey)).filter_map(resource)
}

/// The default keys of a bucket, now and formerly.
pub(super) fn keys_of_store(gcp: &Gcp, store: &Resource) -> BTreeSet<Resource> {
    let Some(asset) = gcp.assets.get(&FullName::new(store.name())) else { return BTreeSet::new() };
    let view = asset.bucket();
    let keys = view.default_key.into_iter().chain(view.former_keys);
    keys.map(|key| Resource::key(Cloud::Gcp, key.as_str())).collect()
}

fn all_principals(gcp: &Gcp) -> Principals {
    let named = gcp.policies.values().flat_map(|p| &p.bindings).map(|b| b.member.clone());
    let groups = gcp.groups.keys().map(|g| Arc::from(format!("group:{g}")));
    let members: BTreeSet<Arc<str>> =
        named.chain(groups).flat_map(|m: Arc<str>| gcp.expand(&m)).collect();
    let mut everyone: Principals = members.iter().map(|m| member(m)).collect();
    everyone.extend([Principal::Public, Principal::AnyAuthenticated]);
    everyone
}

fn resource(asset: &Asset) -> Option<Resource> {
    match asset.kind() {
        AssetKind::Bucket => Some(Resource::store(Cloud::Gcp, asset.name.as_str())),
        AssetKind::CryptoKey => Some(Resource::key(Cloud::Gcp, asset.name.as_str())),
        AssetKind::Organization
        | AssetKind::Folder
        | AssetKind::Project
        | AssetKind::ManagedFolder
        | AssetKind::KeyRing
        | AssetKind::CryptoKeyVersion
        | AssetKind::ServiceAccount
        | AssetKind::Other => None,
    }
}

/// Bindings of a resource's policy changed: their members, with everything below the resource. For a service account its
/// actors get what it has, wherever that is; for the service agent of a bucket everybody's access hangs on it.
fn add_policy(gcp: &Gcp, changed: &FullName, bindings: BTreeSet<&Binding>, slice: &mut Slice) {
    let changed = gcp.canonical(changed);
    let current = gcp.policies.get(&changed).into_iter().flat_map(|p| &p.bindings);
    let members: BTreeSet<Arc<str>> =
        current.chain(bindings.iter().copied()).flat_map(|b| gcp.expand(&b.member)).collect();
    let mut principals: Principals = members.iter().map(|m| member(m)).collect();
    let actors = actors_among(gcp, &members);
    let by_actors = actors.iter().any(|p| {
        reaches_others(p.name()) || *p == Principal::Public || *p == Principal::AnyAuthenticated
    });
    principals.extend(actors);
    // What is given to everyone, to a domain or to holders of a basic role reaches principals that stand elsewhere.
    if by_actors || members.iter().any(|m| reaches_others(m)) {
        principals.extend(all_principals(gcp));
    }
    // Who may act as a service account has what that account has, wherever it has it.
    let bindings_now = gcp.policies.get(&changed).into_iter().flat_map(|p| &p.bindings);
    let acts = bindings_now.chain(bindings.iter().copied()).any(|b| lets_act(gcp, b));
    let is_account =
        acts || gcp.assets.get(&changed).is_some_and(|a| a.kind() == AssetKind::ServiceAccount);
    let below =
        gcp.assets.values().filter(|a| is_account || gcp.lineage(&a.name).contains(&changed));
    slice.add(&principals, below.filter_map(resource));
    // Whom nothing else names is known, or known no more, as one of a domain or a set.
    let named = |member: &Arc<str>| {
        gcp.grants(member).is_some() || gcp.groups.values().any(|g| g.contains(member))
    };
    let only_here = bindings.iter().map(|b| &b.member).filter(|member| !named(member));
    let only_here: Principals = only_here.map(|m| self::member(m)).collect();
    if !only_here.is_empty() {
        slice.add(&only_here, resources(gcp));
    }
    // A managed folder's policy opens objects of its bucket.
    let around = changed.segment("managedFolders").and_then(|_| changed.up_to("buckets"));
    slice.add(&principals, around.and_then(|b| gcp.assets.get(&b)).and_then(resource));
    for bucket in gcp.of_kind(AssetKind::Bucket) {
        let touched = service_agent(bucket).is_some_and(|a| members.contains(a.name()));
        let key_below =
            bucket.bucket().default_key.is_some_and(|k| gcp.lineage(&k).contains(&changed));
        if touched && key_below {
            slice.add(&candidates(gcp, &bucket.name), resource(bucket));
        }
    }
}

/// Members that stand for others, whom no list names.
fn reaches_others(member: &str) -> bool {
    matches!(member, "allUsers" | "allAuthenticatedUsers")
        || member.starts_with("domain:")
        || member.starts_with("project")
        || member.starts_with("principalSet:")
}

fn is_set(member: &str) -> bool {
    member.starts_with("domain:") || member.starts_with("principalSet:")
}

/// The principals that the estate names elsewhere and that may be in a domain or a set.
fn of_sets(gcp: &Gcp, sets: &[Arc<str>]) -> BTreeSet<Arc<str>> {
    let in_set = |member: &str| {
        sets.iter().any(|set| match set.strip_prefix("domain:") {
            Some(domain) => {
                member.strip_prefix("user:").is_some_and(|a| a.rsplit('@').next() == Some(domain))
            }
            // Sets of pools and of service accounts.
            None => member.starts_with("principal:") || member.starts_with("serviceAccount:"),
        })
    };
    let grouped = gcp.groups.values().flatten();
    gcp.members().chain(grouped).filter(|m| in_set(m)).cloned().collect()
}

/// Who can act as the service accounts among some members.
fn actors_among(gcp: &Gcp, members: &BTreeSet<Arc<str>>) -> Principals {
    let accounts = members.iter().filter_map(|m| account_of(gcp, m));
    accounts.flat_map(|account| actors_of(gcp, account)).map(|m| member(&m)).collect()
}

/// Everything below a level of the hierarchy, with everybody who may have access to it.
fn add_below(gcp: &Gcp, level: &FullName, slice: &mut Slice) {
    let level = gcp.canonical(level);
    for asset in gcp.assets.values().filter(|a| gcp.lineage(&a.name).contains(&level)) {
        slice.add(&candidates(gcp, &asset.name), resource(asset));
    }
}

fn add_asset(gcp: &Gcp, changed: &Asset, slice: &mut Slice) {
    let key = match changed.kind() {
        AssetKind::Bucket => {
            slice.add(&candidates(gcp, &changed.name), resource(changed));
            return;
        }
        AssetKind::CryptoKey => changed.name.clone(),
        AssetKind::CryptoKeyVersion => match changed.name.up_to("cryptoKeys") {
            Some(key) => key,
            None => return,
        },
        AssetKind::Organization | AssetKind::Folder | AssetKind::Project | AssetKind::KeyRing => {
            add_below(gcp, &changed.name, slice);
            return;
        }
        AssetKind::ManagedFolder => {
            let bucket = changed.name.up_to("buckets").and_then(|name| gcp.assets.get(&name));
            bucket.into_iter().for_each(|bucket| add_asset(gcp, bucket, slice));
            return;
        }
        // What it has, and whoever acts as it, wherever that is.
        AssetKind::ServiceAccount => {
            let own = changed.text("email").map(|e| Arc::from(format!("serviceAccount:{e}")));
            let members: BTreeSet<Arc<str>> = own.into_iter().collect();
            let mut principals = actors_among(gcp, &members);
            principals.extend(actors_of(gcp, &changed.name).iter().map(|m| member(m)));
            if principals
                .iter()
                .any(|p| reaches_others(p.name()) || !matches!(p, Principal::Named(_)))
            {
                principals.extend(all_principals(gcp));
            }
            principals.extend(members.iter().map(|m| member(m)));
            slice.add(&principals, gcp.assets.values().filter_map(resource));
            return;
        }
        AssetKind::Other => return,
    };
    if let Some(asset) = gcp.assets.get(&key) {
        slice.add(&candidates(gcp, &key), resource(asset));
    }
    for bucket in
        gcp.of_kind(AssetKind::Bucket).filter(|b| b.bucket().default_key.as_ref() == Some(&key))
    {
        slice.add(&candidates(gcp, &bucket.name), resource(bucket));
    }
}

fn member(text: &str) -> Principal {
    match text {
        "allUsers" => Principal::Public,
        "allAuthenticatedUsers" => Principal::AnyAuthenticated,
        other => Principal::Named(other.into()),
    }
}

/// Everybody whom a policy on the line above names, with those who can act as a service account among them.
pub(super) fn candidates(gcp: &Gcp, name: &FullName) -> Principals {
    let line = gcp.lineage(name);
    // The policies of managed folders open objects of their bucket.
    let folders = format!("{name}/managedFolders/");
    let inside = gcp.policies.range(FullName::new(&folders)..);
    let inside = inside.take_while(|(n, _)| n.as_str().starts_with(&folders)).map(|(_, p)| p);
    let above = line.iter().filter_map(|n| gcp.policies.get(n));
    let bindings = above.chain(inside).flat_map(|p| &p.bindings);
    let mut members: BTreeSet<Arc<str>> = bindings.flat_map(|b| gcp.expand(&b.member)).collect();
    let accounts: BTreeSet<FullName> =
        members.iter().filter_map(|m| account_of(gcp, m)).cloned().collect();
    members.extend(accounts.iter().flat_map(|a| actors_of(gcp, a)));
    let sets: Vec<Arc<str>> = members.iter().filter(|m| is_set(m)).cloned().collect();
    if !sets.is_empty() {
        members.extend(of_sets(gcp, &sets));
    }
    members.extend(gcp.assets.get(name).map(named_in_acl).unwrap_or_default());
    let mut found: Principals = members.iter().map(|m| member(m)).collect();
    found.extend([Principal::Public, Principal::AnyAuthenticated]);
    found
}

/// Whom the ACLs of a bucket name: `user-<e-mail>` is a service account where the address says so.
fn named_in_acl(bucket: &Asset) -> BTreeSet<Arc<str>> {
    let lists =
        ["acl", "defaultObjectAcl"].into_iter().filter_map(|l| bucket.data.get(l)?.as_array());
    let entities = lists.flatten().filter_map(|e| e.get("entity")?.as_str());
    let member = |entity: &str| {
        let (kind, address) = entity.split_once('-')?;
        let kind = match kind {
            "user" if address.ends_with(".gserviceaccount.com") => "serviceAccount",
            "user" => "user",
            "group" => "group",
            "domain" => "domain",
            _ => return None,
        };
        Some(format!("{kind}:{address}").into())
    };
    entities.filter_map(member).collect()
}

/// Users and groups belong to the organisation whose domain they have; service accounts to the project in their address.
pub(super) fn reach(gcp: &Gcp, member: &str, resource: &Resource) -> Reach {
    let name = FullName::new(resource.name());
    let Some((kind, address)) = member.split_once(':') else { return Reach::OtherOrganisation };
    let host = address.rsplit('@').next().unwrap_or_default();
    if kind == "serviceAccount" {
        return service_account_reach(gcp, address, host, &name);
    }
    if matches!(kind, "projectViewer" | "projectEditor" | "projectOwner") {
        return Reach::Internal;
    }
    match gcp.domain_of(&name) {
        Some(domain)
            if host.eq_ignore_ascii_case(domain)
                || host.to_lowercase().ends_with(&format!(".{}", domain.to_lowercase())) =>
        {
            Reach::Internal
        }
        Some(_) | None => Reach::OtherOrganisation,
    }
}

fn service_account_reach(gcp: &Gcp, address: &str, host: &str, name: &FullName) -> Reach {
    let own = gcp.project_of(name);
    // `service-<number>@…`, `<number>-compute@developer…`, `<number>@cloudservices…` carry the project's number,
    // `<id>@appspot…` and `<name>@<id>.iam…` its id.
    let local = address.split('@').next().unwrap_or_default();
    let agent = local.strip_prefix("service-").or_else(|| local.strip_suffix("-compute"));
    let id = match host {
        "appspot.gserviceaccount.com" | "cloudservices.gserviceaccount.com" => Some(local),
        "developer.gserviceaccount.com" => agent,
        _ => host.strip_suffix(".iam.gserviceaccount.com"),
    };
    let project = agent.and_then(|n| gcp.project(n)).or_else(|| id.and_then(|i| gcp.project(i)));
    match (project, own) {
        (Some(p), Some(own)) if p.name == own.name => Reach::Internal,
        (Some(_), _) => Reach::OtherAccount,
        (None, _) => Reach::OtherOrganisation,
    }
}

pub(super) fn tags(gcp: &Gcp, resource: &Resource) -> Tags {
    gcp.assets.get(&FullName::new(resource.name())).map(Asset::labels).unwrap_or_default()
}
