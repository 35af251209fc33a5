//! Messages, as the API says them.

use serde::Deserialize;
use tenure_model::{Instant, MessageKind, MessageWay};

/// What somebody was told.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Message {
    pub(crate) handle: String,
    pub(crate) to: Option<String>,
    pub(crate) kind: MessageKind,
    pub(crate) way: MessageWay,
    pub(crate) tells: u64,
    pub(crate) created: Instant,
    pub(crate) attempts: i64,
    pub(crate) next: Option<Instant>,
    pub(crate) sent: Option<Instant>,
    pub(crate) given_up: Option<Instant>,
    pub(crate) why: Option<String>,
}

/// The chats.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ChatList {
    pub(crate) chats: Vec<Chat>,
}

/// A chat.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Chat {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) details: bool,
    pub(crate) people: u64,
}

/// A stream of events.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct EventStream {
    pub(crate) name: String,
    pub(crate) way: String,
    pub(crate) to: String,
    pub(crate) format: String,
    pub(crate) kinds: Vec<String>,
    pub(crate) details: bool,
    pub(crate) behind: u64,
    pub(crate) taken: Option<Instant>,
    pub(crate) why: Option<String>,
    pub(crate) again: Option<Instant>,
}

/// The mail server.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct MailWay {
    pub(crate) mail: Option<Mail>,
}

/// How mail leaves.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Mail {
    pub(crate) server: String,
    pub(crate) port: u16,
    pub(crate) security: String,
    pub(crate) from: String,
    pub(crate) directory_addresses: bool,
}
