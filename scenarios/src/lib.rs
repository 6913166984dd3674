//! Scenarios and external events: text files that bend a compiled model for some time.
//!
//! A [`Library`] holds the scenarios and event templates that fit a program, and tells everything that is wrong with
//! the others. A [`Plan`] says what happens in one run: scenarios that are started, events that are asked for, and
//! the timeline of external events that every run has. It is applied to the program before that is played.
//!
//! ```
//! use causeflow_engine::base::time::{Span, Time};
//! use causeflow_scenarios::{Activation, Clock, Library, Plan, Request};
//!
//! let model = causeflow_models::load("tutoring").expect("the built-in model is right");
//! let library = Library::load(&model, None).expect("nothing is read from the disk");
//! let mut program = model.compiled.program;
//! let start = Time(1_769_990_400_000_000); // 2026-02-02T00:00:00Z
//! let outage = Activation::parse("payment-outage@day3T10:00", &Clock::new(&program, start)).expect("a time");
//! let request = Request { activations: vec![outage], ..Request::default() };
//! let plan = Plan::new(&library, &program, &request, start..start + Span(30 * Span::DAY.0), 42).expect("it fits");
//! plan.apply(&mut program).expect("it fits the program that it was made for");
//! assert!(plan.external_events().len() >= 60);
//! ```

mod activation;
mod address;
mod amended;
mod amount;
mod builtin;
mod clock;
mod conflicts;
pub mod definition;
pub mod effect_tables;
pub mod effects;
mod event;
mod extends;
mod labels;
mod lengthened;
mod library;
mod plan;
mod planner;
mod reader;
mod report;
mod rows;
mod rule;
mod scenario;
pub mod tables;
mod template;
mod timeline;

pub use activation::Activation;
pub use address::{ADDRESSES, Target, addresses, addresses_of};
pub use amended::Original;
pub use amount::Amount;
pub use builtin::built_in;
pub use clock::Clock;
pub use conflicts::Conflict;
pub use event::{EventRequest, ExternalEvent};
pub use library::Library;
pub use plan::{Intervention, Plan, Request};
pub use rows::{ModifierRow, StateRow};
pub use rule::{Kind, Rule};
pub use scenario::{BacklogRule, Injection, Scenario};
pub use template::{Template, Timing};
pub use timeline::{Candidate, Occurrence, Timeline};
