//! Stations, case by case. Times are whole microseconds; customers are letters.

use crate::clock::Clock;
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::kernel::processes::Agenda;
use causeflow_engine::kernel::resource::Timetable;
use causeflow_engine::kernel::resource::station::{
    Discipline, Event, Job, Notice, Preemption, Station, Ticket, Visit,
};

type Desk = Station<char>;

fn job(item: char, service_us: i64) -> Job<char> {
    Job::taking(item, Span(service_us))
}

fn ask(desk: &mut Desk, clock: &mut Clock<Event>, job: Job<char>) -> Ticket {
    desk.request(job, clock).expect("joins")
}

/// Plays up to a time, and gives what was told.
fn play(desk: &mut Desk, clock: &mut Clock<Event>, until: i64) -> Vec<(i64, Notice<char>)> {
    let mut told = Vec::new();
    while let Some(event) = clock.next(Time(until)) {
        let notice = desk.handle(event, clock);
        told.extend(notice.map(|notice| (clock.now().0, notice)));
    }
    told
}

/// Who left, and when.
fn left(told: &[(i64, Notice<char>)]) -> Vec<(i64, char)> {
    let visits = told.iter().filter_map(|(time, notice)| match notice {
        Notice::Finished(visit) => Some((*time, visit.item)),
        _ => None,
    });
    visits.collect()
}

fn visit(told: &[(i64, Notice<char>)], item: char) -> Visit<char> {
    let mut visits = told.iter().filter_map(|(_, notice)| match notice {
        Notice::Finished(visit) | Notice::Reneged(visit) if visit.item == item => Some(*visit),
        _ => None,
    });
    visits.next().expect("has left")
}

fn three_ask(discipline: Discipline) -> Vec<(i64, char)> {
    let (mut desk, mut clock) = (Station::new(1).discipline(discipline), Clock::new());
    for (item, priority) in [('a', 0), ('b', 5), ('c', 5), ('d', 1)] {
        ask(&mut desk, &mut clock, job(item, 10).priority(priority));
    }
    left(&play(&mut desk, &mut clock, 100))
}

#[test]
fn the_discipline_says_who_is_next() {
    let fifo = three_ask(Discipline::Fifo);
    assert_eq!(fifo, [(10, 'a'), (20, 'b'), (30, 'c'), (40, 'd')]);
    let lifo = three_ask(Discipline::Lifo);
    assert_eq!(lifo, [(10, 'a'), (20, 'd'), (30, 'c'), (40, 'b')]);
    let priority = three_ask(Discipline::Priority);
    assert_eq!(priority, [(10, 'a'), (20, 'd'), (30, 'b'), (40, 'c')]);
}

#[test]
fn the_lowest_free_server_serves() {
    let (mut desk, mut clock) = (Station::new(2), Clock::new());
    for (item, service_us) in [('a', 30), ('b', 10), ('c', 15), ('d', 1)] {
        ask(&mut desk, &mut clock, job(item, service_us));
    }
    let told = play(&mut desk, &mut clock, 100);
    let servers: Vec<_> = told
        .iter()
        .map(|(time, notice)| match notice {
            Notice::Finished(visit) => (*time, visit.item, visit.server),
            _ => panic!("all are finished"),
        })
        .collect();
    let expected = [
        (10, 'b', Some(1)),
        (25, 'c', Some(1)),
        (26, 'd', Some(1)),
        (30, 'a', Some(0)),
    ];
    assert_eq!(servers, expected);
}

#[test]
fn who_loses_patience_leaves_the_queue_and_nobody_in_service_does() {
    let (mut desk, mut clock) = (Station::new(1), Clock::new());
    ask(&mut desk, &mut clock, job('a', 20).patience(Span(5)));
    ask(&mut desk, &mut clock, job('b', 20).patience(Span(12)));
    ask(&mut desk, &mut clock, job('c', 20).patience(Span(25)));
    let told = play(&mut desk, &mut clock, 100);
    assert_eq!(left(&told), [(20, 'a'), (40, 'c')]);
    let b = visit(&told, 'b');
    assert_eq!((b.waited, b.started, b.left), (Span(12), None, Time(12)));
    assert_eq!(
        clock.pending(),
        0,
        "the patience of the served is cancelled"
    );
    let monitors = desk.monitors();
    assert_eq!((monitors.reneged, monitors.finished), (1, 2));
    assert_eq!(monitors.queue.integral(clock.now()), 12 + 20);
}

#[test]
fn a_full_waiting_room_turns_away() {
    let (mut desk, mut clock) = (Station::new(1).waiting_room(1), Clock::new());
    ask(&mut desk, &mut clock, job('a', 10));
    ask(&mut desk, &mut clock, job('b', 10));
    assert_eq!(desk.request(job('c', 10), &mut clock), Err('c'));
    let never = desk.request_unless(job('d', 10), |desk| desk.waiting() > 0, &mut clock);
    assert_eq!(never, Err('d'));
    assert_eq!(desk.monitors().balked, 2);
}

