//! Conditions of bindings, written in CEL. Each test names the rules of `shared/analysis/semantics/gcp.md` that decide it;
//! the expectation is the vendor's.

use keyfence_analysis::model::Access::{Administer, Decrypt, KeyAdminister, Read, Write};
use keyfence_analysis::model::Verdict;
use keyfence_analysis::model::Verdict::{Conditional, No, Unknown, Yes};
use keyfence_tests::gcp_world::{
    AGENT, ANNA, BEN, BUCKET, CRYPT, CUSTOM, FOLDER, KEY, KEYS_PROJECT, ORGANIZATION, OTHER_KEY,
    PROJECT, PROJECT_IAM_ADMIN, PUBLIC, RING, UNTIL_2027, VIEWER, World, acl_bucket, check,
    check_all, read, read_is_undecided, widens,
};
use serde_json::json;

/// The objects below `reports/`.
const REPORT: &str = "resource.name.startsWith('projects/_/buckets/records/objects/reports/')";
/// Any object.
const OBJECT: &str = "resource.type == 'storage.googleapis.com/Object'";
/// The bucket itself.
const THE_BUCKET: &str = "resource.type == 'storage.googleapis.com/Bucket'";
/// An attribute that requests to Cloud Storage do not have.
const CORP: &str = "'accessPolicies/1/accessLevels/corp' in request.auth.access_levels";

fn viewer_if(expression: &str) -> World {
    World::new().bind_if(PROJECT, VIEWER, ANNA, expression)
}

/// Who may read the bucket's objects when the condition stands on the project.
#[track_caller]
fn reads_if(expression: &str, expected: Verdict) {
    read(&viewer_if(expression), ANNA, expected);
}

/// Who may set the bucket's policy when the condition stands on the project.
#[track_caller]
fn administers_if(expression: &str, expected: Verdict) {
    let world = World::new()
        .role(CUSTOM, &["storage.buckets.setIamPolicy"])
        .bind_if(PROJECT, CUSTOM, ANNA, expression);
    check(&world, ANNA, Administer, BUCKET, expected);
}

/// GCP-078: a conditional binding gives its role where the condition holds; an unconditional one stays.
#[test]
fn a_conditional_binding_is_conditional() {
    let expressions = [
        "request.time < timestamp('2027-01-01T00:00:00Z')",
        "resource.name.startsWith('projects/_/buckets/records/objects/reports/')",
    ];
    for expression in expressions {
        for on in [BUCKET, PROJECT, ORGANIZATION] {
            let world = World::new().bind_if(on, VIEWER, ANNA, expression);
            check_all(&world, [Conditional, No, No, No]);
            read(&world.bind(FOLDER, VIEWER, ANNA), ANNA, Yes);
        }
    }
}

/// GCP-078: a condition that is known to be false gives nothing, one that is known to be true all of the role.
#[test]
fn a_condition_that_is_known_is_decided() {
    reads_if("true", Yes);
    reads_if("false", No);
    reads_if(OBJECT, Yes);
    let world = viewer_if("false").bind_if(BUCKET, VIEWER, ANNA, REPORT);
    read(&world, ANNA, Conditional);
}

// --- resource.name

/// GCP-079: `resource.name` of an object is `projects/_/buckets/B/objects/O`: a class of objects.
#[test]
fn a_prefix_of_object_names_is_a_class_of_objects() {
    reads_if(REPORT, Conditional);
    reads_if("resource.name == 'projects/_/buckets/records/objects/a.txt'", Conditional);
    reads_if("resource.name != 'projects/_/buckets/records/objects/a.txt'", Conditional);
    reads_if(&format!("!{REPORT}"), Conditional);
    read(&viewer_if(REPORT), BEN, No);
}

