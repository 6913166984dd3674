"""The README's own commands run, and what it shows is what they print."""

import os
import re
import subprocess
import sys
import tempfile

import httpx
import pytest

import history
import live

README = (history.ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
# These run the tests themselves, or install what runs them.
OTHERS = ("./scripts/test", "pip install ")


def blocks(language):
    return [text for kind, text in BLOCKS if kind == language]


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory() as name:
        yield name


def served(command, folder, environment):
    """A server is there until it is told to go."""
    with subprocess.Popen(["bash", "-euc", f"exec {command}"], cwd=folder, env=environment) as process:
        try:
            def page():
                assert process.poll() is None
                try:
                    return httpx.get("http://127.0.0.1:7777/admin").status_code == 200
                except httpx.TransportError:
                    return False

            live.eventually(page, 60)
        finally:
            process.terminate()
        assert process.wait(30) == 0


@pytest.fixture(scope="module")
def said(folder):
    """What each command of the README prints, run one after the other in one folder."""
    lines = [line for text in blocks("sh") for line in text.splitlines() if line and not line.startswith("#")]
    said = {}
    for line in lines:
        if line.startswith(OTHERS):
            continue
        command = re.sub(r"^cargo run --release --|^causeflow", f"'{history.BINARY}'", line)
        if "--counterfactual" in line:
            # One run of full size is enough: of this one nothing is shown.
            command += " --scale 0.1"
        environment = {**os.environ, "NO_COLOR": "1"}
        if " serve " in line:
            served(command, folder, environment)
            continue
        done = subprocess.run(["bash", "-euc", command], cwd=folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        said[line] = done.stdout
    return said


def without_speed(text):
    """Lines without those that differ from machine to machine."""
    return [line.rstrip() for line in text.splitlines() if "rows/s" not in line and line.strip()]


def test_the_commands_run(said):
    assert any(line.startswith("cargo run --release -- run tutoring") for line in said)
    assert os.access(history.ROOT / "scripts/test", os.X_OK)


def test_the_output_shown_is_what_the_main_job_prints(said):
    printed = next(iter(said.values()))
    [shown] = [text for text in blocks("text") if "fingerprint " in text and "rows/day" in text]
    if os.environ.get("UPDATE_GOLDEN"):
        (history.ROOT / "README.md").write_text(README.replace(shown, printed))
    else:
        assert without_speed(shown) == without_speed(printed), "if that is meant, run with UPDATE_GOLDEN=1"


def test_the_python_code_reads_the_result(said, folder):
    programs = blocks("python")
    assert programs
    for program in programs:
        assert len([line for line in program.splitlines() if line.strip()]) <= 12, "ten lines, more or less"
        done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "Saturday" in done.stdout or "sat" in done.stdout.lower(), done.stdout


def test_the_tree_shown_is_what_a_run_leaves(said, folder):
    [tree] = [text for text in blocks("text") if "manifest.json" in text]
    out = os.path.join(folder, "out/tutoring-42")
    for path in re.findall(r"^[│├└─\s]*([\w=.<>-]+(?:\.parquet|\.json))", tree, re.MULTILINE):
        if "<" not in path and "NNNN" not in path:
            found = any(path in names for _, _, names in os.walk(out))
            assert found, path


def edges(graph):
    """The arrows of a Mermaid flowchart, by the names that its nodes show."""
    names = dict(re.findall(r'^\s+(\w+)[(\[{]+"([\w.]+)"[)\]}]+$', graph, re.MULTILINE))
    arrows = re.findall(r'^\s+(\w+) (-->|-\.->)\|"(.*)"\| (\w+)$', graph, re.MULTILINE)
    return {(names[cause], arrow, label, names[effect]) for cause, arrow, label, effect in arrows}


def test_the_drawing_is_a_part_of_what_the_command_draws(tmp_path):
    [drawing] = blocks("mermaid")
    shown = edges(drawing)
    assert shown and shown <= edges(history.call("graph", "tutoring", folder=tmp_path))


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", README):
        if "://" not in target:
            assert (history.ROOT / target).exists(), target
