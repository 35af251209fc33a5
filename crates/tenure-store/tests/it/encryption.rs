//! The line to our own PostgreSQL: what each `sslmode` demands of it.
//!
//! The server asks for encryption itself (`hostssl` only), so a line that is open by mistake is
//! refused. Must never accept a certificate that nobody vouched for when `require` was said.

use crate::bed::{Bed, DATABASE, record, settled};
use std::{path::Path, sync::Arc};
use tenure_model::Secret;
use tenure_store::{DatabaseLocation, PostgresLocation, Store, StoreFailure, StoreOptions};
use tenure_testbed::{Certificate, Postgres, PostgresOptions};

/// A server that lets the superuser in over encrypted lines only, but for the address `open`.
fn encrypted(made: &Certificate) -> Postgres {
    let server = Postgres::start(&PostgresOptions {
        data_files: vec![
            (String::from("server.crt"), made.certificate.clone().into_bytes()),
            (String::from("server.key"), made.key.clone().into_bytes()),
        ],
        settings: vec![(String::from("ssl"), String::from("on"))],
        ..PostgresOptions::default()
    })
    .unwrap();
    server.create_database(DATABASE).unwrap();
    server.set_hba_lines(&[format!("hostnossl {DATABASE} all all reject")]).unwrap();
    server.reload().unwrap();
    server
}

#[test]
fn each_mode_demands_what_it_says() {
    tenure_testbed::needs!(postgres);
    let (bed, made) = (Bed::sqlite(), Certificate::for_loopback().unwrap());
    let server = encrypted(&made);
    let authority = bed.path.join("authority.pem");
    std::fs::write(&authority, &made.certificate).unwrap();
    let open = |host: &str, mode: &str, ca_file: Option<&Path>| -> Result<Store, StoreFailure> {
        let location = PostgresLocation {
            parameters: format!(
                "host={host} port={} user={} dbname={DATABASE}{mode}",
                server.port(),
                server.superuser()
            ),
            password: Some(Secret::new(server.password().to_owned())),
            ca_file: ca_file.map(Path::to_owned),
        };
        let location = DatabaseLocation::Postgres(Arc::new(location));
        Store::open(StoreOptions { location, ..bed.options() }).map(|opened| opened.store)
    };
    for (mode, ca_file) in [("", None), (" sslmode=prefer", None), (" sslmode=require", Some(&*authority))] {
        let store = open("127.0.0.1", mode, ca_file).unwrap();
        record(&store, bed.ids.entry()).unwrap();
        settled(&store);
        store.close();
    }
    let words = |refused: Result<Store, StoreFailure>| refused.err().unwrap().to_string();
    let unencrypted = words(open("127.0.0.1", " sslmode=disable", None));
    assert!(unencrypted.contains("28000"), "{unencrypted}");
    let unknown = words(open("127.0.0.1", " sslmode=require", None));
    assert!(unknown.contains("certificate"), "{unknown}");
    let other_name = words(open("localhost", " sslmode=require", Some(&authority)));
    assert!(other_name.contains("certificate"), "{other_name}");
    let missing = words(open("127.0.0.1", "", Some(Path::new("/nowhere.pem"))));
    assert!(missing.contains("`/nowhere.pem` cannot be read"), "{missing}");
}
