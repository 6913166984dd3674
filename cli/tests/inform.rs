//! The commands that tell about models.

use crate::support::{call, edit, files, json, names, ok, refused, shop, temp};

#[test]
fn help_teaches_by_example() {
    let folder = temp();
    let help = ok(folder.path(), &["--help"]);
    assert!(
        help.contains("Exit codes:") && help.contains("130"),
        "{help}"
    );
    let help = ok(folder.path(), &["run", "--help"]);
    assert!(
        help.contains("Examples:") && help.contains("--streams 'booking.*'"),
        "{help}"
    );
    assert_eq!(call(folder.path(), &[]).code, Some(2));
    assert!(ok(folder.path(), &["--version"]).starts_with("causeflow "));
}

/// The commands that the help lists: each stands two places from the left.
fn commands(help: &str) -> Vec<&str> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  "));
    let names = names.filter(|line| !line.starts_with(' '));
    names.filter_map(|line| line.split(' ').next()).collect()
}

#[test]
fn every_command_has_its_help_its_part_of_the_page_and_a_schema_of_what_it_prints() {
    let folder = temp();
    let help = ok(folder.path(), &["--help"]);
    let page = include_str!("../../docs/cli.md");
    let titles: Vec<&str> = page.lines().filter_map(|l| l.strip_prefix("## ")).collect();
    let titles = titles
        .iter()
        .map(|title| title.split(':').next().unwrap_or(title));
    let titles: Vec<&str> = titles.flat_map(|names| names.split(", ")).collect();
    let commands = commands(&help);
    assert!(commands.len() > 20 && commands.contains(&"run"), "{help}");
    for command in commands.into_iter().filter(|name| *name != "help") {
        let help = ok(folder.path(), &[command, "--help"]);
        assert!(
            titles.contains(&command),
            "docs/cli.md has no part on `{command}`"
        );
        if help
            .lines()
            .any(|line| line.trim_start().starts_with("--json"))
        {
            let name = format!("{command}-output");
            let schema = json(folder.path(), &["schema", &name]);
            assert!(schema.is_object(), "runs/src/schema.rs has no `{name}`");
        }
    }
}

#[test]
fn models_are_listed() {
    let folder = temp();
    assert!(ok(folder.path(), &["models"]).contains("tutoring"));
    assert_eq!(json(folder.path(), &["models", "--json"])[0]["streams"], 50);
}

#[test]
fn streams_show_origin_rate_and_fields() {
    let folder = shop();
    let text = ok(folder.path(), &["streams", "shop"]);
    let line = |name: &str| {
        text.lines()
            .find(|line| line.starts_with(name))
            .expect(name)
            .to_owned()
    };
    assert!(
        line("order.placed").contains("shop.visited")
            && line("order.placed").contains("amount_usd"),
        "{text}"
    );
    assert!(line("shop.snapshot").contains("every 1h"), "{text}");
    let streams = json(folder.path(), &["streams", "shop", "--json"]);
    let expected = |name: &str| {
        let all = streams.as_array().expect("a list");
        let stream = all
            .iter()
            .find(|stream| stream["name"] == name)
            .expect(name);
        stream["expected_events_per_day"]
            .as_f64()
            .expect("a number")
    };
    // What the platform's timer brings does not grow with the scale of the pilot.
    assert_eq!(expected("shop.snapshot"), 24.0);
    assert!((expected("shop.visited") / 2000.0 - 1.0).abs() < 0.05);
    assert!((expected("order.placed") / 200.0 - 1.0).abs() < 0.1);
}

#[test]
fn explain_tells_causes_effects_fields_and_changes() {
    let folder = shop();
    let text = ok(folder.path(), &["explain", "shop", "order.placed"]);
    for part in [
        "A visit ends in an order.",
        "shop.visited (about",
        "in 10 % of the cases, 2m to 30m later",
        "payment.received: in 95 % of the cases, 1m to 2d later (outcome of `payment`)",
        "the counter unpaid_orders changes by `1`",
        "customer.orders changes by `1`",
        "usd",
        "taken over from its cause",
    ] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    let text = ok(folder.path(), &["explain", "shop", "payment.overdue"]);
    assert!(
        text.contains("exactly one of: payment.overdue 5 %, payment.received 95 %"),
        "{text}"
    );
    let text = ok(folder.path(), &["explain", "shop", "shop.visited"]);
    assert!(
        text.contains("2,000 a day") && text.contains("one customer, picked by activity"),
        "{text}"
    );
    let text = ok(folder.path(), &["explain", "shop", "shop.snapshot"]);
    assert!(
        text.contains("every 1h, once for the whole business"),
        "{text}"
    );
    let order = json(
        folder.path(),
        &["explain", "shop", "order.placed", "--json"],
    );
    assert_eq!(order["causes"][0]["on"], "shop.visited");
    assert_eq!(order["effects"].as_array().map(Vec::len), Some(2));
    assert_eq!(order["fields"][2]["unit"], "usd");
    let message = refused(folder.path(), &["explain", "shop", "order.place"]);
    assert!(
        message.contains("did you mean `order.placed`?"),
        "{message}"
    );
}

