#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The controls of the scripts that judge: scripts/style must see each breach, scripts/trace each
missing link, tests/lib/counts.py each failure; and none of them what is in order.

Usage: habits.py
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SPDX = "/* SPDX-License-Identifier: EUPL-1.2 */\n"
GOOD_C = SPDX + "int toc_x(int a)\n{\n    do {\n        if (a) {\n            a--;\n        } else " \
    "if (a < 9) {\n            a++;\n        }\n    } while (a);\n    return a;\n}\n"
GOOD_H = SPDX + "#ifndef TOC_X_H\n#define TOC_X_H\n\n/* Does it. */\nint toc_x(int a);\n#endif\n"

# File name, text, what style must say of it ("" = nothing). Words are cut so that style does not
# find them here.
STYLE_ROWS = [
    ("x.c", GOOD_C, ""),
    ("x.h", GOOD_H, ""),
    ("x.c", GOOD_C.replace(SPDX, ""), "first line is not"),
    ("x.c", GOOD_C.replace("return a;", "return a; /* TO" "DO */"), "left behind"),
    ("x.c", GOOD_C.replace("return a;", "return a; /* a st" "ub */"), "left behind"),
    ("x.c", GOOD_C.replace("return a;", "return a; /* see /wo" "rk/x */"), "path of one machine"),
    ("x.c", GOOD_C.replace("return a;", "return sprintf(0, 0);"), "sprintf() is banned"),
    ("x.c", GOOD_C.replace("return a;", 'return sizeof "sprintf(";'), ""),
    ("x.c", GOOD_C.replace("return a;", "return a; "), "blanks at the end"),
    ("x.c", GOOD_C.replace("    return", "\treturn"), "tab"),
    ("x.c", GOOD_C.rstrip("\n"), "no newline at the end"),
    ("x.c", GOOD_C.replace("return a;", "if (a)\n        a = 1;"), "if without braces"),
    ("x.c", GOOD_C.replace("return a;", "while (a)\n        a--;"), "while without braces"),
    ("x.c", GOOD_C.replace("return a;", "a++;\n" * 60), "toc_x has"),
    ("x.c", GOOD_C.replace("return a;", "a++;\n" * 40), ""),
    ("x.c", GOOD_C + "/* ---------- part ---------- */\n", "banner"),
    ("x.c", GOOD_C + "\n" * 600, "lines; at most 600"),
    ("x_table.c", GOOD_C + "\n" * 600, ""),
    ("x.h", GOOD_H.replace("/* Does it. */\n", ""), "without its contract"),
    ("x.h", GOOD_H.replace("int toc_x(int a);", "typedef struct x x;"), "typedef hides"),
    ("x.h", GOOD_H.replace("TOC_X_H", "X_H"), "include guard"),
    ("tests/x.c", GOOD_C.replace("return a;", "sle" "ep(1);"), "a test sleeps"),
    ("tests/x.py", "# SPDX-License-Identifier: EUPL-1.2\ntime.sle" "ep(1)\n", "a test sleeps"),
    ("tests/lib/system.py", "# SPDX-License-Identifier: EUPL-1.2\ntime.sle" "ep(1)\n", ""),
    ("x.sh", "#!/bin/sh\n# SPDX-License-Identifier: EUPL-1.2\n", "no run bit"),
    ("x.sh", "echo\n", "no line with SPDX"),
]

RULE = "**R-1.1** Peers do.\n"
# Specification, code, test, what trace must say.
TRACE_ROWS = [
    (RULE, "/* R-1.1 */", "/* R-1.1 */", ""),
    (RULE, "", "/* R-1.1 */", "no line of code names R-1.1"),
    (RULE, "/* R-1.1 */", "", "no test names R-1.1"),
    (RULE, "/* R-1.1 R-1.2 */", "/* R-1.1 */", "R-1.2 is not a rule"),
    (RULE, "/* R-1.1 */", "/* R-1.1 R-9.9 */", "R-9.9 is not a rule"),
    (RULE + RULE, "/* R-1.1 */", "/* R-1.1 */", "is defined in line 1 already"),
    (RULE + "See R-7.7.\n", "/* R-1.1 */", "/* R-1.1 */", "R-7.7 is named but nowhere defined"),
    (RULE + "**R-1.2** (not enforced) Be kind.\n", "/* R-1.1 */", "/* R-1.1 */", ""),
    ("No rules.\n", "", "", "0 rules"),
]

