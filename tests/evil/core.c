/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The lies against a core, in virtual time: nodes 0 (the victim) and 1 (the witness) are honest and
 * share a group that the liar, node 2, is not in; node 3 belongs to the federation and is not
 * there. Each lie has a world of its own. Names of lies as arguments: those alone.
 */
#include "evil.h"
#include "liar.h"

#define VICTIM 0u
#define WITNESS 1u
#define LIAR 2u

struct core_net {
    struct world world;
    size_t node, end; /* to which we are connected */
    uint8_t before[32], others_before[32];
    size_t free_least[TOC_BUFFER_TIERS];
};

/* Where the liar's connections come from: 10.6.6.6. */
static const uint8_t source[16] = {[10] = 0xff, [11] = 0xff, [12] = 10, 6, 6, 6};

static struct core_net net;

static void on_script_bytes(void *script, struct toc_span bytes)
{
    evil_on_bytes(script, bytes);
}

static void on_script_closed(void *script, struct toc_err err)
{
    evil_on_closed(script, err);
}

static void core_connect(struct evil *evil)
{
    net.node = evil->aim == &evil->victim ? VICTIM : WITNESS;
    struct world_node *node = &net.world.nodes[net.node];
    net.end = world_free_end(node);
    struct world_end *end = &node->ends[net.end];
    end->link = node->next_link;
    node->next_link += 2;
    end->script = evil;
    end->script_bytes = on_script_bytes;
    end->script_closed = on_script_closed;
    struct world_event up = {.kind = WORLD_UP, .node = net.node, .link = end->link, .end = net.end};
    memcpy(up.source, source, sizeof source);
    world_later(&net.world, up, 0);
}

static void core_put(struct evil *evil, struct toc_span bytes)
{
    (void)evil;
    world_put(&net.world, net.node, net.end, bytes);
}

static void look_at_buffers(void)
{
    const struct toc_buffers *buffers = &net.world.nodes[VICTIM].core->links.buffers;
    for (size_t i = 0; i < TOC_BUFFER_TIERS; i++) {
        net.free_least[i] =
            buffers->free_count[i] < net.free_least[i] ? buffers->free_count[i] : net.free_least[i];
    }
}

static void core_wait(struct evil *evil, uint64_t ms)
{
    net.world.nodes[net.node].ends[net.end].script_deaf = evil->deaf;
    look_at_buffers();
    world_run(&net.world, ms);
    look_at_buffers();
    evil_flush(evil);
}

static void core_hang_up(struct evil *evil)
{
    struct world_end *end = &net.world.nodes[net.node].ends[net.end];
    if (!evil->closed && end->used && end->script == evil) {
        struct world_event gone = {
            .kind = WORLD_ARRIVE, .node = net.node, .link = end->link, .end = net.end};
        end->in.closed = true;
        end->in.first = end->in.len;
        end->script_bytes = NULL;
        end->script_deaf = true;
        world_later(&net.world, gone, 0);
        world_run(&net.world, 1);
    }
}

static void core_entropy(struct evil *evil, uint8_t *out, size_t len)
{
    (void)evil;
    world_entropy(&net.world, out, len);
}

static uint64_t core_utc_ms(struct evil *evil)
{
    (void)evil;
    return WORLD_START_UTC_MS + net.world.now_ms;
}

/* What the victim holds of everybody but the liar: cards in force and stored, heads of logs. */
static void others_state(const struct evil *evil, uint8_t out[32])
{
    const struct world_node *node = &net.world.nodes[VICTIM];
    const struct toc_ledger *ledger = &node->core->ledger;
    struct toc_hasher hasher;
    toc_hasher_init(&hasher, TOC_CTX_H_AUDIT);
    for (size_t i = 0; i < node->core->directory.slot_count; i++) {
        toc_hasher_add(&hasher, toc_span(node->core->directory.slots[i].card.hash, 32));
    }
    for (uint32_t i = 0; i < ledger->log_count; i++) {
        if (ledger->logs[i].head.seq != 0 &&
            memcmp(ledger->logs[i].org, evil->me.card.id, 32) != 0) {
            toc_hasher_add(&hasher, toc_span(ledger->logs[i].head.hash, 32));
        }
    }
    for (const struct world_record *record = node->records; record != NULL; record = record->next) {
        if (record->table == 'C') {
            toc_hasher_add(&hasher, record->value);
        }
    }
    toc_hasher_final(&hasher, out);
}

