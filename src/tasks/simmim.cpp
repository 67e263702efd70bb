#include "glid/tasks/simmim.h"

#include <ATen/ATen.h>

namespace glid {

std::vector<PreparedImage> Simmim::prepare(const Sample& sample, const SampleKey& key, const BatchPosition&,
                                           bool training) const {
  PreparedImage prepared = crop(sample, key, training);
  std::vector<int64_t> hidden = hidden_beside(draw_seen(key), grid());
  prepared.arrays["hidden"] = {{std::ssize(hidden)}, std::move(hidden)};
  return {std::move(prepared)};
}

Question Simmim::ask(Batch batch, bool training) const {
  Question question = PixelTask::ask(std::move(batch), training);
  std::vector<at::Tensor> rows;
  for (const HiddenUnitsOfRun& hidden : hidden_units_of(question.batch, question.view.plan)) rows.push_back(hidden.rows);
  question.view.replaced_units = at::cat(rows);
  return question;
}

}  // namespace glid
