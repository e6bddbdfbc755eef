//! Many questions on one estate: what the answers share is worked out once.

use super::{Answer, aws, azure, gcp};
use crate::estate::Estate;
use crate::model::{Access, Cloud, Principal, Resource};
use std::fmt;

/// Asks many questions of one estate. The roles and accounts that a principal can become are looked up once per principal.
pub struct Asker<'a> {
    estate: &'a Estate,
    aws: aws::Memory<'a>,
    gcp: gcp::Ways,
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
        Self { estate, aws: aws::Memory::of(&estate.aws), gcp: gcp::Ways::default() }
    }

    /// Whether a principal has a kind of access to a resource.
    pub fn evaluate(
        &mut self,
        principal: &Principal,
        access: Access,
        resource: &Resource,
    ) -> Answer {
        let estate = self.estate;
        match resource.cloud {
            Cloud::Aws => aws::evaluate(&mut self.aws, principal, access, resource, &mut None),
            Cloud::Azure => azure::evaluate(&estate.azure, principal, access, resource, None),
            Cloud::Gcp => {
                gcp::evaluate(&estate.gcp, principal, access, resource, &mut self.gcp, None)
            }
        }
    }
}
