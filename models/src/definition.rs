//! The model format as types. The JSON Schema for editors and the structural checks are both
//! generated from them; docs/models.md explains every key.

use causeflow_engine::base::exact::Digits;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A map that keeps the order of the file.
pub type Map<T> = IndexMap<String, T>;

/// An expression, such as `0.3`, `5m`, `student.grade` or `lognormal(8h, 0.5)`.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(try_from = "serde_json::Value")]
pub struct Expression(pub String);

impl TryFrom<serde_json::Value> for Expression {
    type Error = &'static str;

    fn try_from(value: serde_json::Value) -> Result<Self, Self::Error> {
        use serde_json::Value::{Bool, Number, String};
        match value {
            String(text) => Ok(Expression(text)),
            // Written out, so that it is one number however the file writes it.
            Number(number) if number.is_f64() => {
                Ok(Expression(number.as_f64().unwrap_or_default().to_string()))
            }
            other @ (Number(_) | Bool(_)) => Ok(Expression(other.to_string())),
            _ => Err("an expression is a text, a number or a truth value"),
        }
    }
}

impl JsonSchema for Expression {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Expression".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": ["string", "number", "boolean"],
            "description": "An expression such as 0.3, 5m, student.grade or lognormal(8h, 0.5)"
        })
    }
}

/// A duration such as `10s`, `5m`, `2h`, `1d`; a number without a unit is refused later, by name.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(try_from = "serde_json::Value")]
pub struct Duration(pub String);

impl TryFrom<serde_json::Value> for Duration {
    type Error = &'static str;

    fn try_from(value: serde_json::Value) -> Result<Self, Self::Error> {
        Expression::try_from(value).map(|text| Duration(text.0))
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": ["string", "number"],
            "description": "A duration with a unit, such as 10s, 5m, 2h or 1d"
        })
    }
}

/// A number of events a day such as `1440`, or in another time such as `60/h`.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(try_from = "serde_json::Value")]
pub struct Rate(pub String);

impl TryFrom<serde_json::Value> for Rate {
    type Error = &'static str;

    fn try_from(value: serde_json::Value) -> Result<Self, Self::Error> {
        Expression::try_from(value).map(|text| Rate(text.0))
    }
}

impl JsonSchema for Rate {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Rate".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": ["string", "number"],
            "description": "Events a day, such as 1440, or in another time, such as 60/h"
        })
    }
}

/// A file of a model. A folder's files are put together; each name may stand in one of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// The model itself; in exactly one file of a folder.
    pub model: Option<ModelBlock>,
    /// Values that have a name, and that a run may give another value.
    #[serde(default)]
    pub parameters: Map<ParameterDef>,
    /// Factors for days of the year.
    #[serde(default)]
    pub calendars: Map<Vec<SeasonDef>>,
    /// When people work, by the names of places.
    #[serde(default)]
    pub workdays: Map<WorkdaysDef>,
    /// How rates follow hours, weekdays and calendars.
    #[serde(default)]
    pub profiles: Map<ProfileDef>,
    /// Reference data: tables in CSV files of the model's folder.
    #[serde(default)]
    pub tables: Map<TableDef>,
    /// Kinds of entities.
    #[serde(default)]
    pub entities: Map<EntityDef>,
    /// Which entities are linked with which: several of one kind with several of another.
    #[serde(default)]
    pub relations: Map<RelationDef>,
    /// Agents who are shared by the whole business, and whom events wait for.
    #[serde(default)]
    pub desks: Map<DeskDef>,
    /// Numbers that events raise and lower, by their names.
    #[serde(default)]
    pub counters: Vec<CounterDef>,
    /// The streams of events.
    #[serde(default)]
    pub streams: Map<StreamDef>,
    /// What is expected of the rows, for `causeflow test`.
    #[serde(default)]
    pub expect: Map<ExpectDef>,
}

impl ModelFile {
    /// Whether it says what is expected, and nothing else.
    pub(crate) fn only_expects(&self) -> bool {
        let ModelFile {
            model,
            parameters,
            calendars,
            workdays,
            profiles,
            tables,
            entities,
            relations,
            desks,
            counters,
            streams,
            expect,
        } = self;
        let nothing =
            model.is_none() && parameters.is_empty() && calendars.is_empty() && profiles.is_empty();
        let nothing = nothing
            && workdays.is_empty()
            && tables.is_empty()
            && entities.is_empty()
            && relations.is_empty()
            && desks.is_empty();
        nothing && counters.is_empty() && streams.is_empty() && !expect.is_empty()
    }
}

