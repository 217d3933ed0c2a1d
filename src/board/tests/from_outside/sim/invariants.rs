//! What must hold whatever happens.

use std::collections::{BTreeMap, BTreeSet};
use synod::board::attempt::SeenOutput;
use synod::board::memory::MemoryName;
use synod::board::rules::PlanLimits;
use synod::board::{
    Ask, AttemptKey, AttemptState, Event, Phase, Purpose, Resume, Rules, Rung, Seq, State, StepId, Task, TaskId,
};

/// A seat of a step of a task.
type Place = (TaskId, StepId, u32);

/// Remembers what it must compare with.
#[derive(Default)]
pub(crate) struct Watcher {
    last: Seq,
    accepted: BTreeSet<TaskId>,
    ended: BTreeSet<TaskId>,
    archived: BTreeSet<TaskId>,
    started: BTreeSet<AttemptKey>,
    over: BTreeSet<AttemptKey>,
    tried: BTreeSet<AttemptKey>,
    /// The step and the seat of each attempt.
    places: BTreeMap<AttemptKey, Place>,
    /// Places that have given an answer.
    filled: BTreeSet<Place>,
    /// The newest revision of each memory.
    revisions: BTreeMap<MemoryName, u64>,
    /// The texts that any revision holds, by hash.
    history: BTreeSet<String>,
}

impl Watcher {
    /// After an input was taken: the events fit together, and the limits hold.
    pub(crate) fn after(&mut self, state: &State, rules: &Rules, events: &[(Seq, Event)]) {
        for (seq, event) in events {
            assert!(*seq > self.last, "{seq} comes after {}", self.last);
            self.last = *seq;
            self.fits(event);
        }
        limits(state, rules);
        for task in self.accepted.difference(&self.archived) {
            assert!(state.task(task).is_some(), "{task} was accepted and is gone");
        }
        for task in state.tasks.values() {
            assert!(task.attempts.len() <= rules.limits.attempts_per_task_max as usize);
            let rounds = u32::try_from(task.growth.rounds.len()).unwrap();
            let proofs = u32::try_from(task.growth.proofs.len()).unwrap();
            assert!(proofs <= rules.consensus.proofs_max, "{} had {proofs} claims tried", task.id);
            assert!(rounds < rules.consensus.rounds_max.max(1), "{} was asked about {rounds} times more", task.id);
            if let Some(decision) = task.phase.decision() {
                for share in [decision.overall_confidence, decision.threshold] {
                    assert!((0.0..=1.0).contains(&share), "{share} is no probability");
                }
                assert!(decision.effective_votes.is_finite());
                let votes: BTreeSet<_> = decision.votes.iter().map(|vote| (&vote.worker, vote.candidate)).collect();
                assert_eq!(votes.len(), decision.votes.len(), "a vote on {} counts twice", task.id);
                assert!(task.answered().next().is_some(), "{} was decided without an answer", task.id);
            }
        }
    }

