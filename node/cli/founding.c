/* SPDX-License-Identifier: EUPL-1.2 */
#include "founding.h"
#include "own.h"
#include "term.h"

#include <stdlib.h>
#include <string.h>

/* memory and ourselves */

struct toc_err toc_founding_memory_new(struct toc_founding_memory *memory, struct toc_line *line)
{
    /* Two files may be united into one, whose bytes are at most their sum. */
    size_t out_bytes = 2 * (size_t)TOC_GENESIS_BYTES_MAX, arena_bytes = TOC_GENESIS_ARENA_BYTES;
    memory->base = malloc(out_bytes + arena_bytes + 64);
    if (memory->base == NULL) {
        return toc_line_fail(line, TOC_FULL, "no memory for a genesis file");
    }
    memory->out = (struct toc_room){memory->base, out_bytes};
    toc_arena_init(&memory->arena, (uint8_t *)memory->base + out_bytes, arena_bytes);
    return toc_ok();
}

void toc_founding_memory_free(struct toc_founding_memory *memory)
{
    free(memory->base);
    memory->base = NULL;
}

struct toc_err toc_founding_open(struct toc_founding *own, const struct toc_args *args,
                                 struct toc_line *line)
{
    *own = (struct toc_founding){0};
    struct toc_unlock_options options = toc_args_unlock(args);
    TOC_TRY(toc_args_home(args, &own->home, line));
    own->home_open = true;
    TOC_TRY(toc_own_card(&own->home, &own->card, &own->envelope, line));
    TOC_TRY(toc_keyring_open(&own->home, &options, &own->keyring, line));
    own->node = toc_own_node(&own->card, own->keyring, line);
    return own->node == NULL ? toc_fail(TOC_CORRUPT, NULL) : toc_ok();
}

void toc_founding_close(struct toc_founding *own)
{
    toc_keyring_close(own->keyring);
    toc_bytes_free(&own->envelope);
    if (own->home_open) {
        toc_home_close(&own->home);
    }
}

/* reading and printing */

struct toc_err toc_founding_read(struct toc_genesis *genesis, struct toc_bytes *file,
                                 const char *path, struct toc_founding_memory *memory,
                                 struct toc_line *line)
{
    TOC_TRY(toc_args_read(path, TOC_GENESIS_BYTES_MAX, file, line));
    struct toc_err err = toc_genesis_decode(genesis, toc_span(file->at, file->len), &memory->arena);
    if (toc_failed(err)) {
        toc_bytes_free(file);
        return toc_line_fail(line, TOC_CORRUPT, "%s is no valid genesis file: %s; ask for it again",
                             path, err.why == NULL ? toc_code_text(err.code) : err.why);
    }
    return toc_ok();
}

static void print_json(FILE *out, const struct toc_genesis *genesis)
{
    char id[TOC_ID_TEXT_BYTES], fingerprint[TOC_FINGERPRINT_CHARS], federation[TOC_ID_TEXT_BYTES];
    toc_id_text(federation, genesis->roster.hash);
    for (size_t i = 0; i < genesis->roster.org_count; i++) {
        const struct toc_org *org = &genesis->roster.orgs[i];
        struct toc_jsonl json;
        toc_id_text(id, org->id);
        toc_fingerprint(fingerprint, org->key);
        toc_jsonl_init(&json, out);
        toc_jsonl_object(&json, NULL);
        toc_jsonl_text(&json, "federation", genesis->roster.name);
        toc_jsonl_text(&json, "federation_id", federation);
        toc_jsonl_text(&json, "secret",
                       genesis->roster.ephemeral == NULL ? "by hand" : "in the file");
        toc_jsonl_text(&json, "org", org->handle);
        toc_jsonl_text(&json, "org_id", id);
        toc_jsonl_text(&json, "country", org->country);
        toc_jsonl_text(&json, "kind", toc_org_kind_name(org->kind));
        toc_jsonl_bool(&json, "steward", org->steward);
        toc_jsonl_text(&json, "fingerprint", fingerprint);
        toc_jsonl_bool(&json, "signed", toc_genesis_signed(genesis, i));
        toc_jsonl_close(&json);
    }
}

enum toc_exit toc_founding_print(FILE *out, const struct toc_genesis *genesis, bool json)
{
    static const char *const header[] = {"ORGANISATION", "COUNTRY", "FINGERPRINT", "SIGNED",
                                         "KIND"};
    if (json) {
        print_json(out, genesis);
        return TOC_EXIT_DONE;
    }
    char fingerprint[TOC_FINGERPRINT_CHARS], federation[TOC_ID_TEXT_BYTES];
    struct toc_table table;
    if (toc_term_is_terminal(out)) {
        toc_id_text(federation, genesis->roster.hash);
        toc_show_line(out, "federation", "%s", genesis->roster.name);
        toc_show_line(out, "id", "%s", federation);
        toc_show_line(out, "secret", "%s",
                      genesis->roster.ephemeral == NULL ? "handed over by hand"
                                                        : "wrapped for every founder in this file");
        (void)fputc('\n', out);
    }
    toc_table_init(&table, out, header, 5);
    for (size_t i = 0; i < genesis->roster.org_count; i++) {
        const struct toc_org *org = &genesis->roster.orgs[i];
        toc_fingerprint(fingerprint, org->key);
        toc_table_text(&table, org->handle);
        toc_table_text(&table, org->country);
        toc_table_text(&table, fingerprint);
        toc_table_text(&table, toc_genesis_signed(genesis, i) ? "yes" : "no");
        toc_table_text(&table, toc_org_kind_name(org->kind));
    }
    struct toc_err err = toc_table_end(&table);
    return toc_failed(err) ? toc_complain_err(err, NULL) : TOC_EXIT_DONE;
}

