//! What calls of IAM claim.

use super::{aws, document, name_in_request};
use crate::change::Claim;
use crate::change::edit::{AwsEdit, IamRef, PolicyEdit, PrincipalEdit, Target};
use crate::event::aws::Call;
use crate::model::aws::{Arn, IamKind, IamPrincipal, ManagedPolicy};
use crate::model::json;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) fn claim(call: &Call, doubt: &mut Option<String>) -> (Claim, Option<String>) {
    let text = |key: &str| json::text(&call.request, key);
    let policy = || text("policyArn").and_then(|p| Arn::parse(p).ok());
    let who = entity(call);
    let edit = |who: &IamRef, edit: PrincipalEdit| aws(AwsEdit::Principal(who.clone(), edit));
    let claim = match (call.name.as_str(), &who) {
        (
            "CreatePolicyVersion"
            | "SetDefaultPolicyVersion"
            | "DeletePolicy"
            | "DeletePolicyVersion"
            | "CreatePolicy",
            _,
        ) => {
            return policy_claim(call, doubt);
        }
        ("PutUserPolicy" | "PutRolePolicy" | "PutGroupPolicy", Some(who)) => {
            match (text("policyName"), document(call.request.get("policyDocument"), doubt)) {
                (Some(name), Some(document)) => {
                    edit(who, PrincipalEdit::Inline { name: name.into(), document: Some(document) })
                }
                (_, _) => Claim::Touched(Target::Iam(who.clone())),
            }
        }
        ("DeleteUserPolicy" | "DeleteRolePolicy" | "DeleteGroupPolicy", Some(who)) => {
            text("policyName").map_or_else(
                || Claim::Touched(Target::Iam(who.clone())),
                |name| edit(who, PrincipalEdit::Inline { name: name.into(), document: None }),
            )
        }
        (
            "AttachUserPolicy" | "AttachRolePolicy" | "AttachGroupPolicy" | "DetachUserPolicy"
            | "DetachRolePolicy" | "DetachGroupPolicy",
            Some(who),
        ) => {
            let attached = call.name.starts_with("Attach");
            policy().map_or_else(
                || Claim::Touched(Target::Iam(who.clone())),
                |policy| edit(who, PrincipalEdit::Attachment { policy, attached }),
            )
        }
        ("PutUserPermissionsBoundary" | "PutRolePermissionsBoundary", Some(who)) => {
            let boundary = text("permissionsBoundary").and_then(|p| Arn::parse(p).ok());
            boundary.map_or_else(
                || Claim::Touched(Target::Iam(who.clone())),
                |b| edit(who, PrincipalEdit::Boundary(Some(b))),
            )
        }
        ("DeleteUserPermissionsBoundary" | "DeleteRolePermissionsBoundary", Some(who)) => {
            edit(who, PrincipalEdit::Boundary(None))
        }
        ("UpdateAssumeRolePolicy", Some(who)) => {
            document(call.request.get("policyDocument"), doubt).map_or_else(
                || Claim::Touched(Target::Iam(who.clone())),
                |d| edit(who, PrincipalEdit::Trust(Some(d))),
            )
        }
        ("AddUserToGroup" | "RemoveUserFromGroup", Some(user)) => {
            let member = call.name.starts_with("Add");
            text("groupName").map_or(Claim::Outside, |group| {
                edit(user, PrincipalEdit::Membership { group: group.into(), member })
            })
        }
        ("CreateRole" | "CreateUser" | "CreateGroup", Some(who)) => {
            edit(who, PrincipalEdit::Whole(Some(Box::new(created(call, who, doubt)))))
        }
        ("DeleteRole" | "DeleteUser" | "DeleteGroup", Some(who)) => {
            edit(who, PrincipalEdit::Whole(None))
        }
        ("TagRole" | "UntagRole" | "TagUser" | "UntagUser", Some(who)) => {
            Claim::Touched(Target::Iam(who.clone()))
        }
        (_, _) => Claim::Outside,
    };
    let resource =
        who.map(|w| w.arn_without_path().as_str().to_owned()).or_else(|| name_in_request(call));
    (claim, resource)
}

