/* SPDX-License-Identifier: EUPL-1.2 */
#include "answer_internal.h"

#include <stdlib.h>
#include <string.h>

struct finding {
    const struct toc_desk *desk;
    struct toc_answer *answer;
    struct toc_audience_found *found;
    struct toc_err err;
};

/* on the loop's thread */

static void add_handle(struct toc_audience_found *found, const char *handle)
{
    if (found->handle_count < TOC_ORGS_MAX) {
        snprintf(found->handles[found->handle_count++], sizeof(found->handles[0]), "%s", handle);
    }
}

/* Every member of the group but ourselves is a recipient. */
static void add_members(struct finding *finding, const struct toc_core *core, const uint8_t *group)
{
    uint8_t org[TOC_ID_BYTES];
    for (size_t i = 0; toc_core_view_member(core, group, i, org); i++) {
        const struct toc_org *member = toc_roster_find(toc_core_roster(core), org);
        if (member != NULL && memcmp(org, finding->desk->org, TOC_ID_BYTES) != 0) {
            add_handle(finding->found, member->handle);
        }
    }
}

/* "all" or a group's name. */
static bool find_group(struct finding *finding, const struct toc_core *core, struct toc_span name)
{
    bool all = toc_handle_equal(name, toc_span_str("all"));
    size_t count = toc_core_view_groups(core, NULL, 0);
    struct toc_group_view *views = calloc(count + 1, sizeof(*views));
    bool is_found = false;
    for (size_t i = 0; views != NULL && i < toc_core_view_groups(core, views, count); i++) {
        struct toc_span own = toc_span_str(views[i].name);
        bool same = all ? views[i].is_all
                        : !views[i].is_all && !views[i].direct && toc_handle_equal(own, name);
        if (same) {
            is_found = true;
            finding->found->kind = all ? TOC_SUBMIT_ALL : TOC_SUBMIT_GROUP;
            memcpy(finding->found->group, views[i].id, TOC_ID_BYTES);
            add_members(finding, core, views[i].id);
            break;
        }
    }
    free(views);
    return is_found;
}

static bool add_org(struct finding *finding, const struct toc_org *org)
{
    struct toc_audience_found *found = finding->found;
    if (memcmp(org->id, finding->desk->org, TOC_ID_BYTES) == 0) {
        return true; /* the author reads his own bulletins anyway */
    }
    for (size_t i = 0; i < found->organisation_count; i++) {
        if (memcmp(found->organisations + i * TOC_ID_BYTES, org->id, TOC_ID_BYTES) == 0) {
            return true;
        }
    }
    if (found->organisation_count == TOC_ORGS_MAX) {
        return false;
    }
    memcpy(found->organisations + found->organisation_count++ * TOC_ID_BYTES, org->id,
           TOC_ID_BYTES);
    add_handle(found, org->handle);
    return true;
}

/* One name of several: organisations alone. */
static void find_name(struct finding *finding, const struct toc_core *core, struct toc_span name,
                      size_t name_count)
{
    finding->found->kind = TOC_SUBMIT_ORGANISATIONS;
    const struct toc_org *org = toc_roster_find_handle(toc_core_roster(core), name);
    if (org != NULL && add_org(finding, org)) {
        return;
    }
    int shown = (int)(name.len < 64 ? name.len : 64);
    if (find_group(finding, core, name)) {
        if (name_count > 1) {
            finding->err = TOC_REFUSE(finding->answer, TOC_USAGE,
                                      "%.*s is a group: name it alone, or organisations alone",
                                      shown, (const char *)name.at);
        }
        return;
    }
    finding->err = TOC_REFUSE(finding->answer, TOC_USAGE,
                              "unknown audience %.*s: neither `all`, a group nor an organisation "
                              "of this federation (see `tocsin peers`)",
                              shown, (const char *)name.at);
}

/* The configured default: names between commas. */
static void find_default(struct finding *finding, const struct toc_core *core)
{
    const char *text = finding->desk->conf->publish_audience;
    size_t names = 1;
    for (const char *at = text; *at != '\0'; at++) {
        names += *at == ',';
    }
    while (*text != '\0' && !toc_failed(finding->err)) {
        size_t len = strcspn(text, ", ");
        if (len > 0) {
            find_name(finding, core, toc_span(text, len), names);
        }
        text += len;
        text += strspn(text, ", ");
    }
}

static void run_finding(void *loop, void *arg)
{
    struct finding *finding = arg;
    const struct toc_core *core = finding->desk->core(loop);
    struct toc_items items;
    struct toc_span name;
    size_t count = toc_message_list(finding->answer->request, TOC_FIELD_AUDIENCE, &items);
    if (count == 0) {
        find_default(finding, core);
        return;
    }
    while (!toc_failed(finding->err) && toc_items_text(&items, &name)) {
        find_name(finding, core, name, count);
    }
}

/* public */

struct toc_err toc_audience_find(const struct toc_desk *desk, struct toc_answer *answer,
                                 struct toc_audience_found **found)
{
    struct finding finding = {.desk = desk, .answer = answer, .err = toc_ok()};
    struct toc_items items;
    struct toc_span name;
    finding.found = calloc(1, sizeof(*finding.found));
    uint8_t *organisations = calloc(TOC_ORGS_MAX, TOC_ID_BYTES);
    *found = NULL;
    if (finding.found == NULL || organisations == NULL) {
        free(finding.found);
        free(organisations);
        return TOC_REFUSE(answer, TOC_FULL, "out of memory");
    }
    finding.found->organisations = organisations;
    if (!desk->call(desk->loop, run_finding, &finding)) {
        finding.err = toc_answer_stopping(answer);
    } else if (!toc_failed(finding.err) && finding.found->handle_count == 0 &&
               toc_message_list(answer->request, TOC_FIELD_AUDIENCE, &items) > 0 &&
               toc_items_text(&items, &name)) {
        finding.err = TOC_REFUSE(
            answer, TOC_USAGE, "%.*s has no reader but yourself: name others, or all",
            (int)(name.len < 64 ? name.len : 64), name.len == 0 ? "" : (const char *)name.at);
    } else if (!toc_failed(finding.err) && finding.found->handle_count == 0) {
        finding.err = TOC_REFUSE(answer, TOC_USAGE,
                                 "no audience: say who may read it with --to all, --to GROUP or "
                                 "--to ORG,...");
    }
    if (toc_failed(finding.err)) {
        toc_audience_free(finding.found);
        return finding.err;
    }
    *found = finding.found;
    return toc_ok();
}

void toc_audience_free(struct toc_audience_found *found)
{
    if (found != NULL) {
        free(found->organisations);
        free(found);
    }
}

enum toc_audience toc_audience_policy(const struct toc_audience_found *found)
{
    if (found->kind == TOC_SUBMIT_ALL) {
        return TOC_AUDIENCE_ALL;
    }
    return found->kind == TOC_SUBMIT_GROUP ? TOC_AUDIENCE_GROUP : TOC_AUDIENCE_ORGANISATIONS;
}

void toc_audience_field(struct toc_build *build, const struct toc_audience_found *found)
{
    toc_build_list(build, TOC_FIELD_AUDIENCE_NAMES);
    for (size_t i = 0; i < found->handle_count; i++) {
        toc_build_item(build, toc_span_str(found->handles[i]));
    }
    toc_build_list_end(build);
}
