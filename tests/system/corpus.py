#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
# LABELS: corpus
"""Every real STIX file of the shared data, through a running federation.

Each file that MANIFEST.md counts as STIX is published at its own TLP: RED to an organisation spelled
out, files without TLP with --tlp-missing green. Its indicators are then found on the other nodes.
What is no STIX is refused with file, line and column. Prints the table of files, objects,
indicators and warnings by group, and compares it with the manifest.
"""
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import federation
import system

check = system.check

# STIX 2.0, TLP 1 (STIX 2.1 section 7.2.1.4) and TLP 2.0 (OASIS, 2022): marking ids.
TLP = {"613f2e26-407d-48c7-9eca-b8e91df99dc9": 1, "34098fce-860f-48ae-8e50-ebd3cc5e41da": 2,
       "f88d31f6-486f-44da-b317-01333bde0b82": 3, "5e57c739-391a-4eb3-b6be-7d15ca92d5ed": 5,
       "94868c89-83c2-464b-929b-a1a8aa3c8487": 1, "bab4a63c-aed9-4cf5-a766-dfca5abac2bb": 2,
       "55d920b0-5e8b-4f79-9ee9-91f868d9b421": 3, "939a9414-2ddd-4d32-a0cd-375ea402b003": 4,
       "e828b379-4e03-4974-9ac4-e53a884c97c1": 5}
LEVEL = {"white": 1, "clear": 1, "green": 2, "amber": 3, "amber+strict": 4, "red": 5}
EQUALITY = re.compile(r"^\[\s*(?:(domain-name|ipv4-addr|ipv6-addr|url|email-addr):value|"
                      r"file:hashes\.'?(MD5|SHA-?1|SHA-?256)'?)\s*=\s*'((?:[^'\\]|\\.)*)'\s*\]$",
                      re.I)
SIZES = {"md5": 32, "sha1": 40, "sha256": 64}


def stix_files():
    """(group, path) of the files that the manifest counts, and the counts it gives by group."""
    with open(system.need_shared("data/MANIFEST.md"), encoding="utf-8") as file:
        text = file.read().split("\n## ")[1]
    groups = {name: (int(files), int(indicators)) for name, files, indicators in
              re.findall(r"^\| (stix/[\w-]+) \| (\d+) \| (\d+) \|$", text, re.M)}
    found = []
    for group in sorted(groups):
        for folder, names, files in os.walk(system.need_shared(f"data/{group}")):
            names.sort()
            found += [(group, os.path.join(folder, name)) for name in sorted(files)
                      if name.endswith((".json", ".jsonl", ".stix2"))]
    return groups, found


def load(path):
    """The objects of a file, None where it is no JSON."""
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        text = file.read()
    try:
        whole = json.loads(text)
    except ValueError:
        try:
            whole = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError:
            return None
    parts = whole if isinstance(whole, list) else [whole]
    objects = []
    for part in parts:
        if isinstance(part, dict) and isinstance(part.get("objects"), list):
            objects += part["objects"]
        else:
            objects.append(part)
    return [item for item in objects if isinstance(item, dict)]


def indicator_values(objects):
    """Values of patterns that are one equality, as a person would look them up."""
    values = []
    for item in objects:
        pattern = item.get("pattern")
        if item.get("type") != "indicator" or not isinstance(pattern, str) or item.get("revoked"):
            continue
        found = EQUALITY.match(pattern.strip())
        if not found:
            continue
        value = re.sub(r"\\(.)", r"\1", found.group(3)).strip()
        kind = (found.group(2) or "").lower().replace("-", "")
        plain = not kind or (len(value) == SIZES[kind] and re.fullmatch("[0-9a-fA-F]+", value))
        if value and plain and "\n" not in value and "\t" not in value:
            values.append(value)
    return values


class Table(dict):
    def add(self, group, column, count=1):
        self.setdefault(group, dict.fromkeys(COLUMNS, 0))[column] += count

    def print(self):
        print("| group | " + " | ".join(COLUMNS) + " |\n|---" * 1 + "|---:" * len(COLUMNS) + "|")
        for group in sorted(self):
            print(f"| {group} | " + " | ".join(str(self[group][name]) for name in COLUMNS) + " |")
        print("| all | " + " | ".join(str(sum(row[name] for row in self.values()))
                                      for name in COLUMNS) + " |", flush=True)


COLUMNS = ("files", "published", "refused", "red", "objects", "indicators", "warnings",
           "looked up", "found")


