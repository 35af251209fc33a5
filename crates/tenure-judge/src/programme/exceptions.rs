//! Exceptions as the programme allows them: for how long, how often, and who grants them.
//!
//! Every term counts that the same condition was excepted for before, whoever asked, as long as the gaps between them are
//! shorter than a year: what was excepted as long as it may be is mended, or counts. A renewal is granted by somebody
//! higher, who did not grant it before, for a reason that was not given before. It must never read a clock, and
//! no setting of it means "for ever". Next: `judge.rs`, where what is granted does not count.

use super::{Approver, ProgrammeRefused, approver, days_long};
use serde::{Deserialize, Serialize};
use std::{ops::RangeInclusive, time::Duration};
use tenure_model::{ExceptionKind, Instant, PersonId, printable};

/// Terms with a longer gap between them are not one chain.
const GAP: Duration = Duration::from_hours(24 * 365);
/// Who may grant, at most.
const APPROVERS_MAX: usize = 10;
/// Who may be asked for, beside a person by name.
const KNOWN: [&str; 3] = ["operator", "administrator", "approves"];
const SHOWN_CHARS_MAX: usize = 80;
const DAY_MICROS: u64 = 24 * 60 * 60 * 1_000_000;

/// What may be excepted, for how long, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExceptionRules {
    /// How long one term may be, in days.
    pub days_max: u32,
    /// How long all terms of one condition may be together, in days.
    pub days_total_max: u32,
    /// How often one may be renewed.
    pub renewals_max: u32,
    /// Who grants, from the lowest: `operator`, `administrator`, `approves` (the partner that approves the control) or
    /// `person:NAME`. A renewal needs one further on than the term before.
    pub approvers: Vec<String>,
    /// For how many days a wish waits for a decision.
    pub decided_within_days: u32,
    /// How long a constraint may stand from its first grant to the day of replacement, in days; it is accepted anew each year.
    pub constraint_days_max: u32,
    /// A control of which more than this share of what fails is excepted is flagged, in per cent.
    pub flagged_percent: u32,
}

impl Default for ExceptionRules {
    fn default() -> Self {
        Self {
            days_max: 90,
            days_total_max: 180,
            renewals_max: 1,
            approvers: vec![String::from("operator"), String::from("administrator")],
            decided_within_days: 14,
            constraint_days_max: 730,
            flagged_percent: 20,
        }
    }
}

/// The longest a constraint is accepted for at a time, in days.
const ACCEPTED_DAYS_MAX: u32 = 365;

/// A term for which a condition was, or is, excepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Since when.
    pub from: Instant,
    /// Until when it stood, or will.
    pub to: Instant,
    /// Who asked.
    pub requested_by: PersonId,
    /// Who granted it.
    pub granted_by: PersonId,
    /// In whose place, where it was by a delegation.
    pub granted_for: Option<PersonId>,
    /// How high whoever granted it stands among the approvers, from 0, then.
    pub rung: u32,
    /// Why.
    pub reason: String,
    /// The day of replacement, of a constraint.
    pub replace_by: Option<Instant>,
}

/// A wish for one more term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish<'wish> {
    /// Which kind.
    pub kind: ExceptionKind,
    /// Why.
    pub reason: &'wish str,
    /// Until when.
    pub until: Instant,
    /// Who asks.
    pub requested_by: PersonId,
    /// The day of replacement, of a constraint.
    pub replace_by: Option<Instant>,
}

/// What a term would be, if it is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextTerm {
    /// How many terms of the chain come before it.
    pub renewal: u32,
    /// The lowest rung that may grant it.
    pub rung_min: u32,
    /// Until when it may last at most, by the programme.
    pub until_max: Instant,
}

/// Why a condition is not excepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotExcepted {
    /// It would have no end ahead.
    #[error("the end lies in the past")]
    EndInThePast,
    /// One term would be too long, or all of them together.
    #[error("it may stand until {max:#} at most: {why}")]
    TooLong {
        /// The latest end.
        max: Instant,
        /// Which limit says so.
        why: String,
    },
    /// It was excepted as long as it may be.
    #[error(
        "this condition was excepted for {used} days, and all terms together may be {max}: it is mended now, or counts"
    )]
    UsedUp {
        /// Days of the chain.
        used: u64,
        /// Days there may be.
        max: u32,
    },
    /// It was renewed as often as it may be.
    #[error("it was granted {granted} times, and may be renewed {max} times: it is mended now, or counts")]
    NoMoreRenewals {
        /// Terms of the chain.
        granted: u32,
        /// Renewals there may be.
        max: u32,
    },
    /// The reason was given before.
    #[error("a renewal has a new reason, and this one was given before")]
    SameReason,
    /// Who asks does not decide.
    #[error("whoever asks for an exception does not grant it; somebody else decides")]
    OwnWish,
    /// Who granted a term does not grant the next.
    #[error("whoever granted it before does not renew it; somebody higher decides")]
    GrantedBefore,
    /// Not high enough.
    #[error("{what} is granted by {needed} or somebody higher")]
    TooLow {
        /// What is asked for.
        what: &'static str,
        /// The lowest approver.
        needed: String,
    },
    /// Nobody is higher than whoever granted it last.
    #[error("nobody is higher than whoever granted it last: it is mended now, or counts")]
    NobodyHigher,
    /// A constraint without the day of replacement, or an exception with one.
    #[error("{0}")]
    Unfit(&'static str),
}

