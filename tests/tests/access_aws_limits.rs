//! What takes access away again: denies, permissions boundaries, service and resource control policies. The numbers are
//! those of `shared/analysis/semantics/aws.md`; the expected verdicts follow from the pages that it names.

use keyfence_analysis::access;
use keyfence_analysis::diff::{Picture, compare};
use keyfence_analysis::model::Access;
use keyfence_analysis::model::Access::{Decrypt, Delete, Read};
use keyfence_analysis::model::Verdict::{Conditional, No, Unknown, Yes};
use keyfence_tests::aws_world::{
    ANNA, ANYBODY, BUCKET, EVERY_LEVEL, GUEST, KEY, MANAGEMENT, OBJECTS, OTHER, OUTSIDER, OWN,
    PUBLIC, READER, World, allow, bounded, bucket, bucket_saying, bucket_world, check, cond,
    decrypt, delegation, deny, full_rcp, full_scp, get_objects, key_saying, open_world, rcp, read,
    reader_world, scp, to, under, under_managed_key, when,
};
use keyfence_tests::with;
use serde_json::{Value, json};
use std::collections::BTreeMap;

// --- explicit denies

/// AWS-008: an explicit deny in any policy overrides every allow.
#[test]
fn a_deny_wins_wherever_it_stands() {
    let world = open_world();
    read(&world, READER, Yes);
    let of = |identity: &[Value], bucket_says: &[Value], key_says: &[Value]| {
        let own: Vec<Value> = [get_objects(), decrypt()].iter().chain(identity).cloned().collect();
        let key: Vec<Value> = [delegation()].iter().chain(key_says).cloned().collect();
        World::new()
            .iam(READER, &own)
            .bucket(under(KEY, bucket_saying(bucket_says)))
            .key(key_saying(&key))
    };
    read(&of(&[deny("s3:GetObject", "*")], &[], &[]), READER, No);
    read(&of(&[deny("kms:Decrypt", "*")], &[], &[]), READER, No);
    read(&of(&[], &[to("*", deny("s3:*", "*"))], &[]), READER, No);
    read(&of(&[], &[to(READER, deny("s3:GetObject", OBJECTS))], &[]), READER, No);
    read(&of(&[], &[], &[to("*", deny("kms:*", "*"))]), READER, No);
    read(&of(&[], &[], &[to(READER, deny("kms:Decrypt", "*"))]), READER, No);
    // Somebody else's, or another action's, does not matter.
    read(&of(&[deny("s3:PutObject", "*")], &[], &[]), READER, Yes);
    read(&of(&[], &[to(ANNA, deny("s3:*", "*"))], &[]), READER, Yes);
    read(&of(&[], &[], &[to(ANNA, deny("kms:*", "*"))]), READER, Yes);
}

/// AWS-008: a Deny of the requester's own side stops what the bucket policy gives him by name.
#[test]
fn an_identity_deny_stops_a_bucket_policys_allow() {
    let world = bucket_world(&[to(READER, get_objects())]).iam(READER, &[deny("s3:*", "*")]);
    read(&world, READER, No);
    let world = bucket_world(&[to(GUEST, get_objects())]);
    read(&world.iam(GUEST, &[get_objects(), deny("s3:GetObject", OBJECTS)]), GUEST, No);
    // A bucket policy's Deny stops the public too.
    let world = bucket_world(&[to("*", get_objects()), to("*", deny("s3:GetObject", OBJECTS))]);
    read(&world, PUBLIC, No);
    read(&world, ANYBODY, No);
}

