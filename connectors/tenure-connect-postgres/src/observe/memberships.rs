//! Who is a member of whom, and by which chain rights reach a role.
//!
//! Names and memberships are held in memory, everything else is streamed; the graph of them is
//! made only when something has to be made of it. A chain is written from the member's side: `app` in `readers` in `staff` holds
//! staff's rights by the path `readers`, `staff`. A link that gives rights only after
//! `SET ROLE` says so in the path; a link that gives none (PostgreSQL 16, admin only) is
//! left out of chains.

use super::{
    Reading,
    content::{Content, Digests, RowSum, is_recognised},
    extent, pages,
    pages::{Pages, Stopped},
};
use crate::{role::key_of, source::unread};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::OnceLock,
};
use tenure_connect::{ContentDigest, SurveySink};
use tenure_model::{Observation, ObservedGrant};
use tokio_postgres::{Row, Transaction};

const DIRECT: &str = "memberships";
const INHERITED: &str = "inherited-memberships";
/// The right a membership is.
const MEMBER: &str = "member";
/// Inherited rights listed one by one, for memberships and for each database.
pub(super) const INHERITED_MAX: usize = 20_000;
/// Longest chain followed.
const CHAIN_MAX: usize = 32;

/// One row for all roles: thousands of small ones cost several times as much to take in.
const NAMES: &str = "
SELECT array_agg(r.oid), array_agg(r.name), array_agg(r.quoted)
  FROM (SELECT oid, rolname::text AS name, quote_ident(rolname) AS quoted FROM pg_roles ORDER BY oid) r";
/// `to_jsonb` serves servers with and without the options of PostgreSQL 16.
const MEMBERSHIPS: &str = "
SELECT m.roleid, m.member, bool_or(m.admin_option),
       bool_or(coalesce((to_jsonb(m) ->> 'inherit_option')::bool, r.rolinherit)),
       bool_or(coalesce((to_jsonb(m) ->> 'set_option')::bool, true))
  FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member GROUP BY 1, 2 ORDER BY 1, 2";

/// One membership.
#[derive(Debug, Clone, Copy)]
struct Link {
    member: u32,
    admin: bool,
    inherits: bool,
    may_set: bool,
}

/// A role's name, plain and as it is written in SQL.
#[derive(Debug, Clone)]
struct Name {
    plain: String,
    quoted: String,
}

/// All memberships.
#[derive(Debug, Default)]
pub(super) struct Graph {
    names: BTreeMap<u32, Name>,
    oids: BTreeMap<String, u32>,
    /// Members of each role.
    below: BTreeMap<u32, Vec<Link>>,
    /// Roles each role is a member of.
    above: BTreeMap<u32, Vec<u32>>,
}

/// A role that holds another's rights, and by which chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) oid: u32,
    pub(super) path: Vec<String>,
}

/// Names and memberships as they were read; the graph of them is made when somebody needs it.
pub(super) struct Memberships {
    names: Vec<Row>,
    links: Vec<Row>,
    names_sum: RowSum,
    links_sum: RowSum,
    graph: OnceLock<Graph>,
}

impl Memberships {
    /// Reads all names and memberships.
    pub(super) async fn read(transaction: &Transaction<'_>, digests: &Digests<'_>) -> Result<Self, Stopped> {
        let names = transaction.query(NAMES, &[]).await.map_err(|error| unread(&error))?;
        let links = transaction.query(MEMBERSHIPS, &[]).await.map_err(|error| unread(&error))?;
        let (mut names_sum, mut links_sum) = (digests.rows(), digests.rows());
        for (rows, sum) in [(&names, &mut names_sum), (&links, &mut links_sum)] {
            rows.iter().try_for_each(|row| sum.add(row)).map_err(|error| unread(&error))?;
        }
        Ok(Self { names, links, names_sum, links_sum, graph: OnceLock::new() })
    }

