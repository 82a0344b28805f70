// How OpenMP's threads wait for one another in a program that links this target; nothing to call.
//
// At a barrier libgomp's threads spin for milliseconds before they sleep. Where other processes need the cores, they
// burn their share of the time waiting for threads that do not run. libgomp reads its settings while it is loaded, so a
// program cannot change them later: at the very start, before the constructors of shared libraries, the process executes
// its own file once more with GOMP_SPINCOUNT set. OMP_WAIT_POLICY or GOMP_SPINCOUNT in the environment take precedence;
// where the file cannot be executed again, the program goes on as it is. Documentation/StepBenchmarks.md says what this
// gains.
