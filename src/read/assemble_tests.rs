//! Lines against a model: whatever the cut into pieces, the lines are those of each stream.

use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::job::GapCause;

/// What a test compares of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Line { stream: Stream, number: u64, time: u64, bytes: Vec<u8>, begins: bool, end: LineEnd },
    Gap { stream: Stream, number: u64 },
    Damage,
}

/// Feeds an assembler with pieces as a drain would cut them.
struct Feed {
    lines: Assembler<'static>,
    at: PerStream<Extent>,
    clock: u64,
    seen: Vec<Seen>,
}

impl Feed {
    fn new(max_line: usize) -> Self {
        let lines = Assembler::with_max_line(None, max_line);
        Self { lines, at: PerStream::default(), clock: 1000, seen: Vec::new() }
    }

    fn place(&mut self, writer: u16, adds: PerStream<Extent>) -> Place {
        self.clock += 1;
        let place = Place {
            writer: WriterNo(writer),
            wall: Wall(self.clock * 10),
            mono: Mono(self.clock),
            at: self.at,
            adds,
        };
        for stream in Stream::BOTH {
            self.at[stream] += adds[stream];
        }
        place
    }

    /// One piece that holds several reads.
    fn data(&mut self, writer: u16, reads: &[(Stream, &[u8])]) {
        let mut adds = PerStream::<Extent>::default();
        let mut marks = Vec::new();
        let mut bytes = Vec::new();
        for (nth, (stream, read)) in reads.iter().enumerate() {
            let time = Mono(self.clock + 1 + nth as u64);
            marks.push(Mark { at: u32::try_from(bytes.len()).unwrap(), stream: *stream, time });
            bytes.extend_from_slice(read);
            let lines = memchr::memchr_iter(b'\n', read).count() as u64;
            adds[*stream] += Extent { bytes: read.len() as u64, lines };
        }
        let place = self.place(writer, adds);
        let Self { lines, seen, .. } = self;
        let flow = lines.data(&place, marks.into_iter(), &bytes, &mut |item| see(seen, &item));
        assert!(flow.is_continue());
    }

    fn gap(&mut self, writer: u16, stream: Stream, lost: Extent) {
        let gap = Gap { stream, lost, cause: GapCause::Shutdown };
        let mut adds = PerStream::default();
        adds[stream] = lost;
        let place = self.place(writer, adds);
        let Self { lines, seen, .. } = self;
        assert!(lines.gap(&place, &gap, &mut |item| see(seen, &item)).is_continue());
    }

    fn end(mut self) -> Vec<Seen> {
        let Self { lines, seen, at, .. } = &mut self;
        assert!(lines.end(*at, &mut |item| see(seen, &item)).is_continue());
        self.seen
    }
}

fn see(seen: &mut Vec<Seen>, item: &Item<'_>) -> ControlFlow<()> {
    seen.push(match *item {
        Item::Line(Line { stream, number, time, bytes, begins, end }) => {
            Seen::Line { stream, number, time: time.0, bytes: bytes.to_vec(), begins, end }
        }
        Item::Gap(loss) => Seen::Gap { stream: loss.gap.stream, number: loss.number },
        Item::Damage(_) => Seen::Damage,
    });
    ControlFlow::Continue(())
}

/// Number, bytes and end of each line of `stream`.
fn of(seen: &[Seen], wanted: Stream) -> Vec<(u64, &[u8], LineEnd)> {
    let lines = seen.iter().filter_map(|seen| match seen {
        Seen::Line { stream, number, bytes, end, .. } if *stream == wanted => {
            Some((*number, bytes.as_slice(), *end))
        }
        _ => None,
    });
    lines.collect()
}

use LineEnd::{Continued, Newline, Open};
use Stream::{Stderr, Stdout};

#[test]
fn half_lines_of_two_streams_and_two_writers_are_never_glued() {
    let mut feed = Feed::new(100);
    feed.data(0, &[(Stdout, b"ab"), (Stderr, b"XY"), (Stdout, b"c\nd")]);
    feed.data(1, &[(Stdout, b"other\nhalf")]);
    feed.data(0, &[(Stderr, b"Z\n"), (Stdout, b"ef\n")]);
    let seen = feed.end();
    let expected: [(u64, &[u8], LineEnd); 4] =
        [(1, b"abc", Newline), (2, b"other", Newline), (3, b"def", Newline), (4, b"half", Open)];
    assert_eq!(of(&seen, Stdout), expected);
    assert_eq!(of(&seen, Stderr), [(1, &b"XYZ"[..], Newline)]);
}

