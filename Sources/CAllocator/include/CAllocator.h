/// jemalloc's settings for a program that links this target, and with it jemalloc in place of the C library's allocator.
///
/// A training step allocates what the last one freed. The C library gives large blocks back to the system, which clears
/// every page before it hands it out again. jemalloc keeps pages when it is told to, in one arena for all threads, with
/// less waste than glibc has either way. Documentation/StepBenchmarks.md says what that gains.
extern const char *malloc_conf;
