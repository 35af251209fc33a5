//! Filtered lists: every condition narrows, pages skip and repeat nothing, hostile names are rows like others.
//!
//! How a page stays quick is tested beside `list_scan.rs`. Lists must never write.

use crate::bed::{Bed, read, write};
use crate::world::{add_source, everyone, grant, hostile_names, ingest, password, role, sighting};
use tenure_model::{
    Charter, CredentialKind, CredentialState, Observation, ObservedGrant, ObservedPrincipal, PersonId,
    Presence, PrincipalKind, Standing,
};
use tenure_store::{
    Store,
    tables::{
        list_credentials::CredentialQuery,
        list_grants::GrantQuery,
        list_identities::{IdentityQuery, OwnedBy},
        list_principals::PrincipalQuery,
    },
};

/// Two sources: `pg-a` with a shop, a group and a built-in role, `pg-b` with hostile names.
fn planted(bed: &Bed) -> Store {
    let store = bed.open();
    let a = add_source(bed, &store, "pg-a");
    let built_in = ObservedPrincipal { built_in: true, ..role("oid:3", "pg_monitor") };
    let group = ObservedPrincipal { kind: PrincipalKind::Group, ..role("oid:2", "readers") };
    let through = ObservedGrant {
        path: vec![String::from("readers")],
        grantable: true,
        ..grant("oid:1", "shop/table/orders", "SELECT")
    };
    let page = [
        Observation::Principal(role("oid:1", "shop")),
        Observation::Principal(group),
        Observation::Principal(built_in),
        Observation::Credential(password("oid:1", "aa")),
        Observation::Grant(grant("oid:1", "shop/table/prices", "INSERT")),
        Observation::Grant(through),
        Observation::Sighting(sighting("db/view", "shop")),
    ];
    ingest(bed, &store, &a, "roles", &page).unwrap();
    let b = add_source(bed, &store, "pg-b");
    let names = hostile_names();
    let page: Vec<Observation> =
        (0..).zip(&names).map(|(n, name)| Observation::Principal(role(&format!("oid:{n}"), name))).collect();
    ingest(bed, &store, &b, "roles", &page).unwrap();
    store
}

fn identities(store: &Store, wanted: &IdentityQuery) -> Vec<String> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let (wanted, from) = (wanted.clone(), after.clone());
        let page = read(store, move |tx| tx.list_identities(&wanted, from.as_ref(), 3));
        assert_eq!(page.stopped_at, None);
        let Some(last) = page.rows.last() else { return all };
        after = Some((last.name.clone(), last.id));
        all.extend(page.rows.into_iter().map(|row| row.name));
    }
}

on_both! {
    fn identities_are_filtered_by_every_condition(bed) {
        let store = planted(bed);
        let any = IdentityQuery::default();
        assert_eq!(identities(&store, &any).len(), 2 + hostile_names().len());
        let of = |wanted: IdentityQuery| identities(&store, &wanted);
        let kind = Some(PrincipalKind::Group);
        assert_eq!(of(IdentityQuery { kind, ..any.clone() }), ["pg-a/readers"]);
        let source_name = Some(String::from("pg-a"));
        assert_eq!(of(IdentityQuery { source_name, ..any.clone() }), ["pg-a/readers", "pg-a/shop"]);
        let contains = Some(String::from("MONIT"));
        assert!(of(IdentityQuery { contains: contains.clone(), ..any.clone() }).is_empty());
        assert_eq!(of(IdentityQuery { contains, built_in: true, ..any.clone() }), ["pg-a/pg_monitor"]);
        for name in hostile_names() {
            let found = of(IdentityQuery { contains: Some(name.clone()), ..any.clone() });
            assert_eq!(found, [format!("pg-b/{name}")]);
        }
        assert!(of(IdentityQuery { standing: Some(Standing::Lapsed), ..any.clone() }).is_empty());
        assert!(of(IdentityQuery { with_findings: true, ..any }).is_empty());
    }
}

