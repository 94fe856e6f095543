//! The reading commands as a user runs them: what they print, where, and how they end.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use logweir::job::{Exit, Stream};

use crate::written::{Written, ran, weir};
use Stream::{Stderr, Stdout};

/// A finished job on both streams, a failed one, and one that still runs.
fn three() -> Written {
    let mut store = Written::new();
    let mut good = store.start("sim.17");
    store.data(&mut good, 0, &[(Stdout, b"one\ntwo\n"), (Stderr, b"oops\n"), (Stdout, b"three")]);
    store.finish(&good, Exit::code(0));
    store.job("sim.18", b"all lost\n", Exit::code(3));
    let mut running = store.start("train");
    store.data(&mut running, 0, &[(Stdout, b"step 1\n")]);
    store
}

#[test]
fn logs_prints_both_streams_and_leaves_the_end_as_it_is_on_a_pipe() {
    let store = three();
    let logs = ran(store.weir(&["logs", "sim.17"]));
    assert_eq!((logs.out.as_str(), logs.err.as_str(), logs.code), ("one\ntwo\noops\nthree", "", 0));
    assert_eq!(ran(store.weir(&["logs", "sim.17", "--stderr"])).out, "oops\n");
    assert_eq!(ran(store.weir(&["logs", "sim.17", "--stdout", "-n", "2"])).out, "two\nthree");
    assert_eq!(
        ran(store.weir(&["logs", "sim.17", "--stdout", "--since", "#2", "--until", "#2"])).out,
        "two\n"
    );
    let colored = ran(store.weir(&["logs", "sim.17", "--color", "always", "-n", "2"]));
    assert_eq!(colored.out, "\u{1b}[31moops\u{1b}[0m\nthree");
}

#[test]
fn logs_puts_times_before_lines_and_ends_tidily() {
    let store = three();
    let logs = ran(store.weir(&["logs", "sim.17", "-t", "-n", "2"]));
    assert_eq!(logs.out, "2026-09-21T14:13:23.000000Z oops\n2026-09-21T14:13:24.000000Z three\n");
    let since = ran(store.weir(&["logs", "sim.17", "--since", "2026-09-21T14:13:23Z"]));
    assert_eq!(since.out, "oops\nthree");
    let local = ran(store.weir(&["logs", "sim.17", "--until", "2026-09-21 14:13:22"]));
    assert_eq!(local.out, "one\ntwo\n");
}

#[test]
fn logs_as_json_is_one_object_a_line() {
    let mut store = Written::new();
    store.job("bin", b"plain\n\xff\0\nend", Exit::code(0));
    let logs = ran(store.weir(&["logs", "bin", "--json"]));
    let lines: Vec<serde_json::Value> =
        logs.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines,
        [
            serde_json::json!({"job": "bin", "attempt": 1, "stream": "stdout", "line": 1,
                "time": "2026-09-21T14:13:22.000000000Z", "text": "plain"}),
            serde_json::json!({"job": "bin", "attempt": 1, "stream": "stdout", "line": 2,
                "time": "2026-09-21T14:13:22.000000000Z", "bytes": "/wA="}),
            serde_json::json!({"job": "bin", "attempt": 1, "stream": "stdout", "line": 3,
                "time": "2026-09-21T14:13:22.000000000Z", "text": "end", "end": "open"}),
        ]
    );
}

#[test]
fn raw_and_export_are_byte_exact() {
    let mut store = Written::with_segments_of(5000);
    let awkward: Vec<u8> =
        (0..=255).cycle().take(70_000).chain(*b"no newline at the end").collect();
    let mut job = store.start("awkward");
    for piece in awkward.chunks(777) {
        store.data(&mut job, 0, &[(Stdout, piece), (Stderr, &piece[..1])]);
    }
    store.finish(&job, Exit::code(0));
    let errors: Vec<u8> = awkward.chunks(777).map(|piece| piece[0]).collect();
    let raw = |stream| store.weir(&["logs", "awkward", "--raw", stream]).output().unwrap().stdout;
    assert!(raw("--stdout") == awkward);
    assert!(raw("--stderr") == errors);
    let ranged = store.weir(&["logs", "awkward", "--raw", "--stdout", "-n", "99999"]);
    assert!({ ranged }.output().unwrap().stdout == awkward);

    let to = tempfile::tempdir().unwrap();
    let out = to.path().join("a/b");
    let export = ran(store.weir(&["export", "awkward", "--to", out.to_str().unwrap()]));
    assert_eq!((export.code, export.out.as_str()), (0, ""));
    assert!(std::fs::read(out.join("awkward/stdout.log")).unwrap() == awkward);
    assert!(std::fs::read(out.join("awkward/stderr.log")).unwrap() == errors);
    let metadata = std::fs::read(out.join("awkward/metadata.json")).unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&metadata).unwrap();
    assert_eq!(metadata["stdout"]["bytes"], 70_021);
    assert_eq!(metadata["stdout"]["bytes"], metadata["stdout"]["stored_bytes"]);
}

