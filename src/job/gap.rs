//! What is not there.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Extent, Stream};

/// A declared loss: so much of one stream is missing at this place, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The stream that lost.
    pub stream: Stream,
    /// How much was lost.
    pub lost: Extent,
    /// Why.
    pub cause: GapCause,
}

/// Why output is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum GapCause {
    /// The store refused it until the engine's shutdown ran out of time.
    Shutdown,
}

impl fmt::Display for GapCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shutdown => f.pad("shutdown"),
        }
    }
}
