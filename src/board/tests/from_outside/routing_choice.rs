//! What follows from a task's kind: its mode, its role, the order of the workers; and what a catalog may say.

#![expect(clippy::panic, reason = "a test that cannot go on should end where it stands")]
#![expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]

use std::collections::BTreeMap;
use std::time::Duration;
use synod::board::routing::{Catalog, Classified, classify, rank};
use synod::board::rules::{CallLimits, ConsensusRules, PlanLimits, Rules, SelectionRules, WorkerRule};
use synod::board::{Kind, Mode, Priority, Role, Shape, TaskSpec, Text, WorkerName};

fn catalog() -> Catalog {
    Catalog::read(&synod::config::catalog()).unwrap()
}

fn spec(text: &str) -> TaskSpec {
    TaskSpec::of_text(Text::short(text))
}

fn of(text: &str, change: impl FnOnce(&mut TaskSpec)) -> Classified {
    let mut spec = spec(text);
    change(&mut spec);
    classify(text, &spec, &catalog())
}

/// Workers by name, model, tier, family.
pub(crate) fn rules(workers: &[(&str, &str, u8, &str)]) -> Rules {
    let second = Duration::from_secs(1);
    let worker = |(name, model, tier, family): &(&str, &str, u8, &str)| WorkerRule {
        name: WorkerName::new(*name),
        model: (*model).to_owned(),
        tier: *tier,
        family: (*family).to_owned(),
        price: None,
        roles: Vec::new(),
        strengths: Vec::new(),
        max_concurrent: 1,
        timeout: second,
        outside: false,
        person: false,
        window_tokens: None,
        vision: false,
        sessions: synod::board::rules::Sessions::None,
    };
    Rules {
        workers: workers.iter().map(worker).collect(),
        limits: CallLimits {
            concurrent_calls_max: 5,
            retries_max: 1,
            backoff_first: second,
            backoff_max: second,
            retry_after_max: second,
            failures_before_rest: 3,
            rest_first: second,
            rest_max: second,
            rate_limit_rest: second,
            rate_limit_rest_max: second,
            overrun_grace: second,
            open_tasks_max: 10,
            attempts_per_task_max: 50,
            batch_steps_max: 1,
            budget_usd_per_day: None,
        },
        consensus: ConsensusRules {
            threshold: BTreeMap::new(),
            caution_margin: 0.1,
            conflict_runner_up: 0.2,
            tier_prior: [0.8, 0.75, 0.7, 0.67, 0.65],
            prior_strength: 20.0,
            family_correlation: 0.5,
            require_human: Vec::new(),
            rounds_max: 2,
            proofs_max: 2,
            early_stop: true,
        },
        catalog: catalog(),
        plans: PlanLimits::default(),
        people: Default::default(),
        selection: SelectionRules::default(),
        memory: synod::board::memory::MemoryRules::default(),
    }
}

fn order(classified: &Classified, rules: &Rules) -> Vec<String> {
    rank(classified, rules).into_iter().map(|name| name.to_string()).collect()
}

const FOUR: [(&str, &str, u8, &str); 4] =
    [("claude", "", 1, "anthropic"), ("codex", "", 2, "openai"), ("gemini", "", 3, "google"), ("grok", "", 3, "xai")];

#[test]
fn the_mode_follows_kind_size_and_priority() {
    let mode = |text: &str, priority: Priority| of(text, |spec| spec.priority = priority).mode;
    assert_eq!(mode("Write a hello world function", Priority::Low), Mode::Simple);
    assert_eq!(mode("Implement the checkout page", Priority::Normal), Mode::Medium);
    assert_eq!(mode("Design and implement user authentication", Priority::High), Mode::Architectural);
    assert_eq!(mode("Implement the checkout page", Priority::High), Mode::Complex);
    assert_eq!(mode("Implement the checkout page", Priority::Critical), Mode::Architectural);
    assert_eq!(mode("Implement the importer, about 800 lines", Priority::Normal), Mode::Complex);
    assert_eq!(mode("Is ffmpeg installed?", Priority::Normal), Mode::Simple);
    assert_eq!(of("Is ffmpeg installed?", |spec| spec.mode = Mode::Complex).mode, Mode::Complex);
}

