//! `tenure source set`: other options, points or another password for a source that stays itself.
//!
//! Says what it changed, from what to what, and the command that takes it back. Must never print a password, or an address
//! that holds one. Next: `source.rs`, adding and checking.

use super::{
    changing, reading,
    source::{Checked, check, pair},
};
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    passwords::{PasswordFrom, refuse_in_address},
    render::words::typeable,
    session::{Session, shaped},
    wire::{SettingChange, SourceChanged},
};
use clap::Args;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use tenure_model::{Secret, printable};

/// Change options, points or the password of a source, which keeps its name and all it showed
///
/// What is not named stays. Says what changed and how to take it back; --preview only says what would. One that would
/// read another machine or another server is refused: that is a source of its own. A password that Tenure holds goes to no
/// new address unless it is given again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure source set this-host processes=yes
  tenure source set this-host processes=yes --preview
  tenure source set this-host --unset processes
  tenure source set pg-main heir=dba lag-seconds=30
  tenure source set pg-main --password-file ~/.tenure-pg-new
  tenure source set pg-main --point replica-2=postgres://tenure@db-3.example/shop --password-file ~/.tenure-pg
  tenure source set pg-main --no-point replica-1

Exit codes: 0 changed and reachable, or nothing to change; 1 not changed, or changed and not reachable; 2 usage.")]
pub(crate) struct Set {
    /// Which source
    name: String,
    /// Settings of the connector, such as processes=yes
    #[arg(value_name = "OPTION=VALUE")]
    settings: Vec<String>,
    /// A setting of the connector, as when it was added
    #[arg(long, value_name = "NAME=VALUE")]
    option: Vec<String>,
    /// Take a setting away, so that its default holds
    #[arg(long, value_name = "NAME")]
    unset: Vec<String>,
    /// A point where credentials are accepted: another address for it, or a further one
    #[arg(long, value_name = "NAME=URL")]
    point: Vec<String>,
    /// Take a point away: nothing is tried there any more
    #[arg(long, value_name = "NAME")]
    no_point: Vec<String>,
    #[command(flatten)]
    password: PasswordFrom,
    /// Only say what would change
    #[arg(long)]
    preview: bool,
}

#[derive(Serialize)]
struct Change<'args> {
    write: bool,
    options: BTreeMap<&'args str, Option<&'args str>>,
    points: BTreeMap<&'args str, Option<&'args str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'args str>,
}

impl Set {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        self.refuse_address()?;
        let (options, points) = (self.options()?, self.points()?);
        if options.is_empty() && points.is_empty() && !self.password.is_given() {
            return Err(Failure::usage("what to change was not said").next(format!(
                "tenure source set {} OPTION=VALUE; what there is: tenure source list --json",
                typeable(&self.name)
            )));
        }
        let secret = if self.password.is_given() { self.password.read(context, "").await? } else { None };
        let secret = secret.as_ref().map(|secret: &Secret<String>| secret.expose().as_str());
        let body = Change { write: !self.preview, options, points, secret };
        if self.preview {
            reading(context, async |session| self.send(session, context, &body).await).await
        } else {
            changing(context, async |session| self.send(session, context, &body).await).await
        }
    }

    /// An address is no setting: which point it is for must be said. It is not repeated, because it may hold a password.
    fn refuse_address(&self) -> Result<(), Failure> {
        let is_address = |given: &&String| given.split('=').next().is_some_and(|name| name.contains("://"));
        if !self.settings.iter().any(|given| is_address(&given)) {
            return Ok(());
        }
        let name = printable(&self.name, 60);
        Err(Failure::usage(format!("source `{name}` was not changed"))
            .because("an address was given where OPTION=VALUE belongs")
            .kept("nothing was changed")
            .next(format!(
                "tenure source set {} --point POINT=URL gives a point another address; another system is a source of its \
                 own: tenure source add NAME URL",
                typeable(&self.name)
            )))
    }

    fn options(&self) -> Result<BTreeMap<&str, Option<&str>>, Failure> {
        let set = self.settings.iter().chain(&self.option).map(|given| {
            let (name, value) = pair("--option", given)?;
            Ok((name, Some(value)))
        });
        once("option", set.chain(self.unset.iter().map(|name| Ok((name.as_str(), None)))))
    }

    fn points(&self) -> Result<BTreeMap<&str, Option<&str>>, Failure> {
        let set = self.point.iter().map(|given| {
            let (name, url) = pair("--point", given)?;
            refuse_in_address("--point", url, "--password-file")?;
            Ok((name, Some(url)))
        });
        once("point", set.chain(self.no_point.iter().map(|name| Ok((name.as_str(), None)))))
    }

    async fn send(
        &self,
        session: &Session<'_>,
        context: &Context,
        body: &Change<'_>,
    ) -> Result<Exit, Failure> {
        let shown = printable(&self.name, 60);
        let what = format!("source `{shown}` was not changed");
        let document = session.patch(&what, &format!("/api/v1/sources/{}", part(&self.name)), body).await?;
        let answer: SourceChanged = shaped(&document)?;
        if answer.changes.is_empty() {
            context.document(&document);
            context.say(format!("Nothing to change: `{shown}` is so already."));
            context.next(format!("tenure survey {}", typeable(&self.name)));
            return Ok(Exit::Done);
        }
        let head = if answer.written { "Changed" } else { "Would change" };
        context.say(format!("{head} `{shown}`:"));
        for change in &answer.changes {
            context.say(format!("  {}", line(change)));
        }
        if !answer.written {
            context.document(&document);
            context.next("give the same command without --preview");
            return Ok(Exit::Done);
        }
        context.say("The next survey reads it so. Checking it.");
        let back = back(&self.name, &answer.changes);
        check(session, context, &self.name, Checked::Changed(document, back)).await
    }
}

