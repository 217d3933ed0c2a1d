//! Reading plans, checkpoints and proofs out of what a model said. What they are stands in `proposal` and `spec`; whether a plan
//! can be carried out is `planning`, what becomes of it is `settle`.
//!
//! As for verdicts, every answer takes the same way: the structured part if it fits, else the last JSON object in the text
//! that looks like what was asked for, mended where it can be. What cannot be read says why, in words for the worker that
//! is asked again. The work is bounded by the length of the answer.

mod batches;
mod checkpoint;
mod find;
mod proof;
mod schema;
mod steps;

pub use batches::{chain, distance};
pub use schema::schema;

use super::attempt::Purpose;
use super::proposal::Proposal;
use serde_json::{Map, Value};

/// How much of an answer is searched, in bytes from its end.
const SEARCHED_BYTES_MAX: usize = 1024 * 1024;

type Object = Map<String, Value>;

/// Reads what an answer says of the plan, or of a claim that was to be tried; `None` when it was asked for neither.
pub fn read(purpose: &Purpose, text: &str, structured: Option<&Value>) -> Option<Proposal> {
    match purpose {
        Purpose::Plan { .. } | Purpose::Recover { .. } => {
            let plan = find::last(text, structured, steps::looks_like_a_plan);
            Some(Proposal::Plan(match plan {
                Some(object) => steps::read(&object),
                None => Err("the answer holds no JSON object with a list `steps`".to_owned()),
            }))
        }
        Purpose::Review { .. } => {
            let word = find::last(text, structured, checkpoint::looks_like_one);
            Some(Proposal::Review(match word {
                Some(object) => checkpoint::read(&object),
                None => Err("the answer holds no JSON object with `status` and `action`".to_owned()),
            }))
        }
        Purpose::Prove { .. } => {
            let word = find::last(text, structured, proof::looks_like_one);
            Some(Proposal::Proof(match word {
                Some(object) => proof::read(&object),
                None => Err("the answer holds no JSON object with `status` and `why`".to_owned()),
            }))
        }
        Purpose::Judge | Purpose::Make | Purpose::Check { .. } | Purpose::Synthesize | Purpose::Reconsider { .. } => {
            None
        }
    }
}

/// The first of `names` that the object has, upper and lower case alike.
fn field<'a>(object: &'a Object, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| {
        let alike = || object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        object.get(*name).or_else(alike)
    })
}

#[cfg(test)]
mod tests;
