//! Desks, and the streams whose events wait at one.

use causeflow_engine::base::time::Span;
use causeflow_engine::streams::program::{Desk, Duty, Expr, HOURS_OF_WEEK, Service, Slot};

use super::assemble::Draft;
use super::lower::{About, Scope};
use super::report::At;
use super::streams::{Cause, Input, Restrict, Unit};
use super::types::Ty;
use super::{Compiler, Merged};
use crate::definition::{DeskDef, Expression, ServiceDef, ShiftDef};
use crate::diagnostic::suggestion;

/// What the number of the agent is called in expressions.
pub(super) const AGENT: &str = "agent";
/// What is called so is how long an event has waited for an agent.
const WAITED: &str = "waited";
const MOST_AGENTS: u32 = 1_000_000;
const HOURS_OF_DAY: usize = 24;

impl Compiler {
    /// The desks, in the order of their names.
    pub(super) fn desks(&mut self, merged: &Merged) -> Vec<Desk> {
        let desks = merged.desks.iter();
        desks
            .map(|(name, (file, definition))| {
                let at = At::new(*file, &["desks", name]);
                self.check_name(name, &at);
                Desk {
                    name: name.clone(),
                    code: self.texts.code(name),
                    agents: self.agents(definition, &at),
                    modified: None,
                }
            })
            .collect()
    }

    /// How many agents there are in each hour of the week: all shifts together.
    fn agents(&mut self, definition: &DeskDef, at: &At) -> Vec<u32> {
        let mut agents = vec![0u32; HOURS_OF_WEEK];
        let mut known = true;
        if let Some(capacity) = definition.capacity {
            agents.fill(capacity);
            if !definition.shifts.is_empty() {
                let message = "`capacity` and `shifts` exclude each other";
                let help = "write shifts where there are more at some hours than at others";
                self.report
                    .error_at_key(&at.key("capacity"), message, Some(help.into()));
                known = false;
            }
        }
        for (number, shift) in definition.shifts.iter().enumerate() {
            let at = at.key("shifts").key(number);
            let hours = [("from", &shift.from), ("to", &shift.to)]
                .map(|(key, text)| self.full_hour(&text.0, &at.key(key)));
            let [Some(from), Some(to)] = hours else {
                known = false;
                continue;
            };
            if from % HOURS_OF_DAY == to % HOURS_OF_DAY && from == to {
                let message = "a shift that ends as it begins has no hours";
                let help = "write 0h to 24h for the whole day";
                self.report
                    .error_at_key(&at.key("to"), message, Some(help.into()));
            }
            // One that ends before it begins ends on the next day.
            let length = if to > from {
                to - from
            } else {
                to + HOURS_OF_DAY - from
            };
            for day in days_of(shift) {
                for hour in from..from + length {
                    let of_week = (day * HOURS_OF_DAY + hour) % HOURS_OF_WEEK;
                    agents[of_week] = agents[of_week].saturating_add(shift.agents);
                }
            }
        }
        if known && !agents.iter().any(|&agents| agents > 0) {
            let message = "nobody ever works at this desk";
            let help = "add a shift, such as {from: 8h, to: 18h, agents: 5}, or a `capacity`";
            self.report.error_at_key(at, message, Some(help.into()));
        }
        if agents.iter().any(|&agents| agents > MOST_AGENTS) {
            let message = format!("at most {MOST_AGENTS} agents can work at a desk at a time");
            let key = if definition.capacity.is_some() {
                "capacity"
            } else {
                "shifts"
            };
            self.report.error_at_key(&at.key(key), message, None);
        }
        agents
    }

    fn full_hour(&mut self, text: &str, at: &At) -> Option<usize> {
        let span = self.duration(text, at)?;
        let hours = span.0 / Span::HOUR.0;
        if span.0 % Span::HOUR.0 == 0 && (0..=HOURS_OF_DAY as i64).contains(&hours) {
            return Some(hours as usize);
        }
        let message = format!("found {span}, expected full hours after midnight, 0h to 24h");
        self.report.error(at, message, None);
        None
    }

