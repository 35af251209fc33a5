//! Google Cloud: service-account keys and application default credentials, as JSON.

use super::federation::{GOOGLE, way};
use super::tree::json;
use super::{LineFault, Parsed};
use crate::item::{Item, Problem, ThingKind};

/// Reads one file. Credentials of an `external_account` are a federation: they hold no secret, and show
/// a way without one.
pub fn read(bytes: &[u8]) -> Parsed<Item> {
    let mut parsed = Parsed::default();
    let Some(tree) = json(bytes) else {
        parsed.skip(1, LineFault::Format);
        return parsed;
    };
    let text = |name: &str| tree.text_of(name);
    let of = text("client_email").or(text("account")).or(text("client_id")).unwrap_or("unnamed");
    let item = match text("type") {
        Some("service_account") => text("private_key").map(|key| {
            let item = Item::new(ThingKind::GcpServiceAccountKey, of).value(key.as_bytes());
            let item = item.text("key_id", text("private_key_id").unwrap_or("unknown"));
            item.text("project", text("project_id").unwrap_or("unknown"))
        }),
        Some("authorized_user") => {
            text("refresh_token").map(|token| Item::new(ThingKind::GcpUserToken, of).value(token.as_bytes()))
        }
        Some("impersonated_service_account") => {
            let source = tree.get("source_credentials");
            let token = source.and_then(|source| source.text_of("refresh_token"));
            token.map(|token| Item::new(ThingKind::GcpUserToken, of).value(token.as_bytes()))
        }
        Some("external_account") if text("audience").is_some() => {
            let impersonated =
                text("service_account_impersonation_url").and_then(|url| url.rsplit('/').next());
            let account = impersonated.map(|name| name.split(':').next().unwrap_or(name));
            let of = account.unwrap_or("workload identity");
            parsed.things.push(way(GOOGLE, of, "workload identity federation is configured"));
            None
        }
        _ => None,
    };
    parsed.things.extend(item.map(|item| item.towards(GOOGLE).problem_if(true, Problem::SecretInClear)));
    parsed
}
