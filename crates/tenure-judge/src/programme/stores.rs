//! Stores: where the credential of what is to be made may live, per class and environment.
//!
//! `federation` needs no store, is always known and is preferred: nothing lies anywhere. A class that names stores means
//! those alone. It must never say where a credential is; surveys do. Next: `class.rs`.

use super::{Class, Part, Programme, ProgrammeRefused, named};
use serde::{Deserialize, Serialize};
use tenure_model::{Environment, noun, printable};

/// Stores of one programme, at most.
const STORES_MAX: usize = 100;
/// What is written where no secret is stored.
pub const FEDERATION: &str = "federation";

noun! {
    /// What a store is.
    pub enum StoreKind as "kind of store" {
        /// Nothing is stored: the system trusts somebody else's word about who comes.
        Federation = "federation",
        /// A secrets manager.
        Vault = "vault",
        /// The secrets of a cluster.
        Kubernetes = "kubernetes",
        /// The secrets manager of a cloud.
        Cloud = "cloud",
        /// Hardware that lets nothing out.
        Hardware = "hardware",
        /// A file on a machine.
        File = "file",
    }
}

/// Where credentials may live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialStore {
    /// Its short name: lower-case letters, digits and hyphens.
    pub id: String,
    /// What it is.
    pub kind: StoreKind,
    /// Environments for which it is approved; all of them when none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<Environment>,
}

impl Programme {
    /// Names of the stores that are approved for a class and an environment, federation first.
    pub fn approved_stores(&self, class: Option<&Class>, environment: Option<Environment>) -> Vec<&str> {
        let named = class.map_or(&[][..], |class| &class.approved_stores);
        let of_class = |id: &str| named.is_empty() || named.iter().any(|one| one == id);
        let is_here = |store: &&CredentialStore| {
            store.environments.is_empty()
                || environment.is_some_and(|here| store.environments.contains(&here))
        };
        let ours = self.stores.iter().filter(is_here).map(|store| store.id.as_str());
        let mut approved: Vec<&str> =
            std::iter::once(FEDERATION).chain(ours).filter(|id| of_class(id)).collect();
        approved.sort_by_key(|id| !self.is_federation(id));
        approved
    }

    /// Whether nothing is stored there.
    pub fn is_federation(&self, id: &str) -> bool {
        id == FEDERATION
            || self.stores.iter().any(|store| store.id == id && store.kind == StoreKind::Federation)
    }
}

/// Everything that is wrong with the stores, and with what classes say of them.
pub(super) fn faults(stores: &[CredentialStore], classes: &[Class]) -> Vec<ProgrammeRefused> {
    let ids: Vec<&str> = stores.iter().map(|store| store.id.as_str()).collect();
    let mut faults = named::faults(Part::Store, &ids, STORES_MAX);
    for (index, store) in stores.iter().enumerate().take(STORES_MAX) {
        if store.id == FEDERATION && store.kind != StoreKind::Federation {
            let why = format!("`{FEDERATION}` is where nothing is stored; call a {} otherwise", store.kind);
            faults.push(ProgrammeRefused::PartUnfit { part: Part::Store, index, field: "id", why });
        }
    }
    let known: Vec<&str> = ids.iter().copied().chain([FEDERATION]).collect();
    for (index, class) in classes.iter().enumerate() {
        for given in class.approved_stores.iter().filter(|given| !known.contains(&given.as_str())) {
            let why =
                format!("class `{}`: {}", printable(&class.id, 60), named::unknown(given, "store", &known));
            faults.push(ProgrammeRefused::ClassUnfit { index, field: "approved_stores", why });
        }
    }
    faults
}
