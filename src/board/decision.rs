//! The reasoned end of a task, as data: what `decisions/<id>.json` holds. How it comes about is `consensus`.

use super::id::{Kind, TaskId, WorkerName};
use super::proposal::Reproduction;
use super::spec::Priority;
use super::text::Text;
use super::verdict::{Claim, Reading, Severity, Stance};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the person is advised to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Recommendation {
    /// The posterior reached the priority's threshold.
    Proceed,
    /// It fell short by at most 0.1.
    ProceedWithCaution,
    /// It fell short by more, or nothing could be read.
    ReviewRequired,
    /// The workers contradict each other.
    ConflictResolutionNeeded,
}

impl Recommendation {
    /// The word in JSON and in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proceed => "proceed",
            Self::ProceedWithCaution => "proceed_with_caution",
            Self::ReviewRequired => "review_required",
            Self::ConflictResolutionNeeded => "conflict_resolution_needed",
        }
    }
}

/// One worker's vote and what it weighed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Vote {
    /// Who.
    pub worker: WorkerName,
    /// The judgement as the worker gave it. A repaired approval stands here as given and counts as an abstention.
    pub verdict: Stance,
    /// How the judgement was read.
    pub reading: Reading,
    /// The candidate judged (attempt number), where candidates were judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<u32>,
    /// Log-odds weight before the family discount, 0 to 3.
    pub weight: f64,
    /// First parameter of the Beta distribution of its success rate: right answers known of, with the prior's share.
    pub alpha: f64,
    /// Second parameter: wrong answers known of, with the prior's share.
    pub beta: f64,
    /// Where α and β come from; `None` in decisions that are older than the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grounds: Option<Grounds>,
    /// Factor in (0, 1] by which those of one family that voted alike share their weight; 1 for a vote that does not count.
    pub family_discount: f64,
    /// Whose votes are not independent of this one.
    pub family: String,
    /// What the worker said of itself; recorded only.
    pub stated_confidence: Option<f64>,
    /// Whether the result would differ without it.
    pub pivotal: bool,
}

/// What a worker's success rate on a kind is estimated from: what its tier assumes, and the outcomes known before the
/// decision. `prior = (strength · tier_prior + others_right) / (strength + others_right + others_wrong)`,
/// `α = strength · prior + right`, `β = strength · (1 − prior) + wrong`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Grounds {
    /// Its tier, 1 to 5; 0: not known.
    pub tier: u8,
    /// Success rate assumed of the tier.
    pub tier_prior: f64,
    /// How many tasks' worth an assumption is.
    pub strength: f64,
    /// Right outcomes on other kinds.
    pub others_right: u64,
    /// Wrong outcomes on other kinds.
    pub others_wrong: u64,
    /// Success rate assumed on this kind, from tier and other kinds.
    pub prior: f64,
    /// Right outcomes on this kind.
    pub right: u64,
    /// Wrong outcomes on this kind.
    pub wrong: u64,
}

/// What the success rate of a candidate's maker was estimated to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MakerRecord {
    /// First parameter of its Beta distribution.
    pub alpha: f64,
    /// Second parameter.
    pub beta: f64,
    /// Where they come from.
    pub grounds: Grounds,
    /// Its family.
    #[serde(default)]
    pub family: String,
}

/// One sum of log-odds: of the matter itself, or of one candidate. With the votes it can be redone by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sum {
    /// The candidate (attempt number); `None` when the matter itself is judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<u32>,
    /// Who made the candidate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<WorkerName>,
    /// What its maker's record was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maker: Option<MakerRecord>,
    /// Log-odds before any vote: 0 for a matter, the maker's record for a candidate.
    pub prior: f64,
    /// Discounted weight of the votes that find it acceptable.
    pub in_favour: f64,
    /// Discounted weight of the votes that reject it.
    pub against: f64,
    /// `prior + in_favour - against`, the log-odds that it is acceptable.
    pub total: f64,
    /// `1 / (1 + exp(-total))`.
    pub acceptable: f64,
}

/// The one worker that would have been asked if only one had been: the best record on the kind among those who took part, as
/// it was before the decision. A panel that does not do better than this one costs money for nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Baseline {
    /// Who.
    pub worker: WorkerName,
    /// How often it is expected to be right: α / (α + β), 0 to 1.
    pub expected: f64,
    /// What it speaks of: its own candidate (attempt number), or the matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<u32>,
    /// Whether it finds that good.
    pub good: bool,
    /// Whether the panel came to the same.
    pub agrees: bool,
}

/// The settings that the decision was made with, so that it can be redone later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VoteRule {
    /// How far below the threshold is still `proceed_with_caution`.
    pub caution_margin: f64,
    /// A contradicted posterior of this much or more is a conflict.
    pub conflict_runner_up: f64,
    /// Correlation assumed between workers of one family, 0 to 1.
    pub family_correlation: f64,
    /// Whether decisions of this priority waited for a person.
    #[serde(default)]
    pub person_required: bool,
}