impl ExceptionRules {
    /// What one more term would be, or why there is none. `history` is every term of this condition that was granted.
    pub fn next_term(
        &self,
        history: &[Term],
        wish: &Wish<'_>,
        now: Instant,
    ) -> Result<NextTerm, NotExcepted> {
        let chain = chain(history, now);
        let granted = u32::try_from(chain.len()).unwrap_or(u32::MAX);
        let until_max = match wish.kind {
            ExceptionKind::Exception => self.exception_end(&chain, wish, granted, now)?,
            ExceptionKind::Constraint => self.constraint_end(&chain, wish, now)?,
        };
        if wish.until <= now {
            return Err(NotExcepted::EndInThePast);
        }
        let said = |term: &&Term| alike(&term.reason, wish.reason);
        if chain.iter().any(said) {
            return Err(NotExcepted::SameReason);
        }
        let top = u32::try_from(self.approvers.len()).unwrap_or(u32::MAX).saturating_sub(1);
        let rung_min = match (wish.kind, chain.last()) {
            (ExceptionKind::Constraint, _) => top,
            (ExceptionKind::Exception, None) => 0,
            (ExceptionKind::Exception, Some(last)) if last.rung >= top => {
                return Err(NotExcepted::NobodyHigher);
            }
            (ExceptionKind::Exception, Some(last)) => last.rung + 1,
        };
        Ok(NextTerm { renewal: granted, rung_min, until_max })
    }

    /// The latest end of an exception's next term.
    fn exception_end(
        &self,
        chain: &[&Term],
        wish: &Wish<'_>,
        granted: u32,
        now: Instant,
    ) -> Result<Instant, NotExcepted> {
        if wish.replace_by.is_some() {
            return Err(NotExcepted::Unfit(
                "an exception has an end; only a constraint has a day of replacement",
            ));
        }
        if granted > self.renewals_max {
            return Err(NotExcepted::NoMoreRenewals { granted, max: self.renewals_max });
        }
        let used = used(chain, now);
        let total = days_long(self.days_total_max);
        let left = total.checked_sub(used).filter(|left| !left.is_zero());
        let Some(left) = left else {
            return Err(NotExcepted::UsedUp { used: days_of(used), max: self.days_total_max });
        };
        let (one, all) = (now.plus(days_long(self.days_max)), now.plus(left));
        let too_long = |max, why| Err(NotExcepted::TooLong { max, why });
        if wish.until > one.min(all) {
            if one <= all {
                return too_long(one, format!("one term is {} days at most", self.days_max));
            }
            let why = format!(
                "all terms together are {} days at most, and {} were used",
                self.days_total_max,
                days_of(used)
            );
            return too_long(all, why);
        }
        Ok(one.min(all))
    }

    /// The latest end of a constraint's next acceptance: a year, and never beyond the day of replacement first said.
    fn constraint_end(&self, chain: &[&Term], wish: &Wish<'_>, now: Instant) -> Result<Instant, NotExcepted> {
        let Some(replace_by) = wish.replace_by else {
            return Err(NotExcepted::Unfit("a constraint names the day by which what is there is replaced"));
        };
        let begun = chain.first().map_or(now, |first| first.from);
        let longest = begun.plus(days_long(self.constraint_days_max));
        let first_said = chain.iter().filter_map(|term| term.replace_by).min();
        let too_long = |max, why: &str| Err(NotExcepted::TooLong { max, why: why.to_owned() });
        if let Some(said) = first_said.filter(|said| replace_by > *said) {
            return too_long(said, "the day of replacement that was said first stays");
        }
        if replace_by > longest {
            let why = format!("a constraint stands {} days at most", self.constraint_days_max);
            return Err(NotExcepted::TooLong { max: longest, why });
        }
        if wish.until > replace_by {
            return too_long(replace_by, "a constraint ends on the day of replacement");
        }
        let accepted = now.plus(days_long(ACCEPTED_DAYS_MAX));
        if wish.until > accepted {
            return too_long(accepted, "a constraint is accepted anew each year");
        }
        Ok(accepted.min(replace_by))
    }

