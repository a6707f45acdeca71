/* SPDX-License-Identifier: EUPL-1.2 */
#include "index_internal.h"

#include <string.h>

struct lookup {
    const struct toc_index_read *read;
    unsigned wants;
    bool (*each)(void *arg, const struct toc_index_hit *hit);
    void *arg;
    bool enough; /* the caller wants no more */
};

/* Tells one row, unless it is of those that were not asked for. */
static struct toc_err tell(struct lookup *lookup, const struct scan *scan,
                           enum toc_index_relation relation)
{
    uint8_t value[TOC_VALUE_KEY_BYTES_MAX];
    bool withdrawn;
    struct toc_span value_key = toc_span(scan->key.at, scan->key.len - NUMBER_BYTES);
    if (scan->value.len != 2) {
        return toc_fail(TOC_CORRUPT, "a row of the index does not decode");
    }
    uint32_t flags = toc_le16(scan->value.at);
    if ((flags & TOC_INDEX_HOST) != 0 && (lookup->wants & TOC_INDEX_WANT_HOSTS) == 0) {
        return toc_ok();
    }
    uint32_t number = toc_index_number_of(scan->key);
    TOC_TRY(toc_index_is_withdrawn(lookup->read, number, value_key, &withdrawn));
    if (withdrawn && (lookup->wants & TOC_INDEX_WANT_WITHDRAWN) == 0) {
        return toc_ok();
    }
    struct toc_index_hit hit = {.number = number,
                                .kind = (enum toc_value_kind)value_key.at[0],
                                .value = toc_index_value_of(value_key, value),
                                .flags = flags,
                                .relation = relation,
                                .withdrawn = withdrawn};
    if (hit.kind == TOC_VALUE_IP && !toc_address_is_single(hit.value.at)) {
        hit.kind = TOC_VALUE_CIDR;
    }
    lookup->enough = !lookup->each(lookup->arg, &hit);
    return toc_ok();
}

static bool begins_with(struct toc_span key, const uint8_t *prefix, size_t len)
{
    return key.len >= len && memcmp(key.at, prefix, len) == 0;
}

/* All rows of exactly one value. */
static struct toc_err find_same(struct lookup *lookup, struct scan *scan,
                                const struct value_key *key, enum toc_index_relation relation)
{
    struct toc_err err = toc_scan_seek(scan, toc_span(key->bytes, key->len));
    while (!toc_failed(err) && !lookup->enough && scan->key.len == key->len + NUMBER_BYTES &&
           begins_with(scan->key, key->bytes, key->len)) {
        TOC_TRY(tell(lookup, scan, relation));
        err = toc_scan_next(scan);
    }
    return err.code == TOC_ABSENT ? toc_ok() : err;
}

/* Parents of at least two labels, the nearest first. `key` ends with a dot and 00. */
static struct toc_err find_parents(struct lookup *lookup, struct scan *scan,
                                   const struct value_key *key)
{
    struct value_key parent = *key;
    for (size_t end = key->len - 2; end > 2 && !lookup->enough; end--) {
        if (key->bytes[end - 1] != '.' || memchr(key->bytes + 1, '.', end - 2) == NULL) {
            continue;
        }
        parent.bytes[end] = 0;
        parent.len = end + 1;
        TOC_TRY(find_same(lookup, scan, &parent, TOC_INDEX_ABOVE));
    }
    return toc_ok();
}

static struct toc_err find_names_below(struct lookup *lookup, struct scan *scan,
                                       const struct value_key *key)
{
    struct value_key from = *key;
    from.bytes[key->len - 1] = 1; /* after the name itself, whose key goes on with 00 */
    struct toc_err err = toc_scan_seek(scan, toc_span(from.bytes, from.len));
    while (!toc_failed(err) && !lookup->enough && scan->key.len > key->len + NUMBER_BYTES &&
           begins_with(scan->key, key->bytes, key->len - 1)) {
        TOC_TRY(tell(lookup, scan, TOC_INDEX_BELOW));
        err = toc_scan_next(scan);
    }
    return err.code == TOC_ABSENT ? toc_ok() : err;
}

