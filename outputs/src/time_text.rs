//! Times as text: RFC 3339 in UTC with microseconds.

use jiff::Timestamp;

const MICROS_PER_SECOND: i64 = 1_000_000;

/// Writes times, and keeps the text of the last second because rows stand in the order of time.
#[derive(Default)]
pub(crate) struct TimeText {
    second: Option<i64>,
    text: String,
}

impl TimeText {
    /// Appends `time_us` to `out`, or returns false when its year has more than four digits.
    pub fn append(&mut self, time_us: i64, out: &mut Vec<u8>) -> bool {
        let second = time_us.div_euclid(MICROS_PER_SECOND);
        if self.second != Some(second) {
            let Ok(timestamp) = Timestamp::from_second(second) else {
                return false;
            };
            self.text = timestamp.to_string();
            self.text.truncate(self.text.len() - 1);
            self.second = Some(second);
        }
        out.extend_from_slice(self.text.as_bytes());
        let mut micros = time_us.rem_euclid(MICROS_PER_SECOND);
        let mut digits = *b".000000Z";
        for digit in digits[1..7].iter_mut().rev() {
            *digit = b'0' + (micros % 10) as u8;
            micros /= 10;
        }
        out.extend_from_slice(&digits);
        true
    }
}

/// A time in microseconds since the Unix epoch for people: as [`rfc3339`] has it, or else the number.
pub fn shown(time_us: i64) -> String {
    rfc3339(time_us).unwrap_or_else(|| format!("{time_us} µs"))
}

/// A time in microseconds since the Unix epoch as RFC 3339 text, such as
/// `2026-02-02T00:00:00.000000Z`; `None` outside of the years -9999 to 9999.
pub fn rfc3339(time_us: i64) -> Option<String> {
    let mut out = Vec::new();
    let fits = TimeText::default().append(time_us, &mut out);
    String::from_utf8(out).ok().filter(|_| fits)
}
