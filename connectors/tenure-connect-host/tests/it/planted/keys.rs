//! SSH keys, certificates, private keys and key stores.

use crate::draw::pem;
use crate::machine::Machine;
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256};
use tenure_connect_host::{Problem, ThingKind};

pub(super) fn plant(machine: &mut Machine) {
    ssh(machine);
    tls(machine);
    stores(machine);
    lookalikes(machine);
}

fn ssh(machine: &mut Machine) {
    let keys: Vec<String> = (0..4).map(|_| machine.draw.ssh_public_key()).collect();
    let authorized = format!(
        "# managed\n{} etl@batch\nrestrict,command=\"/usr/bin/borg serve\" {} backup\n",
        keys[0], keys[1]
    );
    let real = [(ThingKind::AuthorizedKey, "etl@batch"), (ThingKind::AuthorizedKey, "backup")];
    machine.plant("srv/etl/.ssh/authorized_keys", 0o600, authorized, &real);
    machine.plant(
        "root/.ssh/authorized_keys",
        0o600,
        format!("{} \n", keys[2]),
        &[(ThingKind::AuthorizedKey, "without a comment")],
    );
    machine.plant(
        "etc/ssh/authorized_keys/deploy",
        0o644,
        format!("{} ci\n", keys[3]),
        &[(ThingKind::AuthorizedKey, "ci")],
    );
    for (place, cipher, kind, whose) in [
        ("srv/etl/.ssh/id_ed25519", "none", ThingKind::SshPrivateKey, "id_ed25519"),
        ("srv/deploy/.ssh/id_ed25519", "aes256-ctr", ThingKind::SshPrivateKey, "id_ed25519"),
        ("srv/deploy/old/deploy.pem", "none", ThingKind::SshPrivateKey, "deploy.pem"),
        ("etc/ssh/ssh_host_ed25519_key", "none", ThingKind::SshHostKey, "ssh_host_ed25519_key"),
    ] {
        let key = machine.draw.openssh_private_key(cipher);
        let middle = key.lines().nth(2).unwrap().to_owned();
        machine.secret(middle);
        machine.plant(place, 0o600, key, &[(kind, whose)]);
        // A server starts without somebody to type a passphrase: its own key is no flaw.
        if cipher == "none" && kind == ThingKind::SshPrivateKey {
            machine.wrong(place, &[Problem::Unencrypted]);
        }
    }
}

fn tls(machine: &mut Machine) {
    let kinds = [(&PKCS_RSA_SHA256, "rsa"), (&PKCS_ECDSA_P256_SHA256, "ec"), (&PKCS_ED25519, "ed25519")];
    for (algorithm, name) in kinds {
        let pair = KeyPair::generate_for(algorithm).unwrap();
        let host = format!("{name}.example");
        let mut params = CertificateParams::new(vec![host.clone()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, host.clone());
        let certificate = params.self_signed(&pair).unwrap();
        let key = pair.serialize_pem();
        machine.secret(key.lines().nth(1).unwrap().to_owned());
        let place = format!("etc/ssl/private/{name}.key");
        machine.plant(&place, 0o640, key, &[(ThingKind::PrivateKey, &format!("{name}.key"))]);
        machine.wrong(&place, &[Problem::Unencrypted]);
        let subject = format!("CN={host}");
        machine.plant(
            &format!("etc/ssl/private/{name}.crt"),
            0o644,
            certificate.pem(),
            &[(ThingKind::Certificate, &subject)],
        );
        machine.plant(
            &format!("srv/etl/tls/{name}.der"),
            0o644,
            certificate.der(),
            &[(ThingKind::Certificate, &subject)],
        );
    }
    let encrypted = crate::draw::wire(&[]);
    assert!(encrypted.is_empty());
    let content = [&[0x30, 0x0d, 0x30, 0x04, 0x06, 0x02, 0x2a, 0x03, 0x04, 0x05][..], &[7; 5]].concat();
    machine.plant(
        "srv/deploy/app/encrypted.key",
        0o600,
        pem("ENCRYPTED PRIVATE KEY", &content),
        &[(ThingKind::PrivateKey, "encrypted.key")],
    );
}

fn stores(machine: &mut Machine) {
    for name in ["app.p12", "trust.jks", "vault.kdbx"] {
        let content = machine.draw.bytes(200);
        machine.plant(&format!("srv/deploy/app/{name}"), 0o600, content, &[(ThingKind::KeyStore, name)]);
    }
}

fn lookalikes(machine: &mut Machine) {
    let public = machine.draw.ssh_public_key();
    machine.lookalike("srv/etl/.ssh/id_ed25519.pub", format!("{public} etl@batch\n"));
    machine.lookalike("srv/etl/.ssh/known_hosts", format!("db.example {public}\n"));
    machine.lookalike("srv/etl/.ssh/config", "Host *\n  IdentityFile ~/.ssh/id_ed25519\n");
    machine.lookalike("srv/deploy/doc/format.pem", "A file begins with -----BEGIN and so on.\n");
    machine.lookalike("srv/deploy/doc/public.pem", pem("PUBLIC KEY", &[0x30, 0x03, 0x02, 0x01, 0x01]));
    machine.lookalike("srv/deploy/doc/request.pem", pem("CERTIFICATE REQUEST", &[0x30, 0x00]));
    machine.lookalike("srv/deploy/doc/params.pem", pem("DH PARAMETERS", &[0x30, 0x00]));
    machine.lookalike("srv/deploy/slides.key", [b"PK\x03\x04".to_vec(), vec![0; 300]].concat());
    machine.lookalike("srv/deploy/node_modules/x/test.pem", machine_key());
}

/// A key in a place that is not walked: a test fixture of somebody's library.
fn machine_key() -> String {
    pem("PRIVATE KEY", &[0x30, 0x00])
}
