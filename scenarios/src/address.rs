//! Addresses of parameters, such as `payment.failure/probability`, and what they mean in a program.

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::program::{
    Delay, Envelope, Expr, Modifier, ModifyError, Operation, Parameter, Program, Settling, StreamId,
};
use causeflow_engine::streams::sides::Label;
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

/// The names of parameters that are not fields.
const PARAMETERS: [&str; 6] = ["rate", "volume", "probability", "delay", "work", "count"];

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

/// The parameters of a program, as addresses name them.
pub(crate) struct Addresses<'p> {
    /// The program.
    pub program: &'p Program,
    /// A copy of it, at which modifiers are aimed to see whether they can be.
    pub scratch: Program,
}

impl<'p> Addresses<'p> {
    /// Those of a program.
    pub fn of(program: &'p Program) -> Self {
        Addresses {
            program,
            scratch: program.clone(),
        }
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

    /// What an address means.
    pub fn resolve(&mut self, address: &str) -> Result<(Target, Domain), Wrong> {
        let mut parts = address.trim().splitn(3, '/');
        let (name, parameter, of) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        let Some(parameter) = parameter else {
            let message = format!("`{address}` is not the address of a parameter");
            let help = "write the stream and its parameter, such as `payment.failure/probability`";
            return Err((message, Some(help.into())));
        };
        if let (Some(desk), STAFF, None) = (self.desk(name), parameter, of) {
            return self.staff(address, name, desk);
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
        if let Some(text) = of.filter(|_| !PARAMETERS.contains(&parameter)) {
            let chosen = Parameter::Choice(parameter.to_owned(), text.to_owned());
            return self.aimed(address, name, stream, chosen, Domain::Probability);
        }
        let cause = of.map(|cause| self.stream(cause)).transpose()?;
        let (parameter, domain) = match parameter {
            "probability" => (Parameter::Probability(cause), Domain::Probability),
            "delay" => (Parameter::Delay(cause), Domain::Delay),
            "count" => (Parameter::Count(cause), Domain::Count),
            other if cause.is_some() => {
                let message = format!("`{other}` does not depend on the cause");
                let help = format!("leave the cause out: `{name}/{other}`");
                return Err((message, Some(help)));
            }
            "rate" => (Parameter::Rate, Domain::Rate),
            "work" => (Parameter::Work, Domain::Delay),
            "volume" => (Parameter::Volume, Domain::Volume),
            field => (
                Parameter::Field(field.to_owned()),
                self.field(stream, field),
            ),
        };
        self.aimed(address, name, stream, parameter, domain)
    }

    /// The target of an address, if the engine takes it.
    fn aimed(
        &mut self,
        address: &str,
        name: &str,
        stream: StreamId,
        parameter: Parameter,
        domain: Domain,
    ) -> Result<(Target, Domain), Wrong> {
        let target = Target {
            address: address.trim().to_owned(),
            stream,
            parameter,
        };
        // The engine is the judge of what can be modified; a modifier that does nothing asks it.
        let nothing = Modifier {
            by: Label::NONE,
            operation: Operation::Multiply(1.0),
            envelope: Envelope {
                start: Time(0),
                onset: Span(0),
                end: Time(0),
                settling: Settling::Immediate,
                until: None,
            },
            precedence: 0,
        };
        match self.scratch.modify(stream, &target.parameter, nothing) {
            Ok(()) => Ok((target, domain)),
            Err(error) => Err(self.refused(name, &target, &error)),
        }
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
    fn staff(&mut self, address: &str, name: &str, desk: u16) -> Result<(Target, Domain), Wrong> {
        let Some(stream) = self.program.served_at(desk).next() else {
            let message = format!("no events wait at the desk `{name}`");
            let help = "aim at a desk that a stream names under `desk`";
            return Err((message, Some(help.into())));
        };
        self.aimed(address, name, stream, Parameter::Staff(desk), Domain::Count)
    }

    /// What to aim at of a desk.
    fn of_desks(&self, desk: &str) -> String {
        let streams = self.program.streams.iter();
        let waiting = streams.filter(|stream| stream.service.is_some());
        let works: Vec<String> = waiting
            .map(|stream| format!("`{}/work`", stream.name))
            .collect();
        format!(
            "`{desk}` is a desk: aim at how many agents it has, `{desk}/{STAFF}`, at how long work takes there, such as {}, or at what comes to it",
            works.join(", ")
        )
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

    fn refused(&self, name: &str, target: &Target, error: &ModifyError) -> Wrong {
        let causes: Vec<&str> = self.causes(target.stream).collect();
        let fields = self.program.modifiable_fields(target.stream);
        let field = match &target.parameter {
            Parameter::Field(field) | Parameter::Choice(field, _) => field.as_str(),
            _ => "",
        };
        let of_fields = || match fields.is_empty() {
            true => format!("`{name}` has no field that can be modified"),
            false => format!("fields that can be modified: {}", fields.join(", ")),
        };
        match error {
            ModifyError::NoRate => (
                format!("`{name}` has no source with a rate"),
                Some(match causes.is_empty() {
                    true => of_fields(),
                    false => format!(
                        "write `{name}/volume` for all that makes it, or aim at what causes it: {}",
                        causes.join(", ")
                    ),
                }),
            ),
            ModifyError::NoCause if causes.is_empty() => (
                format!("nothing causes `{name}`"),
                Some(format!("write `{name}/rate`")),
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
                Some(format!("write `{name}/delay` for how long they take")),
            ),
            ModifyError::NoField(names) => (
                format!("`{name}` has no parameter or field `{field}`"),
                suggestion(field, names.iter().map(String::as_str).chain(PARAMETERS)).or_else(|| {
                    Some(format!(
                        "{}; a `let` that only one thing uses has no address of its own: aim at what uses it",
                        of_fields()
                    ))
                }),
            ),
            ModifyError::NoChance => (
                format!("whether `{field}` of `{name}` is true follows from other values, and is no chance of its own"),
                Some(format!("aim at what it follows from; {}", of_fields())),
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
                    None => of_fields(),
                }),
            ),
            ModifyError::OfDocument => (
                format!("the events of `{name}` are lines: they always come with their document, at once"),
                Some(format!(
                    "aim at what makes the documents, {}, or at `{name}/count`",
                    causes.join(", ")
                )),
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
