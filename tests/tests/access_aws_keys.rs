//! The second lock: who may use a KMS key, directly and through S3, by key policy, delegation and grant. The numbers are
//! those of `shared/analysis/semantics/aws.md`; the expected verdicts follow from the pages that it names.

use keyfence_analysis::model::Access::{Administer, Decrypt, Delete, KeyAdminister, Read, Write};
use keyfence_analysis::model::Verdict::{Conditional, No, Unknown, Yes};
use keyfence_tests::aws_world::{
    ANNA, ANYBODY, BUCKET, EVERY_LEVEL, FORMER_KEY, GUEST, KEY, OBJECTS, OTHER, OUTSIDER, OWN,
    PUBLIC, READER, STRANGER, World, allow, bucket, bucket_saying, bucket_world, check, cond,
    decrypt, delegation, deny, full_scp, get_objects, granting, in_state, key_for_all_when,
    key_named, key_saying, open_world, policy, read, reader_world, root, scp, to, undecided, under,
    under_managed_key, when,
};
use keyfence_tests::with;
use serde_json::{Value, json};

// --- the two locks

/// AWS-050: to read an object under a customer key the caller needs `s3:GetObject` and `kms:Decrypt` himself.
#[test]
fn reading_under_a_customer_key_needs_both_locks() {
    read(&open_world(), READER, Yes);
    let of = |statements: &[Value]| {
        World::new()
            .iam(READER, statements)
            .bucket(under(KEY, bucket()))
            .key(key_saying(&[delegation()]))
    };
    read(&of(&[get_objects()]), READER, No);
    read(&of(&[decrypt()]), READER, No);
    read(&of(&[]), READER, No);
    // Direct use of the key needs no right on the bucket.
    check(&of(&[decrypt()]), READER, Decrypt, KEY, Yes);
    check(&of(&[get_objects()]), READER, Decrypt, KEY, No);
}

/// AWS-050: DSSE-KMS asks the caller for the key as SSE-KMS does.
#[test]
fn two_layers_need_the_key_like_one() {
    let dual = json!({"Encryption": {"Rules": [{"ApplyServerSideEncryptionByDefault":
        {"SSEAlgorithm": "aws:kms:dsse", "KMSMasterKeyID": KEY}}]}});
    let of = |statements: &[Value]| {
        World::new()
            .iam(READER, statements)
            .bucket(with(bucket(), &dual))
            .key(key_saying(&[delegation()]))
    };
    read(&of(&[get_objects()]), READER, No);
    read(&of(&[get_objects(), decrypt()]), READER, Yes);
}

/// AWS-050, AWS-064 (mistake 8): a storage grant says nothing before key policy and grants are read.
#[test]
fn mistake_8_a_storage_grant_needs_the_key_and_the_key_may_be_open_by_a_grant() {
    let of = |key: Value| {
        World::new()
            .bucket(under(KEY, bucket_saying(&[to(OUTSIDER, get_objects())])))
            .iam(READER, &[get_objects()])
            .key(key)
    };
    // Not readable: the key is closed.
    read(&of(key_saying(&[delegation()])), OUTSIDER, No);
    // Not harmless: a grant opens it, though key policy and identity policies say nothing of the role.
    read(&of(granting(READER, &["Decrypt"], &json!({}))), READER, Yes);
    read(&of(key_saying(&[])), READER, No);
    // The bucket alone decides where there is no customer key.
    read(&bucket_world(&[to(OUTSIDER, get_objects())]), OUTSIDER, Yes);
}

/// AWS-053: S3 decrypts for whoever may get the object.
#[test]
fn sse_s3_needs_no_key() {
    let world = reader_world(&[get_objects()]);
    read(&world, READER, Yes);
    check(&world, READER, Write, BUCKET, No);
    // S3 encrypts with SSE-S3 where a bucket has no configuration of its own.
    let world = World::new()
        .iam(READER, &[get_objects()])
        .bucket(with(bucket(), &json!({"Encryption": null})));
    read(&world, READER, Yes);
}

