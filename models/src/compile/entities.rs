//! Kinds of entities: states, attributes, variables, owners.

use causeflow_engine::base::draw::purpose;
use causeflow_engine::base::table::{ColumnSpec, ColumnType};
use causeflow_engine::streams::program::{
    Attribute, Belonging, Expr, Kind, KindId, NO_ENTITY, Program, TextColumn,
};

use super::bounds::bounds;
use super::lower::{About, Scope};
use super::parts::parts_of;
use super::report::{At, Reporter};
use super::texts::may_miss;
use super::types::{KindNames, Rounded, Ty};
use super::{Compiler, Merged};
use crate::definition::{BelongsDef, EntityDef, FieldDef, StartsDef, ValueDef};
use crate::diagnostic::{number, suggestion};

impl Compiler {
    pub(super) fn entities(&mut self, merged: &Merged) -> Vec<Kind> {
        for (name, (file, definition)) in &merged.entities {
            let at = Self::place_of_kind(name, *file, definition);
            self.check_name(name, &at);
            for part in ["attributes", "variables"] {
                let names = if part == "attributes" {
                    &definition.attributes
                } else {
                    &definition.variables
                };
                names
                    .keys()
                    .for_each(|name| self.check_name(name, &at.key(part).key(name)));
            }
            let states = definition.states.as_deref().unwrap_or_default();
            for (i, state) in states.iter().enumerate() {
                let at = at.key("states").key(i);
                self.check_name(state, &at);
                if states[..i].contains(state) {
                    let message = format!("the state `{state}` stands here a second time");
                    let help = "remove one of the two, or rename it";
                    self.report.error(&at, message, Some(help.into()));
                }
            }
            let states = definition
                .states
                .clone()
                .unwrap_or_else(|| vec!["active".into()]);
            let mut owners = definition.belongs_to.keys();
            let spoilt = |name: &String| self.report.is_spoilt("entities", name);
            let values = definition.attributes.iter().chain(&definition.variables);
            self.kinds.push(KindNames {
                name: name.clone(),
                shared: definition.shared,
                states,
                parts: parts_of(values),
                is_spoilt: self.report.is_tainted(&at) || owners.any(spoilt),
                ..KindNames::default()
            });
        }
        self.mark_growing(merged);
        merged
            .entities
            .iter()
            .enumerate()
            .map(|(k, (name, (file, definition)))| {
                let (kind, at) = (KindId::at(k), Self::place_of_kind(name, *file, definition));
                self.entity(kind, &at, definition, merged)
            })
            .collect()
    }

    /// Warns of cells in which nobody lives, since there are too few of a kind, and of those in which too few are there to be
    /// dealt as it is stated.
    pub(super) fn check_cells(&mut self, program: &Program, at: &At) {
        for misdealt in program.misdealt(1.0) {
            let help = "write fewer `cells`, or bounds that leave room";
            let message = misdealt.in_words(program);
            self.report
                .warning(&at.key("cells"), message, Some(help.into()));
        }
        let Some((kind, peopled)) = program.scarcest(1.0) else {
            return;
        };
        let (name, cells) = (&program.kinds[kind].name, program.cells);
        let message = format!(
            "{peopled} of these {cells} cells are peopled: there are {peopled} of the kind `{name}`, and who looks for one finds it in the same cell"
        );
        let help = format!("write `cells: {peopled}`");
        self.report.warning(&at.key("cells"), message, Some(help));
    }

