//! From pages to files: what each page of a batch becomes, rendered but not written.

use super::stage::{Closing, Content, Refused, Stage};
use super::tree::Dir;
use super::{Limits, Loader, Places};
use crate::board::{Decision, Ending, OutputPage, Page, Seq, Source, TaskId, TaskSpec, Text};
use crate::folder::error::Error;
use crate::folder::ink::{Ink, json_visible};
use crate::folder::name::part;
use crate::folder::render::{architecture, decision, decision_memory, output, task};
use serde_json::Value;
use std::path::Path;

/// Renders the pages of one batch.
pub(super) struct Renderer<'a> {
    /// How foreign text gets onto pages.
    pub(super) ink: &'a Ink,
    /// Bounds.
    pub(super) limits: &'a Limits,
    /// Loads texts.
    pub(super) blobs: Loader<'a>,
    /// What becomes of the batch.
    pub(super) stage: Stage,
}

impl Renderer<'_> {
    /// Takes the next page.
    pub(super) fn page(&mut self, seq: Seq, page: &Page, places: &mut Places<'_>) -> Result<(), Error> {
        match page {
            Page::TaskFile { task, source, spec } => {
                places.accepted(task);
                return self.task_file(task, source, spec);
            }
            Page::TaskState { task, state } => {
                let dir = if self.stage.is_closed(task) { Dir::Active } else { places.of(task)? };
                let bytes = self.pretty(state.clone());
                self.stage.file(task, dir, format!("{task}_state.json"), Content::Whole(bytes));
            }
            Page::Rejected { name, hash, at, reason } => {
                let refused = Refused { name: name.clone(), hash: hash.clone(), at: *at, reason: reason.clone() };
                self.stage.refused.push(refused);
            }
            Page::Session { task, worker, session } => {
                let bytes = self.pretty(session.clone());
                let name = format!("{}_{task}.json", part(worker.as_str()));
                self.stage.file(task, Dir::Sessions, name, Content::Whole(bytes));
            }
            Page::Output(page) => return self.output(page),
            Page::Decision(decision) => return self.decision(decision),
            Page::Architecture { at, task, title, decision } => {
                let answer = self.load(&decision.answer, Path::new(architecture::NAME))?;
                let (task, title, decision) = (task.clone(), title.clone(), decision.as_ref().clone());
                self.stage.records.push((seq, architecture::Record { at: *at, task, title, decision, answer }));
            }
            Page::Progress { task, text } => {
                let text = self.ink.mask.text(text).into_owned();
                self.stage.file(
                    task,
                    Dir::Current(task.clone()),
                    "progress.md".to_owned(),
                    Content::Whole(text.into()),
                );
            }
            Page::Log(entry) => self.stage.log.push((seq, entry.clone())),
            Page::Message(line) => self.stage.messages.push((seq, line.clone())),
            Page::Closed { task, at, ending } => {
                let to = if *ending == Ending::Done { Dir::Done } else { Dir::Failed };
                self.stage.close(Closing { task: task.clone(), to, history: format!("{}-{task}", at.day()) });
            }
            Page::AnswerTaken { path } => self.stage.taken.push(path.clone()),
        }
        Ok(())
    }

    fn load(&self, text: &Text, page: &Path) -> Result<String, Error> {
        match text {
            Text::Inline { text } => Ok(text.clone()),
            Text::Blob { .. } => (self.blobs)(text).map_err(|why| Error::Text { path: page.to_owned(), why }),
        }
    }

    fn pretty(&self, mut value: Value) -> Vec<u8> {
        self.ink.mask.value(&mut value, usize::MAX);
        pretty(&value)
    }

    fn task_file(&mut self, id: &TaskId, source: &Source, spec: &TaskSpec) -> Result<(), Error> {
        let readable = format!("{id}.md");
        let text = self.load(&spec.text, Path::new(&readable))?;
        let original = match source {
            Source::File { name, hash, content } => {
                let ending = original_ending(name);
                let content = Content::Dropped { from: name.clone(), hash: hash.clone(), text: content.clone() };
                self.stage.file(id, Dir::Active, format!("{id}.{ending}"), content);
                ending
            }
            Source::Face { .. } | Source::Order { .. } => "",
        };
        if original != "md" {
            let page = task::file(self.ink, spec, &text).into_bytes();
            let content = if original.is_empty() { Content::OnlyNew(page) } else { Content::Whole(page) };
            self.stage.file(id, Dir::Active, readable, content);
        }
        let definition = task::definition(self.ink, id, source, spec, &text).into_bytes();
        let current = Dir::Current(id.clone());
        self.stage.file(id, current.clone(), "task-definition.md".to_owned(), Content::Whole(definition));
        let shared = task::shared_context(id).into_bytes();
        self.stage.file(id, current, "shared-context.md".to_owned(), Content::OnlyNew(shared));
        Ok(())
    }

    fn output(&mut self, page: &OutputPage) -> Result<(), Error> {
        let worker = part(page.worker.as_str());
        let file = format!("{:02}-{}-{worker}.md", page.number, part(page.step.as_str()));
        let text = self.load(&page.text, &Path::new("outputs").join(page.task.as_str()).join(&file))?;
        let whole = output::limited(self.ink, &text, self.limits.page_text_bytes_max);
        let printed = match &page.validation {
            Some(tried) => self.load(&tried.output, &Path::new("outputs").join(page.task.as_str()).join(&file))?,
            None => String::new(),
        };
        let printed = output::limited(self.ink, &printed, self.limits.page_text_bytes_max);
        let rendered = output::page(self.ink, page, &whole, &printed).into_bytes();
        if let Some(patch) = page.patch.as_ref().filter(|patch| !patch.is_empty()) {
            let file = format!("{}.patch", file.trim_end_matches(".md"));
            let text = self.load(&patch.text, &Path::new("outputs").join(page.task.as_str()).join(&file))?;
            let text = self.ink.mask.text(&text).into_owned().into_bytes();
            self.stage.file(&page.task, Dir::Outputs(page.task.clone()), file, Content::Whole(text));
        }
        let memory = output::memory(self.ink, page, &text, &file, self.limits.memory_bytes_max).into_bytes();
        self.stage.file(&page.task, Dir::Outputs(page.task.clone()), file, Content::Whole(rendered));
        let dir = Dir::ModelOutputs(page.task.clone());
        self.stage.file(&page.task, dir, format!("{worker}.md"), Content::Whole(memory));
        Ok(())
    }

    fn decision(&mut self, decision: &Decision) -> Result<(), Error> {
        let (id, ink) = (&decision.task, self.ink);
        let page = format!("{id}.md");
        let answer = self.load(&decision.answer, &Path::new("decisions").join(&page))?;
        let json = pretty(&decision::json(ink, decision, &answer));
        let text = decision::page(ink, decision, &answer, self.limits.page_text_bytes_max);
        self.stage.file(id, Dir::Decisions, format!("{id}.json"), Content::Whole(json));
        self.stage.file(id, Dir::Decisions, page, Content::Whole(text.into_bytes()));
        let memories = [
            ("consensus.md", decision_memory::consensus(ink, decision)),
            ("conflicts.md", decision_memory::conflicts(ink, decision)),
            ("decisions.md", decision_memory::decisions(ink, decision, &answer, self.limits.memory_bytes_max)),
        ];
        for (name, text) in memories {
            self.stage.file(id, Dir::Coordination(id.clone()), name.to_owned(), Content::Whole(text.into_bytes()));
        }
        Ok(())
    }
}

/// A value as a file of JSON.
fn pretty(value: &Value) -> Vec<u8> {
    let mut text = json_visible(serde_json::to_string_pretty(value).unwrap_or_default());
    text.push('\n');
    text.into_bytes()
}

/// Endings of dropped files that are kept beside a readable page.
pub(super) const KEPT_ENDINGS: [&str; 4] = ["json", "yaml", "yml", "toml"];

/// The ending that a dropped file keeps: that of a data format, else `md`.
fn original_ending(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    KEPT_ENDINGS.into_iter().find(|kept| ending.eq_ignore_ascii_case(kept)).unwrap_or("md")
}
