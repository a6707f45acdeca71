/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * nodes: real nodes on loopback for benchmarks in C: homes, a federation, tocsind as a child, the
 * control socket. Ends the program with a line on stderr when something is not as it must be.
 * Header only.
 */
#ifndef TOC_TEST_NODES_H
#define TOC_TEST_NODES_H

#include <arpa/inet.h>
#include <netinet/in.h>
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

struct node {
    const char *handle;
    char home[512], credential[512], card[512], log[512];
    unsigned port;
    pid_t pid;
};

static struct folder nodes_folder;
static struct node *nodes_running[8];
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

/* Runs `tocsin` with arguments as the shell splits them; it must end with 0. */
__attribute__((format(printf, 1, 2))) static inline void nodes_cli(const char *format, ...)
{
    char arguments[4096], command[6144];
    va_list values;
    va_start(values, format);
    vsnprintf(arguments, sizeof(arguments), format, values);
    va_end(values);
    snprintf(command, sizeof(command), "%s %s", nodes_program("tocsin"), arguments);
    if (system(command) != 0) {
        nodes_die("failed: %s", command);
    }
}

static inline unsigned nodes_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        nodes_die("no free port");
    }
    close(fd);
    return ntohs(address.sin_port);
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
    nodes_cli("init --home %s --org %s --country %s --listen 127.0.0.1:%u --credential %s "
              "--recovery-out %s.recovery > /dev/null 2>&1",
              node->home, handle, country, node->port, node->credential, node->home);
    nodes_cli("card --home %s > %s", node->home, node->card);
}

/* Three founders, the least that a federation has. */
static inline void nodes_found(struct node nodes[static 3])
{
    static const char *const handles[] = {"AA", "BB", "CC"}, *const countries[] = {"FR", "PL",
                                                                                   "EE"};
    signal(SIGPIPE, SIG_IGN);
    setenv("TOCSIN_TEST_ARGON_KIB", "8", 1);
    unsetenv("TOCSIN_HOME");
    nodes_program("tocsind");
    nodes_program("tocsin-index");
    folder_make(&nodes_folder);
    atexit(nodes_end);
    for (size_t i = 0; i < 3; i++) {
        nodes_init(&nodes[i], handles[i], countries[i]);
    }
    nodes_cli("federation found --home %s --name Bench -o %s/genesis --credential %s %s %s %s "
              "> /dev/null",
              nodes[0].home, nodes_folder.path, nodes[0].credential, nodes[0].card, nodes[1].card,
              nodes[2].card);
    for (size_t i = 0; i < 3; i++) {
        nodes_cli("federation sign %s/genesis --home %s --credential %s > /dev/null",
                  nodes_folder.path, nodes[i].home, nodes[i].credential);
    }
    for (size_t i = 0; i < 3; i++) {
        nodes_cli("federation adopt %s/genesis --home %s --credential %s > /dev/null",
                  nodes_folder.path, nodes[i].home, nodes[i].credential);
    }
}

/* A node that stores and passes on alone. */
static inline void nodes_as_relay(const struct node *node)
{
    char command[2048];
    snprintf(command, sizeof(command), "sed -i 's/^index = yes/index = no/' %s/tocsin.conf",
             node->home);
    if (system(command) != 0) {
        nodes_die("cannot change the configuration of %s", node->handle);
    }
}

static inline void nodes_start(struct node *node)
{
    extern char **environ;
    char *const arguments[] = {(char *)(uintptr_t) "tocsind",
                               (char *)(uintptr_t) "--home",
                               node->home,
                               (char *)(uintptr_t) "--credential",
                               node->credential,
                               NULL};
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, node->log,
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (posix_spawn(&node->pid, nodes_program("tocsind"), &files, NULL, arguments, environ) != 0) {
        nodes_die("tocsind cannot be started");
    }
    posix_spawn_file_actions_destroy(&files);
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
        usleep(1000);
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
    static uint8_t kept[65536];
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

/* The same of the node and its indexers together, MiB. */
static inline double nodes_rss_mib(const struct node *node)
{
    char command[256];
    long pid = 0;
    unsigned long sum = 0;
    snprintf(command, sizeof(command), "ps -o pid= -p %ld --ppid %ld", (long)node->pid,
             (long)node->pid);
    FILE *list = popen(command, "r");
    while (list != NULL && fscanf(list, "%ld", &pid) == 1) {
        sum += nodes_rss_kib(pid);
    }
    if (list != NULL) {
        pclose(list);
    }
    return (double)sum / 1024;
}

#endif
