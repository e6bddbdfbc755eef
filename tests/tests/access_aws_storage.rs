//! Who may read, write, delete and administer in AWS by bucket policies, ACLs, access points and identity policies, and
//! what Block Public Access takes away. Each estate holds only what the case needs; the expected verdict follows from
//! the vendor's documentation, not from what the evaluator prints. The numbers are those of
//! `shared/analysis/semantics/aws.md`.

use keyfence_analysis::model::Access;
use keyfence_analysis::model::Access::{Administer, Delete, Write};
use keyfence_analysis::model::Verdict::{Conditional, No, Unknown, Yes};
use keyfence_tests::aws_world::{
    ANNA, ANYBODY, BUCKET, EVERY_LEVEL, GUEST, KEY, OBJECTS, OTHER, OUTSIDER, OWN, PUBLIC, READER,
    STRANGER, World, acl_bucket, acl_group, allow, block, bounded, bucket, bucket_saying,
    bucket_world, check, cond, decrypt, delegation, deny, full_scp, get_objects, key_saying,
    lacking, policy, read, reader_world, root, scp, to, under, when,
};
use keyfence_tests::with;
use serde_json::{Value, json};

// --- what is known

/// AWS-002, AWS-001: neither *no* nor *yes* without the file.
#[test]
fn a_missing_file_is_unknown_and_an_empty_one_none() {
    read(&World::new().bucket(bucket()), READER, No);
    let world =
        World::new().bucket(bucket()).without("aws/111122223333/authorization-details.json");
    read(&world, READER, Unknown);
    check(&world, ANNA, Administer, BUCKET, Unknown);
    // The other account's file is the one that matters for its principals.
    let world = bucket_world(&[to(&root(OTHER), get_objects())]).account(OTHER);
    read(&world, GUEST, No);
    let world = world.without("aws/444455556666/authorization-details.json");
    read(&world, GUEST, Unknown);
    // No keys: the key of the bucket is somewhere, but its policy is not known.
    let world = World::new().iam(READER, &[get_objects(), decrypt()]).bucket(under(KEY, bucket()));
    read(&world, READER, Unknown);
    read(&world.without("aws/111122223333/keys.json"), READER, Unknown);
}

/// AWS-002: a field that the export does not hold is unknown as well; `null` is none.
#[test]
fn a_missing_field_is_unknown() {
    let reader = World::new().iam(READER, &[get_objects(), decrypt()]);
    let of = |bucket: Value| reader.clone().bucket(bucket);
    read(&of(lacking(bucket(), "Policy")), READER, Unknown);
    read(&of(lacking(bucket(), "Encryption")), READER, Unknown);
    check(&of(lacking(bucket(), "Encryption")), READER, Delete, BUCKET, No);

    let of = |key: Value| reader.clone().bucket(under(KEY, bucket())).key(key);
    let delegating = key_saying(&[delegation()]);
    read(&of(delegating.clone()), READER, Yes);
    let stateless = lacking(delegating["KeyMetadata"].clone(), "KeyState");
    read(&of(with(delegating, &json!({ "KeyMetadata": stateless }))), READER, Unknown);
    // Without the list of grants a closed key may be open by one.
    read(&of(key_saying(&[])), READER, No);
    read(&of(lacking(key_saying(&[]), "Grants")), READER, Unknown);
    // An unknown lock behind a closed one changes nothing.
    let world = World::new().iam(READER, &[decrypt()]).bucket(under(KEY, bucket()));
    read(&world, READER, No);
}

/// AWS-002, AWS-015: what may hold a Deny makes a *yes* unknown.
#[test]
fn a_policy_that_is_not_known_leaves_no_yes() {
    let attached = json!({"AttachedManagedPolicies": [{"PolicyName": "own", "PolicyArn": format!("arn:aws:iam::{OWN}:policy/own")}]});
    let world = World::new().iam_with(READER, &[get_objects()], &attached).bucket(bucket());
    read(&world, READER, Unknown);
    let member = json!({"GroupList": ["analysts"]});
    let world = World::new().iam_with(ANNA, &[get_objects()], &member).bucket(bucket());
    read(&world, ANNA, Unknown);
    // A Deny that is known needs no more knowledge.
    let world = World::new().iam_with(READER, &[deny("s3:*", "*")], &attached).bucket(bucket());
    read(&world, READER, No);
    let world = World::new().iam(READER, &[get_objects(), deny("s3:*", "*")]);
    read(&world.bucket(lacking(bucket(), "Policy")), READER, No);
}

// --- identity and resource

/// AWS-006: each kind of access has its own action, and object actions need an object ARN.
#[test]
fn each_access_has_its_own_action() {
    check(&reader_world(&[allow("s3:PutObject", OBJECTS)]), READER, Write, BUCKET, Yes);
    read(&reader_world(&[allow("s3:PutObject", OBJECTS)]), READER, No);
    check(&reader_world(&[allow("s3:DeleteObject", OBJECTS)]), READER, Delete, BUCKET, Yes);
    check(&reader_world(&[allow("s3:DeleteObject", OBJECTS)]), READER, Write, BUCKET, No);
    check(&reader_world(&[allow("s3:PutBucketPolicy", BUCKET)]), READER, Administer, BUCKET, Yes);
    check(&reader_world(&[allow("s3:PutBucketAcl", BUCKET)]), READER, Administer, BUCKET, Yes);
    read(&reader_world(&[allow("s3:ListBucket", BUCKET)]), READER, No);
    // The bucket's ARN is no object's, and the other way round.
    read(&reader_world(&[allow("s3:*", BUCKET)]), READER, No);
    check(&reader_world(&[allow("s3:*", OBJECTS)]), READER, Administer, BUCKET, No);
}

