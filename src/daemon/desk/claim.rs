//! Claims: names nobody can guess, and what is remembered of those who hold them. Of a claim itself only a fingerprint is
//! kept, in memory and on disk, so that nobody who reads the folder can hand in work in another's name.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::VecDeque;

/// Claims that are over and remembered, so that who comes late is told why. A bound, since agents come and go.
const OVER_MAX: usize = 1000;

/// SHA-256 of a claim or of what was handed in, lower-case hex.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Fingerprint(String);

impl Fingerprint {
    /// Of this text.
    pub(super) fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// Who holds or held a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Holder {
    /// Of the claim.
    pub(super) claim: Fingerprint,
    /// As it names itself.
    pub(super) by: String,
}

/// A new claim: 122 random bits from the system.
pub(super) fn new_claim() -> String {
    format!("work-{}", uuid::Uuid::new_v4().simple())
}

/// How a claim came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// What it was for was handed in; the fingerprint is of that.
    Submitted(Fingerprint),
    /// The task no longer needs it.
    Withdrawn,
}

/// The claims that came to an end, the newest last.
#[derive(Debug, Default)]
pub(super) struct Over(VecDeque<(Fingerprint, End)>);

impl Over {
    /// Notes how a claim ended.
    pub(super) fn note(&mut self, claim: Fingerprint, end: End) {
        if self.0.len() == OVER_MAX {
            self.0.pop_front();
        }
        self.0.push_back((claim, end));
    }

    /// How this claim ended, if that is remembered.
    pub(super) fn end(&self, claim: &Fingerprint) -> Option<&End> {
        self.0.iter().rev().find(|(other, _)| other == claim).map(|(_, end)| end)
    }
}
