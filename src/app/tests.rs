//! The composition root: what the settings become, what is said when something is not there, what the doctor finds.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should end where it stands")]

use super::engine::make_private;
use super::rules::rules;
use super::*;
use crate::api::{ErrorKind, NewTask, Reply, Request};
use crate::board::{Priority, TaskId};
use crate::config::{self, Environment};
use crate::worker::Pace;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// A workspace with these settings, opened in an environment in which no worker is found.
fn place(settings: &str) -> (TempDir, Place) {
    let folder = tempfile::tempdir().unwrap();
    let place = place_in(folder.path(), settings);
    (folder, place)
}

fn place_in(root: &Path, settings: &str) -> Place {
    std::fs::write(root.join("synod.toml"), settings).unwrap();
    init(&options(root)).unwrap();
    let home = root.join("home");
    std::fs::create_dir_all(&home).unwrap();
    // Nothing is found here by itself: no program, no key, and nobody on Ollama's port.
    let home = home.display().to_string();
    let environment = Environment::of([("PATH", "/nowhere"), ("HOME", home.as_str()), ("OLLAMA_HOST", "127.0.0.1:1")]);
    let (layout, loaded) = config::open(root, &environment, &[]).unwrap();
    Place { layout, loaded, environment }
}

fn options(root: &Path) -> Options {
    Options { start: Some(root.to_owned()), flags: Vec::new() }
}

const ONE: &str = "[workers.one]\nprovider = \"command\"\ncommand = [\"true\"]\n";

fn finding<'a>(findings: &'a [Finding], name: &str) -> &'a Finding {
    findings.iter().find(|finding| finding.name == name).unwrap_or_else(|| panic!("no {name} in {findings:#?}"))
}

#[test]
fn every_limit_lands_where_it_is_kept() {
    let (_folder, place) = place(
        r#"
[limits]
max_concurrent_calls = 11
attempt_timeout = "12s"
retries = 3
backoff_initial = "14ms"
backoff_max = "15s"
retry_after_max = "16s"
breaker_failures = 17
breaker_rest = "18s"
breaker_rest_max = "19m"
rate_limit_rest = "20s"
rate_limit_rest_max = "21m"
overrun_grace = "22s"
open_tasks_max = 23
attempts_per_task_max = 24
"#,
    );
    let limits = rules(&place, &place.loaded.settings.workers).unwrap().limits;
    assert_eq!((limits.concurrent_calls_max, limits.retries_max, limits.failures_before_rest), (11, 3, 17));
    assert_eq!((limits.open_tasks_max, limits.attempts_per_task_max), (23, 24));
    let spans = [
        (limits.backoff_first, Duration::from_millis(14)),
        (limits.backoff_max, Duration::from_secs(15)),
        (limits.retry_after_max, Duration::from_secs(16)),
        (limits.rest_first, Duration::from_secs(18)),
        (limits.rest_max, Duration::from_secs(19 * 60)),
        (limits.rate_limit_rest, Duration::from_secs(20)),
        (limits.rate_limit_rest_max, Duration::from_secs(21 * 60)),
        (limits.overrun_grace, Duration::from_secs(22)),
    ];
    for (number, (is, wanted)) in spans.into_iter().enumerate() {
        assert_eq!(is, wanted, "span {number}");
    }
}

#[test]
fn the_vote_goes_by_the_settings() {
    let (_folder, place) = place(
        "[consensus]\nthreshold = { low = 0.51, normal = 0.62, high = 0.73, critical = 0.84 }\ncaution_margin = 0.05\n\
         conflict_runner_up = 0.3\nrequire_human = [\"low\", \"high\"]\nprior_strength = 9.0\nfamily_correlation = 0.25\nrounds_max = 3\nproofs_max = 4\n\
         tier_prior = [0.9, 0.8, 0.7, 0.6, 0.55]\n",
    );
    let consensus = rules(&place, &place.loaded.settings.workers).unwrap().consensus;
    assert_eq!(Priority::ALL.map(|priority| consensus.threshold[&priority]), [0.51, 0.62, 0.73, 0.84]);
    assert_eq!(consensus.require_human, [Priority::Low, Priority::High]);
    assert_eq!(consensus.tier_prior, [0.9, 0.8, 0.7, 0.6, 0.55]);
    let numbers = [
        consensus.caution_margin,
        consensus.conflict_runner_up,
        consensus.prior_strength,
        consensus.family_correlation,
    ];
    assert_eq!(numbers, [0.05, 0.3, 9.0, 0.25]);
    assert_eq!((consensus.rounds_max, consensus.proofs_max), (3, 4));
}