/// AWS-051: uploading needs `kms:GenerateDataKey`, not `kms:Decrypt`.
#[test]
fn writing_under_a_customer_key_needs_a_data_key() {
    let of = |kms: &str| {
        World::new()
            .iam(READER, &[allow("s3:*", "*"), allow(kms, KEY)])
            .bucket(under(KEY, bucket()))
            .key(key_saying(&[delegation()]))
    };
    check(&of("kms:GenerateDataKey"), READER, Write, BUCKET, Yes);
    read(&of("kms:GenerateDataKey"), READER, No);
    check(&of("kms:Decrypt"), READER, Write, BUCKET, No);
    check(&of("kms:GenerateDataKey*"), READER, Write, BUCKET, Yes);
}

/// AWS-051: deleting objects and changing the bucket touch no key.
#[test]
fn deleting_and_administering_need_no_key() {
    let world = World::new()
        .iam(READER, &[allow("s3:*", "*")])
        .bucket(under(KEY, bucket()))
        .key(in_state("Disabled", key_saying(&[])));
    check(&world, READER, Delete, BUCKET, Yes);
    check(&world, READER, Administer, BUCKET, Yes);
    read(&world, READER, No);
    check(&world, READER, Write, BUCKET, No);
}

/// AWS-052: anonymous requests for SSE-KMS objects always fail: they carry no identity for KMS.
#[test]
fn anonymous_never_reads_under_a_key() {
    let everyone = [to("*", allow("s3:*", "*"))];
    let open_key = key_saying(&[to("*", allow("kms:*", "*"))]);
    let world = World::new().bucket(under(KEY, bucket_saying(&everyone))).key(open_key);
    read(&world, PUBLIC, No);
    check(&world, PUBLIC, Write, BUCKET, No);
    check(&world, PUBLIC, Decrypt, KEY, No);
    check(&world, PUBLIC, Delete, BUCKET, Yes);
    // With bucket and key open to `*`, anybody with an identity does.
    read(&world, ANYBODY, Yes);
    check(&world, ANYBODY, Decrypt, KEY, Yes);
    let world = World::new().bucket(under_managed_key(bucket_saying(&everyone)));
    read(&world, PUBLIC, No);
}

/// AWS-055: a changed default encrypts new objects only; existing ones keep their key.
#[test]
fn a_former_key_still_locks_the_older_objects() {
    let of = |keys: &[&str]| {
        let uses = keys.iter().map(|k| allow("kms:*", k));
        let own: Vec<Value> = [allow("s3:*", "*")].into_iter().chain(uses).collect();
        World::new()
            .iam(READER, &own)
            .bucket(with(under(KEY, bucket()), &json!({"FormerKeys": [FORMER_KEY]})))
            .key(key_saying(&[delegation()]))
            .key(key_named(FORMER_KEY, &[delegation()]))
    };
    read(&of(&[KEY, FORMER_KEY]), READER, Yes);
    read(&of(&[KEY]), READER, Conditional);
    read(&of(&[FORMER_KEY]), READER, Conditional);
    read(&of(&[]), READER, No);
    check(&of(&[KEY]), READER, Write, BUCKET, Yes);
    check(&of(&[FORMER_KEY]), READER, Write, BUCKET, No);
}

/// AWS-056: an alias means the key that it points to.
#[test]
fn an_alias_means_its_key() {
    let alias = json!({"Aliases": [{"AliasName": "alias/data", "AliasArn":
        format!("arn:aws:kms:eu-west-1:{OWN}:alias/data"), "TargetKeyId": KEY.split_once("key/").unwrap().1}]});
    let of = |name: &str, statements: &[Value]| {
        World::new()
            .iam(READER, statements)
            .bucket(under(name, bucket()))
            .key(with(key_saying(&[delegation()]), &alias))
    };
    for name in ["alias/data", &format!("arn:aws:kms:eu-west-1:{OWN}:alias/data")] {
        read(&of(name, &[get_objects(), decrypt()]), READER, Yes);
        read(&of(name, &[get_objects()]), READER, No);
    }
    read(&of("alias/other", &[get_objects(), decrypt()]), READER, Unknown);
}

/// AWS-057: where another account may write, an alias may have meant a key of that account.
#[test]
fn an_alias_may_have_meant_a_foreign_writers_key() {
    let alias = json!({"Aliases": [{"AliasName": "alias/data", "AliasArn":
        format!("arn:aws:kms:eu-west-1:{OWN}:alias/data"), "TargetKeyId": KEY.split_once("key/").unwrap().1}]});
    let of = |name: &str, bucket_says: &[Value]| {
        World::new()
            .iam(READER, &[get_objects(), decrypt()])
            .iam(GUEST, &[allow("s3:*", "*"), allow("kms:*", "*")])
            .bucket(under(name, bucket_saying(bucket_says)))
            .key(with(key_saying(&[delegation()]), &alias))
    };
    let writing = [to(GUEST, allow("s3:PutObject", OBJECTS))];
    read(&of("alias/data", &[]), READER, Yes);
    undecided(&of("alias/data", &writing), READER, Read, BUCKET);
    // A key by ARN is that key, whoever writes.
    read(&of(KEY, &writing), READER, Yes);
}

