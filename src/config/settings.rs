//! The settings as plain data: what the groups are called and which values they hold.
//! Reading them from files is `layers` and `reader`; the limits and the workers have files of their own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;

use super::limits::Limits;
use super::provider::Provider;
use super::reader::{FromValue, Reader, Setting, expected, join, section};
use super::spending::{Cache, Selection};
use super::worker::Worker;
use super::{layers, trigger::Trigger};

/// Every setting, with all layers merged.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where the shared folders are.
    pub workspace: Workspace,
    /// Every bound the program keeps.
    pub limits: Limits,
    /// The memory bus.
    pub memory: MemoryBus,
    /// How votes become a decision.
    pub consensus: Consensus,
    /// How long people are waited for.
    pub people: People,
    /// How the cheapest reliable worker is chosen.
    pub selection: Selection,
    /// Kept answers of identical calls.
    pub cache: Cache,
    /// The local HTTP face.
    pub http: Http,
    /// The configured workers by name, in the order they were written. Empty: use what [`super::discover`] finds.
    pub workers: IndexMap<String, Worker>,
    /// Standing orders, in the order they were written.
    pub triggers: Vec<Trigger>,
    /// The shipped catalog with the `[catalog]` overrides merged in; the top keys are the catalog's file names.
    pub catalog: toml::Table,
}

impl Default for Settings {
    /// The shipped defaults, with no workers.
    fn default() -> Self {
        layers::defaults().0
    }
}

section! {
    /// Where the shared folders are, both relative to the workspace's root.
    pub struct Workspace {
        /// The folder for tasks, outputs, decisions and logs.
        pub coordination: PathBuf,
        /// The folder of the memory files.
        pub memories: PathBuf,
    }
}

section! {
    /// How long people are waited for.
    pub struct People {
        /// A person who has not answered for so long is reminded in the log, once.
        pub remind_after: Duration,
        /// A step that a person has not answered for so long goes to the next worker, and a decision that nobody has approved or
        /// rejected ends undecided; absent: a step waits for `limits.outside_timeout`, a decision for ever.
        pub deadline: Option<Duration>,
    }
}

section! {
    /// The memory bus.
    pub struct MemoryBus {
        /// Globs of the names that can be read and not written over the bus.
        pub read_only: Vec<String>,
        /// Globs of the names that are no memories.
        pub ignored: Vec<String>,
        /// Where `global/` memories have their files; `None`: beside the user's own settings file.
        pub global: Option<GlobalFolder>,
    }
}

/// Where `global/` memories have their files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GlobalFolder {
    /// Nowhere: such names are refused.
    Off,
    /// In this folder.
    At(PathBuf),
    /// In this folder below the user's home.
    InHome(PathBuf),
}

impl FromValue for GlobalFolder {
    fn from_leaf(leaf: &layers::Leaf) -> Result<Self, String> {
        let wanted = "an absolute folder, one below \"~/\", or \"off\"";
        let text = leaf.value.as_str().ok_or_else(|| expected(wanted, leaf))?;
        match text.strip_prefix("~/") {
            _ if text == "off" => Ok(Self::Off),
            Some(below) => Ok(Self::InHome(PathBuf::from(below))),
            None if text.starts_with('/') => Ok(Self::At(PathBuf::from(text))),
            None => Err(format!("must be {wanted}")),
        }
    }
    fn stand_in() -> Self {
        Self::Off
    }
}

section! {
    /// How votes become a decision.
    pub struct Consensus {
        /// Posterior at which a task of each priority may proceed, 0 to 1.
        pub threshold: PerPriority<f64>,
        /// How far below the threshold `proceed_with_caution` still reaches, 0 to 1.
        pub caution_margin: f64,
        /// Posterior of the runner-up from which there is a conflict, 0 to 1.
        pub conflict_runner_up: f64,
        /// Rounds of asking at most, the first included.
        pub rounds_max: u32,
        /// Claims of one task that a worker is asked to show or to refute, at most; 0: none.
        pub proofs_max: u32,
        /// Priorities whose tasks wait for a person.
        pub require_human: PerPriority<bool>,
        /// How many tasks of record the tier's prior is worth.
        pub prior_strength: f64,
        /// Chance of being right that each tier is given before there is a record, strongest tier first, 0 to 1.
        pub tier_prior: TierPriors,
        /// Correlation assumed between the errors of workers of one family, 0 (independent) to 1 (copies).
        pub family_correlation: f64,
        /// Whether calls that can no longer change the outcome of a vote are ended; never for critical tasks.
        pub early_stop: bool,
    }
}

