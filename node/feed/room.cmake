# SPDX-License-Identifier: EUPL-1.2
set(ROOM_FILES feed.h feed_internal.h batch.c early.c given.c feeder.c indexers.c process.h process.c)
