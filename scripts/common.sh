# SPDX-License-Identifier: EUPL-1.2
# shellcheck shell=bash
# Sourced by the scripts beside it: where the project is, and how a step is run and shown.

TOC_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$TOC_SOURCE" || exit 5
TOC_JOBS=$(nproc)
TOC_LOGS=$(mktemp -d)
trap 'rm -rf "$TOC_LOGS"' EXIT

# The shared data that some tests read; they skip with a line where it is missing.
export TOCSIN_SHARED=${TOCSIN_SHARED:-$TOC_SOURCE/../shared}
export TOCSIN_SOURCE=$TOC_SOURCE

# step TITLE COMMAND...: one line with the time it took; the output only when it fails.
step() {
    local title=$1 start=$SECONDS log=$TOC_LOGS/step
    shift
    printf '%-58s' "$title"
    if "$@" >"$log" 2>&1; then
        printf ' ok  %4d s\n' $((SECONDS - start))
        return 0
    fi
    printf ' FAILED\n'
    # What went well is not worth reading now.
    grep -vE '^\[[0-9]+/[0-9]+\] |^-- |[.] +Passed |^ +Start +[0-9]+: ' "$log" | tail -n 150
    return 1
}

# configure_build FOLDER CMAKE-OPTIONS...: configures and builds, a fresh folder or an old one. A
# folder that another checkout configured is started anew. TOC_TARGETS: what to build, if not all.
configure_build() {
    local folder=$1
    shift
    if ! grep -qsx "CMAKE_HOME_DIRECTORY:INTERNAL=$TOC_SOURCE" "$folder/CMakeCache.txt"; then
        rm -rf "$folder"
    fi
    # The unquoted list is split into words on purpose.
    # shellcheck disable=SC2086
    cmake -S . -B "$folder" -G Ninja "$@" &&
        cmake --build "$folder" -j "$TOC_JOBS" --target ${TOC_TARGETS:-all}
}

# Sanitizers of the Debian 12 compilers lose themselves when the kernel spreads mappings widely.
steady() {
    if setarch -R true 2>/dev/null; then
        setarch -R "$@"
    else
        "$@"
    fi
}
