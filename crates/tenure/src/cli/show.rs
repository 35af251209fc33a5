//! `show` and `explain`: everything about one identity, and why it is judged as it is.

use super::reading;
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    render::{
        identity::page,
        paint::{look_of_severity, look_of_standing},
        table::{Table, cell},
        words::{instant, typeable},
    },
    session::shaped,
    wire::{Explained, IdentityShown},
};
use clap::Args;
use tenure_model::{Presence, PrincipalKind, printable};

/// Show everything about one identity, opened by three questions
///
/// Should it exist? What is the least it needs? What proves removal? Each is answered with its evidence,
/// or with the word "unanswered" and what would answer it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure show pg-main/reporting
  tenure show k3vd9a --json

Exit codes: 0 done, 1 no such identity, or more than one, 2 usage.")]
pub(crate) struct Show {
    /// Which identity: SOURCE/NAME, a name, a handle or its beginning
    identity: String,
}

impl Show {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let what = format!("`{}` was not shown", printable(&self.identity, 80));
            let document =
                session.get(&what, &format!("/api/v1/identities/{}", part(&self.identity))).await?;
            let shown: IdentityShown = shaped(&document)?;
            context.document(&document);
            for line in page(&shown, context.frame()) {
                context.print(line);
            }
            context.say("");
            context.next(next_step(&shown));
            Ok(Exit::Done)
        })
        .await
    }
}

fn next_step(shown: &IdentityShown) -> String {
    let handle = &shown.identity.handle;
    let is_present = shown.principals.iter().any(|principal| principal.presence == Presence::Present);
    if let (false, Some(plan)) = (is_present, shown.plans.first()) {
        return format!("tenure proof {}", plan.handle);
    }
    if shown.identity.built_in {
        return format!("tenure explain {handle}");
    }
    if shown.owners.is_empty() {
        // Of an identity of another system there is only a copy here: nothing to revoke.
        let elsewhere = |principal: &crate::wire::Principal| principal.kind == PrincipalKind::External;
        let revoke = if shown.principals.iter().all(elsewhere) {
            String::new()
        } else {
            format!(", or tenure revoke {handle} --reason \"…\"")
        };
        return format!("tenure own {handle} --purpose \"…\"{revoke}");
    }
    if shown.findings.is_empty() {
        format!("tenure explain {handle}")
    } else {
        String::from("do what each finding says, then tenure survey")
    }
}

/// Judge one identity now and show every fact that was looked at; nothing is written down
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure explain pg-main/reporting

Exit codes: 0 done, 1 no such identity, or more than one, 2 usage.")]
pub(crate) struct Explain {
    /// Which identity: SOURCE/NAME, a name, a handle or its beginning
    identity: String,
}

impl Explain {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let what = format!("`{}` was not judged", printable(&self.identity, 80));
            let document =
                session.get(&what, &format!("/api/v1/identities/{}/explain", part(&self.identity))).await?;
            let explained: Explained = shaped(&document)?;
            context.document(&document);
            print(context, &explained);
            context.next(format!("tenure show {}", typeable(&self.identity)));
            Ok(Exit::Done)
        })
        .await
    }
}

fn print(context: &Context, explained: &Explained) {
    let (judgement, paint) = (&explained.judgement, context.frame().paint);
    let standing = paint.text(
        look_of_standing(judgement.standing),
        &format!("{} {}", judgement.standing.mark(), judgement.standing),
    );
    let changes = judgement.changes_at.map_or_else(
        || String::from("only a new fact changes that"),
        |at| format!("changes by itself {}", instant(at)),
    );
    context.print(format!("{} is {standing}; {changes}.", printable(&explained.dossier.name, 200)));
    for condition in &judgement.conditions {
        let severity = paint.text(look_of_severity(condition.severity), condition.severity.as_str());
        let lapse = if condition.lapsed { "its grace is over" } else { "grace" };
        let until =
            if condition.lapsed { String::new() } else { format!(" until {}", instant(condition.lapses_at)) };
        context.print(format!("  ▲ {severity}: {}", printable(&condition.reason, 400)));
        context.print(format!("    {}", printable(&condition.remedy, 400)));
        context.print(format!(
            "    {}, {}; {lapse}{until}",
            condition.policy,
            printable(&condition.control, 80)
        ));
    }
    if judgement.conditions.is_empty() {
        context.print("  Nothing fails.");
    }
    context.print("Facts that were looked at:");
    let mut table = Table::new(&["", "", ""]);
    for fact in &judgement.explanation {
        let flips = fact.flips_at.map(|at| format!("flips {}", instant(at))).unwrap_or_default();
        table.row(vec![cell(format!("  {}", fact.name)), cell(&fact.value), cell(flips)]);
    }
    context.table(&table);
}
