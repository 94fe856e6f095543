//! Sees every model fail: weakens one ordering at a time in a copy of the tree and runs the model
//! that guards it, which has to fail.
//!
//! `cargo run --release --bin weaken [PART OF A NAME]`, inside `loom-tests/`. Prints one row of the
//! table in README.md for each weakening; ends with an error if a model passed.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Output, Stdio};

/// One edit of the source that a model must not survive.
struct Weakening {
    file: &'static str,
    from: &'static str,
    to: &'static str,
    test: &'static str,
}

const fn weaken(
    file: &'static str,
    from: &'static str,
    to: &'static str,
    test: &'static str,
) -> Weakening {
    Weakening { file, from, to, test }
}

const WEAKENINGS: &[Weakening] = &[
    weaken(
        "ring/chunk.rs",
        "state.store(state.pack(), Release)",
        "state.store(state.pack(), Relaxed)",
        "published_bytes_and_marks_are_written",
    ),
    weaken(
        "ring/chunk.rs",
        "state.load(Acquire)",
        "state.load(Relaxed)",
        "published_bytes_and_marks_are_written",
    ),
    weaken(
        "ring/chunk.rs",
        "        self.slot.header().next.store(next, Relaxed);\n        self.store_state(true);",
        "        self.store_state(true);\n        self.slot.header().next.store(next, Relaxed);",
        "a_sealed_chunk_leads_to_the_next",
    ),
    weaken(
        "ring/producer.rs",
        "head.store(fresh.id(), Release)",
        "head.store(fresh.id(), Relaxed)",
        "the_first_chunk_of_a_scheduled_lane_begins_empty",
    ),
    weaken(
        "ring/consumer.rs",
        "head.load(Acquire)",
        "head.load(Relaxed)",
        "the_first_chunk_of_a_scheduled_lane_begins_empty",
    ),
    weaken(
        "ring/producer.rs",
        "closed.store(true, Release)",
        "closed.store(true, Relaxed)",
        "a_done_lane_has_shown_its_last_byte",
    ),
    weaken(
        "ring/consumer.rs",
        "closed.load(Acquire)",
        "closed.load(Relaxed)",
        "a_done_lane_has_shown_its_last_byte",
    ),
    weaken(
        "ring/free_list.rs",
        "compare_exchange_weak(head, new, Release, Relaxed)",
        "compare_exchange_weak(head, new, Relaxed, Relaxed)",
        "a_returned_chunk_is_written_only_after_it_was_read",
    ),
    weaken(
        "ring/free_list.rs",
        "self.head.load(Acquire)",
        "self.head.load(Relaxed)",
        "a_returned_chunk_is_written_only_after_it_was_read",
    ),
    weaken(
        "ring/free_list.rs",
        "link), Relaxed, Acquire)",
        "link), Relaxed, Relaxed)",
        "a_returned_chunk_is_written_only_after_it_was_read",
    ),
    weaken(
        "ring/free_list.rs",
        "high(head).wrapping_add(1)",
        "high(head)",
        "no_chunk_is_leased_twice_and_none_is_lost",
    ),
    weaken(
        "ring/ledger.rs",
        "self.0.fetch_update(Acquire, Relaxed, spare).ok()?",
        "{ let now = self.0.load(Acquire); self.0.store(spare(now)?, Relaxed); now }",
        "the_last_spare_chunk_goes_to_one_lane",
    ),
    weaken(
        "sync/model.rs",
        "light(&self) {\n        self.0.fetch_add(1, AcqRel);",
        "light(&self) {",
        "a_push_is_read_whether_or_not_the_lane_was_retired_before_it",
    ),
    weaken(
        "sync/model.rs",
        "heavy(&self) {\n        self.0.fetch_add(1, AcqRel);",
        "heavy(&self) {",
        "a_push_is_read_whether_or_not_the_lane_was_retired_before_it",
    ),
    weaken(
        "ring/producer.rs",
        "writing.store(false, Release)",
        "writing.store(false, Relaxed)",
        "a_push_is_read_whether_or_not_the_lane_was_retired_before_it",
    ),
    weaken(
        "ring/consumer.rs",
        "writing.load(Acquire)",
        "writing.load(Relaxed)",
        "a_push_is_read_whether_or_not_the_lane_was_retired_before_it",
    ),
    weaken(
        "ring/consumer.rs",
        "            lane.pool.ledger().give_reserved();\n        }",
        "        }",
        "a_push_is_read_whether_or_not_the_lane_was_retired_before_it",
    ),
    weaken(
        "ring/consumer.rs",
        "if !writing && self.refresh",
        "if self.refresh",
        "a_room_held_while_the_lane_is_revoked_keeps_its_chunk",
    ),
    weaken(
        "ring/consumer.rs",
        "&& self.is_drained() && self.is_open()",
        "&& self.is_drained()",
        "a_lane_that_closes_while_it_is_retired_is_still_done",
    ),
    weaken(
        "ring/producer.rs",
        "            self.set_starved(true);\n            self.hurry = true;",
        "            self.set_starved(true);\n            lane.ready.request();",
        "a_starved_lane_gives_back_what_it_gets_again",
    ),
    weaken(
        "ring/pool.rs",
        "lease.id);\n        self.gate.open();\n    }\n}",
        "lease.id);\n    }\n}",
        "two_lanes_that_both_outgrow_the_budget_get_through",
    ),
    weaken(
        "ring/pool.rs",
        "self.ledger.close();\n        self.gate.open();",
        "self.ledger.close();",
        "a_waiting_writer_hears_of_a_lane_that_ended_without_a_chunk",
    ),
    weaken(
        "ring/gate.rs",
        "        fence(SeqCst);\n        if self.waiters",
        "        if self.waiters",
        "a_waiting_writer_hears_of_every_return",
    ),
    weaken(
        "ring/gate.rs",
        "        fence(SeqCst);\n        let mut guard",
        "        let mut guard",
        "a_waiting_writer_hears_of_every_return",
    ),
    weaken("ring/gate.rs", "drop(lock(&self.lock));", "", "a_waiting_writer_hears_of_every_return"),
    weaken(
        "ring/ready.rs",
        "compare_exchange_weak(top, lane, Release, Relaxed)",
        "compare_exchange_weak(top, lane, Relaxed, Relaxed)",
        "a_lane_that_comes_back_begins_at_its_new_chunk",
    ),
    weaken(
        "ring/ready.rs",
        "swap(ptr::null_mut(), Acquire)",
        "swap(ptr::null_mut(), Relaxed)",
        "a_lane_that_comes_back_begins_at_its_new_chunk",
    ),
    weaken(
        "ring/ready.rs",
        "top = lane.below.load(Relaxed);",
        "top = ptr::null_mut();",
        "lanes_that_become_ready_together_are_all_taken",
    ),
    weaken(
        "ring/parker.rs",
        "        fence(SeqCst);\n        let asleep",
        "        let asleep",
        "a_lane_that_becomes_ready_wakes_a_sleeping_drain",
    ),
    weaken(
        "ring/parker.rs",
        "            fence(SeqCst);\n            if nothing_to_do",
        "            if nothing_to_do",
        "a_lane_that_becomes_ready_wakes_a_sleeping_drain",
    ),
    weaken(
        "ring/parker.rs",
        "        fence(SeqCst);\n        let asleep",
        "        let asleep",
        "a_notification_wakes_a_drain_that_is_fast_asleep",
    ),
    weaken(
        "ring/parker.rs",
        "drop(lock(&self.lock));",
        "",
        "a_request_ends_any_sleep_and_shows_what_was_stored_before_it",
    ),
    weaken(
        "ring/parker.rs",
        "self.state.swap(CALLED, Release)",
        "self.state.swap(CALLED, Relaxed)",
        "a_request_ends_any_sleep_and_shows_what_was_stored_before_it",
    ),
    weaken(
        "ring/parker.rs",
        "self.state.swap(AWAKE, Acquire)",
        "self.state.swap(AWAKE, Relaxed)",
        "a_pass_begun_after_a_request_reads_all_that_was_written_before_it",
    ),
];

