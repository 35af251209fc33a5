//! What can go wrong in our own database, sorted by what the caller can do.

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreFailure {
    /// The database refused a statement for a reason that is a defect of ours or damage of its file.
    #[error("the database refused `{what}`: {why}")]
    Refused {
        /// Which transaction.
        what: &'static str,
        /// The database's words.
        why: String,
    },
    /// The disk is full: nothing was written. Emergency revocation uses the reserve.
    #[error("the disk is full; nothing was written. Free some space, then try again")]
    DiskFull,
    /// The database cannot be written to; nothing was written.
    #[error("the database is read-only; nothing was written. Check the permissions of the data directory")]
    ReadOnly,
    /// The disk did not confirm a write. The store stops taking writes until it is opened anew.
    #[error(
        "the disk did not confirm a write ({why}); Tenure stopped writing. Check the disk, then start again"
    )]
    DiskUnsure {
        /// The operating system's words.
        why: String,
    },
    /// The database could not be reached.
    #[error("the database cannot be reached: {why}")]
    Unreachable {
        /// The driver's words.
        why: String,
    },
    /// Another node opened this database while our connection to it was lost.
    #[error(
        "another Tenure took this database over while the connection was lost (epoch {epoch}, ours was {ours}); \
         this one stopped writing. Let only one of the two run"
    )]
    TakenOver {
        /// The epoch found.
        epoch: i64,
        /// The epoch this node had.
        ours: i64,
    },
    /// The transaction met others again and again and gave up; nothing was written.
    #[error("`{what}` met too many others at once; nothing was written, try again")]
    Contended {
        /// Which transaction.
        what: &'static str,
    },
    /// A row does not have the shape this version writes.
    #[error("the row of `{table}` cannot be read: {why}")]
    Shape {
        /// Which table.
        table: &'static str,
        /// What is wrong.
        why: String,
    },
    /// What was asked for does not exist, and something of nearly that name does.
    #[error("there is no {noun} `{given}`; did you mean {near}?")]
    MissingNear {
        /// What was looked for.
        noun: &'static str,
        /// By which name, made printable.
        given: String,
        /// Names near it, made printable.
        near: String,
    },
    /// What was asked for does not exist.
    #[error("there is no {noun} `{given}`")]
    Missing {
        /// What was looked for.
        noun: &'static str,
        /// By which name or id, made printable.
        given: String,
    },
    /// A name means more than one thing.
    #[error("`{given}` could be any of: {candidates}")]
    Ambiguous {
        /// What was given, made printable.
        given: String,
        /// What it could be.
        candidates: String,
    },
    /// Something else was written meanwhile, or the state does not allow it; nothing was written.
    #[error("{why}")]
    Conflict {
        /// What is in the way and what to do.
        why: String,
    },
    /// Text with a NUL character cannot be stored.
    #[error("text with a NUL character cannot be stored")]
    Nul,
    /// An entry for the log cannot be encoded.
    #[error("the evidence entry cannot be encoded")]
    Entry(#[source] tenure_evidence::EntryRefused),
    /// The evidence log in the database is damaged.
    #[error("the evidence log is damaged: {why}")]
    LogDamaged {
        /// What was found.
        why: String,
    },
    /// The log key could not sign.
    #[error("the checkpoint could not be signed: {why}")]
    Unsigned {
        /// What happened.
        why: String,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// Another process uses this data directory.
    #[error("another Tenure (pid {pid}) uses this data directory; talk to it, or stop it first")]
    InUse {
        /// Its process id, `0` when unknown.
        pid: u32,
    },
    /// The database belongs to a newer version.
    #[error("the database has schema {found}, this Tenure knows up to {known}; use the newer Tenure")]
    NewerSchema {
        /// What was found.
        found: i64,
        /// What we know.
        known: i64,
    },
    /// A file of the store could not be used.
    #[error("{path} could not be {verb}")]
    File {
        /// Which file.
        path: String,
        /// What was tried: `read`, `written`.
        verb: &'static str,
        /// The operating system's words.
        #[source]
        source: std::io::Error,
    },
    /// The log in the database is not the one last seen by this data directory.
    #[error(transparent)]
    Anchor(#[from] crate::AnchorRefused),
}

impl StoreFailure {
    /// True when writing stops until the store is opened anew.
    pub const fn is_fatal(&self) -> bool {
        matches!(self, Self::DiskUnsure { .. })
    }
}
