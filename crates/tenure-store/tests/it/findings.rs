//! Findings that share a cause, findings that are new, and findings that a person dismissed.
//!
//! Each count stands beside its twin: what is dismissed, old or elsewhere is not in it.

use crate::bed::{Bed, read, write};
use crate::world::{add_source, everyone, ingest, judged_as, role};
use tenure_model::{
    Ground, Grounds, IdentityId, Instant, Observation, Person, PersonId, PolicyKind, RiskTier, Role,
    Severity, SourceId, Standing,
};
use tenure_store::{
    Store, StoreFailure,
    tables::{
        dismissals::NewDismissal,
        findings::{FailedNow, FindingRow, FindingsMeant},
        identities::JudgedAs,
        list_identities::IdentityQuery,
    },
};

fn failed(policy: &str, severity: Severity, cause: Option<&str>) -> FailedNow {
    FailedNow {
        policy: policy.to_owned(),
        subject: String::from("s"),
        kind: PolicyKind::Hygiene,
        control: String::from("NHI2:2025"),
        severity,
        reason: format!("{policy} fails"),
        remedy: String::from("do it"),
        cause: cause.map(str::to_owned),
        excepted_until: None,
    }
}

/// Three identities of one source.
fn three(bed: &Bed, store: &Store) -> (SourceId, Vec<IdentityId>) {
    let source = add_source(bed, store, "web");
    let page: Vec<Observation> = ["a", "b", "c"]
        .iter()
        .enumerate()
        .map(|(n, name)| Observation::Principal(role(&format!("oid:{n}"), name)))
        .collect();
    ingest(bed, store, &source, "roles", &page).unwrap();
    let mut rows = everyone(store);
    rows.sort_by(|one, other| one.name.cmp(&other.name));
    (source.id, rows.into_iter().map(|row| row.id).collect())
}

fn apply(bed: &Bed, store: &Store, id: IdentityId, failed: &[FailedNow]) -> Instant {
    let (mint, failed) = (bed.ids.mint(), failed.to_vec());
    let now = mint.now;
    write(store, move |tx| tx.apply_findings(&mint, id, &failed)).unwrap();
    now
}

fn count(store: &Store, meant: FindingsMeant) -> i64 {
    read(store, move |tx| tx.count_findings(meant))
}

fn dismissal(bed: &Bed, identity: IdentityId, policy: &str, ends: Instant) -> NewDismissal {
    NewDismissal {
        identity,
        policy: policy.to_owned(),
        subject: String::from("s"),
        reason: String::from("it is a sample file"),
        dismissed_by: PersonId::new(bed.ids.now(), bed.ids.random()),
        ends,
        rested_on: Grounds::from([(
            String::from("weak"),
            Ground { says: String::from("md5"), ..Ground::default() },
        )]),
    }
}

fn dismiss(bed: &Bed, store: &Store, new: &NewDismissal) -> Result<(), StoreFailure> {
    let (mint, new) = (bed.ids.mint(), new.clone());
    write(store, move |tx| tx.dismiss(&mint, &new))
}

fn far() -> Instant {
    Instant::from_micros(4_000_000_000_000_000)
}

