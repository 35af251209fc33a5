//! Letters sent to a real SMTP server, and everything that keeps one from arriving.
//!
//! Each refusal has its twin that arrives. The server is aiosmtpd (`crates/tenure-testbed/smtp`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod chats;

use std::{sync::Arc, time::Duration};
use tenure_messages::{
    Letter, MailAddress, MailChannel, MailSecurity, NotReachable, NotSent, PrivateAddresses,
};
use tenure_model::{Instant, Secret};
use tenure_testbed::{SmtpBehaviour, SmtpServer, needs};

const USER: &str = "tenure";
const PASSWORD: &str = "a-word-for-tests";
const AT: Instant = Instant::from_micros(1_795_000_000_000_000);

fn channel(server: &SmtpServer, security: MailSecurity) -> MailChannel {
    MailChannel {
        host: String::from("127.0.0.1"),
        port: server.port(),
        security,
        private: PrivateAddresses::Refused,
        authorities: Some(server.certificate()),
        login: Some((USER.to_owned(), Arc::new(Secret::new(PASSWORD.to_owned())))),
        from: MailAddress::new("tenure@example.com").unwrap(),
        patience: Duration::from_secs(20),
    }
}

fn started(behaviour: SmtpBehaviour) -> SmtpServer {
    SmtpServer::start(behaviour, USER, PASSWORD).unwrap()
}

async fn send(channel: &MailChannel) -> Result<(), NotSent> {
    let letter = Letter::new("Tenure: 1 thing waits for you", &[String::from("* main/bücher: decide it")]);
    channel.send(&MailAddress::new("asha@example.com").unwrap(), "01-k7wd2m", AT, &letter).await
}

#[tokio::test]
async fn a_letter_arrives_after_starttls_and_login_and_on_a_line_encrypted_from_the_beginning() {
    needs!(smtp);
    for (behaviour, security) in [
        (SmtpBehaviour::Accept, MailSecurity::StartTls),
        (SmtpBehaviour::Wrapped, MailSecurity::Tls),
        (SmtpBehaviour::Plain, MailSecurity::Plain),
    ] {
        let server = started(behaviour);
        send(&channel(&server, security)).await.unwrap();
        let mails = server.mails().unwrap();
        assert_eq!(mails.len(), 1, "{behaviour:?}");
        for line in [
            "X-To: asha@example.com",
            "From: Tenure <tenure@example.com>",
            "To: asha@example.com",
            "Subject: Tenure: 1 thing waits for you",
            "Message-ID: <01-k7wd2m@example.com>",
            "Auto-Submitted: auto-generated",
            "Date: Wed, 18 Nov 2026 11:06:40 +0000",
        ] {
            assert!(mails[0].lines().any(|said| said == line), "{line} is not in {}", mails[0]);
        }
        assert!(mails[0].contains("b=C3=BCcher") && !mails[0].contains(PASSWORD), "{}", mails[0]);
    }
}

#[tokio::test]
async fn what_names_hold_becomes_no_header_and_no_recipient() {
    needs!(smtp);
    let server = started(SmtpBehaviour::Accept);
    let hostile = "x\r\nBcc: all@example.com\r\n\r\n.\r\nRCPT TO:<all@example.com>\u{202e}";
    let letter = Letter::new(hostile, &[hostile.to_owned(), String::from("."), "é".repeat(3_000)]);
    let to = MailAddress::new("asha@example.com").unwrap();
    channel(&server, MailSecurity::StartTls).send(&to, "02", AT, &letter).await.unwrap();
    let mails = server.mails().unwrap();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].lines().next(), Some("X-To: asha@example.com"));
    assert!(
        !mails[0].lines().any(|line| line.starts_with("Bcc") || line.starts_with("RCPT")),
        "{}",
        mails[0]
    );
    assert!(mails[0].lines().all(|line| line.len() <= 998), "{}", mails[0]);
}

