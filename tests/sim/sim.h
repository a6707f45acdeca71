/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * sim: a federation of real cores in one process, on virtual time, with a virtual network and
 * virtual disks. One seed decides everything: the same seed gives the same events and actions.
 *
 * Glossary
 *   life     what a node does between a start and a kill; events of an earlier life are void
 *   end      one node's side of a connection
 *   pipe     the bytes on their way to one end
 *   cut      nothing passes in one direction: bytes and the end of a connection wait, as TCP's
 *            retransmission makes them wait
 *   honest   follows the protocol, has lost nothing and shares its keys with nobody
 */
#ifndef TOC_SIM_H
#define TOC_SIM_H

#include <signal.h>
#include <stdio.h>

#include "core_internal.h"
#include "raw.h"

#define SIM_NODES_MAX 1024u
#define SIM_SMALL 64u /* up to so many nodes every message is looked at */
#define SIM_GROUPS_MAX 64u
#define SIM_START_UTC_MS UINT64_C(1790000000000)
#define SIM_S_US UINT64_C(1000000)
#define SIM_MS_US UINT64_C(1000)
#define SIM_ENDS_MAX 192u        /* connections of a node, those being dialled too */
#define SIM_WINDOW_BYTES 262144u /* sent and not acknowledged: the kernel takes no more */
#define SIM_NOTSENT_BYTES 32768u /* TCP_NOTSENT_LOWAT while the length of a frame is not known */
#define SIM_SEGMENT_US 5000u     /* connections of a node take turns after so long */
#define SIM_SEGMENT_BYTES 16384u
#define SIM_SEGMENT_BYTES_MIN 1448u /* one packet */
#define SIM_RTO_US 200000u          /* Linux: TCP_RTO_MIN */
#define SIM_PORT 1000u              /* the address of node i ends in :1000+i */
#define SIM_NONE UINT32_MAX
#define SIM_TEXT_BYTES 256u
#define SIM_SET_BYTES 160u             /* leaves room for the rest of a line */
#define SIM_MARKER "tocsin-sim-canary" /* begins every content */

struct sim;
struct sim_node;

/* An entry of a range. */
struct sim_entry {
    struct toc_header header;
    uint8_t hash[TOC_HASH_BYTES];
    struct toc_span payload; /* in the range; .at == NULL when it does not lie there */
};
/* Bytes that several stores may hold. They do not change. */
struct sim_bytes {
    size_t refs, len;
    struct sim_entry *entries; /* of a range that was asked for one; else NULL */
    size_t entry_count;
    uint8_t at[];
};

/* disk */

struct sim_range {
    uint64_t first, last;
    struct sim_bytes *bytes;
};
struct sim_log {
    uint8_t id[TOC_ID_BYTES];
    struct toc_log_head head;
    struct sim_range *ranges; /* in their order, without gaps */
    size_t count, max;
};
/* A record or a chunk. */
struct sim_row {
    uint8_t key[76]; /* table, then its key; chunks: 'c' */
    size_t key_len;
    struct sim_bytes *value; /* NULL: removed */
};
/* From a key to a place. */
struct sim_map {
    struct sim_slot {
        uint64_t hash;
        uint32_t place; /* + 1; 0 free */
    } * slots;
    size_t size, count;
};
struct sim_disk {
    struct sim_log *logs;
    size_t log_count, log_max;
    struct sim_map log_map;
    struct sim_row *rows;
    size_t row_count, row_max;
    struct sim_map row_map;
    struct toc_store *lmdb; /* instead of the above */
    char folder[64];
    bool full; /* stores fail */
    uint8_t damaged_log[TOC_ID_BYTES];
    uint64_t damaged_seq; /* of that log, 0 none */
    bool damage_passes;   /* reads do not notice it */
};
/* A transaction that has not been answered. */
struct sim_txn {
    uint64_t id;
    struct toc_store_op *ops;
    struct sim_bytes **bytes;
    size_t op_count, byte_count;
    bool answered; /* a control has done so already */
    struct sim_txn *next;
};

/* network */

