/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * nodes: real nodes on loopback for benchmarks in C: homes, a federation, tocsind as a child, the
 * control socket. Ends the program with a line on stderr when something is not as it must be.
 * Header only.
 */
#ifndef TOC_TEST_NODES_H
#define TOC_TEST_NODES_H

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "api.h"
#include "folder.h"

#define NODES_SKIPPED 77
#define NODES_WAIT_S 120 /* for anything that should take a second */
#define NODES_MAX 64u    /* of one federation */

struct node {
    const char *handle;
    char home[512], credential[544], card[544], log[544];
    unsigned port;
    pid_t pid;
};

static struct folder nodes_folder;
static struct node *nodes_running[NODES_MAX];
static size_t nodes_running_count;

static inline double nodes_now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static inline void nodes_end(void)
{
    for (size_t i = 0; i < nodes_running_count; i++) {
        if (nodes_running[i]->pid > 0) {
            kill(nodes_running[i]->pid, SIGKILL);
            waitpid(nodes_running[i]->pid, NULL, 0);
        }
    }
    folder_remove(&nodes_folder);
}

__attribute__((format(printf, 1, 2))) _Noreturn static inline void nodes_die(const char *format,
                                                                             ...)
{
    va_list values;
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
    exit(1);
}

/* Path of a program of the build. Lends: until the next call. */
static inline const char *nodes_program(const char *name)
{
    static char path[1024];
    const char *bin = getenv("TOCSIN_BIN");
    snprintf(path, sizeof(path), "%s/%s", bin == NULL ? "build/bin" : bin, name);
    if (access(path, X_OK) != 0) {
        printf("skipped: %s is not built\n", path);
        exit(NODES_SKIPPED);
    }
    return path;
}

/* Waits a moment between two looks at a condition. */
static inline void nodes_pause_us(long us)
{
    const struct timespec time = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    ppoll(NULL, 0, &time, NULL);
}

static inline void nodes_pause(long ms)
{
    nodes_pause_us(ms * 1000);
}

/* Starts a program; stdout and stderr go to files (NULL: they stay), `out` from its start. */
static inline pid_t nodes_spawn(const char *program, const char *const *arguments, const char *out,
                                const char *err)
{
    extern char **environ;
    posix_spawn_file_actions_t files;
    pid_t pid;
    posix_spawn_file_actions_init(&files);
    if (out != NULL) {
        posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, out, O_WRONLY | O_CREAT | O_TRUNC,
                                         0600);
    }
    if (err != NULL) {
        posix_spawn_file_actions_addopen(&files, STDERR_FILENO, err, O_WRONLY | O_CREAT | O_APPEND,
                                         0600);
    }
    if (posix_spawn(&pid, nodes_program(program), &files, NULL, (char *const *)(uintptr_t)arguments,
                    environ) != 0) {
        nodes_die("%s cannot be started", program);
    }
    posix_spawn_file_actions_destroy(&files);
    return pid;
}

/* Runs `tocsin`; it must end with 0. `out`: where stdout goes. */
static inline void nodes_run(const char *out, const char *const *arguments)
{
    int status = 0;
    pid_t pid = nodes_spawn("tocsin", arguments, out, NULL);
    if (waitpid(pid, &status, 0) != pid || status != 0) {
        nodes_die("tocsin %s failed", arguments[1]);
    }
}

/* The same with the arguments up to NULL. `out` NULL: stdout goes nowhere. */
__attribute__((sentinel)) static inline void nodes_cli(const char *out, ...)
{
    const char *arguments[24] = {"tocsin"};
    size_t count = 1;
    va_list values;
    va_start(values, out);
    while (count < 23 && (arguments[count] = va_arg(values, const char *)) != NULL) {
        count++;
    }
    va_end(values);
    nodes_run(out == NULL ? "/dev/null" : out, arguments);
}

/* A port that is free now, below those that the system gives to connections: many nodes dial each
 * other while the last ones start. */
static inline unsigned nodes_free_port(void)
{
    static unsigned next;
    next = next == 0 ? 10240 + (unsigned)getpid() % 20000 : next;
    for (unsigned tries = 0; tries < 1000; tries++) {
        struct sockaddr_in address = {.sin_family = AF_INET};
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        next = next < 32000 ? next + 1 : 10240;
        address.sin_port = htons((uint16_t)next);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        bool is_free = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
        close(fd);
        if (is_free) {
            return next;
        }
    }
    nodes_die("no free port");
}

