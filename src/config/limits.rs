//! The `[limits]` group: every bound the program keeps, each with its unit in its name or as a duration.
//! What is done when one is reached belongs to the room that keeps it; the shipped values are in `defaults.toml`.

use std::time::Duration;

use super::reader::section;

section! {
    /// Every bound the program keeps. Reaching one is something a person can read about, never a silent loss.
    pub struct Limits {
        /// Model calls at once over all workers; a worker's own bound is `workers.NAME.max_concurrent`.
        pub max_concurrent_calls: usize,
        /// One attempt, that is one call of one worker, from start to answer.
        pub attempt_timeout: Duration,
        /// One attempt of a worker that an outside agent or a person plays, from the moment its step can be claimed.
        pub outside_timeout: Duration,
        /// How long an outside agent's claim on a step holds without being renewed; at most 1 h.
        pub work_lease: Duration,
        /// What a call may take beyond its time before it is given up as lost.
        pub overrun_grace: Duration,
        /// Further attempts of the same worker after a transient failure; 0 means none.
        pub retries: u32,
        /// Wait before the first retry; doubled each time, with jitter.
        pub backoff_initial: Duration,
        /// Longest wait between two retries.
        pub backoff_max: Duration,
        /// Longest `Retry-After` that a retry waits for; above it the worker rests and another may be asked.
        pub retry_after_max: Duration,
        /// Transient failures in a row, counted in attempts, after which a worker rests (the circuit breaker).
        pub breaker_failures: u32,
        /// First rest of a worker whose breaker opened; doubled each time until a probe call succeeds.
        pub breaker_rest: Duration,
        /// Longest rest after failures.
        pub breaker_rest_max: Duration,
        /// First rest after a rate limit that named no time; doubled each time.
        pub rate_limit_rest: Duration,
        /// Longest rest after a rate limit.
        pub rate_limit_rest_max: Duration,
        /// The one short call with which `synod doctor` tries a worker.
        pub doctor_timeout: Duration,
        /// Opening a connection to a provider.
        pub connect_timeout: Duration,
        /// Silence of a provider between two parts of an answer.
        pub idle_timeout: Duration,
        /// Silence before the first part from a model server on this machine, which may be loading the model.
        pub local_first_byte_timeout: Duration,
        /// From the polite end signal to a worker's process to the hard one.
        pub worker_grace: Duration,
        /// From the daemon's end signal until it stops waiting for running jobs.
        pub shutdown_grace: Duration,
        /// Between two looks at the drop folder for what a file event missed.
        pub rescan_interval: Duration,
        /// How long a dropped file that no event announced as whole must stay unchanged before it is read.
        pub file_settle: Duration,
        /// How long an empty dropped file may wait for its content before it is refused.
        pub empty_file_wait: Duration,
        /// One answer of one worker, in bytes; the rest is cut and the output says so.
        pub output_bytes_max: usize,
        /// What is kept of a worker program's stderr, in bytes (its end).
        pub stderr_bytes_max: usize,
        /// One prompt with everything in it, in bytes.
        pub prompt_bytes_max: usize,
        /// Whether later steps of a task go on with a worker's conversation; a worker's own word is `workers.NAME.sessions`.
        pub sessions: bool,
        /// All files of a task's `context` together, in bytes.
        pub context_bytes_max: usize,
        /// The files that a planner or architect is given of the whole workspace when the task names none, all together, in
        /// bytes; 0: it is given none.
        pub code_base_bytes_max: usize,
        /// One image among a task's `context`, in bytes.
        pub image_bytes_max: usize,
        /// Images that one call is shown.
        pub images_max: usize,
        /// The text of a role from `prompts/` in the coordination folder, in bytes.
        pub role_text_bytes_max: usize,
        /// One file of a task's `context`, in bytes.
        pub context_file_bytes_max: usize,
        /// Files that a task's `context` globs may name.
        pub context_files_max: usize,
        /// One task file, in bytes.
        pub task_bytes_max: usize,
        /// One memory, in bytes.
        pub memory_bytes_max: usize,
        /// Texts of memories kept at hand for reading, all together, in bytes.
        pub memory_cache_bytes_max: usize,
        /// Between two looks at the whole memories folder for what a file event missed.
        pub memory_rescan_interval: Duration,
        /// Longest lease of a memory; a longer one that is asked for is cut to it.
        pub memory_lease_max: Duration,
        /// Standing orders in a row, each woken by what the one before brought about; the next is not carried out.
        pub trigger_chain_max: u32,
        /// Tasks that one standing order may hand in within an hour.
        pub trigger_runs_per_hour_max: u32,
        /// One attempt's patch, in bytes; a larger one is not kept, and a new file larger than this is left out of it.
        pub patch_bytes_max: usize,
        /// The workspace where it is in no git repository and is copied for a worker, in bytes.
        pub tree_copy_bytes_max: usize,
        /// One run of a task's `validate` command.
        pub validate_timeout: Duration,
        /// What is kept of what a `validate` command prints, in bytes (its beginning and its end).
        pub validate_output_bytes_max: usize,
        /// Steps of one plan.
        pub plan_steps_max: usize,
        /// How often what is left of one task's plan may be planned anew.
        pub replans_max: u32,
        /// How many recovery plans one task may ask for, one for each step that all its workers failed at.
        pub recoveries_max: u32,
        /// Tasks open at once; more are refused as busy and stay in the drop folder.
        pub open_tasks_max: usize,
        /// Attempts one task may make in all, over all steps, retries and fallbacks.
        pub attempts_per_task_max: u32,
        /// Small steps of one task, ready at the same moment for the same worker, that are asked in one call; 1: each alone.
        pub batch_steps_max: u32,
        /// Inputs waiting for the daemon's loop; a face is told "busy" above it.
        pub input_queue_max: usize,
        /// Inputs decided and written in one durable batch.
        pub batch_inputs_max: usize,
        /// Notices kept for a listener that reads too slowly; it is told how many it missed.
        pub notice_queue_max: usize,
        /// File events waiting to be looked at; above it the folder is listed again.
        pub watch_queue_max: usize,
        /// One field of a handoff log entry, in bytes before escaping; what is longer is cut and says so.
        pub log_field_bytes_max: usize,
        /// One text inside a line of `model_messages.log`, in bytes.
        pub message_text_bytes_max: usize,
        /// One model's text in a page of its own, or a decision's answer, in bytes.
        pub page_text_bytes_max: usize,
        /// Items in one answer of a face (tasks, log entries, memories found).
        pub page_items_max: usize,
        /// Body of one HTTP request, in bytes.
        pub http_body_bytes_max: usize,
        /// Connections to the socket, and as many to the port; further ones are told so and closed.
        pub http_connections_max: usize,
        /// From a connection's opening, or its last reply, until the next HTTP request's head is whole.
        pub http_head_timeout: Duration,
        /// From an HTTP request's head until its body is whole.
        pub http_body_timeout: Duration,
        /// How long a peer may leave an HTTP reply unread before it is cut off.
        pub http_write_timeout: Duration,
        /// What all model calls of one day (UTC) may cost, in US dollars; absent: no limit.
        pub budget_usd_per_day: Option<f64>,
        /// Longest answer, in tokens, that is asked of an API worker under a budget when the worker sets no `max_tokens`.
        pub budget_answer_tokens_max: u32,
    }
}
