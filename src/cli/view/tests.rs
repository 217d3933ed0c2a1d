//! The exact text of each view, for replies with everything in them.
