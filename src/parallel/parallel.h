// Fork and join: one job of many tasks at a time, shared by the thread that asks and its helpers.
//
//     parallel(panels, [&](size_t panel, size_t thread) { ... });   // returns when every task is done
//
// A task writes what no other task of the job reads or writes, so a result has the same bits for any number of threads; which
// thread takes which task is a matter of chance. `thread` < thread_count() names working memory that a task may use meanwhile.
// Tasks allocate nothing and call parallel() no further. A build without threads has a plain loop here and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>

namespace squeezebert {

// Rows of a state that make a task where each is worked on by itself: 32 rows of 768 channels take 10 to 20 us, several times
// what a fork costs.
inline constexpr size_t kTaskRows = 32;

#if SQUEEZEBERT_THREADS

// The caller and its helpers, 1 at first. More than processors help nobody; this bounds what a stranger may ask for.
inline constexpr size_t kMaxThreads = 64;
size_t thread_count();

// Task `task` of the job `context`, on thread `thread`.
using TaskFunction = void (*)(const void* context, size_t task, size_t thread);
// Where two threads call this at once (two models, natively), one of them does its job alone, as thread 0 of its own.
void fork_join(size_t tasks, TaskFunction function, const void* context);

// While it lives, whatever is forked is done by the thread that asks. `wanted`: false does nothing.
class OneThread {
 public:
  explicit OneThread(bool wanted);
  ~OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  const bool held_;
};

// body(task, thread) for every task < tasks < 2^31.
template <class Body>
void parallel(size_t tasks, const Body& body) {
  if (tasks == 1) return body(0, 0);
  fork_join(
      tasks, [](const void* context, size_t task, size_t thread) { (*static_cast<const Body*>(context))(task, thread); },
      &body);
}

#ifdef __wasm__

// The platform starts the helpers: a web worker each, with an instance of this module over the same memory, that calls
// help(). add_helper() counts one more first. False: there are kMaxThreads.
bool add_helper();
// Does tasks for ever.
[[noreturn]] void help();
// Said for a helper that has crashed inside a task: whoever waits for the task crashes too.
void helper_failed();

#else

// Ends the helpers there are and starts `count` - 1 of them, at most kMaxThreads - 1. Not while parallel() runs.
void set_thread_count(size_t count);

#endif

#else

inline constexpr size_t thread_count() { return 1; }

struct OneThread {
  explicit OneThread(bool) {}
};

template <class Body>
void parallel(size_t tasks, const Body& body) {
  for (size_t task = 0; task < tasks; ++task) body(task, 0);
}

#endif

}  // namespace squeezebert
