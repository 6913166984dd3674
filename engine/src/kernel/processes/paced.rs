//! Paced play: a simulation that keeps step with a clock given from outside, takes commands, and writes them down.

use super::journal::{Command, Journal, Position};
use super::log::{Log, Off};
use super::{Error, Pause, Process, ProcessId, Simulation};
use crate::base::time::{Span, Time};

/// A clock, which says how far virtual time may go. The engine has none of its own.
///
/// It is asked before each event, with times that never go back, and what it answers must not go back either. What is
/// played does not depend on it, only when.
pub trait Clock {
    /// Waits until virtual time `due` has come, and returns the virtual time reached, which may be later.
    /// It may also return earlier, for something else to be done in between: the run is then interrupted.
    fn wait_until(&mut self, due: Time) -> Time;
}

/// How a paced run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the clock or a process may have ended the run before the time was reached"]
pub enum PacedPause {
    /// Everything before the time has been played.
    Reached,
    /// A process has called [`stop`](super::Context::stop).
    Stopped,
    /// The clock came back early. Everything up to the time that it gave has been played.
    Interrupted,
}

/// A simulation for live use: it runs with a clock or as fast as possible, steps, and takes messages from outside.
///
/// It writes all commands into a [`Journal`], and [`replay`](Self::replay) carries them out again, without a clock and
/// with the same outcome to the bit. To pause it is to give it no commands.
///
/// ```
/// use causeflow_engine::base::time::{Span, Time};
/// use causeflow_engine::kernel::processes::{Clock, Context, Paced, PacedPause, Process, ProcessId, Simulation};
///
/// #[derive(Clone, PartialEq, Debug)]
/// struct Light {
///     is_on: bool,
/// }
///
/// impl Process for Light {
///     type Message = ();
///
///     fn handle(&mut self, (): (), _: &mut Context<'_, ()>) {
///         self.is_on = !self.is_on;
///     }
/// }
///
/// /// Somebody's clock, which is half a second late each time.
/// struct Late;
///
/// impl Clock for Late {
///     fn wait_until(&mut self, due: Time) -> Time {
///         due + Span(500_000)
///     }
/// }
///
/// let light = || Simulation::<Light>::builder().build(vec![Light { is_on: false }]);
/// let mut live = Paced::new(light()?);
/// assert_eq!(live.run_until(Time(1_000_000), &mut Late)?, PacedPause::Reached);
/// live.inject(ProcessId(0), Time(1_500_000), ())?;
/// assert_eq!(live.run_until(Time(2_000_000), &mut Late)?, PacedPause::Reached);
///
/// let replayed = Paced::replay(light()?, live.journal())?;
/// assert!(replayed.simulation().processes().eq(live.simulation().processes()));
/// # Ok::<(), causeflow_engine::kernel::processes::Error>(())
/// ```
pub struct Paced<P: Process, L = Off> {
    simulation: Simulation<P, L>,
    journal: Journal<P::Message>,
}

impl<P: Process, L: Log<P::Message>> Paced<P, L>
where
    P::Message: Clone,
{
    /// Takes a simulation over. The journal begins where it stands.
    pub fn new(simulation: Simulation<P, L>) -> Self {
        let journal = Journal::new(position(&simulation));
        Self {
            simulation,
            journal,
        }
    }

    /// The simulation.
    pub const fn simulation(&self) -> &Simulation<P, L> {
        &self.simulation
    }

    /// All commands so far.
    pub const fn journal(&self) -> &Journal<P::Message> {
        &self.journal
    }

    /// Gives the simulation back, and the journal.
    pub fn into_parts(self) -> (Simulation<P, L>, Journal<P::Message>) {
        (self.simulation, self.journal)
    }

    /// Plays everything before a time, each event when the clock says that its time has come.
    ///
    /// # Errors
    /// When a process did something wrong; the simulation cannot go on after that.
    pub fn run_until(&mut self, until: Time, clock: &mut impl Clock) -> Result<PacedPause, Error> {
        loop {
            let next = self.simulation.next_time().unwrap_or(until);
            let due = next.min(until);
            let reached = clock.wait_until(due).max(self.simulation.time());
            // What is due at the time reached is played too.
            let end = if reached < due {
                reached
            } else {
                reached + Span(1)
            };
            if self.run_freely_until(end.min(until))? == Pause::Stopped {
                return Ok(PacedPause::Stopped);
            }
            if reached >= until {
                return Ok(PacedPause::Reached);
            }
            if reached < due {
                return Ok(PacedPause::Interrupted);
            }
        }
    }

    /// Plays everything before a time, as fast as possible.
    ///
    /// # Errors
    /// When a process did something wrong; the simulation cannot go on after that.
    pub fn run_freely_until(&mut self, until: Time) -> Result<Pause, Error> {
        let pause = self.simulation.run_until(until);
        self.write(Command::RunUntil(until), pause == Ok(Pause::Reached));
        pause
    }

    /// Plays the next event and returns its time; `None` when nothing is pending.
    ///
    /// # Errors
    /// When a process did something wrong; the simulation cannot go on after that.
    pub fn step(&mut self) -> Result<Option<Time>, Error> {
        let time = self.simulation.step();
        self.write(Command::Step, false);
        time
    }

    /// Gives a process a message, which arrives at a time that has not passed.
    ///
    /// # Errors
    /// When the time has passed or the process is not there. The simulation is as it was, and the journal too.
    pub fn inject(&mut self, to: ProcessId, time: Time, message: P::Message) -> Result<(), Error> {
        self.simulation.inject(to, time, message.clone())?;
        self.write(Command::Inject { to, time, message }, false);
        Ok(())
    }

    /// Carries out the commands of a journal, as fast as possible, on a simulation that stands where the one stood
    /// that the journal is of.
    ///
    /// # Errors
    /// [`Error::Diverged`] when the simulation does not stand where the journal says: it is another model, or one that
    /// hides state from the engine. Any other error that the journal's simulation ended with.
    pub fn replay(
        simulation: Simulation<P, L>,
        journal: &Journal<P::Message>,
    ) -> Result<Self, Error> {
        let mut paced = Self::new(simulation);
        for (expected, command) in journal.entries() {
            paced.stands_at(*expected)?;
            match command {
                Command::RunUntil(until) => {
                    let _ = paced.run_freely_until(*until)?;
                }
                Command::Step => {
                    paced.step()?;
                }
                Command::Inject { to, time, message } => {
                    paced.inject(*to, *time, message.clone())?;
                }
            }
        }
        paced.stands_at(journal.end())?;
        Ok(paced)
    }

    fn stands_at(&self, expected: Position) -> Result<(), Error> {
        let found = position(&self.simulation);
        if found != expected {
            return Err(Error::Diverged { expected, found });
        }
        Ok(())
    }

    fn write(&mut self, command: Command<P::Message>, has_run: bool) {
        let end = position(&self.simulation);
        self.journal.add(command, end, has_run);
    }
}

fn position<P: Process, L: Log<P::Message>>(simulation: &Simulation<P, L>) -> Position {
    Position {
        time: simulation.time(),
        played: simulation.played(),
    }
}
