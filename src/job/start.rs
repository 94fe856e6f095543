//! How a job begins.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Attempt, JobId, Wall};

/// What is known of an attempt when it starts; the payload of its start frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobStart {
    /// The job.
    pub id: JobId,
    /// Which run of it.
    pub attempt: Attempt,
    /// The command and its arguments; empty for a job of the embedding program itself.
    #[serde(default)]
    pub command: Vec<String>,
    /// The working directory.
    #[serde(default)]
    pub cwd: Option<String>,
    /// The user's labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The host it runs on.
    pub node: String,
    /// When it started.
    pub started_at: Wall,
}