#[test]
fn what_export_makes_is_its_owners_alone() {
    let store = three();
    let to = tempfile::tempdir().unwrap();
    let out = to.path().join("a");
    assert_eq!(ran(store.weir(&["export", "sim.17", "--to", out.to_str().unwrap()])).code, 0);
    let mode = |name: &str| out.join(name).metadata().unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode(""), mode("sim.17")), (0o700, 0o700));
    for name in ["stdout.log", "stderr.log", "metadata.json"] {
        assert_eq!(mode(&format!("sim.17/{name}")), 0o600, "{name}");
    }
}

#[test]
fn a_file_in_the_place_of_the_directory_is_told_as_what_it_is() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for words in [&["ls"][..], &["logs", "x"], &["verify"]] {
        let mut weir = weir();
        weir.arg("--dir").arg(file.path()).args(words);
        let refused = ran(weir);
        assert!(refused.err.contains(" is not a directory; "), "{words:?}: {}", refused.err);
        assert_eq!((refused.code, refused.err.lines().count()), (2, 1), "{words:?}");
    }
}

#[test]
fn export_keeps_attempts_apart() {
    let mut store = Written::new();
    for (attempt, text) in [(1, &b"first\n"[..]), (2, b"second\n"), (3, b"third\n")] {
        let mut job = store.start_attempt("again", attempt);
        store.data(&mut job, 0, &[(Stdout, text)]);
        store.finish(&job, Exit::code(0));
    }
    let to = tempfile::tempdir().unwrap();
    let path = to.path().to_str().unwrap();
    assert_eq!(ran(store.weir(&["export", "--all", "--to", path])).code, 0);
    let read = |name: &str| std::fs::read_to_string(to.path().join(name)).unwrap();
    assert_eq!(read("again/stdout.log"), "third\n");
    assert_eq!(read("again/attempt-2/stdout.log"), "second\n");
    assert_eq!(read("again/attempt-1/stdout.log"), "first\n");
    assert_eq!(ran(store.weir(&["export", "again", "--to", path, "--format", "jsonl"])).code, 0);
    assert!(read("again/log.jsonl").contains("\"text\":\"third\""));
    assert_eq!(ran(store.weir(&["logs", "again", "--attempt", "2"])).out, "second\n");
    assert_eq!(ran(store.weir(&["logs", "again"])).out, "third\n");
    assert_eq!(ran(store.weir(&["grep", "-c", "s|t"])).out, "again:1\nagain@2:1\nagain@3:1\n");
}

#[test]
fn a_gap_is_told_on_stderr_and_is_a_json_object() {
    let mut store = Written::new();
    let mut job = store.start("holey");
    store.data(&mut job, 0, &[(Stdout, b"one\n")]);
    store.gap(&mut job, Stdout, 88 << 10, 1204);
    store.data(&mut job, 0, &[(Stdout, b"more\n")]);
    store.finish(&job, Exit::code(0));
    let notice = "~~ 1,204 lines (88 KiB) lost: shutdown ~~\n";
    for flags in [&["logs", "holey"][..], &["logs", "holey", "--raw"]] {
        let logs = ran(store.weir(flags));
        assert_eq!((logs.out.as_str(), logs.err.as_str(), logs.code), ("one\nmore\n", notice, 0));
    }
    let json = ran(store.weir(&["logs", "holey", "--json"]));
    let gap: serde_json::Value = serde_json::from_str(json.out.lines().nth(1).unwrap()).unwrap();
    assert_eq!(gap["gap"], "shutdown");
    assert_eq!(gap["lost"], serde_json::json!({"bytes": 90_112, "lines": 1204}));
    let show = ran(store.weir(&["show", "holey"]));
    assert!(
        show.out.contains("1,206 lines, 88.0 KiB; 1,204 lines (88 KiB) lost in 1 place")
            || show.out.contains("1,206 lines, 88 KiB; 1,204 lines (88 KiB) lost in 1 place"),
        "{}",
        show.out
    );
    let ls = ran(store.weir(&["ls"]));
    assert!(ls.out.lines().nth(1).unwrap().ends_with("1,204"), "{}", ls.out);
}