/// AWS-009 (mistake 6): taking a Deny away, or narrowing it, gives access to whom an Allow stood behind it.
#[test]
fn mistake_6_a_removed_deny_is_a_grant() {
    let open = to("*", get_objects());
    let closed = bucket_world(&[open.clone(), to("*", deny("s3:GetObject", "*"))]);
    let narrowed =
        bucket_world(&[open.clone(), to("*", deny("s3:GetObject", "arn:aws:s3:::data/secret/*"))]);
    let removed = bucket_world(&[open]);
    read(&closed, PUBLIC, No);
    read(&narrowed, PUBLIC, Conditional);
    read(&removed, PUBLIC, Yes);
    assert_eq!(gains(&closed, &removed, PUBLIC), [Read]);
    assert_eq!(gains(&closed, &narrowed, PUBLIC), [Read]);
    assert_eq!(gains(&narrowed, &removed, PUBLIC), [Read]);
    assert_eq!(gains(&removed, &closed, PUBLIC), []);
    // The same for the key, where the Deny was the key policy's.
    let keyed = |key_says: &[Value]| {
        World::new()
            .iam(READER, &[get_objects(), decrypt()])
            .bucket(under(KEY, bucket()))
            .key(key_saying(key_says))
    };
    let before = keyed(&[delegation(), to(READER, deny("kms:Decrypt", "*"))]);
    let after = keyed(&[delegation()]);
    assert_eq!(gains(&before, &after, READER), [Read, Decrypt]);
}

/// What a principal gained between two estates.
fn gains(before: &World, after: &World, principal: &str) -> Vec<Access> {
    let (before, after) = (before.estate(), after.estate());
    let slice = access::everything(&after);
    let difference = compare(
        &Picture::take(&before, &slice),
        &Picture::take(&after, &slice),
        &after,
        &BTreeMap::new(),
    );
    let of = difference.gained.iter().map(|g| &g.question);
    let mut found: Vec<Access> =
        of.filter(|q| q.principal.name() == principal).map(|q| q.access).collect();
    found.sort();
    found
}

// --- permissions boundary

/// AWS-035: an entity may do what its identity policies and its boundary both allow; a boundary gives nothing.
#[test]
fn a_boundary_caps_identity_policies() {
    let of = |edge: &[Value], own: &[Value]| {
        World::new().managed("edge", edge).iam_with(READER, own, &bounded("edge")).bucket(bucket())
    };
    read(&of(&[allow("s3:*", "*")], &[get_objects()]), READER, Yes);
    read(&of(&[allow("ec2:*", "*")], &[get_objects()]), READER, No);
    read(&of(&[allow("s3:*", "*")], &[]), READER, No);
    read(&of(&[allow("s3:*", "*"), deny("s3:Get*", "*")], &[get_objects()]), READER, No);
    read(&of(&[allow("s3:*", "arn:aws:s3:::data/in/*")], &[get_objects()]), READER, Conditional);
}

/// AWS-035: the key needs the boundary's allow as well.
#[test]
fn a_boundary_caps_the_key_too() {
    let of = |edge: &[Value]| {
        World::new()
            .managed("edge", edge)
            .iam_with(READER, &[get_objects(), decrypt()], &bounded("edge"))
            .bucket(under(KEY, bucket()))
            .key(key_saying(&[delegation()]))
    };
    read(&of(&[allow("s3:*", "*")]), READER, No);
    read(&of(&[allow("s3:*", "*"), allow("kms:*", "*")]), READER, Yes);
}

/// AWS-036, AWS-037: a resource policy that names the user is not limited by an implicit deny of his boundary; one that
/// names the role is. An explicit Deny of the boundary stops both.
#[test]
fn a_boundary_limits_a_named_role_and_not_a_named_user() {
    let of = |who: &str, edge: &[Value]| {
        bucket_world(&[to(who, get_objects())]).managed("edge", edge).iam_with(
            who,
            &[],
            &bounded("edge"),
        )
    };
    read(&of(ANNA, &[allow("ec2:*", "*")]), ANNA, Yes);
    read(&of(READER, &[allow("ec2:*", "*")]), READER, No);
    read(&of(READER, &[allow("s3:*", "*")]), READER, Yes);
    read(&of(ANNA, &[deny("s3:*", "*")]), ANNA, No);
    read(&of(READER, &[deny("s3:*", "*")]), READER, No);
    let of = |who: &str| {
        World::new()
            .managed("edge", &[allow("ec2:*", "*")])
            .iam_with(who, &[], &bounded("edge"))
            .key(key_saying(&[to(who, allow("kms:Decrypt", "*"))]))
    };
    check(&of(ANNA), ANNA, Decrypt, KEY, Yes);
    check(&of(READER), READER, Decrypt, KEY, No);
}

