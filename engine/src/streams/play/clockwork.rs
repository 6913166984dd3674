//! The processes of a run and what happens between their windows.
//!
//! Between two barriers all processes play in parallel and alone. At a barrier, messages are handed
//! over in total order and the business-wide view is taken. So the number of threads cannot show.
//!
//! For each window, in this order: the cells, the desks, the platform with its views of the whole business, the messages. Only
//! this file lets one process know of another.

use rayon::prelude::*;

use crate::base::time::{Span, Time};
use crate::streams::cell::{Forecast, LogicalProcess, Vantage, Within};
use crate::streams::event::Event;
use crate::streams::population::Population;
use crate::streams::program::{StreamId, ring_of};
use crate::streams::rates::Arrivals;
use crate::streams::rows::{Completion, EarlySums, Rows};
use crate::streams::view::{Observed, View};
use crate::streams::world::World;

use super::outcome::Growing;

/// So many words of rows, at least, go on their way together, unless there are fewer in the longest time.
const BATCH_WORDS: usize = 500_000;
/// That is no more than what the hours of a stream's rows are [counted at once](crate::streams::series::Series::add) in.
const MOST: Span = Span(7 * Span::DAY.0);

/// The processes and the barrier between their windows.
pub(crate) struct Clockwork {
    /// The cells, the platform, and the process of the desks if there are any.
    pub cells: Vec<LogicalProcess>,
    /// The sources of arrivals.
    pub arrivals: Vec<Arrivals>,
    /// The last barrier.
    pub now: Time,
    /// How the business stood at the last ticks.
    pub observed: Observed,
    /// How many ticks back the platform looks.
    memory: usize,
    /// The digests of each cell's rows, if nothing but digests is asked for; otherwise empty.
    pub ahead: Vec<EarlySums>,
}

impl Clockwork {
    /// As the warm-up begins.
    pub fn new(world: &World) -> Clockwork {
        let cells = LogicalProcess::all(world);
        let populations: Vec<&Population> = cells.iter().map(|cell| &cell.population).collect();
        let arrivals = Arrivals::of_population(world, &populations);
        let mut first = View::nothing(world.figures.count);
        for cell in &cells {
            first.add(&cell.view(world, world.begin));
        }
        let observed = Observed {
            first: world.begin,
            tick: world.program.tick,
            views: vec![first],
        };
        Clockwork::at(world, world.begin, (cells, arrivals), observed)
    }

    /// At a barrier.
    pub fn at(
        world: &World,
        now: Time,
        (cells, arrivals): (Vec<LogicalProcess>, Vec<Arrivals>),
        observed: Observed,
    ) -> Clockwork {
        // An event may see a period back from its own time, and the change since a period before that.
        let looking = world.periods.iter().zip(&world.looks);
        let looking = looking.filter_map(|(period, look)| look.map(|_| *period));
        let longest = looking.max().unwrap_or_default();
        Clockwork {
            cells,
            arrivals,
            now,
            observed,
            memory: (2 * longest.0 / world.program.tick.0 + 1) as usize,
            ahead: Vec::new(),
        }
    }

    /// Plays windows until there are enough rows, a week has passed, or `until` is reached.
    /// # Errors
    /// When a ring of causes grows without end.
    pub fn advance_batch(
        &mut self,
        completion: Completion<'_>,
        until: Time,
    ) -> Result<(), Growing> {
        let world = completion.world;
        let latest = until.min(self.now + MOST);
        while self.now < latest {
            self.advance(completion);
            self.check_growth(world)?;
            let words: usize = self
                .cells
                .iter()
                .flat_map(|cell| cell.rows.by_stream.iter().chain(&cell.rows.factual))
                .map(Rows::words)
                .sum();
            if words >= BATCH_WORDS {
                break;
            }
        }
        Ok(())
    }

