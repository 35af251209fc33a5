//! Ids of frameworks, in the spelling of those who publish them: OWASP NHI Top 10 2025, NIST CSF 2.0 and, of CSF 1.1,
//! the ids of access control with what NIST put in their place.
//!
//! Only identifiers stand here; what they mean is to be read where they are published. It must never guess: what is not
//! known is refused, with the id that may have been meant. Next: `control.rs`.

/// Categories of CSF 2.0 and the numbers of their subcategories (NIST CSWP 29, 2024; 106 in all).
const CSF_2: [(&str, &[u8]); 22] = [
    ("GV.OC", &[1, 2, 3, 4, 5]),
    ("GV.RM", &[1, 2, 3, 4, 5, 6, 7]),
    ("GV.RR", &[1, 2, 3, 4]),
    ("GV.PO", &[1, 2]),
    ("GV.OV", &[1, 2, 3]),
    ("GV.SC", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    ("ID.AM", &[1, 2, 3, 4, 5, 7, 8]),
    ("ID.RA", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    ("ID.IM", &[1, 2, 3, 4]),
    ("PR.AA", &[1, 2, 3, 4, 5, 6]),
    ("PR.AT", &[1, 2]),
    ("PR.DS", &[1, 2, 10, 11]),
    ("PR.PS", &[1, 2, 3, 4, 5, 6]),
    ("PR.IR", &[1, 2, 3, 4]),
    ("DE.CM", &[1, 2, 3, 6, 9]),
    ("DE.AE", &[2, 3, 4, 6, 7, 8]),
    ("RS.MA", &[1, 2, 3, 4, 5]),
    ("RS.AN", &[3, 6, 7, 8]),
    ("RS.CO", &[2, 3]),
    ("RS.MI", &[1, 2]),
    ("RC.RP", &[1, 2, 3, 4, 5, 6]),
    ("RC.CO", &[3, 4]),
];

/// Ids of CSF 1.1 and what took their place (withdrawal links of NIST's own catalogue of CSF 2.0, version 1.2.0).
const CSF_1: [(&str, &[&str]); 8] = [
    ("PR.AC", &["PR.AA"]),
    ("PR.AC-01", &["PR.AA-01", "PR.AA-05"]),
    ("PR.AC-02", &["PR.AA-06"]),
    ("PR.AC-03", &["PR.AA-03", "PR.AA-05", "PR.IR-01"]),
    ("PR.AC-04", &["PR.AA-05"]),
    ("PR.AC-05", &["PR.IR-01"]),
    ("PR.AC-06", &["PR.AA-02"]),
    ("PR.AC-07", &["PR.AA-03"]),
];

/// The ids meant by one that was given, as they are published now; why not, where it is none that is known.
pub(super) fn normalised(given: &str) -> Result<Vec<String>, String> {
    if let Some(owasp) = owasp(given) {
        return Ok(vec![owasp]);
    }
    let id = padded(&given.to_ascii_uppercase());
    if let Some((_, now)) = CSF_1.iter().find(|(former, _)| *former == id) {
        return Ok(now.iter().map(|id| (*id).to_owned()).collect());
    }
    let known = csf_ids();
    if known.contains(&id) {
        return Ok(vec![id]);
    }
    let shown = tenure_model::printable(given, 40);
    let owasp: Vec<String> = (1..=10).map(|number| format!("NHI{number}:2025")).collect();
    let all: Vec<&str> = known.iter().chain(&owasp).map(String::as_str).collect();
    let near = super::named::nearest(&id, &all);
    Err(format!(
        "`{shown}` is no id of the OWASP NHI Top 10 2025 nor of NIST CSF 2.0; ids like it are: {near}"
    ))
}

/// `NHI-01`, `NHI01`, `NHI1`, `nhi1:2025` → `NHI1:2025`.
fn owasp(given: &str) -> Option<String> {
    let upper = given.to_ascii_uppercase();
    let rest = upper.strip_prefix("NHI")?;
    let rest = rest.strip_suffix(":2025").unwrap_or(rest);
    let digits = rest.strip_prefix('-').unwrap_or(rest);
    let digits = digits.strip_prefix('0').unwrap_or(digits);
    let plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u8 = digits.parse().ok().filter(|_| plain)?;
    (1..=10).contains(&number).then(|| format!("NHI{number}:2025"))
}

/// `PR.AA-5` → `PR.AA-05`.
fn padded(id: &str) -> String {
    match id.split_once('-') {
        Some((category, number)) if number.len() == 1 => format!("{category}-0{number}"),
        _ => id.to_owned(),
    }
}

fn csf_ids() -> Vec<String> {
    let of = |(category, numbers): &(&str, &[u8])| {
        let ids = numbers.iter().map(|number| format!("{category}-{number:02}"));
        core::iter::once((*category).to_owned()).chain(ids).collect::<Vec<_>>()
    };
    CSF_2.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::{CSF_1, CSF_2, csf_ids, normalised};

    fn check(given: &str, expected: &[&str]) {
        assert_eq!(normalised(given).unwrap(), expected, "{given}");
    }

    #[test]
    fn the_spellings_people_use_become_the_one_that_is_published() {
        for given in ["NHI1:2025", "NHI-01", "NHI01", "NHI1", "nhi-1", "NHI-01:2025"] {
            check(given, &["NHI1:2025"]);
        }
        check("NHI10", &["NHI10:2025"]);
        check("pr.aa-5", &["PR.AA-05"]);
        check("GV.RR-02", &["GV.RR-02"]);
        check("ID.AM", &["ID.AM"]);
    }

    #[test]
    fn ids_of_the_former_version_become_those_that_took_their_place() {
        check("PR.AC-1", &["PR.AA-01", "PR.AA-05"]);
        check("PR.AC-04", &["PR.AA-05"]);
        let known = csf_ids();
        for (former, now) in CSF_1 {
            assert!(!known.contains(&former.to_owned()), "{former}");
            assert!(now.iter().all(|id| known.contains(&(*id).to_owned())), "{former}");
        }
        assert_eq!(CSF_2.iter().map(|(_, numbers)| numbers.len()).sum::<usize>(), 106);
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for wrong in
            ["NHI0", "NHI11", "NHI001", "NHI-", "NHI+1", "PR.AA-07", "PR.XX-01", "", "AC-2", "DE.CM-4"]
        {
            assert!(normalised(wrong).is_err(), "{wrong}");
        }
    }
}
