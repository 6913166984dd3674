//! What models promise, held against the engine: random models keep every promise of docs/design.md, bad
//! models get a message that says where and what to write instead, and known models keep their values.

mod appointments;
mod bendable;
mod calendars;
mod civil_time;
mod columns;
mod coupling;
mod dates;
mod depth;
mod desks;
mod distributions;
mod errors;
mod exact;
mod expectations;
mod expressions;
mod fuzz;
mod golden;
mod independence;
mod looks;
mod marked;
mod modified;
mod names;
mod open_end;
mod parameters;
mod patterns;
mod picks;
mod random;
mod random_models;
mod rings;
mod snapshots;
mod starts;
mod support;
mod tables;
mod twins;
mod undefined;
mod values;
