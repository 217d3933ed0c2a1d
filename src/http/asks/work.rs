//! What the routes for outside agents' work take.

use super::{Nothing, ask, who};
use crate::api::{Request, WorkerName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Take a step that waits for an outside agent.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ClaimWork {
    /// Only steps of this worker (one with `provider = "external"`).
    pub(in crate::http) worker: Option<WorkerName>,
    /// Who takes it; empty: `http`.
    #[serde(default)]
    pub(in crate::http) by: String,
    /// Milliseconds to wait at most while there is none.
    #[serde(default)]
    pub(in crate::http) wait_ms: u64,
}

ask!(ClaimWork: "claim_work" as Post "/work/claim", "claim_work", "work", waits true,
    Nothing: |Self { worker, by, wait_ms }, Nothing| {
    Request::ClaimWork { worker, by: who(by), wait_ms }
});

/// Keep a claimed step for longer.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RenewWork {
    /// The claim.
    #[schemars(length(min = 1))]
    pub(in crate::http) claim: String,
}

ask!(RenewWork: "renew_work" as Post "/work/renew", "renew_work", "work", waits false,
    Nothing: |Self { claim }, Nothing| {
    Request::RenewWork { claim }
});

/// Hand in what came of a claimed step.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct SubmitWork {
    /// The claim.
    #[schemars(length(min = 1))]
    pub(in crate::http) claim: String,
    /// The answer; empty with `failed`.
    #[serde(default)]
    pub(in crate::http) text: String,
    /// Why there is none: the step is given to somebody else.
    pub(in crate::http) failed: Option<String>,
    /// The model that did it.
    pub(in crate::http) model: Option<String>,
    /// Tokens read, where known.
    pub(in crate::http) input_tokens: Option<u64>,
    /// Tokens written, where known.
    pub(in crate::http) output_tokens: Option<u64>,
    /// What it cost, in USD, where known.
    pub(in crate::http) cost_usd: Option<f64>,
}

ask!(SubmitWork: "submit_work" as Post "/work/submit", "submit_work", "done", waits false,
    Nothing: |Self { claim, text, failed, model, input_tokens, output_tokens, cost_usd }, Nothing| {
    Request::SubmitWork { claim, text, failed, model, input_tokens, output_tokens, cost_usd }
});
