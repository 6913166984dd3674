//! Memory that runs out ends the command with a message and exit code 3, instead of an abort.
//!
//! This holds where the system says no, as under `ulimit -v`. Where it promises more than it has
//! (Linux by default), it kills the process instead. What the run had written stays behind as
//! unfinished, and the next run to the same place clears it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write;

/// The system's allocator, which does not return when there is no more memory.
struct Memory;

#[global_allocator]
static MEMORY: Memory = Memory;

/// Does not allocate. Other threads may come here too; the first ends the process.
#[cold]
fn run_out() -> ! {
    const MESSAGE: &[u8] =
        b"error: out of memory\n  help: choose a smaller --scale, or fewer --threads\n";
    let _ = std::io::stderr().write_all(MESSAGE);
    std::process::exit(3)
}

#[inline(always)]
fn checked(memory: *mut u8) -> *mut u8 {
    if memory.is_null() { run_out() } else { memory }
}

#[allow(
    unsafe_code,
    reason = "an allocator is unsafe by its trait; each call goes to the system's one unchanged"
)]
// SAFETY: the contract is the system allocator's own, to which every call is passed on as it came.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        checked(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        checked(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        checked(unsafe { System.realloc(memory, layout, size) })
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        unsafe { System.dealloc(memory, layout) }
    }
}
