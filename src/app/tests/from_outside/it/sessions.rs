//! Sessions of a model's own program: a later step resumes the session of the one before, and one that the program has lost
//! costs one further call and not the task. The program is a script that speaks as Claude Code does.

use super::cli::{err, run};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Keeps each session as a file beside itself, with what it was told and how it was started, and refuses to resume one that
/// it does not have, in the words of the real one.
const CLAUDE: &str = r#"#!/bin/sh
here=$(dirname "$0")
calls=$(cat "$here/calls" 2>/dev/null || echo 0); calls=$((calls + 1)); echo $calls > "$here/calls"
session="session-$calls"
before=""
for word in "$@"; do
  if [ "$before" = "--resume" ]; then session="$word"; resumed=yes; fi
  before="$word"
done
if [ "$resumed" = yes ] && [ ! -f "$here/$session" ]; then
  echo "No conversation found with session ID: $session" >&2
  exit 1
fi
cat > "$here/told-$calls"
echo "$@" > "$here/args-$calls"
if [ ! -f "$here/forgetful" ]; then touch "$here/$session"; fi
echo "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"result\":\"answer $calls\",\"session_id\":\"$session\",\"total_cost_usd\":0.$calls,\"usage\":{\"input_tokens\":10,\"output_tokens\":2}}"
"#;

const SETTINGS: &str =
    "[limits]\nbackoff_initial = \"10ms\"\n[workers.claude]\nprovider = \"claude-code\"\nprogram = \"PROGRAM\"\n";

const TASK: &str = "---\nplan:\n  steps:\n    - {id: draft, do: Write a draft., models: [claude]}\n    - {id: finish, do: Polish the draft., needs: [draft], models: [claude]}\n---\nDescribe the design.\n\nMind the harbour.\n";

/// A workspace with the script as its only worker.
fn workspace(root: &Path) {
    let program = root.join("bin/claude");
    fs::create_dir_all(root.join("bin")).unwrap();
    fs::write(&program, CLAUDE).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(root.join("synod.toml"), SETTINGS.replace("PROGRAM", &program.display().to_string())).unwrap();
    fs::write(root.join("guide.md"), TASK).unwrap();
}

fn read(root: &Path, name: &str) -> String {
    fs::read_to_string(root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn a_later_step_resumes_the_programs_session_and_pays_its_own_share() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    workspace(root);
    let ran = run(root, &["run", &root.join("guide.md").display().to_string(), "--json"]);
    assert!(ran.status.success(), "{}", err(&ran));
    assert!(!read(root, "bin/args-1").contains("--resume"));
    assert!(read(root, "bin/args-2").contains("--resume session-1"));
    let told = read(root, "bin/told-2");
    assert!(told.contains("Polish the draft.") && !told.contains("Mind the harbour."), "{told}");
    let record: serde_json::Value =
        serde_json::from_str(&read(root, "AI_COORDINATION/sessions/claude_guide.json")).unwrap();
    let cost = record["cost_usd"].as_f64().unwrap();
    assert!((cost - 0.2).abs() < 1e-9, "the program counts the whole session, 0.1 and then 0.2: {cost}");
}

#[test]
fn a_session_that_the_program_has_lost_costs_one_further_call() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    workspace(root);
    fs::write(root.join("bin/forgetful"), "").unwrap();
    let ran = run(root, &["run", &root.join("guide.md").display().to_string(), "--json"]);
    assert!(ran.status.success(), "{}", err(&ran));
    assert_eq!(read(root, "bin/calls").trim(), "3", "told, refused, told afresh");
    let told = read(root, "bin/told-3");
    assert!(told.contains("Polish the draft.") && told.contains("Mind the harbour."), "{told}");
    assert!(!read(root, "bin/args-3").contains("--resume"));
}