section! {
    /// The local HTTP face.
    pub struct Http {
        /// The TCP address, or off for the socket alone.
        pub listen: Listen,
    }
}

/// One value for each priority a task can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PerPriority<T> {
    /// For `low`.
    pub low: T,
    /// For `normal`, the default priority.
    pub normal: T,
    /// For `high`.
    pub high: T,
    /// For `critical`.
    pub critical: T,
}

/// Names of the priorities, lowest first, as they are written in task files.
pub const PRIORITIES: [&str; 4] = ["low", "normal", "high", "critical"];

impl<T> PerPriority<T> {
    /// The value of the priority with this name.
    #[must_use]
    pub fn get(&self, priority: &str) -> Option<&T> {
        match priority {
            "low" => Some(&self.low),
            "normal" => Some(&self.normal),
            "high" => Some(&self.high),
            "critical" => Some(&self.critical),
            _ => None,
        }
    }
}

impl Setting for PerPriority<f64> {
    fn take(reader: &Reader<'_>, key: &str) -> Self {
        let at = |name| f64::take(reader, &join(key, name));
        Self { low: at("low"), normal: at("normal"), high: at("high"), critical: at("critical") }
    }
}

impl Setting for PerPriority<bool> {
    /// Read from a list of the names for which it is true.
    fn take(reader: &Reader<'_>, key: &str) -> Self {
        let names = Vec::<String>::take(reader, key);
        for name in names.iter().filter(|name| !PRIORITIES.contains(&name.as_str())) {
            reader.fault(key, format!("names the unknown priority `{name}`; it can hold {}", PRIORITIES.join(", ")));
        }
        let has = |name: &str| names.iter().any(|other| other == name);
        Self { low: has("low"), normal: has("normal"), high: has("high"), critical: has("critical") }
    }
}

/// The chance of being right by tier; index 0 is tier 1, the strongest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TierPriors(pub [f64; 5]);

impl TierPriors {
    /// The chance for a tier from 1 to 5; a tier outside is taken as the nearest.
    #[must_use]
    pub fn of(&self, tier: u8) -> f64 {
        self.0[usize::from(tier.clamp(1, 5)) - 1]
    }
}

impl FromValue for TierPriors {
    fn from_leaf(leaf: &layers::Leaf) -> Result<Self, String> {
        let fault = || expected("a list of five numbers, tier 1 first", leaf);
        let items = leaf.value.as_array().ok_or_else(fault)?;
        let numbers: Option<Vec<f64>> = items.iter().map(toml::Value::as_float).collect();
        let numbers: [f64; 5] = numbers.ok_or_else(fault)?.try_into().map_err(|_| fault())?;
        Ok(Self(numbers))
    }
    fn stand_in() -> Self {
        Self([0.5; 5])
    }
}

/// Where the HTTP face listens besides the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listen {
    /// Nowhere: the socket alone.
    Off,
    /// A loopback address and port; port 0 lets the system choose.
    Tcp(SocketAddr),
}

impl FromValue for Listen {
    fn from_leaf(leaf: &layers::Leaf) -> Result<Self, String> {
        let wanted = "an address such as \"127.0.0.1:4820\", or \"off\"";
        let text = leaf.value.as_str().ok_or_else(|| expected(wanted, leaf))?;
        if text == "off" {
            return Ok(Self::Off);
        }
        let address: SocketAddr = text.parse().map_err(|_| format!("must be {wanted}"))?;
        if address.ip().is_loopback() {
            Ok(Self::Tcp(address))
        } else {
            Err("must be a loopback address (127.0.0.1 or [::1]); put a proxy of your own before it to reach it from elsewhere".to_owned())
        }
    }
    fn stand_in() -> Self {
        Self::Off
    }
}

