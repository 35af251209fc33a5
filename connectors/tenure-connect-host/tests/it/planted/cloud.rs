//! Credentials for clouds, clusters and databases.

use crate::draw::pem;
use crate::machine::Machine;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tenure_connect_host::{Problem, ThingKind};

const HOME: &str = "srv/deploy";

pub(super) fn plant(machine: &mut Machine) {
    aws(machine);
    gcloud(machine);
    azure(machine);
    kubernetes(machine);
    databases(machine);
}

fn aws(machine: &mut Machine) {
    let (key, session) = (machine.drawn("", 40), machine.drawn("", 40));
    let token = machine.drawn("", 200);
    let credentials = format!(
        "[default]\naws_access_key_id = AKIAQ{}\naws_secret_access_key = {key}\n\n[work]\naws_access_key_id=ASIAQ{}\n\
         aws_secret_access_key={session}\naws_session_token={token}\n[docs]\naws_access_key_id=AKIAIOSFODNN7EXAMPLE\n\
         aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n",
        machine.draw.of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 15),
        machine.draw.of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 15),
    );
    let real = [(ThingKind::AwsKey, "profile default"), (ThingKind::AwsKey, "profile work")];
    machine.plant(&format!("{HOME}/.aws/credentials"), 0o600, credentials, &real);
    let config = "[default]\nregion = eu-west-1\n[profile sso]\nsso_session = x\nsso_account_id = 000000000000\n\
                  [sso-session x]\nsso_start_url = https://x.invalid/start\n[profile chained]\nrole_arn = arn:aws:iam::1:role/x\n\
                  source_profile = default\n[profile pod]\nrole_arn = arn:aws:iam::1:role/x\nweb_identity_token_file = /x\n\
                  [profile box]\nrole_arn = arn:aws:iam::1:role/x\ncredential_source = Ec2InstanceMetadata\n[profile tool]\n\
                  credential_process = /usr/bin/get\n";
    let ways = ["profile sso", "profile pod", "profile box", "profile tool"];
    let ways = ways.map(|whose| (ThingKind::CloudFederation, whose));
    machine.plant(&format!("{HOME}/.aws/config"), 0o600, config, &ways);
    machine.lookalike(
        "srv/open/.aws/config",
        "[profile x]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = y\n[sso-session z]\nsso_start_url = https://x.invalid/\n",
    );
    machine
        .lookalike("srv/open/app/.env", "AWS_WEB_IDENTITY_TOKEN_FILE=${TOKEN_FILE}\nAWS_REGION=eu-west-1\n");
    let place = "run/secrets/eks.amazonaws.com/serviceaccount/token";
    machine.plant(
        place,
        0o600,
        "of-the-platform",
        &[(ThingKind::CloudFederation, "a token of the platform")],
    );
}

