//! `tenure people show`, `token`, `link` and `unlink`: by what a person is known.
//!
//! A token is printed once, to standard output, and kept nowhere by this program. A subject and an address are personal
//! data: they are shown to administrators alone, and the server sees to that. Next: docs/sign-in.md.

use super::{changing, reading, revoke::quoted};
use crate::{
    client::part,
    context::{Context, Form},
    failure::{Exit, Failure},
    render::table::{Table, cell},
    session::shaped,
    wire::PersonShown,
};
use clap::Args;
use serde_json::{Value, json};
use tenure_model::printable;

/// Show a person's tokens with their ends, and the accounts they sign in by
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure people show alice

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Show {
    /// Whom
    name: String,
}

impl Show {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let shown = printable(&self.name, 80);
        reading(context, async |session| {
            let what = format!("`{shown}` was not shown");
            let document = session.get(&what, &format!("/api/v1/people/{}", part(&self.name))).await?;
            let found: PersonShown = shaped(&document)?;
            context.document(&document);
            context.say(format!("{shown} is {}.", found.person.role));
            let mut tokens = Table::new(&["TOKEN", "MADE", "ENDS", ""]);
            for token in &found.tokens {
                let over = if token.over { "over" } else { "" };
                tokens.row(vec![cell(&token.handle), cell(&token.issued), cell(&token.ends), cell(over)]);
            }
            context.list(&tokens, found.tokens.iter().map(|token| &token.handle));
            for link in &found.links {
                let issuer = printable(&link.issuer, 200);
                context.say(match (&link.subject, &link.email) {
                    (Some(subject), _) => {
                        format!("Signs in at {issuer} as subject {}.", printable(subject, 255))
                    }
                    (None, email) => format!(
                        "Signs in at {issuer} the first time with the verified address {}.",
                        printable(email.as_deref().unwrap_or_default(), 255)
                    ),
                });
            }
            context.say(match &found.mail {
                Some(mail) => format!("Mail reaches them at {}.", printable(mail, 254)),
                None => String::from("Mail reaches them nowhere."),
            });
            if let Some(chat) = &found.chat {
                context.say(format!("They are told in the chat {}.", printable(chat, 60)));
            }
            context.next(format!("tenure people token {0}, tenure people link {0}", quoted(&self.name)));
            Ok(Exit::Done)
        })
        .await
    }
}

/// Make a further token for a person, with an end; it is shown once
///
/// Several count at the same time, so that one is replaced without a gap: make the second, change whoever uses the
/// first, then take the first away with --revoke and its handle (tenure people show).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure people token alice
  tenure people token alice --days 30
  (umask 077; tenure people token alice --quiet > token)
  tenure people token alice --revoke k7wd2p
  tenure people token alice --revoke all

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Token {
    /// Whose
    name: String,
    /// How many days it lasts, at most 365 [default: 90]
    #[arg(long, value_name = "N", conflicts_with = "revoke")]
    days: Option<u16>,
    /// Take a token away instead of making one, by its handle, or all; their sessions end too
    #[arg(long, value_name = "TOKEN", num_args = 0..=1, default_missing_value = "all")]
    revoke: Option<String>,
}

impl Token {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        if let Some(which) = &self.revoke {
            return self.withdraw(context, which).await;
        }
        let shown = printable(&self.name, 80);
        let what = format!("no token was made for `{shown}`");
        changing(context, async |session| {
            let query = self.days.map(|days| format!("?days={days}")).unwrap_or_default();
            let path = format!("/api/v1/people/{}/token{query}", part(&self.name));
            let document = session.post(&what, &path, &json!({})).await?;
            context.document(&document);
            let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default();
            context.say(format!(
                "A token of {shown}, {}, that ends at {}. It is shown once:",
                text("handle"),
                text("ends")
            ));
            if context.form != Form::Json {
                context.print(text("token"));
            }
            context.next("hand it over on a safe way; it is sent as `Authorization: Bearer …`");
            Ok(Exit::Done)
        })
        .await
    }

    async fn withdraw(&self, context: &Context, which: &str) -> Result<Exit, Failure> {
        let shown = printable(&self.name, 80);
        let (what, path, said) = if which == "all" {
            let path = format!("/api/v1/people/{}/token", part(&self.name));
            (format!("the tokens of `{shown}` were not taken away"), path, String::from("No token"))
        } else {
            let path = format!("/api/v1/people/{}/tokens/{}", part(&self.name), part(which));
            let handle = printable(which, 60);
            (
                format!("the token `{handle}` of `{shown}` was not taken away"),
                path,
                format!("The token {handle}"),
            )
        };
        changing(context, async |session| {
            session.delete(&what, &path).await?;
            context.document(&json!({ "revoked": self.name, "token": which }));
            context.say(if which == "all" {
                format!("{said} of {shown} works any more, nor do their sessions.")
            } else {
                format!("{said} of {shown} no longer works, nor do their sessions.")
            });
            context.next(format!("tenure people token {} makes a new one", quoted(&self.name)));
            Ok(Exit::Done)
        })
        .await
    }
}

/// Say by which account of the OpenID provider a person signs in to the console
///
/// By its subject, the provider's own name for it, which never changes hands. Or by an e-mail address: then whoever signs
/// in first with it, verified by the provider, is that person, and their subject counts from then on.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure people link alice --subject 248289761001
  tenure people link alice --email alice@example.com

Exit codes: 0 linked, 1 failed, 2 usage.")]
pub(crate) struct Link {
    /// Whom
    name: String,
    /// The account's subject at the provider
    #[arg(long, value_name = "SUBJECT", required_unless_present = "email", conflicts_with = "email")]
    subject: Option<String>,
    /// Its address, which the provider must have verified
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// At which provider, when it is not the one in tenure.toml
    #[arg(long, value_name = "ADDRESS")]
    issuer: Option<String>,
}

impl Link {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let shown = printable(&self.name, 80);
        let what = format!("`{shown}` was not linked");
        let configured = context.place.configuration.oidc.as_ref().map(|oidc| oidc.issuer.clone());
        let mut body = serde_json::Map::new();
        let fields =
            [("subject", self.subject), ("email", self.email), ("issuer", self.issuer.or(configured))];
        body.extend(fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))));
        changing(context, async |session| {
            let path = format!("/api/v1/people/{}/link", part(&self.name));
            let document = session.put(&what, &path, &body).await?;
            context.document(&document);
            context.say(format!("{shown} signs in by that account from now on."));
            context.next(format!("tenure people show {}", quoted(&self.name)));
            Ok(Exit::Done)
        })
        .await
    }
}

/// Take every link of a person to an account of the OpenID provider away; their sessions end
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure people unlink alice

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Unlink {
    /// Whom
    name: String,
}

impl Unlink {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let shown = printable(&self.name, 80);
        let what = format!("`{shown}` was not unlinked");
        changing(context, async |session| {
            session.delete(&what, &format!("/api/v1/people/{}/link", part(&self.name))).await?;
            context.document(&json!({ "unlinked": self.name }));
            context
                .say(format!("{shown} does not sign in by a provider any more, and their sessions ended."));
            context.next(format!("tenure people show {}", quoted(&self.name)));
            Ok(Exit::Done)
        })
        .await
    }
}
