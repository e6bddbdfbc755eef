//! The S3 side: bucket policy, ACL, Block Public Access, and both locks together.

use super::policy::{Said, Side, says};
use super::subject::Subject;
use super::{Request, Target, key};
use crate::access::{Answer, Evidence, Lock, Trace};
use crate::estate::aws::{Aws, OrganizationPolicyKind};
use crate::model::aws::{
    AccountId, AclGrantee, Bucket, BucketEncryption, Clause, Effect, Encryption, IamPrincipal,
    Ownership, PrincipalMatch, PrincipalPattern, PublicAccessBlock, Statement,
};
use crate::model::{Access, Formula, Pattern};

/// The S3 actions behind a kind of access; any one is enough.
const fn actions(access: Access) -> &'static [&'static str] {
    match access {
        Access::Read => &["s3:getobject"],
        Access::Write => &["s3:putobject"],
        Access::Delete => &["s3:deleteobject"],
        Access::Administer => &[
            "s3:putbucketpolicy",
            "s3:putbucketacl",
            "s3:putbucketpublicaccessblock",
            "s3:putbucketownershipcontrols",
        ],
        Access::Decrypt | Access::KeyAdminister => &[],
    }
}

pub(super) fn evaluate(
    aws: &Aws,
    subject: &Subject<'_>,
    access: Access,
    owner: &AccountId,
    bucket: &Bucket,
    mut trace: Trace<'_>,
) -> Answer {
    let one = |action: &&'static str, trace: &mut Trace<'_>| {
        let target = match access {
            Access::Read | Access::Write | Access::Delete => {
                Target::Objects(Pattern::new(format!("{}/*", bucket.arn())))
            }
            Access::Administer | Access::Decrypt | Access::KeyAdminister => {
                Target::One(bucket.arn())
            }
        };
        let request = Request { aws, subject, action, target, owner, via: None };
        allowed(&request, access, bucket, trace)
    };
    let storage =
        Formula::any(actions(access).iter().map(|a| one(a, &mut trace)).collect::<Vec<_>>());
    let action = match access {
        Access::Read => "kms:decrypt",
        Access::Write => "kms:generatedatakey",
        // Deleting objects and changing the bucket touch no key.
        Access::Delete | Access::Administer | Access::Decrypt | Access::KeyAdminister => {
            return Answer::of(storage);
        }
    };
    match &bucket.encryption {
        None => Answer::of_locks(
            storage,
            Formula::unknown(format!("the encryption of {} is not in the estate", bucket.arn())),
        ),
        // New objects get the current default; objects already stored keep their key.
        Some(encryption) if access == Access::Write => match needs_no_key(&encryption.current) {
            true => Answer::of(storage),
            false => Answer::of_locks(
                storage,
                opens(&encryption.current, aws, subject, action, owner, bucket, &mut trace),
            ),
        },
        Some(encryption)
            if needs_no_key(&encryption.current) && encryption.former.iter().all(needs_no_key) =>
        {
            Answer::of(storage)
        }
        Some(encryption) => Answer::of_locks(
            storage,
            any_key(encryption, aws, subject, action, owner, bucket, &mut trace),
        ),
    }
}

const fn needs_no_key(encryption: &Encryption) -> bool {
    matches!(encryption, Encryption::S3Managed)
}

/// Objects stored under a former default keep their key, so each default opens a class of objects. All of them together
/// are all objects.
fn any_key(
    encryption: &BucketEncryption,
    aws: &Aws,
    subject: &Subject<'_>,
    action: &'static str,
    owner: &AccountId,
    bucket: &Bucket,
    trace: &mut Trace<'_>,
) -> Formula {
    let current = opens(&encryption.current, aws, subject, action, owner, bucket, trace);
    let former: Vec<(&Encryption, Formula)> = encryption
        .former
        .iter()
        .map(|e| (e, opens(e, aws, subject, action, owner, bucket, trace)))
        .collect();
    if former.iter().all(|(_, f)| *f == current) {
        return current;
    }
    let newer =
        Formula::class("only objects stored under the current default encryption").and(current);
    let older = former
        .into_iter()
        .map(|(e, f)| Formula::class(format!("only objects stored under {}", described(e))).and(f));
    Formula::any(older).or(newer)
}

