//! Arguments, variables, stdin and files of each program, exactly, for each setting that changes them.

use crate::config::{Effort, Permission, Provider, Worker};
use crate::worker::cli::trouble::Trouble;
use crate::worker::cli::{Plan, Scene, plan};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What a call is planned from.
struct Setup {
    config: Worker,
    key: Option<&'static str>,
    home: Option<PathBuf>,
    prompt: String,
    schema: Option<Value>,
    session: Option<&'static str>,
}

impl Setup {
    fn of(provider: Provider) -> Self {
        let config = Worker::new("w", provider, Some("m1"));
        Self { config, key: None, home: None, prompt: "Do it.".to_owned(), schema: None, session: None }
    }

    fn plan(&self) -> Result<Plan, Trouble> {
        let scene = Scene {
            config: &self.config,
            key: self.key,
            home: self.home.clone(),
            spool: Path::new("/spool"),
            own: PathBuf::from("/own"),
            folder: Path::new("/work"),
            prompt: self.prompt.clone(),
            schema: self.schema.as_ref(),
            session: self.session.map(str::to_owned),
            asked_session: self.session,
            time_left_ms: 60_000,
            ceiling_usd: None,
        };
        plan(self.config.provider, &scene)
    }
}

fn args(plan: &Plan) -> String {
    let shown = |arg: &String| arg.replace(Plan::OWN_ARGS, "<own>").replace('\n', "|");
    plan.args.iter().map(shown).collect::<Vec<_>>().join(" ")
}

fn env(plan: &Plan) -> String {
    let shown = |(name, value): &(&str, std::ffi::OsString)| format!("{name}={}", value.to_str().unwrap());
    plan.env.iter().map(shown).collect::<Vec<_>>().join(" ")
}

/// A change of the settings.
type Change = fn(&mut Setup);

/// Such a change, and the arguments and variables that come of it.
type Case = (Change, &'static str, &'static str);

fn assert_planned(provider: Provider, cases: &[Case]) {
    for (number, (change, wanted_args, wanted_env)) in cases.iter().enumerate() {
        let mut setup = Setup::of(provider);
        change(&mut setup);
        let plan = setup.plan().unwrap_or_else(|trouble| panic!("case {number}: {trouble:?}"));
        assert_eq!(args(&plan), *wanted_args, "case {number}");
        assert_eq!(env(&plan), *wanted_env, "case {number}");
        assert!(plan.folder.is_none());
        assert!(!plan.args.iter().any(|arg| arg.contains("k-secret")), "no key among the arguments: {number}");
        assert!(!plan.stdin.contains("k-secret"));
    }
}

const CLAUDE_ENV: &str =
    "DISABLE_AUTOUPDATER=1 CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 CLAUDE_CODE_MAX_RETRIES=1 API_TIMEOUT_MS=60000";

#[test]
fn claude_code() {
    assert_planned(
        Provider::ClaudeCode,
        &[
            (|_| {}, "-p --output-format json --model m1 --tools Read,Grep,Glob", CLAUDE_ENV),
            (|setup| setup.config.model = None, "-p --output-format json --tools Read,Grep,Glob", CLAUDE_ENV),
            (
                |setup| setup.config.permission = Permission::Edit,
                "-p --output-format json --model m1 --restricted --permission-mode acceptEdits",
                CLAUDE_ENV,
            ),
            (
                |setup| setup.config.permission = Permission::Full,
                "-p --output-format json --model m1 --dangerously-skip-permissions",
                CLAUDE_ENV,
            ),
            (
                |setup| (setup.session, setup.schema) = (Some("s-1"), Some(json!({"type": "object"}))),
                "-p --output-format json --model m1 --tools Read,Grep,Glob --resume s-1 --json-schema {\"type\":\"object\"}",
                CLAUDE_ENV,
            ),
            (
                |setup| {
                    (setup.key, setup.config.base_url) = (Some("k-secret"), Some("http://127.0.0.1:9/v1/".to_owned()))
                },
                "-p --output-format json --model m1 --tools Read,Grep,Glob",
                "DISABLE_AUTOUPDATER=1 CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 CLAUDE_CODE_MAX_RETRIES=1 API_TIMEOUT_MS=60000 \
             ANTHROPIC_BASE_URL=http://127.0.0.1:9 ANTHROPIC_API_KEY=k-secret",
            ),
            (
                |setup| setup.config.base_url = Some("http://127.0.0.1:9".to_owned()),
                "-p --output-format json --model m1 --tools Read,Grep,Glob",
                "DISABLE_AUTOUPDATER=1 CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 CLAUDE_CODE_MAX_RETRIES=1 API_TIMEOUT_MS=60000 \
             ANTHROPIC_BASE_URL=http://127.0.0.1:9",
            ),
        ],
    );
}

