/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

#include <string.h>

/* Whom missing payloads are asked of. A fetch is begun for few of them at a time; its pieces are
 * asked of several links, of each as many as it is quick. Nobody who dawdles holds up a piece, a
 * source's place or a fetch's for long while others could use it, and none of that loses what has
 * come. */

static bool asks(const struct toc_fetch_source *source)
{
    return source->list || source->next < source->end;
}

static uint64_t bit_of(const struct toc_link *link)
{
    return UINT64_C(1) << link->place;
}

static struct toc_missing *missing_of(struct toc_replica *replica, const struct toc_fetch *fetch)
{
    return &replica->missing[fetch->missing];
}

/* others may be asked for the same. Slow lines bring something else meanwhile. */
static bool is_late(const struct toc_replica *replica, const struct toc_turn *turn,
                    const struct toc_fetch_source *source)
{
    const struct toc_link *link = toc_links_find(replica->links, source->link);
    bool moves = link != NULL && turn->now.ms - link->progress.ms < TOC_FETCH_LATE_MS;
    return asks(source) && turn->now.ms - source->progress.ms >=
                               (moves ? TOC_FETCH_LATE_MS_MAX : TOC_FETCH_LATE_MS);
}

static bool any_late(const struct toc_replica *replica, const struct toc_turn *turn,
                     const struct toc_fetch *fetch)
{
    for (size_t i = 0; i < TOC_FETCH_SOURCES_MAX; i++) {
        if (fetch->sources[i].link != 0 && is_late(replica, turn, &fetch->sources[i])) {
            return true;
        }
    }
    return false;
}

static size_t count_sources(const struct toc_fetch *fetch)
{
    size_t count = 0;
    for (size_t i = 0; i < TOC_FETCH_SOURCES_MAX; i++) {
        count += fetch->sources[i].link != 0;
    }
    return count;
}

static struct toc_fetch_source *source_of(struct toc_fetch *fetch, uint64_t link)
{
    for (size_t i = 0; i < TOC_FETCH_SOURCES_MAX; i++) {
        if (fetch->sources[i].link == link) {
            return &fetch->sources[i];
        }
    }
    return NULL;
}

/* Of how many fetches is each link a source? */
static void count_uses(struct toc_replica *replica, uint8_t uses[static TOC_LINKS_MAX])
{
    memset(uses, 0, TOC_LINKS_MAX);
    for (size_t i = 0; i < TOC_FETCHES_MAX * TOC_FETCH_SOURCES_MAX; i++) {
        const struct toc_fetch *fetch = &replica->fetches[i / TOC_FETCH_SOURCES_MAX];
        const struct toc_fetch_source *source = &fetch->sources[i % TOC_FETCH_SOURCES_MAX];
        const struct toc_link *link =
            fetch->used && source->link != 0 ? toc_links_find(replica->links, source->link) : NULL;
        if (link != NULL) {
            uses[link->place]++;
        }
    }
}

/* A link whose peer holds the entry and that has not failed in this fetch: of those that keep their
 * word the one that does least, in turn; the others only where there is none. */
static struct toc_link *find_holder(struct toc_replica *replica, struct toc_fetch *fetch)
{
    const struct toc_missing *missing = missing_of(replica, fetch);
    uint32_t group = replica->ledger->logs[missing->log].group;
    bool any = count_sources(fetch) > 0;
    uint8_t uses[TOC_LINKS_MAX];
    struct toc_link *best = NULL;
    uint32_t best_rank = UINT32_MAX;
    count_uses(replica, uses);
    for (uint32_t i = 0; i < replica->links->top; i++) {
        uint32_t place = (uint32_t)((i + replica->fetch_number) % replica->links->top);
        struct toc_link *link = &replica->links->items[place];
        if (!toc_link_stands(link) || !toc_set_has(link->shared, group) ||
            *toc_replica_has(replica, link, missing->log) < missing->seq ||
            (fetch->without & bit_of(link)) != 0 || source_of(fetch, link->id) != NULL ||
            uses[place] >= replica->fetch_shares[place]) {
            continue;
        }
        bool fails = link->unmet >= TOC_UNMET_MAX;
        uint32_t rank = uses[place] + (fails ? TOC_FETCHES_MAX : 0);
        if (rank < best_rank && !(fails && any)) {
            best = link;
            best_rank = rank;
        }
    }
    return best;
}