#[test]
fn ls_lists_by_state_newest_last() {
    let store = three();
    let ids = |flags: &[&str]| -> Vec<String> {
        let ls = ran(store.weir(flags));
        assert_eq!(ls.code, 0);
        ls.out.lines().skip(1).map(|line| line.split(' ').next().unwrap().to_string()).collect()
    };
    assert_eq!(ids(&["ls"]), ["sim.17", "sim.18", "train"]);
    assert_eq!(ids(&["ls", "--failed"]), ["sim.18"]);
    assert_eq!(ids(&["ls", "--running"]), ["train"]);
    assert_eq!(ids(&["ls", "--done"]), ["sim.17", "sim.18"]);
    let ls = ran(store.weir(&["ls", "--failed"]));
    let words: Vec<&str> = ls.out.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(
        words,
        ["sim.18", "1", "failed", "3", "2026-09-21", "14:13:26", "2.0", "s", "1", "9", "B", "-"]
    );
    let json = ran(store.weir(&["ls", "--failed", "--json"]));
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["exit_code"], 3);
    assert_eq!(json["started_at"], "2026-09-21T14:13:26.000000000Z");
}

#[test]
fn show_never_prints_control_characters_of_a_command() {
    let store = three();
    let show = ran(store.weir(&["show", "sim.17"]));
    assert!(show.out.contains("state     done, exit code 0\n"), "{}", show.out);
    assert!(show.out.contains("label     class=small\n"), "{}", show.out);
    assert!(show.out.contains("stdout    3 lines, 13 B\n"), "{}", show.out);
    assert!(show.out.contains(r"\u{1b}[31mhi") && !show.out.contains('\u{1b}'), "{}", show.out);
    let json = ran(store.weir(&["show", "sim.17", "--json"]));
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let expected = [
        "id",
        "attempt",
        "command",
        "cwd",
        "labels",
        "started_at",
        "finished_at",
        "duration_ms",
        "exit_code",
        "signal",
        "stdout",
        "stderr",
        "max_rss_bytes",
        "user_ms",
        "sys_ms",
        "node",
        "detached_writer",
    ];
    for field in expected {
        assert!(json.get(field).is_some(), "`{field}` is missing");
    }
    let account: Vec<&String> = json["stdout"].as_object().unwrap().keys().collect();
    let expected =
        ["bytes", "gaps", "lines", "lost_bytes", "lost_lines", "stored_bytes", "stored_lines"];
    assert_eq!(account, expected);
}

#[test]
fn grep_searches_everything_in_a_stable_order() {
    let store = three();
    let grep = ran(store.weir(&["grep", "t|l"]));
    assert_eq!(
        (grep.code, grep.out.as_str()),
        (0, "sim.17:2:two\nsim.17:3:three\nsim.18:1:all lost\ntrain:1:step 1\n")
    );
    assert_eq!(ran(store.weir(&["grep", "-i", "OOPS"])).out, "sim.17:1:oops\n");
    assert_eq!(ran(store.weir(&["grep", "--stdout", "oops"])).code, 1);
    assert_eq!(ran(store.weir(&["grep", "-c", "."])).out, "sim.17:4\nsim.18:1\ntrain:1\n");
    assert_eq!(ran(store.weir(&["grep", "-l", "o"])).out, "sim.17\nsim.18\n");
    assert_eq!(ran(store.weir(&["grep", "t", "train"])).out, "train:1:step 1\n");
    assert_eq!(
        ran(store.weir(&["grep", ".", "--since", "2026-09-21T14:13:27Z"])).out,
        "sim.18:1:all lost\ntrain:1:step 1\n"
    );
    let json = ran(store.weir(&["grep", "oops", "--json"]));
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((json["stream"].as_str(), json["line"].as_u64()), (Some("stderr"), Some(1)));
    let colored = ran(store.weir(&["grep", "l{2}", "--color", "always"]));
    assert!(colored.out.contains("a\u{1b}[1;31mll\u{1b}[0m lost"), "{:?}", colored.out);
    let bad = ran(store.weir(&["grep", "(", "train"]));
    assert_eq!((bad.code, bad.err.lines().count()), (2, 1), "{}", bad.err);
}

