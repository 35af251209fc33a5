//! Lines that fit the terminal: folded at blanks below their own indent; a word that is too long is cut, or stays whole
//! where somebody may need it (`folded_whole`).
//!
//! Without a known width nothing is folded or cut, so that a pipe gets whole names; `--json` has them whole in any
//! case. Paint takes no column. Next: `identity.rs`.

use super::width;

/// The narrowest a line becomes.
const COLUMNS_MIN: usize = 20;
/// Blanks that a continued line stands further in.
const FURTHER: usize = 2;
/// Blanks before a further step: it stands below the first.
const STEP_INDENT: usize = 6;

/// The same lines, none wider than `most` columns.
pub(crate) fn folded(lines: Vec<String>, most: Option<usize>) -> Vec<String> {
    match most {
        None => lines,
        Some(most) => lines.iter().flat_map(|line| fold(line, most.max(COLUMNS_MIN), cut)).collect(),
    }
}

/// A line folded, with every word whole: a key, an address or a path that was cut is of no use.
pub(crate) fn folded_whole(line: String, most: Option<usize>) -> Vec<String> {
    match most {
        None => vec![line],
        Some(most) => fold(&line, most.max(COLUMNS_MIN), whole),
    }
}

/// A line of steps, broken where one ends and the next begins: a command stays whole, because one that is broken over
/// two lines is another command.
pub(crate) fn folded_between(line: &str, most: Option<usize>) -> Vec<String> {
    let Some(most) = most.filter(|most| width::columns(&unpainted(line)) > *most) else {
        return vec![line.to_owned()];
    };
    let most = most.max(COLUMNS_MIN);
    let mut lines = vec![String::new()];
    for step in steps(line) {
        let last = lines.last_mut();
        if let Some(last) = last
            .filter(|last| last.is_empty() || width::columns(last) + width::columns(step.trim_end()) <= most)
        {
            last.push_str(step);
        } else {
            lines.push(format!("{}{step}", " ".repeat(STEP_INDENT)));
        }
    }
    let is_command = |line: &str| line.contains("tenure ") || line.contains(" --");
    let fit = |line: String| if is_command(&line) { vec![line] } else { folded_whole(line, Some(most)) };
    lines.into_iter().map(|line| line.trim_end().to_owned()).flat_map(fit).collect()
}

/// A line cut behind what ends a step, outside quotes.
fn steps(line: &str) -> Vec<&str> {
    let mut steps = Vec::new();
    let (mut from, mut quote) = (0, None);
    for (at, letter) in line.char_indices() {
        match (quote, letter) {
            (None, '"' | '\'' | '`') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            _ => {}
        }
        let rest = line.get(at..).unwrap_or_default();
        let ends = ["; ", ". ", ", or ", ", then: "].into_iter().find(|end| rest.starts_with(end));
        if let (None, Some(end)) = (quote, ends) {
            // The word that joins two steps stands with the second.
            let length = if end.starts_with(',') { 2 } else { end.len() };
            steps.extend(line.get(from..at + length));
            from = at + length;
        }
    }
    steps.extend(line.get(from..).filter(|rest| !rest.is_empty()));
    steps
}

fn fold(line: &str, most: usize, fit: fn(&str, usize) -> (String, usize)) -> Vec<String> {
    if width::columns(&unpainted(line)) <= most {
        return vec![line.to_owned()];
    }
    // What paints the line from its beginning stands before its indent.
    let (paint, line) = painted_from(line);
    let text = line.trim_start_matches(' ');
    let indent = (line.len() - text.len()).min(most / 4);
    let mut folded = vec![format!("{paint}{}", " ".repeat(indent))];
    let mut taken = indent;
    for (number, word) in text.split(' ').enumerate() {
        let (word, wide) = fit(word, most - indent - FURTHER);
        let gap = usize::from(number > 0 && taken > 0);
        if taken + gap + wide > most {
            taken = indent + FURTHER;
            folded.push(" ".repeat(taken));
        } else if let (Some(last), 1) = (folded.last_mut(), gap) {
            last.push(' ');
            taken += 1;
        }
        if let Some(last) = folded.last_mut() {
            last.push_str(&word);
        }
        taken += wide;
    }
    folded
}

