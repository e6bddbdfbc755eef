//! Storage accounts and containers.

use super::role::{Operation, allowed};
use super::{Asked, encryption, lock};
use crate::access::{Answer, Lock, Trace, Tracer};
use crate::model::azure::{ArmId, ArmResource, StorageAccount};
use crate::model::{Access, Formula};

pub(super) const BLOBS: &str = "microsoft.storage/storageaccounts/blobservices/containers/blobs";

/// Operations whose answer is a key or a signature that opens the whole account.
pub(super) const KEYS: [&str; 4] = [
    "microsoft.storage/storageaccounts/listkeys/action",
    "microsoft.storage/storageaccounts/listaccountsas/action",
    "microsoft.storage/storageaccounts/listservicesas/action",
    // The answer to a regeneration holds the new keys.
    "microsoft.storage/storageaccounts/regeneratekey/action",
];

/// An account, or one container of it, that is asked about.
pub(super) struct Store<'a> {
    account: &'a ArmResource,
    container: Option<&'a ArmResource>,
    view: StorageAccount,
}

impl<'a> Store<'a> {
    pub(super) fn new(account: &'a ArmResource, container: Option<&'a ArmResource>) -> Self {
        Self { account, container, view: account.storage_account() }
    }

    pub(super) fn evaluate(
        &self,
        asked: &Asked<'_, '_>,
        access: Access,
        trace: &mut Trace<'_>,
    ) -> Answer {
        let verbs: &[&str] = match access {
            Access::Read => &["/read"],
            Access::Write => &["/write", "/add/action"],
            Access::Delete => &["/delete"],
            Access::Administer => return Answer::of(self.administer(asked, trace)),
            Access::Decrypt | Access::KeyAdminister => return Answer::never(),
        };
        let by_role = |trace: &mut Trace<'_>| {
            let one = |verb: &&str| self.data_action(asked, verb, trace);
            Formula::any(verbs.iter().map(one).collect::<Vec<_>>())
        };
        self.data(asked, access, by_role, trace)
    }

    /// One data operation by its name.
    pub(super) fn by_operation(
        &self,
        asked: &Asked<'_, '_>,
        access: Access,
        operation: &str,
        trace: &mut Trace<'_>,
    ) -> Answer {
        let verb = operation.strip_prefix(BLOBS).unwrap_or_default();
        self.data(asked, access, |trace| self.data_action(asked, verb, trace), trace)
    }

    /// The ways to the data: data actions, account keys, anonymous access. Network rules leave a residue, never a no.
    fn data(
        &self,
        asked: &Asked<'_, '_>,
        access: Access,
        by_role: impl FnOnce(&mut Trace<'_>) -> Formula,
        trace: &mut Trace<'_>,
    ) -> Answer {
        let mut ways = self.anonymous(asked, access, trace);
        // Path ACLs may name anybody who has an identity.
        if asked.any_identity {
            ways = ways.or(self.by_path_acl());
        }
        if asked.id.is_some() && !ways.is_always() {
            ways = ways
                .or(by_role(trace))
                .or(self.by_super_user(asked, trace))
                .or(self.by_account_key(asked, trace))
                .or(self.by_path_acl());
        }
        let path = if self.view.network_restricted && !ways.is_never() {
            ways.and(Formula::condition("the request passes the account's network rules"))
        } else {
            ways
        };
        // Without its key the account answers 403 to everyone; deleting does not need it.
        let allowed = if access == Access::Delete || path.is_never() {
            path.clone()
        } else {
            let (account, container) = (self.account, self.container);
            let opens = asked.memory.opens(&account.id, container.map(|c| &c.id), || {
                encryption::service_opens(asked, account, container)
            });
            if opens.is_never() {
                encryption::tell_closed(asked, self.account, trace);
            }
            path.clone().and(opens)
        };
        Answer { allowed, storage: path, key: None }
    }

    fn at(&self) -> &ArmId {
        &self.container.unwrap_or(self.account).id
    }

    fn data_action(&self, asked: &Asked<'_, '_>, verb: &str, trace: &mut Trace<'_>) -> Formula {
        let name = format!("{BLOBS}{verb}");
        allowed(asked, Operation::Data(&name), self.at(), Lock::Storage, trace)
    }

    /// With a hierarchical namespace super-users are let into everything.
    /// <https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-attributes>
    fn by_super_user(&self, asked: &Asked<'_, '_>, trace: &mut Trace<'_>) -> Formula {
        if self.view.hierarchical_namespace {
            self.data_action(asked, "/runassuperuser/action", trace)
        } else {
            Formula::never()
        }
    }

    /// Account keys and account SAS open everything, unless the account refuses shared keys or a ReadOnly lock stops the
    /// listing (a POST): <https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources>
    fn by_account_key(&self, asked: &Asked<'_, '_>, trace: &mut Trace<'_>) -> Formula {
        let id = &self.account.id;
        if !self.view.allow_shared_key_access {
            return Formula::never();
        }
        if let Some((lock, _)) = lock::read_only(asked, id).first() {
            if let Some(trace) = trace {
                let name = format!("ReadOnly lock `{}`", lock.name());
                trace.step(Lock::Storage, name, "stops the listing of account keys");
            }
            return Formula::never();
        }
        let mut found = trace.is_some().then(Tracer::default);
        let one = |name: &&str| {
            allowed(asked, Operation::Action(name), id, Lock::Storage, &mut found.as_mut())
        };
        let ways = Formula::any(KEYS.iter().map(one).collect::<Vec<_>>());
        if let (Some(trace), Some(found)) = (trace, found) {
            trace.join_as("account keys by", found);
        }
        ways
    }

    /// With a hierarchical namespace POSIX ACLs stand beside role assignments, and no export shows them.
    /// <https://learn.microsoft.com/azure/storage/blobs/data-lake-storage-access-control-model>
    fn by_path_acl(&self) -> Formula {
        if self.view.hierarchical_namespace {
            Formula::unknown("the path ACLs of the account are not in the estate")
        } else {
            Formula::never()
        }
    }

    /// Anonymous read needs both: the account allows it, and the container asks for it. Of an account as a whole nobody
    /// reads anonymously, its containers answer for themselves; where none is listed (Resource Graph lists none), whether
    /// one asks is unknown. Who may go anonymously may go with identity.
    fn anonymous(&self, asked: &Asked<'_, '_>, access: Access, trace: &mut Trace<'_>) -> Formula {
        if access != Access::Read {
            return Formula::never();
        }
        let Some(container) = self.container else {
            let open = self.view.allow_blob_public_access != Some(false);
            let listed = asked.azure.containers_of(&self.account.id).next().is_some();
            return if asked.id.is_none() && open && !listed {
                Formula::unknown(format!(
                    "the containers of {} are not in the estate",
                    self.account.id
                ))
            } else {
                Formula::never()
            };
        };
        let website = if container.id.name() == "$web" {
            // The website's endpoint serves it whatever the flags say.
            Formula::unknown("whether the static website is on is not in the estate")
        } else {
            Formula::never()
        };
        // Listing needs the wider of the two levels.
        let lists = asked.lists();
        let view = container.container();
        let asks = match view.public_access {
            Some(public) => Formula::known(public && (!lists || view.public_listing)),
            None => {
                Formula::unknown(format!("`publicAccess` of {} is not in the estate", container.id))
            }
        };
        let both = asks.and(self.lets_anonymous());
        if let (Some(trace), false) = (trace, both.is_never()) {
            let grant = format!("anonymous access of container {}", container.id.name());
            trace.evidence(Lock::Storage, grant, false);
        }
        both.or(website)
    }

    fn lets_anonymous(&self) -> Formula {
        match self.view.allow_blob_public_access {
            Some(allowed) => Formula::known(allowed),
            None => Formula::unknown("`allowBlobPublicAccess` of the account is not in the estate"),
        }
    }

    /// Changing who has access: by roles, by the account's or the container's own settings, by holding the account's keys, by
    /// local users or path ACLs.
    fn administer(&self, asked: &Asked<'_, '_>, trace: &mut Trace<'_>) -> Formula {
        if asked.id.is_none() {
            return Formula::never();
        }
        let at = self.at();
        let mut operations = vec!["microsoft.storage/storageaccounts/write"];
        if self.container.is_some() {
            operations.push("microsoft.storage/storageaccounts/blobservices/containers/write");
        }
        if self.view.local_users {
            operations.push("microsoft.storage/storageaccounts/localusers/write");
        }
        let one = |name: &&str| allowed(asked, Operation::Action(name), at, Lock::Storage, trace);
        let writes = Formula::any(operations.iter().map(one).collect::<Vec<_>>());
        let writes =
            if writes.is_never() { writes } else { writes.and(lock::passes(asked, at, trace)) };
        let mut ways = lock::assigns_roles(asked, at, Lock::Storage, trace)
            .or(writes)
            .or(self.by_account_key(asked, trace));
        if self.view.hierarchical_namespace {
            for verb in ["/manageownership/action", "/modifypermissions/action"] {
                ways = ways.or(self.data_action(asked, verb, trace));
            }
        }
        ways
    }
}
