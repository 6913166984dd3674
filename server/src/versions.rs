//! Versions of what is past: played beside the session, whose rows they do not touch, and told when they are there.

use causeflow_engine::base::time::Time;
use causeflow_runs::Control;
use causeflow_runs::live::{Command, Entry, Past};
use serde_json::json;

use crate::stage::{Fallen, Stage};
use crate::topics::Notice;

/// Ends what is played of a version that is not wanted any more.
struct Making<'a> {
    stage: &'a Stage,
    name: &'a str,
}

impl Control for Making<'_> {
    fn cancelled(&self) -> bool {
        self.stage.is_stopping() || !self.stage.past().has_version(self.name)
    }
}

impl Stage {
    /// Makes versions, one after the other, as they are asked for.
    pub(crate) fn make_versions(&self) {
        let _fallen = Fallen(self);
        let next = |past: &Past, now: Time| past.version_to_make(now);
        while let Some((past, name)) = self.wait_for(next) {
            let making = Making {
                stage: self,
                name: &name,
            };
            // One that is not wanted any more is not found again; any other end of it has been noted.
            if past.make_version(&name, &making).is_ok() {
                self.tell_version(&self.past(), &name, self.time());
            }
        }
    }

    /// Tells those who look on what an entry of the journal has done to versions, if it has.
    pub(crate) fn tell_of_versions(&self, past: &Past, entry: &Entry, now: Time) {
        if let Some(of) = &entry.version {
            self.tell_version(past, &of.name, now);
        }
        if let Command::Drop { name } = &entry.command {
            let dropped = json!({ "name": name, "state": "dropped" });
            let message = json!({ "type": "version", "epoch": past.epoch(), "version": dropped });
            self.feed.tell(Notice::Versions, message.to_string());
        }
    }

    fn tell_version(&self, past: &Past, name: &str, now: Time) {
        // It may have been dropped meanwhile.
        if let Ok(version) = past.version(name, now) {
            let message = json!({ "type": "version", "epoch": past.epoch(), "version": version });
            self.feed.tell(Notice::Versions, message.to_string());
        }
    }
}
