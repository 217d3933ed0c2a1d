//! What settings must be besides well-typed: known keys, ranges, and what values mean to each other.
//! Every problem is collected with its key and place.

use std::collections::BTreeSet;
use std::time::Duration;

use indexmap::IndexMap;

use super::catalog;
use super::layers::{self, Flat};
use super::login::{self, Questions};
use super::nearest;
use super::problem::Problem;
use super::provider::{Provider, Transport};
use super::reader::{Reader, Setting};
use super::settings::{PerPriority, Settings};
use super::spending;
use super::trigger;
use super::worker::Worker;

/// Reads all settings from the merged keys and checks them.
pub(super) fn settings(flat: &Flat, data: toml::Table, problems: &mut Vec<Problem>) -> Settings {
    let reader = Reader::new(flat);
    let settings = Settings {
        workspace: Setting::take(&reader, "workspace"),
        limits: Setting::take(&reader, "limits"),
        memory: Setting::take(&reader, "memory"),
        consensus: Setting::take(&reader, "consensus"),
        people: Setting::take(&reader, "people"),
        selection: Setting::take(&reader, "selection"),
        cache: Setting::take(&reader, "cache"),
        http: Setting::take(&reader, "http"),
        workers: workers(&reader),
        triggers: trigger::read(flat, problems),
        catalog: data,
    };
    limits(&reader, &settings);
    consensus(&reader, &settings);
    spending::check(&reader, &settings);
    folders(&reader, &settings);
    patterns(&reader, &settings);
    for (name, worker) in &settings.workers {
        check_worker(&reader, name, worker);
    }
    one_spelling(&reader, &settings);
    let (known, mut found) = reader.finish();
    problems.append(&mut found);
    unknown_keys(flat, &known, problems);
    settings
}

/// Notes every key that nobody asked for.
fn unknown_keys(flat: &Flat, known: &BTreeSet<String>, problems: &mut Vec<Problem>) {
    let shipped = catalog::shipped();
    for (key, leaf) in flat.iter().filter(|(key, _)| !known.contains(*key) && *key != "trigger") {
        // What stands in a pipeline is the catalog's business, as with all its parts.
        if key.starts_with("pipelines.") {
            continue;
        }
        let what = match key.strip_prefix("catalog.").map(|rest| rest.split('.').next().unwrap_or(rest)) {
            Some(part) if shipped.contains_key(part) => continue,
            Some(_) => {
                let parts: Vec<&str> = shipped.keys().map(String::as_str).collect();
                format!("is in no part of the catalog; its parts are {}", parts.join(", "))
            }
            None => unknown(key, known.iter().map(String::as_str)),
        };
        problems.push(Problem::new(leaf.origin.clone(), key, what));
    }
}

/// Says that a key is unknown, with the nearest valid one: by spelling, else the same name in another group.
fn unknown<'a>(key: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let near = nearest::of(key, known.clone()).map(str::to_owned).or_else(|| {
        let last = key.rsplit('.').next().unwrap_or(key);
        known.clone().find(|other| other.rsplit('.').next() == Some(last)).map(str::to_owned)
    });
    match near {
        Some(near) => format!("is not a setting; did you mean {near}?"),
        None => "is not a setting; docs/settings.md lists them all".to_owned(),
    }
}

/// Reads the workers in the order they were written.
fn workers(reader: &Reader<'_>) -> IndexMap<String, Worker> {
    let mut workers = IndexMap::new();
    for key in reader.flat().keys() {
        if let Some(name) = layers::worker_name(key).filter(|name| key.len() > "workers.".len() + name.len())
            && !workers.contains_key(name)
        {
            workers.insert(name.to_owned(), Worker::read(reader, &format!("workers.{name}"), name));
        }
    }
    workers
}

/// Longest lease of an outside agent.
const WORK_LEASE_MAX: Duration = Duration::from_secs(3600);

