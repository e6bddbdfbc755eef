//! Ways over another principal: assuming roles, federation, and IAM power over somebody who reads. The numbers are those of
//! `shared/analysis/semantics/aws.md`; the expected verdicts follow from the pages that it names.

use keyfence_analysis::model::Access::{Administer, Decrypt, Write};
use keyfence_analysis::model::Verdict::{Conditional, No, Unknown, Yes};
use keyfence_tests::aws_world::{
    ANNA, ANYBODY, BEN, BUCKET, EVERY_LEVEL, GUEST, KEY, OTHER, OUTSIDER, OWN, PUBLIC, READER,
    STRANGER, World, allow, attached, bounded, bucket, check, cond, decrypt, delegation, deny,
    full_rcp, full_scp, get_objects, key_saying, policy, rcp, read, root, scp, to, trusts,
    undecided, under, when,
};
use keyfence_tests::with;
use serde_json::{Value, json};

/// The reader with `s3:GetObject`, trusted by this policy; SSE-S3.
fn reading_role(trust: &[Value]) -> World {
    World::new().role(READER, &[get_objects()], trust).bucket(bucket())
}

fn assume(role: &str) -> Value {
    allow("sts:AssumeRole", role)
}

/// A statement of a trust policy for an AWS principal.
fn trusting(principal: &str) -> Value {
    trusts(&json!({"AWS": principal}))
}

// --- assuming roles

/// AWS-117: trust in the account hands on to identity policies, and the session has what the role has.
#[test]
fn a_role_that_trusts_the_account_needs_the_identity_side() {
    for account in [OWN.to_owned(), root(OWN)] {
        let world = reading_role(&[trusting(&account)]);
        read(&world.clone().iam(ANNA, &[assume(READER)]), ANNA, Yes);
        read(&world.clone().iam(ANNA, &[allow("sts:*", "*")]), ANNA, Yes);
        read(&world.clone().iam(ANNA, &[]), ANNA, No);
        read(&world.clone().iam(ANNA, &[assume("arn:aws:iam::111122223333:role/other")]), ANNA, No);
        check(&world.iam(ANNA, &[assume(READER)]), ANNA, Write, BUCKET, No);
    }
    read(&reading_role(&[]).iam(ANNA, &[assume(READER)]), ANNA, No);
    let admin = World::new()
        .role(READER, &[allow("s3:PutBucketPolicy", BUCKET)], &[trusting(&root(OWN))])
        .bucket(bucket())
        .iam(ANNA, &[assume(READER)]);
    check(&admin, ANNA, Administer, BUCKET, Yes);
    read(&admin, ANNA, No);
}

/// AWS-117: a session has its role's rights and not its user's as well.
#[test]
fn rights_of_user_and_role_do_not_add_up() {
    let of = |role: &[Value]| {
        World::new()
            .role(READER, role, &[trusting(ANNA)])
            .iam(ANNA, &[get_objects()])
            .bucket(under(KEY, bucket()))
            .key(key_saying(&[delegation()]))
    };
    read(&of(&[decrypt()]), ANNA, No);
    read(&of(&[get_objects(), decrypt()]), ANNA, Yes);
    check(&of(&[decrypt()]), ANNA, Decrypt, KEY, Yes);
}

/// AWS-118: in one account naming the user or role is enough.
#[test]
fn a_role_that_trusts_a_principal_by_name_needs_nothing_else() {
    let world = reading_role(&[trusting(ANNA)]).iam(ANNA, &[]).iam(BEN, &[]);
    read(&world, ANNA, Yes);
    read(&world, BEN, No);
    read(&world.iam(BEN, &[assume(READER)]), BEN, No);
    let caller = "arn:aws:iam::111122223333:role/caller";
    read(&reading_role(&[trusting(caller)]).iam(caller, &[]), caller, Yes);
    let session = "arn:aws:sts::111122223333:assumed-role/caller/dana";
    read(&reading_role(&[trusting(session)]).iam(caller, &[]), caller, Conditional);
    read(&reading_role(&[trusting(session)]).iam(caller, &[]), session, Yes);
}

