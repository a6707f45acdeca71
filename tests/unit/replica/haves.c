/* SPDX-License-Identifier: EUPL-1.2 */
#include "scene.h"

/* What is told, what that leads to, and what comes of telling untruths. */

static struct liar second;

static struct toc_span tell_row(uint8_t out[static TOC_TELL_ROW_BYTES_MAX], const uint8_t *log,
                                uint64_t seq)
{
    struct toc_tell tell = {.seq = seq};
    memcpy(tell.prefix, log, sizeof tell.prefix);
    return toc_span(out, toc_tell_encode(out, &tell));
}

static void say_tell(struct liar *from, uint8_t type, const uint8_t *log, uint64_t seq)
{
    uint8_t row[TOC_TELL_ROW_BYTES_MAX];
    liar_say(from, type, TOC_CLASS_CONTROL, tell_row(row, log, seq));
}

/* The only row of the newest message of this type. */
static struct toc_tell told(const struct liar *liar_, uint8_t type)
{
    const struct liar_message *message = liar_last(liar_, type);
    struct toc_tell tell = {.seq = 0};
    assert_non_null(message);
    assert_int_equal(message->class, TOC_CLASS_CONTROL);
    struct toc_span body = message->body;
    assert_ok(toc_tell_next(&body, &tell));
    assert_int_equal(body.len, 0);
    return tell;
}

static void assert_told(const struct liar *liar_, uint8_t type, const uint8_t *log, uint64_t seq)
{
    struct toc_tell tell = told(liar_, type);
    assert_memory_equal(tell.prefix, log, sizeof tell.prefix);
    assert_int_equal(tell.seq, seq);
}

static struct toc_gossip_log *gossip_of(const uint8_t *log)
{
    uint32_t at = toc_ledger_find_log(&world.nodes[0].core->ledger, log);
    assert_true(at != TOC_LEDGER_NONE);
    return &replica()->gossip.logs[at];
}

/* in each of the three, the exact code and nothing changed. */
static void rows_out_of_form_end_the_link(void **state)
{
    (void)state;
    static uint8_t many[(TOC_TELL_ROWS_MAX + 1) * 9];
    memset(many, 1, sizeof many);
    const struct {
        uint8_t type;
        struct toc_span body;
        enum toc_code code;
    } rows[] = {
        {TOC_MSG_HAVE, toc_span(many, 8), TOC_TRUNCATED},
        {TOC_MSG_HAVE, toc_span(many, 0), TOC_TRUNCATED},
        {TOC_MSG_HAVE, toc_span(many, sizeof many), TOC_LIMIT},
        {TOC_MSG_HAVE, toc_span("12345678\0", 9), TOC_MALFORMED},
        {TOC_MSG_HAVE, toc_span("12345678\x80\0", 10), TOC_MALFORMED},
        {TOC_MSG_LAZY, toc_span(many, 10), TOC_TRUNCATED},
        {TOC_MSG_LAZY, toc_span(many, sizeof many), TOC_LIMIT},
        {TOC_MSG_LAZY, toc_span("12345678\0", 9), TOC_MALFORMED},
        {TOC_MSG_EAGER, toc_span(many, 7), TOC_TRUNCATED},
        {TOC_MSG_EAGER, toc_span(many, sizeof many), TOC_LIMIT},
        {TOC_MSG_EAGER, toc_span("12345678\x81\0", 10), TOC_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t before[32];
        begin(20 + i);
        liar_state(&world, 0, before);
        liar_say(&liar, rows[i].type, TOC_CLASS_CONTROL, rows[i].body);
        assert_refused(rows[i].code, before);
        end();
    }
}

/* HAVE is said as control or bulk, the others as control. */
static void they_come_in_their_classes(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        enum toc_class class;
    } rows[] = {{TOC_MSG_HAVE, TOC_CLASS_ALERT}, {TOC_MSG_HAVE, TOC_CLASS_LIVE},
                {TOC_MSG_EAGER, TOC_CLASS_BULK}, {TOC_MSG_LAZY, TOC_CLASS_BULK},
                {TOC_MSG_EAGER, TOC_CLASS_LIVE}, {TOC_MSG_LAZY, TOC_CLASS_ALERT}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t before[32], row[TOC_TELL_ROW_BYTES_MAX];
        begin(40 + i);
        liar_state(&world, 0, before);
        liar_say(&liar, rows[i].type, rows[i].class, tell_row(row, chain.log, 1));
        assert_refused(TOC_MALFORMED, before);
        end();
    }
}

