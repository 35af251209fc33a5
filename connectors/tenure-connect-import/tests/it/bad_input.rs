//! Files that are broken, half-written, in another encoding, or not there. Each gives its exact sentence, and
//! nothing of it may make anything disappear.
//!
//! A sentence must never show what stood in a cell. Next: `canary.rs`.

use crate::bed::{Bed, KEY_ONLY, survey_of};
use std::fmt::Write as _;
use tenure_model::Completeness;

const NAMED: &str = "version = 1\n[principal]\nkey = \"id\"\nname = \"name\"\nkind = \"kind\"\n[principal.facts]\n\
                     age = { column = \"age\", as = \"number\" }\n";

#[tokio::test]
async fn every_broken_row_is_left_out_and_makes_the_extent_a_part() {
    let bed = Bed::new();
    let mut told = String::new();
    let whole = "1,a,account,3\n";
    for (what, row) in [
        ("fewer cells", "2,b,account\n".to_owned()),
        ("more cells", "2,b,account,3,4\n".to_owned()),
        ("no key", ",b,account,3\n".to_owned()),
        ("blank key", "\"  \",b,account,3\n".to_owned()),
        ("a formula for a name", "2,\"=CMD(1)\",account,3\n".to_owned()),
        ("a word that is no kind", "2,b,robot,3\n".to_owned()),
        ("no number", "2,b,account,three\n".to_owned()),
        ("a NUL", "2,b\0c,account,3\n".to_owned()),
        ("a name of a kilobyte", format!("2,{},account,3\n", "n".repeat(1_000))),
        ("a line of four megabytes", format!("2,{},account,3\n", "n".repeat(4 << 20))),
        ("no end of the line", "2,b,account,3".to_owned()),
        ("an open quote", "2,b,account,\"3\n".to_owned()),
        ("a key twice", "1,a,account,3\n".to_owned()),
    ] {
        let survey = bed.survey("csv", format!("id,name,kind,age\n{whole}{row}"), NAMED).await;
        assert_eq!(survey.names(), ["a"], "{what}");
        assert_ne!(survey.ends, [Completeness::Whole], "{what}");
        let _ = writeln!(told, "{what}\n    {}", survey.why_part());
    }
    let survey = bed.survey("csv", b"id,name,kind,age\n1,a,account,3\n2,\xff,account,3\n", NAMED).await;
    let _ = writeln!(told, "not UTF-8\n    {}", survey.why_part());
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn what_is_a_formula_elsewhere_is_a_plain_text_here_and_never_computed() {
    let bed = Bed::new();
    let mapping = "version = 1\n[principal]\nkey = \"id\"\nowner_hints = [\"note\"]\n";
    let survey = bed.survey("csv", "id,note\n@ops,=1+1\n-7,+x\n", mapping).await;
    assert_eq!(survey.names(), ["@ops", "-7"]);
    assert!(survey.told().contains("hint[note: =1+1]"), "{}", survey.told());
}

#[tokio::test]
async fn a_nul_in_a_remark_reaches_nobody_and_costs_no_row() {
    let bed = Bed::new();
    let finding = r#"[{"resources":[{"type":"AwsIamUser","uid":"u","name":"n","region":"a\u0000b","labels":["owner:x\u0000"]}]}]"#;
    let survey = bed.survey("prowler", finding, "").await;
    assert_eq!((survey.names(), survey.why_part()), (vec!["n"], "whole".to_owned()));
    assert!(!format!("{:?}", survey.seen).contains("\\0"), "{:?}", survey.seen);
    let mapping = format!("{KEY_ONLY}[principal.facts]\ntags = \"tags\"\n");
    let survey = bed.survey("json", r#"[{"id":"a","tags":["x\u0000"]},{"id":"b\u0000"}]"#, &mapping).await;
    assert_eq!((survey.names(), survey.why_part()), (vec!["a"], "line 1: it holds a NUL".to_owned()));
    assert!(!format!("{:?}", survey.seen).contains("\\0"), "{:?}", survey.seen);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_at_all_ends_no_extent_and_says_why() {
    let bed = Bed::new();
    let utf_16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain("id\na\n".bytes().flat_map(|byte| [byte, 0])).collect();
    let mut told = String::new();
    for (what, content, mapping) in [
        ("nothing", Vec::new(), KEY_ONLY),
        ("only blank lines", b"\n\n".to_vec(), KEY_ONLY),
        ("UTF-16", utf_16.clone(), KEY_ONLY),
        ("UTF-16 without its mark", utf_16[2..].to_vec(), KEY_ONLY),
        ("compressed", b"\x1f\x8b\x08\0".to_vec(), KEY_ONLY),
        ("a header that is no UTF-8", b"\xffid\na\n".to_vec(), KEY_ONLY),
        ("a header without its column", b"idd,name\na,b\n".to_vec(), KEY_ONLY),
        ("a header with its column twice", b"id,id\na,b\n".to_vec(), KEY_ONLY),
        ("another delimiter", b"id;name\na;b\n".to_vec(), KEY_ONLY),
        ("a header without an end", b"id".to_vec(), KEY_ONLY),
        (
            "a mapping with a slip",
            b"id\na\n".to_vec(),
            "version = 1\n[principal]\nkey = \"id\"\nkidn = \"x\"\n",
        ),
    ] {
        let failure = bed.try_survey("csv", content, mapping).await.unwrap_err().to_string();
        let failure = failure.replace(&bed.path("").display().to_string(), "[FOLDER]/");
        let _ = writeln!(told, "{what}\n    {failure}");
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn a_file_that_is_not_there_or_no_plain_file_ends_no_extent() {
    let bed = Bed::new();
    bed.write("mapping.toml", KEY_ONLY);
    let mapping: &[(&str, &str)] = &[("mapping", "mapping.toml")];
    let absent = survey_of(bed.source("csv", "none.csv", mapping).as_ref()).await.unwrap_err();
    assert_eq!(absent.class(), tenure_connect::FailureClass::Retry);
    assert!(absent.to_string().contains("none.csv is not there"), "{absent}");
    bed.write("list.csv", "id\na\n");
    std::os::unix::fs::symlink(bed.path("list.csv"), bed.path("link.csv")).unwrap();
    for (name, options, says) in [
        ("link.csv", mapping, "links are not followed"),
        (
            "list.csv",
            &[("mapping", "mapping.toml"), ("bytes-max", "3")][..],
            "has 5 bytes, and at most 3 are read",
        ),
        ("list.csv", &[("mapping", "none.toml")][..], "none.toml is not there"),
    ] {
        let failure = survey_of(bed.source("csv", name, options).as_ref()).await.unwrap_err();
        assert!(failure.to_string().contains(says), "{failure}");
    }
}

#[tokio::test]
async fn more_records_than_are_allowed_are_said() {
    let bed = Bed::new();
    bed.write("mapping.toml", KEY_ONLY);
    bed.write("list.csv", "id\na\nb\nc\n");
    let source = bed.source("csv", "list.csv", &[("mapping", "mapping.toml"), ("records-max", "2")]);
    let survey = survey_of(source.as_ref()).await.unwrap();
    assert_eq!(survey.names(), ["a", "b"]);
    assert_eq!(survey.why_part(), "line 4: there are more records than the setting `records-max` allows");
}

/// A sink that writes to the file as soon as the first page comes.
struct Meddler {
    path: std::path::PathBuf,
    inner: crate::bed::Survey,
}

#[async_trait::async_trait]
impl tenure_connect::SurveySink for Meddler {
    async fn page(
        &mut self,
        extent: &tenure_model::Extent,
        page: Vec<tenure_model::Observation>,
    ) -> Result<(), tenure_connect::SinkClosed> {
        use std::io::Write as _;
        let mut file = std::fs::OpenOptions::new().append(true).open(&self.path).unwrap();
        file.write_all(b"late\n").unwrap();
        self.inner.page(extent, page).await
    }

    async fn end(
        &mut self,
        extent: &tenure_model::Extent,
        completeness: Completeness,
    ) -> Result<(), tenure_connect::SinkClosed> {
        self.inner.end(extent, completeness).await
    }

    async fn not_observable(
        &mut self,
        note: tenure_connect::NotObservable,
    ) -> Result<(), tenure_connect::SinkClosed> {
        self.inner.not_observable(note).await
    }
}

#[tokio::test]
async fn a_file_that_is_written_to_while_it_is_read_is_a_part() {
    let bed = Bed::new();
    bed.write("mapping.toml", KEY_ONLY);
    // Long enough that the reader is still at work when the first page is taken: it may be ahead by a few pages only.
    let rows: String = (0..30_000).fold("id\n".to_owned(), |mut rows, number| {
        let _ = writeln!(rows, "key-{number}");
        rows
    });
    let path = bed.write("list.csv", rows);
    let source = bed.source("csv", "list.csv", &[("mapping", "mapping.toml")]);
    let mut meddler = Meddler { path, inner: crate::bed::Survey::default() };
    source.observe(tenure_model::Instant::from_micros(0), &mut meddler).await.unwrap();
    assert!(
        meddler.inner.why_part().contains("the file changed while it was read"),
        "{:?}",
        meddler.inner.ends
    );
}

#[tokio::test]
async fn a_receiver_that_is_gone_ends_the_reading() {
    struct Gone;
    #[async_trait::async_trait]
    impl tenure_connect::SurveySink for Gone {
        async fn page(
            &mut self,
            _: &tenure_model::Extent,
            _: Vec<tenure_model::Observation>,
        ) -> Result<(), tenure_connect::SinkClosed> {
            Err(tenure_connect::SinkClosed)
        }
        async fn end(
            &mut self,
            _: &tenure_model::Extent,
            _: Completeness,
        ) -> Result<(), tenure_connect::SinkClosed> {
            panic!("nothing is ended for a receiver that is gone")
        }
        async fn not_observable(
            &mut self,
            _: tenure_connect::NotObservable,
        ) -> Result<(), tenure_connect::SinkClosed> {
            Err(tenure_connect::SinkClosed)
        }
    }
    let bed = Bed::new();
    bed.write("mapping.toml", KEY_ONLY);
    bed.write("list.csv", "id\na\n");
    let source = bed.source("csv", "list.csv", &[("mapping", "mapping.toml")]);
    source.observe(tenure_model::Instant::from_micros(0), &mut Gone).await.unwrap();
}
