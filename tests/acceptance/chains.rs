//! What follows from what, how often and when.

use crate::runs::full_size;

/// A share may be this many standard errors off, or this share of itself.
const STANDARD_ERRORS: f64 = 3.5;
const SHARE: f64 = 0.02;

/// What all runs show of one cause of one stream.
#[derive(Default)]
struct Pooled {
    parents: u64,
    children: u64,
    misplaced: u64,
}

fn pooled(link: usize) -> Pooled {
    let mut pooled = Pooled::default();
    for played in full_size() {
        let link = &played.tally.links[link];
        pooled.parents += link.parents;
        pooled.children += link.children;
        pooled.misplaced += link.misplaced;
    }
    pooled
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn every_cause_has_its_effects_as_often_as_it_should() {
    let tally = &full_size()[0].tally;
    let mut wrong = Vec::new();
    for (l, link) in tally.links.iter().enumerate() {
        let Pooled {
            parents, children, ..
        } = pooled(l);
        let (share, want) = (children as f64 / parents as f64, link.wanted.per_cause);
        // A probability below 1 is one of a binomial; counts above vary about as a Poisson's do.
        let variance = if want < 1.0 {
            want * (1.0 - want)
        } else {
            want
        };
        let allowed = (STANDARD_ERRORS * (variance / parents as f64).sqrt()).max(SHARE * want);
        let line = format!(
            "{} from {}: wanted {want}, got {share:.5} of {parents}, {:+.2} %",
            tally.name(link.child),
            link.wanted.on,
            100.0 * (share / want - 1.0)
        );
        println!("{line}");
        let far = (share - want).abs() > allowed;
        // Nothing but certainty is certain.
        if parents == 0 || far || (want == 1.0 && share != 1.0) {
            wrong.push(line);
        }
    }
    assert!(
        wrong.is_empty(),
        "too often or too seldom:\n{}",
        wrong.join("\n")
    );
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn every_effect_comes_within_its_time() {
    let tally = &full_size()[0].tally;
    for (l, link) in tally.links.iter().enumerate() {
        let (shortest, longest) =
            full_size()
                .iter()
                .fold((i64::MAX, i64::MIN), |(low, high), played| {
                    let link = &played.tally.links[l];
                    (low.min(link.shortest), high.max(link.longest))
                });
        let Pooled {
            children,
            misplaced,
            ..
        } = pooled(l);
        let program = &full_size()[0].program;
        let waits = program.streams[link.child].service.is_some();
        // How long somebody waits for an agent has no bound: one in a thousand may take longer.
        let allowed = if waits { children / 1000 } else { 0 };
        assert!(
            misplaced <= allowed,
            "{misplaced} of {children} {} from {} are misplaced: it takes {:.4} to {:.4} h, but {:?} is wanted",
            tally.name(link.child),
            link.wanted.on,
            shortest as f64 / 3.6e9,
            longest as f64 / 3.6e9,
            link.wanted.delay
        );
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn no_event_is_an_orphan() {
    for played in full_size() {
        for (s, &orphans) in played.tally.orphans.iter().enumerate() {
            assert_eq!(
                orphans,
                0,
                "events of {} without their cause",
                played.tally.name(s)
            );
        }
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn every_request_is_answered_once_and_every_booking_is_paid_once_and_has_one_fate() {
    for played in full_size() {
        // All but those of the last day, and of the last week or so: their outcome is still open.
        for (stream, least) in [
            ("booking.requested", 950_000),
            ("booking.confirmed", 550_000),
        ] {
            let (settled, inexact) = played.tally.outcomes(stream);
            assert!(settled > least, "{stream}: only {settled} could be checked");
            assert_eq!(inexact, 0, "of {settled} {stream}");
        }
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn a_session_is_measured_twelve_times_on_average() {
    // The length of a session decides: every five minutes as long as it lasts.
    let tally = &full_size()[0].tally;
    let quality = tally.stream("session.media.quality");
    let link = tally
        .links
        .iter()
        .position(|link| link.child == quality)
        .expect("it has a cause");
    let Pooled {
        parents, children, ..
    } = pooled(link);
    let mean = children as f64 / parents as f64;
    assert!((mean / 12.0 - 1.0).abs() < 0.003, "{mean}");
}
