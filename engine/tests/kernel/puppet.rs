//! A process that does everything at random: what it does next follows from all that it has seen.

use causeflow_engine::base::draw::{Key, Purpose, mix};
use causeflow_engine::base::queue::Handle;
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::kernel::processes::{
    Builder, Context, Periodic, Priority, Process, ProcessId, Simulation,
};
use serde::{Deserialize, Serialize};

pub const LOOKAHEAD: Span = Span(10);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Puppet {
    /// Mixes all that was seen.
    seen: u64,
    handles: Vec<Handle>,
    periodic: Vec<Periodic>,
    /// Time, event and message of all that was played.
    pub trace: Vec<(Time, u64, u32)>,
}

/// So many events at most, for each process.
const ENOUGH: usize = 200;

impl Puppet {
    /// Does one thing that `bits` choose. Delays are short and few, so that there are many ties.
    fn act(&mut self, bits: u64, context: &mut Context<'_, u32>) {
        let delay = Span((bits >> 8 & 7) as i64);
        let priority = Priority((bits >> 16 & 3) as i32 - 1);
        let message = (bits >> 24) as u32;
        let other = ProcessId((bits >> 32) as u32 % context.processes());
        match bits & 15 {
            0..=3 => self.handles.push(context.schedule(delay, message)),
            4 => self
                .handles
                .push(context.schedule_with(delay, priority, message)),
            5..=7 => context.send(other, LOOKAHEAD + delay, message),
            8 => context.send_with(other, LOOKAHEAD, priority, message),
            9 if self.periodic.len() < 3 => {
                let period = delay + Span(5);
                self.periodic
                    .push(context.every_with(period, priority, message));
            }
            10 => {
                let ended = self
                    .periodic
                    .pop()
                    .map(|periodic| context.cancel_every(periodic));
                self.seen = mix(self.seen ^ u64::from(ended == Some(true)));
            }
            11 | 12 => {
                let taken = self
                    .pick(bits)
                    .map(|at| context.cancel(self.handles.swap_remove(at)));
                self.seen = mix(self.seen ^ u64::from(taken == Some(true)));
            }
            13 | 14 => {
                let at = self.pick(bits);
                let moved =
                    at.and_then(|at| context.reschedule(self.handles.swap_remove(at), delay));
                self.seen = mix(self.seen ^ u64::from(moved.is_some()));
                self.handles.extend(moved);
            }
            _ => {}
        }
    }

    fn pick(&self, bits: u64) -> Option<usize> {
        let count = self.handles.len();
        (count > 0).then(|| (bits >> 40) as usize % count)
    }
}

impl Process for Puppet {
    type Message = u32;

    fn start(&mut self, context: &mut Context<'_, u32>) {
        self.seen = context.process_key().0;
        for act in 0..4 {
            self.act(Key(self.seen).bits(Purpose(act)), context);
        }
    }

    fn handle(&mut self, message: u32, context: &mut Context<'_, u32>) {
        self.trace
            .push((context.now(), context.event().bits(), message));
        self.seen = mix(self.seen ^ u64::from(message) ^ mix(context.now().0 as u64));
        if self.trace.len() < ENOUGH {
            for act in 0..4 {
                let bits = context.event_key().0 ^ Key(self.seen).bits(Purpose(act));
                self.act(bits, context);
            }
        }
    }
}

pub fn settings(seed: u64) -> Builder {
    Simulation::<Puppet>::builder()
        .seed(seed)
        .lookahead(LOOKAHEAD)
}

pub fn puppets(count: usize) -> Vec<Puppet> {
    vec![Puppet::default(); count]
}
