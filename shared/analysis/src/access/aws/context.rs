//! Conditions: which context keys of a request are known, and what an operator makes of them.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
//!
//! A key whose value the estate does not give leaves the condition as a readable residue, value by value, so that a longer
//! list is a wider condition. Rules that other tools get wrong: a negated operator is true for an absent key, so is
//! `…IfExists`, so is `ForAllValues`.

use super::operator::{matches, word};
use super::variable::{Resolved, resolve};
use super::{EncryptionContext, Request, Subject, Target};
use crate::model::aws::{AccountId, Clause, Comparison, IamKind, Operator, Set};
use crate::model::{Formula, Overlap, Pattern};
use std::borrow::Cow;
use std::sync::Arc;

/// What is known of a context key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Given<'a> {
    /// The request does not carry the key.
    Absent,
    /// It carries this value.
    One(Cow<'a, str>),
    /// It carries these values.
    Many(Cow<'a, [Arc<str>]>),
    /// It carries some value, or none, but not this one.
    Not(Cow<'a, str>),
    /// It carries some value, or none, but none that begins so.
    NotWithin(String),
    /// It carries this value, or none, when tags count, and is absent when they do not; which of the two is not known.
    IfTagsCount(Option<&'a str>),
    /// It carries this value unless the requester asks for another: enough to match, not enough not to.
    Usually(&'a str),
    /// It carries one value of these.
    Like(Pattern),
    /// It carries the ARN of the object, one of these.
    Objects(Pattern),
    /// It carries the value of a tag of the object (the tag's name): each value is a class of objects.
    ObjectTag(String),
    /// It may carry any value.
    Open,
}

/// Whether all clauses hold. `variables` says whether `${…}` are policy variables.
pub(super) fn holds(clauses: &[Clause], variables: bool, request: &Request<'_>) -> Formula {
    match clauses {
        [] => Formula::always(),
        _ => Formula::all(clauses.iter().map(|c| clause_holds(c, variables, request))),
    }
}

fn clause_holds(clause: &Clause, variables: bool, request: &Request<'_>) -> Formula {
    let Some(operator) = clause.parsed else {
        return Formula::condition(readable(clause));
    };
    let key = &*clause.folded;
    // The audience of a token is its issuer's choice: fixing it tells nobody apart.
    if matches!(request.subject, Subject::Federated(_))
        && key.ends_with(":aud")
        && !operator.negated
    {
        return Formula::always();
    }
    let given = lookup(key, request);
    if operator.comparison == Comparison::Null {
        let wants_absent = clause.values.iter().any(|v| v.eq_ignore_ascii_case("true"));
        let absent = is_absent(&clause.key, &given);
        return if wants_absent { absent } else { absent.negated() };
    }
    let resolved = |value: &Arc<str>| {
        if variables && value.contains("${") {
            resolve(value, request)
        } else {
            Some(Resolved::literal(value))
        }
    };
    let wanted: Vec<Resolved> = clause.values.iter().filter_map(resolved).collect();
    let clause = Resolution { operator, key: &clause.key, wanted };
    clause.holds(&given)
}

/// A clause with its variables put in.
struct Resolution<'a> {
    operator: Operator,
    key: &'a str,
    wanted: Vec<Resolved>,
}

impl Resolution<'_> {
    fn holds(&self, given: &Given<'_>) -> Formula {
        let Operator { negated, if_exists, set, .. } = self.operator;
        let sign = |matched: Formula| if negated { matched.negated() } else { matched };
        match given {
            Given::Absent => Formula::known(match set {
                Set::One => negated || if_exists,
                Set::Any => if_exists,
                Set::All => true,
            }),
            Given::One(value) => sign(self.any(|w| self.one(w, value))),
            Given::Many(values) => {
                let each = values.iter().map(|value| sign(self.any(|w| self.one(w, value))));
                match set {
                    Set::All => Formula::all(each),
                    Set::One | Set::Any => Formula::any(each),
                }
            }
            Given::Usually(value) => {
                let matched = self.any(|w| self.one(w, value));
                if matched.is_always() { sign(matched) } else { sign(self.residue()) }
            }
            // Whatever the value is, it is not that one: enough when the clause speaks of that one only.
            Given::Not(_) | Given::NotWithin(_) if self.is_excluded(given) => {
                if if_exists || set == Set::All {
                    // It may be absent.
                    if negated { Formula::always() } else { self.absent() }
                } else {
                    Formula::known(negated && set == Set::One)
                }
            }
            Given::Like(pattern) => sign(self.any(|w| self.class(w, pattern, |_, w| self.atom(w)))),
            Given::Objects(pattern) => {
                sign(self.any(|w| self.class(w, pattern, |objects, _| Formula::objects(objects))))
            }
            Given::ObjectTag(tag) => {
                let word = word(self.operator.comparison);
                let class = |w: &Resolved| {
                    Formula::class(format!("only objects whose tag `{tag}` {word} {}", w.text))
                };
                let matched = sign(self.any(class));
                if if_exists || set == Set::All {
                    matched.or(tagged(tag).negated())
                } else if set == Set::Any && negated {
                    matched.and(tagged(tag))
                } else {
                    matched
                }
            }
            Given::IfTagsCount(value) => {
                let counts = Formula::unknown("whether tags of the bucket count in conditions");
                let on = self.holds(&value.map_or(Given::Absent, |v| Given::One(v.into())));
                let off = self.holds(&Given::Absent);
                if on == off { on } else { counts.clone().and(on).or(counts.negated().and(off)) }
            }
            Given::Not(_) | Given::NotWithin(_) | Given::Open => {
                let matched = sign(self.residue());
                match (if_exists, set) {
                    (false, Set::One) => matched,
                    (true, Set::One) if negated => matched,
                    (true, Set::One) => matched.or(self.absent()),
                    // A key may carry several values: the clause stays whole.
                    (_, Set::Any | Set::All) => Formula::condition(self.readable()),
                }
            }
        }
    }

    /// Whether the clause speaks only of values that the key does not carry.
    fn is_excluded(&self, given: &Given<'_>) -> bool {
        self.wanted.iter().all(|w| {
            !w.open
                && match given {
                    Given::Not(other) => w.text == **other,
                    Given::NotWithin(beginning) => w.text.starts_with(beginning.as_str()),
                    Given::Absent
                    | Given::One(_)
                    | Given::Many(_)
                    | Given::Usually(_)
                    | Given::Like(_)
                    | Given::Objects(_)
                    | Given::ObjectTag(_)
                    | Given::IfTagsCount(_)
                    | Given::Open => false,
                }
        })
    }

    fn any(&self, test: impl Fn(&Resolved) -> Formula) -> Formula {
        Formula::any(self.wanted.iter().map(test))
    }

    /// One value of the policy with one of the request.
    fn one(&self, wanted: &Resolved, value: &str) -> Formula {
        if wanted.open {
            // What a variable stands for is decided by the request.
            return if wanted.matches(value) { self.atom(wanted) } else { Formula::never() };
        }
        Formula::known(matches(self.operator.comparison, wanted, value))
    }

    /// One value of the policy with a class of values of the request.
    fn class(
        &self,
        wanted: &Resolved,
        given: &Pattern,
        partly: impl Fn(Pattern, &Resolved) -> Formula,
    ) -> Formula {
        let exact =
            Resolved { pattern: wanted.text.replace(['*', '?'], "\u{1}"), ..wanted.clone() };
        let pattern = Pattern::new(match self.operator.comparison {
            Comparison::StringLike | Comparison::ArnLike => wanted.pattern.as_str(),
            // Stars are letters here.
            Comparison::StringEquals => exact.pattern.as_str(),
            Comparison::StringEqualsIgnoreCase
            | Comparison::Bool
            | Comparison::Binary
            | Comparison::Numeric(_)
            | Comparison::Date(_)
            | Comparison::IpAddress
            | Comparison::Null => return self.atom(wanted),
        });
        match pattern.overlap(given) {
            Overlap::Whole if !wanted.open => Formula::always(),
            Overlap::Whole => self.atom(wanted),
            Overlap::Part => partly(pattern, wanted),
            Overlap::None => Formula::never(),
        }
    }

    /// What is left for a key that may carry any value. `0.0.0.0/0` is every address: no limit.
    fn residue(&self) -> Formula {
        let everywhere = |w: &Resolved| {
            matches!(w.text.as_str(), "0.0.0.0/0" | "::/0") && !self.operator.negated
        };
        if self.operator.comparison == Comparison::IpAddress && self.wanted.iter().any(everywhere) {
            return Formula::always();
        }
        self.any(|w| self.atom(w))
    }

    /// One value of the policy as a condition for people.
    fn atom(&self, wanted: &Resolved) -> Formula {
        let word = word(self.operator.comparison);
        Formula::condition(format!("{} {word} {}", self.key, wanted.text))
    }

    fn absent(&self) -> Formula {
        absent(self.key)
    }

    fn readable(&self) -> String {
        let Operator { comparison, negated, if_exists, set } = self.operator;
        let values: Vec<&str> = self.wanted.iter().map(|w| w.text.as_str()).collect();
        let set = match set {
            Set::One => "",
            Set::Any => "some value of ",
            Set::All => "every value of ",
        };
        let not = if negated { "not: " } else { "" };
        let absent = if if_exists { ", or it is absent" } else { "" };
        format!("{not}{set}{} {} [{}]{absent}", self.key, word(comparison), values.join(", "))
    }
}

fn absent(key: &str) -> Formula {
    Formula::condition(format!("{key} is absent"))
}

fn tagged(tag: &str) -> Formula {
    Formula::class(format!("only objects with a tag `{tag}`"))
}

fn is_absent(key: &str, given: &Given<'_>) -> Formula {
    match given {
        Given::Absent => Formula::always(),
        Given::Many(values) => Formula::known(values.is_empty()),
        Given::One(_) | Given::Usually(_) | Given::Like(_) | Given::Objects(_) => Formula::never(),
        Given::ObjectTag(tag) => tagged(tag).negated(),
        Given::IfTagsCount(None) => Formula::always(),
        Given::IfTagsCount(Some(_)) => {
            Formula::unknown("whether tags of the bucket count in conditions").negated()
        }
        Given::Not(_) | Given::NotWithin(_) | Given::Open => absent(key),
    }
}

pub(super) fn readable(clause: &Clause) -> String {
    let values: Vec<&str> = clause.values.iter().map(|v| &**v).collect();
    format!("{} {} [{}]", clause.key, clause.operator, values.join(", "))
}

/// The value of a key (lower case) in a request: as the caller says, else as the estate shows it, else as the kind of
/// request has it.
pub(super) fn lookup<'a>(key: &str, request: &Request<'a>) -> Given<'a> {
    if let Some(values) = request.asked.context.get(key) {
        return Given::Many(values.into());
    }
    // A token always has a subject.
    if matches!(request.subject, Subject::Federated(_)) && key.ends_with(":sub") {
        return Given::Like(Pattern::new("*"));
    }
    let given = from_estate(key, request).unwrap_or(Given::Open);
    if !request.asked.context.is_closed() {
        return given;
    }
    if matches!(given, Given::Open | Given::ObjectTag(_) | Given::IfTagsCount(_)) {
        return Given::Absent;
    }
    if let Given::Usually(value) = given {
        return Given::One(value.into());
    }
    given
}

