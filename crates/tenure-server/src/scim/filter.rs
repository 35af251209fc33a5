//! Filters of RFC 7644, section 3.4.2.2: read once, then asked of each resource.
//!
//! Reading never recurses deeper than `DEPTH_MAX` and never keeps more than `TERMS_MAX` comparisons, so that a filter
//! cannot be a weapon. An attribute without a value satisfies `ne` and `not`, and nothing else. Next: `patch.rs`.

use super::schema::{Attribute, Kind, Named, field, find, resolve};
use serde_json::{Map, Value};
use tenure_model::Instant;

/// Characters of a filter, at most.
const CHARS_MAX: usize = 4_096;
/// Brackets within brackets, at most.
const DEPTH_MAX: usize = 12;
/// Comparisons, at most.
const TERMS_MAX: usize = 64;

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Eq,
    Ne,
    Co,
    Sw,
    Ew,
    Gt,
    Ge,
    Lt,
    Le,
}

/// A filter that was read.
#[derive(Debug, Clone)]
pub(super) enum Filter {
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Not(Box<Self>),
    /// An attribute, or a part of one, has a value.
    Present(Place),
    Compare(Place, Operator, Value),
    /// One value of an attribute satisfies all of it.
    Within(&'static Attribute, Box<Self>),
}

/// What is compared.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    At(&'static Attribute, Option<&'static Attribute>),
    /// Nothing is ever there.
    Nowhere,
}

/// Why a filter cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the filter cannot be read at character {at}: {why}")]
pub(super) struct NotAFilter {
    at: usize,
    why: &'static str,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Value(Value),
    Open,
    Close,
    OpenValue,
    CloseValue,
}

/// Reads a filter over these attributes.
pub(super) fn read(text: &str, attributes: &'static [Attribute]) -> Result<Filter, NotAFilter> {
    if text.chars().count() > CHARS_MAX {
        return Err(NotAFilter { at: CHARS_MAX, why: "it is longer than 4,096 characters" });
    }
    let mut reader = Reader { tokens: tokens(text)?, next: 0, terms: 0, end: text.chars().count() };
    let filter = reader.any(attributes, 0)?;
    if reader.next < reader.tokens.len() {
        return Err(reader.wrong("`and`, `or` or the end is expected here"));
    }
    Ok(filter)
}

fn tokens(text: &str) -> Result<Vec<(usize, Token)>, NotAFilter> {
    let letters: Vec<char> = text.chars().collect();
    let (mut tokens, mut at) = (Vec::new(), 0);
    while let Some(letter) = letters.get(at).copied() {
        let began = at;
        let single = match letter {
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            '[' => Some(Token::OpenValue),
            ']' => Some(Token::CloseValue),
            _ => None,
        };
        if let Some(token) = single {
            tokens.push((began, token));
            at += 1;
        } else if letter.is_whitespace() {
            at += 1;
        } else if letter == '"' {
            at += 1;
            let mut escaped = false;
            loop {
                let Some(letter) = letters.get(at).copied() else {
                    return Err(NotAFilter { at: began, why: "a text has no end" });
                };
                at += 1;
                match letter {
                    '"' if !escaped => break,
                    '\\' if !escaped => escaped = true,
                    _ => escaped = false,
                }
            }
            let quoted: String = letters.iter().skip(began).take(at - began).collect();
            let value = serde_json::from_str(&quoted)
                .map_err(|_| NotAFilter { at: began, why: "a text is written as in JSON" })?;
            tokens.push((began, Token::Value(value)));
        } else {
            let is_word = |letter: &&char| !letter.is_whitespace() && !"()[]\"".contains(**letter);
            let word: String = letters.iter().skip(began).take_while(is_word).collect();
            at += word.chars().count();
            tokens.push((began, Token::Word(word)));
        }
    }
    Ok(tokens)
}

struct Reader {
    tokens: Vec<(usize, Token)>,
    next: usize,
    terms: usize,
    end: usize,
}

