/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * card: what an organisation says of itself, signed by its organisation key and numbered; in it,
 * the certificates of its nodes. Source: PROTOCOL.md section 4.
 */
#ifndef TOC_CARD_H
#define TOC_CARD_H

#include "keys.h"
#include "wire.h"

/* Limits in bytes (without terminator) or counts. */
#define TOC_HANDLE_BYTES_MIN 2u
#define TOC_HANDLE_BYTES_MAX 32u    /* typed by people; a DNS label has 63 */
#define TOC_ORG_NAME_BYTES_MAX 256u /* a ministry's full title in four-byte letters */
#define TOC_PHONE_BYTES_MAX 64u     /* E.164 has 15 digits; room for a second number */
#define TOC_MAIL_BYTES_MAX 254u     /* RFC 5321 section 4.5.3.1.3: path of 256 with brackets */
#define TOC_HOURS_BYTES_MAX 128u    /* one line: "24/7", "Mo-Fr 08-18 CET" */
#define TOC_LANGUAGES_MAX 8u
#define TOC_LANGUAGE_BYTES_MAX 35u /* RFC 5646 section 4.4.1: longest recommended tag */
#define TOC_NODES_MAX 8u           /* nodes of an organisation: read replicas of one CERT */
#define TOC_ADDRESSES_MAX 4u       /* of a node: IPv4, IPv6, a name, an inner one */
#define TOC_ADDRESS_BYTES_MAX 128u /* "host:port" */
/* Envelopes. A certificate's fields take 759 bytes at most, the rest is room for fields to come;
 * a card of 8 certificates and full texts stays below one frame (16 KiB). */
#define TOC_CERT_BYTES_MAX 1024u
#define TOC_CARD_BYTES_MAX 12288u

#define TOC_SUITE_X25519 1u                  /* the link's suite 1 */
#define TOC_SUITE_BIT(suite) (1u << (suite)) /* in toc_cert.suites */

enum toc_org_kind { /* encoded; never renumber */
                    TOC_ORG_NATIONAL_CERT = 1,
                    TOC_ORG_SECTOR_CSIRT = 2,
                    TOC_ORG_LAW_ENFORCEMENT = 3,
                    TOC_ORG_MINISTRY = 4,
                    TOC_ORG_INTERNATIONAL = 5,
                    TOC_ORG_CIVIL_SOCIETY = 6,
                    TOC_ORG_OBSERVER = 7,
};

/* "national-cert" and so on; "unknown" for a number that is none. Gives static storage. */
const char *toc_org_kind_name(enum toc_org_kind kind);
/* Fails: SYNTAX (no such kind); *kind unchanged. */
TOC_MUST_USE struct toc_err toc_org_kind_parse(enum toc_org_kind *kind, struct toc_span text);

/* A handle: 2–32 ASCII letters, digits and '-', not `all` in any letter case. Fails: MALFORMED.
 * PROTOCOL.md. */
TOC_MUST_USE struct toc_err toc_handle_check(struct toc_span handle);
/* Equality of handles: ASCII letters compare without case. */
bool toc_handle_equal(struct toc_span a, struct toc_span b);
/* "host:port" with a port of 1..65535; an IPv6 host stands in brackets. Fails: MALFORMED. */
TOC_MUST_USE struct toc_err toc_address_check(struct toc_span address);

/* What the organisation key says of one node. */
struct toc_cert {
    uint8_t org[TOC_ID_BYTES];
    uint16_t number; /* of the node within its organisation */
    uint32_t incarnation;
    uint64_t serial;
    uint32_t suites;                 /* TOC_SUITE_BIT of each; at least suite 1 */
    uint8_t link_key[TOC_KEY_BYTES]; /* X25519 */
    uint8_t seal_key[TOC_KEY_BYTES]; /* X25519 */
    uint8_t log_key[TOC_KEY_BYTES];  /* Ed25519 */
    size_t address_count;            /* 0: the node dials only */
    char addresses[TOC_ADDRESSES_MAX][TOC_ADDRESS_BYTES_MAX + 1]; /* terminated */
};

/* Fixed size, no pointers: may be copied and kept. Texts are terminated, valid UTF-8 without
 * control characters. */
struct toc_card {
    uint8_t id[TOC_ID_BYTES];       /* H("org", first_key) */
    uint8_t hash[TOC_HASH_BYTES];   /* of the record; set by verify, decode and sign */
    uint8_t org_key[TOC_KEY_BYTES]; /* the organisation key in force */
    uint8_t first_key[TOC_KEY_BYTES];
    uint8_t recovery_key[TOC_KEY_BYTES];
    uint64_t serial;
    enum toc_org_kind kind;
    uint16_t voting_node; /* number of a node in `nodes`; without nodes 0 */
    char handle[TOC_HANDLE_BYTES_MAX + 1];
    char name[TOC_ORG_NAME_BYTES_MAX + 1];
    char country[3]; /* ISO 3166-1 alpha-2, upper case; empty for kind international alone */
    char phone[TOC_PHONE_BYTES_MAX + 1];
    char mail[TOC_MAIL_BYTES_MAX + 1];
    char hours[TOC_HOURS_BYTES_MAX + 1];
    size_t language_count;
    char languages[TOC_LANGUAGES_MAX][TOC_LANGUAGE_BYTES_MAX + 1];
    size_t node_count;
    struct toc_cert nodes[TOC_NODES_MAX]; /* ascending by number */
};

/*
 * Signs `card` and its certificates with the organisation key and writes the envelope. The caller
 * fills everything but id, hash, org_key, and the nodes' org, which are set here from `org` and
 * first_key (zero first_key: this is the first key). Nodes may stand in any order; they are
 * sorted. Fails: MALFORMED (handle, texts, country, voting node, addresses, a key used twice),
 * LIMIT, FULL (out needs at most TOC_CARD_BYTES_MAX). `card` may be changed as said, `envelope`
 * lies in `out`.
 */
TOC_MUST_USE struct toc_err toc_card_sign(struct toc_card *card, const struct toc_sign_keys *org,
                                          struct toc_room out, struct toc_span *envelope);

/*
 * Structure alone, for what was verified before (the own store). Fails: as toc_codec_check;
 * CRITICAL (unknown critical key), MALFORMED (a missing field, handle, texts, nodes not ascending,
 * a key used twice, a certificate of another organisation), LIMIT. `card` is zeroed on failure.
 */
TOC_MUST_USE struct toc_err toc_card_decode(struct toc_card *card, struct toc_span envelope);
/* Decode, and all signatures: of the card and of each certificate, by the card's organisation key.
 * Whether that key is the roster's is toc_directory_apply's question. Fails: as decode; SIGNATURE.
 * `card` is zeroed on failure. Cost: 1 + nodes Ed25519 verifications, about 60 µs each. */
TOC_MUST_USE struct toc_err toc_card_verify(struct toc_card *card, struct toc_span envelope);

/* The node with this number, or NULL. Lends: within `card`. */
const struct toc_cert *toc_card_node(const struct toc_card *card, uint16_t number);

/* One certificate by itself, as it stands in a proof file. Fails: as toc_card_verify. */
TOC_MUST_USE struct toc_err toc_cert_verify(struct toc_cert *cert, struct toc_span envelope,
                                            const uint8_t org_key[static TOC_KEY_BYTES]);

#endif
