#include "formats/byte_source.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "formats/folder.h"

namespace squeezebert {
namespace {

std::string read(ByteSource& source, uint64_t offset, size_t size) {
  std::string text(size, '?');
  const auto done = source.read(offset, std::as_writable_bytes(std::span(text)));
  return done.ok() ? text : std::string(error_name(done.error().code()));
}

void reads_like_hello(ByteSource& source) {
  EXPECT_EQ(source.size(), 5u);
  EXPECT_EQ(read(source, 0, 5), "hello");
  EXPECT_EQ(read(source, 3, 2), "lo");
  EXPECT_EQ(read(source, 1, 1), "e");
  EXPECT_EQ(read(source, 5, 0), "");
  EXPECT_EQ(read(source, 0, 6), "FILE_TRUNCATED");
  EXPECT_EQ(read(source, 5, 1), "FILE_TRUNCATED");
  EXPECT_EQ(read(source, 6, 0), "FILE_TRUNCATED");
  // offset + size wraps round to a place inside.
  EXPECT_EQ(read(source, UINT64_MAX, 2), "FILE_TRUNCATED");
  EXPECT_EQ(read(source, UINT64_MAX - 1, 5), "FILE_TRUNCATED");
  EXPECT_EQ(read(source, 0, 5), "hello") << "an error changes nothing";
}

// A folder for one test, removed with it.
class FolderTest : public testing::Test {
 protected:
  FolderTest() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::temp_directory_path() / ("squeezebert-" + std::string(test->name()));
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~FolderTest() override { std::filesystem::remove_all(path_); }
  void write(const char* name, std::string_view text) { std::ofstream(path_ / name, std::ios::binary) << text; }

  std::filesystem::path path_;
};

TEST(BufferSource, ReadsWhatLiesInside) {
  BufferSource source("hello");
  reads_like_hello(source);
}

TEST(BufferSource, MayBeEmpty) {
  BufferSource source("");
  EXPECT_EQ(source.size(), 0u);
  EXPECT_EQ(read(source, 0, 0), "");
  EXPECT_EQ(read(source, 0, 1), "FILE_TRUNCATED");
}

TEST(ReadText, GivesTheWholeFile) {
  BufferSource source(std::string_view("a\0b\n", 4)), empty("");
  EXPECT_EQ(*read_text(source), std::string("a\0b\n", 4));
  EXPECT_EQ(*read_text(empty), "");
}

TEST(ReadText, RefusesAFileOverTheLimit) {
  BufferSource source("hello");
  EXPECT_TRUE(read_text(source, 5).ok());
  const auto text = read_text(source, 4);
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.error().code(), ErrorCode::FILE_READ);
}

// A file that says it is enormous must not be allocated before it is looked at.
TEST(ReadText, RefusesAnEnormousFileBeforeAllocating) {
  class Enormous final : public ByteSource {
   public:
    uint64_t size() const override { return UINT64_MAX; }
    Result<void> read(uint64_t, std::span<std::byte>) override {
      ADD_FAILURE() << "was read";
      return {};
    }
  } source;
  const auto text = read_text(source);
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.error().code(), ErrorCode::FILE_READ);
}

TEST_F(FolderTest, ReadsWhatLiesInside) {
  write("greeting", "hello");
  auto source = open_file(path_ / "greeting");
  ASSERT_TRUE(source.ok());
  reads_like_hello(**source);
}

TEST_F(FolderTest, NamesTheFileThatIsNotThere) {
  Folder folder(path_);
  EXPECT_FALSE(folder.has("config.json"));
  const auto source = folder.open("config.json");
  ASSERT_FALSE(source.ok());
  EXPECT_EQ(source.error().code(), ErrorCode::FILE_NOT_FOUND);
  EXPECT_NE(source.error().detail().find("config.json"), std::string::npos);
}

TEST_F(FolderTest, TakesAFolderForNoFile) {
  std::filesystem::create_directory(path_ / "config.json");
  Folder folder(path_);
  EXPECT_FALSE(folder.has("config.json"));
  const auto source = folder.open("config.json");
  ASSERT_FALSE(source.ok());
  EXPECT_EQ(source.error().code(), ErrorCode::FILE_NOT_FOUND);
}

// Somebody cuts the file while it is open: what is gone cannot be read, and nothing else happens.
TEST_F(FolderTest, SeesThatAFileHasBecomeShorter) {
  write("model.safetensors", std::string(100'000, 'x'));
  auto source = Folder(path_).open("model.safetensors");
  ASSERT_TRUE(source.ok());
  std::filesystem::resize_file(path_ / "model.safetensors", 10);
  EXPECT_EQ((*source)->size(), 100'000u);
  EXPECT_EQ(read(**source, 0, 100'000), "FILE_READ");
  EXPECT_EQ(read(**source, 50'000, 1), "FILE_READ");
}

}  // namespace
}  // namespace squeezebert
