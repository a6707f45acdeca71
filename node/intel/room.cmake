set(ROOM_FILES intel.h index_wire.h sniff.h marks.h format.c sniff.c marks.c marks_json.c read.c native.c index_wire.c)
