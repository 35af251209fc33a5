//! Sending one letter to one address, by SMTP. Off this machine the line is encrypted and the certificate checked, always.
//!
//! What a server answers is told by its numbers, in our words: its own may repeat an address or a password. Sending does not
//! try again: whoever keeps the letter does. Next: `tenure-call`, which machines are called at all.

use crate::{Letter, MailAddress, NotReachable, PrivateAddresses};
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
};
use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tenure_call::allowed;
use tenure_model::{Instant, Secret};

/// How the line to a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailSecurity {
    /// From STARTTLS on; a server that does not offer it gets nothing.
    StartTls,
    /// From the beginning.
    Tls,
    /// Not at all: on this machine only.
    Plain,
}

/// A way to a mail server.
#[derive(Debug, Clone)]
pub struct MailChannel {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the line is encrypted.
    pub security: MailSecurity,
    /// Whether it may stand in a private network.
    pub private: PrivateAddresses,
    /// A PEM file of further authorities, beside the system's.
    pub authorities: Option<PathBuf>,
    /// As whom we sign in there, with the password; nothing where that is not asked for.
    pub login: Option<(String, Arc<Secret<String>>)>,
    /// From whom mail comes.
    pub from: MailAddress,
    /// How long one letter may take, all in all.
    pub patience: Duration,
}

/// Why a letter was not sent, as far as we know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// The server's machine is not called.
    #[error(transparent)]
    Address(#[from] NotReachable),
    /// The channel's settings do not go together.
    #[error("{why}")]
    Settings {
        /// Which, and what to do.
        why: String,
    },
    /// No line, or it broke, or its encryption was not as it must be. It may have been sent.
    #[error("{why}")]
    Line {
        /// What happened.
        why: String,
    },
    /// The server refused it for now.
    #[error("the mail server answered {code}: not now")]
    Deferred {
        /// The server's number.
        code: String,
    },
    /// The server refused it for good.
    #[error("the mail server answered {code}, a refusal: {hint}")]
    Refused {
        /// The server's number.
        code: String,
        /// What that mostly means.
        hint: &'static str,
    },
}

impl NotSent {
    /// Trying again without changing anything may help.
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Line { .. } | Self::Deferred { .. } | Self::Address(NotReachable::Unknown { .. }) => true,
            Self::Refused { .. } | Self::Settings { .. } => false,
            Self::Address(NotReachable::Never { .. } | NotReachable::Private { .. }) => false,
        }
    }
}

impl MailChannel {
    /// Refuses settings with which nothing may ever be sent. It calls nobody.
    pub fn check(&self) -> Result<(), NotSent> {
        let refused = |why: &str| Err(NotSent::Settings { why: why.to_owned() });
        let is_host = |letter: char| letter.is_ascii_alphanumeric() || ".-:_".contains(letter);
        if self.host.is_empty() || self.host.len() > 253 || !self.host.chars().all(is_host) {
            return refused("the mail server's name is not one such as mail.example.com");
        }
        if self.security == MailSecurity::Plain && !tenure_tls::is_loopback(&self.host) {
            return refused("mail leaves this machine encrypted only: use STARTTLS or TLS");
        }
        Ok(())
    }