CASE = '<testsuite><testcase name="t" status="{}">{}<system-out>{}</system-out></testcase></testsuite>'
CMOCKA = "[  PASSED  ] 3 test(s).\n[  SKIPPED ] 1 test(s), listed below:\n"
# Status, child, output, broken steps, last line, exit status.
COUNT_ROWS = [
    ("run", "", "", 0, "1 passed, 0 failed, 0 skipped", 0),
    ("run", "", CMOCKA, 0, "3 passed, 0 failed, 1 skipped", 0),
    ("fail", "<failure/>", "[  PASSED  ] 2 test(s).\n[  FAILED  ] 2 test(s), listed below:\n", 0,
     "2 passed, 2 failed, 0 skipped", 1),
    ("fail", "<failure/>", "it crashed", 0, "0 passed, 1 failed, 0 skipped", 1),
    ("notrun", "<skipped/>", "", 0, "0 passed, 0 failed, 1 skipped", 1),
    ("run", "", "ok\n7 passed, 0 failed, 2 skipped\n", 0, "7 passed, 0 failed, 2 skipped", 0),
    ("run", "", "", 1, "1 passed, 1 failed, 0 skipped", 1),
]


def run(*command):
    done = subprocess.run(list(command), capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def fresh_tree(root, script):
    shutil.rmtree(root, ignore_errors=True)
    for folder in ("scripts", "proto", "tests"):
        (root / folder).mkdir(parents=True)
    shutil.copy(SOURCE / "scripts" / script, root / "scripts" / script)
    return root / "scripts" / script


def said(what, wanted, status, output):
    """The wrong verdict in words, or None."""
    if wanted == "" and status == 0 or wanted != "" and status != 0 and wanted in output:
        return None
    return f"{what}: wanted \"{wanted}\", got status {status}: {output.strip()}"


def main():
    root = pathlib.Path(tempfile.mkdtemp()) / "tree"
    wrong = []
    for number, (name, text, wanted) in enumerate(STYLE_ROWS):
        script = fresh_tree(root, "style")
        path = name if "/" in name else f"proto/{name}"
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
        wrong.append(said(f"style row {number}", wanted, *run(str(script), path)))
    for number, (rules, code, test, wanted) in enumerate(TRACE_ROWS):
        script = fresh_tree(root, "trace")
        (root / "proto/PROTOCOL.md").write_text(rules)
        (root / "proto/x.c").write_text(code)
        (root / "tests/x.c").write_text(test)
        wrong.append(said(f"trace row {number}", wanted, *run(str(script))))
    for number, (status, child, text, broken, last, code) in enumerate(COUNT_ROWS):
        results = root / "results.xml"
        results.write_text(CASE.format(status, child, text))
        got, output = run(str(SOURCE / "tests/lib/counts.py"), str(broken), str(results))
        if got != code or output.splitlines()[-1] != last:
            wrong.append(f"counts row {number}: {got} {output.strip()}")
    for script in ("style", "trace"):
        done = subprocess.run([SOURCE / "scripts" / script, "--help"], capture_output=True, text=True)
        if done.returncode != 0 or "Usage:" not in done.stdout:
            wrong.append(f"{script} --help: {done.returncode} {done.stderr.strip()}")
    shutil.rmtree(root.parent)
    wrong = [line for line in wrong if line]
    print("\n".join(wrong))
    count = len(STYLE_ROWS) + len(TRACE_ROWS) + len(COUNT_ROWS) + 2
    print(f"{count - len(wrong)} passed, {len(wrong)} failed, 0 skipped")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