fn described(encryption: &Encryption) -> String {
    match encryption {
        Encryption::S3Managed => "SSE-S3".to_owned(),
        Encryption::AwsManagedKey => "the AWS-managed key aws/s3".to_owned(),
        Encryption::Kms { key, .. } => format!("key {key}"),
    }
}

/// Whether one kind of encryption lets the subject through.
fn opens(
    encryption: &Encryption,
    aws: &Aws,
    subject: &Subject<'_>,
    action: &str,
    owner: &AccountId,
    bucket: &Bucket,
    trace: &mut Trace<'_>,
) -> Formula {
    match encryption {
        Encryption::S3Managed => Formula::always(),
        // Usable by all principals of the account through S3, by none outside of it.
        Encryption::AwsManagedKey => {
            key::managed_through_s3(aws, subject, action, owner, &bucket.region)
        }
        Encryption::Kms { key: text, .. } => {
            let Some(arn) = aws.resolve_key(text, owner, &bucket.region) else {
                return Formula::unknown(format!("`{text}` cannot be resolved to a key"));
            };
            key::through_s3(aws, subject, action, &arn, &bucket.region, trace)
        }
    }
}

/// Whether the policies allow a request on a bucket or its objects.
fn allowed(
    request: &Request<'_>,
    access: Access,
    bucket: &Bucket,
    trace: &mut Trace<'_>,
) -> Formula {
    let unknown = || Said::unknown(&format!("the policy of {} is not in the estate", bucket.arn()));
    let mut ask = |side: Side, label: &str| match &bucket.policy {
        Some(Some(policy)) => says(policy, side, request, Lock::Storage, label, trace),
        Some(None) => Said::nothing(),
        None => unknown(),
    };
    let resource = ask(Side::Resource, "bucket policy");
    let same_account = request.subject.account().as_ref() == Some(request.owner);
    // In its own account an account's statement adds nothing to identity policies; in another one it is half of the way.
    let delegated = if same_account {
        Said::nothing()
    } else {
        ask(Side::Delegation, "bucket policy (names the account)")
    };
    let identity = identity(request, Lock::Storage, trace);
    let blocked = blocked(request, bucket);
    let by_resource = resource.allow.unless(blocked.clone());
    let by_account = delegated.allow.unless(blocked);
    let allow = if same_account {
        // A resource policy that names the principal is enough in its own account.
        identity.limited(by_resource, identity.allow.clone())
    } else {
        let theirs = by_resource.clone().or(by_account);
        match request.subject {
            Subject::Anonymous => by_resource,
            Subject::AnyAccount | Subject::Account(_) | Subject::Outside(_) | Subject::Iam(_) => {
                identity.limited(Formula::never(), theirs.and(identity.allow.clone()))
            }
            Subject::Nobody => Formula::never(),
        }
    };
    let by_acl = by_acl(request, access, bucket, trace);
    let by_acl = match request.subject {
        Subject::Iam(_) => identity.limited(Formula::never(), by_acl.and(identity.allow.clone())),
        Subject::Anonymous
        | Subject::AnyAccount
        | Subject::Account(_)
        | Subject::Outside(_)
        | Subject::Nobody => by_acl,
    };
    // An explicit Deny wins over policies and ACLs alike.
    let deny = resource.deny.or(identity.deny);
    allow.or(by_acl).and(resource_control(request)).unless(deny)
}

/// What the requester's own side says, with the limits on it.
pub(super) struct Identity {
    pub(super) allow: Formula,
    pub(super) deny: Formula,
    /// Permissions boundary: an allow that it must repeat. It does not limit what a resource policy gives to a *user* by
    /// ARN (for a role it does).
    boundary: Formula,
    bounded_user: bool,
    /// Service control policies: bind everything that the principal does.
    control: Formula,
}

impl Identity {
    /// `direct` is what a resource policy gives the principal by name; `own` needs his identity policies.
    pub(super) fn limited(&self, direct: Formula, own: Formula) -> Formula {
        let direct = if self.bounded_user { direct } else { direct.and(self.boundary.clone()) };
        direct.or(own.and(self.boundary.clone())).and(self.control.clone())
    }

    /// Whether no limit stands in the way, for sure.
    pub(super) fn unlimited(&self) -> Formula {
        self.boundary.clone().and(self.control.clone())
    }
}

