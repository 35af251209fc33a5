//! An entry as an event of the Open Cybersecurity Schema Framework 1.5.
//!
//! What was found is a Detection Finding (2004), what becomes of an account of a person an Account Change (3001), and everything else
//! the management of an entity (3004). What the schema has no place for stands in `unmapped`. Only fields that those classes have are
//! written. Next: `cloud_event.rs`, the same entry as it is.

use crate::Event;
use serde_json::{Map, Value, json};

const VERSION: &str = "1.5.0";
const OTHER: u32 = 99;

/// A class of the schema, with the category it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    DetectionFinding,
    AccountChange,
    EntityManagement,
}

impl Class {
    const fn uid(self) -> u32 {
        match self {
            Self::DetectionFinding => 2004,
            Self::AccountChange => 3001,
            Self::EntityManagement => 3004,
        }
    }

    fn of(kind: &str) -> Self {
        match kind {
            "standing.changed" | "identity.made_outside" | "identity.gained_outside" | "secret.looked_up" => {
                Self::DetectionFinding
            }
            _ if kind.starts_with("person.") => Self::AccountChange,
            _ => Self::EntityManagement,
        }
    }

    /// What was done, by its number there. What it has no number for is named.
    fn activity(self, event: &Event) -> u32 {
        let done = event.kind().split('.').nth(1).unwrap_or_default();
        match (self, done) {
            (Self::DetectionFinding, "changed" | "missed") => 2,
            (Self::DetectionFinding, _) => 1,
            (Self::AccountChange, "added" | "joined") => 1,
            (Self::AccountChange, "removed" | "left") => 6,
            (
                Self::EntityManagement,
                "added" | "asked" | "requested" | "proposed" | "offered" | "created" | "opened" | "started",
            ) => 1,
            (Self::EntityManagement, "changed" | "decided" | "moved" | "approved" | "applied") => 3,
            (Self::EntityManagement, "removed" | "withdrawn" | "destroyed" | "retired") => 4,
            (Self::AccountChange | Self::EntityManagement, _) => OTHER,
        }
    }
}

/// 1 informational, 3 medium, 4 high.
fn severity(event: &Event) -> u32 {
    match event.kind() {
        "identity.made_outside" | "identity.gained_outside" => 4,
        "message.failed" | "step.escalated" | "survey.held" | "person.leaving_held" => 3,
        _ => 1,
    }
}

/// The event with what its class asks for.
pub(crate) fn of(event: &Event) -> Value {
    let (entry, kind, class) = (&event.entry, event.kind(), Class::of(event.kind()));
    let activity = class.activity(event);
    let time = entry.time_us.div_euclid(1_000);
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| {
        fields.insert(name.to_owned(), value);
    };
    set("class_uid", json!(class.uid()));
    set("category_uid", json!(class.uid() / 1_000));
    set("activity_id", json!(activity));
    set("type_uid", json!(class.uid() * 100 + activity));
    set("time", json!(time));
    set("severity_id", json!(severity(event)));
    set("message", json!(kind));
    let product = json!({ "name": "Tenure", "vendor_name": "Tenure" });
    set(
        "metadata",
        json!({
            "version": VERSION, "product": product, "uid": entry.id, "sequence": event.index,
            "log_name": event.origin, "event_code": entry.kind,
        }),
    );
    if activity == OTHER {
        set("activity_name", json!(kind));
    }
    match class {
        Class::DetectionFinding => {
            set("finding_info", json!({ "uid": entry.id, "title": kind, "created_time": time }));
            set("resources", json!([{ "uid": entry.subject, "type": "identity" }]));
        }
        Class::AccountChange => {
            set("user", json!({ "uid": entry.subject }));
            set("actor", json!({ "user": { "uid": entry.actor } }));
        }
        Class::EntityManagement => {
            let of = kind.split('.').next().unwrap_or_default();
            set("entity", json!({ "uid": entry.subject, "type": of }));
            set("actor", json!({ "user": { "uid": entry.actor } }));
        }
    }
    let mut unmapped = json!({
        "actor": entry.actor, "subject": entry.subject, "facts": event.facts(),
        "body_digest": entry.body_digest.to_base64(),
    });
    if let Some(more) = unmapped.as_object_mut() {
        more.extend(entry.right.iter().map(|right| (String::from("right"), json!(right))));
        more.extend(event.body.iter().map(|body| (String::from("body"), body.clone())));
    }
    set("unmapped", unmapped);
    Value::Object(fields)
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
    fn what_a_class_asks_for_is_there() {
        for (kind, class, activity, severity, asked) in [
            ("standing.changed", 2004, 2, 1, "finding_info"),
            ("identity.made_outside", 2004, 1, 4, "finding_info"),
            ("person.joined", 3001, 1, 1, "user"),
            ("person.removed", 3001, 6, 1, "user"),
            ("person.role_changed", 3001, 99, 1, "user"),
            ("plan.proposed", 3004, 1, 1, "entity"),
            ("plan.settled", 3004, 99, 1, "entity"),
            ("source.removed", 3004, 4, 1, "entity"),
        ] {
            let read = of(&event(kind, &[]));
            assert_eq!(
                (&read["class_uid"], &read["activity_id"]),
                (&class.into(), &activity.into()),
                "{kind}"
            );
            assert_eq!(read["type_uid"], class * 100 + activity, "{kind}");
            assert_eq!(
                (&read["category_uid"], &read["severity_id"]),
                (&(class / 1000).into(), &severity.into()),
                "{kind}"
            );
            assert!(read[asked].is_object(), "{kind}: {read}");
            assert_eq!(read.get("activity_name").is_some(), activity == 99, "{kind}");
            assert_eq!(read["time"], 1_795_000_000_000_i64);
            assert!(
                read["metadata"]["product"]["name"].is_string() && read["metadata"]["version"] == "1.5.0"
            );
        }
    }

    #[test]
    fn it_reads_as_reviewed() {
        let event = event("plan.approved", &[("step", FactValue::Integer(1))]);
        insta::assert_snapshot!(written(&event, EventFormat::Ocsf), @r#"
        {
          "activity_id": 3,
          "actor": {
            "user": {
              "uid": "person:01990a2e"
            }
          },
          "category_uid": 3,
          "class_uid": 3004,
          "entity": {
            "type": "plan",
            "uid": "plan:01990a2f"
          },
          "message": "plan.approved",
          "metadata": {
            "event_code": "plan.approved/1",
            "log_name": "tenure/q4x7hd",
            "product": {
              "name": "Tenure",
              "vendor_name": "Tenure"
            },
            "sequence": 7,
            "uid": "01990a2e-7c11-7d5e-8000-000000000007",
            "version": "1.5.0"
          },
          "severity_id": 1,
          "time": 1795000000000,
          "type_uid": 300403,
          "unmapped": {
            "actor": "person:01990a2e",
            "body_digest": "xvRavAItxD2QS0wlzvR6l+UgsvmuYISXeAL2A30FUKA=",
            "facts": {
              "step": 1
            },
            "right": "approve",
            "subject": "plan:01990a2f"
          }
        }
        "#);
    }
}
