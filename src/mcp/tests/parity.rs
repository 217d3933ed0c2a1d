//! Every request of the board can be asked over MCP, or is on the list of those that cannot, with a reason.

use crate::api::Request;
use crate::mcp::{NOT_HERE, covered};
use std::collections::BTreeSet;

/// The requests there are, by their names on the wire: the reader of an unknown one lists them.
fn requests() -> BTreeSet<String> {
    let error = serde_json::from_str::<Request>(r#"{"request":"?"}"#).unwrap_err().to_string();
    let (_, names) = error.split_once("expected one of ").unwrap();
    names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_request_is_here_or_has_a_reason_not_to_be() {
    let requests = requests();
    assert!(requests.contains("submit") && requests.len() > 20, "{requests:?}");
    let here: BTreeSet<String> = covered().into_iter().map(|(request, _)| request.to_owned()).collect();
    let excused: BTreeSet<String> = NOT_HERE.iter().map(|(request, _)| (*request).to_owned()).collect();
    assert_eq!(here.intersection(&excused).count(), 0);
    let accounted: BTreeSet<String> = here.union(&excused).cloned().collect();
    assert_eq!(accounted, requests);
    assert!(NOT_HERE.iter().all(|(_, why)| why.len() > 20));
}
