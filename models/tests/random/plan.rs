//! What a random model means: its streams, and for every cause the bounds that its events keep.

use super::{Spec, StreamSpec};

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;

/// Windows that a model may have, with their length.
pub const WINDOWS: [(&str, i64); 4] = [
    ("15m", 15 * MINUTE),
    ("30m", 30 * MINUTE),
    ("1h", HOUR),
    ("2h", 2 * HOUR),
];

/// Where a stream's events without a cause come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A source that is nobody's doing.
    Plain,
    /// A source whose actor is a person.
    Actor,
    /// A timer of each person.
    Each,
    /// A timer of the platform.
    Platform,
    /// Nowhere: it has only causes.
    None,
}

/// How likely an effect is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Chance {
    /// It always happens.
    Certain,
    /// With this probability.
    Constant(f64),
    /// By the cause's `amount`.
    ByAmount,
}

/// One event follows from another.
#[derive(Clone, Debug)]
pub struct Cause {
    /// Index of the causing stream.
    pub parent: usize,
    pub chance: Chance,
    /// `delay` or `at`, and its expression.
    pub delay: (&'static str, String),
    /// Least and greatest time from the cause to its first event; none where it is not bounded.
    pub bounds: (i64, Option<i64>),
    /// How many events.
    pub count: u32,
    /// From one to the next, and before the first.
    pub spacing: i64,
    /// Only where the cause's `amount` is more than this.
    pub guard: Option<f64>,
    /// Whether it lands in any cell.
    pub any_cell: bool,
    /// Whether it lands in the cell of the person whom the cause carries from there.
    pub back: bool,
    /// Whether it lands where a site lives that the cause picks among those of all cells.
    pub to_site: bool,
    /// The number of the outcome group that it is one of.
    pub outcome: Option<usize>,
}

/// A stream of a random model.
#[derive(Clone, Debug)]
pub struct StreamPlan {
    pub name: String,
    pub spec: StreamSpec,
    pub origin: Origin,
    pub causes: Vec<Cause>,
    /// Whether its events know a `person`.
    pub person: bool,
    /// Whether they carry one who lives in a cell that they may have left.
    pub away: bool,
    pub creates: bool,
    pub requires: bool,
    /// Whether its events wait at a desk.
    pub desk: bool,
}

impl StreamPlan {
    /// How events of a stream may cause some of this one: what holds for all the ways in which they do.
    pub fn caused_by(&self, parent: usize) -> Option<Cause> {
        let mut ways = self.causes.iter().filter(|cause| cause.parent == parent);
        let mut all = ways.next()?.clone();
        for other in ways {
            let (low, high) = (all.bounds, other.bounds);
            all.bounds = (low.0.min(high.0), low.1.zip(high.1).map(|(a, b)| a.max(b)));
            all.count += other.count;
            all.delay.1.clear();
        }
        Some(all)
    }

    /// In how many ways they do.
    pub fn ways(&self, parent: usize) -> usize {
        let ways = self.causes.iter().filter(|cause| cause.parent == parent);
        ways.count()
    }
}

/// What a [`Spec`] stands for.
#[derive(Clone, Debug)]
pub struct Plan {
    pub spec: Spec,
    pub streams: Vec<StreamPlan>,
}

impl Plan {
    /// Resolves the numbers of a spec: causes are earlier streams, so that there are no circles.
    pub fn new(spec: &Spec) -> Plan {
        let mut plan = Plan {
            spec: spec.clone(),
            streams: Vec::new(),
        };
        for stream in &spec.streams {
            plan.add(stream);
        }
        plan
    }