/// The requester's identity policies, boundary and service control policies. For somebody outside of the estate his own
/// side is not ours to know: it is taken to allow, since his administrators decide.
pub(super) fn identity(request: &Request<'_>, lock: Lock, trace: &mut Trace<'_>) -> Identity {
    let principal = match request.subject {
        Subject::Iam(principal) => principal,
        Subject::Account(_)
        | Subject::AnyAccount
        | Subject::Outside(_)
        | Subject::Anonymous
        | Subject::Nobody => {
            let Said { allow, deny } = own_side_unseen(request);
            return Identity {
                allow,
                deny,
                boundary: Formula::always(),
                bounded_user: true,
                control: service_control(request),
            };
        }
    };
    let said = identity_policies(request, principal, lock, trace);
    let boundary = boundary(request, principal);
    Identity {
        allow: said.allow,
        deny: said.deny.or(boundary.deny),
        boundary: boundary.allow,
        bounded_user: principal.kind == crate::model::aws::IamKind::User,
        control: service_control(request),
    }
}

/// The own side of somebody who is no user or role of the estate. In an account outside of the estate it is taken to
/// allow and to deny nothing: that is the business of its administrators. A principal that a known account does not have
/// is nobody; where the account's principals are not known, its policies may allow, and they may deny whatever a resource
/// policy gives.
fn own_side_unseen(request: &Request<'_>) -> Said {
    let taken_to_allow = Said { allow: Formula::always(), deny: Formula::never() };
    let Subject::Outside(arn) = request.subject else { return taken_to_allow };
    match arn.account().and_then(|a| request.aws.accounts.get(&a)) {
        None => taken_to_allow,
        Some(account) if account.iam_known => Said::nothing(),
        Some(_) => Said::unknown(&format!("the policies of {arn} are not in the estate")),
    }
}

fn identity_policies(
    request: &Request<'_>,
    principal: &IamPrincipal,
    lock: Lock,
    trace: &mut Trace<'_>,
) -> Said {
    let Some(account) = principal.arn.account() else { return Said::nothing() };
    let mut said = attached_policies(request, principal, &account, lock, trace);
    let groups = request.aws.accounts.get(&account).map(|a| &a.principals);
    for name in &principal.groups {
        match groups.and_then(|g| g.get(&(crate::model::aws::IamKind::Group, name.clone()))) {
            Some(group) => {
                said = said.join(attached_policies(request, group, &account, lock, trace))
            }
            None => {
                said = said.join(Said::unknown(&format!("group `{name}` is not in the estate")))
            }
        }
    }
    let known =
        request.aws.accounts.get(&account).is_some_and(|a| a.iam_known) && principal.complete;
    if known {
        said
    } else {
        let because = format!("the other policies of {} are not in the estate", principal.arn);
        said.join(Said::unknown(&because))
    }
}

fn attached_policies(
    request: &Request<'_>,
    holder: &IamPrincipal,
    account: &AccountId,
    lock: Lock,
    trace: &mut Trace<'_>,
) -> Said {
    let mut said = Said::nothing();
    for (name, document) in &holder.inline {
        let label = format!("inline policy `{name}` of {}", holder.arn);
        said = said.join(says(document, Side::Identity, request, lock, &label, trace));
    }
    for policy in &holder.attached {
        match request.aws.managed_document(account, policy) {
            Some(document) => {
                let label = format!("policy {policy} of {}", holder.arn);
                said = said.join(says(document, Side::Identity, request, lock, &label, trace));
            }
            None => {
                said = said
                    .join(Said::unknown(&format!("the document of {policy} is not in the estate")))
            }
        }
    }
    said
}

/// What the permissions boundary leaves; everything where there is none.
fn boundary(request: &Request<'_>, principal: &IamPrincipal) -> Said {
    let Some(policy) = &principal.boundary else {
        return Said { allow: Formula::always(), deny: Formula::never() };
    };
    let account = principal.arn.account();
    match account.and_then(|a| request.aws.managed_document(&a, policy)) {
        Some(document) => says(document, Side::Identity, request, Lock::Storage, "", &mut None),
        None => Said::unknown(&format!("the permissions boundary {policy} is not in the estate")),
    }
}

