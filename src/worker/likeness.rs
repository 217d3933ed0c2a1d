//! By what identical calls are recognised: one hash over everything that an answer depends on. Keeping answers is the
//! store's business, using them the daemon's.

use super::Call;
use crate::config::{Transport, Worker};
use serde_json::json;
use sha2::{Digest, Sha256};

/// Characters kept of the hash: 128 bits.
const HASH_CHARS: usize = 32;

/// What a worker's answers depend on besides the call; `None`: its answers are not kept.
pub(super) fn of_worker(name: &str, worker: &Worker) -> Option<String> {
    // A program sees the workspace's files, and a tool whatever it likes: the same words need not mean the same.
    let kept = worker.cache.unwrap_or(worker.provider.transport() == Transport::Http);
    let effort = worker.reasoning_effort.map(|effort| effort.as_str());
    let parts = json!([
        name,
        worker.provider.as_str(),
        worker.model,
        worker.address(),
        worker.temperature,
        worker.max_tokens,
        effort,
        worker.command,
        worker.args,
        worker.url,
        worker.tool,
        worker.arguments,
        worker.permission.as_str(),
    ]);
    kept.then(|| parts.to_string())
}

/// The hash of a call of such a worker; `None` for one that goes on with a session that only the worker knows.
pub(super) fn of_call(worker: &str, call: &Call) -> Option<String> {
    if call.session.is_some() {
        return None;
    }
    let mut hasher = Sha256::new();
    let mut add = |bytes: &[u8]| {
        // Lengths keep the parts apart.
        hasher.update((bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    add(worker.as_bytes());
    add(call.system.as_deref().unwrap_or_default().as_bytes());
    add(call.prompt.as_bytes());
    add(call.schema.as_ref().map(ToString::to_string).unwrap_or_default().as_bytes());
    let wishes = call.wishes;
    add(format!("{:?} {:?}", wishes.temperature, wishes.answer_tokens).as_bytes());
    for turn in &call.history {
        add(turn.prompt.as_bytes());
        add(turn.answer.as_bytes());
    }
    for image in &call.images {
        add(image.name.as_bytes());
        add(&image.bytes);
    }
    let mut hash: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    hash.truncate(HASH_CHARS);
    Some(hash)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]
    use super::super::cassette::tests::call;
    use super::super::{Image, Turn};
    use super::*;
    use crate::config::Provider;
    use std::time::Duration;

    #[test]
    fn everything_an_answer_depends_on_changes_the_hash_and_nothing_else_does() {
        let hash = |change: fn(&mut Call)| {
            let mut asked = call("one", 1, "What is it?");
            change(&mut asked);
            of_call("w", &asked).unwrap()
        };
        let plain = hash(|_| {});
        assert_eq!(plain.len(), HASH_CHARS);
        assert_eq!(hash(|call| call.time_left = Duration::from_secs(1)), plain);
        assert_eq!(hash(|call| call.key.number = 7), plain);
        let others = [
            hash(|call| call.prompt.push('!')),
            hash(|call| call.system = Some("Be brief.".to_owned())),
            hash(|call| call.schema = Some(json!({ "type": "object" }))),
            hash(|call| call.wishes.temperature = Some(0.5)),
            hash(|call| call.wishes.answer_tokens = Some(8192)),
            hash(|call| call.history.push(Turn { prompt: "a".to_owned(), answer: "b".to_owned() })),
            hash(|call| {
                call.images.push(Image { name: "a.png".to_owned(), media_type: "image/png", bytes: vec![1] });
            }),
        ];
        assert!(others.iter().all(|other| *other != plain), "{others:?}");
        assert_ne!(of_call("another worker", &call("one", 1, "What is it?")), Some(plain));
    }

    #[test]
    fn only_apis_are_kept_unless_the_settings_say_so() {
        let mut worker = Worker::new("a", Provider::Openai, Some("gpt-5"));
        let first = of_worker("a", &worker).unwrap();
        worker.temperature = Some(0.5);
        assert_ne!(of_worker("a", &worker).unwrap(), first);
        worker.cache = Some(false);
        assert_eq!(of_worker("a", &worker), None);
        let mut program = Worker::new("c", Provider::Codex, None);
        assert_eq!(of_worker("c", &program), None);
        program.cache = Some(true);
        assert!(of_worker("c", &program).is_some());
    }

    #[test]
    fn a_call_within_a_session_is_like_no_other() {
        let mut asked = call("one", 1, "Go on.");
        asked.session = Some("s-1".to_owned());
        assert_eq!(of_call("w", &asked), None);
    }
}
