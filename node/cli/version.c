/* SPDX-License-Identifier: EUPL-1.2 */
#include "command.h"
#include "term.h"

#include "api.h"

#include <lmdb.h>
#include <msgpack.h>
#include <sodium.h>

#ifndef TOC_PROGRAM_VERSION
#define TOC_PROGRAM_VERSION "unknown"
#endif

static enum toc_exit run(const struct toc_args *args)
{
    char lmdb[32];
    int major = 0, minor = 0, patch = 0;
    (void)mdb_version(&major, &minor, &patch);
    (void)snprintf(lmdb, sizeof lmdb, "%d.%d.%d", major, minor, patch);
    const struct {
        const char *name, *version;
    } parts[] = {
        {"tocsin", TOC_PROGRAM_VERSION},
        {"libsodium", sodium_version_string()},
        {"lmdb", lmdb},
        {"msgpack-c", msgpack_version()},
        {"compiler", __VERSION__},
    };
    struct toc_jsonl json;
    bool as_json = toc_args_has(args, "json");
    toc_jsonl_init(&json, stdout);
    if (as_json) {
        toc_jsonl_object(&json, NULL);
    }
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (as_json) {
            toc_jsonl_text(&json, parts[i].name, parts[i].version);
        } else {
            (void)printf("%s %s\n", parts[i].name, parts[i].version);
        }
    }
    if (as_json) {
        toc_jsonl_close(&json);
    }
    return toc_finish_output(TOC_EXIT_DONE);
}

const struct toc_command toc_command_version = {
    .name = "version",
    .operands = "",
    .summary = "prints the versions of the program and its libraries",
    .json = true,
    .operand_max = 0,
    .run = run,
};
