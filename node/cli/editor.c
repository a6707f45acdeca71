/* SPDX-License-Identifier: EUPL-1.2 */
#include "publish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define EDITED_BYTES_MAX 1048576u

static const char template[] =
    "# Lines that begin with # are left out. An empty title publishes nothing.\n"
    "Title: \n"
    "# all, a group, or organisations joined by commas\n"
    "To: \n"
    "# clear, green, amber, amber+strict, red\n"
    "TLP: \n"
    "# low, medium, high, critical\n"
    "Severity: \n"
    "# alert, vulnerability, campaign, indicators, takedown, advisory, note, request\n"
    "Kind: note\n"
    "# Your own reference, such as CERTXX-2026-ALE-001\n"
    "Reference: \n"
    "# Comma-separated: country codes, sectors, actors, ATT&CK ids, CVE ids\n"
    "Targets: \n"
    "Sectors: \n"
    "Actors: \n"
    "Techniques: \n"
    "CVEs: \n"
    "# KIND:VALUE, one a line, as many lines as you like\n"
    "Indicator: \n"
    "\n"
    "# The summary (Markdown) stands below the next line.\n"
    "---\n";

/* running the editor */

/* The shell reads $EDITOR, which may hold options; the file is an argument and never part of the
 * shell's text. */
static bool run_editor(const char *path)
{
    pid_t child = fork();
    if (child == 0) {
        (void)execl("/bin/sh", "sh", "-c",
                    "exec ${VISUAL:-${EDITOR:-$(command -v sensible-editor || echo vi)}} \"$1\"",
                    "sh", path, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A draft may be TLP:RED: its file is ours alone, in memory where the system has such a folder. */
static int make_file(char path[static TOC_PATH_BYTES])
{
    const char *folder = getenv("XDG_RUNTIME_DIR");
    folder = folder != NULL && access(folder, W_OK) == 0 ? folder : getenv("TMPDIR");
    (void)snprintf(path, TOC_PATH_BYTES, "%s/tocsin-XXXXXX.md",
                   folder != NULL && access(folder, W_OK) == 0 ? folder : "/tmp");
    return mkstemps(path, 3);
}

static char *edit(struct toc_line *line)
{
    char path[TOC_PATH_BYTES];
    struct toc_bytes bytes = {0};
    int fd = make_file(path);
    if (fd < 0) {
        toc_line_set(line, "%s cannot be made: %s; set TMPDIR", path, strerror(errno));
        return NULL;
    }
    bool written = write(fd, template, sizeof template - 1) == (ssize_t)(sizeof template - 1);
    (void)close(fd);
    if (!written || !run_editor(path)) {
        toc_line_set(line, "the editor failed; nothing is published; set EDITOR");
        (void)unlink(path);
        return NULL;
    }
    struct toc_err err = toc_file_read(path, EDITED_BYTES_MAX, &bytes, line);
    (void)unlink(path);
    char *text = toc_failed(err) ? NULL : malloc(bytes.len + 1);
    if (text != NULL) {
        memcpy(text, bytes.at, bytes.len);
        text[bytes.len] = '\0';
    }
    if (text != NULL && !toc_utf8_valid(toc_span(text, bytes.len))) {
        toc_line_set(line, "the text is not UTF-8; nothing is published");
        free(text);
        text = NULL;
    }
    toc_bytes_free(&bytes);
    return text;
}

/* reading what was typed */

static char *trim(char *text)
{
    size_t len = strlen(text);
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL) {
        text[--len] = '\0';
    }
    return text + strspn(text, " \t");
}

/* One "Name: value" line. Values given as options stay. False for an unknown name or a bad value.
 */
static bool take_line(struct toc_draft *draft, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **text;
        struct toc_draft_list *list;
        bool split;
    } fields[] = {
        {"Title", &draft->title, NULL, false},    {"To", &draft->to, NULL, false},
        {"TLP", &draft->tlp, NULL, false},        {"Severity", &draft->severity, NULL, false},
        {"Kind", &draft->kind, NULL, false},      {"Reference", &draft->ref, NULL, false},
        {"Targets", NULL, &draft->targets, true}, {"Sectors", NULL, &draft->sectors, true},
        {"Actors", NULL, &draft->actors, true},   {"Techniques", NULL, &draft->techniques, true},
        {"CVEs", NULL, &draft->cves, true},       {"Indicator", NULL, &draft->iocs, false},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcasecmp(fields[i].name, name) != 0) {
            continue;
        }
        if (fields[i].list == &draft->iocs && !toc_draft_is_ioc(toc_span_str(value))) {
            return false;
        }
        if (fields[i].list != NULL) {
            return toc_draft_add(fields[i].list, toc_span_str(value), fields[i].split);
        }
        *fields[i].text = *fields[i].text == NULL ? value : *fields[i].text;
        return true;
    }
    return false;
}

static bool take_text(struct toc_draft *draft, struct toc_line *line)
{
    char *rest = draft->text;
    while (rest != NULL && *rest != '\0') {
        char *text = rest, *end = strchr(rest, '\n');
        rest = end == NULL ? NULL : end + 1;
        if (end != NULL) {
            *end = '\0';
        }
        if (text[0] == '#') {
            continue;
        }
        text = trim(text);
        if (strcmp(text, "---") == 0) {
            break;
        }
        char *colon = strchr(text, ':');
        if (text[0] == '\0' || (colon != NULL && *trim(colon + 1) == '\0')) {
            continue;
        }
        if (colon != NULL) {
            *colon = '\0';
        }
        if (colon == NULL || !take_line(draft, trim(text), trim(colon + 1))) {
            toc_line_set(line, "\"%s\" cannot be read; nothing is published", text);
            return false;
        }
    }
    if (rest != NULL && *trim(rest) != '\0' && draft->summary == NULL) {
        draft->summary = trim(rest);
    }
    return true;
}

bool toc_draft_edit(struct toc_draft *draft, enum toc_exit *status)
{
    struct toc_line line = {""};
    draft->text = edit(&line);
    if (draft->text == NULL) {
        *status = toc_complain(TOC_EXIT_FAILED, "%s", line.text);
        return false;
    }
    if (!take_text(draft, &line)) {
        *status = toc_complain(TOC_EXIT_USAGE, "%s", line.text);
        return false;
    }
    if (draft->title == NULL) {
        *status = toc_complain(TOC_EXIT_USAGE, "the title is empty; nothing is published");
        return false;
    }
    return true;
}
