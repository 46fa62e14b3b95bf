#include "json.h"

#include <nlohmann/json.hpp>

namespace squeezebert::json {
namespace {

// Two bytes of text ("0,") become a value of a hundred: without a limit a file of 100 MB could ask for 5 GB. The
// largest files here, tokenizer.json with their vocabulary and merges, have some 200,000 values.
constexpr size_t kMaxValues = 2'000'000;

}  // namespace

std::optional<bool> Value::boolean() const { return kind_ == Kind::boolean ? std::optional(boolean_) : std::nullopt; }

std::optional<int64_t> Value::integer() const {
  if (kind_ == Kind::integer) return integer_;
  if (kind_ == Kind::unsigned_integer && unsigned_ <= INT64_MAX) return static_cast<int64_t>(unsigned_);
  return std::nullopt;
}

std::optional<uint64_t> Value::unsigned_integer() const {
  return kind_ == Kind::unsigned_integer ? std::optional(unsigned_) : std::nullopt;
}

std::optional<double> Value::number() const {
  switch (kind_) {
    case Kind::integer: return static_cast<double>(integer_);
    case Kind::unsigned_integer: return static_cast<double>(unsigned_);
    case Kind::real: return real_;
    default: return std::nullopt;
  }
}

std::optional<std::string_view> Value::string() const {
  return kind_ == Kind::string ? std::optional<std::string_view>(string_) : std::nullopt;
}

const std::vector<Value>& Value::items() const { return items_; }
const std::vector<Member>& Value::members() const { return members_; }

const Value* Value::find(std::string_view name) const {
  for (size_t i = members_.size(); i-- > 0;) {
    if (members_[i].name == name) return &members_[i].value;
  }
  return nullptr;
}

// Receives the parser's events. Open arrays and objects stand on a stack of their own and are moved into their parent
// when they close, so no pointer into a growing vector is ever held.
class Builder {
 public:
  explicit Builder(size_t max_depth) : max_depth_(max_depth) {}

  bool null() { return add(Value()); }
  bool boolean(bool value) {
    Value v;
    v.kind_ = Kind::boolean;
    v.boolean_ = value;
    return add(std::move(v));
  }
  bool number_integer(int64_t value) {
    Value v;
    v.kind_ = Kind::integer;
    v.integer_ = value;
    return add(std::move(v));
  }
  bool number_unsigned(uint64_t value) {
    Value v;
    v.kind_ = Kind::unsigned_integer;
    v.unsigned_ = value;
    return add(std::move(v));
  }
  bool number_float(double value, const std::string&) {
    Value v;
    v.kind_ = Kind::real;
    v.real_ = value;
    return add(std::move(v));
  }
  bool string(std::string& value) {
    Value v;
    v.kind_ = Kind::string;
    v.string_ = std::move(value);
    return add(std::move(v));
  }
  bool binary(std::vector<uint8_t>&) { return false; }
  bool start_object(size_t) { return open(Kind::object); }
  bool start_array(size_t) { return open(Kind::array); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& name) {
    stack_.back().name = std::move(name);
    return true;
  }
  template <class Exception>
  bool parse_error(size_t position, const std::string&, const Exception&) {
    position_ = position;
    return false;
  }

  bool too_deep() const { return too_deep_; }
  bool too_many() const { return values_ > kMaxValues; }
  size_t position() const { return position_; }
  Value take() { return std::move(root_); }

 private:
  struct Open {
    Value value;
    std::string name;  // of the member that comes next
  };

  bool add(Value value) {
    if (++values_ > kMaxValues) return false;
    if (stack_.empty()) {
      root_ = std::move(value);
      return true;
    }
    Open& parent = stack_.back();
    if (parent.value.kind_ == Kind::array) parent.value.items_.push_back(std::move(value));
    else parent.value.members_.push_back({std::move(parent.name), std::move(value)});
    return true;
  }
  bool open(Kind kind) {
    if (stack_.size() == max_depth_) {
      too_deep_ = true;
      return false;
    }
    stack_.emplace_back();
    stack_.back().value.kind_ = kind;
    return true;
  }
  bool close() {
    Value value = std::move(stack_.back().value);
    stack_.pop_back();
    return add(std::move(value));
  }

  size_t max_depth_;
  std::vector<Open> stack_;
  Value root_;
  bool too_deep_ = false;
  size_t values_ = 0;
  size_t position_ = 0;
};

Result<Value> parse(std::string_view text, int max_depth) {
  // The parser would skip a byte order mark; the formats here refuse one.
  if (text.substr(0, 3) == "\xEF\xBB\xBF") return Error{ErrorCode::JSON_SYNTAX, {"byte order mark at byte 0"}};
  // It would also take a zero byte for the end of the text and believe whatever follows. JSON has none anywhere.
  if (const size_t zero = text.find('\0'); zero != std::string_view::npos)
    return Error{ErrorCode::JSON_SYNTAX, {"zero at byte ", zero}};
  Builder builder(static_cast<size_t>(max_depth));
  bool good = false;
  // Inlined, the compiler sees that the library's readers of binary formats are never called.
  [[clang::always_inline]] good = nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  if (good) return builder.take();
  if (builder.too_deep()) return Error{ErrorCode::JSON_TOO_DEEP, {"more than ", max_depth, " levels"}};
  if (builder.too_many()) {
    return Error{ErrorCode::OUT_OF_MEMORY, {"more than ", kMaxValues, " JSON values"}};
  }
  return Error{ErrorCode::JSON_SYNTAX, {"at byte ", builder.position()}};
}

}  // namespace squeezebert::json
