/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * value: kinds of facts and the one canonical form of each, so that two spellings of a value meet
 * under one key. Pure functions over bytes that may come from anybody; nothing here can fail in
 * another way than by saying "this is no such value". No I/O, no clock.
 */
#ifndef TOC_VALUE_H
#define TOC_VALUE_H

#include "netname.h"

/* Numbers are part of index keys (after a change of meaning the indexes are rebuilt): append only.
 * Name, text (as on the command line and in JSON), class. */
#define TOC_VALUE_KINDS(X)                                                                         \
    X(NONE, "none", NOTHING)                                                                       \
    X(DOMAIN, "domain", INDICATOR)                                                                 \
    X(IP, "ip", INDICATOR)                                                                         \
    X(CIDR, "cidr", INDICATOR)                                                                     \
    X(URL, "url", INDICATOR)                                                                       \
    X(EMAIL, "email", INDICATOR)                                                                   \
    X(MD5, "md5", INDICATOR)                                                                       \
    X(SHA1, "sha1", INDICATOR)                                                                     \
    X(SHA256, "sha256", INDICATOR)                                                                 \
    X(SHA512, "sha512", INDICATOR)                                                                 \
    X(SSDEEP, "ssdeep", INDICATOR)                                                                 \
    X(TLSH, "tlsh", INDICATOR)                                                                     \
    X(FILENAME, "filename", INDICATOR)                                                             \
    X(PATH, "path", INDICATOR)                                                                     \
    X(MUTEX, "mutex", INDICATOR)                                                                   \
    X(REGISTRY, "registry", INDICATOR)                                                             \
    X(COMMAND, "command", INDICATOR)                                                               \
    X(USER_AGENT, "user-agent", INDICATOR)                                                         \
    X(CERTIFICATE, "certificate", INDICATOR)                                                       \
    X(ASN, "asn", INDICATOR)                                                                       \
    X(MAC, "mac", INDICATOR)                                                                       \
    X(WALLET, "wallet", INDICATOR)                                                                 \
    X(BANK_ACCOUNT, "bank-account", INDICATOR)                                                     \
    X(PHONE, "phone", INDICATOR)                                                                   \
    X(APP_ID, "app-id", INDICATOR)                                                                 \
    X(OTHER, "other", INDICATOR)                                                                   \
    X(ACTOR, "actor", ENTITY)                                                                      \
    X(CAMPAIGN, "campaign", ENTITY)                                                                \
    X(MALWARE, "malware", ENTITY)                                                                  \
    X(TOOL, "tool", ENTITY)                                                                        \
    X(TECHNIQUE, "technique", ENTITY)                                                              \
    X(CVE, "cve", ENTITY)                                                                          \
    X(TARGET, "target", ENTITY)                                                                    \
    X(SECTOR, "sector", ENTITY)                                                                    \
    X(ORIGIN, "origin", ENTITY)                                                                    \
    X(TLP, "tlp", MARKING)                                                                         \
    X(PAP, "pap", MARKING)                                                                         \
    X(REFERENCE, "reference", REMARK)                                                              \
    X(RULE, "rule", REMARK)                                                                        \
    X(TITLE, "title", REMARK)                                                                      \
    X(SUMMARY, "summary", REMARK)                                                                  \
    X(PUBLISHED, "published", REMARK)                                                              \
    X(PRODUCER, "producer", REMARK)                                                                \
    X(RELATION, "relation", REMARK)                                                                \
    X(TAG, "tag", REMARK)                                                                          \
    X(WARNING, "warning", REMARK)

enum toc_value_kind {
#define TOC_VALUE_ENUM(name, text, class) TOC_VALUE_##name,
    TOC_VALUE_KINDS(TOC_VALUE_ENUM)
#undef TOC_VALUE_ENUM
        TOC_VALUE_KIND_COUNT
};

enum toc_value_class {
    TOC_VALUE_CLASS_NOTHING,
    TOC_VALUE_CLASS_INDICATOR, /* a value that can be met in a log */
    TOC_VALUE_CLASS_ENTITY,    /* who, what with, against whom */
    TOC_VALUE_CLASS_MARKING,
    TOC_VALUE_CLASS_REMARK, /* shown, never asked for by value */
};

/* Longest value as written, bytes. Reason: the longest URLs, command lines and PEM-like values of
 * real reports are a few KiB; longer ones are cut by the reader with a warning. */
#define TOC_VALUE_WRITTEN_BYTES_MAX 4096u
/* Longest canonical form, bytes: IDN and percent encoding make a value at most three times longer.
 */
