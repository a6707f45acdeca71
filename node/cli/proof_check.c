/* SPDX-License-Identifier: EUPL-1.2 */
#include "proof_check.h"
#include "term.h"

#include "api.h"
#include "bulletin.h"
#include "trust.h"

#include <stdlib.h>
#include <string.h>

/* Decoded lists of the largest bulletin: 100,000 indicators of about 110 bytes; untouched pages
 * cost nothing. */
#define PROOF_BULLETIN_ARENA_BYTES ((size_t)64 * 1024 * 1024)

struct checked {
    struct toc_bytes file;
    struct toc_proof proof;
    struct toc_genesis genesis;
    struct toc_card card;
    struct toc_bulletin bulletin;
    uint8_t id[TOC_ID_BYTES];
    void *memory; /* own: arenas of genesis and bulletin */
    struct toc_arena arena;
};

/* The author's card must be signed by the key that the federation's record names for him. */
static struct toc_err check_author(struct checked *checked, const char *path, struct toc_line *line)
{
    struct toc_err err = toc_card_verify(&checked->card, checked->proof.card);
    if (toc_failed(err)) {
        return toc_line_fail(line, TOC_SIGNATURE, "%s: the author's card does not verify: %s", path,
                             toc_code_text(err.code));
    }
    const struct toc_org *org = toc_roster_find(&checked->genesis.roster, checked->card.id);
    if (org == NULL || memcmp(org->key, checked->card.org_key, TOC_KEY_BYTES) != 0) {
        return toc_line_fail(line, TOC_STRANGER,
                             "%s: its author is no member of the federation that it names", path);
    }
    return toc_ok();
}

static struct toc_err check_bulletin(struct checked *checked, const char *path,
                                     struct toc_line *line)
{
    const uint8_t *federation = checked->genesis.roster.hash;
    struct toc_bulletin_parts parts;
    struct toc_err err = toc_bulletin_verify(checked->proof.plaintext, federation, checked->id);
    if (!toc_failed(err)) {
        err = toc_bulletin_split(checked->proof.plaintext, &parts);
    }
    if (!toc_failed(err)) {
        err = toc_bulletin_decode(&checked->bulletin, parts.canonical, &checked->arena);
    }
    if (toc_failed(err)) {
        return toc_line_fail(line, TOC_SIGNATURE, "%s: the bulletin does not verify: %s", path,
                             err.why == NULL ? toc_code_text(err.code) : err.why);
    }
    if (memcmp(checked->bulletin.federation, federation, TOC_ID_BYTES) != 0 ||
        memcmp(checked->bulletin.author, checked->card.id, TOC_ID_BYTES) != 0) {
        return toc_line_fail(line, TOC_AUTHORITY,
                             "%s: the bulletin names another author or federation", path);
    }
    for (size_t i = 0; i < checked->card.node_count; i++) {
        if (memcmp(checked->card.nodes[i].log_key, parts.log_key, TOC_KEY_BYTES) == 0) {
            return toc_ok();
        }
    }
    return toc_line_fail(line, TOC_AUTHORITY,
                         "%s: the card does not certify the key that signed; ask for a proof made "
                         "anew",
                         path);
}

static struct toc_err check_file(struct checked *checked, const char *path, struct toc_line *line)
{
    TOC_TRY(toc_args_read(path, TOC_PROOF_BYTES_MAX, &checked->file, line));
    checked->memory = malloc(PROOF_BULLETIN_ARENA_BYTES + TOC_GENESIS_ARENA_BYTES);
    if (checked->memory == NULL) {
        return toc_line_fail(line, TOC_FULL, "no memory for the proof");
    }
    toc_arena_init(&checked->arena, checked->memory,
                   PROOF_BULLETIN_ARENA_BYTES + TOC_GENESIS_ARENA_BYTES);
    struct toc_err err =
        toc_proof_decode(&checked->proof, toc_span(checked->file.at, checked->file.len));
    if (toc_failed(err)) {
        return toc_line_fail(line, TOC_CORRUPT, "%s is no proof file, or cut; ask for it again",
                             path);
    }
    err = toc_genesis_decode(&checked->genesis, checked->proof.genesis, &checked->arena);
    if (!toc_failed(err)) {
        err = toc_genesis_check_complete(&checked->genesis);
    }
    if (toc_failed(err)) {
        return toc_line_fail(line, TOC_SIGNATURE, "%s: its founding record does not verify: %s",
                             path, err.why == NULL ? toc_code_text(err.code) : err.why);
    }
    TOC_TRY(check_author(checked, path, line));
    return check_bulletin(checked, path, line);
}

