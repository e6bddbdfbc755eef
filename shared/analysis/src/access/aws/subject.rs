//! Who asks: a user or role of the estate, somebody outside of it, a whole account, or everyone.

use crate::estate::aws::Aws;
use crate::model::Principal;
use crate::model::aws::{AccountId, Arn, IamPrincipal};

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
    Iam(&'a IamPrincipal),
    /// A principal by ARN that the estate does not hold.
    Outside(Arn),
    /// A name that is no AWS principal.
    Nobody,
}

impl<'a> Subject<'a> {
    pub(crate) fn of(aws: &'a Aws, principal: &Principal) -> Self {
        match principal {
            Principal::Public => Self::Anonymous,
            Principal::AnyAuthenticated => Self::AnyAccount,
            Principal::Named(name) => match Arn::parse(name) {
                Ok(arn) if arn.resource() == "root" => {
                    arn.account().map_or(Self::Nobody, Self::Account)
                }
                Ok(arn) => {
                    let role =
                        arn.session_role().map(|(account, role)| Arn::iam(&account, "role", role));
                    let asked = role.as_ref().unwrap_or(&arn);
                    let account = asked.account().and_then(|a| aws.accounts.get(&a));
                    match aws.principal(asked) {
                        Some(found) => Self::Iam(found),
                        // A user or role that a known account does not have is nobody.
                        None if asked.service() == "iam"
                            && account.is_some_and(|a| a.iam_known) =>
                        {
                            Self::Nobody
                        }
                        None => Self::Outside(arn),
                    }
                }
                Err(_) => Self::Nobody,
            },
        }
    }

    pub(crate) fn account(&self) -> Option<AccountId> {
        match self {
            Self::Account(account) => Some(account.clone()),
            Self::Iam(principal) => principal.arn.account(),
            Self::Outside(arn) => arn.account(),
            Self::Anonymous | Self::AnyAccount | Self::Nobody => None,
        }
    }

    pub(crate) fn arn(&self) -> Option<&Arn> {
        match self {
            Self::Iam(principal) => Some(&principal.arn),
            Self::Outside(arn) => Some(arn),
            Self::Account(_) | Self::Anonymous | Self::AnyAccount | Self::Nobody => None,
        }
    }
}