/// Each name once: which of two was meant is not guessed.
fn once<'given>(
    what: &str,
    given: impl Iterator<Item = Result<(&'given str, Option<&'given str>), Failure>>,
) -> Result<BTreeMap<&'given str, Option<&'given str>>, Failure> {
    let mut kept = BTreeMap::new();
    for pair in given {
        let (name, value) = pair?;
        if kept.insert(name, value).is_some() {
            return Err(Failure::usage(format!("the {what} `{}` was given twice", printable(name, 60))));
        }
    }
    Ok(kept)
}

fn line(change: &SettingChange) -> String {
    if change.part == "password" {
        return String::from("password: another one is kept, sealed");
    }
    let side = |side: &Option<String>| {
        side.as_ref().map_or_else(|| String::from("(not set)"), |side| printable(side, 300))
    };
    let point = if change.part == "point" { "point " } else { "" };
    format!("{point}{}: {} → {}", printable(&change.name, 60), side(&change.was), side(&change.will))
}

/// The command that brings back what was; nothing where a password was among it, which nobody can bring back.
fn back(name: &str, changes: &[SettingChange]) -> Option<String> {
    let mut command = format!("tenure source set {}", typeable(name));
    for change in changes {
        let name = typeable(&change.name);
        let was = change.was.as_ref().map(|was| typeable(&format!("{}={was}", change.name)));
        let _ = match (change.part.as_str(), was) {
            ("option", Some(was)) => write!(command, " {was}"),
            ("option", None) => write!(command, " --unset {name}"),
            ("point", Some(was)) => write!(command, " --point {was}"),
            ("point", None) => write!(command, " --no-point {name}"),
            _ => return None,
        };
    }
    Some(command)
}

#[cfg(test)]
mod tests {
    use super::{back, line};
    use crate::wire::SettingChange;

    fn change(part: &str, name: &str, was: Option<&str>, will: Option<&str>) -> SettingChange {
        let owned = |side: Option<&str>| side.map(str::to_owned);
        SettingChange { part: part.to_owned(), name: name.to_owned(), was: owned(was), will: owned(will) }
    }

    #[test]
    fn a_change_is_told_from_what_to_what_with_the_way_back() {
        let changes = [
            change("option", "processes", None, Some("yes")),
            change("option", "heir", Some("dba"), None),
            change("point", "replica-1", Some("postgres://t@a/d"), Some("postgres://t@b/d")),
        ];
        let lines: Vec<String> = changes.iter().map(line).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        processes: (not set) → yes
        heir: dba → (not set)
        point replica-1: postgres://t@a/d → postgres://t@b/d
        ");
        let command = back("pg", &changes).unwrap();
        assert_eq!(
            command,
            "tenure source set pg --unset processes heir=dba --point replica-1=postgres://t@a/d"
        );
        let hostile = [change("option", "heir", Some("a`b$(reboot)"), None)];
        assert_eq!(back("pg", &hostile).unwrap(), "tenure source set pg 'heir=a`b$(reboot)'");
        assert_eq!(back("pg", &[change("password", "", None, None)]), None);
    }
}
