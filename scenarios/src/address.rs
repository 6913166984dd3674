//! Addresses of parameters, such as `payment.failure/probability`, and what they mean in a program.

use causeflow_engine::streams::program::{Delay, Expr, ModifyError, Parameter, Program, StreamId};
use causeflow_models::suggestion;

/// A parameter of a program, and the address by which a file names it.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The address, such as `support.ticket.created/probability/payment.failure`.
    pub address: String,
    /// The stream; of a desk, the first one whose events wait there.
    pub stream: StreamId,
    /// Its parameter.
    pub parameter: Parameter,
}

impl Target {
    /// What an address means in a program.
    ///
    /// # Errors
    /// When nothing of the program has the address: why, and what to write instead.
    pub fn of(program: &Program, address: &str) -> Result<Target, (String, Option<String>)> {
        let resolved = Addresses { program }.resolve(address);
        resolved.map(|(target, _)| target)
    }

    /// Whether two modifiers at these targets act on one and the same number.
    pub fn overlaps(&self, other: &Target) -> bool {
        use Parameter::{Choice, Count, Delay, Field, Probability, Rate, Staff, Volume, Work};
        if let (Staff(a), Staff(b)) = (&self.parameter, &other.parameter) {
            return a == b;
        }
        let causes =
            |a: Option<StreamId>, b: Option<StreamId>| a == b || a.is_none() || b.is_none();
        self.stream == other.stream
            && match (&self.parameter, &other.parameter) {
                (Volume, Volume | Rate | Probability(_) | Count(_))
                | (Rate | Probability(_) | Count(_), Volume)
                | (Rate, Rate)
                | (Work, Work) => true,
                (Probability(a), Probability(b)) | (Delay(a), Delay(b)) | (Count(a), Count(b)) => {
                    causes(*a, *b)
                }
                (Field(a), Field(b)) => a == b,
                (Choice(a, this), Choice(b, other)) => a == b && this == other,
                _ => false,
            }
    }
}

/// What numbers a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Domain {
    /// Events an hour, at least 0.
    Rate,
    /// 0 to 1.
    Probability,
    /// Microseconds, at least 0.
    Delay,
    /// At least 0.
    Count,
    /// It can only be multiplied.
    Volume,
    /// Any number.
    Number,
}

/// A parameter of streams that is no field.
struct Named {
    name: &'static str,
    /// Whether an address may name the cause that it is about.
    of_cause: bool,
    parameter: fn(Option<StreamId>) -> Parameter,
    domain: Domain,
}

/// The parameters of streams that are no fields: addresses are read and listed by them.
const PARAMETERS: [Named; 6] = [
    Named {
        name: "rate",
        of_cause: false,
        parameter: |_| Parameter::Rate,
        domain: Domain::Rate,
    },
    Named {
        name: "volume",
        of_cause: false,
        parameter: |_| Parameter::Volume,
        domain: Domain::Volume,
    },
    Named {
        name: "probability",
        of_cause: true,
        parameter: Parameter::Probability,
        domain: Domain::Probability,
    },
    Named {
        name: "delay",
        of_cause: true,
        parameter: Parameter::Delay,
        domain: Domain::Delay,
    },
    Named {
        name: "count",
        of_cause: true,
        parameter: Parameter::Count,
        domain: Domain::Count,
    },
    Named {
        name: "work",
        of_cause: false,
        parameter: |_| Parameter::Work,
        domain: Domain::Delay,
    },
];

/// What a model says of a stream that scenarios do not bend, and why or what to do instead.
const NOT_BENT: [(&[&str], &str); 4] = [
    (
        &["at", "every", "day", "jitter", "per", "for_each"],
        "when timers go off, and when what is appointed comes, stands in the model and is not bent",
    ),
    (
        &["spacing"],
        "how far apart those lie that follow at a time is not bent; `count` is, and `delay`",
    ),
    (
        &[
            "when", "requires", "outcome", "cell", "each", "states", "profile", "actor", "weight",
        ],
        "conditions, profiles and who takes part are not bent; what they are about is",
    ),
    (
        &["changes", "set", "add", "state"],
        "what events change is not bent; the values that they change it by are, as fields or `let`s",
    ),
];

