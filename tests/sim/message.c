/* SPDX-License-Identifier: EUPL-1.2 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

/*
 * What nodes say, before it is encrypted. Every message of a core is queued by one of two functions
 * of proto/peer; this program alone wraps them (-Wl,--wrap), to look for what must not leave, to
 * count, and to let liars say something else than their cores wanted: a member with valid keys and
 * working code that lies about entries.
 */

extern __typeof__(toc_peer_queue) __real_toc_peer_queue, __wrap_toc_peer_queue;
extern __typeof__(toc_peer_send) __real_toc_peer_send, __wrap_toc_peer_send;

/* Around a beacon in one frame. */
#define FRAME_BYTES (2u + TOC_FRAME_HEAD_BYTES + TOC_NOISE_TAG_BYTES)
#define GREEDY_WANTS 16u
#define CHATTER_PINGS 24u

static struct sim *world;
static struct sim_node *speaker;

void sim_message_of(struct sim *sim, struct sim_node *node)
{
    world = sim;
    speaker = node;
}

static uint32_t node_with(const uint8_t *link_key)
{
    return sim_map_find(&world->key_map, toc_span(link_key, TOC_KEY_BYTES));
}

static bool carries_entries(uint8_t type)
{
    return type == TOC_MSG_ENTRY || type == TOC_MSG_RANGE || type == TOC_MSG_CHUNK;
}

/* Of a log that the speaker writes itself? */
static bool is_own(uint8_t type, struct toc_span body)
{
    size_t at = type == TOC_MSG_CHUNK ? 0 : 1;
    uint32_t name = body.len < at + TOC_ID_BYTES ? SIM_NONE : sim_name_find(world, body.at + at);
    return name != SIM_NONE && world->names[name].author == speaker->index;
}

/* Does a liar keep this to himself? */
static bool is_dropped(uint8_t type, struct toc_span body)
{
    if (world->options.broken == SIM_BREAK_ALL_WITHHOLD) {
        return carries_entries(type) && !is_own(type, body);
    }
    switch (speaker->liar) {
    case SIM_WITHHOLDS:
        return carries_entries(type) && !is_own(type, body);
    case SIM_MUTE:
        return carries_entries(type) || type == TOC_MSG_VROW || type == TOC_MSG_WANT ||
               type == TOC_MSG_VTOP;
    case SIM_HONEST:
    case SIM_INFLATES:
    case SIM_GARBLES:
    case SIM_GREEDY:
    default:
        return false;
    }
}

/* Another body in place of this one, or NULL. To be freed. */
static uint8_t *lie(uint8_t type, struct toc_span body)
{
    bool inflates = speaker->liar == SIM_INFLATES && type == TOC_MSG_VROW &&
                    body.len >= TOC_VROW_HEAD_BYTES + TOC_ROW_BYTES;
    bool garbles = speaker->liar == SIM_GARBLES && carries_entries(type) && !is_own(type, body) &&
                   body.len > 100 && sim_below(world, 4) == 0;
    if (!inflates && !garbles) {
        return NULL;
    }
    uint8_t *copy = malloc(body.len);
    TOC_ASSERT(copy != NULL);
    memcpy(copy, body.at, body.len);
    if (inflates) {
        /* It claims a thousand entries more than there are. */
        uint8_t *seq = copy + TOC_VROW_HEAD_BYTES + TOC_ID_BYTES;
        toc_put_le64(seq, toc_le64(seq) + 1000);
    } else {
        copy[body.len - 1 - sim_below(world, 80)] ^= 0x20;
    }
    return copy;
}

/* A control: entries of a small group go to an outsider too. */
static void leak(uint8_t type, struct toc_span body)
{
    uint32_t name = type == TOC_MSG_ENTRY ? sim_name_find(world, body.at + 1) : SIM_NONE;
    if (world->options.broken != SIM_BREAK_LEAK_WIRE || name == SIM_NONE) {
        return;
    }
    for (uint32_t i = 0; i < world->member_count; i++) {
        if (!sim_is_member(world, world->names[name].group, i)) {
            sim_check_message(world, speaker, i, type, body);
        }
    }
}

