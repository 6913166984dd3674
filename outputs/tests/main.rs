//! The promises of causeflow-outputs, one module a subject.

mod bytes;
mod disk;
mod folder;
mod formats;
mod manifests;
mod resumed;
mod states;
mod support;