/* checking */

/* F out of the file that was handed over, where --secret names one. */
static struct toc_err read_secret(const struct toc_args *args, uint8_t f[static TOC_KEY_BYTES],
                                  bool *given, struct toc_line *line)
{
    const char *path = toc_args_value(args, "secret");
    *given = path != NULL;
    if (path == NULL) {
        return toc_ok();
    }
    struct toc_bytes file = {0};
    struct toc_unlocked unlocked = {0};
    struct toc_unlock_options options = {
        .passphrase_path = toc_args_value(args, "secret-code-file"), .may_ask = true};
    TOC_TRY(toc_args_read(path, TOC_KEYFILE_BYTES_MAX, &file, line));
    if (options.passphrase_path == NULL && !toc_prompt_possible()) {
        toc_bytes_free(&file);
        return toc_line_fail(line, TOC_USAGE,
                             "%s needs its code: give --secret-code-file FILE, or run this on a "
                             "terminal",
                             path);
    }
    struct toc_err err = toc_unlock_find(&unlocked, &options, TOC_LOCK_PASSPHRASE, path, line);
    struct toc_room room = {f, TOC_KEY_BYTES};
    if (!toc_failed(err)) {
        err = toc_keyfile_open(&room, TOC_KEYFILE_FEDERATION, toc_span(file.at, file.len),
                               unlocked.unlock);
        if (toc_failed(err) || room.len != TOC_KEY_BYTES) {
            err = toc_line_fail(line, toc_failed(err) ? err.code : TOC_CORRUPT,
                                "%s does not open: %s; check the code and the file", path,
                                toc_code_text(toc_failed(err) ? err.code : TOC_CORRUPT));
        }
    }
    toc_unlocked_free(&unlocked);
    toc_bytes_free(&file);
    return err;
}

/* The record must hold the keys that this home has, else we would sign somebody else's view of us.
 */
static struct toc_err check_self(const struct toc_founding *own, const struct toc_genesis *genesis,
                                 struct toc_line *line)
{
    const struct toc_org *org = toc_roster_find(&genesis->roster, own->card.id);
    if (org == NULL || memcmp(org->key, own->card.org_key, TOC_KEY_BYTES) != 0) {
        return toc_line_fail(line, TOC_STRANGER,
                             "%s is not among the founders with the key of this home; send your "
                             "card and ask for a new draft",
                             own->card.handle);
    }
    if (memcmp(org->recovery_key, own->card.recovery_key, TOC_KEY_BYTES) != 0) {
        return toc_line_fail(line, TOC_STRANGER,
                             "the draft names another recovery key for %s; "
                             "send your card and ask for a new draft",
                             own->card.handle);
    }
    return toc_ok();
}

static struct toc_err open_failure(struct toc_err err, bool given, struct toc_line *line)
{
    if (err.code == TOC_ABSENT) {
        return toc_line_fail(line, TOC_USAGE,
                             "the federation secret is handed over by hand; give "
                             "its file with --secret");
    }
    if (err.code == TOC_HASH && given) {
        return toc_line_fail(line, TOC_HASH,
                             "--secret is not the secret of this federation; ask "
                             "for the right one");
    }
    return toc_line_fail(line, err.code,
                         "the first epoch does not open with this node's keys: %s; "
                         "send your card and ask for a new draft",
                         err.why == NULL ? toc_code_text(err.code) : err.why);
}

struct toc_err toc_founding_check(const struct toc_founding *own, const struct toc_genesis *genesis,
                                  const struct toc_args *args, uint8_t *f_out,
                                  struct toc_line *line)
{
    struct secret {
        uint8_t given[TOC_KEY_BYTES], f[TOC_KEY_BYTES];
        struct toc_epoch_secret epoch;
    } *secret = toc_guarded_new(sizeof *secret);
    if (secret == NULL) {
        return toc_line_fail(line, TOC_FULL, "no guarded memory for keys");
    }
    bool given = false;
    struct toc_err err = check_self(own, genesis, line);
    if (!toc_failed(err)) {
        err = read_secret(args, secret->given, &given, line);
    }
    if (!toc_failed(err)) {
        err = toc_genesis_open(secret->f, &secret->epoch, genesis, given ? secret->given : NULL,
                               own->keyring->node.seal_public, own->keyring->node.seal_secret);
        if (toc_failed(err)) {
            err = open_failure(err, given, line);
        } else if (f_out != NULL) {
            memcpy(f_out, secret->f, TOC_KEY_BYTES);
        }
    }
    toc_guarded_free(secret);
    return err;
}