    /// Sends a letter, once. `id` names the letter for ever: a mail reader that gets it twice can tell.
    pub async fn send(
        &self,
        to: &MailAddress,
        id: &str,
        at: Instant,
        letter: &Letter,
    ) -> Result<(), NotSent> {
        self.check()?;
        let message = self.message(to, id, at, letter)?;
        let sending = async {
            let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await;
            let unknown = || NotReachable::Unknown { host: self.host.clone() };
            let addresses = found.map_err(|_| unknown())?.map(|one| one.ip());
            let address =
                allowed(&self.host, addresses, self.private)?.first().copied().ok_or_else(unknown)?;
            let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address.to_string())
                .port(self.port)
                .timeout(Some(self.patience))
                .tls(self.tls()?);
            if let Some((user, password)) = &self.login {
                transport = transport.credentials(Credentials::new(user.clone(), password.expose().clone()));
            }
            transport.build().send(message).await.map(drop).map_err(|error| not_sent(&error))
        };
        let late = NotSent::Line { why: format!("no answer within {} s", self.patience.as_secs()) };
        tokio::time::timeout(self.patience, sending).await.unwrap_or(Err(late))
    }

    fn tls(&self) -> Result<Tls, NotSent> {
        if self.security == MailSecurity::Plain {
            return Ok(Tls::None);
        }
        let setting = |why: String| NotSent::Settings { why };
        let mut parameters = TlsParameters::builder(self.host.clone());
        if let Some(path) = &self.authorities {
            for authority in tenure_tls::authorities(path).map_err(|why| setting(why.to_string()))? {
                let authority = Certificate::from_der(authority.to_vec());
                let why = || setting(format!("`{}` holds no certificate", path.display()));
                parameters = parameters.add_root_certificate(authority.map_err(|_| why())?);
            }
        }
        let built = parameters.build();
        let built =
            built.map_err(|_| setting(String::from("encryption cannot be set up with these authorities")))?;
        Ok(if self.security == MailSecurity::Tls { Tls::Wrapper(built) } else { Tls::Required(built) })
    }

    fn message(&self, to: &MailAddress, id: &str, at: Instant, letter: &Letter) -> Result<Message, NotSent> {
        let setting = |why: &str| NotSent::Settings { why: why.to_owned() };
        let is_id = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        if id.is_empty() || id.len() > 100 || !id.chars().all(is_id) {
            return Err(setting("a letter's id is letters, digits and `-`"));
        }
        let since = Duration::from_micros(u64::try_from(at.as_micros()).unwrap_or(0));
        let mut message = Message::builder()
            .from(Mailbox::new(Some(String::from("Tenure")), self.from.inner().clone()))
            .to(Mailbox::new(None, to.inner().clone()))
            .message_id(Some(format!("<{id}@{}>", self.from.inner().domain())))
            .date(SystemTime::UNIX_EPOCH + since)
            .subject(letter.subject())
            .header(ContentType::TEXT_PLAIN)
            .body(letter.body().to_owned())
            .map_err(|_| setting("no mail can be made of this letter"))?;
        // Nobody answers a machine on holiday (RFC 3834).
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        message.headers_mut().insert_raw(HeaderValue::new(name, String::from("auto-generated")));
        Ok(message)
    }
}

fn not_sent(error: &lettre::transport::smtp::Error) -> NotSent {
    let code = error.status().map(|code| code.to_string()).unwrap_or_default();
    let line = |why: &str| NotSent::Line { why: why.to_owned() };
    if error.is_transient() {
        return NotSent::Deferred { code };
    }
    if error.is_permanent() {
        let hint = match code.as_str() {
            "530" | "534" | "535" | "538" => "its user or password is not taken there",
            "550" | "551" | "553" => "it knows no such address, or takes no mail for it from us",
            "552" | "554" => "it does not take this mail",
            _ => "it does not take what we said",
        };
        return NotSent::Refused { code, hint };
    }
    if error.is_tls() || is_refused_by_tls(error) {
        return line(
            "the line was not encrypted: check the server's certificate, or name the file of its authority",
        );
    }
    if error.is_timeout() {
        return line("the mail server did not answer in time");
    }
    if error.is_client() {
        return line(
            "the mail server does not offer what the channel asks for: encryption, or a way to sign in",
        );
    }
    line("no line to the mail server, or it broke: is it up, and are host and port right?")
}

/// A handshake that failed comes as a line that broke; what broke it stands among its causes.
fn is_refused_by_tls(error: &lettre::transport::smtp::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(one) = cause {
        let io = one.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == std::io::ErrorKind::InvalidData) {
            return true;
        }
        cause = one.source();
    }
    false
}
