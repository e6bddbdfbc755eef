//! The AWS part of the estate.

mod edit;
mod index;
mod load;
mod managed;
mod organization;

pub use edit::target_of;
pub use index::{Index, Named, Place, Truster, literal_name};
pub use managed::shipped_policy;
pub use organization::{Organization, OrganizationPolicy, OrganizationPolicyKind};

use crate::change::IamRef;
use crate::model::aws::{
    AccountId, Arn, Bucket, Document, IamKind, IamPrincipal, Key, ManagedPolicy, PublicAccessBlock,
    partition,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// All accounts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Aws {
    /// By account id.
    pub accounts: BTreeMap<AccountId, Account>,
    /// Buckets by name (names are unique across all accounts), with their account.
    pub buckets: BTreeMap<Arc<str>, (AccountId, Bucket)>,
    /// Keys by ARN.
    pub keys: BTreeMap<Arn, Key>,
    /// Key ids by alias ARN.
    pub aliases: BTreeMap<Arn, Arc<str>>,
    /// The organisation; `None`: unknown.
    pub organization: Option<Organization>,
    /// Reverse indexes; [`Aws::reindex`] builds them after loading, edits keep them current.
    index: Index,
}

/// One account.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Account {
    /// Whether authorization details were loaded.
    pub iam_known: bool,
    /// Users, roles and groups by kind and name.
    pub principals: BTreeMap<(IamKind, Arc<str>), IamPrincipal>,
    /// Managed policies by ARN.
    pub policies: BTreeMap<Arn, ManagedPolicy>,
    /// Whether the buckets were loaded.
    pub buckets_known: bool,
    /// Whether the keys were loaded.
    pub keys_known: bool,
    /// Block Public Access of the account; `None`: unknown.
    pub block: Option<PublicAccessBlock>,
    /// Whether the account's own file was loaded.
    pub file_known: bool,
    /// The organisation that the account says it belongs to.
    pub organization_id: Option<Arc<str>>,
    /// The account's canonical user id.
    pub canonical_id: Option<Arc<str>>,
}

impl Aws {
    /// The user, role or group with this ARN.
    #[must_use]
    pub fn principal(&self, arn: &Arn) -> Option<&IamPrincipal> {
        let account = self.accounts.get(&arn.account()?)?;
        let kind = match arn.resource().split('/').next()? {
            "user" => IamKind::User,
            "role" => IamKind::Role,
            "group" => IamKind::Group,
            _ => return None,
        };
        account.principals.get(&(kind, arn.name().into()))
    }

    /// The user, role or group that a reference names.
    #[must_use]
    pub fn find(&self, who: &IamRef) -> Option<&IamPrincipal> {
        self.accounts.get(&who.account)?.principals.get(&(who.kind, who.name.clone()))
    }

    /// The ARN of a referenced entity, with its path when the estate has it.
    #[must_use]
    pub fn arn_of(&self, who: &IamRef) -> Arn {
        self.find(who).map_or_else(|| who.arn_without_path(), |p| p.arn.clone())
    }

    /// Users and roles of an account: those who can make requests.
    pub fn requesters(&self, account: &AccountId) -> impl Iterator<Item = &IamPrincipal> {
        let found = self.accounts.get(account);
        found.into_iter().flat_map(|a| a.principals.values()).filter(|p| p.kind != IamKind::Group)
    }

    /// The document in force of a managed policy: from the account, else one that keyfence ships.
    #[must_use]
    pub fn managed_document(&self, account: &AccountId, policy: &Arn) -> Option<&Document> {
        let own = self
            .accounts
            .get(account)
            .and_then(|a| a.policies.get(policy))
            .and_then(ManagedPolicy::document);
        own.or_else(|| shipped_policy(policy))
    }

    /// The key that an id, ARN or alias means for a requester of this account and region.
    #[must_use]
    pub fn resolve_key(&self, text: &str, account: &AccountId, region: &str) -> Option<Arn> {
        let arn = Self::key_or_alias(text, account, region)?;
        if !arn.resource().starts_with("alias/") {
            return Some(arn);
        }
        let id = self.aliases.get(&arn)?;
        let (region, account) = (arn.region(), arn.account()?);
        Arn::parse(&format!("arn:{}:kms:{region}:{account}:key/{id}", partition(region))).ok()
    }

    /// The ARN of a key or alias that is written as an id, ARN or alias.
    fn key_or_alias(text: &str, account: &AccountId, region: &str) -> Option<Arn> {
        if let Ok(arn) = Arn::parse(text) {
            return Some(arn);
        }
        let resource =
            if text.starts_with("alias/") { text.to_owned() } else { format!("key/{text}") };
        Arn::parse(&format!("arn:{}:kms:{region}:{account}:{resource}", partition(region))).ok()
    }

    /// Whether an account of the estate says that it is in no organisation.
    #[must_use]
    pub fn is_in_no_organization(&self, account: &AccountId) -> bool {
        self.accounts.get(account).is_some_and(|a| a.file_known && a.organization_id.is_none())
    }

    /// Whether two accounts belong to the organisation of the estate; `None` when no organisation is known.
    #[must_use]
    pub fn same_organization(&self, account: &AccountId) -> Option<bool> {
        self.organization.as_ref().map(|o| o.contains(account))
    }
}
