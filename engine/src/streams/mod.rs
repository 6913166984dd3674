//! The stream program: a compiled model ([`program`]) that is played ([`play`]) cell by cell and window by window into
//! tables of rows.
//!
//! It stands on [`kernel`](crate::kernel), whose stations are its desks, and on [`base`](crate::base). Its rooms have an
//! order, and each uses only those before it; a test holds that (`tests/layers`):
//!
//! | rooms | what they are | what they must not do |
//! |---|---|---|
//! | [`arrivals`], [`profile`], [`diary`] | thinning by layers; factors of rates; slots of days | know a program |
//! | [`sides`] | what differs between the sides that are played at once, and because of whom | know what differs |
//! | [`program`] | a compiled model: plain data, what modifiers do to it, and what follows from it alone | draw, play |
//! | [`series`], [`attribution`], [`view`] | what rows and processes add up to | ask where they come from |
//! | [`event`], `layout` | an event on its way, and how its row lies | |
//! | [`kept`], [`steps`], `relevance` | what is worked out once from the program, or noted in a ledger | look at entities |
//! | [`world`] | all that is fixed for a run, made at once | change while it is played |
//! | [`population`] | the entities of a cell, column by column, on all sides | draw, work out |
//! | [`eval`] | expressions, for one event and for a column of rows | change anything but what a frame notes |
//! | `audit`, `births`, [`rates`] | what had to be kept within bounds; who comes to be; how many arrive | |
//! | [`rows`] | rows into total order, columns, digests | know a process, change entities |
//! | [`cell`] | a process that plays its windows: sources, events, changes, effects, desks | see another process |
//! | [`entities`] | the tables of entities | |
//! | [`play`] | all processes, barriers, snapshots, delivery to a sink | decide anything about an event |

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
