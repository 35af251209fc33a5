//! The API described for machines (OpenAPI 3.1), made from what the endpoints say about
//! themselves and from `shapes.rs`. The document is a golden file of this crate; tests hold
//! every answer against it, so it cannot say what is not so.

mod shapes;
mod shapes_as_of;
mod shapes_clocks;
mod shapes_delegations;
mod shapes_exceptions;
mod shapes_handoffs;
mod shapes_inbox;
mod shapes_ldap;
mod shapes_messages;
mod shapes_plans;
mod shapes_programme;
mod shapes_requests;
mod shapes_reviews;
mod shapes_tickets;
mod shapes_validity;

use crate::{
    api,
    endpoint::{Access, Answers, Endpoint, Verb},
    page::PAGE_SIZE_MAX,
};
use std::sync::OnceLock;
use tenure_engine::{CharterState, RingName, SourcePart};
use tenure_judge::{CheckWarning, ClueKind, Confidence, PartnerRole, RiskTermKind};
use tenure_model::{
    CharterField, ClockKind, ClockStage, ConsequenceMode, ConsequenceState, CredentialKind, CredentialState,
    DataClass, DecisionRight, DelegatedKind, DelegationState, Environment, ExceptionKind, ExceptionState,
    HandoffStage, HandoffState, MessageKind, MessageWay, OwnerRole, PlanKind, PlanState, PolicyKind,
    PrincipalKind, ProofLevel, Readers, RequestKind, RequestState, ReviewAnswer, ReviewItemState,
    ReviewState, RiskTier, Role, Severity, Standing, StepKind, StepState, SurveyState, TicketOutcome,
    TicketState, WaitingKind,
};
use utoipa::openapi::{
    Components, ComponentsBuilder, Content, HttpMethod, InfoBuilder, LicenseBuilder, ObjectBuilder,
    OneOfBuilder, OpenApiBuilder, PathsBuilder, Ref, RefOr, Required, Response, Schema, SchemaFormat,
    SecurityRequirement, ToArray as _, Type,
    extensions::ExtensionsBuilder,
    path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
    request_body::RequestBodyBuilder,
    response::ResponseBuilder,
    schema::{SchemaType, empty},
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

static DOCUMENT: OnceLock<String> = OnceLock::new();

/// The document as JSON text.
pub(crate) fn document() -> &'static str {
    DOCUMENT.get_or_init(|| {
        let mut paths = PathsBuilder::new();
        for endpoint in api::ENDPOINTS {
            let method = match endpoint.verb {
                Verb::Get => HttpMethod::Get,
                Verb::Post => HttpMethod::Post,
                Verb::Put => HttpMethod::Put,
                Verb::Patch => HttpMethod::Patch,
                Verb::Delete => HttpMethod::Delete,
            };
            let path = endpoint.path.replace("{*", "{");
            paths = paths.path(path, utoipa::openapi::PathItem::new(method, operation(endpoint)));
        }
        let info = InfoBuilder::new()
            .title("Tenure")
            .version(env!("CARGO_PKG_VERSION"))
            .description(Some("Non-human identities: what exists, whose it is, and the proof that it ended."))
            .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()));
        let document = OpenApiBuilder::new().info(info.build()).paths(paths).components(Some(components()));
        // Texts, numbers and maps always become JSON.
        let mut text = serde_json::to_string_pretty(&document.build()).unwrap_or_default();
        text.push('\n');
        text
    })
}

/// Every shape that is sent, by name.
fn requests() -> impl Iterator<Item = &'static (&'static str, &'static [&'static str])> {
    shapes::REQUESTS
        .iter()
        .chain(shapes_exceptions::REQUESTS)
        .chain(shapes_clocks::REQUESTS)
        .chain(shapes_delegations::REQUESTS)
        .chain(shapes_handoffs::REQUESTS)
        .chain(shapes_ldap::REQUESTS)
        .chain(shapes_messages::REQUESTS)
        .chain(shapes_requests::REQUESTS)
        .chain(shapes_reviews::REQUESTS)
        .chain(shapes_tickets::REQUESTS)
}

/// Every shape of an answer, by name.
fn answers() -> impl Iterator<Item = &'static (&'static str, &'static [&'static str])> {
    shapes::ANSWERS
        .iter()
        .chain(shapes_programme::ANSWERS)
        .chain(shapes_clocks::ANSWERS)
        .chain(shapes_exceptions::ANSWERS)
        .chain(shapes_delegations::ANSWERS)
        .chain(shapes_handoffs::ANSWERS)
        .chain(shapes_ldap::ANSWERS)
        .chain(shapes_messages::ANSWERS)
        .chain(shapes_requests::ANSWERS)
        .chain(shapes_reviews::ANSWERS)
        .chain(shapes_tickets::ANSWERS)
        .chain(shapes_as_of::ANSWERS)
        .chain(shapes_validity::ANSWERS)
        .chain(shapes_plans::ANSWERS)
        .chain(shapes_inbox::ANSWERS)
}