/// The parameter of a desk.
const STAFF: &str = "staff";

/// What addresses there are, as they are read.
pub const ADDRESSES: [&str; 11] = [
    "STREAM/rate",
    "STREAM/volume",
    "STREAM/probability",
    "STREAM/delay",
    "STREAM/count",
    "STREAM/work",
    "STREAM/FIELD",
    "STREAM/FIELD/TEXT",
    "STREAM/LET",
    "STREAM/LET/TEXT",
    "DESK/staff",
];

/// What is wrong with an address: the message and what to write instead.
pub(crate) type Wrong = (String, Option<String>);

/// All addresses of a program, desk by desk, then stream by stream.
pub fn addresses(program: &Program) -> Vec<String> {
    let addresses = Addresses { program };
    let desks = program.desks.iter().map(|desk| &desk.name);
    let desks = desks.filter(|name| addresses.desk(name).is_some());
    let desks = desks.map(|name| format!("{name}/{STAFF}"));
    let desks = desks.filter(|address| addresses.is_one(address));
    let streams = StreamId::each(&program.streams);
    let streams = streams.flat_map(|(stream, _)| addresses.of_stream(stream));
    desks.chain(streams).collect()
}

/// The addresses of a stream.
pub fn addresses_of(program: &Program, stream: StreamId) -> Vec<String> {
    Addresses { program }.of_stream(stream)
}

/// The parameters of a program, as addresses name them.
#[derive(Clone, Copy)]
pub(crate) struct Addresses<'p> {
    /// The program.
    pub program: &'p Program,
}

impl<'p> Addresses<'p> {
    /// Those of a program.
    pub fn of(program: &'p Program) -> Self {
        Addresses { program }
    }

    /// The addresses of a stream: whatever could be one, and can be read.
    fn of_stream(&self, stream: StreamId) -> Vec<String> {
        let name = &self.program.streams[stream].name;
        let causes = || self.causes(stream).map(str::to_owned);
        let parameters = PARAMETERS.iter().flat_map(|named| {
            let causes = causes().filter(|_| named.of_cause);
            let of_causes = causes.map(|cause| format!("{}/{cause}", named.name));
            std::iter::once(named.name.to_owned()).chain(of_causes)
        });
        let choices = self.program.modifiable_choices(stream).into_iter();
        let choices = choices.flat_map(|field| {
            let texts = self.program.choices(stream, &field).into_iter();
            texts.map(move |text| format!("{field}/{text}"))
        });
        let fields = self.program.modifiable_fields(stream);
        let could_be = parameters.chain(fields).chain(choices);
        let mut found: Vec<String> = Vec::new();
        for address in could_be.map(|rest| format!("{name}/{rest}")) {
            if !found.contains(&address) && self.is_one(&address) {
                found.push(address);
            }
        }
        found
    }

    /// The same in short, for help: without causes, and the texts of a choice as one.
    fn in_short(&self, stream: StreamId) -> Vec<String> {
        let before = self.program.streams[stream].name.len() + 1;
        let mut short: Vec<String> = Vec::new();
        for address in self.of_stream(stream) {
            let told = match address[before..].split_once('/') {
                None => address[before..].to_owned(),
                Some((parameter, _)) if PARAMETERS.iter().any(|p| p.name == parameter) => continue,
                Some((choice, _)) => format!("{choice}/TEXT"),
            };
            if !short.contains(&told) {
                short.push(told);
            }
        }
        short
    }

    /// The stream of a name.
    pub fn stream(&self, name: &str) -> Result<StreamId, Wrong> {
        self.program.stream(name).ok_or_else(|| {
            let names = self.program.streams.iter().map(|s| s.name.as_str());
            let is_desk = self.program.desks.iter().any(|desk| desk.name == name);
            let help = match is_desk {
                true => Some(self.of_desks(name)),
                false => suggestion(name, names),
            };
            (format!("there is no stream `{name}`"), help)
        })
    }