impl Reader {
    fn wrong(&self, why: &'static str) -> NotAFilter {
        NotAFilter { at: self.tokens.get(self.next).map_or(self.end, |(at, _)| *at), why }
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.next += usize::from(token.is_some());
        token
    }

    /// Takes a word of the language, in any case of letters.
    fn takes(&mut self, word: &str) -> bool {
        let is_it = matches!(self.peek(), Some(Token::Word(next)) if next.eq_ignore_ascii_case(word));
        self.next += usize::from(is_it);
        is_it
    }

    fn any(&mut self, attributes: &'static [Attribute], depth: usize) -> Result<Filter, NotAFilter> {
        let mut filter = self.all(attributes, depth)?;
        while self.takes("or") {
            filter = Filter::Or(Box::new(filter), Box::new(self.all(attributes, depth)?));
        }
        Ok(filter)
    }

    fn all(&mut self, attributes: &'static [Attribute], depth: usize) -> Result<Filter, NotAFilter> {
        let mut filter = self.one(attributes, depth)?;
        while self.takes("and") {
            filter = Filter::And(Box::new(filter), Box::new(self.one(attributes, depth)?));
        }
        Ok(filter)
    }

    fn one(&mut self, attributes: &'static [Attribute], depth: usize) -> Result<Filter, NotAFilter> {
        self.terms += 1;
        if depth >= DEPTH_MAX || self.terms > TERMS_MAX {
            return Err(self.wrong("it has more than 64 parts, or brackets more than 12 deep"));
        }
        let is_not = matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case("not"))
            && matches!(self.tokens.get(self.next + 1), Some((_, Token::Open)));
        self.next += usize::from(is_not);
        if self.peek() == Some(&Token::Open) {
            self.next += 1;
            let inner = self.any(attributes, depth + 1)?;
            if self.take() != Some(Token::Close) {
                return Err(self.wrong("`)` is expected here"));
            }
            return Ok(if is_not { Filter::Not(Box::new(inner)) } else { inner });
        }
        let Some(Token::Word(path)) = self.take() else {
            return Err(self.wrong("the name of an attribute is expected here"));
        };
        if self.peek() == Some(&Token::OpenValue) {
            return self.within(attributes, &path, depth);
        }
        self.comparison(attributes, &path)
    }

    fn within(
        &mut self,
        attributes: &'static [Attribute],
        path: &str,
        depth: usize,
    ) -> Result<Filter, NotAFilter> {
        let Named::Kept(attribute, None) = resolve(attributes, path) else {
            return Err(self.wrong("there is no such attribute with several parts"));
        };
        if attribute.kind != Kind::Complex {
            return Err(self.wrong("there is no such attribute with several parts"));
        }
        self.next += 1;
        let inner = self.any(attribute.within, depth + 1)?;
        if self.take() != Some(Token::CloseValue) {
            return Err(self.wrong("`]` is expected here"));
        }
        Ok(Filter::Within(attribute, Box::new(inner)))
    }

    fn comparison(&mut self, attributes: &'static [Attribute], path: &str) -> Result<Filter, NotAFilter> {
        let place = match resolve(attributes, path) {
            // Of several values with parts the part `value` is meant.
            Named::Kept(attribute, None) if attribute.kind == Kind::Complex => {
                Place::At(attribute, find(attribute.within, "value"))
            }
            Named::Kept(attribute, part) => Place::At(attribute, part),
            Named::NotKept | Named::Unknown => Place::Nowhere,
        };
        if self.takes("pr") {
            return Ok(Filter::Present(place));
        }
        let operator = self.operator()?;
        let value = match self.take() {
            Some(Token::Value(value)) => value,
            Some(Token::Word(word)) => {
                let literal = serde_json::from_str(&word.to_ascii_lowercase());
                literal.map_err(|_| {
                    self.wrong("a value is expected: a text in quotes, a number, true, false or null")
                })?
            }
            Some(_) | None => return Err(self.wrong("a value is expected here")),
        };
        let orders = !matches!(operator, Operator::Eq | Operator::Ne);
        if orders && !matches!(value, Value::String(_) | Value::Number(_)) {
            return Err(self.wrong("true, false and null are only compared with `eq` and `ne`"));
        }
        if let Place::At(attribute, part) = place
            && part.unwrap_or(attribute).kind == Kind::Flag
            && orders
        {
            return Err(self.wrong("what is true or false is only compared with `eq` and `ne`"));
        }
        Ok(Filter::Compare(place, operator, value))
    }

    fn operator(&mut self) -> Result<Operator, NotAFilter> {
        let words = [
            ("eq", Operator::Eq),
            ("ne", Operator::Ne),
            ("co", Operator::Co),
            ("sw", Operator::Sw),
            ("ew", Operator::Ew),
            ("gt", Operator::Gt),
            ("ge", Operator::Ge),
            ("lt", Operator::Lt),
            ("le", Operator::Le),
        ];
        let found = words.into_iter().find(|(word, _)| self.takes(word));
        found
            .map(|(_, operator)| operator)
            .ok_or_else(|| self.wrong("eq, ne, co, sw, ew, pr, gt, ge, lt or le is expected here"))
    }
}

