//! Texts that are put together: templates, digits by pattern, running numbers, and what is unique.

use std::ops::Range;

use causeflow_engine::base::strings::Strings;
use causeflow_engine::streams::program::{
    Drawn, Expr, Format, KindId, Pattern, Piece, Slot, Stream, Template, TimeFormat,
};

use super::exact::{as_number, exact_of};
use super::lower::{About, Scope};
use super::report::At;
use super::streams::Progress;
use super::types::{Ty, Typed, slot_of_own};
use super::{Compiler, Merged};
use crate::definition::{DigitsDef, Expression, ValueDef};
use crate::syntax::{Ast, AstKind};

/// What to do where a text that is put together is taken for something else.
pub(super) const WRITTEN_LATE: &str =
    "such a text is made when rows are written: use what it is made of instead";

/// Most zeros that a number is filled with, and most decimals that it is rounded to.
const MOST_WIDE: u8 = 30;
const MOST_DECIMALS: u8 = 12;

/// A number in whose order digits are to look random has fewer than so many others.
const MOST_NUMBERED: u128 = 1 << 62;

/// Drawn digits are taken for unique where two that are the same are less likely than this.
const RARELY: f64 = 1e-3;

/// Where nobody knows how many of a kind there will be, so many are reckoned with.
const MANY: f64 = 1e6;

/// A part of a template as it is written.
enum Part {
    Literal(String),
    /// An expression, and how it is to be written.
    Value(Range<usize>, Option<Range<usize>>),
}

/// What is wrong with a template, and where.
struct Wrong(Range<usize>, &'static str, &'static str);

/// Cuts a template into its parts.
fn parts_of(text: &str) -> Result<Vec<Part>, Wrong> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let next = at + c.len_utf8();
        match c {
            '{' | '}' if text[next..].starts_with(c) => {
                literal.push(c);
                at = next + 1;
            }
            '}' => {
                let help = "write }} for a brace that stands in the text";
                return Err(Wrong(at..next, "this brace closes nothing", help));
            }
            '{' => {
                let (value, format) = value_of(text, next)?;
                at = format.as_ref().map_or(value.end, |format| format.end) + 1;
                parts.push(Part::Literal(std::mem::take(&mut literal)));
                parts.push(Part::Value(value, format));
            }
            c => {
                literal.push(c);
                at = next;
            }
        }
    }
    parts.push(Part::Literal(literal));
    Ok(parts)
}

/// The expression that begins behind a brace, and what stands behind its colon.
fn value_of(text: &str, begin: usize) -> Result<(Range<usize>, Option<Range<usize>>), Wrong> {
    let (mut quoted, mut depth, mut colon) = (false, 0, None);
    for (at, c) in text[begin..].char_indices() {
        let at = begin + at;
        match c {
            '\'' if colon.is_none() => quoted = !quoted,
            _ if quoted => {}
            '(' => depth += 1,
            ')' => depth -= 1,
            ':' if depth == 0 && colon.is_none() => colon = Some(at),
            '}' => {
                let end = colon.unwrap_or(at);
                return Ok((begin..end, colon.map(|colon| colon + 1..at)));
            }
            _ => {}
        }
    }
    let help = "close it with }, or write {{ for a brace that stands in the text";
    Err(Wrong(
        begin - 1..text.len(),
        "this brace is not closed",
        help,
    ))
}

/// How wide a number is written, and with how many decimals: `06`, `.2` or `010.2`.
fn number_format(text: &str) -> Option<(u8, Option<u8>)> {
    let (width, decimals) = match text.split_once('.') {
        Some((width, decimals)) => (width, Some(decimals)),
        None => (text, None),
    };
    let decimals = match decimals {
        Some(decimals) => Some(decimals.parse().ok().filter(|d| *d <= MOST_DECIMALS)?),
        None => None,
    };
    let width = match width.strip_prefix('0') {
        Some(width) => width.parse().ok().filter(|w| (1..=MOST_WIDE).contains(w))?,
        None if width.is_empty() && decimals.is_some() => 0,
        None => return None,
    };
    Some((width, decimals))
}

/// A text of pieces.
fn written(pieces: Vec<Piece>) -> Typed {
    let mut template = Template::default();
    for piece in pieces {
        match piece {
            Piece::Literal(text) => template.push_literal(&text),
            value => template.pieces.push(value),
        }
    }
    Typed::new(Expr::Template(Box::new(template)), Ty::Written)
}

