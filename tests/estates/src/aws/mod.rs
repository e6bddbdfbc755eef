//! An AWS organisation: accounts by team and environment, each with roles, users, buckets and keys.
//!
//! First the names of everything are drawn ([`Plan`]), then the policies that name each other.

mod condition;
mod iam;
mod keys;
mod managed;
mod organization;
mod statement;
mod storage;

use crate::draw::Draw;
use crate::{AwsSize, EstateFiles, bytes};
use iam::{Role, Wanted};
use serde_json::{Value, json};

/// Teams own accounts, buckets and keys, and their names begin the names of these.
const TEAMS: [&str; 24] = [
    "payments",
    "ledger",
    "fraud",
    "risk",
    "lending",
    "cards",
    "claims",
    "pricing",
    "search",
    "catalog",
    "checkout",
    "orders",
    "shipping",
    "inventory",
    "identity",
    "support",
    "marketing",
    "analytics",
    "ml",
    "mobile",
    "web",
    "platform",
    "people",
    "finance",
];

/// The units, with how many accounts of a hundred stand in each.
const UNITS: [(usize, &str); 5] = [
    (45, "Production"),
    (30, "NonProduction"),
    (15, "Sandbox"),
    (7, "Infrastructure"),
    (3, "Suspended"),
];

/// What everything is called.
#[derive(Debug)]
struct Plan {
    /// `o-…`.
    organization: String,
    /// Management first, then security (which keeps central keys), then the others.
    accounts: Vec<Account>,
    buckets: Vec<Bucket>,
    keys: Vec<Key>,
    /// Accounts of other companies.
    vendors: Vec<String>,
    /// How many distinct permissions boundaries there are.
    boundaries: usize,
}

#[derive(Debug)]
struct Account {
    id: String,
    name: String,
    team: &'static str,
    unit: &'static str,
    region: &'static str,
    canonical_id: String,
    roles: Vec<Role>,
    users: Vec<String>,
    groups: Vec<String>,
    /// Places in the plan's lists.
    buckets: Vec<usize>,
    keys: Vec<usize>,
}

#[derive(Debug)]
struct Bucket {
    name: String,
    team: &'static str,
    encryption: Encryption,
    former: Option<String>,
    has_policy: bool,
    access_point: Option<String>,
}

/// How a bucket encrypts; keys as the bucket spells them.
#[derive(Debug)]
enum Encryption {
    S3Managed,
    AwsManagedKey,
    Kms { key: String, dual_layer: bool },
}

#[derive(Debug)]
struct Key {
    id: String,
    arn: String,
    alias: String,
    account: usize,
    team: &'static str,
    /// Other accounts whose buckets use the key.
    guests: Vec<usize>,
}

impl Account {
    fn root(&self) -> String {
        format!("arn:aws:iam::{}:root", self.id)
    }

    /// The administrators' roles: the first three.
    fn administrators(&self) -> Vec<&str> {
        self.roles.iter().take(iam::ADMINISTRATORS).map(|r| r.arn.as_str()).collect()
    }

    /// A role that a workload runs as.
    fn any_role(&self, draw: &mut Draw) -> String {
        let ordinary = self.roles.get(iam::ADMINISTRATORS + 1..).unwrap_or_default();
        draw.any(ordinary).map_or_else(|| self.root(), |r| r.arn.clone())
    }
}

impl Plan {
    fn account(&self, index: usize) -> Option<&Account> {
        self.accounts.get(index)
    }

    /// Some account of the organisation, though not this one.
    fn other_account(&self, draw: &mut Draw, not: &Account) -> Option<&Account> {
        let first = draw.below(self.accounts.len());
        self.accounts.iter().cycle().skip(first).take(self.accounts.len()).find(|a| a.id != not.id)
    }

    /// A bucket that a policy of the account may name: nearly always one of its own.
    fn bucket_for(&self, draw: &mut Draw, account: &Account) -> &str {
        let own = draw.percent(85);
        let index = if own { draw.any(&account.buckets).copied() } else { None };
        let found = match index {
            Some(index) => self.buckets.get(index),
            None => draw.any(&self.buckets),
        };
        found.map_or("no-bucket", |b| b.name.as_str())
    }

