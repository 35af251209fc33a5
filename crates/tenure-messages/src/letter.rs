//! What a message to a person says: lines of what waits for them, and where to look.
//!
//! Names come from other systems and from people: nothing of them breaks a line, turns the reading direction or becomes a
//! header. A link shows a page and does nothing: whoever follows it signs in. Pure. Next: `mail.rs`, how it is sent.

use tenure_model::{counted, printable};

/// Characters of a subject, at most.
const SUBJECT_CHARS_MAX: usize = 120;
/// Characters of a name or a sentence in a line, at most.
const LINE_CHARS_MAX: usize = 240;
/// Lines that are written out, at most; how many more there are is said.
const LINES_MAX: usize = 20;

/// One thing that waits, as the inbox says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterLine {
    /// What it is called.
    pub name: String,
    /// What is to be done.
    pub what: String,
    /// Why it is theirs.
    pub why: String,
    /// Until when, in words; nothing where it waits as long as it waits.
    pub due: Option<String>,
    /// Its end came.
    pub overdue: bool,
    /// The console's page about it, from `/` on.
    pub page: String,
}

/// A message to one person, before it has an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    subject: String,
    body: String,
}

impl Letter {
    /// With these words. The subject is one line; the body keeps its lines.
    pub fn new(subject: &str, body: &[String]) -> Self {
        let lines: Vec<String> = body.iter().map(|line| printable(line, 2 * LINE_CHARS_MAX)).collect();
        Self { subject: printable(subject, SUBJECT_CHARS_MAX), body: lines.join("\n") + "\n" }
    }

    /// Its subject: one line.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Its text.
    pub fn body(&self) -> &str {
        &self.body
    }
}

/// What a person is told about what waits for them. `console` is the deployment's public address, without a slash at its end.
pub fn digest_letter(lines: &[LetterLine], console: Option<&str>) -> Letter {
    let overdue = lines.iter().filter(|line| line.overdue).count();
    let subject = match overdue {
        0 => format!("Tenure: {} for you", waits(lines.len())),
        _ => format!("Tenure: {} for you, {overdue} overdue", waits(lines.len())),
    };
    let mut body = vec![format!("{} for you.", waits(lines.len())), String::new()];
    for line in lines.iter().take(LINES_MAX) {
        let text = |text: &str| printable(text, LINE_CHARS_MAX);
        body.push(format!("* {}: {}", text(&line.name), text(&line.what)));
        body.push(format!("  {}", text(&line.why)));
        if let Some(due) = &line.due {
            body.push(format!("  {} {}", if line.overdue { "overdue since" } else { "until" }, text(due)));
        }
        if let Some(console) = console {
            body.push(format!("  {console}{}", text(&line.page)));
        }
        body.push(String::new());
    }
    if let Some(more) = lines.len().checked_sub(LINES_MAX).filter(|more| *more > 0) {
        body.extend([format!("And {more} more."), String::new()]);
    }
    body.push(match console {
        Some(_) => {
            String::from("A link shows a page and decides nothing: sign in there, or use `tenure inbox`.")
        }
        None => String::from("Use `tenure inbox`, or the console."),
    });
    Letter::new(&subject, &body)
}

/// `3 things wait`.
pub(crate) fn waits(count: usize) -> String {
    let things = counted(u64::try_from(count).unwrap_or(u64::MAX), "thing");
    format!("{things} {}", if count == 1 { "waits" } else { "wait" })
}

#[cfg(test)]
mod tests {
    use super::{Letter, LetterLine, digest_letter};

    fn line(name: &str, overdue: bool) -> LetterLine {
        LetterLine {
            name: name.to_owned(),
            what: String::from("decide it"),
            why: String::from("its next step is yours"),
            due: overdue.then(|| String::from("2026-11-20 09:00 UTC")),
            overdue,
            page: String::from("/requests/k7wd2m"),
        }
    }

    #[test]
    fn a_digest_says_what_waits_and_where() {
        let letter = digest_letter(
            &[line("main/billing", true), line("main/mail", false)],
            Some("https://tenure.example.com"),
        );
        assert_eq!(letter.subject(), "Tenure: 2 things wait for you, 1 overdue");
        let expected = "2 things wait for you.\n\n* main/billing: decide it\n  its next step is yours\n  \
            overdue since 2026-11-20 09:00 UTC\n  https://tenure.example.com/requests/k7wd2m\n\n* main/mail: decide it\n  \
            its next step is yours\n  https://tenure.example.com/requests/k7wd2m\n\n\
            A link shows a page and decides nothing: sign in there, or use `tenure inbox`.\n";
        assert_eq!(letter.body(), expected);
        assert!(!digest_letter(&[line("main/billing", false)], None).body().contains("http"));
    }

    #[test]
    fn a_name_breaks_no_line_and_turns_no_text() {
        let hostile = "x\r\nBcc: all@example.com\r\n\r\n\u{202e}gnp.exe\u{2028}y";
        let letter = digest_letter(&[line(hostile, false)], None);
        assert!(!letter.body().lines().any(|line| line.starts_with("Bcc")), "{}", letter.body());
        assert!(!letter.body().contains(['\r', '\u{202e}', '\u{2028}']), "{}", letter.body());
        let subject = Letter::new(hostile, &[]);
        assert!(!subject.subject().contains(['\r', '\n', '\u{202e}']), "{}", subject.subject());
    }

    #[test]
    fn subjects_lines_and_their_number_have_an_end() {
        assert_eq!(Letter::new(&"a".repeat(500), &[]).subject().chars().count(), 121);
        let many: Vec<LetterLine> = (0..25).map(|_| line(&"n".repeat(9_000), false)).collect();
        let letter = digest_letter(&many, None);
        assert!(letter.body().contains("And 5 more."), "{}", letter.body());
        assert!(letter.body().lines().all(|line| line.chars().count() <= 481));
        assert!(!digest_letter(&many[..20], None).body().contains("more."));
    }
}
