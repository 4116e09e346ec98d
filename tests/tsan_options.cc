// Compiled into every program of the tsan preset: libraries of the system (RocksDB, librdkafka …) are not instrumented,
// so the thread sanitizer would see their memory accesses, through memcpy and the like, but not the atomics that order
// them. What they do is not looked at; what our code does is.
extern "C" const char* __tsan_default_options();  // NOLINT: the sanitizer's name

extern "C" const char* __tsan_default_options() {  // NOLINT: the sanitizer's name
  return "ignore_noninstrumented_modules=1";
}

extern "C" const char* __tsan_default_suppressions();  // NOLINT: the sanitizer's name

/// librdkafka counts the threads of brokers that left until all have ended, and doesn't join them.
extern "C" const char* __tsan_default_suppressions() {  // NOLINT: the sanitizer's name
  return "thread:librdkafka.so";
}
