//! Services, timers, jobs and the SSH server's settings.

use crate::machine::Machine;
use tenure_connect_host::{Problem, ThingKind};

pub(super) fn plant(machine: &mut Machine) {
    units(machine);
    launchd(machine);
    cron(machine);
    let settings = "Port 22\nPermitRootLogin prohibit-password\nPermitRootLogin yes\nPasswordAuthentication no\n\
                    AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/by_name/%u\nMatch User backup\n  PasswordAuthentication yes\n";
    machine.plant("etc/ssh/sshd_config", 0o644, settings, &[(ThingKind::SshServerSetting, "sshd_config")]);
    let key = machine.draw.ssh_public_key();
    let real = [(ThingKind::AuthorizedKey, "by name")];
    machine.plant("etc/ssh/by_name/etl", 0o644, format!("{key} by name\n"), &real);
    machine.lookalike("etc/ssh/ssh_config", "Host *\n  PermitRootLogin yes\n");
    machine.lookalike("etc/ssh/sshd_config.d/README", "PermitRootLogin yes\n");
}

fn units(machine: &mut Machine) {
    let password = machine.drawn("Aa1-", 18);
    let token = machine.draw.checked("ghp_");
    let token = machine.secret(token);
    let service = format!(
        "[Unit]\nDescription=Nightly load\n[Service]\nUser=etl\nEnvironmentFile=-/etc/default/etl\n\
         Environment=\"DB_PASSWORD={password}\" MODE=fast\nExecStart=/usr/bin/etl --password {password} \\\n  --now\n[Install]\nWantedBy=x\n"
    );
    let real = [
        (ThingKind::ServiceUnit, "etl.service"),
        (ThingKind::JobSecret, "etl.service DB_PASSWORD"),
        (ThingKind::JobSecret, "etl.service password"),
    ];
    machine.plant("etc/systemd/system/etl.service", 0o644, service, &real);
    machine.wrong("etc/systemd/system/etl.service", &[Problem::ReadableByOthers]);
    let drop_in = format!("[Service]\nUser=etl2\nExecStart=\nExecStart=/usr/bin/etl2 --header {token}\n");
    machine.put("etc/systemd/system/etl.service.d/10-user.conf", 0o644, drop_in);
    machine.real.push((ThingKind::JobSecret, "/etc/systemd/system/etl.service".into(), "etl.service".into()));
    let timer = "[Timer]\nOnCalendar=daily\nUnit=etl.service\n";
    machine.plant("etc/systemd/system/etl.timer", 0o644, timer, &[(ThingKind::TimerUnit, "etl.timer")]);
    let package = "[Unit]\nDescription=Web\n[Service]\nDynamicUser=yes\nLoadCredential=tls:/etc/tls\nExecStart=/usr/sbin/web\n";
    machine.plant(
        "usr/lib/systemd/system/web.service",
        0o644,
        package,
        &[(ThingKind::ServiceUnit, "web.service")],
    );
    machine.lookalike("usr/lib/systemd/system/etl.service", "[Service]\nUser=overridden\n");
    machine.lookalike("usr/lib/systemd/system/web.target", "[Unit]\nDescription=x\n");
}

fn launchd(machine: &mut Machine) {
    let password = machine.drawn("Lw7-", 18);
    let daemon = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://x.invalid/d\">\n\
         <plist version=\"1.0\"><dict><key>Label</key><string>invalid.shop.sync</string><key>UserName</key><string>etl</string>\
         <key>ProgramArguments</key><array><string>/usr/local/bin/sync</string><string>--password</string><string>{password}</string></array>\
         <key>EnvironmentVariables</key><dict><key>DB_PASSWORD</key><string>{password}</string><key>MODE</key><string>fast</string></dict>\
         <key>StartInterval</key><integer>300</integer></dict></plist>\n"
    );
    let label = "invalid.shop.sync";
    let real = [
        (ThingKind::ServiceUnit, label),
        (ThingKind::JobSecret, "invalid.shop.sync DB_PASSWORD"),
        (ThingKind::JobSecret, "invalid.shop.sync password"),
    ];
    machine.plant("Library/LaunchDaemons/invalid.shop.sync.plist", 0o644, daemon, &real);
    machine.wrong("Library/LaunchDaemons/invalid.shop.sync.plist", &[Problem::ReadableByOthers]);
    let agent = "<plist version=\"1.0\"><dict><key>Label</key><string>invalid.shop.menu</string><key>Program</key>\
                 <string>/Applications/Menu.app/Contents/MacOS/Menu</string></dict></plist>";
    let place = "srv/deploy/Library/LaunchAgents/invalid.shop.menu.plist";
    machine.plant(place, 0o644, agent, &[(ThingKind::ServiceUnit, "invalid.shop.menu")]);
    machine.lookalike("Library/Preferences/invalid.shop.plist", agent);
    machine.lookalike("Library/LaunchDaemons/invalid.shop.plist.off", agent);
}

fn cron(machine: &mut Machine) {
    let token = machine.draw.checked("ghp_");
    let token = machine.secret(token);
    let password = machine.drawn("Zz9_", 20);
    let table = format!(
        "SHELL=/bin/sh\nBACKUP_PASSWORD={password}\n# m h dom mon dow user command\n17 * * * * root cd / && run-parts /etc/cron.hourly\n\
         */5 * * * * etl curl -H \"Authorization: Bearer {token}\" https://api.invalid/\n"
    );
    let jobs = [
        (ThingKind::ScheduledJob, "root"),
        (ThingKind::ScheduledJob, "etl"),
        (ThingKind::JobSecret, "etl"),
        (ThingKind::JobSecret, "BACKUP_PASSWORD"),
    ];
    machine.plant("etc/crontab", 0o644, table, &jobs);
    machine.wrong("etc/crontab", &[Problem::ReadableByOthers]);
    let real = [(ThingKind::ScheduledJob, "backup")];
    machine.plant("etc/cron.d/backup", 0o644, "@daily backup /usr/bin/borg create\n", &real);
    let real = [(ThingKind::ScheduledJob, "deploy")];
    machine.plant("var/spool/cron/crontabs/deploy", 0o600, "0 3 * * 1-5 /srv/deploy/run.sh\n", &real);
    machine.lookalike("etc/cron.daily/logrotate", "#!/bin/sh\n0 3 * * * root x\n");
}
