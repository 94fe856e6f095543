//! The jobs under capture, and the words that epoll says back about them.
//!
//! A key names one job for ever: its slot is used again, its number is not. Events
//! that were fetched before a job ended, and deadlines that were armed for it, find nobody.

use crate::job::Stream;

/// Bits of a token that hold the slot; a process cannot have more descriptors than this anyway.
const SLOT_BITS: u32 = 24;
/// Bits of a token that hold the source.
const SOURCE_BITS: u32 = 2;
/// Bits of a token that hold the number, wrapping.
const NUMBER_BITS: u32 = 64 - SLOT_BITS - SOURCE_BITS;

/// Names a job under capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    slot: u32,
    number: u64,
}

/// What of a job an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// One of its pipes.
    Pipe(Stream),
    /// The end of its process.
    Exit,
}

impl Source {
    const EXIT: u64 = 2;

    /// The number that epoll gives back with an event.
    pub(super) fn token(self, key: Key) -> u64 {
        let source = match self {
            Self::Pipe(stream) => u64::from(stream.number()),
            Self::Exit => Self::EXIT,
        };
        (key.number << SLOT_BITS | u64::from(key.slot)) << SOURCE_BITS | source
    }

    /// The inverse of [`token`](Self::token).
    pub(super) fn of_token(token: u64) -> (Key, Self) {
        let source = match token & mask(SOURCE_BITS) {
            0 => Self::Pipe(Stream::Stdout),
            1 => Self::Pipe(Stream::Stderr),
            _ => Self::Exit,
        };
        let slot = token >> SOURCE_BITS & mask(SLOT_BITS);
        let number = token >> (SOURCE_BITS + SLOT_BITS);
        (Key { slot: u32::try_from(slot).expect("24 bits fit in 32"), number }, source)
    }
}

fn mask(bits: u32) -> u64 {
    (1 << bits) - 1
}

/// Values by key.
#[derive(Debug)]
pub(super) struct Table<T> {
    slots: Vec<(u64, Option<T>)>,
    free: Vec<u32>,
    added: u64,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), added: 0 }
    }
}

impl<T> Table<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.free.len() == self.slots.len()
    }

    /// Reserves a key; [`put`](Self::put) fills it.
    pub(super) fn reserve(&mut self) -> Key {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push((0, None));
            u32::try_from(self.slots.len() - 1).expect("descriptors run out before slots do")
        });
        self.added += 1;
        Key { slot, number: self.added & mask(NUMBER_BITS) }
    }

    pub(super) fn put(&mut self, key: Key, value: T) {
        self.slots[key.slot as usize] = (key.number, Some(value));
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let (number, value) = self.slots.get_mut(key.slot as usize)?;
        value.as_mut().filter(|_| *number == key.number)
    }

    /// Takes a value out; its slot is free again.
    pub(super) fn take(&mut self, key: Key) -> Option<T> {
        let (number, value) = self.slots.get_mut(key.slot as usize)?;
        let value = if *number == key.number { value.take() } else { None };
        if value.is_some() {
            self.free.push(key.slot);
        }
        value
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (Key, &mut T)> {
        (0..).zip(&mut self.slots).filter_map(|(slot, (number, value))| {
            value.as_mut().map(|value| (Key { slot, number: *number }, value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_its_key_and_source() {
        let key = Key { slot: 0xABCDEF, number: mask(NUMBER_BITS) - 1 };
        for source in [Source::Pipe(Stream::Stdout), Source::Pipe(Stream::Stderr), Source::Exit] {
            assert_eq!(Source::of_token(source.token(key)), (key, source));
        }
    }

    #[test]
    fn the_key_of_a_job_that_ended_does_not_reach_the_next_in_its_slot() {
        let mut table = Table::default();
        let first = table.reserve();
        table.put(first, "first");
        assert_eq!(table.take(first), Some("first"));
        let second = table.reserve();
        table.put(second, "second");
        assert_eq!(second.slot, first.slot);
        assert_eq!(table.get_mut(first), None);
        assert_eq!(table.take(first), None);
        assert_eq!(table.take(second), Some("second"));
        assert!(table.is_empty());
    }
}
