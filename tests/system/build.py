#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What the build promises: hardened programs, the same bytes from the same source wherever it lies,
and an installation that can be repeated. Control: a program compiled without any of the flags."""
import hashlib
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import system

PROGRAMS = ("tocsin", "tocsind", "tocsin-index")


def readelf(path, *options):
    return system.run("readelf", "-W", *options, path, status=0).stdout


def weaknesses(path):
    """What a hardened program would have and this one has not."""
    headers, dynamic, symbols = readelf(path, "-l"), readelf(path, "-d"), readelf(path, "-s")
    found = []
    if "(PIE)" not in dynamic and not re.search(r"FLAGS_1.*\bPIE\b", dynamic):
        found.append("PIE")
    if "GNU_RELRO" not in headers or not re.search(r"BIND_NOW|FLAGS.*\bNOW\b", dynamic):
        found.append("RELRO")
    if not re.search(r"GNU_STACK.* RW ", headers):
        found.append("NX")
    if "__stack_chk_fail" not in symbols:
        found.append("stack protector")
    if not re.search(r"__\w+_chk\b(?<!__stack_chk)", symbols):
        found.append("FORTIFY")
    if re.search(r"R(UN)?PATH", dynamic):
        found.append("a library path of its own")
    return found


def check_hardening(folder):
    for name in PROGRAMS:
        weak = weaknesses(system.need_program(name))
        system.check(not weak, f"{name} is hardened {weak or ''}")
    bare = os.path.join(folder, "bare")
    with open(bare + ".c", "w") as file:
        file.write("int main(void) { return 0; }\n")
    system.run("gcc", "-no-pie", "-fno-stack-protector", "-U_FORTIFY_SOURCE", "-z", "norelro",
               "-z", "lazy", "-z", "execstack", "-o", bare, bare + ".c", status=0)
    system.check(weaknesses(bare) == ["PIE", "RELRO", "NX", "stack protector", "FORTIFY"],
                 "control: a bare program is seen as such")


def sources_alone(folder, names):
    """Leaves out history and build folders, which lie at the top alone."""
    top = os.path.samefile(folder, system.SOURCE)
    return [name for name in names if name == ".git" or (top and name.startswith("build"))]


def check_same_bytes(folder):
    """Another place, another time, another user's umask: the same programs."""
    copy = os.path.join(folder, "elsewhere", "source")
    shutil.copytree(system.SOURCE, copy, ignore=sources_alone)
    built = os.path.join(folder, "built")
    system.run("cmake", "-S", copy, "-B", built, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
               "-DTOC_TESTS=OFF", status=0)
    system.run("cmake", "--build", built, "--target", "programs", status=0, timeout_s=600)
    for name in PROGRAMS:
        here, there = (hashlib.sha256(open(os.path.join(place, name), "rb").read()).hexdigest()
                       for place in (system.BIN, os.path.join(built, "bin")))
        system.check(here == there, f"{name} is the same when it is built elsewhere")


def tree(root):
    return {os.path.relpath(os.path.join(folder, name), root):
            os.stat(os.path.join(folder, name)).st_mode & 0o7777
            for folder, _, files in os.walk(root) for name in files}


def check_installation(folder):
    root = os.path.join(folder, "root")
    install = os.path.join(system.SOURCE, "scripts", "install")
    wanted = {f"opt/tocsin/bin/{name}": 0o755 for name in PROGRAMS}
    wanted["usr/lib/systemd/system/tocsin.service"] = 0o644
    wanted["usr/lib/sysusers.d/tocsin.conf"] = 0o644
    for time in ("once", "twice"):
        system.run(install, "--prefix", "/opt/tocsin", "--destdir", root, status=0, timeout_s=600)
        system.check(tree(root) == wanted, f"installed {time}: exactly the wanted files and modes")
    unit = open(os.path.join(root, "usr/lib/systemd/system/tocsin.service")).read()
    system.check("ExecStart=/opt/tocsin/bin/tocsind " in unit and "@" not in
                 re.sub(r"(?m)^#.*|@system-service", "", unit), "the unit starts what was installed")
    for arguments in (["--prefix"], ["--prefix", "relative"], ["--destdir", ""], ["--unknown"]):
        system.check(system.run(install, *arguments).returncode == 2,
                     f"install refuses {' '.join(arguments)}")


def main():
    if system.LIGHT:
        system.skip("concerns the release build alone")
    for name in PROGRAMS:
        system.need_program(name)
    if shutil.which("readelf") is None:
        system.skip("readelf is not here (package binutils)")
    folder = system.scratch()
    check_hardening(folder)
    check_same_bytes(folder)
    if os.access(os.path.join(system.SOURCE, "build"), os.W_OK):
        check_installation(folder)
    else:
        system.skip_one("installation", "the source tree is not writable")
    system.finish()


if __name__ == "__main__":
    main()
