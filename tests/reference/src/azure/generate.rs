//! Small tenants, and requests on them.

#![expect(clippy::indexing_slicing, reason = "the tables are this file's own")]

use super::{Estate, Request};
use crate::Random;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A tenant and requests that are asked of it.
#[derive(Debug, Clone)]
pub struct Case {
    /// The files.
    pub estate: Estate,
    /// Concrete requests.
    pub requests: Vec<Request>,
}

const TENANT: &str = "azure/ccfef6bd-963d-468e-97b7-7529e3eaba5d";
const ROOT_GROUP: &str = "/providers/Microsoft.Management/managementGroups/root";
const TEAM_GROUP: &str = "/providers/Microsoft.Management/managementGroups/team";
const SUBSCRIPTION: &str = "/subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28";
const GROUP: &str = "/subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data";
/// The account that all requests are about.
pub const ACCOUNT: &str = "/subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/lake";
const OTHER_ACCOUNT: &str = "/subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/lake2";
const VAULT: &str = "/subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data/providers/Microsoft.KeyVault/vaults/kv-data";
const IDENTITY_RESOURCE: &str = "/subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-cmk";

const ANNA: &str = "22e3ad2e-dede-4da4-a605-a01bf0746895";
const BEN: &str = "0eba3d13-79e7-4188-a77b-2c06cd24c9bc";
const SYSTEM: &str = "18cbb004-3ade-431c-bf55-1d5f798ed85c";
const ASSIGNED: &str = "7bbc374c-3b6e-4315-b52f-4516eb92faed";
const INNER: &str = "efbc648b-a4cf-48f9-93af-55d78b42c83c";
const OUTER: &str = "19b652d6-6e7e-44e5-95c0-3659ef2e55b2";
const KEY_GROUP: &str = "1230c5eb-6ec1-4aa4-974b-e3dd0d1bd22c";
const EVERYONE: &str = "00000000-0000-0000-0000-000000000000";

const BLOBS: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";
const NAME: &str = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name]";
const PATH: &str =
    "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path]";
const PREFIX: &str =
    "@Request[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:prefix]";
const TAG: &str = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags:Project<$key_case_sensitive$>]";
const KEYS: &str =
    "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags&$keys$&]";
const NEW_TAG: &str = "@Request[Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags:Project<$key_case_sensitive$>]";
const VERSION: &str =
    "@Request[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:versionId]";
const CURRENT: &str =
    "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:isCurrentVersion]";
const LINK: &str = "@Environment[isPrivateLink]";
const NOW: &str = "@Environment[UtcNow]";
const SUBNET: &str = "@Environment[Microsoft.Network/virtualNetworks/subnets]";
const ATTRIBUTE: &str =
    "@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Engineering_Project]";
const LEVEL: &str = "@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Engineering_Level]";
const ROLE: &str = "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const BLOB_READER: &str = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1";

/// The id of a container of [`ACCOUNT`].
#[must_use]
pub fn container(name: &str) -> String {
    format!("{ACCOUNT}/blobServices/default/containers/{name}")
}

/// The case of a seed.
#[must_use]
pub fn case(seed: u64) -> Case {
    let mut random = Random::new(seed);
    let mut tenant = Tenant::default();
    tenant.account(&mut random);
    tenant.roles(&mut random);
    tenant.assignments(&mut random);
    tenant.denies(&mut random);
    tenant.locks(&mut random);
    tenant.groups(&mut random);
    let requests = (0..6).map(|_| request(&mut random)).collect();
    Case { estate: tenant.files(), requests }
}

