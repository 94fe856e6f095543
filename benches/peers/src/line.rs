//! Lines that can be told apart, so that a lost or doubled one shows.

/// A line of fixed length that begins with its number, counted from 1 in up to 8 digits.
///
/// Counting is done in the text, one byte a step in nine of ten cases, so that making a line costs
/// next to nothing beside writing it.
#[derive(Debug, Clone)]
pub struct NumberedLine {
    text: Vec<u8>,
    digits: usize,
}

impl NumberedLine {
    const MAX_DIGITS: usize = 8;

    /// Makes line 0 of `len` bytes, its newline included; at least 2.
    pub fn new(len: usize) -> Self {
        let len = len.max(2);
        let digits = Self::MAX_DIGITS.min(len - 1);
        let mut text = vec![b'0'; digits];
        text.extend((digits..len - 1).map(|at| if at == digits { b' ' } else { b'x' }));
        text.push(b'\n');
        Self { text, digits }
    }

    /// Counts on and returns the line; after the last number that fits comes 0.
    pub fn advance(&mut self) -> &[u8] {
        for digit in self.text[..self.digits].iter_mut().rev() {
            if *digit == b'9' {
                *digit = b'0';
            } else {
                *digit += 1;
                break;
            }
        }
        &self.text
    }

    /// The first `lines` lines of `len` bytes, one after the other.
    pub fn text(lines: u64, len: usize) -> Vec<u8> {
        let mut line = Self::new(len);
        let mut text = Vec::new();
        (0..lines).for_each(|_| text.extend_from_slice(line.advance()));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_their_length_and_number() {
        let text = NumberedLine::text(1203, 12);
        let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        assert_eq!(lines.len(), 1203);
        assert!(lines.iter().all(|line| line.len() == 12));
        assert_eq!(lines[0], b"00000001 xx\n");
        assert_eq!(lines[1202], b"00001203 xx\n");
    }

    #[test]
    fn a_short_line_counts_in_the_digits_it_has() {
        assert_eq!(NumberedLine::text(11, 2), b"1\n2\n3\n4\n5\n6\n7\n8\n9\n0\n1\n");
    }
}