#[test]
fn a_line_has_the_time_of_its_first_byte() {
    let mut feed = Feed::new(100);
    feed.data(0, &[(Stdout, b"one\n"), (Stdout, b"tw")]);
    feed.data(0, &[(Stdout, b"o\n")]);
    let times: Vec<u64> = feed
        .end()
        .iter()
        .filter_map(|seen| match seen {
            Seen::Line { time, .. } => Some(*time),
            _ => None,
        })
        .collect();
    // The first piece is of wall 10010 and monotonic 1001; its second read came one tick later.
    assert_eq!(times, [10_010, 10_011]);
}

#[test]
fn nothing_is_joined_across_a_loss_and_lost_lines_are_counted() {
    let mut feed = Feed::new(100);
    feed.data(0, &[(Stdout, b"one\ntw"), (Stderr, b"err")]);
    feed.gap(0, Stdout, Extent { bytes: 50, lines: 7 });
    feed.data(0, &[(Stdout, b"end\nlast"), (Stderr, b"or\n")]);
    let seen = feed.end();
    let expected: [(u64, &[u8], LineEnd); 4] =
        [(1, b"one", Newline), (2, b"tw", Open), (9, b"end", Newline), (10, b"last", Open)];
    assert_eq!(of(&seen, Stdout), expected);
    assert_eq!(of(&seen, Stderr), [(1, &b"error"[..], Newline)]);
    assert!(seen.contains(&Seen::Gap { stream: Stdout, number: 2 }));
}

#[test]
fn nothing_is_joined_across_damage() {
    let mut feed = Feed::new(100);
    feed.data(0, &[(Stdout, b"one\ntw")]);
    let damage = Damage { path: PathBuf::new(), what: String::new() };
    let Feed { lines, seen, at, .. } = &mut feed;
    assert!(lines.damage(&damage, &mut |item| see(seen, &item)).is_continue());
    at[Stdout] += Extent { bytes: 10, lines: 3 };
    feed.data(0, &[(Stdout, b"five\n")]);
    let seen = feed.end();
    let expected: [(u64, &[u8], LineEnd); 3] =
        [(1, b"one", Newline), (2, b"tw", Open), (5, b"five", Newline)];
    assert_eq!(of(&seen, Stdout), expected);
    assert_eq!(seen.iter().filter(|seen| **seen == Seen::Damage).count(), 1);
}

#[test]
fn a_very_long_line_comes_in_parts_of_one_number() {
    let mut feed = Feed::new(4);
    for piece in [&b"aaa"[..], b"bb", b"c", b"dddd", b"e\nf\n"] {
        feed.data(0, &[(Stdout, piece)]);
    }
    let seen = feed.end();
    let expected: [(u64, &[u8], LineEnd); 4] = [
        (1, b"aaabb", Continued),
        (1, b"cdddd", Continued),
        (1, b"e", Newline),
        (2, b"f", Newline),
    ];
    assert_eq!(of(&seen, Stdout), expected);
    let begins: Vec<bool> =
        seen.iter().map(|s| matches!(s, Seen::Line { begins: true, .. })).collect();
    assert_eq!(begins, [true, false, false, true]);
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(
        prop_oneof![2 => Just(b'\n'), 5 => b'a'..=b'd', 1 => Just(0_u8)],
        1..12,
    )
}

proptest! {
    #[test]
    fn any_cut_into_pieces_reads_back_the_same_lines(
        reads in proptest::collection::vec((any::<bool>(), bytes()), 0..40),
        cuts in proptest::collection::vec(1_usize..4, 40),
    ) {
        let reads: Vec<(Stream, &[u8])> = reads
            .iter()
            .map(|(err, bytes)| (if *err { Stderr } else { Stdout }, bytes.as_slice()))
            .collect();
        let mut feed = Feed::new(1 << 20);
        let mut rest = reads.as_slice();
        for cut in cuts {
            let (piece, behind) = rest.split_at(cut.min(rest.len()));
            rest = behind;
            if !piece.is_empty() {
                feed.data(0, piece);
            }
        }
        let fed = reads.len() - rest.len();
        let seen = feed.end();
        for stream in Stream::BOTH {
            let all: Vec<u8> = reads[..fed]
                .iter()
                .filter(|(of, _)| *of == stream)
                .flat_map(|(_, bytes)| bytes.iter().copied())
                .collect();
            let mut expected: Vec<(u64, &[u8], LineEnd)> = all
                .split(|byte| *byte == b'\n')
                .zip(1..)
                .map(|(line, number)| (number, line, Newline))
                .collect();
            if let Some((number, last, _)) = expected.pop() && !last.is_empty() {
                expected.push((number, last, Open));
            }
            prop_assert_eq!(of(&seen, stream), expected);
        }
    }
}
