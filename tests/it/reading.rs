//! Lines, tails and ranges over stores whose every cut is decided by the test.

use std::ops::ControlFlow;

use logweir::job::{Exit, Stream, Wall};
use logweir::read::{Bound, Item, JobLog, Level, LineEnd, Query, Raw};
use logweir::store::Catalog;
use proptest::prelude::*;

use crate::written::{BEGIN, Written};
use Stream::{Stderr, Stdout};

/// Shows what a query gives: `1:text` for a line of stdout, `e1:text` for one of stderr, a `.`
/// behind a line without its newline, `~3` for three lost lines.
fn shown(store: &Written, job: &str, query: Query) -> Vec<String> {
    let catalog = Catalog::open(store.dir()).unwrap();
    let attempt = catalog.find(job).unwrap().last().unwrap().clone();
    let mut shown = Vec::new();
    let flow = JobLog::open(&catalog, &attempt).lines(&query, |item| {
        shown.push(match item {
            Item::Line(line) => {
                let stream = if line.stream == Stderr { "e" } else { "" };
                let end = if line.end == LineEnd::Newline { "" } else { "." };
                let text = String::from_utf8_lossy(line.bytes);
                format!("{stream}{}:{text}{end}", line.number)
            }
            Item::Gap(loss) => format!("~{}", loss.gap.lost.lines),
            Item::Damage(damage) => format!("!{}", damage.what),
        });
        ControlFlow::<()>::Continue(())
    });
    assert!(flow.is_continue());
    shown
}

fn last(last: u64) -> Query {
    Query { last: Some(last), ..Query::default() }
}

fn second(second: u64) -> Bound {
    Bound::Time(Wall((BEGIN + second) * 1_000_000_000))
}

/// A job with both streams interleaved, lines cut in the middle, a loss, no final newline.
fn awkward(store: &mut Written) {
    let mut job = store.start("awkward"); // second 1
    store.data(&mut job, 0, &[(Stdout, b"one\ntw"), (Stderr, b"oo")]); // seconds 2, 3
    store.data(&mut job, 0, &[(Stdout, b"o\nthree\n"), (Stderr, b"ps\n")]); // seconds 4, 5
    store.gap(&mut job, Stdout, 30, 3); // second 6
    store.data(&mut job, 0, &[(Stdout, b"seven\neig")]); // second 7
    store.data(&mut job, 0, &[(Stderr, b"bad\n"), (Stdout, b"ht\nnine")]); // seconds 8, 9
    store.finish(&job, Exit::code(0));
}

const AWKWARD: [&str; 9] =
    ["1:one", "2:two", "3:three", "e1:oops", "~3", "7:seven", "e2:bad", "8:eight", "9:nine."];

#[test]
fn lines_come_in_the_order_in_which_they_were_complete() {
    for segment_size in [1, 1 << 20] {
        let mut store = Written::with_segments_of(segment_size);
        awkward(&mut store);
        assert_eq!(shown(&store, "awkward", Query::default()), AWKWARD, "still open");
        store.seal();
        assert_eq!(shown(&store, "awkward", Query::default()), AWKWARD, "sealed");
    }
}

#[test]
fn a_tail_is_the_end_of_the_whole() {
    let mut store = Written::with_segments_of(1);
    awkward(&mut store);
    for lines in 0..12 {
        let from = AWKWARD.iter().enumerate().rev().filter(|(_, line)| !line.starts_with('~'));
        let from = from.map(|(at, _)| at).nth(usize::try_from(lines).unwrap().wrapping_sub(1));
        let from = if lines == 0 { AWKWARD.len() } else { from.unwrap_or(0) };
        assert_eq!(shown(&store, "awkward", last(lines)), AWKWARD[from..], "{lines} lines");
    }
}

#[test]
fn a_tail_of_one_stream_counts_its_lines_only() {
    let mut store = Written::with_segments_of(1);
    awkward(&mut store);
    let query = Query { stream: Some(Stderr), ..last(1) };
    assert_eq!(shown(&store, "awkward", query), ["e2:bad"]);
    let query = Query { stream: Some(Stdout), ..last(2) };
    assert_eq!(shown(&store, "awkward", query), ["8:eight", "9:nine."]);
}

#[test]
fn a_range_of_lines_keeps_the_numbers_of_the_job() {
    let mut store = Written::with_segments_of(1);
    awkward(&mut store);
    let range = |since, until| Query {
        stream: Some(Stdout),
        since: Some(Bound::Line(since)),
        until: Some(Bound::Line(until)),
        ..Query::default()
    };
    assert_eq!(shown(&store, "awkward", range(2, 3)), ["2:two", "3:three"]);
    assert_eq!(shown(&store, "awkward", range(5, 7)), ["~3", "7:seven"]);
    assert_eq!(shown(&store, "awkward", range(8, 99)), ["8:eight", "9:nine."]);
    assert_eq!(shown(&store, "awkward", range(10, 99)), [""; 0]);
}

#[test]
fn a_range_of_time_goes_by_the_first_byte_of_a_line() {
    let mut store = Written::with_segments_of(1);
    awkward(&mut store);
    let range = |since, until| Query {
        since: Some(second(since)),
        until: Some(second(until)),
        ..Query::default()
    };
    // Line 2 began at second 2 and was complete at second 4; `oops` began at 3.
    assert_eq!(shown(&store, "awkward", range(0, 2)), ["1:one", "2:two"]);
    assert_eq!(shown(&store, "awkward", range(3, 4)), ["3:three", "e1:oops"]);
    assert_eq!(shown(&store, "awkward", range(7, 7)), ["7:seven", "8:eight"]);
    assert_eq!(shown(&store, "awkward", range(8, 20)), ["e2:bad", "9:nine."]);
}

