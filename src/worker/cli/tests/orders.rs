//! From a plan to an order, and from the files of a call that ended to its outcome.

use crate::board::{AttemptKey, TaskId};
use crate::config::{Environment, Price, Provider, Worker};
use crate::worker::cli::{Bounds, CliWorker, Places};
use crate::worker::process::{Ended, Exit, Order, ShimProgram, Spool, Standby};
use crate::worker::{Call, Outcome};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A change of the settings.
type Change = fn(&mut Worker);

struct Place {
    root: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let program = root.path().join("prog");
        std::fs::write(&program, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { root }
    }

    fn worker(&self, provider: Provider, change: Change) -> CliWorker {
        let mut config = Worker::new("w", provider, Some("m1"));
        config.program = Some(self.root.path().join("prog"));
        config.command = vec!["prog".to_owned(), "{model}".to_owned()];
        config.api_key_env = Some("W_KEY".to_owned());
        change(&mut config);
        let environment =
            [("PATH", "/bin"), ("LC_ALL", "C"), ("W_KEY", "k-secret-1"), ("OTHER_API_KEY", "k-other"), ("EXTRA", "e")];
        CliWorker {
            name: "w".to_owned(),
            config,
            environment: Environment::of(environment),
            places: Places { spool: self.root.path().join("spool"), homes: self.root.path().join("homes") },
            bounds: Bounds { output_bytes: 1000, stderr_bytes: 200, grace: Duration::from_secs(3) },
            // A shim that leaves at once: what matters here is what was written for it.
            standby: Standby::new(ShimProgram {
                program: PathBuf::from("/bin/true"),
                args: Vec::new(),
                env: Vec::new(),
                standby_max: 0,
            })
            .into(),
        }
    }

    fn spool(&self) -> Spool {
        Spool::of(&self.root.path().join("spool"), &key())
    }

    /// Puts the files of a call that has ended there.
    fn ended(&self, ended: Ended, code: Option<i32>, signal: Option<i32>, stdout: &str, stderr: &str) {
        self.spool().create(&order(), b"", &[]).unwrap();
        let exit = Exit { ended, code, signal, ran_ms: 1500, left_behind: 0 };
        for (name, text) in
            [("stdout", stdout), ("stderr", stderr), ("exit.json", &serde_json::to_string(&exit).unwrap())]
        {
            std::fs::write(self.spool().path(name), text).unwrap();
        }
    }
}

fn key() -> AttemptKey {
    AttemptKey { task: TaskId::parse("fix").unwrap(), number: 3 }
}

fn call() -> Call {
    Call {
        key: key(),
        system: Some("You review.".to_owned()),
        prompt: "Do it.".to_owned(),
        schema: None,
        time_left: Duration::from_secs(60),
        session: None,
        history: Vec::new(),
        images: Vec::new(),
        wishes: Default::default(),
        ceiling: Default::default(),
        own_tree: None,
        folder: PathBuf::from("/work"),
    }
}

fn order() -> Order {
    let asked = serde_json::json!({"model": "m1", "session": null});
    serde_json::from_value(serde_json::json!({"program": "/x", "args": [], "folder": "/", "env": [], "prompt_bytes": 0, "time_left_ms": 1000,
        "grace_ms": 1, "stdout_bytes_max": 1, "stderr_bytes_max": 1, "asked": asked}))
    .unwrap()
}

async fn written(place: &Place, worker: &CliWorker) -> Order {
    let failure = worker.call(&call(), CancellationToken::new()).await.unwrap_err();
    assert!(failure.message.contains("the helper process for"), "{failure:?}");
    place.spool().order().unwrap()
}

