// Matrices as xtensor adaptors over memory that somebody else owns: fixed rank, no allocation, any row stride, so that
// one attention head's columns of a [tokens, hidden] matrix are a matrix too.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <xtensor/xtensor.hpp>
#include <xtensor/xadapt.hpp>

namespace squeezebert {

// xtensor wants an allocator even where it never allocates, and std::allocator has no const form.
template <class T>
using Pointer = xt::xbuffer_adaptor<T*, xt::no_ownership, std::allocator<std::remove_const_t<T>>>;

template <class T>
using Matrix = xt::xtensor_adaptor<Pointer<T>, 2, xt::layout_type::dynamic>;

// rows x columns elements at `data`, rows `stride` elements apart (stride >= columns). Not inline: a matrix has a dozen fields,
// and setting them at each of forty places would be 0.2 kB more to download.
template <class T>
[[gnu::noinline]] Matrix<T> matrix(T* data, size_t rows, size_t columns, size_t stride) {
  // xtensor takes rows * columns for the size of the memory and would resize anything else; it never checks against it.
  return Matrix<T>(Pointer<T>(data, rows * columns), std::array<size_t, 2>{rows, columns},
                   std::array<std::ptrdiff_t, 2>{static_cast<std::ptrdiff_t>(stride), 1});
}

template <class T>
Matrix<T> matrix(T* data, size_t rows, size_t columns) {
  return matrix(data, rows, columns, columns);
}

template <class M>
size_t rows(const M& m) { return m.shape()[0]; }
template <class M>
size_t columns(const M& m) { return m.shape()[1]; }
// Elements from one row to the next. (xtensor gives a dimension of one element stride 0, which is right for it.)
template <class M>
size_t row_stride(const M& m) { return static_cast<size_t>(m.strides()[0]); }
template <class M>
auto row(M& m, size_t r) { return m.data() + r * row_stride(m); }

}  // namespace squeezebert