/// Service control policies of the requester's organisation: every level from the root to the account must allow, none
/// may deny. They do not bind the management account.
fn service_control(request: &Request<'_>) -> Formula {
    let Some(account) = request.subject.account() else { return Formula::always() };
    organization_limit(request, &account, OrganizationPolicyKind::Service, Side::Identity)
}

/// Resource control policies of the owner's organisation: likewise, for whoever asks.
pub(super) fn resource_control(request: &Request<'_>) -> Formula {
    organization_limit(request, request.owner, OrganizationPolicyKind::Resource, Side::Resource)
}

fn organization_limit(
    request: &Request<'_>,
    account: &AccountId,
    kind: OrganizationPolicyKind,
    side: Side,
) -> Formula {
    let Some(organization) = &request.aws.organization else {
        let ours = request.aws.accounts.get(account);
        return match ours {
            // The account's own file says that it is in no organisation.
            Some(a) if a.organization_id.is_none() && a.file_known => Formula::always(),
            Some(_) => Formula::unknown("the organisation's policies are not in the estate"),
            None => Formula::always(),
        };
    };
    if !organization.contains(account) || organization.management.as_ref() == Some(account) {
        return Formula::always();
    }
    // Service-linked roles are bound by neither kind.
    let linked =
        request.subject.arn().is_some_and(|a| a.resource().starts_with("role/aws-service-role/"));
    if linked {
        return Formula::always();
    }
    if !organization.policies_known {
        return Formula::unknown("the organisation's policies are not in the estate");
    }
    if !organization.policies.values().any(|p| p.kind == kind) {
        return Formula::always();
    }
    let path = organization.path(account);
    if !path.last().is_some_and(|root| root.starts_with("r-")) {
        return Formula::unknown(format!(
            "the place of account {account} in the organisation is not in the estate"
        ));
    }
    let level = |level: &std::sync::Arc<str>| {
        let mut said = Said::nothing();
        for (id, policy) in organization.attached(kind, level) {
            said = said.join(match &policy.document {
                Some(document) => says(document, side, request, Lock::Storage, "", &mut None),
                None => Said::unknown(&format!("the content of policy {id} is not in the estate")),
            });
        }
        match kind {
            // RCPFullAWSAccess is attached everywhere and cannot be detached: only a Deny limits.
            // <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
            OrganizationPolicyKind::Resource => said.deny.negated(),
            OrganizationPolicyKind::Service | OrganizationPolicyKind::Other => {
                said.allow.unless(said.deny)
            }
        }
    };
    Formula::all(path.iter().map(level))
}

/// Whether Block Public Access takes the bucket policy's effect away from this requester: with RestrictPublicBuckets a
/// *public* policy admits the owner's account and AWS services only.
fn blocked(request: &Request<'_>, bucket: &Bucket) -> Formula {
    if request.subject.account().as_ref() == Some(request.owner) {
        return Formula::never();
    }
    let Some(Some(policy)) = &bucket.policy else { return Formula::never() };
    if !policy.statements().iter().any(is_public) {
        return Formula::never();
    }
    blocks(request.aws, request.owner, bucket, |block| block.restrict_public_buckets)
}

/// Whether a flag of Block Public Access is on. A flag that the account or the bucket sets is set, whatever the other says.
fn blocks(
    aws: &Aws,
    owner: &AccountId,
    bucket: &Bucket,
    flag: fn(&PublicAccessBlock) -> bool,
) -> Formula {
    let account = aws.accounts.get(owner).and_then(|a| a.block);
    match (account.as_ref().map(flag), bucket.block.as_ref().map(flag)) {
        (Some(true), _) | (_, Some(true)) => Formula::always(),
        (Some(false), Some(false)) => Formula::never(),
        (None, _) | (_, None) => Formula::unknown(format!(
            "Block Public Access of {} is not in the estate",
            bucket.arn()
        )),
    }
}

/// Whether S3 takes a statement for public: it allows everyone, and no condition pins the requester to fixed values.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status>
fn is_public(statement: &Statement) -> bool {
    let everyone = match &statement.principal {
        PrincipalMatch::Is(patterns) => patterns.contains(&PrincipalPattern::Everyone),
        PrincipalMatch::Not(_) => true,
        PrincipalMatch::Attached => false,
    };
    statement.effect == Effect::Allow && everyone && !statement.conditions.iter().any(pins)
}

