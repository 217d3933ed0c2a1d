//! Task files: what each key takes, and the exact words with which each fault is refused.

use crate::board::spec::Mode;
use crate::board::{Priority, Reason, WorkspaceAccess};
use crate::folder::intake::{Limits, format};
use std::os::unix::fs::symlink;
use std::time::Duration;

fn read_bytes(name: &str, bytes: &[u8]) -> Result<format::Draft, Reason> {
    let root = tempfile::tempdir().unwrap();
    format::read(name, bytes, root.path(), &Limits { task_bytes_max: 100_000, plan_steps_max: 5, ..Limits::default() })
}

fn keyed(line: &str) -> Result<format::Draft, Reason> {
    read_bytes("fix.md", format!("---\n{line}\n---\nDo it.\n").as_bytes())
}

/// A front matter of this line is refused on line 2 with these words and this way out.
fn assert_refused(line: &str, what: &str, mend: &str) {
    let reason = keyed(line).unwrap_err();
    assert_eq!((reason.line, reason.what.as_str(), reason.mend.as_str()), (Some(2), what, mend), "{line}");
}

const PRIORITIES: &str = "valid are low, normal, high, critical";
const MODES: &str = "valid are auto, simple, medium, complex, architectural, mega";
const DURATIONS: &str = "write 500ms, 60s, 10m, 2h or 1d, above zero";
const A_PATH: &str = "write a path from the workspace root, as in src/auth.rs";
const A_MEMORY: &str = "name a memory as in design/auth";

#[test]
fn words_that_are_not_known_get_the_nearest_one() {
    for (line, what, mend) in [
        ("priority: urgent", "priority does not know \"urgent\"", PRIORITIES.to_owned()),
        ("priority: hihg", "priority does not know \"hihg\"", format!("did you mean high? {PRIORITIES}")),
        ("priority: Critical", "priority does not know \"Critical\"", format!("did you mean critical? {PRIORITIES}")),
        ("priority: ''", "priority does not know \"\"", PRIORITIES.to_owned()),
        ("mode: simpel", "mode does not know \"simpel\"", format!("did you mean simple? {MODES}")),
        ("mode: everything", "mode does not know \"everything\"", MODES.to_owned()),
        ("workspace: write", "workspace does not know \"write\"", "valid are read, worktree".to_owned()),
        (
            "workspace: worktre",
            "workspace does not know \"worktre\"",
            "did you mean worktree? valid are read, worktree".to_owned(),
        ),
    ] {
        assert_refused(line, what, &mend);
    }
    let long = keyed(&format!("priority: {}", "x".repeat(100))).unwrap_err();
    assert_eq!(long.what, format!("priority does not know \"{}…\"", "x".repeat(60)));
}

#[test]
fn a_value_of_another_kind_is_told_what_it_is_and_what_it_must_be() {
    let kinds = [
        ("5", "a whole number"),
        ("1.5", "a number"),
        ("true", "true or false"),
        ("~", "empty"),
        ("[]", "a list"),
        ("{}", "a group of keys"),
    ];
    for key in ["title", "kind", "role", "pipeline", "spec", "validate"] {
        for (value, is) in kinds {
            assert_refused(
                &format!("{key}: {value}"),
                &format!("{key} must be text, but is {is}"),
                &format!("write it as in {key}: \"some words\", or leave {key} out"),
            );
        }
    }
    for key in ["models", "context", "memories", "depends_on", "labels"] {
        for (value, is) in kinds.into_iter().filter(|(value, _)| *value != "[]").chain([("word", "text")]) {
            assert_refused(
                &format!("{key}: {value}"),
                &format!("{key} must be a list, but is {is}"),
                &format!("write it as in {key}: [\"one\", \"two\"], or leave {key} out"),
            );
        }
    }
    for (line, what, mend) in [
        (
            "budget_usd: cheap",
            "budget_usd must be a number of US dollars, but is text",
            "write it as in budget_usd: 0.50, or leave budget_usd out",
        ),
        (
            "budget_usd: [1]",
            "budget_usd must be a number of US dollars, but is a list",
            "write it as in budget_usd: 0.50, or leave budget_usd out",
        ),
        (
            "timeout: 5",
            "timeout must be a duration with its unit, but is a whole number",
            "write it as in timeout: \"10m\", or leave timeout out",
        ),
        (
            "priority: 1",
            "priority must be one of low, normal, high, critical, but is a whole number",
            "write it as in priority: low | normal | high | critical, or leave priority out",
        ),
        (
            "mode: [mega]",
            "mode must be one of auto, simple, medium, complex, architectural, mega, but is a list",
            "write it as in mode: auto | simple | medium | complex | architectural | mega, or leave mode out",
        ),
        (
            "workspace: ~",
            "workspace must be one of read, worktree, but is empty",
            "write it as in workspace: read | worktree, or leave workspace out",
        ),
        (
            "plan: steps",
            "plan must be a group of keys, but is text",
            "write it as in plan: { key: value }, or leave plan out",
        ),
        (
            "labels: [a, 2]",
            "labels[2] must be text, but is a whole number",
            "write it as in \"some words\", or leave labels[2] out",
        ),
        (
            "models: [[a]]",
            "models[1] must be text, but is a list",
            "write it as in \"some words\", or leave models[1] out",
        ),
    ] {
        assert_refused(line, what, mend);
    }
}

