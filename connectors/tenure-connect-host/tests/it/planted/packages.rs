//! Registries, forges, secret stores, and environment files.

use crate::machine::Machine;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tenure_connect_host::{Problem, ThingKind};

const HOME: &str = "srv/deploy";

pub(super) fn plant(machine: &mut Machine) {
    registries(machine);
    forges(machine);
    stores(machine);
    environments(machine);
}

fn registries(machine: &mut Machine) {
    let password = machine.drawn("", 24);
    let login = STANDARD.encode(format!("robot$shop:{password}"));
    machine.secret(login.clone());
    let identity = machine.drawn("", 60);
    let docker = format!(
        r#"{{"auths":{{"registry.invalid":{{"auth":"{login}"}},"other.invalid":{{"identitytoken":"{identity}"}},"kept.invalid":{{}}}},"credsStore":"pass"}}"#
    );
    let real = [(ThingKind::RegistryLogin, "robot$shop"), (ThingKind::RegistryLogin, "identity token")];
    machine.plant(&format!("{HOME}/.docker/config.json"), 0o600, docker, &real);
    let npm = machine.draw.checked("npm_");
    let npm = machine.secret(npm);
    let npmrc = format!(
        "save-exact=true\n//registry.npmjs.org/:_authToken={npm}\n//n.invalid/:_authToken=${{NPM_TOKEN}}\n; //x/:_password=abcdef\n"
    );
    machine.plant(&format!("{HOME}/.npmrc"), 0o600, npmrc, &[(ThingKind::NpmToken, "registry.npmjs.org")]);
    machine.lookalike(
        &format!("{HOME}/app/.npmrc"),
        "registry=https://n.invalid/\n//n.invalid/:_authToken=${TOKEN}\n",
    );
    let pypi = machine.drawn("pypi-", 120);
    let pypirc = format!(
        "[distutils]\nindex-servers = pypi\n[pypi]\nusername = __token__\npassword = {pypi}\n[test]\nusername = u\n"
    );
    machine.plant(&format!("{HOME}/.pypirc"), 0o600, pypirc, &[(ThingKind::PypiToken, "pypi")]);
    let (cargo, private) = (machine.drawn("cio", 32), machine.drawn("", 40));
    let credentials = format!("[registry]\ntoken = \"{cargo}\"\n[registries.shop]\ntoken = \"{private}\"\n");
    let real = [(ThingKind::CargoToken, "crates-io"), (ThingKind::CargoToken, "shop")];
    machine.plant(&format!("{HOME}/.cargo/credentials.toml"), 0o600, credentials, &real);
    machine.lookalike(
        &format!("{HOME}/.cargo/config.toml"),
        "[registries.shop]\nindex = \"sparse+https://x.invalid/\"\n",
    );
}

