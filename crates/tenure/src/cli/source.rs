//! `tenure source`: what Tenure may read, and with which account.
//!
//! The password goes from a file, a variable or the terminal straight into one request. An address
//! that holds one is refused before anything is sent. Must never print an address it refused.

use super::{changing, reading, source_remove::Remove, source_set::Set};
use crate::{
    client::part,
    connectors,
    context::Context,
    failure::{Exit, Failure},
    passwords::{PasswordFrom, refuse_in_address},
    render::{
        paint::Look,
        table::{Table, cell, looking},
        words::{count, instant, typeable},
    },
    session::{Session, shaped},
    wire::{CheckReport, Source},
};
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use tenure_connect::Manifest;
use tenure_model::{PRIMARY, Secret, printable};

/// Say what Tenure may read, and with which account
#[derive(Debug, Subcommand)]
pub(crate) enum SourceCommand {
    Add(Add),
    List(List),
    Set(Set),
    Check(Check),
    Remove(Remove),
}

impl SourceCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Add(args) => args.run(context).await,
            Self::List(args) => args.run(context).await,
            Self::Set(args) => args.run(context).await,
            Self::Check(args) => args.run(context).await,
            Self::Remove(args) => args.run(context).await,
        }
    }
}

/// Add a source, and check what can be seen and done there
///
/// The scheme of the address picks the connector. Name every further place where a password of this
/// system is accepted (standbys, poolers) with --point: a revocation is proved at each of them. The
/// password is sealed before it is stored. --sql prints the script of a least-privilege account instead.
/// A machine over SSH is first asked for its host key and nothing else: add it with the host key that you
/// have compared on its console. The private key stays in its file; --password-file opens an encrypted one.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure source add --sql > tenure.sql
  tenure source add pg-main postgres://tenure@db.example/shop
  tenure source add image host:///mnt/image
  tenure source add web-1 ssh://tenure@web-1.example --option key-file=/etc/tenure/survey_ed25519
  tenure source add web-1 ssh://tenure@web-1.example --option key-file=/etc/tenure/survey_ed25519 \\
      --option host-key=SHA256:iWIMVjbFRnGVr2Tn0oXnuUkyw8xvYWUfKmGBoSnVp2o
  tenure source add pg-main postgres://tenure@db-1.example/shop \\
      --point replica-1=postgres://tenure@db-2.example/shop \\
      --point pooler=postgres://tenure@pool.example:6432/shop \\
      --option heir=dba --password-file ~/.tenure-pg

Exit codes: 0 added and reachable, 1 not added, or added and not reachable, 2 usage.")]
pub(crate) struct Add {
    /// What to call it: lower-case letters, digits and `-`
    #[arg(required_unless_present = "sql")]
    name: Option<String>,
    /// The address of its primary point, without a password
    #[arg(required_unless_present = "sql")]
    url: Option<String>,
    /// A further point where credentials are accepted
    #[arg(long, value_name = "NAME=URL")]
    point: Vec<String>,
    /// A setting of the connector
    #[arg(long, value_name = "NAME=VALUE")]
    option: Vec<String>,
    #[command(flatten)]
    password: PasswordFrom,
    /// Print the script that creates a least-privilege account, and add nothing
    #[arg(long)]
    sql: bool,
}

#[derive(Serialize)]
struct PointBody<'args> {
    name: &'args str,
    url: &'args str,
}

#[derive(Serialize)]
struct NewSource<'args> {
    name: &'args str,
    system: &'args str,
    points: Vec<PointBody<'args>>,
    options: BTreeMap<&'args str, &'args str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'args str>,
}