/// What stands between the model and the worker's own arguments of every Codex call.
const CODEX_FLAGS: &str = "-c analytics.enabled=false -c check_for_update_on_startup=false --disable plugins --disable apps \
     --disable shell_snapshot --disable unbounded_connection_retries -c sandbox_workspace_write.exclude_slash_tmp=true \
     -c sandbox_workspace_write.exclude_tmpdir_env_var=true";

#[test]
fn codex() {
    let provider = |url: &str, key: &str| {
        format!(
            " -c model_provider=synod -c model_providers.synod={{name=\"synod\",base_url=\"{url}\",wire_api=\"responses\"{key},\
             request_max_retries=0,stream_max_retries=0,stream_idle_timeout_ms=60000}}"
        )
    };
    let key = ",env_key=\"SYNOD_WORKER_KEY\"";
    let uuid = "01a10000-2222-4333-8444-555555555555";
    let cases: [(Change, String, &str); 9] = [
        (|_| {}, format!("exec --json --skip-git-repo-check -s read-only -m m1 {CODEX_FLAGS} <own> -"), ""),
        (
            |setup| setup.config.model = None,
            format!("exec --json --skip-git-repo-check -s read-only {CODEX_FLAGS} <own> -"),
            "",
        ),
        (
            |setup| setup.config.permission = Permission::Edit,
            format!("exec --json --skip-git-repo-check -s workspace-write -m m1 {CODEX_FLAGS} <own> -"),
            "",
        ),
        (
            |setup| setup.config.permission = Permission::Full,
            format!("exec --json --skip-git-repo-check -s danger-full-access -m m1 {CODEX_FLAGS} <own> -"),
            "",
        ),
        // A key that nobody named is Codex's own business; one that was named outranks its login.
        (
            |setup| setup.key = Some("k-secret"),
            format!("exec --json --skip-git-repo-check -s read-only -m m1 {CODEX_FLAGS} <own> -"),
            "",
        ),
        (
            |setup| (setup.key, setup.config.api_key_env) = (Some("k-secret"), Some("MY_KEY".to_owned())),
            format!(
                "exec --json --skip-git-repo-check -s read-only -m m1 {CODEX_FLAGS}{} <own> -",
                provider("https://api.openai.com/v1", key)
            ),
            "SYNOD_WORKER_KEY=k-secret",
        ),
        (
            |setup| setup.config.base_url = Some("http://127.0.0.1:9/v1/".to_owned()),
            format!(
                "exec --json --skip-git-repo-check -s read-only -m m1 {CODEX_FLAGS}{} <own> -",
                provider("http://127.0.0.1:9/v1", "")
            ),
            "",
        ),
        (
            |setup| setup.session = Some("01a10000-2222-4333-8444-555555555555"),
            format!("exec --json --skip-git-repo-check -s read-only -m m1 {CODEX_FLAGS} <own> resume {uuid} -"),
            "",
        ),
        (
            |setup| setup.config.reasoning_effort = Some(Effort::Max),
            format!(
                "exec --json --skip-git-repo-check -s read-only -m m1 {CODEX_FLAGS} -c model_reasoning_effort=\"xhigh\" <own> -"
            ),
            "",
        ),
    ];
    for (change, wanted_args, wanted_env) in &cases {
        let mut setup = Setup::of(Provider::Codex);
        change(&mut setup);
        let plan = setup.plan().unwrap();
        assert_eq!((args(&plan).as_str(), env(&plan).as_str()), (wanted_args.as_str(), *wanted_env));
    }
}

