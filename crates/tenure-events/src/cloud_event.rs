//! An entry as a CloudEvent 1.0 (structured JSON): its id is the entry's, its source the log, its sequence the place in it.

use crate::Event;
use serde_json::{Value, json};

/// Its `type`, its attributes, and as `data` the entry with the body that goes with it.
pub(crate) fn of(event: &Event) -> Value {
    let entry = &event.entry;
    let mut data = json!({
        "index": event.index, "kind": entry.kind, "actor": entry.actor, "subject": entry.subject,
        "facts": event.facts(), "body_digest": entry.body_digest.to_base64(),
    });
    if let Some(fields) = data.as_object_mut() {
        fields.extend(entry.right.iter().map(|right| (String::from("right"), json!(right))));
        fields.extend(event.body.iter().map(|body| (String::from("body"), body.clone())));
    }
    json!({
        "specversion": "1.0",
        "id": entry.id,
        "source": format!("/{}", event.origin.trim_start_matches('/')),
        "type": format!("tenure.{}", event.kind()),
        "time": event.time(),
        "subject": entry.subject,
        // The place in the log: by it a reader sees a gap, what came twice, and what came out of order.
        "sequence": format!("{:020}", event.index),
        "datacontenttype": "application/json",
        "data": data,
    })
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::{
        EventFormat,
        event::tests::{event, written},
    };
    use tenure_evidence::FactValue;

    #[test]
    fn it_says_what_happened_where_in_which_log() {
        let event = event("plan.approved", &[("step", FactValue::Integer(1))]);
        insta::assert_snapshot!(written(&event, EventFormat::CloudEvents), @r#"
        {
          "data": {
            "actor": "person:01990a2e",
            "body_digest": "xvRavAItxD2QS0wlzvR6l+UgsvmuYISXeAL2A30FUKA=",
            "facts": {
              "step": 1
            },
            "index": 7,
            "kind": "plan.approved/1",
            "right": "approve",
            "subject": "plan:01990a2f"
          },
          "datacontenttype": "application/json",
          "id": "01990a2e-7c11-7d5e-8000-000000000007",
          "sequence": "00000000000000000007",
          "source": "/tenure/q4x7hd",
          "specversion": "1.0",
          "subject": "plan:01990a2f",
          "time": "2026-11-18T11:06:40Z",
          "type": "tenure.plan.approved"
        }
        "#);
    }

    #[test]
    fn names_and_reasons_leave_only_with_the_body() {
        let mut event = event("plan.approved", &[]);
        assert!(of(&event)["data"].get("body").is_none());
        event.body = Some(serde_json::json!({ "reason": "why" }));
        assert_eq!(of(&event)["data"]["body"]["reason"], "why");
    }
}
