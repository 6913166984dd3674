//! The chart of a stream as it was, and as it would have been without interventions.

use causeflow_engine::base::time::Span;
use plotters::prelude::*;

use super::{
    COUNT, FINE, LEFT, Point, USUAL, Upwards, WARNING, along, draw_axes, drawing, drawn, line,
    ticks,
};
use crate::error::Error;
use crate::report::window::Window;

const HEIGHT: i32 = 150;

/// What the chart shows: events an hour, each at the middle of its hour.
pub struct TwinChart<'a> {
    pub window: Window,
    /// Hour, events, and events without interventions.
    pub hours: &'a [(i64, u64, u64)],
}

impl TwinChart<'_> {
    /// Height in units.
    pub const HEIGHT: i32 = HEIGHT;

    /// The elements of the drawing.
    pub fn draw(&self) -> Result<String, Error> {
        drawn(HEIGHT, |canvas| self.draw_on(canvas))
    }

    fn draw_on(&self, area: &super::Canvas<'_>) -> Result<(), Error> {
        let tops = self
            .hours
            .iter()
            .map(|(_, with, without)| with.max(without));
        let most = tops.max().map_or(1.0, |most| (*most as f64).max(1.0));
        let counts = Upwards {
            top: most * 1.02,
            ticks: ticks(most),
        };
        let mut chart = ChartBuilder::on(area)
            .margin_right(4 * FINE)
            .margin_top(4 * FINE)
            .x_label_area_size(super::DAYS * FINE)
            .y_label_area_size(LEFT * FINE)
            .build_cartesian_2d(along(self.window), counts)
            .map_err(drawing)?;
        draw_axes(&mut chart, self.window, most)?;
        let middle = |hour: i64| hour + Span::HOUR.0 / 2;
        let with = self
            .hours
            .iter()
            .map(|(hour, with, _)| (middle(*hour), *with as f64));
        let without = self
            .hours
            .iter()
            .map(|(hour, _, without)| (middle(*hour), *without as f64));
        let (with, without): (Vec<Point>, Vec<Point>) = (with.collect(), without.collect());
        let outline = with.iter().chain(without.iter().rev()).copied();
        let between = Polygon::new(outline.collect::<Vec<Point>>(), WARNING.mix(0.35).filled());
        chart.draw_series([between]).map_err(drawing)?;
        for (points, style) in [(without, line(USUAL, 22)), (with, line(COUNT, 11))] {
            chart
                .draw_series([PathElement::new(points, style)])
                .map_err(drawing)?;
        }
        Ok(())
    }
}
