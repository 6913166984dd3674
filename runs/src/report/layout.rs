//! Where the streams of the causal graph stand: one lane a domain, and in it a column for each step away from what
//! comes by itself. Lanes and streams are moved until arrows are short, in the manner of the barycentre heuristic
//! (Sugiyama, Tagawa and Toda 1981).

use std::collections::BTreeMap;

use super::causes::Graph;

/// How often streams are moved towards what they are connected with; more does not change the picture any more.
const SWEEPS: usize = 12;

/// Places of a graph's streams, in columns and rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Of each stream.
    pub places: Vec<Position>,
    pub lanes: Vec<Lane>,
    pub columns: usize,
}

/// Where a stream stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    pub column: usize,
    /// From the top of the drawing.
    pub row: usize,
}

/// A domain's part of the drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    pub domain: String,
    pub first_row: usize,
    pub rows: usize,
}

/// Lays a graph out.
pub fn layout(graph: &Graph) -> Layout {
    let columns = columns(graph);
    let mut lanes = Lanes::new(graph, &columns);
    for _ in 0..SWEEPS {
        lanes.move_lanes();
        lanes.move_streams();
    }
    let places = lanes.places();
    Layout {
        lanes: lanes.finish(),
        columns: columns.iter().max().map_or(0, |last| last + 1),
        places,
    }
}

/// For each stream how many steps it is away from those without a cause, by the longest way. What has no cause itself
/// then moves next to the first of its effects. Arrows that close a circle do not count.
fn columns(graph: &Graph) -> Vec<usize> {
    let mut effects = vec![Vec::new(); graph.nodes.len()];
    for arrow in graph.arrows.iter().filter(|arrow| arrow.from != arrow.to) {
        effects[arrow.from].push(arrow.to);
    }
    let order = finishing_order(&effects);
    let mut position = vec![0; order.len()];
    for (place, &node) in order.iter().enumerate() {
        position[node] = place;
    }
    let mut columns = vec![0; order.len()];
    let mut caused = vec![false; order.len()];
    for &node in &order {
        // An arrow back to what stands earlier in the order closes a circle.
        effects[node].retain(|&to| position[to] > position[node]);
        for &to in &effects[node] {
            columns[to] = columns[to].max(columns[node] + 1);
            caused[to] = true;
        }
    }
    for node in (0..order.len()).filter(|&node| !caused[node]) {
        let first = effects[node].iter().map(|&to| columns[to]).min();
        columns[node] = first.map_or(0, |first| first - 1);
    }
    columns
}

/// All nodes, each before those that it points to unless they point back: depth first, the last finished first.
fn finishing_order(effects: &[Vec<usize>]) -> Vec<usize> {
    let mut seen = vec![false; effects.len()];
    let mut order = Vec::with_capacity(effects.len());
    for start in 0..effects.len() {
        // A node and how many of its effects have been followed.
        let mut path = vec![(start, 0)];
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        while let Some((node, followed)) = path.last_mut() {
            match effects[*node].get(*followed) {
                Some(&next) => {
                    *followed += 1;
                    if !std::mem::replace(&mut seen[next], true) {
                        path.push((next, 0));
                    }
                }
                None => {
                    order.push(*node);
                    path.pop();
                }
            }
        }
    }
    order.reverse();
    order
}

/// The streams of a column in one lane, from top to bottom.
type Stack = Vec<usize>;

struct Lanes<'a> {
    graph: &'a Graph,
    /// From top to bottom: the domain, and its streams by column.
    lanes: Vec<(String, BTreeMap<usize, Stack>)>,
}

