//! Assistants: their servers, the tokens in their configurations, their logins.

use crate::machine::Machine;
use tenure_connect_host::{Problem, ThingKind};

const HOME: &str = "srv/ada";

pub(super) fn plant(machine: &mut Machine) {
    desktop(machine);
    editors(machine);
    command_lines(machine);
    logins(machine);
    machine.lookalike(
        &format!("{HOME}/.config/zed/keymap.json"),
        r#"{"context_servers": {"x": {"command": "y"}}}"#,
    );
    machine.lookalike(&format!("{HOME}/notes/mcp.json"), r#"{"mcpServers": {"x": {"command": "npx"}}}"#);
}

fn desktop(machine: &mut Machine) {
    machine.put("srv/ada/.keep", 0o644, "");
    let passwd = std::fs::read_to_string(machine.path("etc/passwd")).unwrap();
    machine.put("etc/passwd", 0o644, passwd + "ada:x:1003:1003:Ada:/srv/ada:/bin/bash\n");
    machine.real.push((ThingKind::Account, "/etc/passwd".into(), "ada".into()));
    let token = machine.draw.checked("ghp_");
    let token = machine.secret(token);
    let key = machine.drawn("", 32);
    let database = machine.drawn("Pw7-", 14);
    let config = format!(
        r#"{{"mcpServers": {{
            "github": {{"command": "npx", "args": ["-y", "@scope/server-github"], "env": {{"GITHUB_TOKEN": "{token}", "LOG": "info"}}}},
            "search": {{"command": "uvx", "args": ["search==1.2.3", "--api-key", "{key}"]}},
            "db": {{"command": "/opt/db", "args": ["postgres://etl:{database}@db.invalid/shop"]}},
            "files": {{"command": "npx", "args": ["files@1.2.3", "/srv"], "env": {{"API_KEY": "${{API_KEY}}"}}}}
        }}}}"#
    );
    let real = [
        (ThingKind::AssistantServer, "github"),
        (ThingKind::AssistantSecret, "github GITHUB_TOKEN"),
        (ThingKind::AssistantServer, "search"),
        (ThingKind::AssistantSecret, "search api-key"),
        (ThingKind::AssistantServer, "db"),
        (ThingKind::AssistantSecret, "db argument"),
        (ThingKind::AssistantServer, "files"),
    ];
    machine.plant(&format!("{HOME}/.config/Claude/claude_desktop_config.json"), 0o644, config, &real);
    machine.wrong(&format!("{HOME}/.config/Claude/claude_desktop_config.json"), &[Problem::ReadableByOthers]);
}

fn editors(machine: &mut Machine) {
    let token = machine.drawn("", 40);
    let cursor = format!(
        r#"{{"mcpServers": {{"remote": {{"url": "https://mcp.invalid/sse?x=1", "headers": {{"Authorization": "Bearer {token}"}}}}}}}}"#
    );
    let real = [(ThingKind::AssistantServer, "remote"), (ThingKind::AssistantSecret, "remote Authorization")];
    machine.plant(&format!("{HOME}/.cursor/mcp.json"), 0o600, cursor, &real);
    let code = r#"{ // servers
        "servers": {"docs": {"type": "http", "url": "http://docs.invalid/mcp"}, "run": {"command": "docker", "args": ["run", "--rm", "-e", "A", "image:1"]},},
        "inputs": [{"id": "token", "password": true}],
    }"#;
    let real = [(ThingKind::AssistantServer, "docs"), (ThingKind::AssistantServer, "run")];
    machine.plant(&format!("{HOME}/.config/Code/User/mcp.json"), 0o644, code, &real);
    let openai = format!("sk-{}T3BlbkFJ{}", machine.draw.alphanumeric(20), machine.draw.alphanumeric(20));
    let openai = machine.secret(openai);
    let settings = format!("{{\n  \"editor.tabSize\": 2,\n  // key\n  \"helper.key\": \"{openai}\"\n}}\n");
    let real = [(ThingKind::AssistantSecret, "helper.key")];
    machine.plant(&format!("{HOME}/.config/Code/User/settings.json"), 0o644, settings, &real);
    machine.wrong(&format!("{HOME}/.config/Code/User/settings.json"), &[Problem::ReadableByOthers]);
    let zed = r#"{"theme": "x", "context_servers": {"z": {"command": {"path": "/opt/z", "args": []}}}}"#;
    machine.plant(
        &format!("{HOME}/.config/zed/settings.json"),
        0o644,
        zed,
        &[(ThingKind::AssistantServer, "z")],
    );
    let windsurf = r#"{"mcpServers": {"w": {"serverUrl": "https://w.invalid/mcp"}}}"#;
    let place = format!("{HOME}/.codeium/windsurf/mcp_config.json");
    machine.plant(&place, 0o644, windsurf, &[(ThingKind::AssistantServer, "w")]);
}

