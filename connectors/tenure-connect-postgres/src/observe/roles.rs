//! Roles and their attributes.
//!
//! `PUBLIC` is shown as a built-in group with oid 0, the grantee that rights to everybody
//! carry; it stands for all roles and has no members of its own.

use super::{
    Reading,
    access_rules::Rules,
    content::{RowSum, is_recognised},
    extent,
    hba::{self, Rule, Subject},
    memberships::Graph,
    pages,
    pages::{Portions, Stopped},
};
use crate::{
    act,
    blast::allowed::Lacks,
    keepsake,
    quote::identifier,
    role::{FIRST_NORMAL_OID, UP, key_of},
    source::unread,
};
use std::collections::BTreeSet;
use tenure_connect::SurveySink;
use tenure_model::{Fact, Facts, Instant, Observation, ObservedPrincipal, PrincipalKind, names};
use tokio_postgres::{Row, Transaction};

const EXTENT: &str = "roles";
/// The grantee of rights that everybody has.
pub(super) const PUBLIC_OID: u32 = 0;
/// Ways in that hang on something other than a password in this server.
const OTHER_METHODS: [&str; 9] = ["peer", "ident", "cert", "ldap", "pam", "radius", "gss", "sspi", "bsd"];

const ROLES: &str = "
WITH RECURSIVE {up}
SELECT r.oid, r.rolname::text, r.rolcanlogin, r.rolsuper, r.rolreplication, r.rolbypassrls, r.rolcreaterole,
       r.rolcreatedb, r.rolinherit, r.rolconnlimit::bigint,
       CASE WHEN isfinite(r.rolvaliduntil) THEN (extract(epoch FROM r.rolvaliduntil) * 1000000)::bigint END,
       shobj_description(r.oid, 'pg_authid'), {with_password}, me.rolname::text,
       CASE WHEN r.rolname IN (current_user, session_user) THEN 'ourselves'
            WHEN r.oid IN (SELECT roleid FROM up) THEN 'holds us'
            WHEN me.rolsuper THEN NULL
            WHEN r.rolsuper THEN 'superuser'
            WHEN NOT me.rolcreaterole THEN 'create role'
            WHEN current_setting('server_version_num')::int >= 160000
                 AND NOT pg_has_role(me.oid, r.oid, 'USAGE WITH ADMIN OPTION') THEN 'admin' END
  FROM pg_roles r JOIN pg_roles me ON me.rolname = current_user ORDER BY r.oid";
/// A role with a password could authenticate, even while it may not log in.
const WITH_PASSWORD: &str =
    "EXISTS (SELECT FROM pg_authid a WHERE a.oid = r.oid AND a.rolpassword IS NOT NULL)";

/// Reads all roles. Their facts come from their rows, the access rules, and memberships.
pub(super) async fn read(
    reading: &Reading<'_>,
    transaction: &Transaction<'_>,
    sink: &mut dyn SurveySink,
    rules: &Rules,
) -> Result<(), Stopped> {
    let readable = keepsake::readable(transaction).await.map_err(|error| unread(&error))?;
    let statement =
        ROLES.replace("{up}", UP).replace("{with_password}", if readable { WITH_PASSWORD } else { "false" });
    let ours: BTreeSet<&str> = reading.source.places().map(|place| place.user.as_str()).collect();
    let (digests, extent) = (&reading.digests, extent(EXTENT));
    let others = format!("{rules:?}{ours:?}");
    let digest = |rows: &RowSum| {
        let content = digests.content(&extent).text(&others).answer(&statement, rows);
        reading.memberships.within(content).digest()
    };
    if sink.recalls(&extent).await? {
        let rows = digests.read(transaction, &statement).await?;
        if is_recognised(sink, &extent, &digest(&rows)).await? {
            return Ok(());
        }
    }
    let graph = reading.memberships.graph()?;
    let (mut pages, mut sum) = (pages(sink, EXTENT), digests.rows());
    pages.push(Observation::Principal(public())).await?;
    let mut portions = Portions::of(transaction, &statement, &[]).await?;
    while let Some(rows) = portions.next().await? {
        for row in &rows {
            sum.add(row).map_err(|error| unread(&error))?;
            let mut principal = principal(row, rules, graph).map_err(|error| unread(&error))?;
            let why = not_ended(row, &principal, &ours).map_err(|error| unread(&error))?;
            principal.facts.extend(why.map(|why| (names::NOT_ENDED.to_owned(), Fact::Text(why))));
            pages.push(Observation::Principal(principal)).await?;
        }
    }
    pages.end_as(digest(&sum)).await
}

