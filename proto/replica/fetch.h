/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * fetch: payloads that did not come with their entries: which they are, what of them is here, and
 * who is asked for the rest. What has come stays, whoever brings the rest, and when. Private to the
 * room. Source: PROTOCOL.md.
 *
 * Glossary
 *   missing   a payload that is declared but not here, or not all of it
 *   piece     what a payload is cut into for transfer
 *   fetch     a missing payload that is being asked for; there are places for few at a time
 *   source    a link that is asked for pieces of it
 */
#ifndef TOC_REPLICA_FETCH_H
#define TOC_REPLICA_FETCH_H

#include "ledger.h"
#include "links.h"

struct toc_replica;
struct toc_job;

#define TOC_MISSING_MAX 4096u     /* payloads that are not here and will be fetched */
#define TOC_MISSING_ORG_MAX 512u  /* of one author, so that nobody fills the list, */
#define TOC_MISSING_FREE_TIMES 2u /* and twice as many places stay free as one author has */
#define TOC_FETCHES_MAX 16u       /* of them fetched at a time */
#define TOC_FETCHES_ORG_MAX 4u    /* and of one author */
#define TOC_FETCHES_LINK_MIN 4u   /* asked of one link at a time before it has brought anything, */
#define TOC_FETCHES_LINK_MAX 8u   /* one more for each piece it brings, up to half of all */
#define TOC_FETCH_SOURCES_MAX 4u  /* links that bring one payload at a time */
#define TOC_FETCH_CHUNKS 8u       /* pieces asked for ahead at most */
#define TOC_FETCH_CHUNKS_FIRST 2u /* before a source has shown how quick it is */
#define TOC_FETCH_QUICK_MS 1000u  /* what was asked for came within so long: more next time */
#define TOC_FETCH_SLOW_MS 4000u   /* or took longer: less */
#define TOC_FETCH_LATE_MS 5000u   /* without a piece others are asked for the same, */
#define TOC_FETCH_LATE_MS_MAX 20000u /* or so long while something else comes from that link */
#define TOC_FETCH_MS 60000u /* without a piece: others have their turn. 9 kbit/s keep one going */
#define TOC_FETCH_MS_MAX 120000u /* or so long the next time: 4.4 kbit/s */
#define TOC_PIECE_SET_BYTES (TOC_CHUNK_COUNT_MAX / 8u)
/* Record of a missing payload: u32 length ‖ hash, and when some of it is here a set of pieces. */
#define TOC_MISSING_VALUE_BYTES (4u + TOC_HASH_BYTES)
#define TOC_MISSING_VALUE_BYTES_MAX (TOC_MISSING_VALUE_BYTES + TOC_PIECE_SET_BYTES)

struct toc_missing {
    uint32_t log;
    uint64_t seq;
    uint32_t payload_bytes;
    uint8_t hash[TOC_HASH_BYTES];
    bool fetching, arrived; /* arrived: stored, and on its way to the index */
    bool patient;           /* gave way without a piece: waited for longer the next time */
    uint8_t taken[TOC_PIECE_SET_BYTES]; /* pieces that are here, or between arrival and store */
    uint8_t here[TOC_PIECE_SET_BYTES];  /* stored */
};

struct toc_fetch_source {
    uint64_t link;      /* number; 0: the place is free */
    uint32_t next, end; /* pieces next to end - 1 were asked for and have not come */
    uint8_t ahead;      /* how many are asked for at once */
    bool list;          /* the list was asked for and has not come */
    bool blamed;        /* since the last piece */
    struct toc_mono asked_at, progress;
};

struct toc_fetch {
    bool used;
    uint64_t number;
    uint32_t missing, chunk_count;
    struct toc_buffer *list; /* hashes of the pieces */
    uint64_t without;        /* set of places of links that are not asked again */
    struct toc_fetch_source sources[TOC_FETCH_SOURCES_MAX];
    struct toc_mono progress;
};

/* One piece between arrival and store. */
struct toc_chunk_check {
    struct toc_check check; /* first */
    uint64_t link;
    uint32_t log, index; /* index UINT32_MAX: the whole of a payload of one piece */
    uint64_t seq;
    struct toc_buffer *buffer;
    struct toc_span bytes;
    uint8_t expected[TOC_HASH_BYTES];
    struct toc_err err;
};