static bool ask(struct toc_replica *replica, const struct toc_turn *turn, struct toc_fetch *fetch,
                struct toc_fetch_source *source, uint32_t from, uint32_t to)
{
    const struct toc_missing *missing = missing_of(replica, fetch);
    struct toc_link *link = toc_links_find(replica->links, source->link);
    struct toc_want want = {.kind = TOC_WANT_CHUNKS, .seq = missing->seq, .from = from, .to = to};
    memcpy(want.log, replica->ledger->logs[missing->log].id, TOC_ID_BYTES);
    uint8_t body[TOC_WANT_BYTES];
    toc_want_encode(body, &want);
    if (link == NULL || !toc_link_say(replica->links, link, TOC_MSG_WANT, TOC_CLASS_CONTROL,
                                      toc_span(body, sizeof body))) {
        return false;
    }
    source->asked_at = source->progress = turn->now;
    return true;
}

/* May this piece be asked of a source? Not what is here, nor what another one is about to bring. */
static bool is_open(struct toc_replica *replica, const struct toc_fetch *fetch,
                    const struct toc_fetch_source *source, uint32_t piece, uint32_t late)
{
    if (piece >= fetch->chunk_count || toc_set_has(missing_of(replica, fetch)->taken, piece)) {
        return false;
    }
    for (uint32_t i = 0; i < TOC_FETCH_SOURCES_MAX; i++) {
        const struct toc_fetch_source *other = &fetch->sources[i];
        if (other != source && other->link != 0 && other->next <= piece && piece < other->end &&
            (late >> i & 1) == 0) {
            return false;
        }
    }
    return true;
}

static uint32_t first_open(struct toc_replica *replica, const struct toc_fetch *fetch,
                           const struct toc_fetch_source *source, uint32_t late)
{
    uint32_t piece = 0;
    while (piece < fetch->chunk_count && !is_open(replica, fetch, source, piece, late)) {
        piece++;
    }
    return piece;
}

static bool ask_pieces(struct toc_replica *replica, const struct toc_turn *turn,
                       struct toc_fetch *fetch, struct toc_fetch_source *source)
{
    uint32_t late = 0, from = first_open(replica, fetch, source, 0);
    for (uint32_t i = 0; from == fetch->chunk_count && i < TOC_FETCH_SOURCES_MAX; i++) {
        late |= (uint32_t)is_late(replica, turn, &fetch->sources[i]) << i;
    }
    if (late != 0) {
        from = first_open(replica, fetch, source, late); /* */
    }
    uint32_t end = from;
    while (end - from < source->ahead && is_open(replica, fetch, source, end, late)) {
        end++;
    }
    if (end == from || !ask(replica, turn, fetch, source, from, end - 1)) {
        return false;
    }
    source->next = from;
    source->end = end;
    return true;
}

/* the list first, of one source; of another one when that is late. */
static bool ask_list(struct toc_replica *replica, const struct toc_turn *turn,
                     struct toc_fetch *fetch, struct toc_fetch_source *source)
{
    for (size_t i = 0; i < TOC_FETCH_SOURCES_MAX; i++) {
        const struct toc_fetch_source *other = &fetch->sources[i];
        if (other->link != 0 && other->list && !is_late(replica, turn, other)) {
            return false;
        }
    }
    source->list = ask(replica, turn, fetch, source, TOC_CHUNK_LIST, TOC_CHUNK_LIST);
    return source->list;
}

