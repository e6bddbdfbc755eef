//! Deny policies, as `gcloud iam policies get` gives them.

use super::people::People;
use super::{DOMAIN, Plan};
use crate::draw::Draw;
use serde_json::{Value, json};

pub(super) fn policies(draw: &mut Draw, plan: &Plan, people: &People, count: usize) -> Value {
    (0..count).map(|i| policy(draw, plan, people, i)).collect()
}

fn policy(draw: &mut Draw, plan: &Plan, people: &People, index: usize) -> Value {
    let on = match (index, draw.below(10)) {
        (0, _) => plan.organization.clone(),
        (_, 0..6) => draw.any(&plan.folders).map(|f| f.relative.clone()).unwrap_or_default(),
        // Projects are named by number or by id.
        (_, 6) => {
            draw.any(&plan.projects).map(|p| format!("projects/{}", p.id)).unwrap_or_default()
        }
        (_, _) => {
            draw.any(&plan.projects).map(|p| format!("projects/{}", p.number)).unwrap_or_default()
        }
    };
    let permissions: &[&str] = match (index, draw.below(5)) {
        (0, _) => &["iam.googleapis.com/serviceAccountKeys.create"],
        (_, 0) => &[
            "cloudkms.googleapis.com/cryptoKeyVersions.destroy",
            "cloudkms.googleapis.com/cryptoKeys.update",
        ],
        (_, 1) => {
            &["storage.googleapis.com/objects.delete", "storage.googleapis.com/buckets.delete"]
        }
        (_, 2) => &["storage.googleapis.com/buckets.setIamPolicy"],
        (_, 3) => &["storage.googleapis.com/objects.get"],
        (_, _) => &["cloudresourcemanager.googleapis.com/projects.setIamPolicy"],
    };
    let group =
        |member: &str| format!("principalSet://goog/group/{}", member.trim_start_matches("group:"));
    let denied = if draw.percent(70) {
        "principalSet://goog/public:all".to_owned()
    } else {
        group(&people.group(draw))
    };
    let account = draw.any(&plan.accounts).map_or("", |a| a.email.as_str());
    let mut rule = json!({
        "deniedPrincipals": [denied],
        "exceptionPrincipals": [
            format!("principalSet://goog/group/cloud-admins@{DOMAIN}"),
            format!("principal://iam.googleapis.com/projects/-/serviceAccounts/{account}"),
            group(&people.group(draw)),
        ],
        "deniedPermissions": permissions,
    });
    let number = plan.organization.rsplit('/').next().unwrap_or_default();
    if draw.percent(20)
        && let Some(object) = rule.as_object_mut()
    {
        let expression = format!("resource.matchTag(\"{number}/env\", \"prod\")");
        object.insert(
            "denialCondition".to_owned(),
            json!({"title": "production", "expression": expression}),
        );
    }
    let on = format!("cloudresourcemanager.googleapis.com/{on}").replace('/', "%2F");
    json!({
        "name": format!("policies/{on}/denypolicies/deny-{index}"),
        "uid": draw.uuid(),
        "kind": "DenyPolicy",
        "displayName": format!("Guard {index}"),
        "createTime": draw.time(),
        "rules": [{"description": "", "denyRule": rule}],
    })
}
