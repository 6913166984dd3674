//! Buffers that are used again: of columns, which are needed and dropped all the time, and of rows,
//! which are so large that the system would have to find new pages for each.
//!
//! Each thread has its own. What they held does not show, they are handed out empty.

use std::cell::RefCell;

/// Words in a buffer that is kept as a column, and how many of them are kept: more would add up.
const LONGEST_COLUMN: usize = 8192;
const MOST_COLUMNS: usize = 128;

/// Buffers of rows that are kept: a few streams have many rows.
const MOST_ROWS: usize = 4;

thread_local! {
    static COLUMNS: RefCell<Vec<Vec<u64>>> = const { RefCell::new(Vec::new()) };
    static ROWS: RefCell<Vec<Vec<u64>>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer for a column of a block.
pub fn column() -> Vec<u64> {
    COLUMNS.with_borrow_mut(Vec::pop).unwrap_or_default()
}

/// A copy of a column.
pub fn copy(column: &[u64]) -> Vec<u64> {
    let mut copy = self::column();
    copy.extend_from_slice(column);
    copy
}

/// Takes back what [`column`] gave.
pub fn give_column(mut column: Vec<u64>) {
    if (1..=LONGEST_COLUMN).contains(&column.capacity()) {
        column.clear();
        COLUMNS.with_borrow_mut(|columns| {
            if columns.len() < MOST_COLUMNS {
                columns.push(column);
            }
        });
    }
}

/// An empty buffer for the rows of a stream.
pub fn rows() -> Vec<u64> {
    ROWS.with_borrow_mut(Vec::pop).unwrap_or_default()
}

/// Takes back what [`rows`] gave.
pub fn give_rows(mut rows: Vec<u64>) {
    if rows.capacity() > 0 {
        rows.clear();
        ROWS.with_borrow_mut(|kept| {
            if kept.len() < MOST_ROWS {
                kept.push(rows);
            }
        });
    }
}