struct sim_pipe {
    uint8_t *at;
    size_t first, len, size;
    size_t readable, held; /* of the bytes there: arrived; waiting for a cut to heal */
    bool fin, fin_held, stalled;
    uint64_t last_us;
    size_t lent;    /* by the sender's core, and not yet taken by its kernel */
    size_t waiting; /* taken, and not yet sent */
    size_t lowat;   /* of which the kernel holds no more */
    size_t unacked, ack_held;
    bool pumping, closing;
};
struct sim_end {
    uint32_t node;
    uint64_t link;
    bool open, up, orphan; /* orphan: its host vanished without a word */
    struct sim_pipe in;
};
struct sim_conn {
    bool used;
    uint32_t number; /* which connection this place holds */
    struct sim_end ends[2];
};
struct sim_link { /* a node's own view: link -> connection */
    uint64_t link;
    uint32_t conn, number;
    uint8_t end;
    bool dialling;
};

/* nodes */

enum sim_liar { SIM_HONEST, SIM_WITHHOLDS, SIM_MUTE, SIM_INFLATES, SIM_GARBLES, SIM_GREEDY };

struct sim_node {
    uint32_t index;
    char name[16];
    bool up, vanished; /* vanished: its host answers nothing at all */
    uint32_t life;
    double x, y;
    uint64_t uplink_us; /* its uplink is busy until then */
    struct toc_node_keys node_keys;
    struct toc_sign_keys log_keys, org_keys, recovery_keys;
    uint8_t org[TOC_ID_BYTES];
    struct toc_span card;
    void *memory;
    struct toc_core *core;
    struct sim_disk disk;
    struct sim_txn *txns, **txns_end;
    size_t txn_count, txn_bytes;
    uint64_t commit_us; /* the last commit ends then */
    struct sim_link links[SIM_ENDS_MAX];
    size_t link_count;
    uint64_t next_link, timer_number;
    int64_t clock_ms; /* its clock minus the true one */
    double drift;     /* ms gained in a second */
    enum sim_liar liar;
    bool doubtful;       /* rolled back, cloned or damaged: not honest */
    uint32_t twin_of;    /* a clone: the node whose keys it has; else SIM_NONE */
    bool disk_broke;     /* a store has failed in this life */
    uint64_t *delivered; /* by log of the world: seq delivered in this life */
    size_t delivered_max;
    uint64_t notices[16];
};

/* what the world knows */

struct sim_group {
    uint8_t id[TOC_ID_BYTES];
    uint8_t members[SIM_NODES_MAX / 8];
    char name[16];
    bool control;
};
struct sim_name { /* a log */
    uint8_t id[TOC_ID_BYTES];
    uint32_t author, group;
};
struct sim_submit {
    uint32_t node, life;
    uint8_t audience[SIM_NODES_MAX / 8]; /* of an audience of organisations */
    bool direct, answered, published, alert, probe;
    uint64_t at_us, bound_us;
    uint8_t log[TOC_ID_BYTES];
    uint64_t seq;
    uint8_t hash[TOC_HASH_BYTES]; /* of its header */
    size_t bytes;
};

enum sim_kind {
    SIM_TIMER,
    SIM_CHECKED,
    SIM_COMMIT,
    SIM_LOADED,
    SIM_SENT,
    SIM_LEFT,
    SIM_ARRIVE,
    SIM_RELEASE,
    SIM_SYN,
    SIM_UP,
    SIM_DOWN,
    SIM_INDEXED,
    SIM_READ,
    SIM_CALL,
};
struct sim_event {
    enum sim_kind kind;
    uint32_t node, life;
    uint32_t conn, conn_number;
    uint8_t end;
    bool flag;
    uint64_t link, id, count;
    struct toc_err err;
    struct toc_check *check;
    void (*call)(struct sim *sim, uint32_t a, uint64_t b);
};

/* What a reader of the trace may ask for. */
enum sim_say {
    SIM_SAY_PUBLISH = 1,
    SIM_SAY_STORE = 2,
    SIM_SAY_LINK = 4,
    SIM_SAY_REFUSE = 8,
    SIM_SAY_FAULT = 16,
    SIM_SAY_CHECK = 32,
    SIM_SAY_NOTICE = 64,
    SIM_SAY_MESSAGE = 128,
    SIM_SAY_OTHER = 256,
};

/* The checkers. */
enum sim_checker {
    SIM_CHECK_NONE,
    SIM_CHECK_CONVERGENCE,
    SIM_CHECK_FAULT,
    SIM_CHECK_CANARY,
    SIM_CHECK_MEMORY,
    SIM_CHECK_ALERT,
    SIM_CHECK_DURABILITY,
    SIM_CHECK_ORDER,
    SIM_CHECK_QUIET,
    SIM_CHECK_TRACE,
};

