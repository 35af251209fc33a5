//! A plan in words: what it would touch, its steps, how far it has come, how it ended.
//!
//! Every sentence about death comes from the server's own assessment; this file adds no claim
//! of its own. A level below the one that was required is always said to be below it.

use super::{
    Frame,
    paint::Look,
    words::{count, duration, instant, ranges, wrapped},
};
use crate::{
    failure::Exit,
    wire::{BlastRadius, DecisionNeeded, FileChange, PlanShown, Probe, Step},
};
use serde::Deserialize as _;
use std::{collections::BTreeMap, time::Duration};
use tenure_model::{PlanKind, PlanState, StepKind, StepState, printable};

/// Names shown in one line, at most.
const NAMES_SHOWN: usize = 4;
/// Longest name or answer in a line, in characters.
const TEXT_CHARS_MAX: usize = 200;
/// Longest reason why a plan proves less than is required.
const WHY_CHARS_MAX: usize = 600;

fn short(text: &str) -> String {
    printable(text, TEXT_CHARS_MAX)
}

/// What a step will do.
pub(crate) const fn intention(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Deny => "replace its password by one we hold",
        StepKind::Control => "show that this is accepted at each point",
        StepKind::Disable => "stop it from logging in",
        StepKind::EndSessions => "end its sessions",
        StepKind::Delete => "delete it",
        StepKind::Sweep => "look for what was minted meanwhile",
        StepKind::Prove => "show that it is refused at each point",
        StepKind::Enable => "let it log in again",
        StepKind::Tighten => "keep others from reading it",
        StepKind::Loosen => "give it its former mode back",
    }
}

/// What a step did, or what it saw.
fn done(kind: StepKind, shown: &PlanShown) -> String {
    let points = tenure_model::counted(shown.plan.points.len(), "point");
    let text = match kind {
        StepKind::Deny => "password replaced by one we hold",
        StepKind::Control if shown.plan.kind == PlanKind::Tighten => {
            return String::from(match answered(shown, "control", "accepted") {
                0 => "nobody was seen to read it before the act",
                _ => "read by an account that is to be kept from it, before the act",
            });
        }
        StepKind::Prove if shown.plan.kind == PlanKind::Tighten => {
            return String::from(match answered(shown, "after", "refused") {
                0 => "mode and access list read again after the act",
                _ => "that account is refused after the act",
            });
        }
        StepKind::Control => {
            return format!(
                "accepted at {} of {points} before the act",
                answered(shown, "control", "accepted")
            );
        }
        StepKind::Disable => "disabled",
        StepKind::EndSessions => "sessions ended",
        StepKind::Delete => "deleted",
        StepKind::Sweep if alive(shown) == Some(0) => "nothing minted meanwhile",
        StepKind::Sweep => "looked for what was minted meanwhile",
        StepKind::Prove => {
            return format!("refused at {} of {points} after the act", answered(shown, "after", "refused"));
        }
        StepKind::Enable => "may log in again",
        StepKind::Tighten => "mode changed",
        StepKind::Loosen => "former mode given back",
    };
    text.to_owned()
}

/// What became of a step when its plan was taken back.
fn undone(kind: StepKind, shown: &PlanShown) -> String {
    match kind {
        StepKind::EndSessions => {
            String::from("sessions ended: they stay ended; whoever had one may connect again")
        }
        StepKind::Deny
        | StepKind::Control
        | StepKind::Disable
        | StepKind::Delete
        | StepKind::Sweep
        | StepKind::Prove
        | StepKind::Tighten
        | StepKind::Loosen
        | StepKind::Enable => format!("{}: taken back", done(kind, shown)),
    }
}

/// True of a step that was to show something at each point and did so at none.
fn shows_nothing(kind: StepKind, shown: &PlanShown) -> bool {
    match kind {
        StepKind::Control => answered(shown, "control", "accepted") == 0,
        StepKind::Prove if shown.plan.kind == PlanKind::Tighten => shown.plan.state == PlanState::Short,
        StepKind::Prove => shown.plan.kind != PlanKind::Enable && answered(shown, "after", "refused") == 0,
        _ => false,
    }
}