#[test]
fn texts_must_say_something_on_one_line_where_one_is_wanted() {
    for key in ["title", "kind", "role", "pipeline", "spec"] {
        assert_refused(
            &format!("{key}: ' '"),
            &format!("{key} is empty"),
            &format!("give {key} a value or leave it out"),
        );
        assert_refused(
            &format!("{key}: \"a\\nb\""),
            &format!("{key} must stand on one line"),
            &format!("write {key} on one line"),
        );
        assert_refused(
            &format!("{key}: \"a\\a\""),
            &format!("{key} holds the control character '\\u{{7}}'"),
            "remove that character",
        );
    }
    assert_refused("validate: ''", "validate is empty", "give validate a value or leave it out");
    assert_refused("labels: [a, ' ']", "labels[2] is empty", "give labels[2] a value or leave it out");
    let script = keyed("validate: \"cargo fmt\\ncargo test\"").unwrap();
    assert_eq!(script.asked().validate.as_deref(), Some("cargo fmt\ncargo test"), "a command may have several lines");
}

#[test]
fn numbers_and_durations_have_bounds() {
    for (line, what, mend) in [
        ("budget_usd: -0.01", "budget_usd is negative (-0.01)", "write zero or more dollars, as in 0.50"),
        ("budget_usd: -5", "budget_usd is negative (-5)", "write zero or more dollars, as in 0.50"),
        ("budget_usd: .inf", "budget_usd is inf, which is no amount", "write dollars, as in 0.50"),
        ("budget_usd: .nan", "budget_usd is NaN, which is no amount", "write dollars, as in 0.50"),
        ("timeout: ''", "timeout is \"\", which is no duration", DURATIONS),
        ("timeout: 0s", "timeout is \"0s\", which is no duration", DURATIONS),
        (
            "timeout: 10",
            "timeout must be a duration with its unit, but is a whole number",
            "write it as in timeout: \"10m\", or leave timeout out",
        ),
        ("timeout: '10'", "timeout is \"10\", which is no duration", DURATIONS),
        ("timeout: 10 parsecs", "timeout is \"10 parsecs\", which is no duration", DURATIONS),
        ("timeout: -1m", "timeout is \"-1m\", which is no duration", DURATIONS),
    ] {
        assert_refused(line, what, mend);
    }
    for (text, seconds) in [("500ms", 0.5), ("60s", 60.0), ("10m", 600.0), ("2h", 7200.0), ("1d", 86400.0)] {
        let timeout = keyed(&format!("timeout: {text}")).unwrap().asked().timeout;
        assert_eq!(timeout, Some(Duration::from_secs_f64(seconds)), "{text}");
    }
    for (text, amount) in [("0", 0.0), ("3", 3.0), ("0.25", 0.25), ("1e2", 100.0)] {
        assert_eq!(keyed(&format!("budget_usd: {text}")).unwrap().asked().budget_usd, Some(amount), "{text}");
    }
}

#[test]
fn paths_and_globs_stay_below_the_workspace() {
    let long = "x".repeat(1025);
    for (path, fault) in [
        ("/etc/passwd", "is absolute"),
        ("~/x", "is absolute"),
        ("C:/x", "is absolute"),
        ("\\x", "is absolute"),
        ("../x", "leaves the workspace by .."),
        ("a/../b", "leaves the workspace by .."),
        ("a\\..\\b", "leaves the workspace by .."),
        (".synod/token", "names a folder that is never given to workers"),
        ("a/.git/config", "names a folder that is never given to workers"),
    ] {
        assert_refused(&format!("spec: '{path}'"), &format!("spec is \"{path}\", which {fault}"), A_PATH);
        assert_refused(&format!("context: [a, '{path}']"), &format!("context[2] is \"{path}\", which {fault}"), A_PATH);
    }
    assert_refused(
        &format!("spec: {long}"),
        &format!("spec is \"{}…\", which is longer than 1024 bytes", &long[..60]),
        A_PATH,
    );
    let brackets = "write it as in src/**/*.rs; brackets and braces come in pairs";
    assert_refused(
        "context: ['a[b']",
        "context[1] is \"a[b\", which is no glob: unclosed character class; missing ']'",
        brackets,
    );
    assert_refused("context: ['{a,..}/x']", "context[1] is \"{a,..}/x\", which leaves the workspace by ..", A_PATH);
}