/// The pieces of a text that is put together.
fn pieces_of(typed: Typed) -> Vec<Piece> {
    match typed.expr {
        Expr::Template(template) => template.pieces,
        // A text whose pieces are not known so far, which is reported or found later.
        _ => Vec::new(),
    }
}

/// The text of one entity, as events read it: its own attributes are those of the one that is referred to.
pub(super) fn of_entity(kind: KindId, template: &Template, entity: &Expr) -> Typed {
    let id = || Expr::EntityId(kind, Box::new(entity.clone()));
    let mut expr = Expr::Template(Box::new(template.clone()));
    expr.rewrite(&mut |e| match e {
        Expr::Own(attribute) => {
            *e = Expr::Attribute(kind, Box::new(entity.clone()), *attribute);
        }
        Expr::EventId => *e = id(),
        _ => {}
    });
    let mut typed = Typed::new(expr, Ty::Written);
    if let Expr::Template(template) = &mut typed.expr {
        template.pieces.push(Piece::Value(id(), Format::Somebody));
    }
    typed
}

impl Compiler {
    /// Lowers a template.
    pub(super) fn template(&mut self, text: &str, scope: &Scope) -> Option<Typed> {
        let parts = match parts_of(text) {
            Ok(parts) => parts,
            Err(Wrong(span, message, help)) => {
                let help = Some(help.to_owned());
                self.report
                    .certain_error_in(&scope.at, &span, message, help);
                return None;
            }
        };
        let (mut scope, mut pieces, mut wrong) = (scope.clone(), Vec::new(), false);
        for part in parts {
            match part {
                Part::Literal(text) => pieces.push(Piece::Literal(text)),
                Part::Value(value, format) => {
                    match self.placeholder(text, (value, format), &mut scope) {
                        Some(more) => pieces.extend(more),
                        None => wrong = true,
                    }
                }
            }
        }
        (!wrong).then(|| written(pieces))
    }

    /// What stands in braces.
    fn placeholder(
        &mut self,
        text: &str,
        (value, format): (Range<usize>, Option<Range<usize>>),
        scope: &mut Scope,
    ) -> Option<Vec<Piece>> {
        if text[value.clone()].trim().is_empty() {
            let message = "nothing stands between these braces";
            let help = "write an expression, or {{ and }} for braces that stand in the text";
            let braces = value.start - 1..value.end + 1;
            self.report
                .certain_error_in(&scope.at, &braces, message, Some(help.into()));
            return None;
        }
        // With as many blanks before it, everything stands where it does in the text.
        let padded = format!("{}{}", " ".repeat(value.start), &text[value.clone()]);
        let typed = self.expression(&padded, scope)?;
        let own = matches!(scope.about, About::Entity { .. });
        if own && typed.ty != Ty::Written && typed.expr.any(is_drawn) {
            let message = "what is drawn for the text of an entity is an attribute of its own";
            let help = "give it a name among the attributes, and write the name here";
            self.report
                .error_in(&scope.at, &value, message, Some(help.into()));
            return None;
        }
        let shown = format.clone().map(|format| &text[format]);
        let span = format.unwrap_or(value);
        self.written_value(typed, shown, &span, scope)
    }

