/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: noise */
/* LIBS: jansson */
/*
 * Every published vector of Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b, both roles: cacophony's and
 * snow's JSON, flynn/noise's text. Handshake messages carry payloads here, which the protocol's own
 * do not.
 */
#include "vectors.h"

#include "noise.h"

#define PROTOCOL "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b"
#define MESSAGES_MAX 16u
#define MESSAGE_ROOM 4096u

/* One vector, whichever file it comes from. Empty spans are absent fields. */
struct vector {
    struct toc_span init_prologue, resp_prologue;
    struct toc_span init_psk, resp_psk;
    struct toc_span init_static, resp_static;
    struct toc_span init_ephemeral, resp_ephemeral;
    struct toc_span init_remote_static; /* may be absent: then it is resp_static's */
    struct toc_span handshake_hash;
    struct toc_span payload[MESSAGES_MAX], ciphertext[MESSAGES_MAX];
    size_t message_count;
};

struct side {
    struct toc_noise noise;
    struct toc_cipher tx, rx;
    uint8_t hash[TOC_HASH_BYTES];
};

static void start(struct side *side, enum toc_noise_role role, const struct vector *vector)
{
    bool initiator = role == TOC_NOISE_INITIATOR;
    uint8_t s_public[TOC_KEY_BYTES], s_secret[TOC_KEY_BYTES];
    uint8_t rs[TOC_KEY_BYTES], unused[TOC_KEY_BYTES];
    toc_dh_keypair(s_public, s_secret, initiator ? vector->init_static.at : vector->resp_static.at);
    toc_dh_keypair(rs, unused, vector->resp_static.at);
    if (vector->init_remote_static.len != 0) {
        assert_span(vector->init_remote_static, toc_span(rs, sizeof rs));
    }
    struct toc_noise_options options = {
        .role = role,
        .prologue = initiator ? vector->init_prologue : vector->resp_prologue,
        .s_public = s_public,
        .s_secret = s_secret,
        .rs = initiator ? rs : NULL,
        .entropy = initiator ? vector->init_ephemeral.at : vector->resp_ephemeral.at,
    };
    toc_noise_init(&side->noise, &options);
}

/* One handshake message: what `from` writes is published, and `to` reads the payload from it. */
static bool handshake_message(struct side *from, struct side *to, struct toc_span payload,
                              struct toc_span ciphertext)
{
    uint8_t sent[MESSAGE_ROOM], got[MESSAGE_ROOM];
    struct toc_room out = {sent, sizeof sent};
    struct toc_room in = {got, sizeof got};
    assert_ok(toc_noise_write(&from->noise, payload, &out));
    bool same = toc_span_equal(toc_span(sent, out.len), ciphertext);
    assert_ok(toc_noise_read(&to->noise, ciphertext, &in));
    return same && toc_span_equal(toc_span(got, in.len), payload);
}

static bool transport_message(struct side *from, struct side *to, struct toc_span payload,
                              struct toc_span ciphertext)
{
    uint8_t sent[MESSAGE_ROOM], got[MESSAGE_ROOM];
    assert_in_range(payload.len, 0, MESSAGE_ROOM - TOC_NOISE_TAG_BYTES);
    assert_ok(toc_cipher_seal(&from->tx, payload, sent));
    bool same = toc_span_equal(toc_span(sent, payload.len + TOC_NOISE_TAG_BYTES), ciphertext);
    assert_ok(toc_cipher_open(&to->rx, ciphertext, got));
    return same && toc_span_equal(toc_span(got, payload.len), payload);
}

/* Both sides reach the published handshake hash, of which split gives the first half. */
static bool finish(struct side *side, const struct vector *vector)
{
    struct toc_span h = toc_span(side->noise.h, sizeof side->noise.h);
    uint8_t full[sizeof side->noise.h];
    memcpy(full, h.at, h.len);
    bool good = vector->handshake_hash.len == 0 || toc_span_equal(h, vector->handshake_hash);
    assert_ok(toc_noise_split(&side->noise, &side->tx, &side->rx, side->hash));
    return good && memcmp(side->hash, full, sizeof side->hash) == 0;
}

static bool run(const struct vector *vector)
{
    struct side init, resp;
    start(&init, TOC_NOISE_INITIATOR, vector);
    start(&resp, TOC_NOISE_RESPONDER, vector);
    bool good = handshake_message(&init, &resp, vector->payload[0], vector->ciphertext[0]);
    /* The responder has learnt who is calling. */
    good = good && memcmp(resp.noise.rs, init.noise.s_public, TOC_KEY_BYTES) == 0;
    toc_noise_set_psk(&init.noise, vector->init_psk.at);
    toc_noise_set_psk(&resp.noise, vector->resp_psk.at);
    good = handshake_message(&resp, &init, vector->payload[1], vector->ciphertext[1]) && good;
    good = finish(&init, vector) && finish(&resp, vector) && good;
    for (size_t i = 2; i < vector->message_count; i++) {
        struct side *from = i % 2 == 0 ? &init : &resp;
        struct side *to = i % 2 == 0 ? &resp : &init;
        good = transport_message(from, to, vector->payload[i], vector->ciphertext[i]) && good;
    }
    return good;
}

