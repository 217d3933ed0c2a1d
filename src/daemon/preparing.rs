//! What a call is told: loads what the prompt needs, has it composed, and puts it behind the conversation that it goes on
//! with. Reads files and blobs; makes no call and decides nothing about it.

use super::calls::{CallPlaces, Takes};
use super::measuring::closed;
use super::memories::Desk as Memories;
use crate::board::attempt::SeenOutput;
use crate::board::prompt::{self, Hands, Material, Piece, Prompt, Sight};
use crate::board::{Ask, Failure, FailureClass, Resume, Text, Usage};
use crate::folder::context;
use crate::store::Blobs;
use crate::worker::{Image, Turn};
use std::path::Path;
use std::sync::Arc;

/// Where a call's material is read.
pub(super) struct Sources {
    pub(super) places: CallPlaces,
    pub(super) blobs: Blobs,
    pub(super) memories: Option<Memories>,
    /// Whether there are trees for those who change files.
    pub(super) trees: bool,
    /// Whether the worker changes files by itself.
    pub(super) hands: bool,
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
    /// Images that go with the prompt.
    pub(super) images: Vec<Image>,
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
        more.iter().all(|count| *count == 0) && ask.resume.is_none() && !self.sees_all(ask)
    }

    /// Makes what the call is told.
    ///
    /// # Errors
    /// As a failure of the attempt: a text in the store cannot be read, or the orders alone have no room in the worker's window.
    pub(super) fn prepare(&self, ask: &Ask) -> Result<Prepared, Failure> {
        if let Some(resume) = &ask.resume
            && let Some(prepared) = self.further(ask, resume)?
        {
            return Ok(prepared);
        }
        let afresh = Ask { resume: None, ..ask.clone() };
        let (material, images, not_given) = self.material(&afresh)?;
        let limits = prompt::Limits { prompt_bytes_max: self.room(ask).saturating_sub(images.len() * IMAGE_BYTES) };
        let composed = prompt::compose(&afresh, &material, limits);
        let Prompt { system, text } = composed.map_err(|no_room| failure(FailureClass::RequestRefused, &no_room))?;
        let told = Told { not_given, resumed: None, prompt: kept(ask, &text) };
        Ok(Prepared { system, prompt: text, session: None, history: Vec::new(), images, told })
    }

    /// What a call is told that goes on with a conversation; `None` when that cannot be: what was said is gone, or there is no
    /// room for it.
    fn further(&self, ask: &Ask, resume: &Resume) -> Result<Option<Prepared>, Failure> {
        let history = resume.turns.iter().map(|turn| {
            let (prompt, answer) = (self.blobs.get(&turn.prompt).ok()?, self.blobs.get(&turn.answer).ok()?);
            Some(Turn { prompt, answer })
        });
        let Some(history) = history.collect::<Option<Vec<Turn>>>() else { return Ok(None) };
        let said: usize = history.iter().map(|turn| turn.prompt.len() + turn.answer.len()).sum();
        let Some(room) = self.room(ask).checked_sub(said) else { return Ok(None) };
        let new = |seen: &SeenOutput| {
            if resume.known.contains(&seen.number) { Ok(String::new()) } else { self.output(seen) }
        };
        let inputs: Vec<String> = ask.inputs.iter().map(new).collect::<Result<_, _>>()?;
        let (role_text, not_given) = self.role_text(ask);
        let memories: Vec<Piece> = self.shared(ask).into_iter().collect();
        let news: usize = inputs.iter().chain(memories.iter().map(|memory| &memory.text)).map(String::len).sum();
        // A history is told without the images that stood in it.
        let seen = if history.is_empty() { Seen::default() } else { self.images_of(ask) };
        let Seen { images, paths, sight, .. } = seen;
        let room = room.saturating_sub(images.len() * IMAGE_BYTES);
        let hands = self.hands(ask);
        let material = Material { role_text, inputs, memories, images: paths, sight, hands, ..Material::default() };
        // Beginning anew gives it more than a conversation whose next turn has to be cut.
        if !history.is_empty() && news > room / 2 {
            return Ok(None);
        }
        let composed = prompt::compose(ask, &material, prompt::Limits { prompt_bytes_max: room });
        let Ok(Prompt { system, text }) = composed else { return Ok(None) };
        // A session of the worker's own has heard the role's text; a history is told without it.
        let heard = resume.session.is_some() && resume.role == ask.role;
        let told = Told {
            not_given: not_given.into_iter().collect(),
            resumed: Some(resume.attempt),
            prompt: kept(ask, &text),
        };
        let session = resume.session.clone();
        Ok(Some(Prepared { system: system.filter(|_| !heard), prompt: text, session, history, images, told }))
    }

    /// What the worker can be told.
    fn takes(&self, ask: &Ask) -> Takes {
        self.places.takes.get(&ask.worker).copied().unwrap_or_default()
    }

    /// Bytes that the call's prompt may have, conversation included: the smaller of the settings' limit and the window.
    fn room(&self, ask: &Ask) -> usize {
        let most = self.places.prompt.prompt_bytes_max;
        self.takes(ask).prompt_bytes_max.map_or(most, |window| most.min(window))
    }

    /// Whether the worker is to see the whole workspace and cannot look by itself.
    fn sees_all(&self, ask: &Ask) -> bool {
        ask.context.is_empty()
            && matches!(ask.role.as_str(), "planner" | "architect")
            && self.places.code_base_bytes_max > 0
            && !self.takes(ask).reads_files
    }

    /// The workspace's own text for the role, and why one that is there is not used.
    fn role_text(&self, ask: &Ask) -> (Option<String>, Option<String>) {
        let (coordination, most) = (&self.places.coordination, self.places.role_text_bytes_max);
        match context::role_text(coordination, ask.role.as_str(), most) {
            Ok(text) => (text, None),
            Err(why) => {
                tracing::warn!(why, "a role's own text is not used");
                (None, Some(why))
            }
        }
    }

    fn load(&self, text: &Text) -> Result<String, Failure> {
        self.blobs.get(text).map_err(|error| failure(FailureClass::Transient, &error))
    }

    /// An earlier output as it is shown: what was said, then what was changed.
    fn output(&self, seen: &SeenOutput) -> Result<String, Failure> {
        let said = self.load(&seen.text)?;
        let Some(patch) = &seen.patch else { return Ok(said) };
        Ok(format!("{}\n\nIts changes, as a diff:\n\n{}", said.trim_end(), self.load(patch)?))
    }

    /// How the worker changes files, where it is to.
    fn hands(&self, ask: &Ask) -> Hands {
        match (self.trees && !ask.workspace.is_read(), self.hands) {
            (false, _) => Hands::None,
            (true, true) => Hands::Tree,
            (true, false) => Hands::Words,
        }
    }

    /// A memory as it stands: on the bus, else in its file.
    fn memory(&self, name: &str) -> Result<String, context::MemoryError> {
        let on_bus = self.memories.as_ref().and_then(|memories| memories.for_prompt(name));
        match on_bus {
            Some(text) => Ok(text),
            None => context::read_memory(&self.places.memories, name, self.places.context.bytes_max),
        }
    }

    /// What outside agents have written for this task. The page that waits for their words says nothing yet.
    fn shared(&self, ask: &Ask) -> Option<Piece> {
        let name = shared_context(ask);
        let text = self.memory(&name).ok()?;
        let says = |line: &str| !line.is_empty() && !line.starts_with('#') && !line.starts_with("<!--");
        text.lines().any(|line| says(line.trim())).then_some(Piece { name, text })
    }

    /// What the prompt needs, and what the task names that cannot be had.
    fn material(&self, ask: &Ask) -> Result<(Material, Vec<Image>, Vec<String>), Failure> {
        let gathered = context::gather(&self.places.root, &ask.context, ask.spec.as_deref(), self.places.context);
        // A file that a glob happens to match is not missed by anybody; what was written down is.
        let asked_for = |path: &String| ask.context.contains(path) || ask.spec.as_ref() == Some(path);
        let seen = self.see(ask, gathered.images);
        let left_out: Vec<(String, String)> = gathered.left_out.into_iter().chain(seen.left_out).collect();
        let named_paths = left_out.iter().filter(|(path, _)| asked_for(path));
        let mut not_given: Vec<String> = named_paths.map(|(path, why)| format!("{path}: {why}")).collect();
        let mut left_out: Vec<String> = left_out.into_iter().map(noted).collect();
        let mut files = gathered.files;
        files.retain(|(path, _)| self.may_see(ask, path));
        let named =
            files.first().is_some_and(|(path, _)| ask.spec.as_deref().is_some_and(|spec| same_path(spec, path)));
        let spec = named.then(|| piece(files.remove(0)));
        let mut memories = Vec::new();
        for name in ask.memories.iter().cloned() {
            match self.memory(&name) {
                Ok(text) => memories.push(Piece { name, text }),
                Err(error) => {
                    left_out.push(format!("memory {name}: {error}"));
                    not_given.push(format!("memory {name}: {error}"));
                }
            }
        }
        memories.extend(self.shared(ask).filter(|shared| !ask.memories.contains(&shared.name)));
        let (role_text, unused) = self.role_text(ask);
        not_given.extend(unused);
        let mut material = Material {
            role_text,
            task_text: self.load(&ask.task_text)?,
            context: files.into_iter().map(piece).collect(),
            spec,
            memories,
            inputs: ask.inputs.iter().map(|seen| self.output(seen)).collect::<Result<_, _>>()?,
            hands: self.hands(ask),
            images: seen.paths,
            sight: seen.sight,
            left_out,
        };
        if self.sees_all(ask) {
            self.add_code_base(ask, &mut material);
        }
        Ok((material, seen.images, not_given))
    }

    /// Whether a glob's file may be given. A wide glob (`**`) also matches what other workers said on this very task; who
    /// must not see that yet is given it only where the task names the folder.
    fn may_see(&self, ask: &Ask, path: &str) -> bool {
        let written: Vec<String> = ask.context.iter().chain(&ask.spec).cloned().collect();
        !closed(&self.places, &written).iter().any(|folder| Path::new(path).starts_with(folder))
    }

    /// The images that the task's globs match, as this worker sees them.
    fn images_of(&self, ask: &Ask) -> Seen {
        if ask.context.is_empty() || self.takes(ask).sight == Sight::Blind {
            return Seen::default();
        }
        self.see(ask, context::gather(&self.places.root, &ask.context, None, self.places.context).images)
    }

    fn see(&self, ask: &Ask, paths: Vec<String>) -> Seen {
        let sight = self.takes(ask).sight;
        let mut seen = Seen { sight, ..Seen::default() };
        for path in paths {
            let read = match sight {
                Sight::Blind => Err("is an image, and this worker sees none".to_owned()),
                Sight::Sent | Sight::Opens if seen.paths.len() >= self.places.images_max => {
                    Err(format!("is over the limit of {} images", self.places.images_max))
                }
                Sight::Sent | Sight::Opens => {
                    context::read_image(&self.places.root, &path, self.places.image_bytes_max)
                }
            };
            match read {
                Ok((media_type, bytes)) => {
                    if sight == Sight::Sent {
                        seen.images.push(Image { name: path.clone(), media_type, bytes });
                    }
                    seen.paths.push(path);
                }
                Err(why) => seen.left_out.push((path, why)),
            }
        }
        seen
    }

    /// Adds the whole workspace as far as it fits beside the rest.
    fn add_code_base(&self, ask: &Ask, material: &mut Material) {
        let instruction = ask.instruction.as_deref().map_or(0, str::len);
        let pieces = material.spec.iter().chain(&material.memories).map(|piece| piece.text.len());
        let rest = material.inputs.iter().map(String::len).chain(pieces).sum::<usize>();
        let taken = rest + material.task_text.len() + instruction + ORDERS_BYTES;
        let room = self.room(ask).saturating_sub(taken).min(self.places.code_base_bytes_max);
        let limits = context::Limits { bytes_max: room, ..self.places.context };
        let apart = [&self.places.coordination, &self.places.memories];
        let apart: Vec<&Path> =
            apart.into_iter().filter_map(|folder| folder.strip_prefix(&self.places.root).ok()).collect();
        let base = context::code_base(&self.places.root, &apart, limits);
        let list = Piece { name: "every file of the workspace, with its bytes".to_owned(), text: base.list };
        material.context = [list].into_iter().chain(base.gathered.files.into_iter().map(piece)).collect();
        material.left_out.extend(base.gathered.left_out.into_iter().map(noted));
    }
}

/// What a worker sees of a task's images.
#[derive(Default)]
struct Seen {
    sight: Sight,
    /// Those it sees, in order.
    paths: Vec<String>,
    /// The same with their bytes, where they are sent.
    images: Vec<Image>,
    left_out: Vec<(String, String)>,
}

/// What an image takes of a window, in bytes of prompt: about 1,600 tokens with the providers that say.
pub(super) const IMAGE_BYTES: usize = 4_800;

/// Bytes kept free for the role, the frame of the orders, the answer's form and the list of what was left out.
const ORDERS_BYTES: usize = 16 << 10;

fn failure(class: FailureClass, why: &dyn std::fmt::Display) -> Failure {
    Failure { class, message: why.to_string(), after_s: 0.0, usage: Usage::default() }
}

fn piece((name, text): (String, String)) -> Piece {
    Piece { name, text }
}

fn noted((path, why): (String, String)) -> String {
    format!("{path}: {why}")
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
