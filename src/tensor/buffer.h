// Aligned memory that reports failure instead of throwing: weights and working memory of the model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <utility>

namespace squeezebert {

// An uninitialised, 64-byte aligned array of trivially copyable T (64: a cache line, and any SIMD width).
template <class T>
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Buffer() { std::free(data_); }

  // Replaces the content by `size` uninitialised elements. False where memory does not suffice; then the buffer is empty.
  // 64 bits also where size_t has 32: a product of sizes that wrapped round would be a buffer too small.
  [[nodiscard]] [[gnu::noinline]] bool allocate(uint64_t size) {
    std::free(data_);
    data_ = nullptr;
    size_ = 0;
    if (size == 0) return true;
    if (size > SIZE_MAX / sizeof(T) - 64) return false;
    const size_t bytes = (static_cast<size_t>(size) * sizeof(T) + 63) / 64 * 64;
    data_ = static_cast<T*>(std::aligned_alloc(64, bytes));
    if (!data_) return false;
    size_ = static_cast<size_t>(size);
    return true;
  }

  // As allocate, but keeps a buffer that is large enough already (its content is then kept too).
  [[nodiscard]] bool reserve(uint64_t size) { return size <= size_ || allocate(size); }

  T* data() { return data_; }
  const T* data() const { return data_; }
  size_t size() const { return size_; }
  uint64_t bytes() const { return uint64_t{size_} * sizeof(T); }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }
  std::span<T> span() { return {data_, size_}; }
  std::span<const T> span() const { return {data_, size_}; }

 private:
  T* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace squeezebert
