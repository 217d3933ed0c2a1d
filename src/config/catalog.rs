//! The shipped catalog: data about kinds, categories, roles, modes, teams, pipelines and what discovery looks for, one TOML file each
//! under `catalog/`, and the laying of a workspace's own `[catalog]` over it. What the data means is the board's.

/// The shipped files by name. A workspace overrides one under `[catalog.NAME]`.
const FILES: [(&str, &str); 7] = [
    ("categories", include_str!("catalog/categories.toml")),
    ("discovery", include_str!("catalog/discovery.toml")),
    ("kinds", include_str!("catalog/kinds.toml")),
    ("modes", include_str!("catalog/modes.toml")),
    ("pipelines", include_str!("catalog/pipelines.toml")),
    ("roles", include_str!("catalog/roles.toml")),
    ("teams", include_str!("catalog/teams.toml")),
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

    /// The tables of one part.
    fn part(name: &str) -> toml::Table {
        shipped()[name].as_table().unwrap().clone()
    }

    #[test]
    fn roles_are_complete_and_their_fallbacks_lead_somewhere() {
        let roles = part("roles");
        let names: Vec<&str> = roles.keys().map(String::as_str).collect();
        let expected = [
            "planner",
            "architect",
            "implementer",
            "executor",
            "reviewer",
            "security",
            "critic",
            "researcher",
            "optimizer",
            "tester",
            "documenter",
            "chair",
        ];
        assert_eq!(names, expected);
        for (name, role) in &roles {
            let temperature = role["temperature"].as_float().unwrap();
            assert!((0.0..=2.0).contains(&temperature) && role["max_tokens"].as_integer().unwrap() > 0, "{name}");
            assert!((1..=5).contains(&role["tier_max"].as_integer().unwrap()), "{name}");
            assert!(!role["workers"].as_array().unwrap().is_empty() && role["does"].is_str(), "{name}");
            let fallback = role["fallback"].as_str().unwrap();
            assert!(fallback != name && roles.contains_key(fallback), "{name} falls back to {fallback}");
        }
    }

    #[test]
    fn a_name_leads_to_one_role_only() {
        let roles = part("roles");
        let mut seen: Vec<String> = roles.keys().cloned().collect();
        for role in roles.values() {
            seen.extend(role["aliases"].as_array().unwrap().iter().map(|alias| alias.as_str().unwrap().to_owned()));
        }
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), count);
        for alias in ["sisyphus", "hephaestus", "oracle", "librarian"] {
            assert!(seen.iter().any(|name| name == alias), "{alias}");
        }
    }

    #[test]
    fn modes_say_how_many_make_and_how_many_check() {
        let modes = part("modes");
        let counts: Vec<(&str, String, i64)> = modes
            .iter()
            .map(|(name, mode)| (name.as_str(), mode["workers"].to_string(), mode["validators"].as_integer().unwrap()))
            .collect();
        let expected = [
            ("simple", "1", 0),
            ("medium", "2", 1),
            ("complex", "2", 2),
            ("architectural", "\"all\"", 0),
            ("mega", "1", 0),
        ];
        assert_eq!(counts, expected.map(|(name, workers, validators)| (name, workers.to_owned(), validators)));
    }
}