    /// Adds all of it to what an extent is made from.
    pub(super) fn within<'source>(&self, content: Content<'source>) -> Content<'source> {
        content.answer(NAMES, &self.names_sum).answer(MEMBERSHIPS, &self.links_sum)
    }

    /// Who is a member of whom.
    pub(super) fn graph(&self) -> Result<&Graph, Stopped> {
        if let Some(graph) = self.graph.get() {
            return Ok(graph);
        }
        let graph = Graph::of(&self.names, &self.links).map_err(|error| unread(&error))?;
        Ok(self.graph.get_or_init(|| graph))
    }
}

impl Graph {
    fn of(names: &[Row], links: &[Row]) -> Result<Self, tokio_postgres::Error> {
        let mut graph = Self::default();
        for row in names {
            let (oids, plain, quoted): (Vec<u32>, Vec<String>, Vec<String>) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            for ((oid, plain), quoted) in oids.into_iter().zip(plain).zip(quoted) {
                graph.name(oid, plain, quoted);
            }
        }
        for row in links {
            let link = Link {
                member: row.try_get(1)?,
                admin: row.try_get(2)?,
                inherits: row.try_get(3)?,
                may_set: row.try_get(4)?,
            };
            graph.link(row.try_get(0)?, link);
        }
        Ok(graph)
    }

    fn name(&mut self, oid: u32, plain: String, quoted: String) {
        self.oids.insert(plain.clone(), oid);
        self.names.insert(oid, Name { plain, quoted });
    }

    fn link(&mut self, group: u32, link: Link) {
        self.above.entry(link.member).or_default().push(group);
        self.below.entry(group).or_default().push(link);
    }

    /// Whether a role is the group, or a member of it, directly or not.
    pub(super) fn is_in(&self, oid: u32, name: &str, group: &str) -> bool {
        if name == group {
            return true;
        }
        let Some(sought) = self.oids.get(group) else { return false };
        let mut seen = BTreeSet::from([oid]);
        let mut next = VecDeque::from([oid]);
        while let Some(at) = next.pop_front() {
            for above in self.above.get(&at).into_iter().flatten() {
                if above == sought {
                    return true;
                }
                if seen.insert(*above) {
                    next.push_back(*above);
                }
            }
        }
        false
    }

    /// Whether anybody may hold the role's rights through it.
    pub(super) fn has_members(&self, group: u32) -> bool {
        self.below.contains_key(&group)
    }

    /// Everybody who holds the role's rights through it: nearest first, by the shortest chain, at most
    /// `limit`. Each path ends with the role itself.
    pub(super) fn holders(&self, group: u32, limit: usize) -> Vec<Holder> {
        let mut holders = Vec::new();
        let mut seen = BTreeSet::from([group]);
        let mut next = VecDeque::from([(group, Vec::new())]);
        while let Some((at, beyond)) = next.pop_front() {
            if beyond.len() >= CHAIN_MAX {
                continue;
            }
            for link in self.below.get(&at).into_iter().flatten() {
                if !(link.inherits || link.may_set) || !seen.insert(link.member) {
                    continue;
                }
                if holders.len() == limit {
                    return holders;
                }
                let mut path = Vec::with_capacity(beyond.len() + 1);
                path.push(self.label(at, *link));
                path.extend(beyond.iter().cloned());
                next.push_back((link.member, path.clone()));
                holders.push(Holder { oid: link.member, path });
            }
        }
        holders
    }

    fn label(&self, group: u32, link: Link) -> String {
        let name = self.names.get(&group).map_or_else(|| group.to_string(), |name| name.plain.clone());
        if link.inherits { name } else { format!("{name} (by SET ROLE)") }
    }

    fn resource(&self, group: u32) -> String {
        match self.names.get(&group) {
            Some(name) => format!("role/{}", name.quoted),
            None => format!("role/{group}"),
        }
    }
}

/// Emits memberships, then those that follow from them. Both are made from the graph alone.
pub(super) async fn emit(reading: &Reading<'_>, sink: &mut dyn SurveySink) -> Result<(), Stopped> {
    let digest = |name: &str| reading.memberships.within(reading.digests.content(&extent(name))).digest();
    let (direct, inherited) = (digest(DIRECT), digest(INHERITED));
    if !is_recognised(sink, &extent(DIRECT), &direct).await? {
        emit_direct(reading.memberships.graph()?, pages(sink, DIRECT), direct).await?;
    }
    if !is_recognised(sink, &extent(INHERITED), &inherited).await? {
        emit_inherited(reading.memberships.graph()?, pages(sink, INHERITED), inherited).await?;
    }
    Ok(())
}

