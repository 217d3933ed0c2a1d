//! Arguments and the list of tools.
