/* SPDX-License-Identifier: EUPL-1.2 */
#include "start.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* who we are */

/* Finds this node in its organisation's card by its keys. */
static struct toc_err find_self(struct toc_daemon *daemon, struct toc_line *line)
{
    TOC_TRY(toc_home_read(&daemon->home, TOC_HOME_CARD, TOC_CARD_BYTES_MAX, &daemon->card, line));
    struct toc_card *card = calloc(1, sizeof(*card));
    if (card == NULL) {
        return toc_line_fail(line, TOC_FULL, "out of memory");
    }
    struct toc_err err = toc_card_decode(card, toc_span(daemon->card.at, daemon->card.len));
    if (toc_failed(err)) {
        toc_line_set(line,
                     "%s/" TOC_HOME_CARD " cannot be read (%s): make it again with `tocsin "
                     "card set`",
                     daemon->home.path, err.why);
        free(card);
        return err;
    }
    err = toc_line_fail(line, TOC_STRANGER,
                        "%s/" TOC_HOME_CARD " does not name this node's keys: make it again with "
                        "`tocsin card set`",
                        daemon->home.path);
    for (size_t i = 0; i < card->node_count; i++) {
        const struct toc_cert *cert = &card->nodes[i];
        if (memcmp(cert->link_key, daemon->keyring->node.link_public, TOC_KEY_BYTES) == 0 &&
            memcmp(cert->log_key, daemon->keyring->log.public_key, TOC_KEY_BYTES) == 0) {
            daemon->node = cert->number;
            memcpy(daemon->org, card->id, TOC_ID_BYTES);
            err = toc_ok();
        }
    }
    free(card);
    return err;
}

/* The genesis file, and F where it was handed over by hand. */
static struct toc_err read_federation(struct toc_daemon *daemon, struct toc_line *line)
{
    struct toc_err err = toc_home_read(&daemon->home, TOC_HOME_FEDERATION, TOC_GENESIS_BYTES_MAX,
                                       &daemon->genesis, line);
    if (err.code == TOC_ABSENT) {
        return toc_line_fail(line, TOC_STATE,
                             "this node belongs to no federation yet: adopt its file with `tocsin "
                             "federation adopt FILE`");
    }
    TOC_TRY(err);
    if (!toc_home_has(&daemon->home, TOC_HOME_FEDERATION_KEY)) {
        return toc_ok();
    }
    daemon->federation_secret = toc_guarded_new(TOC_KEY_BYTES);
    if (daemon->federation_secret == NULL) {
        return toc_line_fail(line, TOC_FULL, "no guarded memory for keys: raise `ulimit -l`");
    }
    const struct toc_unlock by_node = {TOC_LOCK_NODE,
                                       toc_span(daemon->keyring->node.log_wrap, TOC_KEY_BYTES)};
    return toc_home_open_key(&daemon->home, TOC_HOME_FEDERATION_KEY, TOC_KEYFILE_FEDERATION,
                             daemon->federation_secret, TOC_KEY_BYTES, &by_node,
                             &daemon->options->unlock, line);
}

/* core */

/* The core's memory holds session and epoch keys: kept out of dumps, and out of swap as far as the
 * system allows. Only touched pages count. */
static void *map_core(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return NULL;
    }
    int advised = madvise(memory, bytes, MADV_DONTDUMP);
    int locked = mlock2(memory, bytes, MLOCK_ONFAULT);
    if (advised != 0 || locked != 0) {
        toc_say(TOC_LEVEL_DEBUG, "session keys may be swapped out: raise `ulimit -l`");
    }
    return memory;
}

static struct toc_err explain_core(struct toc_err err, struct toc_line *line)
{
    const char *what = "the federation's file does not fit this node: adopt the right one";
    if (err.code == TOC_STRANGER || err.code == TOC_AUTHORITY) {
        what = "this organisation or node is not in the federation: check the card and the "
               "federation's file with `tocsin federation show`";
    } else if (err.code == TOC_COMMITMENT || err.code == TOC_HASH || err.code == TOC_WRAP ||
               err.code == TOC_ABSENT) {
        what = "the federation secret is not here or is another one: adopt again with --secret";
    } else if (err.code == TOC_FULL) {
        what = "out of memory";
    }
    toc_line_set(line, "cannot start: %s; %s", err.why == NULL ? toc_code_text(err.code) : err.why,
                 what);
    return err;
}