async fn emit_direct(graph: &Graph, mut pages: Pages<'_>, digest: ContentDigest) -> Result<(), Stopped> {
    for (group, links) in &graph.below {
        let resource = graph.resource(*group);
        for link in links {
            let grant = ObservedGrant {
                principal: key_of(link.member),
                resource: resource.clone(),
                right: MEMBER.to_owned(),
                path: Vec::new(),
                grantable: link.admin,
            };
            pages.push(Observation::Grant(grant)).await?;
        }
    }
    pages.end_as(digest).await
}

async fn emit_inherited(graph: &Graph, mut pages: Pages<'_>, digest: ContentDigest) -> Result<(), Stopped> {
    let mut left = INHERITED_MAX;
    for group in graph.below.keys() {
        let resource = graph.resource(*group);
        // One more than fits tells whether something was left out.
        for holder in graph.holders(*group, usize::MAX) {
            // The last name of a path is the group itself: a membership by way of it alone is direct.
            let Some((_, path)) = holder.path.split_last().filter(|(_, before)| !before.is_empty()) else {
                continue;
            };
            if left == 0 {
                return end_too_many(pages).await;
            }
            left -= 1;
            let grant = ObservedGrant {
                principal: key_of(holder.oid),
                resource: resource.clone(),
                right: MEMBER.to_owned(),
                path: path.to_vec(),
                grantable: false,
            };
            pages.push(Observation::Grant(grant)).await?;
        }
    }
    pages.end_as(digest).await
}

/// Ends an extent of inherited rights that was cut at the bound.
pub(super) async fn end_too_many(pages: Pages<'_>) -> Result<(), Stopped> {
    let why = format!(
        "there are more than {INHERITED_MAX} inherited rights; every right is shown where it was granted, and \
         every membership, so nothing is missing that does not follow from them"
    );
    pages.end_part(&why, "grant to fewer, or to groups with fewer members").await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(links: &[(u32, u32, bool, bool)]) -> Graph {
        let mut graph = Graph::default();
        for oid in 1..=9 {
            graph.name(oid, format!("r{oid}"), format!("r{oid}"));
        }
        for (group, member, inherits, may_set) in links {
            graph
                .link(*group, Link { member: *member, admin: false, inherits: *inherits, may_set: *may_set });
        }
        graph
    }

    fn shown(graph: &Graph, group: u32) -> String {
        let show = |holder: Holder| format!("r{} by {}", holder.oid, holder.path.join(" > "));
        graph.holders(group, 100).into_iter().map(show).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn rights_reach_members_by_the_shortest_chain() {
        let graph = graph(&[(1, 2, true, true), (2, 3, true, true), (1, 3, true, true), (3, 4, false, true)]);
        insta::assert_snapshot!(shown(&graph, 1), @r"
        r2 by r1
        r3 by r1
        r4 by r3 (by SET ROLE) > r1
        ");
    }

    #[test]
    fn a_membership_for_administration_alone_gives_no_rights() {
        let graph = graph(&[(1, 2, false, false), (2, 3, true, true)]);
        assert_eq!(shown(&graph, 1), "");
    }

    #[test]
    fn a_circle_ends() {
        let graph = graph(&[(1, 2, true, true), (2, 1, true, true)]);
        assert_eq!(shown(&graph, 1), "r2 by r1");
        assert!(!graph.is_in(1, "r1", "r7"));
    }

    #[test]
    fn membership_is_followed_upwards() {
        let graph = graph(&[(1, 2, true, true), (2, 3, true, true)]);
        assert!(graph.is_in(3, "r3", "r1"));
        assert!(graph.is_in(3, "r3", "r3"));
        assert!(!graph.is_in(1, "r1", "r3"));
        assert!(!graph.is_in(1, "r1", "nobody"));
    }
}
