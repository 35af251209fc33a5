//! Ways to a cloud that need no static key: what says that one is set up here.
//!
//! Variables by which a platform hands a workload its token, and what a configuration names. Nothing of a token is
//! read, and no metadata service is asked. This file must never claim a way from a name alone: the value must name a
//! file or a place. Next: `aws.rs`, `gcloud.rs`, which find more of them, and `../map/federation.rs`.

use crate::item::{Item, ThingKind};
use crate::place::shown;

/// Clouds, as items name them.
pub(crate) const AWS: &str = "AWS";
/// See `AWS`.
pub(crate) const GOOGLE: &str = "Google Cloud";
/// See `AWS`.
pub(crate) const AZURE: &str = "Azure";

/// Variables of platforms, which cloud each is for, and what it means that it is set.
const VARIABLES: [(&str, &str, &str); 4] = [
    ("AWS_WEB_IDENTITY_TOKEN_FILE", AWS, "the platform hands out a web identity token for a role"),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", AWS, "the container has a task role"),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", AWS, "the container has a role by an agent beside it"),
    ("AZURE_FEDERATED_TOKEN_FILE", AZURE, "the platform hands out a federated token"),
];

/// Files in which platforms hand out tokens, and what it means that one is there.
const FILES: [(&str, &str, &str); 2] = [
    ("eks.amazonaws.com/serviceaccount", AWS, "the platform hands out a web identity token for a role"),
    ("azure/tokens", AZURE, "the platform hands out a federated token"),
];

/// A way to a cloud; `says` ends a sentence that begins with whose it is.
pub(crate) fn way(cloud: &str, whose: &str, says: &str) -> Item {
    Item::new(ThingKind::CloudFederation, whose).towards(cloud).text("way", says)
}

/// A way that a variable shows. Examples and references to other variables show none.
pub(crate) fn of_variable(name: &str, value: &[u8]) -> Option<Item> {
    let (_, cloud, says) = VARIABLES.iter().find(|(known, _, _)| *known == name)?;
    let value = value.trim_ascii();
    let names_a_place =
        value.starts_with(b"/") || value.starts_with(b"http://") || value.starts_with(b"https://");
    let example = value.windows(2).any(|pair| pair == b"${") || value.contains(&b'<');
    (names_a_place && !example).then(|| way(cloud, name, says))
}

/// A way that the mere presence of a platform's token shows, by the folder it lies in. The token is not read.
pub(crate) fn of_token_file(folder: &[u8]) -> Option<Item> {
    let folder = shown(folder);
    let (_, cloud, says) = FILES.iter().find(|(known, _, _)| folder.ends_with(known))?;
    Some(way(cloud, "a token of the platform", says))
}

#[cfg(test)]
mod tests {
    use super::{of_token_file, of_variable};

    #[test]
    fn a_variable_shows_a_way_only_where_it_names_a_place() {
        let towards = |name: &str, value: &str| of_variable(name, value.as_bytes())?.towards;
        assert_eq!(towards("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/t"), Some("AWS".to_owned()));
        assert_eq!(towards("AZURE_FEDERATED_TOKEN_FILE", "/var/run/t"), Some("Azure".to_owned()));
        assert_eq!(
            towards("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/x"),
            Some("AWS".to_owned())
        );
        for value in ["", "token", "${TOKEN_FILE}", "/<path>"] {
            assert_eq!(towards("AWS_WEB_IDENTITY_TOKEN_FILE", value), None, "{value}");
        }
        assert_eq!(towards("MY_AWS_WEB_IDENTITY_TOKEN_FILE", "/x"), None);
        assert!(
            of_token_file(b"run/secrets/azure/tokens").is_some() && of_token_file(b"run/secrets").is_none()
        );
    }
}
