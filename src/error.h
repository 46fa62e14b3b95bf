// Errors of the whole library: one list (error_codes.def), one sentence each, the same in C++ and in TypeScript.
// Nothing in src/ throws or aborts on bad input: functions that can fail return Result<T>.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

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

struct Error {
  ErrorCode code;
  std::string detail;  // what exactly: the file, the tensor, the number. May be empty.

  // "SAFETENSORS_OFFSETS: The tensors ... (tensor 'a' begins at 8, expected 0)"
  std::string message() const;
};

// A value or an error. Result<void> holds only success or the error.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Precondition: ok().
  T& value() & { return *std::get_if<0>(&state_); }
  const T& value() const& { return *std::get_if<0>(&state_); }
  T&& value() && { return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // Precondition: !ok().
  Error& error() & { return *std::get_if<1>(&state_); }
  const Error& error() const& { return *std::get_if<1>(&state_); }
  Error&& error() && { return std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  Error& error() & { return *error_; }
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace squeezebert

// Returns the error of `expression` (a Result<void>) from the enclosing function, if there is one.
#define SQUEEZEBERT_TRY(expression)                                              \
  do {                                                                           \
    if (auto try_result_ = (expression); !try_result_)                           \
      return std::move(try_result_).error();                                     \
  } while (0)

// auto-declares `name` from a Result<T>, or returns its error.
#define SQUEEZEBERT_TRY_ASSIGN(name, expression)                                 \
  auto name##_result_ = (expression);                                            \
  if (!name##_result_) return std::move(name##_result_).error();                 \
  auto name = std::move(name##_result_).value()
