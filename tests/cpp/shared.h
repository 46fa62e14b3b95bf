// Where the reference data lies: beside the checkout. Tests that need it say so and skip where it is absent.
#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace squeezebert {

inline std::filesystem::path shared_folder() { return std::filesystem::path(SQUEEZEBERT_SOURCE_DIR) / ".." / "shared"; }

inline nlohmann::json read_json(const std::filesystem::path& path) {
  std::ifstream file(path);
  return nlohmann::json::parse(file);
}

}  // namespace squeezebert

#define SQUEEZEBERT_NEEDS_SHARED(path)                                                    \
  if (!std::filesystem::exists(squeezebert::shared_folder() / (path)))                    \
  GTEST_SKIP() << "skipped: ../shared/" << (path) << " is not there"
