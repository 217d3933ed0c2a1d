//! Whether a task's name stands in the tree already. The store knows the names of its own tasks; files that came with a clone
//! of the workspace, without its store, are known only here, and a new task must not write over them.

use crate::board::TaskId;
use std::path::Path;

/// Whether some task of this name has left files below the coordination folder.
pub fn is_taken(coordination: &Path, task: &TaskId) -> bool {
    let decision = coordination.join("decisions").join(format!("{task}.json"));
    let states = ["active", "done", "failed"].map(|folder| {
        let name = format!("{task}_state.json");
        coordination.join("tasks").join(folder).join(name)
    });
    decision.exists() || states.iter().any(|state| state.exists())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_by_a_decision_or_a_state_file() {
        let folder = tempfile::tempdir().unwrap();
        let task = TaskId::slug("review auth");
        for name in
            ["decisions/review-auth.json", "tasks/done/review-auth_state.json", "tasks/failed/review-auth_state.json"]
        {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            assert!(!is_taken(folder.path(), &task), "before {name}");
            std::fs::write(&path, "{}").unwrap();
            assert!(is_taken(folder.path(), &task), "with {name}");
            std::fs::remove_file(&path).unwrap();
        }
    }
}
