//! What a search looks for: a regular expression that matches within one line.
//!
//! Invariant: [`Pattern::candidate`] never passes over a line that [`Pattern::is_match`] takes. So
//! whole blocks are searched at once, and lines are told apart only where something was found.

use regex::bytes::{Match, Regex, RegexBuilder};

/// A regular expression for lines; its syntax is that of the crate `regex`.
#[derive(Debug)]
pub struct Pattern {
    line: Regex,
    /// The same for a block of lines; `None` where its meaning would differ there.
    block: Option<Regex>,
}

/// A text is not a regular expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is not a regular expression: {why}")]
pub struct InvalidPattern {
    /// The text.
    pub pattern: String,
    /// What is wrong with it, in one line.
    pub why: String,
}

impl Pattern {
    /// Compiles `pattern`.
    ///
    /// # Errors
    /// [`InvalidPattern`] says why it is none.
    pub fn new(pattern: &str, ignore_case: bool) -> Result<Self, InvalidPattern> {
        let build = |multi_line| {
            RegexBuilder::new(pattern).case_insensitive(ignore_case).multi_line(multi_line).build()
        };
        let line = build(false).map_err(|error| {
            // The parser draws where it failed over several lines; its last line says why.
            let text = error.to_string();
            let why = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            InvalidPattern { pattern: pattern.into(), why: why.into() }
        })?;
        let block = if means_the_same_in_a_block(pattern) { build(true).ok() } else { None };
        Ok(Self { line, block })
    }

    /// Whether it matches in `line`, which has no newline.
    pub fn is_match(&self, line: &[u8]) -> bool {
        self.line.is_match(line)
    }

    /// Its matches in `line`.
    pub fn find_iter<'a>(&'a self, line: &'a [u8]) -> impl Iterator<Item = Match<'a>> {
        self.line.find_iter(line)
    }

    /// A place in `block`, which begins with a line, before whose line no line matches; `None` if
    /// no line of it does.
    pub(super) fn candidate(&self, block: &[u8]) -> Option<usize> {
        match &self.block {
            Some(regex) => regex.find(block).map(|found| found.start()),
            None => Some(0),
        }
    }
}

/// Whether `pattern`, with `^` and `$` at every line, finds in a block all that it finds in its
/// lines: not where it names the ends of the text or sets flags of its own.
fn means_the_same_in_a_block(pattern: &str) -> bool {
    let own_flags = pattern.match_indices("(?").any(|(at, open)| {
        let behind = &pattern[at + open.len()..];
        !(behind.starts_with([':', '<', 'P']) || behind.starts_with("i)"))
    });
    !(own_flags || pattern.contains(r"\A") || pattern.contains(r"\z"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Which lines of `block` match, found line by line and by candidates.
    fn both_ways(pattern: &str, block: &[u8]) -> (Vec<usize>, Vec<usize>) {
        let pattern = Pattern::new(pattern, false).unwrap();
        let lines: Vec<&[u8]> = block.split_inclusive(|byte| *byte == b'\n').collect();
        let text = |line: usize| lines[line].strip_suffix(b"\n").unwrap();
        let matching = |line: &usize| pattern.is_match(text(*line));
        let one_by_one = (0..lines.len()).filter(matching).collect();
        let (mut by_candidates, mut line) = (Vec::new(), 0);
        while line < lines.len() {
            let rest = lines[line..].concat();
            let Some(hit) = pattern.candidate(&rest).filter(|hit| *hit < rest.len()) else { break };
            line += rest[..hit].iter().filter(|byte| **byte == b'\n').count();
            by_candidates.extend(Some(line).filter(matching));
            line += 1;
        }
        (one_by_one, by_candidates)
    }

    proptest! {
        #[test]
        fn no_matching_line_is_passed_over(
            pattern in prop::sample::select(vec![
                "a", "^a", "a$", "^$", "a.b", r"a\sb", "[^a]", r"\bab\b", r"\Bb", "a|b$", r"\Aa",
                r"b\z",
                "(?-m)^a", "(?s)a.b", "(?:ab)+", "(?i)A", "a*", r"\n", r"a[^b]*b",
            ]),
            block in "([ab ]{0,3}\n){0,8}",
        ) {
            let (one_by_one, by_candidates) = both_ways(pattern, block.as_bytes());
            prop_assert_eq!(one_by_one, by_candidates);
        }
    }

    #[test]
    fn a_bad_pattern_is_told_in_one_line() {
        let error = Pattern::new("(", false).unwrap_err().to_string();
        assert_eq!(error, "`(` is not a regular expression: unclosed group");
    }
}
