//! Directories whose people and groups are read by LDAP, from `[[ldap]]` in `tenure.toml`.
//!
//! Everything that can be wrong with one is said before anything is opened. The password is in a private file, never in
//! `tenure.toml` and never in an argument. Nobody is called here. Next: docs/people.md.

use crate::{
    configuration::{Configuration, LdapAttributes, LdapFormNamed, LdapSection},
    failure::Failure,
    passwords,
    place::shown,
    way_out,
};
use std::{sync::Arc, time::Duration};
use tenure_engine::{LISTED_MAX, LdapDirectory};
use tenure_ldap::{Attributes, Directory, Membership, Part, Security};
use tenure_model::printable;

/// Directories, at most.
const DIRECTORIES_MAX: usize = 10;
/// How long one reading may take, all in all: somebody may be waiting for its preview.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often one is read by itself, in minutes: no more often than it could be minded, and at least once in a week.
const EVERY_MINUTES: std::ops::RangeInclusive<u32> = 1..=7 * 24 * 60;
/// The id of Microsoft's directories, which is bytes and not text.
const GUID: &str = "objectGUID";

/// The directories that are configured.
pub(crate) fn options(configuration: &Configuration) -> Result<Vec<Arc<LdapDirectory>>, Failure> {
    let sections = &configuration.ldap;
    if sections.len() > DIRECTORIES_MAX {
        return Err(refused("").because(format!("there are at most {DIRECTORIES_MAX} directories")));
    }
    let mut directories: Vec<Arc<LdapDirectory>> = Vec::new();
    for section in sections {
        if directories.iter().any(|one| one.name == section.name) {
            return Err(refused(&section.name).because("there are two of this name"));
        }
        directories.push(Arc::new(directory(section)?));
    }
    Ok(directories)
}

fn refused(name: &str) -> Failure {
    Failure::usage(format!("the directory `{}` in tenure.toml cannot be used", printable(name, 60)))
        .next("docs/people.md says what each line is for")
}

fn directory(section: &LdapSection) -> Result<LdapDirectory, Failure> {
    let refuse = |why: &str| Err(refused(&section.name).because(why));
    if !way_out::is_name(&section.name) {
        return refuse(way_out::NAME_RULE);
    }
    if section.every_minutes.is_some_and(|every| !EVERY_MINUTES.contains(&every)) {
        return refuse("`every_minutes` is from 1 to 10080, which is a week");
    }
    if section.groups_filter.is_some() && section.groups_base.is_none() {
        return refuse("`groups_filter` needs `groups_base`: below which entry groups are");
    }
    let (host, port, is_tls) =
        tenure_ldap::place(&section.url).map_err(|wrong| refused(&section.name).because(wrong.why))?;
    let security = match (is_tls, section.starttls) {
        (true, false) => Security::Tls,
        (true, true) => return refuse("`starttls` is for ldap://; ldaps:// is encrypted from the beginning"),
        (false, true) => Security::StartTls,
        (false, false) => Security::Plain,
    };
    let file = &section.password_file;
    let password = passwords::from_file(file).map_err(|failure| Failure {
        what: format!("the password of the directory `{}` in {} cannot be used", section.name, shown(file)),
        ..failure
    })?;
    let usual = Usual::of(section.form);
    let part = |base: &String, filter: &Option<String>, usual: &str| Part {
        base: base.clone(),
        filter: filter.clone().unwrap_or_else(|| usual.to_owned()),
    };
    let groups = section.groups_base.as_ref();
    let directory = Directory {
        host,
        port,
        security,
        private: way_out::private(section.private_network),
        authorities: way_out::authorities(section.ca_file.as_deref(), refused(&section.name))?,
        bind_dn: section.bind_dn.clone(),
        password: Arc::new(password),
        people: part(&section.people_base, &section.people_filter, usual.people),
        groups: groups.map(|base| part(base, &section.groups_filter, usual.groups)),
        attributes: attributes(usual.attributes, &section.attributes)
            .map_err(|why| refused(&section.name).because(why))?,
        people_max: LISTED_MAX,
        patience: PATIENCE,
    };
    directory.check().map_err(|wrong| refused(&section.name).because(wrong.why))?;
    let every = section.every_minutes.map(|every| Duration::from_mins(u64::from(every)));
    Ok(LdapDirectory::new(section.name.clone(), directory, every))
}

/// What a form has where nothing else is said.
struct Usual {
    people: &'static str,
    groups: &'static str,
    attributes: Attributes,
}