/// The time a worker has for one attempt: its own, or the general one.
#[must_use]
pub fn attempt_timeout(settings: &Settings, worker: &Worker) -> Duration {
    let outside = settings.limits.outside_timeout;
    let usual = match worker.provider {
        Provider::Human => settings.people.deadline.unwrap_or(outside),
        provider if provider.is_outside() => outside,
        _ => settings.limits.attempt_timeout,
    };
    worker.timeout.unwrap_or(usual)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;
    use crate::config::{Provider, parse};

    /// The settings of one text.
    fn settings(text: &str) -> Settings {
        parse(text).unwrap().settings
    }

    #[test]
    fn one_threshold_can_be_changed_alone() {
        let threshold = settings("[consensus.threshold]\nhigh = 0.85").consensus.threshold;
        assert_eq!(threshold, PerPriority { low: 0.6, normal: 0.7, high: 0.85, critical: 0.9 });
    }

    #[test]
    fn priorities_are_looked_up_by_their_names() {
        let values = PerPriority { low: 1, normal: 2, high: 3, critical: 4 };
        let found: Vec<i32> = PRIORITIES.iter().map(|name| *values.get(name).unwrap()).collect();
        assert_eq!(found, [1, 2, 3, 4]);
        assert_eq!(values.get("urgent"), None);
    }

    #[test]
    fn nobody_or_everybody_can_be_waited_for() {
        let nobody = settings("[consensus]\nrequire_human = []").consensus.require_human;
        assert_eq!(nobody, PerPriority::default());
        let all =
            settings("[consensus]\nrequire_human = ['critical', 'low', 'high', 'normal']").consensus.require_human;
        assert_eq!(all, PerPriority { low: true, normal: true, high: true, critical: true });
    }

    #[test]
    fn priors_are_by_tier_and_stay_within_the_five() {
        let priors = Settings::default().consensus.tier_prior;
        assert!(priors.of(1) > priors.of(2) && priors.of(4) > priors.of(5));
        assert!(
            (priors.of(0) - priors.of(1)).abs() < f64::EPSILON && (priors.of(9) - priors.of(5)).abs() < f64::EPSILON
        );
    }

    #[test]
    fn http_listens_on_loopback_or_not_at_all() {
        assert_eq!(settings("[http]\nlisten = 'off'").http.listen, Listen::Off);
        assert_eq!(settings("[http]\nlisten = '[::1]:0'").http.listen, Listen::Tcp("[::1]:0".parse().unwrap()));
        assert_eq!(Settings::default().http.listen, Listen::Tcp("127.0.0.1:4820".parse().unwrap()));
    }

    #[test]
    fn global_memories_have_a_folder_of_the_users_choice_or_none() {
        let global = |text: &str| settings(&format!("[memory]\nglobal = '{text}'")).memory.global;
        assert_eq!(global("off"), Some(GlobalFolder::Off));
        assert_eq!(global("~/notes"), Some(GlobalFolder::InHome("notes".into())));
        assert_eq!(global("/srv/notes"), Some(GlobalFolder::At("/srv/notes".into())));
        assert_eq!(Settings::default().memory.global, None);
        assert!(parse("[memory]\nglobal = 'notes'").is_err(), "a folder below the current one would move with it");
    }

    #[test]
    fn a_worker_has_its_own_time_or_the_general_one() {
        let mut worker = Worker::new("a", Provider::Replay, None);
        let settings = settings("[limits]\nattempt_timeout = '90s'\noutside_timeout = '3h'");
        let agent = Worker::new("b", Provider::External, None);
        assert_eq!(
            attempt_timeout(&settings, &agent),
            Duration::from_secs(3 * 3600),
            "who works outside takes his time"
        );
        assert_eq!(attempt_timeout(&settings, &worker), Duration::from_secs(90));
        worker.timeout = Some(Duration::from_secs(5));
        assert_eq!(attempt_timeout(&settings, &worker), Duration::from_secs(5));
    }
}
