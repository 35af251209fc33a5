//! Values and rows as both databases understand them: whole numbers, text and bytes.
//!
//! Booleans are 0 or 1, instants microseconds, JSON is text, ids are hyphenated text.

use crate::StoreFailure;
use std::str::FromStr;
use tenure_model::Instant;

/// A value bound to a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Absent.
    Null,
    /// A whole number, a boolean (0, 1) or an instant in microseconds.
    Number(i64),
    /// Text without NUL.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}
impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(i64::from(number))
    }
}
impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Number(i64::from(flag))
    }
}
impl From<Instant> for Value {
    fn from(at: Instant) -> Self {
        Self::Number(at.as_micros())
    }
}
impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}
impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Binds anything that prints as its stable name (ids, nouns) as text.
pub(crate) fn named(value: impl std::fmt::Display) -> Value {
    Value::Text(value.to_string())
}

/// Binds JSON text.
pub(crate) fn json<T: serde::Serialize>(value: &T) -> Result<Value, StoreFailure> {
    serde_json::to_string(value)
        .map(Value::Text)
        .map_err(|error| StoreFailure::Shape { table: "json", why: error.to_string() })
}

/// One row of an answer.
pub struct Row<'row> {
    pub(crate) inner: RowOf<'row>,
    pub(crate) table: &'static str,
}

pub(crate) enum RowOf<'row> {
    Sqlite(&'row rusqlite::Row<'row>),
    Postgres(&'row postgres::Row),
}

impl Row<'_> {
    fn shape(&self, why: impl std::fmt::Display) -> StoreFailure {
        StoreFailure::Shape { table: self.table, why: why.to_string() }
    }

    /// A whole number or nothing.
    pub fn opt_number(&self, column: usize) -> Result<Option<i64>, StoreFailure> {
        match self.inner {
            RowOf::Sqlite(row) => row.get(column).map_err(|error| self.shape(error)),
            RowOf::Postgres(row) => row.try_get(column).map_err(|error| self.shape(error)),
        }
    }

    /// A whole number.
    pub fn number(&self, column: usize) -> Result<i64, StoreFailure> {
        self.opt_number(column)?.ok_or_else(|| self.shape(format!("column {column} is empty")))
    }

    /// A whole number that fits 32 bits.
    pub fn small(&self, column: usize) -> Result<u32, StoreFailure> {
        u32::try_from(self.number(column)?).map_err(|error| self.shape(error))
    }

    /// A boolean.
    pub fn flag(&self, column: usize) -> Result<bool, StoreFailure> {
        Ok(self.number(column)? != 0)
    }

    /// An instant or nothing.
    pub fn opt_instant(&self, column: usize) -> Result<Option<Instant>, StoreFailure> {
        Ok(self.opt_number(column)?.map(Instant::from_micros))
    }

    /// An instant.
    pub fn instant(&self, column: usize) -> Result<Instant, StoreFailure> {
        self.number(column).map(Instant::from_micros)
    }

    /// Text or nothing.
    pub fn opt_text(&self, column: usize) -> Result<Option<String>, StoreFailure> {
        match self.inner {
            RowOf::Sqlite(row) => row.get(column).map_err(|error| self.shape(error)),
            RowOf::Postgres(row) => row.try_get(column).map_err(|error| self.shape(error)),
        }
    }

    /// Text.
    pub fn text(&self, column: usize) -> Result<String, StoreFailure> {
        self.opt_text(column)?.ok_or_else(|| self.shape(format!("column {column} is empty")))
    }

    /// Text, only looked at.
    pub fn text_ref(&self, column: usize) -> Result<&str, StoreFailure> {
        match self.inner {
            RowOf::Sqlite(row) => row
                .get_ref(column)
                .map_err(|error| self.shape(error))?
                .as_str()
                .map_err(|error| self.shape(error)),
            RowOf::Postgres(row) => row.try_get(column).map_err(|error| self.shape(error)),
        }
    }

    /// Bytes or nothing.
    pub fn opt_bytes(&self, column: usize) -> Result<Option<Vec<u8>>, StoreFailure> {
        match self.inner {
            RowOf::Sqlite(row) => row.get(column).map_err(|error| self.shape(error)),
            RowOf::Postgres(row) => row.try_get(column).map_err(|error| self.shape(error)),
        }
    }

    /// Bytes.
    pub fn bytes(&self, column: usize) -> Result<Vec<u8>, StoreFailure> {
        self.opt_bytes(column)?.ok_or_else(|| self.shape(format!("column {column} is empty")))
    }

    /// Anything that parses from its stable name.
    pub fn parsed<T: FromStr<Err: std::fmt::Display>>(&self, column: usize) -> Result<T, StoreFailure> {
        self.text(column)?.parse().map_err(|error| self.shape(error))
    }

    /// Anything that parses from its stable name, or nothing.
    pub fn opt_parsed<T: FromStr<Err: std::fmt::Display>>(
        &self,
        column: usize,
    ) -> Result<Option<T>, StoreFailure> {
        self.opt_text(column)?.map(|text| text.parse().map_err(|error| self.shape(error))).transpose()
    }

    /// Anything kept as JSON, or nothing.
    pub fn opt_json<T: serde::de::DeserializeOwned>(&self, column: usize) -> Result<Option<T>, StoreFailure> {
        self.opt_text(column)?
            .map(|text| serde_json::from_str(&text).map_err(|error| self.shape(error)))
            .transpose()
    }

    /// Anything kept as JSON.
    pub fn json<T: serde::de::DeserializeOwned>(&self, column: usize) -> Result<T, StoreFailure> {
        serde_json::from_str(&self.text(column)?).map_err(|error| self.shape(error))
    }
}
