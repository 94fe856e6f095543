//! The directory of a store: its marker, its privacy, its segments.
//!
//! The marker `weir-store` says that the directory is ours and which format it has. A directory
//! with anything else in it is never written to.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::segment::SegmentName;

use super::StoreError;

/// The format of directories that this build makes, and the newest it knows.
pub(super) const FORMAT: u32 = 1;
/// The name of the marker.
const MARKER: &str = "weir-store";
/// What the marker says before the number of the format.
const MARKER_TEXT: &str = "weir store format ";
/// Names that begin like this are ours and not yet, or no longer, in use.
const SCRATCH: &str = ".weir-";

/// Makes `dir` a store, or finds that it is one, for writing.
pub(super) fn prepare(dir: &Path) -> Result<(), StoreError> {
    if let Some(path) = file_in_the_way(dir) {
        return Err(StoreError::NotADirectory { path });
    }
    create_private(dir).map_err(StoreError::io("create", dir))?;
    match examine(dir)? {
        Found::Store => {}
        Found::Empty => mark(dir).map_err(StoreError::io("create a store in", dir))?,
    }
    rustix::fs::access(dir, rustix::fs::Access::WRITE_OK)
        .map_err(|error| StoreError::io("write to", dir)(error.into()))
}

/// What a directory that may be read as a store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// It has a marker.
    Store,
    /// It has nothing.
    Empty,
}

/// Finds out whether `dir` is a store of a format that this build knows.
pub(super) fn examine(dir: &Path) -> Result<Found, StoreError> {
    match fs::read(dir.join(MARKER)) {
        Ok(text) => check_marker(dir, &text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => check_unmarked(dir),
        Err(error) => Err(match file_in_the_way(dir) {
            Some(path) => StoreError::NotADirectory { path },
            None => StoreError::io("read", &dir.join(MARKER))(error),
        }),
    }
}

/// What stands where `dir`, or a directory above it, would have to be.
fn file_in_the_way(dir: &Path) -> Option<PathBuf> {
    dir.ancestors()
        .find(|place| place.exists())
        .filter(|place| !place.is_dir())
        .map(Path::to_path_buf)
}

fn check_marker(dir: &Path, text: &[u8]) -> Result<Found, StoreError> {
    let format = std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.strip_prefix(MARKER_TEXT)?.trim_end().parse::<u32>().ok());
    match format {
        Some(found) if found > FORMAT => {
            Err(StoreError::Newer { path: dir.to_path_buf(), found, known: FORMAT })
        }
        Some(_) => Ok(Found::Store),
        None => Err(StoreError::BadMarker { path: dir.join(MARKER) }),
    }
}

fn check_unmarked(dir: &Path) -> Result<Found, StoreError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(StoreError::Missing { path: dir.to_path_buf() });
        }
        Err(error) => return Err(StoreError::io("read", dir)(error)),
    };
    for entry in entries {
        let name = entry.map_err(StoreError::io("read", dir))?.file_name();
        if name == MARKER {
            // Another process has just made it: the marker appears under its name only when it is
            // whole.
            return Ok(Found::Store);
        }
        if !name.to_string_lossy().starts_with(SCRATCH) {
            return Err(StoreError::Foreign { path: dir.to_path_buf() });
        }
    }
    Ok(Found::Empty)
}

/// Creates `dir` and what is missing above it. A directory made here is its owner's alone, whatever
/// the umask; one that was there keeps its permissions.
fn create_private(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent)?;
    }
    match fs::DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => fs::set_permissions(dir, fs::Permissions::from_mode(0o700)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Puts the marker in place, whole.
fn mark(dir: &Path) -> io::Result<()> {
    let scratch = dir.join(format!("{SCRATCH}{}", uuid::Uuid::now_v7().simple()));
    let mut file = File::create_new(&scratch)?;
    let placed = file
        .set_permissions(fs::Permissions::from_mode(0o600))
        .and_then(|()| writeln!(file, "{MARKER_TEXT}{FORMAT}"))
        .and_then(|()| fs::rename(&scratch, dir.join(MARKER)));
    placed.inspect_err(|_| {
        // Left behind it harms nobody.
        let _ = fs::remove_file(&scratch);
    })
}

/// A segment that a directory listing showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Listed {
    pub(super) name: SegmentName,
    pub(super) sealed: bool,
}

impl Listed {
    /// Where the listing showed it.
    pub(super) fn path(&self, dir: &Path) -> PathBuf {
        if self.sealed { self.name.sealed_path(dir) } else { self.name.open_path(dir) }
    }
}

/// The segments of `dir` by chain and number; one that was sealed during the listing counts once.
pub(super) fn segments(dir: &Path) -> Result<Vec<Listed>, StoreError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(StoreError::io("read", dir))? {
        let path = entry.map_err(StoreError::io("read", dir))?.path();
        if let Some(name) = SegmentName::of(&path) {
            let sealed = path == name.sealed_path(dir);
            found.push(Listed { name, sealed });
        }
    }
    found.sort_by_key(|listed| (listed.name, !listed.sealed));
    found.dedup_by_key(|listed| listed.name);
    Ok(found)
}
