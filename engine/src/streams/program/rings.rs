//! Rings of causes: streams whose events lead to events of their own kind.

use std::collections::VecDeque;

use super::{Program, Stream};

/// The groups of streams that cause each other, by index, each in order; streams of which no event leads to another of
/// its kind are in none.
pub fn rings(streams: &[Stream]) -> Vec<Vec<usize>> {
    let count = streams.len();
    let next = |at: usize| streams[at].all_effects().map(|e| e.stream.index());
    let next: Vec<Vec<usize>> = (0..count).map(|at| next(at).collect()).collect();
    // Tarjan's components, with a stack of one's own: chains of causes may be long.
    const NEW: usize = usize::MAX;
    let (mut number, mut low, mut on_stack) =
        (vec![NEW; count], vec![0; count], vec![false; count]);
    let (mut stack, mut found, mut numbered) = (Vec::new(), Vec::new(), 0);
    for root in 0..count {
        let mut path = match number[root] {
            NEW => vec![(root, 0)],
            _ => continue,
        };
        while let Some((at, child)) = path.pop() {
            if child == 0 {
                (number[at], low[at]) = (numbered, numbered);
                numbered += 1;
                stack.push(at);
                on_stack[at] = true;
            } else {
                // The child before is done.
                let before = next[at][child - 1];
                if on_stack[before] {
                    low[at] = low[at].min(low[before]);
                }
            }
            if let Some(&to) = next[at].get(child) {
                path.push((at, child + 1));
                if number[to] == NEW {
                    path.push((to, 0));
                }
            } else if low[at] == number[at] {
                let from = stack.iter().rposition(|&s| s == at).unwrap_or(0);
                let mut group = stack.split_off(from);
                group.iter().for_each(|&s| on_stack[s] = false);
                group.sort_unstable();
                if group.len() > 1 || next[at].contains(&at) {
                    found.push(group);
                }
            }
        }
    }
    found.sort_unstable();
    found
}

/// A shortest ring through a stream, which comes first; empty where there is none.
pub fn ring_of(program: &Program, stream: usize) -> Vec<usize> {
    let mut from = vec![None; program.streams.len()];
    let mut rest = VecDeque::from([stream]);
    while let Some(at) = rest.pop_front() {
        for effect in program.streams[at].all_effects() {
            let to = effect.stream.index();
            if from[to].is_none() {
                from[to] = Some(at);
                rest.push_back(to);
            }
        }
    }
    let before = |at: &usize| from[*at].filter(|&before| before != stream);
    let mut ring: Vec<usize> = match from[stream] {
        None => return Vec::new(),
        Some(last) if last == stream => Vec::new(),
        last => std::iter::successors(last, before).collect(),
    };
    ring.push(stream);
    ring.reverse();
    ring
}
