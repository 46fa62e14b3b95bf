#include "formats/file_set.h"

#include <gtest/gtest.h>

namespace squeezebert {
namespace {

TEST(MemoryFiles, OpensWhatWasAdded) {
  MemoryFiles files;
  files.add("config.json", "{}");
  files.add("model.safetensors", std::vector<std::byte>(3));
  EXPECT_TRUE(files.has("config.json"));
  EXPECT_TRUE(files.has("model.safetensors"));
  EXPECT_FALSE(files.has("config"));
  EXPECT_FALSE(files.has(""));
  auto config = files.open("config.json");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(*read_text(**config), "{}");
  EXPECT_EQ((*files.open("model.safetensors"))->size(), 3u);
}

TEST(MemoryFiles, NamesTheFileThatIsNotThere) {
  MemoryFiles files;
  const auto source = files.open("vocab.txt");
  ASSERT_FALSE(source.ok());
  EXPECT_EQ(source.error().code(), ErrorCode::FILE_NOT_FOUND);
  EXPECT_EQ(source.error().detail(), "vocab.txt");
}

TEST(MemoryFiles, TakesTheLaterOfTwo) {
  MemoryFiles files;
  files.add("vocab.txt", "old");
  files.add("vocab.txt", "");
  EXPECT_EQ(*read_text(**files.open("vocab.txt")), "");
}

// What was opened stays readable when the set is gone.
TEST(MemoryFiles, LendsNothing) {
  std::unique_ptr<ByteSource> source;
  {
    MemoryFiles files;
    files.add("a", "text that is long enough to lie on the heap of every library");
    source = files.open("a").value();
  }
  EXPECT_EQ(*read_text(*source), "text that is long enough to lie on the heap of every library");
}

}  // namespace
}  // namespace squeezebert
