//! What the own side of a user or role consists of: documents, boundary, policies of the organisation. Looked up once per principal,
//! asked at each question.

use super::power::POWERS;
use crate::estate::aws::{Aws, OrganizationPolicyKind};
use crate::model::Pattern;
use crate::model::aws::{
    AccountId, Action, Arn, Document, Effect, IamKind, IamPrincipal, ResourceMatch,
};
use std::fmt;

/// The own side of a user or role.
#[derive(Debug)]
pub(crate) struct Own<'a> {
    pub(super) account: Option<AccountId>,
    /// Identity policies, its groups' included.
    pub(super) documents: Vec<Held<'a>>,
    /// What else there may be, in words.
    pub(super) unseen: Vec<String>,
    /// The permissions boundary, by its ARN where the document is not known.
    pub(super) boundary: Option<(&'a Arn, Option<&'a Document>)>,
    /// Service control policies.
    pub(super) control: Limits<'a>,
    /// The known actions that some document speaks of.
    actions: u64,
    /// What is allowed over principals on which resources, whatever the conditions.
    powers: Vec<Allowed<'a>>,
}

/// What one statement allows: actions by bit, and on which resources; none named: on any.
#[derive(Debug)]
struct Allowed<'a> {
    actions: u64,
    on: Option<&'a [Pattern]>,
}

/// An identity policy, and who holds it.
#[derive(Debug)]
pub(super) struct Held<'a> {
    pub(super) document: &'a Document,
    holder: &'a Arn,
    name: Name<'a>,
}

#[derive(Debug)]
enum Name<'a> {
    Inline(&'a str),
    Managed(&'a Arn),
}

impl fmt::Display for Held<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Name::Inline(name) => write!(f, "inline policy `{name}` of {}", self.holder),
            Name::Managed(policy) => write!(f, "policy {policy} of {}", self.holder),
        }
    }
}

/// Policies of the organisation that bind an account.
#[derive(Debug)]
pub(super) enum Limits<'a> {
    /// None.
    Free,
    /// It is not known which, in words.
    Unknown(String),
    /// Those of each level, from the account up to the root.
    Levels(Vec<Level<'a>>),
}

/// Policies attached to the root, a unit or an account.
#[derive(Debug)]
pub(super) struct Level<'a> {
    pub(super) name: std::sync::Arc<str>,
    pub(super) policies: Vec<(&'a str, Option<&'a Document>)>,
}

impl<'a> Own<'a> {
    pub(super) fn of(aws: &'a Aws, principal: &'a IamPrincipal) -> Self {
        let account = principal.arn.account();
        let state = account.as_ref().and_then(|a| aws.accounts.get(a));
        let mut own = Self {
            documents: Vec::new(),
            unseen: Vec::new(),
            boundary: None,
            control: Limits::Free,
            actions: 0,
            powers: Vec::new(),
            account,
        };
        own.hold(aws, principal);
        for name in &principal.groups {
            match state.and_then(|a| a.principals.get(&(IamKind::Group, name.clone()))) {
                Some(group) => own.hold(aws, group),
                None => own.unseen.push(format!("group `{name}` is not in the estate")),
            }
        }
        if !(state.is_some_and(|a| a.iam_known) && principal.complete) {
            own.unseen
                .push(format!("the other policies of {} are not in the estate", principal.arn));
        }
        own.boundary = principal.boundary.as_ref().map(|policy| {
            let document = own.account.as_ref().and_then(|a| aws.managed_document(a, policy));
            (policy, document)
        });
        // Service-linked roles are bound by none.
        if let (Some(account), false) = (&own.account, principal.arn.is_service_linked_role()) {
            own.control = Limits::of(aws, account, OrganizationPolicyKind::Service);
        }
        own.sum_up();
        own
    }