fn public() -> ObservedPrincipal {
    let note = "stands for every role; by default it may EXECUTE functions and use types and languages, which is \
                not listed one by one";
    ObservedPrincipal {
        key: key_of(PUBLIC_OID),
        name: "PUBLIC".to_owned(),
        kind: PrincipalKind::Group,
        built_in: true,
        facts: Facts::from([
            (names::LOGIN.to_owned(), Fact::Flag(false)),
            ("note".to_owned(), Fact::Text(note.to_owned())),
        ]),
        charter_hint: None,
    }
}

fn principal(row: &Row, rules: &Rules, graph: &Graph) -> Result<ObservedPrincipal, tokio_postgres::Error> {
    let oid: u32 = row.try_get(0)?;
    let name: String = row.try_get(1)?;
    let login: bool = row.try_get(2)?;
    let has_password: bool = row.try_get(12)?;
    let mut facts = attributes(row)?;
    if login {
        let replication: bool = row.try_get(4)?;
        let superuser: bool = row.try_get(3)?;
        let in_group = |group: &str| graph.is_in(oid, &name, group);
        let subject = Subject { name: &name, in_group: &in_group, replication: replication || superuser };
        ways_in(rules, &subject, &mut facts);
    }
    Ok(ObservedPrincipal {
        key: key_of(oid),
        kind: if login || has_password { PrincipalKind::Account } else { PrincipalKind::Group },
        built_in: oid < FIRST_NORMAL_OID,
        facts,
        charter_hint: row.try_get(11)?,
        name,
    })
}

/// Why our account may not end it; nothing where it may, as far as can be known beforehand, and of what is built in.
fn not_ended(
    row: &Row,
    principal: &ObservedPrincipal,
    ours: &BTreeSet<&str>,
) -> Result<Option<String>, tokio_postgres::Error> {
    let lacks = |lacks: Lacks| -> Result<_, tokio_postgres::Error> {
        let us: String = row.try_get(13)?;
        Ok(Some(lacks.said(&identifier(&us), &identifier(&principal.name))))
    };
    match row.try_get::<_, Option<&str>>(14)? {
        _ if principal.built_in => Ok(None),
        _ if ours.contains(principal.name.as_str()) => Ok(Some(act::OURSELVES.to_owned())),
        Some("ourselves") => Ok(Some(act::OURSELVES.to_owned())),
        Some("holds us") => Ok(Some(act::HOLDS_US.to_owned())),
        Some("superuser") => lacks(Lacks::Superuser),
        Some("create role") => lacks(Lacks::CreateRole),
        Some("admin") => lacks(Lacks::Admin),
        Some(_) | None => Ok(None),
    }
}

fn attributes(row: &Row) -> Result<Facts, tokio_postgres::Error> {
    let flags = [
        (2, names::LOGIN),
        (3, names::SUPERUSER),
        (4, names::REPLICATION),
        (5, names::BYPASS_ROW_SECURITY),
        (6, names::CREATE_PRINCIPALS),
        (7, names::CREATE_DATABASES),
        (8, "inherit"),
    ];
    let mut facts = Facts::new();
    for (column, name) in flags {
        facts.insert(name.to_owned(), Fact::Flag(row.try_get(column)?));
    }
    let limit: i64 = row.try_get(9)?;
    if limit >= 0 {
        facts.insert("sessions_max".to_owned(), Fact::Number(limit));
    }
    if let Some(until) = row.try_get::<_, Option<i64>>(10)? {
        facts.insert("password_valid_until".to_owned(), Fact::At(Instant::from_micros(until)));
    }
    Ok(facts)
}

fn ways_in(rules: &Rules, subject: &Subject<'_>, facts: &mut Facts) {
    let Rules::Read(rules) = rules else {
        let why = "the access rules are closed to our account".to_owned();
        facts.insert(names::PASSWORDLESS_RULE.to_owned(), Fact::Unknown(why));
        return;
    };
    if let Some(rule) = hba::deciding(rules, subject, "trust") {
        facts.insert(names::PASSWORDLESS_RULE.to_owned(), Fact::Text(rule.text()));
    }
    let others: Vec<String> = OTHER_METHODS
        .iter()
        .filter_map(|method| hba::deciding(rules, subject, method))
        .map(Rule::text)
        .collect();
    if !others.is_empty() {
        let mut others = others;
        others.sort();
        facts.insert("other_ways_in".to_owned(), Fact::Texts(others));
    }
}
