#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Runs the benchmarks of tests/bench for scripts/bench, which builds them.

A benchmark is a C program or an executable .py or .sh file. It prints JSON Lines with name, value,
unit and, if it has one, goal (">= 10", "<= 3", or with an x, as ">= 0.7x", a multiple of the limit)
and limit (the name of an earlier line, or a number). Exit status 77 skips.
"""
import json
import operator
import os
import pathlib
import re
import subprocess
import sys

# The limit is measured first, so that others can be compared with it.
FIRST = "limit"
# No benchmark may hold up the rest for longer than this.
TIMEOUT_S = 1800
GOAL = re.compile(r"^\s*(>=|<=)\s*([0-9.]+)\s*(x?)\s*$")
COMPARE = {">=": operator.ge, "<=": operator.le}


def programs(source, names):
    found = {}
    for file in sorted((source / "tests/bench").iterdir()):
        if file.suffix == ".c":
            found[file.stem] = source / "build/bench" / f"bench_{file.stem}"
        elif file.suffix in (".py", ".sh") and os.access(file, os.X_OK):
            found[file.stem] = file
    unknown = [name for name in names if name not in found]
    if unknown:
        print(f"bench: no benchmark {unknown[0]}; there are {' '.join(found)}", file=sys.stderr)
        sys.exit(2)
    chosen = [name for name in found if not names or name in names or name == FIRST]
    return [(name, found[name]) for name in sorted(chosen, key=lambda name: (name != FIRST, name))]


def complete(row, values):
    """Fills in limit, ratio and whether the goal is met (None without a goal)."""
    limit = row.get("limit")
    limit = values.get(limit) if isinstance(limit, str) else limit
    row["limit"] = limit
    row["ratio"] = round(row["value"] / limit, 3) if limit else None
    goal = GOAL.match(row.get("goal") or "")
    met = None
    if goal and (limit or not goal.group(3)):
        got = row["ratio"] if goal.group(3) else row["value"]
        met = COMPARE[goal.group(1)](got, float(goal.group(2)))
    values[row["name"]] = row["value"]
    return met


def show(row, met, as_json):
    if as_json:
        keys = ("name", "value", "unit", "limit", "ratio", "goal")
        print(json.dumps({key: row.get(key) for key in keys}), flush=True)
        return
    ratio = "" if row["ratio"] is None else f"{row['ratio']:.3g}"
    limit = "" if row["limit"] is None else f"{row['limit']:,.6g}"
    verdict = {True: "met", False: "MISSED", None: ""}[met]
    print(f"{row['name']:<34}{row['value']:>14,.6g} {row['unit']:<12}{limit:>12}{ratio:>8}  "
          f"{row.get('goal') or '':<10}{verdict}", flush=True)


def run(name, program, values, as_json):
    environment = dict(os.environ, TOCSIN_BIN=str(program.parents[1] / "bin"))
    if program.suffix:
        environment["TOCSIN_BIN"] = str(program.parents[2] / "build/bin")
    try:
        done = subprocess.run([str(program)], capture_output=True, text=True, timeout=TIMEOUT_S,
                              env=environment)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"bench: {name}: {error}", file=sys.stderr)
        return False
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            row = json.loads(line)
            show(row, complete(row, values), as_json)
    if done.returncode == 77:
        print(f"bench: {name} skipped: {done.stdout.strip() or done.stderr.strip()}",
              file=sys.stderr)
        return True
    if done.returncode != 0:
        print(f"bench: {name} ended with status {done.returncode}: {done.stderr.strip()[-500:]}",
              file=sys.stderr)
    return done.returncode == 0


def main():
    as_json = "--json" in sys.argv[1:]
    names = [argument for argument in sys.argv[1:] if argument != "--json"]
    source = pathlib.Path(__file__).resolve().parents[2]
    chosen = programs(source, names)
    if not as_json:
        print(f"{'name':<34}{'value':>14} {'unit':<12}{'limit':>12}{'ratio':>8}  goal")
    values = {}
    results = [run(name, program, values, as_json) for name, program in chosen]
    sys.exit(0 if all(results) else 5)


if __name__ == "__main__":
    main()