/// `None`: the estate says nothing of this key.
fn from_estate<'a>(key: &str, request: &Request<'a>) -> Option<Given<'a>> {
    if let Some(rest) = key.strip_prefix("kms:") {
        return of_kms(rest, request);
    }
    if let Some(rest) = key.strip_prefix("s3:") {
        return of_s3(rest, request);
    }
    let rest = key.strip_prefix("aws:")?;
    if let Some(principal) = rest.strip_prefix("principal") {
        return of_principal(principal, request);
    }
    if let Some(resource) = rest.strip_prefix("resource") {
        return of_resource(resource, request);
    }
    let via = request.via.as_ref();
    Some(match rest {
        // The witness request is an ordinary one over TLS, made by the principal himself.
        "securetransport" => Given::One("true".into()),
        "viaawsservice" => Given::One(if via.is_some() { "true" } else { "false" }.into()),
        "calledvia" | "calledviafirst" | "calledvialast" => match via {
            Some(_) => Given::One("s3.amazonaws.com".into()),
            None => Given::Absent,
        },
        // Set only where a service asks under its own name.
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourcearn>
        "sourcearn" | "sourceaccount" | "sourceorgid" | "sourceorgpaths" | "sourceowner" => {
            Given::Absent
        }
        "requestedregion" if !request.region.is_empty() => Given::One(request.region.into()),
        "username" => match request.subject {
            Subject::Iam(p) if p.principal.kind == IamKind::User => {
                Given::One(p.principal.name().into())
            }
            Subject::Iam(_) | Subject::Anonymous => Given::Absent,
            Subject::Outside(_)
            | Subject::Account(_)
            | Subject::AnyAccount
            | Subject::Federated(_)
            | Subject::Nobody => Given::Open,
        },
        "userid" => match request.subject {
            Subject::Iam(p) => match (&p.principal.unique_id, p.principal.kind) {
                (Some(id), IamKind::User | IamKind::Group) => Given::One((&**id).into()),
                (Some(id), IamKind::Role) => match &p.session {
                    Some(session) => Given::One(Cow::Owned(format!("{id}:{}", session.name()))),
                    None => Given::Like(Pattern::new(format!("{id}:*"))),
                },
                (None, _) => Given::Open,
            },
            Subject::Anonymous => Given::One("anonymous".into()),
            Subject::Account(account) if request.asked.context.is_closed() => {
                Given::One(Cow::Owned(account.as_str().to_owned()))
            }
            Subject::Outside(_)
            | Subject::Account(_)
            | Subject::AnyAccount
            | Subject::Federated(_)
            | Subject::Nobody => Given::Open,
        },
        _ => return None,
    })
}

