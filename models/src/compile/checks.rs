//! Checks on the graph of causes: circles take time, and do not grow without end.

use causeflow_engine::streams::program::Stream;

use super::Compiler;
use super::growth::{Growth, growing};
use crate::diagnostic::number;

impl Compiler {
    /// Refuses circles of causes that take no time or grow without end.
    pub(super) fn check_graph(&mut self, streams: &[Stream]) {
        for circle in circles(streams, |shortest| shortest == 0) {
            self.report_circle(
                &circle,
                "this is a circle of causes without delay: time would stand still",
                "give one of its causes a delay that is never 0",
            );
        }
        for Growth { ring, laps } in growing(streams) {
            let laps = match laps {
                Some(laps) => number((laps * 1e3).round() / 1e3),
                None => "more than 1".into(),
            };
            let what = format!(
                "each lap of this ring of causes leads to {laps} laps on average, so it grows without end"
            );
            let help = "lower a probability or a count, until a lap leads to 1 at most";
            self.report_circle(&ring, &what, help);
        }
    }

    fn report_circle(&mut self, circle: &[usize], what: &str, help: &str) {
        let mut names: Vec<&str> = circle
            .iter()
            .map(|&s| self.units[s].name.as_str())
            .collect();
        names.push(names[0]);
        let message = format!("{what}: {}", names.join(" -> "));
        // The last cause of the circle closes it: it stands in the first stream's block.
        let closing = circle[circle.len() - 1];
        let unit = &self.units[circle[0]];
        let position = unit
            .causes
            .iter()
            .find(|c| c.parent == closing)
            .map_or(0, |c| c.position);
        let at = unit.place_of_cause(position, "on");
        self.report.error(&at, message, Some(help.into()));
    }
}

/// One circle for each group of streams that cause each other, along effects whose shortest delay
/// passes.
fn circles(streams: &[Stream], passes: impl Fn(i64) -> bool) -> Vec<Vec<usize>> {
    let next = |at: usize| -> Vec<usize> {
        let effects = streams[at].all_effects();
        let passing = effects.filter(|effect| passes(effect.shortest.0));
        passing.map(|effect| effect.stream.index()).collect()
    };
    let (mut found, mut state) = (Vec::new(), vec![0u8; streams.len()]);
    for start in 0..streams.len() {
        if state[start] == 2 {
            continue;
        }
        // With a stack of one's own: chains of causes may be long.
        state[start] = 1;
        let mut path = vec![(start, next(start).into_iter())];
        while let Some((at, rest)) = path.last_mut() {
            let Some(to) = rest.next() else {
                state[*at] = 2;
                path.pop();
                continue;
            };
            match state[to] {
                0 => {
                    state[to] = 1;
                    path.push((to, next(to).into_iter()));
                }
                1 => {
                    let from = path.iter().position(|(at, _)| *at == to).unwrap_or(0);
                    found.push(path[from..].iter().map(|(at, _)| *at).collect());
                }
                _ => {}
            }
        }
    }
    found
}
