/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * index: what the bulletins say, found by id, value, author, time. Disposable: everything in it
 * comes from the entries of the store and can be made again. Layout: node/store/FORMAT.md.
 *
 * Glossary
 *   number   names a bulletin within one index; from TOC_INDEX_HIDDEN on it is a hidden one
 *   hidden   RED and AMBER+STRICT: lives in memory alone; on disk only (log, seq) of its entries,
 *            so that a start can index them again
 *   place    one entry that carries the bulletin: the same id may stand in several logs and groups
 *   reached  seq of a log up to which all entries have been through the index
 *   ahead    rows that stand in memory until the next transaction puts them on the disk; readers
 *            find them like any other
 *
 * Threads: apply, advance, follow, clear and open: the writer's thread. A reader belongs to one
 * thread; many at once are fine.
 */
#ifndef TOC_INDEX_H
#define TOC_INDEX_H

#include "bulletin.h"
#include "db.h"
#include "fact.h"
#include "query.h"

/* Number of the layout; another one on disk is cleared at open, to be filled anew. */
#define TOC_INDEX_SCHEMA 1u
#define TOC_INDEX_HIDDEN 0x80000000u
/* Places of one bulletin that are kept. Reason: a bulletin is shared to a handful of audiences;
 * its entries beyond these stay in the store. */
#define TOC_INDEX_PLACES_MAX 16u

struct toc_index;

/* Opens the index within the store's environment; clears it when its schema is another.
 * Gives *index (toc_index_close). Lends: db must outlive it. Fails: as toc_db_begin and commit. */
TOC_MUST_USE struct toc_err toc_index_open(struct toc_index **index, struct toc_db *db);
void toc_index_close(struct toc_index *index);

/* writing
 */

struct toc_index_place {
    uint8_t log[TOC_ID_BYTES];
    uint8_t group[TOC_ID_BYTES];
    uint64_t seq;
    struct toc_utc received; /* when this node stored the entry */
    enum toc_tlp tlp;        /* of the entry's header */
};

/* One entry's bulletin with its facts. Lends: everything, for the call. */
struct toc_index_entry {
    struct toc_index_place place;
    uint8_t id[TOC_ID_BYTES];
    const struct toc_bulletin *bulletin;
    const struct toc_facts *facts; /* NULL: content could not be read (quarantined) */
    bool again;                    /* and is to be read again after the next start */
};

/* How far a log has been through the index. */
struct toc_index_reached {
    uint8_t log[TOC_ID_BYTES];
    uint64_t seq;
};

/*
 * Indexes a batch; each bulletin becomes visible when the transaction has committed. Larger
 * batches are faster: rows are sorted before they are put. The stricter of the header's and the
 * bulletin's TLP counts. An id that is known gets a further place. Relations `revokes` and
 * `supersedes` take effect on bulletins of the same author, whichever comes first. Applying an
 * entry again changes nothing, but that an unread bulletin whose facts come is read then. Sets
 * `reached` of no log. Fails: FULL (no memory); the transaction then fails too. Other failures are
 * held by txn.
 */
TOC_MUST_USE struct toc_err toc_index_apply(struct toc_index *index, struct toc_db_txn *txn,
                                            const struct toc_index_entry *entries,
                                            size_t entry_count);
/* All entries of `log` up to `seq` have been through the index, bulletins or not. Never goes back.
 * Failures are held by txn. */
void toc_index_advance(struct toc_index *index, struct toc_db_txn *txn,
                       const uint8_t log[static TOC_ID_BYTES], uint64_t seq);
/* Rows that stand ahead of the disk, at most; and facts of a batch that goes there. Reason: a row
 * takes about 300 bytes, so that they stay near 1 MiB; what is larger gains nothing by it. */
#define TOC_INDEX_AHEAD_ROWS_MAX 4096u
#define TOC_INDEX_AHEAD_FACTS_MAX 512u
/*
 * Apply and advance without a transaction: visible when it returns, in memory until the next
 * transaction of apply, advance or follow has committed. A crash before forgets it, cursor and all,
 * so that the feeder gives it again. Fails: STATE (this batch needs a transaction: it is large, so
 * much is ahead already, or a row has to go; or a commit has failed), FULL, CORRUPT: nothing
 * changed.
 */
TOC_MUST_USE struct toc_err toc_index_apply_ahead(struct toc_index *index,
                                                  const struct toc_index_entry *entries,
                                                  size_t entry_count,
                                                  const struct toc_index_reached *reached);
/* Puts what is ahead into the transaction; stays ahead if that does not commit. Failures are held
 * by txn. */
void toc_index_follow(struct toc_index *index, struct toc_db_txn *txn);
/* Is anything ahead? */
bool toc_index_is_ahead(const struct toc_index *index);
/* Removes everything; every log is unreached. */
void toc_index_clear(struct toc_index *index, struct toc_db_txn *txn);

/* `reached` of a log; 0 when nothing was. Any thread. Fails: CORRUPT, FULL, STATE. */
TOC_MUST_USE struct toc_err
toc_index_reached(struct toc_index *index, const uint8_t log[static TOC_ID_BYTES], uint64_t *seq);
/* Calls `each` with every entry on disk, hidden or to be read again, that this index, since its
 * open, has not been given again as a hidden one: the feeder gives them to toc_index_apply after a
 * start. No snapshot is open during the calls. Fails: the failure of `each`; CORRUPT, FULL. */
TOC_MUST_USE struct toc_err
toc_index_each_hidden(struct toc_index *index,
                      struct toc_err (*each)(void *arg, const uint8_t *log, uint64_t seq),
                      void *arg);

/* reading
 */

struct toc_index_read;

