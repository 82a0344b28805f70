#include "COpenMP.h"

#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/// Long enough for the next operation to begin, a few tenths of a millisecond; libgomp's own count is 300000.
static const char *const spin_count = "GOMP_SPINCOUNT=20000";

static int is_set(char *const *environment, const char *name) {
  size_t length = strlen(name);
  for (; *environment; environment++) {
    if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=') return 1;
  }
  return 0;
}

/// Runs before the C library has an environment of its own: no allocation, no `getenv`.
static void execute_with_spin_count(int count, char **arguments, char **environment) {
  (void)count;
  if (is_set(environment, "OMP_WAIT_POLICY") || is_set(environment, "GOMP_SPINCOUNT")) return;
  // Zero where the dynamic loader was called with the program as its argument: its file is not the program.
  if (getauxval(AT_BASE) == 0) return;
  char program[4096];
  ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  if (length <= 0) return;
  program[length] = '\0';

  size_t size = 0;
  while (environment[size]) size++;
  const char *changed[size + 2];
  memcpy(changed, environment, size * sizeof *changed);
  changed[size] = spin_count;
  changed[size + 1] = NULL;
  execve(program, arguments, (char *const *)changed);
}

__attribute__((used, section(".preinit_array"))) static void (*const start)(int, char **, char **) =
    execute_with_spin_count;
