//! How pages look: Markdown and JSON made from plain data. Nothing here touches a disk.

pub(crate) mod architecture;
pub(crate) mod decision;
pub(crate) mod decision_memory;
pub(crate) mod number;
pub(crate) mod output;
pub(crate) mod rejected;
pub(crate) mod task;
