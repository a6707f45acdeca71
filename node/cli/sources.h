/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to cli: the files of a publication, and times as people type them. */
#ifndef TOC_SOURCES_H
#define TOC_SOURCES_H

#include "command.h"

#include "bulletin.h"

/* One document on its way in. */
struct toc_source {
    char *path; /* own; as the person gave it, or below the folder that he gave */
    struct toc_bytes bytes;
};

struct toc_sources {
    struct toc_source *at; /* own */
    size_t count, room;
    size_t byte_count;
};

/* Lists files: a folder stands for the regular files in it and below it, without those whose name
 * begins with a dot, in order of name; "-" is stdin. Nothing is read yet. Fails: ABSENT, IO, LIMIT
 * (more than `max` files). */
TOC_MUST_USE struct toc_err toc_sources_list(struct toc_sources *sources, const char *path,
                                             size_t max, struct toc_line *line);
/* Reads the bytes of source `index`. Fails: as toc_file_read; LIMIT (all together above the bound
 * of a bulletin). */
TOC_MUST_USE struct toc_err toc_source_read(struct toc_sources *sources, size_t index,
                                            struct toc_line *line);
void toc_source_forget(struct toc_sources *sources, size_t index);
void toc_sources_free(struct toc_sources *sources);
/* The last part of its path, "stdin" for "-". Lends: within the path. */
const char *toc_source_name(const struct toc_source *source);

/* A span of time: a number and s, m, h, d or w. False when it is none, or more than ten years. */
bool toc_span_parse(const char *text, uint64_t *ms);
/* A UTC time: 2026-03-01, 2026-03-01T12:00:00Z (zone may be missing), or a span from now. */
bool toc_when_parse(const char *text, uint64_t now_ms, uint64_t *ms);

#endif
