//! Checks on the graph of causes: circles take time, and do not grow without end.

use causeflow_engine::program::Program;

use super::Compiler;
use super::growth::{Growth, growing};
use crate::diagnostic::number;

impl Compiler {
    /// Refuses circles of causes that take no time or grow without end.
    pub(super) fn check_graph(&mut self, program: &Program) {
        for circle in circles(program, |shortest| shortest == 0) {
            self.report_circle(
                &circle,
                "this is a circle of causes without delay: time would stand still",
                "give one of its causes a delay that is never 0",
            );
        }
        for Growth { ring, laps } in growing(program) {
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
        let at = unit.at.key("causes").key(position).key("on");
        self.report.error(&at, message, Some(help.into()));
    }
}

/// One circle for each group of streams that cause each other, along effects whose shortest delay
/// passes.
fn circles(program: &Program, passes: impl Fn(i64) -> bool) -> Vec<Vec<usize>> {
    let count = program.streams.len();
    let mut found = Vec::new();
    let mut state = vec![0u8; count];
    for start in 0..count {
        let mut path = Vec::new();
        walk(program, &passes, start, &mut state, &mut path, &mut found);
    }
    found
}

fn walk(
    program: &Program,
    passes: &impl Fn(i64) -> bool,
    at: usize,
    state: &mut [u8],
    path: &mut Vec<usize>,
    found: &mut Vec<Vec<usize>>,
) {
    match state[at] {
        2 => return,
        1 => {
            let from = path.iter().position(|&s| s == at).unwrap_or(0);
            found.push(path[from..].to_vec());
            return;
        }
        _ => {}
    }
    state[at] = 1;
    path.push(at);
    for effect in program.streams[at]
        .all_effects()
        .filter(|effect| passes(effect.shortest.0))
    {
        walk(
            program,
            passes,
            usize::from(effect.stream),
            state,
            path,
            found,
        );
    }
    path.pop();
    state[at] = 2;
}
