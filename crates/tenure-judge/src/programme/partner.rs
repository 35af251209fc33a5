//! A partner: a team or a vendor that delivers part of a control, and the people through whom it is reached.
//!
//! People are named as the deployment knows them; whether it does is not known here, see `readiness.rs`. It must never
//! hold an address: what reaches a person is theirs. Next: `control.rs`.

use super::{Calendar, Part, ProgrammeRefused, named};
use serde::{Deserialize, Serialize};
use tenure_model::{noun, printable};

/// Partners of one programme, at most.
const PARTNERS_MAX: usize = 200;
/// Characters of a person's name, at most.
const NAME_CHARS_MAX: usize = 80;

noun! {
    /// What a partner is.
    pub enum PartnerKind as "kind of partner" {
        /// People of the organisation.
        Team = "team",
        /// Somebody else, for whom a person of the organisation answers.
        Vendor = "vendor",
    }
}

/// A team or a vendor that delivers part of a control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partner {
    /// Its short name: lower-case letters, digits and hyphens.
    pub id: String,
    /// What it is.
    pub kind: PartnerKind,
    /// Who is asked first, by the name they have in the deployment.
    pub contact: String,
    /// Who is asked when the contact is not at work, or not there.
    pub fallback: String,
    /// Who of the organisation answers for a vendor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accountable: Option<String>,
    /// When the contact is at work; always, where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
}

/// Everything that is wrong with the partners, as far as the files show it.
pub(super) fn faults(partners: &[Partner], calendars: &[Calendar]) -> Vec<ProgrammeRefused> {
    let ids: Vec<&str> = partners.iter().map(|one| one.id.as_str()).collect();
    let known: Vec<&str> = calendars.iter().map(|one| one.id.as_str()).collect();
    let mut faults = named::faults(Part::Partner, &ids, PARTNERS_MAX);
    for (index, partner) in partners.iter().enumerate().take(PARTNERS_MAX) {
        let mut unfit = |field, why: String| {
            faults.push(ProgrammeRefused::PartUnfit { part: Part::Partner, index, field, why });
        };
        let mut people = vec![("contact", &partner.contact), ("fallback", &partner.fallback)];
        people.extend(partner.accountable.iter().map(|name| ("accountable", name)));
        for (field, name) in people {
            if let Some(why) = no_name(name) {
                unfit(field, why);
            }
        }
        if partner.kind == PartnerKind::Team && partner.accountable.is_some() {
            let why = "a team answers for itself: `accountable` is for a vendor".to_owned();
            unfit("accountable", why);
        }
        if let Some(calendar) = partner.calendar.as_deref().filter(|calendar| !known.contains(calendar)) {
            unfit("calendar", named::unknown(calendar, "calendar", &known));
        }
    }
    faults
}

/// Why this can be no person's name.
pub(super) fn no_name(name: &str) -> Option<String> {
    let fits = !name.trim().is_empty() && name.chars().count() <= NAME_CHARS_MAX && name.trim() == name;
    (!fits).then(|| {
        format!(
            "`{}` is no person's name; write it as `tenure people list` shows it",
            printable(name, NAME_CHARS_MAX)
        )
    })
}
