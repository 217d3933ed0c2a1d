//! The records of outcomes as tables: how often each worker was right, and the panel beside its best worker.

use super::{percent, thousands};
use crate::api::{PanelRecord, Report};
use crate::cli::table::Table;

/// Outcomes below which an accuracy says next to nothing.
const FEW: u64 = 20;

/// The records, a row for each worker and kind; and what the panel adds.
pub(in crate::cli) fn workers(report: &Report) -> String {
    if report.records.is_empty() {
        return "no outcome is known yet\n".to_owned();
    }
    let mut table = Table::of_numbers(&["WORKER", "KIND", "OUTCOMES", "RIGHT", "ACCURACY", "95 %", "STATED", "BRIER"]);
    for record in &report.records {
        table.row([
            record.worker.clone(),
            record.kind.clone().unwrap_or_else(|| "(all)".to_owned()),
            thousands(record.outcomes),
            thousands(record.right),
            percent(Some(record.accuracy)),
            format!("{:.0}-{:.0} %", (record.low * 100.0).floor(), (record.high * 100.0).ceil()),
            thousands(record.stated),
            record.brier.map_or_else(|| "-".to_owned(), |brier| format!("{brier:.3}")),
        ]);
    }
    let few = report.records.iter().any(|record| record.outcomes < FEW);
    let few = if few {
        "\nBelow 20 outcomes an accuracy says little: the tier's assumption still outweighs it in the vote.\n"
    } else {
        ""
    };
    format!("{}{few}\n{}", table.text(), panel(&report.panel))
}

/// The panel beside the best single worker, as sentences.
fn panel(panel: &PanelRecord) -> String {
    if panel.tasks == 0 {
        return "No outcome tells yet whether the panel or its best worker alone is right more often.\n".to_owned();
    }
    let tasks = if panel.tasks == 1 { "1 task".to_owned() } else { format!("{} tasks", thousands(panel.tasks)) };
    format!(
        "On {tasks} the panel was right {} times, the worker with the best record alone {} times. The panel alone was right \
         on {}, the worker alone on {}; a split like that or a clearer one comes by chance with probability {:.3}.\n",
        thousands(panel.panel_right),
        thousands(panel.single_right),
        thousands(panel.panel_only),
        thousands(panel.single_only),
        panel.chance,
    )
}
