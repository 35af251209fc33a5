//! What each kind of file becomes, down to every line.
//!
//! The sample files are made up and must never hold anybody's data. Next: `bad_input.rs`.

use crate::bed::{Bed, KEY_ONLY};

const REPEATED: &str = "version = 1
[rows]
repeat = true
[principal]
key = \"id\"
name = \"name\"
[[credential]]
key = \"key_id\"
kind = { is = \"cloud_key\" }
state = \"status\"
[[right]]
right = \"right\"
resource = \"on\"
";

#[tokio::test]
async fn several_rows_may_be_about_one_principal() {
    let bed = Bed::new();
    let rows = "id,name,key_id,status,right,on\n\
        1,shop,k1,active,read,orders\n\
        1,shop,k2,Inactive,read,orders\n\
        2,desk,,,admin,tickets\n\
        1,shop,,,write,orders\n";
    let survey = bed.survey("csv", rows, REPEATED).await;
    assert_eq!(survey.why_part(), "whole");
    insta::assert_snapshot!(survey.told());
    let differ =
        "id,name,key_id,status,right,on\n1,shop,,,,\n1,store,,,,\n2,desk,k,active,,\n2,desk,k,inactive,,\n";
    let survey = bed.survey("csv", differ, REPEATED).await;
    assert_eq!(
        survey.why_part(),
        "line 3: its key came before and it says something else about the same principal; \
         line 5: a credential of the same principal has the same key"
    );
    assert_eq!(survey.names(), ["shop", "desk"]);
}

#[tokio::test]
async fn without_a_word_about_it_a_key_that_comes_twice_makes_the_extent_a_part() {
    let bed = Bed::new();
    let survey = bed.survey("csv", "id\na\nb\na\n", KEY_ONLY).await;
    assert!(survey.why_part().starts_with("line 4: its key came before; if several rows"), "{survey:?}");
    assert_eq!(survey.names(), ["a", "b"]);
}

#[tokio::test]
async fn json_is_read_as_a_list_as_lines_and_inside_an_object() {
    let bed = Bed::new();
    let mapping = "version = 1
[rows]
list = \"users\"
[principal]
key = \"/who/id\"
name = \"login\"
kind = { column = \"bot\", words = { true = \"agent\", false = \"account\" } }
built_in = { is = false }
[principal.facts]
tags = \"tags\"
age_days = { column = \"age\", as = \"number\" }
made = { column = \"made\", as = \"date\", format = \"unix-ms\" }
mfa = { column = \"mfa\", as = \"flag\" }
[[right]]
right = { is = \"member\" }
resource = \"groups\"
[last_use]
at = \"seen\"
by = \"client\"
";
    let one = r#"{"who":{"id":7},"login":"bot-7","bot":true,"tags":["a","b"],"age":12,"made":1772359200000,"mfa":"no",
        "groups":["ops","dev"],"seen":"2026-03-01T10:30:00+01:00","client":"ci"}"#;
    let two = r#"{"who":{"id":"8"},"login":"desk","bot":false,"tags":null,"groups":[],"seen":""}"#;
    let survey = bed.survey("json", format!("{{\"count\":2,\"users\":[{one},{two}]}}"), mapping).await;
    assert_eq!(survey.why_part(), "whole");
    insta::assert_snapshot!(survey.told());
    let flat = mapping.replace("[rows]\nlist = \"users\"\n", "");
    for content in [format!("[{one},\n{two}]\n"), format!("{one}\n{two}\n"), format!("\u{feff}{one}{two}")] {
        let other = bed.survey("json", content, &flat).await;
        assert_eq!((other.names(), other.why_part()), (survey.names(), "whole".to_owned()));
    }
    let nowhere = bed.try_survey("json", "{\"items\":[]}", mapping).await.unwrap_err();
    assert!(nowhere.to_string().contains("the file has no list `users`"), "{nowhere}");
}

#[tokio::test]
async fn a_semicolon_a_byte_order_mark_and_windows_line_ends_are_fine() {
    let bed = Bed::new();
    let mapping = format!("{KEY_ONLY}name = \"name\"\n[rows]\ndelimiter = \";\"\n");
    let survey = bed.survey("csv", "\u{feff}id;name\r\n1;\"a;b\r\nc\"\r\n\r\n2;d\r\n", &mapping).await;
    assert_eq!((survey.why_part(), survey.names()), ("whole".to_owned(), vec!["a;b\r\nc", "d"]));
    assert!(survey.told().contains("defined_in=list:5"), "{}", survey.told());
}

#[tokio::test]
async fn findings_of_prowler_become_the_identities_they_are_about() {
    let bed = Bed::new();
    let survey = bed.survey("prowler", include_str!("samples/prowler.ocsf.json"), "").await;
    assert_eq!(survey.why_part(), "whole");
    insta::assert_snapshot!(survey.told());
    let survey = bed.survey("prowler", "[{\"resources\":[{\"type\":\"AwsIamUser\"}]},{\"x\":1}]", "").await;
    assert_eq!(
        survey.why_part(),
        "line 1: column `resources.uid` is empty; \
         line 1: it is no finding with resources (Prowler writes those as JSON-OCSF)"
    );
}

#[tokio::test]
async fn a_graph_of_cartography_is_the_same_in_every_form_of_its_export() {
    let bed = Bed::new();
    let lines = include_str!("samples/cartography.jsonl");
    let survey = bed.survey("cartography", lines, "").await;
    assert_eq!(survey.why_part(), "whole");
    insta::assert_snapshot!(survey.told());
    let values: Vec<&str> = lines.lines().collect();
    let (nodes, rels): (Vec<&str>, Vec<&str>) =
        values.iter().partition(|line| line.starts_with("{\"type\":\"node\""));
    let forms = [
        format!("[{}]", values.join(",\n")),
        format!("{{\"nodes\":[{}],\"rels\":[{}]}}", nodes.join(","), rels.join(",")),
    ];
    for form in forms {
        let other = bed.survey("cartography", form, "").await;
        assert_eq!(without_lines(&other.told()), without_lines(&survey.told()));
    }
    let table = bed.survey("cartography", include_str!("samples/cartography.csv"), "").await;
    assert_eq!(table.why_part(), "whole");
    assert_eq!(without_lines(&table.told()), without_lines(&survey.told()));
}

fn without_lines(told: &str) -> String {
    let words = told.split_inclusive([' ', '\n']);
    words.filter(|word| !word.starts_with("defined_in=")).collect()
}

#[tokio::test]
async fn a_credential_that_belongs_to_nobody_and_a_node_that_never_came_are_said() {
    let bed = Bed::new();
    let key = r#"{"type":"node","id":"1","labels":["AccountAccessKey"],"properties":{"accesskeyid":"AKIAQYLPMN5HFIQR7XYA"}}"#;
    let rel =
        r#"{"type":"relationship","id":"2","label":"AWS_ACCESS_KEY","start":{"id":"9"},"end":{"id":"1"}}"#;
    let survey = bed.survey("cartography", format!("{key}\n{rel}\n"), "").await;
    assert_eq!(
        survey.why_part(),
        "line 1: no relationship says whose this credential is; \
         line 2: a relationship names a node that did not come before it"
    );
    let refused = bed.try_survey("cartography", "id,name\n1,a\n", "").await.unwrap_err();
    assert!(refused.to_string().contains("the file has no column `_id`"), "{refused}");
}
