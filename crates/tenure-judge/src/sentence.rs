//! Sentences with places to fill: the `reason` and `remedy` annotations of a policy.
//!
//! `{subject}` is how people know the subject; `{fact}` is what a fact rests on;
//! `{fact|fact}` lists what those that hold rest on. A place that names nothing known is
//! refused when policies are read, never when somebody waits for an answer.
//! Next: `policy.rs`.

use crate::facts::{Holds, Subject, SubjectKind};

/// A sentence ready to be filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sentence {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Words(String),
    Subject,
    /// What this one fact rests on, whether or not it holds.
    Fact(usize),
    /// What those of these facts that hold rest on.
    Holding(Vec<usize>),
}

/// A place in a sentence that cannot be filled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SentenceFaulty {
    #[error("`{{` without `}}`")]
    PlaceOpen,
    #[error("`{{{place}}}` is neither `{{subject}}` nor a fact of {kind}")]
    PlaceUnknown { place: String, kind: SubjectKind },
}

impl Sentence {
    /// Reads a sentence about this kind of subject.
    pub(crate) fn parse(text: &str, kind: SubjectKind) -> Result<Self, SentenceFaulty> {
        let names = kind.fact_names();
        let index_of = |fact: &str| {
            names
                .iter()
                .position(|name| *name == fact)
                .ok_or_else(|| SentenceFaulty::PlaceUnknown { place: fact.to_owned(), kind })
        };
        let mut pieces = Vec::new();
        let mut remaining = text;
        while let Some((words, after)) = remaining.split_once('{') {
            let (place, rest) = after.split_once('}').ok_or(SentenceFaulty::PlaceOpen)?;
            pieces.push(Piece::Words(words.to_owned()));
            pieces.push(match place {
                "subject" => Piece::Subject,
                _ if place.contains('|') => {
                    Piece::Holding(place.split('|').map(index_of).collect::<Result<_, _>>()?)
                }
                _ => Piece::Fact(index_of(place)?),
            });
            remaining = rest;
        }
        pieces.push(Piece::Words(remaining.to_owned()));
        Ok(Self { pieces })
    }

    /// The sentence about this subject.
    pub(crate) fn fill(&self, subject: &Subject) -> String {
        let mut text = String::with_capacity(160);
        for piece in &self.pieces {
            match piece {
                Piece::Words(words) => text.push_str(words),
                Piece::Subject => text.push_str(&subject.shown),
                Piece::Fact(index) => {
                    text.push_str(subject.seen.get(*index).map_or("", |seen| seen.says.as_ref()));
                }
                Piece::Holding(indices) => {
                    let holding: Vec<&str> = indices
                        .iter()
                        .filter_map(|index| subject.seen.get(*index))
                        .filter(|seen| seen.holds == Holds::Yes)
                        .map(|seen| seen.says.as_ref())
                        .collect();
                    text.push_str(&holding.join("; "));
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Sentence;
    use crate::facts::SubjectKind;

    #[test]
    fn a_place_that_names_nothing_is_refused() {
        let refused = |text: &str| Sentence::parse(text, SubjectKind::Identity).unwrap_err().to_string();
        insta::assert_snapshot!(refused("it is {superuser}"),
            @"`{superuser}` is neither `{subject}` nor a fact of Identity");
        insta::assert_snapshot!(refused("it is {owned|weak}"),
            @"`{weak}` is neither `{subject}` nor a fact of Identity");
        insta::assert_snapshot!(refused("it is {owned"), @"`{` without `}`");
    }
}
