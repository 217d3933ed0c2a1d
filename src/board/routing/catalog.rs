//! The catalog as data: kinds, categories, roles, modes, teams and pipelines, read from settings and checked. The shipped files are the
//! configuration's; what is made of them is in the neighbouring files.

use super::super::id::Role;
use super::super::plan::Shape;
use super::super::spec::Mode;
use super::lexicon::{Form, Lexicon, Sense};
use super::pipelines::Pipeline;
use super::teams::NamedTeam;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::num::NonZeroU32;

/// Heaviest weight a cue may have.
const WEIGHT_MAX: f64 = 10.0;

/// A kind of task.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KindEntry {
    /// Whether verdicts are the result, or candidates.
    pub(super) shape: Shape,
    /// The role of those who make or judge.
    pub(super) role: String,
    /// The role of those who check what was made.
    #[serde(default = "reviewer")]
    pub(super) check_role: String,
    /// The mode of an ordinary task of this kind.
    #[serde(default = "medium")]
    pub(super) mode: Mode,
    /// The weakest tier that should take it.
    #[serde(default = "weakest")]
    pub(super) tier: u8,
    /// Whether cheaper tiers go first among workers that fit alike.
    #[serde(default)]
    pub(super) cheap: bool,
    /// Whether a category's order of workers goes before the kind's own.
    #[serde(default)]
    pub(super) by_category: bool,
    /// Patterns of workers, best first.
    #[serde(default)]
    pub(super) workers: Vec<String>,
    /// Verbs that ask for it, with weights.
    #[serde(default)]
    verbs: BTreeMap<String, f64>,
    /// Verbs that ask for it unless their object says otherwise.
    #[serde(default)]
    light: BTreeMap<String, f64>,
    /// Verbs that ask for it unless another word of their clause says otherwise.
    #[serde(default)]
    asks: BTreeMap<String, f64>,
    /// Other words of it.
    #[serde(default)]
    pub(super) words: BTreeMap<String, f64>,
}

/// What a task may be about.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CategoryEntry {
    /// Words of it, with weights.
    #[serde(default)]
    pub(super) words: BTreeMap<String, f64>,
    /// Patterns of workers, best first.
    #[serde(default)]
    pub(super) workers: Vec<String>,
}

/// A role. What prompts and calls need of it is read where they are made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the keys are checked here and used where prompts are written and calls are made")]
pub(super) struct RoleEntry {
    /// Other names a task may use.
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    /// What it does, in a line.
    #[serde(default)]
    does: String,
    /// Kinds that a task with this role is probably of.
    #[serde(default)]
    pub(super) kinds: Vec<String>,
    /// Sampling temperature, 0 to 2.
    #[serde(default)]
    temperature: Option<f64>,
    /// Longest answer, in tokens.
    #[serde(default)]
    max_tokens: Option<u64>,
    /// The weakest tier that may take it.
    #[serde(default = "weakest")]
    tier_max: u8,
    /// Patterns of workers, best first.
    #[serde(default)]
    pub(super) workers: Vec<String>,
    /// The role whose workers stand in.
    #[serde(default)]
    pub(super) fallback: Option<String>,
    /// A prompt of the workspace's own.
    #[serde(default)]
    prompt: Option<String>,
}

/// How many workers a mode asks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "what a mode is for and how it decides is said in the file, for people")]
pub(super) struct ModeEntry {
    workers: TeamSize,
    #[serde(default)]
    validators: u32,
    /// A review after every so many steps.
    #[serde(default)]
    checkpoint_every: Option<u32>,
    /// A list of so many operations asks for this mode.
    #[serde(default)]
    steps_from: Option<usize>,
    #[serde(default, rename = "for")]
    purpose: String,
    #[serde(default)]
    consensus: Option<String>,
}

/// A number of workers, or `"all"`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged, expecting = "`workers` must be a number from 1 on, or \"all\"")]
enum TeamSize {
    Count(NonZeroU32),
    Word(AllWord),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AllWord {
    All,
}

/// How many workers a mode asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::board) struct Team {
    /// How many make or judge; `None`: all there are.
    pub(in crate::board) workers: Option<u32>,
    /// How many check what the others made.
    pub(in crate::board) validators: u32,
}

fn reviewer() -> String {
    "reviewer".to_owned()
}

fn medium() -> Mode {
    Mode::Medium
}

fn weakest() -> u8 {
    5
}

/// Kinds, categories, roles and modes, each in the order of the files, with their cues ready to be looked up. The empty
/// catalog knows no kinds; with it every task is an implementation.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    pub(super) kinds: Vec<(String, KindEntry)>,
    pub(super) categories: Vec<(String, CategoryEntry)>,
    pub(super) roles: Vec<(String, RoleEntry)>,
    pub(super) modes: Vec<(String, ModeEntry)>,
    pub(super) teams: Vec<(String, NamedTeam)>,
    pub(super) pipelines: Vec<(String, Pipeline)>,
    pub(super) kind_cues: Lexicon,
    pub(super) category_cues: Lexicon,
    /// A list of so many operations is a mega task.
    pub(super) mega_from: Option<usize>,
}