/// AWS-119: between accounts trust and identity must both allow.
#[test]
fn from_another_account_trust_and_identity_must_both_allow() {
    for trusted in [GUEST.to_owned(), OTHER.to_owned(), root(OTHER)] {
        let world = reading_role(&[trusting(&trusted)]);
        read(&world.clone().iam(GUEST, &[assume(READER)]), GUEST, Yes);
        read(&world.iam(GUEST, &[]), GUEST, No);
    }
    read(&reading_role(&[trusting(&root(OWN))]).iam(GUEST, &[assume("*")]), GUEST, No);
    let stranger = reading_role(&[trusting(&root(STRANGER))]);
    read(&stranger, OUTSIDER, Yes);
    read(&stranger, &root(STRANGER), Yes);
    read(&stranger, ANYBODY, No);
    read(&stranger, PUBLIC, No);
    // What the estate does not hold of the other account may allow.
    let unread = reading_role(&[trusting(&root(OTHER))])
        .account(OTHER)
        .without("aws/444455556666/authorization-details.json");
    read(&unread, GUEST, Unknown);
}

/// AWS-120: trust in everyone is open to every identity, and to nobody without one.
#[test]
fn a_role_that_trusts_everyone_is_any_identitys() {
    for principal in [json!("*"), json!({"AWS": "*"})] {
        let world = reading_role(&[trusts(&principal)]).iam(ANNA, &[]);
        read(&world, ANYBODY, Yes);
        read(&world, OUTSIDER, Yes);
        read(&world, ANNA, Yes);
        read(&world, PUBLIC, No);
    }
    let ours = cond("StringEquals", "aws:PrincipalOrgID", "o-fence");
    let world = reading_role(&[when(&ours, trusts(&json!("*")))])
        .iam(GUEST, &[assume(READER)])
        .organization(json!([full_scp(&EVERY_LEVEL)]));
    read(&world, GUEST, Yes);
    read(&world, OUTSIDER, No);
    read(&world, ANYBODY, No);
}

/// AWS-121: roles are assumed in chains, over accounts too; circles end.
#[test]
fn roles_are_assumed_in_chains() {
    let middle = "arn:aws:iam::111122223333:role/middle";
    let chain = reading_role(&[trusting(middle)]).role(middle, &[], &[trusting(GUEST)]);
    read(&chain.clone().iam(GUEST, &[assume(middle)]), GUEST, Yes);
    read(&chain.clone().iam(GUEST, &[assume(READER)]), GUEST, No);
    read(&chain, middle, Yes);
    let first = "arn:aws:iam::111122223333:role/first";
    let longer = reading_role(&[trusting(middle)])
        .role(middle, &[], &[trusting(first)])
        .role(first, &[], &[trusting(ANNA)])
        .iam(ANNA, &[]);
    read(&longer, ANNA, Yes);
    let circle = World::new()
        .role(middle, &[], &[trusting(first)])
        .role(first, &[], &[trusting(middle)])
        .bucket(bucket());
    read(&circle, first, No);
}