/* Asks a source on; one that there is nothing to ask of leaves its place. */
static bool ask_on(struct toc_replica *replica, const struct toc_turn *turn,
                   struct toc_fetch *fetch, struct toc_fetch_source *source)
{
    bool listed = fetch->list != NULL || fetch->chunk_count == 1;
    bool asked = asks(source) || (listed ? ask_pieces(replica, turn, fetch, source)
                                         : ask_list(replica, turn, fetch, source));
    if (!asked) {
        source->link = 0;
    }
    return asked;
}

static bool add_source(struct toc_replica *replica, const struct toc_turn *turn,
                       struct toc_fetch *fetch)
{
    struct toc_fetch_source *source = source_of(fetch, 0);
    struct toc_link *link = source == NULL ? NULL : find_holder(replica, fetch);
    if (link == NULL) {
        return false;
    }
    *source = (struct toc_fetch_source){.link = link->id, .ahead = TOC_FETCH_CHUNKS_FIRST};
    return ask_on(replica, turn, fetch, source);
}

/* Pieces that nobody is asked for. */
static uint32_t count_open(struct toc_replica *replica, const struct toc_fetch *fetch)
{
    uint32_t count = 0;
    for (uint32_t piece = 0; piece < fetch->chunk_count; piece++) {
        count += is_open(replica, fetch, NULL, piece, 0);
    }
    return count;
}

/* one source is enough for little, unless it is late. */
static bool is_wide(struct toc_replica *replica, const struct toc_turn *turn,
                    const struct toc_fetch *fetch)
{
    size_t sources = count_sources(fetch);
    uint32_t open = count_open(replica, fetch);
    bool much = fetch->list != NULL && open >= TOC_FETCH_CHUNKS;
    return sources == TOC_FETCH_SOURCES_MAX || (sources == 0 && open == 0) ||
           (sources > 0 && !much && !any_late(replica, turn, fetch));
}

static void widen(struct toc_replica *replica, const struct toc_turn *turn, struct toc_fetch *fetch)
{
    while (!is_wide(replica, turn, fetch) && add_source(replica, turn, fetch)) {
    }
}

/* Nobody is asked, and not all that was lacking is on its way to the store. */
static bool is_stuck(struct toc_replica *replica, const struct toc_fetch *fetch)
{
    return count_sources(fetch) == 0 && count_open(replica, fetch) > 0;
}

static void end_fetch(struct toc_replica *replica, struct toc_fetch *fetch)
{
    toc_buffer_drop(&replica->links->buffers, fetch->list);
    missing_of(replica, fetch)->fetching = false;
    fetch->used = false;
}

/* It has brought nothing for a while: once for each time counts as unmet. */
static void blame(struct toc_fetch_source *source, struct toc_link *link)
{
    link->unmet += !source->blamed;
    source->blamed = true;
}

/* is this source of no use? One that dawdles stays while there is no other. */
static bool is_lost(struct toc_replica *replica, const struct toc_turn *turn,
                    struct toc_fetch *fetch, struct toc_fetch_source *source)
{
    struct toc_link *link = toc_links_find(replica->links, source->link);
    if (link == NULL) {
        return true;
    }
    if (is_late(replica, turn, source)) {
        replica->fetch_shares[link->place] = TOC_FETCHES_LINK_MIN;
    }
    uint64_t silent = turn->now.ms - source->progress.ms;
    bool still = turn->now.ms - link->progress.ms >= TOC_WANT_MS_MAX;
    if (!asks(source) || silent < (still ? TOC_WANT_MS_MAX : TOC_FETCH_MS)) {
        return false;
    }
    blame(source, link);
    if (!still && count_sources(fetch) == 1 && find_holder(replica, fetch) == NULL) {
        return false;
    }
    fetch->without |= bit_of(link);
    return true;
}

/* nothing has come for so long that another payload has its turn. */
static bool gives_way(const struct toc_turn *turn, const struct toc_fetch *fetch,
                      const struct toc_missing *missing)
{
    return turn->now.ms - fetch->progress.ms >=
           (missing->patient ? TOC_FETCH_MS_MAX : TOC_FETCH_MS);
}

