"""A finished run as the tests read it: its manifest, its files, and DuckDB views over its streams."""

import csv
import json
import os
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("CAUSEFLOW_BIN", ROOT / "target/release/causeflow")).resolve()


def call(*args, folder, expect=0):
    """Runs the binary in a folder; returns what it wrote to stdout."""
    command = [BINARY, *map(str, args)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == expect, f"{args}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "panicked" not in done.stderr
    return done.stdout


def rows(path):
    """The rows of a file, by a reader for its format, fractions as they are written; what is missing is None, but for CSV."""
    match path.suffix:
        case ".parquet":
            return pq.read_table(path, partitioning=None).to_pylist()
        case ".arrow":
            return pa.ipc.open_file(path).read_all().to_pylist()
        case ".csv":
            with open(path, newline="", encoding="utf-8") as file:
                return list(csv.DictReader(file))
        case ".jsonl":
            with open(path, newline="\n", encoding="utf-8") as file:
                return [json.loads(line, parse_float=Decimal) for line in file]


def call_json(*args, folder):
    return json.loads(call(*args, "--json", folder=folder))


def run(folder, *args, model="tutoring", out="out"):
    """Plays a model into `folder/out` and returns the finished run."""
    call("run", model, "--out", out, "--quiet", *args, folder=folder)
    return Run(Path(folder) / out)


def bent(folder, model, scenario):
    """A run of a model in which a scenario acts from the third day to the eighth, and the version of a run without it into which that is put from a
    snapshot. Both are verified, the run is played again, and has its twin."""
    model = shutil.copytree(model, folder / "model")
    name = scenario.split("id: ")[1].split()[0]
    (model / "scenarios").mkdir()
    (model / "scenarios" / f"{name}.yaml").write_text(scenario)
    acts = "--scenario", f"{name}@2026-02-04T00:00:00Z"
    first = run(folder, "--days", 12, *acts, "--counterfactual", model=model)
    call("verify", first.path, "--model", model, folder=folder)
    assert json.loads(call("replay", first.path, "--model", model, "--json", "--quiet", folder=folder))["identical"]
    plain = run(folder, "--days", 12, "--snapshot-every", "1d", model=model, out="plain")
    call("regenerate", plain.path, "--from", "2026-02-04T00:00:00Z", "--to", "2026-02-09T00:00:00Z", *acts, "--name", name, "--model", model, "--quiet", folder=folder)
    version = plain.path / "versions" / name
    call("verify", version, "--model", model, folder=folder)
    return first, Run(version)


class Run:
    """The folder that a run has left behind."""

    def __init__(self, path):
        self.path = path
        self.manifest = json.loads((path / "manifest.json").read_text())

    @property
    def streams(self):
        return [stream["name"] for stream in self.manifest["streams"]]

    @property
    def kinds(self):
        return [entity["kind"] for entity in self.manifest["entities"]]

    def parts(self, stream):
        """The files of a stream, in their order."""
        return sorted((self.path / "events" / f"stream={stream}").iterdir())

    def table(self, kind):
        """The file of a kind of entity."""
        [file] = (self.path / "entities").glob(f"{kind}.*")
        return file

    def digests(self):
        """Digest by path, for each file of the manifest."""
        return {file["path"]: file["digest"] for file in self.manifest["files"]}

    def database(self):
        """A DuckDB connection with a view for each stream and kind, under its name, and `link` over all streams:
        the columns that all of them have."""
        database = duckdb.connect()
        database.execute("SET TimeZone = 'UTC'")
        for stream in self.streams:
            files = [str(part) for part in self.parts(stream)]
            database.execute(f'CREATE VIEW "{stream}" AS SELECT * FROM read_parquet({files}, hive_partitioning = false)')
        for kind in self.kinds:
            database.execute(f"CREATE VIEW {kind} AS SELECT * FROM read_parquet('{self.table(kind)}')")
        common = "event_id, time, cause_id, root_id, cell, attribution"
        every = (f"SELECT '{stream}' AS stream, {common} FROM \"{stream}\"" for stream in self.streams)
        database.execute("CREATE TABLE link AS " + " UNION ALL ".join(every))
        return database
