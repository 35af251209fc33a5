//! `tenure source remove`: stop reading a source, after what hangs on it was said and its name given once more.
//!
//! Must never remove what was not looked at by whoever asks: without a terminal and without the name nothing is done.
//! Next: `source.rs`.

use super::{changing, reading, revoke::quoted};
use crate::{
    client::part,
    context::{Context, Form},
    failure::{Exit, Failure},
    render::words::count,
    session::{Session, shaped},
    wire::SourceLeaving,
};
use clap::Args;
use serde_json::json;
use tenure_model::{PlanState, printable};

/// Plans named in a preview, at most.
const PLANS_MAX: usize = 20;

/// Stop reading a source and forget the password Tenure has there
///
/// First it says what hangs on the source: identities that nothing shows then, their findings, plans that are not over.
/// Then its name is typed once more, or given with --yes. What was seen stays as history, and the account in the system
/// stays as it is.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure source remove pg-old --preview
  tenure source remove pg-old
  tenure source remove pg-old --yes pg-old

Exit codes: 0 removed, or only said what would follow; 1 failed, 2 usage, 4 a decision is needed.")]
pub(crate) struct Remove {
    /// Which source
    name: String,
    /// Only say what hangs on it
    #[arg(long, conflicts_with = "yes")]
    preview: bool,
    /// Go on without asking: its name once more
    #[arg(long, value_name = "NAME")]
    yes: Option<String>,
}

impl Remove {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let shown = printable(&self.name, 60);
        let what = format!("source `{shown}` was not removed");
        if let Some(given) = self.yes.as_ref().filter(|given| **given != self.name) {
            return Err(Failure::usage(what)
                .because(format!("--yes names `{}`, but this is about `{shown}`", printable(given, 60)))
                .kept("nothing was changed")
                .next(format!("give --yes {}, if that is what you mean", quoted(&self.name))));
        }
        if self.preview {
            return reading(context, async |session| {
                let document = self.leaving(session, &what).await?;
                context.document(&document);
                tell(context, &shown, &shaped(&document)?, Context::print);
                context.next(format!("tenure source remove {}", quoted(&self.name)));
                Ok(Exit::Done)
            })
            .await;
        }
        changing(context, async |session| {
            let leaving: SourceLeaving = shaped(&self.leaving(session, &what).await?)?;
            tell(context, &shown, &leaving, Context::remark);
            self.decide(context, &what).await?;
            session.delete(&what, &format!("/api/v1/sources/{}", part(&self.name))).await?;
            context.document(&json!({ "removed": self.name }));
            context.say(format!(
                "Removed source `{shown}`; our password there is forgotten. What was seen stays as history."
            ));
            context.next(
                "an account that was made there for Tenure is not needed any more; added again at the same address, the \
                 source takes up what it showed",
            );
            Ok(Exit::Done)
        })
        .await
    }

    async fn leaving(&self, session: &Session<'_>, what: &str) -> Result<serde_json::Value, Failure> {
        session.get(what, &format!("/api/v1/sources/{}/leaving", part(&self.name))).await
    }

    /// The name, typed or given. Anything else leaves the source as it is.
    async fn decide(&self, context: &Context, what: &str) -> Result<(), Failure> {
        if self.yes.is_some() {
            return Ok(());
        }
        let again = format!("tenure source remove {0} --yes {0}", quoted(&self.name));
        if !context.terminal.can_ask || context.form != Form::Text {
            return Err(Failure::undecided(what)
                .because("it needs a decision, and there is no terminal to ask for one")
                .kept("nothing was changed")
                .next(again));
        }
        let question = format!("Type its name to go on: {}\n> ", printable(&self.name, 60));
        let typed =
            crate::terminal::ask(&question).await.map_err(|failure| failure.kept("nothing was changed"))?;
        if typed == self.name {
            return Ok(());
        }
        Err(Failure::undecided(what)
            .because("another name was typed")
            .kept("nothing was changed")
            .next(again))
    }
}

/// What hangs on a source.
fn tell(context: &Context, shown: &str, leaving: &SourceLeaving, told: fn(&Context, String)) {
    let identities = count(leaving.identities_count, "identity");
    told(
        context,
        match leaving.unobserved_count {
            0 if leaving.identities_count == 0 => format!("`{shown}` shows no identity."),
            0 => format!("`{shown}` shows {identities}; other sources show each of them, too."),
            many => format!(
                "`{shown}` shows {identities}; {many} of them nothing else shows, so they are unobserved without it."
            ),
        },
    );
    if leaving.findings_count > 0 {
        let findings = count(leaving.findings_count, "open finding");
        told(context, format!("They have {findings}, and no survey sees any more whether those are mended."));
    }
    for plan in leaving.plans.iter().take(PLANS_MAX) {
        let (handle, about) = (printable(&plan.handle, 40), printable(&plan.principal, 120));
        told(
            context,
            match plan.state {
                PlanState::Proposed => format!("Plan {handle} about `{about}` can then not be carried out."),
                _ => format!(
                    "Plan {handle} about `{about}` is at work there: it must be over, or taken back (tenure undo {handle}), before."
                ),
            },
        );
    }
    if leaving.plans.len() > PLANS_MAX {
        told(context, format!("So with {} more plans.", leaving.plans.len() - PLANS_MAX));
    }
}
