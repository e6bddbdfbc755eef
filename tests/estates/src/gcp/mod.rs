//! A Google Cloud organisation: folders, projects, buckets, key rings with keys, service accounts, and who is bound to what.

mod assets;
mod bindings;
mod deny;
mod people;
mod roles;

use crate::draw::Draw;
use crate::{EstateFiles, GcpSize, TEAMS, bytes};
use people::People;
use roles::Roles;

const DOMAIN: &str = "example-corp.example";

/// What everything is called.
#[derive(Debug)]
struct Plan {
    /// `organizations/<number>`.
    organization: String,
    /// Those further behind stand below the organisation or one further in front.
    folders: Vec<Folder>,
    projects: Vec<Project>,
    accounts: Vec<ServiceAccount>,
    rings: Vec<KeyRing>,
    keys: Vec<Key>,
    buckets: Vec<Bucket>,
}

#[derive(Debug)]
struct Folder {
    /// `folders/<number>`.
    relative: String,
    name: String,
    parent: Option<usize>,
}

#[derive(Debug)]
struct Project {
    number: String,
    id: String,
    folder: usize,
}

#[derive(Debug)]
struct ServiceAccount {
    email: String,
    unique_id: String,
    project: usize,
}

#[derive(Debug)]
struct KeyRing {
    /// `projects/<id>/locations/<location>/keyRings/<name>`.
    relative: String,
    location: &'static str,
    project: usize,
}

#[derive(Debug)]
struct Key {
    relative: String,
    ring: usize,
}

#[derive(Debug)]
struct Bucket {
    name: String,
    project: usize,
    location: &'static str,
    key: Option<usize>,
    uniform: bool,
}

impl Plan {
    /// Relative names of a folder and what stands above it, from near to far.
    fn above_folder(&self, folder: usize) -> Vec<&str> {
        let mut line = Vec::new();
        let mut next = self.folders.get(folder);
        while let Some(folder) = next {
            line.push(folder.relative.as_str());
            next = folder.parent.and_then(|p| self.folders.get(p));
        }
        line.push(&self.organization);
        line
    }

    fn project(&self, index: usize) -> Option<&Project> {
        self.projects.get(index)
    }

    /// The agent by which Cloud Storage en- and decrypts the buckets of a project.
    fn storage_agent(&self, project: usize) -> String {
        let number = self.project(project).map_or("0", |p| p.number.as_str());
        format!("serviceAccount:service-{number}@gs-project-accounts.iam.gserviceaccount.com")
    }
}

pub(crate) fn estate(size: &GcpSize, seed: u64) -> EstateFiles {
    let mut draw = Draw::new(seed ^ 0x0006_C900);
    let plan = plan(&mut draw, size);
    let people = People::of(&mut draw, &plan, size);
    let roles = Roles::of(&mut draw, &plan, size.roles);
    let policies = bindings::policies(&mut draw, &plan, &people, &roles, size.bindings);
    let files = [
        ("assets.jsonl", assets::lines(&mut draw, &plan, &people, &policies)),
        ("groups.json", bytes(&people.groups())),
        ("roles.json", bytes(&roles.table)),
        ("deny-policies.json", bytes(&deny::policies(&mut draw, &plan, &people, size.denies))),
    ];
    files.into_iter().map(|(file, content)| (format!("gcp/{file}"), content)).collect()
}

