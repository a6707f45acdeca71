/* SPDX-License-Identifier: EUPL-1.2 */
#include "term.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PROGRESS_DELAY_MS 1000u /* 6-cli.md: a bar for anything over a second */
#define PROGRESS_EVERY_MS 100u
#define PROGRESS_CELLS 30u

bool toc_term_is_terminal(FILE *out)
{
    return isatty(fileno(out)) == 1;
}

size_t toc_term_columns(FILE *out)
{
    struct winsize size = {0};
    if (!toc_term_is_terminal(out) || ioctl(fileno(out), TIOCGWINSZ, &size) != 0) {
        return 0;
    }
    return size.ws_col;
}

void toc_term_colour(FILE *out, enum toc_term_colour colour)
{
    static const char *const codes[] = {"\033[0m", "\033[1m", "\033[31m", "\033[33m"};
    const char *no_colour = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    if (!toc_term_is_terminal(out) || (no_colour != NULL && no_colour[0] != '\0') ||
        (term != NULL && strcmp(term, "dumb") == 0)) {
        return;
    }
    (void)fputs(codes[colour], out);
}

void toc_term_time(char out[static TOC_TERM_TIME_BYTES], uint64_t utc_ms)
{
    time_t seconds = (time_t)(utc_ms / 1000);
    struct tm parts;
    if (utc_ms == 0 || gmtime_r(&seconds, &parts) == NULL ||
        strftime(out, TOC_TERM_TIME_BYTES, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
        (void)snprintf(out, TOC_TERM_TIME_BYTES, "-");
    }
}

/* progress */

static uint64_t mono_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void toc_progress_begin(struct toc_progress *progress, const char *what)
{
    *progress = (struct toc_progress){.what = what, .started_ms = mono_ms()};
}

void toc_progress_step(struct toc_progress *progress, uint64_t done, uint64_t total)
{
    uint64_t now = mono_ms();
    if (total == 0 || now - progress->started_ms < PROGRESS_DELAY_MS ||
        now - progress->shown_ms < PROGRESS_EVERY_MS || !toc_term_is_terminal(stderr)) {
        return;
    }
    progress->shown = true;
    progress->shown_ms = now;
    uint64_t cells = done >= total ? PROGRESS_CELLS : done * PROGRESS_CELLS / total;
    (void)fprintf(stderr, "\r%s [", progress->what);
    for (uint64_t i = 0; i < PROGRESS_CELLS; i++) {
        (void)fputc(i < cells ? '#' : '.', stderr);
    }
    (void)fprintf(stderr, "] %llu/%llu", (unsigned long long)done, (unsigned long long)total);
    (void)fflush(stderr);
}

void toc_progress_end(struct toc_progress *progress)
{
    if (progress->shown) {
        (void)fputs("\r\033[K", stderr);
    }
    progress->shown = false;
}
