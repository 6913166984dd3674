//! A run under way: played step by step, with snapshots to go on from.

use causeflow_engine::base::table::RowSink;
use causeflow_engine::base::time::Time;
use causeflow_engine::streams::play::Player;
use causeflow_engine::streams::play::snapshot::Snapshot;
use causeflow_engine::streams::play::{Progress, RunResult};

use crate::control::{Control, Followed, Part, Phase};
use crate::error::{Error, Result};
use crate::run::Run;

/// A run under way. Its rows do not depend on where it was stopped in between, nor on whether it went on from a snapshot.
///
/// It plays on the threads of the current rayon pool; [`crate::pool`] makes one.
pub struct Session<'a> {
    player: Player,
    followed: Followed<'a>,
}

impl<'a> Session<'a> {
    /// A run at its beginning.
    pub fn begin(run: &Run, control: &'a dyn Control) -> Session<'a> {
        Session::new(run.begin(None), Part::Run, control)
    }

    /// A run at the time of a snapshot of it.
    ///
    /// # Errors
    /// When the snapshot is of another run.
    pub fn resume(run: &Run, snapshot: Snapshot, control: &'a dyn Control) -> Result<Session<'a>> {
        let player = Player::resume(run.program.clone(), &run.settings, &snapshot);
        let player = player.map_err(|error| {
            let message = format!("the run cannot go on from this snapshot: {error}");
            Error::input(message, "begin it anew, or take a snapshot of this run")
        })?;
        Ok(Session::new(player, Part::Run, control))
    }

    /// A player that goes on from where it is.
    pub(crate) fn new(player: Player, part: Part, control: &'a dyn Control) -> Session<'a> {
        Session::going_on(player, part, None, control)
    }

    /// Likewise, of which so much was played before.
    pub(crate) fn going_on(
        player: Player,
        part: Part,
        from: Option<Progress>,
        control: &'a dyn Control,
    ) -> Session<'a> {
        let world = player.world();
        let start = world.written_from();
        let phase = Phase {
            part,
            start,
            warmup: match from {
                Some(_) => world.program.warmup,
                None => start - player.time(),
            },
            end: world.end,
            going_on: from,
        };
        Session {
            followed: Followed::new(control, &phase),
            player,
        }
    }

    /// Plays up to the first barrier at or after a time, or to the end. All rows up to there have then been handed to the
    /// sink; their chunks name streams by their places in the program.
    ///
    /// # Errors
    /// When it is cancelled, when a ring of causes grows without end, and what the sink fails with. The run cannot go on
    /// after that.
    pub fn step(&mut self, until: Time, sink: Option<&mut dyn RowSink>) -> Result<()> {
        let Session { player, followed } = self;
        player.play(until, sink, &mut |progress| followed.note(progress))?;
        Ok(())
    }

    /// Where it is: everything before this time has been played.
    pub fn time(&self) -> Time {
        self.player.time()
    }

    /// Where it ends.
    pub fn end(&self) -> Time {
        self.player.world().end
    }

    /// The run, to look at.
    pub fn player(&self) -> &Player {
        &self.player
    }

    /// All that it takes to go on from here.
    pub fn snapshot(&self) -> Snapshot {
        self.player.snapshot()
    }

    /// What it came to up to here.
    pub fn finish(self) -> RunResult {
        self.player.finish()
    }
}
