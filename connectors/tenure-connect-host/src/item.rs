//! What a reader says it saw: one item, in words that are safe to show.
//!
//! A reader turns bytes into items. The only field that may hold a secret is `mark`, and it holds it as a
//! `Secret`; everything else is meant to be read by people and must never contain a value. Command lines,
//! which often carry passwords, are therefore shown as their program only. Next: `found.rs`, what becomes of an item
//! when its file is known.

use crate::place::shown;
use core::fmt;
use tenure_model::{Fact, Facts, Secret, noun, printable};

/// Longest name, comment or other text that is shown, in characters.
const SHOWN_CHARS: usize = 120;

noun! {
    /// What kind of thing was found.
    pub enum ThingKind as "thing kind" {
        /// An account of the machine.
        Account = "account",
        /// A group of accounts.
        Group = "group",
        /// A stored hash of an account's password.
        StoredPassword = "stored_password",
        /// A service that the machine starts.
        ServiceUnit = "service_unit",
        /// A timer that starts a service.
        TimerUnit = "timer_unit",
        /// A line of a cron table.
        ScheduledJob = "scheduled_job",
        /// A public key that lets somebody in.
        AuthorizedKey = "authorized_key",
        /// A private key for SSH.
        SshPrivateKey = "ssh_private_key",
        /// A key by which this machine is known to SSH clients.
        SshHostKey = "ssh_host_key",
        /// How the SSH server decides who may come in.
        SshServerSetting = "ssh_server_setting",
        /// An X.509 certificate.
        Certificate = "certificate",
        /// A private key for TLS or signing.
        PrivateKey = "private_key",
        /// A container of keys in a format that is not opened.
        KeyStore = "key_store",
        /// An access key for AWS.
        AwsKey = "aws_key",
        /// A key of a Google Cloud service account.
        GcpServiceAccountKey = "gcp_service_account_key",
        /// A long-lived token of a person or workload for Google Cloud.
        GcpUserToken = "gcp_user_token",
        /// A secret or token for Azure.
        AzureToken = "azure_token",
        /// A way to a cloud that needs no static key.
        CloudFederation = "cloud_federation",
        /// A token, password or client key for a Kubernetes cluster.
        KubernetesCredential = "kubernetes_credential",
        /// A login for a container registry.
        RegistryLogin = "registry_login",
        /// A token for an npm registry.
        NpmToken = "npm_token",
        /// A token or password for a Python package index.
        PypiToken = "pypi_token",
        /// A token for a Cargo registry.
        CargoToken = "cargo_token",
        /// A password for the machine named in a netrc file.
        NetrcPassword = "netrc_password",
        /// A password for PostgreSQL.
        PostgresPassword = "postgres_password",
        /// A password for MySQL or MariaDB.
        MysqlPassword = "mysql_password",
        /// A password or token for a Git server.
        GitPassword = "git_password",
        /// A token for Terraform or a module registry.
        TerraformToken = "terraform_token",
        /// A token for Vault or OpenBao.
        VaultToken = "vault_token",
        /// A token for GitHub kept by its command line.
        GithubToken = "github_token",
        /// A token for GitLab kept by its command line.
        GitlabToken = "gitlab_token",
        /// A server that an assistant starts or talks to.
        AssistantServer = "assistant_server",
        /// A secret in an assistant's configuration.
        AssistantSecret = "assistant_secret",
        /// A secret in an environment file or a shell's start file.
        EnvironmentSecret = "environment_secret",
        /// A secret in the environment of a running process.
        ProcessSecret = "process_secret",
        /// A secret written into a service or a job.
        JobSecret = "job_secret",
    }
}

