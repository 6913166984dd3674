//! From when on events matter to what is written: earlier ones are dropped before anything is drawn for them.

use crate::base::time::Time;
use crate::streams::program::{Expr, KindId, Look, Program, StreamId};

/// For each stream, the time from which its events matter: they are written, they change state
/// (directly or through what they cause), or what they cause can reach into the range.
pub fn needed_from(program: &Program, wanted: &[bool], (begin, start): (Time, Time)) -> Vec<Time> {
    let never = Time(i64::MAX);
    let mut from: Vec<Time> = program
        .streams
        .iter()
        .zip(wanted)
        .map(|(stream, &wanted)| {
            match (
                // Who stands at a desk is in the way of others.
                stream.writes_state() || stream.service.is_some(),
                wanted,
            ) {
                (true, _) => begin,
                (false, true) => start,
                (false, false) => never,
            }
        })
        .collect();
    // A cause matters as early as its effects can follow. What has not settled after as many rounds as there are
    // streams follows from a ring, lap before lap since the beginning.
    for round in 0.. {
        let mut settled = true;
        let endless = round > program.streams.len();
        for (s, stream) in StreamId::each(&program.streams) {
            for effect in stream.all_effects() {
                let child = from[effect.stream];
                if child == never {
                    continue;
                }
                let earliest = match effect.longest {
                    Some(longest) if !endless => (child - longest).max(begin),
                    _ => begin,
                };
                if earliest < from[s] {
                    from[s] = earliest;
                    settled = false;
                }
            }
        }
        if settled {
            break;
        }
    }
    from
}

/// For each kind, the time from which anybody looks at how much of its diaries is reserved; `needed_from` tells from when
/// on a stream's events matter.
pub fn watched_from(program: &Program, needed_from: &[Time], looks: &[Option<Look>]) -> Vec<Time> {
    let looked_at_from = |kind: KindId| {
        let asks = |e: &Expr| matches!(e, Expr::Utilisation(at) if *at == kind);
        let streams = program.streams.iter().zip(needed_from).zip(looks);
        let times = streams.filter_map(|((stream, from), look)| {
            let asked = from.0 < i64::MAX && stream.any(asks);
            asked.then_some(look.as_ref()?.before(&program.zone, *from) - program.tick)
        });
        times.min().unwrap_or(Time(i64::MAX))
    };
    program.kind_ids().map(looked_at_from).collect()
}
