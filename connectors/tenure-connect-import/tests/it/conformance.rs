//! The suite of the port, as far as it applies to a source that is only read.
//!
//! A file accepts nothing: probes never say accepted, which the suite takes for a broken promise and which is
//! declared here. Everything that acts does not apply, because the manifest lists no step.

use crate::bed::{Bed, KEY_ONLY};
use async_trait::async_trait;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tenure_connect::{
    Manifest, Source, Target,
    conformance::{Check, Exception, Fixture, FixtureBroke, Session, Subject, check},
};
use tenure_model::{Instant, PRIMARY, PrincipalKey, Secret, ShortName, SourceId};

struct FileFixture {
    bed: Bed,
    source: Arc<dyn Source>,
    made: AtomicU32,
}

impl FileFixture {
    fn new() -> Self {
        let bed = Bed::new();
        bed.write("list.csv", "id,name,right\n");
        bed.write(
            "mapping.toml",
            format!(
                "{KEY_ONLY}name = \"name\"\n[[credential]]\nkey = {{ is = \"token\" }}\nkind = {{ is = \"token\" }}\n\
                 [[right]]\nright = \"right\"\nresource = {{ is = \"crm\" }}\n"
            ),
        );
        let source = bed.source("csv", "list.csv", &[("mapping", "mapping.toml")]);
        Self { bed, source, made: AtomicU32::new(0) }
    }

    fn read(&self) -> String {
        std::fs::read_to_string(self.bed.path("list.csv")).unwrap()
    }
}

#[async_trait]
impl Fixture for FileFixture {
    fn manifest(&self) -> &'static Manifest {
        static SAID: Manifest = tenure_connect_import::MANIFEST;
        &SAID
    }

    fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.source)
    }

    fn source_id(&self) -> SourceId {
        SourceId::new(Instant::from_micros(0), [0; 10])
    }

    fn now(&self) -> Instant {
        Instant::from_micros(1_795_262_458_000_000)
    }

    fn points(&self) -> Vec<ShortName> {
        vec![ShortName::parse(PRIMARY).unwrap()]
    }

    fn wrong_host(&self) -> Option<ShortName> {
        None
    }

    async fn subject(&self) -> Result<Subject, FixtureBroke> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let name = format!("o'ne, \"two\"\n{number}");
        let row = format!("key-{number},\"{}\",\n", name.replace('"', "\"\""));
        self.bed.write("list.csv", self.read() + &row);
        Ok(Subject {
            target: Target::principal(PrincipalKey(format!("key-{number}")), name),
            value: Secret::new(format!("valueofsubject{number:06}")),
        })
    }

    async fn owner(&self) -> Result<Option<Subject>, FixtureBroke> {
        Ok(None)
    }

    fn new_value(&self) -> Secret<String> {
        Secret::new(format!("anothervalue{:06}", self.made.fetch_add(1, Ordering::Relaxed)))
    }

    async fn accepts(&self, _: &ShortName, _: &str, _: &Secret<String>) -> Result<bool, FixtureBroke> {
        Ok(false)
    }

    async fn log_in(&self, _: &ShortName, _: &Subject) -> Result<Session, FixtureBroke> {
        Err(FixtureBroke { what: "log in".to_owned(), why: "a file lets nobody in".to_owned() })
    }

    async fn record(&self, _: &Target) -> Result<String, FixtureBroke> {
        Ok(self.read())
    }

    async fn settle(&self) -> Result<(), FixtureBroke> {
        Ok(())
    }

    fn ourselves(&self) -> Option<Target> {
        None
    }

    fn patience(&self) -> Duration {
        Duration::from_mins(1)
    }

    fn exceptions(&self) -> Vec<Exception> {
        let reason = "a file accepts nothing, so nothing in it can be proved: what is imported stays P0";
        [Check::RightValueIsAccepted, Check::OthersAreUntouched]
            .map(|check| Exception { check, reason: reason.to_owned() })
            .to_vec()
    }
}

#[tokio::test]
async fn it_keeps_every_promise_of_the_port_that_a_reader_can_keep() {
    let report = check(&FileFixture::new()).await;
    assert!(report.passed(), "{report}");
    insta::assert_snapshot!(report.to_string());
}
