//! The language of policies: actions, resources, principals by exclusion, condition operators, variables, and which
//! condition keys are known. The numbers are those of `shared/analysis/semantics/aws.md`; the expected verdicts follow
//! from the pages that it names.

use keyfence_analysis::model::Access::{Decrypt, Delete, Read, Write};
use keyfence_analysis::model::Verdict::{Conditional, No, Unknown, Yes};
use keyfence_tests::aws_world::{
    ANNA, ANYBODY, BEN, BUCKET, EVERY_LEVEL, FORMER_KEY, GUEST, KEY, OBJECTS, OTHER, OUTSIDER, OWN,
    PUBLIC, READER, STRANGER, World, allow, bounded, bucket, bucket_saying, bucket_world, check,
    cond, delegation, deny, full_scp, get_objects, key_for_all_when, key_saying, lacking, read,
    reader_world, root, to, undecided, when,
};
use keyfence_tests::with;
use serde_json::{Value, json};

// --- actions, resources, principals

/// AWS-016: names are not case-sensitive, `*` and `?` stand anywhere.
#[test]
fn actions_match_without_case_and_with_wildcards() {
    for action in [
        "s3:getobject",
        "S3:GETOBJECT",
        "s3:Get*",
        "s3:*Object",
        "s3:G?tObject",
        "s3:*",
        "*",
        "s*:GetObject",
    ] {
        read(&reader_world(&[allow(action, OBJECTS)]), READER, Yes);
    }
    for action in [
        "s3:GetObjectVersion",
        "s3:Get?Object",
        "s3:Put*",
        "s3express:*",
        "GetObject",
        "s3:GetObjec",
    ] {
        read(&reader_world(&[allow(action, OBJECTS)]), READER, No);
    }
    let several = json!({"Effect": "Allow", "Action": ["ec2:*", "s3:getObject"], "Resource": ["arn:aws:s3:::x/*", OBJECTS]});
    read(&reader_world(&[several]), READER, Yes);
    let denied = [get_objects(), deny("S3:getOBJECT", "*")];
    read(&reader_world(&denied), READER, No);
}

/// AWS-017, AWS-003: case-sensitive, wildcards within names; a grant for some objects only is conditional.
#[test]
fn resources_match_with_case_and_a_prefix_is_conditional() {
    for resource in [
        "*",
        "arn:aws:s3:::*",
        "arn:aws:s3:::data/*",
        "arn:aws:s3:::da?a/*",
        "arn:aws:s3:::d*",
        "arn:*:s3:::data/*",
    ] {
        read(&reader_world(&[allow("s3:GetObject", resource)]), READER, Yes);
    }
    for resource in [
        "arn:aws:s3:::DATA/*",
        "arn:aws:s3:::data",
        "arn:aws:s3:::data2/*",
        "arn:aws:s3:::database/*",
        "arn:aws:s3:::dat/*",
    ] {
        read(&reader_world(&[allow("s3:GetObject", resource)]), READER, No);
    }
    for resource in [
        "arn:aws:s3:::data/reports/*",
        "arn:aws:s3:::data/*.csv",
        "arn:aws:s3:::data/readme",
        "arn:aws:s3:::*/reports/*",
    ] {
        read(&reader_world(&[allow("s3:GetObject", resource)]), READER, Conditional);
        read(&bucket_world(&[to("*", allow("s3:GetObject", resource))]), PUBLIC, Conditional);
    }
    for resource in
        ["*", KEY, "arn:aws:kms:*:111122223333:key/*", "arn:aws:kms:eu-west-1:*:key/1a2b*"]
    {
        let world = World::new().iam(READER, &[allow("kms:Decrypt", resource)]);
        check(&world.key(key_saying(&[delegation()])), READER, Decrypt, KEY, Yes);
    }
    for resource in [
        FORMER_KEY,
        "arn:aws:kms:us-east-1:*:key/*",
        "arn:aws:kms:*:444455556666:key/*",
        "arn:aws:kms:*:*:alias/*",
    ] {
        let world = World::new().iam(READER, &[allow("kms:Decrypt", resource)]);
        check(&world.key(key_saying(&[delegation()])), READER, Decrypt, KEY, No);
    }
}

/// AWS-018: a `*` at the end of a part may run over colons, another one stays within its part.
#[test]
fn a_wildcard_within_a_part_does_not_cross_colons() {
    let of = |resource: &str| {
        World::new().iam(READER, &[allow("kms:Decrypt", resource)]).key(key_saying(&[delegation()]))
    };
    for resource in ["arn:aws:kms:*", "arn:aws:kms:*:key/*", "arn:aws:kms:eu-*-1:*:key/*"] {
        check(&of(resource), READER, Decrypt, KEY, Yes);
    }
    for resource in
        ["arn:aws:kms:eu-*key/*", "arn:aws:kms:eu-west-?:key/*", "arn:aws:kms:e*3:key/1a*"]
    {
        check(&of(resource), READER, Decrypt, KEY, No);
    }
    // An object's name may hold colons: it is the last part.
    read(&reader_world(&[allow("s3:GetObject", "arn:aws:s3:::data/a:*")]), READER, Conditional);
}

