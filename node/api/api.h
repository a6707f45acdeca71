/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * api: the control socket. The messages that the command line and the daemon exchange, the blocking
 * client for programs, the bounds of both. The daemon's side of the socket is server.h.
 *
 * On the socket HOME/control: u32 little-endian length ‖ one canonical MessagePack map, field
 * number
 * -> value (wire.h's subset). The client sends one request and reads replies: any number of rows,
 * then one end. It may then ask again. Unknown fields are passed over on both sides.
 *
 * Pointers are lent for the call unless a comment says otherwise.
 */
#ifndef TOC_API_H
#define TOC_API_H

#include "ops.h"
#include "wire.h"

/* bounds */
/* 64 MiB of documents (2-architecture.md) and 1 MiB of everything else. */
#define TOC_REQUEST_BYTES_MAX ((size_t)65 * 1024 * 1024)
/* A row; larger things come in several. Native lists of a bulletin take 512 KiB, its summary 64. */
#define TOC_REPLY_BYTES_MAX ((size_t)2 * 1024 * 1024)
#define TOC_API_CHUNK_BYTES                                                                        \
    ((size_t)256 * 1024)             /* of documents and proofs, in each row "bytes"               \
                                      */
#define TOC_LOOKUP_VALUES_MAX 10000u /* values of one lookup request */
#define TOC_API_TEXTS_MAX 10000u     /* items of any list of texts */
#define TOC_API_TEXT_BYTES_MAX 4096u /* each of them: an indicator's value */
#define TOC_API_FIELDS_MAX 256u      /* fields of a map: twice those that exist */
#define TOC_API_ROWS_MAX 100000u     /* items of any list of maps: native indicators */
#define TOC_API_REPLY_WAIT_S 600u    /* a client gives up when nothing comes for so long */

/* fields
 * Name, number (on the socket: never renumber), name in JSON, type, bound (bytes of a text or
 * binary, items of a list, highest number), meaning. Lists hold TEXT items or maps of the same
 * fields (ROWS, one level deep). Fields stand in ascending order of numbers in every map.
 */
#define TOC_FIELDS(X)                                                                              \
    /* requests and ends */                                                                        \
    X(COMMAND, 1, "command", TEXT, 32, "which request this is")                                    \
    X(ROW, 2, "row", TEXT, 32, "what a reply holds")                                               \
    X(END, 3, "end", FLAG, 1, "this reply is the last: it holds only the fields to LINE")          \
    X(EXIT, 4, "exit", NUMBER, 5, "exit status of the command, enum toc_exit")                     \
    X(ERROR, 5, "error", TEXT, 32, "name of the code, e.g. POLICY; absent when done")              \
    X(LINE, 6, "line", TEXT, 4096, "what failed, why, what to do")                                 \
    /* what a request asks for */                                                                  \
    X(DRY_RUN, 10, "dry_run", FLAG, 1, "check and show, publish nothing")                          \
    X(AUDIENCE, 11, "audience", TEXTS, 1024, "all, a group's name, or handles")                    \
    X(TLP_MISSING, 12, "tlp_missing", TEXT, 32, "TLP when neither field nor document gives one")   \
    X(LOWER_TLP, 13, "lower_tlp", TEXT, 512, "why a TLP below a marking is right; audited")        \
    X(EXPRESSION, 14, "expression", TEXT, 4096, "query")                                           \
    X(LIMIT, 15, "limit", NUMBER, UINT32_MAX, "rows at most; 0: all")                              \
    X(VALUES, 16, "values", TEXTS, TOC_LOOKUP_VALUES_MAX, "values to look up")                     \
    X(HOSTS, 17, "hosts", FLAG, 1, "URLs and mail addresses answer by their host too")             \
    X(WHY, 18, "why", FLAG, 1, "rows about every single find")                                     \
    X(PREFIX, 19, "prefix", TEXT, 64, "id of a bulletin or its first 10 or more characters")       \
    X(DOCUMENT, 20, "document", NUMBER, 1024, "number of a document, from 1; 0: native fields")    \
    X(RAW, 21, "raw", FLAG, 1, "the proof file")                                                   \
    X(STIX, 22, "stix", FLAG, 1, "the STIX documents")                                             \
    X(FACTS, 23, "facts", FLAG, 1, "rows of facts too")                                            \
    X(PATH, 24, "path", TEXT, TOC_PATH_BYTES, "absolute path of a file to make")                   \
    X(EACH, 25, "each", FLAG, 1, "not again what this audience got before")                        \
    X(TITLE_MISSING, 26, "title_missing", TEXT, 512, "title when nothing else gives one")          \
    /* a bulletin */                                                                               \
    X(ID, 30, "id", ID, 32, "of a bulletin")                                                       \
    X(REF, 31, "ref", TEXT, 256, "the author's own reference")                                     \
    X(AUTHOR, 32, "author", TEXT, 64, "handle, or the id's text when unknown")                     \
    X(AUTHOR_ID, 33, "author_id", ID, 32, "organisation")                                          \
    X(KIND, 34, "kind", TEXT, 32, "of a bulletin, a value, a fact")                                \
    X(SEVERITY, 35, "severity", TEXT, 16, "low, medium, high, critical")                           \
    X(TLP, 36, "tlp", TEXT, 32, "clear, green, amber, amber+strict, red")                          \
    X(PAP, 37, "pap", TEXT, 16, "clear, green, amber, red")                                        \
    X(TITLE, 38, "title", TEXT, 512, "one line")                                                   \
    X(SUMMARY, 39, "summary", TEXT, 65536, "Markdown")                                             \
    X(LANGUAGE, 40, "language", TEXT, 64, "BCP 47")                                                \
    X(PUBLISHED, 41, "published", TIME, UINT64_MAX, "by the author's clock")                       \
    X(RECEIVED, 42, "received", TIME, UINT64_MAX, "when it became visible here")                   \
    X(VALID_UNTIL, 43, "valid_until", TIME, UINT64_MAX, "")                                        \
    X(ACK_WITHIN, 44, "ack_within_ms", NUMBER, UINT64_MAX, "acknowledge within")                   \
    X(EXERCISE, 45, "exercise", FLAG, 1, "not real")                                               \
    X(GROUPS, 46, "groups", TEXTS, 64, "audiences it came by: all, a name, or handles with +")     \
    X(STATUS, 47, "status", TEXT, 32, "current, superseded, revoked, unread")                      \
    X(ACTORS, 48, "actors", TEXTS, 256, "")                                                        \
    X(MALWARE, 49, "malware", TEXTS, 256, "")                                                      \
    X(TARGETS, 50, "targets", TEXTS, 256, "ISO 3166-1 alpha-2")                                    \
    X(SECTORS, 51, "sectors", TEXTS, 256, "")                                                      \
    X(MOTIVES, 52, "motives", TEXTS, 256, "")                                                      \
    X(TECHNIQUES, 53, "techniques", TEXTS, 256, "ATT&CK ids")                                      \
    X(CVES, 54, "cves", TEXTS, 4096, "")                                                           \
    X(TAGS, 55, "tags", TEXTS, 256, "")                                                            \
    X(IOCS, 56, "iocs", ROWS, TOC_API_ROWS_MAX, "KIND, VALUE, COMMENT: native indicators")         \
    X(DOCUMENTS, 57, "documents", ROWS, 1024, "request: NAME, MEDIA_TYPE, BYTES; reply: SIZE")     \
    X(ORIGINS, 58, "origins", TEXTS, 256, "country attributed, with (by whom)")                    \
    /* parts */                                                                                    \
    X(NUMBER, 70, "number", NUMBER, UINT32_MAX, "of a document, from 1")                           \
    X(NAME, 71, "name", TEXT, 256, "of a document, a federation")                                  \
    X(MEDIA_TYPE, 72, "media_type", TEXT, 128, "of a document")                                    \
    X(FORMAT, 73, "format", TEXT, 32, "what a document was read as, e.g. STIX 2.1")                \
    X(SIZE, 74, "size", NUMBER, UINT64_MAX, "bytes")                                               \
    X(BYTES, 75, "bytes", BYTES, TOC_REQUEST_BYTES_MAX, "")                                        \
    X(VALUE, 76, "value", TEXT, 4096, "canonical")                                                 \
    X(WRITTEN, 77, "written", TEXT, 4096, "as the source wrote it, as the caller asked")           \
    X(COMMENT, 78, "comment", TEXT, 4096, "")                                                      \
    X(PLACE, 79, "place", TEXT, 1024, "object id, column")                                         \
    X(TEXT_LINE, 80, "text_line", NUMBER, UINT32_MAX, "line in a document, from 1")                \
    X(FLAGS, 81, "flags", TEXTS, 32, "of a fact, e.g. compound, revoked")                          \
    X(KNOWN, 82, "known", FLAG, 1, "")                                                             \
    X(BULLETINS, 83, "bulletins", ROWS, 1000, "ID, TITLE, TLP, AUTHOR, PUBLISHED")                 \
    X(INDICATOR, 84, "indicator", TEXT, 4096, "which indicator answered")                          \
    X(CONTINUED, 85, "continued", FLAG, 1, "more bulletins of the value of the row before")        \
    X(COUNT, 86, "count", NUMBER, UINT64_MAX, "")                                                  \
    X(FACT_COUNTS, 87, "fact_counts", ROWS, 64, "KIND, COUNT")                                     \
    X(OBJECTS, 88, "objects", NUMBER, UINT64_MAX, "STIX objects, rows, lines with a value")        \
    X(INDICATORS, 89, "indicators", NUMBER, UINT64_MAX, "how many")                                \
    X(WARNINGS, 90, "warnings", NUMBER, UINT64_MAX, "how many")                                    \
    X(WARNING_LINES, 91, "warning_lines", TEXTS, 1024, "the first of them, one line each")         \
    X(MARKING, 92, "marking", TEXT, 32, "strictest TLP that a document states")                    \
    X(AUDIENCE_NAMES, 93, "audience_names", TEXTS, 1024, "handles of the recipients")              \
    X(GROUP_ID, 94, "group_id", ID, 32, "")                                                        \
    X(LOG_ID, 95, "log_id", ID, 32, "")                                                            \
    X(SEQ, 96, "seq", NUMBER, UINT64_MAX, "")                                                      \
    X(HOST_KNOWN, 97, "host_known", TEXT, 4096, "host that HOSTS would have found")                \
    /* the node */                                                                                 \
    X(ORG, 110, "org", TEXT, 64, "handle")                                                         \
    X(ORG_ID, 111, "org_id", ID, 32, "")                                                           \
    X(NODE, 112, "node", NUMBER, 65535, "number within its organisation")                          \
    X(FEDERATION, 113, "federation", TEXT, 128, "name")                                            \
    X(FEDERATION_ID, 114, "federation_id", ID, 32, "")                                             \
    X(ROSTER_NUMBER, 115, "roster_number", NUMBER, UINT64_MAX, "")                                 \
    X(LISTEN, 116, "listen", TEXT, 256, "address, or none")                                        \
    X(VERSION, 117, "version", TEXT, 64, "of the program; of a link's protocol")                   \
    X(UPTIME, 118, "uptime_ms", NUMBER, UINT64_MAX, "")                                            \
    X(CLOCK, 119, "clock", TIME, UINT64_MAX, "the node's")                                         \
    X(LOGS, 120, "logs", NUMBER, UINT64_MAX, "how many")                                           \
    X(ENTRIES, 121, "entries", NUMBER, UINT64_MAX, "in all logs")                                  \
    X(INDEX_LAG, 122, "index_lag", NUMBER, UINT64_MAX, "entries stored but not yet visible")       \
    X(STORE_BYTES, 123, "store_bytes", NUMBER, UINT64_MAX, "used pages of the store")              \
    X(DISK_FREE, 124, "disk_free_bytes", NUMBER, UINT64_MAX, "")                                   \
    X(ALARMS, 125, "alarms", TEXTS, 64, "lines that need a person")                                \
    X(LINKS, 126, "links", ROWS, 8192, "as the rows of `peers`")                                   \
    X(PID, 127, "pid", NUMBER, UINT32_MAX, "of tocsind")                                           \
    X(QUARANTINED, 128, "quarantined", NUMBER, UINT64_MAX, "bulletins that crashed the indexer")   \
    X(GROUP_COUNT, 129, "group_count", NUMBER, UINT64_MAX, "known, or shared with a peer")         \
    X(ESTABLISHED, 130, "established", FLAG, 1, "")                                                \
    X(DIALLED, 131, "dialled", FLAG, 1, "by us")                                                   \
    X(ADDRESSES, 132, "addresses", TEXTS, 8, "from the card")                                      \
    X(SENT, 133, "sent_bytes", NUMBER, UINT64_MAX, "")                                             \
    X(SENT_TO_US, 134, "received_bytes", NUMBER, UINT64_MAX, "")                                   \
    X(RTT, 135, "rtt_ms", NUMBER, UINT64_MAX, "")                                                  \
    X(SINCE, 136, "since", TIME, UINT64_MAX, "")                                                   \
    X(CLOCK_OFFSET, 137, "clock_offset_ms", SIGNED, INT64_MAX, "peer's clock minus ours")          \
    X(BEHIND, 138, "behind", NUMBER, UINT64_MAX, "entries that the peer has and we lack")          \
    X(SUITE, 139, "suite", NUMBER, 255, "")                                                        \
    X(BLOCKS, 140, "blocks", NUMBER, UINT64_MAX, "how many were verified")                         \
    X(DAMAGED, 141, "damaged", NUMBER, UINT64_MAX, "how many failed")                              \
    X(LINES, 142, "lines", TEXTS, 1024, "what is damaged, one line each")                          \
    X(AUDIT_LINES, 143, "audit_lines", NUMBER, UINT64_MAX, "lines of the audit chain that hold")   \
    X(SIGNATURES, 144, "signatures", NUMBER, UINT64_MAX, "of heads and checkpoints, that hold")    \
    X(UNSIGNED_LOGS, 145, "unsigned_logs", NUMBER, UINT64_MAX, "whose keys are not known here")    \
    X(HEALTH, 146, "health", TEXT, 16, "complete, behind, cut off")                                \
    X(BEHIND_LOGS, 147, "behind_logs", NUMBER, UINT64_MAX, "in which others hold more")            \
    X(BEHIND_GROUPS, 148, "behind_groups", NUMBER, UINT64_MAX, "the same")                         \
    X(BEHIND_SINCE, 149, "behind_since", TIME, UINT64_MAX,                                         \
      "since when HEALTH is what it is, cut off too")                                              \
    X(WITNESSES, 150, "witnesses", NUMBER, UINT64_MAX,                                             \
      "organisations ahead of us for ten minutes")                                                 \
    X(LINKED_ORGS, 151, "linked_orgs", NUMBER, UINT64_MAX, "other organisations with a link")      \
    X(OTHER_ORGS, 152, "other_orgs", NUMBER, UINT64_MAX, "in the roster")                          \
    X(LAGS, 153, "lags", ROWS, 16, "NAME, BEHIND: groups in which others hold more")               \
    X(LINK_WHY, 154, "link_why", TEXT, 16, "near, mid, far, all, group, visit, accepted, ...")     \
    X(RATE, 155, "rate", NUMBER, UINT64_MAX, "bytes a second that the peer takes; 0: not known")   \
    X(EAGER, 156, "eager_logs", NUMBER, UINT64_MAX, "whose entries the peer is sent")              \
    X(LAZY, 157, "lazy_logs", NUMBER, UINT64_MAX, "of which the peer is told only")                \
    X(QUEUED, 158, "queued", NUMBER, UINT64_MAX, "messages that wait to go to the peer")           \
    X(COMING, 159, "coming", NUMBER, UINT64_MAX, "entries told of seconds ago, not yet BEHIND")    \
    X(DOWN_WHY, 160, "down_why", TEXT, 128, "why no link stands")                                  \
    X(TRIED, 161, "tried_at", TIME, UINT64_MAX, "when it was dialled last")                        \
    X(ENDED, 162, "ended_at", TIME, UINT64_MAX, "when the last link or attempt ended")             \
    X(NEXT_TRY, 163, "next_try_ms", NUMBER, UINT64_MAX, "0: at once; absent: nobody dials it")

enum toc_field_type {
    TOC_FIELD_TYPE_NUMBER,
    TOC_FIELD_TYPE_SIGNED,
    TOC_FIELD_TYPE_TIME, /* UTC ms */
    TOC_FIELD_TYPE_FLAG,
    TOC_FIELD_TYPE_TEXT,
    TOC_FIELD_TYPE_BYTES,
    TOC_FIELD_TYPE_ID, /* 32 bytes, base32 in JSON */
    TOC_FIELD_TYPE_TEXTS,
    TOC_FIELD_TYPE_ROWS,
};

enum toc_field {
#define TOC_FIELD_ENUM(name, number, json, type, max, meaning) TOC_FIELD_##name = (number),
    TOC_FIELDS(TOC_FIELD_ENUM)
#undef TOC_FIELD_ENUM
};

struct toc_field_info {
    enum toc_field field;
    enum toc_field_type type;
    const char *json;
    uint64_t max;
};
/* NULL for a number that is no field. Gives static storage. */
const struct toc_field_info *toc_field_find(uint64_t number);

/* clang-format off: a list, one request a paragraph */
/*
 * requests and their replies
 * A field in [brackets] may be missing. Every request ends with {END, EXIT, [ERROR, LINE]}.
 *
 * "status"
 *     -> one row "status": ORG ORG_ID NODE FEDERATION FEDERATION_ID ROSTER_NUMBER LISTEN VERSION
 *        UPTIME CLOCK LOGS ENTRIES INDEX_LAG STORE_BYTES DISK_FREE ALARMS LINKS PID QUARANTINED
 *        GROUP_COUNT BEHIND HEALTH BEHIND_LOGS BEHIND_GROUPS [BEHIND_SINCE] WITNESSES LINKED_ORGS
 *        OTHER_ORGS LAGS (NAME BEHIND)
 *
 * "peers"
 *     -> a row "link" for each node of the federation but ourselves: ORG ORG_ID NODE ESTABLISHED
 *        [DIALLED] ADDRESSES, and when established: GROUP_COUNT SENT SENT_TO_US RTT SINCE
 *        CLOCK_OFFSET BEHIND SUITE VERSION LINK_WHY RATE EAGER LAZY QUEUED; else DOWN_WHY
 *        [TRIED] [ENDED] [NEXT_TRY]
 *
 * "publish" [DRY_RUN] AUDIENCE [TLP_MISSING] [LOWER_TLP] [EACH] [TITLE_MISSING] [REF] [KIND]
 *           [SEVERITY] [TLP] [PAP] [TITLE] [SUMMARY] [LANGUAGE] [VALID_UNTIL] [ACK_WITHIN]
 *           [EXERCISE] [ACTORS] [MALWARE] [TARGETS] [SECTORS] [MOTIVES] [TECHNIQUES] [CVES] [TAGS]
 *           [IOCS] [DOCUMENTS]
 *     -> a row "publication": KIND [SEVERITY] TLP [PAP] TITLE [REF] [MARKING] DOCUMENTS (NUMBER
 *        NAME MEDIA_TYPE FORMAT SIZE COUNT, of its facts) AUDIENCE_NAMES OBJECTS INDICATORS
 *        FACT_COUNTS WARNINGS WARNING_LINES, and unless DRY_RUN: ID PUBLISHED GROUP_ID LOG_ID SEQ;
 *        it is durable then.
 *     -> with EACH, of one document whose bytes this audience got before: a row "skipped" with the
 *        ID of then instead.
 *     -> with EACH and several documents: a bulletin for each, and for each in their order one of
 *        these rows or a row "refused": EXIT ERROR LINE; a document without a title gets its NAME.
 *     USAGE: audience, TLP or title is missing, a field cannot be read, unknown audience; SYNTAX:
 *     broken document ("FILE:line:column: ..."); POLICY; STATE; DISK_FULL; CLOCK.
 *
 * "share" PREFIX AUDIENCE
 *     -> a row "publication": ID TITLE TLP AUDIENCE_NAMES GROUP_ID LOG_ID SEQ; where the whole
 *        audience has it already, a row "skipped": ID, and nothing is sent
 *
 * "query" [EXPRESSION] [LIMIT]
 *     -> rows "bulletin", newest first: ID [REF] AUTHOR AUTHOR_ID KIND [SEVERITY] TLP TITLE
 *        PUBLISHED RECEIVED GROUPS STATUS INDICATORS. Exit 1: none
 *
 * "lookup" VALUES [HOSTS] [WHY]
 *     -> rows "value", in the order asked, one for each value without a find and one for each
 *        indicator found: WRITTEN (as asked) VALUE (canonical) KIND KNOWN [INDICATOR] [BULLETINS
 *        (ID TITLE TLP AUTHOR PUBLISHED)] [CONTINUED] [HOST_KNOWN]; with WHY each of BULLETINS also
 *        holds [WRITTEN DOCUMENT TEXT_LINE PLACE COMMENT FLAGS] of the fact.
 *     Exit 0 when at least one value is known, else 1.
 *
 * "show" PREFIX [DOCUMENT | RAW | STIX] [FACTS]
 *     -> alone: a row "bulletin" as of query with [PAP SUMMARY LANGUAGE VALID_UNTIL ACK_WITHIN
 *        EXERCISE ACTORS MALWARE TARGETS SECTORS MOTIVES TECHNIQUES CVES TAGS ORIGINS DOCUMENTS
 *        (NUMBER NAME MEDIA_TYPE SIZE)] OBJECTS INDICATORS WARNINGS FACT_COUNTS; with FACTS then
 *        rows "fact": KIND VALUE [WRITTEN DOCUMENT TEXT_LINE PLACE COMMENT FLAGS]
 *     -> DOCUMENT, RAW, STIX: a row "document" (NUMBER NAME MEDIA_TYPE SIZE) and rows "bytes"
 *        (BYTES) that make it up; STIX: for each STIX document
 *     ABSENT: exit 1; USAGE: the prefix names several.
 *
 * "verify"
 *     -> a row "verified": LOGS ENTRIES BLOCKS DAMAGED LINES AUDIT_LINES SIGNATURES UNSIGNED_LOGS;
 *        exit 5 if DAMAGED
 *
 * "backup" PATH
 *     -> a row "backup": PATH SIZE. The file must not exist; only for the node's own user and root
 */
/* clang-format on */

/* building a message */

#define TOC_BUILD_DEPTH_MAX 4u /* map, list of rows, row, list of texts in it */
/* Grows on the heap up to its bound. It keeps its first failure: LIMIT (larger than max_bytes, a
 * value above its field's bound), FULL (no memory), MALFORMED (text is not UTF-8). */
struct toc_build {
    uint8_t *at;
    size_t len, room, max_bytes;
    struct toc_err err;
    uint32_t depth;
    struct {
        size_t start;
        uint32_t count, last;
        bool list;
    } level[TOC_BUILD_DEPTH_MAX];
};

/* Starts a message; `build` may be reused after toc_build_clear. */
void toc_build_init(struct toc_build *build, size_t max_bytes);
void toc_build_clear(struct toc_build *build);
/* Each adds one field; asserts ascending numbers within a map and the field's type. Texts longer
 * than the bound of their field are cut at the end of a character in rows of replies only:
 * see toc_build_cut. An empty text is left out. */
void toc_build_number(struct toc_build *build, enum toc_field field, uint64_t value);
void toc_build_signed(struct toc_build *build, enum toc_field field, int64_t value);
void toc_build_flag(struct toc_build *build, enum toc_field field, bool value);
void toc_build_text(struct toc_build *build, enum toc_field field, struct toc_span text);
void toc_build_str(struct toc_build *build, enum toc_field field, const char *text);
/* Data that may be too long or not UTF-8: cut to the bound, bad bytes become U+FFFD. */
void toc_build_cut(struct toc_build *build, enum toc_field field, struct toc_span text);
void toc_build_bytes(struct toc_build *build, enum toc_field field, struct toc_span bytes);
void toc_build_id(struct toc_build *build, enum toc_field field,
                  const uint8_t id[static TOC_ID_BYTES]);
/* A list of texts; count 0 is left out. */
void toc_build_texts(struct toc_build *build, enum toc_field field, const struct toc_span *texts,
                     size_t count);
/* A list of maps, or of texts one by one: begin, then rows or items, then end. The number of
 * items need not be known before. */
void toc_build_list(struct toc_build *build, enum toc_field field);
void toc_build_item(struct toc_build *build, struct toc_span text);
void toc_build_row(struct toc_build *build);
void toc_build_row_end(struct toc_build *build);
void toc_build_list_end(struct toc_build *build);
/* Ends the message: the whole frame, length first. Lends: until clear. Fails: the first failure. */
TOC_MUST_USE struct toc_err toc_build_end(struct toc_build *build, struct toc_span *frame);

/* reading a message */

/* A checked map of fields, in place. */
struct toc_message {
    struct toc_span map;
};

/* Checks the body of a frame: canonical, a map of numbers, every known field of its type and within
 * its bound, rows one level deep. After it the readers below cannot fail. Fails: as
 * toc_codec_check; MALFORMED, LIMIT. Lends: bytes. */
TOC_MUST_USE struct toc_err toc_message_check(struct toc_message *message, struct toc_span bytes);

/* Is the field there? */
bool toc_message_has(const struct toc_message *message, enum toc_field field);
/* 0, false, an empty span or NULL when the field is missing. */
uint64_t toc_message_number(const struct toc_message *message, enum toc_field field);
int64_t toc_message_signed(const struct toc_message *message, enum toc_field field);
bool toc_message_flag(const struct toc_message *message, enum toc_field field);
/* TEXT or BYTES. */
struct toc_span toc_message_text(const struct toc_message *message, enum toc_field field);
const uint8_t *toc_message_id(const struct toc_message *message, enum toc_field field);
bool toc_message_is(const struct toc_message *message, enum toc_field field, const char *text);

/* Walks a list; a missing field is an empty one. */
struct toc_items {
    struct toc_reader reader;
    size_t left;
};
size_t toc_message_list(const struct toc_message *message, enum toc_field field,
                        struct toc_items *items);
bool toc_items_text(struct toc_items *items, struct toc_span *text);
bool toc_items_row(struct toc_items *items, struct toc_message *row);

/* Walks all known fields of a map in ascending order, for printers. Start with *next = 0. */
bool toc_message_next(const struct toc_message *message, uint64_t *next,
                      const struct toc_field_info **info);

/* the client: blocking */

struct toc_client;

/* Connects to the node that runs in `home` (a path). Fails: UNREACHABLE (none runs, or not allowed;
 * the line says which and what to do), FULL. Close with toc_client_close (NULL is legal). */
TOC_MUST_USE struct toc_err toc_client_open(struct toc_client **client, const char *home,
                                            struct toc_line *line);
void toc_client_close(struct toc_client *client);
/* Ends and sends a request. Fails: UNREACHABLE (the node went away), and as toc_build_end. */
TOC_MUST_USE struct toc_err toc_client_ask(struct toc_client *client, struct toc_build *request,
                                           struct toc_line *line);
/* Waits for the next row. Lends: until the next call. Fails: ABSENT after the end (read
 * toc_client_exit then: 0 or 1; the line, if any, says what was not found); the code of the end
 * when the request was refused, with its line; UNREACHABLE, MALFORMED. */
TOC_MUST_USE struct toc_err toc_client_next(struct toc_client *client, struct toc_message *row,
                                            struct toc_line *line);
/* Exit status that the last end gave; TOC_EXIT_UNREACHABLE before. */
enum toc_exit toc_client_exit(const struct toc_client *client);

/* proof files
 * What `show ID --raw` writes and `verify FILE` reads: a canonical map, 1: bulletin plaintext
 * (log key ‖ signature ‖ canonical), 2: card envelope of the author (it holds the node
 * certificate), 3: genesis file. Later roster records append. */
#define TOC_PROOF_BYTES_MAX ((size_t)96 * 1024 * 1024)
struct toc_proof {
    struct toc_span plaintext, card, genesis;
};
/* Lends: bytes. Fails: as toc_codec_check; CRITICAL, MALFORMED (a part is missing). */
TOC_MUST_USE struct toc_err toc_proof_decode(struct toc_proof *proof, struct toc_span bytes);
/* Heap. Fails: FULL. */
TOC_MUST_USE struct toc_err toc_proof_encode(struct toc_bytes *bytes,
                                             const struct toc_proof *proof);

#endif
