//! Watching a start-up: did the server ask for a password, and did it say yes?
//!
//! A probe must know what an answer means. A session that opens because the server never
//! asked proves nothing about a password; an error that comes after the server said yes is
//! no refusal of it. So every connection is read through this file until the start-up is
//! over. It must never keep, change or delay what passes, except that it cuts a connection
//! which asks for the password in clear over a line others can read.
//! Next: `client.rs`, which uses it.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

/// What was seen of one start-up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "what was seen is four independent facts, and grows by them"
)]
pub(crate) struct Handshake {
    /// The server asked for a password, in any form.
    pub(crate) asked: bool,
    /// The server said that authentication is over and well.
    pub(crate) authenticated: bool,
    /// The password was asked for in clear where others could read it; we did not answer.
    pub(crate) cut: bool,
    /// The process the server says it is; a pooler makes one up.
    pub(crate) process: Option<i32>,
    /// The line is encrypted.
    pub(crate) encrypted: bool,
}

/// One start-up, as seen by whoever reads it and whoever asks about it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch(Arc<Mutex<Handshake>>);

impl Watch {
    /// What was seen so far.
    pub(crate) fn seen(&self) -> Handshake {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, change: impl FnOnce(&mut Handshake)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// What the scanner waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaits {
    /// The one byte that answers our wish for encryption.
    EncryptionAnswer,
    /// The next message.
    Message,
    /// Nothing: the start-up is over, or goes on inside the encryption.
    Nothing,
}

/// Longest message looked into; longer ones are passed over by length.
const LOOKED_AT_BYTES: usize = 9;

/// Reads backend messages (PostgreSQL manual, "Message Formats") as they come, in any portions.
#[derive(Debug)]
struct Scanner {
    awaits: Awaits,
    head: Vec<u8>,
    skip: usize,
    clear_allowed: bool,
}

impl Scanner {
    fn new(awaits: Awaits, clear_allowed: bool) -> Self {
        Self { awaits, head: Vec::with_capacity(LOOKED_AT_BYTES), skip: 0, clear_allowed }
    }

    fn read(&mut self, bytes: &[u8], watch: &Watch) {
        for byte in bytes {
            match self.awaits {
                Awaits::Nothing => return,
                Awaits::EncryptionAnswer if *byte == b'N' => self.awaits = Awaits::Message,
                Awaits::EncryptionAnswer if *byte == b'S' => self.awaits = Awaits::Nothing,
                // A server that cannot even say no answers with an error message.
                Awaits::EncryptionAnswer => {
                    self.awaits = Awaits::Message;
                    self.byte(*byte, watch);
                }
                Awaits::Message => self.byte(*byte, watch),
            }
        }
    }

    fn byte(&mut self, byte: u8, watch: &Watch) {
        if self.skip > 0 {
            self.skip -= 1;
            return;
        }
        self.head.push(byte);
        let Some((kind, length)) = self.kind_and_length() else { return };
        // The length counts itself, four bytes, and not the kind.
        let looked_at = (1 + length).min(LOOKED_AT_BYTES);
        if self.head.len() < looked_at {
            return;
        }
        self.skip = (1 + length).saturating_sub(self.head.len());
        self.message(kind, watch);
        self.head.clear();
    }

    fn kind_and_length(&self) -> Option<(u8, usize)> {
        match self.head.as_slice() {
            [kind, a, b, c, d, ..] => {
                let length = u32::from_be_bytes([*a, *b, *c, *d]);
                Some((*kind, usize::try_from(length).unwrap_or(usize::MAX - 1).max(4)))
            }
            _ => None,
        }
    }

    fn first_number(&self) -> Option<i32> {
        match self.head.as_slice() {
            [_, _, _, _, _, a, b, c, d, ..] => Some(i32::from_be_bytes([*a, *b, *c, *d])),
            _ => None,
        }
    }

    fn message(&mut self, kind: u8, watch: &Watch) {
        match (kind, self.first_number()) {
            (b'R', Some(0)) => watch.note(|seen| seen.authenticated = true),
            (b'R', Some(3)) => {
                let cut = !self.clear_allowed;
                watch.note(|seen| {
                    seen.asked = true;
                    seen.cut = cut;
                });
            }
            (b'R', Some(5 | 10)) => watch.note(|seen| seen.asked = true),
            (b'K', process) => watch.note(|seen| seen.process = process),
            (b'E' | b'Z', _) => self.awaits = Awaits::Nothing,
            _ => {}
        }
    }
}

/// A stream that is watched until the start-up is over.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    inner: S,
    scanner: Scanner,
    watch: Watch,
}