impl Add {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        if self.sql {
            return self.print_script(context);
        }
        let (Some(name), Some(url)) = (&self.name, &self.url) else {
            return Err(Failure::usage("a source needs a name and an address"));
        };
        refuse_in_address("URL", url, "--password-file")?;
        refuse_relative(name, url)?;
        let manifest = connector_of(url)?;
        let mut points = vec![PointBody { name: PRIMARY, url }];
        for given in &self.point {
            let (name, url) = pair("--point", given)?;
            refuse_in_address("--point", url, "--password-file")?;
            points.push(PointBody { name, url });
        }
        let options = self.option.iter().map(|given| pair("--option", given)).collect::<Result<_, _>>()?;
        self.vouched_for(name, url, &options).await?;
        let secret = if manifest.takes_password || self.password.is_given() {
            self.password.read(context, "Password of that account (empty for none): ").await?
        } else {
            None
        };
        let body = NewSource {
            name,
            system: manifest.system,
            points,
            options,
            secret: secret.as_ref().map(|secret: &Secret<String>| secret.expose().as_str()),
        };
        let what = format!("source `{}` was not added", printable(name, 60));
        changing(context, async |session| {
            let listed = super::listing::read::<Source>(session, &what, "/api/v1/sources", &[], usize::MAX).await?;
            let alike = listed.rows.iter().find(|other| reads_the_same(other, url));
            let added = session.post(&what, "/api/v1/sources", &body).await?;
            if let Some(other) = alike {
                context.remark(format!(
                    "`{}` reads the same server: each principal there is now two identities. If that is not meant: tenure source remove {name}",
                    other.name
                ));
            }
            context.say(format!("Added source `{name}` ({}). Checking it.", manifest.title));
            check(session, context, name, Checked::Added(added)).await
        })
        .await
    }

    /// Goes on only with a system that somebody has vouched for, where its kind shows something to vouch for.
    async fn vouched_for(
        &self,
        name: &str,
        url: &str,
        options: &BTreeMap<&str, &str>,
    ) -> Result<(), Failure> {
        let Some(connector) = connectors::at_address(url) else { return Ok(()) };
        let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let not_added = || {
            Failure::new(format!("source `{}` was not added", printable(name, 60))).kept("nothing was added")
        };
        match connector.introduction(url, &options).await {
            Ok(None) => Ok(()),
            Err(why) => Err(not_added().because(why.to_string())),
            Ok(Some(met)) => Err(not_added().because(met.shown).next(format!(
                "{}. If it is the same: {} --option {}={}",
                met.check,
                self.again(name, url),
                met.option.0,
                met.option.1
            ))),
        }
    }

    /// The command that was given, to be given again. It holds no password: those come from elsewhere.
    fn again(&self, name: &str, url: &str) -> String {
        let mut command = format!("tenure source add {} {}", typeable(name), typeable(url));
        for (flag, given) in [("--point", &self.point), ("--option", &self.option)] {
            for one in given {
                let _ = write!(command, " {flag} {}", typeable(one));
            }
        }
        if let Some(file) = &self.password.password_file {
            let _ = write!(command, " --password-file {}", typeable(&file.display().to_string()));
        }
        if let Some(variable) = &self.password.password_env {
            let _ = write!(command, " --password-env {}", printable(variable, 60));
        }
        command
    }

    fn print_script(&self, context: &Context) -> Result<Exit, Failure> {
        let given = self.url.as_ref().or(self.name.as_ref()).filter(|given| given.contains("://"));
        let manifest = match given {
            Some(url) => {
                refuse_in_address("URL", url, "--password-file")?;
                connector_of(url)?
            }
            // Only where we log in is there an account to make.
            None => match connectors::with_accounts().as_slice() {
                [only] => only,
                _ => {
                    return Err(Failure::usage("which script is wanted was not said").next(format!(
                        "give an address that begins with one of: {}",
                        connectors::schemes()
                    )));
                }
            },
        };
        context.document(&json!({ "system": manifest.system, "script": manifest.least_privilege_script }));
        context.print(manifest.least_privilege_script.trim_end());
        Ok(Exit::Done)
    }
}

/// Schemes of addresses that are files.
const FILES: [&str; 4] = ["csv", "json", "prowler", "cartography"];

/// A file is named by its whole path: whoever reads it again in an hour may stand elsewhere.
fn refuse_relative(name: &str, url: &str) -> Result<(), Failure> {
    let Some((scheme, path)) = url.split_once("://") else { return Ok(()) };
    if !FILES.contains(&scheme.to_ascii_lowercase().as_str()) || path.starts_with('/') || path.is_empty() {
        return Ok(());
    }
    let here = std::env::current_dir().unwrap_or_else(|_| std::path::PathBuf::from("/whole/path"));
    let whole = here.join(path.trim_start_matches("./"));
    let (name, shown) = (printable(name, 60), printable(path, 200));
    Err(Failure::usage(format!("source `{name}` was not added"))
        .because(format!("`{shown}` does not begin with a slash, and a file is named by its whole path"))
        .next(format!(
            "tenure source add {name} {scheme}://{} …",
            printable(&whole.display().to_string(), 300)
        )))
}

