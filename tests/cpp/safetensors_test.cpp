// Every rule of the format's specification and every way round it, each a file of a few bytes with its exact error.
#include "formats/safetensors.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <optional>

#include "checkpoint.h"

namespace squeezebert {
namespace {

using enum ErrorCode;

struct Attack {
  std::string name;
  std::string file;
  std::optional<ErrorCode> error;  // none: the file is good
  std::string detail = {};         // what the error must say
};

void PrintTo(const Attack& attack, std::ostream* out) { *out << attack.name; }

class Attacks : public testing::TestWithParam<Attack> {};

TEST_P(Attacks, EndWithTheirError) {
  const Attack& attack = GetParam();
  const auto opened = Safetensors::open(std::make_unique<BufferSource>(attack.file));
  if (!attack.error) {
    EXPECT_TRUE(opened.ok()) << opened.error().message();
    return;
  }
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(error_name(opened.error().code()), error_name(*attack.error)) << opened.error().message();
  EXPECT_NE(opened.error().detail().find(attack.detail), std::string::npos) << opened.error().message();
}

// An entry of a header. The parts are JSON text, so that they can be wrong.
std::string entry(std::string_view name, std::string_view dtype, std::string_view shape, std::string_view offsets) {
  return "\"" + std::string(name) + "\":{\"dtype\":" + std::string(dtype) + ",\"shape\":" + std::string(shape) +
         ",\"data_offsets\":" + std::string(offsets) + "}";
}

// One float32 tensor 'a' in a file with four bytes for it.
Attack one(std::string name, std::string_view dtype, std::string_view shape, std::string_view offsets,
           std::optional<ErrorCode> error) {
  return {std::move(name), safetensors_file("{" + entry("a", dtype, shape, offsets) + "}", 4), error,
          error ? "'a'" : ""};
}

const std::string kF32 = "\"F32\"";
const std::string kGood = entry("a", kF32, "[1]", "[0,4]");

std::string repeat(std::string_view text, size_t count) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all += text;
  return all;
}

std::vector<Attack> length_attacks() {
  return {
      {"FileWithoutBytes", "", SAFETENSORS_HEADER_TOO_SMALL},
      {"FileOfSevenBytes", std::string(7, '\0'), SAFETENSORS_HEADER_TOO_SMALL},
      // Eight bytes are a length; a header of no bytes is no JSON.
      {"HeaderOfNoBytes", with_length(0, ""), SAFETENSORS_HEADER_SYNTAX},
      {"HeaderOfNoBytesBeforeData", with_length(0, "{}"), SAFETENSORS_HEADER_SYNTAX},
      // A length that would have the reader allocate as much as the attacker likes.
      {"HeaderOneByteOverTheLimit", with_length(100'000'001, "{}"), SAFETENSORS_HEADER_TOO_LARGE},
      {"HeaderLengthAllOnes", with_length(UINT64_MAX, "{}"), SAFETENSORS_HEADER_TOO_LARGE},
      // 8 + length would be 0 after wrapping round.
      {"HeaderLengthThatWrapsToTheStart", with_length(UINT64_MAX - 7, "{}"), SAFETENSORS_HEADER_TOO_LARGE},
      {"HeaderAtTheLimitInASmallFile", with_length(100'000'000, "{}"), SAFETENSORS_HEADER_LENGTH},
      {"HeaderOneBytePastTheEnd", with_length(3, "{}"), SAFETENSORS_HEADER_LENGTH},
      {"HeaderAlone", safetensors_file("{}"), {}},
  };
}

std::vector<Attack> syntax_attacks() {
  std::vector<Attack> all = {
      {"SpacesAfterTheHeader", safetensors_file("{" + kGood + "}      ", 4), {}},
      // The specification wants the brace first, its own reader takes blanks before it, and so do we.
      {"SpaceBeforeTheHeader", safetensors_file(" {" + kGood + "}", 4), {}},
      {"HeaderCutShort", safetensors_file("{" + kGood, 4), SAFETENSORS_HEADER_SYNTAX},
      {"TextAfterTheHeader", safetensors_file("{" + kGood + "} x", 4), SAFETENSORS_HEADER_SYNTAX},
      {"TwoHeaders", safetensors_file("{" + kGood + "}{}", 4), SAFETENSORS_HEADER_SYNTAX},
      // A parser that takes a NUL for the end of the text would not see what follows it.
      {"NulAfterTheHeader", safetensors_file("{" + kGood + "}" + std::string(1, '\0'), 4), SAFETENSORS_HEADER_SYNTAX},
      {"NulThenAnotherHeader", safetensors_file("{" + kGood + "}" + std::string(1, '\0') + "{\"b\":0}", 4),
       SAFETENSORS_HEADER_SYNTAX},
      {"ByteOrderMark", safetensors_file("\xEF\xBB\xBF{" + kGood + "}", 4), SAFETENSORS_HEADER_SYNTAX},
      {"Comment", safetensors_file("{/**/" + kGood + "}", 4), SAFETENSORS_HEADER_SYNTAX},
      {"CommaAtTheEnd", safetensors_file("{" + kGood + ",}", 4), SAFETENSORS_HEADER_SYNTAX},
      {"NameThatIsNotUtf8", safetensors_file("{" + entry("\xff", kF32, "[1]", "[0,4]") + "}", 4),
       SAFETENSORS_HEADER_SYNTAX},
      // Overlong and surrogate forms are not UTF-8: two spellings of one name.
      {"NameInOverlongUtf8", safetensors_file("{" + entry("\xc1\xa1", kF32, "[1]", "[0,4]") + "}", 4),
       SAFETENSORS_HEADER_SYNTAX},
      {"NameWithAnEncodedSurrogate", safetensors_file("{" + entry("\xed\xa0\x80", kF32, "[1]", "[0,4]") + "}", 4),
       SAFETENSORS_HEADER_SYNTAX},
      {"NameWithALoneSurrogate", safetensors_file("{" + entry("\\ud800", kF32, "[1]", "[0,4]") + "}", 4),
       SAFETENSORS_HEADER_SYNTAX},
      {"DeepNesting", safetensors_file("{\"a\":" + repeat("[", 1000) + repeat("]", 1000) + "}"), JSON_TOO_DEEP},
  };
  for (const auto& [name, header] : std::vector<std::pair<std::string, std::string>>{
           {"Number", "1"}, {"Text", "\"a\""}, {"Null", "null"}, {"Array", "[]"}, {"Html", "<!DOCTYPE html>"}}) {
    all.push_back({"HeaderIs" + name, safetensors_file(header), SAFETENSORS_HEADER_SYNTAX});
  }
  return all;
}

std::vector<Attack> entry_attacks() {
  std::vector<Attack> all = {
      {"OneTensor", safetensors_file("{" + kGood + "}", 4), {}},
      {"EmptyName", safetensors_file("{" + entry("", kF32, "[1]", "[0,4]") + "}", 4), SAFETENSORS_NAME},
      // Two readers could each take the other one for the tensor.
      {"NameTwice", safetensors_file("{" + kGood + "," + entry("a", kF32, "[1]", "[4,8]") + "}", 8), SAFETENSORS_NAME,
       "'a'"},
      {"NameTwiceAtTheSamePlace",
       safetensors_file("{" + entry("a", kF32, "[0]", "[0,0]") + "," + entry("a", kF32, "[0]", "[0,0]") + "}"),
       SAFETENSORS_NAME, "'a'"},
      {"NameTwiceOnceEscaped", safetensors_file("{" + kGood + "," + entry("\\u0061", kF32, "[1]", "[4,8]") + "}", 8),
       SAFETENSORS_NAME, "'a'"},
      {"FieldTwice", safetensors_file(R"({"a":{"dtype":"I32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4),
       SAFETENSORS_TENSOR_INFO, "'a'"},
      {"ShapeTwice", safetensors_file(R"({"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}})", 4),
       SAFETENSORS_TENSOR_INFO, "'a'"},
      {"WithoutDtype", safetensors_file(R"({"a":{"shape":[1],"data_offsets":[0,4]}})", 4), SAFETENSORS_TENSOR_INFO,
       "'a'"},
      {"WithoutShape", safetensors_file(R"({"a":{"dtype":"F32","data_offsets":[0,4]}})", 4), SAFETENSORS_TENSOR_INFO,
       "'a'"},
      {"WithoutOffsets", safetensors_file(R"({"a":{"dtype":"F32","shape":[1]}})", 4), SAFETENSORS_TENSOR_INFO, "'a'"},
      {"WithoutFields", safetensors_file(R"({"a":{}})"), SAFETENSORS_TENSOR_INFO, "'a'"},
      // The format's own reader passes over fields that it does not know, and so later versions may add some.
      {"AnotherField",
       safetensors_file(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"note":{"x":[1]}}})", 4),
       {}},
      one("DtypeIsANumber", "4", "[1]", "[0,4]", SAFETENSORS_TENSOR_INFO),
      one("DtypeIsNull", "null", "[1]", "[0,4]", SAFETENSORS_TENSOR_INFO),
      one("DtypeIsUnknown", "\"F128\"", "[1]", "[0,4]", SAFETENSORS_TENSOR_INFO),
      one("DtypeIsEmpty", "\"\"", "[1]", "[0,4]", SAFETENSORS_TENSOR_INFO),
      one("DtypeInLowerCase", "\"f32\"", "[1]", "[0,4]", SAFETENSORS_TENSOR_INFO),
      one("DtypeWithANul", "\"F32\\u0000\"", "[1]", "[0,4]", SAFETENSORS_TENSOR_INFO),
  };
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{{"Null", "null"},
                                                                                    {"ANumber", "1"},
                                                                                    {"Text", "\"F32\""},
                                                                                    {"AnArray", "[\"F32\",[1],[0,4]]"},
                                                                                    {"True", "true"}}) {
    all.push_back({"EntryIs" + name, safetensors_file("{\"a\":" + value + "}", 4), SAFETENSORS_TENSOR_INFO, "'a'"});
  }
  for (const auto& [name, shape] :
       std::vector<std::pair<std::string, std::string>>{{"ANumber", "1"},
                                                        {"AnObject", "{\"0\":1}"},
                                                        {"Nested", "[[1]]"},
                                                        {"OfText", "[\"1\"]"},
                                                        {"OfNull", "[null]"},
                                                        {"OfTrue", "[true]"},
                                                        {"Negative", "[-1]"},
                                                        {"NegativeZero", "[-0]"},
                                                        {"AFraction", "[1.5]"},
                                                        {"AWholeFraction", "[1.0]"},
                                                        {"WithAnExponent", "[1e0]"},
                                                        {"TwoToThe64", "[18446744073709551616]"}}) {
    all.push_back(one("ShapeIs" + name, kF32, shape, "[0,4]", SAFETENSORS_TENSOR_INFO));
  }
  for (const auto& [name, offsets] :
       std::vector<std::pair<std::string, std::string>>{{"ANumber", "4"},
                                                        {"Empty", "[]"},
                                                        {"One", "[4]"},
                                                        {"Three", "[0,4,4]"},
                                                        {"AnObject", "{\"0\":0,\"1\":4}"},
                                                        {"Negative", "[-4,0]"},
                                                        {"AFraction", "[0,4.0]"},
                                                        {"WithAnExponent", "[0,4e0]"},
                                                        {"Text", "[\"0\",\"4\"]"},
                                                        {"Null", "[null,null]"},
                                                        {"TwoToThe64", "[0,18446744073709551616]"}}) {
    all.push_back(one("OffsetsAre" + name, kF32, "[1]", offsets, SAFETENSORS_TENSOR_INFO));
  }
  return all;
}

