/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * CRC-32C finds every damage of up to 32 bits in a row and all but one in 2^32 of the rest. It
 * guards against discs, not against people: what people could alter is signed.
 */
#include "db_internal.h"

#include <string.h>

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const uint8_t *at,
                                                                 size_t len)
{
    uint64_t wide = crc;
    for (; len >= 8; at += 8, len -= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    crc = (uint32_t)wide;
    for (; len > 0; at++, len--) {
        crc = __builtin_ia32_crc32qi(crc, *at);
    }
    return crc;
}

static bool has_instruction(void)
{
    return __builtin_cpu_supports("sse4.2") != 0;
}

#else

static uint32_t by_instruction(uint32_t crc, const uint8_t *at, size_t len)
{
    (void)at;
    (void)len;
    return crc;
}

static bool has_instruction(void)
{
    return false;
}

#endif

/* Reflected polynomial of CRC-32C. */
#define POLYNOMIAL 0x82f63b78u

/* table[n][b]: byte b followed by n zero bytes, so that eight bytes need eight look-ups. */
static uint32_t table[8][256];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void table_fill(void)
{
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t crc = b;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ ((crc & 1u) != 0 ? POLYNOMIAL : 0);
        }
        table[0][b] = crc;
    }
    for (size_t n = 1; n < 8; n++) {
        for (size_t b = 0; b < 256; b++) {
            table[n][b] = table[n - 1][b] >> 8 ^ table[0][table[n - 1][b] & 255u];
        }
    }
}

static uint32_t by_table(uint32_t crc, const uint8_t *at, size_t len)
{
    (void)pthread_once(&table_once, table_fill);
    for (; len >= 8; at += 8, len -= 8) {
        uint32_t low = crc ^ toc_le32(at);
        uint32_t high = toc_le32(at + 4);
        crc = table[7][low & 255u] ^ table[6][low >> 8 & 255u] ^ table[5][low >> 16 & 255u] ^
              table[4][low >> 24] ^ table[3][high & 255u] ^ table[2][high >> 8 & 255u] ^
              table[1][high >> 16 & 255u] ^ table[0][high >> 24];
    }
    for (; len > 0; at++, len--) {
        crc = crc >> 8 ^ table[0][(crc ^ *at) & 255u];
    }
    return crc;
}

uint32_t toc_crc32c_portable(uint32_t crc, const void *at, size_t len)
{
    return ~by_table(~crc, at, len);
}

uint32_t toc_crc32c(uint32_t crc, const void *at, size_t len)
{
    return has_instruction() ? ~by_instruction(~crc, at, len) : toc_crc32c_portable(crc, at, len);
}

uint32_t toc_db_crc(enum toc_db_table table_number, struct toc_span key, const void *value,
                    size_t len)
{
    const uint8_t name = (uint8_t)table_number;
    uint32_t crc = toc_crc32c(0, &name, 1);
    crc = toc_crc32c(crc, key.at, key.len);
    return toc_crc32c(crc, value, len);
}
