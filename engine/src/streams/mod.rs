//! The stream program: a compiled model ([`program`]) that is played ([`play`]) cell by cell and window by window into
//! tables of rows.
//!
//! It stands on [`kernel`](crate::kernel::processes), whose stations are its desks, and on [`base`](crate::base).

pub mod arrivals;
pub mod attribution;
mod audit;
mod births;
pub mod cell;
pub mod diary;
pub mod entities;
pub mod eval;
pub mod event;
pub mod kept;
pub(crate) mod layout;
pub mod play;
pub mod population;
pub mod profile;
pub mod program;
pub mod rates;
mod relevance;
pub mod rows;
pub mod series;
pub mod sides;
pub mod steps;
pub mod view;
pub mod world;