/// What holds for the whole model.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelBlock {
    /// The model's name.
    pub name: String,
    /// One line on what it models.
    #[serde(default)]
    pub description: String,
    /// Number of independent parts of the population.
    #[schemars(range(min = 1, max = 4096))]
    pub cells: u16,
    /// How often cells synchronise.
    pub window: Duration,
    /// What is played before the start, without being written.
    pub warmup: Option<Duration>,
    /// IANA name of the time zone of hours and days; UTC by default.
    pub time_zone: Option<String>,
    /// The days of the weekend, such as [fri, sat]; without it those that the profiles set apart, or Saturday and Sunday.
    pub weekend: Option<Vec<Weekday>>,
    /// The days over which declared rates are the average.
    pub reference: ReferenceDef,
    /// Small variance of the sources' rates.
    pub spikes: Option<SpikesDef>,
}

/// The days over which declared rates are the average.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferenceDef {
    /// First day, such as 2026-02-02.
    pub start: String,
    /// Number of days.
    #[schemars(range(min = 1, max = 3660))]
    pub days: u32,
    /// Growth of the population a month, such as 3.5%.
    pub growth_per_month: Option<Expression>,
}

/// A share of the intervals of each source has a slightly higher or lower rate.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpikesDef {
    /// Share of the intervals, such as 7.5%.
    pub share: Expression,
    /// By how much the rate differs in them, such as 12%.
    pub size: Expression,
    /// Length of an interval.
    pub every: Duration,
}

/// A factor for some days of every year, or for dates that differ from year to year.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeasonDef {
    /// What it is called.
    pub name: String,
    /// First day, such as 05-01.
    pub from: Option<String>,
    /// Last day, included.
    pub to: Option<String>,
    /// In place of both: a CSV file with dates, such as eid.csv, or several.
    pub dates: Option<FilesDef>,
    /// What rates are multiplied by.
    #[schemars(range(min = 0))]
    pub factor: f64,
}

/// A file of the model's folder, or several.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum FilesDef {
    /// One.
    One(String),
    /// Several, which are put together.
    Several(Vec<String>),
}

impl FilesDef {
    /// Their names.
    pub fn names(&self) -> &[String] {
        match self {
            FilesDef::One(name) => std::slice::from_ref(name),
            FilesDef::Several(names) => names,
        }
    }
}

/// When people work at a place.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkdaysDef {
    /// The days of the weekend, such as [fri, sat]; those of the model, or Saturday and Sunday, by default.
    pub weekend: Option<Vec<Weekday>>,
    /// A CSV file with the dates on which nobody works, such as holidays.csv, or several.
    pub dates: Option<FilesDef>,
    /// In which hours of working days work is done, such as 9h..17h; all day by default.
    pub open: Option<OpeningDef>,
    /// Dates with other hours.
    #[serde(default)]
    pub dated: Vec<DatedOpeningDef>,
}

/// The hours in which work is done.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OpeningDef {
    /// The same on all working days.
    Same(HoursDef),
    /// By the day of the week: mon, tue, wed, thu, fri, sat, sun.
    Days(Map<HoursDef>),
}

/// Hours of a day.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum HoursDef {
    /// From when to when, such as 9h..17h.
    One(String),
    /// With breaks, such as [9h..12h, 13h..17h].
    Several(Vec<String>),
}

/// Dates with other hours of work.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatedOpeningDef {
    /// A CSV file with the dates, or several.
    pub dates: FilesDef,
    /// The hours in which work is done on those of them that are working days.
    pub open: HoursDef,
}

/// Dates with other hours of the day.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatedHoursDef {
    /// A CSV file with the dates, or several.
    pub dates: FilesDef,
    /// 24 weights, midnight first.
    #[schemars(length(equal = 24))]
    pub hours: Vec<f64>,
}

