//! Azure's command line: its token cache and the secrets of service principals. Access tokens, which end within
//! the hour, are passed over; refresh tokens are not.

use super::tree::{Node, json};
use super::{LineFault, Parsed};
use crate::item::{Item, Problem, ThingKind};

/// Reads one file of `.azure`.
pub fn read(bytes: &[u8]) -> Parsed<Item> {
    let mut parsed = Parsed::default();
    let Some(tree) = json(bytes) else {
        parsed.skip(1, LineFault::Format);
        return parsed;
    };
    let refresh = tree.get("RefreshToken").map(Node::table).unwrap_or_default();
    for (_, token) in refresh {
        let user = token.text_of("home_account_id").unwrap_or("unnamed");
        parsed.things.extend(item(
            user,
            token.text_of("secret"),
            token.text_of("environment"),
            "refresh_token",
        ));
    }
    for entry in tree.list() {
        // `service_principal_entries.json`, and `accessTokens.json` of older versions.
        let user =
            entry.text_of("client_id").or(entry.text_of("servicePrincipalId")).or(entry.text_of("userId"));
        let secret = entry
            .text_of("client_secret")
            .or(entry.text_of("accessToken").filter(|_| entry.text_of("servicePrincipalId").is_some()));
        let towards = entry.text_of("tenant").or(entry.text_of("servicePrincipalTenant"));
        parsed.things.extend(item(user.unwrap_or("unnamed"), secret, towards, "client_secret"));
        let refresh = entry.text_of("refreshToken");
        parsed.things.extend(item(
            user.unwrap_or("unnamed"),
            refresh,
            entry.text_of("_authority"),
            "refresh_token",
        ));
    }
    parsed
}

fn item(whose: &str, secret: Option<&str>, towards: Option<&str>, what: &str) -> Option<Item> {
    secret.map(|secret| {
        Item::new(ThingKind::AzureToken, whose)
            .towards(towards.unwrap_or("Azure"))
            .value(secret.as_bytes())
            .text("what", what)
            .problem_if(true, Problem::SecretInClear)
    })
}
