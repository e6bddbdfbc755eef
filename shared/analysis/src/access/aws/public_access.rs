//! Block Public Access at its four levels, and what S3 takes for public.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>

use super::Request;
use super::storage::Store;
use crate::model::Formula;
use crate::model::aws::{
    AccessPoint, Clause, Document, Effect, PrincipalMatch, PrincipalPattern, PublicAccessBlock,
    Statement,
};
use std::net::IpAddr;

/// A flag of Block Public Access.
pub(super) type Flag = fn(&PublicAccessBlock) -> bool;

/// Whether Block Public Access takes the bucket policy's effect away from this requester: with `RestrictPublicBuckets` a
/// *public* policy admits the owner's account and AWS services only.
pub(super) fn blocked(store: &Store<'_>, request: &Request<'_>) -> Formula {
    let Some(Some(policy)) = &store.bucket.policy else { return Formula::never() };
    if !restricts(policy, request) {
        return Formula::never();
    }
    is_on(store, None, |block| block.restrict_public_buckets)
}

/// The same for the policy of an access point.
pub(super) fn point_blocked(
    store: &Store<'_>,
    point: &AccessPoint,
    request: &Request<'_>,
) -> Formula {
    let Some(Some(policy)) = &point.policy else { return Formula::never() };
    // One that takes requests of a VPC only is never public.
    if point.vpc_only || !restricts(policy, request) {
        return Formula::never();
    }
    is_on(store, Some(point), |block| block.restrict_public_buckets)
}

fn restricts(policy: &Document, request: &Request<'_>) -> bool {
    request.subject.account().as_ref() != Some(request.owner)
        && policy.statements().iter().any(is_public)
}

/// Whether a flag is on: one that the organisation, the account, the bucket or the access point sets is set, whatever the
/// others say.
pub(super) fn is_on(store: &Store<'_>, point: Option<&AccessPoint>, flag: Flag) -> Formula {
    let account = store.aws.accounts.get(store.owner).and_then(|a| a.block);
    let organization = store.aws.organization.as_ref().map(|o| o.public_access_block(store.owner));
    let known = [
        // Organisations without such policies are the rule: what is not in the estate is taken for none.
        organization.unwrap_or(Some(PublicAccessBlock::default())),
        account,
        store.bucket.block,
        point.map_or(Some(PublicAccessBlock::default()), |p| p.block),
    ];
    if known.iter().flatten().any(flag) {
        Formula::always()
    } else if known.iter().all(Option::is_some) {
        Formula::never()
    } else {
        Formula::unknown(format!(
            "Block Public Access of {} is not in the estate",
            store.bucket.arn()
        ))
    }
}

/// Whether S3 takes a statement for public: it allows everyone, and no condition pins the requester to fixed values.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status>
fn is_public(statement: &Statement) -> bool {
    let everyone = match &statement.principal {
        PrincipalMatch::Is(patterns) => patterns.iter().any(|p| match p {
            PrincipalPattern::Everyone | PrincipalPattern::Federated(_) => true,
            PrincipalPattern::Account(_)
            | PrincipalPattern::Arn(_)
            | PrincipalPattern::UniqueId(_)
            | PrincipalPattern::Service(_)
            | PrincipalPattern::CanonicalUser(_) => false,
        }),
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
    // An access point or a path is fixed by its account or organisation; what follows may be a wildcard.
    let open_end = matches!(key.as_str(), "s3:dataaccesspointarn" | "aws:principalorgpaths");
    let fixed = clause.values.iter().all(|v| {
        let wild = v.contains(['*', '?'])
            && !(open_end && !v.starts_with(['*', '?']) && !v.starts_with("arn:aws:s3:*:*"));
        let everywhere = key == "aws:sourceip" && is_wide(v);
        !(wild || everywhere || v.contains("${"))
    });
    fixed && positive.contains(&operator) && KEYS.contains(&key.as_str())
}

/// Whether a range of addresses is too wide to pin anybody: wider than /8, in IPv6 than /32, private ranges aside.
fn is_wide(range: &str) -> bool {
    let (network, bits) = match range.split_once('/') {
        Some((network, bits)) => (network, bits.parse::<u8>().unwrap_or(0)),
        None => return false,
    };
    match network.parse() {
        Ok(IpAddr::V4(_)) => bits < 8,
        Ok(IpAddr::V6(address)) => bits < 32 && !(address.is_unique_local() && bits >= 7),
        Err(_) => true,
    }
}
