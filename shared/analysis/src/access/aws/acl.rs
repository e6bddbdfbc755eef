//! What ACLs give. The bucket's own ACL never lets anybody *read* objects (READ lists names); whether single objects
//! carry an ACL that does is not in the estate, so a read by everyone or by another account stays an unknown fact while
//! ACLs count. <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>

use super::Request;
use super::public_access::is_on;
use super::storage::Store;
use super::subject::Subject;
use crate::access::{Lock, Trace};
use crate::model::aws::{AclGrantee, Ownership};
use crate::model::{Access, Formula};

pub(super) fn allows(
    store: &Store<'_>,
    request: &Request<'_>,
    access: Access,
    trace: &mut Trace<'_>,
) -> Formula {
    let bucket = store.bucket;
    let count = match bucket.ownership {
        Some(Ownership::BucketOwnerEnforced) => return Formula::never(),
        Some(Ownership::BucketOwnerPreferred | Ownership::ObjectWriter) => Formula::always(),
        None => {
            Formula::unknown(format!("object ownership of {} is not in the estate", bucket.arn()))
        }
    };
    let ignored = || is_on(store, None, |block| block.ignore_public_acls);
    let everyone = matches!(request.subject, Subject::Anonymous | Subject::AnyAccount);
    let on_objects = if access == Access::Read && everyone {
        Formula::unknown("whether single objects have a public ACL is not in the estate")
            .unless(ignored())
    } else {
        Formula::never()
    };
    let granted = match &bucket.acl {
        // Who is no stranger and has no canonical id in the estate is named by no ACL that could be read.
        None if everyone => {
            Formula::unknown(format!("the ACL of {} is not in the estate", bucket.arn()))
                .unless(ignored())
        }
        None => Formula::never(),
        Some(acl) => Formula::any(acl.grants.iter().map(|grant| {
            let mine = is_for(&grant.grantee, request);
            if mine.is_never() || !permits(&grant.permission, access) {
                return Formula::never();
            }
            if let Some(trace) = trace.as_mut() {
                trace.evidence(Lock::Storage, format!("bucket ACL, {}", grant.permission), false);
            }
            mine.and(match grant.grantee {
                AclGrantee::AllUsers | AclGrantee::AuthenticatedUsers => ignored().negated(),
                AclGrantee::CanonicalUser(_) | AclGrantee::Other(_) => Formula::always(),
            })
        })),
    };
    granted.or(on_objects).and(count)
}

/// Whether a grant of a bucket ACL is for the requester. *Authenticated users* are all accounts of AWS, and who signs is
/// one of *all users* too.
fn is_for(grantee: &AclGrantee, request: &Request<'_>) -> Formula {
    let (aws, subject) = (request.aws, request.subject);
    match grantee {
        AclGrantee::AllUsers => {
            Formula::known(!matches!(subject, Subject::Federated(_) | Subject::Nobody))
        }
        AclGrantee::AuthenticatedUsers => Formula::known(!matches!(
            subject,
            Subject::Anonymous | Subject::Federated(_) | Subject::Nobody
        )),
        // The owner's own entry gives his principals nothing that their identity policies do not.
        AclGrantee::CanonicalUser(id) => {
            let Some(account) = subject.account().filter(|a| a != request.owner) else {
                return Formula::never();
            };
            match aws.accounts.get(&account).and_then(|a| a.canonical_id.as_ref()) {
                Some(own) => Formula::known(own == id),
                // Ids of other accounts that the estate has are not this one's.
                None if aws.accounts.values().any(|a| a.canonical_id.as_ref() == Some(id)) => {
                    Formula::never()
                }
                None => Formula::unknown(format!(
                    "whose canonical user id {id} is, is not in the estate"
                )),
            }
        }
        AclGrantee::Other(_) => Formula::never(),
    }
}

fn permits(permission: &str, access: Access) -> bool {
    match access {
        Access::Write => matches!(permission, "WRITE" | "FULL_CONTROL"),
        Access::Administer => matches!(permission, "WRITE_ACP" | "FULL_CONTROL"),
        Access::Read | Access::Delete | Access::Decrypt | Access::KeyAdminister => false,
    }
}