std::vector<Attack> layout_attacks() {
  const auto two = [](std::string name, std::string_view a, std::string_view b, size_t bytes,
                      std::optional<ErrorCode> error) {
    const auto i8 = [](std::string_view tensor, std::string_view offsets) {
      const size_t comma = offsets.find(',');
      const uint64_t size =
          std::stoull(std::string(offsets.substr(comma + 1))) - std::stoull(std::string(offsets.substr(1)));
      return entry(tensor, "\"I8\"", "[" + std::to_string(size) + "]", offsets);
    };
    return Attack{std::move(name), safetensors_file("{" + i8("a", a) + "," + i8("b", b) + "}", bytes), error};
  };
  return {
      one("EndsBeforeItBegins", kF32, "[1]", "[4,0]", SAFETENSORS_OFFSETS),
      // end - begin wraps round to the right size.
      one("SizeThatWrapsToFour", kF32, "[1]", "[18446744073709551612,0]", SAFETENSORS_OFFSETS),
      one("BeginsAtFour", kF32, "[0]", "[4,4]", SAFETENSORS_OFFSETS),
      one("BeginsNearTheLargestNumber", "\"U8\"", "[3]", "[18446744073709551612,18446744073709551615]",
          SAFETENSORS_OFFSETS),
      two("TwoInARow", "[0,2]", "[2,4]", 4, {}),
      two("TwoInTheOtherOrder", "[2,4]", "[0,2]", 4, {}),
      // Bytes that no tensor owns could carry anything.
      two("Hole", "[0,1]", "[2,4]", 4, SAFETENSORS_OFFSETS),
      two("Overlap", "[0,3]", "[2,4]", 4, SAFETENSORS_OFFSETS),
      two("TheSameBytesTwice", "[0,4]", "[0,4]", 4, SAFETENSORS_OFFSETS),
      two("OneInsideTheOther", "[0,4]", "[1,3]", 4, SAFETENSORS_OFFSETS),
      two("EmptyOneAtTheStart", "[0,0]", "[0,4]", 4, {}),
      two("EmptyOneBetween", "[0,4]", "[4,4]", 4, {}),
      two("EmptyOneInsideTheOther", "[0,4]", "[2,2]", 4, SAFETENSORS_OFFSETS),
      two("EmptyOnePastTheEnd", "[0,4]", "[5,5]", 4, SAFETENSORS_OFFSETS),
      two("PastTheEndOfTheFile", "[0,4]", "[4,9]", 8, SAFETENSORS_FILE_SIZE),
      // A terabyte that is not there must not be allocated.
      two("ATerabyteInASmallFile", "[0,4]", "[4,1000000000004]", 8, SAFETENSORS_FILE_SIZE),
      two("BytesAfterTheLast", "[0,2]", "[2,4]", 5, SAFETENSORS_FILE_SIZE),
      {"BytesWithoutATensor", safetensors_file("{}", 1), SAFETENSORS_FILE_SIZE},
      {"NothingWhereATensorShouldBe", safetensors_file("{" + kGood + "}", 0), SAFETENSORS_FILE_SIZE},
      one("Scalar", kF32, "[]", "[0,4]", {}),
      one("LargerThanItsShape", kF32, "[]", "[0,8]", SAFETENSORS_TENSOR_SIZE),
      one("SmallerThanItsShape", kF32, "[2]", "[0,4]", SAFETENSORS_TENSOR_SIZE),
      one("NotAWholeNumberOfElements", kF32, "[1]", "[0,3]", SAFETENSORS_TENSOR_SIZE),
      one("EmptyShapeOfBytes", "\"U8\"", "[0]", "[0,4]", SAFETENSORS_TENSOR_SIZE),
      {"WithoutElements", safetensors_file("{" + entry("a", kF32, "[0,3]", "[0,0]") + "}"), {}},
      // 2^32 * 2^32 elements are 0 in 64 bits, and 2^62 + 1 elements of 4 bytes are 4.
      one("ShapeProductThatWrapsToZero", kF32, "[4294967296,4294967296]", "[0,0]", SAFETENSORS_TENSOR_SIZE),
      one("ShapeProductThatWrapsToOne", "\"U8\"", "[18446744073709551615,18446744073709551615]", "[0,1]",
          SAFETENSORS_TENSOR_SIZE),
      // Counted from left to right: what is zero stays zero, what has overflowed has overflowed.
      {"ZeroThenHuge", safetensors_file("{" + entry("a", kF32, "[0,18446744073709551615,2]", "[0,0]") + "}"), {}},
      one("HugeThenZero", kF32, "[18446744073709551615,2,0]", "[0,0]", SAFETENSORS_TENSOR_SIZE),
      one("BytesThatWrapToFour", kF32, "[4611686018427387905]", "[0,4]", SAFETENSORS_TENSOR_SIZE),
      one("BytesThatWrapToZero", "\"F64\"", "[2305843009213693952]", "[0,0]", SAFETENSORS_TENSOR_SIZE),
      {"AsLargeAsCanBeCounted",
       safetensors_file("{" + entry("a", "\"U8\"", "[18446744073709551615]", "[0,18446744073709551615]") + "}", 4),
       SAFETENSORS_FILE_SIZE},
  };
}

