//! The readers over short outputs: every way in which a program ends well, badly, or badly with code 0.

use crate::board::Usage;
use crate::config::Provider;
use crate::worker::Reply;
use crate::worker::cli::trouble::Trouble;
use crate::worker::cli::{Run, read};
use crate::worker::process::Asked;
use serde_json::{Value, json};

#[derive(Default)]
struct Output<'a> {
    code: i32,
    stdout: String,
    stderr: &'a str,
    figures: String,
    session: Option<&'a str>,
}

fn read_output(provider: Provider, output: &Output<'_>) -> Result<Reply, Trouble> {
    let asked = Asked { model: Some("asked".to_owned()), session: output.session.map(str::to_owned) };
    let Output { code, stdout, stderr, figures, .. } = output;
    read(provider, &Run { code: *code, stdout, stderr, figures, asked: &asked })
}

fn lines(records: &[Value]) -> String {
    records.iter().map(|record| format!("{record}\n")).collect()
}

/// What came of a run: `ok: TEXT`, or its class with the message.
fn told(provider: Provider, code: i32, stdout: &str, stderr: &str) -> String {
    let output = Output { code, stdout: stdout.to_owned(), stderr, ..Output::default() };
    match read_output(provider, &output) {
        Ok(reply) => format!("ok: {}", reply.text),
        Err(trouble) => format!("{}: {}", trouble.class.as_str(), trouble.message),
    }
}

/// Code, stdout, stderr, and what comes of them.
type Case<'a> = (i32, String, &'a str, &'a str);

