/* SPDX-License-Identifier: EUPL-1.2 */
#include "verify.h"

#include "answer_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child gets first; then the path of the store, then a pair for each log. Both ends are
 * one program, so a struct is a message. */
struct order {
    uint8_t federation[TOC_ID_BYTES];
    uint32_t path_len;
    uint32_t pair_count;
};
struct pair {
    uint8_t log[TOC_ID_BYTES], key[TOC_KEY_BYTES];
};

/* the child */

struct pairs {
    struct pair *at;
    size_t count;
};

static bool find_key(void *arg, const uint8_t *log, uint8_t *key)
{
    const struct pairs *pairs = arg;
    for (size_t i = 0; i < pairs->count; i++) {
        if (memcmp(pairs->at[i].log, log, TOC_ID_BYTES) == 0) {
            memcpy(key, pairs->at[i].key, TOC_KEY_BYTES);
            return true;
        }
    }
    return false;
}

int toc_verify_child(void)
{
    struct order order;
    char path[2 * TOC_PATH_BYTES] = {0};
    if (toc_failed(toc_process_harden(NULL))) {
        return TOC_EXIT_FAILED;
    }
    if (fread(&order, sizeof(order), 1, stdin) != 1 || order.path_len >= sizeof(path) ||
        order.pair_count > TOC_LOGS_MAX || fread(path, order.path_len, 1, stdin) != 1) {
        return TOC_EXIT_FAILED;
    }
    struct pairs pairs = {.count = order.pair_count};
    pairs.at = calloc(pairs.count + 1, sizeof(*pairs.at));
    struct toc_verify_report *report = calloc(1, sizeof(*report));
    if (pairs.at == NULL || report == NULL ||
        fread(pairs.at, sizeof(*pairs.at), pairs.count, stdin) != pairs.count) {
        return TOC_EXIT_FAILED;
    }
    struct toc_verify_options options = {.log_key = find_key, .arg = &pairs};
    memcpy(options.federation, order.federation, TOC_ID_BYTES);
    struct toc_err err = toc_store_verify(path, &options, report);
    bool told = fwrite(&err.code, sizeof(err.code), 1, stdout) == 1 &&
                fwrite(report, sizeof(*report), 1, stdout) == 1 && fflush(stdout) == 0;
    free(pairs.at);
    free(report);
    return told ? TOC_EXIT_DONE : TOC_EXIT_FAILED;
}

/* the desk */

static pid_t start_child(int in, int out)
{
    char *const arguments[] = {(char *)(uintptr_t) "tocsind",
                               (char *)(uintptr_t)TOC_VERIFY_ARGUMENT, NULL};
    char *const environment[] = {NULL};
    posix_spawn_file_actions_t files;
    pid_t pid = 0;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    int failed = posix_spawn(&pid, "/proc/self/exe", &files, NULL, arguments, environment);
    posix_spawn_file_actions_destroy(&files);
    return failed == 0 ? pid : -1;
}

static bool get(int fd, void *bytes, size_t len)
{
    uint8_t *at = bytes;
    while (len > 0) {
        ssize_t count = read(fd, at, len);
        if (count == 0 || (count < 0 && errno != EINTR)) {
            return false;
        }
        at += count > 0 ? count : 0;
        len -= count > 0 ? (size_t)count : 0;
    }
    return true;
}

/* Talks to a child over two pipes. Fails: IO. */
static struct toc_err run_child(const struct order *order, const char *path,
                                const struct pairs *pairs, struct toc_verify_report *report)
{
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) != 0) {
        return toc_fail(TOC_IO, "no descriptors for verifying");
    }
    if (pipe2(out, O_CLOEXEC) != 0) {
        close(in[0]);
        close(in[1]);
        return toc_fail(TOC_IO, "no descriptors for verifying");
    }
    pid_t pid = start_child(in[0], out[1]);
    close(in[0]);
    close(out[1]);
    enum toc_code code = TOC_IO;
    bool told = pid > 0 && toc_file_put(in[1], toc_span(order, sizeof(*order))) &&
                toc_file_put(in[1], toc_span(path, order->path_len)) &&
                toc_file_put(in[1], toc_span(pairs->at, pairs->count * sizeof(*pairs->at)));
    close(in[1]);
    told = told && get(out[0], &code, sizeof(code)) && get(out[0], report, sizeof(*report));
    close(out[0]);
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    if (!told) {
        return toc_fail(TOC_IO, "the verifying process ended early");
    }
    return code == TOC_OK || code == TOC_CORRUPT ? toc_ok() : toc_fail(code, toc_code_text(code));
}

/* log keys, on the loop's thread */

struct collecting {
    const struct toc_desk *desk;
    const uint8_t *logs; /* ids */
    size_t log_count;
    struct pairs pairs;
};

static void collect(void *loop, void *arg)
{
    struct collecting *collecting = arg;
    const struct toc_core *core = collecting->desk->core(loop);
    for (size_t i = 0; i < collecting->log_count; i++) {
        struct toc_log_view view;
        if (!toc_failed(toc_core_view_log(core, collecting->logs + i * TOC_ID_BYTES, &view))) {
            struct pair *pair = &collecting->pairs.at[collecting->pairs.count++];
            memcpy(pair->log, view.id, TOC_ID_BYTES);
            memcpy(pair->key, view.log_key, TOC_KEY_BYTES);
        }
    }
}

