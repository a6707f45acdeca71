/* SPDX-License-Identifier: EUPL-1.2 */
#include "reader.h"

#include <string.h>

/* Bytes of a pattern that a warning quotes. */
#define QUOTED_BYTES 160u

/* Which property of which observable holds which kind of value. A path that ends with "*" stands
 * for all that begin so. */
static const struct {
    const char *type;
    const char *path;
    enum toc_value_kind kind;
} properties[] = {
    {"domain-name", "value", TOC_VALUE_DOMAIN},
    {"hostname", "value", TOC_VALUE_DOMAIN},
    {"x-opencti-hostname", "value", TOC_VALUE_DOMAIN},
    {"ipv4-addr", "value", TOC_VALUE_IP},
    {"ipv6-addr", "value", TOC_VALUE_IP},
    {"url", "value", TOC_VALUE_URL},
    {"artifact", "url", TOC_VALUE_URL},
    {"email-addr", "value", TOC_VALUE_EMAIL},
    {"mac-addr", "value", TOC_VALUE_MAC},
    {"mutex", "name", TOC_VALUE_MUTEX},
    {"file", "name", TOC_VALUE_FILENAME},
    {"file", "path", TOC_VALUE_PATH},
    {"file", "parent_directory_ref.path", TOC_VALUE_PATH},
    {"directory", "path", TOC_VALUE_PATH},
    {"process", "command_line", TOC_VALUE_COMMAND},
    {"process", "name", TOC_VALUE_FILENAME},
    {"process", "image_ref.name", TOC_VALUE_FILENAME},
    {"process", "binary_ref.name", TOC_VALUE_FILENAME},
    {"windows-registry-key", "key", TOC_VALUE_REGISTRY},
    {"win-registry-key", "key", TOC_VALUE_REGISTRY},
    {"x509-certificate", "serial_number", TOC_VALUE_CERTIFICATE},
    {"x509-certificate", "hashes.*", TOC_VALUE_CERTIFICATE},
    {"app", "cert.*", TOC_VALUE_CERTIFICATE},
    {"app", "id", TOC_VALUE_APP_ID},
    {"autonomous-system", "number", TOC_VALUE_ASN},
    {"cryptocurrency-wallet", "value", TOC_VALUE_WALLET},
    {"cryptocurrency-wallet", "address", TOC_VALUE_WALLET},
    {"x-opencti-cryptocurrency-wallet", "value", TOC_VALUE_WALLET},
    {"bank-account", "iban", TOC_VALUE_BANK_ACCOUNT},
    {"phone-number", "value", TOC_VALUE_PHONE},
    {"user-agent", "value", TOC_VALUE_USER_AGENT},
    {"x-opencti-user-agent", "value", TOC_VALUE_USER_AGENT},
    {"http-request-ext", "request_header.User-Agent", TOC_VALUE_USER_AGENT},
    {"network-traffic", "extensions.http-request-ext.request_header.User-Agent",
     TOC_VALUE_USER_AGENT},
};

/* Ends of paths whose values describe and never identify. */
static const char *const descriptions[] = {
    "type",
    "account_type",
    "data_type",
    "mime_type",
    "protocols[*]",
    "protocols[0]",
    "created",
    "modified",
    "accessed",
    "request_method",
    "is_multipart",
    "size",
    "start",
    "end",
    "is_active",
    "content_type",
    "content_disposition",
    "start_time",
    "dst_port",
    "src_port",
    "protocols",
    "validity_not_before",
    "validity_not_after",
    "is_self_signed",
    "values[*].data",
    "encryption_algorithm",
};

static bool ends_with(struct toc_span text, const char *end)
{
    size_t len = strlen(end);
    return text.len >= len && memcmp(text.at + text.len - len, end, len) == 0;
}

static bool path_is(struct toc_span path, const char *wanted)
{
    size_t len = strlen(wanted);
    if (len > 0 && wanted[len - 1] == '*') {
        return path.len >= len - 1 && memcmp(path.at, wanted, len - 1) == 0;
    }
    return toc_stix_is_word(path, wanted);
}

static bool describes(struct toc_span path)
{
    for (size_t i = 0; i < sizeof descriptions / sizeof descriptions[0]; i++) {
        size_t len = strlen(descriptions[i]);
        if (ends_with(path, descriptions[i]) &&
            (path.len == len || path.at[path.len - len - 1] == '.')) {
            return true;
        }
    }
    return false;
}

/* The algorithm of "hashes.X" wherever it stands in the path ("content_ref.hashes.MD5"). */
static bool hash_kind(struct toc_span path, enum toc_value_kind *kind)
{
    static const char step[] = "hashes.";
    size_t len = sizeof step - 1;
    for (size_t i = 0; i + len < path.len; i++) {
        if (memcmp(path.at + i, step, len) == 0 && (i == 0 || path.at[i - 1] == '.')) {
            struct toc_span name = toc_span(path.at + i + len, path.len - i - len);
            *kind = toc_value_kind_find(name);
            if (*kind < TOC_VALUE_MD5 || *kind > TOC_VALUE_TLSH) {
                *kind = TOC_VALUE_OTHER;
            }
            return true;
        }
    }
    *kind = TOC_VALUE_NONE;
    return ends_with(path, "hashes[*]");
}

/* The kind of a property's value, NONE where only the value shows it. False when it is nothing to
 * look for. */
static bool kind_of(struct toc_span type, struct toc_span path, enum toc_value_kind *kind)
{
    for (size_t i = 0; i < sizeof properties / sizeof properties[0]; i++) {
        if (toc_stix_is_word(type, properties[i].type) && path_is(path, properties[i].path)) {
            *kind = properties[i].kind;
            return true;
        }
    }
    if (hash_kind(path, kind)) {
        return true;
    }
    *kind = TOC_VALUE_OTHER;
    return !describes(path);
}

