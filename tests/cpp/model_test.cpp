// Loading checkpoints that do not fit, inputs that do not fit, batches, and that a second pass takes no memory.
#include "model/model.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "small_model.h"

namespace {
std::atomic<long> allocations{0};
}

// Every allocation of the program is counted.
void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size ? size : 1)) return memory;
  std::abort();
}
void* operator new(size_t size, std::align_val_t alignment) {
  ++allocations;
  const size_t step = static_cast<size_t>(alignment);
  if (void* memory = std::aligned_alloc(step, (size + step - 1) / step * step)) return memory;
  std::abort();
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size ? size : 1);
}
void* operator new(size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  ++allocations;
  const size_t step = static_cast<size_t>(alignment);
  return std::aligned_alloc(step, (size + step - 1) / step * step);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }

namespace squeezebert {
namespace {

Error error_of(const SmallModel& small) {
  MemoryFiles files = small.files();
  const auto loaded = Model::load(files);
  EXPECT_FALSE(loaded.ok());
  return loaded ? Error{ErrorCode::INTERNAL, "no error"} : loaded.error();
}

std::unique_ptr<Model> load(const SmallModel& small) {
  MemoryFiles files = small.files();
  auto loaded = Model::load(files);
  EXPECT_TRUE(loaded.ok()) << (loaded ? "" : loaded.error().message());
  return loaded ? std::move(*loaded) : nullptr;
}

const std::string kQuery = "transformer.encoder.layers.1.attention.query.weight";

TEST(ModelLoading, NamesWhatIsWrong) {
  SmallModel missing = small_squeezebert();
  missing.tensors.erase(kQuery);
  EXPECT_EQ(error_of(missing).code, ErrorCode::TENSOR_MISSING);
  EXPECT_NE(error_of(missing).detail.find("encoder.layers.1.attention.query.weight"), std::string::npos);

  SmallModel extra = small_squeezebert();
  extra.tensors["transformer.encoder.layers.2.attention.query.weight"] = {{16, 8, 1}, "F32"};
  EXPECT_EQ(error_of(extra).code, ErrorCode::TENSOR_UNEXPECTED);
  EXPECT_NE(error_of(extra).detail.find("layers.2.attention.query"), std::string::npos);

  for (const std::vector<uint64_t>& shape : std::vector<std::vector<uint64_t>>{{8, 16, 1}, {16, 8, 2}, {128}, {}, {16, 0, 1}, {16, 8, 1, 1}}) {
    SmallModel bent = small_squeezebert();
    bent.tensors[kQuery].shape = shape;
    EXPECT_EQ(error_of(bent).code, ErrorCode::TENSOR_SHAPE);
    EXPECT_NE(error_of(bent).detail.find("attention.query.weight"), std::string::npos);
  }

  SmallModel whole = small_squeezebert();
  whole.tensors[kQuery].dtype = "I64";
  EXPECT_EQ(error_of(whole).code, ErrorCode::TENSOR_DTYPE);
  EXPECT_NE(error_of(whole).detail.find("attention.query.weight"), std::string::npos);
}

TEST(ModelLoading, TakesALayerWithoutItsConvolutionsLastDimension) {
  SmallModel flat = small_squeezebert();
  flat.tensors[kQuery].shape = {16, 8};
  EXPECT_TRUE(load(flat));
}

TEST(ModelLoading, IgnoresTheBufferOfPositions) {
  SmallModel small = small_squeezebert();
  small.tensors["transformer.embeddings.position_ids"] = {{1, 40}, "I64"};
  EXPECT_TRUE(load(small));
}

TEST(ModelLoading, FilesThatAreNotThere) {
  MemoryFiles empty;
  EXPECT_EQ(Model::load(empty).error().code, ErrorCode::FILE_NOT_FOUND);
  MemoryFiles only_config;
  only_config.add("config.json", small_squeezebert().config);
  const auto loaded = Model::load(only_config);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, ErrorCode::FILE_NOT_FOUND);
  EXPECT_NE(loaded.error().detail.find("model.safetensors"), std::string::npos);
}

TEST(ModelLoading, ASizeThatNoMemoryHolds) {
  // The configuration promises much; the file says otherwise before anything is allocated.
  SmallModel small = small_squeezebert();
  small.config = R"({"model_type":"squeezebert","vocab_size":10000000,"hidden_size":65536,"num_attention_heads":1,
    "num_hidden_layers":1000,"intermediate_size":65536})";
  MemoryFiles files = small.files();
  EXPECT_FALSE(Model::load(files).ok());
}

