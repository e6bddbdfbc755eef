//! Users, roles and groups with their policies, as `get-account-authorization-details` gives them.

use super::{Account, Plan, TEAMS, document, managed, statement, tags};
use crate::draw::Draw;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// So many roles at the beginning of an account's list are its administrators'.
pub(super) const ADMINISTRATORS: usize = 3;

/// A role: its name, and who takes it on.
#[derive(Debug)]
pub(super) struct Role {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) arn: String,
    kind: RoleKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RoleKind {
    /// People, by single sign-on (SAML).
    SignOn,
    /// The management account.
    Management,
    /// A service for a workload.
    Service(&'static str),
    /// A service for itself: nobody else.
    Linked(&'static str),
    /// A pipeline of GitHub.
    Pipeline,
    /// A pod of a cluster.
    Pod,
    /// Another account of the organisation.
    OtherAccount,
    /// Another company.
    Vendor,
    /// Another role.
    Chained,
}

/// How many policies the principals of an account have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) managed: usize,
    pub(super) inline: usize,
}

/// The roles of an account: administrators, those of services for themselves, then those of people and workloads.
pub(super) fn roles(draw: &mut Draw, plan: &Plan, account: &Account, count: usize) -> Vec<Role> {
    let named = |name: String, path: &str, kind: RoleKind| Role {
        arn: format!("arn:aws:iam::{}:role{path}{name}", account.id),
        path: path.to_owned(),
        name,
        kind,
    };
    let sign_on = "/aws-reserved/sso.amazonaws.com/eu-central-1/";
    let administrators = format!("AWSReservedSSO_AdministratorAccess_{}", draw.hex(16));
    let mut roles = vec![
        named(administrators, sign_on, RoleKind::SignOn),
        named("OrganizationAccountAccessRole".to_owned(), "/", RoleKind::Management),
        named("PlatformAdministrator".to_owned(), "/", RoleKind::SignOn),
        named(
            "AWSServiceRoleForAutoScaling".to_owned(),
            "/aws-service-role/autoscaling.amazonaws.com/",
            RoleKind::Linked("autoscaling.amazonaws.com"),
        ),
    ];
    let alone = plan.accounts.is_empty();
    for index in roles.len()..count {
        let kind = match draw.below(100) {
            0..38 => RoleKind::Service("lambda.amazonaws.com"),
            38..58 => RoleKind::Service("ec2.amazonaws.com"),
            58..66 => RoleKind::Service("ecs-tasks.amazonaws.com"),
            66..69 => RoleKind::Service("glue.amazonaws.com"),
            69..77 => RoleKind::Pipeline,
            77..83 => RoleKind::Pod,
            83..89 => RoleKind::SignOn,
            89..94 if !alone => RoleKind::OtherAccount,
            94..96 => RoleKind::Vendor,
            _ => RoleKind::Chained,
        };
        let team = if draw.percent(75) { account.team } else { draw.one(&TEAMS) };
        let (name, path) = match kind {
            RoleKind::SignOn => {
                let set =
                    draw.one(&["ReadOnly", "DataScientist", "Developer", "Support", "Billing"]);
                (format!("AWSReservedSSO_{set}{index}_{}", draw.hex(16)), sign_on)
            }
            RoleKind::Pipeline => (format!("{team}-deploy-{index}"), "/pipelines/"),
            RoleKind::OtherAccount | RoleKind::Vendor => (format!("{team}-access-{index}"), "/"),
            RoleKind::Management
            | RoleKind::Service(_)
            | RoleKind::Linked(_)
            | RoleKind::Pod
            | RoleKind::Chained => {
                let work = draw.one(&["api", "worker", "etl", "report", "sync", "index", "export"]);
                (format!("{team}-{work}-{index}"), if draw.percent(20) { "/app/" } else { "/" })
            }
        };
        roles.push(named(name, path, kind));
    }
    roles
}

/// Everything that IAM says about an account.
pub(super) fn details(draw: &mut Draw, plan: &Plan, account: &Account, wanted: Wanted) -> Value {
    let mut writer = Writer {
        policies: customer_policies(draw, plan, account, wanted.managed),
        inline: inline_counts(draw, account, wanted.inline),
        draw,
        plan,
        account,
        attached: BTreeSet::new(),
        bounded: BTreeSet::new(),
    };
    let groups: Vec<Value> = account.groups.iter().map(|g| writer.group(g)).collect();
    let users: Vec<Value> =
        account.users.iter().enumerate().map(|(i, u)| writer.user(i, u)).collect();
    let roles: Vec<Value> =
        account.roles.iter().enumerate().map(|(i, r)| writer.role(i, r)).collect();
    json!({
        "UserDetailList": users,
        "GroupDetailList": groups,
        "RoleDetailList": roles,
        "Policies": writer.all_policies(),
        "IsTruncated": false,
    })
}

/// Customer-managed policies: name and document.
fn customer_policies(
    draw: &mut Draw,
    plan: &Plan,
    account: &Account,
    count: usize,
) -> Vec<(String, Value)> {
    let one = |index: usize| {
        let use_of = draw.one(&["data-read", "data-write", "deploy", "operate", "keys", "query"]);
        let name = format!("{}-{use_of}-{index}", account.team);
        (name, statement::policy(draw, plan, account))
    };
    (0..count).map(one).collect()
}

/// How many inline policies each user and each role has: users first.
fn inline_counts(draw: &mut Draw, account: &Account, count: usize) -> Vec<usize> {
    let users = account.users.len();
    let mut counts = vec![0; users + account.roles.len()];
    for _ in 0..count {
        // Administrators and service-linked roles have none.
        let first = ADMINISTRATORS + 1;
        let of_user = draw.percent(10) && users > 0;
        let workloads = account.roles.len().saturating_sub(first);
        let at = if of_user || workloads == 0 {
            draw.below(users)
        } else {
            users + first + draw.below(workloads)
        };
        if let Some(count) = counts.get_mut(at) {
            *count += 1;
        }
    }
    counts
}

struct Writer<'a> {
    draw: &'a mut Draw,
    plan: &'a Plan,
    account: &'a Account,
    policies: Vec<(String, Value)>,
    inline: Vec<usize>,
    /// Policies of AWS that are attached: the export lists only those.
    attached: BTreeSet<&'static str>,
    /// Boundaries that are in use, by number.
    bounded: BTreeSet<usize>,
}

