//! People and teams of a real OpenLDAP: joiners, movers and leavers, by hand and by the timer, and when nobody may leave.
//!
//! Over the chaos world, in virtual time. How a line is read is tested in `tenure-ldap`. Next: `ldap_never.rs`.

use crate::bench::{Bench, actor};
use std::{sync::Arc, time::Duration};
use tenure_engine::{
    CharterChange, CheckState, Deployment, Engine, EngineFailure, LdapDirectory, LdapForeseen,
};
use tenure_ldap::{Attributes, Directory, Part, Security};
use tenure_model::{Role, Secret};
use tenure_testbed::{LdapOptions, LdapServer, needs};

pub(crate) const PEOPLE: &str = "ou=people,dc=example,dc=com";
const GROUPS: &str = "ou=groups,dc=example,dc=com";

/// A directory, read as somebody who is given all of it, or only three entries.
pub(crate) fn directory(
    server: &LdapServer,
    name: &str,
    (people, is_short): (&str, bool),
) -> Arc<LdapDirectory> {
    let (bind_dn, password) = if is_short { server.short_reader() } else { server.reader() };
    let part =
        |base: &str, class: &str| Part { base: base.to_owned(), filter: format!("(objectClass={class})") };
    let directory = Directory {
        host: String::from("127.0.0.1"),
        port: server.port(),
        security: Security::Plain,
        private: tenure_ldap::PrivateAddresses::Refused,
        authorities: Vec::new(),
        bind_dn,
        password: Arc::new(Secret::new(password)),
        people: part(people, "inetOrgPerson"),
        groups: Some(part(GROUPS, "groupOfNames")),
        attributes: Attributes::open_ldap(),
        people_max: 10_000,
        patience: Duration::from_mins(1),
    };
    Arc::new(LdapDirectory::new(name.to_owned(), directory, Some(Duration::from_hours(1))))
}

fn named(members: &[&str]) -> String {
    members.iter().fold(String::new(), |all, uid| all + &format!("member: uid={uid},{PEOPLE}\n"))
}

pub(crate) fn group(cn: &str, members: &[&str]) -> String {
    let members = named(members);
    format!("dn: cn={cn},{GROUPS}\nobjectClass: groupOfNames\ncn: {cn}\n{members}\n")
}

fn become_of(cn: &str, members: &[&str]) -> String {
    let members = named(members);
    format!("dn: cn={cn},{GROUPS}\nchangetype: modify\nreplace: member\n{members}\n")
}

pub(crate) struct Scene {
    pub(crate) server: LdapServer,
    pub(crate) bench: Bench,
    pub(crate) deployment: Deployment,
}

impl Scene {
    pub(crate) async fn of(people: &[&str]) -> Self {
        let server = LdapServer::start(LdapOptions::default()).unwrap();
        for uid in people {
            server.add_person(uid).unwrap();
        }
        let mut bench = Bench::new();
        bench.ldap = vec![directory(&server, "corp", (PEOPLE, false))];
        let deployment = bench.surveyed().await;
        Self { server, bench, deployment }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.deployment.engine
    }

    /// Opens the deployment again, with these directories.
    pub(crate) async fn again(mut self, ldap: Vec<Arc<LdapDirectory>>) -> Self {
        drop(self.deployment);
        self.bench.ldap = ldap;
        self.deployment = self.bench.open().await.unwrap();
        self
    }

    /// Looks at what a directory says and lets it happen.
    pub(crate) async fn read(&self, name: &str) -> LdapForeseen {
        let shown = self.engine().foresee_ldap(name).await.unwrap();
        let word = shown.changes.word.clone();
        let (done, _) = self.engine().read_ldap(actor(self.engine()).await, name, word).await.unwrap();
        assert_eq!(done, shown, "what happens is what was shown");
        done
    }

    /// Who is there, with their role, apart from whoever was there first.
    pub(crate) async fn people(&self) -> Vec<String> {
        let people = self.engine().store().read("people", |tx| tx.people()).await.unwrap();
        people.iter().skip(1).map(|one| format!("{} {}", one.name, one.role)).collect()
    }

