//! Private keys, signed tokens, and the tokens of secret stores.

use crate::rule::{Check, Confidence, Rule};

pub(super) const RULES: &[Rule] = &[
    Rule::prefixed(
        "private_key",
        "private key in PEM or OpenSSH format",
        &["-----begin "],
        r"(-----BEGIN (?:[A-Z0-9]{2,9} ){0,2}PRIVATE KEY-----[A-Za-z0-9+/=\\\s:,.-]{40,12000}?-----END (?:[A-Z0-9]{2,9} ){0,2}PRIVATE KEY-----)",
        0,
    )
    .checked(Check::PrivateKeyPem)
    .within(14_336),
    Rule::prefixed(
        "age_key",
        "age secret key",
        &["age-secret-key-1"],
        r"(AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58})",
        16,
    ),
    Rule::prefixed(
        "jwt",
        "JSON web token",
        &["eyj"],
        r"(eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,6000}\.[A-Za-z0-9_-]{20,1500})",
        0,
    )
    .checked(Check::Jwt)
    .within(10_240)
    .sure(Confidence::High),
    Rule::prefixed(
        "vault_token",
        "Vault token",
        &["hvs.", "hvb.", "hvr."],
        r"(hv[sbr]\.[A-Za-z0-9_-]{24,300})",
        4,
    )
    .entropy(350),
    // OpenBao, and Vault before 1.10, have no prefix that nobody else uses: only beside its name.
    Rule::prefixed(
        "openbao_token",
        "OpenBao or older Vault token",
        &["vault_token", "bao_token", "x-vault-token"],
        r#"(?i:vault_token|bao_token|x-vault-token)["']?\s{0,4}[=:]\s{0,4}["']?([sbr]\.[A-Za-z0-9]{24,120})"#,
        2,
    )
    .entropy(350),
    Rule::prefixed(
        "terraform_token",
        "Terraform Cloud token",
        &[".atlasv1."],
        r"([A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70})",
        0,
    )
    .beginning_before(14)
    .entropy(400),
    Rule::prefixed(
        "onepassword_service_token",
        "1Password service account token",
        &["ops_eyj"],
        r"(ops_eyJ[A-Za-z0-9+/]{250,1500}={0,3})",
        4,
    )
    .entropy(400)
    .within(1_600),
    Rule::prefixed(
        "doppler_token",
        "Doppler token",
        &["dp.pt.", "dp.st.", "dp.sa."],
        r"(dp\.(?:pt|st|sa)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44})",
        6,
    ),
];
