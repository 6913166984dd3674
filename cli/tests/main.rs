//! The command as its users meet it: through the real binary.

mod bad_input;
mod inform;
mod run;
mod scenarios;
mod support;
mod tell;
mod twins;
