//! Rows of all cells in total order.

use super::layout::{KEY, Layout, TIME};
use crate::base::scratch;
use std::ops::Range;

/// Rows of one stream that lie in several pieces of memory, whole rows in each. They stay where they are: what is put
/// in order are their spots, numbers that say where a row lies.
pub struct Scattered<'a> {
    pieces: &'a [&'a [u64]],
    layout: Layout,
    /// Bits of a row's number within its piece, which are the lowest of a spot.
    row_bits: u32,
    /// Bits of a spot: above those of the row are those of the piece.
    spot_bits: u32,
}

/// Most bits of spots that are sorted together with the times, so that 32 bits are enough to count rows.
const MOST_SPOT_BITS: u32 = 31;

/// A number with so many of the lowest bits set.
fn mask(bits: u32) -> u64 {
    (1 << bits) - 1
}

/// Bits that the numbers below `count` need.
fn bits_below(count: usize) -> u32 {
    usize::BITS - count.saturating_sub(1).leading_zeros()
}

impl<'a> Scattered<'a> {
    /// The rows of these pieces.
    pub fn new(pieces: &'a [&'a [u64]], layout: Layout) -> Scattered<'a> {
        let longest = pieces.iter().map(|piece| piece.len()).max().unwrap_or(0);
        let row_bits = bits_below(longest / layout.stride);
        Scattered {
            pieces,
            layout,
            row_bits,
            spot_bits: row_bits + bits_below(pieces.len()),
        }
    }

    /// The row at a spot. What lies above the bits of the spot does not matter.
    #[inline(always)]
    pub fn row(&self, spot: u64) -> &'a [u64] {
        let spot = spot & mask(self.spot_bits);
        let (piece, row) = (spot >> self.row_bits, spot & mask(self.row_bits));
        let stride = self.layout.stride;
        &self.pieces[piece as usize][row as usize * stride..][..stride]
    }

    fn time(&self, spot: u64) -> i64 {
        self.row(spot)[TIME] as i64
    }

    /// The spots of the rows whose times are in a range, in total order (time, generation, key), with anything above their
    /// bits, and the number of ties. The buffer is one of [`scratch::rows`].
    pub fn total_order(&self, times: &Range<i64>) -> (Vec<u64>, u64) {
        let stride = self.layout.stride;
        let mut words = scratch::rows();
        words.reserve_exact(self.pieces.iter().map(|piece| piece.len() / stride).sum());
        let span = times.end.abs_diff(times.start);
        // The time since the range begins and the row's spot in one word, if they fit.
        let fits = self.spot_bits < MOST_SPOT_BITS.min(span.leading_zeros());
        for (number, piece) in (0..).zip(self.pieces) {
            for (spot, row) in (number << self.row_bits..).zip(piece.chunks_exact(stride)) {
                let time = row[TIME] as i64;
                if times.contains(&time) {
                    let since = if fits { time.abs_diff(times.start) } else { 0 };
                    words.push(since << self.spot_bits | spot);
                }
            }
        }
        if !fits {
            words.sort_by_key(|&spot| self.time(spot));
            let ties = self.settle_ties(&mut words, |a, b| self.time(a) == self.time(b));
            return (words, ties);
        }
        let mut order = scratch::rows();
        sort(&words, span, self.spot_bits, &mut order);
        scratch::give_rows(words);
        let ties = self.settle_ties(&mut order, |a, b| (a ^ b) >> self.spot_bits == 0);
        (order, ties)
    }

    /// Orders rows of the same time by generation and key; returns how many still tie.
    fn settle_ties(&self, order: &mut [u64], same_time: impl Fn(u64, u64) -> bool) -> u64 {
        let rest = |spot: u64| {
            let row = self.row(spot);
            (self.layout.generation(row), row[KEY])
        };
        let mut ties = 0;
        let mut from = 0;
        while let Some(at) = (order[from..].windows(2)).position(|pair| same_time(pair[0], pair[1]))
        {
            from += at;
            let time = order[from];
            let rows = order[from..].iter();
            let to = from + rows.take_while(|&&spot| same_time(spot, time)).count();
            let run = &mut order[from..to];
            run.sort_by_key(|&spot| rest(spot));
            let same = |pair: &&[u64]| rest(pair[0]) == rest(pair[1]);
            ties += run.windows(2).filter(same).count() as u64;
            from = to;
        }
        ties
    }
}

