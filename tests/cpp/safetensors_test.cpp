// The rules of the safetensors format, one small file each.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "formats/float16.h"
#include "formats/safetensors.h"

namespace squeezebert {
namespace {

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}

// Eight bytes of length, the header, `data` bytes of zeros.
std::vector<std::byte> file_of(std::string_view header, size_t data, uint64_t length) {
  std::vector<std::byte> file(8);
  std::memcpy(file.data(), &length, 8);
  const auto text = bytes_of(header);
  file.insert(file.end(), text.begin(), text.end());
  file.resize(file.size() + data);
  return file;
}
std::vector<std::byte> file_of(std::string_view header, size_t data) { return file_of(header, data, header.size()); }

std::string code_of(std::vector<std::byte> file) {
  const auto opened = Safetensors::open(std::make_unique<BufferSource>(std::move(file)));
  return opened ? "good" : std::string(error_name(opened.error().code));
}

struct Case {
  const char* what;
  std::string header;
  size_t data;
  const char* expected;
};

std::string entry(const char* name, const char* dtype, const char* shape, const char* offsets) {
  return std::string("\"") + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}
std::string file(const std::string& entries) { return "{" + entries + "}"; }

const Case kCases[] = {
    // what is allowed
    {"no tensors at all", "{}", 0, "good"},
    {"one tensor", file(entry("a", "F32", "[2,2]", "[0,16]")), 16, "good"},
    {"a scalar", file(entry("a", "F32", "[]", "[0,4]")), 4, "good"},
    {"a tensor without elements", file(entry("a", "F32", "[0,3]", "[0,0]")), 0, "good"},
    {"one without elements between two others",
     file(entry("a", "F32", "[1]", "[0,4]") + "," + entry("b", "F32", "[0]", "[4,4]") + "," + entry("c", "F32", "[1]", "[4,8]")), 8,
     "good"},
    {"tensors in another order than their data",
     file(entry("b", "F32", "[1]", "[4,8]") + "," + entry("a", "F32", "[1]", "[0,4]")), 8, "good"},
    {"metadata", R"({"__metadata__":{"format":"pt"}})", 0, "good"},
    {"spaces after the header", "{}      ", 0, "good"},
    {"an unknown field in a tensor", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1}})", 4, "good"},
    {"types that nobody computes with", file(entry("ids", "I64", "[2]", "[0,16]")), 16, "good"},
    {"every byte a type", file(entry("a", "F8_E4M3", "[3]", "[0,3]")), 3, "good"},
    // the header as text
    {"an empty header", "", 0, "SAFETENSORS_HEADER_SYNTAX"},
    {"not JSON", "hello", 0, "SAFETENSORS_HEADER_SYNTAX"},
    {"a list", "[]", 0, "SAFETENSORS_HEADER_SYNTAX"},
    {"a number", "5", 0, "SAFETENSORS_HEADER_SYNTAX"},
    {"half an object", R"({"a":{)", 0, "SAFETENSORS_HEADER_SYNTAX"},
    {"not UTF-8", "{\"\xff\xfe\":1}", 0, "SAFETENSORS_HEADER_SYNTAX"},
    {"text after the object", "{} x", 0, "SAFETENSORS_HEADER_SYNTAX"},
    {"two objects", "{}{}", 0, "SAFETENSORS_HEADER_SYNTAX"},
    {"zeros after the header", std::string("{}\0\0", 4), 0, "SAFETENSORS_HEADER_SYNTAX"},
    {"a comma too many", file(entry("a", "F32", "[1]", "[0,4]") + ","), 4, "SAFETENSORS_HEADER_SYNTAX"},
    {"thousands of brackets, to exhaust a recursive reader", "{\"a\":" + std::string(100'000, '['), 0, "JSON_TOO_DEEP"},
    // metadata
    {"metadata that is a list", R"({"__metadata__":[]})", 0, "SAFETENSORS_METADATA"},
    {"metadata with a number", R"({"__metadata__":{"a":1}})", 0, "SAFETENSORS_METADATA"},
    {"metadata with an object", R"({"__metadata__":{"a":{}}})", 0, "SAFETENSORS_METADATA"},
    {"metadata twice", R"({"__metadata__":{},"__metadata__":{}})", 0, "SAFETENSORS_NAME"},
    // names
    {"an empty name", file(entry("", "F32", "[1]", "[0,4]")), 4, "SAFETENSORS_NAME"},
    {"a name twice, which readers would resolve differently",
     file(entry("a", "F32", "[1]", "[0,4]") + "," + entry("a", "F32", "[1]", "[4,8]")), 8, "SAFETENSORS_NAME"},
    // the fields of a tensor
    {"a tensor that is a number", R"({"a":1})", 0, "SAFETENSORS_TENSOR_INFO"},
    {"no type", R"({"a":{"shape":[1],"data_offsets":[0,4]}})", 4, "SAFETENSORS_TENSOR_INFO"},
    {"no shape", R"({"a":{"dtype":"F32","data_offsets":[0,4]}})", 4, "SAFETENSORS_TENSOR_INFO"},
    {"no offsets", R"({"a":{"dtype":"F32","shape":[1]}})", 4, "SAFETENSORS_TENSOR_INFO"},
    {"an unknown type", file(entry("a", "F31", "[1]", "[0,4]")), 4, "SAFETENSORS_TENSOR_INFO"},
    {"a type in small letters", file(entry("a", "f32", "[1]", "[0,4]")), 4, "SAFETENSORS_TENSOR_INFO"},
    {"a shape that is a number", file(entry("a", "F32", "1", "[0,4]")), 4, "SAFETENSORS_TENSOR_INFO"},
    {"a negative dimension", file(entry("a", "F32", "[-1]", "[0,4]")), 4, "SAFETENSORS_TENSOR_INFO"},
    {"a fractional dimension", file(entry("a", "F32", "[1.5]", "[0,4]")), 4, "SAFETENSORS_TENSOR_INFO"},
    {"a dimension as text", file(entry("a", "F32", "[\"1\"]", "[0,4]")), 4, "SAFETENSORS_TENSOR_INFO"},
    {"one offset", file(entry("a", "F32", "[1]", "[4]")), 4, "SAFETENSORS_TENSOR_INFO"},
    {"three offsets", file(entry("a", "F32", "[1]", "[0,4,8]")), 4, "SAFETENSORS_TENSOR_INFO"},
    {"a negative offset", file(entry("a", "F32", "[1]", "[-4,0]")), 4, "SAFETENSORS_TENSOR_INFO"},
    {"a fractional offset", file(entry("a", "F32", "[1]", "[0,4.0]")), 4, "SAFETENSORS_TENSOR_INFO"},
    {"an offset beyond 64 bits", file(entry("a", "F32", "[1]", "[0,99999999999999999999]")), 4, "SAFETENSORS_TENSOR_INFO"},
    // sizes
    {"fewer bytes than the shape needs", file(entry("a", "F32", "[2]", "[0,4]")), 4, "SAFETENSORS_TENSOR_SIZE"},
    {"more bytes than the shape needs", file(entry("a", "F32", "[1]", "[0,8]")), 8, "SAFETENSORS_TENSOR_SIZE"},
    {"a shape whose product overflows to what fits: 2^32 x 2^32",
     file(entry("a", "F32", "[4294967296,4294967296]", "[0,0]")), 0, "SAFETENSORS_TENSOR_SIZE"},
    {"a shape whose bytes overflow: 2^62 of four", file(entry("a", "F32", "[4611686018427387904]", "[0,0]")), 0,
     "SAFETENSORS_TENSOR_SIZE"},
    // places
    {"ends before it begins", file(entry("a", "F32", "[1]", "[8,4]")), 8, "SAFETENSORS_OFFSETS"},
    {"data that does not begin at 0", file(entry("a", "F32", "[1]", "[4,8]")), 8, "SAFETENSORS_OFFSETS"},
    {"a hole, in which anything could hide",
     file(entry("a", "F32", "[1]", "[0,4]") + "," + entry("b", "F32", "[1]", "[8,12]")), 12, "SAFETENSORS_OFFSETS"},
    {"an overlap, two tensors from one place",
     file(entry("a", "F32", "[2]", "[0,8]") + "," + entry("b", "F32", "[1]", "[4,8]")), 8, "SAFETENSORS_OFFSETS"},
    {"the same place twice", file(entry("a", "F32", "[1]", "[0,4]") + "," + entry("b", "F32", "[1]", "[0,4]")), 4,
     "SAFETENSORS_OFFSETS"},
    {"data past the end of the file", file(entry("a", "F32", "[4]", "[0,16]")), 12, "SAFETENSORS_FILE_SIZE"},
    {"a file that claims a terabyte", file(entry("a", "F32", "[250000000000]", "[0,1000000000000]")), 4, "SAFETENSORS_FILE_SIZE"},
    {"bytes after the last tensor", file(entry("a", "F32", "[1]", "[0,4]")), 5, "SAFETENSORS_FILE_SIZE"},
    {"bytes and no tensor", "{}", 1, "SAFETENSORS_FILE_SIZE"},
};

TEST(Safetensors, EveryRuleOfTheFormat) {
  EXPECT_GE(std::size(kCases), 40u);
  for (const Case& item : kCases) EXPECT_EQ(code_of(file_of(item.header, item.data)), item.expected) << item.what;
}

TEST(Safetensors, TheLengthOfTheHeader) {
  EXPECT_EQ(code_of({}), "SAFETENSORS_HEADER_TOO_SMALL");
  EXPECT_EQ(code_of(std::vector<std::byte>(7)), "SAFETENSORS_HEADER_TOO_SMALL");
  EXPECT_EQ(code_of(std::vector<std::byte>(8)), "SAFETENSORS_HEADER_SYNTAX");
  EXPECT_EQ(code_of(file_of("{}", 0, 3)), "SAFETENSORS_HEADER_LENGTH");
  EXPECT_EQ(code_of(file_of("{}", 0, 100'000'000)), "SAFETENSORS_HEADER_LENGTH");
  // Nothing of that size is allocated: the checks come first.
  EXPECT_EQ(code_of(file_of("{}", 0, 100'000'001)), "SAFETENSORS_HEADER_TOO_LARGE");
  EXPECT_EQ(code_of(file_of("{}", 0, UINT64_MAX)), "SAFETENSORS_HEADER_TOO_LARGE");
  EXPECT_EQ(code_of(file_of("{}", 0, UINT64_MAX - 7)), "SAFETENSORS_HEADER_TOO_LARGE");
}

TEST(Safetensors, EveryCutOfAFileIsAnError) {
  const auto whole = file_of(file(entry("a", "F32", "[2]", "[0,8]") + "," + entry("b", "BF16", "[3]", "[8,14]")), 14);
  EXPECT_EQ(code_of(whole), "good");
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(code_of({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}), "good") << size;
}

TEST(Safetensors, EveryChangedByteIsReadOrRefused) {
  const auto whole = file_of(file(entry("a", "F32", "[2]", "[0,8]") + "," + entry("b", "BF16", "[3]", "[8,14]")), 14);
  for (size_t at = 0; at < whole.size(); ++at)
    for (const int value : {0, 0x22, 0x2d, 0x39, 0x5b, 0x7b, 0x80, 0xff}) {
      auto changed = whole;
      changed[at] = static_cast<std::byte>(value);
      EXPECT_FALSE(code_of(changed).empty());  // under the sanitizers: no crash, no overrun
    }
}

TEST(Safetensors, ReadsItsTypes) {
  auto bytes = file_of(file(entry("a", "F32", "[2]", "[0,8]") + "," + entry("b", "F16", "[3]", "[8,14]") + "," +
                            entry("c", "BF16", "[2]", "[14,18]") + "," + entry("d", "F64", "[1]", "[18,26]") + "," +
                            entry("e", "I64", "[1]", "[26,34]")),
                       34);
  std::byte* data = bytes.data() + bytes.size() - 34;
  const float a[] = {1.5f, -0.0f};
  const uint16_t b[] = {0x3c00, 0x0001, 0xfc00}, c[] = {0x3fc0, 0x7fc0};
  const double d[] = {-2.25};
  std::memcpy(data, a, 8);
  std::memcpy(data + 8, b, 6);
  std::memcpy(data + 14, c, 4);
  std::memcpy(data + 18, d, 8);
  const auto opened = Safetensors::open(std::make_unique<BufferSource>(std::move(bytes)));
  ASSERT_TRUE(opened.ok());
  Safetensors& file = *opened.value();
  ASSERT_EQ(file.tensors().size(), 5u);
  const auto read = [&file](const char* name, uint64_t first, size_t count) {
    std::vector<float> out(count);
    EXPECT_TRUE(file.read_f32(*file.find(name), first, out).ok());
    return out;
  };
  EXPECT_EQ(read("a", 0, 2), (std::vector<float>{1.5f, -0.0f}));
  EXPECT_TRUE(std::signbit(read("a", 1, 1)[0]));
  EXPECT_EQ(read("b", 0, 3), (std::vector<float>{1.0f, std::ldexp(1.0f, -24), -INFINITY}));
  EXPECT_EQ(read("b", 1, 1), (std::vector<float>{std::ldexp(1.0f, -24)}));
  EXPECT_EQ(read("c", 0, 1), (std::vector<float>{1.5f}));
  EXPECT_TRUE(std::isnan(read("c", 1, 1)[0]));
  EXPECT_EQ(read("d", 0, 1), (std::vector<float>{-2.25f}));
  std::vector<float> out(1);
  const auto integers = file.read_f32(*file.find("e"), 0, out);
  ASSERT_FALSE(integers.ok());
  EXPECT_EQ(integers.error().code, ErrorCode::TENSOR_DTYPE);
  EXPECT_EQ(file.find("f"), nullptr);
}

// A medium that breaks after some bytes.
class BrokenSource final : public ByteSource {
 public:
  BrokenSource(std::vector<std::byte> bytes, uint64_t good) : buffer_(std::move(bytes)), good_(good) {}
  uint64_t size() const override { return buffer_.size(); }
  Result<void> read(uint64_t offset, std::span<std::byte> target) override {
    if (offset + target.size() > good_) return Error{ErrorCode::FILE_READ, "broken"};
    return buffer_.read(offset, target);
  }

 private:
  BufferSource buffer_;
  uint64_t good_;
};

TEST(Safetensors, AMediumThatFails) {
  const auto whole = file_of(file(entry("a", "F32", "[1]", "[0,4]")), 4);
  for (uint64_t good = 0; good < whole.size() - 4; ++good) {
    const auto opened = Safetensors::open(std::make_unique<BrokenSource>(whole, good));
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, ErrorCode::FILE_READ);
  }
  const auto opened = Safetensors::open(std::make_unique<BrokenSource>(whole, whole.size() - 1));
  ASSERT_TRUE(opened.ok());
  std::vector<float> out(1);
  EXPECT_FALSE(opened.value()->read_f32(opened.value()->tensors()[0], 0, out).ok());
}

TEST(Float16, AllValuesThereAndBack) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = float_from_float16(static_cast<uint16_t>(bits));
    // The definition: sign, exponent, fraction.
    const int exponent = static_cast<int>(bits >> 10 & 0x1f), fraction = static_cast<int>(bits & 0x3ff);
    if (exponent == 0x1f) {
      EXPECT_EQ(std::isnan(value), fraction != 0);
      EXPECT_EQ(std::isinf(value), fraction == 0);
      if (fraction != 0) continue;
    } else {
      const double expected = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
      ASSERT_EQ(value, (bits & 0x8000 ? -1 : 1) * expected) << bits;
    }
    ASSERT_EQ(float16_from_float(value), bits);
  }
  EXPECT_EQ(float16_from_float(65519.996f), 0x7bff);
  EXPECT_EQ(float16_from_float(65520.0f), 0x7c00);
  EXPECT_EQ(float16_from_float(1.0f + std::ldexp(1.0f, -11)), 0x3c00);      // half way: to even
  EXPECT_EQ(float16_from_float(1.0f + 3 * std::ldexp(1.0f, -11)), 0x3c02);
  EXPECT_EQ(float16_from_float(std::ldexp(1.0f, -26)), 0);
}

}  // namespace
}  // namespace squeezebert
