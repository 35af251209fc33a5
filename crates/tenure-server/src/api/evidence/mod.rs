//! The evidence log, for people and for files that verify offline.

pub(super) mod cosign;
pub(super) mod cosigned;
pub(super) mod entries;
pub(super) mod export;
pub(super) mod status;

use axum::response::IntoResponse;
use http::{HeaderName, header};

/// Bytes offered as a file. `name` is made of letters, digits, `-` and `.` only.
pub(super) fn as_file(name: &str, bytes: Vec<u8>) -> impl IntoResponse + use<> {
    let headers: [(HeaderName, String); 2] = [
        (header::CONTENT_TYPE, String::from("application/octet-stream")),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, bytes)
}
