/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * bulletin: the model of what a CERT says, its canonical bytes, id and inner signature, and the
 * sharing policy as pure functions. Source: PROTOCOL.md "Bulletins"; TLP 2.0 (FIRST, 2022).
 */
#ifndef TOC_BULLETIN_H
#define TOC_BULLETIN_H

#include "keys.h"
#include "log.h"
#include "wire.h"

/* Limits: count or bytes, why. A bulletin is at most 64 MiB before compression. */
#define TOC_BULLETIN_BYTES_MAX 67108864u
#define TOC_TITLE_BYTES_MAX 512u     /* one line on a terminal, four bytes a character */
#define TOC_SUMMARY_BYTES_MAX 65536u /* a few pages of Markdown */
#define TOC_NAME_BYTES_MAX 256u      /* actors, malware, sectors, techniques, file names */
#define TOC_NAMES_MAX 256u           /* of each list of names */
#define TOC_VALUE_BYTES_MAX 4096u    /* an indicator's value; URLs are the longest */
#define TOC_INDICATORS_MAX 100000u   /* native; larger sets come as documents */
#define TOC_DOCUMENTS_MAX 1024u
#define TOC_RELATIONS_MAX 64u
#define TOC_RELATION_VALUES_MAX 10000u /* ten relations withdraw the largest bulletin singly */
#define TOC_CVES_MAX 4096u
/* What the lists of any bulletin take in an arena: 100,000 indicators of 96 bytes, 64 x 10,000
 * values of 16, and the rest. */
#define TOC_BULLETIN_ARENA_BYTES_MAX 22020096u

/* Encoded; never renumber; others up to 255 decode as they are. */
enum toc_bulletin_kind {
    TOC_BULLETIN_ALERT = 1,
    TOC_BULLETIN_VULNERABILITY,
    TOC_BULLETIN_CAMPAIGN,
    TOC_BULLETIN_INDICATORS,
    TOC_BULLETIN_TAKEDOWN,
    TOC_BULLETIN_ADVISORY,
    TOC_BULLETIN_NOTE,
    TOC_BULLETIN_REQUEST,
    TOC_BULLETIN_VOCABULARY,
    TOC_BULLETIN_FOLLOW_UP,
};

/* Encoded; 0 = not given. */
enum toc_severity {
    TOC_SEVERITY_NONE = 0,
    TOC_SEVERITY_LOW,
    TOC_SEVERITY_MEDIUM,
    TOC_SEVERITY_HIGH,
    TOC_SEVERITY_CRITICAL,
};

/* Permissible actions (MISP taxonomy "PAP"); encoded; none counts as GREEN. */
enum toc_pap { TOC_PAP_NONE = 0, TOC_PAP_CLEAR, TOC_PAP_GREEN, TOC_PAP_AMBER, TOC_PAP_RED };

/* Encoded; never renumber; others up to 255 decode as they are. */
enum toc_relation_kind {
    TOC_RELATION_SUPERSEDES = 1,
    TOC_RELATION_REVOKES,
    TOC_RELATION_CORRECTS,
    TOC_RELATION_SIGHTING_OF,
    TOC_RELATION_FALSE_POSITIVE_OF,
    TOC_RELATION_ACKNOWLEDGES,
    TOC_RELATION_ANSWERS,
    TOC_RELATION_TRANSLATES,
    TOC_RELATION_TAKEDOWN_STATUS_OF,
};

#define TOC_NOT_GIVEN 255u /* of score_tenths and confidence, where 0 says something */

/* Times are UTC ms, at most TOC_UTC_MS_MAX, 0 = not given. Texts are valid UTF-8 and may hold
 * control characters: whoever prints them escapes. Empty spans are not encoded. */