    /// What an address means, if the engine takes it: that is the judge of what can be modified.
    pub fn resolve(&self, address: &str) -> Result<(Target, Domain), Wrong> {
        let (target, domain) = self.read(address)?;
        match self.program.takes(target.stream, &target.parameter) {
            Ok(()) => Ok((target, domain)),
            Err(error) => Err(self.refused(&target, &error)),
        }
    }

    /// Whether an address is one.
    fn is_one(&self, address: &str) -> bool {
        let read = self.read(address);
        read.is_ok_and(|(at, _)| self.program.takes(at.stream, &at.parameter).is_ok())
    }

    /// What an address says, whether or not there is such a parameter.
    fn read(&self, address: &str) -> Result<(Target, Domain), Wrong> {
        let mut parts = address.trim().splitn(3, '/');
        let (name, parameter, of) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        let Some(parameter) = parameter else {
            let message = format!("`{address}` is not the address of a parameter");
            let help = "write the stream and its parameter, such as `payment.failure/probability`";
            return Err((message, Some(help.into())));
        };
        if let (Some(desk), STAFF, None) = (self.desk(name), parameter, of) {
            return Ok((self.staff(address, name, desk)?, Domain::Count));
        }
        if self.program.stream(name).is_none() {
            self.refuse_standing(name)?;
            if (parameter, of) == (STAFF, None) {
                let desks = self.program.desks.iter().map(|desk| desk.name.as_str());
                return Err((
                    format!("there is no desk `{name}`"),
                    suggestion(name, desks),
                ));
            }
        }
        let stream = self.stream(name)?;
        let named = PARAMETERS.iter().find(|named| named.name == parameter);
        let (parameter, domain) = match (named, of) {
            (None, Some(text)) => {
                let chosen = Parameter::Choice(parameter.to_owned(), text.to_owned());
                (chosen, Domain::Probability)
            }
            (None, None) => (
                Parameter::Field(parameter.to_owned()),
                self.field(stream, parameter),
            ),
            (Some(named), Some(_)) if !named.of_cause => {
                let message = format!("`{parameter}` does not depend on the cause");
                let help = format!("leave the cause out: `{name}/{parameter}`");
                return Err((message, Some(help)));
            }
            (Some(named), cause) => {
                let cause = cause.map(|cause| self.stream(cause)).transpose()?;
                ((named.parameter)(cause), named.domain)
            }
        };
        let target = Target {
            address: address.trim().to_owned(),
            stream,
            parameter,
        };
        Ok((target, domain))
    }

    /// The desk of a name. A stream that is called so, too, and has a field of the name in question is meant rather.
    fn desk(&self, name: &str) -> Option<u16> {
        let meant = self.program.stream(name).is_some_and(|stream| {
            let stream = &self.program.streams[stream];
            let fields = stream.fields.iter().map(|(column, _)| column.name.as_str());
            let all = fields.chain(stream.variables.iter().map(|v| v.name.as_str()));
            all.into_iter().any(|name| name == STAFF)
        });
        let desk = self.program.desks.iter().position(|desk| desk.name == name);
        desk.filter(|_| !meant).map(|desk| desk as u16)
    }

    /// How many agents a desk has.
    fn staff(&self, address: &str, name: &str, desk: u16) -> Result<Target, Wrong> {
        let Some(stream) = self.program.served_at(desk).next() else {
            let message = format!("no events wait at the desk `{name}`");
            let help = "aim at a desk that a stream names under `desk`";
            return Err((message, Some(help.into())));
        };
        Ok(Target {
            address: address.trim().to_owned(),
            stream,
            parameter: Parameter::Staff(desk),
        })
    }