impl<'a> Lanes<'a> {
    fn new(graph: &'a Graph, columns: &[usize]) -> Lanes<'a> {
        let mut lanes: Vec<(String, BTreeMap<usize, Stack>)> = Vec::new();
        for (index, node) in graph.nodes.iter().enumerate() {
            let known = lanes.iter().position(|(domain, _)| *domain == node.domain);
            let lane = known.unwrap_or_else(|| {
                lanes.push((node.domain.clone(), BTreeMap::new()));
                lanes.len() - 1
            });
            lanes[lane].1.entry(columns[index]).or_default().push(index);
        }
        Lanes { graph, lanes }
    }

    fn heights(&self) -> impl Iterator<Item = usize> {
        let height = |stacks: &BTreeMap<usize, Stack>| stacks.values().map(Vec::len).max();
        self.lanes
            .iter()
            .map(move |(_, stacks)| height(stacks).unwrap_or(0))
    }

    fn places(&self) -> Vec<Position> {
        let mut places = vec![Position::default(); self.graph.nodes.len()];
        let mut top = 0;
        for ((_, stacks), height) in self.lanes.iter().zip(self.heights()) {
            for (&column, stack) in stacks {
                for (row, &node) in (top..).zip(stack) {
                    places[node] = Position { column, row };
                }
            }
            top += height;
        }
        places
    }

    /// How far all arrows go up or down.
    fn length(&self) -> usize {
        let places = self.places();
        let arrows = self.graph.arrows.iter();
        arrows
            .map(|a| places[a.from].row.abs_diff(places[a.to].row))
            .sum()
    }

    /// Takes each lane to where arrows are shortest.
    fn move_lanes(&mut self) {
        for lane in 0..self.lanes.len() {
            let moved = self.lanes.remove(lane);
            let lengths = (0..=self.lanes.len()).map(|place| {
                self.lanes.insert(place, moved.clone());
                let length = self.length();
                self.lanes.remove(place);
                // Of equal places the one where it was is taken.
                (length, place != lane, place)
            });
            let place = lengths.min().map_or(lane, |(.., place)| place);
            self.lanes.insert(place, moved);
        }
    }

    /// Sorts each column of each lane by where the streams lie that its streams are connected with.
    fn move_streams(&mut self) {
        for lane in 0..self.lanes.len() {
            let columns: Vec<usize> = self.lanes[lane].1.keys().copied().collect();
            for column in columns {
                let places = self.places();
                if let Some(stack) = self.lanes[lane].1.get_mut(&column) {
                    stack.sort_by(|a, b| {
                        let middle = |node: usize| middle(self.graph, &places, node);
                        middle(*a).total_cmp(&middle(*b))
                    });
                }
            }
        }
    }

    fn finish(self) -> Vec<Lane> {
        let heights: Vec<usize> = self.heights().collect();
        let mut first_row = 0;
        let lanes = self.lanes.into_iter().zip(heights);
        let lanes = lanes.map(|((domain, _), rows)| {
            let lane = Lane {
                domain,
                first_row,
                rows,
            };
            first_row += rows;
            lane
        });
        lanes.collect()
    }
}

/// The mean row of what a stream is connected with; its own without any.
fn middle(graph: &Graph, places: &[Position], node: usize) -> f64 {
    let ends = graph.arrows.iter().filter_map(|arrow| match arrow {
        _ if arrow.from == arrow.to => None,
        _ if arrow.from == node => Some(arrow.to),
        _ if arrow.to == node => Some(arrow.from),
        _ => None,
    });
    let rows: Vec<usize> = ends.map(|end| places[end].row).collect();
    match rows.len() {
        0 => places[node].row as f64,
        number => rows.iter().sum::<usize>() as f64 / number as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::super::causes::{Arrow, Node};
    use super::*;

    fn graph(domains: &[&str], arrows: &[(usize, usize)]) -> Graph {
        let node = |(number, domain): (usize, &&str)| Node {
            name: format!("stream{number}"),
            domain: (*domain).to_owned(),
            root: false,
        };
        let arrow = |&(from, to): &(usize, usize)| Arrow {
            from,
            to,
            declared: (String::new(), String::new()),
            outcome: false,
            measured: None,
        };
        Graph {
            nodes: domains.iter().enumerate().map(node).collect(),
            arrows: arrows.iter().map(arrow).collect(),
        }
    }

    #[test]
    fn effects_stand_right_of_their_causes_and_causes_close_to_their_effects() {
        let layout = layout(&graph(&["a"; 4], &[(0, 1), (1, 2), (0, 2), (3, 2)]));
        let columns: Vec<usize> = layout.places.iter().map(|place| place.column).collect();
        assert_eq!(columns, [0, 1, 2, 1]);
        assert_eq!(layout.columns, 3);
    }

    #[test]
    fn circles_and_arrows_to_oneself_come_to_an_end() {
        let layout = layout(&graph(&["a"; 3], &[(0, 1), (1, 2), (2, 0), (1, 1)]));
        let columns: Vec<usize> = layout.places.iter().map(|place| place.column).collect();
        assert_eq!(columns, [0, 1, 2]);
    }

    #[test]
    fn no_two_streams_share_a_place_and_lanes_hold_their_domains() {
        let domains = ["a", "b", "a", "c", "b", "a", "c"];
        let graph = graph(&domains, &[(0, 1), (2, 1), (5, 3), (0, 4), (3, 6), (4, 6)]);
        let layout = layout(&graph);
        let mut places: Vec<(usize, usize)> =
            layout.places.iter().map(|p| (p.column, p.row)).collect();
        for (place, domain) in layout.places.iter().zip(domains) {
            let lane = layout.lanes.iter().find(|lane| lane.domain == domain);
            let lane = lane.expect("each domain has a lane");
            assert!((lane.first_row..lane.first_row + lane.rows).contains(&place.row));
        }
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), domains.len());
    }

    #[test]
    fn lanes_that_are_connected_stand_side_by_side() {
        let layout = layout(&graph(&["a", "b", "c"], &[(0, 2)]));
        let rows: Vec<usize> = layout.places.iter().map(|place| place.row).collect();
        assert_eq!(rows[0].abs_diff(rows[2]), 1, "{rows:?}");
    }

    #[test]
    fn an_empty_graph_has_an_empty_layout() {
        let layout = layout(&graph(&[], &[]));
        assert_eq!((layout.columns, layout.lanes.len()), (0, 0));
    }
}