fn assert_told(provider: Provider, cases: &[Case<'_>]) {
    for (code, stdout, stderr, wanted) in cases {
        assert_eq!(told(provider, *code, stdout, stderr), *wanted, "code {code}, stdout {stdout:?}, stderr {stderr:?}");
    }
}

const SILENT: &str = "transient: it said nothing";

#[test]
fn claude_code() {
    let ended = |more: Value| {
        let mut record = json!({"type": "result", "subtype": "success", "is_error": false, "result": "Hello."});
        record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        record.to_string()
    };
    let failed =
        |status: Value, result: &str| ended(json!({"is_error": true, "api_error_status": status, "result": result}));
    assert_told(
        Provider::ClaudeCode,
        &[
            (0, ended(json!({})), "", "ok: Hello."),
            (0, format!("talk\n{}\nmore talk", ended(json!({}))), "warning", "ok: Hello."),
            (0, format!("{}\n{}", ended(json!({"result": "first"})), ended(json!({"result": "last"}))), "", "ok: last"),
            (0, ended(json!({"permission_denials": [{"tool_name": "Write"}]})), "", "ok: Hello."),
            (0, String::new(), "", SILENT),
            (0, "<html>busy</html>".to_owned(), "", "transient: <html>busy</html>"),
            (
                0,
                "{\"type\":\"result\",\"subtype\":\"succ".to_owned(),
                "",
                "transient: {\"type\":\"result\",\"subtype\":\"succ",
            ),
            (0, ended(json!({"result": " \n"})), "", "transient: gave an empty answer"),
            (0, ended(json!({"result": null, "structured_output": {"a": 1}})), "", "ok: {\"a\":1}"),
            (0, ended(json!({"is_error": null})), "", "transient: Hello."),
            (0, ended(json!({"subtype": "error_max_turns"})), "", "transient: Hello."),
            (1, failed(json!(401), "Invalid API key"), "", "worker_blocked: Invalid API key"),
            (1, failed(json!(403), "forbidden"), "", "worker_blocked: forbidden"),
            (1, failed(json!(404), "model: x"), "", "request_refused: model: x"),
            (1, failed(json!(400), "prompt is too long: 9 > 8"), "", "request_refused: prompt is too long: 9 > 8"),
            (1, failed(json!(429), "slow down"), "", "rate_limited: slow down"),
            (
                1,
                failed(json!(429), "Your credit balance is too low"),
                "",
                "worker_blocked: Your credit balance is too low",
            ),
            (1, failed(json!(500), "oops"), "", "transient: oops"),
            (1, failed(json!(529), "Overloaded"), "", "transient: Overloaded"),
            (
                1,
                failed(Value::Null, "Not logged in · Please run /login"),
                "",
                "worker_blocked: Not logged in · Please run /login",
            ),
            (1, ended(json!({"is_error": true, "stop_reason": "refusal"})), "", "request_refused: Hello."),
            (1, ended(json!({"is_error": true, "terminal_reason": "prompt_too_long"})), "", "request_refused: Hello."),
            (1, ended(json!({"is_error": true, "terminal_reason": "budget_exhausted"})), "", "request_refused: Hello."),
            (1, ended(json!({"is_error": true, "result": null, "errors": ["one", "two"]})), "", "transient: one; two"),
            (1, ended(json!({"is_error": true, "result": null})), "", "transient: reported an error"),
            (
                1,
                ended(json!({})),
                "Error: went wrong after all",
                "transient: ended with code 1: Error: went wrong after all",
            ),
            (143, String::new(), "terminated\n", "transient: terminated"),
            (1, String::new(), "error: unknown option '--x'\n", "request_refused: error: unknown option '--x'"),
        ],
    );
}

#[test]
fn claude_code_counts_tokens_of_the_run_and_money_of_the_session() {
    let record = json!({"type": "result", "subtype": "success", "is_error": false, "result": "x", "session_id": "s-1", "total_cost_usd": 0.75,
        "usage": {"input_tokens": 10, "cache_creation_input_tokens": 5, "cache_read_input_tokens": 100, "output_tokens": 7},
        "modelUsage": {"small": {"outputTokens": 1}, "big": {"outputTokens": 6}}});
    for (session, share) in
        [(None, 0.75), (Some("s-1"), 0.75), (Some("s-1 used=0/0/0/0.5"), 0.25), (Some("s-1 used=0/0/0/2"), 0.75)]
    {
        let output = Output { stdout: record.to_string(), session, ..Output::default() };
        let reply = read_output(Provider::ClaudeCode, &output).unwrap();
        let usage = Usage { input_tokens: 115, output_tokens: 7, cached_tokens: 100, cost_usd: Some(share) };
        assert_eq!((reply.usage, reply.model.as_str()), (usage, "big"), "{session:?}");
        assert_eq!(reply.session.as_deref(), Some("s-1 used=0/0/0/0.75"));
    }
}

#[test]
fn codex() {
    let said = |text: &str| json!({"type": "item.completed", "item": {"type": "agent_message", "text": text}});
    let done = json!({"type": "turn.completed", "usage": {"input_tokens": 1}});
    let failed = |message: &str| json!({"type": "turn.failed", "error": {"message": message}});
    let error = |message: &str| json!({"type": "error", "message": message});
    assert_told(
        Provider::Codex,
        &[
            (0, lines(&[said("Hello."), done.clone()]), "", "ok: Hello."),
            (0, lines(&[said("first"), said("last"), done.clone()]), "", "ok: last"),
            (0, lines(&[error("reconnecting 1/5"), said("Hello."), done.clone()]), "", "ok: Hello."),
            (0, lines(std::slice::from_ref(&done)), "", "transient: gave an empty answer"),
            (0, lines(&[said("half")]), "", SILENT),
            (0, String::new(), "", SILENT),
            (1, lines(&[said("x"), done.clone(), failed("stream disconnected")]), "", "transient: stream disconnected"),
            (
                1,
                lines(&[failed("unexpected status 401 Unauthorized: bad key")]),
                "",
                "worker_blocked: unexpected status 401 Unauthorized: bad key",
            ),
            (
                1,
                lines(&[failed("unexpected status 403 Forbidden")]),
                "",
                "worker_blocked: unexpected status 403 Forbidden",
            ),
            (
                1,
                lines(&[failed("unexpected status 404 Not Found")]),
                "",
                "request_refused: unexpected status 404 Not Found",
            ),
            (
                1,
                lines(&[failed("exceeded retry limit, last status: 429 Too Many Requests")]),
                "",
                "rate_limited: exceeded retry limit, last status: 429 Too Many Requests",
            ),
            (
                1,
                lines(&[failed("Quota exceeded. Check your plan and billing details.")]),
                "",
                "worker_blocked: Quota exceeded. Check your plan and billing details.",
            ),
            (
                1,
                lines(&[failed("unexpected status 500 Internal Server Error")]),
                "",
                "transient: unexpected status 500 Internal Server Error",
            ),
            (1, lines(&[failed("unexpected status 529 <unknown>")]), "", "transient: unexpected status 529 <unknown>"),
            (
                1,
                lines(&[error("Your input exceeds the context window of this model.")]),
                "",
                "request_refused: Your input exceeds the context window of this model.",
            ),
            (
                1,
                lines(&[failed("{\"error\":{\"message\":\"bad\",\"code\":\"invalid_value\"}}")]),
                "",
                "transient: bad (invalid_value)",
            ),
            (
                1,
                String::new(),
                "Not inside a trusted directory\nNot running in a trusted directory\n",
                "worker_blocked: Not running in a trusted directory",
            ),
            (1, lines(&[said("Hello."), done]), "", "transient: ended with code 1: it said nothing"),
            (137, String::new(), "", SILENT),
        ],
    );
}

#[test]
fn codex_names_the_thread_the_files_and_this_turns_share() {
    let stdout = lines(&[
        json!({"type": "thread.started", "thread_id": "t-1"}),
        json!({"type": "item.completed", "item": {"type": "file_change", "changes": [{"path": "a.rs"}, {"path": "b.rs"}, {}]}}),
        json!({"type": "item.completed", "item": {"type": "agent_message", "text": "x"}}),
        json!({"type": "turn.completed", "usage": {"input_tokens": 30_000, "cached_input_tokens": 20_000, "output_tokens": 30}}),
    ]);
    let output = Output { stdout, session: Some("t-1 used=20000/15000/10/"), ..Output::default() };
    let reply = read_output(Provider::Codex, &output).unwrap();
    assert_eq!(reply.usage, Usage { input_tokens: 10_000, cached_tokens: 5_000, output_tokens: 20, cost_usd: None });
    assert_eq!((reply.session.as_deref(), reply.model.as_str()), (Some("t-1 used=30000/20000/30/"), "asked"));
    assert_eq!(reply.files_modified, ["a.rs", "b.rs"]);
}

#[test]
fn gemini_cli() {
    let answer = |response: Value| json!({"response": response, "stats": {}}).to_string();
    let error =
        |message: &str| format!("{{\n  \"error\": {{\"type\": \"Error\", \"message\": {}}}\n}}\n", json!(message));
    let noise = "Warning: 256-color\n    at run (file.js:1) {\n";
    let noisy = |message: &str| format!("{noise}{}", error(message));
    let (too_many, unset) = (noisy("slow down, rate limit"), error("Please set an Auth method"));
    let inner = noisy("{\"error\":{\"code\":503,\"message\":\"The model is overloaded\"}}");
    assert_told(
        Provider::GeminiCli,
        &[
            (0, answer(json!("Hello.")), "YOLO mode is enabled", "ok: Hello."),
            (0, format!("\n{}\n", answer(json!("Hello."))), "", "ok: Hello."),
            (0, answer(json!("")), "", "transient: gave an empty answer"),
            (0, answer(Value::Null), "", "transient: gave an empty answer"),
            (
                0,
                json!({"response": "FAKEFAKE", "error": {"message": "stream broke"}}).to_string(),
                "",
                "transient: stream broke",
            ),
            (0, json!({"response": "ok", "error": null}).to_string(), "", "ok: ok"),
            (0, String::new(), "", SILENT),
            (0, "plain words".to_owned(), "", SILENT),
            (0, "<html>".to_owned(), "error: html", "transient: error: html"),
            (41, String::new(), &unset, "worker_blocked: Please set an Auth method"),
            (42, String::new(), "no such option", "request_refused: no such option"),
            (42, String::new(), &unset, "request_refused: Please set an Auth method"),
            (144, String::new(), "bad", "request_refused: bad"),
            (145, String::new(), "bad", "worker_blocked: bad"),
            (147, String::new(), "bad", "worker_blocked: bad"),
            (173, String::new(), "bad", "rate_limited: bad"),
            (173, String::new(), &too_many, "rate_limited: slow down, rate limit"),
            (244, String::new(), "bad", "transient: bad"),
            (247, String::new(), "bad", "transient: bad"),
            (1, String::new(), &inner, "transient: The model is overloaded"),
            (143, String::new(), "", SILENT),
            (
                55,
                String::new(),
                "Gemini CLI is not running in a trusted directory",
                "worker_blocked: Gemini CLI is not running in a trusted directory",
            ),
            (1, answer(json!("Hello.")), "", "transient: ended with code 1: it said nothing"),
        ],
    );
}

#[test]
fn gemini_cli_adds_up_its_models() {
    let stats = json!({"models": {
        "router": {"tokens": {"prompt": 10, "candidates": 1, "total": 11}},
        "main": {"tokens": {"prompt": 100, "tool": 5, "candidates": 20, "thoughts": 7, "cached": 50, "total": 127}},
    }});
    let stdout = json!({"session_id": "s-1", "response": "x", "stats": stats}).to_string();
    let reply = read_output(Provider::GeminiCli, &Output { stdout, ..Output::default() }).unwrap();
    assert_eq!(reply.usage, Usage { input_tokens: 115, cached_tokens: 50, output_tokens: 28, cost_usd: None });
    assert_eq!((reply.model.as_str(), reply.session.as_deref()), ("main", Some("s-1")));
}

#[test]
fn copilot_cli() {
    let said = |text: &str| json!({"type": "assistant.message", "data": {"content": text}});
    let call_failed = |status: u16, message: &str| json!({"type": "model.call_failure", "data": {"statusCode": status, "errorMessage": message}});
    let trouble = |message: &str| json!({"type": "session.error", "data": {"message": message}});
    let end = |code: i64| json!({"type": "result", "exitCode": code, "sessionId": "s-1"});
    assert_told(
        Provider::CopilotCli,
        &[
            (0, lines(&[said("Hello."), end(0)]), "", "ok: Hello."),
            (0, lines(&[said("Hello."), said(""), end(0)]), "", "ok: Hello."),
            (0, lines(&[said("first"), said("last"), end(0)]), "", "ok: last"),
            (0, lines(&[call_failed(500, "oops"), said("Hello."), end(0)]), "", "ok: Hello."),
            (0, lines(&[end(0)]), "", "transient: gave an empty answer"),
            (0, lines(&[said("half")]), "", SILENT),
            (0, lines(&[said("Hello."), end(1)]), "", SILENT),
            (1, lines(&[call_failed(401, "bad key"), trouble("later"), end(1)]), "", "worker_blocked: bad key"),
            (1, lines(&[call_failed(403, "no"), end(1)]), "", "worker_blocked: no"),
            (1, lines(&[call_failed(404, "no model"), end(1)]), "", "request_refused: no model"),
            (1, lines(&[call_failed(429, "slow down"), end(1)]), "", "rate_limited: slow down"),
            (1, lines(&[call_failed(429, "insufficient_quota"), end(1)]), "", "worker_blocked: insufficient_quota"),
            (1, lines(&[call_failed(500, "oops"), end(1)]), "", "transient: oops"),
            (1, lines(&[call_failed(529, "busy"), end(1)]), "", "transient: busy"),
            (1, lines(&[trouble("first words"), trouble("second"), end(1)]), "", "transient: first words"),
            (
                1,
                String::new(),
                "Error: No authentication information found.\n\nDo this:\n",
                "worker_blocked: Error: No authentication information found.",
            ),
            (143, String::new(), "", SILENT),
        ],
    );
}

#[test]
fn copilot_cli_counts_the_whole_session_in_a_file() {
    let metrics = json!({"modelMetrics": {
        "a": {"usage": {"inputTokens": 100, "outputTokens": 10, "cacheReadTokens": 40}},
        "b": {"usage": {"inputTokens": 1}},
    }});
    let stdout = lines(&[
        json!({"type": "assistant.message", "data": {"content": "x", "model": "gpt-4.1"}}),
        json!({"type": "result", "exitCode": 0, "sessionId": "s-1", "usage": {"codeChanges": {"filesModified": ["a.rs"]}}}),
    ]);
    for (figures, session, share) in [
        (metrics.to_string(), None, (101, 40, 10)),
        (metrics.to_string(), Some("s-1 used=51/30/4/"), (50, 10, 6)),
        (String::new(), None, (0, 0, 0)),
        ("{\"modelMet".to_owned(), None, (0, 0, 0)),
    ] {
        let output = Output { stdout: stdout.clone(), figures, session, ..Output::default() };
        let reply = read_output(Provider::CopilotCli, &output).unwrap();
        let usage = (reply.usage.input_tokens, reply.usage.cached_tokens, reply.usage.output_tokens);
        assert_eq!((usage, reply.usage.cost_usd), (share, None), "{session:?}");
        assert_eq!((reply.model.as_str(), reply.files_modified.as_slice()), ("gpt-4.1", &["a.rs".to_owned()][..]));
    }
}

#[test]
fn opencode() {
    let text = |message: &str, text: &str| json!({"type": "text", "sessionID": "ses_1", "part": {"messageID": message, "text": text}});
    let start = json!({"type": "step_start"});
    let finish = |reason: &str| json!({"type": "step_finish", "part": {"reason": reason}});
    let error = |status: Value, message: &str| json!({"type": "error", "error": {"name": "APIError", "data": {"message": message, "statusCode": status}}});
    assert_told(
        Provider::Opencode,
        &[
            (0, lines(&[start.clone(), text("m1", "Hello."), finish("stop")]), "", "ok: Hello."),
            (0, lines(&[text("m1", "Hel"), text("m1", "lo."), finish("stop")]), "", "ok: Hello."),
            (
                0,
                lines(&[
                    text("m1", "I look."),
                    finish("tool-calls"),
                    start.clone(),
                    text("m2", "Found."),
                    finish("stop"),
                ]),
                "",
                "ok: Found.",
            ),
            (0, lines(&[finish("stop")]), "", "transient: gave an empty answer"),
            (0, lines(&[text("m1", "half")]), "", SILENT),
            (0, lines(&[text("m1", "cut"), finish("length")]), "", SILENT),
            (0, lines(&[text("m1", "x"), finish("stop"), start]), "", SILENT),
            (0, lines(&[text("m1", "x"), error(json!(500), "oops"), finish("stop")]), "", "transient: oops"),
            (1, lines(&[error(json!(401), "bad key")]), "", "worker_blocked: bad key"),
            (1, lines(&[error(json!(403), "Forbidden")]), "", "worker_blocked: Forbidden"),
            (1, lines(&[error(json!(404), "no model")]), "", "request_refused: no model"),
            (1, lines(&[error(json!(429), "slow down")]), "", "rate_limited: slow down"),
            (
                1,
                lines(&[error(json!(429), "You exceeded your current quota")]),
                "",
                "worker_blocked: You exceeded your current quota",
            ),
            (1, lines(&[error(json!(500), "oops")]), "", "transient: oops"),
            (1, lines(&[json!({"type": "error", "error": {"name": "UnknownError"}})]), "", "transient: UnknownError"),
            (1, lines(&[json!({"type": "error"})]), "", "transient: reported an error"),
            (
                1,
                "\n".to_owned(),
                "\u{1b}[91m\u{1b}[1mError: \u{1b}[0mSession not found\n",
                "request_refused: Error: Session not found",
            ),
            (143, String::new(), "", SILENT),
        ],
    );
}

#[test]
fn opencode_adds_up_its_steps_and_the_files_it_wrote() {
    let finish = |reason: &str, cost: f64| {
        json!({"type": "step_finish", "part": {"reason": reason, "cost": cost,
            "tokens": {"input": 10, "output": 2, "reasoning": 3, "cache": {"read": 100, "write": 1}}}})
    };
    let tool = |tool: &str, status: &str| json!({"type": "tool_use", "part": {"tool": tool, "state": {"status": status, "input": {"filePath": format!("{tool}.rs")}}}});
    let text = json!({"type": "text", "sessionID": "ses_1", "part": {"messageID": "m", "text": "x"}});
    for (costs, cost_usd) in [([0.25, 0.5], Some(0.75)), ([0.0, 0.5], Some(0.5)), ([0.0, 0.0], None)] {
        let stdout = lines(&[
            tool("write", "completed"),
            tool("edit", "error"),
            tool("read", "completed"),
            tool("patch", "completed"),
            finish("tool-calls", costs[0]),
            text.clone(),
            finish("stop", costs[1]),
        ]);
        let reply = read_output(Provider::Opencode, &Output { stdout, ..Output::default() }).unwrap();
        assert_eq!(reply.usage, Usage { input_tokens: 222, cached_tokens: 200, output_tokens: 10, cost_usd });
        assert_eq!(reply.files_modified, ["write.rs", "patch.rs"]);
        assert_eq!(reply.session.as_deref(), Some("ses_1"));
    }
}

#[test]
fn grok_cli() {
    let said = |text: &str| {
        lines(&[json!({"role": "user", "content": "Do it."}), json!({"role": "assistant", "content": text})])
    };
    let sorry = |error: &str| said(&format!("Sorry, I encountered an error: {error}"));
    assert_told(
        Provider::GrokCli,
        &[
            (0, said("Hello."), "", "ok: Hello."),
            (0, said("Sorry, I cannot help with that."), "", "ok: Sorry, I cannot help with that."),
            (0, said(" "), "", "transient: gave an empty answer"),
            (0, said("I understand, but I don't have a specific response."), "", "transient: gave an empty answer"),
            (
                0,
                said("Maximum tool execution rounds reached. Stopping."),
                "",
                "request_refused: Maximum tool execution rounds reached. Stopping.",
            ),
            (0, sorry("Grok API error: 401 bad key"), "", "worker_blocked: Grok API error: 401 bad key"),
            (0, sorry("Grok API error: 403 no"), "", "worker_blocked: Grok API error: 403 no"),
            (0, sorry("Grok API error: 404 no model"), "", "request_refused: Grok API error: 404 no model"),
            (0, sorry("Grok API error: 429 slow"), "", "rate_limited: Grok API error: 429 slow"),
            (0, sorry("Grok API error: 500 oops"), "", "transient: Grok API error: 500 oops"),
            (0, sorry("terminated"), "", "transient: terminated"),
            (0, lines(&[json!({"role": "user", "content": "x"})]), "", SILENT),
            (0, lines(&[json!({"role": "assistant", "content": null})]), "", SILENT),
            (0, "Gracefully shutting down...\n".to_owned(), "", SILENT),
            (
                1,
                String::new(),
                "❌ Error: API key required. Set it.",
                "worker_blocked: ❌ Error: API key required. Set it.",
            ),
            (1, said("Hello."), "", "transient: ended with code 1: it said nothing"),
        ],
    );
}

#[test]
fn a_command_of_the_users_own() {
    assert_told(
        Provider::Command,
        &[
            (0, "Hello.\n".to_owned(), "noise", "ok: Hello.\n"),
            (0, "{\"any\": \"json\"}".to_owned(), "", "ok: {\"any\": \"json\"}"),
            (0, " \n\t".to_owned(), "", "transient: gave an empty answer"),
            (1, "Hello.".to_owned(), "", "transient: ended with code 1: it said nothing"),
            (
                2,
                String::new(),
                "usage: x\nerror: bad flag\nsee --help\n",
                "transient: ended with code 2: error: bad flag",
            ),
            (3, String::new(), "error: 401 Unauthorized", "worker_blocked: ended with code 3: error: 401 Unauthorized"),
            (3, String::new(), "HTTP status 429", "rate_limited: ended with code 3: HTTP status 429"),
            (
                127,
                String::new(),
                "sh: 1: x: Permission denied",
                "worker_blocked: ended with code 127: sh: 1: x: Permission denied",
            ),
        ],
    );
}
