#include "parallel.h"

#if SQUEEZEBERT_THREADS

#include <atomic>

#ifndef __wasm__
#include <thread>
#include <vector>
#endif

namespace squeezebert {
namespace {

// A number that threads watch for changes. Each on a cache line of its own.
struct alignas(64) Watched {
  std::atomic<uint32_t> value{0};
  std::atomic<uint32_t> sleepers{0};

  // Returns soon after `value` is no longer `old`, or for no reason at all.
  void sleep_while(uint32_t old) {
    sleepers.fetch_add(1);
#ifdef __wasm__
    __builtin_wasm_memory_atomic_wait32(reinterpret_cast<int32_t*>(&value), static_cast<int32_t>(old), -1);
#else
    value.wait(old);
#endif
    sleepers.fetch_sub(1);
  }
  // After a change of `value`. Both are sequentially consistent, so whoever slept on the old value is seen here.
  void wake() {
    if (sleepers.load() == 0) return;
#ifdef __wasm__
    __builtin_wasm_memory_atomic_notify(reinterpret_cast<int32_t*>(&value), ~0u);
#else
    value.notify_all();
#endif
  }
};

// Looks at a number before it sleeps on it. The parts of a pass follow each other within microseconds, and to wake a thread
// takes tens of them; a thread that finds nothing for a while sleeps, so that an idle page takes no processor time.
#ifdef __wasm__
// There is no pause instruction, so a look is a load and a branch. Ten times fewer looks end before the longest task (160 us)
// does: a pass of 128 tokens, full-size q8, two threads in Chromium, then took 45 ms instead of 42.5.
constexpr int kLooks = 200'000;
void pause() {}
#else
constexpr int kLooks = 1'000;
void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}
#endif

uint32_t wait_for_change(Watched& watched, uint32_t old) {
  for (int look = 0; look < kLooks; ++look) {
    const uint32_t now = watched.value.load(std::memory_order_acquire);
    if (now != old) return now;
    pause();
  }
  watched.sleep_while(old);
  return watched.value.load(std::memory_order_acquire);
}

constexpr uint32_t kEnd = ~0u;  // in `unclaimed`: helpers end

// The job. Written while nothing is unclaimed or unfinished, read by whoever has claimed a task: the claim synchronises.
TaskFunction job;
const void* job_context;
uint32_t job_tasks;

Watched unclaimed;   // tasks that nobody has begun
Watched unfinished;  // tasks that are not done
std::atomic<bool> taken{false};
std::atomic<size_t> count{1};
#ifdef __wasm__
constexpr uint32_t kFailed = 1u << 31;  // in `unfinished`: a task will never be done
std::atomic<size_t> started{1};
#endif

// Claims tasks and does them until none is left; returns what `unclaimed` was then: 0 or kEnd. Claiming counts down, so that
// a claim is valid whatever job it falls into: nothing else has to be read before it.
uint32_t do_tasks(size_t thread) {
  uint32_t left = unclaimed.value.load(std::memory_order_acquire);
  while (left != 0 && left != kEnd) {
    if (!unclaimed.value.compare_exchange_weak(left, left - 1, std::memory_order_acq_rel)) continue;
    job(job_context, job_tasks - left, thread);
    if (unfinished.value.fetch_sub(1) == 1) unfinished.wake();
    left = unclaimed.value.load(std::memory_order_acquire);
  }
  return left;
}

void help_as(size_t thread) {
  while (do_tasks(thread) != kEnd) wait_for_change(unclaimed, 0);
}

}  // namespace

size_t thread_count() { return count.load(std::memory_order_relaxed); }

// Whoever has the helpers keeps them from everybody.
OneThread::OneThread(bool wanted) : held_(wanted && !taken.exchange(true, std::memory_order_acquire)) {}

OneThread::~OneThread() {
  if (held_) taken.store(false, std::memory_order_release);
}

void fork_join(size_t tasks, TaskFunction function, const void* context) {
  if (tasks == 0) return;
  if (thread_count() == 1 || taken.exchange(true, std::memory_order_acquire)) {
    for (size_t task = 0; task < tasks; ++task) function(context, task, 0);
    return;
  }
  job = function;
  job_context = context;
  job_tasks = static_cast<uint32_t>(tasks);
  unfinished.value.store(job_tasks, std::memory_order_relaxed);
  unclaimed.value.store(job_tasks);
  unclaimed.wake();
  do_tasks(0);
  for (uint32_t left = unfinished.value.load(std::memory_order_acquire); left != 0;) {
#ifdef __wasm__
    if (left & kFailed) __builtin_trap();
#endif
    left = wait_for_change(unfinished, left);
  }
  taken.store(false, std::memory_order_release);
}

#ifdef __wasm__

bool add_helper() {
  if (thread_count() == kMaxThreads) return false;
  count.fetch_add(1);
  return true;
}

void help() {
  help_as(started.fetch_add(1));
  __builtin_trap();
}

void helper_failed() {
  unfinished.value.fetch_or(kFailed);
  unfinished.wake();
}

#else

namespace {

struct Helpers {
  std::vector<std::thread> threads;
  void end() {
    unclaimed.value.store(kEnd);
    unclaimed.wake();
    for (std::thread& thread : threads) thread.join();
    threads.clear();
    unclaimed.value.store(0);
    count.store(1);
  }
  ~Helpers() { end(); }
};
Helpers helpers;

}  // namespace

void set_thread_count(size_t wanted) {
  helpers.end();
  for (size_t thread = 1; thread < wanted && thread < kMaxThreads; ++thread) {
    helpers.threads.emplace_back(help_as, thread);
    count.store(thread + 1);
  }
}

#endif

}  // namespace squeezebert

#endif