static const char *const names[] = {
    [TOC_MSG_HELLO] = "HELLO",   [TOC_MSG_TAGS] = "TAGS",   [TOC_MSG_INVITE] = "INVITE",
    [TOC_MSG_CREDIT] = "CREDIT", [TOC_MSG_PING] = "PING",   [TOC_MSG_PONG] = "PONG",
    [TOC_MSG_BYE] = "BYE",       [TOC_MSG_VTOP] = "VTOP",   [TOC_MSG_VBKT] = "VBKT",
    [TOC_MSG_VROW] = "VROW",     [TOC_MSG_HAVE] = "HAVE",   [TOC_MSG_WANT] = "WANT",
    [TOC_MSG_EAGER] = "EAGER",   [TOC_MSG_LAZY] = "LAZY",   [TOC_MSG_ENTRY] = "ENTRY",
    [TOC_MSG_RANGE] = "RANGE",   [TOC_MSG_CHUNK] = "CHUNK", [TOC_MSG_NOPAY] = "NOPAY",
    [TOC_MSG_BEACON] = "BEACON", [TOC_MSG_FORK] = "FORK",   [TOC_MSG_ROSTER] = "ROSTER",
};

/* What a message is about, for a reader. */
static void describe(uint8_t type, struct toc_span body, char out[SIM_TEXT_BYTES])
{
    struct toc_range_info info;
    struct toc_want want;
    char log[SIM_TEXT_BYTES] = "?";
    uint32_t name = SIM_NONE;
    bool is_range = (type == TOC_MSG_ENTRY || type == TOC_MSG_RANGE) &&
                    !toc_failed(toc_range_peek(body, &info));
    bool is_want = type == TOC_MSG_WANT && !toc_failed(toc_want_decode(&want, body));
    out[0] = 0;
    if (is_range || is_want) {
        name = sim_name_find(world, is_range ? info.log : want.log);
    }
    if (name != SIM_NONE) {
        sim_name_text(world, name, log);
    }
    if (is_range) {
        snprintf(out, SIM_TEXT_BYTES, " of %.60s/%llu..%llu", log,
                 (unsigned long long)info.first_seq, (unsigned long long)info.last_seq);
    } else if (is_want) {
        snprintf(out, SIM_TEXT_BYTES, " of %.60s/%llu..%llu, kind %u, seq %llu", log,
                 (unsigned long long)want.from, (unsigned long long)want.to, want.kind,
                 (unsigned long long)want.seq);
    }
}

static void show(uint32_t to, uint8_t type, enum toc_class class, struct toc_span body)
{
    char about[SIM_TEXT_BYTES];
    describe(type, body, about);
    sim_say(world, SIM_SAY_MESSAGE, "%s tells %s: %s%.150s, %zu bytes, class %u", speaker->name,
            world->nodes[to].name,
            type < sizeof names / sizeof *names && names[type] != NULL ? names[type] : "?", about,
            body.len, class);
}

/* Looks at one message. True: say it; else it was dealt with. */
static bool look(struct toc_peer *peer, uint8_t type, enum toc_class class, struct toc_span body)
{
    if (speaker == NULL) {
        return true;
    }
    struct toc_buffers *buffers = &speaker->core->links.buffers;
    uint32_t to = node_with(peer->remote);
    world->messages[type]++;
    world->message_bytes[type] += body.len;
    world->beacon_bytes += type == TOC_MSG_BEACON ? body.len + FRAME_BYTES : 0;
    world->copies += type == TOC_MSG_ENTRY || type == TOC_MSG_RANGE;
    if (to != SIM_NONE && world->member_count <= SIM_SMALL) {
        sim_check_message(world, speaker, to, type, body);
    }
    leak(type, body);
    if (world->options.messages && to != SIM_NONE) {
        show(to, type, class, body);
    }
    if (is_dropped(type, body)) {
        return false;
    }
    size_t more = speaker->liar == SIM_GREEDY && type == TOC_MSG_WANT ? GREEDY_WANTS
                  : world->options.broken == SIM_BREAK_CHATTER && type == TOC_MSG_PING
                      ? CHATTER_PINGS
                      : 0;
    for (size_t i = 0; i < more; i++) {
        __real_toc_peer_send(peer, buffers, type, class, body);
    }
    uint8_t *other = lie(type, body);
    if (other == NULL) {
        return true;
    }
    __real_toc_peer_send(peer, buffers, type, class, toc_span(other, body.len));
    free(other);
    return false;
}

bool __wrap_toc_peer_queue(struct toc_peer *peer, uint8_t type, enum toc_class class,
                           struct toc_buffer *buffer)
{
    if (look(peer, type, class, toc_buffer_bytes(buffer))) {
        return __real_toc_peer_queue(peer, type, class, buffer);
    }
    toc_buffer_drop(&speaker->core->links.buffers, buffer);
    return true;
}

bool __wrap_toc_peer_send(struct toc_peer *peer, struct toc_buffers *buffers, uint8_t type,
                          enum toc_class class, struct toc_span body)
{
    return !look(peer, type, class, body) || __real_toc_peer_send(peer, buffers, type, class, body);
}
