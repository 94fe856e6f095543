//! A full disk is an error that passes.

use std::fs::File;
use std::io::{self, IoSlice, Write as _};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use proptest::prelude::*;

use crate::job::Stream;

use super::jobs::{Job, records};
use super::round_trip::{expected, play, stored};
use super::*;

/// A disk with room for so many bytes.
struct Filling {
    inner: Box<dyn Append>,
    room: Arc<AtomicU64>,
}

impl Append for Filling {
    fn begin(&mut self, file: Arc<File>) {
        self.inner.begin(file);
    }

    fn write(&mut self, at: u64, parts: &[IoSlice<'_>]) -> Result<(), ShortWrite> {
        let mut written = 0;
        for part in parts {
            let room = self.room.load(Relaxed);
            let count = part.len().min(usize::try_from(room).unwrap());
            self.inner.write(at + written, &[IoSlice::new(&part[..count])])?;
            written += count as u64;
            self.room.store(room - count as u64, Relaxed);
            if count < part.len() {
                return Err(ShortWrite { written, source: io::ErrorKind::StorageFull.into() });
            }
        }
        Ok(())
    }

    fn commit(&mut self, end: u64) -> io::Result<()> {
        self.inner.commit(end)
    }

    fn release(&mut self) {
        self.inner.release();
    }

    fn gather(&self) -> usize {
        self.inner.gather()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_a_full_disk_refused_can_be_offered_again_and_nothing_is_lost_or_doubled(
        steps in prop::collection::vec((0..4_usize, 0..3000_usize), 1..30),
        rooms in prop::collection::vec(0_u64..9000, 1..20),
        segment_size in 5000_u64..30_000,
        backend in prop_oneof![Just(Backend::Mmap), Just(Backend::Pwritev)],
    ) {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let room = Arc::new(AtomicU64::new(0));
        let append = Filling { inner: backend.make(segment_size), room: Arc::clone(&room) };
        let mut writer = SegmentWriter::with_append(dir.path(), segment_size, Box::new(append));
        let owned = play(&steps);
        let records = records(&owned);
        let mut rest = &records[..];
        for more in rooms.into_iter().chain([1 << 30]) {
            room.store(more, Relaxed);
            match writer.append(rest) {
                Ok(()) => rest = &[],
                Err(error) => {
                    let full = matches!(&error.source, SegmentError::Io { source, .. }
                        if source.kind() == io::ErrorKind::StorageFull);
                    prop_assert!(full, "{}", error);
                    rest = &rest[error.stored..];
                }
            }
            // What is stored so far is readable at once. So may be the record that was refused,
            // where all that was missing is its padding: it is written to the same place again.
            let got: usize = stored(dir.path()).iter().map(Vec::len).sum();
            let known = records.len() - rest.len();
            prop_assert!(got == known || (got == known + 1 && !rest.is_empty()));
        }
        prop_assert!(rest.is_empty());
        prop_assert!(stored(dir.path()) == expected(&owned));
    }
}

/// Says why a test is skipped, past libtest's capture; where nothing may be skipped, fails.
fn skip<T>(why: &str) -> Option<T> {
    assert!(
        std::env::var_os("WEIR_TEST_SKIP").is_none_or(|word| word != "never"),
        "skipped: {why}"
    );
    let _ = writeln!(io::stderr(), "skipped: {why}");
    None
}

/// A small disk, unmounted when dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    fn mount(kib: u32) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={kib}k"), "weir-test"]).arg(dir.path());
        match mount.output() {
            Ok(output) if output.status.success() => Some(Self(dir)),
            Ok(output) => skip(String::from_utf8_lossy(&output.stderr).trim()),
            Err(error) => skip(&format!("cannot run mount: {error}")),
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_file_system_is_an_error_and_appending_resumes_when_there_is_room() {
    for append in [AppendMode::Mmap, AppendMode::Pwritev] {
        let Some(disk) = Disk::mount(600) else { return };
        let dir = disk.0.path().join("store");
        std::fs::create_dir(&dir).unwrap();
        let ballast = disk.0.path().join("ballast");
        std::fs::write(&ballast, vec![1; 300 << 10]).unwrap();
        let mut writer = SegmentWriter::new(&dir, SegmentConfig { append, segment_size: 1 << 20 });
        let mut job = Job::new(0, "job");
        let piece = vec![b'x'; 5000];
        let mut owned = vec![job.start()];
        owned.extend((0..80).map(|_| job.data(&[(Stream::Stdout, &piece)])));
        let records = records(&owned);
        let error = writer.append(&records).unwrap_err();
        assert!(error.stored > 5 && error.stored < 60, "{} were stored", error.stored);
        assert!(error.to_string().contains("cannot extend"), "{error}");
        assert_eq!(stored(&dir)[0].len(), error.stored);
        assert_eq!(writer.append(&records[error.stored..]).unwrap_err().stored, 0);
        std::fs::remove_file(&ballast).unwrap();
        writer.append(&records[error.stored..]).unwrap();
        assert_eq!(stored(&dir), expected(&owned));
    }
}