std::vector<Attack> metadata_attacks() {
  const auto metadata = [](std::string name, const std::string& value, std::optional<ErrorCode> error) {
    return Attack{"Metadata" + name, safetensors_file("{\"__metadata__\":" + value + "," + kGood + "}", 4), error};
  };
  return {
      metadata("OfText", R"({"format":"pt","note":"\u00e4 \ud83d\ude00"})", {}),
      metadata("WithoutEntries", "{}", {}),
      metadata("IsNull", "null", {}),
      metadata("IsText", "\"pt\"", SAFETENSORS_METADATA),
      metadata("IsAnArray", "[\"pt\"]", SAFETENSORS_METADATA),
      metadata("IsANumber", "1", SAFETENSORS_METADATA),
      metadata("HasANumber", R"({"format":1})", SAFETENSORS_METADATA),
      metadata("HasNull", R"({"format":null})", SAFETENSORS_METADATA),
      metadata("HasAMap", R"({"format":{"a":"b"}})", SAFETENSORS_METADATA),
      metadata("HasANameTwice", R"({"format":"pt","format":"tf"})", SAFETENSORS_METADATA),
      // A tensor of that name would be hidden from whoever lists tensors.
      metadata("IsATensor", R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})", SAFETENSORS_METADATA),
      metadata("Twice", R"({},"__metadata__":{})", SAFETENSORS_NAME),
  };
}

