/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * scene: many nodes of as many organisations, and who is linked with whom. Header only.
 */
#ifndef TOC_TEST_LINKS_SCENE_H
#define TOC_TEST_LINKS_SCENE_H

#include "world.h"

#define NODES 40u
#define DEGREE_MAX 16u

static struct world world;

static inline void begin(size_t nodes, uint64_t seed)
{
    world_init(&world, nodes, seed);
    world.link_max = 64;
}

static inline void start_all(void)
{
    for (size_t i = 0; i < world.node_count; i++) {
        world_start(&world, i);
    }
}

static inline struct toc_links *links_of(size_t node)
{
    return &world.nodes[node].core->links;
}

static inline struct toc_link *link_between(size_t a, size_t b)
{
    return !world.nodes[a].up ? NULL
                              : toc_links_to(links_of(a), world.nodes[b].node_keys.link_public);
}

static inline size_t degree(size_t node)
{
    size_t count = 0;
    for (size_t i = 0; i < world.node_count; i++) {
        count += i != node && world.nodes[i].up && link_between(node, i) != NULL;
    }
    return count;
}

/* Links that the node has dialled because of the secret ranking. */
static inline size_t base_of(size_t node, bool (*counts)(size_t other))
{
    size_t count = 0;
    for (size_t i = 0; i < world.node_count; i++) {
        const struct toc_link *link = i == node ? NULL : link_between(node, i);
        bool base = link != NULL && link->dialled && link->why != TOC_WHY_GROUP &&
                    link->why != TOC_WHY_VISIT;
        count += base && (counts == NULL || counts(i));
    }
    return count;
}

/* How many of the nodes that are up and `counts` can be reached from the first of them. */
static inline size_t reached(bool (*counts)(size_t node))
{
    size_t queue[WORLD_NODES_MAX], first = 0, count = 0;
    bool seen[WORLD_NODES_MAX] = {false};
    for (size_t i = 0; i < world.node_count && count == 0; i++) {
        if (world.nodes[i].up && counts(i)) {
            queue[count++] = i;
            seen[i] = true;
        }
    }
    while (first < count) {
        size_t at = queue[first++];
        for (size_t i = 0; i < world.node_count; i++) {
            if (!seen[i] && world.nodes[i].up && counts(i) && link_between(at, i) != NULL) {
                seen[i] = true;
                queue[count++] = i;
            }
        }
    }
    return count;
}

static inline bool everybody(size_t node)
{
    return world.nodes[node].up;
}

static inline size_t changes(void)
{
    size_t count = 0;
    for (size_t i = 0; i < world.node_count; i++) {
        count +=
            world.nodes[i].notices[TOC_NOTICE_LINK] + world.nodes[i].notices[TOC_NOTICE_LINK_GONE];
    }
    return count;
}

static inline void print_degrees(const char *what)
{
    size_t lowest = SIZE_MAX, highest = 0, sum = 0, up = 0;
    for (size_t i = 0; i < world.node_count; i++) {
        if (world.nodes[i].up) {
            size_t count = degree(i);
            lowest = count < lowest ? count : lowest;
            highest = count > highest ? count : highest;
            sum += count;
            up++;
        }
    }
    print_message("%s: links %zu to %zu, mean %.1f, %zu changes\n", what, lowest, highest,
                  (double)sum / (double)up, changes());
}

#endif
