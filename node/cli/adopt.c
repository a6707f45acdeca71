/* SPDX-License-Identifier: EUPL-1.2 */
#include "founding.h"

#include <stdlib.h>
#include <string.h>

/* Two memories take turns: one holds what has been united so far, the other decodes. */
struct union_of_files {
    struct toc_founding_memory memory[2];
    struct toc_bytes current; /* the united file, own */
    struct toc_genesis genesis;
};

static struct toc_err start_union(struct union_of_files *united, const char *path,
                                  struct toc_line *line)
{
    TOC_TRY(toc_founding_memory_new(&united->memory[0], line));
    TOC_TRY(toc_founding_memory_new(&united->memory[1], line));
    return toc_founding_read(&united->genesis, &united->current, path, &united->memory[0], line);
}

static void free_union(struct union_of_files *united)
{
    toc_bytes_free(&united->current);
    toc_founding_memory_free(&united->memory[0]);
    toc_founding_memory_free(&united->memory[1]);
}

/* Replaces what has been united by a copy of `file`, decoded. */
static struct toc_err take_union(struct union_of_files *united, struct toc_span file,
                                 struct toc_line *line)
{
    uint8_t *copy = malloc(file.len);
    if (copy == NULL) {
        return toc_line_fail(line, TOC_FULL, "no memory for a genesis file");
    }
    memcpy(copy, file.at, file.len);
    toc_bytes_free(&united->current);
    united->current = (struct toc_bytes){copy, file.len};
    toc_arena_release(&united->memory[0].arena, 0);
    return toc_genesis_decode(&united->genesis, toc_span(copy, file.len), &united->memory[0].arena);
}

static struct toc_err add_file(struct union_of_files *united, const char *path,
                               struct toc_line *line)
{
    struct toc_genesis other;
    struct toc_bytes file = {0};
    struct toc_span both;
    toc_arena_release(&united->memory[1].arena, 0);
    TOC_TRY(toc_founding_read(&other, &file, path, &united->memory[1], line));
    struct toc_err err = toc_genesis_unite(&united->genesis, &other, united->memory[1].out, &both);
    if (err.code == TOC_FEDERATION) {
        err = toc_line_fail(line, err.code,
                            "%s is the draft of another federation; adopt files of "
                            "one draft",
                            path);
    }
    if (!toc_failed(err)) {
        err = take_union(united, both, line);
    }
    toc_bytes_free(&file);
    return err;
}

/* Handles of those who have not signed, comma-separated. */
static void name_missing(const struct toc_genesis *genesis, char *text, size_t text_bytes)
{
    size_t len = 0;
    for (size_t i = 0; i < genesis->roster.org_count; i++) {
        if (!toc_genesis_signed(genesis, i) && len < text_bytes) {
            int more = snprintf(text + len, text_bytes - len, "%s%s", len == 0 ? "" : ", ",
                                genesis->roster.orgs[i].handle);
            len += more > 0 ? (size_t)more : 0;
        }
    }
}

/* A home belongs to one federation: the same may be adopted again, another is refused. */
static struct toc_err check_home(const struct toc_founding *own, const struct toc_genesis *genesis,
                                 struct toc_line *line)
{
    if (!toc_home_has(&own->home, TOC_HOME_FEDERATION)) {
        return toc_ok();
    }
    char path[TOC_PATH_BYTES + 32];
    struct toc_founding_memory memory;
    struct toc_genesis held;
    struct toc_bytes file = {0};
    (void)snprintf(path, sizeof path, "%s/%s", own->home.path, TOC_HOME_FEDERATION);
    TOC_TRY(toc_founding_memory_new(&memory, line));
    struct toc_err err = toc_founding_read(&held, &file, path, &memory, line);
    if (!toc_failed(err) && memcmp(held.roster.hash, genesis->roster.hash, TOC_HASH_BYTES) != 0) {
        err = toc_line_fail(line, TOC_FEDERATION,
                            "this home belongs to the federation %s already; make another home for "
                            "another federation",
                            held.roster.name);
    }
    toc_bytes_free(&file);
    toc_founding_memory_free(&memory);
    return err;
}

static struct toc_err write_home(struct toc_founding *own, const struct union_of_files *united,
                                 const uint8_t *f, bool by_hand, struct toc_line *line)
{
    if (by_hand) {
        struct toc_unlock unlock = {.lock = TOC_LOCK_NODE,
                                    .secret = toc_span(own->keyring->node.log_wrap, TOC_KEY_BYTES)};
        TOC_TRY(toc_home_seal_key(&own->home, TOC_HOME_FEDERATION_KEY, TOC_KEYFILE_FEDERATION,
                                  toc_span(f, TOC_KEY_BYTES), &unlock, line));
    }
    return toc_home_write(&own->home, TOC_HOME_FEDERATION,
                          toc_span(united->current.at, united->current.len), line);
}

struct toc_err toc_founding_adopt(struct toc_founding *own, const struct toc_args *args,
                                  char *missing, size_t missing_bytes, struct toc_line *line)
{
    struct union_of_files united = {0};
    uint8_t *f = toc_guarded_new(TOC_KEY_BYTES);
    struct toc_err err = f == NULL ? toc_fail(TOC_FULL, "no guarded memory for keys")
                                   : toc_home_lock(&own->home, line);
    if (!toc_failed(err)) {
        err = start_union(&united, args->operands[0], line);
    }
    for (size_t i = 1; i < args->operand_count && !toc_failed(err); i++) {
        err = add_file(&united, args->operands[i], line);
    }
    if (!toc_failed(err)) {
        err = toc_founding_check(own, &united.genesis, args, f, line);
    }
    if (!toc_failed(err)) {
        err = check_home(own, &united.genesis, line);
    }
    if (!toc_failed(err)) {
        name_missing(&united.genesis, missing, missing_bytes);
    }
    if (!toc_failed(err) && missing[0] == '\0') {
        err = write_home(own, &united, f, toc_args_has(args, "secret"), line);
    }
    toc_guarded_free(f);
    free_union(&united);
    return err;
}
