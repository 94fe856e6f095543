//! Our end of one of a job's pipes: how much it holds, how fast it fills, and making it larger.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::epoll;
use rustix::pipe::{fcntl_getpipe_size, fcntl_setpipe_size};

use crate::job::Mono;

/// What a pipe holds where nobody changed it, and where it was not asked yet.
const DEFAULT_CAPACITY: usize = 64 << 10;
/// Pipes are grown up to this, the most that an unprivileged user may ask for.
const MAX_CAPACITY: usize = 1 << 20;
/// All that a harness may add to its pipes. An unprivileged user owns 64 MiB of pipes in all, after
/// which new ones hold 8 KiB.
const MAX_GROWTH: usize = 16 << 20;

/// The reading end of a pipe.
#[derive(Debug)]
pub(super) struct Pipe {
    fd: OwnedFd,
    /// How many bytes it holds at most; asked for at the first large read.
    capacity: Option<usize>,
    /// What was added to it.
    grown: usize,
    last_read: Mono,
}

/// What all pipes share: the epoll that watches them, and what may still be added to them.
#[derive(Debug)]
pub(super) struct Plumbing {
    epoll: OwnedFd,
    left: usize,
}

impl Plumbing {
    pub(super) fn new() -> rustix::io::Result<Self> {
        Ok(Self { epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?, left: MAX_GROWTH })
    }

    pub(super) fn epoll(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }

    /// Reports `token` while `fd` has something to read.
    pub(super) fn watch(&self, fd: BorrowedFd<'_>, token: u64) -> rustix::io::Result<()> {
        epoll::add(&self.epoll, fd, epoll::EventData::new_u64(token), epoll::EventFlags::IN)
    }

    /// Reports it no more. Closing it does not do: a process just being started holds copies of our
    /// descriptors, and with them its events, until its exec.
    pub(super) fn unwatch(&self, fd: BorrowedFd<'_>) {
        // It can only fail where it was not watched.
        let _ = epoll::delete(&self.epoll, fd);
    }

    /// Closes a pipe and takes back what was added to it.
    pub(super) fn close(&mut self, pipe: Pipe) {
        self.unwatch(pipe.fd());
        self.left += pipe.grown;
    }
}

impl Pipe {
    pub(super) fn new(fd: OwnedFd, now: Mono) -> Self {
        Self { fd, capacity: None, grown: 0, last_read: now }
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Notes that `len` bytes were waiting, and makes the pipe larger if they nearly filled it.
    ///
    /// Returns in which time as much will have come that the pipe is half full.
    pub(super) fn was_read(&mut self, len: usize, now: Mono, plumbing: &mut Plumbing) -> Duration {
        let took = now.since(self.last_read);
        self.last_read = now;
        if len < 4096 {
            return Duration::MAX;
        }
        let mut capacity = match self.capacity {
            Some(capacity) => capacity,
            None => fcntl_getpipe_size(&self.fd).unwrap_or(DEFAULT_CAPACITY),
        };
        if len >= capacity / 4 * 3 {
            capacity += self.grow(capacity, plumbing);
        }
        self.capacity = Some(capacity);
        took.mul_f64(capacity as f64 / 2.0 / len as f64)
    }

    /// Doubles the pipe if it may be; returns what was added.
    fn grow(&mut self, capacity: usize, plumbing: &mut Plumbing) -> usize {
        if capacity > plumbing.left || capacity >= MAX_CAPACITY {
            return 0;
        }
        let Ok(now) = fcntl_setpipe_size(&self.fd, capacity * 2) else {
            plumbing.left = 0;
            return 0;
        };
        let added = now.saturating_sub(capacity);
        plumbing.left = plumbing.left.saturating_sub(added);
        self.grown += added;
        added
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipe() -> (Pipe, OwnedFd) {
        let (read, write) = rustix::pipe::pipe().unwrap();
        (Pipe::new(read, Mono(0)), write)
    }

    #[test]
    fn a_full_pipe_grows_until_the_allowance_is_used_up() {
        let (mut pipe, _write) = pipe();
        let mut plumbing = Plumbing { left: DEFAULT_CAPACITY * 3, ..Plumbing::new().unwrap() };
        pipe.was_read(DEFAULT_CAPACITY, Mono(1), &mut plumbing);
        assert_eq!(pipe.capacity, Some(DEFAULT_CAPACITY * 2));
        pipe.was_read(DEFAULT_CAPACITY * 2, Mono(2), &mut plumbing);
        assert_eq!(pipe.capacity, Some(DEFAULT_CAPACITY * 4));
        pipe.was_read(DEFAULT_CAPACITY * 4, Mono(3), &mut plumbing);
        assert_eq!(pipe.capacity, Some(DEFAULT_CAPACITY * 4), "nothing was left");
        plumbing.close(pipe);
        assert_eq!(plumbing.left, DEFAULT_CAPACITY * 3);
    }

    #[test]
    fn the_rate_says_when_a_pipe_is_half_full() {
        let (mut pipe, _write) = pipe();
        let mut plumbing = Plumbing { left: 0, ..Plumbing::new().unwrap() };
        let ms = |n: u64| Mono(n * 1_000_000);
        let half = pipe.was_read(DEFAULT_CAPACITY / 2, ms(10), &mut plumbing);
        assert_eq!(half, Duration::from_millis(10));
        let half = pipe.was_read(DEFAULT_CAPACITY, ms(20), &mut plumbing);
        assert_eq!(half, Duration::from_millis(5));
        assert_eq!(
            pipe.was_read(100, ms(30), &mut plumbing),
            Duration::MAX,
            "not worth a division"
        );
    }

    /// While processes were being started one after the other, the capture thread spun on pipes
    /// that it had closed: each new process held a copy of them until its exec.
    #[test]
    fn a_closed_pipe_is_silent_although_somebody_holds_a_copy_of_it() {
        let (pipe, write) = pipe();
        let mut plumbing = Plumbing::new().unwrap();
        plumbing.watch(pipe.fd(), 7).unwrap();
        let _copy = pipe.fd().try_clone_to_owned().unwrap();
        drop(write);
        let ready = |plumbing: &Plumbing| {
            let mut events = Vec::with_capacity(4);
            let spare = rustix::buffer::spare_capacity(&mut events);
            epoll::wait(plumbing.epoll(), spare, Some(&Default::default())).unwrap()
        };
        assert_eq!(ready(&plumbing), 1, "it hung up");
        plumbing.close(pipe);
        assert_eq!(ready(&plumbing), 0);
    }
}
