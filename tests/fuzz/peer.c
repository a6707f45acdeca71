/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: core seal log */
/* LIBS: cmocka */
/*
 * A node against whatever a connection brings: bytes of a stranger, or what a member says behind a
 * true handshake. Byte 0: 0 a stranger, else a member. A stranger's bytes go in as they are. What a
 * member says is a list of acts: u8 act | u16 length | bytes. Some acts sign what the fuzzer made,
 * so that it gets past the signatures. In the end the node stops and must hold nothing.
 *
 * Each input begins from the same memory: what the node and the world touch is put back.
 */
#include "liar.h"

enum act {
    ACT_FRAMES,  /* one transport message with this plaintext */
    ACT_MESSAGE, /* type, class, body */
    ACT_RANGE,   /* the same, its body a range that is signed anew */
    ACT_BEACON,  /* a record, signed */
    ACT_INVITE,  /* u16 length, founding record, epoch record: both signed */
    ACT_TIME,    /* u16 ms pass */
    ACT_PUBLISH, /* the node publishes this */
    ACT_RAW,     /* bytes on the wire */
    ACT_COUNT,
};

#define INPUT_BYTES_MAX 65536u
#define PIPE_BYTES (8u << 20)
#define EVENTS_MAX 65536u

static struct world world, saved_world;
static struct liar liar, saved_liar;

/* A mapping and what it held when it was saved. */
struct image {
    uint8_t *at;
    size_t pages;
    uint8_t *kept;  /* a byte a page: was it touched? */
    uint8_t *bytes; /* those pages */
    size_t page_bytes;
};
static struct image core_image, liar_image;

static void image_save(struct image *image, uint8_t *at, size_t bytes)
{
    image->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    image->at = at;
    image->pages = (bytes + image->page_bytes - 1) / image->page_bytes;
    image->kept = calloc(image->pages, 1);
    TOC_ASSERT(image->kept != NULL && mincore(at, bytes, image->kept) == 0);
    size_t count = 0;
    for (size_t i = 0; i < image->pages; i++) {
        image->kept[i] &= 1;
        count += image->kept[i];
    }
    image->bytes = malloc(count * image->page_bytes);
    TOC_ASSERT(image->bytes != NULL);
    count = 0;
    for (size_t i = 0; i < image->pages; i++) {
        if (image->kept[i] != 0) {
            memcpy(image->bytes + count++ * image->page_bytes, at + i * image->page_bytes,
                   image->page_bytes);
        }
    }
}

static void image_restore(const struct image *image)
{
    size_t count = 0;
    TOC_ASSERT(madvise(image->at, image->pages * image->page_bytes, MADV_DONTNEED) == 0);
    for (size_t i = 0; i < image->pages; i++) {
        if (image->kept[i] != 0) {
            memcpy(image->at + i * image->page_bytes, image->bytes + count++ * image->page_bytes,
                   image->page_bytes);
        }
    }
}

static void on_bytes(void *script, struct toc_span bytes)
{
    (void)script;
    (void)bytes;
}

static void on_closed(void *script, struct toc_err err)
{
    (void)script;
    (void)err;
}

/* Node 0 lives; the liar, node 2, has shaken hands, greeted and shares the group of all. */
static void set_up(void)
{
    world_init(&world, 3, 1);
    world.events = malloc(EVENTS_MAX * sizeof *world.events);
    world.event_max = EVENTS_MAX;
    world_start(&world, 0);
    world_run(&world, 3500);
    liar_join(&liar, &world, 2, 0);
    liar_agree(&liar);
    liar_forget(&liar);
    for (size_t i = 0; i < WORLD_ENDS_MAX; i++) {
        struct world_pipe *pipe = &world.nodes[0].ends[i].in;
        if (world.nodes[0].ends[i].used) {
            free(pipe->at);
            pipe->at = malloc(PIPE_BYTES);
            pipe->size = PIPE_BYTES;
            pipe->first = pipe->len = 0;
        }
    }
    world.nodes[0].discard = true;
    struct toc_core_options options = world_options(&world, 0);
    saved_world = world;
    saved_liar = liar;
    image_save(&core_image, world.nodes[0].memory, toc_core_bytes(&options));
    image_save(&liar_image, liar.memory, liar.memory_bytes);
}

