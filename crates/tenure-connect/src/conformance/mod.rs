//! The suite every connector runs against the real system it is for.
//!
//! A connector's live tests implement `Fixture` over a private server and call `check`; the
//! `Report` says, sentence by sentence, which promises of the port held. It trusts neither
//! side alone: what the connector answers is compared with what the server itself says. It
//! must never run against a system that somebody depends on: it creates, disables and
//! deletes principals. Begin with `fixture.rs`, then `promise.rs` for the list of checks.

mod acting;
mod closing;
mod ending;
mod files;
mod fixture;
mod promise;
mod proving;
mod recognising;
mod report;
mod rig;
mod standing;
mod surveying;
#[cfg(test)]
mod tests;

pub use files::{FileFixture, OpenFile};
pub use fixture::{Exception, Fixture, FixtureBroke, Session, Subject};
pub use promise::Check;
pub use report::{Report, Verdict};

use files::FilesAlone;
use rig::{Rig, Stop};

/// Runs every check, one after the other, and says which held. It never stops early: each
/// check works on principals of its own. Deterministic as far as the fixture is.
pub async fn check(fixture: &dyn Fixture) -> Report {
    check_these(fixture, Check::ALL).await
}

/// Runs the checks about closing files to others, for a connector whose other promises are shown in another way.
pub async fn check_files(fixture: &dyn FileFixture) -> Report {
    check_these(&FilesAlone(fixture), Check::OF_FILES).await
}

async fn check_these(fixture: &dyn Fixture, promises: &'static [Check]) -> Report {
    let rig = Rig::new(fixture);
    let exceptions = fixture.exceptions();
    let mut results = Vec::with_capacity(promises.len());
    for promise in promises {
        let outcome = run(&rig, *promise).await;
        results.push((*promise, report::judge(*promise, outcome, &exceptions)));
    }
    Report { system: fixture.manifest().system, promises, results }
}

async fn run(rig: &Rig<'_>, promise: Check) -> Result<(), Stop> {
    match promise {
        Check::ManifestIsWhole => standing::manifest_is_whole(rig),
        Check::CheckNamesEveryPoint => standing::check_names_every_point(rig).await,
        Check::ExtentsEndOnce => surveying::extents_end_once(rig).await,
        Check::NoPageAfterEnd => surveying::no_page_after_end(rig).await,
        Check::PagesAreSmall => surveying::pages_are_small(rig).await,
        Check::KeysAreUnique => surveying::keys_are_unique(rig).await,
        Check::SurveysAgree => surveying::surveys_agree(rig).await,
        Check::SurveyShowsWhatIsThere => surveying::survey_shows_what_is_there(rig).await,
        Check::DigestsAgree => recognising::digests_agree(rig).await,
        Check::DigestsFollowChange => recognising::digests_follow_change(rig).await,
        Check::RecognisedIsTheSame => recognising::recognised_is_the_same(rig).await,
        Check::ReadingChangesNothing => standing::reading_changes_nothing(rig).await,
        Check::RightValueIsAccepted => proving::right_value_is_accepted(rig).await,
        Check::WrongValueIsNeverAccepted => proving::wrong_value_is_never_accepted(rig).await,
        Check::WrongHostNeverAccepts => proving::wrong_host_never_accepts(rig).await,
        Check::ActTwiceIsOnce => acting::act_twice_is_once(rig).await,
        Check::RenamedIsRefused => acting::renamed_is_refused(rig).await,
        Check::RenamedIsNotGone => proving::renamed_is_not_gone(rig).await,
        Check::OthersAreUntouched => acting::others_are_untouched(rig).await,
        Check::EffectsAreSeen => acting::effects_are_seen(rig).await,
        Check::DenyReplacesTheValue => ending::deny_replaces_the_value(rig).await,
        Check::DisableRefuses => ending::disable_refuses(rig).await,
        Check::EndSessionsLeavesNothing => ending::end_sessions_leaves_nothing(rig).await,
        Check::EnableRestores => ending::enable_restores(rig).await,
        Check::OwnedIsSpared => ending::owned_is_spared(rig).await,
        Check::DeleteIsTheEnd => ending::delete_is_the_end(rig).await,
        Check::GoneIsLeftAlone => acting::gone_is_left_alone(rig).await,
        Check::TightenCloses => closing::tighten_closes(rig).await,
        Check::ReopenedIsSeen => closing::reopened_is_seen(rig).await,
        Check::TheReaderIsHonest => closing::the_reader_is_honest(rig).await,
        Check::AnotherFileIsLeft => closing::another_file_is_left(rig).await,
        Check::LoosenRestores => closing::loosen_restores(rig).await,
        Check::LookingAtFilesChangesNothing => closing::looking_at_files_changes_nothing(rig).await,
        Check::WeAreRefused => standing::we_are_refused(rig).await,
        Check::NoSecretShows => rig.no_secret_showed(),
    }
}
