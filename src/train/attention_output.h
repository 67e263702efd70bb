// Pictures of where queries look, which glid_predict draws of answered batches.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "asked_model.h"
#include "glid/core/json.h"
#include "glid/data/image_list.h"
#include "glid/eval/cross_attention.h"

namespace glid {

// `choice` is the number of a query, or top: the one that is surest of a class. Throws UsageError, before there is a model,
// for another choice, a task without a query decoder, a query that it doesn't ask, and top where it knows no classes. An
// empty choice is fine.
void require_query(const std::string& choice, const RunConfig& config, const Vocabulary& vocabulary);

class AttentionOutput {
 public:
  // Of a choice that is required above. All must live as long.
  AttentionOutput(const std::string& choice, const AskedModel& asked, const ImageList& images, std::filesystem::path folder);

  // FOLDER/attention/NAME.jpg of each sample; of persons, which come image by image, NAME_<number of the box in the image,
  // from 0>.jpg. What is drawn, of each sample: picture, query and, where queries know classes, category, category_id and
  // score. Throws UsageError for a query that isn't asked, of several tasks that share theirs.
  std::vector<Json> add(const AnsweredBatch& answered);

 private:
  ClassOfQuery query_of(const AnsweredBatch& answered, int64_t b) const;
  std::string file_of(const BatchImage& image);
  std::string title_of(const ClassOfQuery& asked) const;
  Json record_of(const ClassOfQuery& asked) const;

  std::optional<int64_t> query_;            // none: the surest
  std::optional<HeadSpec> head_;            // of the classes of queries; none: they know none
  std::vector<Vocabulary::Class> classes_;  // of queries; none: they know none
  std::vector<std::string> names_;          // of queries, from 0
  const ImageList& images_;
  std::filesystem::path folder_;
  CrossAttention attention_;
  int64_t image_ = -1, person_ = 0;  // of the next person: the image of the last one, and how many it has had
};

}  // namespace glid
