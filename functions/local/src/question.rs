//! The words of a question, taken apart: who, what, where, and what the request carries. What makes no sense is refused with
//! a remedy, because a *no* to it would reassure.

use crate::actions::is_known;
use crate::text::safe;
use anyhow::Context as _;
use keyfence_analysis::access::{self, Context, Explained, Lock, Step};
use keyfence_analysis::estate::Estate;
use keyfence_analysis::model::aws::{AccountId, Arn, Document};
use keyfence_analysis::model::{Access, Cloud, Principal, Resource, ResourceKind, Timestamp};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A question that makes no sense, and what would: wrong usage, no failure.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Senseless(String);

fn senseless<T>(why: String) -> anyhow::Result<T> {
    Err(Senseless(safe(&why)).into())
}

/// A store or key that the estate holds, in the estate's own spelling.
///
/// # Errors
/// When the name is none of a resource, or not in the estate.
pub fn resource(estate: &Estate, name: &str) -> anyhow::Result<Resource> {
    let Some(wanted) = Resource::parse(name) else {
        return senseless(format!(
            "`{name}` is no resource: expected an ARN (`arn:aws:s3:::bucket`), an ARM id (`/subscriptions/…`) or a full resource name (`//storage.googleapis.com/…`)"
        ));
    };
    if let Some(store) = store_of_object(wanted.cloud, name) {
        return senseless(format!(
            "`{name}` is an object: ask for its store, `{store}`, or for an action (`can … s3:GetObject …`)"
        ));
    }
    let found = match wanted.cloud {
        Cloud::Aws => in_aws(estate, name),
        // ARM ids are compared without case.
        Cloud::Azure | Cloud::Gcp => access::resources(estate).find(|r| *r == wanted),
    };
    found.with_context(|| {
        safe(&format!(
            "`{name}` is not in the estate: check its spelling, or add the file that lists it"
        ))
    })
}

fn store_of_object(cloud: Cloud, name: &str) -> Option<&str> {
    match cloud {
        Cloud::Aws => {
            let arn = Arn::parse(name).ok().filter(|arn| arn.service() == "s3")?;
            let bucket = arn.account().is_none().then(|| name.split_once('/'))??.0;
            Some(bucket)
        }
        Cloud::Azure => name.split_once("/blobs/").map(|(container, _)| container),
        Cloud::Gcp => name.split_once("/objects/").map(|(bucket, _)| bucket),
    }
}

/// Partitions do not count in names of buckets; an alias leads to its key.
fn in_aws(estate: &Estate, name: &str) -> Option<Resource> {
    let arn = Arn::parse(name).ok()?;
    match arn.service() {
        "s3" if arn.region().is_empty() && name.split(':').nth(4) == Some("") => {
            let (_, bucket) = estate.aws.buckets.get(arn.resource())?;
            Some(Resource::store(Cloud::Aws, bucket.arn().as_str()))
        }
        "kms" => {
            let account = arn.account()?;
            let key = estate.aws.resolve_key(name, &account, arn.region())?;
            let key = estate.aws.keys.get(&key)?;
            Some(Resource::key(Cloud::Aws, key.arn.as_str()))
        }
        _ => None,
    }
}

/// Who asks, in a cloud: also by the cloud's own words for everyone.
///
/// # Errors
/// When the word names nobody in this cloud.
pub fn principal(estate: &Estate, cloud: Cloud, word: &str) -> anyhow::Result<Principal> {
    let who = Principal::named(match word {
        "*" | "allUsers" => "public",
        "allAuthenticatedUsers" => "any-authenticated",
        other => other,
    });
    let name = match &who {
        Principal::Public | Principal::AnyAuthenticated => return Ok(who),
        Principal::Named(name) => name.clone(),
    };
    let expected = match cloud {
        Cloud::Aws => {
            if let Some(account) = AccountId::parse(&name) {
                return Ok(Principal::named(account.root().as_str()));
            }
            if Arn::parse(&name).is_ok() {
                return Ok(who);
            }
            "an ARN (`arn:aws:iam::111122223333:role/reader`), an account, `public` or `any-authenticated`"
        }
        Cloud::Azure => {
            if !name.trim().is_empty() {
                return Ok(who);
            }
            "an object id, `public` or `any-authenticated`"
        }
        Cloud::Gcp => {
            if name.contains(':') {
                return Ok(in_gcp(estate, who));
            }
            "a member (`user:anna@example.com`, `serviceAccount:…`), `allUsers` or `allAuthenticatedUsers`"
        }
    };
    senseless(format!("`{word}` is no principal of {}: expected {expected}", vendor(cloud)))
}

