//! Work trees of Git in homes: who is named for what was found, and who works there; never more than a hint.

use crate::machine::Machine;
use std::os::unix::fs::symlink;
use tenure_connect_host::{Found, ThingKind};
use tenure_model::Fact;

const HOME: &str = "home/alice";
const APP: &str = "home/alice/src/shop";

fn machine() -> Machine {
    let mut machine = Machine::new(41);
    let (one, two, three, four) =
        (machine.drawn("", 30), machine.drawn("", 30), machine.drawn("", 30), machine.drawn("", 30));
    let env = |value: &str| format!("SHOP_TOKEN={value}\n");
    machine.put(&format!("{APP}/deploy/.env"), 0o600, env(&one));
    machine.put(&format!("{APP}/other/.env"), 0o600, env(&two));
    machine.put(
        &format!("{APP}/.github/CODEOWNERS"),
        0o644,
        "* @shop/all\n/deploy/ @lee ravi@shop.invalid\n",
    );
    machine.put(&format!("{APP}/CODEOWNERS"), 0o644, "* @not-read-after-the-first\n");
    machine.put(&format!("{APP}/.git/config"), 0o644, "[user]\n\temail = alice@shop.invalid\n");
    let log = "0 1 Ravi <ravi@shop.invalid> 1700000000 +0000\tcommit: x\n";
    machine.put(&format!("{APP}/.git/logs/HEAD"), 0o644, log);
    machine.put(&format!("{HOME}/.gitconfig"), 0o644, "[user]\n\temail = alice@home.invalid\n");
    // A work tree inside another, whose `.git` is a file, and something in no work tree.
    machine.put(&format!("{APP}/part/.git"), 0o644, "gitdir: /elsewhere\n");
    machine.put(&format!("{APP}/part/docs/CODEOWNERS"), 0o644, ".env @part\n");
    machine.put(&format!("{APP}/part/.env"), 0o600, env(&three));
    machine.put(&format!("{HOME}/loose/.env"), 0o600, env(&four));
    machine
}

fn hints<'reading>(found: &'reading [Found], place: &str) -> (Vec<&'reading str>, Vec<&'reading str>) {
    let thing = found.iter().find(|thing| thing.place.to_string() == place).unwrap();
    let texts = |name: &str| match thing.facts.get(name) {
        Some(Fact::Texts(texts)) => texts.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    (texts("code_owners"), texts("git_authors"))
}

#[test]
fn what_is_found_in_a_work_tree_says_who_is_named_for_it_and_who_works_there() {
    let machine = machine();
    let reading = machine.read();
    let of = |place: &str| hints(&reading.found, place);
    let authors = vec!["alice@shop.invalid", "ravi@shop.invalid"];
    assert_eq!(of(&format!("/{APP}/deploy/.env")), (vec!["@lee", "ravi@shop.invalid"], authors.clone()));
    assert_eq!(of(&format!("/{APP}/other/.env")), (vec!["@shop/all"], authors));
    assert_eq!(of(&format!("/{APP}/part/.env")), (vec!["@part"], vec!["alice@home.invalid"]));
    assert_eq!(of(&format!("/{HOME}/loose/.env")), (vec![], vec![]));
    assert!(reading.is_whole(), "a hint makes nothing unread: {:?}", reading.not_read);
}

#[test]
fn hints_that_cannot_be_read_are_passed_over_and_links_are_not_followed() {
    let mut machine = Machine::new(42);
    let token = machine.drawn("", 30);
    let secret = machine.draw.checked("ghp_");
    machine.put(&format!("{APP}/.env"), 0o600, format!("SHOP_TOKEN={token}\n"));
    machine.put("elsewhere/CODEOWNERS", 0o644, "* @elsewhere\n");
    machine.put("elsewhere/config", 0o644, "[user]\n\temail = eve@shop.invalid\n");
    machine.put(&format!("{APP}/.git/logs/HEAD"), 0o644, format!("0 1 x <{secret}@x> 1 +0\ty\n"));
    symlink(machine.path("elsewhere/config"), machine.path(&format!("{APP}/.git/config"))).unwrap();
    symlink(machine.path("elsewhere/CODEOWNERS"), machine.path(&format!("{APP}/CODEOWNERS"))).unwrap();
    machine.put(&format!("{APP}/docs/CODEOWNERS"), 0o644, vec![b'x'; 2 << 20]);
    let reading = machine.read();
    assert_eq!(hints(&reading.found, &format!("/{APP}/.env")), (vec![], vec![]));
    assert_eq!(reading.found.iter().filter(|thing| thing.kind == ThingKind::EnvironmentSecret).count(), 1);
    assert!(reading.is_whole() && !format!("{reading:?}").contains(&secret));
}
