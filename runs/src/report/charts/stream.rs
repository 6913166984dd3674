//! The chart of a stream: hourly counts within the bands of what is usual, and the scores of half days below.

use causeflow_baselines::Flag;
use causeflow_engine::base::time::{Span, Time};
use plotters::prelude::*;

use super::{
    COUNT, CRITICAL, Chart, DAYS, EVENT, FINE, LABEL, LEFT, Point, SCENARIO, USUAL, Upwards,
    WARNING, WIDTH, along, draw_axes, drawing, drawn, line, text, ticks,
};
use crate::error::Error;
use crate::report::history::{self, StreamHistory};
use crate::report::window::Window;

/// Height of the whole chart, of the part with the counts, and of a row of numbers.
const HEIGHT: i32 = 190;
const COUNTS: i32 = 142;
const NUMBER_ROW: i32 = 12;
/// Rows of numbers at the top, and how far apart numbers of a row are.
const NUMBER_ROWS: usize = 2;
const APART: i32 = 17;
/// Steps over one hour; the sizes of marks.
const HALF_HOUR: i64 = Span::HOUR.0 / 2;
const WARNING_SIZE: i32 = 2;
const CRITICAL_SIZE: i32 = 4;
/// The line of an external event, on the grid.
const HAIR: u32 = 2;

/// What intervened, as a chart marks it.
#[derive(Clone, Debug)]
pub struct Mark {
    /// Its number in the list of interventions.
    pub number: usize,
    pub scenario: bool,
    /// Whether it changed this stream.
    pub moved: bool,
    pub start: Time,
    pub end: Time,
    pub settled: Time,
}

/// What a stream's chart shows.
pub struct StreamChart<'a> {
    pub history: &'a StreamHistory,
    pub window: Window,
    pub marks: &'a [Mark],
}