    fn hold(&mut self, aws: &'a Aws, holder: &'a IamPrincipal) {
        for (name, document) in &holder.inline {
            let name = Name::Inline(name);
            self.documents.push(Held { document, holder: &holder.arn, name });
        }
        for policy in &holder.attached {
            match self.account.as_ref().and_then(|a| aws.managed_document(a, policy)) {
                Some(document) => {
                    let name = Name::Managed(policy);
                    self.documents.push(Held { document, holder: &holder.arn, name });
                }
                None => self.unseen.push(format!("the document of {policy} is not in the estate")),
            }
        }
    }

    /// The same with the policies of one more group.
    pub(super) fn with(mut self, aws: &'a Aws, group: &'a IamPrincipal) -> Self {
        self.hold(aws, group);
        self.sum_up();
        self
    }

    /// Whether some document speaks of one of the actions of a mask; *yes* when not all is known.
    pub(super) fn speaks_of_any(&self, actions: u64) -> bool {
        !self.unseen.is_empty() || self.actions & actions != 0
    }

    /// Whether some document may allow one of the [`POWERS`] of a mask on a resource; *yes* when not all is known. What is *no*
    /// here need not be evaluated.
    pub(super) fn may_allow(&self, actions: u64, on: &Arn) -> bool {
        let text = on.as_str();
        let touches = |allowed: &Allowed<'_>| {
            allowed.actions & actions != 0
                && allowed.on.is_none_or(|patterns| patterns.iter().any(|p| p.matches(text)))
        };
        !self.unseen.is_empty() || self.powers.iter().any(touches)
    }

    /// What the documents speak of, once all are held.
    fn sum_up(&mut self) {
        self.actions = self.documents.iter().fold(0, |all, held| all | held.document.actions());
        let powerful = self.documents.iter().filter(|held| held.document.actions() & POWERS != 0);
        let statements = powerful.flat_map(|held| {
            let variables = held.document.has_variables();
            held.document.statements().iter().map(move |statement| (statement, variables))
        });
        self.powers = statements
            .filter(|(s, _)| s.effect == Effect::Allow && s.actions & POWERS != 0)
            .map(|(statement, variables)| {
                let on = match &statement.resource {
                    // A star may stand for more here than in the evaluation, never for less.
                    ResourceMatch::Is(patterns) if !variables => Some(patterns.as_slice()),
                    ResourceMatch::Is(_) | ResourceMatch::Not(_) | ResourceMatch::Attached => None,
                };
                Allowed { actions: statement.actions, on }
            })
            .collect();
    }

    /// Whether some document speaks of an action; *yes* when not all is known.
    pub(super) fn speaks_of(&self, action: Action<'_>) -> bool {
        !self.unseen.is_empty() || action.bit().is_none_or(|bit| self.actions & bit != 0)
    }
}

impl<'a> Limits<'a> {
    /// The policies of one kind that bind an account.
    pub(super) fn of(aws: &'a Aws, account: &AccountId, kind: OrganizationPolicyKind) -> Self {
        let unknown = "the organisation's policies are not in the estate";
        let Some(organization) = &aws.organization else {
            let free = aws.is_in_no_organization(account) || !aws.accounts.contains_key(account);
            return if free { Self::Free } else { Self::Unknown(unknown.to_owned()) };
        };
        if !organization.contains(account) || organization.management.as_ref() == Some(account) {
            return Self::Free;
        }
        if !organization.policies_known {
            return Self::Unknown(unknown.to_owned());
        }
        if !organization.policies.values().any(|p| p.kind == kind) {
            return Self::Free;
        }
        let path = organization.path(account);
        if !path.last().is_some_and(|root| root.starts_with("r-")) {
            return Self::Unknown(format!(
                "the place of account {account} in the organisation is not in the estate"
            ));
        }
        let level = |name: std::sync::Arc<str>| {
            let attached = organization.attached(kind, &name);
            let policies = attached.map(|(_, p)| (&*p.name, p.document.as_ref())).collect();
            Level { name, policies }
        };
        Self::Levels(path.into_iter().map(level).collect())
    }
}