struct ids {
    uint8_t *at;
    size_t count, max;
};

static struct toc_err note_log(void *arg, const uint8_t *log, const struct toc_log_head *head)
{
    struct ids *ids = arg;
    (void)head;
    if (ids->count == ids->max) {
        size_t max = ids->max == 0 ? 64 : ids->max * 2;
        uint8_t *grown = realloc(ids->at, max * TOC_ID_BYTES);
        if (grown == NULL) {
            return toc_fail(TOC_FULL, "out of memory");
        }
        ids->at = grown;
        ids->max = max;
    }
    memcpy(ids->at + ids->count++ * TOC_ID_BYTES, log, TOC_ID_BYTES);
    return toc_ok();
}

static struct toc_err verify_store(const struct toc_desk *desk, struct toc_answer *answer,
                                   struct toc_verify_report *report)
{
    struct ids ids = {.at = NULL};
    struct toc_err err = toc_store_each_head(desk->store, note_log, &ids);
    struct collecting collecting = {.desk = desk, .logs = ids.at, .log_count = ids.count};
    collecting.pairs.at = calloc(ids.count + 1, sizeof(*collecting.pairs.at));
    if (collecting.pairs.at == NULL) {
        err = toc_fail(TOC_FULL, "out of memory");
    } else if (!desk->call(desk->loop, collect, &collecting)) {
        err = toc_fail(TOC_UNREACHABLE, "the node is stopping");
    } else {
        char path[TOC_PATH_BYTES + 16];
        int len = snprintf(path, sizeof(path), "%s/" TOC_HOME_STORE, desk->home->path);
        struct order order = {.path_len = (uint32_t)len,
                              .pair_count = (uint32_t)collecting.pairs.count};
        memcpy(order.federation, desk->federation, TOC_ID_BYTES);
        err = run_child(&order, path, &collecting.pairs, report);
    }
    free(collecting.pairs.at);
    free(ids.at);
    if (toc_failed(err)) {
        return TOC_REFUSE(answer, err.code, "the store cannot be verified: %s", err.why);
    }
    return err;
}

/* the row */

static void fault_lines(struct toc_build *row, const struct toc_verify_report *report,
                        const struct toc_line *audit)
{
    size_t kept = report->fault_count < TOC_VERIFY_FAULTS_MAX ? (size_t)report->fault_count
                                                              : TOC_VERIFY_FAULTS_MAX;
    toc_build_list(row, TOC_FIELD_LINES);
    for (size_t i = 0; i < kept; i++) {
        const struct toc_verify_fault *fault = &report->faults[i];
        char log[TOC_ID_TEXT_BYTES];
        struct toc_line line;
        toc_id_text(log, fault->log);
        toc_line_set(&line, "log %.10s, seq %llu: %s (%s)", log, (unsigned long long)fault->seq,
                     toc_verify_text(fault->kind), toc_code_text(fault->code));
        toc_build_item(row, toc_span_str(line.text));
    }
    if (audit->text[0] != '\0') {
        toc_build_item(row, toc_span_str(audit->text));
    }
    toc_build_list_end(row);
}

static struct toc_err verify(const struct toc_desk *desk, struct toc_answer *answer,
                             struct toc_verify_report *report)
{
    TOC_TRY(verify_store(desk, answer, report));
    struct toc_line audit = {{0}};
    uint64_t audit_lines = 0;
    struct toc_err err = toc_audit_verify(desk->home, &audit_lines, &audit);
    uint64_t damaged = report->fault_count + (toc_failed(err) ? 1 : 0);
    struct toc_build row;
    toc_answer_row(&row, "verified");
    toc_build_number(&row, TOC_FIELD_LOGS, report->log_count);
    toc_build_number(&row, TOC_FIELD_ENTRIES, report->entry_count);
    toc_build_number(&row, TOC_FIELD_BLOCKS, report->block_count);
    toc_build_number(&row, TOC_FIELD_DAMAGED, damaged);
    fault_lines(&row, report, &audit);
    toc_build_number(&row, TOC_FIELD_AUDIT_LINES, audit_lines);
    toc_build_number(&row, TOC_FIELD_SIGNATURES, report->signature_count);
    toc_build_number(&row, TOC_FIELD_UNSIGNED_LOGS, report->unsigned_log_count);
    if (!answer->row(answer->client, &row)) {
        return TOC_GONE;
    }
    if (damaged > 0) {
        return TOC_REFUSE(answer, TOC_CORRUPT,
                          "%llu faults: stop the node, keep its store as it is, and see \"When "
                          "something is wrong\" in node/OPERATING.md",
                          (unsigned long long)damaged);
    }
    return toc_ok();
}

struct toc_err toc_answer_verify(const struct toc_desk *desk, struct toc_answer *answer)
{
    struct toc_verify_report *report = calloc(1, sizeof(*report));
    if (report == NULL) {
        return TOC_REFUSE(answer, TOC_FULL, "out of memory");
    }
    struct toc_err err = verify(desk, answer, report);
    free(report);
    return err;
}