fn request(random: &mut Random) -> Request {
    let principal = random.word(&[ANNA, ANNA, ANNA, BEN, "public"]);
    let mut attributes = BTreeMap::new();
    let mut set = |name: &str, values: Vec<String>| {
        attributes.insert(name.to_owned(), values);
    };
    let one = |random: &mut Random, of: &[&str]| vec![random.word(of)];
    set(LINK, one(random, &["true", "false"]));
    set(NOW, one(random, &["2026-05-01T13:00:00.0Z", "2026-07-01T00:00:00.0000000Z"]));
    if random.chance(50) {
        set(SUBNET, one(random, &["/subscriptions/x/subnets/a", "/subscriptions/X/subnets/A"]));
    }
    if random.chance(50) {
        set(ATTRIBUTE, random.some(&words(&["Cascade", "Baker", "Skagit"]), 2));
    }
    if random.chance(50) {
        set(LEVEL, one(random, &["1", "3", "10"]));
    }
    if random.chance(6) {
        let resource = ACCOUNT.to_owned();
        let action = "Microsoft.Storage/storageAccounts/listKeys/action".to_owned();
        return Request { principal, action, resource, attributes };
    }
    if random.chance(6) {
        set(ROLE, one(random, &[READER, BLOB_READER]));
        let resource = ACCOUNT.to_owned();
        let action = "Microsoft.Authorization/roleAssignments/write".to_owned();
        return Request { principal, action, resource, attributes };
    }
    let within = container(&random.word(&["reports", "payroll"]));
    let operation = random.word(&["read", "read", "read", "write", "add/action", "delete"]);
    let action = format!("{BLOBS}/{operation}");
    if operation == "read" && random.chance(20) {
        set("suboperation", words(&["Blob.List"]));
        if random.chance(80) {
            set(PREFIX, one(random, &["public/", "public/2026/", "secret/"]));
        }
        return Request { principal, action, resource: within, attributes };
    }
    if random.chance(50) {
        set(TAG, one(random, &["Cascade", "cascade", "Baker"]));
        set(KEYS, vec!["Project".to_owned()]);
    }
    if operation == "read" {
        set(CURRENT, one(random, &["true", "false"]));
        if random.chance(30) {
            set(VERSION, one(random, &["2022-06-01T00:00:00.0Z", "2023-06-01T00:00:00.0Z"]));
        }
    }
    if ["write", "add/action"].contains(&operation.as_str()) && random.chance(50) {
        set("suboperation", words(&["Blob.Write.WithTagHeaders"]));
        set(NEW_TAG, one(random, &["Cascade", "Baker"]));
    }
    let path = random.word(&[
        "public/a.txt",
        "public/2026/b*c.txt",
        "Public/a.txt",
        "secret.txt",
        "a/blobs/b.txt",
    ]);
    Request { principal, action, resource: format!("{within}/blobs/{path}"), attributes }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}

// --- conditions

/// A condition as the portal writes them: `((!(ActionMatches{…})) OR (…))`, one or two of them.
fn condition(random: &mut Random) -> String {
    let first = guarded(random);
    if random.chance(20) { format!("({first} {} {})", and(random), guarded(random)) } else { first }
}

fn and(random: &mut Random) -> String {
    random.word(&["AND", "&&"])
}

fn or(random: &mut Random) -> String {
    random.word(&["OR", "||"])
}

fn not(random: &mut Random) -> String {
    random.word(&["!", "NOT "])
}

fn guarded(random: &mut Random) -> String {
    let targets = random.some(&["read", "read", "write", "add/action", "delete", "*"], 2);
    let guards: Vec<String> = targets
        .iter()
        .map(|target| {
            let matches = format!("ActionMatches{{'{BLOBS}/{target}'}}");
            let sub = match random.below(5) {
                0 => format!(" {} NOT SubOperationMatches{{'Blob.List'}}", and(random)),
                1 => format!(" {} SubOperationMatches{{'Blob.List'}}", and(random)),
                2 => format!(" {} SubOperationMatches{{'Blob.Write.WithTagHeaders'}}", and(random)),
                _ => String::new(),
            };
            format!("{}({matches}{sub})", not(random))
        })
        .collect();
    let guards = guards.join(&format!(" {} ", and(random)));
    format!("(({guards}) {} ({}))", or(random), expression(random, 2))
}

fn expression(random: &mut Random, depth: usize) -> String {
    if depth == 0 || random.chance(50) {
        return atom(random);
    }
    let left = expression(random, depth - 1);
    match random.below(5) {
        0 => format!("{}({left})", not(random)),
        1 | 2 => format!("({left}) {} ({})", and(random), expression(random, depth - 1)),
        _ => format!("({left}) {} ({})", or(random), expression(random, depth - 1)),
    }
}

