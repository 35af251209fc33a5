//! What a User and a Group are here: which attributes are kept, as RFC 7643 describes them.
//!
//! From this come the schemas that are served, and how filters, changes and answers read an attribute. What is not named
//! here is not kept: a directory knows more of people than Tenure needs. Next: `filter.rs`.

use serde_json::{Map, Value, json};

pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(super) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// What kind of value an attribute has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Flag,
    Instant,
    Reference,
    Complex,
}

/// Who may write an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mutability {
    ReadWrite,
    ReadOnly,
    Immutable,
}

/// One attribute.
#[expect(clippy::struct_excessive_bools, reason = "each is one independent word of a schema of RFC 7643")]
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) many: bool,
    pub(super) required: bool,
    pub(super) exact: bool,
    pub(super) mutability: Mutability,
    /// In every answer, whatever was asked for.
    pub(super) always: bool,
    pub(super) unique: bool,
    pub(super) words: &'static [&'static str],
    pub(super) within: &'static [Self],
    pub(super) about: &'static str,
}

const fn text(name: &'static str, about: &'static str) -> Attribute {
    Attribute {
        name,
        kind: Kind::Text,
        many: false,
        required: false,
        exact: false,
        mutability: Mutability::ReadWrite,
        always: false,
        unique: false,
        words: &[],
        within: &[],
        about,
    }
}

const fn complex(
    name: &'static str,
    many: bool,
    within: &'static [Attribute],
    about: &'static str,
) -> Attribute {
    Attribute { kind: Kind::Complex, many, within, ..text(name, about) }
}

const fn read_only(attribute: Attribute) -> Attribute {
    Attribute { mutability: Mutability::ReadOnly, ..attribute }
}

const fn immutable(attribute: Attribute) -> Attribute {
    Attribute { mutability: Mutability::Immutable, ..attribute }
}

const ID: Attribute = Attribute { exact: true, always: true, ..read_only(text("id", "Tenure's id of it.")) };
const EXTERNAL_ID: Attribute =
    Attribute { exact: true, ..text("externalId", "The directory's own id of it.") };
const META: Attribute = read_only(complex(
    "meta",
    false,
    &[
        Attribute { exact: true, ..read_only(text("resourceType", "User or Group.")) },
        Attribute { kind: Kind::Instant, ..read_only(text("created", "When it was made.")) },
        Attribute { kind: Kind::Instant, ..read_only(text("lastModified", "When it was last changed.")) },
        Attribute { kind: Kind::Reference, exact: true, ..read_only(text("location", "Its address.")) },
        Attribute { exact: true, ..read_only(text("version", "Its version, as in the header ETag.")) },
    ],
    "What Tenure says of it.",
));

/// What a User has.
pub(super) static USER_ATTRIBUTES: &[Attribute] = &[
    ID,
    EXTERNAL_ID,
    META,
    Attribute {
        required: true,
        unique: true,
        ..text("userName", "The name they sign in with and are shown by; nobody else here has it.")
    },
    complex(
        "name",
        false,
        &[
            text("formatted", "The whole name."),
            text("familyName", "The family name."),
            text("givenName", "The given name."),
        ],
        "Their name.",
    ),
    text("displayName", "The name that others show."),
    Attribute {
        kind: Kind::Flag,
        required: true,
        ..text(
            "active",
            "False: they left, and may come back. True for somebody new of whom nothing is said.",
        )
    },
    complex(
        "emails",
        true,
        &[
            text("value", "The address."),
            text("type", "What it is for: work, home, other."),
            Attribute { kind: Kind::Flag, ..text("primary", "True for one of them at most.") },
        ],
        "Addresses.",
    ),
    read_only(complex(
        "groups",
        true,
        &[
            Attribute { exact: true, ..read_only(text("value", "The team's id.")) },
            Attribute {
                kind: Kind::Reference,
                exact: true,
                words: &["Group"],
                ..read_only(text("$ref", "The team's address."))
            },
            read_only(text("display", "The team's name.")),
        ],
        "Teams they belong to; they are changed at the Group.",
    )),
];

