#!/usr/bin/env bash
# SPDX-License-Identifier: EUPL-1.2
# How a bulletin of 4 KiB spreads among 500 and 1,000 simulated nodes: tests/sim prints the rows.
# 1,000 nodes take two minutes and 13 GB of memory, and are left out where there is less.
set -u

sim=${TOCSIN_BIN%/bin}/tests/sim
[ -x "$sim" ] || exit 77
"$sim" --nodes 500 || exit 1
free_kib=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
if [ "$free_kib" -gt 16000000 ]; then
    "$sim" --nodes 1000
fi
