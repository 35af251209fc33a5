//! `/sources/{name}/change`: options and points of a source as a form, shown before they are changed.
//!
//! A line that was not touched in the form changes nothing, whatever somebody else changed meanwhile. No password goes
//! through this page. Next: `source.rs`; the verb is that of the API.

use super::{
    Frame, HTML, PageProblem, Place, address,
    form::{self, Field, Sent, Shape, editable},
    page, see_other, text,
};
use crate::api::prelude::*;
use crate::limits::{ADDRESS_CHARS_MAX, at_most};
use askama::Template;
use axum::response::Response;
use std::collections::BTreeMap;
use tenure_engine::{SettingChange, SourceChange, SourcePart, SourceRow, Writing};
use tenure_model::{DecisionRight, ShortName};

pub(super) static SHOW: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/sources/{name}/change",
    access: Access::Decided { action: ApiAction::Configure, kind: ApiResourceKind::Source },
    evidence: None,
    about: "The console: options and points of a source as a form.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(show),
};
pub(super) static WRITE: Endpoint = form::act(
    "/sources/{name}/change",
    (ApiAction::Configure, ApiResourceKind::Source),
    "source.changed",
    "The console: shows what other options or points would change, then changes them.",
    || post(write),
);

#[derive(Template)]
#[template(path = "source_change.html")]
struct ChangePage {
    frame: Frame,
    name: String,
    href: String,
    wrong: Option<text::Prose>,
    note: Option<&'static str>,
    changes: Vec<(String, String, String)>,
    /// What is sent when it is changed: the form as it was filled in.
    sent: Vec<(&'static str, String)>,
    /// What the form showed when it was opened.
    was: [(&'static str, String); 2],
    fields: [Field; 2],
    settings: Vec<SettingLine>,
}

/// A setting that its connector knows.
struct SettingLine {
    name: &'static str,
    meaning: text::Prose,
    /// What counts without it; nothing where it is needed.
    default: Option<text::Prose>,
}

/// A form as it was filled in, beside what it showed when it was opened.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    options: String,
    points: String,
    was_options: String,
    was_points: String,
    step: String,
}

/// What a page shows beside the form.
#[derive(Default)]
struct Said {
    wrong: Option<String>,
    note: Option<&'static str>,
    changes: Vec<SettingChange>,
}

async fn show(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let form = now(&shared, &name).await?;
    let settings = settings(&shared, &name).await?;
    Ok(shown(&asked, &name, settings, form, Said::default()))
}

async fn write(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
    sent: Sent<Form>,
) -> Result<Response, PageProblem> {
    let actor = asked.authorise_decision(DecisionRight::Configure, Whose::Nobodys)?;
    let form = sent.read()?;
    let writing = match form.step.as_str() {
        "preview" => Writing::Preview,
        "write" => Writing::Write,
        _ => return Err(Problem::refused("choose whether to show or to change it").into()),
    };
    let settings = settings(&shared, &name).await?;
    let again = |form, said| Ok(shown(&asked, &name, settings, form, said));
    let change = match wanted(&form) {
        Ok(change) => change,
        Err(why) => return again(form, Said { wrong: Some(why.detail), ..Said::default() }),
    };
    let changed = shared.engine.change_source(actor, &name, change, writing).await;
    match (changed.map_err(Problem::from), writing) {
        (Ok(_), Writing::Write) => Ok(see_other(&format!("/sources/{}", address::encoded(&name)))),
        (Ok(changes), Writing::Preview) => {
            let note = changes.is_empty().then_some("It is so already: nothing would change.");
            again(form, Said { note, changes, wrong: None })
        }
        (Err(why), _)
            if why.status == StatusCode::UNPROCESSABLE_ENTITY || why.status == StatusCode::CONFLICT =>
        {
            again(form, Said { wrong: Some(why.detail), ..Said::default() })
        }
        (Err(why), _) => Err(why.into()),
    }
}

async fn found(shared: &Shared, name: &str) -> Result<SourceRow, Problem> {
    let wanted = name.to_owned();
    let read = move |tx: &mut tenure_engine::Tx<'_>| tx.source_named(&wanted);
    let found = shared.engine.store().read("source", read).await.map_err(Problem::from)?;
    found.ok_or_else(|| {
        Problem::missing(format!("there is no source `{}`", tenure_model::printable(name, 60)))
    })
}

/// What its connector says of its settings.
async fn settings(shared: &Shared, name: &str) -> Result<Vec<SettingLine>, Problem> {
    let source = found(shared, name).await?;
    let connector = shared.engine.connectors().find(|one| one.manifest().system == source.system);
    let settings = connector.into_iter().flat_map(|connector| connector.manifest().settings);
    let lines = settings.map(|one| SettingLine {
        name: one.name,
        meaning: text::prose(one.meaning),
        default: one.default.map(text::prose),
    });
    Ok(lines.collect())
}

/// The form as the source is now.
async fn now(shared: &Shared, name: &str) -> Result<Form, Problem> {
    let source = found(shared, name).await?;
    let lines = |pairs: Vec<String>| pairs.join("\n");
    let pair = |(name, value): (&str, &str)| format!("{}={}", editable(name), editable(value));
    let options = lines(source.options.iter().map(|(name, value)| pair((name, value))).collect());
    let points = lines(source.points.iter().map(|point| pair((point.name.as_str(), &point.url))).collect());
    Ok(Form {
        was_options: options.clone(),
        was_points: points.clone(),
        options,
        points,
        step: String::new(),
    })
}

/// What is different in the form from what it showed.
fn wanted(form: &Form) -> Result<SourceChange, Problem> {
    let options =
        differences(&form.was_options, &form.options, "an option is written NAME=VALUE, one a line")?;
    let points = differences(&form.was_points, &form.points, "a point is written NAME=ADDRESS, one a line")?;
    let point = |(name, url): (String, Option<String>)| {
        let name = ShortName::parse(&name).map_err(|_| {
            Problem::refused(
                "the name of a point is 1 to 40 lower-case letters, digits and `-`, beginning with a letter",
            )
        })?;
        Ok((name, url))
    };
    let points = points.into_iter().map(point).collect::<Result<BTreeMap<_, _>, Problem>>()?;
    Ok(SourceChange { options, points, secret: None })
}

fn differences(was: &str, typed: &str, form: &str) -> Result<BTreeMap<String, Option<String>>, Problem> {
    let (was, typed) = (read(was, form)?, read(typed, form)?);
    let mut different: BTreeMap<String, Option<String>> =
        was.keys().filter(|name| !typed.contains_key(*name)).map(|name| (name.clone(), None)).collect();
    different.extend(
        typed
            .into_iter()
            .filter(|(name, value)| was.get(name) != Some(value))
            .map(|(name, value)| (name, Some(value))),
    );
    Ok(different)
}

fn read(lines: &str, form: &str) -> Result<BTreeMap<String, String>, Problem> {
    let mut pairs = BTreeMap::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        at_most("line", line, ADDRESS_CHARS_MAX)?;
        let (name, value) = line.split_once('=').ok_or_else(|| Problem::refused(form))?;
        if pairs.insert(name.trim().to_owned(), value.trim().to_owned()).is_some() {
            return Err(Problem::refused("the same name stands in two lines"));
        }
    }
    Ok(pairs)
}

fn shown(asked: &Asked, name: &str, settings: Vec<SettingLine>, form: Form, said: Said) -> Response {
    let status = if said.wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let side =
        |side: Option<String>| side.map_or_else(|| String::from("not set"), |side| text::shown_long(&side));
    let told = |change: SettingChange| {
        let what = match change.part {
            SourcePart::Option => text::shown(&change.name),
            SourcePart::Point => format!("Point {}", text::shown(&change.name)),
            SourcePart::Password => String::from("Password"),
        };
        (what, side(change.was), side(change.will))
    };
    let was = [("was_options", form.was_options), ("was_points", form.was_points)];
    let fields = [
        lines(
            "options",
            "Options",
            "One a line: NAME=VALUE. A line that is taken out goes back to its default. Which there are stands below.",
            &form.options,
        ),
        lines(
            "points",
            "Points",
            "One a line: NAME=ADDRESS, the first named primary. A revocation is proved at each.",
            &form.points,
        ),
    ];
    let mut sent = was.to_vec();
    sent.extend([("options", form.options), ("points", form.points)]);
    let page_shown = ChangePage {
        frame: Frame::of(format!("How {} is read", text::shown(name)), Place::Sources, asked),
        name: text::shown(name),
        href: format!("/sources/{}", address::encoded(name)),
        wrong: said.wrong.as_deref().map(text::prose),
        note: said.note,
        changes: said.changes.into_iter().map(told).collect(),
        sent,
        was,
        fields,
        settings,
    };
    page(status, &page_shown)
}

fn lines(name: &'static str, label: &'static str, hint: &'static str, value: &str) -> Field {
    let field = Field::line(name, label, hint, "").shaped(Shape::Lines);
    Field { value: value.to_owned(), ..field }
}

#[cfg(test)]
mod tests {
    use super::{Form, wanted};

    fn form(was: &str, typed: &str) -> Form {
        Form {
            options: typed.to_owned(),
            points: String::new(),
            was_options: was.to_owned(),
            was_points: String::new(),
            step: String::new(),
        }
    }

    #[test]
    fn only_what_differs_from_what_the_form_showed_is_changed() {
        let change =
            wanted(&form("heir=dba\r\nlag-seconds=5", "lag-seconds=5\r\nca-file=/a=b\r\n\r\n")).unwrap();
        let expected = [("ca-file", Some("/a=b")), ("heir", None)];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.map(str::to_owned)));
        assert_eq!(change.options, expected.into_iter().collect());
        assert!(change.points.is_empty());
    }

    #[test]
    fn a_line_that_is_no_pair_or_stands_twice_is_refused() {
        let refused = |typed: &str| wanted(&form("", typed)).err().unwrap().detail;
        assert_eq!(refused("processes yes"), "an option is written NAME=VALUE, one a line");
        assert_eq!(refused("a=1\na=2"), "the same name stands in two lines");
    }
}