/// How a rate follows hours, weekdays and a calendar; all weights are relative.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileDef {
    /// 24 weights, midnight first.
    #[schemars(length(equal = 24))]
    pub hours: Option<Vec<f64>>,
    /// Dates on which the hours have other weights, such as Ramadan.
    #[serde(default)]
    pub dated: Vec<DatedHoursDef>,
    /// Whether each of them holds for its whole hour, instead of being interpolated.
    #[serde(default)]
    pub steps: bool,
    /// 7 weights, Monday first.
    #[schemars(length(equal = 7))]
    pub weekdays: Option<Vec<f64>>,
    /// Name of the calendar that applies.
    pub calendar: Option<String>,
    /// Whether it grows by the reference's growth, too.
    #[serde(default)]
    pub growth: bool,
}

/// A value that has a name: the value alone, or a map that says more about it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ParameterDef {
    /// The value alone, such as 5%.
    Short(Expression),
    /// All about it.
    Long(LongParameterDef),
}

/// A value that has a name, with what belongs to it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LongParameterDef {
    /// Its value unless a run gives it another one: a number, a share, a duration, a truth value or a text.
    pub value: Expression,
    /// The least that it may be.
    pub min: Option<Expression>,
    /// The most that it may be.
    pub max: Option<Expression>,
    /// The unit of its values, such as usd.
    pub unit: Option<String>,
    /// What it means.
    pub description: Option<String>,
}

/// A table in a CSV file of the model's folder: its name, or a map that says more about it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum TableDef {
    /// The name of the file alone, such as cities.csv.
    Short(String),
    /// All about the table.
    Long(LongTableDef),
}

/// A table in a CSV file of the model's folder, with what belongs to it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LongTableDef {
    /// The name of the file, such as cities.csv.
    pub file: String,
    /// The column by which rows are told apart and found; the first one by default.
    pub key: Option<String>,
    /// Types of columns. Without one, a column has numbers, truth values or times if all its cells are that, and otherwise texts.
    #[serde(default)]
    pub types: Map<CellType>,
}

/// What stands in a column of a table.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum CellType {
    /// Numbers.
    Number,
    /// true or false.
    Bool,
    /// Dates such as 2026-02-02, or times such as 2026-02-02T08:30, in the model's time zone.
    Time,
    /// Texts.
    Text,
}

impl CellType {
    /// What a cell is expected to be.
    pub(crate) fn expected(self) -> &'static str {
        match self {
            CellType::Number => "a number",
            CellType::Bool => "true or false",
            CellType::Time => "a date such as 2026-02-02",
            CellType::Text => "a text",
        }
    }
}

/// A kind of entity.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntityDef {
    /// How many there are from the start, at scale 1.
    #[schemars(range(min = 0, max = 100_000_000))]
    pub count: Option<u32>,
    /// Whether all cells, the platform and the desks know all of them. Each lives in one cell, and changes there.
    #[serde(default)]
    pub shared: bool,
    /// Whether a run says of them, too, how they stood when its window began: in the table `entities_start/KIND`.
    #[serde(default)]
    pub opening: bool,
    /// Variables, and `state`, of which each change is a row of the stream KIND.history: what held, since when, until when.
    #[serde(default)]
    pub track: Vec<String>,
    /// The table from whose rows those of the start are made, one each at scale 1; their attribute of this name is the row.
    pub rows: Option<String>,
    /// The names of its states; one is `active` by default.
    pub states: Option<Vec<String>>,
    /// State of those there from the start, or states with weights; the first by default.
    pub starts: Option<StartsDef>,
    /// State of one that an event creates; the first by default.
    pub joins: Option<String>,
    /// How often an entity is picked, relative to the others.
    pub activity: Option<Expression>,
    /// What is drawn once per entity and never changes.
    #[serde(default)]
    pub attributes: Map<ValueDef>,
    /// What events change.
    #[serde(default)]
    pub variables: Map<ValueDef>,
    /// Gives each starting entity an owner of another kind.
    #[serde(default)]
    pub belongs_to: Map<BelongsDef>,
    /// Which slots of its days each has offered, and which are reserved.
    pub calendar: Option<CalendarDef>,
    /// Whom each of them links, where they are the links of a relation of this name; said by `relations`.
    #[serde(skip)]
    pub relation: Option<RelationDef>,
}

