//! `tenure findings`: what is wrong now, worst first, and an exit code for pipelines.
//!
//! What one policy says of one place is one thing to do, because it is mended there once; `--all` and `--short`
//! show each. It must never hide that something was dismissed. Next: `dismiss.rs`.

use super::{
    listing::{self, Amount},
    reading,
};
use crate::{
    context::{Context, Form},
    failure::{Exit, Failure},
    render::{
        paint::{Look, look_of_severity},
        table::{Table, cell, looking, name},
        words::{count, instant, typeable, wrapped},
    },
    session::{Session, shaped},
    wire::{Finding, Queue, QueueItem},
};
use clap::Args;
use tenure_model::{Instant, Severity, printable};

/// Things to do first.
const QUEUE: usize = 5;
/// Things to do that the server tells at once.
const THINGS_MAX: usize = 500;
const WHAT: &str = "the findings were not listed";

/// List what is wrong now, worst first, with what to do about each
///
/// Findings that are mended in one place are shown as one. What a person dismissed or excepted is not shown and not counted
/// (`tenure dismiss`, `tenure exception`); new is what was opened after the baseline of its source (`tenure baseline`).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure findings
  tenure findings --queue                 the five things to do first
  tenure findings --new
  tenure findings --fail-at high          in a pipeline
  tenure findings --short

Exit codes: 0 done, 1 failed, 2 usage, 3 there are findings at or above --fail-at.")]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
pub(crate) struct Findings {
    /// End with code 3 when a finding is at least this bad: low, medium, high or critical
    #[arg(long, value_name = "SEVERITY", value_parser = parse_severity)]
    fail_at: Option<Severity>,
    /// Only the five things to do first
    #[arg(long, conflicts_with_all = ["all", "limit", "short", "dismissed", "excepted"])]
    queue: bool,
    /// Only what was opened after the baseline of its source
    #[arg(long, conflicts_with_all = ["dismissed", "excepted"])]
    new: bool,
    /// What a person dismissed: who, why and until when
    #[arg(long)]
    dismissed: bool,
    /// What may fail by an exception: which, and until when
    #[arg(long, conflicts_with = "dismissed")]
    excepted: bool,
    /// One line each
    #[arg(long)]
    short: bool,
    #[command(flatten)]
    amount: Amount,
}

fn parse_severity(given: &str) -> Result<Severity, String> {
    given.parse().map_err(|error: tenure_model::UnknownWord| error.to_string())
}

