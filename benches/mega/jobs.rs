//! The jobs: random graphs of work items, and how a planner writes them down, in both forms that a plan may have. What an
//! item is worth (its sort, its size) stands in the words of its step, so that a simulated worker knows what it is asked.

use super::draw::Draw;
use super::workers::Sort;
use std::fmt::Write as _;

/// Fewest and most work items of a job.
pub(crate) const ITEMS: (u64, u64) = (25, 60);

/// One piece of the work.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// Its number in the job, from 0.
    pub(crate) number: usize,
    pub(crate) sort: Sort,
    /// The items that must be done before, all with lower numbers.
    pub(crate) needs: Vec<usize>,
}

/// A job with its graph of work.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) number: u64,
    pub(crate) items: Vec<Item>,
    /// Whether its planner writes the older form: batches instead of needs, models instead of roles.
    pub(crate) older_form: bool,
}

impl Job {
    pub(crate) fn new(seed: u64, number: u64) -> Self {
        let draw = Draw::new(seed).of("job").at(number);
        let count = draw.of("items").whole(ITEMS.0, ITEMS.1) as usize;
        let items = (0..count).map(|item| Self::item(draw.of("item").at(item as u64), item)).collect();
        Self { number, items, older_form: draw.of("form").chance(0.5) }
    }

    fn item(draw: Draw, number: usize) -> Item {
        let sorts = [
            (Sort::Look, 0.25),
            (Sort::Write, 0.12),
            (Sort::Code, 0.28),
            (Sort::HardCode, 0.12),
            (Sort::Review, 0.15),
            (Sort::Design, 0.08),
        ];
        let mut needs = Vec::new();
        if number > 0 && !draw.of("root").chance(0.12) {
            let window = number.min(8);
            for need in 0..draw.of("needs").whole(1, 3) {
                let back = draw.of("need").at(need).whole(1, window as u64) as usize;
                if !needs.contains(&(number - back)) {
                    needs.push(number - back);
                }
            }
            needs.sort_unstable();
        }
        Item { number, sort: draw.of("sort").weighted(&sorts), needs }
    }

    /// The task as a person hands it in.
    pub(crate) fn text(&self) -> String {
        format!(
            "Mega job {}: carry out the migration of the billing system, with everything that belongs to it.",
            self.number
        )
    }

    /// The whole plan, or what is left of it, as this job's planner writes it. `done` items are left out.
    pub(crate) fn plan(&self, done: &dyn Fn(usize) -> bool) -> String {
        let left: Vec<&Item> = self.items.iter().filter(|item| !done(item.number)).collect();
        if self.older_form { self.older(&left) } else { self.newer(&left) }
    }

    /// Steps with roles and needs.
    fn newer(&self, left: &[&Item]) -> String {
        let has = |number: &&usize| left.iter().any(|item| item.number == **number);
        let steps: Vec<serde_json::Value> = left
            .iter()
            .map(|item| {
                let needs: Vec<String> = item.needs.iter().filter(has).map(|need| format!("w{need}")).collect();
                serde_json::json!({
                    "id": format!("w{}", item.number),
                    "role": role(item.sort),
                    "do": words(self.number, item.number, item.sort),
                    "needs": needs,
                    "workers": 1,
                })
            })
            .collect();
        fenced(&serde_json::json!({ "steps": steps, "checkpoint_every": 5 }))
    }

    /// Numbered steps with models, and batches of which each waits for the one before.
    fn older(&self, left: &[&Item]) -> String {
        let mut depth = vec![0; self.items.len()];
        let mut batches: Vec<Vec<usize>> = Vec::new();
        for (place, item) in left.iter().enumerate() {
            let has = |need: &&usize| left.iter().any(|other| other.number == **need);
            let level = item.needs.iter().filter(has).map(|need| depth[*need] + 1).max().unwrap_or(0);
            depth[item.number] = level;
            batches.resize_with(batches.len().max(level + 1), Vec::new);
            batches[level].push(place + 1);
        }
        let steps: Vec<serde_json::Value> = left
            .iter()
            .enumerate()
            .map(|(place, item)| {
                let action = words(self.number, item.number, item.sort);
                serde_json::json!({"id": place + 1, "action": action, "model": fitting(item.sort)})
            })
            .collect();
        fenced(&serde_json::json!({
            "task_type": "mega",
            "complexity": "high",
            "steps": steps,
            "parallelizable": batches,
            "checkpoints": (1..=steps.len() / 5).map(|fifth| fifth * 5).collect::<Vec<_>>(),
        }))
    }

    /// A plan that brings about what one failed item should have: a look at what went wrong, then the item itself.
    pub(crate) fn recovery(&self, item: usize) -> String {
        let sort = self.items.get(item).map_or(Sort::Code, |item| item.sort);
        fenced(&serde_json::json!({"steps": [
            {"id": "look", "role": "researcher", "do": format!("Look up why item {item} failed, for job {}. [look extra]", self.number)},
            {"id": "again", "role": role(sort), "do": words(self.number, item, sort), "needs": ["look"]},
        ]}))
    }
}

fn fenced(plan: &serde_json::Value) -> String {
    format!("This is the plan.\n\n```json\n{plan}\n```\n")
}

/// What a step's worker is told. The end in brackets is for the simulated workers alone.
fn words(job: u64, item: usize, sort: Sort) -> String {
    let mut words = match sort {
        Sort::Look => format!("List the files of part {item} and say which exist"),
        Sort::Write => format!("Document part {item} for its users"),
        Sort::Code => format!("Write the function that part {item} asks for"),
        Sort::HardCode => format!("Implement the concurrent core of part {item}"),
        Sort::Review => format!("Review the code of part {item} for bugs"),
        Sort::Design => format!("Design the interfaces of part {item}"),
        Sort::Steer => format!("Plan part {item}"),
    };
    let _ = write!(words, ", job {job}. [{} item {item}]", sort.word());
    words
}

/// What stands in the brackets: the sort and, where it is one of the job's own, the item.
pub(crate) fn read_words(instruction: &str) -> Option<(Sort, Option<usize>)> {
    let inside = instruction.rsplit_once('[')?.1.strip_suffix(']')?;
    let mut parts = inside.split(' ');
    let sort = Sort::named(parts.next()?)?;
    let item = if parts.next()? == "item" { parts.next()?.parse().ok() } else { None };
    Some((sort, item))
}

fn role(sort: Sort) -> &'static str {
    match sort {
        Sort::Look => "researcher",
        Sort::Write => "documenter",
        Sort::Code | Sort::HardCode => "implementer",
        Sort::Review => "reviewer",
        Sort::Design => "architect",
        Sort::Steer => "planner",
    }
}

/// The model that the older form's planner finds fitting: the table of the plan-and-execute document in today's models.
fn fitting(sort: Sort) -> &'static str {
    match sort {
        Sort::Look => "gpt-5-nano",
        Sort::Write => "gemini-flash",
        Sort::Code => "grok-code",
        Sort::HardCode | Sort::Design | Sort::Steer => "gpt-5",
        Sort::Review => "gpt-5-codex",
    }
}
