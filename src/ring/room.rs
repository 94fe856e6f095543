//! Room in a lane's chunk that its writer fills in place.

use super::producer::Producer;
use crate::job::{Mono, Stream};
use crate::sync::Draft;

/// Bytes at the end of a lane, lent by [`Producer::reserve`]. Dropped without
/// [`commit`](Room::commit) it leaves no trace.
#[derive(Debug)]
pub struct Room<'a, T> {
    producer: &'a mut Producer<T>,
    draft: Option<Draft>,
}

impl<'a, T> Room<'a, T> {
    pub(super) fn new(producer: &'a mut Producer<T>, draft: Draft) -> Self {
        Self { producer, draft: Some(draft) }
    }

    /// The bytes; what they hold before they are written is left over from earlier use.
    #[expect(clippy::should_implement_trait, reason = "an inherent method needs no import")]
    pub fn as_mut(&mut self) -> &mut [u8] {
        self.draft.as_mut().map_or(&mut [], Draft::as_mut)
    }

    /// Publishes the first `len` bytes as one batch of `stream` that came at `time`.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn commit(mut self, len: usize, stream: Stream, time: Mono) {
        assert!(len <= self.as_mut().len(), "commit of {len} bytes, more than were reserved");
        if len == 0 {
            return;
        }
        if let Some(draft) = self.draft.take() {
            draft.keep(len);
            self.producer.commit(len, stream, time);
        }
    }
}

impl<T> Drop for Room<'_, T> {
    fn drop(&mut self) {
        if self.draft.take().is_some() {
            self.producer.cancel();
        }
    }
}