static void print_json(const struct checked *checked)
{
    char id[TOC_ID_TEXT_BYTES], federation[TOC_ID_TEXT_BYTES], org[TOC_ID_TEXT_BYTES];
    char fingerprint[TOC_FINGERPRINT_CHARS];
    struct toc_jsonl json;
    toc_id_text(id, checked->id);
    toc_id_text(federation, checked->genesis.roster.hash);
    toc_id_text(org, checked->card.id);
    toc_fingerprint(fingerprint, checked->card.org_key);
    toc_jsonl_init(&json, stdout);
    toc_jsonl_object(&json, NULL);
    toc_jsonl_text(&json, "id", id);
    toc_jsonl_text(&json, "author", checked->card.handle);
    toc_jsonl_text(&json, "author_id", org);
    toc_jsonl_text(&json, "fingerprint", fingerprint);
    toc_jsonl_text(&json, "federation", checked->genesis.roster.name);
    toc_jsonl_text(&json, "federation_id", federation);
    toc_jsonl_text(&json, "tlp", toc_tlp_name(checked->bulletin.tlp));
    toc_jsonl_str(&json, "title", checked->bulletin.title);
    toc_jsonl_time(&json, "published", checked->bulletin.published.ms);
    toc_jsonl_uint(&json, "documents", checked->bulletin.document_count);
    toc_jsonl_close(&json);
}

static void print_text(const struct checked *checked)
{
    char id[TOC_ID_TEXT_BYTES], fingerprint[TOC_FINGERPRINT_CHARS], time[TOC_TERM_TIME_BYTES];
    toc_id_text(id, checked->id);
    toc_show_text("bulletin", id);
    toc_show_pair(stdout, "title", checked->bulletin.title);
    toc_show_tlp(stdout, toc_span_str(toc_tlp_name(checked->bulletin.tlp)));
    toc_term_time(time, checked->bulletin.published.ms);
    toc_show_text("published", time);
    toc_show_line(stdout, "author", "%s (%s)", checked->card.handle, checked->card.country);
    toc_fingerprint(fingerprint, checked->card.org_key);
    toc_show_text("fingerprint", fingerprint);
    toc_id_text(id, checked->genesis.roster.hash);
    toc_show_text("federation", checked->genesis.roster.name);
    toc_show_text("", id);
    (void)printf("The signatures hold. Compare the fingerprint with one that you have from the "
                 "author himself.\n");
}

enum toc_exit toc_proof_verify(const struct toc_args *args, const char *path)
{
    struct checked *checked = calloc(1, sizeof *checked);
    struct toc_line line = {""};
    if (checked == NULL) {
        return toc_complain(TOC_EXIT_FAILED, "no memory for the proof");
    }
    struct toc_err err = check_file(checked, path, &line);
    enum toc_exit status = TOC_EXIT_DONE;
    if (toc_failed(err)) {
        (void)toc_complain_err(err, &line);
        status = err.code == TOC_USAGE ? TOC_EXIT_USAGE : TOC_EXIT_FAILED;
    } else if (toc_args_has(args, "json")) {
        print_json(checked);
    } else {
        print_text(checked);
    }
    toc_bytes_free(&checked->file);
    free(checked->memory);
    free(checked);
    return status;
}