/* Rules of the driver that a control breaks. */
enum sim_break {
    SIM_BREAK_NONE,
    SIM_BREAK_ACK_EARLY,
    SIM_BREAK_FORGET,
    SIM_BREAK_FULL_DISK_LIES,
    SIM_BREAK_LEAK_STORE,
    SIM_BREAK_LEAK_WIRE,
    SIM_BREAK_LEAK_PLAIN,
    SIM_BREAK_DAMAGE_PASSES,
    SIM_BREAK_ROLLED_BACK,
    SIM_BREAK_TWIN,
    SIM_BREAK_NEVER_HEALS,
    SIM_BREAK_STAYS_CLOGGED,
    SIM_BREAK_ONE_WAY_STAYS,
    SIM_BREAK_NEVER_STARTS,
    SIM_BREAK_ALL_WITHHOLD,
    SIM_BREAK_ENDLESS_WINDOW,
    SIM_BREAK_LATE_ALERT,
    SIM_BREAK_REORDER,
    SIM_BREAK_CHATTER,
    SIM_BREAK_ALTERS,
    SIM_BREAK_REAL_CLOCK,
    SIM_BREAK_OTHER_TRACE,
    SIM_BREAK_COUNT,
};

struct sim_options {
    uint64_t seed;
    uint32_t nodes;
    uint32_t log_max, link_max, group_max;
    double loss;        /* of a segment */
    double uplink_bits; /* a second */
    double latency_ms;  /* 0: from positions in the plane */
    bool lmdb, print, messages;
    bool even;    /* no noise in the times that things take, so that a trace can be foretold */
    unsigned say; /* enum sim_say, kept in sim->text */
    enum sim_break broken;
};

struct sim {
    struct sim_options options;
    uint64_t now_us, number, random[4], steps;
    struct sim_due {
        uint64_t at_us, number;
        size_t place; /* in events */
    } * dues;         /* a heap: the next one stands first */
    struct sim_event *events;
    size_t event_count, event_max;
    struct sim_node *nodes; /* SIM_NODES_MAX and twins */
    uint32_t node_count;    /* twins included */
    uint32_t member_count;
    struct toc_span genesis;
    uint8_t federation[TOC_ID_BYTES], f[TOC_KEY_BYTES];
    struct sim_conn *conns;
    uint32_t conn_count, conn_max;
    uint32_t *conn_free;
    uint32_t conn_free_count;
    uint8_t *cuts; /* [from × cut_row + to]: how many faults cut this direction */
    size_t cut_row;
    double loss;
    bool probing; /* alerts are being measured */
    struct sim_group groups[SIM_GROUPS_MAX];
    uint32_t group_count;
    struct sim_name *names;
    uint32_t name_count, name_max;
    struct sim_map name_map, key_map, org_map; /* logs; nodes by link key and organisation */
    struct sim_submit *submits;
    size_t submit_count, submit_max;
    struct toc_raw_hash trace;
    char *text; /* kept lines of the trace */
    size_t text_len, text_max;
    enum sim_checker failed;
    char why[SIM_TEXT_BYTES];
    /* counts */
    uint64_t wire_bytes, beacon_bytes, messages[256], message_bytes[256], copies, alerts_checked;
    double quiet_bytes;
    uint64_t faults, kills, converge_us, peak_txn_bytes, peak_unacked;
    struct toc_actions actions;
    uint8_t scratch[TOC_RANGE_BYTES_MAX * 2];
    struct sim_node *stepping; /* whose core runs */
    uint64_t *marks;           /* filter and table of what sealed payloads begin with */
    struct sim_mark *mark_rows;
    size_t mark_count, mark_max;
    /* `from`: the node that it came from, or SIM_NONE. */
    void (*on_stored)(struct sim *sim, struct sim_node *node, uint32_t name, uint64_t seq,
                      uint32_t from);
};

/* Where a sealed payload was first seen. */
struct sim_mark {
    uint8_t bytes[16];
    uint32_t group;
};

/* queue.c: noise and the queue of events */

