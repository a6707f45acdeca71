/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to feed: the feeder's state and its batch. */
#ifndef TOC_FEED_INTERNAL_H
#define TOC_FEED_INTERNAL_H

#include "feed.h"

#include <pthread.h>

/* A batch is one transaction: large enough that its fsync costs little an entry, small enough that
 * the writer is soon free for the core again. */
#define TOC_BATCH_ENTRIES_MAX 128u
#define TOC_BATCH_FACTS_MAX 4096u
#define TOC_BATCH_BYTES_MAX ((size_t)8 * 1024 * 1024)

#define TOC_FEED_BATCHES 3u

/* One bulletin of the batch, with all that its index entry points to. */
struct toc_feed_item {
    struct toc_bytes plaintext;
    struct toc_content content;
    struct toc_intel_reading reading;
    struct toc_index_place place;
    bool has_content, is_unread;
    bool is_given; /* `reading` was there before the entry */
    bool again;    /* unread, and a start tries once more */
};

struct toc_feed_row {
    struct toc_feed_row *next; /* in the queue */
    struct toc_feed_log log;   /* seq: what was pushed */
    uint64_t done;             /* visible up to there */
    uint64_t fed;              /* read, and with the writer, up to there */
    bool known;                /* `done` has been read from the index */
    bool queued;
};

struct toc_feed_batch {
    struct toc_feed_item *items;     /* TOC_BATCH_ENTRIES_MAX */
    struct toc_index_entry *entries; /* as many; point to items */
    size_t count, facts, bytes;
    size_t read; /* of the items; the facts of those behind are still to be read */
    /* While the writer has it: */
    struct toc_index_job job;
    struct toc_feed_row *row;
};

/* One entry, by its place. */
struct toc_feed_entry {
    uint8_t log[TOC_ID_BYTES];
    uint64_t seq;
};

/* What toc_feed_give has told, in its order. */
struct toc_feed_gift {
    struct toc_feed_gift *next;
    struct toc_feed_entry entry;
    struct toc_feed_given given;
};

/* A range that has been read before it was stored. */
struct toc_feed_early {
    struct toc_feed_batch *batch;
    uint8_t log[TOC_ID_BYTES];
    uint64_t from, to; /* 0: none */
};

struct toc_feed {
    struct toc_feed_options options;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t work;
    /* Under the mutex: */
    struct toc_feed_row **rows; /* open addressing by log id */
    size_t row_count, row_max;
    struct toc_feed_row *first, **last; /* those with something to do */
    struct toc_feed_entry *late; /* TOC_FEED_LATE_MAX; their payloads came after their turn */
    size_t late_count;
    struct toc_feed_gift *gifts, **gifts_last;
    size_t gift_count, gift_bytes;
    struct toc_feed_stat stat;
    bool begun, stopping;
    bool idle;                       /* the thread waits for work */
    uint8_t *expected;               /* TOC_FEED_EARLY_BYTES_MAX: a range that may be read early */
    size_t expected_len;             /* 0: none */
    struct toc_feed_log expected_of; /* whose it is */
    /* The thread's own: */
    struct toc_opener *opener;
    /* One is filled while the writer makes another visible; the third is for what is early. */
    struct toc_feed_batch batches[TOC_FEED_BATCHES];
    struct toc_feed_batch *filling;
    struct toc_feed_batch *spare;   /* NULL: the writer has it */
    struct toc_feed_batch *writing; /* NULL: the writer has none */
    struct toc_feed_early early;    /* what the store is about to get */
    uint8_t *range;                 /* TOC_RANGE_BYTES_MAX */
};

/* Adds one entry of the log to the batch, or passes over it; its facts are read by
 * toc_feed_read_facts. Fails: FULL, IO, STATE (stopping): the entry is not dealt with. */
TOC_MUST_USE struct toc_err toc_feed_take(struct toc_feed *feed, const struct toc_feed_log *log,
                                          const struct toc_entry *entry);
/* The same, early, of an entry that is not stored: whatever hinders it, it is not dealt with, and
 * nothing is said or counted of it. */
TOC_MUST_USE struct toc_err toc_feed_take_early(struct toc_feed *feed,
                                                const struct toc_feed_log *log,
                                                const struct toc_entry *entry);
/* Reads the facts of what toc_feed_take has added. Fails: as it; the batch is to be cleared. */
TOC_MUST_USE struct toc_err toc_feed_read_facts(struct toc_feed *feed,
                                                const struct toc_feed_log *log);
/* Takes what was given of that entry, and drops what was given of earlier ones. Gives whether there
 * was any. */
bool toc_feed_take_given(struct toc_feed *feed, const uint8_t *log, uint64_t seq,
                         struct toc_feed_given *given);
/* Frees all that was given. */
void toc_feed_drop_given(struct toc_feed *feed);
/* Reads what is expected, unless there is other work. */
void toc_feed_read_early(struct toc_feed *feed);
/* Makes what was read early the filled batch, if it goes on behind `fed` and not beyond `until`.
 * Gives the last entry in it; 0: none. */
uint64_t toc_feed_use_early(struct toc_feed *feed, const uint8_t *log, uint64_t fed,
                            uint64_t until);
bool toc_feed_batch_full(const struct toc_feed_batch *batch);
void toc_feed_clear_batch(struct toc_feed_batch *batch);
/* Hands the filled batch to the writer, to be made visible with the log's cursor at `seq`. The
 * writer must have none. `row` may be NULL: no cursor is followed. */
void toc_feed_hand_over(struct toc_feed *feed, const struct toc_feed_log *log, uint64_t seq,
                        struct toc_feed_row *row);
/* Waits for the batch that the writer has, if any, and empties it. Gives the row that came with it
 * (or NULL). Fails: as toc_writer_index_end; CORRUPT: every log begins again. */
TOC_MUST_USE struct toc_err toc_feed_take_back(struct toc_feed *feed, struct toc_feed_row **row);

#endif