on_both! {
    fn findings_of_one_policy_and_one_cause_are_one_thing_to_do(bed) {
        let store = bed.open();
        let (_, ids) = three(bed, &store);
        let unit = Some("/etc/systemd/system/shop.service");
        apply(bed, &store, ids[0], &[failed("readable", Severity::High, unit), failed("weak", Severity::Critical, None)]);
        apply(bed, &store, ids[1], &[failed("readable", Severity::High, unit), failed("weak", Severity::Critical, None)]);
        apply(bed, &store, ids[2], &[failed("readable", Severity::High, Some("/elsewhere")), failed("other", Severity::Low, unit)]);
        let groups = read(&store, |tx| tx.finding_groups(FindingsMeant::Counted, 10));
        let shown: Vec<(String, i64, String)> = groups
            .iter()
            .map(|group| (group.first.policy.clone(), group.count, group.names.join(" ")))
            .collect();
        let row = |policy: &str, count, names: &str| (policy.to_owned(), count, names.to_owned());
        assert_eq!(
            shown,
            [
                row("weak", 1, "web/a"),
                row("weak", 1, "web/b"),
                row("readable", 2, "web/a web/b"),
                row("readable", 1, "web/c"),
                row("other", 1, "web/c"),
            ]
        );
        assert_eq!(groups[2].first.cause.as_deref(), unit);
        assert_eq!(groups[0].tier, None, "nothing was judged yet");
        // What could cost more comes first among what is equally bad, and never before what is worse.
        for (id, tier) in [(ids[1], RiskTier::Low), (ids[2], RiskTier::Critical)] {
            let now = bed.ids.now();
            let judged = JudgedAs { tier: Some(tier), ..judged_as(Standing::Due, None) };
            write(&store, move |tx| tx.set_judged(id, &judged, Standing::Unclaimed, now)).unwrap();
        }
        let groups = read(&store, |tx| tx.finding_groups(FindingsMeant::Counted, 10));
        let shown: Vec<_> = groups.iter().map(|group| (group.names.join(" "), group.tier)).collect();
        let row = |names: &str, tier| (names.to_owned(), tier);
        let (low, critical) = (Some(RiskTier::Low), Some(RiskTier::Critical));
        assert_eq!(
            shown,
            [
                row("web/b", low),
                row("web/a", None),
                row("web/c", critical),
                row("web/a web/b", low),
                row("web/c", critical),
            ]
        );
        assert_eq!(read(&store, |tx| tx.finding_groups(FindingsMeant::Counted, 2)).len(), 2);
        apply(bed, &store, ids[0], &[failed("readable", Severity::High, None)]);
        let moved = read(&store, |tx| tx.open_findings(0, 10));
        assert_eq!(moved.iter().filter(|row| row.cause.is_none()).count(), 2, "the cause is refreshed");
    }
}

on_both! {
    fn what_was_found_before_the_baseline_is_no_news_and_what_came_after_is(bed) {
        let store = bed.open();
        let (source, ids) = three(bed, &store);
        let id = ids[0];
        apply(bed, &store, id, &[failed("old", Severity::Low, None)]);
        assert_eq!(count(&store, FindingsMeant::New), 0, "without a baseline nothing is new");
        let baseline = bed.ids.now();
        write(&store, move |tx| tx.set_first_baseline(source, baseline)).unwrap();
        let later = bed.ids.now();
        write(&store, move |tx| tx.set_first_baseline(source, later)).unwrap();
        assert_eq!(read(&store, move |tx| tx.baseline(source)), Some(baseline), "the first one stays");
        // Judged for the first time after the baseline, and there before it.
        apply(bed, &store, ids[1], &[failed("late", Severity::Low, None)]);
        assert_eq!(count(&store, FindingsMeant::New), 0);
        let now = bed.ids.now();
        write(&store, move |tx| tx.set_judged(id, &judged_as(Standing::Due, None), Standing::Unclaimed, now)).unwrap();
        apply(bed, &store, id, &[failed("old", Severity::Low, None), failed("news", Severity::Low, None)]);
        let new = read(&store, |tx| tx.findings(FindingsMeant::New, 0, 10));
        assert_eq!(new.iter().map(|row| row.policy.as_str()).collect::<Vec<_>>(), ["news"]);
        assert_eq!(read(&store, |tx| tx.finding_groups(FindingsMeant::New, 10)).len(), 1);
        assert_eq!(read(&store, move |tx| tx.count_findings_of(source)), (3, 1));
        assert!(!read(&store, move |tx| tx.enrolled_and_new(id)).1);
        let anew = bed.ids.now();
        write(&store, move |tx| tx.set_baseline(source, anew)).unwrap();
        assert_eq!(count(&store, FindingsMeant::New), 0, "set anew, it was there");
        assert_eq!((count(&store, FindingsMeant::Counted), read(&store, move |tx| tx.baseline(source))), (3, Some(anew)));
    }
}

