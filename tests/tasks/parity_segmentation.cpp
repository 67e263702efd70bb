// Answers scripts/parity/segmentation.py: a case a line, and a line of its losses.
#include <iostream>

#include "support/segmentation_case.h"

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    glid::Json losses = glid::Json::object();
    for (const auto& [name, values] : glid::segmentation_losses(glid::Json::parse(line, "case")))
      losses.set(name, glid::Json::Array(values.begin(), values.end()));
    std::cout << losses.dump() << std::endl;
  }
}
