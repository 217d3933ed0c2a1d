//! What the benches share: floors of the machine, figures and tables, workspaces, workers that answer as told, and the
//! daemon as a process. Nothing here measures Synod by itself.

pub(crate) mod answers;
pub(crate) mod daemon;
pub(crate) mod figures;
pub(crate) mod floors;
pub(crate) mod mcp;
pub(crate) mod options;
pub(crate) mod process;
pub(crate) mod scratch;
