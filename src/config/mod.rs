//! Settings, the workspace's paths, the environment, and the shipped catalog: plain data and its loading.
//! A leaf: it imports nothing of ours, decides nothing, starts nothing, and is the only reader of the environment.
//!
//! Start with [`Environment::capture`] and [`open`]; with no workers configured, go on to [`discover`].

mod capabilities;
mod catalog;
mod checks;
mod discovery;
mod duration;
mod environment;
mod family;
mod import;
mod layers;
mod layout;
mod limits;
mod login;
mod nearest;
mod ollama;
pub mod prices;
mod problem;
mod program;
mod provider;
mod reader;
mod secret;
mod settings;
mod show;
mod spending;
mod trigger;
mod worker;

pub use capabilities::{
    BYTES_PER_TOKEN, prompt_bytes_max, prompt_tokens_max, reads_files, sees_images, takes_temperature, thinks,
    window_tokens,
};
pub use catalog::shipped as catalog;
pub use discovery::{Discovery, Found, Missing, discover};
pub use duration::{parse as parse_duration, text as duration_text};
pub use environment::Environment;
pub use import::{Import, import};
pub use layers::{Loaded, Sources, load, parse};
pub use layout::{Layout, SETTINGS_FILE, open};
pub use limits::Limits;
pub use login::{Login, LoginBy, Questions};
pub use nearest::of as nearest;
pub use problem::{Error, Origin, Problem};
pub use program::{find as find_program, worker_program};
pub use provider::{Provider, Transport};
pub use secret::looks_like_key;
pub use settings::{
    Consensus, GlobalFolder, Http, Listen, MemoryBus, PRIORITIES, People, PerPriority, Settings, TierPriors, Workspace,
    attempt_timeout,
};
pub use show::Row;
pub use spending::{Cache, Selection};
pub use trigger::{Trigger, When};
pub use worker::{Effort, Permission, Price, Worker};
