//! `synod config`: the settings and where each came from.

use crate::cli::exit::Exit;
use crate::cli::report::Failure;
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::config::Row;
use clap::Subcommand;
use serde_json::json;

/// What to do with the settings.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Print each value and where it came from
    ///
    /// Layers, the later outranking the earlier: shipped defaults, ~/.config/synod/config.toml, synod.toml,
    /// SYNOD_GROUP__KEY variables, --set.
    #[command(
        after_help = "Examples:\n  synod config show\n  synod config show limits\n  synod config show workers.claude --json"
    )]
    Show {
        /// Only keys that are this or stand below it, such as limits or workers.claude
        #[arg(value_name = "KEY")]
        key: Option<String>,
    },
}

pub(super) fn run(session: &Session, command: &Command) -> Result<Exit, Failure> {
    let Command::Show { key } = command;
    let place = session.place()?;
    let mut rows = place.loaded.rows();
    if let Some(key) = key {
        rows.retain(|row| is_below(&row.key, key));
        if rows.is_empty() {
            return Err(
                Failure::usage(format!("no setting is called {key}")).hint("see all of them with: synod config show")
            );
        }
    }
    let values: Vec<_> = rows
        .iter()
        .map(|row| json!({ "key": row.key, "value": row.value, "origin": row.origin.to_string() }))
        .collect();
    session.out.put(&values, || table(&rows))?;
    Ok(Exit::Ok)
}

/// Whether `key` is `group` or a key of it.
fn is_below(key: &str, group: &str) -> bool {
    key.strip_prefix(group).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn table(rows: &[Row]) -> String {
    let mut table = Table::new(&["KEY", "VALUE", "FROM"]);
    for row in rows {
        table.row([row.key.clone(), row.value.clone(), row.origin.to_string()]);
    }
    table.text()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_its_keys_and_no_others() {
        assert!(is_below("limits.retries", "limits") && is_below("limits.retries", "limits.retries"));
        assert!(!is_below("limits.retries", "limit") && !is_below("limits", "limits.retries"));
    }

    #[test]
    fn each_value_is_shown_with_its_place() {
        let rows = crate::config::parse("[limits]\nretries = 3").unwrap().rows();
        let text = table(&rows.into_iter().filter(|row| row.key == "limits.retries").collect::<Vec<_>>());
        assert_eq!(text, "KEY             VALUE  FROM\nlimits.retries  3      synod.toml:2\n");
    }
}
