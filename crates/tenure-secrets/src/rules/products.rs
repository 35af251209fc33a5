//! Products that others are built on: chat, payment, mail, monitoring.

use crate::rule::{Confidence, Rule};

pub(super) const RULES: &[Rule] = &[
    Rule::prefixed(
        "slack_token",
        "Slack token",
        &["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-"],
        r"(xox[bpars]-[0-9]{8,14}-[0-9A-Za-z-]{20,100})",
        5,
    ),
    Rule::prefixed(
        "slack_app_token",
        "Slack app-level token",
        &["xapp-"],
        r"(xapp-[0-9]-[A-Z0-9]{8,14}-[0-9]{8,16}-[a-f0-9]{60,70})",
        5,
    ),
    Rule::prefixed(
        "slack_webhook",
        "Slack webhook address",
        &["hooks.slack.com/"],
        r"(hooks\.slack\.com/(?:services|workflows|triggers)/T[A-Z0-9]{7,12}/[A-Z0-9]{8,14}/[A-Za-z0-9]{18,30})",
        0,
    ),
    Rule::prefixed(
        "stripe_key",
        "Stripe secret or restricted key",
        &["sk_live_", "rk_live_", "sk_test_", "rk_test_"],
        r"([sr]k_(?:live|test)_[A-Za-z0-9]{24,250})",
        8,
    )
    .entropy(350),
    Rule::prefixed(
        "sendgrid_key",
        "SendGrid API key",
        &["sg."],
        r"(SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43})",
        3,
    )
    .entropy(400),
    Rule::prefixed(
        "grafana_token",
        "Grafana service account token",
        &["glsa_"],
        r"(glsa_[A-Za-z0-9]{32}_[a-f0-9]{8})",
        5,
    ),
    Rule::prefixed("databricks_token", "Databricks token", &["dapi"], r"(dapi[a-f0-9]{32}(?:-[0-9])?)", 4),
    Rule::prefixed(
        "tailscale_key",
        "Tailscale key",
        &["tskey-"],
        r"(tskey-(?:auth|api|client|scim|webhook)-[A-Za-z0-9]{8,24}-[A-Za-z0-9]{20,48})",
        6,
    ),
    Rule::prefixed(
        "shopify_token",
        "Shopify token",
        &["shpat_", "shpss_", "shpca_"],
        r"(shp(?:at|ss|ca)_[a-fA-F0-9]{32})",
        6,
    ),
    Rule::prefixed("linear_key", "Linear API key", &["lin_api_"], r"(lin_api_[A-Za-z0-9]{40})", 8)
        .entropy(350),
    Rule::prefixed("postman_key", "Postman API key", &["pmak-"], r"(PMAK-[a-f0-9]{24}-[a-f0-9]{34})", 5),
    Rule::prefixed("new_relic_key", "New Relic user key", &["nrak-"], r"(NRAK-[A-Z0-9]{27})", 5),
    Rule::prefixed(
        "telegram_bot_token",
        "Telegram bot token",
        &[":aa"],
        r"([0-9]{9}:AA[A-Za-z0-9_-]{33})",
        0,
    )
    .beginning_before(9)
    .entropy(400)
    .sure(Confidence::Medium),
];
