//! The causal graph as SVG: lanes of domains, boxes of streams, arrows with what was measured.

use maud::{Markup, html};

use super::causes::{Arrow, Graph, Measured, Node};
use super::layout::{Layout, layout};

/// Sizes in units, which are pixels unless the page is zoomed. A box grows with the arrows that end in it.
const BOX: f64 = 22.0;
const ARROW: f64 = 13.0;
const ROW_GAP: f64 = 12.0;
const COLUMN_GAP: f64 = 88.0;
const LANE_TITLE: f64 = 20.0;
const LANE_GAP: f64 = 8.0;
const MARGIN: f64 = 12.0;
/// Width of a letter of a stream's name, and of the space around a name.
const LETTER: f64 = 6.3;
const PADDING: f64 = 16.0;

/// Effects a cause in few letters: `75 %`, `0.04 %`, `3.2 each`.
pub fn rate(measured: Measured) -> String {
    match measured.rate() {
        None => "no cause".to_owned(),
        Some(rate) if rate > 1.0 => format!("{rate:.2} each"),
        Some(rate) if rate >= 0.1 => format!("{:.1} %", rate * 100.0),
        Some(rate) => format!("{:.2} %", rate * 100.0),
    }
}

/// Where things are, in units.
struct Sheet<'a> {
    graph: &'a Graph,
    /// Left, top, width and height of each stream's box.
    boxes: Vec<[f64; 4]>,
    /// Domain, top and height of each lane.
    lanes: Vec<(String, f64, f64)>,
    /// For each arrow the height at which it ends.
    ends: Vec<f64>,
    width: f64,
    height: f64,
}

/// Draws the graph.
pub fn draw(graph: &Graph) -> Markup {
    let sheet = Sheet::new(graph);
    let (width, height) = (sheet.width, sheet.height);
    html! {
        svg.graph viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height)
            role="img" aria-labelledby="graph-title graph-description" {
            title #graph-title { "What causes what, with the measured rates" }
            desc #graph-description {
                "One lane for each domain, one box for each stream, one arrow from each cause to its effect. The table "
                "below has the same numbers."
            }
            defs {
                marker #tip viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto" {
                    path.tip d="M0,0.5 L8,4 L0,7.5 Z" {}
                }
            }
            @for (domain, top, height) in &sheet.lanes {
                rect.lane x="0" y=(top) width=(width) height=(height) rx="6" {}
                text.domain x=(MARGIN) y=(top + 14.0) { (domain) }
            }
            @for place in 0..graph.arrows.len() {
                path.arrow.outcome[graph.arrows[place].outcome] d=(sheet.path(place)) marker-end="url(#tip)" {}
            }
            @for (node, [x, y, width, height]) in graph.nodes.iter().zip(&sheet.boxes) {
                @let round = if node.root { BOX / 2.0 } else { 3.0 };
                rect.box.root[node.root] x=(x) y=(y) width=(width) height=(height) rx=(round) {}
                text.name x=(x + width / 2.0) y=(y + height / 2.0 + 4.0) { (label(node)) }
            }
            @for (arrow, end) in graph.arrows.iter().zip(&sheet.ends) {
                @if let Some(measured) = arrow.measured {
                    text.rate x=(sheet.boxes[arrow.to][0] - 11.0) y=(tenths(end + 3.5)) { (rate(measured)) }
                }
            }
        }
    }
}

/// A stream's name without the domain, which its lane has.
fn label(node: &Node) -> &str {
    let rest = node.name.strip_prefix(node.domain.as_str());
    rest.and_then(|rest| rest.strip_prefix('.'))
        .unwrap_or(&node.name)
}