/// AWS-023: the same rules in each partition, and no policy of one for resources of another.
#[test]
fn partitions_do_not_mix() {
    let reader = "arn:aws-us-gov:iam::111122223333:role/reader";
    let data = "arn:aws-us-gov:s3:::data";
    let there = |bucket_says: &[Value]| {
        with(bucket_saying(bucket_says), &json!({"Region": "us-gov-west-1"}))
    };
    let of = |resource: &str, bucket_says: &[Value]| {
        World::new().iam(reader, &[allow("s3:GetObject", resource)]).bucket(there(bucket_says))
    };
    check(&of("arn:aws-us-gov:s3:::data/*", &[]), reader, Read, data, Yes);
    check(&of("arn:aws-us-gov:s3:::data/in/*", &[]), reader, Read, data, Conditional);
    check(&of("arn:aws-cn:s3:::data/*", &[]), reader, Read, data, No);
    let denying = [to("arn:aws-us-gov:iam::111122223333:root", deny("s3:*", "*"))];
    check(&of("*", &denying), reader, Read, data, No);
    check(&of("*", &[]), reader, Read, data, Yes);
}

/// AWS-003: a Deny on a prefix leaves the other objects; then it is conditional.
#[test]
fn a_deny_on_a_prefix_leaves_the_rest() {
    let secret = "arn:aws:s3:::data/secret/*";
    read(&reader_world(&[get_objects(), deny("s3:*", secret)]), READER, Conditional);
    read(&reader_world(&[get_objects(), deny("s3:*", "arn:aws:s3:::other/*")]), READER, Yes);
    read(&reader_world(&[get_objects(), deny("s3:*", "arn:aws:s3:::data*")]), READER, No);
    // All that is allowed is denied.
    read(&reader_world(&[allow("s3:GetObject", secret), deny("s3:*", secret)]), READER, No);
}

/// AWS-019: everything but what is listed, of every service.
#[test]
fn not_action_is_everything_else() {
    let statement = |effect: &str, actions: Value| json!({"Effect": effect, "NotAction": actions, "Resource": "*"});
    read(&reader_world(&[statement("Allow", json!(["iam:*", "s3:PutObject"]))]), READER, Yes);
    check(
        &reader_world(&[statement("Allow", json!(["iam:*", "s3:PutObject"]))]),
        READER,
        Write,
        BUCKET,
        No,
    );
    read(&reader_world(&[statement("Allow", json!("s3:get*"))]), READER, No);
    let all_but = |listed: Value| reader_world(&[allow("s3:*", "*"), statement("Deny", listed)]);
    read(&all_but(json!(["s3:GetObject"])), READER, Yes);
    check(&all_but(json!(["s3:GetObject"])), READER, Write, BUCKET, No);
    read(&all_but(json!("kms:*")), READER, No);
}

/// AWS-020: everything but what is listed.
#[test]
fn not_resource_is_everything_else() {
    let statement = |effect: &str, resources: Value| json!({"Effect": effect, "Action": "s3:GetObject", "NotResource": resources});
    read(&reader_world(&[statement("Allow", json!("arn:aws:s3:::other/*"))]), READER, Yes);
    read(
        &reader_world(&[statement("Allow", json!(["arn:aws:s3:::other/*", OBJECTS]))]),
        READER,
        No,
    );
    read(
        &reader_world(&[statement("Allow", json!("arn:aws:s3:::data/secret/*"))]),
        READER,
        Conditional,
    );
    // The bucket itself is no object.
    read(&reader_world(&[statement("Allow", json!(BUCKET))]), READER, Yes);
    let all_but = |listed: Value| reader_world(&[get_objects(), statement("Deny", listed)]);
    read(&all_but(json!([OBJECTS])), READER, Yes);
    read(&all_but(json!("arn:aws:s3:::other/*")), READER, No);
    read(&all_but(json!("arn:aws:s3:::data/open/*")), READER, Conditional);
}

/// AWS-021: an Allow lets in everyone else, "including anonymous (unauthenticated) users".
#[test]
fn an_allow_with_not_principal_lets_everyone_else_in() {
    let statement = with(get_objects(), &json!({"NotPrincipal": {"AWS": ANNA}}));
    let world = bucket_world(&[statement]).iam(ANNA, &[]).iam(READER, &[]);
    read(&world, PUBLIC, Yes);
    read(&world, ANYBODY, Yes);
    read(&world, READER, Yes);
    read(&world, ANNA, No);
}

/// AWS-022: a Deny spares those listed (with their account) and stops all others; it allows nobody.
#[test]
fn a_deny_with_not_principal_spares_those_listed() {
    let statement = with(deny("s3:*", "*"), &json!({"NotPrincipal": {"AWS": [ANNA, root(OWN)]}}));
    let world = bucket_world(&[statement.clone(), to("*", get_objects())])
        .iam(ANNA, &[])
        .iam(GUEST, &[get_objects()]);
    read(&world, ANNA, Yes);
    read(&world, GUEST, No);
    read(&world, PUBLIC, No);
    read(&world, ANYBODY, No);
    read(&bucket_world(&[statement]).iam(ANNA, &[]), ANNA, No);
}

/// AWS-022: a boundary makes such a Deny stop even whom it lists.
#[test]
fn a_deny_with_not_principal_stops_whoever_has_a_boundary() {
    let statement = with(deny("s3:*", "*"), &json!({"NotPrincipal": {"AWS": [ANNA, root(OWN)]}}));
    let of = |more: &Value| {
        bucket_world(std::slice::from_ref(&statement))
            .managed("edge", &[allow("s3:*", "*")])
            .iam_with(ANNA, &[get_objects()], more)
            .iam(BEN, &[get_objects()])
    };
    read(&of(&json!({})), ANNA, Yes);
    read(&of(&bounded("edge")), ANNA, No);
    // "All principals except the user named Bob … are explicitly denied".
    read(&of(&json!({})), BEN, No);
}

