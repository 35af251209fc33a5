//! Notices posted to a chat that takes what Slack and Teams take, and everything that keeps one from being taken.
//!
//! Each refusal has its twin that is taken. Whatever somebody is called, nobody is mentioned, nothing leads elsewhere, and no letter of it
//! has another look. The address of a chat shows nowhere.

use proptest::prelude::*;
use serde_json::Value;
use std::time::Duration;
use tenure_messages::{
    CallLimits, Caller, ChatChannel, ChatKind, NotPosted, Notice, Noticed, PrivateAddresses,
};
use tenure_model::{RiskTier, Secret, WaitingKind};
use tenure_testbed::{ChatBehaviour, ChatReceiver, needs};

const PART: &str = "T0001/B0002/a-part-that-nobody-else-knows";
const KINDS: [ChatKind; 2] = [ChatKind::Slack, ChatKind::Teams];

fn channel(chat: &ChatReceiver, kind: ChatKind) -> ChatChannel {
    let authorities = tenure_tls::authorities(&chat.certificate()).unwrap();
    let limits = CallLimits { deadline: Duration::from_secs(3), answer_bytes_max: 4096 };
    let caller = Caller::new(authorities, limits, PrivateAddresses::Refused);
    ChatChannel::new(kind, &Secret::new(chat.url(kind.as_str())), caller).unwrap()
}

