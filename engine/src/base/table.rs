//! Tables as the engine hands them over: typed columns of plain vectors, without any file format.
//!
//! A [`Chunk`] is a run of rows of one stream in total order. What the columns mean stands in the
//! stream's [`TableSchema`]; text columns hold codes into the program's one dictionary of strings, unless they are of real
//! strings.

use std::borrow::Cow;
use std::sync::Arc;

use super::exact::Digits;
use super::strings::Strings;

/// The type of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// An identifier: a positive number of 63 bits without order, in JSON a string.
    Id,
    /// Microseconds since the Unix epoch, UTC.
    Time,
    /// A 64-bit float.
    Float,
    /// A 32-bit integer.
    Int,
    /// A whole number of 64 bits, or a decimal number, with so many digits; its values count units of the last decimal.
    Exact(Digits),
    /// A 16-bit unsigned integer (the cell).
    Small,
    /// True or false.
    Bool,
    /// One of the program's strings, as a code.
    Text,
    /// A string of its own.
    String,
}

impl ColumnType {
    /// One of each kind.
    pub const ALL: [ColumnType; 9] = [
        ColumnType::Id,
        ColumnType::Time,
        ColumnType::Float,
        ColumnType::Int,
        ColumnType::Exact(Digits::WHOLE),
        ColumnType::Small,
        ColumnType::Bool,
        ColumnType::Text,
        ColumnType::String,
    ];

    /// Its name, for people and in files.
    pub fn name(self) -> Cow<'static, str> {
        let name = match self {
            ColumnType::Id => "id",
            ColumnType::Time => "time",
            ColumnType::Float => "float",
            ColumnType::Int => "int",
            ColumnType::Exact(digits) => return digits.to_string().into(),
            ColumnType::Small => "small int",
            ColumnType::Bool => "bool",
            ColumnType::Text => "text",
            ColumnType::String => "string",
        };
        name.into()
    }

    /// The type of this name, if it is one.
    pub fn named(name: &str) -> Option<ColumnType> {
        let mut all = ColumnType::ALL.into_iter();
        let exact = || name.parse().ok().map(ColumnType::Exact);
        all.find(|kind| kind.name() == name).or_else(exact)
    }

    /// Whether its values can be summed up.
    pub fn is_number(self) -> bool {
        match self {
            ColumnType::Float | ColumnType::Int | ColumnType::Exact(_) => true,
            ColumnType::Id
            | ColumnType::Time
            | ColumnType::Small
            | ColumnType::Bool
            | ColumnType::Text
            | ColumnType::String => false,
        }
    }

    /// Whether a field of it can be without a value: what refers to nobody, or is never, or is a text of such, or is none of the
    /// texts that it may be.
    pub fn can_be_missing(self) -> bool {
        match self {
            ColumnType::Id | ColumnType::Time | ColumnType::String | ColumnType::Text => true,
            ColumnType::Float
            | ColumnType::Int
            | ColumnType::Exact(_)
            | ColumnType::Small
            | ColumnType::Bool => false,
        }
    }
}

/// One column of a table: its name and what its values mean.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnSpec {
    /// The column's name, unique in its table.
    pub name: String,
    /// The type of its values.
    pub kind: ColumnType,
    /// The unit of its values, such as `usd` or `ms`.
    pub unit: Option<String>,
    /// One sentence on what a value means.
    pub description: Option<String>,
    /// Whether a value may be missing.
    pub nullable: bool,
}

/// The columns of a table and the name it goes by.
#[derive(Clone, Debug, PartialEq)]
pub struct TableSchema {
    /// A stream's name, such as `booking.requested`, or an entity kind's.
    pub name: String,
    /// The columns in order.
    pub columns: Vec<ColumnSpec>,
}