/// A relation: each of one kind may be linked with several of another one, and each of those with several of the first.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelationDef {
    /// The kind of those of whom it is said: in `student.tutors` that of the student.
    pub of: String,
    /// The kind of those with whom they are linked.
    pub to: String,
    /// What it is called from the other end: in `tutor.students` the students.
    pub back: Option<String>,
    /// With how many others each of `of` is linked from the start; none without.
    pub starts: Option<BelongsDef>,
    /// A CSV file of the model's folder with a row for each two who are linked from the start: in the columns named like the kind `of` and like the
    /// relation stand the keys of the rows from which they are made.
    pub rows: Option<String>,
    /// One sentence on what it means.
    pub description: Option<String>,
}

/// The states of those there from the start.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum StartsDef {
    /// One for all.
    One(String),
    /// Drawn by weight.
    Weights(Map<f64>),
}

/// The calendar of each entity of a kind.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarDef {
    /// Length of a slot: a part of a day, 30m at least.
    pub step: Duration,
    /// How many days it reaches, with the running one.
    #[schemars(range(min = 1, max = 366))]
    pub days: u16,
    /// `always` where all slots are offered; otherwise none is until an event opens it.
    pub open: Option<OpenDef>,
}

/// Which slots are offered without any event.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum OpenDef {
    /// All of them.
    Always,
}

/// How many entities an owner has.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BelongsDef {
    /// Least.
    #[schemars(range(min = 0, max = 100_000))]
    pub min: u32,
    /// Most.
    #[schemars(range(min = 1, max = 100_000))]
    pub max: u32,
    /// The kind of the owner, where the reference has another name; said by `relations`.
    #[serde(skip)]
    pub kind: Option<String>,
}

/// Agents who are shared by the whole business.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeskDef {
    /// One line on who works there.
    #[serde(default)]
    pub description: String,
    /// When they work; shifts at the same time add up.
    #[serde(default)]
    pub shifts: Vec<ShiftDef>,
    /// In place of shifts: how many there are at all times, such as beds, at scale 1.
    pub capacity: Option<u32>,
}

/// A part of the day, in the model's time zone, in which some agents work.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShiftDef {
    /// The days on which it begins; all by default.
    pub days: Option<Vec<Weekday>>,
    /// The full hour at which it begins, such as 8h.
    pub from: Duration,
    /// The full hour at which it ends; on the next day if that is not after `from`.
    pub to: Duration,
    /// How many agents work, at scale 1.
    pub agents: u32,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Weekday {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

/// What an event wants at a desk.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceDef {
    /// The desk's name, or an expression that yields one.
    pub name: Expression,
    /// How long an agent works on it; it takes place when that is over.
    pub work: Option<Expression>,
    /// In whose name an agent is held, an id; it takes place when there is one.
    pub hold: Option<Expression>,
    /// In whose name agents are free again, an id.
    pub release: Option<Expression>,
    /// A whole number; lower ones come first, equal ones in the order of their arrival. 0 by default.
    pub priority: Option<Expression>,
    /// How long it waits at most; then it takes place without an agent.
    pub give_up: Option<Expression>,
    /// How many may wait before it, at scale 1; where more do, it takes place at once, without an agent.
    pub room: Option<Expression>,
}

/// What was observed: written out, or in a table.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum LawDef<T> {
    /// Written out.
    Written(Map<T>),
    /// The name of a table, or of a column of one, such as waits.morning.
    Table(String),
}

/// A value: an expression, or a map that says more about it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ValueDef {
    /// The expression alone.
    Short(Expression),
    /// All about the value.
    Long(Box<FieldDef>),
}