    /// A key that a policy of the account may name.
    fn key_for(&self, draw: &mut Draw, account: &Account) -> &str {
        let own = draw.percent(85);
        let index = if own { draw.any(&account.keys).copied() } else { None };
        let found = match index {
            Some(index) => self.keys.get(index),
            None => draw.any(&self.keys),
        };
        found.map_or("*", |k| k.arn.as_str())
    }
}

pub(crate) fn estate(size: &AwsSize, seed: u64) -> EstateFiles {
    let mut draw = Draw::new(seed);
    let plan = plan(&mut draw, size);
    let mut files = EstateFiles::new();
    files.insert(
        "aws/organization.json".to_owned(),
        bytes(&organization::organization(&mut draw, &plan)),
    );
    let mut grants = keys::grants(&mut draw, &plan, size.grants);
    let wanted = wanted(&plan, size);
    for (account, wanted) in plan.accounts.iter().zip(wanted) {
        let mut add = |file: &str, value: &Value| {
            files.insert(format!("aws/{}/{file}", account.id), bytes(value));
        };
        add("authorization-details.json", &iam::details(&mut draw, &plan, account, wanted));
        add("buckets.json", &storage::buckets(&mut draw, &plan, account));
        add("keys.json", &keys::keys(&mut draw, &plan, account, &mut grants));
        add("account.json", &about(&mut draw, &plan, account));
    }
    files
}

fn plan(draw: &mut Draw, size: &AwsSize) -> Plan {
    let mut plan = Plan {
        organization: format!("o-{}", draw.hex(10)),
        accounts: Vec::new(),
        buckets: Vec::new(),
        keys: Vec::new(),
        vendors: (0..6).map(|_| draw.digits(12)).collect(),
        boundaries: size.boundaries,
    };
    let principals = draw.shares(size.principals, size.accounts, 10);
    for (index, principals) in principals.into_iter().enumerate() {
        let account = account(draw, index, principals, &plan);
        plan.accounts.push(account);
    }
    add_keys(draw, &mut plan, size.keys);
    add_buckets(draw, &mut plan, size.buckets);
    plan
}

fn account(draw: &mut Draw, index: usize, principals: usize, plan: &Plan) -> Account {
    let unit = draw.weighted(&UNITS);
    let team = draw.one(&TEAMS);
    let (name, unit, team) = match index {
        0 => ("management".to_owned(), "", "platform"),
        1 => ("security".to_owned(), "Infrastructure", "platform"),
        _ => (format!("{team}-{}-{index}", unit.to_lowercase()), unit, team),
    };
    let region = draw.weighted(&[(70, "eu-central-1"), (20, "us-east-1"), (10, "eu-west-1")]);
    let users = principals / 5;
    let mut account = Account {
        id: draw.digits(12),
        name,
        team,
        unit,
        region,
        canonical_id: draw.hex(64),
        roles: Vec::new(),
        users: (0..users).map(|i| user_name(draw, i)).collect(),
        groups: ["administrators", "developers", "analysts", "auditors", "operators", "finance"]
            .iter()
            .take(3 + users / 30)
            .map(|g| (*g).to_owned())
            .collect(),
        buckets: Vec::new(),
        keys: Vec::new(),
    };
    account.roles = iam::roles(draw, plan, &account, principals - users);
    account
}

fn user_name(draw: &mut Draw, index: usize) -> String {
    const FIRST: [&str; 12] = [
        "ana", "ben", "chloe", "dario", "elif", "felix", "grace", "hugo", "ines", "jonas", "kaya",
        "lena",
    ];
    const LAST: [&str; 12] = [
        "adler", "bauer", "costa", "diaz", "ebert", "fuchs", "garcia", "horn", "ito", "jansen",
        "klein", "lopez",
    ];
    if draw.percent(15) {
        return format!("svc-{}-{index}", draw.one(&TEAMS));
    }
    format!("{}.{}{index}", draw.one(&FIRST), draw.one(&LAST))
}

