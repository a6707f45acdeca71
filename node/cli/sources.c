/* SPDX-License-Identifier: EUPL-1.2 */
#include "sources.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define FOLDER_DEPTH_MAX 32u
#define SPAN_MS_MAX (10ull * 366 * 86400 * 1000)

/* lists */

static struct toc_err add_source(struct toc_sources *sources, const char *path, size_t max,
                                 struct toc_line *line)
{
    if (sources->count >= max) {
        return toc_line_fail(line, TOC_USAGE,
                             "more than %zu files in one bulletin; publish them with --each or in "
                             "parts",
                             max);
    }
    if (sources->count == sources->room) {
        size_t wanted = sources->room == 0 ? 16 : sources->room * 2;
        struct toc_source *grown = realloc(sources->at, wanted * sizeof *grown);
        if (grown == NULL) {
            return toc_fail(TOC_FULL, "no memory for the list of files");
        }
        sources->at = grown;
        sources->room = wanted;
    }
    char *copy = strdup(path);
    if (copy == NULL) {
        return toc_fail(TOC_FULL, "no memory for the list of files");
    }
    sources->at[sources->count++] = (struct toc_source){.path = copy};
    return toc_ok();
}

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static struct toc_err add_path(struct toc_sources *sources, const char *path, size_t max,
                               unsigned depth, struct toc_line *line);

static struct toc_err add_folder(struct toc_sources *sources, const char *path, size_t max,
                                 unsigned depth, struct toc_line *line)
{
    struct dirent **entries = NULL;
    struct toc_err err = toc_ok();
    int count = scandir(path, &entries, is_shown, alphasort);
    if (count < 0 || depth >= FOLDER_DEPTH_MAX) {
        err = toc_line_fail(line, TOC_IO, "%s cannot be read: %s", path,
                            count < 0 ? strerror(errno) : "too many folders in each other");
    }
    for (int i = 0; i < count; i++) {
        char below[TOC_PATH_BYTES];
        int len = snprintf(below, sizeof below, "%s/%s", path, entries[i]->d_name);
        if (!toc_failed(err) && len > 0 && (size_t)len < sizeof below) {
            err = add_path(sources, below, max, depth + 1, line);
        }
        free(entries[i]);
    }
    free(entries);
    return err;
}

/* Below a given folder only plain files count, so that no link leads out of it. */
static struct toc_err add_path(struct toc_sources *sources, const char *path, size_t max,
                               unsigned depth, struct toc_line *line)
{
    struct stat at;
    if (strcmp(path, "-") == 0 && depth == 0) {
        return add_source(sources, path, max, line);
    }
    if ((depth == 0 ? stat(path, &at) : lstat(path, &at)) != 0) {
        return toc_line_fail(line, TOC_USAGE, "%s cannot be read: %s", path, strerror(errno));
    }
    if (S_ISDIR(at.st_mode)) {
        return add_folder(sources, path, max, depth, line);
    }
    if (S_ISREG(at.st_mode)) {
        return add_source(sources, path, max, line);
    }
    return depth > 0 ? toc_ok()
                     : toc_line_fail(line, TOC_USAGE, "%s is neither a file nor a folder", path);
}

struct toc_err toc_sources_list(struct toc_sources *sources, const char *path, size_t max,
                                struct toc_line *line)
{
    return add_path(sources, path, max, 0, line);
}

struct toc_err toc_source_read(struct toc_sources *sources, size_t index, struct toc_line *line)
{
    struct toc_source *source = &sources->at[index];
    struct toc_err err = toc_args_read(source->path, TOC_BULLETIN_BYTES_MAX, &source->bytes, line);
    if (err.code == TOC_LIMIT) {
        return toc_line_fail(line, TOC_USAGE,
                             "%s is larger than %u MiB: split it over several bulletins",
                             source->path, TOC_BULLETIN_BYTES_MAX / 1048576u);
    }
    TOC_TRY(err);
    sources->byte_count += source->bytes.len;
    if (sources->byte_count > TOC_BULLETIN_BYTES_MAX) {
        return toc_line_fail(line, TOC_USAGE,
                             "the files are larger than %u MiB together; split them over several "
                             "bulletins",
                             TOC_BULLETIN_BYTES_MAX / 1048576u);
    }
    return toc_ok();
}

void toc_source_forget(struct toc_sources *sources, size_t index)
{
    sources->byte_count -= sources->at[index].bytes.len;
    toc_bytes_free(&sources->at[index].bytes);
}

void toc_sources_free(struct toc_sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        toc_bytes_free(&sources->at[i].bytes);
        free(sources->at[i].path);
    }
    free(sources->at);
    *sources = (struct toc_sources){0};
}

const char *toc_source_name(const struct toc_source *source)
{
    if (strcmp(source->path, "-") == 0) {
        return "stdin";
    }
    const char *slash = strrchr(source->path, '/');
    return slash == NULL ? source->path : slash + 1;
}

/* times */

bool toc_span_parse(const char *text, uint64_t *ms)
{
    static const struct {
        char letter;
        uint64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}, {'w', 604800000}};
    char *end = NULL;
    errno = 0;
    uint64_t count = strtoull(text, &end, 10);
    if (errno != 0 || text[0] < '0' || text[0] > '9' || end[0] == '\0' || end[1] != '\0') {
        return false;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (units[i].letter == end[0] && count > 0 && count <= SPAN_MS_MAX / units[i].ms) {
            *ms = count * units[i].ms;
            return true;
        }
    }
    return false;
}

bool toc_when_parse(const char *text, uint64_t now_ms, uint64_t *ms)
{
    static const char *const formats[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S",
                                          "%Y-%m-%dT%H:%M"};
    uint64_t span = 0;
    if (toc_span_parse(text, &span)) {
        *ms = now_ms + span;
        return true;
    }
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        struct tm parts = {0};
        const char *end = strptime(text, formats[i], &parts);
        time_t seconds = end != NULL && *end == '\0' ? timegm(&parts) : -1;
        if (seconds > 0) {
            *ms = (uint64_t)seconds * 1000;
            return true;
        }
    }
    return false;
}
