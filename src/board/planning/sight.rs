//! Who can take part where images are to be looked at. Handing the images over is the daemon's and the workers' business.

use crate::board::id::{Kind, WorkerName};
use crate::board::needs::Needs;
use crate::board::rules::Rules;
use crate::board::spec::TaskSpec;

/// The kind of a task whose matter is an image, whether or not one is named.
const VISION: &str = "vision";

/// Endings of the image files that workers are given.
const IMAGES: &[&str] = &[".png", ".jpg", ".jpeg", ".webp", ".gif"];

/// Takes those who see no images out of the ranking of a task that has some, and says who they are. When nobody sees, all
/// stay, and that is said.
pub(super) fn keep_those_who_see(
    ranked: &mut Vec<WorkerName>,
    (spec, needs): (&TaskSpec, Needs),
    kind: &Kind,
    rules: &Rules,
) -> Option<String> {
    let is_image = |glob: &String| IMAGES.iter().any(|ending| glob.to_lowercase().ends_with(ending));
    if kind.as_str() != VISION && needs.images == 0 && !spec.context.iter().any(is_image) {
        return None;
    }
    let sees = |worker: &WorkerName| rules.worker(worker).is_some_and(|rule| rule.vision);
    let blind: Vec<&str> = ranked.iter().filter(|worker| !sees(worker)).map(|worker| worker.as_str()).collect();
    if blind.is_empty() {
        return None;
    }
    if blind.len() == ranked.len() {
        let set = "`workers.NAME.vision = true` says of one that it does";
        return Some(format!("images: as far as is known no worker sees them, so all may be asked; {set}"));
    }
    let said = format!("images: not asked, because they see none: {}", blind.join(", "));
    ranked.retain(sees);
    Some(said)
}
