//! The types of expressions, and the names that a model knows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use causeflow_engine::base::exact::Digits;
use causeflow_engine::base::table::Dictionary;
use causeflow_engine::base::time::Span;
use causeflow_engine::streams::program::{Binary, Expr, KindId, Slot, TextColumn, Unary};

/// What kind of value an expression has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ty {
    /// A number.
    Number,
    /// An exact number with so many decimals.
    Exact(u8),
    /// True or false.
    Bool,
    /// A length of time.
    Span,
    /// A point in time.
    Time,
    /// A text of the dictionary.
    Text,
    /// A text that is put together: an [`Expr::Template`].
    Written,
    /// An identifier.
    Id,
    /// A reference to an entity.
    Entity(KindId),
    /// A reference to an entity that lives in a cell which the event may have left.
    Away(KindId),
    /// A reference to an entity of a shared kind, wherever that lives.
    Shared(KindId),
    /// A row of a table, which is the text of its key.
    Row(u16),
}

impl Ty {
    /// The type, a row being a text.
    pub fn plain(self) -> Ty {
        match self {
            Ty::Row(_) => Ty::Text,
            ty => ty,
        }
    }
}

/// What a value is rounded to.
#[derive(Clone, Copy, Debug)]
pub enum Rounded {
    /// So many decimals.
    Decimals(u8),
    /// Whole numbers of 32 bits.
    Whole,
    /// Exact numbers of so many digits.
    Exact(Digits),
}

/// The texts that an expression can yield, where that is known.
pub type Texts = Option<BTreeSet<u16>>;

/// A lowered expression with its type.
#[derive(Clone, Debug)]
pub struct Typed {
    /// The expression; slots of streams are still virtual (see [`slot_of_own`]).
    pub expr: Expr,
    /// Its type.
    pub ty: Ty,
    /// The texts it can yield.
    pub texts: Texts,
}

impl Typed {
    /// A value that is not a text.
    pub fn new(expr: Expr, ty: Ty) -> Typed {
        Typed {
            expr,
            ty,
            texts: None,
        }
    }
}

/// Two expressions and what joins them.
pub fn both(op: Binary, a: Expr, b: Expr) -> Expr {
    Expr::Binary(op, Box::new(a), Box::new(b))
}

/// The opposite of a truth value.
pub fn not(e: Expr) -> Expr {
    Expr::Unary(Unary::Not, Box::new(e))
}

/// Until slots are assigned, a stream's own variable `i` has the slot `OWN + i`, and its input `i`
/// has the slot `i`.
const OWN: usize = 0x4000;

/// The slot of an own variable, until slots are assigned.
pub fn slot_of_own(own: usize) -> Slot {
    Slot::at(OWN + own)
}

/// The slot of an input. Of too many inputs, all are refused later, whatever slots they have got.
pub fn slot_of_input(input: usize) -> Slot {
    Slot(input as u16)
}

/// The own variable that a slot is that of, until slots are assigned; none for an input.
pub fn own_of_slot(slot: Slot) -> Option<usize> {
    slot.index().checked_sub(OWN)
}

/// All texts of a model; code 0 is the empty text, code 1 is `source`.
#[derive(Clone, Debug)]
pub struct Texts16 {
    list: Vec<String>,
    codes: BTreeMap<String, u16>,
}

impl Default for Texts16 {
    fn default() -> Self {
        let mut texts = Texts16 {
            list: Vec::new(),
            codes: BTreeMap::new(),
        };
        texts.code("");
        texts.code("source");
        texts
    }
}

impl Texts16 {
    /// The code of a text, which is added if it is new.
    pub fn code(&mut self, text: &str) -> u16 {
        if let Some(&code) = self.codes.get(text) {
            return code;
        }
        let code = self.list.len().min(usize::from(u16::MAX)) as u16;
        self.list.push(text.to_owned());
        self.codes.insert(text.to_owned(), code);
        code
    }

    /// The text of a code.
    pub fn text(&self, code: u16) -> &str {
        &self.list[usize::from(code)]
    }

    /// Whether a text is the first for which there is no code any more.
    pub fn is_one_too_many(&self, text: &str) -> bool {
        self.list.len() == usize::from(u16::MAX) && !self.codes.contains_key(text)
    }

    /// Whether there are more texts than codes.
    pub fn overflows(&self) -> bool {
        self.list.len() > usize::from(u16::MAX)
    }

    /// How many bytes the longest text has.
    pub fn longest(&self) -> usize {
        self.list.iter().map(String::len).max().unwrap_or(0)
    }

    /// All texts by code.
    pub fn dictionary(&self) -> Dictionary {
        Arc::from(self.list.clone())
    }
}

/// What expressions may know of a kind of entity.
#[derive(Clone, Debug, Default)]
pub struct KindNames {
    /// Its name.
    pub name: String,
    /// Whether all know them.
    pub shared: bool,
    /// Its states.
    pub states: Vec<String>,
    /// Names, types and texts of its attributes so far.
    pub attributes: Vec<(String, Ty, Texts)>,
    /// Names, types and texts of its variables.
    pub variables: Vec<(String, Ty, Texts)>,
    /// Its attributes that are texts that are put together.
    pub texts: Vec<TextColumn>,
    /// The place of the attribute that is its running number, and from which number on that counts.
    pub running: Option<(u16, u32)>,
    /// The names of the attributes that are unique.
    pub unique: Vec<String>,
    /// Whether events bring more of them.
    pub grows: bool,
    /// How its attributes and variables are worked out, as far as others may go together with them.
    pub values: BTreeMap<String, Expr>,
    /// Those that are parts of a number: (of what, name, weight).
    pub parts: Vec<(String, String, f64)>,
    /// What those of them are rounded to that are.
    pub rounded: BTreeMap<String, Rounded>,
    /// Length of the slots of its calendar, if it has one.
    pub slots: Option<Span>,
    /// Whether something is wrong with it already: what it lacks may have been meant.
    pub is_spoilt: bool,
}