/// What a Group has.
pub(super) static GROUP_ATTRIBUTES: &[Attribute] = &[
    ID,
    EXTERNAL_ID,
    META,
    Attribute { required: true, unique: true, ..text("displayName", "The team's name; no other has it.") },
    complex(
        "members",
        true,
        &[
            Attribute { exact: true, ..immutable(text("value", "A person's id.")) },
            Attribute {
                kind: Kind::Reference,
                exact: true,
                words: &["User"],
                ..immutable(text("$ref", "The person's address."))
            },
            Attribute {
                words: &["User"],
                ..immutable(text("type", "User: teams do not belong to teams here."))
            },
        ],
        "Who belongs to it: people of this directory.",
    ),
];

/// Attributes of RFC 7643 that are not kept: a change of one is taken and does nothing, as directories send them unasked.
const NOT_KEPT: &[&str] = &[
    "nickname",
    "profileurl",
    "title",
    "usertype",
    "preferredlanguage",
    "locale",
    "timezone",
    "password",
    "phonenumbers",
    "ims",
    "photos",
    "addresses",
    "entitlements",
    "roles",
    "x509certificates",
    "employeenumber",
    "costcenter",
    "organization",
    "division",
    "department",
    "manager",
];

/// What an attribute path means.
#[derive(Debug, Clone, Copy)]
pub(super) enum Named {
    /// An attribute, or a part of one.
    Kept(&'static Attribute, Option<&'static Attribute>),
    /// One that RFC 7643 has and Tenure does not keep.
    NotKept,
    /// None.
    Unknown,
}

/// Finds an attribute among some, in any case of letters.
pub(super) fn find(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes.iter().find(|one| one.name.eq_ignore_ascii_case(name))
}

/// What `path` means, with or without the schema before it: `name.givenName`, `urn:…:User:userName`.
pub(super) fn resolve(attributes: &'static [Attribute], path: &str) -> Named {
    let bare = without_schema(path);
    let (name, part) = bare.split_once('.').map_or((bare, None), |(name, part)| (name, Some(part)));
    let Some(attribute) = find(attributes, name) else {
        let is_known = NOT_KEPT.contains(&name.to_ascii_lowercase().as_str());
        return if is_known || is_schema(path, ENTERPRISE) { Named::NotKept } else { Named::Unknown };
    };
    match part {
        None => Named::Kept(attribute, None),
        Some(part) => match find(attribute.within, part) {
            Some(within) => Named::Kept(attribute, Some(within)),
            None if part.contains('.') => Named::Unknown,
            None if attribute.kind == Kind::Complex && attribute.mutability != Mutability::ReadOnly => {
                Named::NotKept
            }
            None => Named::Unknown,
        },
    }
}

fn is_schema(path: &str, schema: &str) -> bool {
    path.get(..schema.len()).is_some_and(|start| start.eq_ignore_ascii_case(schema))
}

fn without_schema(path: &str) -> &str {
    for schema in [USER, GROUP, ENTERPRISE] {
        if is_schema(path, schema) {
            return path.get(schema.len() + 1..).unwrap_or_default();
        }
    }
    path
}

/// A field of an object, in any case of letters.
pub(super) fn field<'value>(object: &'value Map<String, Value>, name: &str) -> Option<&'value Value> {
    object
        .get(name)
        .or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

