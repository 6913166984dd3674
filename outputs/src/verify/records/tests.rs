//! Records are read as they were written, whatever fits.

use super::*;
use proptest::prelude::*;

/// Numbers that fit and numbers that do not.
fn number() -> impl Strategy<Value = u16> {
    prop_oneof![0..20u16, any::<u16>()]
}

fn time() -> impl Strategy<Value = i64> {
    prop_oneof![1_000_000..3_000_000i64, any::<i64>()]
}

/// Two ids that are often the same one.
fn ids() -> impl Strategy<Value = (u64, u64)> {
    let same = any::<u64>().prop_map(|id| (id, id));
    prop_oneof![same, any::<(u64, u64)>()]
}

fn link() -> impl Strategy<Value = Link> {
    let cause = (ids(), time(), number(), number(), number());
    let cause = cause.prop_map(|((cause, root), time, cell, effect, ordinal)| {
        Link::Cause(Child {
            cause,
            time,
            root,
            cell,
            effect,
            ordinal,
        })
    });
    let other = (ids(), any::<u64>(), number(), 0..3u8);
    let other = other.prop_map(|((about, id), last, number, form)| match form {
        0 => Link::Reference {
            maker: about,
            id,
            root: last,
            reference: number,
        },
        1 => Link::Root {
            cause: about,
            id,
            root: last,
            stream: number,
        },
        _ => Link::Order {
            cause: about,
            id,
            time: last as i64,
            stream: number,
        },
    });
    prop_oneof![cause, other]
}

fn packing() -> impl Strategy<Value = Packing> {
    let end = prop_oneof![Just(3_000_000), Just(i64::MAX), Just(0)];
    (end, number(), 0..70_000usize)
        .prop_map(|(end, cell, numbers)| Packing::new(&(1_000_000..end), cell, numbers))
}

/// The records that were written one behind the other.
fn written(records: &[Record]) -> Vec<u64> {
    let words = records
        .iter()
        .flat_map(|record| &record.words[..record.length]);
    words.copied().collect()
}

proptest! {
    #[test]
    fn links_are_read_as_they_were_written(
        packing in packing(),
        links in prop::collection::vec(link(), 0..20),
    ) {
        let records: Vec<Record> = links.iter().map(|&link| packing.link(link)).collect();
        let words = written(&records);
        let read: Vec<Link> = Records(&words).map(|record| packing.link_of(record)).collect();
        prop_assert_eq!(read, links);
    }

    #[test]
    fn events_are_read_as_they_were_written(
        packing in packing(),
        events in prop::collection::vec((ids(), time(), number(), number()), 0..20),
    ) {
        let events = events.into_iter();
        let events = events.map(|((id, root), time, cell, stream)| Event { id, time, root, cell, stream });
        let events: Vec<Event> = events.collect();
        let records: Vec<Record> = events.iter().map(|&event| packing.event(event)).collect();
        let words = written(&records);
        let read: Vec<Event> = Records(&words).map(|record| packing.event_of(record)).collect();
        prop_assert_eq!(read, events);
    }

    #[test]
    fn late_ones_are_read_as_they_were_written(
        (root, id) in ids(),
        missing in any::<u64>(),
        stream in any::<u16>(),
        reference in any::<Option<u16>>(),
    ) {
        let late = Late { root, id, missing, stream, reference };
        let words = written(&[late.record()]);
        let read: Vec<Late> = Records(&words).map(Late::of).collect();
        prop_assert_eq!(read, vec![late]);
    }
}

#[test]
fn in_a_month_an_event_takes_two_words_and_a_cause_three_at_most() {
    let month = 30 * 86_400 * 1_000_000;
    let packing = Packing::new(&(0..month), 64, 80);
    let (time, cell) = (month - 1, 64);
    let event = |root| Event {
        id: 1,
        time,
        root,
        cell,
        stream: 79,
    };
    assert_eq!(packing.event(event(1)).length, 2);
    assert_eq!(packing.event(event(2)).length, 3);
    let child = Child {
        cause: 1,
        time,
        root: 2,
        cell,
        effect: 79,
        ordinal: 15,
    };
    assert_eq!(packing.link(Link::Cause(child)).length, 3);
}
