#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The first command of README.md, on the programs of this build: it ends well and leaves nothing."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import federation
import system

DEMO_S = 600  # ten times what it promises

check = system.check


def demo(*arguments, status):
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, TOCSIN_BIN=os.path.dirname(federation.tocsin()),
                           TMPDIR=folder)
        done = system.run(os.path.join(system.SOURCE, "scripts/demo"), *arguments, status=None,
                          timeout_s=DEMO_S, env=environment)
        if done.returncode != status:
            print(done.stdout[-3000:] + done.stderr[-3000:])
        check(done.returncode == status, f"it ends with {status}")
        check(os.listdir(folder) == [], "no folder of it is left")
        return done


def main():
    federation.tocsin()
    if system.LIGHT:
        system.skip("the demo waits as people do, not as sanitizers need")
    done = demo(status=0)
    check("Done in" in done.stdout, "it says that it is done and how to go on")
    check("..." not in done.stdout.split(" 3. ")[1].split(" 4. ")[0], "no link's line is cut")
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write("type,value\ndomain,own.example.org\n")
        file.flush()
        done = demo(file.name, status=0)
        check("own.example.org" in done.stdout, "a file of one's own is shared and found")
    done = demo("--no-such-option", status=2)
    check(done.stderr.count("\n") == 1, "wrong usage is one line")
    system.finish()


if __name__ == "__main__":
    main()
