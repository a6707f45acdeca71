/* SPDX-License-Identifier: EUPL-1.2 */
#include "command.h"
#include "term.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

static void print_line(const char *text)
{
    (void)fflush(stdout);
    (void)fputs("tocsin: ", stderr);
    toc_term_print(stderr, text);
    (void)fputc('\n', stderr);
}

enum toc_exit toc_complain(enum toc_exit status, const char *format, ...)
{
    char text[TOC_LINE_BYTES];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    print_line(text);
    return status;
}

enum toc_exit toc_complain_err(struct toc_err err, const struct toc_line *line)
{
    if (line != NULL && line->text[0] != '\0') {
        print_line(line->text);
    } else if (err.why != NULL) {
        (void)toc_complain(TOC_EXIT_FAILED, "%s: %s", toc_code_text(err.code), err.why);
    } else {
        print_line(toc_code_text(err.code));
    }
    return toc_exit_of(err.code);
}

enum toc_exit toc_complain_usage(const struct toc_args *args, const char *format, ...)
{
    char text[TOC_LINE_BYTES];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    const char *parent = args->parent == NULL ? "" : args->parent->name;
    return toc_complain(TOC_EXIT_USAGE, "%s; see tocsin %s%s%s --help", text, parent,
                        args->parent == NULL ? "" : " ", args->command->name);
}

/* `tocsin query | head`: the reader has seen enough, and nobody needs a line about it. */
static bool reader_has_gone(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

enum toc_exit toc_finish_output(enum toc_exit status)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return status;
    }
    if (reader_has_gone()) {
        return TOC_EXIT_FAILED;
    }
    return toc_complain(TOC_EXIT_FAILED,
                        "stdout cannot be written: %s; free space, then run it again",
                        strerror(errno));
}

/* pairs */

#define LABEL_COLUMNS 14

void toc_show_pair(FILE *out, const char *label, struct toc_span text)
{
    if (text.len > 0) {
        (void)fprintf(out, "%-*s", LABEL_COLUMNS, label);
        toc_term_text(out, text, TOC_TERM_LINE);
        (void)fputc('\n', out);
    }
}

void toc_show_text(const char *label, const char *text)
{
    toc_show_pair(stdout, label, toc_span(text, strlen(text)));
}

void toc_show_line(FILE *out, const char *label, const char *format, ...)
{
    char text[TOC_LINE_BYTES];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    toc_show_pair(out, label, toc_span(text, strlen(text)));
}

void toc_show_tlp(FILE *out, struct toc_span tlp)
{
    (void)fprintf(out, "%-*s", LABEL_COLUMNS, "TLP");
    if (toc_span_equal(tlp, toc_span_str("red"))) {
        toc_term_colour(out, TOC_TERM_RED);
    } else if (tlp.len >= 5 && memcmp(tlp.at, "amber", 5) == 0) {
        toc_term_colour(out, TOC_TERM_YELLOW);
    }
    toc_term_text(out, tlp, TOC_TERM_LINE);
    toc_term_colour(out, TOC_TERM_PLAIN);
    (void)fputc('\n', out);
}
