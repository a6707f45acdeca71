set(ROOM_FILES
  gossip.h quota.h replica.h
  apply.c beacon.c chunk.c entry.c gossip.c group.c have.c job.c publish.c quota.c replica.c rest.c serve.c vector.c want.c)
