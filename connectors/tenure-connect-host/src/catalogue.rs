//! Which place means what: the whole table of places that are looked for.
//!
//! Paths are relative to the root or to a home; `*` stands for one name or a part of one. What is not in this
//! table is not opened. This file must never read anything. Next: `survey.rs`, which goes through it, and
//! README.md, which shows it to people.

use crate::item::ThingKind;
use crate::read::assistants::Written;
use crate::read::launchd::StartedBy;

/// What a file's content is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `shadow`.
    Shadow,
    /// `group`.
    Group,
    /// A service or timer of systemd, with its drop-ins.
    Unit,
    /// A job of launchd; who starts it.
    Launchd(StartedBy),
    /// A cron table of the system.
    SystemCron,
    /// A cron table of the user it is named after.
    UserCron,
    /// `sshd_config`.
    SshServer,
    /// `authorized_keys`.
    AuthorizedKeys,
    /// A file that may hold private keys; what they are used for.
    PrivateKeys(ThingKind),
    /// A file that may hold certificates, private keys, or both.
    CertificatesAndKeys,
    /// A container of keys or tokens that is noted and not opened.
    KeyStore,
    /// AWS profiles.
    Aws,
    /// A token that a platform hands out: that it is there is noted, it is not opened.
    PlatformToken,
    /// Credentials for Google Cloud.
    Gcloud,
    /// Tokens and secrets of Azure's command line.
    Azure,
    /// `kubeconfig`.
    Kubeconfig,
    /// Docker's `config.json`.
    Docker,
    /// `.npmrc`.
    Npmrc,
    /// `.pypirc`.
    Pypirc,
    /// Cargo's `credentials.toml`.
    Cargo,
    /// `.netrc`.
    Netrc,
    /// `.pgpass`.
    Pgpass,
    /// `my.cnf`.
    MyCnf,
    /// `.git-credentials`.
    GitCredentials,
    /// `credentials.tfrc.json`.
    Terraform,
    /// `.terraformrc`, `terraform.rc`.
    TerraformRc,
    /// `.vault-token`.
    Vault,
    /// GitHub's command line.
    Github,
    /// GitLab's command line.
    Gitlab,
    /// Copilot.
    Copilot,
    /// Hugging Face's token.
    HuggingFace,
    /// A configuration of an assistant.
    Assistant(Written),
    /// A file in which an assistant keeps logins.
    AssistantLogins(Written),
    /// `.env`, or a start file of a shell.
    Environment,
}

impl Format {
    /// Whether a program keeps its own logins there: nobody wrote the secret in by hand, and it is the program's to
    /// keep it better.
    pub(crate) const fn keeps_logins(self) -> bool {
        matches!(self, Self::AssistantLogins(_) | Self::HuggingFace | Self::Copilot)
    }
}

/// One place that is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Spot {
    /// Where, relative to the root or to a home.
    pub pattern: &'static str,
    /// What is there.
    pub format: Format,
}

const fn spot(pattern: &'static str, format: Format) -> Spot {
    Spot { pattern, format }
}

