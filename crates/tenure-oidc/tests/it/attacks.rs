//! Each lie of a provider is refused by its own reason, and the same sign-in without the lie is let in.
//!
//! Nothing here waits for a clock: who must be too slow never answers at all. Next: `hostile.rs`, the provider.

use crate::hostile::{CLIENT, Hostile, Listing, Play, SECRET, Signing, Tamper, with, without};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tenure_model::{Instant, Secret};
use tenure_oidc::{
    Address, CallLimits, Drawn, Freshness, OidcRefused, Provider, ProviderOptions, Returned, SignedIn,
};

fn now() -> Instant {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Instant::from_micros(i64::try_from(since.as_micros()).unwrap())
}

fn drawn(state: &str) -> Drawn {
    let secret = |text: String| Secret::new(text);
    Drawn {
        state: secret(state.to_owned()),
        nonce: secret(format!("nonce-of-{state}")),
        verifier: secret(format!("{state:v<50}")),
    }
}

fn provider_at(issuer: &str, secret: &str) -> Provider {
    Provider::new(ProviderOptions {
        issuer: Address::plain(issuer).unwrap(),
        client_id: CLIENT.to_owned(),
        client_secret: Secret::new(secret.to_owned()),
        redirect_uri: String::from("http://127.0.0.1:8420/sign-in/back"),
        authorities: Vec::new(),
        // Short for those who never answer; who answers does it within a fraction.
        limits: CallLimits { deadline: Duration::from_secs(2), ..CallLimits::default() },
    })
}

async fn signs_in(hostile: &Hostile, freshness: Freshness) -> Result<SignedIn, OidcRefused> {
    let provider = provider_at(hostile.issuer(), SECRET);
    let (drawn, begun) = (drawn("one"), now());
    let address = provider.begin(&drawn, freshness, begun).await?;
    let back = hostile.visit(&address);
    let returned = Returned { code: Secret::new(back["code"].clone()), issuer: back.get("iss").cloned() };
    provider.finish(&drawn, returned, (freshness, begun), now()).await
}

async fn played(play: Play) -> Result<SignedIn, OidcRefused> {
    signs_in(&Hostile::begin(play).await, Freshness::Any).await
}

fn seconds_from_now(seconds: i64) -> Value {
    json!(now().as_micros() / 1_000_000 + seconds)
}

fn claims(claims: Tamper) -> Play {
    Play { claims, ..Play::default() }
}

fn metadata(metadata: Tamper) -> Play {
    Play { metadata, ..Play::default() }
}

fn header(header: Tamper) -> Play {
    Play { header, ..Play::default() }
}

#[tokio::test]
async fn an_honest_provider_signs_in_with_every_algorithm_that_is_believed() {
    for signing in [Signing::Rs256, Signing::Ps256, Signing::Es256, Signing::EdDsa] {
        let signed_in = played(Play { signing, ..Play::default() }).await.unwrap();
        assert_eq!(
            (signed_in.subject.as_str(), signed_in.verified_email.as_deref()),
            ("subject-1", Some("ada@example.com"))
        );
        assert!(signed_in.authenticated.is_some(), "{signing:?}");
    }
}

#[tokio::test]
async fn a_token_that_is_not_signed_by_a_key_of_the_provider_is_refused() {
    let signing = async |signing| played(Play { signing, ..Play::default() }).await.unwrap_err();
    assert_eq!(signing(Signing::Nothing).await, OidcRefused::Algorithm);
    assert_eq!(signing(Signing::ClientSecret).await, OidcRefused::Algorithm);
    assert_eq!(signing(Signing::PublicKey).await, OidcRefused::Algorithm);
    assert_eq!(signing(Signing::Stranger).await, OidcRefused::Signature);
    for (name, refusal) in [("none", OidcRefused::Algorithm), ("RS384", OidcRefused::Algorithm)] {
        assert_eq!(played(header(with("alg", json!(name)))).await, Err(refusal), "{name}");
    }
    // The key that is named is of another kind than the algorithm.
    assert_eq!(played(header(with("kid", json!("rsa")))).await, Err(OidcRefused::UnknownKey));
    assert_eq!(played(header(with("alg", json!("EdDSA")))).await, Err(OidcRefused::UnknownKey));
    assert_eq!(played(header(with("crit", json!(["exp"])))).await, Err(OidcRefused::Critical));
    // Without an id there is only one key that fits, so that is the one.
    assert!(played(header(without("kid"))).await.is_ok());
}

