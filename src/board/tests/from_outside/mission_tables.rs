//! The shipped teams, pipelines, roles and tables of kinds, each row by the route it gives. No model is called here.

#![expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]

use crate::routing_choice::rules;
use std::collections::BTreeMap;
use synod::board::{Kind, Mode, Offer, Priority, Role, Route, Source, State, TaskId, TaskSpec, Text, Timestamp, route};

/// The models of the third and fourth table, a worker each.
const ALL: &[(&str, &str, u8, &str)] = &[
    ("claude", "claude-4.5", 1, "anthropic"),
    ("gpt-5-codex-high", "gpt-5-codex", 2, "openai"),
    ("gpt-5-codex-medium", "gpt-5-codex", 2, "openai"),
    ("gpt-5-codex-low", "gpt-5-codex", 2, "openai"),
    ("cheetah", "cheetah", 3, "cheetah"),
    ("code-supernova", "code-supernova-1-million", 4, "supernova"),
    ("gpt-5-high", "gpt-5", 5, "openai"),
    ("gpt-5-medium", "gpt-5", 5, "openai"),
    ("gpt-5-low", "gpt-5", 5, "openai"),
    ("gemini-pro", "gemini-2.5-pro", 5, "google"),
    ("gemini-flash", "gemini-2.5-flash", 5, "google"),
    ("grok-4-code", "grok-4-code", 5, "xai"),
];

/// The models of the second table.
const ROLES: &[(&str, &str, u8, &str)] = &[
    ("gemini", "gemini-1.5-pro", 3, "google"),
    ("qwen", "qwen2.5-coder:32b", 3, "qwen"),
    ("claude", "claude-3-5-sonnet", 3, "anthropic"),
    ("mini", "gpt-4o-mini", 3, "openai"),
];

fn routed(workers: &[(&str, &str, u8, &str)], text: &str, change: impl FnOnce(&mut TaskSpec)) -> Route {
    let mut spec = TaskSpec::of_text(Text::short(text));
    change(&mut spec);
    route(&State::default(), &rules(workers), &offer(spec)).unwrap()
}

fn offer(spec: TaskSpec) -> Offer {
    let source = Source::Face { by: "test".to_owned(), hash: String::new() };
    let (at, id, words) = (Timestamp(0), TaskId::slug("t"), spec.text.head().to_owned());
    Offer { at, id, spec, words, source, ended: BTreeMap::new(), needs: synod::board::Needs::default() }
}

/// `implement (implementer, make) after plan: qwen`.
fn steps(route: &Route) -> Vec<String> {
    let step = |step: &synod::board::RoutedStep| {
        let needs: Vec<&str> = step.needs.iter().map(|need| need.as_str()).collect();
        let workers: Vec<&str> = step.workers.iter().map(|worker| worker.as_str()).collect();
        let after = if needs.is_empty() { String::new() } else { format!(" after {}", needs.join(" ")) };
        format!("{} ({}, {}){after}: {}", step.step, step.role, step.aim, workers.join(" "))
    };
    route.steps.iter().map(step).collect()
}

#[test]
fn a_role_by_its_alias_goes_to_its_model() {
    for (alias, role, worker) in [
        ("sisyphus", "planner", "gemini"),
        ("hephaestus", "implementer", "qwen"),
        ("oracle", "reviewer", "claude"),
        ("librarian", "researcher", "mini"),
    ] {
        let route = routed(ROLES, "Look at the login code", |spec| spec.role = Some(Role::new(alias)));
        assert_eq!(route.steps.len(), 1, "{alias}");
        assert_eq!((route.steps[0].role.as_str(), route.workers[0].as_str()), (role, worker), "{alias}");
    }
}

