//! The catalog's form: kinds, categories, roles and modes as data.

use serde::Deserialize;

/// Kinds, categories, roles and modes.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Catalog {}
