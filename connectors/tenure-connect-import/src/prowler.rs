//! Findings of Prowler (JSON-OCSF): the resources that are identities, whatever the finding says of them.
//!
//! A finding is about one check of one resource; the same resource comes many times and the first says what it is.
//! Whether a check passed is Prowler's judgement and is not taken. Resources that are no identities are passed over
//! and counted. Next: `claim.rs`.

use crate::{
    claim::{Claim, Desk},
    limits::PER_RECORD_MAX,
    mapping::cell::any_date,
    trouble::Trouble,
};
use serde_json::Value;
use tenure_model::{
    CredentialKind, CredentialState, Fact, Facts, Observation, ObservedCredential, ObservedGrant,
    PrincipalKey, PrincipalKind, names,
};

/// Kinds of resources that are identities.
const IDENTITIES: &[(&str, PrincipalKind)] = &[
    ("AwsIamUser", PrincipalKind::Account),
    ("AwsIamRole", PrincipalKind::Workload),
    ("AwsIamGroup", PrincipalKind::Group),
    ("iam.googleapis.com/ServiceAccount", PrincipalKind::Workload),
];
/// Tags that may say who owns it.
const OWNER_TAGS: &[&str] = &["owner", "team", "contact", "maintainer", "service-owner"];

/// What a finding claims.
pub(crate) fn claims(finding: &Value, line: u64, desk: &mut Desk<'_>) -> Result<Vec<Claim>, Trouble> {
    let resources = finding.get("resources").and_then(Value::as_array).ok_or(Trouble::NotAFinding)?;
    if resources.len() > PER_RECORD_MAX {
        return Err(Trouble::TooMany);
    }
    let mut claims = Vec::new();
    for resource in resources {
        let kind = text(resource, "type").unwrap_or("(no type)");
        match IDENTITIES.iter().find(|(known, _)| *known == kind) {
            None => desk.tally.pass_over(kind),
            Some((_, principal)) => claims.push(claim(finding, resource, *principal, line, desk)?),
        }
    }
    Ok(claims)
}

fn claim(
    finding: &Value,
    resource: &Value,
    kind: PrincipalKind,
    line: u64,
    desk: &mut Desk<'_>,
) -> Result<Claim, Trouble> {
    let key = desk.name("resources.uid", text(resource, "uid").unwrap_or_default())?;
    let name = desk.name("resources.name", text(resource, "name").unwrap_or(&key))?;
    let mut principal = desk.principal(line, key, name, kind);
    principal.built_in =
        principal.key.0.contains(":role/aws-service-role/") || principal.key.0.ends_with(":root");
    let account = finding.pointer("/cloud/account/uid").and_then(Value::as_str);
    for (fact, said) in [
        ("cloud", finding.pointer("/cloud/provider").and_then(Value::as_str)),
        ("cloud_account", account),
        ("cloud_region", text(resource, "region")),
    ] {
        let told = said.and_then(|said| desk.told(fact, said));
        principal.facts.extend(told.map(|told| (fact.to_owned(), Fact::Text(told))));
    }
    principal.facts.insert(names::LOGIN.to_owned(), Fact::Unknown("the file does not say".to_owned()));
    principal.charter_hint = owner_hint(resource, desk);
    let nothing = Value::Null;
    let metadata = resource.pointer("/data/metadata").unwrap_or(&nothing);
    let mut further = Vec::new();
    held(&principal.key, metadata, line, desk, &mut further)?;
    rights(&principal.key, metadata, desk, &mut further)?;
    for used in ["password_last_used", "access_key_1_last_used_date", "access_key_2_last_used_date"] {
        let at = text(metadata, used).and_then(any_date);
        further.extend(at.map(|at| desk.last_use(&principal.key, at, None)));
    }
    if further.len() > PER_RECORD_MAX {
        return Err(Trouble::TooMany);
    }
    Ok(Claim { principal, further })
}