/// AWS-010, AWS-001: in one account an allow of the identity policy or of the bucket policy is enough.
#[test]
fn one_side_is_enough_in_one_account() {
    read(&reader_world(&[get_objects()]), READER, Yes);
    let by_bucket = bucket_world(&[to(READER, get_objects())]);
    read(&by_bucket.clone().iam(READER, &[]), READER, Yes);
    read(&by_bucket.clone().iam(ANNA, &[]), ANNA, No);
    check(&by_bucket.iam(READER, &[]), READER, Write, BUCKET, No);
    read(&reader_world(&[]), READER, No);
}

/// AWS-011: the owner's bucket policy and the requester's identity policy must both allow.
#[test]
fn another_account_needs_both_sides_for_the_bucket() {
    let of = |principal: &str, statements: &[Value]| {
        bucket_world(&[to(principal, get_objects())]).iam(GUEST, statements)
    };
    for principal in [GUEST, &root(OTHER), OTHER, "*"] {
        read(&of(principal, &[get_objects()]), GUEST, Yes);
        read(&of(principal, &[]), GUEST, No);
        read(&of(principal, &[allow("s3:GetObject", "arn:aws:s3:::other/*")]), GUEST, No);
    }
    read(&of(READER, &[get_objects()]), GUEST, No);
    read(&of(&root(STRANGER), &[get_objects()]), GUEST, No);
    let closed = World::new().iam(GUEST, &[allow("*", "*")]).bucket(bucket());
    read(&closed, GUEST, No);
    check(&closed, GUEST, Administer, BUCKET, No);
}

/// AWS-004: a principal outside the estate is a principal all the same; his own side is his administrators'.
#[test]
fn an_account_outside_of_the_estate_is_taken_to_allow_its_own() {
    let of = |principal: &str| {
        World::new()
            .bucket(under(KEY, bucket_saying(&[to(principal, get_objects())])))
            .key(key_saying(&[to(principal, allow("kms:Decrypt", "*"))]))
    };
    read(&of(OUTSIDER), OUTSIDER, Yes);
    read(&of(&root(STRANGER)), OUTSIDER, Yes);
    read(&of(&root(STRANGER)), &root(STRANGER), Yes);
    read(&of(&root(STRANGER)), ANYBODY, No);
    read(&of(&root(STRANGER)), PUBLIC, No);
    read(&of(GUEST), OUTSIDER, No);
}

/// AWS-005: an ARN that a known account does not have makes no request.
#[test]
fn a_principal_that_a_known_account_does_not_have_is_nobody() {
    let ghost = "arn:aws:iam::111122223333:role/ghost";
    read(&bucket_world(&[to(ghost, get_objects())]), ghost, No);
    read(&bucket_world(&[to("*", get_objects())]), ghost, No);
    let foreign = "arn:aws:iam::444455556666:role/ghost";
    read(&bucket_world(&[to(foreign, get_objects())]).account(OTHER), foreign, No);
}

/// AWS-012: the owner as a whole needs no policy; a Deny and the organisation's policies take access from it.
#[test]
fn the_owners_root_user_needs_no_policy() {
    let closed = World::new().bucket(bucket());
    read(&closed, &root(OWN), Yes);
    check(&closed, &root(OWN), Administer, BUCKET, Yes);
    read(&closed, &root(OTHER), No);
    read(&bucket_world(&[to("*", deny("s3:GetObject", "*"))]), &root(OWN), No);
    let denying = scp("p-deny", &["r-ab12"], &[deny("s3:*", "*")]);
    let world = closed.organization(json!([full_scp(&EVERY_LEVEL), denying]));
    read(&world, &root(OWN), No);
}

/// AWS-013: a bucket policy cannot take the bucket policy from the owner's root user; an SCP can.
#[test]
fn the_owners_root_user_is_never_locked_out_of_the_bucket_policy() {
    let world = bucket_world(&[to("*", deny("s3:*", "*"))]).iam(READER, &[allow("s3:*", "*")]);
    check(&world, &root(OWN), Administer, BUCKET, Yes);
    check(&world, READER, Administer, BUCKET, No);
    read(&world, &root(OWN), No);
    let denying = scp("p-deny", &[OWN], &[deny("s3:*", "*")]);
    let world = world.organization(json!([full_scp(&EVERY_LEVEL), denying]));
    check(&world, &root(OWN), Administer, BUCKET, No);
}

