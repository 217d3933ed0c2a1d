//! The shipped catalog: data about kinds, categories, roles, modes and what discovery looks for, one TOML file each
//! under `catalog/`, and the laying of a workspace's own `[catalog]` over it. What the data means is the board's.

/// The shipped files by name. A workspace overrides one under `[catalog.NAME]`.
const FILES: [(&str, &str); 5] = [
    ("categories", include_str!("catalog/categories.toml")),
    ("discovery", include_str!("catalog/discovery.toml")),
    ("kinds", include_str!("catalog/kinds.toml")),
    ("modes", include_str!("catalog/modes.toml")),
    ("roles", include_str!("catalog/roles.toml")),
];

/// The shipped catalog: a table of each file's table. A file that is not TOML is left out, which a test shows.
#[must_use]
pub fn shipped() -> toml::Table {
    FILES.iter().filter_map(|(name, text)| Some(((*name).to_owned(), toml::Value::Table(text.parse().ok()?)))).collect()
}

/// Lays tables over tables key by key; anything else replaces what was there.
pub(super) fn overlay(base: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(value)) => overlay(inner, value),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_file_is_toml() {
        for (name, text) in FILES {
            assert!(text.parse::<toml::Table>().is_ok(), "{name}.toml: {:?}", text.parse::<toml::Table>().err());
        }
        assert_eq!(shipped().len(), FILES.len());
    }

    #[test]
    fn an_overlay_changes_only_what_it_names() {
        let mut base: toml::Table = "[roles.reviewer]\ntemperature = 0.5\nmax_tokens = 8192".parse().unwrap();
        overlay(&mut base, "[roles.reviewer]\ntemperature = 0.1\n[roles.mine]\nprompt = 'x'".parse().unwrap());
        assert_eq!(base["roles"]["reviewer"]["temperature"].as_float(), Some(0.1));
        assert_eq!(base["roles"]["reviewer"]["max_tokens"].as_integer(), Some(8192));
        assert_eq!(base["roles"]["mine"]["prompt"].as_str(), Some("x"));
    }
}