// --- the AWS-managed key aws/s3

/// AWS-054: aws/s3 is usable by all principals of the account through S3; its policy cannot be changed, so no identity
/// policy has to repeat `kms:Decrypt`.
#[test]
fn the_managed_key_opens_for_its_own_account() {
    let of = |statements: &[Value]| {
        World::new().iam(READER, statements).bucket(under_managed_key(bucket()))
    };
    read(&of(&[get_objects()]), READER, Yes);
    check(&of(&[allow("s3:PutObject", OBJECTS)]), READER, Write, BUCKET, Yes);
    read(&of(&[get_objects(), deny("kms:Decrypt", "*")]), READER, No);
    let named = World::new().iam(READER, &[get_objects()]).bucket(under("alias/aws/s3", bucket()));
    read(&named, READER, Yes);
}

/// AWS-054: the AWS-managed key is not for cross-account access: other accounts are out whatever the bucket says.
#[test]
fn the_managed_key_opens_for_no_other_account() {
    let everyone = bucket_saying(&[to("*", allow("s3:*", "*"))]);
    let world = World::new()
        .iam(GUEST, &[allow("s3:*", "*"), allow("kms:*", "*")])
        .bucket(under_managed_key(everyone));
    read(&world, GUEST, No);
    read(&world, OUTSIDER, No);
    read(&world, ANYBODY, No);
    read(&world, &root(STRANGER), No);
    check(&world, GUEST, Delete, BUCKET, Yes);
}

/// AWS-054: the policy of aws/s3 admits requests through S3 only, so nobody uses it directly.
#[test]
fn the_managed_key_is_not_used_directly() {
    let managed = json!({"Arn": KEY, "KeyState": "Enabled", "KeyManager": "AWS"});
    let world = World::new()
        .iam(READER, &[get_objects(), allow("kms:*", "*")])
        .iam(GUEST, &[get_objects(), allow("kms:*", "*")])
        .bucket(under(KEY, bucket_saying(&[to("*", get_objects())])))
        .key(with(key_saying(&[]), &json!({ "KeyMetadata": managed })));
    check(&world, READER, Decrypt, KEY, No);
    read(&world, READER, Yes);
    read(&world, GUEST, No);
}

// --- the key policy

/// AWS-058: "Without permission from the key policy, IAM policies that allow permissions have no effect."
#[test]
fn without_delegation_identity_policies_open_no_key() {
    let admin = to("arn:aws:iam::111122223333:role/admin", allow("kms:*", "*"));
    let world = World::new()
        .iam(READER, &[allow("s3:*", "*"), allow("kms:*", "*")])
        .bucket(under(KEY, bucket()))
        .key(key_saying(&[admin]));
    read(&world, READER, No);
    check(&world, READER, Write, BUCKET, No);
    check(&world, READER, Decrypt, KEY, No);
    check(&world, READER, KeyAdminister, KEY, No);
}

/// AWS-059: the statement for the account enables identity policies and opens for none of its users and roles.
#[test]
fn delegation_alone_opens_for_nobody_in_the_account() {
    let world = World::new()
        .iam(READER, &[get_objects()])
        .iam(ANNA, &[get_objects()])
        .bucket(under(KEY, bucket()))
        .key(key_saying(&[delegation()]));
    read(&world, READER, No);
    check(&world, READER, Decrypt, KEY, No);
    read(&world, ANNA, No);
    // The account itself may: its administrators decide.
    check(&world, &root(OWN), Decrypt, KEY, Yes);
}

