//! Who runs this: the unix account, by number and by name.
//!
//! The number is the kernel's word and decides who acts; the name only labels the first person
//! of a new deployment. Never trusts an environment variable over the account database.

/// The account that runs this process: its name and its number.
pub(crate) fn here() -> (String, u32) {
    let uid = rustix::process::getuid().as_raw();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = name_of(&accounts, uid)
        .or_else(|| std::env::var("USER").ok().filter(|name| is_plain(name)))
        .unwrap_or_else(|| format!("uid-{uid}"));
    (name, uid)
}

/// The name of an account, or its number when it has none here.
pub(crate) fn called(uid: u32) -> String {
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    name_of(&accounts, uid).unwrap_or_else(|| format!("uid {uid}"))
}

/// The name of an account in the form of passwd(5).
fn name_of(accounts: &str, uid: u32) -> Option<String> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number.parse() == Ok(uid) && is_plain(name)).then(|| name.to_owned())
    })
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.len() <= 64 && tenure_model::printable(name, 64) == name
}

#[cfg(test)]
mod tests {
    use super::name_of;

    #[test]
    fn the_name_is_that_of_the_number() {
        let accounts = "root:x:0:0:root:/r:/bin/sh\n# odd line\nalice:x:1000:1000::/a:/bin/sh\n";
        assert_eq!(name_of(accounts, 1000).as_deref(), Some("alice"));
        assert_eq!(name_of(accounts, 0).as_deref(), Some("root"));
        assert_eq!(name_of(accounts, 7), None);
        assert_eq!(name_of("evil\u{1b}[31m:x:7:", 7), None);
    }
}
