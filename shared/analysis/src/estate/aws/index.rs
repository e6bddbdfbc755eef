//! Reverse indexes of the AWS part: who holds a policy, who is in a group, which roles trust somebody, which buckets a key
//! encrypts, which resources name somebody. They follow from the state and are kept current with each edit, so that a
//! change is judged by what it touches.

use super::{Account, Aws};
use crate::estate::sets::{Sets, add, put, take};
use crate::model::aws::{
    AccountId, Arn, Bucket, Document, Effect, Encryption, IamKind, IamPrincipal, Key, Known,
    PrincipalMatch, PrincipalPattern, ResourceMatch, partition,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Where a principal stands: account, kind and name.
pub type Place = (AccountId, IamKind, Arc<str>);

/// Whom a resource or trust policy names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truster {
    /// Everyone, or all but some.
    Everyone,
    /// A whole account, or a session or unknown id of one.
    Account(AccountId),
    /// One principal by ARN, or an identity provider.
    Principal(Arc<str>),
}

impl Truster {
    /// Some session of a role: policies name sessions without the role's path.
    #[must_use]
    pub fn session(account: &AccountId, role: &str) -> Self {
        Self::Principal(format!("arn:aws:sts::{account}:assumed-role/{role}").into())
    }
}

/// A resource with a policy of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// A bucket by name.
    Bucket(Arc<str>),
    /// A key.
    Key(Arn),
}

/// The indexes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Index {
    holders: Sets<Arn, Place>,
    members: Sets<(AccountId, Arc<str>), Arc<str>>,
    trusts: Sets<Truster, Place>,
    /// Names of roles by their account and whom they trust.
    entered: Sets<(AccountId, Truster), Arc<str>>,
    buckets: Sets<AccountId, Arc<str>>,
    keys: Sets<AccountId, Arn>,
    /// By the key's ARN or the alias' ARN that the bucket names.
    encrypted: Sets<Arn, Arc<str>>,
    aliases: Sets<Arn, Arn>,
    named: Sets<Truster, Named>,
    /// Of what the own sides of principals speak.
    speeches: BTreeMap<Place, Speech>,
    /// Principals whose own side names a bucket, by its name, or a key, by its ARN.
    mentions: Sets<Arc<str>, Place>,
    /// Principals whose own side speaks of buckets or keys by more than their names.
    wild: Sets<AccountId, Place>,
}

/// Of what the own side of a principal speaks.
#[derive(Debug, Clone, Default, PartialEq)]
struct Speech {
    /// The known actions; all, when not all of it is known.
    actions: u64,
    /// Names of buckets, ARNs of keys.
    names: BTreeSet<Arc<str>>,
    /// Whether it speaks of buckets or keys by more than their names.
    wild: bool,
}

impl Speech {
    fn unknown() -> Self {
        Self { actions: u64::MAX, names: BTreeSet::new(), wild: true }
    }

    fn add(&mut self, document: &Document) {
        self.actions |= document.actions();
        for statement in document.statements() {
            if statement.effect == Effect::Deny || !Known::reaches_data(statement.actions) {
                continue;
            }
            let ResourceMatch::Is(patterns) = &statement.resource else {
                self.wild = true;
                continue;
            };
            for pattern in patterns {
                match literal_name(pattern.as_str()) {
                    Some(name) => {
                        self.names.insert(name.into());
                    }
                    None => self.wild = true,
                }
            }
        }
    }
}

/// The bucket that a pattern names, by its name, or the key, by its ARN; `None` for a wider pattern.
#[must_use]
pub fn literal_name(pattern: &str) -> Option<&str> {
    let (partition, rest) = pattern.strip_prefix("arn:")?.split_once(':')?;
    let plain = |text: &str| !text.contains(['*', '?', '$']);
    if let Some(name) = rest.strip_prefix("s3:::") {
        let name = name.split_once('/').map_or(name, |(bucket, _)| bucket);
        return (plain(partition) && plain(name)).then_some(name);
    }
    (rest.starts_with("kms:") && rest.contains(":key/") && plain(pattern)).then_some(pattern)
}