#[tokio::test]
async fn an_order_names_the_program_its_arguments_and_the_names_of_variables_only() {
    let place = Place::new();
    let worker = place.worker(Provider::Command, |config| {
        (config.args, config.env) = (vec!["own".to_owned()], vec!["EXTRA".to_owned()])
    });
    let order = written(&place, &worker).await;
    assert_eq!(
        (order.program.as_path(), order.args.join(" ")),
        (place.root.path().join("prog").as_path(), "m1 own".to_owned())
    );
    let mut names = order.env.clone();
    names.sort();
    assert_eq!(names, ["EXTRA", "LC_ALL", "PATH", "SYNOD_CALL", "W_KEY"], "neither other keys nor anything else");
    assert_eq!((order.folder.as_path(), order.time_left_ms, order.grace_ms), (Path::new("/work"), 60_000, 3000));
    assert_eq!((order.stdout_bytes_max, order.stderr_bytes_max), (1000, 200));
    assert_eq!(std::fs::read_to_string(place.spool().path("prompt")).unwrap(), "You review.\n\nDo it.");
    assert_eq!(order.prompt_bytes, 19);
    let on_disk = std::fs::read_to_string(place.spool().path("call.json")).unwrap();
    assert!(!on_disk.contains("k-secret-1"), "{on_disk}");
}

#[tokio::test]
async fn own_arguments_of_codex_stand_before_the_prompt_and_records_get_more_room() {
    let place = Place::new();
    let worker = place.worker(Provider::Codex, |config| config.args = vec!["--a".to_owned(), "b".to_owned()]);
    let order = written(&place, &worker).await;
    assert_eq!(order.args[order.args.len() - 3..], ["--a", "b", "-"]);
    assert!(!order.args.iter().any(|arg| arg.contains('\0')), "the mark of their place is gone");
    assert_eq!(order.stdout_bytes_max, 4000);
    assert!(order.env.contains(&"SYNOD_WORKER_KEY".to_owned()));
}

#[tokio::test]
async fn what_keeps_a_call_from_beginning_is_said_and_leaves_no_spool() {
    let place = Place::new();
    let cases: [(Provider, Change, &str, &str); 3] = [
        (
            Provider::Command,
            |config| config.program = Some(PathBuf::from("/none/such")),
            "worker_blocked",
            "/none/such",
        ),
        (Provider::Opencode, |config| config.model = None, "worker_blocked", "an opencode worker needs a model"),
        (Provider::GrokCli, |_| {}, "worker_blocked", "permission = \"full\""),
    ];
    for (provider, change, class, words) in cases {
        let failure = place.worker(provider, change).call(&call(), CancellationToken::new()).await.unwrap_err();
        assert_eq!(failure.class.as_str(), class);
        assert!(failure.message.contains(words), "{}", failure.message);
        assert!(!place.spool().folder().exists());
    }
    let stop = CancellationToken::new();
    stop.cancel();
    let failure = place.worker(Provider::Command, |_| {}).call(&call(), stop).await.unwrap_err();
    assert_eq!((failure.class.as_str(), place.spool().folder().exists()), ("cancelled", false));
}