static inline void nodes_init(struct node *node, const char *handle, const char *country)
{
    uint8_t secret[32];
    FILE *random = fopen("/dev/urandom", "rb");
    if (random == NULL || fread(secret, sizeof(secret), 1, random) != 1) {
        nodes_die("no entropy");
    }
    fclose(random);
    node->handle = handle;
    node->port = nodes_free_port();
    node->pid = 0;
    snprintf(node->home, sizeof(node->home), "%s/%s", nodes_folder.path, handle);
    snprintf(node->credential, sizeof(node->credential), "%s.credential", node->home);
    snprintf(node->card, sizeof(node->card), "%s.card", node->home);
    snprintf(node->log, sizeof(node->log), "%s.log", node->home);
    FILE *file = fopen(node->credential, "wb");
    if (file == NULL || fwrite(secret, sizeof(secret), 1, file) != 1 || fclose(file) != 0) {
        nodes_die("cannot write %s", node->credential);
    }
    char listen[64], recovery[600];
    snprintf(listen, sizeof(listen), "127.0.0.1:%u", node->port);
    snprintf(recovery, sizeof(recovery), "%s.recovery", node->home);
    nodes_cli(NULL, "init", "--home", node->home, "--org", handle, "--country", country, "--listen",
              listen, "--credential", node->credential, "--recovery-out", recovery, NULL);
    nodes_cli(node->card, "card", "--home", node->home, NULL);
}

/* One genesis that all have drafted, signed and adopted. */
static inline void nodes_adopt(struct node *nodes, size_t count)
{
    char genesis[300];
    const char *draft[NODES_MAX + 12] = {
        "tocsin", "federation", "found",        "--home",           "", "--name", "Bench",
        "-o",     genesis,      "--credential", nodes[0].credential};
    size_t used = 11;
    snprintf(genesis, sizeof(genesis), "%s/genesis", nodes_folder.path);
    draft[4] = nodes[0].home;
    for (size_t i = 0; i < count; i++) {
        draft[used++] = nodes[i].card;
    }
    nodes_run("/dev/null", draft);
    for (size_t i = 0; i < count; i++) {
        nodes_cli(NULL, "federation", "sign", genesis, "--yes", "--home", nodes[i].home,
                  "--credential", nodes[i].credential, NULL);
    }
    for (size_t i = 0; i < count; i++) {
        nodes_cli(NULL, "federation", "adopt", genesis, "--home", nodes[i].home, "--credential",
                  nodes[i].credential, NULL);
    }
}

/* A federation of `count` founders, three at least, NODES_MAX at most. None is started. */
static inline void nodes_found(struct node *nodes, size_t count)
{
    static char handles[NODES_MAX][8];
    static const char *const countries[] = {"FR", "PL", "EE", "PT", "SE", "IT"};
    signal(SIGPIPE, SIG_IGN);
    setenv("TOCSIN_TEST_ARGON_KIB", "8", 1);
    unsetenv("TOCSIN_HOME");
    nodes_program("tocsind");
    nodes_program("tocsin-index");
    folder_make(&nodes_folder);
    atexit(nodes_end);
    for (size_t i = 0; i < count; i++) {
        snprintf(handles[i], sizeof(handles[i]), "C%02u", (unsigned)i);
        nodes_init(&nodes[i], handles[i], countries[i % 6]);
    }
    nodes_adopt(nodes, count);
}

/* A node that stores and passes on alone. */
static inline void nodes_as_relay(const struct node *node)
{
    char path[600], text[16384];
    struct toc_conf conf;
    struct toc_bytes bytes;
    struct toc_line line = {{0}};
    snprintf(path, sizeof(path), "%s/" TOC_HOME_CONF, node->home);
    toc_conf_init(&conf);
    if (toc_failed(toc_file_read(path, TOC_CONF_BYTES_MAX, &bytes, &line)) ||
        toc_failed(toc_conf_parse(&conf, toc_span(bytes.at, bytes.len), path, &line))) {
        nodes_die("%s", line.text);
    }
    conf.node_index = false;
    size_t len = toc_conf_text(text, sizeof(text), &conf);
    toc_bytes_free(&bytes);
    if (toc_failed(toc_file_write(path, toc_span(text, len), 0600, TOC_REPLACE_YES, &line))) {
        nodes_die("%s", line.text);
    }
}

static inline void nodes_start(struct node *node)
{
    const char *const arguments[] = {"tocsind",      "--home",         node->home,
                                     "--credential", node->credential, NULL};
    node->pid = nodes_spawn("tocsind", arguments, NULL, node->log);
    bool known = false;
    for (size_t i = 0; i < nodes_running_count; i++) {
        known = known || nodes_running[i] == node;
    }
    if (!known) {
        nodes_running[nodes_running_count++] = node;
    }
}

static inline void nodes_stop(struct node *node)
{
    kill(node->pid, SIGTERM);
    waitpid(node->pid, NULL, 0);
    node->pid = 0;
}

/* A connection to the node, waited for. */
static inline struct toc_client *nodes_connect(const struct node *node)
{
    struct toc_client *client;
    struct toc_line line;
    double end = nodes_now() + NODES_WAIT_S;
    while (toc_failed(toc_client_open(&client, node->home, &line))) {
        if (nodes_now() > end || waitpid(node->pid, NULL, WNOHANG) == node->pid) {
            nodes_die("%s does not answer; its log is %s", node->handle, node->log);
        }
        nodes_pause(1);
    }
    return client;
}

/* Asks for one row with the fields that `fill` adds. Gives false when there is none. The row lives
 * until the next request. */
