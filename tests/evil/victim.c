/* SPDX-License-Identifier: EUPL-1.2 */
#include "victim.h"
#include "nodes.h"

static struct toc_client *client;

void victim_open(const char *home)
{
    struct toc_line line = {{0}};
    if (toc_failed(toc_client_open(&client, home, &line))) {
        nodes_die("%s", line.text);
    }
}

void victim_close(void)
{
    toc_client_close(client);
}

void victim_state(uint64_t out[VICTIM_NUMBERS])
{
    out[0] = nodes_status(client, TOC_FIELD_ENTRIES);
    out[1] = nodes_status(client, TOC_FIELD_LOGS);
    out[2] = nodes_status(client, TOC_FIELD_GROUP_COUNT);
}

unsigned long victim_rss_kib(void)
{
    return nodes_rss_kib((long)nodes_status(client, TOC_FIELD_PID));
}

double victim_now_ms(void)
{
    return nodes_now() * 1000;
}

void victim_pause(long ms)
{
    nodes_pause(ms);
}
