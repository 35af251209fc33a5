//! `tenure revoke NAME --by-hand`: the last resort, when nothing can be written down.
//!
//! Prints the system's own commands for a person to run; it must never run one, and never speak
//! as if one had been run. What was done by hand is somebody's word until a survey saw it. Where
//! not even opening the deployment is possible, its database is read without writing anything.
//! Next: `tenure-engine/src/verbs/by_hand.rs`.

use super::reading;
use crate::{
    client::part,
    context::{Context, Form},
    failure::{Exit, Failure},
    session::shaped,
    wire::ByHand,
};
use serde_json::{Value, json};
use tenure_model::printable;

/// Longest command that is shown, in characters.
const COMMAND_CHARS_MAX: usize = 4_000;

/// Prints the commands that end an identity, source by source.
pub(super) async fn print(context: &Context, identity: &str) -> Result<Exit, Failure> {
    let what = format!("no commands for `{}` were found", printable(identity, 80));
    let asked = reading(context, async |session| {
        let path = format!("/api/v1/identities/{}/by-hand", part(identity));
        let document = session.get(&what, &path).await?;
        Ok((document, session.takes_writes().await))
    })
    .await;
    match asked {
        Ok((document, writes)) => tell(context, &what, identity, &document, writes),
        Err(failure) if failure.is_unopened() => {
            let document = unopened(context, &what, identity, failure)?;
            tell(context, &what, identity, &document, false)
        }
        Err(failure) => Err(failure),
    }
}

/// Nobody serves the deployment, and it cannot be opened: its database is read as it is.
fn unopened(context: &Context, what: &str, identity: &str, failure: Failure) -> Result<Value, Failure> {
    let Some(found) = context.place.by_hand(identity) else { return Err(failure) };
    let found = found.map_err(|error| Failure::new(what).caused_by(&error).kept("nothing was changed"))?;
    context.remark(format!(
        "The deployment was not opened ({}); this is what it knew when it was written to last.",
        failure.why.unwrap_or_default()
    ));
    Ok(json!(found))
}

fn tell(
    context: &Context,
    what: &str,
    identity: &str,
    document: &Value,
    writes: bool,
) -> Result<Exit, Failure> {
    let places: Vec<ByHand> = shaped(document)?;
    if places.is_empty() {
        return Err(Failure::new(what)
            .because("it is in no source any more, as far as was seen")
            .next("tenure survey"));
    }
    context.document(&json!({ "by_hand": document, "recorded": false }));
    context.say(format!("Nothing was done. To end {} by hand:", printable(identity, 120)));
    for place in &places {
        let source = printable(&place.source_name, 60);
        context.say(format!(
            "  `{}` in {source}, in this order, as somebody who may:",
            printable(&place.principal_name, 120)
        ));
        if place.commands.is_empty() {
            context.say("    its connector knows no command: use the system's own console");
        }
        for command in &place.commands {
            let indent = if context.form == Form::Quiet { "" } else { "    " };
            context.command(format!("{indent}{}", printable(command, COMMAND_CHARS_MAX)));
        }
        if place.commands.iter().any(|command| printable(command, COMMAND_CHARS_MAX) != *command) {
            context.say("    some characters are shown by their codes; --json has each command as it is");
        }
    }
    context.say(
        "Tenure records none of it. It will count as P0, somebody's word, and only once the next survey sees it or a person \
         says so; keep a note of who ran what, and when.",
    );
    context.next(if writes {
        "once they were run: tenure survey"
    } else {
        "as soon as Tenure can write again: tenure survey"
    });
    Ok(Exit::Done)
}