/* The same for an atom of a pattern. "x_ref.value" is what the pattern says of x_ref.type. */
static bool kind_of_atom(const struct toc_pattern_atom *atom, enum toc_value_kind *kind)
{
    if (!ends_with(atom->path, "_ref.value") && !ends_with(atom->path, "_refs[*].value")) {
        return kind_of(atom->type, atom->path, kind);
    }
    if (atom->ref_type.len > 0) {
        return kind_of(atom->ref_type, toc_span_str("value"), kind);
    }
    bool mail = toc_stix_is_word(atom->type, "email-message");
    *kind = mail ? TOC_VALUE_EMAIL : TOC_VALUE_NONE;
    return true;
}

/* "type:path", the name that the source has for the kind. */
static struct toc_span join(struct toc_span type, struct toc_span path, uint8_t *out, size_t room)
{
    if (type.len + path.len + 1 > room) {
        return type;
    }
    memcpy(out, type.at, type.len);
    out[type.len] = ':';
    memcpy(out + type.len + 1, path.at, path.len);
    return toc_span(out, type.len + path.len + 1);
}

struct toc_err toc_stix_read_property(struct toc_stix_reader *reader, struct toc_span type,
                                      struct toc_span path, struct toc_span text, bool *found)
{
    uint8_t name[TOC_FACT_NOTE_BYTES_MAX];
    enum toc_value_kind kind = TOC_VALUE_NONE;
    struct toc_fact fact = reader->base;
    if (text.len == 0 || !kind_of(type, path, &kind)) {
        return toc_ok();
    }
    fact.kind_name = join(type, path, name, sizeof name);
    *found = true;
    return toc_facts_add_value(reader->facts, &fact, kind, text);
}

static struct toc_err add_atom(struct toc_stix_reader *reader, const struct toc_pattern_atom *atom,
                               bool *found)
{
    uint8_t name[TOC_FACT_NOTE_BYTES_MAX];
    struct toc_fact fact = reader->base;
    bool number = atom->literal == TOC_PATTERN_NUMBER;
    if (atom->literal != TOC_PATTERN_STRING && !number) {
        return toc_ok();
    }
    enum toc_value_kind kind = TOC_VALUE_NONE;
    if (atom->text.len == 0 || !kind_of_atom(atom, &kind) || (number && kind != TOC_VALUE_ASN)) {
        return toc_ok();
    }
    fact.kind_name = join(atom->type, atom->path, name, sizeof name);
    fact.port = atom->port;
    if (atom->compound) {
        fact.flags |= TOC_FACT_COMPOUND;
        fact.group = reader->group;
    }
    *found = true;
    return toc_facts_add_value(reader->facts, &fact, kind, atom->text);
}

/* What MISP says of detection in a label: misp:to_ids="True". */
static void read_to_ids(struct toc_stix_reader *reader, const json_t *json)
{
    const json_t *labels = json_object_get(json, "labels");
    const json_t *label;
    size_t i = 0;
    while (toc_json_next(labels, &i, &label)) {
        struct toc_span text = toc_json_string(label);
        if (toc_stix_is_word(text, "misp:to_ids=\"True\"")) {
            reader->base.flags |= TOC_FACT_TO_IDS;
        } else if (toc_stix_is_word(text, "misp:to_ids=\"False\"")) {
            reader->base.flags |= TOC_FACT_NOT_TO_IDS;
        }
    }
}

static struct toc_span quoted(struct toc_span text)
{
    return toc_facts_cut(text, QUOTED_BYTES);
}

/* A YARA, Sigma, Suricata... rule in place of a STIX pattern. */
static struct toc_err add_rule(struct toc_stix_reader *reader, struct toc_span language,
                               struct toc_span pattern)
{
    struct toc_fact fact = reader->base;
    fact.kind = TOC_VALUE_RULE;
    fact.kind_name = language;
    fact.value = fact.note.len > 0 ? fact.note : fact.place;
    fact.written = pattern;
    if (pattern.len > TOC_VALUE_WRITTEN_BYTES_MAX) {
        fact.written = quoted(pattern);
        TOC_TRY(
            toc_facts_warn(reader->facts, TOC_WARNING_VALUE_LONG, &reader->base, quoted(pattern)));
    }
    TOC_TRY(toc_facts_add(reader->facts, &fact));
    return toc_facts_warn(reader->facts, TOC_WARNING_PATTERN_LANGUAGE, &reader->base, language);
}

struct toc_err toc_stix_read_indicator(struct toc_stix_reader *reader,
                                       const struct toc_stix_object *object)
{
    struct toc_span text = toc_json_text(object->json, "pattern");
    struct toc_span language = toc_json_text(object->json, "pattern_type");
    bool found = false;
    if (language.len > 0 && !toc_stix_is_word(language, "stix")) {
        return add_rule(reader, language, text);
    }
    read_to_ids(reader, object->json);
    struct toc_err err =
        toc_pattern_parse(&reader->pattern, text, object->is_21 ? TOC_PATTERN_21 : TOC_PATTERN_20);
    if (toc_failed(err)) {
        return err.code == TOC_FULL ? err
                                    : toc_facts_warn(reader->facts, TOC_WARNING_PATTERN_SYNTAX,
                                                     &reader->base, quoted(text));
    }
    reader->group++;
    for (uint32_t i = 0; i < reader->pattern.count; i++) {
        TOC_TRY(add_atom(reader, &reader->pattern.atoms[i], &found));
    }
    if (!found) {
        return toc_facts_warn(reader->facts, TOC_WARNING_PATTERN_NO_ATOM, &reader->base,
                              quoted(text));
    }
    return toc_ok();
}
