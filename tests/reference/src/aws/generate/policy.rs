//! Policy documents for a place: what may stand there, and words that meet.

use super::condition;
use super::world::{REGION, World};
use crate::random::Random;
use serde_json::{Map, Value, json};

/// Where a policy is attached.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Identity,
    Boundary,
    Session,
    Service,
    ResourceControl,
    Bucket { name: &'static str, restricted: bool },
    Key { arn: String, account: String },
}

/// What a statement is about; the conditions that make sense follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    Storage,
    Key,
    Both,
}

/// A random document.
pub(super) fn document(random: &mut Random, world: &World, place: &Place) -> Value {
    let mut statements: Vec<Value> =
        (0..=random.below(2)).map(|_| statement(random, world, place)).collect();
    if random.chance(50)
        && let Some(broad) = broad(random, world, place)
    {
        statements.insert(0, broad);
    }
    let statement = match statements.len() {
        1 if random.chance(30) => statements.pop().unwrap_or_default(),
        _ => Value::Array(statements),
    };
    match random.below(20) {
        // Organizations takes the newer language only.
        _ if matches!(place, Place::Service | Place::ResourceControl) => {
            json!({"Version": "2012-10-17", "Statement": statement})
        }
        0 => json!({"Version": "2008-10-17", "Statement": statement}),
        1 => json!({"Statement": statement}),
        _ => json!({"Version": "2012-10-17", "Statement": statement}),
    }
}

/// A statement without which nearly everything would be refused.
fn broad(random: &mut Random, world: &World, place: &Place) -> Option<Value> {
    match place {
        Place::Service | Place::ResourceControl => None,
        Place::Identity | Place::Boundary | Place::Session => {
            Some(json!({"Effect": "Allow", "Action": ["s3:*", "kms:*"], "Resource": "*"}))
        }
        Place::Bucket { name, .. } => Some(json!({
            "Effect": "Allow",
            "Principal": {"AWS": one_principal(random, world)},
            "Action": "s3:*",
            "Resource": [format!("arn:aws:s3:::{name}"), format!("arn:aws:s3:::{name}/*")],
        })),
        Place::Key { account, .. } => Some(json!({
            "Sid": "Delegate",
            "Effect": "Allow",
            "Principal": {"AWS": format!("arn:aws:iam::{account}:root")},
            "Action": "kms:*",
            "Resource": "*",
        })),
    }
}

/// The policy of a key that AWS manages for S3.
pub(super) fn of_managed_key(account: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Id": "auto-s3-2",
        "Statement": [{
            "Sid": "Allow access through S3 for all principals in the account that are authorized to use S3",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
            "Resource": "*",
            "Condition": {"StringEquals": {
                "kms:ViaService": format!("s3.{REGION}.amazonaws.com"),
                "kms:CallerAccount": account,
            }},
        }],
    })
}

fn statement(random: &mut Random, world: &World, place: &Place) -> Value {
    let mut statement = Map::new();
    let mut set = |name: &str, value: Value| statement.insert(name.to_owned(), value);
    if random.chance(15) {
        set("Sid", json!("Some"));
    }
    let allow = match place {
        Place::ResourceControl => false,
        Place::Service => random.chance(45),
        Place::Boundary | Place::Session => random.chance(90),
        Place::Identity | Place::Bucket { .. } | Place::Key { .. } => random.chance(85),
    };
    set("Effect", json!(if allow { "Allow" } else { "Deny" }));
    if let Some((element, principal)) = principal(random, world, place, allow) {
        set(element, principal);
    }
    let topic = topic(random, place);
    let not_action = random.chance(8) && !matches!(place, Place::ResourceControl);
    let actions = actions(random, topic, place, not_action);
    set(if not_action { "NotAction" } else { "Action" }, listed(random, actions));
    let not_resource =
        random.chance(8) && !matches!(place, Place::Key { .. } | Place::ResourceControl);
    let resources = resources(random, world, place, topic, not_resource);
    set(if not_resource { "NotResource" } else { "Resource" }, listed(random, resources));
    // What `NotAction` leaves is about everything.
    let topic = if not_action { topic_of_rest(place) } else { topic };
    let open_to_all = allow && is_everyone(&statement);
    let sealed = matches!(place, Place::Bucket { restricted: true, .. }) && open_to_all;
    let condition = if sealed {
        condition::clearly_public_or_not(random)
    } else if random.chance(if allow { 40 } else { 75 }) {
        Some(condition::any(random, world, topic))
    } else {
        None
    };
    if let Some(condition) = condition {
        statement.insert("Condition".to_owned(), condition);
    }
    Value::Object(statement)
}

const fn topic_of_rest(place: &Place) -> Topic {
    match place {
        Place::Bucket { .. } => Topic::Storage,
        Place::Key { .. } => Topic::Key,
        Place::Identity
        | Place::Boundary
        | Place::Session
        | Place::Service
        | Place::ResourceControl => Topic::Both,
    }
}

fn topic(random: &mut Random, place: &Place) -> Topic {
    match place {
        Place::Bucket { .. } => Topic::Storage,
        Place::Key { .. } => Topic::Key,
        Place::Identity
        | Place::Boundary
        | Place::Session
        | Place::Service
        | Place::ResourceControl => match random.below(10) {
            0..4 => Topic::Storage,
            4..6 => Topic::Key,
            _ => Topic::Both,
        },
    }
}

/// One item alone, or all of them as a list.
fn listed(random: &mut Random, mut items: Vec<String>) -> Value {
    items.dedup();
    match items.as_slice() {
        [one] if random.chance(60) => json!(one),
        _ => json!(items),
    }
}

