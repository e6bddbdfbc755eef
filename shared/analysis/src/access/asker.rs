//! Many questions on one estate: what the answers share is worked out once.

use super::{Answer, Trace, aws, azure, gcp};
use crate::estate::Estate;
use crate::model::{Access, Cloud, Principal, Resource};
use std::fmt;

/// Asks many questions of one estate. What does not depend on who asks, or on what he asks about, is looked up once.
pub struct Asker<'a> {
    estate: &'a Estate,
    aws: aws::Memory<'a>,
    azure: azure::Memory<'a>,
    gcp: gcp::Memory<'a>,
}

impl fmt::Debug for Asker<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asker").finish_non_exhaustive()
    }
}

impl<'a> Asker<'a> {
    /// An asker of an estate.
    #[must_use]
    pub fn new(estate: &'a Estate) -> Self {
        let (aws, gcp) = (aws::Memory::of(&estate.aws), gcp::Memory::of(&estate.gcp));
        Self { estate, aws, azure: azure::Memory::default(), gcp }
    }

    /// The same for who asks only what is *allowed*: a lock that cannot matter any more is not looked at, so that answers do not
    /// tell who is one grant short.
    #[must_use]
    pub fn of_allowed(estate: &'a Estate) -> Self {
        let mut asker = Self::new(estate);
        asker.aws.look_at_allowed_only();
        asker
    }

    /// Whether a principal has a kind of access to a resource.
    pub fn evaluate(
        &mut self,
        principal: &Principal,
        access: Access,
        resource: &Resource,
    ) -> Answer {
        self.ask(principal, access, resource, None)
    }

    /// The same, with what is found on the way.
    pub(super) fn ask(
        &mut self,
        principal: &Principal,
        access: Access,
        resource: &Resource,
        mut trace: Trace<'_>,
    ) -> Answer {
        let estate = self.estate;
        match resource.cloud {
            Cloud::Aws => aws::evaluate(&mut self.aws, principal, access, resource, &mut trace),
            Cloud::Azure => {
                azure::evaluate(&estate.azure, principal, access, resource, &self.azure, trace)
            }
            Cloud::Gcp => gcp::evaluate(&estate.gcp, principal, access, resource, &self.gcp, trace),
        }
    }
}