/// AWS-059, AWS-025: root ARN and account id are the same principal; the delegation hands on the actions that it lists.
#[test]
fn delegation_hands_on_what_it_lists() {
    let of = |principal: &str, action: &str| {
        World::new()
            .iam(READER, &[get_objects(), allow("kms:*", "*")])
            .bucket(under(KEY, bucket()))
            .key(key_saying(&[to(principal, allow(action, "*"))]))
    };
    read(&of(OWN, "kms:*"), READER, Yes);
    read(&of(&root(OWN), "kms:Decrypt"), READER, Yes);
    read(&of(&root(OWN), "kms:Describe*"), READER, No);
    check(&of(&root(OWN), "kms:Decrypt"), READER, KeyAdminister, KEY, No);
    check(&of(&root(OWN), "kms:PutKeyPolicy"), READER, KeyAdminister, KEY, Yes);
    read(&of(&root(OTHER), "kms:*"), READER, No);
}

/// AWS-059, AWS-058 (mistake 7): delegation is nobody's access, and without it identity policies are nothing.
#[test]
fn mistake_7_delegation_is_no_access_and_its_absence_is_no_detail() {
    let of = |identity: &[Value], key_says: &[Value]| {
        World::new().iam(READER, identity).bucket(under(KEY, bucket())).key(key_saying(key_says))
    };
    read(&of(&[get_objects()], &[delegation()]), READER, No);
    read(&of(&[get_objects(), decrypt()], &[]), READER, No);
    read(&of(&[get_objects(), decrypt()], &[delegation()]), READER, Yes);
    read(&of(&[get_objects(), allow("*", "*")], &[to(ANNA, allow("kms:*", "*"))]), READER, No);
}

/// AWS-060: within the account a statement that names the role needs no identity policy beside it.
#[test]
fn a_key_policy_that_names_the_role_is_enough_in_its_account() {
    let of = |principal: &str, iam: &str| {
        World::new()
            .iam(iam, &[get_objects()])
            .bucket(under(KEY, bucket()))
            .key(key_saying(&[to(principal, allow("kms:Decrypt", "*"))]))
    };
    read(&of(READER, READER), READER, Yes);
    check(&of(READER, READER), READER, Decrypt, KEY, Yes);
    read(&of(ANNA, ANNA), ANNA, Yes);
    read(&of(ANNA, READER), READER, No);
    check(&of(READER, READER), READER, KeyAdminister, KEY, No);
    // Everyone is everybody in the account too.
    read(&of("*", READER), READER, Yes);
}

/// AWS-061: key policy and the other account's identity policy; and the same for the bucket, with both locks.
#[test]
fn another_account_needs_both_sides_for_the_key() {
    let of = |principal: &str, statements: &[Value]| {
        World::new()
            .iam(GUEST, statements)
            .bucket(under(KEY, bucket_saying(&[to(GUEST, get_objects())])))
            .key(key_saying(&[delegation(), to(principal, allow("kms:Decrypt", "*"))]))
    };
    for principal in [GUEST, &root(OTHER)] {
        read(&of(principal, &[get_objects(), decrypt()]), GUEST, Yes);
        read(&of(principal, &[get_objects()]), GUEST, No);
        read(&of(principal, &[decrypt()]), GUEST, No);
        check(&of(principal, &[decrypt()]), GUEST, Decrypt, KEY, Yes);
        check(&of(principal, &[]), GUEST, Decrypt, KEY, No);
    }
    read(&of(READER, &[get_objects(), decrypt()]), GUEST, No);
    check(&of(READER, &[get_objects(), decrypt()]), GUEST, Decrypt, KEY, No);
}

/// AWS-007: re-encrypting away from a key shows the plaintext to another key, and granting is administering.
#[test]
fn re_encrypting_is_decrypting_and_granting_is_administering() {
    let of = |action: &str| {
        World::new().iam(READER, &[]).key(key_saying(&[to(READER, allow(action, "*"))]))
    };
    check(&of("kms:ReEncryptFrom"), READER, Decrypt, KEY, Yes);
    check(&of("kms:ReEncryptTo"), READER, Decrypt, KEY, No);
    check(&of("kms:Encrypt"), READER, Decrypt, KEY, No);
    check(&of("kms:CreateGrant"), READER, KeyAdminister, KEY, Yes);
    check(&of("kms:ScheduleKeyDeletion"), READER, KeyAdminister, KEY, Yes);
    check(&of("kms:DescribeKey"), READER, KeyAdminister, KEY, No);
}

