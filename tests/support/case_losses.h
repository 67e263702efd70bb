// Cases of the parity scripts: numbers of JSON, and a task's losses by name.
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "glid/core/json.h"
#include "glid/tasks/task.h"

namespace glid {

inline at::Tensor numbers_of(const Json& list, std::vector<int64_t> shape) {
  std::vector<double> numbers;
  for (const Json& number : list.as_array()) numbers.push_back(number.as_double());
  return at::tensor(numbers, at::kDouble).view(shape);
}

inline std::vector<int64_t> int64s_of(const Json& list) {
  std::vector<int64_t> numbers;
  for (const Json& number : list.as_array()) numbers.push_back(number.as_int());
  return numbers;
}

// Of every layer: sum / count; and "total", with the weights.
inline std::map<std::string, std::vector<double>> losses_by_name(const Task& task, std::span<const Answer> answers,
                                                                 const Question& question) {
  const std::map<std::string, double> counts = sums_of(task.counts(question.batch));
  std::map<std::string, std::vector<double>> losses{{"total", {0}}};
  for (const LossTerm& term : task.losses(answers, question).terms) {
    losses[term.name].push_back(term.sum.item<double>() / std::max(1.0, count_of(term, term.count, counts)));
    losses["total"][0] += weight_of(term, counts) * losses[term.name].back();
  }
  return losses;
}

// The main of a program that such a script talks to: a case a line, and a line of losses_of(case) in answer.
template <class LossesOf>
int answer_cases(LossesOf losses_of) {
  for (std::string line; std::getline(std::cin, line);) {
    Json losses = Json::object();
    for (const auto& [name, values] : losses_of(Json::parse(line, "case")))
      losses.set(name, Json::Array(values.begin(), values.end()));
    std::cout << losses.dump() << std::endl;
  }
  return 0;
}

}  // namespace glid