/// At how many points the last observation of this kind was this answer.
pub(crate) fn answered(shown: &PlanShown, kind: &str, answer: &str) -> usize {
    let last =
        |point: &str| shown.probes.iter().rev().find(|probe| probe.kind == kind && probe.point == point);
    let said = |probe: &Probe| probe.answer.get("answer").and_then(serde_json::Value::as_str) == Some(answer);
    shown.plan.points.iter().filter(|point| last(point).is_some_and(said)).count()
}

/// How much of what came from it was alive at the last look.
fn alive(shown: &PlanShown) -> Option<usize> {
    let last = shown.probes.iter().rev().find(|probe| probe.kind == "derived")?;
    last.answer.get("found").and_then(serde_json::Value::as_array).map(Vec::len)
}

/// The headline, the blast radius, the steps, the points and the way back.
pub(crate) fn preview(shown: &PlanShown, frame: Frame) -> Vec<String> {
    let plan = &shown.plan;
    let blast = BlastRadius::deserialize(&plan.blast_radius).unwrap_or_default();
    let about = if plan.file.is_some() { shown.about() } else { &shown.identity_name };
    let mut lines = vec![format!(
        "Plan {}  {} {}: {}",
        frame.paint.text(Look::Strong, &plan.handle),
        plan.kind,
        frame.paint.text(Look::Strong, &short(about)),
        short(&plan.reason)
    )];
    if let (Some(_), Some(file)) = (&shown.path_here, &plan.file) {
        lines.push(format!("In `{}` it is {}.", short(&shown.source_name), short(&file.place)));
    }
    match &blast.file {
        Some(change) => lines.extend(of_file(change, &shown.identity_name)),
        None => lines.push(format!("Blast radius: {}", radius(&blast))),
    }
    lines.extend(
        blast.warnings.iter().map(|warning| frame.paint.text(Look::Warn, &format!("  ! {}", short(warning)))),
    );
    lines.extend(
        blast
            .unread
            .iter()
            .map(|unread| frame.paint.text(Look::Warn, &format!("  ? not seen: {}", short(unread)))),
    );
    let steps: Vec<String> =
        shown.steps.iter().map(|step| format!("{} {}", step.position, will(step.kind, plan.kind))).collect();
    lines.extend(wrapped(&steps.join("   "), frame.prose(2)).iter().map(|line| format!("  {line}")));
    lines.push(proof(shown, &blast));
    if let Some(heir) = plan.heir.as_deref().filter(|_| !blast.owned.is_empty()) {
        lines.push(format!("What it owns goes to `{}`.", short(heir)));
    }
    lines.push(way_back(shown, &blast));
    lines.extend(decisions(&shown.decisions));
    lines
}

/// Who decides it, in which order, where the programme asks for more than one.
pub(crate) fn decisions(needed: &[DecisionNeeded]) -> Option<String> {
    if needed.is_empty() {
        return None;
    }
    let step = |(number, one): (usize, &DecisionNeeded)| {
        let names: Vec<String> = one.people.iter().map(|name| short(name)).collect();
        let known = match (&one.person, names.is_empty()) {
            (Some(_), _) => String::from(" (decided)"),
            (None, true) => String::from(" (nobody here may)"),
            (None, false) => format!(" ({})", names.join(", ")),
        };
        format!("{number} {}{known}", short(&one.who))
    };
    let steps: Vec<String> = (1..).zip(needed).map(step).collect();
    Some(format!("Decided in steps, each by somebody else than whoever asked: {}.", steps.join(", ")))
}