    fn add(&mut self, spec: &StreamSpec) {
        let number = self.streams.len();
        // Names whose order differs from that of the streams.
        let name = format!("{}.s{number}", ["b", "a", "c"][number % 3]);
        let origin = match spec.origin {
            0 | 9 => Origin::Actor,
            1 => Origin::Plain,
            2 => Origin::Each,
            3 => Origin::Platform,
            _ if number == 0 => Origin::Actor,
            _ => Origin::None,
        };
        let caused = number > 0 && matches!(spec.origin, 4..=9);
        let mut causes: Vec<Cause> = Vec::new();
        if caused {
            causes.push(self.cause(spec, usize::from(spec.parents.0) % number, false));
            let second = usize::from(spec.parents.1) % number;
            if spec.two_causes && !spec.outcome {
                causes.push(self.cause(spec, second, true));
            }
        }
        if let [cause] = &mut causes[..]
            && origin == Origin::None
            && !spec.outcome
            && spec.variant.is_multiple_of(2)
            && self.streams[cause.parent].away
        {
            (cause.delay, cause.bounds) = far_delay(spec.delay, WINDOWS[self.spec.window].1);
            (cause.any_cell, cause.back) = (false, true);
        } else if let [cause] = &mut causes[..]
            && origin == Origin::None
            && !spec.outcome
            && spec.rate.is_multiple_of(3)
        {
            (cause.delay, cause.bounds) = far_delay(spec.delay, WINDOWS[self.spec.window].1);
            (cause.any_cell, cause.to_site) = (false, true);
        }
        let arrives = causes.iter().any(|cause| cause.back || cause.to_site);
        let desk = spec.desk
            && !arrives
            && self.spec.stateful
            && origin == Origin::None
            && caused
            && !causes.iter().any(|cause| cause.any_cell)
            && !causes
                .iter()
                .any(|cause| self.may_be_on_platform(cause.parent));
        for cause in causes.iter_mut().filter(|_| desk) {
            // Nobody knows how long it waits.
            cause.bounds.1 = None;
        }
        let given = !desk && matches!(origin, Origin::None | Origin::Actor | Origin::Each);
        let inherited = causes
            .iter()
            .all(|c| c.back || self.streams[c.parent].person && !c.any_cell && !c.to_site);
        let creates = self.spec.stateful
            && spec.change == 7
            && origin == Origin::None
            && !desk
            && !self.knows_nobody(&causes);
        let person = creates || (given && inherited);
        let carried = |c: &Cause| self.streams[c.parent].person || self.streams[c.parent].away;
        let away = !person && origin == Origin::None && caused && causes.iter().all(carried);
        let requires = spec.requires && self.spec.stateful && person && !creates;
        let plan = StreamPlan {
            name,
            spec: spec.clone(),
            origin,
            causes,
            person,
            away,
            creates,
            requires,
            desk,
        };
        let partner = plan
            .causes
            .first()
            .is_some_and(|cause| cause.outcome.is_some())
            .then(|| Self::partner(&plan));
        self.streams.push(plan);
        self.streams.extend(partner);
    }

    /// The other member of an outcome group, which has what is left of the probability.
    fn partner(plan: &StreamPlan) -> StreamPlan {
        let mut partner = plan.clone();
        partner.name.push_str("_else");
        partner.origin = Origin::None;
        partner.creates = false;
        partner.requires = false;
        partner.person &= !plan.creates;
        for cause in &mut partner.causes {
            if let Chance::Constant(p) = cause.chance {
                cause.chance = Chance::Constant(1.0 - p);
            }
        }
        partner
    }

    /// Whether people join: then few of them become active, or the population would explode.
    pub fn grows(&self) -> bool {
        self.streams.iter().any(|stream| stream.creates)
    }

    /// Whether one of the causes may be on the platform or at a desk, where no entity lives.
    fn knows_nobody(&self, causes: &[Cause]) -> bool {
        causes
            .iter()
            .filter(|c| !c.back && !c.to_site)
            .any(|c| self.may_be_on_platform(c.parent) || self.may_be_at_a_desk(c.parent))
    }

    /// Whether some events of a stream take place on the platform.
    fn may_be_on_platform(&self, stream: usize) -> bool {
        let stream = &self.streams[stream];
        let mut causes = stream.causes.iter().filter(|c| !c.back && !c.to_site);
        stream.origin == Origin::Platform || causes.any(|c| self.may_be_on_platform(c.parent))
    }