/// AWS-062: a key that is not enabled decrypts and encrypts for nobody; its policy can still be changed.
#[test]
fn a_key_that_is_not_enabled_decrypts_for_nobody() {
    for state in ["Disabled", "PendingDeletion", "PendingImport", "Unavailable"] {
        let world = World::new()
            .iam(READER, &[allow("s3:*", "*"), allow("kms:*", "*")])
            .bucket(under(KEY, bucket()))
            .key(in_state(state, key_saying(&[delegation(), to(READER, allow("kms:*", "*"))])));
        read(&world, READER, No);
        check(&world, READER, Write, BUCKET, No);
        check(&world, READER, Decrypt, KEY, No);
        read(&world, &root(OWN), No);
    }
    let grant = granting(READER, &["Decrypt"], &json!({}));
    let world = World::new()
        .iam(READER, &[get_objects()])
        .bucket(under(KEY, bucket()))
        .key(in_state("Disabled", grant));
    read(&world, READER, No);
    let disabled = in_state("Disabled", key_saying(&[to(READER, allow("kms:*", "*"))]));
    let world = World::new().iam(READER, &[]).key(disabled);
    check(&world, READER, KeyAdminister, KEY, Yes);
}

/// AWS-063: a multi-Region key opens by the policy of the replica that the bucket uses.
#[test]
fn a_replica_has_its_own_policy() {
    let named = |region: &str| {
        format!("arn:aws:kms:{region}:{OWN}:key/mrk-1234abcd12ab34cd56ef1234567890ab")
    };
    let (primary, replica) = (named("eu-west-1"), named("us-east-1"));
    let of = |primary_says: &[Value], replica_says: &[Value]| {
        let there = with(under(&replica, bucket()), &json!({"Region": "us-east-1"}));
        World::new()
            .iam(READER, &[get_objects(), allow("kms:Decrypt", "*")])
            .bucket(there)
            .key(key_named(&primary, primary_says))
            .key(key_named(&replica, replica_says))
    };
    read(&of(&[delegation()], &[]), READER, No);
    read(&of(&[], &[delegation()]), READER, Yes);
    check(&of(&[], &[delegation()]), READER, Decrypt, &primary, No);
}

// --- the context of a key

/// AWS-072: `kms:ViaService` is S3 of the bucket's region when an object is read, and absent in a direct call.
#[test]
fn via_service_holds_through_s3_and_not_directly() {
    let of = |service: &str| {
        let via = cond("StringEquals", "kms:ViaService", service);
        World::new()
            .iam(READER, &[get_objects()])
            .bucket(under(KEY, bucket()))
            .key(key_saying(&[when(&via, to(READER, allow("kms:Decrypt", "*")))]))
    };
    read(&of("s3.eu-west-1.amazonaws.com"), READER, Yes);
    check(&of("s3.eu-west-1.amazonaws.com"), READER, Decrypt, KEY, No);
    read(&of("s3.us-east-1.amazonaws.com"), READER, No);
    read(&of("ebs.eu-west-1.amazonaws.com"), READER, No);
    let like = cond("StringLike", "kms:ViaService", "s3.*.amazonaws.com");
    let world = World::new()
        .iam(READER, &[get_objects(), when(&like, decrypt())])
        .bucket(under(KEY, bucket()))
        .key(key_saying(&[delegation()]));
    read(&world, READER, Yes);
    check(&world, READER, Decrypt, KEY, No);
    // A Deny for what does not come through S3 leaves reading open and direct use closed.
    let not_via = cond("StringNotEquals", "kms:ViaService", "s3.eu-west-1.amazonaws.com");
    let world = World::new()
        .iam(READER, &[get_objects(), decrypt()])
        .bucket(under(KEY, bucket()))
        .key(key_saying(&[delegation(), when(&not_via, to("*", deny("kms:Decrypt", "*")))]));
    read(&world, READER, Yes);
    check(&world, READER, Decrypt, KEY, No);
}

/// AWS-072 (mistake 1): `Principal: *` with `kms:ViaService` alone is open to every account through S3.
#[test]
fn mistake_1_a_key_for_everyone_through_s3_is_open_to_every_account() {
    let via = cond("StringEquals", "kms:ViaService", "s3.eu-west-1.amazonaws.com");
    read(&key_for_all_when(&via), ANYBODY, Yes);
    check(&key_for_all_when(&via), ANYBODY, Decrypt, KEY, No);
    read(&key_for_all_when(&via), OUTSIDER, Yes);
    read(&key_for_all_when(&via), PUBLIC, No);
}