/// AWS-122: what the trust policy asks for beyond the principal stays a condition.
#[test]
fn conditions_of_a_trust_policy_remain() {
    for condition in [
        cond("StringEquals", "sts:ExternalId", "9f1c"),
        cond("Bool", "aws:MultiFactorAuthPresent", "true"),
        cond("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
        cond("StringEquals", "sts:RoleSessionName", "nightly"),
    ] {
        let world = reading_role(&[when(&condition, trusting(&root(STRANGER)))]);
        read(&world, OUTSIDER, Conditional);
        let world = reading_role(&[when(&condition, trusting(ANNA))]).iam(ANNA, &[]);
        read(&world, ANNA, Conditional);
    }
    let never = cond("StringEquals", "aws:PrincipalAccount", OTHER);
    read(&reading_role(&[when(&never, trusting(ANNA))]).iam(ANNA, &[]), ANNA, No);
}

/// AWS-123: denies, boundaries and the organisation's policies stop `sts:AssumeRole` as any action.
#[test]
fn what_limits_a_request_limits_assuming() {
    let by_account = || reading_role(&[trusting(&root(OWN))]);
    let denied = with(trusting(ANNA), &json!({"Effect": "Deny"}));
    let world = reading_role(&[trusting(&root(OWN)), denied]).iam(ANNA, &[assume(READER)]);
    read(&world, ANNA, No);
    let world = by_account().iam(ANNA, &[assume(READER), deny("sts:*", "*")]);
    read(&world, ANNA, No);
    let edge = by_account().managed("edge", &[allow("s3:*", "*")]);
    read(&edge.iam_with(ANNA, &[assume(READER)], &bounded("edge")), ANNA, No);
    let edge = by_account().managed("edge", &[allow("sts:*", "*")]);
    read(&edge.iam_with(ANNA, &[assume(READER)], &bounded("edge")), ANNA, Yes);
    let denying = scp("p-deny", &["r-ab12"], &[deny("sts:AssumeRole", "*")]);
    let world = by_account()
        .iam(ANNA, &[assume(READER)])
        .organization(json!([full_scp(&EVERY_LEVEL), denying]));
    read(&world, ANNA, No);
    read(&world, READER, Yes);
    let foreign = cond("StringNotEqualsIfExists", "aws:PrincipalOrgID", "o-fence");
    let perimeter =
        rcp("p-perimeter", &["r-ab12"], &[to("*", when(&foreign, deny("sts:AssumeRole", "*")))]);
    let world = reading_role(&[trusting(&root(STRANGER)), trusting(GUEST)])
        .iam(GUEST, &[assume(READER)])
        .organization(json!([full_scp(&EVERY_LEVEL), full_rcp(), perimeter]));
    read(&world, OUTSIDER, No);
    read(&world, GUEST, Yes);
}

/// AWS-123: the role's own limits count for whoever assumed it.
#[test]
fn who_assumes_a_role_has_its_limits() {
    let world = World::new()
        .managed("edge", &[allow("ec2:*", "*")])
        .iam_with(
            READER,
            &[get_objects()],
            &with(bounded("edge"), &json!({"AssumeRolePolicyDocument": policy(&[trusting(ANNA)])})),
        )
        .iam(ANNA, &[])
        .bucket(bucket());
    read(&world, ANNA, No);
}

/// AWS-002: a role without its trust policy may trust anybody.
#[test]
fn a_trust_policy_that_is_not_told_is_unknown() {
    let untold = json!({"AssumeRolePolicyDocument": null});
    let world = World::new()
        .iam_with(READER, &[get_objects()], &untold)
        .iam(ANNA, &[assume(READER)])
        .bucket(bucket());
    read(&world, ANNA, Unknown);
}

/// AWS-124, AWS-030: trust in a service is no person's.
#[test]
fn a_role_that_trusts_a_service_is_no_persons() {
    let world = reading_role(&[trusts(&json!({"Service": "ec2.amazonaws.com"}))])
        .iam(ANNA, &[allow("sts:*", "*")])
        .iam(GUEST, &[allow("sts:*", "*")]);
    for who in [ANNA, GUEST, OUTSIDER, ANYBODY, PUBLIC] {
        read(&world, who, No);
    }
}

/// AWS-125: neither assuming nor IAM power reaches a service-linked role.
#[test]
fn a_service_linked_role_is_its_services_alone() {
    let linked = "arn:aws:iam::111122223333:role/aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie";
    let world = World::new()
        .role(linked, &[get_objects()], &[trusts(&json!({"Service": "macie.amazonaws.com"}))])
        .iam(ANNA, &[allow("sts:*", "*")])
        .iam(
            BEN,
            &[allow("iam:PutRolePolicy", linked), allow("iam:UpdateAssumeRolePolicy", linked)],
        )
        .bucket(bucket());
    read(&world, linked, Yes);
    read(&world, ANNA, No);
    check(&world, BEN, Administer, BUCKET, No);
}

// --- federation

const GITHUB: &str = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
const CORPORATE: &str = "arn:aws:iam::111122223333:saml-provider/corporate";

/// AWS-126: without `sub` everybody whom the provider knows comes in; with it, the subject decides.
#[test]
fn web_identity_without_a_subject_is_anybody_of_that_provider() {
    let of = |condition: &Value| {
        let statement = with(
            trusts(&json!({"Federated": GITHUB})),
            &json!({"Action": "sts:AssumeRoleWithWebIdentity"}),
        );
        reading_role(&[when(condition, statement)]).iam(ANNA, &[allow("sts:*", "*")])
    };
    let audience = json!({"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"});
    let open = of(&json!({"StringEquals": audience}));
    read(&open, GITHUB, Yes);
    for who in [ANNA, OUTSIDER, ANYBODY, PUBLIC] {
        read(&open, who, No);
    }
    let subject = |value: &str| {
        of(
            &json!({"StringEquals": audience, "StringLike": {"token.actions.githubusercontent.com:sub": value}}),
        )
    };
    read(&subject("repo:octo-org/octo-repo:ref:refs/heads/main"), GITHUB, Conditional);
    read(&subject("repo:octo-org/*"), GITHUB, Conditional);
    read(&subject("*"), GITHUB, Yes);
    // `sts:AssumeRole` is not how a web identity comes in.
    read(&reading_role(&[trusts(&json!({"Federated": GITHUB}))]), GITHUB, No);
    let other = "arn:aws:iam::111122223333:oidc-provider/gitlab.com";
    read(&open, other, No);
}

/// AWS-127: a SAML provider decides whom it sends; a condition on the subject remains.
#[test]
fn saml_trust_is_anybody_whom_the_provider_sends() {
    let of = |condition: &Value| {
        let statement = with(
            trusts(&json!({"Federated": CORPORATE})),
            &json!({"Action": "sts:AssumeRoleWithSAML"}),
        );
        reading_role(&[when(condition, statement)]).iam(ANNA, &[allow("sts:*", "*")])
    };
    let audience = json!({"SAML:aud": "https://signin.aws.amazon.com/saml"});
    let open = of(&json!({"StringEquals": audience}));
    read(&open, CORPORATE, Yes);
    for who in [ANNA, OUTSIDER, ANYBODY, PUBLIC] {
        read(&open, who, No);
    }
    let pinned = of(
        &json!({"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml", "SAML:sub": "dana"}}),
    );
    read(&pinned, CORPORATE, Conditional);
}

