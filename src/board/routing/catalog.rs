//! The catalog's form: kinds, categories, roles and modes as data.

use serde::Deserialize;

/// Kinds, categories, roles and modes.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Catalog {}

impl Catalog {
    /// The names of all kinds.
    pub fn kind_names(&self) -> Vec<&str> {
        vec!["implementation", "code-review", "security-review", "check", "architecture"]
    }

    /// The names of all roles, aliases included.
    pub fn role_names(&self) -> Vec<&str> {
        vec!["implementer", "reviewer", "oracle"]
    }
}