/// AWS-073: with the caller's account beside the service, as in the policy of aws/s3, a key is the account's own.
#[test]
fn the_callers_account_pins_a_key_to_it() {
    let own = json!({"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com", "kms:CallerAccount": OWN}});
    read(&key_for_all_when(&own), ANYBODY, No);
    read(&key_for_all_when(&own), OUTSIDER, No);
    let with_reader = key_for_all_when(&own).iam(READER, &[]);
    read(&with_reader, READER, Yes);
    check(&with_reader, READER, Decrypt, KEY, No);
    let directly =
        key_for_all_when(&cond("StringEquals", "kms:CallerAccount", OWN)).iam(READER, &[]);
    check(&directly, READER, Decrypt, KEY, Yes);
    check(&directly, OUTSIDER, Decrypt, KEY, No);
    check(&directly, ANYBODY, Decrypt, KEY, No);
}

/// AWS-074: who calls: the principal himself, or S3 on his behalf.
#[test]
fn a_call_of_ones_own_comes_through_no_service() {
    let through = cond("Bool", "aws:ViaAWSService", "true");
    let world = World::new()
        .iam(READER, &[get_objects()])
        .bucket(under(KEY, bucket()))
        .key(key_saying(&[to(READER, when(&through, allow("kms:Decrypt", "*")))]));
    read(&world, READER, Yes);
    check(&world, READER, Decrypt, KEY, No);
    let of = |condition: &Value| reader_world(&[when(condition, get_objects())]);
    read(&of(&through), READER, No);
    read(&of(&cond("Bool", "aws:ViaAWSService", "false")), READER, Yes);
    read(&of(&cond("Null", "aws:CalledVia", "true")), READER, Yes);
    let formation = "cloudformation.amazonaws.com";
    read(&of(&cond("ForAnyValue:StringEquals", "aws:CalledVia", formation)), READER, No);
    read(&of(&cond("StringEquals", "aws:CalledViaFirst", formation)), READER, No);
}

