"""What `effects`, `attribution` and `counterfactual/` say is what two runs compared say, in SQL that shares no code.

Each scenario of the built-in model is played with its timeline of external events; beside it the same without the
scenario, and without anything. Whatever the tables say about the run is held against the rows of these.
"""

import json

import duckdb
import pytest

import history
import small_models

SIZE = ("--scale", 0.02, "--days", 7)
SCENARIOS = sorted(path.stem for path in (history.ROOT / "scenarios/tutoring").glob("*.yaml") if path.stem != "events")
JOINT = "joint"
ALL = "all interventions"
ASKED_FOR = "all that was asked for"
BY_CONTENTION = " (contention)"


class Truth:
    """Runs of one seed and range, by name, and how their rows differ."""

    def __init__(self, folder, size=SIZE, model="tutoring"):
        self.folder, self.size, self.model = folder, size, model
        self.database = duckdb.connect()
        self.database.execute("SET TimeZone = 'UTC'")
        self.runs = {}

    def play(self, name, *args):
        run = history.run(self.folder, *self.size, *args, out=name, model=self.model)
        for stream in run.streams:
            files = [str(part) for part in run.parts(stream)]
            self.database.execute(f'CREATE VIEW "{name}.{stream}" AS SELECT * FROM read_parquet({files}, hive_partitioning = false)')
        self.runs[name] = run
        return run

    def sql(self, query):
        return self.database.execute(query).fetchall()

    def columns(self, name, stream):
        columns = [row[0] for row in self.sql(f'DESCRIBE "{name}.{stream}"')]
        return [column for column in columns if column not in ("event_id", "time", "attribution")]

    def differing(self, a, b, stream):
        """The rows of two runs that are not the same, by event and time: of the first, and of the second one."""
        name = f"{a}-{b}-{stream}"
        same = " AND ".join(f'x."{column}" IS NOT DISTINCT FROM y."{column}"' for column in self.columns(a, stream))
        self.database.execute(
            f'CREATE TABLE IF NOT EXISTS "{name}" AS SELECT event_id, time, x.attribution AS attribution,'
            f" CASE WHEN y.root_id IS NULL THEN 'added' WHEN x.root_id IS NULL THEN 'removed' ELSE 'changed' END AS change"
            f' FROM "{a}.{stream}" x FULL JOIN "{b}.{stream}" y USING (event_id, time)'
            f" WHERE x.root_id IS NULL OR y.root_id IS NULL OR NOT ({same})"
        )
        return f'"{name}"'

    def hours(self, a, b):
        """How many rows are added, removed and changed, by stream and hour."""
        found = {}
        for stream in self.runs[a].streams:
            for hour, change, rows in self.sql(
                f"SELECT date_trunc('hour', time), change, count(*) FROM {self.differing(a, b, stream)} GROUP BY ALL"
            ):
                found.setdefault((stream, hour), {})[change] = rows
        return {at: tuple(counts.get(change, 0) for change in ("added", "removed", "changed")) for at, counts in found.items()}

    def effects(self, run, cause):
        """What the tables say a cause did: by stream and hour, and of which that is by contention."""
        path = self.runs[run].path
        rows = self.sql(
            "SELECT stream, hour, added, removed, changed, contention_added, contention_removed, contention_changed"
            f" FROM read_parquet('{path}/effects_hourly.parquet') WHERE cause = '{cause}'"
        )
        totals = self.sql(
            "SELECT stream, added, removed, changed, contention_added, contention_removed, contention_changed, net"
            f" FROM read_parquet('{path}/effects.parquet') WHERE cause = '{cause}'"
        )
        sums = {}
        for stream, _, *counts in rows:
            sums[stream] = [x + y for x, y in zip(sums.get(stream, [0] * 6), counts)]
        for stream, *counts, net in totals:
            assert counts == sums.get(stream, [0] * 6), (cause, stream)
            assert net == counts[0] - counts[1]
        assert all(part <= whole for *_, a, r, c, x, y, z in rows for part, whole in ((x, a), (y, r), (z, c)))
        return {(stream, hour): tuple(counts) for stream, hour, *counts, _, _, _ in rows}

    def causes(self, run):
        rows = self.sql(f"SELECT DISTINCT cause, kind, basis FROM read_parquet('{self.runs[run].path}/effects.parquet')")
        return {cause: (kind, basis) for cause, kind, basis in rows}

    def check_attribution(self, run, untouched):
        """A row is attributed if and only if the untouched run does not have it; and the counts say so."""
        named = {}
        for stream in self.runs[run].streams:
            differing = self.differing(run, untouched, stream)
            [(nameless,)] = self.sql(f"SELECT count(*) FROM {differing} WHERE change <> 'removed' AND attribution IS NULL")
            [(differ,)] = self.sql(f"SELECT count(*) FROM {differing} WHERE change <> 'removed'")
            [(attributed,)] = self.sql(f'SELECT count(attribution) FROM "{run}.{stream}"')
            assert (nameless, attributed) == (0, differ), stream
            for name, rows in self.sql(f'SELECT attribution, count(*) FROM "{run}.{stream}" WHERE attribution IS NOT NULL GROUP BY 1'):
                key = (name.removesuffix(BY_CONTENTION), stream)
                named[key] = named.get(key, 0) + rows
        said = self.sql(f"SELECT cause, stream, attributed FROM read_parquet('{self.runs[run].path}/effects.parquet') WHERE attributed > 0")
        assert {(cause, stream): rows for cause, stream, rows in said} == named

    def check_counterfactual(self, run, twin, place="counterfactual"):
        """Every event that differs is there once; nobody is named who is in both runs. Returns rows by (why, via)."""
        ways = {}
        names = set(self.causes(run)) - set(self.causes(twin) if (self.runs[twin].path / "effects.parquet").exists() else ())
        for stream in self.runs[run].streams:
            differing = self.differing(run, twin, stream)
            path = self.runs[run].path / place / "changes" / f"stream={stream}" / "part-0000.parquet"
            if not path.exists():
                assert self.sql(f"SELECT count(*) FROM {differing}") == [(0,)], stream
                continue
            table = f"read_parquet('{path}', hive_partitioning = false)"
            # An event that has moved is one row there, and two that differ.
            events = f"SELECT event_id, time, change FROM {table} WHERE change IN ('added', 'changed')" \
                f" UNION ALL SELECT event_id, twin_time, change FROM {table} WHERE change = 'removed'" \
                f" UNION ALL SELECT event_id, time, 'added' FROM {table} WHERE change = 'moved'" \
                f" UNION ALL SELECT event_id, twin_time, 'removed' FROM {table} WHERE change = 'moved'"
            events = f"SELECT * FROM ({events})"
            wanted = f"SELECT event_id, time, change FROM {differing}"
            for one, other in ((events, wanted), (wanted, events)):
                assert self.sql(f"SELECT count(*) FROM ({one} EXCEPT ALL {other})") == [(0,)], stream
            for why, via, rows in self.sql(f"SELECT why, via, count(*) FROM {table} GROUP BY ALL"):
                assert why is not None and via in ("lineage", "contention"), stream
                assert why == JOINT or set(why.split(" + ")) <= names, (stream, why)
                ways[why, via] = ways.get((why, via), 0) + rows
        return ways

    def check_names(self, run, without):
        """An event of `counterfactual/` names those without whom it is not the same, and a row named after one is among what
        differs without that one. `without` has the run without each of what was asked for."""
        for stream in self.runs[run].streams:
            differing = {name: self.differing(run, other, stream) for name, other in without.items()}
            needed = {
                name: f"CASE WHEN event_id IN (SELECT event_id FROM {rows}) THEN '{name}' END" for name, rows in differing.items()
            }
            path = self.runs[run].path / "counterfactual/changes" / f"stream={stream}" / "part-0000.parquet"
            if path.exists():
                why = f"coalesce(nullif(concat_ws(' + ', {', '.join(needed.values())}), ''), '{JOINT}')"
                table = f"read_parquet('{path}', hive_partitioning = false)"
                assert self.sql(f"SELECT why, {why} AS wanted, count(*) FROM {table} WHERE why <> wanted GROUP BY ALL") == [], stream
            each = [f"CAST((event_id, time) IN (SELECT (event_id, time) FROM {rows}) AS int)" for rows in differing.values()]
            for said, *needs in self.sql(
                f"SELECT DISTINCT replace(attribution, '{BY_CONTENTION}', ''), {', '.join(each)}"
                f' FROM "{run}.{stream}" WHERE attribution IS NOT NULL'
            ):
                names = [name for name, need in zip(differing, needs) if need]
                # Those of the timeline may have a part besides, or instead.
                assert said == JOINT or (names == [said] if names else said not in without), (stream, said, names)


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    truth = Truth(tmp_path_factory.mktemp("truth"))
    truth.play("plain")
    truth.play("alone", "--no-events")
    return truth


