//! Later steps that go on with a worker's conversation: what reaches the worker, also after a restart, and what is told anew
//! when the conversation is gone.

use super::rig::Rig;
use super::workers::{Workers, failed, said};
use crate::board::FailureClass;
use crate::board::rules::Sessions;
use crate::worker::Reply;

/// Two steps of one worker, with a file to read.
const TWO_STEPS: &str = "---\nkind: documentation\ncontext: [notes.md]\nplan:\n  steps:\n    - {id: draft, do: Write a draft., models: [a]}\n    - {id: finish, do: Polish the draft., needs: [draft], models: [a]}\n---\nDescribe the design.\n";

fn rig(sessions: Sessions) -> Rig {
    let mut rig = Rig::new(&["a"]);
    std::fs::write(rig.root().join("notes.md"), "the port is 4820").unwrap();
    for worker in &mut rig.rules.workers {
        worker.sessions = sessions;
    }
    rig
}

/// An answer from a session that the worker keeps itself.
fn said_in(session: &str, text: &str) -> Reply {
    Reply { session: Some(session.to_owned()), ..said(text).unwrap() }
}

#[tokio::test]
async fn what_was_said_is_told_again_and_only_what_is_new_is_asked() {
    let rig = rig(Sessions::History);
    let workers = Workers::played();
    let running = rig.start(&workers);
    running.submit("guide", TWO_STEPS).await;
    let first = workers.next().await;
    assert!(first.call.history.is_empty() && first.call.prompt.contains("the port is 4820"));
    let told = first.call.prompt.clone();
    first.say("a draft");
    let second = workers.next().await;
    let [turn] = second.call.history.as_slice() else { panic!("{:?}", second.call.history) };
    assert_eq!((turn.prompt.as_str(), turn.answer.as_str()), (told.as_str(), "a draft"));
    let prompt = &second.call.prompt;
    assert!(prompt.contains("Polish the draft.") && !prompt.contains("a draft\n"), "{prompt}");
    assert!(!prompt.contains("the port is 4820") && !prompt.contains("This is guide."), "{prompt}");
    assert!(second.call.system.is_some() && second.call.session.is_none());
    second.say("the guide");
    assert_eq!(running.rested("guide").await.row.state, "done");
    running.end().await;
    let record = rig.read("sessions/a_guide.json");
    assert!(record.contains("\"goes_on_from\": 1"), "{record}");
}

#[tokio::test]
async fn a_conversation_outlives_the_daemon() {
    for sessions in [Sessions::History, Sessions::Own] {
        let rig = rig(sessions);
        let workers = Workers::played();
        let running = rig.start(&workers);
        running.submit("guide", TWO_STEPS).await;
        let first = workers.next().await;
        first.end(Ok(match sessions {
            Sessions::Own => said_in("s-1 used=1/2/3/", "a draft"),
            Sessions::History | Sessions::None => said("a draft").unwrap(),
        }));
        let before = workers.next().await;
        running.end_hard().await;

        let workers = Workers::played();
        let running = rig.start(&workers);
        let after = workers.next().await;
        assert_eq!((&after.call.prompt, &after.call.history), (&before.call.prompt, &before.call.history));
        assert_eq!(after.call.session, before.call.session);
        let own = sessions == Sessions::Own;
        assert_eq!((after.call.session.is_some(), after.call.history.len()), (own, usize::from(!own)));
        assert_eq!(after.call.system.is_some(), !own, "the session has heard the role");
        after.say("the guide");
        assert_eq!(running.rested("guide").await.row.state, "done");
        running.end().await;
    }
}

#[tokio::test]
async fn a_lost_session_is_told_everything_once_and_the_log_says_so() {
    let rig = rig(Sessions::Own);
    let workers = Workers::played();
    let running = rig.start(&workers);
    running.submit("guide", TWO_STEPS).await;
    workers.next().await.end(Ok(said_in("s-1", "a draft")));
    let second = workers.next().await;
    assert_eq!(second.call.session.as_deref(), Some("s-1"));
    second.end(failed(FailureClass::RequestRefused, "no conversation found"));
    let third = workers.next().await;
    assert!(third.call.session.is_none() && third.call.system.is_some());
    for part in ["Describe the design.", "Polish the draft.", "the port is 4820", "a draft"] {
        assert!(third.call.prompt.contains(part), "{part} is not told again: {}", third.call.prompt);
    }
    third.end(Ok(said_in("s-2", "the guide")));
    let view = running.rested("guide").await;
    assert_eq!((view.row.state.as_str(), view.attempts.len()), ("done", 3));
    running.end().await;
    let log = rig.read("communication/INTERCOMMUNICATION_LOG.md");
    assert!(
        log.contains("ask it afresh and tell it everything") && log.contains("the conversation of attempt 1"),
        "{log}"
    );
}

#[tokio::test]
async fn a_conversation_that_no_prompt_has_room_for_is_begun_anew() {
    let rig = rig(Sessions::History);
    let workers = Workers::played();
    let running = rig.start(&workers);
    running.submit("guide", TWO_STEPS).await;
    // The rig's prompts hold a MiB.
    workers.next().await.say(&"a long draft ".repeat(90_000));
    let second = workers.next().await;
    assert!(second.call.history.is_empty() && second.call.prompt.contains("Describe the design."));
    second.say("the guide");
    assert_eq!(running.rested("guide").await.row.state, "done");
    running.end().await;
}