#[test]
fn workers_keep_their_order_and_what_is_set_of_them() {
    let (_folder, place) = place(
        r#"
[limits]
attempt_timeout = "90s"
[workers.zed]
provider = "command"
command = ["true"]
model = "z-1"
tier = 3
family = "zeds"
roles = ["critic"]
strengths = ["rust"]
max_concurrent = 7
timeout = "5s"
[workers.abe]
provider = "command"
command = ["true"]
"#,
    );
    let rules = rules(&place, &place.loaded.settings.workers).unwrap();
    let names: Vec<&str> = rules.workers.iter().map(|worker| worker.name.as_str()).collect();
    assert_eq!(names, ["zed", "abe"], "the order of the file is the order of preference");
    let zed = &rules.workers[0];
    assert_eq!((zed.model.as_str(), zed.tier, zed.family.as_str(), zed.max_concurrent), ("z-1", 3, "zeds", 7));
    assert_eq!((zed.timeout, zed.strengths.as_slice()), (Duration::from_secs(5), &["rust".to_owned()][..]));
    assert_eq!(zed.roles.len(), 1);
    let abe = &rules.workers[1];
    assert_eq!(
        (abe.model.as_str(), abe.timeout),
        ("command", Duration::from_secs(90)),
        "what is not set is the general"
    );
}

#[tokio::test]
async fn without_a_worker_the_engine_says_how_to_get_one_unless_it_only_looks() {
    let (_folder, place) = place("");
    let error = Engine::start(&place, Engage::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (Kind::NoWorker, "no model was found that could work"));
    let hint = error.hint();
    assert_eq!(hint.matches("\n  - ").count(), 3, "{hint}");
    assert!(hint.ends_with("synod demo"), "{hint}");
    let mut engine = Engine::start(&place, Engage { look: true, ..Engage::default() }).await.unwrap();
    let Ok(Reply::Tasks { tasks, next }) =
        engine.handle().ask(Request::Tasks { state: None, limit: None, before: None }).await
    else {
        panic!("no list")
    };
    assert!(tasks.is_empty() && next.is_none());
    engine.stop(false).await;
    engine.ended().await.unwrap();
}

#[tokio::test]
async fn a_second_engine_is_told_who_has_the_workspace_and_may_come_afterwards() {
    let (_folder, place) = place(ONE);
    let mut first = Engine::start(&place, Engage::default()).await.unwrap();
    let error = Engine::start(&place, Engage::default()).await.unwrap_err();
    assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
    assert_eq!(error.kind(), Kind::Failed);
    first.stop(false).await;
    first.ended().await.unwrap();
    drop(first);
    let mut second = Engine::start(&place, Engage::default()).await.unwrap();
    second.stop(true).await;
    second.ended().await.unwrap();
}

#[tokio::test]
async fn a_damaged_store_is_an_error_that_says_what_to_do() {
    let (_folder, place) = place(ONE);
    let mut engine = Engine::start(&place, Engage::default()).await.unwrap();
    engine.stop(false).await;
    engine.ended().await.unwrap();
    drop(engine);
    std::fs::remove_dir_all(&place.layout.store).unwrap();
    std::fs::write(&place.layout.store, "not a folder").unwrap();
    let error = Engine::start(&place, Engage::default()).await.unwrap_err();
    assert!(error.to_string().contains("store"), "{error}");
    assert_eq!(std::fs::read_to_string(&place.layout.store).unwrap(), "not a folder", "nothing was touched");
    // The failed start left nothing behind that would stand in the way of the next.
    std::fs::remove_file(&place.layout.store).unwrap();
    let mut engine = Engine::start(&place, Engage::default()).await.unwrap();
    engine.stop(false).await;
    engine.ended().await.unwrap();
}

#[tokio::test]
async fn nobody_answers_without_a_daemon_nor_behind_a_socket_that_was_left() {
    let (_folder, place) = place(ONE);
    assert!(connect(&place).await.unwrap().is_none(), "no socket");
    make_private(&place.layout.dot_synod).unwrap();
    drop(std::os::unix::net::UnixListener::bind(&place.layout.socket).unwrap());
    assert!(place.layout.socket.exists());
    assert!(connect(&place).await.unwrap().is_none(), "a socket without anybody behind it");
    let mut engine = Engine::start(&place, Engage { socket: true, ..Engage::default() }).await.unwrap();
    let handle = connect(&place).await.unwrap().unwrap();
    assert!(matches!(handle.ask(Request::Status).await, Ok(Reply::Status(_))));
    let unknown = handle.ask(Request::Show { task: TaskId::slug("nobody") }).await.unwrap_err();
    assert_eq!(unknown.kind, ErrorKind::NotFound, "errors come through as they are: {unknown:?}");
    drop(handle);
    engine.stop(false).await;
    engine.ended().await.unwrap();
    drop(engine);
    assert!(connect(&place).await.unwrap().is_none());
}