impl ThingKind {
    /// What it is called in a sentence.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Group => "group",
            Self::StoredPassword => "stored password of",
            Self::ServiceUnit => "service",
            Self::TimerUnit => "timer",
            Self::ScheduledJob => "scheduled job of",
            Self::AuthorizedKey => "authorised SSH key",
            Self::SshPrivateKey => "SSH private key",
            Self::SshHostKey => "SSH host key",
            Self::SshServerSetting => "SSH server setting",
            Self::Certificate => "certificate for",
            Self::PrivateKey => "private key",
            Self::KeyStore => "key store",
            Self::AwsKey => "AWS access key of",
            Self::GcpServiceAccountKey => "Google Cloud key of service account",
            Self::GcpUserToken => "Google Cloud token of",
            Self::AzureToken => "Azure secret of",
            Self::CloudFederation => "way without a static key of",
            Self::KubernetesCredential => "Kubernetes credential of",
            Self::RegistryLogin => "container registry login of",
            Self::NpmToken => "npm token of",
            Self::PypiToken => "Python package index token of",
            Self::CargoToken => "Cargo registry token of",
            Self::NetrcPassword => "netrc password of",
            Self::PostgresPassword => "PostgreSQL password of",
            Self::MysqlPassword => "MySQL password of",
            Self::GitPassword => "Git password of",
            Self::TerraformToken => "Terraform token of",
            Self::VaultToken => "Vault or OpenBao token of",
            Self::GithubToken => "GitHub token of",
            Self::GitlabToken => "GitLab token of",
            Self::AssistantServer => "assistant server",
            Self::AssistantSecret => "secret of assistant configuration",
            Self::EnvironmentSecret => "secret in environment file",
            Self::ProcessSecret => "secret in the environment of",
            Self::JobSecret => "secret written into",
        }
    }

    /// Whether it is something that lets its holder in, so that others must not read it.
    pub const fn is_secret(self) -> bool {
        match self {
            Self::Account
            | Self::Group
            | Self::ServiceUnit
            | Self::TimerUnit
            | Self::ScheduledJob
            | Self::AuthorizedKey
            | Self::SshServerSetting
            | Self::Certificate
            | Self::CloudFederation
            | Self::AssistantServer => false,
            Self::StoredPassword
            | Self::SshPrivateKey
            | Self::SshHostKey
            | Self::PrivateKey
            | Self::KeyStore
            | Self::AwsKey
            | Self::GcpServiceAccountKey
            | Self::GcpUserToken
            | Self::AzureToken
            | Self::KubernetesCredential
            | Self::RegistryLogin
            | Self::NpmToken
            | Self::PypiToken
            | Self::CargoToken
            | Self::NetrcPassword
            | Self::PostgresPassword
            | Self::MysqlPassword
            | Self::GitPassword
            | Self::TerraformToken
            | Self::VaultToken
            | Self::GithubToken
            | Self::GitlabToken
            | Self::AssistantSecret
            | Self::EnvironmentSecret
            | Self::ProcessSecret
            | Self::JobSecret => true,
        }
    }
}

noun! {
    /// A condition that is plain from the file alone. Judged elsewhere.
    pub enum Problem as "problem" {
        /// A secret in a file that everybody on the machine may read.
        ReadableByOthers = "readable_by_others",
        /// A secret in a file that its group may read.
        ReadableByGroup = "readable_by_group",
        /// A file that everybody on the machine may change.
        WritableByOthers = "writable_by_others",
        /// A file that its group may change.
        WritableByGroup = "writable_by_group",
        /// A file in a folder where everybody on the machine may put another in its place.
        ReplaceableByOthers = "replaceable_by_others",
        /// A private key without a passphrase.
        Unencrypted = "unencrypted",
        /// A secret value stands in a configuration in clear.
        SecretInClear = "secret_in_clear",
        /// A command that fetches whatever version is newest.
        NotPinned = "not_pinned",
        /// A key that opens an account without any restriction.
        Unrestricted = "unrestricted",
        /// An account that needs no password.
        NoPassword = "no_password",
        /// A certificate that vouches for itself.
        SelfSigned = "self_signed",
        /// A server that is not verified.
        NotVerified = "not_verified",
        /// A connection that is not encrypted.
        NotEncryptedLine = "not_encrypted_line",
    }
}

/// By what an item is recognised elsewhere.
#[derive(Debug, Default)]
pub enum Mark {
    /// Nothing.
    #[default]
    Nothing,
    /// A secret value, to be fingerprinted and dropped.
    Value(Secret<Vec<u8>>),
    /// A stored hash, to be fingerprinted and dropped.
    StoredHash(Secret<Vec<u8>>),
    /// A digest of something public, such as `SHA256:…` of an SSH key or `spki-sha256:…`.
    Public(String),
}

/// One thing that a reader saw in a file.
#[derive(Debug)]
pub struct Item {
    /// What it is.
    pub kind: ThingKind,
    /// The line it stands on, from 1, where lines mean something.
    pub line: Option<u32>,
    /// Whose it is, or what it is called, as the file says: a user, a profile, a subject. Printable.
    pub whose: String,
    /// The system it is for, when the file says so. Printable; never with a password.
    pub towards: Option<String>,
    /// By what it is recognised.
    pub mark: Mark,
    /// What is known about it.
    pub facts: Facts,
    /// What is plainly wrong with it.
    pub problems: Vec<Problem>,
}

impl Item {
    /// An item of which nothing but kind and name is known.
    pub fn new(kind: ThingKind, whose: &str) -> Self {
        Self {
            kind,
            line: None,
            whose: printable(whose, SHOWN_CHARS),
            towards: None,
            mark: Mark::Nothing,
            facts: Facts::new(),
            problems: Vec::new(),
        }
    }

    /// With the line it stands on.
    #[must_use]
    pub fn at_line(self, line: u32) -> Self {
        Self { line: Some(line), ..self }
    }