impl<'a> Sheet<'a> {
    fn new(graph: &'a Graph) -> Sheet<'a> {
        let layout = layout(graph);
        let mut ending = vec![0.0; graph.nodes.len()];
        graph
            .arrows
            .iter()
            .for_each(|arrow| ending[arrow.to] += 1.0);
        let heights: Vec<f64> = ending.iter().map(|n| (n * ARROW + 4.0).max(BOX)).collect();
        let (columns, width) = columns(graph, &layout);
        let (rows, lanes, height) = rows(&layout, &heights);
        let boxes = layout.places.iter().zip(&heights).map(|(place, height)| {
            let (left, width) = columns[place.column];
            [left, rows[place.row], width, *height]
        });
        let mut sheet = Sheet {
            graph,
            boxes: boxes.collect(),
            lanes,
            ends: Vec::new(),
            width,
            height,
        };
        sheet.ends = sheet.ends();
        sheet
    }

    /// Arrows end in the left edge of a box one below the other, in the order of where they come from.
    fn ends(&self) -> Vec<f64> {
        let mut ends = vec![0.0; self.graph.arrows.len()];
        for (node, [_, top, _, height]) in self.boxes.iter().enumerate() {
            let arrows = self.graph.arrows.iter().enumerate();
            let mut here: Vec<(usize, f64)> = arrows
                .filter(|(_, arrow)| arrow.to == node)
                .map(|(place, arrow)| (place, self.begin(arrow).1))
                .collect();
            here.sort_by(|a, b| a.1.total_cmp(&b.1));
            let first = top + height / 2.0 - ARROW * (here.len() as f64 - 1.0) / 2.0;
            for (number, (place, _)) in here.into_iter().enumerate() {
                ends[place] = first + ARROW * number as f64;
            }
        }
        ends
    }

    /// Where an arrow begins: in the middle of the right edge of its cause.
    fn begin(&self, arrow: &Arrow) -> (f64, f64) {
        let [x, y, width, height] = self.boxes[arrow.from];
        (x + width, y + height / 2.0)
    }

    fn path(&self, place: usize) -> String {
        let arrow = &self.graph.arrows[place];
        let ((x0, y0), (x1, y1)) = (
            self.begin(arrow),
            (self.boxes[arrow.to][0] - 1.0, self.ends[place]),
        );
        // The last part is level, for the rate to stand on it. What goes back swings out, to be seen going around.
        let level = x1 - COLUMN_GAP / 2.0;
        let reach = if level > x0 {
            (level - x0) / 2.0
        } else {
            COLUMN_GAP
        };
        let [x0, y0, x1, y1] = [x0, y0, x1, y1].map(tenths);
        let (out, back, level) = (tenths(x0 + reach), tenths(level - reach), tenths(level));
        format!("M{x0},{y0} C{out},{y0} {back},{y1} {level},{y1} H{x1}")
    }
}

/// Left edge and width of each column, and the width of all.
fn columns(graph: &Graph, layout: &Layout) -> (Vec<(f64, f64)>, f64) {
    let mut columns = Vec::new();
    let mut left = MARGIN;
    for column in 0..layout.columns {
        let here = graph.nodes.iter().zip(&layout.places);
        let here = here.filter(|(_, place)| place.column == column);
        let letters = here.map(|(node, _)| label(node).chars().count()).max();
        let width = (letters.unwrap_or(0) as f64 * LETTER + PADDING).round();
        columns.push((left, width));
        left += width + COLUMN_GAP;
    }
    (columns, left - COLUMN_GAP + MARGIN)
}

/// The top of each row, the lanes, and the height of all.
fn rows(layout: &Layout, heights: &[f64]) -> (Vec<f64>, Vec<(String, f64, f64)>, f64) {
    let (mut rows, mut lanes) = (Vec::new(), Vec::new());
    let mut top = 0.0;
    for lane in &layout.lanes {
        let mut bottom = top + LANE_TITLE;
        for row in lane.first_row..lane.first_row + lane.rows {
            rows.push(bottom);
            let here = layout.places.iter().zip(heights);
            let here = here.filter(|(place, _)| place.row == row);
            bottom += here.map(|(_, height)| *height).fold(BOX, f64::max) + ROW_GAP;
        }
        lanes.push((lane.domain.clone(), top, bottom - top));
        top = bottom + LANE_GAP;
    }
    (rows, lanes, (top - LANE_GAP).max(0.0))
}

/// Rounded to tenths, which is finer than a screen shows.
fn tenths(length: f64) -> f64 {
    (length * 10.0).round() / 10.0
}
