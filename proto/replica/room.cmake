set(ROOM_FILES beacon.c chunk.c entry.c group.c job.c publish.c replica.c serve.c vector.c)