fn actions(random: &mut Random, topic: Topic, place: &Place, not_action: bool) -> Vec<String> {
    let storage = [
        "s3:*",
        "s3:*",
        "s3:GetObject",
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:Get*",
        "s3:*Object",
        "S3:getobject",
        "s3:List*",
        "s3:ListBucket",
        "s3:?etObject",
    ];
    let key = [
        "kms:*",
        "kms:*",
        "kms:Decrypt",
        "kms:Decrypt",
        "kms:GenerateDataKey*",
        "kms:Encrypt",
        "KMS:decrypt",
        "kms:D*",
        "kms:*crypt",
    ];
    let mut chosen = Vec::new();
    if topic == Topic::Both
        && random.chance(25)
        && !not_action
        && !matches!(place, Place::ResourceControl)
    {
        return vec!["*".to_owned()];
    }
    if topic != Topic::Key {
        chosen.extend(random.some(&storage, 2));
    }
    if topic != Topic::Storage {
        chosen.extend(random.some(&key, 2));
    }
    chosen.into_iter().map(str::to_owned).collect()
}

fn resources(
    random: &mut Random,
    world: &World,
    place: &Place,
    topic: Topic,
    negated: bool,
) -> Vec<String> {
    let everything = "*".to_owned();
    match place {
        Place::Key { arn, .. } => {
            return vec![if random.chance(85) { everything } else { arn.clone() }];
        }
        Place::Bucket { name, .. } => {
            let mut chosen: Vec<String> =
                (0..=random.below(2)).map(|_| storage_resource(random, name)).collect();
            if random.chance(40) {
                chosen.push(format!("arn:aws:s3:::{name}/*"));
            }
            return chosen;
        }
        Place::Identity
        | Place::Boundary
        | Place::Session
        | Place::Service
        | Place::ResourceControl => {}
    }
    if !negated && random.chance(45) {
        return vec![everything];
    }
    let mut chosen = Vec::new();
    if topic != Topic::Key {
        let bucket = random.pick(&world.buckets).map_or("data", |b| b.name);
        chosen.extend((0..=random.below(2)).map(|_| storage_resource(random, bucket)));
        if random.chance(40) {
            chosen.push(format!("arn:aws:s3:::{bucket}/*"));
        }
    }
    if topic != Topic::Storage {
        chosen.push(key_resource(random, world));
    }
    chosen
}

fn storage_resource(random: &mut Random, bucket: &str) -> String {
    let rest = random.word(&[
        "",
        "/*",
        "/*",
        "/*",
        "*",
        "/team/*",
        "/team/${aws:PrincipalTag/team}/*",
        "/${aws:username}/*",
        "/team/${aws:PrincipalTag/team, 'blue'}/*",
        "/?.txt",
        "/reports/*/q1.pdf",
        "/a.txt",
        "/*.csv",
        "/${aws:PrincipalTag/Stage}/x",
        "/${*}",
        "/team/${AWS:principaltag/TEAM}/*",
    ]);
    format!("arn:aws:s3:::{bucket}{rest}")
}

fn key_resource(random: &mut Random, world: &World) -> String {
    let key = random.pick(&world.keys).map_or("*", |k| k.arn.as_str());
    let account = random.pick(&world.accounts).map_or("*", |a| a.id.as_str());
    match random.below(5) {
        0 => format!("arn:aws:kms:*:{account}:key/*"),
        1 => format!("arn:aws:kms:{REGION}:*:key/*"),
        2 => format!("arn:aws:kms:us-east-1:{account}:key/*"),
        _ => key.to_owned(),
    }
}

/// The element and its value; none where a place has no principal.
fn principal(
    random: &mut Random,
    world: &World,
    place: &Place,
    allow: bool,
) -> Option<(&'static str, Value)> {
    match place {
        Place::Identity | Place::Boundary | Place::Session | Place::Service => None,
        Place::ResourceControl => Some(("Principal", json!("*"))),
        Place::Bucket { .. } | Place::Key { .. } if !allow && random.chance(25) => {
            Some(("NotPrincipal", all_but(random, world)))
        }
        Place::Bucket { .. } | Place::Key { .. } => {
            Some(("Principal", some_principals(random, world)))
        }
    }
}

/// As the documentation asks: a user with its account, a role with its account.
fn all_but(random: &mut Random, world: &World) -> Value {
    let identity = random.pick(&world.identities);
    let names = identity.map(|i| vec![i.arn(), format!("arn:aws:iam::{}:root", i.account)]);
    json!({"AWS": names.unwrap_or_default()})
}

fn some_principals(random: &mut Random, world: &World) -> Value {
    match random.below(12) {
        0 | 1 => json!("*"),
        2 => json!({"AWS": "*"}),
        3 => json!({"Service": "logging.s3.amazonaws.com"}),
        _ => {
            let many = 1 + random.below(2);
            let names: Vec<String> = (0..many).map(|_| one_principal(random, world)).collect();
            json!({"AWS": listed(random, names)})
        }
    }
}

fn one_principal(random: &mut Random, world: &World) -> String {
    let account = random.pick(&world.accounts).map_or("111122223333", |a| a.id.as_str());
    match random.pick(&world.identities) {
        Some(identity) => match random.below(10) {
            0 | 1 => format!("arn:aws:iam::{account}:root"),
            2 => account.to_owned(),
            3 | 4 if !identity.user => {
                identity.session(if random.chance(70) { "s1" } else { "s2" })
            }
            _ => identity.arn(),
        },
        None => account.to_owned(),
    }
}

fn is_everyone(statement: &Map<String, Value>) -> bool {
    let principal = statement.get("Principal");
    let everyone = Some("*");
    principal.is_some_and(|p| {
        p.as_str() == everyone || p.get("AWS").is_some_and(|aws| aws.as_str() == everyone)
    })
}