on_both! {
    fn owners_and_their_absence_are_found(bed) {
        let store = planted(bed);
        let shop = everyone(&store).into_iter().find(|row| row.name == "pg-a/shop").unwrap();
        let owner = PersonId::new(bed.ids.now(), bed.ids.random());
        let purpose = Some(String::from("says \"business_owner\":\"somebody\" and technical_owner"));
        let charter = Charter { technical_owner: Some(owner), purpose: purpose.clone(), ..Charter::default() };
        let now = bed.ids.now();
        write(&store, move |tx| tx.set_charter(shop.id, &charter, now)).unwrap();
        let owned = |by| identities(&store, &IdentityQuery { owner: Some(by), ..IdentityQuery::default() });
        assert_eq!(owned(OwnedBy::Person(owner)), ["pg-a/shop"]);
        assert!(!owned(OwnedBy::Nobody).contains(&String::from("pg-a/shop")));
        let readers = everyone(&store).into_iter().find(|row| row.name == "pg-a/readers").unwrap();
        let charter = Charter { purpose, ..Charter::default() };
        write(&store, move |tx| tx.set_charter(readers.id, &charter, now)).unwrap();
        assert!(owned(OwnedBy::Nobody).contains(&String::from("pg-a/readers")), "a purpose is no owner");
        let other = PersonId::new(bed.ids.now(), bed.ids.random());
        assert!(owned(OwnedBy::Person(other)).is_empty());
    }
}

on_both! {
    fn principals_credentials_and_rights_are_filtered_and_lead_to_their_identity(bed) {
        let store = planted(bed);
        let principals = |wanted: PrincipalQuery| {
            let page = read(&store, move |tx| tx.list_principals(&wanted, None, 100));
            page.rows.into_iter().map(|held| (held.row.name, held.identity_name)).collect::<Vec<_>>()
        };
        let any = PrincipalQuery::default();
        let a = Some(String::from("pg-a"));
        let pair = |name: &str| (String::from(name), format!("pg-a/{name}"));
        assert_eq!(principals(PrincipalQuery { source_name: a.clone(), ..any.clone() }), [pair("readers"), pair("shop")]);
        assert_eq!(principals(PrincipalQuery { kind: Some(PrincipalKind::Group), ..any.clone() }), [pair("readers")]);
        assert!(principals(PrincipalQuery { presence: Some(Presence::Retired), ..any }).is_empty());

        let credentials = |wanted: CredentialQuery| {
            let page = read(&store, move |tx| tx.list_credentials(&wanted, None, 100));
            page.rows.into_iter().map(|held| (held.row.holder, held.identity_name)).collect::<Vec<_>>()
        };
        let shop = [(String::from("pg-a/shop"), String::from("pg-a/shop"))];
        let wanted = CredentialQuery {
            contains: Some(String::from("Shop")), kind: Some(CredentialKind::Password),
            state: Some(CredentialState::Live), source_name: a,
        };
        assert_eq!(credentials(wanted.clone()), shop);
        assert!(credentials(CredentialQuery { state: Some(CredentialState::Gone), ..wanted.clone() }).is_empty());
        assert!(credentials(CredentialQuery { contains: Some(String::from("nope")), ..wanted }).is_empty());

        let grants = |wanted: GrantQuery| {
            let page = read(&store, move |tx| tx.list_grants(&wanted, None, 100));
            page.rows.into_iter().map(|held| held.row.grant.right).collect::<Vec<_>>()
        };
        let any = GrantQuery::default();
        assert_eq!(grants(any.clone()), ["SELECT", "INSERT"]);
        assert_eq!(grants(GrantQuery { right: Some(String::from("insert")), ..any.clone() }), ["INSERT"]);
        assert_eq!(grants(GrantQuery { grantable: true, ..any.clone() }), ["SELECT"]);
        assert_eq!(grants(GrantQuery { contains: Some(String::from("ORDERS")), ..any.clone() }), ["SELECT"]);
        assert!(grants(GrantQuery { source_name: Some(String::from("pg-b")), ..any }).is_empty());
    }
}

on_both! {
    fn rights_are_paged_by_their_whole_key(bed) {
        let store = planted(bed);
        let first = read(&store, |tx| tx.list_grants(&GrantQuery::default(), None, 1)).rows.remove(0).row;
        assert_eq!(first.grant.path, ["readers"]);
        let after = Some(first.place());
        let second = read(&store, move |tx| tx.list_grants(&GrantQuery::default(), after.as_ref(), 1)).rows.remove(0).row;
        assert_eq!(second.grant.right, "INSERT");
        let after = Some(second.place());
        assert!(read(&store, move |tx| tx.list_grants(&GrantQuery::default(), after.as_ref(), 1)).rows.is_empty());
    }
}
