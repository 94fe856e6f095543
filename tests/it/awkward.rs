//! Byte-exactness: awkward jobs by the batch, read back through `weir logs --raw` and `weir
//! export`.

use std::fmt::Write as _;

use tempfile::TempDir;

use crate::written::{ran, weir};

/// Elements of each kind.
const EACH: usize = 30;

/// A line of shell, and what it prints on each stream.
struct Awkward {
    line: String,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

/// The kinds of the issue; `n` makes every job a little different.
fn kinds(n: usize) -> [Awkward; 8] {
    let job = |line: &str, stdout: &[u8], stderr: &[u8]| Awkward {
        line: line.replace("N", &n.to_string()),
        stdout: stdout.into(),
        stderr: stderr.into(),
    };
    let count = 50 + n;
    let repeat = |to: &str| format!("i=0; while [ $i -lt {count} ]; do {to}; i=$((i + 1)); done");
    let all = |each: &dyn Fn(usize) -> String| (0..count).map(each).collect::<String>();
    let both = repeat("echo out $i; echo err $i >&2");
    [
        job("true", b"", b""),
        job("printf 'first\\nno end N'", format!("first\nno end {n}").as_bytes(), b""),
        job(
            &format!("head -c {} /dev/zero | tr '\\0' x; echo; echo N >&2", (3 << 20) + n),
            &[&b"x".repeat((3 << 20) + n)[..], b"\n"].concat(),
            format!("{n}\n").as_bytes(),
        ),
        job("printf '\\000\\377\\376\\200N\\n\\000'", format!("\0HL{n}\n\0").as_bytes(), b"")
            .with(|job| job.stdout.splice(1..3, [0xFF, 0xFE, 0x80]).count()),
        job(
            &repeat("printf x; printf y >&2"),
            all(&|_| "x".into()).as_bytes(),
            &b"y".repeat(count),
        ),
        job(
            &format!("{}; echo", repeat("printf '\\r%d%%' $i")),
            (all(&|i| format!("\r{i}%")) + "\n").as_bytes(),
            b"",
        ),
        job(
            &both,
            all(&|i| format!("out {i}\n")).as_bytes(),
            all(&|i| format!("err {i}\n")).as_bytes(),
        ),
        job(
            "printf '\\033[31mred N\\033[0m\\033]0;title\\007\\n\\033[2J' >&2",
            b"",
            format!("\x1b[31mred {n}\x1b[0m\x1b]0;title\x07\n\x1b[2J").as_bytes(),
        ),
    ]
}

impl Awkward {
    fn with<T>(mut self, change: impl FnOnce(&mut Self) -> T) -> Self {
        change(&mut self);
        self
    }
}

#[test]
fn two_hundred_and_forty_awkward_jobs_are_read_back_byte_for_byte() {
    let dir = TempDir::new().unwrap();
    let jobs: Vec<Awkward> = (0..EACH).flat_map(kinds).collect();
    assert_eq!(jobs.len(), 240);
    let mut file = String::new();
    for job in &jobs {
        writeln!(file, "{}", job.line).unwrap();
    }
    let list = dir.path().join("jobs");
    std::fs::write(&list, file).unwrap();
    let store = dir.path().join("store");
    let command = |words: &[&str]| {
        let mut weir = weir();
        weir.arg("--dir").arg(&store).args(words);
        weir
    };
    // A small budget, so that every part of a ring is gone through many times.
    let mut batch = command(&["batch", "--id", "odd", "-j", "16", "--budget", "1MiB"]);
    batch.arg(&list);
    let batch = ran(batch);
    assert_eq!(batch.code, 0, "{}", batch.err);

    let out = dir.path().join("out");
    let mut export = command(&["export", "--all", "--to"]);
    export.arg(&out);
    assert_eq!(ran(export).code, 0);
    for (number, job) in (1..).zip(&jobs) {
        for (name, expected) in [("stdout", &job.stdout), ("stderr", &job.stderr)] {
            let exported = std::fs::read(out.join(format!("odd.{number}/{name}.log"))).unwrap();
            assert!(exported == *expected, "export of {name} of {number}: {}", job.line);
        }
    }
    for (number, job) in (1..).zip(&jobs) {
        for (flag, expected) in [("--stdout", &job.stdout), ("--stderr", &job.stderr)] {
            let logs =
                command(&["logs", &format!("odd.{number}"), "--raw", flag]).output().unwrap();
            assert!(logs.stdout == *expected, "logs --raw {flag} of {number}: {}", job.line);
        }
    }
}