/// Places of the machine, below the root. `passwd` is read before all of them. Units of the administrator stand
/// before those of packages: of two with one name the first counts.
pub const SYSTEM: &[Spot] = &[
    spot("etc/shadow", Format::Shadow),
    spot("etc/group", Format::Group),
    spot("etc/systemd/system/*.service", Format::Unit),
    spot("etc/systemd/system/*.timer", Format::Unit),
    spot("usr/lib/systemd/system/*.service", Format::Unit),
    spot("usr/lib/systemd/system/*.timer", Format::Unit),
    spot("lib/systemd/system/*.service", Format::Unit),
    spot("lib/systemd/system/*.timer", Format::Unit),
    spot("Library/LaunchDaemons/*.plist", Format::Launchd(StartedBy::System)),
    spot("Library/LaunchAgents/*.plist", Format::Launchd(StartedBy::Session)),
    spot("etc/crontab", Format::SystemCron),
    spot("etc/cron.d/*", Format::SystemCron),
    spot("var/spool/cron/crontabs/*", Format::UserCron),
    spot("var/spool/cron/*", Format::UserCron),
    spot("etc/ssh/sshd_config", Format::SshServer),
    spot("etc/ssh/sshd_config.d/*.conf", Format::SshServer),
    spot("etc/ssh/ssh_host_*_key", Format::PrivateKeys(ThingKind::SshHostKey)),
    spot("etc/ssh/authorized_keys/*", Format::AuthorizedKeys),
    spot("etc/ssl/private/*", Format::CertificatesAndKeys),
    spot("etc/ssl/*.pem", Format::CertificatesAndKeys),
    spot("etc/ssl/*.crt", Format::CertificatesAndKeys),
    spot("etc/ssl/*.key", Format::CertificatesAndKeys),
    spot("etc/pki/tls/private/*", Format::CertificatesAndKeys),
    spot("etc/letsencrypt/archive/*/*.pem", Format::CertificatesAndKeys),
    spot("etc/nginx/ssl/*", Format::CertificatesAndKeys),
    spot("etc/nginx/certs/*", Format::CertificatesAndKeys),
    spot("etc/apache2/ssl/*", Format::CertificatesAndKeys),
    spot("etc/httpd/ssl/*", Format::CertificatesAndKeys),
    spot("etc/haproxy/certs/*", Format::CertificatesAndKeys),
    spot("etc/postgresql/*/main/*.key", Format::CertificatesAndKeys),
    spot("etc/postgresql/*/main/*.crt", Format::CertificatesAndKeys),
    spot("etc/kubernetes/pki/*", Format::CertificatesAndKeys),
    spot("etc/kubernetes/pki/etcd/*", Format::CertificatesAndKeys),
    spot("var/lib/kubelet/pki/*.pem", Format::CertificatesAndKeys),
    spot("etc/kubernetes/*.conf", Format::Kubeconfig),
    spot("etc/rancher/k3s/k3s.yaml", Format::Kubeconfig),
    spot("var/lib/kubelet/config.json", Format::Docker),
    spot("etc/mysql/*.cnf", Format::MyCnf),
    spot("etc/mysql/conf.d/*.cnf", Format::MyCnf),
    spot("etc/mysql/mariadb.conf.d/*.cnf", Format::MyCnf),
    spot("etc/my.cnf", Format::MyCnf),
    spot("etc/my.cnf.d/*.cnf", Format::MyCnf),
    spot("run/secrets/eks.amazonaws.com/serviceaccount/token", Format::PlatformToken),
    spot("run/secrets/azure/tokens/azure-identity-token", Format::PlatformToken),
    spot("etc/npmrc", Format::Npmrc),
    spot("etc/environment", Format::Environment),
    spot("etc/default/*", Format::Environment),
    spot("etc/sysconfig/*", Format::Environment),
];

/// Places that on many systems are a link to another place of this table; that is said nowhere.
pub const QUIET_LINKS: &[&str] = &["lib/systemd/system"];

const JSON: Format = Format::Assistant(Written::Json);