static void stranger(struct toc_span bytes)
{
    struct world_node *node = &world.nodes[0];
    size_t end = world_free_end(node);
    node->ends[end].link = node->next_link;
    node->next_link += 2;
    node->ends[end].script = &liar;
    node->ends[end].script_bytes = on_bytes;
    node->ends[end].script_closed = on_closed;
    world_later(
        &world,
        (struct world_event){.kind = WORLD_UP, .node = 0, .link = node->ends[end].link, .end = end},
        0);
    if (bytes.len > 0) {
        world_put(&world, 0, end, bytes);
    }
    world_run(&world, 7000);
    free(node->ends[end].in.at);
    node->ends[end].in = (struct world_pipe){0};
}

/* Signs the last header of a range, if the rest of it walks. */
static void sign_range(uint8_t *bytes, size_t len)
{
    struct toc_range_walk walk;
    struct toc_entry entry;
    uint8_t hash[32];
    if (toc_failed(toc_range_open(&walk, toc_span(bytes, len)))) {
        return;
    }
    while (!toc_failed(toc_range_next(&walk, &entry))) {
        memcpy(hash, entry.hash, sizeof hash);
    }
    if (walk.index == walk.info.count) {
        toc_sign(bytes + len - 64, TOC_CTX_S_HEADER, liar.federation, hash,
                 world.nodes[2].log_keys.secret);
    }
}

static void say(uint8_t type, uint8_t class, struct toc_span body)
{
    if (toc_peer_send(&liar.peer, &liar.buffers, type, (enum toc_class)(class % TOC_CLASS_COUNT),
                      body)) {
        liar_flush(&liar);
    }
}

static void say_message(struct toc_span bytes, bool sign)
{
    static uint8_t body[INPUT_BYTES_MAX];
    if (bytes.len < 2 || (bytes.at[1] % TOC_CLASS_COUNT == TOC_CLASS_ALERT &&
                          bytes.len - 2 > TOC_FRAME_BODY_BYTES_MAX)) {
        return;
    }
    memcpy(body, bytes.at + 2, bytes.len - 2);
    if (sign && bytes.len - 2 > 64) {
        sign_range(body, bytes.len - 2);
    }
    say(bytes.at[0], bytes.at[1], toc_span(body, bytes.len - 2));
}

/* A record under its signature by the liar's log key. */
static struct toc_span envelope(struct toc_span record, enum toc_context hash_context,
                                enum toc_context sign_context, uint8_t *out, size_t size)
{
    uint8_t hash[32], sig[64];
    struct toc_writer writer;
    toc_hash(hash, hash_context, &record, 1);
    toc_sign(sig, sign_context, liar.federation, hash, world.nodes[2].log_keys.secret);
    toc_writer_init(&writer, out, size);
    toc_write_array(&writer, sign_context == TOC_CTX_S_BEACON ? 2 : 3);
    toc_write_bin(&writer, record);
    if (sign_context != TOC_CTX_S_BEACON) {
        toc_write_bin(&writer, toc_span(world.nodes[2].log_keys.public_key, 32));
    }
    toc_write_bin(&writer, toc_span(sig, 64));
    return toc_writer_bytes(&writer);
}

static void say_beacon(struct toc_span record)
{
    static uint8_t out[INPUT_BYTES_MAX + 256];
    say(TOC_MSG_BEACON, TOC_CLASS_CONTROL,
        envelope(record, TOC_CTX_H_BEACON, TOC_CTX_S_BEACON, out, sizeof out));
}