fn components() -> Components {
    let mut components = ComponentsBuilder::new();
    for (name, fields) in requests() {
        let closed = object(fields)
            .additional_properties(Some(utoipa::openapi::schema::AdditionalProperties::FreeForm(false)));
        components = components.schema(*name, closed);
    }
    for (name, fields) in answers() {
        components = components.schema(*name, object(fields));
    }
    for (name, words) in words() {
        components =
            components.schema(name, ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)));
    }
    components
        .security_scheme(
            "token",
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
        )
        .security_scheme(
            "provisioning",
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
        )
        .security_scheme(
            "session",
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("tenure_session"))),
        )
        .build()
}

fn words() -> Vec<(&'static str, Vec<&'static str>)> {
    macro_rules! nouns {
        ($($noun:ident),+) => { vec![$((stringify!($noun), $noun::ALL.iter().map(|word| word.as_str()).collect())),+] };
    }
    let mut words = nouns!(
        CharterField,
        CharterState,
        ClockKind,
        ClockStage,
        MessageKind,
        MessageWay,
        ClueKind,
        CheckWarning,
        PartnerRole,
        Confidence,
        ConsequenceMode,
        ConsequenceState,
        CredentialKind,
        CredentialState,
        DataClass,
        DecisionRight,
        DelegatedKind,
        DelegationState,
        Environment,
        ExceptionKind,
        ExceptionState,
        HandoffStage,
        HandoffState,
        OwnerRole,
        PlanKind,
        PlanState,
        PolicyKind,
        ProofLevel,
        PrincipalKind,
        Readers,
        RequestKind,
        RequestState,
        ReviewAnswer,
        ReviewItemState,
        ReviewState,
        RingName,
        RiskTermKind,
        RiskTier,
        Role,
        Severity,
        SourcePart,
        Standing,
        StepKind,
        StepState,
        SurveyState,
        TicketOutcome,
        TicketState,
        WaitingKind
    );
    words.push(("RequestAnswer", vec!["approve", "refuse"]));
    words.push(("HandoffWord", vec!["accept", "decline"]));
    words.push(("DelegationWord", vec!["accept", "decline"]));
    words.push(("ExceptionAnswer", vec!["grant", "refuse"]));
    words.push(("CheckState", vec!["well", "look", "broken"]));
    words
}

fn object(fields: &[&str]) -> ObjectBuilder {
    let mut object = ObjectBuilder::new();
    for field in fields {
        // INVARIANT: every line of shapes.rs is `name: type`; a test reads each of them.
        let Some((name, shape)) = field.split_once(": ") else { continue };
        let (name, required) = name.strip_suffix('?').map_or((name, true), |name| (name, false));
        object = object.property(name, shape_of(shape));
        if required {
            object = object.required(name);
        }
    }
    object
}

fn shape_of(shape: &str) -> RefOr<Schema> {
    let (shape, nullable) = shape.strip_suffix('?').map_or((shape, false), |shape| (shape, true));
    let within = |open, close| shape.strip_prefix(open).and_then(|rest: &str| rest.strip_suffix(close));
    if let Some(item) = within('[', ']') {
        return Schema::Array(shape_of(item).to_array()).into();
    }
    if let Some(value) = within('{', '}') {
        let map = ObjectBuilder::new().additional_properties(Some(shape_of(value)));
        return Schema::Object(map.build()).into();
    }
    let plain = |kind: Type, format: Option<&str>| {
        let kinds = if nullable { SchemaType::from_iter([kind, Type::Null]) } else { SchemaType::from(kind) };
        let built = ObjectBuilder::new()
            .schema_type(kinds)
            .format(format.map(|format| SchemaFormat::Custom(format.to_owned())));
        RefOr::T(Schema::Object(built.build()))
    };
    match shape {
        "text" => plain(Type::String, None),
        "id" => plain(Type::String, Some("uuid")),
        "instant" => plain(Type::String, Some("date-time")),
        "number" => plain(Type::Integer, Some("int64")),
        "flag" => plain(Type::Boolean, None),
        "json" => RefOr::T(empty()),
        other if nullable => {
            let null = ObjectBuilder::new().schema_type(Type::Null);
            RefOr::T(Schema::OneOf(OneOfBuilder::new().item(Ref::from_schema_name(other)).item(null).build()))
        }
        other => RefOr::Ref(Ref::from_schema_name(other)),
    }
}

