#include "glid/eval/answer.h"

#include <ATen/ATen.h>

namespace glid {
namespace {

at::Tensor in_float(const at::Tensor& x) { return at::isReducedFloatingType(x.scalar_type()) ? x.to(at::kFloat) : x; }

}  // namespace

std::vector<Answer> answer(const Glid& model, const Question& question, Precision precision, WeightCopies* copies) {
  const AutocastGuard autocast(precision, question.units.device().type());
  const WeightCopies::Region lent(copies, question.units.device().type());
  std::vector<Answer> answers = model.forward(question.units, question.view, question.queries);
  for (Answer& a : answers) {
    for (auto& [head, values] : a.heads) values = in_float(values);
    if (a.features.cells.defined()) a.features.cells = in_float(a.features.cells);
  }
  return answers;
}

}  // namespace glid
