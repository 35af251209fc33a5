//! `tenure man`: the manual as pages for man(1), one for each command and each topic.
//!
//! Made from the very texts of `--help` and `tenure help TOPIC`, so that they cannot differ. Pages hold
//! nothing of the machine that made them and no date: the same program writes the same bytes. Never
//! looks for a deployment. `cargo xtask dist` puts what this writes into the package.

use super::{Cli, topics::TOPICS};
use crate::{
    context::Context,
    failure::{Exit, Failure},
    place::{pasted, shown},
};
use clap::{Args, CommandFactory as _};
use clap_mangen::roff::{Roff, bold, roman};
use serde_json::json;
use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// Section of man(1) for commands.
const COMMANDS: u8 = 1;
/// Section of man(1) for what is neither a command nor a file.
const TOPIC_PAGES: u8 = 7;

/// What stands above every page.
const MANUAL: &str = "Tenure Manual";
/// A date that is not told, as a word of its own: an empty word would move the next ones into its place.
const NO_DATE: &str = "\"\"";

/// What the first page says of the environment: name and meaning.
const ENVIRONMENT: [(&str, &str); 5] = [
    ("TENURE_DATA", "The data directory, when --data does not name one."),
    ("TENURE_KEY", "The key-encryption key itself, 32 bytes in base64, when no file holds it."),
    ("TENURE_LOG", "What is logged to standard error, such as `debug` or `warn,tenure_engine=info`."),
    ("NO_COLOR", "No colour, whatever the terminal."),
    ("COLUMNS", "The width where there is no terminal."),
];

/// What the first page says of files: place and meaning.
const FILES: [(&str, &str); 2] = [
    (
        "~/.local/share/tenure",
        "The data directory, unless another one is named. Only its owner may enter it.",
    ),
    ("tenure.toml", "In the data directory: what was chosen when the deployment was made. Flags come first."),
];

/// Write the manual as pages for man(1)
///
/// Writes one page for each command and each topic below a directory in which man(1) looks, into man1 and
/// man7. The Debian package holds these pages already. Directories that are missing are made; pages of the same
/// name are replaced.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure man ~/.local/share/man
  tenure man /usr/local/share/man

Exit codes: 0 written, 1 failed, 2 usage.")]
pub(crate) struct Man {
    /// The directory in which man(1) looks
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

impl Man {
    pub(super) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let pages = pages().map_err(|error| Failure::new("no page was written").caused_by(&error))?;
        let mut written = Vec::new();
        for page in &pages {
            let path = self.directory.join(page.path());
            page.write(&path).map_err(|error| {
                Failure::new(format!("the page {} was not written", shown(&path)))
                    .caused_by(&error)
                    .kept("pages that were written before it stay")
                    .next("name a directory that you may write to, such as ~/.local/share/man")
            })?;
            written.push(page.path());
        }
        context.document(&json!({ "directory": self.directory, "pages": written }));
        if context.form == crate::context::Form::Quiet {
            for path in &written {
                context.print(path);
            }
        }
        context.say(format!("Wrote {} pages below {}.", written.len(), shown(&self.directory)));
        context.next(format!("man -M {} tenure", pasted(&self.directory)));
        Ok(Exit::Done)
    }
}

/// One page.
struct Page {
    section: u8,
    /// Such as `tenure-source-add`.
    name: String,
    text: String,
}

impl Page {
    /// Where it belongs below the directory in which man(1) looks.
    fn path(&self) -> String {
        format!("man{0}/{1}.{0}", self.section, self.name)
    }

    /// Everybody may read a manual, although whatever else this program makes is for its owner only.
    fn write(&self, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            make_folders(folder)?;
        }
        fs::write(path, &self.text)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o644))
    }
}

/// Makes the folders that are missing, for everybody to enter; those that are there stay as they are.
fn make_folders(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_folders(parent)?;
    }
    fs::create_dir(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
}