impl Index {
    /// Puts a principal in or takes it out.
    pub(super) fn principal(
        &mut self,
        account: &AccountId,
        name: &Arc<str>,
        state: &IamPrincipal,
        there: bool,
    ) {
        let place: Place = (account.clone(), state.kind, name.clone());
        for policy in state.attached.iter().chain(&state.boundary) {
            put(&mut self.holders, policy.clone(), place.clone(), there);
        }
        for group in &state.groups {
            put(&mut self.members, (account.clone(), group.clone()), name.clone(), there);
        }
        // A role without a known trust policy may be open to anybody of its account.
        let trusters = match (&state.trust, state.kind) {
            (Some(trust), _) => trusters(trust),
            (None, IamKind::Role) => [Truster::Account(account.clone())].into(),
            (None, IamKind::User | IamKind::Group) => BTreeSet::new(),
        };
        for truster in trusters {
            put(&mut self.entered, (account.clone(), truster.clone()), name.clone(), there);
            put(&mut self.trusts, truster, place.clone(), there);
        }
    }

    /// Puts in what the own side of a principal speaks of, in place of what it spoke of before.
    fn speech(&mut self, place: &Place, speech: Option<Speech>) {
        if let Some(was) = self.speeches.remove(place) {
            was.names.into_iter().for_each(|name| take(&mut self.mentions, &name, place));
            take(&mut self.wild, &place.0, place);
        }
        if let Some(speech) = speech {
            for name in &speech.names {
                add(&mut self.mentions, name.clone(), place.clone());
            }
            if speech.wild {
                add(&mut self.wild, place.0.clone(), place.clone());
            }
            self.speeches.insert(place.clone(), speech);
        }
    }

    /// Puts a bucket in or takes it out.
    pub(super) fn bucket(&mut self, owner: &AccountId, bucket: &Bucket, there: bool) {
        put(&mut self.buckets, owner.clone(), bucket.name.clone(), there);
        let encryptions =
            bucket.encryption.iter().flat_map(|e| e.former.iter().chain([&e.current]));
        for encryption in encryptions {
            if let Encryption::Kms { key, .. } = encryption
                && let Some(arn) = Aws::key_or_alias(key, owner, &bucket.region)
            {
                put(&mut self.encrypted, arn, bucket.name.clone(), there);
            }
        }
        let points = bucket.access_points.values().filter_map(|p| p.policy.as_ref()?.as_ref());
        let documents = bucket.policy.iter().flatten().chain(points);
        let named: BTreeSet<Truster> = documents.flat_map(trusters).collect();
        for truster in named {
            put(&mut self.named, truster, Named::Bucket(bucket.name.clone()), there);
        }
    }

    /// Puts a key in or takes it out.
    pub(super) fn key(&mut self, key: &Key, there: bool) {
        if let Some(owner) = key.arn.account() {
            put(&mut self.keys, owner, key.arn.clone(), there);
        }
        let mut named: BTreeSet<Truster> = key.policy.iter().flat_map(trusters).collect();
        named.extend(key.grants.values().filter_map(|g| truster_of_arn(&g.grantee)));
        for truster in named {
            put(&mut self.named, truster, Named::Key(key.arn.clone()), there);
        }
    }

    /// Puts an alias in or takes it out.
    pub(super) fn alias(&mut self, alias: &Arn, key: &str, there: bool) {
        if let Some(account) = alias.account()
            && let Ok(key) = Arn::parse(&format!(
                "arn:{}:kms:{}:{account}:key/{key}",
                partition(alias.region()),
                alias.region()
            ))
        {
            put(&mut self.aliases, key, alias.clone(), there);
        }
    }
}

/// Whom the Allow statements of a policy name.
fn trusters(document: &Document) -> BTreeSet<Truster> {
    let mut found = BTreeSet::new();
    for statement in document.statements() {
        match &statement.principal {
            PrincipalMatch::Attached => {}
            PrincipalMatch::Not(_) => {
                found.insert(Truster::Everyone);
            }
            PrincipalMatch::Is(patterns) => {
                found.extend(patterns.iter().filter_map(truster));
            }
        }
    }
    found
}

fn truster(pattern: &PrincipalPattern) -> Option<Truster> {
    match pattern {
        PrincipalPattern::Everyone | PrincipalPattern::CanonicalUser(_) => Some(Truster::Everyone),
        PrincipalPattern::Account(account) => Some(Truster::Account(account.clone())),
        PrincipalPattern::Arn(arn) => truster_of_arn(arn),
        PrincipalPattern::Federated(provider) => Some(Truster::Principal(provider.clone())),
        // A unique id means somebody who was there once.
        PrincipalPattern::UniqueId(_) | PrincipalPattern::Service(_) => None,
    }
}

