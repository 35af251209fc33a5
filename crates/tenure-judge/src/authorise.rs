//! Who may do what through the API, and whose decision counts.
//!
//! Cedar answers from `policies/api.cedar`; what no permit names is denied, an action that
//! is not done to that kind of thing is denied, and a policy that cannot be evaluated
//! denies (law 9). It must never look anything up: whether the actor owns the resource
//! comes in. The whole matrix is a golden text in the tests.
//! Next: `policies/api.cedar`.

use crate::remain::uid;
use cedar_policy::{
    AuthorizationError, Authorizer, Context, Decision, Entities, Entity, EntityUid, Policy, PolicyId,
    PolicySet, Request, RestrictedExpression, Schema, ValidationMode, Validator,
};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use tenure_model::{DecisionRight, PersonId, Role, noun};

const POLICIES: &str = include_str!("../policies/api.cedar");
const SCHEMA: &str = include_str!("../policies/api.cedarschema");

noun! {
    /// What can be done through the API.
    pub enum ApiAction as "action" {
        /// See it.
        View = "view",
        /// Look up whose a pasted string is: whoever may confirms guesses, so it is apart from seeing.
        Find = "find",
        /// Read a source now.
        Survey = "survey",
        /// Say what Tenure reads and how.
        Configure = "configure",
        /// Say whose an identity is.
        Own = "own",
        /// Let somebody decide in one's place, for a time; or answer that.
        Delegate = "delegate",
        /// Say what should change.
        Plan = "plan",
        /// Ask for what others decide.
        Request = "request",
        /// Agree to a plan.
        Approve = "approve",
        /// Carry a plan out.
        Apply = "apply",
        /// Believe or disbelieve a held survey.
        AcceptSurvey = "accept_survey",
        /// Read the evidence about it.
        ReadEvidence = "read_evidence",
        /// Take the evidence about it away.
        ExportEvidence = "export_evidence",
        /// Manage people, keys, backups and the log.
        Administer = "administer",
        /// Say that messages reach oneself.
        Acknowledge = "acknowledge",
        /// Say that a playbook was tried.
        Drill = "drill",
        /// Read the numbers.
        ReadMetrics = "read_metrics",
    }
}

noun! {
    /// What things the API shows.
    pub enum ApiResourceKind as "resource kind" {
        /// A configured connection to a system.
        Source = "source",
        /// The governed thing, with its principals, credentials and findings.
        Identity = "identity",
        /// What should change, with its actions and proof.
        Plan = "plan",
        /// Something that was asked for and others decide.
        Request = "request",
        /// An offer to answer for an identity.
        Handoff = "handoff",
        /// Somebody lets another decide in their place.
        Delegation = "delegation",
        /// Identities that people look at one by one.
        Review = "review",
        /// One reading of a source.
        Survey = "survey",
        /// A human.
        Person = "person",
        /// The evidence log as a whole.
        Evidence = "evidence",
        /// This deployment of Tenure.
        System = "system",
    }
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The person behind the request; `None` for a machine or an unmapped local account.
    pub person: Option<PersonId>,
    /// What they do in the programme.
    pub role: Role,
    /// The request came through the data directory's own socket.
    pub local: bool,
}

/// What it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiResource {
    /// What kind of thing.
    pub kind: ApiResourceKind,
    /// The actor is its business or technical owner; for a plan, of the identity it changes; for a
    /// request, they asked for it or are to own what it is about; for a review, it is their turn; for a
    /// handoff and a delegation, they offered it or it was offered to them.
    pub owned_by_actor: bool,
    /// Somebody of whom that is true lets the actor decide in their place.
    pub in_place_of_owner: bool,
    /// What else counts when somebody says whose an identity is.
    pub claim: Claim,
}

/// What counts when somebody says whose an identity is. What was not looked up counts as being in
/// the way, so that whoever forgets to look is denied (law 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is one fact that the access policies ask for")]
pub struct Claim {
    /// Somebody is its business or technical owner.
    pub owned: bool,
    /// Part of a system itself, owned by its vendor.
    pub built_in: bool,
    /// It is an administrator of a system, or Tenure's own account there, or whether it is could not
    /// be read.
    pub privileged: bool,
    /// The change makes somebody else than the actor an owner.
    pub names_another: bool,
    /// The change ends the ownership of somebody else than the actor.
    pub ends_anothers: bool,
}

