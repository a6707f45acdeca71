/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The lies against a tocsind over TCP: `evil OPTIONS NAME...` plays the member of --home and tells
 * the lies of these names one after the other. A line for each: "ok NAME" or "FAILED NAME: why".
 * `evil --list` names those that do not take minutes. tests/system/evil.py drives it.
 */
#include "evil.h"
#include "ops.h"
#include "victim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOUND_MS 20000u     /* for what should take milliseconds */
#define STRANGER_MS 1100u   /* of strangers the node says one line a second */
#define OPENING_COST_MS 60u /* what a connection is paid for with */
#define STALL_MS 3000u      /* a victim that takes nothing for so long does not read on */

struct wire {
    struct evil evil;
    int fd;
    unsigned victim_port, witness_port;
    const char *log_path, *handle;
    uint64_t before[VICTIM_NUMBERS];
    long log_from;
    unsigned connections;
    jmp_buf given_up;
    char why[256];
};

static struct wire wire;

static void wire_fail(struct evil *evil, const char *what)
{
    (void)evil;
    snprintf(wire.why, sizeof wire.why, "%s", what);
    longjmp(wire.given_up, 1);
}

_Noreturn static void die(const char *what, const char *which)
{
    fprintf(stderr, "%s%s\n", what, which);
    exit(1);
}

static void need(bool condition, const char *what)
{
    if (!condition) {
        wire_fail(&wire.evil, what);
    }
}

/* The connection. */

static void ended(void)
{
    evil_on_closed(&wire.evil, toc_fail(TOC_UNREACHABLE, "the connection ended"));
}

static void take_bytes(void)
{
    static uint8_t bytes[65536];
    ssize_t count = recv(wire.fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count > 0) {
        evil_on_bytes(&wire.evil, toc_span(bytes, (size_t)count));
    } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
        ended();
    }
}