#[test]
fn codex_gets_only_a_schema_that_its_provider_takes() {
    let closed = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false});
    let cases = [
        (closed.clone(), true),
        (json!({"type": "string"}), true),
        (json!({"type": "array", "items": closed}), true),
        (json!({"type": "object", "properties": {"a": {}}, "required": ["a"]}), false),
        (json!({"type": "object", "properties": {"a": {}}, "required": [], "additionalProperties": false}), false),
        (json!({"type": "object", "properties": {"a": {}}, "additionalProperties": false}), false),
        (json!({"type": "object", "properties": {"a": {}}, "required": ["a"], "additionalProperties": true}), false),
        (json!({"anyOf": [{"type": "object", "properties": {"b": {}}}]}), false),
    ];
    for (schema, given) in cases {
        let mut setup = Setup::of(Provider::Codex);
        setup.schema = Some(schema.clone());
        let plan = setup.plan().unwrap();
        assert_eq!(args(&plan).contains(" --output-schema /spool/schema.json <own> -"), given, "{schema}");
        let files = if given { vec![("schema.json", schema.to_string())] } else { vec![] };
        assert_eq!(plan.files, files, "{schema}");
    }
}

#[test]
fn gemini_cli() {
    let own = "GEMINI_CLI_HOME=/own";
    assert_planned(
        Provider::GeminiCli,
        &[
            (|_| {}, "--skip-trust -o json -m m1", "GEMINI_CLI_NO_RELAUNCH=true TMPDIR=/spool"),
            (|setup| setup.config.model = None, "--skip-trust -o json", "GEMINI_CLI_NO_RELAUNCH=true TMPDIR=/spool"),
            (
                |setup| setup.config.permission = Permission::Edit,
                "--skip-trust -o json -m m1 --approval-mode auto_edit",
                "GEMINI_CLI_NO_RELAUNCH=true TMPDIR=/spool",
            ),
            (
                |setup| setup.config.permission = Permission::Full,
                "--skip-trust -o json -m m1 --approval-mode yolo",
                "GEMINI_CLI_NO_RELAUNCH=true TMPDIR=/spool",
            ),
            (
                |setup| setup.session = Some("s-1"),
                "--skip-trust -o json -m m1 --resume s-1",
                "GEMINI_CLI_NO_RELAUNCH=true TMPDIR=/spool",
            ),
            (
                |setup| setup.config.base_url = Some("http://127.0.0.1:9/v1beta/".to_owned()),
                "--skip-trust -o json -m m1",
                "GEMINI_CLI_NO_RELAUNCH=true TMPDIR=/spool GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:9",
            ),
        ],
    );
    let mut setup = Setup::of(Provider::GeminiCli);
    setup.key = Some("k-secret");
    let plan = setup.plan().unwrap();
    assert_eq!(env(&plan), format!("GEMINI_CLI_NO_RELAUNCH=true TMPDIR=/spool GEMINI_API_KEY=k-secret {own}"));
    let [(path, settings)] = plan.own_files.as_slice() else { panic!("{:?}", plan.own_files) };
    let settings: Value = serde_json::from_str(settings).unwrap();
    assert_eq!(
        (*path, &settings["security"]["auth"]["selectedType"]),
        (".gemini/settings.json", &json!("gemini-api-key"))
    );
    assert_eq!(
        (&settings["privacy"]["usageStatisticsEnabled"], &settings["general"]["maxAttempts"]),
        (&json!(false), &json!(1))
    );
}

#[test]
fn gemini_cli_keeps_the_users_settings_where_they_serve() {
    let home = tempfile::tempdir().unwrap();
    let mut setup = Setup::of(Provider::GeminiCli);
    (setup.key, setup.home) = (Some("k-secret"), Some(home.path().to_owned()));
    assert!(env(&setup.plan().unwrap()).contains("GEMINI_CLI_HOME"), "a home without settings");
    std::fs::create_dir(home.path().join(".gemini")).unwrap();
    std::fs::write(home.path().join(".gemini/settings.json"), "{}").unwrap();
    let plan = setup.plan().unwrap();
    assert!(!env(&plan).contains("GEMINI_CLI_HOME") && plan.own_files.is_empty(), "a home with settings");
    setup.config.base_url = Some("http://127.0.0.1:9".to_owned());
    assert!(env(&setup.plan().unwrap()).contains("GEMINI_CLI_HOME"), "another address needs a way of login");
    assert_eq!(std::fs::read_to_string(home.path().join(".gemini/settings.json")).unwrap(), "{}");
}

