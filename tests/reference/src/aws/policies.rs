//! Which policies bear on a question.

use super::estate::{self, Estate};
use super::question::{Caller, Question};
use serde_json::Value;

/// All policies that bear on a question.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    /// Inline and attached, of the user or role, and of the user's groups.
    pub identity: Vec<Value>,
    /// The permissions boundary.
    pub boundary: Option<Value>,
    /// The policies passed when the role was assumed.
    pub session: Vec<Value>,
    /// Service control policies, level by level, from the root to the caller's account; none when they do not apply.
    pub service: Vec<Vec<Value>>,
    /// Resource control policies, level by level, from the root to the owner's account; none when they do not apply.
    pub resource_control: Vec<Vec<Value>>,
    /// The policy on the bucket or key.
    pub resource: Option<Value>,
    /// Whether `RestrictPublicBuckets` is on for the bucket or its owner's account.
    pub restrict_public: bool,
    /// Whether the bucket's tags count.
    pub abac: bool,
}

/// The policies that bear on a question to S3.
#[must_use]
pub fn on_bucket(estate: &Estate, question: &Question, session: &[Value]) -> Policies {
    let bucket = estate::bucket(estate, estate::bucket_name(&question.resource));
    let account = estate.get(&format!("aws/{}/account.json", question.account));
    // "Amazon S3 applies the most restrictive combination of the access point, bucket, and account settings."
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
    let restricts = |owner: Option<&Value>| {
        let block = owner.and_then(|o| o.get("PublicAccessBlock"));
        block.and_then(|b| b.get("RestrictPublicBuckets")).and_then(Value::as_bool) == Some(true)
    };
    Policies {
        resource: policy_of(bucket),
        restrict_public: restricts(bucket) || restricts(account),
        abac: bucket.is_some_and(estate::abac_enabled),
        resource_control: resource_control(estate, question),
        ..of_caller(estate, question, session)
    }
}

/// The policies that bear on a question to KMS.
#[must_use]
pub fn on_key(estate: &Estate, question: &Question, session: &[Value]) -> Policies {
    let key = estate::key(estate, &question.resource);
    let managed_by_aws = key
        .and_then(|k| k.get("KeyMetadata"))
        .and_then(|m| estate::text(m, "KeyManager"))
        .is_some_and(|manager| manager == "AWS");
    // "You can't use RCPs to restrict [...] AWS managed KMS keys."
    // https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
    let resource_control =
        if managed_by_aws { Vec::new() } else { resource_control(estate, question) };
    Policies { resource: policy_of(key), resource_control, ..of_caller(estate, question, session) }
}

fn policy_of(resource: Option<&Value>) -> Option<Value> {
    resource.and_then(|r| r.get("Policy")).filter(|p| !p.is_null()).cloned()
}

fn of_caller(estate: &Estate, question: &Question, session: &[Value]) -> Policies {
    let caller = &question.caller;
    let account = caller.account().unwrap_or_default();
    let identity = caller.identity(estate);
    let boundary = identity
        .and_then(|i| i.get("PermissionsBoundary"))
        .and_then(|b| estate::text(b, "PermissionsBoundaryArn"))
        .and_then(|arn| estate::managed_policy(estate, account, &arn).cloned());
    Policies {
        identity: identity.map(|i| identity_policies(estate, account, i)).unwrap_or_default(),
        boundary,
        session: session.to_vec(),
        service: service_control(estate, caller),
        ..Policies::default()
    }
}

/// "For an IAM user, these include user policies and policies from groups to which the user belongs."
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
fn identity_policies(estate: &Estate, account: &str, identity: &Value) -> Vec<Value> {
    let groups = estate::list(identity, "GroupList").iter().filter_map(Value::as_str);
    let groups = groups.filter_map(|name| estate::group(estate, account, name));
    let mut documents = Vec::new();
    for holder in std::iter::once(identity).chain(groups) {
        for inline in ["UserPolicyList", "RolePolicyList", "GroupPolicyList"] {
            let policies = estate::list(holder, inline).iter();
            documents.extend(policies.filter_map(|p| p.get("PolicyDocument").cloned()));
        }
        let attached = estate::list(holder, "AttachedManagedPolicies").iter();
        let attached = attached.filter_map(|p| estate::text(p, "PolicyArn"));
        documents.extend(
            attached.filter_map(|arn| estate::managed_policy(estate, account, &arn).cloned()),
        );
    }
    documents
}

/// "SCPs affect only IAM users and roles that are managed by accounts that are part of the organization", the root user
/// of a member account too; "SCPs don't affect users or roles in the management account", and "SCPs do not affect any
/// service-linked role".
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
fn service_control(estate: &Estate, caller: &Caller) -> Vec<Vec<Value>> {
    match caller.account() {
        Some(account) if !caller.is_service_linked_role() => {
            attached(estate, account, "SERVICE_CONTROL_POLICY")
        }
        Some(_) | None => Vec::new(),
    }
}

/// "RCPs affect only resources in member accounts in the organization. They have no effect on resources in the management
/// account"; they apply to everyone who asks, "RCPs don't affect [...] calls made by a service-linked role".
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
fn resource_control(estate: &Estate, question: &Question) -> Vec<Vec<Value>> {
    if question.caller.is_service_linked_role() {
        return Vec::new();
    }
    attached(estate, &question.account, "RESOURCE_CONTROL_POLICY")
}

/// The policies of a type at each level. Where the type is not enabled for the organisation, there are none at all: to
/// enable it attaches `FullAWSAccess` or `RCPFullAWSAccess` everywhere.
fn attached(estate: &Estate, account: &str, kind: &str) -> Vec<Vec<Value>> {
    if estate::organization_of(estate, account).is_none()
        || estate::is_management(estate, account)
        || !estate::has_policies(estate, kind)
    {
        return Vec::new();
    }
    estate::levels(estate, account)
        .iter()
        .map(|level| estate::policies_at(estate, level, kind))
        .collect()
}
