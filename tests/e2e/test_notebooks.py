"""The notebooks of examples/notebooks run from top to bottom on real output, and what is stored in them is what they give.

`UPDATE_GOLDEN=1 python -m pytest tests/e2e/test_notebooks.py` plays them again and stores what they give now.
"""

import base64
import copy
import io
import os

import matplotlib.image
import nbclient
import nbformat
import numpy as np
import pytest

import history

FOLDER = history.ROOT / "examples/notebooks"
NAMES = sorted(file.stem for file in FOLDER.glob("*.ipynb"))
STORED_SEED, OTHER_SEED = "seed = 42", "seed = 7"
# On a code host a notebook is a page: it should load at once.
MOST_BYTES = 300 * 1024


@pytest.fixture(scope="module", autouse=True)
def plain_settings(tmp_path_factory):
    """The settings of whoever runs the tests, such as fonts of their own, do not matter."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAUSEFLOW_BIN", str(history.BINARY))
        for variable in ["IPYTHONDIR", "MPLCONFIGDIR", "JUPYTER_CONFIG_DIR"]:
            patch.setenv(variable, str(tmp_path_factory.mktemp(variable.lower())))
        yield


def stored(name):
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def play(notebook, folder):
    """The notebook with the outputs that it gives in an empty folder; a cell that fails ends the test."""
    played = copy.deepcopy(notebook)
    client = nbclient.NotebookClient(
        played,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        coalesce_streams=True,
        record_timing=False,
    )
    client.execute()
    return played


def outputs(notebook):
    """By cell: what it printed and showed, by kind."""
    shown = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            parts = []
            for output in cell.outputs:
                if output.output_type == "stream":
                    parts.append({output.name: output.text})
                else:
                    parts.append(dict(output.data))
            shown.append((cell.source, parts))
    return shown


def picture(png):
    return matplotlib.image.imread(io.BytesIO(base64.b64decode(png)))


def assert_same(before, now):
    """Text is the same to the letter; pictures look the same, since fonts may be drawn a little otherwise elsewhere."""
    assert len(before) == len(now)
    for (source, parts_before), (_, parts_now) in zip(before, now):
        assert [sorted(part) for part in parts_before] == [sorted(part) for part in parts_now], source
        for one, other in zip(parts_before, parts_now):
            for kind in sorted(one):
                if kind == "image/png":
                    first, second = picture(one[kind]), picture(other[kind])
                    assert first.shape == second.shape, source
                    assert np.abs(first - second).mean() < 0.01, source
                else:
                    assert one[kind] == other[kind], source


@pytest.mark.parametrize("name", NAMES)
def test_what_is_stored_is_what_it_gives(name, tmp_path):
    notebook = stored(name)
    played = play(notebook, tmp_path)
    pictures = [part for _, parts in outputs(played) for part in parts if "image/png" in part]
    assert len(pictures) >= 2, "a notebook shows plots"
    assert all(picture(part["image/png"]).std() > 0.01 for part in pictures), "a plot is not blank"
    if os.environ.get("UPDATE_GOLDEN"):
        nbformat.write(played, FOLDER / f"{name}.ipynb")
    else:
        assert_same(outputs(notebook), outputs(played))


@pytest.mark.parametrize("name", NAMES)
def test_its_claims_hold_with_another_seed(name, tmp_path):
    notebook = stored(name)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert STORED_SEED in first.source, "the first cell says with which seed the data is made"
    first.source = first.source.replace(STORED_SEED, OTHER_SEED)
    play(notebook, tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_written_for_readers(name):
    notebook = stored(name)
    nbformat.validate(notebook)
    assert notebook.cells[0].cell_type == "markdown" and notebook.cells[0].source.startswith("# ")
    assert "causeflow run tutoring --seed 42" in notebook.cells[0].source, "it begins with the command that makes its data"
    assert sum(cell.source.count("assert ") for cell in notebook.cells if cell.cell_type == "code") >= 5, "it checks its claims"
    assert (FOLDER / f"{name}.ipynb").stat().st_size < MOST_BYTES
    for target in [word.split("](")[1].split(")")[0] for cell in notebook.cells for word in cell.source.split("[") if "](" in word]:
        assert "://" in target or (FOLDER / target).exists(), target


def test_there_are_four():
    assert NAMES == ["causal_effect", "detect_outage", "root_cause", "tour"]
