//! Writes texts that are put together: for a block of rows, or for one entity. Both write words in the same way.

use std::io::Write;

use super::block::{Block, eval_block};
use super::scalar::{Frame, word};
use crate::base::draw::{Key, Purpose, mix, scale_bits};
use crate::base::scratch;
use crate::base::strings::Strings;
use crate::base::table::{Column, Validity, Values};
use crate::base::time::{Span, Time};
use crate::streams::program::{
    Drawn, Format, Pattern, PatternPart, Piece, Places, Template, TimeFormat, TimePart, date_of,
    is_no_time,
};
use crate::streams::world::World;

/// The texts of a block of rows.
pub fn write_block(template: &Template, block: &Block<'_>) -> Column {
    let words = |piece: &Piece| {
        let mut column = Vec::new();
        if let Piece::Value(e, _) = piece {
            column = scratch::column();
            eval_block(e, block, &mut column);
        }
        column
    };
    let columns: Vec<Vec<u64>> = template.pieces.iter().map(words).collect();
    let rows = block.rows();
    let column = write(template, block.world, rows, |row, piece| {
        columns[piece][row]
    });
    columns.into_iter().for_each(scratch::give_column);
    column
}

/// The texts of some entities, each with its frame.
pub fn write_frames<'a>(
    template: &Template,
    world: &World,
    entities: usize,
    with: impl Fn(usize, &mut dyn FnMut(&Frame<'_>)) + 'a,
) -> Column {
    let values = template.pieces.len();
    let mut words = vec![0; entities * values];
    for (entity, words) in words.chunks_exact_mut(values.max(1)).enumerate() {
        with(entity, &mut |frame| {
            for (at, piece) in words.iter_mut().zip(&template.pieces) {
                if let Piece::Value(e, _) = piece {
                    *at = word(e, frame);
                }
            }
        });
    }
    write(template, world, entities, |row, piece| {
        words[row * values + piece]
    })
}

fn write(
    template: &Template,
    world: &World,
    rows: usize,
    value: impl Fn(usize, usize) -> u64,
) -> Column {
    let mut text = Vec::with_capacity(rows * 8 * (template.pieces.len() + 1));
    let mut offsets = Vec::with_capacity(rows + 1);
    offsets.push(0);
    let mut missing = Vec::new();
    for row in 0..rows {
        let begin = text.len();
        let mut is_there = true;
        for (at, piece) in template.pieces.iter().enumerate() {
            match piece {
                Piece::Literal(literal) => text.extend_from_slice(literal.as_bytes()),
                Piece::Value(_, format) => {
                    is_there &= format.write(value(row, at), world, &mut text);
                }
            }
        }
        if !is_there {
            text.truncate(begin);
            missing.resize(row, true);
            missing.push(false);
        }
        offsets.push(text.len() as i32);
    }
    let validity = match missing.is_empty() {
        true => Validity::All,
        false => {
            missing.resize(rows, true);
            Validity::Mask(missing)
        }
    };
    // Whole pieces of UTF-8 are UTF-8.
    let text = String::from_utf8(text).unwrap_or_default();
    let values = Values::String(Strings::from_parts(text, offsets).unwrap_or_default());
    Column { values, validity }
}

impl Format {
    /// Writes a word; whether it has a value.
    #[inline]
    fn write(&self, word: u64, world: &World, out: &mut Vec<u8>) -> bool {
        match self {
            Format::Number(width) => put_number(f64::from_bits(word), *width, out),
            Format::Fixed(decimals, width) => {
                put_fixed(f64::from_bits(word), *decimals, *width, out);
            }
            Format::Exact(scale, width) => put_exact(word as i64, *scale, *width, out),
            Format::Bool => out.extend_from_slice(match f64::from_bits(word) != 0.0 {
                true => b"true",
                false => b"false",
            }),
            Format::Text => {
                let text = &world.program.dictionary[usize::from(word as u16)];
                out.extend_from_slice(text.as_bytes());
            }
            Format::Id => put_digits(word, 1, out),
            Format::Somebody => {}
            Format::Time(format) => {
                let us = f64::from_bits(word);
                if is_no_time(us) {
                    return false;
                }
                put_time(format, Time(us as i64), world, out);
            }
            Format::Drawn(drawn) => drawn.write(Key(word), out),
            Format::Numbered(numbered) => {
                let (pattern, purpose) = &**numbered;
                pattern.number(f64::from_bits(word) as i64, (world.seed, *purpose), out);
            }
        }
        !matches!(self, Format::Id | Format::Somebody | Format::Drawn(_)) || word != 0
    }
}

/// The digits of all numbers below a hundred.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < pairs.len() {
        pairs[number] = [b'0' + number as u8 / 10, b'0' + number as u8 % 10];
        number += 1;
    }
    pairs
};

