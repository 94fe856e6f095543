//! Which of a job's two streams.

use std::fmt;
use std::ops::{Index, IndexMut};

use serde::{Deserialize, Serialize};

/// One of a job's two output streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output, file descriptor 1.
    Stdout,
    /// Standard error, file descriptor 2.
    Stderr,
}

impl Stream {
    /// Both streams, standard output first.
    pub const BOTH: [Self; 2] = [Self::Stdout, Self::Stderr];

    /// The stream's name: `stdout` or `stderr`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }

    /// The stream's number where it is stored: 0 for standard output, 1 for standard error.
    pub fn number(self) -> u8 {
        match self {
            Self::Stdout => 0,
            Self::Stderr => 1,
        }
    }

    /// The stream with this number, if there is one.
    pub fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Stdout),
            1 => Some(Self::Stderr),
            _ => None,
        }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One value for each stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PerStream<T> {
    /// The value for standard output.
    pub stdout: T,
    /// The value for standard error.
    pub stderr: T,
}

impl<T> PerStream<T> {
    /// Makes the value of each stream from its name.
    pub fn from_fn(mut make: impl FnMut(Stream) -> T) -> Self {
        Self { stdout: make(Stream::Stdout), stderr: make(Stream::Stderr) }
    }

    /// Makes a new pair by applying `f` to each value.
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> PerStream<U> {
        PerStream { stdout: f(self.stdout), stderr: f(self.stderr) }
    }
}

impl<T> Index<Stream> for PerStream<T> {
    type Output = T;

    fn index(&self, stream: Stream) -> &T {
        match stream {
            Stream::Stdout => &self.stdout,
            Stream::Stderr => &self.stderr,
        }
    }
}

impl<T> IndexMut<Stream> for PerStream<T> {
    fn index_mut(&mut self, stream: Stream) -> &mut T {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }
}