fn atom(random: &mut Random) -> String {
    let quantifier = random.word(&[
        "ForAnyOfAnyValues",
        "ForAllOfAnyValues",
        "ForAnyOfAllValues",
        "ForAllOfAllValues",
    ]);
    let text = random.word(&[
        "StringEquals",
        "StringNotEquals",
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
        "StringLike",
        "StringNotLike",
        "StringLikeIgnoreCase",
    ]);
    let number = random.word(&[
        "NumericEquals",
        "NumericNotEquals",
        "NumericLessThan",
        "NumericLessThanEquals",
        "NumericGreaterThan",
        "NumericGreaterThanEquals",
    ]);
    let instant = random.word(&[
        "DateTimeEquals",
        "DateTimeNotEquals",
        "DateTimeLessThan",
        "DateTimeLessThanEquals",
        "DateTimeGreaterThan",
        "DateTimeGreaterThanEquals",
    ]);
    let path = random.word(&[
        "StringStartsWith 'public/'",
        "StringStartsWithIgnoreCase 'PUBLIC/'",
        "StringNotStartsWith 'public/'",
        "StringNotStartsWithIgnoreCase 'PUBLIC/'",
        "StringLike 'public/*'",
        "StringLike '*.t?t'",
        r"StringLike 'public/2026/b\*c.txt'",
        "StringNotLike 'public/*'",
        "StringLikeIgnoreCase 'PUBLIC/*'",
        "StringNotLikeIgnoreCase 'PUBLIC/*'",
        "StringEquals 'public/a.txt'",
    ]);
    match random.below(16) {
        0 | 1 => format!(
            "{NAME} {} 'reports'",
            random.word(&[
                "StringEquals",
                "StringNotEquals",
                "StringEqualsIgnoreCase",
                "StringLike"
            ])
        ),
        2 => format!("{NAME} {quantifier}:StringEquals {{'reports', 'other'}}"),
        3 | 4 => format!("{PATH} {path}"),
        5 => format!(
            "{PREFIX} {}",
            random.word(&[
                "StringStartsWith 'public/'",
                "StringLike 'public/*'",
                "StringEquals 'public/'"
            ])
        ),
        6 => format!("{TAG} {text} 'Cascade'"),
        7 => format!("{TAG} {quantifier}:{text} {{'Cascade', 'B*'}}"),
        8 => format!("{KEYS} {quantifier}:StringEquals {{'Project', 'Program'}}"),
        9 => format!("{ATTRIBUTE} {quantifier}:{text} {TAG}"),
        10 => format!("{ATTRIBUTE} {quantifier}:StringEquals {{'Cascade', 'Baker'}}"),
        11 => format!("{LEVEL} {quantifier}:{number} {{1, 3}}"),
        12 => format!("{NOW} {instant} '2026-05-01T13:00:00.000Z'"),
        13 => {
            let attribute = random.word(&[
                LINK,
                CURRENT,
                "@Resource[Microsoft.Storage/storageAccounts:isHnsEnabled]",
            ]);
            format!(
                "{attribute} {} {}",
                random.word(&["BoolEquals", "BoolNotEquals", "boolequals"]),
                random.word(&["true", "false"])
            )
        }
        14 => {
            let attribute = random.word(&[TAG, VERSION, PREFIX, SUBNET, ATTRIBUTE, NEW_TAG]);
            format!("{}Exists {attribute}", random.word(&["", "NOT ", "!"]))
        }
        _ => random.word(&[
            &format!("{LEVEL} {number} 3"),
            &format!("{VERSION} {instant} '2022-06-01T00:00:00.0Z'"),
            &format!("{NEW_TAG} StringEquals 'Cascade'"),
            &format!("{SUBNET} StringEqualsIgnoreCase '/SUBSCRIPTIONS/x/subnets/a'"),
            "@Resource[Microsoft.Storage/storageAccounts:name] StringEquals 'lake'",
        ]),
    }
}

// --- the tenant

#[derive(Default)]
struct Tenant {
    resources: Vec<Value>,
    definitions: Vec<Value>,
    assignments: Vec<Value>,
    denies: Vec<Value>,
    groups: BTreeMap<String, Value>,
}

fn key() -> String {
    format!("{VAULT}/keys/cmk")
}

