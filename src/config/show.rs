//! The final settings as rows of key, value and origin, for `config show`. No row can hold a secret, because
//! no layer accepts one.

use super::layers::{self, Leaf, Loaded};
use super::problem::Origin;

/// One setting as a person is shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The dotted key.
    pub key: String,
    /// The value as TOML.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

impl Loaded {
    /// Every value that was given, groups in their usual order, and what was derived for workers.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = self.flat.iter().map(|(key, leaf)| row(key, leaf)).collect();
        for (name, worker) in &self.settings.workers {
            for (key, value) in [("family", format!("\"{}\"", worker.family)), ("tier", worker.tier.to_string())] {
                let key = format!("workers.{name}.{key}");
                if !self.flat.contains_key(&key) {
                    rows.push(Row { key, value, origin: Origin::Derived });
                }
            }
        }
        // Stable: within a group the order of writing stays.
        rows.sort_by_key(|row| group(&row.key));
        rows
    }

    /// A sentence about a key, which it begins with, behind the place where that key was given; as it is where nobody gave it.
    #[must_use]
    pub fn placed(&self, what: &str) -> String {
        let key = what.split([':', ' ']).next().unwrap_or(what);
        let place =
            || layers::place_of(&self.flat, key).or_else(|| layers::place_of(&self.flat, &format!("catalog.{key}")));
        match place().filter(|_| key.contains('.')) {
            Some(origin) => format!("{origin}: {what}"),
            None => what.to_owned(),
        }
    }

    /// Where the value of a key came from; none when nobody gave one.
    #[must_use]
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.flat.get(key).map(|leaf| &leaf.origin)
    }
}

/// One row of a key that was given.
fn row(key: &str, leaf: &Leaf) -> Row {
    Row { key: key.to_owned(), value: leaf.value.to_string(), origin: leaf.origin.clone() }
}

/// Sorts keys by group: the fixed groups first, then each worker's keys together.
fn group(key: &str) -> (usize, String) {
    let first = key.split('.').next().unwrap_or(key);
    let place = [
        "workspace",
        "limits",
        "memory",
        "consensus",
        "people",
        "selection",
        "cache",
        "http",
        "workers",
        "trigger",
        "catalog",
    ]
    .iter()
    .position(|name| *name == first)
    .unwrap_or(usize::MAX);
    let worker = layers::worker_name(key).unwrap_or_default();
    (place, worker.to_owned())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use crate::config::parse;

    #[test]
    fn what_is_missing_is_said_at_the_place_where_it_should_stand() {
        let text = "[limits]\nretries = 1\n[workers.a]\nprovider = \"openai\"\n[workers.b]\nprovider = \"openai\"\nmodel = \"x\"\nprice = { input = 1 }\n";
        let wrong = parse(text).unwrap_err().to_string();
        assert!(wrong.contains("synod.toml:4: workers.a.model is needed"), "{wrong}");
        assert!(wrong.contains("synod.toml:8: workers.b.price needs both"), "{wrong}");
    }

    #[test]
    fn a_fault_of_the_catalog_has_a_place() {
        let text = "[pipelines.mine]\ndoes = \"it\"\nsteps = [{ id = \"a\" }]\n[catalog.kinds.odd]\nshape = \"making\"\nrole = \"nobody\"\n";
        let loaded = parse(text).unwrap();
        let place = |what: &str| loaded.placed(what);
        assert_eq!(
            place("pipelines.mine.steps: step `a` has no `do`"),
            "synod.toml:3: pipelines.mine.steps: step `a` has no `do`"
        );
        assert_eq!(place("pipelines.mine: missing"), "synod.toml:2: pipelines.mine: missing");
        assert_eq!(place("catalog.kinds.odd.role is `nobody`"), "synod.toml:6: catalog.kinds.odd.role is `nobody`");
        assert_eq!(place("nothing is wrong"), "nothing is wrong");
    }

    #[test]
    fn groups_stand_together_and_a_workers_keys_too() {
        let text = "[workers.a]\nprovider = 'human'\n[limits]\nretries = 3\n[workers.b]\nprovider = 'human'\n[workspace]\nmemories = 'm'";
        let keys: Vec<String> = parse(text).unwrap().rows().into_iter().map(|row| row.key).collect();
        let mut once: Vec<String> = keys
            .iter()
            .map(|key| {
                key.split('.').take(if key.starts_with("workers") { 2 } else { 1 }).collect::<Vec<_>>().join(".")
            })
            .collect();
        once.dedup();
        assert_eq!(
            once,
            [
                "workspace",
                "limits",
                "memory",
                "consensus",
                "people",
                "selection",
                "cache",
                "http",
                "workers.a",
                "workers.b"
            ]
        );
    }

    #[test]
    fn a_value_that_was_changed_is_shown_with_its_new_place() {
        let rows = parse("[limits]\nretries = 3").unwrap().rows();
        let row = rows.iter().find(|row| row.key == "limits.retries").unwrap();
        assert_eq!((row.value.as_str(), row.origin.to_string().as_str()), ("3", "synod.toml:2"));
    }
}
