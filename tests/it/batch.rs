//! `weir run` and `weir batch` as a user runs them: exit codes, messages, files, signals.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::written::{Ran, ran, weir};

/// A directory for a store and for what jobs need.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn weir(&self, words: &[&str]) -> Ran {
        let mut weir = weir();
        weir.arg("--dir").arg(self.path("store")).args(words);
        for name in ["SLURM_JOB_ID", "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_STEP_ID"] {
            weir.env_remove(name);
        }
        ran(weir)
    }

    /// Writes a file of commands; returns its name.
    fn jobs(&self, lines: &str) -> String {
        std::fs::write(self.path("jobs"), lines).unwrap();
        self.path("jobs").to_str().unwrap().into()
    }

    /// Starts `weir` with a fifo in `READY`, and waits until a job has written its first line
    /// there.
    fn start_ready(&self, words: &[&str]) -> Child {
        let fifo = self.path("ready");
        rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RWXU).unwrap();
        let child = std::process::Command::new(assert_cmd::cargo::cargo_bin("weir"))
            .arg("--dir")
            .arg(self.path("store"))
            .args(words)
            .env("READY", &fifo)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        self.wait_for_line();
        child
    }

    fn wait_for_line(&self) {
        assert_eq!(std::fs::read_to_string(self.path("ready")).unwrap(), "ready\n");
    }
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[test]
fn run_ends_as_its_command_does() {
    let place = Place::new();
    let cases: [(&[&str], i32); 6] = [
        (&["true"], 0),
        (&["sh", "-c", "exit 41"], 41),
        (&["sh", "-c", "kill -9 $$"], 137),
        (&["/nonexistent"], 127),
        (&["/"], 126),
        (&["sh", "-c", "exit 125"], 125),
    ];
    for (command, code) in cases {
        let run = place.weir(&[&["run", "--"], command].concat());
        assert_eq!((run.code, run.out.as_str()), (code, ""), "{command:?}: {}", run.err);
    }
    let late = place.weir(&["run", "--timeout", "50ms", "--", "sleep", "1000"]);
    assert_eq!(late.code, 124, "{}", late.err);
}

#[test]
fn run_says_nothing_of_success_and_the_last_words_of_failure() {
    let place = Place::new();
    let good = place.weir(&["run", "--", "sh", "-c", "echo out; echo err >&2"]);
    assert_eq!((good.out.as_str(), good.err.as_str()), ("", ""));
    let line = "for i in 1 2 3 4 5 6 7 8 9 10 11; do echo word $i >&2; done; \
                printf '\\033[2J' >&2; exit 3";
    let bad = place.weir(&["run", "--id", "bad", "--", "sh", "-c", line]);
    assert_eq!((bad.code, bad.out.as_str()), (3, ""));
    assert!(bad.err.contains("exit code 3") && bad.err.contains("weir logs bad"), "{}", bad.err);
    assert!(bad.err.contains("  | word 11\n  | \\u{1b}[2J\n"), "{}", bad.err);
    assert!(!bad.err.contains("word 2\n"), "{}", bad.err);
    assert_eq!(bad.err.lines().filter(|line| line.starts_with("  | ")).count(), 10);
}

#[test]
fn run_with_tee_copies_both_streams_through() {
    let place = Place::new();
    let run = place.weir(&["run", "--tee", "--", "sh", "-c", "echo out; echo err >&2"]);
    assert_eq!((run.out.as_str(), run.err.as_str(), run.code), ("out\n", "err\n", 0));
}