impl Findings {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let in_groups =
            context.form == Form::Text && !(self.short || self.amount.all || self.dismissed || self.excepted);
        reading(context, async |session| {
            if self.queue || in_groups {
                self.things_to_do(session, context).await
            } else {
                self.each(session, context).await
            }
        })
        .await
    }

    /// Findings one by one.
    async fn each(&self, session: &Session<'_>, context: &Context) -> Result<Exit, Failure> {
        let mut query = Vec::new();
        query.extend(self.new.then(|| String::from("new=true")));
        query.extend(self.dismissed.then(|| String::from("dismissed=true")));
        query.extend(self.excepted.then(|| String::from("excepted=true")));
        let most = self.amount.most();
        let listed = listing::read::<Finding>(session, WHAT, "/api/v1/findings", &query, most).await?;
        context.document(&listed.document);
        // Worst first: the first row decides.
        let exit = self.exit(listed.rows.iter().map(|finding| finding.severity).max());
        if listed.rows.is_empty() {
            self.say_nothing(context);
            return Ok(exit);
        }
        let number = i64::try_from(listed.rows.len()).unwrap_or(i64::MAX);
        let which = match (self.dismissed, self.excepted) {
            (true, _) => "dismissed ",
            (false, true) => "excepted ",
            (false, false) => "",
        };
        context.say(format!("{}, worst first:", count(number, &format!("{which}finding"))));
        if self.short || context.form == Form::Quiet {
            print_short(context, &listed.rows);
        } else {
            for finding in &listed.rows {
                print_block(context, &Block::of(finding));
            }
        }
        if listed.more {
            context.say(format!("There are more than these {number}; --all lists them."));
        }
        self.say_why(context, exit);
        let first = listed.rows.first().map(|finding| typeable(&finding.identity_name)).unwrap_or_default();
        context.next(format!("tenure show {first}"));
        Ok(exit)
    }

    /// What to do, that of one place together.
    async fn things_to_do(&self, session: &Session<'_>, context: &Context) -> Result<Exit, Failure> {
        let most = if self.queue { QUEUE } else { self.amount.limit.clamp(1, THINGS_MAX) };
        let new = if self.new { "&new=true" } else { "" };
        let document = session.get(WHAT, &format!("/api/v1/queue?limit={most}{new}")).await?;
        let queue: Queue = shaped(&document)?;
        context.document(&document);
        let exit = self.exit(queue.items.iter().map(|item| item.severity).max());
        let all = if self.new { queue.new } else { queue.findings };
        let shown: i64 = queue.items.iter().map(|item| item.count).sum();
        let things = i64::try_from(queue.items.len()).unwrap_or(i64::MAX);
        if queue.items.is_empty() {
            self.say_nothing(context);
        } else if self.queue && shown < all {
            context.say(format!("The first {} to do of {}:", count(things, "thing"), count(all, "finding")));
        } else if things < shown {
            let (findings, things) = (count(shown, "finding"), count(things, "thing"));
            context.say(format!("{findings}, {things} to do, worst first:"));
        } else {
            context.say(format!("{}, worst first:", count(shown, "finding")));
        }
        for item in &queue.items {
            print_block(context, &Block::of_group(item));
        }
        if !self.queue && shown < all {
            context.say(format!("There are more than these {shown}; --all lists them."));
        }
        say_dismissed(context, &queue);
        self.say_why(context, exit);
        if let Some(name) = queue.items.first().and_then(|item| item.names.first()) {
            context.next(format!("tenure show {}", typeable(name)));
        }
        Ok(exit)
    }

    fn exit(&self, worst: Option<Severity>) -> Exit {
        match (worst, self.fail_at) {
            (Some(worst), Some(limit)) if worst >= limit => Exit::Findings,
            _ => Exit::Done,
        }
    }

    fn say_nothing(&self, context: &Context) {
        if self.dismissed {
            context.say("Nothing is dismissed.");
        } else if self.excepted {
            context.say("Nothing is excepted.");
        } else if self.new {
            context.say("Nothing is wrong that was not so at the baseline.");
        } else {
            context.say("Nothing is wrong with what was seen.");
            context.next("tenure doctor says what could not be seen");
        }
    }

    fn say_why(&self, context: &Context, exit: Exit) {
        if let (Exit::Findings, Some(limit)) = (exit, self.fail_at) {
            context.say(format!("At least one is {limit} or worse."));
        }
    }
}

/// What was dismissed, and which policies that says are wrong here.
fn say_dismissed(context: &Context, queue: &Queue) {
    if queue.excepted > 0 {
        let excepted = count(queue.excepted, "finding");
        context.say(format!("Not counted: {excepted} excepted; --excepted lists them."));
    }
    if queue.dismissed == 0 {
        return;
    }
    let shares: Vec<String> = queue
        .shares
        .iter()
        .take(5)
        .map(|share| format!("{} of {} of {}", share.dismissed, share.open, printable(&share.policy, 80)))
        .collect();
    let dismissed = count(queue.dismissed, "finding");
    context
        .say(format!("Not counted: {dismissed} dismissed ({}); --dismissed lists them.", shares.join(", ")));
}

fn print_short(context: &Context, findings: &[Finding]) {
    let mut table = Table::new(&["SEVERITY", "NAME", "POLICY", "SINCE", "FINDING", "WHAT"]).or_two_lines(1);
    for finding in findings {
        table.row(vec![
            looking(look_of_severity(finding.severity), finding.severity.as_str()),
            name(&finding.identity_name),
            cell(&finding.policy),
            cell(instant(finding.opened)),
            cell(finding.id.handle()),
            cell(&finding.reason),
        ]);
    }
    context.list(&table, findings.iter().map(|finding| &finding.identity_name));
}

/// A finding, or several as one, as it is shown.
struct Block {
    severity: Severity,
    head: String,
    reason: String,
    remedy: String,
    /// Whose, when they are several.
    names: Option<String>,
    policy: String,
    control: String,
    opened: Instant,
    marks: String,
    /// What a person said of it.
    said: Option<String>,
}

impl Block {
    fn of(finding: &Finding) -> Self {
        let handle = finding.id.handle();
        let cause = finding.cause.as_ref().map(|cause| format!(", in {}", printable(cause, 200)));
        let new = if finding.is_new { ", new" } else { "" };
        Self {
            severity: finding.severity,
            head: printable(&finding.identity_name, 120),
            reason: finding.reason.clone(),
            remedy: finding.remedy.clone(),
            names: None,
            policy: finding.policy.clone(),
            control: finding.control.clone(),
            opened: finding.opened,
            marks: format!("{new}{}, finding {handle}", cause.unwrap_or_default()),
            said: finding.dismissal_said().or_else(|| finding.exception_said()),
        }
    }

