#include "formats/json.h"

#include <gtest/gtest.h>

#include <cmath>

namespace squeezebert {
namespace {

json::Value good(std::string_view text) {
  auto value = json::parse(text);
  EXPECT_TRUE(value.ok()) << text;
  return value.ok() ? std::move(value).value() : json::Value();
}

std::string text_of(std::string_view text) { return std::string(good(text).string().value_or("(no text)")); }

TEST(Json, ReadsEveryKind) {
  EXPECT_TRUE(good("null").is_null());
  EXPECT_EQ(good("true").boolean(), true);
  EXPECT_EQ(good(" false\r\n\t").boolean(), false);
  EXPECT_EQ(good("\"a\"").string(), "a");
  EXPECT_TRUE(good("[]").is_array());
  EXPECT_TRUE(good("{}").is_object());
  const auto list = good("[1, [2], {\"a\": 3}]");
  ASSERT_EQ(list.items().size(), 3u);
  EXPECT_EQ(list.items()[1].items()[0].integer(), 2);
  EXPECT_EQ(list.items()[2].find("a")->integer(), 3);
}

TEST(Json, AnswersOnlyForItsOwnKind) {
  const auto number = good("1"), text = good("\"1\""), null = good("null");
  EXPECT_EQ(number.string(), std::nullopt);
  EXPECT_EQ(number.boolean(), std::nullopt);
  EXPECT_EQ(text.integer(), std::nullopt);
  EXPECT_EQ(text.number(), std::nullopt);
  EXPECT_EQ(null.boolean(), std::nullopt);
  EXPECT_TRUE(null.items().empty());
  EXPECT_TRUE(number.members().empty());
  EXPECT_EQ(text.find("a"), nullptr);
}

TEST(Json, TellsWholeNumbersFromFractions) {
  EXPECT_EQ(good("8").integer(), 8);
  EXPECT_EQ(good("8").unsigned_integer(), 8u);
  EXPECT_EQ(good("8").number(), 8.0);
  for (const char* text : {"8.0", "8e0", "8E+0", "80e-1"}) {
    EXPECT_EQ(good(text).integer(), std::nullopt) << text;
    EXPECT_EQ(good(text).unsigned_integer(), std::nullopt) << text;
    EXPECT_EQ(good(text).number(), 8.0) << text;
  }
  EXPECT_EQ(good("-8").integer(), -8);
  EXPECT_EQ(good("-8").unsigned_integer(), std::nullopt);
  EXPECT_EQ(good("-0").integer(), 0);
  EXPECT_EQ(good("-0").unsigned_integer(), std::nullopt);
  EXPECT_TRUE(std::signbit(*good("-0.0").number()));
}

TEST(Json, ReadsNumbersToTheEndsOfTheirRange) {
  EXPECT_EQ(good("9223372036854775807").integer(), INT64_MAX);
  EXPECT_EQ(good("9223372036854775808").integer(), std::nullopt);
  EXPECT_EQ(good("9223372036854775808").unsigned_integer(), uint64_t{1} << 63);
  EXPECT_EQ(good("18446744073709551615").unsigned_integer(), UINT64_MAX);
  EXPECT_EQ(good("-9223372036854775808").integer(), INT64_MIN);
  // Further ones do not wrap round: they are no whole numbers any more.
  for (const char* text : {"18446744073709551616", "-9223372036854775809", "99999999999999999999999999"}) {
    EXPECT_EQ(good(text).integer(), std::nullopt) << text;
    EXPECT_EQ(good(text).unsigned_integer(), std::nullopt) << text;
    EXPECT_TRUE(good(text).number().has_value()) << text;
  }
  EXPECT_EQ(good("18446744073709551616").number(), std::ldexp(1.0, 64));
  EXPECT_EQ(good("1e-12").number(), 1e-12);
  EXPECT_EQ(good("1E+30").number(), 1e30);
  EXPECT_EQ(good("1e-400").number(), 0.0);
}

TEST(Json, ReadsEscapes) {
  EXPECT_EQ(text_of(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(text_of(R"("\u0041\u00e4\u20AC")"), "A\u00e4\u20ac");
  EXPECT_EQ(text_of(R"("\ud83d\ude00")"), "\U0001F600");
  EXPECT_EQ(text_of(R"("a\u0000b")"), std::string("a\0b", 3));
  EXPECT_EQ(text_of("\"\u00e4\u20ac\U0001F600\U0010FFFF\""), "\u00e4\u20ac\U0001F600\U0010FFFF");
}

TEST(Json, RefusesEscapesThatAreNone) {
  for (const char* text : {
           R"("\x41")",
           R"("\'")",
           R"("\u12")",
           R"("\u12g4")",
           R"("\U00000041")",
           R"("\)",
           R"("\ud83d")",        // half of a pair
           R"("\ude00")",        // the other half
           R"("\ude00\ud83d")",  // in the wrong order
           R"("\ud83d\u0041")",
           R"("\ud83dx")",
           R"("\ud83d\ud83d")",
       }) {
    const auto value = json::parse(text);
    ASSERT_FALSE(value.ok()) << text;
    EXPECT_EQ(value.error().code(), ErrorCode::JSON_SYNTAX) << text;
  }
}

TEST(Json, RefusesWhatIsNotUtf8) {
  for (const char* bytes : {
           "\x80",   // a continuation alone
           "\xc3",   // cut short
           "\xc3(",  // not continued
           "\xe2\x82",
           "\xf0\x9f\x98",
           "\xc0\xaf",
           "\xc1\x81",
           "\xe0\x80\xaf",
           "\xf0\x80\x80\xaf",  // overlong
           "\xed\xa0\x80",
           "\xed\xbf\xbf",      // surrogates
           "\xf4\x90\x80\x80",  // past U+10FFFF
           "\xf5\x80\x80\x80",
           "\xff",
           "\xfe",
       }) {
    for (const std::string& text :
         {"\"" + std::string(bytes) + "\"", "{\"" + std::string(bytes) + "\":1}", std::string(bytes)}) {
      const auto value = json::parse(text);
      ASSERT_FALSE(value.ok()) << testing::PrintToString(text);
      EXPECT_EQ(value.error().code(), ErrorCode::JSON_SYNTAX);
    }
  }
}

TEST(Json, RefusesWhatIsNotJson) {
  using namespace std::string_literals;
  for (const std::string& text : {
           ""s,
           " "s,
           "\n"s,
           "nul"s,
           "True"s,
           "NaN"s,
           "Infinity"s,
           "-"s,
           "+1"s,
           "01"s,
           "-01"s,
           ".5"s,
           "5."s,
           "1e"s,
           "1e+"s,
           "0x10"s,
           "1e400"s,  // more than a double holds
           "\"a"s,
           "'a'"s,
           "\"a\nb\""s,
           "\"a\tb\""s,
           "[1,]"s,
           "[,1]"s,
           "[1 2]"s,
           "["s,
           "]"s,
           "[1"s,
           "{"s,
           "}"s,
           "{\"a\"}"s,
           "{\"a\":}"s,
           "{\"a\":1,}"s,
           "{a:1}"s,
           "{1:1}"s,
           "{\"a\" 1}"s,
           "{,}"s,
           "1 2"s,
           "{} x"s,
           "[]]"s,
           "//\n1"s,
           "/**/1"s,
           "#\n1"s,
           "\xEF\xBB\xBF{}"s,  // byte order mark
           "{}\0"s,
           "{}\0garbage"s,
           "\0"s,
           "[1\0]"s,
           "\"a\0b\""s,  // NUL ends nothing
       }) {
    const auto value = json::parse(text);
    ASSERT_FALSE(value.ok()) << testing::PrintToString(text);
    EXPECT_EQ(value.error().code(), ErrorCode::JSON_SYNTAX);
    EXPECT_NE(value.error().detail().find("byte"), std::string::npos) << "says where: " << value.error().detail();
  }
}

TEST(Json, SaysWhereTheMistakeIs) {
  const auto value = json::parse(R"({"a": [1, 2, oops]})");
  ASSERT_FALSE(value.ok());
  EXPECT_EQ(value.error().detail(), "at byte 14");  // counted from 1: the 'o'
}

TEST(Json, KeepsRepeatedNamesAndFindsTheLast) {
  const auto value = good(R"({"a": 1, "b": 2, "a": 3, "": 4})");
  ASSERT_EQ(value.members().size(), 4u);
  EXPECT_EQ(value.members()[0].name, "a");
  EXPECT_EQ(value.members()[2].name, "a");
  EXPECT_EQ(value.find("a")->integer(), 3);
  EXPECT_EQ(value.find("")->integer(), 4);
  EXPECT_EQ(value.find("c"), nullptr);
}

TEST(Json, LimitsDepth) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(json::parse(nested(64)).ok());
  EXPECT_TRUE(json::parse(nested(3), 3).ok());
  // Siblings are not deeper than one.
  EXPECT_TRUE(json::parse("[[],[],{},{},[{}]]", 3).ok());
  for (const std::string& text : {nested(65), nested(100'000), std::string(100'000, '['), std::string(65, '{')}) {
    const auto value = json::parse(text);
    ASSERT_FALSE(value.ok());
    // An object needs a name before the next brace: that is a mistake before it is too deep.
    EXPECT_EQ(value.error().code(), text[0] == '{' ? ErrorCode::JSON_SYNTAX : ErrorCode::JSON_TOO_DEEP);
  }
  const auto value = json::parse(nested(4), 3);
  ASSERT_FALSE(value.ok());
  EXPECT_EQ(value.error().code(), ErrorCode::JSON_TOO_DEEP);
}

TEST(Json, LimitsTheNumberOfValues) {
  std::string text = "[";
  for (int i = 0; i < 2'000'000; ++i) text += "0,";
  const auto value = json::parse(text + "0]");
  ASSERT_FALSE(value.ok());
  EXPECT_EQ(value.error().code(), ErrorCode::OUT_OF_MEMORY);
}

TEST(Json, OutlivesItsText) {
  json::Value value;
  {
    std::string text = R"({"a name longer than a short string's buffer": "and so is this text, by some letters"})";
    value = good(text);
    std::fill(text.begin(), text.end(), 'x');
  }
  EXPECT_EQ(value.find("a name longer than a short string's buffer")->string(), "and so is this text, by some letters");
}

}  // namespace
}  // namespace squeezebert