TEST(ModelInput, WhatDoesNotFitIsRefused) {
  const auto model = load(small_squeezebert());
  ASSERT_TRUE(model);
  const auto code = [&model](std::vector<int32_t> ids, std::vector<int32_t> types, std::vector<int32_t> mask,
                             std::vector<int32_t> lengths) {
    const auto outputs = model->run({ids, types, mask, lengths});
    return outputs ? std::string("good") : std::string(error_name(outputs.error().code));
  };
  EXPECT_EQ(code({1, 2, 3}, {}, {}, {3}), "good");
  EXPECT_EQ(code({1, 2, 3}, {0, 1, 1}, {1, 1, 0}, {2, 1}), "good");
  EXPECT_EQ(code({}, {}, {}, {}), "INVALID_ARGUMENT");
  EXPECT_EQ(code({1, 2, 3}, {}, {}, {2}), "INVALID_ARGUMENT");
  EXPECT_EQ(code({1, 2, 3}, {}, {}, {4}), "INVALID_ARGUMENT");
  EXPECT_EQ(code({1, 2, 3}, {}, {}, {3, 0}), "INVALID_ARGUMENT");
  EXPECT_EQ(code({1, 2, 3}, {}, {}, {4, -1}), "INVALID_ARGUMENT");
  EXPECT_EQ(code({1, 2, 3}, {0}, {}, {3}), "INVALID_ARGUMENT");
  EXPECT_EQ(code({1, 2, 3}, {}, {1}, {3}), "INVALID_ARGUMENT");
  EXPECT_EQ(code({1, 2, 20}, {}, {}, {3}), "TOKEN_ID_RANGE");
  EXPECT_EQ(code({1, 2, -1}, {}, {}, {3}), "TOKEN_ID_RANGE");
  EXPECT_EQ(code({1, 2, 3}, {0, 0, 2}, {}, {3}), "TOKEN_ID_RANGE");
  EXPECT_EQ(code(std::vector<int32_t>(40, 1), {}, {}, {40}), "good");
  EXPECT_EQ(code(std::vector<int32_t>(41, 1), {}, {}, {41}), "INPUT_TOO_LONG");
}

std::vector<float> logits(Model& model, std::vector<int32_t> ids, std::vector<int32_t> lengths, std::vector<int32_t> mask = {}) {
  const auto outputs = model.run({ids, {}, mask, lengths});
  EXPECT_TRUE(outputs.ok());
  for (const Output& output : *outputs)
    if (output.name == "logits") return {output.data.begin(), output.data.end()};
  return {};
}

TEST(Batches, ASequenceHasTheSameBitsAloneAndAmongOthers) {
  const auto model = load(small_squeezebert());
  ASSERT_TRUE(model);
  std::vector<int32_t> all, lengths;
  std::vector<float> alone;
  for (const int32_t length : {1, 7, 40, 2, 13, 8}) {
    std::vector<int32_t> ids;
    for (int32_t i = 0; i < length; ++i) ids.push_back((i * 7 + length) % 20);
    const auto one = logits(*model, ids, {length});
    alone.insert(alone.end(), one.begin(), one.end());
    all.insert(all.end(), ids.begin(), ids.end());
    lengths.push_back(length);
  }
  EXPECT_EQ(logits(*model, all, lengths), alone);
}

TEST(Batches, PaddingThatIsMaskedChangesNothing) {
  const auto model = load(small_squeezebert());
  ASSERT_TRUE(model);
  const auto plain = logits(*model, {3, 4, 5}, {3});
  const auto padded = logits(*model, {3, 4, 5, 0, 0, 0, 0}, {7}, {1, 1, 1, 0, 0, 0, 0});
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(padded[i], plain[i], 1e-6);
}

TEST(Memory, ASecondPassOfTheSameSizeAllocatesNothing) {
  const auto model = load(small_squeezebert());
  ASSERT_TRUE(model);
  const std::vector<int32_t> ids(40, 3), lengths = {40}, fewer = {25, 4, 11}, short_ids(12, 5), short_lengths = {12};
  const uint64_t none = model->workspace_bytes();
  ASSERT_TRUE(model->run({ids, {}, {}, lengths}).ok());
  EXPECT_GT(model->workspace_bytes(), none);
  ASSERT_TRUE(model->run({ids, {}, {}, fewer}).ok());
  // Working memory lies in buffers, which workspace_bytes() adds up; everything else would go through operator new.
  const uint64_t workspace = model->workspace_bytes();
  const long uncounted = allocations;
  delete new int(1);
  ASSERT_GT(allocations, uncounted);  // the counter counts
  const long before = allocations;
  bool good = true;
  for (int i = 0; i < 10; ++i) {
    good = good && model->run({ids, {}, {}, lengths}).ok();
    good = good && model->run({ids, {}, {}, fewer}).ok();
    good = good && model->run({short_ids, {}, {}, short_lengths}).ok();
  }
  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(good);
  EXPECT_EQ(model->workspace_bytes(), workspace);
}

}  // namespace
}  // namespace squeezebert