#[tokio::test]
async fn a_token_about_something_else_is_refused_by_its_own_reason() {
    let rows: Vec<(&str, Tamper, Option<OidcRefused>)> = vec![
        ("iss", with("iss", json!("https://id.example.com")), Some(OidcRefused::TokenIssuer)),
        ("aud", with("aud", json!("another")), Some(OidcRefused::Audience)),
        ("aud", with("aud", json!([])), Some(OidcRefused::Audience)),
        ("aud", with("aud", json!(["another"])), Some(OidcRefused::Audience)),
        ("aud", with("aud", json!([CLIENT])), None),
        ("aud without azp", with("aud", json!([CLIENT, "another"])), Some(OidcRefused::Party)),
        ("azp", with("azp", json!("another")), Some(OidcRefused::Party)),
        ("azp", with("azp", json!(CLIENT)), None),
        ("exp", with("exp", seconds_from_now(-120)), Some(OidcRefused::Expired)),
        ("exp, clocks apart", with("exp", seconds_from_now(-30)), None),
        ("exp", without("exp"), Some(OidcRefused::NotAToken)),
        ("exp", with("exp", json!(1e300)), Some(OidcRefused::NotAToken)),
        ("iat", with("iat", seconds_from_now(120)), Some(OidcRefused::IssuedAt)),
        ("iat", with("iat", seconds_from_now(-1_200)), Some(OidcRefused::IssuedAt)),
        ("nonce", with("nonce", json!("nonce-of-another")), Some(OidcRefused::Nonce)),
        ("nonce", without("nonce"), Some(OidcRefused::Nonce)),
        ("sub", with("sub", json!("")), Some(OidcRefused::Subject)),
        ("sub", with("sub", json!("x".repeat(256))), Some(OidcRefused::Subject)),
        ("sub", without("sub"), Some(OidcRefused::NotAToken)),
    ];
    for (what, tamper, refusal) in rows {
        assert_eq!(played(claims(tamper)).await.err(), refusal, "{what}");
    }
}

#[tokio::test]
async fn an_address_counts_only_when_the_provider_says_in_so_many_words_that_it_verified_it() {
    let email = async |tamper| played(claims(tamper)).await.unwrap().verified_email;
    assert_eq!(email(with("email_verified", json!(true))).await.as_deref(), Some("ada@example.com"));
    assert_eq!(email(with("email_verified", json!(false))).await, None);
    assert_eq!(email(with("email_verified", json!("true"))).await, None);
    assert_eq!(email(without("email_verified")).await, None);
}

#[tokio::test]
async fn a_description_that_is_not_of_this_issuer_or_too_weak_is_refused() {
    let refused = async |tamper: Tamper| played(metadata(tamper)).await.unwrap_err().to_string();
    let mut rows = vec![
        refused(with("issuer", json!("https://id.example.com"))).await,
        refused(with("code_challenge_methods_supported", json!(["plain"]))).await,
        refused(without("code_challenge_methods_supported")).await,
        refused(with("response_types_supported", json!(["id_token"]))).await,
        refused(with("token_endpoint", json!("http://id.example.com/token"))).await,
        refused(with("jwks_uri", json!("file:///etc/passwd"))).await,
        refused(with("authorization_endpoint", json!("javascript:alert(1)"))).await,
        refused(with("jwks_uri", json!("https://192.0.2.7@127.0.0.1/"))).await,
        refused(with("jwks_uri", json!("https://169.254.169.254/latest/meta-data"))).await,
        refused(without("token_endpoint")).await,
    ];
    rows.push(played(Play { redirects: true, ..Play::default() }).await.unwrap_err().to_string());
    // With another spelling of its name it is another one.
    let honest = Hostile::begin(Play::default()).await;
    let spelled = provider_at(&format!("{}/", honest.issuer()), SECRET);
    rows.push(spelled.begin(&drawn("x"), Freshness::Any, now()).await.unwrap_err().to_string());
    insta::assert_snapshot!(rows.join("\n"));
}