fn of_principal<'a>(key: &str, request: &Request<'a>) -> Option<Given<'a>> {
    if let Some(tag) = key.strip_prefix("tag/") {
        return Some(principal_tag(tag, request));
    }
    let subject = request.subject;
    Some(match key {
        "arn" => match subject {
            Subject::Iam(p) => Given::One(p.principal.arn.as_str().into()),
            Subject::Outside(arn) => Given::One(arn.as_str().into()),
            Subject::Anonymous => Given::Absent,
            // One request of a whole account is its root user's.
            Subject::Account(account) if request.asked.context.is_closed() => {
                Given::One(Cow::Owned(account.root().as_str().to_owned()))
            }
            Subject::Account(_) | Subject::AnyAccount | Subject::Federated(_) | Subject::Nobody => {
                Given::Open
            }
        },
        "account" => account(request),
        "orgid" => organization_of(request),
        "orgpaths" => organization_path_of(request),
        "isawsservice" => Given::One("false".into()),
        "servicename" | "servicenameslist" => Given::Absent,
        "type" => match subject {
            Subject::Anonymous => Given::One("Anonymous".into()),
            Subject::Iam(p) if p.principal.kind == IamKind::User => Given::One("User".into()),
            Subject::Iam(_) => Given::One("AssumedRole".into()),
            Subject::Account(_) if request.asked.context.is_closed() => {
                Given::One("Account".into())
            }
            Subject::Outside(_)
            | Subject::Account(_)
            | Subject::AnyAccount
            | Subject::Federated(_)
            | Subject::Nobody => Given::Open,
        },
        _ => return None,
    })
}

