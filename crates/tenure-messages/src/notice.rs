//! What a message to a chat says. A chat is a room: what stands in it, all of them may see.
//!
//! So it says how many things wait, of what kind, how much each could cost, until when, and where to look; what they are called, and
//! why they are somebody's, only where that chat may know. Its words are ours but for those, which are never read as anything but
//! letters: `slack.rs` and `teams.rs` put them where nothing is. A button opens a page and decides nothing. Pure.

use crate::letter::waits;
use serde::{Deserialize, Serialize};
use tenure_model::{RiskTier, WaitingKind, counted, printable};

/// Lines that are written out, at most; how many more there are is said.
const LINES_MAX: usize = 20;
/// Characters of a name that somebody else chose, and of a sentence with such names, at most: escaped for Slack, where a letter may
/// become five, all of a line fits into the 3,000 that a section has there.
const NAME_CHARS_MAX: usize = 80;
const SENTENCE_CHARS_MAX: usize = 200;
/// Characters of a link, at most: Slack takes 3,000 on a button.
const LINK_CHARS_MAX: usize = 2_000;

/// A message to a chat, in no chat's form yet. It is kept as JSON until it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// All of it in a line, in words of ours alone.
    pub summary: String,
    /// For whom, as they are called here.
    pub to: String,
    /// Sentences of ours.
    pub says: Vec<String>,
    /// What waits for them, one by one.
    pub lines: Vec<NoticeLine>,
    /// How many more wait than are written out.
    pub more: usize,
    /// Where everything stands: the inbox.
    pub link: Option<String>,
}

/// One thing that waits, as a room may know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeLine {
    /// What is to be done, in words of ours: `1 request to decide`.
    pub what: String,
    /// What the button says.
    pub act: String,
    /// How much it could cost; nothing where that was never judged.
    pub tier: Option<RiskTier>,
    /// Until when, in words; nothing where it waits as long as it waits.
    pub due: Option<String>,
    /// Its end came.
    pub overdue: bool,
    /// The page about it, where its address names nothing.
    pub link: Option<String>,
    /// What only some rooms may know.
    pub details: Option<NoticeDetails>,
}

/// What something is called, and why it is somebody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeDetails {
    /// What it is called.
    pub name: String,
    /// Why it is theirs.
    pub why: String,
    /// The page about it.
    pub link: Option<String>,
}

/// One thing that waits, as the inbox has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noticed {
    /// What kind of thing it is.
    pub kind: WaitingKind,
    /// How many stand in this line.
    pub count: u32,
    /// How much it could cost.
    pub tier: Option<RiskTier>,
    /// Until when, in words.
    pub due: Option<String>,
    /// Its end came.
    pub overdue: bool,
    /// What it is called.
    pub name: String,
    /// Why it is theirs.
    pub why: String,
    /// The console's page about it, from `/` on.
    pub page: String,
}

impl Notice {
    /// What somebody is told about what waits for them. `console` is the deployment's public address, without a slash at its end.
    pub fn digest(to: &str, waiting: &[Noticed], console: Option<&str>) -> Self {
        let overdue = waiting.iter().filter(|one| one.overdue).count();
        let late = if overdue == 0 { String::new() } else { format!(", {overdue} overdue") };
        Self {
            summary: format!("Tenure: {}{late}", waits(waiting.len())),
            to: foreign(to, NAME_CHARS_MAX),
            says: Vec::new(),
            lines: waiting.iter().take(LINES_MAX).map(|one| line(one, console)).collect(),
            more: waiting.len().saturating_sub(LINES_MAX),
            link: linked(console, "/"),
        }
    }

    /// What a test says.
    pub fn test(to: &str, console: Option<&str>) -> Self {
        Self {
            summary: String::from("Tenure: a test message"),
            to: foreign(to, NAME_CHARS_MAX),
            says: vec![
                String::from(
                    "This is a test: somebody wants to know whether messages of Tenure reach you here. Nothing waits because of it.",
                ),
                String::from(
                    "Where the programme names you as a contact, say that this one did: on the console's page of the programme, \
                     or with tenure programme acknowledge.",
                ),
            ],
            lines: Vec::new(),
            more: 0,
            link: linked(console, "/programme"),
        }
    }

