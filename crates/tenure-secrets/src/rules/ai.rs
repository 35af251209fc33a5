//! Keys for models.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[
    Rule::prefixed(
        "openai_key",
        "OpenAI API key",
        &["sk-"],
        r"(sk-(?:(?:proj|svcacct|admin|None)-)?[A-Za-z0-9_-]{20,100}T3BlbkFJ[A-Za-z0-9_-]{20,100})",
        3,
    )
    .entropy(400),
    Rule::prefixed(
        "anthropic_key",
        "Anthropic API key",
        &["sk-ant-"],
        r"(sk-ant-(?:api|admin)[0-9]{2}-[A-Za-z0-9_-]{93}AA)",
        7,
    )
    .entropy(400),
    Rule::prefixed(
        "anthropic_login_token",
        "Anthropic OAuth token",
        &["sk-ant-oat", "sk-ant-ort"],
        r"(sk-ant-o[ar]t[0-9]{2}-[A-Za-z0-9_-]{80,120})",
        7,
    )
    .entropy(400),
    Rule::prefixed("hugging_face_token", "Hugging Face token", &["hf_"], r"(hf_[A-Za-z]{34})", 3)
        .entropy(380),
    Rule::prefixed("groq_key", "Groq API key", &["gsk_"], r"(gsk_[A-Za-z0-9]{52})", 4).entropy(400),
    Rule::prefixed("xai_key", "xAI API key", &["xai-"], r"(xai-[A-Za-z0-9_]{80})", 4).entropy(400),
    Rule::prefixed("replicate_token", "Replicate API token", &["r8_"], r"(r8_[A-Za-z0-9]{37})", 3)
        .entropy(400),
    Rule::prefixed("perplexity_key", "Perplexity API key", &["pplx-"], r"(pplx-[A-Za-z0-9]{48})", 5)
        .entropy(400),
    Rule::prefixed("openrouter_key", "OpenRouter API key", &["sk-or-v1-"], r"(sk-or-v1-[a-f0-9]{64})", 9),
];