#define TOC_CANONICAL_BYTES_MAX (3u * TOC_VALUE_WRITTEN_BYTES_MAX)
/* Longest key of toc_value_key, bytes; leaves room for a suffix under LMDB's 511. */
#define TOC_VALUE_KEY_BYTES_MAX 288u

/* A canonical value in memory of the caller. */
struct toc_value {
    enum toc_value_kind kind;
    uint16_t port;   /* of an address, domain or cidr written with one; 0: none */
    bool wildcard;   /* a domain written as *.example.com or .example.com */
    bool defanged;   /* something was undone by toc_refang */
    bool other_kind; /* the value shows another kind than was asked for, and the value won */
    size_t len;
    uint8_t bytes[TOC_CANONICAL_BYTES_MAX];
};

/* Text of a kind, e.g. "sha256". Gives static storage. */
const char *toc_value_kind_name(enum toc_value_kind kind);
enum toc_value_class toc_value_class(enum toc_value_kind kind);
/* The kind of a name or a common synonym in any letter case ("hostname", "ip-dst", "SHA-256",
 * "btc"); TOC_VALUE_NONE for a name of several kinds ("hash", "file", "c2"), where the value shows
 * which; TOC_VALUE_OTHER for a name that is none. Pure. */
enum toc_value_kind toc_value_kind_find(struct toc_span name);
/* The lower-case letters, digits and "|" of a name, terminated: "IP-Dst | Port" gives "ipdst|port".
 * Gives the length; 0 when there are none or they do not fit. */
size_t toc_value_squeeze(struct toc_span name, char *out, size_t room);

/* Undoes defanging ("hxxp", "[.]", "(.)", "[dot]", "[:]", "[://]", "[at]", ...) and trims blanks.
 * Gives the number of bytes written to `out` (never more than text.len). `*changed` (may be NULL)
 * says whether something other than blanks was undone. `out` may be text's own bytes. */
size_t toc_refang(struct toc_span text, uint8_t *out, bool *changed);

/* The canonical form of `text`, taken as a value of `kind`: refanged first; where the text
 * plainly is of another kind (a hash in a domain column, a CIDR given as address, a URL as domain)
 * the value's own kind wins and other_kind is set.
 * Gives *value. Fails: SYNTAX (no such value), LIMIT (longer than TOC_VALUE_WRITTEN_BYTES_MAX);
 * value->kind is then NONE. */
TOC_MUST_USE struct toc_err toc_value_make(struct toc_value *value, enum toc_value_kind kind,
                                           struct toc_span text);
/* The same for a typed value of unknown kind (`lookup`, free text): addresses, networks, URLs,
 * e-mail addresses, hashes, CVE ids, domains, techniques, ASNs, MACs, paths, file names, in that
 * order of certainty; anything else is OTHER, kept as given. A network may be written
 * 185.220.101.0/24, all names below a domain *.example.com.
 * Fails: SYNTAX (empty), LIMIT. */
TOC_MUST_USE struct toc_err toc_value_guess(struct toc_value *value, struct toc_span text);

/* Index key: kind byte, then the canonical bytes; a value longer than 256 bytes as its first 224
 * bytes and the BLAKE2b-256 of the whole. IP and CIDR share the kind byte of IP, so that the keys
 * of addresses and networks sort by address. Gives the length. */
size_t toc_value_key(enum toc_value_kind kind, struct toc_span canonical,
                     uint8_t out[static TOC_VALUE_KEY_BYTES_MAX]);
/* The host of a canonical URL or e-mail address as a value of its own (domain or ip).
 * Fails: ABSENT when there is none. */
TOC_MUST_USE struct toc_err toc_value_host(struct toc_value *host, enum toc_value_kind kind,
                                           struct toc_span canonical);
/* Longest text of toc_value_text for kinds with binary canonical forms, with the final NUL. */
#define TOC_VALUE_TEXT_BYTES_MAX 192u
/* Canonical bytes as text: addresses without /32 and /128, hashes as lower-case hex, AS numbers,
 * MACs; every other kind is its own text and is copied, cut at `room` bytes with the final NUL.
 * Gives the length without the NUL. */
size_t toc_value_text(enum toc_value_kind kind, struct toc_span canonical, char *out, size_t room);

/* ISO 3166 alpha-2 code (two upper-case letters and NUL) of a code (alpha-2, alpha-3) or English
 * name in any letter case; NULL when unknown. Gives static storage. */
const char *toc_country_find(struct toc_span text);
/* English name of an alpha-2 code in upper case; NULL when unknown. Gives static storage. */
const char *toc_country_name(struct toc_span code);

#endif
