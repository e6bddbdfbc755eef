//! One question of access: who, what, on which resource, in which context.

use super::context::Context;
use super::document::strings;
use super::estate::{self, Estate};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One concrete request.
#[derive(Debug, Clone)]
pub struct Request {
    /// An ARN (user, role, role session, root user) or `public` for an anonymous caller. A role's own ARN stands for a
    /// session with a name that no policy mentions.
    pub principal: String,
    /// Such as `s3:GetObject`.
    pub action: String,
    /// The ARN of an object, a bucket or a key.
    pub resource: String,
    /// Keys that come with the request. What is not given here and does not follow from the estate is absent.
    pub context: BTreeMap<String, Vec<String>>,
    /// The policies passed when the role was assumed.
    pub session_policies: Vec<Value>,
}

impl Request {
    /// The request as JSON, to print it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "principal": self.principal,
            "action": self.action,
            "resource": self.resource,
            "context": self.context,
            "session_policies": self.session_policies,
        })
    }

    /// What [`Request::to_json`] made, or what is left of it; none without principal, action or resource.
    #[must_use]
    pub fn of_json(value: &Value) -> Option<Self> {
        let context = value.get("context").and_then(Value::as_object).into_iter().flatten();
        Some(Self {
            principal: estate::text(value, "principal")?,
            action: estate::text(value, "action")?,
            resource: estate::text(value, "resource")?,
            context: context.map(|(key, values)| (key.clone(), strings(values))).collect(),
            session_policies: estate::list(value, "session_policies").to_vec(),
        })
    }
}

/// What one service is asked: S3 about the object or bucket, KMS about the key.
#[derive(Debug, Clone)]
pub struct Question {
    /// Who asks.
    pub caller: Caller,
    /// For what.
    pub action: String,
    /// On what.
    pub resource: String,
    /// The account that owns the resource.
    pub account: String,
    /// The complete context.
    pub context: Context,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Nobody who signed.
    Anonymous,
    /// The root user of an account.
    Root {
        /// The account.
        account: String,
    },
    /// An IAM user.
    User {
        /// The account.
        account: String,
        /// The user.
        arn: String,
    },
    /// A session of a role.
    Session {
        /// The account.
        account: String,
        /// The role.
        role: String,
        /// The session; none for a name that no policy mentions.
        session: Option<String>,
    },
}

impl Caller {
    /// The caller of a request. A session's ARN has the role's name without its path.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>
    #[must_use]
    pub fn of(estate: &Estate, principal: &str) -> Self {
        let account = principal.split(':').nth(4).unwrap_or_default().to_owned();
        let name = principal.splitn(6, ':').nth(5).unwrap_or_default();
        if principal == "public" {
            Self::Anonymous
        } else if name == "root" {
            Self::Root { account }
        } else if name.starts_with("user/") {
            Self::User { account, arn: principal.to_owned() }
        } else if let Some(rest) = name.strip_prefix("assumed-role/") {
            let role = rest.split('/').next().unwrap_or_default();
            let role = estate::role_named(estate, &account, role)
                .and_then(|r| estate::text(r, "Arn"))
                .unwrap_or_else(|| format!("arn:aws:iam::{account}:role/{role}"));
            Self::Session { account, role, session: Some(principal.to_owned()) }
        } else {
            Self::Session { account, role: principal.to_owned(), session: None }
        }
    }

    /// The caller's account; none for the anonymous one.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Anonymous => None,
            Self::Root { account } | Self::User { account, .. } | Self::Session { account, .. } => {
                Some(account)
            }
        }
    }

    /// The user or role as the estate lists it.
    #[must_use]
    pub fn identity<'a>(&self, estate: &'a Estate) -> Option<&'a Value> {
        match self {
            Self::Anonymous | Self::Root { .. } => None,
            Self::User { account, arn } => estate::user(estate, account, arn),
            Self::Session { account, role, .. } => estate::role(estate, account, role),
        }
    }

    /// "Service-linked roles" stand in a path of their own.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html>
    #[must_use]
    pub fn is_service_linked_role(&self) -> bool {
        matches!(self, Self::Session { role, .. } if role.contains(":role/aws-service-role/"))
    }
}

/// The question to S3.
#[must_use]
pub fn to_s3(estate: &Estate, request: &Request) -> Question {
    let bucket = estate::bucket_name(&request.resource);
    let account = estate::bucket_owner(estate, bucket).unwrap_or_default();
    let mut context = Context::default();
    let caller = Caller::of(estate, &request.principal);
    describe_caller(estate, &caller, &mut context);
    describe_owner(estate, &account, &mut context);
    context.set_one("s3:ResourceAccount", Some(&account));
    // "When ABAC is disabled for the general purpose buckets, you can only use tags for cost tracking purposes."
    // https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbacStatus.html
    if let Some(bucket) = estate::bucket(estate, bucket)
        && estate::abac_enabled(bucket)
    {
        for (key, value) in estate::tags(bucket) {
            context.set_one(&format!("aws:ResourceTag/{key}"), Some(&value));
            context.set_one(&format!("s3:BucketTag/{key}"), Some(&value));
        }
    }
    for (key, values) in &request.context {
        context.set(key, values.clone());
    }
    Question {
        caller,
        action: request.action.clone(),
        resource: request.resource.clone(),
        account,
        context,
    }
}