/// Places in a home.
pub const HOME: &[Spot] = &[
    spot(".ssh/authorized_keys", Format::AuthorizedKeys),
    spot(".ssh/authorized_keys2", Format::AuthorizedKeys),
    spot(".ssh/*", Format::PrivateKeys(ThingKind::SshPrivateKey)),
    spot(".aws/credentials", Format::Aws),
    spot(".aws/config", Format::Aws),
    spot(".config/gcloud/application_default_credentials.json", Format::Gcloud),
    spot(".config/gcloud/legacy_credentials/*/adc.json", Format::Gcloud),
    spot(".config/gcloud/credentials.db", Format::KeyStore),
    spot(".azure/msal_token_cache.json", Format::Azure),
    spot(".azure/service_principal_entries.json", Format::Azure),
    spot(".azure/accessTokens.json", Format::Azure),
    spot(".kube/config", Format::Kubeconfig),
    spot(".docker/config.json", Format::Docker),
    spot(".config/containers/auth.json", Format::Docker),
    spot(".npmrc", Format::Npmrc),
    spot(".pypirc", Format::Pypirc),
    spot(".cargo/credentials.toml", Format::Cargo),
    spot(".cargo/credentials", Format::Cargo),
    spot(".netrc", Format::Netrc),
    spot(".pgpass", Format::Pgpass),
    spot(".my.cnf", Format::MyCnf),
    spot(".mylogin.cnf", Format::KeyStore),
    spot(".git-credentials", Format::GitCredentials),
    spot(".config/git/credentials", Format::GitCredentials),
    spot(".terraform.d/credentials.tfrc.json", Format::Terraform),
    spot(".terraformrc", Format::TerraformRc),
    spot("terraform.rc", Format::TerraformRc),
    spot(".vault-token", Format::Vault),
    spot(".config/gh/hosts.yml", Format::Github),
    spot(".config/glab-cli/config.yml", Format::Gitlab),
    spot(".config/github-copilot/apps.json", Format::Copilot),
    spot(".config/github-copilot/hosts.json", Format::Copilot),
    spot(".cache/huggingface/token", Format::HuggingFace),
    spot(".config/Claude/claude_desktop_config.json", JSON),
    spot("Library/Application Support/Claude/claude_desktop_config.json", JSON),
    spot(".claude.json", JSON),
    spot(".claude/settings.json", JSON),
    spot(".claude/.credentials.json", Format::AssistantLogins(Written::Json)),
    spot(".cursor/mcp.json", JSON),
    spot(".config/Code/User/mcp.json", JSON),
    spot(".config/Code/User/settings.json", JSON),
    spot(".config/Code/User/globalStorage/*/settings/*mcp_settings.json", JSON),
    spot("Library/Application Support/Code/User/mcp.json", JSON),
    spot("Library/Application Support/Code/User/settings.json", JSON),
    spot(".codeium/windsurf/mcp_config.json", JSON),
    spot(".config/zed/settings.json", JSON),
    spot(".codex/config.toml", Format::Assistant(Written::Toml)),
    spot(".codex/auth.json", Format::AssistantLogins(Written::Json)),
    spot(".gemini/settings.json", JSON),
    spot(".gemini/oauth_creds.json", Format::AssistantLogins(Written::Json)),
    spot(".continue/config.json", Format::AssistantLogins(Written::Json)),
    spot(".continue/config.yaml", Format::AssistantLogins(Written::Yaml)),
    spot(".aider.conf.yml", Format::AssistantLogins(Written::Yaml)),
    spot(".config/io.datasette.llm/keys.json", Format::AssistantLogins(Written::Json)),
    spot("Library/LaunchAgents/*.plist", Format::Launchd(StartedBy::Session)),
    spot(".bashrc", Format::Environment),
    spot(".bash_profile", Format::Environment),
    spot(".profile", Format::Environment),
    spot(".zshrc", Format::Environment),
    spot(".zshenv", Format::Environment),
    spot(".zprofile", Format::Environment),
    spot(".config/fish/config.fish", Format::Environment),
    spot(".config/environment.d/*.conf", Format::Environment),
];

/// Directories that a walk through a home does not go into: made by tools, large, and read elsewhere or holding
/// no credentials of their own.
pub const NOT_WALKED: &[&str] = &[
    ".cache",
    ".cargo/registry",
    ".git",
    ".gradle",
    ".hg",
    ".m2",
    ".npm",
    ".nvm",
    ".pyenv",
    ".rustup",
    ".svn",
    ".terraform",
    ".tox",
    ".venv",
    "Library/Caches",
    "__pycache__",
    "node_modules",
    "site-packages",
    "snap",
    "target",
    "vendor",
    "venv",
];

/// Configurations that a project keeps for assistants: the directory, and the name in it.
const OF_PROJECTS: [(&str, &str); 5] = [
    (".cursor", "mcp.json"),
    (".vscode", "mcp.json"),
    (".claude", "settings.json"),
    (".claude", "settings.local.json"),
    (".gemini", "settings.json"),
];

/// Parts of names that people give to keys of service accounts, which come as JSON.
const CLOUD_KEY_NAMES: [&str; 6] =
    ["service-account", "service_account", "serviceaccount", "credentials", "gcp-", "-key.json"];

