//! Whether the built-in model looks as it has to: the figures of `streams50.csv` (volumes, causes,
//! probabilities and delays), the bands that a tutoring marketplace has to keep to, the seasons. And whether its
//! scenarios and external events do what they declare, and nothing else. Beside the model: whether the engine's resources agree with
//! queueing theory.
//!
//! Most of it is read off runs at full size, which is too much for a debug build:
//! `cargo test --release -p causeflow-tests`. What is compared is fixed by the seeds, so a test
//! either always passes or never; its tolerance says how far the model may be from the figure.

mod bands;
mod calendars;
mod chains;
mod columns;
mod links;
mod people;
mod queueing;
mod reference;
mod runs;
mod scenarios;
mod scores;
mod seasons;
mod tally;
mod volumes;
