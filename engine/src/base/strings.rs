//! Columns of real strings: all of them in one text, one after the other, as column formats have them.

use std::ops::Range;

/// Strings in a row of memory. There may be as many different ones as there are rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strings {
    text: String,
    /// Where each begins, and where the last one ends.
    offsets: Vec<i32>,
}

impl Default for Strings {
    fn default() -> Strings {
        Strings {
            text: String::new(),
            offsets: vec![0],
        }
    }
}

impl Strings {
    /// Most bytes of one string. As many as column formats take at once (65,536) then have room in 31 bits.
    pub const MOST_BYTES: usize = 32_000;

    /// None, with room for so many, of so many bytes altogether.
    pub fn with_room(rows: usize, bytes: usize) -> Strings {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Strings {
            text: String::with_capacity(bytes),
            offsets,
        }
    }

    /// From all of them as one text, and where each begins and the last one ends; none if that is not so.
    pub fn from_parts(text: String, offsets: Vec<i32>) -> Option<Strings> {
        let is_border = |&at: &i32| usize::try_from(at).is_ok_and(|at| text.is_char_boundary(at));
        let ends = offsets.first() == Some(&0)
            && offsets.last().map(|&last| last as usize) == Some(text.len());
        (ends && offsets.is_sorted() && offsets.iter().all(is_border))
            .then_some(Strings { text, offsets })
    }

    /// All of them as one text, and where each begins and the last one ends.
    pub fn into_parts(self) -> (String, Vec<i32>) {
        (self.text, self.offsets)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes all of them have.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// How many bytes some of them have.
    pub fn bytes_of(&self, rows: Range<usize>) -> usize {
        (self.offsets[rows.end] - self.offsets[rows.start]) as usize
    }

    /// One of them.
    #[inline]
    pub fn get(&self, row: usize) -> &str {
        &self.text[self.offsets[row] as usize..self.offsets[row + 1] as usize]
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        self.offsets
            .windows(2)
            .map(|ends| &self.text[ends[0] as usize..ends[1] as usize])
    }

    /// Adds one.
    pub fn push(&mut self, string: &str) {
        self.text.push_str(string);
        self.end();
    }

    #[inline]
    fn end(&mut self) {
        self.offsets.push(self.text.len() as i32);
    }

    /// Adds some of others.
    pub fn extend(&mut self, other: &Strings, range: Range<usize>) {
        let (first, last) = (other.offsets[range.start], other.offsets[range.end]);
        let moved = self.text.len() as i32 - first;
        self.text
            .push_str(&other.text[first as usize..last as usize]);
        let ends = &other.offsets[range.start + 1..=range.end];
        self.offsets.extend(ends.iter().map(|end| end + moved));
    }

    /// Makes them so many, with empty ones at the end.
    pub fn resize(&mut self, rows: usize) {
        self.offsets.truncate(rows + 1);
        self.text
            .truncate(self.offsets[self.offsets.len() - 1] as usize);
        self.offsets.resize(rows + 1, self.text.len() as i32);
    }

    /// Empties those without a value.
    pub fn blank(&mut self, mask: &[bool]) {
        let is_blank = |(string, there): (&str, &bool)| *there || string.is_empty();
        if self.iter().zip(mask).all(is_blank) {
            return;
        }
        let mut kept = Strings::with_room(self.len(), self.bytes());
        for (string, &there) in self.iter().zip(mask) {
            kept.push(if there { string } else { "" });
        }
        *self = kept;
    }

    /// Makes room for so many more rows.
    pub fn reserve(&mut self, rows: usize) {
        self.offsets.reserve_exact(rows);
    }

    /// Gives back what is too much.
    pub fn shrink_to_fit(&mut self) {
        self.text.shrink_to_fit();
        self.offsets.shrink_to_fit();
    }
}

impl<'a> FromIterator<&'a str> for Strings {
    fn from_iter<I: IntoIterator<Item = &'a str>>(strings: I) -> Strings {
        let mut all = Strings::default();
        strings.into_iter().for_each(|string| all.push(string));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn they_are_those_that_were_put_there(
            a in prop::collection::vec("\\PC{0,5}", 0..20),
            b in prop::collection::vec("\\PC{0,5}", 0..20),
            mask in any::<u32>(),
            rows in 0..50usize,
        ) {
            let [one, other] = [&a, &b].map(|list| list.iter().map(String::as_str).collect::<Strings>());
            let mut both = one.clone();
            let (from, to) = (b.len() / 3, b.len() - b.len() / 4);
            both.extend(&other, from..to);
            let expected: Vec<&str> = a.iter().chain(&b[from..to]).map(String::as_str).collect();
            prop_assert_eq!(both.iter().collect::<Vec<_>>(), expected.clone());
            prop_assert!((0..both.len()).all(|row| both.get(row) == expected[row]));
            let (text, offsets) = both.clone().into_parts();
            prop_assert_eq!(Strings::from_parts(text, offsets), Some(both.clone()));
            let there: Vec<bool> = (0..both.len()).map(|row| mask >> (row % 32) & 1 == 1).collect();
            let mut blanked = both.clone();
            blanked.blank(&there);
            let shown = |row: usize| if there[row] { expected[row] } else { "" };
            prop_assert!((0..both.len()).all(|row| blanked.get(row) == shown(row)));
            both.resize(rows);
            let kept = expected.into_iter().chain(std::iter::repeat("")).take(rows);
            prop_assert!(both.iter().eq(kept));
        }
    }

    #[test]
    fn what_is_no_row_of_strings_is_refused() {
        for offsets in [
            vec![],
            vec![0],
            vec![0, 1, 3],
            vec![0, 3, 2, 3],
            vec![1, 3],
            vec![0, -1, 3],
        ] {
            assert_eq!(
                Strings::from_parts("aä".into(), offsets.clone()).is_some(),
                offsets == [0, 1, 3]
            );
        }
        assert!(Strings::from_parts("aä".into(), vec![0, 2, 3]).is_none());
    }
}