    /// The first process on which a ring of causes grows without end names it.
    fn check_growth(&self, world: &World) -> Result<(), Growing> {
        let mut excess = self.cells.iter().filter_map(LogicalProcess::excess);
        excess.next().map_or(Ok(()), |excess| {
            let streams = &world.program.streams;
            let ring = ring_of(&world.program, excess.stream.index());
            Err(Growing {
                ring: ring.iter().map(|&s| streams[s].name.clone()).collect(),
                events: excess.events.unsigned_abs(),
                waiting: excess.waiting,
                before: self.now,
            })
        })
    }

    /// Plays one window: the cells in parallel and alone, then the desks, to which they send, then the platform, which
    /// sees them all.
    fn advance(&mut self, completion: Completion<'_>) {
        let world = completion.world;
        let (start, end) = (self.now, self.now + world.program.window);
        let nothing = Observed::default();
        let forecast = Forecast::new(world, &self.arrivals, start, end);
        let (cells, shared) = self.cells.split_at_mut(usize::from(world.program.cells));
        let (platform, desks) = shared
            .split_first_mut()
            .expect("the platform is always there");
        let play = |cell: &mut LogicalProcess| {
            cell.exchange_agenda();
            cell.advance(world, (&mut Within(&nothing), &forecast), start, end);
            cell.exchange_agenda();
        };
        if self.ahead.is_empty() {
            cells.par_iter_mut().with_max_len(1).for_each(play);
        } else {
            cells
                .par_iter_mut()
                .zip(&mut self.ahead)
                .with_max_len(1)
                .for_each(|(cell, ahead)| {
                    play(cell);
                    ahead.digest(completion, &cell.population, &mut cell.rows);
                });
        }
        if let Some(desks) = desks.first_mut() {
            serve(world, cells, (desks, forecast.arrivals), start, end);
        }
        let mut overview = Overview {
            others: cells.iter().chain(desks.iter()).collect(),
            observed: &mut self.observed,
            passed: 0,
        };
        platform.advance(world, (&mut overview, &forecast), start, end);
        self.forget(world);
        self.hand_over(world);
        self.now = end;
    }

    /// Drops the views that lie further back than any timer looks.
    fn forget(&mut self, world: &World) {
        let spare = self.observed.views.len().saturating_sub(self.memory + 1);
        self.observed.views.drain(..spare);
        self.observed.first += Span(world.program.tick.0 * spare as i64);
    }

    /// Hands messages over in total order.
    fn hand_over(&mut self, world: &World) {
        let mut messages: Vec<(u16, Event)> = self
            .cells
            .iter_mut()
            .flat_map(|cell| std::mem::take(&mut cell.outbox))
            .collect();
        messages.sort_by_key(|(_, event)| event.order());
        for (process, event) in messages {
            self.cells[usize::from(process)].receive(world, event);
        }
    }

    /// Forgets the rows of a stream, which have been collected.
    pub fn forget_rows(&mut self, stream: StreamId) {
        for cell in &mut self.cells {
            cell.rows.forget(stream);
        }
    }
}

/// What the platform sees: all processes as they stood at the ticks of its window, itself among them as soon as it has come so far.
struct Overview<'a> {
    others: Vec<&'a LogicalProcess>,
    observed: &'a mut Observed,
    /// How many ticks of the window it has passed.
    passed: usize,
}

impl Vantage for Overview<'_> {
    fn observed(&self) -> &Observed {
        self.observed
    }

    fn pass(&mut self, platform: &mut LogicalProcess, world: &World, tick: Time) {
        let mut view = platform.view(world, tick);
        for process in &self.others {
            view.add(&process.views[self.passed]);
        }
        self.observed.views.push(view);
        self.passed += 1;
    }
}

/// Hands the desks what the cells have sent them, and plays their window.
fn serve(
    world: &World,
    cells: &mut [LogicalProcess],
    (desks, arrivals): (&mut LogicalProcess, &[Arrivals]),
    start: Time,
    end: Time,
) {
    for cell in cells {
        let for_desks = |message: &mut (u16, Event)| message.0 == desks.index;
        let sent: Vec<(u16, Event)> = cell.outbox.extract_if(.., for_desks).collect();
        sent.iter()
            .for_each(|(_, event)| desks.receive(world, *event));
    }
    desks.advance_desks(world, arrivals, start, end);
}
