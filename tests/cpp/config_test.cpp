#include "model/config.h"

#include <gtest/gtest.h>

namespace squeezebert {
namespace {

std::string message(std::string_view text) {
  const auto parsed = parse_config(text);
  return parsed ? "good" : parsed.error().message();
}

TEST(Config, DefaultsAreThePublishedModels) {
  const auto squeezebert = parse_config(R"({"model_type":"squeezebert"})");
  ASSERT_TRUE(squeezebert.ok());
  EXPECT_EQ(squeezebert->vocab_size, 30522);
  EXPECT_EQ(squeezebert->hidden_size, 768);
  EXPECT_EQ(squeezebert->layers, 12);
  EXPECT_EQ(squeezebert->heads, 12);
  EXPECT_EQ(squeezebert->intermediate_size, 3072);
  EXPECT_EQ(squeezebert->groups.query, 4);
  EXPECT_EQ(squeezebert->groups.post_attention, 1);
  EXPECT_EQ(squeezebert->head, Head::none);
  EXPECT_EQ(squeezebert->id2label, (std::vector<std::string>{"LABEL_0", "LABEL_1"}));
  const auto distilbert = parse_config(R"({"model_type":"distilbert"})");
  ASSERT_TRUE(distilbert.ok());
  EXPECT_EQ(distilbert->layers, 6);
  EXPECT_EQ(distilbert->type_vocab_size, 0);
  const auto roberta = parse_config(R"({"model_type":"roberta","max_position_embeddings":514})");
  ASSERT_TRUE(roberta.ok());
  EXPECT_EQ(roberta->pad_token_id, 1);
  EXPECT_EQ(roberta->usable_length(), 512);
}

TEST(Config, EpsilonWhereEachFamilyUsesIt) {
  const auto squeezebert = parse_config(R"({"model_type":"squeezebert","layer_norm_eps":0.05})");
  EXPECT_FLOAT_EQ(squeezebert->embedding_norm_eps, 0.05f);
  EXPECT_FLOAT_EQ(squeezebert->layer_norm_eps, 1e-12f);
  const auto bert = parse_config(R"({"model_type":"bert","layer_norm_eps":0.05})");
  EXPECT_FLOAT_EQ(bert->layer_norm_eps, 0.05f);
}

TEST(Config, Labels) {
  const auto counted = parse_config(R"({"model_type":"bert","num_labels":3})");
  EXPECT_EQ(counted->id2label, (std::vector<std::string>{"LABEL_0", "LABEL_1", "LABEL_2"}));
  const auto named = parse_config(R"({"model_type":"bert","id2label":{"1":"b","0":"a"}})");
  EXPECT_EQ(named->id2label, (std::vector<std::string>{"a", "b"}));
  for (const char* labels : {R"({"0":"a","2":"b"})", R"({"0":"a","x":"b"})", R"({"0":5})", R"({"-1":"a"})", R"({"0":"a","00":"b"})",
                             R"({"99999999999999999999":"a"})", R"(["a"])"})
    EXPECT_NE(message(std::string(R"({"model_type":"bert","id2label":)") + labels + "}").find("id2label"), std::string::npos)
        << labels;
}

TEST(Config, Heads) {
  EXPECT_EQ(parse_config(R"({"model_type":"bert","architectures":["BertForTokenClassification"]})")->head,
            Head::token_classification);
  EXPECT_EQ(head_of_architecture("SqueezeBertForSequenceClassification"), Head::sequence_classification);
  EXPECT_EQ(head_of_architecture("RobertaForMaskedLM"), Head::masked_lm);
  EXPECT_EQ(head_of_architecture("BertForMultipleChoice"), Head::multiple_choice);
  EXPECT_EQ(head_of_architecture("DistilBertForQuestionAnswering"), Head::question_answering);
  EXPECT_EQ(head_of_architecture("BertModel"), Head::none);
}

TEST(Config, UnknownFieldsAreIgnored) {
  EXPECT_EQ(message(R"({"model_type":"bert","transformers_version":"4","use_cache":true,"x":[{}]})"), "good");
}

TEST(Config, NonsenseIsNamed) {
  const struct {
    const char* field;
    const char* json;
  } cases[] = {
      {"hidden_size", R"("hidden_size":0)"},
      {"hidden_size", R"("hidden_size":-768)"},
      {"hidden_size", R"("hidden_size":1e9)"},
      {"hidden_size", R"("hidden_size":2000000000)"},
      {"hidden_size", R"("hidden_size":"768")"},
      {"hidden_size", R"("hidden_size":768.5)"},
      {"vocab_size", R"("vocab_size":99999999999)"},
      {"num_hidden_layers", R"("num_hidden_layers":0)"},
      {"heads", R"("num_attention_heads":7)"},
      {"num_attention_heads", R"("num_attention_heads":0)"},
      {"max_position_embeddings", R"("max_position_embeddings":0)"},
      {"hidden_act", R"("hidden_act":"tanh")"},
      {"layer_norm_eps", R"("layer_norm_eps":-1)"},
      {"layer_norm_eps", R"("layer_norm_eps":"small")"},
      {"q_groups", R"("q_groups":5)"},
      {"q_groups", R"("q_groups":0)"},
      {"output_groups", R"("output_groups":-4)"},
      {"intermediate_groups", R"("intermediate_groups":9)"},
      {"embedding_size", R"("embedding_size":128)"},
      {"num_labels", R"("num_labels":0)"},
      {"position_embedding_type", R"("position_embedding_type":"relative_key")"},
      {"pad_token_id", R"("pad_token_id":-1)"},
  };
  for (const auto& [field, json] : cases) {
    const std::string text = message(std::string(R"({"model_type":"squeezebert",)") + json + "}");
    EXPECT_EQ(text.find("CONFIG_INVALID"), 0u) << json << " " << text;
    EXPECT_NE(text.find(field), std::string::npos) << json << " " << text;
  }
}

TEST(Config, OtherFamilies) {
  EXPECT_EQ(message(R"({"model_type":"gpt2"})").find("MODEL_TYPE_UNSUPPORTED"), 0u);
  EXPECT_EQ(message("{}").find("MODEL_TYPE_UNSUPPORTED"), 0u);
  EXPECT_EQ(message(R"({"model_type":5})").find("MODEL_TYPE_UNSUPPORTED"), 0u);
  EXPECT_EQ(message("[]").find("CONFIG_INVALID"), 0u);
  EXPECT_EQ(message("").find("JSON_SYNTAX"), 0u);
}

}  // namespace
}  // namespace squeezebert
