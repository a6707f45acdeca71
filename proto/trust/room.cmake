set(ROOM_FILES
  trust.h card.h roster.h group.h genesis.h directory.h
  record.h record.c cert.h cert.c name.c card.c
  ids.h ids.c group.c epoch.h epoch.c secret.c
  roster_write.h roster.c genesis_field.h genesis.c found.c
  directory.c)