    async fn size(&self) -> usize {
        self.engine().log_page(None, 10_000).await.unwrap().len()
    }

    async fn doctor(&self, what: &str) -> (CheckState, String) {
        let checks = self.engine().doctor().await.unwrap();
        let check = checks.into_iter().find(|check| check.what == what).unwrap();
        (check.state, check.found)
    }
}

/// Who joins, changes, comes back, leaves and is held.
fn told(done: &LdapForeseen) -> String {
    let changes = &done.changes;
    let all = [
        ("joins", &changes.joins),
        ("changes", &changes.changes),
        ("returns", &changes.returns),
        ("leaves", &changes.leaves),
        ("held", &changes.held),
    ];
    let some = all.into_iter().filter(|(_, who)| who.count > 0);
    some.map(|(does, who)| format!("{does} {}", who.names.join(" "))).collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn who_stands_in_a_directory_joins_moves_and_leaves_and_teams_follow() {
    needs!(ldap);
    let scene = Scene::of(&["bea", "bob"]).await;
    scene.server.add(&group("platform", &["bea", "bob"])).unwrap();
    let before = scene.size().await;
    let shown = scene.engine().foresee_ldap("corp").await.unwrap();
    assert_eq!(
        (told(&shown), scene.size().await),
        (String::from("joins bea bob"), before),
        "nothing is written"
    );
    scene.read("corp").await;
    assert_eq!(scene.people().await, ["bea owner", "bob owner"]);
    let asha = actor(scene.engine()).await;
    scene.engine().map_team(asha, "platform", Some(Role::Operator)).await.unwrap();
    assert_eq!(scene.people().await, ["bea operator", "bob operator"]);
    let owned = CharterChange { business_owner: Some(String::from("bea")), ..CharterChange::default() };
    scene.engine().own(asha, "billing", owned).await.unwrap();
    let size = scene.size().await;
    assert_eq!((told(&scene.read("corp").await), scene.size().await), (String::new(), size), "no trace");

    // A mover: another name, below another entry, out of the team. Whoever takes up the old name is another person.
    let scene = scene.again_below_all().await;
    scene.server.modify(&format!(
        "dn: uid=bea,{PEOPLE}\nchangetype: modrdn\nnewrdn: uid=grace\ndeleteoldrdn: 1\nnewsuperior: ou=away,dc=example,dc=com\n"
    )).unwrap();
    scene.server.modify(&become_of("platform", &["bob"])).unwrap();
    assert_eq!(told(&scene.read("corp").await), "changes bea → grace");
    assert_eq!(scene.people().await, ["bob operator", "grace owner"]);
    scene.server.add_person("bea").unwrap();
    assert_eq!(told(&scene.read("corp").await), "joins bea");
    assert_eq!(scene.engine().show("billing").await.unwrap().owners, ["grace"]);

    // A leaver, and one who comes back.
    scene.server.delete("uid=grace,ou=away,dc=example,dc=com").unwrap();
    assert_eq!(told(&scene.read("corp").await), "leaves grace");
    assert_eq!(scene.engine().show("billing").await.unwrap().owners, Vec::<String>::new());
    scene.server.add_person("grace").unwrap();
    let again = scene.engine().foresee_ldap("corp").await.unwrap();
    assert_eq!(told(&again), "", "with another id she is another, and the name is still hers who left");
    assert!(
        again.fault_lines[0].contains("`grace`") && again.fault_lines[0].contains("people remove"),
        "{again:?}"
    );
    let kinds: Vec<_> =
        scene.engine().log_page(None, 10_000).await.unwrap().into_iter().map(|(_, one)| one.kind).collect();
    for kind in
        ["people.imported", "person.joined", "person.changed", "person.left", "team.made", "team.changed"]
    {
        assert!(kinds.iter().any(|one| one == kind), "{kind}");
    }
}

impl Scene {
    async fn again_below_all(self) -> Self {
        let all = directory(&self.server, "corp", ("dc=example,dc=com", false));
        self.again(vec![all]).await
    }
}

#[tokio::test]
async fn only_what_was_shown_happens() {
    needs!(ldap);
    let scene = Scene::of(&["bea"]).await;
    let asha = actor(scene.engine()).await;
    let shown = scene.engine().foresee_ldap("corp").await.unwrap();
    scene.server.add_person("bob").unwrap();
    let refused = scene.engine().read_ldap(asha, "corp", shown.changes.word.clone()).await.unwrap_err();
    assert!(refused.to_string().contains("look at it again"), "{refused}");
    assert_eq!(scene.people().await, Vec::<String>::new());
    scene.server.delete(&format!("uid=bob,{PEOPLE}")).unwrap();
    scene.engine().read_ldap(asha, "corp", shown.changes.word).await.unwrap();
    assert_eq!(scene.people().await, ["bea owner"], "its twin");
    let none = scene.engine().foresee_ldap("other").await.unwrap_err();
    assert!(none.to_string().contains("no directory `other`"), "{none}");
}

#[tokio::test]
async fn the_timer_reads_when_it_is_due_and_what_fails_is_seen() {
    needs!(ldap);
    let mut scene = Scene::of(&["bea"]).await;
    assert_eq!(
        scene.doctor("directory corp").await,
        (CheckState::Well, String::from("not read since the start"))
    );
    scene.engine().follow_ldap().await;
    assert_eq!(scene.people().await, ["bea owner"]);
    scene.server.add_person("bob").unwrap();
    scene.engine().follow_ldap().await;
    assert_eq!(scene.people().await, ["bea owner"], "it is not due again");
    scene.bench.clock.advance(Duration::from_hours(1));
    scene.engine().follow_ldap().await;
    assert_eq!(scene.people().await, ["bea owner", "bob owner"]);
    assert_eq!(scene.doctor("directory corp").await, (CheckState::Well, String::from("2 were read")));

    scene.server.kill9().unwrap();
    scene.bench.clock.advance(Duration::from_hours(1));
    scene.engine().follow_ldap().await;
    let (state, found) = scene.doctor("directory corp").await;
    assert!(state == CheckState::Broken && found.contains("no line to the directory"), "{found}");
    assert_eq!(
        scene.people().await,
        ["bea owner", "bob owner"],
        "a directory that is away lets nobody leave"
    );
    assert_eq!(scene.engine().ldap_shown()[0].last.as_ref().unwrap().people, None);
    let refused = scene.engine().foresee_ldap("corp").await.unwrap_err();
    assert!(matches!(refused, EngineFailure::Refused { .. }), "{refused}");
    scene.server.restart(LdapOptions::default()).unwrap();
    scene.server.delete(&format!("uid=bob,{PEOPLE}")).unwrap();
    scene.bench.clock.advance(Duration::from_hours(1));
    scene.engine().follow_ldap().await;
    assert_eq!(scene.people().await, ["bea owner"], "its twin: it is there, and he is not in it");
}

#[tokio::test]
async fn a_reading_that_is_cut_off_lets_nobody_leave_and_takes_nobody_out_of_a_team() {
    needs!(ldap);
    let scene = Scene::of(&["bea", "bob", "cy", "dot", "eve"]).await;
    scene.server.add(&group("platform", &["bea", "eve"])).unwrap();
    scene.read("corp").await;
    let cut = directory(&scene.server, "corp", (PEOPLE, true));
    let scene = scene.again(vec![cut]).await;
    scene.server.delete(&format!("uid=bob,{PEOPLE}")).unwrap();
    scene.server.add_person("fay").unwrap();
    scene.server.modify(&become_of("platform", &["bea"])).unwrap();
    scene.engine().follow_ldap().await;
    assert_eq!(scene.people().await.len(), 5, "{:?}", scene.people().await);
    let (state, found) = scene.doctor("directory corp").await;
    assert!(
        state == CheckState::Look && found.contains("size limit") && found.contains("nobody leaves"),
        "{found}"
    );
    let eve = scene.engine().teams().await.unwrap();
    assert_eq!(eve[0].members, 2, "{eve:?}");
    let whole = directory(&scene.server, "corp", (PEOPLE, false));
    let scene = scene.again(vec![whole]).await;
    scene.engine().follow_ldap().await;
    assert_eq!(
        scene.people().await,
        ["bea owner", "cy owner", "dot owner", "eve owner", "fay owner"],
        "its twin"
    );
    assert_eq!(scene.engine().teams().await.unwrap()[0].members, 1);
}

#[tokio::test]
async fn many_who_are_gone_at_once_wait_for_a_person_and_so_does_everybody() {
    needs!(ldap);
    let names: Vec<String> = (0..12).map(|n| format!("p{n}")).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let scene = Scene::of(&all).await;
    scene.engine().follow_ldap().await;
    assert_eq!(scene.people().await.len(), 12);
    scene.bench.clock.advance(Duration::from_hours(2));
    for gone in all.iter().take(6) {
        scene.server.delete(&format!("uid={gone},{PEOPLE}")).unwrap();
    }
    scene.engine().follow_ldap().await;
    assert_eq!((scene.people().await.len(), scene.engine().held_leavings_count().await.unwrap()), (12, 6));
    let size = scene.size().await;
    scene.bench.clock.advance(Duration::from_hours(2));
    scene.engine().follow_ldap().await;
    assert_eq!(scene.size().await, size, "what is held already leaves no further trace");
    let asha = actor(scene.engine()).await;
    scene.engine().decide_leavings(asha, true, 6).await.unwrap();
    assert_eq!(scene.people().await.len(), 6);

    // All of a small directory: it may not show us anything any more.
    let scene = Scene::of(&["bea", "bob"]).await;
    scene.engine().follow_ldap().await;
    scene.bench.clock.advance(Duration::from_hours(2));
    for gone in ["bea", "bob"] {
        scene.server.delete(&format!("uid={gone},{PEOPLE}")).unwrap();
    }
    scene.engine().follow_ldap().await;
    assert_eq!((scene.people().await.len(), scene.engine().held_leavings_count().await.unwrap()), (2, 2));

    let scene = Scene::of(&["bea", "bob", "cy"]).await;
    scene.engine().follow_ldap().await;
    scene.bench.clock.advance(Duration::from_hours(2));
    for gone in ["bea", "bob"] {
        scene.server.delete(&format!("uid={gone},{PEOPLE}")).unwrap();
    }
    scene.engine().follow_ldap().await;
    assert_eq!(
        scene.people().await,
        ["cy owner"],
        "its twin: it shows somebody, and two who are gone have left"
    );
    assert_eq!(scene.engine().held_leavings_count().await.unwrap(), 0);
}

#[tokio::test]
async fn a_directory_touches_nobody_who_comes_from_another_or_was_added_here() {
    needs!(ldap);
    let scene = Scene::of(&["bea", "bob"]).await;
    scene.read("corp").await;
    let lab = directory(&scene.server, "lab", ("ou=away,dc=example,dc=com", false));
    let corp = directory(&scene.server, "corp", (PEOPLE, false));
    let scene = scene.again(vec![corp, lab]).await;
    scene
        .server
        .add(
            "dn: uid=lee,ou=away,dc=example,dc=com\nobjectClass: inetOrgPerson\nuid: lee\ncn: Lee\nsn: Lee\n",
        )
        .unwrap();
    for taken in ["bob", "asha"] {
        let entry = format!(
            "dn: uid={taken},ou=away,dc=example,dc=com\nobjectClass: inetOrgPerson\nuid: {taken}\ncn: x\nsn: x\n"
        );
        scene.server.add(&entry).unwrap();
    }
    let read = scene.read("lab").await;
    assert_eq!(told(&read), "joins lee");
    assert_eq!(read.faults, 2, "{:?}", read.fault_lines);
    assert!(read.fault_lines.iter().all(|line| line.contains("somebody else has this name")), "{read:?}");
    assert_eq!(scene.people().await, ["bea owner", "bob owner", "lee owner"]);
    scene.bench.clock.advance(Duration::from_hours(2));
    scene.server.delete(&format!("uid=bob,{PEOPLE}")).unwrap();
    scene.read("lab").await;
    assert_eq!(scene.people().await, ["bea owner", "bob owner", "lee owner"], "bob is corp's");
    scene.read("corp").await;
    assert_eq!(scene.people().await, ["bea owner", "lee owner"], "its twin");
}

fn rename(from: &str, to: &str) -> String {
    format!("dn: uid={from},{PEOPLE}\nchangetype: modrdn\nnewrdn: uid={to}\ndeleteoldrdn: 1\n")
}

#[tokio::test]
async fn people_may_exchange_their_names_and_what_they_answer_for_stays_with_them() {
    needs!(ldap);
    let scene = Scene::of(&["bea", "bob", "cy"]).await;
    scene.read("corp").await;
    let asha = actor(scene.engine()).await;
    let owned = CharterChange { business_owner: Some(String::from("bea")), ..CharterChange::default() };
    scene.engine().own(asha, "billing", owned).await.unwrap();
    for (from, to) in [("bea", "aside"), ("bob", "bea"), ("cy", "bob"), ("aside", "cy")] {
        scene.server.modify(&rename(from, to)).unwrap();
    }
    scene.server.add_person("dora").unwrap();
    let done = scene.read("corp").await;
    assert_eq!(told(&done), "joins dora, changes bea → cy bob → bea cy → bob", "{:?}", done.fault_lines);
    assert_eq!(scene.people().await, ["bea owner", "bob owner", "cy owner", "dora owner"]);
    assert_eq!(scene.engine().show("billing").await.unwrap().owners, ["cy"]);
    // Its twin: whoever had the name left and keeps it, so nobody has it, nor who waits behind them.
    scene.bench.clock.advance(Duration::from_hours(2));
    scene.server.delete(&format!("uid=dora,{PEOPLE}")).unwrap();
    scene.server.modify(&rename("cy", "dora")).unwrap();
    scene.server.modify(&rename("bob", "cy")).unwrap();
    let done = scene.read("corp").await;
    assert_eq!((told(&done), done.faults), (String::from("leaves dora"), 2), "{:?}", done.fault_lines);
    assert_eq!(scene.people().await, ["bea owner", "bob owner", "cy owner"], "they stay as they are");
}

#[tokio::test]
async fn whose_role_changes_is_said_before_it_does_and_another_group_of_a_name_takes_nothing_over() {
    needs!(ldap);
    let scene = Scene::of(&["bea", "bob", "cy"]).await;
    scene.server.add(&group("platform", &["bea", "bob"])).unwrap();
    scene.read("corp").await;
    let asha = actor(scene.engine()).await;
    scene.engine().map_team(asha, "platform", Some(Role::Operator)).await.unwrap();
    scene.server.modify(&become_of("platform", &["bea", "cy"])).unwrap();
    let done = scene.read("corp").await;
    assert_eq!(done.changes.roles.names, ["bob: operator → owner", "cy: owner → operator"]);
    assert_eq!(scene.people().await, ["bea operator", "bob owner", "cy operator"], "as it was said");

    // Another group of the name, elsewhere below the groups: the one that is the team goes on being it.
    let another = group("platform", &["bob"]).replace("cn=platform,", "cn=platform,cn=decoy,");
    scene.server.add(&group("decoy", &["bob"])).unwrap();
    scene.server.add(&another).unwrap();
    scene.server.modify(&become_of("platform", &["cy"])).unwrap();
    let done = scene.read("corp").await;
    assert!(
        done.fault_lines[0].contains("another group of this name is the team here"),
        "{:?}",
        done.fault_lines
    );
    assert_eq!(done.changes.roles.names, ["bea: operator → owner"]);
    assert_eq!(scene.people().await, ["bea owner", "bob owner", "cy operator"]);

    // The group goes, and the other has its name: another team, which gives nobody anything before somebody says so.
    scene.server.delete("cn=platform,ou=groups,dc=example,dc=com").unwrap();
    let done = scene.read("corp").await;
    let team = done.changes.teams.iter().find(|team| team.name == "platform").unwrap();
    assert_eq!((team.is_new, team.replaces), (true, true));
    assert_eq!(done.changes.roles.names, ["cy: operator → owner"]);
    assert_eq!(scene.people().await, ["bea owner", "bob owner", "cy owner"]);
}