    /// Tells the events of a stream with a desk which agent they had.
    pub(super) fn agent_of(&mut self, stream: usize) {
        let Some(desk) = &self.units[stream].definition.desk else {
            return;
        };
        if desk.release.is_some() {
            return;
        }
        let tells_wait = desk.hold.is_some() || desk.give_up.is_some() || desk.room.is_some();
        let agent = (AGENT, Ty::Number);
        let waited = tells_wait.then_some((WAITED, Ty::Span));
        for (name, ty) in [agent].into_iter().chain(waited) {
            self.units[stream].inputs.push(Input {
                name: name.to_owned(),
                givers: vec![Restrict::Desk],
                ty,
                texts: None,
            });
        }
    }

    /// At which desk a stream's events wait, and for what.
    pub(super) fn service(&mut self, stream: usize) -> Option<Service> {
        let definition = self.units[stream].definition.desk.clone()?;
        let at = self.units[stream].at.key("desk");
        self.check_desk_stream(stream, &at);
        let desk = self.desk_named(stream, &definition, &at);
        let duty = self.duty(stream, &definition, &at);
        let give_up = definition.give_up.as_ref().map(|text| {
            let give_up = self.of_service(stream, text, "give_up", Ty::Span);
            if let Some(give_up) = &give_up {
                self.not_negative(give_up, "give_up", "it waits first", &at.key("give_up"));
            }
            give_up
        });
        let room = definition.room.as_ref().map(|text| {
            let room = self.of_service(stream, text, "room", Ty::Number);
            if let Some(room) = &room {
                self.whole(room, "room", 0.0..=1e9, &at.key("room"));
            }
            room
        });
        let priority = match &definition.priority {
            Some(text) => self.of_service(stream, text, "priority", Ty::Number),
            None => Some(Expr::Num(0.0)),
        };
        let given = |name: &str| {
            let mut inputs = self.units[stream].inputs.iter();
            let slot =
                inputs.position(|input| input.name == name && input.givers == [Restrict::Desk]);
            slot.map(Slot::at)
        };
        Some(Service {
            desk: desk?,
            duty: duty?,
            priority: priority?,
            agent: given(AGENT),
            waited: given(WAITED),
            // What is wrong has been told, and the model is not played.
            give_up: give_up.flatten(),
            room: room.flatten(),
        })
    }

    /// What events want at their desk: one of three things.
    fn duty(&mut self, stream: usize, definition: &ServiceDef, at: &At) -> Option<Duty> {
        let all = [
            ("work", &definition.work, Ty::Span),
            ("hold", &definition.hold, Ty::Id),
            ("release", &definition.release, Ty::Id),
        ];
        let given = all.into_iter();
        let given = given.filter_map(|(key, text, ty)| Some((key, text.as_ref()?, ty)));
        let given: Vec<(&str, &Expression, Ty)> = given.collect();
        let (key, text, ty) = match &given[..] {
            [] => {
                let message = "this does not say what is wanted at the desk";
                let help = "write `work`, how long an agent works on it, or `hold` or `release`, in whose name: hold: patient_id";
                self.report.error_at_key(at, message, Some(help.into()));
                return None;
            }
            [one] => *one,
            [(first, ..), (second, ..), ..] => {
                let message = format!("`{second}` and `{first}` exclude each other");
                let help = "keep one, or make two streams of it, one after the other";
                self.report
                    .error_at_key(&at.key(second), message, Some(help.into()));
                return None;
            }
        };
        if key == "release" {
            let waits = [
                ("priority", &definition.priority),
                ("give_up", &definition.give_up),
                ("room", &definition.room),
            ];
            for (key, _) in waits.into_iter().filter(|(_, text)| text.is_some()) {
                let message = format!("what releases waits for nobody, so `{key}` says nothing");
                let help = "remove it";
                self.report
                    .error_at_key(&at.key(key), message, Some(help.into()));
            }
        }
        let value = self.of_service(stream, text, key, ty)?;
        Some(match key {
            "work" => {
                self.not_negative(&value, "work", "it takes time", &at.key("work"));
                Duty::Work(value)
            }
            "hold" => Duty::Hold(value),
            _ => Duty::Release(value),
        })
    }

