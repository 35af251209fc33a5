//! One line to a directory: opened, encrypted, bound, searched page by page (RFC 4511, RFC 2696).
//!
//! A message is taken off the line whole and no longer than a limit. A password goes out only on a line that is encrypted, or that
//! does not leave this machine. Texts of the directory are not repeated: they may hold names and passwords. Next: `reading.rs`.

use crate::{
    Directory, NotRead, Part, Security,
    ber::{
        BOOLEAN, ENUMERATED, INTEGER, OCTETS, Reader, SEQUENCE, SET, garbled, length_of, number, value,
        within,
    },
    filter,
};
use rustls_pki_types::ServerName;
use tenure_tls::{Encryption, Encryptor};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Bytes of one message, at most: a group of ten thousand with long names is a fraction of it.
const MESSAGE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of one reading, at most.
const READING_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Entries of one page (RFC 2696).
const PAGE_SIZE: u32 = 500;
/// Pages of one search, at most: a directory may give less in each than was asked.
const PAGES_MAX: usize = 2_000;
/// How long a directory is to work at one page, in seconds.
const PAGE_SECONDS: u32 = 30;
/// StartTLS (RFC 4511, 4.14.1).
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
/// Paged results (RFC 2696).
const PAGED: &[u8] = b"1.2.840.113556.1.4.319";

/// An entry: its name, and the attributes that were asked for, as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) dn: String,
    pub(crate) attributes: Vec<(String, Vec<Vec<u8>>)>,
}

/// What one search found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) entries: Vec<Entry>,
    /// Why the directory stopped before the end.
    pub(crate) cut: Option<&'static str>,
    /// How often it named another directory, which is not asked.
    pub(crate) referrals: usize,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A line that is bound.
pub(crate) struct Line {
    stream: Box<dyn Stream>,
    read: Vec<u8>,
    taken: usize,
    last_id: u32,
}

impl Line {
    /// Opens a line, encrypts it as it must be, and binds.
    pub(crate) async fn open(directory: &Directory) -> Result<Self, NotRead> {
        let stream = tenure_call::open(&directory.host, directory.port, directory.private).await;
        let stream = stream.map_err(|why| line(format!("no line to the directory: {why}")))?;
        let mut plain = Self { stream: Box::new(stream), read: Vec::new(), taken: 0, last_id: 0 };
        let mut line = match directory.security {
            Security::Plain => plain,
            Security::Tls => plain.encrypted(directory).await?,
            Security::StartTls => {
                plain.start_tls().await?;
                plain.encrypted(directory).await?
            }
        };
        line.bind(directory).await?;
        Ok(line)
    }

    async fn start_tls(&mut self) -> Result<(), NotRead> {
        let id = self.send(&within(0x77, &[value(0x80, START_TLS)]), None).await?;
        let message = self.message().await?;
        let (tag, mut body, _) = parts(&message, id)?;
        if tag != 0x78 {
            return garbled("something else than an answer to STARTTLS");
        }
        match body.number(ENUMERATED)? {
            // Nothing that came in clear is taken for something that came encrypted.
            0 if self.read.is_empty() => Ok(()),
            0 => garbled("something in clear behind the answer to STARTTLS"),
            code => refused("STARTTLS", code),
        }
    }

    async fn encrypted(self, directory: &Directory) -> Result<Self, NotRead> {
        let setup = || line(String::from("encryption cannot be set up with these authorities"));
        let encryptor = Encryptor::with(directory.authorities.clone());
        let config = encryptor.of(Encryption::Require).map_err(|_| setup())?;
        let name = ServerName::try_from(directory.host.clone()).map_err(|_| setup())?;
        let stream = tokio_rustls::TlsConnector::from(config).connect(name, self.stream).await;
        let stream = stream.map_err(|error| {
            let next = "check its certificate, or name the file of its authority: ca_file";
            line(format!("the line to the directory was not encrypted: {error}; {next}"))
        })?;
        Ok(Self { stream: Box::new(stream), read: Vec::new(), ..self })
    }