/// The question to KMS, asked directly.
#[must_use]
pub fn to_kms(estate: &Estate, request: &Request) -> Question {
    let mut question = about_key(estate, request, &request.action, &request.resource);
    for (key, values) in &request.context {
        question.context.set(key, values.clone());
    }
    question
}

/// The question to KMS that S3 asks with the caller's permissions, for an object that is encrypted with a key.
///
/// `kms:ViaService` is `s3.<region>.amazonaws.com`, the encryption context is `aws:s3:arn`: the object's ARN, or the
/// bucket's "if you use an S3 Bucket Key". Keys of the request that only S3 knows do not come along.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html>
#[must_use]
pub fn to_kms_through_s3(estate: &Estate, request: &Request, key: &str, action: &str) -> Question {
    let mut question = about_key(estate, request, action, key);
    for (name, values) in
        request.context.iter().filter(|(n, _)| !n.to_lowercase().starts_with("s3:"))
    {
        question.context.set(name, values.clone());
    }
    let name = estate::bucket_name(&request.resource);
    let bucket = estate::bucket(estate, name);
    let region = bucket.and_then(|b| estate::text(b, "Region")).unwrap_or_default();
    let bucket_key = bucket.is_some_and(estate::bucket_key_enabled);
    let arn = if bucket_key { format!("arn:aws:s3:::{name}") } else { request.resource.clone() };
    let context = &mut question.context;
    context.set_one("kms:ViaService", Some(&format!("s3.{region}.amazonaws.com")));
    context.set_one("kms:EncryptionContext:aws:s3:arn", Some(&arn));
    context.set_one("kms:EncryptionContextKeys", Some("aws:s3:arn"));
    question
}

fn about_key(estate: &Estate, request: &Request, action: &str, key: &str) -> Question {
    let account = key.split(':').nth(4).unwrap_or_default().to_owned();
    let mut context = Context::default();
    let caller = Caller::of(estate, &request.principal);
    describe_caller(estate, &caller, &mut context);
    describe_owner(estate, &account, &mut context);
    context.set_one("kms:CallerAccount", caller.account());
    if let Some(key) = estate::key(estate, key) {
        for (name, value) in estate::tags(key) {
            context.set_one(&format!("aws:ResourceTag/{name}"), Some(&value));
        }
        let aliases = estate::aliases(key);
        if !aliases.is_empty() {
            context.set("kms:ResourceAliases", aliases);
        }
    }
    Question { caller, action: action.to_owned(), resource: key.to_owned(), account, context }
}

/// The keys that tell about the caller.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>, and the table of principal
/// key values in <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>.
fn describe_caller(estate: &Estate, caller: &Caller, context: &mut Context) {
    let identity = caller.identity(estate);
    let field = |name| identity.and_then(|i| estate::text(i, name));
    let (kind, arn, id) = match caller {
        Caller::Anonymous => {
            context.set_one("aws:PrincipalAccount", Some("anonymous"));
            ("Anonymous", None, Some("anonymous".to_owned()))
        }
        Caller::Root { account } => {
            ("Account", Some(format!("arn:aws:iam::{account}:root")), Some(account.clone()))
        }
        Caller::User { arn, .. } => {
            context.set_one("aws:username", field("UserName").as_deref());
            ("User", Some(arn.clone()), field("UserId"))
        }
        // "For IAM roles, the request context returns the ARN of the role, not the ARN of the user that assumed the role."
        Caller::Session { role, session, .. } => {
            let name = session.as_ref().and_then(|s| s.rsplit('/').next());
            let id = field("RoleId").zip(name).map(|(id, name)| format!("{id}:{name}"));
            ("AssumedRole", Some(role.clone()), id)
        }
    };
    context.set_one("aws:PrincipalType", Some(kind));
    context.set_one("aws:userid", id.as_deref());
    context.set_one("aws:PrincipalArn", arn.as_deref());
    for (key, value) in identity.map(estate::tags).unwrap_or_default() {
        context.set_one(&format!("aws:PrincipalTag/{key}"), Some(&value));
    }
    let Some(account) = caller.account() else { return };
    context.set_one("aws:PrincipalAccount", Some(account));
    context.set_one("aws:PrincipalOrgID", estate::organization_of(estate, account).as_deref());
    if let Some(path) = estate::organization_path(estate, account) {
        context.set("aws:PrincipalOrgPaths", vec![path]);
    }
}

/// The keys that tell about the resource's owner.
fn describe_owner(estate: &Estate, account: &str, context: &mut Context) {
    context.set_one("aws:ResourceAccount", Some(account));
    context.set_one("aws:ResourceOrgID", estate::organization_of(estate, account).as_deref());
    if let Some(path) = estate::organization_path(estate, account) {
        context.set("aws:ResourceOrgPaths", vec![path]);
    }
}