/// Addresses are compared without case: the estate's own spelling counts.
fn in_gcp(estate: &Estate, who: Principal) -> Principal {
    let spelt = estate.gcp.members_from("").find(|m| m.eq_ignore_ascii_case(who.name()));
    match (spelt, who.name().split_once(':')) {
        (Some(member), _) => Principal::Named(member.clone()),
        (None, Some((kind @ ("user" | "serviceAccount" | "group"), address))) => {
            Principal::named(&format!("{kind}:{}", address.to_lowercase()))
        }
        (None, _) => who,
    }
}

const fn vendor(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Aws => "AWS",
        Cloud::Azure => "Azure",
        Cloud::Gcp => "Google Cloud",
    }
}

/// The words for kinds of access.
#[must_use]
pub fn words() -> String {
    Access::ALL.map(Access::word).join(", ")
}

/// # Errors
/// When a resource of this kind does not have this kind of access.
pub fn fits(access: Access, resource: &Resource) -> anyhow::Result<()> {
    let kinds = resource.kind.accesses();
    if kinds.contains(&access) {
        return Ok(());
    }
    let what = match resource.kind {
        ResourceKind::Store => "store",
        ResourceKind::Key => "key",
    };
    let kinds: Vec<&str> = kinds.iter().map(|a| a.word()).collect();
    senseless(format!("`{access}` is no access to a {what}: `{resource}` has {}", kinds.join(", ")))
}

/// The cloud of a resource on which an action is asked.
///
/// # Errors
/// When the resource is none, or the action is none that such a resource has.
pub fn action(action: &str, on: &str) -> anyhow::Result<Cloud> {
    let Some(resource) = Resource::parse(on) else {
        return senseless(format!("`{on}` is no resource of AWS, Azure or Google Cloud"));
    };
    if !action.contains([':', '.', '/']) {
        return senseless(format!(
            "`{action}` is neither a kind of access ({}) nor an action of a cloud",
            words()
        ));
    }
    let example = match resource.cloud {
        Cloud::Aws => {
            if is_aws_action(action, on) {
                return Ok(resource.cloud);
            }
            "such as `s3:GetObject` on an object (`arn:aws:s3:::bucket/key`), `s3:PutBucketPolicy` on a bucket, `kms:Decrypt` on a key"
        }
        Cloud::Azure => {
            let action = action.to_lowercase();
            if action.starts_with("microsoft.") && action.contains('/') && !action.contains('*') {
                return Ok(resource.cloud);
            }
            "such as `Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read`"
        }
        Cloud::Gcp => {
            let parts: Vec<&str> = action.split('.').collect();
            let plain = |p: &&str| !p.is_empty() && p.chars().all(|c| c.is_ascii_alphanumeric());
            if parts.len() >= 3 && parts.iter().all(plain) {
                return Ok(resource.cloud);
            }
            "such as `storage.objects.get`"
        }
    };
    senseless(format!(
        "`{action}` is no action of {} on `{on}`: expected one {example}",
        vendor(resource.cloud)
    ))
}

fn is_aws_action(action: &str, on: &str) -> bool {
    let (Some((service, name)), Ok(arn)) = (action.split_once(':'), Arn::parse(on)) else {
        return false;
    };
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric());
    if !plain || !service.eq_ignore_ascii_case(arn.service()) {
        return false;
    }
    let of = name.to_lowercase();
    // The actions of S3 say in their names what they are about.
    let (bucket, object) = (of.contains("bucket"), of.contains("object"));
    match (arn.service(), arn.account().is_none(), arn.resource().contains('/')) {
        ("s3", true, true) => !bucket,
        ("s3", true, false) => bucket || !object,
        (_, _, _) => true,
    }
}