#[test]
fn only_a_list_of_operations_is_a_mega_task() {
    let list = |count: usize, item: &str| format!("Do all of this:\n{}", format!("- {item}\n").repeat(count));
    assert_eq!(of(&list(20, "add the next field"), |_| ()).mode, Mode::Mega);
    assert_ne!(of(&list(19, "add the next field"), |_| ()).mode, Mode::Mega);
    assert_ne!(of(&list(40, "blue, or maybe green"), |_| ()).mode, Mode::Mega);
    assert_eq!(of("Carry out the migration in 25 steps", |_| ()).mode, Mode::Mega);
}

#[test]
fn what_the_person_named_stands() {
    let classified = of("Implement the checkout page", |spec| spec.kind = Some(Kind::new("code-review")));
    assert_eq!((classified.kind.as_str(), classified.shape), ("code-review", Shape::Judging));
    let classified = of("The login code", |spec| spec.role = Some(Role::new("oracle")));
    assert_eq!((classified.kind.as_str(), classified.role.as_str()), ("code-review", "reviewer"));
}

#[test]
fn every_alias_leads_to_its_role() {
    let catalog = catalog();
    for (alias, role) in
        [("sisyphus", "planner"), ("hephaestus", "implementer"), ("oracle", "reviewer"), ("librarian", "researcher")]
    {
        assert!(catalog.role_names().contains(&alias));
        assert_eq!(catalog.role_named(alias), Some(role));
    }
    let kinds = "architecture planning implementation refactoring quick-fix code-review security-review performance testing \
                 documentation codebase-analysis research brainstorm alternatives vision check";
    assert_eq!(catalog.kind_names(), kinds.split_whitespace().collect::<Vec<_>>());
    assert_eq!(catalog.category_names(), ["frontend", "backend", "devops", "scripts", "data", "architecture"]);
}

#[test]
fn implementations_go_to_the_workers_of_their_category() {
    let rules = rules(&FOUR);
    for (text, first_three) in [
        ("Implement the React settings form", ["gemini", "claude", "codex"]),
        ("Build a REST API endpoint", ["claude", "codex", "gemini"]),
        ("Add a Dockerfile for Kubernetes", ["codex", "grok", "claude"]),
        ("Write a bash script", ["codex", "gemini", "claude"]),
        ("Build the SQL ETL pipeline", ["codex", "claude", "gemini"]),
        ("Implement the parser", ["codex", "claude", "grok"]),
    ] {
        assert_eq!(order(&of(text, |_| ()), &rules)[..3], first_three, "{text}");
    }
}

#[test]
fn kinds_have_their_own_order() {
    let rules = rules(&[
        ("flash", "gemini-2.5-flash", 5, "google"),
        ("pro", "gemini-2.5-pro", 5, "google"),
        ("five", "gpt-5", 5, "openai"),
        ("coder", "gpt-5-codex", 2, "openai"),
        ("sonnet", "claude-sonnet-4-5", 1, "anthropic"),
        ("cheetah", "cheetah", 3, "other"),
        ("nova", "code-supernova-1-million", 4, "xai"),
    ]);
    for (kind, first) in [
        ("architecture", ["sonnet", "five"]),
        ("implementation", ["coder", "sonnet"]),
        ("security-review", ["five", "coder"]),
        ("code-review", ["coder", "five"]),
        ("performance", ["cheetah", "coder"]),
        ("codebase-analysis", ["nova", "sonnet"]),
        ("brainstorm", ["flash", "pro"]),
        ("quick-fix", ["coder", "flash"]),
        ("documentation", ["sonnet", "five"]),
        ("testing", ["five", "coder"]),
        ("alternatives", ["pro", "five"]),
    ] {
        let classified = of("something", |spec| spec.kind = Some(Kind::new(kind)));
        assert_eq!(order(&classified, &rules)[..2], first, "{kind}");
    }
}

