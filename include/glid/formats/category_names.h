// Categories of one name: nothing forbids them, but who reads a table must know which is which.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace glid {

struct CategoryName {
  int64_t id = 0;
  std::string name;
};

// Puts the id behind every name that several have: "cat (id 3)". Categories without a name keep none.
void tell_apart(std::vector<CategoryName>& categories);

// Of names that tell_apart() may have changed: what each of those is that several had, "cat has the ids 3, 7".
std::vector<std::string> repeated_names(const std::vector<CategoryName>& categories);

}  // namespace glid