    /// Whether some events of a stream take place at a desk.
    fn may_be_at_a_desk(&self, stream: usize) -> bool {
        let stream = &self.streams[stream];
        let mut causes = stream.causes.iter().filter(|c| !c.back && !c.to_site);
        stream.desk || causes.any(|c| self.may_be_at_a_desk(c.parent))
    }

    fn cause(&self, spec: &StreamSpec, parent: usize, second: bool) -> Cause {
        let shift = u8::from(second) * 5;
        let window = WINDOWS[self.spec.window].1;
        let any_cell = spec.any_cell;
        // For any cell, delays shorter than a window count, too: such an event stays where it is.
        let (delay, bounds) = if any_cell && spec.delay.is_multiple_of(2) {
            far_delay(spec.delay, window)
        } else {
            near_delay((spec.delay + shift) % 12)
        };
        let outcome = spec.outcome && !second;
        let chance = match (spec.chance + u8::from(second)) % 4 {
            _ if outcome => Chance::Constant(0.3),
            0 => Chance::Certain,
            1 => Chance::Constant(0.5),
            2 => Chance::Constant(0.8),
            _ => Chance::ByAmount,
        };
        // At most one effect of a model counts to three, so that runs stay small.
        let counted = spec.count >= 6
            && !outcome
            && !self
                .streams
                .iter()
                .any(|s| s.causes.iter().any(|c| c.count > 1));
        Cause {
            parent,
            chance,
            delay,
            bounds,
            count: if counted { 3 } else { 1 },
            spacing: if counted { 7 * MINUTE } else { 0 },
            guard: (spec.guard && !outcome).then_some(15.0),
            any_cell,
            back: false,
            to_site: false,
            outcome: outcome.then_some(self.streams.len()),
        }
    }
}

type Delay = ((&'static str, String), (i64, Option<i64>));

/// Delays of every kind, with their bounds.
fn near_delay(kind: u8) -> Delay {
    let (key, text, low, high) = match kind {
        0 => ("delay", "0s", 0, Some(0)),
        1 => ("delay", "90m", 90 * MINUTE, Some(90 * MINUTE)),
        2 => ("delay", "1m..3h", MINUTE, Some(3 * HOUR)),
        3 => (
            "delay",
            "'lognormal(20m, 0.8, 1m, 4h)'",
            MINUTE,
            Some(4 * HOUR),
        ),
        4 => (
            "delay",
            "'exponential(30m, 10s, 2h)'",
            10_000_000,
            Some(2 * HOUR),
        ),
        5 => ("delay", "'lognormal(10m, 0.5)'", 0, None),
        6 => ("at", "time + 30m", 30 * MINUTE, Some(30 * MINUTE)),
        // A deadline that the cause carries, met late by up to ten minutes.
        7 => (
            "at",
            "'due + uniform(0s, 10m)'",
            HOUR,
            Some(HOUR + 10 * MINUTE),
        ),
        // A time that has passed is now.
        8 => ("at", "time - 1h", 0, Some(0)),
        9 => (
            "at",
            "'appointment(shape, time + 1h, time + 30h, 30m)'",
            HOUR,
            Some(30 * HOUR + 30 * MINUTE),
        ),
        10 => (
            "delay",
            "'clamp(amount * 1m, 30s, 1h)'",
            30_000_000,
            Some(HOUR),
        ),
        _ => (
            "delay",
            "'if(amount > 20, 5m, uniform(1h, 2h))'",
            5 * MINUTE,
            Some(2 * HOUR),
        ),
    };
    ((key, text.to_owned()), (low, high))
}

/// Delays of at least a window, after which an event for any cell lands in any.
fn far_delay(kind: u8, window: i64) -> Delay {
    let minutes = window / MINUTE;
    let (text, high) = match kind % 4 {
        0 => (format!("{minutes}m"), Some(window)),
        1 => (
            format!("{minutes}m..{}m", minutes + 180),
            Some(window + 3 * HOUR),
        ),
        2 => (
            format!("'lognormal(1h, 0.7, {minutes}m, {}m)'", minutes + 300),
            Some(window + 5 * HOUR),
        ),
        _ => (format!("'{minutes}m + exponential(20m)'"), None),
    };
    (("delay", text), (window, high))
}
