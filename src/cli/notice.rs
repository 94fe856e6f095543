//! What is missing, said on stderr: declared losses and damaged segments.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::exit;
use super::output::counted;
use super::size::Size;
use crate::read::{Damage, Loss};

/// Tells of damage, once for each file, and remembers that there was some.
#[derive(Debug, Default)]
pub(super) struct Notices {
    damaged: BTreeSet<PathBuf>,
}

impl Notices {
    /// Tells that something in `path` cannot be read.
    pub(super) fn damage(&mut self, path: &Path, what: &dyn std::fmt::Display) {
        if self.damaged.insert(path.into()) {
            exit::complain(&format!("{what}; what else is readable is served, see `weir verify`"));
        }
    }

    /// Tells of damage that a reader met.
    pub(super) fn of(&mut self, damage: &Damage) {
        self.damage(&damage.path, &damage.what);
    }

    /// The exit code of a command that would otherwise end with `code`.
    pub(super) fn code(&self, code: u8) -> ExitCode {
        ExitCode::from(if self.damaged.is_empty() { code } else { exit::DAMAGED })
    }
}

/// Tells of a declared loss.
pub(super) fn gap(loss: &Loss<'_>, color: bool) {
    let text = gap_text(loss);
    let (on, off) = if color { ("\x1b[33m", "\x1b[0m") } else { ("", "") };
    let _ = writeln!(io::stderr().lock(), "{on}{text}{off}");
}

fn gap_text(loss: &Loss<'_>) -> String {
    let lost = loss.gap.lost;
    let (lines, size) = (counted(lost.lines, "line"), Size(lost.bytes));
    format!("~~ {lines} ({size}) lost: {} ~~", loss.gap.cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Extent, Gap, GapCause, Stream, Wall};

    #[test]
    fn a_gap_says_how_much_and_why() {
        let lost = Extent { bytes: 88 << 10, lines: 1204 };
        let gap = Gap { stream: Stream::Stdout, lost, cause: GapCause::Shutdown };
        let loss = Loss { gap: &gap, number: 1, time: Wall(0) };
        assert_eq!(gap_text(&loss), "~~ 1,204 lines (88 KiB) lost: shutdown ~~");
    }
}