/// The values of a column, one vector per physical type.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// [`ColumnType::Id`].
    Id(Vec<u64>),
    /// [`ColumnType::Time`], in microseconds.
    Time(Vec<i64>),
    /// [`ColumnType::Float`].
    Float(Vec<f64>),
    /// [`ColumnType::Int`].
    Int(Vec<i32>),
    /// [`ColumnType::Exact`], in units of the last decimal.
    Exact(Vec<i64>, Digits),
    /// [`ColumnType::Small`].
    Small(Vec<u16>),
    /// [`ColumnType::Bool`].
    Bool(Vec<bool>),
    /// [`ColumnType::Text`], codes into the dictionary.
    Text(Vec<u16>),
    /// [`ColumnType::String`].
    String(Strings),
}

impl Values {
    /// No values of a type.
    pub fn empty(kind: ColumnType) -> Values {
        match kind {
            ColumnType::Id => Values::Id(Vec::new()),
            ColumnType::Time => Values::Time(Vec::new()),
            ColumnType::Float => Values::Float(Vec::new()),
            ColumnType::Int => Values::Int(Vec::new()),
            ColumnType::Exact(digits) => Values::Exact(Vec::new(), digits),
            ColumnType::Small => Values::Small(Vec::new()),
            ColumnType::Bool => Values::Bool(Vec::new()),
            ColumnType::Text => Values::Text(Vec::new()),
            ColumnType::String => Values::String(Strings::default()),
        }
    }

    /// The type of columns that have such values.
    pub fn kind(&self) -> ColumnType {
        match self {
            Values::Id(_) => ColumnType::Id,
            Values::Time(_) => ColumnType::Time,
            Values::Float(_) => ColumnType::Float,
            Values::Int(_) => ColumnType::Int,
            Values::Exact(_, digits) => ColumnType::Exact(*digits),
            Values::Small(_) => ColumnType::Small,
            Values::Bool(_) => ColumnType::Bool,
            Values::Text(_) => ColumnType::Text,
            Values::String(_) => ColumnType::String,
        }
    }
}

/// Which rows of a column hold a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Validity {
    /// Every row does.
    All,
    /// No row does; the values are then an empty vector.
    None,
    /// One flag a row, true where there is a value; missing rows hold an arbitrary value.
    Mask(Vec<bool>),
}

impl Validity {
    /// Whether a row holds a value.
    #[inline]
    pub fn has(&self, row: usize) -> bool {
        match self {
            Validity::All => true,
            Validity::None => false,
            Validity::Mask(mask) => mask[row],
        }
    }
}

/// A column of a chunk.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The values.
    pub values: Values,
    /// Which of them count.
    pub validity: Validity,
}

/// Consecutive rows of one table, column by column.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// The table's index in its list of schemas (a stream's index in the program).
    pub table: usize,
    /// Number of rows; every column has as many.
    pub rows: usize,
    /// The columns in the schema's order.
    pub columns: Vec<Column>,
}

/// The dictionary of all text values of a program.
pub type Dictionary = Arc<[String]>;

/// Takes the rows of a run as it goes.
///
/// It is called by one thread at a time, while others play on; it is asked first [whether it takes parts](RowSink::in_parts),
/// which must not change during a run. What it gets is its own, so nothing that it does changes the rows, and the run waits for it at most
/// at the next barrier. When it fails, it is not called again.
pub trait RowSink: Send {
    /// Takes the next chunks. Over all calls, the rows of one table arrive in its total order. After each call all rows
    /// of all tables up to some time have come, so that none is there before what caused it, unless they come
    /// [in parts](RowSink::in_parts).
    ///
    /// # Errors
    /// Whatever keeps the sink from storing the rows; the run then stops and returns it.
    fn write(&mut self, chunks: Vec<Chunk>) -> Result<(), SinkError>;

    /// Whether the rows of a stretch of time may come in several calls, so that they need not all be there at once. A row
    /// may then come in an earlier call than what caused it.
    fn in_parts(&self) -> bool {
        false
    }
}

/// Why a [`RowSink`] could not store its rows.
pub type SinkError = Box<dyn std::error::Error + Send + Sync>;