impl Tenant {
    fn account(&mut self, random: &mut Random) {
        let shared = match random.below(4) {
            0 => json!(true),
            1 => Value::Null,
            _ => json!(false),
        };
        let under_key = random.chance(40);
        let user_assigned = random.chance(50);
        let mut encryption = json!({"keySource": "Microsoft.Storage"});
        if under_key {
            encryption = json!({
                "keySource": random.word(&["Microsoft.Keyvault", "microsoft.keyvault"]),
                "keyvaultproperties": {
                    "keyname": "cmk",
                    "keyvaulturi": random.word(&["https://kv-data.vault.azure.net", "https://kv-data.vault.azure.net/"]),
                    "keyversion": "",
                },
            });
            if user_assigned {
                encryption["identity"] = json!({"userAssignedIdentity": IDENTITY_RESOURCE});
            }
            self.vault(random, if user_assigned { ASSIGNED } else { SYSTEM });
        }
        self.resources.push(json!({
            "id": IDENTITY_RESOURCE,
            "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
            "properties": {"principalId": ASSIGNED},
        }));
        self.resources.push(json!({
            "id": ACCOUNT,
            "type": "Microsoft.Storage/storageAccounts",
            "identity": {
                "type": "SystemAssigned,UserAssigned",
                "principalId": SYSTEM,
                "userAssignedIdentities": {IDENTITY_RESOURCE: {"principalId": ASSIGNED}},
            },
            "properties": {
                "allowBlobPublicAccess": random.chance(40),
                "allowSharedKeyAccess": shared,
                "isHnsEnabled": false,
                "publicNetworkAccess": "Enabled",
                "networkAcls": {"bypass": "AzureServices", "defaultAction": "Allow"},
                "encryption": encryption,
            },
        }));
        for name in ["reports", "payroll"] {
            let level = random.word(&["None", "None", "Blob", "Container"]);
            self.resources.push(json!({
                "id": container(name),
                "type": "Microsoft.Storage/storageAccounts/blobServices/containers",
                "properties": {"publicAccess": level},
            }));
        }
    }

    fn vault(&mut self, random: &mut Random, identity: &str) {
        let by_roles = match random.below(4) {
            0 => json!(false),
            1 => Value::Null,
            _ => json!(true),
        };
        let who = random.word(&[identity, identity, KEY_GROUP, BEN]);
        let keys = match random.below(4) {
            0 => json!(["get", "list"]),
            1 => json!(["all"]),
            2 => json!(["Get", "WrapKey", "UnwrapKey"]),
            _ => json!(["get", "wrapKey", "unwrapKey", "list"]),
        };
        let policies = json!([{
            "tenantId": TENANT.trim_start_matches("azure/"),
            "objectId": who,
            "permissions": {"keys": keys, "secrets": [], "certificates": []},
        }]);
        self.resources.push(json!({
            "id": VAULT,
            "type": "Microsoft.KeyVault/vaults",
            "properties": {
                "vaultUri": "https://kv-data.vault.azure.net/",
                "accessPolicies": if random.chance(70) { policies } else { json!([]) },
                "enableRbacAuthorization": by_roles,
                "enableSoftDelete": true,
                "enablePurgeProtection": true,
                "publicNetworkAccess": "Enabled",
                "networkAcls": {"bypass": "AzureServices", "defaultAction": "Allow"},
            },
        }));
        self.resources.push(json!({
            "id": key(),
            "type": "Microsoft.KeyVault/vaults/keys",
            "properties": {
                "attributes": {"enabled": random.chance(85)},
                "kty": "RSA",
                "keyUri": "https://kv-data.vault.azure.net/keys/cmk",
            },
        }));
        let operations = |of: &[&str]| -> Vec<String> {
            of.iter().map(|o| format!("Microsoft.KeyVault/vaults/keys/{o}")).collect()
        };
        self.define(
            8,
            &json!([{"dataActions": operations(&["read", "wrap/action", "unwrap/action"])}]),
        );
        self.define(9, &json!([{"dataActions": operations(&["read", "wrap/action"])}]));
        if random.chance(85) {
            let role = random.pick(&[8, 8, 8, 9]).copied().unwrap_or(8);
            let who = random.word(&[identity, identity, identity, KEY_GROUP, BEN]);
            let scope = random.word(&[&key(), VAULT, GROUP, TEAM_GROUP, ACCOUNT]);
            self.assign(&who, role, &scope, None);
        }
        if random.chance(80) {
            self.groups.insert(KEY_GROUP.to_owned(), json!([identity]));
        }
    }

