//! The line to another machine: TCP, key exchange, the pinned host key, our key, the subsystem `sftp`.
//!
//! A server that shows another host key than the pinned one is told nothing: neither the account nor our key. This file
//! must never log in with anything but the key, ask for a shell, a terminal or a command, or forward anything. Next:
//! `conversation.rs`.

use super::address::Address;
use super::conversation::{self, Asking, Broken};
use russh::client::{AuthResult, Config, Handle, Handler};
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh::{ChannelMsg, Disconnect, SshId};
use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tenure_connect::OutsideFailure;
use tenure_model::printable;
use tokio::time::Instant;

/// Who logs in, as the server logs it (RFC 4253, section 4.2).
const NAME: &str = concat!("SSH-2.0-Tenure_", env!("CARGO_PKG_VERSION"), " reads-files");
/// A connection and its key exchange take no longer, and neither does logging in, nor one round of questions.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// A host key that a server showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    /// `ssh-ed25519` and the like.
    pub(super) algorithm: String,
    /// `SHA256:…`
    pub(super) fingerprint: String,
}

/// Which host key is shown, to a client that goes no further.
pub(super) async fn meet(address: &Address, patience: Duration) -> Result<Shown, OutsideFailure> {
    let (connected, shown) = connect(address, None, patience).await;
    match (connected, shown) {
        (_, Some(shown)) => Ok(shown),
        (Ok(_), None) => Err(puzzling(address, "it showed no host key")),
        (Err(why), None) => Err(why),
    }
}

/// Opens a line on which files can be asked for, until `until` at the latest.
pub(super) async fn open(
    address: &Address,
    host_key: &str,
    key: PrivateKey,
    until: Instant,
    patience: Duration,
) -> Result<Asking, OutsideFailure> {
    let (connected, shown) = connect(address, Some(host_key.to_owned()), patience).await;
    let mut handle = match (connected, shown) {
        (Ok(handle), _) => handle,
        (Err(_), Some(shown)) => return Err(another_machine(address, host_key, &shown)),
        (Err(why), None) => return Err(why),
    };
    let logged_in = tokio::time::timeout(patience, log_in(&mut handle, address, key)).await;
    logged_in.unwrap_or_else(|_| Err(silent(address, patience)))?;
    let stream = tokio::time::timeout(patience, subsystem(&handle, address)).await;
    let stream = stream.unwrap_or_else(|_| Err(silent(address, patience)))?;
    let (asking, talk) = conversation::begin(stream, patience, until).await.map_err(|how| match how {
        Broken::Garbage => puzzling(address, &how.to_string()),
        Broken::Closed | Broken::Silent | Broken::Time => unreachable(address, &how.to_string()),
    })?;
    tokio::spawn(async move {
        talk.await;
        let _ = handle.disconnect(Disconnect::ByApplication, "read", "").await;
    });
    Ok(asking)
}

async fn connect(
    address: &Address,
    pinned: Option<String>,
    patience: Duration,
) -> (Result<Handle<Pinned>, OutsideFailure>, Option<Shown>) {
    let shown = Arc::new(Mutex::new(None));
    let handler = Pinned { pinned, shown: Arc::clone(&shown) };
    let config =
        Config { client_id: SshId::Standard(Cow::Borrowed(NAME)), nodelay: true, ..Config::default() };
    let to = (address.machine.as_str(), address.port);
    let connected =
        tokio::time::timeout(patience, russh::client::connect(Arc::new(config), to, handler)).await;
    let connected = match connected {
        Ok(Ok(handle)) => Ok(handle),
        Ok(Err(why)) => Err(unreachable(address, &why.to_string())),
        Err(_) => Err(silent(address, patience)),
    };
    let shown = shown.lock().unwrap_or_else(PoisonError::into_inner).take();
    (connected, shown)
}

async fn log_in(
    handle: &mut Handle<Pinned>,
    address: &Address,
    key: PrivateKey,
) -> Result<(), OutsideFailure> {
    let public = key.public_key().clone();
    let key = PrivateKeyWithHashAlg::new(Arc::new(key), None);
    match handle.authenticate_publickey(&address.user, key).await {
        Ok(AuthResult::Success) => Ok(()),
        Ok(AuthResult::Failure { .. }) => Err(OutsideFailure::Refused {
            code: String::from("publickey"),
            why: format!(
                "{address} does not let `{}` in with our key {}",
                address.user,
                public.fingerprint(HashAlg::Sha256)
            ),
            remedy: format!(
                "put this line into the authorized_keys of `{}` there: restrict {}",
                address.user,
                public.to_openssh().unwrap_or_default()
            ),
        }),
        Err(why) => Err(unreachable(address, &why.to_string())),
    }
}

async fn subsystem(
    handle: &Handle<Pinned>,
    address: &Address,
) -> Result<russh::ChannelStream<russh::client::Msg>, OutsideFailure> {
    let lost = |why: russh::Error| unreachable(address, &why.to_string());
    let mut channel = handle.channel_open_session().await.map_err(lost)?;
    channel.request_subsystem(true, "sftp").await.map_err(lost)?;
    loop {
        match channel.wait().await {
            Some(ChannelMsg::Success) => return Ok(channel.into_stream()),
            Some(ChannelMsg::Failure) => {
                return Err(OutsideFailure::Refused {
                    code: String::from("sftp"),
                    why: format!("{address} has no SFTP for `{}`", address.user),
                    remedy: String::from("put `Subsystem sftp internal-sftp` into that server's sshd_config"),
                });
            }
            Some(ChannelMsg::WindowAdjusted { .. }) => {}
            _ => return Err(unreachable(address, "the machine closed the connection")),
        }
    }
}

fn another_machine(address: &Address, pinned: &str, shown: &Shown) -> OutsideFailure {
    OutsideFailure::Refused {
        code: String::from("host key"),
        why: format!(
            "{address} shows the host key {} ({}), and {pinned} is pinned: it is another machine, somebody is in between, \
             or its keys were made anew. Nothing was sent to it",
            shown.fingerprint, shown.algorithm
        ),
        remedy: String::from(
            "ask whoever runs it. If its keys were made anew, compare on its console (ssh-keygen -lf \
             /etc/ssh/ssh_host_ed25519_key.pub), then remove the source and add it with the new host-key",
        ),
    }
}

fn silent(address: &Address, patience: Duration) -> OutsideFailure {
    unreachable(address, &format!("no answer within {} s", patience.as_secs()))
}

fn unreachable(address: &Address, why: &str) -> OutsideFailure {
    OutsideFailure::Unreachable { why: printable(&format!("{address}: {why}"), 300) }
}

fn puzzling(address: &Address, why: &str) -> OutsideFailure {
    OutsideFailure::Puzzling { why: printable(&format!("{address}: {why}"), 300) }
}

/// Goes on only with the server that shows the pinned key; with none pinned, with nobody.
struct Pinned {
    pinned: Option<String>,
    /// The key of a server that was not gone on with.
    shown: Arc<Mutex<Option<Shown>>>,
}

impl Handler for Pinned {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let shown = match key {
            PublicKeyOrCertificate::PublicKey { key, .. } => Shown {
                algorithm: key.algorithm().to_string(),
                fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
            },
            PublicKeyOrCertificate::Certificate(_) => {
                Shown { algorithm: String::from("a certificate"), fingerprint: String::from("of no key") }
            }
        };
        let is_pinned = self.pinned.as_ref() == Some(&shown.fingerprint);
        if !is_pinned {
            *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
        }
        Ok(is_pinned)
    }
}
