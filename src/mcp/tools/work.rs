//! The tools by which an outside agent is a worker: take a step, keep it, hand in what came of it.

use super::schema::{number, object, text, whole};
use super::{ADDS, Arguments, Call, Entry, SETS, wrong_arguments};
use crate::api::{Request, WorkerName};
use rmcp::model::CallToolResponse;
use std::time::Duration;

/// Longest wait for work in one call; clients give calls up after a while.
const WAIT_MAX: Duration = Duration::from_secs(50);

pub(super) fn entries() -> Vec<Entry> {
    vec![
        Entry::new(
            "claim_work",
            "Claim Work",
            "Take a step of a task that waits for an outside agent. Do what its prompt asks, renew the claim while you work, and submit. A claim that lapses is given to somebody else.",
            |call, arguments| Box::pin(claim(call, arguments)),
        )
        .takes(vec![
            text("worker", "Only steps of this worker."),
            whole("wait_s", "Seconds to wait while there is none (at most 50).").or(0).at_least(0),
        ])
        .gives(vec![object(
            "work",
            "The step: claim, task, step, worker, role, prompt, lease_until and deadline (milliseconds since 1970). Absent: there is none now.",
        )])
        .hints(ADDS)
        .asks(&["claim_work"]),
        Entry::new(
            "renew_work",
            "Renew Work",
            "Keep a claimed step for longer. Call it before lease_until.",
            |call, arguments| Box::pin(renew(call, arguments)),
        )
        .takes(vec![text("claim", "The claim.").required()])
        .gives(vec![object("work", "The step with its new lease_until.")])
        .hints(SETS)
        .asks(&["renew_work"]),
        Entry::new(
            "submit_work",
            "Submit Work",
            "Hand in what came of a claimed step: the answer, or why there is none.",
            |call, arguments| Box::pin(submit(call, arguments)),
        )
        .takes(vec![
            text("claim", "The claim.").required(),
            text("text", "The answer, whole, with the verdict block that the prompt asks for.").or(""),
            text("failed", "Why there is no answer; the step is given to somebody else."),
            text("model", "The model that did it."),
            whole("input_tokens", "Tokens read, where known.").at_least(0),
            whole("output_tokens", "Tokens written, where known.").at_least(0),
            number("cost_usd", "What it cost in USD, where known."),
        ])
        .gives(Vec::new())
        .hints(ADDS)
        .asks(&["submit_work"]),
    ]
}

async fn claim(call: Call, mut arguments: Arguments) -> CallToolResponse {
    let wait = Duration::from_secs(arguments.count("wait_s").unwrap_or(0)).min(WAIT_MAX);
    let request = Request::ClaimWork {
        worker: arguments.word("worker").map(WorkerName::new),
        by: call.by.clone(),
        wait_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
    };
    if let Err(mistakes) = arguments.checked() {
        return wrong_arguments("claim_work", &mistakes).into();
    }
    // A claim that nobody is left to hear of would only lie there until it lapses, so the wait ends with the call.
    let stop = call.context.ct.clone();
    tokio::select! {
        answered = call.relay(request) => answered.into(),
        () = stop.cancelled() => crate::mcp::answer::mistaken("the call was cancelled".to_owned()).into(),
    }
}

async fn renew(call: Call, mut arguments: Arguments) -> CallToolResponse {
    let request = Request::RenewWork { claim: arguments.text("claim") };
    match arguments.checked() {
        Ok(()) => call.relay(request).await.into(),
        Err(mistakes) => wrong_arguments("renew_work", &mistakes).into(),
    }
}

async fn submit(call: Call, mut arguments: Arguments) -> CallToolResponse {
    let request = Request::SubmitWork {
        claim: arguments.text("claim"),
        text: arguments.optional_text("text").unwrap_or_default(),
        failed: arguments.word("failed"),
        model: arguments.word("model"),
        input_tokens: arguments.count("input_tokens"),
        output_tokens: arguments.count("output_tokens"),
        cost_usd: arguments.number("cost_usd"),
    };
    match arguments.checked() {
        Ok(()) => call.relay(request).await.into(),
        Err(mistakes) => wrong_arguments("submit_work", &mistakes).into(),
    }
}