#[tokio::test]
async fn keys_are_fetched_once_more_for_one_that_is_not_known_and_never_without_end() {
    let listing = async |listing| played(Play { listing, ..Play::default() }).await;
    assert!(listing(Listing::NotYet).await.is_ok(), "a new key is found");
    assert_eq!(listing(Listing::Never).await, Err(OidcRefused::UnknownKey));
    assert_eq!(listing(Listing::Endless).await, Err(OidcRefused::TooLarge));
    assert_eq!(listing(Listing::Silent).await, Err(OidcRefused::TooSlow));
}

#[tokio::test]
async fn an_answer_of_another_provider_is_not_taken_to_this_one() {
    let answers_as = async |answers_as| played(Play { answers_as, ..Play::default() }).await;
    assert_eq!(answers_as(|_| Some(String::from("https://evil.example"))).await, Err(OidcRefused::MixUp));
    assert_eq!(answers_as(|_| None).await, Err(OidcRefused::NoIssuerInAnswer));
    // A provider that never says it is taken as it is.
    let silent = Play {
        metadata: without("authorization_response_iss_parameter_supported"),
        answers_as: |_| None,
        ..Play::default()
    };
    assert!(played(silent).await.is_ok());
}

#[tokio::test]
async fn a_code_works_once_for_whoever_asked_and_with_the_right_secret() {
    let hostile = Hostile::begin(Play::default()).await;
    let provider = provider_at(hostile.issuer(), SECRET);
    let (first, begun) = (drawn("first"), now());
    let back = hostile.visit(&provider.begin(&first, Freshness::Any, begun).await.unwrap());
    let finish = async |provider: &Provider, drawn: &Drawn, code: &str| {
        let returned =
            Returned { code: Secret::new(code.to_owned()), issuer: Some(hostile.issuer().to_owned()) };
        provider.finish(drawn, returned, (Freshness::Any, begun), now()).await
    };
    assert!(finish(&provider, &first, &back["code"]).await.is_ok());
    assert_eq!(finish(&provider, &first, &back["code"]).await, Err(OidcRefused::CodeRefused), "replayed");
    let stolen = hostile.visit(&provider.begin(&first, Freshness::Any, begun).await.unwrap());
    let other = finish(&provider, &drawn("second"), &stolen["code"]).await;
    assert_eq!(other, Err(OidcRefused::CodeRefused), "brought into another's sign-in");
    let wrong = provider_at(hostile.issuer(), "another secret");
    let back = hostile.visit(&wrong.begin(&first, Freshness::Any, begun).await.unwrap());
    assert_eq!(finish(&wrong, &first, &back["code"]).await, Err(OidcRefused::ClientRefused));
    // The same secret in the form, where the provider takes it only there.
    let form = with("token_endpoint_auth_methods_supported", json!(["client_secret_post"]));
    assert!(played(metadata(form)).await.is_ok());
}

#[tokio::test]
async fn who_must_sign_in_anew_did_so_by_the_providers_own_word() {
    let anew = async |claims: Tamper| {
        let hostile = Hostile::begin(Play { claims, ..Play::default() }).await;
        signs_in(&hostile, Freshness::Anew).await.map(drop)
    };
    assert_eq!(anew(Arc::new(|_| {})).await, Ok(()));
    assert_eq!(anew(with("auth_time", seconds_from_now(-600))).await, Err(OidcRefused::NotAnew));
    assert_eq!(anew(without("auth_time")).await, Err(OidcRefused::NotAnew));
    let provider = Hostile::begin(Play::default()).await;
    let asked = provider_at(provider.issuer(), SECRET);
    let address = async |freshness| asked.begin(&drawn("x"), freshness, now()).await.unwrap();
    assert!(address(Freshness::Anew).await.contains("&prompt=login&max_age=0"));
    assert!(!address(Freshness::Any).await.contains("prompt"));
}

#[tokio::test]
async fn where_a_browser_is_sent_holds_no_secret_and_asks_for_everything_that_is_checked() {
    let hostile = Hostile::begin(Play::default()).await;
    let provider = provider_at(hostile.issuer(), SECRET);
    let address = provider.begin(&drawn("one"), Freshness::Any, now()).await.unwrap();
    insta::assert_snapshot!(address.replace(hostile.issuer(), "ISSUER"));
}