/* Begins reading: one snapshot of disk and memory. Gives *read (toc_index_read_end). Keep it
 * short: hidden bulletins wait to be added meanwhile. Fails: as toc_db_read_begin. */
TOC_MUST_USE struct toc_err toc_index_read_begin(struct toc_index *index,
                                                 struct toc_index_read **read);
/* Ends it; NULL is legal. */
void toc_index_read_end(struct toc_index_read *read);

enum toc_index_status {
    TOC_INDEX_ACTIVE,
    TOC_INDEX_SUPERSEDED, /* by its author */
    TOC_INDEX_REVOKED,    /* by its author */
};

/* What is known of a bulletin without opening it. */
struct toc_index_meta {
    uint32_t number;
    uint8_t id[TOC_ID_BYTES];
    uint8_t author[TOC_ID_BYTES]; /* organisation */
    enum toc_bulletin_kind kind;
    enum toc_severity severity;
    enum toc_tlp tlp; /* the strictest of the bulletin and its places */
    enum toc_pap pap;
    bool exercise;
    bool unread; /* quarantined: content could not be read */
    enum toc_index_status status;
    uint8_t status_by[TOC_ID_BYTES]; /* the bulletin that revokes or supersedes it */
    struct toc_utc published;
    struct toc_utc received; /* first */
    uint64_t valid_until_ms;
    uint32_t indicator_count; /* distinct indicator values */
    uint32_t fact_count;
    uint32_t warning_count;
    uint32_t document_count;
    size_t place_count;
    struct toc_index_place places[TOC_INDEX_PLACES_MAX];
    size_t title_len, reference_len;
    char title[TOC_TITLE_BYTES_MAX + 1];    /* terminated; may hold control characters */
    char reference[TOC_NAME_BYTES_MAX + 1]; /* the author's own; likewise */
};

/* Fails: ABSENT, CORRUPT (then: rebuild). */
TOC_MUST_USE struct toc_err toc_index_meta(const struct toc_index_read *read, uint32_t number,
                                           struct toc_index_meta *meta);
/* Numbers of the bulletins whose id begins with the first `bits` of `id` (toc_id_parse), at most
 * `max`, in id order. Gives *count. Fails: CORRUPT. */
TOC_MUST_USE struct toc_err toc_index_find(const struct toc_index_read *read,
                                           const uint8_t id[static TOC_ID_BYTES], size_t bits,
                                           uint32_t *numbers, size_t max, size_t *count);

enum toc_index_order { TOC_INDEX_BY_PUBLISHED, TOC_INDEX_BY_RECEIVED };
/* Newest first, from the newest strictly before `before` (UINT64_MAX ms: all), until `each`
 * returns false. Fails: CORRUPT, FULL. */
TOC_MUST_USE struct toc_err
toc_index_each(const struct toc_index_read *read, enum toc_index_order order, struct toc_utc before,
               bool (*each)(void *arg, uint32_t number, struct toc_utc time), void *arg);

/* How an indexed value relates to the one asked for. */
enum toc_index_relation {
    TOC_INDEX_SAME,
    TOC_INDEX_ABOVE, /* a parent domain, a network around */
    TOC_INDEX_BELOW, /* a name below the domain, an address or network inside */
};

enum toc_index_want {
    TOC_INDEX_WANT_SAME = 1u << 0,
    TOC_INDEX_WANT_ABOVE = 1u << 1,
    TOC_INDEX_WANT_BELOW = 1u << 2,
    TOC_INDEX_WANT_HOSTS = 1u << 3,     /* also hosts of URLs and mail addresses */
    TOC_INDEX_WANT_WITHDRAWN = 1u << 4, /* also values and bulletins that the author withdrew */
};

/* Flags of a hit: those of enum toc_fact_flag that hold for the value in this bulletin, and */
#define TOC_INDEX_HOST (1u << 15) /* only as the host of a URL or mail address */

struct toc_index_hit {
    uint32_t number; /* of the bulletin */
    enum toc_value_kind kind;
    struct toc_span value; /* as indexed; canonical. Lends: for the call */
    uint32_t flags;
    enum toc_index_relation relation;
    bool withdrawn; /* the value in this bulletin, or the bulletin, by its author */
};

/*
 * Everything indexed about one canonical value. ABOVE and BELOW act on domains, addresses and
 * networks; for other kinds there is SAME alone. Calls `each` until it returns false, in the order
 * SAME, ABOVE, BELOW. Fails: CORRUPT, FULL. About 5 us and 1 us a hit.
 */
TOC_MUST_USE struct toc_err
toc_index_lookup(const struct toc_index_read *read, enum toc_value_kind kind,
                 struct toc_span canonical, unsigned wants, /* enum toc_index_want */
                 bool (*each)(void *arg, const struct toc_index_hit *hit), void *arg);

struct toc_index_ask {
    enum toc_index_order order; /* newest first by this */
    bool withdrawn;             /* also revoked and superseded bulletins and withdrawn values */
    bool hosts;                 /* domains and addresses also as hosts of URLs and mail addresses */
    size_t max;                 /* most numbers to give */
    /* Organisation of a handle (lower case); false: nobody has it. May be NULL: author terms then
     * match nothing. */
    bool (*author)(void *arg, struct toc_span handle, uint8_t org[static TOC_ID_BYTES]);
    void *arg;
};
/*
 * The bulletins that fulfil all terms, newest first. `numbers` has room for ask->max; *more (may be
 * NULL) tells that there are further ones. Fails: CORRUPT, FULL (no memory).
 */
TOC_MUST_USE struct toc_err toc_index_query(const struct toc_index_read *read,
                                            const struct toc_query *query,
                                            const struct toc_index_ask *ask, uint32_t *numbers,
                                            size_t *count, bool *more);

#endif