/// A value with what belongs to it; with none of `value`, `text`, `digits`, `choice`, `quantiles`, `histogram`, `part`, `running` and
/// `by`, it is taken over from the cause.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldDef {
    /// How it is worked out.
    pub value: Option<Expression>,
    /// A text that is put together, with expressions in braces, such as "INV-{year(time)}-{number:06}".
    pub text: Option<String>,
    /// A pattern in which each # is a digit that is drawn, and each ? a letter; or several with their weights.
    pub digits: Option<DigitsDef>,
    /// A running number within the kind, from this one on; for attributes.
    #[schemars(range(max = 1_000_000_000))]
    pub running: Option<u32>,
    /// Whether no two of the kind have the same; for attributes.
    pub unique: Option<bool>,
    /// Texts and their weights.
    pub choice: Option<Map<f64>>,
    /// Shares and the values below which they lie, such as {0%: 1, 50%: 12, 100%: 90}: a value is drawn from between them.
    pub quantiles: Option<LawDef<Expression>>,
    /// Ranges such as 0..10, or single values, and their weights: a value is drawn from one of them.
    pub histogram: Option<LawDef<f64>>,
    /// A part of a number that is divided by chance.
    pub part: Option<PartDef>,
    /// Other values beside this one that its draw goes together with, and how closely: correlations from -1 to 1.
    #[serde(default)]
    pub correlates: Map<f64>,
    /// The text on which it depends.
    pub by: Option<Expression>,
    /// For each value of `by`, the value; `else` for all others.
    pub cases: Option<Map<ValueDef>>,
    /// Rounds to so many decimals.
    #[schemars(range(min = 0, max = 12))]
    pub decimals: Option<u8>,
    /// `int` rounds to whole numbers; exact ones are `bigint` and `decimal(digits, decimals)`.
    pub r#type: Option<TypeName>,
    /// The unit, such as usd or ms.
    pub unit: Option<String>,
    /// One sentence on what it means.
    pub description: Option<String>,
}

/// A pattern of digits and letters, or several of which one is drawn.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum DigitsDef {
    /// The pattern.
    One(String),
    /// Patterns and their weights.
    Weights(Map<f64>),
}

/// A part of a number. All parts of the same number beside one another add up to it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartDef {
    /// The whole number that is divided.
    pub of: Expression,
    /// How much of it comes here, relative to the other parts.
    #[schemars(range(min = 0))]
    pub weight: f64,
}

impl FieldDef {
    /// How it is written as a number, if that is said.
    pub fn number_type(&self) -> Option<NumberType> {
        self.r#type.as_ref().and_then(TypeName::number_type)
    }

    /// Whether it says itself how it is worked out.
    pub fn has_own_value(&self) -> bool {
        self.value.is_some()
            || self.text.is_some()
            || self.digits.is_some()
            || self.running.is_some()
            || self.choice.is_some()
            || self.quantiles.is_some()
            || self.histogram.is_some()
            || self.part.is_some()
            || self.by.is_some()
    }
}

/// How a number is written, by its name; what is none is refused later.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct TypeName(pub String);

impl JsonSchema for TypeName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TypeName".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "How a number is written: int (whole, 32 bits), float (64 bits), or exactly: bigint (whole, 64 bits) or decimal(digits, decimals) such as decimal(12, 2)",
            "pattern": "^(int|float|bigint|decimal\\([0-9]+, *[0-9]+\\))$"
        })
    }
}

impl TypeName {
    /// The type of this name, if it is one.
    pub fn number_type(&self) -> Option<NumberType> {
        match &*self.0 {
            "int" => Some(NumberType::Int),
            "float" => Some(NumberType::Float),
            exact => exact.parse().ok().map(NumberType::Exact),
        }
    }
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberType {
    /// Whole numbers of 32 bits.
    Int,
    /// 64-bit floats.
    Float,
    /// Exact numbers of so many digits.
    Exact(Digits),
}

/// A number that events raise and lower: its name, or more of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum CounterDef {
    /// Its name.
    Short(String),
    /// Its name and its type.
    Long(LongCounterDef),
}

impl CounterDef {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            CounterDef::Short(name) => name,
            CounterDef::Long(long) => &long.name,
        }
    }
}

/// A counter of exact numbers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LongCounterDef {
    /// Its name.
    pub name: String,
    /// What it counts: exact numbers have at most 15 digits here.
    pub r#type: TypeName,
}

