//! Buffers that are used again: of columns and of ordered rows, which each thread has for itself, and pages of rows, which
//! all threads share. What they held does not show, they are handed out empty.

use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};

/// Words in a buffer that is kept as a column, and how many of them are kept: more would add up.
const LONGEST_COLUMN: usize = 8192;
const MOST_COLUMNS: usize = 128;

/// How many buffers of rows a thread keeps: ordering takes two.
const MOST_ROWS: usize = 2;

/// Words of a page of rows.
pub const PAGE: usize = 1024;

thread_local! {
    static COLUMNS: RefCell<Vec<Vec<u64>>> = const { RefCell::new(Vec::new()) };
    static ROWS: RefCell<Vec<Vec<u64>>> = const { RefCell::new(Vec::new()) };
}

/// Pages are taken by the thread that plays a cell and given back by the one that completes its rows; each would end
/// up with the pages of all.
static PAGES: Mutex<Vec<Vec<u64>>> = Mutex::new(Vec::new());

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
    rows.clear();
    ROWS.with_borrow_mut(|kept| {
        if kept.len() < MOST_ROWS {
            kept.push(rows);
        }
    });
}

/// An empty page.
pub fn page() -> Vec<u64> {
    let page = PAGES.lock().unwrap_or_else(PoisonError::into_inner).pop();
    page.unwrap_or_else(|| Vec::with_capacity(PAGE))
}

/// Takes back what [`page`] gave.
pub fn give_pages(pages: impl Iterator<Item = Vec<u64>>) {
    let emptied = pages.map(|mut page| {
        page.clear();
        page
    });
    let mut kept = PAGES.lock().unwrap_or_else(PoisonError::into_inner);
    kept.extend(emptied);
}

/// Lets go of the pages that nobody uses: a run keeps those of its fullest window, a program need not.
pub fn drop_pages() {
    let mut kept = PAGES.lock().unwrap_or_else(PoisonError::into_inner);
    *kept = Vec::new();
}
