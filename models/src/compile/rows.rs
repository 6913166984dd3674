//! What expressions say of the rows of tables: which is drawn, or found, and what stands in it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use causeflow_engine::base::draw::{Purpose, purpose};
use causeflow_engine::streams::program::{Cells, Expr, NO_TIME, StartRow};

use super::Compiler;
use super::lower::Scope;
use super::tables::{ColumnOfRows, Rows, number_of};
use super::types::{Texts, Ty, Typed};
use crate::diagnostic::{number, suggestion};
use crate::syntax::{Ast, AstKind};

impl Compiler {
    /// The table of a name.
    pub(super) fn table_named(&self, name: &str) -> Option<u16> {
        let place = self.tables.iter().position(|(table, _)| table == name);
        place.map(|place| place as u16)
    }

    fn table_argument(&mut self, arg: &Ast, scope: &Scope) -> Option<u16> {
        let name = self.plain_name(arg, scope)?;
        let found = self.table_named(&name);
        if found.is_none() && !self.report.is_spoilt("tables", &name) {
            let help = suggestion(&name, self.tables.iter().map(|(name, _)| name.as_str()));
            let message = format!("there is no table `{name}`");
            self.report
                .certain_error_in(&scope.at, &arg.span, message, help);
        }
        found.filter(|&table| !self.rows(table).is_spoilt)
    }

    fn rows(&self, table: u16) -> &Rows {
        &self.tables[usize::from(table)].1
    }

    /// A row as a value: the text of its key.
    fn row_value(&self, table: u16, expr: Expr) -> Typed {
        Typed {
            expr,
            ty: Ty::Row(table),
            texts: Some(self.rows(table).texts()),
        }
    }

    /// Those from whose rows entities are made, and how many.
    pub(super) fn start_rows(&self, table: u16) -> Vec<StartRow> {
        let keys = self.rows(table).keys.iter();
        let row = |&code: &u16| StartRow {
            purpose: purpose(self.texts.text(code)),
            code,
        };
        keys.map(row).collect()
    }

    /// `row.column`.
    pub(super) fn cell(
        &mut self,
        table: u16,
        row: Expr,
        part: &str,
        span: &Range<usize>,
        scope: &Scope,
    ) -> Option<Typed> {
        let rows = self.rows(table);
        let Some(column) = rows.column(part) else {
            if rows.is_spoilt {
                return None;
            }
            let name = &self.tables[usize::from(table)].0;
            let message = format!("the table {name} has no column `{part}`");
            let help = suggestion(part, rows.columns.iter().map(|column| column.name.as_str()));
            self.report.error_in(&scope.at, span, message, help);
            return None;
        };
        let texts: Texts = (column.ty == Ty::Text).then(|| {
            // That of no row is the empty one.
            column
                .words
                .iter()
                .map(|&word| word as u16)
                .chain([0])
                .collect()
        });
        let missing = match column.ty {
            Ty::Time => NO_TIME.to_bits(),
            _ => 0,
        };
        let pairs = rows.keys.iter().copied().zip(column.words.iter().copied());
        let cells = Cells::new(pairs, missing, column.ty != Ty::Text);
        Some(Typed {
            expr: Expr::Cell(Arc::new(cells), Box::new(row)),
            ty: column.ty,
            texts,
        })
    }