static void tend(struct toc_replica *replica, const struct toc_turn *turn, struct toc_fetch *fetch,
                 bool others_wait)
{
    struct toc_missing *missing = missing_of(replica, fetch);
    for (size_t i = 0; i < TOC_FETCH_SOURCES_MAX; i++) {
        struct toc_fetch_source *source = &fetch->sources[i];
        if (source->link != 0 && is_lost(replica, turn, fetch, source)) {
            source->link = 0;
        }
    }
    if (others_wait && gives_way(turn, fetch, missing)) {
        missing->patient = true;
        end_fetch(replica, fetch);
        return;
    }
    widen(replica, turn, fetch);
    if (is_stuck(replica, fetch)) {
        end_fetch(replica, fetch); /* later, of those that failed too */
    }
}

/* It is not being fetched, and not all of it is on its way to the store. */
static bool is_waiting(const struct toc_missing *missing)
{
    return !missing->fetching && !missing->arrived &&
           (!toc_pieces_all(missing, missing->taken) || toc_pieces_all(missing, missing->here));
}

static bool any_waits(const struct toc_replica *replica)
{
    for (uint32_t i = 0; i < replica->missing_count; i++) {
        if (is_waiting(&replica->missing[i])) {
            return true;
        }
    }
    return false;
}

/* How many payloads of this author are being fetched? */
static size_t fetches_of(const struct toc_replica *replica, uint32_t org_place)
{
    size_t count = 0;
    for (size_t i = 0; i < TOC_FETCHES_MAX; i++) {
        const struct toc_fetch *fetch = &replica->fetches[i];
        count += fetch->used &&
                 replica->ledger->logs[replica->missing[fetch->missing].log].org_place == org_place;
    }
    return count;
}

static struct toc_fetch *free_fetch(struct toc_replica *replica)
{
    for (size_t i = 0; i < TOC_FETCHES_MAX; i++) {
        if (!replica->fetches[i].used) {
            return &replica->fetches[i];
        }
    }
    return NULL;
}

/* False: nobody can be asked now. */
static bool begin(struct toc_replica *replica, const struct toc_turn *turn, uint32_t index,
                  struct toc_fetch *fetch)
{
    struct toc_missing *missing = &replica->missing[index];
    *fetch = (struct toc_fetch){.missing = index,
                                .number = replica->fetch_number + 1,
                                .chunk_count = (uint32_t)toc_chunk_count(missing->payload_bytes),
                                .progress = turn->now};
    fetch->used = missing->fetching = add_source(replica, turn, fetch);
    replica->fetch_number += fetch->used;
    return fetch->used;
}

void toc_replica_fetch(struct toc_replica *replica, struct toc_turn *turn)
{
    bool others_wait = any_waits(replica);
    for (size_t i = 0; i < TOC_FETCHES_MAX; i++) {
        if (replica->fetches[i].used) {
            tend(replica, turn, &replica->fetches[i], others_wait);
        }
    }
    /* From the row after the one that was begun last, so that each has its turn. */
    struct toc_fetch *fetch = free_fetch(replica);
    uint32_t last = replica->fetch_cursor, count = replica->missing_count;
    for (uint32_t i = 1; i <= count && fetch != NULL && toc_turn_room(turn, 1); i++) {
        uint32_t at = (last + i) % count;
        struct toc_missing *missing = &replica->missing[at];
        uint32_t org = replica->ledger->logs[missing->log].org_place;
        if (!is_waiting(missing)) {
            continue;
        }
        if (toc_pieces_all(missing, missing->here)) {
            toc_replica_arrived(replica, turn, at); /* all of it, before this node started */
        } else if (fetches_of(replica, org) < TOC_FETCHES_ORG_MAX &&
                   begin(replica, turn, at, fetch)) {
            replica->fetch_cursor = at;
            fetch = free_fetch(replica);
        }
    }
}

void toc_fetch_greet(struct toc_replica *replica, const struct toc_link *link)
{
    replica->fetch_shares[link->place] = TOC_FETCHES_LINK_MIN;
    for (size_t i = 0; i < TOC_FETCHES_MAX; i++) {
        replica->fetches[i].without &= ~bit_of(link);
    }
}