fn add_keys(draw: &mut Draw, plan: &mut Plan, count: usize) {
    let shares = draw.shares(count, plan.accounts.len(), 1);
    for (index, share) in shares.into_iter().enumerate() {
        let Some(account) = plan.accounts.get_mut(index) else { continue };
        for _ in 0..share {
            let multi_region = draw.percent(4);
            let id = if multi_region { format!("mrk-{}", draw.hex(32)) } else { draw.uuid() };
            let team = if draw.percent(80) { account.team } else { draw.one(&TEAMS) };
            let number = plan.keys.len();
            account.keys.push(number);
            plan.keys.push(Key {
                arn: format!("arn:aws:kms:{}:{}:key/{id}", account.region, account.id),
                id,
                alias: format!("alias/{team}-{number:03}"),
                account: index,
                team,
                guests: Vec::new(),
            });
        }
    }
}

fn add_buckets(draw: &mut Draw, plan: &mut Plan, count: usize) {
    const PURPOSES: [&str; 8] =
        ["data", "reports", "logs", "backup", "artifacts", "exports", "images", "archive"];
    let shares = draw.shares(count, plan.accounts.len(), 1);
    for (index, share) in shares.into_iter().enumerate() {
        for _ in 0..share {
            let number = plan.buckets.len();
            let owner = plan.account(index).map_or("platform", |a| a.team);
            let team = if draw.percent(80) { owner } else { draw.one(&TEAMS) };
            let name = format!("{team}-{}-{number:03}", draw.one(&PURPOSES));
            let encryption = encryption(draw, plan, index);
            // What was stored before keeps its key.
            let former = if draw.percent(5) { own_key(draw, plan, index) } else { None };
            let access_point =
                if draw.percent(5) { Some(format!("{team}-ap-{number}")) } else { None };
            plan.buckets.push(Bucket {
                name,
                team,
                encryption,
                former,
                has_policy: draw.percent(60),
                access_point,
            });
            if let Some(account) = plan.accounts.get_mut(index) {
                account.buckets.push(number);
            }
        }
    }
}

fn encryption(draw: &mut Draw, plan: &mut Plan, account: usize) -> Encryption {
    let dual_layer = draw.percent(3);
    match draw.below(100) {
        0..55 => {
            let key = own_key(draw, plan, account);
            key.map_or(Encryption::AwsManagedKey, |key| Encryption::Kms { key, dual_layer })
        }
        55..70 => Encryption::Kms { key: foreign_key(draw, plan, account), dual_layer },
        70..80 => Encryption::AwsManagedKey,
        _ => Encryption::S3Managed,
    }
}

/// A key of the account by ARN, more rarely by id or alias.
fn own_key(draw: &mut Draw, plan: &Plan, account: usize) -> Option<String> {
    let own = &plan.account(account)?.keys;
    let key = plan.keys.get(*draw.any(own)?)?;
    Some(match draw.below(10) {
        0 => key.id.clone(),
        1 => key.alias.clone(),
        _ => key.arn.clone(),
    })
}

/// A key of another account in the same region: of the security account in most cases, now and then of another company.
fn foreign_key(draw: &mut Draw, plan: &mut Plan, account: usize) -> String {
    let region = plan.account(account).map_or("eu-central-1", |a| a.region);
    if draw.percent(8) {
        return format!("arn:aws:kms:{region}:{}:key/{}", draw.one(&plan.vendors), draw.uuid());
    }
    let near = plan.accounts.iter().map(|a| a.region == region).collect::<Vec<_>>();
    let fits = |key: &Key| key.account != account && near.get(key.account) == Some(&true);
    let all = 0..plan.keys.len();
    let places: Vec<usize> = all.filter(|i| plan.keys.get(*i).is_some_and(fits)).collect();
    let central: Vec<usize> = places
        .iter()
        .copied()
        .filter(|i| plan.keys.get(*i).is_some_and(|k| k.account == 1))
        .collect();
    let from = if draw.percent(60) && !central.is_empty() { &central } else { &places };
    let Some(key) = draw.any(from).and_then(|i| plan.keys.get_mut(*i)) else {
        return format!("arn:aws:kms:{region}:{}:key/{}", draw.one(&plan.vendors), draw.uuid());
    };
    if !key.guests.contains(&account) {
        key.guests.push(account);
    }
    key.arn.clone()
}

