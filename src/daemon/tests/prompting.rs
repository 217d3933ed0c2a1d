//! What a worker is told: fitted into its window, with the whole workspace where it cannot look by itself, and with the
//! workspace's own text for a role.

use super::rig::{Rig, SIMPLE};
use super::workers::Workers;
use crate::board::WorkerName;
use crate::board::prompt::Sight;
use crate::daemon::Takes;

const DESIGN: &str = "---\nkind: architecture\nmode: simple\n---\nDesign the login.\n";

fn takes(rig: &mut Rig, worker: &str, takes: Takes) {
    rig.takes.insert(WorkerName::new(worker), takes);
}

fn write(rig: &Rig, path: &str, text: impl AsRef<[u8]>) {
    let path = rig.root().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[tokio::test]
async fn orders_that_do_not_fit_a_window_are_not_sent_and_the_next_worker_is_asked() {
    let mut rig = Rig::new(&["a", "b"]);
    takes(&mut rig, "a", Takes { prompt_bytes_max: Some(700), reads_files: true, ..Takes::default() });
    let workers = Workers::played();
    let running = rig.start(&workers);
    running.submit("guide", SIMPLE).await;
    let asked = workers.next().await;
    assert_eq!(asked.worker, "b");
    asked.say("done");
    let view = running.rested("guide").await;
    let error = view.attempts[0].error.as_deref().unwrap();
    assert!(error.contains("may have 700") && error.contains("bytes"), "{error}");
    assert_eq!(workers.counts().get("a"), None, "no call was made");
    running.end().await;
}

#[tokio::test]
async fn material_is_fitted_into_the_window_of_its_worker() {
    let mut rig = Rig::new(&["a"]);
    write(&rig, "long.txt", "x".repeat(50_000));
    takes(&mut rig, "a", Takes { prompt_bytes_max: Some(20_000), reads_files: true, ..Takes::default() });
    let workers = Workers::played();
    let running = rig.start(&workers);
    running.submit("guide", &SIMPLE.replace("kind:", "context: [long.txt]\nkind:")).await;
    let call = workers.next().await.call;
    let bytes = call.prompt.len() + call.system.as_deref().map_or(0, str::len);
    assert!((10_000..=20_000).contains(&bytes) && call.prompt.contains("of 50000 bytes)"), "{bytes}");
    running.end_hard().await;
}

#[tokio::test]
async fn a_task_goes_to_who_has_room_for_its_files_specification_and_memories() {
    let mut rig = Rig::new(&["small", "large"]);
    rig.rules.workers[0].window_tokens = Some(1_000);
    write(&rig, "src/long.txt", "x".repeat(9_000));
    write(&rig, "src/binary.bin", [&[0; 9_000][..], b"x"].concat());
    write(&rig, "spec.md", "y".repeat(9_000));
    write(&rig, "memories/style.md", "z".repeat(9_000));
    let workers = Workers::ruled(|_, _| super::workers::said("done"));
    let running = rig.start(&workers);
    for (number, (brings, who, tokens)) in [
        ("context: [\"src/*.txt\"]", "large", "about 30"),
        ("spec: spec.md", "large", "about 30"),
        ("memories: [style]", "large", "about 30"),
        ("context: [\"src/*.txt\"]\nspec: spec.md\nmemories: [style]", "large", "about 90"),
        ("context: [\"src/*.bin\"]", "small", ""),
        ("context: [\"none/**\"]", "small", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("t{number}");
        running.submit(&name, &SIMPLE.replace("kind:", &format!("{brings}\nkind:"))).await;
        let view = running.rested(&name).await;
        assert_eq!(view.attempts[0].worker.as_str(), who, "{brings}");
        let said = view.why_routed.iter().find(|line| line.starts_with("window: ")).map(String::as_str);
        let expected = said.is_none_or(|line| line.contains(tokens) && line.ends_with("small (1000)"));
        assert!(expected && said.is_some() == (who == "large"), "{brings}: {:?}", view.why_routed);
    }
    running.end().await;
}

#[tokio::test]
async fn an_architect_that_cannot_look_by_itself_is_given_the_whole_workspace() {
    let mut rig = Rig::new(&["a"]);
    write(&rig, "src/login.rs", "fn login() {}");
    write(&rig, "src/huge.rs", "x".repeat(40_000));
    write(&rig, "AI_COORDINATION/outputs/other/01-make-b.md", "what another worker said");
    takes(&mut rig, "a", Takes { prompt_bytes_max: Some(40_000), reads_files: false, ..Takes::default() });
    let workers = Workers::played();
    let running = rig.start(&workers);
    running.submit("design", DESIGN).await;
    let first = workers.next().await;
    let prompt = &first.call.prompt;
    assert!(prompt.contains("fn login() {}") && prompt.contains("src/huge.rs (40000)"), "{prompt}");
    assert!(prompt.contains("- `src/huge.rs: does not fit`"), "{prompt}");
    assert!(!prompt.contains("what another worker said") && !prompt.contains("AI_COORDINATION"), "{prompt}");
    first.say("a design");
    running.rested("design").await;

    running.submit("guide", SIMPLE).await;
    let other = workers.next().await;
    assert!(!other.call.prompt.contains("fn login"), "a documenter is given what the task names");
    other.say("a guide");
    running.end().await;
}

#[tokio::test]
async fn who_can_look_by_itself_or_is_given_files_by_name_is_not_given_the_rest() {
    for (reads_files, content) in
        [(true, DESIGN.to_owned()), (false, DESIGN.replace("kind:", "context: [b.txt]\nkind:"))]
    {
        let mut rig = Rig::new(&["a"]);
        write(&rig, "a.rs", "fn login() {}");
        write(&rig, "b.txt", "named");
        takes(&mut rig, "a", Takes { prompt_bytes_max: None, reads_files, ..Takes::default() });
        let workers = Workers::played();
        let running = rig.start(&workers);
        running.submit("design", &content).await;
        assert!(!workers.next().await.call.prompt.contains("fn login"));
        running.end_hard().await;
    }
}

#[tokio::test]
async fn a_role_has_the_workspaces_own_text_and_a_bad_one_is_said() {
    let rig = Rig::new(&["a"]);
    write(&rig, "AI_COORDINATION/prompts/documenter.md", "You write for sailors.");
    write(&rig, "AI_COORDINATION/prompts/architect.md", b"caf\xe9");
    let workers = Workers::played();
    let running = rig.start(&workers);
    running.submit("guide", SIMPLE).await;
    let call = workers.next().await;
    assert_eq!(call.call.system.as_deref(), Some("You write for sailors."));
    call.say("a guide");
    running.submit("design", DESIGN).await;
    let call = workers.next().await;
    assert!(call.call.system.as_deref().unwrap().starts_with("You are the architect."));
    call.say("a design");
    let decision = running.rested("design").await.decision.unwrap();
    let reasons = decision.review_reasons.join("; ");
    assert!(reasons.contains("prompts/architect.md: is not UTF-8 text; the shipped text was used"), "{reasons}");
    running.end().await;
}

#[tokio::test]
async fn images_reach_who_sees_them_and_the_others_are_told_of_them() {
    for (sight, sent, said) in [
        (Sight::Sent, 1, "They come with this prompt"),
        (Sight::Opens, 0, "Open them where they stand"),
        (Sight::Blind, 0, "docs/a.png: is an image, and this worker sees none"),
    ] {
        let mut rig = Rig::new(&["a"]);
        write(&rig, "docs/a.png", b"\x89PNG and so on");
        write(&rig, "docs/b.png", b"no image at all");
        takes(&mut rig, "a", Takes { sight, ..Takes::default() });
        let workers = Workers::played();
        let running = rig.start(&workers);
        running.submit("guide", &SIMPLE.replace("kind:", "context: [docs/*.png]\nkind:")).await;
        let call = workers.next().await.call;
        assert_eq!(call.images.len(), sent, "{sight:?}");
        assert!(call.prompt.contains(said) && call.prompt.contains("docs/a.png"), "{sight:?}: {}", call.prompt);
        let bad = if sight == Sight::Blind { "sees none" } else { "is no PNG" };
        assert!(call.prompt.contains(bad), "{}", call.prompt);
        if let Some(image) = call.images.first() {
            assert_eq!((image.name.as_str(), image.media_type, image.bytes.len()), ("docs/a.png", "image/png", 14));
        }
        running.end_hard().await;
    }
}

#[tokio::test]
async fn a_wide_glob_does_not_show_what_other_workers_said() {
    let rig = Rig::new(&["a"]);
    write(&rig, "notes.md", "the port is 4820");
    write(&rig, "AI_COORDINATION/outputs/guide/01-make-b.md", "another worker's answer");
    write(&rig, "memories/orchestration/model-outputs/guide/b.md", "the same as a memory");
    let workers = Workers::played();
    let running = rig.start(&workers);
    running.submit("guide", &SIMPLE.replace("kind:", "context: [\"**\"]\nkind:")).await;
    let prompt = workers.next().await.call.prompt;
    assert!(prompt.contains("the port is 4820"), "{prompt}");
    assert!(!prompt.contains("another worker's answer") && !prompt.contains("the same as a memory"), "{prompt}");
    running.end_hard().await;

    let running = rig.start(&workers);
    let named = SIMPLE.replace("kind:", "context: [\"AI_COORDINATION/outputs/**\"]\nkind:");
    workers.next().await.say("done");
    running.submit("more", &named).await;
    assert!(workers.next().await.call.prompt.contains("another worker's answer"), "the task names it");
    running.end_hard().await;
}