/// Encrypted with the key, with or without a bucket key.
fn keyed(bucket_key: bool) -> Value {
    let default = json!({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY});
    let rule =
        json!({"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bucket_key});
    with(bucket(), &json!({"Encryption": {"Rules": [rule]}}))
}

/// AWS-075: the context is the bucket's ARN with a bucket key, the object's without.
#[test]
fn the_encryption_context_of_s3_is_the_buckets_or_the_objects_arn() {
    let of = |operator: &str, value: &str, bucket_key: bool| {
        let context = cond(operator, "kms:EncryptionContext:aws:s3:arn", value);
        World::new()
            .iam(READER, &[get_objects()])
            .bucket(keyed(bucket_key))
            .key(key_saying(&[to(READER, when(&context, allow("kms:Decrypt", "*")))]))
    };
    read(&of("StringEquals", BUCKET, true), READER, Yes);
    read(&of("StringEquals", BUCKET, false), READER, No);
    read(&of("StringLike", OBJECTS, true), READER, No);
    read(&of("StringLike", OBJECTS, false), READER, Yes);
    read(&of("StringLike", "arn:aws:s3:::data*", true), READER, Yes);
    read(&of("StringLike", "arn:aws:s3:::data/in/*", false), READER, Conditional);
    read(&of("StringEquals", "arn:aws:s3:::other", true), READER, No);
    read(&of("StringLike", "arn:aws:s3:::other/*", false), READER, No);
    // In a direct call the caller gives the context.
    check(&of("StringEquals", BUCKET, true), READER, Decrypt, KEY, Conditional);
}

/// AWS-075, AWS-098: `kms:EncryptionContextKeys` is the list of the context's names.
#[test]
fn the_names_of_the_encryption_context_are_known_through_s3() {
    let of = |operator: &str, name: &str| {
        let names = cond(operator, "kms:EncryptionContextKeys", name);
        World::new()
            .iam(READER, &[get_objects()])
            .bucket(keyed(true))
            .key(key_saying(&[to(READER, when(&names, allow("kms:Decrypt", "*")))]))
    };
    read(&of("ForAnyValue:StringEquals", "aws:s3:arn"), READER, Yes);
    read(&of("Null", "false"), READER, Yes);
    read(&of("Null", "true"), READER, No);
}

// --- KMS grants

/// AWS-064, AWS-071: a grant allows the grantee the listed operations, without key policy or identity policy.
#[test]
fn a_grant_opens_the_key_for_its_grantee_and_operations() {
    let of = |grantee: &str, operations: &[&str]| {
        World::new().iam(READER, &[allow("s3:*", "*")]).bucket(under(KEY, bucket())).key(granting(
            grantee,
            operations,
            &json!({}),
        ))
    };
    read(&of(READER, &["Decrypt"]), READER, Yes);
    check(&of(READER, &["Decrypt"]), READER, Decrypt, KEY, Yes);
    check(&of(READER, &["Decrypt"]), READER, Write, BUCKET, No);
    check(&of(READER, &["ReEncryptFrom"]), READER, Decrypt, KEY, Yes);
    read(&of(READER, &["ReEncryptFrom"]), READER, No);
    read(&of(READER, &["GenerateDataKey", "DescribeKey"]), READER, No);
    check(&of(READER, &["GenerateDataKey", "DescribeKey"]), READER, Write, BUCKET, Yes);
    check(&of(READER, &["CreateGrant"]), READER, KeyAdminister, KEY, Yes);
    read(&of(ANNA, &["Decrypt"]), READER, No);
    // The grant opens the key, not the bucket.
    let world = World::new().iam(READER, &[]).bucket(under(KEY, bucket())).key(granting(
        READER,
        &["Decrypt"],
        &json!({}),
    ));
    read(&world, READER, No);
}

/// AWS-067: grants that AWS services hold for their own use open nothing for people.
#[test]
fn a_grant_of_an_aws_service_is_nobodys() {
    let service = format!("{OWN}:aws:ec2-infrastructure:i-0abcd1234efgh5678");
    let world = World::new()
        .iam(READER, &[get_objects()])
        .bucket(under(KEY, bucket()))
        .key(granting(&service, &["Decrypt"], &json!({})));
    read(&world, READER, No);
    read(&world, &root(OWN), No);
    let world = World::new()
        .iam(READER, &[get_objects()])
        .bucket(under(KEY, bucket()))
        .key(granting("rds.eu-west-1.amazonaws.com", &["Decrypt"], &json!({})));
    read(&world, READER, No);
}

/// AWS-066: a grant constraint asks for an encryption context, which the caller gives.
#[test]
fn a_constrained_grant_is_conditional() {
    let constraint = json!({"Constraints": {"EncryptionContextSubset": {"department": "finance"}}});
    let world = World::new().iam(READER, &[]).key(granting(READER, &["Decrypt"], &constraint));
    check(&world, READER, Decrypt, KEY, Conditional);
}

/// AWS-066: through S3 the encryption context is known, names and values with case.
#[test]
fn a_grant_constraint_meets_the_context_of_s3() {
    let of = |kind: &str, arn: &str, bucket_key: bool| {
        let constraint = json!({"Constraints": {kind: {"aws:s3:arn": arn}}});
        World::new().iam(READER, &[get_objects()]).bucket(keyed(bucket_key)).key(granting(
            READER,
            &["Decrypt"],
            &constraint,
        ))
    };
    for kind in ["EncryptionContextSubset", "EncryptionContextEquals"] {
        read(&of(kind, BUCKET, true), READER, Yes);
        read(&of(kind, BUCKET, false), READER, No);
        read(&of(kind, "arn:aws:s3:::other", true), READER, No);
        read(&of(kind, "arn:aws:s3:::DATA", true), READER, No);
        read(&of(kind, "arn:aws:s3:::data/report.csv", true), READER, No);
        read(&of(kind, "arn:aws:s3:::data/report.csv", false), READER, Conditional);
        check(&of(kind, BUCKET, true), READER, Decrypt, KEY, Conditional);
    }
}

/// AWS-068: an explicit Deny in the key policy or in the grantee's own policies beats a grant.
#[test]
fn a_deny_in_the_key_policy_beats_a_grant() {
    let key = granting(READER, &["Decrypt"], &json!({}));
    let denying = policy(&[to("*", deny("kms:Decrypt", "*"))]);
    let world = World::new()
        .iam(READER, &[get_objects()])
        .bucket(under(KEY, bucket()))
        .key(with(key.clone(), &json!({ "Policy": denying })));
    read(&world, READER, No);
    check(&world, READER, Decrypt, KEY, No);
    let world = World::new()
        .iam(READER, &[get_objects(), deny("kms:*", "*")])
        .bucket(under(KEY, bucket()))
        .key(key);
    read(&world, READER, No);
}

/// AWS-069: how grants interact with boundaries and service control policies is not documented: *unknown*.
#[test]
fn a_grant_behind_a_limit_is_unknown() {
    let bounded = json!({"PermissionsBoundary": {"PermissionsBoundaryArn": format!("arn:aws:iam::{OWN}:policy/edge")}});
    let world = World::new()
        .managed("edge", &[allow("s3:*", "*")])
        .iam_with(READER, &[get_objects()], &bounded)
        .bucket(under(KEY, bucket()))
        .key(granting(READER, &["Decrypt"], &json!({})));
    read(&world, READER, Unknown);
}

/// AWS-068: a Deny of a service control policy stops what a grant allows.
#[test]
fn a_deny_of_the_organisation_beats_a_grant() {
    let denying = scp("p-deny", &["r-ab12"], &[deny("kms:Decrypt", "*")]);
    let world = World::new()
        .iam(READER, &[get_objects()])
        .bucket(under(KEY, bucket()))
        .key(granting(READER, &["Decrypt"], &json!({})))
        .organization(json!([full_scp(&EVERY_LEVEL), denying]));
    read(&world, READER, No);
    check(&world, READER, Decrypt, KEY, No);
}

/// AWS-069: service control policies restrict "permissions otherwise given", by a grant too.
#[test]
fn a_grant_that_no_service_control_policy_allows_gives_nothing() {
    let rest: Vec<&str> = EVERY_LEVEL.into_iter().filter(|l| *l != OWN).collect();
    let only_s3 = scp("p-s3only", &[OWN], &[allow("s3:*", "*")]);
    let world = World::new()
        .iam(READER, &[get_objects()])
        .bucket(under(KEY, bucket()))
        .key(granting(READER, &["Decrypt"], &json!({})))
        .organization(json!([full_scp(&rest), only_s3]));
    check(&world, READER, Decrypt, KEY, No);
}

/// AWS-070: a grant is enough for a grantee of another account; a Deny of his own side counts.
#[test]
fn a_grant_across_accounts_needs_no_identity_policy() {
    let of = |statements: &[Value]| {
        World::new().iam(GUEST, statements).key(granting(GUEST, &["Decrypt"], &json!({})))
    };
    check(&of(&[decrypt()]), GUEST, Decrypt, KEY, Yes);
    check(&of(&[]), GUEST, Decrypt, KEY, Yes);
    check(&of(&[deny("kms:*", "*")]), GUEST, Decrypt, KEY, No);
}

/// AWS-065, AWS-070: a grant of another account's key, or to an account as a whole, leaves the grantee's own side to
/// decide.
#[test]
fn a_grant_to_another_account_leaves_its_own_side_to_decide() {
    let of = |grantee: &str, statements: &[Value]| {
        World::new().iam(GUEST, statements).key(granting(grantee, &["Decrypt"], &json!({})))
    };
    check(&of(GUEST, &[decrypt()]), GUEST, Decrypt, KEY, Yes);
    check(&of(&root(OTHER), &[decrypt()]), GUEST, Decrypt, KEY, Yes);
    check(&of(&root(OTHER), &[]), GUEST, Decrypt, KEY, No);
    check(&of(&root(OTHER), &[]), &root(OTHER), Decrypt, KEY, Yes);
    check(&of(OUTSIDER, &[]), OUTSIDER, Decrypt, KEY, Yes);
}

/// AWS-071: ending a grant is no access; passing on what it allows is administering.
#[test]
fn retiring_a_grant_is_no_access() {
    let retired_by_anna = json!({"RetiringPrincipal": ANNA});
    let world = World::new().iam(READER, &[]).iam(ANNA, &[]).key(granting(
        READER,
        &["Decrypt"],
        &retired_by_anna,
    ));
    check(&world, ANNA, Decrypt, KEY, No);
    check(&world, ANNA, KeyAdminister, KEY, No);
    let of = |operations: &[&str]| {
        World::new().iam(READER, &[]).key(granting(READER, operations, &json!({})))
    };
    check(&of(&["RetireGrant"]), READER, KeyAdminister, KEY, No);
    check(&of(&["Decrypt", "CreateGrant"]), READER, KeyAdminister, KEY, Yes);
}
