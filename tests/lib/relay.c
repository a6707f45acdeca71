/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * relay: a network in user space for tests and benchmarks. It makes namespaces that have nothing
 * but loopback and one interface, whose packets come here: they are delayed, slowed, lost, doubled
 * and put out of order between any two, as told. When it ends the namespaces go with the last
 * program in them; it ends with its standard input.
 *
 *     relay COUNT
 *
 * prints "ready PID FD..." : namespace i (from 1) is /proc/PID/fd/FD, its address 10.77.0.i. Then a
 * line for each command, from A to B alone (0: all); each is answered by one line:
 *
 *     path A B DELAY_US JITTER_US LOSS_PPM DOUBLE_PPM RATE_KBIT QUEUE_MS   (0: no such bound)
 *     cut A B | join A B
 *     count A B       bytes of TCP payload and packets that were let through
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PORTS_MAX 16u
#define PACKET_BYTES_MAX 2048u
#define PACKETS_MAX 65536u /* on their way: 200 ms of 3 Gbit/s */
#define BATCH 64u          /* packets of one interface before the others have their turn */
#define TX_QUEUE 10000     /* packets of a window that is sent at once */
#define SKIPPED 77

struct packet {
    uint64_t due_ns, number;
    uint32_t to, len;
    uint8_t bytes[PACKET_BYTES_MAX];
};

struct path {
    uint64_t delay_ns, jitter_ns, loss_ppm, double_ppm, rate_kbit, queue_ns;
    bool cut;
    uint64_t free_ns; /* the line is busy until then */
    uint64_t payload_bytes, packets;
};

static struct {
    uint32_t count;
    int tun[PORTS_MAX], ns[PORTS_MAX];
    struct path path[PORTS_MAX][PORTS_MAX];
    struct packet *heap[PACKETS_MAX], *spare[PACKETS_MAX];
    size_t heap_count, spare_count;
    uint64_t number, noise;
} net = {.noise = 88172645463325252u};

static uint64_t now_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

/* The same noise in every run. */
static uint64_t noise(uint64_t below)
{
    net.noise ^= net.noise << 13;
    net.noise ^= net.noise >> 7;
    net.noise ^= net.noise << 17;
    return below == 0 ? 0 : net.noise % below;
}

static void skip(const char *what)
{
    printf("skipped: %s: %s\n", what, strerror(errno));
    exit(SKIPPED);
}

/* Interfaces. */

static void set_address(int fd, struct ifreq *request, unsigned long what, uint32_t address)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
    memcpy(&request->ifr_addr, &at, sizeof(at));
    if (ioctl(fd, what, request) != 0) {
        skip("no address can be set");
    }
}

static void bring_up(const char *name, uint32_t address)
{
    struct ifreq request = {0};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (address != 0) {
        set_address(fd, &request, SIOCSIFADDR, address);
        set_address(fd, &request, SIOCSIFNETMASK, 0xffffff00u);
        request.ifr_qlen = TX_QUEUE;
        ioctl(fd, SIOCSIFTXQLEN, &request);
    }
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0) {
        skip("no interface can be brought up");
    }
    close(fd);
}

/* A namespace with one interface; this process stays in it. */
static void make_port(uint32_t port)
{
    if (unshare(CLONE_NEWNET) != 0) {
        skip("no network namespace can be made");
    }
    net.ns[port] = open("/proc/self/ns/net", O_RDONLY);
    net.tun[port] = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    snprintf(request.ifr_name, sizeof(request.ifr_name), "t0");
    if (net.ns[port] < 0 || net.tun[port] < 0 || ioctl(net.tun[port], TUNSETIFF, &request) != 0) {
        skip("no TUN interface can be made");
    }
    bring_up("lo", 0);
    bring_up("t0", 0x0a4d0001u + port);
}

/* Packets on their way: a heap, the next one first. */

static bool before(const struct packet *a, const struct packet *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->number < b->number;
}