fn plan(draw: &mut Draw, size: &GcpSize) -> Plan {
    let mut plan = Plan {
        organization: format!("organizations/{}", draw.digits(12)),
        folders: Vec::new(),
        projects: Vec::new(),
        accounts: Vec::new(),
        rings: Vec::new(),
        keys: Vec::new(),
        buckets: Vec::new(),
    };
    for index in 0..size.folders {
        let below = index > 3 && draw.percent(85);
        let parent = below.then(|| draw.low(index));
        let name = match index {
            0 => "production".to_owned(),
            1 => "development".to_owned(),
            2 => "shared".to_owned(),
            _ => format!("{}-{index}", draw.one(&TEAMS)),
        };
        plan.folders.push(Folder {
            relative: format!("folders/{}", draw.digits(12)),
            name,
            parent,
        });
    }
    for index in 0..size.projects {
        let kind = draw.one(&["prod", "dev", "data", "keys", "sandbox"]);
        let id = format!("ec-{}-{kind}-{index:03}", draw.one(&TEAMS));
        plan.projects.push(Project {
            number: draw.digits(12),
            id,
            folder: draw.below(size.folders),
        });
    }
    for index in 0..size.service_accounts {
        let project = draw.low(size.projects);
        let work = draw.one(&["api", "worker", "etl", "deploy", "export", "scheduler"]);
        let id = plan.project(project).map_or("", |p| p.id.as_str());
        let email = format!("{work}-{index}@{id}.iam.gserviceaccount.com");
        plan.accounts.push(ServiceAccount { email, unique_id: draw.digits(21), project });
    }
    add_keys(draw, &mut plan, size);
    add_buckets(draw, &mut plan, size);
    plan
}

fn location(draw: &mut Draw) -> &'static str {
    draw.weighted(&[(80, "europe-west3"), (20, "us-east1")])
}

fn add_keys(draw: &mut Draw, plan: &mut Plan, size: &GcpSize) {
    for index in 0..size.key_rings {
        let (project, location) = (draw.low(size.projects), location(draw));
        let id = plan.project(project).map_or("", |p| p.id.as_str());
        let relative = format!("projects/{id}/locations/{location}/keyRings/ring-{index}");
        plan.rings.push(KeyRing { relative, location, project });
    }
    for index in 0..size.keys {
        let ring = if index < size.key_rings { index } else { draw.below(size.key_rings) };
        let Some(home) = plan.rings.get(ring) else { continue };
        let relative = format!("{}/cryptoKeys/key-{index}", home.relative);
        plan.keys.push(Key { relative, ring });
    }
}

fn add_buckets(draw: &mut Draw, plan: &mut Plan, size: &GcpSize) {
    for index in 0..size.buckets {
        let location = location(draw);
        let fits = |k: &usize| {
            let ring = plan.keys.get(*k).and_then(|k| plan.rings.get(k.ring));
            ring.is_some_and(|r| r.location == location)
        };
        // A key in another region cannot be used: try some.
        let key = draw.percent(50).then(|| (0..20).map(|_| draw.below(plan.keys.len())).find(fits));
        let use_of =
            draw.one(&["data", "reports", "logs", "backup", "exports", "models", "staging"]);
        let name = format!("ec-{}-{use_of}-{index:04}", draw.one(&TEAMS));
        plan.buckets.push(Bucket {
            name,
            project: draw.below(size.projects),
            location,
            key: key.flatten(),
            uniform: !draw.percent(10),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_counts_are_those_asked_for() {
        let size = GcpSize::default();
        let files = estate(&size, 5);
        let lines: Vec<Value> = files["gcp/assets.jsonl"]
            .split(|b| *b == b'\n')
            .filter(|l| !l.is_empty())
            .map(|l| serde_json::from_slice(l).unwrap())
            .collect();
        let of = |kind: &str| {
            lines
                .iter()
                .filter(|l| {
                    l["asset_type"].as_str().unwrap().ends_with(kind) && l["resource"].is_object()
                })
                .count()
        };
        assert_eq!(of("/Folder"), size.folders);
        assert_eq!(of("/Project"), size.projects);
        assert_eq!(of("/Bucket"), size.buckets);
        assert_eq!(of("/KeyRing"), size.key_rings);
        assert_eq!(of("/CryptoKey"), size.keys);
        assert_eq!(of("/ServiceAccount"), size.service_accounts);
        let bindings =
            lines.iter().flat_map(|l| l["iam_policy"]["bindings"].as_array().into_iter().flatten());
        let counted: Vec<(usize, bool)> = bindings
            .map(|b| (b["members"].as_array().unwrap().len(), b["condition"].is_object()))
            .collect();
        assert_eq!(counted.iter().map(|(members, _)| members).sum::<usize>(), size.bindings);
        let conditional: usize =
            counted.iter().filter(|(_, c)| *c).map(|(members, _)| members).sum();
        assert!((1_500..=2_500).contains(&conditional), "{conditional}");
    }
}