    /// Whether this person may grant it now; says how high they stand.
    pub fn may_grant(
        &self,
        history: &[Term],
        wish: &Wish<'_>,
        by: Approver<'_>,
        now: Instant,
    ) -> Result<u32, NotExcepted> {
        let next = self.next_term(history, wish, now)?;
        if by.is(wish.requested_by) {
            return Err(NotExcepted::OwnWish);
        }
        let granted_before =
            |term: &&Term| by.is(term.granted_by) || term.granted_for.is_some_and(|person| by.is(person));
        if wish.kind == ExceptionKind::Exception && chain(history, now).iter().any(granted_before) {
            return Err(NotExcepted::GrantedBefore);
        }
        let rungs = self.approvers.iter().enumerate().filter_map(|(rung, approver)| {
            let rung = u32::try_from(rung).unwrap_or(u32::MAX);
            (rung >= next.rung_min && approver::stands_on(approver, &by)).then_some(rung)
        });
        let first = rungs.min();
        first.ok_or_else(|| NotExcepted::TooLow {
            what: match (wish.kind, next.renewal) {
                (ExceptionKind::Constraint, _) => "a constraint",
                (ExceptionKind::Exception, 0) => "an exception",
                (ExceptionKind::Exception, _) => "this renewal",
            },
            needed: self.approver(next.rung_min),
        })
    }

    /// For how many begun days the terms stood that count against the next one.
    pub fn used_days(&self, history: &[Term], now: Instant) -> u64 {
        days_of(used(&chain(history, now), now))
    }

    /// Who stands on a rung, in words.
    pub fn approver(&self, rung: u32) -> String {
        let given = usize::try_from(rung).ok().and_then(|rung| self.approvers.get(rung));
        given.map_or_else(String::new, |term| approver::in_words(term))
    }
}

/// The terms that count: from the last one back, as long as no gap is longer than a year. In order of time.
fn chain(history: &[Term], now: Instant) -> Vec<&Term> {
    let mut terms: Vec<&Term> = history.iter().collect();
    terms.sort_by_key(|term| (term.to, term.from));
    let mut begun = now;
    let mut counted = Vec::new();
    for term in terms.into_iter().rev() {
        if term.to.plus(GAP) <= begun {
            break;
        }
        begun = begun.min(term.from);
        counted.push(term);
    }
    counted.reverse();
    counted
}

/// How long a chain stood. What stands now is over when the next term begins.
fn used(chain: &[&Term], now: Instant) -> Duration {
    chain.iter().map(|term| term.to.min(now).since(term.from)).sum()
}

/// Begun days.
fn days_of(used: Duration) -> u64 {
    u64::try_from(used.as_micros()).unwrap_or(u64::MAX).div_ceil(DAY_MICROS)
}

/// Two reasons that differ in case, blanks and punctuation alone are one.
fn alike(one: &str, other: &str) -> bool {
    let bare = |text: &str| -> String {
        text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    bare(one) == bare(other)
}

/// Everything that is wrong with the rules.
pub(super) fn faults(rules: &ExceptionRules) -> Vec<ProgrammeRefused> {
    let rows: [(&'static str, u32, RangeInclusive<u32>); 6] = [
        ("exceptions.days_max", rules.days_max, 1..=365),
        ("exceptions.days_total_max", rules.days_total_max, 1..=1_095),
        ("exceptions.renewals_max", rules.renewals_max, 0..=9),
        ("exceptions.decided_within_days", rules.decided_within_days, 1..=90),
        ("exceptions.constraint_days_max", rules.constraint_days_max, 1..=1_825),
        ("exceptions.flagged_percent", rules.flagged_percent, 1..=100),
    ];
    let outside = rows.into_iter().filter(|(_, given, allowed)| !allowed.contains(given));
    let mut faults: Vec<ProgrammeRefused> = outside
        .map(|(setting, given, allowed)| {
            let (min, max) = allowed.into_inner();
            ProgrammeRefused::OutOfRange { setting, given, min, max }
        })
        .collect();
    let mut unfit = |setting, why| faults.push(ProgrammeRefused::SettingUnfit { setting, why });
    if rules.days_total_max < rules.days_max {
        let why = format!(
            "`days_total_max` is {}, less than one term (`days_max` is {})",
            rules.days_total_max, rules.days_max
        );
        unfit("exceptions.days_total_max", why);
    }
    let approvers = rules.approvers.len();
    if approvers == 0 || approvers > APPROVERS_MAX {
        unfit(
            "exceptions.approvers",
            format!("there are {approvers} approvers; there are 1 to {APPROVERS_MAX}"),
        );
    }
    for (index, approver) in rules.approvers.iter().enumerate() {
        if let Some(why) = approver::fault(approver, &KNOWN) {
            unfit("exceptions.approvers", why);
        }
        let shown = printable(approver, SHOWN_CHARS_MAX);
        if rules.approvers.iter().take(index).any(|other| other == approver) {
            unfit(
                "exceptions.approvers",
                format!("`{shown}` is there twice; each is higher than the one before"),
            );
        }
    }
    let renewals = usize::try_from(rules.renewals_max).unwrap_or(usize::MAX);
    if approvers > 0 && renewals >= approvers {
        let why = format!(
            "`renewals_max` is {renewals}, and each renewal needs somebody higher: with {approvers} approvers it is {} at most",
            approvers - 1
        );
        unfit("exceptions.renewals_max", why);
    }
    faults
}
