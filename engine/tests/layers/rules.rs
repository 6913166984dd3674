//! Who may use whom: crates, and within the engine its layers and their rooms.

use std::fmt;

use crate::paths::{Named, imports, named};

/// A crate of the workspace.
pub struct Crate {
    /// Its folder, and its name behind `causeflow_`.
    pub name: &'static str,
    /// The crates that it may use.
    pub uses: &'static [&'static str],
    /// The crates that its tests, benches and examples may use besides.
    pub tests_use: &'static [&'static str],
}

const fn own(
    name: &'static str,
    uses: &'static [&'static str],
    tests_use: &'static [&'static str],
) -> Crate {
    Crate {
        name,
        uses,
        tests_use,
    }
}

/// The crates that others build on.
pub const LIBRARIES: &[&str] = &[
    "engine",
    "models",
    "scenarios",
    "baselines",
    "outputs",
    "runs",
    "server",
];

/// All crates: what data flows through comes first.
pub const CRATES: &[Crate] = &[
    own("engine", &[], &[]),
    own("models", &["engine"], &[]),
    own("scenarios", &["engine", "models"], &[]),
    own("baselines", &["engine"], &["models"]),
    own("outputs", &["engine"], &[]),
    own(
        "runs",
        &["engine", "models", "scenarios", "baselines", "outputs"],
        &[],
    ),
    own(
        "server",
        &[
            "engine",
            "models",
            "scenarios",
            "baselines",
            "outputs",
            "runs",
        ],
        &[],
    ),
    own("cli", LIBRARIES, &[]),
    own("examples", &[], LIBRARIES),
    own(
        "tests",
        &["engine", "models", "scenarios", "baselines"],
        &[],
    ),
];

/// Crates whose sources may use only the base of the engine.
const ON_BASE: &[&str] = &["outputs"];

/// The layers of the engine, the lowest first, with their rooms, each of which may use those before it. So no two use each
/// other. Within a room all may: the evaluators of `eval`, for example, call each other, as expressions stand within
/// expressions.
pub const LAYERS: &[(&str, &[&str])] = &[
    (
        "base",
        &[
            "time",
            "zone",
            "scratch",
            "pages",
            "narrow",
            "ids",
            "words",
            "slots",
            "draw",
            "rounding",
            "exact",
            "sample",
            "fingerprint",
            "queue",
            "strings",
            "table",
            "head",
            "tables",
        ],
    ),
    (
        "kernel",
        &["processes", "monitor", "resource", "experiment"],
    ),
    (
        "streams",
        &[
            "arrivals",
            "profile",
            "diary",
            "sides",
            "program",
            "series",
            "attribution",
            "view",
            "event",
            "layout",
            "kept",
            "steps",
            "relevance",
            "world",
            "population",
            "eval",
            "audit",
            "births",
            "rates",
            "rows",
            "cell",
            "entities",
            "play",
        ],
    ),
];

/// Something that uses what it may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub file: String,
    /// Its line.
    pub line: usize,
    /// The room or crate that stands there.
    pub from: String,
    /// What it names.
    pub to: String,
    /// What it may use instead.
    pub allowed: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding {
            file,
            line,
            from,
            to,
            allowed,
        } = self;
        write!(f, "{file}:{line}: {from} uses {to}; {allowed}")
    }
}

/// What a source of the workspace uses and may not; `file` is its path from the workspace's folder on.
pub fn check(file: &str, source: &str) -> Vec<Finding> {
    let parts: Vec<&str> = file.split('/').collect();
    let Some(of) = CRATES.iter().find(|of| Some(&of.name) == parts.first()) else {
        return Vec::new();
    };
    let in_sources = parts.get(1) == Some(&"src");
    let named = named(source);
    let crates = named
        .iter()
        .filter_map(|path| foreign(of, in_sources, path));
    let mut found: Vec<Finding> = crates.collect();
    if of.name == "engine" && in_sources {
        let module = module(&parts[2..]);
        found.extend(named.iter().filter_map(|path| forbidden(&module, path)));
        if module.len() < 2 {
            let allowed = "the files of the crate and of a layer only declare what is in them, so that everything has one path";
            let imports = imports(source).into_iter();
            found.extend(
                imports.map(|line| found_at(line, described(&module), "an import", allowed)),
            );
        }
    }
    found
        .iter_mut()
        .for_each(|finding| finding.file = file.into());
    found
}

/// Something forbidden on a line of the file that is looked at.
fn found_at(
    line: usize,
    from: String,
    to: impl Into<String>,
    allowed: impl Into<String>,
) -> Finding {
    let file = String::new();
    let (to, allowed) = (to.into(), allowed.into());
    Finding {
        file,
        line,
        from,
        to,
        allowed,
    }
}

