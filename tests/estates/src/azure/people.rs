//! Users, groups in groups, service principals.

use crate::AzureSize;
use crate::draw::Draw;
use serde_json::{Map, Value, json};

/// Object ids.
#[derive(Debug)]
pub(super) struct People {
    pub(super) users: Vec<String>,
    /// Groups with their members, users and other groups.
    groups: Vec<(String, Vec<String>)>,
    /// Applications and pipelines.
    pub(super) services: Vec<String>,
}

impl People {
    pub(super) fn of(draw: &mut Draw, size: &AzureSize) -> Self {
        let users: Vec<String> = (0..size.members).map(|_| draw.uuid()).collect();
        let services = (0..size.members / 10).map(|_| draw.uuid()).collect();
        let mut groups: Vec<(String, Vec<String>)> =
            (0..size.groups).map(|_| (draw.uuid(), Vec::new())).collect();
        for user in &users {
            for _ in 0..draw.weighted(&[(50, 1), (35, 2), (15, 4)]) {
                let at = draw.low(groups.len());
                if let Some((_, members)) = groups.get_mut(at)
                    && !members.contains(user)
                {
                    members.push(user.clone());
                }
            }
        }
        // A third of the groups stands in another one; only in one further in front, so that there is no circle.
        for at in 1..groups.len() {
            let inner = groups.get(at).map(|(id, _)| id.clone());
            let nested = draw.percent(33);
            if let (true, Some(id), Some((_, members))) =
                (nested, inner, groups.get_mut(draw.below(at)))
            {
                members.push(id);
            }
        }
        // Dynamic groups may have ended up empty: a group has one member at least.
        for (_, members) in groups.iter_mut().filter(|(_, members)| members.is_empty()) {
            members.push(draw.one(&users));
        }
        Self { users, groups, services }
    }

    pub(super) fn group(&self, draw: &mut Draw) -> String {
        draw.any(&self.groups).map(|(id, _)| id.clone()).unwrap_or_default()
    }

    /// A principal with its type: most access is given to groups.
    pub(super) fn any(&self, draw: &mut Draw) -> (String, &'static str) {
        match draw.below(100) {
            0..60 => (self.group(draw), "Group"),
            60..85 => (draw.one(&self.services), "ServicePrincipal"),
            _ => (draw.one(&self.users), "User"),
        }
    }

    /// A small group or a service: groups further behind in the list have fewer members, and fewer groups stand in
    /// them.
    pub(super) fn few(&self, draw: &mut Draw) -> (String, &'static str) {
        let small = self.groups.get(self.groups.len() * 4 / 5..).unwrap_or_default();
        match draw.any(small) {
            Some((id, _)) if draw.percent(70) => (id.clone(), "Group"),
            Some(_) | None => (draw.one(&self.services), "ServicePrincipal"),
        }
    }

    /// `{group: [members]}`.
    pub(super) fn groups(&self) -> Value {
        let entries = self.groups.iter().map(|(id, members)| (id.clone(), json!(members)));
        Value::Object(entries.collect::<Map<_, _>>())
    }
}
