/* SPDX-License-Identifier: EUPL-1.2 */
#include "ask.h"

static const enum toc_field link_keys[] = {TOC_FIELD_ORG, TOC_FIELD_NODE, TOC_FIELD_ESTABLISHED,
                                           TOC_FIELD_ADDRESSES, 0};

/* What the overlay does with this link. */
static void add_overlay(struct toc_table *table, const struct toc_message *row)
{
    char size[TOC_CELL_BYTES], text[64];
    uint64_t rate = toc_message_number(row, TOC_FIELD_RATE);
    toc_cell_size(size, rate);
    (void)snprintf(text, sizeof text, "%s/s", size);
    toc_table_text(table, rate == 0 ? "-" : text);
    (void)snprintf(text, sizeof text, "%llu/%llu",
                   (unsigned long long)toc_message_number(row, TOC_FIELD_EAGER),
                   (unsigned long long)toc_message_number(row, TOC_FIELD_LAZY));
    toc_table_text(table, text);
    toc_table_uint(table, toc_message_number(row, TOC_FIELD_QUEUED));
}

/* "in 12 s", "now"; "-": nobody dials it. */
static void next_text(char text[static TOC_CELL_BYTES + 4], const struct toc_message *row)
{
    char span[TOC_CELL_BYTES];
    uint64_t ms = toc_message_number(row, TOC_FIELD_NEXT_TRY);
    toc_cell_span(span, ms < 1000 ? 1000 : ms);
    (void)snprintf(text, TOC_CELL_BYTES + 4,
                   !toc_message_has(row, TOC_FIELD_NEXT_TRY) ? "-"
                   : ms == 0                                 ? "now"
                                                             : "in %s",
                   span);
}

/* A line below the table for each node without a link, where a person reads. */
static void add_down(struct toc_table *table, const struct toc_message *row)
{
    char text[TOC_CELL_BYTES + 4], time[TOC_TERM_TIME_BYTES];
    toc_table_cell(table, toc_message_text(row, TOC_FIELD_ORG));
    toc_table_uint(table, toc_message_number(row, TOC_FIELD_NODE));
    toc_term_time(time, toc_message_number(row, TOC_FIELD_TRIED));
    toc_table_text(table, time);
    next_text(text, row);
    toc_table_text(table, text);
    toc_table_cell(table, toc_message_text(row, TOC_FIELD_DOWN_WHY));
}

static void add_figures(struct toc_table *table, const struct toc_message *row)
{
    char text[TOC_CELL_BYTES];
    bool up = toc_message_flag(row, TOC_FIELD_ESTABLISHED);
    static const enum toc_field sizes[] = {TOC_FIELD_SENT, TOC_FIELD_SENT_TO_US};
    if (!up) {
        for (size_t i = 0; i < 9; i++) {
            toc_table_text(table, "-");
        }
        return;
    }
    toc_table_cell(table, toc_message_text(row, TOC_FIELD_VERSION));
    (void)snprintf(text, sizeof text, "%llu ms",
                   (unsigned long long)toc_message_number(row, TOC_FIELD_RTT));
    toc_table_text(table, text);
    add_overlay(table, row);
    toc_table_uint(table, toc_message_number(row, TOC_FIELD_BEHIND));
    for (size_t i = 0; i < 2; i++) {
        toc_cell_size(text, toc_message_number(row, sizes[i]));
        toc_table_text(table, text);
    }
    toc_cell_offset(text, toc_message_signed(row, TOC_FIELD_CLOCK_OFFSET));
    toc_table_text(table, text);
}

/* Where a pipe reads, WHY says why a node is down: each line has the same columns. */
static struct toc_span why_of(const struct toc_table *table, const struct toc_message *row)
{
    return toc_message_flag(row, TOC_FIELD_ESTABLISHED) ? toc_message_text(row, TOC_FIELD_LINK_WHY)
           : table->terminal                            ? toc_span_str("-")
                                                        : toc_message_text(row, TOC_FIELD_DOWN_WHY);
}