/// The user, role or group that a call is about. `AddUserToGroup` names both: the user is the one that gains.
fn entity(call: &Call) -> Option<IamRef> {
    let account = call.account.clone()?;
    let named =
        |key: &str, kind| json::text(&call.request, key).map(|name| (kind, Arc::<str>::from(name)));
    let (kind, name) = named("userName", IamKind::User)
        .or_else(|| named("roleName", IamKind::Role))
        .or_else(|| named("groupName", IamKind::Group))?;
    Some(IamRef { account, kind, name })
}

fn created(call: &Call, who: &IamRef, doubt: &mut Option<String>) -> IamPrincipal {
    let response = ["role", "user", "group"].iter().find_map(|k| call.response.get(k));
    let arn = response
        .and_then(|r| json::text(r, "arn"))
        .and_then(|a| Arn::parse(a).ok())
        .unwrap_or_else(|| who.arn_without_path());
    let mut principal = IamPrincipal::new(arn, who.kind);
    principal.unique_id = response
        .and_then(|r| json::first(r, &["roleId", "userId", "groupId"]))
        .and_then(Value::as_str)
        .map(Into::into);
    principal.trust = document(call.request.get("assumeRolePolicyDocument"), doubt);
    principal.boundary =
        json::text(&call.request, "permissionsBoundary").and_then(|b| Arn::parse(b).ok());
    principal
}

fn policy_claim(call: &Call, doubt: &mut Option<String>) -> (Claim, Option<String>) {
    let text = |key: &str| json::text(&call.request, key);
    if call.name == "CreatePolicy" {
        let arn = call
            .response
            .get("policy")
            .and_then(|p| json::text(p, "arn"))
            .and_then(|a| Arn::parse(a).ok());
        let arn =
            arn.or_else(|| Some(Arn::iam(call.account.as_ref()?, "policy", text("policyName")?)));
        let claim = arn.clone().zip(document(call.request.get("policyDocument"), doubt)).map_or(
            Claim::Outside,
            |(policy, document)| {
                let version: Arc<str> = "v1".into();
                let state = ManagedPolicy {
                    arn: policy.clone(),
                    default_version: version.clone(),
                    versions: BTreeMap::from([(version, document)]),
                };
                aws(AwsEdit::Policy(policy, PolicyEdit::Whole(Some(Box::new(state)))))
            },
        );
        return (claim, arn.map(|a| a.as_str().to_owned()));
    }
    let Some(policy) = text("policyArn").and_then(|p| Arn::parse(p).ok()) else {
        return (Claim::Outside, None);
    };
    let resource = Some(policy.as_str().to_owned());
    let touched = Claim::Touched(Target::ManagedPolicy(policy.clone()));
    let edit = |edit: PolicyEdit| aws(AwsEdit::Policy(policy.clone(), edit));
    let claim = match call.name.as_str() {
        "DeletePolicy" => edit(PolicyEdit::Whole(None)),
        "DeletePolicyVersion" => text("versionId").map_or(touched, |version| {
            edit(PolicyEdit::Version { version: version.into(), document: None })
        }),
        "SetDefaultPolicyVersion" => text("versionId").map_or(touched, |version| {
            edit(PolicyEdit::DefaultVersion { version: version.into(), document: None })
        }),
        "CreatePolicyVersion" => {
            let version =
                call.response.get("policyVersion").and_then(|v| json::text(v, "versionId"));
            // A version that is not made the default changes nobody's access; it may be made the default later.
            let in_force = call.request.get("setAsDefault").and_then(json::boolean) == Some(true);
            match (version, document(call.request.get("policyDocument"), doubt)) {
                (Some(version), document @ Some(_)) if in_force => {
                    edit(PolicyEdit::DefaultVersion { version: version.into(), document })
                }
                (Some(version), document @ Some(_)) => {
                    edit(PolicyEdit::Version { version: version.into(), document })
                }
                (_, _) => touched,
            }
        }
        _ => Claim::Outside,
    };
    (claim, resource)
}