fn truster_of_arn(text: &str) -> Option<Truster> {
    let arn = Arn::parse(text).ok()?;
    if arn.resource() == "root" {
        return arn.account().map(Truster::Account);
    }
    if let Some((account, role)) = arn.session_role() {
        return Some(Truster::session(&account, role));
    }
    Some(Truster::Principal(text.into()))
}

impl Aws {
    /// Puts what the own side of a principal speaks of in, or takes it out.
    pub(super) fn index_speech(&mut self, place: &Place, there: bool) {
        let known = self.role_at(place).filter(|p| there && p.kind != IamKind::Group);
        let speech = known.map(|principal| self.speech(&place.0, principal));
        self.index.speech(place, speech);
    }

    /// What the documents of a principal's own side speak of.
    fn speech(&self, account: &AccountId, principal: &IamPrincipal) -> Speech {
        let mut speech = Speech::default();
        let Some(state) = self.accounts.get(account).filter(|a| a.iam_known && principal.complete)
        else {
            return Speech::unknown();
        };
        let groups = principal
            .groups
            .iter()
            .map(|name| state.principals.get(&(IamKind::Group, name.clone())));
        for holder in groups.chain([Some(principal)]) {
            let Some(holder) = holder else { return Speech::unknown() };
            holder.inline.values().for_each(|document| speech.add(document));
            for policy in &holder.attached {
                match self.managed_document(account, policy) {
                    Some(document) => speech.add(document),
                    None => return Speech::unknown(),
                }
            }
        }
        speech
    }

    /// The principals whose own side changes with what is attached to one, or to a group.
    pub(super) fn affected_by(&self, place: &Place) -> Vec<Place> {
        let (account, kind, name) = place;
        match kind {
            IamKind::User | IamKind::Role => vec![place.clone()],
            IamKind::Group => {
                let members = self.index.members.get(&(account.clone(), name.clone()));
                let members = members.into_iter().flatten();
                members.map(|user| (account.clone(), IamKind::User, user.clone())).collect()
            }
        }
    }

    /// The users and roles of an account whose own side speaks of one of the actions of a mask.
    pub fn speaking_of(
        &self,
        account: &AccountId,
        actions: u64,
    ) -> impl Iterator<Item = &IamPrincipal> {
        let from: Place = (account.clone(), IamKind::User, "".into());
        let all = self.index.speeches.range(from..);
        let own = all.take_while(|((of, _, _), _)| of == account).collect::<Vec<_>>();
        own.into_iter()
            .filter(move |(_, known)| known.actions & actions != 0)
            .filter_map(|(place, _)| self.role_at(place))
    }

    /// The users and roles of an account whose own side may speak of a bucket (by its name) or a key (by its ARN).
    pub fn may_speak_of(
        &self,
        account: &AccountId,
        name: &str,
    ) -> impl Iterator<Item = &IamPrincipal> {
        let wild = self.index.wild.get(account).into_iter().flatten();
        let named = self.index.mentions.get(name).into_iter().flatten();
        wild.chain(named.filter(|place| place.0 == *account))
            .filter_map(|place| self.role_at(place))
    }

    /// Builds the indexes from the state.
    pub fn reindex(&mut self) {
        let mut index = Index::default();
        for (account, state) in &self.accounts {
            for ((kind, name), principal) in &state.principals {
                index.principal(account, name, principal, true);
                if *kind != IamKind::Group {
                    let place = (account.clone(), *kind, name.clone());
                    index.speech(&place, Some(self.speech(account, principal)));
                }
            }
        }
        for (owner, bucket) in self.buckets.values() {
            index.bucket(owner, bucket, true);
        }
        for key in self.keys.values() {
            index.key(key, true);
        }
        for (alias, key) in &self.aliases {
            index.alias(alias, key, true);
        }
        self.index = index;
    }

    /// Whether the indexes are those of the state: a law that tests hold.
    #[must_use]
    pub fn is_indexed(&self) -> bool {
        let mut fresh = self.clone();
        fresh.reindex();
        fresh.index == self.index
    }

    /// Who has a policy attached, or as a boundary.
    pub fn holders_of(&self, policy: &Arn) -> impl Iterator<Item = &Place> {
        self.index.holders.get(policy).into_iter().flatten()
    }

    /// Roles whose trust policy names somebody.
    pub fn trusting(&self, truster: &Truster) -> impl Iterator<Item = &Place> {
        self.index.trusts.get(truster).into_iter().flatten()
    }

