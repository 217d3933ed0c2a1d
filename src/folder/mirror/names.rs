//! Names and paths: which file names are memories, which are ignored, and which name a path has.