#[tokio::test]
async fn the_daemons_own_folder_is_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, place) = place(ONE);
    let mut engine = Engine::start(&place, Engage { socket: true, ..Engage::default() }).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&place.layout.dot_synod), mode(&place.layout.socket)), (0o700, 0o600));
    engine.stop(false).await;
    engine.ended().await.unwrap();
}

#[test]
fn init_takes_the_folder_names_of_settings_that_are_there_and_makes_no_others() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("synod.toml"), "[workspace]\ncoordination = \"BOARD\"\nmemories = \"notes\"\n")
        .unwrap();
    init(&options(folder.path())).unwrap();
    assert!(folder.path().join("BOARD/tasks").is_dir() && folder.path().join("notes").is_dir());
    assert!(!folder.path().join("AI_COORDINATION").exists());
}

#[test]
fn init_in_an_empty_folder_makes_a_workspace_and_changes_nothing_the_second_time() {
    let folder = tempfile::tempdir().unwrap();
    init(&options(folder.path())).unwrap();
    let readme = folder.path().join("AI_COORDINATION/README.md");
    std::fs::write(&readme, "mine").unwrap();
    init(&options(folder.path())).unwrap();
    assert_eq!(std::fs::read_to_string(readme).unwrap(), "mine");
    assert!(workspace(&options(folder.path())).is_ok());
}

#[test]
fn a_workspace_that_is_none_or_has_bad_settings_is_the_persons_to_mend() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(workspace(&options(folder.path())).unwrap_err().kind(), Kind::Usage);
    std::fs::write(folder.path().join("synod.toml"), "[limits]\nretrys = 1\n").unwrap();
    let error = workspace(&options(folder.path())).unwrap_err();
    assert!(error.kind() == Kind::Usage && error.to_string().contains("retries"), "{error}");
}

#[test]
fn the_demo_is_a_whole_workspace_and_never_writes_into_somebodys_folder() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("new/demo");
    let made = demo(Some(target.clone())).unwrap();
    assert_eq!(made.root, target);
    for file in ["synod.toml", "cassette.jsonl", "src/login.py", "AI_COORDINATION/tasks"] {
        assert!(target.join(file).exists(), "{file}");
    }
    let place = workspace(&made.options).unwrap();
    assert_eq!(place.workers().keys().collect::<Vec<_>>(), ["claude", "codex", "gemini"]);
    let again = demo(Some(target)).unwrap_err();
    assert!(again.to_string().contains("not empty"), "{again}");
    let theirs = folder.path().join("theirs");
    std::fs::create_dir(&theirs).unwrap();
    std::fs::write(theirs.join("notes.txt"), "mine").unwrap();
    demo(Some(theirs.clone())).unwrap_err();
    assert_eq!(std::fs::read_dir(&theirs).unwrap().count(), 1, "nothing was added");
}

#[tokio::test]
async fn the_demo_comes_to_its_decision_without_any_model() {
    let folder = tempfile::tempdir().unwrap();
    let made = demo(Some(folder.path().join("demo"))).unwrap();
    let place = workspace(&made.options).unwrap();
    let engage = Engage { pace: Pace::Instant, ..Engage::default() };
    let mut engine = Engine::start(&place, engage).await.unwrap();
    let content = made.task.to_owned();
    let new = NewTask {
        name: Some("review-login".to_owned()),
        content,
        format: Some("md".to_owned()),
        by: "demo".to_owned(),
        ..NewTask::default()
    };
    let handle = engine.handle();
    let Ok(Reply::Accepted { task }) = handle.ask(Request::Submit(Box::new(new))).await else { panic!("not accepted") };
    let Ok(Reply::Task(view)) = handle.ask(Request::Wait { task, for_ms: 60_000 }).await else { panic!("lost") };
    let decision = view.decision.unwrap();
    assert_eq!((decision.model_count, decision.failed_workers.len()), (3, 0));
    engine.stop(false).await;
    engine.ended().await.unwrap();
    assert!(place.layout.decisions.join("review-login.md").exists());
}

#[tokio::test]
async fn offline_the_doctor_tries_nobody() {
    let (_folder, place) = place(ONE);
    let findings = doctor(&place, DoctorWhat { offline: true, store: false }).await.unwrap();
    let one = finding(&findings, "one");
    assert!(one.what.contains("not tried") && one.standing == Standing::Ok, "{one:?}");
    assert_eq!(finding(&findings, "workspace").standing, Standing::Ok);
}

