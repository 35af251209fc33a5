//! Posting one notice to one chat, by its incoming webhook. Whoever knows that address may post there, so it is a secret: nothing here
//! shows it, its machine's name, or what is answered.
//!
//! Posting does not try again: whoever keeps the notice does. Next: `slack.rs`, `teams.rs`, how it reads.

use crate::{Notice, slack, teams};
use http::{Request, StatusCode, header};
use std::{fmt, time::Duration};
use tenure_call::{Address, AddressRefused, Answer, CallFailed, Caller, NotReachable};
use tenure_model::Secret;

/// Whose form a chat reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChatKind {
    /// Slack's, which others read too.
    Slack,
    /// That of a workflow of Teams.
    Teams,
}

impl ChatKind {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Teams => "teams",
        }
    }
}

/// A way into a chat.
pub struct ChatChannel {
    kind: ChatKind,
    address: Address,
    caller: Caller,
}

impl fmt::Debug for ChatChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChatChannel({}, …)", self.kind.as_str())
    }
}

/// Why a notice was not posted, as far as we know. No text holds the address, or what was answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPosted {
    /// It could not be called.
    #[error("the chat was not reached: {why}")]
    Unreached {
        /// In words of ours.
        why: String,
        /// Trying again without changing anything may help.
        may_pass: bool,
    },
    /// It wants fewer at a time.
    #[error("the chat answered 429: not now")]
    Busy {
        /// How long it wants to be left alone.
        after: Option<Duration>,
    },
    /// It answered, and not that it took it.
    #[error("the chat answered {status}: {hint}")]
    Status {
        /// The status.
        status: u16,
        /// What that mostly means.
        hint: &'static str,
    },
    /// It answered as if all were well, but not as such a chat does.
    #[error("what answered is no such chat: {hint}")]
    Unlike {
        /// What it would have said.
        hint: &'static str,
    },
}

impl NotPosted {
    /// Trying again without changing anything may help.
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Unreached { may_pass, .. } => *may_pass,
            Self::Busy { .. } => true,
            Self::Status { status, .. } => *status >= 500 || *status == 408,
            Self::Unlike { .. } => false,
        }
    }

    /// How long it wants to be left alone; nothing where it did not say.
    pub const fn after(&self) -> Option<Duration> {
        match self {
            Self::Busy { after } => *after,
            Self::Unreached { .. } | Self::Status { .. } | Self::Unlike { .. } => None,
        }
    }
}

impl ChatChannel {
    /// Into the chat whose incoming webhook has this address. It calls nobody.
    pub fn new(kind: ChatKind, url: &Secret<String>, caller: Caller) -> Result<Self, AddressRefused> {
        Ok(Self { kind, address: Address::endpoint(url.expose())?, caller })
    }

    /// Whose form it reads.
    pub const fn kind(&self) -> ChatKind {
        self.kind
    }

    /// Posts a notice, once. One that was posted and not answered in time may come twice.
    pub async fn send(&self, notice: &Notice) -> Result<(), NotPosted> {
        let body = match self.kind {
            ChatKind::Slack => slack::body(notice),
            ChatKind::Teams => teams::body(notice),
        };
        let request = Request::post("/").header(header::CONTENT_TYPE, "application/json; charset=utf-8");
        let answer = self.caller.call(&self.address, request, body.to_string().into()).await;
        self.taken(&answer.map_err(|failed| self.unreached(&failed))?)
    }

    fn taken(&self, answer: &Answer) -> Result<(), NotPosted> {
        let hint = match (answer.status, self.kind) {
            (StatusCode::OK, ChatKind::Slack) if answer.body.trim_ascii() == b"ok" => return Ok(()),
            // With 200, Teams has told of failures too.
            (StatusCode::ACCEPTED, ChatKind::Teams) => return Ok(()),
            (StatusCode::TOO_MANY_REQUESTS, _) => {
                return Err(NotPosted::Busy { after: answer.retry_after });
            }
            (StatusCode::BAD_REQUEST, _) => "it does not take what we said; is its kind right?",
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => {
                "it takes nothing from us: was its address withdrawn, or may nobody post there?"
            }
            (StatusCode::NOT_FOUND, _) => "there is no chat at this address any more",
            (StatusCode::GONE, _) => "the chat is closed for good",
            (StatusCode::PAYLOAD_TOO_LARGE, _) => "it takes no message that large",
            (status, ChatKind::Slack) if status.is_success() => {
                return Err(NotPosted::Unlike { hint: "Slack answers 200 and ok" });
            }
            (status, ChatKind::Teams) if status.is_success() => {
                return Err(NotPosted::Unlike { hint: "a workflow of Teams answers 202" });
            }
            (status, _) if status.is_server_error() => "it has trouble of its own",
            _ => "it takes no such message",
        };
        Err(NotPosted::Status { status: answer.status.as_u16(), hint })
    }

    /// The same without the name of its machine: that is a part of its address.
    fn unreached(&self, failed: &CallFailed) -> NotPosted {
        let unlike = |hint| NotPosted::Unlike { hint };
        let (why, may_pass) = match failed {
            CallFailed::Address(NotReachable::Unknown { .. }) => {
                (String::from("the name in its address leads to no machine"), true)
            }
            CallFailed::Address(NotReachable::Never { .. }) => {
                (String::from("its address leads where nothing is ever sent"), false)
            }
            CallFailed::Address(NotReachable::Private { .. }) => {
                let why =
                    "its address leads into a private network: private_network = true, if that is meant";
                (why.to_owned(), false)
            }
            CallFailed::Line { why } => (why.replace(self.address.host(), "its machine"), true),
            CallFailed::TooSlow => (failed.to_string(), true),
            CallFailed::Redirected | CallFailed::Setup => (failed.to_string(), false),
            CallFailed::TooLarge => return unlike("it answered more than a chat does"),
        };
        NotPosted::Unreached { why, may_pass }
    }
}
