//! The readers against what the programs really printed: `tests/fixtures/cli/*.jsonl` holds a run on each line.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use super::session::Session;
use super::{Asked, Run, read};
use crate::config::Provider;
use crate::worker::Reply;
use crate::worker::cli::trouble::Trouble;
use serde::Deserialize;

/// One recorded run.
#[derive(Deserialize)]
struct Sample {
    case: String,
    code: i32,
    stdout: String,
    stderr: String,
}

/// The recorded runs of one program.
struct Samples(Provider, Vec<Sample>);

impl Samples {
    fn of(provider: Provider, text: &str) -> Self {
        Self(provider, text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    fn read_with(&self, case: &str, session: Option<&str>, figures: &str) -> Result<Reply, Trouble> {
        let sample = self.1.iter().find(|sample| sample.case == case).unwrap_or_else(|| panic!("no sample `{case}`"));
        let asked = Asked { model: Some("asked-model".to_owned()), session: session.map(str::to_owned) };
        let Sample { code, stdout, stderr, .. } = sample;
        read(self.0, &Run { code: *code, stdout, stderr, figures, asked: &asked })
    }

    fn read(&self, case: &str) -> Result<Reply, Trouble> {
        self.read_with(case, None, "")
    }

    /// Every sample but those named `ok…` is listed with its class, so none is forgotten.
    fn assert_classes(&self, wanted: &[(&str, &str)]) {
        for (case, class) in wanted {
            match self.read(case) {
                Ok(reply) => assert_eq!("answered", *class, "{case}: {reply:?}"),
                Err(trouble) => {
                    assert_eq!(trouble.class.as_str(), *class, "{case}: {trouble:?}");
                    assert!(
                        !trouble.message.is_empty()
                            && !trouble.message.contains('\n')
                            && !trouble.message.starts_with('{'),
                        "{case}: {trouble:?}"
                    );
                }
            }
        }
        let unlisted: Vec<_> = self
            .1
            .iter()
            .map(|sample| sample.case.as_str())
            .filter(|case| wanted.iter().all(|(name, _)| name != case))
            .collect();
        assert_eq!(unlisted, Vec::<&str>::new());
    }
}

fn claude() -> Samples {
    Samples::of(Provider::ClaudeCode, include_str!("../../../tests/fixtures/cli/claude_code.jsonl"))
}

fn codex() -> Samples {
    Samples::of(Provider::Codex, include_str!("../../../tests/fixtures/cli/codex.jsonl"))
}

fn gemini() -> Samples {
    Samples::of(Provider::GeminiCli, include_str!("../../../tests/fixtures/cli/gemini_cli.jsonl"))
}

fn copilot() -> Samples {
    Samples::of(Provider::CopilotCli, include_str!("../../../tests/fixtures/cli/copilot_cli.jsonl"))
}

fn opencode() -> Samples {
    Samples::of(Provider::Opencode, include_str!("../../../tests/fixtures/cli/opencode.jsonl"))
}

fn grok() -> Samples {
    Samples::of(Provider::GrokCli, include_str!("../../../tests/fixtures/cli/grok_cli.jsonl"))
}

#[test]
fn claude_code_classes() {
    claude().assert_classes(&[
        ("ok", "answered"),
        ("no login", "worker_blocked"),
        ("401", "worker_blocked"),
        ("403", "worker_blocked"),
        ("unknown model", "request_refused"),
        ("429", "rate_limited"),
        ("500", "transient"),
        ("refused connection", "transient"),
        ("quota", "worker_blocked"),
        ("too long", "request_refused"),
        ("cut by length", "transient"),
        ("schema ignored", "answered"),
        ("budget", "request_refused"),
        ("unknown flag", "request_refused"),
        ("slash command", "transient"),
        ("structured", "answered"),
        ("refusal", "request_refused"),
        ("interrupted", "transient"),
    ]);
}

#[test]
fn claude_code_tells_its_figures_and_takes_off_what_the_session_had_cost() {
    let reply = claude().read("ok").unwrap();
    assert_eq!((reply.text.as_str(), reply.model.as_str()), ("FAKE-OK", "claude-opus-5-5"));
    assert_eq!((reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.cost_usd), (12522, 1, Some(0.050108)));
    let session = Session::parse(&reply.session.unwrap());
    assert_eq!((session.id.as_str(), session.used.cost_usd), ("dcdfa2f8-9ef9-4ac1-a38c-9c4dac01be3f", Some(0.050108)));
    let second = claude().read_with("ok", Some("dcdfa2f8 used=0/0/0/0.05"), "").unwrap();
    assert!((second.usage.cost_usd.unwrap() - 0.000108).abs() < 1e-9);
    assert_eq!(claude().read("budget").unwrap_err().usage.cost_usd, Some(0.050152), "a failure costs too");
}

#[test]
fn claude_code_gives_the_structured_part_only_where_there_is_one() {
    let reply = claude().read("structured").unwrap();
    assert_eq!(reply.structured.unwrap()["verdict"], "approve");
    assert_eq!(reply.text, "{\"verdict\":\"approve\"}");
    assert_eq!(claude().read("schema ignored").unwrap().structured, None);
}

#[test]
fn codex_classes() {
    codex().assert_classes(&[
        ("ok", "answered"),
        ("second turn", "answered"),
        ("401", "worker_blocked"),
        ("403", "worker_blocked"),
        ("unknown model", "request_refused"),
        ("400", "request_refused"),
        ("429", "rate_limited"),
        ("500", "transient"),
        ("refused connection", "transient"),
        ("quota", "worker_blocked"),
        ("too long", "request_refused"),
        ("cut by length", "transient"),
        ("silence", "transient"),
        ("no key", "worker_blocked"),
        ("longer than it takes", "request_refused"),
        ("unknown thread", "request_refused"),
    ]);
}

#[test]
fn codex_takes_off_what_the_thread_had_used() {
    let first = codex().read("ok").unwrap();
    assert_eq!((first.usage.input_tokens, first.usage.output_tokens), (10071, 1));
    let second = codex().read_with("second turn", first.session.as_deref(), "").unwrap();
    assert_eq!((second.usage.input_tokens, second.usage.output_tokens), (10158, 4));
    assert_eq!(Session::parse(&second.session.unwrap()).used.input_tokens, 20229);
}

#[test]
fn gemini_cli_classes() {
    gemini().assert_classes(&[
        ("ok", "answered"),
        ("empty stream", "transient"),
        ("joined halves", "transient"),
        ("no key", "worker_blocked"),
        ("html", "transient"),
        ("untrusted folder", "worker_blocked"),
        ("unknown session", "request_refused"),
        ("401", "worker_blocked"),
        ("403", "worker_blocked"),
        ("unknown model", "request_refused"),
        // It hides the words about billing and speaks of a daily quota, which ends by itself.
        ("quota", "rate_limited"),
        ("too long", "request_refused"),
        ("429", "rate_limited"),
        ("500", "transient"),
    ]);
}

#[test]
fn gemini_cli_names_the_model_of_the_main_part_and_passes_a_wait_on() {
    let reply = gemini().read("ok").unwrap();
    assert_eq!((reply.text.as_str(), reply.model.as_str()), ("FAKE-OK", "gemini-3.8-flash"));
    assert_eq!(reply.usage.output_tokens, 40, "the router's tokens count as well");
    let limited = gemini().read("429").unwrap_err();
    let wait = Some(std::time::Duration::from_secs(600));
    assert_eq!(limited.class, crate::board::FailureClass::RateLimited { retry_after: wait });
}

#[test]
fn copilot_cli_classes() {
    copilot().assert_classes(&[
        ("ok", "answered"),
        ("401", "worker_blocked"),
        ("too long", "request_refused"),
        ("429", "rate_limited"),
        ("no login", "worker_blocked"),
        ("unknown session", "request_refused"),
    ]);
}

#[test]
fn copilot_cli_has_its_figures_in_a_file() {
    let figures = include_str!("../../../tests/fixtures/cli/copilot_figures.json");
    let reply = copilot().read_with("ok", None, figures).unwrap();
    assert_eq!((reply.text.as_str(), reply.model.as_str()), ("FAKE-OK", "gpt-4.1"));
    assert_eq!((reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.cost_usd), (12247, 1, None));
    let session = Session::parse(reply.session.as_deref().unwrap());
    assert_eq!(session.id, "94182f59-2810-467d-b886-ef97f1fd70ed");
    let second = copilot().read_with("ok", Some("94182f59 used=12000/0/0/"), figures).unwrap();
    assert_eq!(second.usage.input_tokens, 247, "the figures are those of the whole session");
}

#[test]
fn opencode_classes() {
    opencode().assert_classes(&[
        ("ok", "answered"),
        ("no login", "worker_blocked"),
        ("401", "worker_blocked"),
        ("429", "rate_limited"),
        ("500", "transient"),
        ("broken stream", "transient"),
        ("unknown session", "request_refused"),
        ("unknown model", "transient"),
    ]);
    let reply = opencode().read("ok").unwrap();
    assert_eq!((reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.cost_usd), (7756, 1, None));
}

#[test]
fn grok_cli_classes() {
    grok().assert_classes(&[
        ("ok", "answered"),
        ("no key", "worker_blocked"),
        ("401", "worker_blocked"),
        ("429", "rate_limited"),
        ("500", "transient"),
        ("broken stream", "transient"),
        ("ended", "transient"),
        ("too many rounds", "request_refused"),
    ]);
}
