"""Changes single things in a finished run, and the manifest with them, so that files still have their size and digest."""

import json
import shutil

import blake3
import pyarrow as pa
import pyarrow.parquet as pq


def text_of(manifest):
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


def mend_digest(manifest):
    """The digest is that of the file without it."""
    manifest["digest"] = ""
    manifest["digest"] = "blake3:" + blake3.blake3(text_of(manifest).encode()).hexdigest()


class Corrupted:
    """A copy of a run of which something is changed."""

    def __init__(self, original, path):
        shutil.copytree(original, path)
        self.path = path

    @property
    def manifest(self):
        return json.loads((self.path / "manifest.json").read_text())

    def edit(self, change, mend=True):
        """Changes the manifest, and mends its digest of itself."""
        manifest = self.manifest
        change(manifest)
        if mend:
            mend_digest(manifest)
        (self.path / "manifest.json").write_text(text_of(manifest))

    def file(self, stream):
        return f"events/stream={stream}/part-0000.parquet"

    def read(self, stream):
        return pq.read_table(self.path / self.file(stream))

    def rows_within(self, stream):
        """The rows of a stream of whose chain nothing lies before the start of the run."""
        parts = self.path.glob("events/*/*.parquet")
        ids = {event for part in parts for event in pq.read_table(part, columns=["event_id"]).column(0).to_pylist()}
        return [row for row, root in enumerate(self.read(stream).column("root_id").to_pylist()) if root in ids]

    def write(self, stream, table):
        """Replaces the rows of a stream; the manifest then has the new file's size, digest and rows."""
        path = self.file(stream)
        pq.write_table(table, self.path / path)
        content = (self.path / path).read_bytes()

        def patch(manifest):
            [entry] = [file for file in manifest["files"] if file["path"] == path]
            entry.update(bytes=len(content), digest="blake3:" + blake3.blake3(content).hexdigest(), rows=table.num_rows)
            [entry] = [one for one in manifest["streams"] if one["name"] == stream]
            entry["rows"] = table.num_rows

        self.edit(patch)

    def put(self, stream, row, **values):
        """Puts other values into one row; returns its event_id from before."""
        table = self.read(stream)
        event_id = table.column("event_id")[row].as_py()
        for name, value in values.items():
            place = table.schema.get_field_index(name)
            field = table.schema.field(place)
            column = table.column(name).cast(pa.string() if pa.types.is_dictionary(field.type) else field.type).to_pylist()
            column[row] = value
            array = pa.array(column, type=pa.string() if pa.types.is_dictionary(field.type) else field.type)
            table = table.set_column(place, field, array.cast(field.type))
        self.write(stream, table)
        return event_id

    def take(self, stream, rows):
        """Keeps these rows of a stream, in this order."""
        self.write(stream, self.read(stream).take(rows))