/// Bounds that would stop everything at zero, and pairs that must be in order.
fn limits(reader: &Reader<'_>, settings: &Settings) {
    for (key, leaf) in reader.flat() {
        let bound = key.starts_with("limits.")
            && !key.ends_with(".retries")
            && !key.ends_with(".replans_max")
            && !key.ends_with(".recoveries_max")
            && !key.ends_with(".code_base_bytes_max")
            && !key.contains(".budget_");
        if bound && leaf.value.as_integer() == Some(0) {
            reader.fault(key, "must be at least 1");
        }
    }
    let limits = &settings.limits;
    for (low, low_value, high, high_value) in [
        ("backoff_initial", limits.backoff_initial, "backoff_max", limits.backoff_max),
        ("breaker_rest", limits.breaker_rest, "breaker_rest_max", limits.breaker_rest_max),
        ("rate_limit_rest", limits.rate_limit_rest, "rate_limit_rest_max", limits.rate_limit_rest_max),
    ] {
        if low_value > high_value {
            reader.fault(&format!("limits.{low}"), format!("must not be above limits.{high}"));
        }
    }
    if limits.work_lease > WORK_LEASE_MAX {
        reader.fault("limits.work_lease", "must not be above 1h: a step whose agent died waits that long for another");
    }
    for (key, budget) in [("budget_usd_per_day", limits.budget_usd_per_day)] {
        if budget.is_some_and(|budget| budget < 0.0) {
            reader.fault(&format!("limits.{key}"), "must not be below 0; \"none\" takes a limit away");
        }
    }
}

/// Shares within 0 to 1, thresholds that rise with the priority.
fn consensus(reader: &Reader<'_>, settings: &Settings) {
    let consensus = &settings.consensus;
    let share = |key: &str, value: f64| {
        if !(0.0..=1.0).contains(&value) {
            reader.fault(&format!("consensus.{key}"), "must be from 0 to 1");
        }
    };
    let PerPriority { low, normal, high, critical } = consensus.threshold;
    for (name, value) in [("low", low), ("normal", normal), ("high", high), ("critical", critical)] {
        share(&format!("threshold.{name}"), value);
    }
    for (below, value, above, next) in
        [("low", low, "normal", normal), ("normal", normal, "high", high), ("high", high, "critical", critical)]
    {
        if value > next {
            reader.fault(
                &format!("consensus.threshold.{below}"),
                format!("must not be above consensus.threshold.{above}"),
            );
        }
    }
    share("caution_margin", consensus.caution_margin);
    share("conflict_runner_up", consensus.conflict_runner_up);
    share("family_correlation", consensus.family_correlation);
    if consensus.tier_prior.0.iter().any(|prior| !(*prior > 0.0 && *prior < 1.0)) {
        reader.fault("consensus.tier_prior", "must hold chances above 0 and below 1");
    }
    if consensus.prior_strength <= 0.0 {
        reader.fault("consensus.prior_strength", "must be above 0");
    }
    if consensus.rounds_max == 0 {
        reader.fault("consensus.rounds_max", "must be at least 1");
    }
}

/// The shared folders stay inside the workspace and apart from each other.
fn folders(reader: &Reader<'_>, settings: &Settings) {
    let workspace = &settings.workspace;
    for (key, path) in [("coordination", &workspace.coordination), ("memories", &workspace.memories)] {
        let plain = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        if !plain || path.as_os_str().is_empty() {
            reader.fault(&format!("workspace.{key}"), "must be a folder inside the workspace, without `..`");
        } else if path.starts_with(".synod") {
            reader.fault(&format!("workspace.{key}"), "must not be inside .synod, which is the daemon's own");
        }
    }
    if workspace.memories.starts_with(&workspace.coordination)
        || workspace.coordination.starts_with(&workspace.memories)
    {
        reader.fault("workspace.memories", "and workspace.coordination must not hold one another");
    }
}

/// Patterns of memory names must be globs, so that a slip of the pen does not open what should be closed.
fn patterns(reader: &Reader<'_>, settings: &Settings) {
    let memory = &settings.memory;
    for (key, list) in [("memory.read_only", &memory.read_only), ("memory.ignored", &memory.ignored)] {
        for pattern in list {
            if let Err(error) = globset::GlobBuilder::new(pattern).literal_separator(true).build() {
                reader.fault(key, format!("holds `{pattern}`, which is no glob: {}", error.kind()));
            }
        }
    }
}

