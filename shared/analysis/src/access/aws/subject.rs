//! Who asks: a user or role of the estate, somebody outside of it, a whole account, or everyone.

use super::own::Own;
use crate::estate::aws::Aws;
use crate::model::Principal;
use crate::model::aws::{AccountId, Arn, IamKind, IamPrincipal};
use std::sync::Arc;

/// The maker of a request.
#[derive(Debug, Clone)]
pub(crate) enum Subject<'a> {
    /// Nobody in particular, without identity.
    Anonymous,
    /// Any identity of any account that is not the owner's.
    AnyAccount,
    /// A whole account: whatever its administrators let their principals do.
    Account(AccountId),
    /// A user or role that the estate holds.
    Iam(Iam<'a>),
    /// A principal by ARN that the estate does not hold.
    Outside(Arn),
    /// Whoever an identity provider vouches for: the provider's ARN, or the host name of one that AWS knows by itself.
    Federated(Arc<str>),
    /// A name that is no AWS principal.
    Nobody,
}

/// A user or role, or one session of a role.
#[derive(Debug, Clone)]
pub(crate) struct Iam<'a> {
    pub(crate) principal: &'a IamPrincipal,
    /// What its own side consists of, looked up once.
    pub(crate) own: Arc<Own<'a>>,
    /// The ARN of the session, when one is asked about: a policy may name it alone.
    pub(crate) session: Option<Arn>,
    /// Whether the session is a federated user's: what its user has is limited by session policies that nobody keeps.
    pub(crate) federated: bool,
}

impl<'a> Subject<'a> {
    pub(crate) fn of(aws: &'a Aws, principal: &Principal) -> Self {
        let name = match principal {
            Principal::Public => return Self::Anonymous,
            Principal::AnyAuthenticated => return Self::AnyAccount,
            Principal::Named(name) => name,
        };
        match Arn::parse(name) {
            Ok(arn) if arn.resource() == "root" => {
                arn.account().map_or(Self::Nobody, Self::Account)
            }
            Ok(arn) if is_provider(&arn) => Self::Federated(name.clone()),
            Ok(arn) => Self::by_arn(aws, arn),
            Err(_) if aws.is_provider(name) => Self::Federated(name.clone()),
            Err(_) => Self::Nobody,
        }
    }

    fn by_arn(aws: &'a Aws, arn: Arn) -> Self {
        let role = arn.session_role().map(|(account, role)| Arn::iam(&account, "role", role));
        let user = arn.federated_user().map(|(account, user)| Arn::iam(&account, "user", user));
        let federated = user.is_some();
        let of_session = role.or(user);
        let asked = of_session.as_ref().unwrap_or(&arn);
        if let Some(principal) = aws.principal(asked) {
            // A group holds policies for its members and is nobody itself.
            if principal.kind == IamKind::Group {
                return Self::Nobody;
            }
            let session = of_session.is_some().then_some(arn);
            let own = Arc::new(Own::of(aws, principal));
            return Self::Iam(Iam { principal, own, session, federated });
        }
        // A user or role that a known account does not have is nobody.
        let account = asked.account().and_then(|a| aws.accounts.get(&a));
        if asked.service() == "iam" && account.is_some_and(|a| a.iam_known) {
            Self::Nobody
        } else {
            Self::Outside(arn)
        }
    }

    /// A user or role of the estate.
    pub(crate) fn iam(aws: &'a Aws, principal: &'a IamPrincipal) -> Self {
        let own = Arc::new(Own::of(aws, principal));
        Self::Iam(Iam { principal, own, session: None, federated: false })
    }

    /// A user as he would be within one more group.
    pub(crate) fn as_member(aws: &'a Aws, user: &'a IamPrincipal, group: &'a IamPrincipal) -> Self {
        let own = Arc::new(Own::of(aws, user).with(aws, group));
        Self::Iam(Iam { principal: user, own, session: None, federated: false })
    }

    /// Whether the ARN says it all: no session of a role, no federated user.
    pub(crate) const fn is_plain(&self) -> bool {
        matches!(self, Self::Iam(iam) if iam.session.is_none())
    }

    pub(crate) fn account(&self) -> Option<AccountId> {
        match self {
            Self::Account(account) => Some(account.clone()),
            Self::Iam(iam) => iam.own.account.clone(),
            Self::Outside(arn) => arn.account(),
            Self::Anonymous | Self::AnyAccount | Self::Federated(_) | Self::Nobody => None,
        }
    }

    /// The ARN of the user or role; that of a session only where the estate does not hold the role.
    pub(crate) fn arn(&self) -> Option<&Arn> {
        match self {
            Self::Iam(iam) => Some(&iam.principal.arn),
            Self::Outside(arn) => Some(arn),
            Self::Account(_)
            | Self::Anonymous
            | Self::AnyAccount
            | Self::Federated(_)
            | Self::Nobody => None,
        }
    }

    /// Whether a permissions boundary is attached.
    pub(crate) const fn is_bounded(&self) -> bool {
        matches!(self, Self::Iam(iam) if iam.principal.boundary.is_some())
    }
}

/// Whether an ARN is that of an identity provider.
pub(crate) fn is_provider(arn: &Arn) -> bool {
    arn.service() == "iam"
        && ["oidc-provider/", "saml-provider/"].iter().any(|p| arn.resource().starts_with(p))
}
