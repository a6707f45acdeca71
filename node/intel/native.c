/* SPDX-License-Identifier: EUPL-1.2 */
#include "sniff.h"
#include "text.h"

#include <string.h>

static struct toc_err add_names(struct toc_facts *facts, const struct toc_fact *base,
                                enum toc_value_kind kind, const struct toc_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        TOC_TRY(toc_facts_add_value(facts, base, kind, names->items[i]));
    }
    return toc_ok();
}

/* An attribution without a country is said too, but there is nothing to look up. */
static struct toc_err add_origins(struct toc_facts *facts, const struct toc_fact *base,
                                  const struct toc_bulletin *bulletin)
{
    for (size_t i = 0; i < bulletin->origin_count; i++) {
        struct toc_fact fact = *base;
        const struct toc_origin *origin = &bulletin->origins[i];
        if (toc_country_find(origin->country) == NULL) {
            continue;
        }
        fact.note = origin->claimed_by;
        TOC_TRY(toc_facts_add_value(facts, &fact, TOC_VALUE_ORIGIN, origin->country));
    }
    return toc_ok();
}

static struct toc_err add_cves(struct toc_facts *facts, const struct toc_fact *base,
                               const struct toc_bulletin *bulletin)
{
    for (size_t i = 0; i < bulletin->cve_count; i++) {
        struct toc_fact fact = *base;
        fact.flags = bulletin->cves[i].exploited ? TOC_FACT_EXPLOITED : 0;
        TOC_TRY(toc_facts_add_value(facts, &fact, TOC_VALUE_CVE, bulletin->cves[i].id));
    }
    return toc_ok();
}

static struct toc_err add_indicators(struct toc_facts *facts, const struct toc_fact *base,
                                     const struct toc_bulletin *bulletin)
{
    for (size_t i = 0; i < bulletin->indicator_count; i++) {
        const struct toc_indicator *indicator = &bulletin->indicators[i];
        struct toc_fact fact = *base;
        uint32_t before = facts->count;
        fact.kind_name = indicator->kind;
        fact.confidence =
            indicator->confidence <= 100 ? indicator->confidence : (uint8_t)TOC_CONFIDENCE_NONE;
        fact.from.ms = indicator->first_seen_ms;
        fact.until.ms = indicator->valid_until_ms;
        fact.note = indicator->comment.len > 0 ? indicator->comment : indicator->role;
        TOC_TRY(toc_facts_add_value(facts, &fact, toc_value_kind_find(indicator->kind),
                                    indicator->value));
        facts->counts.objects++;
        facts->counts.indicators += facts->count > before;
    }
    return toc_ok();
}

struct toc_err toc_intel_read_native(struct toc_facts *facts, const struct toc_bulletin *bulletin)
{
    static const struct toc_fact base = {.confidence = TOC_CONFIDENCE_NONE};
    TOC_TRY(add_indicators(facts, &base, bulletin));
    TOC_TRY(add_names(facts, &base, TOC_VALUE_ACTOR, &bulletin->actors));
    TOC_TRY(add_names(facts, &base, TOC_VALUE_MALWARE, &bulletin->malware));
    TOC_TRY(add_names(facts, &base, TOC_VALUE_TECHNIQUE, &bulletin->techniques));
    TOC_TRY(add_names(facts, &base, TOC_VALUE_TARGET, &bulletin->target_countries));
    TOC_TRY(add_names(facts, &base, TOC_VALUE_SECTOR, &bulletin->target_sectors));
    TOC_TRY(add_names(facts, &base, TOC_VALUE_TAG, &bulletin->tags));
    TOC_TRY(add_origins(facts, &base, bulletin));
    TOC_TRY(add_cves(facts, &base, bulletin));
    return bulletin->summary.len == 0
               ? toc_ok()
               : toc_text_read(facts, bulletin->summary, 0, TOC_TEXT_MARKDOWN);
}
