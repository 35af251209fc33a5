//! Texts for pages: names from outside on one line, times as people say them, marks beside words.
//!
//! Templates escape and isolate the direction (`<bdi>`); this makes what cannot be seen visible
//! and bounds the length.

use super::table::StateShown;
use std::collections::BTreeMap;
use tenure_engine::FactValue;
use tenure_model::{CredentialState, Fact, Instant, PlanState, Standing, StepState, SurveyState, printable};

/// Characters of a name on a page, at most.
const NAME_CHARS_MAX: usize = 90;

/// Who decided, by name, and in whose place.
pub(super) fn decider(name: Option<&str>, in_place_of: Option<&str>) -> String {
    let name = name.map_or_else(|| String::from("somebody who left"), shown);
    match in_place_of {
        None => name,
        Some(from) => format!("{name} (for {})", shown(from)),
    }
}

/// A name from outside, as it may be shown.
pub(super) fn shown(name: &str) -> String {
    printable(name, NAME_CHARS_MAX)
}

/// A longer text from outside.
pub(super) fn shown_long(text: &str) -> String {
    printable(text, 600)
}

/// A longer text of which what stands between backticks is shown as code: commands, settings, names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Prose(String);

/// It writes itself as it stands in a page: everything in it is escaped.
impl askama::filters::HtmlSafe for Prose {}

impl Prose {
    /// Whether there is anything to show.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Display for Prose {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut rest = self.0.as_str();
        while let Some((before, after)) = rest.split_once('`') {
            let Some((code, further)) = after.split_once('`').filter(|(code, _)| !code.is_empty()) else {
                break;
            };
            write_escaped(formatter, before)?;
            formatter.write_str("<code>")?;
            write_escaped(formatter, code)?;
            formatter.write_str("</code>")?;
            rest = further;
        }
        write_escaped(formatter, rest)
    }
}

fn write_escaped(formatter: &mut std::fmt::Formatter<'_>, text: &str) -> std::fmt::Result {
    text.chars().try_for_each(|character| match character {
        '&' => formatter.write_str("&#38;"),
        '<' => formatter.write_str("&#60;"),
        '>' => formatter.write_str("&#62;"),
        '"' => formatter.write_str("&#34;"),
        '\'' => formatter.write_str("&#39;"),
        plain => std::fmt::Write::write_char(formatter, plain),
    })
}

/// A longer text, with what stands between backticks as code.
pub(super) fn prose(text: &str) -> Prose {
    Prose(shown_long(text))
}

/// A time: said relatively, exact for whoever looks closer.
pub(super) struct When {
    pub(super) said: String,
    /// RFC 3339.
    pub(super) exact: String,
}

/// How long ago, or in how long.
pub(super) fn when(at: Instant, now: Instant) -> When {
    let (distance, is_past) = if at <= now { (now.since(at), true) } else { (at.since(now), false) };
    let seconds = distance.as_secs();
    let (count, unit) = match seconds {
        0..60 => (seconds, "s"),
        60..3_600 => (seconds / 60, "min"),
        3_600..86_400 => (seconds / 3_600, "h"),
        _ => (seconds / 86_400, "d"),
    };
    let said = match (is_past, seconds) {
        (true, 0..2) => String::from("just now"),
        (true, _) => format!("{count} {unit} ago"),
        (false, _) => format!("in {count} {unit}"),
    };
    When { said, exact: at.to_string() }
}

/// A name of ours as words: `ssh_key` is `ssh key`.
pub(super) fn spaced(name: &str) -> String {
    name.replace('_', " ")
}

/// A standing as a state.
pub(super) fn standing_state(standing: Standing) -> StateShown {
    StateShown { mark: standing.mark(), word: standing.to_string(), tone: format!("standing-{standing}") }
}

/// A credential's state as a state.
pub(super) fn credential_state(state: CredentialState) -> StateShown {
    let (mark, tone) = match state {
        CredentialState::Live => ("●", "plain"),
        CredentialState::Disabled => ("■", "busy"),
        CredentialState::Expired => ("◔", "warn"),
        CredentialState::Gone => ("○", "quiet"),
        CredentialState::Removed => ("✓", "good"),
    };
    StateShown { mark, word: state.to_string(), tone: String::from(tone) }
}

/// A plan's state as a state.
pub(super) fn plan_state(state: PlanState) -> StateShown {
    StateShown { mark: plan_mark(state), word: state.to_string(), tone: plan_tone(state).to_owned() }
}

