//! What runs unattended: services, scheduled jobs, and servers that assistants start.

use super::{Mapper, text};
use crate::found::Found;
use crate::item::{Problem, ThingKind};
use std::collections::BTreeMap;
use tenure_model::{Fact, Facts, ObservedPrincipal, PrincipalKey, PrincipalKind, names};

impl Mapper<'_> {
    pub(super) fn workloads(&mut self) {
        let timers = self.timers();
        for unit in self.of_kind(ThingKind::ServiceUnit) {
            let mut facts = self.defined(unit);
            if let Some(timer) = timers.get(&unit.whose) {
                facts.insert("started_by".to_owned(), Fact::Text(timer.clone()));
            }
            let of_package = text(&unit.facts, "installed_by") == Some("package");
            // Labels of launchd are not told apart from system to session; places are.
            let of_launchd = text(&unit.facts, "manager") == Some("launchd");
            let key =
                if of_launchd { format!("launchd:{}", unit.place) } else { format!("unit:{}", unit.whose) };
            let (key, name, extent) = (self.key(&key), self.name(&unit.whose), self.extents.of(unit));
            let hint = text(&unit.facts, "description").filter(|says| !says.is_empty()).map(str::to_owned);
            let principal = ObservedPrincipal {
                key: key.clone(),
                name,
                kind: PrincipalKind::Workload,
                built_in: of_package,
                facts,
                charter_hint: hint,
            };
            self.principal(&extent, principal);
            if let Some(user) = text(&unit.facts, "user").or(unit.account.as_deref()) {
                self.right(&extent, &key, user, "run as");
            }
        }
        for job in self.of_kind(ThingKind::ScheduledJob) {
            let extent = self.extents.of(job);
            let program = text(&job.facts, "program").unwrap_or_default().to_owned();
            let short = program.rsplit('/').next().unwrap_or_default();
            let key = self.key(&format!("job:{}:{}:{program}", job.place, job.whose));
            let name = self.name(&format!("cron:{}/{short}", job.whose));
            let facts = self.defined(job);
            self.principal(&extent, unattended(&key, name, PrincipalKind::Workload, facts));
            self.right(&extent, &key, &job.whose, "run as");
        }
        for server in self.of_kind(ThingKind::AssistantServer) {
            self.assistant_server(server);
        }
    }

    fn assistant_server(&mut self, server: &Found) {
        let extent = self.extents.of(server);
        let mut facts = self.defined(server);
        if server.problems.contains(&Problem::NotPinned) {
            let what = text(&server.facts, "package").or_else(|| text(&server.facts, "program"));
            let says = format!("{} in {}", what.unwrap_or("its program"), self.place(server));
            facts.insert(names::NOT_PINNED.to_owned(), Fact::Text(says));
        }
        if let Some(towards) = &server.towards {
            facts.insert("towards".to_owned(), Fact::Text(towards.clone()));
        }
        let key = self.key(&format!("assistant-server:{}:{}", server.place, server.whose));
        let name = self.name_in_file(server);
        self.principal(&extent, unattended(&key, name, PrincipalKind::Agent, facts));
        if let Some(account) = server.account.clone() {
            self.right(&extent, &key, &account, "run as");
        }
    }

    /// Which timer starts which service.
    fn timers(&self) -> BTreeMap<String, String> {
        let of = |timer: &Found| {
            let own = || timer.whose.strip_suffix(".timer").map(|stem| format!("{stem}.service"));
            let starts = text(&timer.facts, "starts").map(str::to_owned).or_else(own)?;
            Some((starts, timer.whose.clone()))
        };
        self.of_kind(ThingKind::TimerUnit).filter_map(of).collect()
    }

    fn defined(&self, thing: &Found) -> Facts {
        let mut facts = thing.facts.clone();
        facts.insert(names::DEFINED_IN.to_owned(), Fact::Text(self.place(thing)));
        facts.insert("file_owner".to_owned(), Fact::Text(self.user(thing.file.uid)));
        if let Some(says) = self.writers(thing) {
            facts.insert(names::WRITABLE_BY.to_owned(), Fact::Text(says));
        }
        facts
    }
}

fn unattended(key: &PrincipalKey, name: String, kind: PrincipalKind, facts: Facts) -> ObservedPrincipal {
    ObservedPrincipal { key: key.clone(), name, kind, built_in: false, facts, charter_hint: None }
}