/// A word as it is, and the columns it takes.
fn whole(word: &str, _: usize) -> (String, usize) {
    (word.to_owned(), width::columns(&unpainted(word)))
}

/// A word and the columns it takes. What is painted is ours, and short.
fn cut(word: &str, most: usize) -> (String, usize) {
    let bare = unpainted(word);
    let wide = width::columns(&bare);
    if wide <= most {
        return (word.to_owned(), wide);
    }
    let cut = width::cut(&bare, most);
    let (wide, end) = (width::columns(&cut), if bare.len() < word.len() { "\u{1b}[0m" } else { "" });
    (format!("{cut}{end}"), wide)
}

/// What paints a line at its very beginning, and the rest.
fn painted_from(line: &str) -> (&str, &str) {
    let end = line.strip_prefix('\u{1b}').and_then(|rest| rest.find('m')).map_or(0, |at| at + 2);
    line.split_at(end)
}

/// Text without what paints it.
fn unpainted(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let mut bare = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        bare.push_str(part.split_once('m').map_or(part, |(_, rest)| rest));
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::{folded, folded_between, folded_whole, unpainted};
    use crate::render::width::columns;

    #[test]
    fn steps_are_broken_between_commands_and_never_inside_one() {
        let line = "Next: tenure own q4x7hd --purpose \"what it is for; and why\", or tenure revoke q4x7hd --reason \"…\"";
        insta::assert_snapshot!(folded_between(line, Some(70)).join("\n"), @r#"
        Next: tenure own q4x7hd --purpose "what it is for; and why",
              or tenure revoke q4x7hd --reason "…"
        "#);
        assert_eq!(folded_between(line, None), [line]);
        let one =
            "Next: tenure source add web-1 ssh://tenure@web-1.example --option key-file=/etc/tenure/survey";
        assert_eq!(folded_between(one, Some(40)), [one], "a command stays whole");
        let prose = "Next: hand it over on a safe way and see to it that nobody else reads it there";
        assert!(folded_between(prose, Some(40)).iter().all(|line| columns(line) <= 40));
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_nothing_but_a_long_word_is_lost() {
        let long = format!("    issued by {}; dies {}", "another system ".repeat(20), "x".repeat(200));
        let painted = format!("  ▲ \u{1b}[31mhigh\u{1b}[0m: {}", "a file that others read ".repeat(9));
        for most in [20, 80, 120] {
            let lines = folded(vec![long.clone(), painted.clone(), String::from("short")], Some(most));
            assert!(lines.iter().all(|line| columns(&unpainted(line)) <= most), "{most}: {lines:#?}");
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            let kept: Vec<String> = lines.iter().flat_map(|line| words(line)).collect();
            let cut = kept.iter().filter(|word| word.ends_with('…')).count();
            assert_eq!(cut, usize::from(most < 200 + 6), "{kept:?}");
            assert_eq!(kept.len(), words(&long).len() + words(&painted).len() + 1);
        }
        assert_eq!(folded(vec![long.clone()], None), [long]);
    }

    #[test]
    fn a_word_that_somebody_may_need_stays_whole() {
        let (key, rest) = ("k".repeat(60), "the key of the log");
        let lines = folded_whole(format!("  {rest} {key} {rest}"), Some(30));
        assert_eq!(lines, [format!("  {rest}"), format!("    {key}"), format!("    {rest}")]);
        let line = format!("{rest} {key}");
        assert_eq!(folded_whole(line.clone(), None), [line]);
    }

    #[test]
    fn a_continued_line_stands_further_in() {
        let lines = folded(vec![String::from("  one two three four five six")], Some(20));
        assert_eq!(lines, ["  one two three four", "    five six"]);
        let painted = String::from("\u{1b}[2m  one two three four five six\u{1b}[0m");
        let lines = folded(vec![painted], Some(20));
        assert_eq!(lines, ["\u{1b}[2m  one two three four", "    five six\u{1b}[0m"]);
    }
}
