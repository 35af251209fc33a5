//! Planted values: nothing of them shows in anything a survey, a check or a preview gives.

use crate::bed::{Bed, survey_of};
use tenure_connect_import::{Format, PreviewRequest, preview};

const CANARIES: [&str; 4] =
    ["canary-4kq9zt7w2m", "canary-8vx3pd6n1r", "canary-5jh2yf9c0b", "canary-7ma6ws4g3e"];

#[tokio::test]
async fn no_secret_of_a_file_shows_anywhere() {
    let bed = Bed::new();
    let [password, token, shifted, nested] = CANARIES;
    let slack = format!("{}-{}-{}-{}", "xoxb", "271828182845", "314159265358", "aZq3Wk7Lm9Xc5Vb1Nt8Rp2Yd");
    let csv = format!(
        "id,name,password,api_token,note\n1,a,{password},{token},see {slack}\n2,b,{password}\n3,{slack},x,y,z\n\
         4,d,{password},{token},\"{shifted}\n"
    );
    let mapping = "version = 1\n[principal]\nkey = \"id\"\nname = \"name\"\nowner_hints = [\"note\"]\n\
        [[credential]]\nkey = { is = \"token\" }\nkind = { is = \"token\" }\nfingerprint = \"api_token\"\n";
    bed.write("list.csv", &csv);
    bed.write("mapping.toml", mapping);
    let source = bed.source("csv", "list.csv", &[("mapping", "mapping.toml")]);
    let survey = survey_of(source.as_ref()).await.unwrap();
    let check = source.check().await.unwrap();
    let request = PreviewRequest {
        path: bed.path("list.csv"),
        format: Format::Csv,
        mapping: Some(bed.path("mapping.toml")),
        principals_shown: 10,
    };
    let shown = preview(&request).unwrap();
    let json = format!(
        "[{{\"id\":1,\"login\":{{\"password\":\"{nested}\"}},\"secrets\":[\"{token}\"]}},{{\"id\":\"{shifted}\""
    );
    let other = bed.survey("json", json, "version = 1\n[principal]\nkey = \"id\"\n").await;
    let everything =
        format!("{survey:?}{check:?}{shown:?}{}{other:?}", serde_json::to_string(&shown).unwrap());
    for canary in CANARIES.iter().chain([&slack.as_str()]) {
        assert!(!everything.contains(canary), "{canary} shows in {everything}");
    }
    assert_eq!(survey.names(), ["a"], "a row with a token for a name is left out");
    assert!(everything.contains("host-value:"), "the mapped one is known again by its fingerprint");
    assert_eq!(shown.dropped.get("password"), Some(&4));
    assert_eq!(shown.dropped.get("note"), Some(&1));
    let note = survey.notes.iter().find(|note| note.what == "values that look like secrets").unwrap();
    assert_eq!(note.why, "they were dropped and are kept nowhere: `note` (1), `password` (4)");
    let note = other.notes.iter().find(|note| note.what == "values that look like secrets").unwrap();
    assert!(note.why.contains("`password` (1)") && note.why.contains("`secrets` (1)"), "{note:?}");
}