def test_a_plain_run_says_of_every_row_whether_it_differs_from_the_untouched_one(truth):
    truth.check_attribution("plain", "alone")
    causes = truth.causes("plain")
    assert causes[ALL] == ("together", "without") and causes[JOINT] == ("joint", "part")
    whole = truth.hours("plain", "alone")
    assert truth.effects("plain", ALL) == whole
    # All parts and what is joint add up to the whole.
    parts = {}
    for cause, (_, basis) in causes.items():
        for at, counts in truth.effects("plain", cause).items() if basis == "part" else ():
            parts[at] = tuple(x + y for x, y in zip(parts.get(at, (0, 0, 0)), counts))
    assert parts == whole


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_s_effects_are_how_two_runs_differ(truth, scenario):
    run = f"run-{scenario}"
    truth.play(run, "--scenario", f"{scenario}@day2T08:00", "--counterfactual")
    name = f"{scenario}@2026-02-03T08:00:00Z"
    causes = truth.causes(run)
    whole = truth.hours(run, "plain")
    if scenario == "normal-operations":
        assert whole == {} and name not in causes
        return
    assert causes[name] == ("scenario", "without") and ASKED_FOR not in causes
    assert truth.effects(run, name) == whole != {}
    assert truth.effects(run, ALL) == truth.hours(run, "alone")
    truth.check_attribution(run, "alone")
    ways = truth.check_counterfactual(run, "plain")
    assert {why for why, _ in ways} == {name}