impl Filter {
    /// Whether a resource, or one value of an attribute, satisfies the filter.
    pub(super) fn matches(&self, object: &Map<String, Value>) -> bool {
        match self {
            Self::And(one, other) => one.matches(object) && other.matches(object),
            Self::Or(one, other) => one.matches(object) || other.matches(object),
            Self::Not(inner) => !inner.matches(object),
            Self::Present(place) => values(object, *place).into_iter().any(has_value),
            Self::Compare(place, operator, wanted) => {
                let exact = match place {
                    Place::At(attribute, part) => part.unwrap_or(attribute).exact,
                    Place::Nowhere => false,
                };
                let kind = match place {
                    Place::At(attribute, part) => part.unwrap_or(attribute).kind,
                    Place::Nowhere => Kind::Text,
                };
                let found = values(object, *place);
                let equal = || {
                    if wanted.is_null() {
                        return !found.iter().any(|value| has_value(value));
                    }
                    found.iter().any(|value| compare(value, Operator::Eq, wanted, (kind, exact)))
                };
                match operator {
                    Operator::Eq => equal(),
                    Operator::Ne => !equal(),
                    operator => found.iter().any(|value| compare(value, *operator, wanted, (kind, exact))),
                }
            }
            Self::Within(attribute, inner) => {
                let each = |value: &Value| value.as_object().is_some_and(|object| inner.matches(object));
                match field(object, attribute.name) {
                    Some(Value::Array(values)) => values.iter().any(each),
                    Some(value) => each(value),
                    None => false,
                }
            }
        }
    }

    /// When the filter is `ATTRIBUTE eq "text"` and nothing else: the text.
    pub(super) fn is_exactly(&self, name: &str) -> Option<&str> {
        match self {
            Self::Compare(Place::At(attribute, None), Operator::Eq, Value::String(text))
                if attribute.name == name =>
            {
                Some(text)
            }
            _ => None,
        }
    }

    /// What `eq` and `and` alone say: the parts of a value that satisfies it.
    pub(super) fn said_parts(&self) -> Option<Map<String, Value>> {
        match self {
            Self::And(one, other) => {
                let mut parts = one.said_parts()?;
                parts.extend(other.said_parts()?);
                Some(parts)
            }
            Self::Compare(Place::At(attribute, None), Operator::Eq, value) => {
                Some(Map::from_iter([(attribute.name.to_owned(), value.clone())]))
            }
            _ => None,
        }
    }
}