/// Every page of the manual, always in the same order.
fn pages() -> io::Result<Vec<Page>> {
    let mut root = Cli::command();
    root.build();
    let mut pages = Vec::new();
    collect(&root, None, &mut pages)?;
    pages.extend(TOPICS.iter().map(|topic| {
        let name = format!("tenure-{}", topic.name);
        let mut roff = Roff::new();
        roff.control("TH", [name.as_str(), "7", NO_DATE, &source(), MANUAL]);
        roff.control("SH", ["NAME"]).text([roman(format!("{name} - {}", topic.about))]);
        roff.control("SH", ["DESCRIPTION"]);
        // The first line is the title, which the page has above.
        prose(&mut roff, topic.text.split_once("\n\n").map_or(topic.text, |(_, rest)| rest));
        see_also(&mut roff, "tenure(1)");
        Page { section: TOPIC_PAGES, text: with_bold_quotes(&roff.render()), name }
    }));
    Ok(pages)
}

fn collect(command: &clap::Command, above: Option<&str>, pages: &mut Vec<Page>) -> io::Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    pages.push(page_of(command, &name, above)?);
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        collect(inner, Some(&name), pages)?;
    }
    Ok(())
}

/// The page of one command. What every command takes is told on the first page alone.
fn page_of(command: &clap::Command, name: &str, above: Option<&str>) -> io::Result<Page> {
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let mut shown = command.clone().after_help(None::<&'static str>).version(None::<&'static str>);
    if above.is_some() {
        shown = shown.mut_args(|argument| {
            let everywhere = argument.is_global_set();
            argument.hide(everywhere)
        });
    }
    let man = clap_mangen::Man::new(shown).title(name).date(NO_DATE).source(source()).manual(MANUAL);
    let mut text = Vec::new();
    man.render(&mut text)?;
    let text = String::from_utf8(text).map_err(io::Error::other)?;
    let mut text = with_synopsis(&text, command, name, above.is_some());

    let mut rest = Roff::new();
    after.split("\n\n").filter(|block| !block.trim().is_empty()).for_each(|block| closing(&mut rest, block));
    match above {
        Some(above) => {
            let whole = if above == "tenure" { String::new() } else { String::from(", tenure(1)") };
            see_also(&mut rest, &format!("{above}(1){whole}"));
        }
        None => of_the_whole(&mut rest),
    }
    // What a writer puts at the start of a page stands there already.
    let rest = rest.render();
    text.push_str(rest.strip_prefix(Roff::new().render().as_str()).unwrap_or(&rest));
    Ok(Page { section: COMMANDS, name: name.to_owned(), text: with_bold_quotes(&text) })
}

/// The same page with a synopsis of our own: what each option takes is told there, too, by its name.
fn with_synopsis(text: &str, command: &clap::Command, name: &str, is_inner: bool) -> String {
    const HEAD: &str = ".SH SYNOPSIS\n";
    let Some((before, rest)) = text.split_once(HEAD) else { return text.to_owned() };
    let after = rest.find("\n.SH ").map_or("", |at| rest.split_at(at).1);
    let mut roff = Roff::new();
    // On the page of one command, what every command takes is left out.
    let told = command.get_arguments().filter(|one| {
        let help = matches!(one.get_id().as_str(), "help" | "version");
        !(help || one.is_hide_set() || is_inner && one.is_global_set())
    });
    let (places, options): (Vec<_>, Vec<_>) = told.partition(|one| one.is_positional());
    let mut line = vec![bold(name.replace('-', " ")), roman(" ")];
    for one in options.into_iter().chain(places) {
        line.extend([roman(shown_in_synopsis(one)), roman(" ")]);
    }
    if command.get_subcommands().any(|inner| !inner.is_hide_set()) {
        line.push(roman(if command.is_subcommand_required_set() { "COMMAND" } else { "[COMMAND]" }));
    }
    roff.text(line);
    let written = roff.render();
    let written = written.strip_prefix(Roff::new().render().as_str()).unwrap_or(&written);
    format!("{before}{HEAD}{}{after}", written.trim_end())
}

/// `[--until DAY]`, `--reason TEXT`, `FINDING`, `[SOURCE]...`.
fn shown_in_synopsis(one: &clap::Arg) -> String {
    let names = one.get_value_names().unwrap_or_default();
    let values: Vec<&str> = names.iter().map(clap::builder::Str::as_str).collect();
    let takes = one.get_action().takes_values();
    let values = if takes { values.join(" ") } else { String::new() };
    let named = match (one.get_long(), one.get_short()) {
        _ if one.is_positional() => values,
        (Some(long), _) => format!("--{long} {values}").trim_end().to_owned(),
        (None, Some(short)) => format!("-{short} {values}").trim_end().to_owned(),
        (None, None) => values,
    };
    let many = one.get_num_args().is_some_and(|range| range.max_values() > names.len().max(1))
        || matches!(one.get_action(), clap::ArgAction::Append);
    let more = if many { "..." } else { "" };
    if one.is_required_set() { format!("{named}{more}") } else { format!("[{named}]{more}") }
}