/// AWS-128: roles of Identity Center are assumed through it, and IAM cannot change them.
#[test]
fn roles_of_identity_center_are_its_own() {
    let role = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_ReadOnly_0123456789abcdef";
    let provider = "arn:aws:iam::111122223333:saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE";
    let trust = with(
        trusts(&json!({"Federated": provider})),
        &json!({"Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"]}),
    );
    let audience = cond("StringEquals", "SAML:aud", "https://signin.aws.amazon.com/saml");
    let world = World::new()
        .role(role, &[get_objects()], &[when(&audience, trust)])
        .iam(ANNA, &[allow("sts:*", "*")])
        .iam(BEN, &[allow("iam:PutRolePolicy", role), allow("iam:UpdateAssumeRolePolicy", role)])
        .bucket(bucket());
    read(&world, role, Yes);
    read(&world, ANNA, No);
    check(&world, BEN, Administer, BUCKET, No);
    let session = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_ReadOnly_0123456789abcdef/dana@example.com";
    read(&world, session, Yes);
}

// --- IAM power

/// Ben with some IAM power, beside a user, a role and a group whose member Anna reads.
fn beside(power: &[Value]) -> World {
    let group = "arn:aws:iam::111122223333:group/analysts";
    World::new()
        .iam(READER, &[get_objects()])
        .iam(group, &[get_objects()])
        .iam_with(ANNA, &[], &json!({"GroupList": ["analysts"]}))
        .iam("arn:aws:iam::111122223333:user/carl", &[])
        .iam(BEN, power)
        .bucket(bucket())
}

