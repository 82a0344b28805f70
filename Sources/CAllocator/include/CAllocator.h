/// jemalloc's settings for a program that links this target, and with it jemalloc in place of the C library's allocator.
///
/// A training step allocates what the last one freed. The C library gives large blocks back to the system, which clears
/// every page before it hands it out again: up to a tenth of a step and more. jemalloc keeps pages when it is told to, in
/// one arena for all threads, with less waste than glibc has either way.
extern const char *malloc_conf;