/* Whom to ask (fetch.c). */

/* Begins fetches, asks on, and ends those that must give way.. */
void toc_replica_fetch(struct toc_replica *replica, struct toc_turn *turn);
/* Another link comes to this place. */
void toc_fetch_greet(struct toc_replica *replica, const struct toc_link *link);
/* The fetch of a payload on whose behalf this link was asked, or NULL; `source`: what it was asked
 * for, or NULL when it is no source any more. Lends: until the next call of this file. */
struct toc_fetch *toc_fetch_find(struct toc_replica *replica, const struct toc_link *link,
                                 const uint8_t log[static TOC_ID_BYTES], uint64_t seq,
                                 struct toc_fetch_source **source);
/* The list is here: all sources are asked for pieces. */
void toc_fetch_listed(struct toc_replica *replica, struct toc_turn *turn, struct toc_fetch *fetch);
/* The next piece that a source was asked for has come, new or not: it is asked on. */
void toc_fetch_came(struct toc_replica *replica, struct toc_turn *turn, struct toc_fetch *fetch,
                    struct toc_fetch_source *source, bool is_new);
/* A source cannot give this payload, or gave something else: others are asked. */
void toc_fetch_without(struct toc_replica *replica, struct toc_turn *turn, struct toc_fetch *fetch,
                       struct toc_fetch_source *source);
/* Nothing more is needed for a missing payload: its fetch ends, if there is one. */
void toc_fetch_end(struct toc_replica *replica, const struct toc_turn *turn, uint32_t missing);
/* A missing payload has moved to another row. */
void toc_fetch_moved(struct toc_replica *replica, uint32_t from, uint32_t to);

/* What is missing, and what comes of it (chunk.c). */

/* Could `count` more payloads of this log's author be noted? */
bool toc_replica_may_miss(const struct toc_replica *replica, uint32_t log, size_t count);
/* Notes a payload that is declared but not here. Asserts that there is room. */
void toc_replica_miss(struct toc_replica *replica, const struct toc_missing *missing);
/* Its record, at most TOC_MISSING_VALUE_BYTES_MAX. Gives the length. */
size_t toc_missing_encode(uint8_t *out, const struct toc_missing *missing);
/* The reverse; log and seq are the key's. Fails: CORRUPT; nothing changed. */
TOC_MUST_USE struct toc_err toc_missing_decode(struct toc_missing *missing, struct toc_span value);
/* Are all its pieces in a set? */
bool toc_pieces_all(const struct toc_missing *missing,
                    const uint8_t set[static TOC_PIECE_SET_BYTES]);
/* All its pieces are stored: it goes to the index. Asserts that there is room for an action. */
void toc_replica_arrived(struct toc_replica *replica, struct toc_turn *turn, uint32_t missing);
/* CHUNK. Fails: TRUNCATED, HASH, MALFORMED. */
TOC_MUST_USE struct toc_err toc_replica_take_chunk(struct toc_replica *replica,
                                                   struct toc_turn *turn, struct toc_link *link,
                                                   const struct toc_message *message);
/* NOPAY. Fails: MALFORMED. */
TOC_MUST_USE struct toc_err toc_replica_take_nopay(struct toc_replica *replica,
                                                   struct toc_turn *turn, struct toc_link *link,
                                                   struct toc_span body);
/* An entry has come again, now with the payload that is missing here: stores it. */
void toc_replica_bring(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link,
                       const struct toc_message *message, uint32_t log);
/* CHECKED of a piece. */
void toc_replica_chunk_checked(struct toc_replica *replica, struct toc_turn *turn,
                               struct toc_chunk_check *check);
/* A piece's job was stored. */
void toc_replica_chunk_stored(struct toc_replica *replica, struct toc_turn *turn,
                              const struct toc_job *job);
/* The index has the entry whose payload came late: it is missing no more. */
void toc_replica_late_indexed(struct toc_replica *replica, struct toc_turn *turn, uint32_t log,
                              uint64_t seq);
/* The check itself: pure; on any thread. */
void toc_chunk_check_run(struct toc_chunk_check *check);

#endif