/// AWS-038: what names the session is limited by no implicit deny; an explicit Deny stops it.
#[test]
fn a_boundary_does_not_limit_a_named_session() {
    let session = "arn:aws:sts::111122223333:assumed-role/reader/dana";
    let of = |edge: &[Value]| {
        bucket_world(&[to(session, get_objects())]).managed("edge", edge).iam_with(
            READER,
            &[],
            &bounded("edge"),
        )
    };
    read(&of(&[allow("ec2:*", "*")]), session, Yes);
    read(&of(&[deny("s3:*", "*")]), session, No);
    let other = "arn:aws:sts::111122223333:assumed-role/reader/emil";
    read(&of(&[allow("ec2:*", "*")]), other, No);
}

/// AWS-039: with everyone as principal and the role in `aws:PrincipalArn`, the boundary limits only by a Deny.
#[test]
fn a_boundary_does_not_limit_what_everyone_has_with_the_roles_arn() {
    let is_reader = cond("ArnEquals", "aws:PrincipalArn", READER);
    let of = |edge: &[Value]| {
        bucket_world(&[when(&is_reader, to("*", get_objects()))])
            .managed("edge", edge)
            .iam_with(READER, &[], &bounded("edge"))
            .key(key_saying(&[when(&is_reader, to("*", allow("kms:Decrypt", "*")))]))
    };
    read(&of(&[allow("ec2:*", "*")]), READER, Yes);
    check(&of(&[allow("ec2:*", "*")]), READER, Decrypt, KEY, Yes);
    read(&of(&[deny("s3:*", "*")]), READER, No);
    check(&of(&[deny("kms:*", "*")]), READER, Decrypt, KEY, No);
}

/// AWS-040: in the requester's own account the boundary must allow, even what names a user.
#[test]
fn a_boundary_always_limits_requests_to_other_accounts() {
    let edge_there = json!({"PermissionsBoundary": {"PermissionsBoundaryArn": format!("arn:aws:iam::{OTHER}:policy/edge")}});
    let eve = "arn:aws:iam::444455556666:user/eve";
    for who in [GUEST, eve] {
        let of = |edge: &[Value]| {
            bucket_world(&[to(who, get_objects())]).managed_in(OTHER, "edge", edge).iam_with(
                who,
                &[get_objects()],
                &edge_there,
            )
        };
        read(&of(&[allow("s3:*", "*")]), who, Yes);
        read(&of(&[allow("ec2:*", "*")]), who, No);
        read(&of(&[allow("s3:*", "*"), deny("s3:Get*", "*")]), who, No);
    }
}

/// AWS-035, AWS-002: a boundary whose document is not in the estate may limit and may deny.
#[test]
fn a_boundary_that_is_not_in_the_estate_is_unknown() {
    let world = World::new().iam_with(READER, &[get_objects()], &bounded("gone")).bucket(bucket());
    read(&world, READER, Unknown);
    let world = World::new().iam_with(READER, &[], &bounded("gone")).bucket(bucket());
    read(&world, READER, No);
    let world = bucket_world(&[to(ANNA, get_objects())]).iam_with(ANNA, &[], &bounded("gone"));
    read(&world, ANNA, Unknown);
}

// --- policies of the organisation

