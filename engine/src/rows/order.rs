//! Rows of all cells in total order.

use super::layout::{KEY, Layout, TIME};

/// Rows in a bucket, about: they fit into the first-level cache, and there is little to be sorted within one.
const BUCKET: usize = 1024;

/// Puts the rows of all cells together, in buckets of consecutive time. Returns where each bucket
/// ends, in rows.
pub fn gather(cells: &[&[u64]], stride: usize, heads: &mut Vec<u64>) -> Vec<usize> {
    let words = cells.iter().map(|rows| rows.len()).sum::<usize>();
    heads.reserve_exact(words);
    let times = || {
        cells
            .iter()
            .flat_map(|rows| rows.chunks_exact(stride))
            .map(|row| row[TIME] as i64)
    };
    let count = (words / stride / BUCKET).clamp(1, 4096);
    if count == 1 {
        cells.iter().for_each(|rows| heads.extend_from_slice(rows));
        return vec![words / stride];
    }
    let (first, last) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
    let width = (last - first) / count as i64 + 1;
    let bucket = |time: i64| ((time - first) / width) as usize;
    let mut ends = vec![0; count];
    times().for_each(|time| ends[bucket(time)] += 1);
    let mut next = Vec::with_capacity(count);
    let mut sum = 0;
    for end in &mut ends {
        next.push(sum);
        sum += *end;
        *end = sum;
    }
    heads.resize(words, 0);
    for row in cells.iter().flat_map(|rows| rows.chunks_exact(stride)) {
        let at = &mut next[bucket(row[TIME] as i64)];
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