/// GCP-079, GCP-003: a shorter prefix is the larger class.
#[test]
fn a_shorter_prefix_of_object_names_is_more() {
    let narrow = "resource.name.startsWith('projects/_/buckets/records/objects/reports/2026/')";
    assert!(widens(&viewer_if(narrow), &viewer_if(REPORT), ANNA, Read, BUCKET));
    assert!(!widens(&viewer_if(REPORT), &viewer_if(narrow), ANNA, Read, BUCKET));
    assert!(widens(&viewer_if(REPORT), &viewer_if(OBJECT), ANNA, Read, BUCKET));
}

/// GCP-080: what holds for each object of the bucket, and what for none.
#[test]
fn a_prefix_that_all_objects_of_the_bucket_share_is_the_whole_bucket() {
    for (prefix, reads, administers) in [
        ("projects/_/buckets/records/objects/", Yes, No),
        ("projects/_/buckets/records/", Yes, No),
        ("projects/_/buckets/records", Yes, Yes),
        ("projects/_/buckets/rec", Yes, Yes),
        ("projects/_/buckets/other", No, No),
        ("projects/_/buckets/records-archive", No, No),
    ] {
        let expression = format!("resource.name.startsWith('{prefix}')");
        reads_if(&expression, reads);
        administers_if(&expression, administers);
    }
}

/// GCP-080: "If it checked for equality, it would only match the bucket."
#[test]
fn equality_with_the_name_of_the_bucket_is_the_bucket_only() {
    let expression = "resource.name == 'projects/_/buckets/records'";
    reads_if(expression, No);
    administers_if(expression, Yes);
    let other = "resource.name != 'projects/_/buckets/records'";
    reads_if(other, Yes);
    administers_if(other, No);
}

/// GCP-087: a class of objects; decided for the bucket itself.
#[test]
fn an_ending_of_object_names_is_a_class_of_objects() {
    reads_if("resource.name.endsWith('.csv')", Conditional);
    administers_if("resource.name.endsWith('.csv')", No);
    administers_if("resource.name.endsWith('/records')", Yes);
    read_is_undecided(
        &viewer_if(
            "resource.name.matches('^projects/_/buckets/records/objects/reports/.*[.]csv$')",
        ),
        ANNA,
    );
}

/// GCP-086: known on the fixed part of the name, a class of objects on the rest; empty where the template does not fit.
#[test]
fn a_part_of_the_name_can_be_taken_out() {
    reads_if("resource.name.extract('projects/_/buckets/{bucket}/') == 'records'", Yes);
    reads_if("resource.name.extract('projects/_/buckets/{bucket}/') == 'other'", No);
    reads_if("resource.name.extract('/objects/{team}/') == 'finance'", Conditional);
    // The bucket's own name ends without a slash, so that the template does not fit.
    administers_if("resource.name.extract('projects/_/buckets/{bucket}/') == 'records'", No);
    administers_if("resource.name.extract('projects/_/buckets/{bucket}/') == ''", Yes);
    administers_if("resource.name.extract('projects/_/buckets/{bucket}') == 'records'", Yes);
}

// --- resource.type and resource.service

/// GCP-081: reading is asked of objects, setting the policy of the bucket.
#[test]
fn the_type_of_the_resource_is_known() {
    reads_if(OBJECT, Yes);
    reads_if(THE_BUCKET, No);
    reads_if("resource.type != 'storage.googleapis.com/Bucket'", Yes);
    reads_if("resource.type == 'cloudkms.googleapis.com/CryptoKey'", No);
    administers_if(OBJECT, No);
    administers_if(THE_BUCKET, Yes);
}

/// GCP-081: the service too.
#[test]
fn the_service_of_the_resource_is_known() {
    reads_if("resource.service == 'storage.googleapis.com'", Yes);
    reads_if("resource.service == 'cloudkms.googleapis.com'", No);
    reads_if("resource.service != 'storage.googleapis.com'", No);
    let decrypts =
        |expression: &str| World::under_key().bind_if(KEYS_PROJECT, CRYPT, ANNA, expression);
    let kms = decrypts("resource.service == 'cloudkms.googleapis.com'");
    check(&kms, ANNA, Decrypt, KEY, Yes);
    let key = decrypts("resource.type == 'cloudkms.googleapis.com/CryptoKey'");
    check(&key, ANNA, Decrypt, KEY, Yes);
    let storage = decrypts("resource.service == 'storage.googleapis.com'");
    check(&storage, ANNA, Decrypt, KEY, No);
}