    fn entity(&mut self, k: KindId, at: &At, definition: &EntityDef, merged: &Merged) -> Kind {
        let name = self.kinds[k].name.clone();
        let states = self.kinds[k].states.clone();
        if states.is_empty() || states.len() > 255 {
            self.report
                .error_at_key(&at.key("states"), "a kind has 1 to 255 states", None);
        }
        let state = |wanted: &str, at: &At, report: &mut Reporter| {
            let place = states.iter().position(|state| state == wanted);
            place.unwrap_or_else(|| {
                let help = suggestion(wanted, states.iter().map(String::as_str));
                report.error(at, format!("a {name} has no state `{wanted}`"), help);
                0
            }) as u8
        };
        let joins = definition.joins.as_ref();
        let joins = joins.map_or(0, |joins| state(joins, &at.key("joins"), &mut self.report));
        let at_start = at.key("starts");
        let starts = match &definition.starts {
            None => vec![(1.0, 0)],
            Some(StartsDef::One(one)) => vec![(1.0, state(one, &at_start, &mut self.report))],
            Some(StartsDef::Weights(weights)) => {
                let shares = self
                    .shares(weights, &at_start, "starts")
                    .unwrap_or_default();
                let shares = shares.into_iter().map(|(name, share)| {
                    let of = state(name, &at_start.key(name), &mut self.report);
                    (share, of)
                });
                shares.collect()
            }
        };
        let (count, rows) = self.start_of(k, at, definition);
        let mut attributes = Vec::new();
        if let Some(table) = rows {
            attributes.push(self.row_attribute(k, table));
        }
        for (attribute, value) in &definition.attributes {
            let at = at.key("attributes").key(attribute);
            attributes.extend(self.attribute(k, &at, attribute, value, false));
            self.check_unique(k, &at, attribute, value, count);
        }
        let activity = definition.activity.as_ref().and_then(|text| {
            let at = at.key("activity");
            let value = ValueDef::Short(text.clone());
            let made = self.attribute(k, &at, "activity", &value, false)?;
            if bounds(&made.value).1 <= 0.0 {
                let message = "with this activity nobody is ever picked, expected more than 0";
                let help = "leave `activity` out if all are picked alike";
                self.report.error(&at, message, Some(help.into()));
            }
            attributes.push(made);
            Some((attributes.len() - 1) as u16)
        });
        let mut variables = Vec::new();
        for (variable, value) in &definition.variables {
            let at = at.key("variables").key(variable);
            variables.extend(self.attribute(k, &at, variable, value, true));
        }
        let belongs_to = self.belongs(k, at, definition, merged, &mut variables);
        let diary = self.diary(k, at, definition);
        if diary.is_some() {
            let why = "it has no calendar";
            let help = "give the calendar to a kind of its own that belongs to it";
            self.not_shared(k, &at.key("calendar"), why, help);
        }
        Kind {
            shared: definition.shared,
            opening: definition.opening,
            purpose: purpose(&name),
            count,
            rows: rows.map_or_else(Vec::new, |table| self.start_rows(table)),
            state_codes: states.iter().map(|state| self.texts.code(state)).collect(),
            states,
            starts,
            joins,
            texts: self.kinds[k].texts.clone(),
            number: self.kinds[k].running,
            unique: self.kinds[k].unique.clone(),
            attributes,
            activity,
            variables,
            notes: 0,
            noted_state: None,
            links: self.links(definition, &belongs_to, (&name, at), merged),
            belongs_to,
            diary,
            name,
        }
    }

    /// How many there are from the start, and the table from whose rows they are made.
    fn start_of(&mut self, k: KindId, at: &At, definition: &EntityDef) -> (u32, Option<u16>) {
        match (definition.count, &definition.rows) {
            (None, None) => {
                let message = "the key `count` is missing here";
                let help =
                    "say how many there are from the start, or name the table of them with `rows`";
                self.report.error_at_key(at, message, Some(help.into()));
                self.kinds[k].is_spoilt = true;
            }
            (Some(_), Some(_)) => {
                let message = "there are as many as the table has rows, and no other `count`";
                let help = "remove `count` or `rows`";
                self.report
                    .error_at_key(&at.key("count"), message, Some(help.into()));
            }
            _ => {}
        }
        let name = definition.rows.as_ref();
        let table = name.and_then(|name| self.table_named(name));
        if let (Some(name), None) = (name, table) {
            if !self.report.is_spoilt("tables", name) {
                let known = self.tables.iter().map(|(name, _)| name.as_str());
                let help = suggestion(name, known);
                let message = format!("there is no table `{name}`");
                self.report.error(&at.key("rows"), message, help);
            }
            // What reads the rows may be right.
            self.kinds[k].is_spoilt = true;
        }
        (self.count_of(definition), table)
    }