/* Waits for `events` and reads what is there; gives whether it may write. */
static bool wait_for(short events, int ms)
{
    short reading = wire.evil.deaf ? 0 : POLLIN;
    struct pollfd poll_fd = {.fd = wire.fd, .events = (short)(events | reading)};
    poll(&poll_fd, 1, ms);
    if ((poll_fd.revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !wire.evil.deaf) {
        take_bytes();
    }
    return (poll_fd.revents & POLLOUT) != 0;
}

static void wire_connect(struct evil *evil)
{
    int on = 1;
    bool to_victim = evil->aim == &evil->victim;
    struct sockaddr_in to = {.sin_family = AF_INET};
    to.sin_port = htons((uint16_t)(to_victim ? wire.victim_port : wire.witness_port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    wire.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(wire.fd >= 0 && connect(wire.fd, (struct sockaddr *)&to, sizeof to) == 0, "no connection");
    setsockopt(wire.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    wire.connections++;
}

static void wire_put(struct evil *evil, struct toc_span bytes)
{
    double until = victim_now_ms() + STALL_MS;
    while (bytes.len > 0 && !evil->closed && !evil->stalled) {
        if (!wait_for(POLLOUT, 50)) {
            evil->stalled = victim_now_ms() > until;
            continue;
        }
        ssize_t count = send(wire.fd, bytes.at, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count > 0) {
            bytes = toc_span(bytes.at + count, bytes.len - (size_t)count);
            until = victim_now_ms() + STALL_MS;
        } else if (count < 0 && errno != EAGAIN && errno != EINTR) {
            while (!evil->closed && !evil->deaf) {
                take_bytes(); /* what it said before it closed */
            }
            evil->closed = true;
        }
    }
}

static void wire_wait(struct evil *evil, uint64_t ms)
{
    double end = victim_now_ms() + (double)ms;
    for (double left = (double)ms; left > 0 && !evil->closed; left = end - victim_now_ms()) {
        wait_for(0, (int)left + 1);
    }
    evil_flush(evil);
}

static void wire_hang_up(struct evil *evil)
{
    (void)evil;
    close(wire.fd);
    wire.fd = -1;
}

static void wire_entropy(struct evil *evil, uint8_t *out, size_t len)
{
    (void)evil;
    while (len > 0) {
        ssize_t count = getrandom(out, len < 256 ? len : 256, 0);
        need(count > 0, "no entropy");
        out += count;
        len -= (size_t)count;
    }
}

static uint64_t wire_utc_ms(struct evil *evil)
{
    (void)evil;
    return toc_now_utc().ms;
}

/* The victim, seen from its own control socket and log. */

static void wire_mark(struct evil *evil)
{
    (void)evil;
    victim_state(wire.before);
}

static bool same_state(void)
{
    uint64_t now[VICTIM_NUMBERS];
    victim_state(now);
    return memcmp(now, wire.before, sizeof now) == 0;
}

static void wire_stored(struct evil *evil)
{
    double end = victim_now_ms() + BOUND_MS;
    while (!evil->closed && same_state() && victim_now_ms() < end) {
        wire_wait(evil, 5);
    }
    need(!same_state(), "nothing was stored");
}

static long log_length(void)
{
    struct stat status;
    return stat(wire.log_path, &status) == 0 ? (long)status.st_size : 0;
}

/* Lines since the lie began that refuse somebody. With a code: those that name us, or a stranger,
 * with that code. */
static unsigned refusals(const char *who, const char *code)
{
    char line[1024], wanted[64];
    unsigned count = 0;
    FILE *file = fopen(wire.log_path, "r");
    need(file != NULL && fseek(file, wire.log_from, SEEK_SET) == 0, "the log cannot be read");
    snprintf(wanted, sizeof wanted, "(%s)", code == NULL ? "" : code);
    while (fgets(line, sizeof line, file) != NULL) {
        const char *at = strstr(line, "refused ");
        count +=
            at != NULL && (code == NULL || (strstr(at, who) != NULL && strstr(at, wanted) != NULL));
    }
    fclose(file);
    return count;
}

/* and the log: the link is gone, and the operator can read who it was and why. */
static void judge_refused(const struct evil_lie *lie)
{
    char who[96];
    if (lie->stage == EVIL_TCP) {
        snprintf(who, sizeof who, "a stranger at 127.0.0.1");
    } else if (lie->outcome == EVIL_NOTED) {
        snprintf(who, sizeof who, "%s node 1", wire.handle);
    } else {
        snprintf(who, sizeof who, "%s node 1 at 127.0.0.1", wire.handle);
    }
    double end = victim_now_ms() + BOUND_MS;
    while (refusals(who, toc_code_name(lie->code)) == 0 && victim_now_ms() < end) {
        wire_wait(&wire.evil, 10);
        victim_pause(1);
    }
    need(refusals(who, toc_code_name(lie->code)) == 1, "no line in the log names us with the code");
    need(refusals(NULL, NULL) == 1, "more than one line in the log");
}

static void await_end(void)
{
    double end = victim_now_ms() + BOUND_MS;
    while (!wire.evil.closed && victim_now_ms() < end) {
        wire_wait(&wire.evil, 10);
    }
    need(wire.evil.closed, "the link goes on");
}

static void judge(struct evil *evil)
{
    const struct evil_lie *lie = evil->lie;
    switch (lie->outcome) {
    case EVIL_REFUSED:
        await_end();
        judge_refused(lie);
        break;
    case EVIL_NOTED:
        need(evil_answers(evil), "the link has gone");
        judge_refused(lie);
        break;
    case EVIL_ENDED:
        await_end();
        need(refusals(NULL, NULL) == 0, "a line in the log");
        break;
    case EVIL_BOUNDED:
        return;
    case EVIL_IGNORED:
    case EVIL_HEARD:
    case EVIL_TAKEN:
    case EVIL_STORED:
    default:
        need(evil_answers(evil), "the link has gone");
        need(refusals(NULL, NULL) == 0, "a line in the log");
    }
    bool changes = lie->outcome == EVIL_TAKEN || lie->outcome == EVIL_STORED;
    need(lie->outcome == EVIL_HEARD || same_state() != changes,
         changes ? "nothing was stored" : "the victim's state has changed");
}

static const struct evil_net wire_net = {.connect = wire_connect,
                                         .put = wire_put,
                                         .wait = wire_wait,
                                         .hang_up = wire_hang_up,
                                         .entropy = wire_entropy,
                                         .utc_ms = wire_utc_ms,
                                         .mark = wire_mark,
                                         .stored = wire_stored,
                                         .fail = wire_fail};

/* Tells one lie; gives whether it came out as the table says. */
static bool tell(const struct evil_lie *lie)
{
    struct evil *evil = &wire.evil;
    evil->lie = lie;
    wire.connections = 0;
    bool unknown = lie->stage <= EVIL_SHAKEN;
    victim_pause(unknown ? STRANGER_MS : 1);
    if (setjmp(wire.given_up) != 0) {
        printf("FAILED %s: %s\n", lie->name, wire.why);
    } else {
        wire.log_from = log_length();
        evil_reach(evil, lie->stage);
        evil_wait(evil, 20);
        evil_mark(evil);
        lie->tell(evil);
        evil_wait(evil, 20);
        judge(evil);
        printf("ok %s\n", lie->name);
        wire.why[0] = '\0';
    }
    fflush(stdout);
    evil->aim = &evil->victim;
    evil_leave(evil);
    victim_pause((long)(wire.connections * OPENING_COST_MS));
    return wire.why[0] == '\0';
}

static void list(void)
{
    for (size_t t = 0; t < EVIL_TABLES; t++) {
        for (size_t i = 0; i < evil_tables[t]->count; i++) {
            if (!evil_tables[t]->lies[i].is_slow) {
                printf("%s\n", evil_tables[t]->lies[i].name);
            }
        }
    }
}

static const struct evil_lie *find(const char *name)
{
    for (size_t t = 0; t < EVIL_TABLES; t++) {
        for (size_t i = 0; i < evil_tables[t]->count; i++) {
            if (strcmp(evil_tables[t]->lies[i].name, name) == 0) {
                return &evil_tables[t]->lies[i];
            }
        }
    }
    die("no lie has the name ", name);
}

/* The keys of the member's home, and its federation's file. */
static void read_home(const char *path, const char *credential, const char *victim,
                      const char *witness)
{
    struct toc_home home;
    struct toc_line line = {{0}};
    struct toc_bytes genesis;
    struct toc_keyring *keyring;
    struct toc_sign_keys *org_keys;
    struct toc_unlock_options unlock = {.credential_path = credential};
    if (toc_failed(toc_home_open(&home, path, &line)) ||
        toc_failed(
            toc_home_read(&home, TOC_HOME_FEDERATION, TOC_GENESIS_BYTES_MAX, &genesis, &line)) ||
        toc_failed(toc_keyring_open(&home, &unlock, &keyring, &line)) ||
        toc_failed(toc_org_keys_open(&home, &unlock, &org_keys, &line))) {
        die("", line.text);
    }
    wire.evil.keys = keyring->node;
    wire.evil.log_keys = keyring->log;
    wire.evil.org_keys = *org_keys;
    if (setjmp(wire.given_up) != 0) {
        die("", wire.why);
    }
    evil_init(&wire.evil, &wire_net, toc_span(genesis.at, genesis.len), victim, witness);
    toc_bytes_free(&genesis);
    toc_keyring_close(keyring);
    toc_guarded_free(org_keys);
    toc_home_close(&home);
}

/* evil HOME CREDENTIAL HANDLE VICTIM PORT VICTIM_HOME LOG WITNESS PORT NAME... */
int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        list();
        return 0;
    }
    if (argc < 11) {
        die("usage: evil HOME CREDENTIAL HANDLE VICTIM PORT VICTIM_HOME LOG WITNESS PORT "
            "NAME...",
            "");
    }
    wire.handle = argv[3];
    wire.victim_port = (unsigned)strtoul(argv[5], NULL, 10);
    wire.log_path = argv[7];
    wire.witness_port = (unsigned)strtoul(argv[9], NULL, 10);
    if (sodium_init() < 0) {
        die("libsodium does not start", "");
    }
    victim_open(argv[6]);
    read_home(argv[1], argv[2], argv[4], argv[8]);
    unsigned failed = 0;
    for (int i = 10; i < argc; i++) {
        failed += !tell(find(argv[i]));
    }
    printf("rss %lu\n", victim_rss_kib());
    evil_clear(&wire.evil);
    victim_close();
    return failed == 0 ? 0 : 1;
}