on_both! {
    fn what_was_judged_while_the_first_survey_ran_is_judged_again_and_no_news(bed) {
        let store = bed.open();
        let (source, ids) = three(bed, &store);
        let id = ids[0];
        let half_way = bed.ids.now();
        write(&store, move |tx| {
            tx.set_judged(id, &judged_as(Standing::Unclaimed, None), Standing::Unclaimed, half_way)?;
            tx.untouch(id)
        })
        .unwrap();
        let baseline = bed.ids.now();
        write(&store, move |tx| tx.set_first_baseline(source, baseline)).unwrap();
        assert_eq!(read(&store, move |tx| tx.identity(id)).judged, None, "it was judged by half of what is there");
        assert!(read(&store, move |tx| tx.to_judge(baseline, None, 10)).iter().any(|one| one.0 == id));
        apply(bed, &store, id, &[failed("seen_last", Severity::Low, None)]);
        assert_eq!(count(&store, FindingsMeant::New), 0);
    }
}

on_both! {
    fn what_appears_after_the_baseline_is_a_new_identity(bed) {
        let store = bed.open();
        let (source, ids) = three(bed, &store);
        let baseline = bed.ids.now();
        write(&store, move |tx| tx.set_first_baseline(source, baseline)).unwrap();
        let row = read(&store, move |tx| tx.source(source));
        let page = [Observation::Principal(role("oid:9", "d"))];
        ingest(bed, &store, &row, "roles", &page).unwrap();
        let newcomer = everyone(&store).into_iter().find(|row| row.name == "web/d").unwrap().id;
        let is_new = |id: IdentityId| read(&store, move |tx| tx.enrolled_and_new(id)).1;
        assert!(is_new(newcomer) && !is_new(ids[0]));
    }
}

on_both! {
    fn a_dismissed_finding_is_not_counted_until_that_is_withdrawn_or_over(bed) {
        let store = bed.open();
        let (_, ids) = three(bed, &store);
        let id = ids[0];
        let both = [failed("weak", Severity::Low, None), failed("other", Severity::Low, None)];
        apply(bed, &store, id, &both);
        let new = dismissal(bed, id, "weak", far());
        dismiss(bed, &store, &new).unwrap();
        let refused = dismiss(bed, &store, &new).unwrap_err();
        assert_eq!(refused.to_string(), "this finding is dismissed already; withdraw that first");
        assert_eq!((count(&store, FindingsMeant::Counted), count(&store, FindingsMeant::Dismissed)), (1, 1));
        assert_eq!(read(&store, |tx| tx.count_open_findings()), 1);
        let shares = read(&store, |tx| tx.dismissed_shares());
        assert_eq!((shares.len(), shares[0].policy.as_str(), shares[0].open, shares[0].dismissed), (1, "weak", 1, 1));
        let dismissed = read(&store, |tx| tx.findings(FindingsMeant::Dismissed, 0, 10)).remove(0);
        assert_eq!((dismissed.policy.as_str(), dismissed.dismissed_until), ("weak", Some(far())));
        let handle = dismissed.id.handle();
        assert_eq!(read(&store, move |tx| tx.open_finding_named(&handle)).id, dismissed.id);
        // A condition that came to an end and fails again is dismissed all the same.
        apply(bed, &store, id, &both[1..]);
        apply(bed, &store, id, &both);
        assert_eq!(count(&store, FindingsMeant::Dismissed), 1);
        let now = bed.ids.now();
        let withdraw = || write(&store, move |tx| tx.withdraw_dismissal(id, "weak", "s", now)).unwrap();
        assert_eq!((withdraw(), withdraw()), (true, false));
        assert_eq!((count(&store, FindingsMeant::Counted), count(&store, FindingsMeant::Dismissed)), (2, 0));
        let soon = bed.ids.now();
        let ends = Instant::from_micros(soon.as_micros() + 60_000_000_000);
        dismiss(bed, &store, &dismissal(bed, id, "weak", ends)).unwrap();
        write(&store, move |tx| tx.end_dismissals(id, soon)).unwrap();
        assert_eq!(count(&store, FindingsMeant::Dismissed), 1, "its end has not come");
        write(&store, move |tx| tx.end_dismissals(id, ends)).unwrap();
        assert_eq!((count(&store, FindingsMeant::Dismissed), read(&store, move |tx| tx.dismissals_of(id)).len()), (0, 0));
        dismiss(bed, &store, &dismissal(bed, id, "weak", far())).unwrap();
    }
}

