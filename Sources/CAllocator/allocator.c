#include "CAllocator.h"

// Freed pages stay with the process for ten seconds, long enough for the next step; large blocks come from the same arena
// as others. Kept for ever, they fell into pieces that fit nothing, and small batches grew by 40 MB a second.
const char *malloc_conf = "narenas:1,oversize_threshold:0,dirty_decay_ms:10000,muzzy_decay_ms:10000";