    fn define(&mut self, number: usize, permissions: &Value) {
        let id = role(number);
        self.definitions.push(json!({
            "id": format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{id}"),
            "name": id,
            "properties": {
                "roleName": format!("own {number}"),
                "type": "CustomRole",
                "assignableScopes": ["/"],
                "permissions": permissions,
            },
        }));
    }

    /// Roles 0 to 3 are of data actions, 4 and 5 of actions.
    fn roles(&mut self, random: &mut Random) {
        const GRANTS: [&str; 10] = [
            "*",
            "Microsoft.Storage/*",
            "*/read",
            "MICROSOFT.STORAGE/storageAccounts/*/READ",
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*",
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write",
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action",
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete",
            "Microsoft.Storage/storageAccounts/queueServices/*",
        ];
        const EXCEPT: [&str; 5] = [
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete",
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
            "*/action",
            "*/WRITE",
            "Microsoft.Storage/storageAccounts/queueServices/*",
        ];
        const CONTROL: [&str; 8] = [
            "*",
            "*/read",
            "*/action",
            "Microsoft.Storage/storageAccounts/listKeys/action",
            "Microsoft.Storage/storageAccounts/ListAccountSas/action",
            "Microsoft.Storage/storageAccounts/*",
            "Microsoft.Authorization/roleAssignments/write",
            "Microsoft.Storage/storageAccounts/read",
        ];
        const NOT: [&str; 5] = [
            "Microsoft.Storage/storageAccounts/listKeys/action",
            "*/action",
            "Microsoft.Authorization/*/Write",
            "*/write",
            "Microsoft.Storage/*",
        ];
        for number in 0..6 {
            let many = if random.chance(20) { 2 } else { 1 };
            let block = |random: &mut Random| {
                let mut block = json!({"actions": [], "notActions": [], "dataActions": [], "notDataActions": []});
                if number < 4 {
                    block["dataActions"] = json!(random.some(&GRANTS, 2));
                    if random.chance(40) {
                        block["notDataActions"] = json!(random.some(&EXCEPT, 2));
                    }
                    if random.chance(15) {
                        block["condition"] = json!(condition(random));
                        block["conditionVersion"] = json!("2.0");
                    }
                } else {
                    block["actions"] = json!(random.some(&CONTROL, 2));
                    if random.chance(50) {
                        block["notActions"] = json!(random.some(&NOT, 2));
                    }
                }
                block
            };
            let blocks: Vec<Value> = (0..many).map(|_| block(random)).collect();
            self.define(number, &json!(blocks));
        }
    }

    fn assign(&mut self, who: &str, number: usize, scope: &str, condition: Option<String>) {
        let count = self.assignments.len();
        let below = scope.trim_end_matches('/');
        self.assignments.push(json!({
            "id": format!("{below}/providers/Microsoft.Authorization/roleAssignments/{count:08}-0000-4000-8000-000000000000"),
            "type": "Microsoft.Authorization/roleAssignments",
            "properties": {
                "roleDefinitionId": format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{}", role(number)),
                "principalId": who,
                "principalType": "User",
                "scope": scope,
                "conditionVersion": condition.as_ref().map(|_| "2.0"),
                "condition": condition,
            },
        }));
    }

