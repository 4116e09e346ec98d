// C11 threads in terms of POSIX threads, for builds with the thread sanitizer only: it follows pthread_* and crashes on
// threads that thrd_create made (librdkafka's). glibc's types are the same underneath. Not part of kseek.
#include <pthread.h>
#include <threads.h>

#include <cerrno>
#include <cstdint>
#include <memory>

static_assert(sizeof(mtx_t) <= sizeof(pthread_mutex_t) && sizeof(cnd_t) <= sizeof(pthread_cond_t));

namespace {

struct Start {
  thrd_start_t function;
  void* argument;
};

void* run(void* raw) {
  const std::unique_ptr<Start> start(static_cast<Start*>(raw));
  return reinterpret_cast<void*>(static_cast<intptr_t>(start->function(start->argument)));
}

pthread_mutex_t* mutex(mtx_t* m) { return reinterpret_cast<pthread_mutex_t*>(m); }
pthread_cond_t* condition(cnd_t* c) { return reinterpret_cast<pthread_cond_t*>(c); }
int outcome(int error) {
  return error == 0 ? thrd_success : error == EBUSY ? thrd_busy : error == ETIMEDOUT ? thrd_timedout : thrd_error;
}

}  // namespace

extern "C" {

int thrd_create(thrd_t* thread, thrd_start_t function, void* argument) {
  auto start = std::make_unique<Start>(Start{function, argument});
  const int error = pthread_create(thread, nullptr, run, start.get());
  if (error == 0) static_cast<void>(start.release());
  return outcome(error);
}

int thrd_join(thrd_t thread, int* result) {
  void* raw = nullptr;
  const int error = pthread_join(thread, &raw);
  if (result != nullptr) *result = static_cast<int>(reinterpret_cast<intptr_t>(raw));
  return outcome(error);
}

int thrd_detach(thrd_t thread) { return outcome(pthread_detach(thread)); }

int mtx_init(mtx_t* m, int type) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  if ((type & mtx_recursive) != 0) pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  const int error = pthread_mutex_init(mutex(m), &attributes);
  pthread_mutexattr_destroy(&attributes);
  return outcome(error);
}
void mtx_destroy(mtx_t* m) { pthread_mutex_destroy(mutex(m)); }
int mtx_lock(mtx_t* m) { return outcome(pthread_mutex_lock(mutex(m))); }
int mtx_trylock(mtx_t* m) { return outcome(pthread_mutex_trylock(mutex(m))); }
int mtx_unlock(mtx_t* m) { return outcome(pthread_mutex_unlock(mutex(m))); }

int cnd_init(cnd_t* c) { return outcome(pthread_cond_init(condition(c), nullptr)); }
void cnd_destroy(cnd_t* c) { pthread_cond_destroy(condition(c)); }
int cnd_signal(cnd_t* c) { return outcome(pthread_cond_signal(condition(c))); }
int cnd_broadcast(cnd_t* c) { return outcome(pthread_cond_broadcast(condition(c))); }
int cnd_wait(cnd_t* c, mtx_t* m) { return outcome(pthread_cond_wait(condition(c), mutex(m))); }
int cnd_timedwait(cnd_t* c, mtx_t* m, const timespec* until) {
  return outcome(pthread_cond_timedwait(condition(c), mutex(m), until));
}

}  // extern "C"