fn connector_of(url: &str) -> Result<&'static Manifest, Failure> {
    connectors::of_address(url).ok_or_else(|| {
        let scheme = url.split_once("://").map(|(scheme, _)| printable(scheme, 20));
        let why = scheme.map_or_else(
            || String::from("it has no scheme"),
            |scheme| format!("no connector answers to `{scheme}://`"),
        );
        Failure::usage("the address cannot be used")
            .because(why)
            .next(format!("begin it with one of: {}", connectors::schemes()))
    })
}

/// `name=value`. The value is not repeated when it is missing: it may hold a password.
pub(super) fn pair<'given>(flag: &str, given: &'given str) -> Result<(&'given str, &'given str), Failure> {
    given.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
        Failure::usage(format!("what was given as {flag} has no `=`"))
            .next(format!("write {flag} NAME=VALUE"))
    })
}

/// How the trouble of a point begins that was reached.
const ANSWERS: &str = "answers, but";

/// The port of a PostgreSQL whose address names none.
const DEFAULT_PORT: &str = "5432";

/// True when one of a source's points is at the server of this address.
fn reads_the_same(source: &Source, url: &str) -> bool {
    if connectors::of_address(url).is_some_and(|manifest| !manifest.takes_password) {
        return source.points.iter().any(|point| point.url == url);
    }
    let server = server_of(url);
    source.points.iter().any(|point| server_of(&point.url) == server)
}

/// Host and port of an address; PostgreSQL's own port where none is written.
fn server_of(url: &str) -> (String, String) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let place = rest.split(['/', '?']).next().unwrap_or_default();
    let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
    let (host, port) = match place.rsplit_once(':') {
        // The colons of an IPv6 address are inside its brackets.
        Some((host, port)) if !port.contains(']') && !port.is_empty() => (host, port),
        Some((host, "")) => (host, DEFAULT_PORT),
        Some(_) | None => (place, DEFAULT_PORT),
    };
    (host.to_ascii_lowercase(), port.to_owned())
}

/// Why a source is checked.
pub(super) enum Checked {
    /// Somebody asked for it.
    Asked,
    /// It was added just now: the answer.
    Added(serde_json::Value),
    /// It was changed just now: the answer, and the command that brings back what was.
    Changed(serde_json::Value, Option<String>),
}

/// Checks a source and says what was found.
pub(super) async fn check(
    session: &Session<'_>,
    context: &Context,
    name: &str,
    after: Checked,
) -> Result<Exit, Failure> {
    let shown = printable(name, 60);
    let what = match &after {
        Checked::Asked => format!("source `{shown}` could not be checked"),
        Checked::Added(_) => format!("source `{shown}` was added, but could not be checked"),
        Checked::Changed(..) => format!("source `{shown}` was changed, but could not be checked"),
    };
    let checked = session.post(&what, &format!("/api/v1/sources/{}/check", part(name)), &json!({})).await;
    let checked = checked.map_err(|failure| {
        let failure = match &after {
            Checked::Asked => return failure,
            // What was there before is kept nowhere: the right one has to be given.
            Checked::Changed(_, None) => failure.kept(format!(
                "the other password stays stored; `tenure source set {} --password-file FILE` gives another",
                typeable(name)
            )),
            Checked::Added(_) => failure
                .kept(format!("the source stays; `tenure source remove {}` takes it back", typeable(name))),
            Checked::Changed(_, Some(back)) => {
                failure.kept(format!("it stays changed; `{back}` takes it back"))
            }
        };
        failure.next(format!("mend what it says, then: tenure source check {}", typeable(name)))
    })?;
    let report: CheckReport = shaped(&checked)?;
    let told = if matches!(after, Checked::Asked) { Context::print } else { Context::say };
    let back = if let Checked::Changed(_, back) = &after { back.clone() } else { None };
    context.document(&match after {
        Checked::Asked => checked,
        Checked::Added(added) => json!({ "source": added, "check": checked }),
        Checked::Changed(changed, _) => json!({ "changed": changed, "check": checked }),
    });
    let unreachable = print_report(context, name, &report, told);
    if let Some(back) = back {
        context.say(format!("`{back}` takes it back."));
    }
    if unreachable {
        context
            .next(format!("mend what is said of that point, then: tenure source check {}", typeable(name)));
        return Ok(Exit::Failed);
    }
    context.next(format!("tenure survey {}", typeable(name)));
    Ok(Exit::Done)
}

