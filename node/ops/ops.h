/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * ops: what every program of the node needs from the system: one-line complaints and exit
 * statuses, the log on stderr, the home folder with its lock, files written whole or not at all,
 * key files and the secrets that open them, the configuration, the audit log, clocks, hardening.
 *
 * A function that a person may have to answer to takes `struct toc_line *line` (may be NULL). On
 * failure it holds one line for stderr: what failed, why, what to do. Pointers are lent for the
 * call unless a comment says otherwise.
 */
#ifndef TOC_OPS_H
#define TOC_OPS_H

#include "keys.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/types.h>

/* lines and exit statuses */

enum toc_exit { /* source: 6-cli.md; other programs test them: never renumber */
                TOC_EXIT_DONE = 0,
                TOC_EXIT_NOTHING = 1, /* nothing found */
                TOC_EXIT_USAGE = 2,
                TOC_EXIT_POLICY = 3,
                TOC_EXIT_UNREACHABLE = 4, /* cannot reach the node */
                TOC_EXIT_FAILED = 5,
};

/* The exit status that a code ends a command with. */
enum toc_exit toc_exit_of(enum toc_code code);

#define TOC_LINE_BYTES 512u /* a terminal's few lines at most */
struct toc_line {
    char text[TOC_LINE_BYTES]; /* terminated, no control characters */
};

/* Sets a line by printf rules; bytes that are not printable are escaped as by toc_text_escape, a
 * longer text is cut. `line` may be NULL. */
