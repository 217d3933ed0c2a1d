//! More is dropped than the board takes at once: nothing is lost, nothing waits for the next look at the folder.

use super::harness::{Script, Scripted, Workspace, end, until, verdict};

/// Few tasks at once, and no look at the folder but the first and those that events bring.
fn small_board(open_tasks_max: usize) -> Workspace {
    Workspace::new(&format!(
        "[limits]\nopen_tasks_max = {open_tasks_max}\nrescan_interval = \"1h\"\n[workers.claude]\nprovider = \"command\"\ncommand = [\"true\"]\n"
    ))
}

#[tokio::test]
async fn what_does_not_fit_is_taken_as_soon_as_others_end() {
    let workspace = small_board(2);
    let engine = workspace.engine(Scripted::new(|_, _| Script::Say(verdict("approve")))).await;
    for number in 0..20 {
        workspace.drop_file(&format!("task-{number}.md"), format!("Look at file number {number}."));
    }
    until("all are done", || workspace.names("tasks/done").len() == 40).await;
    end(engine).await;
}

#[tokio::test]
async fn a_full_board_still_hears_the_answer_that_makes_room() {
    let workspace = small_board(1);
    let engine = workspace.engine(Scripted::new(|_, _| Script::Say(verdict("approve")))).await;
    workspace.drop_file("first.md", "---\npriority: critical\nkind: code-review\n---\nReview the lock.\n");
    until("a person is asked", || workspace.names("decisions").contains(&"first.md".to_owned())).await;
    for number in 0..3 {
        workspace.drop_file(&format!("task-{number}.md"), format!("Look at file number {number}."));
    }
    std::fs::write(workspace.coordination("decisions/first.approve"), "").unwrap();
    until("all are done", || workspace.names("tasks/done").len() == 8).await;
    end(engine).await;
}
