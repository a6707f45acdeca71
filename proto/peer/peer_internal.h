/* SPDX-License-Identifier: EUPL-1.2 */
/* peer, inside the room: what its files ask of each other. */
#ifndef TOC_PEER_INTERNAL_H
#define TOC_PEER_INTERNAL_H

#include "peer.h"

/* State OPENING: is a whole handshake message there (rx_checking is set), or is it refused? */
bool toc_peer_opening_due(struct toc_peer *peer);
/* The handshake's Diffie-Hellmans; on any thread. */
struct toc_err toc_peer_opening_run(struct toc_peer *peer);
/* After a good opening_run. */
void toc_peer_opening_checked(struct toc_peer *peer);
/* Drops what waits to be sent. */
void toc_peer_clear_queues(struct toc_peer *peer, struct toc_buffers *buffers);

#endif
