//! What is printed: which machine, which command, and tables of medians with their spread.

mod machine;
mod spread;
mod table;

pub(crate) use machine::print_heading;
pub(crate) use spread::Spread;
pub(crate) use table::Table;