/* A number below `below` (1 at least). */
uint64_t sim_below(struct sim *sim, uint64_t below);
/* The same for how long things take: without noise in worlds that are even. */
uint64_t sim_noise(struct sim *sim, uint64_t below);
/* 0 up to 1. */
double sim_chance(struct sim *sim);
void sim_entropy(struct sim *sim, uint8_t *out, size_t len);
void sim_seed(struct sim *sim, uint64_t seed);
/* Adds an event `delay_us` from this moment on. */
void sim_later(struct sim *sim, struct sim_event event, uint64_t delay_us);
/* Calls back after a while. */
void sim_call(struct sim *sim, uint64_t delay_us,
              void (*call)(struct sim *sim, uint32_t a, uint64_t b), uint32_t a, uint64_t b);
/* The next event: it is its time now. */
struct sim_event sim_pop(struct sim *sim);

/* disk.c: what a node keeps */

struct sim_bytes *sim_bytes(struct toc_span from);
void sim_bytes_drop(struct sim_bytes *bytes);
struct sim_log *sim_disk_log(const struct sim_disk *disk, const uint8_t *id);
struct sim_bytes *sim_disk_row(const struct sim_disk *disk, char table, struct toc_span key);
/* One op becomes durable. Fails: CHAIN. */
struct toc_err sim_disk_apply(struct sim *sim, struct sim_disk *disk, const struct toc_store_op *op,
                              struct sim_bytes *bytes);
struct toc_err sim_disk_load(struct sim *sim, const struct sim_disk *disk,
                             const struct toc_load *load, size_t *count);
void sim_disk_clear(struct sim_disk *disk);
/* The same content in another disk. */
void sim_disk_copy(struct sim_disk *to, const struct sim_disk *from);
/* The logs of `from` and its cards also into `to`, which has none of them. */
void sim_disk_share(struct sim_disk *to, const struct sim_disk *from);
/* One entry, or NULL. Lends: while the disk has it. */
const struct sim_entry *sim_disk_entry(const struct sim_disk *disk, const uint8_t *log,
                                       uint64_t seq);
/* H of all entries of a log, their headers and payloads. */
void sim_disk_digest(struct sim *sim, const struct sim_disk *disk, const uint8_t *log,
                     uint8_t out[TOC_HASH_BYTES]);
/* Rows are found by 64 bits of their keys' hash; a collision would show as a failed run. */
uint64_t sim_hash(struct toc_span key, uint64_t seed);
uint32_t sim_map_find(const struct sim_map *map, struct toc_span key);
void sim_map_add(struct sim_map *map, struct toc_span key, uint32_t place);

/* store.c: transactions, and LMDB in place of the model */

void sim_store(struct sim *sim, struct sim_node *node, const struct toc_action *action);
/* The oldest transaction is durable, or has failed. */
void sim_commit(struct sim *sim, struct sim_node *node, const struct sim_event *event);
/* A crash: of what was not answered the first `survive` transactions are durable, the rest is lost.
 */
void sim_store_crash(struct sim *sim, struct sim_node *node, size_t survive);
struct toc_err sim_load(struct sim *sim, struct sim_node *node, const struct toc_load *load,
                        size_t *count);
/* Gives what the store holds to a core that starts. */
void sim_store_restore(struct sim *sim, struct sim_node *node);
/* LMDB alone: a life begins, a life ends, the folder goes. */
void sim_store_open(struct sim *sim, struct sim_node *node);
void sim_store_end(struct sim_node *node);
void sim_store_remove(struct sim_node *node);
uint64_t sim_store_head(struct sim_node *node, const uint8_t *log, uint8_t hash[TOC_HASH_BYTES]);
bool sim_store_entry(struct sim_node *node, const uint8_t *log, uint64_t seq,
                     uint8_t hash[TOC_HASH_BYTES]);
void sim_store_digest(struct sim *sim, struct sim_node *node, const uint8_t *log,
                      uint8_t out[TOC_HASH_BYTES]);

/* folder.c: where LMDB's files lie while the process lives */

void sim_folder_make(char *out, size_t size);
void sim_folder_remove(const char *path);

/* net.c: connections */