/// AWS-129: who writes the policies of a principal that reads administers what it reads.
#[test]
fn power_over_a_principal_that_reads_is_administering() {
    let group = "arn:aws:iam::111122223333:group/analysts";
    for (action, target) in [
        ("iam:PutUserPolicy", ANNA),
        ("iam:AttachUserPolicy", ANNA),
        ("iam:PutRolePolicy", READER),
        ("iam:AttachRolePolicy", READER),
        ("iam:PutGroupPolicy", group),
        ("iam:AttachGroupPolicy", group),
        ("iam:*", READER),
        ("*", ANNA),
    ] {
        let world = beside(&[allow(action, target)]);
        check(&world, BEN, Administer, BUCKET, Yes);
        read(&world, BEN, No);
    }
    for (action, target) in [
        ("iam:PutUserPolicy", "arn:aws:iam::111122223333:user/carl"),
        ("iam:PutUserPolicy", READER),
        ("iam:PutRolePolicy", ANNA),
        ("iam:GetRolePolicy", READER),
        ("iam:DeleteRolePolicy", READER),
        ("iam:PassRole", READER),
    ] {
        check(&beside(&[allow(action, target)]), BEN, Administer, BUCKET, No);
    }
    let mfa = cond("Bool", "aws:MultiFactorAuthPresent", "true");
    let world = beside(&[when(&mfa, allow("iam:PutRolePolicy", READER))]);
    check(&world, BEN, Administer, BUCKET, Conditional);
    let world = beside(&[allow("iam:*", READER), deny("iam:Put*", "*"), deny("iam:*e*", "*")]);
    check(&world, BEN, Administer, BUCKET, No);
    // Over a principal that reads some objects.
    let some = World::new()
        .iam(READER, &[allow("s3:GetObject", "arn:aws:s3:::data/in/*")])
        .iam(BEN, &[allow("iam:PutRolePolicy", READER)])
        .bucket(bucket());
    undecided(&some, BEN, Administer, BUCKET);
}

/// AWS-129, AWS-050: reading under a key is what counts, not the storage grant alone.
#[test]
fn power_over_a_principal_that_lacks_the_key_is_no_administering() {
    let of = |identity: &[Value]| {
        World::new()
            .iam(READER, identity)
            .iam(BEN, &[allow("iam:UpdateAssumeRolePolicy", READER)])
            .bucket(under(KEY, bucket()))
            .key(key_saying(&[delegation()]))
    };
    check(&of(&[get_objects(), decrypt()]), BEN, Administer, BUCKET, Yes);
    check(&of(&[get_objects()]), BEN, Administer, BUCKET, No);
}

/// AWS-130: power over a managed policy is power over whom it is attached to.
#[test]
fn power_over_a_policy_is_power_over_whom_it_is_attached_to() {
    let read_policy = "arn:aws:iam::111122223333:policy/read";
    let of = |holds: &str, action: &str, target: &str| {
        World::new()
            .managed("read", &[get_objects()])
            .managed("spare", &[get_objects()])
            .iam_with(READER, &[], &attached(holds))
            .iam(BEN, &[allow(action, target)])
            .bucket(bucket())
    };
    for action in ["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"] {
        check(&of(read_policy, action, read_policy), BEN, Administer, BUCKET, Yes);
        check(&of(read_policy, action, "*"), BEN, Administer, BUCKET, Yes);
        let spare = "arn:aws:iam::111122223333:policy/spare";
        check(&of(read_policy, action, spare), BEN, Administer, BUCKET, No);
        // AWS's own policies are not to be changed.
        let shipped = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
        check(&of(shipped, action, "*"), BEN, Administer, BUCKET, No);
    }
    check(&of(read_policy, "iam:GetPolicyVersion", read_policy), BEN, Administer, BUCKET, No);
}

/// AWS-131: joining a group, changing a trust, taking a boundary away.
#[test]
fn membership_trust_and_boundary_are_power_too() {
    let group = "arn:aws:iam::111122223333:group/analysts";
    check(&beside(&[allow("iam:AddUserToGroup", group)]), BEN, Administer, BUCKET, Yes);
    let empty = "arn:aws:iam::111122223333:group/interns";
    let world = beside(&[allow("iam:AddUserToGroup", empty)]).iam(empty, &[]);
    check(&world, BEN, Administer, BUCKET, No);
    check(&beside(&[allow("iam:UpdateAssumeRolePolicy", READER)]), BEN, Administer, BUCKET, Yes);
    for (who, action) in
        [(ANNA, "iam:DeleteUserPermissionsBoundary"), (READER, "iam:DeleteRolePermissionsBoundary")]
    {
        let of = |action: &str, edge: &[Value]| {
            World::new()
                .managed("edge", edge)
                .iam_with(who, &[get_objects()], &bounded("edge"))
                .iam(BEN, &[allow(action, who)])
                .bucket(bucket())
        };
        check(&of(action, &[allow("s3:*", "*")]), BEN, Administer, BUCKET, Yes);
        check(&of("iam:GetUser", &[allow("s3:*", "*")]), BEN, Administer, BUCKET, No);
    }
}

