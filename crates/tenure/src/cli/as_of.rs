//! `tenure as-of`: the inventory, the standings and the programme as they were on a day.
//!
//! What was known then is shown, never what was learned since. Lines of a population are written as the server gives them:
//! their digest is the one in the log. Next: docs/as-of.md.

use super::{
    identities::parse_standing,
    listing::{self, Amount},
    private_file::PrivateFile,
    reading,
};
use crate::{
    client::part,
    context::{Context, Form},
    failure::{Exit, Failure},
    place::shown,
    render::{
        paint::look_of_standing,
        table::{Table, cell, looking, name},
        words::{count, instant, typeable},
    },
    session::{Session, shaped},
    wire::{AsOf, DayClosed, IdentityAsOf, IdentityThen, Page, Sample},
};
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use tenure_evidence::PopulationDigest;
use tenure_model::{Standing, printable};

/// Rights and entries that are shown, at most; `--json` has all that the server gives.
const SHOWN_MAX: usize = 30;

/// Show what there was on a day: identities, standings, findings, programme
///
/// A day means its last instant in UTC, and today means now. What Tenure knew then is shown, whatever it learned since; what a
/// survey saw is of the instant at which that survey began. Of each day that is over the log holds how many identities there were
/// and the SHA-256 of their lines: whoever holds the lines sees whether they were changed since.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure as-of 2026-11-01                                 how many there were of what
  tenure as-of 2026-11-01 pg-main/reporting               one of them, with all it held
  tenure as-of 2026-11-01 --list --standing lapsed
  tenure as-of 2026-11-01 --sample 25 --seed \"audit 7\"    drawn so that anybody draws the same again
  tenure as-of 2026-11-01 --lines population.jsonl        all of them, and whether that is what the log says

Exit codes: 0 done, 1 failed (also: the lines are not those whose digest is in the log), 2 usage.")]
pub(crate) struct AsOfArgs {
    /// A day such as 2026-11-01, or an instant such as 2026-11-01T12:00:00Z
    when: String,
    /// Which identity: SOURCE/NAME, a name or a handle, as it is called now
    #[arg(conflicts_with_all = ["list", "sample", "lines"])]
    identity: Option<String>,
    /// List identities as they were
    #[arg(long, conflicts_with_all = ["sample", "lines"])]
    list: bool,
    /// Only this standing then
    #[arg(long, value_name = "STANDING", value_parser = parse_standing, requires = "list")]
    standing: Option<Standing>,
    /// Only those of this class then
    #[arg(long, value_name = "CLASS", requires = "list")]
    class: Option<String>,
    /// Draw so many identities
    #[arg(long, value_name = "NUMBER", requires = "seed", conflicts_with = "lines")]
    sample: Option<usize>,
    /// What they are drawn by; whoever checks should choose it
    #[arg(long, value_name = "TEXT", requires = "sample")]
    seed: Option<String>,
    /// Write every identity as one line of JSON into this file
    #[arg(long, value_name = "FILE")]
    lines: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long, requires = "lines")]
    force: bool,
    #[command(flatten)]
    amount: Amount,
}

