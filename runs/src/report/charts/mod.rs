//! Charts as SVG, drawn with plotters.
//!
//! Colours are written as the light scheme has them; the page's styles find them by their values and give them others
//! in the dark scheme. All lengths are in units of which a chart is [`WIDTH`] wide; it is drawn on a finer grid,
//! because the drawing library rounds to whole places.

use causeflow_engine::base::time::{Span, Time};
use plotters::coord::Shift;
use plotters::coord::combinators::WithKeyPoints;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint};
use plotters::coord::types::RangedCoordi64;
use plotters::prelude::*;

use super::times::{day_of_month, weekday_and_day};
use super::window::Window;
use crate::error::Error;

mod stream;
mod twin;

pub use stream::{Mark, StreamChart};
pub use twin::TwinChart;

/// The width of a chart in units: about that of a phone in pixels.
pub const WIDTH: i32 = 330;
/// Places of the grid in a unit.
const FINE: i32 = 4;
/// Where the axis of counts stands.
const LEFT: i32 = 38;
/// Room for the labels of days.
const DAYS: i32 = 18;
/// Size of labels as plotters counts it: letters come out at four fifths of it.
const LABEL: i32 = 13;
/// Between an axis and its labels.
const LABEL_GAP: i32 = 4;

/// Counts, and those with a flag.
const COUNT: RGBColor = RGBColor(0x0b, 0x5c, 0xad);
const WARNING: RGBColor = RGBColor(0xa8, 0x5b, 0x00);
const CRITICAL: RGBColor = RGBColor(0xb8, 0x00, 0x3c);
/// What is usual: the mean as a line, the bands as shades.
const USUAL: RGBColor = RGBColor(0x5e, 0x6a, 0x78);
/// Scenarios and external events.
const SCENARIO: RGBColor = RGBColor(0x6b, 0x3f, 0xc0);
const EVENT: RGBColor = RGBColor(0x3a, 0x46, 0x54);
/// Axes.
const TEXT: RGBColor = RGBColor(0x4a, 0x55, 0x63);
const GRID: RGBColor = RGBColor(0xc9, 0xcf, 0xd6);

type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Why a chart could not be drawn; with a canvas in memory nothing should fail.
fn drawing(error: impl std::fmt::Display) -> Error {
    Error::machine(format!("drawing a chart failed: {error}"))
}

/// The elements of a drawing of this height, without the `svg` around them.
fn drawn(
    height: i32,
    draw: impl FnOnce(&Canvas<'_>) -> Result<(), Error>,
) -> Result<String, Error> {
    let mut svg = String::new();
    let size = ((WIDTH * FINE) as u32, (height * FINE) as u32);
    let canvas = SVGBackend::with_string(&mut svg, size).into_drawing_area();
    draw(&canvas)?;
    canvas.present().map_err(drawing)?;
    drop(canvas);
    let inner = svg.split_once('>').map_or("", |(_, inner)| inner);
    let inner = inner.trim().strip_suffix("</svg>").unwrap_or(inner);
    Ok(inner.replace("opacity=\"1\" ", ""))
}

/// The view box of a drawing of this height.
pub fn view_box(height: i32) -> String {
    format!("0 0 {} {}", WIDTH * FINE, height * FINE)
}

/// A line of so many tenths of a unit.
fn line(colour: RGBColor, tenths: i32) -> ShapeStyle {
    colour.stroke_width((tenths * FINE / 10) as u32)
}

fn text(colour: RGBColor, size: i32) -> TextStyle<'static> {
    ("sans-serif", size * FINE).into_font().color(&colour)
}

/// Times as the axis has them: microseconds since 1970.
type Point = (i64, f64);

/// A chart with time to the right and numbers upwards.
type Chart<'a, 'b> =
    ChartContext<'a, SVGBackend<'b>, Cartesian2d<WithKeyPoints<RangedCoordi64>, Upwards>>;

/// An axis from 0 to `top` with ticks of our own.
struct Upwards {
    top: f64,
    ticks: Vec<f64>,
}

