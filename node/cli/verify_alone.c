/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Two walks. The first, in a child process, checks everything but signatures: after it the pages of
 * the store can be read without harm. Then the keys of all logs are gathered from the founding file
 * and from the cards and groups in the store, and the second walk checks the signatures too.
 */
#include "verify_alone.h"
#include "founding.h"
#include "term.h"

#include "store.h"

#include <stdlib.h>
#include <string.h>

/* Ids or keys of 32 bytes, growing on the heap. */
struct list {
    uint8_t *at;
    size_t count, room;
};

/* What may sign a log, and which groups there are. */
struct keys {
    struct list log_keys, groups;
    uint8_t federation[TOC_ID_BYTES];
    bool failed;
};

static void add(struct keys *keys, struct list *list, const uint8_t item[static TOC_ID_BYTES])
{
    if (list->count == list->room) {
        size_t wanted = list->room == 0 ? 64 : list->room * 2;
        uint8_t *grown = realloc(list->at, wanted * TOC_ID_BYTES);
        if (grown == NULL) {
            keys->failed = true;
            return;
        }
        list->at = grown;
        list->room = wanted;
    }
    memcpy(list->at + list->count++ * TOC_ID_BYTES, item, TOC_ID_BYTES);
}

static void add_card(struct keys *keys, struct toc_span envelope)
{
    struct toc_card card;
    if (toc_failed(toc_card_verify(&card, envelope))) {
        return;
    }
    for (size_t i = 0; i < card.node_count; i++) {
        add(keys, &keys->log_keys, card.nodes[i].log_key);
    }
}

static struct toc_err take_card(void *arg, struct toc_span key, struct toc_span value)
{
    (void)key;
    add_card(arg, value);
    return toc_ok();
}

static struct toc_err take_group(void *arg, struct toc_span key, struct toc_span value)
{
    struct keys *keys = arg;
    (void)value;
    if (key.len == TOC_ID_BYTES) {
        add(keys, &keys->groups, key.at);
    }
    return toc_ok();
}

/* Whose key gives this log its id, in which group. */
static bool find_log_key(void *arg, const uint8_t *log, uint8_t *key)
{
    const struct keys *keys = arg;
    uint8_t id[TOC_ID_BYTES];
    for (size_t i = 0; i < keys->groups.count; i++) {
        for (size_t k = 0; k < keys->log_keys.count; k++) {
            const uint8_t *candidate = keys->log_keys.at + k * TOC_KEY_BYTES;
            toc_log_id(id, keys->federation, keys->groups.at + i * TOC_ID_BYTES, candidate);
            if (memcmp(id, log, TOC_ID_BYTES) == 0) {
                memcpy(key, candidate, TOC_KEY_BYTES);
                return true;
            }
        }
    }
    return false;
}

/* The founding file of the home: federation, founders' cards. */
static struct toc_err read_founding(const struct toc_home *home, struct keys *keys,
                                    struct toc_line *line)
{
    struct toc_founding_memory memory;
    struct toc_genesis genesis;
    struct toc_bytes file = {0};
    uint8_t all[TOC_ID_BYTES];
    char path[TOC_PATH_BYTES + 32];
    (void)snprintf(path, sizeof path, "%s/%s", home->path, TOC_HOME_FEDERATION);
    TOC_TRY(toc_founding_memory_new(&memory, line));
    struct toc_err err = toc_founding_read(&genesis, &file, path, &memory, line);
    if (!toc_failed(err)) {
        memcpy(keys->federation, genesis.roster.hash, TOC_ID_BYTES);
        toc_group_all_id(all, keys->federation);
        add(keys, &keys->groups, keys->federation);
        add(keys, &keys->groups, all);
        for (size_t i = 0; i < genesis.roster.org_count; i++) {
            add_card(keys, genesis.cards[i]);
        }
    }
    toc_bytes_free(&file);
    toc_founding_memory_free(&memory);
    return err;
}

static struct toc_err gather_keys(const char *path, struct keys *keys)
{
    struct toc_store *store = NULL;
    const struct toc_store_options options = {.read_only = true};
    TOC_TRY(toc_store_open(&store, path, &options));
    struct toc_err err = toc_store_each_record(store, 'C', take_card, keys);
    if (!toc_failed(err)) {
        err = toc_store_each_record(store, 'G', take_group, keys);
    }
    toc_store_close(store);
    return keys->failed ? toc_fail(TOC_FULL, "no memory for keys") : err;
}