fn pins(clause: &Clause) -> bool {
    const KEYS: [&str; 14] = [
        "aws:sourceip",
        "aws:sourcearn",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:sourceowner",
        "aws:sourceaccount",
        "aws:userid",
        "aws:principalorgid",
        "aws:principalarn",
        "aws:principalaccount",
        "aws:principalorgpaths",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "s3:dataaccesspointarn",
        "s3:dataaccesspointaccount",
    ];
    let positive = [
        "stringequals",
        "stringlike",
        "arnequals",
        "arnlike",
        "ipaddress",
        "stringequalsignorecase",
    ];
    let operator = clause.operator.to_lowercase();
    let operator = operator.strip_prefix("foranyvalue:").unwrap_or(&operator);
    let key = clause.key.to_lowercase();
    // An access point or a path is fixed by its account or organisation; what follows may be a wildcard. Half of all
    // addresses is as good as all.
    let open_end = matches!(key.as_str(), "s3:dataaccesspointarn" | "aws:principalorgpaths");
    let fixed = clause.values.iter().all(|v| {
        let wild = v.contains(['*', '?'])
            && !(open_end && !v.starts_with(['*', '?']) && !v.starts_with("arn:aws:s3:*:*"));
        !wild && !v.contains("${") && !["/0", "/1", "/2", "/3"].iter().any(|wide| v.ends_with(wide))
    });
    fixed && positive.contains(&operator) && KEYS.contains(&key.as_str())
}

/// What ACLs give. The bucket's own ACL never lets anybody *read* objects (READ lists names); whether single objects
/// carry a public ACL is not in the estate, so a public read stays an unknown fact while ACLs count.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>
fn by_acl(
    request: &Request<'_>,
    access: Access,
    bucket: &Bucket,
    trace: &mut Trace<'_>,
) -> Formula {
    let count = match bucket.ownership {
        Some(Ownership::BucketOwnerEnforced) => return Formula::never(),
        Some(Ownership::BucketOwnerPreferred | Ownership::ObjectWriter) => Formula::always(),
        None => {
            Formula::unknown(format!("object ownership of {} is not in the estate", bucket.arn()))
        }
    };
    let ignored = || blocks(request.aws, request.owner, bucket, |block| block.ignore_public_acls);
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
            let mine = grant_is_for(&grant.grantee, request);
            if !mine || !acl_permits(&grant.permission, access) {
                return Formula::never();
            }
            if let Some(trace) = trace.as_mut() {
                trace.push(Evidence {
                    lock: Lock::Storage,
                    grant: format!("bucket ACL, {}", grant.permission),
                    broad: false,
                });
            }
            match grant.grantee {
                AclGrantee::AllUsers | AclGrantee::AuthenticatedUsers => ignored().negated(),
                AclGrantee::CanonicalUser(_) | AclGrantee::Other(_) => Formula::always(),
            }
        })),
    };
    granted.or(on_objects).and(count)
}

/// Whether a grant of a bucket ACL is for the requester. *Authenticated users* are all accounts of AWS, and who signs is
/// one of *all users* too.
fn grant_is_for(grantee: &AclGrantee, request: &Request<'_>) -> bool {
    let (aws, subject) = (request.aws, request.subject);
    match grantee {
        AclGrantee::AllUsers => !matches!(subject, Subject::Nobody),
        AclGrantee::AuthenticatedUsers => !matches!(subject, Subject::Anonymous | Subject::Nobody),
        // The owner's own entry gives his principals nothing that their identity policies do not.
        AclGrantee::CanonicalUser(id) => {
            let other = subject.account().filter(|a| a != request.owner);
            other.and_then(|a| aws.accounts.get(&a)?.canonical_id.clone()).as_ref() == Some(id)
        }
        AclGrantee::Other(_) => false,
    }
}

fn acl_permits(permission: &str, access: Access) -> bool {
    match access {
        Access::Write => matches!(permission, "WRITE" | "FULL_CONTROL"),
        Access::Administer => matches!(permission, "WRITE_ACP" | "FULL_CONTROL"),
        Access::Read | Access::Delete | Access::Decrypt | Access::KeyAdminister => false,
    }
}
