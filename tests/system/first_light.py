#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Four CERTs on one machine share a bulletin: everything that the demo shows, asserted.

Three nodes run; AA publishes a bundle to all and a TLP:RED note to BB alone. BB and CC answer for
the bundle, byte for byte; BB alone reads the note, and nothing of it lies in CC's home. AA is
killed; the others still answer, and DD, which starts late and empty, gets the bundle from them.
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import federation
import system

BUNDLE = os.path.join(system.SOURCE, "scripts", "demo-data", "glass-harbour.json")
CANARY = "canary-7f3a9c51e0d84b6e-lighthouse"
NOTE = f"""The pilot at berth 9 is ours: {CANARY}.
Ask nobody about 198.51.100.250 or {CANARY}[.]example before Thursday.
"""

check = system.check


def bundle_claims(cert, ident):
    with open(BUNDLE, "rb") as file:
        original = file.read()
    for handle in ("BB", "CC"):
        node = cert[handle]
        node.wait_visible(ident)
        row = node.json("query", f"id:{ident}")[0]
        check(row["id"] == ident, f"{handle}: the id is the author's")
        check(row["author"] == "AA" and row["tlp"] == "green" and row["groups"] == ["all"],
              f"{handle}: author, TLP and audience arrive")
        check(node.knows("tide-tables.example"), f"{handle}: a domain of the bundle is known")
        check(node.knows("login.tide-tables.example"), f"{handle}: so is a name below it")
        check(not node.knows("nottide-tables.example"), f"{handle}: a name that ends alike is not")
        check(node.knows("203.0.113.150"), f"{handle}: an address inside a listed network is known")
        check(node.knows("hxxps://berth-plan[.]example/login?next=/schedule"),
              f"{handle}: a defanged URL is known")
        check(node.cli("lookup", "unknown.example", status=None).returncode == 1,
              f"{handle}: an unknown value exits 1")
        hits = node.json("query", "cve:CVE-2026-99001", "target:fr", "tlp:green")
        check([hit["id"] for hit in hits] == [ident], f"{handle}: query by CVE, target and TLP")
        got = node.cli("show", ident, "--document", "1", text=False).stdout
        check(got == original, f"{handle}: the document comes out byte for byte")


def red_claims(cert, red):
    cert["BB"].wait_visible(red)
    check(CANARY in cert["BB"].cli("show", red, "--document", "1").stdout, "BB reads the RED note")
    check(cert["BB"].knows(f"{CANARY}.example"), "BB looks its indicator up")
    # CC has had the chance: an entry that AA publishes later has reached it.
    later = cert["AA"].publish("--to", "all", "--tlp", "clear", "--title", "later")
    cert["CC"].wait_visible(later)
    check(not cert["CC"].sees(red), "CC does not see the RED note")
    check(cert["CC"].cli("show", red, status=None).returncode == 1, "CC cannot show it")
    check(not cert["CC"].knows(f"{CANARY}.example"), "CC does not know its indicator")
    hits = [path for path, data in cert["CC"].files() if CANARY.encode() in data]
    check(not hits, f"no byte of it lies in CC's home {hits}")
    hits = [path for path, data in cert["CC"].files() if b"tide-tables" in data]
    check(hits, "the same search finds what the GREEN bundle left in its indexes")
    hits = [path for handle in ("AA", "BB") for path, data in cert[handle].files()
            if CANARY.encode() in data]
    check(not hits, f"nor in the clear on the disks of AA and BB {hits}")


def survivors_claims(cert, ident, red):
    cert["AA"].kill()
    for handle in ("BB", "CC"):
        check(cert[handle].knows("berth-plan.example"), f"{handle} answers without the author")
    cert["DD"].start()
    cert["DD"].wait_visible(ident)
    check(True, "DD, late and empty, gets the bulletin from the others")
    check(cert["DD"].knows("vpn.tide-tables.example"), "DD answers for its indicators")
    check(not cert["DD"].sees(red), "DD does not see the RED note")
    proof = os.path.join(cert["DD"].folder, "proof")
    cert["DD"].cli("show", ident, "--raw", "-o", proof)
    done = json.loads(federation.run_cli("verify", proof, "--json").stdout)
    card = json.loads(federation.run_cli("card", "show", cert["AA"].card, "--json").stdout)
    check(done["author"] == "AA" and done["fingerprint"] == card["fingerprint"],
          "a proof from DD names AA and its fingerprint")
    with open(proof, "r+b") as file:
        file.seek(200)
        byte = file.read(1)
        file.seek(200)
        file.write(bytes([byte[0] ^ 1]))
    check(federation.run_cli("verify", proof, status=None).returncode == 5,
          "an altered proof exits 5")


def main():
    cert = federation.found("AA", "BB", "CC", "DD", name="First light")
    cert.start("AA", "BB", "CC")
    for handle in ("AA", "BB", "CC"):
        cert[handle].wait_links(2)
    ident = cert["AA"].publish("--to", "all", BUNDLE)
    check(len(ident) == 52, "publish prints the full id")
    check(cert["AA"].sees(ident), "what is published is visible here at once")
    bundle_claims(cert, ident)
    red = cert["AA"].publish("--to", "BB", "--tlp", "red", "--title", "For your eyes", "-",
                             stdin=NOTE)
    red_claims(cert, red)
    survivors_claims(cert, ident, red)
    for handle in ("BB", "CC", "DD"):
        check(cert[handle].cli("verify", status=None).returncode == 0, f"{handle}: verify passes")
        check(cert[handle].stop() == 0, f"{handle}: SIGTERM ends it with 0")
    cert["AA"].start()
    check(cert["AA"].sees(ident) and cert["AA"].sees(red), "AA has lost nothing by kill -9")
    check(cert["AA"].stop() == 0, "AA: SIGTERM ends it with 0")
    system.finish()


if __name__ == "__main__":
    main()
