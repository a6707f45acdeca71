/* SPDX-License-Identifier: EUPL-1.2 */
#include "reader.h"

#include <stdio.h>
#include <string.h>

/* Properties of observables that are read from objects; what kind they are of is decided as in
 * patterns. */
static const struct {
    const char *type;
    const char *property;
} rows[] = {
    {"domain-name", "value"},
    {"hostname", "value"},
    {"ipv4-addr", "value"},
    {"ipv6-addr", "value"},
    {"url", "value"},
    {"email-addr", "value"},
    {"mac-addr", "value"},
    {"mutex", "name"},
    {"file", "name"},
    {"artifact", "url"},
    {"directory", "path"},
    {"process", "command_line"},
    {"windows-registry-key", "key"},
    {"x509-certificate", "serial_number"},
    {"cryptocurrency-wallet", "value"},
    {"bank-account", "iban"},
    {"phone-number", "value"},
    {"user-agent", "value"},
    {"x-opencti-hostname", "value"},
    {"x-opencti-cryptocurrency-wallet", "value"},
    {"x-opencti-user-agent", "value"},
};

/* "hashes" of files, artifacts and certificates. */
static struct toc_err read_hashes(struct toc_stix_reader *reader, struct toc_span type,
                                  const json_t *json)
{
    const char *key;
    json_t *value;
    bool found = false;
    json_object_foreach(json_object_get(json, "hashes"), key, value)
    {
        char path[64];
        struct toc_span name = toc_facts_cut(toc_span_str(key), 50);
        int len = snprintf(path, sizeof path, "hashes.%.*s", (int)name.len, key);
        TOC_TRY(toc_stix_read_property(reader, type, toc_span(path, len < 0 ? 0 : (size_t)len),
                                       toc_json_string(value), &found));
    }
    return toc_ok();
}

static struct toc_err read_asn(struct toc_stix_reader *reader, const json_t *json)
{
    const json_t *number = json_object_get(json, "number");
    char text[24];
    if (!json_is_integer(number)) {
        return toc_ok();
    }
    int len = snprintf(text, sizeof text, "AS%lld", (long long)json_integer_value(number));
    return toc_facts_add_value(reader->facts, &reader->base, TOC_VALUE_ASN,
                               toc_span(text, len < 0 ? 0 : (size_t)len));
}

struct toc_err toc_stix_read_observable(struct toc_stix_reader *reader, struct toc_span type,
                                        const json_t *json)
{
    bool found = false;
    reader->base.flags |= TOC_FACT_OBSERVED;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (toc_stix_is_word(type, rows[i].type)) {
            TOC_TRY(toc_stix_read_property(reader, type, toc_span_str(rows[i].property),
                                           toc_json_text(json, rows[i].property), &found));
        }
    }
    if (toc_stix_is_word(type, "autonomous-system")) {
        return read_asn(reader, json);
    }
    return read_hashes(reader, type, json);
}