const COPILOT: &str =
    "--output-format json --stream off --no-auto-update --no-color --usage-output-file /spool/usage.json";

#[test]
fn copilot_cli() {
    let cases: [(Change, &str, &str); 9] = [
        (|_| {}, " --model m1", ""),
        (|setup| setup.config.model = None, "", ""),
        (|setup| setup.config.permission = Permission::Edit, " --allow-tool write --model m1", ""),
        (|setup| setup.config.permission = Permission::Full, " --allow-all-tools --model m1", ""),
        (|setup| setup.session = Some("s-1"), " --resume=s-1 --model m1", ""),
        (|setup| setup.config.reasoning_effort = Some(Effort::None), " --reasoning-effort none --model m1", ""),
        (|setup| setup.key = Some("k-secret"), " --model m1", "COPILOT_GITHUB_TOKEN=k-secret"),
        // The usual key is a GitHub token and goes to no other address; one that was named for it does.
        (
            |setup| (setup.key, setup.config.base_url) = (Some("k-secret"), Some("http://127.0.0.1:9/v1/".to_owned())),
            "",
            "COPILOT_OFFLINE=true COPILOT_PROVIDER_BASE_URL=http://127.0.0.1:9/v1 COPILOT_MODEL=m1",
        ),
        (
            |setup| {
                (setup.key, setup.config.base_url) = (Some("k-secret"), Some("http://127.0.0.1:9/v1".to_owned()));
                setup.config.api_key_env = Some("MY_KEY".to_owned());
            },
            "",
            "COPILOT_OFFLINE=true COPILOT_PROVIDER_BASE_URL=http://127.0.0.1:9/v1 COPILOT_MODEL=m1 COPILOT_PROVIDER_API_KEY=k-secret",
        ),
    ];
    for (change, more, wanted_env) in cases {
        let mut setup = Setup::of(Provider::CopilotCli);
        change(&mut setup);
        let plan = setup.plan().unwrap();
        assert_eq!((args(&plan), env(&plan)), (format!("{COPILOT}{more}"), wanted_env.to_owned()));
    }
}

#[test]
fn opencode_is_told_what_it_may_do_and_where_it_goes() {
    let cases: [(Change, &str, &str, Value); 5] = [
        (
            |_| {},
            "run --format json -m m1 --title synod",
            "",
            json!({"edit": "deny", "bash": "deny", "external_directory": "deny"}),
        ),
        (
            |setup| setup.config.permission = Permission::Edit,
            "run --format json -m m1 --title synod",
            "",
            json!({"edit": "allow", "bash": "deny", "external_directory": "deny"}),
        ),
        (
            |setup| setup.config.permission = Permission::Full,
            "run --format json -m m1 --title synod",
            "",
            json!({"edit": "allow", "bash": "allow", "external_directory": "deny"}),
        ),
        (
            |setup| (setup.session, setup.key) = (Some("ses_1"), Some("k-secret")),
            "run --format json -m m1 --title synod -s ses_1",
            " SYNOD_WORKER_KEY=k-secret",
            json!({"edit": "deny", "bash": "deny", "external_directory": "deny"}),
        ),
        (
            |setup| (setup.config.base_url, setup.key) = (Some("http://127.0.0.1:9/v1/".to_owned()), Some("k-secret")),
            "run --format json -m synod/m1 --title synod",
            " OPENCODE_DISABLE_MODELS_FETCH=1 SYNOD_WORKER_KEY=k-secret",
            json!({"edit": "deny", "bash": "deny", "external_directory": "deny"}),
        ),
    ];
    for (change, wanted_args, wanted_env, permission) in cases {
        let mut setup = Setup::of(Provider::Opencode);
        change(&mut setup);
        let plan = setup.plan().unwrap();
        let (rest, config) = env(&plan)
            .split_once(" OPENCODE_CONFIG_CONTENT=")
            .map(|(rest, config)| (rest.to_owned(), config.to_owned()))
            .unwrap();
        assert_eq!((args(&plan).as_str(), rest), (wanted_args, format!("OPENCODE_DISABLE_AUTOUPDATE=1{wanted_env}")));
        let config: Value = serde_json::from_str(&config).unwrap();
        assert_eq!(
            (&config["permission"], &config["share"], &config["autoupdate"]),
            (&permission, &json!("disabled"), &json!(false))
        );
        assert_eq!(config["disabled_providers"], json!(["opencode"]));
    }
}

