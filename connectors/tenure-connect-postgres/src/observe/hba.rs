//! Which access rule decides about a role, as `pg_hba.conf` is read: the first that matches.
//!
//! Pure. A rule matches a connection by its kind, database, user and address; a role is let
//! in without a password when some connection of it first meets a rule with `trust`. Instead
//! of trying connections, each trust rule is held against the rules above it: it is
//! reachable unless a single rule above covers everything it covers. That errs on the side
//! of naming a rule (two narrower rules that together cover it are not added up).
//! PostgreSQL manual, "The pg_hba.conf File"; the order of lines is the order of matching.

use std::net::IpAddr;

/// One line of the access rules, as `pg_hba_file_rules` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// The line in its file.
    pub(crate) line: i32,
    /// `local`, `host`, `hostssl`, `hostnossl`, `hostgssenc`, `hostnogssenc`.
    pub(crate) kind: String,
    pub(crate) databases: Vec<String>,
    pub(crate) users: Vec<String>,
    /// `None` for `local`; `all`, `samehost`, `samenet`, an address or a host name.
    pub(crate) address: Option<String>,
    pub(crate) netmask: Option<String>,
    pub(crate) method: String,
}

/// What of a role decides whether a rule is about it.
pub(crate) struct Subject<'a> {
    pub(crate) name: &'a str,
    /// Whether it is a member of a group, directly or not; a role is a member of itself.
    pub(crate) in_group: &'a dyn Fn(&str) -> bool,
    /// May open replication connections.
    pub(crate) replication: bool,
}

/// How sure it is that a rule is about a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Match {
    Yes,
    /// A pattern we do not evaluate.
    Maybe,
    No,
}

/// The first reachable rule of a method for a role, in the words of the file.
pub(crate) fn deciding<'rules>(
    rules: &'rules [Rule],
    subject: &Subject<'_>,
    method: &str,
) -> Option<&'rules Rule> {
    rules.iter().enumerate().find_map(|(place, rule)| {
        let about = rule.method == method && is_about(rule, subject) != Match::No && is_open(rule, subject);
        let above = rules.get(..place).unwrap_or_default();
        let hidden = about
            && above.iter().any(|earlier| is_about(earlier, subject) == Match::Yes && covers(earlier, rule));
        (about && !hidden).then_some(rule)
    })
}

impl Rule {
    /// The rule on one line, as a person would write it.
    pub(crate) fn text(&self) -> String {
        let mut words = vec![self.kind.clone(), self.databases.join(","), self.users.join(",")];
        words.extend(self.address.clone());
        words.extend(self.netmask.clone());
        words.push(self.method.clone());
        format!("line {}: {}", self.line, words.join(" "))
    }
}

fn is_about(rule: &Rule, subject: &Subject<'_>) -> Match {
    let mut best = Match::No;
    for word in &rule.users {
        let fits = if word == "all" || word == subject.name {
            Match::Yes
        } else if let Some(group) = word.strip_prefix('+') {
            if (subject.in_group)(group) { Match::Yes } else { Match::No }
        } else if word.starts_with('/') {
            Match::Maybe
        } else {
            Match::No
        };
        match fits {
            Match::Yes => return Match::Yes,
            Match::Maybe => best = Match::Maybe,
            Match::No => {}
        }
    }
    best
}

/// A rule for replication alone is open only to a role that may replicate.
fn is_open(rule: &Rule, subject: &Subject<'_>) -> bool {
    subject.replication || rule.databases.iter().any(|database| database != "replication")
}

/// True when every connection that `inner` matches is matched by `outer` as well, users apart.
fn covers(outer: &Rule, inner: &Rule) -> bool {
    covers_kind(&outer.kind, &inner.kind)
        && covers_databases(&outer.databases, &inner.databases)
        && (inner.kind == "local" || covers_addresses(outer, inner))
}

fn covers_kind(outer: &str, inner: &str) -> bool {
    outer == inner || (outer == "host" && inner.starts_with("host"))
}

/// `all` does not mean replication connections.
fn covers_databases(outer: &[String], inner: &[String]) -> bool {
    inner.iter().all(|database| {
        outer.iter().any(|covering| covering == database)
            || (database != "replication" && outer.iter().any(|covering| covering == "all"))
    })
}

fn covers_addresses(outer: &Rule, inner: &Rule) -> bool {
    let (Some(wide), Some(narrow)) = (&outer.address, &inner.address) else { return false };
    if wide == "all" || (wide == narrow && outer.netmask == inner.netmask) {
        return true;
    }
    match (Network::of(wide, outer.netmask.as_deref()), Network::of(narrow, inner.netmask.as_deref())) {
        (Some(wide), Some(narrow)) => wide.holds(narrow),
        _ => false,
    }
}

/// An address with its mask, as numbers; IPv4 and IPv6 never hold each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    v6: bool,
    address: u128,
    mask: u128,
}

impl Network {
    fn of(address: &str, netmask: Option<&str>) -> Option<Self> {
        let (plain, prefix) = address.split_once('/').map_or((address, None), |(a, b)| (a, Some(b)));
        let (v6, address) = number(plain)?;
        let bits: u32 = if v6 { 128 } else { 32 };
        let full = if v6 { u128::MAX } else { u128::from(u32::MAX) };
        let mask = match (prefix, netmask) {
            (Some(prefix), _) => {
                let length: u32 = prefix.parse().ok().filter(|length| *length <= bits)?;
                full ^ full.checked_shr(length).unwrap_or(0)
            }
            (None, Some(netmask)) => number(netmask).filter(|(same, _)| *same == v6)?.1,
            (None, None) => full,
        };
        Some(Self { v6, address: address & mask, mask })
    }

