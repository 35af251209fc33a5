//! `tighten`: keep others from reading a file in which a credential lies, and show that they are kept from it.
//!
//! Goes the way of every plan (`revoke.rs`): shown, decided by name, bound to what was shown, watched. Nothing here says
//! that a credential ended: what lies in the file goes on working. What is so already is said, and is no failure.

use super::{
    changing,
    plan::{Kind, Wish, draft_or_say},
    revoke::{self, Going},
};
use crate::{
    context::Context,
    failure::{Exit, Failure},
    render::{plan::preview, words::typeable},
    session::shaped,
    wire::PlanShown,
};
use clap::Args;

/// Which file, and who may go on reading it.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct OfFile {
    /// To tighten: its group may go on reading it, too; otherwise its owner alone
    #[arg(long)]
    pub(crate) group_may_read: bool,
    /// To tighten: which file, where credentials of the identity lie in several
    #[arg(long, value_name = "PATH")]
    pub(crate) file: Option<String>,
}

/// Keep others from reading a file in which a credential was seen
///
/// Plans the change of its mode, shows who can read it now and will not, and asks for the path. Then: where
/// Tenure runs as root, an account that can read it tries to, the mode is changed, and the account tries again;
/// elsewhere a fresh read of mode and access list is what is shown, and the plan says so beforehand. A mode is never
/// made looser. `tenure undo PLAN` gives the file its former mode back. What lies in the file goes on working:
/// exchange it afterwards, because nobody knows who has read it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure tighten /srv/ci/.aws/credentials
  tenure tighten this-machine/~ci/.env --yes /srv/ci/.env
  tenure tighten /etc/app/key.pem --group-may-read --reason \"only the web server needs it\"
  tenure plan tighten /etc/app/key.pem --reason \"look first\"   only show what it would touch

Exit codes: 0 shown to the required level, or nothing to do; 1 not shown, 2 usage, 4 a decision is
needed, or it was not over within --wait. Levels: tenure help proof-levels.")]
pub(crate) struct Tighten {
    /// Which file: its path, or an identity whose credential lies in it
    #[arg(value_name = "FILE")]
    subject: String,
    /// Why; whoever reads the evidence later will ask
    #[arg(long, default_value = "others can read it")]
    reason: String,
    #[command(flatten)]
    of_file: OfFile,
    #[command(flatten)]
    going: Going,
}

impl Tighten {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let wish = Wish {
                kind: Kind::Tighten,
                identity: &self.subject,
                reason: &self.reason,
                heir: None,
                of_file: &self.of_file,
            };
            let drafted = draft_or_say(session, context, &wish).await;
            let Some(document) = drafted.map_err(|failure| advised(failure, &self.subject))? else {
                return Ok(Exit::Done);
            };
            let shown: PlanShown = shaped(&document)?;
            for line in preview(&shown, context.frame()) {
                context.say(line);
            }
            match revoke::decide_and_watch(session, context, &shown, &self.going).await {
                Err(revoke::Gone::Declined(failure)) => Err(revoke::withdraw(session, &shown, failure).await),
                Err(revoke::Gone::Failed(failure)) => Err(failure),
                Ok(exit) => Ok(exit),
            }
        })
        .await
    }
}

/// What to try where no plan was made, unless that is said already.
fn advised(failure: Failure, subject: &str) -> Failure {
    let why = failure.why.as_deref().unwrap_or_default();
    let is_file = std::path::Path::new(subject).is_file();
    let shown = typeable(subject);
    let next = if failure.next.is_some() {
        return failure;
    } else if why.contains("cannot `tighten`") {
        String::from(
            "change its mode by hand, on its machine: chmod go= FILE (chmod o=,g-w FILE where its group may go on reading); or \
             run Tenure on that machine, which shows that others cannot read it any more",
        )
    } else if subject.contains('/') && !subject.starts_with(['/', '~']) && is_file {
        let whole = std::path::absolute(subject).map(|path| path.display().to_string()).unwrap_or_default();
        format!("a file is there, and files are named from the root: tenure tighten {}", typeable(&whole))
    } else if !why.contains("no survey saw a credential") {
        return failure;
    } else if is_file {
        format!(
            "tenure findings names the files that Tenure would tighten; by hand, and without proof: chmod go= {shown}"
        )
    } else {
        String::from(
            "no such file is on this machine; tenure findings names the files that Tenure would tighten",
        )
    };
    failure.next(next)
}

#[cfg(test)]
mod tests {
    use super::advised;
    use crate::failure::Failure;

    #[test]
    fn where_no_plan_is_made_a_next_step_is_said() {
        let next = |why: &str, subject: &str| {
            advised(Failure::new("no plan").because(why), subject).next.unwrap_or_default()
        };
        let unseen = "no survey saw a credential in `x`";
        assert!(next("this kind of source cannot `tighten`", "far/file").contains("chmod go= FILE"));
        assert!(next("there is no such identity", "src/main.rs").starts_with("a file is there"));
        assert!(next("there is no such identity", "src/main.rs").ends_with("/src/main.rs"));
        assert!(next(unseen, "/etc/passwd").ends_with("chmod go= /etc/passwd"));
        assert!(next(unseen, "/nope").starts_with("no such file is on this machine"));
        assert_eq!(next("it is not yours to decide", "/etc/passwd"), "");
    }
}
