//! Directories for what is measured, removed afterwards.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use tempfile::TempDir;

/// Where measured data goes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Place {
    /// Where data goes while it is measured; removed afterwards. Choose the file system to measure
    #[arg(long, global = true, value_name = "DIR", default_value = "target/peers")]
    dir: PathBuf,
}

impl Place {
    /// Makes a new empty directory there.
    pub(crate) fn scratch(&self) -> anyhow::Result<TempDir> {
        std::fs::create_dir_all(&self.dir)
            .and_then(|()| self.dir.canonicalize())
            .and_then(|dir| tempfile::Builder::new().prefix("run-").tempdir_in(dir))
            .with_context(|| format!("cannot make a directory in {}", self.dir.display()))
    }

    /// The words that hand this place to another run of this program.
    pub(crate) fn words(&self) -> [&std::ffi::OsStr; 2] {
        ["--dir".as_ref(), self.dir.as_os_str()]
    }
}

/// Every regular file below `dir`, with its size in bytes.
pub(crate) fn files(dir: &Path) -> anyhow::Result<Vec<(PathBuf, u64)>> {
    let mut found = Vec::new();
    let mut dirs = vec![dir.to_path_buf()];
    while let Some(dir) = dirs.pop() {
        for entry in
            std::fs::read_dir(&dir).with_context(|| format!("cannot list {}", dir.display()))?
        {
            let entry = entry?;
            let about = entry.metadata()?;
            if about.is_dir() {
                dirs.push(entry.path());
            } else if about.is_file() {
                found.push((entry.path(), about.len()));
            }
        }
    }
    Ok(found)
}
