//! Monitors: what a level was on average over time, and how values were distributed.
//! Time is counted in whole microseconds and integrals in 128-bit integers, so a mean is rounded once, when it is read, and sums of
//! monitors hold exactly: Little's law is an identity of integers.
//!
//! ```
//! use causeflow_engine::base::time::{Span, Time};
//! use causeflow_engine::kernel::monitor::{SpanTally, TimeWeighted};
//!
//! let mut queue = TimeWeighted::new(Time(0), 0);
//! queue.set(Time(10), 3); // three join at 10 us
//! queue.set(Time(20), 1); // and two leave again at 20 us
//! assert_eq!(queue.integral(Time(40)), 3 * 10 + 1 * 20);
//! assert_eq!(queue.mean(Time(40)), 1.25);
//! assert_eq!((queue.least(Time(40)), queue.most(Time(40))), (0, 3));
//!
//! let mut waits = SpanTally::default();
//! for wait_us in [10, 10, 30] {
//!     waits.record(Span(wait_us));
//! }
//! assert_eq!(waits.sum_us(), queue.integral(Time(40)));
//! ```

mod report;
mod span_quantiles;
mod span_tally;
mod tally;
mod time_weighted;

pub use report::{Report, Row, TimeUnit};
pub use span_quantiles::SpanQuantiles;
pub use span_tally::SpanTally;
pub use tally::Tally;
pub use time_weighted::TimeWeighted;
