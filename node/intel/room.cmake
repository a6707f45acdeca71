set(ROOM_FILES intel.h index_wire.h sniff.h format.c sniff.c read.c native.c index_wire.c)
