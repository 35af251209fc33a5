//! What each person owns, beside the charters: it follows them, and only what counts of it is told.

use crate::bed::{Bed, read, write};
use crate::world::{add_source, everyone, ingest, judged_as, role};
use tenure_model::{Charter, IdentityId, Observation, PersonId, PolicyKind, Severity, Standing};
use tenure_store::{Store, tables::findings::FailedNow};

fn failed(policy: &str, severity: Severity) -> FailedNow {
    FailedNow {
        policy: policy.to_owned(),
        subject: String::from("s"),
        kind: PolicyKind::Governance,
        control: String::from("NHI1:2025"),
        severity,
        reason: String::from("it fails"),
        remedy: String::from("mend it"),
        cause: None,
        excepted_until: None,
    }
}

fn own(bed: &Bed, store: &Store, of: IdentityId, business: Option<PersonId>, technical: Option<PersonId>) {
    let charter = Charter { business_owner: business, technical_owner: technical, ..Charter::default() };
    let now = bed.ids.now();
    write(store, move |tx| tx.set_charter(of, &charter, now)).unwrap();
}

on_both! {
    fn what_somebody_owns_follows_the_charter_and_tells_what_counts(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        let page = ["a", "b"].map(|name| Observation::Principal(role(&format!("oid:{name}"), name)));
        ingest(bed, &store, &source, "roles", &page).unwrap();
        let mut rows = everyone(&store);
        rows.sort_by(|one, other| one.name.cmp(&other.name));
        let (a, b) = (rows[0].id, rows[1].id);
        let person = || PersonId::new(bed.ids.now(), bed.ids.random());
        let (ada, bob) = (person(), person());
        own(bed, &store, a, Some(ada), Some(bob));
        own(bed, &store, b, Some(ada), Some(ada));
        let fails = [failed("not_confirmed", Severity::Medium), failed("no_purpose", Severity::High)];
        for (id, fails) in [(a, &fails[..]), (b, &fails[1..])] {
            let (mint, fails) = (bed.ids.mint(), fails.to_vec());
            write(&store, move |tx| tx.apply_findings(&mint, id, &fails)).unwrap();
        }
        let judged = |id: IdentityId, standing| {
            let now = bed.ids.now();
            write(&store, move |tx| {
                let before = tx.identity(id)?.standing;
                tx.set_judged(id, &judged_as(standing, None), before, now)
            })
            .unwrap();
        };
        judged(a, Standing::Lapsed);
        judged(b, Standing::Sound);
        let to_confirm = |who: PersonId| {
            let rows = read(&store, move |tx| tx.owned_with_finding(who, "not_confirmed", 10));
            rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
        };
        let to_mend = |who: PersonId| {
            let rows = read(&store, move |tx| tx.owned_findings(who, "not_confirmed", 10));
            rows.into_iter().map(|one| (one.identity, one.standing, one.severity)).collect::<Vec<_>>()
        };
        let one = (a, Standing::Lapsed, Severity::High);
        assert_eq!((to_confirm(ada), to_confirm(bob)), (vec![a], vec![a]));
        assert_eq!((to_mend(ada), to_mend(bob)), (vec![one], vec![one]), "what is sound is not told");
        judged(b, Standing::Due);
        assert_eq!(to_mend(ada).len(), 2);
        // Whoever hands it on owns it no more.
        own(bed, &store, a, Some(bob), None);
        assert_eq!((to_confirm(ada), to_mend(bob)), (vec![], vec![one]));
        assert!(!read(&store, move |tx| tx.owns_more_than_is_looked_at(ada)));
    }
}
