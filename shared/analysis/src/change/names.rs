//! Verbs: telling calls that only read from calls that change something, by name, for calls that no row of the catalogue
//! names.

/// Whether an operation name (its last segment) begins with a verb that only reads.
pub(super) fn only_reads(name: &str) -> bool {
    const READ: [&str; 21] = [
        "get",
        "list",
        "describe",
        "head",
        "lookup",
        "search",
        "query",
        "test",
        "aggregatedlist",
        "check",
        "fetch",
        "batchget",
        "export",
        "verify",
        "show",
        "calculate",
        "validate",
        "simulate",
        "preview",
        "read",
        "generatecredentialreport",
    ];
    let name = name.to_lowercase();
    READ.iter().any(|verb| name.starts_with(verb))
}

/// Whether an operation uses a key or credential rather than changing anything.
pub(super) fn only_uses(name: &str) -> bool {
    const USE: [&str; 13] = [
        "encrypt",
        "decrypt",
        "reencrypt",
        "generate",
        "sign",
        "asymmetric",
        "mac",
        "raw",
        "access",
        "exchangetoken",
        "derive",
        "connect",
        "loginsuccess",
    ];
    let name = name.to_lowercase();
    USE.iter().any(|verb| name.starts_with(verb))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs() {
        for read in [
            "GetRole",
            "ListBuckets",
            "SimulatePrincipalPolicy",
            "getIamPermissions",
            "BatchGetSecretValue",
        ] {
            assert!(only_reads(read), "{read}");
        }
        for change in ["PutRolePolicy", "CreateUser", "SetIamPolicy", "ScheduleKeyDeletion"] {
            assert!(!only_reads(change) && !only_uses(change), "{change}");
        }
        assert!(only_uses("GenerateDataKeyWithoutPlaintext") && only_uses("AsymmetricSign"));
    }
}