    /// `lookup(table, text)`: the row whose key it is, or that of none.
    pub(super) fn lookup_row(
        &mut self,
        args: &[Ast],
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Typed> {
        let wanted = "a table and a text";
        self.arity("lookup", args.len(), wanted, args.len() == 2, span, scope)?;
        let table = self.table_argument(&args[0], scope)?;
        let text = self.lower(&args[1], scope)?;
        let text = self.check_type(text, &[Ty::Text], scope, &args[1].span)?;
        let keys = self.rows(table).texts();
        if let Some(possible) = &text.texts
            && possible.is_disjoint(&keys)
        {
            let name = &self.tables[usize::from(table)].0;
            let message = format!("no row of {name} has any of the keys that this can be");
            self.report
                .error_in(&scope.at, &args[1].span, message, None);
            return None;
        }
        let pairs = keys.iter().map(|&code| (code, u64::from(code)));
        let cells = Cells::new(pairs, 0, false);
        let mut row = self.row_value(table, Expr::Cell(Arc::new(cells), Box::new(text.expr)));
        row.texts.iter_mut().for_each(|texts| {
            texts.insert(0);
        });
        Some(row)
    }

    /// `choose(table, weight: column, column: text)`: a row by weight, of all or of those where a column is a text.
    pub(super) fn choose(
        &mut self,
        args: &[Ast],
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Typed> {
        let some = !args.is_empty();
        self.arity(
            "choose",
            args.len(),
            "a table, and what is said of it",
            some,
            span,
            scope,
        )?;
        let draw = scope.next_purpose();
        let table = self.table_argument(&args[0], scope)?;
        let (mut weights, mut by) = (None, None);
        for arg in &args[1..] {
            let AstKind::Named(name, value) = &arg.kind else {
                let message =
                    "expected `weight: column`, or a column and the text that it is to be";
                self.report
                    .certain_error_in(&scope.at, &arg.span, message, None);
                return None;
            };
            let twice = if name == "weight" {
                weights.is_some()
            } else {
                by.is_some()
            };
            if twice {
                let message = match name == "weight" {
                    true => "there is a second `weight`",
                    false => "rows are chosen by the text of one column",
                };
                self.report
                    .certain_error_in(&scope.at, &arg.span, message, None);
                return None;
            }
            match name == "weight" {
                true => weights = Some(self.weights(table, value, scope)?),
                false => by = Some(self.condition(table, name, value, &arg.span, scope)?),
            }
        }
        let keys = self.rows(table).keys.clone();
        let weights = weights.unwrap_or_else(|| vec![1.0; keys.len()]);
        let rows = keys.iter().copied().zip(weights);
        let Some((selector, column)) = by else {
            let Some(choice) = choice(rows, draw) else {
                self.no_weight(&args[0].span, scope);
                return None;
            };
            return Some(self.row_value(table, choice));
        };
        let mut groups: BTreeMap<u16, Vec<(u16, f64)>> = BTreeMap::new();
        for (row, text) in rows.zip(column) {
            groups.entry(text).or_default().push(row);
        }
        let cases = groups
            .into_iter()
            .filter_map(|(text, rows)| Some((text, choice(rows.into_iter(), draw)?)));
        let cases: Vec<(u16, Expr)> = cases.collect();
        if cases.is_empty() {
            self.no_weight(&args[0].span, scope);
            return None;
        }
        let none = Box::new(Expr::Text(0));
        let mut row = self.row_value(table, Expr::Case(Box::new(selector), cases, none));
        row.texts.iter_mut().for_each(|texts| {
            texts.insert(0);
        });
        Some(row)
    }

    fn no_weight(&mut self, span: &Range<usize>, scope: &Scope) {
        let message = "the weights of these rows add up to nothing, or to more than any number";
        self.report.certain_error_in(&scope.at, span, message, None);
    }

    /// The weights in a column.
    fn weights(&mut self, table: u16, value: &Ast, scope: &Scope) -> Option<Vec<f64>> {
        let name = self.plain_name(value, scope)?;
        let column = self.column_of(table, &name, Ty::Number, &value.span, scope)?;
        let weights: Vec<f64> = column
            .words
            .iter()
            .map(|&word| f64::from_bits(word))
            .collect();
        let wrong = weights.iter().position(|weight| *weight < 0.0);
        if let Some(at) = wrong {
            let message = format!(
                "found the weight {}, expected 0 or more",
                number(weights[at])
            );
            let file = self.rows(table).file;
            self.report
                .error_at(file, column.spans[at].clone(), message, None);
            return None;
        }
        Some(weights)
    }

    /// A column of texts, and the text that it is to be.
    fn condition(
        &mut self,
        table: u16,
        name: &str,
        value: &Ast,
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<(Expr, Vec<u16>)> {
        let column = self.column_of(table, name, Ty::Text, span, scope)?;
        let typed = self.lower(value, scope)?;
        let typed = self.check_type(typed, &[Ty::Text], scope, &value.span)?;
        let texts: Vec<u16> = column.words.iter().map(|&word| word as u16).collect();
        if let Some(possible) = &typed.texts
            && !texts.iter().any(|text| possible.contains(text))
        {
            let message = format!("no row has any of the values that this can be as its `{name}`");
            self.report.error_in(&scope.at, &value.span, message, None);
            return None;
        }
        Some((typed.expr, texts))
    }

    fn column_of(
        &mut self,
        table: u16,
        name: &str,
        ty: Ty,
        span: &Range<usize>,
        scope: &Scope,
    ) -> Option<ColumnOfRows> {
        let rows = self.rows(table);
        let of_type = rows.columns.iter().filter(|column| column.ty == ty);
        if let Some(column) = of_type.clone().find(|column| column.name == name) {
            return Some(column.clone());
        }
        let help = match rows.column(name) {
            // A single cell that is no number makes all of them texts.
            Some(column) if column.ty == Ty::Text => {
                let texts = column.words.iter();
                let mut texts = texts.map(|&word| self.texts.text(word as u16));
                let wrong = texts.find(|cell| number_of(cell).is_none());
                let wrong = wrong.unwrap_or_default();
                Some(format!(
                    "`{wrong}` is no number: correct it, or state `types: {{{name}: number}}` to be told of all such cells"
                ))
            }
            _ => suggestion(name, of_type.map(|column| column.name.as_str())),
        };
        let what = if ty == Ty::Number { "numbers" } else { "texts" };
        let table = &self.tables[usize::from(table)].0;
        let message = format!("the table {table} has no column `{name}` of {what}");
        self.report.certain_error_in(&scope.at, span, message, help);
        None
    }
}

/// A choice among rows by weight, if any has one.
fn choice(rows: impl Iterator<Item = (u16, f64)>, draw: Purpose) -> Option<Expr> {
    let (codes, weights): (Vec<u16>, Vec<f64>) = rows.filter(|row| row.1 > 0.0).unzip();
    let total: f64 = weights.iter().sum();
    let mut sum = 0.0;
    let shares = weights.iter().map(|weight| {
        sum += weight / total;
        sum
    });
    let shares: Vec<f64> = shares.collect();
    (total > 0.0 && total.is_finite()).then_some(Expr::Choice(shares, codes, draw))
}
