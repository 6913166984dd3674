//! Small charts of block characters, for terminals only.

use std::io::{self, IsTerminal};

const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const LEFT_EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// Whether charts are wanted: the output goes to somebody who looks at it.
pub fn wanted() -> bool {
    io::stdout().is_terminal()
}

/// A column a number, from 0 up to the largest.
pub fn columns(numbers: &[f64]) -> String {
    let most = numbers.iter().copied().fold(0.0, f64::max);
    let column = |number: &f64| {
        let eighths = match most > 0.0 {
            true => (number.max(0.0) / most * 8.0).ceil() as usize,
            false => 0,
        };
        eighths.checked_sub(1).map_or(' ', |at| EIGHTHS[at.min(7)])
    };
    numbers.iter().map(column).collect()
}

/// A bar for a number, so many characters long for the largest that there is.
pub fn bar(number: f64, most: f64, width: usize) -> String {
    if most <= 0.0 || number <= 0.0 {
        return String::new();
    }
    let eighths = ((number / most).min(1.0) * (width * 8) as f64).ceil() as usize;
    let mut bar = "█".repeat(eighths / 8);
    bar.extend((eighths % 8).checked_sub(1).map(|at| LEFT_EIGHTHS[at]));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charts_grow_with_their_numbers() {
        assert_eq!(columns(&[0.0, 1.0, 4.0, 8.0]), " ▁▄█");
        assert_eq!(columns(&[0.0, 0.0]), "  ");
        assert_eq!(bar(8.0, 8.0, 3), "███");
        assert_eq!(bar(1.0, 8.0, 2), "▎");
        assert_eq!(bar(0.0, 8.0, 2), "");
        assert_eq!(bar(1.0, 0.0, 2), "");
    }
}
