/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: base */
/* LIBS: sodium lmdb */
/*
 * The limit: the straight line that no catch-up on this machine can beat. Signed blocks of 64
 * entries of 1 KiB cross a loopback socket in encrypted frames of 16 KiB; the receiver decrypts,
 * hashes every payload and header, checks one signature and writes one LMDB value a block, durable
 * every 512 entries. No protocol, no scheduling, one thread at each end. Benchmarks of real nodes
 * are shown beside it, in the same run, because only ratios carry from machine to machine.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <lmdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base.h"

#define ENTRIES_DEFAULT 100000u
#define BLOCK_ENTRIES 64u
#define PAYLOAD_BYTES (1024u + crypto_aead_chacha20poly1305_ietf_ABYTES)
#define HEADER_BYTES 140u
#define HASH_BYTES 32u
#define BLOCK_BYTES (BLOCK_ENTRIES * PAYLOAD_BYTES + crypto_sign_BYTES)
#define FRAME_BYTES 16384u
#define SEALED_BYTES_MAX (FRAME_BYTES + crypto_aead_chacha20poly1305_ietf_ABYTES)
/* Distinct blocks in memory: far more than the processor's caches hold. */
#define POOL_BLOCKS 200u
/* One transaction takes 512 entries, as the node's writer does at most. */
#define COMMIT_BLOCKS 8u
#define MAP_BYTES ((size_t)4 << 30)

struct frame_keys {
    uint8_t key[crypto_aead_chacha20poly1305_ietf_KEYBYTES];
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
};

struct sender {
    int listener;
    uint32_t block_count;
    const uint8_t *pool;
    struct frame_keys keys;
};

struct receiver {
    int socket;
    uint32_t block_count;
    struct frame_keys keys;
    uint8_t sign_public[crypto_sign_PUBLICKEYBYTES];
    uint8_t signature[crypto_sign_BYTES];
    uint8_t previous[HASH_BYTES];
    MDB_env *env;
    MDB_dbi blocks;
};

_Noreturn static void die(const char *what)
{
    (void)fprintf(stderr, "bench_limit: %s: %s\n", what, strerror(errno));
    exit(5);
}

static void expect(int result, const char *what)
{
    if (result != 0) {
        (void)fprintf(stderr, "bench_limit: %s: %d\n", what, result);
        exit(5);
    }
}

static double seconds(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) {
        die("clock_gettime");
    }
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void write_all(int fd, const uint8_t *at, size_t len)
{
    while (len > 0) {
        ssize_t done = write(fd, at, len);
        if (done <= 0) {
            die("write");
        }
        at += done;
        len -= (size_t)done;
    }
}

static void read_all(int fd, uint8_t *at, size_t len)
{
    while (len > 0) {
        ssize_t done = read(fd, at, len);
        if (done <= 0) {
            die("read");
        }
        at += done;
        len -= (size_t)done;
    }
}

static void *send_blocks(void *context)
{
    struct sender *sender = context;
    uint8_t frame[4 + SEALED_BYTES_MAX];
    int fd = accept(sender->listener, NULL, NULL);
    if (fd < 0) {
        die("accept");
    }
    for (uint32_t i = 0; i < sender->block_count; i++) {
        const uint8_t *block = sender->pool + (size_t)(i % POOL_BLOCKS) * BLOCK_BYTES;
        for (size_t off = 0; off < BLOCK_BYTES; off += FRAME_BYTES) {
            size_t len = BLOCK_BYTES - off < FRAME_BYTES ? BLOCK_BYTES - off : FRAME_BYTES;
            unsigned long long sealed = 0;
            sodium_increment(sender->keys.nonce, sizeof sender->keys.nonce);
            (void)crypto_aead_chacha20poly1305_ietf_encrypt(frame + 4, &sealed, block + off, len,
                                                            NULL, 0, NULL, sender->keys.nonce,
                                                            sender->keys.key);
            toc_put_le32(frame, (uint32_t)sealed);
            write_all(fd, frame, 4 + (size_t)sealed);
        }
    }
    (void)close(fd);
    return NULL;
}

static void receive_block(struct receiver *receiver, uint8_t block[static BLOCK_BYTES])
{
    uint8_t length[4];
    uint8_t sealed[SEALED_BYTES_MAX];
    size_t off = 0;
    while (off < BLOCK_BYTES) {
        read_all(receiver->socket, length, sizeof length);
        uint32_t len = toc_le32(length);
        if (len > sizeof sealed || len > BLOCK_BYTES - off + 16) {
            die("frame length");
        }
        read_all(receiver->socket, sealed, len);
        sodium_increment(receiver->keys.nonce, sizeof receiver->keys.nonce);
        unsigned long long opened = 0;
        expect(crypto_aead_chacha20poly1305_ietf_decrypt(block + off, &opened, NULL, sealed, len,
                                                         NULL, 0, receiver->keys.nonce,
                                                         receiver->keys.key),
               "decrypt");
        off += (size_t)opened;
    }
}

static void check_block(struct receiver *receiver, const uint8_t block[static BLOCK_BYTES])
{
    uint8_t header[HEADER_BYTES] = {0};
    for (uint32_t i = 0; i < BLOCK_ENTRIES; i++) {
        (void)crypto_generichash(header + 40, HASH_BYTES, block + (size_t)i * PAYLOAD_BYTES,
                                 PAYLOAD_BYTES, NULL, 0);
        memcpy(header + 72, receiver->previous, HASH_BYTES);
        (void)crypto_generichash(receiver->previous, HASH_BYTES, header, sizeof header, NULL, 0);
    }
    /* The verdict on a changing hash is "no"; the work is the same. */
    if (crypto_sign_verify_detached(receiver->signature, receiver->previous, HASH_BYTES,
                                    receiver->sign_public) == 0) {
        receiver->signature[0] ^= 1;
    }
}