static void push(struct packet *packet)
{
    size_t at = net.heap_count++;
    for (; at > 0 && before(packet, net.heap[(at - 1) / 2]); at = (at - 1) / 2) {
        net.heap[at] = net.heap[(at - 1) / 2];
    }
    net.heap[at] = packet;
}

static struct packet *pop(void)
{
    struct packet *first = net.heap[0], *last = net.heap[--net.heap_count];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < net.heap_count; at = child) {
        if (child + 1 < net.heap_count && before(net.heap[child + 1], net.heap[child])) {
            child++;
        }
        if (!before(net.heap[child], last)) {
            break;
        }
        net.heap[at] = net.heap[child];
    }
    net.heap[at] = last;
    return first;
}

static void send_on(uint32_t to, const uint8_t *bytes, uint32_t len, uint64_t due_ns)
{
    if (net.spare_count == 0 && net.heap_count == PACKETS_MAX) {
        return;
    }
    struct packet *packet =
        net.spare_count > 0 ? net.spare[--net.spare_count] : malloc(sizeof(*packet));
    if (packet == NULL) {
        return;
    }
    packet->due_ns = due_ns;
    packet->number = net.number++;
    packet->to = to;
    packet->len = len;
    memcpy(packet->bytes, bytes, len);
    push(packet);
}

/* Bytes that TCP carries in an IPv4 packet. */
static uint32_t tcp_payload(const uint8_t *bytes, uint32_t len)
{
    uint32_t head = (bytes[0] & 15u) * 4u;
    if (bytes[9] != 6 || head + 20 > len) {
        return 0;
    }
    uint32_t whole = (uint32_t)bytes[2] << 8 | bytes[3];
    uint32_t heads = head + (uint32_t)(bytes[head + 12] >> 4) * 4;
    return whole > heads ? whole - heads : 0;
}

static void take(uint32_t from, const uint8_t *bytes, uint32_t len)
{
    if (len < 20 || bytes[0] >> 4 != 4 || memcmp(bytes + 16, "\x0a\x4d\x00", 3) != 0 ||
        bytes[19] == 0 || bytes[19] > net.count) {
        return; /* not ours: multicast, IPv6 */
    }
    uint32_t to = bytes[19] - 1u;
    struct path *path = &net.path[from][to];
    uint64_t now = now_ns(), due = now;
    if (path->rate_kbit != 0) {
        uint64_t start = path->free_ns > now ? path->free_ns : now;
        if (path->queue_ns != 0 && start - now > path->queue_ns) {
            return; /* the queue before the line is full */
        }
        path->free_ns = due = start + (uint64_t)len * 8000000u / path->rate_kbit;
    }
    if (path->cut || noise(1000000) < path->loss_ppm) {
        return;
    }
    path->payload_bytes += tcp_payload(bytes, len);
    path->packets++;
    for (int copies = noise(1000000) < path->double_ppm ? 2 : 1; copies > 0; copies--) {
        send_on(to, bytes, len, due + path->delay_ns + noise(path->jitter_ns));
    }
}

static void read_port(uint32_t port)
{
    uint8_t bytes[PACKET_BYTES_MAX];
    for (unsigned i = 0; i < BATCH; i++) {
        ssize_t len = read(net.tun[port], bytes, sizeof(bytes));
        if (len <= 0) {
            return;
        }
        take(port, bytes, (uint32_t)len);
    }
}

static void deliver(uint64_t now)
{
    while (net.heap_count > 0 && net.heap[0]->due_ns <= now) {
        struct packet *packet = pop();
        ssize_t put = write(net.tun[packet->to], packet->bytes, packet->len);
        (void)put; /* as a wire: what is not taken is lost */
        net.spare[net.spare_count++] = packet;
    }
}

/* Commands. */

static void on_paths(uint32_t a, uint32_t b, void (*act)(struct path *, const uint64_t *),
                     const uint64_t *values)
{
    for (uint32_t from = 0; from < net.count; from++) {
        for (uint32_t to = 0; to < net.count; to++) {
            if ((a == 0 || a == from + 1) && (b == 0 || b == to + 1)) {
                act(&net.path[from][to], values);
            }
        }
    }
}

