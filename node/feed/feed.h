/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * feed: from stored entries to the index. Keeps the processes tocsin-index, which parse what
 * bulletins contain and hold no key, no file and no network; feeds them and gives their facts to
 * the writer.
 */
#ifndef TOC_FEED_H
#define TOC_FEED_H

#include "content.h"
#include "index.h"
#include "intel.h"
#include "store.h"
#include "writer.h"

/* indexers: the processes */

/* A process serves one author and one group; whatever a hostile document does to it ends with
 * them. One spare is kept warm, so that a change of author or group costs no start. */
struct toc_indexers;

/* Time for one bulletin: what a parser of 64 MiB needs ten times over. Past it the process is
 * ended and the bulletin quarantined. */
#define TOC_INDEXER_MS_MAX 30000u

/* `program` is the path of tocsin-index. Starts the spare. Gives *indexers (toc_indexers_close).
 * Fails: ABSENT (no such program), IO. */
TOC_MUST_USE struct toc_err toc_indexers_open(struct toc_indexers **indexers, const char *program,
                                              struct toc_line *line);
/* Ends the processes: readings under way and later ones fail with IO. NULL is legal. */
void toc_indexers_stop(struct toc_indexers *indexers);
/* No reading may be under way. NULL is legal. */
void toc_indexers_close(struct toc_indexers *indexers);

/* Reads native fields and documents of a bulletin in a process that has seen nothing but `author`
 * and `group` (32 bytes each). Any thread. *reading is initialised here (toc_intel_reading_clear in
 * every case). Fails: SYNTAX, LIMIT, FULL with reading->document and fault; CORRUPT (the process
 * crashed, overran its time or broke a rule: quarantine the bulletin); IO (no process can be
 * started). */
TOC_MUST_USE struct toc_err toc_indexers_read(struct toc_indexers *indexers, const uint8_t *author,
                                              const uint8_t *group, struct toc_span canonical,
                                              struct toc_intel_reading *reading);

/* One bulletin of several. */
struct toc_indexers_item {
    struct toc_span canonical;
    struct toc_intel_reading *reading;
    struct toc_err err; /* as of toc_indexers_read */
    bool late;          /* it took TOC_INDEXER_MS_MAX: another try would take as long */
};
/* The same for several bulletins of one author and group, in order, of which the process has the
 * next before it has answered the last. What ends it is found out, and the others are read
 * elsewhere: the outcome of each stands in its err. */
void toc_indexers_read_all(struct toc_indexers *indexers, const uint8_t *author,
                           const uint8_t *group, struct toc_indexers_item *items, size_t count);

/* the feeder */

struct toc_feed;

enum toc_certified { TOC_CERTIFIED_NO, TOC_CERTIFIED_YES, TOC_CERTIFIED_UNKNOWN /* stopping */ };

struct toc_feed_options {
    struct toc_store *store;
    struct toc_index *index;
    struct toc_writer_thread *writer;
    struct toc_indexers *indexers;
    const uint8_t *store_key;  /* 32 bytes */
    const uint8_t *federation; /* 32 bytes */
    /* On the feeder's thread. Was `log_key` certified for `org`? UNKNOWN ends the feeding. */
    enum toc_certified (*certifies)(void *arg, const uint8_t *log_key, const uint8_t *org);
    /* On the feeder's thread: all entries of the log up to seq are visible. */
    void (*indexed)(void *arg, const uint8_t *log, uint64_t seq);
    /* The same of one entry that was told by toc_feed_push_late. */
    void (*indexed_late)(void *arg, const uint8_t *log, uint64_t seq);
    /* On the feeder's thread, once: what lives in memory alone is there again. */
    void (*ready)(void *arg);
    void *arg;
};

/* A log and how far it is stored. */
struct toc_feed_log {
    uint8_t log[TOC_ID_BYTES], group[TOC_ID_BYTES], org[TOC_ID_BYTES];
    uint8_t log_key[TOC_KEY_BYTES];
    uint64_t seq;
};

/* Starts the feeder's thread. Lends: all options, until toc_feed_stop. Gives *feed. */
TOC_MUST_USE struct toc_err toc_feed_start(struct toc_feed **feed,
                                           const struct toc_feed_options *options);
/* All logs have been pushed once, those without anything new too: the feeding begins, with the
 * hidden bulletins. */
void toc_feed_begin(struct toc_feed *feed);
/* Ends the thread after the batch under way. NULL is legal. */
void toc_feed_stop(struct toc_feed *feed);
/* A log, and how far it is stored. Any thread. Never waits for the feeder. */
void toc_feed_push(struct toc_feed *feed, const struct toc_feed_log *log);

/* A range of the log, up to its seq, that the store is about to get: the feeder, if it has nothing
 * else to do, reads it meanwhile, so that it is visible soon after toc_feed_push. No more than a
 * hint: nothing of it shows before that. Any thread; copies the range; never waits. */
#define TOC_FEED_EARLY_BYTES_MAX 65536u
void toc_feed_expect(struct toc_feed *feed, const struct toc_feed_log *log, struct toc_span range);

/* What an indexer has read of our own bulletin before it was published: it is not read again. */
struct toc_feed_given {
    struct toc_bytes plaintext;
    struct toc_intel_reading reading;
};
/* Entry `seq` of the log is that bulletin; told before toc_feed_push tells of the entry. Takes
 * *given, which is empty then. No more than a hint: beyond TOC_FEED_GIVEN_MAX, or 16 MiB, it is
 * dropped, and the entry read from the store. Any thread. */
#define TOC_FEED_GIVEN_MAX 1024u
void toc_feed_give(struct toc_feed *feed, const uint8_t log[static TOC_ID_BYTES], uint64_t seq,
                   struct toc_feed_given *given);
/* Frees what it holds. */
void toc_feed_given_clear(struct toc_feed_given *given);

/* The payload of one entry, missing when its log was fed, has come: that entry is read again. At
 * most TOC_FEED_LATE_MAX wait; more are dropped and told again after a restart. Any thread. */
#define TOC_FEED_LATE_MAX 4096u
void toc_feed_push_late(struct toc_feed *feed, const uint8_t log[static TOC_ID_BYTES],
                        uint64_t seq);

struct toc_feed_stat {
    uint64_t lag;         /* entries pushed and not yet visible */
    uint64_t quarantined; /* bulletins that crashed the indexer, since the start */
    uint64_t refused;     /* entries that are no bulletin of their author, since the start */
    uint64_t unreadable;  /* entries whose payload could not be opened, since the start */
};
/* Any thread. */
void toc_feed_stat(struct toc_feed *feed, struct toc_feed_stat *stat);

#endif