on_both! {
    fn who_has_findings_is_asked_of_those_that_count(bed) {
        let store = bed.open();
        let (_, ids) = three(bed, &store);
        let id = ids[0];
        apply(bed, &store, id, &[failed("weak", Severity::Low, None)]);
        let with = IdentityQuery { with_findings: true, ..IdentityQuery::default() };
        let found = || {
            let wanted = with.clone();
            read(&store, move |tx| tx.list_identities(&wanted, None, 10)).rows.len()
        };
        assert_eq!(found(), 1);
        dismiss(bed, &store, &dismissal(bed, id, "weak", far())).unwrap();
        assert_eq!(found(), 0);
        let now = bed.ids.now();
        write(&store, move |tx| tx.withdraw_dismissal(id, "weak", "s", now)).unwrap();
        assert_eq!(found(), 1);
    }
}

on_both! {
    fn a_dismissal_that_ended_early_says_so_where_the_finding_comes_back(bed) {
        let store = bed.open();
        let (_, ids) = three(bed, &store);
        let id = ids[0];
        apply(bed, &store, id, &[failed("weak", Severity::Low, None)]);
        let ann = Person { id: PersonId::new(bed.ids.now(), bed.ids.random()), name: String::from("ann"), role: Role::Administrator, local_uid: None };
        let (added, now) = (ann.clone(), bed.ids.now());
        write(&store, move |tx| tx.add_person(&added, now)).unwrap();
        let new = NewDismissal { dismissed_by: ann.id, ..dismissal(bed, id, "weak", far()) };
        dismiss(bed, &store, &new).unwrap();
        let finding = || read(&store, move |tx| tx.open_findings_of(id)).remove(0);
        let said = |row: FindingRow| (row.dismissed_by, row.dismissed_because, row.dismissal_ended);
        assert_eq!(said(finding()), (Some(String::from("ann")), Some(String::from("it is a sample file")), None));
        let stands = read(&store, move |tx| tx.dismissals_of(id)).remove(0);
        assert_eq!(stands.rested_on, Some(new.rested_on));
        let touches = || read(&store, move |tx| tx.touches(id));
        let before = touches();
        let (person, later) = (ann.id, bed.ids.now());
        write(&store, move |tx| tx.touch_dismissed_by(person, later)).unwrap();
        assert_eq!(touches(), before + 1);
        let end = || write(&store, move |tx| tx.end_dismissal_early(stands.id, "its mode is wider", later)).unwrap();
        assert_eq!((end(), end()), (true, false));
        assert_eq!(said(finding()), (None, None, Some(String::from("its mode is wider"))));
        assert_eq!(count(&store, FindingsMeant::Counted), 1);
        // Dismissed once more, the former end is no news; and a finding that opens anew was never dismissed early.
        dismiss(bed, &store, &dismissal(bed, id, "weak", far())).unwrap();
        assert_eq!(finding().dismissal_ended, None);
        let now = bed.ids.now();
        write(&store, move |tx| tx.withdraw_dismissal(id, "weak", "s", now)).unwrap();
        apply(bed, &store, id, &[]);
        apply(bed, &store, id, &[failed("weak", Severity::Low, None)]);
        assert_eq!(finding().dismissal_ended, None);
    }
}
