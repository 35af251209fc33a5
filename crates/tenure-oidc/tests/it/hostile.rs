//! A provider of our own that lies in exactly one way, or not at all. On a loopback port, ended with its value.
//!
//! Everything it does when it is honest is what a provider must do; each lie is one field of `Play`. It signs with real
//! keys of every kind. Never used outside tests. Next: `attacks.rs`.

use aws_lc_rs::{
    digest, hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
        RSA_PSS_SHA256, RsaKeyPair,
    },
};
use axum::{
    Form, Json, Router,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

/// The client that is known here.
pub(crate) const CLIENT: &str = "tenure";
/// Its secret.
pub(crate) const SECRET: &str = "a secret: with ÷ and %";

/// Changes a document on its way out.
pub(crate) type Tamper = Arc<dyn Fn(&mut Value) + Send + Sync>;

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signing {
    Rs256,
    Ps256,
    Es256,
    EdDsa,
    /// With a key that is not listed, under the id of one that is.
    Stranger,
    /// `none`.
    Nothing,
    /// HS256 with the client's secret.
    ClientSecret,
    /// HS256 with the public RSA key, which everybody has.
    PublicKey,
}

/// How keys are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listing {
    All,
    /// Without the one that signs, the first time.
    NotYet,
    /// Never the one that signs.
    Never,
    /// More than anybody reads.
    Endless,
    /// It never answers.
    Silent,
}

/// What is played.
#[derive(Clone)]
pub(crate) struct Play {
    pub(crate) metadata: Tamper,
    pub(crate) header: Tamper,
    pub(crate) claims: Tamper,
    pub(crate) signing: Signing,
    pub(crate) listing: Listing,
    /// What the answer in the browser says of who gives it.
    pub(crate) answers_as: fn(&str) -> Option<String>,
    pub(crate) redirects: bool,
    pub(crate) subject: &'static str,
    /// Seconds since 1970; nothing for the machine's clock.
    pub(crate) time: Option<u64>,
}

impl Default for Play {
    fn default() -> Self {
        let honest: Tamper = Arc::new(|_| {});
        Self {
            metadata: Arc::clone(&honest),
            header: Arc::clone(&honest),
            claims: honest,
            signing: Signing::Es256,
            listing: Listing::All,
            answers_as: |issuer| Some(issuer.to_owned()),
            redirects: false,
            subject: "subject-1",
            time: None,
        }
    }
}

/// Sets one claim or field.
pub(crate) fn with(name: &'static str, value: Value) -> Tamper {
    Arc::new(move |document| document[name] = value.clone())
}

/// Leaves one out.
pub(crate) fn without(name: &'static str) -> Tamper {
    Arc::new(move |document| drop(document.as_object_mut().unwrap().remove(name)))
}

struct Rings {
    rsa: RsaKeyPair,
    p256: EcdsaKeyPair,
    stranger: EcdsaKeyPair,
    ed: Ed25519KeyPair,
}

struct Inner {
    issuer: String,
    play: Mutex<Play>,
    rings: Rings,
    /// Codes that were given out, with what they were asked with.
    codes: Mutex<HashMap<String, HashMap<String, String>>>,
    listed: Mutex<u32>,
    given: Mutex<u32>,
}