struct toc_indicator {
    struct toc_span kind, value, role, comment;
    uint64_t first_seen_ms, last_seen_ms, valid_until_ms;
    uint8_t confidence; /* 0..100, or TOC_NOT_GIVEN */
};
struct toc_cve {
    struct toc_span id;
    uint8_t score_tenths; /* CVSS x 10, 0..100, or TOC_NOT_GIVEN */
    bool exploited;
};
struct toc_origin {
    struct toc_span country; /* ISO 3166-1 alpha-2 or "unknown" */
    struct toc_span claimed_by;
};
struct toc_document {
    struct toc_span media_type, name, bytes;
};
/* Status of a revocation that also hides the bulletin and purges its payload and indexes. */
#define TOC_STATUS_WRONG_TLP "wrong-tlp"
struct toc_relation {
    enum toc_relation_kind kind;
    uint8_t target[TOC_ID_BYTES];
    const struct toc_span *values; /* single values; none = the whole bulletin */
    size_t value_count;
    struct toc_span status; /* of a takedown; TOC_STATUS_WRONG_TLP of a revocation */
};
struct toc_names {
    const struct toc_span *items;
    size_t count;
};

struct toc_bulletin {
    uint8_t federation[TOC_ID_BYTES];
    uint8_t author[TOC_ID_BYTES]; /* organisation */
    uint8_t nonce[16];
    struct toc_span title, summary, language, reference;
    enum toc_bulletin_kind kind;
    enum toc_severity severity;
    enum toc_tlp tlp;
    enum toc_pap pap;
    char reliability; /* Admiralty 'A'..'F', 0 = not given */
    char credibility; /* '1'..'6', 0 = not given */
    bool exercise;
    struct toc_utc published;
    uint64_t valid_until_ms;
    uint64_t ack_within_ms; /* 0 = no acknowledgement asked for */
    struct toc_names actors, malware, target_countries, target_sectors, motives, techniques,
        ai_misuse, tags;
    const struct toc_origin *origins;
    size_t origin_count;
    const struct toc_cve *cves;
    size_t cve_count;
    const struct toc_indicator *indicators;
    size_t indicator_count;
    const struct toc_document *documents;
    size_t document_count;
    const struct toc_relation *relations;
    size_t relation_count;
};

/* Canonical bytes (msgpack map with ascending integer keys; table in PROTOCOL.md). The same fields
 * give the same bytes. Fails: FULL (out too small), LIMIT, CRITICAL (tlp or pap beyond the known),
 * MALFORMED (a required field missing: federation, author, nonce, kind, title, what names an item
 * of a list; text that is not UTF-8); *canonical is unchanged then. */
TOC_MUST_USE struct toc_err toc_bulletin_encode(const struct toc_bulletin *bulletin,
                                                struct toc_room out, struct toc_span *canonical);
/* An upper bound of toc_bulletin_encode's bytes. */
size_t toc_bulletin_encode_bytes_max(const struct toc_bulletin *bulletin);
/* Decodes; spans point into `canonical`, lists into `arena`
 * (TOC_BULLETIN_ARENA_BYTES_MAX is always enough).
 * Unknown non-critical keys are kept in the bytes and ignored here. Fails: as toc_codec_check;
 * CRITICAL, MALFORMED, LIMIT, FULL (arena); `bulletin` and `arena` are unchanged then.
 * Lends: `canonical` and `arena` must outlive the bulletin. */
TOC_MUST_USE struct toc_err toc_bulletin_decode(struct toc_bulletin *bulletin,
                                                struct toc_span canonical, struct toc_arena *arena);
/* H("bulletin", canonical). */
void toc_bulletin_id(uint8_t out[static TOC_ID_BYTES], struct toc_span canonical);

/* Cost of signing 42 us, of verifying 111 us, and 1.7 us per KiB.
 * The plaintext: log public key 32 ‖ signature 64 over the id ‖ canonical bytes. */
#define TOC_BULLETIN_HEAD_BYTES 96u
void toc_bulletin_sign(uint8_t head[static TOC_BULLETIN_HEAD_BYTES], struct toc_span canonical,
                       const uint8_t federation[static TOC_ID_BYTES],
                       const struct toc_sign_keys *log_keys);
struct toc_bulletin_parts {
    const uint8_t *log_key;   /* 32, within the plaintext */
    const uint8_t *signature; /* 64 */
    struct toc_span canonical;
};
/* Fails: TRUNCATED, LIMIT. */
TOC_MUST_USE struct toc_err toc_bulletin_split(struct toc_span plaintext,
                                               struct toc_bulletin_parts *parts);
