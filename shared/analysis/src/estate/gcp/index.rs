//! Reverse indexes of the Google Cloud part: which policies name a member, which groups somebody is in, resources by kind.
//! They follow from the state and are kept current with each edit.

use super::Gcp;
use crate::estate::sets::{Sets, put};
use crate::model::gcp::{Asset, AssetKind, Binding, FullName, Policy};
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Arc, Mutex};

/// The lines above resources, as far as they were asked for. They follow from the hierarchy: whatever is in here, the state is
/// the same.
#[derive(Debug, Default)]
pub(super) struct Lines(Mutex<HashMap<FullName, Arc<[FullName]>>>);

impl Lines {
    fn get(&self, name: &FullName) -> Option<Arc<[FullName]>> {
        self.0.lock().ok()?.get(name).cloned()
    }

    fn keep(&self, name: &FullName, line: &Arc<[FullName]>) {
        if let Ok(mut lines) = self.0.lock() {
            lines.insert(name.clone(), line.clone());
        }
    }

    pub(super) fn forget(&self) {
        if let Ok(mut lines) = self.0.lock() {
            lines.clear();
        }
    }
}

impl Clone for Lines {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Lines {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Bindings by the resource whose policy holds them.
pub type Grants = Sets<FullName, Binding>;

/// The indexes.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Index {
    pub(super) lines: Lines,
    bound: BTreeMap<Arc<str>, Grants>,
    /// Those of members that stand for the holders of a basic role.
    of_basic_roles: Grants,
    groups_of: Sets<Arc<str>, Arc<str>>,
    kinds: Sets<AssetKind, FullName>,
    versions: Sets<FullName, FullName>,
    buckets_of_key: Sets<FullName, FullName>,
}

impl Index {
    pub(super) fn policy(&mut self, on: &FullName, policy: &Policy, there: bool) {
        for binding in &policy.bindings {
            let grants = self.bound.entry(binding.member.clone()).or_default();
            put(grants, on.clone(), binding.clone(), there);
            if grants.is_empty() {
                self.bound.remove(&binding.member);
            }
            if binding.is_of_basic_role() {
                put(&mut self.of_basic_roles, on.clone(), binding.clone(), there);
            }
        }
    }

    pub(super) fn member(&mut self, group: &Arc<str>, member: &Arc<str>, there: bool) {
        put(&mut self.groups_of, member.clone(), group.clone(), there);
    }

    pub(super) fn asset(&mut self, asset: &Asset, there: bool) {
        put(&mut self.kinds, asset.kind(), asset.name.clone(), there);
        if asset.kind() == AssetKind::CryptoKeyVersion
            && let Some(key) = asset.name.up_to("cryptoKeys")
        {
            put(&mut self.versions, key, asset.name.clone(), there);
        }
        if asset.kind() == AssetKind::Bucket {
            let view = asset.bucket();
            for key in view.default_key.into_iter().chain(view.former_keys) {
                put(&mut self.buckets_of_key, key, asset.name.clone(), there);
            }
        }
    }
}

impl Gcp {
    /// Builds the indexes from the state.
    pub fn reindex(&mut self) {
        self.name();
        let mut index = Index::default();
        for (on, policy) in &self.policies {
            index.policy(on, policy, true);
        }
        for (group, members) in &self.groups {
            members.iter().for_each(|member| index.member(group, member, true));
        }
        self.assets.values().for_each(|asset| index.asset(asset, true));
        self.index = index;
    }

    /// Whether the indexes are those of the state: a law that tests hold.
    #[must_use]
    pub fn is_indexed(&self) -> bool {
        let mut fresh = self.clone();
        fresh.reindex();
        fresh.index == self.index
    }

    /// What allow policies give a member by its name, by resource.
    #[must_use]
    pub fn grants(&self, member: &str) -> Option<&Grants> {
        self.index.bound.get(member)
    }

    /// What the policy of a resource gives to the holders of basic roles.
    pub fn given_to_basic_roles(&self, on: &FullName) -> impl Iterator<Item = &Binding> {
        self.index.of_basic_roles.get(on).into_iter().flatten()
    }

    /// The resource and everything above it, from near to far.
    #[must_use]
    pub fn lineage(&self, name: &FullName) -> Arc<[FullName]> {
        if let Some(line) = self.index.lines.get(name) {
            return line;
        }
        let line: Arc<[FullName]> = self.line_of(name).into();
        self.index.lines.keep(name, &line);
        line
    }

    /// The members of allow policies that begin so.
    pub fn members_from<'a>(&'a self, beginning: &'a str) -> impl Iterator<Item = &'a Arc<str>> {
        let from = self
            .index
            .bound
            .range::<str, _>((Bound::Included(beginning), Bound::Unbounded))
            .map(|(member, _)| member);
        from.take_while(move |member| member.starts_with(beginning))
    }

    /// All members that allow policies name.
    pub fn members(&self) -> impl Iterator<Item = &Arc<str>> {
        self.index.bound.keys()
    }

    /// The groups, by address, that somebody is a direct member of.
    pub(super) fn direct_groups(&self, member: &str) -> impl Iterator<Item = &Arc<str>> {
        self.index.groups_of.get(member).into_iter().flatten()
    }

    /// Resources of one kind.
    pub fn of_kind(&self, kind: AssetKind) -> impl Iterator<Item = &Asset> {
        let names = self.index.kinds.get(&kind).into_iter().flatten();
        names.filter_map(|name| self.assets.get(name))
    }

    /// The versions of a key that are listed.
    pub fn versions_of(&self, key: &FullName) -> impl Iterator<Item = &Asset> {
        let names = self.index.versions.get(key).into_iter().flatten();
        names.filter_map(|name| self.assets.get(name))
    }

    /// Buckets whose default key this is, or was.
    pub fn buckets_of_key(&self, key: &FullName) -> impl Iterator<Item = &Asset> {
        let names = self.index.buckets_of_key.get(key).into_iter().flatten();
        names.filter_map(|name| self.assets.get(name))
    }
}
