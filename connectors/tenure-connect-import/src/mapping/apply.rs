//! From a row to what it claims, by a mapping. Pure but for fingerprints, which are taken at once.
//!
//! A row that is not wholly understood is left out wholly: half a claim is a wrong one. Messages name columns and
//! never values. Next: `read.rs`.

use super::{
    Choice, Column, CredentialOf, FactOf, Mapping, RightOf, Text, Texts,
    cell::{Cell, date},
};
use crate::{
    claim::{Claim, Desk},
    limits::PER_RECORD_MAX,
    trouble::Trouble,
};
use std::{borrow::Cow, collections::BTreeMap};
use tenure_model::{
    Fact, Facts, Observation, ObservedCredential, ObservedGrant, PrincipalKey, names, printable,
};

/// The domain of fingerprints of clear values, the same as of values that are found on machines: a value that a file
/// claims is known again where a copy of it lies.
pub(crate) const FINGERPRINT_DOMAIN: &str = "host-value";

/// A row: its line, and a cell for each column of the mapping.
pub(crate) struct Row<'row> {
    pub(crate) line: u64,
    pub(crate) cells: Vec<Cell<'row>>,
}

/// What a row claims.
pub(crate) fn apply(mapping: &Mapping, row: &Row<'_>, desk: &mut Desk<'_>) -> Result<Claim, Trouble> {
    let mut reader = RowReader { mapping, row, desk };
    let who = &mapping.principal;
    let key = reader.name(who.key)?;
    let name = match who.name {
        None => key.clone(),
        Some(column) => reader.name(column)?,
    };
    let kind = reader.required(&who.kind)?;
    let mut principal = reader.desk.principal(row.line, key, name, kind);
    principal.built_in = reader.choose(&who.built_in)?.unwrap_or(false);
    principal.facts.extend(reader.facts(&who.facts)?);
    let login = who.login.as_ref().map(|login| reader.choose(login)).transpose()?.flatten();
    let login = login.map_or_else(|| Fact::Unknown("the file does not say".to_owned()), Fact::Flag);
    principal.facts.insert(names::LOGIN.to_owned(), login);
    principal.charter_hint = reader.hint(&who.owner_hints)?;
    let mut further = Vec::new();
    for credential in &mapping.credentials {
        further.extend(reader.credential(&principal.key, credential)?.map(Observation::Credential));
    }
    for right in &mapping.rights {
        further.extend(reader.rights(&principal.key, right)?.into_iter().map(Observation::Grant));
    }
    if further.len() > PER_RECORD_MAX {
        return Err(Trouble::TooMany);
    }
    if let Some(last) = &mapping.last_use
        && let Some(text) = reader.text(last.at.column)?
    {
        let at = date(&text, &last.at.form)
            .ok_or_else(|| Trouble::NotADate { column: reader.column(last.at.column) })?;
        let by = match last.by {
            None => None,
            Some(column) => reader.told(column)?,
        };
        further.push(reader.desk.last_use(&principal.key, at, by));
    }
    Ok(Claim { principal, further })
}

struct RowReader<'reader, 'reading> {
    mapping: &'reader Mapping,
    row: &'reader Row<'reader>,
    desk: &'reader mut Desk<'reading>,
}

