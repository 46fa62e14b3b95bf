#include "parallel/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>
#include <vector>

namespace squeezebert {
namespace {

class Parallel : public testing::TestWithParam<size_t> {
 protected:
  void SetUp() override { set_thread_count(GetParam()); }
  void TearDown() override { set_thread_count(1); }
};
INSTANTIATE_TEST_SUITE_P(Threads, Parallel, testing::Values(1, 2, 3, 4, 7), testing::PrintToStringParamName());

TEST_P(Parallel, DoesEveryTaskOnceAndReturnsAfterTheLast) {
  EXPECT_EQ(thread_count(), GetParam());
  // Plain numbers on purpose: ThreadSanitizer sees a task that is done twice, or read before it is done.
  std::vector<uint32_t> done(1000), thread_of(1000);
  for (uint32_t job = 1; job <= 2000; ++job) {
    const size_t tasks = job % 3 == 0 ? 1000 : job % 17;
    std::fill(done.begin(), done.end(), 0);
    parallel(tasks, [&](size_t task, size_t thread) {
      done[task] += job;
      thread_of[task] = static_cast<uint32_t>(thread);
    });
    for (size_t task = 0; task < done.size(); ++task) {
      ASSERT_EQ(done[task], task < tasks ? job : 0) << task << " of " << tasks;
      ASSERT_LT(thread_of[task], GetParam());
    }
  }
}

TEST_P(Parallel, OneThreadDoesAllWhileItIsWanted) {
  const std::thread::id here = std::this_thread::get_id();
  std::atomic<int> elsewhere = 0, done = 0;
  const auto job = [&] {
    parallel(200, [&](size_t, size_t) {
      done += 1;
      elsewhere += std::this_thread::get_id() != here;
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    });
  };
  {
    const OneThread outer(true);
    const OneThread inner(true);
    job();
  }
  EXPECT_EQ(done, 200);
  EXPECT_EQ(elsewhere, 0);
  const OneThread unwanted(false);
  job();
  EXPECT_EQ(done, 400);
  EXPECT_EQ(elsewhere > 0, GetParam() > 1);
}

TEST_P(Parallel, AThreadHasItsWorkingMemoryToItself) {
  std::vector<std::vector<uint64_t>> memory(thread_count(), std::vector<uint64_t>(100));
  std::vector<uint64_t> sums(500);
  for (int job = 0; job < 50; ++job) {
    parallel(sums.size(), [&](size_t task, size_t thread) {
      for (size_t i = 0; i < 100; ++i) memory[thread][i] = task * i;
      sums[task] = 0;
      for (const uint64_t value : memory[thread]) sums[task] += value;
    });
    for (size_t task = 0; task < sums.size(); ++task) ASSERT_EQ(sums[task], task * 4950);
  }
}

TEST_P(Parallel, HelpersTakeTasksWhileTheCallerIsAtOne) {
  std::atomic<size_t> present{0};
  // Every thread has to be in a task at the same time for this to end.
  parallel(GetParam(), [&](size_t, size_t) {
    present.fetch_add(1);
    while (present.load() < GetParam()) std::this_thread::yield();
  });
  EXPECT_EQ(present.load(), GetParam());
}

TEST_P(Parallel, HelpersThatHaveGoneToSleepWakeUp) {
  for (int job = 0; job < 20; ++job) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::atomic<size_t> present{0};
    parallel(GetParam(), [&](size_t, size_t) {
      present.fetch_add(1);
      while (present.load() < GetParam()) std::this_thread::yield();
    });
  }
}

TEST_P(Parallel, TheCallerSleepsUntilTheLastTaskIsDone) {
  std::vector<int> done(GetParam());
  parallel(done.size(), [&](size_t task, size_t) {
    if (task > 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    done[task] = 1;
  });
  EXPECT_EQ(done, std::vector<int>(GetParam(), 1));
}

TEST_P(Parallel, TwoCallersAtOnceDoNotMeet) {
  const auto work = [] {
    for (int job = 0; job < 300; ++job) {
      std::vector<size_t> done(64);
      parallel(done.size(), [&](size_t task, size_t) { done[task] += task + 1; });
      for (size_t task = 0; task < done.size(); ++task) ASSERT_EQ(done[task], task + 1);
    }
  };
  std::thread other(work);
  work();
  other.join();
}

TEST(ParallelThreads, StayWithinTheirBound) {
  set_thread_count(0);
  EXPECT_EQ(thread_count(), 1u);
  set_thread_count(1'000'000);
  EXPECT_EQ(thread_count(), kMaxThreads);
  std::atomic<size_t> sum{0};
  parallel(1000, [&](size_t task, size_t) { sum += task; });
  EXPECT_EQ(sum.load(), 499'500u);
  set_thread_count(1);
}

}  // namespace
}  // namespace squeezebert