impl StreamChart<'_> {
    /// Height in units.
    pub const HEIGHT: i32 = HEIGHT;

    /// The elements of the drawing.
    pub fn draw(&self) -> Result<String, Error> {
        drawn(HEIGHT, |canvas| {
            let (counts, scores) = canvas.split_vertically(COUNTS * FINE);
            self.draw_counts(&counts)?;
            self.draw_scores(&scores)
        })
    }

    fn points(&self) -> &[history::Point] {
        &self.history.hourly.points
    }

    /// The largest thing to be shown.
    fn most(&self) -> f64 {
        let tops = self.points().iter().map(|point| {
            let band = point.usual.map_or(0.0, |(mean, sigma)| mean + 3.0 * sigma);
            band.max(point.count as f64)
        });
        tops.fold(1.0, f64::max)
    }

    fn draw_counts(&self, area: &super::Canvas<'_>) -> Result<(), Error> {
        let rows = self.number_rows();
        let used = rows.iter().flatten().max().map_or(0, |row| *row as i32 + 1) * NUMBER_ROW + 3;
        let plot = COUNTS - DAYS;
        let most = self.most();
        let top = most * f64::from(plot) / f64::from(plot - used);
        let counts = Upwards {
            top,
            ticks: ticks(most),
        };
        let mut chart = ChartBuilder::on(area)
            .margin_right(4 * FINE)
            .x_label_area_size(DAYS * FINE)
            .y_label_area_size(LEFT * FINE)
            .build_cartesian_2d(along(self.window), counts)
            .map_err(drawing)?;
        // What is drawn later covers what was drawn before.
        self.draw_scenarios(&mut chart, top)?;
        for (sigmas, strength) in [(3.0, 0.16), (1.0, 0.24)] {
            let band = self.band(sigmas);
            let band = Polygon::new(band, USUAL.mix(strength).filled());
            chart.draw_series([band]).map_err(drawing)?;
        }
        draw_axes(&mut chart, self.window, most)?;
        let usual = self.points().iter();
        let usual = usual.filter_map(|p| Some((p.start.0 + HALF_HOUR, p.usual?.0)));
        let usual = PathElement::new(usual.collect::<Vec<Point>>(), line(USUAL, 8));
        chart.draw_series([usual]).map_err(drawing)?;
        // How high units from the top lie.
        let below = |units: i32| top * (1.0 - f64::from(units) / f64::from(plot));
        self.draw_events(&mut chart, below(used - 3))?;
        let counts: Vec<Point> = self.points().iter().map(place).collect();
        let counts = PathElement::new(counts, line(COUNT, 11));
        chart.draw_series([counts]).map_err(drawing)?;
        self.draw_flags(&mut chart)?;
        let heights = rows
            .iter()
            .map(|row| row.map(|row| below(row as i32 * NUMBER_ROW)));
        self.draw_numbers(&mut chart, heights)
    }

    /// The times in which scenarios are active, and in which they settle.
    fn draw_scenarios(&self, chart: &mut Chart<'_, '_>, top: f64) -> Result<(), Error> {
        let clip = |time: Time| time.0.clamp(self.window.from.0, self.window.to.0);
        let scenarios = self.marks.iter().filter(|mark| mark.scenario);
        let bars = scenarios.flat_map(|mark| {
            let spans = [(mark.start, mark.end, 0.22), (mark.end, mark.settled, 0.1)];
            spans.map(|(from, to, strength)| {
                let corners = [(clip(from), 0.0), (clip(to), top)];
                Rectangle::new(corners, SCENARIO.mix(strength).filled())
            })
        });
        chart.draw_series(bars).map_err(drawing)?;
        Ok(())
    }

    /// The times of external events, as lines up to a height.
    fn draw_events(&self, chart: &mut Chart<'_, '_>, height: f64) -> Result<(), Error> {
        let events = self.marks.iter().filter(|mark| !mark.scenario);
        let events = events
            .filter(|mark| self.window.contains(mark.start))
            .map(|mark| {
                // Faint, so that what they stand behind stays in front.
                let strength = if mark.moved { 0.75 } else { 0.45 };
                let style = EVENT.mix(strength).stroke_width(HAIR);
                PathElement::new([(mark.start.0, 0.0), (mark.start.0, height)], style)
            });
        chart.draw_series(events).map_err(drawing)?;
        Ok(())
    }

    /// The counts that are unusual.
    fn draw_flags(&self, chart: &mut Chart<'_, '_>) -> Result<(), Error> {
        let flagged = |flag| {
            self.points()
                .iter()
                .filter(move |p| p.flag == Some(flag))
                .map(place)
        };
        let warnings = flagged(Flag::Warning)
            .map(|at| Circle::new(at, WARNING_SIZE * FINE, line(WARNING, 10)));
        chart.draw_series(warnings).map_err(drawing)?;
        let criticals = flagged(Flag::Critical).map(|at| EmptyElement::at(at) + diamond());
        chart.draw_series(criticals).map_err(drawing)?;
        Ok(())
    }

    /// The numbers of the marks, at these heights where there is room for them.
    fn draw_numbers(
        &self,
        chart: &mut Chart<'_, '_>,
        heights: impl Iterator<Item = Option<f64>>,
    ) -> Result<(), Error> {
        let numbers = self.marks.iter().zip(heights).filter_map(|(mark, height)| {
            let colour = if mark.scenario { SCENARIO } else { EVENT };
            let label = match mark.moved {
                true => mark.number.to_string(),
                false => format!("({})", mark.number),
            };
            let (x, _) = self.number_place(mark);
            Some(Text::new(label, (x, height?), text(colour, LABEL)))
        });
        chart.draw_series(numbers).map_err(drawing)?;
        Ok(())
    }

    /// Where the number of a mark stands, as a time and in units.
    fn number_place(&self, mark: &Mark) -> (i64, i32) {
        let time = mark.start.max(self.window.from);
        let share =
            (time - self.window.from).0 as f64 / (self.window.to - self.window.from).0 as f64;
        let wide = WIDTH - LEFT - 4;
        (time.0, (share * f64::from(wide)) as i32)
    }

    /// In which row the number of each mark stands; nothing where there is no room for it.
    fn number_rows(&self) -> Vec<Option<usize>> {
        // Where each row is free from.
        let mut free = [0; NUMBER_ROWS];
        let rows = self.marks.iter().map(|mark| {
            let (_, x) = self.number_place(mark);
            let row = free.iter().position(|free| *free <= x)?;
            let wide = if mark.moved { APART } else { APART + 6 };
            if x + wide > WIDTH - LEFT {
                return None;
            }
            free[row] = x + wide;
            Some(row)
        });
        rows.collect()
    }

    /// The outline of what lies within so many sigmas of the mean.
    fn band(&self, sigmas: f64) -> Vec<Point> {
        let edge = |sign: f64| {
            let points = self.points().iter();
            points.filter_map(move |point| {
                let (mean, sigma) = point.usual?;
                Some((
                    point.start.0 + HALF_HOUR,
                    (mean + sign * sigmas * sigma).max(0.0),
                ))
            })
        };
        edge(1.0).chain(edge(-1.0).rev()).collect()
    }

    fn draw_scores(&self, area: &super::Canvas<'_>) -> Result<(), Error> {
        let (from, to) = (self.window.from.0, self.window.to.0);
        let scores = Upwards {
            top: 100.0,
            ticks: vec![0.0, 50.0, 100.0],
        };
        let mut chart = ChartBuilder::on(area)
            .margin_right(4 * FINE)
            .margin_top(4 * FINE)
            .margin_bottom(4 * FINE)
            .y_label_area_size(LEFT * FINE)
            .build_cartesian_2d(along(self.window), scores)
            .map_err(drawing)?;
        let normal = Rectangle::new([(from, 30.0), (to, 70.0)], USUAL.mix(0.16).filled());
        chart.draw_series([normal]).map_err(drawing)?;
        draw_axes(&mut chart, self.window, 100.0)?;
        let scored = self.history.blocks.points.iter();
        let scored = scored.filter_map(|point| Some((point, point.score?, point.flag?)));
        let gap = (to - from) / 360;
        let bars = scored.clone().map(|(point, score, flag)| {
            let begin = point.start.0.max(from);
            let end = (point.start + Span(12 * Span::HOUR.0)).0.min(to) - gap;
            // A score of 50 is a line, not nothing.
            let (low, high) = (score.min(48.5), score.max(51.5));
            Rectangle::new([(begin, low), (end, high)], colour(flag).filled())
        });
        chart.draw_series(bars).map_err(drawing)?;
        let criticals = scored.filter(|(.., flag)| *flag == Flag::Critical);
        let criticals = criticals.map(|(point, score, _)| {
            let middle = point.start.0 + 6 * Span::HOUR.0;
            EmptyElement::at((middle, score)) + diamond()
        });
        chart.draw_series(criticals).map_err(drawing)?;
        Ok(())
    }
}

fn place(point: &history::Point) -> Point {
    (point.start.0 + HALF_HOUR, point.count as f64)
}

fn colour(flag: Flag) -> RGBColor {
    match flag {
        Flag::Normal => COUNT,
        Flag::Warning => WARNING,
        Flag::Critical => CRITICAL,
    }
}

/// The mark of what is critical, around a place of the grid.
fn diamond() -> Polygon<(i32, i32)> {
    let r = CRITICAL_SIZE * FINE;
    Polygon::new(vec![(0, -r), (r, 0), (0, r), (-r, 0)], CRITICAL.filled())
}
