//! A notice as Teams reads it: a message with one Adaptive Card, version 1.4.
//!
//! What somebody else chose stands in `TextRun`s, which know no Markdown (`TextBlock`s do); only `Action.OpenUrl` leads anywhere, and no
//! mention is declared, without which `<at>` is letters. The card is made shorter until it fits.

use crate::Notice;
use serde_json::{Value, json};

/// Bytes of a card, at most. Teams refuses messages of more than 28 KiB, counted after it has rewritten them, which makes them longer.
const BYTES_MAX: usize = 16 * 1024;

/// What is posted.
pub(crate) fn body(notice: &Notice) -> Value {
    let (mut notice, mut written) = (notice.clone(), message(notice));
    while written.to_string().len() > BYTES_MAX {
        let Some(shorter) = notice.shorter() else { break };
        written = message(&shorter);
        notice = shorter;
    }
    written
}

fn message(notice: &Notice) -> Value {
    let mut body = vec![
        json!({ "type": "TextBlock", "text": notice.summary, "weight": "Bolder", "size": "Medium", "wrap": true }),
        run(&notice.whom()),
    ];
    body.extend(notice.says.iter().map(|text| run(text)));
    for line in &notice.lines {
        let mut items: Vec<Value> = line.texts().iter().map(|text| run(text)).collect();
        items.extend(line.button().map(|link| button(&line.act, link)));
        body.push(json!({ "type": "Container", "separator": true, "items": items }));
    }
    if let Some(link) = &notice.link {
        let what = if notice.lines.is_empty() { "Open the page" } else { "Open the inbox" };
        body.push(button(what, link));
    }
    body.push(run(&notice.foot()));
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    });
    let attachment = json!({ "contentType": "application/vnd.microsoft.card.adaptive", "content": card });
    json!({ "type": "message", "attachments": [attachment] })
}

fn run(text: &str) -> Value {
    json!({ "type": "RichTextBlock", "inlines": [{ "type": "TextRun", "text": text }] })
}

fn button(what: &str, link: &str) -> Value {
    json!({ "type": "ActionSet", "actions": [{ "type": "Action.OpenUrl", "title": what, "url": link }] })
}
