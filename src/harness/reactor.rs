//! The capture thread: one epoll over the pipes and pidfds of all jobs.
//!
//! A round takes what is ready from the kernel, reads the clock once, reads each ready pipe, looks
//! at deadlines, ends the jobs that are over, and lets [`Pace`] say whether to nap. Interest is
//! registered once a descriptor, level-triggered, and taken back once.

use rustix::event::{Timespec, epoll};
use rustix::process::Signal;

use crate::job::Mono;

use super::handle::Timing;
use super::inbox::{Inbox, Order, Stop};
use super::live::{Launched, Live};
use super::pace::{Pace, Round};
use super::pipe::Plumbing;
use super::table::{Key, Source, Table};
use super::timers::Timers;

/// Events taken from the kernel at once.
const EVENTS: usize = 1024;
/// The token of the inbox.
const INBOX: u64 = u64::MAX;

/// What the capture thread knows.
pub(super) struct Reactor {
    inbox: Inbox,
    timing: Timing,
    plumbing: Plumbing,
    jobs: Table<Live>,
    /// Jobs that ended in this round.
    over: Vec<Key>,
    timers: Timers,
    pace: Pace,
    /// The strongest demand to stop so far; it meets jobs that were being launched meanwhile.
    stop: Option<Stop>,
    /// No more orders come.
    closed: bool,
}

impl Reactor {
    pub(super) fn new(inbox: Inbox, timing: Timing) -> rustix::io::Result<Self> {
        let plumbing = Plumbing::new()?;
        plumbing.watch(inbox.bell(), INBOX)?;
        Ok(Self {
            inbox,
            timing,
            plumbing,
            jobs: Table::default(),
            over: Vec::new(),
            timers: Timers::default(),
            pace: Pace::default(),
            stop: None,
            closed: false,
        })
    }

    /// Captures jobs until the inbox is closed and all have ended.
    pub(super) fn run(mut self) {
        let mut events = Vec::with_capacity(EVENTS);
        let mut now = Mono::now();
        while !self.closed || !self.jobs.is_empty() {
            self.wait(&mut events, now);
            let mut round = Round::new(Mono::now());
            now = round.at;
            for event in events.drain(..) {
                self.handle(event, &mut round);
            }
            while let Some(key) = self.timers.expired(now) {
                self.on_time(key, now);
            }
            round.ended = !self.over.is_empty();
            self.end_jobs(now);
            if let Some(nap) = self.pace.nap_after(&round) {
                std::thread::sleep(nap);
            }
        }
    }

    fn wait(&self, events: &mut Vec<epoll::Event>, now: Mono) {
        let timeout = self.timers.until_next(now).and_then(|wait| Timespec::try_from(wait).ok());
        events.clear();
        let spare = rustix::buffer::spare_capacity(events);
        // It fails by being interrupted alone, and then there is nothing to handle.
        let _ = epoll::wait(self.plumbing.epoll(), spare, timeout.as_ref());
    }

    fn handle(&mut self, event: epoll::Event, round: &mut Round) {
        let (token, flags) = (event.data.u64(), event.flags);
        if token == INBOX {
            return self.take_orders(round.at);
        }
        let (key, source) = Source::of_token(token);
        let Some(live) = self.jobs.get_mut(key) else { return };
        match source {
            // Hang-up alone means that nothing is left to read: the read that says so is saved.
            Source::Pipe(stream) if flags.contains(epoll::EventFlags::IN) => {
                live.read(stream, round, &mut self.plumbing);
            }
            Source::Pipe(stream) => live.close(stream, &mut self.plumbing),
            Source::Exit => live.has_exited(round.at, &self.plumbing),
        }
        if live.is_over() {
            self.over.push(key);
        } else if let Source::Exit = source {
            live.next_deadline(&self.timing).into_iter().for_each(|at| self.timers.arm(at, key));
        }
    }

    fn take_orders(&mut self, now: Mono) {
        self.inbox.answer();
        while let Some(order) = self.inbox.next() {
            match order {
                Order::Capture(launched) => self.add(*launched, now),
                Order::Stop(how) => self.stop_all(how, now),
                Order::Signal(number) => {
                    self.jobs.iter_mut().for_each(|(_, live)| live.signal(number));
                }
                Order::Close => self.closed = true,
            }
        }
    }

    fn add(&mut self, launched: Launched, now: Mono) {
        let key = self.jobs.reserve();
        let mut live = Live::new(launched);
        if live.watch(key, &self.plumbing).is_err() {
            live.give_up("the system cannot watch its pipes", now, &mut self.plumbing);
            self.over.push(key);
        }
        if let Some(how) = self.stop {
            stop(&mut live, how, now, &self.timing);
        }
        live.next_deadline(&self.timing).into_iter().for_each(|at| self.timers.arm(at, key));
        self.jobs.put(key, live);
    }

    fn stop_all(&mut self, how: Stop, now: Mono) {
        self.stop = if self.stop == Some(Stop::Kill) { self.stop } else { Some(how) };
        for (key, live) in self.jobs.iter_mut() {
            stop(live, how, now, &self.timing);
            live.next_deadline(&self.timing).into_iter().for_each(|at| self.timers.arm(at, key));
        }
    }

    fn on_time(&mut self, key: Key, now: Mono) {
        let Some(live) = self.jobs.get_mut(key) else { return };
        let next = live.on_time(now, &self.timing);
        next.into_iter().for_each(|at| self.timers.arm(at, key));
        if live.is_over() {
            self.over.push(key);
        }
    }

    fn end_jobs(&mut self, now: Mono) {
        for key in self.over.drain(..) {
            // A job can be found over twice in a round.
            let Some(live) = self.jobs.take(key) else { continue };
            live.finish(now, &mut self.plumbing);
        }
    }
}

fn stop(live: &mut Live, how: Stop, now: Mono, timing: &Timing) {
    match how {
        Stop::Kill => live.kill(now),
        Stop::Forward(number) => {
            // A number that is no signal's is a caller's slip; the jobs are to end all the same.
            let signal = Signal::from_named_raw(number).unwrap_or(Signal::TERM);
            let kill_at = (signal == Signal::TERM).then(|| now.after(timing.term_grace));
            live.forward(signal, kill_at);
        }
    }
}