/* */
static void what_cannot_be_is_ignored(void **state)
{
    (void)state;
    uint8_t before[32], unknown[32] = {1, 2, 3}, unshared[32];
    begin(2);
    toc_log_id(unshared, liar.federation, direct_group, world.nodes[0].log_keys.public_key);
    liar_state(&world, 0, before);
    say_tell(&liar, TOC_MSG_HAVE, unknown, 1);
    say_tell(&liar, TOC_MSG_HAVE, unshared, 9);
    say_tell(&liar, TOC_MSG_LAZY, unshared, 9);
    say_tell(&liar, TOC_MSG_HAVE, chain.log, UINT64_MAX);
    say_tell(&liar, TOC_MSG_LAZY, chain.log, UINT64_MAX);
    say_tell(&liar, TOC_MSG_EAGER, chain.log, TOC_WANT_AHEAD + 1);
    say_tell(&liar, TOC_MSG_HAVE, chain.log, TOC_WANT_AHEAD + 1);
    world_run(&world, 600);
    assert_ignored(before);
    assert_int_equal(replica()->gossip.gap_count, 0);
    assert_int_equal(liar_count(&liar, TOC_MSG_WANT), 0);
    uint32_t log = toc_ledger_find_log(&world.nodes[0].core->ledger, chain.log);
    assert_int_equal(*toc_replica_has(replica(), link_to_liar(), log), 0);
    log = toc_ledger_find_log(&world.nodes[0].core->ledger, unshared);
    assert_int_equal(replica()->gossip.logs[log].lazy, 0);
    end();
}

/* waited for, then asked for with EAGER; what comes closes the gap. */
static void what_was_told_and_does_not_come_is_asked_for(void **state)
{
    (void)state;
    begin(3);
    chain_add(&chain, 100, 1);
    say_tell(&liar, TOC_MSG_HAVE, chain.log, 1);
    world_run(&world, TOC_GAP_MS_MIN - 1);
    assert_int_equal(liar_count(&liar, TOC_MSG_WANT), 0);
    world_run(&world, 10);
    assert_int_equal(liar_count(&liar, TOC_MSG_WANT), 1);
    assert_told(&liar, TOC_MSG_EAGER, chain.log, 0);
    say_range(1, 1);
    liar_wait(&liar);
    assert_int_equal(seq_of(2, NULL), 1);
    assert_int_equal(replica()->gossip.gap_count, 0);
    end();
}

/* what comes in time is not asked for. */
static void what_comes_in_time_is_not_asked_for(void **state)
{
    (void)state;
    begin(4);
    for (unsigned seq = 1; seq <= 20; seq++) {
        chain_add(&chain, 100, 1);
        say_tell(&liar, TOC_MSG_HAVE, chain.log, seq);
        world_run(&world, 100);
        liar_say(&liar, TOC_MSG_ENTRY, TOC_CLASS_LIVE, range_of(seq, seq));
    }
    world_run(&world, 400);
    assert_int_equal(seq_of(2, NULL), 20);
    assert_int_equal(liar_count(&liar, TOC_MSG_WANT), 0);
    assert_int_equal(replica()->gossip.gap_count, 0);
    end();
}

/* a link that tells and does not give costs one wait. */
static void who_tells_and_does_not_give_costs_one_wait(void **state)
{
    (void)state;
    begin(5);
    liar_join(&second, &world, 3, 0);
    liar_agree(&second);
    liar_forget(&second);
    chain_add(&chain, 100, 1);
    say_tell(&liar, TOC_MSG_HAVE, chain.log, 1);
    say_tell(&second, TOC_MSG_HAVE, chain.log, 1);
    world_run(&world, 2 * TOC_GAP_MS_MIN + 20);
    assert_int_equal(liar_count(&liar, TOC_MSG_WANT), 1);
    assert_int_equal(liar_count(&second, TOC_MSG_WANT), 1);
    liar_say(&second, TOC_MSG_RANGE, TOC_CLASS_BULK, range_of(1, 1));
    liar_wait(&second);
    assert_int_equal(seq_of(2, NULL), 1);
    assert_true(link_to_liar()->unmet >= 1);
    liar_leave(&second);
    end();
}

/* a link that makes itself seem far, tells first and gives the first of two entries puts
 * off what another one has told of by no more than that one's wait. */
