//! Access points: doors of a bucket with policies of their own. Going through one, both policies must allow: that of the
//! point and that of the bucket (or the bucket's owner through his identity policies).
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html>

use super::identity::identity;
use super::organization::resource_control;
use super::policy::{ResourceSaid, resource_says};
use super::storage::{Part, Store};
use super::subject::Subject;
use super::{Request, Target, public_access};
use crate::access::{Lock, Trace};
use crate::model::aws::{AccessPoint, Arn, Known};
use crate::model::{Formula, Pattern};

/// What can be reached through the access points of a bucket.
pub(super) fn through_any(
    store: &Store<'_>,
    direct: &Request<'_>,
    part: Part<'_>,
    trace: &mut Trace<'_>,
) -> Formula {
    let points = store.bucket.access_points.values();
    Formula::any(points.map(|point| through(store, point, direct, part, trace)).collect::<Vec<_>>())
}

fn through<'a>(
    store: &'a Store<'a>,
    point: &'a AccessPoint,
    direct: &Request<'a>,
    part: Part<'_>,
    trace: &mut Trace<'_>,
) -> Formula {
    let objects = match part {
        Part::Objects => Target::Objects(Pattern::new(format!("{}/object/*", point.arn))),
        Part::Object(arn) => match object_name(arn) {
            Some(name) => match Arn::parse(&format!("{}/object/{name}", point.arn)) {
                Ok(arn) => Target::One(arn.clone()),
                Err(_) => return Formula::never(),
            },
            None => return Formula::never(),
        },
        Part::Bucket => return Formula::never(),
    };
    let at_point = Request { target: objects, point: Some(point), ..direct.clone() };
    let at_bucket = Request { point: Some(point), ..direct.clone() };
    let label = format_args!("policy of access point {}", point.arn);
    let point_said = match &point.policy {
        Some(Some(policy)) => resource_says(policy, &at_point, Some(Lock::Storage), label, trace),
        Some(None) => ResourceSaid::nothing(),
        None => ResourceSaid::unknown(&format!("the policy of {} is not in the estate", point.arn)),
    };
    let point_said = point_said.unless(&public_access::point_blocked(store, point, &at_point));
    let bucket_said =
        store.bucket_policy(&at_bucket, trace).unless(&public_access::blocked(store, &at_bucket));
    let same_account = direct.subject.account().as_ref() == Some(direct.owner);
    // Within the account one policy that allows is enough for each of the two; identity policies may speak of both.
    let own = identity(&at_point, Lock::Storage, trace);
    let allow = if same_account {
        own.limited(point_said.direct, point_said.session, own.allow.clone())
    } else {
        // The bucket must let requests of its access points through to the other account.
        let both = point_said.any_allow().and(bucket_said.any_allow());
        match direct.subject {
            Subject::Anonymous => both,
            Subject::AnyAccount | Subject::Account(_) | Subject::Outside(_) | Subject::Iam(_) => {
                own.with_consent_of(both)
            }
            Subject::Federated(_) | Subject::Nobody => Formula::never(),
        }
    };
    let from_network = if point.vpc_only {
        Formula::condition(format!(
            "the request comes from the VPC of access point {}",
            point.arn.name()
        ))
    } else {
        Formula::always()
    };
    let deny = point_said.deny.or(bucket_said.deny).or(own.deny);
    allow.and(from_network).and(resource_control(&at_bucket, trace)).unless(deny)
}

fn object_name(arn: &Arn) -> Option<&str> {
    arn.resource().split_once('/').map(|(_, name)| name)
}

/// Who may change the policy of an access point opens the bucket as far as the bucket lets its access points through.
pub(super) fn administer(
    store: &Store<'_>,
    subject: &Subject<'_>,
    trace: &mut Trace<'_>,
) -> Formula {
    let one = |point: &AccessPoint| {
        let request = Request {
            target: Target::One(point.arn.clone()),
            ..store.request(subject, Known::PutAccessPointPolicy.into(), Part::Bucket)
        };
        if subject.account().as_ref() != Some(store.owner) {
            return Formula::never();
        }
        let own = identity(&request, Lock::Storage, trace);
        let allow = own.limited(Formula::never(), Formula::never(), own.allow.clone());
        allow.and(resource_control(&request, trace)).unless(own.deny)
    };
    Formula::any(store.bucket.access_points.values().map(one).collect::<Vec<_>>())
}