    /// How many of a kind there are from the start.
    fn count_of(&self, definition: &EntityDef) -> u32 {
        let table = definition.rows.as_ref();
        let table = table.and_then(|name| self.table_named(name));
        let rows = table.map_or(0, |table| self.start_rows(table).len() as u32);
        definition.count.unwrap_or(rows)
    }

    /// The attribute that says from which row of a table an entity is made.
    fn row_attribute(&mut self, k: KindId, table: u16) -> Attribute {
        let (name, rows) = &self.tables[usize::from(table)];
        let entry = (name.clone(), Ty::Row(table), Some(rows.texts_or_none()));
        let column = ColumnSpec {
            name: name.clone(),
            kind: ColumnType::Text,
            unit: None,
            description: Some(format!("The row of {name} from which it is made")),
            nullable: false,
        };
        self.kinds[k].attributes.push(entry);
        Attribute {
            column,
            // That of one that joins later.
            value: Expr::Text(0),
        }
    }

    pub(super) fn attribute(
        &mut self,
        k: KindId,
        at: &At,
        name: &str,
        value: &ValueDef,
        variable: bool,
    ) -> Option<Attribute> {
        let kind = &self.kinds[k];
        let mut others = kind.attributes.iter().chain(&kind.variables);
        let mut texts = kind.texts.iter().map(|text| &text.column.name);
        let twice = others.any(|(other, ..)| other == name) || texts.any(|other| other == name);
        let common = ["id", "age", "state", "cell", "joined"].contains(&name)
            || name == format!("{}_id", kind.name);
        if twice || common {
            let message = match twice {
                true => format!(
                    "a {} already has `{name}`: attributes and variables share their names",
                    kind.name
                ),
                false => format!("every entity already has `{name}`"),
            };
            let help = Some("choose another name".into());
            self.report.error_at_key(at, message, help);
        }
        let about = About::Entity {
            kind: k,
            variables: false,
        };
        let scope = Scope::new(about, at.clone(), &format!("{}/{name}", self.kinds[k].name));
        let found = self.report.found();
        let Some(typed) = self.value(value, &scope, name) else {
            // Nothing new has been told: it follows from what is wrong elsewhere, and so does what reads it.
            self.kinds[k].is_spoilt |= self.report.found() == found;
            return None;
        };
        let long = match value {
            ValueDef::Long(long) => (**long).clone(),
            ValueDef::Short(_) => FieldDef::default(),
        };
        let Some(kind) = self.column_type(typed.ty, long.number_type()) else {
            let message = format!("an entity cannot hold {}", self.type_name(typed.ty));
            self.report.error_at_key(
                at,
                message,
                Some("divide a duration by a unit, such as `/ 1d`".into()),
            );
            return None;
        };
        let long_column = |kind, nullable| ColumnSpec {
            name: name.to_owned(),
            kind,
            unit: long.unit.clone(),
            description: long.description.clone(),
            nullable,
        };
        if let Expr::Template(template) = typed.expr {
            if variable {
                let what = "what an entity keeps";
                self.refuse_text(what, at);
                return None;
            }
            let column = long_column(kind, may_miss(&template));
            let template = *template;
            self.kinds[k].texts.push(TextColumn { column, template });
            return None;
        }
        let kind = match (kind, long.running) {
            (ColumnType::Float, Some(_)) => ColumnType::Int,
            (kind, _) => kind,
        };
        let entry = (name.to_owned(), typed.ty, typed.texts.clone());
        let names = &mut self.kinds[k];
        names.values.insert(name.to_owned(), typed.expr.clone());
        if variable {
            let rounded = match (kind, long.decimals) {
                (ColumnType::Int, _) => Some(Rounded::Whole),
                (ColumnType::Exact(digits), _) => Some(Rounded::Exact(digits)),
                (_, decimals) => decimals.map(Rounded::Decimals),
            };
            names
                .rounded
                .extend(rounded.map(|rounded| (name.to_owned(), rounded)));
            names.variables.push(entry);
        } else {
            names.attributes.push(entry);
        }
        let column = long_column(kind, false);
        Some(Attribute {
            column,
            value: typed.expr,
        })
    }