impl Claim {
    /// Nothing was looked up.
    pub const UNREAD: Self =
        Self { owned: true, built_in: true, privileged: true, names_another: true, ends_anothers: true };
}

impl ApiResource {
    /// A thing about which nobody is saying whose it is.
    pub const fn new(kind: ApiResourceKind, owned_by_actor: bool) -> Self {
        Self { kind, owned_by_actor, in_place_of_owner: false, claim: Claim::UNREAD }
    }

    /// As [`ApiResource::new`], of something of which the actor decides in another's place: whether it is that other's.
    pub const fn in_place_of_owner(kind: ApiResourceKind, is_theirs: bool) -> Self {
        Self { in_place_of_owner: is_theirs, ..Self::new(kind, false) }
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// It may be done.
    Allowed,
    /// It may not.
    Denied {
        /// Why, in words for the actor.
        why: String,
    },
}

/// Why nobody can be authorised: the policies of this build are themselves wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the access policies are faulty: {why}")]
pub struct AuthoriserRefused {
    /// What is wrong.
    pub why: String,
}

/// Answers who may do what. Cheap to share between threads.
#[derive(Debug)]
pub struct Authoriser {
    schema: Schema,
    policies: PolicySet,
}

impl Authoriser {
    /// Reads and validates the access policies once.
    pub fn new() -> Result<Self, AuthoriserRefused> {
        Self::with_policies(POLICIES)
    }

    fn with_policies(text: &str) -> Result<Self, AuthoriserRefused> {
        let refused = |why: String| AuthoriserRefused { why };
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(|why| refused(why.to_string()))?;
        let parsed: PolicySet = text.parse().map_err(|why| refused(format!("{why}")))?;
        let named: Result<Vec<Policy>, AuthoriserRefused> = parsed
            .policies()
            .map(|policy| {
                let id =
                    policy.annotation("id").ok_or_else(|| refused("a policy has no `@id`".to_owned()))?;
                Ok(policy.new_id(PolicyId::new(id)))
            })
            .collect();
        let policies = PolicySet::from_policies(named?).map_err(|why| refused(why.to_string()))?;
        let verdict = Validator::new(schema.clone()).validate(&policies, ValidationMode::Strict);
        let wrong: Vec<String> = verdict.validation_errors().map(ToString::to_string).collect();
        if wrong.is_empty() { Ok(Self { schema, policies }) } else { Err(refused(wrong.join("; "))) }
    }

    /// Says whether the actor may do this to that.
    pub fn authorise(&self, actor: &Actor, action: &ApiAction, resource: &ApiResource) -> Verdict {
        let denied = || format!("role `{}` may not `{action}` here", actor.role);
        self.ask(actor, action.as_str(), *resource, denied)
    }

    /// Says whether this actor's decision counts for that.
    pub fn holds(&self, actor: &Actor, right: DecisionRight, resource: &ApiResource) -> Verdict {
        let denied = || format!("role `{}` does not hold the right to `{right}` here", actor.role);
        self.ask(actor, &format!("decide_{right}"), *resource, denied)
    }

    fn ask(
        &self,
        actor: &Actor,
        action: &str,
        resource: ApiResource,
        denied: impl FnOnce() -> String,
    ) -> Verdict {
        let (request, entities) = match self.question(actor, action, resource) {
            Ok(question) => question,
            Err(NotAQuestion::NotDoneTo) => {
                let why = format!("`{action}` is not something done to a {}", resource.kind);
                return Verdict::Denied { why };
            }
            Err(NotAQuestion::Unasked(why)) => {
                return Verdict::Denied { why: format!("the access policies could not be asked: {why}") };
            }
        };
        let response = Authorizer::new().is_authorized(&request, &self.policies, &entities);
        if let Some(AuthorizationError::PolicyEvaluationError(error)) = response.diagnostics().errors().next()
        {
            let (id, why) = (error.policy_id(), error.inner());
            return Verdict::Denied { why: format!("access policy `{id}` could not be evaluated: {why}") };
        }
        match response.decision() {
            Decision::Allow => Verdict::Allowed,
            Decision::Deny => {
                let mut whys: Vec<&str> = response
                    .diagnostics()
                    .reason()
                    .filter_map(|id| self.policies.annotation(id, "why"))
                    .collect();
                whys.sort_unstable();
                Verdict::Denied { why: if whys.is_empty() { denied() } else { whys.join("; ") } }
            }
        }
    }

