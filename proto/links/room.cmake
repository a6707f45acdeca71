set(ROOM_FILES links.h links_internal.h address.c choose.c dial.c groups.c keep.c link.c stranger.c talk.c)
