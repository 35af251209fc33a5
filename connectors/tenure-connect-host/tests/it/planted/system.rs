//! Accounts, groups and their stored passwords.

use crate::machine::Machine;
use tenure_connect_host::ThingKind;

pub(super) fn plant(machine: &mut Machine) {
    accounts(machine);
    let hash = machine.draw.alphanumeric(43);
    let hash = machine.secret(hash);
    let shadow = format!(
        "root:*:19700:0:99999:7:::\ndaemon:*:19700:0:99999:7:::\netl:$y$j9T$saltsalt$salt${hash}:19700:0:99999:7:::\n\
         deploy:!$6$saltsalt${hash}:19700:0:99999:7:::\nsshd:!:19700::::::\nopen::19700:0:99999:7:::\n"
    );
    let real = ["etl", "deploy", "open"].map(|whose| (ThingKind::StoredPassword, whose));
    machine.plant("etc/shadow", 0o640, shadow, &real);
    let group = "root:x:0:\nsudo:x:27:deploy\ndocker:x:998:deploy,etl\n";
    machine.plant(
        "etc/group",
        0o644,
        group,
        &["root", "sudo", "docker"].map(|whose| (ThingKind::Group, whose)),
    );
    machine.lookalike("etc/shadow.example", "nobody::1::::::\n");
    machine.lookalike("etc/passwd.txt", "nobody:x:1:1::/:/bin/sh\n");
}

fn accounts(machine: &mut Machine) {
    let names = ["root", "daemon", "www-data", "sshd", "etl", "deploy", "open"];
    let passwd = "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n\
         www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\nsshd:x:110:65534::/run/sshd:/usr/sbin/nologin\n\
         etl:x:998:998:nightly load:/srv/etl:/bin/bash\ndeploy:x:1001:1001:Deploy,,,:/srv/deploy:/bin/bash\n\
         open:x:1002:1002::/srv/open:/bin/sh\n";
    machine.plant("etc/passwd", 0o644, passwd, &names.map(|whose| (ThingKind::Account, whose)));
}