/// Writes a number with at least so many digits.
#[inline]
fn put_digits(mut number: u64, width: u8, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    while number > 9 {
        at -= 2;
        digits[at..at + 2].copy_from_slice(&PAIRS[(number % 100) as usize]);
        number /= 100;
    }
    if number > 0 {
        at -= 1;
        digits[at] = b'0' + number as u8;
    }
    let width = usize::from(width);
    (digits.len()..width).for_each(|_| out.push(b'0'));
    let first = at.min(digits.len() - width.min(digits.len()));
    out.extend_from_slice(&digits[first..]);
}

/// Floats up to here have no fraction that a whole number lacks.
const WHOLE: f64 = (1u64 << 53) as f64;

fn put_number(x: f64, width: u8, out: &mut Vec<u8>) {
    let width = width.max(1);
    if x == x.trunc() && x.abs() < WHOLE {
        if x < 0.0 {
            out.push(b'-');
        }
        let sign = u8::from(x < 0.0);
        put_digits(x.abs() as u64, width.saturating_sub(sign).max(1), out);
    } else {
        let width = usize::from(width);
        // Writing to a vector cannot fail.
        let _ = write!(out, "{x:0width$}");
    }
}

fn put_fixed(x: f64, decimals: u8, width: u8, out: &mut Vec<u8>) {
    if decimals == 0 && x == x.trunc() && x.abs() < WHOLE {
        return put_number(x, width, out);
    }
    let (decimals, width) = (usize::from(decimals), usize::from(width));
    let begin = out.len();
    let _ = write!(out, "{x:0width$.decimals$}");
    // What is rounded to 0 has no sign.
    if x <= 0.0 && !out[begin..].iter().any(|byte| matches!(byte, b'1'..=b'9')) {
        out.truncate(begin);
        let _ = write!(out, "{:0width$.decimals$}", 0.0);
    }
}

fn put_exact(units: i64, scale: u8, width: u8, out: &mut Vec<u8>) {
    let power = 10u64.pow(scale.min(18).into());
    let negative = units < 0;
    if negative {
        out.push(b'-');
    }
    let (whole, rest) = (units.unsigned_abs() / power, units.unsigned_abs() % power);
    let behind = if scale > 0 { scale + 1 } else { 0 };
    let taken = behind + u8::from(negative);
    put_digits(whole, width.saturating_sub(taken).max(1), out);
    if scale > 0 {
        out.push(b'.');
        put_digits(rest, scale, out);
    }
}

