//! What is not done, and what is said before anything is done.

use super::{KEYS, Stage};
use std::fs;
use std::os::unix::fs::symlink;
use tenure_connect::{Act, Effect, OutsideFailure};
use tenure_model::{ControlPlane, StepKind};

fn refusal(stage: &Stage) -> String {
    let before = stage.keys();
    let answer = stage.act(&stage.ci, &Act::Disable).unwrap_err();
    assert!(matches!(answer, OutsideFailure::Refused { .. }), "{answer:?}");
    assert_eq!(stage.keys(), before, "nothing was changed");
    answer.to_string()
}

#[test]
fn a_link_in_the_place_of_the_file_is_not_followed() {
    let stage = Stage::dark("ed25519");
    let (file, away) = (stage.machine.path(KEYS), stage.machine.path("srv/away"));
    fs::rename(&file, &away).unwrap();
    symlink(&away, &file).unwrap();
    assert!(refusal(&stage).contains("links are not followed"));
    assert!(matches!(stage.plane(&stage.ci), ControlPlane::Unread { .. }));
    assert!(matches!(stage.effect(&stage.ci, StepKind::Disable, None), Effect::Unobserved { .. }));
    let refusals = stage.blast(&stage.ci).refusals.join("\n");
    assert!(refusals.contains("cannot be taken out safely"), "{refusals}");
}

#[test]
fn a_file_with_two_names_is_not_changed_under_one_of_them() {
    let stage = Stage::dark("ed25519");
    fs::hard_link(stage.machine.path(KEYS), stage.machine.path("srv/away")).unwrap();
    assert!(refusal(&stage).contains("2 names (hard links)"));
    assert!(stage.blast(&stage.ci).refusals.join("\n").contains("hard links"));
}

#[test]
fn a_file_of_ten_megabytes_is_refused_and_stays() {
    let mut stage = Stage::dark("ed25519");
    let mut text = format!("{}\n", stage.ci.public).into_bytes();
    text.resize(10 << 20, b'#');
    stage.machine.put(KEYS, 0o644, &text);
    assert!(refusal(&stage).contains("files above 1048576 are not read"));
}

#[test]
fn bytes_that_are_no_text_and_ends_of_lines_of_another_system_stay() {
    let mut stage = Stage::dark("ed25519");
    let head = b"\xff\xfe\0\x01binary\r\n\r\n".to_vec();
    let tail = b"\xc0\x80 no end".to_vec();
    let line =
        format!("command=\"a \\\"b\\\" c\",no-pty,from=\"10.0.0.0/8,*.example\" {}\r\n", stage.ci.public);
    stage.machine.put(KEYS, 0o600, [head.clone(), line.into_bytes(), tail.clone()].concat());
    let (before, kept) = (stage.keys(), stage.keepsake(&stage.ci).unwrap());
    stage.act(&stage.ci, &Act::Disable).unwrap();
    assert_eq!(stage.keys(), [head, tail].concat());
    stage.act(&stage.ci, &Act::Enable { keepsake: Some(&kept) }).unwrap();
    assert_eq!(stage.keys(), before);
}

#[test]
fn what_a_cut_off_try_left_beside_the_file_is_cleared_and_nothing_else() {
    let mut stage = Stage::dark("ed25519");
    let mark = tenure_model::PlanId::new(tenure_model::Instant::from_micros(1), [2; 10]).handle();
    let left = format!("srv/it/.ssh/.authorized_keys.tenure-{mark}");
    stage.machine.put(&left, 0o600, "half a fi");
    stage.machine.put("srv/it/.ssh/.authorized_keys.tenure-other", 0o600, "of another plan");
    stage.act(&stage.ci, &Act::Disable).unwrap();
    assert!(!stage.machine.path(&left).exists());
    assert!(stage.machine.path("srv/it/.ssh/.authorized_keys.tenure-other").exists());
}

#[test]
fn without_what_was_kept_nothing_is_put_back_and_that_is_said() {
    let stage = Stage::dark("ed25519");
    stage.act(&stage.ci, &Act::Disable).unwrap();
    let answer = stage.act(&stage.ci, &Act::Enable { keepsake: None }).unwrap_err();
    assert!(answer.to_string().contains("was not kept"), "{answer}");
}

