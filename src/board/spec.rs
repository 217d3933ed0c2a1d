//! What a person asked for: the keys of a task file, as plain data. Reading files is the folder's business.

use super::id::{Kind, Role, StepId, TaskId, WorkerName};
use super::text::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How much a task matters; it sets the consensus threshold and the order in which waiting attempts start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Last in the queue, threshold 0.6.
    Low,
    /// The default, threshold 0.7.
    #[default]
    Normal,
    /// Before normal ones, threshold 0.8.
    High,
    /// First, threshold 0.9, every available worker, and a person decides.
    Critical,
}

impl Priority {
    /// All of them, from low to critical.
    pub const ALL: [Self; 4] = [Self::Low, Self::Normal, Self::High, Self::Critical];

    /// The word in files and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// How many workers take part, and in what shape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Chosen from kind, length and priority.
    #[default]
    Auto,
    /// One worker.
    Simple,
    /// Two workers and one validator.
    Medium,
    /// Two workers and two validators.
    Complex,
    /// All workers, who check each other.
    Architectural,
    /// A planner's plan with checkpoints.
    Mega,
}

impl Mode {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Auto, Self::Simple, Self::Medium, Self::Complex, Self::Architectural, Self::Mega];

    /// The word in files and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Simple => "simple",
            Self::Medium => "medium",
            Self::Complex => "complex",
            Self::Architectural => "architectural",
            Self::Mega => "mega",
        }
    }
}

/// Which files a worker may touch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkspaceAccess {
    /// Reads the user's files, writes none.
    #[default]
    Read,
    /// Gets a git worktree of its own and returns a patch.
    Worktree,
}

impl WorkspaceAccess {
    /// Whether the user's files are only read.
    pub fn is_read(&self) -> bool {
        *self == Self::Read
    }
}

/// What a written step asks its workers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrittenAim {
    /// A candidate.
    Make,
    /// A verdict on the matter.
    Judge,
    /// A verdict on what the steps it needs made.
    Check,
    /// One whole out of what the steps it needs gave.
    Synthesize,
}

impl WrittenAim {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Make, Self::Judge, Self::Check, Self::Synthesize];

    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Make => "make",
            Self::Judge => "judge",
            Self::Check => "check",
            Self::Synthesize => "synthesize",
        }
    }
}

/// A step as a person writes it under `plan:`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenStep {
    /// The step's name.
    pub id: StepId,
    /// Who it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// What to do; may be empty where the aim says it all.
    #[serde(rename = "do", default)]
    pub instruction: String,
    /// The steps whose outputs it waits for and sees.
    #[serde(default)]
    pub needs: Vec<StepId>,
    /// How many workers do it side by side.
    #[serde(default = "one")]
    pub workers: u32,
    /// These workers instead of the routed ones. Empty: routed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<WorkerName>,
    /// Whether its workers' verdicts are put to a vote.
    #[serde(default)]
    pub consensus: bool,
    /// What it asks for; `None`: `consensus` and the needs say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aim: Option<WrittenAim>,
    /// Whether the decision is made on what it gives; where no step says so, the last ones count.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub answer: bool,
    /// Which files its workers may touch.
    #[serde(default)]
    pub workspace: WorkspaceAccess,
    /// A command that tries the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validate: Option<String>,
}

impl WrittenStep {
    /// A step of nothing but a name and an instruction.
    pub fn of(id: StepId, instruction: String) -> Self {
        Self {
            id,
            role: None,
            instruction,
            needs: Vec::new(),
            workers: 1,
            models: Vec::new(),
            consensus: false,
            aim: None,
            answer: false,
            workspace: WorkspaceAccess::Read,
            validate: None,
        }
    }
}

fn one() -> u32 {
    1
}

/// A plan as a person writes it under `plan:`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenPlan {
    /// The steps, in any order; their needs make the graph.
    pub steps: Vec<WrittenStep>,
    /// A review after every so many steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint_every: Option<u32>,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_yes(value: &bool) -> bool {
    *value
}

/// All that a task file can say. Everything but the text is optional.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskSpec {
    /// What is to be done, in the person's words.
    pub text: Text,
    /// A title for lists; else made from the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The kind, where the person named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// How much it matters.
    #[serde(default)]
    pub priority: Priority,
    /// How many workers take part.
    #[serde(default)]
    pub mode: Mode,
    /// One role instead of a team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// These workers instead of the routed ones. Empty: routed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<WorkerName>,
    /// A named pipeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// A named team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// A plan written by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<WrittenPlan>,
    /// Globs of files given to the workers, relative to the workspace root.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<String>,
    /// A specification file, relative to the workspace root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<String>,
    /// Memories given to the workers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub memories: Vec<String>,
    /// Tasks that must end well first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<TaskId>,
    /// Which files the workers may touch.
    #[serde(default)]
    pub workspace: WorkspaceAccess,
    /// A command that tries the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validate: Option<String>,
    /// What the task may cost, in USD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_usd: Option<f64>,
    /// Whether kept answers of identical calls may stand for new ones.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub cache: bool,
    /// What the whole task may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}

impl TaskSpec {
    /// A task of nothing but text.
    pub fn of_text(text: Text) -> Self {
        Self {
            text,
            title: None,
            kind: None,
            priority: Priority::default(),
            mode: Mode::default(),
            role: None,
            models: Vec::new(),
            pipeline: None,
            team: None,
            plan: None,
            context: Vec::new(),
            spec: None,
            memories: Vec::new(),
            depends_on: Vec::new(),
            workspace: WorkspaceAccess::default(),
            validate: None,
            budget_usd: None,
            cache: true,
            timeout: None,
            labels: Vec::new(),
        }
    }

    /// The title, or the first line of the text that says something, at most 80 characters.
    pub fn title(&self) -> String {
        let first = || {
            let head = self.text.head();
            let line = head.lines().map(|line| line.trim_start_matches('#').trim()).find(|line| !line.is_empty());
            line.unwrap_or("task").chars().take(80).collect()
        };
        self.title.clone().unwrap_or_else(first)
    }
}

/// Where a task came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Source {
    /// A file in the drop folder.
    File {
        /// Its name there.
        name: String,
        /// SHA-256 of its bytes, lower-case hex.
        hash: String,
        /// Its bytes as text, kept so that the claimed file can be written again after a crash.
        content: Text,
    },
    /// A request over a face (command line, HTTP, MCP).
    Face {
        /// Which face and who, for the log (`cli`, `http`).
        by: String,
        /// SHA-256 of the request's text, lower-case hex.
        hash: String,
    },
    /// A standing order that something on the blackboard woke.
    Order {
        /// Its place among the `[[trigger]]` tables, from 1.
        number: u32,
        /// The memory or the task that woke it.
        by: String,
        /// Orders in a row, this one included: the one that woke it may have been brought about by another.
        depth: u32,
        /// A hash that no other task has: the same order may be woken twice by the same text.
        hash: String,
    },
}

impl Source {
    /// The hash that tells whether the same bytes were handed in twice.
    pub fn hash(&self) -> &str {
        match self {
            Self::File { hash, .. } | Self::Face { hash, .. } | Self::Order { hash, .. } => hash,
        }
    }
}