/// AWS-132: who writes his own policies administers all that his account has, also what nobody reads.
#[test]
fn power_over_oneself_is_everything_in_the_account() {
    let second = with(bucket(), &json!({"Name": "second"}));
    let of = |who: &str, action: &str, target: &str| {
        World::new()
            .iam(who, &[allow(action, target)])
            .bucket(bucket())
            .bucket(second.clone())
            .push(OTHER, "buckets", None, with(bucket(), &json!({"Name": "theirs"})))
    };
    for (who, action, target) in [
        (BEN, "iam:PutUserPolicy", BEN),
        (BEN, "iam:AttachUserPolicy", BEN),
        (BEN, "iam:PutUserPolicy", "arn:aws:iam::111122223333:user/${aws:username}"),
        (READER, "iam:PutRolePolicy", READER),
        (READER, "iam:AttachRolePolicy", READER),
        (BEN, "iam:*", "*"),
    ] {
        let world = of(who, action, target);
        check(&world, who, Administer, BUCKET, Yes);
        check(&world, who, Administer, "arn:aws:s3:::second", Yes);
        check(&world, who, Administer, "arn:aws:s3:::theirs", No);
        read(&world, who, No);
    }
    check(&of(BEN, "iam:PutUserPolicy", ANNA), BEN, Administer, BUCKET, No);
    // By a policy that he has, and by a group that he is in.
    let own_policy = World::new()
        .managed(
            "mine",
            &[allow("iam:CreatePolicyVersion", "arn:aws:iam::111122223333:policy/mine")],
        )
        .iam_with(BEN, &[], &attached("arn:aws:iam::111122223333:policy/mine"))
        .bucket(bucket());
    check(&own_policy, BEN, Administer, BUCKET, Yes);
    let group = "arn:aws:iam::111122223333:group/admins";
    let own_group = World::new()
        .iam(group, &[allow("iam:PutGroupPolicy", group)])
        .iam_with(BEN, &[], &json!({"GroupList": ["admins"]}))
        .bucket(bucket());
    check(&own_group, BEN, Administer, BUCKET, Yes);
}

/// AWS-133: IAM power ends at the account, and what one gives oneself counts within one's boundary.
#[test]
fn iam_power_ends_at_the_account_and_at_the_boundary() {
    let world = World::new()
        .iam(READER, &[get_objects()])
        .iam(GUEST, &[allow("iam:*", "*")])
        .bucket(bucket());
    check(&world, GUEST, Administer, BUCKET, No);
    let of = |edge: &[Value]| {
        World::new()
            .managed("edge", edge)
            .iam_with(BEN, &[allow("iam:PutUserPolicy", BEN)], &bounded("edge"))
            .bucket(bucket())
    };
    check(&of(&[allow("iam:*", "*"), allow("s3:*", "*")]), BEN, Administer, BUCKET, Yes);
    check(&of(&[allow("iam:*", "*"), allow("ec2:*", "*")]), BEN, Administer, BUCKET, No);
    check(&of(&[allow("s3:*", "*")]), BEN, Administer, BUCKET, No);
}

/// AWS-134: passing a role to a service that runs code, and running it.
#[test]
fn passing_a_role_to_a_service_that_runs_code_is_power_over_it() {
    let of = |service: &str, power: &[Value]| {
        reading_role(&[trusts(&json!({ "Service": service }))]).iam(BEN, power)
    };
    let pass = allow("iam:PassRole", READER);
    let run = json!({"Effect": "Allow", "Action": ["lambda:CreateFunction", "lambda:InvokeFunction"], "Resource": "*"});
    let lambda = "lambda.amazonaws.com";
    check(&of(lambda, &[pass.clone(), run.clone()]), BEN, Administer, BUCKET, Yes);
    let instances = allow("ec2:RunInstances", "*");
    check(&of("ec2.amazonaws.com", &[pass.clone(), instances]), BEN, Administer, BUCKET, Yes);
    check(&of(lambda, std::slice::from_ref(&pass)), BEN, Administer, BUCKET, No);
    check(&of(lambda, std::slice::from_ref(&run)), BEN, Administer, BUCKET, No);
    check(&of("ec2.amazonaws.com", &[pass, run]), BEN, Administer, BUCKET, No);
}