    /// Whom the Allow statements of a resource or trust policy name.
    #[must_use]
    pub fn trusted_by(document: &Document) -> BTreeSet<Truster> {
        trusters(document)
    }

    /// The forms under which resource policies name an account or its principals.
    #[must_use]
    pub fn trusters_of(&self, account: &AccountId) -> Vec<Truster> {
        let mut found = vec![Truster::Account(account.clone())];
        for service in ["iam", "sts"] {
            let of_account = format!("arn:aws:{service}::{account}:");
            let from = Truster::Principal(of_account.as_str().into());
            let principals = self.index.named.range(from..).map(|(truster, _)| truster);
            let theirs = principals.take_while(|t| match t {
                Truster::Principal(arn) => arn.starts_with(&of_account),
                Truster::Everyone | Truster::Account(_) => false,
            });
            found.extend(theirs.cloned());
        }
        found
    }

    /// Whether a name is that of an identity provider that some role trusts.
    #[must_use]
    pub fn is_provider(&self, name: &Arc<str>) -> bool {
        self.index.trusts.contains_key(&Truster::Principal(name.clone()))
    }

    /// Identity providers that roles of an account trust.
    pub fn providers(&self) -> impl Iterator<Item = &Arc<str>> {
        self.index.trusts.keys().filter_map(|truster| match truster {
            Truster::Principal(name) if !name.contains(":user/") && !name.contains(":role/") => {
                Some(name)
            }
            Truster::Principal(_) | Truster::Everyone | Truster::Account(_) => None,
        })
    }

    /// Whom the trust policies of the roles of an account name.
    pub fn trusters_into(&self, account: &AccountId) -> impl Iterator<Item = &Truster> {
        let from = (account.clone(), Truster::Everyone);
        let own = self.index.entered.range(from..).map(|(key, _)| key);
        let own: Vec<_> = own.take_while(|(of, _)| of == account).map(|(_, t)| t).collect();
        own.into_iter()
    }

    /// The role at a place.
    #[must_use]
    pub fn role_at(&self, place: &Place) -> Option<&IamPrincipal> {
        let (account, kind, name) = place;
        self.accounts.get(account)?.principals.get(&(*kind, name.clone()))
    }

    /// Names of the buckets of an account.
    pub fn buckets_in(&self, account: &AccountId) -> impl Iterator<Item = &Arc<str>> {
        self.index.buckets.get(account).into_iter().flatten()
    }

    /// The keys of an account.
    pub fn keys_in(&self, account: &AccountId) -> impl Iterator<Item = &Arn> {
        self.index.keys.get(account).into_iter().flatten()
    }

    /// Resources whose policies, or grants, name somebody.
    pub fn naming(&self, truster: &Truster) -> impl Iterator<Item = &Named> {
        self.index.named.get(truster).into_iter().flatten()
    }

    /// Names of buckets whose objects may be encrypted with a key, now or formerly.
    #[must_use]
    pub fn buckets_of_key(&self, key: &Arn) -> BTreeSet<Arc<str>> {
        let aliases = self.index.aliases.get(key).into_iter().flatten();
        aliases
            .chain([key])
            .flat_map(|name| self.index.encrypted.get(name).into_iter().flatten().cloned())
            .collect()
    }

    /// Names of buckets whose default encryption names an alias.
    pub fn buckets_of_alias(&self, alias: &Arn) -> impl Iterator<Item = &Arc<str>> {
        self.index.encrypted.get(alias).into_iter().flatten()
    }

    /// Names of the aliases of a key (`alias/…`).
    #[must_use]
    pub fn aliases_of(&self, key: &Arn) -> Vec<Arc<str>> {
        let aliases = self.index.aliases.get(key).into_iter().flatten();
        aliases.map(|alias| alias.resource().into()).collect()
    }

    /// The members of a group.
    pub fn members_of(
        &self,
        account: &AccountId,
        group: &str,
    ) -> impl Iterator<Item = &IamPrincipal> {
        let users = self.index.members.get(&(account.clone(), group.into())).into_iter().flatten();
        let state = self.accounts.get(account);
        users.filter_map(move |name| member(state?, name))
    }
}

fn member<'a>(account: &'a Account, name: &Arc<str>) -> Option<&'a IamPrincipal> {
    account.principals.get(&(IamKind::User, name.clone()))
}