static void who_seems_far_puts_nothing_off(void **state)
{
    (void)state;
    begin(15);
    liar_join(&second, &world, 3, 0);
    liar_agree(&second);
    liar_forget(&second);
    link_to_liar()->rtt_ms = 20000; /* its PONGs come late */
    chain_add(&chain, 100, 1);
    chain_add(&chain, 100, 1);
    say_tell(&liar, TOC_MSG_HAVE, chain.log, 1);
    say_tell(&second, TOC_MSG_HAVE, chain.log, 1);
    liar_wait(&liar);
    say_tell(&second, TOC_MSG_HAVE, chain.log, 2);
    world_run(&world, TOC_GAP_MS_MIN - 40);
    liar_say(&liar, TOC_MSG_ENTRY, TOC_CLASS_LIVE, range_of(1, 1));
    world_run(&world, TOC_GAP_MS_MIN + 60);
    assert_int_equal(seq_of(2, NULL), 1);
    assert_int_equal(liar_count(&second, TOC_MSG_WANT), 1);
    liar_leave(&second);
    end();
}

/* nor by a promise that it is asked to keep, whatever it makes of its distance. */
static void who_was_asked_before_puts_little_off(void **state)
{
    (void)state;
    uint8_t all[32];
    begin(16);
    liar_join(&second, &world, 3, 0);
    liar_agree(&second);
    liar_forget(&second);
    link_to_liar()->rtt_ms = 20000;
    all_group(all);
    chain_add(&chain, 100, 1);
    say_row(all, chain.log, 1);
    liar_wait(&liar);
    assert_int_equal(liar_count(&liar, TOC_MSG_WANT), 1);
    say_tell(&second, TOC_MSG_HAVE, chain.log, 1);
    uint64_t ms = 0;
    for (; ms < 60000 && liar_count(&second, TOC_MSG_WANT) == 0; ms += 50) {
        world_run(&world, 50);
    }
    assert_in_range(ms, 0, TOC_LATE_MS + 500);
    liar_leave(&second);
    end();
}

/* where nobody gives it, asking ends, and digests go on. */
static void untruths_end_in_digests(void **state)
{
    (void)state;
    begin(6);
    say_tell(&liar, TOC_MSG_HAVE, chain.log, 5);
    world_run(&world, 4 * TOC_GAP_MS_MIN);
    assert_int_equal(liar_count(&liar, TOC_MSG_WANT), 1);
    assert_int_equal(replica()->gossip.gap_count, 0);
    assert_true(liar_count(&liar, TOC_MSG_VTOP) >= 1);
    assert_honest_links_go_on();
    end();
}

/* one link fills its part of the table; then it is compared with. */
static void one_link_has_a_part_of_the_gaps(void **state)
{
    (void)state;
    begin(7);
    struct toc_link *link = link_to_liar();
    replica()->gossip.gaps_of[link->place] = TOC_GAPS_LINK;
    say_tell(&liar, TOC_MSG_HAVE, chain.log, 1);
    world_run(&world, 2 * TOC_VTOP_MS_MIN);
    assert_int_equal(replica()->gossip.gap_count, 0);
    assert_true(liar_count(&liar, TOC_MSG_VTOP) >= 1);
    replica()->gossip.gaps_of[link->place] = 0;
    end();
}

/* what was told as bulk comes by asking alone. */
static void what_was_told_as_bulk_is_asked_for_at_once(void **state)
{
    (void)state;
    uint8_t row[TOC_TELL_ROW_BYTES_MAX];
    begin(8);
    liar_say(&liar, TOC_MSG_HAVE, TOC_CLASS_BULK, tell_row(row, chain.log, 1));
    liar_wait(&liar);
    assert_int_equal(liar_count(&liar, TOC_MSG_WANT), 1);
    assert_int_equal(liar_count(&liar, TOC_MSG_EAGER), 0);
    end();
}

/* LAZY makes us tell, EAGER makes us send again; nobody else is touched.
 */
