//! Asking the running SSH server whether it would take a key, without having the other half.
//!
//! RFC 4252, section 7: a `publickey` request without a signature is answered with `SSH_MSG_USERAUTH_PK_OK` when the key
//! would be taken, and with `SSH_MSG_USERAUTH_FAILURE` when not. In the same connection a key that was made a moment ago
//! is asked for first: where that one is taken, an answer means nothing. This file must never sign, log in, ask for
//! another account than the key's, or believe a server whose host key is not this machine's. Next: `source.rs`.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use russh::client::{AuthResult, Config, Handle, Handler};
use russh::keys::agent::AgentIdentity;
use russh::keys::{Algorithm, HashAlg, PublicKey, PublicKeyOrCertificate};
use russh::{Disconnect, SendError, SshId};
use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tenure_model::{ProbeAnswer, printable};

/// Who asks, as the server logs it (RFC 4253, section 4.2).
const NAME: &str = concat!("SSH-2.0-Tenure_", env!("CARGO_PKG_VERSION"), " asks-for-a-public-key");
/// A connection, its key exchange and two questions take no longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is asked, and of whom.
pub(crate) struct Question {
    pub(crate) server: SocketAddr,
    pub(crate) user: String,
    /// The key, as it goes over the wire.
    pub(crate) key: Vec<u8>,
    /// Public halves of this machine's host keys.
    pub(crate) host_keys: Vec<Vec<u8>>,
}

/// Asks once.
pub(crate) async fn ask(question: Question) -> ProbeAnswer {
    let server = question.server;
    let asked = tokio::time::timeout(PATIENCE, asked(question)).await;
    asked.unwrap_or_else(|_| unreachable(format!("{server} did not answer within {} s", PATIENCE.as_secs())))
}

fn unreachable(why: String) -> ProbeAnswer {
    ProbeAnswer::Unreachable { why }
}

fn cannot_know(why: impl Into<String>) -> ProbeAnswer {
    ProbeAnswer::CannotKnow { why: why.into() }
}

async fn asked(question: Question) -> ProbeAnswer {
    if question.host_keys.is_empty() {
        return cannot_know(
            "no public host key of this machine could be read, so it is not known which server answers",
        );
    }
    let Ok(key) = PublicKey::from_bytes(&question.key) else {
        return cannot_know("this kind of key cannot be asked for");
    };
    let Some(stranger) = stranger(&key) else { return cannot_know("no key could be drawn to compare with") };
    let met = Arc::new(Mutex::new(None));
    let handler = OnlyThisMachine { known: question.host_keys, met: Arc::clone(&met) };
    let config = Config { client_id: SshId::Standard(Cow::Borrowed(NAME)), ..Config::default() };
    let connected = russh::client::connect(Arc::new(config), question.server, handler).await;
    let other = met.lock().unwrap_or_else(PoisonError::into_inner).take();
    let mut handle = match (connected, other) {
        (Ok(handle), _) => handle,
        (Err(_), Some(other)) => {
            let why =
                format!("the server at {} is not this machine's: its host key is {other}", question.server);
            return cannot_know(why);
        }
        (Err(why), None) => return unreachable(printable(&format!("{}: {why}", question.server), 300)),
    };
    let compared = would_take(&mut handle, &question.user, stranger).await;
    let answer = match compared {
        Ok(Taken::No) => match would_take(&mut handle, &question.user, key).await {
            Ok(Taken::Yes) => ProbeAnswer::Accepted,
            Ok(Taken::No) => ProbeAnswer::Refused {
                how: String::from(
                    "USERAUTH_FAILURE for its public key, asked from this machine, as for a key that nobody authorised",
                ),
            },
            Err(why) => unreachable(why),
        },
        Ok(Taken::Yes) => cannot_know("the server takes a key that nobody authorised"),
        Err(why) => unreachable(why),
    };
    let _ = handle.disconnect(Disconnect::ByApplication, "only asked", "").await;
    answer
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    Yes,
    No,
}

async fn would_take(
    handle: &mut Handle<OnlyThisMachine>,
    user: &str,
    key: PublicKey,
) -> Result<Taken, String> {
    let hash = matches!(key.algorithm(), Algorithm::Rsa { .. }).then_some(HashAlg::Sha512);
    let mut never = NeverSigns { was_asked: false };
    let answered = handle.authenticate_publickey_with(user, key, hash, &mut never).await;
    match (answered, never.was_asked) {
        // The server wants the signature: it would take the key.
        (Err(Declined::Sign), true) => Ok(Taken::Yes),
        (Ok(AuthResult::Failure { .. }), false) => Ok(Taken::No),
        (Ok(AuthResult::Success), _) => Err(String::from("the server let it in without a signature")),
        _ => Err(String::from("the server ended the connection instead of answering")),
    }
}

/// A key that nobody has authorised, of the same kind if theirs is RSA, which some servers do not take; nobody has
/// its other half.
fn stranger(key: &PublicKey) -> Option<PublicKey> {
    use crate::read::ssh_wire::wire_of;
    let random = |bytes: usize| {
        let mut drawn = vec![0_u8; bytes];
        SystemRandom::new().fill(&mut drawn).ok().map(|()| drawn)
    };
    let blob = match key.algorithm() {
        Algorithm::Rsa { .. } => {
            // As long as theirs at least, positive, and odd, as a modulus is.
            let mut modulus = random(384)?;
            if let Some(first) = modulus.first_mut() {
                *first = (*first & 0x7f) | 0x40;
            }
            if let Some(last) = modulus.last_mut() {
                *last |= 1;
            }
            wire_of(&[b"ssh-rsa", &[1, 0, 1], &modulus])
        }
        _ => wire_of(&[b"ssh-ed25519", &random(32)?]),
    };
    PublicKey::from_bytes(&blob).ok()
}

/// Stands where a signature would be made, and makes none.
struct NeverSigns {
    was_asked: bool,
}

/// Why there is no signature.
#[derive(Debug)]
enum Declined {
    /// It was asked for.
    Sign,
    /// The connection was gone.
    Gone,
}

impl From<SendError> for Declined {
    fn from(_: SendError) -> Self {
        Self::Gone
    }
}

impl russh::Signer for NeverSigns {
    type Error = Declined;

    async fn auth_sign(
        &mut self,
        _key: &AgentIdentity,
        _hash: Option<HashAlg>,
        _to_sign: Vec<u8>,
    ) -> Result<Vec<u8>, Declined> {
        self.was_asked = true;
        Err(Declined::Sign)
    }
}

/// Goes on only with the server whose host key lies on this machine.
struct OnlyThisMachine {
    known: Vec<Vec<u8>>,
    /// The fingerprint of another server's key.
    met: Arc<Mutex<Option<String>>>,
}

impl Handler for OnlyThisMachine {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else { return Ok(false) };
        if key.to_bytes().is_ok_and(|bytes| self.known.contains(&bytes)) {
            return Ok(true);
        }
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        *met = Some(key.fingerprint(HashAlg::Sha256).to_string());
        Ok(false)
    }
}
