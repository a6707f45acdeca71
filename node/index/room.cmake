set(ROOM_FILES index.h index_internal.h apply.c batch.c key.c lookup.c memory.c meta.c open.c query.c rows.c scan.c withdraw.c)
