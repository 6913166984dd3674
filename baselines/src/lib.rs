//! History, statistics and scores: what people look at instead of events.
//!
//! The engine counts each stream's events by the hour, with interventions and without ([`causeflow_engine::streams::series`]).
//! A [`Pool`] gathers such series, of one run or of several seeds, and tells what is usual: [`Statistics`], exact and
//! the same in whatever order the runs came. From these follows a [`Baseline`], a mean and a sigma for every stream and
//! [`Class`] of intervals, against which the points of a [`history`](history()) are scored.
//!
//! ```
//! use causeflow_baselines::{Flag, expected, score};
//!
//! let (mean, sigma) = expected(&[90.0, 100.0, 110.0]).ok_or("no counts")?;
//! // With so few counts, sigma is that of a Poisson distribution: sqrt(100).
//! assert_eq!((mean, sigma), (100.0, 10.0));
//! assert_eq!(score(110.0, mean, sigma), 70.0);
//! assert_eq!(Flag::of(score(40.0, mean, sigma)), Flag::Critical);
//! # Ok::<(), &str>(())
//! ```

mod alarm;
mod baseline;
mod history;
mod interval;
mod pool;
mod score;
mod season;
mod statistics;
mod summary;
mod tables;
mod trend;

pub use alarm::{Alarm, FALSE_ALARMS};
pub use baseline::{Baseline, Expected};
pub use history::{Ongoing, Point, history};
pub use interval::{Class, Interval, Resolution, intervals};
pub use pool::Pool;
pub use score::{Flag, expected, score};
pub use season::{Decomposition, Season, decompose, season};
pub use statistics::{Figures, OfResolution, Statistics};
pub use summary::Summary;
pub use tables::{StreamHistory, of_history, of_statistics};
pub use trend::{Day, Trend, trend};