    fn question(
        &self,
        actor: &Actor,
        action: &str,
        resource: ApiResource,
    ) -> Result<(Request, Entities), NotAQuestion> {
        let who = name("Actor", "asking")?;
        let role = name("Role", actor.role.as_str())?;
        let what = name(resource.kind.as_str(), "asked_about")?;
        let verb = name("Action", action)?;
        let request = Request::new(who.clone(), verb, what.clone(), Context::empty(), Some(&self.schema))
            .map_err(|_| NotAQuestion::NotDoneTo)?;
        let entities = [
            Entity::new_no_attrs(role.clone(), HashSet::new()),
            entity(
                who,
                [("is_person", actor.person.is_some()), ("local", actor.local)],
                HashSet::from([role]),
            )?,
            described(what, resource)?,
        ];
        let entities =
            Entities::from_entities(entities, None).map_err(|why| NotAQuestion::Unasked(why.to_string()))?;
        Ok((request, entities))
    }
}

/// Why Cedar cannot be asked.
enum NotAQuestion {
    /// The schema has no such action on such a resource.
    NotDoneTo,
    /// Something that policies alone cannot cause.
    Unasked(String),
}

fn name(kind: &str, id: &str) -> Result<EntityUid, NotAQuestion> {
    uid(kind, id).map_err(NotAQuestion::Unasked)
}

/// What is asked about, with the facts its kind has in the schema.
fn described(uid: EntityUid, resource: ApiResource) -> Result<Entity, NotAQuestion> {
    let ApiResource { kind, owned_by_actor, in_place_of_owner, claim } = resource;
    if matches!(kind, ApiResourceKind::Plan | ApiResourceKind::Request) {
        let facts = [("owned_by_actor", owned_by_actor), ("in_place_of_owner", in_place_of_owner)];
        return entity(uid, facts, HashSet::new());
    }
    if kind != ApiResourceKind::Identity {
        return entity(uid, [("owned_by_actor", owned_by_actor)], HashSet::new());
    }
    let facts = [
        ("owned_by_actor", owned_by_actor),
        ("in_place_of_owner", in_place_of_owner),
        ("owned", claim.owned),
        ("built_in", claim.built_in),
        ("privileged", claim.privileged),
        ("names_another", claim.names_another),
        ("ends_anothers", claim.ends_anothers),
    ];
    entity(uid, facts, HashSet::new())
}

fn entity<const N: usize>(
    uid: EntityUid,
    facts: [(&str, bool); N],
    parents: HashSet<EntityUid>,
) -> Result<Entity, NotAQuestion> {
    let facts: HashMap<String, RestrictedExpression> = facts
        .into_iter()
        .map(|(name, holds)| (name.to_owned(), RestrictedExpression::new_bool(holds)))
        .collect();
    Entity::new(uid, facts, parents).map_err(|why| NotAQuestion::Unasked(why.to_string()))
}

#[cfg(test)]
mod tests {
    use super::{Actor, ApiAction, ApiResource, ApiResourceKind, Authoriser, Verdict};
    use tenure_model::Role;

    #[test]
    fn an_access_policy_that_cannot_be_evaluated_denies() {
        let text = r#"
            @id("all") permit (principal, action, resource);
            @id("broken") forbid (principal, action == Action::"view", resource)
            when { principal.is_person || 9223372036854775807 + 1 == 0 };"#;
        let authoriser = Authoriser::with_policies(text).unwrap();
        let actor = Actor { person: None, role: Role::Administrator, local: true };
        let resource = ApiResource::new(ApiResourceKind::System, false);
        let verdict = authoriser.authorise(&actor, &ApiAction::View, &resource);
        let Verdict::Denied { why } = verdict else { panic!("{verdict:?}") };
        insta::assert_snapshot!(why, @"access policy `broken` could not be evaluated: integer overflow while attempting to add the values `9223372036854775807` and `1`");
        assert_eq!(authoriser.authorise(&actor, &ApiAction::ReadMetrics, &resource), Verdict::Allowed);
    }

    #[test]
    fn access_policies_that_ask_what_the_schema_does_not_have_are_refused() {
        let text = r#"@id("odd") permit (principal, action, resource) when { principal.clever };"#;
        assert!(Authoriser::with_policies(text).is_err());
        assert!(Authoriser::with_policies("permit (principal, action, resource);").is_err());
    }
}