/// How it will be shown, and to which level.
fn proof(shown: &PlanShown, blast: &BlastRadius) -> String {
    let plan = &shown.plan;
    let tried = blast.file.as_ref().and_then(|change| change.tried_as.as_ref());
    match tried {
        Some(Ok(account)) => {
            return format!(
                "Proof: `{}` tries to read it before and after, and mode and access list are read again, to {}.",
                short(account),
                plan.required_level
            );
        }
        Some(Err(_)) => {
            return format!("Proof: mode and access list are read again, to {}.", plan.required_level);
        }
        None => {}
    }
    let points = plan.points.iter().map(|point| short(point)).collect::<Vec<_>>().join(", ");
    let lag = duration(Duration::from_micros(plan.lag_us));
    match blast.at_most.as_ref().filter(|most| most.level < plan.required_level) {
        Some(most) => format!(
            "Proof: this plan can be proved to {} only, and {} is required: {}.",
            most.level,
            plan.required_level,
            printable(&most.why, WHY_CHARS_MAX)
        ),
        None => format!("Proof: at {points} (lag {lag}), to {}.", plan.required_level),
    }
}

/// What a step will do in a plan of this kind.
const fn will(step: StepKind, plan: PlanKind) -> &'static str {
    match (plan, step) {
        (PlanKind::Tighten, StepKind::Control) => {
            "show that an account can read it that is to be kept from it"
        }
        (PlanKind::Tighten, StepKind::Prove) => "show that others cannot read it",
        (PlanKind::Tighten | PlanKind::Disable | PlanKind::Revoke | PlanKind::Enable, _) => intention(step),
    }
}

/// What changes about a file, and for whom.
fn of_file(change: &FileChange, holds: &str) -> Vec<String> {
    let lose = match change.lose.len() {
        0 => String::from("no account of this machine, as far as can be seen"),
        _ => named(&change.lose),
    };
    let mut lines = vec![
        format!(
            "Mode {} → {}, owner `{}`, group `{}`; it holds a credential of {}, which goes on working.",
            short(&change.mode_before),
            short(&change.mode_after),
            short(&change.owner),
            short(&change.group),
            short(holds)
        ),
        format!("Can read it now and will not: {lose}."),
    ];
    if !change.keep.is_empty() {
        lines.push(format!("Go on reading it beside its owner and root: {}.", named(&change.keep)));
    }
    lines
}

fn radius(blast: &BlastRadius) -> String {
    let mut parts = Vec::new();
    if !blast.sessions.is_empty() {
        let names: Vec<String> = blast
            .sessions
            .iter()
            .take(NAMES_SHOWN)
            .map(|session| format!("{} at {}", short(&session.name), short(&session.point)))
            .collect();
        let kinds = plural_of_sessions(blast);
        let more = if blast.sessions.len() > NAMES_SHOWN { ", …" } else { "" };
        parts.push(format!("{kinds} ({}{more})", names.join(", ")));
    }
    let mut owned: BTreeMap<&str, i64> = BTreeMap::new();
    let mut places: Vec<&str> = Vec::new();
    for thing in &blast.owned {
        *owned.entry(&thing.kind).or_default() += thing.count;
        if !places.contains(&thing.place.as_str()) {
            places.push(&thing.place);
        }
    }
    if !owned.is_empty() {
        let things: Vec<String> = owned.iter().map(|(kind, number)| count(*number, &short(kind))).collect();
        parts.push(format!("owns {} in {}", things.join(", "), named(&places)));
    }
    if blast.grants > 0 {
        // `show` counts each right, and those it has through others.
        parts.push(format!("rights given to it directly on {}", count(blast.grants, "thing")));
    }
    if !blast.members.is_empty() {
        let members = i64::try_from(blast.members.len()).unwrap_or(i64::MAX);
        let verb = if members == 1 { "holds" } else { "hold" };
        parts.push(format!(
            "{} {verb} rights through it ({})",
            count(members, "principal"),
            named(&blast.members)
        ));
    }
    if parts.is_empty() {
        String::from("nothing is logged in, nothing is owned, no rights")
    } else {
        parts.join("; ")
    }
}