    fn fits(&mut self, event: &Event) {
        match event {
            Event::TaskAccepted { task, .. } => {
                assert!(self.accepted.insert(task.clone()), "{task} was accepted twice")
            }
            Event::PlanChanged { task, adds, drops, .. } => {
                assert!(!self.ended.contains(task), "the plan of {task} changes after its end");
                assert!(adds.len() <= PlanLimits::default().steps_max + 1, "the plan of {task} has grown too large");
                for (_, step, _) in self.filled.iter().filter(|(other, ..)| other == task) {
                    assert!(!drops.contains(step), "step {step} of {task} was finished and is dropped");
                    assert!(!adds.iter().any(|add| add.id == *step), "step {step} of {task} is added twice");
                }
            }
            Event::Progressed { task, .. } => assert!(!self.ended.contains(task), "{task} goes on after its end"),
            Event::TaskEnded { task, .. } => {
                assert!(self.accepted.contains(task), "{task} ended before it was accepted");
                assert!(self.ended.insert(task.clone()), "{task} ended twice");
            }
            Event::TaskArchived { task, .. } => {
                assert!(self.ended.contains(task), "{task} was archived before it ended");
                assert!(self.archived.insert(task.clone()), "{task} was archived twice");
            }
            Event::AttemptStarted { key, along, .. } => {
                let along = along.iter().map(|number| AttemptKey { task: key.task.clone(), number: *number });
                for key in along.chain([key.clone()]) {
                    assert!(!self.over.contains(&key), "{key} was started after it had ended");
                    assert!(self.started.insert(key.clone()), "{key} was started twice: it would be paid twice");
                }
            }
            Event::AttemptAnswered { key, .. } => {
                assert!(self.started.contains(key), "{key} was answered before it was started");
                self.filled.extend(self.places.get(key).cloned());
                assert!(self.over.insert(key.clone()), "{key} ended twice");
            }
            Event::AttemptFailed { key, .. } => assert!(self.over.insert(key.clone()), "{key} ended twice"),
            Event::CostReserved { key, .. } | Event::AttemptAdopted { key, .. } => {
                assert!(self.started.contains(key) && !self.over.contains(key))
            }
            Event::AttemptPlanned { key, step, seat, purpose, rung, why, .. } => {
                assert!(!self.ended.contains(&key.task), "{key} is planned for an ended task");
                assert!(*rung == Rung::First || !why.is_empty(), "{key} climbs the ladder without a reason");
                let place = (key.task.clone(), step.clone(), *seat);
                let again =
                    matches!(purpose, Purpose::Plan { error: Some(_) } | Purpose::Recover { error: Some(_), .. });
                assert!(again || !self.filled.contains(&place), "{key} repeats a finished step");
                self.places.insert(key.clone(), place);
            }
            Event::AttemptValidated { key, .. } => {
                assert!(self.over.contains(key), "{key} was tried before it was answered");
                assert!(self.tried.insert(key.clone()), "{key} was tried twice");
            }
            Event::PatchApplied { .. }
            | Event::PatchReverted { .. }
            | Event::FileRejected { .. }
            | Event::DaemonStarted { .. }
            | Event::OrderHeld { .. }
            | Event::RecordsImported { .. }
            | Event::DependencyEnded { .. }
            | Event::TaskDecided { .. }
            | Event::PersonAnswered { .. }
            | Event::PersonReminded { .. }
            | Event::PersonHandedIn { .. }
            | Event::MemoryLeased { .. } => {}
            Event::MemoryRevised { name, revision, content, .. } => {
                let before = self.revisions.insert(name.clone(), *revision).unwrap_or(0);
                assert_eq!(*revision, before + 1, "the revisions of {name} have a gap");
                self.history.extend(content.iter().map(|content| content.hash.clone()));
            }
        }
    }

    /// Texts that the memory bus has taken are in its history.
    pub(crate) fn taken(&self, texts: Vec<String>) {
        for text in texts {
            assert!(self.history.contains(&text), "{text} was taken and is in no revision");
        }
    }

    /// When a worker is asked: it sees only what it may.
    pub(crate) fn asked(&self, state: &State, ask: &Ask) {
        let task = state.task(&ask.key.task).expect("an asked task is open");
        let step = task.step(&ask.step).expect("an asked step is in the plan");
        for seen in &ask.inputs {
            assert!(
                task.seen_by(step).contains(&seen.step),
                "{} sees step {}, which it does not need",
                ask.key,
                seen.step
            );
            assert!(seen.step != ask.step, "{} sees an answer of its own step: first answers are sealed", ask.key);
        }
        if let Some(resume) = &ask.resume {
            goes_on(task, ask, resume);
        }
        if let Purpose::Check { candidates } = &ask.purpose {
            assert!(!candidates.is_empty(), "{} has nothing to judge", ask.key);
        }
        for number in ask.purpose.candidates() {
            assert!(task.attempts[number].worker != ask.worker, "{} judges its own work", ask.key);
        }
        if let Purpose::Reconsider { own, answers, .. } = &ask.purpose {
            assert_eq!(task.attempts[own].worker, ask.worker, "{} is shown another's answer as its own", ask.key);
            assert!(answers.contains(own) && answers.len() > 1, "{} has nothing to reconsider", ask.key);
            for number in answers {
                assert!(ask.inputs.iter().any(|seen| seen.number == *number), "{} is not shown #{number}", ask.key);
            }
        } else if matches!(ask.purpose, Purpose::Judge) {
            let needed = |seen: &SeenOutput| step.needs.contains(&seen.step);
            let judged = |seen: &SeenOutput| task.attempts[&seen.number].purpose == Purpose::Judge;
            assert!(!ask.inputs.iter().any(|seen| judged(seen) && !needed(seen)), "{} sees a first answer", ask.key);
        }
    }

