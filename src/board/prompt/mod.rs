//! What a worker is told: one text made of the role's template, the task and its material. Loading the material is
//! the daemon's business, sending the prompt the worker room's.

use super::attempt::Ask;

/// A named text: a file with its path, a memory with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Path or name, shown above the text.
    pub name: String,
    /// The text, whole.
    pub text: String,
}

/// The texts that an [`Ask`] names, loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Material {
    /// The task's text, whole.
    pub task_text: String,
    /// The context files.
    pub context: Vec<Piece>,
    /// The specification file.
    pub spec: Option<Piece>,
    /// The memories.
    pub memories: Vec<Piece>,
    /// The texts of `Ask::inputs`, in the same order; one that could not be loaded is empty.
    pub inputs: Vec<String>,
    /// What could not be given and why, a line each (`src/big.bin: not text`).
    pub left_out: Vec<String>,
}

/// How large a prompt may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of system and text together. The role, the task, the instruction and the answer's form are given whole
    /// all the same; the material shares what is left.
    pub prompt_bytes_max: usize,
}

/// What is sent to a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// The role: goes where the worker has a place for instructions.
    pub system: Option<String>,
    /// The rest.
    pub text: String,
}

impl Prompt {
    /// Both parts as one text, for workers that have one input only.
    pub fn joined(&self) -> String {
        match &self.system {
            Some(system) => format!("{system}\n\n{}", self.text),
            None => self.text.clone(),
        }
    }
}

/// Makes the prompt of one call. The same arguments give the same bytes.
pub fn compose(ask: &Ask, material: &Material, limits: Limits) -> Prompt {
    let _ = (ask, limits);
    Prompt { system: None, text: material.task_text.clone() }
}