#[test]
fn a_tail_fetches_the_beginning_of_a_line_from_far_before_it() {
    let mut store = Written::with_segments_of(1);
    let mut job = store.start("far");
    store.data(&mut job, 0, &[(Stdout, b"first\nbegin ")]);
    store.data(&mut job, 1, &[(Stdout, b"other ")]);
    for _ in 0..20 {
        store.data(&mut job, 0, &[(Stdout, b"middle "), (Stderr, b"noise\n")]);
    }
    store.data(&mut job, 1, &[(Stdout, b"writer\n")]);
    store.data(&mut job, 0, &[(Stdout, b"end\n")]);
    let query = Query { stream: Some(Stdout), ..last(2) };
    let long = format!("3:begin {}end", "middle ".repeat(20));
    assert_eq!(shown(&store, "far", query), ["2:other writer".to_string(), long.clone()]);
    let query = Query { stream: Some(Stdout), since: Some(Bound::Line(3)), ..Query::default() };
    assert_eq!(shown(&store, "far", query), [long]);
}

#[test]
fn lines_without_a_level_belong_to_the_line_before() {
    let mut store = Written::new();
    let text = b"INFO up\nERROR it broke\n  at a.rs:1\n  at b.rs:2\nDEBUG on\nWARN low\n";
    store.job("app", text, Exit::code(0));
    let query = Query { level: Some(Level::Warn), ..Query::default() };
    let expected = ["2:ERROR it broke", "3:  at a.rs:1", "4:  at b.rs:2", "6:WARN low"];
    assert_eq!(shown(&store, "app", query), expected);
    assert_eq!(shown(&store, "app", Query { last: Some(2), ..query }), expected[2..]);
}

#[test]
fn raw_bytes_are_the_bytes() {
    let mut store = Written::with_segments_of(1);
    awkward(&mut store);
    let catalog = Catalog::open(store.dir()).unwrap();
    let attempt = &catalog.find("awkward").unwrap()[0];
    let raw = |only| {
        let mut bytes = Vec::new();
        let _ = JobLog::open(&catalog, attempt).raw(only, |raw| {
            if let Raw::Bytes(_, more) = raw {
                bytes.extend_from_slice(more);
            }
            ControlFlow::<()>::Continue(())
        });
        String::from_utf8(bytes).unwrap()
    };
    assert_eq!(raw(Some(Stdout)), "one\ntwo\nthree\nseven\neight\nnine");
    assert_eq!(raw(Some(Stderr)), "oops\nbad\n");
    assert_eq!(raw(None), "one\ntwooo\nthree\nps\nseven\neigbad\nht\nnine");
}

/// Reads: whether of stderr, and which bytes.
fn reads() -> impl Strategy<Value = Vec<(bool, Vec<u8>)>> {
    let bytes = proptest::collection::vec(prop_oneof![1 => Just(b'\n'), 3 => b'a'..=b'c'], 1..6);
    proptest::collection::vec((any::<bool>(), bytes), 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(24)
    })]
    #[test]
    fn every_part_is_a_part_of_the_whole(
        reads in reads(), segment_size in prop_oneof![Just(1_u64), Just(5000), Just(1 << 20)],
        lines in 0_u64..12, only in prop_oneof![Just(None), Just(Some(Stdout)), Just(Some(Stderr))],
        since in 1_u64..10,
    ) {
        let mut store = Written::with_segments_of(segment_size);
        let mut job = store.start("any");
        for (err, bytes) in &reads {
            let stream = if *err { Stderr } else { Stdout };
            store.data(&mut job, 0, &[(stream, bytes)]);
        }
        store.finish(&job, Exit::code(0));
        let whole = shown(&store, "any", Query { stream: only, ..Query::default() });
        let tail = shown(&store, "any", Query { stream: only, ..last(lines) });
        let from = whole.len() - whole.len().min(usize::try_from(lines).unwrap());
        prop_assert_eq!(&tail, &whole[from..]);
        let bound = Some(Bound::Line(since));
        let number = |line: &&String| {
            let digits = line.trim_start_matches('e').split(':').next().unwrap();
            digits.parse::<u64>().unwrap() >= since
        };
        let expected: Vec<String> = whole.iter().filter(number).cloned().collect();
        let query = Query { stream: only, since: bound, ..Query::default() };
        prop_assert_eq!(shown(&store, "any", query), expected);
    }
}

#[test]
fn a_tail_does_not_join_across_a_loss_before_it() {
    let mut store = Written::with_segments_of(1);
    let mut job = store.start("torn");
    store.data(&mut job, 0, &[(Stdout, b"one\nhalf")]);
    store.gap(&mut job, Stdout, 5, 0);
    for _ in 0..5 {
        store.data(&mut job, 0, &[(Stderr, b"noise\n")]);
    }
    store.data(&mut job, 0, &[(Stdout, b"rest\n")]);
    let query = Query { stream: Some(Stdout), ..last(1) };
    assert_eq!(shown(&store, "torn", query), ["2:rest"]);
}