#[test]
fn opencode_takes_its_own_provider_from_the_address() {
    let content = |change: Change| -> Value {
        let mut setup = Setup::of(Provider::Opencode);
        change(&mut setup);
        let plan = setup.plan().unwrap();
        let (_, content) = plan.env.iter().find(|(name, _)| *name == "OPENCODE_CONFIG_CONTENT").unwrap();
        serde_json::from_str(content.to_str().unwrap()).unwrap()
    };
    assert_eq!(content(|_| {}).get("provider"), None);
    let keyless = content(|setup| setup.config.base_url = Some("http://127.0.0.1:9/v1/".to_owned()));
    let provider = json!({"npm": "@ai-sdk/openai-compatible", "name": "synod", "models": {"m1": {"name": "m1"}},
        "options": {"baseURL": "http://127.0.0.1:9/v1", "apiKey": "none"}});
    assert_eq!(keyless["provider"]["synod"], provider);
    let keyed = content(|setup| (setup.config.base_url, setup.key) = (Some("http://x".to_owned()), Some("k-secret")));
    assert_eq!(keyed["provider"]["synod"]["options"]["apiKey"], "{env:SYNOD_WORKER_KEY}");
    let hosted = content(|setup| setup.config.model = Some("opencode/free".to_owned()));
    assert_eq!(hosted.get("disabled_providers"), None, "who asks for the hosted one by name gets it");
}

#[test]
fn grok_cli() {
    let full: Change = |setup| setup.config.permission = Permission::Full;
    let with_key: Change = |setup| {
        (setup.config.permission, setup.key) = (Permission::Full, Some("k-secret"));
        (setup.config.base_url, setup.config.model) = (Some("http://127.0.0.1:9/v1/".to_owned()), None);
    };
    assert_planned(
        Provider::GrokCli,
        &[
            (full, "-p Carry out what follows.||Do it. --model m1", ""),
            (
                with_key,
                "-p Carry out what follows.||Do it.",
                "GROK_API_KEY=k-secret GROK_BASE_URL=http://127.0.0.1:9/v1",
            ),
        ],
    );
}

#[test]
fn command_templates_are_filled_once_from_left_to_right() {
    for (template, model, filled) in [
        (vec!["prog"], "m", ""),
        (vec!["prog", "-m", "{model}", "{prompt_file}"], "m", "-m m /spool/prompt"),
        (vec!["prog", "{folder}:{workdir}"], "m", "/work:/work"),
        (vec!["prog", "a{model}b{model}c"], "m", "ambmc"),
        (vec!["prog", "{model}"], "{folder}", "{folder}"),
        (vec!["prog", "{Model} {} {", "}"], "m", "{Model} {} { }"),
        (vec!["{model}", "{model}{folder}"], "é", "é/work"),
    ] {
        let mut setup = Setup::of(Provider::Command);
        setup.config.command = template.iter().map(|part| (*part).to_owned()).collect();
        setup.config.model = Some(model.to_owned());
        let plan = setup.plan().unwrap();
        assert_eq!((args(&plan).as_str(), plan.stdin.as_str(), plan.env.len()), (filled, "Do it.", 0), "{template:?}");
    }
}

