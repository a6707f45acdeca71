/* SPDX-License-Identifier: EUPL-1.2 */
/* PROTOCOL.md's tables and the code say the same: map keys, limits, errors, numbers of things. */
#include <dirent.h>

#include "check.h"
#include "fields.h"

#define LINE_BYTES_MAX 1024u
#define CELLS_MAX 6u

static char *document;

/* The cells of a table row, trimmed; their number, 0 when the line is no row. */
static size_t cells_of(const char *line, char cells[CELLS_MAX][LINE_BYTES_MAX])
{
    size_t count = 0;
    if (*line != '|') {
        return 0;
    }
    const char *at = line + 1;
    while (count < CELLS_MAX && *at != '\n' && *at != '\0') {
        const char *end = at + strcspn(at, "|\n");
        while (at < end && *at == ' ') {
            at++;
        }
        const char *last = end;
        while (last > at && last[-1] == ' ') {
            last--;
        }
        assert_true(last - at < (ptrdiff_t)LINE_BYTES_MAX);
        memcpy(cells[count], at, (size_t)(last - at));
        cells[count++][last - at] = '\0';
        at = *end == '|' ? end + 1 : end;
    }
    return count;
}

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end == NULL ? line + strlen(line) : end + 1;
}

/* The first row below the header row that begins so; fails when the document has no such table. */
static const char *table(const char *header)
{
    const char *found = strstr(document, header);
    if (found == NULL) {
        fail_msg("PROTOCOL.md has no table %s", header);
        return document;
    }
    return next_line(next_line(found));
}

/* Numbers are written with a true minus sign. */
static int64_t number_of(const char *text)
{
    static const char minus[] = "\xe2\x88\x92";
    bool negative = strncmp(text, minus, 3) == 0;
    char *end;
    int64_t value = strtoll(text + (negative ? 3 : 0), &end, 10);
    assert_true(end != text + (negative ? 3 : 0));
    return negative ? -value : value;
}

static void form_text(const struct toc_field *field, char *out, size_t size)
{
    const char *item;
    switch ((enum toc_field_form)field->form) {
    case TOC_FORM_ID:
    case TOC_FORM_BYTES:
        (void)snprintf(out, size, "bin");
        break;
    case TOC_FORM_TEXT:
        (void)snprintf(out, size, "str");
        break;
    case TOC_FORM_NUMBER:
        (void)snprintf(out, size, "uint");
        break;
    case TOC_FORM_FLAG:
        (void)snprintf(out, size, "true");
        break;
    case TOC_FORM_LIST:
        item = field->items->fields == NULL ? "str" : field->items->name;
        (void)snprintf(out, size, "list of %s", item);
        break;
    }
}

static void limit_text(const struct toc_field *field, char *out, size_t size)
{
    const char *unit = field->form == TOC_FORM_LIST     ? " items"
                       : field->form == TOC_FORM_NUMBER ? ""
                                                        : " bytes";
    (void)snprintf(out, size, "%llu%s", (unsigned long long)field->max, unit);
    if (field->form == TOC_FORM_FLAG) {
        out[0] = '\0';
    }
}

/* the table of one record, row by row, none more and none less. */
static void compare_shape(const struct toc_shape *shape, const char *header)
{
    char cells[CELLS_MAX][LINE_BYTES_MAX];
    const char *line = table(header);
    for (size_t i = 0; i < shape->field_count; i++, line = next_line(line)) {
        const struct toc_field *field = &shape->fields[i];
        char form[64];
        char limit[64];
        assert_true(cells_of(line, cells) >= 4);
        form_text(field, form, sizeof form);
        limit_text(field, limit, sizeof limit);
        assert_int_equal(number_of(cells[0]), field->key);
        assert_string_equal(cells[1], field->name);
        assert_string_equal(cells[2], form);
        assert_string_equal(cells[3], limit);
        if (field->items != NULL && field->items->fields != NULL) {
            char name[64];
            (void)snprintf(name, sizeof name, "| %s | field |", field->items->name);
            compare_shape(field->items, name);
        }
    }
    assert_int_equal(cells_of(line, cells), 0);
}

static void bulletin_keys_are_the_codes(void **state)
{
    (void)state;
    compare_shape(&toc_shape_bulletin, "| bulletin | field |");
}

/* The value of `#define TOC_<name> <number>` in any header of `folder`'s rooms; -1 when none. */
static long long defined_in(const char *folder, const char *name)
{
    char path[4096];
    char wanted[LINE_BYTES_MAX + 32];
    long long value = -1;
    const char *source = getenv("TOCSIN_SOURCE");
    (void)snprintf(wanted, sizeof wanted, "#define TOC_%s ", name);
    (void)snprintf(path, sizeof path, "%s/%s", source == NULL ? "." : source, folder);
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char inner[sizeof path + 512];
        (void)snprintf(inner, sizeof inner, "%s/%s", folder, entries[i]->d_name);
        size_t name_len = strlen(entries[i]->d_name);
        if (name_len > 2 && strcmp(entries[i]->d_name + name_len - 2, ".h") == 0) {
            size_t len;
            (void)snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
            char *text = check_read(inner, &len);
            const char *found = text == NULL ? NULL : strstr(text, wanted);
            if (found != NULL) {
                found += strlen(wanted);
                found += strncmp(found, "UINT64_C(", 9) == 0 ? 9 : 0;
                value = strtoll(found, NULL, 10);
            }
            free(text);
        } else if (entries[i]->d_name[0] != '.' && value < 0 && strchr(inner, '.') == NULL) {
            long long below = defined_in(inner, name);
            value = below >= 0 ? below : value;
        }
        free(entries[i]);
    }
    free(entries);
    return value;
}