#[test]
fn the_same_id_again_is_a_new_attempt() {
    let place = Place::new();
    for _ in 0..2 {
        place.weir(&[
            "run",
            "--id",
            "twice",
            "--label",
            "k=v",
            "--",
            "sh",
            "-c",
            "echo $WEIR_ATTEMPT",
        ]);
    }
    assert_eq!(place.weir(&["logs", "twice"]).out, "2\n");
    assert_eq!(place.weir(&["logs", "twice", "--attempt", "1"]).out, "1\n");
    assert!(place.weir(&["show", "twice", "--json"]).out.contains(r#""k":"v""#));
}

#[test]
fn batch_exits_with_the_number_of_failed_jobs() {
    let place = Place::new();
    let jobs = place.jobs("true\nexit 1\n\n# exit 1\nno-such-program\necho fine\n");
    let batch = place.weir(&["batch", "--id", "b", &jobs]);
    assert_eq!((batch.code, batch.out.as_str()), (2, ""), "{}", batch.err);
    assert!(batch.err.contains("4 jobs, 2 failed"), "{}", batch.err);
    assert_eq!(place.weir(&["logs", "b.6"]).out, "fine\n");
    let many = place.weir(&["batch", "--array", "1-130", "-j", "16", "--", "false"]);
    assert_eq!(many.code, 101);
    let quiet = place.weir(&["-q", "batch", "--array", "1-3", "--", "true"]);
    assert_eq!((quiet.code, quiet.err.as_str()), (0, ""));
}

#[test]
fn an_array_element_is_in_the_command_and_the_environment() {
    let place = Place::new();
    let script = "echo {} $WEIR_TASK $WEIR_JOB_ID";
    let words = ["batch", "--id", "a", "--array", "7-9:2,3", "--", "sh", "-c", script];
    assert_eq!(place.weir(&words).code, 0);
    for element in [7, 9, 3] {
        let logs = place.weir(&["logs", &format!("a.{element}")]);
        assert_eq!(logs.out, format!("{element} {element} a.{element}\n"));
    }
}

#[test]
fn resume_runs_only_what_has_not_succeeded() {
    let place = Place::new();
    let flag = place.path("flag");
    let jobs = place.jobs(&format!("echo one\ntest -e {}\necho three\n", flag.display()));
    let words = ["batch", "--id", "r", "--resume", &jobs];
    assert_eq!(place.weir(&words).code, 1);
    std::fs::write(flag, "").unwrap();
    let again = place.weir(&words);
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(again.err.contains("1 jobs") && again.err.contains("2 had succeeded"), "{}", again.err);
    assert!(place.weir(&["show", "r.1"]).err.is_empty());
    assert_eq!(place.weir(&["logs", "r.1", "--attempt", "2"]).code, 2, "it ran again");
}

#[test]
fn the_job_log_has_a_line_for_every_job() {
    let place = Place::new();
    let jobs = place.jobs("echo 12345\nexit 4\n");
    let log = place.path("log");
    place.weir(&["batch", "-j", "1", "--retries", "1", "--joblog", log.to_str().unwrap(), &jobs]);
    let text = std::fs::read_to_string(log).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let columns = [
        "Seq",
        "Host",
        "Starttime",
        "JobRuntime",
        "Send",
        "Receive",
        "Exitval",
        "Signal",
        "Command",
    ];
    assert_eq!(rows[0], columns);
    assert_eq!([rows[1][0], rows[1][5], rows[1][6], rows[1][8]], ["1", "6", "0", "echo 12345"]);
    assert_eq!([rows[2][0], rows[2][6], rows[2][8]], ["2", "4", "exit 4"]);
    assert_eq!(rows.len(), 3);
}

#[test]
fn the_job_log_quotes_the_words_of_an_array_and_no_line_of_shell() {
    let place = Place::new();
    let log = place.path("log");
    let log = log.to_str().unwrap();
    place.weir(&["batch", "--joblog", log, "--array", "1", "--", "echo", "a b", "{}"]);
    place.weir(&["batch", "--joblog", log, &place.jobs("echo 'c d' | cat\n")]);
    let text = std::fs::read_to_string(log).unwrap();
    let commands: Vec<&str> = text.lines().map(|row| row.rsplit('\t').next().unwrap()).collect();
    assert_eq!(commands, ["Command", "echo 'a b' 1", "echo 'c d' | cat"]);
}

#[test]
fn what_cannot_be_meant_is_one_line_and_125() {
    let place = Place::new();
    let jobs = place.jobs("true\n");
    let cases: [(&[&str], &str); 17] = [
        (&["batch", "-j", "0", &jobs], "-j 0"),
        (&["batch", "--array", "5-1", "--", "true"], "backwards"),
        (&["batch", "--array", "x", "--", "true"], "not an element"),
        (&["batch", "--array", "0-10000000", "--", "true"], "10000000"),
        (&["batch", "--array", "1-2"], "CMD"),
        (&["batch", "--", "true"], "--array"),
        (&["batch"], "FILE"),
        (&["batch", "/nonexistent/jobs"], "/nonexistent/jobs"),
        (&["batch", "--id", "a/b", &jobs], "'/'"),
        (&["batch", "--resume", &jobs], "--id"),
        (
            &["batch", "--budget", "1MiB", "-j", "1000", "--array", "1-1000", "--", "true"],
            "--budget 4000KiB",
        ),
        (&["run", "--timeout", "0", "--", "true"], "no time"),
        (&["batch", "--timeout", "0s", &jobs], "no time"),
        (&["run", "--", ""], "the command is empty"),
        (&["batch", "--array", "1-2", "--", ""], "the command is empty"),
        (&["run", "--dir", &jobs, "--", "true"], "jobs is not a directory"),
        (&["run", "--label", "novalue", "--", "true"], "KEY=VALUE"),
    ];
    for (words, part) in cases {
        let refused = place.weir(words);
        assert_eq!(refused.code, 125, "{words:?}: {}", refused.err);
        assert!(refused.err.contains(part), "{words:?}: {}", refused.err);
        assert_eq!(refused.err.lines().count(), 1, "{words:?}: {}", refused.err);
    }
    assert!(!place.path("store").join("weir-store").exists() || place.weir(&["ls"]).out.is_empty());
}

#[test]
fn an_empty_list_is_done_at_once() {
    let place = Place::new();
    let jobs = place.jobs("\n# nothing\n");
    let batch = place.weir(&["batch", &jobs]);
    assert_eq!(batch.code, 0);
    assert!(batch.err.contains("no jobs in"), "{}", batch.err);
}

#[test]
fn too_low_a_limit_of_open_files_is_told_before_any_job_starts() {
    let place = Place::new();
    let mark = place.path("started");
    let weir = assert_cmd::cargo::cargo_bin("weir");
    let line = format!(
        "ulimit -n 256; exec {} --dir {} batch -j 1000 --array 1-1000 -- touch {}",
        weir.display(),
        place.path("store").display(),
        mark.display()
    );
    let batch = std::process::Command::new("/bin/sh").args(["-c", &line]).output().unwrap();
    let text = String::from_utf8(batch.stderr).unwrap();
    assert_eq!(batch.status.code(), Some(125), "{text}");
    assert!(text.contains("256") && text.contains("3064"), "{text}");
    assert!(!mark.exists());
}

#[test]
fn a_limit_of_file_sizes_is_a_full_disk_and_neither_kills_weir_nor_its_job() {
    let place = Place::new();
    let weir = assert_cmd::cargo::cargo_bin("weir");
    let store = place.path("store");
    let mut child = std::process::Command::new("/bin/sh")
        .args(["-c", "ulimit -f 1024; exec \"$@\"", "sh"])
        .arg(&weir)
        .arg("--dir")
        .arg(&store)
        .args(["run", "--id", "big", "--", "seq", "300000"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = told.find(|line| line.as_ref().unwrap().contains("File too large"));
    assert!(line.is_some(), "the limit is told");
    signal(&child, Signal::TERM);
    assert_eq!(child.wait().unwrap().code(), Some(125), "what was printed is not all stored");
    // What is stored may end in the middle of a line, but is a true beginning.
    let shown = place.weir(&["logs", "big", "--raw"]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    let printed: String = (1..=300_000).map(|n| format!("{n}\n")).collect();
    assert!(shown.out.len() > 4096 && shown.out.len() < printed.len());
    assert!(printed.starts_with(&shown.out));
}

#[test]
fn the_first_signal_goes_to_the_jobs_and_their_last_words_are_kept() {
    let place = Place::new();
    let line = "trap 'echo bye; exit 0' TERM; echo ready > $READY; while :; do sleep 0.01; done";
    let words = ["batch", "--id", "s", "-j", "1", "--array", "1-3", "--", "sh", "-c", line];
    let child = place.start_ready(&words);
    signal(&child, Signal::TERM);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2), "two were not started");
    assert!(String::from_utf8(output.stderr).unwrap().contains("2 not started"));
    assert_eq!(place.weir(&["logs", "s.1", "--stdout"]).out, "bye\n");
}

#[test]
fn the_second_signal_kills_the_jobs_and_what_they_said_is_kept() {
    let place = Place::new();
    let line = "trap 'echo no; echo ready > $READY' TERM; echo $$; echo ready > $READY; \
                while :; do sleep 0.01; done";
    let words = ["batch", "--id", "s", "--array", "1", "--", "sh", "-c", line];
    let child = place.start_ready(&words);
    signal(&child, Signal::TERM);
    place.wait_for_line();
    signal(&child, Signal::TERM);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let logs = place.weir(&["logs", "s.1", "--stdout"]).out;
    let (pid, rest) = logs.split_once('\n').unwrap();
    assert_eq!(rest, "no\n");
    assert!(!PathBuf::from(format!("/proc/{pid}")).exists(), "the job is still there");
    let ls = place.weir(&["show", "s.1", "--json"]).out;
    assert!(ls.contains(r#""signal":9"#), "{ls}");
}

#[test]
fn a_signal_that_announces_the_end_of_time_reaches_the_jobs_and_ends_nothing() {
    let place = Place::new();
    let line = "trap 'echo saved; exit 3' USR1; echo ready > $READY; while :; do sleep 0.01; done";
    let child = place.start_ready(&["run", "--id", "s", "--", "sh", "-c", line]);
    signal(&child, Signal::USR1);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(place.weir(&["logs", "s", "--stdout"]).out, "saved\n");
}

#[test]
fn a_copy_that_breaks_off_is_told_and_the_job_is_stored_whole() {
    let place = Place::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = std::process::Command::new(assert_cmd::cargo::cargo_bin("weir"))
        .arg("--dir")
        .arg(place.path("store"))
        .args(["run", "--tee", "--id", "t", "--", "seq", "3"])
        .stdout(full)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("stdout") && told.contains("No space left"), "{told}");
    assert_eq!(place.weir(&["logs", "t"]).out, "1\n2\n3\n");
}

#[test]
fn an_incomplete_command_line_of_a_batch_says_what_to_give() {
    let place = Place::new();
    for (words, part) in [(&["batch"][..], "FILE"), (&["batch", "--array", "1-3"], "<CMD>")] {
        let refused = place.weir(words);
        assert_eq!(refused.code, 125, "{}", refused.err);
        assert!(refused.err.contains(part), "{}", refused.err);
    }
    assert!(!place.weir(&["batch", "--array", "1-3"]).err.contains("<FILE>"));
}
