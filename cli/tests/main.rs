//! The command as its users meet it: through the real binary.

mod bad_input;
mod expectations;
mod history;
mod inform;
mod resume;
mod run;
mod scenario_files;
mod scenarios;
mod support;
mod tell;
mod twins;