#[tokio::test]
async fn however_a_call_ended_its_class_and_words_say_so() {
    let spool_failed = Ended::SpoolFailed { error: "No space left".to_owned() };
    let start_failed = Ended::StartFailed { error: "/x: not found".to_owned() };
    let long = "x".repeat(1001);
    for (ended, code, signal, stdout, stderr, wanted) in [
        (Ended::Exited, Some(0), None, "Hello.", "", "ok: Hello."),
        (Ended::Exited, Some(0), None, "", "", "transient: gave an empty answer"),
        (Ended::Exited, Some(1), None, "Hello.", "error: k-secret-1", "transient: ended with code 1: error: [key]"),
        (Ended::Exited, None, Some(9), "Hello.", "", "transient: it was killed by signal 9: it said nothing"),
        (Ended::Exited, None, Some(11), "", "core\n", "transient: it was killed by signal 11: core"),
        (Ended::TimedOut, Some(0), None, "Hello.", "", "timeout: it had not answered when its time was over"),
        (Ended::Stopped, Some(0), None, "Hello.", "", "interrupted: its helper process was told to end"),
        (
            Ended::TooMuchOutput,
            Some(0),
            None,
            "Hello.",
            "",
            "request_refused: it printed more than `limits.output_bytes_max` allows",
        ),
        (spool_failed, None, None, "Hello.", "", "transient: its output could not be written: No space left"),
        (start_failed, None, None, "", "", "worker_blocked: cannot start /x: not found"),
        (
            Ended::Exited,
            Some(0),
            None,
            &long,
            "",
            "request_refused: its answer is longer than `limits.output_bytes_max`",
        ),
        (Ended::Exited, Some(0), None, &long[..1000], "", "ok: 1000 bytes"),
    ] {
        let place = Place::new();
        place.ended(ended, code, signal, stdout, stderr);
        let worker = place.worker(Provider::Command, |_| {});
        let told = |outcome: Outcome| match outcome {
            Ok(reply) if reply.text.len() == 1000 => "ok: 1000 bytes".to_owned(),
            Ok(reply) => format!("ok: {}", reply.text),
            Err(failure) => {
                assert!((failure.after_s - 1.5).abs() < 1e-9, "{failure:?}");
                format!("{}: {}", failure.class.as_str(), failure.message)
            }
        };
        assert_eq!(
            told(worker.call(&call(), CancellationToken::new()).await),
            wanted,
            "asked again, it is not made again"
        );
        let resumed = worker.resume(&key(), CancellationToken::new()).unwrap();
        assert_eq!(told(resumed.await), wanted, "gone on with");
    }
}

#[tokio::test]
async fn a_call_that_was_stopped_on_purpose_was_cancelled() {
    let place = Place::new();
    place.ended(Ended::Stopped, None, Some(15), "", "");
    let stop = CancellationToken::new();
    stop.cancel();
    let worker = place.worker(Provider::Command, |_| {});
    let failure = worker.resume(&key(), stop).unwrap().await.unwrap_err();
    assert_eq!((failure.class.as_str(), failure.message.as_str()), ("cancelled", "it was stopped"));
}

#[tokio::test]
async fn tokens_without_a_cost_are_priced_for_answers_and_failures() {
    let price = |config: &mut Worker| config.price = Some(Price { input: 1.0, output: 10.0 });
    let done = "{\"type\":\"item.completed\",\"item\":{\"type\":\"agent_message\",\"text\":\"x\"}}\n\
                {\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":1000000,\"output_tokens\":100000}}\n";
    for (code, wanted) in [(0, Some(2.0)), (1, Some(2.0))] {
        let place = Place::new();
        place.ended(Ended::Exited, Some(code), None, done, "");
        let outcome = place.worker(Provider::Codex, price).call(&call(), CancellationToken::new()).await;
        assert_eq!(outcome.is_ok(), code == 0);
        let usage = outcome.map_or_else(|failure| failure.usage, |reply| reply.usage);
        assert_eq!((usage.cost_usd, usage.input_tokens), (wanted, 1_000_000));
    }
}

#[test]
fn two_first_calls_at_once_both_leave_the_settings_whole() {
    let place = Place::new();
    let worker = place.worker(Provider::GeminiCli, |config| config.base_url = Some("http://127.0.0.1:9".to_owned()));
    let settings = place.root.path().join("homes/w/.gemini/settings.json");
    for _ in 0..20 {
        std::thread::scope(|scope| {
            for number in 0..4 {
                let worker = &worker;
                scope.spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    let call = Call { key: AttemptKey { number, ..key() }, ..call() };
                    let failure = runtime.block_on(worker.call(&call, CancellationToken::new())).unwrap_err();
                    assert_eq!(failure.class.as_str(), "transient", "{failure:?}");
                });
            }
        });
        let text = std::fs::read_to_string(&settings).unwrap();
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
        let names: Vec<_> =
            std::fs::read_dir(settings.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["settings.json"], "no draft stays");
        std::fs::remove_dir_all(place.root.path().join("homes")).unwrap();
        std::fs::remove_dir_all(place.root.path().join("spool")).unwrap();
    }
}
