//! `tenure who`: somebody who can be reached now and may stop an identity, and why they.

use super::reading;
use crate::{
    client::part,
    context::{Context, Form},
    failure::{Exit, Failure},
    render::{
        paint::Look,
        table::{Table, cell, looking},
        words::{instant, typeable},
    },
    session::shaped,
    wire::programme::Who,
};
use clap::Args;
use tenure_model::printable;

/// Say who can be reached now and may stop an identity, and why they
///
/// Its technical owner, its business owner, whoever revokes by the controls that do not hold for it (in their hours, else
/// their fallback, else the escalation), and if nobody of them may stop it, the administrators.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure who pg-main/reporting
  tenure who k3vd9a --json

Exit codes: 0 done, 1 no such identity, or more than one, 2 usage.")]
pub(crate) struct WhoArgs {
    /// Which identity: SOURCE/NAME, a name, a handle or its beginning
    identity: String,
}

impl WhoArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let what = format!("it was not found out who may stop `{}`", printable(&self.identity, 80));
            let path = format!("/api/v1/identities/{}/who", part(&self.identity));
            let document = session.get(&what, &path).await?;
            context.document(&document);
            let who: Who = shaped(&document)?;
            if context.form == Form::Quiet {
                if let Some(first) = who.people.first() {
                    context.print(printable(&first.name, 80));
                }
                return Ok(Exit::Done);
            }
            let mut table =
                Table::new(&["ASK", "MAY STOP IT", "WHY THEY", "MESSAGES REACH THEM SINCE"]).or_two_lines(2);
            for one in &who.people {
                table.row(vec![
                    looking(Look::Strong, &one.name),
                    cell(if one.may_stop { "yes" } else { "no" }),
                    cell(&one.why),
                    cell(one.acknowledged.map_or_else(|| String::from("never said"), instant)),
                ]);
            }
            context.table(&table);
            if let Some(fault) = &who.fault {
                context.say(format!("Fault: {}.", printable(fault, 300)));
            }
            context.next(format!("tenure disable {} --reason \"…\"", typeable(&self.identity)));
            Ok(Exit::Done)
        })
        .await
    }
}
