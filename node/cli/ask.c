/* SPDX-License-Identifier: EUPL-1.2 */
#include "ask.h"

#include <string.h>

static struct toc_err open_client(struct toc_ask *ask, const struct toc_args *args)
{
    *ask = (struct toc_ask){.status = TOC_EXIT_UNREACHABLE};
    toc_build_init(&ask->request, TOC_REQUEST_BYTES_MAX);
    char path[TOC_PATH_BYTES];
    struct toc_err err = toc_home_find(path, toc_args_value(args, "home"), &ask->line);
    if (!toc_failed(err)) {
        err = toc_client_open(&ask->client, path, &ask->line);
    }
    if (toc_failed(err)) {
        ask->status = toc_exit_of(err.code);
    }
    return err;
}

bool toc_ask_open(struct toc_ask *ask, const struct toc_args *args)
{
    struct toc_err err = open_client(ask, args);
    if (toc_failed(err)) {
        ask->status = toc_complain_err(err, &ask->line);
        toc_ask_close(ask);
        return false;
    }
    return true;
}

bool toc_ask_try(struct toc_ask *ask, const struct toc_args *args)
{
    return !toc_failed(open_client(ask, args));
}

void toc_ask_begin(struct toc_ask *ask, const char *command)
{
    toc_build_clear(&ask->request);
    toc_build_init(&ask->request, TOC_REQUEST_BYTES_MAX);
    toc_build_str(&ask->request, TOC_FIELD_COMMAND, command);
    ask->line.text[0] = '\0';
    ask->status = TOC_EXIT_UNREACHABLE;
}

static bool fail(struct toc_ask *ask, struct toc_err err)
{
    ask->status = toc_exit_of(err.code);
    if (!ask->quiet) {
        (void)toc_complain_err(err, &ask->line);
    } else if (ask->line.text[0] == '\0') {
        toc_line_set(&ask->line, "%s", err.why != NULL ? err.why : toc_code_text(err.code));
    }
    return false;
}

bool toc_ask_send(struct toc_ask *ask)
{
    struct toc_err err = toc_client_ask(ask->client, &ask->request, &ask->line);
    if (!toc_failed(err)) {
        return true;
    }
    /* Too long or too many: what was typed, not what failed. */
    if (err.code == TOC_LIMIT || err.code == TOC_MALFORMED) {
        err.code = TOC_USAGE;
    }
    return fail(ask, err);
}

bool toc_ask_next(struct toc_ask *ask)
{
    struct toc_err err = toc_client_next(ask->client, &ask->row, &ask->line);
    if (!toc_failed(err)) {
        return true;
    }
    if (err.code == TOC_ABSENT && ask->line.text[0] == '\0') {
        ask->status = toc_client_exit(ask->client);
        return false;
    }
    (void)fail(ask, err);
    /* A refusal by the node brings its own exit status; a broken connection has none. */
    if (err.code != TOC_UNREACHABLE && err.code != TOC_MALFORMED) {
        ask->status = toc_client_exit(ask->client);
    }
    return false;
}

void toc_ask_close(struct toc_ask *ask)
{
    toc_build_clear(&ask->request);
    toc_client_close(ask->client);
    ask->client = NULL;
}

void toc_ask_audience(struct toc_ask *ask, const char *to)
{
    toc_build_list(&ask->request, TOC_FIELD_AUDIENCE);
    while (*to != '\0') {
        size_t len = strcspn(to, ","), blank = strspn(to, " \t"), end = len;
        while (end > blank && (to[end - 1] == ' ' || to[end - 1] == '\t')) {
            end--;
        }
        if (end > blank) {
            toc_build_item(&ask->request, toc_span(to + blank, end - blank));
        }
        to += len + (to[len] == ',');
    }
    toc_build_list_end(&ask->request);
}
