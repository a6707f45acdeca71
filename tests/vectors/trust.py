#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A second implementation of proto/PROTOCOL.md sections 4 to 6, written from its text in Python.

It shares no code with the C library but the figures of crypto.py and the encoding of proto.py
beside it. Its output, trust.json, is the project's own set of figures for other implementers;
tests/vectors/trust.c checks the library against it.

Usage: trust.py > trust.json
"""
import json
import sys

from crypto import ed25519, fill, h, kdf, seal, statement, wrap, x25519_public
from proto import encode

ZEROS = bytes(32)


def sign(seed, context, federation, digest):
    return ed25519(seed, statement(context, federation, digest))


def public(seed):
    return ed25519(seed, b"")[0]


# ---- section 4: cards ---------------------------------------------------------------------------


def make_cert(founder, node):
    record = encode({
        1: founder["id"], 2: node["number"], 3: x25519_public(node["link_secret"]),
        4: x25519_public(node["seal_secret"]), 5: public(node["log_seed"]),
        6: node["incarnation"], 7: node["addresses"], 8: node["suites"], 9: node["serial"],
    })
    return encode([record, sign(founder["org_seed"], "sign cert", ZEROS, h("cert", record))[1]])


def make_card(founder):
    key = public(founder["org_seed"])
    founder["id"] = h("org", key)
    fields = {
        1: key, 2: key, 3: public(founder["recovery_seed"]), 4: founder["handle"],
        5: founder["name"], 6: founder["country"], 7: founder["kind"], 8: founder["serial"],
        9: founder["phone"], 10: founder["mail"], 11: founder["languages"], 12: founder["hours"],
        13: founder["voting_node"],
        14: [make_cert(founder, node) for node in founder["nodes"]],
    }
    # Optional fields that are empty are left out.
    record = encode({k: v for k, v in fields.items() if v not in ("", []) or k == 14})
    signature = sign(founder["org_seed"], "sign card", ZEROS, h("card", record))[1]
    founder["card"] = encode([record, signature])


def make_node(start, number, **other):
    node = {"number": number, "incarnation": 1, "serial": 1, "suites": 2, "addresses": [],
            "link_secret": fill(start, 32), "seal_secret": fill(start + 50, 32),
            "log_seed": fill(start + 100, 32)}
    return node | other


def make_founders():
    bare = {"country": "", "phone": "", "mail": "", "languages": [], "hours": "", "serial": 1}
    founders = [
        bare | {"handle": "CERT-Alpha", "name": "Alpha national CERT", "country": "AL", "kind": 1,
                "serial": 7, "phone": "+355 4 000 0000", "mail": "duty@alpha.example",
                "languages": ["sq", "en"], "hours": "24/7", "voting_node": 1,
                "nodes": [make_node(3, 1, addresses=["192.0.2.1:7700", "[2001:db8::1]:7700"])]},
        bare | {"handle": "interteam", "name": "International t\u00e9am", "kind": 5,
                "serial": 2**40, "voting_node": 300,
                "nodes": [make_node(7, 2, incarnation=70000, addresses=["node.inter.example:443"]),
                          make_node(11, 300, suites=6, serial=2**33)]},
        bare | {"handle": "helpers", "name": "Helpers", "country": "BA", "kind": 6,
                "voting_node": 65535, "nodes": [make_node(13, 65535)]},
        bare | {"handle": "watcher-3", "name": "Watchers", "country": "CY", "kind": 7,
                "voting_node": 1, "nodes": [make_node(17, 1)]},
    ]
    for i, founder in enumerate(founders):
        founder["org_seed"], founder["recovery_seed"] = fill(200 + i, 32), fill(230 + i, 32)
        make_card(founder)
    return founders


# ---- section 6: epochs and groups ---------------------------------------------------------------


def seal_keys(founders):
    return [x25519_public(node["seal_secret"]) for founder in founders
            for node in founder["nodes"]]


def make_wraps(group, parent, entropy, keys, secret):
    ephemeral = x25519_public(entropy)
    return ephemeral, b"".join(wrap((group, parent, ephemeral), entropy, key, secret)
                               for key in keys)


def make_epoch(federation, committer, options):
    entropy, group, parent = options["entropy"], options["group"], options["parent"]
    e, tag_key = entropy[:32], options.get("tag_key", entropy[64:])
    k = kdf(options["f"], "epoch", group + parent + e)
    members = sorted(options["members"], key=lambda founder: founder["id"])
    ephemeral, wraps = make_wraps(group, parent, entropy[32:64], seal_keys(members), e)
    fields = {
        1: group, 2: options["number"], 3: parent, 4: committer["id"],
        5: committer["nodes"][0]["number"], 6: 1, 7: b"".join(m["id"] for m in members),
        8: options["reason"], 9: 1, 10: h("commit", k),
    }
    # The associated data is the record before the key of field 11, its head of 13 pairs included.
    ad = encode(fields | {11: 0, 12: 0, 13: 0})[:-6]
    fields |= {11: seal(kdf(k, "tag", group), bytes(12), tag_key, ad), 12: ephemeral, 13: wraps}
    record = encode(fields)
    key, signature = sign(committer["nodes"][0]["log_seed"], "sign epoch", federation,
                          h("epoch-record", record))
    return {"envelope": encode([record, key, signature]), "hash": h("epoch-record", record),
            "e": e, "k": k, "tag_key": tag_key}


def make_group(federation, founder, options):
    members = sorted(member["id"] for member in options["members"])
    fields = {1: options["random"], 2: founder["id"], 3: founder["nodes"][0]["number"],
              4: b"".join(members), 5: b"".join(sorted(options["admins"])), 6: options["name"],
              7: options["purpose"], 8: options["flags"]}
    record = encode({k: v for k, v in fields.items() if v != ""})
    key, signature = sign(founder["nodes"][0]["log_seed"], "sign group", federation,
                          h("group", record))
    return {"envelope": encode([record, key, signature]), "id": h("group", record)}


# ---- section 5: founding ------------------------------------------------------------------------


def make_organisation(founder):
    fields = {1: founder["id"], 2: public(founder["org_seed"]),
              3: public(founder["recovery_seed"]), 4: founder["handle"], 5: founder["country"],
              6: founder["kind"], 7: founder["kind"] != 7}
    return {k: v for k, v in fields.items() if v != ""}


def make_genesis(founders, drafter, name, entropy, secret_out):
    ordered = sorted(founders, key=lambda founder: founder["id"])
    f = entropy[:32]
    fields = {1: 1, 2: ZEROS, 3: name, 4: [make_organisation(founder) for founder in ordered],
              5: 1, 6: h("F", f)}
    if not secret_out:
        fields[7], fields[8] = make_wraps(ZEROS, ZEROS, entropy[32:64], seal_keys(ordered), f)
    record = encode(fields)
    federation = h("roster", record)
    epoch = make_epoch(federation, drafter, {
        "entropy": entropy[64:], "group": h("all", federation), "parent": federation,
        "number": 1, "members": founders, "reason": 1, "f": f})

    def file_signed_by(signers):
        signatures = [[founder["id"],
                       sign(founder["org_seed"], "sign roster", federation, federation)[1]]
                      for founder in ordered if founder in signers]
        return encode({1: record, 2: signatures, 3: [founder["card"] for founder in ordered],
                       4: epoch["envelope"], 5: drafter["id"],
                       6: drafter["nodes"][0]["number"]})

    return {"name": name, "entropy": entropy, "secret_out": secret_out, "federation": federation,
            "f": f, "epoch": epoch, "draft": file_signed_by([]),
            "complete": file_signed_by(founders)}


# ---- the figures --------------------------------------------------------------------------------


def make_groups(founders, genesis):
    federation, founder = genesis["federation"], founders[1]
    for direct in (True, False):
        options = {"random": fill(60 + direct, 32), "flags": int(direct),
                   "members": founders[:3], "admins": [founder["id"]],
                   "name": "" if direct else "ransom-desk",
                   "purpose": "" if direct else "Cases that run"}
        if not direct:
            options["admins"].append(founders[0]["id"])
        group = make_group(federation, founder, options)
        epochs, entropy = [], fill(80, 96)
        first = {"entropy": entropy, "group": group["id"], "parent": group["id"], "number": 1,
                 "members": founders[:3], "reason": 1, "f": genesis["f"]}
        epochs.append(make_epoch(federation, founder, first))
        second = first | {"entropy": fill(90, 64) + bytes(32), "parent": epochs[0]["hash"],
                          "number": 2, "reason": 4, "tag_key": epochs[0]["tag_key"]}
        if not direct:
            second |= {"members": founders[:2], "reason": 2}
        epochs.append(make_epoch(federation, founder, second))
        yield {"random": options["random"], "flags": options["flags"], "name": options["name"],
               "purpose": options["purpose"], "envelope": group["envelope"], "id": group["id"],
               "entropy": [first["entropy"], second["entropy"]],
               "member_count": [3, len(second["members"])],
               "reason": [1, second["reason"]], "epochs": epochs}


def main():
    founders = make_founders()
    entropy = fill(5, 160)
    genesis = [make_genesis(founders, founders[0], "Figures", entropy, secret_out)
               for secret_out in (False, True)]
    figures = {
        "about": "Figures of proto/PROTOCOL.md sections 4 to 6; bytes in hex. Wraps stand in the "
                 "order of organisation ids and node numbers. Groups are founded by founder 1 with "
                 "the first members of the list; admins are the founder and, unless direct, "
                 "founder 0. Made by trust.py.",
        "founders": founders,
        "genesis": genesis,
        "groups": list(make_groups(founders, genesis[0])),
    }
    json.dump(figures, sys.stdout, indent=1, default=bytes.hex, ensure_ascii=True)
    print()


if __name__ == "__main__":
    main()
