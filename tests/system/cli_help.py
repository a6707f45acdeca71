#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The manual's table of commands is what the programs say of themselves.

Reads `tocsin --help` and every `tocsin COMMAND [VERB] --help`, and compares them with the table in
node/OPERATING.md, both ways. With --write it writes the table anew instead.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import system

MANUAL = os.path.join(system.SOURCE, "node", "OPERATING.md")
BEGIN, END = "<!-- commands: tests/system/cli_help.py -->\n", "<!-- end of commands -->\n"
COMMON = {"home", "passphrase-file", "credential", "help"}


def help_of(*words):
    text = system.run(system.need_program("tocsin"), *words, "--help", status=0).stdout
    system.check(text.startswith("usage: tocsin"), f"{' '.join(words) or 'tocsin'} has help")
    return text


def section(text, title):
    found = re.search(rf"^{title}:\n((?:  .*\n|      .*\n)+)", text, re.M)
    return found.group(1) if found else ""


def options(text):
    """The options of a command but those that every command takes, as (name, metavariable)."""
    rows = re.findall(r"^  (?:-\w, |    )--([\w-]+)(?: (\S+))?(?:  |$)", section(text, "Options"),
                      re.M)
    return [(name, value) for name, value in rows if name not in COMMON]


def row(words, operands, text):
    summary = text.split("\n\n")[1].split("\n")[0]
    listed = ", ".join(f"`--{name}{' ' + value if value else ''}`" for name, value in options(text))
    usage = " ".join(["tocsin", *words, operands]).strip().replace("|", "\\|")
    return f"| `{usage}` | {summary} | {listed.replace('|', chr(92) + '|')} |\n"


def usage_operands(words, text):
    line = text.split("\n")[0].removeprefix("usage: tocsin " + " ".join(words)).strip()
    return re.sub(r"\[OPTION\]\.\.\. ?|\[?VERB \.\.\.\]? ?", "", line).strip()


def table():
    lines = ["| command | does | options |\n", "|---|---|---|\n"]
    for command in re.findall(r"^  ([a-z]+) {2,}\S", help_of().split("`tocsin COMMAND")[0], re.M):
        text = help_of(command)
        verbs = re.findall(r"^  ([a-z]+) ", section(text, "Verbs"), re.M)
        if not verbs or "[VERB" in text.split("\n")[0]:
            lines.append(row([command], usage_operands([command], text), text))
        for verb in verbs:
            inner = help_of(command, verb)
            lines.append(row([command, verb], usage_operands([command, verb], inner), inner))
    return "".join(lines)


def main():
    with open(MANUAL, encoding="utf-8") as file:
        manual = file.read()
    before, _, rest = manual.partition(BEGIN)
    held, _, after = rest.partition(END)
    told = table()
    if sys.argv[1:] == ["--write"]:
        with open(MANUAL, "w", encoding="utf-8") as file:
            file.write(before + BEGIN + told + END + after)
        return
    for line in sorted(set(told.splitlines()) ^ set(held.splitlines())):
        print(("the programs say: " if line in told else "the manual says:  ") + line)
    system.check(told == held, "the manual's table of commands is what --help says "
                               "(tests/system/cli_help.py --write)")
    for command, said in (("publish", "defanged (evil[.]example)"), ("peers", "of the protocol"),
                          ("backup", "making a new log from one is\nnot in this version")):
        system.check(said in help_of(command), f"{command} --help says {said!r}")
    unknown = system.run(system.need_program("tocsin"), "nonsense")
    system.check(unknown.returncode == 2, "an unknown command exits 2")
    later = system.run(system.need_program("tocsin"), "roster")
    system.check(later.returncode == 2 and later.stderr.count("\n") == 1,
                 "a command of a later version exits 2 with one line")
    system.finish()


if __name__ == "__main__":
    main()