#[test]
fn each_pipeline_goes_through_its_phases_in_order() {
    let piped = |name: &str| {
        let route = routed(ROLES, "Add a rate limit to the login", |spec| spec.pipeline = Some(name.to_owned()));
        let roles: Vec<String> = route.steps.iter().map(|step| format!("{}:{}", step.step, step.role)).collect();
        roles.join(" ")
    };
    for (name, phases) in [
        ("feature", "plan:planner implement:implementer review:reviewer document:documenter synthesis:chair"),
        ("bugfix", "analyse:reviewer verify-analysis:planner fix:implementer verify-fix:reviewer"),
        ("review", "find:researcher review:reviewer assess:architect synthesis:chair"),
        ("brainstorm", "ideas:critic synthesis:chair"),
        ("implement-with-review", "implement:implementer review:reviewer synthesis:chair"),
        ("design-and-implement", "architecture:architect implementation:implementer check:reviewer synthesis:chair"),
        (
            "parallel-review",
            "security:security logic:reviewer performance:optimizer alternative:critic synthesis:chair",
        ),
        (
            "team-workflow",
            "architecture:architect security:security critique:critic plan:chair implement:implementer criteria:reviewer \
             optimize:optimizer integrate:implementer",
        ),
    ] {
        assert_eq!(piped(name), phases, "{name}");
    }
}

#[test]
fn a_text_that_asks_for_design_and_code_gets_both_side_by_side() {
    let first = |text: &str, mode: Mode| routed(ROLES, text, |spec| spec.mode = mode).steps[0].step.to_string();
    assert_eq!(first("Please design and implement user authentication", Mode::Auto), "architecture");
    assert_eq!(first("Design and implement user authentication", Mode::Simple), "make", "the person named a mode");
    assert_ne!(first("Design and implementation of the queue: explain them", Mode::Auto), "architecture");
    assert_ne!(first("Explain how to design and implement a queue", Mode::Auto), "architecture");
}

#[test]
fn an_image_goes_to_workers_who_see() {
    let mut spec = TaskSpec::of_text(Text::short("Find the bug that this shows"));
    spec.context = vec!["docs/Login.PNG".to_owned()];
    let mut rules = rules(ROLES);
    let routed = |rules: &synod::board::Rules| route(&State::default(), rules, &offer(spec.clone())).unwrap();
    for worker in &mut rules.workers {
        worker.vision = false;
    }
    let nobody = routed(&rules);
    assert!(!nobody.workers.is_empty(), "with nobody who is known to see, all may be asked");
    assert!(nobody.why.iter().any(|line| line.starts_with("images:")), "{:?}", nobody.why);
    rules.workers[3].vision = true;
    let one = routed(&rules);
    assert_eq!(one.workers.iter().map(|worker| worker.as_str()).collect::<Vec<_>>(), ["mini"]);
    assert!(one.why.iter().any(|line| line.contains("not asked") && line.contains("qwen")), "{:?}", one.why);
}

#[test]
fn who_checks_in_a_pipeline_did_not_make() {
    for name in ["feature", "bugfix", "implement-with-review"] {
        let route = routed(ROLES, "Add a rate limit", |spec| spec.pipeline = Some(name.to_owned()));
        for check in route.steps.iter().filter(|step| step.aim == "check") {
            let makers = route.steps.iter().filter(|step| check.needs.contains(&step.step));
            for maker in makers.flat_map(|step| &step.workers) {
                assert!(!check.workers.contains(maker), "{name}: {:?}", steps(&route));
            }
        }
    }
}

#[test]
fn a_worker_alone_comments_where_it_cannot_vote() {
    let route = routed(&ROLES[..1], "Add a rate limit", |spec| spec.pipeline = Some("feature".to_owned()));
    assert!(route.steps.iter().all(|step| step.aim != "check"), "{:?}", steps(&route));
    assert!(route.why.iter().any(|line| line.contains("comments without a vote")), "{:?}", route.why);
}

