//! Texts that are put together: what they are made of, and how each value in them is written.
//!
//! No event and no entity holds such a text. It is written from words when rows are made.

use std::str::FromStr;

use super::Expr;
use crate::base::draw::Purpose;

/// A text that is put together from pieces.
#[derive(Clone, Debug, Default)]
pub struct Template {
    /// One after the other.
    pub pieces: Vec<Piece>,
}

/// A piece of a text.
#[derive(Clone, Debug)]
pub enum Piece {
    /// It stands there as it is.
    Literal(String),
    /// A value, and how it is written.
    Value(Expr, Format),
}

/// How a value is written in a text.
#[derive(Clone, Debug)]
pub enum Format {
    /// A number with the fewest digits that tell it, at least so many with zeros before them.
    Number(u8),
    /// A number rounded to so many decimals; with zeros before it, so many characters at least.
    Fixed(u8, u8),
    /// An exact number with so many decimals; with zeros before it, so many characters at least.
    Exact(u8, u8),
    /// `true` or `false`.
    Bool,
    /// A text of the dictionary.
    Text,
    /// An identifier. That of nobody has no value, and neither has the text.
    Id,
    /// Nothing, but where this identifier is that of nobody the text has no value.
    Somebody,
    /// A time, as clocks and calendars of the model's time zone show it. Without a time the text has no value.
    Time(TimeFormat),
    /// Digits and letters that are drawn by the key that the value is; that of nobody gives the text no value.
    Drawn(Box<Drawn>),
    /// Digits and letters that a number has in an order that looks random: different numbers below the
    /// [room](Pattern::room) have different ones.
    Numbered(Box<(Pattern, Purpose)>),
}

/// Patterns, of which one is drawn by weight.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// Each with the share of it and all before it.
    pub patterns: Vec<(f64, Pattern)>,
    /// What the draws are for.
    pub purpose: Purpose,
}

impl Template {
    /// The values in it.
    pub fn values(&self) -> impl Iterator<Item = (&Expr, &Format)> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Value(e, format) => Some((e, format)),
            Piece::Literal(_) => None,
        })
    }

    /// Adds what stands there as it is.
    pub fn push_literal(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Literal(last)) => last.push_str(text),
            _ if text.is_empty() => {}
            _ => self.pieces.push(Piece::Literal(text.to_owned())),
        }
    }

    /// How many bytes it has at most, if those of the dictionary have at most so many.
    pub fn most_bytes(&self, of_dictionary: usize) -> usize {
        let most = |piece: &Piece| match piece {
            Piece::Literal(text) => text.len(),
            Piece::Value(_, format) => match format {
                // The largest float has 309 digits before its point, the smallest as many and 17 behind it.
                Format::Number(width) | Format::Fixed(width, _) => 400 + usize::from(*width),
                Format::Exact(_, width) => 40 + usize::from(*width),
                Format::Bool => 5,
                Format::Text => of_dictionary,
                Format::Id => 20,
                Format::Somebody => 0,
                Format::Time(format) => 32 * format.parts.len(),
                Format::Drawn(drawn) => {
                    let lengths = drawn.patterns.iter().map(|(_, pattern)| pattern.bytes());
                    lengths.max().unwrap_or(0)
                }
                Format::Numbered(numbered) => numbered.0.bytes(),
            },
        };
        self.pieces.iter().map(most).sum()
    }
}

/// How a time is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeFormat {
    /// One after the other.
    pub parts: Vec<TimePart>,
}

/// A part of a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimePart {
    /// It stands there as it is.
    Literal(char),
    /// `%Y`: the year, with four digits.
    Year,
    /// `%y`: the last two digits of the year.
    ShortYear,
    /// `%m`: the month, 01 to 12.
    Month,
    /// `%d`: the day of the month, 01 to 31.
    Day,
    /// `%j`: the day of the year, 001 to 366.
    DayOfYear,
    /// `%u`: the day of the week, 1 (Monday) to 7.
    Weekday,
    /// `%H`: the hour, 00 to 23.
    Hour,
    /// `%M`: the minute.
    Minute,
    /// `%S`: the second.
    Second,
    /// `%f`: the microseconds, with six digits.
    Microsecond,
    /// `%z`: how far clocks are ahead of UTC, such as +02:00.
    Offset,
}