/// What a request carries beside who, what and where.
#[derive(Debug, Default)]
pub struct Given {
    /// `key=value`, as often as there are values.
    pub context: Vec<String>,
    /// Whether there is nothing else.
    pub closed: bool,
    /// Session policies: where each comes from, and its JSON.
    pub session_policies: Vec<(String, String)>,
}

impl Given {
    /// Whether nothing is given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.context.is_empty() && !self.closed && self.session_policies.is_empty()
    }

    /// The context.
    ///
    /// # Errors
    /// When a pair is none, or its key cannot have the value.
    pub fn context(&self) -> anyhow::Result<Context> {
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for pair in &self.context {
            let (key, value) = match pair.split_once('=') {
                Some((key, value)) if !key.trim().is_empty() => (key.trim(), value),
                Some(_) | None => {
                    return senseless(format!(
                        "`{pair}`: expected `key=value`, such as `aws:SourceIp=10.1.2.3`"
                    ));
                }
            };
            let wrong = match key.to_lowercase().as_str() {
                "aws:sourceip" | "aws:vpcsourceip" if value.parse::<IpAddr>().is_err() => {
                    "an IP address, such as `10.1.2.3`"
                }
                "request.time" if Timestamp::parse(value).is_err() => {
                    "a time, such as `2026-06-01T00:00:00Z`"
                }
                _ => {
                    values.entry(key.to_owned()).or_default().push(value.to_owned());
                    continue;
                }
            };
            return senseless(format!("`{pair}`: the value of `{key}` is {wrong}"));
        }
        Ok(if self.closed { Context::closed(values) } else { Context::open(values) })
    }

    /// The session policies.
    ///
    /// # Errors
    /// When one is no JSON, or no policy.
    pub fn session_policies(&self) -> anyhow::Result<Vec<Document>> {
        let read = |(name, text): &(String, String)| -> anyhow::Result<Document> {
            let json = serde_json::from_str(text)
                .with_context(|| format!("{name}: the session policy is not JSON"))?;
            Document::parse(&json)
                .with_context(|| format!("{name}: the session policy cannot be used"))
        };
        self.session_policies.iter().map(read).collect()
    }
}

/// A kind of access is no single request: it has no context.
#[must_use]
pub fn of_a_kind(access: &str) -> anyhow::Error {
    let why = format!(
        "`{access}` is a kind of access, not one request: name an action of the cloud, such as `s3:GetObject`, to give a context"
    );
    Senseless(why).into()
}

/// Says, before anything else, what makes an answer say less than it seems to: a principal or an action that may be misspelt.
pub fn doubts(
    estate: &Estate,
    cloud: Cloud,
    who: &Principal,
    action: &str,
    explained: &mut Explained,
) {
    let mut doubt = |looked_at: String, said: &str| {
        let step = Step { lock: Lock::Storage, looked_at, said: said.to_owned() };
        explained.steps.insert(0, step);
    };
    if is_missing(estate, cloud, who) {
        doubt(format!("principal {who}"), "is not in the estate: check its spelling");
    }
    if cloud == Cloud::Aws && action.contains(':') && !is_known(action) {
        doubt(
            format!("action `{action}`"),
            "is none that keyfence knows: it is compared as it is written",
        );
    }
}

/// Whether a principal of AWS should be in the estate and is not: then its *no* says little.
fn is_missing(estate: &Estate, cloud: Cloud, who: &Principal) -> bool {
    let listed = |arn: &Arn| arn.account().is_some_and(|a| estate.aws.accounts.contains_key(&a));
    match (cloud, Arn::parse(who.name())) {
        (Cloud::Aws, Ok(arn)) => {
            let entity = arn.resource().starts_with("role/") || arn.resource().starts_with("user/");
            arn.service() == "iam" && entity && listed(&arn) && estate.aws.principal(&arn).is_none()
        }
        (Cloud::Aws | Cloud::Azure | Cloud::Gcp, _) => false,
    }
}
