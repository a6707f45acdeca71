/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Bulletins for tests, fuzz targets and benchmarks: one with every field, and random ones. Header
 * only; needs the room bulletin.
 */
#ifndef TOC_TEST_SAMPLE_BULLETIN_H
#define TOC_TEST_SAMPLE_BULLETIN_H

#include <string.h>

#include "bulletin.h"

#define SAMPLE_ITEMS_MAX 8u

/* The lists that a sample points into. */
struct sample_lists {
    struct toc_span names[8][SAMPLE_ITEMS_MAX];
    struct toc_span values[SAMPLE_ITEMS_MAX][SAMPLE_ITEMS_MAX];
    struct toc_origin origins[SAMPLE_ITEMS_MAX];
    struct toc_cve cves[SAMPLE_ITEMS_MAX];
    struct toc_indicator indicators[SAMPLE_ITEMS_MAX];
    struct toc_document documents[SAMPLE_ITEMS_MAX];
    struct toc_relation relations[SAMPLE_ITEMS_MAX];
};

static inline struct toc_span sample_text(const char *text)
{
    return toc_span(text, strlen(text));
}

/* Nothing but what is required. */
static inline struct toc_bulletin sample_least(void)
{
    struct toc_bulletin bulletin = {
        .title = sample_text("Phishing against ministries"),
        .kind = TOC_BULLETIN_NOTE,
        .tlp = TOC_TLP_GREEN,
    };
    memset(bulletin.federation, 0xf0, sizeof bulletin.federation);
    memset(bulletin.author, 0xa0, sizeof bulletin.author);
    memset(bulletin.nonce, 0x10, sizeof bulletin.nonce);
    return bulletin;
}

static inline struct toc_names sample_names(struct toc_span *items, const char *a, const char *b)
{
    items[0] = sample_text(a);
    items[1] = sample_text(b);
    return (struct toc_names){items, 2};
}

static inline void sample_fill_lists(struct sample_lists *lists)
{
    lists->origins[0] = (struct toc_origin){sample_text("ru"), sample_text("CERT-FR")};
    lists->origins[1] = (struct toc_origin){sample_text("unknown"), {NULL, 0}};
    lists->cves[0] = (struct toc_cve){sample_text("CVE-2026-1234"), 98, true};
    lists->cves[1] = (struct toc_cve){sample_text("CVE-2025-0001"), TOC_NOT_GIVEN, false};
    lists->cves[2] = (struct toc_cve){sample_text("CVE-2025-0002"), 0, false};
    lists->indicators[0] = (struct toc_indicator){.kind = sample_text("domain"),
                                                  .value = sample_text("evil.example"),
                                                  .role = sample_text("c2"),
                                                  .comment = sample_text("seen twice"),
                                                  .first_seen_ms = 1700000000000,
                                                  .last_seen_ms = 1700000001000,
                                                  .valid_until_ms = 1800000000000,
                                                  .confidence = 0};
    lists->indicators[1] = (struct toc_indicator){.kind = sample_text("ip"),
                                                  .value = sample_text("2001:db8::1"),
                                                  .confidence = TOC_NOT_GIVEN};
    lists->documents[0] =
        (struct toc_document){sample_text("application/stix+json;version=2.1"),
                              sample_text("bundle.json"), sample_text("{\"type\":\"bundle\"}")};
    lists->documents[1] = (struct toc_document){sample_text("text/plain"), {NULL, 0}, {NULL, 0}};
    lists->values[0][0] = sample_text("evil.example");
    lists->values[0][1] = sample_text("worse.example");
    lists->relations[0] = (struct toc_relation){
        .kind = TOC_RELATION_REVOKES, .values = lists->values[0], .value_count = 2};
    lists->relations[1] = (struct toc_relation){.kind = TOC_RELATION_TAKEDOWN_STATUS_OF,
                                                .status = sample_text("seized")};
    memset(lists->relations[0].target, 0x71, TOC_ID_BYTES);
    memset(lists->relations[1].target, 0x72, TOC_ID_BYTES);
}

/* Every field given. Lends: `lists` must outlive the bulletin. */
static inline struct toc_bulletin sample_full(struct sample_lists *lists)
{
    struct toc_bulletin bulletin = sample_least();
    memset(lists, 0, sizeof *lists);
    sample_fill_lists(lists);
    bulletin.kind = TOC_BULLETIN_ALERT;
    bulletin.tlp = TOC_TLP_AMBER_STRICT;
    bulletin.pap = TOC_PAP_AMBER;
    bulletin.severity = TOC_SEVERITY_CRITICAL;
    bulletin.summary = sample_text("# What happened\n\nNaïve users, 東京.\n");
    bulletin.language = sample_text("en-GB");
    bulletin.reference = sample_text("CERTFR-2026-ALE-001");
    bulletin.reliability = 'B';
    bulletin.credibility = '6';
    bulletin.exercise = true;
    bulletin.published.ms = 1764000000000;
    bulletin.valid_until_ms = 1765000000000;
    bulletin.ack_within_ms = 3600000;
    bulletin.actors = sample_names(lists->names[0], "APT29", "Midnight Blizzard");
    bulletin.malware = sample_names(lists->names[1], "Lumma", "Cobalt Strike");
    bulletin.target_countries = sample_names(lists->names[2], "fr", "de");
    bulletin.target_sectors = sample_names(lists->names[3], "energy", "government");
    bulletin.motives = sample_names(lists->names[4], "espionage", "influence");
    bulletin.techniques = sample_names(lists->names[5], "T1566.001", "T1059");
    bulletin.ai_misuse = sample_names(lists->names[6], "translation", "scripting");
    bulletin.tags = sample_names(lists->names[7], "tlp-test", "tag");
    bulletin.origins = lists->origins;
    bulletin.origin_count = 2;
    bulletin.cves = lists->cves;
    bulletin.cve_count = 3;
    bulletin.indicators = lists->indicators;
    bulletin.indicator_count = 2;
    bulletin.documents = lists->documents;
    bulletin.document_count = 2;
    bulletin.relations = lists->relations;
    bulletin.relation_count = 2;
    return bulletin;
}

#endif