static void from_json(struct vector *vector, const json_t *object)
{
    *vector = (struct vector){
        .init_prologue = vectors_hex(object, "init_prologue"),
        .resp_prologue = vectors_hex(object, "resp_prologue"),
        .init_psk = vectors_unhex(
            json_string_value(json_array_get(json_object_get(object, "init_psks"), 0))),
        .resp_psk = vectors_unhex(
            json_string_value(json_array_get(json_object_get(object, "resp_psks"), 0))),
        .init_static = vectors_hex(object, "init_static"),
        .resp_static = vectors_hex(object, "resp_static"),
        .init_ephemeral = vectors_hex(object, "init_ephemeral"),
        .resp_ephemeral = vectors_hex(object, "resp_ephemeral"),
        .init_remote_static = vectors_hex(object, "init_remote_static"),
    };
    if (json_object_get(object, "handshake_hash") != NULL) {
        vector->handshake_hash = vectors_hex(object, "handshake_hash");
    }
    size_t i;
    const json_t *message;
    json_array_foreach(json_object_get(object, "messages"), i, message)
    {
        assert_in_range(i, 0, MESSAGES_MAX - 1);
        vector->payload[i] = vectors_hex(message, "payload");
        vector->ciphertext[i] = vectors_hex(message, "ciphertext");
        vector->message_count = i + 1;
    }
}

static void run_json(const char *path, size_t expected)
{
    struct tally tally = {path, 0, 0};
    size_t i;
    const json_t *object;
    json_t *root = vectors_load(check_shared(path));
    json_array_foreach(json_object_get(root, "vectors"), i, object)
    {
        const char *name = json_string_value(json_object_get(object, "protocol_name"));
        struct vector vector;
        if (name == NULL || strcmp(name, PROTOCOL) != 0) {
            continue;
        }
        char id[24];
        (void)snprintf(id, sizeof id, "%zu", i);
        from_json(&vector, object);
        tally_case(&tally, vector.message_count > 2 && run(&vector), id);
        vectors_release();
    }
    json_decref(root);
    tally_end(&tally, expected);
}

/* One line "field=hex" of flynn's file into the vector. */
static void from_line(struct vector *vector, const char *name, struct toc_span value)
{
    const struct {
        const char *name;
        struct toc_span *first, *second;
    } fields[] = {
        {"init_static", &vector->init_static, NULL},
        {"resp_static", &vector->resp_static, NULL},
        {"gen_init_ephemeral", &vector->init_ephemeral, NULL},
        {"gen_resp_ephemeral", &vector->resp_ephemeral, NULL},
        {"prologue", &vector->init_prologue, &vector->resp_prologue},
        {"preshared_key", &vector->init_psk, &vector->resp_psk},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (strcmp(name, fields[i].name) == 0) {
            *fields[i].first = value;
            if (fields[i].second != NULL) {
                *fields[i].second = value;
            }
            return;
        }
    }
    unsigned number;
    char kind[16];
    assert_int_equal(sscanf(name, "msg_%u_%15s", &number, kind), 2);
    assert_in_range(number, 0, MESSAGES_MAX - 1);
    bool cipher = strcmp(kind, "ciphertext") == 0;
    *(cipher ? &vector->ciphertext[number] : &vector->payload[number]) = value;
    if (cipher) {
        vector->message_count = number + 1;
    }
}

static void end_record(struct tally *tally, const struct vector *vector, bool ours)
{
    if (ours) {
        char id[24];
        (void)snprintf(id, sizeof id, "%zu", tally->cases);
        tally_case(tally, vector->message_count > 2 && run(vector), id);
    }
    vectors_release();
}

static void flynn(void **state)
{
    (void)state;
    struct tally tally = {"flynn-suite-25519_ChaChaPoly_BLAKE2b.txt", 0, 0};
    struct vector vector = {0};
    bool ours = false;
    size_t len;
    char *rest = NULL;
    char *text =
        check_read(check_shared("vectors/noise/flynn-suite-25519_ChaChaPoly_BLAKE2b.txt"), &len);
    assert_non_null(text);
    for (char *line = strtok_r(text, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest)) {
        char *value = strchr(line, '=');
        assert_non_null(value);
        *value++ = '\0';
        if (strcmp(line, "handshake") == 0) {
            end_record(&tally, &vector, ours);
            vector = (struct vector){0};
            ours = strcmp(value, PROTOCOL) == 0;
        } else if (ours) {
            from_line(&vector, line, vectors_unhex(value));
        }
    }
    end_record(&tally, &vector, ours);
    free(text);
    tally_end(&tally, 4);
}

static void suite(void **state)
{
    (void)state;
    run_json("vectors/noise/suite-25519_ChaChaPoly_BLAKE2b.json", 1);
}

static void cacophony(void **state)
{
    (void)state;
    run_json("vectors/noise/cacophony.txt", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(suite),
        cmocka_unit_test(cacophony),
        cmocka_unit_test(flynn),
    };
    if (check_shared("vectors/noise/suite-25519_ChaChaPoly_BLAKE2b.json") == NULL) {
        return CHECK_SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