#[test]
fn the_last_way_in_for_administrators_is_not_taken_away() {
    let mut stage = Stage::dark("ed25519");
    stage.machine.put("etc/group", 0o644, format!("sudo:x:27:{}\n", stage.user));
    assert!(stage.blast(&stage.ci).refusals.is_empty(), "the other key is a way in");
    let alone = format!("{}\n", stage.ci.public);
    stage.machine.put(KEYS, 0o644, alone);
    let refusals = stage.blast(&stage.ci).refusals.join("\n");
    assert!(refusals.contains("the last way in for those who administer this machine"), "{refusals}");
    for dead in ["expiry-time=\"20200101\"", "from=\"!*\"", "command=\"/bin/false\""] {
        stage.machine.put(KEYS, 0o644, format!("{}\n{dead} {}\n", stage.ci.public, stage.other.public));
        assert_eq!(stage.blast(&stage.ci).refusals.len(), 1, "{dead} is no way in");
        stage.machine.put(KEYS, 0o644, format!("{dead} {}\n", stage.ci.public));
        assert!(stage.blast(&stage.ci).refusals.is_empty(), "{dead}: what is no way in is no loss");
    }
    let other = format!("{}\nfrom=\"10.0.0.0/8\" {}\n", stage.ci.public, stage.other.public);
    stage.machine.put(KEYS, 0o644, other);
    assert!(stage.blast(&stage.ci).refusals.is_empty(), "a restricted key is a way in");
    stage.machine.put(KEYS, 0o644, format!("{}\n", stage.ci.public));
    stage.machine.put("etc/shadow", 0o640, "root:$6$salt$hash:19000:0:99999:7:::\n");
    assert!(stage.blast(&stage.ci).refusals.is_empty(), "a password is a way in");
    stage.machine.put("etc/shadow", 0o640, "root:!$6$salt$hash:19000:0:99999:7:::\n");
    assert_eq!(stage.blast(&stage.ci).refusals.len(), 1, "a locked password is none");
    stage.machine.put("etc/group", 0o644, "sudo:x:27:\n");
    assert!(stage.blast(&stage.ci).refusals.is_empty(), "it is no administrator's");
}

#[test]
fn other_ways_in_are_said_before_anything_is_done() {
    let mut stage = Stage::dark("ed25519");
    let settings = "TrustedUserCAKeys /etc/ssh/ca\nAuthorizedKeysCommand /usr/bin/keys %u\nMatch User x\n PermitRootLogin no\n";
    stage.machine.put("etc/ssh/sshd_config", 0o644, settings);
    let text = format!("# Ansible managed\n{}\n", stage.ci.public);
    stage.machine.put(KEYS, 0o644, &text);
    stage.machine.put("root/.ssh/authorized_keys", 0o600, &text);
    let said = stage.blast(&stage.ci).warnings.join("\n");
    for words in [
        "line 2 of /srv/it/.ssh/authorized_keys will be taken out",
        "says `ansible`",
        "certificates of the authority in /etc/ssh/ca",
        "also asks `/usr/bin/keys`",
        "1 `Match` blocks",
        "the same key also opens `root`",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let hidden = stage.derived(&stage.ci).unknowable;
    assert!(hidden.iter().any(|(_, why)| why.contains("a certificate of the authority")), "{hidden:?}");
}

#[test]
fn what_is_no_key_is_refused_with_the_way_to_do_it_by_hand() {
    let stage = Stage::dark("ed25519");
    let account = tenure_connect::Target::principal(
        tenure_model::PrincipalKey(String::from("account:1000:it")),
        String::from("it"),
    );
    let blast = stage.wait(stage.source.blast_radius(&account, None)).unwrap();
    let refusals = blast.refusals.join("\n");
    assert!(
        refusals.contains("by hand: usermod --root '/")
            && refusals.ends_with("' --lock --expiredate 1 -- 'it'"),
        "{refusals}"
    );
    let by_hand = stage.source.by_hand(&stage.target(&stage.ci)).join("\n");
    assert!(by_hand.contains("sed --in-place=.before '4d'"), "{by_hand}");
}
