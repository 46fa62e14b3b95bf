// Errors of the whole library: one list (error_codes.def), one sentence each, the same in C++ and in TypeScript.
// Nothing in src/ throws or aborts on bad input: functions that can fail return Result<T>.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace squeezebert {

enum class ErrorCode : uint8_t {
#define SQUEEZEBERT_ERROR(code, sentence) code,
#include "error_codes.def"
#undef SQUEEZEBERT_ERROR
};

// "SAFETENSORS_OFFSETS": the name under which the code is known in TypeScript, logs and tests.
std::string_view error_name(ErrorCode code);
// The one sentence of the list that says what is wrong in general.
std::string_view error_sentence(ErrorCode code);

// A piece of an error's detail: text, or a whole number. Text is not copied: it has to live until the error is made.
class Piece {
 public:
  Piece(std::string_view text) : text_(text.data() ? text.data() : ""), size_(text.size()) {}
  Piece(const char* text) : text_(text), size_(std::char_traits<char>::length(text)) {}
  Piece(const std::string& text) : text_(text.data()), size_(text.size()) {}
  template <std::integral Number>
  Piece(Number number)
      : text_(nullptr), size_(std::signed_integral<Number> && number < 0), number_(static_cast<uint64_t>(number)) {}

 private:
  friend std::string join(std::initializer_list<Piece> pieces);
  const char* text_;  // null: a number
  size_t size_;       // of the text; of a number: 1 where it is negative
  uint64_t number_;   // in two's complement; not set for a text, which is a store less in a few hundred places
};

using Detail = std::initializer_list<Piece>;
std::string join(Detail pieces);

// What went wrong. As small as a pointer and made out of line, since nearly every function of the library can hand one on:
// a quarter of the WebAssembly code that loads models was once the moving and joining of details.
class Error {
 public:
  // `detail`: what exactly: the file, the tensor, the number. May be empty.
  Error(ErrorCode code, Detail detail = {});
  Error(ErrorCode code, std::string detail);
  Error(Error&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  Error& operator=(Error&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~Error() {
    if (state_) release();
  }

  // Precondition of all: not moved from.
  ErrorCode code() const;
  const std::string& detail() const;
  // "SAFETENSORS_OFFSETS: The tensors ... (tensor 'a' begins at 8, expected 0)"
  std::string message() const;

 private:
  template <class T>
  friend class Result;
  struct State;
  Error() = default;  // no error
  void release();
  State* state_ = nullptr;
};

// A value or an error. Result<void> holds only success or the error.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }

  // Precondition: ok().
  T& value() & { return *value_; }
  const T& value() const& { return *value_; }
  T&& value() && { return std::move(*value_); }
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

  // Precondition: !ok().
  Error& error() & { return error_; }
  const Error& error() const& { return error_; }
  Error&& error() && { return std::move(error_); }

 private:
  std::optional<T> value_;
  Error error_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.state_; }
  explicit operator bool() const { return ok(); }
  Error& error() & { return error_; }
  const Error& error() const& { return error_; }
  Error&& error() && { return std::move(error_); }

 private:
  Error error_;
};

}  // namespace squeezebert

// Returns the error of `expression` (a Result<void>) from the enclosing function, if there is one.
#define SQUEEZEBERT_TRY(expression)                                              \
  do {                                                                           \
    if (auto try_result_ = (expression); !try_result_)                           \
      return std::move(try_result_).error();                                     \
  } while (0)

// Declares `name` as the value of a Result<T> that lives in the enclosing scope, or returns its error.
#define SQUEEZEBERT_TRY_ASSIGN(name, expression)                                 \
  auto name##_result_ = (expression);                                            \
  if (!name##_result_) return std::move(name##_result_).error();                 \
  auto&& name = std::move(name##_result_).value()
