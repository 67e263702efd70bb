// Where the decoder's queries look (paper Fig. 4).
#pragma once

#include <map>
#include <vector>

#include "glid/model/decoder.h"
#include "glid/nn/attention_watch.h"
#include "glid/tasks/task.h"
#include "glid/viz/attention_picture.h"

namespace glid {

// Watches a decoder while it lives, in the thread that made it: of each level the last layer that looks at it. Of a batch
// that asks several lists of queries, the first.
class CrossAttention {
 public:
  explicit CrossAttention(const Decoder& decoder);

  // How many queries the batch that was answered last asked of each picture.
  int64_t num_queries() const;
  // By what query q of picture b of that batch weighs the cells of the levels, coarse to fine; hidden ones by 0.
  std::vector<AttentionMap> maps(const AnsweredBatch& answered, int64_t b, int64_t q) const;
  // Before the next batch.
  void forget();

 private:
  void see(const MultiheadAttention& attention, const Attended& attended);

  std::map<const MultiheadAttention*, int64_t> level_of_;
  std::vector<Attended> levels_;
  int64_t num_seen_ = 0;
  AttentionWatch watch_;
};

// What a query says of its class: index and score.
struct ClassOfQuery {
  int64_t query = 0, category = 0;
  double score = 0;
};

// Of the query that is surest of a class, or of query q. `head`, of classes, tells by its outputs [L, B, Q, outputs]; those
// beyond `num_classes` mean none. Scores are those of predictions, as the head's logits say.
ClassOfQuery surest_query(const Answer& answer, const HeadSpec& head, int64_t b, int64_t num_classes);
ClassOfQuery class_of_query(const Answer& answer, const HeadSpec& head, int64_t b, int64_t q, int64_t num_classes);

// What a picture's network sees of it: its units on the host, put together.
Image picture_of_units(const Batch& batch, int64_t b);

}  // namespace glid