// --- operators

/// AWS-091: several operators and keys are AND, several values OR, several values of a negated operator NOR.
#[test]
fn keys_are_and_values_or_and_negated_values_nor() {
    let of = |condition: &Value| {
        bucket_world(&[when(condition, to("*", get_objects()))]).iam(READER, &[])
    };
    read(&of(&cond("StringEquals", "aws:PrincipalAccount", [STRANGER, OWN])), READER, Yes);
    read(&of(&cond("StringNotEquals", "aws:PrincipalAccount", [STRANGER, OWN])), READER, No);
    read(&of(&cond("StringNotEquals", "aws:PrincipalAccount", [STRANGER, OTHER])), READER, Yes);
    let both = json!({"StringEquals": {"aws:PrincipalAccount": OWN, "aws:PrincipalType": "User"}});
    read(&of(&both), READER, No);
    let two = json!({"StringEquals": {"aws:PrincipalAccount": OWN}, "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/r*"}});
    read(&of(&two), READER, Yes);
    let one_open =
        json!({"StringEquals": {"aws:PrincipalAccount": OWN, "aws:SourceVpce": "vpce-1a2b3c4d"}});
    read(&of(&one_open), READER, Conditional);
    let one_false =
        json!({"StringEquals": {"aws:PrincipalAccount": OTHER, "aws:SourceVpce": "vpce-1a2b3c4d"}});
    read(&of(&one_false), READER, No);
}

/// AWS-092, AWS-099, AWS-103: key names are not case-sensitive; values are, unless the operator says so; `*` is a
/// wildcard in Like only.
#[test]
fn names_fold_and_values_do_not() {
    let of = |condition: &Value| reader_world(&[when(condition, get_objects())]);
    read(&of(&cond("StringEquals", "AWS:principalARN", READER)), READER, Yes);
    read(&of(&cond("StringEquals", "aws:PrincipalArn", READER.to_uppercase())), READER, No);
    read(
        &of(&cond("StringEqualsIgnoreCase", "aws:PrincipalArn", READER.to_uppercase())),
        READER,
        Yes,
    );
    read(&of(&cond("StringEquals", "aws:PrincipalArn", "arn:aws:iam::*:role/reader")), READER, No);
    read(&of(&cond("StringLike", "aws:PrincipalArn", "arn:aws:iam::*:role/reader")), READER, Yes);
    read(&of(&cond("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::*:role/reader")), READER, Yes);
    read(&of(&cond("ArnNotEquals", "aws:PrincipalArn", "arn:aws:iam::*:role/reader")), READER, No);
}

/// AWS-093: a negated operator is true when the key is absent, a positive one false.
#[test]
fn a_negated_operator_is_true_for_an_absent_key() {
    let of = |condition: &Value| bucket_world(&[when(condition, to("*", get_objects()))]);
    read(&of(&cond("StringNotEquals", "aws:PrincipalOrgID", "o-evil")), PUBLIC, Yes);
    read(&of(&cond("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::999988887777:*")), PUBLIC, Yes);
    read(&of(&cond("StringEquals", "aws:PrincipalOrgID", "o-evil")), PUBLIC, No);
    read(&of(&cond("ArnLike", "aws:PrincipalArn", "*")), PUBLIC, No);
    // So a Deny for whoever is not of the organisation stops the anonymous as well.
    let foreign = cond("StringNotEquals", "aws:PrincipalOrgID", "o-fence");
    let world = bucket_world(&[to("*", get_objects()), to("*", when(&foreign, deny("s3:*", "*")))])
        .iam(READER, &[])
        .organization(json!([full_scp(&EVERY_LEVEL)]));
    read(&world, PUBLIC, No);
    read(&world, OUTSIDER, No);
    read(&world, ANYBODY, No);
    read(&world, READER, Yes);
}

/// AWS-093 (mistake 4): a negated operator is true where the key is absent.
#[test]
fn mistake_4_a_negated_operator_is_true_for_an_absent_key() {
    let of = |condition: &Value| bucket_world(&[when(condition, to("*", get_objects()))]);
    for condition in [
        cond("StringNotEquals", "aws:PrincipalOrgID", "o-evil"),
        cond("StringNotLike", "aws:PrincipalArn", "arn:aws:iam::999988887777:*"),
        cond("StringNotEqualsIgnoreCase", "aws:PrincipalOrgID", "O-EVIL"),
        cond("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::999988887777:*"),
        cond("ArnNotEquals", "aws:PrincipalArn", "arn:aws:iam::999988887777:role/x"),
        cond("NumericNotEquals", "aws:PrincipalTag/level", "3"),
        cond("DateNotEquals", "aws:PrincipalTag/until", "2026-01-01T00:00:00Z"),
        cond("NotIpAddress", "aws:PrincipalTag/home", "10.0.0.0/8"),
    ] {
        read(&of(&condition), PUBLIC, Yes);
    }
}

