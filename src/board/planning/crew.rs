//! The seats and steps of a named team: each member takes its own worker, then the parts follow each other: who prepares,
//! who works, who checks, who writes the answer.

use super::seats::seats;
use super::suited::{Seeking, Table};
use super::synthesis;
use crate::board::id::{Role, StepId, WorkerName};
use crate::board::plan::{Shape, Step, StepAim};
use crate::board::routing::{Agreement, Member, NamedTeam, Part, classify_step, matching};
use crate::board::spec::WorkspaceAccess;
use std::collections::BTreeSet;

/// What those who prepare are told.
const PREPARE: &str = "Before the others begin: work out, in your role, what they need to build on, so that they can start \
                       from it. Do not do their work.";

/// A member with its worker.
struct Seated<'a> {
    member: &'a Member,
    role: Role,
    /// Its worker, and then everyone who may take its place.
    chain: Vec<WorkerName>,
}

/// The steps of a team.
pub(super) fn steps(team: &NamedTeam, table: &Table<'_>, said: &mut Vec<String>) -> Vec<Step> {
    let seated = take_seats(team, table, said);
    let judging = table.classified.shape == Shape::Judging;
    let mut crew = Crew { table, seated, steps: Vec::new() };
    crew.prepare();
    if judging {
        crew.judge(team)
    } else {
        crew.make_and_check(team)
    }
    crew.chair();
    crew.steps
}

/// Gives each member a worker of its own: first to those whose patterns name one, then by role and kind. When nobody is left
/// one who sits already prepares, works or writes the answer too; but nobody makes or judges twice.
fn take_seats<'a>(team: &'a NamedTeam, table: &Table<'_>, said: &mut Vec<String>) -> Vec<Seated<'a>> {
    let kind = table.classified.kind.as_str();
    let wanted = |member: &&Member| member.kinds.is_empty() || member.kinds.iter().any(|own| own == kind);
    let members: Vec<&Member> = team.members.iter().filter(wanted).collect();
    let mut free: Vec<WorkerName> = table.ranked.to_vec();
    let mut taken: Vec<Option<WorkerName>> = Vec::new();
    for member in &members {
        let meant = member.workers.iter().flat_map(|pattern| matching(pattern, table.rules, &free)).next();
        free.retain(|worker| Some(worker) != meant.as_ref());
        taken.push(meant);
    }
    let mut seated: Vec<Seated<'a>> = Vec::new();
    let mut without = 0;
    for (member, meant) in members.into_iter().zip(taken) {
        let (role, order, preferred) = suited(member, table);
        // It is no reason for anything where the team names its worker, or where that one sits already.
        said.extend(preferred.filter(|_| meant.is_none() && order.first().is_some_and(|first| free.contains(first))));
        let worker = meant.or_else(|| order.iter().find(|worker| free.contains(worker)).cloned());
        let alone = !seated.iter().any(|other| votes(other.member.part));
        let again = || order.first().filter(|_| !votes(member.part) || alone).cloned();
        let Some(worker) = worker.or_else(again) else {
            without += 1;
            continue;
        };
        free.retain(|other| *other != worker);
        let (spare, rest): (Vec<&WorkerName>, Vec<&WorkerName>) =
            order.iter().filter(|other| **other != worker).partition(|other| free.contains(other));
        let chain = std::iter::once(&worker).chain(spare).chain(rest).cloned().collect();
        seated.push(Seated { member, role, chain });
    }
    if without > 0 {
        said.push(format!("{} can be asked, so {without} seat(s) of the team stay empty", table.ranked.len()));
    }
    seated
}

/// Whether a part makes candidates or votes, which one worker does once.
fn votes(part: Part) -> bool {
    matches!(part, Part::Work | Part::Check)
}

/// A member's role, the workers that suit it, best first, and why the first is first where its price decided.
fn suited(member: &Member, table: &Table<'_>) -> (Role, Vec<WorkerName>, Option<String>) {
    let Some(role) = member.role.as_deref().and_then(|role| table.rules.catalog.role_named(role)) else {
        return (table.classified.role.clone(), table.ranked.to_vec(), None);
    };
    let classified = classify_step("", Some(role), table.classified, &table.rules.catalog);
    let (step, apart) = (member.name.as_deref().unwrap_or(role), BTreeSet::new());
    let (ranked, preferred) = table.suited(&Seeking { step, classified: &classified, turn: 0, apart: &apart });
    (Role::new(role), ranked, preferred)
}

struct Crew<'a> {
    table: &'a Table<'a>,
    seated: Vec<Seated<'a>>,
    steps: Vec<Step>,
}