    fn holds(self, other: Self) -> bool {
        self.v6 == other.v6
            && self.mask & other.mask == self.mask
            && other.address & self.mask == self.address
    }
}

fn number(address: &str) -> Option<(bool, u128)> {
    match address.parse().ok()? {
        IpAddr::V4(v4) => Some((false, u128::from(v4.to_bits()))),
        IpAddr::V6(v6) => Some((true, v6.to_bits())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line as in the file; an address and a mask are two words, as the view shows them.
    fn rules(text: &str) -> Vec<Rule> {
        let rule = |(place, line): (usize, &str)| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let list = |word: &str| word.split(',').map(str::to_owned).collect();
            Rule {
                line: i32::try_from(place + 1).unwrap(),
                kind: words[0].to_owned(),
                databases: list(words[1]),
                users: list(words[2]),
                address: (words.len() > 4).then(|| words[3].to_owned()),
                netmask: (words.len() > 5).then(|| words[4].to_owned()),
                method: words[words.len() - 1].to_owned(),
            }
        };
        text.lines().map(str::trim).filter(|line| !line.is_empty()).enumerate().map(rule).collect()
    }

    fn trusted(text: &str) -> Option<i32> {
        let groups = |group: &str| group == "staff" || group == "app";
        let subject = Subject { name: "app", in_group: &groups, replication: false };
        deciding(&rules(text), &subject, "trust").map(|rule| rule.line)
    }

    #[test]
    fn the_first_matching_rule_decides() {
        assert_eq!(trusted("host all all 0.0.0.0/0 trust"), Some(1));
        assert_eq!(trusted("host all all 0.0.0.0/0 scram-sha-256\nhost all all 0.0.0.0/0 trust"), None);
        assert_eq!(trusted("host all app 0.0.0.0/0 reject\nhost all all 0.0.0.0/0 trust"), None);
        assert_eq!(trusted("host all other 0.0.0.0/0 reject\nhost all all 0.0.0.0/0 trust"), Some(2));
        assert_eq!(trusted("host all all all md5\nhost all app 10.0.0.1 255.255.255.255 trust"), None);
    }

    #[test]
    fn a_rule_names_users_by_list_group_and_all() {
        assert_eq!(trusted("local all x,app,y trust"), Some(1));
        assert_eq!(trusted("local all +staff trust"), Some(1));
        assert_eq!(trusted("local all +admins trust"), None);
        assert_eq!(trusted("local all staff trust"), None);
        assert_eq!(trusted("local all ap trust"), None);
    }

    #[test]
    fn a_pattern_may_match_but_hides_nothing() {
        assert_eq!(trusted("local all /^ap trust"), Some(1));
        assert_eq!(trusted("local all /^ap reject\nlocal all all trust"), Some(2));
    }

    #[test]
    fn a_narrower_rule_above_does_not_hide_a_wider_one() {
        assert_eq!(trusted("host shop all 0.0.0.0/0 md5\nhost all all 0.0.0.0/0 trust"), Some(2));
        assert_eq!(trusted("host all all 10.0.0.0/8 md5\nhost all all 10.1.0.0/16 trust"), None);
        assert_eq!(trusted("host all all 10.1.0.0/16 md5\nhost all all 10.0.0.0/8 trust"), Some(2));
        assert_eq!(trusted("host all all ::/0 md5\nhost all all 0.0.0.0/0 trust"), Some(2));
        assert_eq!(trusted("host all all samenet md5\nhost all all samehost trust"), Some(2));
        assert_eq!(trusted("host all all .example.org md5\nhost all all .example.org trust"), None);
    }

    #[test]
    fn kinds_of_lines_are_told_apart() {
        assert_eq!(trusted("local all all md5\nhost all all all trust"), Some(2));
        assert_eq!(trusted("host all all all md5\nlocal all all trust"), Some(2));
        assert_eq!(trusted("host all all all md5\nhostssl all all all trust"), None);
        assert_eq!(trusted("hostssl all all all md5\nhost all all all trust"), Some(2));
        assert_eq!(trusted("hostssl all all all md5\nhostnossl all all all trust"), Some(2));
    }

    #[test]
    fn replication_is_a_thing_of_its_own() {
        assert_eq!(trusted("host replication all all trust"), None);
        let groups = |_: &str| false;
        let replicator = Subject { name: "app", in_group: &groups, replication: true };
        let listed = rules("host all all all md5\nhost replication all all trust");
        assert_eq!(deciding(&listed, &replicator, "trust").map(|rule| rule.line), Some(2));
    }

    #[test]
    fn another_method_is_asked_about_by_name() {
        let groups = |_: &str| false;
        let subject = Subject { name: "app", in_group: &groups, replication: false };
        let listed = rules("local all all peer\nhost all all all scram-sha-256");
        let rule = deciding(&listed, &subject, "peer").unwrap();
        insta::assert_snapshot!(rule.text(), @"line 1: local all all peer");
        assert!(deciding(&listed, &subject, "trust").is_none());
    }

    #[test]
    fn a_hostile_mask_is_no_network() {
        assert_eq!(Network::of("10.0.0.0/99", None), None);
        assert_eq!(Network::of("10.0.0.0", Some("ffff::")), None);
        assert_eq!(Network::of("10.0.0.0/0", None).map(|all| all.mask), Some(0));
    }
}
