//! Fits curves to how a scenario lets go, by least squares.

use causeflow_engine::base::time::{Span, Time};

use super::bars::assert_near;
use super::played::Run;

/// What is left of a scenario's strength in some time after its end: hours, strength as measured, and weight.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    pub from_h: f64,
    pub to_h: f64,
    pub strength: f64,
    pub weight: f64,
}

/// A family of curves; each has one parameter, in hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Evenly over so many hours.
    Linear,
    /// By half in so many hours.
    Exponential,
    /// At once, so many hours after the end.
    Step,
}

impl Shape {
    /// What a curve of the family says of a time. What is below five per cent has settled.
    fn strength(self, hours: f64, parameter: f64) -> f64 {
        let left = match self {
            Shape::Linear => 1.0 - hours / parameter,
            Shape::Exponential => libm::exp2(-hours / parameter),
            Shape::Step => f64::from(u8::from(hours < parameter)),
        };
        if left > 0.05 { left } else { 0.0 }
    }

    fn squares(self, points: &[Point], parameter: f64) -> f64 {
        const PARTS: u32 = 20;
        let square = |point: &Point| {
            let part = (point.to_h - point.from_h) / f64::from(PARTS);
            let middle = |n: u32| point.from_h + (f64::from(n) + 0.5) * part;
            let strengths = (0..PARTS).map(|n| self.strength(middle(n), parameter));
            let off = point.strength - strengths.sum::<f64>() / f64::from(PARTS);
            point.weight * off * off
        };
        points.iter().map(square).sum()
    }

    /// The curve of the family with the least squares: its parameter and those.
    fn best(self, points: &[Point]) -> (f64, f64) {
        let longest = points.iter().map(|point| point.to_h).fold(0.0, f64::max);
        let mut best = (0.0, f64::INFINITY);
        for tenths_of_per_cent in 1..=1000 {
            let parameter = longest * f64::from(tenths_of_per_cent) / 1000.0;
            let squares = self.squares(points, parameter);
            if squares < best.1 {
                best = (parameter, squares);
            }
        }
        best
    }
}

/// Asserts that the points follow a curve of the shape with a parameter, and that no curve of another shape comes
/// near: it has to leave at least twice the squares.
pub fn assert_settles(what: &str, points: &[Point], shape: Shape, hours: f64, allowed: f64) {
    let (parameter, squares) = shape.best(points);
    for other in [Shape::Linear, Shape::Exponential, Shape::Step] {
        let (at, left) = other.best(points);
        println!(
            "{what}: {other:?} of {at:.1} h leaves {:.2}",
            left / squares
        );
        assert!(
            other == shape || left > 2.0 * squares,
            "{what}: {other:?} of {at:.1} h fits as well as {shape:?}, {left} against {squares}"
        );
    }
    assert_near(&format!("{what}, hours"), parameter, hours, allowed);
}

/// Strength by hour after an end, of a factor on the rate of a source, from the events that nothing caused.
pub fn strengths(
    run: &Run,
    twin: &Run,
    stream: &str,
    factor: f64,
    end: Time,
    hours: i64,
) -> Vec<Point> {
    let point = |hour: i64| {
        let time = end + Span(hour * Span::HOUR.0);
        let (here, base) = (
            run.hour(stream, time).rooted as f64,
            twin.hour(stream, time).rooted as f64,
        );
        (base > 0.0).then(|| Point {
            from_h: hour as f64,
            to_h: (hour + 1) as f64,
            strength: (here / base - 1.0) / (factor - 1.0),
            weight: base,
        })
    };
    (0..hours).filter_map(point).collect()
}

#[test]
fn a_shape_is_told_from_the_others() {
    for (shape, parameter) in [
        (Shape::Linear, 12.0),
        (Shape::Exponential, 6.0),
        (Shape::Step, 5.0),
    ] {
        let point = |hour: u32| Point {
            from_h: hour.into(),
            to_h: f64::from(hour) + 1.0,
            strength: shape.strength(f64::from(hour) + 0.5, parameter),
            weight: 1.0,
        };
        let points: Vec<Point> = (0..30).map(point).collect();
        assert_settles("made up", &points, shape, parameter, 0.3);
    }
}
