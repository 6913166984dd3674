//! Checks on the graph of causes: circles take time, and do not grow without end.

use causeflow_engine::program::{Effect, Expr, Program};

use super::Compiler;
use super::bounds::bounds;

impl Compiler {
    /// Refuses circles of causes that take no time or grow without end.
    pub(super) fn check_graph(&mut self, program: &Program) {
        for circle in circles(program, |shortest| shortest == 0) {
            self.report_circle(
                &circle,
                "without delay: time would stand still",
                "give one of its causes a delay that is never 0",
            );
        }
        if !self.report.has_errors() {
            let breeding = breeding(program);
            let circles = circles(program, |_| true);
            let endless = circles
                .iter()
                .find(|circle| circle.iter().all(|s| breeding.contains(s)));
            if let Some(circle) = endless {
                self.report_circle(
                    circle,
                    "in which each event leads to one or more again: it never ends",
                    "lower a probability or a count",
                );
            }
        }
    }

    fn report_circle(&mut self, circle: &[usize], what: &str, help: &str) {
        let mut names: Vec<&str> = circle
            .iter()
            .map(|&s| self.units[s].name.as_str())
            .collect();
        names.push(names[0]);
        let message = format!("this is a circle of causes {what}: {}", names.join(" -> "));
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

/// The streams in which events breed at least one of their kind each, as far as constants tell: there,
/// expected numbers of events do not die out from generation to generation.
fn breeding(program: &Program) -> Vec<usize> {
    const GENERATIONS: usize = 20_000;
    let mut expected = vec![1.0; program.streams.len()];
    for _ in 0..GENERATIONS {
        let mut next = vec![0.0; expected.len()];
        for (from, stream) in program
            .streams
            .iter()
            .enumerate()
            .filter(|(from, _)| expected[*from] > 0.0)
        {
            for effect in stream.all_effects() {
                let to = usize::from(effect.stream);
                next[to] += expected[from] * certain_children(program, effect);
            }
        }
        let most = next.iter().copied().fold(0.0, f64::max);
        if most < 1e-9 {
            return Vec::new();
        }
        expected = next;
        if most > 1e9 {
            break;
        }
    }
    (0..expected.len())
        .filter(|&stream| expected[stream] >= 1e-9)
        .collect()
}

/// How many children an effect has at least, on average.
fn certain_children(program: &Program, effect: &Effect) -> f64 {
    let certain = effect.when.is_none()
        && program.streams[usize::from(effect.stream)]
            .requires
            .is_none();
    let probability = match effect.probability {
        Expr::Num(p) if certain => p,
        _ => 0.0,
    };
    probability
        * effect
            .count
            .as_ref()
            .map_or(1.0, |count| bounds(count).0.max(0.0))
}
