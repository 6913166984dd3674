//! When a timer of the platform looks at the whole business, and all that a stream works out.
//!
//! A [`Look`] is a function of a stream and a time alone. It decides at which ticks processes keep how they stand
//! ([`Look::tick`]), how far back that is kept, and what an event sees ([`Look::before`]). It never says a time after the
//! event's own, nor one that is not the end of a tick, so it does not show how long a window is or who else looks.

use super::{Change, ChangeKind, Delay, Destination, Effect, Every, Expr, Source, Stream};
use crate::base::time::{Span, Time};
use crate::base::zone::Zone;

/// At which times events of a stream see the business: as it stood `phase` after the beginning of a period, or at the
/// last multiple of `grain` up to then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    every: Every,
    phase: Span,
    /// To look more often than every minute would not be worth its cost. A stream whose own times are not full minutes sees the last one.
    grain: Span,
    /// The timer's own period, where it sees the business at other times than its own.
    own: Option<Every>,
}

impl Look {
    /// The last such time up to that of an event. It depends on the stream alone, however often others look.
    #[inline]
    pub fn before(&self, zone: &Zone, time: Time) -> Time {
        self.nominal(zone, time, 0).floor_to(self.grain)
    }

    /// Likewise a period of the timer earlier.
    pub fn a_period_before(&self, zone: &Zone, time: Time) -> Time {
        match self.own {
            Some(own) => self.before(zone, own.earlier(zone, time)),
            None => self.nominal(zone, time, 1).floor_to(self.grain),
        }
    }

    fn nominal(&self, zone: &Zone, time: Time, back: i64) -> Time {
        let number = self.every.last(zone, time, self.phase) - back;
        self.every.due(zone, number, self.phase)
    }

    /// The longest span by multiples of which all such times lie, and all barriers between windows of this length.
    pub fn tick(&self, zone: &Zone, window: Span) -> Span {
        let own = match self.every {
            Every::Even(span) => span.common(Span(self.phase.0.rem_euclid(span.0))),
            // Days begin where the zone says.
            Every::Days(_) | Every::Month => zone.grain().common(self.phase),
        };
        match own.0 % self.grain.0 {
            0 => window.common(own),
            _ => self.grain,
        }
    }
}

impl Stream {
    /// When events of this stream see the business, if they do. An event that comes later than its nominal time by a
    /// jitter sees what there was at that; one of a timer with a phase of its own, what there was at the last time that windows
    /// and periods have in common.
    pub fn look(&self, window: Span) -> Option<Look> {
        let timer = match self.source {
            Some(Source::Platform { timer, .. }) => timer,
            Some(Source::Arrivals { .. } | Source::Each { .. }) | None => return None,
        };
        let minutes = window.0 % Span::MINUTE.0 == 0;
        let own = timer.spread == Span(0);
        let look = Look {
            every: match (own, timer.every) {
                (true, every) => every,
                (false, Every::Month) => Every::Even(window),
                (false, every) => Every::Even(window.common(every.length())),
            },
            phase: if own { timer.from } else { Span(0) },
            grain: if minutes { Span::MINUTE } else { Span(1) },
            own: (!own).then_some(timer.every),
        };
        self.any(Expr::looks).then_some(look)
    }

    /// Whether anything that is worked out on an event of this stream passes a test, itself or in a part.
    pub fn any(&self, test: impl Fn(&Expr) -> bool + Copy) -> bool {
        self.expressions().any(|e| e.any(test))
    }

    /// All that is worked out on an event of this stream.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        let variables = self.variables.iter().map(|variable| &variable.value);
        let own = variables.chain(&self.requires).chain(
            self.service
                .iter()
                .flat_map(|service| service.expressions()),
        );
        let changes = self.changes.iter().flat_map(Change::expressions);
        let effects = self.all_effects().flat_map(Effect::expressions);
        own.chain(changes).chain(effects)
    }
}

impl Change {
    /// All that is worked out to make it.
    fn expressions(&self) -> Vec<&Expr> {
        let mut all: Vec<&Expr> = self.when.iter().collect();
        match &self.what {
            ChangeKind::State { entity, .. } => all.push(entity),
            ChangeKind::Set { entity, value, .. } | ChangeKind::Add { entity, value, .. } => {
                all.extend([entity, value]);
            }
            ChangeKind::Adopt { owner, .. } => all.push(owner),
            ChangeKind::Count { value, .. } => all.push(value),
            ChangeKind::Slots(change) => all.extend([
                &change.entity,
                &change.from,
                &change.span,
                &change.every,
                &change.times,
            ]),
        }
        all
    }
}

impl Effect {
    /// All that is worked out to decide on it.
    fn expressions(&self) -> Vec<&Expr> {
        let (Delay::After(delay) | Delay::At(delay)) = &self.delay;
        let home = match &self.destination {
            Destination::CellOf(entity) => Some(entity),
            _ => None,
        };
        let optional = [&self.when, &self.count, &self.spacing];
        let whom = self.each.iter().flat_map(|each| each.told_by());
        let optional = optional.into_iter().flatten().chain(home).chain(whom);
        [&self.probability, delay]
            .into_iter()
            .chain(optional)
            .collect()
    }
}