/// A stream of events.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StreamDef {
    /// The business domain; by default the name up to its first dot.
    pub domain: Option<String>,
    /// How often events come, for readers.
    pub cadence: Option<Cadence>,
    /// One line on what an event means.
    pub description: Option<String>,
    /// Whether its events are written; true by default. They take place all the same, and can be asked for by the stream's name.
    pub written: Option<bool>,
    /// What makes events that nothing in the model causes.
    pub source: Option<SourceDef>,
    /// What makes events at regular times.
    pub timer: Option<TimerDef>,
    /// Which events cause this one.
    #[serde(default)]
    pub causes: Vec<CauseDef>,
    /// Several events from which this one follows together, instead of `causes`.
    pub after: Option<AfterDef>,
    /// A level of an entity that is crossed, which makes its events, instead of `causes`.
    pub crossing: Option<CrossingDef>,
    /// The desk at which events wait for an agent; they take place when the agent is done.
    pub desk: Option<ServiceDef>,
    /// What is worked out without being written.
    #[serde(default)]
    pub r#let: Map<ValueDef>,
    /// A condition without which the event does not happen when its time comes.
    pub requires: Option<Expression>,
    /// The columns.
    #[serde(default)]
    pub fields: Map<ValueDef>,
    /// The field that history sums up: one of the stream's, and a number.
    pub value: Option<String>,
    /// The kind of entity that the event brings.
    pub creates: Option<String>,
    /// What the event changes.
    #[serde(default)]
    pub changes: Vec<ChangeDef>,
    /// The lines of the event, which come with it: events of a stream of their own.
    pub lines: Option<Box<LinesDef>>,
    /// The stream of the events of which its own are the lines; said by `lines` of that one.
    #[serde(skip)]
    pub document: Option<String>,
    /// The kind of entity of which it is the history; said by `track` of that one.
    #[serde(skip)]
    pub tracks: Option<String>,
    /// The relation of whose links it tells; said by that one.
    #[serde(skip)]
    pub relation: Option<String>,
}

/// The lines of a document: events of a stream of their own that come with it, at once.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinesDef {
    /// The name of their stream, such as order.line.
    pub name: String,
    /// How many there are, 10,000 at most: a number, or an expression over the document that is bounded.
    pub count: Expression,
    /// The business domain; by default the name up to its first dot.
    pub domain: Option<String>,
    /// How often they come, for readers.
    pub cadence: Option<Cadence>,
    /// One line on what a line means.
    pub description: Option<String>,
    /// Whether they are written; true by default.
    pub written: Option<bool>,
    /// What is worked out without being written.
    #[serde(default)]
    pub r#let: Map<ValueDef>,
    /// The columns, besides `line`, its number in the document from 1 on.
    #[serde(default)]
    pub fields: Map<ValueDef>,
    /// The field that history sums up: one of the lines', and a number.
    pub value: Option<String>,
    /// The kind of entity that each line brings.
    pub creates: Option<String>,
    /// What each line changes.
    #[serde(default)]
    pub changes: Vec<ChangeDef>,
}

/// How often events come, for readers and dashboards.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Cadence {
    /// Every 1 to 10 seconds.
    High,
    /// Every 1 to 5 minutes.
    Medium,
    /// Every 30 to 60 minutes, or more seldom.
    Low,
}

/// Arrivals at a rate.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceDef {
    /// Arrivals a day at scale 1, the mean over the reference days; with a unit, such as 60/h, in that time.
    pub rate: Rate,
    /// Name of the profile that the rate follows; constant without one.
    pub profile: Option<String>,
    /// Kind of the entity whose doing it is.
    pub actor: Option<String>,
    /// States in which an actor takes part: a list, or a map with shares.
    pub states: Option<StatesDef>,
    /// A further condition on the actor.
    pub when: Option<Expression>,
    /// Whether actors are picked by `activity` or all alike (`equal`).
    pub weight: Option<Weight>,
}

/// How actors are picked.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// By their activity.
    Activity,
    /// All alike.
    Equal,
}

/// States of actors.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum StatesDef {
    /// Those that take part.
    List(Vec<String>),
    /// How much each takes part, 0 to 1.
    Shares(Map<f64>),
}

