//! All that keyfence knows of the accounts: loaded from the clouds' own export shapes, kept current by edits.
//!
//! What a missing file means is *unknown*; what an empty list means is *none*. The state keeps the two apart, and
//! [`crate::access`] turns the first into an unknown fact of the verdict.
//!
//! [`Estate::apply`] gives a slot a new value and returns the edit that undoes it: "undo after do restores" is a law that
//! tests hold. [`Estate::towards`] compares one touched part with another estate (the live state) and returns the edits
//! that lead there.

pub mod aws;
pub mod azure;
mod files;
pub mod gcp;
mod own;
mod sets;

pub use files::{FileError, Files};
pub use own::Own;

use crate::change::{Edit, Target};

/// The state of all clouds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Estate {
    /// AWS accounts and their organisation.
    pub aws: aws::Aws,
    /// Azure tenants.
    pub azure: azure::Azure,
    /// Google Cloud organisations.
    pub gcp: gcp::Gcp,
    /// What belongs to keyfence itself.
    pub own: Own,
}

impl Estate {
    /// Loads an estate from the files of its folder. All errors are returned, not only the first.
    ///
    /// # Errors
    /// For each file that cannot be read: its path, the place in it, what is wrong.
    pub fn load(files: &Files) -> Result<Self, Vec<FileError>> {
        let mut errors = Vec::new();
        let mut estate = Self::default();
        for (path, content) in files.iter() {
            let parts: Vec<&str> = path.split('/').collect();
            let loaded = match parts.as_slice() {
                ["aws", "organization.json"] => estate.aws.load_organization(path, content),
                ["aws", account, file] => estate.aws.load_account(path, account, file, content),
                ["azure", tenant, file] => estate.azure.load(path, tenant, file, content),
                ["gcp", file] => estate.gcp.load(path, file, content),
                ["keyfence.json"] => estate.own.load(path, content),
                // History, and what people keep beside: not part of the state.
                _ => Ok(()),
            };
            if let Err(error) = loaded {
                errors.push(error);
            }
        }
        estate.aws.reindex();
        estate.azure.reindex();
        estate.gcp.reindex();
        if errors.is_empty() { Ok(estate) } else { Err(errors) }
    }

    /// Gives a slot its new value and returns the edit that restores the old one.
    pub fn apply(&mut self, edit: &Edit) -> Edit {
        match edit {
            Edit::Aws(edit) => Edit::Aws(self.aws.apply(edit)),
            Edit::Azure(edit) => Edit::Azure(self.azure.apply(edit)),
            Edit::Gcp(edit) => Edit::Gcp(self.gcp.apply(edit)),
        }
    }

    /// Applies edits in order; the returned edits, applied in *their* order, undo them.
    pub fn apply_all(&mut self, edits: &[Edit]) -> Vec<Edit> {
        let mut inverse: Vec<Edit> = edits.iter().map(|e| self.apply(e)).collect();
        inverse.reverse();
        inverse
    }

    /// The edits that lead from this estate to the live one on the touched part; `None` when the live one does not know
    /// that part.
    #[must_use]
    pub fn towards(&self, live: &Self, target: &Target) -> Option<Vec<Edit>> {
        match target {
            Target::Bucket(_) | Target::Key(_) | Target::Iam(_) | Target::ManagedPolicy(_) => {
                Some(self.aws.towards(&live.aws, target)?.into_iter().map(Edit::Aws).collect())
            }
            Target::Arm(id) => {
                Some(self.azure.towards(&live.azure, id)?.into_iter().map(Edit::Azure).collect())
            }
            Target::Asset(name) => {
                Some(self.gcp.towards(&live.gcp, name)?.into_iter().map(Edit::Gcp).collect())
            }
            Target::OrgPolicies(resource) => {
                let edits = self.gcp.org_policies_towards(&live.gcp, resource)?;
                Some(edits.into_iter().map(Edit::Gcp).collect())
            }
            Target::DenyPolicy(name) => {
                let edits = self.gcp.deny_towards(&live.gcp, name)?;
                Some(edits.into_iter().map(Edit::Gcp).collect())
            }
            Target::Role(role) => {
                Some(self.gcp.role_towards(&live.gcp, role)?.into_iter().map(Edit::Gcp).collect())
            }
        }
    }

    /// The part of the estate that an edit touches: what has to be read to see whether it came about. `None` for edits
    /// whose state the exports do not show by themselves (group membership).
    #[must_use]
    pub fn target_of(edit: &Edit) -> Option<Target> {
        match edit {
            Edit::Aws(edit) => aws::target_of(edit),
            Edit::Azure(edit) => azure::target_of(edit),
            Edit::Gcp(edit) => gcp::target_of(edit),
        }
    }
}