fn noticed(name: &str) -> Noticed {
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

fn notice(to: &str, names: &[&str]) -> Notice {
    let waiting: Vec<Noticed> = names.iter().map(|name| noticed(name)).collect();
    Notice::digest(to, &waiting, Some("https://tenure.example.com"))
}

/// Every text of a message with the object it stands in.
fn texts(value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default();
            for (name, inner) in fields {
                if let Value::String(text) = inner {
                    found.push((format!("{kind}.{name}"), text.clone()));
                }
                texts(inner, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn both_forms_are_taken_with_and_without_details_and_a_button_opens_the_page() {
    needs!(webhook);
    let chat = ChatReceiver::start(ChatBehaviour::Accept, PART).unwrap();
    for kind in KINDS {
        let to = channel(&chat, kind);
        to.send(&notice("asha", &["main/billing", "main/mail"])).await.unwrap();
        to.send(&notice("asha", &["main/billing"]).without_details()).await.unwrap();
        to.send(&Notice::test("asha", None)).await.unwrap();
    }
    assert_eq!(chat.refused(), "");
    let taken = chat.messages().unwrap();
    assert_eq!(taken.len(), 6);
    for (told, room) in [(&taken[0], &taken[1]), (&taken[3], &taken[4])] {
        assert!(told.contains("main/billing") && told.contains("https://tenure.example.com/requests/k7wd2m"));
        assert!(
            !room.contains("billing") && room.contains("1 request to decide (high risk, until 2026-11-24")
        );
        assert!(room.contains("\"Look and decide\"") && room.contains("/requests/k7wd2m"), "{room}");
    }
    let first: Value = serde_json::from_str(&taken[0]).unwrap();
    assert_eq!(first["blocks"][2]["accessory"]["url"], "https://tenure.example.com/requests/k7wd2m");
    // The twin: what has another form, or another address, is not taken.
    let crossed = Secret::new(chat.url("teams"));
    let authorities = tenure_tls::authorities(&chat.certificate()).unwrap();
    let caller = || Caller::new(authorities.clone(), CallLimits::default(), PrivateAddresses::Refused);
    let crossed = ChatChannel::new(ChatKind::Slack, &crossed, caller()).unwrap();
    let refused = crossed.send(&notice("asha", &["x"])).await.unwrap_err();
    assert!(matches!(refused, NotPosted::Status { status: 400, .. }) && !refused.may_pass(), "{refused}");
    let elsewhere = Secret::new(chat.url("slack") + "x");
    let elsewhere = ChatChannel::new(ChatKind::Slack, &elsewhere, caller()).unwrap();
    let refused = elsewhere.send(&notice("asha", &["x"])).await.unwrap_err();
    assert!(matches!(refused, NotPosted::Status { status: 404, .. }), "{refused}");
    assert_eq!(chat.messages().unwrap().len(), 6);
}

#[tokio::test]
async fn whatever_a_chat_answers_is_told_in_our_words_and_its_address_in_none() {
    needs!(webhook);
    let after = Some(Duration::from_mins(30));
    for (behaviour, expected, may_pass, waits) in [
        (ChatBehaviour::Busy, "the chat answered 429: not now", true, after),
        (ChatBehaviour::Trouble, "the chat answered 500: it has trouble of its own", true, None),
        (ChatBehaviour::Slow, "the chat was not reached: it took too long to answer", true, None),
        (ChatBehaviour::Gone, "the chat answered 410: the chat is closed for good", false, None),
        (
            ChatBehaviour::Forbidden,
            "the chat answered 403: it takes nothing from us: was its address withdrawn, or may nobody post there?",
            false,
            None,
        ),
        (
            ChatBehaviour::Missing,
            "the chat answered 404: there is no chat at this address any more",
            false,
            None,
        ),
        (
            ChatBehaviour::Redirect,
            "the chat was not reached: it redirects elsewhere, which is not followed",
            false,
            None,
        ),
    ] {
        let chat = ChatReceiver::start(behaviour, PART).unwrap();
        for kind in KINDS {
            let failed = channel(&chat, kind).send(&notice("asha", &["x"])).await.unwrap_err();
            assert_eq!(
                (failed.to_string().as_str(), failed.may_pass(), failed.after()),
                (expected, may_pass, waits)
            );
        }
    }
    // All seems well, and it is no such chat.
    let wrong = ChatReceiver::start(ChatBehaviour::Wrong, PART).unwrap();
    let failed = channel(&wrong, ChatKind::Slack).send(&notice("asha", &["x"])).await.unwrap_err();
    assert_eq!(failed.to_string(), "what answered is no such chat: Slack answers 200 and ok");
    let failed = channel(&wrong, ChatKind::Teams).send(&notice("asha", &["x"])).await.unwrap_err();
    assert_eq!(failed.to_string(), "what answered is no such chat: a workflow of Teams answers 202");
    assert!(!failed.may_pass());
}

#[tokio::test]
async fn the_address_of_a_chat_shows_in_no_failure_and_not_by_itself() {
    needs!(webhook);
    let chat = ChatReceiver::start(ChatBehaviour::Accept, PART).unwrap();
    // Its certificate is not believed, its name leads nowhere, and it stands where nothing is sent.
    for url in [
        chat.url("slack").replace("127.0.0.1", "localhost"),
        chat.url("slack"),
        format!("https://chat.invalid/{PART}"),
        format!("https://169.254.169.254/{PART}"),
        format!("https://10.0.0.1/{PART}"),
    ] {
        let caller = Caller::new(Vec::new(), CallLimits::default(), PrivateAddresses::Refused);
        let to = ChatChannel::new(ChatKind::Slack, &Secret::new(url.clone()), caller).unwrap();
        let failed = to.send(&notice("asha", &["x"])).await.unwrap_err();
        let said = format!("{to:?} {failed} {failed:?}");
        for part in [PART, "nobody-else", "127.0.0.1", "localhost", "chat.invalid", "169.254", "10.0.0.1"] {
            assert!(!said.contains(part), "{part}: {said}");
        }
    }
    for bad in ["http://chat.example.com/in", "chat", "https://a:b@chat.example.com/x", ""] {
        let caller = Caller::new(Vec::new(), CallLimits::default(), PrivateAddresses::Refused);
        let refused = ChatChannel::new(ChatKind::Slack, &Secret::new(bad.to_owned()), caller).unwrap_err();
        assert!(bad.is_empty() || !refused.to_string().contains(bad), "{refused}");
    }
}

/// Names that want to be more than a name, and everything else.
fn hostile() -> impl Strategy<Value = String> {
    let bits = prop::sample::select(vec![
        "<!channel>",
        "<!here>",
        "<@U024BE7LH>",
        "<https://evil.example|here>",
        "[here](https://evil.example)",
        "*bold*",
        "_it_",
        "~no~",
        "`code`",
        "```",
        ":tada:",
        "&lt;!channel&gt;",
        "&amp;",
        "<at>everyone</at>",
        "@channel",
        "{{DATE(",
        "${x}",
        "\u{202e}",
        "\u{2066}",
        "\u{2028}",
        "\r\n",
        "\n- item",
        "\n# head",
        "https://evil.example",
        "\\",
        "\"",
        "\u{0}",
        "é",
        " ",
        ":",
        "//",
        "{",
        "$",
        "main/etl",
    ]);
    let letters = any::<char>().prop_map(|letter| letter.to_string());
    prop::collection::vec(prop_oneof![3 => bits.prop_map(str::to_owned), 1 => letters], 0..24)
        .prop_map(|parts| parts.concat())
}

/// What stands in a chat of what somebody chose.
fn checked(message: &Value) -> Result<(), TestCaseError> {
    let mut found = Vec::new();
    texts(message, &mut found);
    for (place, text) in found {
        prop_assert!(
            !text.contains(['\r', '\u{202e}', '\u{2066}', '\u{2028}', '\u{0}']),
            "{place}: {text:?}"
        );
        match place.as_str() {
            // Nothing but letters there: no mention, no link, no format (Slack; Adaptive Cards).
            "plain_text.text" | "TextRun.text" => {
                prop_assert!(
                    !text.contains("://") && !text.contains("{{") && !text.contains("${"),
                    "{text:?}"
                );
            }
            "button.url" | "Action.OpenUrl.url" => {
                prop_assert!(text.starts_with("https://tenure.example.com/"), "{text}");
            }
            // Words of ours alone.
            ".text" | "TextBlock.text" => prop_assert_eq!(text, "Tenure: 2 things wait"),
            "Action.OpenUrl.title" => {
                prop_assert!(["Look and decide", "Open the inbox"].contains(&text.as_str()));
            }
            "button.action_id" => prop_assert!(text.starts_with("open-")),
            ".contentType" | "AdaptiveCard.$schema" | "AdaptiveCard.version" => {}
            "TextBlock.weight" | "TextBlock.size" => {}
            _ => prop_assert!(
                place.rsplit('.').next() == Some("type"),
                "{place} is looked at by nobody: {text}"
            ),
        }
    }
    Ok(())
}

#[test]
fn no_name_is_a_mention_a_link_or_a_format_and_each_message_is_one_that_is_taken() {
    needs!(webhook);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let chat = ChatReceiver::start(ChatBehaviour::Accept, PART).unwrap();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(120));
    let drawn = runner.run(&(hostile(), hostile()), |(to, name)| {
        let before = chat.messages().unwrap().len();
        for kind in KINDS {
            let sent = runtime.block_on(channel(&chat, kind).send(&notice(&to, &[&name, "twin"])));
            prop_assert!(sent.is_ok(), "{sent:?} {}", chat.refused());
        }
        for message in &chat.messages().unwrap()[before..] {
            checked(&serde_json::from_str(message).unwrap())?;
        }
        Ok(())
    });
    drawn.unwrap();
    assert_eq!(chat.messages().unwrap().len(), 240);
}

#[tokio::test]
async fn the_longest_message_is_one_that_is_taken() {
    needs!(webhook);
    let chat = ChatReceiver::start(ChatBehaviour::Accept, PART).unwrap();
    for letter in ["<", "&", "\u{1f511}", "\u{202e}"] {
        let name = letter.repeat(5_000);
        for kind in KINDS {
            channel(&chat, kind).send(&notice(&name, &[name.as_str(); 60])).await.unwrap();
        }
    }
    for message in chat.messages().unwrap() {
        assert!(message.contains("more. "), "what is left out is counted");
    }
    assert_eq!(chat.refused(), "");
}