/// The first few names.
fn named(names: &[impl AsRef<str>]) -> String {
    // Hiding a single name saves nothing.
    let most = if names.len() == NAMES_SHOWN + 1 { names.len() } else { NAMES_SHOWN };
    let shown: Vec<String> = names.iter().take(most).map(|name| short(name.as_ref())).collect();
    let more = if names.len() > most { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

fn plural_of_sessions(blast: &BlastRadius) -> String {
    let mut kinds: BTreeMap<&str, i64> = BTreeMap::new();
    for session in &blast.sessions {
        *kinds.entry(&session.kind).or_default() += 1;
    }
    let words: Vec<String> =
        kinds.iter().map(|(kind, number)| format!("{} alive", count(*number, &short(kind)))).collect();
    words.join(", ")
}

fn way_back(shown: &PlanShown, blast: &BlastRadius) -> String {
    let limit = match shown.steps.iter().find(|step| step.kind.is_final()) {
        Some(step) => format!("Undo is possible until step {}.", step.position),
        None => String::from("Undo is possible at any time."),
    };
    if blast.file.is_some() {
        return String::from(
            "Undo is possible at any time: it gives the file its former mode back while it is the same file.",
        );
    }
    match &blast.undo_restores_value {
        Some(Err(why)) => {
            format!("{limit} It does not bring back what it had: {}.", short(why).trim_end_matches('.'))
        }
        Some(Ok(())) | None => limit,
    }
}

/// The steps with where each stands, one line each.
pub(crate) fn steps(shown: &PlanShown, frame: Frame) -> Vec<String> {
    shown.steps.iter().map(|step| step_line(step, shown, frame)).collect()
}

/// One step with where it stands.
pub(crate) fn step_line(step: &Step, shown: &PlanShown, frame: Frame) -> String {
    let answer = step.answer.as_deref().filter(|answer| !answer.is_empty() && *answer != "done").map(short);
    let with =
        |text: String| answer.as_ref().map_or_else(|| text.clone(), |answer| format!("{text}: {answer}"));
    let no_session_was_left =
        step.kind == StepKind::EndSessions && answer.as_deref() == Some("it was so already");
    let (mark, look, text) = match step.state {
        StepState::Waiting => ("·", Look::Faint, will(step.kind, shown.plan.kind).to_owned()),
        StepState::Intended => ("…", Look::Plain, will(step.kind, shown.plan.kind).to_owned()),
        StepState::Unknown => (
            "?",
            Look::Warn,
            with(format!("{}: the answer was lost, looking again", will(step.kind, shown.plan.kind))),
        ),
        StepState::Failed => {
            let text = format!(
                "{}: not yet (attempt {}), tried again by itself",
                will(step.kind, shown.plan.kind),
                step.attempt
            );
            ("✗", Look::Bad, with(text))
        }
        // Disabling ended what was logged in; this step looks again, and finds nobody.
        StepState::Done if no_session_was_left => {
            ("✓", Look::Good, String::from("no session is left: none outlived the disabling"))
        }
        // It is over and showed nothing: no tick for that.
        StepState::Done if shows_nothing(step.kind, shown) => ("–", Look::Warn, with(done(step.kind, shown))),
        StepState::Done => ("✓", Look::Good, with(done(step.kind, shown))),
        StepState::Undone => ("↶", Look::Plain, undone(step.kind, shown)),
        StepState::Skipped => {
            ("–", Look::Warn, with(format!("left out: {}", will(step.kind, shown.plan.kind))))
        }
    };
    let escalated = if step.escalated.is_some() && step.state != StepState::Done {
        "  ← a person should look at this"
    } else {
        ""
    };
    format!("  {} {text}{escalated}", frame.paint.text(look, mark))
}

/// What was observed for the proof, one line each.
pub(crate) fn probes(shown: &PlanShown) -> Vec<String> {
    shown.probes.iter().map(probe_line).collect()
}

fn probe_line(probe: &Probe) -> String {
    let when = instant(probe.at);
    let point = short(&probe.point);
    let word = |name: &str| {
        probe.answer.get(name).and_then(serde_json::Value::as_str).map(short).unwrap_or_default()
    };
    let answer = match word("answer").as_str() {
        "refused" => format!("refused ({})", word("how")),
        "accepted" => String::from("accepted"),
        "unreachable" => format!("not reached ({})", word("why")),
        "cannot_know" => format!("would prove nothing: {}", word("why")),
        _ => String::from("unknown"),
    };
    match probe.kind.as_str() {
        "control" => format!("  {when}  {point}, before the act: {answer}"),
        "after" => format!("  {when}  {point}, after the act: {answer}"),
        "control_plane" => {
            let why = word("why");
            let why = if why.is_empty() { why } else { format!(" ({why})") };
            format!("  {when}  a fresh read shows it {}{why}", word("read"))
        }
        _ => {
            let number =
                |name: &str| probe.answer.get(name).and_then(serde_json::Value::as_array).map_or(0, Vec::len);
            let unread = number("unread");
            let unread = if unread == 0 {
                String::new()
            } else {
                format!(", {} not read", tenure_model::counted(unread, "point"))
            };
            format!("  {when}  what came from it: {} alive{unread}", number("found"))
        }
    }
}

/// True when nothing more will happen by itself.
pub(crate) const fn is_over(state: PlanState) -> bool {
    match state {
        PlanState::Proved | PlanState::Short | PlanState::Undone | PlanState::Withdrawn => true,
        PlanState::Proposed | PlanState::Approved | PlanState::Running | PlanState::Undoing => false,
    }
}

/// What is written down as the end of a plan and is not what its observations bear out.
fn difference(shown: &PlanShown, stored: &str) -> Option<String> {
    let plan = &shown.plan;
    let anew = shown.assessed.as_ref()?;
    let claimed = plan.state == PlanState::Proved;
    if plan.level == Some(anew.level) && claimed == anew.reached {
        return None;
    }
    let word = if claimed { "proved" } else { "not proved" };
    Some(format!(
        "Does not hold: {stored} and \"{word}\" are written down, but the observations beside it bear out {} of \
         the required {}: {}. One of the two was altered or lost; the evidence log has both as they were.",
        anew.level,
        plan.required_level,
        printable(&anew.sentence, 2_000)
    ))
}

/// How a plan ended, in one sentence, and the exit code that says the same.
pub(crate) fn outcome(shown: &PlanShown) -> (String, Exit) {
    let plan = &shown.plan;
    let sentence = plan.sentence.as_deref().map(|text| printable(text, 2_000)).unwrap_or_default();
    let level = plan.level.map_or_else(|| String::from("P0"), |level| level.to_string());
    let decided = shown.approvals.iter().map(|approval| approval.decided).max();
    let took = plan
        .settled
        .zip(decided)
        .map(|(end, begin)| format!(" in {}", duration(end.since(begin))))
        .unwrap_or_default();
    let evidence = format!("Evidence {}.", ranges(&shown.evidence));
    if let Some(differs) = difference(shown, &level) {
        return (format!("{differs} {evidence}"), Exit::Failed);
    }
    match plan.state {
        PlanState::Proved => {
            let verb = match plan.kind {
                PlanKind::Enable => "reached",
                PlanKind::Tighten => "shown",
                PlanKind::Disable | PlanKind::Revoke => "proved",
            };
            (format!("{level} {verb}{took}: {sentence}. {evidence}"), Exit::Done)
        }
        PlanState::Short => {
            let required = plan.required_level;
            (
                format!("Not proved: {level} of the required {required}{took}: {sentence}. {evidence}"),
                Exit::Failed,
            )
        }
        PlanState::Undone => (format!("Undone: {sentence}. {evidence}"), Exit::Done),
        PlanState::Withdrawn => (format!("Withdrawn before it began. {evidence}"), Exit::Done),
        PlanState::Proposed => (String::from("Proposed: nothing was done yet."), Exit::Undecided),
        PlanState::Approved | PlanState::Running | PlanState::Undoing => {
            let so_far = if sentence.is_empty() {
                String::from("nothing is known yet")
            } else {
                format!("{level} so far: {sentence}")
            };
            (format!("Not over yet: {so_far}."), Exit::Undecided)
        }
    }
}

/// The same for whoever asks whether what it is for was reached: a plan that was withdrawn or undone reached nothing.
pub(crate) fn reached(shown: &PlanShown) -> (String, Exit) {
    let (sentence, exit) = outcome(shown);
    match (shown.plan.state, exit) {
        (PlanState::Undone | PlanState::Withdrawn, Exit::Done) => {
            let required = shown.plan.required_level;
            (format!("{sentence} The required {required} was not reached."), Exit::Failed)
        }
        (_, exit) => (sentence, exit),
    }
}

#[cfg(test)]
mod tests {
    use super::{named, outcome, preview, probes, reached, steps};
    use crate::{
        failure::Exit,
        render::{Frame, paint::Paint},
        wire::PlanShown,
    };
    use serde_json::{Value, json};

    const FRAME: Frame = Frame { paint: Paint::Plain, columns: Some(100) };

    #[test]
    fn no_list_hides_a_single_name() {
        assert_eq!(named(&["a", "b", "c", "d", "e"]), "a, b, c, d, e");
        assert_eq!(named(&["a", "b", "c", "d", "e", "f"]), "a, b, c, d, …");
    }

    fn document() -> Value {
        let step = |position: i64, kind: &str, state: &str, answer: Value| json!({ "position": position, "kind": kind, "state": state, "attempt": 1, "answer": answer, "escalated": null });
        let at = "2026-11-21T12:01:02Z";
        json!({
            "plan": {
                "handle": "k7wd2m", "kind": "revoke", "state": "proved", "principal_name": "rep\u{202e}orting",
                "reason": "contract ended", "digest": "x", "points": ["primary", "pooler"], "heir": "dba",
                "required_level": "P4", "lag_us": 5_000_000, "level": "P4", "sentence": "refused at 2 of 2 points",
                "created": at, "settled": "2026-11-21T12:01:10.25Z",
                "blast_radius": {
                    "sessions": [{ "point": "primary", "kind": "session", "name": "process 7 (etl)" }],
                    "owned": [
                        { "place": "shop", "kind": "table", "count": 12 },
                        { "place": "crm", "kind": "table", "count": 2 },
                        { "place": "shop", "kind": "view", "count": 1 },
                    ],
                    "grants": 36, "members": ["etl_group"], "warnings": ["1 view will fail"],
                    "unread": ["database `hr`: no CONNECT"],
                    "undo_restores_value": { "Err": "its verifier may not be read" },
                },
            },
            "identity_name": "pg-main/rep\u{202e}orting",
            "steps": [
                step(1, "deny", "done", json!("done")),
                step(2, "control", "done", Value::Null),
                step(3, "disable", "unknown", json!("connection reset")),
                step(4, "end_sessions", "failed", json!("55P03 lock timeout")),
                step(5, "delete", "waiting", Value::Null),
                step(6, "sweep", "skipped", json!("cannot be done here")),
            ],
            "probes": [
                { "kind": "control", "point": "primary", "answer": { "answer": "accepted" }, "at": at },
                { "kind": "control", "point": "pooler", "answer": { "answer": "cannot_know", "why": "trust" }, "at": at },
                { "kind": "after", "point": "primary", "answer": { "answer": "refused", "how": "28P01" }, "at": at },
                { "kind": "control_plane", "point": "", "answer": { "read": "absent" }, "at": at },
                { "kind": "derived", "point": "", "answer": { "found": [], "unread": [["pooler", "x"]] }, "at": at },
            ],
            "approvals": [{ "person": "p", "right": "revoke", "alone": true, "decided": at }],
            "evidence": [42, 43, 44, 47],
        })
    }

    fn shown(change: impl FnOnce(&mut Value)) -> PlanShown {
        let mut document = document();
        change(&mut document);
        serde_json::from_value(document).unwrap()
    }

    #[test]
    fn what_was_withdrawn_or_undone_reached_no_level() {
        for state in ["withdrawn", "undone"] {
            let mut document = document();
            document["plan"]["state"] = json!(state);
            document["plan"]["level"] = json!(null);
            let shown: PlanShown = serde_json::from_value(document).unwrap();
            let (sentence, exit) = reached(&shown);
            assert_eq!((outcome(&shown).1, exit), (Exit::Done, Exit::Failed), "{sentence}");
            assert!(sentence.ends_with("The required P4 was not reached."), "{sentence}");
        }
        let proved: PlanShown = serde_json::from_value(document()).unwrap();
        assert_eq!(reached(&proved), outcome(&proved));
    }

    #[test]
    fn a_plan_is_shown_with_everything_it_would_touch_and_the_way_back() {
        insta::assert_snapshot!(preview(&shown(|_| {}), FRAME).join("\n"));
    }

    #[test]
    fn steps_and_observations_say_what_is_not_known() {
        let shown = shown(|_| {});
        insta::assert_snapshot!([steps(&shown, FRAME), probes(&shown)].concat().join("\n"));
    }

    #[test]
    fn what_was_taken_back_says_so_and_ended_sessions_stay_ended() {
        let shown = shown(|document| {
            for step in document["steps"].as_array_mut().unwrap() {
                step["state"] = json!("undone");
            }
        });
        let lines = steps(&shown, FRAME).join("\n");
        assert!(lines.contains("disabled: taken back"), "{lines}");
        assert!(
            lines.contains("sessions ended: they stay ended; whoever had one may connect again"),
            "{lines}"
        );
        assert!(!lines.contains("sessions ended: taken back"), "{lines}");
    }

    #[test]
    fn an_end_that_its_observations_do_not_bear_out_is_shown_with_both_levels() {
        let assessed =
            |level: &str, reached: bool| json!({ "level": level, "sentence": "seen", "reached": reached });
        let (sentence, exit) = outcome(&shown(|document| document["assessed"] = assessed("P4", true)));
        assert!(sentence.starts_with("P4 proved") && exit == Exit::Done, "{sentence}");
        let (sentence, exit) = outcome(&shown(|document| document["assessed"] = assessed("P2", false)));
        assert_eq!(exit, Exit::Failed);
        insta::assert_snapshot!(sentence, @r#"Does not hold: P4 and "proved" are written down, but the observations beside it bear out P2 of the required P4: seen. One of the two was altered or lost; the evidence log has both as they were. Evidence 42–44, 47."#);
        // The level is the same, and still something was seen alive.
        let (_, exit) = outcome(&shown(|document| document["assessed"] = assessed("P4", false)));
        assert_eq!(exit, Exit::Failed);
        let (sentence, exit) = outcome(&shown(|document| {
            document["plan"]["state"] = json!("short");
            document["assessed"] = assessed("P4", true);
        }));
        assert!(sentence.contains("\"not proved\"") && exit == Exit::Failed, "{sentence}");
    }

    #[test]
    fn only_a_level_that_was_reached_is_called_proved() {
        let (sentence, exit) = outcome(&shown(|_| {}));
        assert_eq!(exit, Exit::Done);
        insta::assert_snapshot!(sentence, @"P4 proved in 8.2 s: refused at 2 of 2 points. Evidence 42–44, 47.");
        let (sentence, exit) = outcome(&shown(|document| {
            document["plan"]["state"] = json!("short");
            document["plan"]["level"] = json!("P2");
        }));
        assert_eq!(exit, Exit::Failed);
        insta::assert_snapshot!(sentence, @"Not proved: P2 of the required P4 in 8.2 s: refused at 2 of 2 points. Evidence 42–44, 47.");
        for state in ["proposed", "approved", "running", "undoing"] {
            let (sentence, exit) = outcome(&shown(|document| document["plan"]["state"] = json!(state)));
            assert_eq!(exit, Exit::Undecided, "{state}");
            assert!(!sentence.contains("proved"), "{sentence}");
        }
    }
}