static inline bool nodes_ask(struct toc_client *client, struct toc_build *request,
                             struct toc_message *row)
{
    struct toc_line line = {{0}};
    struct toc_message next;
    bool any = false;
    static _Thread_local uint8_t kept[65536];
    if (toc_failed(toc_client_ask(client, request, &line))) {
        nodes_die("%s", line.text);
    }
    toc_build_clear(request);
    struct toc_err err;
    while (!toc_failed(err = toc_client_next(client, &next, &line))) {
        if (!any && next.map.len <= sizeof(kept)) {
            memcpy(kept, next.map.at, next.map.len);
            row->map = toc_span(kept, next.map.len);
            any = true;
        }
    }
    if (err.code != TOC_ABSENT) {
        nodes_die("%s", line.text);
    }
    return any;
}

/* Publishes one domain to all; returns when it is acknowledged. */
static inline void nodes_publish(struct toc_client *client, const char *value)
{
    struct toc_build request;
    struct toc_message row;
    const struct toc_span all = toc_span_str("all");
    toc_build_init(&request, 65536);
    toc_build_str(&request, TOC_FIELD_COMMAND, "publish");
    toc_build_texts(&request, TOC_FIELD_AUDIENCE, &all, 1);
    toc_build_str(&request, TOC_FIELD_TLP, "green");
    toc_build_str(&request, TOC_FIELD_TITLE, "a bulletin of the benchmark");
    toc_build_list(&request, TOC_FIELD_IOCS);
    toc_build_row(&request);
    toc_build_str(&request, TOC_FIELD_KIND, "domain");
    toc_build_str(&request, TOC_FIELD_VALUE, value);
    toc_build_row_end(&request);
    toc_build_list_end(&request);
    if (!nodes_ask(client, &request, &row)) {
        nodes_die("nothing was published");
    }
}

/* Does a lookup of this value find a bulletin? */
static inline bool nodes_knows(struct toc_client *client, const char *value)
{
    struct toc_build request;
    struct toc_message row;
    const struct toc_span values = toc_span_str(value);
    toc_build_init(&request, 65536);
    toc_build_str(&request, TOC_FIELD_COMMAND, "lookup");
    toc_build_texts(&request, TOC_FIELD_VALUES, &values, 1);
    return nodes_ask(client, &request, &row) && toc_message_flag(&row, TOC_FIELD_KNOWN);
}

/* A number out of the node's status. */
static inline uint64_t nodes_status(struct toc_client *client, enum toc_field field)
{
    struct toc_build request;
    struct toc_message row;
    toc_build_init(&request, 1024);
    toc_build_str(&request, TOC_FIELD_COMMAND, "status");
    if (!nodes_ask(client, &request, &row)) {
        nodes_die("no status");
    }
    return toc_message_number(&row, field);
}

/* Resident memory of one process, KiB, without the pages of the store that it has mapped: those are
 * the system's page cache. */
static inline unsigned long nodes_rss_kib(long pid)
{
    char path[64], line[512];
    unsigned long kib, sum = 0;
    bool counted = true;
    snprintf(path, sizeof(path), "/proc/%ld/smaps", pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strchr(line, '-') != NULL && strstr(line, "kB") == NULL) {
            counted = strstr(line, "data.mdb") == NULL;
        } else if (counted && sscanf(line, "Rss: %lu kB", &kib) == 1) {
            sum += kib;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return sum;
}

/* Sums `of` over the node and its indexers. The keeper of these is one of several threads; each may
 * have children. */
static inline double nodes_sum(const struct node *node, double (*of)(long pid))
{
    char path[96];
    long pid = 0;
    double sum = of((long)node->pid);
    snprintf(path, sizeof(path), "/proc/%ld/task", (long)node->pid);
    DIR *tasks = opendir(path);
    for (struct dirent *task; tasks != NULL && (task = readdir(tasks)) != NULL;) {
        snprintf(path, sizeof(path), "/proc/%ld/task/%.20s/children", (long)node->pid,
                 task->d_name);
        FILE *list = fopen(path, "r");
        while (list != NULL && fscanf(list, "%ld", &pid) == 1) {
            sum += of(pid);
        }
        if (list != NULL) {
            fclose(list);
        }
    }
    if (tasks != NULL) {
        closedir(tasks);
    }
    return sum;
}

static inline double nodes_rss_of(long pid)
{
    return (double)nodes_rss_kib(pid) / 1024;
}

/* Resident memory of the node and its indexers together, MiB. */
static inline double nodes_rss_mib(const struct node *node)
{
    return nodes_sum(node, nodes_rss_of);
}

/* Processor time of one process and of its children that have ended, seconds. */
static inline double nodes_cpu_of(long pid)
{
    char path[64];
    unsigned long times[4] = {0, 0, 0, 0};
    snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    FILE *file = fopen(path, "r");
    int read = file == NULL ? 0
                            : fscanf(file,
                                     "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
                                     "%lu %lu %lu %lu",
                                     &times[0], &times[1], &times[2], &times[3]);
    if (file != NULL) {
        fclose(file);
    }
    return read != 4
               ? 0
               : (double)(times[0] + times[1] + times[2] + times[3]) / (double)sysconf(_SC_CLK_TCK);
}

/* The same of the node and its indexers together, seconds. */
static inline double nodes_cpu_s(const struct node *node)
{
    return nodes_sum(node, nodes_cpu_of);
}

#endif
