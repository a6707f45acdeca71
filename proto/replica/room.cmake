set(ROOM_FILES
  fetch.h gossip.h lag.h plan.h quota.h receipt.h replica.h
  apply.c beacon.c chunk.c entry.c fetch.c gossip.c group.c have.c hold.c job.c lag.c
  plan.c publish.c
  quota.c receipt.c refusal.c replica.c rest.c serve.c steal.c vector.c want.c window.c wish.c)
