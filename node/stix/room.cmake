set(ROOM_FILES stix.h reader.h stix.c marking.c indicator.c observable.c relation.c object.c)