static void add_row(struct toc_table *table, const struct toc_message *row)
{
    char time[TOC_TERM_TIME_BYTES], addresses[256];
    bool up = toc_message_flag(row, TOC_FIELD_ESTABLISHED);
    toc_table_cell(table, toc_message_text(row, TOC_FIELD_ORG));
    toc_table_uint(table, toc_message_number(row, TOC_FIELD_NODE));
    bool dialled = toc_message_flag(row, TOC_FIELD_DIALLED);
    toc_table_text(table, !up ? "down" : dialled ? "out" : "in");
    toc_table_cell(table, why_of(table, row));
    toc_term_time(time, toc_message_number(row, TOC_FIELD_SINCE));
    toc_table_text(table, up ? time : "-");
    add_figures(table, row);
    toc_cell_list(addresses, sizeof addresses, row, TOC_FIELD_ADDRESSES);
    toc_table_text(table, addresses[0] == '\0' ? "dials only" : addresses);
}

static enum toc_exit run(const struct toc_args *args)
{
    static const char *const header[] = {
        "ORGANISATION", "NODE",   "LINK",   "WHY",  "SINCE",    "VERSION", "RTT",      "RATE",
        "EAGER/LAZY",   "QUEUED", "BEHIND", "SENT", "RECEIVED", "CLOCK",   "ADDRESSES"};
    static const char *const down_header[] = {"DOWN", "NODE", "TRIED", "AGAIN", "WHY"};
    struct toc_ask ask;
    struct toc_table table, down;
    if (!toc_ask_open(&ask, args)) {
        return ask.status;
    }
    toc_table_init(&down, stdout, down_header, sizeof down_header / sizeof down_header[0]);
    toc_table_init(&table, stdout, header, sizeof header / sizeof header[0]);
    toc_ask_begin(&ask, "peers");
    bool sent = toc_ask_send(&ask);
    while (sent && toc_ask_next(&ask)) {
        if (toc_args_has(args, "json")) {
            toc_row_json(stdout, &ask.row, link_keys);
        } else {
            add_row(&table, &ask.row);
            if (down.terminal && !toc_message_flag(&ask.row, TOC_FIELD_ESTABLISHED)) {
                add_down(&down, &ask.row);
            }
        }
    }
    struct toc_err err = toc_table_end(&table);
    if (down.terminal && down.cell_count > 0) {
        (void)fputc('\n', stdout);
    }
    struct toc_err err_down = toc_table_end(&down);
    err = toc_failed(err) ? err : err_down;
    toc_ask_close(&ask);
    if (toc_failed(err)) {
        return toc_complain_err(err, NULL);
    }
    return toc_finish_output(ask.status);
}

const struct toc_command toc_command_peers = {
    .name = "peers",
    .operands = "",
    .summary = "lists the links to the other nodes, and how far behind we are",
    .detail =
        "LINK: out, in (who dialled) or down. WHY it stands: all (in a small federation everybody\n"
        "links to everybody); near, mid, far (chosen; by thirds of the round trips); group (one "
        "of\n"
        "our groups has too few links otherwise); own (another node of our organisation); visit\n"
        "(for a while: it lacks something, or it is its turn); sought (others seemed to withhold\n"
        "something); accepted (the peer chose us). VERSION: of the protocol.\n"
        "RATE: bytes a second that the peer was measured to take, - until there was enough to "
        "send.\n"
        "EAGER/LAZY: logs whose entries it is sent, and those that it is told of. QUEUED: "
        "messages\n"
        "that wait to go to it. BEHIND: entries that it has and we lack. SENT, RECEIVED: bytes of\n"
        "this link. CLOCK: the peer's less ours.\n"
        "Nodes that are down are listed again below: when they were TRIED last, when AGAIN, and "
        "WHY "
        "no\n"
        "link stands: refused, timed out, the name unknown, hung up (as who is of another "
        "federation\n"
        "does, or who lacks this node's card), a goodbye. In a pipe WHY of the first table says "
        "it.",
    .json = true,
    .node = true,
    .operand_max = 0,
    .run = run,
};
