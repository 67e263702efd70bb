// Pictures of where queries look, which glid_predict draws of answered batches.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "asked_model.h"
#include "glid/data/image_list.h"
#include "glid/eval/cross_attention.h"

namespace glid {

// `choice` is the number of a query, or top: the one that is surest of a class. Throws UsageError, before there is a model,
// for another choice, a query that the task doesn't ask, and top where it knows no classes. An empty choice is fine.
void require_query(const std::string& choice, const RunConfig& config, const Vocabulary& vocabulary);

class AttentionOutput {
 public:
  // Of a choice that is required above. All must live as long.
  AttentionOutput(const std::string& choice, const AskedModel& asked, const ImageList& images, std::filesystem::path folder);

  // FOLDER/attention/NAME.jpg of each sample; of persons NAME_<number of the sample>.jpg. Throws UsageError for a query that
  // isn't asked, of several tasks that share theirs.
  void add(const AnsweredBatch& answered);

 private:
  int64_t query_of(const AnsweredBatch& answered, int64_t b) const;
  std::filesystem::path file_of(const BatchImage& image) const;

  std::optional<int64_t> query_;  // none: the surest
  int64_t num_classes_ = 0;
  const ImageList& images_;
  std::filesystem::path folder_;
  CrossAttention attention_;
};

}  // namespace glid