void sim_send(struct sim *sim, struct sim_node *node, const struct toc_action *action);
void sim_close(struct sim *sim, struct sim_node *node, uint64_t link);
void sim_dial(struct sim *sim, struct sim_node *node, const struct toc_action *action);
void sim_net_event(struct sim *sim, const struct sim_event *event);
/* Gives a node's core what has arrived on a link, as far as it takes it. */
void sim_read(struct sim *sim, struct sim_node *node, uint64_t link);
/* All connections of a node end; `silent`: nobody is told. */
void sim_net_kill(struct sim *sim, struct sim_node *node, bool silent);
/* A host is back: who still believes in an old connection learns that it is gone. */
void sim_net_return(struct sim *sim, struct sim_node *node);
/* One fault more, or less, that cuts a direction. */
void sim_cut(struct sim *sim, uint32_t from, uint32_t to);
void sim_heal(struct sim *sim, uint32_t from, uint32_t to);
bool sim_is_cut(const struct sim *sim, uint32_t from, uint32_t to);
/* Both ends of a random connection of the node learn that it broke. */
void sim_reset(struct sim *sim, struct sim_node *node);
uint64_t sim_latency_us(struct sim *sim, uint32_t a, uint32_t b, bool jitter);

/* found.c */

/* Keys, cards, genesis. */
void sim_found(struct sim *sim);
/* The world knows a group and its logs; gives its index. */
uint32_t sim_group_add(struct sim *sim, const uint8_t *id, const uint8_t *members,
                       const char *name);
uint32_t sim_name_find(const struct sim *sim, const uint8_t *log);
void sim_name_text(const struct sim *sim, uint32_t name, char out[SIM_TEXT_BYTES]);
uint32_t sim_node_of(const struct sim *sim, const uint8_t *org);
bool sim_is_member(const struct sim *sim, uint32_t group, uint32_t node);

/* node.c */

void sim_start(struct sim *sim, struct sim_node *node);
void sim_step(struct sim *sim, struct sim_node *node, struct toc_event *event);
/* Ends a life: `survive` of the unanswered transactions are durable. */
void sim_kill(struct sim *sim, struct sim_node *node, size_t survive, bool silent);
/* Publishes; `direct` is a set of nodes, or NULL for the group of all. Gives the submit's number.
 */
size_t sim_publish(struct sim *sim, struct sim_node *node, const uint8_t *direct, size_t bytes,
                   enum toc_class class);
/* Runs to a time; stops early when a checker has failed. */
void sim_run(struct sim *sim, uint64_t until_us);
/* What small worlds have. */
struct sim_options sim_options_small(void);
struct sim *sim_new(const struct sim_options *options);
void sim_free(struct sim *sim);
bool sim_is_honest(const struct sim *sim, uint32_t node);

/* memory.c: memory for cores */

/* Zeros. */
void *sim_memory_take(size_t bytes);
void sim_memory_give(void *memory);

/* fault.c: what goes wrong; what lasts ends by itself. Sets of nodes are bits. */

void sim_start_later(struct sim *sim, uint32_t node, uint64_t delay_us);
void sim_start_now(struct sim *sim, uint32_t node, uint64_t unused);
/* Ends a node's life at a random point of its unanswered stores; `silent`: its host too. */
void sim_crash(struct sim *sim, uint32_t node, uint64_t down_us, bool silent);
void sim_partition(struct sim *sim, uint64_t side, uint64_t for_us);
/* Nothing from one node reaches a set of others: bytes and ends of connections wait. */
void sim_one_way(struct sim *sim, uint32_t from, uint64_t to, uint64_t for_us);
/* The links of a set are clogged one by one, and released in another order. */
void sim_swizzle(struct sim *sim, uint64_t around, uint64_t for_us);
void sim_lossy(struct sim *sim, double loss, uint64_t for_us);
/* Stores fail until there is room and the node has started again. */
void sim_fill_disk(struct sim *sim, uint32_t node, uint64_t for_us);
/* No commit ends before. */
void sim_slow_disk(struct sim *sim, uint32_t node, uint64_t for_us);
/* A bit flips in the stored range with this entry. */
void sim_damage(struct sim *sim, uint32_t node, const uint8_t *log, uint64_t seq);
/* A clock jumps, and drifts by `drift` ms a second. */
void sim_skew(struct sim *sim, uint32_t node, int64_t ms, double drift, uint64_t for_us);
void sim_snapshot(struct sim *sim, uint32_t node, struct sim_disk *into);
void sim_roll_back(struct sim *sim, uint32_t node, const struct sim_disk *from);
/* A second process with the same keys and a copy of the store; gives its index. */
uint32_t sim_clone(struct sim *sim, uint32_t node);