fn account<'a>(request: &Request<'a>) -> Given<'a> {
    match request.subject {
        Subject::Anonymous => Given::Absent,
        Subject::AnyAccount => Given::Not(request.owner.as_str().into()),
        Subject::Federated(_) | Subject::Nobody => Given::Open,
        Subject::Account(_) | Subject::Iam(_) | Subject::Outside(_) => request
            .subject
            .account()
            .map_or(Given::Absent, |a| Given::One(a.as_str().to_owned().into())),
    }
}

fn of_resource<'a>(key: &str, request: &Request<'a>) -> Option<Given<'a>> {
    if let Some(tag) = key.strip_prefix("tag/") {
        return Some(resource_tag(tag, request));
    }
    let organization = request.aws.organization.as_ref();
    let of = |value: &dyn Fn() -> Cow<'a, str>| match organization {
        Some(o) if o.contains(request.owner) => Given::One(value()),
        Some(_) => Given::Absent,
        None => Given::Open,
    };
    Some(match key {
        "account" => Given::One(request.owner.as_str().into()),
        "orgid" => of(&|| organization.map_or("".into(), |o| (&*o.id).into())),
        "orgpaths" => of(&|| organization.map_or("".into(), |o| o.path_text(request.owner).into())),
        _ => return None,
    })
}

