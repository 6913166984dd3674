//! What a client looks at: topics, by name.

use causeflow_engine::streams::program::{Program, Stream};
use serde_json::json;

/// What can be subscribed to besides streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    /// Intervals of streams that turn warning or critical.
    Anomalies,
    /// How the session stands, whenever that changes.
    State,
    /// What the session has that it would not have without what was asked for, hour by hour.
    Difference,
    /// Versions of what is past: that one is asked for, has been made, or was dropped.
    Versions,
}

impl Notice {
    /// All of them.
    pub const ALL: [Notice; 4] = [
        Notice::Anomalies,
        Notice::State,
        Notice::Difference,
        Notice::Versions,
    ];

    /// Its topic.
    pub fn topic(self) -> &'static str {
        match self {
            Notice::Anomalies => "anomalies",
            Notice::State => "state",
            Notice::Difference => "twin:diff",
            Notice::Versions => "versions",
        }
    }
}

/// A stream as topics know it.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// `high`, `medium` or `low`.
    pub cadence: String,
}

impl Named {
    /// The streams of a program, in its order.
    pub fn all(program: &Program) -> Vec<Named> {
        let named = |stream: &Stream| Named {
            name: stream.name.clone(),
            cadence: stream.cadence.clone(),
        };
        program.streams.iter().map(named).collect()
    }
}

/// Which streams and notices a client wants: a bit for each.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Filter {
    streams: Vec<u64>,
    notices: u8,
}

impl Filter {
    /// What some topics come to.
    ///
    /// # Errors
    /// The first that is none, and what there is.
    pub fn of<'a>(
        topics: impl IntoIterator<Item = &'a str>,
        streams: &[Named],
    ) -> Result<Filter, String> {
        let mut filter = Filter::default();
        for topic in topics {
            filter.add(topic, streams)?;
        }
        Ok(filter)
    }

    fn add(&mut self, topic: &str, streams: &[Named]) -> Result<(), String> {
        if let Some(notice) = Notice::ALL.into_iter().find(|one| one.topic() == topic) {
            self.notices |= 1 << notice as u8;
            return Ok(());
        }
        let cadence = topic
            .strip_prefix("cadence:")
            .or_else(|| topic.strip_suffix("-frequency"));
        let before = self.count();
        let mut known = false;
        for (at, stream) in streams.iter().enumerate() {
            let fits = match cadence {
                Some(cadence) => stream.cadence == cadence,
                None => causeflow_runs::matches(topic, &stream.name),
            };
            if fits {
                known = true;
                self.insert(at);
            }
        }
        if known || self.count() > before {
            return Ok(());
        }
        let names = streams.iter().map(|stream| stream.name.as_str());
        let near = causeflow_models::suggestion(topic, names);
        Err(match near {
            Some(near) => format!("there is no topic `{topic}`; {near}"),
            None => format!(
                "there is no topic `{topic}`: topics are `*`, patterns of streams such as `customer.*`, \
                 `cadence:high`, `anomalies`, `state`, `twin:diff` and `versions`"
            ),
        })
    }

    fn insert(&mut self, stream: usize) {
        let word = stream / 64;
        if self.streams.len() <= word {
            self.streams.resize(word + 1, 0);
        }
        self.streams[word] |= 1 << (stream % 64);
    }

    /// How many streams it has.
    pub fn count(&self) -> u32 {
        self.streams.iter().map(|word| word.count_ones()).sum()
    }

    /// Whether it has a stream.
    #[inline]
    pub fn has(&self, stream: usize) -> bool {
        let word = self.streams.get(stream / 64);
        word.is_some_and(|word| word >> (stream % 64) & 1 == 1)
    }

    /// Whether it has a notice.
    pub fn wants(&self, notice: Notice) -> bool {
        self.notices >> notice as u8 & 1 == 1
    }

    /// Whether it has any notice.
    pub fn notices(&self) -> bool {
        self.notices != 0
    }

    /// Whether it has nothing.
    pub fn is_empty(&self) -> bool {
        self.notices == 0 && self.count() == 0
    }

    /// With what another one has.
    pub fn with(&mut self, other: &Filter) {
        if self.streams.len() < other.streams.len() {
            self.streams.resize(other.streams.len(), 0);
        }
        for (word, other) in self.streams.iter_mut().zip(&other.streams) {
            *word |= other;
        }
        self.notices |= other.notices;
    }

    /// Without what another one has.
    pub fn without(&mut self, other: &Filter) {
        for (word, other) in self.streams.iter_mut().zip(&other.streams) {
            *word &= !other;
        }
        self.notices &= !other.notices;
    }
}

/// The streams and notices of a filter, by name.
pub fn named(filter: &Filter, streams: &[Named]) -> serde_json::Value {
    let names = streams.iter().enumerate().filter(|(at, _)| filter.has(*at));
    let names: Vec<&str> = names.map(|(_, stream)| stream.name.as_str()).collect();
    let notices = Notice::ALL.into_iter().filter(|one| filter.wants(*one));
    let notices: Vec<&str> = notices.map(Notice::topic).collect();
    json!({ "streams": names, "notices": notices })
}

/// The same in few words: `*` where it has all streams.
pub fn short(filter: &Filter, streams: &[Named]) -> Vec<String> {
    let has = |at: &usize| filter.has(*at);
    let names: Vec<String> = match (0..streams.len()).all(|at| has(&at)) {
        true => vec!["*".to_owned()],
        false => {
            let places = (0..streams.len()).filter(has);
            places.map(|at| streams[at].name.clone()).collect()
        }
    };
    let notices = Notice::ALL.into_iter().filter(|one| filter.wants(*one));
    let notices = notices.map(|one| one.topic().to_owned());
    names.into_iter().chain(notices).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streams() -> Vec<Named> {
        let named = |name: &str, cadence: &str| Named {
            name: name.to_owned(),
            cadence: cadence.to_owned(),
        };
        let mut all = vec![
            named("customer.login", "high"),
            named("customer.tutor.search", "medium"),
            named("tutor.approved", "low"),
        ];
        all.extend((0..70).map(|at| named(&format!("more.{at}"), "low")));
        all
    }

    #[test]
    fn topics_are_streams_by_pattern_and_cadence_and_notices() {
        let of = |topics: &[&str]| Filter::of(topics.iter().copied(), &streams()).expect("topics");
        assert_eq!(of(&["*"]).count(), 73);
        assert_eq!(of(&["customer.*"]).count(), 2);
        assert_eq!(of(&["cadence:high"]), of(&["high-frequency"]));
        assert_eq!(of(&["customer.login", "cadence:high"]).count(), 1);
        assert!(of(&["more.69"]).has(72) && !of(&["more.69"]).has(71));
        let mut filter = of(&["*", "anomalies"]);
        assert!(filter.wants(Notice::Anomalies) && !filter.wants(Notice::State));
        filter.without(&of(&["more.*", "anomalies"]));
        assert_eq!(filter, {
            let mut same = of(&["more.0"]);
            same.without(&of(&["more.0"]));
            same.with(&of(&["customer.*", "tutor.approved", "more.69"]));
            same.without(&of(&["more.69"]));
            same
        });
        let error = Filter::of(["customer.logn"], &streams()).expect_err("no such topic");
        assert!(error.contains("customer.login"), "{error}");
        assert!(Filter::of(["quick"], &streams()).is_err());
    }
}
