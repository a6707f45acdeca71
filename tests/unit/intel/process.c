/* SPDX-License-Identifier: EUPL-1.2 */
/* The program tocsin-index over real pipes: answers, refusals, ends. */
#include "check.h"
#include "index_wire.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

/* An answer of the process takes milliseconds; one that takes longer than this never comes. */
#define ANSWER_MS_MAX 60000

struct process {
    pid_t pid;
    int in;
    int out;
};

static const char *program(void)
{
    static char path[4096];
    const char *bin = getenv("TOCSIN_BIN");
    (void)snprintf(path, sizeof path, "%s/tocsin-index", bin == NULL ? "bin" : bin);
    return path;
}

static struct process start(void)
{
    int in[2];
    int out[2];
    struct process process;
    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    process.pid = fork();
    assert_true(process.pid >= 0);
    if (process.pid == 0) {
        (void)dup2(in[0], STDIN_FILENO);
        (void)dup2(out[1], STDOUT_FILENO);
        (void)close(in[1]);
        (void)close(out[0]);
        (void)execl(program(), "tocsin-index", (char *)NULL);
        _exit(127);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    process.in = in[1];
    process.out = out[0];
    return process;
}

/* Exit status after the end of input; -1 when a signal ended it. */
static int end(struct process *process)
{
    int status = 0;
    (void)close(process->in);
    assert_int_equal(waitpid(process->pid, &status, 0), process->pid);
    (void)close(process->out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void put(const struct process *process, const void *at, size_t len)
{
    const uint8_t *bytes = at;
    while (len > 0) {
        ssize_t done = write(process->in, bytes, len);
        assert_true(done > 0);
        bytes += done;
        len -= (size_t)done;
    }
}

static void get(const struct process *process, uint8_t *at, size_t len)
{
    while (len > 0) {
        struct pollfd ready = {.fd = process->out, .events = POLLIN};
        assert_int_equal(poll(&ready, 1, ANSWER_MS_MAX), 1);
        ssize_t done = read(process->out, at, len);
        assert_true(done > 0);
        at += done;
        len -= (size_t)done;
    }
}

/* Canonical bytes of a bulletin with one document. Gives: free() them. */
static struct toc_span bulletin_with(const char *media_type, const char *document)
{
    struct toc_document documents[1] = {{.media_type = toc_span_str(media_type),
                                         .name = toc_span_str("name"),
                                         .bytes = toc_span_str(document)}};
    static const struct toc_indicator indicator = {.kind = {(const uint8_t *)"domain", 6},
                                                   .value = {(const uint8_t *)"evil.example", 12},
                                                   .confidence = 255};
    struct toc_bulletin bulletin = {.title = toc_span_str("t"),
                                    .kind = TOC_BULLETIN_NOTE,
                                    .tlp = TOC_TLP_GREEN,
                                    .published = {1000},
                                    .indicators = &indicator,
                                    .indicator_count = 1,
                                    .documents = documents,
                                    .document_count = 1};
    memset(bulletin.federation, 1, sizeof bulletin.federation);
    memset(bulletin.author, 2, sizeof bulletin.author);
    memset(bulletin.nonce, 3, sizeof bulletin.nonce);
    size_t size = toc_bulletin_encode_bytes_max(&bulletin);
    uint8_t *memory = malloc(size);
    struct toc_span canonical;
    assert_non_null(memory);
    assert_ok(toc_bulletin_encode(&bulletin, (struct toc_room){memory, size}, &canonical));
    assert_ptr_equal(canonical.at, memory);
    return canonical;
}

/* Sends a request and decodes the reply. */
static struct toc_err ask(const struct process *process, struct toc_span canonical,
                          struct toc_intel_reading *reading)
{
    uint8_t head[TOC_INDEX_REQUEST_HEAD_BYTES];
    uint8_t length[TOC_INDEX_LENGTH_BYTES];
    toc_index_request_head(head, canonical.len);
    put(process, head, sizeof head);
    put(process, canonical.at, canonical.len);
    get(process, length, sizeof length);
    size_t len = toc_le32(length);
    uint8_t *body = malloc(len);
    assert_non_null(body);
    get(process, body, len);
    toc_intel_reading_init(reading);
    struct toc_err err = toc_index_decode_reply(reading, toc_span(body, len));
    free(body);
    return err;
}

static void it_answers_one_bulletin_after_another_and_ends_with_its_input(void **state)
{
    (void)state;
    static struct toc_intel_reading reading;
    struct process process = start();
    struct toc_span good = bulletin_with("text/plain", "192.0.2.1\nevil2.example\n");
    struct toc_span bad = bulletin_with("application/stix+json", "{\n\"type\": }");
    for (int round = 0; round < 3; round++) {
        assert_ok(ask(&process, good, &reading));
        assert_int_equal(reading.facts.count, 3);
        assert_int_equal(reading.facts.counts.indicators, 3);
        assert_span(reading.facts.at[0].value, toc_span_str("evil.example"));
        assert_int_equal(reading.facts.at[0].document, 0);
        assert_int_equal(reading.facts.at[1].kind, TOC_VALUE_IP);
        assert_int_equal(reading.facts.at[1].document, 1);
        assert_int_equal(reading.formats[0], TOC_FORMAT_TEXT);
        toc_intel_reading_clear(&reading);

        assert_code(ask(&process, bad, &reading), TOC_SYNTAX);
        assert_int_equal(reading.document, 1);
        assert_int_equal(reading.fault.line, 2);
        assert_int_equal(reading.fault.column, 9);
        assert_string_equal(reading.fault.detail, "unexpected token near '}'");
        assert_int_equal(reading.facts.count, 0);
    }
    free((void *)(uintptr_t)good.at);
    free((void *)(uintptr_t)bad.at);
    assert_int_equal(end(&process), 0);
}

static void bytes_that_are_no_bulletin_are_refused_and_the_next_goes_on(void **state)
{
    (void)state;
    static struct toc_intel_reading reading;
    struct process process = start();
    struct toc_span good = bulletin_with("text/plain", "192.0.2.1\n");
    struct toc_err err = ask(&process, toc_span_str("no bulletin"), &reading);
    assert_true(toc_failed(err));
    assert_int_equal(reading.facts.count, 0);
    assert_ok(ask(&process, good, &reading));
    toc_intel_reading_clear(&reading);
    free((void *)(uintptr_t)good.at);
    assert_int_equal(end(&process), 0);
}

static const struct {
    const char *bytes;
    size_t len;
} broken[] = {
    {"\x05\0\0", 3},           /* cut in the length */
    {"\x05\0\0\0\x01\x80", 6}, /* cut in the body */
    {"\0\0\0\0", 4},           /* empty */
    {"\xff\xff\xff\xff", 4},   /* larger than any bulletin */
    {"\x01\0\0\0\x09", 5},     /* unknown op */
};

static void broken_requests_end_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct process process = start();
        put(&process, broken[i].bytes, broken[i].len);
        assert_int_equal(end(&process), 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_answers_one_bulletin_after_another_and_ends_with_its_input),
        cmocka_unit_test(bytes_that_are_no_bulletin_are_refused_and_the_next_goes_on),
        cmocka_unit_test(broken_requests_end_it),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    if (access(program(), X_OK) != 0) {
        (void)printf("skipped: %s is not built\n", program());
        return CHECK_SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
