//! Bad input and damaged stores: one clear line, the documented exit code, the rest served.

use std::os::unix::fs::FileExt;
use std::path::Path;

use logweir::job::{Exit, Stream};

use crate::written::{Ran, Written, ran, weir};

/// Runs `weir --dir dir words`.
fn at(dir: &Path, words: &[&str]) -> Ran {
    let mut command = weir();
    command.arg("--dir").arg(dir).args(words);
    ran(command)
}

/// Bad input: exit code 2, nothing on stdout, one line on stderr that holds all of `words`.
fn refused(ran: &Ran, words: &[&str]) {
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{ran:?}");
    assert_eq!(ran.err.lines().count(), 1, "{ran:?}");
    assert!(ran.err.starts_with("weir: "), "{ran:?}");
    for word in words {
        assert!(ran.err.contains(word), "`{word}` is not in {ran:?}");
    }
}

#[test]
fn an_unknown_an_ambiguous_and_an_invalid_job_are_refused() {
    let mut store = Written::new();
    for id in ["sim.1", "sim.17", "sim.18"] {
        store.job(id, b"x\n", Exit::code(0));
    }
    for command in ["logs", "show"] {
        refused(&ran(store.weir(&[command, "nope"])), &["nope", "weir ls"]);
        refused(&ran(store.weir(&[command, "sim"])), &["sim", "3", "sim.1,", "sim.17"]);
        refused(&ran(store.weir(&[command, "a/b"])), &["a/b", "letters"]);
        refused(&ran(store.weir(&[command, "sim.17", "--attempt", "7"])), &["sim.17", "7", "1"]);
    }
    refused(&ran(store.weir(&["grep", "x", "nope"])), &["nope"]);
    refused(&ran(store.weir(&["export", "nope", "--to", "/tmp/never"])), &["nope"]);
    assert_eq!(ran(store.weir(&["logs", "sim.1"])).out, "x\n", "an exact id is no prefix");
    assert_eq!(ran(store.weir(&["logs", "sim.18"])).code, 0);
}

#[test]
fn bad_words_are_refused_in_one_line() {
    let store = Written::new();
    refused(&ran(store.weir(&["logs"])), &["JOB", "weir logs --help"]);
    refused(&ran(store.weir(&["logs", "x", "--since", "yesterday"])), &["yesterday", "#120"]);
    refused(&ran(store.weir(&["logs", "x", "--level", "loud"])), &["loud", "trace"]);
    refused(&ran(store.weir(&["logs", "x", "--raw", "--json"])), &["--raw", "--json"]);
    refused(&ran(store.weir(&["logs", "x", "-n", "-3"])), &["-3"]);
    refused(&ran(store.weir(&["ls", "--budget", "lots"])), &["lots", "64MiB"]);
    refused(&ran(store.weir(&["ls", "--append", "tape"])), &["tape", "pwritev"]);
    refused(&ran(store.weir(&["export", "--to", "x"])), &["--all"]);
}

#[test]
fn a_bad_configuration_file_is_named_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("weir.toml");
    std::fs::write(&file, "# a comment\nbuget = \"1G\"\n").unwrap();
    let config = file.to_str().unwrap();
    refused(&at(dir.path(), &["--config", config, "ls"]), &["weir.toml:2:", "buget"]);
    refused(&at(dir.path(), &["--config", "/nonexistent.toml", "ls"]), &["/nonexistent.toml"]);
}

#[test]
fn a_missing_and_a_foreign_directory_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    std::fs::write(dir.path().join("somebody's"), "file").unwrap();
    for words in [&["ls"][..], &["logs", "x"], &["show", "x"], &["grep", "x"], &["verify"]] {
        refused(&at(&missing, words), &["missing", "--dir"]);
        assert!(!missing.exists(), "a reader creates nothing");
        refused(&at(dir.path(), words), &["not a weir directory", "--dir"]);
    }
}

#[test]
fn a_directory_of_a_newer_format_is_refused() {
    let store = Written::new();
    std::fs::write(store.dir().join("weir-store"), "weir store format 99\n").unwrap();
    refused(&ran(store.weir(&["ls"])), &["99", "upgrade"]);
}

#[test]
fn an_export_to_where_nothing_can_be_written_is_refused() {
    let mut store = Written::new();
    store.job("a", b"x\n", Exit::code(0));
    let file = store.dir().join("weir-store");
    refused(
        &ran(store.weir(&["export", "a", "--to", file.to_str().unwrap()])),
        &["cannot export a"],
    );
}

/// Two sealed segments: the first with job `first`, the second with job `second`.
fn two_segments() -> Written {
    let mut store = Written::with_segments_of(1);
    let mut first = store.start("first");
    store.data(&mut first, 0, &[(Stream::Stdout, b"early\n")]);
    store.data(&mut first, 0, &[(Stream::Stdout, b"late\n")]);
    store.finish(&first, Exit::code(0));
    store.job("second", b"fine\n", Exit::code(0));
    store.seal();
    store
}