#[test]
fn every_stream_of_the_built_in_model_can_be_explained() {
    let folder = temp();
    // Each takes a pilot run, so only a few are looked at here: every kind of origin.
    for stream in [
        "tutor.payout.processed",
        "marketing.ad.spend",
        "session.media.quality",
        "customer.account.registered",
    ] {
        let text = ok(folder.path(), &["explain", "tutoring", stream]);
        assert!(
            text.starts_with(stream) && text.contains("What makes it"),
            "{text}"
        );
    }
}

#[test]
fn graphs_have_every_stream_and_every_cause() {
    let folder = shop();
    let mermaid = ok(folder.path(), &["graph", "shop"]);
    assert!(
        mermaid.contains("flowchart LR") && mermaid.contains("([\"shop.visited\"])"),
        "{mermaid}"
    );
    assert_eq!(
        mermaid.matches("-->|").count() + mermaid.matches("-.->|").count(),
        3,
        "{mermaid}"
    );
    assert!(mermaid.contains("|\"10 %, 2m..30m\"|"), "{mermaid}");
    let dot = ok(folder.path(), &["graph", "shop", "--format", "dot"]);
    assert_eq!(dot.matches(" -> ").count(), 3, "{dot}");
    assert_eq!(dot.matches("subgraph cluster_").count(), 3, "{dot}");
    assert_eq!(dot.matches('{').count(), dot.matches('}').count());
}

/// What follows only on a condition is not drawn as if it always did.
#[test]
fn graphs_show_conditions() {
    let folder = shop();
    edit(
        folder.path(),
        "{on: shop.visited, probability: 0.1, delay: 2m..30m}",
        "{on: shop.visited, when: 'pages == 3', delay: 2m..30m}",
    );
    edit(
        folder.path(),
        "    description: The money for an order arrives.\n",
        "    requires: 'amount_usd / 2 == 7'\n",
    );
    for format in ["mermaid", "dot"] {
        let drawn = ok(folder.path(), &["graph", "shop", "--format", format]);
        assert!(drawn.contains("\"if pages == 3, 2m..30m\""), "{drawn}");
        assert!(
            drawn.contains("95 % if amount_usd / 2 == 7, 1m..2d"),
            "{drawn}"
        );
        assert!(drawn.contains("\"5 %, 2d\""), "{drawn}");
    }
}

#[test]
fn schemas_are_json_schemas() {
    let folder = temp();
    for what in [
        &["schema"][..],
        &["schema", "model"],
        &["schema", "manifest"],
        &["schema", "scenario"],
        &["schema", "events"],
    ] {
        let schema = json(folder.path(), what);
        assert!(
            schema["$schema"].is_string() && schema["properties"].is_object(),
            "{what:?}"
        );
    }
}

#[test]
fn init_writes_a_model_that_runs() {
    let folder = temp();
    let text = ok(folder.path(), &["init", "my model"]);
    assert!(text.contains("causeflow check 'my model'"), "{text}");
    let model = folder.path().join("my model");
    assert_eq!(
        names(&model),
        ["causeflow.schema.json", "model.yaml", "shop.yaml"]
    );
    let yaml = std::fs::read_to_string(model.join("shop.yaml")).expect("a file");
    assert!(
        yaml.starts_with("# yaml-language-server: $schema=causeflow.schema.json\n"),
        "{yaml}"
    );
    assert!(ok(folder.path(), &["check", "my model"]).starts_with("ok: 5 streams"));
    ok(
        folder.path(),
        &["run", "my model", "--days", "1", "--quiet"],
    );
    assert_eq!(names(&folder.path().join("out")), ["shop-42"]);
    let before = files(&model);
    let message = refused(folder.path(), &["init", "my model"]);
    assert!(message.contains("not empty"), "{message}");
    assert_eq!(files(&model), before);
    let message = refused(folder.path(), &["init", "my model/shop.yaml"]);
    assert!(message.contains("is a file"), "{message}");
}

#[test]
fn a_models_digest_does_not_depend_on_where_it_lies() {
    let folder = shop();
    ok(folder.path(), &["init", "elsewhere/shop"]);
    let digest = |model: &str| {
        json(
            folder.path(),
            &["run", model, "--days", "0.1", "--no-output", "--json"],
        )["model_digest"]
            .clone()
    };
    assert_eq!(digest("shop"), digest("./elsewhere/shop"));
}

#[test]
fn completions_are_made_for_every_shell() {
    let folder = temp();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(
            ok(folder.path(), &["completions", shell]).contains("causeflow"),
            "{shell}"
        );
    }
}