/// Sections that only the first page has.
fn of_the_whole(roff: &mut Roff) {
    for (heading, rows) in [("ENVIRONMENT", ENVIRONMENT.as_slice()), ("FILES", FILES.as_slice())] {
        roff.control("SH", [heading]);
        for (name, meaning) in rows {
            roff.control("TP", []).text([bold(*name)]).text([roman(*meaning)]);
        }
    }
    let topics: Vec<String> =
        TOPICS.iter().map(|topic| format!("tenure-{}({TOPIC_PAGES})", topic.name)).collect();
    see_also(roff, &topics.join(", "));
}

fn see_also(roff: &mut Roff, pages: &str) {
    roff.control("SH", ["SEE ALSO"]).text([roman(pages)]);
}

/// A block after the options of a help text, as a section of its own.
fn closing(roff: &mut Roff, block: &str) {
    if let Some(examples) = block.strip_prefix("Examples:\n") {
        roff.control("SH", ["EXAMPLES"]);
        as_it_stands(roff, examples);
    } else if let Some(codes) = block.strip_prefix("Exit codes: ") {
        roff.control("SH", ["EXIT STATUS"]);
        prose(roff, codes);
    } else {
        roff.control("SH", ["NOTES"]);
        prose(roff, block);
    }
}

/// Paragraphs are filled; a block that is indented anywhere is a table or an example and stays as it is.
fn prose(roff: &mut Roff, text: &str) {
    for block in text.trim_end().split("\n\n") {
        roff.control("PP", []);
        if block.lines().any(|line| line.starts_with(' ')) {
            as_it_stands(roff, block);
        } else {
            for line in block.lines() {
                roff.text([roman(line)]);
            }
        }
    }
}

fn as_it_stands(roff: &mut Roff, block: &str) {
    roff.control("nf", []);
    for line in block.lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
}

/// What stands in backticks is set bold, as manuals do; a backtick without its pair stays one.
fn with_bold_quotes(text: &str) -> String {
    let mut page = String::with_capacity(text.len());
    for line in text.lines() {
        let mut rest = line;
        while let Some((before, after)) = rest.split_once('`') {
            page.push_str(before);
            rest = if let Some((quoted, after)) = after.split_once('`') {
                page.extend(["\\fB", quoted, "\\fR"]);
                after
            } else {
                page.push_str("\\(ga");
                after
            };
        }
        page.push_str(rest);
        page.push('\n');
    }
    page
}