struct toc_fetch *toc_fetch_find(struct toc_replica *replica, const struct toc_link *link,
                                 const uint8_t log[static TOC_ID_BYTES], uint64_t seq,
                                 struct toc_fetch_source **source)
{
    uint32_t place = toc_ledger_find_log(replica->ledger, log);
    for (size_t i = 0; i < TOC_FETCHES_MAX; i++) {
        struct toc_fetch *fetch = &replica->fetches[i];
        if (fetch->used && missing_of(replica, fetch)->log == place &&
            missing_of(replica, fetch)->seq == seq) {
            *source = source_of(fetch, link->id);
            return *source != NULL || (fetch->without & bit_of(link)) != 0 ? fetch : NULL;
        }
    }
    return NULL;
}

void toc_fetch_listed(struct toc_replica *replica, struct toc_turn *turn, struct toc_fetch *fetch)
{
    fetch->progress = turn->now;
    for (size_t i = 0; i < TOC_FETCH_SOURCES_MAX; i++) {
        struct toc_fetch_source *source = &fetch->sources[i];
        source->list = false;
        if (source->link != 0) {
            ask_on(replica, turn, fetch, source);
        }
    }
    widen(replica, turn, fetch);
}

/* A source that is quick is asked for more at once; what a slow one was asked for in vain is
 * little. */
static void pace(struct toc_fetch_source *source, uint64_t took_ms)
{
    if (took_ms < TOC_FETCH_QUICK_MS && source->ahead < TOC_FETCH_CHUNKS) {
        source->ahead = (uint8_t)(source->ahead * 2);
    } else if (took_ms > TOC_FETCH_SLOW_MS && source->ahead > 1) {
        source->ahead = source->ahead / 2;
    }
}

void toc_fetch_came(struct toc_replica *replica, struct toc_turn *turn, struct toc_fetch *fetch,
                    struct toc_fetch_source *source, bool is_new)
{
    const struct toc_link *link = toc_links_find(replica->links, source->link);
    source->next++;
    source->progress = turn->now;
    source->blamed = false;
    if (is_new && link != NULL) {
        uint8_t *share = &replica->fetch_shares[link->place];
        *share = (uint8_t)(*share + (*share < TOC_FETCHES_LINK_MAX));
        fetch->progress = turn->now;
        missing_of(replica, fetch)->patient = false;
    }
    if (source->next == source->end) {
        pace(source, turn->now.ms - source->asked_at.ms);
        ask_on(replica, turn, fetch, source);
    }
}

void toc_fetch_without(struct toc_replica *replica, struct toc_turn *turn, struct toc_fetch *fetch,
                       struct toc_fetch_source *source)
{
    const struct toc_link *link = toc_links_find(replica->links, source->link);
    fetch->without |= link == NULL ? 0 : bit_of(link);
    source->link = 0;
    widen(replica, turn, fetch);
    if (is_stuck(replica, fetch)) {
        end_fetch(replica, fetch);
    }
}

static struct toc_fetch *fetch_of(struct toc_replica *replica, uint32_t missing)
{
    for (size_t i = 0; i < TOC_FETCHES_MAX; i++) {
        if (replica->fetches[i].used && replica->fetches[i].missing == missing) {
            return &replica->fetches[i];
        }
    }
    return NULL;
}

void toc_fetch_end(struct toc_replica *replica, const struct toc_turn *turn, uint32_t missing)
{
    struct toc_fetch *fetch = fetch_of(replica, missing);
    if (fetch != NULL) {
        end_fetch(replica, fetch);
        toc_replica_wake(replica, turn->now.ms); /* the next one has its turn */
    }
}

void toc_fetch_moved(struct toc_replica *replica, uint32_t from, uint32_t to)
{
    struct toc_fetch *fetch = fetch_of(replica, from);
    if (fetch != NULL) {
        fetch->missing = to;
    }
}
