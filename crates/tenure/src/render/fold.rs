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
    use super::{folded, folded_whole, unpainted};
    use crate::render::width::columns;

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