#[test]
fn a_path_through_a_link_that_leaves_is_refused() {
    let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    symlink(outside.path(), root.path().join("out")).unwrap();
    std::fs::create_dir(root.path().join("in")).unwrap();
    symlink("in", root.path().join("near")).unwrap();
    for (line, fault) in [
        ("spec: out/x", Some("spec is \"out/x\", which leaves the workspace through a symlink")),
        ("context: [out/**/*.rs]", Some("context[1] is \"out/**/*.rs\", which leaves the workspace through a symlink")),
        ("context: ['o*/x']", None),
        ("spec: near/x", None),
        ("spec: none/yet.md", None),
    ] {
        let text = format!("---\n{line}\n---\nx");
        let read = format::read("fix.md", text.as_bytes(), root.path(), &Limits::default());
        assert_eq!(read.err().map(|reason| reason.what), fault.map(str::to_owned), "{line}");
    }
}

#[test]
fn names_of_memories_tasks_and_workers_have_their_form() {
    for (line, what, mend) in [
        ("memories: [../x]", "memories[1] is \"../x\", which leaves its folder by a dot part", A_MEMORY),
        ("memories: [a, /x]", "memories[2] is \"/x\", which is absolute", A_MEMORY),
        ("memories: [global]", "memories[1] is \"global\", which is the folder of the global memories", A_MEMORY),
        ("depends_on: [fix]", "depends_on[1] is fix, the task itself", "name only tasks that must end before this one"),
        (
            "depends_on: [a, 'Design Auth']",
            "depends_on[2] is \"Design Auth\", which is no task id",
            "write the task's id, which is its file's name without the ending: design-auth",
        ),
        ("models: [claude, gemini, claude]", "models names claude twice", "name each worker once"),
        (
            "plan: {steps: []}\npipeline: review",
            "both plan and pipeline are given",
            "keep one of them: a pipeline is a plan with a name",
        ),
    ] {
        let reason = keyed(line).unwrap_err();
        if line.starts_with("plan") {
            assert_eq!(reason.what, "plan has no steps", "the plan is looked at first");
            continue;
        }
        assert_eq!((reason.what.as_str(), reason.mend.as_str()), (what, mend), "{line}");
    }
    let both = keyed("plan: {steps: [{id: a, do: x}]}\npipeline: review").unwrap_err();
    assert_eq!((both.line, both.what.as_str()), (Some(3), "both plan and pipeline are given"));
    let needs = keyed("depends_on: [b, a, b]").unwrap().asked().depends_on.clone();
    assert_eq!(needs.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn keys_that_are_unknown_or_twice_are_named() {
    let known = "title, kind, priority, mode, role, models, pipeline, team, plan, context, spec, memories, depends_on, workspace, validate, \
                 budget_usd, cache, timeout, labels, task";
    for (line, what, meant) in [
        ("priorty: high", "there is no key priorty", "did you mean priority? "),
        ("Priority: high", "there is no key Priority", "did you mean priority? "),
        ("model: claude", "there is no key model", "did you mean models? "),
        ("label: x", "there is no key label", "did you mean labels? "),
        ("budget: 1", "there is no key budget", ""),
        ("zzz: 1", "there is no key zzz", ""),
    ] {
        let reason = keyed(line).unwrap_err();
        assert_eq!((reason.line, reason.what.as_str()), (Some(2), what));
        assert!(reason.mend.ends_with(&format!("valid keys are {known}")), "{}", reason.mend);
        assert!(meant.is_empty() || reason.mend.starts_with(meant), "{}", reason.mend);
    }
    let json = read_bytes("a.json", b"{\"task\": \"x\",\n\"mode\": \"simple\",\n\"mode\": \"simple\"}").unwrap_err();
    assert_eq!(
        (json.line, json.what.as_str(), json.mend.as_str()),
        (Some(3), "the key mode is given twice, first on line 2", "keep one mode")
    );
    let yaml = keyed("mode: simple\nmode: simple").unwrap_err();
    assert_eq!((yaml.what.as_str(), yaml.mend.as_str()), ("the key mode is given twice", "keep one mode"));
}

#[test]
fn the_task_itself_must_be_text_where_its_format_wants_it() {
    for (name, text, line, what) in [
        ("a.json", "{}", None, "the key task is missing"),
        ("a.yaml", "mode: simple", None, "the key task is missing"),
        ("a.toml", "", None, "the key task is missing"),
        ("a.json", "{\"mode\": \"simple\",\n \"task\": 5}", Some(2), "task must be text, but is a whole number"),
        ("a.json", "{\"task\": null}", Some(1), "task must be text, but is empty"),
        ("a.yaml", "task: [x]", Some(1), "task must be text, but is a list"),
        ("a.toml", "task = 2026-01-01", Some(1), "task must be text, but is a date"),
        ("a.toml", "mode = 'simple'\ntask = '  '", Some(2), "the task is empty: no text says what is to be done"),
        ("a.json", "[1]", Some(1), "the file must hold keys, but is a list"),
        ("a.json", "null", None, "the file must hold keys, but is empty"),
        ("a.yaml", "", None, "the file must hold keys, but is empty"),
        ("a.yaml", "just words", Some(1), "the file must hold keys, but is text"),
        ("a.txt", "", Some(1), "the task is empty: no text says what is to be done"),
        ("a.txt", " \r\n\t\n", Some(1), "the task is empty: no text says what is to be done"),
        ("a.md", "---\nmode: simple\n---\n\n", Some(4), "the task is empty: no text says what is to be done"),
        ("a.md", "---\n---\n", Some(3), "the task is empty: no text says what is to be done"),
        ("a.md", "---\n- a\n---\nx", Some(2), "the front matter must hold keys, but is a list"),
        ("a.md", "---\nmode: simple\ntask: y\n---\nx", Some(3), "the key task has no place in front matter"),
        ("a.md", "---\nmode: simple\nx", Some(1), "the front matter that begins on line 1 is never closed"),
        ("a.exe", "x", None, "the file's ending is not one of a task file"),
        (".md", "x", None, "the file's ending is not one of a task file"),
        ("md", "x", None, "the file's ending is not one of a task file"),
    ] {
        let reason = read_bytes(name, text.as_bytes()).unwrap_err();
        assert_eq!((reason.line, reason.what.as_str()), (line, what), "{name}: {text:?}");
        assert!(!reason.mend.is_empty());
    }
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_place() {
    let not_text = "the file is not UTF-8 text: it looks like UTF-16 or a binary file";
    for (bytes, line, what) in [
        (&b"\xff\xfea\0"[..], None, not_text.to_owned()),
        (b"\xfe\xff\0a", None, not_text.to_owned()),
        (b"a\0b\0c\0", None, not_text.to_owned()),
        (b"\0", None, not_text.to_owned()),
        (
            b"ab\ncaf\xe9\n",
            Some(2),
            "the file is not UTF-8 text: byte 6 (counted from 0) begins no character".to_owned(),
        ),
        (b"\xc3", Some(1), "the file is not UTF-8 text: byte 0 (counted from 0) begins no character".to_owned()),
    ] {
        let reason = read_bytes("a.txt", bytes).unwrap_err();
        assert_eq!((reason.line, reason.what, reason.mend.as_str()), (line, what, "save it as UTF-8"));
    }
    assert_eq!(
        read_bytes("a.txt", b"a\0 is one zero in a longer text").unwrap().text,
        "a\0 is one zero in a longer text"
    );
}

#[test]
fn the_limit_of_a_file_is_reached_exactly() {
    assert!(read_bytes("a.txt", &[b'x'; 100_000]).is_ok());
    let reason = read_bytes("a.txt", &[b'x'; 100_001]).unwrap_err();
    assert_eq!(reason.what, "the file holds 100001 bytes, which is over limits.task_bytes_max (100000)");
    assert_eq!(reason.line, None);
    let items = |count: usize| format!("labels: [{}]", vec!["a"; count].join(", "));
    assert_eq!(keyed(&items(1000)).unwrap().asked().labels.len(), 1000);
    assert_refused(
        &items(1001),
        "labels holds 1001 items, which is over 1000",
        "name fewer things, or use one glob for many files",
    );
}

#[test]
fn broken_documents_are_refused_on_their_line() {
    for (name, text, line, words) in [
        ("a.json", "{\n\"task\": x\n}", 2, "the file is not valid JSON: "),
        ("a.json", "{\"task\": \"x\"}\n\n}", 3, "the file is not valid JSON: trailing characters"),
        ("a.json", "{\"task\": \"x\"", 1, "the file is not valid JSON: EOF"),
        ("a.toml", "task = 'x'\nmode simple", 2, "the file is not valid TOML: "),
        ("a.toml", "task = 'x'\ntask = 'y'", 2, "the file is not valid TOML: duplicate key"),
        ("a.toml", "task = 'x'\nbudget_usd = 99999999999999999999999999999999999999999", 2, "a number is out of range"),
        ("a.yaml", "task: x\nmode: \"simple", 2, "the YAML cannot be read: "),
        ("a.yaml", "task: &a x\nmode: *a", 1, "the YAML uses anchors (&) or aliases (*), which are not taken"),
        ("a.yaml", "task: x\n---\ntask: y", 2, "the file holds more than one YAML document"),
    ] {
        let reason = read_bytes(name, text.as_bytes()).unwrap_err();
        assert!(reason.what.starts_with(words), "{name} {text:?}: {reason:?}");
        assert!(reason.line.is_some_and(|at| at.abs_diff(line) <= 1), "{name} {text:?}: {reason:?}");
    }
    let deep = format!("{{\"task\": \"x\", \"plan\": {}1{}}}", "[".repeat(40), "]".repeat(40));
    let reason = read_bytes("a.json", deep.as_bytes()).unwrap_err();
    assert_eq!(reason.what, "the file is not valid JSON: lists and maps are nested more than 32 deep");
}

#[test]
fn every_format_gives_the_same_task() {
    let files = [
        (
            "fix.md",
            "---\npriority: high\nmodels: [a, b]\nbudget_usd: 2\nmode: mega\nworkspace: worktree\ntimeout: 1h\n---\n\nDo it.\n",
        ),
        (
            "fix.MD",
            "\u{feff}---\r\npriority: high\r\nmodels: [a, b]\r\nbudget_usd: 2.0\r\nmode: mega\r\nworkspace: worktree\r\ntimeout: 1h\r\n---\r\nDo it.\r\n",
        ),
        (
            "fix.yaml",
            "priority: high\nmodels:\n  - a\n  - b\nbudget_usd: 2\nmode: mega\nworkspace: worktree\ntimeout: 1h\ntask: |\n  Do it.\n",
        ),
        (
            "fix.yml",
            "{priority: high, models: [a, b], budget_usd: 2, mode: mega, workspace: worktree, timeout: 1h, task: Do it.}",
        ),
        (
            "fix.json",
            "{\"priority\":\"high\",\"models\":[\"a\",\"b\"],\"budget_usd\":2,\"mode\":\"mega\",\"workspace\":\"worktree\",\"timeout\":\"1h\",\"task\":\"Do it.\"}",
        ),
        (
            "fix.toml",
            "priority = 'high'\nmodels = ['a', 'b']\nbudget_usd = 2\nmode = 'mega'\nworkspace = 'worktree'\ntimeout = '1h'\ntask = '''\nDo it.\n'''",
        ),
    ];
    for (name, text) in files {
        let draft = read_bytes(name, text.as_bytes()).unwrap();
        let asked = draft.asked();
        assert_eq!(draft.text, "Do it.", "{name}");
        assert_eq!(
            (asked.priority, asked.mode, asked.workspace),
            (Priority::High, Mode::Mega, WorkspaceAccess::Worktree),
            "{name}"
        );
        assert_eq!(asked.models.iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["a", "b"], "{name}");
        assert_eq!((asked.budget_usd, asked.timeout), (Some(2.0), Some(Duration::from_secs(3600))), "{name}");
    }
}

#[test]
fn text_without_front_matter_is_all_text() {
    for (name, text, wanted) in [
        ("a.md", "Do it.", "Do it."),
        ("a.md", "# Title\n\npriority: high", "# Title\n\npriority: high"),
        ("a.md", " ---\nnot: it\n---\nx", " ---\nnot: it\n---\nx"),
        ("a.md", "----\nx", "----\nx"),
        ("a.txt", "---\npriority: high\n---\nx", "---\npriority: high\n---\nx"),
        ("a.txt", "\n\n  indented\r\nmore\n\n", "  indented\nmore"),
        ("a.md", "---\n\n---\nx", "x"),
        ("a.md", "---  \nmode: simple\n---\t\nx\n---\ny", "x\n---\ny"),
    ] {
        assert_eq!(read_bytes(name, text.as_bytes()).unwrap().text, wanted, "{text:?}");
    }
}
