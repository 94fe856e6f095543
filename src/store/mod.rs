//! Where records go: the trait that a drain writes to, and the segment store as its first home.

mod log_store;

pub use log_store::{AppendError, Appender, LogStore, StoreError};
