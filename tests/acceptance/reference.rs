//! The figures that the built-in model is held to: `tests/fixtures/streams50.csv`, read into numbers.

use causeflow_engine::base::time::Span;

/// What the table says of one stream.
pub struct Wanted {
    pub stream: String,
    pub per_day: f64,
    pub causes: Vec<WantedCause>,
}

/// What the table says of one of a stream's causes.
#[derive(Clone)]
pub struct WantedCause {
    pub on: String,
    /// How many of these events one of the cause brings on average; below 1, a probability.
    pub per_cause: f64,
    pub delay: Delay,
}

/// When a caused event takes place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Delay {
    /// This long after its cause.
    After(Span, Span),
    /// This long after the session's start, which is in what the cause goes back to.
    AfterStart(Span, Span),
    /// One after the other at exactly this distance, the first one too.
    Every(Span),
    /// One after the other, this far apart.
    Apart(Span, Span),
}

impl Delay {
    /// The longest time from a cause to the last of its events.
    pub fn longest(self) -> Span {
        match self {
            Delay::After(_, longest) => longest,
            // A session starts at most seven days after its confirmation.
            Delay::AfterStart(_, longest) => Span(7 * Span::DAY.0 + longest.0),
            // Neither sessions nor chats last that long.
            Delay::Every(_) | Delay::Apart(..) => Span(2 * Span::HOUR.0),
        }
    }
}

/// The whole table.
pub fn wanted() -> Vec<Wanted> {
    include_str!("../fixtures/streams50.csv")
        .lines()
        .skip(1)
        .map(row)
        .collect()
}

fn row(line: &str) -> Wanted {
    let columns: Vec<&str> = line.split(',').collect();
    let list = |column: usize| columns[column].split('|').filter(|part| !part.is_empty());
    let causes = list(8)
        .zip(list(9))
        .zip(list(10))
        .map(|((on, delay), per_cause)| WantedCause {
            on: on.to_owned(),
            per_cause: number(per_cause),
            delay: self::delay(delay),
        });
    Wanted {
        stream: columns[1].to_owned(),
        per_day: number(columns[6]),
        causes: causes.collect(),
    }
}

fn number(text: &str) -> f64 {
    text.parse()
        .unwrap_or_else(|_| panic!("`{text}` is not a number"))
}

/// Reads `1h-6h`, `0-30m`, `24h`, `start+0-5m`, `every 5m x12` and `10s-90s apart`.
fn delay(text: &str) -> Delay {
    if let Some(rest) = text.strip_prefix("start+") {
        let (from, to) = range(rest);
        return Delay::AfterStart(from, to);
    }
    if let Some(rest) = text.strip_prefix("every ") {
        return Delay::Every(span(rest.split(' ').next().unwrap_or(rest)));
    }
    let (from, to) = range(text.trim_end_matches(" apart"));
    if text.ends_with(" apart") {
        Delay::Apart(from, to)
    } else {
        Delay::After(from, to)
    }
}

fn range(text: &str) -> (Span, Span) {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    (span(from), span(to))
}

fn span(text: &str) -> Span {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "s" | "" => Span::SECOND,
        "m" => Span::MINUTE,
        "h" => Span::HOUR,
        "d" => Span::DAY,
        other => panic!("`{other}` is not a unit of time"),
    };
    Span(number(digits) as i64 * unit.0)
}

#[test]
fn the_table_is_read_as_it_is_written() {
    let table = wanted();
    assert_eq!(table.len(), 50);
    let causes = |name: &str| {
        &table
            .iter()
            .find(|w| w.stream == name)
            .expect("a stream")
            .causes
    };
    let minutes = |n: i64| Span(n * Span::MINUTE.0);
    assert_eq!(
        causes("customer.message.sent")[0].delay,
        Delay::After(Span(0), minutes(30))
    );
    assert_eq!(
        causes("booking.expired")[0].delay,
        Delay::After(Span::DAY, Span::DAY)
    );
    assert_eq!(
        causes("session.started")[0].delay,
        Delay::AfterStart(Span(0), minutes(5))
    );
    assert_eq!(
        causes("session.noshow.tutor")[0].delay,
        Delay::AfterStart(minutes(15), minutes(15))
    );
    assert_eq!(
        causes("session.media.quality")[0].delay,
        Delay::Every(minutes(5))
    );
    let seconds = |n: i64| Span(n * Span::SECOND.0);
    assert_eq!(
        causes("support.chat.message")[0].delay,
        Delay::Apart(seconds(10), seconds(90))
    );
    assert_eq!(causes("support.ticket.created").len(), 5);
    assert_eq!(causes("marketing.referral.sent")[0].per_cause, 0.012);
}
