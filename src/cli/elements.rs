//! The elements of a batch: the lines of a file, or the numbers of an array.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use anyhow::Context as _;

use crate::harness::{Array, Task};
use crate::job::{InvalidJobId, JobId};

/// Where elements come from.
#[derive(Debug)]
pub(super) enum Elements {
    /// One line of shell each, by line number from 1.
    Lines(Vec<(u64, OsString)>),
    /// One run of this command each; `{}` in it is the number.
    Array(Array, Vec<OsString>),
}

impl Elements {
    /// Reads a file, or standard input for `-`, to its end. Empty lines and lines that begin with
    /// `#` are no elements.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let mut text = Vec::new();
        if path == Path::new("-") {
            std::io::stdin().lock().read_to_end(&mut text).context("cannot read standard input")?;
        } else {
            text =
                std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        }
        Ok(Self::Lines(lines(&text)))
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Lines(lines) => u64::try_from(lines.len()).unwrap_or(u64::MAX),
            Self::Array(array, _) => array.len(),
        }
    }

    /// The ids of the batch's jobs, in order; see [`id`].
    pub(super) fn numbers(&self) -> Box<dyn Iterator<Item = u64> + '_> {
        match self {
            Self::Lines(lines) => Box::new(lines.iter().map(|(number, _)| *number)),
            Self::Array(array, _) => Box::new(array.iter()),
        }
    }

    /// The tasks of the batch, in order, for which `wanted` holds.
    pub(super) fn tasks<'a>(
        &'a self,
        batch: &'a JobId,
        wanted: impl Fn(&JobId) -> bool + 'a,
    ) -> Box<dyn Iterator<Item = Task> + 'a> {
        let job = move |number| {
            let id = id(batch, number).expect("the longest id of the batch was checked");
            wanted(&id).then_some(id)
        };
        match self {
            Self::Lines(lines) => Box::new(lines.iter().filter_map(move |(number, line)| {
                Some(task(Task::shell(job(*number)?, line), *number))
            })),
            Self::Array(array, command) => Box::new(array.iter().filter_map(move |number| {
                Some(task(Task::new(job(number)?, fill_in(command, number)), number))
            })),
        }
    }
}

/// The id of an element's job: `<batch>.<number>`.
pub(super) fn id(batch: &JobId, number: u64) -> Result<JobId, InvalidJobId> {
    JobId::new(&format!("{batch}.{number}"))
}

fn task(task: Task, number: u64) -> Task {
    task.env("WEIR_TASK", number.to_string())
}

fn lines(text: &[u8]) -> Vec<(u64, OsString)> {
    let lines =
        text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let is_element = |line: &[u8]| {
        let first = line.iter().find(|byte| !byte.is_ascii_whitespace());
        first.is_some_and(|byte| *byte != b'#')
    };
    (1..)
        .zip(lines)
        .filter(|(_, line)| is_element(line))
        .map(|(number, line)| (number, OsStr::from_bytes(line).into()))
        .collect()
}

/// The command with every `{}` replaced.
fn fill_in(command: &[OsString], number: u64) -> Vec<OsString> {
    let number = number.to_string();
    let fill = |arg: &OsString| {
        let mut rest = arg.as_bytes();
        let mut filled = Vec::with_capacity(rest.len() + number.len());
        while let Some(at) = memchr::memmem::find(rest, b"{}") {
            filled.extend_from_slice(&rest[..at]);
            filled.extend_from_slice(number.as_bytes());
            rest = &rest[at + 2..];
        }
        filled.extend_from_slice(rest);
        OsString::from_vec(filled)
    };
    command.iter().map(fill).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_keep_their_line_numbers() {
        let found = lines(b"echo a\n\n  # no\n \techo b \r\nlast");
        let found: Vec<_> = found.iter().map(|(n, line)| (*n, line.to_str().unwrap())).collect();
        assert_eq!(found, [(1, "echo a"), (4, " \techo b "), (5, "last")]);
        assert_eq!(lines(b""), []);
        assert_eq!(lines(b"\n# nothing\n"), []);
    }

    #[test]
    fn braces_become_the_element() {
        let command = ["a{}b{}".into(), "{".into(), "{}".into()];
        assert_eq!(fill_in(&command, 17), ["a17b17", "{", "17"]);
    }
}