    async fn bind(&mut self, directory: &Directory) -> Result<(), NotRead> {
        let request = within(
            0x60,
            &[
                number(INTEGER, 3),
                value(OCTETS, directory.bind_dn.as_bytes()),
                value(0x80, directory.password.expose().as_bytes()),
            ],
        );
        let id = self.send(&request, None).await?;
        let message = self.message().await?;
        let (tag, mut body, _) = parts(&message, id)?;
        match body.number(ENUMERATED) {
            Ok(0) if tag == 0x61 => Ok(()),
            Ok(code) if tag == 0x61 => refused("the sign-in", code),
            _ => garbled("something else than an answer to the sign-in"),
        }
    }

    /// Looks a part through, page by page, for at most `most` entries.
    pub(crate) async fn search(
        &mut self,
        part: &Part,
        asked: &[&str],
        (what, most): (&'static str, usize),
    ) -> Result<Found, NotRead> {
        let asked: Vec<Vec<u8>> = asked.iter().map(|name| value(OCTETS, name.as_bytes())).collect();
        let request = within(
            0x63,
            &[
                value(OCTETS, part.base.as_bytes()),
                number(ENUMERATED, 2),
                number(ENUMERATED, 0),
                number(INTEGER, 0),
                number(INTEGER, PAGE_SECONDS),
                value(BOOLEAN, &[0]),
                filter::encoded(&part.filter)?,
                within(SEQUENCE, &asked),
            ],
        );
        let (mut found, mut cookie) = (Found::default(), Vec::new());
        for _ in 0..PAGES_MAX {
            let paged = within(SEQUENCE, &[number(INTEGER, PAGE_SIZE), value(OCTETS, &cookie)]);
            let control = within(SEQUENCE, &[value(OCTETS, PAGED), value(OCTETS, &paged)]);
            let id = self.send(&request, Some(within(0xa0, &[control]))).await?;
            cookie = self.page(id, (what, most), &mut found).await?;
            if cookie.is_empty() || found.cut.is_some() {
                return Ok(found);
            }
        }
        found.cut = Some("it never came to an end of its pages");
        Ok(found)
    }

    /// Reads one page to its end; returns what the next one is asked with, nothing after the last.
    async fn page(
        &mut self,
        id: u32,
        (what, most): (&'static str, usize),
        found: &mut Found,
    ) -> Result<Vec<u8>, NotRead> {
        loop {
            let message = self.message().await?;
            let (tag, mut body, controls) = parts(&message, id)?;
            match tag {
                // Counted as they come: a page is as long as the directory says, and one that lies would fill the memory.
                0x64 if found.entries.len() >= most => {
                    let remedy = "name a narrower base, or a filter that means fewer";
                    return Err(NotRead::TooMuch { what: format!("more than {most} {what}"), remedy });
                }
                0x64 => found.entries.push(entry(body)?),
                0x73 => found.referrals += 1,
                0x65 => {
                    match body.number(ENUMERATED)? {
                        0 => {}
                        3 => found.cut = Some("the directory's time limit cut it off"),
                        4 => found.cut = Some("the directory's size limit cut it off"),
                        11 => found.cut = Some("a limit of the directory's administrator cut it off"),
                        code => return refused(what, code),
                    }
                    return next_page(controls);
                }
                _ => return garbled("something else than what was searched for"),
            }
        }
    }

    async fn send(&mut self, operation: &[u8], controls: Option<Vec<u8>>) -> Result<u32, NotRead> {
        self.last_id += 1;
        let message = within(
            SEQUENCE,
            &[number(INTEGER, self.last_id), operation.to_vec(), controls.unwrap_or_default()],
        );
        let sent = async {
            self.stream.write_all(&message).await?;
            self.stream.flush().await
        };
        sent.await.map_err(|_| broke())?;
        Ok(self.last_id)
    }

    /// The next message, whole.
    async fn message(&mut self) -> Result<Vec<u8>, NotRead> {
        loop {
            match length_of(&self.read)? {
                Some(length) if length > MESSAGE_BYTES_MAX => {
                    let remedy = "no entry that is read is as large";
                    return Err(NotRead::TooMuch {
                        what: String::from("a message of more than 8 MiB"),
                        remedy,
                    });
                }
                Some(length) if self.read.len() >= length => {
                    let rest = self.read.split_off(length);
                    return Ok(std::mem::replace(&mut self.read, rest));
                }
                _ => {}
            }
            let before = self.read.len();
            self.read.reserve(16 * 1024);
            let count = self.stream.read_buf(&mut self.read).await.map_err(|_| broke())?;
            self.taken += self.read.len() - before;
            if count == 0 {
                return Err(broke());
            }
            if self.taken > READING_BYTES_MAX {
                let remedy = "name a narrower base, or a filter that means fewer";
                return Err(NotRead::TooMuch { what: String::from("more than 64 MiB"), remedy });
            }
        }
    }
}

fn line(why: String) -> NotRead {
    NotRead::Line { why }
}

fn broke() -> NotRead {
    line(String::from("the line to the directory broke in the middle: nothing of it is believed"))
}

/// The operation of a message, which must be this one's answer, with its controls.
fn parts(message: &[u8], id: u32) -> Result<(u8, Reader<'_>, Option<Reader<'_>>), NotRead> {
    let mut whole = Reader::of(Reader::of(message).expect(SEQUENCE)?);
    match whole.number(INTEGER)? {
        found if found == i64::from(id) => {}
        0 => return Err(line(String::from("the directory said that it ends the line: try again later"))),
        _ => return garbled("an answer to something that was not asked"),
    }
    let (tag, body) = whole.any()?;
    let controls = if whole.tag() == Some(0xa0) { Some(Reader::of(whole.expect(0xa0)?)) } else { None };
    Ok((tag, Reader::of(body), controls))
}

fn next_page(controls: Option<Reader<'_>>) -> Result<Vec<u8>, NotRead> {
    let Some(mut controls) = controls else { return Ok(Vec::new()) };
    while !controls.is_empty() {
        let mut control = Reader::of(controls.expect(SEQUENCE)?);
        if control.expect(OCTETS)? != PAGED {
            continue;
        }
        if control.tag() == Some(BOOLEAN) {
            control.expect(BOOLEAN)?;
        }
        let mut paged = Reader::of(Reader::of(control.expect(OCTETS)?).expect(SEQUENCE)?);
        paged.number(INTEGER)?;
        return Ok(paged.expect(OCTETS)?.to_vec());
    }
    Ok(Vec::new())
}

fn entry(mut body: Reader<'_>) -> Result<Entry, NotRead> {
    let dn = String::from_utf8_lossy(body.expect(OCTETS)?).into_owned();
    let mut listed = Reader::of(body.expect(SEQUENCE)?);
    let mut attributes = Vec::new();
    while !listed.is_empty() {
        let mut one = Reader::of(listed.expect(SEQUENCE)?);
        let name = String::from_utf8_lossy(one.expect(OCTETS)?).into_owned();
        let mut set = Reader::of(one.expect(SET)?);
        let mut values = Vec::new();
        while !set.is_empty() {
            values.push(set.expect(OCTETS)?.to_vec());
        }
        attributes.push((name, values));
    }
    Ok(Entry { dn, attributes })
}

/// What the numbers of RFC 4511, appendix A, mostly mean for who reads.
fn refused<T>(what: &'static str, code: i64) -> Result<T, NotRead> {
    let hint = match code {
        1 => "an error of the directory's own; its log says more",
        2 if what == "STARTTLS" => "it does not offer STARTTLS: use ldaps://, or set it up there",
        2 => "it does not speak version 3 of LDAP as we do",
        7 | 8 => "it asks for another way to sign in, which is not known here",
        10 => "what was asked for stands in another directory: name that one",
        12 => "it does not give its entries page by page",
        13 => "it wants the line encrypted first: use ldaps://, or starttls = true",
        32 => "there is no such entry: check `people_base` and `groups_base`, and what `bind_dn` may see",
        49 => "`bind_dn` or the password is not taken there",
        50 => "`bind_dn` may not read there",
        51 | 52 => "it is busy or not there: it is tried again",
        53 => "it is not willing; its log says why",
        _ => "RFC 4511, appendix A, says what that number means",
    };
    Err(NotRead::Refused { what, code, hint })
}