static void print_faults(struct toc_jsonl *json, const struct toc_verify_report *report)
{
    char text[TOC_LINE_BYTES], log[TOC_ID_TEXT_BYTES];
    for (uint64_t i = 0; i < report->fault_count && i < TOC_VERIFY_FAULTS_MAX; i++) {
        const struct toc_verify_fault *fault = &report->faults[i];
        toc_id_text(log, fault->log);
        (void)snprintf(text, sizeof text, "%s: log %.10s, entry %llu", toc_verify_text(fault->kind),
                       log, (unsigned long long)fault->seq);
        if (json != NULL) {
            toc_jsonl_text(json, NULL, text);
        } else {
            toc_show_text("", text);
        }
    }
}

void toc_show_signatures(uint64_t held, uint64_t unsigned_logs, bool damaged)
{
    if (held == 0 && damaged) {
        toc_show_text("signatures", "not checked: the store is damaged");
    } else if (unsigned_logs == 0) {
        toc_show_line(stdout, "signatures", "%llu hold, one for each head and checkpoint",
                      (unsigned long long)held);
    } else {
        toc_show_line(stdout, "signatures",
                      "%llu hold; those of %llu logs were not checked, whose cards are not here",
                      (unsigned long long)held, (unsigned long long)unsigned_logs);
    }
}

static void print_report(const struct toc_args *args, const struct toc_verify_report *report,
                         uint64_t audit_lines)
{
    if (toc_args_has(args, "json")) {
        struct toc_jsonl json;
        toc_jsonl_init(&json, stdout);
        toc_jsonl_object(&json, NULL);
        toc_jsonl_uint(&json, "logs", report->log_count);
        toc_jsonl_uint(&json, "entries", report->entry_count);
        toc_jsonl_uint(&json, "blocks", report->block_count);
        toc_jsonl_uint(&json, "signatures", report->signature_count);
        toc_jsonl_uint(&json, "damaged", report->fault_count);
        toc_jsonl_uint(&json, "audit_lines", audit_lines);
        toc_jsonl_array(&json, "lines");
        print_faults(&json, report);
        toc_jsonl_close(&json);
        toc_jsonl_close(&json);
        return;
    }
    toc_show_line(stdout, "verified", "%llu entries of %llu logs in %llu blocks",
                  (unsigned long long)report->entry_count, (unsigned long long)report->log_count,
                  (unsigned long long)report->block_count);
    toc_show_signatures(report->signature_count, report->unsigned_log_count,
                        report->fault_count > 0);
    toc_show_line(stdout, "audit log", "%llu lines hold", (unsigned long long)audit_lines);
    toc_show_line(stdout, "damaged", "%llu", (unsigned long long)report->fault_count);
    print_faults(NULL, report);
}

static struct toc_err walk_twice(const char *path, struct keys *keys,
                                 struct toc_verify_report *report)
{
    struct toc_verify_options options = {0};
    memcpy(options.federation, keys->federation, TOC_ID_BYTES);
    TOC_TRY(toc_store_verify(path, &options, report));
    TOC_TRY(gather_keys(path, keys));
    options.log_key = find_log_key;
    options.arg = keys;
    return toc_store_verify(path, &options, report);
}

static enum toc_exit verify_with(const struct toc_args *args, const struct toc_home *home,
                                 struct keys *keys)
{
    char path[TOC_PATH_BYTES + 32];
    struct toc_verify_report report = {0};
    struct toc_line line = {""};
    uint64_t audit_lines = 0;
    (void)snprintf(path, sizeof path, "%s/%s", home->path, TOC_HOME_STORE);
    if (!toc_home_has(home, TOC_HOME_FEDERATION)) {
        return toc_complain(TOC_EXIT_NOTHING,
                            "%s belongs to no federation yet: there is nothing to verify before "
                            "`tocsin federation adopt`",
                            home->path);
    }
    struct toc_err err = read_founding(home, keys, &line);
    if (toc_failed(err)) {
        return toc_complain_err(err, &line);
    }
    err = walk_twice(path, keys, &report);
    if (toc_failed(err) && err.code != TOC_CORRUPT) {
        return toc_complain(TOC_EXIT_FAILED, "%s cannot be verified: %s", path,
                            err.why == NULL ? toc_code_text(err.code) : err.why);
    }
    struct toc_err audit = toc_audit_verify(home, &audit_lines, &line);
    print_report(args, &report, audit_lines);
    if (toc_failed(err)) {
        return toc_complain(TOC_EXIT_FAILED,
                            "the store is damaged; keep it as it is, and see \"When something is "
                            "wrong\" in node/OPERATING.md");
    }
    if (toc_failed(audit) && audit.code != TOC_ABSENT) {
        (void)toc_complain_err(audit, &line);
        return TOC_EXIT_FAILED;
    }
    return TOC_EXIT_DONE;
}

enum toc_exit toc_verify_alone(const struct toc_args *args, const struct toc_home *home)
{
    struct keys keys = {0};
    enum toc_exit status = verify_with(args, home, &keys);
    free(keys.log_keys.at);
    free(keys.groups.at);
    return status;
}
