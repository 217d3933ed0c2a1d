//! Calls that change files: the tree that their worker gets, and what it changed there as a patch. A worker without hands of
//! its own gets no tree; what it says is to be changed is changed in one afterwards.

use super::{CallJob, failure};
use crate::board::{Ask, Failure, FailureClass, Patch};
use crate::worker::worktree::{Collected, Error, Tree, Trees};
use crate::worker::{Call, OwnTree, Reply};
use std::time::Duration;

/// Pause between two tries to make a tree while the disk is full.
const SPACE_PAUSE: Duration = Duration::from_secs(1);

impl CallJob {
    /// The trees, for a call that is to have one.
    fn trees_for(&self, ask: &Ask) -> Option<&Trees> {
        self.trees.as_ref().filter(|_| !ask.workspace.is_read())
    }

    /// The trees, for a call that is kept out of the user's files.
    fn trees_apart(&self, ask: &Ask) -> Option<&Trees> {
        self.trees.as_ref().filter(|_| ask.apart || !ask.workspace.is_read())
    }

    /// Whether the worker changes files by itself.
    pub(super) fn has_hands(&self, ask: &Ask) -> bool {
        self.desk.is_none() && self.places.takes.get(&ask.worker).copied().unwrap_or_default().changes_files
    }

    /// Gives the call a tree of its own, where it can change files and is not to change the user's.
    pub(super) async fn move_into_tree(&self, ask: &Ask, call: &mut Call) -> Result<(), Failure> {
        let Some(trees) = self.trees_apart(ask).filter(|_| self.has_hands(ask)) else { return Ok(()) };
        let made = self.make_tree(ask, trees).await?;
        call.folder = made.work;
        call.own_tree = Some(OwnTree { above: trees.folder().to_owned(), to_change: !ask.workspace.is_read() });
        Ok(())
    }

    /// Makes the tree; a full disk is waited out.
    async fn make_tree(&self, ask: &Ask, trees: &Trees) -> Result<Tree, Failure> {
        let mut onto = Vec::new();
        for (number, patch) in &ask.onto {
            let text = self.blobs.get(&patch.text);
            onto.push((*number, text.map_err(|error| failure(FailureClass::Transient, error.to_string()))?));
        }
        loop {
            let (trees, key, worker, onto) = (trees.clone(), ask.key.clone(), ask.worker.clone(), onto.clone());
            let made = self.jobs.blocking(move || trees.make(&key, worker.as_str(), &onto)).await;
            match made.map_err(|said| failure(FailureClass::Transient, said))? {
                Ok(tree) => return Ok(tree),
                Err(error) if error.is_full() => self.trouble(Some(error.to_string())).await,
                Err(error) => {
                    let why = format!("no worktree could be made: {error}");
                    return Err(failure(FailureClass::RequestRefused, why));
                }
            }
            tokio::select! {
                () = tokio::time::sleep(SPACE_PAUSE) => {}
                () = self.stop.cancelled() => return Err(failure(FailureClass::Cancelled, "it was stopped".to_owned())),
            }
        }
    }

    /// What the call changed. The answer is paid for: where its changes cannot be had, it says so and counts all the same.
    pub(super) async fn change(&self, ask: &Ask, reply: &Reply) -> Option<Collected> {
        let trees = self.trees_for(ask)?.clone();
        let hands = self.has_hands(ask);
        let tree = if hands { None } else { Some(self.make_tree(ask, &trees).await) };
        let (key, text) = (ask.key.clone(), reply.text.clone());
        let collect = move || {
            let tree = match tree {
                Some(made) => made.map_err(|failure| Error::Other(failure.message))?,
                None => trees.existing(&key).ok_or_else(|| Error::Other("its worktree is gone".to_owned()))?,
            };
            collect(&trees, tree, (!hands).then_some(&text), &text)
        };
        let collected = self.jobs.blocking(collect).await;
        match collected {
            Ok(Ok(collected)) => collected,
            Ok(Err(error)) => Some(nothing(format!("its changes could not be collected: {error}"))),
            Err(said) => Some(nothing(format!("its changes could not be collected: {said}"))),
        }
    }

    /// The collected changes with their text stored; `None` when the daemon ends before that.
    pub(super) async fn patch(&self, collected: Collected) -> Option<Patch> {
        let Collected { text, base, files, added, removed, note, unseen } = collected;
        Some(Patch { text: self.keep(&text).await?, base, files, added, removed, note, unseen })
    }

    /// Removes the call's tree.
    pub(super) async fn forget_tree(&self, ask: &Ask) {
        let Some(trees) = self.trees_apart(ask).cloned() else { return };
        let key = ask.key.clone();
        // What could not be removed is swept at the next start.
        drop(self.jobs.blocking(move || trees.forget(&key)).await);
    }
}

/// What was changed in a tree, by hand or by words. Who had a tree and left it as it was may have said what to change instead.
fn collect(trees: &Trees, mut tree: Tree, words: Option<&String>, said: &str) -> Result<Option<Collected>, Error> {
    if let Some(words) = words {
        trees.write_down(&mut tree, words)?;
        return trees.collect(&tree);
    }
    let collected = trees.collect(&tree)?;
    if collected.as_ref().is_some_and(|collected| !collected.files.is_empty()) || !trees.says_changes(said) {
        return Ok(collected);
    }
    trees.write_down(&mut tree, said)?;
    let collected = trees.collect(&tree)?;
    Ok(collected.map(|collected| {
        let note = "its files were as before, so the changes are those that its answer says".to_owned();
        let note = collected.note.as_ref().map_or(note.clone(), |more| format!("{note}; {more}"));
        Collected { note: Some(note), ..collected }
    }))
}

fn nothing(note: String) -> Collected {
    let (text, base, files) = (String::new(), String::new(), Vec::new());
    Collected { text, base, files, added: 0, removed: 0, note: Some(note), unseen: 0 }
}