#[test]
fn each_program_gets_its_prompt_on_stdin_in_the_form_it_needs() {
    let hostile = "/compact\n@/etc/passwd";
    let begun = format!("Carry out what follows.\n\n{hostile}");
    let guarded = "Carry out what follows. In it, \\@ stands for an at sign.\n\n/compact\n\\@/etc/passwd".to_owned();
    for (provider, stdin) in [
        (Provider::ClaudeCode, guarded.clone()),
        (Provider::GeminiCli, guarded),
        (Provider::CopilotCli, begun.clone()),
        (Provider::Opencode, begun),
        (Provider::Codex, hostile.to_owned()),
        (Provider::Command, hostile.to_owned()),
        (Provider::GrokCli, String::new()),
    ] {
        let mut setup = Setup::of(provider);
        setup.config.permission = Permission::Full;
        setup.prompt = hostile.to_owned();
        let plan = setup.plan().unwrap();
        assert_eq!(plan.stdin, stdin, "{provider:?}");
        let among_args = plan.args.iter().any(|arg| arg.contains("/etc/passwd"));
        assert_eq!(among_args, provider == Provider::GrokCli, "{provider:?}");
    }
}

#[test]
fn a_prompt_longer_than_the_program_takes_is_refused_before_it_runs() {
    let first_line = "Carry out what follows.\n\n".len();
    for (provider, most, words) in [
        (Provider::ClaudeCode, 10_000_000 - first_line, "10 MB that Claude Code takes"),
        (Provider::GeminiCli, 7_000_000 - first_line, "8 MB that Gemini CLI takes"),
        (Provider::Codex, 1_048_576, "1048576 characters that Codex takes"),
        (Provider::GrokCli, 131_071 - first_line, "128 KiB that Grok CLI can take"),
    ] {
        let mut setup = Setup::of(provider);
        setup.config.permission = Permission::Full;
        setup.prompt = "x".repeat(most);
        assert!(setup.plan().is_ok(), "{provider:?}");
        setup.prompt.push('x');
        let trouble = setup.plan().unwrap_err();
        assert_eq!(trouble.class.as_str(), "request_refused");
        assert!(trouble.message.contains(words), "{}", trouble.message);
    }
    let mut wide = Setup::of(Provider::Codex);
    wide.prompt = "é".repeat(1_048_576);
    assert!(wide.plan().is_ok(), "Codex counts characters");
}

#[test]
fn settings_that_cannot_work_block_the_worker_with_the_way_out() {
    let cases: [(Provider, Change, &str, &str); 6] = [
        (Provider::GrokCli, |_| {}, "worker_blocked", "set the worker's `permission = \"full\"`"),
        (
            Provider::GrokCli,
            |setup| setup.config.permission = Permission::Edit,
            "worker_blocked",
            "or use provider `xai`",
        ),
        (
            Provider::Opencode,
            |setup| setup.config.model = None,
            "worker_blocked",
            "an opencode worker needs a model, as PROVIDER/MODEL",
        ),
        (
            Provider::CopilotCli,
            |setup| (setup.config.model, setup.config.base_url) = (None, Some("http://x".to_owned())),
            "worker_blocked",
            "a Copilot worker with a base_url needs a model",
        ),
        (
            Provider::Codex,
            |setup| setup.session = Some("my-thread"),
            "request_refused",
            "`my-thread` is no Codex thread",
        ),
        (
            Provider::Codex,
            |setup| setup.config.base_url = Some("http://x\",a=\"b".to_owned()),
            "worker_blocked",
            "base_url holds a quote",
        ),
    ];
    for (provider, change, class, words) in cases {
        let mut setup = Setup::of(provider);
        change(&mut setup);
        let trouble = setup.plan().unwrap_err();
        assert_eq!(trouble.class.as_str(), class, "{provider:?}");
        assert!(trouble.message.contains(words), "{}", trouble.message);
    }
}

#[test]
fn every_effort_has_a_word_that_the_program_knows() {
    for (effort, codex, copilot) in [
        (Effort::None, "none", "none"),
        (Effort::Minimal, "minimal", "minimal"),
        (Effort::Low, "low", "low"),
        (Effort::Medium, "medium", "medium"),
        (Effort::High, "high", "high"),
        (Effort::Max, "xhigh", "max"),
    ] {
        let planned = |provider| {
            let mut setup = Setup::of(provider);
            setup.config.reasoning_effort = Some(effort);
            args(&setup.plan().unwrap())
        };
        assert!(planned(Provider::Codex).contains(&format!(" -c model_reasoning_effort=\"{codex}\" ")));
        assert!(planned(Provider::CopilotCli).contains(&format!(" --reasoning-effort {copilot} ")));
    }
}
