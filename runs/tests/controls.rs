//! What whoever asks for a run hears, and how it is cancelled.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::play::Progress;
use causeflow_runs::{Control, Counterfactual, Kind, Left, Part, Phase, Remark, RunSpec, Watch};

use crate::support::{job, small, temp};

/// Notes all that it hears, and has enough after being asked so often.
struct Notes {
    asked: AtomicU32,
    most: u32,
    phases: Mutex<Vec<Part>>,
    times: Mutex<Vec<Time>>,
    remarks: Mutex<Vec<String>>,
}

impl Notes {
    fn patient(most: u32) -> Notes {
        Notes {
            asked: AtomicU32::new(0),
            most,
            phases: Mutex::default(),
            times: Mutex::default(),
            remarks: Mutex::default(),
        }
    }
}

struct Noting<'a>(&'a Notes);

impl Watch for Noting<'_> {
    fn note(&mut self, progress: Progress) {
        self.0.times.lock().expect("whole").push(progress.time);
    }
}

impl Control for Notes {
    fn cancelled(&self) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed) >= self.most
    }

    fn begin(&self, phase: &Phase) -> Box<dyn Watch + '_> {
        self.phases.lock().expect("whole").push(phase.part);
        self.times.lock().expect("whole").clear();
        Box::new(Noting(self))
    }

    fn tell(&self, remark: Remark<'_>) {
        self.remarks
            .lock()
            .expect("whole")
            .push(format!("{remark:?}"));
    }
}

#[test]
fn phases_come_in_their_order_and_end_at_the_end() {
    let folder = temp();
    let spec = RunSpec {
        scenarios: vec!["payment-outage@day1T10:00".to_owned()],
        counterfactual: Some(Counterfactual::Together),
        ..small()
    };
    let job = job(spec, folder.path());
    let notes = Notes::patient(u32::MAX);
    job.write(false, &notes).expect("it plays");
    assert_eq!(
        *notes.phases.lock().expect("whole"),
        [Part::Factual, Part::Twin]
    );
    let times = notes.times.lock().expect("whole");
    assert!(times.is_sorted() && times.last() == Some(&job.run.settings.end));
}

#[test]
fn what_is_cancelled_leaves_nothing_and_cannot_be_gone_on_with() {
    let folder = temp();
    let job = job(small(), folder.path());
    let error = job
        .write(false, &Notes::patient(3))
        .err()
        .expect("cancelled");
    assert_eq!((error.kind(), error.resumable()), (Kind::Interrupted, None));
    assert_eq!(folder.path().read_dir().expect("a folder").count(), 0);
}

#[test]
fn cancelling_one_run_leaves_another_in_the_same_process_alone() {
    let (folder, other) = (temp(), temp());
    let (first, second) = (job(small(), folder.path()), job(small(), other.path()));
    thread::scope(|scope| {
        let cancelled = scope.spawn(|| first.write(false, &Notes::patient(2)).is_err());
        second.write(false, &()).expect("nobody cancels it");
        assert!(cancelled.join().expect("a thread"));
    });
    assert!(second.out.join("manifest.json").is_file() && !first.out.exists());
}

#[test]
fn several_estimates_at_once_are_in_nobodys_way() {
    let folder = temp();
    let job = job(small(), folder.path());
    let estimate = || serde_json::to_string(&job.estimate(&()).expect("nobody is in its way"));
    let alone = estimate().expect("a text");
    thread::scope(|scope| {
        let all = [(); 4].map(|()| scope.spawn(estimate));
        for one in all {
            assert_eq!(one.join().expect("a thread").expect("a text"), alone);
        }
    });
}

#[test]
fn a_run_with_snapshots_says_where_to_go_on_and_what_was_asked_for() {
    let folder = temp();
    let spec = RunSpec {
        snapshot_every: Some(Span(6 * Span::HOUR.0)),
        ..small()
    };
    let job = job(spec.clone(), folder.path());
    let whole = job.play(&()).expect("it plays");
    // Later each time: after the first snapshots there is something to go on from.
    let error = (4..).step_by(2).find_map(|most| {
        let error = job.write(true, &Notes::patient(most)).err()?;
        error.resumable().is_some().then_some(error)
    });
    let error = error.expect("it keeps snapshots");
    assert_eq!(error.resumable(), Some(&*job.out));
    let left = Left::open(&job.out).expect("it was left").checked();
    let left = left.expect("its place is free");
    assert_eq!(left.spec().snapshot_every, spec.snapshot_every);
    assert_eq!(left.spec().compression, Some(job.options.compression()));
    let (result, written) = job.go_on(left, &()).expect("it goes on");
    assert!(written.resumed_from.is_some());
    assert_eq!(result.fingerprint, whole.fingerprint);
}

#[test]
fn times_that_clocks_never_show_are_told() {
    let folder = temp();
    let model = folder.path().join("shop");
    std::fs::create_dir(&model).expect("room");
    for file in causeflow_models::template() {
        let name = causeflow_runs::file_name(&file.path);
        let zone = "  window: 1h\n  time_zone: Africa/Cairo\n";
        let text = file.text.replacen("  window: 1h\n", zone, 1);
        std::fs::write(model.join(name), text).expect("room");
    }
    let spec = RunSpec {
        start: "2026-04-24".to_owned(),
        days: 1.0,
        ..RunSpec::of(model.display().to_string())
    };
    let notes = Notes::patient(u32::MAX);
    let run = causeflow_runs::Run::of(&spec, &notes);
    run.expect("it can be played");
    let remarks = notes.remarks.lock().expect("whole");
    assert!(
        remarks
            .iter()
            .any(|told| told.contains("clocks are put forward")),
        "{remarks:?}"
    );
}
