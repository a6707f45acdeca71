/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * base: the floor that everything stands on. Errors, assertions, byte spans, little-endian
 * integers, arenas, the two kinds of time. No heap, no clock, no I/O, no entropy.
 */
#ifndef TOC_BASE_H
#define TOC_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Who must act on an error decides whether it is dropped, paged or retried. */
enum toc_actor {
    TOC_ACTOR_NOBODY,   /* an answer, not a fault */
    TOC_ACTOR_PEER,     /* the sender broke a rule: drop it, count it */
    TOC_ACTOR_OPERATOR, /* a person of this node must change something */
    TOC_ACTOR_LATER,    /* the same call may succeed later */
};

/* Name, text, who must act. At most 40 rows; the order is internal and never stored or sent. */
#define TOC_ERRORS(X)                                                                              \
    X(OK, "done", NOBODY)                                                                          \
    X(ABSENT, "nothing found", NOBODY)                                                             \
    X(STALE, "older than what is held", NOBODY)                                                    \
    X(TRUNCATED, "bytes end too early", PEER)                                                      \
    X(TRAILING, "bytes are left over", PEER)                                                       \
    X(MALFORMED, "not in canonical form", PEER)                                                    \
    X(CRITICAL, "unknown critical field", PEER)                                                    \
    X(LIMIT, "a bound is exceeded", PEER)                                                          \
    X(VERSION, "unknown version or suite", PEER)                                                   \
    X(GATE, "gate does not match", PEER)                                                           \
    X(HANDSHAKE, "handshake failed", PEER)                                                         \
    X(DECRYPT, "does not decrypt", PEER)                                                           \
    X(SIGNATURE, "signature is invalid", PEER)                                                     \
    X(HASH, "hash does not match", PEER)                                                           \
    X(CHAIN, "does not follow its predecessor", PEER)                                              \
    X(FORK, "two entries for one sequence number", PEER)                                           \
    X(STRANGER, "key is unknown to the roster", PEER)                                              \
    X(MEMBER, "not a member of the group", PEER)                                                   \
    X(AUTHORITY, "not entitled to do this", PEER)                                                  \
    X(FEDERATION, "belongs to another federation", PEER)                                           \
    X(COMMITMENT, "epoch secret does not match its commitment", PEER)                              \
    X(CREDIT, "more was sent than granted", PEER)                                                  \
    X(WRAP, "no wrap for this key", NOBODY)                                                        \
    X(STATE, "not possible in this state", LATER)                                                  \
    X(FULL, "memory budget is used up", LATER)                                                     \
    X(UNREACHABLE, "cannot be reached", LATER)                                                     \
    X(IO, "system call failed", OPERATOR)                                                          \
    X(DISK_FULL, "disk is full", OPERATOR)                                                         \
    X(CORRUPT, "stored data is damaged", OPERATOR)                                                 \
    X(LOCKED, "in use by another process", OPERATOR)                                               \
    X(PASSPHRASE, "wrong passphrase or credential", OPERATOR)                                      \
    X(PERMISSION, "file permissions are too open", OPERATOR)                                       \
    X(POLICY, "refused by policy", OPERATOR)                                                       \
    X(SYNTAX, "cannot be parsed", OPERATOR)                                                        \
    X(USAGE, "wrong usage", OPERATOR)                                                              \
    X(CLOCK, "clock cannot be trusted", OPERATOR)

enum toc_code {
#define TOC_ERROR_ENUM(name, text, actor) TOC_##name,
    TOC_ERRORS(TOC_ERROR_ENUM)
#undef TOC_ERROR_ENUM
        TOC_CODE_COUNT
};

/* An outcome, by value. `why` is a constant sentence (static storage, no data in it) or NULL. */
struct toc_err {
    enum toc_code code;
    const char *why;
};

#define TOC_MUST_USE __attribute__((warn_unused_result))

/* The successful outcome. */
static inline struct toc_err toc_ok(void)
{
    return (struct toc_err){TOC_OK, NULL};
}

/* A failed outcome; `why` must have static storage. */
static inline struct toc_err toc_fail(enum toc_code code, const char *why)
{
    return (struct toc_err){code, why};
}

static inline bool toc_failed(struct toc_err err)
{
    return err.code != TOC_OK;
}