fn described(attribute: &Attribute) -> Value {
    let kind = match attribute.kind {
        Kind::Text => "string",
        Kind::Flag => "boolean",
        Kind::Instant => "dateTime",
        Kind::Reference => "reference",
        Kind::Complex => "complex",
    };
    let mutability = match attribute.mutability {
        Mutability::ReadWrite => "readWrite",
        Mutability::ReadOnly => "readOnly",
        Mutability::Immutable => "immutable",
    };
    let mut shown = json!({
        "name": attribute.name, "type": kind, "multiValued": attribute.many, "description": attribute.about,
        "required": attribute.required, "mutability": mutability, "returned": if attribute.always { "always" } else { "default" },
    });
    if let Value::Object(shown) = &mut shown {
        if attribute.kind != Kind::Complex {
            let unique = if attribute.unique { "server" } else { "none" };
            shown.insert("caseExact".to_owned(), json!(attribute.exact));
            shown.insert("uniqueness".to_owned(), json!(unique));
        }
        if attribute.kind == Kind::Reference {
            let types = if attribute.words.is_empty() { json!(["uri"]) } else { json!(attribute.words) };
            shown.insert("referenceTypes".to_owned(), types);
        } else if !attribute.words.is_empty() {
            shown.insert("canonicalValues".to_owned(), json!(attribute.words));
        }
        if !attribute.within.is_empty() {
            let within: Vec<Value> = attribute.within.iter().map(described).collect();
            shown.insert("subAttributes".to_owned(), Value::Array(within));
        }
    }
    shown
}

/// The attributes of a schema as they are served; those that every resource has are not part of it.
pub(super) fn served(attributes: &[Attribute]) -> Value {
    let own = |one: &&Attribute| !["id", "externalId", "meta"].contains(&one.name);
    Value::Array(attributes.iter().filter(own).map(described).collect())
}

/// One attribute of what this server says of itself.
fn one(name: &str, kind: &str, many: bool, within: Value) -> Value {
    let mut shown = json!({
        "name": name, "type": kind, "multiValued": many, "description": "As RFC 7643 says, section 5 to 7.",
        "required": false, "mutability": "readOnly", "returned": "default",
    });
    if let Value::Object(fields) = &mut shown {
        if kind == "complex" {
            fields.insert("subAttributes".to_owned(), within);
        } else {
            fields.insert("caseExact".to_owned(), json!(false));
            fields.insert("uniqueness".to_owned(), json!("none"));
        }
        if kind == "reference" {
            fields.insert("referenceTypes".to_owned(), json!(["uri"]));
        }
    }
    shown
}

/// The attributes of the schemas in which this server describes itself, by their name.
pub(super) fn served_of_itself(name: &str) -> Value {
    let plain = |name: &str, kind: &str| one(name, kind, false, Value::Null);
    let ability = |name: &str, more: &[&str]| {
        let more = more.iter().map(|name| plain(name, "integer"));
        let within: Vec<Value> = std::iter::once(plain("supported", "boolean")).chain(more).collect();
        one(name, "complex", false, Value::Array(within))
    };
    match name {
        "ServiceProviderConfig" => json!([
            plain("documentationUri", "reference"),
            ability("patch", &[]),
            ability("bulk", &["maxOperations", "maxPayloadSize"]),
            ability("filter", &["maxResults"]),
            ability("changePassword", &[]),
            ability("sort", &[]),
            ability("etag", &[]),
            one(
                "authenticationSchemes",
                "complex",
                true,
                json!([
                    plain("type", "string"),
                    plain("name", "string"),
                    plain("description", "string"),
                    plain("primary", "boolean")
                ]),
            ),
        ]),
        "ResourceType" => json!([
            plain("name", "string"),
            plain("description", "string"),
            plain("endpoint", "reference"),
            plain("schema", "reference"),
            one(
                "schemaExtensions",
                "complex",
                true,
                json!([plain("schema", "reference"), plain("required", "boolean")])
            ),
        ]),
        _ => {
            let words: Vec<Value> = ["name", "type", "description", "mutability", "returned", "uniqueness"]
                .iter()
                .map(|name| plain(name, "string"))
                .chain(["multiValued", "required", "caseExact"].iter().map(|name| plain(name, "boolean")))
                .collect();
            json!([
                plain("name", "string"),
                plain("description", "string"),
                one("attributes", "complex", true, Value::Array(words)),
            ])
        }
    }
}
