//! Tests of the pure core from outside its verbs: inputs go in, events are looked at as short lines. Tests of the vote, of
//! routing and of reading verdicts stand beside those rooms.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should end where it stands")]

mod alarms;
mod asking_people;
mod batching;
mod budgets;
mod conversations;
mod ending;
mod growing;
mod harness;
mod memory_acts;
mod memory_edits;
mod memory_life;
mod memory_names;
mod outcomes;
mod pages;
mod people;
mod planning;
mod promises;
mod proofs;
mod records;
mod recovery;
mod replay;
mod rests;
mod rounds;
mod saving;
mod scheduling;
mod seating;
mod trying;
mod waiting;