static void receive_all(struct receiver *receiver)
{
    static uint8_t block[BLOCK_BYTES];
    MDB_txn *txn = NULL;
    for (uint32_t i = 0; i < receiver->block_count; i++) {
        receive_block(receiver, block);
        check_block(receiver, block);
        if (txn == NULL) {
            expect(mdb_txn_begin(receiver->env, NULL, 0, &txn), "mdb_txn_begin");
        }
        uint8_t key[8];
        toc_put_be64(key, i);
        MDB_val k = {sizeof key, key};
        MDB_val v = {sizeof block, block};
        expect(mdb_put(txn, receiver->blocks, &k, &v, MDB_APPEND), "mdb_put");
        if (i % COMMIT_BLOCKS == COMMIT_BLOCKS - 1 || i + 1 == receiver->block_count) {
            expect(mdb_txn_commit(txn), "mdb_txn_commit");
            txn = NULL;
        }
    }
}

static void open_store(struct receiver *receiver)
{
    MDB_txn *txn = NULL;
    expect(mdb_env_create(&receiver->env), "mdb_env_create");
    expect(mdb_env_set_mapsize(receiver->env, MAP_BYTES), "mdb_env_set_mapsize");
    expect(mdb_env_open(receiver->env, ".", 0, 0600), "mdb_env_open");
    expect(mdb_txn_begin(receiver->env, NULL, 0, &txn), "mdb_txn_begin");
    expect(mdb_dbi_open(txn, NULL, 0, &receiver->blocks), "mdb_dbi_open");
    expect(mdb_txn_commit(txn), "mdb_txn_commit");
}

/* The folder is the working directory, so that no path needs to be built. */
static void close_store(struct receiver *receiver, const char *folder)
{
    mdb_env_close(receiver->env);
    (void)unlink("data.mdb");
    (void)unlink("lock.mdb");
    if (chdir("..") != 0 || rmdir(folder) != 0) {
        die("folder of the store");
    }
}

/* A listening socket of loopback, and one that is connected to it. */
static void open_sockets(int *listener, int *connected)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    *listener = socket(AF_INET, SOCK_STREAM, 0);
    *connected = socket(AF_INET, SOCK_STREAM, 0);
    if (*listener < 0 || *connected < 0 ||
        bind(*listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(*listener, (struct sockaddr *)&address, &len) != 0 ||
        listen(*listener, 1) != 0 ||
        connect(*connected, (const struct sockaddr *)&address, sizeof address) != 0) {
        die("loopback socket");
    }
}

/* Makes the keys of both ends and fills the sender's blocks with noise. */
static void prepare(struct sender *sender, struct receiver *receiver, uint32_t block_count)
{
    size_t size = (size_t)POOL_BLOCKS * BLOCK_BYTES;
    uint8_t *pool = malloc(size);
    uint8_t sign_secret[crypto_sign_SECRETKEYBYTES];
    if (pool == NULL) {
        die("malloc");
    }
    randombytes_buf(pool, size);
    *sender = (struct sender){.block_count = block_count, .pool = pool};
    *receiver = (struct receiver){.block_count = block_count};
    (void)crypto_sign_keypair(receiver->sign_public, sign_secret);
    (void)crypto_sign_detached(receiver->signature, NULL, receiver->previous, HASH_BYTES,
                               sign_secret);
    randombytes_buf(&sender->keys, sizeof sender->keys);
    receiver->keys = sender->keys;
    open_sockets(&sender->listener, &receiver->socket);
    open_store(receiver);
}

/* Usage: bench_limit [ENTRIES]. The store lies below TMPDIR, or /var/tmp, which is a real disk. */
int main(int argc, char **argv)
{
    unsigned long entries = argc > 1 ? strtoul(argv[1], NULL, 10) : ENTRIES_DEFAULT;
    if (entries < BLOCK_ENTRIES || entries > 100u * ENTRIES_DEFAULT || sodium_init() < 0) {
        (void)fprintf(stderr, "usage: bench_limit [ENTRIES], 64 to 10000000\n");
        return 2;
    }
    const char *parent = getenv("TMPDIR");
    char folder[] = "tocsin-limit-XXXXXX";
    if (chdir(parent == NULL ? "/var/tmp" : parent) != 0 || mkdtemp(folder) == NULL ||
        chdir(folder) != 0) {
        die("folder for the store");
    }
    struct sender sender;
    struct receiver receiver;
    prepare(&sender, &receiver, (uint32_t)(entries / BLOCK_ENTRIES));
    pthread_t thread;
    expect(pthread_create(&thread, NULL, send_blocks, &sender), "pthread_create");
    double wall = seconds(CLOCK_MONOTONIC);
    double cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
    receive_all(&receiver);
    wall = seconds(CLOCK_MONOTONIC) - wall;
    cpu = seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
    expect(pthread_join(thread, NULL), "pthread_join");
    close_store(&receiver, folder);
    double count = (double)sender.block_count * BLOCK_ENTRIES;
    (void)printf("{\"name\":\"limit\",\"value\":%.0f,\"unit\":\"entries/s\"}\n", count / wall);
    (void)printf("{\"name\":\"limit.receiver\",\"value\":%.2f,\"unit\":\"us/entry\"}\n",
                 cpu * 1e6 / count);
    return 0;
}
