//! Agreeing to what others ask for, as it was shown: by its word, the beginning of a digest of all of it.
//!
//! What changed since has another word, so nothing is agreed to unseen. Must never answer for anybody.

use crate::{
    context::{Context, Form},
    failure::Failure,
    terminal,
};

/// Characters of a digest that are typed.
const WORD_CHARS: usize = 12;

/// What somebody agrees to.
pub(super) struct ToAgree<'asked> {
    /// What did not happen, when it did not: `` request `7k2m4x` was not approved ``.
    pub(super) failed: String,
    /// To agree, of somebody and of oneself: `("approves", "approve")`.
    pub(super) verb: (&'static str, &'static str),
    /// The digest of all that is asked.
    pub(super) digest: &'asked str,
    /// The word as an argument, where one was given.
    pub(super) given: Option<&'asked str>,
}

impl ToAgree<'_> {
    /// The word, as it was given, or typed after `show` showed what is asked.
    pub(super) async fn agreed(self, context: &Context, show: impl FnOnce()) -> Result<(), Failure> {
        let word: String = self.digest.chars().take(WORD_CHARS).collect();
        let (agrees, agree) = self.verb;
        if let Some(given) = self.given {
            if given == word {
                return Ok(());
            }
            return Err(Failure::new(self.failed)
                .because("it is another word than the one that was shown with it")
                .kept("nothing was changed")
                .next("the same command without --yes shows what is asked, and its word"));
        }
        show();
        if !context.terminal.can_ask || context.form != Form::Text {
            return Err(Failure::undecided(self.failed)
                .because("it needs a decision, and there is no terminal to ask for one")
                .kept("nothing was changed")
                .next(format!("the same command with --yes {word} {agrees} it as it was shown")));
        }
        let typed = terminal::ask(&format!("Type this to {agree} it: {word}\n> "))
            .await
            .map_err(|failure| failure.kept("nothing was changed"))?;
        if typed.trim() == word {
            return Ok(());
        }
        Err(Failure::undecided(self.failed).because("something else was typed").kept("nothing was changed"))
    }
}