/// AWS-014: identity policies are inline, managed (with the default version), and those of the user's groups.
#[test]
fn inline_managed_and_group_policies_count_alike() {
    let attached = json!({"AttachedManagedPolicies": [{"PolicyName": "read", "PolicyArn": format!("arn:aws:iam::{OWN}:policy/read")}]});
    let world = World::new().managed("read", &[get_objects()]).iam_with(READER, &[], &attached);
    read(&world.bucket(bucket()), READER, Yes);

    let mut later = World::new().managed("read", &[get_objects()]);
    let versions = json!([
        {"VersionId": "v1", "IsDefaultVersion": false, "Document": policy(&[get_objects()])},
        {"VersionId": "v2", "IsDefaultVersion": true, "Document": policy(&[])},
    ]);
    let details = later.0.get_mut("aws/111122223333/authorization-details.json").unwrap();
    details["Policies"][0]["PolicyVersionList"] = versions;
    details["Policies"][0]["DefaultVersionId"] = json!("v2");
    let world = later.iam_with(READER, &[], &attached).bucket(bucket());
    read(&world, READER, No);

    let shipped = json!({"AttachedManagedPolicies": [{"PolicyName": "AmazonS3ReadOnlyAccess", "PolicyArn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}]});
    let world = World::new().iam_with(READER, &[], &shipped).bucket(bucket());
    read(&world, READER, Yes);
    check(&world, READER, Write, BUCKET, No);
}

/// AWS-015: a user has the policies of the groups that it is in, denies included.
#[test]
fn group_policies_count_for_members_only() {
    let group = "arn:aws:iam::111122223333:group/analysts";
    let member = json!({"GroupList": ["analysts"]});
    let world = World::new().iam(group, &[get_objects()]).iam_with(ANNA, &[], &member);
    read(&world.bucket(bucket()), ANNA, Yes);
    let world = World::new().iam(group, &[get_objects()]).iam(ANNA, &[]).bucket(bucket());
    read(&world, ANNA, No);
    let world =
        World::new().iam(group, &[deny("s3:*", "*")]).iam_with(ANNA, &[get_objects()], &member);
    read(&world.bucket(bucket()), ANNA, No);
}

// --- principals of a bucket policy

/// AWS-024: `"*"` and `{"AWS": "*"}` are everyone, with and without identity.
#[test]
fn both_spellings_of_everyone_are_everyone() {
    for principal in [json!("*"), json!({"AWS": "*"}), json!({"AWS": [READER, "*"]})] {
        let world = bucket_world(&[with(get_objects(), &json!({ "Principal": principal }))]);
        read(&world, PUBLIC, Yes);
        read(&world, ANYBODY, Yes);
        read(&world, OUTSIDER, Yes);
        check(&world, PUBLIC, Write, BUCKET, No);
        read(&world.iam(READER, &[]), READER, Yes);
    }
}

/// AWS-025: an account in a bucket policy hands on to the account's identity policies, which decide anyway.
#[test]
fn a_bucket_policy_for_the_own_account_adds_nothing() {
    for account in [OWN.to_owned(), root(OWN)] {
        let world = bucket_world(&[to(&account, allow("s3:*", "*"))]);
        let world = world.iam(READER, &[]).iam(ANNA, &[get_objects()]);
        read(&world, READER, No);
        read(&world, ANNA, Yes);
        read(&world, &root(OWN), Yes);
        read(&world, &root(OTHER), No);
    }
}

/// AWS-026: an account in a Deny means all principals of the account.
#[test]
fn a_deny_for_an_account_means_all_its_principals() {
    let world = bucket_world(&[to(&root(OWN), deny("s3:*", "*"))]).iam(READER, &[get_objects()]);
    read(&world, READER, No);
    let world = bucket_world(&[to(&root(OTHER), deny("s3:*", "*"))]).iam(READER, &[get_objects()]);
    read(&world, READER, Yes);
}

/// AWS-027: case, path and wildcards of a principal's ARN.
#[test]
fn a_principal_is_named_in_full() {
    for name in ["READER", "*", "read?r", "team/reader"] {
        let principal = format!("arn:aws:iam::111122223333:role/{name}");
        let world = bucket_world(&[to(&principal, get_objects())]).iam(READER, &[]);
        read(&world, READER, No);
    }
    let deep = "arn:aws:iam::111122223333:role/team/reader";
    read(&bucket_world(&[to(deep, get_objects())]).iam(deep, &[]), deep, Yes);
    read(&bucket_world(&[to(READER, get_objects())]).iam(deep, &[]), deep, No);
}

/// AWS-028, AWS-041: a statement that names a session of a role is for that session; a session has what its role has.
#[test]
fn a_session_is_its_role_and_less_than_its_role() {
    let session = "arn:aws:sts::111122223333:assumed-role/reader/dana";
    read(&reader_world(&[get_objects()]), session, Yes);
    read(&reader_world(&[]), session, No);
    let world = bucket_world(&[to(session, get_objects())]).iam(READER, &[]);
    read(&world, READER, Conditional);
    let other = "arn:aws:sts::111122223333:assumed-role/writer/dana";
    let world = bucket_world(&[to(other, get_objects())]).iam(READER, &[]);
    read(&world, READER, No);
}

/// AWS-029, AWS-038: what names the session is the session's; what its user has depends on session policies.
#[test]
fn a_federated_user_is_not_its_user() {
    let session = "arn:aws:sts::111122223333:federated-user/anna";
    let named = bucket_world(&[to(session, get_objects())]).managed("edge", &[allow("ec2:*", "*")]);
    read(&named.clone().iam(ANNA, &[]), session, Yes);
    read(&named.clone().iam(ANNA, &[]), ANNA, No);
    read(&named.iam_with(ANNA, &[], &bounded("edge")), session, Yes);
    let by_user = |statements: &[Value]| World::new().iam(ANNA, statements).bucket(bucket());
    read(&by_user(&[get_objects()]), session, Unknown);
    read(&by_user(&[]), session, No);
    read(&by_user(&[get_objects(), deny("s3:*", "*")]), session, No);
}

/// AWS-030, AWS-031, AWS-033: service, federated and deleted principals (unique ids) are none of the estate's users and
/// roles.
#[test]
fn services_providers_and_deleted_principals_are_nobody_here() {
    for principal in [
        json!({"Service": "cloudfront.amazonaws.com"}),
        json!({"Federated": "cognito-identity.amazonaws.com"}),
        json!({"AWS": "AROADELETEDROLE000042"}),
    ] {
        let statement = with(get_objects(), &json!({ "Principal": principal }));
        let world = bucket_world(&[statement]).iam(READER, &[]).iam(GUEST, &[get_objects()]);
        read(&world, READER, No);
        read(&world, GUEST, No);
        read(&world, ANYBODY, No);
        read(&world, PUBLIC, No);
    }
}

/// AWS-033: an id matches the principal that has it, and after it is gone nobody, of the same name neither.
#[test]
fn a_unique_id_is_one_principal_of_one_time() {
    let of = |named: &str, has: &str| {
        bucket_world(&[to(named, get_objects())]).iam_with(READER, &[], &json!({"RoleId": has}))
    };
    read(&of("AROAREADER0000000001", "AROAREADER0000000001"), READER, Yes);
    read(&of("AROAREADER0000000001", "AROAREADER0000000002"), READER, No);
    let user = bucket_world(&[to("AIDAANNA000000000001", get_objects())]);
    let anna = |id: &str| user.clone().iam_with(ANNA, &[], &json!({"UserId": id}));
    read(&anna("AIDAANNA000000000001"), ANNA, Yes);
    read(&anna("AIDAANNA000000000002"), ANNA, No);
}

/// AWS-034: a resource policy that names a group lets none of its members in.
#[test]
fn a_group_is_no_principal() {
    let group = "arn:aws:iam::111122223333:group/analysts";
    let world = bucket_world(&[to(group, get_objects())]).iam(group, &[]).iam_with(
        ANNA,
        &[],
        &json!({"GroupList": ["analysts"]}),
    );
    read(&world, ANNA, No);
    read(&world, group, No);
}

/// AWS-032: a canonical user id in a bucket policy is the account that has it.
#[test]
fn a_canonical_id_in_a_policy_is_its_account() {
    let statement = with(get_objects(), &json!({"Principal": {"CanonicalUser": "feed0042"}}));
    let of = |statements: &[Value]| {
        bucket_world(std::slice::from_ref(&statement))
            .iam(GUEST, statements)
            .account_with(OTHER, &json!({"CanonicalUserId": "feed0042"}))
    };
    read(&of(&[get_objects()]), GUEST, Yes);
    read(&of(&[]), GUEST, No);
    read(&of(&[]), &root(OTHER), Yes);
    read(&of(&[]), ANYBODY, No);
}

/// AWS-090: an id that no account of the estate has may be any account's whose id is not known.
#[test]
fn a_canonical_id_of_no_known_account_may_be_anybodys() {
    let grant =
        json!([{"Grantee": {"Type": "CanonicalUser", "ID": "feed0042"}, "Permission": "WRITE"}]);
    let world = World::new().bucket(acl_bucket(&grant));
    check(&world, OUTSIDER, Write, BUCKET, Unknown);
    check(&world, &root(STRANGER), Write, BUCKET, Unknown);
    check(&world, &root(STRANGER), Delete, BUCKET, No);
    check(&world, PUBLIC, Write, BUCKET, No);
    let other = json!({"CanonicalUserId": "beef0007"});
    let world = world.iam(GUEST, &[allow("s3:*", "*")]).account_with(OTHER, &other);
    check(&world, GUEST, Write, BUCKET, No);
    let statement = with(get_objects(), &json!({"Principal": {"CanonicalUser": "feed0042"}}));
    let world = bucket_world(&[statement]);
    read(&world, OUTSIDER, Unknown);
    read(&world, PUBLIC, No);
}

// --- Block Public Access

/// AWS-081, AWS-079, AWS-082: a public policy admits only the owner's account, and AWS services.
#[test]
fn restrict_public_buckets_stops_a_public_policy_at_either_level() {
    let public = bucket_saying(&[to("*", get_objects())]);
    let on = block(&["RestrictPublicBuckets"]);
    let of = |account: &Value, bucket: &Value| {
        World::new()
            .own_account(account)
            .iam(READER, &[])
            .iam(GUEST, &[get_objects()])
            .bucket(with(public.clone(), bucket))
    };
    let off = block(&[]);
    for world in [of(&on, &off), of(&off, &on), of(&on, &on)] {
        read(&world, PUBLIC, No);
        read(&world, ANYBODY, No);
        read(&world, OUTSIDER, No);
        read(&world, GUEST, No);
        read(&world, READER, Yes);
    }
    read(&of(&off, &off), PUBLIC, Yes);
    read(&of(&off, &off), GUEST, Yes);
    // The other flags stop new grants or ACLs, not a policy that is there.
    let others = block(&["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy"]);
    read(&of(&others, &others), PUBLIC, Yes);
}

/// AWS-081, AWS-084: where the policy is public, even a statement for one role of another account has no effect; where
/// it is not, RestrictPublicBuckets changes nothing.
#[test]
fn restrict_public_buckets_takes_cross_account_access_with_it() {
    let on = block(&["RestrictPublicBuckets"]);
    let of = |statements: &[Value]| {
        World::new().iam(GUEST, &[allow("s3:*", "*")]).bucket(with(bucket_saying(statements), &on))
    };
    let named = to(GUEST, get_objects());
    let listing = to("*", allow("s3:ListBucket", BUCKET));
    read(&of(std::slice::from_ref(&named)), GUEST, Yes);
    read(&of(&[named.clone(), listing.clone()]), GUEST, No);
    let pinned =
        when(&cond("StringEquals", "aws:PrincipalAccount", [OTHER, STRANGER]), listing.clone());
    read(&of(&[named.clone(), pinned]), GUEST, Yes);
    // A Deny for everyone makes no policy public.
    read(&of(&[named.clone(), to("*", deny("s3:DeleteBucket", "*"))]), GUEST, Yes);
    // A wildcard pins nobody.
    let wild = when(&cond("StringLike", "aws:PrincipalArn", "arn:aws:iam::*:role/guest"), listing);
    read(&of(&[named, wild]), GUEST, No);
}

/// AWS-084: pinned to fixed values, a policy for everyone is not public.
#[test]
fn a_pinned_policy_is_not_public() {
    let on = block(&["RestrictPublicBuckets"]);
    let of = |condition: &Value| {
        World::new()
            .iam(GUEST, &[get_objects()])
            .bucket(with(bucket_saying(&[when(condition, to("*", get_objects()))]), &on))
            .organization(json!([full_scp(&EVERY_LEVEL)]))
    };
    read(&of(&cond("StringEquals", "aws:PrincipalOrgID", "o-fence")), GUEST, Yes);
    read(&of(&cond("StringEquals", "aws:PrincipalAccount", OTHER)), GUEST, Yes);
    read(&of(&cond("ArnEquals", "aws:PrincipalArn", GUEST)), GUEST, Yes);
    read(&of(&cond("StringEquals", "aws:SourceVpce", "vpce-1a2b3c4d")), PUBLIC, Conditional);
    read(&of(&cond("IpAddress", "aws:SourceIp", "203.0.113.0/24")), PUBLIC, Conditional);
    // No key of the list, or no fixed value: public, and stopped.
    read(&of(&cond("Bool", "aws:SecureTransport", "true")), PUBLIC, No);
    read(&of(&cond("StringLike", "aws:SourceVpc", "vpc-*")), PUBLIC, No);
    read(&of(&cond("IpAddress", "aws:SourceIp", "0.0.0.0/0")), PUBLIC, No);
    read(&of(&cond("StringNotEquals", "aws:SourceVpc", "vpc-1")), PUBLIC, No);
}

/// AWS-085: a range wider than /8 or /32 pins nobody.
#[test]
fn a_very_wide_address_range_is_public() {
    let on = block(&["RestrictPublicBuckets"]);
    let of = |ranges: Value| {
        let condition = cond("IpAddress", "aws:SourceIp", ranges);
        World::new().bucket(with(bucket_saying(&[when(&condition, to("*", get_objects()))]), &on))
    };
    for wide in
        ["0.0.0.0/0", "0.0.0.0/1", "12.0.0.0/6", "202.0.0.0/7", "::/0", "2000::/3", "2001::/16"]
    {
        read(&of(json!(wide)), PUBLIC, No);
        read(&of(json!(["203.0.113.0/24", wide])), PUBLIC, No);
    }
    for narrow in ["203.0.0.0/8", "10.0.0.0/8", "203.0.113.7", "2001:db8::/32", "2001:db8::/48"] {
        read(&of(json!(narrow)), PUBLIC, Conditional);
    }
}

/// AWS-084: a statement for an identity provider makes the policy public, and so closes it to other accounts.
#[test]
fn a_statement_for_an_identity_provider_is_public() {
    let provider = with(
        allow("s3:PutObject", OBJECTS),
        &json!({"Principal": {"Federated": "graph.facebook.com"}}),
    );
    let of = |statements: &[Value]| {
        let restricted = with(bucket_saying(statements), &block(&["RestrictPublicBuckets"]));
        World::new().iam(GUEST, &[get_objects()]).bucket(restricted)
    };
    read(&of(&[to(GUEST, get_objects())]), GUEST, Yes);
    read(&of(&[to(GUEST, get_objects()), provider]), GUEST, No);
    let service = with(
        allow("s3:PutObject", OBJECTS),
        &json!({"Principal": {"Service": "cloudtrail.amazonaws.com"}}),
    );
    read(&of(&[to(GUEST, get_objects()), service]), GUEST, Yes);
}

/// AWS-079, AWS-002: Block Public Access that the estate does not tell leaves a public policy unknown.
#[test]
fn block_public_access_that_is_not_told_is_unknown() {
    let public = bucket_saying(&[to("*", get_objects())]);
    let world = World::new().bucket(lacking(public.clone(), "PublicAccessBlock"));
    read(&world, PUBLIC, Unknown);
    let world = World::new().bucket(public).without("aws/111122223333/account.json");
    read(&world, PUBLIC, Unknown);
    let world = World::new().bucket(lacking(bucket(), "PublicAccessBlock"));
    read(&world, PUBLIC, No);
}

/// AWS-080, AWS-079: an S3 policy of the organisation turns all flags on, for the accounts below it.
#[test]
fn the_organisation_blocks_public_access_for_its_accounts() {
    let of = |level: &str, value: &str| {
        bucket_world(&[to("*", get_objects())])
            .own_account(&block(&[]))
            .iam(READER, &[])
            .iam(GUEST, &[get_objects()])
            .organization(json!([full_scp(&EVERY_LEVEL), s3_policy(level, value)]))
    };
    for level in ["r-ab12", "ou-ab12-prod", OWN] {
        read(&of(level, "all"), PUBLIC, No);
        read(&of(level, "all"), GUEST, No);
        read(&of(level, "all"), READER, Yes);
    }
    read(&of(OTHER, "all"), PUBLIC, Yes);
    read(&of(OWN, "none"), PUBLIC, Yes);
    // Organizations returns contents as texts.
    let text = s3_policy(OWN, "all")["Content"].to_string();
    let policies =
        json!([full_scp(&EVERY_LEVEL), with(s3_policy(OWN, "all"), &json!({"Content": text}))]);
    read(&bucket_world(&[to("*", get_objects())]).organization(policies), PUBLIC, No);
    // Public ACLs are ignored too.
    let open = acl_bucket(&json!([acl_group("AllUsers", "FULL_CONTROL")]));
    let policies = json!([full_scp(&EVERY_LEVEL), s3_policy(OWN, "all")]);
    check(&World::new().bucket(open).organization(policies), PUBLIC, Write, BUCKET, No);
}

fn s3_policy(level: &str, value: &str) -> Value {
    json!({
        "PolicySummary": {"Id": "p-s3", "Name": "s3", "Type": "S3_POLICY"},
        "Content": {"s3_attributes": {"public_access_block_configuration": {"@@assign": value}}},
        "Targets": [{"TargetId": level}],
    })
}

// --- ACLs

/// AWS-086: WRITE on the bucket lets the grantee create objects, WRITE_ACP change the ACL; READ lists names only.
#[test]
fn a_bucket_acl_lets_the_public_write_and_administer() {
    let of = |group: &str, permission: &str| {
        World::new().bucket(acl_bucket(&json!([acl_group(group, permission)])))
    };
    check(&of("AllUsers", "WRITE"), PUBLIC, Write, BUCKET, Yes);
    check(&of("AllUsers", "WRITE"), ANYBODY, Write, BUCKET, Yes);
    check(&of("AllUsers", "WRITE"), PUBLIC, Administer, BUCKET, No);
    check(&of("AllUsers", "WRITE_ACP"), PUBLIC, Administer, BUCKET, Yes);
    check(&of("AllUsers", "FULL_CONTROL"), PUBLIC, Administer, BUCKET, Yes);
    check(&of("AllUsers", "READ_ACP"), PUBLIC, Administer, BUCKET, No);
    check(&of("AuthenticatedUsers", "WRITE"), ANYBODY, Write, BUCKET, Yes);
    check(&of("AuthenticatedUsers", "WRITE"), PUBLIC, Write, BUCKET, No);
    check(&of("AllUsers", "READ"), PUBLIC, Write, BUCKET, No);
}

/// AWS-087: with BucketOwnerEnforced ACLs are disabled and affect no permission.
#[test]
fn owner_enforced_buckets_have_no_acls() {
    let all = json!([
        acl_group("AllUsers", "FULL_CONTROL"),
        acl_group("AuthenticatedUsers", "FULL_CONTROL")
    ]);
    let enforced =
        json!({"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}});
    let preferred =
        json!({"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}});
    for access in Access::STORE {
        let world = World::new().bucket(with(acl_bucket(&all), &enforced));
        check(&world, PUBLIC, access, BUCKET, No);
        check(&world, ANYBODY, access, BUCKET, No);
    }
    check(&World::new().bucket(with(acl_bucket(&all), &preferred)), PUBLIC, Write, BUCKET, Yes);
    // No ownership controls at all: ACLs count, as before there were any.
    let none = json!({"OwnershipControls": null});
    check(&World::new().bucket(with(acl_bucket(&all), &none)), PUBLIC, Write, BUCKET, Yes);
    check(
        &World::new().bucket(lacking(acl_bucket(&all), "OwnershipControls")),
        PUBLIC,
        Write,
        BUCKET,
        Unknown,
    );
    check(&World::new().bucket(lacking(acl_bucket(&all), "Acl")), PUBLIC, Write, BUCKET, Unknown);
}

/// AWS-083, AWS-082: public ACLs have no effect, at either level; a public policy still counts.
#[test]
fn ignore_public_acls_ignores_them_at_either_level() {
    let on = block(&["IgnorePublicAcls"]);
    let off = block(&[]);
    let of = |account: &Value, bucket: &Value| {
        let open = acl_bucket(&json!([acl_group("AllUsers", "FULL_CONTROL")]));
        World::new().own_account(account).bucket(with(open, bucket))
    };
    for world in [of(&on, &off), of(&off, &on)] {
        check(&world, PUBLIC, Write, BUCKET, No);
        check(&world, ANYBODY, Administer, BUCKET, No);
        read(&world, PUBLIC, No);
    }
    check(&of(&off, &off), PUBLIC, Write, BUCKET, Yes);
    // Refusing new public ACLs leaves those that are there.
    let refusing = block(&["BlockPublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]);
    check(&of(&refusing, &refusing), PUBLIC, Write, BUCKET, Yes);
    let public = bucket_saying(&[to("*", get_objects())]);
    read(&World::new().bucket(with(public, &on)), PUBLIC, Yes);
}

/// AWS-083: grants to accounts are no public ACLs.
#[test]
fn ignoring_public_acls_leaves_grants_to_accounts() {
    let grant =
        json!([{"Grantee": {"Type": "CanonicalUser", "ID": "feed0042"}, "Permission": "WRITE"}]);
    let world = World::new()
        .iam(GUEST, &[allow("s3:PutObject", OBJECTS)])
        .account_with(OTHER, &json!({"CanonicalUserId": "feed0042"}))
        .bucket(with(acl_bucket(&grant), &block(&["IgnorePublicAcls"])));
    check(&world, GUEST, Write, BUCKET, Yes);
}

/// AWS-088: objects have ACLs of their own, which the estate does not hold: while ACLs count, a public read is unknown.
#[test]
fn object_acls_leave_a_public_read_unknown() {
    read(&World::new().bucket(acl_bucket(&json!([]))), PUBLIC, Unknown);
    read(&World::new().bucket(under(KEY, acl_bucket(&json!([])))), PUBLIC, No);
    read(&World::new().bucket(bucket()), PUBLIC, No);
}

/// AWS-008: an explicit Deny of the bucket policy beats an ACL.
#[test]
fn a_bucket_policys_deny_beats_an_acl() {
    let open = acl_bucket(&json!([acl_group("AllUsers", "FULL_CONTROL")]));
    let denying = policy(&[to("*", deny("s3:*", "*"))]);
    let world = World::new().bucket(with(open, &json!({ "Policy": denying })));
    check(&world, PUBLIC, Write, BUCKET, No);
    check(&world, ANYBODY, Administer, BUCKET, No);
}

/// AWS-089: a grant to another account's canonical id, whose own identity policies then decide about its principals.
#[test]
fn an_acl_for_another_account_needs_its_own_side() {
    let grant =
        json!([{"Grantee": {"Type": "CanonicalUser", "ID": "feed0042"}, "Permission": "WRITE"}]);
    let of = |statements: &[Value]| {
        let mut world = World::new().iam(GUEST, statements).bucket(acl_bucket(&grant));
        let account = world.0.get_mut("aws/444455556666/account.json").unwrap();
        account["CanonicalUserId"] = json!("feed0042");
        world
    };
    check(&of(&[allow("s3:PutObject", OBJECTS)]), GUEST, Write, BUCKET, Yes);
    check(&of(&[]), GUEST, Write, BUCKET, No);
    check(&of(&[]), &root(OTHER), Write, BUCKET, Yes);
    check(&of(&[]), PUBLIC, Write, BUCKET, No);
    check(&of(&[allow("s3:*", "*")]), GUEST, Delete, BUCKET, No);
}

// --- access points

/// An access point of the bucket.
const POINT: &str = "arn:aws:s3:eu-west-1:111122223333:accesspoint/reports";
/// What goes through it.
const THROUGH: &str = "arn:aws:s3:eu-west-1:111122223333:accesspoint/reports/object/*";

/// An access point with this policy, open to the internet, nothing blocked.
fn point(statements: &[Value], more: &Value) -> Value {
    let point = json!({
        "Name": "reports",
        "AccessPointArn": POINT,
        "NetworkOrigin": "Internet",
        "Policy": policy(statements),
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": false,
            "IgnorePublicAcls": false,
            "BlockPublicPolicy": false,
            "RestrictPublicBuckets": false,
        },
    });
    with(point, more)
}

/// What the vendor recommends: the bucket leaves the decision to the access points of the account.
fn delegating() -> Value {
    let own = cond("StringEquals", "s3:DataAccessPointAccount", OWN);
    let all = json!({"Effect": "Allow", "Action": "*", "Resource": [BUCKET, OBJECTS]});
    to("*", when(&own, all))
}

/// A bucket with one access point.
fn pointed(bucket_says: &[Value], point: Value) -> World {
    let points = json!({"AccessPoints": [point]});
    World::new().bucket(with(bucket_saying(bucket_says), &points))
}

/// AWS-076: access point and bucket must both permit the request; across accounts the identity side too.
#[test]
fn through_an_access_point_both_policies_must_allow() {
    let through = allow("s3:GetObject", THROUGH);
    let says = [to(GUEST, through.clone())];
    let both = pointed(&[delegating()], point(&says, &json!({})));
    read(&both.clone().iam(GUEST, std::slice::from_ref(&through)), GUEST, Yes);
    read(&both.iam(GUEST, &[]), GUEST, No);
    let closed_bucket = pointed(&[], point(&says, &json!({})));
    read(&closed_bucket.iam(GUEST, &[allow("s3:*", "*")]), GUEST, No);
    let closed_point = pointed(&[delegating()], point(&[], &json!({})));
    read(&closed_point.iam(GUEST, &[allow("s3:*", "*")]), GUEST, No);
    // In the owner's account naming the role is enough.
    let own = pointed(&[delegating()], point(&[to(READER, through)], &json!({})));
    read(&own.clone().iam(READER, &[]), READER, Yes);
    check(&own.iam(READER, &[]), READER, Write, BUCKET, No);
}

/// AWS-076, AWS-003: a prefix of the access point is a prefix of the bucket.
#[test]
fn an_access_point_may_give_some_objects() {
    let some = allow("s3:GetObject", &format!("{POINT}/object/in/*"));
    let world = pointed(&[delegating()], point(&[to(READER, some)], &json!({}))).iam(READER, &[]);
    read(&world, READER, Conditional);
}

/// AWS-076: what an access point denies, it denies to requests through it only.
#[test]
fn an_access_points_deny_is_its_own() {
    let denying = [to("*", deny("s3:*", THROUGH)), to(READER, allow("s3:GetObject", THROUGH))];
    let world = pointed(&[delegating()], point(&denying, &json!({})));
    read(&world.clone().iam(READER, &[get_objects()]), READER, Yes);
    read(&world.iam(READER, &[]), READER, No);
}

/// AWS-076, AWS-002: an access point whose policy is not told may let somebody in.
#[test]
fn an_access_point_whose_policy_is_not_known_is_unknown() {
    let unread = lacking(point(&[], &json!({})), "Policy");
    let world = pointed(&[delegating()], unread).iam(GUEST, &[allow("s3:*", "*")]);
    read(&world, GUEST, Unknown);
}

/// AWS-077: a request that does not come through an access point carries neither key.
#[test]
fn a_delegation_to_access_points_lets_nobody_in_directly() {
    let world = bucket_world(&[delegating()]).iam(READER, &[]).iam(GUEST, &[allow("s3:*", "*")]);
    read(&world, PUBLIC, No);
    read(&world, ANYBODY, No);
    read(&world, READER, No);
    read(&world, GUEST, No);
    let one = when(
        &cond(
            "ArnLike",
            "s3:DataAccessPointArn",
            "arn:aws:s3:eu-west-1:111122223333:accesspoint/*",
        ),
        to("*", get_objects()),
    );
    read(&bucket_world(std::slice::from_ref(&one)), PUBLIC, No);
    let open = point(&[to("*", allow("s3:GetObject", THROUGH))], &json!({}));
    read(&pointed(std::slice::from_ref(&one), open.clone()), PUBLIC, Yes);
    read(&pointed(&[delegating()], open), PUBLIC, Yes);
    // Another account's access points are not these.
    let other =
        when(&cond("StringEquals", "s3:DataAccessPointAccount", OTHER), to("*", get_objects()));
    let open = point(&[to("*", allow("s3:GetObject", THROUGH))], &json!({}));
    read(&pointed(&[other], open), PUBLIC, No);
}

/// AWS-079: Block Public Access of the access point counts for what comes through it.
#[test]
fn an_access_point_blocks_public_access_of_its_own() {
    let restricting = json!({"PublicAccessBlockConfiguration": block(&["RestrictPublicBuckets"])["PublicAccessBlock"]});
    let says = [to("*", allow("s3:GetObject", THROUGH))];
    let world = pointed(&[delegating()], point(&says, &restricting))
        .iam(READER, &[])
        .iam(GUEST, &[allow("s3:*", "*")]);
    read(&world, PUBLIC, No);
    read(&world, GUEST, No);
    read(&world, READER, Yes);
    // The bucket's own door is another one.
    let open_bucket = bucket_saying(&[to("*", get_objects())]);
    let points = json!({"AccessPoints": [point(&says, &restricting)]});
    read(&World::new().bucket(with(open_bucket, &points)), PUBLIC, Yes);
    // An access point cannot be wider than its bucket and account.
    let on = block(&["RestrictPublicBuckets"]);
    let world = pointed(&[delegating()], point(&says, &json!({}))).own_account(&on);
    read(&world, PUBLIC, No);
}

/// AWS-078: in a VPC the network decides, and no policy is public.
#[test]
fn an_access_point_of_a_vpc_answers_in_its_vpc_only() {
    let origin = json!({"NetworkOrigin": "VPC", "VpcConfiguration": {"VpcId": "vpc-1a2b3c4d"}});
    let named = point(&[to(READER, allow("s3:GetObject", THROUGH))], &origin);
    read(&pointed(&[delegating()], named).iam(READER, &[]), READER, Conditional);
    let open = point(&[to("*", allow("s3:GetObject", THROUGH))], &origin);
    read(&pointed(&[delegating()], open.clone()), PUBLIC, Conditional);
    let restricting = json!({"PublicAccessBlockConfiguration": block(&["RestrictPublicBuckets"])["PublicAccessBlock"]});
    read(&pointed(&[delegating()], with(open, &restricting)), PUBLIC, Conditional);
}
