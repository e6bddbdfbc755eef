//! Conditions of statements, in the proportions in which they are met.

use super::{Account, Plan, TEAMS};
use crate::draw::Draw;
use serde_json::{Value, json};

/// A condition of an identity policy's statement about a service.
pub(super) fn of_identity(draw: &mut Draw, plan: &Plan, account: &Account, service: &str) -> Value {
    if service == "kms" && draw.percent(35) {
        return json!({"StringEquals": {"kms:ViaService": format!("s3.{}.amazonaws.com", account.region)}});
    }
    if service == "s3" && draw.percent(20) {
        let prefixes = [format!("{}/*", draw.one(&super::statement::PREFIXES)), String::new()];
        return json!({"StringLike": {"s3:prefix": prefixes}});
    }
    match draw.below(9) {
        0 => json!({"StringEquals": {"aws:PrincipalTag/team": "${aws:ResourceTag/team}"}}),
        1 => json!({"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}),
        2 => json!({"StringEquals": {"aws:PrincipalTag/team": draw.one(&TEAMS)}}),
        3 => json!({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "198.51.100.0/24"]}}),
        4 => json!({"StringEquals": {"aws:SourceVpce": format!("vpce-{}", draw.hex(17))}}),
        5 => json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        6 => json!({"StringEquals": {"aws:ResourceOrgID": plan.organization}}),
        7 => json!({"StringEquals": {"aws:ResourceAccount": account.id}}),
        _ => json!({"StringEquals": {"aws:RequestedRegion": [account.region, "us-east-1"]}}),
    }
}

/// A condition of a resource policy's statement that allows.
pub(super) fn of_resource(draw: &mut Draw, plan: &Plan) -> Value {
    match draw.below(6) {
        0 | 1 => json!({"StringEquals": {"aws:PrincipalOrgID": plan.organization}}),
        2 => json!({"StringEquals": {"aws:PrincipalTag/team": draw.one(&TEAMS)}}),
        3 => json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        4 => json!({"StringEquals": {"aws:SourceVpce": [format!("vpce-{}", draw.hex(17))]}}),
        _ => json!({"Bool": {"aws:SecureTransport": "true"}}),
    }
}