    /// The pieces that a value is written as.
    fn written_value(
        &mut self,
        typed: Typed,
        format: Option<&str>,
        span: &Range<usize>,
        scope: &Scope,
    ) -> Option<Vec<Piece>> {
        let mut refuse = |message: String, help: Option<&str>| {
            let help = help.map(str::to_owned);
            self.report.error_in(&scope.at, span, message, help);
            None
        };
        const OF_NUMBERS: &str = "06 for six digits with zeros before them, .2 for two decimals, 010.2 for both in ten characters";
        let (expr, format) = match (typed.ty, format) {
            (Ty::Number | Ty::Exact(_), Some(format)) => {
                let Some((width, decimals)) = number_format(format) else {
                    let message = format!("found `{format}`, which is no way to write a number");
                    return refuse(message, Some(OF_NUMBERS));
                };
                match typed.ty {
                    Ty::Exact(scale) => {
                        let scale = decimals.unwrap_or(scale);
                        (exact_of(typed, scale), Format::Exact(scale, width))
                    }
                    _ => (typed.expr, Format::Fixed(decimals.unwrap_or(0), width)),
                }
            }
            (Ty::Number, None) => (typed.expr, Format::Number(0)),
            (Ty::Exact(scale), None) => (typed.expr, Format::Exact(scale, 0)),
            (Ty::Time, format) => match format.unwrap_or(TimeFormat::ISO).parse() {
                Ok(format) => (typed.expr, Format::Time(format)),
                Err(error) => return refuse(error, None),
            },
            (Ty::Span, _) => {
                let message = "a duration is not written as it is".to_owned();
                return refuse(message, Some("divide it by a unit, such as {wait / 1h:.1}"));
            }
            (Ty::Entity(_) | Ty::Away(_) | Ty::Shared(_), _) => {
                let message = "an entity is not written as it is".to_owned();
                return refuse(message, Some("write its identifier, with `.id`"));
            }
            (_, Some(format)) => {
                let message = format!("only numbers and times have a format, found `{format}`");
                return refuse(message, Some("remove it, with its colon"));
            }
            (Ty::Bool, None) => (typed.expr, Format::Bool),
            (Ty::Text | Ty::Row(_), None) => (typed.expr, Format::Text),
            (Ty::Id, None) => (typed.expr, Format::Id),
            (Ty::Written, None) => return Some(pieces_of(typed)),
        };
        Some(vec![Piece::Value(expr, format)])
    }

