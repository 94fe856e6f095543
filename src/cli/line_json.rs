//! Lines and gaps as JSON, the same in every command: one object a line.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};

use crate::job::{Attempt, Extent, GapCause, JobId, Stream, Wall};
use crate::read::{Line, LineEnd, Loss};

/// One line: `text`, or `bytes` in base64 where it is not UTF-8.
#[derive(Serialize)]
pub(super) struct LineJson<'a> {
    job: &'a JobId,
    attempt: Attempt,
    stream: Stream,
    line: u64,
    time: Wall,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "base64_text")]
    bytes: Option<&'a [u8]>,
    /// Present where the line does not end with a newline.
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<&'static str>,
}

/// One gap.
#[derive(Serialize)]
pub(super) struct GapJson<'a> {
    job: &'a JobId,
    attempt: Attempt,
    stream: Stream,
    line: u64,
    time: Wall,
    gap: &'a GapCause,
    lost: Extent,
}

impl<'a> LineJson<'a> {
    pub(super) fn new(job: &'a JobId, attempt: Attempt, line: &Line<'a>) -> Self {
        let text = std::str::from_utf8(line.bytes).ok();
        Self {
            job,
            attempt,
            stream: line.stream,
            line: line.number,
            time: line.time,
            text,
            bytes: if text.is_none() { Some(line.bytes) } else { None },
            end: match line.end {
                LineEnd::Newline => None,
                LineEnd::Open => Some("open"),
                LineEnd::Continued => Some("continued"),
            },
        }
    }
}

impl<'a> GapJson<'a> {
    pub(super) fn new(job: &'a JobId, attempt: Attempt, loss: &Loss<'a>) -> Self {
        Self {
            job,
            attempt,
            stream: loss.gap.stream,
            line: loss.number,
            time: loss.time,
            gap: &loss.gap.cause,
            lost: loss.gap.lost,
        }
    }
}

fn base64_text<S: Serializer>(bytes: &Option<&[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes.unwrap_or_default()))
}