    /// What to aim at of a desk.
    fn of_desks(&self, desk: &str) -> String {
        let place = self.program.desks.iter().position(|one| one.name == desk);
        let waiting = place.into_iter();
        let waiting = waiting.flat_map(|place| self.program.served_at(place as u16));
        let works: Vec<String> = waiting
            .map(|stream| format!("`{}/work`", self.program.streams[stream].name))
            .collect();
        match works.is_empty() {
            true => format!("`{desk}` is a desk at which no events wait"),
            false => format!(
                "`{desk}` is a desk: aim at how many agents it has, `{desk}/{STAFF}`, at how long work takes there, such as {}, or at what comes to it",
                works.join(", ")
            ),
        }
    }

    fn field(&self, stream: StreamId, name: &str) -> Domain {
        match self.program.is_chance(stream, name) {
            Ok(true) => Domain::Probability,
            _ => Domain::Number,
        }
    }

    /// Says why what stands from the beginning of a run is not bent, if a name is that of a kind of entity: all sides of a run share
    /// who is there and what they are like. Of a desk it is said what is bent.
    fn refuse_standing(&self, name: &str) -> Result<(), Wrong> {
        if self
            .program
            .counters
            .iter()
            .any(|counter| counter.name == name)
        {
            let message = format!("`{name}` is a counter, and is what events have made it");
            let help = "aim at the events that change it, or at the value that they change it by";
            return Err((message, Some(help.into())));
        }
        if self.program.desks.iter().any(|desk| desk.name == name) {
            let message = format!("a desk has nothing that can be bent but `{STAFF}`");
            return Err((message, Some(self.of_desks(name))));
        }
        if self.program.kinds.iter().any(|kind| kind.name == name) {
            return Err((
                format!(
                    "`{name}` is a kind of entity, and how many there are and what they are like cannot be bent: that is drawn before the \
                     run begins, for both of its sides"
                ),
                Some(format!(
                    "bend the stream that creates them, such as its `/volume`, or a field that reads them; or change `{name}` in the model \
                     and compare the two runs with `diff`: entities keep their identities when there are more"
                )),
            ));
        }
        Ok(())
    }

