//! Whether scenarios and external events do what they declare: how strongly, from when to when, and how they let
//! go; and whether rows and counts tell exactly what a run without them does not have.
//!
//! Unless a test says otherwise, the model is played at full size without the timeline, so that what is measured is
//! the scenario alone, and compared with one twin without anything from outside that has been played separately.
//! Where chance is involved, the seed is fixed and a bar is wide enough for four standard errors (exceeded once in
//! 16,000) or five (once in 1.7 million).

mod bars;
mod crises;
mod edges;
mod fits;
mod herrings;
mod keep;
mod outage;
mod overload;
mod played;
mod quality;
mod students;
mod surge;
mod twin;
