//! The manifests that pin the peers: exact, agreeing with each other, and free of any registry's address.

use serde_json::Value;

const MANIFEST: &str = include_str!("package.json");
const LOCK: &str = include_str!("package-lock.json");
const CONSTRAINTS: &str = include_str!("constraints.txt");
const MCP_MANIFEST: &str = include_str!("mcp/package.json");
const MCP_LOCK: &str = include_str!("mcp/package-lock.json");

fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

#[test]
fn every_program_is_pinned_and_locked_with_a_hash() {
    assert_eq!(pinned(MANIFEST, LOCK), 6);
    assert_eq!(pinned(MCP_MANIFEST, MCP_LOCK), 4);
}

/// How many packages the manifest names, each exact and locked, and everything they pull in with a hash.
fn pinned(manifest: &str, lock: &str) -> usize {
    let (manifest, lock) = (document(manifest), document(lock));
    let wanted = manifest["dependencies"].as_object().into_iter().flatten();
    let mut count = 0;
    for (name, version) in wanted {
        let exact = version.as_str().is_some_and(|text| text.starts_with(|c: char| c.is_ascii_digit()));
        assert!(exact, "{name} is not exact: {version}");
        let locked = &lock["packages"][format!("node_modules/{name}")];
        assert_eq!(&locked["version"], version, "{name}");
        count += 1;
    }
    let packages = lock["packages"].as_object().into_iter().flatten();
    let loose: Vec<&String> = packages
        .filter(|(name, package)| !name.is_empty() && package["integrity"].is_null())
        .map(|(name, _)| name)
        .collect();
    assert!(loose.is_empty(), "without a hash: {loose:?}");
    count
}

#[test]
fn no_manifest_names_an_address() {
    let manifests = [
        ("package-lock.json", LOCK),
        ("package.json", MANIFEST),
        ("constraints.txt", CONSTRAINTS),
        ("mcp/package-lock.json", MCP_LOCK),
        ("mcp/package.json", MCP_MANIFEST),
    ];
    for (name, text) in manifests {
        let line = text.lines().find(|line| line.contains("://"));
        assert_eq!(line, None, "an address in {name}");
    }
}
