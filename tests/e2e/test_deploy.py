"""What cannot be built here, a container, is at least what its readers accept: its instructions, its flags, its service."""

import os
import pathlib
import re
import subprocess

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = os.environ.get("CAUSEFLOW_BIN", ROOT / "target" / "release" / "causeflow")
INSTRUCTIONS = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}


def instructions():
    text = (ROOT / "deploy" / "Containerfile").read_text()
    lines = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", text, flags=re.M)).splitlines()
    return [tuple(line.split(None, 1)) for line in lines if line.strip()]


def test_the_image_is_small_and_runs_without_root():
    found = instructions()
    assert {name for name, _ in found} <= INSTRUCTIONS
    images = [rest for name, rest in found if name == "FROM"]
    assert len(images) == 2 and all(":" in image and "latest" not in image for image in images)
    after = [name for name, _ in found].index("FROM", 1)
    last = dict(found[after:])
    assert last["USER"] not in ("root", "0")
    assert "/livez" in last["HEALTHCHECK"]
    wanted = (ROOT / "Cargo.toml").read_text()
    rust = re.search(r'rust-version = "([\d.]+)"', wanted)[1]
    assert f"rust:{rust}" in images[0]


def test_what_the_image_starts_is_a_command():
    last = dict(instructions())
    words = yaml.safe_load(last["ENTRYPOINT"])
    told = subprocess.run([BIN, *words[1:2], "--help"], capture_output=True, text=True, check=True).stdout
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    service = compose["services"]["causeflow"]
    flags = [word for word in words[2:] + service["command"] if word.startswith("--")]
    assert flags and all(flag in told for flag in flags)
    assert all(name in told for name in service["environment"])
    assert service["ports"] == ["127.0.0.1:7777:7777"]
    assert set(compose["volumes"]) == {service["volumes"][0].split(":")[0]}