static void who_says_lazy_is_told_and_who_says_eager_is_sent(void **state)
{
    (void)state;
    uint8_t log[32];
    begin(9);
    world_log(&world, 0, NULL, log);
    uint64_t seq = world_seq(&world, 0, log);
    say_tell(&liar, TOC_MSG_LAZY, log, seq);
    liar_wait(&liar);
    publish(0);
    publish(0);
    world_run(&world, TOC_TELL_MS - 5);
    assert_int_equal(liar_count(&liar, TOC_MSG_HAVE), 0);
    assert_int_equal(world_seq(&world, 1, log), seq + 2);
    world_run(&world, TOC_TELL_LATER_MS_MAX + 10);
    assert_int_equal(liar_count(&liar, TOC_MSG_HAVE), 1); /* one for both */
    assert_told(&liar, TOC_MSG_HAVE, log, seq + 2);
    assert_int_equal(liar_count(&liar, TOC_MSG_ENTRY), 0);
    say_tell(&liar, TOC_MSG_EAGER, log, seq + 2);
    liar_wait(&liar);
    publish(0);
    liar_wait(&liar);
    assert_int_equal(liar_count(&liar, TOC_MSG_ENTRY), 1);
    end();
}

/* where more logs have something to tell than fit, digests speak. */
static void what_finds_no_place_is_compared(void **state)
{
    (void)state;
    uint8_t log[32];
    begin(19);
    world_log(&world, 0, NULL, log);
    say_tell(&liar, TOC_MSG_LAZY, log, 1);
    liar_wait(&liar);
    liar_forget(&liar);
    replica()->gossip.tell_count = TOC_TELL_LOGS_MAX;
    publish(0);
    world_run(&world, 2 * TOC_VTOP_MS_MIN);
    assert_int_equal(liar_count(&liar, TOC_MSG_HAVE), 0);
    assert_true(liar_count(&liar, TOC_MSG_VTOP) >= 1);
    replica()->gossip.tell_count = 0;
    end();
}

/* who has told us needs to be told nothing. */
static void who_is_known_to_hold_it_is_told_nothing(void **state)
{
    (void)state;
    uint8_t log[32];
    begin(10);
    world_log(&world, 1, NULL, log);
    say_tell(&liar, TOC_MSG_LAZY, log, 1);
    liar_wait(&liar);
    publish(1);
    world_run(&world, 8);
    say_tell(&liar, TOC_MSG_HAVE, log, seq_of(1, NULL));
    world_run(&world, 100);
    assert_int_equal(seq_of(1, NULL), 1);
    assert_int_equal(liar_count(&liar, TOC_MSG_HAVE), 0);
    end();
}

/* a further copy is answered with LAZY, once; and we send its sender no more of that log.
 */
static void a_further_copy_makes_both_sides_lazy(void **state)
{
    (void)state;
    uint8_t log[32], copy[4096];
    begin(11);
    world_log(&world, 1, NULL, log);
    publish(1);
    liar_wait(&liar);
    struct toc_span entry = liar_last(&liar, TOC_MSG_ENTRY)->body;
    assert_true(entry.len <= sizeof copy);
    memcpy(copy, entry.at, entry.len);
    entry.at = copy;
    liar_forget(&liar);
    liar_say(&liar, TOC_MSG_ENTRY, TOC_CLASS_BULK, entry);
    liar_say(&liar, TOC_MSG_RANGE, TOC_CLASS_BULK, entry);
    liar_wait(&liar);
    assert_int_equal(liar_count(&liar, TOC_MSG_LAZY), 0);
    liar_say(&liar, TOC_MSG_ENTRY, TOC_CLASS_LIVE, entry);
    liar_say(&liar, TOC_MSG_ENTRY, TOC_CLASS_LIVE, entry);
    liar_wait(&liar);
    assert_int_equal(liar_count(&liar, TOC_MSG_LAZY), 1);
    assert_told(&liar, TOC_MSG_LAZY, log, 1);
    publish(1);
    world_run(&world, 60);
    assert_int_equal(liar_count(&liar, TOC_MSG_ENTRY), 0);
    assert_told(&liar, TOC_MSG_HAVE, log, 2);
    end();
}

/* what the same link has sent before says nothing. */
static void a_copy_from_upstream_changes_nothing(void **state)
{
    (void)state;
    begin(12);
    chain_add(&chain, 100, 1);
    liar_say(&liar, TOC_MSG_ENTRY, TOC_CLASS_LIVE, range_of(1, 1));
    liar_wait(&liar);
    assert_int_equal(seq_of(2, NULL), 1);
    liar_say(&liar, TOC_MSG_ENTRY, TOC_CLASS_LIVE, range_of(1, 1));
    liar_wait(&liar);
    assert_int_equal(liar_count(&liar, TOC_MSG_LAZY), 0);
    assert_int_equal(gossip_of(chain.log)->lazy, 0);
    end();
}

