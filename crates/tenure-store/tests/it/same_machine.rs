//! One machine under two addresses: known by what its surveys say of it.

use crate::bed::{read, write};
use crate::world::{add_source, ingest, role};
use tenure_model::{Fact, Facts, Observation, PrincipalKind, names};

on_both! {
    fn a_machine_that_another_source_showed_is_known_until_that_source_is_removed(bed) {
        let store = bed.open();
        let machine = |id: &str, kind: PrincipalKind| {
            let facts = Facts::from([(names::MACHINE_ID.to_owned(), Fact::Text(id.to_owned()))]);
            Observation::Principal(tenure_model::ObservedPrincipal { kind, facts, ..role("machine", "machine") })
        };
        let (here, web, other, liar) = (
            add_source(bed, &store, "here"),
            add_source(bed, &store, "web"),
            add_source(bed, &store, "other"),
            add_source(bed, &store, "liar"),
        );
        for source in [&here, &web] {
            ingest(bed, &store, source, "accounts", &[machine("one", PrincipalKind::Machine)]).unwrap();
        }
        ingest(bed, &store, &other, "accounts", &[machine("two", PrincipalKind::Machine)]).unwrap();
        // Only what is the machine itself says which machine it is.
        ingest(bed, &store, &liar, "accounts", &[machine("one", PrincipalKind::Account)]).unwrap();
        let alike = |id: &'static str| read(&store, move |tx| tx.sources_of_machine(here.id, id));
        assert_eq!(alike("one"), ["web"]);
        assert_eq!(alike("two"), ["other"]);
        assert_eq!(alike("three"), [""; 0]);
        let now = bed.ids.now();
        write(&store, move |tx| tx.remove_source(web.id, now)).unwrap();
        assert_eq!(alike("one"), [""; 0]);
    }
}