#[tokio::test]
async fn the_doctor_finds_a_workspace_that_is_not_made_and_says_how_to_make_it() {
    let (_folder, place) = place(ONE);
    std::fs::remove_dir_all(&place.layout.tasks).unwrap();
    let findings = doctor(&place, DoctorWhat { offline: true, store: false }).await.unwrap();
    let workspace = finding(&findings, "workspace");
    assert!(workspace.standing == Standing::Warning && workspace.mend.contains("synod init"), "{workspace:?}");
}

#[tokio::test]
async fn the_doctor_reads_the_store_when_the_daemon_is_down() {
    let (_folder, place) = place(ONE);
    let look = DoctorWhat { offline: true, store: true };
    let mut engine = Engine::start(&place, Engage::default()).await.unwrap();
    let findings = doctor(&place, look).await.unwrap();
    let busy = finding(&findings, "store");
    assert!(busy.standing == Standing::Failed && busy.mend.contains("synod down"), "{busy:?}");
    engine.stop(false).await;
    engine.ended().await.unwrap();
    drop(engine);
    let findings = doctor(&place, look).await.unwrap();
    let whole = finding(&findings, "store");
    assert!(whole.standing == Standing::Ok && whole.what.contains("all whole"), "{whole:?}");
}

#[tokio::test]
async fn the_doctor_names_the_ways_to_a_worker_when_there_is_none() {
    let (_folder, place) = place("");
    let findings = doctor(&place, DoctorWhat { offline: true, store: false }).await.unwrap();
    let workers = finding(&findings, "workers");
    assert_eq!(workers.standing, Standing::Failed);
    assert_eq!(workers.mend.matches("; or ").count(), 2, "three ways: {}", workers.mend);
    assert!(findings.iter().any(|finding| finding.standing == Standing::Warning && !finding.mend.is_empty()));
}

#[test]
fn findings_are_words_for_programs_too() {
    let finding = Finding {
        name: "claude".to_owned(),
        standing: Standing::Failed,
        what: "no key".to_owned(),
        mend: "set one".to_owned(),
    };
    assert_eq!(
        serde_json::to_string(&finding).unwrap(),
        r#"{"name":"claude","standing":"failed","what":"no key","mend":"set one"}"#
    );
}

#[test]
fn each_error_has_its_exit_and_its_hint() {
    let cases = [
        (Error::NoWorker { ways: vec!["one".to_owned()] }, Kind::NoWorker, "  - one"),
        (Error::Settings { what: "x".to_owned() }, Kind::Usage, ""),
        (Error::Socket("x".to_owned()), Kind::Failed, ""),
        (Error::Recording("x".to_owned()), Kind::Failed, ""),
        (Error::Api(crate::api::Error::new(ErrorKind::Invalid, "x").hint("do y")), Kind::Usage, "do y"),
        (Error::Api(crate::api::Error::new(ErrorKind::NoWorker, "x")), Kind::NoWorker, ""),
        (Error::Api(crate::api::Error::new(ErrorKind::Busy, "x")), Kind::Failed, ""),
        (
            Error::Daemon(crate::daemon::Error::Stopped("x".to_owned())),
            Kind::Failed,
            "nothing that was accepted is lost",
        ),
    ];
    for (error, kind, hint) in cases {
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.hint().contains(hint) && error.hint().is_empty() == hint.is_empty(), "{error}: {}", error.hint());
    }
}

#[test]
fn what_serenas_project_file_keeps_closed_is_closed_here_too() {
    let settings = format!("{ONE}[workspace]\nmemories = \".serena/memories\"\n[memory]\nread_only = [\"ours/*\"]\n");
    let (_folder, place) = place(&settings);
    let project = place.layout.memories.with_file_name("project.yml");
    std::fs::write(project, "read_only_memory_patterns: ['frozen/.*', '(']\nignored_memory_patterns: ['a|bc\\d+']\n")
        .unwrap();
    let memory = rules(&place, &place.loaded.settings.workers).unwrap().memory;
    let name = |name: &str| crate::board::MemoryName::parse(name).unwrap();
    for closed in ["ours/x", "frozen/x/y"] {
        assert!(memory.read_only.fitting(&name(closed)).is_some(), "{closed}");
    }
    assert_eq!(memory.read_only.fitting(&name("not/frozen/x")), None, "the whole name must match");
    for ignored in ["a", "bc12"] {
        assert!(memory.ignored.fitting(&name(ignored)).is_some(), "{ignored}");
    }
    for open in ["ab", "bc", "xbc12", "bc12/x"] {
        assert_eq!(memory.ignored.fitting(&name(open)), None, "{open}");
    }
}
