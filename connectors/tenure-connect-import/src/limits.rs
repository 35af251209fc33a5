//! Every limit of an import, in one place. A file is somebody else's work and may be anything.

/// Longest record (a row, an element of a list), in bytes.
pub(crate) const RECORD_BYTES_MAX: usize = 1 << 20;
/// Cells of one row, at most.
pub(crate) const CELLS_MAX: usize = 2_000;
/// Bytes of one read from the file.
pub(crate) const READ_BYTES: usize = 64 << 10;
/// Largest file, in bytes, unless the setting `bytes-max` says otherwise.
pub(crate) const FILE_BYTES_MAX: u64 = 1 << 30;
/// Largest mapping file, in bytes.
pub(crate) const MAPPING_BYTES_MAX: u64 = 64 << 10;
/// Records read, at most, unless the setting `records-max` says otherwise.
pub(crate) const RECORDS_MAX: u64 = 5_000_000;
/// Longest key, name, resource or right, in bytes.
pub(crate) const NAME_BYTES_MAX: usize = 512;
/// Longest fact or hint, in characters; what is longer is cut.
pub(crate) const FACT_CHARS_MAX: usize = 500;
/// Rights and credentials that one record may hold, at most.
pub(crate) const PER_RECORD_MAX: usize = 1_000;
/// Nodes of a graph that are remembered so that relationships find them, at most.
pub(crate) const NODES_MAX: usize = 1_000_000;
/// Credentials of a graph that wait for the relationship that says whose they are, at most.
pub(crate) const WAITING_MAX: usize = 200_000;
/// Pages between the reader and the receiver.
pub(crate) const PAGES_WAITING: usize = 4;
/// Different reasons that are told.
pub(crate) const REASONS_MAX: usize = 5;
/// Longest text for a person, in characters.
pub(crate) const TOLD_CHARS_MAX: usize = 300;
/// Kinds and columns that are counted by name, at most; further ones are counted together.
pub(crate) const COUNTED_MAX: usize = 50;