static struct toc_err open_core(struct toc_daemon *daemon, struct toc_line *line)
{
    const struct toc_core_options options = {
        .node_keys = &daemon->keyring->node,
        .log_keys = &daemon->keyring->log,
        .node_number = daemon->node,
        .genesis = toc_span(daemon->genesis.at, daemon->genesis.len),
        .federation_secret = daemon->federation_secret,
        .own_card = toc_span(daemon->card.at, daemon->card.len),
        .now_utc = toc_now_utc(),
        .link_max = daemon->conf.limits_links,
        .group_max = daemon->conf.limits_groups,
        .log_max = daemon->conf.limits_logs,
        .trust_clock = daemon->conf.node_trust_clock,
        .quota_entries_hour = daemon->conf.quota_entries_hour,
        .quota_burst = daemon->conf.quota_burst,
        .quota_bytes_day = daemon->conf.quota_bytes_day,
    };
    struct toc_core_options own = options;
    memcpy(own.org, daemon->org, TOC_ID_BYTES);
    daemon->core_bytes = toc_core_bytes(&own);
    daemon->core_memory = map_core(daemon->core_bytes);
    daemon->actions = malloc(sizeof(*daemon->actions));
    if (daemon->core_memory == NULL || daemon->actions == NULL) {
        return toc_line_fail(line, TOC_FULL, "out of memory");
    }
    struct toc_err err =
        toc_core_init(daemon->core_memory, daemon->core_bytes, &own, &daemon->core);
    return toc_failed(err) ? explain_core(err, line) : err;
}

/* store */

static struct toc_err open_store(struct toc_daemon *daemon, struct toc_line *line)
{
    char path[TOC_PATH_BYTES + 16];
    snprintf(path, sizeof(path), "%s/" TOC_HOME_STORE, daemon->home.path);
    /* This home has run before and its store is gone: what the node published is with the others
     * alone, and must come back before it publishes on. */
    bool lost =
        toc_home_has(&daemon->home, TOC_HOME_BEGUN) && !toc_home_has(&daemon->home, TOC_HOME_STORE);
    if (lost) {
        toc_core_recover(daemon->core);
        toc_say(TOC_LEVEL_WARNING, "the store is gone: nothing is published until another node has "
                                   "given back what this one has published");
    }
    const struct toc_store_options options = {.map_bytes = (uint64_t)daemon->conf.store_map_gib
                                                           << 30};
    struct toc_err err = toc_store_open(&daemon->store, path, &options);
    if (!toc_failed(err)) {
        err = toc_index_open(&daemon->index, toc_store_db(daemon->store));
    }
    if (err.code == TOC_CORRUPT) {
        return toc_line_fail(line, err.code,
                             "the store in %s is damaged (%s): run `tocsin verify`, then see "
                             "\"When something is wrong\" in node/OPERATING.md",
                             path, err.why);
    }
    if (err.code == TOC_DISK_FULL) {
        return toc_line_fail(line, err.code,
                             "the store in %s does not open: the disk is full; "
                             "make room and start again",
                             path);
    }
    if (toc_failed(err)) {
        return toc_line_fail(line, err.code, "the store in %s does not open: %s", path,
                             err.why == NULL ? toc_code_text(err.code) : err.why);
    }
    return err;
}

struct loading {
    struct toc_daemon *daemon;
    char table;
    size_t refused;
};

static struct toc_err load_record(void *arg, struct toc_span key, struct toc_span value)
{
    struct loading *loading = arg;
    struct toc_err err = toc_core_load_record(loading->daemon->core, loading->table, key, value);
    if (toc_failed(err)) {
        loading->refused++;
        toc_say(TOC_LEVEL_WARNING, "store: a record of table %c is not used: %s", loading->table,
                err.why == NULL ? toc_code_text(err.code) : err.why);
    }
    return toc_ok();
}

static struct toc_err load_head(void *arg, const uint8_t *log, const struct toc_log_head *head)
{
    struct loading *loading = arg;
    struct toc_err err = toc_core_load_head(loading->daemon->core, log, head);
    loading->refused += toc_failed(err);
    return toc_ok();
}

static struct toc_err load_core(struct toc_daemon *daemon, struct toc_line *line)
{
    static const char tables[] = {'C', 'G', 'E', 'B'};
    struct loading loading = {.daemon = daemon};
    struct toc_err err = toc_ok();
    for (size_t i = 0; !toc_failed(err) && i < sizeof(tables); i++) {
        loading.table = tables[i];
        err = toc_store_each_record(daemon->store, tables[i], load_record, &loading);
    }
    loading.refused = 0;
    if (!toc_failed(err)) {
        err = toc_store_each_head(daemon->store, load_head, &loading);
    }
    if (!toc_failed(err)) {
        loading.table = 'P';
        err = toc_store_each_record(daemon->store, 'P', load_record, &loading);
    }
    if (toc_failed(err)) {
        return toc_line_fail(line, err.code, "the store cannot be read (%s): run `tocsin verify`",
                             err.why == NULL ? toc_code_text(err.code) : err.why);
    }
    return err;
}

/* everything */