#[test]
fn verify_sums_up_a_whole_store() {
    let mut store = three();
    let verify = ran(store.weir(&["verify"]));
    assert_eq!(verify.code, 0, "{}", verify.out);
    assert!(verify.out.ends_with(": all whole\n"), "{}", verify.out);
    store.seal();
    assert_eq!(ran(store.weir(&["verify", "-v"])).out.lines().count(), 2);
}

#[test]
fn verify_names_a_file_that_is_no_segment_once() {
    let store = three();
    let listed = std::fs::read_dir(store.dir()).unwrap().map(|entry| entry.unwrap().path());
    let segment = { listed }.find(|path| !path.ends_with("weir-store")).unwrap();
    std::fs::write(&segment, vec![b'x'; 70_000]).unwrap();
    let verify = ran(store.weir(&["verify"]));
    let name = segment.file_name().unwrap().to_str().unwrap();
    assert!(verify.out.starts_with(&format!("{name}: not a segment: ")), "{}", verify.out);
    assert_eq!((verify.code, verify.out.matches(name).count()), (3, 1), "{}", verify.out);
}

#[test]
fn a_closed_pipe_ends_every_reader_quietly() {
    let mut store = Written::new();
    let mut job = store.start("long");
    let piece = b"a line of some length, many times\n".repeat(10_000);
    for _ in 0..4 {
        store.data(&mut job, 0, &[(Stdout, &piece)]);
    }
    for words in [
        &["logs", "long"][..],
        &["logs", "long", "--raw"],
        &["logs", "long", "--json"],
        &["grep", "line"],
    ] {
        let mut weir = std::process::Command::new(weir().get_program());
        weir.arg("--dir").arg(store.dir()).args(words);
        let mut child = weir.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 10];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{words:?}");
        assert_eq!(output.status.code(), Some(0), "{words:?}");
    }
}

#[test]
fn settings_come_from_flag_environment_and_file_in_this_order() {
    let store = three();
    let mut empty = tempfile::NamedTempFile::new().unwrap();
    writeln!(empty, "dir = {:?}", store.dir()).unwrap();
    let file = empty.path().to_str().unwrap();
    let out = |mut weir: assert_cmd::Command| {
        weir.args(["logs", "sim.18"]);
        ran(weir)
    };
    let mut by_file = weir();
    by_file.args(["--config", file]);
    assert_eq!(out(by_file).out, "all lost\n", "the file");
    let mut by_env = weir();
    by_env.env("WEIR_CONFIG", file);
    assert_eq!(out(by_env).out, "all lost\n", "the file, named by the environment");
    let mut env_wins = weir();
    env_wins.args(["--config", file]).env("WEIR_DIR", "/nonexistent/weir");
    assert_eq!(out(env_wins).code, 2, "the environment beats the file");
    let mut flag_wins = weir();
    flag_wins.arg("--dir").arg(store.dir()).env("WEIR_DIR", "/nonexistent/weir");
    assert_eq!(out(flag_wins).out, "all lost\n", "the flag beats the environment");
    let mut state = weir();
    state.env("XDG_STATE_HOME", store.dir().parent().unwrap());
    assert_eq!(out(state).code, 2, "the default directory is asked, and is not there");
}

#[test]
fn help_manual_and_completions_are_there() {
    for words in
        [&["--help"][..], &["logs", "-h"], &["man"], &["man", "grep"], &["completions", "zsh"]]
    {
        let mut command = weir();
        command.args(words);
        let help = ran(command);
        assert_eq!((help.code, help.err.as_str()), (0, ""), "{words:?}");
        assert!(help.out.len() > 300, "{words:?}");
    }
}

#[test]
fn a_benchmark_measures_beside_the_logs_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for (what, words) in
        [("io", "--append auto takes "), ("push", "p99.9"), ("drain", " lines/s (")]
    {
        let mut bench = weir();
        bench.arg("--dir").arg(dir.path().join("logs")).args(["--budget", "64MiB"]);
        bench.args(["bench", what, "--size", "300K", "--rounds", "1"]);
        let bench = ran(bench);
        assert_eq!(bench.code, 0, "{bench:?}");
        assert!(bench.out.contains(words), "{bench:?}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "{what} left something");
    }
}