fn has_value(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// All values at a place.
fn values(object: &Map<String, Value>, place: Place) -> Vec<&Value> {
    let Place::At(attribute, part) = place else { return Vec::new() };
    let Some(found) = field(object, attribute.name) else { return Vec::new() };
    let found: Vec<&Value> = match found {
        Value::Array(values) => values.iter().collect(),
        one => vec![one],
    };
    match part {
        None => found,
        Some(part) => found.into_iter().filter_map(|value| field(value.as_object()?, part.name)).collect(),
    }
}

fn compare(value: &Value, operator: Operator, wanted: &Value, (kind, exact): (Kind, bool)) -> bool {
    match (value, wanted) {
        (Value::String(value), Value::String(wanted)) if kind == Kind::Instant => {
            match (Instant::parse(value), Instant::parse(wanted)) {
                (Ok(value), Ok(wanted)) => ordered(value.cmp(&wanted), operator),
                _ => false,
            }
        }
        (Value::String(value), Value::String(wanted)) => {
            let lower = |text: &str| if exact { text.to_owned() } else { text.to_lowercase() };
            let (value, wanted) = (lower(value), lower(wanted));
            match operator {
                Operator::Co => value.contains(&wanted),
                Operator::Sw => value.starts_with(&wanted),
                Operator::Ew => value.ends_with(&wanted),
                operator => ordered(value.cmp(&wanted), operator),
            }
        }
        (Value::Bool(value), Value::Bool(wanted)) => operator == Operator::Eq && value == wanted,
        _ => false,
    }
}

fn ordered(order: std::cmp::Ordering, operator: Operator) -> bool {
    match operator {
        Operator::Eq => order.is_eq(),
        Operator::Ne => order.is_ne(),
        Operator::Gt => order.is_gt(),
        Operator::Ge => order.is_ge(),
        Operator::Lt => order.is_lt(),
        Operator::Le => order.is_le(),
        Operator::Co | Operator::Sw | Operator::Ew => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::schema::USER_ATTRIBUTES, read};
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    /// A filter, as its meaning is written down in the simplest way.
    #[derive(Debug, Clone)]
    enum Meaning {
        Name(&'static str, String),
        Mail(&'static str, String),
        WorkMail(String),
        Active(bool),
        HasMail,
        Not(Box<Self>),
        Both(Box<Self>, Box<Self>),
        Either(Box<Self>, Box<Self>),
    }

    #[derive(Debug, Clone)]
    struct Person {
        name: String,
        active: bool,
        mails: Vec<(String, bool)>,
    }

    fn holds(operator: &str, value: &str, wanted: &str) -> bool {
        let (value, wanted) = (value.to_lowercase(), wanted.to_lowercase());
        match operator {
            "eq" => value == wanted,
            "co" => value.contains(&wanted),
            "sw" => value.starts_with(&wanted),
            "ew" => value.ends_with(&wanted),
            "gt" => value > wanted,
            "ge" => value >= wanted,
            "lt" => value < wanted,
            _ => value <= wanted,
        }
    }

    impl Meaning {
        fn text(&self) -> String {
            match self {
                Self::Name(operator, wanted) => format!("USERname {operator} \"{wanted}\""),
                Self::Mail(operator, wanted) => format!("emails.Value {operator} \"{wanted}\""),
                Self::WorkMail(wanted) => format!("emails[type eq \"WORK\" and value co \"{wanted}\"]"),
                Self::Active(active) => format!("active EQ {active}"),
                Self::HasMail => String::from("emails PR"),
                Self::Not(inner) => format!("NOT ({})", inner.text()),
                Self::Both(one, other) => format!("({}) And ({})", one.text(), other.text()),
                Self::Either(one, other) => format!("({}) or ({})", one.text(), other.text()),
            }
        }

        fn of(&self, person: &Person) -> bool {
            match self {
                Self::Name(operator, wanted) => holds(operator, &person.name, wanted),
                Self::Mail(operator, wanted) => {
                    person.mails.iter().any(|(mail, _)| holds(operator, mail, wanted))
                }
                Self::WorkMail(wanted) => {
                    person.mails.iter().any(|(mail, work)| *work && holds("co", mail, wanted))
                }
                Self::Active(active) => person.active == *active,
                Self::HasMail => !person.mails.is_empty(),
                Self::Not(inner) => !inner.of(person),
                Self::Both(one, other) => one.of(person) && other.of(person),
                Self::Either(one, other) => one.of(person) || other.of(person),
            }
        }
    }

    fn meaning() -> impl Strategy<Value = Meaning> {
        let operator = || prop::sample::select(vec!["eq", "co", "sw", "ew", "gt", "ge", "lt", "le"]);
        let leaf = prop_oneof![
            (operator(), "[abAB]{1,2}").prop_map(|(operator, text)| Meaning::Name(operator, text)),
            (operator(), "[abAB]{1,2}").prop_map(|(operator, text)| Meaning::Mail(operator, text)),
            "[abAB]{1,2}".prop_map(Meaning::WorkMail),
            any::<bool>().prop_map(Meaning::Active),
            Just(Meaning::HasMail),
        ];
        leaf.prop_recursive(4, 24, 2, |inner| {
            prop_oneof![
                inner.clone().prop_map(|one| Meaning::Not(Box::new(one))),
                (inner.clone(), inner.clone())
                    .prop_map(|(one, other)| Meaning::Both(Box::new(one), Box::new(other))),
                (inner.clone(), inner)
                    .prop_map(|(one, other)| Meaning::Either(Box::new(one), Box::new(other))),
            ]
        })
    }

    fn person() -> impl Strategy<Value = Person> {
        ("[abAB]{1,3}", any::<bool>(), prop::collection::vec(("[abAB]{1,3}", any::<bool>()), 0..3))
            .prop_map(|(name, active, mails)| Person { name, active, mails })
    }

    fn object(person: &Person) -> Map<String, Value> {
        let mail = |(value, work): &(String, bool)| json!({ "value": value, "type": if *work { "work" } else { "home" } });
        let mails: Vec<Value> = person.mails.iter().map(mail).collect();
        let object = json!({ "userName": person.name, "active": person.active, "emails": mails });
        object.as_object().unwrap().clone()
    }

    proptest! {
        #[test]
        fn a_filter_means_what_it_says(meaning in meaning(), person in person()) {
            let filter = read(&meaning.text(), USER_ATTRIBUTES).unwrap();
            prop_assert_eq!(filter.matches(&object(&person)), meaning.of(&person), "{}", meaning.text());
        }

        #[test]
        fn whatever_is_sent_is_read_or_refused(text in "[a-zA-Z \"\\\\()\\[\\].]{0,60}") {
            let _ = read(&text, USER_ATTRIBUTES);
        }
    }

    #[test]
    fn and_binds_closer_than_or() {
        let of = |name: &str, active: bool| json!({ "userName": name, "active": active });
        let filter =
            read("userName eq \"a\" or userName eq \"b\" and active eq true", USER_ATTRIBUTES).unwrap();
        for (object, expect) in [(of("a", false), true), (of("b", false), false), (of("b", true), true)] {
            assert_eq!(filter.matches(object.as_object().unwrap()), expect, "{object}");
        }
    }

    #[test]
    fn what_is_not_there_equals_nothing_but_null() {
        let nobody = Map::new();
        for (text, expect) in [
            ("displayName eq \"a\"", false),
            ("displayName ne \"a\"", true),
            ("displayName eq null", true),
            ("displayName pr", false),
            ("not (displayName pr)", true),
            ("displayName lt \"z\"", false),
            ("unheard.of eq \"a\"", false),
            ("urn:ietf:params:scim:schemas:core:2.0:User:displayName pr", false),
        ] {
            assert_eq!(read(text, USER_ATTRIBUTES).unwrap().matches(&nobody), expect, "{text}");
        }
    }
}