    /// What the journal gives is what was there.
    pub(crate) fn same(&self, live: &State, replayed: &State) {
        assert_eq!(live.tasks, replayed.tasks, "replaying gives other tasks");
        assert_eq!(live.globals.health, replayed.globals.health, "replaying gives other workers' standings");
        assert_eq!(live.globals.tallies, replayed.globals.tallies, "replaying gives other records");
        assert_eq!(live.memories, replayed.memories, "replaying gives other memories");
        assert_eq!(live.open(), replayed.open());
        assert_eq!(live.running(), replayed.running());
    }

    /// Nothing is under way any more: every task has ended, or waits for a person or for a task that nobody dropped.
    pub(crate) fn at_rest(&self, state: &State) {
        for task in state.tasks.values() {
            match &task.phase {
                Phase::Ended { .. } | Phase::AwaitingPerson { .. } => {}
                Phase::Waiting { on } => {
                    let open =
                        |id: &TaskId| state.task(id).is_none_or(|other| !matches!(other.phase, Phase::Ended { .. }));
                    assert!(on.iter().all(open), "{} waits for tasks that have ended: {on:?}", task.id);
                }
                Phase::Working | Phase::Decided { .. } => panic!("{} is stuck: {task:#?}", task.id),
            }
        }
        assert_eq!(state.running(), 0);
        for (name, memory) in state.memories.by_name() {
            assert!(memory.lease.is_none(), "the lease of {name} never lapsed");
            assert_eq!(self.revisions.get(name).copied().unwrap_or(0), memory.revision, "{name}");
        }
    }
}

/// No limit on calls is exceeded, and the counts are those of the attempts.
fn limits(state: &State, rules: &Rules) {
    let mut running: BTreeMap<&str, u32> = BTreeMap::new();
    for attempt in state.tasks.values().flat_map(|task| task.attempts.values()) {
        if matches!(attempt.state, AttemptState::Running { .. }) && !attempt.goes_along() {
            *running.entry(attempt.worker.as_str()).or_default() += 1;
        }
    }
    let total: u32 = running.values().sum();
    assert_eq!(total, state.running(), "the count of running calls is wrong");
    assert!(total <= rules.limits.concurrent_calls_max, "{total} calls run at once");
    for (name, count) in running {
        let worker = rules.workers.iter().find(|worker| worker.name.as_str() == name).expect("a known worker");
        assert!(count <= worker.max_concurrent, "{count} calls of {name} run at once");
    }
}

/// A conversation that is gone on with is the worker's own, holds nothing that its step may not see, and is nobody else's now.
fn goes_on(task: &Task, ask: &Ask, resume: &Resume) {
    let key = &ask.key;
    let free = matches!(ask.purpose, Purpose::Make | Purpose::Plan { .. } | Purpose::Recover { .. });
    assert!(free, "{key} judges and goes on with what it said before");
    assert_eq!(task.attempts[&resume.attempt].worker, ask.worker, "{key} goes on with another's conversation");
    let mut needed: Vec<&StepId> = vec![&ask.step];
    let mut next = 0;
    while let Some(id) = needed.get(next).copied() {
        let needs = task.plan.steps.iter().filter(|step| step.id == *id).flat_map(|step| &step.needs);
        let fresh: Vec<&StepId> = needs.filter(|need| !needed.contains(need)).collect();
        needed.extend(fresh);
        next += 1;
    }
    for number in &resume.known {
        let step = &task.attempts[number].step;
        assert!(*step != ask.step && needed.contains(&step), "{key} knows of step {step}, which it does not need");
    }
    if resume.session.is_some() {
        let same = task.attempts.values().filter(|other| other.thread.resumes == Some(resume.attempt));
        let mut at_once = same.filter(|other| matches!(other.state, AttemptState::Running { .. }));
        assert!(at_once.all(|other| other.number == key.number), "{key} resumes a session that another call is in");
    }
}