void toc_line_set(struct toc_line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same, and gives toc_fail(code, text of the code): one statement for a refusal. */
struct toc_err toc_line_fail(struct toc_line *line, enum toc_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Copies text so that no terminal obeys it: C0, DEL, C1 (U+0080 to U+009F), bidirectional controls
 * and bytes that are not UTF-8 become \xNN or \u{NNNN}; a newline too. Cut at the end of a
 * character when `out` (terminated, out_bytes > 0) is full. Gives the bytes before the
 * terminator. */
size_t toc_text_escape(char *out, size_t out_bytes, struct toc_span text);

/* log: lines on stderr */

enum toc_level { TOC_LEVEL_ERROR, TOC_LEVEL_WARNING, TOC_LEVEL_INFO, TOC_LEVEL_DEBUG };
/* Lines above `level` are dropped. Start: INFO. */
void toc_say_level(enum toc_level level);
/* Writes one line: time, level, text; under systemd's journal its own prefix instead. Escaped as
 * toc_line_set. Any thread. Never pass secrets. */
void toc_say(enum toc_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* clocks and hardening */

/* The clocks of the system; the monotonic one goes on from boot to boot at most. */
struct toc_mono toc_now_mono(void);
/* The same, and it goes on while the machine sleeps. */
struct toc_mono toc_now_boot(void);
struct toc_utc toc_now_utc(void);
/* "2026-03-01T12:00:00Z", terminated. */
#define TOC_TIME_TEXT_BYTES 28u
void toc_time_text(char out[static TOC_TIME_TEXT_BYTES], struct toc_utc at);

/* For processes with keys: no core dumps, not dumpable, no new privileges, umask 0077; starts
 * libsodium. Call first in main. Fails: IO. */
TOC_MUST_USE struct toc_err toc_process_harden(struct toc_line *line);

/* secrets in guarded memory */

/* Zeroed guarded memory (sodium_malloc: locked, guard pages, not in dumps). NULL when there is
 * none. Free with toc_guarded_free, which wipes; NULL is legal. */
void *toc_guarded_new(size_t bytes);
void toc_guarded_free(void *at);

/* files */

/* Bytes on the heap. Free with toc_bytes_free (wipes; zeroed is legal). */
struct toc_bytes {
    uint8_t *at;
    size_t len;
};
void toc_bytes_free(struct toc_bytes *bytes);

#define TOC_PATH_BYTES 4096u /* PATH_MAX of Linux */

/* Reads a whole regular file (or "-": stdin) of at most `max` bytes. Fails: ABSENT (no such file),
 * LIMIT, IO, FULL; `bytes` is empty then. */
TOC_MUST_USE struct toc_err toc_file_read(const char *path, size_t max, struct toc_bytes *bytes,
                                          struct toc_line *line);
/* Writes all of `bytes`, however often the kernel takes a part. False: errno says why, and some of
 * them may have been written. */
TOC_MUST_USE bool toc_file_put(int fd, struct toc_span bytes);
/* Writes a file whole or not at all: temporary file beside it, fsync, rename, fsync of the folder.
 * `replace` false: an existing file is refused and stays (EXCL). Mode 0600 unless `mode` says
 * otherwise. Fails: LOCKED (exists), IO, DISK_FULL; the old file is unchanged then. */
enum toc_replace { TOC_REPLACE_NO, TOC_REPLACE_YES };
TOC_MUST_USE struct toc_err toc_file_write(const char *path, struct toc_span bytes, mode_t mode,
                                           enum toc_replace replace, struct toc_line *line);

/* home */

#define TOC_HOME_CONF "tocsin.conf"
#define TOC_HOME_NODE_KEY "node.key"
#define TOC_HOME_LOG_KEY "log.key"
#define TOC_HOME_ORG_KEY "org.key"
#define TOC_HOME_CARD "card"
#define TOC_HOME_FEDERATION "federation"
#define TOC_HOME_FEDERATION_KEY "federation.key"
#define TOC_HOME_STORE "store"
#define TOC_HOME_AUDIT "audit.log"
#define TOC_HOME_CONTROL "control"
#define TOC_HOME_EACH "published"
#define TOC_HOME_LOCK "lock"
#define TOC_HOME_BEGUN "begun" /* empty; there from the first start on, outside the store */
#define TOC_CONTROL_BYTES 64u  /* "/proc/self/fd/N/control" fits sun_path whatever the home */

struct toc_home {
    char path[TOC_PATH_BYTES]; /* absolute */
    int dir_fd;
    int lock_fd; /* -1: not locked */
};

/* Which folder: `option` (--home) if not NULL, else $TOCSIN_HOME, else ~/.local/share/tocsin.
 * Made absolute. Fails: USAGE (no HOME, too long). */
TOC_MUST_USE struct toc_err toc_home_find(char path[static TOC_PATH_BYTES], const char *option,
                                          struct toc_line *line);
/* Makes the folder (0700, parents too) for `init`. Fails: LOCKED (it holds a home already: a file
 * of the list above exists), IO. */
TOC_MUST_USE struct toc_err toc_home_create(const char *path, struct toc_line *line);
/* Opens an existing home. Fails: ABSENT (no folder, or no node.key in it), PERMISSION (not ours,
 * open to others, or writable by its group), IO. Close with toc_home_close (also releases the
 * lock). */
TOC_MUST_USE struct toc_err toc_home_open(struct toc_home *home, const char *path,
                                          struct toc_line *line);
/* Takes the lock of the one process that may write. Fails: LOCKED (the line names the pid), IO. */
TOC_MUST_USE struct toc_err toc_home_lock(struct toc_home *home, struct toc_line *line);
void toc_home_close(struct toc_home *home);

/* Does `name` exist in the home? */
bool toc_home_has(const struct toc_home *home, const char *name);
/* toc_file_read and toc_file_write (0600, replacing) within the home. Key files (names that end in
 * ".key") must be regular, ours and closed to group and others: else PERMISSION. */
TOC_MUST_USE struct toc_err toc_home_read(const struct toc_home *home, const char *name, size_t max,
                                          struct toc_bytes *bytes, struct toc_line *line);
TOC_MUST_USE struct toc_err toc_home_write(const struct toc_home *home, const char *name,
                                           struct toc_span bytes, struct toc_line *line);

/* keys */

/* Where a passphrase or credential may come from. All may be NULL or false. Lends. */
struct toc_unlock_options {
    const char *credential_path; /* --credential: a file of exactly 32 bytes */
    const char *passphrase_path; /* --passphrase-file: its first line */
    bool may_ask;                /* prompt without echo, if stdin is a terminal */
};

/* A found secret in guarded memory, to be freed with toc_unlocked_free. unlock.secret points to
 * it; `lock` says what it is. */
struct toc_unlocked {
    struct toc_unlock unlock;
    void *guarded;
};
void toc_unlocked_free(struct toc_unlocked *unlocked);

/*
 * Finds the secret for an existing key file with `lock`, in this order: --credential,
 * $CREDENTIALS_DIRECTORY/tocsin.key, --passphrase-file, prompt ("Passphrase for `what`: "); a
 * source of the other kind is passed over. Fails: PASSPHRASE (none given, or a file without one),
 * IO, USAGE (credential not 32 bytes).
 */
TOC_MUST_USE struct toc_err toc_unlock_find(struct toc_unlocked *unlocked,
                                            const struct toc_unlock_options *options,
                                            enum toc_keyfile_lock lock, const char *what,
                                            struct toc_line *line);
/* The secret for a new key file, from the first source that is given, in the same order; a prompt
 * asks twice. Fails as toc_unlock_find; USAGE also when the two differ or are empty. */
TOC_MUST_USE struct toc_err toc_unlock_choose(struct toc_unlocked *unlocked,
                                              const struct toc_unlock_options *options,
                                              const char *what, struct toc_line *line);

/* Reads and opens the key file `name`. `secret` (guarded, secret_bytes long) gets exactly that
 * many bytes. `unlock` NULL: found by `options`. Fails: ABSENT, PERMISSION, PASSPHRASE, CORRUPT,
 * VERSION, STATE (another lock), IO. */
TOC_MUST_USE struct toc_err toc_home_open_key(const struct toc_home *home, const char *name,
                                              enum toc_keyfile_kind kind, uint8_t *secret,
                                              size_t secret_bytes, const struct toc_unlock *unlock,
                                              const struct toc_unlock_options *options,
                                              struct toc_line *line);
/* Seals `secret` and writes the key file `name` whole or not at all. Argon2id at its full strength,
 * or at $TOCSIN_TEST_ARGON_KIB, which tests set. */
TOC_MUST_USE struct toc_err toc_home_seal_key(const struct toc_home *home, const char *name,
                                              enum toc_keyfile_kind kind, struct toc_span secret,
                                              const struct toc_unlock *unlock,
                                              struct toc_line *line);
/* The sealed bytes of a key file that goes elsewhere (recovery key, F by hand). */
TOC_MUST_USE struct toc_err toc_key_seal(struct toc_bytes *sealed, enum toc_keyfile_kind kind,
                                         struct toc_span secret, const struct toc_unlock *unlock,
                                         struct toc_line *line);

/* The node's keys: node.key opened by options, log.key by node.key. In guarded memory. */
struct toc_keyring {
    struct toc_node_keys node;
    struct toc_sign_keys log;
};
TOC_MUST_USE struct toc_err toc_keyring_open(const struct toc_home *home,
                                             const struct toc_unlock_options *options,
                                             struct toc_keyring **keyring, struct toc_line *line);
/* Wipes and frees; NULL is legal. */
void toc_keyring_close(struct toc_keyring *keyring);
/* Writes node.key under `unlock` and log.key under node.key's log_wrap. */
TOC_MUST_USE struct toc_err toc_keyring_store(const struct toc_home *home,
                                              const struct toc_keyring *keyring,
                                              const struct toc_unlock *unlock,
                                              struct toc_line *line);
/* org.key. Gives guarded memory: toc_guarded_free. */
TOC_MUST_USE struct toc_err toc_org_keys_open(const struct toc_home *home,
                                              const struct toc_unlock_options *options,
                                              struct toc_sign_keys **keys, struct toc_line *line);
/* org.key under `unlock`. */
TOC_MUST_USE struct toc_err toc_org_keys_store(const struct toc_home *home,
                                               const struct toc_sign_keys *keys,
                                               const struct toc_unlock *unlock,
                                               struct toc_line *line);

/* configuration */

#define TOC_ENDPOINT_BYTES 129u /* "host:port" or "[v6]:port" */
#define TOC_CONF_BYTES_MAX 65536u
#define TOC_CONF_WORD_BYTES 256u

/* Every key: section, name, field, type, default, comment lines that the file carries. Types:
 * TEXT, FLAG (yes/no), NUMBER (min, max in the table of conf.c), LEVEL. */
#define TOC_CONF_KEYS(X)                                                                           \
    X(node, listen, TEXT, "none",                                                                  \
      "Address and port for other nodes, e.g. 0.0.0.0:4433 or [::]:4433; none: only dial out.")    \
    X(node, alone, FLAG, "no",                                                                     \
      "yes: an air-gapped node that appends to its log without asking others.")                    \
    X(node, trust_clock, FLAG, "no",                                                               \
      "yes: the clock was checked; publish even if most others' clocks differ by 10 minutes.")     \
    X(node, index, FLAG, "yes",                                                                    \
      "no: a relay, which stores and passes on what it gets but can be asked for nothing.")        \
    X(node, log, LEVEL, "info", "Lines on stderr: error, warning, info, debug.")                   \
    X(control, group, TEXT, "",                                                                    \
      "System group whose members may use the control socket (mode 0660); empty: only its owner.") \
    X(publish, audience, TEXT, "",                                                                 \
      "Audience of `publish` without --to: all, a group, or organisations; empty: ask.")           \
    X(limits, links, NUMBER, "64", "Links to other nodes at the same time, 1 to 64.")              \
    X(limits, groups, NUMBER, "1024", "Groups this node may know, direct audiences included.")     \
    X(limits, logs, NUMBER, "8192", "Logs this node may know: one for each node and group.")       \
    X(limits, pool_threads, NUMBER, "2", "Threads that verify, decrypt and answer, 1 to 16.")      \
    X(quota, entries_hour, NUMBER, "200",                                                          \
      "Entries of one organisation that are pushed an hour; others are fetched when there is "     \
      "room.")                                                                                     \
    X(quota, burst, NUMBER, "1000", "Entries of one organisation that may be pushed at once.")     \
    X(quota, bytes_day, NUMBER, "50000000", "Bytes of one organisation that are pushed a day.")    \
    X(store, map_gib, NUMBER, "64",                                                                \
      "Address space for the store in GiB: an upper bound of its size, not memory or disk used.")

enum toc_conf_type { TOC_CONF_TEXT, TOC_CONF_FLAG, TOC_CONF_NUMBER, TOC_CONF_LEVEL };

struct toc_conf {
    char node_listen[TOC_CONF_WORD_BYTES];
    bool node_alone;
    bool node_trust_clock;
    bool node_index;
    enum toc_level node_log;
    char control_group[TOC_CONF_WORD_BYTES];
    char publish_audience[TOC_CONF_WORD_BYTES];
    uint32_t limits_links;
    uint32_t limits_groups;
    uint32_t limits_logs;
    uint32_t limits_pool_threads;
    uint32_t quota_entries_hour;
    uint32_t quota_burst;
    uint32_t quota_bytes_day;
    uint32_t store_map_gib;
};

/* All defaults. */
void toc_conf_init(struct toc_conf *conf);
/* Sets one value, e.g. ("node", "listen", "127.0.0.1:4433"). Fails: USAGE (unknown key, bad
 * value; the line says which are allowed); unchanged then. */
TOC_MUST_USE struct toc_err toc_conf_set(struct toc_conf *conf, const char *section,
                                         const char *key, struct toc_span value,
                                         struct toc_line *line);
/* Reads INI text over what `conf` holds: [section], key = value, # and ; comments on lines of their
 * own, a key once. `name` is used in the line ("tocsin.conf:7: …"). Fails: USAGE, SYNTAX, LIMIT;
 * conf is unchanged then. */
TOC_MUST_USE struct toc_err toc_conf_parse(struct toc_conf *conf, struct toc_span text,
                                           const char *name, struct toc_line *line);
/* Defaults, then HOME/tocsin.conf (absent: defaults alone). */
TOC_MUST_USE struct toc_err toc_conf_read(struct toc_conf *conf, const struct toc_home *home,
                                          struct toc_line *line);
/* The documented file with these values, terminated; gives its bytes. Asserts that it fits. */
size_t toc_conf_text(char *out, size_t out_bytes, const struct toc_conf *conf);

/* audit log
 * One line an act: number, UTC time, uid, act, outcome, detail, hash; tab-separated, escaped. The
 * hash is H("audit", hash of the line before ‖ line without its hash) in hexadecimal.
 */
#define TOC_AUDIT_LINE_BYTES 1024u

struct toc_audit {
    int fd;
    uint64_t number; /* of the last line */
    uint8_t hash[TOC_HASH_BYTES];
};
struct toc_audit_act {
    struct toc_utc at;
    uint32_t uid;
    const char *act;        /* "publish" */
    const char *outcome;    /* "done", or the name of a code */
    struct toc_span detail; /* id, audience; never a secret or content */
};

/* Opens or makes the log and finds its end; a torn last line (a crash while writing) is cut off and
 * said in the log. Fails: IO, CORRUPT (the last line's hash is wrong). */
TOC_MUST_USE struct toc_err toc_audit_open(struct toc_audit *audit, const struct toc_home *home,
                                           struct toc_line *line);
/* Appends `count` lines, 64 with one write: they survive the process, and after toc_audit_sync the
 * machine. One thread at a time. Fails: IO, DISK_FULL; the chain then stands where it stood. */
TOC_MUST_USE struct toc_err toc_audit_append(struct toc_audit *audit,
                                             const struct toc_audit_act *acts, size_t count);
/* Makes all lines durable. Fails: IO. */
TOC_MUST_USE struct toc_err toc_audit_sync(struct toc_audit *audit);
void toc_audit_close(struct toc_audit *audit);
/* Walks the whole chain. Gives how many lines hold. Fails: CORRUPT (the line names the first bad
 * one), IO, ABSENT. */
TOC_MUST_USE struct toc_err toc_audit_verify(const struct toc_home *home, uint64_t *lines,
                                             struct toc_line *line);

#endif