#[test]
fn a_worker_meant_for_the_role_goes_first_and_equals_keep_their_order() {
    let mut rules = rules(&[("one", "m", 3, "a"), ("two", "m", 3, "b"), ("three", "m", 3, "c"), ("four", "m", 5, "d")]);
    let fix = of("Fix the typo", |_| ());
    assert_eq!(order(&fix, &rules), ["four", "one", "two", "three"], "cheaper tiers first");
    let review = of("Security review of the vault", |_| ());
    assert_eq!(order(&review, &rules), ["one", "two", "three", "four"], "tier 5 is too weak");
    rules.workers[2].roles = vec![Role::new("auditor")];
    rules.workers[1].strengths = vec!["Security".to_owned()];
    assert_eq!(order(&review, &rules), ["three", "two", "one", "four"]);
}

#[test]
fn reasons_name_the_words_that_counted() {
    let why = of("Do not refactor; review the parser", |_| ()).why.join("\n");
    assert!(why.contains("kind code-review") && why.contains("\"review\""), "{why}");
    assert!(!why.contains("refactor"), "{why}");
}

#[test]
fn the_longest_text_is_read_in_part() {
    for text in ["Review the parser. ".repeat(60_000), "- fix it\n".repeat(120_000), "a-".repeat(500_000)] {
        let classified = of(&text, |_| ());
        assert!(!classified.why.is_empty());
    }
    assert_eq!(of("", |_| ()).kind.as_str(), "implementation");
    assert_eq!(of("Hm?", |_| ()).kind.as_str(), "research");
}

#[test]
fn a_wrong_catalog_is_refused_by_key() {
    for (change, says) in [
        ("[kinds.check]\nshap = 'judging'", "catalog.kinds.check: unknown field `shap`"),
        ("[kinds.check]\nrole = 'nobody'", "catalog.kinds.check.role is `nobody`"),
        ("[kinds.check]\ntier = 9", "catalog.kinds.check.tier is 9"),
        ("[kinds.check]\nmode = 'auto'", "catalog.kinds.check.mode is `auto`"),
        ("[kinds.check.verbs]\ncheck = 99", "catalog.kinds.check.verbs.\"check\" is 99"),
        ("[kinds.mine]\nrole = 'tester'", "catalog.kinds.mine: missing field `shape`"),
        ("[categories.data]\nwords = 3", "catalog.categories.data: invalid type"),
        ("[roles.tester]\nfallback = 'nobody'", "catalog.roles.tester.fallback is `nobody`"),
        ("[modes.giant]\nworkers = 3", "catalog.modes.giant is no mode"),
        ("[modes.medium]\nworkers = 'some'", "catalog.modes.medium"),
    ] {
        let mut table = synod::config::catalog();
        lay(&mut table, change.parse().unwrap());
        let error = Catalog::read(&table).err().unwrap_or_else(|| panic!("accepted: {change}"));
        assert!(error.starts_with(says), "{change}: {error}");
    }
}

#[test]
fn a_workspace_adds_words_and_kinds() {
    let mut table = synod::config::catalog();
    let own =
        "[kinds.haiku]\nshape = 'making'\nrole = 'documenter'\nverbs = { versify = 3 }\n[kinds.check.asks]\nverify = 0";
    lay(&mut table, own.parse().unwrap());
    let catalog = Catalog::read(&table).unwrap();
    let text = "Versify the release";
    assert_eq!(classify(text, &spec(text), &catalog).kind.as_str(), "haiku");
    let text = "Verify the vault";
    assert_ne!(classify(text, &spec(text), &catalog).kind.as_str(), "check");
}

/// Lays tables over tables, as the settings do.
fn lay(base: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(value)) => lay(inner, value),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}
