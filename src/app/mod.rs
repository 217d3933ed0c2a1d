//! The composition root: finds the workspace, opens everything, gives it to the daemon, and owns start and end.
//! No decision about tasks is made here.

mod bridge;
mod connect;
mod demo;
mod detach;
mod doctor;
mod engine;
mod error;
mod faces;
mod login;
mod place;
mod rules;
#[cfg(test)]
mod tests;

pub use crate::worker::Pace;
pub use crate::worker::begin_lean;
pub use bridge::{Bridge, bridge};
pub use connect::{Became, Client, Connected, Scope, What, Wish, connect as connect_client};
pub use demo::{Demo, demo};
pub use detach::{detach, is_gone, shim};
pub use doctor::{DoctorWhat, Finding, Standing, doctor};
pub use engine::{Engage, Engine};
pub use error::{Error, Kind};
pub use login::{Login, login, open_browser};
pub use place::{Options, Place, connect, init, settings_file, workspace, write_settings};
pub use rules::board_rules;
