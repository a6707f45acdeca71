/* SPDX-License-Identifier: EUPL-1.2 */
#include "answer_internal.h"

#include <stdlib.h>
#include <string.h>

#define LABEL_BYTES 256u /* a dozen handles; more are counted */

struct named_org {
    uint8_t id[TOC_ID_BYTES];
    char handle[TOC_HANDLE_BYTES_MAX + 1];
};
struct named_group {
    uint8_t id[TOC_ID_BYTES];
    char label[LABEL_BYTES];
};

struct toc_handles {
    struct named_org *orgs; /* ascending by id, as in the roster */
    size_t org_count;
    struct named_group *groups;
    size_t group_count;
};

void toc_handles_free(struct toc_handles *names)
{
    if (names != NULL) {
        free(names->orgs);
        free(names->groups);
        free(names);
    }
}

/* on the loop's thread */

static bool copy_orgs(struct toc_handles *names, const struct toc_roster *roster)
{
    names->orgs = calloc(roster->org_count, sizeof(*names->orgs));
    if (names->orgs == NULL) {
        return false;
    }
    names->org_count = roster->org_count;
    for (size_t i = 0; i < roster->org_count; i++) {
        memcpy(names->orgs[i].id, roster->orgs[i].id, TOC_ID_BYTES);
        memcpy(names->orgs[i].handle, roster->orgs[i].handle, sizeof(names->orgs[i].handle));
    }
    return true;
}

/* Handles of the members joined by +, as many as fit. */
static void label_members(struct named_group *group, const struct toc_core *core)
{
    uint8_t org[TOC_ID_BYTES];
    size_t used = 0;
    for (size_t i = 0; toc_core_view_member(core, group->id, i, org); i++) {
        const struct toc_org *member = toc_roster_find(toc_core_roster(core), org);
        const char *handle = member == NULL ? "?" : member->handle;
        if (used + strlen(handle) + 8 > sizeof(group->label)) {
            memcpy(group->label + used, "+...", 5);
            return;
        }
        used += (size_t)snprintf(group->label + used, sizeof(group->label) - used, "%s%s",
                                 i == 0 ? "" : "+", handle);
    }
}

static bool copy_groups(struct toc_handles *names, const struct toc_core *core)
{
    size_t count = toc_core_view_groups(core, NULL, 0);
    struct toc_group_view *views = calloc(count + 1, sizeof(*views));
    names->groups = calloc(count + 1, sizeof(*names->groups));
    if (views == NULL || names->groups == NULL) {
        free(views);
        return false;
    }
    names->group_count = toc_core_view_groups(core, views, count);
    for (size_t i = 0; i < names->group_count; i++) {
        struct named_group *group = &names->groups[i];
        memcpy(group->id, views[i].id, TOC_ID_BYTES);
        if (views[i].is_all) {
            memcpy(group->label, "all", 4);
        } else if (views[i].name[0] != '\0') {
            snprintf(group->label, sizeof(group->label), "%s", views[i].name);
        } else {
            label_members(group, core);
        }
    }
    free(views);
    return true;
}

struct copying {
    const struct toc_desk *desk;
    struct toc_handles *names;
    bool copied;
};

static void copy_names(void *loop, void *arg)
{
    struct copying *copying = arg;
    const struct toc_core *core = copying->desk->core(loop);
    copying->copied =
        copy_orgs(copying->names, toc_core_roster(core)) && copy_groups(copying->names, core);
}

/* anywhere */

struct toc_err toc_handles_get(const struct toc_desk *desk, struct toc_handles **names)
{
    struct copying copying = {.desk = desk, .names = calloc(1, sizeof(*copying.names))};
    *names = NULL;
    if (copying.names == NULL) {
        return toc_fail(TOC_FULL, "no memory for names");
    }
    bool called = desk->call(desk->loop, copy_names, &copying);
    if (!called || !copying.copied) {
        toc_handles_free(copying.names);
        return called ? toc_fail(TOC_FULL, "no memory for names")
                      : toc_fail(TOC_STATE, "the node is stopping");
    }
    *names = copying.names;
    return toc_ok();
}

struct toc_span toc_handles_org(const struct toc_handles *names,
                                const uint8_t org[static TOC_ID_BYTES],
                                char room[static TOC_ID_TEXT_BYTES])
{
    for (size_t i = 0; i < names->org_count; i++) {
        if (memcmp(names->orgs[i].id, org, TOC_ID_BYTES) == 0) {
            return toc_span_str(names->orgs[i].handle);
        }
    }
    toc_id_text(room, org);
    return toc_span(room, TOC_ID_TEXT_CHARS_MIN);
}

bool toc_handles_find_org(const struct toc_handles *names, struct toc_span handle,
                          uint8_t org[static TOC_ID_BYTES])
{
    for (size_t i = 0; i < names->org_count; i++) {
        if (toc_handle_equal(toc_span_str(names->orgs[i].handle), handle)) {
            memcpy(org, names->orgs[i].id, TOC_ID_BYTES);
            return true;
        }
    }
    return false;
}

struct toc_span toc_handles_group(const struct toc_handles *names,
                                  const uint8_t group[static TOC_ID_BYTES])
{
    for (size_t i = 0; i < names->group_count; i++) {
        if (memcmp(names->groups[i].id, group, TOC_ID_BYTES) == 0) {
            return toc_span_str(names->groups[i].label);
        }
    }
    return toc_span_str("unknown");
}