fn operation(endpoint: &Endpoint) -> Operation {
    let mut operation = OperationBuilder::new()
        .summary(Some(endpoint.about))
        .operation_id(Some(operation_id(endpoint)))
        .extensions(Some(ExtensionsBuilder::new().add("x-tenure", said(endpoint)).build()));
    for parameter in path_parameters(endpoint.path) {
        operation = operation.parameter(parameter);
    }
    for (name, shape) in endpoint.query {
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(*name)
                .parameter_in(ParameterIn::Query)
                .required(Required::False)
                .schema(Some(query_shape(shape)))
                .build(),
        );
    }
    if let Some(shape) = endpoint.takes {
        let body = RequestBodyBuilder::new()
            .required(Some(Required::True))
            .content("application/json", Content::new(Some(shape_of(shape))));
        operation = operation.request_body(Some(body.build()));
    }
    if !matches!(endpoint.access, Access::Open | Access::Signed) {
        let schemes: &[&str] =
            if endpoint.access == Access::Provisioning { &["provisioning"] } else { &["token", "session"] };
        let securities = schemes.iter().map(|scheme| SecurityRequirement::new(*scheme, [""; 0]));
        operation = operation.securities(Some(securities));
    }
    let (status, answer) = answer(endpoint);
    let (kind, shape) = match endpoint.access {
        Access::Provisioning => ("application/scim+json", "ScimError"),
        Access::Open | Access::Signed | Access::Decided { .. } => ("application/problem+json", "Problem"),
    };
    let problem = ResponseBuilder::new()
        .description("Why it was not done")
        .content(kind, Content::new(Some(shape_of(shape))));
    operation.response(status, answer).response("default", problem.build()).build()
}

fn said(endpoint: &Endpoint) -> serde_json::Value {
    match endpoint.access {
        Access::Open => serde_json::json!({ "access": "open" }),
        Access::Signed => serde_json::json!({ "access": "signed", "evidence": endpoint.evidence }),
        Access::Provisioning => {
            serde_json::json!({ "access": "provisioning token", "evidence": endpoint.evidence })
        }
        Access::Decided { action, kind } => {
            serde_json::json!({ "action": action, "resource": kind, "evidence": endpoint.evidence })
        }
    }
}

/// `GET /api/v1/plans/{ref}/evidence` is `get_plans_ref_evidence`.
fn operation_id(endpoint: &Endpoint) -> String {
    let mut id = endpoint.verb.as_str().to_ascii_lowercase();
    let words =
        endpoint.path.trim_start_matches("/api/v1").split(|letter: char| !letter.is_ascii_alphanumeric());
    for word in words.filter(|word| !word.is_empty()) {
        id.push('_');
        id.push_str(word);
    }
    id
}

fn path_parameters(path: &str) -> impl Iterator<Item = Parameter> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).map(|name| {
        ParameterBuilder::new()
            .name(name.trim_start_matches('*'))
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(shape_of("text")))
            .build()
    })
}

fn query_shape(shape: &str) -> RefOr<Schema> {
    match shape {
        "limit" => {
            let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1_i64));
            RefOr::T(Schema::Object(number.maximum(Some(i64::from(PAGE_SIZE_MAX))).build()))
        }
        "index" => RefOr::T(Schema::Object(
            ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0_i64)).build(),
        )),
        other => shape_of(other),
    }
}

fn answer(endpoint: &Endpoint) -> (String, Response) {
    let built = ResponseBuilder::new();
    match endpoint.answers {
        Answers::Json(status, shape) | Answers::UnkeptJson(status, shape) => {
            let content = Content::new(Some(shape_of(shape)));
            (status.to_string(), built.description("Done").content("application/json", content).build())
        }
        Answers::SecretJson(status, shape) => {
            let content = Content::new(Some(shape_of(shape)));
            let built = built.description("Done; holds a secret that is shown once");
            (status.to_string(), built.content("application/json", content).build())
        }
        Answers::Scim(status) => {
            let content = Content::new(None::<RefOr<Schema>>);
            (status.to_string(), built.description("Done").content("application/scim+json", content).build())
        }
        Answers::Nothing(status) => (status.to_string(), built.description("Done").build()),
        Answers::Bytes(media_type) | Answers::Page(media_type) => {
            let content = Content::new(None::<RefOr<Schema>>);
            (String::from("200"), built.description("Done").content(media_type, content).build())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{api, document};
    use serde_json::Value;
    use std::collections::BTreeSet;

    #[test]
    fn every_shape_that_is_named_is_there_and_every_line_reads() {
        let document: Value = serde_json::from_str(document()).unwrap();
        let known: BTreeSet<String> =
            document["components"]["schemas"].as_object().unwrap().keys().cloned().collect();
        let mut named = BTreeSet::new();
        names(&document, &mut named);
        let unknown: Vec<_> = named.difference(&known).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        for (name, fields) in super::requests().chain(super::answers()) {
            let properties = document["components"]["schemas"][name]["properties"].as_object().unwrap();
            assert_eq!(properties.len(), fields.len(), "{name}");
        }
        let operations: usize =
            document["paths"].as_object().unwrap().values().map(|path| path.as_object().unwrap().len()).sum();
        assert_eq!(operations, api::ENDPOINTS.len());
    }

    fn names(value: &Value, named: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                if let Some(name) = fields.get("$ref").and_then(Value::as_str) {
                    named.insert(name.trim_start_matches("#/components/schemas/").to_owned());
                }
                fields.values().for_each(|value| names(value, named));
            }
            Value::Array(items) => items.iter().for_each(|value| names(value, named)),
            _ => {}
        }
    }
}