def publish(node, path):
    """Publishes a file at its own TLP; (row or None, whether it was RED, the refusal)."""
    name = os.path.basename(path)
    base = ["publish", "--json", "--tlp-missing", "green"]
    for title in ([], ["--title", name]):
        for audience, red in (("all", False), ("BB,CC", True)):
            done = node.cli(*base, "--to", audience, *title, path, status=None, timeout_s=300)
            if done.returncode == 0:
                return json.loads(done.stdout), red, None
            if done.returncode != 3:
                break
        if done.returncode != 2 or "title" not in done.stderr:
            break
    return None, False, done


def refusal_is_right(path, done):
    line = done.stderr
    return (done.returncode == 2 and line.count("\n") == 1 and
            re.match(r"tocsin: " + re.escape(path) + r":\d+:\d+: \S", line) is not None)


def found_on(node, values):
    done = node.cli("lookup", "-", "--json", stdin="\n".join(values) + "\n", status=None,
                    timeout_s=300)
    known = {row["written"] for row in map(json.loads, done.stdout.splitlines()) if row["known"]}
    return known


def compare_with_manifest(groups, table):
    files = {group: table[group]["files"] for group in groups}
    check(files == {group: counts[0] for group, counts in groups.items()},
          "every file that the manifest counts was tried")
    mine = {group: table[group]["indicators"] for group in groups}
    theirs = {group: counts[1] for group, counts in groups.items()}
    other = {group: (mine[group], theirs[group]) for group in groups
             if mine[group] != theirs[group]}
    check(not other, f"indicator objects agree with the manifest, group by group {other}")


def main():
    groups, files = stix_files()
    cert = federation.found("AA", "BB", "CC", name="Corpus")
    cert.start("AA", "BB", "CC")
    cert["AA"].wait_links(2)
    table, wrong, values, last = Table(), [], {}, None
    for group, path in files:
        table.add(group, "files")
        objects = load(path)
        row, red, done = publish(cert["AA"], path)
        if row is None:
            table.add(group, "refused")
            if objects is not None or not refusal_is_right(path, done):
                wrong.append(f"{path}: exit {done.returncode}: {done.stderr.strip()}")
            continue
        last = row["id"]
        table.add(group, "published")
        table.add(group, "red", int(red))
        for column in ("objects", "indicators", "warnings"):
            table.add(group, column, row.get(column) or 0)
        marked = strictest(objects or [])
        if marked and LEVEL[row["tlp"]] < marked:
            wrong.append(f"{path}: published as {row['tlp']} below its marking")
        values.setdefault(group, set()).update(indicator_values(objects or []))
    check(not wrong, f"every STIX file is published, the rest refused with the right line {wrong}")
    look_up(cert, table, values, last)
    table.print()
    compare_with_manifest(groups, table)
    for node in cert.values():
        check(node.json("status")[0]["quarantined"] == 0, f"{node.handle}: nothing is quarantined")
    cert.stop()
    system.finish()


def strictest(objects):
    """The strictest TLP that an object refers to, 0 for none."""
    level = 0
    own = {item.get("id"): LEVEL.get(str((item.get("definition") or {}).get("tlp", "")).lower(), 0)
           for item in objects if item.get("type") == "marking-definition"
           and isinstance(item.get("definition"), dict)}
    for item in objects:
        refs = item.get("object_marking_refs") or []
        refs = refs if isinstance(refs, list) else []
        for granular in item.get("granular_markings") or []:
            if isinstance(granular, dict):
                refs = refs + [granular.get("marking_ref")]
        for ref in refs:
            key = str(ref).split("--")[-1]
            level = max(level, TLP.get(key, 0), own.get(ref, 0))
    return level


def wait_same(author, reader):
    """Waits until the reader shows every bulletin that the author shows."""
    def lacks():
        mine = {row["id"] for row in author.json("query")}
        return mine - {row["id"] for row in reader.json("query", status=None)}
    try:
        system.wait_for(lambda: not lacks(), 120, f"{reader.handle} shows everything")
        check(True, f"{reader.handle} shows every bulletin")
    except TimeoutError:
        check(False, f"{reader.handle} shows every bulletin; {len(lacks())} are missing; "
                     f"{reader.log_text()[-600:]}")


def look_up(cert, table, values, last):
    for handle in ("BB", "CC"):
        cert[handle].wait_visible(last)
        wait_same(cert["AA"], cert[handle])
        missing = []
        for group, wanted in sorted(values.items()):
            if not wanted:
                continue
            known = found_on(cert[handle], sorted(wanted))
            missing += [f"{group}: {value}" for value in sorted(wanted - known)]
            if handle == "BB":
                table.add(group, "looked up", len(wanted))
                table.add(group, "found", len(wanted & known))
        check(not missing, f"{handle} answers for every indicator "
                           f"({len(missing)} missing: {missing[:10]})")


if __name__ == "__main__":
    main()
