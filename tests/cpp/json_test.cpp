#include "formats/json.h"

#include <gtest/gtest.h>

namespace squeezebert::json {
namespace {

std::string code(std::string_view text, int depth = 64) {
  const auto parsed = parse(text, depth);
  return parsed ? "good" : std::string(error_name(parsed.error().code));
}

TEST(Json, ReadsWhatIsJson) {
  const auto parsed = parse(R"( {"a": [1, -2, 3.5, 1e2, true, null], "b": "\u00e9\n\"\ud83d\ude00", "c": {}} )");
  ASSERT_TRUE(parsed.ok());
  const Value& root = *parsed;
  const auto& items = root.find("a")->items();
  ASSERT_EQ(items.size(), 6u);
  EXPECT_EQ(items[0].integer(), 1);
  EXPECT_EQ(items[0].unsigned_integer(), 1u);
  EXPECT_EQ(items[1].integer(), -2);
  EXPECT_EQ(items[1].unsigned_integer(), std::nullopt);
  EXPECT_EQ(items[2].number(), 3.5);
  EXPECT_EQ(items[2].integer(), std::nullopt);
  EXPECT_EQ(items[3].number(), 100.0);
  EXPECT_EQ(items[4].boolean(), true);
  EXPECT_TRUE(items[5].is_null());
  EXPECT_EQ(root.find("b")->string(), "\u00e9\n\"\U0001f600");
  EXPECT_TRUE(root.find("c")->is_object());
  EXPECT_EQ(root.find("d"), nullptr);
}

TEST(Json, WholeNumbersAndOthers) {
  const auto value = [](std::string_view text) { return *parse(text); };
  EXPECT_EQ(value("8.0").integer(), std::nullopt);
  EXPECT_EQ(value("18446744073709551615").unsigned_integer(), UINT64_MAX);
  EXPECT_EQ(value("18446744073709551615").integer(), std::nullopt);
  EXPECT_EQ(value("18446744073709551616").unsigned_integer(), std::nullopt);
  EXPECT_EQ(value("-9223372036854775808").integer(), INT64_MIN);
  EXPECT_EQ(value("\"8\"").integer(), std::nullopt);
  EXPECT_EQ(value("true").number(), std::nullopt);
}

TEST(Json, RepeatedNamesAreKeptAndTheLastCounts) {
  const auto parsed = parse(R"({"a":1,"b":2,"a":3})");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->members().size(), 3u);
  EXPECT_EQ(parsed->find("a")->integer(), 3);
}

TEST(Json, RefusesWhatIsNot) {
  for (const char* text : {"", " ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "'a'", "[1 2]", "01", "1.", ".5", "+1", "NaN", "Infinity",
                           "nul", "\"\\x\"", "\"\\ud800\"", "\"\\udc00x\"", "\"a\nb\"", "\"open", "{} {}", "// no\n{}"})
    EXPECT_EQ(code(text), "JSON_SYNTAX") << text;
  EXPECT_EQ(code("\"\xff\""), "JSON_SYNTAX");
  EXPECT_EQ(code(std::string_view("{}\0hidden", 9)), "JSON_SYNTAX");
  EXPECT_EQ(code("\xef\xbb\xbf{}"), "JSON_SYNTAX");
  EXPECT_EQ(code("\"\xc0\xaf\""), "JSON_SYNTAX");          // overlong
  EXPECT_EQ(code("\"\xed\xa0\x80\""), "JSON_SYNTAX");      // a surrogate as UTF-8
}

TEST(Json, DepthIsLimited) {
  EXPECT_EQ(code("[[[1]]]", 3), "good");
  EXPECT_EQ(code("[[[[1]]]]", 3), "JSON_TOO_DEEP");
  EXPECT_EQ(code(std::string(1'000'000, '[')), "JSON_TOO_DEEP");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_EQ(code(objects), "JSON_TOO_DEEP");
}

}  // namespace
}  // namespace squeezebert::json