/// Sorts words, whose bits from `low_bits` on are at most `span`. They are put into as many buckets as there are words,
/// or half as many, by the upper bits: times hardly ever crowd, so that little is left to be sorted in a bucket.
fn sort(words: &[u64], span: u64, low_bits: u32, sorted: &mut Vec<u64>) {
    let span_bits = u64::BITS - span.leading_zeros();
    let shift = low_bits + span_bits.saturating_sub(words.len().max(1).ilog2());
    let mut ends = vec![0u32; (span << low_bits >> shift) as usize + 2];
    // One place further on, each bucket's beginning, which moves on to its end as it is filled.
    for &word in words {
        ends[(word >> shift) as usize + 1] += 1;
    }
    let mut sum = 0;
    for end in &mut ends {
        sum += *end;
        *end = sum;
    }
    sorted.resize(words.len(), 0);
    for &word in words {
        let next = &mut ends[(word >> shift) as usize];
        sorted[*next as usize] = word;
        *next += 1;
    }
    let mut from = 0;
    for &to in &ends {
        sorted[from..to as usize].sort_unstable();
        from = to as usize;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Rows of a stream that something causes, and that has one word more: here the row's number.
    const LAYOUT: Layout = Layout {
        caused: true,
        stride: 7,
    };

    fn row() -> impl Strategy<Value = [u64; 3]> {
        // Few times and keys, so that there are ties of each kind; some times far from each other.
        let time = prop_oneof![
            8 => -5..20i64,
            4 => 0..1_000_000i64,
            1 => Just(i64::MIN),
            1 => Just(i64::MAX / 3),
        ];
        (time, 0..3u64, 0..4u64).prop_map(|(time, generation, key)| [time as u64, generation, key])
    }

    /// The rows in a range of time, in total order, and the number of ties.
    fn ordered(pieces: &[&[u64]], times: Range<i64>) -> (Vec<Vec<u64>>, usize) {
        let rows = Scattered::new(pieces, LAYOUT);
        let (spots, ties) = rows.total_order(&times);
        let found = spots.iter().map(|&spot| rows.row(spot).to_vec());
        (found.collect(), ties as usize)
    }

    proptest! {
        /// However finely rows are cut by their times, they come in total order, each once.
        #[test]
        fn spots_are_in_total_order(
            cells in prop::collection::vec(prop::collection::vec(row(), 0..40), 0..6),
            per_piece in 1..50usize,
            near in any::<bool>(),
            cuts in prop::collection::btree_set(-5..25i64, 0..4),
        ) {
            let mut all: Vec<Vec<u64>> = Vec::new();
            let cells: Vec<Vec<u64>> = cells.iter().map(|rows| {
                let mut words = Vec::new();
                for &[time, generation, key] in rows {
                    let time = if near { (time as i64).clamp(-5, 1 << 30) as u64 } else { time };
                    let row = [time, key, 0, 0, 0, generation << 32, all.len() as u64];
                    words.extend(row);
                    all.push(row.to_vec());
                }
                words
            }).collect();
            let order = |row: &Vec<u64>| (row[TIME] as i64, LAYOUT.generation(row), row[KEY]);
            // Rows that tie stay in the sequence in which they came.
            all.sort_by_key(order);
            let expected = all.windows(2).filter(|pair| order(&pair[0]) == order(&pair[1])).count();
            let pieces = cells.iter().flat_map(|words| words.chunks(per_piece * LAYOUT.stride));
            let pieces: Vec<&[u64]> = pieces.collect();
            let (mut found, mut ties) = (Vec::new(), 0);
            let mut start = if near { -5 } else { i64::MIN };
            let end = if near { (1 << 30) + 1 } else { i64::MAX };
            for end in cuts.into_iter().chain([end]) {
                let (rows, more) = ordered(&pieces, start..end);
                found.extend(rows);
                ties += more;
                start = end;
            }
            prop_assert_eq!(found, all);
            prop_assert_eq!(ties, expected);
        }
    }
}
