//! `synod config`: the settings and where each came from.

use crate::app;
use crate::cli::exit::Exit;
use crate::cli::report::Failure;
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::config::{self, Import, Row};
use clap::Subcommand;
use serde_json::json;
use std::path::{Path, PathBuf};

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
    /// Turn the settings file of an older system into synod.toml
    ///
    /// Reads the YAML with agents, routing and performance (multi_model.yaml), and MCP JSON with mcpServers and orchestration.
    /// Prints the settings that come of it, what became what, and what has no counterpart. What synod.toml says already
    /// stays as it is. Keys are never copied.
    #[command(
        after_help = "Examples:\n  synod config import .agent/multi_model.yaml            see what would come of it\n  synod config import .agent/multi_model.yaml --write    put it into synod.toml"
    )]
    Import {
        /// The older file
        file: PathBuf,
        /// Write synod.toml, instead of printing it
        #[arg(long)]
        write: bool,
    },
}

pub(super) fn run(session: &Session, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Show { key } => show(session, key.as_deref()),
        Command::Import { file, write } => import(session, file, *write),
    }
}

/// Turns an older file into settings. A workspace is not needed to look, nor must its settings be valid.
fn import(session: &Session, file: &Path, write: bool) -> Result<Exit, Failure> {
    let path = session.path(file);
    let content = std::fs::read(&path).map_err(|error| Failure::file("read", &path, &error))?;
    let content =
        String::from_utf8(content).map_err(|_| Failure::usage(format!("{} is no text (UTF-8)", path.display())))?;
    let settings = app::settings_file(session.options());
    let existing = match std::fs::read_to_string(&settings) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Failure::file("read", &settings, &error)),
    };
    let made = config::import(&content, &existing)
        .map_err(|why| Failure::usage(format!("{} cannot be turned into settings: {why}", path.display())))?;
    let pairs = |pairs: &[(String, String)], name: &str| -> Vec<serde_json::Value> {
        pairs.iter().map(|(from, to)| json!({ "from": from, name: to })).collect()
    };
    if write && made.text != existing {
        app::write_settings(&settings, &made.text)?;
    }
    let value = json!({
        "settings": made.text, "became": pairs(&made.became, "to"), "left": pairs(&made.left, "why"), "kept": made.kept,
        "written": if write { Some(settings.display().to_string()) } else { None },
    });
    session.out.put(&value, || if write { told(&made) } else { made.text.clone() })?;
    if !write {
        session.out.say(&told(&made));
    }
    session.out.say(&match (write, made.text == existing) {
        (_, true) => "nothing is to be changed".to_owned(),
        (true, false) => format!("wrote {}; try the workers with: synod doctor", settings.display()),
        (false, false) => format!("nothing is written yet; with --write it goes into {}", settings.display()),
    });
    Ok(Exit::Ok)
}

/// What became what, and what did not.
fn told(made: &Import) -> String {
    let mut text = String::new();
    let mut part = |heading: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            text.push_str(&format!("{heading}\n{}", lines.concat()));
        }
    };
    part("became", made.became.iter().map(|(from, to)| format!("  {from}  ->  {to}\n")).collect());
    part("stays as synod.toml has it", made.kept.iter().map(|key| format!("  {key}\n")).collect());
    part("not taken over", made.left.iter().map(|(from, why)| format!("  {from}: {why}\n")).collect());
    text
}

fn show(session: &Session, key: Option<&str>) -> Result<Exit, Failure> {
    let place = session.place()?;
    let mut rows: Vec<Line> = place.loaded.rows().into_iter().map(Line::from).chain(prices()).collect();
    if let Some(key) = key {
        rows.retain(|row| is_below(&row.key, key));
        if rows.is_empty() {
            return Err(
                Failure::usage(format!("no setting is called {key}")).hint("see all of them with: synod config show")
            );
        }
    }
    let values: Vec<_> =
        rows.iter().map(|row| json!({ "key": row.key, "value": row.value, "origin": row.origin })).collect();
    session.out.put(&values, || table(&rows))?;
    Ok(Exit::Ok)
}

/// One line of what is shown.
struct Line {
    key: String,
    value: String,
    origin: String,
}

impl From<Row> for Line {
    fn from(row: Row) -> Self {
        Self { key: row.key, value: row.value, origin: row.origin.to_string() }
    }
}

/// Where the prices come from that workers without one of their own are reckoned with. No setting, but what budgets rest on.
fn prices() -> Vec<Line> {
    let source = config::prices::source();
    let line = |key: &str, value: String| Line { key: format!("prices.{key}"), value, origin: "shipped".to_owned() };
    vec![
        line("source", format!("{:?}", source.list)),
        line("url", format!("{:?}", source.url)),
        line("releases", format!("{:?}", source.releases)),
        line("taken", format!("{:?}", source.taken)),
        line("models", source.models.to_string()),
    ]
}

/// Whether `key` is `group` or a key of it.
fn is_below(key: &str, group: &str) -> bool {
    key.strip_prefix(group).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn table(rows: &[Line]) -> String {
    let mut table = Table::new(&["KEY", "VALUE", "FROM"]);
    for row in rows {
        table.row([row.key.clone(), row.value.clone(), row.origin.clone()]);
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
    fn the_price_table_is_shown_with_its_source_and_day() {
        let text = table(&prices());
        assert!(text.contains("prices.taken") && text.contains("\"20") && text.contains("litellm 1."), "{text}");
    }

    #[test]
    fn each_value_is_shown_with_its_place() {
        let rows = config::parse("[limits]\nretries = 3").unwrap().rows();
        let rows = rows.into_iter().filter(|row| row.key == "limits.retries").map(Line::from);
        let text = table(&rows.collect::<Vec<_>>());
        assert_eq!(text, "KEY             VALUE  FROM\nlimits.retries  3      synod.toml:2\n");
    }
}