/// Something that was tried, which outranks what was said of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "tried", rename_all = "snake_case")]
pub enum Evidence {
    /// The task's command, in a fresh tree with a candidate's change.
    Validation {
        /// The candidate (attempt number).
        candidate: u32,
        /// Who made it.
        worker: WorkerName,
        /// The command.
        command: String,
        /// Whether it ended with code 0.
        passed: bool,
        /// Its exit code; absent when it did not end by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit: Option<i32>,
        /// Whether it passes without the change. Where it does not, that it fails says nothing.
        at_base: bool,
        /// Seconds it took.
        seconds: f64,
    },
    /// A claim that a worker was to show or to refute.
    Proof {
        /// The candidate that it is about (attempt number); absent: the matter itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        candidate: Option<u32>,
        /// The claim.
        claim: Claim,
        /// Who raised it.
        raised_by: Vec<WorkerName>,
        /// Who tried it.
        worker: WorkerName,
        /// In which attempt.
        attempt: u32,
        /// What became of it; `claimed`: it could be neither shown nor refuted.
        status: IssueStatus,
        /// What shows it or refutes it.
        why: String,
        /// How it can be seen again, as the worker tells it; nobody has run the command.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reproduction: Option<Reproduction>,
    },
}

/// A round in which those who judged were asked once more, with the others' answers before them and no names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Round {
    /// Which; the first answers were round 1.
    pub round: u32,
    /// The candidate that it was about (attempt number); absent when the matter itself was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<u32>,
    /// In what the workers contradicted each other.
    pub why: String,
    /// What became of each vote.
    pub answers: Vec<Reconsidered>,
}

/// What became of one vote in a further round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reconsidered {
    /// Whose.
    pub worker: WorkerName,
    /// What it counted as before.
    pub before: Stance,
    /// What it said then; absent when it gave no answer. An abstention leaves the vote as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Stance>,
    /// Whether the vote counts as something else since.
    pub changed: bool,
}

/// The probability of one outcome of the vote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClassPosterior {
    /// The outcome: `acceptable` or `reject`; where candidates were judged, `candidate 3` (that it is acceptable).
    pub class: String,
    /// Its probability, 0 to 1.
    pub posterior: f64,
}

/// What is known about a claimed fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IssueStatus {
    /// Said, not tried.
    Claimed,
    /// Shown by running something.
    Confirmed,
    /// Shown to be wrong.
    Refuted,
}

/// A claimed fault with everyone who raised it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Issue {
    /// The claim, as the first worker put it, with the highest severity anyone gave it.
    #[serde(flatten)]
    pub claim: Claim,
    /// Who raised it.
    pub raised_by: Vec<WorkerName>,
    /// What is known about it.
    pub status: IssueStatus,
}

impl Issue {
    /// Its severity.
    pub fn severity(&self) -> Severity {
        self.claim.severity
    }
}

/// A worker that gave nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FailedWorker {
    /// Who.
    pub worker: WorkerName,
    /// Why, one line.
    pub error: String,
    /// Seconds it ran.
    pub after_s: f64,
}

/// Tokens of all calls of a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tokens {
    /// Sent.
    pub input: u64,
    /// Received.
    pub output: u64,
}

/// The reasoned decision over the verdicts and outputs of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// Version of this form; 1.
    pub schema: u32,
    /// The task.
    pub task: TaskId,
    /// Its kind.
    pub kind: Kind,
    /// What it is about, where that was plain. Decisions older than the key do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The mode it ran in.
    pub mode: String,
    /// Its priority.
    pub priority: Priority,
    /// The advice.
    pub recommendation: Recommendation,
    /// The verdict that won; for made things, that the chosen candidate is acceptable.
    pub verdict: Stance,
    /// Posterior of the winning verdict, 0 to 1; for made things, that the chosen candidate is acceptable. 0 when nothing
    /// was judged.
    pub overall_confidence: f64,
    /// What the posterior had to reach.
    pub threshold: f64,
    /// How many workers' answers went in.
    pub model_count: u32,
    /// How many independent votes they are worth.
    pub effective_votes: f64,
    /// Whether they contradict each other.
    pub has_conflict: bool,
    /// The chosen or representative answer.
    pub answer: Text,
    /// Whose answer it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_by: Option<WorkerName>,
    /// The attempt whose output the answer is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_attempt: Option<u32>,
    /// Every vote.
    pub votes: Vec<Vote>,
    /// What was tried instead of argued about; it outranks the votes.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// The rounds after the first answers, and what became of the votes in them.
    #[serde(default)]
    pub rounds: Vec<Round>,
    /// The probability of each outcome.
    pub posteriors: Vec<ClassPosterior>,
    /// The sums behind the posteriors.
    #[serde(default)]
    pub sums: Vec<Sum>,
    /// The settings of the vote.
    #[serde(default)]
    pub rule: VoteRule,
    /// What the worker with the best record alone would have said; `None` where nobody said anything that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_single: Option<Baseline>,
    /// Workers with weight that voted against the result.
    pub dissenters: Vec<WorkerName>,
    /// The claimed faults, merged, worst first.
    pub issues: Vec<Issue>,
    /// How the number came about, in words.
    pub reasoning: String,
    /// Who gave nothing.
    pub failed_workers: Vec<FailedWorker>,
    /// Whether a person should look.
    pub needs_human_review: bool,
    /// Why.
    pub review_reasons: Vec<String>,
    /// Why a conflict was met with no further round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_further_round: Option<String>,
    /// What is missing from a partial result, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Known cost in USD.
    pub cost_usd: f64,
    /// Calls whose cost nobody told; they are not in `cost_usd`.
    #[serde(default, skip_serializing_if = "is_none")]
    pub cost_unknown: u32,
    /// Tokens of all calls.
    pub tokens: Tokens,
    /// Seconds from acceptance to decision.
    pub duration_s: f64,
    /// Calls made.
    pub attempts: u32,
}

fn is_none(count: &u32) -> bool {
    *count == 0
}