/* the first copy on a link that was to be lazy makes it eager. */
static void who_is_first_is_asked_to_go_on(void **state)
{
    (void)state;
    begin(13);
    chain.utc_ms = WORLD_START_UTC_MS;
    chain_add(&chain, 100, 1);
    gossip_of(chain.log)->told_lazy = UINT64_C(1) << link_to_liar()->place;
    liar_say(&liar, TOC_MSG_ENTRY, TOC_CLASS_ALERT, range_of(1, 1));
    liar_wait(&liar);
    assert_int_equal(liar_count(&liar, TOC_MSG_EAGER), 1);
    assert_int_equal(gossip_of(chain.log)->told_lazy, 0);
    end();
}

static void publish_alert(size_t bytes)
{
    static uint8_t content[30000];
    struct toc_submit submit = {.audience = TOC_SUBMIT_ALL, .class = TOC_CLASS_ALERT};
    world_entropy(&world, content, bytes);
    world_publish(&world, 0, submit, toc_span(content, bytes));
    liar_wait(&liar);
}

/* lazy or not, and with live entries waiting for credit. */
static void alerts_go_to_lazy_links_that_read_nothing(void **state)
{
    (void)state;
    uint8_t log[32];
    begin(14);
    world_log(&world, 0, NULL, log);
    struct toc_link *link = link_to_liar();
    link->peer.out[TOC_CLASS_LIVE].granted = link->peer.out[TOC_CLASS_LIVE].used;
    publish(0);
    publish(0);
    liar_wait(&liar);
    assert_int_equal(liar_count(&liar, TOC_MSG_ENTRY), 0);
    say_tell(&liar, TOC_MSG_LAZY, log, 1);
    liar_wait(&liar);
    publish_alert(100);
    assert_int_equal(liar_count(&liar, TOC_MSG_ENTRY), 1);
    assert_int_equal(liar_last(&liar, TOC_MSG_ENTRY)->class, TOC_CLASS_ALERT);
    end();
}

/* of a larger one the header goes to lazy links, the whole to eager ones. */
static void of_larger_alerts_lazy_links_get_the_header(void **state)
{
    (void)state;
    uint8_t log[32];
    begin(17);
    world_log(&world, 0, NULL, log);
    publish_alert(9000);
    assert_int_equal(liar_count(&liar, TOC_MSG_ENTRY), 1);
    assert_true(liar_last(&liar, TOC_MSG_ENTRY)->body.len > 9000);
    say_tell(&liar, TOC_MSG_LAZY, log, 1);
    liar_wait(&liar);
    static const size_t sizes[] = {9000, 30000};
    for (size_t i = 0; i < 2; i++) {
        liar_forget(&liar);
        publish_alert(sizes[i]);
        assert_int_equal(liar_count(&liar, TOC_MSG_ENTRY), 1);
        assert_int_equal(liar_last(&liar, TOC_MSG_ENTRY)->class, TOC_CLASS_ALERT);
        assert_true(liar_last(&liar, TOC_MSG_ENTRY)->body.len <= TOC_BARE_BYTES_MAX);
    }
    uint64_t seq = world_seq(&world, 0, log);
    assert_int_equal(world_seq(&world, 1, log), seq); /* an eager one holds all of it */
    assert_int_equal(world.nodes[1].core->replica.missing_count, 0);
    end();
}

/* the payload that comes behind its header is taken, and is no reason for LAZY. */
static void a_payload_behind_its_header_is_taken(void **state)
{
    (void)state;
    static uint8_t bare[TOC_BARE_BYTES_MAX];
    begin(18);
    liar_join(&second, &world, 3, 0);
    liar_agree(&second);
    chain.utc_ms = WORLD_START_UTC_MS;
    chain_add(&chain, 9000, 1);
    struct toc_span header = chain_range(&chain, 1, 1, false, (struct toc_room){bare, sizeof bare});
    liar_say(&second, TOC_MSG_ENTRY, TOC_CLASS_ALERT, header);
    liar_wait(&second);
    assert_int_equal(seq_of(2, NULL), 1);
    assert_int_equal(replica()->missing_count, 1);
    assert_int_equal(liar_count(&second, TOC_MSG_WANT), 1); /* asked for at once */
    assert_int_equal(gossip_of(chain.log)->upstream, 0);
    size_t late = world.nodes[0].delivered_late;
    liar_say(&liar, TOC_MSG_ENTRY, TOC_CLASS_ALERT, range_of(1, 1));
    liar_wait(&liar);
    assert_int_equal(replica()->missing_count, 0);
    assert_int_equal(world.nodes[0].delivered_late, late + 1);
    liar_leave(&second);
    end();
}