fn main() -> ExitCode {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tree = here.join("target/weaken");
    copy(here.parent().expect("the crate above"), &tree);
    let mut survived = 0;
    for weakening in WEAKENINGS {
        let name = format!("{} `{}` {}", weakening.file, weakening.from, weakening.test);
        if name.contains(&wanted) {
            let seen = weakening.apply(&tree);
            survived += u32::from(seen.is_none());
            println!("| {} | {} |", weakening.row(), seen.as_deref().unwrap_or("PASSED"));
        }
    }
    if survived == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Weakening {
    /// Runs the model on the weakened source; says how it failed, if it did.
    fn apply(&self, tree: &Path) -> Option<String> {
        let file = tree.join("src").join(self.file);
        let sound = fs::read_to_string(&file).expect("a file of the ring");
        assert_eq!(sound.matches(self.from).count(), 1, "{}: {}", self.file, self.from);
        fs::write(&file, sound.replace(self.from, self.to)).expect("the copy is ours");
        let run = build(tree).then(|| run(tree, self.test));
        fs::write(&file, sound).expect("the copy is ours");
        let run = run.expect("weakened source compiles");
        if run.status.success() {
            return None;
        }
        let said = String::from_utf8_lossy(&run.stdout).into_owned()
            + &String::from_utf8_lossy(&run.stderr);
        if run.status.code() == Some(124) {
            return Some("did not end".to_owned());
        }
        let told = ["deadlock", "Causality violation", "Concurrent", "assertion", "exceeded"];
        let told = told.iter().find(|word| said.contains(**word)).copied();
        Some(told.unwrap_or("panic").to_owned())
    }

    fn row(&self) -> String {
        let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("`{}` | {} | `{}` | `{}`", self.test, self.file, line(self.from), line(self.to))
    }
}

/// Builds the models of the copy.
fn build(tree: &Path) -> bool {
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--release", "--quiet", "--tests", "--no-run"]);
    cargo.current_dir(tree.join("loom-tests")).env("CARGO_TARGET_DIR", tree.join("target"));
    cargo.status().expect("cargo runs").success()
}

/// Runs one model of the copy, for a time that a sound one does not need.
fn run(tree: &Path, test: &str) -> Output {
    let mut cargo = Command::new("timeout");
    cargo.args(["100", "cargo", "test", "--release", "--quiet", "--tests", test]);
    cargo.current_dir(tree.join("loom-tests")).env("CARGO_TARGET_DIR", tree.join("target"));
    cargo.stdin(Stdio::null()).output().expect("cargo runs")
}

/// Copies the tracked files of the repository at `from`.
fn copy(from: &Path, to: &Path) {
    let listed = Command::new("git").arg("ls-files").current_dir(from).output().expect("git runs");
    for name in String::from_utf8_lossy(&listed.stdout).lines() {
        let target = to.join(name);
        fs::create_dir_all(target.parent().expect("inside the copy")).expect("the copy is ours");
        fs::copy(from.join(name), target).expect("a tracked file");
    }
}