    fn refused(&self, target: &Target, error: &ModifyError) -> Wrong {
        let name = &self.program.streams[target.stream].name;
        let causes: Vec<&str> = self.causes(target.stream).collect();
        let short = self.in_short(target.stream);
        let field = match &target.parameter {
            Parameter::Field(field) | Parameter::Choice(field, _) => field.as_str(),
            _ => "",
        };
        let of_all = || match short.is_empty() {
            true => format!("nothing of `{name}` can be bent"),
            false => format!("what can be bent of `{name}`: {}", short.join(", ")),
        };
        match error {
            ModifyError::NoRate => (
                format!("`{name}` has no source with a rate"),
                Some(match causes.is_empty() {
                    true => of_all(),
                    false => format!(
                        "write `{name}/volume` for all that makes it, or aim at what causes it: {}",
                        causes.join(", ")
                    ),
                }),
            ),
            ModifyError::NoCause if causes.is_empty() => (
                format!("nothing causes `{name}`"),
                Some(match short.iter().any(|parameter| parameter == "rate") {
                    true => format!("write `{name}/rate`"),
                    false => of_all(),
                }),
            ),
            ModifyError::NoCause => (
                format!("the stream named last does not cause `{name}`"),
                Some(format!("what causes it: {}", causes.join(", "))),
            ),
            ModifyError::Appointed => (
                format!(
                    "events of `{name}` come at appointed times, not after a delay: what was agreed upon stands"
                ),
                Some("aim at what the time is worked out from, at the probability or the volume, or at an event before it".into()),
            ),
            ModifyError::NoDesk => (
                format!("events of `{name}` wait at no desk"),
                Some(match short.iter().any(|parameter| parameter == "delay") {
                    true => format!("write `{name}/delay` for how long they take"),
                    false => of_all(),
                }),
            ),
            ModifyError::NoField(_) => (
                format!("`{name}` has no parameter or field `{field}`"),
                Some(self.instead(field, &short).unwrap_or_else(|| {
                    format!(
                        "{}; a `let` that only one thing uses has no address of its own: aim at what uses it",
                        of_all()
                    )
                })),
            ),
            ModifyError::NoChance => (
                format!("whether `{field}` of `{name}` is true follows from other values, and is no chance of its own"),
                Some(format!("aim at what it follows from; {}", of_all())),
            ),
            ModifyError::NoChoice(texts) if texts.is_empty() => (
                format!("`{field}` of `{name}` is not chosen by weight among several texts"),
                Some(match self.program.modifiable_choices(target.stream) {
                    choices if choices.is_empty() => format!("`{name}` chooses nothing by weight"),
                    choices => format!("what it chooses by weight: {}", choices.join(", ")),
                }),
            ),
            ModifyError::NoChoice(texts) => (
                format!("`{field}` of `{name}` is never the text that is named last"),
                Some(format!("the texts that it may be: {}", texts.join(", "))),
            ),
            ModifyError::NotANumber => (
                format!("the field `{field}` of `{name}` is not a number that can be modified"),
                Some(match self.program.choices(target.stream, field).first() {
                    Some(text) => format!("it is chosen by weight: write `{name}/{field}/{text}` for how likely that text is"),
                    None => of_all(),
                }),
            ),
            ModifyError::OfDocument => (
                format!("the events of `{name}` are lines: they always come with their document, at once"),
                Some(format!(
                    "aim at what makes the documents, {}, or at `{name}/count`",
                    causes.join(", ")
                )),
            ),
            ModifyError::OfHistory => (
                format!("`{name}` is a history: it tells of each change, as it is"),
                Some(format!("aim at what makes the changes: {}", causes.join(", "))),
            ),
            ModifyError::Once => (
                format!("an event of `{name}` tells that a level is crossed, once each time"),
                Some(of_all()),
            ),
            ModifyError::OfLines => (
                format!("the field `{field}` of `{name}` is what its lines come to"),
                Some("aim at a field of the lines, or at how many there are".into()),
            ),
            ModifyError::TakenOver => (
                format!("`{name}` takes the field `{field}` over from its cause"),
                Some(format!(
                    "aim at that field of what causes it: {}",
                    causes.join(", ")
                )),
            ),
            ModifyError::Lacks(_) | ModifyError::Elsewhere | ModifyError::TooMany => (
                "the model has more modified parameters than can be told apart".into(),
                Some("use fewer modifiers".into()),
            ),
        }
    }

    /// What to aim at in place of a word that is no parameter: the nearest one that is, or why it is not bent.
    fn instead(&self, word: &str, short: &[String]) -> Option<String> {
        let known = NOT_BENT.iter().find(|(words, _)| words.contains(&word));
        let reason = || known.map(|(_, reason)| (*reason).to_owned());
        reason().or_else(|| suggestion(word, short.iter().map(String::as_str)))
    }

    /// The number that a parameter of causes always is, if it is the same constant for all of them.
    pub fn constant(&self, target: &Target) -> Option<f64> {
        let (Parameter::Probability(cause) | Parameter::Delay(cause)) = target.parameter else {
            return None;
        };
        let parents = StreamId::each(&self.program.streams);
        let parents = parents.filter(|(at, _)| cause.is_none_or(|cause| cause == *at));
        let effects = parents.flat_map(|(_, parent)| parent.all_effects());
        let mut constants = effects
            .filter(|effect| effect.stream == target.stream)
            .map(|effect| {
                let value = match (&target.parameter, &effect.delay) {
                    (Parameter::Delay(_), Delay::After(delay) | Delay::At(delay)) => delay,
                    _ => &effect.probability,
                };
                match value {
                    Expr::Num(constant) => Some(*constant),
                    _ => None,
                }
            });
        let first = constants.next()??;
        constants.all(|other| other == Some(first)).then_some(first)
    }

    /// The names of the streams that cause one.
    fn causes(&self, stream: StreamId) -> impl Iterator<Item = &str> {
        let streams = self.program.streams.iter();
        streams
            .filter(move |parent| parent.all_effects().any(|effect| effect.stream == stream))
            .map(|parent| parent.name.as_str())
    }
}
