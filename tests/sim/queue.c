/* SPDX-License-Identifier: EUPL-1.2 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

/* Noise (xoshiro256**, Blackman and Vigna 2018), the queue of events, maps. */

static uint64_t turn_left(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static uint64_t next(struct sim *sim)
{
    uint64_t *s = sim->random, result = turn_left(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = turn_left(s[3], 45);
    return result;
}

void sim_seed(struct sim *sim, uint64_t seed)
{
    for (size_t i = 0; i < 4; i++) { /* splitmix64 */
        seed += UINT64_C(0x9e3779b97f4a7c15);
        uint64_t z = (seed ^ seed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        sim->random[i] = z ^ z >> 31;
    }
}

uint64_t sim_below(struct sim *sim, uint64_t below)
{
    return next(sim) % below;
}

uint64_t sim_noise(struct sim *sim, uint64_t below)
{
    return sim->options.even ? below / 2 : sim_below(sim, below);
}

double sim_chance(struct sim *sim)
{
    return (double)(next(sim) >> 11) / 9007199254740992.0;
}

void sim_entropy(struct sim *sim, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i += 8) {
        uint64_t word = next(sim);
        memcpy(out + i, &word, len - i < 8 ? len - i : 8);
    }
}

static bool before(const struct sim_due *a, const struct sim_due *b)
{
    return a->at_us < b->at_us || (a->at_us == b->at_us && a->number < b->number);
}

/* Places that are free stand in the heap's array behind those that are due. */
static void grow(struct sim *sim)
{
    sim->event_max = sim->event_max == 0 ? 1024 : sim->event_max * 2;
    sim->events = realloc(sim->events, sim->event_max * sizeof *sim->events);
    sim->dues = realloc(sim->dues, sim->event_max * sizeof *sim->dues);
    TOC_ASSERT(sim->events != NULL && sim->dues != NULL);
    for (size_t i = sim->event_count; i < sim->event_max; i++) {
        sim->dues[i].place = i;
    }
}

void sim_later(struct sim *sim, struct sim_event event, uint64_t delay_us)
{
    if (sim->event_count == sim->event_max) {
        grow(sim);
    }
    size_t at = sim->event_count++;
    struct sim_due due = {sim->now_us + delay_us, ++sim->number, sim->dues[at].place};
    sim->events[due.place] = event;
    for (; at > 0 && before(&due, &sim->dues[(at - 1) / 2]); at = (at - 1) / 2) {
        sim->dues[at] = sim->dues[(at - 1) / 2];
    }
    sim->dues[at] = due;
}

void sim_call(struct sim *sim, uint64_t delay_us,
              void (*call)(struct sim *sim, uint32_t a, uint64_t b), uint32_t a, uint64_t b)
{
    sim_later(sim, (struct sim_event){.kind = SIM_CALL, .node = a, .id = b, .call = call},
              delay_us);
}

struct sim_event sim_pop(struct sim *sim)
{
    struct sim_due first = sim->dues[0], last = sim->dues[--sim->event_count];
    size_t at = 0;
    for (size_t below; (below = 2 * at + 1) < sim->event_count; at = below) {
        if (below + 1 < sim->event_count && before(&sim->dues[below + 1], &sim->dues[below])) {
            below++;
        }
        if (!before(&sim->dues[below], &last)) {
            break;
        }
        sim->dues[at] = sim->dues[below];
    }
    sim->dues[at] = last;
    sim->dues[sim->event_count].place = first.place;
    sim->now_us = first.at_us;
    return sim->events[first.place];
}

uint64_t sim_hash(struct toc_span key, uint64_t seed)
{
    uint64_t hash = seed ^ key.len * UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = 0; i < key.len; i += 8) {
        uint64_t word = 0;
        memcpy(&word, key.at + i, key.len - i < 8 ? key.len - i : 8);
        hash = (hash ^ word) * UINT64_C(0xd6e8feb86659fd93);
        hash ^= hash >> 32;
    }
    hash = (hash ^ hash >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    return hash ^ hash >> 32;
}

static struct sim_slot *slot_of(const struct sim_map *map, uint64_t hash)
{
    size_t at = hash & (map->size - 1);
    while (map->slots[at].place != 0 && map->slots[at].hash != hash) {
        at = (at + 1) & (map->size - 1);
    }
    return &map->slots[at];
}

uint32_t sim_map_find(const struct sim_map *map, struct toc_span key)
{
    if (map->size == 0) {
        return SIM_NONE;
    }
    return slot_of(map, sim_hash(key, 1))->place - 1; /* 0 - 1 is SIM_NONE */
}

void sim_map_add(struct sim_map *map, struct toc_span key, uint32_t place)
{
    if (map->count * 2 >= map->size) {
        struct sim_map larger = {.size = map->size == 0 ? 64 : map->size * 2, .count = map->count};
        larger.slots = calloc(larger.size, sizeof *larger.slots);
        TOC_ASSERT(larger.slots != NULL);
        for (size_t i = 0; i < map->size; i++) {
            if (map->slots[i].place != 0) {
                *slot_of(&larger, map->slots[i].hash) = map->slots[i];
            }
        }
        free(map->slots);
        *map = larger;
    }
    uint64_t hash = sim_hash(key, 1);
    *slot_of(map, hash) = (struct sim_slot){hash, place + 1};
    map->count++;
}