impl AsOfArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            if let Some(identity) = &self.identity {
                self.one(context, session, identity).await
            } else if let Some(out) = &self.lines {
                self.population(context, session, out).await
            } else if let Some((size, seed)) = self.sample.zip(self.seed.as_ref()) {
                self.sample(context, session, (size, seed)).await
            } else if self.list {
                self.list(context, session).await
            } else {
                self.figures(context, session).await
            }
        })
        .await
    }

    fn at(&self) -> String {
        format!("at={}", part(&self.when))
    }

    fn what(&self) -> String {
        format!("what was on {} was not shown", printable(&self.when, 40))
    }

    async fn figures(&self, context: &Context, session: &Session<'_>) -> Result<Exit, Failure> {
        let document = session.get(&self.what(), &format!("/api/v1/as-of?{}", self.at())).await?;
        context.document(&document);
        let then: AsOf = shaped(&document)?;
        context.print(format!("As of {}:", instant(then.at)));
        let mut table = Table::new(&["STANDING", "IDENTITIES", "BUILT IN"]);
        for one in &then.figures.standings {
            table.row(vec![
                standing(one.standing),
                cell(one.identities.to_string()),
                cell(one.built_in.to_string()),
            ]);
        }
        context.table(&table);
        let findings: Vec<String> =
            then.figures.findings.iter().map(|one| format!("{} {}", one.count, one.severity)).collect();
        context.print(format!(
            "Findings open: {}. Exceptions that stood: {}. Programme: {}.",
            if findings.is_empty() { String::from("none") } else { findings.join(", ") },
            then.figures.exceptions,
            then.figures
                .programme
                .map_or_else(|| String::from("none"), |version| format!("version {version}")),
        ));
        match &then.day {
            Some(day) => context.print(format!(
                "The log holds that day since entry {}: {}, SHA-256 {}",
                day.index,
                count(day.count, "identity"),
                day.digest
            )),
            None => context.say("The log holds no digest of it: a day is closed some hours after its end."),
        }
        context.next(format!("tenure as-of {} --list", typeable(&self.when)));
        Ok(Exit::Done)
    }

    async fn list(&self, context: &Context, session: &Session<'_>) -> Result<Exit, Failure> {
        let mut query = vec![self.at()];
        query.extend(self.standing.map(|standing| format!("standing={standing}")));
        query.extend(self.class.as_ref().map(|class| format!("class={}", part(class))));
        let path = "/api/v1/as-of/identities";
        let listed =
            listing::read::<IdentityThen>(session, &self.what(), path, &query, self.amount.most()).await?;
        context.document(&listed.document);
        context.list(&table(&listed.rows), listed.rows.iter().map(|one| printable(&one.name, 400)));
        if listed.rows.is_empty() {
            context.say("None.");
        }
        if listed.more {
            context.say("There are more: --all reads them.");
        }
        Ok(Exit::Done)
    }

    async fn sample(
        &self,
        context: &Context,
        session: &Session<'_>,
        (size, seed): (usize, &str),
    ) -> Result<Exit, Failure> {
        let path = format!("/api/v1/as-of/sample?{}&size={size}&seed={}", self.at(), part(seed));
        let document = session.get(&self.what(), &path).await?;
        context.document(&document);
        let drawn: Sample = shaped(&document)?;
        context.list(&table(&drawn.identities), drawn.identities.iter().map(|one| printable(&one.name, 400)));
        context.say(format!(
            "Drawn from those of {} at {} that are no part of a system, by SHA-256 of seed, line feed and id, the lowest first. All lines: SHA-256 {}",
            count(i64::try_from(drawn.population).unwrap_or(i64::MAX), "identity"),
            instant(drawn.at),
            drawn.digest
        ));
        match drawn.day {
            Some(day) if day.digest != drawn.digest => Err(other_lines(&day)
                .next("the lines are compared with tenure as-of DAY --lines FILE; nothing that was drawn is to be relied on")),
            _ => Ok(Exit::Done),
        }
    }

    async fn population(
        &self,
        context: &Context,
        session: &Session<'_>,
        out: &Path,
    ) -> Result<Exit, Failure> {
        const WHAT: &str = "no population was written";
        let then: AsOf = shaped(&session.get(WHAT, &format!("/api/v1/as-of?{}", self.at())).await?)?;
        let mut file = PrivateFile::begin(WHAT, out, self.force)?;
        let (mut digest, mut after) = (PopulationDigest::default(), None::<String>);
        loop {
            let from = after.as_ref().map(|after| format!("&after={}", part(after))).unwrap_or_default();
            let path = format!("/api/v1/as-of/population?{}&limit=500{from}", at_instant(&then));
            let page: Page<String> = shaped(&session.get(WHAT, &path).await?)?;
            for line in &page.items {
                digest.line(line);
                file.write(format!("{line}\n").as_bytes())?;
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        file.finish()?;
        let (lines, digest) = (digest.lines(), digest.finish());
        let is_logged = then.day.as_ref().map(|day| day.digest == digest);
        context.document(&json!({
            "at": then.at, "file": out, "identities": lines, "digest": digest,
            "logged": then.day.as_ref().map(|day| json!({ "digest": day.digest, "index": day.index })),
            "as_logged": is_logged,
        }));
        if context.form == Form::Quiet {
            context.print(&digest);
        } else {
            let many = count(i64::try_from(lines).unwrap_or(i64::MAX), "identity");
            context.print(format!("Wrote {} with {many}, SHA-256 {digest}", shown(out)));
        }
        match (is_logged, &then.day) {
            (Some(false), Some(day)) => Err(other_lines(day)
                .kept(format!("{} is there, to be compared", shown(out)))
                .next("somebody changed in the database what was; a backup of before says what")),
            (Some(true), Some(day)) => {
                context.say(format!("It is what entry {} of the log says.", day.index));
                context
                    .next("tenure evidence export FILE: whoever verifies it offline finds that entry in it");
                Ok(Exit::Done)
            }
            _ => {
                context.say("The log holds no digest of it: a day is closed some hours after its end.");
                Ok(Exit::Done)
            }
        }
    }

    async fn one(&self, context: &Context, session: &Session<'_>, identity: &str) -> Result<Exit, Failure> {
        let path = format!("/api/v1/as-of/identities/{}?{}", part(identity), self.at());
        let document = session.get(&self.what(), &path).await?;
        context.document(&document);
        let then: IdentityAsOf = shaped(&document)?;
        for line in told(&then) {
            context.print(line);
        }
        context.next(format!("tenure show {}: as it is now", typeable(identity)));
        Ok(Exit::Done)
    }
}

/// The lines are not those whose digest the log holds.
fn other_lines(day: &DayClosed) -> Failure {
    Failure::new("the lines are not those of that day").because(format!(
        "entry {} of the log says {} with SHA-256 {}",
        day.index,
        count(day.count, "identity"),
        day.digest
    ))
}

/// The instant that the figures were of, so that all pages are of one.
fn at_instant(then: &AsOf) -> String {
    format!("at={}", part(&then.at.to_string()))
}

fn standing(standing: Option<Standing>) -> crate::render::table::Cell {
    match standing {
        Some(standing) => looking(look_of_standing(standing), standing.to_string()),
        None => cell("not judged yet"),
    }
}

fn table(rows: &[IdentityThen]) -> Table {
    let mut table = Table::new(&["STANDING", "IDENTITY", "HANDLE", "CLASS", "TIER", "KNOWN SINCE"]);
    for one in rows {
        table.row(vec![
            standing(one.standing),
            name(&one.name),
            cell(&one.handle),
            cell(one.class.as_deref().unwrap_or("none")),
            cell(one.tier.map_or_else(|| String::from("none"), |tier| tier.to_string())),
            cell(instant(one.created)),
        ]);
    }
    table
}

/// One identity as it was, line by line.
fn told(then: &IdentityAsOf) -> Vec<String> {
    let identity = &then.identity;
    let said = |text: &Option<String>| text.as_deref().map_or("nobody", |text| text).to_owned();
    let standing = identity.standing.map_or("not judged yet", |standing| standing.as_str());
    let mut lines = vec![
        format!(
            "{} ({}) as of {}: {standing}",
            printable(&identity.name, 400),
            identity.handle,
            instant(then.at)
        ),
        format!(
            "  owners      {} in business, {} technically",
            printable(&said(&then.business_owner), 80),
            printable(&said(&then.technical_owner), 80)
        ),
        format!(
            "  for         {}",
            identity
                .charter
                .purpose
                .as_deref()
                .map_or_else(|| String::from("not said"), |text| printable(text, 400))
        ),
        format!(
            "  class       {}, risk tier {}, programme {}",
            identity.class.as_deref().unwrap_or("none"),
            identity.tier.map_or("none", |tier| tier.as_str()),
            then.programme.map_or_else(|| String::from("none"), |version| format!("version {version}"))
        ),
    ];
    for one in &then.principals {
        let used = one
            .last_use
            .map_or_else(|| String::from("no use was seen"), |at| format!("last seen used {}", instant(at)));
        lines.push(format!(
            "  {}  {} {} at {}, {used}",
            one.presence,
            one.kind,
            printable(&one.name, 200),
            printable(&one.source_name, 80)
        ));
        for credential in then.credentials.iter().filter(|credential| credential.principal == one.id) {
            let ends = credential
                .valid_until
                .map_or_else(|| String::from("no end"), |at| format!("until {}", instant(at)));
            lines.push(format!(
                "    {}  {}, this value since {}, {ends}",
                credential.state,
                credential.kind,
                instant(credential.value_since)
            ));
        }
    }
    lines.push(format!("  {}", count(i64::try_from(then.rights.len()).unwrap_or(i64::MAX), "right")));
    for one in then.rights.iter().take(SHOWN_MAX) {
        lines.push(format!("    {} on {}", printable(&one.right, 80), printable(&one.resource, 200)));
    }
    lines.push(format!("  {}", count(i64::try_from(then.findings.len()).unwrap_or(i64::MAX), "finding")));
    for one in &then.findings {
        lines.push(format!("    {} {}: {}", one.severity, one.policy, printable(&one.reason, 400)));
    }
    for one in then.entries.iter().take(SHOWN_MAX) {
        lines.push(format!("  entry {} {} {}", one.index, instant(one.time), one.kind));
    }
    lines
}