static bool has_prefix(const struct toc_index *index, unsigned length)
{
    unsigned bits = index->prefixes.bits[length / 8] | index->hidden_prefixes.bits[length / 8];
    return (bits >> length % 8 & 1u) != 0;
}

/* Clears the host bits of an address key and sets its prefix length. */
static void cut_address(struct value_key *key, unsigned length)
{
    uint8_t *address = key->bytes + 1;
    for (unsigned bit = length; bit < 128; bit++) {
        address[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
    }
    address[16] = (uint8_t)length;
}

static struct toc_err find_networks_around(struct lookup *lookup, struct scan *scan,
                                           const struct value_key *key)
{
    struct value_key around = *key;
    for (unsigned length = key->bytes[17]; length-- > 0 && !lookup->enough;) {
        if (has_prefix(lookup->read->index, length)) {
            cut_address(&around, length);
            TOC_TRY(find_same(lookup, scan, &around, TOC_INDEX_ABOVE));
        }
    }
    return toc_ok();
}

static struct toc_err find_addresses_inside(struct lookup *lookup, struct scan *scan,
                                            const struct value_key *key)
{
    uint8_t first[16];
    uint8_t last[16];
    struct value_key from = *key;
    toc_address_range(key->bytes + 1, first, last);
    memcpy(from.bytes + 1, first, sizeof first);
    from.bytes[17] = 0;
    struct toc_err err = toc_scan_seek(scan, toc_span(from.bytes, from.len));
    while (!toc_failed(err) && !lookup->enough && scan->key.len == key->len + NUMBER_BYTES &&
           scan->key.at[0] == key->bytes[0] && memcmp(scan->key.at + 1, last, sizeof last) <= 0) {
        if (scan->key.at[17] > key->bytes[17]) {
            TOC_TRY(tell(lookup, scan, TOC_INDEX_BELOW));
        }
        err = toc_scan_next(scan);
    }
    return err.code == TOC_ABSENT ? toc_ok() : err;
}

static struct toc_err find(struct lookup *lookup, struct scan *scan, const struct value_key *key)
{
    bool is_domain = key->bytes[0] == TOC_VALUE_DOMAIN && key->len > 3 && key->bytes[1] != 0 &&
                     key->bytes[key->len - 2] == '.';
    bool is_address = key->bytes[0] == TOC_VALUE_IP;
    if ((lookup->wants & TOC_INDEX_WANT_SAME) != 0) {
        TOC_TRY(find_same(lookup, scan, key, TOC_INDEX_SAME));
    }
    if ((lookup->wants & TOC_INDEX_WANT_ABOVE) != 0 && !lookup->enough) {
        TOC_TRY(is_domain    ? find_parents(lookup, scan, key)
                : is_address ? find_networks_around(lookup, scan, key)
                             : toc_ok());
    }
    if ((lookup->wants & TOC_INDEX_WANT_BELOW) != 0 && !lookup->enough) {
        TOC_TRY(is_domain    ? find_names_below(lookup, scan, key)
                : is_address ? find_addresses_inside(lookup, scan, key)
                             : toc_ok());
    }
    return toc_ok();
}

struct toc_err toc_index_lookup(const struct toc_index_read *read, enum toc_value_kind kind,
                                struct toc_span canonical, unsigned wants,
                                bool (*each)(void *arg, const struct toc_index_hit *hit), void *arg)
{
    struct lookup lookup = {.read = read, .wants = wants, .each = each, .arg = arg};
    struct value_key key;
    struct scan scan;
    if (!toc_index_value_key(&key, kind, canonical)) {
        return toc_ok();
    }
    struct toc_err err = toc_scan_open(&scan, read, TOC_DB_INDEX_VALUE);
    if (!toc_failed(err)) {
        err = find(&lookup, &scan, &key);
    }
    toc_scan_close(&scan);
    return err;
}