/// A provider that runs.
pub(crate) struct Hostile {
    inner: Arc<Inner>,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Hostile {
    pub(crate) async fn begin(play: Play) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let rings = Rings {
            rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            p256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            stranger: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            ed: Ed25519KeyPair::generate().unwrap(),
        };
        let inner = Arc::new(Inner {
            issuer,
            play: Mutex::new(play),
            rings,
            codes: Mutex::default(),
            listed: Mutex::default(),
            given: Mutex::default(),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/elsewhere", get(document))
            .route("/keys", get(keys))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .with_state(Arc::clone(&inner));
        let serving = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Self { inner, serving }
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.inner.issuer
    }

    /// Goes on in another way.
    #[allow(dead_code, reason = "not every test that includes this file changes its mind")]
    pub(crate) fn play(&self, play: Play) {
        *self.inner.play.lock().unwrap() = play;
    }

    /// Signs somebody in as a browser that was sent to `address` would, and answers the fields it brings back.
    pub(crate) fn visit(&self, address: &str) -> HashMap<String, String> {
        let query = address.split_once('?').unwrap().1;
        let fields = query.split('&').filter_map(|pair| pair.split_once('='));
        let plain =
            |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
        self.inner.answer(fields.map(|(name, value)| (plain(name), plain(value))).collect())
    }
}

impl Inner {
    fn answer(&self, asked: HashMap<String, String>) -> HashMap<String, String> {
        let mut given = self.given.lock().unwrap();
        *given += 1;
        let code = format!("code-{given}");
        let mut answer = HashMap::from([
            (String::from("code"), code.clone()),
            (String::from("state"), asked["state"].clone()),
        ]);
        if let Some(issuer) = (self.play.lock().unwrap().answers_as)(&self.issuer) {
            answer.insert(String::from("iss"), issuer);
        }
        self.codes.lock().unwrap().insert(code, asked);
        answer
    }

    fn id_token(&self, asked: &HashMap<String, String>) -> String {
        let play = self.play.lock().unwrap().clone();
        let machine = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let now = play.time.unwrap_or(machine.as_secs());
        let mut claims = json!({
            "iss": self.issuer, "sub": play.subject, "aud": CLIENT, "exp": now + 300, "iat": now,
            "nonce": asked["nonce"], "auth_time": now, "email": "ada@example.com", "email_verified": true,
        });
        (play.claims)(&mut claims);
        let (algorithm, id) = match play.signing {
            Signing::Rs256 => ("RS256", "rsa"),
            Signing::Ps256 => ("PS256", "rsa"),
            Signing::Es256 | Signing::Stranger => ("ES256", "p256"),
            Signing::EdDsa => ("EdDSA", "ed"),
            Signing::Nothing => ("none", "rsa"),
            Signing::ClientSecret | Signing::PublicKey => ("HS256", "rsa"),
        };
        let mut header = json!({ "alg": algorithm, "kid": id, "typ": "JWT" });
        (play.header)(&mut header);
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = self.rings.sign(play.signing, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl Rings {
    fn sign(&self, signing: Signing, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let shared =
            |key: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec();
        let mut signature = vec![0; self.rsa.public_modulus_len()];
        match signing {
            Signing::Rs256 => self.rsa.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap(),
            Signing::Ps256 => self.rsa.sign(&RSA_PSS_SHA256, &random, message, &mut signature).unwrap(),
            Signing::Es256 => return self.p256.sign(&random, message).unwrap().as_ref().to_vec(),
            Signing::Stranger => return self.stranger.sign(&random, message).unwrap().as_ref().to_vec(),
            Signing::EdDsa => return self.ed.sign(message).as_ref().to_vec(),
            Signing::Nothing => return Vec::new(),
            Signing::ClientSecret => return shared(SECRET.as_bytes()),
            Signing::PublicKey => return shared(self.rsa.public_key().as_ref()),
        }
        signature
    }

    fn listed(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        // SEQUENCE { INTEGER n, INTEGER e } of 2048 bits (RFC 8017, appendix A.1.1).
        let rsa = self.rsa.public_key().as_ref();
        let point = self.p256.public_key().as_ref();
        json!({ "keys": [
            { "kty": "RSA", "kid": "rsa", "use": "sig", "n": text(&rsa[9..265]), "e": text(&rsa[267..]) },
            { "kty": "EC", "crv": "P-256", "kid": "p256", "alg": "ES256", "x": text(&point[1..33]), "y": text(&point[33..]) },
            { "kty": "OKP", "crv": "Ed25519", "kid": "ed", "use": "sig", "x": text(self.ed.public_key().as_ref()) },
            { "kty": "EC", "crv": "P-521", "kid": "not known here" },
            { "kty": "RSA", "kid": "for encryption", "use": "enc", "n": text(&rsa[9..265]), "e": "AQAB" },
            "no key at all",
        ] })
    }
}

type Shared = State<Arc<Inner>>;

async fn metadata(State(inner): Shared) -> Response {
    if inner.play.lock().unwrap().redirects {
        return (StatusCode::FOUND, [(header::LOCATION, "/elsewhere")]).into_response();
    }
    document(State(inner)).await
}

async fn document(State(inner): Shared) -> Response {
    let issuer = &inner.issuer;
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "authorization_response_iss_parameter_supported": true,
    });
    (inner.play.lock().unwrap().metadata)(&mut document);
    Json(document).into_response()
}

async fn keys(State(inner): Shared) -> Response {
    let listing = inner.play.lock().unwrap().listing;
    let first = {
        let mut listed = inner.listed.lock().unwrap();
        *listed += 1;
        *listed == 1
    };
    let mut document = inner.rings.listed();
    match listing {
        Listing::NotYet if !first => {}
        Listing::NotYet | Listing::Never => {
            document["keys"].as_array_mut().unwrap().retain(|key| key["kid"] != "p256");
        }
        Listing::Endless => document["filling"] = Value::from("x".repeat(1024 * 1024)),
        Listing::Silent => std::future::pending::<()>().await,
        Listing::All => {}
    }
    Json(document).into_response()
}

/// Somebody is signed in here already: the browser goes straight back.
async fn authorize(State(inner): Shared, Query(asked): Query<HashMap<String, String>>) -> Response {
    let back = asked["redirect_uri"].clone();
    let answer = inner.answer(asked);
    let encoded = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let fields: Vec<String> =
        answer.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    (StatusCode::SEE_OTHER, [(header::LOCATION, format!("{back}?{}", fields.join("&")))]).into_response()
}

async fn token(
    State(inner): Shared,
    headers: axum::http::HeaderMap,
    Form(sent): Form<HashMap<String, String>>,
) -> Response {
    let refused = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response();
    let encoded = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let joined = format!("{CLIENT}:{}", encoded(SECRET));
    let basic = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(joined));
    let by_header = headers.get("authorization").is_some_and(|given| given.as_bytes() == basic.as_bytes());
    if !by_header && sent.get("client_secret").map(String::as_str) != Some(SECRET) {
        return refused("invalid_client");
    }
    let code = sent.get("code").and_then(|code| inner.codes.lock().unwrap().remove(code));
    let Some(asked) = code else { return refused("invalid_grant") };
    let challenge = digest::digest(&digest::SHA256, sent["code_verifier"].as_bytes());
    if asked["code_challenge"] != URL_SAFE_NO_PAD.encode(challenge)
        || asked["redirect_uri"] != sent["redirect_uri"]
    {
        return refused("invalid_grant");
    }
    Json(json!({ "access_token": "x", "token_type": "Bearer", "id_token": inner.id_token(&asked) }))
        .into_response()
}
