#include "CAllocator.h"

// Freed pages stay with the process; large blocks come from the same arena as others.
const char *malloc_conf = "narenas:1,oversize_threshold:0,dirty_decay_ms:-1,muzzy_decay_ms:-1";
