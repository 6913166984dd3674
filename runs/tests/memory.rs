//! What a session holds in memory: counted by an allocator, so that neither the clock nor the machine has a say.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use causeflow_engine::base::time::Span;
use causeflow_runs::live::{Header, Live};
use causeflow_runs::{Run, RunSpec, Session};

/// The system's allocator, which counts the bytes that are held.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;
static HELD: AtomicUsize = AtomicUsize::new(0);

#[allow(
    unsafe_code,
    reason = "an allocator is unsafe by its trait; each call goes to the system's one unchanged"
)]
// SAFETY: the contract is the system allocator's own, to which every call is passed on as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(memory, layout) }
    }
}

fn spec(days: i64) -> RunSpec {
    RunSpec {
        days: days as f64,
        scale: 0.01,
        ..RunSpec::of("tutoring")
    }
}

/// How many bytes are held by now.
fn held() -> i64 {
    HELD.load(Ordering::Relaxed) as i64
}

/// What a plain run of so many days holds as it ends, with a snapshot of it.
fn plain(days: i64) -> i64 {
    let before = held();
    let run = Run::of(&spec(days), &()).expect("a run");
    let mut session = Session::begin(&run, &());
    session.step(session.end(), None).expect("it plays");
    let _snapshot = session.snapshot();
    held() - before
}

/// What a session holds after so many days with everything given out, as fast as possible or not: the least of its last two days, in
/// which snapshots may be on their way to the disk.
fn live(days: i64, hurry: bool) -> i64 {
    let folder = tempfile::tempdir().expect("room");
    let header = Header::of(spec(1));
    let before = held();
    let mut least = i64::MAX;
    let mut live = Live::open(folder.path(), header, &[], &()).expect("a session");
    live.hurry(hurry);
    let end = live.start() + Span(days * Span::DAY.0);
    while live.given_out() < end {
        let window = live.windows().first().cloned();
        let window = window.unwrap_or_else(|| live.next(&()).expect("the next window"));
        // What is usual is known of each day.
        live.past().scores(window.from - Span::HOUR);
        live.give_out(window.to).expect("a disk");
        drop(window);
        if end - live.given_out() <= Span(2 * Span::DAY.0) {
            least = least.min(held() - before);
        }
    }
    least
}

#[test]
fn a_session_grows_as_its_world_does_and_no_more() {
    // What threads keep for themselves is there from now on.
    plain(2);
    for hurry in [true, false] {
        let [early, late] = [28, 84].map(|days| (live(days, hurry), plain(days)));
        let beside = |(live, plain): (i64, i64)| live - plain;
        let more = beside(late) - beside(early);
        assert!(more < late.1 / 10, "{hurry} {early:?} {late:?}");
    }
}