    /// It without what only some rooms may know.
    #[must_use]
    pub fn without_details(mut self) -> Self {
        for line in &mut self.lines {
            line.details = None;
        }
        self
    }

    /// It with one line less, of which is said that there are more; nothing where it has none.
    pub(crate) fn shorter(&self) -> Option<Self> {
        let mut shorter = self.clone();
        shorter.lines.pop()?;
        shorter.more += 1;
        Some(shorter)
    }

    /// For whom it is.
    pub(crate) fn whom(&self) -> String {
        format!("For {}", self.to)
    }

    /// What stands at its end.
    pub(crate) fn foot(&self) -> String {
        let more = if self.more == 0 { String::new() } else { format!("And {} more. ", self.more) };
        let how = match self.link {
            Some(_) => "A button opens a page and decides nothing: whoever it is for signs in there.",
            None => "Use tenure inbox, or the console.",
        };
        format!("{more}{how}")
    }
}

impl NoticeLine {
    /// What it says, a line for each.
    pub(crate) fn texts(&self) -> Vec<String> {
        let mut facts = Vec::new();
        facts.extend(self.tier.map(|tier| format!("{} risk", tier.as_str())));
        let until = if self.overdue { "overdue since" } else { "until" };
        facts.extend(self.due.as_ref().map(|due| format!("{until} {due}")));
        let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) };
        let mut texts = vec![format!("{}{facts}", self.what)];
        texts.extend(self.details.iter().flat_map(|one| [one.name.clone(), one.why.clone()]));
        texts
    }

    /// Where its button leads.
    pub(crate) fn button(&self) -> Option<&str> {
        let known = self.details.as_ref().map_or(&self.link, |one| &one.link);
        known.as_deref()
    }
}

fn line(one: &Noticed, console: Option<&str>) -> NoticeLine {
    let (noun, todo, act) = words(one.kind);
    // The address of a page may name a person or a source: then the inbox is where to look.
    let is_nameless = one.kind != WaitingKind::Survey && !one.page.contains('?');
    NoticeLine {
        what: format!("{} {todo}", counted(u64::from(one.count.max(1)), noun)),
        act: act.to_owned(),
        tier: one.tier,
        due: one.due.as_deref().map(|due| foreign(due, SENTENCE_CHARS_MAX)),
        overdue: one.overdue,
        link: linked(console, if is_nameless { &one.page } else { "/" }),
        details: Some(NoticeDetails {
            name: foreign(&one.name, NAME_CHARS_MAX),
            why: foreign(&one.why, SENTENCE_CHARS_MAX),
            link: linked(console, &one.page),
        }),
    }
}

/// What a kind of thing is called, what is to be done with it, and what the button says.
const fn words(kind: WaitingKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        WaitingKind::Plan => ("plan", "to decide", "Look and decide"),
        WaitingKind::Request => ("request", "to decide", "Look and decide"),
        WaitingKind::Exception => ("exception", "to decide", "Look and decide"),
        WaitingKind::ReviewItem => ("identity", "to review", "Look and decide"),
        WaitingKind::PassedOn => ("identity", "to own, or not", "Mine or not mine"),
        WaitingKind::Handoff => ("handoff", "to accept or decline", "Accept or decline"),
        WaitingKind::Delegation => ("delegation", "to accept or decline", "Accept or decline"),
        WaitingKind::Confirmation => ("identity", "to confirm", "Confirm, or not"),
        WaitingKind::Identity => ("identity", "to mend", "Look and mend"),
        WaitingKind::Acknowledgement => ("test message", "to acknowledge", "Acknowledge"),
        WaitingKind::Survey => ("held survey", "to believe, or not", "Look and decide"),
        WaitingKind::Proposal => ("proposed plan", "to look at", "Look"),
    }
}

