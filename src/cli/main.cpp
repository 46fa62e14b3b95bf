// squeezebert: the library on the command line.
//   squeezebert classify --model <folder> [--all] ["text" ...]   texts, or a line of standard input each
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "../formats/folder.h"
#include "../tasks/text_classification.h"
#include "../tokenizer/utf.h"

namespace {

using namespace squeezebert;

constexpr const char* kUsage =
    "usage: squeezebert classify --model <folder> [--all] [\"text\" ...]\n"
    "  Prints label, score and text of each text, tab-separated; without texts, of each line of standard input.\n"
    "  --model <folder>  config.json, model.safetensors and vocab.txt or tokenizer.json\n"
    "  --all             every label with its score, the highest first\n";

int fail(const Error& error) {
  std::fprintf(stderr, "squeezebert: %s\n", error.message().c_str());
  return 1;
}

int misuse(const std::string& what) {
  std::fprintf(stderr, "squeezebert: %s\n%s", what.c_str(), kUsage);
  return 2;
}

class Classify {
 public:
  static Result<Classify> load(const std::string& folder, bool all) {
    Folder files(folder);
    SQUEEZEBERT_TRY_ASSIGN(tokenizer, Tokenizer::load(files));
    SQUEEZEBERT_TRY_ASSIGN(model, Model::load(files));
    SQUEEZEBERT_TRY_ASSIGN(classifier, TextClassifier::create(*tokenizer, *model));
    return Classify(std::move(tokenizer), std::move(model), classifier, all);
  }

  Result<void> print(const std::string& text) {
    const auto utf16 = to_utf16(text);
    if (!utf16) return Error{ErrorCode::INVALID_ARGUMENT, "a text is not UTF-8"};
    const TextInput input{*utf16, std::nullopt};
    ClassifyOptions options;
    options.top_k = all_ ? 0 : 1;
    SQUEEZEBERT_TRY_ASSIGN(results, classifier_.classify({&input, 1}, options));
    for (const LabelScore& entry : results[0].scores)
      std::printf("%s\t%.4f\t", model_->config().id2label[static_cast<size_t>(entry.label)].c_str(), entry.score);
    std::printf("%s%s\n", results[0].truncated ? "(cut) " : "", text.c_str());
    return {};
  }

 private:
  Classify(std::unique_ptr<Tokenizer> tokenizer, std::unique_ptr<Model> model, TextClassifier classifier, bool all)
      : tokenizer_(std::move(tokenizer)), model_(std::move(model)), classifier_(classifier), all_(all) {}

  std::unique_ptr<Tokenizer> tokenizer_;
  std::unique_ptr<Model> model_;
  TextClassifier classifier_;
  bool all_;
};

int classify(const std::vector<std::string>& arguments) {
  std::string folder;
  bool all = false, only_texts = false;
  std::vector<std::string> texts;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (only_texts || !argument.starts_with("--")) {
      texts.push_back(argument);
    } else if (argument == "--") {
      only_texts = true;
    } else if (argument == "--all") {
      all = true;
    } else if (argument == "--model" && i + 1 < arguments.size()) {
      folder = arguments[++i];
    } else {
      return misuse("unknown or incomplete option '" + argument + "'");
    }
  }
  if (folder.empty()) return misuse("--model <folder> is missing");
  auto command = Classify::load(folder, all);
  if (!command) return fail(command.error());
  if (!texts.empty()) {
    for (const std::string& text : texts)
      if (const auto done = command->print(text); !done) return fail(done.error());
    return 0;
  }
  for (std::string line; std::getline(std::cin, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (const auto done = command->print(line); !done) return fail(done.error());
  }
  return 0;
}

}  // namespace

int main(int count, char** values) {
  const std::vector<std::string> arguments(values + 1, values + count);
  if (arguments.empty()) return misuse("no command");
  if (arguments[0] == "--help" || arguments[0] == "help") {
    std::fputs(kUsage, stdout);
    return 0;
  }
  if (arguments[0] == "classify") return classify({arguments.begin() + 1, arguments.end()});
  return misuse("unknown command '" + arguments[0] + "'");
}
