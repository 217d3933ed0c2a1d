//! What a call is told: loads what the prompt needs, has it composed, and puts it behind the conversation that it goes on
//! with. Reads files and blobs; makes no call and decides nothing about it.

use super::calls::CallPlaces;
use super::memories::Desk as Memories;
use crate::board::prompt::{self, Material, Piece, Prompt};
use crate::board::{Ask, Failure, FailureClass, Resume, Text, Usage};
use crate::folder::context;
use crate::store::Blobs;
use crate::worker::Turn;
use std::sync::Arc;

/// Where a call's material is read.
pub(super) struct Sources {
    pub(super) places: CallPlaces,
    pub(super) blobs: Blobs,
    pub(super) memories: Option<Memories>,
}

/// What a call is told, ready to be sent, and what of it must be remembered beside the answer.
pub(super) struct Prepared {
    /// The role's text, where it was not told in the conversation.
    pub(super) system: Option<String>,
    /// The prompt.
    pub(super) prompt: String,
    /// The session that the worker keeps itself and goes on with.
    pub(super) session: Option<String>,
    /// What was said before, for a worker that is told it again.
    pub(super) history: Vec<Turn>,
    /// What to note beside the answer.
    pub(super) told: Told,
}

/// What is noted beside an answer about how its worker was asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// What the task names and the worker is not given.
    pub(super) not_given: Vec<String>,
    /// The attempt whose conversation it goes on with.
    pub(super) resumed: Option<u32>,
    /// The prompt, where a later step may go on from it.
    pub(super) prompt: Option<Arc<str>>,
}

impl Sources {
    /// Whether there is so little to read that waking a thread for it would take longer than the reading.
    pub(super) fn is_small(&self, ask: &Ask) -> bool {
        let more = [ask.context.len(), ask.memories.len(), ask.inputs.len(), usize::from(ask.spec.is_some())];
        more.iter().all(|count| *count == 0) && ask.resume.is_none()
    }

    /// Makes what the call is told.
    ///
    /// # Errors
    /// As a failure of the attempt: a text in the store cannot be read.
    pub(super) fn prepare(&self, ask: &Ask) -> Result<Prepared, Failure> {
        if let Some(resume) = &ask.resume
            && let Some(prepared) = self.further(ask, resume)?
        {
            return Ok(prepared);
        }
        let afresh = Ask { resume: None, ..ask.clone() };
        let (material, not_given) = self.material(&afresh)?;
        let Prompt { system, text } = prompt::compose(&afresh, &material, self.places.prompt);
        let told = Told { not_given, resumed: None, prompt: kept(ask, &text) };
        Ok(Prepared { system, prompt: text, session: None, history: Vec::new(), told })
    }

    /// What a call is told that goes on with a conversation; `None` when that cannot be: what was said is gone, or there is no
    /// room for it.
    fn further(&self, ask: &Ask, resume: &Resume) -> Result<Option<Prepared>, Failure> {
        let history = resume.turns.iter().map(|turn| {
            let (prompt, answer) = (self.blobs.get(&turn.prompt).ok()?, self.blobs.get(&turn.answer).ok()?);
            Some(Turn { prompt, answer })
        });
        let Some(history) = history.collect::<Option<Vec<Turn>>>() else { return Ok(None) };
        let new = |(number, text)| if resume.known.contains(number) { Ok(String::new()) } else { self.load(text) };
        let inputs = ask.inputs.iter().map(|seen| new((&seen.number, &seen.text))).collect::<Result<_, _>>()?;
        let shared = self.memory(&shared_context(ask)).ok();
        let memories = shared.map(|text| Piece { name: shared_context(ask), text }).into_iter().collect();
        let material = Material { inputs, memories, ..Material::default() };
        let Prompt { system, text } = prompt::compose(ask, &material, self.places.prompt);
        let said: usize = history.iter().map(|turn| turn.prompt.len() + turn.answer.len()).sum();
        let whole = said + text.len() + system.as_deref().map_or(0, str::len);
        if !history.is_empty() && whole > self.places.prompt.prompt_bytes_max {
            return Ok(None);
        }
        // A session of the worker's own has heard the role's text; a history is told without it.
        let heard = resume.session.is_some() && resume.role == ask.role;
        let told = Told { not_given: Vec::new(), resumed: Some(resume.attempt), prompt: kept(ask, &text) };
        let session = resume.session.clone();
        Ok(Some(Prepared { system: system.filter(|_| !heard), prompt: text, session, history, told }))
    }

    fn load(&self, text: &Text) -> Result<String, Failure> {
        self.blobs.get(text).map_err(|error| Failure {
            class: FailureClass::Transient,
            message: error.to_string(),
            after_s: 0.0,
            usage: Usage::default(),
        })
    }

    /// A memory as it stands: on the bus, else in its file.
    fn memory(&self, name: &str) -> Result<String, context::MemoryError> {
        let on_bus = self.memories.as_ref().and_then(|memories| memories.for_prompt(name));
        match on_bus {
            Some(text) => Ok(text),
            None => context::read_memory(&self.places.memories, name, self.places.context.bytes_max),
        }
    }

    /// What the prompt needs, and what the task names that cannot be had.
    fn material(&self, ask: &Ask) -> Result<(Material, Vec<String>), Failure> {
        let gathered = context::gather(&self.places.root, &ask.context, ask.spec.as_deref(), self.places.context);
        // A file that a glob happens to match is not missed by anybody; what was written down is.
        let asked_for = |path: &String| ask.context.contains(path) || ask.spec.as_ref() == Some(path);
        let named_paths = gathered.left_out.iter().filter(|(path, _)| asked_for(path));
        let mut not_given: Vec<String> = named_paths.map(|(path, why)| format!("{path}: {why}")).collect();
        let mut left_out: Vec<String> =
            gathered.left_out.into_iter().map(|(path, why)| format!("{path}: {why}")).collect();
        let piece = |(name, text)| Piece { name, text };
        let mut files = gathered.files;
        let named =
            files.first().is_some_and(|(path, _)| ask.spec.as_deref().is_some_and(|spec| same_path(spec, path)));
        let spec = named.then(|| piece(files.remove(0)));
        let mut memories = Vec::new();
        for name in ask.memories.iter().cloned().chain([shared_context(ask)]) {
            match self.memory(&name) {
                Ok(text) => memories.push(Piece { name, text }),
                // What other agents may write while the task runs need not be there.
                Err(_) if !ask.memories.contains(&name) => {}
                Err(error) => {
                    left_out.push(format!("memory {name}: {error}"));
                    not_given.push(format!("memory {name}: {error}"));
                }
            }
        }
        let material = Material {
            role_text: None,
            task_text: self.load(&ask.task_text)?,
            context: files.into_iter().map(piece).collect(),
            spec,
            memories,
            inputs: ask.inputs.iter().map(|seen| self.load(&seen.text)).collect::<Result<_, _>>()?,
            left_out,
        };
        Ok((material, not_given))
    }
}

/// The memory through which outside agents tell something to a task's workers.
fn shared_context(ask: &Ask) -> String {
    format!("orchestration/current-task/{}/shared-context", ask.key.task)
}

/// The prompt, where it is to be kept.
fn kept(ask: &Ask, prompt: &str) -> Option<Arc<str>> {
    ask.keep_prompt.then(|| prompt.into())
}

/// Whether a path as a person wrote it is this gathered one.
fn same_path(written: &str, gathered: &str) -> bool {
    written.strip_prefix("./").unwrap_or(written) == gathered
}
