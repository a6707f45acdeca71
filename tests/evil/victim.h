/* SPDX-License-Identifier: EUPL-1.2 */
/* victim: what its own operator sees of the tocsind that is lied to. Apart from wire.c, since the
 * control socket has messages of its own. */
#ifndef TOC_TEST_VICTIM_H
#define TOC_TEST_VICTIM_H

#include <stdbool.h>
#include <stdint.h>

#define VICTIM_NUMBERS 3u

/* Connects to the control socket of a home; ends the program where that fails. */
void victim_open(const char *home);
void victim_close(void);
/* How many entries, logs and groups it holds. */
void victim_state(uint64_t out[VICTIM_NUMBERS]);
/* Its resident memory without the store's pages. */
unsigned long victim_rss_kib(void);
double victim_now_ms(void);
void victim_pause(long ms);

#endif
