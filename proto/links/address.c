/* SPDX-License-Identifier: EUPL-1.2 */
#include "links_internal.h"

#include <string.h>

/* The addresses that certificates name: connections from there have rows and places of their own.
 * They are kept as a set of bits under a secret hash, so that a flood costs one look each. */

#define IPV6_GROUPS 8u

/* A decimal of up to three digits; -1 when there is none. */
static int read_decimal(const char **at)
{
    int value = 0, digits = 0;
    for (; **at >= '0' && **at <= '9' && digits < 3; (*at)++, digits++) {
        value = 10 * value + (**at - '0');
    }
    return digits == 0 || value > 255 ? -1 : value;
}

static bool parse_v4(const char *text, uint8_t out[static 16])
{
    memset(out, 0, 16);
    out[10] = out[11] = 0xff;
    for (size_t i = 0; i < 4; i++) {
        int value = read_decimal(&text);
        if (value < 0 || *text != (i < 3 ? '.' : ':')) {
            return false;
        }
        out[12 + i] = (uint8_t)value;
        text++;
    }
    return true;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Groups up to "::", "]" or something else; gives how many there are, and moves on. */
static size_t read_groups(const char **at, uint16_t groups[static IPV6_GROUPS])
{
    size_t count = 0;
    while (count < IPV6_GROUPS && hex_digit(**at) >= 0) {
        uint32_t value = 0;
        for (size_t digits = 0; digits < 4 && hex_digit(**at) >= 0; digits++, (*at)++) {
            value = value << 4 | (uint32_t)hex_digit(**at);
        }
        groups[count++] = (uint16_t)value;
        if (**at != ':' || (*at)[1] == ':') {
            break;
        }
        (*at)++;
    }
    return count;
}

static bool parse_v6(const char *text, uint8_t out[static 16])
{
    uint16_t head[IPV6_GROUPS], tail[IPV6_GROUPS];
    size_t behind = 0, before = read_groups(&text, head);
    bool gap = text[0] == ':' && text[1] == ':';
    if (gap) {
        text += 2;
        behind = read_groups(&text, tail);
    }
    if (*text != ']' || before + behind > IPV6_GROUPS - gap || (!gap && before < IPV6_GROUPS)) {
        return false;
    }
    memset(out, 0, 16);
    for (size_t i = 0; i < before; i++) {
        toc_put_be16(out + 2 * i, head[i]);
    }
    for (size_t i = 0; i < behind; i++) {
        toc_put_be16(out + 16 - 2 * (behind - i), tail[i]);
    }
    return true;
}

bool toc_links_parse_address(const char *text, uint8_t out[static 16])
{
    return text[0] == '[' ? parse_v6(text + 1, out) : parse_v4(text, out);
}

static uint32_t bit_of(const struct toc_links *links, const uint8_t source[static 16])
{
    uint64_t z = (toc_le64(source) ^ links->rank_seed) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 29 ^ toc_le64(source + 8)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(z >> 32) % TOC_CERTIFIED_BITS;
}

void toc_links_certify(struct toc_links *links)
{
    memset(links->certified, 0, TOC_CERTIFIED_BITS / 8);
    for (size_t slot = 0; slot < links->directory->slot_count; slot++) {
        const struct toc_card *card = &links->directory->slots[slot].card;
        for (size_t i = 0; i < card->node_count; i++) {
            for (size_t j = 0; j < card->nodes[i].address_count; j++) {
                uint8_t source[16];
                if (toc_links_parse_address(card->nodes[i].addresses[j], source)) {
                    toc_set_put(links->certified, bit_of(links, source), true);
                }
            }
        }
    }
}

bool toc_links_certified(const struct toc_links *links, const uint8_t source[static 16])
{
    return toc_set_has(links->certified, bit_of(links, source));
}
