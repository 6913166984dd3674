//! What a process sees of the whole business while it plays a window.

use super::LogicalProcess;
use super::window::Window;
use crate::base::time::Time;
use crate::streams::rates::Arrivals;
use crate::streams::view::Observed;
use crate::streams::world::World;

/// What a process sees, and what it tells of itself at the end of each tick.
pub(crate) trait Vantage {
    /// How the business stood at the ticks so far.
    fn observed(&self) -> &Observed;

    /// All events of the process before the end of this tick have taken place.
    fn pass(&mut self, process: &mut LogicalProcess, world: &World, tick: Time);
}

/// A cell sees nothing of the others.
pub(crate) struct Within<'a>(pub &'a Observed);

impl Vantage for Within<'_> {
    #[inline(always)]
    fn observed(&self) -> &Observed {
        self.0
    }

    #[inline(always)]
    fn pass(&mut self, cell: &mut LogicalProcess, world: &World, tick: Time) {
        cell.look(world, tick);
    }
}

/// The window of a process up to a time, as it is seen now.
#[inline(always)]
pub(super) fn window<'a>(
    vantage: &'a impl Vantage,
    world: &'a World,
    (process, arrivals): (u16, &'a [Arrivals]),
    end: Time,
) -> Window<'a> {
    Window {
        world,
        process,
        arrivals,
        observed: vantage.observed(),
        end,
    }
}