/* Verifies the inner signature over the id. Whether the key was certified for the author is the
 * caller's question to trust. Fails: SIGNATURE, and as split. Gives the id. */
TOC_MUST_USE struct toc_err toc_bulletin_verify(struct toc_span plaintext,
                                                const uint8_t federation[static TOC_ID_BYTES],
                                                uint8_t id[static TOC_ID_BYTES]);

/* Policy: pure functions, default deny. PROTOCOL.md section 10. */
enum toc_audience {
    TOC_AUDIENCE_ALL,           /* the group of all */
    TOC_AUDIENCE_GROUP,         /* a named group */
    TOC_AUDIENCE_ORGANISATIONS, /* organisations spelled out */
};
#define TOC_RED_AUDIENCE_MAX 16u /* 5-intelligence policy: RED is for few, named recipients */

/* May the author publish? `organisation_count` counts recipients other than the author.
 * Fails: POLICY with the reason. */
TOC_MUST_USE struct toc_err toc_policy_publish(enum toc_tlp tlp, enum toc_audience audience,
                                               size_t organisation_count);
/* May somebody share an existing bulletin on? An author shares as he may publish.
 * Fails: POLICY with the reason. */
TOC_MUST_USE struct toc_err toc_policy_share(enum toc_tlp tlp, bool is_author,
                                             enum toc_audience audience, size_t organisation_count);
/* Is `tlp` allowed for content whose strictest referenced marking is `marking`? Fails: POLICY. */
TOC_MUST_USE struct toc_err toc_policy_marking(enum toc_tlp tlp, enum toc_tlp marking);

/* Whom an export is for: up to AMBER+STRICT, AMBER, GREEN, CLEAR. */
enum toc_export { TOC_EXPORT_SELF, TOC_EXPORT_CLIENTS, TOC_EXPORT_COMMUNITY, TOC_EXPORT_PUBLIC };
/* May a bulletin leave for that audience? RED only when `by_id`, and for SELF alone. The same holds
 * for everything that the bulletin refers to. Fails: POLICY. */
TOC_MUST_USE struct toc_err toc_policy_export(enum toc_tlp tlp, enum toc_export audience,
                                              bool by_id);
/* May a caller with `clearance` see it? RED only when the command asked for RED too.
 * Fails: POLICY. */
TOC_MUST_USE struct toc_err toc_policy_read(enum toc_tlp tlp, enum toc_tlp clearance,
                                            bool red_asked);
/* May a bulletin with this PAP stand in a blocking format? */
bool toc_policy_blocking(enum toc_pap pap);
/* The stricter one. */
enum toc_tlp toc_tlp_stricter(enum toc_tlp a, enum toc_tlp b);

/* Names: "clear", "green", "amber", "amber+strict", "red" and so on; parse in any letter case and
 * with an optional "tlp:" prefix; "white" is CLEAR; PAP likewise with "pap:"; nothing is trimmed. A
 * value without a name is "unknown". Fails: SYNTAX; the output is unchanged then. */
const char *toc_tlp_name(enum toc_tlp tlp);
TOC_MUST_USE struct toc_err toc_tlp_parse(struct toc_span text, enum toc_tlp *tlp);
const char *toc_bulletin_kind_name(enum toc_bulletin_kind kind);
TOC_MUST_USE struct toc_err toc_bulletin_kind_parse(struct toc_span text,
                                                    enum toc_bulletin_kind *kind);
const char *toc_severity_name(enum toc_severity severity);
TOC_MUST_USE struct toc_err toc_severity_parse(struct toc_span text, enum toc_severity *severity);
const char *toc_pap_name(enum toc_pap pap);
TOC_MUST_USE struct toc_err toc_pap_parse(struct toc_span text, enum toc_pap *pap);
const char *toc_relation_name(enum toc_relation_kind kind);
TOC_MUST_USE struct toc_err toc_relation_parse(struct toc_span text, enum toc_relation_kind *kind);

#endif
