//! One event by one POST, signed. Taken is what is answered with 2xx; nothing of the answer is read. Next: `signing.rs`.

use crate::{Event, EventFormat, NotTaken, SigningSecret};
use http::{Request, header};
use tenure_call::{Address, Caller};
use tenure_model::Instant;

/// Where events are posted.
#[derive(Debug)]
pub struct WebhookChannel {
    /// Where to.
    pub address: Address,
    /// By what they are believed there.
    pub secret: SigningSecret,
    /// What calls.
    pub caller: Caller,
}

impl WebhookChannel {
    /// Sends one event, once. Its id is the entry's: whoever gets it twice can tell.
    pub async fn send(&self, event: &Event, format: EventFormat, now: Instant) -> Result<(), NotTaken> {
        let body = event.text(format)?;
        let seconds = now.as_micros().div_euclid(1_000_000);
        let request = Request::post("/")
            .header(header::CONTENT_TYPE, format.media_type())
            .header("webhook-id", &event.entry.id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", self.secret.sign(&event.entry.id, seconds, body.as_bytes()));
        let status = self.caller.tell(&self.address, request, body.into()).await?.as_u16();
        let hint = match status {
            200..=299 => return Ok(()),
            401 | 403 => "it does not believe us: is it the same secret on both sides?",
            404 | 410 => "there is nothing at this address",
            413 => "it takes no event that large",
            429 => "it wants fewer at a time",
            500..=599 => "it has trouble of its own",
            _ => "it takes no such event",
        };
        Err(NotTaken::Status { status, hint })
    }
}
