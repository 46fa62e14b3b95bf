// JSON text as a read-only tree. Parsing is nlohmann-json's (its event interface, so that its document classes stay out
// of the wasm); the tree is ours because it keeps what the formats here must see: repeated names, and whole numbers apart
// from fractions.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../error.h"

namespace squeezebert::json {

class Value;
struct Member;

enum class Kind : uint8_t { null, boolean, integer, unsigned_integer, real, string, array, object };

class Value {
 public:
  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::null; }
  bool is_string() const { return kind_ == Kind::string; }
  bool is_array() const { return kind_ == Kind::array; }
  bool is_object() const { return kind_ == Kind::object; }
  bool is_number() const { return kind_ == Kind::integer || kind_ == Kind::unsigned_integer || kind_ == Kind::real; }

  std::optional<bool> boolean() const;
  // Whole numbers only: 8.0 is none, nor is a negative number for the unsigned form.
  std::optional<int64_t> integer() const;
  std::optional<uint64_t> unsigned_integer() const;
  std::optional<double> number() const;                // any number
  std::optional<std::string_view> string() const;      // UTF-8

  const std::vector<Value>& items() const;             // of an array; else empty
  const std::vector<Member>& members() const;          // of an object in the file's order; else empty

  // The member of that name, the last one where it is repeated (as Python has it); null pointer where there is none.
  const Value* find(std::string_view name) const;

 private:
  friend class Builder;
  Kind kind_ = Kind::null;
  union {
    bool boolean_;
    int64_t integer_;
    uint64_t unsigned_;
    double real_ = 0;
  };
  std::string string_;
  std::vector<Value> items_;
  std::vector<Member> members_;
};

struct Member {
  std::string name;
  Value value;
};

// Errors: JSON_SYNTAX with the byte position (also for text that is not UTF-8, and lone surrogates in escapes);
// JSON_TOO_DEEP beyond `max_depth` nested arrays and objects; OUT_OF_MEMORY beyond two million values.
Result<Value> parse(std::string_view text, int max_depth = 64);

}  // namespace squeezebert::json
