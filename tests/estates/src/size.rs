//! How many of everything an estate has.

/// How large the estates are. The default is that of a company with ten thousand principals in AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// The AWS part.
    pub aws: AwsSize,
    /// The Azure part.
    pub azure: AzureSize,
    /// The Google Cloud part.
    pub gcp: GcpSize,
}

/// The size of an AWS organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwsSize {
    /// Member accounts, the management account included.
    pub accounts: usize,
    /// Roles and users together.
    pub principals: usize,
    /// Buckets.
    pub buckets: usize,
    /// Customer-managed keys.
    pub keys: usize,
    /// Customer-managed, inline, key and bucket policies together.
    pub policies: usize,
    /// Distinct permissions boundaries. They are the same in all accounts.
    pub boundaries: usize,
    /// KMS grants.
    pub grants: usize,
}

/// The size of an Azure tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AzureSize {
    /// Subscriptions.
    pub subscriptions: usize,
    /// Resource groups.
    pub resource_groups: usize,
    /// Role assignments.
    pub assignments: usize,
    /// Storage accounts.
    pub storage_accounts: usize,
    /// Blob containers.
    pub containers: usize,
    /// Key vaults.
    pub vaults: usize,
    /// Keys in the vaults.
    pub keys: usize,
    /// Custom role definitions.
    pub definitions: usize,
    /// Deny assignments.
    pub denies: usize,
    /// Groups.
    pub groups: usize,
    /// Users in the groups.
    pub members: usize,
}

/// The size of a Google Cloud organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GcpSize {
    /// Folders.
    pub folders: usize,
    /// Projects.
    pub projects: usize,
    /// Bindings: one role for one member, perhaps under a condition.
    pub bindings: usize,
    /// Buckets.
    pub buckets: usize,
    /// Key rings.
    pub key_rings: usize,
    /// Keys.
    pub keys: usize,
    /// Custom roles.
    pub roles: usize,
    /// Groups.
    pub groups: usize,
    /// Users in the groups.
    pub members: usize,
    /// Service accounts.
    pub service_accounts: usize,
    /// Deny policies.
    pub denies: usize,
}

impl Default for AwsSize {
    fn default() -> Self {
        Self {
            accounts: 40,
            principals: 10_000,
            buckets: 1_000,
            keys: 1_000,
            policies: 6_500,
            boundaries: 10,
            grants: 2_000,
        }
    }
}

impl Default for AzureSize {
    fn default() -> Self {
        Self {
            subscriptions: 25,
            resource_groups: 100,
            assignments: 2_000,
            storage_accounts: 300,
            containers: 1_500,
            vaults: 150,
            keys: 300,
            definitions: 60,
            denies: 20,
            groups: 200,
            members: 3_000,
        }
    }
}

impl Default for GcpSize {
    fn default() -> Self {
        Self {
            folders: 60,
            projects: 800,
            bindings: 20_000,
            buckets: 2_000,
            key_rings: 500,
            keys: 1_000,
            roles: 300,
            groups: 300,
            members: 5_000,
            service_accounts: 1_500,
            denies: 15,
        }
    }
}

impl Size {
    /// The same mix with this many times as much of everything. What an organisation has few of, whatever its size
    /// (boundaries, deny policies), grows slower, and nothing goes below what the mix needs.
    #[must_use]
    pub fn scale(&self, factor: f64) -> Self {
        Self {
            aws: self.aws.scale(factor),
            azure: self.azure.scale(factor),
            gcp: self.gcp.scale(factor),
        }
    }
}

impl AwsSize {
    fn scale(self, factor: f64) -> Self {
        Self {
            accounts: times(self.accounts, factor, 4),
            principals: times(self.principals, factor, 60),
            buckets: times(self.buckets, factor, 8),
            keys: times(self.keys, factor, 8),
            policies: times(self.policies, factor, 60),
            boundaries: self.boundaries,
            grants: times(self.grants, factor, 8),
        }
    }
}

impl AzureSize {
    fn scale(self, factor: f64) -> Self {
        Self {
            subscriptions: times(self.subscriptions, factor, 3),
            resource_groups: times(self.resource_groups, factor, 6),
            assignments: times(self.assignments, factor, 30),
            storage_accounts: times(self.storage_accounts, factor, 6),
            containers: times(self.containers, factor, 12),
            vaults: times(self.vaults, factor, 4),
            keys: times(self.keys, factor, 6),
            definitions: times(self.definitions, factor.sqrt(), 5),
            denies: times(self.denies, factor.sqrt(), 2),
            groups: times(self.groups, factor, 5),
            members: times(self.members, factor, 20),
        }
    }
}

impl GcpSize {
    fn scale(self, factor: f64) -> Self {
        Self {
            folders: times(self.folders, factor, 4),
            projects: times(self.projects, factor, 6),
            bindings: times(self.bindings, factor, 200),
            buckets: times(self.buckets, factor, 8),
            key_rings: times(self.key_rings, factor, 4),
            keys: times(self.keys, factor, 6),
            roles: times(self.roles, factor, 5),
            groups: times(self.groups, factor, 5),
            members: times(self.members, factor, 20),
            service_accounts: times(self.service_accounts, factor, 6),
            denies: times(self.denies, factor.sqrt(), 2),
        }
    }
}

fn times(count: usize, factor: f64, least: usize) -> usize {
    ((count as f64 * factor).round() as usize).max(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_times_the_size_has_ten_times_the_principals() {
        let large = Size::default().scale(10.0);
        assert_eq!(
            (large.aws.principals, large.aws.buckets, large.aws.keys),
            (100_000, 10_000, 10_000)
        );
        assert_eq!(large.aws.boundaries, Size::default().aws.boundaries);
        assert_eq!(Size::default().scale(1.0), Size::default());
    }
}
