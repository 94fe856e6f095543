//! Where something was measured.

use std::fs;
use std::path::Path;

/// Prints a heading, the command that was typed and the machine it runs on.
pub(crate) fn print_heading(title: &str, dir: &Path) {
    let words: Vec<String> = std::env::args().skip(1).collect();
    println!("## {title}\n");
    println!("`peers {}`; {}.\n", words.join(" "), machine(dir));
}

/// The machine in one line: processor, cores, memory, kernel, file system of `dir`.
fn machine(dir: &Path) -> String {
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown CPU".into());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split(' ').next()?.parse::<u64>().ok())
        .map_or(0, |kib| (kib + (1 << 19)) >> 20);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let file_system = file_system(dir).unwrap_or_else(|| "unknown file system".into());
    format!(
        "{processor}, {cores} cores, {memory} GiB memory, Linux {}, {file_system}",
        kernel.trim()
    )
}

/// The value of the first line `name : value` of a file in /proc.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().into())
}

/// The type of the file system that holds `dir`: that of its nearest mount point, the last mounted
/// of equals.
fn file_system(dir: &Path) -> Option<String> {
    let dir = dir.canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let mounted = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((Path::new(words.next()?), words.next()?))
    });
    mounted
        .filter(|(point, _)| dir.starts_with(point))
        .max_by_key(|(point, _)| point.components().count())
        .map(|(_, kind)| kind.into())
}
