//! A file of the chaos world in which the value of a principal lies, and who can read it.
//!
//! Its mode decides, and nothing else: there are no access lists and no directories here. The one stranger of this world is
//! an account that is neither its owner nor in its group. What a plan says of a file is compared with what it is now, by a
//! number that no other file ever has. Nothing here must change a mode to a looser one, but for taking a plan back.

use super::state::WorldState;
use crate::{Act, BlastRadius, DerivedReading, Done, Effect, FileChange, OutsideFailure};
use tenure_model::{
    ControlPlane, Derived, Fact, Facts, FileTarget, FileWas, PRIMARY, PrincipalKey, ProbeAnswer, Readers,
    StepKind, names,
};

/// The account that tries to read: `stranger`.
const STRANGER: u32 = 4_002;
/// Bits that let the group, and everybody, read or write.
const GROUP: u32 = 0o060;
const EVERYBODY: u32 = 0o006;
const GROUP_WRITES: u32 = 0o020;
const EVERYBODY_READS: u32 = 0o004;

/// What is true of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChaosFile {
    /// Where it is.
    pub place: String,
    /// Its number; another file at the same place has another.
    pub number: u64,
    /// Its mode.
    pub mode: u32,
}

impl ChaosFile {
    /// Whether anybody but its owner can read or change it.
    pub const fn is_open(&self) -> bool {
        self.mode & (GROUP | EVERYBODY) != 0
    }

    fn identity(&self) -> String {
        format!("chaos-file:{}", self.number)
    }

    fn is(&self, was: &FileWas) -> bool {
        self.identity() == was.identity
    }

    const fn is_closed_to_all_but(&self, readers: Readers) -> bool {
        match readers {
            Readers::Owner => self.mode & (GROUP | EVERYBODY) == 0,
            Readers::OwnerAndGroup => self.mode & (EVERYBODY | GROUP_WRITES) == 0,
        }
    }
}

/// The file at the place of a target, if it is one of this principal's.
fn at<'state>(
    state: &'state WorldState,
    key: &PrincipalKey,
    target: &FileTarget,
) -> Option<&'state ChaosFile> {
    let file = state.principals.get(key)?.file.as_ref()?;
    (file.place == target.place).then_some(file)
}

fn changed(why: &str) -> OutsideFailure {
    OutsideFailure::TargetChanged { why: why.to_owned() }
}

/// What tightening it would touch.
pub(super) fn blast_radius(
    state: &WorldState,
    key: &PrincipalKey,
    target: &FileTarget,
) -> Result<BlastRadius, OutsideFailure> {
    let file = at(state, key, target).ok_or_else(|| changed("it is not there"))?;
    let after = target.readers.keep_of(file.mode);
    let stranger_reads = file.mode & EVERYBODY_READS != 0;
    let stranger = String::from("stranger");
    let change = FileChange {
        was: FileWas {
            identity: file.identity(),
            owner: 1,
            group: 1,
            mode: file.mode,
            tried_as: stranger_reads.then_some(STRANGER),
            list: String::new(),
        },
        mode_before: format!("{:04o}", file.mode),
        mode_after: format!("{after:04o}"),
        owner: String::from("owner"),
        group: String::from("group"),
        lose: if stranger_reads { vec![stranger.clone()] } else { Vec::new() },
        keep: Vec::new(),
        tried_as: if stranger_reads { Ok(stranger) } else { Err(String::from("nobody can read it now")) },
    };
    Ok(BlastRadius { file: Some(change), ..super::reads::harmless() })
}

/// Changes its mode, or gives it back.
pub(super) fn carry_out(
    state: &mut WorldState,
    key: &PrincipalKey,
    target: &FileTarget,
    act: &Act<'_>,
) -> Result<Done, OutsideFailure> {
    let (Some(was), Some(after)) = (&target.was, target.mode_after()) else {
        return Err(OutsideFailure::Puzzling {
            why: String::from("the plan does not say what the file was"),
        });
    };
    let file = at(state, key, target).filter(|file| file.is(was)).map(|file| file.mode);
    let (from, to) = match act {
        Act::Tighten => (was.mode, after),
        Act::Loosen => (after, was.mode),
        Act::Deny { .. } | Act::Disable | Act::EndSessions | Act::Delete { .. } | Act::Enable { .. } => {
            return Err(OutsideFailure::NotOurs { why: String::from("of a file only its mode is changed") });
        }
    };
    match (act, file) {
        (_, Some(mode)) if mode == to => Ok(Done { changed: false, detail: Facts::new() }),
        (_, Some(mode)) if mode == from => {
            state.set_mode(key, to);
            Ok(Done { changed: true, detail: Facts::new() })
        }
        (Act::Loosen, _) => {
            let why = Fact::Text(String::from("left as it is: somebody changed it since"));
            Ok(Done { changed: false, detail: Facts::from([(names::LEFT_AS_IT_IS.to_owned(), why)]) })
        }
        (_, Some(_)) => Err(changed("its mode is another than when this was planned")),
        (_, None) => Err(changed("another file is there")),
    }
}

/// Whether the planned file has the mode that a step gives it.
pub(super) fn effect(state: &WorldState, key: &PrincipalKey, target: &FileTarget, step: StepKind) -> Effect {
    let (Some(was), Some(after)) = (&target.was, target.mode_after()) else {
        return Effect::Unobserved { why: String::from("the plan does not say what the file was") };
    };
    let wanted = match step {
        StepKind::Tighten => after,
        StepKind::Loosen => was.mode,
        _ => return Effect::Unobserved { why: format!("a file has no step `{step}`") },
    };
    match at(state, key, target) {
        Some(file) if file.is(was) && file.mode == wanted => Effect::Present,
        Some(_) | None => Effect::Missing,
    }
}

/// What its mode says.
pub(super) fn control_plane(state: &WorldState, key: &PrincipalKey, target: &FileTarget) -> ControlPlane {
    match (at(state, key, target), &target.was) {
        (Some(file), Some(was)) if file.is(was) => {
            if file.is_closed_to_all_but(target.readers) {
                ControlPlane::Disabled
            } else {
                ControlPlane::Enabled
            }
        }
        (Some(_) | None, Some(_)) => ControlPlane::Absent,
        (_, None) => ControlPlane::Unread { why: String::from("the plan does not say what the file was") },
    }
}

/// Whether the stranger can open what is at its place.
pub(super) fn probe(state: &WorldState, key: &PrincipalKey, target: &FileTarget) -> ProbeAnswer {
    let cannot_know = |why: &str| ProbeAnswer::CannotKnow { why: why.to_owned() };
    if target.tried_as().is_none() {
        return cannot_know("the plan names no account that could try");
    }
    match (at(state, key, target), &target.was) {
        (Some(file), _) if file.mode & EVERYBODY_READS != 0 => ProbeAnswer::Accepted,
        (Some(file), Some(was)) if file.is(was) => {
            ProbeAnswer::Refused { how: String::from("CH403: the stranger may not open it") }
        }
        (Some(_), _) => cannot_know("another file is at its place"),
        (None, _) => cannot_know("it is not there"),
    }
}

/// Copies that others can read.
pub(super) fn copies(state: &WorldState, target: &FileTarget) -> DerivedReading {
    let files = state.principals.values().filter_map(|held| held.file.as_ref());
    let open = files.filter(|file| file.mode & EVERYBODY_READS != 0 && target.copies.contains(&file.place));
    let found = open.map(|file| Derived {
        point: PRIMARY.to_owned(),
        kind: String::from("copy"),
        name: file.place.clone(),
    });
    DerivedReading { found: found.collect(), ..DerivedReading::default() }
}