/* Upper-case name of a code, e.g. "TRUNCATED". Gives static storage. */
const char *toc_code_name(enum toc_code code);
/* Text of a code. Gives static storage. */
const char *toc_code_text(enum toc_code code);
/* Who must act on a code. */
enum toc_actor toc_code_actor(enum toc_code code);

/* Returns from the enclosing function with the first failure. */
#define TOC_TRY(expr)                                                                              \
    do {                                                                                           \
        struct toc_err toc_try_err_ = (expr);                                                      \
        if (toc_failed(toc_try_err_)) {                                                            \
            return toc_try_err_;                                                                   \
        }                                                                                          \
    } while (0)

/* For programmers' errors only; always compiled in. Never for what a peer, file or person sends. */
#define TOC_ASSERT(cond)                                                                           \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            toc_assert_failed(#cond, __FILE__, __LINE__);                                          \
        }                                                                                          \
    } while (0)

/* Traps; the process ends. Writes nothing here; ops puts one in its place that says where. */
_Noreturn void toc_assert_failed(const char *cond, const char *file, int line);

/* Bytes lent for reading. An empty span may have a NULL pointer. */
struct toc_span {
    const uint8_t *at;
    size_t len;
};

/* Bytes lent for writing. */
struct toc_room {
    uint8_t *at;
    size_t len;
};

static inline struct toc_span toc_span(const void *at, size_t len)
{
    return (struct toc_span){(const uint8_t *)at, len};
}

/* The bytes of a string literal or terminated string, without the terminator. */
struct toc_span toc_span_str(const char *text);
/* Equal length and bytes. Not constant time: never for secrets. */
bool toc_span_equal(struct toc_span a, struct toc_span b);
/* memcmp order, shorter first when one is a prefix of the other. */
int toc_span_compare(struct toc_span a, struct toc_span b);
/* All `len` bytes at `at` are zero. Not constant time. */
bool toc_is_zero(const void *at, size_t len);

/* Fixed little-endian integers; `at` needs no alignment. */
uint16_t toc_le16(const uint8_t *at);
uint32_t toc_le32(const uint8_t *at);
uint64_t toc_le64(const uint8_t *at);
void toc_put_le16(uint8_t *at, uint16_t value);
void toc_put_le32(uint8_t *at, uint32_t value);
void toc_put_le64(uint8_t *at, uint64_t value);
/* Big-endian, for ordered keys and Noise message lengths. */
uint16_t toc_be16(const uint8_t *at);
uint32_t toc_be32(const uint8_t *at);
uint64_t toc_be64(const uint8_t *at);
void toc_put_be16(uint8_t *at, uint16_t value);
void toc_put_be32(uint8_t *at, uint32_t value);
void toc_put_be64(uint8_t *at, uint64_t value);

/* Milliseconds of a monotonic clock; only differences mean anything. */
struct toc_mono {
    uint64_t ms;
};

/* Milliseconds since 1970-01-01T00:00:00Z. */
struct toc_utc {
    uint64_t ms;
};

/* A bump allocator over memory that the caller owns. Nothing in it is freed alone. */
struct toc_arena {
    uint8_t *base;
    size_t size_bytes;
    size_t used_bytes;
};

/* Starts an arena over `memory`. Lends: memory must outlive every allocation. */
void toc_arena_init(struct toc_arena *arena, void *memory, size_t size_bytes);
/* `count` zeroed items of `item_bytes`, aligned to 16 bytes; NULL when they do not fit (nothing
 * changed) or when the product overflows. count 0 gives a non-NULL pointer that must not be read.
 */
void *toc_arena_alloc(struct toc_arena *arena, size_t count, size_t item_bytes);
/* The same without writing to it: for large tables over memory that is known to be zero and that
 * should stay untouched until it is used. */
void *toc_arena_reserve(struct toc_arena *arena, size_t count, size_t item_bytes);
/* A copy of `bytes` in the arena; .at == NULL when it does not fit. */
struct toc_span toc_arena_copy(struct toc_arena *arena, struct toc_span bytes);
/* A mark to return to with toc_arena_release: everything allocated after it is given back. */
size_t toc_arena_mark(const struct toc_arena *arena);
void toc_arena_release(struct toc_arena *arena, size_t mark);

#endif
