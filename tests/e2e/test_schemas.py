"""What commands print with `--json` is as `causeflow schema` says, and so are the files that have schemas."""

import json
import subprocess

import jsonschema
import pytest

import history

DAYS, SCALE = 9, 0.01
MODELS = history.ROOT / "examples/models"
OUTAGE = ("--scenario", "payment-outage@day8T10:00+6h")
WINDOW = ("--from", "day5", "--to", "day6", "--event", "blog-viral@day5T02:00")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run with its twin and one without, a version of the first, a baseline."""
    folder = tmp_path_factory.mktemp("schemas")
    small = ("--days", DAYS, "--scale", SCALE)
    history.run(folder, *small, *OUTAGE, "--counterfactual")
    history.run(folder, *small, out="plain")
    history.call("regenerate", "out", *WINDOW, "--quiet", folder=folder)
    history.call("baseline", "tutoring", *small, "--seeds", 1, "--out", "base", "--quiet", folder=folder)
    return folder


def schema(name, folder):
    return json.loads(history.call("schema", name, folder=folder))


def check(value, name, folder):
    found = schema(name, folder)
    jsonschema.Draft202012Validator.check_schema(found)
    jsonschema.validate(value, found, cls=jsonschema.Draft202012Validator)


def printed(folder, *args):
    """What a command prints with `--json`, whether or not it finds a difference."""
    command = [history.BINARY, *map(str, args), "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


CASES = [
    ("run", "run tutoring --days 1 --scale 0.01 --no-output --quiet"),
    ("run", "run tutoring --days 1 --scale 0.01 --scenario payment-outage@day1T10:00 --counterfactual --quiet --out x --force"),
    ("dry-run", "run tutoring --days 2 --scale 0.01 --dry-run --scenario payment-outage@day1T10:00 --counterfactual"),
    ("models", "models"),
    ("streams", "streams tutoring"),
    ("scenarios", "scenarios tutoring"),
    ("scenarios", "scenarios tutoring --events"),
    ("explain", "explain tutoring booking.confirmed"),
    ("explain", "explain tutoring booking.requested"),
    ("explain", "explain tutoring payment-outage"),
    ("explain", f"explain {MODELS}/returns"),
    ("explain", f"explain {MODELS}/triage therapy.agreed"),
    ("explain", "explain tutoring blog-viral"),
    ("check", "check tutoring"),
    ("test", f"test {MODELS}/returns --days 3 --seeds 2 --quiet"),
    ("test", f"test {MODELS}/invoices --days 2 --seeds 2 --quiet"),
    ("diff", "diff out plain --hours"),
    ("diff", "diff out out"),
    ("diff", "diff out --version v1"),
    ("effects", "effects out"),
    ("effects", "effects out --event payment-outage"),
    ("replay", "replay out --quiet"),
    ("regenerate", "regenerate out --from day6 --to day7 --event blog-viral@day6T02:00 --name other --force --quiet"),
    ("versions", "versions out"),
    ("reset", "reset out other"),
    ("baseline", "baseline tutoring --days 8 --scale 0.01 --seeds 1 --out other --force --quiet"),
    ("stats", "stats out"),
    ("stats", "stats base"),
    ("history", "history out --stream payment.failure"),
    ("verify", "verify out"),
    ("verify", "verify out --quick"),
]


@pytest.mark.parametrize(("command", "args"), CASES, ids=[args for _, args in CASES])
def test_outputs_are_as_their_schemas_say(folder, command, args):
    value = printed(folder, *args.split())
    name = f"{command}-output"
    check(value, name, folder)
    # A schema that takes anything would say nothing.
    with pytest.raises(jsonschema.ValidationError):
        check({"nothing": 1}, name, folder)


def test_every_output_has_a_case(folder):
    help = history.call("schema", "--help", folder=folder)
    outputs = {word.removesuffix("-output") for word in help.replace(":", " ").split() if word.endswith("-output")}
    # A session takes a server: test_live.py checks what playing it again comes to.
    assert outputs == {command for command, _ in CASES} | {"session-replay"}


def test_files_are_as_their_schemas_say(folder):
    for path, name in [("out/manifest.json", "manifest"), ("out/versions/v1/manifest.json", "manifest"), ("base/baseline.json", "baseline")]:
        check(json.loads((folder / path).read_text()), name, folder)


def test_runs_are_asked_for_as_the_schema_says(folder):
    asked = {"spec_version": 1, "model": "tutoring", "seed": "7", "streams": ["booking.*"], "snapshot_every": "1d"}
    check(asked, "run-spec", folder)
    for key, value in [("spec_version", 2), ("seed", -1), ("format", "xls"), ("nothing", 1)]:
        with pytest.raises(jsonschema.ValidationError):
            check(asked | {key: value}, "run-spec", folder)