impl<S> Watched<S> {
    /// Watches a bare line. `asks_for_encryption` says that the first byte answers that wish;
    /// `private` that nobody else can read the line (loopback, a socket).
    pub(crate) fn bare(inner: S, watch: Watch, asks_for_encryption: bool, private: bool) -> Self {
        let awaits = if asks_for_encryption { Awaits::EncryptionAnswer } else { Awaits::Message };
        Self { inner, scanner: Scanner::new(awaits, private), watch }
    }

    fn encrypted(inner: S, watch: Watch) -> Self {
        watch.note(|seen| seen.encrypted = true);
        Self { inner, scanner: Scanner::new(Awaits::Message, true), watch }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        if self.scanner.awaits == Awaits::Nothing || !matches!(polled, Poll::Ready(Ok(()))) {
            return polled;
        }
        let this = &mut *self;
        this.scanner.read(buffer.filled().get(before..).unwrap_or_default(), &this.watch);
        if this.watch.seen().cut {
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "the server asks for the password in clear over a line that is not encrypted",
            )));
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

impl<S: TlsStream + Unpin> TlsStream for Watched<S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.inner.channel_binding()
    }
}

/// Encrypts a line and goes on watching inside the encryption.
pub(crate) struct WatchedTls<C> {
    /// What encrypts.
    pub(crate) inner: C,
    /// Who is told.
    pub(crate) watch: Watch,
}

impl<S, C> TlsConnect<S> for WatchedTls<C>
where
    C: TlsConnect<S>,
    C::Future: Send + 'static,
{
    type Stream = Watched<C::Stream>;
    type Error = C::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Stream, Self::Error>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        let connecting = self.inner.connect(stream);
        let watch = self.watch;
        Box::pin(async move { connecting.await.map(|inner| Watched::encrypted(inner, watch)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: &[u8] = b"R\0\0\0\x08\0\0\0\0";
    const CLEAR: &[u8] = b"R\0\0\0\x08\0\0\0\x03";
    const SASL: &[u8] = b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0";
    const KEY: &[u8] = b"K\0\0\0\x0c\0\0\0\x2a\0\0\0\x01";
    const ERROR: &[u8] = b"E\0\0\0\x08\0\0\0\0";

    fn seen(awaits: Awaits, portions: &[&[u8]]) -> Handshake {
        let watch = Watch::default();
        let mut scanner = Scanner::new(awaits, false);
        for portion in portions {
            scanner.read(portion, &watch);
        }
        watch.seen()
    }

    #[test]
    fn a_server_that_never_asks_is_told_from_one_that_does() {
        let trusting = seen(Awaits::Message, &[OK, KEY]);
        assert!(!trusting.asked && trusting.authenticated);
        assert_eq!(trusting.process, Some(42));
        let asking = seen(Awaits::Message, &[SASL, OK]);
        assert!(asking.asked && asking.authenticated);
        let refusing = seen(Awaits::Message, &[SASL, ERROR]);
        assert!(refusing.asked && !refusing.authenticated);
    }

    #[test]
    fn messages_are_understood_byte_by_byte_and_behind_the_answer_about_encryption() {
        let all = [b"N".as_slice(), SASL, OK, KEY].concat();
        let portions: Vec<&[u8]> = all.chunks(1).collect();
        assert_eq!(seen(Awaits::EncryptionAnswer, &portions), seen(Awaits::Message, &[SASL, OK, KEY]));
        assert_eq!(seen(Awaits::EncryptionAnswer, &[b"S", CLEAR]), Handshake::default());
    }

    #[test]
    fn a_wish_for_the_clear_password_is_cut_off() {
        let seen = seen(Awaits::Message, &[CLEAR]);
        assert!(seen.cut && seen.asked && !seen.authenticated);
    }

    #[test]
    fn nothing_is_believed_after_the_start_up_is_over() {
        assert!(!seen(Awaits::Message, &[ERROR, OK]).authenticated);
    }

    #[test]
    fn a_hostile_length_neither_panics_nor_counts_as_a_yes() {
        let seen = seen(Awaits::Message, &[b"X\xff\xff\xff\xff", OK, b"R\0\0\0\0\0\0\0\0"]);
        assert!(!seen.authenticated);
    }
}