/// AWS-042: every level from the root to the account must allow.
#[test]
fn service_control_policies_must_allow_on_each_level() {
    let of = |policies: Value| reader_world(&[get_objects()]).organization(policies);
    read(&of(json!([full_scp(&EVERY_LEVEL)])), READER, Yes);
    for missing in ["r-ab12", "ou-ab12-prod", OWN] {
        let rest: Vec<&str> = EVERY_LEVEL.into_iter().filter(|l| *l != missing).collect();
        read(&of(json!([full_scp(&rest)])), READER, No);
        let only_ec2 = scp("p-ec2only", &[missing], &[allow("ec2:*", "*")]);
        read(&of(json!([full_scp(&rest), only_ec2])), READER, No);
        let only_s3 = scp("p-s3only", &[missing], &[allow("s3:*", "*")]);
        read(&of(json!([full_scp(&rest), only_s3])), READER, Yes);
    }
    // A level that is not the account's does not matter.
    let rest: Vec<&str> = EVERY_LEVEL.into_iter().filter(|l| *l != OTHER).collect();
    read(&of(json!([full_scp(&rest)])), READER, Yes);
}

/// AWS-042: they grant nothing.
#[test]
fn service_control_policies_grant_nothing() {
    let world = reader_world(&[]).organization(json!([full_scp(&EVERY_LEVEL)]));
    read(&world, READER, No);
}

/// AWS-043: a Deny on any level wins, for the bucket and for the key.
#[test]
fn a_service_control_policys_deny_wins_on_any_level() {
    for level in ["r-ab12", "ou-ab12-prod", OWN] {
        for action in ["s3:GetObject", "kms:Decrypt", "*"] {
            let denying = scp("p-deny", &[level], &[deny(action, "*")]);
            let world = open_world().organization(json!([full_scp(&EVERY_LEVEL), denying]));
            read(&world, READER, No);
        }
    }
    let elsewhere = scp("p-deny", &[OTHER], &[deny("*", "*")]);
    let world = open_world().organization(json!([full_scp(&EVERY_LEVEL), elsewhere]));
    read(&world, READER, Yes);
    // What a bucket policy gives the role by name is limited as well.
    let denying = scp("p-deny", &["r-ab12"], &[deny("s3:*", "*")]);
    let world = bucket_world(&[to(READER, get_objects())])
        .iam(READER, &[])
        .organization(json!([full_scp(&EVERY_LEVEL), denying]));
    read(&world, READER, No);
}

/// AWS-044: they affect principals of member accounts, wherever the resource is, and nobody from outside.
#[test]
fn service_control_policies_bind_the_requesters_account() {
    let denying = |level: &str| {
        json!([full_scp(&EVERY_LEVEL), scp("p-deny", &[level], &[deny("s3:*", "*")])])
    };
    let world = bucket_world(&[to("*", get_objects())]).iam(GUEST, &[get_objects()]);
    read(&world.clone().organization(denying(OTHER)), GUEST, No);
    read(&world.clone().organization(denying(OWN)), GUEST, Yes);
    read(&world.clone().organization(denying(OWN)), OUTSIDER, Yes);
    read(&world.clone().organization(denying("r-ab12")), PUBLIC, Yes);
    read(&world.organization(denying("r-ab12")), OUTSIDER, Yes);
}

/// AWS-045: they affect neither the management account nor service-linked roles.
#[test]
fn the_management_account_and_service_linked_roles_are_exempt() {
    let denying = json!([full_scp(&EVERY_LEVEL), scp("p-deny", &EVERY_LEVEL, &[deny("*", "*")])]);
    let manager = "arn:aws:iam::123456789012:role/manager";
    let world = bucket_world(&[to(manager, get_objects())])
        .iam(manager, &[get_objects()])
        .organization(denying.clone());
    read(&world, manager, Yes);
    let linked = "arn:aws:iam::111122223333:role/aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie";
    let world = World::new()
        .iam(linked, &[get_objects()])
        .iam(READER, &[get_objects()])
        .bucket(bucket())
        .organization(denying);
    read(&world, linked, Yes);
    read(&world, READER, No);
}

