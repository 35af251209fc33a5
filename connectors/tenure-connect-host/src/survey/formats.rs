//! From bytes to items, by format: the one place that knows which reader reads what.

use crate::catalogue::Format;
use crate::item::{Item, ThingKind};
use crate::read::assistants;
use crate::read::cron::{self, CronTable};
use crate::read::private_key::KeyFormat;
use crate::read::{
    LineFault, Parsed, Skipped, authorized_keys, aws, azure, cargo, certificate, docker, environment, gcloud,
    git_credentials, group, kubeconfig, launchd, my_cnf, netrc, npmrc, pgpass, private_key, pypirc, shadow,
    token_files,
};
use std::collections::BTreeSet;
use tenure_secrets::Scanner;

pub(super) fn items(format: Format, bytes: &[u8], name: &str, scanner: &Scanner) -> Parsed<Item> {
    match format {
        Format::Shadow => {
            let parsed = shadow::read(bytes);
            let things = parsed.things.into_iter().filter_map(shadow::ShadowEntry::into_item).collect();
            Parsed { things, skipped: parsed.skipped }
        }
        Format::Group => group::read(bytes).map(|group| group.item()),
        Format::Launchd(started_by) => launchd::read(bytes, name, started_by, scanner),
        Format::SystemCron => cron::read(bytes, CronTable::OfSystem, scanner),
        Format::UserCron => cron::read(bytes, CronTable::OfUser(name), scanner),
        Format::AuthorizedKeys => authorized_keys::read(bytes).map(|key| key.item()),
        Format::PrivateKeys(kind) => private_key::read(bytes).map(|key| key.item(kind, name)),
        Format::CertificatesAndKeys => certificates_and_keys(bytes, name),
        Format::Aws => aws::read(bytes),
        Format::Gcloud => gcloud::read(bytes),
        Format::Azure => azure::read(bytes),
        Format::Kubeconfig => kubeconfig::read(bytes),
        Format::Docker => docker::read(bytes),
        Format::Npmrc => npmrc::read(bytes),
        Format::Pypirc => pypirc::read(bytes),
        Format::Cargo => cargo::read(bytes),
        Format::Netrc => netrc::read(bytes),
        Format::Pgpass => pgpass::read(bytes),
        Format::MyCnf => my_cnf::read(bytes),
        Format::GitCredentials => git_credentials::read(bytes),
        Format::Terraform => token_files::terraform(bytes),
        Format::TerraformRc => token_files::terraform_rc(bytes),
        Format::Vault => token_files::vault(bytes),
        Format::Github => token_files::github(bytes),
        Format::Gitlab => token_files::gitlab(bytes),
        Format::Copilot => token_files::copilot(bytes),
        Format::HuggingFace => token_files::hugging_face(bytes),
        Format::Assistant(written) => assistants::read(bytes, written, scanner),
        Format::AssistantLogins(written) => assistants::read_logins(bytes, written, scanner),
        Format::Environment => environment::read(bytes, scanner),
        // These are read with what lies beside them, or not opened.
        Format::Unit | Format::SshServer | Format::KeyStore | Format::PlatformToken => Parsed::default(),
    }
}

fn certificates_and_keys(bytes: &[u8], name: &str) -> Parsed<Item> {
    let mut certificates = certificate::read(bytes).map(|certificate| certificate.item(false));
    let keys = private_key::read(bytes).map(|key| {
        // OpenSSH's own format is used for nothing but SSH.
        let ssh = matches!(key.format, KeyFormat::OpenSsh | KeyFormat::Putty);
        key.item(if ssh { ThingKind::SshPrivateKey } else { ThingKind::PrivateKey }, name)
    });
    certificates.things.extend(keys.things);
    // Both read the same blocks and say the same of a broken one.
    let said: BTreeSet<(u32, LineFault)> =
        certificates.skipped.iter().map(|skipped| (skipped.line, skipped.why)).collect();
    let new = |skipped: &Skipped| !said.contains(&(skipped.line, skipped.why));
    certificates.skipped.extend(keys.skipped.into_iter().filter(new));
    certificates
}