    /// Looks whether what is held at a desk is released, and the other way round.
    pub(super) fn check_held(&mut self, drafts: &[Draft]) {
        let mut served: Vec<(usize, &Service)> = Vec::new();
        for (stream, draft) in drafts.iter().enumerate() {
            match &draft.service {
                Some(service) => served.push((stream, service)),
                // One that is wrong may be what is missed.
                None if self.units[stream].definition.desk.is_some() => return,
                None => {}
            }
        }
        let at_same = |one: &Service, other: &Service| match (&one.desk, &other.desk) {
            (Expr::Text(one), Expr::Text(other)) => one == other,
            _ => true,
        };
        for (stream, service) in &served {
            let mut others = served.iter().filter(|(_, other)| at_same(service, other));
            let (key, message, help) = match service.duty {
                Duty::Work(_) => continue,
                Duty::Hold(_) if others.any(|(_, o)| matches!(o.duty, Duty::Release(_))) => {
                    continue;
                }
                Duty::Release(_) if others.any(|(_, o)| matches!(o.duty, Duty::Hold(_))) => {
                    continue;
                }
                Duty::Hold(_) => (
                    "hold",
                    "nothing releases who is held at this desk",
                    "add a stream with `desk: {name: .., release: ..}`, with the same id",
                ),
                Duty::Release(_) => (
                    "release",
                    "nobody is held at this desk",
                    "add a stream with `desk: {name: .., hold: ..}`, with the same id",
                ),
            };
            let at = self.units[*stream].at.key("desk").key(key);
            self.report
                .error(&at, message.to_owned(), Some(help.into()));
        }
    }

    fn of_service(
        &mut self,
        stream: usize,
        Expression(text): &Expression,
        key: &str,
        ty: Ty,
    ) -> Option<Expr> {
        let mut scope = self.service_scope(stream, key);
        Some(self.expression_of(text, &mut scope, &[ty])?.expr)
    }

    fn service_scope(&self, stream: usize, key: &str) -> Scope {
        let about = About::Stream {
            stream,
            restrict: Restrict::Any,
            inside: None,
        };
        let unit = &self.units[stream];
        let name = format!("{}/desk/{key}", unit.name);
        Scope::new(about, unit.at.key("desk").key(key), &name)
    }

    /// The desk: its name, or an expression that can only yield names of desks.
    fn desk_named(&mut self, stream: usize, definition: &ServiceDef, at: &At) -> Option<Expr> {
        let Expression(text) = &definition.name;
        let at = at.key("name");
        if let Some(desk) = self.desks.iter().find(|desk| desk.name == *text) {
            return Some(Expr::Text(desk.code));
        }
        let names: Vec<String> = self.desks.iter().map(|desk| desk.name.clone()).collect();
        let is_a_word = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if is_a_word && self.report.is_spoilt("desks", text) {
            return None;
        }
        if is_a_word {
            let help = suggestion(text, names.iter().map(String::as_str));
            self.report
                .error(&at, format!("there is no desk `{text}`"), help);
            return None;
        }
        let mut scope = self.service_scope(stream, "name");
        let typed = self.expression_of(text, &mut scope, &[Ty::Text])?;
        let Some(texts) = &typed.texts else {
            let message = "this may be any text, and not only the name of a desk";
            let help = "write the names out, such as if(escalated, 'second', 'first')";
            self.report.error(&at, message, Some(help.into()));
            return None;
        };
        let is_desk = |code: &&u16| self.desks.iter().any(|desk| desk.code == **code);
        if let Some(&code) = texts.iter().find(|code| !is_desk(code)) {
            let text = self.texts.text(code).to_owned();
            if self.report.is_spoilt("desks", &text) {
                return None;
            }
            let help = suggestion(&text, names.iter().map(String::as_str));
            self.report
                .error(&at, format!("there is no desk `{text}`"), help);
            return None;
        }
        Some(typed.expr)
    }

