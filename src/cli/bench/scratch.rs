//! A directory to measure in, gone when the measurement is over.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// A directory that is removed when it is dropped.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// Makes one on the file system of `dir`: inside it, or where it would be made.
    pub(super) fn beside(dir: &Path) -> anyhow::Result<Self> {
        let absolute = std::path::absolute(dir)?;
        let home = absolute.ancestors().find(|place| place.is_dir()).unwrap_or(Path::new("/"));
        let path = home.join(format!(".weir-bench-{}", std::process::id()));
        std::fs::create_dir(&path).with_context(|| {
            format!("cannot measure in {}: choose another directory with --dir", home.display())
        })?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// A new empty directory in it.
    pub(super) fn round(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.0.join(name);
        if path.exists() {
            std::fs::remove_dir_all(&path)?;
        }
        std::fs::create_dir(&path)?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is named after us and can be removed by hand.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