static void core_mark(struct evil *evil)
{
    liar_state(&net.world, VICTIM, net.before);
    others_state(evil, net.others_before);
}

static void core_stored(struct evil *evil)
{
    evil_wait(evil, 200); /* of virtual time */
}

static void core_fail(struct evil *evil, const char *what)
{
    fail_msg("%s: %s", evil->lie->name, what);
}

static const struct evil_net core_net = {.connect = core_connect,
                                         .put = core_put,
                                         .wait = core_wait,
                                         .hang_up = core_hang_up,
                                         .entropy = core_entropy,
                                         .utc_ms = core_utc_ms,
                                         .mark = core_mark,
                                         .stored = core_stored,
                                         .fail = core_fail};

static void begin(uint64_t seed)
{
    struct world *world = &net.world;
    world_init(world, 4, seed);
    world_start(world, VICTIM);
    world_start(world, WITNESS);
    world_run(world, 3500);
    struct toc_submit submit = {.audience = TOC_SUBMIT_ORGANISATIONS,
                                .organisations = world->nodes[WITNESS].org,
                                .organisation_count = 1};
    world_publish(world, VICTIM, submit, toc_span_str("for the witness alone"));
    world_run(world, 500);
    for (size_t i = 0; i < TOC_BUFFER_TIERS; i++) {
        net.free_least[i] = SIZE_MAX;
    }
}

/* Publishes at one honest node, until it may, and waits until the other one has it. */
static void exchange(size_t from, size_t to)
{
    struct world *world = &net.world;
    struct toc_submit submit = {.audience = TOC_SUBMIT_ALL};
    uint8_t log[32];
    world_log(world, from, NULL, log);
    uint64_t held = world_seq(world, from, log);
    for (int i = 0; i < 60 && world_seq(world, from, log) == held; i++) {
        world_publish(world, from, submit, toc_span_str("an honest bulletin"));
        world_run(world, 1000); /* a promise about our own log is waited for, 30 s */
    }
    assert_int_equal(world_seq(world, from, log), held + 1);
    world_run(world, 1000);
    assert_int_equal(world_seq(world, to, log), held + 1);
}

static void assert_same_state(void)
{
    uint8_t after[32];
    liar_state(&net.world, VICTIM, after);
    assert_memory_equal(net.before, after, 32);
}

static void assert_other_state(void)
{
    uint8_t after[32];
    liar_state(&net.world, VICTIM, after);
    assert_memory_not_equal(net.before, after, 32);
}

static void assert_others_unharmed(const struct evil *evil)
{
    uint8_t after[32];
    others_state(evil, after);
    assert_memory_equal(net.others_before, after, 32);
}

/* The operator reads who it was: organisation and node once they are known, always whence. */
static void assert_named(const struct evil *evil, enum toc_code code, bool by_link)
{
    const struct toc_notice *notice = &net.world.nodes[VICTIM].last_notice;
    static const uint8_t nobody[32];
    bool known = evil->lie->stage > EVIL_TCP;
    assert_string_equal(toc_code_name(notice->err.code), toc_code_name(code));
    assert_memory_equal(notice->org, known ? evil->me.card.id : nobody, 32);
    assert_int_equal(notice->node, known ? 1 : 0);
    if (by_link) {
        assert_memory_equal(notice->source, source, sizeof source);
    }
}

