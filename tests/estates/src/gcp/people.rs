//! Users and groups in groups.

use super::{DOMAIN, Plan, TEAMS};
use crate::GcpSize;
use crate::draw::Draw;
use serde_json::{Map, Value, json};

#[derive(Debug)]
pub(super) struct People {
    /// `user:…`.
    pub(super) users: Vec<String>,
    /// Addresses of groups with their members.
    groups: Vec<(String, Vec<String>)>,
}

impl People {
    pub(super) fn of(draw: &mut Draw, plan: &Plan, size: &GcpSize) -> Self {
        let user = |i| {
            format!(
                "user:{}.{i}@{DOMAIN}",
                draw.one(&["ana", "ben", "elif", "hugo", "ines", "kaya"])
            )
        };
        let users: Vec<String> = (0..size.members).map(user).collect();
        let group = |i: usize| {
            let address = match i {
                0 => "cloud-admins".to_owned(),
                1 => "security".to_owned(),
                _ => format!(
                    "{}-{}-{i}",
                    draw.one(&TEAMS),
                    draw.one(&["dev", "ops", "data", "readers"])
                ),
            };
            (format!("{address}@{DOMAIN}"), Vec::new())
        };
        let mut groups: Vec<(String, Vec<String>)> = (0..size.groups).map(group).collect();
        for user in &users {
            for _ in 0..draw.weighted(&[(50, 1), (35, 2), (15, 4)]) {
                // Few are administrators.
                let at = 2 + draw.low(groups.len().saturating_sub(2));
                let at = if draw.percent(1) { draw.below(2) } else { at };
                if let Some((_, members)) = groups.get_mut(at)
                    && !members.contains(user)
                {
                    members.push(user.clone());
                }
            }
        }
        // A third stands in a group further in front, so that there is no circle; some hold service accounts.
        for at in 3..groups.len() {
            let inner = groups.get(at).map(|(address, _)| format!("group:{address}"));
            let nested = draw.percent(33);
            if let (true, Some(inner), Some((_, members))) =
                (nested, inner, groups.get_mut(2 + draw.below(at - 2)))
            {
                members.push(inner);
            }
        }
        for (_, members) in &mut groups {
            if draw.percent(20)
                && let Some(account) = draw.any(&plan.accounts)
            {
                members.push(format!("serviceAccount:{}", account.email));
            }
            if members.is_empty() {
                members.push(draw.one(&users));
            }
        }
        Self { users, groups }
    }

    /// `group:…`, the few administrators' groups left out.
    pub(super) fn group(&self, draw: &mut Draw) -> String {
        let ordinary = self.groups.get(2..).unwrap_or_default();
        draw.any(ordinary).map(|(address, _)| format!("group:{address}")).unwrap_or_default()
    }

    /// Somebody whom a binding may name: groups for the most part, and the whole domain where that is usual.
    pub(super) fn member(&self, draw: &mut Draw, plan: &Plan, domain: bool) -> String {
        match draw.below(100) {
            0..45 => self.group(draw),
            45..76 => {
                let account = draw.any(&plan.accounts).map_or("", |a| a.email.as_str());
                format!("serviceAccount:{account}")
            }
            76..96 => draw.one(&self.users),
            96 if domain => format!("domain:{DOMAIN}"),
            97 => format!("deleted:{}?uid={}", draw.one(&self.users), draw.digits(21)),
            _ => {
                let number = draw.any(&plan.projects).map_or("0", |p| p.number.as_str());
                let pool = format!(
                    "//iam.googleapis.com/projects/{number}/locations/global/workloadIdentityPools/github"
                );
                format!(
                    "principalSet:{pool}/attribute.repository/example-corp/{}",
                    draw.one(&TEAMS)
                )
            }
        }
    }

    /// `{group: [members]}`.
    pub(super) fn groups(&self) -> Value {
        let entries =
            self.groups.iter().map(|(address, members)| (address.clone(), json!(members)));
        Value::Object(entries.collect::<Map<_, _>>())
    }
}