/// Events at regular times.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimerDef {
    /// Length of a period, or `month`. Whole days are those of the model's time zone.
    pub every: Duration,
    /// The day of the week, such as mon, of periods of whole weeks; the day of the month, such as 15, of months.
    pub day: Option<DayDef>,
    /// Offset within the period, or the time of the day where `day` is given.
    pub at: Option<Duration>,
    /// Each occurrence comes up to this much later.
    pub jitter: Option<Duration>,
    /// Kind of the entities that each have a timer of their own.
    pub per: Option<String>,
    /// States in which they take part.
    pub states: Option<StatesDef>,
    /// A further condition on them.
    pub when: Option<Expression>,
    /// One timer for each of the texts, under the name given.
    pub for_each: Option<Map<Vec<String>>>,
}

/// On which day of its period a timer is due.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(untagged)]
pub enum DayDef {
    /// Of a week.
    OfWeek(Weekday),
    /// Of a month; the last one where the month has fewer.
    OfMonth(#[schemars(range(min = 1, max = 31))] u8),
}

/// One event follows from another.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CauseDef {
    /// The causing stream.
    pub on: String,
    /// How likely; 1 by default.
    pub probability: Option<Expression>,
    /// How long after; at once by default.
    pub delay: Option<Expression>,
    /// At which time, instead of a delay.
    pub at: Option<Expression>,
    /// How many.
    pub count: Option<Expression>,
    /// From one to the next, and before the first.
    pub spacing: Option<Expression>,
    /// Whom it reaches, each by an event of its own: a kind of entity, or a kind and to whom they belong, whom the cause knows
    /// by this name (`service.database`).
    pub each: Option<String>,
    /// Name of the group of which exactly one happens.
    pub outcome: Option<String>,
    /// A condition on the cause.
    pub when: Option<Expression>,
    /// `any` lets it land in any cell; the name of an entity that has been left behind, or a list of such names, in the cell where
    /// that is.
    pub cell: Option<CellDef>,
    /// Whether it is one of several from which the event follows together; said by `after`.
    #[serde(skip)]
    pub joined: bool,
    /// The relation of whose links it reaches each that somebody has, of whom its word in `each` says; said by `unlink`.
    #[serde(skip)]
    pub links: Option<String>,
    /// Whether it reaches those with whom somebody is linked by a relation.
    #[serde(skip)]
    pub related: bool,
}

/// What has to have happened to an entity, or not to have happened, until an event follows. It has one of `all`, `any` and `none`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AfterDef {
    /// Streams of which each has to have happened.
    pub all: Option<Vec<String>>,
    /// Streams of which one has to have happened, or as many as `at_least` says.
    pub any: Option<Vec<String>>,
    /// How many of `any` have to have happened; 1 by default.
    pub at_least: Option<u32>,
    /// Streams of which none may have happened by the deadline, `within` after `since`.
    pub none: Option<Vec<String>>,
    /// The kind of the entity to which all of it happens: each of the streams knows one by this name.
    pub of: String,
    /// The stream whose event begins it: what came before does not count, and it follows once for each.
    pub since: Option<String>,
    /// The time in which all of it happens: after `since`, or without it from the first to the last.
    pub within: Option<Expression>,
    /// How long after the last of them it follows; at once by default.
    pub delay: Option<Expression>,
    /// How likely it follows; 1 by default.
    pub probability: Option<Expression>,
}

impl AfterDef {
    /// The streams that are waited for.
    pub fn members(&self) -> &[String] {
        let lists = [&self.all, &self.any, &self.none];
        lists
            .into_iter()
            .flatten()
            .next()
            .map_or(&[], Vec::as_slice)
    }
}

/// A condition on an entity: an event follows when it comes to hold, and not again until another one has held.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrossingDef {
    /// The kind of the entity, by whose name the stream knows it.
    pub of: String,
    /// What comes to hold, of its attributes, variables and state, such as `level > 80`.
    pub when: Expression,
    /// What has to hold before the next time, such as `level < 60`; by default, that the first one does not.
    pub until: Option<Expression>,
}

/// Where a caused event lands: `same`, `any`, or where somebody lives.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(untagged)]
pub enum CellDef {
    /// In the cell of its cause (`same`), in any (`any`), or in that of the entity of this name.
    One(String),
    /// In the cell of the first of these entities; the others live there, too.
    Of(#[schemars(length(min = 1))] Vec<String>),
}

impl CellDef {
    /// Whether the event may land in any cell.
    pub fn is_any(&self) -> bool {
        matches!(self, CellDef::One(word) if word == "any")
    }