fn gcloud(machine: &mut Machine) {
    let content = machine.draw.bytes(600);
    let key = pem("PRIVATE KEY", &content);
    machine.secret(key.lines().nth(1).unwrap().to_owned());
    let account = format!(
        r#"{{"type":"service_account","project_id":"shop","private_key_id":"{}","private_key":"{}","client_email":"etl@shop.iam.invalid"}}"#,
        machine.draw.hexadecimal(40),
        key.replace('\n', "\\n")
    );
    let real = [(ThingKind::GcpServiceAccountKey, "etl@shop.iam.invalid")];
    machine.plant(&format!("{HOME}/app/shop-service-account.json"), 0o644, account, &real);
    machine.wrong(&format!("{HOME}/app/shop-service-account.json"), &[Problem::ReadableByOthers]);
    let refresh = machine.drawn("1//0", 90);
    let default =
        format!(r#"{{"type":"authorized_user","account":"ada@shop.invalid","refresh_token":"{refresh}"}}"#);
    let place = format!("{HOME}/.config/gcloud/application_default_credentials.json");
    machine.plant(&place, 0o600, default, &[(ThingKind::GcpUserToken, "ada@shop.invalid")]);
    let place = format!("{HOME}/.config/gcloud/credentials.db");
    machine.plant(&place, 0o600, b"SQLite format 3\0", &[(ThingKind::KeyStore, "credentials.db")]);
    machine.plant(
        &format!("{HOME}/app/gcp-federation.json"),
        0o644,
        r#"{"type":"external_account","audience":"//iam.invalid/x","token_url":"https://sts.invalid/v1/token"}"#,
        &[(ThingKind::CloudFederation, "workload identity")],
    );
    machine.lookalike("srv/open/app/gcp-notes.json", r#"{"type":"external_account_notes","audience":"x"}"#);
}

fn azure(machine: &mut Machine) {
    let (refresh, secret) = (machine.drawn("0.AX", 300), machine.drawn("abc8Q~", 34));
    let cache = format!(
        r#"{{"AccessToken":{{"a":{{"secret":"short-lived"}}}},"RefreshToken":{{"r":{{"secret":"{refresh}","home_account_id":"ada.tenant","environment":"login.invalid"}}}}}}"#
    );
    let real = [(ThingKind::AzureToken, "ada.tenant")];
    machine.plant(&format!("{HOME}/.azure/msal_token_cache.json"), 0o600, cache, &real);
    let entries = format!(r#"[{{"client_id":"etl-app","tenant":"shop","client_secret":"{secret}"}}]"#);
    let real = [(ThingKind::AzureToken, "etl-app")];
    machine.plant(&format!("{HOME}/.azure/service_principal_entries.json"), 0o600, entries, &real);
    let pod = "AZURE_FEDERATED_TOKEN_FILE=/var/run/secrets/azure/tokens/azure-identity-token\n";
    let way = (ThingKind::CloudFederation, "AZURE_FEDERATED_TOKEN_FILE");
    machine.plant("etc/default/pod", 0o644, pod, &[way]);
    machine.lookalike(&format!("{HOME}/.azure/azureProfile.json"), r#"{"subscriptions":[{"id":"x"}]}"#);
}

fn kubernetes(machine: &mut Machine) {
    let content = machine.draw.bytes(300);
    let key = STANDARD.encode(pem("EC PRIVATE KEY", &content));
    machine.secret(key.clone());
    let token = machine.drawn("eyJ", 200);
    let config = format!(
        "apiVersion: v1\nclusters:\n- name: shop\n  cluster:\n    server: https://k8s.invalid:6443\n    insecure-skip-tls-verify: true\n\
         contexts:\n- name: c\n  context: {{cluster: shop, user: admin}}\nusers:\n- name: admin\n  user:\n    client-key-data: {key}\n\
         - name: robot\n  user:\n    token: {token}\n- name: person\n  user:\n    exec:\n      command: aws\n- name: file\n  user:\n    tokenFile: /x\n"
    );
    let real = [(ThingKind::KubernetesCredential, "admin"), (ThingKind::KubernetesCredential, "robot")];
    machine.plant(&format!("{HOME}/.kube/config"), 0o600, config, &real);
    machine.lookalike(&format!("{HOME}/.kube/cache/discovery.json"), r#"{"token":"x"}"#);
}

fn databases(machine: &mut Machine) {
    let (one, two, three) = (machine.drawn("p:", 20), machine.drawn("m", 20), machine.drawn("n", 20));
    let escaped = one.replace(':', "\\:");
    let pgpass = format!("# hosts\ndb.invalid:5432:shop:etl:{escaped}\n*:*:*:docs:changeme\nbroken:line\n");
    machine.plant(&format!("{HOME}/.pgpass"), 0o600, pgpass, &[(ThingKind::PostgresPassword, "etl")]);
    let my = format!("[client]\nuser = etl\npassword = \"{two}\"\nhost=db.invalid\n[mysqldump]\nquick\n");
    machine.plant(&format!("{HOME}/.my.cnf"), 0o600, my, &[(ThingKind::MysqlPassword, "etl")]);
    let debian = format!("[client]\nhost = localhost\nuser = debian-sys-maint\npassword = {three}\n");
    machine.plant("etc/mysql/debian.cnf", 0o600, debian, &[(ThingKind::MysqlPassword, "debian-sys-maint")]);
    machine.lookalike("etc/mysql/my.cnf", "[mysqld]\nport = 3306\n[client]\n# password = x\n");
    let place = format!("{HOME}/.mylogin.cnf");
    machine.plant(&place, 0o600, [0_u8; 40], &[(ThingKind::KeyStore, ".mylogin.cnf")]);
}