/// GCP-082: a condition on the name of a key is decided.
#[test]
fn the_name_of_a_key_is_known() {
    let of = |key: &str| {
        let name = key.trim_start_matches("//cloudkms.googleapis.com/");
        format!("resource.name.startsWith('{name}')")
    };
    for on in [RING, KEYS_PROJECT, ORGANIZATION] {
        let world = World::under_key().bind_if(on, CRYPT, ANNA, &of(KEY)).bind_if(
            on,
            "roles/cloudkms.admin",
            BEN,
            &of(OTHER_KEY),
        );
        check(&world, ANNA, Decrypt, KEY, Yes);
        check(&world, ANNA, Decrypt, OTHER_KEY, No);
        check(&world, BEN, KeyAdminister, KEY, No);
        check(&world, BEN, KeyAdminister, OTHER_KEY, Yes);
    }
}

/// GCP-082, GCP-063: so is one on the service agent's role.
#[test]
fn the_service_agents_condition_on_the_key_is_decided() {
    for (key, expected) in [(KEY, Yes), (OTHER_KEY, No)] {
        let name = key.trim_start_matches("//cloudkms.googleapis.com/");
        let world = World::under_key_without_right()
            .bind_if(KEYS_PROJECT, CRYPT, AGENT, &format!("resource.name == '{name}'"))
            .bind(BUCKET, VIEWER, ANNA);
        read(&world, ANNA, expected);
    }
}

// --- the request

/// GCP-083: open, unless the rest decides.
#[test]
fn the_time_of_the_request_is_open() {
    for expression in [
        UNTIL_2027,
        "request.time > timestamp('2020-01-01T00:00:00Z')",
        "request.time.getHours('Europe/Berlin') >= 9",
        "request.time.getFullYear() == 2026 && request.time.getMonth('Europe/Berlin') < 6",
    ] {
        reads_if(expression, Conditional);
        reads_if(&format!("{OBJECT} || {expression}"), Yes);
        reads_if(&format!("({expression}) && {THE_BUCKET}"), No);
    }
}

/// GCP-084: what decides one side decides the whole.
#[test]
fn logical_operators_combine_what_is_known_and_what_is_not() {
    reads_if(&format!("{OBJECT} && {REPORT}"), Conditional);
    reads_if(&format!("{THE_BUCKET} && {REPORT}"), No);
    reads_if(&format!("{OBJECT} || {REPORT}"), Yes);
    reads_if(&format!("{THE_BUCKET} || {REPORT}"), Conditional);
    reads_if(&format!("!({OBJECT})"), No);
    reads_if(&format!("!({THE_BUCKET})"), Yes);
    reads_if(&format!("{REPORT} && {UNTIL_2027}"), Conditional);
    // The vendor's example of a condition for buckets and objects only.
    let example = "(resource.type != 'storage.googleapis.com/Bucket' && resource.type != 'storage.googleapis.com/Object') || resource.name.startsWith('projects/_/buckets/records')";
    reads_if(example, Yes);
    reads_if(&example.replace("records", "other"), No);
}

/// GCP-085: `error || true` is true and `error && false` is false, in either order.
#[test]
fn errors_absorb() {
    for expression in [format!("{CORP} || {OBJECT}"), format!("{OBJECT} || {CORP}")] {
        reads_if(&expression, Yes);
    }
    for expression in [format!("{CORP} && {THE_BUCKET}"), format!("{THE_BUCKET} && {CORP}")] {
        reads_if(&expression, No);
    }
}