/// AWS-094, AWS-096, AWS-097: both are true for an absent key, ForAnyValue is false.
#[test]
fn if_exists_and_for_all_values_are_no_limit_on_the_anonymous() {
    let of = |condition: &Value| bucket_world(&[when(condition, to("*", get_objects()))]);
    read(&of(&cond("StringEqualsIfExists", "aws:PrincipalOrgID", "o-fence")), PUBLIC, Yes);
    read(&of(&cond("ForAllValues:StringEquals", "aws:PrincipalOrgID", "o-fence")), PUBLIC, Yes);
    read(&of(&cond("ForAnyValue:StringEquals", "aws:PrincipalOrgID", "o-fence")), PUBLIC, No);
    let via = cond("StringEqualsIfExists", "kms:ViaService", "s3.us-east-1.amazonaws.com");
    check(&key_for_all_when(&via), ANYBODY, Decrypt, KEY, Yes);
    read(&key_for_all_when(&via), ANYBODY, No);
}

/// AWS-096 (mistake 3): `ForAllValues` is true where the key is absent, so it keeps no anonymous requester out.
#[test]
fn mistake_3_for_all_values_is_no_limit_for_whoever_lacks_the_key() {
    let of = |condition: &Value| {
        bucket_world(&[when(condition, to("*", get_objects()))])
            .organization(json!([full_scp(&EVERY_LEVEL)]))
    };
    let pinned = cond("ForAllValues:StringEquals", "aws:PrincipalOrgID", "o-fence");
    read(&of(&pinned), PUBLIC, Yes);
    read(&of(&cond("StringEquals", "aws:PrincipalOrgID", "o-fence")), PUBLIC, No);
    // Beside a check that the key is there it is a limit.
    let present = json!({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-fence"}, "Null": {"aws:PrincipalOrgID": "false"}});
    read(&of(&present), PUBLIC, No);
}

/// AWS-094 (mistake 5): `…IfExists` is true where the key is absent.
#[test]
fn mistake_5_if_exists_is_no_limit_for_whoever_lacks_the_key() {
    let of = |condition: &Value| {
        bucket_world(&[when(condition, to("*", get_objects()))])
            .organization(json!([full_scp(&EVERY_LEVEL)]))
    };
    read(&of(&cond("StringEqualsIfExists", "aws:PrincipalOrgID", "o-fence")), PUBLIC, Yes);
    read(&of(&cond("ArnLikeIfExists", "aws:PrincipalArn", READER)), PUBLIC, Yes);
    // Who has the key is held to it; an account outside has it if it is in an organisation.
    undecided(
        &of(&cond("StringEqualsIfExists", "aws:PrincipalOrgID", "o-fence")),
        OUTSIDER,
        Read,
        BUCKET,
    );
    let ours = cond("StringEqualsIfExists", "aws:PrincipalAccount", OWN);
    read(&of(&ours), OUTSIDER, No);
    read(&of(&ours), PUBLIC, Yes);
    let via = cond("StringEqualsIfExists", "kms:ViaService", "s3.us-east-1.amazonaws.com");
    check(&key_for_all_when(&via), ANYBODY, Decrypt, KEY, Yes);
    read(&key_for_all_when(&via), ANYBODY, No);
}

/// AWS-097: false where the key is absent, whatever the operator; one value is enough where it is there.
#[test]
fn for_any_value_is_false_where_there_is_nothing() {
    let of = |condition: &Value| {
        bucket_world(&[when(condition, to("*", get_objects()))])
            .iam(READER, &[])
            .organization(json!([full_scp(&EVERY_LEVEL)]))
    };
    let is = cond("ForAnyValue:StringEquals", "aws:PrincipalOrgID", "o-fence");
    read(&of(&is), PUBLIC, No);
    read(&of(&is), READER, Yes);
    let is_not = cond("ForAnyValue:StringNotEquals", "aws:PrincipalOrgID", "o-evil");
    read(&of(&is_not), PUBLIC, No);
    read(&of(&is_not), READER, Yes);
}

/// AWS-095: `true` holds for an absent key, `false` for a present one.
#[test]
fn null_asks_whether_a_key_is_there() {
    let of = |wanted: &Value| {
        bucket_world(&[when(
            &cond("Null", "aws:PrincipalArn", wanted.clone()),
            to("*", get_objects()),
        )])
        .iam(READER, &[])
    };
    read(&of(&json!("true")), PUBLIC, Yes);
    read(&of(&json!("false")), PUBLIC, No);
    read(&of(&json!(true)), READER, No);
    read(&of(&json!(false)), READER, Yes);
}

/// AWS-102 (mistake 2): every address is no limit.
#[test]
fn mistake_2_every_address_is_no_limit() {
    for range in ["0.0.0.0/0", "::/0"] {
        let condition = cond("IpAddress", "aws:SourceIp", range);
        read(&bucket_world(&[when(&condition, to("*", get_objects()))]), PUBLIC, Yes);
        let among = cond("IpAddress", "aws:SourceIp", ["203.0.113.0/24", range]);
        read(&bucket_world(&[when(&among, to("*", get_objects()))]), PUBLIC, Yes);
    }
    let narrow = cond("IpAddress", "aws:SourceIp", "203.0.113.0/24");
    read(&bucket_world(&[when(&narrow, to("*", get_objects()))]), PUBLIC, Conditional);
}

/// Anna with one tag, who reads under a condition.
fn tagged_anna(tag: &str, value: &str, condition: &Value) -> World {
    let tags = json!({"Tags": [{"Key": tag, "Value": value}]});
    World::new().iam_with(ANNA, &[when(condition, get_objects())], &tags).bucket(bucket())
}

/// AWS-100: numbers compare as numbers.
#[test]
fn numbers_are_no_texts() {
    let of = |operator: &str, has: &str| {
        tagged_anna("level", has, &cond(operator, "aws:PrincipalTag/level", "10"))
    };
    for (operator, has, expected) in [
        ("NumericLessThan", "9", Yes),
        ("NumericLessThan", "10", No),
        ("NumericLessThanEquals", "10", Yes),
        ("NumericGreaterThan", "9", No),
        ("NumericGreaterThan", "10.5", Yes),
        ("NumericGreaterThanEquals", "100", Yes),
        ("NumericEquals", "10.0", Yes),
        ("NumericEquals", "1", No),
        ("NumericNotEquals", "10.0", No),
        ("NumericNotEquals", "11", Yes),
        ("NumericEquals", "ten", No),
    ] {
        read(&of(operator, has), ANNA, expected);
    }
    let either = cond("NumericEquals", "aws:PrincipalTag/level", json!([3, "10"]));
    read(&tagged_anna("level", "3", &either), ANNA, Yes);
}

/// AWS-100: times compare as times, in either spelling.
#[test]
fn dates_are_no_texts() {
    let of = |operator: &str, has: &str| {
        let condition = cond(operator, "aws:PrincipalTag/until", "2027-01-01T00:00:00Z");
        tagged_anna("until", has, &condition)
    };
    for (operator, has, expected) in [
        ("DateLessThan", "2026-12-31T23:59:59Z", Yes),
        ("DateLessThan", "2027-01-01T00:00:00Z", No),
        ("DateLessThanEquals", "2027-01-01T00:00:00Z", Yes),
        ("DateGreaterThan", "2026-12-31T23:59:59Z", No),
        ("DateGreaterThan", "2027-01-01T00:00:01Z", Yes),
        ("DateGreaterThanEquals", "1798761600", Yes),
        ("DateEquals", "1798761600", Yes),
        ("DateEquals", "2027-01-01T01:00:00+01:00", Yes),
        ("DateNotEquals", "1798761600", No),
        ("DateNotEquals", "2027-01-02T00:00:00Z", Yes),
    ] {
        read(&of(operator, has), ANNA, expected);
    }
}

/// AWS-101: `Bool` and `BinaryEquals`.
#[test]
fn booleans_and_bytes_compare_by_value() {
    let of = |operator: &str, value: Value, has: &str| {
        tagged_anna("mark", has, &cond(operator, "aws:PrincipalTag/mark", value))
    };
    read(&of("Bool", json!("true"), "true"), ANNA, Yes);
    read(&of("Bool", json!(true), "true"), ANNA, Yes);
    read(&of("Bool", json!("true"), "false"), ANNA, No);
    read(&of("Bool", json!("false"), "false"), ANNA, Yes);
    read(&of("BoolIfExists", json!("true"), "false"), ANNA, No);
    read(&of("BinaryEquals", json!("aGVsbG8="), "aGVsbG8="), ANNA, Yes);
    read(&of("BinaryEquals", json!("aGVsbG8="), "aGVsbG9="), ANNA, No);
}

/// AWS-102: ranges of both families.
#[test]
fn addresses_compare_as_ranges() {
    let of = |operator: &str, range: &str, has: &str| {
        tagged_anna("home", has, &cond(operator, "aws:PrincipalTag/home", range))
    };
    for (operator, range, has, expected) in [
        ("IpAddress", "10.0.0.0/8", "10.1.2.3", Yes),
        ("IpAddress", "10.0.0.0/8", "11.1.2.3", No),
        ("IpAddress", "203.0.113.7", "203.0.113.7", Yes),
        ("IpAddress", "203.0.113.7", "203.0.113.8", No),
        ("IpAddress", "2001:db8::/32", "2001:db8:1::5", Yes),
        ("IpAddress", "2001:db8::/32", "10.1.2.3", No),
        ("NotIpAddress", "10.0.0.0/8", "10.1.2.3", No),
        ("NotIpAddress", "10.0.0.0/8", "192.0.2.1", Yes),
    ] {
        read(&of(operator, range, has), ANNA, expected);
    }
    let outside = cond("NotIpAddress", "aws:SourceIp", "203.0.113.0/24");
    let inside = cond("IpAddress", "aws:SourceIp", "203.0.113.0/24");
    let world = reader_world(&[when(&inside, get_objects()), when(&outside, deny("s3:*", "*"))]);
    read(&world, READER, Conditional);
}

/// AWS-103, AWS-099: each part of an ARN matches for itself; in a string a wildcard runs over colons.
#[test]
fn an_arn_matches_part_by_part() {
    let of = |operator: &str, value: &str| {
        reader_world(&[when(&cond(operator, "aws:PrincipalArn", value), get_objects())])
    };
    read(&of("ArnLike", "arn:aws:iam::*:role/*"), READER, Yes);
    read(&of("ArnEquals", "arn:aws:iam::1111*:role/r?ader"), READER, Yes);
    read(&of("ArnLike", "arn:aws:*:role/reader"), READER, No);
    read(&of("StringLike", "arn:aws:*:role/reader"), READER, Yes);
    read(&of("ArnNotEquals", "arn:aws:iam::*:role/*"), READER, No);
    read(&of("ArnNotLike", "arn:aws:iam::*:user/*"), READER, Yes);
}

// --- variables

/// AWS-104: a variable stands for the requester's own value, in resources and in string and ARN operators.
#[test]
fn a_variable_stands_for_a_value_of_the_request() {
    let data = "arn:aws:iam::111122223333:user/data";
    let by_name = [allow("s3:GetObject", "arn:aws:s3:::${aws:username}/*")];
    read(&World::new().iam(data, &by_name).bucket(bucket()), data, Yes);
    read(&World::new().iam(ANNA, &by_name).bucket(bucket()), ANNA, No);
    let of = |condition: &Value| {
        let tags = json!({"Tags": [{"Key": "team", "Value": "red"}, {"Key": "group", "Value": "red"}, {"Key": "site", "Value": "oslo"}]});
        World::new().iam_with(ANNA, &[when(condition, get_objects())], &tags).bucket(bucket())
    };
    let own = "arn:aws:iam::111122223333:user/${aws:username}";
    read(&of(&cond("StringEquals", "aws:PrincipalArn", own)), ANNA, Yes);
    read(&of(&cond("ArnLike", "aws:PrincipalArn", own)), ANNA, Yes);
    read(
        &of(&cond("StringEquals", "aws:PrincipalTag/team", "${aws:PrincipalTag/group}")),
        ANNA,
        Yes,
    );
    read(&of(&cond("StringEquals", "aws:PrincipalTag/team", "${aws:PrincipalTag/site}")), ANNA, No);
    // Names of keys fold here too.
    read(
        &of(&cond("StringEquals", "aws:PrincipalTag/team", "${AWS:principaltag/group}")),
        ANNA,
        Yes,
    );
}

/// AWS-104: without the key the statement matches nothing, an Allow and a Deny.
#[test]
fn a_variable_without_a_value_matches_nothing() {
    let home = "arn:aws:s3:::data/${aws:username}*";
    read(&reader_world(&[allow("s3:GetObject", home)]), READER, No);
    read(&reader_world(&[get_objects(), deny("s3:*", home)]), READER, Yes);
    let condition = cond("StringEquals", "aws:PrincipalAccount", "${aws:PrincipalTag/none}");
    let world = World::new().iam(ANNA, &[when(&condition, get_objects())]).bucket(bucket());
    read(&world, ANNA, No);
}

/// AWS-105: the default where the key is absent, and the three plain characters.
#[test]
fn a_variable_may_have_a_default() {
    let by_default = [allow("s3:GetObject", "arn:aws:s3:::${aws:username, 'data'}/*")];
    read(&reader_world(&by_default), READER, Yes);
    read(&World::new().iam(ANNA, &by_default).bucket(bucket()), ANNA, No);
    let of = |has: &str| {
        tagged_anna("mark", has, &cond("StringLike", "aws:PrincipalTag/mark", "a${*}b${?}c${$}"))
    };
    read(&of("a*b?c$"), ANNA, Yes);
    read(&of("axb?c$"), ANNA, No);
    read(&of("a*bxc$"), ANNA, No);
}

/// AWS-106: before version 2012-10-17 a variable is plain text.
#[test]
fn an_old_document_has_no_variables() {
    let data = "arn:aws:iam::111122223333:user/data";
    let of = |document: Value| {
        let inline = json!({"UserPolicyList": [{"PolicyName": "own", "PolicyDocument": document}]});
        World::new().iam_with(data, &[], &inline).bucket(bucket())
    };
    let statements = json!([allow("s3:GetObject", "arn:aws:s3:::${aws:username}/*")]);
    read(&of(json!({"Version": "2012-10-17", "Statement": statements})), data, Yes);
    read(&of(json!({"Version": "2008-10-17", "Statement": statements})), data, No);
    read(&of(json!({"Statement": statements})), data, No);
}

// --- keys

/// AWS-107: what the witness request carries is known (TLS, made by the principal himself, resource of the owner).
#[test]
fn what_every_request_carries_is_known() {
    let of = |condition: &Value| reader_world(&[when(condition, get_objects())]);
    read(&of(&cond("Bool", "aws:SecureTransport", "true")), READER, Yes);
    read(&of(&cond("Bool", "aws:SecureTransport", "false")), READER, No);
    read(&of(&cond("Bool", "aws:PrincipalIsAWSService", "false")), READER, Yes);
    read(&of(&cond("Bool", "aws:ViaAWSService", "true")), READER, No);
    read(&of(&cond("StringEquals", "aws:ResourceAccount", OWN)), READER, Yes);
    read(&of(&cond("StringNotEquals", "aws:ResourceAccount", OWN)), READER, No);
    // The usual "TLS only" statement takes nothing away.
    let plain = cond("Bool", "aws:SecureTransport", "false");
    let world = bucket_world(&[to("*", get_objects()), to("*", when(&plain, deny("s3:*", "*")))]);
    read(&world, PUBLIC, Yes);
}

/// AWS-107: ids and names of the requester, organisation of the owner.
#[test]
fn ids_of_the_requester_and_organisation_of_the_owner_are_known() {
    let of = |who: &str, condition: &Value| {
        World::new()
            .iam(who, &[when(condition, get_objects())])
            .bucket(bucket())
            .organization(json!([full_scp(&EVERY_LEVEL)]))
    };
    read(&of(ANNA, &cond("StringEquals", "aws:userid", "AIDAEXAMPLEUSER000001")), ANNA, Yes);
    read(&of(ANNA, &cond("StringEquals", "aws:userid", "AIDAEXAMPLEUSER000002")), ANNA, No);
    read(&of(READER, &cond("StringLike", "aws:userid", "AROAEXAMPLEROLE000001:*")), READER, Yes);
    read(&of(READER, &cond("StringLike", "aws:userid", "AROAEXAMPLEROLE000002:*")), READER, No);
    read(
        &of(READER, &cond("StringEquals", "aws:userid", "AROAEXAMPLEROLE000001:dana")),
        READER,
        Conditional,
    );
    read(&of(ANNA, &cond("StringEquals", "aws:username", "anna")), ANNA, Yes);
    read(&of(READER, &cond("Null", "aws:username", "true")), READER, Yes);
    read(&of(ANNA, &cond("StringEquals", "aws:PrincipalType", "User")), ANNA, Yes);
    read(&of(READER, &cond("StringEquals", "aws:PrincipalType", "AssumedRole")), READER, Yes);
    read(&of(READER, &cond("StringEquals", "aws:ResourceOrgID", "o-fence")), READER, Yes);
    read(&of(READER, &cond("StringNotEquals", "aws:ResourceOrgID", "o-fence")), READER, No);
}

/// AWS-108: for a session it is the role's ARN.
#[test]
fn the_principals_arn_of_a_session_is_the_roles() {
    let session = "arn:aws:sts::111122223333:assumed-role/reader/dana";
    let of = |arn: &str| {
        let condition = cond("ArnEquals", "aws:PrincipalArn", arn);
        bucket_world(&[when(&condition, to("*", get_objects()))]).iam(READER, &[])
    };
    read(&of(READER), session, Yes);
    read(&of(READER), READER, Yes);
    read(&of(session), session, No);
    read(&of(READER), PUBLIC, No);
}

/// AWS-110: a principal's own request carries no source of a service.
#[test]
fn a_principals_own_request_has_no_source() {
    let of = |condition: &Value| {
        bucket_world(&[when(condition, to("*", get_objects()))]).iam(READER, &[])
    };
    for key in ["aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID"] {
        for who in [PUBLIC, ANYBODY, READER, OUTSIDER] {
            read(&of(&cond("StringLike", key, "*")), who, No);
            read(&of(&cond("StringNotEquals", key, OTHER)), who, Yes);
            read(&of(&cond("StringEqualsIfExists", key, OWN)), who, Yes);
        }
    }
}

/// AWS-109: the organisation's own principals only; absent for the anonymous.
#[test]
fn a_policy_for_the_organisation_is_not_for_the_public() {
    let pinned = cond("StringEquals", "aws:PrincipalOrgID", "o-fence");
    let world = bucket_world(&[when(&pinned, to("*", get_objects()))])
        .iam(READER, &[])
        .iam(GUEST, &[get_objects()])
        .iam("arn:aws:iam::444455556666:role/idle", &[])
        .organization(json!([full_scp(&EVERY_LEVEL)]));
    read(&world, READER, Yes);
    read(&world, GUEST, Yes);
    read(&world, "arn:aws:iam::444455556666:role/idle", No);
    read(&world, OUTSIDER, No);
    read(&world, ANYBODY, No);
    read(&world, PUBLIC, No);
    read(&world, &root(STRANGER), No);
}

/// AWS-109, AWS-098: the path of the requester's account in its organisation, a list of one.
#[test]
fn the_path_in_the_organisation_is_known() {
    let of = |operator: &str, path: &str| {
        let condition = cond(operator, "aws:PrincipalOrgPaths", path);
        bucket_world(&[when(&condition, to("*", get_objects()))])
            .iam(READER, &[])
            .iam(GUEST, &[get_objects()])
            .organization(json!([full_scp(&EVERY_LEVEL)]))
    };
    let unit = of("ForAnyValue:StringLike", "o-fence/r-ab12/ou-ab12-prod/*");
    read(&unit, READER, Yes);
    read(&unit, GUEST, No);
    read(&unit, OUTSIDER, No);
    read(&unit, ANYBODY, No);
    read(&unit, PUBLIC, No);
    let exact = of("ForAnyValue:StringEquals", "o-fence/r-ab12/ou-ab12-prod/");
    read(&exact, READER, Yes);
    read(&exact, GUEST, No);
    let all = of("ForAnyValue:StringLike", "o-fence/*");
    read(&all, READER, Yes);
    read(&all, GUEST, Yes);
    read(&all, OUTSIDER, No);
    let every = of("ForAllValues:StringLike", "o-fence/*");
    read(&every, GUEST, Yes);
    read(&every, PUBLIC, Yes);
    // Whether an account outside is in an organisation at all is not known.
    undecided(&every, OUTSIDER, Read, BUCKET);
}

/// AWS-111: SourceVpce, SourceIp and their like are unknown unless given: the condition stays as a residue.
#[test]
fn a_policy_for_a_network_is_conditional() {
    for condition in [
        cond("StringEquals", "aws:SourceVpce", "vpce-1a2b3c4d"),
        cond("StringEquals", "aws:SourceVpc", "vpc-111bbb22"),
        cond("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
        cond("DateLessThan", "aws:CurrentTime", "2027-01-01T00:00:00Z"),
        cond("NumericGreaterThanEquals", "s3:TlsVersion", "1.2"),
        cond("StringLike", "aws:Referer", "https://www.example.com/*"),
    ] {
        let world = bucket_world(&[when(&condition, to("*", get_objects()))]);
        read(&world, PUBLIC, Conditional);
        read(&world, ANYBODY, Conditional);
        check(&world, PUBLIC, Write, BUCKET, No);
        let own = reader_world(&[when(&condition, get_objects())]);
        read(&own, READER, Conditional);
        // A Deny under it leaves the rest open.
        let denied = reader_world(&[get_objects(), when(&condition, deny("s3:*", "*"))]);
        read(&denied, READER, Conditional);
    }
    let outside = cond("StringNotEquals", "aws:SourceVpce", "vpce-1a2b3c4d");
    let world = bucket_world(&[to("*", get_objects()), to("*", when(&outside, deny("s3:*", "*")))]);
    read(&world, PUBLIC, Conditional);
}

/// AWS-112: the principal's tags are known from the estate; a role's session may add others.
#[test]
fn principal_tags_are_known_from_the_estate() {
    let team = cond("StringEquals", "aws:PrincipalTag/team", "finance");
    let of = |who: &str, tags: Value| {
        World::new()
            .iam_with(who, &[when(&team, get_objects())], &json!({ "Tags": tags }))
            .bucket(bucket())
    };
    read(&of(ANNA, json!([{"Key": "team", "Value": "finance"}])), ANNA, Yes);
    read(&of(ANNA, json!([{"Key": "team", "Value": "sales"}])), ANNA, No);
    read(&of(ANNA, json!([])), ANNA, No);
    read(&of(READER, json!([{"Key": "team", "Value": "finance"}])), READER, Yes);
}

/// AWS-114, AWS-111, AWS-104: what only the object, the session or the request tells stays as a residue.
#[test]
fn tags_of_objects_and_variables_stay_conditional() {
    let of = |statement: Value| reader_world(&[statement]);
    let tagged = cond("StringEquals", "s3:ExistingObjectTag/class", "public");
    read(&of(when(&tagged, get_objects())), READER, Conditional);
    let mfa = cond("Bool", "aws:MultiFactorAuthPresent", "true");
    read(&of(when(&mfa, get_objects())), READER, Conditional);
    let own_folder = allow("s3:GetObject", "arn:aws:s3:::data/home/${aws:username}/*");
    let world = World::new().iam(ANNA, &[own_folder]).bucket(bucket());
    read(&world, ANNA, Conditional);
    let without_mfa = cond("BoolIfExists", "aws:MultiFactorAuthPresent", "false");
    let world = reader_world(&[get_objects(), when(&without_mfa, deny("*", "*"))]);
    read(&world, READER, Conditional);
}

/// AWS-113: a bucket's tags count for access only where ABAC is enabled for it.
#[test]
fn tags_of_a_bucket_count_where_abac_is_enabled() {
    let open = cond("StringEquals", "aws:ResourceTag/class", "open");
    let of = |statements: &[Value], more: &Value| {
        let tags = json!({"Tags": [{"Key": "class", "Value": "open"}]});
        World::new().iam(READER, statements).bucket(with(with(bucket(), &tags), more))
    };
    let enabled = json!({"Abac": {"Status": "Enabled"}});
    let reading = [when(&open, get_objects())];
    read(&of(&reading, &enabled), READER, Yes);
    read(&of(&reading, &json!({"Abac": {"Status": "Disabled"}})), READER, No);
    read(&of(&reading, &json!({"Abac": null})), READER, No);
    let secret = [get_objects(), when(&open, deny("s3:*", "*"))];
    read(&of(&secret, &enabled), READER, No);
    read(&of(&secret, &json!({})), READER, Yes);
    let not_open = cond("StringNotEquals", "aws:ResourceTag/class", "open");
    read(&of(&[when(&not_open, get_objects())], &enabled), READER, No);
    read(&of(&[when(&not_open, get_objects())], &json!({})), READER, Yes);
    let other = cond("StringEquals", "aws:ResourceTag/class", "secret");
    read(&of(&[when(&other, get_objects())], &enabled), READER, No);
    let untold =
        lacking(with(bucket(), &json!({"Tags": [{"Key": "class", "Value": "open"}]})), "Abac");
    read(&World::new().iam(READER, &reading).bucket(untold), READER, Unknown);
}

/// AWS-114: a tag of stored objects is a class of them.
#[test]
fn a_tag_of_stored_objects_is_a_class_of_objects() {
    let of = |statements: &[Value]| reader_world(statements);
    let open = cond("StringEquals", "s3:ExistingObjectTag/class", "open");
    read(&of(&[when(&open, get_objects())]), READER, Conditional);
    read(&of(&[get_objects(), when(&open, deny("s3:*", "*"))]), READER, Conditional);
    read(&bucket_world(&[when(&open, to("*", get_objects()))]), PUBLIC, Conditional);
}

/// AWS-115: uploads and deletes do not see the tags of the object that is there.
#[test]
fn putting_and_deleting_do_not_know_an_objects_tags() {
    let open = cond("StringEquals", "s3:ExistingObjectTag/class", "open");
    let not_open = cond("StringNotEquals", "s3:ExistingObjectTag/class", "open");
    let of = |condition: &Value| reader_world(&[when(condition, allow("s3:*", "*"))]);
    for access in [Write, Delete] {
        check(&of(&open), READER, access, BUCKET, No);
        check(&of(&not_open), READER, access, BUCKET, Yes);
        let denied = reader_world(&[allow("s3:*", "*"), when(&not_open, deny("s3:*", "*"))]);
        check(&denied, READER, access, BUCKET, No);
    }
}

/// AWS-116: the tags of an upload are the requester's choice.
#[test]
fn tags_to_be_set_stay_a_condition() {
    let open = cond("StringEquals", "s3:RequestObjectTag/class", "open");
    let keys = cond("ForAnyValue:StringEquals", "s3:RequestObjectTagKeys", "class");
    for condition in [open, keys] {
        let world = reader_world(&[when(&condition, allow("s3:PutObject", OBJECTS))]);
        check(&world, READER, Write, BUCKET, Conditional);
    }
}