impl Ranged for Upwards {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        from + (value / self.top * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> std::ops::Range<f64> {
        0.0..self.top
    }
}

/// The axis of times.
fn along(window: Window) -> WithKeyPoints<RangedCoordi64> {
    (window.from.0..window.to.0).with_key_points(noons(window))
}

/// Draws the axes, lines at the ticks, and at midnights up to `top`.
fn draw_axes(chart: &mut Chart<'_, '_>, window: Window, top: f64) -> Result<(), Error> {
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(line(GRID, 5))
        // Nothing but the labels: tick marks without a colour keep them away from the plot.
        .axis_style(TRANSPARENT)
        .set_all_tick_mark_size(LABEL_GAP * FINE)
        .label_style(text(TEXT, LABEL))
        .x_label_formatter(&|time| day_label(window, *time))
        .y_label_formatter(&|number| tick_label(*number))
        .draw()
        .map_err(drawing)?;
    let midnights = window.midnights().filter(|time| *time > window.from);
    let lines =
        midnights.map(|time| PathElement::new([(time.0, 0.0), (time.0, top)], line(GRID, 5)));
    chart.draw_series(lines).map_err(drawing)?;
    Ok(())
}

/// Places of the labels of days, at their noons, no more than fit; in UTC.
fn noons(window: Window) -> Vec<i64> {
    let step = (window.days() as usize).div_ceil(8);
    let noons = window
        .midnights()
        .step_by(step)
        .map(|midnight| midnight + Span(Span::DAY.0 / 2));
    noons
        .filter(|noon| *noon < window.to)
        .map(|noon| noon.0)
        .collect()
}

/// The label of a day: `Mon 2`, or only `2` where many have to fit.
fn day_label(window: Window, time: i64) -> String {
    match window.days() {
        ..=8 => weekday_and_day(Time(time)),
        _ => day_of_month(Time(time)),
    }
}

/// Round values from 0 to `most`, at most five.
fn ticks(most: f64) -> Vec<f64> {
    let least_step = (most / 4.0).max(1.0);
    let mut unit = 1.0;
    while unit * 10.0 <= least_step {
        unit *= 10.0;
    }
    let factors = [1.0, 2.0, 5.0, 10.0].into_iter();
    let step = factors
        .map(|factor| factor * unit)
        .find(|step| *step >= least_step);
    let step = step.unwrap_or(10.0 * unit);
    let steps = (0..5).map(|n| f64::from(n) * step);
    steps.take_while(|tick| *tick <= most).collect()
}

/// A count on an axis: `1,200`, `12k`, `1.5M`.
fn tick_label(count: f64) -> String {
    let short = |number: f64, unit: &str| format!("{number}{unit}");
    match count {
        1e6.. => short(count / 1e6, "M"),
        1e4.. => short(count / 1e3, "k"),
        _ => crate::numbers::count(count as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_whole_and_below_the_most() {
        assert_eq!(ticks(1.0), [0.0, 1.0]);
        assert_eq!(ticks(7.0), [0.0, 2.0, 4.0, 6.0]);
        assert_eq!(ticks(130.0), [0.0, 50.0, 100.0]);
        assert_eq!(ticks(370.0), [0.0, 100.0, 200.0, 300.0]);
        for most in [0.5, 1.0, 3.0, 12.0, 99.0, 1e3, 123_456.0, 9.9e9] {
            let ticks = ticks(most);
            assert!(
                ticks.len() <= 5 && ticks.iter().all(|tick| *tick <= most),
                "{most}"
            );
            assert!(most < 1.0 || ticks.len() >= 2, "{most}");
        }
    }

    #[test]
    fn labels_of_counts_are_short() {
        assert_eq!(tick_label(2_000.0), "2,000");
        assert_eq!(tick_label(25_000.0), "25k");
        assert_eq!(tick_label(1_500_000.0), "1.5M");
    }

    #[test]
    fn a_month_has_labels_that_fit() {
        let day = |day: i64| Time(day * Span::DAY.0);
        let of_days = |days| Window {
            from: day(0),
            to: day(days),
        };
        assert_eq!(noons(of_days(7)).len(), 7);
        assert!(noons(of_days(30)).len() <= 8);
        let half = Window {
            from: day(0),
            to: Time(Span::DAY.0 / 4),
        };
        assert!(noons(half).is_empty());
    }
}
