#include "pickle.h"

#include <optional>

namespace squeezebert::pickle {
namespace {

constexpr size_t kMaxValues = 400'000;  // a model of 1000 layers needs about 300,000
constexpr size_t kMaxStack = 65'536;
constexpr uint32_t kNothing = ~uint32_t{0};

bool allowed(std::string_view global) {
  if (global == "collections OrderedDict" || global == "torch._utils _rebuild_tensor_v2" ||
      global == "torch._utils _rebuild_tensor" || global == "torch._utils _rebuild_parameter") {
    return true;
  }
  for (const std::string_view type :
       {"Float", "Half", "BFloat16", "Double", "Long", "Int", "Short", "Char", "Byte", "Bool"}) {
    if (global.starts_with("torch ") && global.ends_with("Storage") && global.size() == 13 + type.size() &&
        global.substr(6, type.size()) == type) {
      return true;
    }
  }
  return false;
}

class Machine {
 public:
  explicit Machine(std::string_view bytes) : bytes_(bytes) {}

  Result<Pickle> run() {
    while (!error_) {
      if (at_ == bytes_.size()) {
        invalid({"it ends before its STOP"});
        break;
      }
      const uint8_t operation = static_cast<uint8_t>(bytes_[at_++]);
      if (operation == '.') {
        made_.root = pop();
        made_.end = at_;
        if (!error_) return std::move(made_);
        break;
      }
      step(operation);
    }
    return std::move(*error_);
  }

 private:
  void invalid(Detail detail) {
    if (!error_) error_ = Error{ErrorCode::PICKLE_INVALID, {join(detail), " (byte ", at_, ")"}};
  }
  void unsafe(Detail detail) {
    if (!error_) error_ = Error{ErrorCode::PICKLE_UNSAFE, detail};
  }

  // The next `size` bytes; none at the end.
  std::string_view take(uint64_t size) {
    if (size > bytes_.size() - at_) {
      invalid({"a value reaches past the end"});
      return {};
    }
    const auto taken = bytes_.substr(at_, static_cast<size_t>(size));
    at_ += taken.size();
    return taken;
  }
  // A little-endian number of `width` bytes, without sign.
  uint64_t number(int width) {
    uint64_t value = 0;
    int shift = 0;
    for (const char c : take(static_cast<uint64_t>(width))) {
      value |= uint64_t{static_cast<uint8_t>(c)} << shift;
      shift += 8;
    }
    return value;
  }
  std::string_view line() {
    const size_t end = bytes_.find('\n', at_);
    if (end == bytes_.npos) {
      invalid({"a line without an end"});
      return {};
    }
    const auto text = bytes_.substr(at_, end - at_);
    at_ = end + 1;
    return text;
  }

  // The value is there afterwards even where it is one too many: the caller may fill it before the loop sees the error.
  Value& add(Kind kind, int64_t integer = 0, std::string_view text = {}) {
    push(static_cast<uint32_t>(made_.values.size()));
    if (made_.values.size() >= kMaxValues) invalid({"more values than a model has"});
    Value value;
    value.kind = kind;
    value.integer = integer;
    value.text = text;
    made_.values.push_back(std::move(value));
    return made_.values.back();
  }
  void push(uint32_t index) {
    if (stack_.size() >= kMaxStack) return invalid({"the stack grows without end"});
    stack_.push_back(index);
  }
  // The least height of the stack: values below the last mark belong to what was begun before it.
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  uint32_t pop() {
    if (stack_.size() <= floor()) {
      invalid({"the stack is empty"});
      return kNothing;
    }
    const uint32_t index = stack_.back();
    stack_.pop_back();
    return index;
  }
  uint32_t top() {
    const uint32_t index = pop();
    if (index != kNothing) stack_.push_back(index);
    return index;
  }
  // What lies above the last mark, which goes.
  std::vector<uint32_t> pop_marked() {
    if (marks_.empty()) {
      invalid({"no mark"});
      return {};
    }
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<uint32_t> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
  }
  std::vector<uint32_t> pop_many(int count) {
    std::vector<uint32_t> items(static_cast<size_t>(count));
    while (count > 0) items[static_cast<size_t>(--count)] = pop();
    return items;
  }
  void tuple(std::vector<uint32_t> items) {
    if (!error_) add(Kind::tuple).items = std::move(items);
  }
  // Adds the items to the list or the dictionary on top.
  void extend(Kind kind, const std::vector<uint32_t>& items) {
    const uint32_t target = top();
    if (error_) return;
    Value& value = made_.values[target];
    if (value.kind != kind || (kind == Kind::dict && items.size() % 2 != 0)) return invalid({"items for what holds none"});
    value.items.insert(value.items.end(), items.begin(), items.end());
  }
  void put(uint64_t place) {
    const uint32_t index = top();
    if (place >= kMaxValues) return invalid({"a memo place that no model needs"});
    if (error_) return;
    if (place >= memo_.size()) memo_.resize(static_cast<size_t>(place) + 1, kNothing);
    memo_[static_cast<size_t>(place)] = index;
  }
  void get(uint64_t place) {
    if (place >= memo_.size() || memo_[static_cast<size_t>(place)] == kNothing) return invalid({"an empty memo place"});
    push(memo_[static_cast<size_t>(place)]);
  }