    /// With the system it is for. User names and passwords in front of an `@` are left out.
    #[must_use]
    pub fn towards(self, towards: &str) -> Self {
        let towards = printable(&without_credentials(towards), SHOWN_CHARS);
        Self { towards: (!towards.is_empty()).then_some(towards), ..self }
    }

    /// With a secret value.
    #[must_use]
    pub fn value(self, value: &[u8]) -> Self {
        Self { mark: Mark::Value(Secret::new(value.to_vec())), ..self }
    }

    /// With a mark.
    #[must_use]
    pub fn mark(self, mark: Mark) -> Self {
        Self { mark, ..self }
    }

    /// With a text that is known about it.
    #[must_use]
    pub fn text(self, name: &str, text: &str) -> Self {
        self.fact(name, Fact::Text(printable(text, SHOWN_CHARS)))
    }

    /// With a yes or no.
    #[must_use]
    pub fn flag(self, name: &str, value: bool) -> Self {
        self.fact(name, Fact::Flag(value))
    }

    /// With a number; the name ends in its unit.
    #[must_use]
    pub fn number(self, name: &str, number: i64) -> Self {
        self.fact(name, Fact::Number(number))
    }

    /// With something known.
    #[must_use]
    pub fn fact(mut self, name: &str, fact: Fact) -> Self {
        self.facts.insert(name.to_owned(), fact);
        self
    }

    /// With every text withheld in which somebody put a secret: a comment, a name, an argument. `looks_like` says
    /// what a text looks like, if it looks like a secret.
    #[must_use]
    pub(crate) fn guarded(mut self, looks_like: impl Fn(&str) -> Option<&'static str>) -> Self {
        let guard = |text: &mut String| {
            if let Some(what) = looks_like(text) {
                *text = format!("withheld, looks like: {what}");
            }
        };
        guard(&mut self.whose);
        self.towards.iter_mut().for_each(guard);
        for fact in self.facts.values_mut() {
            match fact {
                Fact::Text(text) => guard(text),
                Fact::Texts(texts) => texts.iter_mut().for_each(guard),
                Fact::Flag(_) | Fact::Number(_) | Fact::At(_) | Fact::Unknown(_) => {}
            }
        }
        self
    }

    /// With a problem, if `holds`.
    #[must_use]
    pub fn problem_if(mut self, holds: bool, problem: Problem) -> Self {
        if holds && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
        self
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.title(), self.whose)?;
        self.towards.as_ref().map_or(Ok(()), |towards| write!(f, " for {towards}"))
    }
}

/// The program of a command line, without its arguments: those may hold anything.
pub(crate) fn program(command: &[u8]) -> String {
    let mut words = command.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    // `NAME=value program`: the value may be a secret.
    let program = words.find(|word| !is_assignment(word)).unwrap_or_default();
    printable(&shown(program), SHOWN_CHARS)
}

fn is_assignment(word: &[u8]) -> bool {
    let name = word.split(|byte| *byte == b'=').next().unwrap_or_default();
    name.len() < word.len() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// A URL or address without user, password, query and fragment.
pub(crate) fn without_credentials(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").map_or(("", address), |(scheme, rest)| (scheme, rest));
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let authority = authority.rsplit('@').next().unwrap_or_default();
    if scheme.is_empty() { format!("{authority}{path}") } else { format!("{scheme}://{authority}{path}") }
}

#[cfg(test)]
mod tests {
    use super::{Item, Problem, ThingKind, program, without_credentials};

    #[test]
    fn an_item_says_what_it_is_without_its_value() {
        let item = Item::new(ThingKind::NetrcPassword, "bob\nx")
            .towards("https://bob:hunter2@db.example/x?token=hunter2")
            .value(b"hunter2")
            .problem_if(true, Problem::SecretInClear)
            .problem_if(true, Problem::SecretInClear);
        assert_eq!(item.to_string(), "netrc password of bob\\nx for https://db.example/x");
        assert!(!format!("{item:?}").contains("hunter2"));
        assert_eq!(item.problems, [Problem::SecretInClear]);
    }

    #[test]
    fn an_address_keeps_no_credentials() {
        for (given, kept) in [
            ("https://u:p@host:1/path?q#f", "https://host:1/path"),
            ("u:p@x@host/path@y", "host/path@y"),
            ("host", "host"),
            ("", ""),
        ] {
            assert_eq!(without_credentials(given), kept);
        }
    }

    #[test]
    fn a_command_is_shown_as_its_program() {
        assert_eq!(program(b"  /usr/bin/mysqldump -phunter2 shop"), "/usr/bin/mysqldump");
        assert_eq!(program(b"PGPASSWORD=hunter2 pg_dump x"), "pg_dump");
        assert_eq!(program(b"A=hunter2"), "");
        assert_eq!(program(b""), "");
    }
}
