//! Teams as data: who works together, by role and by model. Seating them is planning's business.

use super::super::spec::Priority;
use super::catalog::Catalog;
use serde::Deserialize;

/// Who works together on a task.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::board) struct NamedTeam {
    /// Other names a task may use.
    #[serde(default)]
    pub(in crate::board) aliases: Vec<String>,
    /// What it is for, in a line.
    #[serde(default)]
    pub(in crate::board) does: String,
    /// Kinds that a task which names it is probably of.
    #[serde(default)]
    pub(in crate::board) kinds: Vec<String>,
    /// Whether what is made is checked and voted on.
    #[serde(default)]
    pub(in crate::board) consensus: Agreement,
    /// The task goes by no lower priority.
    #[serde(default)]
    pub(in crate::board) priority: Priority,
    /// Who sits in it, in the order in which seats are taken.
    #[serde(default)]
    pub(in crate::board) members: Vec<Member>,
    /// Whether all the workers that are left work as well.
    #[serde(default)]
    pub(in crate::board) everyone: bool,
}

/// How a team comes to its decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::board) enum Agreement {
    /// Nobody checks.
    None,
    /// By votes; workers of equal record count alike.
    Majority,
    /// By votes that weigh what their workers' records are worth.
    #[default]
    Weighted,
}

impl Agreement {
    /// How it is decided, as the end of a reason.
    pub(in crate::board) fn said(self) -> &'static str {
        match self {
            Self::None => "nobody votes",
            Self::Majority => "decided by vote; among workers of equal record the majority",
            Self::Weighted => "decided by weighted vote",
        }
    }
}

/// One seat of a team.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::board) struct Member {
    /// What the seat is for.
    pub(in crate::board) part: Part,
    /// The role; `None`: what the task's kind asks for.
    #[serde(default)]
    pub(in crate::board) role: Option<String>,
    /// Patterns of workers, best first.
    #[serde(default)]
    pub(in crate::board) workers: Vec<String>,
    /// What its step is called; else after its part and role.
    #[serde(default)]
    pub(in crate::board) name: Option<String>,
    /// Sits only with tasks of these kinds; empty: with any.
    #[serde(default)]
    pub(in crate::board) kinds: Vec<String>,
}

/// What a seat is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::board) enum Part {
    /// Works out beforehand what the others build on.
    Prepare,
    /// Makes a candidate, or judges the matter where the task is one of judging.
    Work,
    /// Judges what was made.
    Check,
    /// Writes the answer out of what all gave.
    Chair,
}

impl NamedTeam {
    /// What is wrong with it, as the end of `catalog.teams.NAME…`.
    pub(super) fn fault(&self, catalog: &Catalog) -> Option<String> {
        if self.members.is_empty() && !self.everyone {
            return Some(" has no members; name some, or say everyone = true".to_owned());
        }
        let kinds = self.members.iter().flat_map(|member| &member.kinds).chain(&self.kinds);
        if let Some(kind) = kinds.into_iter().find(|kind| catalog.kind(kind).is_none()) {
            return Some(format!(" names the kind `{kind}`, which does not exist"));
        }
        let mut roles = self.members.iter().filter_map(|member| member.role.as_ref());
        if let Some(role) = roles.find(|role| catalog.role(role).is_none()) {
            return Some(format!(" names the role `{role}`, which does not exist"));
        }
        let fit = |name: &String| {
            !name.is_empty() && name.len() <= 30 && name.chars().all(|c| c.is_alphanumeric() || c == '-')
        };
        let mut names = self.members.iter().filter_map(|member| member.name.as_ref());
        names
            .find(|name| !fit(name))
            .map(|name| format!(" names a seat `{name}`; use letters, digits and -, at most 30"))
    }
}
