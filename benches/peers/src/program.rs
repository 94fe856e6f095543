//! Where the programs are that are measured.

use std::path::{Path, PathBuf};

use anyhow::Context;

/// The command `weir`, where this package's parent builds it.
pub(crate) const WEIR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/release/weir");

/// The full path of the command `weir`.
pub(crate) fn weir(path: &Path) -> anyhow::Result<PathBuf> {
    path.canonicalize().with_context(|| {
        format!(
            "there is no {}; build it with `cargo build --release` in the repository, or name it \
             with --weir",
            path.display()
        )
    })
}

/// A program that was built together with this one.
pub(crate) fn beside_this(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    path.canonicalize().with_context(|| {
        format!("there is no {}; build all with `cargo build --release`", path.display())
    })
}
