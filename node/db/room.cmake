set(ROOM_FILES db.h db_internal.h backup.c crc.c create.c cursor.c env.c error.c key.c read.c txn.c)
