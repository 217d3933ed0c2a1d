//! Which tool is the way to which request of the board, and the requests that have none here, with the reason. A test
//! compares this with the requests there are.

use super::tools;

/// Requests without a tool, by their names on the wire, with the reason.
pub const NOT_HERE: &[(&str, &str)] = &[
    (
        "notices",
        "they come as progress of a call and as notices of subscribed resources, not as a list to be asked for",
    ),
    ("apply", "what a model made goes onto the user's files when a person says so, and a model that asks is no person"),
    ("shutdown", "a client must not end the daemon that others work with"),
];

/// Every request that has a tool, by its name on the wire, with the tool's name.
pub fn covered() -> Vec<(&'static str, &'static str)> {
    tools::ways().collect()
}