impl Usual {
    fn of(form: LdapFormNamed) -> Self {
        match form {
            LdapFormNamed::Openldap => Self {
                people: "(objectClass=person)",
                groups: "(objectClass=groupOfNames)",
                attributes: Attributes::open_ldap(),
            },
            LdapFormNamed::ActiveDirectory => Self {
                people: "(&(objectCategory=person)(objectClass=user))",
                groups: "(objectClass=group)",
                attributes: Attributes::active_directory(),
            },
        }
    }
}

fn attributes(usual: Attributes, said: &LdapAttributes) -> Result<Attributes, &'static str> {
    let or = |said: &Option<String>, usual: String| said.clone().unwrap_or(usual);
    let id = or(&said.id, usual.id);
    Ok(Attributes {
        id_is_binary: id.eq_ignore_ascii_case(GUID),
        id,
        name: or(&said.name, usual.name),
        display_name: or(&said.display_name, usual.display_name),
        mail: or(&said.mail, usual.mail),
        group_name: or(&said.group_name, usual.group_name),
        membership: match (&said.member, &said.member_of) {
            (Some(_), Some(_)) => {
                return Err("`member` or `member_of` says who belongs to a group, not both");
            }
            (Some(name), None) => Membership::OfGroups(name.clone()),
            (None, Some(name)) => Membership::OfMembers(name.clone()),
            (None, None) => usual.membership,
        },
        account_control: usual.account_control,
    })
}