impl Crew<'_> {
    fn prepare(&mut self) {
        for at in self.of(Part::Prepare) {
            let id = self.name(at);
            self.push(&id, at, StepAim::Make, &[], Some(PREPARE.to_owned()), false);
        }
    }

    /// Everyone but those who prepare and the chair judges, each in its role.
    fn judge(&mut self, team: &NamedTeam) {
        let needs = self.ids();
        let alike = self.alike();
        if !alike.is_empty() || team.everyone || self.of(Part::Check).is_empty() {
            self.group("judge", &alike, team.everyone, StepAim::Judge, &needs);
        }
        for at in self.others(&alike) {
            let id = self.name(at);
            self.push(&id, at, StepAim::Judge, &needs, None, true);
        }
    }

    fn make_and_check(&mut self, team: &NamedTeam) {
        let needs = self.ids();
        let prepared = self.steps.len();
        let alike = self.alike();
        let works = self.of(Part::Work);
        // A team of checkers alone needs something to check: the best worker for the task makes it.
        if !alike.is_empty() || team.everyone || works.is_empty() {
            self.group("make", &alike, team.everyone, StepAim::Make, &needs);
        }
        for at in works.into_iter().filter(|at| !alike.contains(at)) {
            let id = self.name(at);
            self.push(&id, at, StepAim::Make, &needs, None, true);
        }
        let made: Vec<StepId> = self.steps[prepared..].iter().map(|step| step.id.clone()).collect();
        let checks = self.of(Part::Check);
        if team.consensus == Agreement::None {
            return;
        }
        let makers: Vec<WorkerName> =
            self.steps[prepared..].iter().flat_map(|step| &step.seats).map(|seat| seat.worker.clone()).collect();
        for at in &checks {
            // Who is the only maker has nothing to judge.
            if makers.len() == 1 && self.seated[*at].chain.first() == makers.first() {
                self.seated[*at].chain.rotate_left(1);
            }
            if self.seated[*at].chain.first().is_some_and(|first| makers != [first.clone()]) {
                let id = format!("check-{}", self.name(*at));
                self.push(&id, *at, StepAim::Check, &made, None, false);
            }
        }
        if checks.is_empty() && makers.len() > 1 {
            let role = self.table.classified.check_role.clone();
            let seats = seats(&makers, 0, makers.len(), makers.len());
            self.steps.push(step("check", role, StepAim::Check, made, seats, None, false));
        }
    }

    fn chair(&mut self) {
        let needs = self.ids();
        if let Some(at) = self.of(Part::Chair).first().copied().filter(|_| needs.len() > 1) {
            let text = synthesis::text(&needs, &self.steps).to_owned();
            self.push("synthesis", at, StepAim::Synthesize, &needs, Some(text), false);
        }
    }

    /// The places of the members with a part.
    fn of(&self, part: Part) -> Vec<usize> {
        (0..self.seated.len()).filter(|at| self.seated[*at].member.part == part).collect()
    }

    /// Those who work in the role of the task's kind, side by side in one step.
    fn alike(&self) -> Vec<usize> {
        let plain = |at: &usize| self.seated[*at].member.role.is_none() && self.seated[*at].member.name.is_none();
        self.of(Part::Work).into_iter().filter(plain).collect()
    }

    /// Those who work or check in a role of their own.
    fn others(&self, alike: &[usize]) -> Vec<usize> {
        (0..self.seated.len()).filter(|at| votes(self.seated[*at].member.part) && !alike.contains(at)).collect()
    }

    fn ids(&self) -> Vec<StepId> {
        self.steps.iter().map(|step| step.id.clone()).collect()
    }

    /// What a member's step is called: its own name or its role, with a number where that is taken.
    fn name(&self, at: usize) -> String {
        let seated = &self.seated[at];
        let name = seated.member.name.clone().unwrap_or_else(|| seated.role.to_string());
        let taken = |name: &str| {
            let check = format!("check-{name}");
            self.steps.iter().any(|step| step.id.as_str() == name || step.id.as_str() == check)
        };
        let mut names = std::iter::once(name.clone()).chain((2..).map(|number| format!("{name}-{number}")));
        names.find(|name| !taken(name)).unwrap_or(name)
    }

    /// A step of several members, and with `everyone` of all who sit nowhere. Without anybody, of the best for the task.
    fn group(&mut self, id: &str, members: &[usize], everyone: bool, aim: StepAim, needs: &[StepId]) {
        let first = |seated: &Seated<'_>| seated.chain.first().cloned();
        let mut workers: Vec<WorkerName> = members.iter().filter_map(|at| first(&self.seated[*at])).collect();
        let sitting: Vec<WorkerName> = self.seated.iter().filter_map(first).collect();
        let left = || self.table.ranked.iter().filter(|worker| !sitting.contains(worker));
        if everyone {
            workers.extend(left().cloned());
        }
        if workers.is_empty() {
            workers.extend(left().chain(self.table.ranked).next().cloned());
        }
        let count = workers.len();
        let (rest, spare): (Vec<&WorkerName>, Vec<&WorkerName>) = self
            .table
            .ranked
            .iter()
            .filter(|worker| !workers.contains(worker))
            .partition(|worker| sitting.contains(worker));
        let chain: Vec<WorkerName> = workers.iter().chain(spare).chain(rest).cloned().collect();
        let role = self.table.classified.role.clone();
        self.steps.push(step(id, role, aim, needs.to_vec(), seats(&chain, 0, count, count), None, true));
    }

    fn push(&mut self, id: &str, at: usize, aim: StepAim, needs: &[StepId], instruction: Option<String>, answer: bool) {
        let Seated { role, chain, .. } = &self.seated[at];
        let (role, seats) = (role.clone(), seats(chain, 0, 1, 1));
        self.steps.push(step(id, role, aim, needs.to_vec(), seats, instruction, answer));
    }
}

fn step(
    id: &str,
    role: Role,
    aim: StepAim,
    needs: Vec<StepId>,
    seats: Vec<crate::board::plan::Seat>,
    instruction: Option<String>,
    answer: bool,
) -> Step {
    let (workspace, validate) = (WorkspaceAccess::Read, None);
    Step { id: StepId::new(id), role, instruction, needs, aim, seats, answer, stands_for: None, workspace, validate }
}
