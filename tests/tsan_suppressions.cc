// Compiled into every test of the tsan preset: libraries of the system are not instrumented, so the thread sanitizer
// sees their memory accesses (through memcpy and the like) but not their atomics, which order them.
extern "C" const char* __tsan_default_suppressions();  // NOLINT: the sanitizer's name

extern "C" const char* __tsan_default_suppressions() {  // NOLINT: the sanitizer's name
  return "called_from_lib:librocksdb.so\n"
         "race:librocksdb.so\n"
         "race:rocksdb::DbPath\n";
}
