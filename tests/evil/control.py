#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The positive control of evil_core: control.py PROGRAM.

PROGRAM is evil_core with a signature check that lets everything pass (control.c). Each of these lies
must be noticed by nothing but that check: told to it alone, its one test must fail.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import system

LIES = ["entry_of_one_who_never_spoke", "payload_altered_in_the_middle",
        "signed_by_its_organisation_key", "founding_with_a_wrong_signature"]

for lie in LIES:
    ran = system.run(sys.argv[1], lie)
    # The lie's name on the line of a failed test; another end of the program is no proof.
    system.check(ran.returncode == 1 and f"[  FAILED  ] {lie}" in ran.stdout + ran.stderr,
                 f"without signature checks nothing notices {lie}")
system.finish()