/* tocsin-index stands beside this program, so that the two are of one version. */
static struct toc_err open_indexers(struct toc_daemon *daemon, struct toc_line *line)
{
    char path[TOC_PATH_BYTES];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 32);
    char *slash = NULL;
    if (len > 0) {
        path[len] = '\0';
        slash = strrchr(path, '/');
    }
    if (slash == NULL) {
        return toc_line_fail(line, TOC_IO, "cannot tell where tocsind lies: is /proc mounted?");
    }
    memcpy(slash + 1, "tocsin-index", sizeof("tocsin-index"));
    return toc_indexers_open(&daemon->indexers, path, line);
}

static struct toc_err start_threads(struct toc_daemon *daemon, struct toc_line *line)
{
    const struct toc_writer_options writer = {.store = daemon->store,
                                              .index = daemon->index,
                                              .stored = toc_drive_stored,
                                              .blocked = toc_run_blocked,
                                              .broken = toc_run_broken,
                                              .arg = daemon};
    const struct toc_feed_options feed = {.store = daemon->store,
                                          .index = daemon->index,
                                          .indexers = daemon->indexers,
                                          .store_key = daemon->keyring->node.store_key,
                                          .federation = toc_core_federation(daemon->core),
                                          .certifies = toc_run_certifies,
                                          .indexed = toc_drive_indexed,
                                          .indexed_late = toc_drive_indexed_late,
                                          .ready = toc_run_ready,
                                          .arg = daemon};
    struct toc_err err = toc_writer_start(&daemon->writer, &writer);
    if (!toc_failed(err)) {
        struct toc_feed_options with_writer = feed;
        with_writer.writer = daemon->writer;
        err = toc_feed_start(&daemon->feed, &with_writer);
    }
    if (!toc_failed(err)) {
        err = toc_submit_start(daemon);
    }
    if (!toc_failed(err)) {
        err = toc_desk_start(daemon);
    }
    if (toc_failed(err)) {
        toc_line_set(line, "cannot start: %s", err.why);
    }
    return err;
}

/* libuv reads it when the pool is first used. */
static void set_pool_threads(uint32_t count)
{
    char text[16];
    snprintf(text, sizeof(text), "%u", count);
    setenv("UV_THREADPOOL_SIZE", text, 1);
}

struct toc_err toc_start(struct toc_daemon *daemon, struct toc_line *line)
{
    char path[TOC_PATH_BYTES];
    daemon->started_ms = toc_now_mono().ms;
    TOC_TRY(toc_home_find(path, daemon->options->home, line));
    TOC_TRY(toc_home_open(&daemon->home, path, line));
    TOC_TRY(toc_conf_read(&daemon->conf, &daemon->home, line));
    toc_say_level(daemon->conf.node_log);
    set_pool_threads(daemon->conf.limits_pool_threads);
    TOC_TRY(toc_home_lock(&daemon->home, line));
    TOC_TRY(toc_keyring_open(&daemon->home, &daemon->options->unlock, &daemon->keyring, line));
    TOC_TRY(find_self(daemon, line));
    TOC_TRY(read_federation(daemon, line));
    TOC_TRY(open_core(daemon, line));
    TOC_TRY(open_store(daemon, line));
    TOC_TRY(load_core(daemon, line));
    if (!toc_home_has(&daemon->home, TOC_HOME_BEGUN)) {
        TOC_TRY(toc_home_write(&daemon->home, TOC_HOME_BEGUN, toc_span(NULL, 0), line));
    }
    TOC_TRY(toc_tcp_listen(daemon, line));
    TOC_TRY(open_indexers(daemon, line));
    TOC_TRY(toc_audit_start(daemon, line));
    TOC_TRY(start_threads(daemon, line));
    return toc_serve_start(daemon, line);
}

void toc_end_threads(struct toc_daemon *daemon)
{
    toc_indexers_stop(daemon->indexers);
    toc_desk_stop(daemon);
    toc_feed_stop(daemon->feed);
    toc_writer_stop(daemon->writer);
    toc_audit_stop(daemon);
}

void toc_end(struct toc_daemon *daemon)
{
    toc_indexers_close(daemon->indexers);
    toc_index_close(daemon->index);
    toc_store_close(daemon->store);
    if (daemon->core_memory != NULL) {
        toc_wipe(daemon->core_memory, daemon->core_bytes);
        munmap(daemon->core_memory, daemon->core_bytes);
    }
    toc_guarded_free(daemon->federation_secret);
    toc_keyring_close(daemon->keyring);
    toc_bytes_free(&daemon->genesis);
    toc_bytes_free(&daemon->card);
    toc_drive_end(daemon);
    toc_submit_end(daemon);
    toc_desk_end(daemon);
    toc_serve_end_all(daemon);
    toc_home_close(&daemon->home);
}
