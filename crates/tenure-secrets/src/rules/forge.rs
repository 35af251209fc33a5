//! Where code and packages live: GitHub, GitLab, npm, PyPI, crates.io, Docker Hub and others.

use crate::rule::{Check, Confidence, Rule};

pub(super) const RULES: &[Rule] = &[
    Rule::prefixed(
        "github_token",
        "GitHub personal access token (classic)",
        &["ghp_"],
        r"(ghp_[A-Za-z0-9]{36})",
        4,
    )
    .checked(Check::Crc32Base62),
    Rule::prefixed(
        "github_app_token",
        "GitHub OAuth, app or refresh token",
        &["gho_", "ghu_", "ghs_", "ghr_"],
        r"(gh[ousr]_[A-Za-z0-9]{36})",
        4,
    )
    .checked(Check::Crc32Base62),
    Rule::prefixed(
        "github_fine_grained_token",
        "GitHub personal access token (fine-grained)",
        &["github_pat_"],
        r"(github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})",
        11,
    )
    .entropy(400),
    Rule::prefixed(
        "gitlab_token",
        "GitLab access token",
        &["glpat-"],
        r"(glpat-(?:[A-Za-z0-9_-]{27,300}\.[0-9a-z]{2}(?:\.[0-9a-z]{2})?[0-9a-z]{7}|[A-Za-z0-9_-]{20}))",
        6,
    ),
    Rule::prefixed(
        "gitlab_other_token",
        "GitLab deploy, runner, trigger or agent token",
        &["gldt-", "glrt-", "glptt-", "glagent-", "glcbt-", "glimt-", "glsoat-", "gloas-"],
        r"((?:gldt|glrt|glptt|glagent|glcbt|glimt|glsoat|gloas)-[A-Za-z0-9_-]{20,70})",
        5,
    ),
    Rule::prefixed("npm_token", "npm access token", &["npm_"], r"(npm_[A-Za-z0-9]{36})", 4)
        .checked(Check::Crc32Base62),
    Rule::prefixed(
        "pypi_token",
        "Python package index token",
        &["pypi-ag"],
        r"(pypi-Ag[A-Za-z0-9_-]{50,1000})",
        5,
    )
    .checked(Check::PypiMacaroon)
    .within(1_100),
    Rule::prefixed("crates_io_token", "crates.io token", &["cio"], r"(cio[A-Za-z0-9]{32})", 3)
        .entropy(400)
        .sure(Confidence::Medium),
    Rule::prefixed(
        "docker_hub_token",
        "Docker Hub token",
        &["dckr_pat_", "dckr_oat_"],
        r"(dckr_[po]at_[A-Za-z0-9_-]{27,36})",
        9,
    ),
    Rule::prefixed("rubygems_key", "RubyGems API key", &["rubygems_"], r"(rubygems_[a-f0-9]{48})", 9),
    Rule::prefixed(
        "atlassian_token",
        "Atlassian API token",
        &["atatt3"],
        r"(ATATT3[A-Za-z0-9_=-]{180,200})",
        6,
    )
    .entropy(400),
];