/* what its author may not push is told of as bulk. */
static void what_is_beyond_the_quota_is_told_of(void **state)
{
    (void)state;
    begin(15);
    replica()->quota = (struct toc_quota_options){.entries_hour = 1, .burst = 1};
    publish(0);
    liar_wait(&liar);
    liar_forget(&liar);
    publish(0);
    publish(0);
    world_run(&world, TOC_TELL_MS + TOC_TELL_LATER_MS_MAX + 10);
    assert_int_equal(liar_count(&liar, TOC_MSG_ENTRY), 0);
    assert_int_equal(liar_count(&liar, TOC_MSG_HAVE), 1);
    assert_int_equal(liar_last(&liar, TOC_MSG_HAVE)->class, TOC_CLASS_BULK);
    uint8_t log[32];
    world_log(&world, 0, NULL, log);
    uint64_t seq = world_seq(&world, 0, log);
    world_run(&world, 50);
    assert_int_equal(world_seq(&world, 1, log), seq); /* node 1 has asked for it */
    end();
}

/* a false entry comes first, the true one while it is being checked. */
static void a_false_first_copy_delays_nothing_for_long(void **state)
{
    (void)state;
    begin(16);
    world_log(&world, 1, NULL, chain.log);
    chain_add(&chain, 100, 1); /* in node 1's name, with another's signature */
    world.check_ms = 200;
    liar_say(&liar, TOC_MSG_ENTRY, TOC_CLASS_LIVE, range_of(1, 1));
    world_run(&world, 4);
    uint32_t log = toc_ledger_find_log(&world.nodes[0].core->ledger, chain.log);
    assert_int_equal(toc_replica_taken_to(replica(), &world.nodes[0].core->ledger.logs[log]), 1);
    publish(1);
    world_run(&world, 10);
    assert_int_equal(seq_of(1, NULL), 0); /* taken for a copy */
    assert_true(gossip_of(chain.log)->lazy != 0);
    world.check_ms = 0;
    world_run(&world, 250);
    assert_true(liar.closed);
    assert_int_equal(liar.why.code, TOC_SIGNATURE);
    assert_int_equal(seq_of(1, NULL), 1);
    assert_int_equal(gossip_of(chain.log)->told_lazy, 0); /* node 1 sends again */
    publish(1);
    world_run(&world, 10);
    assert_int_equal(seq_of(1, NULL), 2);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_out_of_form_end_the_link),
        cmocka_unit_test(they_come_in_their_classes),
        cmocka_unit_test(what_cannot_be_is_ignored),
        cmocka_unit_test(what_was_told_and_does_not_come_is_asked_for),
        cmocka_unit_test(what_comes_in_time_is_not_asked_for),
        cmocka_unit_test(who_tells_and_does_not_give_costs_one_wait),
        cmocka_unit_test(who_seems_far_puts_nothing_off),
        cmocka_unit_test(who_was_asked_before_puts_little_off),
        cmocka_unit_test(untruths_end_in_digests),
        cmocka_unit_test(one_link_has_a_part_of_the_gaps),
        cmocka_unit_test(what_was_told_as_bulk_is_asked_for_at_once),
        cmocka_unit_test(who_says_lazy_is_told_and_who_says_eager_is_sent),
        cmocka_unit_test(what_finds_no_place_is_compared),
        cmocka_unit_test(who_is_known_to_hold_it_is_told_nothing),
        cmocka_unit_test(a_further_copy_makes_both_sides_lazy),
        cmocka_unit_test(a_copy_from_upstream_changes_nothing),
        cmocka_unit_test(who_is_first_is_asked_to_go_on),
        cmocka_unit_test(alerts_go_to_lazy_links_that_read_nothing),
        cmocka_unit_test(of_larger_alerts_lazy_links_get_the_header),
        cmocka_unit_test(a_payload_behind_its_header_is_taken),
        cmocka_unit_test(what_is_beyond_the_quota_is_told_of),
        cmocka_unit_test(a_false_first_copy_delays_nothing_for_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
