//! The house rules as a test: which floor may import which, where `unsafe` may stand, where the
//! model configuration may be named, how long a file may be. Text is enough to see them.

use std::fs;
use std::path::{Path, PathBuf};

/// Modules and their floors. Imports point to lower floors only; siblings never meet.
const FLOORS: &[(&str, u8)] = &[
    ("sync", 0),
    ("job", 0),
    ("ring", 1),
    ("segment", 1),
    ("store", 2),
    ("engine", 3),
    ("read", 3),
    ("harness", 4),
    ("cli", 6),
];

/// Files that may hold `unsafe`; each says at its top why it must.
const UNSAFE_FILES: &[&str] = &[
    "src/harness/reap.rs",
    "src/ring/chunk.rs",
    "src/ring/consumer.rs",
    "src/ring/producer.rs",
    "src/ring/ready.rs",
    "src/segment/append/map.rs",
    "src/sync/arena.rs",
    "src/sync/model.rs",
];

/// The most lines a file may have.
const MAX_LINES: usize = 500;

#[test]
fn imports_point_down() {
    let mut broken = Vec::new();
    for file in rust_files("src") {
        let Some((from, floor)) = floor_of(&file.path) else { continue };
        for (number, line) in file.code_lines() {
            for to in mentioned_modules(line) {
                let Some((_, other)) = FLOORS.iter().find(|(name, _)| *name == to) else {
                    continue;
                };
                if to != from && *other >= floor {
                    broken.push(format!("{}:{number}: {from} imports {to}", file.path.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "imports that do not point down:\n{}", broken.join("\n"));
}

#[test]
fn every_module_has_a_floor() {
    for file in rust_files("src") {
        let top = file.path.components().nth(1).map(|c| c.as_os_str().to_string_lossy());
        let name = top.unwrap_or_default().trim_end_matches(".rs").to_owned();
        let known = ["lib", "main"].contains(&name.as_str())
            || FLOORS.iter().any(|(module, _)| *module == name);
        assert!(known, "{} is on no floor: add it to FLOORS", file.path.display());
    }
}

#[test]
fn unsafe_stands_only_where_it_is_listed() {
    for file in rust_files("src") {
        let uses = file.code_lines().any(|(_, line)| has_word(line, "unsafe"));
        let listed = UNSAFE_FILES.iter().any(|name| Path::new(name) == file.path);
        let path = file.path.display();
        assert!(!uses || listed, "{path} holds `unsafe` and is not listed");
        assert!(uses || !listed, "{path} is listed and holds no `unsafe`");
        let flat = file.text.replace("\n    ", "");
        assert!(
            !listed || flat.contains("#![expect(unsafe_code,"),
            "{path} does not say at its top why it needs `unsafe`"
        );
    }
}

#[test]
fn the_model_configuration_is_named_in_the_seam_only() {
    for file in rust_files("src") {
        if !file.path.starts_with("src/sync") && file.path != Path::new("src/lib.rs") {
            let named = file.code_lines().find(|(_, line)| line.contains("logweir_loom"));
            assert_eq!(named, None, "{} names the model configuration", file.path.display());
        }
    }
}

#[test]
fn files_are_short_ascii_and_not_too_wide() {
    let all = ["src", "tests", "benches", "examples"].into_iter().flat_map(rust_files);
    for file in all {
        let path = file.path.display();
        let lines = file.text.lines().count();
        assert!(lines <= MAX_LINES, "{path} has {lines} lines, the most is {MAX_LINES}");
        assert!(file.text.is_ascii(), "{path} holds characters outside ASCII");
        let wide = file.text.lines().position(|line| line.len() > 100);
        assert_eq!(wide, None, "{path} has a line over 100 columns");
    }
}

#[test]
fn the_checks_see_what_they_look_for() {
    let modules = |line| mentioned_modules(line).collect::<Vec<_>>();
    assert_eq!(modules("use crate::ring::{Pool, x};"), ["ring"]);
    assert_eq!(modules("use crate::{job, ring::Pool};"), ["job", "ring"]);
    assert_eq!(modules("let x = crate::cli::main();"), ["cli"]);
    assert!(has_word("let x = unsafe { 1 };", "unsafe"));
    assert!(!has_word("#![expect(unsafe_code)]", "unsafe"));
}

struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// Lines that are not comments, with their numbers.
    fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(i, line)| (i + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

fn rust_files(dir: &str) -> impl Iterator<Item = Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut dirs = vec![root.join(dir)];
    let mut found = Vec::new();
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.join("Cargo.toml").exists() {
                dirs.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).expect("a source file is UTF-8");
                let path = path.strip_prefix(root).expect("it is below the root").to_owned();
                found.push(Source { path, text });
            }
        }
    }
    assert!(dir != "src" || !found.is_empty(), "no source was found");
    found.into_iter()
}

/// The module a file belongs to and its floor; none for `lib.rs` and `main.rs`.
fn floor_of(path: &Path) -> Option<(String, u8)> {
    let top = path.components().nth(1)?.as_os_str().to_str()?.trim_end_matches(".rs").to_owned();
    let (_, floor) = FLOORS.iter().find(|(name, _)| *name == top)?;
    Some((top, *floor))
}

/// The modules named behind `crate::` in a line, also inside braces.
fn mentioned_modules(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("crate::").flat_map(|(at, found)| {
        let rest = &line[at + found.len()..];
        let parts: Vec<&str> = match rest.strip_prefix('{') {
            Some(inner) => inner.split(',').collect(),
            None => vec![rest],
        };
        parts.into_iter().map(|part| {
            let part = part.trim_start();
            let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            &part[..end.unwrap_or(part.len())]
        })
    })
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(is_part) && !line[at + word.len()..].starts_with(is_part)
    })
}