static void say_invite(struct toc_span bytes)
{
    static uint8_t group[INPUT_BYTES_MAX + 256], epoch[INPUT_BYTES_MAX + 256],
        body[2 * INPUT_BYTES_MAX + 1024];
    if (bytes.len < 2) {
        return;
    }
    size_t first = toc_le16(bytes.at);
    first = first < bytes.len - 2 ? first : bytes.len - 2;
    struct toc_writer writer;
    toc_writer_init(&writer, body, sizeof body);
    toc_write_array(&writer, 2);
    toc_write_bin(&writer, envelope(toc_span(bytes.at + 2, first), TOC_CTX_H_GROUP, TOC_CTX_S_GROUP,
                                    group, sizeof group));
    toc_write_bin(&writer, envelope(toc_span(bytes.at + 2 + first, bytes.len - 2 - first),
                                    TOC_CTX_H_EPOCH, TOC_CTX_S_EPOCH, epoch, sizeof epoch));
    say(TOC_MSG_INVITE, TOC_CLASS_CONTROL, toc_writer_bytes(&writer));
}

static void publish(struct toc_span bytes)
{
    struct toc_submit submit = {
        .audience = bytes.len > 0 && bytes.at[0] == 1 ? TOC_SUBMIT_ORGANISATIONS : TOC_SUBMIT_ALL,
        .organisations = world.nodes[2].org,
        .organisation_count = 1};
    world_publish(&world, 0, submit, bytes);
}

static void act(uint8_t kind, struct toc_span bytes)
{
    switch ((enum act)(kind % ACT_COUNT)) {
    case ACT_FRAMES:
        bytes.len = bytes.len < 65000 ? bytes.len : 65000;
        liar_frames(&liar, bytes);
        return;
    case ACT_MESSAGE:
        say_message(bytes, false);
        return;
    case ACT_RANGE:
        say_message(bytes, true);
        return;
    case ACT_BEACON:
        say_beacon(bytes);
        return;
    case ACT_INVITE:
        say_invite(bytes);
        return;
    case ACT_TIME:
        world_run(&world, bytes.len < 2 ? 1 : toc_le16(bytes.at));
        return;
    case ACT_PUBLISH:
        publish(bytes);
        return;
    case ACT_RAW:
    case ACT_COUNT:
    default:
        if (bytes.len > 0) {
            world_put(&world, 0, liar.end, bytes);
        }
    }
}

static void member(struct toc_span input)
{
    while (input.len >= 3 && !liar.closed) {
        size_t len = toc_le16(input.at + 1);
        len = len < input.len - 3 ? len : input.len - 3;
        act(input.at[0], toc_span(input.at + 3, len));
        input = toc_span(input.at + 3 + len, input.len - 3 - len);
        world_run(&world, 5);
    }
    world_run(&world, 1500);
}

/* Hangs up, stops, and sees that nothing is left. */
static void finish(void)
{
    struct world_end *end = &world.nodes[0].ends[liar.end];
    if (!liar.closed && end->used) {
        end->in.closed = true;
        end->in.first = end->in.len;
        world_later(&world,
                    (struct world_event){
                        .kind = WORLD_ARRIVE, .node = 0, .link = end->link, .end = liar.end},
                    0);
        world_run(&world, 10);
    }
    struct toc_event event = {.kind = TOC_EVENT_STOP};
    world_step(&world, 0, &event);
    world_run(&world, 3000);
    world_assert_idle(&world.nodes[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    if (size < 1 || size > INPUT_BYTES_MAX) {
        return 0;
    }
    if (!ready) {
        set_up();
        ready = true;
    }
    if (data[0] == 0) {
        stranger(toc_span(data + 1, size - 1));
    } else {
        member(toc_span(data + 1, size - 1));
    }
    finish();
    liar_forget(&liar);
    world = saved_world;
    liar = saved_liar;
    image_restore(&core_image);
    image_restore(&liar_image);
    return 0;
}
