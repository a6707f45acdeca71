set(ROOM_FILES ledger.c)
