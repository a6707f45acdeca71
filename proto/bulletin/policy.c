/* SPDX-License-Identifier: EUPL-1.2 */
#include "bulletin.h"

/* Every function ends in a refusal unless a row above it allows: what is unknown is denied. */

struct toc_err toc_policy_publish(enum toc_tlp tlp, enum toc_audience audience,
                                  size_t organisation_count)
{
    if (tlp > TOC_TLP_RED || audience > TOC_AUDIENCE_ORGANISATIONS) {
        return toc_fail(TOC_POLICY, "unknown TLP or audience"); /* */
    }
    if (tlp != TOC_TLP_RED) {
        return toc_ok();
    }
    if (audience != TOC_AUDIENCE_ORGANISATIONS) {
        return toc_fail(TOC_POLICY, "RED goes to organisations spelled out, never to a group or "
                                    "all: name them"); /* */
    }
    if (organisation_count == 0) {
        return toc_fail(TOC_POLICY, "RED needs recipients: name the organisations"); /* */
    }
    if (organisation_count > TOC_RED_AUDIENCE_MAX) {
        return toc_fail(TOC_POLICY, "RED goes to 16 organisations at most: name fewer");
    }
    return toc_ok();
}

struct toc_err toc_policy_share(enum toc_tlp tlp, bool is_author, enum toc_audience audience,
                                size_t organisation_count)
{
    if (!is_author && tlp > TOC_TLP_GREEN) {
        return toc_fail(TOC_POLICY, "only its author may share what is stricter than GREEN: ask "
                                    "the author"); /* */
    }
    return toc_policy_publish(tlp, audience, organisation_count);
}

struct toc_err toc_policy_marking(enum toc_tlp tlp, enum toc_tlp marking)
{
    if (tlp > TOC_TLP_RED || marking > TOC_TLP_RED) {
        return toc_fail(TOC_POLICY, "unknown TLP"); /* */
    }
    if (tlp < marking) {
        return toc_fail(TOC_POLICY, "TLP is below a marking inside a document: raise it to that "
                                    "marking"); /* */
    }
    return toc_ok();
}

/* the strictest TLP that may leave for each audience without being asked for by id. */
static const enum toc_tlp export_ceiling[] = {
    [TOC_EXPORT_SELF] = TOC_TLP_AMBER_STRICT,
    [TOC_EXPORT_CLIENTS] = TOC_TLP_AMBER,
    [TOC_EXPORT_COMMUNITY] = TOC_TLP_GREEN,
    [TOC_EXPORT_PUBLIC] = TOC_TLP_CLEAR,
};

struct toc_err toc_policy_export(enum toc_tlp tlp, enum toc_export audience, bool by_id)
{
    if (tlp > TOC_TLP_RED || audience > TOC_EXPORT_PUBLIC) {
        return toc_fail(TOC_POLICY, "unknown TLP or audience"); /* */
    }
    if (tlp <= export_ceiling[audience]) {
        return toc_ok();
    }
    if (tlp == TOC_TLP_RED && audience == TOC_EXPORT_SELF) {
        /* */
        return by_id ? toc_ok()
                     : toc_fail(TOC_POLICY, "RED leaves one by one: name the bulletin's id");
    }
    return toc_fail(TOC_POLICY, "TLP is too strict for that audience: export for a narrower one");
}

struct toc_err toc_policy_read(enum toc_tlp tlp, enum toc_tlp clearance, bool red_asked)
{
    if (tlp > TOC_TLP_RED || clearance > TOC_TLP_RED) {
        return toc_fail(TOC_POLICY, "unknown TLP or clearance"); /* */
    }
    if (tlp > clearance) {
        return toc_fail(TOC_POLICY, "TLP is above the caller's clearance"); /* */
    }
    if (tlp == TOC_TLP_RED && !red_asked) {
        return toc_fail(TOC_POLICY, "RED is shown only where the command asks for it");
    }
    return toc_ok();
}

bool toc_policy_blocking(enum toc_pap pap)
{
    /* none counts as GREEN. */
    return pap <= TOC_PAP_GREEN;
}

enum toc_tlp toc_tlp_stricter(enum toc_tlp a, enum toc_tlp b)
{
    return a > b ? a : b;
}