    fn of_group(item: &QueueItem) -> Self {
        let new = if item.is_new { ", new" } else { "" };
        let several = item.fix_once.is_some();
        let names: Vec<String> = item.names.iter().map(|name| printable(name, 80)).collect();
        let one = || item.names.first().map(|name| printable(name, 120)).unwrap_or_default();
        let head = item.fix_once.as_ref().map_or_else(one, |head| printable(head, 300));
        let one_of = if several { "for example: " } else { "" };
        Self {
            severity: item.severity,
            head,
            reason: format!("{one_of}{}", item.reason),
            remedy: item.remedy.clone(),
            names: several.then(|| format!("of {}", names.join(", "))),
            policy: item.policy.clone(),
            control: item.control.clone(),
            opened: item.opened,
            marks: format!("{new}, finding {}", printable(&item.finding, 40)),
            said: item
                .dismissal_ended
                .as_deref()
                .map(|ended| format!("it was dismissed, and counts again: {}", printable(ended, 400))),
        }
    }
}

fn print_block(context: &Context, block: &Block) {
    let (paint, columns) = (context.frame().paint, context.frame().prose(6));
    let severity = paint.text(look_of_severity(block.severity), block.severity.as_str());
    context.print(format!("  ▲ {severity}  {}", paint.text(Look::Strong, &block.head)));
    let reason = printable(&block.reason, 600);
    let remedy = format!("→ {}", printable(&block.remedy, 600));
    for text in [Some(reason), block.names.clone(), block.said.clone(), Some(remedy)].into_iter().flatten() {
        for line in wrapped(&text, columns) {
            context.print(format!("      {line}"));
        }
    }
    let rest = format!(
        "      {}, {}, since {}{}",
        block.policy,
        printable(&block.control, 80),
        instant(block.opened),
        block.marks
    );
    context.print(paint.text(Look::Faint, &rest));
}

#[cfg(test)]
mod tests {
    use super::{Block, Findings};
    use crate::{failure::Exit, wire::QueueItem};
    use clap::{CommandFactory as _, FromArgMatches as _};
    use serde_json::json;
    use tenure_model::Severity;

    fn group(count: i64, cause: Option<&str>) -> Block {
        let item: QueueItem = serde_json::from_value(json!({
            "policy": "readable_by_others", "control": "NHI2:2025", "severity": "high", "cause": cause,
            "count": count, "is_new": count > 1, "opened": "2026-11-22T04:52:09Z", "reason": "others may read it",
            "fix_once": cause.filter(|_| count > 1).map(|cause| format!("fix once: {cause}; {count} findings")),
            "remedy": "chmod 600", "finding": "q4x7hd", "names": ["web-1/a", "web-1/b"],
        }))
        .unwrap();
        Block::of_group(&item)
    }

    #[test]
    fn what_is_mended_in_one_place_is_one_thing_to_do() {
        let several = group(7, Some("/etc/systemd/system/shop.service"));
        assert_eq!(several.head, "fix once: /etc/systemd/system/shop.service; 7 findings");
        assert_eq!(several.reason, "for example: others may read it");
        assert_eq!(several.names.as_deref(), Some("of web-1/a, web-1/b"));
        assert_eq!(several.marks, ", new, finding q4x7hd");
        let one = group(1, Some("/etc/shop.env"));
        assert_eq!((one.head.as_str(), one.names), ("web-1/a", None));
        assert_eq!((one.reason.as_str(), one.marks.as_str()), ("others may read it", ", finding q4x7hd"));
        let escaping = group(2, Some("/tmp/\u{1b}[2J\n"));
        assert!(!escaping.head.contains(['\u{1b}', '\n']), "{}", escaping.head);
    }

    /// What the options say, without a deployment.
    fn options(given: &[&str]) -> Result<Findings, clap::Error> {
        let command = crate::cli::Cli::command();
        let findings = command.find_subcommand("findings").unwrap().clone().no_binary_name(true);
        Findings::from_arg_matches(&findings.try_get_matches_from(given)?)
    }

    #[test]
    fn the_worst_thing_to_do_decides_how_it_ends() {
        let limit = options(&["--fail-at", "high"]).unwrap();
        assert!(matches!(limit.exit(Some(Severity::High)), Exit::Findings));
        assert!(matches!(limit.exit(Some(Severity::Medium)), Exit::Done));
        assert!(matches!(options(&[]).unwrap().exit(Some(Severity::Critical)), Exit::Done));
        for contradiction in [["--queue", "--all"], ["--new", "--dismissed"], ["--queue", "--short"]] {
            assert!(options(&contradiction).is_err(), "{contradiction:?}");
        }
    }
}