fn command_lines(machine: &mut Machine) {
    let project = r#"{"numStartups": 3, "mcpServers": {"top": {"command": "npx", "args": ["top@latest"]}},
        "projects": {"/srv/x": {"mcpServers": {"inner": {"type": "stdio", "command": "inner"}}, "history": []}}}"#;
    let real = [(ThingKind::AssistantServer, "top"), (ThingKind::AssistantServer, "inner")];
    machine.plant(&format!("{HOME}/.claude.json"), 0o600, project, &real);
    let key = machine.drawn("", 30);
    let codex = format!(
        "model = \"x\"\n[mcp_servers.tools]\ncommand = \"bunx\"\nargs = [\"tools\"]\n[mcp_servers.tools.env]\nTOOLS_API_KEY = \"{key}\"\n"
    );
    let real = [(ThingKind::AssistantServer, "tools"), (ThingKind::AssistantSecret, "tools TOOLS_API_KEY")];
    machine.plant(&format!("{HOME}/.codex/config.toml"), 0o600, codex, &real);
    let gemini = r#"{"mcpServers": {"g": {"httpUrl": "http://localhost:3000/mcp"}}, "selectedAuthType": "oauth-personal"}"#;
    machine.plant(
        &format!("{HOME}/.gemini/settings.json"),
        0o644,
        gemini,
        &[(ThingKind::AssistantServer, "g")],
    );
    let team = r#"{"mcpServers": {"q": {"command": "npx", "args": ["q"]}}}"#;
    machine.plant(
        &format!("{HOME}/project/.cursor/mcp.json"),
        0o644,
        team,
        &[(ThingKind::AssistantServer, "q")],
    );
    let cline = r#"{"mcpServers": {"c": {"command": "uvx", "args": ["c==1.0"], "disabled": false}}}"#;
    let place = format!("{HOME}/.config/Code/User/globalStorage/x.cline/settings/cline_mcp_settings.json");
    machine.plant(&place, 0o644, cline, &[(ThingKind::AssistantServer, "c")]);
    let local = r#"{"mcpServers": {"p": {"command": "./server"}}}"#;
    machine.plant(&format!("{HOME}/project/.mcp.json"), 0o644, local, &[(ThingKind::AssistantServer, "p")]);
}

fn logins(machine: &mut Machine) {
    let (access, refresh) = (machine.drawn("sk-ant-oat01-", 95), machine.drawn("sk-ant-ort01-", 95));
    let claude = format!(
        r#"{{"claudeAiOauth": {{"accessToken": "{access}", "refreshToken": "{refresh}", "expiresAt": 1}}}}"#
    );
    let real = [(ThingKind::AssistantSecret, "refreshToken")];
    machine.plant(&format!("{HOME}/.claude/.credentials.json"), 0o600, claude, &real);
    let (key, refresh) = (machine.drawn("", 50), machine.drawn("", 60));
    let codex = format!(
        r#"{{"OPENAI_API_KEY": "{key}", "tokens": {{"id_token": "a.b.c", "access_token": "d.e.f", "refresh_token": "{refresh}", "account_id": "x"}}}}"#
    );
    let real =
        [(ThingKind::AssistantSecret, "OPENAI_API_KEY"), (ThingKind::AssistantSecret, "refresh_token")];
    machine.plant(&format!("{HOME}/.codex/auth.json"), 0o600, codex, &real);
    let refresh = machine.drawn("1//0", 80);
    let gemini = format!(
        r#"{{"access_token": "short", "refresh_token": "{refresh}", "scope": "x", "token_type": "Bearer"}}"#
    );
    let real = [(ThingKind::AssistantSecret, "refresh_token")];
    machine.plant(&format!("{HOME}/.gemini/oauth_creds.json"), 0o600, gemini, &real);
    let api = machine.drawn("", 40);
    let model = format!(
        "name: x\nmodels:\n  - name: m\n    apiKey: {api}\n  - name: n\n    apiKey: ${{{{ secrets.X }}}}\n"
    );
    machine.plant(
        &format!("{HOME}/.continue/config.yaml"),
        0o600,
        model,
        &[(ThingKind::AssistantSecret, "apiKey")],
    );
    let token = machine.drawn("hf_", 34);
    let place = format!("{HOME}/.cache/huggingface/token");
    machine.plant(&place, 0o600, token, &[(ThingKind::AssistantSecret, "Hugging Face")]);
}
