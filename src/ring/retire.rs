//! Letting quiet lanes sleep, many for the price of one fence.

use super::consumer::Consumer;

/// Removes from `lanes` those that are done, and retires those that are `quiet` or starved, as far
/// as nothing of them is left to read: their chunk goes back, and their next byte announces them
/// anew.
///
/// Order is kept. One heavy fence is paid for all of them, none where nothing is to retire.
pub fn retire<T>(lanes: &mut Vec<Consumer<T>>, mut quiet: impl FnMut(&Consumer<T>) -> bool) {
    lanes.retain(|lane| !lane.is_done());
    let asked: Vec<usize> = (0..lanes.len())
        .filter(|&at| {
            let lane = &lanes[at];
            lane.is_drained() && (lane.is_starved() || quiet(lane)) && lane.revoke()
        })
        .collect();
    let Some(&first) = asked.first() else { return };
    lanes[first].heavy_fence();
    let mut asked = asked.into_iter().peekable();
    let mut at = 0;
    lanes.retain_mut(|lane| {
        let retired = asked.next_if_eq(&at).is_some() && lane.try_retire();
        at += 1;
        !retired
    });
}