/// The facts of an entry on one line, the first few.
pub(super) fn entry_facts(facts: &BTreeMap<String, FactValue>) -> String {
    const SHOWN: usize = 6;
    let said: Vec<String> = facts
        .iter()
        .take(SHOWN)
        .map(|(name, value)| format!("{} {}", shown(&spaced(name)), shown(&entry_fact(value))))
        .collect();
    said.join(", ")
}

/// One fact of an entry.
pub(super) fn entry_fact(value: &FactValue) -> String {
    match value {
        FactValue::Text(text) => text.clone(),
        FactValue::Integer(number) => number.to_string(),
        FactValue::Flag(true) => String::from("yes"),
        FactValue::Flag(false) => String::from("no"),
    }
}

/// A survey's state as a state.
pub(super) fn survey_state(state: SurveyState) -> StateShown {
    let (mark, tone) = match state {
        SurveyState::Running => ("◐", "busy"),
        SurveyState::Complete | SurveyState::Accepted => ("●", "good"),
        SurveyState::Partial => ("◔", "warn"),
        SurveyState::Held => ("■", "warn"),
        SurveyState::Discarded => ("–", "quiet"),
        SurveyState::Failed => ("▲", "bad"),
    };
    StateShown { mark, word: state.to_string(), tone: String::from(tone) }
}

/// A fact as a person reads it, whatever it is.
pub(super) fn fact(value: &Fact, now: Instant) -> String {
    match value {
        Fact::Flag(true) => String::from("yes"),
        Fact::Flag(false) => String::from("no"),
        Fact::Number(number) => number.to_string(),
        Fact::Text(text) => shown_long(text),
        Fact::At(at) => format!("{} ({at})", when(*at, now).said),
        Fact::Texts(texts) => {
            let shown: Vec<String> = texts.iter().take(12).map(|text| shown(text)).collect();
            let more = texts.len().saturating_sub(shown.len());
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{}{rest}", shown.join(", "))
        }
        Fact::Unknown(why) => format!("unknown: {}", shown_long(why)),
    }
}

/// The mark beside the word of a step's state.
pub(super) const fn step_mark(state: StepState) -> &'static str {
    match state {
        StepState::Waiting => "○",
        StepState::Intended => "◐",
        StepState::Unknown => "?",
        StepState::Failed => "▲",
        StepState::Done => "✓",
        StepState::Undone => "↶",
        StepState::Skipped => "–",
    }
}

/// The mark beside the word of a plan's state.
pub(super) const fn plan_mark(state: PlanState) -> &'static str {
    match state {
        PlanState::Proposed => "○",
        PlanState::Approved => "◔",
        PlanState::Running => "◐",
        PlanState::Proved => "✓",
        PlanState::Short => "▲",
        PlanState::Undoing => "◐",
        PlanState::Undone => "↶",
        PlanState::Withdrawn => "–",
    }
}

/// Which of the five tones a plan's state has; colour never carries it alone.
pub(super) const fn plan_tone(state: PlanState) -> &'static str {
    match state {
        PlanState::Proved => "good",
        PlanState::Short => "bad",
        PlanState::Running | PlanState::Approved | PlanState::Undoing => "busy",
        PlanState::Proposed | PlanState::Undone | PlanState::Withdrawn => "quiet",
    }
}

/// Which tone a step's state has.
pub(super) const fn step_tone(state: StepState) -> &'static str {
    match state {
        StepState::Done => "good",
        StepState::Failed => "bad",
        StepState::Unknown => "warn",
        StepState::Intended => "busy",
        StepState::Waiting | StepState::Undone | StepState::Skipped => "quiet",
    }
}

#[cfg(test)]
mod tests {
    use super::{prose, when};
    use tenure_model::Instant;

    #[test]
    fn times_are_said_as_people_say_them() {
        let now = Instant::parse("2026-11-21T12:00:00Z").unwrap();
        let said = |seconds: i64| when(Instant::from_micros(now.as_micros() + seconds * 1_000_000), now).said;
        let all = [0, -5, -61, -7_300, -200_000, 30, 90_000].map(said).join(", ");
        insta::assert_snapshot!(all, @"just now, 5 s ago, 1 min ago, 2 h ago, 2 d ago, in 30 s, in 1 d");
    }

    #[test]
    fn what_stands_between_backticks_is_code_and_nothing_escapes_from_a_text() {
        let check = |text: &str, expect: &str| assert_eq!(prose(text).to_string(), expect);
        check("run `chmod 600 FILE`; then `x`", "run <code>chmod 600 FILE</code>; then <code>x</code>");
        check("`<script>` \"&'", "<code>&#60;script&#62;</code> &#34;&#38;&#39;");
        check("a lonely ` stays", "a lonely ` stays");
        check("`` nothing", "`` nothing");
        check("plain", "plain");
    }
}
