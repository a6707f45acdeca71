set(ROOM_FILES store.h store_internal.h each.c entry.c load.c open.c put.c tail.c verify.c verify_log.c)
