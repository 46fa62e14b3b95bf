// A forward pass allocates nothing once a pass of its size, or a larger one, has been run.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "checkpoint.h"
#include "model/model.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SQUEEZEBERT_COUNTS_MALLOC 1
#include <sanitizer/allocator_interface.h>
#endif
#endif

namespace {

std::atomic<bool> counting{false};
std::atomic<long> allocations{0};

void count() {
  if (counting) ++allocations;
}

}  // namespace

#ifdef SQUEEZEBERT_COUNTS_MALLOC

// AddressSanitizer tells of every malloc, aligned_alloc and new of the program.
namespace {
const bool installed = __sanitizer_install_malloc_and_free_hooks([](const volatile void*, size_t) { count(); },
                                                                 [](const volatile void*) {}) != 0;
}  // namespace

#else

// Without it every operator new is ours. Buffer's aligned_alloc is seen through Model::workspace_bytes().
namespace {
const bool installed = true;

void* take(size_t size) {
  count();
  return std::malloc(size ? size : 1);
}
void* take(size_t size, std::align_val_t alignment) {
  count();
  const auto step = static_cast<size_t>(alignment);
  return std::aligned_alloc(step, (size + step - 1) / step * step);
}
void* or_abort(void* memory) {
  if (!memory) std::abort();
  return memory;
}
}  // namespace

void* operator new(size_t size) { return or_abort(take(size)); }
void* operator new[](size_t size) { return or_abort(take(size)); }
void* operator new(size_t size, std::align_val_t alignment) { return or_abort(take(size, alignment)); }
void* operator new[](size_t size, std::align_val_t alignment) { return or_abort(take(size, alignment)); }
void* operator new(size_t size, const std::nothrow_t&) noexcept { return take(size); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept { return take(size); }
void* operator new(size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return take(size, alignment);
}
void* operator new[](size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return take(size, alignment);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }

#endif

namespace squeezebert {
namespace {

template <class Work>
long allocations_of(const Work& work) {
  allocations = 0;
  counting = true;
  work();
  counting = false;
  return allocations;
}

class ForwardAllocation : public testing::TestWithParam<Architecture> {};

TEST_P(ForwardAllocation, NoneAfterTheFirstPassOfASize) {
  ASSERT_TRUE(installed);
  const Checkpoint checkpoint = tiny_checkpoint(GetParam().family, GetParam().name, 40);
  MemoryFiles files = checkpoint.files();
  auto loaded = Model::load(files);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message();
  Model& model = **loaded;

  std::mt19937 random(3);
  const std::vector<int32_t> ids = random_ids(checkpoint, 160, random), types(160, 0), mask(160, 1);
  const std::vector<int32_t> even = {40, 40, 40, 40}, one = {40}, ragged = {40, 3, 17, 25}, short_even = {9, 9},
                             single = {1};
  OutputOptions plain, everything;
  everything.hidden_states = everything.last_hidden_state = everything.pooler_output = true;
  OutputOptions ragged_all = everything;
  everything.attentions = everything.attention_scores = true;
  bool good = true;
  const auto pass = [&](const std::vector<int32_t>& lengths, const OutputOptions& options) {
    size_t rows = 0;
    for (const int32_t length : lengths) rows += static_cast<size_t>(length);
    const auto head = [rows](const std::vector<int32_t>& all) { return std::span(all).first(rows); };
    good = good && model.run({head(ids), head(types), head(mask), lengths}, options).ok();
  };

  const uint64_t before = model.workspace_bytes();
  pass(even, everything);
  const uint64_t after = model.workspace_bytes();
  EXPECT_GT(after, before);
  EXPECT_EQ(allocations_of([&] {
              for (int i = 0; i < 3; ++i) {
                pass(even, everything);
                pass(even, plain);
                pass(one, everything);
                pass(ragged, ragged_all);
                pass(short_even, everything);
                pass(single, plain);
              }
            }),
            0);
  EXPECT_EQ(model.workspace_bytes(), after);
  EXPECT_TRUE(good);
}

INSTANTIATE_TEST_SUITE_P(Models, ForwardAllocation, testing::ValuesIn(architectures()),
                         [](const auto& info) { return info.param.name; });

// The counter counts: else the test above could not fail.
TEST(ForwardAllocation, WouldBeSeen) {
  ASSERT_TRUE(installed);
  int* volatile kept = nullptr;
  EXPECT_EQ(allocations_of([&] { kept = new int(1); }), 1);
  delete kept;
  std::vector<float>* volatile vector = nullptr;
  EXPECT_EQ(allocations_of([&] { vector = new std::vector<float>(100); }), 2);
  delete vector;
#ifdef SQUEEZEBERT_COUNTS_MALLOC
  // A first pass takes its working memory, by aligned_alloc.
  const Checkpoint checkpoint = tiny_checkpoint(Family::squeezebert, "SqueezeBertModel");
  MemoryFiles files = checkpoint.files();
  auto model = Model::load(files);
  ASSERT_TRUE(model.ok());
  const std::vector<int32_t> ids = {3, 4, 5}, lengths = {3};
  EXPECT_GE(allocations_of([&] { (void)(*model)->run({ids, {}, {}, lengths}); }), 7);
  EXPECT_EQ(allocations_of([&] { (void)(*model)->run({ids, {}, {}, lengths}); }), 0);
#endif
}

}  // namespace
}  // namespace squeezebert
