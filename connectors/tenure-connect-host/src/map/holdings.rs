//! Keys and certificates that a machine or an account shows to others.

use super::{MACHINE, Mapper, fingerprint, text};
use crate::found::Found;
use crate::item::ThingKind;
use tenure_model::{CredentialKind, CredentialState, Fact, Instant, ObservedCredential, PrincipalKey, flag};

impl Mapper<'_> {
    /// Certificates, their keys, host keys and containers of keys.
    pub(super) fn holdings(&mut self) {
        let mut met = super::given::Given::default();
        for thing in self.all() {
            let Some(kind) = kind_of(thing.kind) else { continue };
            let account = thing.account.as_ref().and_then(|account| self.accounts.get(account));
            let holder = account.map_or_else(|| PrincipalKey(MACHINE.to_owned()), |seen| seen.key.clone());
            let key = met.unique(&format!("{}:{}{}", kind, thing.place, part_of_file(thing)));
            let credential = ObservedCredential {
                key,
                principal: holder,
                kind,
                state: CredentialState::Live,
                fingerprint: fingerprint(thing),
                valid_until: valid_until(thing),
                facts: self.facts_of_file(thing),
            };
            let extent = self.extents.of(thing);
            self.credential(&extent, credential);
        }
    }
}

fn kind_of(kind: ThingKind) -> Option<CredentialKind> {
    match kind {
        ThingKind::Certificate => Some(CredentialKind::Certificate),
        ThingKind::PrivateKey => Some(CredentialKind::PrivateKey),
        ThingKind::SshHostKey => Some(CredentialKind::SshKey),
        ThingKind::KeyStore => Some(CredentialKind::KeyStore),
        _ => None,
    }
}

/// What tells several of one file apart, and stays when a line above is added.
fn part_of_file(thing: &Found) -> String {
    text(&thing.facts, "serial").map(|serial| format!("#{serial}")).unwrap_or_default()
}

/// The end of a certificate that this machine can present: one whose key is here. Of any other, such as an
/// authority's, the end is somebody else's matter and stays a fact.
fn valid_until(thing: &Found) -> Option<Instant> {
    let ours = flag(&thing.facts, "key_beside") == Some(true) || thing.facts.contains_key("key_place");
    match thing.facts.get("not_after") {
        Some(Fact::At(ends)) if ours => Some(*ends),
        _ => None,
    }
}