impl Catalog {
    /// Reads the merged catalog: the shipped one with the workspace's own laid over it. Parts that are missing are empty;
    /// parts that others read (`discovery`) are left alone.
    ///
    /// # Errors
    /// Names the key that is wrong (`catalog.kinds.check.tier`) and says how.
    pub fn read(table: &toml::Table) -> Result<Self, String> {
        let modes: Vec<(String, ModeEntry)> = entries(table, "modes")?;
        for (name, _) in &modes {
            if !Mode::ALL.iter().any(|mode| mode.as_str() == name) {
                return Err(format!(
                    "catalog.modes.{name} is no mode; modes are {}",
                    Mode::ALL.map(Mode::as_str).join(", ")
                ));
            }
        }
        let mut catalog = Self {
            kinds: entries(table, "kinds")?,
            categories: entries(table, "categories")?,
            roles: entries(table, "roles")?,
            teams: entries(table, "teams")?,
            pipelines: entries(table, "pipelines")?,
            mega_from: modes.iter().find(|(name, _)| name == "mega").and_then(|(_, mode)| mode.steps_from),
            modes,
            ..Self::default()
        };
        catalog.check()?;
        catalog.index()?;
        Ok(catalog)
    }

    /// How many workers a mode asks for. A catalog without the mode asks for one.
    pub(in crate::board) fn team(&self, mode: Mode) -> Team {
        let entry = self.modes.iter().find(|(name, _)| name == mode.as_str());
        entry.map_or(Team { workers: Some(1), validators: 0 }, |(_, entry)| Team {
            workers: match entry.workers {
                TeamSize::Count(count) => Some(count.get()),
                TeamSize::Word(AllWord::All) => None,
            },
            validators: entry.validators,
        })
    }

    /// After how many steps a plan in this mode is reviewed.
    pub(in crate::board) fn checkpoint_every(&self, mode: Mode) -> Option<u32> {
        self.modes.iter().find(|(name, _)| name == mode.as_str()).and_then(|(_, entry)| entry.checkpoint_every)
    }

    /// The team that a name or an alias stands for.
    pub(in crate::board) fn named_team(&self, name: &str) -> Option<(&str, &NamedTeam)> {
        let named = |(own, team): &&(String, NamedTeam)| own == name || team.aliases.iter().any(|alias| alias == name);
        self.teams.iter().find(named).map(|(name, team)| (name.as_str(), team))
    }

    /// The pipeline that a name or an alias stands for.
    pub(in crate::board) fn pipeline(&self, name: &str) -> Option<(&str, &Pipeline)> {
        let named =
            |(own, pipeline): &&(String, Pipeline)| own == name || pipeline.aliases.iter().any(|alias| alias == name);
        self.pipelines.iter().find(named).map(|(name, pipeline)| (name.as_str(), pipeline))
    }

    /// The pipeline that a text asks for by how it begins, and the words that do.
    pub(in crate::board) fn pipeline_opened_by(&self, text: &str) -> Option<(&str, &Pipeline, &str)> {
        let mut pipelines = self.pipelines.iter();
        pipelines.find_map(|(name, pipeline)| Some((name.as_str(), pipeline, pipeline.opened_by(text)?)))
    }