    /// Refuses what cannot be on the process of the desks, where no entity lives.
    fn check_desk_stream(&mut self, stream: usize, at: &At) {
        let unit = &self.units[stream];
        // What is wrong there may be what gives each entity a timer of its own.
        let from_platform = |cause: &&super::streams::Cause| {
            self.may_run_on_platform(cause.parent)
                && !self.report.is_tainted(&self.units[cause.parent].at)
        };
        let platform = unit.causes.iter().find(from_platform);
        let platform = platform.map(|cause| self.units[cause.parent].name.clone());
        let has_source = unit.has_source();
        let mut refuse = |message: String, help: &str| {
            self.report.error_at_key(at, message, Some(help.into()));
        };
        if has_source {
            let help = "let the source make another stream, which causes this one";
            refuse("a stream with a desk has causes only".to_owned(), help);
        }
        if let Some(platform) = platform {
            let help = "make it follow from an event in a cell";
            let message =
                format!("the desks play before {platform}, which may take place on the platform");
            refuse(message, help);
        }
    }

    /// Refuses to create an entity where none lives: it would never take part in anything.
    pub(super) fn check_creates(&mut self, stream: usize) {
        let unit = &self.units[stream];
        if unit.definition.creates.is_none() || self.report.is_tainted(&unit.at) {
            return;
        }
        if let Some(away) = self.away_from_cells(stream) {
            let help = "let an event that a source brings create it, or what follows from that";
            let message = format!("no entity can be created here: {away}");
            let at = self.units[stream].at.key("creates");
            self.report.error_at_key(&at, message, Some(help.into()));
        }
    }

    /// Whether events of a stream take place on the process of the desks, at least some of them.
    pub(super) fn runs_at_desks(&self, stream: usize) -> bool {
        self.stays(stream, |unit| self.units[unit].definition.desk.is_some())
    }

    /// Whether events of a stream may take place on the platform: its timers, and what follows from them, also with
    /// `cell: any`, since that stays where it is until the end of a window.
    pub(super) fn may_run_on_platform(&self, stream: usize) -> bool {
        self.stays(stream, |unit| self.runs_on_platform(unit))
    }

    /// Why no entity lives where events of a stream may take place.
    pub(super) fn away_from_cells(&self, stream: usize) -> Option<&'static str> {
        if self.runs_on_platform(stream) {
            return Some("a timer without `per` runs on the platform");
        }
        if self.may_run_on_platform(stream) {
            return Some("what follows from a timer without `per` may take place on the platform");
        }
        let at_desks = self.runs_at_desks(stream);
        at_desks.then_some("this event takes place at a desk, or follows from one that does")
    }

    /// Whether a stream, or any from which its events follow, passes a test.
    pub(super) fn descends(&self, stream: usize, test: impl Fn(usize) -> bool) -> bool {
        self.leads(stream, test, |_, _| true)
    }

    /// Likewise, of those that have not come back to a cell since.
    fn stays(&self, stream: usize, test: impl Fn(usize) -> bool) -> bool {
        self.leads(stream, test, |unit, cause| {
            let cell = &unit.definition.causes[cause.position].cell;
            cell.as_ref().is_none_or(|cell| cell.entities().is_empty())
        })
    }

    fn leads(
        &self,
        stream: usize,
        test: impl Fn(usize) -> bool,
        through: impl Fn(&Unit, &Cause) -> bool,
    ) -> bool {
        let mut seen = vec![false; self.units.len()];
        let mut rest = vec![stream];
        while let Some(stream) = rest.pop() {
            if std::mem::replace(&mut seen[stream], true) {
                continue;
            }
            if test(stream) {
                return true;
            }
            let unit = &self.units[stream];
            let causes = unit.causes.iter().filter(|cause| through(unit, cause));
            rest.extend(causes.map(|cause| cause.parent));
        }
        false
    }
}

/// The days on which a shift begins, 0 is Monday.
fn days_of(shift: &ShiftDef) -> Vec<usize> {
    match &shift.days {
        Some(days) => days.iter().map(|day| *day as usize).collect(),
        None => (0..7).collect(),
    }
}
