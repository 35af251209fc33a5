//! Accounts of the machine Tenure runs on: by their number a person may be known. Of any other root it says nothing.

use crate::map::ExtentContent;
use std::path::Path;
use tenure_model::{Fact, Observation, PrincipalKind, names, number};

/// Says of each account which local number it has, when the root that was read is that of this machine.
pub(crate) fn name_accounts(root: &Path, extents: &mut [(String, ExtentContent)]) {
    if root != Path::new("/") {
        return;
    }
    for observation in extents.iter_mut().flat_map(|(_, content)| &mut content.observations) {
        if let Observation::Principal(principal) = observation
            && principal.kind == PrincipalKind::Account
            && let Some(uid) = number(&principal.facts, "uid")
        {
            principal.facts.insert(names::LOCAL_UID.to_owned(), Fact::Number(uid));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::name_accounts;
    use crate::map::ExtentContent;
    use std::path::Path;
    use tenure_model::{
        Completeness, Fact, Facts, Observation, ObservedPrincipal, PrincipalKey, PrincipalKind, names, number,
    };

    fn named(root: &str, kind: PrincipalKind) -> Option<i64> {
        let principal = ObservedPrincipal {
            key: PrincipalKey(String::from("account:1001:alice")),
            name: String::from("alice"),
            kind,
            built_in: false,
            facts: Facts::from([(String::from("uid"), Fact::Number(1001))]),
            charter_hint: None,
        };
        let content = ExtentContent {
            observations: vec![Observation::Principal(principal)],
            completeness: Completeness::Whole,
        };
        let mut extents = vec![(String::from("accounts"), content)];
        name_accounts(Path::new(root), &mut extents);
        let Some(Observation::Principal(principal)) = extents[0].1.observations.first() else {
            panic!("it went")
        };
        number(&principal.facts, names::LOCAL_UID)
    }

    #[test]
    fn only_accounts_of_this_machine_have_a_local_number() {
        assert_eq!(named("/", PrincipalKind::Account), Some(1001));
        assert_eq!(named("/mnt/image", PrincipalKind::Account), None);
        assert_eq!(named("/", PrincipalKind::Workload), None);
    }
}