fn forges(machine: &mut Machine) {
    let (one, two) = (machine.drawn("p%4", 20), machine.drawn("n", 20));
    let encoded = one.replace('%', "%25");
    let git = format!("https://ada:{encoded}@git.invalid\nhttps://docs:changeme@git.invalid\n");
    machine.plant(&format!("{HOME}/.git-credentials"), 0o600, git, &[(ThingKind::GitPassword, "ada")]);
    let netrc = format!(
        "machine ftp.invalid login anonymous password ada@x.invalid\nmachine api.invalid\n  login robot\n  password {two}\nmacdef init\npassword not-this-one\n\n"
    );
    machine.plant(&format!("{HOME}/.netrc"), 0o600, netrc, &[(ThingKind::NetrcPassword, "robot")]);
    let gh = machine.draw.checked("gho_");
    let gh = machine.secret(gh);
    let hosts = format!(
        "github.com:\n    users:\n        ada:\n            oauth_token: {gh}\n        kept:\n    user: ada\n    oauth_token: {gh}\n"
    );
    machine.plant(&format!("{HOME}/.config/gh/hosts.yml"), 0o600, hosts, &[(ThingKind::GithubToken, "ada")]);
    let gl = machine.drawn("glpat-", 20);
    let config = format!(
        "git_protocol: ssh\nhosts:\n  gitlab.invalid:\n    token: {gl}\n    user: ada\n  empty.invalid:\n    token:\n"
    );
    machine.plant(
        &format!("{HOME}/.config/glab-cli/config.yml"),
        0o600,
        config,
        &[(ThingKind::GitlabToken, "ada")],
    );
    let copilot = machine.drawn("ghu_", 36);
    let apps = format!(r#"{{"github.com:Iv1.x":{{"user":"ada","oauth_token":"{copilot}"}}}}"#);
    machine.plant(
        &format!("{HOME}/.config/github-copilot/apps.json"),
        0o600,
        apps,
        &[(ThingKind::GithubToken, "ada")],
    );
    machine.lookalike(
        &format!("{HOME}/.gitconfig"),
        "[credential]\n\thelper = store\n[user]\n\temail = ada@x.invalid\n",
    );
}

fn stores(machine: &mut Machine) {
    let terraform = machine.drawn("", 80);
    let rc = format!(r#"{{"credentials":{{"app.terraform.io":{{"token":"{terraform}"}}}}}}"#);
    let place = format!("{HOME}/.terraform.d/credentials.tfrc.json");
    machine.plant(&place, 0o600, rc, &[(ThingKind::TerraformToken, "app.terraform.io")]);
    let vault = machine.drawn("hvs.", 90);
    machine.plant(
        &format!("{HOME}/.vault-token"),
        0o600,
        vault,
        &[(ThingKind::VaultToken, "the last login")],
    );
    machine.lookalike("srv/etl/.vault-token", "");
    machine.lookalike(
        &format!("{HOME}/.terraformrc"),
        "plugin_cache_dir = \"x\"\ntoken = \"not-in-a-block\"\ncredentials_helper \"x\" {\n  args = []\n}\n",
    );
    let (first, second) = (machine.drawn("", 40), machine.drawn("", 40));
    let rc = format!(
        "credentials \"app.terraform.io\" {{\n  # token = \"x\"\n  token = \"{first}\"\n}}\n\
         credentials \"tf.shop.invalid\" {{ token = \"{second}\" }}\ncredentials \"b\" {{\n  token = \"${{var.x}}\"\n}}\n"
    );
    let real = ["app.terraform.io", "tf.shop.invalid"].map(|host| (ThingKind::TerraformToken, host));
    machine.plant("srv/etl/.terraformrc", 0o600, rc, &real);
}

fn environments(machine: &mut Machine) {
    let (password, key) = (machine.drawn("Aq7!", 16), machine.drawn("", 30));
    let stripe = machine.drawn("sk_live_", 24);
    let env = format!(
        "# app\nPORT=8080\nDEBUG=true\nexport DB_PASSWORD=\"{password}\" # main\nAPI_KEY={key}\nBILLING='{stripe}'\nTOKEN_FILE=/run/x\n\
         SECRET_NAME=shop\nOTHER_TOKEN=${{TOKEN}}\nEXAMPLE_SECRET=changeme\nPUBLIC_KEY=abcdefgh1\n"
    );
    let real = ["DB_PASSWORD", "API_KEY", "BILLING"].map(|name| (ThingKind::EnvironmentSecret, name));
    machine.plant(&format!("{HOME}/app/.env"), 0o644, &env, &real);
    machine.wrong(&format!("{HOME}/app/.env"), &[Problem::ReadableByOthers]);
    machine.lookalike(&format!("{HOME}/app/.env.example"), env);
    let github = machine.draw.checked("ghp_");
    let github = machine.secret(github);
    let bashrc = format!(
        "alias ll='ls -l'\nexport PATH=$PATH:/opt/x\nexport GITHUB_TOKEN={github}\nexport X_TOKEN=$(pass show x)\n[ -z \"$PS1\" ] && return\n"
    );
    machine.plant("srv/etl/.bashrc", 0o644, bashrc, &[(ThingKind::EnvironmentSecret, "GITHUB_TOKEN")]);
    machine.wrong("srv/etl/.bashrc", &[Problem::ReadableByOthers]);
    let fish = machine.drawn("", 30);
    let config = format!("set -gx SHOP_TOKEN {fish}\nset -gx EDITOR vim\n");
    let place = "srv/etl/.config/fish/config.fish";
    machine.wrong(place, &[Problem::ReadableByOthers]);
    machine.plant(place, 0o644, config, &[(ThingKind::EnvironmentSecret, "SHOP_TOKEN")]);
    let service = machine.drawn("", 30);
    let real = [(ThingKind::EnvironmentSecret, "ETL_SECRET")];
    machine.plant("etc/default/etl", 0o640, format!("ETL_SECRET={service}\nETL_OPTS=\"-v\"\n"), &real);
    machine.lookalike("etc/default/locale", "LANG=en_US.UTF-8\n");
    machine.lookalike("etc/environment", "PATH=\"/usr/bin:/bin\"\n");
}
