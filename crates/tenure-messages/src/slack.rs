//! A notice as Slack reads it: `text` for where there is room for one line, and blocks of Block Kit.
//!
//! All of it is `plain_text`, in which nothing is bold, a mention or a link; `&`, `<` and `>` are escaped all the same, as Slack's page
//! on formatting says of every text object. Only buttons lead anywhere. Limits are Slack's: 50 blocks, 3,000 letters of a section, 150 of a
//! header, 75 of a button.

use crate::Notice;
use serde_json::{Value, json};

/// What is posted.
pub(crate) fn body(notice: &Notice) -> Value {
    let mut blocks = vec![
        json!({ "type": "header", "text": plain(&notice.summary) }),
        json!({ "type": "section", "text": plain(&notice.whom()) }),
    ];
    blocks.extend(notice.says.iter().map(|text| json!({ "type": "section", "text": plain(text) })));
    for (line, number) in notice.lines.iter().zip(1_u32..) {
        let mut block = json!({ "type": "section", "text": plain(&line.texts().join("\n")) });
        if let (Some(link), Some(fields)) = (line.button(), block.as_object_mut()) {
            let button = button(&line.act, link, &format!("open-{number}"));
            fields.insert(String::from("accessory"), button);
        }
        blocks.push(block);
    }
    if let Some(link) = &notice.link {
        let what = if notice.lines.is_empty() { "Open the page" } else { "Open the inbox" };
        blocks.push(json!({ "type": "actions", "elements": [button(what, link, "open-all")] }));
    }
    blocks.push(json!({ "type": "context", "elements": [plain(&notice.foot())] }));
    json!({ "text": escaped(&notice.summary), "blocks": blocks })
}

fn plain(text: &str) -> Value {
    json!({ "type": "plain_text", "text": escaped(text), "emoji": false })
}

fn button(what: &str, link: &str, id: &str) -> Value {
    json!({ "type": "button", "text": plain(what), "url": link, "action_id": id })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
