#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Adds up what ctest ran: counts.py BROKEN JUNIT-FILE...

BROKEN is how many steps failed before any case could run; each counts as one failure.

A program that reports its own counts is counted by them: cmocka's summary lines, or a last line
"N passed, N failed, N skipped" of a script. Every other case counts once. Prints each failed case
and, alone on the last line, "N passed, N failed, N skipped". Exit 1 if anything failed or nothing
passed.
"""
import re
import sys
import xml.etree.ElementTree as ElementTree

CMOCKA = {"passed": re.compile(r"^\[  PASSED  \] (\d+) test\(s\)\.", re.M),
          "failed": re.compile(r"^\[  FAILED  \] (\d+) test\(s\), listed below", re.M),
          "skipped": re.compile(r"^\[  SKIPPED \] (\d+) test\(s\), listed below", re.M)}
SCRIPT = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.M)


def count(case):
    status = case.get("status")
    text = "".join(case.find("system-out").itertext()) if case.find("system-out") is not None else ""
    script = SCRIPT.findall(text)
    if script:
        passed, failed, skipped = map(int, script[-1])
    else:
        passed, failed, skipped = (sum(map(int, pattern.findall(text)))
                                   for pattern in CMOCKA.values())
    if status in ("notrun", "disabled") or case.find("skipped") is not None:
        return passed, failed, max(skipped, 1)
    if status != "run" or case.find("failure") is not None:
        return passed, max(failed, 1), skipped
    return (passed, failed, skipped) if passed + failed + skipped else (1, 0, 0)


def main():
    totals = [0, int(sys.argv[1]), 0]
    for path in sys.argv[2:]:
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            one = count(case)
            if one[1]:
                print(f"failed: {case.get('name')} ({path})")
            totals = [a + b for a, b in zip(totals, one)]
    print(f"{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped")
    sys.exit(1 if totals[1] or not totals[0] else 0)


if __name__ == "__main__":
    main()
