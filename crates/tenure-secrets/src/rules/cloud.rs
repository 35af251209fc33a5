//! AWS, Azure, Google Cloud, DigitalOcean, Kubernetes.

use crate::rule::{Check, Confidence, Rule};

pub(super) const RULES: &[Rule] = &[
    // Four letters say the kind, sixteen of base32 follow; the first forty bits behind the generation bit are
    // the account.
    Rule::prefixed("aws_access_key_id", "AWS access key id", &["akia", "asia"], r"((?:AKIA|ASIA)[A-Z2-7]{16})", 4)
        .checked(Check::AwsKeyId),
    Rule::prefixed(
        "aws_secret_access_key",
        "AWS secret access key",
        &["secret_access_key", "secretaccesskey", "aws_secret_key", "secret-access-key"],
        r#"(?i:[a-z_-]+)["']?\s{0,4}(?:=|:|=>)\s{0,4}["']?([A-Za-z0-9/+]{40})(?:["'\s,;]|\z)"#,
        0,
    )
    .checked(Check::AwsSecret)
    .entropy(400)
    .sure(Confidence::High),
    Rule::prefixed(
        "azure_client_secret",
        "Azure client secret",
        &["q~"],
        r"([A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34})",
        0,
    )
    .beginning_before(4)
    .entropy(380),
    Rule::prefixed(
        "azure_storage_key",
        "Azure storage account key",
        &["accountkey"],
        r"(?i:AccountKey)\s{0,2}=\s{0,2}([A-Za-z0-9/+]{86}==)",
        0,
    )
    .checked(Check::Base64Of64)
    .entropy(400),
    Rule::prefixed("google_api_key", "Google API key", &["aiza"], r"(AIza[A-Za-z0-9_-]{35})", 4).entropy(350),
    Rule::prefixed(
        "google_oauth_client_secret",
        "Google OAuth client secret",
        &["gocspx-"],
        r"(GOCSPX-[A-Za-z0-9_-]{28})",
        7,
    )
    .entropy(350),
    Rule::prefixed(
        "gcp_service_account_key",
        "Google Cloud service account key",
        &["\"service_account\""],
        r#""service_account"[^{}]{0,600}"private_key"\s{0,4}:\s{0,4}"(-----BEGIN PRIVATE KEY-----[A-Za-z0-9+/=\\n\s-]{100,6000}-----END PRIVATE KEY-----(?:\\n)?)""#,
        0,
    )
    .checked(Check::PrivateKeyPem)
    .within(8_192),
    Rule::prefixed(
        "digitalocean_token",
        "DigitalOcean token",
        &["dop_v1_", "doo_v1_", "dor_v1_"],
        r"(do[opr]_v1_[a-f0-9]{64})",
        7,
    ),
    Rule::prefixed(
        "kubernetes_service_account_token",
        "Kubernetes service account token",
        &["eyj"],
        r"(eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,6000}\.[A-Za-z0-9_-]{20,1500})",
        0,
    )
    .checked(Check::KubernetesJwt)
    .within(10_240),
    Rule::prefixed(
        "kubeconfig_client_key",
        "client key in a kubeconfig",
        &["client-key-data"],
        r#"client-key-data["']?\s{0,4}:\s{0,4}["']?([A-Za-z0-9+/]{100,8000}={0,2})"#,
        0,
    )
    .checked(Check::Base64Pem)
    .within(9_216),
    Rule::prefixed(
        "docker_registry_login",
        "container registry login",
        &["\"auth\""],
        r#""auth"\s{0,4}:\s{0,4}"([A-Za-z0-9+/]{8,2000}={0,2})""#,
        0,
    )
    .checked(Check::BasicLogin)
    .entropy(250)
    .within(2_304),
];