impl TimePart {
    const NAMED: [(char, TimePart); 11] = [
        ('Y', TimePart::Year),
        ('y', TimePart::ShortYear),
        ('m', TimePart::Month),
        ('d', TimePart::Day),
        ('j', TimePart::DayOfYear),
        ('u', TimePart::Weekday),
        ('H', TimePart::Hour),
        ('M', TimePart::Minute),
        ('S', TimePart::Second),
        ('f', TimePart::Microsecond),
        ('z', TimePart::Offset),
    ];
}

impl TimeFormat {
    /// ISO 8601, such as 2026-02-02T10:00:00+01:00.
    pub const ISO: &str = "%Y-%m-%dT%H:%M:%S%z";
}

impl FromStr for TimeFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<TimeFormat, String> {
        let mut parts = Vec::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                parts.push(TimePart::Literal(c));
                continue;
            }
            let name = chars.next();
            let known = TimePart::NAMED.into_iter();
            let named = known.clone().find(|(known, _)| name == Some(*known));
            parts.push(match (name, named) {
                (_, Some((_, part))) => part,
                (Some('%'), None) => TimePart::Literal('%'),
                (name, None) => {
                    let found =
                        name.map_or_else(|| "a % at the end".to_owned(), |c| format!("%{c}"));
                    let known: Vec<String> = known.map(|(c, _)| format!("%{c}")).collect();
                    return Err(format!(
                        "found {found}, expected one of {} or %%",
                        known.join(" ")
                    ));
                }
            });
        }
        Ok(TimeFormat { parts })
    }
}

/// A pattern of digits and letters: `#` stands for a digit, `?` for a letter from A to Z, and a backslash before one of
/// these, or before another, for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    pub(crate) parts: Vec<PatternPart>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PatternPart {
    /// It stands there as it is.
    Literal(String),
    /// So many digits or letters.
    Places(Places),
}

/// Digits or letters of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// How many different ones one place has.
    pub radix: u64,
    pub count: u8,
    /// How many different ones there are of all these places.
    pub room: u64,
}

/// Most places that one draw fills.
const TOGETHER: u8 = 12;

impl Pattern {
    /// Most characters that may stand in a pattern.
    pub const MOST: usize = 256;

    /// How many different texts it stands for; as many as can be counted at most.
    pub fn room(&self) -> u128 {
        let rooms = self.parts.iter().map(|part| match part {
            PatternPart::Literal(_) => 1,
            PatternPart::Places(places) => u128::from(places.room),
        });
        rooms.fold(1, u128::saturating_mul)
    }

    fn bytes(&self) -> usize {
        let bytes = self.parts.iter().map(|part| match part {
            PatternPart::Literal(text) => text.len(),
            PatternPart::Places(places) => usize::from(places.count),
        });
        bytes.sum()
    }

    fn place(&mut self, radix: u64) {
        if let Some(PatternPart::Places(last)) = self.parts.last_mut()
            && last.radix == radix
            && last.count < TOGETHER
        {
            last.count += 1;
            last.room *= radix;
            return;
        }
        self.parts.push(PatternPart::Places(Places {
            radix,
            count: 1,
            room: radix,
        }));
    }

    fn literal(&mut self, c: char) {
        match self.parts.last_mut() {
            Some(PatternPart::Literal(text)) => text.push(c),
            _ => self.parts.push(PatternPart::Literal(c.into())),
        }
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Pattern, String> {
        if text.chars().count() > Pattern::MOST {
            return Err(format!(
                "a pattern has at most {} characters",
                Pattern::MOST
            ));
        }
        let mut pattern = Pattern { parts: Vec::new() };
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '#' => pattern.place(10),
                '?' => pattern.place(26),
                '\\' => match chars.next() {
                    Some(c) => pattern.literal(c),
                    None => return Err("nothing stands after the backslash".to_owned()),
                },
                c => pattern.literal(c),
            }
        }
        if pattern.room() == 1 {
            return Err(
                "no digit and no letter of it is drawn: write # for a digit, ? for a letter"
                    .to_owned(),
            );
        }
        Ok(pattern)
    }
}