fn resource_tag<'a>(tag: &str, request: &Request<'a>) -> Given<'a> {
    match &request.tags {
        super::ResourceTags::Count(tags) => {
            let found = tags.iter().find(|(name, _)| name.eq_ignore_ascii_case(tag));
            found.map_or(Given::Absent, |(_, value)| Given::One((&**value).into()))
        }
        super::ResourceTags::Off => Given::Absent,
        super::ResourceTags::Perhaps(tags) => {
            let found = tags.iter().find(|(name, _)| name.eq_ignore_ascii_case(tag));
            Given::IfTagsCount(found.map(|(_, value)| &**value))
        }
        super::ResourceTags::Unknown => Given::Open,
    }
}

/// Keys of KMS. <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html>
fn of_kms<'a>(key: &str, request: &Request<'a>) -> Option<Given<'a>> {
    let via = request.via.as_ref();
    Some(match key {
        "calleraccount" => account(request),
        "viaservice" => {
            via.map_or(Given::Absent, |v| Given::One(Cow::Owned(v.service.to_string())))
        }
        "encryptioncontextkeys" if via.is_some() => {
            Given::Many(vec![Arc::from("aws:s3:arn")].into())
        }
        "grantisforawsresource" => Given::One("false".into()),
        "resourcealiases" => {
            let Target::One(key) = &request.target else { return None };
            Given::Many(request.aws.aliases_of(key).into())
        }
        _ => {
            let named = key.strip_prefix("encryptioncontext:")?;
            match (via.map(|v| &v.context), named) {
                (Some(EncryptionContext::Bucket(arn)), "aws:s3:arn") => {
                    Given::One(Cow::Owned(arn.as_str().to_owned()))
                }
                (Some(EncryptionContext::Objects(objects)), "aws:s3:arn") => {
                    Given::Objects(objects.clone())
                }
                (Some(EncryptionContext::Object(arn)), "aws:s3:arn") => {
                    Given::One(Cow::Owned(arn.as_str().to_owned()))
                }
                // Who uses the key directly chooses his context; whoever stored the object may have added to it.
                (Some(_) | None, _) => Given::Open,
            }
        }
    })
}

