set(ROOM_FILES
  replica.h
  apply.c beacon.c chunk.c entry.c group.c job.c publish.c replica.c rest.c serve.c vector.c want.c)
