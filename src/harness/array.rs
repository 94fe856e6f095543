//! The elements of an array of jobs: `1-100`, `0-30:5`, `1,4,9-12`.

use std::collections::HashSet;
use std::str::FromStr;

/// A set of element numbers, in the order they were written; at most [`Array::MAX_LEN`], no number
/// twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Array {
    parts: Vec<Part>,
    len: u64,
}

/// `first-last:step`, with `last` reached exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    first: u64,
    last: u64,
    step: u64,
}

/// Why a text is not an [`Array`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArrayError {
    /// The text has another form.
    #[error(
        "`{part}` is not an element or a range; write 7, 1-100, 0-30:5, or several with commas"
    )]
    Syntax {
        /// The part that cannot be read.
        part: String,
    },
    /// A range has no elements.
    #[error("the range {first}-{last} runs backwards; write {last}-{first}")]
    Backwards {
        /// Its first number.
        first: u64,
        /// Its last number.
        last: u64,
    },
    /// A range never moves.
    #[error("a step of 0 never reaches the end of the range; write a step of 1 or more")]
    NoStep,
    /// There are too many elements.
    #[error(
        "the array has {len} elements, the most is {}; split it into several batches",
        Array::MAX_LEN
    )]
    TooLong {
        /// How many it has.
        len: u64,
    },
    /// A number is in two parts.
    #[error("element {element} is in the array twice")]
    Twice {
        /// The number.
        element: u64,
    },
}

impl Array {
    /// The most elements an array has.
    pub const MAX_LEN: u64 = 10_000_000;

    /// How many elements there are; at least 1.
    #[expect(clippy::len_without_is_empty, reason = "an array has at least one element")]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// The elements, in the order they were written.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.parts.iter().flat_map(Part::iter)
    }
}

impl Part {
    fn iter(&self) -> impl Iterator<Item = u64> + use<> {
        let Self { first, step, .. } = *self;
        (0..self.len()).map(move |at| first + at * step)
    }

    /// Saturates only where the whole range of `u64` is asked for, which is too long anyway.
    fn len(&self) -> u64 {
        ((self.last - self.first) / self.step).saturating_add(1)
    }
}

impl FromStr for Part {
    type Err = ArrayError;

    fn from_str(text: &str) -> Result<Self, ArrayError> {
        let syntax = || ArrayError::Syntax { part: text.into() };
        let number = |digits: &str| match digits.bytes().all(|b| b.is_ascii_digit()) {
            true => digits.parse::<u64>().map_err(|_| syntax()),
            false => Err(syntax()),
        };
        let Some((first, rest)) = text.split_once('-') else {
            let only = number(text)?;
            return Ok(Self { first: only, last: only, step: 1 });
        };
        let (last, step) = rest.split_once(':').unwrap_or((rest, "1"));
        let (first, last, step) = (number(first)?, number(last)?, number(step)?);
        match (step, last < first) {
            (0, _) => Err(ArrayError::NoStep),
            (_, true) => Err(ArrayError::Backwards { first, last }),
            _ => Ok(Self { first, last, step }),
        }
    }
}

impl FromStr for Array {
    type Err = ArrayError;

    fn from_str(text: &str) -> Result<Self, ArrayError> {
        let parts = text.split(',').map(|p| p.trim().parse()).collect::<Result<Vec<Part>, _>>()?;
        let len = parts.iter().fold(0, |sum: u64, part| sum.saturating_add(part.len()));
        if len > Self::MAX_LEN {
            return Err(ArrayError::TooLong { len });
        }
        let array = Self { parts, len };
        if array.parts.len() > 1 {
            let mut seen = HashSet::new();
            if let Some(element) = array.iter().find(|element| !seen.insert(*element)) {
                return Err(ArrayError::Twice { element });
            }
        }
        Ok(array)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(text: &str) -> Vec<u64> {
        text.parse::<Array>().unwrap().iter().collect()
    }

    #[test]
    fn ranges_steps_and_lists_are_read() {
        assert_eq!(elements("7"), [7]);
        assert_eq!(elements("1-4"), [1, 2, 3, 4]);
        assert_eq!(elements("0-11:5"), [0, 5, 10]);
        assert_eq!(elements("9, 1-3,20-30:10"), [9, 1, 2, 3, 20, 30]);
        assert_eq!(elements("5-5"), [5]);
    }

    #[test]
    fn other_forms_are_refused() {
        for bad in ["", "-", "1-", "-3", "a", "1-2-3", "1:2", "1,,2", "+1", "1-4:", "1..4", "0x10"]
        {
            let error = bad.parse::<Array>().unwrap_err();
            assert!(matches!(error, ArrayError::Syntax { .. }), "{bad:?}: {error}");
        }
        assert_eq!("4-1".parse::<Array>(), Err(ArrayError::Backwards { first: 4, last: 1 }));
        assert_eq!("1-4:0".parse::<Array>(), Err(ArrayError::NoStep));
        assert_eq!("1-4,8,3".parse::<Array>(), Err(ArrayError::Twice { element: 3 }));
    }

    #[test]
    fn ten_million_elements_are_the_most() {
        assert_eq!("1-10000000".parse::<Array>().map(|a| a.len()), Ok(Array::MAX_LEN));
        assert_eq!("0-10000000".parse::<Array>(), Err(ArrayError::TooLong { len: 10_000_001 }));
        let all = format!("0-{}", u64::MAX);
        assert_eq!(all.parse::<Array>(), Err(ArrayError::TooLong { len: u64::MAX }));
    }
}
