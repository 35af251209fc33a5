//! Every reader by itself: exact facts of small inputs, and no failure on hostile ones.
//!
//! The first half is data: input, and what is read from it, in a snapshot that a person reviews. The second
//! half hands each reader bytes that are nothing, almost something, or something with one byte changed.

use crate::draw::Draw;
use core::fmt::Write as _;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256};
use tenure_connect_host::Item;
use tenure_connect_host::read::assistants::{self, Written};
use tenure_connect_host::read::cron::{self, CronTable};
use tenure_connect_host::read::launchd::StartedBy;
use tenure_connect_host::read::{
    Parsed, authorized_keys, aws, azure, cargo, certificate, docker, environment, gcloud, git_credentials,
    group, kubeconfig, launchd, my_cnf, netrc, npmrc, passwd, pgpass, private_key, pypirc, shadow,
    sshd_config, systemd, token_files,
};
use tenure_secrets::Scanner;

type Reader = (&'static str, fn(&[u8]) -> Parsed<Item>);

fn scanner<T>(with: impl FnOnce(&Scanner) -> T) -> T {
    with(&crate::machine::SCANNER)
}

fn turned<T>(parsed: Parsed<T>, turn: impl FnMut(T) -> Option<Item>) -> Parsed<Item> {
    Parsed { things: parsed.things.into_iter().filter_map(turn).collect(), skipped: parsed.skipped }
}

fn unit(bytes: &[u8]) -> Parsed<Item> {
    let parsed = scanner(|scanner| systemd::read("x.service", &[bytes], scanner));
    Parsed {
        things: parsed.things.into_iter().flat_map(|unit| unit.into_items("x.service", 0)).collect(),
        skipped: parsed.skipped,
    }
}

fn private_keys(bytes: &[u8]) -> Parsed<Item> {
    turned(private_key::read(bytes), |key| Some(key.item(tenure_connect_host::ThingKind::PrivateKey, "name")))
}

const READERS: &[Reader] = &[
    ("passwd", |bytes| turned(passwd::read(bytes), |account| Some(account.item()))),
    ("shadow", |bytes| turned(shadow::read(bytes), shadow::ShadowEntry::into_item)),
    ("group", |bytes| turned(group::read(bytes), |group| Some(group.item()))),
    ("authorized_keys", |bytes| turned(authorized_keys::read(bytes), |key| Some(key.item()))),
    ("private_key", private_keys),
    ("certificate", |bytes| turned(certificate::read(bytes), |certificate| Some(certificate.item(false)))),
    ("sshd_config", |bytes| turned(sshd_config::read(bytes), |server| server.item("sshd_config"))),
    ("systemd", unit),
    ("cron", |bytes| scanner(|scanner| cron::read(bytes, CronTable::OfSystem, scanner))),
    ("user_cron", |bytes| scanner(|scanner| cron::read(bytes, CronTable::OfUser("etl"), scanner))),
    ("aws", aws::read),
    ("gcloud", gcloud::read),
    ("azure", azure::read),
    ("kubeconfig", kubeconfig::read),
    ("docker", docker::read),
    ("npmrc", npmrc::read),
    ("pypirc", pypirc::read),
    ("cargo", cargo::read),
    ("netrc", netrc::read),
    ("pgpass", pgpass::read),
    ("my_cnf", my_cnf::read),
    ("git_credentials", git_credentials::read),
    ("terraform", token_files::terraform),
    ("terraform_rc", token_files::terraform_rc),
    ("launchd", |bytes| scanner(|scanner| launchd::read(bytes, "x.plist", StartedBy::System, scanner))),
    ("process", |bytes| Parsed {
        things: scanner(|scanner| environment::of_process(bytes, 100, scanner)),
        skipped: Vec::new(),
    }),
    ("vault", token_files::vault),
    ("github", token_files::github),
    ("gitlab", token_files::gitlab),
    ("copilot", token_files::copilot),
    ("hugging_face", token_files::hugging_face),
    ("assistant_json", |bytes| scanner(|scanner| assistants::read(bytes, Written::Json, scanner))),
    ("assistant_toml", |bytes| scanner(|scanner| assistants::read(bytes, Written::Toml, scanner))),
    ("assistant_logins", |bytes| scanner(|scanner| assistants::read_logins(bytes, Written::Yaml, scanner))),
    ("environment", |bytes| scanner(|scanner| environment::read(bytes, scanner))),
];

/// The secret of every small input. It looks like nothing in particular.
const CANARY: &str = "Kx7-canary-Pq9z";

fn check(reader: &str, inputs: &[&str]) {
    let (_, read) = READERS.iter().find(|(name, _)| *name == reader).unwrap();
    let mut said = String::new();
    for input in inputs {
        let parsed = read(input.replace("CANARY", CANARY).as_bytes());
        let _ = writeln!(said, "# {}", input.replace('\n', " ⏎ "));
        for item in &parsed.things {
            let line = item.line.map_or(String::new(), |line| format!("line {line}: "));
            let _ =
                writeln!(said, "  {line}{item} | {:?} | {:?} | {:?}", item.mark, item.facts, item.problems);
        }
        for skipped in &parsed.skipped {
            let _ = writeln!(said, "  not used: {skipped}");
        }
    }
    assert!(!said.replace(|c: char| c.is_whitespace(), "").contains(CANARY), "{said}");
    insta::assert_snapshot!(format!("reads_{reader}"), said);
}

#[test]
fn the_files_of_clouds_and_clusters_are_read_exactly() {
    check(
        "aws",
        &[
            "[a]\naws_secret_access_key=CANARY",
            "[a]\naws_access_key_id=AKIAX\naws_secret_access_key=CANARY\naws_session_token=t",
            "[a]\nregion=x",
        ],
    );
    check(
        "gcloud",
        &[
            r#"{"type":"service_account","client_email":"a@b","private_key":"CANARY"}"#,
            r#"{"type":"authorized_user"}"#,
            "{",
            "[]",
        ],
    );
    check(
        "azure",
        &[
            r#"[{"servicePrincipalId":"a","servicePrincipalTenant":"t","accessToken":"CANARY"}]"#,
            r#"[{"userId":"u","refreshToken":"CANARY","_authority":"https://x/t"}]"#,
            "{}",
            "x",
        ],
    );
    check(
        "kubeconfig",
        &[
            "users: [{name: a, user: {password: CANARY}}]\ncontexts: [{context: {user: a, cluster: c}}]\nclusters: [{name: c, cluster: {server: 'http://x'}}]",
            r#"{"users":[{"name":"j","user":{"token":"CANARY"}}]}"#,
            "users:\n- name: a\n  user: {token: REDACTED}",
            ": : :",
            "",
        ],
    );
}

#[test]
fn the_files_of_registries_and_databases_are_read_exactly() {
    check(
        "docker",
        &[
            r#"{"auths":{"r":{"auth":"dTpDQU5BUlk="},"bad":{"auth":"%%"},"none":{}}}"#,
            r#"{"credHelpers":{"r":"x"}}"#,
            "{",
        ],
    );
    check(
        "npmrc",
        &[
            "//r.invalid/:_authToken=CANARY",
            "_auth = \"CANARY\"",
            "//r/:_authToken=${X}",
            "; //r/:_authToken=CANARY",
            "a=b",
        ],
    );
    check("pypirc", &["[x]\nrepository: https://u:CANARY@r.invalid/\nusername: u\npassword: CANARY"]);
    check("cargo", &["[registry]\ntoken='CANARY'", "[registries]\n", "token = ["]);
    check(
        "netrc",
        &[
            "machine m login l password CANARY",
            "default login l password \"CANARY\"",
            "machine m password changeme",
            "macdef x\npassword CANARY\n\nmachine n login k password CANARY",
        ],
    );
    check(
        "pgpass",
        &[
            "h:1:d:u:CANARY",
            "h:1:d:u:a\\:CANARY:b",
            "h:1:d",
            "#h:1:d:u:CANARY",
            "h:1:d:u:$CANARY",
            "h:1:d:u:12345678",
        ],
    );
    check(
        "my_cnf",
        &["[client]\npassword=CANARY", "[client_x]\nuser=u\nsocket=/s\npassword='CANARY'", "[mysqld]\nx"],
    );
    check(
        "git_credentials",
        &["http://u:CANARY@h/p", "https://u@h", "nonsense", "https://u:%43ANARY@h:8443/x"],
    );
}

#[test]
fn the_files_of_forges_and_stores_are_read_exactly() {
    check("terraform", &[r#"{"credentials":{"h":{"token":"CANARY"}}}"#, "{}"]);
    check(
        "terraform_rc",
        &[
            "credentials \"h\" {\n  token = \"CANARY\"\n}\ntoken = \"CANARY2\"",
            "credentials \"h\" { token = \"CANARY\" }\ntoken = \"x\"",
            "credentials \"h\" {\n  token = \"a\\\"b\"\n  # token = \"CANARY\"\n}",
            "credentials_helper \"h\" {\n  token = \"CANARY\"\n}",
            "credentials \"\" { token = \"CANARY\" }",
        ],
    );
    check("vault", &["CANARY\n", "", "two words", "changeme"]);
    check(
        "github",
        &[
            "h:\n  oauth_token: CANARY\n  user: u\n  users:\n    u: {oauth_token: CANARY}\n    v: {oauth_token: CANARY2}",
            "h:\n  user: u",
        ],
    );
    check("gitlab", &["hosts:\n  h:\n    token: CANARY\n    user: u", "hosts:"]);
    check("copilot", &[r#"{"github.com":{"user":"u","oauth_token":"CANARY"}}"#]);
    check("hugging_face", &["CANARY"]);
}

#[test]
fn services_jobs_and_settings_are_read_exactly() {
    check(
        "systemd",
        &[
            "[Service]\nUser=etl\nExecStart=-/usr/bin/a --password CANARY\nEnvironment=A_TOKEN=CANARY B=c\nSetCredential=k:CANARY\nEnvironmentFile=-/etc/x",
            "[Service]\nExecStart=/a\nExecStart=\nExecStart=/b \\\n x",
            "x=y",
        ],
    );
    check(
        "launchd",
        &[
            "<plist><dict><key>Label</key><string>a.b</string><key>UserName</key><string>etl</string><key>ProgramArguments</key>\
             <array><string>/x</string><string>--password</string><string>CANARY</string></array></dict></plist>",
            "<plist><dict><key>Program</key><string>/x</string><key>EnvironmentVariables</key><dict><key>A_TOKEN</key>\
             <string>CANARY</string></dict><key>StartInterval</key><integer>5</integer></dict></plist>",
            "bplist00",
            "<plist><dict></dict></plist>",
        ],
    );
    check("process", &["A_TOKEN=CANARY\0PATH=/bin\0B_TOKEN=${X}\0no\0=x\0", ""]);
    check(
        "cron",
        &[
            "MAILTO=x\n* * * * * etl A=CANARY /usr/bin/x CANARY",
            "@reboot root /x",
            "* * * *",
            "DB_PASSWORD='CANARY'",
            "one two three four five six seven",
            "5 4 * jan-mar mon etl x --api-key CANARY",
            "@x.y root a",
        ],
    );
    check(
        "sshd_config",
        &[
            "PermitRootLogin=no\npermitrootlogin yes\nAuthorizedKeysCommand /x CANARY\nMatch all\nPermitRootLogin yes",
            "Port 22",
        ],
    );
    check(
        "environment",
        &[
            "export A_TOKEN=\"CANARY\" # x",
            "A_TOKEN=`x`",
            "set -x B_SECRET CANARY",
            "PASSWORD_FILE=/x",
            "if [ x = y ]; then",
            "TOKEN=true",
        ],
    );
}

#[test]
fn configurations_of_assistants_are_read_exactly() {
    check(
        "assistant_json",
        &[
            r#"{"mcpServers":{"s":{"command":"npx","args":["-y","p@1.2.3","--token=CANARY","--header","Authorization: Bearer CANARY"],"env":{"K_TOKEN":"CANARY","E":"${X}"}}}}"#,
            r#"{"servers":{"d":{"command":"docker","args":["run","-e","D_TOKEN=CANARY","i:1"]},"u":{"url":"http://h.invalid/?k=v"}}}"#,
            r#"{"servers":{"no":{"x":1}},"mcp":{"servers":{"m":{"command":"uvx","args":["CANARY x"]}}}}"#,
            "{",
            "",
        ],
    );
    check(
        "assistant_toml",
        &[
            "[mcp_servers.s]\ncommand='s'\nenv={S_KEY='x', S_API_KEY='CANARY'}\n[mcp_servers.t]\nurl='https://t'\nbearer_token='CANARY'",
        ],
    );
    check(
        "assistant_logins",
        &[
            "apiKey: CANARY\nname: x",
            "tokens: {access_token: short-lived-one, refresh_token: CANARY}",
            "openai-api-key: CANARY",
        ],
    );
}

#[test]
fn a_text_of_which_not_every_part_is_looked_at_is_said() {
    let long = format!(r#"{{"a": "{}"}}"#, "-eyJ".repeat(20_000));
    let parsed = scanner(|scanner| assistants::read(long.as_bytes(), Written::Json, scanner));
    assert_eq!(
        parsed.skipped.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["line 1: it is longer than 65536 bytes"]
    );
    let joined = format!("[Service]\nExecStart=/x \\\n{}", format!("{} \\\n", "y".repeat(30_000)).repeat(3));
    assert_eq!(unit(joined.as_bytes()).skipped.len(), 1);
    let short = r#"{"a": "-eyJ-eyJ"}"#;
    assert!(scanner(|scanner| assistants::read(short.as_bytes(), Written::Json, scanner)).skipped.is_empty());
}

/// Halves of what readers look for, to be put together wrongly.
const PIECES: &str = "(root|:|x|=|\n|\\[|\\]|\\{|\\}|\"|'|,| |\t|\\\\|%|@|/|#|-|ssh-rsa AAAA|-----BEGIN RSA PRIVATE KEY-----|-----END RSA PRIVATE KEY-----|MIIB|\
    \\$6\\$|[0-9]{1,4}|machine|password|users:|auths|mcpServers|command|npx|Environment=|\\[Service\\]|://u:p@h|token|\u{202e}|\u{0})";

proptest::proptest! {
    #[test]
    fn no_bytes_make_a_reader_fail(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..500)) {
        for (_, read) in READERS { drop(read(&bytes)); }
    }

    #[test]
    fn nothing_that_is_almost_right_makes_a_reader_fail(text in proptest::string::string_regex(&format!("{PIECES}{{0,60}}")).unwrap()) {
        for (_, read) in READERS {
            for item in read(text.as_bytes()).things {
                assert!(!item.to_string().contains(['\n', '\u{202e}', '\u{0}']), "{item}");
            }
        }
    }
}

#[test]
fn a_changed_byte_makes_no_key_or_certificate_reader_fail() {
    let mut draw = Draw::from_seed(3);
    let mut files: Vec<Vec<u8>> = Vec::new();
    for algorithm in [&PKCS_RSA_SHA256, &PKCS_ECDSA_P256_SHA256, &PKCS_ED25519] {
        let pair = KeyPair::generate_for(algorithm).unwrap();
        files.push(
            CertificateParams::new(vec!["a.example".into()])
                .unwrap()
                .self_signed(&pair)
                .unwrap()
                .der()
                .to_vec(),
        );
        files.push(pair.serialize_der());
    }
    files.push(draw.openssh_private_key("none").into_bytes());
    for file in files {
        assert!(private_keys(&file).things.len() + certificate::read(&file).things.len() == 1);
        for place in 0..file.len() {
            let mut changed = file.clone();
            changed[place] ^= 1 << (draw.number() % 8);
            drop(private_key::read(&changed));
            drop(certificate::read(&changed));
            drop(private_key::read(&file[..place]));
            drop(certificate::read(&file[..place]));
        }
    }
}

#[test]
fn a_certificate_and_its_key_have_the_same_digest_in_every_format() {
    for algorithm in [&PKCS_RSA_SHA256, &PKCS_ECDSA_P256_SHA256, &PKCS_ED25519] {
        let pair = KeyPair::generate_for(algorithm).unwrap();
        let other = KeyPair::generate_for(algorithm).unwrap();
        let certificate =
            CertificateParams::new(vec!["a.example".into()]).unwrap().self_signed(&pair).unwrap();
        let read = certificate::read(certificate.pem().as_bytes());
        let digest = |pair: &KeyPair| {
            let key = private_key::read(pair.serialize_pem().as_bytes()).things.remove(0);
            let bare = private_key::read(&pair.serialize_der()).things.remove(0);
            assert_eq!(key.public, bare.public);
            key.public.unwrap().spki_digest.unwrap()
        };
        assert_eq!(read.things[0].spki_digest, digest(&pair));
        assert_ne!(read.things[0].spki_digest, digest(&other));
    }
}
