//! Rows of all cells in total order.

use super::layout::{KEY, Layout, TIME};
use std::ops::Range;

/// Rows in a bucket, about: they fit into the first-level cache, and there is little to be sorted within one.
const BUCKET: usize = 1024;

/// Puts those rows of all cells together whose times are in a range, in buckets of consecutive time. Returns where each
/// bucket ends, in rows.
pub fn gather(
    pieces: &[&[u64]],
    stride: usize,
    times: &Range<i64>,
    heads: &mut Vec<u64>,
) -> Vec<usize> {
    let rows = || {
        let rows = pieces.iter().flat_map(|rows| rows.chunks_exact(stride));
        rows.filter(|row| times.contains(&(row[TIME] as i64)))
    };
    let most = pieces.iter().map(|rows| rows.len()).sum::<usize>() / stride;
    let count = (most / BUCKET).clamp(1, 4096);
    if count == 1 {
        rows().for_each(|row| heads.extend_from_slice(row));
        return vec![heads.len() / stride];
    }
    let width = (times.end - times.start) / count as i64 + 1;
    let bucket = |row: &[u64]| ((row[TIME] as i64 - times.start) / width) as usize;
    let mut ends = vec![0; count];
    rows().for_each(|row| ends[bucket(row)] += 1);
    let mut next = Vec::with_capacity(count);
    let mut sum = 0;
    for end in &mut ends {
        next.push(sum);
        sum += *end;
        *end = sum;
    }
    heads.reserve_exact(sum * stride);
    heads.resize(sum * stride, 0);
    for row in rows() {
        let at = &mut next[bucket(row)];
        heads[*at * stride..][..stride].copy_from_slice(row);
        *at += 1;
    }
    ends
}

/// The rows' numbers in total order (time, generation, key), and the number of ties.
pub fn total_order(heads: &[u64], layout: Layout, buckets: &[usize]) -> (Vec<u32>, u64) {
    let mut order = Vec::with_capacity(heads.len() / layout.stride);
    let (mut from, mut ties) = (0, 0);
    for &to in buckets {
        ties += sort_bucket(heads, layout, from, to, &mut order);
        from = to;
    }
    (order, ties)
}

/// Appends the numbers of the rows `from..to` in total order; returns the number of ties.
fn sort_bucket(heads: &[u64], layout: Layout, from: usize, to: usize, order: &mut Vec<u32>) -> u64 {
    let time = |row: usize| heads[row * layout.stride + TIME] as i64;
    let first = (from..to).map(time).min().unwrap_or(0);
    let begin = order.len();
    // The time since the first row and the row's number in one word; 2^40 us are 12 days.
    const NUMBER_BITS: u32 = 24;
    let fits = to - from < 1 << NUMBER_BITS
        && (from..to).all(|row| (time(row) - first) >> (64 - NUMBER_BITS) == 0);
    if fits {
        let pack = |row: usize| ((time(row) - first) as u64) << NUMBER_BITS | (row - from) as u64;
        let mut packed: Vec<u64> = (from..to).map(pack).collect();
        packed.sort_unstable();
        order.extend(
            packed
                .into_iter()
                .map(|w| from as u32 + (w & ((1 << NUMBER_BITS) - 1)) as u32),
        );
    } else {
        order.extend(from as u32..to as u32);
        order[begin..].sort_by_key(|&row| time(row as usize));
    }
    settle_ties(heads, layout, &mut order[begin..])
}

/// Orders rows of the same time by generation and key; returns how many still tie.
fn settle_ties(heads: &[u64], layout: Layout, order: &mut [u32]) -> u64 {
    let row = |row: u32| &heads[row as usize * layout.stride..][..layout.stride];
    let time = |at: u32| row(at)[TIME];
    let rest = |at: u32| (layout.generation(row(at)), row(at)[KEY]);
    let mut ties = 0;
    for run in order
        .chunk_by_mut(|&a, &b| time(a) == time(b))
        .filter(|run| run.len() > 1)
    {
        run.sort_by_key(|&row| rest(row));
        ties += run
            .windows(2)
            .filter(|pair| rest(pair[0]) == rest(pair[1]))
            .count() as u64;
    }
    ties
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::layout::PLACE;
    use proptest::prelude::*;

    /// The rows in a range of time, in total order, and the number of ties.
    fn ordered(pieces: &[&[u64]], layout: Layout, times: Range<i64>) -> (Vec<Vec<u64>>, u64) {
        let mut heads = Vec::new();
        let buckets = gather(pieces, layout.stride, &times, &mut heads);
        let (order, ties) = total_order(&heads, layout, &buckets);
        let row = |&row: &u32| heads[row as usize * layout.stride..][..layout.stride].to_vec();
        (order.iter().map(row).collect(), ties)
    }

    proptest! {
        /// However finely rows are cut by their times, they come in the same order, each once.
        #[test]
        fn portions_of_rows_are_the_rows(
            seeds in prop::collection::vec((0..300i64, 0..40u64), 0..5000),
            per_piece in 1..400usize,
            cuts in prop::collection::btree_set(1..300i64, 0..6),
        ) {
            let layout = Layout { caused: false, stride: 3 };
            let mut words = Vec::new();
            for (time, key) in seeds {
                let mut row = [0; 3];
                (row[TIME], row[KEY], row[PLACE]) = (time as u64, key, key % 3);
                words.extend_from_slice(&row);
            }
            let pieces: Vec<&[u64]> = words.chunks(per_piece * layout.stride).collect();
            let (whole, whole_ties) = ordered(&pieces, layout, 0..300);
            prop_assert_eq!(whole.len() * layout.stride, words.len());
            let (mut parts, mut ties, mut start) = (Vec::new(), 0, 0);
            for end in cuts.into_iter().chain([300]) {
                let (rows, more) = ordered(&pieces, layout, start..end);
                parts.extend(rows);
                ties += more;
                start = end;
            }
            let order = |rows: &[Vec<u64>]| -> Vec<(u64, u64)> {
                rows.iter().map(|row| (row[TIME], row[KEY])).collect()
            };
            prop_assert_eq!(order(&parts), order(&whole));
            prop_assert_eq!(ties, whole_ties);
        }
    }
}