/// Names that differ only in case would meet in file names, and in the names of environment variables.
fn one_spelling(reader: &Reader<'_>, settings: &Settings) {
    let mut seen = BTreeSet::new();
    for name in settings.workers.keys() {
        if !seen.insert(name.to_ascii_lowercase().replace('-', "_")) {
            let what = "stands under a name that another worker has in a different spelling; choose another";
            reader.fault(&format!("workers.{name}.provider"), what);
        }
    }
}

/// One worker's values, and what its provider needs.
fn check_worker(reader: &Reader<'_>, name: &str, worker: &Worker) {
    let fault = |key: &str, what: &str| reader.fault(&format!("workers.{name}.{key}"), what);
    if !is_name(name) {
        fault(
            "provider",
            "stands under a name that cannot be used: letters, digits, `-` and `_`, at most 40, beginning with a letter or digit",
        );
    }
    if !(1..=5).contains(&worker.tier) {
        fault("tier", "must be from 1 (strongest) to 5");
    }
    if worker.max_concurrent == 0 {
        fault("max_concurrent", "must be at least 1");
    }
    if worker.context_window == Some(0) {
        fault("context_window", "must be at least 1");
    }
    if worker.max_tokens == Some(0) {
        fault("max_tokens", "must be at least 1");
    }
    if worker.temperature.is_some_and(|temperature| !(0.0..=2.0).contains(&temperature)) {
        fault("temperature", "must be from 0 to 2");
    }
    if worker.price.is_some_and(|price| price.input < 0.0 || price.output < 0.0) {
        fault("price.input", "and price.output must not be below 0");
    }
    if worker
        .model
        .as_deref()
        .is_some_and(|model| model.trim().is_empty() || model.contains("::") || model.contains(char::is_control))
    {
        fault("model", "must be a model's name as the provider knows it, without `::`");
    }
    if worker.base_url.as_deref().is_some_and(|url| !is_address(url)) {
        fault("base_url", "must be an address such as \"http://127.0.0.1:9000/v1\"");
    }
    if worker.api_key_env.as_deref().is_some_and(|name| !is_variable(name)) {
        fault("api_key_env", "must be the name of an environment variable, such as \"OPENAI_API_KEY\", not a key");
    }
    if worker.env.iter().any(|name| !is_variable(name)) {
        fault("env", "must hold names of environment variables");
    }
    if worker.call_usd_max.is_some_and(|usd| usd < 0.0) {
        fault("call_usd_max", "must not be below 0");
    }
    needs(&fault, worker);
    login::check(&fault, worker);
    if worker.provider != Provider::Mcp && worker.questions != Questions::Refuse {
        fault("questions", "is for the provider `mcp`");
    } else if worker.questions == Questions::Refuse && !worker.answers.is_empty() {
        fault("answers", "goes with `questions = \"answer\"`");
    }
}

/// What a provider cannot work without, and what means nothing to it.
fn needs(fault: &dyn Fn(&str, &str), worker: &Worker) {
    let transport = worker.provider.transport();
    if transport == Transport::Http && worker.model.is_none() {
        fault("model", "is needed by this provider");
    }
    match (worker.provider, worker.command.is_empty()) {
        (Provider::Command, true) => {
            fault("command", "is needed by provider `command`: [\"program\", \"argument\", …]")
        }
        (Provider::Command | Provider::Mcp, _) | (_, true) => {}
        (_, false) => fault("command", "is for the providers `command` and `mcp`; a CLI's own path is `program`"),
    }
    if worker.provider == Provider::Mcp {
        if worker.command.is_empty() == worker.url.is_none() {
            fault(
                "command",
                "or `url` is needed by provider `mcp`, one of them: [\"program\", \"argument\", …] or an address",
            );
        }
        if worker.tool.as_deref().is_none_or(|tool| tool.trim().is_empty()) {
            fault("tool", "is needed by provider `mcp`: the name of the server's tool that is called");
        }
        if worker.url.as_deref().is_some_and(|url| !is_address(url)) {
            fault("url", "must be an address such as \"http://127.0.0.1:8080/mcp\"");
        }
    } else if worker.url.is_some() {
        fault("url", "is for the provider `mcp`; the address of others is `base_url`");
    } else if worker.tool.is_some() || !worker.arguments.is_empty() {
        fault("tool", "and `arguments` are for the provider `mcp`");
    }
    if worker.provider == Provider::Replay && worker.cassette.is_none() {
        fault("cassette", "is needed by provider `replay`: the file of recorded answers");
    }
    if worker.program.is_some() && worker.provider.program().is_none() {
        fault("program", "is for the CLI providers");
    }
}

