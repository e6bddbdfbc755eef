//! What belongs to keyfence itself: `estate/keyfence.json`.
//!
//! ```json
//! {"aws":   {"role_arns": [], "rule_arns": [], "trail_names": [], "function_arns": [], "queue_urls": []},
//!  "azure": {"principal_ids": [], "diagnostic_setting_ids": [], "function_app_ids": []},
//!  "gcp":   {"service_accounts": [], "sinks": [], "topics": []}}
//! ```
//!
//! Lists whose name ends in `role_arns`, `principal_ids` or `service_accounts` are identities; all others are
//! resources. Lists that a later version adds count as resources as well.

use super::files::{self, FileError};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Identities and resources of keyfence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Own {
    /// Role ARNs, object ids and e-mail addresses, in lower case.
    identities: BTreeSet<Arc<str>>,
    /// Names of rules, functions, queues, sinks, settings, in lower case.
    resources: BTreeSet<Arc<str>>,
}

impl Own {
    pub(super) fn load(&mut self, path: &str, content: &[u8]) -> Result<(), FileError> {
        let value = files::json(path, content)?;
        let clouds =
            value.as_object().ok_or_else(|| FileError::new(path, "expected an object by cloud"))?;
        for (cloud, lists) in clouds {
            let lists = lists.as_object().ok_or_else(|| {
                FileError::new(path, format!("`{cloud}`: expected an object of lists"))
            })?;
            for (name, items) in lists {
                let items = items.as_array().ok_or_else(|| {
                    FileError::new(path, format!("`{cloud}.{name}`: expected a list of strings"))
                })?;
                let identity = ["role_arns", "principal_ids", "service_accounts"]
                    .iter()
                    .any(|n| name.ends_with(n));
                let set = if identity { &mut self.identities } else { &mut self.resources };
                for item in items {
                    let text = item.as_str().ok_or_else(|| {
                        FileError::new(path, format!("`{cloud}.{name}`: expected strings"))
                    })?;
                    set.insert(text.to_lowercase().into());
                }
            }
        }
        Ok(())
    }

    /// Whether a principal is keyfence itself. A GCP service account counts by its e-mail address, wherever that stands in
    /// a name; an AWS role by account and name, since events leave the path out.
    #[must_use]
    pub fn is_identity(&self, principal: &str) -> bool {
        let folded = principal.to_lowercase();
        let address = match folded.split_once(':') {
            Some(("serviceaccount", address)) => address,
            Some(_) | None => folded.rsplit('/').next().unwrap_or_default(),
        };
        let role = role_of(&folded);
        self.identities.iter().any(|own| {
            let by_address = own.contains('@') && **own == *address;
            **own == *folded || by_address || role.is_some() && role_of(own) == role
        })
    }

    /// Whether a resource is keyfence's own: by its whole name, by the last part of it, or because it stands below one.
    #[must_use]
    pub fn is_resource(&self, resource: &str) -> bool {
        if resource.is_empty() {
            return false;
        }
        let folded = resource.to_lowercase();
        let relative = folded
            .strip_prefix("//")
            .and_then(|r| r.split_once('/'))
            .map_or(folded.as_str(), |(_, r)| r);
        self.resources.iter().any(|own| {
            let own = &**own;
            let below = |name: &str| {
                name.strip_prefix(own)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':']))
            };
            below(&folded)
                || below(relative)
                || !own.contains(['/', ':']) && folded.rsplit(['/', ':']).next() == Some(own)
        })
    }

    /// Whether an identity or a resource is keyfence's own.
    #[must_use]
    pub fn is_own(&self, name: &str) -> bool {
        self.is_resource(name) || self.is_identity(name)
    }
}

/// Account and name of a role ARN, without the path.
fn role_of(arn: &str) -> Option<(&str, &str)> {
    let (account, resource) = arn.strip_prefix("arn:aws:iam::")?.split_once(':')?;
    Some((account, resource.strip_prefix("role/")?.rsplit('/').next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Own {
        let mut own = Own::default();
        let json = br#"{"aws": {"role_arns": ["arn:aws:iam::1:role/keyfence"], "trail_names": ["keyfence-trail"]},
            "gcp": {"service_accounts": ["k@p.iam.gserviceaccount.com"], "sinks": ["organizations/1/sinks/keyfence"]}}"#;
        own.load("keyfence.json", json).unwrap();
        own
    }

    #[test]
    fn own_identities_and_resources_in_their_spellings() {
        let own = own();
        assert!(own.is_identity("serviceAccount:k@p.iam.gserviceaccount.com"));
        assert!(own.is_identity("arn:aws:iam::1:role/Keyfence"));
        assert!(!own.is_identity("user:k@p.iam.gserviceaccount.com.evil.example"));
        assert!(own.is_resource("arn:aws:cloudtrail:us-east-1:1:trail/keyfence-trail"));
        assert!(own.is_resource("//logging.googleapis.com/organizations/1/sinks/keyfence"));
        assert!(!own.is_resource("organizations/1/sinks/keyfence-other"));
    }

    #[test]
    fn a_broken_file_names_the_place() {
        let error =
            Own::default().load("keyfence.json", br#"{"aws": {"role_arns": "x"}}"#).unwrap_err();
        assert_eq!(error.to_string(), "keyfence.json: `aws.role_arns`: expected a list of strings");
    }
}
