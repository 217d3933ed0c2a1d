//! The mission tables, row by row: each row of what the product was asked for is a test of its own that drops a file (or uses
//! the face that the row names) and looks at what comes of it. The models are scripted, the wire to them and all of the
//! engine is real.
//!
//! | row | tests |
//! | --- | --- |
//! | A models and their jobs | `plan_and_execute::model_*`, `models_named_in_a_plan_of_the_older_form_do_its_steps` |
//! | A plans, batches, mega tasks | `plan_and_execute::{batches_*, a_bad_plan_*, twenty_operations_*}`, `mega_run`; `it::mega` |
//! | A checkpoints, progress, under 80 % | `plan_and_execute::{checkpoint_*, progress_*, success_below_*}` |
//! | A errors and recovery | `plan_and_execute::errors_go_to_stronger_models_*`; killed on the way: `it::long_plan` |
//! | A cost | `plan_and_execute::{cost_*, identical_calls_*}`; batches for one model: `it::batching`; the headline figures: `benches/mega.rs` |
//! | B roles and what each is told | `roles::{planner_*, implementer_*, reviewer_*, researcher_*}` |
//! | B words, a forced role | `roles::{words_*, role_can_be_forced_*}` |
//! | B pipelines and synthesis | `pipelines::{pipeline_*, synthesis_*}` |
//! | B fallbacks | `roles::fallback_*` |
//! | B tracking, metrics file, YAML | `roles::tracking_*`, `imports::{metrics_*, settings_in_yaml_*}` |
//! | B invocation | `roles::invocation_*` |
//! | C modes | `runner::mode_*` |
//! | C categories | `runner::category_*` |
//! | C runners, time-outs, retries, code | `programs::{runner_*, runners_*}`, `runner::runner_*` |
//! | C a run and its result | `programs::run_takes_*`, `runner::{run_result_*, run_is_a_library_call_*}` |
//! | D core, review, specialists | `team::{team_core, team_review, specialist_*}` |
//! | D workflow | `pipelines::workflow_*` |
//! | D wanted | `wanted::wanted_*`, `team::models_read_each_others_outputs_through_memories` |
//! | E ways to work, settings | `ways::way_*`, `imports::settings_in_mcp_json_*`, `ways::sessions_at_once_*` |
//! | E tiers, thresholds, recommendations | `ways::tiers_*`, `hybrid::{threshold_*, recommendation_*}` |
//! | E a model that is not there, no mock results | `ways::{unavailable_*, no_result_*}` |
//! | E kinds, teams | `hybrid::kind_*`, `team::team_*` |
//! | E channels | `wanted::channels_*` |
//! | E helpers | `pipelines::helper_*` |
//! | E acceptance cases | `hybrid::case_*` |
//! | E doctor, monitoring, syntax of each program | `ways::{doctor_*, performance_*}`, `programs::syntax_*` |

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should end where it stands")]

mod hybrid;
mod imports;
mod mega_run;
mod pipelines;
mod plan_and_execute;
mod process;
mod programs;
mod rig;
mod roles;
mod runner;
mod team;
mod wanted;
mod ways;