std::string name_of(const testing::TestParamInfo<Attack>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Length, Attacks, testing::ValuesIn(length_attacks()), name_of);
INSTANTIATE_TEST_SUITE_P(Syntax, Attacks, testing::ValuesIn(syntax_attacks()), name_of);
INSTANTIATE_TEST_SUITE_P(Entry, Attacks, testing::ValuesIn(entry_attacks()), name_of);
INSTANTIATE_TEST_SUITE_P(Layout, Attacks, testing::ValuesIn(layout_attacks()), name_of);
INSTANTIATE_TEST_SUITE_P(Metadata, Attacks, testing::ValuesIn(metadata_attacks()), name_of);

// Two attacks of megabytes, which the lists above would carry along into the start of every test.

std::string outcome(const std::string& file) {
  const auto opened = Safetensors::open(std::make_unique<BufferSource>(file));
  return opened ? "good" : std::string(error_name(opened.error().code()));
}

// A recursive reader would run out of stack before it saw that the text does not end.
TEST(Safetensors, DeepNestingWithoutEnd) {
  EXPECT_EQ(outcome(safetensors_file(repeat("{\"a\":", 200'000))), "JSON_TOO_DEEP");
}

// Two bytes of text become a value of a hundred: a header within the limit could still exhaust the memory.
TEST(Safetensors, TooManyValues) {
  EXPECT_EQ(outcome(safetensors_file("{\"a\":[" + repeat("0,", 2'000'000) + "0]}")), "OUT_OF_MEMORY");
}

TEST(Safetensors, KnowsTheSizeOfEveryType) {
  const std::vector<std::pair<std::string, int>> types = {
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1}, {"I16", 2}, {"U16", 2}, {"F16", 2},
      {"BF16", 2}, {"I32", 4}, {"U32", 4}, {"F32", 4},     {"F64", 8},     {"I64", 8}, {"U64", 8}};
  for (const auto& [type, size] : types) {
    for (int bytes = 0; bytes <= 20; ++bytes) {
      const std::string header = "{" + entry("a", "\"" + type + "\"", "[2]", "[0," + std::to_string(bytes) + "]") + "}";
      const auto opened =
          Safetensors::open(std::make_unique<BufferSource>(safetensors_file(header, static_cast<size_t>(bytes))));
      EXPECT_EQ(opened.ok(), bytes == 2 * size) << type << " " << bytes;
      if (!opened) EXPECT_EQ(opened.error().code(), SAFETENSORS_TENSOR_SIZE) << type << " " << bytes;
    }
  }
}

TEST(Safetensors, ListsTensorsByNameWithShapesAndPlaces) {
  const std::string header = "{" + entry("b", "\"F16\"", "[2,3]", "[4,16]") + "," +
                             entry("empty", kF32, "[0,3]", "[4,4]") + "," + entry("a", kF32, "[]", "[0,4]") + "}";
  const auto opened = Safetensors::open(std::make_unique<BufferSource>(safetensors_file(header, 16)));
  ASSERT_TRUE(opened.ok()) << opened.error().message();
  const auto tensors = (*opened)->tensors();
  ASSERT_EQ(tensors.size(), 3u);
  EXPECT_EQ(tensors[0].name, "a");
  EXPECT_EQ(tensors[0].shape, std::vector<uint64_t>{});
  EXPECT_EQ(tensors[0].elements, 1u);
  EXPECT_EQ(tensors[0].offset, 8 + header.size());
  EXPECT_EQ(tensors[1].name, "b");
  EXPECT_EQ(tensors[1].dtype, DType::f16);
  EXPECT_EQ(tensors[1].shape, (std::vector<uint64_t>{2, 3}));
  EXPECT_EQ(tensors[1].elements, 6u);
  EXPECT_EQ(tensors[1].offset, 8 + header.size() + 4);
  EXPECT_EQ(tensors[2].name, "empty");
  EXPECT_EQ(tensors[2].elements, 0u);
  EXPECT_EQ((*opened)->find("empty"), &tensors[2]);
  EXPECT_EQ((*opened)->find("aa"), nullptr);
  EXPECT_EQ((*opened)->find(""), nullptr);
  EXPECT_EQ((*opened)->find("z"), nullptr);
}

// One tensor of `bits` (each `width` bytes), read as float32 from `first` on.
std::vector<float> read_back(std::string_view dtype, size_t width, const std::vector<uint64_t>& bits,
                             size_t first = 0) {
  StoredTensor tensor{std::string(dtype), {bits.size()}, ""};
  for (const uint64_t value : bits) {
    for (size_t i = 0; i < width; ++i) tensor.bytes += static_cast<char>(value >> (8 * i) & 0xff);
  }
  auto opened = Safetensors::open(std::make_unique<BufferSource>(safetensors_file({{"a", tensor}})));
  EXPECT_TRUE(opened.ok());
  std::vector<float> values(bits.size() - first);
  const auto read = (*opened)->read_f32((*opened)->tensors()[0], first, values);
  EXPECT_TRUE(read.ok());
  return values;
}

TEST(Safetensors, ReadsFloat32BitForBit) {
  const std::vector<uint64_t> bits = {0x3f800000, 0x80000000, 0x00000001, 0x7f7fffff, 0xff800000, 0x7fc12345};
  const auto values = read_back("F32", 4, bits);
  for (size_t i = 0; i < bits.size(); ++i) EXPECT_EQ(std::bit_cast<uint32_t>(values[i]), bits[i]);
  EXPECT_EQ(read_back("F32", 4, bits, 3).front(), std::numeric_limits<float>::max());
}

TEST(Safetensors, WidensFloat16) {
  const auto v = read_back(
      "F16", 2,
      {0x3c00, 0xc000, 0x7bff, 0x0400, 0x03ff, 0x0001, 0x8001, 0x0000, 0x8000, 0x7c00, 0xfc00, 0x7e00, 0x3555});
  EXPECT_EQ(v[0], 1.0f);
  EXPECT_EQ(v[1], -2.0f);
  EXPECT_EQ(v[2], 65504.0f);
  EXPECT_EQ(v[3], std::ldexp(1.0f, -14));     // smallest normal number
  EXPECT_EQ(v[4], std::ldexp(1023.0f, -24));  // largest subnormal one
  EXPECT_EQ(v[5], std::ldexp(1.0f, -24));
  EXPECT_EQ(v[6], -std::ldexp(1.0f, -24));
  EXPECT_TRUE(v[7] == 0 && !std::signbit(v[7]));
  EXPECT_TRUE(v[8] == 0 && std::signbit(v[8]));
  EXPECT_EQ(v[9], INFINITY);
  EXPECT_EQ(v[10], -INFINITY);
  EXPECT_TRUE(std::isnan(v[11]));
  EXPECT_EQ(v[12], 0.333251953125f);
}

TEST(Safetensors, WidensBfloat16) {
  const auto v = read_back("BF16", 2, {0x3f80, 0xc000, 0x0001, 0x8000, 0x7f80, 0xff80, 0x7fc0, 0x7f7f, 0x3eab}, 0);
  EXPECT_EQ(v[0], 1.0f);
  EXPECT_EQ(v[1], -2.0f);
  EXPECT_EQ(v[2], std::ldexp(1.0f, -133));  // smallest subnormal number
  EXPECT_TRUE(v[3] == 0 && std::signbit(v[3]));
  EXPECT_EQ(v[4], INFINITY);
  EXPECT_EQ(v[5], -INFINITY);
  EXPECT_TRUE(std::isnan(v[6]));
  EXPECT_EQ(v[7], std::ldexp(255.0f, 120));  // largest finite number
  EXPECT_EQ(v[8], 0.333984375f);
}

// The half-width values are widened in place; every length and start must keep reader and writer apart.
TEST(Safetensors, WidensStretchesOfAnyLength) {
  std::vector<uint64_t> halves, doubles;
  std::vector<float> expected;
  for (int i = 0; i < 1100; ++i) {  // more than twice the 512 doubles that are read at a time
    const auto value = static_cast<float>(i - 550);
    expected.push_back(value);
    doubles.push_back(std::bit_cast<uint64_t>(double{value}));
    const int magnitude = std::abs(i - 550);
    uint64_t half = i < 550 ? 0x8000 : 0;
    if (magnitude > 0) {
      const int exponent = std::bit_width(static_cast<unsigned>(magnitude)) - 1;
      half |= static_cast<uint64_t>((exponent + 15) << 10 | ((magnitude << (10 - exponent)) & 0x3ff));
    }
    halves.push_back(half);
  }
  for (const size_t first : {0, 1, 2, 588, 1097, 1099, 1100}) {
    const std::vector<float> rest(expected.begin() + static_cast<ptrdiff_t>(first), expected.end());
    EXPECT_EQ(read_back("F16", 2, halves, first), rest) << first;
    EXPECT_EQ(read_back("F64", 8, doubles, first), rest) << first;
  }
}

TEST(Safetensors, RoundsFloat64) {
  const auto v = read_back(
      "F64", 8,
      {std::bit_cast<uint64_t>(0.1), std::bit_cast<uint64_t>(1e-50), std::bit_cast<uint64_t>(-INFINITY * 1.0)});
  EXPECT_EQ(v[0], 0.1f);
  EXPECT_EQ(v[1], 0.0f);
  EXPECT_EQ(v[2], -INFINITY);
}

TEST(Safetensors, RefusesToReadWholeNumbersAsFloats) {
  for (const char* type : {"BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3"}) {
    auto opened = Safetensors::open(std::make_unique<BufferSource>(safetensors_file({{"a", {type, {2}, "xy"}}})));
    ASSERT_TRUE(opened.ok());
    float values[2];
    const auto read = (*opened)->read_f32((*opened)->tensors()[0], 0, values);
    ASSERT_FALSE(read.ok()) << type;
    EXPECT_EQ(read.error().code(), TENSOR_DTYPE);
    EXPECT_NE(read.error().detail().find("'a'"), std::string::npos);
  }
}

// A medium that claims `size` bytes, has those of `bytes`, and fails from its `failing` read on.
class FaultySource final : public ByteSource {
 public:
  FaultySource(std::string bytes, uint64_t size, int failing)
      : bytes_(std::move(bytes)), size_(size), failing_(failing) {}
  uint64_t size() const override { return size_; }
  Result<void> read(uint64_t offset, std::span<std::byte> target) override {
    if (reads_++ >= failing_) return Error{FILE_READ, "the medium is gone"};
    if (offset + target.size() > bytes_.size()) return Error{FILE_TRUNCATED, ""};
    if (!target.empty()) std::memcpy(target.data(), bytes_.data() + offset, target.size());
    return {};
  }

 private:
  std::string bytes_;
  uint64_t size_;
  int failing_, reads_ = 0;
};

TEST(Safetensors, PassesOnThatTheMediumFails) {
  const std::string file = safetensors_file("{" + kGood + "}", 4);
  for (int good_reads = 0; good_reads <= 2; ++good_reads) {
    auto opened = Safetensors::open(std::make_unique<FaultySource>(file, file.size(), good_reads));
    if (good_reads < 2) {  // the length, the header
      ASSERT_FALSE(opened.ok()) << good_reads;
      EXPECT_EQ(opened.error().code(), FILE_READ);
      EXPECT_EQ(opened.error().detail(), "the medium is gone");
      continue;
    }
    ASSERT_TRUE(opened.ok());
    float value;
    const auto read = (*opened)->read_f32((*opened)->tensors()[0], 0, std::span(&value, 1));
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().code(), FILE_READ);
  }
}

TEST(Safetensors, PassesOnThatTheMediumIsShorterThanItSays) {
  const std::string file = safetensors_file("{" + kGood + "}", 4);
  for (size_t has = 0; has < file.size(); ++has) {
    auto opened = Safetensors::open(std::make_unique<FaultySource>(file.substr(0, has), file.size(), 100));
    if (has < file.size() - 4) {
      ASSERT_FALSE(opened.ok()) << has;
      EXPECT_EQ(opened.error().code(), FILE_TRUNCATED) << has;
      continue;
    }
    ASSERT_TRUE(opened.ok()) << has;
    float value;
    const auto read = (*opened)->read_f32((*opened)->tensors()[0], 0, std::span(&value, 1));
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().code(), FILE_TRUNCATED);
  }
}

// A truncated download is an error wherever it was cut.
TEST(Safetensors, RefusesEveryPrefixOfAFile) {
  const std::string file = safetensors_file("{" + kGood + "," + entry("b", "\"F16\"", "[3]", "[4,10]") + "}", 10);
  for (size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(Safetensors::open(std::make_unique<BufferSource>(file.substr(0, size))).ok()) << size;
  }
  EXPECT_TRUE(Safetensors::open(std::make_unique<BufferSource>(file)).ok());
}

// Any one byte changed: an error or a good file, never a crash (what ASan and UBSan see).
TEST(Safetensors, SurvivesEveryChangedByte) {
  const std::string file = safetensors_file("{\"__metadata__\":{\"k\":\"v\"}," + kGood + "}", 4);
  size_t refused = 0, tried = 0;
  for (size_t at = 0; at < file.size(); ++at) {
    for (int value = 0; value < 256; value += 3) {
      std::string changed = file;
      changed[at] = static_cast<char>(value);
      auto opened = Safetensors::open(std::make_unique<BufferSource>(changed));
      ++tried;
      if (!opened) {
        ++refused;
        EXPECT_FALSE(opened.error().message().empty());
        continue;
      }
      for (const auto& tensor : (*opened)->tensors()) {
        std::vector<float> values(tensor.elements);
        (void)(*opened)->read_f32(tensor, 0, values);
      }
    }
  }
  EXPECT_GT(refused, tried / 2);
}

}  // namespace
}  // namespace squeezebert
