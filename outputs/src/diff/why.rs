//! Why an event differs: what intervened, found at the top of its chain of causes.
//!
//! An event of A carries its own attribution. One that is missing from A has none, so its causes
//! in B are followed upwards as long as they differ too; whatever made the topmost of them differ
//! made all below it differ.

use super::change::ChangeKind;
use super::{StreamDiff, Via};
use crate::error::Error;
use crate::read::columns::CAUSE_ID;
use causeflow_engine::base::head::name_of;

/// A node without a known top; also what marks the nodes of the path being followed.
const UNKNOWN: usize = usize::MAX;

/// Says which intervention was at work on a stream at a time (in microseconds since 1970), if any.
pub type Intervention<'a, 't> = &'a (dyn Fn(&str, i64) -> Option<&'t str> + Sync);

/// Fills `why` of all streams.
pub(super) fn explain(
    streams: &mut [StreamDiff],
    is_cause: &dyn Fn(&str) -> bool,
    intervention: Intervention<'_, '_>,
) -> Result<(), Error> {
    let chains = Chains::new(streams);
    let mut tops = vec![UNKNOWN; chains.nodes.len()];
    let mut node = 0;
    for stream in 0..streams.len() {
        let mut why = Vec::with_capacity(streams[stream].changes.len());
        for change in 0..streams[stream].changes.len() {
            let own = named(&streams[stream], change, is_cause);
            let found = own.or_else(|| {
                let (stream, change) = chains.nodes[chains.top(node, &mut tops)];
                named(&streams[stream], change, is_cause)
                    .or_else(|| at_work(&streams[stream], change, intervention))
            });
            let texts = &mut streams[stream].texts;
            why.push(match found {
                Some((text, via)) => (Some(texts.code(&text)?), via),
                None => (None, None),
            });
            node += 1;
        }
        streams[stream].why = why;
    }
    Ok(())
}

/// Who an event of A is attributed to, and which way that came, if it can make a difference.
fn named(
    stream: &StreamDiff,
    change: usize,
    is_cause: &dyn Fn(&str) -> bool,
) -> Option<(String, Option<Via>)> {
    let row = stream.changes[change].a()?;
    let text = stream.texts.get(stream.a.attribution(row)?);
    let (name, via) = match name_of(text) {
        (name, true) => (name, Via::Contention),
        (name, false) => (name, Via::Lineage),
    };
    is_cause(name).then(|| (name.to_owned(), Some(via)))
}

/// What was at work where an event is in B that is not in A.
fn at_work(
    stream: &StreamDiff,
    change: usize,
    intervention: Intervention<'_, '_>,
) -> Option<(String, Option<Via>)> {
    let change = stream.changes[change];
    match (change.a(), change.b()) {
        (None, Some(row)) => {
            let name = intervention(&stream.name, stream.b.time(row));
            name.map(|name| (name.to_owned(), None))
        }
        _ => None,
    }
}

/// The events of all streams that differ, linked to their causes in B.
struct Chains {
    /// Stream and place among its changes.
    nodes: Vec<(usize, usize)>,
    /// For each node the one of its cause, if that differs too; otherwise itself.
    causes: Vec<usize>,
}

impl Chains {
    fn new(streams: &[StreamDiff]) -> Chains {
        let mut nodes = Vec::new();
        let mut ids = Vec::new();
        for (place, stream) in streams.iter().enumerate() {
            for (number, change) in stream.changes.iter().enumerate() {
                // What is only in A caused nothing in B.
                if change.kind != ChangeKind::Added {
                    ids.push((change.id(&stream.a, &stream.b), nodes.len()));
                }
                nodes.push((place, number));
            }
        }
        ids.sort_unstable();
        let find = |id: u64| {
            let place = ids.partition_point(|&(other, _)| other < id);
            ids.get(place)
                .filter(|(other, _)| *other == id)
                .map(|&(_, node)| node)
        };
        let cause = |(node, &(place, number)): (usize, &(usize, usize))| {
            let stream: &StreamDiff = &streams[place];
            let row = stream.changes[number].b();
            let cause = row.and_then(|row| stream.b.word(CAUSE_ID, row));
            cause.and_then(find).unwrap_or(node)
        };
        let causes = nodes.iter().enumerate().map(cause).collect();
        Chains { nodes, causes }
    }

    /// The topmost node above this one. What is found on the way is remembered in `tops`.
    fn top(&self, node: usize, tops: &mut [usize]) -> usize {
        let mut path = Vec::new();
        let mut at = node;
        let top = loop {
            if tops[at] != UNKNOWN {
                break tops[at];
            }
            // In a file that was tampered with, causes may go round in a circle.
            if self.causes[at] == at || path.len() > self.nodes.len() {
                break at;
            }
            path.push(at);
            at = self.causes[at];
        };
        tops[top] = top;
        for passed in path {
            tops[passed] = top;
        }
        top
    }
}