impl<'reader> RowReader<'reader, '_> {
    fn column(&self, column: Column) -> String {
        printable(self.mapping.name_of(column), 60)
    }

    /// The text of a cell; `None` when it is empty.
    fn text(&self, column: Column) -> Result<Option<Cow<'reader, str>>, Trouble> {
        match self.row.cells.get(column.0) {
            None | Some(Cell::Missing) => Ok(None),
            Some(Cell::Text(text)) if text.trim().is_empty() => Ok(None),
            Some(Cell::Text(text)) if text.contains('\0') => Err(Trouble::Nul),
            Some(Cell::Text(text)) => Ok(Some(Cow::Borrowed(text.as_ref()))),
            Some(Cell::Texts(_) | Cell::Nested) => Err(Trouble::NotSingle { column: self.column(column) }),
        }
    }

    fn name(&self, column: Column) -> Result<String, Trouble> {
        let text = self.text(column)?.unwrap_or_default();
        self.desk.name(self.mapping.name_of(column), &text)
    }

    /// A text for a fact; `None` when it is empty or holds a secret.
    fn told(&mut self, column: Column) -> Result<Option<String>, Trouble> {
        let Some(text) = self.text(column)? else { return Ok(None) };
        Ok(self.desk.told(self.mapping.name_of(column), &text))
    }

    fn choose<T: Clone>(&self, choice: &Choice<T>) -> Result<Option<T>, Trouble> {
        let (column, words, otherwise) = match choice {
            Choice::Is(value) => return Ok(Some(value.clone())),
            Choice::Of { column, words, otherwise } => (*column, words, otherwise),
        };
        let Some(text) = self.text(column)? else { return Ok(otherwise.clone()) };
        match words.get(&text.trim().to_lowercase()).or(otherwise.as_ref()) {
            Some(value) => Ok(Some(value.clone())),
            None => Err(Trouble::UnknownWord { column: self.column(column) }),
        }
    }

    fn required<T: Clone>(&self, choice: &Choice<T>) -> Result<T, Trouble> {
        let chosen = self.choose(choice)?;
        chosen.ok_or_else(|| match choice {
            Choice::Of { column, .. } => Trouble::Empty { column: self.column(*column) },
            Choice::Is(_) => Trouble::Empty { column: String::new() },
        })
    }

    fn hint(&mut self, columns: &[Column]) -> Result<Option<String>, Trouble> {
        let mut hints = Vec::new();
        for column in columns {
            let told = self.told(*column)?;
            let name = self.column(*column);
            // A path into JSON is shown by its last part.
            let name = name.rsplit('/').next().unwrap_or(&name);
            hints.extend(told.map(|told| format!("{name}: {told}")));
        }
        Ok((!hints.is_empty()).then(|| hints.join("; ")))
    }

    fn facts(&mut self, wanted: &BTreeMap<String, FactOf>) -> Result<Facts, Trouble> {
        let mut facts = Facts::new();
        for (name, of) in wanted {
            if let Some(fact) = self.fact(of)? {
                facts.insert(name.clone(), fact);
            }
        }
        Ok(facts)
    }

    fn fact(&mut self, of: &FactOf) -> Result<Option<Fact>, Trouble> {
        match of {
            FactOf::Text(column) => {
                if let Some(Cell::Texts(texts)) = self.row.cells.get(column.0) {
                    let name = self.mapping.name_of(*column);
                    let told: Vec<String> = texts
                        .iter()
                        .take(PER_RECORD_MAX)
                        .filter_map(|text| self.desk.told(name, text))
                        .collect();
                    return Ok(Some(Fact::Texts(told)));
                }
                Ok(self.told(*column)?.map(Fact::Text))
            }
            FactOf::Flag(choice) => Ok(self.choose(choice)?.map(Fact::Flag)),
            FactOf::Number(column) => {
                let Some(text) = self.text(*column)? else { return Ok(None) };
                let number = text.trim().parse::<i64>();
                number
                    .map(|number| Some(Fact::Number(number)))
                    .map_err(|_| Trouble::NotANumber { column: self.column(*column) })
            }
            FactOf::Date(of) => {
                let Some(text) = self.text(of.column)? else { return Ok(None) };
                let at = date(&text, &of.form);
                at.map(|at| Some(Fact::At(at)))
                    .ok_or_else(|| Trouble::NotADate { column: self.column(of.column) })
            }
        }
    }

    fn credential(
        &mut self,
        principal: &PrincipalKey,
        of: &CredentialOf,
    ) -> Result<Option<ObservedCredential>, Trouble> {
        if let Some(when) = &of.when
            && !self.choose(when)?.unwrap_or(false)
        {
            return Ok(None);
        }
        let key = match &of.key {
            Text::Is(key) => key.clone(),
            Text::Of(column) if self.text(*column)?.is_none() => return Ok(None),
            Text::Of(column) => self.name(*column)?,
        };
        let valid_until = match &of.valid_until {
            None => None,
            Some(of) => match self.text(of.column)? {
                None => None,
                Some(text) => Some(
                    date(&text, &of.form)
                        .ok_or_else(|| Trouble::NotADate { column: self.column(of.column) })?,
                ),
            },
        };
        let value = of.fingerprint.map(|column| self.text(column)).transpose()?.flatten();
        // The value itself goes no further than this call.
        let fingerprint =
            value.map(|value| self.desk.fingerprint.fingerprint(FINGERPRINT_DOMAIN, value.trim().as_bytes()));
        let mut facts = self.desk.facts(self.row.line);
        facts.extend(self.facts(&of.facts)?);
        Ok(Some(ObservedCredential {
            key,
            principal: principal.clone(),
            kind: self.required(&of.kind)?,
            state: self.required(&of.state)?,
            fingerprint,
            valid_until,
            facts,
        }))
    }

    fn rights(&mut self, principal: &PrincipalKey, of: &RightOf) -> Result<Vec<ObservedGrant>, Trouble> {
        let rights = self.several(&of.right)?;
        let resources = self.several(&of.resource)?;
        if rights.len().saturating_mul(resources.len()) > PER_RECORD_MAX {
            return Err(Trouble::TooMany);
        }
        let grantable = self.choose(&of.grantable)?.unwrap_or(false);
        let pairs = resources.iter().flat_map(|resource| rights.iter().map(move |right| (resource, right)));
        Ok(pairs
            .map(|(resource, right)| ObservedGrant {
                principal: principal.clone(),
                resource: resource.clone(),
                right: right.clone(),
                path: Vec::new(),
                grantable,
            })
            .collect())
    }

    /// The texts of a cell that may hold several.
    fn several(&self, of: &Texts) -> Result<Vec<String>, Trouble> {
        let column = match &of.text {
            Text::Is(text) => return Ok(vec![text.clone()]),
            Text::Of(column) => *column,
        };
        let parts: Vec<Cow<'_, str>> = match (self.row.cells.get(column.0), &of.split) {
            (Some(Cell::Texts(texts)), _) => texts.iter().map(|text| Cow::Borrowed(text.as_str())).collect(),
            (_, None) => self.text(column)?.into_iter().collect(),
            (_, Some(split)) => {
                let text = self.text(column)?.unwrap_or_default();
                text.split(split.as_str()).map(|part| Cow::Owned(part.to_owned())).collect()
            }
        };
        if parts.len() > PER_RECORD_MAX {
            return Err(Trouble::TooMany);
        }
        let name = self.mapping.name_of(column);
        parts.iter().filter(|part| !part.trim().is_empty()).map(|part| self.desk.name(name, part)).collect()
    }
}