/* control.c: rules that are broken on purpose */

/* The control of this name, or SIM_BREAK_NONE. */
enum sim_break sim_break_find(const char *name);
/* Runs one control, or with SIM_BREAK_NONE all, until *stopped; gives how many were not noticed. */
size_t sim_control(enum sim_break broken, const volatile sig_atomic_t *stopped, size_t *ran);
void sim_control_list(void);

/* scenario.c: named runs that assert their trace */

struct sim_scenario {
    const char *name, *about;
    uint32_t nodes;
    unsigned say;
    void (*run)(struct sim *sim);
    const char *expected; /* lines; a star stands for anything */
    bool on_model;        /* changes the model's disk, which no LMDB store has */
};
/* Ends with a row without a name. */
extern const struct sim_scenario sim_scenarios[];
const struct sim_scenario *sim_scenario_find(const char *name);
/* Runs it; gives what failed, and its trace's hash. `why` has SIM_TEXT_BYTES. */
enum sim_checker sim_scenario_run(const struct sim_scenario *scenario, struct sim_options options,
                                  char *why, char hash[TOC_HASH_BYTES * 2 + 1]);
/* Everybody starts; the first seconds are over. */
void sim_begin(struct sim *sim);
/* The same but for a set of nodes. */
void sim_begin_without(struct sim *sim, uint64_t absent);

/* large.c */

/* Measures how bulletins spread, and prints JSON Lines. */
void sim_large(struct sim *sim);

/* random.c */

/* A run made up from the seed. */
void sim_random(struct sim *sim);

/* trace.c: a hash over everything, and readable lines */

void sim_trace_event(struct sim *sim, const struct sim_node *node, const struct toc_event *event);
void sim_trace_action(struct sim *sim, const struct sim_node *node,
                      const struct toc_action *action);
/* One readable line. */
void sim_say(struct sim *sim, enum sim_say kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The names of a set of nodes, shortened when they are many. */
void sim_set_text(const struct sim *sim, uint64_t set, char out[SIM_SET_BYTES]);
void sim_trace_result(struct sim *sim, char out[TOC_HASH_BYTES * 2 + 1]);

/* check.c */

void sim_fail(struct sim *sim, enum sim_checker checker, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const char *sim_checker_name(enum sim_checker checker);
void sim_check_store(struct sim *sim, struct sim_node *node, const struct toc_action *action);
void sim_check_message(struct sim *sim, struct sim_node *node, uint32_t to, uint8_t type,
                       struct toc_span body);
void sim_check_notice(struct sim *sim, struct sim_node *node, const struct toc_notice *notice);
void sim_check_deliver(struct sim *sim, struct sim_node *node, const struct toc_action *action);
void sim_check_published(struct sim *sim, struct sim_node *node, const struct toc_action *action);
/* After a start: what was acknowledged is there. */
void sim_check_restart(struct sim *sim, struct sim_node *node);
/* Memory and disputes, now and then. */
void sim_check_bounds(struct sim *sim);
/* Do all honest members that run hold the same heads? */
bool sim_is_converged(struct sim *sim);
/* The same byte for byte, and everything published is everywhere. */
void sim_check_end(struct sim *sim);
/* Nothing new: what a link costs. Runs for some virtual minutes. */
void sim_check_quiet(struct sim *sim);
/* Everybody's alerts reach everybody in time. */
void sim_check_alerts(struct sim *sim);
/* Runs until the honest have converged. Fails the run after `bound_us`. */
void sim_converge(struct sim *sim, uint64_t bound_us);

/* crypto.c, message.c: wrapped functions of the product */

/* Real cryptography in place of the models. */
void sim_crypto_real(bool real);
/* BLAKE2b, always the real one. */
void sim_trace_begin(struct toc_raw_hash *hash);
void sim_trace_add(struct toc_raw_hash *hash, struct toc_span part);
void sim_trace_end(struct toc_raw_hash *hash, uint8_t out[TOC_HASH_BYTES]);
/* Whose core runs: its messages are looked at, and a liar's are changed. */
void sim_message_of(struct sim *sim, struct sim_node *node);

#endif
