//! The kernel: processes, order, windows, snapshots, logs, the checker and pacing.

mod check;
mod log;
mod order;
mod paced;
mod phold;
mod puppet;
mod same;
mod snapshot;
mod wrong;
