//! How much a task brings along, measured before the board decides who is seated: the board reads no file. An estimate by
//! sizes; what a call is really given is fitted into its worker's window when it is made.

use super::calls::CallPlaces;
use super::jobs::Jobs;
use super::preparing::IMAGE_BYTES;
use crate::board::{Needs, TaskSpec};
use crate::config::BYTES_PER_TOKEN;
use crate::folder::context::{self, Listing, Size};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often longer a listing is kept than it took to make, so that a thousand tasks handed in at once do not walk a large
/// workspace a thousand times, and a small one is looked at anew for every task.
const KEPT_FACTOR: u32 = 10;

/// Measures tasks. Copies share what was listed.
#[derive(Clone, Debug)]
pub(super) struct Scales {
    places: Arc<CallPlaces>,
    jobs: Jobs,
    listed: Arc<Mutex<Option<Listed>>>,
}

#[derive(Clone, Debug)]
struct Listed {
    listing: Arc<Listing>,
    made: Instant,
    kept: Duration,
}

impl Scales {
    pub(super) fn new(places: CallPlaces, jobs: Jobs) -> Self {
        Self { places: Arc::new(places), jobs, listed: Arc::default() }
    }

    /// What a task with this text brings along.
    pub(super) async fn weigh(&self, words: &str, spec: &TaskSpec) -> Needs {
        if spec.context.is_empty() {
            return at_once(&self.places, words, spec);
        }
        let (scales, globs) = (self.clone(), spec.context.clone());
        let measured = self.jobs.blocking(move || scales.files(&globs)).await;
        let files = measured.unwrap_or_else(|said| {
            tracing::warn!(said, "a task's files could not be measured");
            Size::default()
        });
        needs(&self.places, named_bytes(&self.places, words, spec) + files.bytes, files)
    }

    fn files(&self, globs: &[String]) -> Size {
        let places = &self.places;
        let closed = closed(places, globs);
        let is_closed = |path: &str| closed.iter().any(|folder| Path::new(path).starts_with(folder));
        self.listing().measure(&places.root, globs, places.context, &is_closed)
    }

    fn listing(&self) -> Arc<Listing> {
        // Whoever comes while the workspace is walked waits for that walk instead of beginning another.
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = listed.as_ref().filter(|known| known.made.elapsed() < known.kept) {
            return Arc::clone(&known.listing);
        }
        let began = Instant::now();
        let listing = Arc::new(Listing::of(&self.places.root, self.places.context));
        let kept = began.elapsed().saturating_mul(KEPT_FACTOR);
        *listed = Some(Listed { listing: Arc::clone(&listing), made: Instant::now(), kept });
        listing
    }
}

/// What a task brings along as far as it can be told without walking the workspace: its text and what it names just so.
pub(super) fn at_once(places: &CallPlaces, words: &str, spec: &TaskSpec) -> Needs {
    needs(places, named_bytes(places, words, spec), Size::default())
}

/// Bytes of the text, the specification and the memories.
fn named_bytes(places: &CallPlaces, words: &str, spec: &TaskSpec) -> u64 {
    let written = spec.spec.as_ref().map_or(0, |path| context::file_bytes(&places.root, path, places.context));
    let memories: u64 = spec.memories.iter().map(|name| context::memory_bytes(&places.memories, name)).sum();
    words.len() as u64 + written + memories
}

/// In tokens. No prompt is longer than the settings let it be, so nobody needs a larger window than that.
fn needs(places: &CallPlaces, bytes: u64, files: Size) -> Needs {
    let most = |limit: usize| u32::try_from(limit).unwrap_or(u32::MAX);
    let images = u64::from(files.images.min(most(places.images_max))) * IMAGE_BYTES as u64;
    let bytes = (bytes + images).min(places.prompt.prompt_bytes_max as u64);
    Needs { tokens: bytes.div_ceil(BYTES_PER_TOKEN), images: files.images_meant }
}

/// The folders of which a wide glob is given nothing: what workers said.
pub(super) fn closed(places: &CallPlaces, written: &[String]) -> Vec<std::path::PathBuf> {
    let said = [places.coordination.clone(), places.memories.join("orchestration")];
    let below = said.iter().filter_map(|folder| folder.strip_prefix(&places.root).ok());
    let named = |folder: &Path| {
        written.iter().any(|glob| Path::new(glob.strip_prefix("./").unwrap_or(glob)).starts_with(folder))
    };
    below.filter(|folder| !named(folder)).map(Path::to_path_buf).collect()
}
