//! The operators of expressions.

/// An operator between two parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `or`.
    Or,
    /// `and`.
    And,
    /// `<`.
    Less,
    /// `<=`.
    AtMost,
    /// `>`.
    Greater,
    /// `>=`.
    AtLeast,
    /// `==`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `+`.
    Plus,
    /// `-`.
    Minus,
    /// `*`.
    Times,
    /// `/`.
    Over,
}

/// An operator before a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// `-`.
    Minus,
    /// `not`.
    Not,
}

impl Operator {
    /// All of them by how tightly they bind, the loosest first.
    pub const LEVELS: [&[Operator]; 5] = [
        &[Operator::Or],
        &[Operator::And],
        &[
            Operator::Less,
            Operator::AtMost,
            Operator::Greater,
            Operator::AtLeast,
            Operator::Equal,
            Operator::NotEqual,
        ],
        &[Operator::Plus, Operator::Minus],
        &[Operator::Times, Operator::Over],
    ];

    /// How it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Operator::Or => "or",
            Operator::And => "and",
            Operator::Less => "<",
            Operator::AtMost => "<=",
            Operator::Greater => ">",
            Operator::AtLeast => ">=",
            Operator::Equal => "==",
            Operator::NotEqual => "!=",
            Operator::Plus => "+",
            Operator::Minus => "-",
            Operator::Times => "*",
            Operator::Over => "/",
        }
    }

    /// Whether it asks whether two values are the same.
    pub fn asks_for_equals(self) -> bool {
        matches!(self, Operator::Equal | Operator::NotEqual)
    }

    /// Whether it compares two values.
    pub fn compares(self) -> bool {
        match self {
            Operator::Less
            | Operator::AtMost
            | Operator::Greater
            | Operator::AtLeast
            | Operator::Equal
            | Operator::NotEqual => true,
            Operator::Or
            | Operator::And
            | Operator::Plus
            | Operator::Minus
            | Operator::Times
            | Operator::Over => false,
        }
    }
}

impl Prefix {
    /// All of them.
    pub const ALL: [Prefix; 2] = [Prefix::Minus, Prefix::Not];

    /// How it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Prefix::Minus => "-",
            Prefix::Not => "not",
        }
    }

    /// The level of the operators between what it stands before; those of lower ones end it. Nothing if it takes a single
    /// part.
    pub fn level(self) -> Option<usize> {
        match self {
            Prefix::Minus => None,
            Prefix::Not => Some(2),
        }
    }
}