#[tokio::test]
async fn a_wrong_password_a_strange_certificate_and_a_line_in_clear_send_nothing() {
    needs!(smtp);
    let server = started(SmtpBehaviour::Accept);
    let good = channel(&server, MailSecurity::StartTls);
    let wrong = Arc::new(Secret::new(String::from("another-word")));
    let refused =
        send(&MailChannel { login: Some((USER.to_owned(), wrong)), ..good.clone() }).await.unwrap_err();
    assert!(matches!(&refused, NotSent::Refused { code, .. } if code == "535"), "{refused:?}");
    assert!(!refused.may_pass() && !refused.to_string().contains("another-word"), "{refused}");
    let strange = send(&MailChannel { authorities: None, ..good.clone() }).await.unwrap_err();
    assert!(matches!(&strange, NotSent::Line { why } if why.contains("certificate")), "{strange:?}");
    // The certificate is for 127.0.0.1 and for no other name of the same machine.
    let elsewhere = send(&MailChannel { host: String::from("localhost"), ..good.clone() }).await;
    assert!(matches!(elsewhere, Err(NotSent::Line { .. })), "{elsewhere:?}");
    assert_eq!(server.mails().unwrap().len(), 0);
    send(&good).await.unwrap();
    assert_eq!(server.mails().unwrap().len(), 1);
    // Whoever takes the offer of encryption out of the line gets nothing.
    let plain = started(SmtpBehaviour::Plain);
    let stripped = send(&channel(&plain, MailSecurity::StartTls)).await.unwrap_err();
    assert!(matches!(stripped, NotSent::Line { .. }), "{stripped:?}");
    assert_eq!(plain.mails().unwrap().len(), 0);
}

#[tokio::test]
async fn refusals_are_told_by_their_numbers_and_never_by_the_servers_words() {
    needs!(smtp);
    let deferring = started(SmtpBehaviour::Defer);
    let deferred = send(&channel(&deferring, MailSecurity::StartTls)).await.unwrap_err();
    assert!(matches!(&deferred, NotSent::Deferred { code } if code == "451"), "{deferred:?}");
    let refusing = started(SmtpBehaviour::Refuse);
    let refused = send(&channel(&refusing, MailSecurity::StartTls)).await.unwrap_err();
    assert!(matches!(&refused, NotSent::Refused { code, .. } if code == "550"), "{refused:?}");
    assert_eq!((deferred.may_pass(), refused.may_pass()), (true, false));
    for said in [deferred, refused] {
        assert!(!format!("{said} {said:?}").contains("asha"), "{said}");
    }
}

#[tokio::test]
async fn a_server_that_is_down_or_never_answers_is_given_up_in_time() {
    needs!(smtp);
    let slow = started(SmtpBehaviour::Slow);
    let impatient = channel(&slow, MailSecurity::StartTls);
    let late =
        send(&MailChannel { patience: Duration::from_secs(2), ..impatient.clone() }).await.unwrap_err();
    assert!(matches!(late, NotSent::Line { .. }) && late.may_pass(), "{late:?}");
    drop(slow);
    let other = started(SmtpBehaviour::Accept);
    let down = send(&MailChannel { authorities: Some(other.certificate()), ..impatient }).await.unwrap_err();
    assert!(matches!(down, NotSent::Line { .. }) && down.may_pass(), "{down:?}");
}

#[tokio::test]
async fn mail_in_clear_off_this_machine_and_to_link_local_addresses_is_never_sent() {
    let somewhere = |host: &str, security| MailChannel {
        host: host.to_owned(),
        port: 25,
        security,
        private: PrivateAddresses::Allowed,
        authorities: None,
        login: None,
        from: MailAddress::new("tenure@example.com").unwrap(),
        patience: Duration::from_secs(5),
    };
    let clear = somewhere("mail.example.com", MailSecurity::Plain).check().unwrap_err();
    assert!(matches!(&clear, NotSent::Settings { why } if why.contains("encrypted")), "{clear:?}");
    assert!(somewhere("localhost", MailSecurity::Plain).check().is_ok());
    assert!(somewhere("mail.example.com", MailSecurity::StartTls).check().is_ok());
    for bad in ["", "mail example.com", "mail.example.com\r\n", "asha@mail.example.com"] {
        assert!(somewhere(bad, MailSecurity::Tls).check().is_err(), "{bad:?}");
    }
    let metadata = send(&somewhere("169.254.169.254", MailSecurity::StartTls)).await.unwrap_err();
    assert!(matches!(metadata, NotSent::Address(NotReachable::Never { .. })), "{metadata:?}");
    assert!(!metadata.may_pass());
}
