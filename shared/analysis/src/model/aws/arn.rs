//! Amazon Resource Names and account ids.

use std::fmt;
use std::sync::Arc;

/// A twelve-digit account id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(Arc<str>);

impl AccountId {
    /// Twelve digits, nothing else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())).then(|| Self(text.into()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The ARN that stands for the whole account in a policy.
    #[must_use]
    pub fn root(&self) -> Arn {
        Arn(format!("arn:aws:iam::{self}:root").into())
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// `arn:partition:service:region:account:resource`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn(Arc<str>);

/// A text that is no ARN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an ARN (`arn:partition:service:region:account:resource`)")]
pub struct ArnError(String);

impl Arn {
    /// Reads an ARN.
    ///
    /// # Errors
    /// When the text does not start with `arn:` or has fewer than six fields.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        if text.starts_with("arn:") && text.splitn(6, ':').count() == 6 {
            Ok(Self(text.into()))
        } else {
            Err(ArnError(text.chars().take(80).collect()))
        }
    }

    /// The ARN of a bucket.
    #[must_use]
    pub fn bucket(name: &str) -> Self {
        Self(format!("arn:aws:s3:::{name}").into())
    }

    /// The ARN of an IAM entity: `kind` is `role`, `user`, `group` or `policy`.
    #[must_use]
    pub fn iam(account: &AccountId, kind: &str, name: &str) -> Self {
        Self(format!("arn:aws:iam::{account}:{kind}/{name}").into())
    }

    /// Whether it is a role that a service made for itself.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html>
    #[must_use]
    pub fn is_service_linked_role(&self) -> bool {
        self.resource().starts_with("role/aws-service-role/")
    }

    /// The whole text, shared.
    #[must_use]
    pub fn text(&self) -> Arc<str> {
        self.0.clone()
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn field(&self, index: usize) -> &str {
        self.0.splitn(6, ':').nth(index).unwrap_or_default()
    }

    /// The service field (`s3`, `iam`, `kms`, …).
    #[must_use]
    pub fn service(&self) -> &str {
        self.field(2)
    }

    /// The region field; empty for global services.
    #[must_use]
    pub fn region(&self) -> &str {
        self.field(3)
    }

    /// The account field, when it is an account id.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        AccountId::parse(self.field(4))
    }

    /// What follows the account: `role/name`, a bucket name, `key/id`.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.field(5)
    }

    /// The last part of the resource, without type and path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.resource().rsplit('/').next().unwrap_or_default()
    }

    /// For the ARN of an assumed-role session: account and role name. A session ARN has no path.
    #[must_use]
    pub fn session_role(&self) -> Option<(AccountId, &str)> {
        let rest = (self.service() == "sts")
            .then(|| self.resource().strip_prefix("assumed-role/"))
            .flatten()?;
        Some((self.account()?, rest.split('/').next()?))
    }
}

impl Arn {
    /// For the ARN of a federated user's session: account and user name.
    #[must_use]
    pub fn federated_user(&self) -> Option<(AccountId, &str)> {
        let name = self.resource().strip_prefix("federated-user/")?;
        (self.service() == "sts").then_some((self.account()?, name))
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_an_arn() {
        let key = Arn::parse("arn:aws:kms:eu-west-1:111122223333:key/1a2b").unwrap();
        assert_eq!((key.service(), key.region(), key.name()), ("kms", "eu-west-1", "1a2b"));
        assert_eq!(key.account(), AccountId::parse("111122223333"));
        let session = Arn::parse("arn:aws:sts::111122223333:assumed-role/Admin/dana").unwrap();
        assert_eq!(session.session_role().map(|(_, r)| r), Some("Admin"));
        assert!(Arn::parse("AROAEXAMPLE").is_err());
        assert!(Arn::parse("arn:aws:iam::1").is_err());
    }
}
