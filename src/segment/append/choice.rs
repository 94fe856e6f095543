//! Which backend suits a directory, and why.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;
use std::str::FromStr;

use rustix::fs::{FallocateFlags, Mode, OFlags};

use super::map::Map;
use super::{Append, MmapAppend, PwritevAppend};

/// What the user asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AppendMode {
    /// What was measured to be cheaper: `pwritev`. A drain writes large batches, and a write of
    /// whole pages is one copy, while a page that is mapped is zeroed by the kernel before it is
    /// copied over (`docs/bench.md`).
    #[default]
    Auto,
    /// `mmap` on ext4, xfs and tmpfs where a probe passes, else `pwritev`.
    Mmap,
    /// `pwritev`.
    Pwritev,
}

impl FromStr for AppendMode {
    type Err = InvalidAppendMode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "mmap" => Ok(Self::Mmap),
            "pwritev" => Ok(Self::Pwritev),
            _ => Err(InvalidAppendMode { found: text.into() }),
        }
    }
}

/// A text is no [`AppendMode`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an append mode is `auto`, `mmap` or `pwritev`, not {found:?}")]
pub struct InvalidAppendMode {
    /// The text.
    pub found: String,
}

/// How bytes get into segment files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// Copies into mapped windows of the file.
    Mmap,
    /// `pwritev(2)`.
    Pwritev,
}

impl Backend {
    /// Makes the backend, for segments of about `segment_size` bytes.
    pub(in crate::segment) fn make(self, segment_size: u64) -> Box<dyn Append> {
        match self {
            Self::Mmap => Box::new(MmapAppend::new(segment_size)),
            Self::Pwritev => Box::new(PwritevAppend::default()),
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Mmap => "mmap",
            Self::Pwritev => "pwritev",
        })
    }
}

/// The backend for a directory, with the reason in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppendChoice {
    /// What is used.
    pub backend: Backend,
    /// Why, as the end of a sentence: "the file system is ext4 and the probe passed".
    pub reason: String,
}

impl AppendChoice {
    /// Looks at the file system of `dir`, which exists and is writable, and chooses.
    pub fn of(dir: &Path, mode: AppendMode) -> Self {
        let pwritev = |reason: String| Self { backend: Backend::Pwritev, reason };
        match mode {
            AppendMode::Pwritev => return pwritev("it was asked for".into()),
            AppendMode::Auto => {
                return pwritev(
                    "one copy is cheaper than zeroing a mapped page and copying".into(),
                );
            }
            AppendMode::Mmap => {}
        }
        let magic = rustix::fs::statfs(dir).map(|stat| stat.f_type).ok();
        let known = magic.and_then(|magic| KNOWN.iter().find(|(known, ..)| *known == magic));
        let (name, local) =
            known.map_or(("of an unknown kind", false), |(_, name, local)| (name, *local));
        if !local {
            return pwritev(format!(
                "the file system is {name}, where a mapped write can fail without an error to catch"
            ));
        }
        match probe(dir) {
            Ok(()) => {
                let reason = format!("the file system is {name} and the probe passed");
                Self { backend: Backend::Mmap, reason }
            }
            Err(error) => {
                pwritev(format!("the file system is {name}, but the probe failed: {error}"))
            }
        }
    }
}

/// Magic number of `statfs(2)`, name, and whether a mapping of allocated blocks cannot fail there.
const KNOWN: &[(i64, &str, bool)] = &[
    (0xef53, "ext4", true),
    (0x5846_5342, "xfs", true),
    (0x0102_1994, "tmpfs", true),
    (0x6969, "nfs", false),
    (0x0bd0_0bd0, "lustre", false),
    (0x4750_4653, "gpfs", false),
    (0x1983_0326, "beegfs", false),
    (0x00c3_6400, "ceph", false),
    (0x6573_5546, "fuse", false),
    (0xff53_4d42, "cifs", false),
    (0xfe53_4d42, "smb", false),
    (0x9123_683e, "btrfs", false),
    (0x2fc1_2fc1, "zfs", false),
    (0xca45_1a4e, "bcachefs", false),
    (0x794c_7630, "overlayfs", false),
    (0xf2f5_2010, "f2fs", false),
    (0x0102_1997, "9p", false),
];

/// Allocates, maps and writes a page of a file without a name.
fn probe(dir: &Path) -> io::Result<()> {
    const LEN: u64 = 64 << 10;
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(dir, flags, Mode::RUSR | Mode::WUSR)?);
    rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, LEN)?;
    let mut map =
        Map::new(&file, 0, usize::try_from(LEN).map_err(|_| io::ErrorKind::InvalidInput)?)?;
    map.copy_in(0, b"weir");
    Ok(())
}