static void limits_are_the_codes(void **state)
{
    (void)state;
    char cells[CELLS_MAX][LINE_BYTES_MAX];
    size_t rows = 0;
    const char *line = table("| name | value | unit | reason |");
    for (; cells_of(line, cells) != 0; line = next_line(line), rows++) {
        long long value = defined_in("proto", cells[0]);
        value = value >= 0 ? value : defined_in("crypto", cells[0]);
        if (value != number_of(cells[1])) {
            fail_msg("%s is %s in PROTOCOL.md and %lld in the code", cells[0], cells[1], value);
        }
    }
    assert_true(rows >= 28);
}

static void errors_are_the_codes(void **state)
{
    (void)state;
    static const char *const actors[] = {"nobody", "peer", "operator", "later"};
    char cells[CELLS_MAX][LINE_BYTES_MAX];
    const char *line = table("| code | text | who must act |");
    for (unsigned i = 0; i < TOC_CODE_COUNT; i++, line = next_line(line)) {
        assert_true(cells_of(line, cells) >= 3);
        assert_string_equal(cells[0], toc_code_name((enum toc_code)i));
        assert_string_equal(cells[1], toc_code_text((enum toc_code)i));
        assert_string_equal(cells[2], actors[toc_code_actor((enum toc_code)i)]);
    }
    assert_int_equal(cells_of(line, cells), 0);
}

static void messages_and_kinds_are_the_codes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int value;
    } messages[] = {
        {"HELLO", TOC_MSG_HELLO},   {"TAGS", TOC_MSG_TAGS},   {"INVITE", TOC_MSG_INVITE},
        {"CREDIT", TOC_MSG_CREDIT}, {"PING", TOC_MSG_PING},   {"PONG", TOC_MSG_PONG},
        {"BYE", TOC_MSG_BYE},       {"VTOP", TOC_MSG_VTOP},   {"VBKT", TOC_MSG_VBKT},
        {"VROW", TOC_MSG_VROW},     {"HAVE", TOC_MSG_HAVE},   {"WANT", TOC_MSG_WANT},
        {"EAGER", TOC_MSG_EAGER},   {"LAZY", TOC_MSG_LAZY},   {"ENTRY", TOC_MSG_ENTRY},
        {"RANGE", TOC_MSG_RANGE},   {"CHUNK", TOC_MSG_CHUNK}, {"NOPAY", TOC_MSG_NOPAY},
        {"BEACON", TOC_MSG_BEACON}, {"FORK", TOC_MSG_FORK},   {"ROSTER", TOC_MSG_ROSTER},
    };
    static const struct {
        const char *name;
        int value;
    } kinds[] = {
        {"BULLETIN", TOC_KIND_BULLETIN}, {"GROUP", TOC_KIND_GROUP},   {"EPOCH", TOC_KIND_EPOCH},
        {"CARD", TOC_KIND_CARD},         {"ROSTER", TOC_KIND_ROSTER}, {"SEALKEY", TOC_KIND_SEALKEY},
        {"BALLOT", TOC_KIND_BALLOT},
    };
    char cells[CELLS_MAX][LINE_BYTES_MAX];
    const char *line = table("| type | message |");
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++, line = next_line(line)) {
        assert_true(cells_of(line, cells) >= 2);
        assert_int_equal(number_of(cells[0]), messages[i].value);
        assert_string_equal(cells[1], messages[i].name);
    }
    assert_int_equal(cells_of(line, cells), 0);
    line = table("| kind | value | payload | log |");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++, line = next_line(line)) {
        assert_true(cells_of(line, cells) >= 2);
        assert_string_equal(cells[0], kinds[i].name);
        assert_int_equal(number_of(cells[1]), kinds[i].value);
    }
    assert_int_equal(cells_of(line, cells), 0);
}

/* The words behind the numbers of kinds, relations, TLP and severity. */
static void words_are_the_codes(void **state)
{
    (void)state;
    char list[1024] = "";
    size_t len = 0;
    for (unsigned i = TOC_BULLETIN_ALERT; i <= TOC_BULLETIN_FOLLOW_UP; i++) {
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%u %s", i == 1 ? "| " : ", ", i,
                                toc_bulletin_kind_name((enum toc_bulletin_kind)i));
    }
    assert_non_null(strstr(document, list));
    len = 0;
    for (unsigned i = TOC_RELATION_SUPERSEDES; i <= TOC_RELATION_TAKEDOWN_STATUS_OF; i++) {
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%u %s", i == 1 ? "| " : ", ", i,
                                toc_relation_name((enum toc_relation_kind)i));
    }
    assert_non_null(strstr(document, list));
    len = 0;
    for (unsigned i = TOC_SEVERITY_LOW; i <= TOC_SEVERITY_CRITICAL; i++) {
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%u %s", i == 1 ? "| " : ", ", i,
                                toc_severity_name((enum toc_severity)i));
    }
    assert_non_null(strstr(document, list));
    assert_non_null(strstr(document, "| 0 CLEAR, 1 GREEN, 2 AMBER, 3 AMBER+STRICT, 4 RED |"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bulletin_keys_are_the_codes),
        cmocka_unit_test(limits_are_the_codes),
        cmocka_unit_test(errors_are_the_codes),
        cmocka_unit_test(messages_and_kinds_are_the_codes),
        cmocka_unit_test(words_are_the_codes),
    };
    char path[4096];
    size_t len;
    const char *source = getenv("TOCSIN_SOURCE");
    (void)snprintf(path, sizeof path, "%s/proto/PROTOCOL.md", source == NULL ? "." : source);
    document = check_read(path, &len);
    if (document == NULL) {
        (void)printf("skipped: no %s (set TOCSIN_SOURCE)\n", path);
        return CHECK_SKIPPED;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(document);
    return failed;
}