/* What came of the lie. */
static void judge(struct evil *evil, size_t refused)
{
    const struct evil_lie *lie = evil->lie;
    size_t now_refused = net.world.nodes[VICTIM].refused;
    switch (lie->outcome) {
    case EVIL_REFUSED:
        assert_true(evil->closed);
        assert_string_equal(toc_code_name(evil->why.code), toc_code_name(lie->code));
        assert_int_equal(now_refused, refused + 1);
        assert_named(evil, lie->code, true);
        assert_same_state();
        return;
    case EVIL_NOTED:
        assert_int_equal(now_refused, refused + 1);
        assert_named(evil, lie->code, false);
        assert_true(evil_answers(evil));
        assert_same_state();
        return;
    case EVIL_ENDED:
        assert_true(evil->closed);
        assert_int_equal(now_refused, refused);
        assert_same_state();
        return;
    case EVIL_IGNORED:
        assert_true(evil_answers(evil));
        assert_int_equal(now_refused, refused);
        assert_same_state();
        return;
    case EVIL_STORED:
        assert_others_unharmed(evil);
        /* fall through */
    case EVIL_TAKEN:
        assert_true(evil_answers(evil));
        assert_int_equal(now_refused, refused);
        assert_other_state();
        return;
    case EVIL_HEARD:
        assert_true(evil_answers(evil));
        assert_int_equal(now_refused, refused);
        return;
    case EVIL_BOUNDED:
    default:
        return;
    }
}

/* BUFFER_SPARE_PART: whatever one member does leaves room to the others. */
static void assert_buffers_were_left(void)
{
    static const size_t all[] = {TOC_BUFFER_SMALL_COUNT, TOC_BUFFER_MIDDLE_COUNT,
                                 TOC_BUFFER_LARGE_COUNT};
    for (size_t i = 0; i < TOC_BUFFER_TIERS; i++) {
        assert_true(net.free_least[i] >= all[i] / TOC_BUFFER_SPARE_PART - 2);
    }
}

static void tell(void **state)
{
    static struct evil evil;
    const struct evil_lie *lie = *state;
    uint64_t seed = 1;
    for (const char *at = lie->name; *at != 0; at++) {
        seed = seed * 31 + (uint8_t)*at;
    }
    begin(seed & 0xffffff);
    evil = (struct evil){.lie = lie,
                         .context = &net,
                         .keys = net.world.nodes[LIAR].node_keys,
                         .log_keys = net.world.nodes[LIAR].log_keys,
                         .org_keys = net.world.nodes[LIAR].org_keys};
    evil_init(&evil, &core_net, net.world.genesis, "cert-0", "cert-1");
    evil_reach(&evil, lie->stage);
    evil_wait(&evil, 50);
    size_t refused = net.world.nodes[VICTIM].refused;
    evil_mark(&evil);
    lie->tell(&evil);
    evil_wait(&evil, 100);
    judge(&evil, refused);
    exchange(WITNESS, VICTIM);
    exchange(VICTIM, WITNESS);
    assert_buffers_were_left();
    evil_clear(&evil);
    world_clear(&net.world);
}

static bool is_wanted(const char *name, int count, char **names)
{
    bool wanted = count == 0;
    for (int i = 0; i < count; i++) {
        wanted = wanted || strcmp(names[i], name) == 0;
    }
    return wanted;
}

int main(int argc, char **argv)
{
    static struct CMUnitTest tests[1024];
    size_t count = 0;
    for (size_t t = 0; t < EVIL_TABLES; t++) {
        for (size_t i = 0; i < evil_tables[t]->count; i++) {
            const struct evil_lie *lie = &evil_tables[t]->lies[i];
            if (is_wanted(lie->name, argc - 1, argv + 1)) {
                TOC_ASSERT(count < sizeof tests / sizeof tests[0]);
                tests[count++] = (struct CMUnitTest){
                    .name = lie->name, .test_func = tell, .initial_state = (void *)(uintptr_t)lie};
            }
        }
    }
    return _cmocka_run_group_tests("evil", tests, count, NULL, NULL);
}
