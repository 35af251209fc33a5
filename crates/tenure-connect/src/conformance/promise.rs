//! The promises of the port, one sentence each, in the order they are checked.
//!
//! The order matters twice: acting on ourselves comes last because a connector that does
//! it may lock itself out, and the canary comes after everything because it listens to all
//! the others.

use tenure_model::noun;

noun! {
    /// One promise of the port.
    pub enum Check as "conformance check" {
        /// The manifest says everything a reader needs.
        ManifestIsWhole = "the manifest is whole and its steps act",
        /// `Source::check` speaks of every configured point.
        CheckNamesEveryPoint = "the connection check names every point and who we are",
        /// See `SurveySink`.
        ExtentsEndOnce = "a survey ends every extent exactly once",
        /// See `SurveySink`.
        NoPageAfterEnd = "no page comes after the end of its extent",
        /// See `PAGE_MAX`.
        PagesAreSmall = "a page holds at most 1000 observations",
        /// Two observations with one key would overwrite each other.
        KeysAreUnique = "a survey yields no key twice",
        /// Uses and counts of sessions are left out: they move by themselves.
        SurveysAgree = "two surveys of an unchanged system are equal",
        /// A principal that was just created, with a live credential.
        SurveyShowsWhatIsThere = "a survey shows a new principal and its live credential",
        /// See `SurveySink::offer`. A connector that gives no digest promises nothing here.
        DigestsAgree = "an extent that holds what it held has the digest it had",
        /// Principals, credentials and rights, added, changed and removed.
        DigestsFollowChange = "an extent that holds something else has another digest",
        /// What is recognised is skipped, and nothing else is.
        RecognisedIsTheSame = "skipping what is recognised gives what a full reading gives",
        /// Everything but `Source::act`.
        ReadingChangesNothing = "reading changes nothing",
        /// The positive control.
        RightValueIsAccepted = "the right value is accepted at every point before any act",
        /// Near misses, another's value, an empty one, an unknown name.
        WrongValueIsNeverAccepted = "a wrong value is never accepted",
        /// A configured point whose address leads to another system.
        WrongHostNeverAccepts = "the wrong host never accepts",
        /// Every act is idempotent.
        ActTwiceIsOnce = "every act done twice is done once",
        /// Law 6: never touch what we cannot name.
        RenamedIsRefused = "an act that names another name is refused as changed and changes nothing",
        /// A name that leads nowhere proves nothing about the key.
        RenamedIsNotGone = "a principal that has another name now is never called gone",
        /// Law 6 again.
        OthersAreUntouched = "acts never touch another principal",
        /// What a restart relies on.
        EffectsAreSeen = "an effect is missing before its step and present after it",
        /// The value we hold must be the only one.
        DenyReplacesTheValue = "after deny the former value is refused and the new one accepted",
        /// Stopping must stop.
        DisableRefuses = "after disable the right value is refused at every point",
        /// With the positive control that sessions were seen before.
        EndSessionsLeavesNothing = "after end sessions nothing derived is alive",
        /// Undo.
        EnableRestores = "enable restores access, and the former value when it was kept",
        /// A deletion must not destroy.
        OwnedIsSpared = "a deletion without an heir is refused when something is owned",
        /// The point of no return returns nothing.
        DeleteIsTheEnd = "after delete the control plane says absent and every probe is refused",
        /// Nothing is created or found again by acting on it.
        GoneIsLeftAlone = "acts on what is gone change nothing",
        /// Closing a file, and saying so.
        TightenCloses = "after tighten others cannot read the file, and it says so",
        /// Somebody, or a program, gives it the former mode back.
        ReopenedIsSeen = "a file that others can read again is never called closed",
        /// The positive control of a file, and its twin.
        TheReaderIsHonest = "whoever tries to read a file is accepted while it is open and refused while it is not",
        /// Law 6, for files.
        AnotherFileIsLeft = "another file in the place of the planned one is neither changed nor called closed",
        /// Undo, for files.
        LoosenRestores = "loosen gives back exactly what the file had, and leaves what somebody else set",
        /// Everything but `Source::act`, for files.
        LookingAtFilesChangesNothing = "looking at a file changes nothing",
        /// The account we use.
        WeAreRefused = "the blast radius refuses ourselves and so does every act",
        /// Debug, Display and JSON of everything that was returned in all checks.
        NoSecretShows = "no secret shows in anything returned",
    }
}

impl Check {
    /// The promises about closing files to others, for a connector whose others are shown in another way.
    pub const OF_FILES: &'static [Self] = &[
        Self::TightenCloses,
        Self::ReopenedIsSeen,
        Self::TheReaderIsHonest,
        Self::AnotherFileIsLeft,
        Self::LoosenRestores,
        Self::LookingAtFilesChangesNothing,
        Self::NoSecretShows,
    ];
}
