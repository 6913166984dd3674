"""Checks that every dependency, of all platforms, comes from the registry under a licence that we may ship.

Run it with `python scripts/licences.py`; it reads `cargo metadata`, and for the page of `causeflow serve` the lock file of
npm, whose packages are all held to what we ship: parts of them are in the page. A dependency under another licence needs a
decision: add the licence to ALLOWED, or choose another crate.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

# Permissive licences: they ask for no more than to be named.
ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
}
# What only tests and benchmarks use is not part of what we ship. The oracle of the queue's tests, priority-queue, is
# under the Mozilla Public License, which is about changes to its own files.
ALLOWED_IN_TESTS = ALLOWED | {"MPL-2.0"}
REGISTRY = "registry+"


def allowed(expression, licences=ALLOWED):
    """Whether an SPDX expression can be met with `licences`: `A OR B` by either, `A AND B` by both.

    The old form `MIT/Apache-2.0` means OR. AND binds closer than OR.
    """
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))
    position = 0

    def peek():
        return tokens[position] if position < len(tokens) else None

    def take():
        nonlocal position
        position += 1
        return tokens[position - 1]

    def either():
        result = both()
        while peek() == "OR":
            take()
            result = both() or result
        return result

    def both():
        result = one()
        while peek() == "AND":
            take()
            result = one() and result
        return result

    def one():
        token = take()
        if token == "(":
            result = either()
            take()
            return result
        if peek() == "WITH":
            take()
            token += " WITH " + take()
        return token in licences

    return bool(tokens) and either() and position == len(tokens)


assert allowed("MIT") and allowed("GPL-3.0 OR MIT") and allowed("(MIT OR GPL-2.0) AND Zlib") and allowed("MIT/GPL-2.0")
assert not allowed("GPL-3.0") and not allowed("MIT AND GPL-3.0") and not allowed("")


def shipped_with(ours, nodes):
    """What our crates need in order to be built, also indirectly: everything but development dependencies."""
    needs = {
        node["id"]: [dep["pkg"] for dep in node["deps"] if any(kind["kind"] != "dev" for kind in dep["dep_kinds"])]
        for node in nodes
    }
    found, open_ends = set(ours), list(ours)
    while open_ends:
        for package in needs[open_ends.pop()]:
            if package not in found:
                found.add(package)
                open_ends.append(package)
    return found


def of_the_page(root):
    """What is wrong with the licences of the page's packages, and how many packages there are."""
    lock = json.loads((root / "server/page/package-lock.json").read_text())
    packages = {path.removeprefix("node_modules/"): of for path, of in lock["packages"].items() if path}
    wrong = [
        f"{name} {of['version']}: the licence {of.get('license')!r} is not among those allowed"
        for name, of in packages.items()
        if not allowed(of.get("license") or "")
    ]
    return wrong, len(packages)


def main():
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    root = Path(__file__).resolve().parent.parent
    metadata = json.loads(subprocess.run(command, cwd=root, check=True, stdout=subprocess.PIPE).stdout)
    ours = set(metadata["workspace_members"])
    shipped = shipped_with(ours, metadata["resolve"]["nodes"])
    wrong = []
    for package in metadata["packages"]:
        name = f"{package['name']} {package['version']}"
        licences = ALLOWED if package["id"] in shipped else ALLOWED_IN_TESTS
        if not allowed(package["license"] or "", licences):
            wrong.append(f"{name}: the licence {package['license']!r} is not among those allowed")
        if package["id"] not in ours and not (package["source"] or "").startswith(REGISTRY):
            wrong.append(f"{name}: comes from {package['source']}, not from the registry")
    wrong_in_page, in_page = of_the_page(root)
    wrong += wrong_in_page
    for line in wrong:
        print("error:", line, file=sys.stderr)
    if not wrong:
        print(f"{len(metadata['packages'])} packages under licences that are allowed, {len(shipped)} of them shipped, and {in_page} for the page")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