fn put_time(format: &TimeFormat, time: Time, world: &World, out: &mut Vec<u8>) {
    let zone = &world.program.zone;
    let time = time.clamp(Time::EARLIEST, Time::LATEST);
    let reading = zone.reading(time);
    let day = reading.index_of(Span::DAY);
    let date = date_of(day);
    let of_day = (reading.0 - day * Span::DAY.0) as u64;
    let second = of_day / 1_000_000;
    for part in &format.parts {
        let (number, width) = match part {
            TimePart::Literal(c) => {
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            TimePart::Offset => {
                put_offset(reading - time, out);
                continue;
            }
            TimePart::Year => (date.year().unsigned_abs().into(), 4),
            TimePart::ShortYear => (u64::from(date.year().unsigned_abs()) % 100, 2),
            TimePart::Month => (date.month().unsigned_abs().into(), 2),
            TimePart::Day => (date.day().unsigned_abs().into(), 2),
            TimePart::DayOfYear => (date.day_of_year().unsigned_abs().into(), 3),
            TimePart::Weekday => ((day + 3).rem_euclid(7) as u64 + 1, 1),
            TimePart::Hour => (second / 3600, 2),
            TimePart::Minute => (second / 60 % 60, 2),
            TimePart::Second => (second % 60, 2),
            TimePart::Microsecond => (of_day % 1_000_000, 6),
        };
        put_digits(number, width, out);
    }
}

/// How far clocks are ahead of UTC.
fn put_offset(ahead: Span, out: &mut Vec<u8>) {
    let minutes = ahead.0.unsigned_abs() / Span::MINUTE.0 as u64;
    out.push(if ahead.0 < 0 { b'-' } else { b'+' });
    put_digits(minutes / 60, 2, out);
    out.push(b':');
    put_digits(minutes % 60, 2, out);
}

impl Drawn {
    /// Writes what is drawn by a key.
    fn write(&self, key: Key, out: &mut Vec<u8>) {
        let pattern = match &self.patterns[..] {
            [(_, pattern)] => pattern,
            patterns => {
                let u = key.uniform(self.purpose);
                let drawn = patterns.iter().find(|(share, _)| u < *share);
                match drawn.or(patterns.last()) {
                    Some((_, pattern)) => pattern,
                    None => return,
                }
            }
        };
        for (part, at) in pattern.parts.iter().zip(0..) {
            match part {
                PatternPart::Literal(text) => out.extend_from_slice(text.as_bytes()),
                PatternPart::Places(places) => {
                    let bits = key.bits(self.purpose.part(at));
                    places.write(scale_bits(bits, places.room), out);
                }
            }
        }
    }
}

impl Places {
    fn write(self, mut number: u64, out: &mut Vec<u8>) {
        let mut places = [0; 16];
        let count = usize::from(self.count).min(places.len());
        let first = if self.radix == 10 { b'0' } else { b'A' };
        for place in places[..count].iter_mut().rev() {
            *place = first + (number % self.radix) as u8;
            number /= self.radix;
        }
        out.extend_from_slice(&places[..count]);
    }
}

impl Pattern {
    /// Writes the one of its texts that a number has. One beyond its room has that of a smaller one.
    fn number(&self, number: i64, seed: (u64, Purpose), out: &mut Vec<u8>) {
        // A larger one is refused where models are read.
        let room = u64::try_from(self.room()).unwrap_or(u64::MAX >> 2);
        let place = (i128::from(number) - 1).rem_euclid(room.into()) as u64;
        let mut left = permuted(place, room, seed);
        let mut numbers = [0; Pattern::MOST];
        for (part, number) in self.parts.iter().zip(&mut numbers).rev() {
            if let PatternPart::Places(places) = part {
                (*number, left) = (left % places.room, left / places.room);
            }
        }
        for (part, number) in self.parts.iter().zip(numbers) {
            match part {
                PatternPart::Literal(text) => out.extend_from_slice(text.as_bytes()),
                PatternPart::Places(places) => places.write(number, out),
            }
        }
    }
}

/// A number below `room` for another one: each for exactly one, in an order without pattern. A Feistel network permutes the numbers of
/// as many bits as it takes; those that lie beyond are permuted again, until one is reached that does not (Black and Rogaway, 2002).
fn permuted(number: u64, room: u64, (seed, purpose): (u64, Purpose)) -> u64 {
    const ROUNDS: u64 = 6;
    let half = (u64::BITS - (room - 1).leading_zeros()).div_ceil(2).max(1);
    let mask = (1 << half) - 1;
    let key = Key::new(seed, purpose);
    let mut number = number;
    loop {
        let (mut left, mut right) = (number >> half, number & mask);
        for round in 0..ROUNDS {
            let mixed = mix(right ^ purpose.part(round).0 ^ mix(key.0)) & mask;
            (left, right) = (right, left ^ mixed);
        }
        number = left << half | right;
        if number < room {
            return number;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::draw::purpose;
    use proptest::prelude::*;

    fn put(f: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = b"x".to_vec();
        f(&mut out);
        String::from_utf8(out.split_off(1)).expect("UTF-8")
    }

    proptest! {
        #[test]
        fn numbers_are_written_as_the_standard_library_does(x in any::<f64>(), whole in any::<i32>(), width in 0..30u8, decimals in 0..12u8) {
            prop_assume!(x.is_finite());
            let wide = usize::from(width);
            for x in [x, f64::from(whole), f64::from(whole) / 8.0] {
                prop_assert_eq!(put(|out| put_number(x, width, out)), format!("{:0wide$}", x + 0.0));
                let fixed = put(|out| put_fixed(x, decimals, width, out));
                let expected = format!("{x:0wide$.*}", usize::from(decimals));
                let is_zero = !expected.contains(|c| matches!(c, '1'..='9'));
                prop_assert!(fixed == expected || is_zero && !fixed.contains('-'), "{} {}", fixed, expected);
            }
        }

        #[test]
        fn exact_numbers_have_all_their_decimals(units in any::<i64>(), scale in 0..=18u8, width in 0..30u8) {
            let digits = crate::base::exact::Digits::with_scale(scale);
            let plain = put(|out| put_exact(units, scale, 0, out));
            prop_assert_eq!(&plain, &digits.show(units).to_string());
            let wide = put(|out| put_exact(units, scale, width, out));
            let zeros = wide.len() - plain.len();
            prop_assert_eq!(wide.len(), plain.len().max(width.into()));
            prop_assert_eq!(wide.replacen(&"0".repeat(zeros), "", usize::from(zeros > 0)), plain);
        }

        #[test]
        fn different_numbers_have_different_digits(room in 1..3000u64, seed in any::<u64>()) {
            let mut seen = vec![false; room as usize];
            for number in 0..room {
                let place = permuted(number, room, (seed, purpose("p"))) as usize;
                prop_assert!(!std::mem::replace(&mut seen[place], true));
            }
        }

        #[test]
        fn patterns_are_followed(text in r"[#?a-c\\-]{0,40}", key in 1..u64::MAX >> 1, number in any::<i32>()) {
            let Ok(pattern) = text.parse::<Pattern>() else { return Ok(()) };
            let drawn = Drawn { patterns: vec![(1.0, pattern.clone())], purpose: purpose("p") };
            let mut texts = vec![put(|out| drawn.write(Key(key), out))];
            if pattern.room() <= 1 << 62 {
                texts.push(put(|out| pattern.number(number.into(), (key, purpose("p")), out)));
            }
            for found in texts {
                let mut found = found.chars();
                let mut wanted = text.chars();
                while let Some(c) = wanted.next() {
                    let is = found.next();
                    let fits = match c {
                        '#' => is.is_some_and(|c| c.is_ascii_digit()),
                        '?' => is.is_some_and(|c| c.is_ascii_uppercase()),
                        '\\' => is == wanted.next(),
                        c => is == Some(c),
                    };
                    prop_assert!(fits, "{:?} for {}", is, text);
                }
                prop_assert_eq!(found.next(), None);
            }
        }
    }

    #[test]
    fn numbers_look_random_and_fill_their_pattern() {
        let pattern: Pattern = "###".parse().expect("a pattern");
        let number = |number| put(|out| pattern.number(number, (42, purpose("p")), out));
        let mut all: Vec<String> = (1..=1000).map(number).collect();
        let rising = all.windows(2).filter(|pair| pair[0] < pair[1]).count();
        assert!((400..600).contains(&rising), "{rising}");
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 1000);
        assert_eq!(number(1001), number(1));
    }

    #[test]
    fn digits_are_drawn_alike() {
        let drawn = Drawn {
            patterns: vec![
                (0.25, "1#".parse().expect("a")),
                (1.0, "2?".parse().expect("b")),
            ],
            purpose: purpose("p"),
        };
        let keys = (0..20_000).map(|i| Key::new(i, purpose("k")));
        let texts: Vec<String> = keys.map(|key| put(|out| drawn.write(key, out))).collect();
        let count = |test: &dyn Fn(&str) -> bool| texts.iter().filter(|text| test(text)).count();
        assert!((4700..5300).contains(&count(&|text| text.starts_with('1'))));
        for digit in '0'..='9' {
            let found = count(&|text| text == format!("1{digit}"));
            assert!((400..600).contains(&found), "{digit}: {found}");
        }
        for letter in 'A'..='Z' {
            let found = count(&|text| text == format!("2{letter}"));
            assert!((480..680).contains(&found), "{letter}: {found}");
        }
    }
}