/// How many managed and inline policies each account has, so that all policies together are as many as asked for.
fn wanted(plan: &Plan, size: &AwsSize) -> Vec<Wanted> {
    let bucket_policies = plan.buckets.iter().filter(|b| b.has_policy).count();
    let rest = size.policies.saturating_sub(size.keys + bucket_policies);
    let managed = rest * 2 / 5;
    let mut left = Wanted { managed, inline: rest - managed };
    let mut people: usize = plan.accounts.iter().map(principals_of).sum();
    let share = |account| {
        let own = principals_of(account);
        let part = |total: usize| (total * own).div_ceil(people.max(1)).min(total);
        let wanted = Wanted { managed: part(left.managed), inline: part(left.inline) };
        left.managed -= wanted.managed;
        left.inline -= wanted.inline;
        people -= own;
        wanted
    };
    plan.accounts.iter().map(share).collect()
}

fn principals_of(account: &Account) -> usize {
    account.roles.len() + account.users.len()
}

fn about(draw: &mut Draw, plan: &Plan, account: &Account) -> Value {
    let all = json!({
        "BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true,
    });
    json!({
        "AccountId": account.id,
        "PublicAccessBlock": if draw.percent(70) { all } else { Value::Null },
        "OrganizationId": plan.organization,
        "CanonicalUserId": account.canonical_id,
    })
}

/// `[{Key, Value}]` as IAM and S3 write tags.
fn tags(of: &[(&str, &str)]) -> Value {
    of.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

/// A policy document.
fn document(statements: Vec<Value>) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list<'a>(value: &'a Value, key: &str) -> &'a Vec<Value> {
        value[key].as_array().unwrap()
    }

    #[test]
    fn the_counts_are_those_asked_for() {
        let size = AwsSize {
            accounts: 8,
            principals: 1_000,
            buckets: 100,
            keys: 100,
            ..AwsSize::default()
        };
        let files = estate(&AwsSize { policies: 650, grants: 200, ..size }, 5);
        let mut counts = [0; 6];
        for (path, content) in &files {
            let value: Value = serde_json::from_slice(content).unwrap();
            match path.rsplit('/').next().unwrap() {
                "authorization-details.json" => {
                    let (users, roles) =
                        (list(&value, "UserDetailList"), list(&value, "RoleDetailList"));
                    counts[0] += users.len() + roles.len();
                    counts[1] += list(&value, "Policies")
                        .iter()
                        .filter(|p| {
                            !p["Arn"].as_str().unwrap().contains(":aws:policy/") && p["Path"] == "/"
                        })
                        .count();
                    let inline = |of: &[Value], key: &str| {
                        of.iter().map(|p| list(p, key).len()).sum::<usize>()
                    };
                    counts[1] += inline(users, "UserPolicyList") + inline(roles, "RolePolicyList");
                }
                "buckets.json" => {
                    let buckets = value.as_array().unwrap();
                    counts[2] += buckets.len();
                    counts[1] += buckets.iter().filter(|b| b["Policy"].is_object()).count();
                }
                "keys.json" => {
                    counts[3] += value.as_array().unwrap().len();
                    counts[4] += value
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|k| k["Grants"].as_array().map_or(0, Vec::len))
                        .sum::<usize>();
                }
                "organization.json" => counts[5] = list(&value, "Accounts").len(),
                _ => {}
            }
        }
        let [principals, policies, buckets, keys, grants, accounts] = counts;
        assert_eq!((principals, buckets, keys, accounts), (1_000, 100, 100, 8));
        // Some facts are missing on purpose, and groups have policies too.
        assert!((450..=560).contains(&policies), "{policies}");
        assert!((180..=200).contains(&grants), "{grants}");
    }
}