/// Credentials that the metadata of a resource speaks of.
fn held(
    principal: &PrincipalKey,
    metadata: &Value,
    line: u64,
    desk: &mut Desk<'_>,
    further: &mut Vec<Observation>,
) -> Result<(), Trouble> {
    let mut hold = |key: &str, kind, state, valid_until, more: Facts, desk: &Desk<'_>| {
        let mut facts = desk.facts(line);
        facts.extend(more);
        let (key, principal) = (key.to_owned(), principal.clone());
        further.push(Observation::Credential(ObservedCredential {
            key,
            principal,
            kind,
            state,
            fingerprint: None,
            valid_until,
            facts,
        }));
    };
    if is_true(metadata.get("console_access")) || is_true(metadata.get("password_enabled")) {
        hold("password", CredentialKind::Password, CredentialState::Live, None, Facts::new(), desk);
    }
    // The credential report of AWS numbers keys and does not say their ids.
    for number in ["1", "2"] {
        if is_true(metadata.get(format!("access_key_{number}_active"))) {
            let rotated = text(metadata, &format!("access_key_{number}_last_rotated")).and_then(any_date);
            let facts = rotated.map(|at| ("last_rotated".to_owned(), Fact::At(at))).into_iter().collect();
            let key = format!("access_key_{number}");
            hold(&key, CredentialKind::CloudKey, CredentialState::Live, None, facts, desk);
        }
    }
    let keys = metadata.get("keys").and_then(Value::as_array);
    for key in keys.into_iter().flatten().take(PER_RECORD_MAX) {
        let Some(name) = text(key, "name") else { continue };
        let name = desk.name("resources.data.metadata.keys.name", name)?;
        let mut facts = Facts::new();
        for (fact, column) in [("key_type", "type"), ("key_origin", "origin")] {
            let told = text(key, column).and_then(|said| desk.told(column, said));
            facts.extend(told.map(|told| (fact.to_owned(), Fact::Text(told))));
        }
        let until = text(key, "valid_before").and_then(any_date);
        hold(&name, CredentialKind::CloudKey, CredentialState::Live, until, facts, desk);
    }
    Ok(())
}

/// Policies that the metadata of a resource speaks of.
fn rights(
    principal: &PrincipalKey,
    metadata: &Value,
    desk: &mut Desk<'_>,
    further: &mut Vec<Observation>,
) -> Result<(), Trouble> {
    for (column, right) in [("attached_policies", "policy"), ("inline_policies", "inline policy")] {
        let policies = metadata.get(column).and_then(Value::as_array);
        for policy in policies.into_iter().flatten().take(PER_RECORD_MAX) {
            let named =
                policy.as_str().or_else(|| text(policy, "PolicyArn")).or_else(|| text(policy, "PolicyName"));
            let Some(named) = named else { continue };
            further.push(Observation::Grant(ObservedGrant {
                principal: principal.clone(),
                resource: desk.name(column, named)?,
                right: right.to_owned(),
                path: Vec::new(),
                grantable: false,
            }));
        }
    }
    Ok(())
}

/// Labels are written `name:value`, sometimes `name=value`; tags stand in the metadata, too.
fn owner_hint(resource: &Value, desk: &mut Desk<'_>) -> Option<String> {
    let labels = resource.get("labels").and_then(Value::as_array).into_iter().flatten();
    let labels = labels.filter_map(Value::as_str).filter_map(|label| label.split_once([':', '=']));
    let tags = resource.pointer("/data/metadata/tags").and_then(Value::as_array).into_iter().flatten();
    let tags = tags.filter_map(|tag| Some((text(tag, "Key")?, text(tag, "Value")?)));
    let mut hints: Vec<String> = Vec::new();
    for (name, value) in labels.chain(tags).take(PER_RECORD_MAX) {
        if OWNER_TAGS.contains(&name.trim().to_lowercase().as_str())
            && let Some(told) = desk.told(name, value)
        {
            let hint = format!("{}: {told}", name.trim().to_lowercase());
            if !hints.contains(&hint) {
                hints.push(hint);
            }
        }
    }
    (!hints.is_empty()).then(|| hints.join("; "))
}

fn text<'value>(value: &'value Value, name: &str) -> Option<&'value str> {
    value.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
}

/// The credential report says `true` as a text.
fn is_true(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) => text == "true",
        _ => false,
    }
}