/// What a file that lies about in a home is, by its name and that of its directory. `None`: it is not opened.
pub fn by_name(directory: &[u8], name: &[u8]) -> Option<Format> {
    let name = core::str::from_utf8(name).ok()?;
    if OF_PROJECTS.iter().any(|(of, known)| *known == name && of.as_bytes() == directory) {
        return Some(JSON);
    }
    let ends =
        |endings: &[&str]| endings.iter().any(|ending| name.len() > ending.len() && name.ends_with(ending));
    if ends(&[".pub"]) {
        return None;
    }
    let example = [".example", ".sample", ".template", ".dist", ".md"].iter().any(|part| name.contains(part));
    if (name == ".env" || name.starts_with(".env.") || name == ".envrc") && !example {
        return Some(Format::Environment);
    }
    let known = match name {
        ".npmrc" => Some(Format::Npmrc),
        ".mcp.json" => Some(JSON),
        ".terraformrc" | "terraform.rc" => Some(Format::TerraformRc),
        "credentials.tfrc.json" => Some(Format::Terraform),
        "kubeconfig" => Some(Format::Kubeconfig),
        _ => None,
    };
    if known.is_some() {
        return known;
    }
    if ends(&[".kubeconfig"]) {
        return Some(Format::Kubeconfig);
    }
    if ends(&[".json"]) && CLOUD_KEY_NAMES.iter().any(|part| name.contains(part)) {
        return Some(Format::Gcloud);
    }
    if matches!(name, "id_rsa" | "id_dsa" | "id_ecdsa" | "id_ed25519" | "id_ecdsa_sk" | "id_ed25519_sk")
        || ends(&[".ppk"])
    {
        return Some(Format::PrivateKeys(ThingKind::SshPrivateKey));
    }
    if ends(&[".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".keychain-db"]) {
        return Some(Format::KeyStore);
    }
    ends(&[".pem", ".key", ".crt", ".cer", ".der"]).then_some(Format::CertificatesAndKeys)
}

/// Whether `name` matches one component of a pattern: `*` is any run of characters, also none.
pub fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let mut parts = pattern.split(|byte| *byte == b'*');
    let Some(mut rest) = parts.next().and_then(|start| name.strip_prefix(start)) else { return false };
    let mut parts: Vec<&[u8]> = parts.collect();
    let Some(end) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let found = rest.windows(part.len().max(1)).position(|window| part.is_empty() || window == part);
        match found {
            Some(at) => rest = rest.split_at(at + part.len()).1,
            None if part.is_empty() => {}
            None => return false,
        }
    }
    rest.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::{Format, HOME, SYSTEM, by_name, matches};
    use crate::place::Place;

    #[test]
    fn patterns_match_names() {
        for (pattern, name, fits) in [
            ("ssh_host_*_key", "ssh_host_ed25519_key", true),
            ("ssh_host_*_key", "ssh_host_key", false),
            ("ssh_host_*_key", "ssh_host_ed25519_key.pub", false),
            ("*", "anything", true),
            ("*.pem", ".pem", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "acb", false),
            ("exact", "exact", true),
            ("exact", "exactly", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn every_place_is_below_its_root_and_stands_once() {
        for table in [SYSTEM, HOME] {
            let mut seen = std::collections::BTreeSet::new();
            for spot in table {
                assert!(Place::parse(spot.pattern.as_bytes()).is_some(), "{}", spot.pattern);
                assert!(!spot.pattern.starts_with('/') && seen.insert(spot.pattern), "{}", spot.pattern);
            }
        }
    }

    #[test]
    fn files_are_known_by_their_names() {
        assert!(matches!(by_name(b"x", b"id_ed25519"), Some(Format::PrivateKeys(_))));
        assert_eq!(by_name(b"x", b"server.key"), Some(Format::CertificatesAndKeys));
        assert_eq!(by_name(b"x", b"store.jks"), Some(Format::KeyStore));
        assert_eq!(by_name(b"x", b"id_ed25519.pub"), None);
        assert_eq!(by_name(b"x", b".pem"), None);
        assert_eq!(by_name(b"x", b"notes.txt"), None);
        assert_eq!(by_name(b"x", b".env.production"), Some(Format::Environment));
        assert_eq!(by_name(b"x", b".env.example"), None);
        assert_eq!(by_name(b"x", b"shop-service-account.json"), Some(Format::Gcloud));
        assert_eq!(by_name(b"x", b"package.json"), None);
        assert_eq!(by_name(b".vscode", b"mcp.json"), Some(super::JSON));
        assert_eq!(by_name(b"notes", b"mcp.json"), None);
    }
}