  void global() {
    const size_t begin = at_;
    const auto module = line();
    const auto name = line();
    if (error_) return;
    std::string both(module);
    both += ' ';
    both += name;
    if (both.size() > 200) both.resize(200);
    if (!allowed(both)) return unsafe({both});
    // With the end of a line where the name above has a blank; `integer` says where.
    add(Kind::global, static_cast<int64_t>(module.size()), bytes_.substr(begin, module.size() + 1 + name.size()));
  }

  // What the named function would make of the arguments, as a description.
  void reduce() {
    const uint32_t arguments = pop(), callable = pop();
    if (error_) return;
    const Value& function = made_.values[callable];
    const std::vector<uint32_t>& items = made_.values[arguments].items;
    if (function.kind != Kind::global || made_.values[arguments].kind != Kind::tuple) {
      return unsafe({"a call of what is no function"});
    }
    const std::string_view name = function.text.substr(static_cast<size_t>(function.integer) + 1);
    if (name == "OrderedDict" && items.empty()) {
      add(Kind::dict);
    } else if (name.starts_with("_rebuild_tensor") && items.size() >= 4) {
      add(Kind::tensor).items.push_back(arguments);
    } else if (name == "_rebuild_parameter" && !items.empty() && made_.values[items[0]].kind == Kind::tensor) {
      push(items[0]);
    } else {
      unsafe({"a call of ", name, " with other arguments than it has in files of weights"});
    }
  }

  void step(uint8_t operation) {
    switch (operation) {
      case 0x80:  // PROTO
        if (number(1) > 3) invalid({"a protocol that torch.save does not use"});
        return;
      case '(':
        if (marks_.size() >= kMaxStack) return invalid({"the stack grows without end"});
        return marks_.push_back(stack_.size());
      case 'N': add(Kind::none); return;
      case 0x88: add(Kind::boolean, 1); return;
      case 0x89: add(Kind::boolean, 0); return;
      case 'K': add(Kind::integer, static_cast<int64_t>(number(1))); return;
      case 'M': add(Kind::integer, static_cast<int64_t>(number(2))); return;
      case 'J': add(Kind::integer, static_cast<int32_t>(number(4))); return;
      case 0x8a: {  // LONG1, two's complement
        const int width = static_cast<int>(number(1));
        if (width > 8) return invalid({"a number of more than 64 bits"});
        const uint64_t value = number(width);
        const int spare = 64 - 8 * width;
        add(Kind::integer, width == 0 ? 0 : static_cast<int64_t>(value << spare) >> spare);
        return;
      }
      case 'G': take(8); add(Kind::real); return;
      case 'X':
      case 'T': {
        const auto text = take(number(4));
        add(Kind::text, 0, text);
        return;
      }
      case 'U': {
        const auto text = take(number(1));
        add(Kind::text, 0, text);
        return;
      }
      case 'c': return global();
      case ')': add(Kind::tuple); return;
      case 0x85: return tuple(pop_many(1));
      case 0x86: return tuple(pop_many(2));
      case 0x87: return tuple(pop_many(3));
      case 't': return tuple(pop_marked());
      case ']': add(Kind::list); return;
      case 'a': return extend(Kind::list, pop_many(1));
      case 'e': return extend(Kind::list, pop_marked());
      case '}': add(Kind::dict); return;
      case 's': return extend(Kind::dict, pop_many(2));
      case 'u': return extend(Kind::dict, pop_marked());
      case 'q': return put(number(1));
      case 'r': return put(number(4));
      case 'h': return get(number(1));
      case 'j': return get(number(4));
      case 'R': return reduce();
      case 'Q': {  // BINPERSID
        const uint32_t id = pop();
        if (error_) return;
        if (made_.values[id].kind != Kind::tuple) return invalid({"a storage without description"});
        add(Kind::storage).items.push_back(id);
        return;
      }
      case 'b': {  // BUILD: attributes, such as the _metadata of a state dict, which hold no weights
        pop();
        const uint32_t object = top();
        if (error_) return;
        const Kind kind = made_.values[object].kind;
        if (kind != Kind::dict && kind != Kind::tensor) unsafe({"attributes for what is no state dict"});
        return;
      }
      default: unsafe({"operation ", operation});
    }
  }

  std::string_view bytes_;
  size_t at_ = 0;
  std::optional<Error> error_;
  Pickle made_;
  std::vector<uint32_t> stack_, memo_;
  std::vector<size_t> marks_;
};

}  // namespace

Result<Pickle> read(std::string_view bytes) { return Machine(bytes).run(); }

}  // namespace squeezebert::pickle
