/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * writer: the one thread that owns the write transaction of the store. Jobs of the core become
 * durable in groups; batches of the feeder become visible, small ones before the index on disk has
 * them: it follows when there is nothing else to do.
 */
#ifndef TOC_WRITER_H
#define TOC_WRITER_H

#include "index.h"
#include "store.h"

struct toc_writer_thread;

/* A set of changes that the core wants durable. Own memory of the caller until `stored`. */
struct toc_store_job {
    struct toc_store_job *next; /* the writer's, until stored */
    uint64_t id;
    const struct toc_store_op *ops;
    size_t op_count;
    struct toc_err err; /* the outcome */
};

struct toc_writer_options {
    struct toc_store *store;
    struct toc_index *index;
    /* On the writer's thread, after the fsync: a list of jobs by `next`. */
    void (*stored)(void *arg, struct toc_store_job *jobs);
    /* On the writer's thread: the disk is full (true), or there is room again (false). */
    void (*blocked)(void *arg, bool is_full);
    /* On the writer's thread: the store cannot be written any more; nothing was acknowledged. */
    void (*broken)(void *arg, struct toc_err err);
    void *arg;
};

/* Starts the thread. Gives *writer (toc_writer_stop). Lends: store and index. Fails: FULL. */
TOC_MUST_USE struct toc_err toc_writer_start(struct toc_writer_thread **writer,
                                             const struct toc_writer_options *options);
/* Finishes what was given, unless the store is broken or full, and ends the thread. NULL is legal.
 */
void toc_writer_stop(struct toc_writer_thread *writer);
/* Any thread. Lends: job and what it points to, until `stored`. */
void toc_writer_store(struct toc_writer_thread *writer, struct toc_store_job *job);

/* A batch to be indexed, and a cursor to be moved, together or not at all. */
struct toc_index_job {
    const struct toc_index_entry *entries;
    size_t entry_count;
    struct toc_index_reached reached;
    struct toc_err err; /* the writer's, as `done` */
    bool done;
};
/* Hands a batch over. Any thread but the writer's; one batch at a time, each ended by
 * toc_writer_index_end. Lends: job and what it points to, until then. */
void toc_writer_index_begin(struct toc_writer_thread *writer, struct toc_index_job *job);
/* Waits for the batch, which then is visible. Fails: CORRUPT: the index was damaged and is empty
 * now, every log begins again; what the transaction failed with (nothing changed), STATE (the
 * writer stops). */
TOC_MUST_USE struct toc_err toc_writer_index_end(struct toc_writer_thread *writer,
                                                 struct toc_index_job *job);

#endif