/// The segment that holds `text`.
fn holding(store: &Written, text: &[u8]) -> (std::path::PathBuf, u64) {
    let found = store.segments().into_iter().find_map(|path| {
        let bytes = std::fs::read(&path).unwrap();
        let at = bytes.windows(text.len()).position(|window| window == text)?;
        Some((path, at as u64))
    });
    found.expect("some segment has it")
}

#[test]
fn a_corrupt_segment_is_named_once_and_the_rest_is_served() {
    let store = two_segments();
    let (path, offset) = holding(&store, b"late\n");
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(b"L", offset).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();

    let logs = ran(store.weir(&["logs", "first"]));
    assert_eq!((logs.out.as_str(), logs.code), ("early\n", 3), "{logs:?}");
    assert!(logs.err.lines().count() == 1 && logs.err.contains(name), "{logs:?}");
    let logs = ran(store.weir(&["logs", "second"]));
    assert_eq!((logs.out.as_str(), logs.code), ("fine\n", 0), "{logs:?}");
    let grep = ran(store.weir(&["grep", "."]));
    assert_eq!((grep.out.as_str(), grep.code), ("first:1:early\nsecond:1:fine\n", 3), "{grep:?}");
    let verify = ran(store.weir(&["verify"]));
    assert_eq!(verify.code, 3);
    assert!(verify.out.contains(name) && verify.out.contains("damaged at byte"), "{verify:?}");
    let to = tempfile::tempdir().unwrap();
    let export = ran(store.weir(&["export", "--all", "--to", to.path().to_str().unwrap()]));
    assert_eq!(export.code, 3);
    assert_eq!(std::fs::read(to.path().join("first/stdout.log")).unwrap(), b"early\n");
    assert_eq!(std::fs::read(to.path().join("second/stdout.log")).unwrap(), b"fine\n");
}

#[test]
fn many_damaged_places_of_one_file_are_told_in_one_line() {
    let mut store = Written::new();
    let mut job = store.start("job");
    for text in [&b"one\n"[..], b"two\n", b"three\n", b"four\n"] {
        store.data(&mut job, 0, &[(Stream::Stdout, text)]);
    }
    store.finish(&job, Exit::code(0));
    store.seal();
    for text in [&b"one\n"[..], b"three\n"] {
        let (path, offset) = holding(&store, text);
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all_at(b"X", offset).unwrap();
    }
    let logs = ran(store.weir(&["logs", "job"]));
    assert_eq!((logs.out.as_str(), logs.code), ("two\nfour\n", 3), "{logs:?}");
    assert_eq!(logs.err.lines().count(), 1, "{logs:?}");
}

#[test]
fn a_truncated_and_an_overwritten_segment_are_named_and_the_rest_is_served() {
    for damage in [
        |path: &Path| {
            std::fs::File::options().write(true).open(path).unwrap().set_len(5000).unwrap()
        },
        |path: &Path| std::fs::write(path, "nothing of ours").unwrap(),
    ] {
        let store = two_segments();
        let (path, _) = holding(&store, b"late\n");
        damage(&path);
        let name = path.file_name().unwrap().to_str().unwrap();
        let ls = ran(store.weir(&["ls"]));
        assert_eq!(ls.code, 3, "{ls:?}");
        assert!(ls.err.lines().count() == 1 && ls.err.contains(name), "{ls:?}");
        assert!(ls.out.contains("second"), "{ls:?}");
        assert_eq!(ran(store.weir(&["logs", "second"])).out, "fine\n");
        let verify = ran(store.weir(&["verify"]));
        assert!(verify.code == 3 && verify.out.contains(name), "{verify:?}");
    }
}

#[test]
fn a_full_standard_output_is_named() {
    let mut store = Written::new();
    store.job("a", b"x\n", Exit::code(0));
    for words in [&["logs", "a"][..], &["ls"], &["show", "a", "--json"], &["grep", "x"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut weir = std::process::Command::new(assert_cmd::cargo::cargo_bin("weir"));
        let output = weir.arg("--dir").arg(store.dir()).args(words).stdout(full).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.starts_with("weir: cannot write to standard output: No space"), "{told}");
    }
}

#[test]
fn what_is_no_file_under_a_segments_name_is_named_and_holds_nobody_up() {
    let mut store = Written::new();
    store.job("a", b"x\n", Exit::code(0));
    store.seal();
    let name = store.segments().remove(0);
    let name = name.to_str().unwrap().replace("00000000.seg", "00000001.seg");
    rustix::fs::mkfifoat(rustix::fs::CWD, &name, rustix::fs::Mode::RWXU).unwrap();
    let logs = ran(store.weir(&["logs", "a"]));
    assert_eq!((logs.code, logs.out.as_str()), (3, "x\n"), "{logs:?}");
    assert!(logs.err.contains("00000001.seg"), "{logs:?}");
}