static void set_path(struct path *path, const uint64_t *values)
{
    path->delay_ns = values[0] * 1000;
    path->jitter_ns = values[1] * 1000;
    path->loss_ppm = values[2];
    path->double_ppm = values[3];
    path->rate_kbit = values[4];
    path->queue_ns = values[5] * 1000000;
    path->free_ns = 0;
}

static void set_cut(struct path *path, const uint64_t *values)
{
    path->cut = values[0] != 0;
}

static uint64_t counted[2];

static void add_counts(struct path *path, const uint64_t *values)
{
    (void)values;
    counted[0] += path->payload_bytes;
    counted[1] += path->packets;
}

static void obey(const char *line)
{
    char what[8];
    unsigned long a = 0, b = 0, v[6] = {0};
    int got = sscanf(line, "%7s %lu %lu %lu %lu %lu %lu %lu %lu", what, &a, &b, &v[0], &v[1], &v[2],
                     &v[3], &v[4], &v[5]);
    uint64_t values[6] = {v[0], v[1], v[2], v[3], v[4], v[5]};
    if (got == 9 && strcmp(what, "path") == 0) {
        on_paths((uint32_t)a, (uint32_t)b, set_path, values);
    } else if (got == 3 && (strcmp(what, "cut") == 0 || strcmp(what, "join") == 0)) {
        values[0] = what[0] == 'c';
        on_paths((uint32_t)a, (uint32_t)b, set_cut, values);
    } else if (got == 3 && strcmp(what, "count") == 0) {
        counted[0] = counted[1] = 0;
        on_paths((uint32_t)a, (uint32_t)b, add_counts, values);
        printf("%llu %llu\n", (unsigned long long)counted[0], (unsigned long long)counted[1]);
        return;
    } else {
        printf("what? %s\n", line);
        return;
    }
    printf("ok\n");
}

/* Whole lines of what has come; false at the end of the input. */
static bool read_commands(void)
{
    static char text[4096];
    static size_t len;
    ssize_t got = read(STDIN_FILENO, text + len, sizeof(text) - 1 - len);
    if (got <= 0) {
        return false;
    }
    len += (size_t)got;
    text[len] = '\0';
    for (char *end; (end = strchr(text, '\n')) != NULL;) {
        *end = '\0';
        obey(text);
        len -= (size_t)(end + 1 - text);
        memmove(text, end + 1, len + 1);
    }
    return len < sizeof(text) - 1;
}

int main(int argc, char **argv)
{
    struct pollfd files[PORTS_MAX + 1] = {{.fd = STDIN_FILENO, .events = POLLIN}};
    net.count = argc == 2 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
    if (net.count < 1 || net.count > PORTS_MAX) {
        fprintf(stderr, "usage: relay COUNT (1 to %u)\n", PORTS_MAX);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    prctl(PR_SET_TIMERSLACK, 1000);
    for (uint32_t port = 0; port < net.count; port++) {
        make_port(port);
        files[port + 1] = (struct pollfd){.fd = net.tun[port], .events = POLLIN};
    }
    printf("ready %ld", (long)getpid());
    for (uint32_t port = 0; port < net.count; port++) {
        printf(" %d", net.ns[port]);
    }
    printf("\n");
    while ((files[0].revents & (POLLIN | POLLHUP)) == 0 || read_commands()) {
        uint64_t now = now_ns();
        deliver(now);
        uint64_t wait = net.heap_count == 0 ? 1000000000u : net.heap[0]->due_ns - now;
        wait = net.heap_count > 0 && net.heap[0]->due_ns < now ? 0 : wait;
        const struct timespec time = {.tv_sec = (time_t)(wait / 1000000000u),
                                      .tv_nsec = (long)(wait % 1000000000u)};
        if (ppoll(files, net.count + 1, &time, NULL) < 0 && errno != EINTR) {
            return 1;
        }
        for (uint32_t port = 0; port < net.count; port++) {
            if ((files[port + 1].revents & POLLIN) != 0) {
                read_port(port);
            }
        }
    }
    return 0;
}