/// What made the page.
fn source() -> String {
    format!("Tenure {}", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, process::Command};

    /// The requests that a page may begin a line with: those of man(7), and filling on and off.
    const REQUESTS: [&str; 12] =
        [".TH", ".SH", ".PP", ".TP", ".IP", ".br", ".RS", ".RE", ".nf", ".fi", ".ie", ".el"];

    fn page(name: &str) -> String {
        let pages = pages().unwrap();
        pages.into_iter().find(|page| page.path() == name).map(|page| page.text).unwrap()
    }

    /// What groff objects to; nothing where it is not installed, which is said.
    fn objections(pages: &[Page]) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = pages.iter().map(|page| folder.path().join(page.path())).collect();
        for (page, path) in pages.iter().zip(&paths) {
            page.write(path).unwrap();
        }
        let mut groff = Command::new("groff");
        groff.args(["-man", "-ww", "-Kutf8", "-Tutf8", "-z"]).args(&paths);
        let Ok(done) = groff.output() else {
            eprintln!("SKIPPED: groff (not installed); the structure of the pages is checked all the same");
            return None;
        };
        Some(String::from_utf8_lossy(&done.stderr).into_owned())
    }

    #[test]
    fn every_command_and_every_topic_has_a_page_of_its_own() {
        let paths: Vec<String> = pages().unwrap().iter().map(Page::path).collect();
        for expected in
            ["man1/tenure.1", "man1/tenure-source-add.1", "man1/tenure-keys.1", "man7/tenure-keys.7"]
        {
            assert!(paths.iter().any(|path| path == expected), "{expected} is missing in {paths:?}");
        }
        assert_eq!(paths.iter().collect::<BTreeSet<_>>().len(), paths.len(), "two pages share a name");
        let mut command = Cli::command();
        command.build();
        let outer = command.get_subcommands().count();
        let inner: usize = command.get_subcommands().map(|outer| outer.get_subcommands().count()).sum();
        assert_eq!(paths.len(), 1 + outer + inner + TOPICS.len());
    }

    #[test]
    fn a_page_has_the_sections_of_a_manual_and_no_other_requests() {
        for page in pages().unwrap() {
            let path = page.path();
            let headings: Vec<&str> =
                page.text.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
            assert_eq!(headings.first(), Some(&"NAME"), "{path}");
            assert_eq!(headings.last(), Some(&"\"SEE ALSO\""), "{path}");
            assert!(page.section == TOPIC_PAGES || headings.contains(&"SYNOPSIS"), "{path}: {headings:?}");
            let title = format!(".TH {} {} \"\" \"Tenure ", page.name, page.section);
            assert!(page.text.lines().any(|line| line.starts_with(&title)), "{path} has no whole title");
            assert!(!headings.contains(&"EXTRA"), "{path}: {headings:?}");
            assert!(!page.text.contains("\\(ga"), "{path} holds a backtick without its pair");
            for line in page.text.lines().filter(|line| line.starts_with('.')) {
                let request = line.split(' ').next().unwrap();
                assert!(REQUESTS.contains(&request), "{path}: {line}");
            }
        }
    }

    #[test]
    fn the_formatter_of_manuals_objects_to_nothing() {
        if let Some(said) = objections(&pages().unwrap()) {
            assert_eq!(said, "");
        }
        let broken = Page {
            section: COMMANDS,
            name: "broken".to_owned(),
            text: ".TH broken 1\n.SH NAME\nbroken \\- no such request\n.XYZ\n".to_owned(),
        };
        if let Some(said) = objections(&[broken]) {
            assert!(said.contains("XYZ"), "a page that is wrong would not be noticed: {said}");
        }
    }

    #[test]
    fn the_synopsis_names_what_each_option_takes() {
        let of = |name: &str| {
            let page = page(name).replace("\\-", "-").replace("\\fB", "").replace("\\fR", "");
            page.split_once("SYNOPSIS\n").unwrap().1.split_once("\n.SH").unwrap().0.to_owned()
        };
        assert_eq!(
            of("man1/tenure-dismiss.1"),
            "tenure dismiss [--reason TEXT] [--until DAY] [--group] [--yes WORD] [--withdraw] FINDING"
        );
        assert_eq!(of("man1/tenure-baseline.1"), "tenure baseline [--set] [SOURCE]");
        assert!(of("man1/tenure.1").ends_with("COMMAND"), "{}", of("man1/tenure.1"));
    }

    #[test]
    fn what_every_command_takes_is_told_once() {
        assert!(page("man1/tenure.1").contains("passphrase\\-file"));
        assert!(!page("man1/tenure-own.1").contains("passphrase\\-file"));
        assert!(page("man1/tenure-own.1").contains("purpose"));
    }

    #[test]
    fn pages_are_the_same_at_every_making_and_for_everybody_to_read() {
        let folder = tempfile::tempdir().unwrap();
        let whole = |pages: Vec<Page>| pages.into_iter().map(|page| page.text).collect::<String>();
        assert_eq!(whole(pages().unwrap()), whole(pages().unwrap()));
        let page = pages().unwrap().remove(0);
        let path = folder.path().join("share/man").join(page.path());
        page.write(&path).unwrap();
        page.write(&path).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o644);
        assert_eq!(mode(path.parent().unwrap()), 0o755);
        assert_eq!(mode(&folder.path().join("share")), 0o755);
    }

    #[test]
    fn what_is_quoted_is_bold_and_a_lonely_backtick_stays() {
        assert_eq!(with_bold_quotes("a `b` c `d`\ne ` f"), "a \\fBb\\fR c \\fBd\\fR\ne \\(ga f\n");
    }
}