    /// Refuses numbers that owners cannot have: those who belong to them are all given to somebody.
    fn check_shared(
        &mut self,
        k: KindId,
        (count, owner): (u32, &str),
        bounds: &BelongsDef,
        merged: &Merged,
        at: &At,
    ) {
        let owners = merged.entities.get(owner);
        let owners = owners.map_or(0, |(_, owner)| self.count_of(owner));
        // Where nobody is there from the start, events say who belongs to whom.
        if count == 0 || owners == 0 {
            return;
        }
        let (most, least) = (u64::from(bounds.max), u64::from(bounds.min));
        let (all, owners) = (u64::from(count), u64::from(owners));
        let (key, than) = match (all > most * owners, all < least * owners) {
            (true, _) => ("max", "more"),
            (_, true) => ("min", "less"),
            _ => return,
        };
        let each = all as f64 / owners as f64;
        let message = format!(
            "{all} of {} for {owners} of {owner} are {} each, {than} than `{key}`",
            self.kinds[k].name,
            number((each * 100.0).round() / 100.0)
        );
        let help = format!("change `{key}` or one of the counts");
        self.report.error(&at.key(key), message, Some(help));
    }

    pub(super) fn belongs(
        &mut self,
        k: KindId,
        at: &At,
        definition: &EntityDef,
        merged: &Merged,
        variables: &mut Vec<Attribute>,
    ) -> Vec<Belonging> {
        let mut belongings = Vec::new();
        for (owner, bounds) in &definition.belongs_to {
            let at = at.key("belongs_to").key(owner);
            let Some(kind) = self.kind(bounds.kind.as_ref().unwrap_or(owner)) else {
                if self.report.is_spoilt("entities", owner) {
                    continue;
                }
                let help = suggestion(owner, self.kinds.iter().map(|kind| kind.name.as_str()));
                self.report.error_at_key(
                    &at,
                    format!("there is no kind of entity `{owner}`"),
                    help,
                );
                continue;
            };
            if kind == k {
                let message = format!("a {owner} cannot belong to a {owner}");
                let help = "give the owners a kind of their own";
                self.report.error_at_key(&at, message, Some(help.into()));
                continue;
            }
            if self.kinds[k].shared && !self.kinds[kind].shared {
                let message = format!(
                    "all cells know a {}, and a {owner} only one",
                    self.kinds[k].name
                );
                let help = format!("say `shared: true` of the {owner}, too");
                self.report.error_at_key(&at, message, Some(help));
                continue;
            }
            let column = format!("{owner}_id");
            let kept = self.kinds[k]
                .attributes
                .iter()
                .chain(&self.kinds[k].variables);
            let texts = self.kinds[k].texts.iter().map(|text| &text.column.name);
            let mut kept = kept.map(|(name, ..)| name).chain(texts);
            if let Some(name) = kept.find(|name| *name == owner || **name == column) {
                let message = format!(
                    "`{name}` is taken by `belongs_to`, and an attribute or variable has this name, too"
                );
                self.report
                    .error_at_key(&at, message, Some("choose another name for that".into()));
            }
            if bounds.min > bounds.max {
                self.report.error(&at, "`min` is more than `max`", None);
            } else {
                let count = self.count_of(definition);
                self.check_shared(k, (count, owner), bounds, merged, &at);
            }
            let ty = self.referring(kind);
            self.kinds[k].variables.push((owner.clone(), ty, None));
            let column = ColumnSpec {
                name: format!("{owner}_id"),
                kind: ColumnType::Id,
                unit: None,
                description: Some(match definition.relation {
                    Some(_) => format!("The {} that it links", self.kinds[kind].name),
                    None => format!("The {owner} it belongs to at the end of the run"),
                }),
                nullable: true,
            };
            variables.push(Attribute {
                column,
                value: Expr::Num(f64::from_bits(NO_ENTITY)),
            });
            let variable = (variables.len() - 1) as u16;
            belongings.push(Belonging {
                variable,
                owner: kind,
                min: bounds.min,
                max: bounds.max,
            });
        }
        belongings
    }
}