    fn assignments(&mut self, random: &mut Random) {
        let reports = container("reports");
        let scopes = [
            "/",
            ROOT_GROUP,
            TEAM_GROUP,
            SUBSCRIPTION,
            GROUP,
            ACCOUNT,
            ACCOUNT,
            &reports,
            &reports,
            OTHER_ACCOUNT,
        ];
        let who = [ANNA, ANNA, BEN, INNER, OUTER];
        for _ in 0..=random.below(4) {
            let limit = if random.chance(60) { Some(condition(random)) } else { None };
            let who = random.word(&who);
            let scope = random.word(&scopes);
            let scope = if random.chance(10) { scope.to_uppercase() } else { scope };
            self.assign(&who, random.below(4), &scope, limit);
        }
        if random.chance(40) {
            let limit = random.chance(30).then(|| {
                let values = random.some(&[READER, BLOB_READER], 1).join(", ");
                format!("((!(ActionMatches{{'Microsoft.Authorization/roleAssignments/write'}})) OR ({ROLE} ForAnyOfAnyValues:{} {{{values}}}))", random.word(&["GuidEquals", "GuidNotEquals"]))
            });
            let who = random.word(&who);
            let scope = random.word(&scopes);
            self.assign(&who, 4 + random.below(2), &scope, limit);
        }
    }

    fn denies(&mut self, random: &mut Random) {
        if !random.chance(25) {
            return;
        }
        let scope = random.word(&[
            SUBSCRIPTION,
            GROUP,
            ACCOUNT,
            &container("reports"),
            VAULT,
            OTHER_ACCOUNT,
        ]);
        let who = random.word(&[EVERYONE, ANNA, OUTER, INNER, SYSTEM]);
        let permission = match random.below(5) {
            0 => json!({"dataActions": [format!("{BLOBS}/read")]}),
            1 => json!({"dataActions": ["*"], "notDataActions": [format!("{BLOBS}/delete")]}),
            2 => json!({"actions": ["*/action"]}),
            3 => json!({"dataActions": ["Microsoft.KeyVault/*/unwrap/action"]}),
            _ => json!({"actions": ["*"], "notActions": ["*/read"], "dataActions": ["*"]}),
        };
        let kind = if who == EVERYONE { "SystemDefined" } else { "User" };
        let mut excluded = Vec::new();
        if random.chance(50) {
            let spared = random.word(&[ANNA, BEN, INNER, OUTER, SYSTEM, ASSIGNED]);
            excluded.push(json!({"id": spared, "type": "User"}));
        }
        self.denies.push(json!({
            "id": format!("{scope}/providers/Microsoft.Authorization/denyAssignments/d1"),
            "properties": {
                "denyAssignmentName": "a deny",
                "permissions": [permission],
                "scope": scope,
                "doNotApplyToChildScopes": random.chance(30),
                "principals": [{"id": who, "type": kind}],
                "excludePrincipals": excluded,
            },
        }));
    }

    fn locks(&mut self, random: &mut Random) {
        if random.chance(25) {
            let scope = random.word(&[SUBSCRIPTION, GROUP, ACCOUNT, OTHER_ACCOUNT]);
            let level = random.word(&["ReadOnly", "ReadOnly", "CanNotDelete"]);
            self.resources.push(json!({
                "id": format!("{scope}/providers/Microsoft.Authorization/locks/l1"),
                "type": "Microsoft.Authorization/locks",
                "properties": {"level": level},
            }));
        }
    }

    fn groups(&mut self, random: &mut Random) {
        let mut inner = random.some(&words(&[ANNA, BEN]), 2);
        if random.chance(20) {
            inner.push(OUTER.to_owned());
        }
        let mut outer = words(&[INNER]);
        if random.chance(30) {
            outer.push(BEN.to_uppercase());
        }
        self.groups.insert(INNER.to_owned(), json!(inner));
        self.groups.insert(OUTER.to_owned(), json!(outer));
    }

    fn files(self) -> Estate {
        let management = json!([{
            "id": ROOT_GROUP,
            "properties": {"details": {"parent": null}, "children": [
                {"id": TEAM_GROUP, "children": [{"id": SUBSCRIPTION, "type": "/subscriptions"}]},
            ]},
        }]);
        let files = [
            ("resources", json!(self.resources)),
            ("role-definitions", json!(self.definitions)),
            ("role-assignments", json!(self.assignments)),
            ("deny-assignments", json!(self.denies)),
            ("groups", json!(self.groups)),
            ("management-groups", management),
        ];
        let named = |(name, content)| (format!("{TENANT}/{name}.json"), content);
        files.into_iter().map(named).collect()
    }
}

fn role(number: usize) -> String {
    format!("aaaaaaaa-0000-4000-8000-{number:012}")
}
