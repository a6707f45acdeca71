set(ROOM_FILES
  quota.h replica.h
  apply.c beacon.c chunk.c entry.c group.c job.c publish.c quota.c replica.c rest.c serve.c vector.c want.c)
