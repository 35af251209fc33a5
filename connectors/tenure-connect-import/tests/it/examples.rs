//! The examples of docs/import.md, read as they stand there.

use crate::bed::{Bed, survey_of};
use std::fmt::Write as _;

/// The files of the page: each block of code after a comment that names it.
fn files() -> Vec<(String, String)> {
    let page = include_str!("../../../../docs/import.md");
    let parts = page.split("<!-- file: ").skip(1);
    let file = |part: &str| {
        let (name, rest) = part.split_once(" -->\n").unwrap();
        let block = rest.strip_prefix("```").unwrap();
        let (_, block) = block.split_once('\n').unwrap();
        let (content, _) = block.split_once("```").unwrap();
        (name.to_owned(), content.to_owned())
    };
    parts.map(file).collect()
}

#[tokio::test]
async fn every_example_of_the_documentation_is_whole_and_becomes_what_it_says() {
    let bed = Bed::new();
    for (name, content) in files() {
        bed.write(&name, content);
    }
    let mut told = String::new();
    for (scheme, name, mapping) in [
        ("csv", "identities.csv", Some("crm.toml")),
        ("json", "integrations.json", Some("integrations.toml")),
        ("prowler", "prowler.ocsf.json", None),
        ("cartography", "graph.jsonl", None),
    ] {
        let options: Vec<(&str, &str)> = mapping.iter().map(|mapping| ("mapping", *mapping)).collect();
        let survey = survey_of(bed.source(scheme, name, &options).as_ref()).await.unwrap();
        assert_eq!(survey.why_part(), "whole", "{name}");
        let _ = writeln!(told, "# {name}\n{}", survey.told());
    }
    insta::assert_snapshot!(told);
}
