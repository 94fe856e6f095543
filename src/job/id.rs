//! Who a job is.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Names a job: 1 to 128 bytes of `[A-Za-z0-9._-]`, neither `.` nor `..`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobId(Arc<str>);

impl JobId {
    /// The longest id, in bytes.
    pub const MAX_LEN: usize = 128;

    /// Checks `text` and makes it an id.
    ///
    /// # Errors
    /// [`InvalidJobId`] says which rule `text` breaks.
    pub fn new(text: &str) -> Result<Self, InvalidJobId> {
        if text.is_empty() {
            return Err(InvalidJobId::Empty);
        }
        if text.len() > Self::MAX_LEN {
            return Err(InvalidJobId::TooLong { len: text.len() });
        }
        if text == "." || text == ".." {
            return Err(InvalidJobId::Dots);
        }
        match text.chars().find(|c| !(c.is_ascii_alphanumeric() || "._-".contains(*c))) {
            Some(found) => Err(InvalidJobId::Character { found }),
            None => Ok(Self(text.into())),
        }
    }

    /// Makes a new id that no other job has: a UUID version 7, so ids sort by time of birth.
    pub fn random() -> Self {
        Self(uuid::Uuid::now_v7().to_string().into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobId({})", self.0)
    }
}

impl FromStr for JobId {
    type Err = InvalidJobId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl TryFrom<String> for JobId {
    type Error = InvalidJobId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> Self {
        id.0.as_ref().into()
    }
}

/// Why a text is not a [`JobId`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidJobId {
    /// The text is empty.
    #[error("a job id cannot be empty")]
    Empty,
    /// The text is longer than [`JobId::MAX_LEN`].
    #[error("a job id has at most {} bytes, this one has {len}", JobId::MAX_LEN)]
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// The text is `.` or `..`.
    #[error("a job id cannot be `.` or `..`")]
    Dots,
    /// The text holds a character outside `[A-Za-z0-9._-]`.
    #[error("a job id is made of letters, digits, `.`, `_` and `-`; found {found:?}")]
    Character {
        /// The first such character.
        found: char,
    },
}

/// Counts the runs of one job id, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Attempt(pub u32);

impl Attempt {
    /// The first run of a job.
    pub const FIRST: Self = Self(1);

    /// The attempt after this one; the last one representable stays.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_safe_as_file_names() {
        for bad in ["", ".", "..", "a/b", "a b", "a\0", "\u{e9}", "a\n", "\u{1b}[1m"] {
            assert!(JobId::new(bad).is_err(), "{bad:?} was accepted");
        }
        for good in ["a", "...", "-", "A.b_c-9", &"x".repeat(128)] {
            assert!(JobId::new(good).is_ok(), "{good:?} was refused");
        }
        assert_eq!(JobId::new(&"x".repeat(129)), Err(InvalidJobId::TooLong { len: 129 }));
    }

    #[test]
    fn random_ids_differ_and_sort_by_birth() {
        let (a, b) = (JobId::random(), JobId::random());
        assert!(a < b);
    }
}