    /// The names of all teams.
    pub fn team_names(&self) -> Vec<&str> {
        self.teams.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The names of all pipelines.
    pub fn pipeline_names(&self) -> Vec<&str> {
        self.pipelines.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The names of all kinds.
    pub fn kind_names(&self) -> Vec<&str> {
        self.kinds.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The names of all categories.
    pub fn category_names(&self) -> Vec<&str> {
        self.categories.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The names of all roles, aliases included.
    pub fn role_names(&self) -> Vec<&str> {
        self.roles.iter().flat_map(|(name, role)| [name].into_iter().chain(&role.aliases)).map(String::as_str).collect()
    }

    /// What calls in each role would have: temperature, 0 to 2, and longest answer, in tokens.
    pub fn wishes(&self) -> impl Iterator<Item = (Role, (Option<f64>, Option<u64>))> {
        self.roles.iter().map(|(name, role)| (Role::new(name), (role.temperature, role.max_tokens)))
    }

    /// The weakest tier that may take a role for its price; 5 of a role that is not known.
    pub(in crate::board) fn tier_max(&self, role: &str) -> u8 {
        self.role(role).map_or_else(weakest, |(_, role)| role.tier_max)
    }

    /// The role that a name or an alias stands for.
    pub fn role_named(&self, name: &str) -> Option<&str> {
        self.role(name).map(|(name, _)| name)
    }

    pub(super) fn role(&self, name: &str) -> Option<(&str, &RoleEntry)> {
        let named = |(own, role): &&(String, RoleEntry)| own == name || role.aliases.iter().any(|alias| alias == name);
        self.roles.iter().find(named).map(|(name, role)| (name.as_str(), role))
    }

    pub(super) fn kind(&self, name: &str) -> Option<&KindEntry> {
        self.kinds.iter().find(|(own, _)| own == name).map(|(_, kind)| kind)
    }

    pub(super) fn category(&self, name: &str) -> Option<&CategoryEntry> {
        self.categories.iter().find(|(own, _)| own == name).map(|(_, category)| category)
    }

    /// What one entry alone cannot tell.
    fn check(&self) -> Result<(), String> {
        for (name, kind) in &self.kinds {
            for (key, role) in [("role", &kind.role), ("check_role", &kind.check_role)] {
                if self.role(role).is_none() {
                    return Err(format!(
                        "catalog.kinds.{name}.{key} is `{role}`, which is no role; add catalog.roles.{role}"
                    ));
                }
            }
            if kind.mode == Mode::Auto {
                return Err(format!("catalog.kinds.{name}.mode is `auto`; name the mode that auto begins with"));
            }
            tier(&format!("catalog.kinds.{name}.tier"), kind.tier)?;
        }
        for (name, role) in &self.roles {
            tier(&format!("catalog.roles.{name}.tier_max"), role.tier_max)?;
            if role.temperature.is_some_and(|temperature| !(0.0..=2.0).contains(&temperature)) {
                return Err(format!("catalog.roles.{name}.temperature must be from 0 to 2"));
            }
            if role.max_tokens == Some(0) {
                return Err(format!("catalog.roles.{name}.max_tokens must be at least 1"));
            }
            if let Some(kind) = role.kinds.iter().find(|kind| self.kind(kind).is_none()) {
                return Err(format!(
                    "catalog.roles.{name}.kinds names `{kind}`, which is no kind; add catalog.kinds.{kind}"
                ));
            }
            if let Some(other) = role.fallback.as_ref().filter(|other| self.role(other).is_none()) {
                return Err(format!("catalog.roles.{name}.fallback is `{other}`, which is no role"));
            }
        }
        for (name, team) in &self.teams {
            if let Some(fault) = team.fault(self) {
                return Err(format!("catalog.teams.{name}{fault}"));
            }
        }
        for (name, pipeline) in &self.pipelines {
            if let Some(fault) = pipeline.fault(self) {
                return Err(format!("pipelines.{name}{fault}"));
            }
        }
        Ok(())
    }

    fn index(&mut self) -> Result<(), String> {
        for (entry, (name, kind)) in self.kinds.iter().enumerate() {
            let forms = [
                (Form::Verb, "verbs", &kind.verbs),
                (Form::Light, "light", &kind.light),
                (Form::Ask, "asks", &kind.asks),
                (Form::Word, "words", &kind.words),
            ];
            for (form, key, cues) in forms {
                add(&mut self.kind_cues, &format!("catalog.kinds.{name}.{key}"), cues, entry, form)?;
            }
        }
        for (entry, (name, category)) in self.categories.iter().enumerate() {
            let key = format!("catalog.categories.{name}.words");
            add(&mut self.category_cues, &key, &category.words, entry, Form::Word)?;
        }
        Ok(())
    }
}

fn add(lexicon: &mut Lexicon, key: &str, cues: &BTreeMap<String, f64>, entry: usize, form: Form) -> Result<(), String> {
    for (phrase, weight) in cues {
        // A weight of 0 takes a shipped word out. A phrase of weight 0 stays, so that its words do not count alone
        // ("docker image" is no image).
        if !(0.0..=WEIGHT_MAX).contains(weight) {
            return Err(format!("{key}.\"{phrase}\" is {weight}; a weight is a number from 0 to {WEIGHT_MAX}"));
        }
        if !phrase.starts_with(char::is_alphanumeric) {
            return Err(format!("{key}.\"{phrase}\" must begin with a letter or a digit"));
        }
        if *weight > 0.0 || phrase.contains(' ') {
            lexicon.add(phrase, Sense { entry, weight: *weight, form });
        }
    }
    Ok(())
}

fn tier(key: &str, tier: u8) -> Result<(), String> {
    if (1..=5).contains(&tier) { Ok(()) } else { Err(format!("{key} is {tier}; tiers are 1 (strongest) to 5")) }
}

/// The entries of one part, in their order.
fn entries<T: DeserializeOwned>(table: &toml::Table, part: &str) -> Result<Vec<(String, T)>, String> {
    let Some(value) = table.get(part) else { return Ok(Vec::new()) };
    // A person's pipelines stand at the top of the settings.
    let top = if part == "pipelines" { "" } else { "catalog." };
    let part_table = value.as_table().ok_or_else(|| format!("catalog.{part} must be a table"))?;
    let read = |(name, value): (&String, &toml::Value)| {
        let entry = value.clone().try_into::<T>();
        let entry =
            entry.map_err(|error| format!("{top}{part}.{name}: {}", error.to_string().trim().replace('\n', "; ")))?;
        Ok((name.clone(), entry))
    };
    part_table.iter().map(read).collect()
}