    /// `digits(pattern)`, drawn by the key of the event or the entity, or `digits(pattern, number)`.
    pub(super) fn digits(
        &mut self,
        args: &[Ast],
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Typed> {
        let fine = (1..=2).contains(&args.len());
        let wanted = "a pattern, and a number if wanted";
        self.arity("digits", args.len(), wanted, fine, span, scope)?;
        let AstKind::Text(text) = &args[0].kind else {
            let message = "a pattern is a text in quotes";
            let help = "such as digits('01#########'), where # is a digit and ? a letter";
            self.report
                .certain_error_in(&scope.at, &args[0].span, message, Some(help.into()));
            return None;
        };
        let pattern = match text.parse::<Pattern>() {
            Ok(pattern) => pattern,
            Err(error) => {
                self.report
                    .certain_error_in(&scope.at, &args[0].span, error, None);
                return None;
            }
        };
        let purpose = scope.next_purpose();
        let Some(number) = args.get(1) else {
            let key = self.key_of(span, scope)?;
            let patterns = vec![(1.0, pattern)];
            let drawn = Box::new(Drawn { patterns, purpose });
            return Some(written(vec![Piece::Value(key, Format::Drawn(drawn))]));
        };
        if pattern.room() > MOST_NUMBERED {
            let message = "this pattern has more places than numbers fill";
            let help = "at most 18 digits are made of a number";
            self.report
                .certain_error_in(&scope.at, &args[0].span, message, Some(help.into()));
            return None;
        }
        let typed = self.lower(number, scope)?;
        let typed = self.check_type(typed, &[Ty::Number], scope, &number.span)?;
        let format = Format::Numbered(Box::new((pattern, purpose)));
        let value = as_number(typed).expr;
        Some(written(vec![Piece::Value(value, format)]))
    }

    /// Patterns, of which one is drawn by weight.
    pub(super) fn drawn_digits(
        &mut self,
        digits: &DigitsDef,
        scope: &Scope,
        name: &str,
    ) -> Option<Typed> {
        let weights = match digits {
            DigitsDef::One(pattern) => [(pattern.clone(), 1.0)].into_iter().collect(),
            DigitsDef::Weights(weights) => weights.clone(),
        };
        let (mut patterns, mut wrong) = (Vec::new(), false);
        for (text, share) in self.shares(&weights, &scope.at, name)? {
            match text.parse() {
                Ok(pattern) => patterns.push((share, pattern)),
                Err(error) => {
                    let at = match digits {
                        DigitsDef::One(_) => scope.at.clone(),
                        DigitsDef::Weights(_) => scope.at.key(text),
                    };
                    self.report.certain_error(&at, error, None);
                    wrong = true;
                }
            }
        }
        let key = self.key_of(&(0..0), scope)?;
        let purpose = scope.clone().purpose_of_choice();
        let drawn = Box::new(Drawn { patterns, purpose });
        (!wrong).then(|| written(vec![Piece::Value(key, Format::Drawn(drawn))]))
    }

    /// By which key digits are drawn: that of the event, or of the entity that is worked out.
    fn key_of(&mut self, span: &Range<usize>, scope: &Scope) -> Option<Expr> {
        if let About::Row(_)
        | About::Entity {
            variables: true, ..
        } = scope.about
        {
            let message = "digits are drawn for events and for attributes of entities";
            self.report.error_in(&scope.at, span, message, None);
            return None;
        }
        Some(Expr::EventId)
    }

    /// Refuses a text that is put together where it would have to be kept or decided about.
    pub(super) fn refuse_written(&mut self, typed: &Typed, what: &str, at: &At) -> Option<()> {
        if typed.ty != Ty::Written {
            return Some(());
        }
        self.refuse_text(what, at);
        None
    }

    /// Says that something cannot be a text that is put together.
    pub(super) fn refuse_text(&mut self, what: &str, at: &At) {
        let message = format!("{what} cannot be a text that is put together");
        self.report.error(at, message, Some(WRITTEN_LATE.into()));
    }

    /// An attribute that is a running number.
    pub(super) fn running(&mut self, first: u32, scope: &Scope) -> Option<Typed> {
        let About::Entity { kind, .. } = scope.about else {
            let message = "only attributes of entities are running numbers";
            let help = "count in a variable of an entity, such as `add: {invoices: 1}`, and write both numbers";
            self.report.error(&scope.at, message, Some(help.into()));
            return None;
        };
        if self.kinds[kind].grows {
            let name = &self.kinds[kind].name;
            let message = format!("events bring more of {name}, and those have no running number");
            let help =
                "take `{id}`, which is unique, or digits of a pattern with at least 16 places";
            self.report.error(&scope.at, message, Some(help.into()));
            return None;
        }
        if self.kinds[kind].running.is_some() {
            let message = "a kind has one running number";
            let help = "work the other one out of it";
            self.report.error(&scope.at, message, Some(help.into()));
            return None;
        }
        self.kinds[kind].running = Some((self.kinds[kind].attributes.len() as u16, first));
        Some(Typed::new(Expr::Num(f64::from(first)), Ty::Number))
    }

    /// Marks an attribute as unique if its definition says so, and checks that it can be.
    pub(super) fn check_unique(
        &mut self,
        k: KindId,
        at: &At,
        name: &str,
        value: &ValueDef,
        count: u32,
    ) {
        let ValueDef::Long(long) = value else {
            return;
        };
        if long.unique != Some(true) {
            return;
        }
        self.kinds[k].unique.push(name.to_owned());
        let text = self.kinds[k].texts.iter();
        let Some(template) =
            (text.rev().find(|text| text.column.name == name)).map(|text| text.template.clone())
        else {
            return;
        };
        let grows = self.kinds[k].grows;
        let many = f64::from(count).max(if grows { MANY } else { 1.0 });
        let of = &self.kinds[k].name;
        if let Some((room, numbered)) = self.room_of(k, &template) {
            let too_small = match numbered {
                true => room < many,
                // How likely it is that two of so many are the same (the birthday problem).
                false => many * many / (2.0 * room) > RARELY,
            };
            if too_small {
                let message = format!(
                    "{room:.0} different ones are too few for {many:.0} of {of} to be unique"
                );
                let help = match numbered || grows {
                    true => "give the pattern more places",
                    false => {
                        "give the pattern more places, or make it of a running number, with `digits('...', number)`"
                    }
                };
                self.report
                    .error(&at.key("unique"), message, Some(help.into()));
            }
        }
    }

    /// How many different texts there are of a template whose values are drawn digits alone, or digits of the running number.
    fn room_of(&self, k: KindId, template: &Template) -> Option<(f64, bool)> {
        let mut room = 1.0;
        for (e, format) in template.values() {
            match (format, e) {
                (Format::Drawn(drawn), _) => {
                    let rooms = drawn.patterns.iter().map(|(_, pattern)| pattern.room());
                    room *= rooms.min().unwrap_or(1) as f64;
                }
                (Format::Numbered(of), Expr::Own(at))
                    if self.kinds[k]
                        .running
                        .is_some_and(|(running, _)| running == *at) =>
                {
                    return Some((of.0.room() as f64, true));
                }
                (Format::Somebody, _) => {}
                _ => return None,
            }
        }
        Some((room, false))
    }

    /// Which kinds events bring more of.
    pub(super) fn mark_growing(&mut self, merged: &Merged) {
        for (_, definition) in merged.streams.values() {
            if let Some(kind) = definition.creates.as_ref().and_then(|name| self.kind(name)) {
                self.kinds[kind].grows = true;
            }
        }
    }

    /// Gives the values of texts a place of their own that are there only while the event takes place, so that its row keeps them. Texts
    /// that are no fields are in those that name them already.
    pub(super) fn keep_pieces(&mut self, s: usize) {
        for own in self.units[s].order.clone() {
            let Progress::Done(Some(typed)) = &self.units[s].own[own].progress else {
                continue;
            };
            let Expr::Template(template) = &typed.expr else {
                continue;
            };
            if !self.units[s].own[own].is_field {
                self.units[s].own[own].progress = Progress::Done(None);
                self.units[s].order.retain(|&other| other != own);
                continue;
            }
            let mut template = template.clone();
            for piece in &mut template.pieces {
                if let Piece::Value(e, format) = piece
                    && self.touches_state(s, e)
                {
                    let kept = Typed::new(e.clone(), type_of(format));
                    *e = Expr::Slot(self.keep_piece(s, own, kept));
                }
            }
            let expr = Expr::Template(template);
            self.units[s].own[own].progress = Progress::Done(Some(Typed::new(expr, Ty::Written)));
        }
    }

    /// Works a value out before the text that it is in.
    fn keep_piece(&mut self, s: usize, user: usize, value: Typed) -> Slot {
        let unit = &mut self.units[s];
        let own = unit.own.len();
        let mut variable = unit.own[user].clone();
        variable.name = format!("{}{{{own}}}", variable.name);
        variable.is_field = false;
        variable.definition = Some(ValueDef::Short(Expression(String::new())));
        variable.progress = Progress::Done(Some(value));
        unit.own.push(variable);
        let place = unit.order.iter().position(|&other| other == user);
        unit.order.insert(place.unwrap_or(0), own);
        slot_of_own(own)
    }

    /// Refuses texts that may become longer than columns can hold.
    pub(super) fn check_lengths(&mut self, streams: &[Stream], merged: &Merged) {
        let longest = self.texts.longest();
        let too_long = |template: &Template| template.most_bytes(longest) > Strings::MOST_BYTES;
        let mut wrong = Vec::new();
        for (s, stream) in streams.iter().enumerate() {
            for variable in &stream.variables {
                if let Expr::Template(template) = &variable.value
                    && too_long(template)
                {
                    let own = self.units[s].own.iter();
                    let own = own
                        .filter(|own| own.name == variable.name)
                        .map(|own| own.at.clone());
                    wrong.extend(own.clone());
                }
            }
        }
        for kind in &self.kinds {
            let file = merged.entities.get(&kind.name).map_or(0, |(file, _)| *file);
            let at = At::new(file, &["entities", &kind.name, "attributes"]);
            let long = kind.texts.iter().filter(|text| too_long(&text.template));
            wrong.extend(long.map(|text| at.key(&text.column.name)));
        }
        for at in wrong {
            let message = format!("this can become longer than {} bytes", Strings::MOST_BYTES);
            let help = format!(
                "the longest text of the model has {longest} bytes: write fewer of them into one"
            );
            self.report.error(&at, message, Some(help));
        }
    }
}

/// Whether an expression is a draw, or asks for what passes.
fn is_drawn(e: &Expr) -> bool {
    let draws = matches!(
        e,
        Expr::Draw(..)
            | Expr::Law(..)
            | Expr::Correlated(_)
            | Expr::Choice(..)
            | Expr::NewId(_)
            | Expr::Appointment(..)
    );
    draws || e.reads_state()
}

/// The type of what is written so.
fn type_of(format: &Format) -> Ty {
    match format {
        Format::Number(_) | Format::Fixed(..) | Format::Numbered(_) => Ty::Number,
        Format::Exact(scale, _) => Ty::Exact(*scale),
        Format::Bool => Ty::Bool,
        Format::Text => Ty::Text,
        Format::Id | Format::Somebody | Format::Drawn(_) => Ty::Id,
        Format::Time(_) => Ty::Time,
    }
}

/// Whether the text of an entity may have no value, as far as it tells itself.
pub(super) fn may_miss(template: &Template) -> bool {
    let mut values = template.values();
    values.any(|(e, format)| match format {
        Format::Time(_) => true,
        Format::Id | Format::Somebody => !matches!(e, Expr::EventId),
        _ => false,
    })
}