/// AWS-046: the organisation that the account names but the estate lacks may limit: *unknown*.
#[test]
fn an_organisation_that_is_not_in_the_estate_is_unknown() {
    let world = reader_world(&[get_objects()]).own_account(&json!({"OrganizationId": "o-fence"}));
    read(&world, READER, Unknown);
    let world = reader_world(&[get_objects()]).without("aws/111122223333/account.json");
    read(&world, READER, Unknown);
    // Nothing can open what nobody allows.
    let world = reader_world(&[]).own_account(&json!({"OrganizationId": "o-fence"}));
    read(&world, READER, No);
    // A policy whose content was not read.
    let unread = with(scp("p-x", &["r-ab12"], &[]), &json!({"Content": null}));
    let world =
        reader_world(&[get_objects()]).organization(json!([full_scp(&EVERY_LEVEL), unread]));
    read(&world, READER, Unknown);
}

/// AWS-047: they bind the resources of member accounts, also for principals outside of the organisation.
#[test]
fn resource_control_policies_bind_outside_callers() {
    let foreign = json!({
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-fence"},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    });
    let perimeter = rcp("p-perimeter", &["r-ab12"], &[to("*", when(&foreign, deny("s3:*", "*")))]);
    let world = bucket_world(&[to("*", allow("s3:*", "*"))])
        .iam(READER, &[])
        .iam(GUEST, &[allow("s3:*", "*")])
        .organization(json!([full_scp(&EVERY_LEVEL), full_rcp(), perimeter]));
    read(&world, OUTSIDER, No);
    read(&world, ANYBODY, No);
    read(&world, PUBLIC, No);
    check(&world, PUBLIC, Delete, BUCKET, No);
    read(&world, READER, Yes);
    read(&world, GUEST, Yes);
}

/// AWS-048: an RCP's Deny wins on any level above the owner, for buckets and keys, whoever asks; it grants nothing.
#[test]
fn a_resource_control_policys_deny_wins_on_any_level_of_the_owner() {
    let of = |level: &str, action: &str| {
        let denying = rcp("p-deny", &[level], &[to("*", deny(action, "*"))]);
        open_world().organization(json!([full_scp(&EVERY_LEVEL), full_rcp(), denying]))
    };
    for level in ["r-ab12", "ou-ab12-prod", OWN] {
        read(&of(level, "s3:GetObject"), READER, No);
        read(&of(level, "kms:Decrypt"), READER, No);
        check(&of(level, "kms:Decrypt"), READER, Decrypt, KEY, No);
        read(&of(level, "s3:PutObject"), READER, Yes);
    }
    read(&of(OTHER, "s3:*"), READER, Yes);
    let world = reader_world(&[]).organization(json!([full_scp(&EVERY_LEVEL), full_rcp()]));
    read(&world, READER, No);
    read(&world, PUBLIC, No);
}

/// AWS-049: they affect neither service-linked roles nor AWS-managed keys nor resources of the management account.
#[test]
fn what_resource_control_policies_do_not_bind() {
    let denying = |action: &str| {
        json!([
            full_scp(&EVERY_LEVEL),
            full_rcp(),
            rcp("p-deny", &EVERY_LEVEL, &[to("*", deny(action, "*"))])
        ])
    };
    let linked = "arn:aws:iam::111122223333:role/aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie";
    let world = World::new().iam(linked, &[get_objects()]).bucket(bucket());
    read(&world.organization(denying("*")), linked, Yes);
    let world = World::new().iam(READER, &[get_objects()]).bucket(under_managed_key(bucket()));
    read(&world.organization(denying("kms:*")), READER, Yes);
    let manager = "arn:aws:iam::123456789012:role/manager";
    let world = World::new()
        .iam(manager, &[get_objects()])
        .push(MANAGEMENT, "buckets", None, bucket())
        .organization(denying("*"));
    read(&world, manager, Yes);
}

/// AWS-049: `kms:RetireGrant` is not for RCPs, and a Deny of it touches nothing else.
#[test]
fn an_rcp_on_retiring_grants_takes_no_access() {
    let denying = rcp("p-deny", &["r-ab12"], &[to("*", deny("kms:RetireGrant", "*"))]);
    let world = open_world().organization(json!([full_scp(&EVERY_LEVEL), full_rcp(), denying]));
    read(&world, READER, Yes);
    check(&world, READER, Decrypt, KEY, Yes);
}
