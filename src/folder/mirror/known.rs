//! What is remembered of each file: where it is, its stamp and its hash; shared between the mirror's thread and those who
//! look. Texts are not kept.