/// A crate that another one uses and may not.
fn foreign(of: &Crate, in_sources: bool, path: &Named) -> Option<Finding> {
    let to = path.segments.first()?.strip_prefix("causeflow_")?;
    let from = format!("causeflow_{}", of.name);
    let in_base = path.segments.get(1).is_some_and(|layer| layer == "base");
    if to == "engine" && !in_base && in_sources && ON_BASE.contains(&of.name) {
        let allowed = "it may use only the engine's base";
        return Some(found_at(path.line, from, path.segments.join("::"), allowed));
    }
    let allowed = may_use(of, in_sources, to)?;
    Some(found_at(
        path.line,
        from,
        format!("causeflow_{to}"),
        allowed,
    ))
}

/// What a crate may use, if it may not use this one.
pub fn may_use(of: &Crate, in_sources: bool, to: &str) -> Option<String> {
    let mut allowed = of.uses.to_vec();
    if !in_sources {
        allowed.extend(of.tests_use);
        allowed.push(of.name);
    }
    // Names of other things may begin alike.
    let is_crate = CRATES.iter().any(|known| known.name == to);
    (is_crate && !allowed.contains(&to)).then(|| match allowed.as_slice() {
        [] => "it may use no crate of the workspace".into(),
        allowed => format!("it may use only {}", allowed.join(", ")),
    })
}

/// The room that a module or path of the engine lies in, as places of its layer and of itself in [`LAYERS`].
fn room(path: &[String]) -> Option<(usize, usize)> {
    let layer = LAYERS
        .iter()
        .position(|(layer, _)| path.first().is_some_and(|first| first == layer))?;
    let room = path.get(1)?;
    let rooms = LAYERS[layer].1;
    let room = rooms.iter().position(|known| room == known);
    Some((layer, room?))
}

/// Where a path of the engine leads that its module may not use.
fn forbidden(module: &[String], path: &Named) -> Option<Finding> {
    let mut from = module.to_vec();
    from.extend(path.within.iter().cloned());
    let target = resolved(&from, &path.segments)?;
    let found = |allowed: String| {
        let to = format!("{} ({})", described(&target), path.segments.join("::"));
        Some(found_at(path.line, described(&from), to, allowed))
    };
    let Some(here) = room(&from) else {
        let unknown = "this room stands in no layer's list (engine/tests/layers/rules.rs)";
        return (module.len() >= 2).then(|| found(unknown.into()))?;
    };
    let is_layer = |name: &String| LAYERS.iter().any(|(layer, _)| layer == name);
    let whole = match target.as_slice() {
        [] => true,
        [one] => one == "*" || is_layer(one),
        [layer, all, ..] => all == "*" && is_layer(layer),
    };
    if whole {
        return found("name the room that is used, not all that there is".into());
    }
    if !is_layer(&target[0]) {
        return None;
    }
    match room(&target) {
        Some(there) if may_reach(here, there) => None,
        Some(_) => found(reach(here)),
        None => {
            found("there is no such room in the layer's list (engine/tests/layers/rules.rs)".into())
        }
    }
}

/// Whether what stands in a room may use what stands in another one.
pub fn may_reach(here: (usize, usize), there: (usize, usize)) -> bool {
    here >= there
}

/// What may be used from a room.
fn reach((layer, room): (usize, usize)) -> String {
    let below = LAYERS[..layer].iter().map(|(name, _)| name.to_string());
    let (own, rooms) = LAYERS[layer];
    let before = rooms[..room].iter().map(|room| format!("{own}::{room}"));
    let all: Vec<String> = below.chain(before).collect();
    match all.as_slice() {
        [] => "it may use no other room".into(),
        all => format!("it may use only {}", all.join(", ")),
    }
}

/// The module of a file, by its path behind `src/`.
fn module(parts: &[&str]) -> Vec<String> {
    let mut module: Vec<String> = parts.iter().map(|part| part.to_string()).collect();
    let file = module.pop().unwrap_or_default();
    match file.as_str() {
        "mod.rs" | "lib.rs" | "main.rs" => {}
        file => module.push(file.trim_end_matches(".rs").into()),
    }
    module
}

/// Where a path of the engine leads from a module; nowhere if into another crate.
fn resolved(from: &[String], segments: &[String]) -> Option<Vec<String>> {
    let mut target = match segments.first()?.as_str() {
        "crate" => Vec::new(),
        "self" | "super" => from.to_vec(),
        _ => return None,
    };
    for segment in segments {
        match segment.as_str() {
            "crate" | "self" => {}
            "super" => drop(target.pop()),
            name => target.push(name.into()),
        }
    }
    Some(target)
}

/// A room by its name, for people.
fn described(path: &[String]) -> String {
    match path {
        [] => "the crate itself".into(),
        path => path[..path.len().min(2)].join("::"),
    }
}