#[test]
fn more_urgent_work_breaks_off_less_urgent_work() {
    for (preemption, end_of_a, lost_us) in
        [(Preemption::Resume, 15, 0), (Preemption::Restart, 19, 4)]
    {
        let (mut desk, mut clock) = (Station::new(1).preempting(preemption), Clock::new());
        let a = ask(&mut desk, &mut clock, job('a', 10).priority(2));
        assert!(play(&mut desk, &mut clock, 4).is_empty());
        ask(&mut desk, &mut clock, job('b', 5).priority(1));
        ask(&mut desk, &mut clock, job('c', 1).priority(2));
        assert_eq!(desk.position(a), Some(0), "it keeps its place");
        assert_eq!(desk.completion(a), None);
        let told = play(&mut desk, &mut clock, 100);
        assert_eq!(
            left(&told),
            [(9, 'b'), (end_of_a, 'a'), (end_of_a + 1, 'c')]
        );
        let a = visit(&told, 'a');
        assert_eq!((a.waited, a.preemptions), (Span(5), 1));
        assert_eq!(a.served, Span(10 + lost_us));
        assert_eq!(desk.monitors().lost_us, i128::from(lost_us));
    }
}

#[test]
fn shifts_change_the_capacity_and_work_is_finished_first() {
    let shifts = [(Span(0), 2), (Span(10), 1), (Span(30), 2)];
    let shifts = Timetable::new(Time(0), Span(1000), &shifts).expect("a timetable");
    let (mut desk, mut clock) = (Station::with_timetable(shifts), Clock::new());
    for item in ['a', 'b', 'c', 'd', 'e'] {
        ask(&mut desk, &mut clock, job(item, 15));
    }
    play(&mut desk, &mut clock, 12);
    assert_eq!(
        (desk.capacity(), desk.busy()),
        (1, 2),
        "nobody is sent away"
    );
    let told = play(&mut desk, &mut clock, 100);
    // c alone from 15 on; d at 30 with the second server; e at 30 when c leaves.
    assert_eq!(
        left(&told),
        [(15, 'a'), (15, 'b'), (30, 'c'), (45, 'd'), (45, 'e')].map(|(time, item)| (time, item))
    );
}

#[test]
fn a_breakdown_interrupts_work() {
    let mut desk = Station::new(1)
        .interrupting(Preemption::Resume)
        .announcing();
    let mut clock = Clock::new();
    let a = ask(&mut desk, &mut clock, job('a', 10));
    play(&mut desk, &mut clock, 4);
    desk.set_capacity(0, &mut clock);
    assert_eq!(desk.rest(a, clock.now()), Some(Span(6)));
    let told = play(&mut desk, &mut clock, 20);
    let broken = Notice::Preempted {
        ticket: a,
        rest: Some(Span(6)),
    };
    assert_eq!(told, [(4, broken)]);
    desk.set_capacity(1, &mut clock);
    let told = play(&mut desk, &mut clock, 100);
    let again = Notice::Started {
        ticket: a,
        server: 0,
        waited: Span(16),
    };
    assert_eq!(told[0], (20, again));
    assert_eq!(left(&told), [(26, 'a')]);
}

#[test]
fn a_held_server_serves_the_next_when_it_is_released() {
    let (mut desk, mut clock) = (Station::new(1).announcing(), Clock::new());
    let a = ask(&mut desk, &mut clock, Job::held('a'));
    let b = ask(&mut desk, &mut clock, Job::held('b'));
    let c = ask(&mut desk, &mut clock, job('c', 3));
    assert_eq!(play(&mut desk, &mut clock, 7).len(), 1);
    assert_eq!(desk.release(b, &mut clock), None, "it is not in service");
    assert_eq!(
        desk.withdraw(b, &mut clock).map(|visit| visit.waited),
        Some(Span(7))
    );
    assert_eq!(
        desk.release(a, &mut clock).map(|visit| visit.served),
        Some(Span(7))
    );
    assert_eq!(desk.release(a, &mut clock), None, "it has left");
    assert_eq!(desk.server(c), Some(0));
    assert_eq!(desk.completion(c), Some(Time(10)));
    assert_eq!(left(&play(&mut desk, &mut clock, 100)), [(10, 'c')]);
    assert!(desk.is_empty());
}

#[test]
fn an_event_that_comes_twice_does_nothing() {
    let (mut desk, mut clock) = (Station::new(1), Clock::new());
    ask(&mut desk, &mut clock, job('a', 3));
    let event = clock.next(Time(5)).expect("the end of the service");
    assert!(desk.handle(event, &mut clock).is_some());
    ask(&mut desk, &mut clock, job('b', 3));
    assert_eq!(desk.handle(event, &mut clock), None);
    assert_eq!(desk.busy(), 1);
}