#[test]
fn teams_sit_as_their_tables_say() {
    let of = |team: &str, kind: &str| {
        let change = |spec: &mut TaskSpec| (spec.team, spec.kind) = (Some(team.to_owned()), Some(Kind::new(kind)));
        steps(&routed(ALL, "The login", change))
    };
    assert_eq!(of("quick", "quick-fix"), ["make (implementer, make): gemini-flash"]);
    assert_eq!(
        of("core", "implementation"),
        [
            "architect (architect, make): gpt-5-high",
            "big-picture (researcher, make): code-supernova",
            "implementer (implementer, make) after architect big-picture: gpt-5-codex-high",
            "synthesis (chair, synthesize) after architect big-picture implementer: claude",
        ]
    );
    assert_eq!(
        of("review", "code-review"),
        [
            "security (security, judge): gpt-5-medium",
            "reviewer (reviewer, judge): gpt-5-low",
            "alternative (critic, judge): gemini-pro",
            "quick-check (reviewer, judge): gemini-flash",
        ]
    );
    assert_eq!(of("specialists", "refactoring"), ["refactoring (implementer, make): grok-4-code"]);
    assert_eq!(of("specialists", "performance"), ["performance (optimizer, make): cheetah"]);
    assert_eq!(of("specialists", "quick-fix"), ["fast-fixes (implementer, make): gpt-5-codex-low"]);
    let standard = routed(ALL, "Implement it", |spec| spec.team = Some("standard".to_owned()));
    assert!((3..=4).contains(&standard.workers.len()), "{:?}", steps(&standard));
    let complex = routed(ALL, "Implement it", |spec| spec.team = Some("complex".to_owned()));
    assert!((5..=7).contains(&complex.workers.len()), "{:?}", steps(&complex));
}

#[test]
fn a_critical_team_is_everyone_and_waits_for_a_person() {
    let route = routed(ALL, "Review the security of the login", |spec| spec.team = Some("critical".to_owned()));
    assert_eq!((route.workers.len(), route.priority), (ALL.len(), Priority::Critical));
}

#[test]
fn each_kind_goes_to_its_primary() {
    for (kind, primary) in [
        ("architecture", "claude"),
        ("implementation", "gpt-5-codex-high"),
        ("security-review", "gpt-5-high"),
        ("performance", "cheetah"),
        ("codebase-analysis", "code-supernova"),
        ("brainstorm", "gemini-flash"),
        ("quick-fix", "gpt-5-codex-low"),
        ("documentation", "claude"),
        ("testing", "gpt-5-high"),
        ("refactoring", "gpt-5-codex-high"),
        ("alternatives", "gemini-pro"),
    ] {
        let route = routed(ALL, "The thing", |spec| spec.kind = Some(Kind::new(kind)));
        assert_eq!(route.workers[0].as_str(), primary, "{kind}");
    }
}

#[test]
fn ones_own_pipeline_is_read_from_the_settings_and_its_faults_are_named() {
    let read = |text: &str| {
        let loaded = synod::config::parse(text).unwrap();
        synod::board::routing::Catalog::read(&loaded.settings.catalog)
    };
    let own = read("[pipelines.release]\nsteps = [{ id = 'notes', do = 'Write the notes.' }]").unwrap();
    assert!(own.pipeline_names().contains(&"release") && own.pipeline_names().contains(&"feature"));
    for (steps, fault) in [
        ("[]", "pipelines.release has no steps"),
        ("[{ id = 'a', do = 'x', needs = ['b'] }]", "needs `b`, which is no step; steps are a"),
        ("[{ id = 'a', do = 'x', role = 'wizard' }]", "has the role `wizard`, which does not exist"),
        ("[{ id = 'a', do = 'x' }, { id = 'a', do = 'y' }]", "step `a` stands there twice"),
        ("[{ id = 'a', do = 'x', needs = ['b'] }, { id = 'b', do = 'x', needs = ['a'] }]", "wait for each other: a, b"),
        ("[{ id = 'a' }]", "step `a` has no `do`"),
        ("[{ id = 'a', do = 'x', aim = 'check' }]", "needs no step"),
        ("[{ id = 'a', do = 'x', whit = 1 }]", "pipelines.release: unknown field `whit`"),
    ] {
        let error = read(&format!("[pipelines.release]\nsteps = {steps}")).unwrap_err();
        assert!(error.contains(fault), "{error}");
    }
}