impl Writer<'_> {
    fn arn(&self, kind: &str, path_and_name: &str) -> String {
        format!("arn:aws:iam::{}:{kind}/{path_and_name}", self.account.id)
    }

    /// Some of the account's own policies, the first ones more often: they are shared.
    fn own(&mut self, count: usize) -> Vec<Value> {
        let mut places: BTreeSet<usize> = BTreeSet::new();
        for _ in 0..count {
            places.insert(self.draw.low(self.policies.len()));
        }
        let found = places.iter().filter_map(|i| self.policies.get(*i));
        found
            .map(|(name, _)| json!({"PolicyName": name, "PolicyArn": self.arn("policy", name)}))
            .collect()
    }

    fn of_aws(&mut self, name: &'static str) -> Value {
        self.attached.insert(name);
        let last = name.rsplit('/').next().unwrap_or(name);
        json!({"PolicyName": last, "PolicyArn": format!("arn:aws:iam::aws:policy/{name}")})
    }

    fn inline(&mut self, count: usize) -> Vec<Value> {
        let one = |i| {
            let document = statement::policy(self.draw, self.plan, self.account);
            json!({"PolicyName": format!("inline-{i}"), "PolicyDocument": document})
        };
        (0..count).map(one).collect()
    }

    fn group(&mut self, name: &str) -> Value {
        let attached = match name {
            "administrators" => vec![self.of_aws("AdministratorAccess")],
            "auditors" => vec![self.of_aws("SecurityAudit"), self.of_aws("ReadOnlyAccess")],
            _ => self.own(2),
        };
        json!({
            "Path": "/",
            "GroupName": name,
            "GroupId": format!("AGPA{}", self.draw.capitals(17)),
            "Arn": self.arn("group", name),
            "CreateDate": self.draw.time(),
            "GroupPolicyList": [],
            "AttachedManagedPolicies": attached,
        })
    }

    fn user(&mut self, index: usize, name: &str) -> Value {
        let inline = self.inline.get(index).copied().unwrap_or_default();
        // One in thirty is an administrator; programs are in no group.
        let groups: Vec<String> = if name.starts_with("svc-") {
            Vec::new()
        } else if self.draw.percent(3) {
            vec!["administrators".to_owned()]
        } else {
            let others = self.account.groups.get(1..).unwrap_or_default();
            let count = self.draw.between(1, 2);
            self.draw.some(others, count)
        };
        let direct =
            if groups.is_empty() || self.draw.percent(10) { self.own(1) } else { Vec::new() };
        let (team, mut tagged) = (self.team(), Value::Array(Vec::new()));
        if self.draw.percent(70) {
            tagged = tags(&[("team", team), ("kind", "human")]);
        }
        json!({
            "Path": "/",
            "UserName": name,
            "UserId": format!("AIDA{}", self.draw.capitals(17)),
            "Arn": self.arn("user", name),
            "CreateDate": self.draw.time(),
            "UserPolicyList": self.inline(inline),
            "GroupList": groups,
            "AttachedManagedPolicies": direct,
            "Tags": tagged,
        })
    }

    fn team(&mut self) -> &'static str {
        if self.draw.percent(80) { self.account.team } else { self.draw.one(&TEAMS) }
    }

    fn role(&mut self, index: usize, role: &Role) -> Value {
        let inline = self.inline.get(self.account.users.len() + index).copied().unwrap_or_default();
        let administers = index < ADMINISTRATORS;
        let linked = matches!(role.kind, RoleKind::Linked(_));
        let attached = if administers {
            vec![self.of_aws("AdministratorAccess")]
        } else {
            self.attached(role)
        };
        let mut value = json!({
            "Path": role.path,
            "RoleName": role.name,
            "RoleId": format!("AROA{}", self.draw.capitals(17)),
            "Arn": role.arn,
            "CreateDate": self.draw.time(),
            "AssumeRolePolicyDocument": self.trust(role),
            "InstanceProfileList": [],
            "RolePolicyList": self.inline(inline),
            "AttachedManagedPolicies": attached,
            "RoleLastUsed": {"LastUsedDate": self.draw.time(), "Region": self.account.region},
        });
        let team = self.team();
        let tagged = if linked || self.draw.percent(20) {
            tags(&[])
        } else {
            let env = if self.account.unit == "Production" { "prod" } else { "dev" };
            tags(&[("team", team), ("env", env)])
        };
        if let Some(object) = value.as_object_mut() {
            object.insert("Tags".to_owned(), tagged);
            let bounded = !administers && !linked && role.kind != RoleKind::SignOn;
            if bounded && self.draw.percent(22) {
                object.insert("PermissionsBoundary".to_owned(), self.boundary());
            }
        }
        value
    }

    fn boundary(&mut self) -> Value {
        let number = self.draw.low(self.plan.boundaries);
        self.bounded.insert(number);
        let (name, _) = managed::boundary(number, self.account.region);
        json!({
            "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": self.arn("policy", &format!("boundary/{name}")),
        })
    }

    fn attached(&mut self, role: &Role) -> Vec<Value> {
        let own = self.draw.weighted(&[(25, 0), (45, 1), (20, 2), (10, 3)]);
        let more = match role.kind {
            RoleKind::Linked(_) => return Vec::new(),
            RoleKind::Service("lambda.amazonaws.com") => {
                Some("service-role/AWSLambdaBasicExecutionRole")
            }
            RoleKind::Service("ec2.amazonaws.com") if self.draw.percent(60) => {
                Some("AmazonSSMManagedInstanceCore")
            }
            RoleKind::Service("ec2.amazonaws.com") => Some("CloudWatchAgentServerPolicy"),
            RoleKind::Service("glue.amazonaws.com") => Some("service-role/AWSGlueServiceRole"),
            RoleKind::SignOn | RoleKind::Vendor => {
                Some(self.draw.one(&["ReadOnlyAccess", "SecurityAudit"]))
            }
            RoleKind::Pipeline if self.draw.percent(15) => Some("PowerUserAccess"),
            RoleKind::Management
            | RoleKind::Service(_)
            | RoleKind::Pipeline
            | RoleKind::Pod
            | RoleKind::OtherAccount
            | RoleKind::Chained => {
                let seldom = self.draw.percent(5);
                seldom.then(|| self.draw.one(&["AmazonS3ReadOnlyAccess", "AmazonS3FullAccess"]))
            }
        };
        let mut attached = self.own(own);
        attached.extend(more.map(|name| self.of_aws(name)));
        attached
    }

    fn trust(&mut self, role: &Role) -> Value {
        let account = self.account;
        let assume = |principal: Value| json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"});
        let with = |mut statement: Value, action: &str, condition: Value| {
            if let Some(object) = statement.as_object_mut() {
                object.insert("Action".to_owned(), json!(action));
                object.insert("Condition".to_owned(), condition);
            }
            statement
        };
        let statement = match role.kind {
            RoleKind::Service(service) | RoleKind::Linked(service) => {
                assume(json!({"Service": service}))
            }
            RoleKind::SignOn => with(
                assume(
                    json!({"Federated": format!("arn:aws:iam::{}:saml-provider/corp-sso", account.id)}),
                ),
                "sts:AssumeRoleWithSAML",
                json!({"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}),
            ),
            RoleKind::Management => {
                assume(json!({"AWS": self.plan.account(0).unwrap_or(account).root()}))
            }
            RoleKind::Pipeline => {
                let provider = format!(
                    "arn:aws:iam::{}:oidc-provider/token.actions.githubusercontent.com",
                    account.id
                );
                let branch = self.draw.one(&["ref:refs/heads/main", "environment:production", "*"]);
                with(
                    assume(json!({"Federated": provider})),
                    "sts:AssumeRoleWithWebIdentity",
                    json!({
                        "StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"},
                        "StringLike": {"token.actions.githubusercontent.com:sub": format!("repo:example-corp/{}:{branch}", account.team)},
                    }),
                )
            }
            RoleKind::Pod => {
                let issuer = format!(
                    "oidc.eks.{}.amazonaws.com/id/{}",
                    account.region,
                    self.draw.hex(32).to_uppercase()
                );
                let subject = format!("system:serviceaccount:{}:{}", account.team, role.name);
                let provider = format!("arn:aws:iam::{}:oidc-provider/{issuer}", account.id);
                with(
                    assume(json!({"Federated": provider})),
                    "sts:AssumeRoleWithWebIdentity",
                    json!({
                        "StringEquals": {format!("{issuer}:sub"): subject, format!("{issuer}:aud"): "sts.amazonaws.com"},
                    }),
                )
            }
            RoleKind::OtherAccount => {
                let other = self.plan.other_account(self.draw, account).unwrap_or(account);
                let root = assume(json!({"AWS": other.root()}));
                if self.draw.percent(50) {
                    root
                } else {
                    with(
                        root,
                        "sts:AssumeRole",
                        json!({"StringEquals": {"aws:PrincipalOrgID": self.plan.organization}}),
                    )
                }
            }
            RoleKind::Vendor => {
                let root = format!("arn:aws:iam::{}:root", self.draw.one(&self.plan.vendors));
                with(
                    assume(json!({"AWS": root})),
                    "sts:AssumeRole",
                    json!({"StringEquals": {"sts:ExternalId": self.draw.hex(12)}}),
                )
            }
            RoleKind::Chained => {
                let from = account.any_role(self.draw);
                assume(json!({"AWS": from}))
            }
        };
        document(vec![statement])
    }

    fn all_policies(&mut self) -> Vec<Value> {
        let mut all = Vec::new();
        for (name, document) in std::mem::take(&mut self.policies) {
            let arn = self.arn("policy", &name);
            all.push(self.policy("/", &name, &arn, document));
        }
        for number in std::mem::take(&mut self.bounded) {
            let (name, document) = managed::boundary(number, self.account.region);
            let arn = self.arn("policy", &format!("boundary/{name}"));
            all.push(self.policy("/boundary/", &name, &arn, document));
        }
        for (name, document) in managed::of_aws() {
            if self.attached.contains(name) {
                let (path, last) = match name.rsplit_once('/') {
                    Some((path, last)) => (format!("/{path}/"), last),
                    None => ("/".to_owned(), name),
                };
                all.push(self.policy(
                    &path,
                    last,
                    &format!("arn:aws:iam::aws:policy/{name}"),
                    document,
                ));
            }
        }
        all
    }

    /// A managed policy; some have an earlier version that is not in force.
    fn policy(&mut self, path: &str, name: &str, arn: &str, document: Value) -> Value {
        let mut versions = Vec::new();
        let earlier = self.draw.percent(10);
        let number = if earlier { 2 } else { 1 };
        versions.push(json!({
            "Document": document,
            "VersionId": format!("v{number}"),
            "IsDefaultVersion": true,
            "CreateDate": self.draw.time(),
        }));
        if earlier {
            versions.push(json!({
                "Document": statement::policy(self.draw, self.plan, self.account),
                "VersionId": "v1",
                "IsDefaultVersion": false,
                "CreateDate": self.draw.time(),
            }));
        }
        json!({
            "PolicyName": name,
            "PolicyId": format!("ANPA{}", self.draw.capitals(17)),
            "Arn": arn,
            "Path": path,
            "DefaultVersionId": format!("v{number}"),
            "AttachmentCount": 1,
            "PermissionsBoundaryUsageCount": 0,
            "IsAttachable": true,
            "CreateDate": self.draw.time(),
            "UpdateDate": self.draw.time(),
            "PolicyVersionList": versions,
        })
    }
}