/// Keys of S3. Those of another kind of request are absent from this one.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>
fn of_s3<'a>(key: &str, request: &Request<'a>) -> Option<Given<'a>> {
    let action = request.action.name();
    let puts = action == "s3:putobject";
    if let Some(tag) = key.strip_prefix("buckettag/") {
        return Some(resource_tag(tag, request));
    }
    let on_objects = matches!(action, "s3:getobject" | "s3:deleteobject") || puts;
    if !on_objects {
        return matches!(key, "resourceaccount").then(|| Given::One(request.owner.as_str().into()));
    }
    if let Some(tag) = key.strip_prefix("existingobjecttag/") {
        let gets = action == "s3:getobject";
        return Some(if gets { Given::ObjectTag(tag.to_owned()) } else { Given::Absent });
    }
    Some(match key {
        "resourceaccount" => Given::One(request.owner.as_str().into()),
        "prefix" | "delimiter" | "max-keys" => Given::Absent,
        "dataaccesspointarn" | "dataaccesspointaccount" | "accesspointnetworkorigin" => {
            match request.point {
                None => Given::Absent,
                Some(point) => match key {
                    "dataaccesspointarn" => Given::One(Cow::Owned(point.arn.as_str().to_owned())),
                    "dataaccesspointaccount" => match point.arn.account() {
                        Some(account) => Given::One(Cow::Owned(account.as_str().to_owned())),
                        None => Given::Open,
                    },
                    _ => Given::One(if point.vpc_only { "VPC" } else { "Internet" }.into()),
                },
            }
        }
        "requestobjecttagkeys" if !puts => Given::Absent,
        _ if !puts
            && (key.starts_with("requestobjecttag/")
                || key.starts_with("x-amz-grant-")
                || key.starts_with("x-amz-server-side-encryption")
                || matches!(
                    key,
                    "x-amz-acl"
                        | "x-amz-copy-source"
                        | "x-amz-metadata-directive"
                        | "x-amz-storage-class"
                )) =>
        {
            Given::Absent
        }
        _ => return None,
    })
}

fn organization_of<'a>(request: &Request<'a>) -> Given<'a> {
    of_organization(request, |organization, _| (&*organization.id).into())
}

fn organization_path_of<'a>(request: &Request<'a>) -> Given<'a> {
    let given =
        of_organization(request, |organization, account| organization.path_text(account).into());
    if let Given::Not(id) = given {
        return Given::NotWithin(format!("{id}/"));
    }
    given
}

fn of_organization<'a>(
    request: &Request<'a>,
    value: impl Fn(&'a crate::estate::aws::Organization, &AccountId) -> Cow<'a, str>,
) -> Given<'a> {
    let Some(organization) = &request.aws.organization else {
        return if matches!(request.subject, Subject::Anonymous) {
            Given::Absent
        } else {
            Given::Open
        };
    };
    match request.subject {
        Subject::Anonymous => Given::Absent,
        Subject::AnyAccount => Given::Not((&*organization.id).into()),
        Subject::Federated(_) | Subject::Nobody => Given::Open,
        Subject::Account(_) | Subject::Iam(_) | Subject::Outside(_) => {
            match request.subject.account() {
                Some(account) if organization.contains(&account) => {
                    Given::One(value(organization, &account))
                }
                // An account of the estate that says that it is in no organisation.
                Some(account) if request.aws.is_in_no_organization(&account) => Given::Absent,
                Some(_) | None => Given::Not((&*organization.id).into()),
            }
        }
    }
}

/// Principal tags are known for principals of the estate; a session tag may stand in the place of a role's own.
fn principal_tag<'a>(tag: &str, request: &Request<'a>) -> Given<'a> {
    match request.subject {
        Subject::Iam(p) => {
            let own = p.principal.tags.iter().find(|(name, _)| name.eq_ignore_ascii_case(tag));
            match (own, p.principal.kind) {
                (Some((_, value)), IamKind::Role) => Given::Usually(value),
                (Some((_, value)), IamKind::User | IamKind::Group) => Given::One((&**value).into()),
                (None, IamKind::Role) => Given::Open,
                (None, IamKind::User | IamKind::Group) => Given::Absent,
            }
        }
        Subject::Anonymous => Given::Absent,
        Subject::Outside(_)
        | Subject::Account(_)
        | Subject::AnyAccount
        | Subject::Federated(_)
        | Subject::Nobody => Given::Open,
    }
}