fn linked(console: Option<&str>, page: &str) -> Option<String> {
    let is_plain = page.starts_with('/') && page.chars().all(|letter| letter.is_ascii_graphic());
    let link = console.filter(|_| is_plain).map(|console| format!("{console}{page}"))?;
    (link.len() <= LINK_CHARS_MAX).then_some(link)
}

/// Text that somebody else chose: no line break, no turned reading direction, no address that a chat makes a link of by itself, and
/// nothing that a card fills in.
fn foreign(text: &str, chars_max: usize) -> String {
    let mut apart = printable(text, chars_max);
    for (found, instead) in [("://", ": //"), ("{{", "{ {"), ("${", "$ {")] {
        while apart.contains(found) {
            apart = apart.replace(found, instead);
        }
    }
    apart
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Notice, Noticed};
    use tenure_model::{RiskTier, WaitingKind};

    pub(crate) fn noticed(name: &str) -> Noticed {
        Noticed {
            kind: WaitingKind::Request,
            count: 1,
            tier: Some(RiskTier::High),
            due: Some(String::from("2026-11-24 09:00 UTC")),
            overdue: false,
            name: name.to_owned(),
            why: format!("its next step is yours: {name}"),
            page: String::from("/requests/k7wd2m"),
        }
    }

    #[test]
    fn a_room_is_told_how_many_of_what_kind_until_when_and_where_and_no_name_unless_it_may_know() {
        let survey = Noticed {
            kind: WaitingKind::Survey,
            count: 3,
            overdue: true,
            page: String::from("/sources/payroll"),
            ..noticed("survey of payroll")
        };
        let many =
            Noticed { page: String::from("/identities?q=owner%3Abob"), ..noticed("7 identities of yours") };
        let waiting = [noticed("main/billing"), survey, many];
        let all = Notice::digest("asha", &waiting, Some("https://t.example.com"));
        assert_eq!(all.summary, "Tenure: 3 things wait, 1 overdue");
        let room = all.clone().without_details();
        let said = serde_json::to_string(&room).unwrap();
        for name in ["billing", "payroll", "bob", "of yours"] {
            assert!(!said.contains(name), "{name}: {said}");
            assert!(serde_json::to_string(&all).unwrap().contains(name), "the twin: {name}");
        }
        assert_eq!(room.lines[0].texts(), ["1 request to decide (high risk, until 2026-11-24 09:00 UTC)"]);
        assert_eq!(
            room.lines[1].texts(),
            ["3 held surveys to believe, or not (high risk, overdue since 2026-11-24 09:00 UTC)"]
        );
        let buttons: Vec<_> = room.lines.iter().map(|line| line.button().unwrap()).collect();
        assert_eq!(
            buttons,
            ["https://t.example.com/requests/k7wd2m", "https://t.example.com/", "https://t.example.com/"]
        );
        assert_eq!(all.lines[1].button(), Some("https://t.example.com/sources/payroll"));
        assert!(Notice::digest("asha", &waiting, None).lines.iter().all(|line| line.button().is_none()));
        let kept: Notice = serde_json::from_str(&serde_json::to_string(&all).unwrap()).unwrap();
        assert_eq!(kept, all, "it is kept as it was");
    }

    #[test]
    fn every_kind_has_words_and_what_is_not_written_out_is_counted() {
        let waiting: Vec<Noticed> = WaitingKind::ALL
            .iter()
            .cycle()
            .take(25)
            .map(|kind| Noticed { kind: *kind, ..noticed("x") })
            .collect();
        let notice = Notice::digest("asha", &waiting, None);
        assert_eq!((notice.lines.len(), notice.more), (20, 5));
        assert!(notice.foot().starts_with("And 5 more. "), "{}", notice.foot());
        assert!(notice.lines.iter().all(|line| line.what.contains(" to ") && line.act.len() <= 75));
        let shorter = notice.shorter().unwrap();
        assert_eq!((shorter.lines.len(), shorter.more), (19, 6));
        assert!(Notice::test("asha", None).shorter().is_none());
    }
}
