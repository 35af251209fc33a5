//! Any bytes at all, by any of some mappings: a reading ends, hands over claims only, and never more than it read.

use crate::bed::Bed;
use proptest::prelude::*;
use tenure_connect_import::{Format, PreviewRequest, preview};
use tenure_model::{Fact, Observation};

/// Mappings that use everything there is.
const MAPPINGS: &[&str] = &[
    "version = 1\n[principal]\nkey = \"a\"\n",
    "version = 1\n[rows]\nrepeat = true\n[principal]\nkey = \"a\"\nname = \"b\"\nkind = { column = \"c\", otherwise = \"agent\" }\n\
     login = \"b\"\nowner_hints = [\"b\", \"c\"]\n[principal.facts]\nn = { column = \"c\", as = \"number\" }\n\
     [[credential]]\nkey = \"b\"\nkind = { is = \"token\" }\nvalid_until = { column = \"c\", format = \"%d.%m.%Y\" }\n\
     fingerprint = \"c\"\n[[right]]\nright = { column = \"b\", split = \";\" }\nresource = { column = \"c\", split = \";\" }\n\
     [last_use]\nat = { column = \"c\", format = \"unix\" }\nby = \"b\"\n",
];

/// Reads the content as every kind of file.
fn check(content: &[u8]) {
    let bed = Bed::new();
    let path = bed.write("list", content);
    for format in Format::ALL {
        let mappings = if format.needs_mapping() { MAPPINGS } else { &[""] };
        for mapping in mappings {
            let mapping = format.needs_mapping().then(|| bed.write("mapping.toml", mapping));
            let request =
                PreviewRequest { path: path.clone(), format: *format, mapping, principals_shown: usize::MAX };
            let Ok(seen) = preview(&request) else { continue };
            let lines = content.split(|byte| *byte == b'\n').count() as u64;
            assert!(seen.reasons.iter().all(|reason| reason.first_line <= lines), "{seen:?}");
            for observation in &seen.first {
                let facts = match observation {
                    Observation::Principal(principal) => &principal.facts,
                    Observation::Credential(credential) => &credential.facts,
                    _ => continue,
                };
                assert_eq!(facts.get("claimed"), Some(&Fact::Flag(true)));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_rows_are_read_to_an_end(rows in "(a,b,c\n)?([a-c=0-9;.\",\\r\n\u{0}\u{e9}]{0,12}\n){0,6}[ab,\"]{0,3}") {
        check(rows.as_bytes());
    }

    #[test]
    fn any_values_are_read_to_an_end(
        values in "\\[?(\\{\"(a|type|resources|labels|id)\":(\"(node|relationship|x)?\"|1|null|\\[\"AWSUser\"\\]|\\[\\{\"type\":\"AwsIamUser\",\"uid\":\"u\"\\}\\])(,\"(b|id|labels|start|properties)\":(1|\"2\"|\\[\"OktaApiToken\"\\]|\\{\"id\":\"2\"\\}))?\\},?\n?){0,5}\\]?"
    ) {
        check(values.as_bytes());
    }

    #[test]
    fn any_bytes_are_read_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        check(&bytes);
    }
}