#[cfg(test)]
mod tests {
    use super::{Configuration, options};
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path, sync::Arc, time::Duration};
    use tempfile::TempDir;
    use tenure_call::PrivateAddresses;
    use tenure_engine::LdapDirectory;
    use tenure_ldap::{Directory, Membership, Security};

    fn file(folder: &Path, name: &str, text: &str, mode: u32) -> String {
        let path = folder.join(name);
        let mut to = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&path).unwrap();
        to.write_all(text.as_bytes()).unwrap();
        path.display().to_string()
    }

    fn read(text: &str) -> Result<Vec<Arc<LdapDirectory>>, String> {
        let configuration: Configuration = toml::from_str(text).map_err(|error| error.to_string())?;
        options(&configuration).map_err(|failure| {
            let said = [Some(failure.what), failure.why, failure.next].into_iter().flatten();
            said.collect::<Vec<_>>().join("; ")
        })
    }

    fn good(folder: &TempDir) -> String {
        let file = file(folder.path(), "password", "the word\n", 0o600);
        format!(
            "[[ldap]]\nname = \"corp\"\nurl = \"ldaps://ldap.example.com\"\nbind_dn = \"cn=tenure,dc=example,dc=com\"\n\
             password_file = \"{file}\"\npeople_base = \"ou=people,dc=example,dc=com\"\n"
        )
    }

    #[test]
    fn each_line_changes_how_a_directory_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let good = good(&folder);
        let one = |text: &str| Arc::clone(&read(text).unwrap()[0]);
        let of = |more: &str| -> Directory { one(&format!("{good}{more}")).directory.clone() };
        let plain = one(&good);
        assert_eq!((plain.name.as_str(), plain.every), ("corp", None));
        let usual = of("");
        assert_eq!(
            (usual.host.as_str(), usual.port, usual.security),
            ("ldap.example.com", 636, Security::Tls)
        );
        assert_eq!(
            (usual.bind_dn.as_str(), usual.password.expose().as_str()),
            ("cn=tenure,dc=example,dc=com", "the word")
        );
        assert_eq!(
            (usual.people.base.as_str(), usual.people.filter.as_str()),
            ("ou=people,dc=example,dc=com", "(objectClass=person)")
        );
        assert_eq!((usual.groups, usual.private), (None, PrivateAddresses::Refused));
        assert_eq!(usual.attributes.membership, Membership::OfGroups(String::from("member")));
        let started = one(&good.replace("ldaps:", "ldap:").replace("name =", "starttls = true\nname ="));
        assert_eq!((started.directory.port, started.directory.security), (389, Security::StartTls));
        let here = one(&good.replace("ldaps://ldap.example.com", "ldap://127.0.0.1:1389"));
        assert_eq!((here.directory.port, here.directory.security), (1389, Security::Plain));
        assert_eq!(one(&format!("{good}every_minutes = 15\n")).every, Some(Duration::from_mins(15)));
        assert_eq!(of("private_network = true\n").private, PrivateAddresses::Allowed);
        assert_eq!(of("people_filter = \"(uid=*)\"\n").people.filter, "(uid=*)");
        let groups = of("groups_base = \"ou=groups,dc=example,dc=com\"\n").groups.unwrap();
        assert_eq!(groups.filter, "(objectClass=groupOfNames)");
        let groups = of("groups_base = \"ou=groups,dc=example,dc=com\"\ngroups_filter = \"(cn=t-*)\"\n")
            .groups
            .unwrap();
        assert_eq!(groups.filter, "(cn=t-*)");
        let theirs = of("form = \"active-directory\"\ngroups_base = \"ou=g,dc=example,dc=com\"\n");
        assert_eq!(theirs.people.filter, "(&(objectCategory=person)(objectClass=user))");
        assert_eq!(theirs.groups.unwrap().filter, "(objectClass=group)");
        assert_eq!(
            (theirs.attributes.id_is_binary, theirs.attributes.name.as_str()),
            (true, "sAMAccountName")
        );
        let named = of(
            "attributes = { id = \"nsUniqueId\", name = \"a\", display_name = \"b\", mail = \"c\", group_name = \"d\", member_of = \"e\" }\n",
        );
        let names = &named.attributes;
        assert_eq!(
            [&names.id, &names.name, &names.display_name, &names.mail, &names.group_name],
            ["nsUniqueId", "a", "b", "c", "d"]
        );
        assert_eq!(names.membership, Membership::OfMembers(String::from("e")));
        let own =
            of("form = \"active-directory\"\nattributes = { id = \"uidNumber\", member = \"member\" }\n");
        assert!(!own.attributes.id_is_binary, "another id is text");
        assert_eq!(own.attributes.membership, Membership::OfGroups(String::from("member")));
        assert!(of("attributes = { id = \"objectguid\" }\n").attributes.id_is_binary);
        let made = tenure_testbed::Certificate::for_loopback().unwrap();
        let ca = file(folder.path(), "ca.pem", &made.certificate, 0o644);
        assert_eq!(of(&format!("ca_file = \"{ca}\"\n")).authorities.len(), 1);
        assert!(read("").unwrap().is_empty(), "without a section nobody is read");
    }

    #[test]
    fn what_cannot_work_is_said_before_anything_is_opened_and_the_password_in_no_word_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let good = good(&folder);
        let open = file(folder.path(), "open", "the word\n", 0o644);
        let empty = file(folder.path(), "empty", "\n", 0o600);
        let other = |path: &str| good.replace(&folder.path().join("password").display().to_string(), path);
        for (text, expected) in [
            (other(&open), "chmod 600"),
            (other(&empty), "first line is empty"),
            (other("/nowhere"), "/nowhere"),
            (good.replace("ldaps:", "ldap:"), "encrypted only"),
            (good.replace("ldaps:", "https:"), "`url` is ldaps://HOST"),
            (format!("{good}starttls = true\n"), "encrypted from the beginning"),
            (good.replace("\"corp\"", "\"The Corp\""), "small letters"),
            (good.replace("ou=people,", "people,"), "people_base"),
            (good.replace("\"cn=tenure,dc=example,dc=com\"", "\"tenure\""), "bind_dn"),
            (format!("{good}people_filter = \"uid=*\"\n"), "`people_filter`"),
            (format!("{good}groups_filter = \"(cn=*)\"\n"), "needs `groups_base`"),
            (format!("{good}groups_base = \"groups\"\n"), "groups_base"),
            (format!("{good}every_minutes = 0\n"), "from 1 to 10080"),
            (format!("{good}every_minutes = 10081\n"), "from 1 to 10080"),
            (format!("{good}form = \"novell\"\n"), "unknown variant `novell`"),
            (format!("{good}password = \"x\"\n"), "unknown field `password`"),
            (format!("{good}attributes = {{ uid = \"x\" }}\n"), "unknown field `uid`"),
            (format!("{good}attributes = {{ name = \"u id\" }}\n"), "attribute"),
            (format!("{good}attributes = {{ member = \"a\", member_of = \"b\" }}\n"), "not both"),
            (format!("{good}ca_file = \"/nowhere.pem\"\n"), "/nowhere.pem"),
            (good.repeat(2), "two of this name"),
            (good.repeat(11), "at most 10"),
        ] {
            let why = read(&text).unwrap_err();
            assert!(why.contains(expected), "{expected}: {why}");
            assert!(!why.contains("the word"), "{why}");
        }
        let shown = format!("{:?}", read(&good).unwrap());
        assert!(!shown.contains("the word"), "{shown}");
    }
}