/// Whether a worker's name can stand in file names and logs.
pub(super) fn is_name(name: &str) -> bool {
    name.len() <= 40
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// Whether a text is the name of an environment variable.
pub(super) fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether a text is an http address with a host.
pub(super) fn is_address(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")) else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    !authority.is_empty()
        && !authority.starts_with(':')
        && port_is_valid(authority)
        && !url.contains(char::is_whitespace)
}

/// Whether an address is on this machine.
pub(super) fn is_loopback(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether what follows the last colon outside brackets, if anything, is a port.
fn port_is_valid(authority: &str) -> bool {
    let after_host = authority.rsplit_once(']').map_or(authority, |(_, rest)| rest);
    after_host.rsplit_once(':').is_none_or(|(_, port)| port.parse::<u16>().is_ok())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;
    use crate::config::{Cache, Error, Selection, parse};
    use std::collections::BTreeMap;

    /// The problems of a settings text, one a line.
    fn faults(text: &str) -> String {
        match parse(text) {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn an_unknown_key_names_its_line_and_the_nearest() {
        for (text, expected) in [
            ("[limits]\nretires = 2", "synod.toml:2: limits.retires is not a setting; did you mean limits.retries?"),
            ("[limit]\nretries = 2", "synod.toml:2: limit.retries is not a setting; did you mean limits.retries?"),
            ("[consensus]\nretries = 2", "did you mean limits.retries?"),
            ("zzzzzzzzzzzz = 2", "synod.toml:1: zzzzzzzzzzzz is not a setting; docs/settings.md lists them all"),
            (
                "[workers.a]\nprovider = 'human'\nmodle = 'x'",
                "synod.toml:3: workers.a.modle is not a setting; did you mean workers.a.model?",
            ),
            ("[consensus]\nthreshold = { lwo = 0.5 }", "did you mean consensus.threshold.low?"),
            ("limits = 5", "synod.toml:1: limits is not a setting"),
            (
                "catalog.role.reviewer.temperature = 1",
                "catalog.role.reviewer.temperature is in no part of the catalog; its parts are categories",
            ),
            ("workers = 5", "synod.toml:1: workers is not a setting"),
            ("[workers]\na = 5", "synod.toml:2: workers.a is not a setting"),
        ] {
            assert!(faults(text).contains(expected), "{text}: {}", faults(text));
        }
    }

    #[test]
    fn each_wrong_value_is_refused_by_key() {
        for (text, expected) in [
            ("[limits]\nattempt_timeout = 60", "limits.attempt_timeout must be a duration"),
            ("[limits]\nattempt_timeout = '60'", "limits.attempt_timeout must be a duration"),
            ("[limits]\nretries = -1", "limits.retries must be a whole number"),
            ("[limits]\nretries = '1'", "limits.retries must be a whole number from 0 to 4294967295, not a text"),
            ("[limits]\nwatch_queue_max = 0", "limits.watch_queue_max must be at least 1"),
            ("[limits]\nwork_lease = '2h'", "limits.work_lease must not be above 1h"),
            ("[limits]\nbackoff_initial = '1m'", "limits.backoff_initial must not be above limits.backoff_max"),
            ("[limits]\nbudget_usd_per_day = -1", "limits.budget_usd_per_day must not be below 0"),
            ("[limits]\nbudget_usd_per_day = nan", "limits.budget_usd_per_day must be a number"),
            ("[consensus]\nthreshold.low = 1.5", "consensus.threshold.low must be from 0 to 1"),
            (
                "[consensus]\nthreshold.low = 0.75",
                "consensus.threshold.low must not be above consensus.threshold.normal",
            ),
            ("[consensus]\nrequire_human = ['urgent']", "unknown priority `urgent`"),
            ("[consensus]\ntier_prior = [0.8, 0.7]", "consensus.tier_prior must be a list of five numbers"),
            ("[consensus]\ntier_prior = [1.0, 0.7, 0.7, 0.7, 0.7]", "above 0 and below 1"),
            ("[consensus]\nprior_strength = 0", "consensus.prior_strength must be above 0"),
            ("[consensus]\nrounds_max = 0", "consensus.rounds_max must be at least 1"),
            ("[http]\nlisten = '0.0.0.0:80'", "http.listen must be a loopback address"),
            ("[http]\nlisten = 'here'", "http.listen must be an address"),
            ("[memory]\nread_only = ['a[']", "memory.read_only holds `a[`, which is no glob"),
            ("[workspace]\nmemories = '../elsewhere'", "workspace.memories must be a folder inside"),
            ("[workspace]\nmemories = '/tmp'", "workspace.memories must be a folder inside"),
            ("[workspace]\nmemories = ''", "workspace.memories must be a folder inside"),
            ("[workspace]\nmemories = '.synod/m'", "must not be inside .synod"),
            ("[workspace]\nmemories = 'AI_COORDINATION/tasks'", "must not hold one another"),
            ("[[trigger]]\nwhen_memory = 'a'", "trigger[1] needs run"),
        ] {
            assert!(faults(text).contains(expected), "{text}: {}", faults(text));
        }
    }

    #[test]
    fn each_wrong_worker_is_refused_by_key() {
        for (lines, expected) in [
            ("model = 'x'", "workers.a.provider is missing"),
            ("provider = 'claud-code'", "did you mean `claude-code`?"),
            ("provider = 'human'\ntier = 6", "workers.a.tier must be from 1"),
            ("provider = 'human'\ntier = 0", "workers.a.tier must be from 1"),
            ("provider = 'human'\nmax_concurrent = 0", "workers.a.max_concurrent must be at least 1"),
            ("provider = 'openai'", "workers.a.model is needed"),
            ("provider = 'openai'\nmodel = 'ns::m'", "workers.a.model must be"),
            ("provider = 'openai'\nmodel = 'm'\nbase_url = 'localhost:1'", "workers.a.base_url must be"),
            ("provider = 'openai'\nmodel = 'm'\nbase_url = 'http://h:99999/v1'", "workers.a.base_url must be"),
            ("provider = 'openai'\nmodel = 'm'\nbase_url = 'http:///v1'", "workers.a.base_url must be"),
            ("provider = 'openai'\nmodel = 'm'\ntemperature = 3", "workers.a.temperature must be from 0 to 2"),
            ("provider = 'openai'\nmodel = 'm'\nmax_tokens = 0", "workers.a.max_tokens must be at least 1"),
            ("provider = 'openai'\nmodel = 'm'\nreasoning_effort = 'very'", "must be one of off, minimal"),
            ("provider = 'openai'\nmodel = 'm'\napi_key_env = 'my-key'", "workers.a.api_key_env must be the name"),
            ("provider = 'openai'\nmodel = 'm'\nprice = { input = 1.0 }", "workers.a.price needs both"),
            ("provider = 'openai'\nmodel = 'm'\nprice = { input = -1, output = 1 }", "workers.a.price.input"),
            ("provider = 'openai'\nmodel = 'm'\nprogram = 'x'", "workers.a.program is for the CLI"),
            ("provider = 'command'", "workers.a.command is needed"),
            ("provider = 'codex'\ncommand = ['x']", "workers.a.command is for the providers"),
            ("provider = 'replay'", "workers.a.cassette is needed"),
            ("provider = 'mcp'\ntool = 't'", "workers.a.command or `url` is needed"),
            (
                "provider = 'mcp'\ntool = 't'\ncommand = ['x']\nurl = 'http://h/mcp'",
                "workers.a.command or `url` is needed",
            ),
            ("provider = 'mcp'\ncommand = ['x']", "workers.a.tool is needed"),
            ("provider = 'mcp'\ntool = 't'\nurl = 'nowhere'", "workers.a.url must be an address"),
            ("provider = 'mcp'\ntool = 't'\ncommand = ['x']\narguments = 'x'", "workers.a.arguments must be a table"),
            ("provider = 'human'\ntool = 't'", "workers.a.tool and `arguments` are for"),
            ("provider = 'human'\nurl = 'http://h/mcp'", "workers.a.url is for the provider `mcp`"),
            ("provider = 'human'\nenv = ['A=B']", "workers.a.env must hold names"),
            ("provider = 'human'\nroles = 'chair'", "workers.a.roles must be a list of texts"),
            ("", "workers.a is empty"),
        ] {
            let text = format!("[workers.a]\n{lines}");
            assert!(faults(&text).contains(expected), "{text}: {}", faults(&text));
        }
        assert!(faults("[workers.'a/b']\nprovider = 'human'").contains("name that cannot be used"));
        assert!(faults("[workers.a-b]\nprovider = 'human'\n[workers.A_b]\nprovider = 'human'").contains("spelling"));
        assert!(faults("[workers.'a.b']\nprovider = 'human'").contains("name that cannot be used"));
    }

    #[test]
    fn all_problems_come_together() {
        let error = parse("[limits]\nretires = 1\nwatch_queue_max = 'x'\n[workers.a]\nprovider = 'human'\ntier = 9")
            .unwrap_err();
        let Error::Invalid(problems) = error else { unreachable!("settings are wrong, files are not") };
        assert_eq!(problems.len(), 3, "{problems:?}");
    }

    #[test]
    fn a_key_written_in_settings_is_refused_and_not_repeated() {
        let secret = format!("sk-proj-{}", "a1".repeat(20));
        let text = format!("[workers.a]\nprovider = 'openai'\nmodel = 'm'\napi_key_env = '{secret}'");
        let message = faults(&text);
        assert!(message.contains("synod.toml:4: workers.a.api_key_env looks like a key"), "{message}");
        assert!(!message.contains(&secret));
    }

    /// Every known key with one worker called NAME.
    fn known() -> BTreeSet<String> {
        let loaded = parse("[workers.NAME]\nprovider = 'human'").unwrap();
        let reader = Reader::new(&loaded.flat);
        let _: (super::super::Workspace, super::super::Limits) =
            (Setting::take(&reader, "workspace"), Setting::take(&reader, "limits"));
        let _: (super::super::MemoryBus, super::super::Consensus, super::super::Http) =
            (Setting::take(&reader, "memory"), Setting::take(&reader, "consensus"), Setting::take(&reader, "http"));
        let _: super::super::People = Setting::take(&reader, "people");
        let _: (Selection, Cache) = (Setting::take(&reader, "selection"), Setting::take(&reader, "cache"));
        workers(&reader);
        let mut known = reader.finish().0;
        known.extend(["trigger", "catalog", "pipelines"].map(str::to_owned));
        known
    }

    #[test]
    fn the_settings_page_has_each_key_with_its_default_and_no_other() {
        let page = include_str!("../../docs/settings.md");
        let rows: BTreeMap<&str, &str> = page
            .lines()
            .filter_map(|line| {
                let mut cells = line.strip_prefix("| `")?.split(" | ");
                let key = cells.next()?.trim_end_matches('`');
                Some((key, cells.nth(1)?.trim_matches('`')))
            })
            .collect();
        let documented: BTreeSet<String> = rows.keys().map(|key| (*key).to_owned()).collect();
        assert_eq!(documented, known());
        for row in parse("").unwrap().rows() {
            let value = if row.key == "consensus.require_human" { "[\"critical\"]".to_owned() } else { row.value };
            assert_eq!(rows[row.key.as_str()], value, "{}", row.key);
        }
    }

    #[test]
    fn the_examples_of_the_settings_page_load() {
        let page = include_str!("../../docs/settings.md");
        let examples: Vec<&str> = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert!(!examples.is_empty());
        for example in examples {
            assert_eq!(faults(example), "", "{example}");
        }
    }
}