/// GCP-085: where an attribute of another service or an unreadable condition decides, nothing is decided.
#[test]
fn what_cannot_be_evaluated_is_left_undecided() {
    for expression in [
        CORP,
        "destination.port == 22",
        "request.path.startsWith('/finance')",
        "resource.name.startsWith(",
        "resource.name.unheardOf('x')",
        "!(request.host == 'hr.example.com')",
    ] {
        read_is_undecided(&viewer_if(expression), ANNA);
        read(&viewer_if(expression), BEN, No);
    }
}

/// GCP-088: tags are not in the estate.
#[test]
fn tags_are_unknown_unless_the_rest_decides() {
    for expression in [
        "resource.matchTag('483920175523/env', 'prod')",
        "resource.matchTagId('tagKeys/1', 'tagValues/2')",
        "resource.hasTagKey('483920175523/env')",
        "!resource.hasTagKeyId('tagKeys/1')",
    ] {
        reads_if(expression, Unknown);
        reads_if(&format!("{expression} || {OBJECT}"), Yes);
        reads_if(&format!("{expression} && {THE_BUCKET}"), No);
    }
}

/// GCP-089: "For other types of requests, the attribute is not defined", and the default stands in.
#[test]
fn the_prefix_of_a_listing_is_empty_when_objects_are_read() {
    let listing =
        "api.getAttribute('storage.googleapis.com/objectListPrefix', '').startsWith('reports/')";
    reads_if(listing, No);
    reads_if(&format!("{REPORT} || {listing}"), Conditional);
    reads_if(&format!("!{listing}"), Yes);
}

/// GCP-077: the roles that a request grants; other requests grant none.
#[test]
fn limited_granting_is_conditional_administration() {
    let limit = "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(['roles/storage.objectViewer'])";
    let world = World::new().bind_if(PROJECT, PROJECT_IAM_ADMIN, ANNA, limit);
    check(&world, ANNA, Administer, BUCKET, Conditional);
    reads_if(limit, Yes);
}

// --- where no condition may stand

/// GCP-090: "To use conditions in the allow policy for a Cloud Storage bucket, you must enable uniform bucket-level
/// access"; from above they are inherited by any bucket.
#[test]
fn a_condition_on_a_bucket_without_uniform_access_is_unknown() {
    let fine = World::new().bucket(acl_bucket(&json!([]), &json!([])));
    let role = "roles/storage.objectUser";
    check(&fine.clone().bind_if(PROJECT, role, ANNA, OBJECT), ANNA, Write, BUCKET, Yes);
    check(&fine.bind_if(BUCKET, role, ANNA, OBJECT), ANNA, Write, BUCKET, Unknown);
    check(&World::new().bind_if(BUCKET, role, ANNA, OBJECT), ANNA, Write, BUCKET, Yes);
}

/// GCP-090: "you cannot use conditions when you grant roles to all users".
#[test]
fn a_condition_for_everyone_is_unknown() {
    for member in ["allUsers", "allAuthenticatedUsers"] {
        let world = World::new().bind_if(BUCKET, VIEWER, member, OBJECT);
        read(&world, ANNA, Unknown);
    }
    read(&World::new().bind_if(BUCKET, VIEWER, "allUsers", OBJECT), PUBLIC, Unknown);
}

/// GCP-091: "the role binding includes a condition that you cannot see".
#[test]
fn a_role_of_a_version_1_read_has_a_condition_that_is_not_seen() {
    let role = "roles/storage.objectViewer_withcond_2b17cc25d2cd9e2c54d8";
    for on in [BUCKET, FOLDER] {
        let world = World::new().bind(on, role, ANNA);
        check_all(&world, [Unknown, No, No, No]);
        read(&world.bind(BUCKET, VIEWER, ANNA), ANNA, Yes);
    }
    let own = "projects/records-prod/roles/own_withcond_2b17cc25d2cd9e2c54d8";
    let world = World::new()
        .role("projects/records-prod/roles/own", &["storage.objects.delete"])
        .bind(BUCKET, own, ANNA);
    check_all(&world, [No, No, Unknown, No]);
}