def test_of_two_scenarios_each_is_held_against_the_run_without_it(truth):
    asked = ["exam-season-surge@day2T00:00+1d", "payment-outage@day4T08:00"]
    names = ["exam-season-surge@2026-02-03T00:00:00Z", "payment-outage@2026-02-05T08:00:00Z"]
    truth.play("both", "--scenario", asked[0], "--scenario", asked[1], "--counterfactual", "each")
    truth.check_attribution("both", "alone")
    assert truth.effects("both", ASKED_FOR) == truth.hours("both", "plain")
    assert truth.effects("both", ALL) == truth.hours("both", "alone")
    together = truth.check_counterfactual("both", "plain")
    assert {why for why, _ in together} == {*names, " + ".join(names), JOINT}
    for at, name in enumerate(names):
        other = f"only-{at}"
        truth.play(other, "--scenario", asked[1 - at])
        assert truth.effects("both", name) == truth.hours("both", other) != {}
        ways = truth.check_counterfactual("both", other, f"counterfactual/each/{name.replace(':', '')}")
        assert {why for why, _ in ways} == {name}
    truth.check_names("both", {name: f"only-{at}" for at, name in enumerate(names)})
    # docs/scenarios.md shows this run.
    page = (history.ROOT / "docs/scenarios.md").read_text().split("### An example with numbers")[1]
    shown = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| `")]
    effects = truth.sql(
        "SELECT cause, basis, added, removed, net, contention_added + contention_removed + contention_changed, attributed"
        f" FROM read_parquet('{truth.runs['both'].path}/effects.parquet') WHERE stream = 'payment.failure'"
    )
    path = truth.runs["both"].path / "counterfactual/changes/stream=payment.failure/part-0000.parquet"
    ways = truth.sql(f"SELECT why, via, count(*) FROM read_parquet('{path}', hive_partitioning = false) GROUP BY ALL")
    told = {tuple(map(str, row)) for row in (*effects, *ways)}
    assert len(shown) == 9 and {tuple(row) for row in shown} <= told
    # What one of them adds to what only the other one brings is no one's alone.
    [(joint,)] = truth.sql("SELECT count(*) FROM \"both.payment.failure\" WHERE attribution = 'joint'")
    assert joint > 0


def test_who_finds_a_closed_calendar_differs_because_of_who_closed_it(tmp_path):
    truth = Truth(tmp_path, ("--seed", 42, "--scale", 0.1, "--days", 10, "--no-events"))
    truth.play("alone")
    truth.play("crisis", "--scenario", "supply-crisis@2026-02-04T00:00", "--counterfactual")
    name = "supply-crisis@2026-02-04T00:00:00Z"
    truth.check_attribution("crisis", "alone")
    assert truth.effects("crisis", name) == truth.hours("crisis", "alone")
    said = dict(
        (stream, (net, contention))
        for stream, net, contention in truth.sql(
            f"SELECT stream, net, contention_added FROM read_parquet('{truth.runs['crisis'].path}/effects.parquet') WHERE cause = '{name}'"
        )
    )
    assert said["booking.confirmed"][0] < -2000 and said["booking.declined"][0] > 1500
    # Nearly all who are declined found a calendar that the crisis had closed.
    [(declined,)] = truth.sql('SELECT count(*) FROM "crisis.booking.declined" WHERE attribution IS NOT NULL')
    assert said["booking.declined"][1] < 0.1 * declined
    ways = truth.check_counterfactual("crisis", "alone")
    assert set(ways) == {(name, "lineage"), (name, "contention")}


def test_where_nothing_is_scarce_nothing_is_contention(tmp_path):
    history.call("init", "shop", folder=tmp_path)
    folder = tmp_path / "shop/scenarios"
    folder.mkdir(exist_ok=True)
    (folder / "slump.yaml").write_text(
        "id: slump\nname: Slump\ndescription: Half of the payments fail to come.\nduration: 1d\n"
        "modifiers: [{on: payment.received/probability, multiply: 0.5}]\n"
    )
    truth = Truth(tmp_path, ("--days", 6), model="shop")
    truth.play("plain")
    truth.play("slump", "--scenario", "slump@day3", "--counterfactual")
    [name] = [name for name in truth.causes("slump") if name.startswith("slump@")]
    assert truth.effects("slump", name) == truth.hours("slump", "plain") != {}
    ways = truth.check_counterfactual("slump", "plain")
    assert set(ways) == {(name, "lineage")}


@pytest.mark.parametrize("number", range(1, 13))
def test_of_random_models_the_tables_say_how_runs_differ(tmp_path, number):
    """Two scenarios that overlap, with their settling, and a timeline, in models with and without beds, desks, calendars and homes."""
    name = small_models.model(tmp_path, number)
    small_models.intervene(tmp_path, name, number)
    truth = Truth(tmp_path, ("--days", 5, "--seed", number), model=name)
    length = 3 + number % 5
    asked = [f"first@day2T06:00+{length}h", f"second@day2T{6 + length:02}:00"]
    both = [part for scenario in asked for part in ("--scenario", scenario)]
    truth.play("both", *both, "--counterfactual", "each")
    truth.play("plain")
    truth.play("alone", "--no-events")
    truth.check_attribution("plain", "alone")
    truth.check_attribution("both", "alone")
    causes = truth.causes("both")
    names = sorted((cause for cause in causes if cause.startswith(("first@", "second@"))))
    assert len(names) == 2
    assert truth.effects("both", ASKED_FOR) == truth.hours("both", "plain")
    assert truth.effects("both", ALL) == truth.hours("both", "alone")
    ways = truth.check_counterfactual("both", "plain")
    assert {name for why, _ in ways for name in why.split(" + ")} <= {*names, JOINT}
    for at, cause in enumerate(names):
        truth.play(f"only-{at}", "--scenario", asked[1 - at])
        assert truth.effects("both", cause) == truth.hours("both", f"only-{at}")
        ways = truth.check_counterfactual("both", f"only-{at}", f"counterfactual/each/{cause.replace(':', '')}")
        assert {why for why, _ in ways} <= {cause}
        scarce = any((tmp_path / name / "model.yaml").read_text().count(word) for word in ("pick(bed", "desk: {", "slot("))
        assert scarce or not any(via == "contention" for _, via in ways)
    truth.check_names("both", {cause: f"only-{at}" for at, cause in enumerate(names)})
    differing = sum(sum(counts) for counts in truth.hours("both", "plain").values())
    assert differing > 0


def test_the_command_says_what_the_tables_say(truth):
    said = json.loads(history.call("effects", "plain", "--json", "--limit", 1000, folder=truth.folder))["causes"]
    sums = truth.sql(
        "SELECT cause, sum(added), sum(removed), sum(changed), sum(contention_added + contention_removed + contention_changed)"
        f" FROM read_parquet('{truth.runs['plain'].path}/effects.parquet') GROUP BY cause"
    )
    assert {tuple(cause[key] for key in ("cause", "added", "removed", "changed", "contention")) for cause in said} == set(sums)