/// Tells what a check found; true when a point could not be reached.
fn print_report(context: &Context, name: &str, report: &CheckReport, told: fn(&Context, String)) -> bool {
    let paint = context.frame().paint;
    told(
        context,
        format!(
            "Source `{}`: {}, as `{}`.",
            printable(name, 60),
            printable(&report.system, 120),
            printable(&report.account, 80)
        ),
    );
    let mut unreachable = false;
    for (point, why) in &report.points {
        match why {
            None => told(context, format!("  {} point {point} answers", paint.text(Look::Good, "✓"))),
            Some(why) => {
                unreachable = true;
                // A point that was reached and is of no use is no point that cannot be reached.
                let said = if why.starts_with(ANSWERS) { "" } else { "cannot be reached: " };
                told(
                    context,
                    format!("  {} point {point} {said}{}", paint.text(Look::Bad, "✗"), printable(why, 300)),
                );
                if why.starts_with(ANSWERS) && point.as_str() != PRIMARY {
                    let (name, point) = (typeable(name), typeable(point.as_str()));
                    told(context, format!("      tenure source set {name} --no-point {point} takes it away"));
                }
            }
        }
    }
    for ability in &report.abilities {
        if ability.able {
            told(context, format!("  {} can {}", paint.text(Look::Good, "✓"), printable(&ability.what, 200)));
        } else {
            told(
                context,
                format!("  {} cannot {}", paint.text(Look::Warn, "–"), printable(&ability.what, 200)),
            );
            if let Some(remedy) = &ability.remedy {
                told(context, format!("      {}", printable(remedy, 400)));
            }
        }
    }
    unreachable
}

/// List the sources
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure source list
  tenure source list --json

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct List {}

impl List {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let listed = super::listing::read::<Source>(
                session,
                "the sources were not listed",
                "/api/v1/sources",
                &[],
                usize::MAX,
            )
            .await?;
            context.document(&listed.document);
            if listed.rows.is_empty() {
                context.say("No source yet: Tenure knows nothing until it may read something.");
                context.next("tenure source add pg-main postgres://tenure@HOST/DATABASE");
                return Ok(Exit::Done);
            }
            let mut table = Table::new(&["NAME", "SYSTEM", "LAST READ", "POINTS"]).or_two_lines(0);
            for source in &listed.rows {
                let points: Vec<String> =
                    source.points.iter().map(|point| format!("{}={}", point.name, point.url)).collect();
                let read = match &source.last_survey {
                    None => looking(Look::Warn, "never"),
                    Some(survey) => cell(format!("{} ({})", instant(survey.started), survey.state)),
                };
                table.row(vec![cell(&source.name), cell(&source.system), read, cell(points.join(" "))]);
            }
            context.list(&table, listed.rows.iter().map(|source| &source.name));
            let dark: usize = listed.rows.iter().map(|source| source.not_observable.len()).sum();
            if dark > 0 {
                let things = count(i64::try_from(dark).unwrap_or(i64::MAX), "thing");
                context.say(format!(
                    "{things} cannot be seen there; tenure doctor says which, why, and what would mend it."
                ));
            }
            let unread = listed.rows.iter().find(|source| source.last_survey.is_none());
            context.next(unread.map_or_else(
                || String::from("tenure identities"),
                |source| format!("tenure survey {}", source.name),
            ));
            Ok(Exit::Done)
        })
        .await
    }
}

/// Connect to a source and say what can be seen and done there
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure source check pg-main

Exit codes: 0 every point answers, 1 one does not, 2 usage.")]
pub(crate) struct Check {
    /// Which source
    name: String,
}

impl Check {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| check(session, context, &self.name, Checked::Asked).await).await
    }
}

#[cfg(test)]
mod tests {
    use super::reads_the_same;
    use crate::wire::Source;
    use serde_json::json;

    #[test]
    fn a_server_is_recognised_whatever_the_account_and_the_database() {
        let source: Source = serde_json::from_value(json!({
            "name": "pg", "system": "postgres",
            "points": [
                { "name": "primary", "url": "postgres://tenure@DB.example:5432/shop" },
                { "name": "replica", "url": "postgres://tenure@[fd00::1]:5433/shop?sslmode=require" },
            ],
        }))
        .unwrap();
        for same in [
            "postgres://other@db.example:5432/crm",
            "postgres://db.example/shop",
            "postgres://x@[fd00::1]:5433",
        ] {
            assert!(reads_the_same(&source, same), "{same}");
        }
        for other in [
            "postgres://tenure@db.example:5434/shop",
            "postgres://tenure@db2.example:5432/shop",
            "postgres://x@[fd00::2]:5433",
            "postgres://x@[fd00::1]/shop",
        ] {
            assert!(!reads_the_same(&source, other), "{other}");
        }
    }
}