    /// The entities in whose cell it lands; none where it lands in any, or in that of its cause.
    pub fn entities(&self) -> &[String] {
        match self {
            CellDef::One(word) if word == "any" || word == "same" => &[],
            CellDef::One(name) => std::slice::from_ref(name),
            CellDef::Of(names) => names,
        }
    }
}

/// A change that an event makes.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeDef {
    /// The entity that changes.
    pub entity: Option<String>,
    /// The state it moves to.
    pub state: Option<String>,
    /// Variables that are set.
    #[serde(default)]
    pub set: Map<Expression>,
    /// Variables that are added to; for a counter, what is added.
    pub add: Option<AddDef>,
    /// For each kind, how many starting entities of the cell now belong to this one.
    #[serde(default)]
    pub adopt: Map<u32>,
    /// For each relation, with whom the entity is linked from now on.
    #[serde(default)]
    pub link: Map<Expression>,
    /// For each relation, with whom the entity is linked no more; `all` of them.
    #[serde(default)]
    pub unlink: Map<Expression>,
    /// The counter that changes.
    pub counter: Option<String>,
    /// Slots of the entity's calendar that are reserved: all must be free.
    pub reserve: Option<SlotsDef>,
    /// Slots that are no longer reserved.
    pub release: Option<SlotsDef>,
    /// Slots that are offered from now on.
    pub open: Option<SlotsDef>,
    /// Slots that are no longer offered; what is reserved stays so.
    pub block: Option<SlotsDef>,
    /// A condition.
    pub when: Option<Expression>,
}

/// Slots of a calendar: those that a range of time touches.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlotsDef {
    /// When the range begins.
    pub from: Expression,
    /// How long it is.
    pub r#for: Expression,
    /// From one range to the next; 1d by default.
    pub every: Option<Expression>,
    /// How many ranges, at most 400; 1 by default.
    pub times: Option<Expression>,
}

/// What is added.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AddDef {
    /// To a counter.
    Counter(Expression),
    /// To variables of the entity.
    Variables(Map<Expression>),
}

/// What is expected of rows. It has one of `rate`, `share`, `mean`, `sum` and `each`, and what belongs to that.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectDef {
    /// What it means.
    pub description: Option<String>,
    /// A stream: how many rows it has a day, at scale 1.
    pub rate: Option<String>,
    /// A stream: its rows as a share of those of the stream in `of`, or those of its own for which `where` holds.
    pub share: Option<String>,
    /// An expression over the columns of the stream in `of`: its mean.
    pub mean: Option<Expression>,
    /// An expression over the columns of the stream in `of`: its sum, a day at scale 1 with bounds, in all with `equals`.
    pub sum: Option<Expression>,
    /// A stream of whose rows each one is looked at.
    pub each: Option<String>,
    /// The stream that `share`, `mean` or `sum` is of.
    pub of: Option<String>,
    /// Which rows count: a condition over their columns.
    pub r#where: Option<Expression>,
    /// From where to where the figure lies, such as 4%..6%.
    pub between: Option<Expression>,
    /// The least that the figure is.
    pub at_least: Option<Expression>,
    /// The most that the figure is.
    pub at_most: Option<Expression>,
    /// Another sum, which is the same.
    pub equals: Option<TotalDef>,
    /// By which share of the larger one two sums may differ; 0 by default.
    pub within: Option<Expression>,
    /// A condition over the columns that holds for each row.
    pub holds: Option<Expression>,
    /// A stream of which a row comes before each row, in the same chain of causes.
    pub after: Option<String>,
    /// The column that both have alike, instead of the chain.
    pub by: Option<String>,
}

/// A sum over the rows of a stream.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TotalDef {
    /// An expression over the columns.
    pub sum: Expression,
    /// The stream.
    pub of: String,
    /// Which rows count.
    pub r#where: Option<Expression>,
}

/// The JSON Schema of the files of a model.
pub fn schema() -> serde_json::Value {
    let mut schema = schema_of_values();
    crate::parameters::allow_names(&mut schema);
    schema
}

/// The same of files in which the names of parameters have become numbers.
pub(crate) fn schema_of_values() -> serde_json::Value {
    let schema = schemars::schema_for!(ModelFile);
    schema.to_value()
}
